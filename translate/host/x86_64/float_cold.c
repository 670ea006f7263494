/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The exact side of the float emitters: whole IR operations in integer arithmetic, for NaNs, saturation and whatever the
 * host's instructions lack. Called from translated code with the operands in vcpu.helper_vector; built with
 * -mgeneral-regs-only, so that no vector register and no MXCSR bit changes.
 */
#include "translate/host/x86_64/vector_cold.h"

#include <stddef.h>

#include "translate/ir/ir.h"
#include "translate/softfloat/vcpu_mode.h"

/* An instruction as vector.c packs it. */
struct exact {
    enum ir_op op;
    enum ir_type type;
    unsigned lane, cond, imm;
    struct softfloat_mode mode;
};

static enum softfloat_format format_of(unsigned lane)
{
    return lane == LANE_64 ? SOFTFLOAT_F64 : lane == LANE_32 ? SOFTFLOAT_F32 : SOFTFLOAT_F16;
}

static unsigned lane_of_type(enum ir_type type)
{
    return type == IR_F64 || type == IR_I64 ? LANE_64 : type == IR_F32 || type == IR_I32 ? LANE_32 : LANE_16;
}

static enum softfloat_rounding rounding_of(const struct exact *x)
{
    return x->cond == ROUND_CURRENT ? x->mode.rounding : (enum softfloat_rounding)x->cond;
}

static uint64_t get_lane(const union vector128 *v, unsigned lane, unsigned i)
{
    return lane == LANE_64 ? v->u64[i] : lane == LANE_32 ? v->u32[i] : lane == LANE_16 ? v->u16[i] : v->u8[i];
}

static void set_lane(union vector128 *v, unsigned lane, unsigned i, uint64_t value)
{
    if (lane == LANE_64)
        v->u64[i] = value;
    else if (lane == LANE_32)
        v->u32[i] = (uint32_t)value;
    else
        v->u16[i] = (uint16_t)value;
}

/* -- scalar --------------------------------------------------------------------------------------------------------- */

static uint64_t scalar_mul_add(struct exact *x, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t sign = x->type == IR_F64 ? (uint64_t)1 << 63 : 0x80000000;
    if (x->imm & 1)
        a ^= sign;
    if (x->imm & 2)
        c ^= sign;
    return softfloat_mul_add(&x->mode, format_of(lane_of_type(x->type)), a, b, c);
}

static uint64_t scalar(struct exact *x, uint64_t a, uint64_t b, uint64_t c)
{
    struct softfloat_mode *m = &x->mode;
    enum softfloat_format f = format_of(lane_of_type(x->type)), source = format_of(x->lane);
    unsigned bits = x->type == IR_I64 ? 64 : 32;
    switch (x->op) {
    case IR_float_add: return softfloat_add(m, f, a, b);
    case IR_float_sub: return softfloat_sub(m, f, a, b);
    case IR_float_mul: return softfloat_mul(m, f, a, b);
    case IR_float_div: return softfloat_div(m, f, a, b);
    case IR_float_sqrt: return softfloat_sqrt(m, f, a);
    case IR_float_mul_add: return scalar_mul_add(x, a, b, c);
    case IR_float_min: return softfloat_min(m, f, a, b);
    case IR_float_max: return softfloat_max(m, f, a, b);
    case IR_float_min_number: return softfloat_min_number(m, f, a, b);
    case IR_float_max_number: return softfloat_max_number(m, f, a, b);
    case IR_float_convert: return softfloat_convert(m, f, source, a);
    case IR_float_round: return softfloat_round(m, f, a, rounding_of(x), x->imm & 1);
    case IR_float_to_signed: return softfloat_to_int(m, source, a, bits, true, 0, rounding_of(x));
    case IR_float_to_unsigned: return softfloat_to_int(m, source, a, bits, false, 0, rounding_of(x));
    default: return 0;
    }
}

static unsigned source_lane(const struct exact *x)
{
    switch (x->op) {
    case IR_float_convert: case IR_float_to_signed: case IR_float_to_unsigned: return x->lane;
    default: return lane_of_type(x->type);
    }
}

static void run_scalar(struct exact *x, const union vector128 v[3], union vector128 *result)
{
    unsigned lane = source_lane(x);
    uint64_t value = scalar(x, get_lane(&v[0], lane, 0), get_lane(&v[1], lane, 0), get_lane(&v[2], lane, 0));
    *result = (union vector128){.u64 = {value, 0}};
}

/* -- vectors ------------------------------------------------------------------------------------------------------------ */

static uint64_t vector_mul_add_lane(struct exact *x, uint64_t a, uint64_t b, uint64_t c)
{
    if (x->cond & 1)
        a ^= x->lane == LANE_64 ? (uint64_t)1 << 63 : 0x80000000;
    return softfloat_mul_add(&x->mode, format_of(x->lane), a, b, c);
}

static uint64_t vector_lane(struct exact *x, uint64_t a, uint64_t b, uint64_t c)
{
    struct softfloat_mode *m = &x->mode;
    enum softfloat_format f = format_of(x->lane);
    unsigned bits = 8u << x->lane;
    switch (x->op) {
    case IR_vector_float_add: return softfloat_add(m, f, a, b);
    case IR_vector_float_sub: return softfloat_sub(m, f, a, b);
    case IR_vector_float_mul: return softfloat_mul(m, f, a, b);
    case IR_vector_float_div: return softfloat_div(m, f, a, b);
    case IR_vector_float_sqrt: return softfloat_sqrt(m, f, a);
    case IR_vector_float_mul_add: return vector_mul_add_lane(x, a, b, c);
    case IR_vector_float_min: return softfloat_min(m, f, a, b);
    case IR_vector_float_max: return softfloat_max(m, f, a, b);
    case IR_vector_float_min_number: return softfloat_min_number(m, f, a, b);
    case IR_vector_float_max_number: return softfloat_max_number(m, f, a, b);
    case IR_vector_float_round: return softfloat_round(m, f, a, rounding_of(x), x->imm & 2);
    case IR_vector_float_to_signed: return softfloat_to_int(m, f, a, bits, true, 0, rounding_of(x));
    case IR_vector_float_to_unsigned: return softfloat_to_int(m, f, a, bits, false, 0, rounding_of(x));
    default: return 0;
    }
}

static void run_vector(struct exact *x, const union vector128 v[3], union vector128 *result)
{
    unsigned count = (x->imm & 1 ? 8u : 16u) >> x->lane;
    *result = (union vector128){.u64 = {0, 0}};
    for (unsigned i = 0; i < count; i++)
        set_lane(result, x->lane, i,
                 vector_lane(x, get_lane(&v[0], x->lane, i), get_lane(&v[1], x->lane, i), get_lane(&v[2], x->lane, i)));
}

/* Between `lane` and twice that width. */
static void run_vector_convert(struct exact *x, const union vector128 v[3], union vector128 *result)
{
    bool widen = x->op == IR_vector_float_widen;
    unsigned from = widen ? x->lane : x->lane + 1, to = widen ? x->lane + 1 : x->lane;
    if (!widen && x->cond == 1)
        x->mode.rounding = SOFTFLOAT_TO_ODD;
    *result = (union vector128){.u64 = {0, 0}};
    for (unsigned i = 0; i < 8u >> x->lane; i++)
        set_lane(result, to, i, softfloat_convert(&x->mode, format_of(to), format_of(from), get_lane(&v[0], from, i)));
}

void x86_64_float_cold(struct vcpu *cpu, uint64_t extra)
{
    struct exact x = {.op = extra & 0xff, .type = extra >> 8 & 15, .lane = extra >> 12 & 15, .cond = extra >> 16 & 15, .imm = extra >> 20 & 0xff};
    cpu->slow_paths++;
    if (x86_64_vector_cold(x.op, x.lane, x.cond, x.imm, cpu->helper_vector, &cpu->helper_result))
        return;
    softfloat_mode_from_vcpu(&x.mode, cpu);
    if (x.op == IR_vector_float_widen || x.op == IR_vector_float_narrow)
        run_vector_convert(&x, cpu->helper_vector, &cpu->helper_result);
    else if (x.type == IR_V128)
        run_vector(&x, cpu->helper_vector, &cpu->helper_result);
    else
        run_scalar(&x, cpu->helper_vector, &cpu->helper_result);
    softfloat_flags_to_vcpu(cpu, &x.mode);
}

uint32_t x86_64_compare_bits(const struct vcpu *cpu, enum ir_type type, uint64_t a, uint64_t b)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, cpu);
    return softfloat_compare(&mode, format_of(lane_of_type(type)), a, b, false);
}

_Static_assert(IR_OP_COUNT <= 256, "eight bits hold an operation's number");
