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

/* FERRY_HOST_FEATURES=v2 or v3: no more than that level of the x86-64 ABI has, so that one machine tests the code of older ones. */
static void limit_features(struct x86_64_features *features)
{
    const char *level = getenv("FERRY_HOST_FEATURES");
    if (level == NULL)
        return;
    struct x86_64_features old = *features;
    if (strcmp(level, "v2") == 0)
        *features = (struct x86_64_features){.popcnt = old.popcnt, .pku = old.pku};
    else if (strcmp(level, "v3") == 0)
        *features = (struct x86_64_features){.avx = old.avx, .avx2 = old.avx2, .fma = old.fma, .bmi1 = old.bmi1, .bmi2 = old.bmi2, .lzcnt = old.lzcnt,
                                            .popcnt = old.popcnt, .movbe = old.movbe, .f16c = old.f16c, .pku = old.pku};
}

bool x86_64_features_probe(void)
{
    struct leaf basic = cpuid_leaf(BASIC), structured = cpuid_leaf(STRUCTURED), extended = cpuid_leaf(EXTENDED);
    unsigned state = bit(basic.ecx, 27) ? enabled_state() : 0;
    bool has_avx = bit(basic.ecx, 28) && (state & XCR0_AVX) == XCR0_AVX;
    bool has_avx512 = has_avx && bit(structured.ebx, 16) && (state & XCR0_AVX512) == XCR0_AVX512;
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
        .avx512vl = has_avx512 && bit(structured.ebx, 31),
        .avx512dq = has_avx512 && bit(structured.ebx, 17),
        .avx512bw = has_avx512 && bit(structured.ebx, 30),
        .avx512vbmi = has_avx512 && bit(structured.ecx, 1),
        .avx512_bitalg = has_avx512 && bit(structured.ecx, 12),
        .gfni = bit(structured.ecx, 8),
        .pku = bit(structured.ecx, 4),
    };
    limit_features(&x86_64_features);
    /* x86-64-v2: SSE3, SSSE3, SSE4.1, SSE4.2, cmpxchg16b, popcnt, lahf in 64-bit mode. */
    return bit(basic.ecx, 0) && bit(basic.ecx, 9) && bit(basic.ecx, 19) && bit(basic.ecx, 20) && bit(basic.ecx, 13) && bit(basic.ecx, 23) &&
           bit(extended.ecx, 0);
}
