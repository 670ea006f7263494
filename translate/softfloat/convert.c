/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between formats, to and from integers and fixed point, to integral values: Arm ARM, shared/functions/float, FPConvert,
 * FPToFixed, FixedToFP, FPRoundInt.
 */
#include "translate/softfloat/core.h"

/* A NaN keeps the upper bits of its fraction, and is quiet. */
static uint64_t convert_nan(const struct format *to, const struct format *from, uint64_t bits)
{
    uint64_t fraction = (bits & ones(from->fraction_bits)) << (64 - from->fraction_bits);
    return pack_infinity(to, bits >> (from->bits - 1) & 1) | quiet_bit(to) | fraction >> (64 - to->fraction_bits);
}

uint64_t softfloat_convert(struct softfloat_mode *m, enum softfloat_format to, enum softfloat_format from, uint64_t a)
{
    const struct format *format = &softfloat_formats[to];
    bool alternative = to == SOFTFLOAT_F16 && m->alternative_half;
    struct parts p = softfloat_unpack_for_conversion(m, from, a);
    if (is_nan(p)) {
        if (alternative || p.kind == KIND_SIGNALLING_NAN)
            m->flags |= SOFTFLOAT_INVALID;
        if (alternative)
            return pack_zero(format, p.sign);
        return m->default_nan ? default_nan(format) : convert_nan(format, &softfloat_formats[from], a);
    }
    if (is_infinite(p)) {
        if (!alternative)
            return pack_infinity(format, p.sign);
        m->flags |= SOFTFLOAT_INVALID;
        return pack_sign(format, p.sign) | ones(format->bits - 1u);
    }
    if (is_zero(p))
        return pack_zero(format, p.sign);
    return softfloat_round_pack_conversion(m, to, p.sign, p.exponent, (wide)p.significand << 64);
}

/* The magnitude rounded to an integer, for values below 2^64 (before rounding). */
static wide round_to_integer(struct parts p, enum softfloat_rounding rounding, bool *inexact)
{
    wide significand = (wide)p.significand << 64, dropped, kept = 0;
    if (p.exponent >= 0) {
        kept = significand >> (127 - p.exponent);
        dropped = significand << (p.exponent + 1);
    } else {
        dropped = shift_right_sticky(significand, (unsigned)(-1 - p.exponent));
    }
    *inexact = dropped != 0;
    return kept + softfloat_rounds_up(rounding, p.sign, kept & 1, dropped);
}

static uint64_t saturated(unsigned int_bits, bool is_signed, bool sign)
{
    if (is_signed)
        return sign ? (uint64_t)1 << (int_bits - 1) : ones(int_bits - 1);
    return sign ? 0 : ones(int_bits);
}

uint64_t softfloat_to_int(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, unsigned int_bits, bool is_signed,
                          unsigned fraction_bits, enum softfloat_rounding r)
{
    struct parts p = softfloat_unpack(m, f, a);
    if (is_nan(p)) {
        m->flags |= SOFTFLOAT_INVALID;
        return 0;
    }
    if (is_zero(p))
        return 0;
    p.exponent += (int)fraction_bits;
    bool inexact = false;
    wide magnitude = 0;
    bool overflows = is_infinite(p) || p.exponent >= 64;
    if (!overflows) {
        magnitude = round_to_integer(p, r, &inexact);
        wide limit = is_signed ? ((wide)1 << (int_bits - 1)) - !p.sign : p.sign ? 0 : (wide)ones(int_bits);
        overflows = magnitude > limit;
    }
    if (overflows) {
        m->flags |= SOFTFLOAT_INVALID;
        return saturated(int_bits, is_signed, p.sign);
    }
    if (inexact)
        m->flags |= SOFTFLOAT_INEXACT;
    uint64_t value = (uint64_t)magnitude;
    return (p.sign ? 0 - value : value) & ones(int_bits);
}

uint64_t softfloat_from_int(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, unsigned int_bits, bool is_signed,
                            unsigned fraction_bits)
{
    a &= ones(int_bits);
    bool sign = is_signed && a >> (int_bits - 1) & 1;
    uint64_t magnitude = sign ? (0 - a) & ones(int_bits) : a;
    if (magnitude == 0)
        return 0;
    return softfloat_round_pack(m, f, sign, 63 - (int)fraction_bits, (wide)magnitude << 64);
}

uint64_t softfloat_round(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, enum softfloat_rounding r, bool raise_inexact)
{
    const struct format *format = &softfloat_formats[f];
    struct parts p = softfloat_unpack(m, f, a);
    if (is_nan(p))
        return softfloat_nan(m, f, p, a);
    if (is_zero(p))
        return pack_zero(format, p.sign);
    if (is_infinite(p) || p.exponent >= format->fraction_bits)
        return a & ones(format->bits);
    bool inexact;
    wide magnitude = round_to_integer(p, r, &inexact);
    if (inexact && raise_inexact)
        m->flags |= SOFTFLOAT_INEXACT;
    if (magnitude == 0)
        return pack_zero(format, p.sign);
    return softfloat_round_pack(m, f, p.sign, 63, magnitude << 64);
}
