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

/* Whether the instruction after this one takes its flags from it. */
static bool sets_flags_of_next(const struct ir_region *region, const struct ir_insn *insn)
{
    ir_ref next = next_insn(region, (ir_ref)(insn - region->insns));
    return next != IR_NONE && flags_is_pair(region, next);
}

/* Vector and cryptography operations do as a rule; float ones do not. */
static bool group_preserves(const struct ir_insn *insn)
{
    enum { group_integer, group_flags, group_memory, group_branch, group_float, group_vector, group_crypto };
    static const uint8_t group_of[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = group_##group,
#include "translate/ir/ops.def"
#undef IR_OP
    };
    switch (group_of[insn->op]) {
    case group_float:
        return x86_64_float_preserves_flags(insn);
    case group_vector: case group_crypto:
        return x86_64_vector_preserves_flags(insn);
    default:
        return false;
    }
}

/* Operations that leave EFLAGS alone in every form. */
#define PRESERVES_IS(op, name) (IR_##op == IR_##name)
#define PRESERVES_ALWAYS(op)                                                                                                     \
    (PRESERVES_IS(op, insn_start) || PRESERVES_IS(op, constant) || PRESERVES_IS(op, get) || PRESERVES_IS(op, put) ||              \
     PRESERVES_IS(op, not) || PRESERVES_IS(op, sign_extend) || PRESERVES_IS(op, zero_extend) || PRESERVES_IS(op, truncate) ||     \
     PRESERVES_IS(op, neg))
static const bool preserves_always[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = PRESERVES_ALWAYS(name),
#include "translate/ir/ops.def"
#undef IR_OP
};

bool x86_64_preserves_flags(const struct ir_region *region, const struct ir_insn *insn)
{
    if (preserves_always[insn->op])
        return true;
    switch (insn->op) {
    case IR_load: case IR_store: case IR_atomic: case IR_load_exclusive: case IR_clear_exclusive: case IR_fence:
        return memory_preserves(insn);
    case IR_set_if: case IR_select: case IR_exit_if:
        return consumer_preserves(region, insn);
    case IR_add: case IR_sub:
        return !sets_flags_of_next(region, insn);
    case IR_and:
        return is_movzx_mask(region, insn) && !sets_flags_of_next(region, insn);
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
        return group_preserves(insn);
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

/* By token: the arithmetic whose x86 instruction sets the same flags. 0, which is none of them, for the others. */
static const uint8_t arithmetic_of[IR_OP_COUNT] = {
    [IR_flags_add] = IR_add, [IR_flags_sub] = IR_sub, [IR_flags_and] = IR_and, [IR_flags_add_carry] = IR_add_carry,
    [IR_flags_sub_borrow] = IR_sub_borrow,
};
_Static_assert(IR_OP_COUNT < 256 && IR_add != 0 && IR_sub != 0 && IR_and != 0 && IR_add_carry != 0 && IR_sub_borrow != 0, "the table above");

bool flags_is_pair(const struct ir_region *region, ir_ref token)
{
    const struct ir_insn *insn = ir_at(region, token);
    unsigned arithmetic = arithmetic_of[insn->op];
    if (!arithmetic)
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
    ir_ref at;
    ir_ref state;                             /* token of the flags field, IR_NONE: at home (as far as the scan saw) */
    ir_ref host;                              /* token that EFLAGS hold */
    uint32_t left;                            /* how many more times that token is used; at 0 EFLAGS are free */
    bool from_definition;                     /* … since its definition, not since a consumer had it computed again */
    int8_t swapped;                           /* float tokens: order of the operands, -1: the first consumer decides */
    ir_ref last_consumer;                     /* of `state` */
    bool state_is_kept;                       /* an instruction behind one that may fault reads `state`, perhaps as a value that was there before */
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

static void use_host(struct scan *scan)
{
    if (--scan->left == 0)
        scan->host = IR_NONE;
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
        use_host(scan);
        return;
    }
    s->last_use = scan->at;
    scan->host = token;
    scan->left = ~(uint32_t)0;
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
    case IR_helper:
        if (insn->a != IR_NONE && scan->e->values[insn->a].last_use < scan->at)
            scan->e->values[insn->a].last_use = scan->at;     /* a token, which its definition made forget its plain uses */
        break;
    default:
        break;
    }
}

static bool helper_sees_state(const struct emitter *e, const struct ir_insn *insn)
{
    return e->isa->helpers[insn->imm & 0xffff].effects & (HELPER_READS_STATE | HELPER_WRITES_STATE);
}

/* Whether the last consumer belongs to the guest instruction that the scan is at. */
static bool is_same_guest_insn(const struct scan *scan)
{
    for (ir_ref at = scan->at; at > scan->last_consumer; at--)
        if (ir_at(scan->e->region, at)->op == IR_insn_start)
            return false;
    return true;
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
        ir_ref host = scan->host;
        bool from_definition = scan->from_definition;
        int8_t swapped = scan->swapped;
        consume(scan, scan->state, COND_ALWAYS);
        scan->host = host;
        scan->from_definition = from_definition;
        scan->swapped = swapped;
    } else if (effects & IR_MAY_FAULT && (scan->state_is_kept || (scan->last_consumer != IR_NONE && is_same_guest_insn(scan)))) {
        /* The faulting instruction is run again from its start, consumers included. One further than here: the access may use an
         * operand of the token as its address, and give it up before its snapshot is made. */
        s->last_use = scan->at + 1;
    }
}

/* What the scan has to do with an operation, beyond asking whether it preserves EFLAGS. */
enum { SCAN_CONSUMES = 1, SCAN_LOOKS_AT_STATE = 2, SCAN_DEFINES = 4, SCAN_PUT = 8, SCAN_LAZY = 16, SCAN_MAY_CLOBBER = 32 };

/* The words of ops.def. */
enum {
    PURE = IR_PURE, COMMUTES = IR_COMMUTES, STATE_READ = IR_STATE_READ, STATE_WRITE = IR_STATE_WRITE, MEMORY_READ = IR_MEMORY_READ,
    MEMORY_WRITE = IR_MEMORY_WRITE, MAY_FAULT = IR_MAY_FAULT, MAY_EXIT = IR_MAY_EXIT, ENDS_BLOCK = IR_ENDS_BLOCK,
    FP_STATUS = IR_FP_STATUS, MARKER = IR_MARKER
};

#define SCAN_IS(op, name) (IR_##op == IR_##name)
#define SCAN_CLASS(op, result, effects)                                                                                          \
    ((SCAN_IS(op, put) ? SCAN_PUT : 0) |                                                                                         \
     (SCAN_IS(op, set_if) || SCAN_IS(op, select) || SCAN_IS(op, flags_to_nzcv) || SCAN_IS(op, add_carry) ||                       \
              SCAN_IS(op, sub_borrow) || SCAN_IS(op, exit_if) || SCAN_IS(op, flags_conditional) || SCAN_IS(op, flags_add_carry) || \
              SCAN_IS(op, flags_sub_borrow) || SCAN_IS(op, helper) ? SCAN_CONSUMES : 0) |                                         \
     ((effects) & (IR_MAY_EXIT | IR_MAY_FAULT) || SCAN_IS(op, helper) ? SCAN_LOOKS_AT_STATE : 0) |                                \
     (result == IR_RESULT_FLAGS ? SCAN_DEFINES : 0) |                                                                             \
     (SCAN_IS(op, flags_add) || SCAN_IS(op, flags_sub) || SCAN_IS(op, flags_and) || SCAN_IS(op, flags_float) ||                   \
              SCAN_IS(op, flags_float_signal) ? SCAN_LAZY : 0) |                                                                  \
     (PRESERVES_ALWAYS(op) ? 0 : SCAN_MAY_CLOBBER))
static const uint8_t scan_class[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = SCAN_CLASS(name, IR_RESULT_##result, effects),
#include "translate/ir/ops.def"
#undef IR_OP
};

static void scan_put_of_flags(struct scan *scan, const struct ir_insn *insn)
{
    bool is_home = token_kind(ir_at(scan->e->region, insn->a)) == TOKEN_HOME;
    scan->state = is_home ? IR_NONE : insn->a;
    scan->last_consumer = IR_NONE;
    scan->state_is_kept = insn->note & IR_NOTE_FLAGS_KEPT;
    if (insn->a == scan->host)
        use_host(scan);
}

static void scan_definition(struct scan *scan, const struct ir_insn *insn)
{
    struct value_state *s = &scan->e->values[scan->at];
    s->last_use = s->host_until = scan->at;                   /* from here on only uses that do not find it in EFLAGS count */
    if (token_kind(insn) == TOKEN_WORD)
        return;
    scan->host = scan->at;
    scan->left = insn->uses ? insn->uses : ~(uint32_t)0;      /* not counted before the passes */
    scan->from_definition = true;
    scan->swapped = -1;
}

static void scan_insn(struct scan *scan, const struct ir_insn *insn, unsigned class)
{
    if (class & SCAN_CONSUMES)
        consume_operand(scan, insn);
    bool preserves = scan->host == IR_NONE || !(class & SCAN_MAY_CLOBBER) || x86_64_preserves_flags(scan->e->region, insn);
    bool destroys_at_once = !preserves && insn->op == IR_exit_if;
    if (destroys_at_once)
        scan->host = IR_NONE;
    if (class & SCAN_LOOKS_AT_STATE)
        consume_state(scan, insn, ir_op_effects[insn->op]);
    if (!preserves)
        scan->host = IR_NONE;
    if (class & SCAN_DEFINES)
        scan_definition(scan, insn);
}

void flags_keep_operands(struct emitter *e, ir_ref token)
{
    const struct ir_insn *insn = ir_at(e->region, token);
    struct value_state *a = &e->values[insn->a], *b = &e->values[insn->b];
    ir_ref last_use = e->values[token].last_use;
    if (last_use == token || !(scan_class[insn->op] & SCAN_LAZY))
        return;
    a->last_use = a->last_use < last_use ? last_use : a->last_use;
    b->last_use = b->last_use < last_use ? last_use : b->last_use;
}

/* What the scan must stop at, as things are. */
static inline unsigned wanted_classes(const struct scan *scan)
{
    return SCAN_CONSUMES | SCAN_DEFINES | SCAN_PUT | (scan->state != IR_NONE ? SCAN_LOOKS_AT_STATE : 0) |
           (scan->host != IR_NONE ? SCAN_MAY_CLOBBER : 0);
}

void flags_plan(struct emitter *e, uint32_t first)
{
    const struct ir_insn *insns = e->region->insns;
    const ir_ref *end = e->order_end;
    struct scan scan = {.e = e, .state = IR_NONE, .host = IR_NONE, .swapped = -1, .last_consumer = IR_NONE};
    unsigned wanted = wanted_classes(&scan);
    for (const ir_ref *at = e->order + first; at < end; at++) {
        const struct ir_insn *insn = &insns[*at];
        unsigned class = scan_class[insn->op];
        if (!(class & wanted) || (class & SCAN_PUT && insn->imm != GUEST_FIELD_FLAGS))
            continue;
        scan.at = *at;
        if (class & SCAN_PUT)
            scan_put_of_flags(&scan, insn);
        else
            scan_insn(&scan, insn, class);
        wanted = wanted_classes(&scan);
    }
}
