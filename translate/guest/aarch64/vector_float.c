/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Advanced SIMD floating point, its scalar forms included (Arm ARM C4.1). Single and double precision are vector operations of the IR; half
 * precision, the estimates and steps of reciprocals and FMULX run softfloat over the lanes.
 */
#include "translate/guest/aarch64/vector.h"

static ir_ref sign_mask(struct translator *t, unsigned lane) { return vector_constant(t, lane, (uint64_t)1 << (lane_bits(lane) - 1)); }
static ir_ref change_sign(struct translator *t, unsigned lane, ir_ref a) { return vector_op(t, IR_vector_xor, LANE_8, a, sign_mask(t, lane)); }
static ir_ref without_sign(struct translator *t, unsigned lane, ir_ref a) { return vector_op(t, IR_vector_and_not, LANE_8, a, sign_mask(t, lane)); }

/* -- three registers ----------------------------------------------------------------------------------------------------------------- */
static bool binary(struct translator *t, struct vector_shape shape, unsigned rd, ir_ref a, ir_ref b, struct float_operation operation)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, vector_float_binary(t, &operation, shape, a, b));
    return true;
}

#define OPERATION(op, function) ((struct float_operation){op, function})
#define BINARY(insn, shape, op, function)                                                                               \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        return binary(t, shape(a), a->rd, a64_v(t, a->rn), a64_v(t, a->rm), OPERATION(op, function));                   \
    }
BINARY(fadd_vector, FLOAT_SHAPE, IR_vector_float_add, LANE_ADD)
BINARY(fsub_vector, FLOAT_SHAPE, IR_vector_float_sub, LANE_SUB)
BINARY(fmul_vector, FLOAT_SHAPE, IR_vector_float_mul, LANE_MUL)
BINARY(fdiv_vector, FLOAT_SHAPE, IR_vector_float_div, LANE_DIV)
BINARY(fmax_vector, FLOAT_SHAPE, IR_vector_float_max, LANE_MAX)
BINARY(fmin_vector, FLOAT_SHAPE, IR_vector_float_min, LANE_MIN)
BINARY(fmaxnm_vector, FLOAT_SHAPE, IR_vector_float_max_number, LANE_MAX_NUMBER)
BINARY(fminnm_vector, FLOAT_SHAPE, IR_vector_float_min_number, LANE_MIN_NUMBER)
BINARY(fmulx_vector, FLOAT_EITHER_SHAPE, NOT_INLINE, LANE_MULX)
BINARY(frecps_vector, FLOAT_EITHER_SHAPE, NOT_INLINE, LANE_RECIPROCAL_STEP)
BINARY(frsqrts_vector, FLOAT_EITHER_SHAPE, NOT_INLINE, LANE_SQRT_STEP)
BINARY(fcmeq_vector, FLOAT_EITHER_SHAPE, IR_vector_float_equal, LANE_EQUAL)
BINARY(fcmge_vector, FLOAT_EITHER_SHAPE, IR_vector_float_greater_equal, LANE_GREATER_EQUAL)
BINARY(fcmgt_vector, FLOAT_EITHER_SHAPE, IR_vector_float_greater, LANE_GREATER)

#define COMPARE_ABSOLUTE(insn, op, function)                                                                            \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        struct vector_shape shape = FLOAT_EITHER_SHAPE(a);                                                              \
        ir_ref n = without_sign(t, shape.lane, a64_v(t, a->rn)), m = without_sign(t, shape.lane, a64_v(t, a->rm));      \
        return binary(t, shape, a->rd, n, m, OPERATION(op, function));                                                  \
    }
COMPARE_ABSOLUTE(facge_vector, IR_vector_float_greater_equal, LANE_GREATER_EQUAL)
COMPARE_ABSOLUTE(facgt_vector, IR_vector_float_greater, LANE_GREATER)

#define COMPARE_ZERO(insn, op, function, left, right)                                                                   \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        ir_ref n = a64_v(t, a->rn), zero = vector_zero(t);                                                              \
        return binary(t, FLOAT_EITHER_SHAPE(a), a->rd, left, right, OPERATION(op, function));                           \
    }
COMPARE_ZERO(fcmeq_zero_vector, IR_vector_float_equal, LANE_EQUAL, n, zero)
COMPARE_ZERO(fcmge_zero_vector, IR_vector_float_greater_equal, LANE_GREATER_EQUAL, n, zero)
COMPARE_ZERO(fcmgt_zero_vector, IR_vector_float_greater, LANE_GREATER, n, zero)
COMPARE_ZERO(fcmle_zero_vector, IR_vector_float_greater_equal, LANE_GREATER_EQUAL, zero, n)
COMPARE_ZERO(fcmlt_zero_vector, IR_vector_float_greater, LANE_GREATER, zero, n)

bool aarch64_translate_fabd_vector(struct translator *t, const struct aarch64_fabd_vector_args *a)
{
    struct vector_shape shape = FLOAT_EITHER_SHAPE(a);
    if (!shape_exists(shape)) {
        return false;
    }
    const struct float_operation subtract = {IR_vector_float_sub, LANE_SUB};
    ir_ref difference = vector_float_binary(t, &subtract, shape, a64_v(t, a->rn), a64_v(t, a->rm));
    shape_put(t, shape, a->rd, without_sign(t, shape.lane, difference));
    return true;
}

/* d + (±a)*b in each lane that counts. */
static ir_ref mul_add(struct translator *t, struct vector_shape shape, ir_ref d, ir_ref a, ir_ref b, bool negate)
{
    if (shape.lane == LANE_16) {
        struct lane_call call = {.function = LANE_MUL_ADD, .lane = shape.lane, .count = shape_lanes(shape)};
        return vector_float_call(t, &call, negate ? change_sign(t, shape.lane, a) : a, b, d);
    }
    if (shape.scalar) {
        enum ir_type type = float_type(shape.lane);
        ir_ref n = ir_unary(t->region, IR_float_from_vector, type, a), m = ir_unary(t->region, IR_float_from_vector, type, b);
        ir_ref c = ir_unary(t->region, IR_float_from_vector, type, d);
        ir_ref sum = a64_emit(t, (struct ir_insn){.op = IR_float_mul_add, .type = type, .a = n, .b = m, .c = c, .imm = negate});
        return ir_unary_lane(t->region, IR_vector_from_float, IR_V128, (enum ir_lane)shape.lane, sum, 0);
    }
    return a64_emit(t, (struct ir_insn){.op = IR_vector_float_mul_add, .type = IR_V128, .lane = shape.lane, .cond = negate, .a = a, .b = b, .c = d,
                                        .imm = !shape.q});
}
static bool put_mul_add(struct translator *t, struct vector_shape shape, unsigned rd, ir_ref a, ir_ref b, bool negate)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, mul_add(t, shape, a64_v(t, rd), a, b, negate));
    return true;
}
bool aarch64_translate_fmla_vector(struct translator *t, const struct aarch64_fmla_vector_args *a)
{
    return put_mul_add(t, FLOAT_SHAPE(a), a->rd, a64_v(t, a->rn), a64_v(t, a->rm), false);
}
bool aarch64_translate_fmls_vector(struct translator *t, const struct aarch64_fmls_vector_args *a)
{
    return put_mul_add(t, FLOAT_SHAPE(a), a->rd, a64_v(t, a->rn), a64_v(t, a->rm), true);
}

/* -- by element -------------------------------------------------------------------------------------------------------------------------- */
#define ELEMENT(a) vector_element(t, (a)->size, (a)->h, (a)->l, (a)->m, (a)->rm)

bool aarch64_translate_fmla_element(struct translator *t, const struct aarch64_fmla_element_args *a)
{
    return put_mul_add(t, EITHER_SHAPE(a), a->rd, a64_v(t, a->rn), ELEMENT(a), false);
}
bool aarch64_translate_fmls_element(struct translator *t, const struct aarch64_fmls_element_args *a)
{
    return put_mul_add(t, EITHER_SHAPE(a), a->rd, a64_v(t, a->rn), ELEMENT(a), true);
}
bool aarch64_translate_fmul_element(struct translator *t, const struct aarch64_fmul_element_args *a)
{
    return binary(t, EITHER_SHAPE(a), a->rd, a64_v(t, a->rn), ELEMENT(a), OPERATION(IR_vector_float_mul, LANE_MUL));
}
bool aarch64_translate_fmulx_element(struct translator *t, const struct aarch64_fmulx_element_args *a)
{
    return binary(t, EITHER_SHAPE(a), a->rd, a64_v(t, a->rn), ELEMENT(a), OPERATION(NOT_INLINE, LANE_MULX));
}

/* -- complex numbers (FEAT_FCMA): pairs of a real lane and an imaginary one ---------------------------------------------------------------- */
static ir_ref swap_pairs(struct translator *t, unsigned lane, ir_ref a)
{
    return lane == LANE_64 ? ir_vector(t->region, IR_vector_extract_bytes, LANE_8, a, a, IR_NONE, 8) : vector_op_imm(t, IR_vector_reverse, lane, a, lane + 1);
}
/* The signs of the real lanes (even), of the imaginary ones (odd). */
static ir_ref pair_signs(struct translator *t, unsigned lane, bool even, bool odd)
{
    uint64_t sign = (uint64_t)1 << (lane_bits(lane) - 1);
    if (lane == LANE_64) {
        ir_ref low = ir_constant(t->region, IR_V128, even ? sign : 0), high = ir_constant(t->region, IR_V128, odd ? sign : 0);
        return vector_op(t, IR_vector_combine, LANE_64, low, high);
    }
    return vector_constant(t, lane + 1, (even ? sign : 0) | (odd ? sign << lane_bits(lane) : 0));
}

bool aarch64_translate_fcadd_vector(struct translator *t, const struct aarch64_fcadd_vector_args *a)
{
    struct vector_shape shape = VECTOR_SHAPE(a);
    if (!shape_exists(shape)) {
        return false;
    }
    const struct float_operation add = {IR_vector_float_add, LANE_ADD};
    ir_ref turned = vector_op(t, IR_vector_xor, LANE_8, swap_pairs(t, a->size, a64_v(t, a->rm)), pair_signs(t, a->size, !a->rotate, a->rotate));
    shape_put(t, shape, a->rd, vector_float_binary(t, &add, shape, a64_v(t, a->rn), turned));
    return true;
}

/* rotate: quarter turns of b. Odd ones take a's imaginary part with b's parts swapped. */
static bool complex_mul_add(struct translator *t, struct vector_shape shape, unsigned rotate, unsigned rd, ir_ref a, ir_ref b)
{
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref part = vector_op(t, rotate & 1 ? IR_vector_transpose_odd : IR_vector_transpose_even, shape.lane, a, a);
    b = rotate & 1 ? swap_pairs(t, shape.lane, b) : b;
    if (rotate) {
        b = vector_op(t, IR_vector_xor, LANE_8, b, pair_signs(t, shape.lane, rotate == 1 || rotate == 2, rotate == 2 || rotate == 3));
    }
    shape_put(t, shape, rd, mul_add(t, shape, a64_v(t, rd), part, b, false));
    return true;
}
bool aarch64_translate_fcmla_vector(struct translator *t, const struct aarch64_fcmla_vector_args *a)
{
    return complex_mul_add(t, VECTOR_SHAPE(a), a->rotate, a->rd, a64_v(t, a->rn), a64_v(t, a->rm));
}
bool aarch64_translate_fcmla_element(struct translator *t, const struct aarch64_fcmla_element_args *a)
{
    if (a->size == LANE_16 && !a->q && a->h) {
        return false;
    }
    unsigned pair = a->size == LANE_16 ? a->h << 1 | a->l : a->h;
    ir_ref b = vector_op_imm(t, IR_vector_dup, a->size + 1, a64_v(t, a->rm), pair);
    return complex_mul_add(t, VECTOR_SHAPE(a), a->rotate, a->rd, a64_v(t, a->rn), b);
}

/* -- pairwise and across lanes -------------------------------------------------------------------------------------------------------------- */
static bool pairwise(struct translator *t, struct vector_shape shape, unsigned rd, unsigned rn, unsigned rm, struct float_operation operation)
{
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref a = a64_v(t, rn), b = a64_v(t, rm);
    if (!shape.q) {
        a = b = vector_op(t, IR_vector_combine, LANE_64, a, b);
    }
    ir_ref even = vector_op(t, IR_vector_unzip_even, shape.lane, a, b), odd = vector_op(t, IR_vector_unzip_odd, shape.lane, a, b);
    shape_put(t, shape, rd, vector_float_binary(t, &operation, shape, even, odd));
    return true;
}
#define PAIRWISE(insn, op, function)                                                                                    \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        return pairwise(t, FLOAT_SHAPE(a), a->rd, a->rn, a->rm, OPERATION(op, function));                               \
    }
PAIRWISE(faddp_vector, IR_vector_float_add, LANE_ADD)
PAIRWISE(fmaxp_vector, IR_vector_float_max, LANE_MAX)
PAIRWISE(fminp_vector, IR_vector_float_min, LANE_MIN)
PAIRWISE(fmaxnmp_vector, IR_vector_float_max_number, LANE_MAX_NUMBER)
PAIRWISE(fminnmp_vector, IR_vector_float_min_number, LANE_MIN_NUMBER)

/* Lanes 0 and 1 of the operand. */
static bool pair(struct translator *t, unsigned lane, unsigned rd, unsigned rn, struct float_operation operation)
{
    struct vector_shape shape = {lane, false, true};
    ir_ref a = a64_v(t, rn), second = vector_op_imm(t, IR_vector_dup, lane, a, 1);
    shape_put(t, shape, rd, vector_float_binary(t, &operation, shape, a, second));
    return true;
}
#define PAIR(insn, op, function)                                                                                        \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        return pair(t, a->half ? LANE_16 : LANE_32 + a->sz, a->rd, a->rn, OPERATION(op, function));                     \
    }
PAIR(faddp_scalar, IR_vector_float_add, LANE_ADD)
PAIR(fmaxp_scalar, IR_vector_float_max, LANE_MAX)
PAIR(fminp_scalar, IR_vector_float_min, LANE_MIN)
PAIR(fmaxnmp_scalar, IR_vector_float_max_number, LANE_MAX_NUMBER)
PAIR(fminnmp_scalar, IR_vector_float_min_number, LANE_MIN_NUMBER)

/* Neighbours first, then neighbouring results (the manual's Reduce). Lanes stay full of copies, which raise nothing new. */
static bool across(struct translator *t, unsigned half, unsigned q, unsigned rd, unsigned rn, struct float_operation operation)
{
    struct vector_shape whole = {half ? LANE_16 : LANE_32, true, false};
    ir_ref value = a64_v(t, rn);
    unsigned lanes = shape_lanes((struct vector_shape){whole.lane, q, false});
    if (!q) {
        value = vector_op(t, IR_vector_combine, LANE_64, value, value);
    }
    for (; lanes > 1; lanes /= 2) {
        ir_ref even = vector_op(t, IR_vector_unzip_even, whole.lane, value, value);
        ir_ref odd = vector_op(t, IR_vector_unzip_odd, whole.lane, value, value);
        value = vector_float_binary(t, &operation, whole, even, odd);
    }
    shape_put(t, (struct vector_shape){whole.lane, false, true}, rd, value);
    return true;
}
#define ACROSS(insn, op, function)                                                                                      \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        return across(t, a->half, a->q, a->rd, a->rn, OPERATION(op, function));                                         \
    }
ACROSS(fmaxv_vector, IR_vector_float_max, LANE_MAX)
ACROSS(fminv_vector, IR_vector_float_min, LANE_MIN)
ACROSS(fmaxnmv_vector, IR_vector_float_max_number, LANE_MAX_NUMBER)
ACROSS(fminnmv_vector, IR_vector_float_min_number, LANE_MIN_NUMBER)

/* -- two registers -------------------------------------------------------------------------------------------------------------------------------- */
static bool put_sign_change(struct translator *t, struct vector_shape shape, unsigned rd, unsigned rn, ir_ref (*change)(struct translator *, unsigned, ir_ref))
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, change(t, shape.lane, a64_v(t, rn)));
    return true;
}
bool aarch64_translate_fabs_vector(struct translator *t, const struct aarch64_fabs_vector_args *a)
{
    return put_sign_change(t, FLOAT_SHAPE(a), a->rd, a->rn, without_sign);
}
bool aarch64_translate_fneg_vector(struct translator *t, const struct aarch64_fneg_vector_args *a)
{
    return put_sign_change(t, FLOAT_SHAPE(a), a->rd, a->rn, change_sign);
}

/* The conversions with integers in the same register, which compilers like. */
static ir_ref scalar_unary(struct translator *t, unsigned lane, ir_ref a, enum ir_op op, unsigned rounding)
{
    enum ir_type type = float_type(lane), int_type = a64_type(lane == LANE_64);
    ir_ref value = ir_unary(t->region, IR_float_from_vector, type, a);
    if (op == IR_vector_float_from_signed || op == IR_vector_float_from_unsigned) {
        enum ir_op from = op == IR_vector_float_from_signed ? IR_float_from_signed : IR_float_from_unsigned;
        return ir_unary_lane(t->region, from, type, (enum ir_lane)lane, ir_unary(t->region, IR_float_to_bits, int_type, value), 0);
    }
    enum ir_op to = op == IR_vector_float_to_signed ? IR_float_to_signed : IR_float_to_unsigned;
    ir_ref number = a64_emit(t, (struct ir_insn){.op = to, .type = int_type, .lane = lane, .cond = rounding, .a = value});
    return ir_unary(t->region, IR_float_from_bits, type, number);
}

/* `call` says what to compute; `op` is its inline form, whose imm gets `bits` too. */
static bool unary(struct translator *t, struct vector_shape shape, unsigned rd, ir_ref a, enum ir_op op, struct lane_call call, unsigned bits)
{
    if (!shape_exists(shape)) {
        return false;
    }
    call.lane = shape.lane;
    call.count = shape_lanes(shape);
    call.int_bits = lane_bits(shape.lane);
    if (shape.lane == LANE_16 || op == NOT_INLINE) {
        a64_put_v(t, rd, vector_float_call(t, &call, a, IR_NONE, IR_NONE));
        return true;
    }
    if (shape.scalar) {
        float_put(t, shape.lane, rd, scalar_unary(t, shape.lane, a, op, call.rounding));
        return true;
    }
    ir_ref value = a64_emit(t, (struct ir_insn){.op = op, .type = IR_V128, .lane = shape.lane, .cond = call.rounding, .a = a, .imm = (unsigned)!shape.q | bits});
    shape_put(t, shape, rd, value);
    return true;
}
#define UNARY(insn, shape, op, bits, ...)                                                                               \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        return unary(t, shape(a), a->rd, a64_v(t, a->rn), op, (struct lane_call){__VA_ARGS__}, bits);                   \
    }
UNARY(fsqrt_vector, FLOAT_SHAPE, IR_vector_float_sqrt, 0, .function = LANE_SQRT)
UNARY(frecpe_vector, FLOAT_EITHER_SHAPE, NOT_INLINE, 0, .function = LANE_RECIPROCAL_ESTIMATE)
UNARY(frsqrte_vector, FLOAT_EITHER_SHAPE, NOT_INLINE, 0, .function = LANE_SQRT_ESTIMATE)

#define ROUND(insn, mode) UNARY(insn, FLOAT_SHAPE, IR_vector_float_round, 0, .function = LANE_ROUND, .rounding = mode)
ROUND(frintn_vector, ROUND_NEAREST_EVEN)
ROUND(frintm_vector, ROUND_DOWN)
ROUND(frintp_vector, ROUND_UP)
ROUND(frintz_vector, ROUND_ZERO)
ROUND(frinta_vector, ROUND_NEAREST_AWAY)
ROUND(frinti_vector, ROUND_CURRENT)
UNARY(frintx_vector, FLOAT_SHAPE, IR_vector_float_round, 2, .function = LANE_ROUND, .rounding = ROUND_CURRENT, .exact = true)

#define TO_SIGNED(insn, mode) \
    UNARY(insn, FLOAT_EITHER_SHAPE, IR_vector_float_to_signed, 0, .function = LANE_TO_INT, .rounding = mode, .is_signed = true)
#define TO_UNSIGNED(insn, mode) UNARY(insn, FLOAT_EITHER_SHAPE, IR_vector_float_to_unsigned, 0, .function = LANE_TO_INT, .rounding = mode)
TO_SIGNED(fcvtns_vector, ROUND_NEAREST_EVEN)
TO_UNSIGNED(fcvtnu_vector, ROUND_NEAREST_EVEN)
TO_SIGNED(fcvtms_vector, ROUND_DOWN)
TO_UNSIGNED(fcvtmu_vector, ROUND_DOWN)
TO_SIGNED(fcvtas_vector, ROUND_NEAREST_AWAY)
TO_UNSIGNED(fcvtau_vector, ROUND_NEAREST_AWAY)
TO_SIGNED(fcvtps_vector, ROUND_UP)
TO_UNSIGNED(fcvtpu_vector, ROUND_UP)
TO_SIGNED(fcvtzs_vector, ROUND_ZERO)
TO_UNSIGNED(fcvtzu_vector, ROUND_ZERO)
UNARY(scvtf_vector, FLOAT_EITHER_SHAPE, IR_vector_float_from_signed, 0, .function = LANE_FROM_INT, .is_signed = true)
UNARY(ucvtf_vector, FLOAT_EITHER_SHAPE, IR_vector_float_from_unsigned, 0, .function = LANE_FROM_INT)

bool aarch64_translate_frecpx_scalar(struct translator *t, const struct aarch64_frecpx_scalar_args *a)
{
    struct vector_shape shape = {a->half ? LANE_16 : LANE_32 + a->sz, false, true};
    return unary(t, shape, a->rd, a64_v(t, a->rn), NOT_INLINE, (struct lane_call){.function = LANE_RECIPROCAL_EXPONENT}, 0);
}

/* Fixed point: width - shift fraction bits. */
#define FIXED(insn, ...)                                                                                                \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        struct lane_call call = {.fraction = lane_bits(a->size) - a->shift, __VA_ARGS__};                               \
        return unary(t, EITHER_SHAPE(a), a->rd, a64_v(t, a->rn), NOT_INLINE, call, 0);                                  \
    }
FIXED(scvtf_fixed_vector, .function = LANE_FROM_INT, .is_signed = true)
FIXED(ucvtf_fixed_vector, .function = LANE_FROM_INT)
FIXED(fcvtzs_fixed_vector, .function = LANE_TO_INT, .is_signed = true, .rounding = ROUND_ZERO)
FIXED(fcvtzu_fixed_vector, .function = LANE_TO_INT, .rounding = ROUND_ZERO)

/* -- between precisions: sz 0 is half and single, 1 is single and double ---------------------------------------------------------------------------- */
bool aarch64_translate_fcvtl_vector(struct translator *t, const struct aarch64_fcvtl_vector_args *a)
{
    unsigned narrow = LANE_16 + a->sz;
    ir_ref half = vector_half(t, a->q, a64_v(t, a->rn));
    if (narrow == LANE_16 && t->mode & GUEST_MODE_RARE_FLOAT) {
        a64_put_v(t, a->rd, vector_convert_call(t, LANE_32, LANE_16, 4, half));
    } else {
        a64_put_v(t, a->rd, vector_op1(t, IR_vector_float_widen, narrow, half));
    }
    return true;
}
bool aarch64_translate_fcvtn_vector(struct translator *t, const struct aarch64_fcvtn_vector_args *a)
{
    unsigned narrow = LANE_16 + a->sz;
    if (narrow == LANE_16 && t->mode & GUEST_MODE_RARE_FLOAT) {
        narrow_put(t, a->q, a->rd, vector_convert_call(t, LANE_16, LANE_32, 4, a64_v(t, a->rn)));
    } else {
        narrow_put(t, a->q, a->rd, vector_op1(t, IR_vector_float_narrow, narrow, a64_v(t, a->rn)));
    }
    return true;
}
/* Rounding to odd, so that a second rounding to a narrower format is right. */
bool aarch64_translate_fcvtxn_vector(struct translator *t, const struct aarch64_fcvtxn_vector_args *a)
{
    ir_ref wide = a->scalar ? vector_low(t, a64_v(t, a->rn)) : a64_v(t, a->rn);
    ir_ref result = a64_emit(t, (struct ir_insn){.op = IR_vector_float_narrow, .type = IR_V128, .lane = LANE_32, .cond = 1, .a = wide});
    narrow_put(t, a->q, a->rd, result);
    return true;
}
