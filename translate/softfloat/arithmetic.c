/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Add, multiply, divide, square root, fused multiply-add, minimum and maximum, comparison: Arm ARM, shared/functions/float,
 * the function of the same name with FP before it.
 */
#include "translate/softfloat/core.h"

static const struct parts one = {.kind = KIND_FINITE, .significand = (uint64_t)1 << 63};

static uint64_t pack_sum(struct softfloat_mode *m, enum softfloat_format f, struct sum sum)
{
    if (sum.is_zero)
        return pack_zero(&softfloat_formats[f], zero_sum_sign(m));
    return softfloat_round_pack(m, f, sum.sign, sum.exponent, sum.significand);
}

static uint64_t round_parts(struct softfloat_mode *m, enum softfloat_format f, struct parts p)
{
    const struct format *format = &softfloat_formats[f];
    switch (p.kind) {
    case KIND_ZERO:     return pack_zero(format, p.sign);
    case KIND_INFINITY: return pack_infinity(format, p.sign);
    default:            return softfloat_round_pack(m, f, p.sign, p.exponent, (wide)p.significand << 64);
    }
}

static uint64_t add_parts(struct softfloat_mode *m, enum softfloat_format f, struct parts a, struct parts b)
{
    if (is_infinite(a) && is_infinite(b) && a.sign != b.sign)
        return softfloat_invalid(m, f);
    if (is_infinite(a) || (is_zero(b) && !is_zero(a)))
        return round_parts(m, f, a);
    if (is_infinite(b))
        return round_parts(m, f, b);
    if (is_zero(a) && is_zero(b))
        return pack_zero(&softfloat_formats[f], a.sign == b.sign ? a.sign : zero_sum_sign(m));
    if (is_zero(a))
        return round_parts(m, f, b);
    return pack_sum(m, f, softfloat_fused_sum(a, one, b));
}

uint64_t softfloat_add(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    uint64_t result;
    if (softfloat_nan_of_two(m, f, pa, a, pb, b, &result))
        return result;
    return add_parts(m, f, pa, pb);
}

uint64_t softfloat_sub(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    uint64_t result;
    if (softfloat_nan_of_two(m, f, pa, a, pb, b, &result))
        return result;
    pb.sign = !pb.sign;
    return add_parts(m, f, pa, pb);
}

static uint64_t multiply(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, bool extended)
{
    const struct format *format = &softfloat_formats[f];
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    bool sign = pa.sign != pb.sign;
    uint64_t result;
    if (softfloat_nan_of_two(m, f, pa, a, pb, b, &result))
        return result;
    if ((is_infinite(pa) && is_zero(pb)) || (is_zero(pa) && is_infinite(pb)))
        return extended ? softfloat_power_of_two(f, sign, 1) : softfloat_invalid(m, f);
    if (is_infinite(pa) || is_infinite(pb))
        return pack_infinity(format, sign);
    if (is_zero(pa) || is_zero(pb))
        return pack_zero(format, sign);
    return softfloat_round_pack(m, f, sign, pa.exponent + pb.exponent + 1, (wide)pa.significand * pb.significand);
}

uint64_t softfloat_mul(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b) { return multiply(m, f, a, b, false); }

uint64_t softfloat_mulx(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b) { return multiply(m, f, a, b, true); }

static uint64_t divide_finite(struct softfloat_mode *m, enum softfloat_format f, bool sign, struct parts a, struct parts b)
{
    /* Half the dividend, so that the quotient is below 2^64; it has 63 or 64 bits and the remainder makes the sticky one. */
    wide dividend = (wide)a.significand << 63;
    wide quotient = dividend / b.significand;
    bool inexact = quotient * b.significand != dividend;
    return softfloat_round_pack(m, f, sign, a.exponent - b.exponent, quotient << 64 | inexact);
}

uint64_t softfloat_div(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    const struct format *format = &softfloat_formats[f];
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    bool sign = pa.sign != pb.sign;
    uint64_t result;
    if (softfloat_nan_of_two(m, f, pa, a, pb, b, &result))
        return result;
    if ((is_infinite(pa) && is_infinite(pb)) || (is_zero(pa) && is_zero(pb)))
        return softfloat_invalid(m, f);
    if (is_infinite(pa) || is_zero(pb)) {
        if (!is_infinite(pa))
            m->flags |= SOFTFLOAT_DIVIDE_BY_ZERO;
        return pack_infinity(format, sign);
    }
    if (is_zero(pa) || is_infinite(pb))
        return pack_zero(format, sign);
    return divide_finite(m, f, sign, pa, pb);
}

/* The integer square root, digit by digit; *inexact: it is not the exact one. */
static uint64_t wide_root(wide value, bool *inexact)
{
    wide root = 0, rest = 0;
    for (int step = 0; step < 64; step++) {
        rest = rest << 2 | (uint64_t)(value >> 126);
        value <<= 2;
        root <<= 1;
        if (rest > root << 1) {
            rest -= root << 1 | 1;
            root |= 1;
        }
    }
    *inexact = rest != 0;
    return (uint64_t)root;
}

uint64_t softfloat_sqrt(struct softfloat_mode *m, enum softfloat_format f, uint64_t a)
{
    struct parts p = softfloat_unpack(m, f, a);
    if (is_nan(p))
        return softfloat_nan(m, f, p, a);
    if (is_zero(p))
        return pack_zero(&softfloat_formats[f], p.sign);
    if (p.sign)
        return softfloat_invalid(m, f);
    if (is_infinite(p))
        return pack_infinity(&softfloat_formats[f], false);
    /* The exponent is made even and halved; the significand, one place higher if it was odd, gives a root of 64 bits. */
    bool odd = p.exponent & 1, inexact;
    uint64_t root = wide_root((wide)p.significand << (odd ? 64 : 63), &inexact);
    int exponent = (p.exponent - odd) / 2;
    return softfloat_round_pack(m, f, false, exponent, (wide)root << 64 | inexact);
}

static uint64_t nan_of_three(struct softfloat_mode *m, enum softfloat_format f, const struct parts p[3], const uint64_t bits[3])
{
    for (enum kind kind = KIND_SIGNALLING_NAN; kind >= KIND_QUIET_NAN; kind--)
        for (int i = 0; i < 3; i++)
            if (p[i].kind == kind)
                return softfloat_nan(m, f, p[i], bits[i]);
    return default_nan(&softfloat_formats[f]);
}

uint64_t softfloat_mul_add(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, uint64_t c)
{
    const struct format *format = &softfloat_formats[f];
    const uint64_t bits[3] = {c, a, b};
    const struct parts pc = softfloat_unpack(m, f, c), pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    bool sign = pa.sign != pb.sign;
    bool invalid_product = (is_infinite(pa) && is_zero(pb)) || (is_zero(pa) && is_infinite(pb));
    if (invalid_product && pc.kind == KIND_QUIET_NAN)
        return softfloat_invalid(m, f);
    if (is_nan(pa) || is_nan(pb) || is_nan(pc))
        return nan_of_three(m, f, (const struct parts[3]){pc, pa, pb}, bits);
    bool infinite_product = is_infinite(pa) || is_infinite(pb);
    if (invalid_product || (infinite_product && is_infinite(pc) && sign != pc.sign))
        return softfloat_invalid(m, f);
    if (infinite_product || is_infinite(pc))
        return pack_infinity(format, infinite_product ? sign : pc.sign);
    if (is_zero(pa) || is_zero(pb))
        return add_parts(m, f, pc, (struct parts){.kind = KIND_ZERO, .sign = sign});
    return pack_sum(m, f, softfloat_fused_sum(pa, pb, pc));
}

/* -1, 0, 1; neither is a NaN. Zeros of both signs are equal. */
static int compare_parts(struct parts a, struct parts b)
{
    if (is_zero(a) && is_zero(b))
        return 0;
    if (is_zero(a))
        return b.sign ? 1 : -1;
    if (is_zero(b) || a.sign != b.sign)
        return a.sign ? -1 : 1;
    int magnitude = 0;
    if (a.kind != b.kind)
        magnitude = is_infinite(a) ? 1 : -1;
    else if (is_infinite(a))
        magnitude = 0;
    else if (a.exponent != b.exponent)
        magnitude = a.exponent > b.exponent ? 1 : -1;
    else if (a.significand != b.significand)
        magnitude = a.significand > b.significand ? 1 : -1;
    return a.sign ? -magnitude : magnitude;
}

uint32_t softfloat_compare(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, bool signalling)
{
    enum { N = 8u << 28, Z = 4u << 28, C = 2u << 28, V = 1u << 28 };
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    if (is_nan(pa) || is_nan(pb)) {
        if (signalling || pa.kind == KIND_SIGNALLING_NAN || pb.kind == KIND_SIGNALLING_NAN)
            m->flags |= SOFTFLOAT_INVALID;
        return (uint32_t)C | V;
    }
    int order = compare_parts(pa, pb);
    return order < 0 ? (uint32_t)N : order == 0 ? (uint32_t)Z | C : (uint32_t)C;
}

static uint64_t extremum(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, bool want_maximum)
{
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    uint64_t result;
    if (softfloat_nan_of_two(m, f, pa, a, pb, b, &result))
        return result;
    int order = compare_parts(pa, pb);
    if (order == 0 && is_zero(pa))
        return pack_zero(&softfloat_formats[f], want_maximum ? pa.sign && pb.sign : pa.sign || pb.sign);
    return round_parts(m, f, (want_maximum ? order > 0 : order < 0) ? pa : pb);
}

uint64_t softfloat_min(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b) { return extremum(m, f, a, b, false); }

uint64_t softfloat_max(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b) { return extremum(m, f, a, b, true); }

/* A quiet NaN loses against a number: it becomes the infinity that never wins. */
static uint64_t extremum_number(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, bool want_maximum)
{
    struct parts pa = softfloat_unpack(m, f, a), pb = softfloat_unpack(m, f, b);
    uint64_t loser = pack_infinity(&softfloat_formats[f], want_maximum);
    if (pa.kind == KIND_QUIET_NAN && pb.kind != KIND_QUIET_NAN)
        a = loser;
    else if (pb.kind == KIND_QUIET_NAN && pa.kind != KIND_QUIET_NAN)
        b = loser;
    return extremum(m, f, a, b, want_maximum);
}

uint64_t softfloat_min_number(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return extremum_number(m, f, a, b, false);
}

uint64_t softfloat_max_number(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return extremum_number(m, f, a, b, true);
}
