/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a program's parts begin, by the kernel's rules: mm/util.c (arch_pick_mmap_layout), fs/binfmt_elf.c, and arm64's numbers for
 * 39 bits of address. What is random is decided by personality(2) and kernel.randomize_va_space; with --seed it is the same in each run.
 */
#include "usermode/usermode.h"

#include "syscalls/address_space.h"
#include "syscalls/code_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE 4096ull
#define STACK_GUARD (256 * PAGE)
#define STACK_RANDOM_MASK 0x3ffffull      /* pages */
#define MMAP_RANDOM_MASK 0x3ffffull       /* pages: vm.mmap_rnd_bits = 18 */
#define BRK_RANDOM_PAGES (1ull << 18)     /* 1 GiB */
#define EVERYTHING 2                      /* kernel.randomize_va_space: brk too */

/* A small number from /proc/sys; `missing` where there is none. */
static int kernel_setting(const char *path, int missing)
{
    char text[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return missing;
    text[size] = 0;
    return atoi(text);
}

/* One number for each part, so that knowing one place tells nothing about another. */
enum { FOR_STACK, FOR_MMAP, FOR_PROGRAM, FOR_BRK, FOR_STACK_POINTER, RANDOM_NUMBERS };

static void draw(const struct options *options, uint64_t numbers[RANDOM_NUMBERS])
{
    const size_t size = RANDOM_NUMBERS * sizeof *numbers;
    if (!options->have_seed && getrandom(numbers, size, 0) == (ssize_t)size)
        return;
    uint64_t state = options->seed;
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15ull;       /* splitmix64 */
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ z >> 27) * 0x94d049bb133111ebull;
        numbers[i] = z ^ z >> 31;
    }
}

static void choose_mmap_base(struct layout *layout, bool old_layout, uint64_t random)
{
    uint64_t pad = STACK_GUARD + (layout->randomize ? STACK_RANDOM_MASK * PAGE : 0), gap = layout->stack_limit;
    if (gap + pad > gap)
        gap += pad;
    if (gap < ADDRESS_SPACE_SMALLEST_GAP)
        gap = ADDRESS_SPACE_SMALLEST_GAP;
    if (gap > ADDRESS_SPACE_LARGEST_GAP)
        gap = ADDRESS_SPACE_LARGEST_GAP;
    layout->bottom_up = old_layout || layout->stack_limit == RLIM_INFINITY;
    layout->mmap_base = layout->bottom_up ? ADDRESS_SPACE_BOTTOM_UP_BASE + random : (ADDRESS_SPACE_STACK_TOP - gap - random + PAGE - 1) & ~(PAGE - 1);
}

void layout_choose(struct layout *layout, const struct process *process, const struct options *options)
{
    uint64_t random[RANDOM_NUMBERS] = { 0 };
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    layout->personality = (unsigned)personality(0xffffffff);
    layout->randomize = layout->personality & ADDR_NO_RANDOMIZE ? 0 : kernel_setting("/proc/sys/kernel/randomize_va_space", EVERYTHING);
    if (layout->randomize)
        draw(options, random);
    /* Translations are kept for the address that code lies at: with a persistent cache it is random for the cache, as for libraries. */
    if (layout->randomize && process->code_files && !options->have_seed)
        random[FOR_PROGRAM] = process->code_files->salt;
    getrlimit(RLIMIT_STACK, &limit);
    layout->stack_limit = options->stack_size > limit.rlim_cur ? options->stack_size : limit.rlim_cur;
    layout->stack_top = ADDRESS_SPACE_STACK_TOP - (random[FOR_STACK] & STACK_RANDOM_MASK) * PAGE;
    layout->stack_pointer_shift = random[FOR_STACK_POINTER] & (PAGE - 1);
    layout->program_base = ADDRESS_SPACE_PROGRAM_BASE + (random[FOR_PROGRAM] & MMAP_RANDOM_MASK) * PAGE;
    layout->brk_shift = layout->randomize >= EVERYTHING ? random[FOR_BRK] % BRK_RANDOM_PAGES * PAGE : 0;
    choose_mmap_base(layout, layout->personality & ADDR_COMPAT_LAYOUT, (random[FOR_MMAP] & MMAP_RANDOM_MASK) * PAGE);
}

guest_addr layout_brk(const struct layout *layout, const struct program *program, const struct elf_image *image)
{
    guest_addr start = (image->high + PAGE - 1) & ~(PAGE - 1);
    if (program->file.relocatable && !program->file.interpreter[0])
        start = ADDRESS_SPACE_PROGRAM_BASE;                /* the program is among the mappings, the break gets room of its own */
    else if (layout->brk_shift)
        start += PAGE;
    return start + layout->brk_shift;
}
