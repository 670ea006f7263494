/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls of C from generated code. The stub stores the pinned registers in their fields and reloads them, so a helper sees and may
 * change every field; temporaries are ours to save.
 */
#include "translate/host/x86_64/hot.h"
#include "translate/host/x86_64/vector.h"

#include <stddef.h>

#define VCPU(field) state_operand(offsetof(struct vcpu, field))

/* Integer operands go to scratch[position], all others to helper_vector[position]. */
static void pass_operand(struct emitter *e, ir_ref value, unsigned position)
{
    struct operand integer = state_operand((unsigned)offsetof(struct vcpu, scratch) + 8 * position);
    struct operand vector = state_operand((unsigned)offsetof(struct vcpu, helper_vector) + 16 * position);
    int32_t imm;
    if (value == IR_NONE)
        return;
    enum ir_type type = ir_result_type(ir_at(e->region, value));
    if (ir_type_is_vector_class(type)) {
        asm_vector_store(&e->as, 16, vector, use_vector(e, value));
        e->vector_locked = 0;
    } else if (value_is_imm32(e, value, &imm) && (type == IR_I64 || imm >= 0)) {
        asm_mov_imm_store(&e->as, 8, integer, imm);
    } else {
        int reg = use_integer(e, value);
        if (type == IR_I32 && !is_zero_extended(e, value)) {
            int widened = scratch_integer(e);
            asm_mov(&e->as, 4, widened, operand_reg(reg));
            reg = widened;
        }
        asm_mov_store(&e->as, 8, integer, reg);
        e->integer_locked = 0;
    }
}

static void pass_extra(struct emitter *e, uint64_t extra)
{
    struct operand place = VCPU(scratch[3]);
    if ((int64_t)extra == (int32_t)extra) {
        asm_mov_imm_store(&e->as, 8, place, (int32_t)extra);
        return;
    }
    asm_mov_imm(&e->as, RAX, extra);
    asm_mov_store(&e->as, 8, place, RAX);
}

static void take_result(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->type == IR_VOID || e->values[self].last_use == self)
        return;
    if (ir_type_is_vector_class(insn->type)) {
        asm_vector_load(&e->as, ir_type_bytes(insn->type) == 2 ? 4 : ir_type_bytes(insn->type), define_vector(e, self), VCPU(helper_result));
    } else {
        take_integer(e, RAX);
        define_integer_in(e, self, RAX);
    }
}

void emit_helper_call(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned number = insn->imm & 0xffff, effects = e->isa->helpers[number].effects;
    if (effects & (HELPER_READS_STATE | HELPER_WRITES_STATE) && e->state_flags != IR_NONE) {
        flags_go_home(e, e->state_flags);
        e->state_flags = IR_NONE;
    }
    pass_operand(e, insn->a, 0);
    pass_operand(e, insn->b, 1);
    pass_operand(e, insn->c, 2);
    allocator_before_call(e, effects & HELPER_WRITES_STATE);
    host_flags_clobbered(e);
    pass_extra(e, insn->imm >> 16);
    asm_mov(&e->as, 8, RAX, VCPU(helpers));
    asm_mov(&e->as, 8, RAX, operand_mem(RAX, (int32_t)(number * sizeof(vcpu_helper *))));
    if (e->hot)
        hot_save_pins(e);
    emit_stub_call(e, e->hot ? STUB_HELPER_BARE : STUB_HELPER);
    if (effects & HELPER_MAY_FAULT)
        snapshot_here(e);                     /* found by the return address */
    if (e->hot)
        hot_load_pins(e);
    allocator_after_call(e);
    take_result(e, insn, self);
}
