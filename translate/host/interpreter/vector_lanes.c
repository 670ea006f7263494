/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group vector, lanes moved about: low and high halves, broadcasts, inserts, interleaving, reversal, table lookup.
 */
#include "translate/host/interpreter/interpreter.h"

void interpret_vector_low(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = (union vector128){.u64 = {value_of(in, insn->a)->u64[0], 0}};
}

void interpret_vector_high(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = (union vector128){.u64 = {value_of(in, insn->a)->u64[1], 0}};
}

void interpret_vector_combine(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = (union vector128){.u64 = {value_of(in, insn->a)->u64[0], value_of(in, insn->b)->u64[0]}};
}

static void broadcast(union vector128 *result, unsigned lane, uint64_t value)
{
    for (unsigned i = 0; i < lane_count(lane); i++)
        lane_set(result, lane, i, value);
}

void interpret_vector_dup(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    broadcast(result, insn->lane, lane_get(value_of(in, insn->a), insn->lane, (unsigned)insn->imm));
}

void interpret_vector_dup_int(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    broadcast(result, insn->lane, integer_of(in, insn->a));
}

void interpret_vector_get_lane(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = lane_get(value_of(in, insn->a), insn->lane, (unsigned)insn->imm);
}

void interpret_vector_insert_int(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = *value_of(in, insn->a);
    lane_set(result, insn->lane, (unsigned)insn->imm, integer_of(in, insn->b));
}

void interpret_vector_insert_lane(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = *value_of(in, insn->a);
    lane_set(result, insn->lane, insn->imm & 0xff, lane_get(value_of(in, insn->b), insn->lane, (unsigned)(insn->imm >> 8)));
}

void interpret_vector_extract_bytes(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b);
    for (unsigned i = 0; i < 16; i++) {
        unsigned from = i + (unsigned)insn->imm;
        result->u8[i] = from < 16 ? a->u8[from] : b->u8[from - 16];
    }
}

/* Lanes of a and b in turn, beginning with lane `first` of both, `step` apart. */
static void interleave(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, unsigned first, unsigned step)
{
    for (unsigned i = 0; i < lane_count(insn->lane) / 2; i++) {
        lane_set(result, insn->lane, 2 * i, lane_get(value_of(in, insn->a), insn->lane, first + i * step));
        lane_set(result, insn->lane, 2 * i + 1, lane_get(value_of(in, insn->b), insn->lane, first + i * step));
    }
}

void interpret_vector_zip_low(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    interleave(in, insn, result, 0, 1);
}

void interpret_vector_zip_high(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    interleave(in, insn, result, lane_count(insn->lane) / 2, 1);
}

void interpret_vector_transpose_even(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    interleave(in, insn, result, 0, 2);
}

void interpret_vector_transpose_odd(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    interleave(in, insn, result, 1, 2);
}

/* Every second lane of a, then of b. */
static void unzip(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, unsigned first)
{
    unsigned half = lane_count(insn->lane) / 2;
    for (unsigned i = 0; i < half; i++) {
        lane_set(result, insn->lane, i, lane_get(value_of(in, insn->a), insn->lane, first + 2 * i));
        lane_set(result, insn->lane, half + i, lane_get(value_of(in, insn->b), insn->lane, first + 2 * i));
    }
}

void interpret_vector_unzip_even(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) { unzip(in, insn, result, 0); }

void interpret_vector_unzip_odd(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) { unzip(in, insn, result, 1); }

void interpret_vector_reverse(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    unsigned last = (1u << (insn->imm - insn->lane)) - 1;       /* number of the container's last lane */
    for (unsigned i = 0; i < lane_count(insn->lane); i++)
        lane_set(result, insn->lane, i, lane_get(value_of(in, insn->a), insn->lane, i ^ last));
}

void interpret_vector_table(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *table = value_of(in, insn->a), *indices = value_of(in, insn->b);
    for (unsigned i = 0; i < 16; i++)
        result->u8[i] = indices->u8[i] < 16 ? table->u8[indices->u8[i]] : 0;
}
