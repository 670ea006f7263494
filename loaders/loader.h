/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files into guest memory. The loader knows file formats, not processes: memory is mapped through the caller's functions, and
 * failures are returned as a line of text.
 */
#ifndef FERRY_LOADERS_LOADER_H
#define FERRY_LOADERS_LOADER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOADER_SEGMENTS 64                /* PT_LOAD entries at most: real files have under 10 */
#define LOADER_ERROR_SIZE 160

/* Enough to choose the guest: the first bytes of an ELF file. */
struct elf_identity { uint8_t elf_class, data; uint16_t machine, type; uint32_t flags; };

struct elf_segment {
    uint64_t address, file_offset, file_size, memory_size;
    int protection;                       /* PROT_* */
};

/* A checked ELF program or interpreter, before mapping. */
struct elf_file {
    struct elf_identity identity;
    uint64_t entry, header_offset, header_address;   /* of the program headers: in the file; in memory, 0 when not loaded */
    uint16_t header_size, header_count;
    struct elf_segment segments[LOADER_SEGMENTS];
    unsigned segment_count;
    uint64_t low, high, alignment;        /* the image's span and the largest p_align */
    bool relocatable;                     /* ET_DYN */
    bool executable_stack;
    char interpreter[PATH_MAX];           /* "" when there is none */
};

/* Where an image went. */
struct elf_image { uint64_t bias, low, high, entry, program_headers; };

/* How memory is mapped: like mmap, with an address or a negative errno as result. */
struct loader_memory {
    void *user;
    int64_t (*map)(void *user, uint64_t address, uint64_t size, int protection, int flags, int fd, uint64_t offset);
    void (*unmap)(void *user, uint64_t address, uint64_t size);
    int (*clear)(void *user, uint64_t address, uint64_t size);     /* zeroes; negative errno */
};

/* false: not an ELF file (too short, other magic). */
bool elf_identify(const void *bytes, size_t size, struct elf_identity *identity);

/* Reads and checks the headers. 0, or a negative errno (-ENOEXEC: not a valid program) with a text in error. */
int elf_read(int fd, struct elf_file *file, char *error);

/* Maps the segments at their addresses plus a bias: `base` where relocatable (0: anywhere), 0 otherwise. */
int elf_map(int fd, const struct elf_file *file, const struct loader_memory *memory, uint64_t base, struct elf_image *image, char *error);

/* "#!" files: binfmt_script's rules. */
struct script { char interpreter[256]; char argument[256]; bool has_argument; };
/* 1: a script; 0: not one; -ENOEXEC: a bad one. */
int script_parse(const void *bytes, size_t size, struct script *script);

#define LOADER_PEEK 256                   /* BINPRM_BUF_SIZE: what the kernel looks at */

#endif
