/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The backward walk over a region before its code is emitted: the last use of each value, the distances between uses, and the
 * pinned field that a value should be computed in because it is put there next.
 */
#include "translate/host/x86_64/emit.h"

#include "common/arena.h"

/* Fields whose next event is a put of a known value, with nothing in between that could fault or leave. */
struct pending_puts { ir_ref *value; uint32_t *epoch; uint32_t now; };

static void note_use(struct emitter *e, ir_ref value, ir_ref at)
{
    if (e->values[value].last_use < at)
        e->values[value].last_use = at;
}

static void note_operand(struct emitter *e, ir_ref value, ir_ref at, ir_ref *next)
{
    *next = e->values[value].next_use;
    e->values[value].next_use = at;
    note_use(e, value, at);
}

/* Which operand of `insn` is a token (0 1 2), or -1. */
static int token_operand(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_set_if: case IR_select: case IR_flags_conditional: case IR_flags_to_nzcv: case IR_exit_if:
        return 0;
    case IR_add_carry: case IR_sub_borrow: case IR_flags_add_carry: case IR_flags_sub_borrow:
        return 2;
    default:
        return -1;
    }
}

static void note_operands(struct emitter *e, const struct ir_insn *insn, ir_ref at)
{
    unsigned operands = ir_op_info[insn->op].operands;
    if (insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS)
        return;                               /* the flags plan knows where the token is needed */
    ir_ref *next = &e->next_use[3 * (size_t)at];
    int token = token_operand(insn);
    if (operands > 0 && insn->a != IR_NONE && token != 0)
        note_operand(e, insn->a, at, &next[0]);
    if (operands > 1 && insn->b != IR_NONE)
        note_operand(e, insn->b, at, &next[1]);
    if (operands > 2 && insn->c != IR_NONE && token != 2)
        note_operand(e, insn->c, at, &next[2]);
    bool is_lazy = insn->op == IR_flags_add || insn->op == IR_flags_sub || insn->op == IR_flags_and || insn->op == IR_flags_float ||
                   insn->op == IR_flags_float_signal;
    if (is_lazy && e->values[at].last_use > at) {
        note_use(e, insn->a, e->values[at].last_use);
        note_use(e, insn->b, e->values[at].last_use);
    }
}

/* Whether the first operand should be computed where the result goes: aliases in all but name, and destructive host instructions
 * for which the operand would be copied there. The walk has not seen another use of an operand whose last use is its definition. */
static bool passes_target_on(const struct emitter *e, const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_and: case IR_or: case IR_xor: case IR_add: case IR_sub: case IR_not: case IR_neg: case IR_extract_unsigned: case IR_extract_signed:
    case IR_deposit:
        return e->values[insn->a].last_use == insn->a && insn->a != insn->b;
    case IR_shl: case IR_shr: case IR_sar:
        return e->values[insn->a].last_use == insn->a && ir_is_constant(e->region, insn->b);
    default:
        break;
    }
    return insn->op == IR_truncate || insn->op == IR_vector_from_float || (insn->op == IR_zero_extend && insn->lane == LANE_32) ||
           insn->op == IR_float_from_vector;
}

static void note_target(struct emitter *e, struct pending_puts *pending, const struct ir_insn *insn, ir_ref at)
{
    uint16_t field = e->values[at].target_field;
    if (field == GUEST_NO_FIELD)
        return;
    if (pending->epoch[field] != pending->now || pending->value[field] != at) {
        e->values[at].target_field = GUEST_NO_FIELD;
        return;
    }
    pending->value[field] = IR_NONE;
    if (passes_target_on(e, insn)) {
        pending->value[field] = insn->a;
        e->values[insn->a].target_field = field;
    }
}

void liveness_walk(struct emitter *e)
{
    const struct ir_region *region = e->region;
    unsigned fields = e->isa->field_count;
    struct pending_puts pending = {.now = 1};
    pending.value = arena_allocate(region->arena, fields * sizeof *pending.value);
    pending.epoch = arena_allocate(region->arena, fields * sizeof *pending.epoch);
    for (ir_ref at = region->count; at-- > 0;) {
        const struct ir_insn *insn = &region->insns[at];
        if (insn->note & IR_NOTE_REMOVED)
            continue;
        unsigned effects = ir_op_info[insn->op].effects;
        note_target(e, &pending, insn, at);
        if (insn->op == IR_put) {
            uint16_t field = (uint16_t)insn->imm;
            if (e->field_pin[field] >= 0) {
                pending.value[field] = insn->a;
                pending.epoch[field] = pending.now;
                e->values[insn->a].target_field = field;
            }
        } else if (insn->op == IR_get) {
            pending.epoch[insn->imm] = 0;
        } else if (effects & (IR_MAY_FAULT | IR_MAY_EXIT | IR_STATE_READ | IR_STATE_WRITE)) {
            pending.now++;
        }
        note_operands(e, insn, at);
    }
}
