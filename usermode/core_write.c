/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The core file itself: ELF header, program headers, notes, then the memory, page-aligned and with holes where nothing was ever
 * written (gABI, "Program Header"; core(5)). What lies beyond RLIMIT_CORE is cut off, as by the kernel. A pipe gets zeros for holes.
 */
#include "usermode/core_dump.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES_AT_ONCE 512
#define PAGEMAP_PRESENT (3ull << 62)      /* in memory or swapped out */
#define MOST_SEGMENTS 65000               /* what e_phnum can say; vm.max_map_count is not more */

struct output {
    int fd, pagemap, memory;              /* /proc/self/pagemap and mem */
    uint64_t at, limit;
    bool is_pipe, failed;
    uint64_t piped;                       /* what a pipe has got already */
};

/* -- bytes ----------------------------------------------------------------------------------------------------------------- */

static int64_t write_pipe(struct output *out, const void *bytes, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        int64_t written = host_call(SYS_write, (uint64_t)out->fd, (uintptr_t)bytes + done, size - done, 0, 0, 0);
        if (written <= 0) {
            out->failed = true;
            return written;
        }
        done += (uint64_t)written;
        out->piped += (uint64_t)written;
    }
    return (int64_t)size;
}

/* The hole before what comes next. */
static void fill_pipe(struct output *out, uint64_t end)
{
    static const uint8_t zeros[CORE_PAGE];
    while (out->piped < end && !out->failed)
        write_pipe(out, zeros, end - out->piped < sizeof zeros ? end - out->piped : sizeof zeros);
}

static int64_t write_at(struct output *out, const void *bytes, uint64_t size)
{
    if (out->is_pipe) {
        fill_pipe(out, out->at);
        return out->failed ? -1 : write_pipe(out, bytes, size);
    }
    if (out->at >= out->limit)
        return (int64_t)size;
    uint64_t room = out->limit - out->at;
    int64_t written = host_call(SYS_pwrite64, (uint64_t)out->fd, (uintptr_t)bytes, size < room ? size : room, out->at, 0, 0);
    return written >= 0 && (uint64_t)written == room ? (int64_t)size : written;
}

static void write_all(struct output *out, const uint8_t *bytes, uint64_t size)
{
    while (size && !out->failed) {
        int64_t written = write_at(out, bytes, size);
        if (written <= 0) {
            out->failed = true;
            return;
        }
        bytes += written;
        size -= (uint64_t)written;
        out->at += (uint64_t)written;
    }
}

/* -- headers: both ELF classes and byte orders -------------------------------------------------------------------------------- */

struct header { const struct guest_isa *isa; uint8_t bytes[64]; unsigned used; };

static void field(struct header *header, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        header->bytes[header->used + (header->isa->elf_data == ELFDATA2MSB ? size - 1 - i : i)] = (uint8_t)(value >> (8 * i));
    header->used += size;
}

static void word(struct header *header, uint64_t value)
{
    field(header, value, header->isa->word_bytes);
}

static unsigned file_header_size(const struct guest_isa *isa) { return isa->elf_class == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr); }
static unsigned program_header_size(const struct guest_isa *isa) { return isa->elf_class == ELFCLASS64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr); }

static void write_file_header(struct output *out, const struct guest_isa *isa, size_t count)
{
    struct header h = { .isa = isa, .bytes = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, isa->elf_class, isa->elf_data, EV_CURRENT }, .used = EI_NIDENT };
    field(&h, ET_CORE, 2);
    field(&h, isa->elf_machine, 2);
    field(&h, EV_CURRENT, 4);
    word(&h, 0);
    word(&h, file_header_size(isa));       /* program headers follow */
    word(&h, 0);
    field(&h, 0, 4);
    field(&h, file_header_size(isa), 2);
    field(&h, program_header_size(isa), 2);
    field(&h, count, 2);
    field(&h, 0, 6);
    write_all(out, h.bytes, h.used);
}

struct program_header { uint32_t type, flags; uint64_t offset, address, file_bytes, memory_bytes, align; };

static void write_program_header(struct output *out, const struct guest_isa *isa, const struct program_header *p)
{
    struct header h = { .isa = isa };
    bool wide = isa->elf_class == ELFCLASS64;
    field(&h, p->type, 4);
    if (wide)
        field(&h, p->flags, 4);
    word(&h, p->offset);
    word(&h, p->address);
    word(&h, 0);
    word(&h, p->file_bytes);
    word(&h, p->memory_bytes);
    if (!wide)
        field(&h, p->flags, 4);
    word(&h, p->align);
    write_all(out, h.bytes, h.used);
}

static uint32_t segment_flags(int protection)
{
    return (protection & PROT_READ ? PF_R : 0u) | (protection & PROT_WRITE ? PF_W : 0u) | (protection & PROT_EXEC ? PF_X : 0u);
}

/* -- memory ---------------------------------------------------------------------------------------------------------------------- */

/* A page that cannot be read by its address: without permission, or past the end of its file (a hole then). */
static void write_hidden_page(struct output *out, guest_addr page)
{
    uint8_t bytes[CORE_PAGE];
    if (host_call(SYS_pread64, (uint64_t)out->memory, (uintptr_t)bytes, sizeof bytes, page, 0, 0) == (int64_t)sizeof bytes)
        write_at(out, bytes, sizeof bytes);
}

/* What a pipe has taken half of cannot be written again, so no page that cannot be read may be among the bytes. */
static void pipe_pages(struct output *out, uint64_t offset, guest_addr start, guest_addr end)
{
    uint8_t bytes[16 * CORE_PAGE];
    while (start < end && !out->failed) {
        uint64_t size = end - start < sizeof bytes ? end - start : sizeof bytes;
        int64_t got = host_call(SYS_pread64, (uint64_t)out->memory, (uintptr_t)bytes, size, start, 0, 0) & ~(int64_t)(CORE_PAGE - 1);
        out->at = offset;
        if (got > 0)
            write_at(out, bytes, (uint64_t)got);
        size = got > 0 ? (uint64_t)got : CORE_PAGE;
        start += size;
        offset += size;
    }
}

static void write_pages(struct output *out, uint64_t offset, guest_addr start, guest_addr end)
{
    if (out->is_pipe) {
        pipe_pages(out, offset, start, end);
        return;
    }
    out->at = offset;
    while (start < end && out->at < out->limit) {
        int64_t written = write_at(out, (const void *)(uintptr_t)start, end - start);
        written &= ~(int64_t)(CORE_PAGE - 1);
        if (written <= 0) {
            write_hidden_page(out, start);
            written = CORE_PAGE;
        }
        start += (guest_addr)written;
        offset += (uint64_t)written;
        out->at = offset;
    }
}

/* Runs of pages that hold something. */
static void write_segment(struct output *out, const struct core_segment *segment, uint64_t offset)
{
    uint64_t map[PAGES_AT_ONCE];
    guest_addr end = segment->start + segment->file_bytes, run = segment->start;
    for (guest_addr at = segment->start; at < end && offset < out->limit;) {
        uint64_t count = (end - at) / CORE_PAGE < PAGES_AT_ONCE ? (end - at) / CORE_PAGE : PAGES_AT_ONCE;
        int64_t got = host_call(SYS_pread64, (uint64_t)out->pagemap, (uintptr_t)map, count * sizeof *map, at / CORE_PAGE * sizeof *map, 0, 0);
        bool known = got == (int64_t)(count * sizeof *map);
        for (uint64_t i = 0; i < count; i++, at += CORE_PAGE) {
            if (segment->of_file || !known || (map[i] & PAGEMAP_PRESENT))
                continue;
            write_pages(out, offset + (run - segment->start), run, at);
            run = at + CORE_PAGE;
        }
    }
    if (run < end)
        write_pages(out, offset + (run - segment->start), run, end);
}

/* -- the file ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t page_up(uint64_t value) { return (value + CORE_PAGE - 1) & ~(CORE_PAGE - 1); }

static void write_headers(struct output *out, const struct guest_isa *isa, const struct core_memory *memory, size_t count, uint64_t notes, uint64_t data)
{
    uint64_t start = file_header_size(isa) + (count + 1) * program_header_size(isa);
    write_file_header(out, isa, count + 1);
    write_program_header(out, isa, &(struct program_header){ .type = PT_NOTE, .offset = start, .file_bytes = notes, .align = 4 });
    for (size_t i = 0; i < count; i++) {
        const struct core_segment *s = &memory->segments[i];
        write_program_header(out, isa, &(struct program_header){ PT_LOAD, segment_flags(s->protection), data, s->start, s->file_bytes, s->end - s->start, CORE_PAGE });
        data += s->file_bytes;
    }
}

bool core_write(int fd, const struct guest_isa *isa, const struct core_memory *memory, const uint8_t *notes, size_t notes_size, uint64_t limit, bool is_pipe)
{
    size_t count = memory->count < MOST_SEGMENTS ? memory->count : MOST_SEGMENTS;
    struct output out = { .fd = fd, .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), .memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), .limit = limit, .is_pipe = is_pipe };
    uint64_t data = page_up(file_header_size(isa) + (count + 1) * program_header_size(isa) + notes_size);
    write_headers(&out, isa, memory, count, notes_size, data);
    write_all(&out, notes, notes_size);
    for (size_t i = 0; i < count && !out.failed; i++) {
        write_segment(&out, &memory->segments[i], data);
        data += memory->segments[i].file_bytes;
    }
    if (is_pipe)
        fill_pipe(&out, data);
    return !out.failed && (is_pipe || ftruncate(fd, (off_t)(data < limit ? data : limit)) == 0);
}
