/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What printer and parser must agree on, beyond ops.def. The form itself is described in print.c.
 */
#ifndef FERRY_TRANSLATE_IR_TEXT_H
#define FERRY_TRANSLATE_IR_TEXT_H

#include "translate/ir/ir.h"

/* How an operation's line looks after the type. */
enum ir_form { FORM_PLAIN, FORM_CONSTANT, FORM_FIELD, FORM_MEMORY, FORM_TARGET, FORM_BITS, FORM_HELPER, FORM_INSN_START };

/* The word that stands for `cond`, before the operands; NULL: a number after them. */
struct ir_words { const char *const *names; unsigned count; };

enum ir_form ir_form_of(unsigned op);
struct ir_words ir_cond_words(unsigned op);
bool ir_uses_lane(unsigned op);           /* its lane is printed even when it is 8 bits */

struct ir_bit_name { uint16_t bit; const char *name; };
#define IR_NOTE_NAMES 7
#define IR_MEM_NAMES 7
extern const struct ir_bit_name ir_note_names[IR_NOTE_NAMES], ir_mem_names[IR_MEM_NAMES];

#endif
