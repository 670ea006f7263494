/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/arena.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

static bool is_zero(const unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i])
            return false;
    return true;
}

Test(arena, allocates_zeroed_and_aligned)
{
    struct arena *arena = arena_new(1 << 20);
    cr_assert_not_null(arena);
    unsigned char *first = arena_allocate(arena, 3), *second = arena_allocate(arena, 100);
    cr_assert_eq((uintptr_t)first % 16, 0);
    cr_assert_eq(second - first, 16);
    cr_assert(is_zero(second, 100));
    cr_assert_eq(arena_used(arena), 16 + 112);
    arena_free(arena);
}

Test(arena, is_zeroed_again_after_reset)
{
    struct arena *arena = arena_new(8 << 20);
    memset(arena_allocate(arena, 3 << 20), 0xaa, 3 << 20);
    arena_reset(arena);
    cr_assert_eq(arena_used(arena), 0);
    for (unsigned i = 0; i < 4; i++)
        cr_assert(is_zero(arena_allocate(arena, 1 << 20), 1 << 20), "megabyte %u", i);
    arena_free(arena);
}

Test(arena, grows_the_last_one_in_place)
{
    struct arena *arena = arena_new(1 << 20);
    char *memory = arena_grow(arena, NULL, 0, 10);
    strcpy(memory, "text");
    char *grown = arena_grow(arena, memory, 10, 1000);
    cr_assert_eq(memory, grown);
    cr_assert_str_eq(grown, "text");
    cr_assert(is_zero((unsigned char *)grown + 5, 995));
    arena_allocate(arena, 1);
    char *moved = arena_grow(arena, grown, 1000, 2000);
    cr_assert_neq(moved, grown);
    cr_assert_str_eq(moved, "text");
    cr_assert(is_zero((unsigned char *)moved + 5, 1995));
    arena_free(arena);
}

Test(arena, growing_after_reset_is_zeroed)
{
    struct arena *arena = arena_new(1 << 20);
    memset(arena_allocate(arena, 4096), 0xff, 4096);
    arena_reset(arena);
    unsigned char *memory = arena_grow(arena, NULL, 0, 16);
    memory = arena_grow(arena, memory, 16, 4096);
    cr_assert(is_zero(memory, 4096));
    arena_free(arena);
}

Test(arena, takes_all_of_its_reserve)
{
    struct arena *arena = arena_new(4096);
    cr_assert_not_null(arena_allocate(arena, 4096));
    arena_free(arena);
}

Test(arena, refuses_what_the_host_has_not) { cr_assert_null(arena_new(SIZE_MAX)); }

Test(arena, frees_nothing) { arena_free(NULL); }

Test(arena, aborts_when_used_up, .signal = SIGABRT)
{
    struct arena *arena = arena_new(4096);
    for (;;)
        arena_allocate(arena, 1024);
}
