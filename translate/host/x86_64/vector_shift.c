/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Vector shifts, by an immediate and lane by lane. x86 has no byte shifts and, before AVX-512, no 64-bit arithmetic right shift and
 * no 16-bit shifts by lane: bytes go through 16-bit lanes and masks, or through multiplication by powers of two. GFNI's product with a
 * matrix of bits shifts bytes by an immediate.
 */
#include "translate/host/x86_64/vector.h"

/* -- by an immediate ------------------------------------------------------------------------------------------------------ */

static void shift_wide_lanes(struct emitter *e, const struct ir_insn *insn, ir_ref self, const enum vector_shift shifts[])
{
    int d, a = take_copy(e, insn, self, &d);
    vector_shift(e, shifts[insn->lane - 1], d, a, (unsigned)insn->imm);
}

/* Byte 7 - i of a matrix says which bits of the operand give bit i: the identity moved by bytes is a shift. */
#define MATRIX_IDENTITY ((uint64_t)0x0102040810204080)
#define MATRIX_SIGN ((uint64_t)0x8080808080808080)

static void shift_bytes_by_matrix(struct emitter *e, const struct ir_insn *insn, ir_ref self, uint64_t matrix)
{
    int d, a = take_copy(e, insn, self, &d);
    vector_op_imm(e, INSN_gf2p8affineqb, d, a, constant_lanes(e, LANE_64, matrix), 0);
}

static void shift_bytes(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool left)
{
    if (x86_64_features.gfni && insn->imm < 8) {
        shift_bytes_by_matrix(e, insn, self, left ? MATRIX_IDENTITY >> 8 * insn->imm : MATRIX_IDENTITY << 8 * insn->imm);
        return;
    }
    int d, a = take_copy(e, insn, self, &d);
    unsigned count = (unsigned)insn->imm;
    if (count >= 8) {
        vector_zero(e, d);
        return;
    }
    vector_shift(e, left ? VECTOR_SHL_16 : VECTOR_SHR_16, d, a, count);
    vector_op(e, INSN_pand, d, d, constant_lanes(e, LANE_8, left ? 0xffu << count & 0xff : 0xffu >> count));
}

void x86_64_emit_vector_shl(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_shift shifts[] = {VECTOR_SHL_16, VECTOR_SHL_32, VECTOR_SHL_64};
    if (insn->lane == LANE_8)
        shift_bytes(e, insn, self, true);
    else
        shift_wide_lanes(e, insn, self, shifts);
}

void x86_64_emit_vector_shr(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_shift shifts[] = {VECTOR_SHR_16, VECTOR_SHR_32, VECTOR_SHR_64};
    if (insn->lane == LANE_8)
        shift_bytes(e, insn, self, false);
    else
        shift_wide_lanes(e, insn, self, shifts);
}

/* The sign bit, shifted like the rest, extends itself by (x ^ s) - s. */
static void arithmetic_shift_bytes(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned count = insn->imm < 7 ? (unsigned)insn->imm : 7;
    if (count == 7) {
        struct vector_registers v = take_early(e, insn, self);
        vector_zero(e, v.d);
        vector_rr(e, INSN_pcmpgtb, v.d, v.d, v.a);
        return;
    }
    if (x86_64_features.gfni) {
        shift_bytes_by_matrix(e, insn, self, MATRIX_IDENTITY << 8 * count | (MATRIX_SIGN & (((uint64_t)1 << 8 * count) - 1)));
        return;
    }
    int d, a = take_copy(e, insn, self, &d);
    struct operand sign = constant_lanes(e, LANE_8, 0x80u >> count);
    vector_shift(e, VECTOR_SHR_16, d, a, count);
    vector_op(e, INSN_pand, d, d, constant_lanes(e, LANE_8, 0xffu >> count));
    vector_op(e, INSN_pxor, d, d, sign);
    vector_op(e, INSN_psubb, d, d, sign);
}

/* High halves by 32-bit arithmetic shifts, low halves by the 64-bit logical one (below 32) or from the high halves. */
static void arithmetic_shift_64(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned count = insn->imm < 63 ? (unsigned)insn->imm : 63;
    if (x86_64_features.avx512) {
        int d, a = take_copy(e, insn, self, &d);
        vector_shift(e, VECTOR_SAR_64, d, a, count);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    if (count == 63) {
        sign_mask_64(e, v.d, v.a);
        return;
    }
    int high = scratch_vector(e);
    vector_shift(e, VECTOR_SAR_32, high, v.a, count < 32 ? count : 31);
    if (count < 32) {
        vector_shift(e, VECTOR_SHR_64, v.d, v.a, count);
    } else {
        vector_shift(e, VECTOR_SAR_32, v.d, v.a, count - 32);
        vector_op_imm(e, INSN_pshufd, v.d, REG_NONE, operand_reg(v.d), 0xf5);
    }
    vector_op_imm(e, INSN_pblendw, v.d, v.d, operand_reg(high), 0xcc);
}

void x86_64_emit_vector_sar(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_shift shifts[] = {VECTOR_SAR_16, VECTOR_SAR_32};
    if (insn->lane == LANE_8)
        arithmetic_shift_bytes(e, insn, self);
    else if (insn->lane == LANE_64)
        arithmetic_shift_64(e, insn, self);
    else
        shift_wide_lanes(e, insn, self, shifts);
}

/* -- bytes, lane by lane ------------------------------------------------------------------------------------------------------ */

/* p = table[b] in each byte, zero from 16 on (pshufb zeroes where the index is negative). */
static void power_table(struct emitter *e, int p, int b, int scratch, uint64_t table)
{
    vector_op(e, INSN_movaps, scratch, REG_NONE, constant_lanes(e, LANE_8, 0x70));
    vector_rr(e, INSN_paddusb, scratch, scratch, b);
    vector_op(e, INSN_movaps, p, REG_NONE, constant_vector(e, table, 0));
    vector_rr(e, INSN_pshufb, p, p, scratch);
}

/* a << b is a * 2^b. */
static void shl_each_bytes(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int p = scratch_vector(e);
    power_table(e, p, v.b, v.d, 0x8040201008040201);
    struct borrowed_vector odd = borrow_vector(e, v.b);
    vector_shift(e, VECTOR_SHR_16, v.d, p, 8);
    vector_op(e, INSN_movaps, odd.reg, REG_NONE, constant_lanes(e, LANE_16, 0xff00));
    vector_rr(e, INSN_pand, odd.reg, odd.reg, v.a);
    vector_rr(e, INSN_pmullw, odd.reg, odd.reg, v.d);
    vector_rr(e, INSN_pmullw, v.d, v.a, p);
    vector_op(e, INSN_pand, v.d, v.d, constant_lanes(e, LANE_16, 0x00ff));
    vector_rr(e, INSN_por, v.d, v.d, odd.reg);
    give_back_vector(e, odd);
}

/* a >> b is a * 2^(7-b) >> 7 in 16 bits. An arithmetic shift by 7 and more gives the sign: the count is limited first. */
static void shr_each_bytes(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool is_signed)
{
    enum vector_shift shift = is_signed ? VECTOR_SAR_16 : VECTOR_SHR_16;
    struct vector_registers v = take_early(e, insn, self);
    int p = scratch_vector(e);
    if (is_signed) {
        vector_op(e, INSN_movaps, v.d, REG_NONE, constant_lanes(e, LANE_8, 7));
        vector_rr(e, INSN_pminub, v.d, v.d, v.b);
        vector_op(e, INSN_movaps, p, REG_NONE, constant_vector(e, 0x0102040810204080, 0));
        vector_rr(e, INSN_pshufb, p, p, v.d);
    } else {
        power_table(e, p, v.b, v.d, 0x0102040810204080);
    }
    struct borrowed_vector even = borrow_vector(e, v.b);
    vector_shift(e, VECTOR_SHL_16, v.d, v.a, 8);
    vector_shift(e, shift, v.d, v.d, 8);
    vector_op(e, INSN_movaps, even.reg, REG_NONE, constant_lanes(e, LANE_16, 0x00ff));
    vector_rr(e, INSN_pand, even.reg, even.reg, p);
    vector_rr(e, INSN_pmullw, even.reg, even.reg, v.d);
    vector_shift(e, VECTOR_SHR_16, even.reg, even.reg, 7);
    vector_op(e, INSN_pand, even.reg, even.reg, constant_lanes(e, LANE_16, 0x00ff));
    vector_shift(e, shift, v.d, v.a, 8);
    vector_shift(e, VECTOR_SHR_16, p, p, 8);
    vector_rr(e, INSN_pmullw, v.d, v.d, p);
    vector_shift(e, VECTOR_SHR_16, v.d, v.d, 7);
    vector_shift(e, VECTOR_SHL_16, v.d, v.d, 8);
    vector_rr(e, INSN_por, v.d, v.d, even.reg);
    give_back_vector(e, even);
}

/* With 16-bit shifts by lane: odd bytes by the upper halves of the counts, even ones by the lower, and of each word one byte. */
static void shl_each_bytes_in_words(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    struct operand low = constant_lanes(e, LANE_16, 0x00ff);
    vector_shift(e, VECTOR_SHR_16, s, v.b, 8);
    vector_op(e, INSN_pand, v.d, v.a, constant_lanes(e, LANE_16, 0xff00));
    vector_rr(e, INSN_psllvw, v.d, v.d, s);
    vector_op(e, INSN_pand, s, v.b, low);
    vector_rr(e, INSN_psllvw, s, v.a, s);
    vector_ternary(e, TERNARY_OR_B_AND_C, v.d, s, low);
}

static void shr_each_bytes_in_words(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    struct operand low = constant_lanes(e, LANE_16, 0x00ff);
    if (op == INSN_psravw) {
        vector_shift(e, VECTOR_SHL_16, v.d, v.a, 8);
        vector_shift(e, VECTOR_SAR_16, v.d, v.d, 8);
    } else {
        vector_op(e, INSN_pand, v.d, v.a, low);
    }
    vector_op(e, INSN_pand, s, v.b, low);
    vector_rr(e, op, v.d, v.d, s);
    vector_shift(e, VECTOR_SHR_16, s, v.b, 8);
    vector_rr(e, op, s, v.a, s);
    vector_ternary(e, TERNARY_C_SELECTS, v.d, s, constant_lanes(e, LANE_16, 0xff00));
}

/* -- 16 bits, lane by lane, in 32-bit lanes ------------------------------------------------------------------------------------ */

/* Even lanes are brought to one side of a 32-bit lane and shifted by the even counts; odd ones stay where they are. */
static void shift_each_16(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_registers v = take_early(e, insn, self);
    int counts = scratch_vector(e);
    bool left = op == INSN_psllvd;
    struct operand low_half = constant_lanes(e, LANE_32, 0xffff);
    vector_op(e, INSN_pand, counts, v.b, low_half);
    if (left) {
        asm_vector_move(&e->as, v.d, v.a);
    } else if (op == INSN_psrlvd) {
        vector_op(e, INSN_pand, v.d, v.a, low_half);
    } else {
        vector_shift(e, VECTOR_SHL_32, v.d, v.a, 16);
        vector_shift(e, VECTOR_SAR_32, v.d, v.d, 16);
    }
    vector_rr(e, op, v.d, v.d, counts);
    vector_shift(e, VECTOR_SHR_32, counts, v.b, 16);
    struct borrowed_vector odd = borrow_vector(e, v.b);        /* a == b leaves a temporary free */
    if (left)
        vector_op(e, INSN_pand, odd.reg, v.a, constant_lanes(e, LANE_32, 0xffff0000));
    else
        asm_vector_move(&e->as, odd.reg, v.a);
    vector_rr(e, op, odd.reg, odd.reg, counts);
    vector_op_imm(e, INSN_pblendw, v.d, v.d, operand_reg(odd.reg), 0xaa);
    give_back_vector(e, odd);
}

/* -- lane by lane -------------------------------------------------------------------------------------------------------------- */

static void call_exact(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    emit_exact_operands(e, insn, self);
}

static void shift_each(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_operands v = take_binary(e, insn, self);
    vector_op(e, op, v.d, v.a, v.b);
}

/* The lane width's own instruction, where AVX-512 has it. */
static bool shift_each_avx512(struct emitter *e, const struct ir_insn *insn, ir_ref self, const enum vector_insn ops[4])
{
    if (!x86_64_features.avx512)
        return false;
    if (insn->lane != LANE_8)
        shift_each(e, insn, self, ops[insn->lane]);
    else if (ops[LANE_16] == INSN_psllvw)
        shl_each_bytes_in_words(e, insn, self);
    else
        shr_each_bytes_in_words(e, insn, self, ops[LANE_16]);
    return true;
}

void x86_64_emit_vector_shl_each(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {[LANE_16] = INSN_psllvw, INSN_psllvd, INSN_psllvq};
    if (shift_each_avx512(e, insn, self, ops))
        return;
    if (insn->lane == LANE_8)
        shl_each_bytes(e, insn, self);
    else if (!x86_64_features.avx2)
        call_exact(e, insn, self);
    else if (insn->lane == LANE_16)
        shift_each_16(e, insn, self, INSN_psllvd);
    else
        shift_each(e, insn, self, insn->lane == LANE_32 ? INSN_psllvd : INSN_psllvq);
}

void x86_64_emit_vector_shr_each(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {[LANE_16] = INSN_psrlvw, INSN_psrlvd, INSN_psrlvq};
    if (shift_each_avx512(e, insn, self, ops))
        return;
    if (insn->lane == LANE_8)
        shr_each_bytes(e, insn, self, false);
    else if (!x86_64_features.avx2)
        call_exact(e, insn, self);
    else if (insn->lane == LANE_16)
        shift_each_16(e, insn, self, INSN_psrlvd);
    else
        shift_each(e, insn, self, insn->lane == LANE_32 ? INSN_psrlvd : INSN_psrlvq);
}

/* ((a ^ sign) >> b) ^ sign: a logical shift of a number that is not negative. */
static void sar_each_64(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int sign = scratch_vector(e);
    sign_mask_64(e, sign, v.a);
    vector_rr(e, INSN_pxor, v.d, v.a, sign);
    vector_rr(e, INSN_psrlvq, v.d, v.d, v.b);
    vector_rr(e, INSN_pxor, v.d, v.d, sign);
}

void x86_64_emit_vector_sar_each(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {[LANE_16] = INSN_psravw, INSN_psravd, INSN_psravq};
    if (shift_each_avx512(e, insn, self, ops))
        return;
    if (insn->lane == LANE_8)
        shr_each_bytes(e, insn, self, true);
    else if (!x86_64_features.avx2)
        call_exact(e, insn, self);
    else if (insn->lane == LANE_16)
        shift_each_16(e, insn, self, INSN_psravd);
    else if (insn->lane == LANE_32)
        shift_each(e, insn, self, INSN_psravd);
    else
        sar_each_64(e, insn, self);
}
