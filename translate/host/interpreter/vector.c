/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group vector, lane arithmetic. Most lines are an expression of one lane's operands; the loop is shared. Moving lanes about
 * is in vector_lanes.c.
 */
#include "translate/host/interpreter/interpreter.h"

struct lane {
    uint64_t a, b;
    int64_t sa, sb;                       /* the same, signed */
    unsigned bits;
    uint64_t imm;
};

static struct lane lane_operands(const struct interpreter *in, const struct ir_insn *insn, unsigned lane, unsigned index)
{
    struct lane x = {.bits = lane_bits(lane), .imm = insn->imm};
    x.a = lane_get(value_of(in, insn->a), lane, index);
    x.b = insn->b == IR_NONE ? 0 : lane_get(value_of(in, insn->b), lane, index);
    x.sa = sign_extend_bits(x.a, x.bits);
    x.sb = sign_extend_bits(x.b, x.bits);
    return x;
}

/* Lane by lane, of the same width. */
static void each_lane(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, uint64_t (*compute)(struct lane x))
{
    for (unsigned i = 0; i < lane_count(insn->lane); i++)
        lane_set(result, insn->lane, i, compute(lane_operands(in, insn, insn->lane, i)));
}

/* Low-half lanes in, lanes of twice the width out. */
static void each_low_lane(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, uint64_t (*compute)(struct lane x))
{
    for (unsigned i = 0; i < lane_count(insn->lane) / 2; i++)
        lane_set(result, insn->lane + 1u, i, compute(lane_operands(in, insn, insn->lane, i)));
}

/* Lanes of twice the width in, the low half of the result out; x.bits is the narrow width. */
static void each_wide_lane(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, uint64_t (*compute)(struct lane x))
{
    result->u64[1] = 0;
    for (unsigned i = 0; i < lane_count(insn->lane) / 2; i++) {
        struct lane x = lane_operands(in, insn, insn->lane + 1u, i);
        x.bits /= 2;
        lane_set(result, insn->lane, i, compute(x));
    }
}

static uint64_t clamp_signed(__int128 value, unsigned bits)
{
    __int128 largest = ((__int128)1 << (bits - 1)) - 1;
    return (uint64_t)(value > largest ? largest : value < -largest - 1 ? -largest - 1 : value);
}

static uint64_t clamp_unsigned(__int128 value, unsigned bits)
{
    __int128 largest = ((__int128)1 << bits) - 1;
    return (uint64_t)(value > largest ? largest : value < 0 ? 0 : value);
}

static unsigned __int128 carry_less_product(uint64_t a, uint64_t b)
{
    unsigned __int128 product = 0;
    for (unsigned i = 0; i < 64; i++)
        if (b >> i & 1)
            product ^= (unsigned __int128)a << i;
    return product;
}

static uint64_t multiply_high_round(struct lane x)
{
    __int128 product = 2 * (__int128)x.sa * x.sb + (x.imm ? (__int128)1 << (x.bits - 1) : 0);
    return clamp_signed(product >> x.bits, x.bits);
}

static uint64_t reversed_bits(uint64_t byte)
{
    uint64_t result = 0;
    for (unsigned i = 0; i < 8; i++)
        result |= (byte >> i & 1) << (7 - i);
    return result;
}

static uint64_t shift_left(uint64_t a, uint64_t count, unsigned bits) { return count >= bits ? 0 : a << count; }
static uint64_t shift_right(uint64_t a, uint64_t count, unsigned bits) { return count >= bits ? 0 : a >> count; }
static uint64_t shift_arithmetic(int64_t a, uint64_t count, unsigned bits) { return (uint64_t)(a >> (count >= bits ? bits - 1 : count)); }
static uint64_t mask_if(bool condition) { return condition ? ~(uint64_t)0 : 0; }

#define LANEWISE(op, loop, expression) \
    static uint64_t lane_##op(struct lane x) { return (uint64_t)(expression); } \
    void interpret_##op(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) { loop(in, insn, result, lane_##op); }

LANEWISE(vector_and, each_lane, x.a & x.b)
LANEWISE(vector_or, each_lane, x.a | x.b)
LANEWISE(vector_xor, each_lane, x.a ^ x.b)
LANEWISE(vector_and_not, each_lane, x.a & ~x.b)
LANEWISE(vector_not, each_lane, ~x.a)
LANEWISE(vector_add, each_lane, x.a + x.b)
LANEWISE(vector_sub, each_lane, x.a - x.b)
LANEWISE(vector_mul, each_lane, x.a * x.b)
LANEWISE(vector_mul_long_signed, each_low_lane, x.sa * x.sb)
LANEWISE(vector_mul_long_unsigned, each_low_lane, x.a * x.b)
LANEWISE(vector_mul_poly, each_lane, carry_less_product(x.a, x.b))
LANEWISE(vector_mul_high_round, each_lane, multiply_high_round(x))
LANEWISE(vector_neg, each_lane, 0 - x.a)
LANEWISE(vector_abs, each_lane, x.sa < 0 ? 0 - x.a : x.a)
LANEWISE(vector_min_signed, each_lane, x.sa < x.sb ? x.a : x.b)
LANEWISE(vector_min_unsigned, each_lane, x.a < x.b ? x.a : x.b)
LANEWISE(vector_max_signed, each_lane, x.sa > x.sb ? x.a : x.b)
LANEWISE(vector_max_unsigned, each_lane, x.a > x.b ? x.a : x.b)
LANEWISE(vector_average_round, each_lane, (x.a + x.b + 1) >> 1)
LANEWISE(vector_add_sat_signed, each_lane, clamp_signed((__int128)x.sa + x.sb, x.bits))
LANEWISE(vector_add_sat_unsigned, each_lane, clamp_unsigned((__int128)x.a + x.b, x.bits))
LANEWISE(vector_sub_sat_signed, each_lane, clamp_signed((__int128)x.sa - x.sb, x.bits))
LANEWISE(vector_sub_sat_unsigned, each_lane, clamp_unsigned((__int128)x.a - x.b, x.bits))
LANEWISE(vector_equal, each_lane, mask_if(x.a == x.b))
LANEWISE(vector_greater_signed, each_lane, mask_if(x.sa > x.sb))
LANEWISE(vector_greater_unsigned, each_lane, mask_if(x.a > x.b))
LANEWISE(vector_shl, each_lane, shift_left(x.a, x.imm, x.bits))
LANEWISE(vector_shr, each_lane, shift_right(x.a, x.imm, x.bits))
LANEWISE(vector_sar, each_lane, shift_arithmetic(x.sa, x.imm, x.bits))
LANEWISE(vector_shl_each, each_lane, shift_left(x.a, x.b, x.bits))
LANEWISE(vector_shr_each, each_lane, shift_right(x.a, x.b, x.bits))
LANEWISE(vector_sar_each, each_lane, shift_arithmetic(x.sa, x.b, x.bits))
LANEWISE(vector_widen_signed, each_low_lane, x.sa)
LANEWISE(vector_widen_unsigned, each_low_lane, x.a)
LANEWISE(vector_narrow, each_wide_lane, x.a)
LANEWISE(vector_narrow_sat_signed, each_wide_lane, clamp_signed(x.sa, x.bits))
LANEWISE(vector_narrow_sat_unsigned, each_wide_lane, clamp_unsigned(x.a, x.bits))
LANEWISE(vector_narrow_sat_signed_unsigned, each_wide_lane, clamp_unsigned(x.sa, x.bits))
LANEWISE(vector_population_count, each_lane, __builtin_popcountll(x.a))
LANEWISE(vector_bit_reverse, each_lane, reversed_bits(x.a))
LANEWISE(vector_count_leading_zeros, each_lane, x.a ? (unsigned)__builtin_clzll(x.a) - (64 - x.bits) : x.bits)

void interpret_vector_select(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *mask = value_of(in, insn->a), *b = value_of(in, insn->b), *c = value_of(in, insn->c);
    for (unsigned i = 0; i < 2; i++)
        result->u64[i] = (b->u64[i] & mask->u64[i]) | (c->u64[i] & ~mask->u64[i]);
}

void interpret_vector_mul_long_poly(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b);
    if (insn->lane == LANE_64) {
        unsigned __int128 product = carry_less_product(a->u64[0], b->u64[0]);
        *result = (union vector128){.u64 = {(uint64_t)product, (uint64_t)(product >> 64)}};
        return;
    }
    for (unsigned i = 0; i < lane_count(insn->lane) / 2; i++)
        lane_set(result, insn->lane + 1u, i, (uint64_t)carry_less_product(lane_get(a, insn->lane, i), lane_get(b, insn->lane, i)));
}

static void add_pairs(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, bool is_signed)
{
    for (unsigned i = 0; i < lane_count(insn->lane) / 2; i++) {
        struct lane even = lane_operands(in, insn, insn->lane, 2 * i), odd = lane_operands(in, insn, insn->lane, 2 * i + 1);
        lane_set(result, insn->lane + 1u, i, is_signed ? (uint64_t)even.sa + (uint64_t)odd.sa : even.a + odd.a);
    }
}

void interpret_vector_add_pairs_long_signed(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    add_pairs(in, insn, result, true);
}

void interpret_vector_add_pairs_long_unsigned(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    add_pairs(in, insn, result, false);
}

/* imm lanes folded into lane 0: a is what has been gathered so far, b the next lane. */
static void reduce(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, uint64_t (*compute)(struct lane x))
{
    struct lane x = lane_operands(in, insn, insn->lane, 0);
    for (unsigned i = 1; i < insn->imm; i++) {
        struct lane next = lane_operands(in, insn, insn->lane, i);
        x.b = next.a;
        x.sb = next.sa;
        x.a = low_bits(compute(x), x.bits);
        x.sa = sign_extend_bits(x.a, x.bits);
    }
    *result = (union vector128){.u64 = {x.a, 0}};
}

#define REDUCTION(op, lane_operation) \
    void interpret_##op(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) \
    { \
        reduce(in, insn, result, lane_operation); \
    }
REDUCTION(vector_sum, lane_vector_add)
REDUCTION(vector_reduce_min_signed, lane_vector_min_signed)
REDUCTION(vector_reduce_min_unsigned, lane_vector_min_unsigned)
REDUCTION(vector_reduce_max_signed, lane_vector_max_signed)
REDUCTION(vector_reduce_max_unsigned, lane_vector_max_unsigned)

void interpret_vector_dot_signed(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b);
    *result = (union vector128){{0}};
    for (unsigned i = 0; i < 16; i++)
        result->u32[i / 4] += (uint32_t)(a->s8[i] * b->s8[i]);
}

void interpret_vector_dot_unsigned(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b);
    *result = (union vector128){{0}};
    for (unsigned i = 0; i < 16; i++)
        result->u32[i / 4] += (uint32_t)(a->u8[i] * b->u8[i]);
}
