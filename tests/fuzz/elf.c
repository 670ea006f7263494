/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * links: library
 *
 * Files that are to be run: "#!" lines, ELF headers, and what would be mapped. Nothing is mapped: the memory side only checks that what
 * it is asked for makes sense, keeps what an image was given, and refuses now and then.
 */
#include "loaders/loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ull
#define ADDRESS_LIMIT (1ull << 48)
#define SOMEWHERE 0x5500000000ull

struct memory { uint64_t low, high; bool reserves; unsigned calls, refused_call; };       /* low, high: what is reserved */

static void fail(const char *what)
{
    fprintf(stderr, "loading: %s\n", what);
    abort();
}

static void check_range(const struct memory *memory, uint64_t address, uint64_t size)
{
    if (size == 0) fail("nothing is mapped");
    if (address >= ADDRESS_LIMIT || size > ADDRESS_LIMIT - address) fail("beyond the address space");
    if (memory->high && (address < memory->low || address + size > memory->high)) fail("outside of what was reserved");
}

static int64_t map(void *user, uint64_t address, uint64_t size, int protection, int flags, int fd, uint64_t offset)
{
    struct memory *memory = user;
    if (memory->calls++ == memory->refused_call) return -ENOMEM;
    if (address % PAGE || offset % PAGE || size % PAGE) {
        if (memory->high || fd >= 0) fail("not in pages");
        size = (size + PAGE - 1) & ~(PAGE - 1);         /* a whole image that is not aligned */
    }
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) address = SOMEWHERE + PAGE;
    check_range(memory, address, size);
    if (memory->reserves && !memory->high && protection == PROT_NONE) memory->low = address, memory->high = address + size;
    return (int64_t)address;
}

static void unmap(void *user, uint64_t address, uint64_t size)
{
    struct memory *memory = user;
    check_range(memory, address, size);
    if (address % PAGE || size % PAGE) fail("a part of a page is given back");
    if (address != memory->low && address + size != memory->high) fail("a hole in the reservation");
    if (address == memory->low) memory->low += size;
    else memory->high -= size;
}

static int clear(void *user, uint64_t address, uint64_t size)
{
    struct memory *memory = user;
    check_range(memory, address, size);
    if (address / PAGE != (address + size - 1) / PAGE) fail("more than the rest of a page is cleared");
    return memory->calls++ == memory->refused_call ? -EFAULT : 0;
}

static void try_script(const uint8_t *bytes, size_t size)
{
    struct script script;
    uint8_t *copy = malloc(size ? size : 1);            /* exactly as large, for the sanitizer */
    memcpy(copy, bytes, size);
    if (script_parse(copy, size, &script) == 1) {
        if (!memchr(script.interpreter, 0, sizeof script.interpreter)) fail("an interpreter's name without an end");
        if (!memchr(script.argument, 0, sizeof script.argument)) fail("an argument without an end");
        if (script.has_argument != (script.argument[0] != 0)) fail("an argument that is none");
    }
    struct elf_identity identity;
    elf_identify(copy, size, &identity);
    free(copy);
}

static void try_map(int fd, const struct elf_file *file, uint64_t base, unsigned refused_call)
{
    struct memory memory = { .reserves = file->relocatable, .refused_call = refused_call };
    struct loader_memory functions = { &memory, map, unmap, clear };
    struct elf_image image;
    char error[LOADER_ERROR_SIZE] = "";
    int result = elf_map(fd, file, &functions, base, &image, error);
    if (result < 0 && !error[0]) fail("refused without a word");
    if (result == 0 && (image.low > image.high || image.high > ADDRESS_LIMIT)) fail("an image beyond the address space");
    if (result == 0 && base && file->relocatable && image.low < base - file->alignment) fail("below its base");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct elf_file file;
    char error[LOADER_ERROR_SIZE] = "";
    try_script(bytes, size);
    int fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) exit(77);
    int result = elf_read(fd, &file, error);
    if (result < 0 && !error[0]) fail("refused without a word");
    if (result == 0) {
        if (!memchr(file.interpreter, 0, sizeof file.interpreter)) fail("an interpreter's name without an end");
        unsigned refused_call = bytes[size - 1] & 0x80 ? bytes[size - 1] & 15 : ~0u;
        try_map(fd, &file, 0, refused_call);
        try_map(fd, &file, SOMEWHERE, refused_call);
    }
    close(fd);
    return 0;
}
