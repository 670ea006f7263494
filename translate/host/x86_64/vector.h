/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the emitters of the groups float, vector and crypto share: instructions with a destination of their own on every
 * host, constants in memory beside the code, and calls of the exact C routines.
 */
#ifndef FERRY_HOST_X86_64_VECTOR_H
#define FERRY_HOST_X86_64_VECTOR_H

#include "translate/host/x86_64/assembler_vector.h"
#include "translate/host/x86_64/emit.h"
#include "translate/host/x86_64/vector_cold.h"

/* -- instructions: d = a op b. Without AVX a is copied to d first, so d must not be b's register unless it is a's too. --- */
void vector_op(struct emitter *e, enum vector_insn op, int d, int a, struct operand b);
void vector_op_imm(struct emitter *e, enum vector_insn op, int d, int a, struct operand b, uint8_t imm);
void vector_shift(struct emitter *e, enum vector_shift op, int d, int a, unsigned count);
static inline void vector_rr(struct emitter *e, enum vector_insn op, int d, int a, int b) { vector_op(e, op, d, a, operand_reg(b)); }
static inline void vector_r(struct emitter *e, enum vector_insn op, int d, int a) { vector_op(e, op, d, REG_NONE, operand_reg(a)); }

/* vpternlog (AVX-512): d = any function of d, b and c, as the table of its bits. A is d's old value. */
enum vector_ternary {
    TERNARY_A = 0xf0, TERNARY_B = 0xcc, TERNARY_C = 0xaa,
    TERNARY_NOT_C = ~TERNARY_C & 0xff,
    TERNARY_A_SELECTS = (TERNARY_A & TERNARY_B) | (~TERNARY_A & TERNARY_C),                /* a ? b : c */
    TERNARY_B_SELECTS = (TERNARY_B & TERNARY_A) | (~TERNARY_B & TERNARY_C),                /* b ? a : c */
    TERNARY_B_SELECTS_AGAIN = (TERNARY_B & TERNARY_C) | (~TERNARY_B & TERNARY_A),          /* b ? c : a */
    TERNARY_C_SELECTS = (TERNARY_C & TERNARY_B) | (~TERNARY_C & TERNARY_A),                /* c ? b : a */
    TERNARY_OR_B_AND_C = TERNARY_A | (TERNARY_B & TERNARY_C),
    TERNARY_AND_C_OR_B = (TERNARY_A & TERNARY_C) | TERNARY_B,
    TERNARY_ADD_OVERFLOW = ~(TERNARY_A ^ TERNARY_B) & (TERNARY_A ^ TERNARY_C),             /* sign of c = a + b wrong */
    TERNARY_SUB_OVERFLOW = (TERNARY_A ^ TERNARY_B) & (TERNARY_A ^ TERNARY_C),              /* sign of c = a - b wrong */
};
void vector_ternary(struct emitter *e, enum vector_ternary function, int d, int b, struct operand c);

void sign_mask_64(struct emitter *e, int d, int a);                                     /* all ones in a's negative 64-bit lanes */
void vector_zero(struct emitter *e, int d);
void vector_ones(struct emitter *e, int d);

/* Operands and result of a one-instruction operation, by the host's operand rules. */
struct vector_operands { int d, a; struct operand b; };
struct vector_operands take_binary(struct emitter *e, const struct ir_insn *insn, ir_ref self);
struct vector_operands take_unary(struct emitter *e, const struct ir_insn *insn, ir_ref self);   /* b = the operand, a = REG_NONE */
int take_copy(struct emitter *e, const struct ir_insn *insn, ir_ref self, int *d);              /* returns a: *d itself without AVX */
/* The same for sequences: a and b stay readable to the end, d is neither. b is REG_NONE for unary operations. */
struct vector_registers { int d, a, b; };
struct vector_registers take_early(struct emitter *e, const struct ir_insn *insn, ir_ref self);

/* One more scratch register when all temporaries may be in use: then `victim` (an operand's register) is saved in memory. */
struct borrowed_vector { int reg; bool saved; };
struct borrowed_vector borrow_vector(struct emitter *e, int victim);
void give_back_vector(struct emitter *e, struct borrowed_vector borrowed);               /* keeps EFLAGS */

/* -- constants, rip-relative, placed after the region's code ------------------------------------------------------------ */
struct operand constant_vector(struct emitter *e, uint64_t low, uint64_t high);
struct operand constant_lanes(struct emitter *e, enum ir_lane lane, uint64_t value);    /* value in every lane */
void emit_constant_pool(struct emitter *e);                                              /* emit.c, after the cold paths */
void load_vector_constant(struct emitter *e, int reg, enum ir_type type, uint64_t imm);  /* an IR constant, by the cheapest way; keeps EFLAGS */

/* -- calls of x86_64_float_cold (float_cold.c) --------------------------------------------------------------------------- */
/* Computes insn exactly in C. b, c REG_NONE when absent. The result goes to d (a vector register, or an integer one when
 * the instruction's type is i32 or i64). */
void emit_exact(struct emitter *e, const struct ir_insn *insn, int d, int a, int b, int c);
void emit_exact_operands(struct emitter *e, const struct ir_insn *insn, ir_ref self);   /* takes operands and defines the result too */
/* Out of line: jcc to it here, resume at resume_exact. d is none of a, b, c. */
struct cold_path *cold_exact(struct emitter *e, int host_cond, const struct ir_insn *insn, int d, int a, int b, int c);

/* Whether the emitter of `insn` (groups float; vector and crypto) leaves EFLAGS alone. */
bool x86_64_float_preserves_flags(const struct ir_insn *insn);
bool x86_64_vector_preserves_flags(const struct ir_insn *insn);

/* ucomis/comis of the operands of a flags_float or flags_float_signal instruction; swapped: b with a. */
void x86_64_emit_float_compare(struct emitter *e, const struct ir_insn *flags_insn, bool swapped);

#endif
