/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Vector operations in plain C, for hosts that lack the instructions. Called from translated code that keeps its vector
 * registers: everything here is built with -mgeneral-regs-only.
 */
#ifndef FERRY_HOST_X86_64_VECTOR_COLD_H
#define FERRY_HOST_X86_64_VECTOR_COLD_H

#include <stdbool.h>
#include <stdint.h>

#include "translate/ir/ir.h"
#include "translate/vcpu.h"

/* false: not one of the operations known here. */
bool x86_64_vector_cold(enum ir_op op, unsigned lane, unsigned cond, unsigned imm, const union vector128 v[3], union vector128 *result);

/* Called by generated code: descriptor of the operation (vector.c packs it); operands in vcpu.helper_vector. */
void x86_64_float_cold(struct vcpu *cpu, uint64_t descriptor);

#endif
