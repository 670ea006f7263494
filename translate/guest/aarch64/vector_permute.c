/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Advanced SIMD moves of lanes (Arm ARM C4.1: permute, extract, table lookup, copy, modified immediate; reversals).
 */
#include "translate/guest/aarch64/vector.h"

static ir_ref both_low_halves(struct translator *t, ir_ref a, ir_ref b) { return vector_op(t, IR_vector_combine, LANE_64, a, b); }

/* -- permute ------------------------------------------------------------------------------------------------------------------ */
static bool unzip(struct translator *t, struct vector_shape shape, enum ir_op op, unsigned rd, ir_ref a, ir_ref b)
{
    if (!shape_exists(shape)) {
        return false;
    }
    if (!shape.q) {
        a = b = both_low_halves(t, a, b);
    }
    shape_put(t, shape, rd, vector_op(t, op, shape.lane, a, b));
    return true;
}
static bool zip(struct translator *t, struct vector_shape shape, bool high, unsigned rd, ir_ref a, ir_ref b)
{
    if (!shape_exists(shape)) {
        return false;
    }
    ir_ref result = vector_op(t, shape.q && high ? IR_vector_zip_high : IR_vector_zip_low, shape.lane, a, b);
    if (!shape.q && high) {               /* the two low halves make one whole register of pairs */
        result = vector_high(t, result);
    }
    shape_put(t, shape, rd, result);
    return true;
}
static bool transpose(struct translator *t, struct vector_shape shape, enum ir_op op, unsigned rd, ir_ref a, ir_ref b)
{
    if (!shape_exists(shape)) {
        return false;
    }
    shape_put(t, shape, rd, vector_op(t, op, shape.lane, a, b));
    return true;
}
#define PERMUTE(insn, function, how)                                                                  \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        return function(t, VECTOR_SHAPE(a), how, a->rd, a64_v(t, a->rn), a64_v(t, a->rm));            \
    }
PERMUTE(uzp1_vector, unzip, IR_vector_unzip_even)
PERMUTE(uzp2_vector, unzip, IR_vector_unzip_odd)
PERMUTE(zip1_vector, zip, false)
PERMUTE(zip2_vector, zip, true)
PERMUTE(trn1_vector, transpose, IR_vector_transpose_even)
PERMUTE(trn2_vector, transpose, IR_vector_transpose_odd)

bool aarch64_translate_ext_vector(struct translator *t, const struct aarch64_ext_vector_args *a)
{
    ir_ref low = a64_v(t, a->rn), high = a64_v(t, a->rm);
    if (!a->q) {
        low = high = both_low_halves(t, low, high);
    }
    ir_ref result = ir_vector(t->region, IR_vector_extract_bytes, LANE_8, low, high, IR_NONE, a->index);
    shape_put(t, (struct vector_shape){LANE_8, a->q, false}, a->rd, result);
    return true;
}

/* -- table lookup ---------------------------------------------------------------------------------------------------------------- */
/* Indices of register k of the table are 16k..16k+15: less 16k, those of other registers are 16 and more and give zero. */
static ir_ref look_up(struct translator *t, unsigned registers, unsigned rn, ir_ref index)
{
    ir_ref result = vector_op(t, IR_vector_table, LANE_8, a64_v(t, rn), index);
    for (unsigned i = 1; i < registers; i++) {
        ir_ref rest = vector_op(t, IR_vector_sub, LANE_8, index, vector_constant(t, LANE_8, 16 * i));
        ir_ref found = vector_op(t, IR_vector_table, LANE_8, a64_v(t, (rn + i) % 32), rest);
        result = vector_op(t, IR_vector_or, LANE_8, result, found);
    }
    return result;
}
bool aarch64_translate_tbl_vector(struct translator *t, const struct aarch64_tbl_vector_args *a)
{
    ir_ref result = look_up(t, a->length + 1, a->rn, a64_v(t, a->rm));
    shape_put(t, (struct vector_shape){LANE_8, a->q, false}, a->rd, result);
    return true;
}
bool aarch64_translate_tbx_vector(struct translator *t, const struct aarch64_tbx_vector_args *a)
{
    ir_ref index = a64_v(t, a->rm), last = vector_constant(t, LANE_8, 16 * (a->length + 1) - 1);
    ir_ref outside = vector_op(t, IR_vector_greater_unsigned, LANE_8, index, last);
    ir_ref result = vector_select(t, outside, a64_v(t, a->rd), look_up(t, a->length + 1, a->rn, index));
    shape_put(t, (struct vector_shape){LANE_8, a->q, false}, a->rd, result);
    return true;
}

/* -- reversals ---------------------------------------------------------------------------------------------------------------------- */
#define REVERSE(insn, container)                                                                                        \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        shape_put(t, VECTOR_SHAPE(a), a->rd, vector_op_imm(t, IR_vector_reverse, a->size, a64_v(t, a->rn), container)); \
        return true;                                                                                                    \
    }
REVERSE(rev64_vector, LANE_64)
REVERSE(rev32_vector, LANE_32)
REVERSE(rev16_vector, LANE_16)

/* -- copy ------------------------------------------------------------------------------------------------------------------------------ */
bool aarch64_translate_dup_element(struct translator *t, const struct aarch64_dup_element_args *a)
{
    shape_put(t, EITHER_SHAPE(a), a->rd, vector_op_imm(t, IR_vector_dup, a->size, a64_v(t, a->rn), a->index));
    return true;
}
bool aarch64_translate_dup_general(struct translator *t, const struct aarch64_dup_general_args *a)
{
    ir_ref value = a64_r(t, a->size == LANE_64, a->rn);
    shape_put(t, VECTOR_SHAPE(a), a->rd, vector_op1(t, IR_vector_dup_int, a->size, value));
    return true;
}
bool aarch64_translate_ins_general(struct translator *t, const struct aarch64_ins_general_args *a)
{
    ir_ref value = a64_r(t, a->size == LANE_64, a->rn);
    a64_put_v(t, a->rd, ir_vector(t->region, IR_vector_insert_int, (enum ir_lane)a->size, a64_v(t, a->rd), value, IR_NONE, a->index));
    return true;
}
bool aarch64_translate_ins_element(struct translator *t, const struct aarch64_ins_element_args *a)
{
    uint64_t lanes = a->index | a->from << 8;
    ir_ref result = ir_vector(t->region, IR_vector_insert_lane, (enum ir_lane)a->size, a64_v(t, a->rd), a64_v(t, a->rn), IR_NONE, lanes);
    a64_put_v(t, a->rd, result);
    return true;
}
static ir_ref get_lane(struct translator *t, unsigned lane, unsigned n, unsigned index)
{
    enum ir_type type = lane == LANE_64 ? IR_I64 : IR_I32;
    return ir_unary_lane(t->region, IR_vector_get_lane, type, (enum ir_lane)lane, a64_v(t, n), index);
}
bool aarch64_translate_umov(struct translator *t, const struct aarch64_umov_args *a)
{
    a64_put_r(t, a->size == LANE_64, a->rd, get_lane(t, a->size, a->rn, a->index));
    return true;
}
bool aarch64_translate_smov(struct translator *t, const struct aarch64_smov_args *a)
{
    ir_ref value = get_lane(t, a->size, a->rn, a->index);
    a64_put_r(t, a->q, a->rd, ir_unary_lane(t->region, IR_sign_extend, a64_type(a->q), (enum ir_lane)a->size, value, 0));
    return true;
}

/* -- modified immediate ------------------------------------------------------------------------------------------------------------------ */
static ir_ref immediate(struct translator *t, unsigned q, uint64_t value)
{
    ir_ref constant = ir_constant(t->region, IR_V128, value);
    return q || !value ? constant : vector_low(t, constant);
}
/* cmode 0xx0, 10x0: shifted by bytes; 110x: ones shifted in. */
static uint64_t shifted_immediate(unsigned size, unsigned imm, unsigned shift, unsigned ones)
{
    uint64_t value = ones ? (uint64_t)imm << 8 * (shift + 1) | ((1u << 8 * (shift + 1)) - 1) : (uint64_t)imm << 8 * shift;
    return lane_repeat(size, value);
}
bool aarch64_translate_movi(struct translator *t, const struct aarch64_movi_args *a)
{
    a64_put_v(t, a->rd, immediate(t, a->q, shifted_immediate(a->size, a->abcdefgh, a->shift, a->ones)));
    return true;
}
bool aarch64_translate_mvni(struct translator *t, const struct aarch64_mvni_args *a)
{
    a64_put_v(t, a->rd, immediate(t, a->q, ~shifted_immediate(a->size, a->abcdefgh, a->shift, a->ones)));
    return true;
}
/* Each bit of the immediate fills a byte. */
bool aarch64_translate_movi_mask(struct translator *t, const struct aarch64_movi_mask_args *a)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= a->abcdefgh >> i & 1 ? (uint64_t)0xff << 8 * i : 0;
    }
    a64_put_v(t, a->rd, immediate(t, a->q, value));
    return true;
}
bool aarch64_translate_orr_imm_vector(struct translator *t, const struct aarch64_orr_imm_vector_args *a)
{
    ir_ref value = ir_constant(t->region, IR_V128, shifted_immediate(a->size, a->abcdefgh, a->shift, 0));
    shape_put(t, VECTOR_SHAPE(a), a->rd, vector_op(t, IR_vector_or, LANE_8, a64_v(t, a->rd), value));
    return true;
}
bool aarch64_translate_bic_imm_vector(struct translator *t, const struct aarch64_bic_imm_vector_args *a)
{
    ir_ref value = ir_constant(t->region, IR_V128, ~shifted_immediate(a->size, a->abcdefgh, a->shift, 0));
    shape_put(t, VECTOR_SHAPE(a), a->rd, vector_op(t, IR_vector_and, LANE_8, a64_v(t, a->rd), value));
    return true;
}
bool aarch64_translate_fmov_vector_imm(struct translator *t, const struct aarch64_fmov_vector_imm_args *a)
{
    unsigned lane = a->half ? LANE_16 : LANE_32 + a->sz;
    a64_put_v(t, a->rd, immediate(t, a->q, lane_repeat(lane, float_immediate(lane, a->abcdefgh))));
    return true;
}
