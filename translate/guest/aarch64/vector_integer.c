/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Advanced SIMD on integers (Arm ARM C4.1: three registers same/different/extra, two registers miscellaneous, across lanes, by element):
 * each is composed of vector operations of the IR, saturating ones with their FPSR.QC.
 */
#include "translate/guest/aarch64/vector.h"

/* -- three registers of the same type ------------------------------------------------------------------------------------ */
typedef ir_ref binary_function(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b);

static bool binary(struct translator *t, struct vector_shape shape, unsigned rd, unsigned rn, unsigned rm, binary_function *function)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, function(t, shape, a64_v(t, rn), a64_v(t, rm)));
    return true;
}

static bool binary_op(struct translator *t, struct vector_shape shape, unsigned rd, unsigned rn, unsigned rm, enum ir_op op)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, vector_op(t, op, shape.lane, a64_v(t, rn), a64_v(t, rm)));
    return true;
}

#define BINARY_OP(insn, shape, op)                                                                    \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return binary_op(t, shape(a), a->rd, a->rn, a->rm, op);                                       \
    }
BINARY_OP(add_vector, EITHER_SHAPE, IR_vector_add)
BINARY_OP(sub_vector, EITHER_SHAPE, IR_vector_sub)
BINARY_OP(mul_vector, VECTOR_SHAPE, IR_vector_mul)
BINARY_OP(pmul_vector, VECTOR_SHAPE, IR_vector_mul_poly)
BINARY_OP(smax_vector, VECTOR_SHAPE, IR_vector_max_signed)
BINARY_OP(umax_vector, VECTOR_SHAPE, IR_vector_max_unsigned)
BINARY_OP(smin_vector, VECTOR_SHAPE, IR_vector_min_signed)
BINARY_OP(umin_vector, VECTOR_SHAPE, IR_vector_min_unsigned)
BINARY_OP(cmeq_vector, EITHER_SHAPE, IR_vector_equal)
BINARY_OP(cmgt_vector, EITHER_SHAPE, IR_vector_greater_signed)
BINARY_OP(cmhi_vector, EITHER_SHAPE, IR_vector_greater_unsigned)

static ir_ref not_less(struct translator *t, enum ir_op greater, unsigned lane, ir_ref a, ir_ref b)
{
    return vector_op1(t, IR_vector_not, LANE_8, vector_op(t, greater, lane, b, a));
}
static ir_ref greater_equal_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return not_less(t, IR_vector_greater_signed, shape.lane, a, b);
}
static ir_ref greater_equal_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return not_less(t, IR_vector_greater_unsigned, shape.lane, a, b);
}
static ir_ref test_bits(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref none = vector_op(t, IR_vector_equal, shape.lane, vector_op(t, IR_vector_and, LANE_8, a, b), vector_zero(t));
    return vector_op1(t, IR_vector_not, LANE_8, none);
}

/* a + b = 2(a & b) + (a ^ b), so the halves need no wider lanes; likewise a - b = (a ^ b) - 2(~a & b). */
static ir_ref half_difference(struct translator *t, enum ir_op shift, unsigned lane, ir_ref a, ir_ref b)
{
    return vector_op_imm(t, shift, lane, vector_op(t, IR_vector_xor, LANE_8, a, b), 1);
}
static ir_ref halving_add_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref half = half_difference(t, IR_vector_sar, shape.lane, a, b);
    return vector_op(t, IR_vector_add, shape.lane, vector_op(t, IR_vector_and, LANE_8, a, b), half);
}
static ir_ref halving_add_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref half = half_difference(t, IR_vector_shr, shape.lane, a, b);
    return vector_op(t, IR_vector_add, shape.lane, vector_op(t, IR_vector_and, LANE_8, a, b), half);
}
static ir_ref rounding_halving_add_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref half = half_difference(t, IR_vector_sar, shape.lane, a, b);
    return vector_op(t, IR_vector_sub, shape.lane, vector_op(t, IR_vector_or, LANE_8, a, b), half);
}
static ir_ref rounding_halving_add_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    if (shape.lane <= LANE_16) {
        return vector_op(t, IR_vector_average_round, shape.lane, a, b);
    }
    ir_ref half = half_difference(t, IR_vector_shr, shape.lane, a, b);
    return vector_op(t, IR_vector_sub, shape.lane, vector_op(t, IR_vector_or, LANE_8, a, b), half);
}
static ir_ref halving_sub_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref half = half_difference(t, IR_vector_sar, shape.lane, a, b);
    return vector_op(t, IR_vector_sub, shape.lane, half, vector_op(t, IR_vector_and_not, LANE_8, b, a));
}
static ir_ref halving_sub_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref half = half_difference(t, IR_vector_shr, shape.lane, a, b);
    return vector_op(t, IR_vector_sub, shape.lane, half, vector_op(t, IR_vector_and_not, LANE_8, b, a));
}

static ir_ref distance_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref high = vector_op(t, IR_vector_max_signed, shape.lane, a, b);
    return vector_op(t, IR_vector_sub, shape.lane, high, vector_op(t, IR_vector_min_signed, shape.lane, a, b));
}
static ir_ref distance_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    ir_ref high = vector_op(t, IR_vector_max_unsigned, shape.lane, a, b);
    return vector_op(t, IR_vector_sub, shape.lane, high, vector_op(t, IR_vector_min_unsigned, shape.lane, a, b));
}

/* A saturating operation; QC where it differs from the wrapping one. */
static ir_ref saturating(struct translator *t, struct vector_shape shape, enum ir_op saturates, enum ir_op wraps, ir_ref a, ir_ref b)
{
    ir_ref result = vector_op(t, saturates, shape.lane, a, b);
    shape_saturated(t, shape, vector_op(t, IR_vector_xor, LANE_8, result, vector_op(t, wraps, shape.lane, a, b)));
    return result;
}
static ir_ref add_saturating_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return saturating(t, shape, IR_vector_add_sat_signed, IR_vector_add, a, b);
}
static ir_ref add_saturating_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return saturating(t, shape, IR_vector_add_sat_unsigned, IR_vector_add, a, b);
}
static ir_ref sub_saturating_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return saturating(t, shape, IR_vector_sub_sat_signed, IR_vector_sub, a, b);
}
static ir_ref sub_saturating_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b)
{
    return saturating(t, shape, IR_vector_sub_sat_unsigned, IR_vector_sub, a, b);
}

/* The doubled product overflows for the most negative number squared only. */
static ir_ref doubling_high(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b, bool round)
{
    ir_ref lowest = vector_constant(t, shape.lane, (uint64_t)1 << (lane_bits(shape.lane) - 1));
    ir_ref a_lowest = vector_op(t, IR_vector_equal, shape.lane, a, lowest);
    ir_ref b_lowest = vector_op(t, IR_vector_equal, shape.lane, b, lowest);
    shape_saturated(t, shape, vector_op(t, IR_vector_and, LANE_8, a_lowest, b_lowest));
    return ir_vector(t->region, IR_vector_mul_high_round, (enum ir_lane)shape.lane, a, b, IR_NONE, round);
}
static ir_ref doubling_high_truncate(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return doubling_high(t, shape, a, b, false); }
static ir_ref doubling_high_round(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return doubling_high(t, shape, a, b, true); }

/* Neighbouring lanes of b:a, combined. Without Q the four or so bytes of both low halves stand together first. */
static ir_ref pairwise(struct translator *t, struct vector_shape shape, enum ir_op op, ir_ref a, ir_ref b)
{
    if (!shape.q) {
        a = b = vector_op(t, IR_vector_combine, LANE_64, a, b);
    }
    ir_ref even = vector_op(t, IR_vector_unzip_even, shape.lane, a, b);
    return vector_op(t, op, shape.lane, even, vector_op(t, IR_vector_unzip_odd, shape.lane, a, b));
}
static ir_ref add_pairs(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return pairwise(t, shape, IR_vector_add, a, b); }
static ir_ref max_pairs_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return pairwise(t, shape, IR_vector_max_signed, a, b); }
static ir_ref max_pairs_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return pairwise(t, shape, IR_vector_max_unsigned, a, b); }
static ir_ref min_pairs_signed(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return pairwise(t, shape, IR_vector_min_signed, a, b); }
static ir_ref min_pairs_unsigned(struct translator *t, struct vector_shape shape, ir_ref a, ir_ref b) { return pairwise(t, shape, IR_vector_min_unsigned, a, b); }

#define BINARY(insn, shape, function)                                                                 \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return binary(t, shape(a), a->rd, a->rn, a->rm, function);                                    \
    }
BINARY(cmge_vector, EITHER_SHAPE, greater_equal_signed)
BINARY(cmhs_vector, EITHER_SHAPE, greater_equal_unsigned)
BINARY(cmtst_vector, EITHER_SHAPE, test_bits)
BINARY(shadd_vector, VECTOR_SHAPE, halving_add_signed)
BINARY(uhadd_vector, VECTOR_SHAPE, halving_add_unsigned)
BINARY(srhadd_vector, VECTOR_SHAPE, rounding_halving_add_signed)
BINARY(urhadd_vector, VECTOR_SHAPE, rounding_halving_add_unsigned)
BINARY(shsub_vector, VECTOR_SHAPE, halving_sub_signed)
BINARY(uhsub_vector, VECTOR_SHAPE, halving_sub_unsigned)
BINARY(sabd_vector, VECTOR_SHAPE, distance_signed)
BINARY(uabd_vector, VECTOR_SHAPE, distance_unsigned)
BINARY(sqadd_vector, EITHER_SHAPE, add_saturating_signed)
BINARY(uqadd_vector, EITHER_SHAPE, add_saturating_unsigned)
BINARY(sqsub_vector, EITHER_SHAPE, sub_saturating_signed)
BINARY(uqsub_vector, EITHER_SHAPE, sub_saturating_unsigned)
BINARY(sqdmulh_vector, EITHER_SHAPE, doubling_high_truncate)
BINARY(sqrdmulh_vector, EITHER_SHAPE, doubling_high_round)
BINARY(addp_vector, VECTOR_SHAPE, add_pairs)
BINARY(smaxp_vector, VECTOR_SHAPE, max_pairs_signed)
BINARY(umaxp_vector, VECTOR_SHAPE, max_pairs_unsigned)
BINARY(sminp_vector, VECTOR_SHAPE, min_pairs_signed)
BINARY(uminp_vector, VECTOR_SHAPE, min_pairs_unsigned)

static bool bitwise(struct translator *t, unsigned q, unsigned rd, ir_ref value)
{
    shape_put(t, (struct vector_shape){LANE_8, q, false}, rd, value);
    return true;
}
#define BITWISE(insn, ...)                                                                            \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        ir_ref n = a64_v(t, a->rn), m = a64_v(t, a->rm);                                              \
        return bitwise(t, a->q, a->rd, __VA_ARGS__);                                                  \
    }
BITWISE(and_vector, vector_op(t, IR_vector_and, LANE_8, n, m))
BITWISE(bic_vector, vector_op(t, IR_vector_and_not, LANE_8, n, m))
BITWISE(orr_vector, a->rn == a->rm ? n : vector_op(t, IR_vector_or, LANE_8, n, m))
BITWISE(orn_vector, vector_op(t, IR_vector_or, LANE_8, n, vector_op1(t, IR_vector_not, LANE_8, m)))
BITWISE(eor_vector, vector_op(t, IR_vector_xor, LANE_8, n, m))
BITWISE(bsl_vector, vector_select(t, a64_v(t, a->rd), n, m))
BITWISE(bit_vector, vector_select(t, m, n, a64_v(t, a->rd)))
BITWISE(bif_vector, vector_select(t, m, a64_v(t, a->rd), n))

/* -- accumulating ones: d is the old value of the destination ------------------------------------------------------------ */
typedef ir_ref accumulate_function(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b);

static ir_ref add_distance_signed(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_add, shape.lane, d, distance_signed(t, shape, a, b));
}
static ir_ref add_distance_unsigned(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_add, shape.lane, d, distance_unsigned(t, shape, a, b));
}
static ir_ref add_product(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_add, shape.lane, d, vector_op(t, IR_vector_mul, shape.lane, a, b));
}
static ir_ref sub_product(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b)
{
    return vector_op(t, IR_vector_sub, shape.lane, d, vector_op(t, IR_vector_mul, shape.lane, a, b));
}

/* Low-half lanes of SQRDMLAH/SQRDMLSH before saturation, in lanes of twice the width: d * 2^(w-1) ± a*b, rounded, >> w-1. No sum leaves
 * the wider lane: |d| * 2^(w-1) and |a*b| are at most 2^(2w-2), and not both sums reach that with the same sign but for rounding. */
static ir_ref rounding_doubling_half(struct translator *t, unsigned lane, enum ir_op op, ir_ref d, ir_ref a, ir_ref b)
{
    unsigned shift = lane_bits(lane) - 1;
    ir_ref wide = vector_op_imm(t, IR_vector_shl, lane + 1, vector_op1(t, IR_vector_widen_signed, lane, d), shift);
    wide = vector_op(t, op, lane + 1, wide, vector_op(t, IR_vector_mul_long_signed, lane, a, b));
    wide = vector_op(t, IR_vector_add, lane + 1, wide, vector_constant(t, lane + 1, (uint64_t)1 << (shift - 1)));
    return vector_op_imm(t, IR_vector_sar, lane + 1, wide, shift);
}
static ir_ref rounding_doubling(struct translator *t, struct vector_shape shape, enum ir_op op, ir_ref d, ir_ref a, ir_ref b)
{
    ir_ref wide = rounding_doubling_half(t, shape.lane, op, d, a, b);
    ir_ref result = vector_op1(t, IR_vector_narrow_sat_signed, shape.lane, wide);
    ir_ref wraps = vector_op1(t, IR_vector_narrow, shape.lane, wide);
    if (shape.q) {
        wide = rounding_doubling_half(t, shape.lane, op, vector_high(t, d), vector_high(t, a), vector_high(t, b));
        result = vector_op(t, IR_vector_combine, LANE_64, result, vector_op1(t, IR_vector_narrow_sat_signed, shape.lane, wide));
        wraps = vector_op(t, IR_vector_combine, LANE_64, wraps, vector_op1(t, IR_vector_narrow, shape.lane, wide));
    }
    shape_saturated(t, shape, vector_op(t, IR_vector_xor, LANE_8, result, wraps));
    return result;
}
static ir_ref rounding_doubling_add(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b)
{
    return rounding_doubling(t, shape, IR_vector_add, d, a, b);
}
static ir_ref rounding_doubling_sub(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b)
{
    return rounding_doubling(t, shape, IR_vector_sub, d, a, b);
}

static bool accumulate(struct translator *t, struct vector_shape shape, unsigned rd, ir_ref a, ir_ref b, accumulate_function *function)
{
    shape_put(t, shape, rd, function(t, shape, a64_v(t, rd), a, b));
    return true;
}
#define ACCUMULATE(insn, shape, function)                                                             \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return accumulate(t, shape(a), a->rd, a64_v(t, a->rn), a64_v(t, a->rm), function);            \
    }
ACCUMULATE(saba_vector, VECTOR_SHAPE, add_distance_signed)
ACCUMULATE(uaba_vector, VECTOR_SHAPE, add_distance_unsigned)
ACCUMULATE(mla_vector, VECTOR_SHAPE, add_product)
ACCUMULATE(mls_vector, VECTOR_SHAPE, sub_product)
ACCUMULATE(sqrdmlah_vector, EITHER_SHAPE, rounding_doubling_add)
ACCUMULATE(sqrdmlsh_vector, EITHER_SHAPE, rounding_doubling_sub)

#define ELEMENT(a) vector_element(t, (a)->size, (a)->h, (a)->l, (a)->m, (a)->rm)
#define ACCUMULATE_ELEMENT(insn, shape, function)                                                     \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return accumulate(t, shape(a), a->rd, a64_v(t, a->rn), ELEMENT(a), function);                 \
    }
ACCUMULATE_ELEMENT(mla_element, VECTOR_SHAPE, add_product)
ACCUMULATE_ELEMENT(mls_element, VECTOR_SHAPE, sub_product)
ACCUMULATE_ELEMENT(sqrdmlah_element, EITHER_SHAPE, rounding_doubling_add)
ACCUMULATE_ELEMENT(sqrdmlsh_element, EITHER_SHAPE, rounding_doubling_sub)

bool aarch64_translate_mul_element(struct translator *t, const struct aarch64_mul_element_args *a)
{
    shape_put(t, VECTOR_SHAPE(a), a->rd, vector_op(t, IR_vector_mul, a->size, a64_v(t, a->rn), ELEMENT(a)));
    return true;
}
bool aarch64_translate_sqdmulh_element(struct translator *t, const struct aarch64_sqdmulh_element_args *a)
{
    shape_put(t, EITHER_SHAPE(a), a->rd, doubling_high(t, EITHER_SHAPE(a), a64_v(t, a->rn), ELEMENT(a), false));
    return true;
}
bool aarch64_translate_sqrdmulh_element(struct translator *t, const struct aarch64_sqrdmulh_element_args *a)
{
    shape_put(t, EITHER_SHAPE(a), a->rd, doubling_high(t, EITHER_SHAPE(a), a64_v(t, a->rn), ELEMENT(a), true));
    return true;
}

/* -- dot products (FEAT_DotProd) ------------------------------------------------------------------------------------------ */
static bool dot(struct translator *t, enum ir_op op, unsigned q, unsigned rd, unsigned rn, ir_ref b)
{
    ir_ref products = vector_op(t, op, LANE_32, a64_v(t, rn), b);
    return bitwise(t, q, rd, vector_op(t, IR_vector_add, LANE_32, a64_v(t, rd), products));
}
bool aarch64_translate_sdot_vector(struct translator *t, const struct aarch64_sdot_vector_args *a)
{
    return dot(t, IR_vector_dot_signed, a->q, a->rd, a->rn, a64_v(t, a->rm));
}
bool aarch64_translate_udot_vector(struct translator *t, const struct aarch64_udot_vector_args *a)
{
    return dot(t, IR_vector_dot_unsigned, a->q, a->rd, a->rn, a64_v(t, a->rm));
}
bool aarch64_translate_sdot_element(struct translator *t, const struct aarch64_sdot_element_args *a)
{
    return dot(t, IR_vector_dot_signed, a->q, a->rd, a->rn, vector_op_imm(t, IR_vector_dup, LANE_32, a64_v(t, a->rm), a->h << 1 | a->l));
}
bool aarch64_translate_udot_element(struct translator *t, const struct aarch64_udot_element_args *a)
{
    return dot(t, IR_vector_dot_unsigned, a->q, a->rd, a->rn, vector_op_imm(t, IR_vector_dup, LANE_32, a64_v(t, a->rm), a->h << 1 | a->l));
}

/* -- two registers ---------------------------------------------------------------------------------------------------------- */
typedef ir_ref unary_function(struct translator *t, struct vector_shape shape, ir_ref a);

static bool unary(struct translator *t, struct vector_shape shape, unsigned rd, unsigned rn, unary_function *function)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, function(t, shape, a64_v(t, rn)));
    return true;
}
static bool unary_op(struct translator *t, struct vector_shape shape, unsigned rd, unsigned rn, enum ir_op op)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, vector_op1(t, op, shape.lane, a64_v(t, rn)));
    return true;
}
#define UNARY_OP(insn, shape, op)                                                                     \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return unary_op(t, shape(a), a->rd, a->rn, op);                                               \
    }
#define BYTE_SHAPE(a) ((struct vector_shape){LANE_8, (a)->q, false})
UNARY_OP(abs_vector, EITHER_SHAPE, IR_vector_abs)
UNARY_OP(neg_vector, EITHER_SHAPE, IR_vector_neg)
UNARY_OP(not_vector, BYTE_SHAPE, IR_vector_not)
UNARY_OP(cnt_vector, BYTE_SHAPE, IR_vector_population_count)
UNARY_OP(rbit_vector, BYTE_SHAPE, IR_vector_bit_reverse)
UNARY_OP(clz_vector, VECTOR_SHAPE, IR_vector_count_leading_zeros)

/* Bits equal to the sign below it: leading zeros once the sign is taken out, less the sign's own place. */
static ir_ref count_leading_signs(struct translator *t, struct vector_shape shape, ir_ref a)
{
    ir_ref sign = vector_op_imm(t, IR_vector_sar, shape.lane, a, lane_bits(shape.lane) - 1);
    ir_ref zeros = vector_op1(t, IR_vector_count_leading_zeros, shape.lane, vector_op(t, IR_vector_xor, LANE_8, a, sign));
    return vector_op(t, IR_vector_sub, shape.lane, zeros, vector_constant(t, shape.lane, 1));
}
static ir_ref negate_saturating(struct translator *t, struct vector_shape shape, ir_ref a)
{
    return saturating(t, shape, IR_vector_sub_sat_signed, IR_vector_sub, vector_zero(t), a);
}
static ir_ref abs_saturating(struct translator *t, struct vector_shape shape, ir_ref a)
{
    ir_ref zero = vector_zero(t);
    ir_ref negative = vector_op(t, IR_vector_greater_signed, shape.lane, zero, a);
    return vector_select(t, negative, saturating(t, shape, IR_vector_sub_sat_signed, IR_vector_sub, zero, a), a);
}
static ir_ref less_equal_zero(struct translator *t, struct vector_shape shape, ir_ref a) { return greater_equal_signed(t, shape, vector_zero(t), a); }
static ir_ref greater_equal_zero(struct translator *t, struct vector_shape shape, ir_ref a) { return greater_equal_signed(t, shape, a, vector_zero(t)); }
static ir_ref less_zero(struct translator *t, struct vector_shape shape, ir_ref a)
{
    return vector_op(t, IR_vector_greater_signed, shape.lane, vector_zero(t), a);
}
static ir_ref greater_zero(struct translator *t, struct vector_shape shape, ir_ref a)
{
    return vector_op(t, IR_vector_greater_signed, shape.lane, a, vector_zero(t));
}
static ir_ref equal_zero(struct translator *t, struct vector_shape shape, ir_ref a)
{
    return vector_op(t, IR_vector_equal, shape.lane, a, vector_zero(t));
}
#define UNARY(insn, shape, function)                                                                  \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return unary(t, shape(a), a->rd, a->rn, function);                                            \
    }
UNARY(cls_vector, VECTOR_SHAPE, count_leading_signs)
UNARY(sqneg_vector, EITHER_SHAPE, negate_saturating)
UNARY(sqabs_vector, EITHER_SHAPE, abs_saturating)
UNARY(cmgt_zero_vector, EITHER_SHAPE, greater_zero)
UNARY(cmge_zero_vector, EITHER_SHAPE, greater_equal_zero)
UNARY(cmeq_zero_vector, EITHER_SHAPE, equal_zero)
UNARY(cmle_zero_vector, EITHER_SHAPE, less_equal_zero)
UNARY(cmlt_zero_vector, EITHER_SHAPE, less_zero)

/* Sums of a signed and an unsigned number: moving the accumulator by half the range turns them into one kind. */
static bool add_mixed(struct translator *t, struct vector_shape shape, enum ir_op op, unsigned rd, unsigned rn)
{
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref top = vector_constant(t, shape.lane, (uint64_t)1 << (lane_bits(shape.lane) - 1));
    ir_ref moved = vector_op(t, IR_vector_xor, LANE_8, a64_v(t, rd), top);
    ir_ref sum = saturating(t, shape, op, IR_vector_add, moved, a64_v(t, rn));
    shape_put(t, shape, rd, vector_op(t, IR_vector_xor, LANE_8, sum, top));
    return true;
}
bool aarch64_translate_suqadd_vector(struct translator *t, const struct aarch64_suqadd_vector_args *a)
{
    return add_mixed(t, EITHER_SHAPE(a), IR_vector_add_sat_unsigned, a->rd, a->rn);
}
bool aarch64_translate_usqadd_vector(struct translator *t, const struct aarch64_usqadd_vector_args *a)
{
    return add_mixed(t, EITHER_SHAPE(a), IR_vector_add_sat_signed, a->rd, a->rn);
}

static bool add_pairs_long(struct translator *t, enum ir_op op, unsigned size, unsigned q, unsigned rd, unsigned rn, bool add)
{
    ir_ref sums = vector_op1(t, op, size, a64_v(t, rn));
    return bitwise(t, q, rd, add ? vector_op(t, IR_vector_add, size + 1, a64_v(t, rd), sums) : sums);
}
#define PAIRS_LONG(insn, op, add)                                                                     \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return add_pairs_long(t, op, a->size, a->q, a->rd, a->rn, add);                               \
    }
PAIRS_LONG(saddlp_vector, IR_vector_add_pairs_long_signed, false)
PAIRS_LONG(uaddlp_vector, IR_vector_add_pairs_long_unsigned, false)
PAIRS_LONG(sadalp_vector, IR_vector_add_pairs_long_signed, true)
PAIRS_LONG(uadalp_vector, IR_vector_add_pairs_long_unsigned, true)

static bool estimate(struct translator *t, unsigned q, unsigned rd, unsigned rn, unsigned square_root)
{
    ir_ref result = ir_helper(t->region, IR_V128, AARCH64_HELPER_vector_estimate, square_root, a64_v(t, rn), IR_NONE, IR_NONE);
    return bitwise(t, q, rd, result);
}
bool aarch64_translate_urecpe_vector(struct translator *t, const struct aarch64_urecpe_vector_args *a) { return estimate(t, a->q, a->rd, a->rn, 0); }
bool aarch64_translate_ursqrte_vector(struct translator *t, const struct aarch64_ursqrte_vector_args *a) { return estimate(t, a->q, a->rd, a->rn, 1); }

/* -- across lanes ------------------------------------------------------------------------------------------------------------ */
static bool across(struct translator *t, enum ir_op op, unsigned size, unsigned q, unsigned rd, unsigned rn)
{
    if (size == LANE_32 && !q) {
        return false;
    }
    struct vector_shape shape = {size, q, false};
    a64_put_v(t, rd, vector_op_imm(t, op, size, a64_v(t, rn), shape_lanes(shape)));
    return true;
}
static bool across_long(struct translator *t, enum ir_op pairs, unsigned size, unsigned q, unsigned rd, unsigned rn)
{
    if (size == LANE_32 && !q) {
        return false;
    }
    struct vector_shape shape = {size, q, false};
    ir_ref sums = vector_op1(t, pairs, size, a64_v(t, rn));
    a64_put_v(t, rd, vector_op_imm(t, IR_vector_sum, size + 1, sums, shape_lanes(shape) / 2));
    return true;
}
#define ACROSS(insn, function, op)                                                                    \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return function(t, op, a->size, a->q, a->rd, a->rn);                                          \
    }
ACROSS(addv_vector, across, IR_vector_sum)
ACROSS(smaxv_vector, across, IR_vector_reduce_max_signed)
ACROSS(umaxv_vector, across, IR_vector_reduce_max_unsigned)
ACROSS(sminv_vector, across, IR_vector_reduce_min_signed)
ACROSS(uminv_vector, across, IR_vector_reduce_min_unsigned)
ACROSS(saddlv_vector, across_long, IR_vector_add_pairs_long_signed)
ACROSS(uaddlv_vector, across_long, IR_vector_add_pairs_long_unsigned)

bool aarch64_translate_addp_scalar(struct translator *t, const struct aarch64_addp_scalar_args *a)
{
    a64_put_v(t, a->rd, vector_op_imm(t, IR_vector_sum, LANE_64, a64_v(t, a->rn), 2));
    return true;
}
