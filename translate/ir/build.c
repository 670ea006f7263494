/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Building a region: everything goes through ir_append, which simplifies, forwards guest fields inside the block and only
 * then stores. A field's latest value is kept per region, so a get after a put or a get is the value itself, and a put of
 * what the field already holds is nothing.
 */
#include "translate/guest/guest.h"
#include "translate/ir/simplify.h"

#include "common/arena.h"

#include <string.h>

#define FIRST_CAPACITY 256                /* instructions: most regions never grow */
#define VALUE_BITS 9                      /* of the tables of values and constants seen, by hash */
#define CONSTANT_BITS 6
#define FIRST_BLOCKS 1
#define LIKELY(condition) __builtin_expect((condition) != 0, 1)
#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)
#define OUT_OF_LINE __attribute__((noinline, cold))

struct ir_builder {
    bool may_have_faulted;                /* since flags_put */
    ir_ref flags_put;                     /* the last put of the flags field in this block, or IR_NONE */
    ir_ref looked;                        /* instructions before this one may have been looked at by an exit or fault */
    unsigned field_count;
    struct field { ir_ref value, put; } *fields;  /* by number: the value it holds now and its last put, or IR_NONE if unknown */
    /* By hash: where such a value may have been appended. Never cleared: whatever they say is compared with the instruction there. */
    ir_ref *values, *constants;
};

static void forget_fields(struct ir_builder *builder)
{
    memset(builder->fields, 0xff, builder->field_count * sizeof *builder->fields);
    builder->flags_put = IR_NONE;
}

void ir_begin_block(struct ir_region *region, guest_addr pc)
{
    uint32_t count = region->block_count;
    if (count >= FIRST_BLOCKS && (count & (count - 1)) == 0)
        region->blocks = arena_grow(region->arena, region->blocks, count * sizeof *region->blocks, 2 * count * sizeof *region->blocks);
    region->open = &region->blocks[region->block_count++];
    *region->open = (struct ir_block){.first = region->count, .count = 0, .pc = pc};
    forget_fields(region->builder);
    region->insn_pc = pc;
    region->insn_pending = false;
}

/* What every region begins with, in one piece; the fields follow. */
struct first_memory {
    struct ir_region region;
    struct ir_builder builder;
    struct ir_block blocks[FIRST_BLOCKS];
    ir_ref values[1 << VALUE_BITS], constants[1 << CONSTANT_BITS], events[FIRST_CAPACITY];
    struct field fields[];
};

struct ir_region *ir_region_new(struct arena *arena, const struct guest_isa *isa, guest_addr pc)
{
    unsigned field_count = isa ? isa->field_count : 0;
    struct first_memory *memory = arena_allocate_unset(arena, sizeof *memory + field_count * sizeof memory->fields[0]);
    struct ir_region *region = &memory->region;
    memory->builder = (struct ir_builder){.flags_put = IR_NONE, .field_count = field_count, .fields = memory->fields,
                                          .values = memory->values, .constants = memory->constants};
    *region = (struct ir_region){.isa = isa, .arena = arena, .pc = pc, .guest_end = pc, .builder = &memory->builder,
                                 .capacity = FIRST_CAPACITY, .blocks = memory->blocks, .events = memory->events};
    ir_begin_block(region, pc);
    /* Last, so that it grows in place as long as nobody else allocates. */
    region->insns = arena_allocate_unset(arena, FIRST_CAPACITY * sizeof *region->insns);
    return region;
}

void ir_restart(struct ir_region *region, ir_ref capacity)
{
    region->capacity = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity;
    region->insns = arena_allocate_unset(region->arena, region->capacity * sizeof *region->insns);
    region->blocks = arena_allocate_unset(region->arena, FIRST_BLOCKS * sizeof *region->blocks);
    region->count = region->block_count = 0;
    region->events = arena_allocate_unset(region->arena, region->capacity * sizeof *region->events);
    region->seen = region->flags_puts = region->event_count = 0;
}

void ir_rewind(struct ir_region *region, struct ir_mark mark)
{
    bool put_gone = false;
    while (region->count > mark.count) {
        const struct ir_insn *insn = &region->insns[--region->count];
        put_gone |= insn->op == IR_put;
        ir_drop_operands(region, insn);
    }
    for (ir_ref ref = region->open->first; put_gone && ref < mark.count; ref++)
        if (region->insns[ref].op == IR_put)
            region->insns[ref].note |= IR_NOTE_WANTED;
    while (region->event_count && region->events[region->event_count - 1] >= mark.count)
        region->event_count--;
    region->open->count = mark.count - region->open->first;
    region->insn_pending = true;          /* its insn_start may be among what goes */
}

/* -- one instruction ----------------------------------------------------------------------------------------------------------- */

/* There is always room for one instruction more. Returns ref, so that it can be the last thing its caller does. */
static OUT_OF_LINE ir_ref grow(struct ir_region *region, ir_ref ref)
{
    size_t size = region->capacity * sizeof *region->insns;
    region->insns = arena_grow(region->arena, region->insns, size, 2 * size);
    size = region->capacity * sizeof *region->events;
    region->events = arena_grow(region->arena, region->events, size, 2 * size);
    region->capacity *= 2;
    return ref;
}

/* Counts the instruction that was written to the next slot. */
static inline __attribute__((always_inline)) ir_ref commit(struct ir_region *region)
{
    ir_ref ref = region->count;
    region->open->count++;
    region->count = ref + 1;
    return UNLIKELY(ref + 1 >= region->capacity) ? grow(region, ref) : ref;
}

static inline __attribute__((always_inline)) void set_insn(struct ir_insn *to, unsigned op, unsigned type, unsigned note, ir_ref a, ir_ref b, ir_ref c,
                                                            uint64_t imm)
{
    to->op = (uint8_t)op;
    to->type = (uint8_t)type;
    to->lane = to->cond = 0;
    to->mem = 0;
    to->note = (uint16_t)note;
    to->a = a;
    to->b = b;
    to->c = c;
    to->uses = 0;
    to->imm = imm;
}

/* Written where it stays: what is stored byte by byte on the stack and copied in words waits until the bytes have reached the cache. */
static inline __attribute__((always_inline)) struct ir_insn *set_next(struct ir_region *region, unsigned op, unsigned type, ir_ref a, ir_ref b,
                                                                      ir_ref c, uint64_t imm)
{
    struct ir_insn *to = &region->insns[region->count];
    set_insn(to, op, type, 0, a, b, c, imm);
    return to;
}

/* Field by field, for the same reason (the compiler would make words of an assignment, hence the volatile). */
static void copy_next(struct ir_region *region, const volatile struct ir_insn *from)
{
    struct ir_insn *to = set_next(region, from->op, from->type, from->a, from->b, from->c, from->imm);
    to->lane = from->lane;
    to->cond = from->cond;
    to->mem = from->mem;
    to->note = (uint16_t)((from->note & ~IR_NOTE_WANTED) | (ir_op_traits[from->op] & IR_GOES_UNUSED ? 0 : IR_NOTE_WANTED));
}

static inline ir_ref commit_event(struct ir_region *region)
{
    region->events[region->event_count++] = region->count;
    return commit(region);
}

static inline void use(struct ir_region *region, ir_ref ref) { region->insns[ref].uses++; }

static inline void use_if_any(struct ir_region *region, ir_ref ref)
{
    if (ref != IR_NONE)
        use(region, ref);
}

static bool is_sum(const struct ir_region *region, ir_ref ref)
{
    unsigned op = ref == IR_NONE ? IR_constant : ir_at(region, ref)->op;
    return op == IR_add || op == IR_sub || op == IR_shl;
}

static inline void note_access(struct ir_region *region, const struct ir_insn *insn)
{
    if (is_sum(region, insn->a) || is_sum(region, insn->b))
        region->seen |= IR_SEEN_COMPUTED_ADDRESS;
    if (insn->mem & IR_MEM_STACK) {
        if (insn->op == IR_store)
            region->seen |= IR_SEEN_STACK_STORE;
        else if (region->seen & IR_SEEN_STACK_STORE)
            region->seen |= IR_SEEN_STACK_RELOAD;
    }
}

static unsigned helper_effects(const struct ir_region *region, const struct ir_insn *insn)
{
    const struct guest_isa *isa = region->isa;
    unsigned number = insn->imm & 0xffff;
    return isa && number < isa->helper_count ? isa->helpers[number].effects : HELPER_WRITES_STATE;
}

static bool looks_at_state(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op == IR_helper)
        return helper_effects(region, insn) & (HELPER_READS_STATE | HELPER_WRITES_STATE | HELPER_MAY_FAULT);
    return ir_op_traits[insn->op] & IR_LOOKS;
}

/* The put in the next slot: does it make the one before useless? */
static inline void note_put(struct ir_region *region, uint64_t number)
{
    struct field *field = &region->builder->fields[number];
    if (field->put + 1 > region->builder->looked)
        region->insns[field->put].note &= (uint16_t)~IR_NOTE_WANTED;
    field->put = region->count;
}

/* Keeps what the region knows of its instructions. */
static void note_seen(struct ir_region *region, const struct ir_insn *insn)
{
    bool is_state = insn->op == IR_get || insn->op == IR_put;
    if (insn->op == IR_load || insn->op == IR_store)
        note_access(region, insn);
    if (insn->op == IR_put && insn->imm < region->builder->field_count)
        note_put(region, insn->imm);
    if (insn->op == IR_get && insn->imm < region->builder->field_count)
        region->builder->fields[insn->imm].put = IR_NONE;
    if (insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS)
        region->flags_puts++;
    if (insn->op >= IR_FIRST_TOKEN && insn->op <= IR_LAST_TOKEN)
        region->seen |= IR_SEEN_TOKEN;
    if (looks_at_state(region, insn))
        region->builder->looked = region->count + 1;
    if (ir_op_traits[insn->op] & IR_IS_EVENT || (is_state && insn->imm == GUEST_FIELD_FLAGS))
        region->events[region->event_count++] = region->count;
}

static ir_ref append_plain(struct ir_region *region, const struct ir_insn *insn)
{
    copy_next(region, insn);
    note_seen(region, insn);
    ir_count_operands(region, insn);
    return commit(region);
}

ir_ref ir_append_plain(struct ir_region *region, const struct ir_insn *insn) { return append_plain(region, insn); }

ir_ref ir_append_copy(struct ir_region *region, const struct ir_insn *insn)
{
    copy_next(region, insn);
    region->insns[region->count].uses = insn->uses;
    region->insns[region->count].note = insn->note;
    note_seen(region, insn);
    return commit(region);
}

static __attribute__((noinline)) void append_insn_start(struct ir_region *region)
{
    region->insn_pending = false;
    set_next(region, IR_insn_start, IR_VOID, IR_NONE, IR_NONE, IR_NONE, region->insn_pc)->note = IR_NOTE_WANTED;
    commit(region);
}

/* Before an instruction that may stop in the middle of the code: the guest instruction it belongs to. */
static inline void mark_insn(struct ir_region *region)
{
    if (region->insn_pending)
        append_insn_start(region);
}

/* -- the same value twice ------------------------------------------------------------------------------------------------------ */

static inline uint32_t hash_value(const struct ir_insn *insn)
{
    uint32_t operands = (insn->a + insn->b) * 0x9e3779b1u + insn->c;      /* a and b in either order */
    return (operands + ((uint32_t)insn->imm * 0x101 + insn->op) * 0x85ebca6bu) >> (32 - VALUE_BITS);
}

static inline bool is_same_value(const struct ir_insn *x, const struct ir_insn *y)
{
    if (x->op != y->op || x->imm != y->imm || x->type != y->type || x->lane != y->lane || x->cond != y->cond || x->c != y->c ||
        (x->note ^ y->note) & IR_NOTE_GUEST_PC)
        return false;
    if (x->a == y->a && x->b == y->b)
        return true;
    return ir_op_effects[x->op] & IR_COMMUTES && x->a == y->b && x->b == y->a;
}

/* The pure operation in the next slot: the earlier value of this block that is the same, or a new one. The table forgets on collision. */
static ir_ref commit_value(struct ir_region *region)
{
    const struct ir_insn *insn = &region->insns[region->count];
    ir_ref first = region->open->first, count = region->count - first;
    ir_ref *slot = &region->builder->values[hash_value(insn)];
    for (unsigned way = 0; way < 2; way++) {
        ir_ref seen = *slot;
        if (seen - first >= count)
            break;                        /* of a region before this one */
        if (is_same_value(ir_at(region, seen), insn))
            return seen;
        if (way == 0)
            slot = (ir_ref *)((uintptr_t)slot ^ sizeof *slot);
    }
    use_if_any(region, insn->a);
    use_if_any(region, insn->b);
    use_if_any(region, insn->c);
    unsigned traits = ir_op_traits[insn->op];
    if (!(traits & IR_IS_EVENT))
        return *slot = commit(region);
    if (insn->op >= IR_FIRST_TOKEN && insn->op <= IR_LAST_TOKEN)
        region->seen |= IR_SEEN_TOKEN;
    return *slot = commit_event(region);
}

static inline __attribute__((always_inline)) ir_ref append_constant(struct ir_region *region, enum ir_type type, uint64_t value, uint16_t note)
{
    ir_ref first = region->open->first, count = region->count - first;
    uint32_t hash = ((uint32_t)(value ^ value >> 32) * 0x9e3779b1u) >> (32 - CONSTANT_BITS) ^ (type == IR_I32);
    ir_ref *slot = &region->builder->constants[hash], seen = *slot;
    if (seen - first < count) {
        const struct ir_insn *insn = ir_at(region, seen);
        if (insn->op == IR_constant && insn->imm == value && insn->type == type && insn->note == note)
            return seen;
    }
    set_next(region, IR_constant, type, IR_NONE, IR_NONE, IR_NONE, value)->note = note;
    return *slot = commit(region);
}

static inline void read_flags(struct ir_region *region, struct ir_builder *builder)
{
    if (builder->may_have_faulted && builder->flags_put < region->count)
        ir_at(region, builder->flags_put)->note |= IR_NOTE_FLAGS_KEPT;
}

static ir_ref append_get(struct ir_region *region, const struct ir_insn *insn)
{
    struct ir_builder *builder = region->builder;
    if (insn->imm >= builder->field_count)
        return append_plain(region, insn);
    ir_ref *value = &builder->fields[insn->imm].value;
    if (*value == IR_NONE)
        *value = append_plain(region, insn);
    else if (insn->imm == GUEST_FIELD_FLAGS)
        read_flags(region, builder);
    return *value;
}

static void note_flags_put(struct ir_builder *builder, ir_ref ref)
{
    builder->flags_put = ref;
    builder->may_have_faulted = false;
}

static void append_put(struct ir_region *region, const struct ir_insn *insn)
{
    struct ir_builder *builder = region->builder;
    if (insn->imm < builder->field_count) {
        if (builder->fields[insn->imm].value == insn->a)
            return;
        builder->fields[insn->imm].value = insn->a;
    }
    ir_ref ref = append_plain(region, insn);
    if (insn->imm == GUEST_FIELD_FLAGS)
        note_flags_put(builder, ref);
}

static ir_ref append_helper(struct ir_region *region, const struct ir_insn *insn)
{
    unsigned effects = helper_effects(region, insn);
    if (effects == HELPER_PURE && insn->type != IR_VOID) {
        copy_next(region, insn);
        return commit_value(region);
    }
    mark_insn(region);
    region->builder->may_have_faulted |= (effects & HELPER_MAY_FAULT) != 0;
    if (effects & HELPER_WRITES_STATE)
        forget_fields(region->builder);
    ir_ref ref = append_plain(region, insn);
    return insn->type == IR_VOID ? IR_NONE : ref;
}

/* What a fault later in the same guest instruction has to find again when that is executed from its start. */
static inline bool is_flags_field(const struct ir_region *region, ir_ref token)
{
    return region->builder->field_count && region->builder->fields[GUEST_FIELD_FLAGS].value == token;
}

/* By operation: which operand is a token that it reads; whether simplifying it may append a constant. */
enum { READS_A = 1, READS_C = 2, MAY_APPEND = 4 };
static const uint8_t traits[IR_OP_COUNT] = {
    [IR_set_if] = READS_A, [IR_select] = READS_A, [IR_flags_to_nzcv] = READS_A, [IR_flags_conditional] = READS_A | MAY_APPEND,
    [IR_add_carry] = READS_C, [IR_sub_borrow] = READS_C, [IR_flags_add_carry] = READS_C, [IR_flags_sub_borrow] = READS_C,
    [IR_mul] = MAY_APPEND, [IR_divide_signed] = MAY_APPEND, [IR_divide_unsigned] = MAY_APPEND, [IR_extract_pair] = MAY_APPEND,
    [IR_extract_signed] = MAY_APPEND, [IR_extract_unsigned] = MAY_APPEND,
};

/* What may need another instruction before it is written only when it is certain. */
static ir_ref append_pure(struct ir_region *region, struct ir_insn *insn)
{
    ir_ref value = ir_simplify(region, insn);
    if (value != IR_NONE)
        return value;
    if (insn->op == IR_constant)
        return append_constant(region, insn->type, insn->imm, insn->note);
    unsigned reads = traits[insn->op];
    if ((reads & READS_A && is_flags_field(region, insn->a)) || (reads & READS_C && is_flags_field(region, insn->c)))
        mark_insn(region);
    copy_next(region, insn);
    return commit_value(region);
}

/* Sums that no rule applies to, which are most; comparisons have none at all. */
static inline bool is_simplest(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op >= IR_flags_add && insn->op <= IR_flags_and)
        return true;
    if (insn->op != IR_add && insn->op != IR_sub)
        return false;
    const struct ir_insn *b = ir_at(region, insn->b);
    return ir_at(region, insn->a)->op != IR_constant && (b->op == IR_constant ? b->imm != 0 && !b->note : insn->a != insn->b);
}

/* The pure operation in the next slot. */
static ir_ref append_next(struct ir_region *region)
{
    struct ir_insn *insn = &region->insns[region->count];
    if (is_simplest(region, insn))
        return commit_value(region);
    if (traits[insn->op]) {
        struct ir_insn copy = *insn;
        return append_pure(region, &copy);
    }
    ir_ref value = ir_simplify(region, insn);
    if (value != IR_NONE)
        return value;
    return insn->op == IR_constant ? append_constant(region, insn->type, insn->imm, insn->note) : commit_value(region);
}

/* Whether the exit is one at all: its condition may be known. */
static bool exit_is_possible(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    if (insn->cond >= COND_ALWAYS || !ir_constant_flags(region, insn->a, &nzcv))
        return true;
    if (!ir_cond_holds(insn->cond, nzcv))
        return false;
    insn->cond = COND_ALWAYS;
    region->seen |= IR_SEEN_UNFOLDED;     /* the fold pass cuts off what follows; the front end goes on unaware */
    return true;
}

static ir_ref append_exit(struct ir_region *region, struct ir_insn *insn)
{
    if (insn->op == IR_exit_if && !exit_is_possible(region, insn))
        return IR_NONE;
    insn->mem = (uint16_t)region->guest_insns;
    if (insn->imm <= region->insn_pc)
        insn->note |= IR_NOTE_BACKWARD;
    if (insn->op == IR_exit_if && is_flags_field(region, insn->a))
        mark_insn(region);
    copy_next(region, insn);
    use_if_any(region, insn->a);
    region->builder->looked = region->count + 1;
    commit_event(region);
    return IR_NONE;
}

static ir_ref append(struct ir_region *region, struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_constant: return append_constant(region, insn->type, insn->imm, insn->note);
    case IR_get: return append_get(region, insn);
    case IR_put: append_put(region, insn); return IR_NONE;
    case IR_helper: return append_helper(region, insn);
    case IR_exit_if: case IR_jump: case IR_call: return append_exit(region, insn);
    case IR_insn_start:
        region->insn_pc = insn->imm;
        region->insn_pending = false;
        break;
    default:
        if (!(ir_op_effects[insn->op] & ~IR_COMMUTES))
            return append_pure(region, insn);
        if (ir_op_effects[insn->op] & IR_MAY_FAULT || insn->op == IR_trap) {
            mark_insn(region);
            region->builder->may_have_faulted = true;
        }
    }
    ir_ref ref = append_plain(region, insn);
    return ir_op_result[insn->op] == IR_RESULT_NONE ? IR_NONE : ref;
}

/* The operation in the next slot. Nearly all that come here are pure, and need not be told apart by an indirect jump that the host
 * rarely predicts. */
static ir_ref append_operation(struct ir_region *region)
{
    const struct ir_insn *insn = &region->insns[region->count];
    if (LIKELY(!(ir_op_effects[insn->op] & ~IR_COMMUTES)) && insn->op != IR_constant)
        return append_next(region);
    struct ir_insn copy = *insn;
    return append(region, &copy);
}

ir_ref ir_append(struct ir_region *region, struct ir_insn insn)
{
    unsigned operands = ir_op_info[insn.op].operands;
    if (operands < 3)
        insn.c = IR_NONE;
    if (operands < 2)
        insn.b = IR_NONE;
    if (operands < 1)
        insn.a = IR_NONE;
    return append(region, &insn);
}

ir_ref ir_constant(struct ir_region *region, enum ir_type type, uint64_t value)
{
    unsigned bytes = ir_type_bytes(type);
    if (bytes < 8)
        value &= ((uint64_t)1 << bytes * 8) - 1;
    return append_constant(region, type, value, 0);
}

ir_ref ir_guest_pc(struct ir_region *region, guest_addr pc) { return append_constant(region, IR_I64, pc, IR_NOTE_GUEST_PC); }

ir_ref ir_get(struct ir_region *region, unsigned field)
{
    struct ir_builder *builder = region->builder;
    ir_ref value = builder->fields[field].value;
    if (value == IR_NONE) {
        set_next(region, IR_get, region->isa->fields[field].type, IR_NONE, IR_NONE, IR_NONE, field);
        value = builder->fields[field].value = field == GUEST_FIELD_FLAGS ? commit_event(region) : commit(region);
    } else if (field == GUEST_FIELD_FLAGS) {
        read_flags(region, builder);
    }
    return value;
}

static __attribute__((noinline)) void commit_flags_put(struct ir_region *region)
{
    region->flags_puts++;
    note_flags_put(region->builder, commit_event(region));
}

void ir_put(struct ir_region *region, unsigned number, ir_ref value)
{
    struct field *field = &region->builder->fields[number];
    if (field->value == value)
        return;
    ir_ref looked = region->builder->looked, before = field->put, ref = region->count;
    unsigned type = region->isa->fields[number].type;
    struct ir_insn *insns = region->insns;
    field->value = value;
    field->put = ref;
    set_insn(&insns[ref], IR_put, type, IR_NOTE_WANTED, value, IR_NONE, IR_NONE, number);
    insns[value].uses++;
    if (before + 1 > looked)
        insns[before].note &= (uint16_t)~IR_NOTE_WANTED;
    if (number == GUEST_FIELD_FLAGS)
        commit_flags_put(region);
    else
        commit(region);
}

ir_ref ir_ternary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b, ir_ref c)
{
    set_next(region, op, type, a, b, c, 0);
    return append_operation(region);
}

ir_ref ir_binary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b)
{
    return ir_ternary(region, op, type, a, b, IR_NONE);
}

ir_ref ir_unary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a)
{
    return ir_ternary(region, op, type, a, IR_NONE, IR_NONE);
}

ir_ref ir_binary_imm(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, uint64_t constant)
{
    return ir_binary(region, op, type, a, ir_constant(region, type, constant));
}

ir_ref ir_unary_lane(struct ir_region *region, enum ir_op op, enum ir_type type, enum ir_lane lane, ir_ref a, uint64_t imm)
{
    set_next(region, op, type, a, IR_NONE, IR_NONE, imm)->lane = (uint8_t)lane;
    return append_operation(region);
}

ir_ref ir_vector(struct ir_region *region, enum ir_op op, enum ir_lane lane, ir_ref a, ir_ref b, ir_ref c, uint64_t imm)
{
    set_next(region, op, IR_V128, a, b, c, imm)->lane = (uint8_t)lane;
    return append_operation(region);
}

/* A load or store, without its value. */
static inline void append_access(struct ir_region *region, enum ir_op op, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index,
                                 ir_ref value, int64_t displacement)
{
    mark_insn(region);
    region->builder->may_have_faulted = true;
    region->builder->looked = region->count + 1;
    struct ir_insn *insn = set_next(region, op, type, base, index, value, (uint64_t)displacement);
    insn->mem = mem;
    insn->note = IR_NOTE_WANTED;
    note_access(region, insn);
    use(region, base);
    use_if_any(region, index);
}

ir_ref ir_load(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement)
{
    append_access(region, IR_load, type, mem, base, index, IR_NONE, displacement);
    return commit(region);
}

void ir_store(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement, ir_ref value)
{
    append_access(region, IR_store, type, mem, base, index, value, displacement);
    use(region, value);
    commit(region);
}

ir_ref ir_helper(struct ir_region *region, enum ir_type type, unsigned helper, uint64_t extra, ir_ref a, ir_ref b, ir_ref c)
{
    struct ir_insn insn = {.op = IR_helper, .type = type, .a = a, .b = b, .c = c, .imm = helper | extra << 16};
    return append_helper(region, &insn);
}

void ir_exit_if(struct ir_region *region, enum ir_cond cond, ir_ref token, guest_addr pc)
{
    struct ir_insn insn = {.op = IR_exit_if, .cond = cond, .a = token, .b = IR_NONE, .c = IR_NONE, .imm = pc};
    append_exit(region, &insn);
}

void ir_trap(struct ir_region *region, unsigned kind, uint64_t payload)
{
    ir_append(region, (struct ir_insn){.op = IR_trap, .cond = (uint8_t)kind, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = payload});
}
