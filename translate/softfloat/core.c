/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Taking values apart, rounding, NaNs: Arm ARM, shared/functions/float, FPUnpack, FPRound, FPProcessNaNs.
 */
#include "translate/softfloat/core.h"

const struct format softfloat_formats[3] = {
    [SOFTFLOAT_F16] = {16, 5, 10, 15, 31},
    [SOFTFLOAT_F32] = {32, 8, 23, 127, 255},
    [SOFTFLOAT_F64] = {64, 11, 52, 1023, 2047},
};

bool softfloat_flushes_outputs(const struct softfloat_mode *m, enum softfloat_format f)
{
    return f == SOFTFLOAT_F16 ? m->flush_half : m->flush_outputs;
}

uint64_t softfloat_power_of_two(enum softfloat_format f, bool sign, int exponent)
{
    const struct format *format = &softfloat_formats[f];
    return pack_sign(format, sign) | (uint64_t)(exponent + format->bias) << format->fraction_bits;
}

static struct parts unpack_bits(const struct format *f, uint64_t bits, bool no_infinities)
{
    uint64_t fraction = bits & ones(f->fraction_bits);
    unsigned exponent = bits >> f->fraction_bits & ones(f->exponent_bits);
    struct parts p = {.sign = bits >> (f->bits - 1) & 1};
    if (exponent == 0) {
        if (fraction == 0)
            return p;
        unsigned zeros = leading_zeros(fraction);
        p.kind = KIND_FINITE;
        p.significand = fraction << zeros;
        p.exponent = 1 - f->bias - f->fraction_bits + 63 - (int)zeros;
    } else if (exponent == f->exponent_max && !no_infinities) {
        p.kind = fraction == 0 ? KIND_INFINITY : fraction & quiet_bit(f) ? KIND_QUIET_NAN : KIND_SIGNALLING_NAN;
    } else {
        p.kind = KIND_FINITE;
        p.significand = (uint64_t)1 << 63 | fraction << (63 - f->fraction_bits);
        p.exponent = (int)exponent - f->bias;
    }
    return p;
}

static bool is_subnormal(const struct format *f, uint64_t bits)
{
    return (bits >> f->fraction_bits & ones(f->exponent_bits)) == 0 && (bits & ones(f->fraction_bits)) != 0;
}

static struct parts unpack(struct softfloat_mode *m, enum softfloat_format f, uint64_t bits, bool flush, bool no_infinities)
{
    const struct format *format = &softfloat_formats[f];
    if (flush && is_subnormal(format, bits)) {
        if (f != SOFTFLOAT_F16)
            m->flags |= SOFTFLOAT_INPUT_DENORMAL;
        bits = pack_zero(format, bits >> (format->bits - 1) & 1);
    }
    return unpack_bits(format, bits, no_infinities);
}

struct parts softfloat_unpack(struct softfloat_mode *m, enum softfloat_format f, uint64_t bits)
{
    return unpack(m, f, bits, f == SOFTFLOAT_F16 ? m->flush_half : m->flush_inputs, false);
}

struct parts softfloat_unpack_for_conversion(struct softfloat_mode *m, enum softfloat_format f, uint64_t bits)
{
    return unpack(m, f, bits, f != SOFTFLOAT_F16 && m->flush_inputs, f == SOFTFLOAT_F16 && m->alternative_half);
}

bool softfloat_rounds_up(enum softfloat_rounding rounding, bool sign, bool odd, wide dropped)
{
    wide half = (wide)1 << 127;
    switch (rounding) {
    case SOFTFLOAT_NEAREST_EVEN: return dropped > half || (dropped == half && odd);
    case SOFTFLOAT_NEAREST_AWAY: return dropped >= half;
    case SOFTFLOAT_UP:           return dropped != 0 && !sign;
    case SOFTFLOAT_DOWN:         return dropped != 0 && sign;
    case SOFTFLOAT_TO_ODD:       return dropped != 0 && !odd;
    case SOFTFLOAT_ZERO:         break;
    }
    return false;
}

static bool overflows_to_infinity(enum softfloat_rounding rounding, bool sign)
{
    switch (rounding) {
    case SOFTFLOAT_UP:     return !sign;
    case SOFTFLOAT_DOWN:   return sign;
    case SOFTFLOAT_ZERO:
    case SOFTFLOAT_TO_ODD: return false;
    default:               return true;
    }
}

static uint64_t overflow(struct softfloat_mode *m, const struct format *f, bool sign, bool no_infinities)
{
    if (no_infinities) {
        m->flags |= SOFTFLOAT_INVALID;
        return pack_sign(f, sign) | ones(f->bits - 1u);
    }
    m->flags |= SOFTFLOAT_OVERFLOW | SOFTFLOAT_INEXACT;
    return overflows_to_infinity(m->rounding, sign) ? pack_infinity(f, sign) : pack_largest(f, sign);
}

/* Splits a normalised significand: the top `kept_bits` bits, and the rest top aligned. kept_bits may be zero or less. */
static uint64_t split(wide significand, int kept_bits, wide *dropped)
{
    if (kept_bits > 0) {
        *dropped = significand << kept_bits;
        return (uint64_t)(significand >> (128 - kept_bits));
    }
    *dropped = shift_right_sticky(significand, (unsigned)-kept_bits);
    return 0;
}

static uint64_t round_pack(struct softfloat_mode *m, enum softfloat_format format, bool sign, int exponent, wide significand, bool flush,
                           bool no_infinities)
{
    const struct format *f = &softfloat_formats[format];
    unsigned zeros = wide_leading_zeros(significand);
    significand <<= zeros;
    exponent -= (int)zeros;
    int lowest = 1 - f->bias;
    bool tiny = exponent < lowest;
    if (tiny && flush) {
        m->flags |= SOFTFLOAT_UNDERFLOW;      /* and not inexact */
        return pack_zero(f, sign);
    }
    int full_bits = f->fraction_bits + 1;
    wide dropped;
    if (tiny && m->tininess_after_rounding && exponent == lowest - 1) {
        uint64_t kept = split(significand, full_bits, &dropped);
        if (kept == ones((unsigned)full_bits) && softfloat_rounds_up(m->rounding, sign, kept & 1, dropped))
            tiny = false;
    }
    bool subnormal = exponent < lowest;
    uint64_t kept = split(significand, subnormal ? full_bits - (lowest - exponent) : full_bits, &dropped);
    bool inexact = dropped != 0;
    if (tiny && inexact)
        m->flags |= SOFTFLOAT_UNDERFLOW;
    if (softfloat_rounds_up(m->rounding, sign, kept & 1, dropped))
        kept++;
    /* A normal number's leading bit adds one to the exponent field, and so does a carry out of the fraction. */
    uint64_t result = ((uint64_t)(subnormal ? 0 : exponent + f->bias - 1) << f->fraction_bits) + kept;
    unsigned limit = no_infinities ? f->exponent_max + 1u : f->exponent_max;
    if ((subnormal ? 0 : exponent + f->bias) >= (int)limit || result >> f->fraction_bits >= limit)
        return overflow(m, f, sign, no_infinities);
    if (inexact)
        m->flags |= SOFTFLOAT_INEXACT;
    return pack_sign(f, sign) | result;
}

uint64_t softfloat_round_pack(struct softfloat_mode *m, enum softfloat_format f, bool sign, int exponent, wide significand)
{
    return round_pack(m, f, sign, exponent, significand, softfloat_flushes_outputs(m, f), false);
}

uint64_t softfloat_round_pack_conversion(struct softfloat_mode *m, enum softfloat_format f, bool sign, int exponent, wide significand)
{
    return round_pack(m, f, sign, exponent, significand, f != SOFTFLOAT_F16 && m->flush_outputs, f == SOFTFLOAT_F16 && m->alternative_half);
}

uint64_t softfloat_nan(struct softfloat_mode *m, enum softfloat_format f, struct parts p, uint64_t bits)
{
    const struct format *format = &softfloat_formats[f];
    if (p.kind == KIND_SIGNALLING_NAN)
        m->flags |= SOFTFLOAT_INVALID;
    return m->default_nan ? default_nan(format) : (bits & ones(format->bits)) | quiet_bit(format);
}

bool softfloat_nan_of_two(struct softfloat_mode *m, enum softfloat_format f, struct parts pa, uint64_t a, struct parts pb, uint64_t b,
                          uint64_t *result)
{
    if (!is_nan(pa) && !is_nan(pb))
        return false;
    bool second = pa.kind < pb.kind && (pb.kind == KIND_SIGNALLING_NAN || !is_nan(pa));
    *result = second ? softfloat_nan(m, f, pb, b) : softfloat_nan(m, f, pa, a);
    return true;
}

static struct sum add_magnitudes(struct sum a, struct sum b)
{
    struct sum high = a.exponent >= b.exponent ? a : b, low = a.exponent >= b.exponent ? b : a;
    wide low_significand = shift_right_sticky(low.significand >> 1, (unsigned)(high.exponent - low.exponent));
    wide high_significand = high.significand >> 1;
    struct sum sum = {.sign = high.sign, .exponent = high.exponent + 1};
    if (high.sign == low.sign) {
        sum.significand = high_significand + low_significand;
    } else if (high_significand >= low_significand) {
        sum.significand = high_significand - low_significand;
    } else {
        sum.significand = low_significand - high_significand;
        sum.sign = low.sign;
    }
    sum.is_zero = sum.significand == 0;
    return sum;
}

/* Products have at most 106 significant bits and addends 53, so the halving in add_magnitudes loses nothing, and bits
 * only fall off when the exponents are far apart, where they matter as sticky ones alone. */
struct sum softfloat_fused_sum(struct parts a, struct parts b, struct parts c)
{
    wide product = (wide)a.significand * b.significand;
    struct sum p = {.sign = a.sign != b.sign, .exponent = a.exponent + b.exponent + 1, .significand = product};
    if (!(product >> 127)) {
        p.significand <<= 1;
        p.exponent--;
    }
    if (is_zero(c))
        return p;
    return add_magnitudes(p, (struct sum){.sign = c.sign, .exponent = c.exponent, .significand = (wide)c.significand << 64});
}
