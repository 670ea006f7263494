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
#define VALUE_BITS 9                      /* of the table of values seen, by hash */
#define FIRST_BLOCKS 1
#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)

struct ir_builder {
    guest_addr insn_pc;                   /* of the guest instruction being lowered */
    bool insn_pending;                    /* … whose insn_start nothing needed so far */
    bool unfolded;
    bool may_have_faulted;                /* since flags_put */
    ir_ref flags_put;                     /* the last put of the flags field in this block, or IR_NONE */
    unsigned field_count;
    ir_ref *field_value;                  /* by field: the value it holds now, or IR_NONE if unknown */
    /* By hash: where such a value may have been appended. Never cleared: whatever it says is compared with the instruction there. */
    ir_ref *values;
};

static void forget_fields(struct ir_builder *builder)
{
    memset(builder->field_value, 0xff, builder->field_count * sizeof *builder->field_value);
    builder->flags_put = IR_NONE;
}

void ir_begin_block(struct ir_region *region, guest_addr pc)
{
    uint32_t count = region->block_count;
    if (count >= FIRST_BLOCKS && (count & (count - 1)) == 0)
        region->blocks = arena_grow(region->arena, region->blocks, count * sizeof *region->blocks, 2 * count * sizeof *region->blocks);
    region->blocks[region->block_count++] = (struct ir_block){.first = region->count, .count = 0, .pc = pc};
    forget_fields(region->builder);
    region->builder->insn_pc = pc;
    region->builder->insn_pending = false;
}

struct ir_region *ir_region_new(struct arena *arena, const struct guest_isa *isa, guest_addr pc)
{
    struct ir_region *region = arena_allocate(arena, sizeof *region);
    struct ir_builder *builder = arena_allocate(arena, sizeof *builder);
    *region = (struct ir_region){.isa = isa, .arena = arena, .pc = pc, .guest_end = pc, .builder = builder, .capacity = FIRST_CAPACITY};
    builder->field_count = isa ? isa->field_count : 0;
    builder->field_value = arena_allocate_unset(arena, builder->field_count * sizeof *builder->field_value);
    builder->values = arena_allocate_unset(arena, sizeof *builder->values << VALUE_BITS);
    region->blocks = arena_allocate(arena, FIRST_BLOCKS * sizeof *region->blocks);
    ir_begin_block(region, pc);
    /* Last, so that it grows in place as long as nobody else allocates. */
    region->insns = arena_allocate_unset(arena, FIRST_CAPACITY * sizeof *region->insns);
    return region;
}

void ir_set_unfolded(struct ir_region *region) { region->builder->unfolded = true; }

bool ir_take_unfolded(struct ir_region *region)
{
    bool unfolded = region->builder->unfolded;
    region->builder->unfolded = false;
    return unfolded;
}

void ir_restart(struct ir_region *region, ir_ref capacity)
{
    region->capacity = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity;
    region->insns = arena_allocate_unset(region->arena, region->capacity * sizeof *region->insns);
    region->blocks = arena_allocate(region->arena, FIRST_BLOCKS * sizeof *region->blocks);
    region->count = region->block_count = 0;
    region->seen = region->flags_puts = 0;
}

void ir_begin_insn(struct ir_region *region, guest_addr pc)
{
    region->builder->insn_pc = pc;
    region->builder->insn_pending = true;
}

struct ir_mark ir_mark(const struct ir_region *region)
{
    return (struct ir_mark){region->count, region->blocks[region->block_count - 1].count};
}

void ir_rewind(struct ir_region *region, struct ir_mark mark)
{
    region->count = mark.count;
    region->blocks[region->block_count - 1].count = mark.block_count;
    region->builder->insn_pending = true; /* its insn_start may be among what goes */
}

/* Field by field: the caller has just stored single bytes and words, and a wide load of those (which the compiler would make of an
 * assignment, hence the volatile) waits until they have reached the cache: 5 ns on each instruction. */
static void write_insn(struct ir_insn *to, const volatile struct ir_insn *from)
{
    to->op = from->op;
    to->type = from->type;
    to->lane = from->lane;
    to->cond = from->cond;
    to->mem = from->mem;
    to->note = from->note;
    to->a = from->a;
    to->b = from->b;
    to->c = from->c;
    to->uses = from->uses;
    to->imm = from->imm;
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

/* Keeps region->seen. (Inlined where the operation is known, little of it is left.) */
static inline void note_seen(struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op == IR_load || insn->op == IR_store)
        note_access(region, insn);
    else if (insn->op == IR_put)
        region->flags_puts += insn->imm == GUEST_FIELD_FLAGS;
    else if (insn->op >= IR_FIRST_TOKEN && insn->op <= IR_LAST_TOKEN)
        region->seen |= IR_SEEN_TOKEN;
}

static inline __attribute__((always_inline)) ir_ref append_plain(struct ir_region *region, const struct ir_insn *insn)
{
    if (UNLIKELY(region->count == region->capacity)) {
        size_t size = region->capacity * sizeof *region->insns;
        region->insns = arena_grow(region->arena, region->insns, size, 2 * size);
        region->capacity *= 2;
    }
    note_seen(region, insn);
    write_insn(&region->insns[region->count], insn);
    region->blocks[region->block_count - 1].count++;
    return region->count++;
}

ir_ref ir_append_plain(struct ir_region *region, const struct ir_insn *insn) { return append_plain(region, insn); }

/* Before an instruction that may stop in the middle of the code: the guest instruction it belongs to. */
static inline void mark_insn(struct ir_region *region)
{
    struct ir_builder *builder = region->builder;
    if (!builder->insn_pending)
        return;
    builder->insn_pending = false;
    append_plain(region, &(struct ir_insn){.op = IR_insn_start, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = builder->insn_pc});
}

/* -- the same value twice ------------------------------------------------------------------------------------------------------ */

static inline uint32_t hash_value(const struct ir_insn *insn)
{
    uint64_t h = (insn->op | insn->type << 8 | insn->cond << 12 | insn->lane << 16) + ((insn->a + (uint64_t)insn->b) << 20); /* either order */
    h = (h ^ (uint64_t)insn->c << 44) * 0x9e3779b97f4a7c15;
    h = (h ^ h >> 32 ^ insn->imm) * 0xc4ceb9fe1a85ec53;
    return (uint32_t)(h >> (64 - VALUE_BITS));
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

/* A pure operation: the earlier value of this block that is the same, or a new one. The table forgets on collision. */
static inline __attribute__((always_inline)) ir_ref append_value(struct ir_region *region, const struct ir_insn *insn)
{
    ir_ref first = region->blocks[region->block_count - 1].first, count = region->count - first;
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
    return *slot = append_plain(region, insn);
}

static ir_ref append_constant(struct ir_region *region, const struct ir_insn *insn) { return append_value(region, insn); }

static ir_ref append_get(struct ir_region *region, const struct ir_insn *insn)
{
    struct ir_builder *builder = region->builder;
    if (insn->imm >= builder->field_count)
        return append_plain(region, insn);
    ir_ref *value = &builder->field_value[insn->imm];
    if (*value == IR_NONE)
        *value = append_plain(region, insn);
    else if (insn->imm == GUEST_FIELD_FLAGS && builder->may_have_faulted && builder->flags_put < region->count)
        ir_at(region, builder->flags_put)->note |= IR_NOTE_FLAGS_KEPT;
    return *value;
}

static void append_put(struct ir_region *region, const struct ir_insn *insn)
{
    struct ir_builder *builder = region->builder;
    if (insn->imm < builder->field_count) {
        if (builder->field_value[insn->imm] == insn->a)
            return;
        builder->field_value[insn->imm] = insn->a;
    }
    ir_ref ref = append_plain(region, insn);
    if (insn->imm == GUEST_FIELD_FLAGS) {
        builder->flags_put = ref;
        builder->may_have_faulted = false;
    }
}

static ir_ref append_helper(struct ir_region *region, const struct ir_insn *insn)
{
    const struct guest_isa *isa = region->isa;
    unsigned number = insn->imm & 0xffff;
    unsigned effects = isa && number < isa->helper_count ? isa->helpers[number].effects : HELPER_WRITES_STATE;
    if (effects == HELPER_PURE && insn->type != IR_VOID)
        return append_value(region, insn);
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
    return region->builder->field_count && region->builder->field_value[GUEST_FIELD_FLAGS] == token;
}

/* By operation: which operand is a token that it reads. */
enum { READS_A = 1, READS_C = 2 };
static const uint8_t token_operand[IR_OP_COUNT] = {
    [IR_set_if] = READS_A, [IR_select] = READS_A, [IR_flags_to_nzcv] = READS_A, [IR_flags_conditional] = READS_A,
    [IR_add_carry] = READS_C, [IR_sub_borrow] = READS_C, [IR_flags_add_carry] = READS_C, [IR_flags_sub_borrow] = READS_C,
};

static ir_ref append_pure(struct ir_region *region, struct ir_insn *insn)
{
    ir_ref value = ir_simplify(region, insn);
    if (value != IR_NONE)
        return value;
    unsigned reads = token_operand[insn->op];
    if (reads && is_flags_field(region, reads == READS_A ? insn->a : insn->c))
        mark_insn(region);
    return append_value(region, insn);
}

static ir_ref append_exit(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    if (insn->op == IR_exit_if && insn->cond < COND_ALWAYS && ir_constant_flags(region, insn->a, &nzcv)) {
        if (!ir_cond_holds(insn->cond, nzcv))
            return IR_NONE;
        insn->cond = COND_ALWAYS;
        region->builder->unfolded = true; /* the fold pass cuts off what follows; the front end goes on unaware */
    }
    if (insn->imm <= region->builder->insn_pc)
        insn->note |= IR_NOTE_BACKWARD;
    if (insn->op == IR_exit_if && is_flags_field(region, insn->a))
        mark_insn(region);
    append_plain(region, insn);
    return IR_NONE;
}

static ir_ref append(struct ir_region *region, struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_constant: return append_constant(region, insn);
    case IR_get: return append_get(region, insn);
    case IR_put: append_put(region, insn); return IR_NONE;
    case IR_helper: return append_helper(region, insn);
    case IR_exit_if: case IR_jump: case IR_call: return append_exit(region, insn);
    case IR_insn_start:
        region->builder->insn_pc = insn->imm;
        region->builder->insn_pending = false;
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

/* Nearly all that come here are pure, and need not be told apart by an indirect jump that the host rarely predicts. */
static inline ir_ref append_operation(struct ir_region *region, struct ir_insn *insn)
{
    if (!(ir_op_effects[insn->op] & ~IR_COMMUTES) && insn->op != IR_constant)
        return append_pure(region, insn);
    return append(region, insn);
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
    struct ir_insn insn = {.op = IR_constant, .type = type, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = value};
    return append_constant(region, &insn);
}

ir_ref ir_guest_pc(struct ir_region *region, guest_addr pc)
{
    struct ir_insn insn = {.op = IR_constant, .type = IR_I64, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = pc};
    insn.note = IR_NOTE_GUEST_PC;
    return append_constant(region, &insn);
}

ir_ref ir_get(struct ir_region *region, unsigned field)
{
    struct ir_insn insn = {.op = IR_get, .type = region->isa->fields[field].type, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = field};
    return append_get(region, &insn);
}

void ir_put(struct ir_region *region, unsigned field, ir_ref value)
{
    struct ir_insn insn = {.op = IR_put, .type = region->isa->fields[field].type, .a = value, .b = IR_NONE, .c = IR_NONE, .imm = field};
    append_put(region, &insn);
}

ir_ref ir_ternary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b, ir_ref c)
{
    struct ir_insn insn = {.op = op, .type = type, .a = a, .b = b, .c = c};
    return append_operation(region, &insn);
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
    struct ir_insn insn = {.op = op, .type = type, .lane = lane, .a = a, .b = IR_NONE, .c = IR_NONE, .imm = imm};
    return append_operation(region, &insn);
}

ir_ref ir_vector(struct ir_region *region, enum ir_op op, enum ir_lane lane, ir_ref a, ir_ref b, ir_ref c, uint64_t imm)
{
    struct ir_insn insn = {.op = op, .type = IR_V128, .lane = lane, .a = a, .b = b, .c = c, .imm = imm};
    return append(region, &insn);
}

ir_ref ir_load(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement)
{
    struct ir_insn insn = {.op = IR_load, .type = type, .mem = mem, .a = base, .b = index, .c = IR_NONE, .imm = (uint64_t)displacement};
    mark_insn(region);
    region->builder->may_have_faulted = true;
    return append_plain(region, &insn);
}

void ir_store(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement, ir_ref value)
{
    struct ir_insn insn = {.op = IR_store, .type = type, .mem = mem, .a = base, .b = index, .c = value, .imm = (uint64_t)displacement};
    mark_insn(region);
    region->builder->may_have_faulted = true;
    append_plain(region, &insn);
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
