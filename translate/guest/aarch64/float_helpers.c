/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What lowering of floating point leaves to softfloat: half precision arithmetic, reciprocal estimates and steps, fixed point, FJCVTZS,
 * and the integer estimates. Called from translated code without saving vector registers: built without host floating point.
 */
#include "translate/guest/aarch64/vector.h"
#include "translate/softfloat/softfloat.h"
#include "translate/softfloat/vcpu_mode.h"

static enum softfloat_format format_of(unsigned lane) { return (enum softfloat_format)(lane - LANE_16); }

static uint64_t get_lane(const union vector128 *v, unsigned lane, unsigned i)
{
    switch (lane) {
    case LANE_16: return v->u16[i];
    case LANE_32: return v->u32[i];
    default: return v->u64[i];
    }
}
static void set_lane(union vector128 *v, unsigned lane, unsigned i, uint64_t value)
{
    switch (lane) {
    case LANE_16: v->u16[i] = (uint16_t)value; break;
    case LANE_32: v->u32[i] = (uint32_t)value; break;
    default: v->u64[i] = value; break;
    }
}

static enum softfloat_rounding rounding_of(const struct softfloat_mode *m, unsigned rounding)
{
    return (enum softfloat_rounding)(rounding == ROUND_CURRENT ? m->rounding : rounding);
}

static uint64_t ones_if(bool condition, unsigned lane) { return condition ? lane_ones(lane) : 0; }

/* Z and C are equal or above, N is below, all but V are ordered (struct softfloat_mode's compare). */
enum { NZCV_N = 8, NZCV_Z = 4, NZCV_C = 2, NZCV_V = 1 };
static uint64_t compare_lane(struct softfloat_mode *m, const struct lane_call *call, uint64_t a, uint64_t b)
{
    unsigned nzcv = softfloat_compare(m, format_of(call->lane), a, b, call->function != LANE_EQUAL) >> 28;
    switch (call->function) {
    case LANE_EQUAL: return ones_if(nzcv & NZCV_Z, call->lane);
    case LANE_GREATER: return ones_if(nzcv == NZCV_C, call->lane);
    default: return ones_if(nzcv & NZCV_C && !(nzcv & NZCV_V), call->lane);
    }
}

static uint64_t compute_lane(struct softfloat_mode *m, const struct lane_call *call, uint64_t a, uint64_t b, uint64_t c)
{
    enum softfloat_format format = format_of(call->lane);
    switch (call->function) {
    case LANE_ADD: return softfloat_add(m, format, a, b);
    case LANE_SUB: return softfloat_sub(m, format, a, b);
    case LANE_MUL: return softfloat_mul(m, format, a, b);
    case LANE_MULX: return softfloat_mulx(m, format, a, b);
    case LANE_DIV: return softfloat_div(m, format, a, b);
    case LANE_MIN: return softfloat_min(m, format, a, b);
    case LANE_MAX: return softfloat_max(m, format, a, b);
    case LANE_MIN_NUMBER: return softfloat_min_number(m, format, a, b);
    case LANE_MAX_NUMBER: return softfloat_max_number(m, format, a, b);
    case LANE_RECIPROCAL_STEP: return softfloat_reciprocal_step(m, format, a, b);
    case LANE_SQRT_STEP: return softfloat_sqrt_step(m, format, a, b);
    case LANE_EQUAL: case LANE_GREATER: case LANE_GREATER_EQUAL: return compare_lane(m, call, a, b);
    case LANE_MUL_ADD: return softfloat_mul_add(m, format, a, b, c);
    case LANE_SQRT: return softfloat_sqrt(m, format, a);
    case LANE_RECIPROCAL_ESTIMATE: return softfloat_reciprocal_estimate(m, format, a);
    case LANE_SQRT_ESTIMATE: return softfloat_sqrt_estimate(m, format, a);
    case LANE_RECIPROCAL_EXPONENT: return softfloat_reciprocal_exponent(m, format, a);
    case LANE_ROUND: return softfloat_round(m, format, a, rounding_of(m, call->rounding), call->exact);
    case LANE_TO_INT: return softfloat_to_int(m, format, a, call->int_bits, call->is_signed, call->fraction, rounding_of(m, call->rounding));
    case LANE_FROM_INT: return softfloat_from_int(m, format, a, call->int_bits, call->is_signed, call->fraction);
    }
    return 0;
}

uint64_t aarch64_helper_vector_float(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    const struct lane_call call = lane_call_unpack(extra);
    const union vector128 *v = cpu->helper_vector;
    union vector128 result = {.u64 = {0, 0}};
    for (unsigned i = 0; i < call.count; i++) {
        uint64_t lane_a = get_lane(&v[0], call.lane, i), lane_b = get_lane(&v[1], call.lane, i), lane_c = get_lane(&v[2], call.lane, i);
        set_lane(&result, call.lane, i, compute_lane(&mode, &call, lane_a, lane_b, lane_c));
    }
    softfloat_flags_to_vcpu(cpu, &mode);
    cpu->helper_result = result;
    return 0;
}

uint64_t aarch64_helper_vector_convert(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    unsigned to = extra & 3, from = extra >> 2 & 3, count = extra >> 4 & 0x1f;
    union vector128 result = {.u64 = {0, 0}};
    for (unsigned i = 0; i < count; i++) {
        set_lane(&result, to, i, softfloat_convert(&mode, format_of(to), format_of(from), get_lane(&cpu->helper_vector[0], from, i)));
    }
    softfloat_flags_to_vcpu(cpu, &mode);
    cpu->helper_result = result;
    return 0;
}

uint64_t aarch64_helper_float_compare(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    unsigned lane = extra & 3;
    uint64_t left = get_lane(&cpu->helper_vector[0], lane, 0), right = get_lane(&cpu->helper_vector[1], lane, 0);
    uint32_t nzcv = softfloat_compare(&mode, format_of(lane), left, right, extra >> 2 & 1);
    softfloat_flags_to_vcpu(cpu, &mode);
    return nzcv;
}

uint64_t aarch64_helper_float_to_int(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    const struct lane_call call = lane_call_unpack(extra);
    uint64_t result = compute_lane(&mode, &call, get_lane(&cpu->helper_vector[0], call.lane, 0), 0, 0);
    softfloat_flags_to_vcpu(cpu, &mode);
    return result;
}

uint64_t aarch64_helper_float_from_int(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)b, (void)c;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    const struct lane_call call = lane_call_unpack(extra);
    uint64_t number = call.int_bits == 32 ? (uint32_t)a : a;
    cpu->helper_result = (union vector128){.u64 = {compute_lane(&mode, &call, number, 0, 0), 0}};
    softfloat_flags_to_vcpu(cpu, &mode);
    return 0;
}

/* FPToFixedJS (Arm ARM, shared pseudocode): towards zero, modulo 2^32. */
uint64_t aarch64_helper_float_to_int_javascript(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c, (void)extra;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    uint64_t bits = cpu->helper_vector[0].u64[0], fraction = bits & (((uint64_t)1 << 52) - 1), result = 0;
    int exponent = (int)(bits >> 52 & 0x7ff), shift = exponent - 1075;
    bool negative = bits >> 63, exact = false;
    if (exponent == 0x7ff) {
        mode.flags |= SOFTFLOAT_INVALID;
    } else if (exponent == 0) {
        exact = !negative && (!fraction || mode.flush_inputs);
        mode.flags |= !fraction ? 0 : mode.flush_inputs ? SOFTFLOAT_INPUT_DENORMAL : SOFTFLOAT_INEXACT;
    } else {
        uint64_t number = fraction | (uint64_t)1 << 52;
        uint64_t whole = shift >= 64 ? 0 : shift >= 0 ? number << shift : shift > -64 ? number >> -shift : 0;
        bool lost = shift < 0 && (shift <= -64 || whole << -shift != number);
        result = negative ? 0 - whole : whole;
        bool in_range = shift <= 0 && (negative ? whole <= 0x80000000u : whole <= 0x7fffffffu);
        mode.flags |= !in_range ? SOFTFLOAT_INVALID : lost ? SOFTFLOAT_INEXACT : 0;
        exact = in_range && !lost;
    }
    softfloat_flags_to_vcpu(cpu, &mode);
    return (uint32_t)result | (uint64_t)(exact ? NZCV_Z : 0) << 60;
}

/* RecipEstimate and RecipSqrtEstimate (Arm ARM, shared pseudocode): 9-bit operands of 256..511 and 128..511, 9-bit results. */
static unsigned reciprocal_estimate(unsigned a)
{
    a = a * 2 + 1;
    unsigned b = (1u << 19) / a;
    return (b + 1) / 2;
}
static unsigned sqrt_estimate(unsigned a)
{
    a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
    unsigned b = 512;
    while (a * (b + 1) * (b + 1) < 1u << 28) {
        b++;
    }
    return (b + 1) / 2;
}

uint64_t aarch64_helper_vector_estimate(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c;
    union vector128 result;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t operand = cpu->helper_vector[0].u32[i];
        bool in_range = extra ? operand >> 30 != 0 : operand >> 31;
        unsigned estimate = !in_range ? 0 : extra ? sqrt_estimate(operand >> 23) : reciprocal_estimate(operand >> 23);
        result.u32[i] = in_range ? estimate << 23 : 0xffffffff;
    }
    cpu->helper_result = result;
    return 0;
}
