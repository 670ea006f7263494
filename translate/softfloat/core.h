/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of softfloat share: a format-free number (struct parts) and the two places where formats matter,
 * taking bits apart and rounding back into them. Every operation is unpack, integer arithmetic, round.
 */
#ifndef FERRY_SOFTFLOAT_CORE_H
#define FERRY_SOFTFLOAT_CORE_H

#include "translate/softfloat/softfloat.h"

typedef unsigned __int128 wide;

struct format {
    uint8_t bits, exponent_bits, fraction_bits;
    int16_t bias;
    uint16_t exponent_max;                /* the biased exponent of infinities and NaNs */
};
extern const struct format softfloat_formats[3];

enum kind { KIND_ZERO, KIND_FINITE, KIND_INFINITY, KIND_QUIET_NAN, KIND_SIGNALLING_NAN };

/* A finite value is significand * 2^(exponent - 63), bit 63 of the significand set. */
struct parts {
    enum kind kind;
    bool sign;
    int exponent;
    uint64_t significand;
};

static inline bool is_nan(struct parts p) { return p.kind >= KIND_QUIET_NAN; }
static inline bool is_infinite(struct parts p) { return p.kind == KIND_INFINITY; }
static inline bool is_zero(struct parts p) { return p.kind == KIND_ZERO; }

static inline uint64_t ones(unsigned count) { return count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1; }
static inline unsigned leading_zeros(uint64_t value) { return value ? (unsigned)__builtin_clzll(value) : 64; }
static inline unsigned wide_leading_zeros(wide value)
{
    return (uint64_t)(value >> 64) ? leading_zeros((uint64_t)(value >> 64)) : 64 + leading_zeros((uint64_t)value);
}
/* value >> count; what falls off is remembered in the lowest bit, so that rounding still sees it. */
static inline wide shift_right_sticky(wide value, unsigned count)
{
    if (count == 0)
        return value;
    if (count >= 128)
        return value != 0;
    return value >> count | ((value << (128 - count)) != 0);
}

static inline uint64_t pack_sign(const struct format *f, bool sign) { return (uint64_t)sign << (f->bits - 1); }
static inline uint64_t pack_zero(const struct format *f, bool sign) { return pack_sign(f, sign); }
static inline uint64_t pack_infinity(const struct format *f, bool sign)
{
    return pack_sign(f, sign) | (uint64_t)f->exponent_max << f->fraction_bits;
}
static inline uint64_t pack_largest(const struct format *f, bool sign) { return pack_infinity(f, sign) - 1; }
static inline uint64_t quiet_bit(const struct format *f) { return (uint64_t)1 << (f->fraction_bits - 1); }
static inline uint64_t default_nan(const struct format *f) { return pack_infinity(f, false) | quiet_bit(f); }
uint64_t softfloat_power_of_two(enum softfloat_format f, bool sign, int exponent);

/* The sign of an exact zero sum of nonzero or opposite terms. */
static inline bool zero_sum_sign(const struct softfloat_mode *m) { return m->rounding == SOFTFLOAT_DOWN; }

bool softfloat_flushes_outputs(const struct softfloat_mode *m, enum softfloat_format f);
struct parts softfloat_unpack(struct softfloat_mode *m, enum softfloat_format f, uint64_t bits);
/* For conversions between formats: half precision is never flushed here, and may be the alternative one. */
struct parts softfloat_unpack_for_conversion(struct softfloat_mode *m, enum softfloat_format f, uint64_t bits);

/* significand * 2^(exponent - 127), any normalisation, zero excluded: rounded by m->rounding. */
uint64_t softfloat_round_pack(struct softfloat_mode *m, enum softfloat_format f, bool sign, int exponent, wide significand);
uint64_t softfloat_round_pack_conversion(struct softfloat_mode *m, enum softfloat_format f, bool sign, int exponent, wide significand);
/* Whether rounding steps away from zero, given the lowest kept bit and the dropped bits (top aligned). */
bool softfloat_rounds_up(enum softfloat_rounding rounding, bool sign, bool odd, wide dropped);

static inline uint64_t softfloat_invalid(struct softfloat_mode *m, enum softfloat_format f)
{
    m->flags |= SOFTFLOAT_INVALID;
    return default_nan(&softfloat_formats[f]);
}
uint64_t softfloat_nan(struct softfloat_mode *m, enum softfloat_format f, struct parts p, uint64_t bits);
/* If an operand is a NaN, the NaN result of the operation and true. */
bool softfloat_nan_of_two(struct softfloat_mode *m, enum softfloat_format f, struct parts pa, uint64_t a, struct parts pb, uint64_t b,
                          uint64_t *result);

struct sum { bool is_zero; bool sign; int exponent; wide significand; };
/* a*b + c for finite a, b (nonzero) and c (possibly zero), before rounding. is_zero: the terms cancelled. */
struct sum softfloat_fused_sum(struct parts a, struct parts b, struct parts c);

#endif
