/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs the program that its arguments name.
 */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    execv(argc > 1 ? argv[1] : "", argv + 1);
    perror("execv");
    return 9;
}
