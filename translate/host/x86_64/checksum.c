/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CRC-32 steps, reflected as every user of them has it. Castagnoli's polynomial is the crc32 instruction; the other one is a
 * Barrett reduction with carry-less multiplications (V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using
 * PCLMULQDQ", Intel 2009), or bit by bit where the CPU has none.
 */
#include "translate/host/x86_64/vector.h"

#define POLYNOMIAL 0x1db710641                /* x^32 + 0x04c11db7, bits reversed */
#define POLYNOMIAL_INVERSE 0x1f7011641        /* x^64 / polynomial, bits reversed */

static void emit_castagnoli(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int data = use_integer(e, insn->b);
    int d = define_integer_copy(e, self, insn->a);
    asm_crc32(&e->as, 1u << insn->lane, d, operand_reg(data));
}

/* reg = the remainder of its `bits` low bits, moved to the top, shifted out; what was above them is added by the caller. */
static void reduce(struct emitter *e, int reg, unsigned bits)
{
    int product = scratch_vector(e);
    struct operand constants = constant_vector(e, POLYNOMIAL_INVERSE, POLYNOMIAL);
    if (bits < 32)
        asm_shift_imm(&e->as, SHIFT_SHL, 4, operand_reg(reg), 32 - bits);
    asm_vector_from_gpr(&e->as, 4, product, operand_reg(reg));
    vector_op_imm(e, INSN_pclmulqdq, product, product, constants, 0x00);
    vector_shift(e, VECTOR_SHL_64, product, product, 32);
    vector_shift(e, VECTOR_SHR_64, product, product, 32);
    constants = constant_vector(e, POLYNOMIAL_INVERSE, POLYNOMIAL);
    vector_op_imm(e, INSN_pclmulqdq, product, product, constants, 0x10);
    vector_shift(e, VECTOR_SHR_64, product, product, 32);
    asm_vector_to_gpr(&e->as, 4, operand_reg(reg), product);
    e->vector_locked &= ~(1u << product);
}

static void reduce_bitwise(struct emitter *e, int crc, int mask, int count, unsigned bits)
{
    asm_mov_imm(&e->as, count, bits);
    uint32_t loop = asm_offset(&e->as);
    asm_shift_imm(&e->as, SHIFT_SHR, 4, operand_reg(crc), 1);
    asm_alu(&e->as, ALU_SBB, 4, mask, operand_reg(mask));             /* all ones when a bit fell out */
    asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(mask), (int32_t)(POLYNOMIAL >> 1));
    asm_alu(&e->as, ALU_XOR, 4, crc, operand_reg(mask));
    asm_alu_imm(&e->as, ALU_SUB, 4, operand_reg(count), 1);
    asm_patch(&e->as, asm_jcc(&e->as, HOST_NE), loop);
}

/* One step of at most 32 bits: crc = crc >> bits ^ reduce(crc ^ data). `data` and `other` are scratch. */
static void emit_step(struct emitter *e, int crc, int data, int other, unsigned bits)
{
    if (!x86_64_features.pclmulqdq) {
        asm_alu(&e->as, ALU_XOR, 4, crc, operand_reg(data));
        reduce_bitwise(e, crc, data, other, bits);
        return;
    }
    asm_alu(&e->as, ALU_XOR, 4, data, operand_reg(crc));
    reduce(e, data, bits);
    if (bits == 32) {
        asm_mov(&e->as, 4, crc, operand_reg(data));
    } else {
        asm_shift_imm(&e->as, SHIFT_SHR, 4, operand_reg(crc), bits);
        asm_alu(&e->as, ALU_XOR, 4, crc, operand_reg(data));
    }
}

static void emit_polynomial(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned bits = 8u << insn->lane;
    host_flags_clobbered(e);
    int data = use_integer_copy(e, insn->b);
    int crc = use_integer_copy(e, insn->a);
    int other = scratch_integer(e);
    if (bits < 32)
        asm_movzx(&e->as, bits / 8, data, operand_reg(data));
    if (bits == 64) {
        int high = scratch_integer(e);
        asm_mov(&e->as, 8, high, operand_reg(data));
        asm_shift_imm(&e->as, SHIFT_SHR, 8, operand_reg(high), 32);
        emit_step(e, crc, data, other, 32);
        emit_step(e, crc, high, other, 32);
    } else {
        emit_step(e, crc, data, other, bits);
    }
    define_integer_in(e, self, crc);
}

void x86_64_emit_crc32(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->cond == 1)
        emit_castagnoli(e, insn, self);
    else
        emit_polynomial(e, insn, self);
    note_zero_extended(e, self);
}
