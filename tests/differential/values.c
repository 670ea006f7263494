/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random register values, with the corner cases that uniform ones would never hit.
 */
#include "differential.h"

static uint64_t pick(uint64_t *seed, const uint64_t *values, size_t count)
{
    return values[case_random(seed) % count];
}

uint64_t random_integer(uint64_t *seed)
{
    static const uint64_t corners[] = {0, 1, 2, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                       0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffffe,
                                       0xffffffff80000000, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa};
    uint64_t r = case_random(seed);
    switch (r % 6) {
    case 0:
        return pick(seed, corners, sizeof corners / sizeof *corners);
    case 1:
        return case_random(seed) % 256;
    case 2:
        return (uint64_t)(int64_t)(int32_t)case_random(seed);
    case 3:
        return (uint32_t)case_random(seed);
    default:
        return case_random(seed);
    }
}

static uint64_t random_double(uint64_t *seed)
{
    static const uint64_t corners[] = {
        0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
        0xfff8000000000000, 0x7ff0000000000001, 0xfff4000000000123, 0x7ff8000000000456, 1, 0x800fffffffffffff, 0x0010000000000000,
        0x7fefffffffffffff, 0xffefffffffffffff, 0x3fe0000000000000, 0x4008000000000000, 0x43e0000000000000, 0xc3e0000000000000,
        0x41dfffffffc00000, 0x41e0000000000000, 0x41efffffffe00000, 0x43f0000000000000, 0x3ff8000000000000, 0x4004000000000000};
    uint64_t r = case_random(seed);
    if (r % 3 == 0)
        return pick(seed, corners, sizeof corners / sizeof *corners);
    if (r % 3 == 1) {                     /* moderate exponents, so that results are numbers */
        uint64_t exponent = 1023 - 40 + case_random(seed) % 110;
        return (case_random(seed) & 0x800fffffffffffff) | exponent << 52;
    }
    return case_random(seed);
}

static uint32_t random_float(uint64_t *seed)
{
    static const uint64_t corners[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001,
                                       0xffa00123, 0x7fc00456, 1, 0x807fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f000000, 0x40400000,
                                       0x4f000000, 0xcf000000, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000, 0x3fc00000, 0x47800000,
                                       0x477fe000, 0x33800000, 0x38800000};
    uint64_t r = case_random(seed);
    if (r % 3 == 0)
        return (uint32_t)pick(seed, corners, sizeof corners / sizeof *corners);
    if (r % 3 == 1) {
        uint32_t exponent = (uint32_t)(127 - 20 + case_random(seed) % 60);
        return ((uint32_t)case_random(seed) & 0x807fffff) | exponent << 23;
    }
    return (uint32_t)case_random(seed);
}

static uint16_t random_half(uint64_t *seed)
{
    static const uint64_t corners[] = {0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01, 0xfd23, 1, 0x83ff, 0x0400, 0x7bff, 0x3800, 0x4200};
    return (uint16_t)(case_random(seed) % 2 ? pick(seed, corners, sizeof corners / sizeof *corners) : case_random(seed));
}

static void random_vector(uint64_t *seed, uint64_t v[2])
{
    unsigned kind = case_random(seed) % 6;
    for (int half = 0; half < 2; half++) {
        switch (kind) {
        case 0:
        case 1:
            v[half] = random_double(seed);
            break;
        case 2:
        case 3:
            v[half] = random_float(seed) | (uint64_t)random_float(seed) << 32;
            break;
        case 4:
            v[half] = random_half(seed) | (uint64_t)random_half(seed) << 16 | (uint64_t)random_half(seed) << 32 | (uint64_t)random_half(seed) << 48;
            break;
        default:
            v[half] = random_integer(seed);
        }
    }
}

void random_state(uint64_t *seed, struct cpu_image *s)
{
    static const uint32_t controls[] = {0, 0, 0, 0, 0x400000, 0x800000, 0xc00000, 0x2000000, 0x1000000, 0x3000000};
    for (int i = 0; i < 31; i++)
        s->x[i] = random_integer(seed);
    s->sp = MEMORY_MIDDLE + 16 * (case_random(seed) % 4);
    s->pc = CODE_ADDRESS;
    s->nzcv = (case_random(seed) & 15) << 28;
    s->fpcr = controls[case_random(seed) % (sizeof controls / sizeof *controls)];
    s->fpsr = case_random(seed) % 4 ? 0 : (uint32_t)case_random(seed) & 0x0800009f;
    for (int i = 0; i < 32; i++)
        random_vector(seed, s->v[i]);
}
