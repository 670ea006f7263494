/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One region's IR to code: the walk over its instructions, and the out-of-line code after it.
 */
#include "translate/host/x86_64/vector.h"

#include "common/arena.h"

#include <string.h>

typedef void emit_function(struct emitter *e, const struct ir_insn *insn, ir_ref self);

static emit_function *const emit_table[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) x86_64_emit_##name,
#include "translate/ir/ops.def"
#undef IR_OP
};

struct cold_path *add_cold(struct emitter *e, uint32_t jump, void (*emit)(struct emitter *e, struct cold_path *cold))
{
    struct cold_path *cold = arena_allocate_unset(e->region->arena, sizeof *cold);
    cold->next = NULL;
    cold->emit = emit;
    cold->jump = jump;
    cold->insn = e->current;
    cold->pc = e->current_pc;
    cold->data[0] = cold->data[1] = 0;
    if (e->cold_last)
        e->cold_last->next = cold;
    else
        e->cold_first = cold;
    e->cold_last = cold;
    return cold;
}

struct cold_path *cold_jump(struct emitter *e, int host_cond, void (*emit)(struct emitter *e, struct cold_path *cold))
{
    struct cold_path *cold = add_cold(e, asm_jcc(&e->as, host_cond), emit);
    cold->flags = flags_recipe_here(e);
    return cold;
}

void cold_resume(struct emitter *e, struct cold_path *cold)
{
    cold->resume = asm_offset(&e->as);
}

void cold_return(struct emitter *e, const struct cold_path *cold)
{
    asm_patch(&e->as, asm_jmp(&e->as), cold->resume);
}

void emit_cold_paths(struct emitter *e)
{
    for (struct cold_path *cold = e->cold_first; cold && !e->as.overflow; cold = cold->next) {
        asm_patch(&e->as, cold->jump, asm_offset(&e->as));
        e->current = cold->insn;
        e->current_pc = cold->pc;
        cold->emit(e, cold);
    }
}

/* Operations before which a float's test for NaNs may be put off: they leave nothing for others to see, or see to it themselves. */
static bool may_wait_for_test(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_insn_start: case IR_get: case IR_put: case IR_float_from_vector: case IR_vector_from_float:
        return true;
    case IR_float_add: case IR_float_sub: case IR_float_mul: case IR_float_div: case IR_float_sqrt: case IR_float_mul_add:
        return insn->type == IR_F64 || insn->type == IR_F32;
    default:
        return false;
    }
}

static void emit_insns(struct emitter *e)
{
    const struct ir_region *region = e->region;
    for (uint32_t i = 0; i < e->order_count && !e->as.overflow; i++) {
        ir_ref at = e->order[i];
        const struct ir_insn *insn = &region->insns[at];
        if (insn->op == IR_constant)
            continue;                         /* materialised where it is used */
        e->current = at;
        if (e->untested.registers && !may_wait_for_test(insn))
            float_test(e);
        emit_table[insn->op](e, insn, at);
        e->integer_locked = e->vector_locked = 0;
        if (insn->op == IR_exit_if && insn->cond >= COND_ALWAYS)
            break;                            /* the rest is never reached */
    }
}

bool x86_64_emit_region(struct ir_region *region, uint8_t *space, size_t size, struct host_code *out)
{
    struct emitter emitter, *e = &emitter;
    layout_start(e);
    *out = (struct host_code){.code = space};
    e->as = (struct assembler){.start = space, .at = space, .limit = space + size};
    e->region = region;
    e->out = out;
    e->current_pc = region->pc;
    e->values = (struct value_state *)arena_allocate_unset(region->arena, (region->count + 1) * sizeof *e->values) + 1;
    e->order = arena_allocate_unset(region->arena, region->count * sizeof *e->order);
    e->field_value = arena_allocate_unset(region->arena, e->isa->field_count * sizeof *e->field_value);
    memset(e->field_value, 0xff, e->isa->field_count * sizeof *e->field_value);
    liveness_walk(e);
    emit_insns(e);
    emit_cold_paths(e);
    emit_constant_pool(e);
    out->size = asm_offset(&e->as);
    return !e->as.overflow && !e->failed;
}
