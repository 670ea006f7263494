/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Vector operations that change the lane width (widening, narrowing with and without saturation, pairwise long addition) and
 * those that fold all lanes into one.
 */
#include "translate/host/x86_64/vector.h"

/* -- widening ------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_widen_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pmovsxbw, INSN_pmovsxwd, INSN_pmovsxdq};
    struct vector_operands v = take_unary(e, insn, self);
    vector_op(e, ops[insn->lane], v.d, REG_NONE, v.b);
}

void x86_64_emit_vector_widen_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pmovzxbw, INSN_pmovzxwd, INSN_pmovzxdq};
    struct vector_operands v = take_unary(e, insn, self);
    vector_op(e, ops[insn->lane], v.d, REG_NONE, v.b);
}

/* -- narrowing ------------------------------------------------------------------------------------------------------------- */

/* d = the low half of each double lane of a, packed into the low 64 bits. */
static void truncate_lanes(struct emitter *e, unsigned lane, int d, int a)
{
    static const uint64_t patterns[] = {0x0e0c0a0806040200, 0x0d0c090805040100, 0x0b0a090803020100};
    vector_op(e, INSN_pshufb, d, a, constant_vector(e, patterns[lane], 0x8080808080808080));
}

void x86_64_emit_vector_narrow(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d, a = take_copy(e, insn, self, &d);
    truncate_lanes(e, insn->lane, d, a);
    note_zero_upper(e, self);
}

/* Packs with zeros above: the constant is the second source. */
static void pack(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    int d, a = take_copy(e, insn, self, &d);
    vector_op(e, op, d, a, constant_vector(e, 0, 0));
}

/* AVX-512 narrows with saturation; the register it reads is in ModRM's first place. */
static void narrow_by_move(struct emitter *e, enum vector_insn op, int d, int a)
{
    asm_vector(&e->as, op, a, REG_NONE, operand_reg(d));
}

/* d = a where the mask d is clear, else the constant. */
static void replace_by_mask(struct emitter *e, int d, int a, int s, struct operand constant)
{
    vector_op(e, INSN_movaps, s, REG_NONE, constant);
    vector_rr(e, INSN_pxor, s, s, a);
    vector_rr(e, INSN_pand, d, d, s);
    vector_rr(e, INSN_pxor, d, d, a);
}

static void narrow_signed_64(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    if (x86_64_features.avx512) {
        narrow_by_move(e, INSN_pmovsqd_store, v.d, v.a);
        return;
    }
    int s = scratch_vector(e), t = scratch_vector(e);
    struct operand maximum = constant_lanes(e, LANE_64, 0x7fffffff), minimum = constant_lanes(e, LANE_64, 0xffffffff80000000);
    vector_op(e, INSN_pcmpgtq, v.d, v.a, maximum);
    replace_by_mask(e, v.d, v.a, s, maximum);
    vector_op(e, INSN_movaps, t, REG_NONE, minimum);
    vector_rr(e, INSN_pcmpgtq, t, t, v.d);
    replace_by_mask(e, t, v.d, s, minimum);
    truncate_lanes(e, LANE_32, v.d, t);
}

void x86_64_emit_vector_narrow_sat_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane == LANE_32)
        narrow_signed_64(e, insn, self);
    else
        pack(e, insn, self, insn->lane == LANE_8 ? INSN_packsswb : INSN_packssdw);
    note_zero_upper(e, self);
}

/* d = a with all ones in the low half of lanes whose upper half is not zero, narrowed. */
static void narrow_unsigned_64(struct emitter *e, int d, int a, int s)
{
    vector_op_imm(e, INSN_pshufd, s, REG_NONE, operand_reg(a), 0xf5);
    vector_op(e, INSN_pcmpeqd, s, s, constant_vector(e, 0, 0));
    vector_op(e, INSN_pxor, s, s, constant_lanes(e, LANE_8, 0xff));
    vector_rr(e, INSN_por, s, s, a);
    truncate_lanes(e, LANE_32, d, s);
}

void x86_64_emit_vector_narrow_sat_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn moves[] = {INSN_pmovuswb_store, INSN_pmovusdw_store, INSN_pmovusqd_store};
    bool bytes = insn->lane == LANE_8;
    struct vector_registers v = take_early(e, insn, self);
    if (x86_64_features.avx512) {
        narrow_by_move(e, moves[insn->lane], v.d, v.a);
    } else if (insn->lane == LANE_32) {
        narrow_unsigned_64(e, v.d, v.a, scratch_vector(e));
    } else {
        vector_op(e, bytes ? INSN_pminuw : INSN_pminud, v.d, v.a, bytes ? constant_lanes(e, LANE_16, 0xff) : constant_lanes(e, LANE_32, 0xffff));
        vector_op(e, bytes ? INSN_packuswb : INSN_packusdw, v.d, v.d, constant_vector(e, 0, 0));
    }
    note_zero_upper(e, self);
}

void x86_64_emit_vector_narrow_sat_signed_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane == LANE_32 && x86_64_features.avx512) {
        int d, a = take_copy(e, insn, self, &d);
        vector_op(e, INSN_pmaxsq, d, a, constant_vector(e, 0, 0));
        narrow_by_move(e, INSN_pmovusqd_store, d, d);
    } else if (insn->lane == LANE_32) {
        struct vector_registers v = take_early(e, insn, self);
        int s = scratch_vector(e), t = scratch_vector(e);
        sign_mask_64(e, t, v.a);
        vector_rr(e, INSN_pandn, t, t, v.a);
        narrow_unsigned_64(e, v.d, t, s);
    } else {
        pack(e, insn, self, insn->lane == LANE_8 ? INSN_packuswb : INSN_packusdw);
    }
    note_zero_upper(e, self);
}

/* -- pairs ------------------------------------------------------------------------------------------------------------------------ */

void x86_64_emit_vector_add_pairs_long_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    if (insn->lane == LANE_8) {
        vector_op(e, INSN_movaps, v.d, REG_NONE, constant_lanes(e, LANE_8, 1));    /* the unsigned factors come first */
        vector_rr(e, INSN_pmaddubsw, v.d, v.d, v.a);
    } else if (insn->lane == LANE_16) {
        vector_op(e, INSN_pmaddwd, v.d, v.a, constant_lanes(e, LANE_16, 1));
    } else {
        int s = scratch_vector(e);
        struct operand one = constant_lanes(e, LANE_64, 1);
        vector_op(e, INSN_pmuldq, v.d, v.a, one);
        vector_op_imm(e, INSN_pshufd, s, REG_NONE, operand_reg(v.a), 0xf5);
        vector_op(e, INSN_pmuldq, s, s, one);
        vector_rr(e, INSN_paddq, v.d, v.d, s);
    }
}

void x86_64_emit_vector_add_pairs_long_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    if (insn->lane == LANE_8) {
        vector_op(e, INSN_pmaddubsw, v.d, v.a, constant_lanes(e, LANE_8, 1));
        return;
    }
    bool words = insn->lane == LANE_16;
    int s = scratch_vector(e);
    vector_shift(e, words ? VECTOR_SHR_32 : VECTOR_SHR_64, s, v.a, words ? 16 : 32);
    vector_op(e, INSN_pand, v.d, v.a, words ? constant_lanes(e, LANE_32, 0xffff) : constant_lanes(e, LANE_64, 0xffffffff));
    vector_rr(e, words ? INSN_paddd : INSN_paddq, v.d, v.d, s);
}

/* -- all lanes into one ------------------------------------------------------------------------------------------------------------- */

static void keep_lane_0(struct emitter *e, unsigned lane, int d)
{
    static const uint64_t masks[] = {0xff, 0xffff, 0xffffffff};
    if (lane == LANE_64)
        vector_r(e, INSN_movq, d, d);
    else
        vector_op(e, INSN_pand, d, d, constant_vector(e, masks[lane], 0));
}

/* Halves the number of lanes that count until one is left. */
static void fold_lanes(struct emitter *e, unsigned lane, unsigned lanes, int d, int a, int s, enum vector_insn op)
{
    int from = a;
    for (unsigned half = lanes / 2; half > 0; half /= 2) {
        vector_shift(e, VECTOR_SHR_BYTES, s, from, half << lane);
        vector_rr(e, op, d, from, s);
        from = d;
    }
    asm_vector_move(&e->as, d, from);
}

void x86_64_emit_vector_sum(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn add[] = {INSN_paddb, INSN_paddw, INSN_paddd, INSN_paddq};
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    if (insn->lane == LANE_8 && insn->imm >= 8) {
        vector_op(e, INSN_psadbw, v.d, v.a, constant_vector(e, 0, 0));
        if (insn->imm == 16)
            fold_lanes(e, LANE_64, 2, v.d, v.d, s, INSN_paddq);
    } else {
        fold_lanes(e, insn->lane, (unsigned)insn->imm, v.d, v.a, s, add[insn->lane]);
    }
    keep_lane_0(e, insn->lane, v.d);
    note_zero_upper(e, self);
}

/* Eight or sixteen lanes that fill the register: phminposuw finds the smallest unsigned word. The other three kinds are that
 * one after flipping bits. */
static void reduce_by_minpos(struct emitter *e, unsigned lane, int d, int a, int s, uint64_t flip)
{
    struct operand flips = constant_lanes(e, lane, flip);
    if (flip != 0)
        vector_op(e, INSN_pxor, d, a, flips);
    else
        asm_vector_move(&e->as, d, a);
    if (lane == LANE_8) {
        vector_shift(e, VECTOR_SHR_16, s, d, 8);
        vector_rr(e, INSN_pminub, d, d, s);
    }
    vector_r(e, INSN_phminposuw, d, d);
    if (flip != 0)
        vector_op(e, INSN_pxor, d, d, flips);
}

static void reduce(struct emitter *e, const struct ir_insn *insn, ir_ref self, const enum vector_insn ops[3], const uint16_t flips[2])
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    if (insn->lane <= LANE_16 && insn->imm << insn->lane == 16)
        reduce_by_minpos(e, insn->lane, v.d, v.a, s, flips[insn->lane]);
    else
        fold_lanes(e, insn->lane, (unsigned)insn->imm, v.d, v.a, s, ops[insn->lane]);
    keep_lane_0(e, insn->lane, v.d);
    note_zero_upper(e, self);
}

void x86_64_emit_vector_reduce_min_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pminsb, INSN_pminsw, INSN_pminsd};
    reduce(e, insn, self, ops, (const uint16_t[]){0x80, 0x8000});
}

void x86_64_emit_vector_reduce_min_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pminub, INSN_pminuw, INSN_pminud};
    reduce(e, insn, self, ops, (const uint16_t[]){0, 0});
}

void x86_64_emit_vector_reduce_max_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pmaxsb, INSN_pmaxsw, INSN_pmaxsd};
    reduce(e, insn, self, ops, (const uint16_t[]){0x7f, 0x7fff});
}

void x86_64_emit_vector_reduce_max_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_pmaxub, INSN_pmaxuw, INSN_pmaxud};
    reduce(e, insn, self, ops, (const uint16_t[]){0xff, 0xffff});
}
