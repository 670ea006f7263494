/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * softfloat against recorded results of AArch64 instructions (softfloat/softfloat.vectors, printed by softfloat/generate.c).
 * FERRY_SOFTFLOAT_VECTORS names another file of such lines, for longer runs.
 */
#include "translate/softfloat/softfloat.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TEST_SOURCE_DIRECTORY
#define TEST_SOURCE_DIRECTORY "."
#endif

struct line {
    char mnemonic[16], first, second;     /* formats as the assembler's register letters; second 0: none */
    unsigned fraction_bits;
    uint64_t fpcr, operand[3], result, fpsr;
};

static enum softfloat_format format_of(char letter)
{
    return letter == 'h' ? SOFTFLOAT_F16 : letter == 's' ? SOFTFLOAT_F32 : SOFTFLOAT_F64;
}

static bool parse(const char *text, struct line *line)
{
    char name[32];
    int used;
    memset(line, 0, sizeof *line);
    if (sscanf(text, "%31s %lx%n", name, &line->fpcr, &used) != 2)
        return false;
    text += used;
    for (int i = 0; i < 3 && sscanf(text, " %lx%n", &line->operand[i], &used) == 1; i++)
        text += used;
    int parts = sscanf(name, "%15[a-z].%c.%c.%u", line->mnemonic, &line->first, &line->second, &line->fraction_bits);
    return sscanf(text, " = %lx %lx", &line->result, &line->fpsr) == 2 && parts >= 2;
}

static struct softfloat_mode mode_of(uint64_t fpcr)
{
    static const uint8_t rounding[4] = {SOFTFLOAT_NEAREST_EVEN, SOFTFLOAT_UP, SOFTFLOAT_DOWN, SOFTFLOAT_ZERO};
    bool flush = fpcr >> 24 & 1;
    return (struct softfloat_mode){
        .rounding = rounding[fpcr >> 22 & 3], .flush_inputs = flush, .flush_outputs = flush,
        .flush_half = fpcr >> 19 & 1, .default_nan = fpcr >> 25 & 1, .alternative_half = fpcr >> 26 & 1,
    };
}

static uint64_t fpsr_of(uint32_t flags)
{
    return (uint64_t)((flags & SOFTFLOAT_INVALID) != 0) << 0 | (uint64_t)((flags & SOFTFLOAT_DIVIDE_BY_ZERO) != 0) << 1 |
           (uint64_t)((flags & SOFTFLOAT_OVERFLOW) != 0) << 2 | (uint64_t)((flags & SOFTFLOAT_UNDERFLOW) != 0) << 3 |
           (uint64_t)((flags & SOFTFLOAT_INEXACT) != 0) << 4 | (uint64_t)((flags & SOFTFLOAT_INPUT_DENORMAL) != 0) << 7;
}

typedef uint64_t unary(struct softfloat_mode *, enum softfloat_format, uint64_t);
typedef uint64_t binary(struct softfloat_mode *, enum softfloat_format, uint64_t, uint64_t);
static const struct { const char *name; unary *function; } unaries[] = {
    {"fsqrt", softfloat_sqrt}, {"frecpe", softfloat_reciprocal_estimate}, {"frsqrte", softfloat_sqrt_estimate},
    {"frecpx", softfloat_reciprocal_exponent},
};
static const struct { const char *name; binary *function; } binaries[] = {
    {"fadd", softfloat_add}, {"fsub", softfloat_sub}, {"fmul", softfloat_mul}, {"fdiv", softfloat_div}, {"fmulx", softfloat_mulx},
    {"fmin", softfloat_min}, {"fmax", softfloat_max}, {"fminnm", softfloat_min_number}, {"fmaxnm", softfloat_max_number},
    {"frecps", softfloat_reciprocal_step}, {"frsqrts", softfloat_sqrt_step},
};
static const struct { const char *name; bool negate_product, negate_addend; } fused[] = {
    {"fmadd", false, false}, {"fmsub", true, false}, {"fnmadd", true, true}, {"fnmsub", false, true},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum softfloat_rounding rounding_of(const struct softfloat_mode *m, char letter)
{
    switch (letter) {
    case 'n': return SOFTFLOAT_NEAREST_EVEN;
    case 'p': return SOFTFLOAT_UP;
    case 'm': return SOFTFLOAT_DOWN;
    case 'z': return SOFTFLOAT_ZERO;
    case 'a': return SOFTFLOAT_NEAREST_AWAY;
    default:  return m->rounding;
    }
}

static uint64_t negated(enum softfloat_format f, uint64_t value)
{
    return value ^ (uint64_t)1 << (f == SOFTFLOAT_F16 ? 15 : f == SOFTFLOAT_F32 ? 31 : 63);
}

static uint64_t convert(struct softfloat_mode *m, const struct line *line)
{
    const char *name = line->mnemonic;
    enum softfloat_format first = format_of(line->first), second = format_of(line->second);
    if (strcmp(name, "fcvt") == 0)
        return softfloat_convert(m, first, second, line->operand[0]);
    if (strcmp(name, "fcvtxn") == 0) {
        m->rounding = SOFTFLOAT_TO_ODD;
        return softfloat_convert(m, first, second, line->operand[0]);
    }
    if (strcmp(name, "scvtf") == 0 || strcmp(name, "ucvtf") == 0)
        return softfloat_from_int(m, first, line->operand[0], line->second == 'w' ? 32 : 64, name[0] == 's', line->fraction_bits);
    cr_assert(strncmp(name, "fcvt", 4) == 0, "unknown instruction %s", name);
    return softfloat_to_int(m, second, line->operand[0], line->first == 'w' ? 32 : 64, name[5] == 's', line->fraction_bits,
                            rounding_of(m, name[4]));
}

static uint64_t compute(struct softfloat_mode *m, const struct line *line)
{
    const char *name = line->mnemonic;
    enum softfloat_format f = format_of(line->first);
    const uint64_t *v = line->operand;
    for (size_t i = 0; i < COUNT(unaries); i++)
        if (strcmp(name, unaries[i].name) == 0)
            return unaries[i].function(m, f, v[0]);
    for (size_t i = 0; i < COUNT(binaries); i++)
        if (strcmp(name, binaries[i].name) == 0)
            return binaries[i].function(m, f, v[0], v[1]);
    for (size_t i = 0; i < COUNT(fused); i++)
        if (strcmp(name, fused[i].name) == 0)
            return softfloat_mul_add(m, f, fused[i].negate_product ? negated(f, v[0]) : v[0], v[1],
                                     fused[i].negate_addend ? negated(f, v[2]) : v[2]);
    if (strcmp(name, "fnmul") == 0)       /* negates NaNs too */
        return negated(f, softfloat_mul(m, f, v[0], v[1]));
    if (strncmp(name, "fcmp", 4) == 0)
        return softfloat_compare(m, f, v[0], v[1], name[4] == 'e');
    if (strncmp(name, "frint", 5) == 0)
        return softfloat_round(m, f, v[0], rounding_of(m, name[5]), name[5] == 'x');
    return convert(m, line);
}

Test(softfloat, recorded_instructions)
{
    const char *other = getenv("FERRY_SOFTFLOAT_VECTORS");
    const char *path = other ? other : TEST_SOURCE_DIRECTORY "/tests/unit/softfloat/softfloat.vectors";
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "cannot open %s", path);
    char text[256];
    unsigned long lines = 0, wrong = 0;
    while (fgets(text, sizeof text, file)) {
        struct line line;
        cr_assert(parse(text, &line), "bad line: %s", text);
        struct softfloat_mode mode = mode_of(line.fpcr);
        uint64_t result = compute(&mode, &line);
        lines++;
        if (result == line.result && fpsr_of(mode.flags) == line.fpsr)
            continue;
        if (wrong++ < 40)
            fprintf(stderr, "got %lx %lx for %s", result, fpsr_of(mode.flags), text);
    }
    fclose(file);
    cr_assert(lines > 100);
    cr_assert(wrong == 0, "%lu of %lu differ", wrong, lines);
}

/* Guests that detect tininess after rounding: the value that rounds up to the smallest normal number is not tiny. */
Test(softfloat, tininess_after_rounding)
{
    uint64_t half = 0x3f000000, almost_two_minimum = 0x00ffffff;      /* halved: all ones below the smallest normal */
    struct softfloat_mode before = {0}, after = {.tininess_after_rounding = true};
    cr_assert(softfloat_mul(&before, SOFTFLOAT_F32, almost_two_minimum, half) == 0x00800000);
    cr_assert(before.flags == (SOFTFLOAT_UNDERFLOW | SOFTFLOAT_INEXACT));
    cr_assert(softfloat_mul(&after, SOFTFLOAT_F32, almost_two_minimum, half) == 0x00800000);
    /* 24 ones at half the smallest normal's exponent: exact in 24 bits, so tiny after rounding as well. */
    cr_assert(after.flags == (SOFTFLOAT_UNDERFLOW | SOFTFLOAT_INEXACT));
    after.flags = 0;
    cr_assert(softfloat_mul(&after, SOFTFLOAT_F64, 0x001fffffffffffff, 0x3fe0000000000001) == 0x0010000000000000);
    cr_assert(after.flags == SOFTFLOAT_INEXACT);
}
