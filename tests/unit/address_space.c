/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's address space on real memory: where mappings go, partial changes, and what stays executable for the guest.
 */
#include "syscalls/address_space.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGE 4096ull

static struct process process;

#define MMAP_BASE (ADDRESS_SPACE_STACK_TOP - ADDRESS_SPACE_SMALLEST_GAP)   /* until a layout is chosen */

static void set_up(void)
{
    memset(&process, 0, sizeof process);
    pthread_mutex_init(&process.lock, NULL);
    process.space = address_space_new(&process);
}

static guest_addr map(guest_addr hint, uint64_t pages, int protection, int flags)
{
    return (guest_addr)address_space_map(&process, hint, pages * PAGE, protection, ANONYMOUS | flags, -1, 0);
}

TestSuite(address_space, .init = set_up);

Test(address_space, goes_down_from_the_top)
{
    guest_addr a = map(0, 4, PROT_READ, 0), b = map(0, 2, PROT_READ, 0);
    cr_expect_eq(a, MMAP_BASE - 4 * PAGE);
    cr_expect_eq(b, a - 2 * PAGE);
    cr_expect_eq(address_space_unmap(&process, a + PAGE, 2 * PAGE), 0);
    cr_expect_eq(map(0, 2, PROT_READ, 0), a + PAGE, "the hole is used again");
    cr_expect_eq(address_space_protection(&process, a + PAGE), PROT_READ);
    cr_expect_eq(address_space_protection(&process, b - 1), -1);
}

Test(address_space, takes_hints_when_free)
{
    cr_expect_eq(map(0x10000000, 1, PROT_READ, 0), 0x10000000);
    cr_expect_neq(map(0x10000000, 1, PROT_READ, 0), 0x10000000);
    cr_expect_eq((int64_t)map(0x10000000, 1, PROT_READ, MAP_FIXED_NOREPLACE), -EEXIST);
    cr_expect_eq(map(0x10000000, 1, PROT_READ | PROT_WRITE, MAP_FIXED), 0x10000000);
    cr_expect_eq(address_space_protection(&process, 0x10000000), PROT_READ | PROT_WRITE);
    cr_expect_eq((int64_t)map(0x10000001, 1, PROT_READ, MAP_FIXED), -EINVAL);
    cr_expect_eq(address_space_map(&process, 0, 0, PROT_READ, ANONYMOUS, -1, 0), -EINVAL);
    cr_expect_eq(address_space_map(&process, 0, ~0ull, PROT_READ, ANONYMOUS, -1, 0), -ENOMEM);
}

static guest_addr first_start(void)
{
    struct guest_mapping mapping;
    return address_space_next(&process, 0, &mapping) ? mapping.start : 0;
}

Test(address_space, knows_how_far_stacks_have_grown)
{
    const guest_addr top = 0x20000000, limit = 8 << 20;
    address_space_stack_limit(&process, limit, true);
    cr_expect_eq(map(top - 4 * PAGE, 4, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_GROWSDOWN), top - 4 * PAGE);
    *(volatile char *)(top - 7 * PAGE) = 1;
    cr_expect_eq(address_space_protection(&process, top - 8 * PAGE), -1);
    cr_expect_eq(address_space_protection(&process, top - 7 * PAGE), PROT_READ | PROT_WRITE);
    *(volatile char *)(top - 40 * PAGE) = 1;
    cr_expect_eq(first_start(), top - 40 * PAGE);
    cr_expect_neq(map(top - 41 * PAGE, 1, PROT_READ, 0), top - 41 * PAGE, "the gap below a stack");
    *(volatile char *)(top - 100 * PAGE) = 1;
    cr_expect_eq((int64_t)map(top - 90 * PAGE, 1, PROT_READ, MAP_FIXED_NOREPLACE), -EEXIST);
    cr_expect_eq(map(top - 4096 * PAGE, 1, PROT_READ, 0), top - 4096 * PAGE, "further below than it may grow");
    cr_expect_eq(process.mapped_peak, 101 * PAGE + PAGE);
}

Test(address_space, what_may_never_be_executed_stays_so)
{
    guest_addr a = map(0, 4, PROT_READ | PROTECTION_NEVER_EXECUTE, 0);
    cr_expect_eq(address_space_protection(&process, a), PROT_READ);
    cr_expect_eq(address_space_protect(&process, a, PAGE, PROT_READ | PROT_EXEC), -EACCES);
    cr_expect_eq(address_space_protect(&process, a, PAGE, PROT_NONE), 0);
    cr_expect_eq(address_space_protect(&process, a, PAGE, PROT_READ | PROT_EXEC), -EACCES);
    cr_expect_eq(address_space_protect(&process, a, PAGE, PROT_READ | PROTECTION_EXECUTE_IF_MAY), 0);
    cr_expect_eq(address_space_protection(&process, a), PROT_READ);
    guest_addr b = map(a + PAGE, 1, PROT_READ, MAP_FIXED);
    cr_expect_eq(address_space_protect(&process, b, PAGE, PROT_READ | PROTECTION_EXECUTE_IF_MAY), 0);
    cr_expect_eq(address_space_protection(&process, b), PROT_READ | PROT_EXEC);
}

Test(address_space, never_replaces_the_host)
{
    static char own[4 * PAGE];
    guest_addr address = (uintptr_t)own & ~(PAGE - 1);
    char *heap = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
    cr_expect_eq((int64_t)map(address, 1, PROT_READ, MAP_FIXED), -ENOMEM);
    cr_expect_lt((int64_t)map((uintptr_t)heap, 1, PROT_READ, MAP_FIXED), 0);
    cr_expect_lt((int64_t)address_space_unmap(&process, address, PAGE), 1);
    own[PAGE] = heap[0] = 1;
}

Test(address_space, large_maps_go_above)
{
    guest_addr big = map(0, (500ull << 30) / PAGE, PROT_NONE, MAP_NORESERVE), next = map(0, (300ull << 30) / PAGE, PROT_NONE, MAP_NORESERVE);
    cr_expect_lt(big, 1ull << 39);
    cr_expect_geq(next, MMAP_BASE);
    cr_expect_lt(next, 1ull << 47);
    cr_expect_eq(address_space_unmap(&process, next, 300ull << 30), 0);
}

Test(address_space, code_is_data_to_the_host)
{
    guest_addr code = map(0, 3, PROT_READ | PROT_EXEC, 0);
    cr_expect(address_space_executable(&process, code, 4));
    cr_expect(address_space_executable(&process, code + 3 * PAGE - 4, 4));
    cr_expect(!address_space_executable(&process, code + 3 * PAGE - 2, 4));
    cr_expect_eq(address_space_protect(&process, code + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    cr_expect(!address_space_executable(&process, code + PAGE, 4));
    cr_expect(address_space_executable(&process, code + 2 * PAGE, 4));
    *(char *)(uintptr_t)(code + PAGE) = 1;
    cr_expect_eq(address_space_protect(&process, code, 4 * PAGE, PROT_READ), -ENOMEM, "a hole at the end");
    cr_expect_eq(address_space_protection(&process, code + 2 * PAGE), PROT_READ, "what is before it has changed");
    guest_addr only = map(0, 1, PROT_EXEC, 0);
    cr_expect_eq(*(volatile char *)(uintptr_t)only, 0);
}

Test(address_space, remaps)
{
    guest_addr a = map(0x20000000, 2, PROT_READ | PROT_WRITE, 0);
    strcpy((char *)(uintptr_t)a, "kept");
    cr_expect_eq(address_space_remap(&process, a, 2 * PAGE, 4 * PAGE, 0, 0), (int64_t)a, "in place");
    map(a + 4 * PAGE, 1, PROT_READ, MAP_FIXED);
    cr_expect_eq(address_space_remap(&process, a, 4 * PAGE, 8 * PAGE, 0, 0), -ENOMEM);
    guest_addr b = (guest_addr)address_space_remap(&process, a, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0);
    cr_assert_gt((int64_t)b, 0);
    cr_expect_str_eq((char *)(uintptr_t)b, "kept");
    cr_expect_eq(address_space_protection(&process, a), -1);
    cr_expect_eq(address_space_remap(&process, b, 8 * PAGE, PAGE, 0, 0), (int64_t)b, "shrinks");
    cr_expect_eq(address_space_protection(&process, b + PAGE), -1);
    cr_expect_eq(address_space_remap(&process, b, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0x30000000), 0x30000000);
    cr_expect_str_eq((char *)0x30000000, "kept");
    cr_expect_eq(address_space_remap(&process, 0x30000000, PAGE, PAGE, MREMAP_FIXED, 0x40000000), -EINVAL);
    cr_expect_eq(address_space_remap(&process, 0x50000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), -EFAULT);
    cr_expect_eq(address_space_remap(&process, 0x30000000, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0) > 0, 1);
    cr_expect_eq(address_space_protection(&process, 0x30000000), PROT_READ | PROT_WRITE);
}

Test(address_space, grows_and_shrinks_the_heap)
{
    address_space_set_brk(&process, 0x5000800);
    cr_expect_eq(address_space_brk(&process, 0, PROT_READ | PROT_WRITE), 0x5000800);
    cr_expect_eq(address_space_brk(&process, 0x5000900, PROT_READ | PROT_WRITE), 0x5000900, "within the page");
    cr_expect_eq(address_space_brk(&process, 0x5003000, PROT_READ | PROT_WRITE), 0x5003000);
    *(char *)0x5002fff = 1;
    cr_expect_eq(address_space_brk(&process, 0x5001000, PROT_READ | PROT_WRITE), 0x5001000);
    cr_expect_eq(address_space_protection(&process, 0x5002000), -1);
    map(0x5004000, 1, PROT_READ, MAP_FIXED);
    cr_expect_eq(address_space_brk(&process, 0x5005000, PROT_READ | PROT_WRITE), 0x5001000, "in the way");
}

Test(address_space, random_changes_agree_with_a_simple_model)
{
    enum { PAGES = 64, ROUNDS = 4000 };
    static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
    const guest_addr base = 0x60000000;
    int model[PAGES];
    unsigned state = 1;
    memset(model, -1, sizeof model);
    for (int round = 0; round < ROUNDS; round++) {
        state = state * 1103515245 + 12345;
        unsigned first = (state >> 8) % PAGES, count = 1 + (state >> 16) % (PAGES - first), protection = (unsigned)protections[(state >> 24) % 4], what = (state >> 4) % 3;
        if (what == 0)
            map(base + first * PAGE, count, (int)protection, MAP_FIXED);
        else if (what == 1)
            address_space_unmap(&process, base + first * PAGE, count * PAGE);
        else
            address_space_protect(&process, base + first * PAGE, count * PAGE, (int)protection);
        for (unsigned i = first; i < first + count; i++) {
            if (what == 2 && model[i] < 0)
                break;
            model[i] = what == 1 ? -1 : (int)protection;
        }
        for (unsigned i = 0; i < PAGES; i++)
            cr_assert_eq(address_space_protection(&process, base + i * PAGE), model[i], "round %d, page %u", round, i);
    }
}
