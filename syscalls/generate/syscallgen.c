/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The build-time program that turns the descriptions of system calls into tables. Usage:
 *
 *   syscallgen DIRECTORY header|tables|documentation
 *   syscallgen DIRECTORY check ABI kernel|libc
 *
 * DIRECTORY holds the .desc files; the result goes to stdout. A mistake ends it with file:line: message.
 */
#include "syscalls/generate/syscallgen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    fputs("usage: syscallgen DIRECTORY header|tables|documentation\n       syscallgen DIRECTORY check ABI kernel|libc\n", stderr);
    return 2;
}

static int check(const struct descriptions *d, const char *name, const char *group)
{
    for (int abi = 0; abi < d->abi_count; abi++) {
        if (strcmp(d->abis[abi]->name, name) != 0) continue;
        write_check(d, abi, strcmp(group, "libc") == 0 ? HEADER_LIBC : HEADER_KERNEL);
        return 0;
    }
    fprintf(stderr, "syscallgen: no ABI '%s'\n", name);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 3) return usage();
    struct descriptions *d = calloc(1, sizeof *d);
    if (!d) return 1;
    d->directory = argv[1];
    read_abis(d);
    read_constants(d);
    read_structs(d);
    read_ioctls(d);
    read_calls(d);
    read_numbers(d);
    if (strcmp(argv[2], "check") == 0 && argc == 5) return check(d, argv[3], argv[4]);
    if (strcmp(argv[2], "header") == 0) write_header(d);
    else if (strcmp(argv[2], "tables") == 0) write_tables(d);
    else if (strcmp(argv[2], "documentation") == 0) write_documentation(d);
    else return usage();
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
