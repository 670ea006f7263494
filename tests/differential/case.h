/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The files that differential tests pass between the generator (host) and the probe (guest program): same layout on both.
 */
#ifndef FERRY_TESTS_DIFFERENTIAL_CASE_H
#define FERRY_TESTS_DIFFERENTIAL_CASE_H

#include <stdint.h>

#define CASE_MAGIC 0x32657361632d7266ull
#define CASE_INSNS 24
#define CASE_MEMORY 512                         /* bytes of scratch memory that a case may change */
#define CODE_ADDRESS 0x20800000ull              /* one page of code, nothing mapped before it; no value of NZCV, as MRS has it, points to it */
#define MEMORY_ADDRESS 0x30000000ull            /* the scratch page: CASE_MEMORY bytes at +1024 */
#define MEMORY_MIDDLE (MEMORY_ADDRESS + 1024 + CASE_MEMORY / 2)

/* What a case consists of. */
enum case_kind {
    CASE_PATTERN,                               /* one instruction under test, perhaps among simple ones */
    CASE_BLOCK,                                 /* random instructions with branches forward among them */
    CASE_LOOP,                                  /* a counted loop around such a body */
    CASE_FLAGS,                                 /* instructions that set and read NZCV */
    CASE_KINDS
};

struct cpu_image {
    uint64_t x[31], sp, pc, nzcv;
    uint32_t fpcr, fpsr;
    uint64_t v[32][2];
};

struct test_case {
    uint64_t magic;
    uint32_t count, kind, pattern, reserved;    /* pattern: index in the decoder's table, of CASE_PATTERN only */
    uint32_t insns[CASE_INSNS];
    uint64_t memory_seed;
    struct cpu_image before;
};

struct test_result {
    uint64_t magic;
    uint32_t signal, code;
    uint64_t fault_address;
    struct cpu_image after;
    uint8_t memory[CASE_MEMORY];
};

static inline uint64_t case_random(uint64_t *seed)    /* splitmix64 */
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

#endif
