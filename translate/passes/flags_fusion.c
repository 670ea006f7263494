/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Flag fusion: brings a comparison to its first consumer when something between them would clobber the host's flags, and marks
 * every consumer that then finds its token in the host's flags register. Runs last: it relies on use counts and on
 * removed instructions being out of the way.
 *
 * A token may sink only while its operands cost nothing to keep: constants, values some guest field still holds, values used
 * later anyway. If they are gone but the difference itself is at hand and only N and Z are asked for, the token becomes
 * a test of the difference. A token that is the flags field (its put is still there) takes the put along, and so passes nothing
 * that may leave the code.
 */
#include "translate/ir/simplify.h"
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

#define SINK_LIMIT 32                     /* instructions */

struct fusion {
    struct ir_region *region;
    const struct host *host;
    struct field_tracker fields;
    ir_ref *last_use;                     /* by value */
    ir_ref *widened;                      /* by i32 value: its zero extension + 1, which shares its register */
    uint8_t *consumed;                    /* by token: a consumer was seen */
    uint8_t *needs_all;                   /* by token: more than N and Z is asked for */
    uint8_t *moved;                       /* by instruction: it sinks */
    ir_ref *sunk_token, *sunk_put;        /* by instruction: what comes before it now, + 1 */
    bool any_moved;
};

/* By operation: which operand is a token that it reads (puts aside), and whether it makes one. */
enum { READS_A = 1, READS_C = 2, READS_MAYBE = 3, READS_MASK = 3, MAKES_TOKEN = 4 };
static const uint8_t token_role[IR_OP_COUNT] = {
    [IR_set_if] = READS_A, [IR_select] = READS_A, [IR_exit_if] = READS_A, [IR_flags_to_nzcv] = READS_A,
    [IR_flags_conditional] = READS_A | MAKES_TOKEN,
    [IR_add_carry] = READS_C, [IR_sub_borrow] = READS_C,
    [IR_flags_add_carry] = READS_C | MAKES_TOKEN, [IR_flags_sub_borrow] = READS_C | MAKES_TOKEN,
    [IR_helper] = READS_MAYBE,
    [IR_flags_add] = MAKES_TOKEN, [IR_flags_sub] = MAKES_TOKEN, [IR_flags_and] = MAKES_TOKEN, [IR_flags_from_nzcv] = MAKES_TOKEN,
    [IR_flags_float] = MAKES_TOKEN, [IR_flags_float_signal] = MAKES_TOKEN,
};

static bool is_producer(const struct ir_insn *insn) { return token_role[insn->op] & MAKES_TOKEN; }

static bool preserves_flags(const struct host *host, const struct ir_region *region, const struct ir_insn *insn)
{
    if (ir_op_info[insn->op].effects & IR_MARKER)
        return true;
    return host && host->preserves_flags && host->preserves_flags(region, insn);
}

/* The token that insn reads, puts aside. */
static ir_ref consumed_token(const struct ir_region *region, const struct ir_insn *insn)
{
    switch (token_role[insn->op] & READS_MASK) {
    case READS_A: return insn->a;
    case READS_C: return insn->c;
    case READS_MAYBE:
        return insn->a != IR_NONE && ir_result_type(ir_at(region, insn->a)) == IR_FLAGS ? insn->a : IR_NONE;
    default: return IR_NONE;
    }
}

static bool asks_only_sign_and_zero(const struct ir_insn *insn)
{
    if (insn->op != IR_set_if && insn->op != IR_select && insn->op != IR_exit_if)
        return false;
    return insn->cond == COND_EQ || insn->cond == COND_NE || insn->cond == COND_MI || insn->cond == COND_PL;
}

/* Whether insn is the operation whose flags the token holds. */
static bool computes_same(const struct ir_insn *insn, const struct ir_insn *token)
{
    static const uint8_t operation[] = {[IR_flags_add - IR_flags_add] = IR_add, [IR_flags_sub - IR_flags_add] = IR_sub,
                                        [IR_flags_and - IR_flags_add] = IR_and};
    if (token->op < IR_flags_add || token->op > IR_flags_and || insn_is_removed(insn))
        return false;
    if (insn->op != operation[token->op - IR_flags_add] || insn->type != token->type)
        return false;
    return (insn->a == token->a && insn->b == token->b) || (insn->op != IR_sub && insn->a == token->b && insn->b == token->a);
}

_Static_assert(IR_flags_sub == IR_flags_add + 1 && IR_flags_and == IR_flags_add + 2, "the table above is indexed by operation");

static void survey(struct fusion *f)
{
    for (ir_ref ref = 0; ref < f->region->count; ref++) {
        const struct ir_insn *insn = ir_at(f->region, ref);
        if (insn_is_removed(insn))
            continue;
        const ir_ref operands[] = {insn->a, insn->b, insn->c};
        if (insn->op == IR_zero_extend && insn->lane == LANE_32 && insn->type == IR_I64)
            f->widened[insn->a] = ref + 1;
        for (unsigned i = 0; i < 3; i++) {
            if (operands[i] == IR_NONE)
                continue;
            f->last_use[operands[i]] = ref;
            if (ir_result_type(ir_at(f->region, operands[i])) == IR_FLAGS && !asks_only_sign_and_zero(insn))
                f->needs_all[operands[i]] = 1;
        }
    }
}

/* Whether keeping the value until `at`, which the field tracker has reached, is free. A truncation and what it is of are one register,
 * and so are a 32-bit result and its zero extension. */
static bool is_available(const struct fusion *f, ir_ref value, ir_ref at)
{
    if (ir_is_constant(f->region, value) || f->last_use[value] >= at || field_tracker_holds(&f->fields, value))
        return true;
    if (f->widened[value] && field_tracker_holds(&f->fields, f->widened[value] - 1))
        return true;
    const struct ir_insn *insn = ir_at(f->region, value);
    return insn->op == IR_truncate && is_available(f, insn->a, at);
}

/* Whether the token and its put, if any, may move down to `at`. */
static bool way_is_free(const struct fusion *f, ir_ref token, ir_ref at, ir_ref *put)
{
    *put = IR_NONE;
    for (ir_ref ref = token + 1; ref < at; ref++) {
        const struct ir_insn *insn = ir_at(f->region, ref);
        if (insn_is_removed(insn))
            continue;
        if (insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS) {
            if (*put != IR_NONE)
                return false;
            if (insn->a == token)
                *put = ref;
        } else if (*put != IR_NONE && insn_may_leave(f->region, insn)) {
            return false;
        }
    }
    return true;
}

/* The value of the token's operation itself, computed right beside it. */
static ir_ref result_beside(const struct fusion *f, ir_ref token)
{
    const struct ir_insn *insn = ir_at(f->region, token);
    if (token > 0 && computes_same(ir_at(f->region, token - 1), insn))
        return token - 1;
    return token + 1 < f->region->count && computes_same(ir_at(f->region, token + 1), insn) ? token + 1 : IR_NONE;
}

/* Turns the token into a test of its operation's result. */
static bool become_test(struct fusion *f, ir_ref token, ir_ref at)
{
    struct ir_insn *insn = ir_at(f->region, token);
    ir_ref result = result_beside(f, token);
    if (result == IR_NONE || (f->needs_all[token] && insn->op != IR_flags_and) || !is_available(f, result, at))
        return false;
    ir_at(f->region, insn->a)->uses--;
    ir_at(f->region, insn->b)->uses--;
    ir_at(f->region, result)->uses += 2;
    insn->op = IR_flags_and;
    insn->a = insn->b = result;
    return true;
}

static bool plan_sink(struct fusion *f, ir_ref token, ir_ref at)
{
    struct ir_insn *insn = ir_at(f->region, token);
    ir_ref put;
    if (insn->op < IR_flags_add || insn->op > IR_flags_and || at - token > SINK_LIMIT || f->moved[token])
        return false;
    if (!way_is_free(f, token, at, &put))
        return false;
    if (!(is_available(f, insn->a, at) && is_available(f, insn->b, at)) && !become_test(f, token, at))
        return false;
    if (f->last_use[insn->a] < at)
        f->last_use[insn->a] = at;
    if (f->last_use[insn->b] < at)
        f->last_use[insn->b] = at;
    f->moved[token] = 1;
    f->sunk_token[at] = token + 1;
    if (put != IR_NONE) {
        f->moved[put] = 1;
        f->sunk_put[at] = put + 1;
    }
    f->any_moved = true;
    return true;
}

/* The flags operation first, its result second: the other way round the host's code for the result sets the flags. */
static bool plan_swap(struct fusion *f, ir_ref token, ir_ref block_end)
{
    if (token + 2 >= block_end || !computes_same(ir_at(f->region, token + 1), ir_at(f->region, token)))
        return false;
    f->moved[token] = 1;
    f->sunk_token[token + 2] = token + 1;
    f->any_moved = true;
    return true;
}

static void plan_block(struct fusion *f, const struct ir_block *block)
{
    ir_ref in_host = IR_NONE, end = block->first + block->count;
    field_tracker_forget(&f->fields);
    for (ir_ref ref = block->first; ref < end; ref++) {
        struct ir_insn *insn = ir_at(f->region, ref);
        if (insn_is_removed(insn))
            continue;
        if (f->sunk_token[ref])
            in_host = f->sunk_token[ref] - 1;
        ir_ref token = consumed_token(f->region, insn);
        if (token != IR_NONE) {
            if (token != in_host)
                in_host = !f->consumed[token] && plan_sink(f, token, ref) ? token : IR_NONE;
            f->consumed[token] = 1;
        }
        if (is_producer(insn))
            in_host = plan_swap(f, ref, end) ? IR_NONE : ref;
        else if (in_host != IR_NONE && !preserves_flags(f->host, f->region, insn))
            in_host = IR_NONE;
        field_tracker_step(&f->fields, f->region, insn, ref);
    }
}

static void copy_insn(struct ir_region *region, const struct ir_insn *old, ir_ref from, ir_ref *map)
{
    struct ir_insn insn = old[from];
    map_operands(&insn, map);
    map[from] = ir_append_copy(region, &insn);
}

/* Writes the instructions in their new order. */
static void reorder(struct fusion *f)
{
    struct ir_region *region = f->region;
    const struct ir_insn *old = region->insns;
    const struct ir_block *blocks = region->blocks;
    uint32_t block_count = region->block_count;
    ir_ref *map = f->last_use;
    ir_restart(region, region->count);
    for (uint32_t i = 0; i < block_count; i++) {
        ir_begin_block(region, blocks[i].pc);
        for (ir_ref ref = blocks[i].first; ref < blocks[i].first + blocks[i].count; ref++) {
            if (f->sunk_token[ref])
                copy_insn(region, old, f->sunk_token[ref] - 1, map);
            if (f->sunk_put[ref])
                copy_insn(region, old, f->sunk_put[ref] - 1, map);
            if (!f->moved[ref] && !insn_is_removed(&old[ref]))
                copy_insn(region, old, ref, map);
        }
    }
}

static bool set_note(struct ir_insn *insn, uint16_t note, bool on)
{
    uint16_t before = insn->note;
    insn->note = on ? before | note : before & ~note;
    return insn->note != before;
}

/* What the marking scan found. */
struct marks { bool changed, wants_sinking; };

static void mark_consumer(const struct ir_region *region, struct ir_insn *insn, ir_ref token, ir_ref in_host, struct marks *marks)
{
    bool ready = token == in_host;
    unsigned producer = ir_at(region, token)->op;
    marks->changed |= set_note(insn, IR_NOTE_FLAGS_IN_HOST, ready);
    marks->wants_sinking |= !ready && producer >= IR_flags_add && producer <= IR_flags_and;
}

static void mark_producer(const struct ir_region *region, const struct ir_block *block, ir_ref ref, struct marks *marks)
{
    struct ir_insn *insn = ir_at(region, ref);
    bool pair = ref > block->first && computes_same(insn - 1, insn);
    marks->changed |= set_note(insn, IR_NOTE_FLAGS_PAIR, pair);
    marks->wants_sinking |= ref + 1 < block->first + block->count && computes_same(insn + 1, insn);
}

/* Whether what lies between two instructions, the first of them included, leaves the host's flags alone. */
static bool keeps_host_flags(const struct ir_region *region, const struct host *host, ir_ref from, ir_ref to)
{
    for (ir_ref ref = from; ref < to; ref++) {
        const struct ir_insn *insn = ir_at(region, ref);
        if (!insn_is_removed(insn) && !preserves_flags(host, region, insn))
            return false;
    }
    return true;
}

/* Goes from token to token; what lies between is looked at when a consumer asks for the host's flags. */
static struct marks mark_region(const struct ir_region *region, const struct host *host)
{
    struct marks marks = {false, false};
    ir_ref in_host = IR_NONE, checked = 0;  /* the flags are still there just before `checked` */
    const struct ir_block *block = region->blocks;
    for (uint32_t i = 0; i < region->event_count; i++) {
        ir_ref ref = region->events[i];
        struct ir_insn *insn = ir_at(region, ref);
        if (!token_role[insn->op] || insn_is_removed(insn))
            continue;
        for (; ref >= block->first + block->count; block++)
            in_host = IR_NONE;
        ir_ref token = consumed_token(region, insn);
        if (token != IR_NONE) {
            if (token != in_host || !keeps_host_flags(region, host, checked, ref))
                in_host = IR_NONE;
            checked = ref;
            mark_consumer(region, insn, token, in_host, &marks);
        }
        if (is_producer(insn)) {
            mark_producer(region, block, ref, &marks);
            in_host = ref;
            checked = ref + 1;
        }
    }
    return marks;
}

/* Whether anything moved. */
static bool sink_tokens(struct ir_region *region, const struct host *host)
{
    struct arena *arena = region->arena;
    size_t count = region->count;
    struct fusion fusion = {
        .region = region, .host = host,
        .last_use = arena_allocate(arena, count * sizeof(ir_ref)), .widened = arena_allocate(arena, count * sizeof(ir_ref)),
        .consumed = arena_allocate(arena, count), .needs_all = arena_allocate(arena, count), .moved = arena_allocate(arena, count),
        .sunk_token = arena_allocate(arena, count * sizeof(ir_ref)), .sunk_put = arena_allocate(arena, count * sizeof(ir_ref)),
    };
    field_tracker_init(&fusion.fields, region);
    survey(&fusion);
    for (uint32_t i = 0; i < region->block_count; i++)
        plan_block(&fusion, &region->blocks[i]);
    if (fusion.any_moved)
        reorder(&fusion);
    return fusion.any_moved;
}

bool pass_flags_fusion(struct ir_region *region, const struct pass_context *context)
{
    struct marks marks = mark_region(region, context->host);
    if (!marks.wants_sinking || !sink_tokens(region, context->host))
        return marks.changed;
    mark_region(region, context->host);
    return true;
}
