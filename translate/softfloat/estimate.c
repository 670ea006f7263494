/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reciprocal and square root estimates and their Newton steps: Arm ARM, shared/functions/float, FPRecipEstimate,
 * FPRSqrtEstimate, FPRecpX, FPRecipStepFused, FPRSqrtStepFused. The estimates are exact by definition; the tables of older
 * manuals are computed here.
 */
#include "translate/softfloat/core.h"

/* Nine-bit estimate of the reciprocal of a number in 256..511 (units of 1/512). */
static unsigned reciprocal_table(unsigned scaled)
{
    unsigned a = scaled * 2 + 1;
    unsigned b = (1u << 19) / a;
    return (b + 1) / 2;
}

/* The same of the square root's reciprocal, of a number in 128..511. */
static unsigned sqrt_table(unsigned scaled)
{
    uint64_t a = scaled < 256 ? scaled * 2 + 1 : ((scaled >> 1 << 1) + 1) * 2;
    uint64_t b = 512;
    while (a * (b + 1) * (b + 1) < (1u << 28))
        b++;
    return (unsigned)(b + 1) / 2;
}

static bool overflows(const struct softfloat_mode *m, bool sign)
{
    switch (m->rounding) {
    case SOFTFLOAT_UP:   return !sign;
    case SOFTFLOAT_DOWN: return sign;
    case SOFTFLOAT_ZERO: return false;
    default:             return true;
    }
}

/* A fraction of 52 bits and a biased exponent, as a value of format f. */
static uint64_t assemble(const struct format *f, bool sign, int exponent, uint64_t fraction)
{
    return pack_sign(f, sign) | (uint64_t)exponent << f->fraction_bits | fraction >> (52 - f->fraction_bits);
}

static uint64_t reciprocal_of_finite(const struct format *f, struct parts p)
{
    unsigned scaled = (unsigned)(p.significand >> 55);        /* 1:fraction<51:44> */
    int exponent = 2 * f->bias - 1 - (p.exponent + f->bias);
    uint64_t fraction = (uint64_t)(reciprocal_table(scaled) & 0xff) << 44;
    if (exponent == 0) {
        fraction = (uint64_t)1 << 51 | fraction >> 1;
    } else if (exponent == -1) {
        fraction = (uint64_t)1 << 50 | fraction >> 2;
        exponent = 0;
    }
    return assemble(f, p.sign, exponent, fraction);
}

uint64_t softfloat_reciprocal_estimate(struct softfloat_mode *m, enum softfloat_format f, uint64_t a)
{
    const struct format *format = &softfloat_formats[f];
    struct parts p = softfloat_unpack(m, f, a);
    if (is_nan(p))
        return softfloat_nan(m, f, p, a);
    if (is_infinite(p))
        return pack_zero(format, p.sign);
    if (is_zero(p)) {
        m->flags |= SOFTFLOAT_DIVIDE_BY_ZERO;
        return pack_infinity(format, p.sign);
    }
    if (p.exponent < -format->bias - 1) {
        m->flags |= SOFTFLOAT_OVERFLOW | SOFTFLOAT_INEXACT;
        return overflows(m, p.sign) ? pack_infinity(format, p.sign) : pack_largest(format, p.sign);
    }
    if (softfloat_flushes_outputs(m, f) && p.exponent >= format->bias - 1) {
        m->flags |= SOFTFLOAT_UNDERFLOW;
        return pack_zero(format, p.sign);
    }
    return reciprocal_of_finite(format, p);
}

uint64_t softfloat_sqrt_estimate(struct softfloat_mode *m, enum softfloat_format f, uint64_t a)
{
    const struct format *format = &softfloat_formats[f];
    struct parts p = softfloat_unpack(m, f, a);
    if (is_nan(p))
        return softfloat_nan(m, f, p, a);
    if (is_zero(p)) {
        m->flags |= SOFTFLOAT_DIVIDE_BY_ZERO;
        return pack_infinity(format, p.sign);
    }
    if (p.sign)
        return softfloat_invalid(m, f);
    if (is_infinite(p))
        return pack_zero(format, false);
    int biased = p.exponent + format->bias;
    unsigned scaled = (unsigned)(p.significand >> (biased & 1 ? 56 : 55));
    int exponent = (3 * format->bias - 1 - biased) / 2;
    return assemble(format, false, exponent, (uint64_t)(sqrt_table(scaled) & 0xff) << 44);
}

uint64_t softfloat_reciprocal_exponent(struct softfloat_mode *m, enum softfloat_format f, uint64_t a)
{
    const struct format *format = &softfloat_formats[f];
    struct parts p = softfloat_unpack(m, f, a);
    if (is_nan(p))
        return softfloat_nan(m, f, p, a);
    uint64_t exponent = a >> format->fraction_bits & ones(format->exponent_bits);
    uint64_t result = exponent == 0 ? format->exponent_max - 1u : ~exponent & ones(format->exponent_bits);
    return pack_sign(format, p.sign) | result << format->fraction_bits;
}

/* (constant - a*b) / 2^halvings, one rounding. Infinity times zero gives the constant divided so. */
static uint64_t step(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, struct parts constant, int halvings)
{
    const struct format *format = &softfloat_formats[f];
    a ^= pack_sign(format, true);
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    uint64_t result;
    if (softfloat_nan_of_two(m, f, pa, a, pb, b, &result))
        return result;
    bool infinite = is_infinite(pa) || is_infinite(pb), zero = is_zero(pa) || is_zero(pb);
    if (infinite && !zero)
        return pack_infinity(format, pa.sign != pb.sign);
    if (zero)
        return softfloat_round_pack(m, f, false, constant.exponent - halvings, (wide)constant.significand << 64);
    struct sum sum = softfloat_fused_sum(pa, pb, constant);
    if (sum.is_zero)
        return pack_zero(format, zero_sum_sign(m));
    return softfloat_round_pack(m, f, sum.sign, sum.exponent - halvings, sum.significand);
}

uint64_t softfloat_reciprocal_step(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return step(m, f, a, b, (struct parts){.kind = KIND_FINITE, .exponent = 1, .significand = (uint64_t)1 << 63}, 0);
}

uint64_t softfloat_sqrt_step(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return step(m, f, a, b, (struct parts){.kind = KIND_FINITE, .exponent = 1, .significand = (uint64_t)3 << 62}, 1);
}
