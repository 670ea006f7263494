/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The side tables of a region: snapshots, their constants and relocations. `put` is eager in this tier, so at a point that
 * may fault every field but the flags is home, and a snapshot is a guest pc and a recipe for the flags.
 */
#include "translate/host/x86_64/emit.h"

#include "common/arena.h"

#include <string.h>

/* Room for one more element of an array in the region's arena. */
static __attribute__((noinline)) void *table_room(struct emitter *e, void *table, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return table;
    uint32_t grown = *capacity ? 2 * *capacity : 16;
    void *larger = arena_allocate_unset(e->region->arena, grown * size);
    if (*capacity)
        memcpy(larger, table, *capacity * size);
    *capacity = grown;
    return larger;
}

static unsigned constant_index(struct emitter *e, uint64_t value)
{
    struct host_code *out = e->out;
    for (uint32_t i = 0; i < out->constant_count; i++)
        if (out->constants[i] == value)
            return i;
    if (out->constant_count == 256) {         /* a snapshot's index is one byte */
        e->failed = true;
        return 0;
    }
    out->constants = table_room(e, out->constants, out->constant_count, &e->constant_capacity, sizeof *out->constants);
    out->constants[out->constant_count] = value;
    return out->constant_count++;
}

void note_relocation(struct emitter *e, uint32_t offset, unsigned size, guest_addr value)
{
    struct host_code *out = e->out;
    out->relocations = table_room(e, out->relocations, out->relocation_count, &e->relocation_capacity, sizeof *out->relocations);
    out->relocations[out->relocation_count++] = (struct host_relocation){.offset = offset, .size = (uint8_t)size, .value = value};
}

/* Where a token's operand is, as the fault handler will look for it. */
static struct snapshot_place place_of(struct emitter *e, ir_ref value)
{
    ir_ref root = alias_root(e, value);
    const struct value_state *s = &e->values[root];
    switch (s->kind) {
    case PLACE_INTEGER:
        return (struct snapshot_place){SNAPSHOT_INTEGER_REGISTER, (uint8_t)s->reg};
    case PLACE_VECTOR:
        return (struct snapshot_place){SNAPSHOT_VECTOR_REGISTER, (uint8_t)s->reg};
    case PLACE_SPILL:
        return (struct snapshot_place){SNAPSHOT_SPILL, (uint8_t)s->spill};
    case PLACE_FIELD:
        return (struct snapshot_place){SNAPSHOT_FIELD, (uint8_t)s->home_field};
    case PLACE_CONSTANT:
        return (struct snapshot_place){SNAPSHOT_CONSTANT, (uint8_t)constant_index(e, ir_at(e->region, root)->imm)};
    default:
        return (struct snapshot_place){SNAPSHOT_NOWHERE, 0};
    }
}

static void host_recipe(const struct flags_recipe *recipe, struct snapshot *s)
{
    static const uint8_t op_of_sense[] = {
        [SENSE_ADD] = IR_flags_add, [SENSE_SUB] = IR_flags_sub, [SENSE_AND] = IR_flags_and,
        [SENSE_FLOAT] = IR_flags_float, [SENSE_FLOAT_SWAPPED] = IR_flags_float,
    };
    s->flags = SNAPSHOT_FLAGS_HOST;
    s->flags_op = op_of_sense[recipe->sense];
    s->flags_type = recipe->type | (recipe->sense == SENSE_FLOAT_SWAPPED ? 0x80 : 0);
}

static __attribute__((noinline)) void fill_flags(struct emitter *e, struct snapshot *s)
{
    struct flags_recipe recipe = flags_recipe_here(e);
    const struct ir_insn *token = ir_at(e->region, e->state_flags);
    switch (recipe.kind) {
    case RECIPE_HOST:
        host_recipe(&recipe, s);
        break;
    case RECIPE_OPERANDS:
        s->flags = SNAPSHOT_FLAGS_OPERANDS;
        s->flags_op = recipe.op;
        s->flags_type = recipe.type;
        s->flags_a = place_of(e, token->a);
        s->flags_b = place_of(e, token->b);
        break;
    case RECIPE_WORD:
        s->flags = SNAPSHOT_FLAGS_OPERANDS;
        s->flags_op = IR_get;
        s->flags_type = IR_FLAGS;
        s->flags_a = place_of(e, e->state_flags);
        break;
    default:                                  /* at home */
        break;
    }
}

void snapshot_here(struct emitter *e)
{
    struct host_code *out = e->out;
    if (__builtin_expect(out->snapshot_count == e->snapshot_capacity, 0))
        out->snapshots = table_room(e, out->snapshots, out->snapshot_count, &e->snapshot_capacity, sizeof *out->snapshots);
    struct snapshot *s = &out->snapshots[out->snapshot_count++];
    *s = (struct snapshot){.host_offset = asm_offset(&e->as), .guest_offset = (uint32_t)(e->current_pc - e->base_pc),
                           .flags = SNAPSHOT_FLAGS_HOME, .first_entry = out->entry_count};
    if (e->state_flags != IR_NONE)
        fill_flags(e, s);
}

void snapshot_entry_add(struct emitter *e, unsigned field, struct snapshot_place place)
{
    struct host_code *out = e->out;
    out->entries = table_room(e, out->entries, out->entry_count, &e->entry_capacity, sizeof *out->entries);
    out->entries[out->entry_count++] = (struct snapshot_entry){.field = (uint16_t)field, .place = place};
    out->snapshots[out->snapshot_count - 1].entry_count++;
}
