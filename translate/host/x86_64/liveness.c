/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What must be known of a region before its code is emitted: the last use of each value, and the pinned field that a value should be
 * computed in because it is put there next.
 *
 * One walk forward does it, nearly without jumps that depend on the instruction: the last write of a last use wins, absent operands
 * (-1) write to an entry before the first one, and puts are noted together with the place from which on the field is theirs alone. Targets are
 * then handed out from the last put to the first, when all last uses are known.
 */
#include "translate/host/x86_64/flags.h"

#include <stddef.h>
#include <string.h>

/* The words of ops.def. */
enum {
    PURE = IR_PURE, COMMUTES = IR_COMMUTES, STATE_READ = IR_STATE_READ, STATE_WRITE = IR_STATE_WRITE, MEMORY_READ = IR_MEMORY_READ,
    MEMORY_WRITE = IR_MEMORY_WRITE, MAY_FAULT = IR_MAY_FAULT, MAY_EXIT = IR_MAY_EXIT, ENDS_BLOCK = IR_ENDS_BLOCK,
    FP_STATUS = IR_FP_STATUS, MARKER = IR_MARKER
};

/* What the walk must know of an operation: it puts or gets a field; it may fault or leave, so that no field may be changed early; and
 * whether its first operand should be computed where the result goes, which is so for aliases in all but name, and where it is
 * not used later for destructive host instructions, which would copy it there. */
enum {
    WALK_NOTED = 1,                           /* a put, or an operation that makes a token */
    WALK_BARRIER = 2,
    PASSES_TARGET = 16, PASSES_TARGET_AT_END = 32, PASSES_TARGET_BY_CONSTANT = 64,
    WALK_KIND = 256,                          /* times the enum place_kind that its value starts with */
    WALK_NO_FIELD = -32768,                   /* the sign */
};

#define WALK_IS(op, name) (IR_##op == IR_##name)
#define WALK_PASSES(op)                                                                                                              \
    (WALK_IS(op, truncate) || WALK_IS(op, vector_from_float) || WALK_IS(op, float_from_vector) || WALK_IS(op, zero_extend) ? PASSES_TARGET : \
     WALK_IS(op, and) || WALK_IS(op, or) || WALK_IS(op, xor) || WALK_IS(op, add) || WALK_IS(op, sub) || WALK_IS(op, not) ||          \
     WALK_IS(op, neg) || WALK_IS(op, extract_unsigned) || WALK_IS(op, extract_signed) || WALK_IS(op, deposit) ? PASSES_TARGET_AT_END : \
     WALK_IS(op, shl) || WALK_IS(op, shr) || WALK_IS(op, sar) ? PASSES_TARGET_BY_CONSTANT : 0)
#define WALK_CLASS(op, result, effects)                                                                                              \
    (WALK_IS(op, put) ? WALK_NOTED :                                                                                                  \
     WALK_IS(op, get) ? 0 :                                                                                                          \
     WALK_NO_FIELD | WALK_PASSES(op) | (WALK_IS(op, constant) ? WALK_KIND * PLACE_CONSTANT : 0) |                                                 \
         ((result) == IR_RESULT_FLAGS ? WALK_NOTED : 0) |                                                                            \
         ((effects) & (IR_MAY_FAULT | IR_MAY_EXIT | IR_STATE_READ | IR_STATE_WRITE) ? WALK_BARRIER : 0))
static const int16_t walk_class[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = (int16_t)WALK_CLASS(name, IR_RESULT_##result, effects),
#include "translate/ir/ops.def"
#undef IR_OP
};

static inline __attribute__((always_inline)) void first_state(struct value_state *s, ir_ref at, int class)
{
    static const struct value_state start = {.reg = REG_NONE, .spill = -1, .home_field = GUEST_NO_FIELD, .target_field = GUEST_NO_FIELD};
    memcpy(s, &start, offsetof(struct value_state, last_use));
    s->kind = (uint8_t)(class >> 8 & 7);
    s->last_use = at;
    s->root = at;
}

/* Pairs of words are stored sooner from two registers than from one that they are put together in. clang has no such attribute. */
#ifdef __clang__
#define SINGLE_STORES
#else
#define SINGLE_STORES __attribute__((optimize("no-tree-slp-vectorize")))
#endif

/* Returns how many are noted. */
static SINGLE_STORES uint32_t walk_forward(struct emitter *e)
{
    const struct ir_insn *insn = e->region->insns;
    struct value_state *values = e->values;
    const struct field_place *fields = e->fields;
    struct noted *noted = e->noted;
    int32_t *field_event = e->field_event;
    ir_ref count = e->region->count, *order = e->order;
    uint32_t insns = 0;
    int32_t barrier = 0;
    for (ir_ref at = 0; at < count; at++, insn++) {
        if (__builtin_expect(insn->note & IR_NOTE_REMOVED, 0))
            continue;
        int class = walk_class[insn->op];
        first_state(&values[at], at, class);
        values[(int32_t)insn->a].last_use = at;               /* IR_NONE is -1 */
        values[(int32_t)insn->b].last_use = at;
        values[(int32_t)insn->c].last_use = at;
        int32_t field = (int32_t)insn->imm | class >> 15;     /* -1 where it is no field */
        noted->position = insns;
        noted->event = field_event[field];
        noted->barrier = barrier;
        noted += class & fields[field].is_pinned;
        field_event[field] = (int32_t)at;
        barrier = class & WALK_BARRIER ? (int32_t)at : barrier;
        order[insns++] = at;
    }
    e->order_end = order + insns;
    return (uint32_t)(noted - e->noted);
}

static void plan_flags(struct emitter *e, uint32_t count)
{
    const struct ir_insn *insns = e->region->insns;
    uint32_t first = 0;
    while (first < count && insns[e->order[e->noted[first].position]].op == IR_put)
        first++;
    if (first == count)
        return;
    flags_plan(e, e->noted[first].position);
    for (uint32_t i = first; i < count; i++)
        if (insns[e->order[e->noted[i].position]].op != IR_put)
            flags_keep_operands(e, e->order[e->noted[i].position]);
}

static bool passes_target_on(const struct emitter *e, const struct ir_insn *insn, ir_ref at)
{
    unsigned class = (unsigned)walk_class[insn->op];
    if (class & PASSES_TARGET)
        return insn->op != IR_zero_extend || insn->lane == LANE_32;
    if (!(class & (PASSES_TARGET_AT_END | PASSES_TARGET_BY_CONSTANT)) || e->values[insn->a].last_use != at)
        return false;
    return class & PASSES_TARGET_BY_CONSTANT ? ir_is_constant(e->region, insn->b) : insn->a != insn->b;
}

static void hand_out_targets(struct emitter *e, uint32_t count)
{
    const struct ir_insn *insns = e->region->insns;
    for (const struct noted *noted = e->noted + count; noted-- > e->noted;) {
        const struct ir_insn *put = &insns[e->order[noted->position]];
        if (put->op != IR_put)
            continue;
        ir_ref value = put->a;
        while ((int32_t)value > noted->event && (int32_t)value >= noted->barrier) {
            e->values[value].target_field = (uint16_t)put->imm;
            if (!passes_target_on(e, &insns[value], value))
                break;
            value = insns[value].a;
        }
    }
}

void liveness_walk(struct emitter *e)
{
    uint32_t count = walk_forward(e);
    plan_flags(e, count);
    hand_out_targets(e, count);
}
