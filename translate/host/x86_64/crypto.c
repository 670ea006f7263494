/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AES, SHA-1, SHA-256 and carry-less multiplication with the host's instructions where it has them (Intel SDM vol. 2: AESENC,
 * SHA1RNDS4, SHA256RNDS2, PCLMULQDQ), else by the C routines in crypto_cold.c. Both architectures define AES on the same byte order;
 * Intel's SHA instructions keep their words in the opposite lane order, and SHA256RNDS2 does two rounds of the eight words
 * packed as abef and cdgh.
 */
#include "translate/host/x86_64/vector.h"

/* -- AES ---------------------------------------------------------------------------------------------------------------- */

/* ShiftRows and SubBytes only, with a key of zero. */
static void aes_round(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn last_round)
{
    if (!x86_64_features.aes) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    struct vector_operands v = take_binary(e, insn, self);
    vector_op(e, INSN_pxor, v.d, v.a, v.b);
    vector_op(e, last_round, v.d, v.d, constant_vector(e, 0, 0));
}

void x86_64_emit_aes_encrypt(struct emitter *e, const struct ir_insn *insn, ir_ref self) { aes_round(e, insn, self, INSN_aesenclast); }
void x86_64_emit_aes_decrypt(struct emitter *e, const struct ir_insn *insn, ir_ref self) { aes_round(e, insn, self, INSN_aesdeclast); }

/* The inverse last round undoes what a whole round does before MixColumns. */
void x86_64_emit_aes_mix(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (!x86_64_features.aes) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    int d, a = take_copy(e, insn, self, &d);
    vector_op(e, INSN_aesdeclast, d, a, constant_vector(e, 0, 0));
    vector_op(e, INSN_aesenc, d, d, constant_vector(e, 0, 0));
}

void x86_64_emit_aes_inverse_mix(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (!x86_64_features.aes) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    struct vector_operands v = take_unary(e, insn, self);
    vector_op(e, INSN_aesimc, v.d, REG_NONE, v.b);
}

/* -- carry-less products -------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_mul_long_poly(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane == LANE_64 && x86_64_features.pclmulqdq) {
        struct vector_operands v = take_binary(e, insn, self);
        vector_op_imm(e, INSN_pclmulqdq, v.d, v.a, v.b, 0x00);
    } else {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
    }
}

void x86_64_emit_vector_mul_poly(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    emit_exact_operands(e, insn, self);
}

/* -- SHA-1 ------------------------------------------------------------------------------------------------------------------ */

enum { REVERSE_WORDS = 0x1b };

/* sha1rnds4 wants abcd with a on top and w[0] + e in the top lane of its second operand; the constant is added already, while the
 * instruction adds its own: that one is taken off first. Its functions are numbered choose, parity, majority, parity. */
void x86_64_emit_sha1_rounds(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const uint32_t round_constant[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc};
    if (!x86_64_features.sha) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    int a = use_vector(e, insn->a), b = use_vector(e, insn->b), c = use_vector(e, insn->c), d = define_vector_early(e, self);
    struct borrowed_vector s = borrow_vector(e, c);
    vector_op_imm(e, INSN_insertps, d, b, operand_reg(b), 0x0e);
    vector_rr(e, INSN_paddd, d, d, c);                              /* w + k with e added to the first */
    vector_op(e, INSN_psubd, d, d, constant_lanes(e, LANE_32, round_constant[insn->cond]));
    vector_op_imm(e, INSN_pshufd, s.reg, REG_NONE, operand_reg(d), REVERSE_WORDS);
    vector_op_imm(e, INSN_pshufd, d, REG_NONE, operand_reg(a), REVERSE_WORDS);
    asm_vector_imm(&e->as, INSN_sha1rnds4, d, REG_NONE, operand_reg(s.reg), insn->cond);
    vector_op_imm(e, INSN_pshufd, d, REG_NONE, operand_reg(d), REVERSE_WORDS);
    give_back_vector(e, s);
}

/* (a >> 64 : b << 64) ^ a ^ c */
void x86_64_emit_sha1_schedule_first(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int a = use_vector(e, insn->a), b = use_vector(e, insn->b);
    struct operand c = use_operand(e, insn->c);
    int d = define_vector_early(e, self);
    vector_op_imm(e, INSN_palignr, d, b, operand_reg(a), 8);
    vector_rr(e, INSN_pxor, d, d, a);
    vector_op(e, INSN_pxor, d, d, c);
}

/* t = a ^ (b >> 32); each word rotated by 1; the last also gets the first rotated by 2. */
void x86_64_emit_sha1_schedule_second(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    vector_shift(e, VECTOR_SHR_BYTES, v.d, v.b, 4);
    vector_rr(e, INSN_pxor, v.d, v.d, v.a);
    vector_shift(e, VECTOR_SHR_32, s, v.d, 31);
    vector_rr(e, INSN_paddd, v.d, v.d, v.d);
    vector_rr(e, INSN_por, v.d, v.d, s);
    vector_shift(e, VECTOR_SHL_BYTES, s, v.d, 12);               /* the first word, rotated once, in the last place */
    struct borrowed_vector t = borrow_vector(e, v.b);
    vector_shift(e, VECTOR_SHR_32, t.reg, s, 31);
    vector_rr(e, INSN_paddd, s, s, s);
    vector_rr(e, INSN_por, s, s, t.reg);
    vector_rr(e, INSN_pxor, v.d, v.d, s);
    give_back_vector(e, t);
}

/* -- SHA-256 ---------------------------------------------------------------------------------------------------------------- */

/* sha256rnds2 reads its words from xmm0. The work is done in xmm0..xmm2 whatever they hold: what is alive there waits in memory. */
enum { SHA256_WORK_REGISTERS = 3 };

static struct operand work_slot(int reg)
{
    return state_operand((unsigned)(offsetof(struct vcpu, helper_vector) + (unsigned)reg * sizeof(union vector128)));
}

static struct operand saved_or_register(int reg)
{
    return reg < SHA256_WORK_REGISTERS ? work_slot(reg) : operand_reg(reg);
}

static void move_work_registers(struct emitter *e, int result, bool save)
{
    for (int reg = 0; reg < SHA256_WORK_REGISTERS; reg++) {
        bool is_used = e->vector_locked >> reg & 1 || e->vector_value[reg] != IR_NONE;
        if (!is_used || (!save && reg == result))
            continue;
        if (save)
            asm_vector_store(&e->as, 16, work_slot(reg), reg);
        else
            asm_vector_load(&e->as, 16, reg, work_slot(reg));
    }
}

/* abcd, efgh with the first word in lane 0 -> abef in xmm1, cdgh in xmm2, first words on top; two double rounds; and back. */
void x86_64_emit_sha256_rounds(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    enum { ABEF = 0x11, CDGH = 0xbb };
    if (!x86_64_features.sha) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    int a = use_vector(e, insn->a), b = use_vector(e, insn->b), c = use_vector(e, insn->c), d = define_vector_early(e, self);
    struct operand abcd = saved_or_register(insn->cond ? b : a), efgh = saved_or_register(insn->cond ? a : b);
    move_work_registers(e, d, true);
    vector_op(e, INSN_movaps, XMM1, REG_NONE, efgh);
    vector_op_imm(e, INSN_shufps, XMM1, XMM1, abcd, ABEF);
    vector_op(e, INSN_movaps, XMM2, REG_NONE, efgh);
    vector_op_imm(e, INSN_shufps, XMM2, XMM2, abcd, CDGH);
    vector_op(e, INSN_movaps, XMM0, REG_NONE, saved_or_register(c));
    asm_vector(&e->as, INSN_sha256rnds2, XMM2, REG_NONE, operand_reg(XMM1));
    vector_op_imm(e, INSN_pshufd, XMM0, REG_NONE, operand_reg(XMM0), 0xee);
    asm_vector(&e->as, INSN_sha256rnds2, XMM1, REG_NONE, operand_reg(XMM2));
    vector_op_imm(e, INSN_shufps, XMM1, XMM1, operand_reg(XMM2), insn->cond ? ABEF : CDGH);
    asm_vector_move(&e->as, d, XMM1);
    move_work_registers(e, d, false);
}

/* sha256msg1 has the Arm instruction's very operands. */
void x86_64_emit_sha256_schedule_first(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (!x86_64_features.sha) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    struct operand b = use_operand(e, insn->b);
    int d = define_vector_copy(e, self, insn->a);
    asm_vector(&e->as, INSN_sha256msg1, d, REG_NONE, b);
}

/* sha256msg2 expects the middle words added already: a + (b >> 32 : c). */
void x86_64_emit_sha256_schedule_second(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (!x86_64_features.sha) {
        host_flags_clobbered(e);
        emit_exact_operands(e, insn, self);
        return;
    }
    int a = use_vector(e, insn->a), b = use_vector(e, insn->b), c = use_vector(e, insn->c), d = define_vector_early(e, self);
    vector_op_imm(e, INSN_palignr, d, c, operand_reg(b), 4);
    vector_rr(e, INSN_paddd, d, d, a);
    asm_vector(&e->as, INSN_sha256msg2, d, REG_NONE, operand_reg(c));
}
