/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Simplification of one instruction from what is known of its operands: constants, neutral elements, conversions that
 * undo each other, multiplications and divisions by powers of two. On the translator's hot path: no rule looks deeper
 * than its operands' definitions.
 */
#include "translate/ir/simplify.h"

static unsigned type_bits(enum ir_type type) { return ir_type_bytes(type) * 8; }
static uint64_t type_mask(enum ir_type type) { return type_bits(type) >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << type_bits(type)) - 1; }

static bool is_power_of_two(uint64_t value) { return value && !(value & (value - 1)); }

/* A plain integer constant. Guest code addresses are not: they move with the region. */
static bool is_plain(const struct ir_region *region, ir_ref ref)
{
    const struct ir_insn *insn = ir_at(region, ref);
    return insn->op == IR_constant && !(insn->note & IR_NOTE_GUEST_PC) && insn->type <= IR_I64;
}

static const struct ir_insn *defined_by(const struct ir_region *region, ir_ref ref, enum ir_op op)
{
    const struct ir_insn *insn = ir_at(region, ref);
    return insn->op == op ? insn : NULL;
}

static ir_ref become_constant(struct ir_insn *insn, uint64_t value)
{
    *insn = (struct ir_insn){.op = IR_constant, .type = insn->type, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE,
                             .imm = value & type_mask(insn->type)};
    return IR_NONE;
}

static ir_ref become_unary(struct ir_insn *insn, enum ir_op op, unsigned lane, ir_ref a)
{
    *insn = (struct ir_insn){.op = op, .type = insn->type, .lane = lane, .a = a, .b = IR_NONE, .c = IR_NONE};
    return IR_NONE;
}

static ir_ref become_shift(struct ir_region *region, struct ir_insn *insn, enum ir_op op, ir_ref a, unsigned count)
{
    ir_ref amount = ir_constant(region, insn->type, count);
    *insn = (struct ir_insn){.op = op, .type = insn->type, .a = a, .b = amount, .c = IR_NONE};
    return IR_NONE;
}

static bool constant_carry(const struct ir_region *region, const struct ir_insn *insn, bool *carry)
{
    uint32_t nzcv = 0;
    if (insn->op == IR_flags_add_carry || insn->op == IR_flags_sub_borrow) {
        if (!ir_constant_flags(region, insn->c, &nzcv))
            return false;
    } else if (insn->op != IR_flags_add && insn->op != IR_flags_sub && insn->op != IR_flags_and) {
        return false;
    }
    *carry = nzcv >> 29 & 1;
    return true;
}

bool ir_constant_flags(const struct ir_region *region, ir_ref token, uint32_t *nzcv)
{
    const struct ir_insn *insn = ir_at(region, token);
    bool carry = false;
    if (insn->op == IR_flags_sub && insn->a == insn->b) {
        *nzcv = ir_evaluate_flags(insn->op, insn->type, 0, 0, false);
        return true;
    }
    if (insn->op == IR_get || insn->a == IR_NONE || !is_plain(region, insn->a))
        return false;
    uint64_t a = ir_at(region, insn->a)->imm;
    if (insn->op == IR_flags_from_nzcv) {
        *nzcv = ir_evaluate_flags(insn->op, IR_I32, a, 0, false);
        return true;
    }
    if (insn->b == IR_NONE || !is_plain(region, insn->b) || !constant_carry(region, insn, &carry))
        return false;
    *nzcv = ir_evaluate_flags(insn->op, insn->type, a, ir_at(region, insn->b)->imm, carry);
    return true;
}

/* How many of a value's low bits may be set; 64 when nothing is known. (The upper half of an i32 is anybody's.) */
static unsigned significant_bits(const struct ir_region *region, ir_ref ref)
{
    const struct ir_insn *insn = ir_at(region, ref);
    switch (insn->op) {
    case IR_constant: return insn->note & IR_NOTE_GUEST_PC ? 64 : insn->imm ? 64 - (unsigned)__builtin_clzll(insn->imm) : 0;
    case IR_zero_extend: return 8u << insn->lane;
    case IR_extract_unsigned: return insn->imm >> 8 & 0xff;
    case IR_vector_get_lane: return 8u << insn->lane;
    case IR_set_if: return 1;
    case IR_load: return insn->mem & IR_MEM_SIGNED ? 64 : 8u << IR_MEM_SIZE(insn->mem);
    case IR_load_exclusive:
    case IR_atomic:
    case IR_compare_and_swap: return 8u << IR_MEM_SIZE(insn->mem);
    case IR_count_leading_zeros:
    case IR_count_trailing_zeros:
    case IR_population_count: return 7;
    case IR_and: return is_plain(region, insn->b) ? significant_bits(region, insn->b) : 64;
    case IR_shr:
        if (!is_plain(region, insn->b))
            return 64;
        return type_bits(insn->type) - (unsigned)ir_at(region, insn->b)->imm % type_bits(insn->type);
    default: return 64;
    }
}

/* Extensions of i32 and i64 look through a truncate: they read no more than its low half. */
static const struct ir_insn *skip_truncate(struct ir_region *region, struct ir_insn *insn)
{
    const struct ir_insn *a = ir_at(region, insn->a);
    if (a->op == IR_truncate && insn->lane <= LANE_32) {
        insn->a = a->a;
        a = ir_at(region, insn->a);
    }
    return a;
}

static ir_ref simplify_zero_extend(struct ir_region *region, struct ir_insn *insn)
{
    unsigned bits = 8u << insn->lane;
    const struct ir_insn *a = skip_truncate(region, insn);
    if (ir_result_type(a) == insn->type && (bits >= type_bits(insn->type) || significant_bits(region, insn->a) <= bits))
        return insn->a;
    if ((a->op == IR_zero_extend || a->op == IR_sign_extend) && a->lane >= insn->lane)
        insn->a = a->a;                   /* what it does is above the bits read here */
    else if (a->op == IR_zero_extend)
        become_unary(insn, IR_zero_extend, a->lane, a->a);
    return IR_NONE;
}

static ir_ref simplify_sign_extend(struct ir_region *region, struct ir_insn *insn)
{
    unsigned bits = 8u << insn->lane;
    const struct ir_insn *a = skip_truncate(region, insn);
    bool same_type = ir_result_type(a) == insn->type;
    if (same_type && bits >= type_bits(insn->type))
        return insn->a;
    if (same_type && ((a->op == IR_sign_extend && a->lane <= insn->lane) || (a->op == IR_zero_extend && a->lane < insn->lane)))
        return insn->a;
    if ((a->op == IR_zero_extend || a->op == IR_sign_extend) && a->lane >= insn->lane)
        insn->a = a->a;
    return IR_NONE;
}

static ir_ref simplify_truncate(struct ir_region *region, struct ir_insn *insn)
{
    const struct ir_insn *a = ir_at(region, insn->a);
    if (ir_result_type(a) == insn->type)
        return insn->a;
    if (a->op != IR_zero_extend && a->op != IR_sign_extend)
        return IR_NONE;
    const struct ir_insn *inner = ir_at(region, a->a);
    if (a->lane >= LANE_32 && ir_result_type(inner) == insn->type)
        return a->a;
    if (a->lane >= LANE_32)
        insn->a = a->a;
    else
        become_unary(insn, a->op, a->lane, a->a);
    return IR_NONE;
}

static ir_ref simplify_extract(struct ir_region *region, struct ir_insn *insn)
{
    unsigned all = type_bits(insn->type), lsb = insn->imm & 0xff, width = insn->imm >> 8 & 0xff;
    bool is_signed = insn->op == IR_extract_signed;
    if (lsb == 0 && width == all)
        return insn->a;
    if (lsb == 0 && (width == 8 || width == 16 || width == 32)) {
        become_unary(insn, is_signed ? IR_sign_extend : IR_zero_extend, width == 8 ? LANE_8 : width == 16 ? LANE_16 : LANE_32, insn->a);
        return is_signed ? simplify_sign_extend(region, insn) : simplify_zero_extend(region, insn);
    }
    if (lsb + width == all)
        return become_shift(region, insn, is_signed ? IR_sar : IR_shr, insn->a, lsb);
    if (lsb == 0 && !is_signed && significant_bits(region, insn->a) <= width)
        return insn->a;
    return IR_NONE;
}

static ir_ref simplify_multiply(struct ir_region *region, struct ir_insn *insn, uint64_t factor)
{
    if (factor == 0)
        return become_constant(insn, 0);
    if (factor == 1)
        return insn->a;
    if (factor == type_mask(insn->type))
        return become_unary(insn, IR_neg, 0, insn->a);
    if (is_power_of_two(factor))
        return become_shift(region, insn, IR_shl, insn->a, (unsigned)__builtin_ctzll(factor));
    return IR_NONE;
}

/* b is the constant `value`, a is not constant. */
static ir_ref simplify_constant_right(struct ir_region *region, struct ir_insn *insn, uint64_t value)
{
    if (insn->op == IR_add || insn->op == IR_sub)
        return value == 0 ? insn->a : IR_NONE;
    uint64_t ones = type_mask(insn->type);
    switch (insn->op) {
    case IR_or:
        return value == 0 ? insn->a : value == ones ? become_constant(insn, ones) : IR_NONE;
    case IR_xor:
        return value == 0 ? insn->a : value == ones ? become_unary(insn, IR_not, 0, insn->a) : IR_NONE;
    case IR_and:
        if (value == 0)
            return become_constant(insn, 0);
        if (value == ones)
            return insn->a;
        if (is_power_of_two(value + 1) && significant_bits(region, insn->a) <= (unsigned)__builtin_ctzll(value + 1))
            return insn->a;
        return IR_NONE;
    case IR_and_not:
        return value == 0 ? insn->a : value == ones ? become_constant(insn, 0) : IR_NONE;
    case IR_shl: case IR_shr: case IR_sar: case IR_ror:
        return value % type_bits(insn->type) == 0 ? insn->a : IR_NONE;
    case IR_mul:
        return simplify_multiply(region, insn, value);
    case IR_mul_high_unsigned: case IR_mul_high_signed:
        return value == 0 ? become_constant(insn, 0) : IR_NONE;
    case IR_divide_unsigned:
        if (value == 0)
            return become_constant(insn, 0);
        if (value == 1)
            return insn->a;
        return is_power_of_two(value) ? become_shift(region, insn, IR_shr, insn->a, (unsigned)__builtin_ctzll(value)) : IR_NONE;
    case IR_divide_signed:
        if (value == 0)
            return become_constant(insn, 0);
        if (value == ones)
            return become_unary(insn, IR_neg, 0, insn->a);
        return value == 1 ? insn->a : IR_NONE;
    default:
        return IR_NONE;
    }
}

static ir_ref simplify_same_operands(struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_sub: case IR_xor: case IR_and_not:
        return become_constant(insn, 0);
    case IR_and: case IR_or:
        return insn->a;
    default:
        return IR_NONE;
    }
}

/* a is the constant `value`, b is not constant; only operations that do not commute come with anything to do. */
static ir_ref simplify_constant_left(struct ir_insn *insn, uint64_t value)
{
    switch (insn->op) {
    case IR_sub:
        return value == 0 ? become_unary(insn, IR_neg, 0, insn->b) : IR_NONE;
    case IR_and_not:
        return value == 0 ? become_constant(insn, 0) : value == type_mask(insn->type) ? become_unary(insn, IR_not, 0, insn->b) : IR_NONE;
    case IR_shl: case IR_shr: case IR_divide_signed: case IR_divide_unsigned:
        return value == 0 ? become_constant(insn, 0) : IR_NONE;
    default:
        return IR_NONE;
    }
}

/* A guest code address plus or minus a number is one too. */
static ir_ref simplify_guest_pc(struct ir_region *region, struct ir_insn *insn)
{
    const struct ir_insn *a = ir_at(region, insn->a), *b = ir_at(region, insn->b);
    if (insn->type != IR_I64 || a->op != IR_constant || !(a->note & IR_NOTE_GUEST_PC) || !is_plain(region, insn->b))
        return IR_NONE;
    become_constant(insn, insn->op == IR_add ? a->imm + b->imm : a->imm - b->imm);
    insn->note = IR_NOTE_GUEST_PC;
    return IR_NONE;
}

static ir_ref simplify_binary(struct ir_region *region, struct ir_insn *insn)
{
    bool left = is_plain(region, insn->a), right = is_plain(region, insn->b);
    if (left && right)
        return become_constant(insn, ir_evaluate_integer(insn, ir_at(region, insn->a)->imm, ir_at(region, insn->b)->imm, false));
    if (left && ir_op_info[insn->op].effects & IR_COMMUTES) {
        ir_ref constant = insn->a;
        insn->a = insn->b;
        insn->b = constant;
        left = false;
        right = true;
    }
    if (right) {
        ir_ref value = simplify_constant_right(region, insn, ir_at(region, insn->b)->imm);
        if (value != IR_NONE || insn->op == IR_constant)
            return value;
    } else if (left) {
        return simplify_constant_left(insn, ir_at(region, insn->a)->imm);
    } else if (insn->a == insn->b) {
        return simplify_same_operands(insn);
    }
    if (insn->op == IR_add || insn->op == IR_sub)
        return simplify_guest_pc(region, insn);
    return IR_NONE;
}

static ir_ref simplify_deposit(struct ir_region *region, struct ir_insn *insn)
{
    if (is_plain(region, insn->a) && is_plain(region, insn->b))
        return become_constant(insn, ir_evaluate_integer(insn, ir_at(region, insn->a)->imm, ir_at(region, insn->b)->imm, false));
    return (insn->imm & 0xff) == 0 && (insn->imm >> 8 & 0xff) == type_bits(insn->type) ? insn->b : IR_NONE;
}

static ir_ref simplify_extract_pair(struct ir_region *region, struct ir_insn *insn)
{
    if (insn->imm == 0)
        return insn->b;
    if (insn->a == insn->b)
        return become_shift(region, insn, IR_ror, insn->a, (unsigned)insn->imm);
    if (is_plain(region, insn->a) && is_plain(region, insn->b))
        return become_constant(insn, ir_evaluate_integer(insn, ir_at(region, insn->a)->imm, ir_at(region, insn->b)->imm, false));
    return IR_NONE;
}

static ir_ref simplify_unary(struct ir_region *region, struct ir_insn *insn)
{
    if (is_plain(region, insn->a))
        return become_constant(insn, ir_evaluate_integer(insn, ir_at(region, insn->a)->imm, 0, false));
    const struct ir_insn *a = ir_at(region, insn->a);
    switch (insn->op) {
    case IR_zero_extend: return simplify_zero_extend(region, insn);
    case IR_sign_extend: return simplify_sign_extend(region, insn);
    case IR_truncate: return simplify_truncate(region, insn);
    case IR_extract_unsigned: case IR_extract_signed: return simplify_extract(region, insn);
    case IR_not: case IR_neg: case IR_bit_reverse: return a->op == insn->op && a->type == insn->type ? a->a : IR_NONE;
    case IR_byte_swap: return a->op == IR_byte_swap && a->type == insn->type && a->lane == insn->lane ? a->a : IR_NONE;
    default: return IR_NONE;
    }
}

static ir_ref simplify_carry(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    if (!ir_constant_flags(region, insn->c, &nzcv))
        return IR_NONE;
    bool carry = nzcv >> 29 & 1;
    if (is_plain(region, insn->a) && is_plain(region, insn->b))
        return become_constant(insn, ir_evaluate_integer(insn, ir_at(region, insn->a)->imm, ir_at(region, insn->b)->imm, carry));
    if (carry != (insn->op == IR_sub_borrow))
        return IR_NONE;
    insn->op = insn->op == IR_sub_borrow ? IR_sub : IR_add;
    insn->c = IR_NONE;
    return simplify_binary(region, insn);
}

/* The same for the token: with a known carry of the plain kind it is the plain addition or subtraction. */
static ir_ref simplify_flags_carry(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    if (ir_constant_flags(region, insn->c, &nzcv) && (nzcv >> 29 & 1) == (insn->op == IR_flags_sub_borrow)) {
        insn->op = insn->op == IR_flags_sub_borrow ? IR_flags_sub : IR_flags_add;
        insn->c = IR_NONE;
    }
    return IR_NONE;
}

static ir_ref simplify_flags_conditional(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    bool holds = insn->cond >= COND_ALWAYS;
    if (!holds) {
        if (!ir_constant_flags(region, insn->a, &nzcv))
            return IR_NONE;
        holds = ir_cond_holds(insn->cond, nzcv);
    }
    if (holds) {
        *insn = (struct ir_insn){.op = insn->imm & 16 ? IR_flags_add : IR_flags_sub, .type = insn->type,
                                 .a = insn->b, .b = insn->c, .c = IR_NONE};
        return IR_NONE;
    }
    ir_ref bits = ir_constant(region, IR_I32, (insn->imm & 15) << 28);
    *insn = (struct ir_insn){.op = IR_flags_from_nzcv, .type = IR_I32, .a = bits, .b = IR_NONE, .c = IR_NONE};
    return IR_NONE;
}

static ir_ref simplify_set_if(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    if (insn->cond >= COND_ALWAYS)
        return become_constant(insn, 1);
    return ir_constant_flags(region, insn->a, &nzcv) ? become_constant(insn, ir_cond_holds(insn->cond, nzcv)) : IR_NONE;
}

static ir_ref simplify_select(struct ir_region *region, struct ir_insn *insn)
{
    uint32_t nzcv;
    if (insn->cond >= COND_ALWAYS || insn->b == insn->c)
        return insn->b;
    if (ir_constant_flags(region, insn->a, &nzcv))
        return ir_cond_holds(insn->cond, nzcv) ? insn->b : insn->c;
    if (insn->type > IR_I64 || !is_plain(region, insn->b) || !is_plain(region, insn->c))
        return IR_NONE;
    uint64_t held = ir_at(region, insn->b)->imm, other = ir_at(region, insn->c)->imm;
    if (held == other)
        return insn->b;
    if ((held == 1 && other == 0) || (held == 0 && other == 1)) {
        unsigned cond = held ? insn->cond : insn->cond ^ 1;
        ir_ref token = insn->a;
        become_unary(insn, IR_set_if, 0, token);
        insn->cond = (uint8_t)cond;
    }
    return IR_NONE;
}

static ir_ref simplify_float_move(struct ir_region *region, struct ir_insn *insn)
{
    const struct ir_insn *a;
    switch (insn->op) {
    case IR_float_from_vector:
        a = defined_by(region, insn->a, IR_vector_from_float);
        if (a && ir_result_type(ir_at(region, a->a)) == insn->type)
            return a->a;
        a = defined_by(region, insn->a, IR_vector_low);
        if (a)
            insn->a = a->a;
        return IR_NONE;
    case IR_float_from_bits:
        a = defined_by(region, insn->a, IR_float_to_bits);
        return a && ir_result_type(ir_at(region, a->a)) == insn->type ? a->a : IR_NONE;
    case IR_float_to_bits:
        /* Not for f16: its bits come back zero extended. */
        a = defined_by(region, insn->a, IR_float_from_bits);
        return a && a->type != IR_F16 && ir_result_type(ir_at(region, a->a)) == insn->type ? a->a : IR_NONE;
    case IR_vector_low:
        a = ir_at(region, insn->a);
        return a->op == IR_vector_from_float || a->op == IR_vector_low || a->op == IR_vector_high ? insn->a : IR_NONE;
    default:
        return IR_NONE;
    }
}

static ir_ref simplify_vector_logic(struct ir_insn *insn)
{
    if (insn->a != insn->b)
        return IR_NONE;
    if (insn->op == IR_vector_xor)
        return become_constant(insn, 0);
    return insn->op == IR_vector_and || insn->op == IR_vector_or ? insn->a : IR_NONE;
}

ir_ref ir_simplify(struct ir_region *region, struct ir_insn *insn)
{
    /* The commonest first: their branches are predicted where an indirect jump is not. */
    if (insn->op == IR_add || insn->op == IR_sub)
        return simplify_binary(region, insn);
    if (insn->op == IR_zero_extend || insn->op == IR_truncate)
        return simplify_unary(region, insn);
    if (insn->op >= IR_flags_add && insn->op <= IR_flags_and)
        return IR_NONE;
    switch (insn->op) {
    case IR_mul: case IR_mul_high_signed: case IR_mul_high_unsigned: case IR_divide_signed:
    case IR_divide_unsigned: case IR_and: case IR_or: case IR_xor: case IR_and_not: case IR_shl: case IR_shr: case IR_sar:
    case IR_ror: case IR_crc32:
        return simplify_binary(region, insn);
    case IR_not: case IR_neg: case IR_sign_extend: case IR_extract_unsigned:
    case IR_extract_signed: case IR_byte_swap: case IR_bit_reverse: case IR_count_leading_zeros: case IR_count_trailing_zeros:
    case IR_population_count:
        return simplify_unary(region, insn);
    case IR_deposit: return simplify_deposit(region, insn);
    case IR_extract_pair: return simplify_extract_pair(region, insn);
    case IR_add_carry: case IR_sub_borrow: return simplify_carry(region, insn);
    case IR_flags_add_carry: case IR_flags_sub_borrow: return simplify_flags_carry(region, insn);
    case IR_flags_conditional: return simplify_flags_conditional(region, insn);
    case IR_set_if: return simplify_set_if(region, insn);
    case IR_select: return simplify_select(region, insn);
    case IR_float_from_vector: case IR_float_from_bits: case IR_float_to_bits: case IR_vector_low:
        return simplify_float_move(region, insn);
    case IR_vector_and: case IR_vector_or: case IR_vector_xor: return simplify_vector_logic(insn);
    default: return IR_NONE;
    }
}
