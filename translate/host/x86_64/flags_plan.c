/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where flags tokens are needed: a forward scan that follows which token EFLAGS would hold at each instruction. A consumer that
 * finds its token there costs nothing; one that does not has it computed again from its operands (which live on until then) or
 * from a saved word. The scan and the emitters must agree on which instructions leave EFLAGS alone: x86_64_preserves_flags.
 */
#include "translate/host/x86_64/flags.h"
#include "translate/host/x86_64/vector.h"

/* -- what leaves EFLAGS alone ------------------------------------------------------------------------------------------- */

static bool constant_of(const struct ir_region *region, ir_ref value, uint64_t *constant)
{
    if (!ir_is_constant(region, value) || ir_at(region, value)->note & IR_NOTE_GUEST_PC)
        return false;
    *constant = ir_at(region, value)->imm;
    return true;
}

/* `and` with such a mask is a movzx. */
static bool is_movzx_mask(const struct ir_region *region, const struct ir_insn *insn)
{
    uint64_t mask;
    if (!constant_of(region, insn->b, &mask))
        return false;
    if (insn->type == IR_I32)
        mask = (uint32_t)mask;
    return (mask == 0xff || mask == 0xffff || (insn->type == IR_I64 && mask == 0xffffffff));
}

/* A field that is a movzx or movsx, or a shift that BMI2 has without flags. */
static bool is_plain_extract(const struct ir_insn *insn)
{
    unsigned low = insn->imm & 0xff, width = insn->imm >> 8 & 0xff, bits = insn->type == IR_I64 ? 64 : 32;
    if (low + width == bits)
        return x86_64_features.bmi2;
    return low == 0 && (width == 8 || width == 16 || width == 32);
}

static bool is_plain_byte_swap(const struct ir_insn *insn)
{
    return insn->lane == (insn->type == IR_I64 ? LANE_64 : LANE_32) || (insn->lane == LANE_32 && x86_64_features.bmi2);
}

static bool memory_preserves(const struct ir_insn *insn)
{
    if (insn->mem & IR_MEM_ALIGNED || (insn->mem & IR_MEM_BIG_ENDIAN && !x86_64_features.movbe))
        return false;
    switch (insn->op) {
    case IR_store:
        if (!(insn->mem & IR_MEM_SEQUENTIAL) && !ir_type_is_vector_class(insn->type))
            return true;
        /* Halfwords are turned round by a rotation there; a vector's barrier is a locked or. */
        return !(insn->mem & IR_MEM_BIG_ENDIAN && IR_MEM_SIZE(insn->mem) == 1) &&
               !(insn->mem & IR_MEM_SEQUENTIAL && ir_type_is_vector_class(insn->type));
    case IR_atomic:
        return insn->cond == ATOMIC_SWAP;
    case IR_load: case IR_load_exclusive: case IR_clear_exclusive:
        return true;
    case IR_fence:
        return insn->cond != FENCE_FULL;
    default:
        return false;
    }
}

/* Consumers that only read EFLAGS: not the ones that must take the condition apart. */
static bool consumer_preserves(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->cond >= COND_ALWAYS)
        return insn->op != IR_exit_if;
    switch (token_kind(ir_at(region, insn->a))) {
    case TOKEN_HOME:
        return false;
    case TOKEN_FLOAT:
        return insn->cond != COND_EQ && insn->cond != COND_NE;
    default:
        return true;
    }
}

static bool integer_preserves(const struct ir_region *region, const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_add: case IR_sub: case IR_neg:
        return true;
    case IR_constant: case IR_get: case IR_put: case IR_not: case IR_sign_extend: case IR_zero_extend: case IR_truncate:
        return true;
    case IR_and:
        return is_movzx_mask(region, insn);
    case IR_shl: case IR_shr: case IR_sar:
        return x86_64_features.bmi2;
    case IR_ror:
        return x86_64_features.bmi2 && ir_is_constant(region, insn->b);
    case IR_extract_unsigned: case IR_extract_signed:
        return is_plain_extract(insn);
    case IR_extract_pair:
        return insn->a == insn->b && x86_64_features.bmi2;
    case IR_byte_swap:
        return is_plain_byte_swap(insn);
    case IR_crc32:
        return insn->cond == 1;
    default:
        return false;
    }
}

/* Whether the instruction after this one takes its flags from it. */
static bool sets_flags_of_next(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op != IR_add && insn->op != IR_sub && insn->op != IR_and && insn->op != IR_add_carry && insn->op != IR_sub_borrow)
        return false;
    ir_ref next = next_insn(region, (ir_ref)(insn - region->insns));
    return next != IR_NONE && flags_is_pair(region, next);
}

bool x86_64_preserves_flags(const struct ir_region *region, const struct ir_insn *insn)
{
    if (sets_flags_of_next(region, insn))
        return false;
    switch (insn->op) {
    case IR_set_if: case IR_select: case IR_exit_if:
        return consumer_preserves(region, insn);
    case IR_insn_start:
        return true;
    default:
        break;
    }
    switch (*ir_op_info[insn->op].group) {
    case 'i':
        return integer_preserves(region, insn);
    case 'm':
        return memory_preserves(insn);
    case 'f':                                 /* flags and float */
        return ir_op_info[insn->op].group[2] == 'o' && x86_64_vector_preserves_flags(insn);
    case 'v': case 'c':
        return x86_64_vector_preserves_flags(insn);
    default:
        return false;
    }
}

/* -- pairs ------------------------------------------------------------------------------------------------------------------ */

ir_ref next_insn(const struct ir_region *region, ir_ref at)
{
    for (at++; at < region->count; at++)
        if (!(region->insns[at].note & IR_NOTE_REMOVED))
            return at;
    return IR_NONE;
}

static ir_ref previous_insn(const struct ir_region *region, ir_ref at)
{
    while (at-- > 0)
        if (!(region->insns[at].note & IR_NOTE_REMOVED))
            return at;
    return IR_NONE;
}

/* The arithmetic whose x86 instruction sets the same flags as the token. */
static int arithmetic_of(enum ir_op token)
{
    switch (token) {
    case IR_flags_add: return IR_add;
    case IR_flags_sub: return IR_sub;
    case IR_flags_and: return IR_and;
    case IR_flags_add_carry: return IR_add_carry;
    case IR_flags_sub_borrow: return IR_sub_borrow;
    default: return -1;
    }
}

bool flags_is_pair(const struct ir_region *region, ir_ref token)
{
    const struct ir_insn *insn = ir_at(region, token);
    int arithmetic = arithmetic_of(insn->op);
    if (arithmetic < 0)
        return false;
    ir_ref before = previous_insn(region, token);
    if (before == IR_NONE)
        return false;
    const struct ir_insn *other = ir_at(region, before);
    if (other->op != arithmetic || other->type != insn->type)
        return false;
    bool has_carry = arithmetic == IR_add_carry || arithmetic == IR_sub_borrow;
    return insn->note & IR_NOTE_FLAGS_PAIR || (other->a == insn->a && other->b == insn->b && (!has_carry || other->c == insn->c));
}

/* -- the scan ---------------------------------------------------------------------------------------------------------------- */

struct scan {
    struct emitter *e;
    ir_ref at, insn_start;
    ir_ref state;                             /* token of the flags field, IR_NONE: at home */
    ir_ref host;                              /* token that EFLAGS hold */
    bool from_definition;                     /* … since its definition, not since a consumer had it computed again */
    int8_t swapped;                           /* float tokens: order of the operands, -1: the first consumer decides */
    ir_ref last_consumer;                     /* of `state` */
};

/* The order of ucomis operands that makes cond one jump: 0 a b, 1 b a, -1 either. */
int flags_float_order(enum ir_cond cond)
{
    switch (cond) {
    case COND_GT: case COND_GE: case COND_LT: case COND_LE:
        return 0;
    case COND_MI: case COND_PL: case COND_CS: case COND_CC: case COND_HI: case COND_LS:
        return 1;
    default:
        return -1;
    }
}

static bool is_usable(const struct scan *scan, ir_ref token, enum token_kind kind, int order)
{
    return scan->host == token && (kind != TOKEN_FLOAT || order < 0 || scan->swapped < 0 || scan->swapped == order);
}

/* cond: COND_ALWAYS when all of the flags are wanted. */
static void consume(struct scan *scan, ir_ref token, enum ir_cond cond)
{
    enum token_kind kind = token_kind(ir_at(scan->e->region, token));
    struct value_state *s = &scan->e->values[token];
    int order = flags_float_order(cond);
    if (token == scan->state)
        scan->last_consumer = scan->at;
    if (kind == TOKEN_HOME) {
        scan->host = IR_NONE;
        return;
    }
    if (is_usable(scan, token, kind, order)) {
        s->host_until = scan->at;
        if (scan->from_definition)
            s->token_wanted |= TOKEN_WANTED;
        if (kind == TOKEN_FLOAT && scan->swapped < 0 && order >= 0) {
            scan->swapped = (int8_t)order;
            if (scan->from_definition && order == 1)
                s->token_wanted |= TOKEN_WANTED_SWAPPED;
        }
        return;
    }
    s->last_use = scan->at;
    scan->host = token;
    scan->from_definition = false;
    scan->swapped = (int8_t)(order < 0 ? 0 : order);
}

static void consume_operand(struct scan *scan, const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_set_if: case IR_select: case IR_flags_conditional: case IR_exit_if:
        if (insn->cond < COND_ALWAYS)         /* else the token is not looked at */
            consume(scan, insn->a, insn->cond);
        break;
    case IR_flags_to_nzcv:
        consume(scan, insn->a, COND_ALWAYS);
        break;
    case IR_add_carry: case IR_sub_borrow: case IR_flags_add_carry: case IR_flags_sub_borrow:
        consume(scan, insn->c, COND_CS);
        break;
    default:
        break;
    }
}

static bool helper_sees_state(const struct emitter *e, const struct ir_insn *insn)
{
    return e->isa->helpers[insn->imm & 0xffff].effects & (HELPER_READS_STATE | HELPER_WRITES_STATE);
}

/* Exits that need the flags field, helpers that look at it, and points that may fault while it is still wanted. */
static void consume_state(struct scan *scan, const struct ir_insn *insn, unsigned effects)
{
    if (scan->state == IR_NONE)
        return;
    struct value_state *s = &scan->e->values[scan->state];
    if (insn->op == IR_helper && helper_sees_state(scan->e, insn)) {
        consume(scan, scan->state, COND_ALWAYS);
        scan->state = IR_NONE;
    } else if (effects & IR_MAY_EXIT) {
        if (insn->note & IR_NOTE_FLAGS_DEAD)
            return;
        /* An exit stores the flags out of line: what EFLAGS hold on the straight path does not change. */
        struct scan before = *scan;
        consume(scan, scan->state, COND_ALWAYS);
        scan->host = before.host;
        scan->from_definition = before.from_definition;
        scan->swapped = before.swapped;
    } else if (effects & IR_MAY_FAULT && scan->last_consumer != IR_NONE && scan->last_consumer >= scan->insn_start) {
        s->last_use = scan->at;               /* the faulting instruction is run again from its start, consumers included */
    }
}

static void scan_insn(struct scan *scan, const struct ir_insn *insn)
{
    const struct ir_region *region = scan->e->region;
    unsigned effects = ir_op_info[insn->op].effects;
    if (insn->op == IR_insn_start) {
        scan->insn_start = scan->at;
        return;
    }
    consume_operand(scan, insn);
    bool preserves = scan->host == IR_NONE || x86_64_preserves_flags(region, insn);
    bool destroys_at_once = !preserves && insn->op == IR_exit_if;
    if (destroys_at_once)
        scan->host = IR_NONE;
    consume_state(scan, insn, effects);
    if (!preserves)
        scan->host = IR_NONE;
    if (insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS) {
        bool is_home = token_kind(ir_at(region, insn->a)) == TOKEN_HOME;
        scan->state = is_home ? IR_NONE : insn->a;
        scan->last_consumer = IR_NONE;
    }
    if (ir_op_info[insn->op].result == IR_RESULT_FLAGS && token_kind(insn) != TOKEN_WORD) {
        scan->host = scan->at;
        scan->from_definition = true;
        scan->swapped = -1;
    }
}

void flags_plan(struct emitter *e)
{
    const struct ir_region *region = e->region;
    struct scan scan = {.e = e, .state = IR_NONE, .host = IR_NONE, .swapped = -1, .last_consumer = IR_NONE};
    for (scan.at = 0; scan.at < region->count; scan.at++)
        if (!(region->insns[scan.at].note & IR_NOTE_REMOVED))
            scan_insn(&scan, &region->insns[scan.at]);
}
