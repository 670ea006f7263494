/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Advanced SIMD shifts, by register and by immediate (Arm ARM C4.1: three registers same, shift by immediate). A rounded right shift by s is
 * the plain one plus bit s - 1, which needs no wider lane.
 */
#include "translate/guest/aarch64/vector.h"

static ir_ref lowest_bit(struct translator *t, unsigned lane, ir_ref a) { return vector_op(t, IR_vector_and, LANE_8, a, vector_constant(t, lane, 1)); }

/* -- by register: the low byte of each lane of b, signed; negative ones shift right ------------------------------------------ */
struct register_shift { bool is_signed, rounding, saturating; };

static ir_ref shift_counts(struct translator *t, unsigned lane, ir_ref b)
{
    if (lane == LANE_8) {
        return b;
    }
    unsigned rest = lane_bits(lane) - 8;
    return vector_op_imm(t, IR_vector_sar, lane, vector_op_imm(t, IR_vector_shl, lane, b, rest), rest);
}

/* By -count; lanes whose count is positive get zero (or their sign). */
static ir_ref shift_right_each(struct translator *t, struct register_shift kind, unsigned lane, ir_ref a, ir_ref count)
{
    enum ir_op op = kind.is_signed ? IR_vector_sar_each : IR_vector_shr_each;
    ir_ref right = vector_op(t, op, lane, a, vector_op1(t, IR_vector_neg, lane, count));
    if (kind.rounding) {                  /* ~count = -count - 1 */
        ir_ref before = vector_op(t, op, lane, a, vector_op1(t, IR_vector_not, LANE_8, count));
        right = vector_op(t, IR_vector_add, lane, right, lowest_bit(t, lane, before));
    }
    return right;
}

/* The left shift, with the largest number of its sign where bits are lost. */
static ir_ref shift_left_saturating(struct translator *t, struct register_shift kind, struct vector_shape shape, ir_ref a, ir_ref count, ir_ref negative)
{
    ir_ref left = vector_op(t, IR_vector_shl_each, shape.lane, a, count);
    ir_ref back = vector_op(t, kind.is_signed ? IR_vector_sar_each : IR_vector_shr_each, shape.lane, left, count);
    ir_ref fits = vector_op(t, IR_vector_equal, shape.lane, back, a);
    ir_ref lost = vector_op1(t, IR_vector_not, LANE_8, vector_op(t, IR_vector_or, LANE_8, fits, negative));
    shape_saturated(t, shape, lost);
    ir_ref limit = vector_constant(t, LANE_64, ~(uint64_t)0);
    if (kind.is_signed) {
        ir_ref sign = vector_op_imm(t, IR_vector_sar, shape.lane, a, lane_bits(shape.lane) - 1);
        limit = vector_op(t, IR_vector_xor, LANE_8, sign, vector_constant(t, shape.lane, lane_ones(shape.lane) >> 1));
    }
    return vector_select(t, fits, left, limit);
}

static bool shift_by_register(struct translator *t, struct register_shift kind, struct vector_shape shape, unsigned rd, unsigned rn, unsigned rm)
{
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref a = a64_v(t, rn), count = shift_counts(t, shape.lane, a64_v(t, rm));
    ir_ref right = shift_right_each(t, kind, shape.lane, a, count), result;
    if (kind.saturating) {
        ir_ref negative = vector_op(t, IR_vector_greater_signed, shape.lane, vector_zero(t), count);
        result = vector_select(t, negative, right, shift_left_saturating(t, kind, shape, a, count, negative));
    } else {
        ir_ref left = vector_op(t, IR_vector_shl_each, shape.lane, a, count);
        if (kind.is_signed) {
            ir_ref negative = vector_op(t, IR_vector_greater_signed, shape.lane, vector_zero(t), count);
            result = vector_select(t, negative, right, left);
        } else {                          /* one of them is zero, or both are the operand */
            result = vector_op(t, IR_vector_or, LANE_8, left, right);
        }
    }
    shape_put(t, shape, rd, result);
    return true;
}

#define BY_REGISTER(insn, is_signed, rounding, saturating)                                            \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        const struct register_shift kind = {is_signed, rounding, saturating};                         \
        return shift_by_register(t, kind, EITHER_SHAPE(a), a->rd, a->rn, a->rm);                      \
    }
BY_REGISTER(sshl_vector, true, false, false)
BY_REGISTER(ushl_vector, false, false, false)
BY_REGISTER(srshl_vector, true, true, false)
BY_REGISTER(urshl_vector, false, true, false)
BY_REGISTER(sqshl_vector, true, false, true)
BY_REGISTER(uqshl_vector, false, false, true)
BY_REGISTER(sqrshl_vector, true, true, true)
BY_REGISTER(uqrshl_vector, false, true, true)

/* -- right, by immediate: the field holds width - amount ------------------------------------------------------------------------ */
static ir_ref shift_right(struct translator *t, enum ir_op op, bool rounding, unsigned lane, ir_ref a, unsigned amount)
{
    ir_ref result = vector_op_imm(t, op, lane, a, amount);
    if (rounding) {
        result = vector_op(t, IR_vector_add, lane, result, lowest_bit(t, lane, vector_op_imm(t, op, lane, a, amount - 1)));
    }
    return result;
}

static bool right_by_imm(struct translator *t, struct vector_shape shape, enum ir_op op, bool rounding, bool accumulate, unsigned field, unsigned rd,
                         unsigned rn)
{
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref result = shift_right(t, op, rounding, shape.lane, a64_v(t, rn), lane_bits(shape.lane) - field);
    if (accumulate) {
        result = vector_op(t, IR_vector_add, shape.lane, a64_v(t, rd), result);
    }
    shape_put(t, shape, rd, result);
    return true;
}
#define RIGHT(insn, op, rounding, accumulate)                                                         \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return right_by_imm(t, EITHER_SHAPE(a), op, rounding, accumulate, a->shift, a->rd, a->rn);    \
    }
RIGHT(sshr_imm, IR_vector_sar, false, false)
RIGHT(ushr_imm, IR_vector_shr, false, false)
RIGHT(ssra_imm, IR_vector_sar, false, true)
RIGHT(usra_imm, IR_vector_shr, false, true)
RIGHT(srshr_imm, IR_vector_sar, true, false)
RIGHT(urshr_imm, IR_vector_shr, true, false)
RIGHT(srsra_imm, IR_vector_sar, true, true)
RIGHT(ursra_imm, IR_vector_shr, true, true)

bool aarch64_translate_sri_imm(struct translator *t, const struct aarch64_sri_imm_args *a)
{
    struct vector_shape shape = EITHER_SHAPE(a);
    if (!shape_exists(shape)) {
        return false;
    }
    unsigned amount = lane_bits(a->size) - a->shift;
    uint64_t ones = lane_ones(a->size), inserted = amount == 64 ? 0 : ones >> amount;
    ir_ref moved = vector_op_imm(t, IR_vector_shr, a->size, a64_v(t, a->rn), amount);
    ir_ref kept = vector_op(t, IR_vector_and, LANE_8, a64_v(t, a->rd), vector_constant(t, a->size, ones & ~inserted));
    shape_put(t, shape, a->rd, vector_op(t, IR_vector_or, LANE_8, kept, moved));
    return true;
}

/* -- left, by immediate ------------------------------------------------------------------------------------------------------------ */
bool aarch64_translate_shl_imm(struct translator *t, const struct aarch64_shl_imm_args *a)
{
    struct vector_shape shape = EITHER_SHAPE(a);
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, a->rd, vector_op_imm(t, IR_vector_shl, a->size, a64_v(t, a->rn), a->shift));
    return true;
}

bool aarch64_translate_sli_imm(struct translator *t, const struct aarch64_sli_imm_args *a)
{
    struct vector_shape shape = EITHER_SHAPE(a);
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref moved = vector_op_imm(t, IR_vector_shl, a->size, a64_v(t, a->rn), a->shift);
    ir_ref kept = vector_op(t, IR_vector_and, LANE_8, a64_v(t, a->rd), vector_constant(t, a->size, ((uint64_t)1 << a->shift) - 1));
    shape_put(t, shape, a->rd, vector_op(t, IR_vector_or, LANE_8, kept, moved));
    return true;
}

/* a << amount with saturation; QC from the bits lost. */
static ir_ref left_saturating(struct translator *t, struct vector_shape shape, bool is_signed, ir_ref a, unsigned amount)
{
    ir_ref left = vector_op_imm(t, IR_vector_shl, shape.lane, a, amount);
    ir_ref back = vector_op_imm(t, is_signed ? IR_vector_sar : IR_vector_shr, shape.lane, left, amount);
    ir_ref limit = vector_constant(t, LANE_64, ~(uint64_t)0);
    if (is_signed) {
        ir_ref sign = vector_op_imm(t, IR_vector_sar, shape.lane, a, lane_bits(shape.lane) - 1);
        limit = vector_op(t, IR_vector_xor, LANE_8, sign, vector_constant(t, shape.lane, lane_ones(shape.lane) >> 1));
    }
    shape_saturated(t, shape, vector_op(t, IR_vector_xor, LANE_8, back, a));
    return vector_select(t, vector_op(t, IR_vector_equal, shape.lane, back, a), left, limit);
}
static bool left_by_imm_saturating(struct translator *t, struct vector_shape shape, bool is_signed, unsigned amount, unsigned rd, unsigned rn)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, left_saturating(t, shape, is_signed, a64_v(t, rn), amount));
    return true;
}
bool aarch64_translate_sqshl_imm(struct translator *t, const struct aarch64_sqshl_imm_args *a)
{
    return left_by_imm_saturating(t, EITHER_SHAPE(a), true, a->shift, a->rd, a->rn);
}
bool aarch64_translate_uqshl_imm(struct translator *t, const struct aarch64_uqshl_imm_args *a)
{
    return left_by_imm_saturating(t, EITHER_SHAPE(a), false, a->shift, a->rd, a->rn);
}

/* Signed to unsigned: negative numbers become zero, the others shift as unsigned ones. */
bool aarch64_translate_sqshlu_imm(struct translator *t, const struct aarch64_sqshlu_imm_args *a)
{
    struct vector_shape shape = EITHER_SHAPE(a);
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref value = a64_v(t, a->rn), sign = vector_op_imm(t, IR_vector_sar, a->size, value, lane_bits(a->size) - 1);
    shape_saturated(t, shape, sign);
    ir_ref positive = vector_op(t, IR_vector_and_not, LANE_8, value, sign);
    shape_put(t, shape, a->rd, left_saturating(t, shape, false, positive, a->shift));
    return true;
}

/* -- wide and narrow: `size` is the narrower width ------------------------------------------------------------------------------------ */
static bool long_by_imm(struct translator *t, enum ir_op widen, unsigned size, unsigned q, unsigned amount, unsigned rd, unsigned rn)
{
    ir_ref wide = vector_op1(t, widen, size, vector_half(t, q, a64_v(t, rn)));
    a64_put_v(t, rd, amount ? vector_op_imm(t, IR_vector_shl, size + 1, wide, amount) : wide);
    return true;
}
bool aarch64_translate_sshll_imm(struct translator *t, const struct aarch64_sshll_imm_args *a)
{
    return long_by_imm(t, IR_vector_widen_signed, a->size, a->q, a->shift, a->rd, a->rn);
}
bool aarch64_translate_ushll_imm(struct translator *t, const struct aarch64_ushll_imm_args *a)
{
    return long_by_imm(t, IR_vector_widen_unsigned, a->size, a->q, a->shift, a->rd, a->rn);
}

#define NARROW(insn, rounding)                                                                                                  \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                                  \
    {                                                                                                                           \
        ir_ref wide = shift_right(t, IR_vector_shr, rounding, a->size + 1, a64_v(t, a->rn), lane_bits(a->size) - a->shift);     \
        narrow_put(t, a->q, a->rd, vector_op1(t, IR_vector_narrow, a->size, wide));                                             \
        return true;                                                                                                            \
    }
NARROW(shrn_imm, false)
NARROW(rshrn_imm, true)

#define NARROW_SATURATING(insn, op, rounding, narrow, widen)                                                                    \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                                  \
    {                                                                                                                           \
        ir_ref wide = shift_right(t, op, rounding, a->size + 1, a64_v(t, a->rn), lane_bits(a->size) - a->shift);                \
        return vector_narrow_saturating(t, EITHER_SHAPE(a), narrow, widen, a->rd, wide);                                        \
    }
NARROW_SATURATING(sqshrn_imm, IR_vector_sar, false, IR_vector_narrow_sat_signed, IR_vector_widen_signed)
NARROW_SATURATING(sqrshrn_imm, IR_vector_sar, true, IR_vector_narrow_sat_signed, IR_vector_widen_signed)
NARROW_SATURATING(uqshrn_imm, IR_vector_shr, false, IR_vector_narrow_sat_unsigned, IR_vector_widen_unsigned)
NARROW_SATURATING(uqrshrn_imm, IR_vector_shr, true, IR_vector_narrow_sat_unsigned, IR_vector_widen_unsigned)
NARROW_SATURATING(sqshrun_imm, IR_vector_sar, false, IR_vector_narrow_sat_signed_unsigned, IR_vector_widen_unsigned)
NARROW_SATURATING(sqrshrun_imm, IR_vector_sar, true, IR_vector_narrow_sat_signed_unsigned, IR_vector_widen_unsigned)
