/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host side of the differential tests:
 *   differential generate SEED CASES-A-PATTERN FILE [NAME]   random instructions of every pattern (or those whose name has NAME) with random state
 *   differential compare CASES EXPECTED ACTUAL               bit by bit; prints each difference with the instruction; 1 if any
 *   differential coverage CASES                              patterns exercised
 * Instructions come from the decoder's own pattern table, so a new line in a .decode file is tested at once.
 */
#include "case.h"

#include "translate/guest/aarch64/aarch64.h"
#include "translate/guest/patterns.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPORTS 40

/* -- values ------------------------------------------------------------------------------------------------------------- */

static uint64_t pick(uint64_t *seed, const uint64_t *values, size_t count)
{
    return values[case_random(seed) % count];
}

static uint64_t random_integer(uint64_t *seed)
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

/* -- instructions -------------------------------------------------------------------------------------------------------- */

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* What differs between machines or leaves the test: covered by tests/multi. */
static bool is_excluded(const struct pattern *p, uint32_t insn)
{
    if (contains(p->name, "svc"))
        return true;
    /* MRS of identification, counter and thread registers: values are the machine's own. Only NZCV, FPCR, FPSR are compared. */
    if ((insn & 0xfff00000) == 0xd5300000) {
        uint32_t reg = insn & 0x000fffe0;
        return reg != 0xb4200 && reg != 0xb4400 && reg != 0xb4420;
    }
    if ((insn & 0xffffffe0) == 0xd51bd040)                 /* msr tpidr_el0 */
        return true;
    return false;
}

static uint32_t random_word(uint64_t *seed, const struct pattern *p)
{
    for (int tries = 0; tries < 1000; tries++) {
        uint32_t insn = p->value | ((uint32_t)case_random(seed) & ~p->mask);
        if (!pattern_excludes(p, insn) && &aarch64_patterns.patterns[pattern_find(&aarch64_patterns, insn) & 0xffff] == p)
            return insn;
    }
    return 0;
}

static const struct pattern_argument *argument(const struct pattern *p, const char *name)
{
    for (unsigned i = 0; i < p->argument_count; i++)
        if (strcmp(p->arguments[i].name, name) == 0)
            return &p->arguments[i];
    return NULL;
}

static bool is_memory(const struct pattern *p)
{
    return contains(p->group, "memory") || contains(p->group, "atomic");
}

/* Jumps backward within the code could run for ever. */
static bool is_branch(const struct pattern *p)
{
    return contains(p->group, "branch");
}

static uint32_t tame(uint64_t *seed, const struct pattern *p, uint32_t insn, struct cpu_image *state)
{
    const struct pattern_argument *rn = argument(p, "rn"), *rm = argument(p, "rm");
    if (is_memory(p) && rn) {
        unsigned base = (unsigned)pattern_argument_value(rn, insn);
        uint64_t address = MEMORY_MIDDLE + (case_random(seed) % 8 ? 16 * (case_random(seed) % 4) : case_random(seed) % 64);
        if (base < 31 && case_random(seed) % 64)
            state->x[base] = address;
        if (rm && rm->piece_count == 1) {
            unsigned index = (unsigned)pattern_argument_value(rm, insn);
            if (index < 31 && index != base && contains(p->group, "memory"))
                state->x[index] = case_random(seed) % 2 ? case_random(seed) % 8 : (uint64_t)-(case_random(seed) % 8);
        }
    }
    return insn;
}

static void random_state(uint64_t *seed, struct cpu_image *s)
{
    static const uint32_t controls[] = {0, 0, 0, 0, 0x400000, 0x800000, 0xc00000, 0x2000000, 0x1000000, 0x3000000};
    for (int i = 0; i < 31; i++)
        s->x[i] = random_integer(seed);
    s->sp = MEMORY_MIDDLE + 16 * (case_random(seed) % 4);
    s->pc = CODE_ADDRESS;
    s->nzcv = (case_random(seed) & 15) << 28;
    s->fpcr = controls[case_random(seed) % (sizeof controls / sizeof *controls)];
    s->fpsr = 0;
    for (int i = 0; i < 32; i++)
        random_vector(seed, s->v[i]);
}

/* Blocks of several instructions mix the pattern under test with simple arithmetic, so that flags and values cross instructions. */
static uint32_t filler(uint64_t *seed)
{
    static const char *const names[] = {"add_imm", "subs_imm", "adds_imm", "sub_reg", "subs_reg", "csel", "ccmp_reg", "and_imm", "ands_imm", "adc", "sbcs", "csinc"};
    for (int tries = 0; tries < 100; tries++) {
        const struct pattern *p = &aarch64_patterns.patterns[case_random(seed) % aarch64_patterns.count];
        if (is_memory(p) || is_branch(p) || contains(p->group, "system"))
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcmp(p->name, names[i]) == 0)
                return random_word(seed, p);
        if (case_random(seed) % 16 == 0)
            return random_word(seed, p);
    }
    return 0xd503201f;
}

static bool make_case(uint64_t *seed, unsigned pattern, struct test_case *c)
{
    const struct pattern *p = &aarch64_patterns.patterns[pattern];
    memset(c, 0, sizeof *c);
    c->magic = CASE_MAGIC;
    c->pattern = pattern;
    random_state(seed, &c->before);
    uint32_t insn = random_word(seed, p);
    if (!insn || is_excluded(p, insn))
        return false;
    insn = tame(seed, p, insn, &c->before);
    c->memory_seed = case_random(seed);
    unsigned before = 0, after = 0;
    if (!is_branch(p) && case_random(seed) % 2) {
        before = is_memory(p) ? 0 : case_random(seed) % 3;
        after = case_random(seed) % 4;
    }
    for (unsigned i = 0; i < before; i++)
        c->insns[c->count++] = filler(seed);
    c->insns[c->count++] = insn;
    for (unsigned i = 0; i < after; i++)
        c->insns[c->count++] = filler(seed);
    return true;
}

/* A direct branch to itself, or indirect into the code, would not end. */
static bool never_ends(const struct test_case *c)
{
    const struct pattern *p = &aarch64_patterns.patterns[c->pattern];
    if (!is_branch(p))
        return false;
    for (unsigned i = 0; i < p->argument_count; i++) {
        const struct pattern_argument *a = &p->arguments[i];
        if (a->shift == 2 && a->is_signed && pattern_argument_value(a, c->insns[0]) <= 0 && pattern_argument_value(a, c->insns[0]) > -4096)
            return true;
    }
    return false;
}

static int generate(uint64_t seed, unsigned cases, const char *file, const char *name)
{
    FILE *out = fopen(file, "wb");
    if (!out) {
        perror(file);
        return 2;
    }
    for (unsigned i = 0; i < aarch64_patterns.count; i++) {
        if (name && !contains(aarch64_patterns.patterns[i].name, name))
            continue;
        for (unsigned made = 0, tries = 0; made < cases && tries < 20 * cases; tries++) {
            struct test_case c;
            if (!make_case(&seed, i, &c) || never_ends(&c))
                continue;
            fwrite(&c, sizeof c, 1, out);
            made++;
        }
    }
    return fclose(out) ? 2 : 0;
}

/* -- comparing ------------------------------------------------------------------------------------------------------------ */

static void *read_file(const char *name, size_t item, size_t *count)
{
    FILE *in = fopen(name, "rb");
    if (!in) {
        perror(name);
        exit(2);
    }
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    void *data = malloc((size_t)size + 1);
    if (!data || fread(data, 1, (size_t)size, in) != (size_t)size)
        exit(2);
    fclose(in);
    *count = (size_t)size / item;
    return data;
}

static void print_difference(const char *what, int index, const void *expected, const void *actual, size_t size)
{
    const uint8_t *e = expected, *a = actual;
    printf("      %s", what);
    if (index >= 0)
        printf("%d", index);
    printf(" expected ");
    for (size_t i = size; i-- > 0;)
        printf("%02x", e[i]);
    printf(" got ");
    for (size_t i = size; i-- > 0;)
        printf("%02x", a[i]);
    printf("\n");
}

static void explain(const struct test_case *c, const struct test_result *e, const struct test_result *a)
{
    printf("  pattern %s\n", aarch64_patterns.patterns[c->pattern].name);
    for (unsigned i = 0; i < c->count; i++) {
        char text[128] = "?";
        pattern_disassemble(&aarch64_patterns, CODE_ADDRESS + 4 * i, c->insns[i], text, sizeof text);
        printf("    %08x  %s\n", c->insns[i], text);
    }
    printf("    fpcr %08x nzcv %x\n", c->before.fpcr, (unsigned)(c->before.nzcv >> 28));
#define DIFFERENCE(what, field) if (memcmp(&e->field, &a->field, sizeof e->field)) print_difference(what, -1, &e->field, &a->field, sizeof e->field)
    DIFFERENCE("signal ", signal);
    DIFFERENCE("code ", code);
    DIFFERENCE("address ", fault_address);
    DIFFERENCE("pc ", after.pc);
    DIFFERENCE("sp ", after.sp);
    DIFFERENCE("nzcv ", after.nzcv);
    DIFFERENCE("fpcr ", after.fpcr);
    DIFFERENCE("fpsr ", after.fpsr);
    for (int i = 0; i < 31; i++)
        if (e->after.x[i] != a->after.x[i])
            print_difference("x", i, &e->after.x[i], &a->after.x[i], 8);
    for (int i = 0; i < 32; i++) {
        if (memcmp(e->after.v[i], a->after.v[i], 16)) {
            print_difference("v", i, e->after.v[i], a->after.v[i], 16);
            printf("      (before: %016llx%016llx)\n", (unsigned long long)c->before.v[i][1], (unsigned long long)c->before.v[i][0]);
        }
    }
    for (int i = 0; i < CASE_MEMORY; i += 8)
        if (memcmp(e->memory + i, a->memory + i, 8))
            print_difference("memory+", i, e->memory + i, a->memory + i, 8);
    for (unsigned i = 0; i < c->count; i++) {
        unsigned rn = c->insns[i] >> 5 & 31, rm = c->insns[i] >> 16 & 31, ra = c->insns[i] >> 10 & 31;
        printf("      in: v%u %016llx%016llx v%u %016llx%016llx v%u %016llx%016llx\n", rn, (unsigned long long)c->before.v[rn][1], (unsigned long long)c->before.v[rn][0], rm,
               (unsigned long long)c->before.v[rm][1], (unsigned long long)c->before.v[rm][0], ra, (unsigned long long)c->before.v[ra][1], (unsigned long long)c->before.v[ra][0]);
        if (rn < 31 && rm < 31)
            printf("          x%u %016llx x%u %016llx\n", rn, (unsigned long long)c->before.x[rn], rm, (unsigned long long)c->before.x[rm]);
    }
}

#define FPSR_UFC 0x08u
#define FPSR_IXC 0x10u
#define FPSR_IDC 0x80u
#define FPCR_FZ 0x1000000u

/* What may differ, each with its reason (docs/limits.md): removed from both sides. */
static void forgive(const struct test_case *c, struct test_result *e, struct test_result *a)
{
    /* Linux says ILL_ILLOPC for an undefined instruction, qemu-user ILL_ILLOPN. */
    if (e->signal == SIGILL && a->signal == SIGILL)
        e->code = a->code = 0;
    /* The host's unit does not tell flushed inputs, and reports inexact with a flushed result. */
    if (c->before.fpcr & FPCR_FZ) {
        e->after.fpsr &= ~(FPSR_IDC | FPSR_IXC | FPSR_UFC);
        a->after.fpsr &= ~(FPSR_IDC | FPSR_IXC | FPSR_UFC);
    }
    /* Tininess is detected after rounding on x86: a result that rounds up to the least normal number has no UFC. */
    if ((e->after.fpsr ^ a->after.fpsr) == FPSR_UFC && e->after.fpsr & FPSR_IXC)
        e->after.fpsr |= FPSR_UFC, a->after.fpsr |= FPSR_UFC;
}

static int compare(const char *cases_file, const char *expected_file, const char *actual_file)
{
    size_t count, expected_count, actual_count;
    struct test_case *cases = read_file(cases_file, sizeof *cases, &count);
    struct test_result *expected = read_file(expected_file, sizeof *expected, &expected_count);
    struct test_result *actual = read_file(actual_file, sizeof *actual, &actual_count);
    if (expected_count != count || actual_count != count) {
        printf("  %zu cases, %zu expected results, %zu actual results\n", count, expected_count, actual_count);
        return 1;
    }
    size_t different = 0;
    unsigned *by_pattern = calloc(aarch64_patterns.count, sizeof *by_pattern);
    for (size_t i = 0; i < count; i++) {
        forgive(&cases[i], &expected[i], &actual[i]);
        if (memcmp(&expected[i], &actual[i], sizeof *expected) == 0)
            continue;
        if (by_pattern[cases[i].pattern]++ == 0 && different < MAX_REPORTS)
            explain(&cases[i], &expected[i], &actual[i]);
        different++;
    }
    if (different) {
        printf("  %zu of %zu cases differ, by pattern:", different, count);
        for (unsigned i = 0; i < aarch64_patterns.count; i++)
            if (by_pattern[i])
                printf(" %s:%u", aarch64_patterns.patterns[i].name, by_pattern[i]);
        printf("\n");
    }
    return different != 0;
}

static int coverage(const char *cases_file)
{
    size_t count;
    struct test_case *cases = read_file(cases_file, sizeof *cases, &count);
    unsigned *seen = calloc(aarch64_patterns.count, sizeof *seen), covered = 0, missing = 0;
    for (size_t i = 0; i < count; i++)
        seen[cases[i].pattern]++;
    for (unsigned i = 0; i < aarch64_patterns.count; i++) {
        covered += seen[i] != 0;
        if (!seen[i] && !contains(aarch64_patterns.patterns[i].name, "svc")) {
            missing++;
            printf("  not exercised: %s\n", aarch64_patterns.patterns[i].name);
        }
    }
    printf("  %zu cases, %u of %u patterns exercised\n", count, covered, aarch64_patterns.count);
    return missing != 0;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "generate") == 0)
        return generate(strtoull(argv[2], NULL, 0), (unsigned)atoi(argv[3]), argv[4], argc > 5 ? argv[5] : NULL);
    if (argc == 5 && strcmp(argv[1], "compare") == 0)
        return compare(argv[2], argv[3], argv[4]);
    if (argc == 3 && strcmp(argv[1], "coverage") == 0)
        return coverage(argv[2]);
    fprintf(stderr, "usage: differential generate SEED CASES FILE [NAME] | compare CASES EXPECTED ACTUAL | coverage CASES\n");
    return 2;
}
