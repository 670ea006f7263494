/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What flags.c, flags_plan.c and flags_home.c share.
 */
#ifndef FERRY_HOST_X86_64_FLAGS_H
#define FERRY_HOST_X86_64_FLAGS_H

#include "translate/host/x86_64/emit.h"

/* How a token that is not in EFLAGS can be had again. */
enum token_kind {
    TOKEN_HOME,                               /* it is the flags field's old value: vcpu.flags */
    TOKEN_SIMPLE,                             /* compare, test or add its operands again */
    TOKEN_FLOAT,                              /* ucomis its operands again */
    TOKEN_SAVED,                              /* a canonical word, saved at its definition when somebody wants it later */
    TOKEN_WORD,                               /* a canonical word and nothing else */
};
static inline enum token_kind token_kind(const struct ir_insn *token)
{
    switch (token->op) {
    case IR_flags_add: case IR_flags_sub: case IR_flags_and:
        return TOKEN_SIMPLE;
    case IR_flags_float: case IR_flags_float_signal:
        return TOKEN_FLOAT;
    case IR_flags_from_nzcv:
        return TOKEN_WORD;
    case IR_get:
        return TOKEN_HOME;
    default:
        return TOKEN_SAVED;
    }
}

/* Bits of the canonical word (vcpu.flags). */
enum { WORD_N = 0x8000, WORD_Z = 0x4000, WORD_C = 0x0100, WORD_V = 0x0001 };
#define WORD_MASK (WORD_N | WORD_Z | WORD_C | WORD_V)
#define WORD_FROM_NZCV 0x1081u                /* nibble NZCV times this, masked, is the word */
#define NZCV_FROM_WORD 0x10210000u            /* the masked word times this has NZCV in bits 31..28 */

ir_ref next_insn(const struct ir_region *region, ir_ref at);              /* the one after `at` that is not removed */
int flags_float_order(enum ir_cond cond);                                /* ucomis order that cond wants: 0 a b, 1 b a, -1 either */

void flags_set_host(struct emitter *e, ir_ref token, enum host_sense sense);
void flags_reload(struct emitter *e, ir_ref token, int order);           /* EFLAGS hold token, which they did not before */
int flags_condition(struct emitter *e, enum ir_cond cond);               /* EFLAGS hold e->host_flags in e->host_sense: the host condition */
void flags_carry_to_host(struct emitter *e, ir_ref token, bool borrow);  /* CF = C, or !C for borrow */
void flags_save_word(struct emitter *e, ir_ref self);                    /* EFLAGS hold self: its word is kept if somebody wants it later */
void word_from_host(struct assembler *as, enum host_sense sense, struct operand to);   /* canonical word to eax or, through eax, to memory */

/* The operands of a comparison: a is in a register, b anything. */
enum host_sense compare_registers(struct assembler *as, enum ir_op op, unsigned size, int a, struct operand b);
bool compare_immediate(struct assembler *as, enum ir_op op, unsigned size, struct operand a, int32_t imm, enum host_sense *sense);

#endif
