/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/arena.h"
#include "translate/guest/guest.h"
#include "translate/ir/ir.h"

#include <criterion/criterion.h>
#include <string.h>

enum { NZCV, X0, X1, V0, FIELD_COUNT };
static const struct guest_field fields[FIELD_COUNT] = {
    {"nzcv", 0, IR_FLAGS}, {"x0", 0, IR_I64}, {"x1", 0, IR_I64}, {"v0", 0, IR_V128},
};
static const struct guest_helper helpers[] = {{"pure", NULL, HELPER_PURE}, {"writes", NULL, HELPER_WRITES_STATE}};
static const struct guest_isa isa = {.name = "unit", .fields = fields, .field_count = FIELD_COUNT, .helpers = helpers, .helper_count = 2};

static struct arena *arena;
static struct ir_region *region;

static void set_up(void)
{
    arena = arena_new(16 << 20);
    region = ir_region_new(arena, &isa, 0x1000);
}
static void tear_down(void) { arena_free(arena); }

TestSuite(build, .init = set_up, .fini = tear_down);

static void expect_constant(ir_ref ref, uint64_t value)
{
    cr_assert(ir_is_constant(region, ref));
    cr_assert_eq(ir_at(region, ref)->imm, value, "0x%lx, not 0x%lx", ir_at(region, ref)->imm, value);
}

/* -- evaluation ---------------------------------------------------------------------------------------------------------- */

static uint64_t integer(enum ir_op op, enum ir_type type, uint64_t a, uint64_t b)
{
    struct ir_insn insn = {.op = op, .type = type};
    return ir_evaluate_integer(&insn, a, b, false);
}

static uint64_t with(enum ir_op op, enum ir_type type, unsigned lane, unsigned cond, uint64_t imm, uint64_t a, uint64_t b)
{
    struct ir_insn insn = {.op = op, .type = type, .lane = lane, .cond = cond, .imm = imm};
    return ir_evaluate_integer(&insn, a, b, false);
}

#define MIN32 0x80000000ull
#define MIN64 0x8000000000000000ull
#define ONES (~0ull)

Test(evaluate, shifts_count_modulo_the_width)
{
    cr_assert_eq(integer(IR_shl, IR_I32, 1, 32), 1);
    cr_assert_eq(integer(IR_shl, IR_I32, 1, 33), 2);
    cr_assert_eq(integer(IR_shl, IR_I64, 1, 64), 1);
    cr_assert_eq(integer(IR_shr, IR_I64, MIN64, 63), 1);
    cr_assert_eq(integer(IR_shr, IR_I32, ONES, 31), 1);
    cr_assert_eq(integer(IR_sar, IR_I32, MIN32, 31), 0xffffffff);
    cr_assert_eq(integer(IR_sar, IR_I64, MIN64, 127), ONES);
    cr_assert_eq(integer(IR_ror, IR_I32, 0x12345678, 8), 0x78123456);
    cr_assert_eq(integer(IR_ror, IR_I32, 0x12345678, 32), 0x12345678);
    cr_assert_eq(integer(IR_ror, IR_I64, 1, 1), MIN64);
}

Test(evaluate, division_is_total)
{
    cr_assert_eq(integer(IR_divide_signed, IR_I64, 7, 0), 0);
    cr_assert_eq(integer(IR_divide_unsigned, IR_I32, 7, 0), 0);
    cr_assert_eq(integer(IR_divide_signed, IR_I64, MIN64, ONES), MIN64);
    cr_assert_eq(integer(IR_divide_signed, IR_I32, MIN32, 0xffffffff), MIN32);
    cr_assert_eq(integer(IR_divide_signed, IR_I32, (uint32_t)-7, 2), (uint32_t)-3);
    cr_assert_eq(integer(IR_divide_signed, IR_I32, 7, (uint32_t)-1), (uint32_t)-7);
    cr_assert_eq(integer(IR_divide_unsigned, IR_I32, 0xffffffff, 2), 0x7fffffff);
    cr_assert_eq(integer(IR_divide_unsigned, IR_I32, 0x500000007, 2), 3, "the upper half of an i32 does not count");
}

Test(evaluate, multiplication_keeps_both_halves)
{
    cr_assert_eq(integer(IR_mul, IR_I32, 0x10000, 0x10000), 0);
    cr_assert_eq(integer(IR_mul_high_unsigned, IR_I64, ONES, ONES), ONES - 1);
    cr_assert_eq(integer(IR_mul_high_signed, IR_I64, ONES, ONES), 0);
    cr_assert_eq(integer(IR_mul_high_signed, IR_I64, MIN64, MIN64), 1ull << 62);
    cr_assert_eq(integer(IR_mul_high_signed, IR_I32, MIN32, 2), 0xffffffff);
    cr_assert_eq(integer(IR_mul_high_unsigned, IR_I32, MIN32, 2), 1);
}

Test(evaluate, bits_and_bytes)
{
    cr_assert_eq(integer(IR_count_leading_zeros, IR_I32, 0, 0), 32);
    cr_assert_eq(integer(IR_count_leading_zeros, IR_I64, 1, 0), 63);
    cr_assert_eq(integer(IR_count_leading_zeros, IR_I32, 0xf00000001, 0), 31);
    cr_assert_eq(integer(IR_count_trailing_zeros, IR_I64, 0, 0), 64);
    cr_assert_eq(integer(IR_count_trailing_zeros, IR_I32, 1ull << 32, 0), 32);
    cr_assert_eq(integer(IR_population_count, IR_I32, ONES, 0), 32);
    cr_assert_eq(integer(IR_bit_reverse, IR_I32, 1, 0), MIN32);
    cr_assert_eq(integer(IR_bit_reverse, IR_I64, 0x3, 0), 0xc000000000000000);
    cr_assert_eq(with(IR_byte_swap, IR_I64, LANE_16, 0, 0, 0x1122334455667788, 0), 0x2211443366558877);
    cr_assert_eq(with(IR_byte_swap, IR_I64, LANE_32, 0, 0, 0x1122334455667788, 0), 0x4433221188776655);
    cr_assert_eq(with(IR_byte_swap, IR_I64, LANE_64, 0, 0, 0x1122334455667788, 0), 0x8877665544332211);
    cr_assert_eq(with(IR_byte_swap, IR_I32, LANE_32, 0, 0, 0x11223344, 0), 0x44332211);
}

Test(evaluate, fields_and_extensions)
{
    cr_assert_eq(with(IR_sign_extend, IR_I64, LANE_32, 0, 0, MIN32, 0), 0xffffffff80000000);
    cr_assert_eq(with(IR_sign_extend, IR_I32, LANE_8, 0, 0, 0x1280, 0), 0xffffff80);
    cr_assert_eq(with(IR_zero_extend, IR_I64, LANE_16, 0, 0, ONES, 0), 0xffff);
    cr_assert_eq(integer(IR_truncate, IR_I32, 0x1122334455667788, 0), 0x55667788);
    cr_assert_eq(with(IR_extract_unsigned, IR_I64, 0, 0, 4 | 8 << 8, 0xabcd, 0), 0xbc);
    cr_assert_eq(with(IR_extract_unsigned, IR_I64, 0, 0, 0 | 64 << 8, ONES, 0), ONES);
    cr_assert_eq(with(IR_extract_signed, IR_I32, 0, 0, 4 | 8 << 8, 0xabcd, 0), 0xffffffbc);
    cr_assert_eq(with(IR_deposit, IR_I64, 0, 0, 8 | 8 << 8, 0x11223344, 0xff), 0x1122ff44);
    cr_assert_eq(with(IR_deposit, IR_I64, 0, 0, 0 | 64 << 8, 1, 2), 2);
    cr_assert_eq(with(IR_extract_pair, IR_I32, 0, 0, 8, 0xaabbccdd, 0x11223344), 0xdd112233);
    cr_assert_eq(with(IR_extract_pair, IR_I64, 0, 0, 0, 1, 2), 2);
}

/* Check values of the two CRCs for "123456789", with the inversions around that the instruction leaves to the program. */
Test(evaluate, crc32)
{
    for (unsigned castagnoli = 0; castagnoli < 2; castagnoli++) {
        uint64_t crc = 0xffffffff;
        crc = with(IR_crc32, IR_I32, LANE_64, castagnoli, 0, crc, 0x3837363534333231);
        crc = with(IR_crc32, IR_I32, LANE_8, castagnoli, 0, crc, 0xffffff39);
        cr_assert_eq((uint32_t)~crc, castagnoli ? 0xe3069283 : 0xcbf43926);
    }
}

#define N 0x80000000u
#define Z 0x40000000u
#define C 0x20000000u
#define V 0x10000000u

Test(evaluate, flags)
{
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub, IR_I64, 5, 5, false), Z | C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub, IR_I64, 0, 1, false), N);
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub, IR_I32, MIN32, 1, false), C | V);
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub, IR_I64, 0, MIN64, false), N | V);
    cr_assert_eq(ir_evaluate_flags(IR_flags_add, IR_I32, 0xffffffff, 1, false), Z | C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_add, IR_I64, MIN64 - 1, 1, false), N | V);
    cr_assert_eq(ir_evaluate_flags(IR_flags_add, IR_I64, ONES, ONES, false), N | C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_add, IR_I32, 0x1ffffffff, 0, false), N, "the upper half of an i32 does not count");
    cr_assert_eq(ir_evaluate_flags(IR_flags_and, IR_I32, MIN32, ONES, false), N);
    cr_assert_eq(ir_evaluate_flags(IR_flags_and, IR_I64, 1, 2, false), Z);
}

Test(evaluate, flags_with_carry)
{
    struct ir_insn add = {.op = IR_add_carry, .type = IR_I64}, sub = {.op = IR_sub_borrow, .type = IR_I64};
    cr_assert_eq(ir_evaluate_integer(&add, 1, 2, true), 4);
    cr_assert_eq(ir_evaluate_integer(&sub, 5, 2, true), 3);
    cr_assert_eq(ir_evaluate_integer(&sub, 5, 2, false), 2);
    cr_assert_eq(ir_evaluate_flags(IR_flags_add_carry, IR_I64, ONES, 0, true), Z | C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_add_carry, IR_I64, ONES, ONES, true), N | C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub_borrow, IR_I64, 5, 5, true), Z | C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub_borrow, IR_I64, 5, 5, false), N);
    cr_assert_eq(ir_evaluate_flags(IR_flags_sub_borrow, IR_I64, 0, ONES, false), Z, "0 - -1 - 1");
    cr_assert_eq(ir_evaluate_flags(IR_flags_from_nzcv, IR_I32, 0xffffffff, 0, false), N | Z | C | V);
}

static uint32_t compare(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, 8);
    memcpy(&y, &b, 8);
    return ir_evaluate_flags(IR_flags_float, IR_F64, x, y, false);
}

Test(evaluate, flags_of_floats)
{
    cr_assert_eq(compare(1, 2), N);
    cr_assert_eq(compare(-1, -2), C);
    cr_assert_eq(compare(-1, 1), N);
    cr_assert_eq(compare(0.0, -0.0), Z | C);
    cr_assert_eq(compare(__builtin_inf(), __builtin_inf()), Z | C);
    cr_assert_eq(compare(__builtin_nan(""), 1), C | V);
    cr_assert_eq(compare(5e-324, 0), C);
    cr_assert_eq(ir_evaluate_flags(IR_flags_float, IR_F32, 0x3f800000, 0x7fc00000, false), C | V);
}

Test(evaluate, conditions)
{
    cr_assert(ir_cond_holds(COND_EQ, Z) && !ir_cond_holds(COND_EQ, 0));
    cr_assert(ir_cond_holds(COND_HI, C) && !ir_cond_holds(COND_HI, C | Z));
    cr_assert(ir_cond_holds(COND_LS, C | Z) && ir_cond_holds(COND_LS, 0));
    cr_assert(ir_cond_holds(COND_GE, N | V) && !ir_cond_holds(COND_GE, N));
    cr_assert(ir_cond_holds(COND_GT, 0) && !ir_cond_holds(COND_GT, Z));
    cr_assert(ir_cond_holds(COND_LE, Z) && ir_cond_holds(COND_LE, V));
    for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
        cr_assert(ir_cond_holds(COND_ALWAYS, nzcv << 28) && ir_cond_holds(COND_ALWAYS_TOO, nzcv << 28));
        for (unsigned cond = 0; cond < COND_ALWAYS; cond += 2)
            cr_assert_neq(ir_cond_holds(cond, nzcv << 28), ir_cond_holds(cond + 1, nzcv << 28));
    }
}

/* -- building ---------------------------------------------------------------------------------------------------------------- */

Test(build, folds_constants)
{
    ir_ref seven = ir_constant(region, IR_I64, 7);
    cr_assert_eq(ir_constant(region, IR_I64, 7), seven, "a constant once");
    expect_constant(ir_binary_imm(region, IR_add, IR_I64, seven, 3), 10);
    expect_constant(ir_binary_imm(region, IR_sub, IR_I32, ir_constant(region, IR_I32, 0), 1), 0xffffffff);
    expect_constant(ir_unary(region, IR_not, IR_I64, seven), ~7ull);
    expect_constant(ir_unary_lane(region, IR_extract_unsigned, IR_I64, 0, seven, 1 | 2 << 8), 3);
    expect_constant(ir_constant(region, IR_I32, ONES), 0xffffffff);
    cr_assert_neq(ir_guest_pc(region, 7), seven, "a code address is another one");
}

Test(build, drops_neutral_elements)
{
    ir_ref x = ir_get(region, X0);
    cr_assert_eq(ir_binary_imm(region, IR_add, IR_I64, x, 0), x);
    cr_assert_eq(ir_binary_imm(region, IR_sub, IR_I64, x, 0), x);
    cr_assert_eq(ir_binary_imm(region, IR_and, IR_I64, x, ONES), x);
    cr_assert_eq(ir_binary_imm(region, IR_or, IR_I64, x, 0), x);
    cr_assert_eq(ir_binary_imm(region, IR_xor, IR_I64, x, 0), x);
    cr_assert_eq(ir_binary_imm(region, IR_shl, IR_I64, x, 64), x);
    cr_assert_eq(ir_binary_imm(region, IR_mul, IR_I64, x, 1), x);
    cr_assert_eq(ir_binary_imm(region, IR_divide_signed, IR_I64, x, 1), x);
    cr_assert_eq(ir_binary(region, IR_or, IR_I64, x, x), x);
    expect_constant(ir_binary(region, IR_sub, IR_I64, x, x), 0);
    expect_constant(ir_binary_imm(region, IR_and, IR_I64, x, 0), 0);
    expect_constant(ir_binary_imm(region, IR_or, IR_I64, x, ONES), ONES);
    expect_constant(ir_binary_imm(region, IR_divide_unsigned, IR_I64, x, 0), 0);
    cr_assert_eq(ir_unary(region, IR_neg, IR_I64, ir_unary(region, IR_neg, IR_I64, x)), x);
}

Test(build, puts_constants_second)
{
    ir_ref x = ir_get(region, X0), sum = ir_binary(region, IR_add, IR_I64, ir_constant(region, IR_I64, 5), x);
    cr_assert_eq(ir_at(region, sum)->a, x);
    expect_constant(ir_at(region, sum)->b, 5);
    ir_ref negated = ir_binary(region, IR_sub, IR_I64, ir_constant(region, IR_I64, 0), x);
    cr_assert_eq(ir_at(region, negated)->op, IR_neg);
}

Test(build, keeps_code_addresses)
{
    ir_ref pc = ir_guest_pc(region, 0x1000), next = ir_binary_imm(region, IR_add, IR_I64, pc, 0x20);
    expect_constant(next, 0x1020);
    cr_assert(ir_at(region, next)->note & IR_NOTE_GUEST_PC);
    cr_assert_not(ir_is_constant(region, ir_binary_imm(region, IR_and, IR_I64, pc, 0xfff)));
    cr_assert_not(ir_is_constant(region, ir_unary(region, IR_not, IR_I64, pc)));
}

Test(build, forwards_fields)
{
    ir_ref x = ir_get(region, X0);
    cr_assert_eq(ir_get(region, X0), x);
    ir_ref sum = ir_binary_imm(region, IR_add, IR_I64, x, 1);
    ir_put(region, X0, sum);
    cr_assert_eq(ir_get(region, X0), sum);
    ir_ref count = region->count;
    ir_put(region, X0, sum);
    cr_assert_eq(region->count, count, "nothing to put");
    ir_helper(region, IR_I64, 0, 0, x, IR_NONE, IR_NONE);
    cr_assert_eq(ir_get(region, X0), sum);
    ir_append(region, (struct ir_insn){.op = IR_load_exclusive, .type = IR_I64, .mem = IR_MEM(3, 0), .a = x});
    cr_assert_eq(ir_get(region, X0), sum);
    cr_assert_eq(ir_helper(region, IR_VOID, 1, 0, IR_NONE, IR_NONE, IR_NONE), IR_NONE);
    cr_assert_neq(ir_get(region, X0), sum);
}

Test(build, forwards_tokens)
{
    ir_ref x = ir_get(region, X0), token = ir_binary_imm(region, IR_flags_sub, IR_I64, x, 1);
    ir_put(region, NZCV, token);
    cr_assert_eq(ir_get(region, NZCV), token);
    cr_assert_eq(ir_result_type(ir_at(region, token)), IR_FLAGS);
}

Test(build, sees_through_extensions)
{
    ir_ref x = ir_get(region, X0), low = ir_unary(region, IR_truncate, IR_I32, x);
    ir_ref wide = ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_32, low, 0);
    cr_assert_eq(ir_at(region, wide)->a, x);
    cr_assert_eq(ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_32, wide, 0), wide);
    cr_assert_eq(ir_unary_lane(region, IR_extract_unsigned, IR_I64, 0, wide, 0 | 40 << 8), wide);
    ir_ref sum = ir_binary(region, IR_add, IR_I32, low, low);
    ir_ref again = ir_unary(region, IR_truncate, IR_I32, ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_32, sum, 0));
    cr_assert_eq(again, sum);
    ir_ref byte = ir_load(region, IR_I64, IR_MEM(0, 0), x, IR_NONE, 0);
    cr_assert_eq(ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_8, byte, 0), byte);
    cr_assert_eq(ir_binary_imm(region, IR_and, IR_I64, byte, 0xff), byte);
    ir_ref signed_byte = ir_load(region, IR_I64, IR_MEM(0, 0) | IR_MEM_SIGNED, x, IR_NONE, 0);
    cr_assert_neq(ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_8, signed_byte, 0), signed_byte);
}

Test(build, sign_extensions_nest)
{
    ir_ref x = ir_get(region, X0), byte = ir_unary_lane(region, IR_sign_extend, IR_I64, LANE_8, x, 0);
    cr_assert_eq(ir_unary_lane(region, IR_sign_extend, IR_I64, LANE_32, byte, 0), byte);
    ir_ref zero = ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_8, x, 0);
    cr_assert_eq(ir_unary_lane(region, IR_sign_extend, IR_I64, LANE_16, zero, 0), zero);
    ir_ref inner = ir_unary_lane(region, IR_sign_extend, IR_I64, LANE_8, zero, 0);
    cr_assert_eq(ir_at(region, inner)->a, x);
    /* A zero extension must not look through a narrower sign extension. */
    ir_ref mixed = ir_unary_lane(region, IR_zero_extend, IR_I64, LANE_32, byte, 0);
    cr_assert_eq(ir_at(region, mixed)->a, byte);
}

Test(build, moves_between_register_kinds)
{
    ir_ref v = ir_get(region, V0), d = ir_unary(region, IR_float_from_vector, IR_F64, v);
    ir_ref back = ir_unary_lane(region, IR_vector_from_float, IR_V128, LANE_64, d, 0);
    cr_assert_eq(ir_unary(region, IR_float_from_vector, IR_F64, back), d);
    cr_assert_neq(ir_unary(region, IR_float_from_vector, IR_F32, back), d);
    cr_assert_eq(ir_vector(region, IR_vector_low, 0, back, IR_NONE, IR_NONE, 0), back);
    cr_assert_eq(ir_unary(region, IR_float_from_bits, IR_F64, ir_unary(region, IR_float_to_bits, IR_I64, d)), d);
}

Test(build, knows_constant_flags)
{
    ir_ref one = ir_constant(region, IR_I64, 1), two = ir_constant(region, IR_I64, 2), x = ir_get(region, X0);
    ir_ref token = ir_binary(region, IR_flags_sub, IR_I64, one, two);
    struct ir_insn set = {.op = IR_set_if, .type = IR_I64, .cond = COND_LT, .a = token};
    expect_constant(ir_append(region, set), 1);
    struct ir_insn choose = {.op = IR_select, .type = IR_I64, .cond = COND_HI, .a = token, .b = one, .c = x};
    cr_assert_eq(ir_append(region, choose), x);
    ir_ref count = region->count;
    ir_exit_if(region, COND_EQ, token, 0x2000);
    cr_assert_eq(region->count, count, "never taken");
}

Test(build, marks_backward_exits)
{
    ir_append(region, (struct ir_insn){.op = IR_insn_start, .imm = 0x1010});
    ir_ref token = ir_get(region, NZCV);
    ir_exit_if(region, COND_EQ, token, 0x1010);
    cr_assert(ir_at(region, region->count - 1)->note & IR_NOTE_BACKWARD);
    ir_exit_if(region, COND_EQ, token, 0x1014);
    cr_assert_not(ir_at(region, region->count - 1)->note & IR_NOTE_BACKWARD);
}

Test(build, merges_equal_operations)
{
    ir_ref x = ir_get(region, X0), y = ir_get(region, X1);
    ir_ref sum = ir_binary(region, IR_add, IR_I64, x, y);
    cr_assert_eq(ir_binary(region, IR_add, IR_I64, y, x), sum, "either order");
    cr_assert_neq(ir_binary(region, IR_sub, IR_I64, x, y), ir_binary(region, IR_sub, IR_I64, y, x));
    cr_assert_neq(ir_binary(region, IR_add, IR_I32, x, y), sum);
    ir_ref load = ir_load(region, IR_I64, IR_MEM(3, 0), x, IR_NONE, 0);
    cr_assert_neq(ir_load(region, IR_I64, IR_MEM(3, 0), x, IR_NONE, 0), load, "memory may change");
}

static unsigned count_op(enum ir_op op)
{
    unsigned count = 0;
    for (ir_ref ref = 0; ref < region->count; ref++)
        count += ir_at(region, ref)->op == op;
    return count;
}

Test(build, marks_a_guest_instruction_where_something_needs_it)
{
    ir_begin_insn(region, 0x1000);
    ir_ref x = ir_get(region, X0);
    ir_put(region, X1, ir_binary_imm(region, IR_add, IR_I64, x, 5));
    cr_assert_eq(count_op(IR_insn_start), 0, "nothing can stop in the middle");
    ir_begin_insn(region, 0x1004);
    ir_load(region, IR_I64, IR_MEM(3, 0), x, IR_NONE, 0);
    ir_load(region, IR_I64, IR_MEM(3, 0), x, IR_NONE, 8);
    cr_assert_eq(count_op(IR_insn_start), 1);
    cr_assert_eq(ir_at(region, region->count - 3)->imm, 0x1004);
    ir_begin_insn(region, 0x1008);
    ir_ref token = ir_get(region, NZCV);
    struct ir_insn set = {.op = IR_set_if, .type = IR_I64, .cond = COND_EQ, .a = token};
    ir_append(region, set);
    ir_load(region, IR_I64, IR_MEM(3, 0), x, IR_NONE, 16);
    cr_assert_eq(ir_at(region, region->count - 3)->op, IR_insn_start, "before what is executed again after a fault");
    cr_assert_eq(count_op(IR_insn_start), 2);
    ir_begin_insn(region, 0x100c);
    struct ir_mark mark = ir_mark(region);
    ir_load(region, IR_I64, IR_MEM(3, 0), x, IR_NONE, 24);
    ir_rewind(region, mark);
    ir_trap(region, 1, 0);
    cr_assert_eq(ir_at(region, region->count - 2)->imm, 0x100c, "dropped with the load, and back for the trap");
}

Test(build, grows)
{
    ir_ref x = ir_get(region, X0);
    for (unsigned i = 0; i < 5000; i++)
        x = ir_binary_imm(region, IR_add, IR_I64, x, i + 1);
    ir_put(region, X1, x);
    ir_append(region, (struct ir_insn){.op = IR_jump, .imm = 0x2000});
    char error[200];
    cr_assert_null(ir_verify(region, error, sizeof error), "%s", error);
    cr_assert_eq(region->blocks[0].count, region->count);
    cr_assert_gt(region->count, 10000);
}

Test(build, operands_that_are_none_are_cleared)
{
    ir_append(region, (struct ir_insn){.op = IR_insn_start, .imm = 0x1000});
    cr_assert_eq(ir_at(region, 0)->a, IR_NONE);
    cr_assert_eq(ir_at(region, 0)->c, IR_NONE);
}

/* -- text ---------------------------------------------------------------------------------------------------------------------- */

/* One instruction of every operation, its operands as the verifier wants them, printed and parsed. */
static struct ir_insn sample(unsigned op, unsigned variant)
{
    struct ir_insn insn = {.op = op, .type = IR_V128, .lane = variant, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE};
    ir_ref *operands[] = {&insn.a, &insn.b, &insn.c};
    for (unsigned i = 0; i < ir_op_info[op].operands; i++)
        *operands[i] = i;
    if (variant & 1)
        insn.note = IR_NOTE_BACKWARD | IR_NOTE_FLAGS_PAIR;
    if (!(ir_op_traits[op] & IR_GOES_UNUSED))
        insn.note |= IR_NOTE_WANTED;      /* as whoever appends it does */
    if (variant & 2)
        insn.cond = 2;
    return insn;
}

static void fit_to_form(struct ir_insn *insn, unsigned variant)
{
    switch (insn->op) {
    case IR_get: case IR_put: insn->imm = V0; break;
    case IR_helper: insn->imm = 1 | (uint64_t)variant << 16; insn->type = variant ? IR_I64 : IR_VOID; break;
    case IR_load: case IR_store: insn->mem = IR_MEM(3, variant) | IR_MEM_SIGNED << variant; insn->imm = (uint64_t)-8 * variant; break;
    case IR_load_exclusive: case IR_store_exclusive: case IR_atomic: case IR_compare_and_swap: insn->mem = IR_MEM(variant, 0); break;
    default: insn->imm = ir_op_info[insn->op].result == IR_RESULT_NONE ? 0x40 + variant : variant; break;
    }
}

Test(build, every_operation_prints_and_parses)
{
    for (unsigned i = 0; i < 3; i++)
        ir_append(region, (struct ir_insn){.op = IR_get, .type = i == 0 ? IR_FLAGS : IR_I64, .imm = i});
    for (unsigned op = 0; op < IR_OP_COUNT; op++) {
        for (unsigned variant = 0; variant < 4; variant++) {
            struct ir_insn insn = sample(op, variant);
            fit_to_form(&insn, variant);
            region->insns[region->count % region->capacity] = insn;
            struct ir_region one = *region;
            one.count++;
            struct ir_block block = {0, one.count, 0x1000};
            one.blocks = &block;
            char text[2048], error[200], again[2048];
            ir_print(&one, text, sizeof text);
            struct arena *other = arena_new(1 << 20);
            struct ir_region *parsed = ir_parse(other, &isa, text, error, sizeof error);
            cr_assert_not_null(parsed, "%s\n%s", error, text);
            ir_print(parsed, again, sizeof again);
            cr_assert_str_eq(again, text);
            cr_assert_eq(memcmp(ir_at(parsed, 3), &insn, sizeof insn), 0, "%s", text);
            arena_free(other);
        }
    }
}

Test(build, print_tells_the_length_it_needs)
{
    ir_put(region, X0, ir_get(region, X1));
    char small[8];
    size_t length = ir_print(region, NULL, 0);
    cr_assert_eq(ir_print(region, small, sizeof small), length);
    cr_assert_eq(strlen(small), sizeof small - 1);
}
