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

enum { COLD_ROOM = 8, TABLE_ROOM = 16 };   /* elements that tables start with */

struct cold_path *add_cold(struct emitter *e, uint32_t jump, void (*emit)(struct emitter *e, struct cold_path *cold))
{
    if (__builtin_expect(e->cold_room == e->cold_end, 0)) {
        e->cold_room = arena_allocate_unset(e->region->arena, COLD_ROOM * sizeof *e->cold_room);
        e->cold_end = e->cold_room + COLD_ROOM;
    }
    struct cold_path *cold = e->cold_room++;
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

/* An exit that is always taken ends the list early. */
void emit_insns(struct emitter *e)
{
    const struct ir_insn *insns = e->region->insns;
    for (const ir_ref *at = e->order; at < e->order_end; at++) {
        const struct ir_insn *insn = &insns[*at];
        if (insn->op == IR_constant)
            continue;                         /* materialised where it is used */
        e->current = *at;
        if (__builtin_expect(e->untested.registers, 0) && !may_wait_for_test(insn))
            float_test(e);
        emit_table[insn->op](e, insn, *at);
        e->integer_locked = e->vector_locked = 0;
    }
}

static void *carve(char **room, size_t size)
{
    void *memory = *room;
    *room += size;
    return memory;
}

/* All that nearly every region needs is one piece of the arena; tables that grow start in it. */
void emitter_find_room(struct emitter *e)
{
    size_t count = e->region->count, fields = e->isa->field_count;
    struct host_code *out = e->out;
    size_t values = (count + 1) * sizeof *e->values, exits = TABLE_ROOM * sizeof *out->exits, relocations = TABLE_ROOM * sizeof *out->relocations,
           cold = COLD_ROOM * sizeof *e->cold_room, snapshots = TABLE_ROOM * sizeof *out->snapshots, order = count * sizeof *e->order,
           noted = (count + 1) * sizeof *e->noted, by_field = (2 * fields + 1) * sizeof *e->field_value;
    char *room = arena_allocate_unset(e->region->arena, values + exits + relocations + cold + snapshots + order + noted + by_field);
    e->values = (struct value_state *)carve(&room, values) + 1;
    out->exits = carve(&room, exits);
    out->relocations = carve(&room, relocations);
    e->cold_room = carve(&room, cold);
    e->cold_end = e->cold_room + COLD_ROOM;
    out->snapshots = carve(&room, snapshots);
    e->order = carve(&room, order);
    e->noted = carve(&room, noted);
    memset(room, 0xff, by_field);
    e->field_event = (int32_t *)room + 1;
    e->field_value = (ir_ref *)room + fields + 1;
    e->exit_capacity = e->snapshot_capacity = e->relocation_capacity = TABLE_ROOM;
}

bool x86_64_emit_region(struct ir_region *region, uint8_t *space, size_t size, struct host_code *out)
{
    struct emitter emitter, *e = &emitter;
    layout_start(e);
    *out = (struct host_code){.code = space};
    e->as = (struct assembler){.start = space, .at = space, .limit = space + size};
    e->region = region;
    e->out = out;
    e->current_pc = e->base_pc = region->pc;
    emitter_find_room(e);
    liveness_walk(e);
    emit_insns(e);
    emit_cold_paths(e);
    emit_constant_pool(e);
    out->size = asm_offset(&e->as);
    return !e->as.overflow && !e->failed;
}
