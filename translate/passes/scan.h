/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Small things that several passes need.
 */
#ifndef FERRY_TRANSLATE_PASSES_SCAN_H
#define FERRY_TRANSLATE_PASSES_SCAN_H

#include "common/arena.h"
#include "translate/guest/guest.h"

static inline bool insn_is_removed(const struct ir_insn *insn) { return insn->note & IR_NOTE_REMOVED; }

/* A number that does not move with the region. */
static inline bool is_plain_constant(const struct ir_region *region, ir_ref ref)
{
    return ir_is_constant(region, ref) && !(ir_at(region, ref)->note & IR_NOTE_GUEST_PC) && ir_at(region, ref)->type <= IR_I64;
}

/* What a helper does, everything if it is unknown. */
static inline unsigned helper_effects(const struct ir_region *region, const struct ir_insn *insn)
{
    unsigned number = insn->imm & 0xffff;
    if (!region->isa || number >= region->isa->helper_count)
        return HELPER_READS_STATE | HELPER_WRITES_STATE | HELPER_MAY_FAULT;
    return region->isa->helpers[number].effects;
}

static inline bool insn_is_pure(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op == IR_helper)
        return insn->type != IR_VOID && helper_effects(region, insn) & HELPER_PURE;
    return !(ir_op_info[insn->op].effects & ~IR_COMMUTES);
}

/* It may leave the code, so that the guest's state is looked at. */
static inline bool insn_may_leave(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op == IR_helper)
        return helper_effects(region, insn) & (HELPER_READS_STATE | HELPER_WRITES_STATE | HELPER_MAY_FAULT);
    return ir_op_info[insn->op].effects & (IR_MAY_FAULT | IR_MAY_EXIT);
}

static inline void map_operands(struct ir_insn *insn, const ir_ref *map)
{
    if (insn->a != IR_NONE)
        insn->a = map[insn->a];
    if (insn->b != IR_NONE)
        insn->b = map[insn->b];
    if (insn->c != IR_NONE)
        insn->c = map[insn->c];
}

/* Which guest field holds a value just now, followed along a forward scan: such a value costs no register to keep. */
struct field_tracker {
    uint16_t *field_of;                   /* by value: the field it was last seen in */
    ir_ref *value_of;                     /* by field */
    unsigned field_count;
};

static inline void field_tracker_forget(struct field_tracker *t)
{
    for (unsigned i = 0; i < t->field_count; i++)
        t->value_of[i] = IR_NONE;
}

static inline void field_tracker_init(struct field_tracker *t, const struct ir_region *region)
{
    t->field_count = region->isa ? region->isa->field_count : 0;
    t->field_of = arena_allocate(region->arena, region->count * sizeof *t->field_of);
    t->value_of = arena_allocate(region->arena, t->field_count * sizeof *t->value_of);
    field_tracker_forget(t);
}

static inline void field_tracker_step(struct field_tracker *t, const struct ir_region *region, const struct ir_insn *insn, ir_ref ref)
{
    if (insn->op == IR_get || insn->op == IR_put) {
        ir_ref value = insn->op == IR_get ? ref : insn->a;
        if (insn->imm < t->field_count) {
            t->value_of[insn->imm] = value;
            t->field_of[value] = (uint16_t)insn->imm;
        }
    } else if (insn->op == IR_helper && helper_effects(region, insn) & HELPER_WRITES_STATE) {
        field_tracker_forget(t);
    }
}

static inline bool field_tracker_holds(const struct field_tracker *t, ir_ref value)
{
    unsigned field = t->field_of[value];
    return field < t->field_count && t->value_of[field] == value;
}

#endif
