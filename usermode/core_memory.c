/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which memory goes into a core file: the guest's mappings as the host's /proc/self/smaps describes them, by the rules of
 * core(5)'s coredump_filter and MADV_DONTDUMP (fs/coredump.c, vma_dump_size).
 */
#include "usermode/core_dump.h"

#include "syscalls/guest_memory.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_BYTES 65536

enum filter {                             /* bits of /proc/PID/coredump_filter */
    ANONYMOUS_PRIVATE = 1, ANONYMOUS_SHARED = 2, FILE_PRIVATE = 4, FILE_SHARED = 8, ELF_HEADERS = 16, HUGE_PRIVATE = 32, HUGE_SHARED = 64,
};

bool core_grow(void *area, size_t *capacity, size_t item, size_t wanted)
{
    void *old, *new;
    memcpy(&old, area, sizeof old);
    size_t old_bytes = *capacity * item, bytes = old_bytes ? old_bytes : FIRST_BYTES;
    if (wanted <= *capacity)
        return true;
    while (bytes / item < wanted)
        bytes *= 2;
    new = old ? mremap(old, (old_bytes + CORE_PAGE - 1) & ~(CORE_PAGE - 1), bytes, MREMAP_MAYMOVE)
              : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (new == MAP_FAILED)
        return false;
    memcpy(area, &new, sizeof new);
    *capacity = bytes / item;
    return true;
}

/* -- what the host knows of a mapping ------------------------------------------------------------------------------------ */

struct detail { uint64_t anonymous; bool never, huge, deleted; };

/* VmFlags is the last line of a mapping. */
static void read_detail(struct host_maps *maps, struct detail *detail)
{
    char *line;
    while ((line = host_maps_line(maps))) {
        if (strncmp(line, "Anonymous:", 10) == 0 || strncmp(line, "Swap:", 5) == 0)
            detail->anonymous += strtoull(strchr(line, ':') + 1, NULL, 10);
        if (strncmp(line, "VmFlags:", 8) != 0)
            continue;
        detail->never = strstr(line, " dd") || strstr(line, " io");
        detail->huge = strstr(line, " ht");
        return;
    }
}

static uint64_t starts_with_elf(const struct host_mapping *m)
{
    char magic[SELFMAG];
    bool readable = m->offset == 0 && guest_copy(magic, (const void *)(uintptr_t)m->start, sizeof magic) == 0;
    return readable && memcmp(magic, ELFMAG, SELFMAG) == 0 ? CORE_PAGE : 0;
}

/* How many bytes of [start, end) are dumped. */
static uint64_t dump_size(unsigned filter, const struct host_mapping *m, const struct detail *d, guest_addr start, guest_addr end)
{
    bool file = m->path[0] == '/';
    uint64_t all = end - start;
    if (d->never)
        return 0;
    if (d->huge)
        return filter & (m->shared ? HUGE_SHARED : HUGE_PRIVATE) ? all : 0;
    if (m->shared)
        return filter & (!file || d->deleted ? ANONYMOUS_SHARED : FILE_SHARED) ? all : 0;
    if (d->anonymous && (filter & ANONYMOUS_PRIVATE))
        return all;
    if (!file)
        return 0;
    if (filter & FILE_PRIVATE)
        return all;
    return (filter & ELF_HEADERS) && start == m->start ? starts_with_elf(m) : 0;
}

/* -- the list -------------------------------------------------------------------------------------------------------------- */

static bool keep_name(struct core_memory *memory, struct core_segment *segment, const char *name)
{
    size_t length = strlen(name) + 1;
    if (!core_grow(&memory->names, &memory->names_capacity, 1, memory->names_used + length))
        return false;
    memcpy(memory->names + memory->names_used, name, length);
    segment->name = (uint32_t)memory->names_used;
    segment->name_length = (uint32_t)length;
    memory->names_used += length;
    return true;
}

/* The guest's part of one of the host's mappings. */
static bool add_pieces(const struct process *process, struct core_memory *memory, unsigned filter, const struct host_mapping *m, const struct detail *d)
{
    guest_addr at = m->start;
    struct guest_mapping mapping;
    while (at < m->end && address_space_next(process, at, &mapping) && mapping.start < m->end) {
        guest_addr start = mapping.start < at ? at : mapping.start, end = mapping.end > m->end ? m->end : mapping.end;
        if (!core_grow(&memory->segments, &memory->capacity, sizeof *memory->segments, memory->count + 1))
            return false;
        struct core_segment *segment = &memory->segments[memory->count++];
        *segment = (struct core_segment){ .start = start, .end = end, .protection = mapping.protection, .of_file = m->path[0] == '/' || m->shared,
                                          .file_bytes = dump_size(filter, m, d, start, end), .file_offset = m->offset + (start - m->start) };
        if (m->path[0] == '/' && !keep_name(memory, segment, proc_guest_name(process, m->path)))
            return false;
        at = end;
    }
    return true;
}

bool core_memory_list(const struct process *process, struct core_memory *memory)
{
    struct host_maps maps = { 0 };
    struct host_mapping mapping;
    char filter[16], path[PATH_MAX];
    bool good = true;
    core_read_text("/proc/self/coredump_filter", filter, sizeof filter);
    unsigned bits = (unsigned)strtoul(filter, NULL, 16);
    if (!host_maps_open(&maps, 0, "smaps"))
        return false;
    while (good && host_maps_next(&maps, &mapping)) {
        struct detail detail = { 0 };
        snprintf(path, sizeof path, "%s", mapping.path);   /* the lines that follow take its place */
        mapping.path = path;
        detail.deleted = strstr(path, " (deleted)") != NULL;
        read_detail(&maps, &detail);
        good = add_pieces(process, memory, bits, &mapping, &detail);
    }
    host_maps_close(&maps);
    return good;
}
