/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Checks a region against the rules of ops.def: operands defined before use and of the right class, types that the operation
 * works in, field and helper numbers, memory words, one terminator at each block's end. Removed instructions are checked
 * only for being unused.
 */
#include "translate/guest/guest.h"
#include "translate/ir/text.h"

#include "common/arena.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Sets of types, one bit each. */
#define TYPE(t) (1u << (t))
#define INTEGERS (TYPE(IR_I32) | TYPE(IR_I64))
#define FLOATS (TYPE(IR_F16) | TYPE(IR_F32) | TYPE(IR_F64))
#define VECTOR TYPE(IR_V128)
#define FLAGS TYPE(IR_FLAGS)
#define ANY (INTEGERS | FLOATS | VECTOR)
#define NONE_TOO TYPE(31)                 /* the operand may be absent */
#define SAME TYPE(30)                     /* the instruction's own type */
#define LANE_FLOAT TYPE(29)               /* the float type of `lane` width */
#define LANE_INTEGER TYPE(28)             /* i32, or i64 for lane 64 */
#define STATE_TYPES (ANY | TYPE(IR_I8) | TYPE(IR_I16) | FLAGS)

struct rule { uint32_t type, a, b, c; };

static struct rule vector_rule(const struct ir_insn *insn)
{
    const uint32_t type = VECTOR;
    switch (insn->op) {
    case IR_vector_dup_int: return (struct rule){type, INTEGERS, 0, 0};
    case IR_vector_get_lane: return (struct rule){INTEGERS, VECTOR, 0, 0};
    case IR_vector_insert_int: return (struct rule){type, VECTOR, INTEGERS, 0};
    default: return (struct rule){type, VECTOR, VECTOR, VECTOR};
    }
}

static struct rule float_rule(const struct ir_insn *insn)
{
    const uint32_t singles = TYPE(IR_F32) | TYPE(IR_F64);
    switch (insn->op) {
    case IR_float_convert: return (struct rule){FLOATS, LANE_FLOAT, 0, 0};
    case IR_float_to_signed: case IR_float_to_unsigned: return (struct rule){INTEGERS, LANE_FLOAT, 0, 0};
    case IR_float_from_signed: case IR_float_from_unsigned: return (struct rule){singles, LANE_INTEGER, 0, 0};
    case IR_float_from_bits: return (struct rule){FLOATS, TYPE(insn->type == IR_F64 ? IR_I64 : IR_I32), 0, 0};
    case IR_float_to_bits: return (struct rule){INTEGERS, insn->type == IR_I64 ? TYPE(IR_F64) : TYPE(IR_F32) | TYPE(IR_F16), 0, 0};
    case IR_vector_from_float: return (struct rule){VECTOR, LANE_FLOAT, 0, 0};
    case IR_float_from_vector: return (struct rule){FLOATS, VECTOR, 0, 0};
    case IR_float_neg: case IR_float_abs: return (struct rule){FLOATS, SAME, 0, 0};
    default:
        if (ir_op_info[insn->op].result == IR_RESULT_VECTOR)
            return (struct rule){VECTOR, VECTOR, VECTOR, VECTOR};
        return (struct rule){singles, SAME, SAME, SAME};
    }
}

static struct rule flags_rule(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_flags_float: case IR_flags_float_signal: return (struct rule){TYPE(IR_F32) | TYPE(IR_F64), SAME, SAME, 0};
    case IR_flags_from_nzcv: return (struct rule){~0u, TYPE(IR_I32), 0, 0};
    case IR_flags_conditional: return (struct rule){INTEGERS, FLAGS, SAME, SAME};
    case IR_flags_to_nzcv: return (struct rule){~0u, FLAGS, 0, 0};
    case IR_set_if: return (struct rule){INTEGERS, FLAGS, 0, 0};
    case IR_select: return (struct rule){ANY, FLAGS, SAME, SAME};
    default: return (struct rule){INTEGERS, SAME, SAME, FLAGS};
    }
}

static struct rule integer_rule(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_constant: return (struct rule){ANY, 0, 0, 0};
    case IR_get: case IR_put: return (struct rule){STATE_TYPES, SAME, 0, 0};
    case IR_sign_extend: case IR_zero_extend: return (struct rule){INTEGERS, INTEGERS, 0, 0};
    case IR_truncate: return (struct rule){TYPE(IR_I32), TYPE(IR_I64), 0, 0};
    case IR_add_carry: case IR_sub_borrow: return (struct rule){INTEGERS, SAME, SAME, FLAGS};
    case IR_crc32: return (struct rule){TYPE(IR_I32), TYPE(IR_I32), LANE_INTEGER, 0};
    default: return (struct rule){INTEGERS, SAME, SAME, SAME};
    }
}

static struct rule memory_rule(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_load: case IR_store: return (struct rule){ANY, INTEGERS, INTEGERS | NONE_TOO, SAME};
    case IR_load_exclusive: case IR_store_exclusive: case IR_compare_and_swap:
        return (struct rule){INTEGERS | VECTOR, INTEGERS, SAME, SAME};
    case IR_atomic: return (struct rule){INTEGERS, INTEGERS, SAME, 0};
    default: return (struct rule){~0u, 0, 0, 0};
    }
}

static struct rule branch_rule(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_exit_if: return (struct rule){~0u, FLAGS, 0, 0};
    case IR_call: case IR_jump_indirect: case IR_call_indirect: case IR_return_to:
        return (struct rule){~0u, TYPE(IR_I64), TYPE(IR_I64), 0};
    case IR_helper: return (struct rule){~0u, ANY | FLAGS | NONE_TOO, ANY | FLAGS | NONE_TOO, ANY | FLAGS | NONE_TOO};
    default: return (struct rule){~0u, 0, 0, 0};
    }
}

static struct rule rule_of(const struct ir_insn *insn)
{
    switch (ir_op_info[insn->op].group[0]) {
    case 'i': return integer_rule(insn);
    case 'm': return memory_rule(insn);
    case 'b': return branch_rule(insn);
    case 'v': return vector_rule(insn);
    case 'c': return (struct rule){VECTOR, VECTOR, VECTOR, VECTOR};
    default: return ir_op_info[insn->op].group[1] == 'l' && ir_op_info[insn->op].group[2] == 'a' ? flags_rule(insn) : float_rule(insn);
    }
}

struct verifier {
    const struct ir_region *region;
    ir_ref at;                            /* the instruction under examination */
    char *error;
    size_t error_size;
};

static bool __attribute__((format(printf, 2, 3))) broken(struct verifier *v, const char *format, ...)
{
    va_list arguments;
    const struct ir_insn *insn = v->at < v->region->count ? ir_at(v->region, v->at) : NULL;
    const char *name = insn && insn->op < IR_OP_COUNT ? ir_op_info[insn->op].name : "region";
    int length = snprintf(v->error, v->error_size, "%%%" PRIu32 " %s: ", v->at, name);
    if (length < 0 || (size_t)length >= v->error_size)
        return false;
    va_start(arguments, format);
    vsnprintf(v->error + length, v->error_size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

static uint32_t resolve(uint32_t allowed, const struct ir_insn *insn)
{
    static const uint8_t lane_float[4] = {IR_VOID, IR_F16, IR_F32, IR_F64};
    if (allowed & SAME)
        allowed |= TYPE(insn->type);
    if (allowed & LANE_FLOAT)
        allowed |= TYPE(lane_float[insn->lane & 3]);
    if (allowed & LANE_INTEGER)
        allowed |= TYPE(insn->lane == LANE_64 ? IR_I64 : IR_I32);
    return allowed;
}

static bool verify_operand(struct verifier *v, const struct ir_insn *insn, char which, ir_ref ref, uint32_t allowed)
{
    if (ref == IR_NONE)
        return allowed & NONE_TOO || broken(v, "operand %c is missing", which);
    if (ref >= v->at)
        return broken(v, "operand %c (%%%" PRIu32 ") is not defined before its use", which, ref);
    const struct ir_insn *source = ir_at(v->region, ref);
    unsigned type = ir_result_type(source);
    if (source->note & IR_NOTE_REMOVED)
        return broken(v, "operand %c (%%%" PRIu32 ") was removed", which, ref);
    if (type == IR_VOID)
        return broken(v, "operand %c (%%%" PRIu32 ") is no value", which, ref);
    if (!(resolve(allowed, insn) & TYPE(type)))
        return broken(v, "operand %c (%%%" PRIu32 ") has type %s", which, ref, ir_type_name[type]);
    return true;
}

static bool verify_operands(struct verifier *v, const struct ir_insn *insn)
{
    struct rule rule = rule_of(insn);
    const uint32_t allowed[3] = {rule.a, rule.b, rule.c};
    const ir_ref operands[3] = {insn->a, insn->b, insn->c};
    if (rule.type != ~0u && !(rule.type & TYPE(insn->type)))
        return broken(v, "does not work in %s", ir_type_name[insn->type]);
    for (unsigned i = 0; i < 3; i++) {
        if (i < ir_op_info[insn->op].operands) {
            if (!verify_operand(v, insn, (char)('a' + i), operands[i], allowed[i]))
                return false;
        } else if (operands[i] != IR_NONE) {
            return broken(v, "takes no operand %c", 'a' + i);
        }
    }
    return true;
}

static bool verify_memory(struct verifier *v, const struct ir_insn *insn)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem), type_bytes = ir_type_bytes(insn->type);
    bool indexed = insn->op == IR_load || insn->op == IR_store;
    if (bytes > type_bytes)
        return broken(v, "%u bytes do not fit %s", bytes, ir_type_name[insn->type]);
    if (insn->type >= IR_F16 && insn->type != IR_V128 && bytes != type_bytes)
        return broken(v, "a %s is accessed whole", ir_type_name[insn->type]);
    if (insn->mem & IR_MEM_SIGNED && (insn->op != IR_load || insn->type >= IR_F16))
        return broken(v, "only integer loads are signed");
    if (IR_MEM_SCALE(insn->mem) && (!indexed || insn->b == IR_NONE || IR_MEM_SCALE(insn->mem) > 3))
        return broken(v, "bad scale");
    if ((int64_t)insn->imm != (int32_t)insn->imm || (!indexed && insn->imm))
        return broken(v, "displacement out of range");
    if (insn->mem >> 13)
        return broken(v, "unknown bits in the memory word");
    return true;
}

static bool verify_bits(struct verifier *v, const struct ir_insn *insn)
{
    unsigned lsb = insn->imm & 0xff, width = insn->imm >> 8 & 0xff, bits = ir_type_bytes(insn->type) * 8;
    bool inside = insn->imm >> 16 == 0 && width >= 1 && lsb + width <= bits;
    return inside || broken(v, "bits %u+%u are outside of %s", lsb, width, ir_type_name[insn->type]);
}

static bool verify_lane_number(struct verifier *v, const struct ir_insn *insn)
{
    unsigned lanes = 16u >> insn->lane;
    bool in_range = insn->imm < lanes;
    if (insn->op == IR_vector_insert_lane)
        in_range = (insn->imm & 0xff) < lanes && insn->imm >> 8 < lanes;
    return in_range || broken(v, "no such lane");
}

static bool verify_field(struct verifier *v, const struct ir_insn *insn)
{
    const struct guest_isa *isa = v->region->isa;
    if (!isa || insn->imm >= isa->field_count)
        return broken(v, "no field %" PRIu64, insn->imm);
    if (insn->type != isa->fields[insn->imm].type)
        return broken(v, "field %s has type %s", isa->fields[insn->imm].name, ir_type_name[isa->fields[insn->imm].type]);
    return true;
}

static bool verify_return_address(struct verifier *v, ir_ref ref)
{
    return ir_at(v->region, ref)->op == IR_constant || broken(v, "the return address is no constant");
}

static bool verify_number(struct verifier *v, const struct ir_insn *insn)
{
    unsigned bytes = ir_type_bytes(insn->type);
    switch (insn->op) {
    case IR_constant:
        return bytes >= 8 || insn->imm >> bytes * 8 == 0 || broken(v, "0x%" PRIx64 " does not fit %s", insn->imm, ir_type_name[insn->type]);
    case IR_get: case IR_put: return verify_field(v, insn);
    case IR_extract_unsigned: case IR_extract_signed: case IR_deposit: return verify_bits(v, insn);
    case IR_extract_pair: return insn->imm < bytes * 8 || broken(v, "lsb out of range");
    case IR_byte_swap: return insn->lane != LANE_8 || broken(v, "bytes have no order inside");
    case IR_call: return verify_return_address(v, insn->a);
    case IR_call_indirect: return verify_return_address(v, insn->b);
    case IR_vector_dup: case IR_vector_get_lane: case IR_vector_insert_int: case IR_vector_insert_lane: return verify_lane_number(v, insn);
    case IR_vector_shl: case IR_vector_shr: case IR_vector_sar: return insn->imm <= 8u << insn->lane || broken(v, "shift out of range");
    case IR_vector_extract_bytes: return insn->imm <= 15 || broken(v, "bytes out of range");
    case IR_helper: return (v->region->isa && (insn->imm & 0xffff) < v->region->isa->helper_count) || broken(v, "no such helper");
    case IR_load: case IR_store: case IR_load_exclusive: case IR_store_exclusive: case IR_atomic: case IR_compare_and_swap:
        return verify_memory(v, insn);
    default: return true;
    }
}

static bool verify_insn(struct verifier *v, const struct ir_insn *insn)
{
    if (insn->op >= IR_OP_COUNT || insn->type >= IR_TYPE_COUNT || insn->lane > LANE_64)
        return broken(v, "bad operation, type or lane");
    struct ir_words words = ir_cond_words(insn->op);
    if (words.names && insn->cond >= words.count)
        return broken(v, "bad condition or kind %u", insn->cond);
    return verify_operands(v, insn) && verify_number(v, insn);
}

static bool verify_block(struct verifier *v, const struct ir_block *block)
{
    bool ended = false;
    for (v->at = block->first; v->at < block->first + block->count; v->at++) {
        const struct ir_insn *insn = ir_at(v->region, v->at);
        if (insn->op < IR_OP_COUNT && insn->note & IR_NOTE_REMOVED)
            continue;
        if (!verify_insn(v, insn))
            return false;
        if (ended)
            return broken(v, "after the end of the block");
        ended = ir_op_info[insn->op].effects & IR_ENDS_BLOCK;
    }
    v->at = block->count ? v->at - 1 : v->at;
    return ended || broken(v, "the block has no end");
}

/* Who removes what has no use must be able to rely on the counts. */
static bool verify_uses(struct verifier *v)
{
    const struct ir_region *region = v->region;
    uint32_t *counts = arena_allocate(region->arena, (region->count + 1) * sizeof *counts);
    for (ir_ref ref = 0; ref < region->count; ref++) {
        const struct ir_insn *insn = ir_at(region, ref);
        if (insn->note & IR_NOTE_REMOVED)
            continue;
        counts[insn->a == IR_NONE ? region->count : insn->a]++;
        counts[insn->b == IR_NONE ? region->count : insn->b]++;
        counts[insn->c == IR_NONE ? region->count : insn->c]++;
    }
    for (v->at = 0; v->at < region->count; v->at++)
        if (ir_at(region, v->at)->uses < counts[v->at])
            return broken(v, "used %u times, counted %u", counts[v->at], ir_at(region, v->at)->uses);
    return true;
}

const char *ir_verify(const struct ir_region *region, char *error, size_t error_size)
{
    struct verifier verifier = {.region = region, .error = error, .error_size = error_size}, *v = &verifier;
    ir_ref next = 0;
    for (uint32_t i = 0; i < region->block_count; i++) {
        const struct ir_block *block = &region->blocks[i];
        v->at = block->first;
        if (block->first != next || block->count > region->count - next) {
            broken(v, "blocks do not follow one another");
            return error;
        }
        if (!verify_block(v, block))
            return error;
        next = block->first + block->count;
    }
    if (next != region->count) {
        v->at = next;
        broken(v, "outside of every block");
        return error;
    }
    return verify_uses(v) ? NULL : error;
}
