/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints what an AArch64 CPU computes, as lines "insn.formats fpcr operands… = result fpsr", for tests/unit/softfloat.c.
 *
 *     aarch64-linux-gnu-gcc -O1 -static -march=armv8.2-a+fp16 generate.c -o generate
 *     generate COUNT SEED > softfloat.vectors      (on the hardware, or under an emulator that is known to be exact)
 *
 * COUNT random lines are drawn from all instructions, control words and operands; COUNT 0: corner operands against each other.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t execute(uint64_t a, uint64_t b, uint64_t c);
struct insn { const char *name; execute *run; char formats[3]; unsigned char operands; };     /* formats: result first unless equal */

#define ONE(mnemonic, r, t, f) \
    static uint64_t mnemonic##_##r##_##t##_##f(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)b, (void)c; \
        __asm__ volatile("fmov d1, %1\n" #mnemonic " " #r "0, " #t "1\n" "fmov %0, d0" : "=r"(result) : "r"(a) : "v0", "v1"); \
        return result; \
    }
#define TWO(mnemonic, r) \
    static uint64_t mnemonic##_##r(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)c; \
        __asm__ volatile("fmov d1, %1\nfmov d2, %2\n" #mnemonic " " #r "0, " #r "1, " #r "2\nfmov %0, d0" \
                         : "=r"(result) : "r"(a), "r"(b) : "v0", "v1", "v2"); \
        return result; \
    }
#define THREE(mnemonic, r) \
    static uint64_t mnemonic##_##r(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        __asm__ volatile("fmov d1, %1\nfmov d2, %2\nfmov d3, %3\n" #mnemonic " " #r "0, " #r "1, " #r "2, " #r "3\nfmov %0, d0" \
                         : "=r"(result) : "r"(a), "r"(b), "r"(c) : "v0", "v1", "v2", "v3"); \
        return result; \
    }
#define COMPARE(mnemonic, r) \
    static uint64_t mnemonic##_##r(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)c; \
        __asm__ volatile("fmov d1, %1\nfmov d2, %2\n" #mnemonic " " #r "1, " #r "2\nmrs %0, nzcv" \
                         : "=r"(result) : "r"(a), "r"(b) : "v1", "v2", "cc"); \
        return result; \
    }
#define TO_INT(mnemonic, r, f) \
    static uint64_t mnemonic##_##r##_##f(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)b, (void)c; \
        __asm__ volatile("fmov d1, %1\n" #mnemonic " " #r "0, " #f "1\nmov %0, x0" : "=r"(result) : "r"(a) : "x0", "v1"); \
        return result; \
    }
#define TO_FIXED(mnemonic, r, f, bits) \
    static uint64_t mnemonic##_##r##_##f##_##bits(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)b, (void)c; \
        __asm__ volatile("fmov d1, %1\n" #mnemonic " " #r "0, " #f "1, #" #bits "\nmov %0, x0" : "=r"(result) : "r"(a) : "x0", "v1"); \
        return result; \
    }
#define FROM_FIXED(mnemonic, f, r, bits) \
    static uint64_t mnemonic##_##f##_##r##_##bits(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)b, (void)c; \
        __asm__ volatile("mov x0, %1\n" #mnemonic " " #f "0, " #r "0, #" #bits "\nfmov %0, d0" : "=r"(result) : "r"(a) : "x0", "v0"); \
        return result; \
    }
#define FROM_INT(mnemonic, f, r) \
    static uint64_t mnemonic##_##f##_##r(uint64_t a, uint64_t b, uint64_t c) \
    { \
        uint64_t result; \
        (void)b, (void)c; \
        __asm__ volatile("mov x0, %1\n" #mnemonic " " #f "0, " #r "0\nfmov %0, d0" : "=r"(result) : "r"(a) : "x0", "v0"); \
        return result; \
    }

#define FORMATS(macro, mnemonic) macro(mnemonic, h) macro(mnemonic, s) macro(mnemonic, d)
#define TWO_LIST(x) x(fadd) x(fsub) x(fmul) x(fdiv) x(fmulx) x(fmin) x(fmax) x(fminnm) x(fmaxnm) x(frecps) x(frsqrts) x(fnmul)
#define TWO_DEFINE(mnemonic) FORMATS(TWO_IF, mnemonic)
#define TWO_IF(mnemonic, f) TWO(mnemonic, f)
TWO_LIST(TWO_DEFINE)
#define THREE_LIST(x) x(fmadd) x(fmsub) x(fnmadd) x(fnmsub)
#define THREE_DEFINE(mnemonic) FORMATS(THREE, mnemonic)
THREE_LIST(THREE_DEFINE)
#define ONE_LIST(x) x(fsqrt) x(frecpe) x(frsqrte) x(frecpx) x(frintn) x(frintp) x(frintm) x(frintz) x(frinta) x(frintx) x(frinti)
#define ONE_DEFINE(mnemonic) ONE(mnemonic, h, h, x) ONE(mnemonic, s, s, x) ONE(mnemonic, d, d, x)
ONE_LIST(ONE_DEFINE)
#define COMPARE_LIST(x) x(fcmp) x(fcmpe)
#define COMPARE_DEFINE(mnemonic) FORMATS(COMPARE, mnemonic)
COMPARE_LIST(COMPARE_DEFINE)
ONE(fcvt, s, h, x) ONE(fcvt, d, h, x) ONE(fcvt, h, s, x) ONE(fcvt, d, s, x) ONE(fcvt, h, d, x) ONE(fcvt, s, d, x) ONE(fcvtxn, s, d, x)
#define TO_INT_LIST(x) x(fcvtns) x(fcvtnu) x(fcvtps) x(fcvtpu) x(fcvtms) x(fcvtmu) x(fcvtas) x(fcvtau) x(fcvtzs) x(fcvtzu)
#define TO_INT_DEFINE(m) TO_INT(m, w, h) TO_INT(m, x, h) TO_INT(m, w, s) TO_INT(m, x, s) TO_INT(m, w, d) TO_INT(m, x, d)
TO_INT_LIST(TO_INT_DEFINE)
#define TO_FIXED_LIST(x) x(fcvtzs) x(fcvtzu)
#define TO_FIXED_DEFINE(m) TO_FIXED(m, w, h, 13) TO_FIXED(m, x, h, 50) TO_FIXED(m, w, s, 32) TO_FIXED(m, x, s, 7) TO_FIXED(m, w, d, 1) TO_FIXED(m, x, d, 64)
TO_FIXED_LIST(TO_FIXED_DEFINE)
#define FROM_LIST(x) x(scvtf) x(ucvtf)
#define FROM_INT_DEFINE(m) FROM_INT(m, h, w) FROM_INT(m, h, x) FROM_INT(m, s, w) FROM_INT(m, s, x) FROM_INT(m, d, w) FROM_INT(m, d, x)
#define FROM_FIXED_DEFINE(m) FROM_FIXED(m, h, w, 32) FROM_FIXED(m, h, x, 50) FROM_FIXED(m, s, w, 13) FROM_FIXED(m, s, x, 64) FROM_FIXED(m, d, w, 9) FROM_FIXED(m, d, x, 1)
FROM_LIST(FROM_INT_DEFINE)
FROM_LIST(FROM_FIXED_DEFINE)

#define SAME_ROW(m, r, count) {#m "." #r, m##_##r, #r, count},
#define TWO_ROW(m) SAME_ROW(m, h, 2) SAME_ROW(m, s, 2) SAME_ROW(m, d, 2)
#define THREE_ROW(m) SAME_ROW(m, h, 3) SAME_ROW(m, s, 3) SAME_ROW(m, d, 3)
#define ONE_ROW(m) {#m ".h", m##_h_h_x, "h", 1}, {#m ".s", m##_s_s_x, "s", 1}, {#m ".d", m##_d_d_x, "d", 1},
#define CVT_ROW(m, r, f) {#m "." #r "." #f, m##_##r##_##f##_x, #f, 1},
#define INT_ROW(m, r, f) {#m "." #r "." #f ".0", m##_##r##_##f, #f, 1},
#define FIXED_ROW(m, r, f, bits) {#m "." #r "." #f "." #bits, m##_##r##_##f##_##bits, #f, 1},
#define TO_INT_ROW(m) INT_ROW(m, w, h) INT_ROW(m, x, h) INT_ROW(m, w, s) INT_ROW(m, x, s) INT_ROW(m, w, d) INT_ROW(m, x, d)
#define TO_FIXED_ROW(m) FIXED_ROW(m, w, h, 13) FIXED_ROW(m, x, h, 50) FIXED_ROW(m, w, s, 32) FIXED_ROW(m, x, s, 7) FIXED_ROW(m, w, d, 1) FIXED_ROW(m, x, d, 64)
#define FROM_INT_ROW(m) INT_ROW(m, h, w) INT_ROW(m, h, x) INT_ROW(m, s, w) INT_ROW(m, s, x) INT_ROW(m, d, w) INT_ROW(m, d, x)
#define FROM_FIXED_ROW(m) FIXED_ROW(m, h, w, 32) FIXED_ROW(m, h, x, 50) FIXED_ROW(m, s, w, 13) FIXED_ROW(m, s, x, 64) FIXED_ROW(m, d, w, 9) FIXED_ROW(m, d, x, 1)
static const struct insn insns[] = {
    TWO_LIST(TWO_ROW) THREE_LIST(THREE_ROW) ONE_LIST(ONE_ROW) COMPARE_LIST(TWO_ROW)
    CVT_ROW(fcvt, s, h) CVT_ROW(fcvt, d, h) CVT_ROW(fcvt, h, s) CVT_ROW(fcvt, d, s) CVT_ROW(fcvt, h, d) CVT_ROW(fcvt, s, d) CVT_ROW(fcvtxn, s, d)
    TO_INT_LIST(TO_INT_ROW) TO_FIXED_LIST(TO_FIXED_ROW) FROM_LIST(FROM_INT_ROW) FROM_LIST(FROM_FIXED_ROW)
};
enum { INSN_COUNT = sizeof insns / sizeof insns[0] };

static uint64_t state = 1;
static uint64_t random_bits(void)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

static void layout(char format, int *exponent, int *fraction)
{
    *exponent = format == 'h' ? 5 : format == 's' ? 8 : 11;
    *fraction = format == 'h' ? 10 : format == 's' ? 23 : 52;
}

/* The k-th corner value: exponents at the edges with fractions at the edges. Integers: bits at the edges. */
enum { CORNER_EXPONENTS = 12, CORNER_FRACTIONS = 7, CORNERS = 2 * CORNER_EXPONENTS * CORNER_FRACTIONS };
static uint64_t corner(char format, unsigned k)
{
    static const uint64_t integers[] = {0, 1, 3, 0x7f, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x1000001, 0x1ffffff,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x20000000000001, 0x7ffffffffffffc00, 0xfffffffffffffbff, 0x7fffff80, 0xff800001};
    if (format == 'w' || format == 'x')
        return integers[k % (sizeof integers / sizeof integers[0])];
    int e, f;
    layout(format, &e, &f);
    uint64_t all = (1ull << e) - 1, middle = all >> 1;
    uint64_t exponents[CORNER_EXPONENTS] = {0, 1, all, all - 1, middle, middle - 1, middle + 1, middle + f, middle - f, 2, middle / 2, middle + middle / 2};
    uint64_t fractions[CORNER_FRACTIONS] = {0, 1, (1ull << f) - 1, 1ull << (f - 1), (1ull << (f - 1)) - 1, 3ull << (f - 2), 1ull << (f - 2)};
    uint64_t bits = exponents[k / 2 % CORNER_EXPONENTS] << f | fractions[k / 2 / CORNER_EXPONENTS % CORNER_FRACTIONS];
    return bits | (uint64_t)(k & 1) << (e + f);
}

static uint64_t operand(char format)
{
    uint64_t r = random_bits();
    if (format == 'w' || format == 'x')
        return r & 1 ? corner(format, (unsigned)(r >> 8)) : (uint64_t)((int64_t)random_bits() >> (r >> 8 & 63));
    int e, f;
    layout(format, &e, &f);
    uint64_t mask = e + f == 63 ? ~0ull : (1ull << (e + f + 1)) - 1;
    uint64_t bits = random_bits() & mask, middle = (1ull << (e - 1)) - 1;
    switch (r & 7) {
    case 0: case 1: return corner(format, r >> 8);
    case 2: return bits;
    case 3: return bits & ~(((1ull << e) - 1) << f);                                         /* subnormal */
    case 4: return bits & ~((1ull << (f / 2)) - 1);                                          /* short fractions: exact results and ties */
    default: return (bits & ~(((1ull << e) - 1) << f)) | (middle + (r >> 8) % 24 - 12) << f; /* near one: cancellation, integers */
    }
}

static void print_line(const struct insn *insn, uint64_t fpcr, const uint64_t values[3])
{
    uint64_t result, fpsr;
    __asm__ volatile("msr fpsr, xzr\nmsr fpcr, %0" ::"r"(fpcr));
    result = insn->run(values[0], values[1], values[2]);
    __asm__ volatile("mrs %0, fpsr\nmsr fpcr, xzr" : "=r"(fpsr));
    printf("%s %llx", insn->name, (unsigned long long)fpcr);
    for (int i = 0; i < insn->operands; i++)
        printf(" %llx", (unsigned long long)values[i]);
    printf(" = %llx %llx\n", (unsigned long long)result, (unsigned long long)(fpsr & 0x9f));
}

static uint64_t random_control(void)
{
    uint64_t r = random_bits();
    uint64_t fpcr = (r & 3) << 22;
    if (r >> 8 & 1)
        fpcr |= (r >> 9 & 1) << 24 | (r >> 10 & 1) << 19 | (r >> 11 & 1) << 25 | (r >> 12 & 1) << 26;
    return fpcr;
}

static void corners(const struct insn *insn)
{
    uint64_t values[3] = {0};
    unsigned second = insn->operands > 1 ? CORNERS : 1;
    for (unsigned i = 0; i < CORNERS; i++)
        for (unsigned k = 0; k < second; k++) {
            values[0] = corner(insn->formats[0], i);
            values[1] = corner(insn->formats[0], k);
            values[2] = operand(insn->formats[0]);
            print_line(insn, random_control(), values);
        }
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    state = argc > 2 ? strtoul(argv[2], NULL, 0) * 2 + 1 : 1;
    for (unsigned i = 0; count == 0 && i < INSN_COUNT; i++)
        corners(&insns[i]);
    for (unsigned long i = 0; i < count; i++) {
        const struct insn *insn = &insns[i % INSN_COUNT];
        uint64_t values[3] = {operand(insn->formats[0]), operand(insn->formats[0]), operand(insn->formats[0])};
        if ((random_bits() & 7) == 0)
            values[1] = values[0] ^ (random_bits() & 3);
        print_line(insn, random_control(), values);
    }
    return 0;
}
