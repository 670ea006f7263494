/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the CPU can do (Intel SDM vol. 2, CPUID), asked once. The baseline is x86-64-v2; a set that the operating system does
 * not save (XCR0) counts as absent.
 */
#include "translate/host/x86_64/emit.h"

#include <stdlib.h>
#include <string.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#else
#include <cpuid.h>
#endif

struct x86_64_features x86_64_features;

enum { XCR0_AVX = 0x6, XCR0_AVX512 = 0xe6 };

struct leaf { unsigned eax, ebx, ecx, edx; };

/* The C library has asked already, where it tells: CPUID costs microseconds in a virtual machine. */
#if __has_include(<sys/platform/x86.h>)
enum { BASIC = CPUID_INDEX_1, STRUCTURED = CPUID_INDEX_7, EXTENDED = CPUID_INDEX_80000001 };

static struct leaf cpuid_leaf(unsigned index)
{
    const unsigned *words = __x86_get_cpuid_feature_leaf(index)->cpuid_array;
    return (struct leaf){words[0], words[1], words[2], words[3]};
}
#else
enum { BASIC = 1, STRUCTURED = 7 };
#define EXTENDED 0x80000001u

static struct leaf cpuid_leaf(unsigned number)
{
    struct leaf leaf = {0};
    __get_cpuid_count(number, 0, &leaf.eax, &leaf.ebx, &leaf.ecx, &leaf.edx);
    return leaf;
}
#endif

static unsigned enabled_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool bit(unsigned word, unsigned number) { return word >> number & 1; }

/* What the levels of the x86-64 ABI have; v4 with the later parts of AVX-512. */
static void limit_level(struct x86_64_features *features, char level)
{
    struct x86_64_features old = *features;
    if (level == '2')
        *features = (struct x86_64_features){.popcnt = old.popcnt};
    else if (level == '3' || level == '4')
        *features = (struct x86_64_features){.avx = old.avx, .avx2 = old.avx2, .fma = old.fma, .bmi1 = old.bmi1, .bmi2 = old.bmi2, .lzcnt = old.lzcnt,
                                            .popcnt = old.popcnt, .movbe = old.movbe, .f16c = old.f16c, .avx512 = level == '4' && old.avx512,
                                            .avx512_bitalg = level == '4' && old.avx512_bitalg};
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
        if (at[-1] == '-' && (at[length] == '-' || at[length] == 0))
            return true;
    return false;
}

/* FERRY_HOST_FEATURES=[v2|v3|v4][-NAME]…: no more than that level has, and without those, so that one machine tests the code of older ones. */
static void limit_features(struct x86_64_features *features)
{
    const char *limits = getenv("FERRY_HOST_FEATURES");
    if (limits == NULL || limits[0] == 0)
        return;
    if (limits[0] == 'v')
        limit_level(features, limits[1]);
#define WITHOUT(name) \
    if (has_word(limits + 1, #name)) \
        features->name = false;
    X86_64_FEATURES(WITHOUT)
#undef WITHOUT
    /* What is written in VEX or EVEX form needs the sets below it. */
    features->avx2 &= features->avx, features->fma &= features->avx, features->f16c &= features->avx, features->gfni &= features->avx;
    features->avx512 &= features->avx2, features->avx512_bitalg &= features->avx512;
}

/* Foundation, doubles and quadwords, conflict detection (with the leading zeros), bytes and words, and all of them on 128 bits. */
static bool has_avx512(struct leaf structured, unsigned state)
{
    static const uint8_t bits[] = {16, 17, 28, 30, 31};
    for (unsigned i = 0; i < sizeof bits; i++)
        if (!bit(structured.ebx, bits[i]))
            return false;
    return bit(structured.ebx, 5) && (state & XCR0_AVX512) == XCR0_AVX512;
}

bool x86_64_features_probe(void)
{
    struct leaf basic = cpuid_leaf(BASIC), structured = cpuid_leaf(STRUCTURED), extended = cpuid_leaf(EXTENDED);
    unsigned state = bit(basic.ecx, 27) ? enabled_state() : 0;
    bool has_avx = bit(basic.ecx, 28) && (state & XCR0_AVX) == XCR0_AVX;
    bool avx512 = has_avx && has_avx512(structured, state);
    x86_64_features = (struct x86_64_features){
        .avx = has_avx,
        .avx2 = has_avx && bit(structured.ebx, 5),
        .fma = has_avx && bit(basic.ecx, 12),
        .bmi1 = bit(structured.ebx, 3) && has_avx,         /* VEX encoded: they need the same support */
        .bmi2 = bit(structured.ebx, 8) && has_avx,
        .lzcnt = bit(extended.ecx, 5),
        .popcnt = bit(basic.ecx, 23),
        .movbe = bit(basic.ecx, 22),
        .aes = bit(basic.ecx, 25),
        .pclmulqdq = bit(basic.ecx, 1),
        .sha = bit(structured.ebx, 29),
        .f16c = has_avx && bit(basic.ecx, 29),
        .avx512 = avx512,
        .avx512_bitalg = avx512 && bit(structured.ecx, 12),
        .gfni = has_avx && bit(structured.ecx, 8),         /* its VEX form is used */
    };
    limit_features(&x86_64_features);
    /* x86-64-v2: SSE3, SSSE3, SSE4.1, SSE4.2, cmpxchg16b, popcnt, lahf in 64-bit mode. */
    return bit(basic.ecx, 0) && bit(basic.ecx, 9) && bit(basic.ecx, 19) && bit(basic.ecx, 20) && bit(basic.ecx, 13) && bit(basic.ecx, 23) &&
           bit(extended.ecx, 0);
}
