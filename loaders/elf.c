/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ELF programs (System V gABI, chapters 4 and 5), read through libelf so that class and byte order are data. Headers are taken
 * for hostile: every number is checked before it is used. Segments are mapped straight from the file, as fs/binfmt_elf.c does.
 */
#include "loaders/loader.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ull
#define ADDRESS_LIMIT (1ull << 47)

static uint64_t page_down(uint64_t value) { return value & ~(PAGE - 1); }
static uint64_t page_up(uint64_t value) { return (value + PAGE - 1) & ~(PAGE - 1); }

__attribute__((format(printf, 3, 4))) static int fail(int code, char *error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(error, LOADER_ERROR_SIZE, format, list);
    va_end(list);
    return code;
}

bool elf_identify(const void *bytes, size_t size, struct elf_identity *identity)
{
    const uint8_t *b = bytes;
    if (size < 52 || memcmp(b, ELFMAG, SELFMAG) != 0)
        return false;
    bool big = b[EI_DATA] == ELFDATA2MSB;
    size_t flags_at = b[EI_CLASS] == ELFCLASS64 ? 48 : 36;
    *identity = (struct elf_identity){ .elf_class = b[EI_CLASS], .data = b[EI_DATA] };
    identity->type = big ? (uint16_t)(b[16] << 8 | b[17]) : (uint16_t)(b[17] << 8 | b[16]);
    identity->machine = big ? (uint16_t)(b[18] << 8 | b[19]) : (uint16_t)(b[19] << 8 | b[18]);
    for (int i = 0; i < 4; i++)
        identity->flags |= (uint32_t)b[flags_at + (size_t)(big ? 3 - i : i)] << (8 * i);
    return true;
}

/* -- headers ----------------------------------------------------------------------------------------------------------- */

static int read_header(Elf *elf, uint64_t file_size, struct elf_file *file, char *error)
{
    GElf_Ehdr header;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        return fail(-ENOEXEC, error, "not a complete ELF file");
    size_t entry_size = gelf_fsize(elf, ELF_T_PHDR, 1, EV_CURRENT);
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return fail(-ENOEXEC, error, "an ELF file, but not a program (type %u)", header.e_type);
    if (header.e_version != EV_CURRENT)
        return fail(-ENOEXEC, error, "unknown ELF version %u", header.e_version);
    if (header.e_phentsize != entry_size)
        return fail(-ENOEXEC, error, "program headers of %u bytes instead of %zu", header.e_phentsize, entry_size);
    if (header.e_phnum == 0 || header.e_phnum == PN_XNUM || header.e_phnum * entry_size > 65536)
        return fail(-ENOEXEC, error, "%u program headers", header.e_phnum);
    if (header.e_phoff > file_size || header.e_phnum * entry_size > file_size - header.e_phoff)
        return fail(-ENOEXEC, error, "truncated: the program headers are beyond its end");
    file->relocatable = header.e_type == ET_DYN;
    file->entry = header.e_entry;
    file->header_offset = header.e_phoff;
    file->header_size = header.e_phentsize;
    file->header_count = header.e_phnum;
    file->identity = (struct elf_identity){ header.e_ident[EI_CLASS], header.e_ident[EI_DATA], header.e_machine, header.e_type, header.e_flags };
    return 0;
}

static int protection_of(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

static int add_segment(struct elf_file *file, const GElf_Phdr *header, uint64_t file_size, char *error)
{
    struct elf_segment segment = { header->p_vaddr, header->p_offset, header->p_filesz, header->p_memsz, protection_of(header->p_flags) };
    unsigned number = file->segment_count;
    if (header->p_memsz == 0)
        return 0;
    if (number == LOADER_SEGMENTS)
        return fail(-ENOEXEC, error, "more than %d segments", LOADER_SEGMENTS);
    if (segment.file_size > segment.memory_size)
        return fail(-ENOEXEC, error, "segment %u is larger in the file than in memory", number);
    if (segment.address >= ADDRESS_LIMIT || segment.memory_size >= ADDRESS_LIMIT - segment.address)
        return fail(-ENOEXEC, error, "segment %u does not fit the address space", number);
    if (segment.file_offset > file_size || segment.file_size > file_size - segment.file_offset)
        return fail(-ENOEXEC, error, "truncated: segment %u goes beyond its end", number);
    if ((segment.address ^ segment.file_offset) & (PAGE - 1))
        return fail(-ENOEXEC, error, "segment %u is not aligned to pages", number);
    if (header->p_align & (header->p_align - 1))
        return fail(-ENOEXEC, error, "segment %u has the alignment 0x%llx", number, (unsigned long long)header->p_align);
    if (number && segment.address < file->segments[number - 1].address + file->segments[number - 1].memory_size)
        return fail(-ENOEXEC, error, "segments overlap or are out of order");
    if (header->p_align > file->alignment && header->p_align < (1ull << 32))
        file->alignment = header->p_align;
    file->segments[file->segment_count++] = segment;
    return 0;
}

static int read_interpreter(int fd, struct elf_file *file, const GElf_Phdr *header, char *error)
{
    if (file->interpreter[0])
        return fail(-ENOEXEC, error, "two interpreters");
    if (header->p_filesz < 2 || header->p_filesz > PATH_MAX)
        return fail(-ENOEXEC, error, "an interpreter name of %llu bytes", (unsigned long long)header->p_filesz);
    if (pread(fd, file->interpreter, header->p_filesz, (off_t)header->p_offset) != (ssize_t)header->p_filesz)
        return fail(-ENOEXEC, error, "truncated: the interpreter's name is beyond its end");
    if (file->interpreter[header->p_filesz - 1] != 0)
        return fail(-ENOEXEC, error, "the interpreter's name does not end");
    return 0;
}

static int read_program_header(int fd, struct elf_file *file, const GElf_Phdr *header, uint64_t file_size, char *error)
{
    switch (header->p_type) {
    case PT_LOAD: return add_segment(file, header, file_size, error);
    case PT_INTERP: return read_interpreter(fd, file, header, error);
    case PT_GNU_STACK: file->executable_stack = header->p_flags & PF_X; return 0;
    case PT_PHDR: file->header_address = header->p_vaddr; return 0;
    default: return 0;
    }
}

/* Where the program headers are in memory: PT_PHDR may lie, so the segment that loads them counts (fs/binfmt_elf.c). */
static void locate_headers(struct elf_file *file)
{
    file->header_address = 0;
    for (unsigned i = 0; i < file->segment_count; i++) {
        const struct elf_segment *segment = &file->segments[i];
        if (file->header_offset >= segment->file_offset && file->header_offset - segment->file_offset < segment->file_size) {
            file->header_address = file->header_offset - segment->file_offset + segment->address;
            return;
        }
    }
}

static int read_all(int fd, Elf *elf, uint64_t file_size, struct elf_file *file, char *error)
{
    int result = read_header(elf, file_size, file, error);
    for (int i = 0; result == 0 && i < file->header_count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, i, &header))
            return fail(-ENOEXEC, error, "program header %d cannot be read", i);
        result = read_program_header(fd, file, &header, file_size, error);
    }
    if (result < 0)
        return result;
    if (file->segment_count == 0)
        return fail(-ENOEXEC, error, "nothing to load in it");
    const struct elf_segment *last = &file->segments[file->segment_count - 1];
    file->low = page_down(file->segments[0].address);
    file->high = page_up(last->address + last->memory_size);
    locate_headers(file);
    return 0;
}

int elf_read(int fd, struct elf_file *file, char *error)
{
    struct stat status;
    memset(file, 0, sizeof *file);
    file->alignment = PAGE;
    if (fstat(fd, &status) < 0)
        return fail(-errno, error, "cannot be examined: %s", strerror(errno));
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf)
        return fail(-ENOEXEC, error, "not an ELF file: %s", elf_errmsg(-1));
    int result = read_all(fd, elf, (uint64_t)status.st_size, file, error);
    elf_end(elf);
    return result;
}

/* -- mapping ------------------------------------------------------------------------------------------------------------- */

/* The span of a relocatable image: asked for as one mapping, so that the memory side chooses a hole large enough, and of
 * the file, whose place may depend on which one it is. */
static int64_t reserve(int fd, const struct elf_file *file, const struct loader_memory *memory, uint64_t base)
{
    uint64_t size = file->high - file->low, slack = file->alignment > PAGE ? file->alignment : 0;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (base) {
        uint64_t bias = (base - file->low) & ~(file->alignment - 1);
        int64_t result = memory->map(memory->user, bias + file->low, size, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
        return result < 0 ? result : (int64_t)bias;
    }
    int64_t place = memory->map(memory->user, 0, size + slack, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (place < 0)
        return place;
    uint64_t start = (uint64_t)place, bias = (start - file->low + file->alignment - 1) & ~(file->alignment - 1), low = bias + file->low;
    if (low > start)
        memory->unmap(memory->user, start, low - start);
    if (low + size < start + size + slack)
        memory->unmap(memory->user, low + size, start + slack - low);
    return (int64_t)bias;
}

/* The file's part, the rest of its last page zeroed, and whole pages of zeros. */
static int map_segment(int fd, const struct elf_segment *segment, const struct loader_memory *memory, uint64_t bias, int fixed)
{
    uint64_t start = page_down(segment->address), file_end = segment->address + segment->file_size, end = segment->address + segment->memory_size;
    uint64_t file_pages_end = segment->file_size ? page_up(file_end) : start;
    int flags = MAP_PRIVATE | fixed;
    if (segment->file_size) {
        int64_t result = memory->map(memory->user, start + bias, file_pages_end - start, segment->protection, flags, fd, page_down(segment->file_offset));
        if (result < 0)
            return (int)result;
    }
    if (end > file_end && file_end < file_pages_end && (segment->protection & PROT_WRITE)) {
        /* To the page's end even where the zeros end before: ld.so takes its first memory from there. */
        int result = memory->clear(memory->user, file_end + bias, file_pages_end - file_end);
        if (result < 0)
            return result;
    }
    if (page_up(end) > file_pages_end) {
        int64_t result = memory->map(memory->user, file_pages_end + bias, page_up(end) - file_pages_end, segment->protection, flags | MAP_ANONYMOUS, -1, 0);
        if (result < 0)
            return (int)result;
    }
    return 0;
}

int elf_map(int fd, const struct elf_file *file, const struct loader_memory *memory, uint64_t base, struct elf_image *image, char *error)
{
    int64_t bias = file->relocatable ? reserve(fd, file, memory, base) : 0;
    if (file->relocatable && bias < 0 && bias > -4096)
        return fail((int)bias, error, "no room for %llu bytes: %s", (unsigned long long)(file->high - file->low), strerror((int)-bias));
    int fixed = file->relocatable ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    uint64_t mapped_end = 0;
    for (unsigned i = 0; i < file->segment_count; i++) {
        const struct elf_segment *segment = &file->segments[i];
        /* Two segments of one page: the later one's mapping counts, as in the kernel. */
        int how = page_down(segment->address) < mapped_end ? MAP_FIXED : fixed;
        int result = map_segment(fd, segment, memory, (uint64_t)bias, how);
        if (result < 0)
            return fail(result, error, "cannot map segment %u at 0x%llx: %s", i, (unsigned long long)(segment->address + (uint64_t)bias), strerror(-result));
        mapped_end = page_up(segment->address + segment->memory_size);
    }
    *image = (struct elf_image){ .bias = (uint64_t)bias, .low = file->low + (uint64_t)bias, .high = file->high + (uint64_t)bias,
                                 .entry = file->entry + (uint64_t)bias,
                                 .program_headers = file->header_address ? file->header_address + (uint64_t)bias : 0 };
    return 0;
}
