/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What memory.c and atomic.c share.
 */
#ifndef FERRY_HOST_X86_64_MEMORY_H
#define FERRY_HOST_X86_64_MEMORY_H

#include "translate/host/x86_64/assembler_vector.h"
#include "translate/host/x86_64/emit.h"

/* a + (b << scale) + imm as a memory operand; registers in it are locked. Keeps EFLAGS. */
struct operand take_address(struct emitter *e, const struct ir_insn *insn, bool has_index);
/* The same after the alignment check that IR_MEM_ALIGNED asks for. */
struct operand take_checked_address(struct emitter *e, const struct ir_insn *insn, bool has_index);

#endif
