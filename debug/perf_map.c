/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The map that `perf report` reads for code without a file (Linux, tools/perf/Documentation/jit-interface.txt): start, size and
 * name in hexadecimal, one line a symbol.
 */
#include "debug/symbols.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct perf_map { int fd; pid_t process; };

static void open_map(struct perf_map *map)
{
    char name[64];
    map->process = getpid();
    snprintf(name, sizeof name, "/tmp/perf-%d.map", (int)map->process);
    map->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

struct perf_map *perf_map_new(void)
{
    struct perf_map *map = malloc(sizeof *map);
    if (map)
        open_map(map);
    return map;
}

void perf_map_add(struct perf_map *map, const void *code, size_t size, guest_addr pc, const char *function, guest_addr function_start)
{
    char line[512];
    if (map->process != getpid())
        open_map(map);                     /* a forked child has a map of its own, without its parent's blocks */
    int length = function ? snprintf(line, sizeof line, "%lx %zx %.400s+0x%llx\n", (unsigned long)(uintptr_t)code, size, function, (unsigned long long)(pc - function_start))
                          : snprintf(line, sizeof line, "%lx %zx guest_0x%llx\n", (unsigned long)(uintptr_t)code, size, (unsigned long long)pc);
    if (map->fd >= 0 && write(map->fd, line, (size_t)length) < 0)
        map->fd = -1;
}
