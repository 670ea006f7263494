/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Integer vector arithmetic on SSE4.2, three-operand forms under AVX. Where x86 lacks a lane width the sequence is built from
 * what it has: bytes through 16-bit lanes and masks, unsigned compares through flipped signs, 64-bit minimum by compare and
 * select. No sequence uses more than four registers, operands included (see borrow_vector for the rest).
 */
#include "translate/host/x86_64/vector.h"

static uint64_t lane_sign(unsigned lane)
{
    return (uint64_t)1 << ((8u << lane) - 1);
}

static void binary(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_operands v = take_binary(e, insn, self);
    vector_op(e, op, v.d, v.a, v.b);
}

/* As binary with the operands exchanged: result = b op a. */
static void binary_swapped(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct ir_insn swapped = *insn;
    swapped.a = insn->b;
    swapped.b = insn->a;
    binary(e, &swapped, self, op);
}

/* d = mask ? set : d in each lane. Without AVX the mask is whole lanes (not just signs) and `set` is clobbered. */
static void select_in_place(struct emitter *e, bool wide, int d, int set, int mask)
{
    if (x86_64_features.avx) {
        vector_op_imm(e, wide ? INSN_blendvpd : INSN_blendvps, d, d, operand_reg(set), (uint8_t)(mask << 4));
        return;
    }
    vector_rr(e, INSN_pxor, set, set, d);
    vector_rr(e, INSN_pand, set, set, mask);
    vector_rr(e, INSN_pxor, d, d, set);
}

/* -- logic --------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_and(struct emitter *e, const struct ir_insn *insn, ir_ref self) { binary(e, insn, self, INSN_pand); }
void x86_64_emit_vector_or(struct emitter *e, const struct ir_insn *insn, ir_ref self) { binary(e, insn, self, INSN_por); }
void x86_64_emit_vector_xor(struct emitter *e, const struct ir_insn *insn, ir_ref self) { binary(e, insn, self, INSN_pxor); }
void x86_64_emit_vector_and_not(struct emitter *e, const struct ir_insn *insn, ir_ref self) { binary_swapped(e, insn, self, INSN_pandn); }

void x86_64_emit_vector_not(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (x86_64_features.avx512) {
        int a = use_vector(e, insn->a), d = define_vector(e, self);
        vector_ternary(e, TERNARY_NOT_C, d, a, operand_reg(a));
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    vector_ones(e, v.d);
    vector_rr(e, INSN_pxor, v.d, v.d, v.a);
}

/* One vpternlog, which overwrites one of its sources: one that nobody needs afterwards. */
static void select_ternary(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (value_dies_here(e, insn->a)) {
        int b = use_vector(e, insn->b);
        struct operand c = use_operand(e, insn->c);
        vector_ternary(e, TERNARY_A_SELECTS, define_vector_copy(e, self, insn->a), b, c);
    } else if (value_dies_here(e, insn->b)) {
        int a = use_vector(e, insn->a);
        struct operand c = use_operand(e, insn->c);
        vector_ternary(e, TERNARY_B_SELECTS, define_vector_copy(e, self, insn->b), a, c);
    } else {
        int a = use_vector(e, insn->a);
        struct operand b = use_operand(e, insn->b);
        vector_ternary(e, TERNARY_B_SELECTS_AGAIN, define_vector_copy(e, self, insn->c), a, b);
    }
}

/* ((b ^ c) & a) ^ c needs no register beside the result's. */
void x86_64_emit_vector_select(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (x86_64_features.avx512) {
        select_ternary(e, insn, self);
        return;
    }
    struct operand a = use_operand(e, insn->a);
    int b = use_vector(e, insn->b), c = use_vector(e, insn->c), d = define_vector_early(e, self);
    vector_rr(e, INSN_pxor, d, b, c);
    vector_op(e, INSN_pand, d, d, a);
    vector_rr(e, INSN_pxor, d, d, c);
}

/* -- addition -------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_add(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_paddb, INSN_paddw, INSN_paddd, INSN_paddq};
    binary(e, insn, self, ops[insn->lane]);
}

void x86_64_emit_vector_sub(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_psubb, INSN_psubw, INSN_psubd, INSN_psubq};
    binary(e, insn, self, ops[insn->lane]);
}

void x86_64_emit_vector_neg(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_psubb, INSN_psubw, INSN_psubd, INSN_psubq};
    struct vector_registers v = take_early(e, insn, self);
    vector_zero(e, v.d);
    vector_rr(e, ops[insn->lane], v.d, v.d, v.a);
}

void x86_64_emit_vector_abs(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pabsb, INSN_pabsw, INSN_pabsd, INSN_pabsq};
    if (insn->lane != LANE_64 || x86_64_features.avx512) {
        struct vector_operands v = take_unary(e, insn, self);
        vector_op(e, ops[insn->lane], v.d, REG_NONE, v.b);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    int sign = scratch_vector(e);
    sign_mask_64(e, sign, v.a);
    vector_rr(e, INSN_pxor, v.d, v.a, sign);
    vector_rr(e, INSN_psubq, v.d, v.d, sign);
}

void x86_64_emit_vector_average_round(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    binary(e, insn, self, insn->lane == LANE_8 ? INSN_pavgb : INSN_pavgw);
}

/* -- saturating addition ----------------------------------------------------------------------------------------------------- */

/* 32 and 64 bits: where the signs show an overflow, the result is the extreme of a's sign. */
static void saturating_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool subtract)
{
    static const enum vector_insn add[] = {INSN_paddd, INSN_paddq}, sub[] = {INSN_psubd, INSN_psubq};
    bool wide = insn->lane == LANE_64;
    struct vector_registers v = take_early(e, insn, self);
    int overflow = scratch_vector(e);
    vector_rr(e, subtract ? sub[wide] : add[wide], v.d, v.a, v.b);
    struct borrowed_vector extreme;
    if (x86_64_features.avx512) {
        asm_vector_move(&e->as, overflow, v.a);
        vector_ternary(e, subtract ? TERNARY_SUB_OVERFLOW : TERNARY_ADD_OVERFLOW, overflow, v.b, operand_reg(v.d));
        extreme = borrow_vector(e, v.b);
    } else {
        vector_rr(e, INSN_pxor, overflow, v.a, v.b);
        extreme = borrow_vector(e, v.b);
        vector_rr(e, INSN_pxor, extreme.reg, v.a, v.d);
        vector_rr(e, subtract ? INSN_pand : INSN_pandn, overflow, overflow, extreme.reg);
    }
    if (wide) {
        sign_mask_64(e, extreme.reg, v.a);
    } else {
        vector_shift(e, VECTOR_SAR_32, extreme.reg, v.a, 31);
    }
    if (!x86_64_features.avx && wide)
        sign_mask_64(e, overflow, overflow);
    else if (!x86_64_features.avx)
        vector_shift(e, VECTOR_SAR_32, overflow, overflow, 31);
    vector_op(e, INSN_pxor, extreme.reg, extreme.reg, constant_lanes(e, insn->lane, lane_sign(insn->lane) - 1));
    select_in_place(e, wide, v.d, extreme.reg, overflow);
    give_back_vector(e, extreme);
}

void x86_64_emit_vector_add_sat_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane <= LANE_16)
        binary(e, insn, self, insn->lane == LANE_8 ? INSN_paddsb : INSN_paddsw);
    else
        saturating_signed(e, insn, self, false);
}

void x86_64_emit_vector_sub_sat_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane <= LANE_16)
        binary(e, insn, self, insn->lane == LANE_8 ? INSN_psubsb : INSN_psubsw);
    else
        saturating_signed(e, insn, self, true);
}

/* min(a, ~b) + b is a + b where that fits, else all ones. */
static void add_sat_unsigned_by_minimum(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    bool wide = insn->lane == LANE_64;
    struct vector_registers v = take_early(e, insn, self);
    if (x86_64_features.avx512) {
        vector_ternary(e, TERNARY_NOT_C, v.d, v.b, operand_reg(v.b));
    } else {
        vector_ones(e, v.d);
        vector_rr(e, INSN_pxor, v.d, v.d, v.b);
    }
    vector_rr(e, wide ? INSN_pminuq : INSN_pminud, v.d, v.d, v.a);
    vector_rr(e, wide ? INSN_paddq : INSN_paddd, v.d, v.d, v.b);
}

/* With a's top bit flipped, a signed compare of a with a + b tells the carry. */
static void add_sat_unsigned_64(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int flipped = scratch_vector(e);
    struct operand sign = constant_lanes(e, LANE_64, lane_sign(LANE_64));
    vector_op(e, INSN_pxor, flipped, v.a, sign);
    vector_rr(e, INSN_paddq, v.d, flipped, v.b);
    vector_rr(e, INSN_pcmpgtq, flipped, flipped, v.d);
    vector_op(e, INSN_pxor, v.d, v.d, sign);
    vector_rr(e, INSN_por, v.d, v.d, flipped);
}

void x86_64_emit_vector_add_sat_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane <= LANE_16)
        binary(e, insn, self, insn->lane == LANE_8 ? INSN_paddusb : INSN_paddusw);
    else if (insn->lane == LANE_32 || x86_64_features.avx512)
        add_sat_unsigned_by_minimum(e, insn, self);
    else
        add_sat_unsigned_64(e, insn, self);
}

static void sub_sat_unsigned_64(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    struct operand sign = constant_lanes(e, LANE_64, lane_sign(LANE_64));
    vector_op(e, INSN_pxor, s, v.a, sign);
    vector_op(e, INSN_pxor, v.d, v.b, sign);
    vector_rr(e, INSN_pcmpgtq, v.d, v.d, s);
    vector_rr(e, INSN_psubq, s, v.a, v.b);
    vector_rr(e, INSN_pandn, v.d, v.d, s);
}

void x86_64_emit_vector_sub_sat_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane <= LANE_16) {
        binary(e, insn, self, insn->lane == LANE_8 ? INSN_psubusb : INSN_psubusw);
    } else if (insn->lane == LANE_32 || x86_64_features.avx512) {
        bool wide = insn->lane == LANE_64;
        struct vector_registers v = take_early(e, insn, self);
        vector_rr(e, wide ? INSN_pmaxuq : INSN_pmaxud, v.d, v.a, v.b);
        vector_rr(e, wide ? INSN_psubq : INSN_psubd, v.d, v.d, v.b);
    } else {
        sub_sat_unsigned_64(e, insn, self);
    }
}

/* -- products ---------------------------------------------------------------------------------------------------------------- */

/* Odd bytes: (a & 0xff00) * (b >> 8) leaves the product's low byte in the upper one; even bytes: the plain 16-bit product's. */
static void multiply_8(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int odd = scratch_vector(e);
    vector_op(e, INSN_movaps, odd, REG_NONE, constant_lanes(e, LANE_16, 0xff00));
    vector_rr(e, INSN_pand, odd, odd, v.a);
    vector_shift(e, VECTOR_SHR_16, v.d, v.b, 8);
    vector_rr(e, INSN_pmullw, odd, odd, v.d);
    vector_rr(e, INSN_pmullw, v.d, v.a, v.b);
    if (x86_64_features.avx512) {
        vector_ternary(e, TERNARY_AND_C_OR_B, v.d, odd, constant_lanes(e, LANE_16, 0x00ff));
        return;
    }
    vector_op(e, INSN_pand, v.d, v.d, constant_lanes(e, LANE_16, 0x00ff));
    vector_rr(e, INSN_por, v.d, v.d, odd);
}

/* low * low + ((high * low + low * high) << 32) */
static void multiply_64(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int cross = scratch_vector(e);
    vector_op_imm(e, INSN_pshufd, cross, REG_NONE, operand_reg(v.b), 0xb1);
    vector_rr(e, INSN_pmulld, cross, cross, v.a);
    vector_shift(e, VECTOR_SHL_64, v.d, cross, 32);
    vector_rr(e, INSN_paddd, cross, cross, v.d);
    vector_op(e, INSN_pand, cross, cross, constant_lanes(e, LANE_64, 0xffffffff00000000));
    vector_rr(e, INSN_pmuludq, v.d, v.a, v.b);
    vector_rr(e, INSN_paddq, v.d, v.d, cross);
}

void x86_64_emit_vector_mul(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    switch (insn->lane) {
    case LANE_8: multiply_8(e, insn, self); break;
    case LANE_16: binary(e, insn, self, INSN_pmullw); break;
    case LANE_32: binary(e, insn, self, INSN_pmulld); break;
    default:
        if (x86_64_features.avx512)
            binary(e, insn, self, INSN_pmullq);
        else
            multiply_64(e, insn, self);
        break;
    }
}

static void multiply_long(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool is_signed)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    if (insn->lane == LANE_8) {
        vector_r(e, is_signed ? INSN_pmovsxbw : INSN_pmovzxbw, v.d, v.a);
        vector_r(e, is_signed ? INSN_pmovsxbw : INSN_pmovzxbw, s, v.b);
        vector_rr(e, INSN_pmullw, v.d, v.d, s);
    } else if (insn->lane == LANE_16) {
        vector_rr(e, INSN_pmullw, v.d, v.a, v.b);
        vector_rr(e, is_signed ? INSN_pmulhw : INSN_pmulhuw, s, v.a, v.b);
        vector_rr(e, INSN_punpcklwd, v.d, v.d, s);
    } else {
        vector_op_imm(e, INSN_pshufd, v.d, REG_NONE, operand_reg(v.a), 0x50);
        vector_op_imm(e, INSN_pshufd, s, REG_NONE, operand_reg(v.b), 0x50);
        vector_rr(e, is_signed ? INSN_pmuldq : INSN_pmuludq, v.d, v.d, s);
    }
}

void x86_64_emit_vector_mul_long_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self) { multiply_long(e, insn, self, true); }
void x86_64_emit_vector_mul_long_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self) { multiply_long(e, insn, self, false); }

/* Doubled products, high halves: odd lanes stay in place, even ones move down. */
static void multiply_high_32(struct emitter *e, const struct ir_insn *insn, int d, int a, int b, int s)
{
    vector_op_imm(e, INSN_pshufd, d, REG_NONE, operand_reg(a), 0xf5);
    vector_op_imm(e, INSN_pshufd, s, REG_NONE, operand_reg(b), 0xf5);
    vector_rr(e, INSN_pmuldq, d, d, s);
    vector_rr(e, INSN_pmuldq, s, a, b);
    if (insn->imm) {
        struct operand half = constant_lanes(e, LANE_64, (uint64_t)1 << 30);
        vector_op(e, INSN_paddq, d, d, half);
        vector_op(e, INSN_paddq, s, s, half);
    }
    vector_rr(e, INSN_paddq, d, d, d);
    vector_shift(e, VECTOR_SHR_64, s, s, 31);
    vector_op_imm(e, INSN_pblendw, d, d, operand_reg(s), 0x33);
}

static void multiply_high_16(struct emitter *e, const struct ir_insn *insn, int d, int a, int b, int s)
{
    if (insn->imm) {
        vector_rr(e, INSN_pmulhrsw, d, a, b);
        return;
    }
    vector_rr(e, INSN_pmulhw, d, a, b);
    vector_rr(e, INSN_pmullw, s, a, b);
    vector_rr(e, INSN_paddw, d, d, d);
    vector_shift(e, VECTOR_SHR_16, s, s, 15);
    vector_rr(e, INSN_por, d, d, s);
}

/* Only minimum * minimum overflows, and only it gives the minimum here: flip that to the maximum. */
void x86_64_emit_vector_mul_high_round(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    if (insn->lane == LANE_16)
        multiply_high_16(e, insn, v.d, v.a, v.b, s);
    else
        multiply_high_32(e, insn, v.d, v.a, v.b, s);
    vector_op(e, INSN_movaps, s, REG_NONE, constant_lanes(e, insn->lane, lane_sign(insn->lane)));
    vector_rr(e, insn->lane == LANE_16 ? INSN_pcmpeqw : INSN_pcmpeqd, s, s, v.d);
    vector_rr(e, INSN_pxor, v.d, v.d, s);
}

/* -- dot products ---------------------------------------------------------------------------------------------------------------- */

/* pmaddwd adds neighbouring 16-bit products: even bytes give two of the four, odd bytes the others. */
static void dot(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool is_signed)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    enum vector_shift shift = is_signed ? VECTOR_SAR_16 : VECTOR_SHR_16;
    vector_shift(e, VECTOR_SHL_16, v.d, v.a, 8);
    vector_shift(e, shift, v.d, v.d, 8);
    vector_shift(e, VECTOR_SHL_16, s, v.b, 8);
    vector_shift(e, shift, s, s, 8);
    vector_rr(e, INSN_pmaddwd, v.d, v.d, s);
    vector_shift(e, shift, s, v.a, 8);
    struct borrowed_vector t = borrow_vector(e, v.a);         /* a == b leaves a temporary free */
    vector_shift(e, shift, t.reg, v.b, 8);
    vector_rr(e, INSN_pmaddwd, s, s, t.reg);
    vector_rr(e, INSN_paddd, v.d, v.d, s);
    give_back_vector(e, t);
}

void x86_64_emit_vector_dot_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self) { dot(e, insn, self, true); }
void x86_64_emit_vector_dot_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self) { dot(e, insn, self, false); }

/* -- comparison ------------------------------------------------------------------------------------------------------------------ */

static const enum vector_insn greater_insns[] = {INSN_pcmpgtb, INSN_pcmpgtw, INSN_pcmpgtd, INSN_pcmpgtq};

void x86_64_emit_vector_equal(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pcmpeqb, INSN_pcmpeqw, INSN_pcmpeqd, INSN_pcmpeqq};
    binary(e, insn, self, ops[insn->lane]);
}

void x86_64_emit_vector_greater_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    binary(e, insn, self, greater_insns[insn->lane]);
}

/* d = a > b, unsigned: both signs flipped. */
static void greater_unsigned(struct emitter *e, unsigned lane, int d, int a, int b, int s)
{
    struct operand sign = constant_lanes(e, lane, lane_sign(lane));
    vector_op(e, INSN_pxor, d, a, sign);
    vector_op(e, INSN_pxor, s, b, sign);
    vector_rr(e, greater_insns[lane], d, d, s);
}

/* Through a mask register: nothing else is ever in one. */
static void greater_unsigned_by_mask(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn compares[] = {INSN_pcmpub_mask, INSN_pcmpuw_mask, INSN_pcmpud_mask, INSN_pcmpuq_mask};
    static const enum vector_insn widenings[] = {INSN_mask_to_b, INSN_mask_to_w, INSN_mask_to_d, INSN_mask_to_q};
    enum { MASK = 1, COMPARE_GREATER = 6 };
    int a = use_vector(e, insn->a);
    struct operand b = use_operand(e, insn->b);
    vector_op_imm(e, compares[insn->lane], MASK, a, b, COMPARE_GREATER);
    vector_r(e, widenings[insn->lane], define_vector(e, self), MASK);
}

void x86_64_emit_vector_greater_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (x86_64_features.avx512) {
        greater_unsigned_by_mask(e, insn, self);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    greater_unsigned(e, insn->lane, v.d, v.a, v.b, scratch_vector(e));
}

/* a where d's lanes are set and `take_a`, or where they are clear and not. ((a ^ b) & d) ^ the other one. */
static void choose_by_result(struct emitter *e, const struct vector_registers *v, int s, bool take_a)
{
    vector_rr(e, INSN_pxor, s, v->a, v->b);
    vector_rr(e, INSN_pand, v->d, v->d, s);
    vector_rr(e, INSN_pxor, v->d, v->d, take_a ? v->b : v->a);
}

static void min_max(struct emitter *e, const struct ir_insn *insn, ir_ref self, const enum vector_insn ops[4], bool is_signed, bool is_max)
{
    if (insn->lane != LANE_64 || x86_64_features.avx512) {
        binary(e, insn, self, ops[insn->lane]);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    if (is_signed)
        vector_rr(e, INSN_pcmpgtq, v.d, v.a, v.b);
    else
        greater_unsigned(e, LANE_64, v.d, v.a, v.b, s);
    choose_by_result(e, &v, s, is_max);
}

void x86_64_emit_vector_min_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pminsb, INSN_pminsw, INSN_pminsd, INSN_pminsq};
    min_max(e, insn, self, ops, true, false);
}

void x86_64_emit_vector_min_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pminub, INSN_pminuw, INSN_pminud, INSN_pminuq};
    min_max(e, insn, self, ops, false, false);
}

void x86_64_emit_vector_max_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pmaxsb, INSN_pmaxsw, INSN_pmaxsd, INSN_pmaxsq};
    min_max(e, insn, self, ops, true, true);
}

void x86_64_emit_vector_max_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pmaxub, INSN_pmaxuw, INSN_pmaxud, INSN_pmaxuq};
    min_max(e, insn, self, ops, false, true);
}
