/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * links: library
 *
 * mmap, munmap, mprotect, mremap and brk in any order: then what ferry believes to be mapped must be what the host has, page by page, and nothing
 * of the host's own is ever replaced (that would end this program). Eight bytes a call; all but huge ranges are in a window of 64 pages.
 */
#include "syscalls/address_space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ull
#define WINDOW 0x200000000000ull           /* above AddressSanitizer's shadow, below programs and libraries */
#define PAGES 64
#define WINDOW_END (WINDOW + PAGES * PAGE)
#define CALL_BYTES 8

static struct process process;
static const int protections[8] = { 0, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, PROT_EXEC, PROT_WRITE, 7, PROT_READ | PROT_WRITE };

static void fail(const char *what, guest_addr at)
{
    fprintf(stderr, "address space: %s at 0x%llx\n", what, (unsigned long long)at);
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    process.isa = *guest_isa_list();
    process.space = address_space_new(&process);
    address_space_set_mmap_base(&process, WINDOW_END, false);
    return process.space ? 0 : 77;
}

/* What the host has in the window: 1 + protection, 0: nothing. */
static void read_host(uint8_t pages[PAGES])
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], r, w, x;
    unsigned long long start, end;
    if (!maps) exit(77);
    memset(pages, 0, PAGES);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%llx-%llx %c%c%c", &start, &end, &r, &w, &x) != 5 || end <= WINDOW || start >= WINDOW_END) continue;
        for (guest_addr at = start > WINDOW ? start : WINDOW; at < end && at < WINDOW_END; at += PAGE)
            pages[(at - WINDOW) / PAGE] = (uint8_t)(1 + (r == 'r' ? PROT_READ : 0) + (w == 'w' ? PROT_WRITE : 0) + (x == 'x' ? PROT_EXEC : 0));
    }
    fclose(maps);
}

static void compare(void)
{
    uint8_t pages[PAGES];
    read_host(pages);
    for (unsigned i = 0; i < PAGES; i++) {
        guest_addr at = WINDOW + i * PAGE;
        int protection = address_space_protection(&process, at);
        if ((protection >= 0) != (pages[i] != 0)) fail(pages[i] ? "mapped, but not known to be" : "not mapped, but thought to be", at);
        if (protection < 0) continue;
        int host = protection & PROT_EXEC ? (protection & ~PROT_EXEC) | PROT_READ : protection;
        if (host != pages[i] - 1) fail("another protection", at);
        if (address_space_executable(&process, at, PAGE) != !!(protection & PROT_EXEC)) fail("executable or not", at);
    }
    guest_addr from = 0;
    struct guest_mapping mapping;
    while (address_space_next(&process, from, &mapping)) {
        if (mapping.start >= mapping.end || mapping.start < from || (mapping.start | mapping.end) % PAGE) fail("mappings out of order", mapping.start);
        from = mapping.end;
    }
}

static void make_call(const uint8_t *b)
{
    guest_addr at = WINDOW + b[1] % PAGES * PAGE + (b[6] == 0xff ? b[7] : 0), other = WINDOW + b[4] % PAGES * PAGE;
    uint64_t size = b[2] % 16 * PAGE + (b[6] & 1 ? b[7] : 0), new_size = b[5] % 16 * PAGE;
    if (b[6] == 0xfe) size = 1ull << b[7] % 64;
    int kind = b[3] & 8 ? MAP_SHARED | MAP_ANONYMOUS : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, protection = protections[b[3] & 7];
    switch (b[0] % 8) {
    case 0: address_space_map(&process, at, size, protection, kind, -1, 0); break;
    case 1: case 2: address_space_map(&process, at, size, protection, kind | MAP_FIXED, -1, 0); break;
    case 3: address_space_map(&process, at, size, protection, kind | MAP_FIXED_NOREPLACE, -1, 0); break;
    case 4: address_space_unmap(&process, at, size); break;
    case 5: address_space_protect(&process, at, size, protection); break;
    case 6: address_space_remap(&process, at, size, new_size, b[3] >> 5, other); break;
    default:
        if (b[3] & 16) address_space_set_brk(&process, at);
        address_space_brk(&process, other, PROT_READ | PROT_WRITE);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct guest_mapping mapping;
    address_space_set_brk(&process, WINDOW + 48 * PAGE);
    for (; size >= CALL_BYTES; bytes += CALL_BYTES, size -= CALL_BYTES) make_call(bytes);
    compare();
    while (address_space_next(&process, 0, &mapping))
        if (address_space_unmap(&process, mapping.start, mapping.end - mapping.start)) fail("cannot be unmapped", mapping.start);
    compare();
    return 0;
}
