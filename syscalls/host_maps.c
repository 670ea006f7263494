/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads /proc/<pid>/maps and smaps (proc_pid_maps(5)). No allocation, so it works in the child of a vfork.
 */
#include "syscalls/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

bool host_maps_open(struct host_maps *maps, pid_t pid, const char *file)
{
    char name[48];
    if (pid) snprintf(name, sizeof name, "/proc/%d/%s", (int)pid, file);
    else snprintf(name, sizeof name, "/proc/self/%s", file);
    maps->used = maps->at = 0;
    maps->fd = (int)host_call(SYS_openat, AT_FDCWD, (uintptr_t)name, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    return maps->fd >= 0;
}

void host_maps_close(struct host_maps *maps)
{
    host_call(SYS_close, maps->fd, 0, 0, 0, 0, 0);
}

char *host_maps_line(struct host_maps *maps)
{
    for (;;) {
        char *line = maps->buffer + maps->at, *end = memchr(line, '\n', maps->used - maps->at);
        if (end) {
            *end = 0;
            maps->at = end + 1 - maps->buffer;
            return line;
        }
        memmove(maps->buffer, line, maps->used - maps->at);
        maps->used -= maps->at;
        maps->at = 0;
        int64_t got = host_call(SYS_read, maps->fd, (uintptr_t)maps->buffer + maps->used, sizeof maps->buffer - maps->used, 0, 0, 0);
        if (got <= 0) return NULL;
        maps->used += got;
    }
}

/* start-end rwxp offset major:minor inode path */
bool host_mapping_parse(char *line, struct host_mapping *m)
{
    char *at;
    m->start = strtoull(line, &at, 16);
    if (at == line || *at != '-') return false;
    m->end = strtoull(at + 1, &at, 16);
    memcpy(m->protection, at + 1, 3);
    m->shared = at[4] == 's';
    m->offset = strtoull(at + 5, &at, 16);
    m->device_major = (unsigned)strtoul(at, &at, 16);
    m->device_minor = (unsigned)strtoul(at + 1, &at, 16);
    m->inode = strtoull(at, &at, 10);
    m->path = at + strspn(at, " ");
    return true;
}

bool host_maps_next(struct host_maps *maps, struct host_mapping *m)
{
    char *line;
    while ((line = host_maps_line(maps)))
        if (host_mapping_parse(line, m)) return true;
    return false;
}
