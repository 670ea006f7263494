/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Advanced SIMD on integers of different widths (Arm ARM C4.1: three registers different, their by-element forms, narrowing moves).
 * `size` is the narrower width. Q picks the upper half of the narrow operands, or of the narrow destination.
 */
#include "translate/guest/aarch64/vector.h"

/* -- long: narrow operands, wide result ------------------------------------------------------------------------------------- */
typedef ir_ref long_function(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b);

/* Operands of shape.lane width in the low half; the result has lanes of twice the width. */
static ir_ref add_long(struct translator *t, unsigned lane, enum ir_op widen, enum ir_op op, ir_ref a, ir_ref b)
{
    return vector_op(t, op, lane + 1, vector_op1(t, widen, lane, a), vector_op1(t, widen, lane, b));
}
static ir_ref distance_long(struct translator *t, unsigned lane, enum ir_op max, enum ir_op min, ir_ref a, ir_ref b)
{
    ir_ref distance = vector_op(t, IR_vector_sub, lane, vector_op(t, max, lane, a, b), vector_op(t, min, lane, a, b));
    return vector_op1(t, IR_vector_widen_unsigned, lane, distance);
}
static ir_ref saddl(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return add_long(t, shape.lane, IR_vector_widen_signed, IR_vector_add, a, b);
}
static ir_ref uaddl(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return add_long(t, shape.lane, IR_vector_widen_unsigned, IR_vector_add, a, b);
}
static ir_ref ssubl(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return add_long(t, shape.lane, IR_vector_widen_signed, IR_vector_sub, a, b);
}
static ir_ref usubl(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return add_long(t, shape.lane, IR_vector_widen_unsigned, IR_vector_sub, a, b);
}
static ir_ref sabdl(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return distance_long(t, shape.lane, IR_vector_max_signed, IR_vector_min_signed, a, b);
}
static ir_ref uabdl(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return distance_long(t, shape.lane, IR_vector_max_unsigned, IR_vector_min_unsigned, a, b);
}
static ir_ref smull(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_mul_long_signed, shape.lane, a, b);
}
static ir_ref umull(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_mul_long_unsigned, shape.lane, a, b);
}
static ir_ref pmull(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_mul_long_poly, shape.lane, a, b);
}

static struct vector_shape wide_shape(struct vector_shape shape) { return (struct vector_shape){shape.lane + 1, true, shape.scalar}; }

static ir_ref saturating_wide(struct translator *t, struct vector_shape shape, enum ir_op saturates, enum ir_op wraps, ir_ref a, ir_ref b)
{
    ir_ref result = vector_op(t, saturates, shape.lane + 1, a, b);
    ir_ref difference = vector_op(t, IR_vector_xor, LANE_8, result, vector_op(t, wraps, shape.lane + 1, a, b));
    shape_saturated(t, wide_shape(shape), difference);
    return result;
}
static ir_ref sqdmull(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref product = vector_op(t, IR_vector_mul_long_signed, shape.lane, a, b);
    return saturating_wide(t, shape, IR_vector_add_sat_signed, IR_vector_add, product, product);
}

/* What becomes of a long result. */
enum long_use { LONG_RESULT, LONG_ADD, LONG_SUB, LONG_ADD_SATURATING, LONG_SUB_SATURATING };

static bool put_long(struct translator *t, struct vector_shape shape, enum long_use use, unsigned rd, ir_ref a, ir_ref b, long_function *function)
{
    ir_ref value = function(t, shape, vector_half(t, shape.q, a), shape.scalar ? b : vector_half(t, shape.q, b));
    switch (use) {
    case LONG_RESULT:
        break;
    case LONG_ADD:
        value = vector_op(t, IR_vector_add, shape.lane + 1, a64_v(t, rd), value);
        break;
    case LONG_SUB:
        value = vector_op(t, IR_vector_sub, shape.lane + 1, a64_v(t, rd), value);
        break;
    case LONG_ADD_SATURATING:
        value = saturating_wide(t, shape, IR_vector_add_sat_signed, IR_vector_add, a64_v(t, rd), value);
        break;
    case LONG_SUB_SATURATING:
        value = saturating_wide(t, shape, IR_vector_sub_sat_signed, IR_vector_sub, a64_v(t, rd), value);
        break;
    }
    shape_put(t, wide_shape(shape), rd, value);
    return true;
}

#define LONG(insn, shape, use, function)                                                              \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return put_long(t, shape(a), use, a->rd, a64_v(t, a->rn), a64_v(t, a->rm), function);         \
    }
LONG(saddl_vector, VECTOR_SHAPE, LONG_RESULT, saddl)
LONG(uaddl_vector, VECTOR_SHAPE, LONG_RESULT, uaddl)
LONG(ssubl_vector, VECTOR_SHAPE, LONG_RESULT, ssubl)
LONG(usubl_vector, VECTOR_SHAPE, LONG_RESULT, usubl)
LONG(sabdl_vector, VECTOR_SHAPE, LONG_RESULT, sabdl)
LONG(uabdl_vector, VECTOR_SHAPE, LONG_RESULT, uabdl)
LONG(sabal_vector, VECTOR_SHAPE, LONG_ADD, sabdl)
LONG(uabal_vector, VECTOR_SHAPE, LONG_ADD, uabdl)
LONG(smull_vector, VECTOR_SHAPE, LONG_RESULT, smull)
LONG(umull_vector, VECTOR_SHAPE, LONG_RESULT, umull)
LONG(pmull_vector, VECTOR_SHAPE, LONG_RESULT, pmull)
LONG(smlal_vector, VECTOR_SHAPE, LONG_ADD, smull)
LONG(umlal_vector, VECTOR_SHAPE, LONG_ADD, umull)
LONG(smlsl_vector, VECTOR_SHAPE, LONG_SUB, smull)
LONG(umlsl_vector, VECTOR_SHAPE, LONG_SUB, umull)
LONG(sqdmull_vector, EITHER_SHAPE, LONG_RESULT, sqdmull)
LONG(sqdmlal_vector, EITHER_SHAPE, LONG_ADD_SATURATING, sqdmull)
LONG(sqdmlsl_vector, EITHER_SHAPE, LONG_SUB_SATURATING, sqdmull)

/* The element stands in every lane, so that either half of it will do. */
#define LONG_ELEMENT(insn, shape, use, function)                                                      \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        ir_ref element = vector_element(t, a->size, a->h, a->l, a->m, a->rm);                         \
        struct vector_shape narrow = shape(a);                                                        \
        ir_ref half = vector_half(t, narrow.q, a64_v(t, a->rn));                                      \
        narrow.q = false;                                                                             \
        return put_long(t, narrow, use, a->rd, half, element, function);                              \
    }
LONG_ELEMENT(smull_element, VECTOR_SHAPE, LONG_RESULT, smull)
LONG_ELEMENT(umull_element, VECTOR_SHAPE, LONG_RESULT, umull)
LONG_ELEMENT(smlal_element, VECTOR_SHAPE, LONG_ADD, smull)
LONG_ELEMENT(umlal_element, VECTOR_SHAPE, LONG_ADD, umull)
LONG_ELEMENT(smlsl_element, VECTOR_SHAPE, LONG_SUB, smull)
LONG_ELEMENT(umlsl_element, VECTOR_SHAPE, LONG_SUB, umull)
LONG_ELEMENT(sqdmull_element, EITHER_SHAPE, LONG_RESULT, sqdmull)
LONG_ELEMENT(sqdmlal_element, EITHER_SHAPE, LONG_ADD_SATURATING, sqdmull)
LONG_ELEMENT(sqdmlsl_element, EITHER_SHAPE, LONG_SUB_SATURATING, sqdmull)

/* -- wide: one operand is wide already ---------------------------------------------------------------------------------------- */
static bool put_wide(struct translator *t, struct vector_shape shape, enum ir_op op, enum ir_op widen, unsigned rd, unsigned rn, unsigned rm)
{
    ir_ref b = vector_op1(t, widen, shape.lane, vector_half(t, shape.q, a64_v(t, rm)));
    a64_put_v(t, rd, vector_op(t, op, shape.lane + 1, a64_v(t, rn), b));
    return true;
}
#define WIDE(insn, op, widen)                                                                         \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return put_wide(t, VECTOR_SHAPE(a), op, widen, a->rd, a->rn, a->rm);                          \
    }
WIDE(saddw_vector, IR_vector_add, IR_vector_widen_signed)
WIDE(uaddw_vector, IR_vector_add, IR_vector_widen_unsigned)
WIDE(ssubw_vector, IR_vector_sub, IR_vector_widen_signed)
WIDE(usubw_vector, IR_vector_sub, IR_vector_widen_unsigned)

bool aarch64_translate_shll_vector(struct translator *t, const struct aarch64_shll_vector_args *a)
{
    ir_ref wide = vector_op1(t, IR_vector_widen_unsigned, a->size, vector_half(t, a->q, a64_v(t, a->rn)));
    a64_put_v(t, a->rd, vector_op_imm(t, IR_vector_shl, a->size + 1, wide, lane_bits(a->size)));
    return true;
}

/* -- narrow ------------------------------------------------------------------------------------------------------------------- */
static bool put_high_half(struct translator *t, struct vector_shape shape, enum ir_op op, bool round, unsigned rd, unsigned rn, unsigned rm)
{
    unsigned bits = lane_bits(shape.lane);
    ir_ref value = vector_op(t, op, shape.lane + 1, a64_v(t, rn), a64_v(t, rm));
    if (round) {
        value = vector_op(t, IR_vector_add, shape.lane + 1, value, vector_constant(t, shape.lane + 1, (uint64_t)1 << (bits - 1)));
    }
    value = vector_op_imm(t, IR_vector_shr, shape.lane + 1, value, bits);
    narrow_put(t, shape.q, rd, vector_op1(t, IR_vector_narrow, shape.lane, value));
    return true;
}
#define HIGH_HALF(insn, op, round)                                                                    \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return put_high_half(t, VECTOR_SHAPE(a), op, round, a->rd, a->rn, a->rm);                     \
    }
HIGH_HALF(addhn_vector, IR_vector_add, false)
HIGH_HALF(raddhn_vector, IR_vector_add, true)
HIGH_HALF(subhn_vector, IR_vector_sub, false)
HIGH_HALF(rsubhn_vector, IR_vector_sub, true)

bool aarch64_translate_xtn_vector(struct translator *t, const struct aarch64_xtn_vector_args *a)
{
    narrow_put(t, a->q, a->rd, vector_op1(t, IR_vector_narrow, a->size, a64_v(t, a->rn)));
    return true;
}

bool vector_narrow_saturating(struct translator *t, struct vector_shape shape, enum ir_op narrow, enum ir_op widen, unsigned rd, ir_ref wide)
{
    ir_ref result = vector_op1(t, narrow, shape.lane, wide);
    ir_ref difference = vector_op(t, IR_vector_xor, LANE_8, vector_op1(t, widen, shape.lane, result), wide);
    shape_saturated(t, wide_shape(shape), difference);
    if (shape.scalar) {
        shape_put(t, shape, rd, result);
    } else {
        narrow_put(t, shape.q, rd, result);
    }
    return true;
}
#define NARROW_SATURATING(insn, narrow, widen)                                                        \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return vector_narrow_saturating(t, EITHER_SHAPE(a), narrow, widen, a->rd, a64_v(t, a->rn));   \
    }
NARROW_SATURATING(sqxtn_vector, IR_vector_narrow_sat_signed, IR_vector_widen_signed)
NARROW_SATURATING(uqxtn_vector, IR_vector_narrow_sat_unsigned, IR_vector_widen_unsigned)
NARROW_SATURATING(sqxtun_vector, IR_vector_narrow_sat_signed_unsigned, IR_vector_widen_unsigned)
