/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Scalar floating point (Arm ARM C4.1, C7.2). Single and double precision are operations of the IR, half precision goes through softfloat
 * but for moves and signs. Registers hold the number in the low bits of a vector register, zero above.
 */
#include "translate/guest/aarch64/vector.h"

/* `type` of the encodings. */
static unsigned lane_of(unsigned type) { return type == 3 ? LANE_16 : LANE_32 + type; }
static bool is_half(unsigned type) { return type == 3; }
static struct vector_shape scalar_shape(unsigned lane) { return (struct vector_shape){lane, false, true}; }

static ir_ref int_to_float_register(struct translator *t, unsigned lane, ir_ref bits)
{
    ir_ref value = ir_unary(t->region, IR_float_from_bits, float_type(lane), bits);
    return ir_unary_lane(t->region, IR_vector_from_float, IR_V128, (enum ir_lane)lane, value, 0);
}

/* -- conversions to and from integers ------------------------------------------------------------------------------------------ */
static bool to_int(struct translator *t, unsigned sf, unsigned type, unsigned rd, unsigned rn, bool is_signed, enum ir_rounding rounding)
{
    unsigned lane = lane_of(type);
    ir_ref result;
    if (is_half(type)) {
        struct lane_call call = {.function = LANE_TO_INT, .lane = lane, .rounding = rounding, .is_signed = is_signed, .int_bits = sf ? 64 : 32};
        result = ir_helper(t->region, IR_I64, AARCH64_HELPER_float_to_int, lane_call_pack(&call), a64_v(t, rn), IR_NONE, IR_NONE);
        a64_put_x(t, rd, result);
        return true;
    }
    result = a64_emit(t, (struct ir_insn){.op = is_signed ? IR_float_to_signed : IR_float_to_unsigned, .type = a64_type(sf), .lane = lane,
                                          .cond = rounding, .a = float_get(t, lane, rn)});
    a64_put_r(t, sf, rd, result);
    return true;
}
#define TO_INT(insn, is_signed, rounding)                                                             \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return to_int(t, a->sf, a->type, a->rd, a->rn, is_signed, rounding);                          \
    }
TO_INT(fcvtns, true, ROUND_NEAREST_EVEN)
TO_INT(fcvtnu, false, ROUND_NEAREST_EVEN)
TO_INT(fcvtas, true, ROUND_NEAREST_AWAY)
TO_INT(fcvtau, false, ROUND_NEAREST_AWAY)
TO_INT(fcvtps, true, ROUND_UP)
TO_INT(fcvtpu, false, ROUND_UP)
TO_INT(fcvtms, true, ROUND_DOWN)
TO_INT(fcvtmu, false, ROUND_DOWN)
TO_INT(fcvtzs, true, ROUND_ZERO)
TO_INT(fcvtzu, false, ROUND_ZERO)

static bool from_int(struct translator *t, unsigned sf, unsigned type, unsigned rd, unsigned rn, bool is_signed)
{
    unsigned lane = lane_of(type);
    if (is_half(type)) {
        struct lane_call call = {.function = LANE_FROM_INT, .lane = lane, .is_signed = is_signed, .int_bits = sf ? 64 : 32};
        ir_ref result = ir_helper(t->region, IR_V128, AARCH64_HELPER_float_from_int, lane_call_pack(&call), a64_x(t, rn), IR_NONE, IR_NONE);
        a64_put_v(t, rd, result);
        return true;
    }
    ir_ref result = a64_emit(t, (struct ir_insn){.op = is_signed ? IR_float_from_signed : IR_float_from_unsigned, .type = float_type(lane),
                                                 .lane = sf ? LANE_64 : LANE_32, .a = a64_r(t, sf, rn)});
    float_put(t, lane, rd, result);
    return true;
}
bool aarch64_translate_scvtf(struct translator *t, const struct aarch64_scvtf_args *a) { return from_int(t, a->sf, a->type, a->rd, a->rn, true); }
bool aarch64_translate_ucvtf(struct translator *t, const struct aarch64_ucvtf_args *a) { return from_int(t, a->sf, a->type, a->rd, a->rn, false); }

/* Fixed point: rare in compiled code, so by softfloat. `scale` is the integer's width less the fraction bits. */
static bool to_fixed(struct translator *t, unsigned sf, unsigned type, unsigned rd, unsigned rn, bool is_signed, unsigned scale)
{
    unsigned int_bits = sf ? 64 : 32;
    struct lane_call call = {.function = LANE_TO_INT, .lane = lane_of(type), .rounding = ROUND_ZERO, .is_signed = is_signed,
                             .fraction = int_bits - scale, .int_bits = int_bits};
    a64_put_x(t, rd, ir_helper(t->region, IR_I64, AARCH64_HELPER_float_to_int, lane_call_pack(&call), a64_v(t, rn), IR_NONE, IR_NONE));
    return true;
}
static bool from_fixed(struct translator *t, unsigned sf, unsigned type, unsigned rd, unsigned rn, bool is_signed, unsigned scale)
{
    unsigned int_bits = sf ? 64 : 32;
    struct lane_call call = {.function = LANE_FROM_INT, .lane = lane_of(type), .is_signed = is_signed, .fraction = int_bits - scale, .int_bits = int_bits};
    a64_put_v(t, rd, ir_helper(t->region, IR_V128, AARCH64_HELPER_float_from_int, lane_call_pack(&call), a64_x(t, rn), IR_NONE, IR_NONE));
    return true;
}
#define FIXED(insn, function, is_signed)                                                              \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return function(t, a->sf, a->type, a->rd, a->rn, is_signed, a->scale);                        \
    }
FIXED(fcvtzs_fixed, to_fixed, true)
FIXED(fcvtzu_fixed, to_fixed, false)
FIXED(scvtf_fixed, from_fixed, true)
FIXED(ucvtf_fixed, from_fixed, false)

/* FJCVTZS: modulo 2^32, Z where the number was an integer in range. */
bool aarch64_translate_fjcvtzs(struct translator *t, const struct aarch64_fjcvtzs_args *a)
{
    ir_ref both = ir_helper(t->region, IR_I64, AARCH64_HELPER_float_to_int_javascript, 0, a64_v(t, a->rn), IR_NONE, IR_NONE);
    a64_put_w(t, a->rd, ir_unary(t->region, IR_truncate, IR_I32, both));
    ir_ref nzcv = ir_unary(t->region, IR_truncate, IR_I32, ir_binary_imm(t->region, IR_shr, IR_I64, both, 32));
    a64_put_flags(t, ir_unary(t->region, IR_flags_from_nzcv, IR_I32, nzcv));
    return true;
}

/* -- moves ------------------------------------------------------------------------------------------------------------------------ */
bool aarch64_translate_fmov_to_int(struct translator *t, const struct aarch64_fmov_to_int_args *a)
{
    unsigned lane = lane_of(a->type);
    if (lane == LANE_16) {
        a64_put_w(t, a->rd, ir_unary_lane(t->region, IR_vector_get_lane, IR_I32, LANE_16, a64_v(t, a->rn), 0));
    } else {
        a64_put_r(t, lane == LANE_64, a->rd, ir_unary(t->region, IR_float_to_bits, a64_type(lane == LANE_64), float_get(t, lane, a->rn)));
    }
    return true;
}
bool aarch64_translate_fmov_from_int(struct translator *t, const struct aarch64_fmov_from_int_args *a)
{
    unsigned lane = lane_of(a->type);
    if (lane == LANE_16) {
        ir_ref low = ir_binary_imm(t->region, IR_and, IR_I32, a64_w(t, a->rn), 0xffff);
        a64_put_v(t, a->rd, int_to_float_register(t, LANE_32, low));
    } else {
        a64_put_v(t, a->rd, int_to_float_register(t, lane, a64_r(t, a->sf, a->rn)));
    }
    return true;
}
bool aarch64_translate_fmov_from_top(struct translator *t, const struct aarch64_fmov_from_top_args *a)
{
    a64_put_x(t, a->rd, ir_unary_lane(t->region, IR_vector_get_lane, IR_I64, LANE_64, a64_v(t, a->rn), 1));
    return true;
}
bool aarch64_translate_fmov_to_top(struct translator *t, const struct aarch64_fmov_to_top_args *a)
{
    a64_put_v(t, a->rd, ir_vector(t->region, IR_vector_insert_int, LANE_64, a64_v(t, a->rd), a64_x(t, a->rn), IR_NONE, 1));
    return true;
}
bool aarch64_translate_fmov_imm(struct translator *t, const struct aarch64_fmov_imm_args *a)
{
    unsigned lane = lane_of(a->type), wide = lane == LANE_64 ? LANE_64 : LANE_32;
    float_put(t, wide, a->rd, ir_constant(t->region, float_type(wide), float_immediate(lane, a->imm)));
    return true;
}
bool aarch64_translate_fmov(struct translator *t, const struct aarch64_fmov_args *a)
{
    shape_put(t, scalar_shape(lane_of(a->type)), a->rd, a64_v(t, a->rn));
    return true;
}
bool aarch64_translate_fcsel(struct translator *t, const struct aarch64_fcsel_args *a)
{
    unsigned lane = lane_of(a->type);
    if (is_half(a->type)) {
        ir_ref chosen = a64_emit(t, (struct ir_insn){.op = IR_select, .type = IR_V128, .cond = a->cond, .a = a64_flags(t), .b = a64_v(t, a->rn),
                                                     .c = a64_v(t, a->rm)});
        shape_put(t, scalar_shape(lane), a->rd, chosen);
    } else {
        ir_ref n = float_get(t, lane, a->rn), m = float_get(t, lane, a->rm);
        float_put(t, lane, a->rd, a64_emit(t, (struct ir_insn){.op = IR_select, .type = float_type(lane), .cond = a->cond, .a = a64_flags(t), .b = n, .c = m}));
    }
    return true;
}

/* -- one source ---------------------------------------------------------------------------------------------------------------------- */
static bool sign_operation(struct translator *t, unsigned type, unsigned rd, unsigned rn, enum ir_op op, enum ir_op bits_op, uint64_t bits)
{
    unsigned lane = lane_of(type);
    if (is_half(type)) {
        shape_put(t, scalar_shape(lane), rd, vector_op(t, bits_op, LANE_8, a64_v(t, rn), vector_constant(t, lane, bits)));
    } else {
        float_put(t, lane, rd, ir_unary(t->region, op, float_type(lane), float_get(t, lane, rn)));
    }
    return true;
}
bool aarch64_translate_fabs(struct translator *t, const struct aarch64_fabs_args *a)
{
    return sign_operation(t, a->type, a->rd, a->rn, IR_float_abs, IR_vector_and, 0x7fff);
}
bool aarch64_translate_fneg(struct translator *t, const struct aarch64_fneg_args *a)
{
    return sign_operation(t, a->type, a->rd, a->rn, IR_float_neg, IR_vector_xor, 0x8000);
}

bool aarch64_translate_fsqrt(struct translator *t, const struct aarch64_fsqrt_args *a)
{
    unsigned lane = lane_of(a->type);
    if (is_half(a->type)) {
        struct lane_call call = {.function = LANE_SQRT, .lane = lane, .count = 1};
        a64_put_v(t, a->rd, vector_float_call(t, &call, a64_v(t, a->rn), IR_NONE, IR_NONE));
    } else {
        float_put(t, lane, a->rd, ir_unary(t->region, IR_float_sqrt, float_type(lane), float_get(t, lane, a->rn)));
    }
    return true;
}

static bool round_to_int(struct translator *t, unsigned type, unsigned rd, unsigned rn, enum ir_rounding rounding, bool exact)
{
    unsigned lane = lane_of(type);
    if (is_half(type)) {
        struct lane_call call = {.function = LANE_ROUND, .lane = lane, .count = 1, .rounding = rounding, .exact = exact};
        a64_put_v(t, rd, vector_float_call(t, &call, a64_v(t, rn), IR_NONE, IR_NONE));
    } else {
        float_put(t, lane, rd, a64_emit(t, (struct ir_insn){.op = IR_float_round, .type = float_type(lane), .cond = rounding, .imm = exact,
                                                            .a = float_get(t, lane, rn)}));
    }
    return true;
}
#define ROUND(insn, rounding, exact)                                                                  \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return round_to_int(t, a->type, a->rd, a->rn, rounding, exact);                               \
    }
ROUND(frintn, ROUND_NEAREST_EVEN, false)
ROUND(frintp, ROUND_UP, false)
ROUND(frintm, ROUND_DOWN, false)
ROUND(frintz, ROUND_ZERO, false)
ROUND(frinta, ROUND_NEAREST_AWAY, false)
ROUND(frintx, ROUND_CURRENT, true)
ROUND(frinti, ROUND_CURRENT, false)

/* From double to half is one rounding, which no host instruction does. */
bool aarch64_translate_fcvt(struct translator *t, const struct aarch64_fcvt_args *a)
{
    unsigned from = lane_of(a->type), to = lane_of(a->to);
    bool half = from == LANE_16 || to == LANE_16;
    if (half && (t->mode & GUEST_MODE_RARE_FLOAT || (from == LANE_64 && to == LANE_16))) {
        a64_put_v(t, a->rd, vector_convert_call(t, to, from, 1, a64_v(t, a->rn)));
        return true;
    }
    ir_ref value = float_get(t, from, a->rn);
    if (from == LANE_16 && to == LANE_64) {
        value = ir_unary_lane(t->region, IR_float_convert, IR_F32, LANE_16, value, 0);
        from = LANE_32;
    }
    float_put(t, to, a->rd, ir_unary_lane(t->region, IR_float_convert, float_type(to), (enum ir_lane)from, value, 0));
    return true;
}

/* -- two and three sources --------------------------------------------------------------------------------------------------------------- */
static bool binary(struct translator *t, unsigned type, unsigned rd, unsigned rn, unsigned rm, enum ir_op op, enum lane_function function)
{
    unsigned lane = lane_of(type);
    if (is_half(type)) {
        struct lane_call call = {.function = function, .lane = lane, .count = 1};
        a64_put_v(t, rd, vector_float_call(t, &call, a64_v(t, rn), a64_v(t, rm), IR_NONE));
    } else {
        float_put(t, lane, rd, ir_binary(t->region, op, float_type(lane), float_get(t, lane, rn), float_get(t, lane, rm)));
    }
    return true;
}
#define BINARY(insn, op, function)                                                                    \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return binary(t, a->type, a->rd, a->rn, a->rm, op, function);                                 \
    }
BINARY(fadd, IR_float_add, LANE_ADD)
BINARY(fsub, IR_float_sub, LANE_SUB)
BINARY(fmul, IR_float_mul, LANE_MUL)
BINARY(fdiv, IR_float_div, LANE_DIV)
BINARY(fmax, IR_float_max, LANE_MAX)
BINARY(fmin, IR_float_min, LANE_MIN)
BINARY(fmaxnm, IR_float_max_number, LANE_MAX_NUMBER)
BINARY(fminnm, IR_float_min_number, LANE_MIN_NUMBER)

bool aarch64_translate_fnmul(struct translator *t, const struct aarch64_fnmul_args *a)
{
    unsigned lane = lane_of(a->type);
    if (is_half(a->type)) {
        struct lane_call call = {.function = LANE_MUL, .lane = lane, .count = 1};
        ir_ref product = vector_float_call(t, &call, a64_v(t, a->rn), a64_v(t, a->rm), IR_NONE);
        shape_put(t, scalar_shape(lane), a->rd, vector_op(t, IR_vector_xor, LANE_8, product, vector_constant(t, lane, 0x8000)));
        return true;
    }
    ir_ref product = ir_binary(t->region, IR_float_mul, float_type(lane), float_get(t, lane, a->rn), float_get(t, lane, a->rm));
    float_put(t, lane, a->rd, ir_unary(t->region, IR_float_neg, float_type(lane), product));
    return true;
}

/* ±a*b ± c: the product's sign is changed by its first factor, the addend's by itself, NaNs included. */
static bool mul_add(struct translator *t, unsigned type, unsigned rd, unsigned rn, unsigned rm, unsigned ra, bool negate_product, bool negate_addend)
{
    unsigned lane = lane_of(type);
    if (is_half(type)) {
        ir_ref n = a64_v(t, rn), c = a64_v(t, ra), sign = vector_constant(t, lane, 0x8000);
        n = negate_product ? vector_op(t, IR_vector_xor, LANE_8, n, sign) : n;
        c = negate_addend ? vector_op(t, IR_vector_xor, LANE_8, c, sign) : c;
        struct lane_call call = {.function = LANE_MUL_ADD, .lane = lane, .count = 1};
        a64_put_v(t, rd, vector_float_call(t, &call, n, a64_v(t, rm), c));
        return true;
    }
    ir_ref n = float_get(t, lane, rn), m = float_get(t, lane, rm), c = float_get(t, lane, ra);
    uint64_t negated = (unsigned)negate_product | (unsigned)negate_addend << 1;
    float_put(t, lane, rd, a64_emit(t, (struct ir_insn){.op = IR_float_mul_add, .type = float_type(lane), .a = n, .b = m, .c = c, .imm = negated}));
    return true;
}
#define MUL_ADD(insn, negate_product, negate_addend)                                                  \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return mul_add(t, a->type, a->rd, a->rn, a->rm, a->ra, negate_product, negate_addend);        \
    }
MUL_ADD(fmadd, false, false)
MUL_ADD(fmsub, true, false)
MUL_ADD(fnmadd, true, true)
MUL_ADD(fnmsub, false, true)

/* -- compare ------------------------------------------------------------------------------------------------------------------------------------ */
static ir_ref compare(struct translator *t, unsigned lane, bool signal, ir_ref n, ir_ref m)
{
    if (lane == LANE_16) {
        ir_ref nzcv = ir_helper(t->region, IR_I32, AARCH64_HELPER_float_compare, lane | (unsigned)signal << 2, n, m, IR_NONE);
        return ir_unary(t->region, IR_flags_from_nzcv, IR_I32, nzcv);
    }
    return ir_binary(t->region, signal ? IR_flags_float_signal : IR_flags_float, float_type(lane), n, m);
}
static ir_ref compare_operand(struct translator *t, unsigned lane, unsigned n)
{
    return lane == LANE_16 ? a64_v(t, n) : float_get(t, lane, n);
}
static enum ir_type compare_type(unsigned lane) { return lane == LANE_16 ? IR_V128 : float_type(lane); }

bool aarch64_translate_fcmp(struct translator *t, const struct aarch64_fcmp_args *a)
{
    unsigned lane = lane_of(a->type);
    ir_ref m = a->zero ? ir_constant(t->region, compare_type(lane), 0) : compare_operand(t, lane, a->rm);
    a64_put_flags(t, compare(t, lane, a->signal, compare_operand(t, lane, a->rn), m));
    return true;
}

/* Where the condition fails nothing is compared, so no exception may be raised: zero is compared with zero. */
bool aarch64_translate_fccmp(struct translator *t, const struct aarch64_fccmp_args *a)
{
    unsigned lane = lane_of(a->type);
    enum ir_type type = compare_type(lane);
    ir_ref n = compare_operand(t, lane, a->rn), m = compare_operand(t, lane, a->rm);
    if (a->cond >= COND_ALWAYS) {
        a64_put_flags(t, compare(t, lane, a->signal, n, m));
        return true;
    }
    ir_ref token = a64_flags(t), zero = ir_constant(t->region, type, 0);
    n = a64_emit(t, (struct ir_insn){.op = IR_select, .type = type, .cond = a->cond, .a = token, .b = n, .c = zero});
    m = a64_emit(t, (struct ir_insn){.op = IR_select, .type = type, .cond = a->cond, .a = token, .b = m, .c = zero});
    ir_ref compared = ir_unary(t->region, IR_flags_to_nzcv, IR_I32, compare(t, lane, a->signal, n, m));
    ir_ref given = ir_constant(t->region, IR_I32, (uint64_t)a->nzcv << 28);
    ir_ref nzcv = a64_emit(t, (struct ir_insn){.op = IR_select, .type = IR_I32, .cond = a->cond, .a = token, .b = compared, .c = given});
    a64_put_flags(t, ir_unary(t->region, IR_flags_from_nzcv, IR_I32, nzcv));
    return true;
}
