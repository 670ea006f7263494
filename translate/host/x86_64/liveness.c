/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The backward walk over a region before its code is emitted: the last use of each value, and the pinned
 * field that a value should be computed in because it is put there next.
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

/* The words of ops.def. */
enum {
    PURE = IR_PURE, COMMUTES = IR_COMMUTES, STATE_READ = IR_STATE_READ, STATE_WRITE = IR_STATE_WRITE, MEMORY_READ = IR_MEMORY_READ,
    MEMORY_WRITE = IR_MEMORY_WRITE, MAY_FAULT = IR_MAY_FAULT, MAY_EXIT = IR_MAY_EXIT, ENDS_BLOCK = IR_ENDS_BLOCK,
    FP_STATUS = IR_FP_STATUS, MARKER = IR_MARKER
};

/* What the walk must know of an operation: how many operands, which one of them is a token (the flags plan knows where that is
 * needed), whether it may fault or leave, and whether its operands live as long as the token it defines. */
enum { LIVE_OPERANDS = 3, LIVE_BARRIER = 4, LIVE_LAZY = 8, LIVE_TOKEN_A = 16, LIVE_TOKEN_C = 32 };

#define LIVE_IS(op, name) (IR_##op == IR_##name)
#define LIVE_CLASS(op, operands, effects)                                                                                        \
    ((operands) | ((effects) & (IR_MAY_FAULT | IR_MAY_EXIT | IR_STATE_READ | IR_STATE_WRITE) ? LIVE_BARRIER : 0) |               \
     (LIVE_IS(op, flags_add) || LIVE_IS(op, flags_sub) || LIVE_IS(op, flags_and) || LIVE_IS(op, flags_float) ||                  \
              LIVE_IS(op, flags_float_signal) ? LIVE_LAZY : 0) |                                                                 \
     (LIVE_IS(op, set_if) || LIVE_IS(op, select) || LIVE_IS(op, flags_conditional) || LIVE_IS(op, flags_to_nzcv) ||              \
              LIVE_IS(op, exit_if) ? LIVE_TOKEN_A : 0) |                                                                         \
     (LIVE_IS(op, add_carry) || LIVE_IS(op, sub_borrow) || LIVE_IS(op, flags_add_carry) || LIVE_IS(op, flags_sub_borrow)         \
          ? LIVE_TOKEN_C : 0))
static const uint8_t live_class[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = LIVE_CLASS(name, operands, effects),
#include "translate/ir/ops.def"
#undef IR_OP
};

static void note_operands(struct emitter *e, const struct ir_insn *insn, ir_ref at, unsigned class)
{
    unsigned operands = class & LIVE_OPERANDS;
    if (insn->a != IR_NONE && !(class & LIVE_TOKEN_A))
        note_use(e, insn->a, at);
    if (operands == 1)
        return;
    if (insn->b != IR_NONE)
        note_use(e, insn->b, at);
    if (operands > 2 && insn->c != IR_NONE && !(class & LIVE_TOKEN_C))
        note_use(e, insn->c, at);
    if (class & LIVE_LAZY && e->values[at].last_use > at) {
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
    pending.value = arena_allocate_unset(region->arena, fields * sizeof *pending.value);
    pending.epoch = arena_allocate(region->arena, fields * sizeof *pending.epoch);
    for (uint32_t i = e->order_count; i-- > 0;) {
        ir_ref at = e->order[i];
        const struct ir_insn *insn = &region->insns[at];
        unsigned class = live_class[insn->op];
        if (e->values[at].target_field != GUEST_NO_FIELD)
            note_target(e, &pending, insn, at);
        if (insn->op == IR_put) {
            uint16_t field = (uint16_t)insn->imm;
            if (field == GUEST_FIELD_FLAGS)
                continue;
            if (e->field_pin[field] >= 0) {
                pending.value[field] = insn->a;
                pending.epoch[field] = pending.now;
                e->values[insn->a].target_field = field;
            }
        } else if (insn->op == IR_get) {
            pending.epoch[insn->imm] = 0;
        } else if (class & LIVE_BARRIER) {
            pending.now++;
        }
        if (class & LIVE_OPERANDS)
            note_operands(e, insn, at, class);
    }
}
