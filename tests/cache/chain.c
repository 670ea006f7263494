/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * chain LEVEL [ROOT]: forks and execs itself, a level lower, four times over; the first one goes into ROOT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int level = argc > 1 ? atoi(argv[1]) : 0, status;
    char lower[16];
    if (argc > 2 && (chroot(argv[2]) || chdir("/")))
        return perror("chroot"), 1;
    snprintf(lower, sizeof lower, "%d", level - 1);
    for (int i = 0; level && i < 4; i++) {
        pid_t child = i % 2 ? fork() : vfork();
        if (child == 0) {
            execl(argc > 2 ? "/chain" : argv[0], argc > 2 ? "/chain" : argv[0], lower, NULL);
            _exit(127);
        }
        if (waitpid(child, &status, 0) != child || status)
            return 1;
    }
    if (argc > 2 || level == 2)
        puts("as it should be");
    return 0;
}
