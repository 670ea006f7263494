/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest_copy has a way of its own for each range of sizes: every size, with what lies around the copy untouched.
 */
#include "syscalls/guest_memory.h"

#include <criterion/criterion.h>
#include <string.h>

#define LARGEST 300
#define AROUND 16

Test(guest_copy, every_size)
{
    unsigned char from[LARGEST + 1], to[AROUND + LARGEST + AROUND], expected[sizeof to];
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)(i * 7 + 1);
    for (size_t size = 0; size <= LARGEST; size++) {
        memset(to, 0xee, sizeof to);
        memset(expected, 0xee, sizeof expected);
        memcpy(expected + AROUND, from, size);
        cr_assert_eq(guest_copy(to + AROUND, from, size), 0);
        cr_assert_eq(memcmp(to, expected, sizeof to), 0, "size %zu", size);
    }
}
