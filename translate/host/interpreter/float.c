/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group float, scalars and vectors, by softfloat alone: the machine's own FP unit is never asked, so that it can be checked.
 */
#include "translate/host/interpreter/interpreter.h"
#include "translate/softfloat/vcpu_mode.h"

typedef uint64_t unary_function(struct softfloat_mode *m, enum softfloat_format f, uint64_t a);
typedef uint64_t binary_function(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);

static enum softfloat_format format_of_type(unsigned type) { return (enum softfloat_format)(type - IR_F16); }
static enum softfloat_format format_of_lane(unsigned lane) { return (enum softfloat_format)(lane - LANE_16); }
static unsigned format_bits(enum softfloat_format f) { return 16u << f; }
static uint64_t sign_bit(enum softfloat_format f) { return (uint64_t)1 << (format_bits(f) - 1); }

static enum softfloat_rounding rounding_of(const struct softfloat_mode *m, unsigned rounding)
{
    return rounding == ROUND_CURRENT ? m->rounding : (enum softfloat_rounding)rounding;
}

/* -- scalars ------------------------------------------------------------------------------------------------------------ */

static void scalar_unary(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, unary_function *compute)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = compute(&mode, format_of_type(insn->type), integer_of(in, insn->a));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

static void scalar_binary(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, binary_function *compute)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = compute(&mode, format_of_type(insn->type), integer_of(in, insn->a), integer_of(in, insn->b));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

static void vector_unary(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, unary_function *compute);
static void vector_binary(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, binary_function *compute);

/* The scalar and the vector form of an operation. */
#define SCALAR_AND_VECTOR(name, operands, compute) \
    void interpret_float_##name(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) \
    { \
        scalar_##operands(in, insn, result, compute); \
    } \
    void interpret_vector_float_##name(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) \
    { \
        vector_##operands(in, insn, result, compute); \
    }

static uint64_t negated(struct softfloat_mode *m, enum softfloat_format f, uint64_t a)
{
    (void)m;
    return a ^ sign_bit(f);
}

static uint64_t absolute(struct softfloat_mode *m, enum softfloat_format f, uint64_t a)
{
    (void)m;
    return a & ~sign_bit(f);
}

SCALAR_AND_VECTOR(add, binary, softfloat_add)
SCALAR_AND_VECTOR(sub, binary, softfloat_sub)
SCALAR_AND_VECTOR(mul, binary, softfloat_mul)
SCALAR_AND_VECTOR(div, binary, softfloat_div)
SCALAR_AND_VECTOR(min, binary, softfloat_min)
SCALAR_AND_VECTOR(max, binary, softfloat_max)
SCALAR_AND_VECTOR(min_number, binary, softfloat_min_number)
SCALAR_AND_VECTOR(max_number, binary, softfloat_max_number)
SCALAR_AND_VECTOR(sqrt, unary, softfloat_sqrt)
SCALAR_AND_VECTOR(neg, unary, negated)
SCALAR_AND_VECTOR(abs, unary, absolute)

void interpret_float_mul_add(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    enum softfloat_format f = format_of_type(insn->type);
    uint64_t a = integer_of(in, insn->a), c = integer_of(in, insn->c);
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = softfloat_mul_add(&mode, f, insn->imm & 1 ? a ^ sign_bit(f) : a, integer_of(in, insn->b),
                                       insn->imm & 2 ? c ^ sign_bit(f) : c);
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_float_convert(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = softfloat_convert(&mode, format_of_type(insn->type), format_of_lane(insn->lane), integer_of(in, insn->a));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_float_round(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = softfloat_round(&mode, format_of_type(insn->type), integer_of(in, insn->a), rounding_of(&mode, insn->cond),
                                     insn->imm & 1);
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

static void to_integer(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, bool is_signed)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = softfloat_to_int(&mode, format_of_lane(insn->lane), integer_of(in, insn->a), 8 * ir_type_bytes(insn->type),
                                      is_signed, 0, rounding_of(&mode, insn->cond));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_float_to_signed(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    to_integer(in, insn, result, true);
}

void interpret_float_to_unsigned(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    to_integer(in, insn, result, false);
}

static void from_integer(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, bool is_signed)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    result->u64[0] = softfloat_from_int(&mode, format_of_type(insn->type), integer_of(in, insn->a), lane_bits(insn->lane), is_signed, 0);
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_float_from_signed(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    from_integer(in, insn, result, true);
}

void interpret_float_from_unsigned(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    from_integer(in, insn, result, false);
}

/* -- bits moved between classes ------------------------------------------------------------------------------------- */

void interpret_float_from_bits(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = low_bits(integer_of(in, insn->a), 8 * ir_type_bytes(insn->type));
}

void interpret_float_to_bits(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = low_bits(integer_of(in, insn->a), 8 * ir_type_bytes(insn->type));
}

void interpret_vector_from_float(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = (union vector128){.u64 = {low_bits(integer_of(in, insn->a), lane_bits(insn->lane)), 0}};
}

void interpret_float_from_vector(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = low_bits(integer_of(in, insn->a), 8 * ir_type_bytes(insn->type));
}

/* -- vectors ------------------------------------------------------------------------------------------------------------ */

enum { ONLY_LOW_HALF = 1, RAISE_INEXACT = 2 };

/* Lanes to compute; those above are zero and raise nothing. */
static unsigned begin_lanes(const struct ir_insn *insn, union vector128 *result)
{
    result->u64[1] = 0;
    return lane_count(insn->lane) / (insn->imm & ONLY_LOW_HALF ? 2 : 1);
}

static void vector_unary(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, unary_function *compute)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    unsigned count = begin_lanes(insn, result);
    for (unsigned i = 0; i < count; i++)
        lane_set(result, insn->lane, i, compute(&mode, format_of_lane(insn->lane), lane_get(value_of(in, insn->a), insn->lane, i)));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

static void vector_binary(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, binary_function *compute)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    unsigned count = begin_lanes(insn, result);
    for (unsigned i = 0; i < count; i++)
        lane_set(result, insn->lane, i, compute(&mode, format_of_lane(insn->lane), lane_get(value_of(in, insn->a), insn->lane, i),
                                                lane_get(value_of(in, insn->b), insn->lane, i)));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_vector_float_mul_add(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    enum softfloat_format f = format_of_lane(insn->lane);
    uint64_t flip = insn->cond & 1 ? sign_bit(f) : 0;
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    unsigned count = begin_lanes(insn, result);
    for (unsigned i = 0; i < count; i++)
        lane_set(result, insn->lane, i, softfloat_mul_add(&mode, f, lane_get(value_of(in, insn->a), insn->lane, i) ^ flip,
                                                          lane_get(value_of(in, insn->b), insn->lane, i),
                                                          lane_get(value_of(in, insn->c), insn->lane, i)));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

/* Unordered is C V: none of the three conditions holds then. */
static uint64_t is_equal(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return ir_cond_holds(COND_EQ, softfloat_compare(m, f, a, b, false)) ? ~(uint64_t)0 : 0;
}

static uint64_t is_greater(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return ir_cond_holds(COND_GT, softfloat_compare(m, f, a, b, true)) ? ~(uint64_t)0 : 0;
}

static uint64_t is_greater_or_equal(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b)
{
    return ir_cond_holds(COND_GE, softfloat_compare(m, f, a, b, true)) ? ~(uint64_t)0 : 0;
}

void interpret_vector_float_equal(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_binary(in, insn, result, is_equal);
}

void interpret_vector_float_greater(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_binary(in, insn, result, is_greater);
}

void interpret_vector_float_greater_equal(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_binary(in, insn, result, is_greater_or_equal);
}

void interpret_vector_float_round(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    unsigned count = begin_lanes(insn, result);
    for (unsigned i = 0; i < count; i++)
        lane_set(result, insn->lane, i, softfloat_round(&mode, format_of_lane(insn->lane), lane_get(value_of(in, insn->a), insn->lane, i),
                                                        rounding_of(&mode, insn->cond), insn->imm & RAISE_INEXACT));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

static void vector_to_integer(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, bool is_signed)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    unsigned count = begin_lanes(insn, result);
    for (unsigned i = 0; i < count; i++)
        lane_set(result, insn->lane, i, softfloat_to_int(&mode, format_of_lane(insn->lane),
                                                         lane_get(value_of(in, insn->a), insn->lane, i), lane_bits(insn->lane), is_signed, 0, rounding_of(&mode, insn->cond)));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_vector_float_to_signed(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_to_integer(in, insn, result, true);
}

void interpret_vector_float_to_unsigned(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_to_integer(in, insn, result, false);
}

static void vector_from_integer(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, bool is_signed)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    unsigned count = begin_lanes(insn, result);
    for (unsigned i = 0; i < count; i++)
        lane_set(result, insn->lane, i, softfloat_from_int(&mode, format_of_lane(insn->lane),
                                                           lane_get(value_of(in, insn->a), insn->lane, i),
                                                           lane_bits(insn->lane), is_signed, 0));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_vector_float_from_signed(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_from_integer(in, insn, result, true);
}

void interpret_vector_float_from_unsigned(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_from_integer(in, insn, result, false);
}

static void vector_convert(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, unsigned to, unsigned from,
                           bool to_odd)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    if (to_odd)
        mode.rounding = SOFTFLOAT_TO_ODD;
    result->u64[1] = 0;
    for (unsigned i = 0; i < lane_count(insn->lane) / 2; i++)
        lane_set(result, to, i, softfloat_convert(&mode, format_of_lane(to), format_of_lane(from),
                                                  lane_get(value_of(in, insn->a), from, i)));
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_vector_float_widen(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_convert(in, insn, result, insn->lane + 1u, insn->lane, false);
}

void interpret_vector_float_narrow(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    vector_convert(in, insn, result, insn->lane, insn->lane + 1u, insn->cond & 1);
}
