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
#define CONSTANT_SLOTS 32                 /* of the table of constants seen, by hash */
#define FIRST_BLOCKS 1

struct ir_builder {
    guest_addr insn_pc;                   /* of the last insn_start */
    bool unfolded;
    unsigned field_count;
    ir_ref *field_value;                  /* by field: the value it holds now, or IR_NONE if unknown */
    ir_ref constants[CONSTANT_SLOTS];
};

static void forget_fields(struct ir_builder *builder)
{
    memset(builder->field_value, 0xff, builder->field_count * sizeof *builder->field_value);
}

void ir_begin_block(struct ir_region *region, guest_addr pc)
{
    uint32_t count = region->block_count;
    if (count >= FIRST_BLOCKS && (count & (count - 1)) == 0)
        region->blocks = arena_grow(region->arena, region->blocks, count * sizeof *region->blocks, 2 * count * sizeof *region->blocks);
    region->blocks[region->block_count++] = (struct ir_block){.first = region->count, .count = 0, .pc = pc};
    forget_fields(region->builder);
    memset(region->builder->constants, 0xff, sizeof region->builder->constants);
    region->builder->insn_pc = pc;
}

struct ir_region *ir_region_new(struct arena *arena, const struct guest_isa *isa, guest_addr pc)
{
    struct ir_region *region = arena_allocate(arena, sizeof *region);
    struct ir_builder *builder = arena_allocate(arena, sizeof *builder);
    *region = (struct ir_region){.isa = isa, .arena = arena, .pc = pc, .guest_end = pc, .builder = builder, .capacity = FIRST_CAPACITY};
    builder->field_count = isa ? isa->field_count : 0;
    builder->field_value = arena_allocate(arena, builder->field_count * sizeof *builder->field_value);
    region->blocks = arena_allocate(arena, FIRST_BLOCKS * sizeof *region->blocks);
    ir_begin_block(region, pc);
    /* Last, so that it grows in place as long as nobody else allocates. */
    region->insns = arena_allocate(arena, FIRST_CAPACITY * sizeof *region->insns);
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
    region->insns = arena_allocate(region->arena, region->capacity * sizeof *region->insns);
    region->blocks = arena_allocate(region->arena, FIRST_BLOCKS * sizeof *region->blocks);
    region->count = region->block_count = 0;
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

ir_ref ir_append_plain(struct ir_region *region, const struct ir_insn *insn)
{
    if (__builtin_expect(region->count == region->capacity, 0)) {
        size_t size = region->capacity * sizeof *region->insns;
        region->insns = arena_grow(region->arena, region->insns, size, 2 * size);
        region->capacity *= 2;
    }
    write_insn(&region->insns[region->count], insn);
    region->blocks[region->block_count - 1].count++;
    return region->count++;
}

static ir_ref append_constant(struct ir_region *region, const struct ir_insn *insn)
{
    ir_ref *slot = &region->builder->constants[(insn->imm ^ insn->imm >> 16 ^ insn->type * 5u) % CONSTANT_SLOTS];
    if (*slot != IR_NONE) {
        const struct ir_insn *seen = ir_at(region, *slot);
        if (seen->imm == insn->imm && seen->type == insn->type && seen->note == insn->note)
            return *slot;
    }
    return *slot = ir_append_plain(region, insn);
}

static ir_ref append_get(struct ir_region *region, const struct ir_insn *insn)
{
    struct ir_builder *builder = region->builder;
    if (insn->imm >= builder->field_count)
        return ir_append_plain(region, insn);
    ir_ref *value = &builder->field_value[insn->imm];
    if (*value == IR_NONE)
        *value = ir_append_plain(region, insn);
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
    ir_append_plain(region, insn);
}

static ir_ref append_helper(struct ir_region *region, const struct ir_insn *insn)
{
    const struct guest_isa *isa = region->isa;
    unsigned number = insn->imm & 0xffff;
    if (!isa || number >= isa->helper_count || isa->helpers[number].effects & HELPER_WRITES_STATE)
        forget_fields(region->builder);
    ir_ref ref = ir_append_plain(region, insn);
    return insn->type == IR_VOID ? IR_NONE : ref;
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
    ir_append_plain(region, insn);
    return IR_NONE;
}

static ir_ref append(struct ir_region *region, struct ir_insn *insn)
{
    const struct ir_op_info *info = &ir_op_info[insn->op];
    switch (insn->op) {
    case IR_constant: return append_constant(region, insn);
    case IR_get: return append_get(region, insn);
    case IR_put: append_put(region, insn); return IR_NONE;
    case IR_helper: return append_helper(region, insn);
    case IR_exit_if: case IR_jump: case IR_call: return append_exit(region, insn);
    case IR_insn_start: region->builder->insn_pc = insn->imm; break;
    default:
        if (!(info->effects & ~IR_COMMUTES)) {
            ir_ref value = ir_simplify(region, insn);
            if (value != IR_NONE)
                return value;
            if (insn->op == IR_constant)
                return append_constant(region, insn);
        }
    }
    ir_ref ref = ir_append_plain(region, insn);
    return info->result == IR_RESULT_NONE ? IR_NONE : ref;
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
    return append(region, &insn);
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
    return append(region, &insn);
}

ir_ref ir_vector(struct ir_region *region, enum ir_op op, enum ir_lane lane, ir_ref a, ir_ref b, ir_ref c, uint64_t imm)
{
    struct ir_insn insn = {.op = op, .type = IR_V128, .lane = lane, .a = a, .b = b, .c = c, .imm = imm};
    return append(region, &insn);
}

ir_ref ir_load(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement)
{
    struct ir_insn insn = {.op = IR_load, .type = type, .mem = mem, .a = base, .b = index, .c = IR_NONE, .imm = (uint64_t)displacement};
    return ir_append_plain(region, &insn);
}

void ir_store(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement, ir_ref value)
{
    struct ir_insn insn = {.op = IR_store, .type = type, .mem = mem, .a = base, .b = index, .c = value, .imm = (uint64_t)displacement};
    ir_append_plain(region, &insn);
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
