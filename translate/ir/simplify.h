/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Inside of ir/ and passes/: the rules that builder and fold pass share, and the builder's lower half.
 */
#ifndef FERRY_TRANSLATE_IR_SIMPLIFY_H
#define FERRY_TRANSLATE_IR_SIMPLIFY_H

#include "translate/ir/ir.h"

/* The operations that make a token lie together in ops.def (a few between them do not). */
#define IR_FIRST_TOKEN IR_flags_add
#define IR_LAST_TOKEN IR_flags_conditional

/* The value that `insn`, about to be appended, need not compute; or IR_NONE, and `insn` is now its simplest form. May
 * append constants. Instructions with effects of their own are left alone. */
ir_ref ir_simplify(struct ir_region *region, struct ir_insn *insn);

/* Whether the token is known while translating. */
bool ir_constant_flags(const struct ir_region *region, ir_ref token, uint32_t *nzcv);

/* ir_append without any folding (build.c): for the parser and for passes that write a new array. */
ir_ref ir_append_plain(struct ir_region *region, const struct ir_insn *insn);
/* The same for a pass that only changes the order: `uses` is as in insn, and its operands' are left alone. */
ir_ref ir_append_copy(struct ir_region *region, const struct ir_insn *insn);

/* Empties the region for a pass that writes it anew; `capacity` instructions will do for now. */
void ir_restart(struct ir_region *region, ir_ref capacity);

/* A new block begins: nothing is known any more of fields and constants of the one before (build.c). */
void ir_begin_block(struct ir_region *region, guest_addr pc);

#endif
