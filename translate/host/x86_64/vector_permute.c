/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Moving vector lanes: halves, duplication, insertion, interleaving, table lookup and reversal. Most are one shuffle whose
 * pattern is a constant in memory.
 */
#include "translate/host/x86_64/vector.h"

#include <string.h>

static struct operand byte_pattern(struct emitter *e, const uint8_t bytes[16])
{
    uint64_t halves[2];
    memcpy(halves, bytes, sizeof halves);
    return constant_vector(e, halves[0], halves[1]);
}

/* d = the bytes of insn's operand named by the pattern (0x80: zero). */
static void shuffle_bytes(struct emitter *e, const struct ir_insn *insn, ir_ref self, const uint8_t bytes[16])
{
    int d, a = take_copy(e, insn, self, &d);
    vector_op(e, INSN_pshufb, d, a, byte_pattern(e, bytes));
}

static void shuffle_dwords(struct emitter *e, const struct ir_insn *insn, ir_ref self, uint8_t pattern)
{
    struct vector_operands v = take_unary(e, insn, self);
    vector_op_imm(e, INSN_pshufd, v.d, REG_NONE, v.b, pattern);
}

static void binary(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_operands v = take_binary(e, insn, self);
    vector_op(e, op, v.d, v.a, v.b);
}

static void binary_imm(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op, uint8_t imm)
{
    struct vector_operands v = take_binary(e, insn, self);
    vector_op_imm(e, op, v.d, v.a, v.b, imm);
}

static struct ir_insn exchanged(const struct ir_insn *insn)
{
    struct ir_insn result = *insn;
    result.a = insn->b;
    result.b = insn->a;
    return result;
}

/* -- halves ---------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_low(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (is_zero_upper(e, insn->a)) {
        define_alias(e, self, insn->a);
        return;
    }
    struct vector_operands v = take_unary(e, insn, self);
    vector_op(e, INSN_movq, v.d, REG_NONE, v.b);
    note_zero_upper(e, self);
}

void x86_64_emit_vector_high(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d, a = take_copy(e, insn, self, &d);
    vector_shift(e, VECTOR_SHR_BYTES, d, a, 8);
    note_zero_upper(e, self);
}

void x86_64_emit_vector_combine(struct emitter *e, const struct ir_insn *insn, ir_ref self) { binary(e, insn, self, INSN_punpcklqdq); }

/* -- duplication -------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_dup(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn broadcast[] = {INSN_pbroadcastb, INSN_pbroadcastw, INSN_pbroadcastd, INSN_pbroadcastq};
    unsigned lane = insn->lane, number = (unsigned)insn->imm;
    if (x86_64_features.avx2 && number == 0) {
        struct vector_operands v = take_unary(e, insn, self);
        vector_op(e, broadcast[lane], v.d, REG_NONE, v.b);
    } else if (lane >= LANE_32) {
        shuffle_dwords(e, insn, self, lane == LANE_64 ? (number ? 0xee : 0x44) : (uint8_t)(number * 0x55));
    } else {
        uint8_t bytes[16];
        for (unsigned i = 0; i < 16; i++)
            bytes[i] = (uint8_t)((number << lane) + (i & ((1u << lane) - 1)));
        shuffle_bytes(e, insn, self, bytes);
    }
}

static void duplicate_constant(struct emitter *e, const struct ir_insn *insn, ir_ref self, uint64_t value)
{
    static const uint64_t masks[] = {0xff, 0xffff, 0xffffffff, ~(uint64_t)0};
    static const uint64_t repeat[] = {0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1};
    int d = define_vector(e, self);
    load_vector_constant(e, d, IR_V128, (value & masks[insn->lane]) * repeat[insn->lane]);
}

/* d's lane 0 to every lane. */
static void broadcast_lane_0(struct emitter *e, unsigned lane, int d)
{
    static const enum vector_insn broadcast[] = {INSN_pbroadcastb, INSN_pbroadcastw, INSN_pbroadcastd, INSN_pbroadcastq};
    if (x86_64_features.avx2) {
        vector_r(e, broadcast[lane], d, d);
    } else if (lane == LANE_8) {
        vector_op(e, INSN_pshufb, d, d, constant_vector(e, 0, 0));
    } else if (lane == LANE_16) {
        vector_op(e, INSN_pshufb, d, d, constant_lanes(e, LANE_16, 0x0100));
    } else {
        vector_op_imm(e, INSN_pshufd, d, REG_NONE, operand_reg(d), lane == LANE_32 ? 0x00 : 0x44);
    }
}

void x86_64_emit_vector_dup_int(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    const struct ir_insn *source = ir_at(e->region, insn->a);
    if (source->op == IR_constant && !(source->note & IR_NOTE_GUEST_PC)) {
        duplicate_constant(e, insn, self, source->imm);
        return;
    }
    int a = use_integer(e, insn->a), d = define_vector(e, self);
    if (x86_64_features.avx512) {
        static const enum vector_insn broadcast[] = {INSN_broadcastb_32, INSN_broadcastw_32, INSN_broadcastd_32, INSN_broadcastq_64};
        asm_vector(&e->as, broadcast[insn->lane], d, REG_NONE, operand_reg(a));
        return;
    }
    asm_vector_from_gpr(&e->as, insn->lane == LANE_64 ? 8 : 4, d, operand_reg(a));
    broadcast_lane_0(e, insn->lane, d);
}

/* -- single lanes ------------------------------------------------------------------------------------------------------------------ */

void x86_64_emit_vector_get_lane(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn extract[] = {INSN_pextrb_store, INSN_pextrw, INSN_pextrd_store, INSN_pextrq_store};
    unsigned number = (unsigned)insn->imm;
    int a = use_vector(e, insn->a), d = define_integer(e, self);
    if (number == 0 && insn->lane >= LANE_32)
        asm_vector_to_gpr(&e->as, insn->lane == LANE_64 ? 8 : 4, operand_reg(d), a);
    else if (insn->lane == LANE_16)
        asm_vector_imm(&e->as, INSN_pextrw, d, REG_NONE, operand_reg(a), (uint8_t)number);
    else
        asm_vector_imm(&e->as, extract[insn->lane], a, REG_NONE, operand_reg(d), (uint8_t)number);
    if (insn->type == IR_I32)
        note_zero_extended(e, self);
}

static enum vector_insn insert_insn(unsigned lane)
{
    static const enum vector_insn insert[] = {INSN_pinsrb, INSN_pinsrw, INSN_pinsrd, INSN_pinsrq};
    return insert[lane];
}

void x86_64_emit_vector_insert_int(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int b = use_integer(e, insn->b);
    int d, a = take_copy(e, insn, self, &d);
    vector_op_imm(e, insert_insn(insn->lane), d, a, operand_reg(b), (uint8_t)insn->imm);
}

static void insert_small_lane(struct emitter *e, const struct ir_insn *insn, ir_ref self, unsigned to, unsigned from)
{
    int b = use_vector(e, insn->b), through = scratch_integer(e);
    int d, a = take_copy(e, insn, self, &d);
    if (insn->lane == LANE_8)
        asm_vector_imm(&e->as, INSN_pextrb_store, b, REG_NONE, operand_reg(through), (uint8_t)from);
    else
        asm_vector_imm(&e->as, INSN_pextrw, through, REG_NONE, operand_reg(b), (uint8_t)from);
    vector_op_imm(e, insert_insn(insn->lane), d, a, operand_reg(through), (uint8_t)to);
}

static void insert_half(struct emitter *e, const struct ir_insn *insn, ir_ref self, unsigned to, unsigned from)
{
    struct ir_insn other = exchanged(insn);
    if (to == from)
        binary_imm(e, insn, self, INSN_pblendw, to ? 0xf0 : 0x0f);
    else if (to == 1)
        binary(e, insn, self, INSN_punpcklqdq);
    else
        binary(e, &other, self, INSN_punpckhqdq);
}

void x86_64_emit_vector_insert_lane(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned to = insn->imm & 0xff, from = insn->imm >> 8 & 0xff;
    if (insn->lane == LANE_64) {
        insert_half(e, insn, self, to, from);
    } else if (insn->lane == LANE_32) {
        /* insertps with a memory operand would ignore the source lane number. */
        int b = use_vector(e, insn->b);
        int d, a = take_copy(e, insn, self, &d);
        vector_op_imm(e, INSN_insertps, d, a, operand_reg(b), (uint8_t)(from << 6 | to << 4));
    } else {
        insert_small_lane(e, insn, self, to, from);
    }
}

/* -- two sources -------------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_extract_bytes(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct ir_insn other = exchanged(insn);
    binary_imm(e, &other, self, INSN_palignr, (uint8_t)insn->imm);
}

void x86_64_emit_vector_zip_low(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_punpcklbw, INSN_punpcklwd, INSN_punpckldq, INSN_punpcklqdq};
    binary(e, insn, self, ops[insn->lane]);
}

void x86_64_emit_vector_zip_high(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[] = {INSN_punpckhbw, INSN_punpckhwd, INSN_punpckhdq, INSN_punpckhqdq};
    binary(e, insn, self, ops[insn->lane]);
}

/* 8 and 16 bits: even lanes by a mask, odd ones by a shift, then the unsigned pack. */
static void unzip_small(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool odd)
{
    bool bytes = insn->lane == LANE_8;
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    if (odd) {
        vector_shift(e, bytes ? VECTOR_SHR_16 : VECTOR_SHR_32, v.d, v.a, bytes ? 8 : 16);
        vector_shift(e, bytes ? VECTOR_SHR_16 : VECTOR_SHR_32, s, v.b, bytes ? 8 : 16);
    } else {
        struct operand mask = bytes ? constant_lanes(e, LANE_16, 0xff) : constant_lanes(e, LANE_32, 0xffff);
        vector_op(e, INSN_pand, v.d, v.a, mask);
        vector_op(e, INSN_pand, s, v.b, mask);
    }
    vector_rr(e, bytes ? INSN_packuswb : INSN_packusdw, v.d, v.d, s);
}

static void unzip(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool odd)
{
    if (insn->lane == LANE_64)
        binary(e, insn, self, odd ? INSN_punpckhqdq : INSN_punpcklqdq);
    else if (insn->lane == LANE_32)
        binary_imm(e, insn, self, INSN_shufps, odd ? 0xdd : 0x88);
    else
        unzip_small(e, insn, self, odd);
}

void x86_64_emit_vector_unzip_even(struct emitter *e, const struct ir_insn *insn, ir_ref self) { unzip(e, insn, self, false); }
void x86_64_emit_vector_unzip_odd(struct emitter *e, const struct ir_insn *insn, ir_ref self) { unzip(e, insn, self, true); }

/* One operand is shifted into the other's place, then the lanes are mixed. */
static void transpose(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool odd)
{
    static const enum vector_shift left[] = {VECTOR_SHL_16, VECTOR_SHL_32, VECTOR_SHL_64};
    static const enum vector_shift right[] = {VECTOR_SHR_16, VECTOR_SHR_32, VECTOR_SHR_64};
    if (insn->lane == LANE_64) {
        binary(e, insn, self, odd ? INSN_punpckhqdq : INSN_punpcklqdq);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    vector_shift(e, odd ? right[insn->lane] : left[insn->lane], v.d, odd ? v.a : v.b, 8u << insn->lane);
    if (insn->lane == LANE_8) {
        struct operand mask = constant_lanes(e, LANE_16, odd ? 0xff00 : 0x00ff);
        if (x86_64_features.avx512) {
            vector_ternary(e, TERNARY_OR_B_AND_C, v.d, odd ? v.b : v.a, mask);
            return;
        }
        int s = scratch_vector(e);
        vector_op(e, INSN_pand, s, odd ? v.b : v.a, mask);
        vector_rr(e, INSN_por, v.d, v.d, s);
    } else {
        uint8_t odd_lanes = insn->lane == LANE_16 ? 0xaa : 0xcc;
        vector_op_imm(e, INSN_pblendw, v.d, v.d, operand_reg(odd ? v.b : v.a), odd ? odd_lanes : (uint8_t)~odd_lanes);
    }
}

void x86_64_emit_vector_transpose_even(struct emitter *e, const struct ir_insn *insn, ir_ref self) { transpose(e, insn, self, false); }
void x86_64_emit_vector_transpose_odd(struct emitter *e, const struct ir_insn *insn, ir_ref self) { transpose(e, insn, self, true); }

/* -- reversal and table lookup ----------------------------------------------------------------------------------------------------------- */

void x86_64_emit_vector_reverse(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned container_lanes = (1u << insn->imm) >> insn->lane;
    uint8_t bytes[16];
    for (unsigned i = 0; i < 16; i++) {
        unsigned lane = i >> insn->lane, within = i & ((1u << insn->lane) - 1);
        bytes[i] = (uint8_t)(((lane ^ (container_lanes - 1)) << insn->lane) + within);
    }
    if (insn->lane == LANE_32)
        shuffle_dwords(e, insn, self, 0xb1);
    else
        shuffle_bytes(e, insn, self, bytes);
}

/* pshufb zeroes bytes whose index is negative: indexes from 16 on are made so. */
void x86_64_emit_vector_table(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int index = x86_64_features.avx ? v.d : scratch_vector(e);
    vector_op(e, INSN_paddusb, index, v.b, constant_lanes(e, LANE_8, 0x70));
    vector_rr(e, INSN_pshufb, v.d, v.a, index);
}

/* -- within bytes -------------------------------------------------------------------------------------------------------------------- */

struct nibble_tables { uint8_t low[16], high[16]; };

/* d = low[a & 15] op high[a >> 4] in each byte. */
static void combine_nibbles(struct emitter *e, int d, int a, int s, int t, const struct nibble_tables *tables, enum vector_insn op)
{
    struct operand low_nibbles = constant_lanes(e, LANE_8, 0x0f);
    vector_op(e, INSN_pand, s, a, low_nibbles);
    vector_op(e, INSN_movaps, d, REG_NONE, byte_pattern(e, tables->low));
    vector_rr(e, INSN_pshufb, d, d, s);
    vector_shift(e, VECTOR_SHR_16, s, a, 4);
    vector_op(e, INSN_pand, s, s, low_nibbles);
    vector_op(e, INSN_movaps, t, REG_NONE, byte_pattern(e, tables->high));
    vector_rr(e, INSN_pshufb, t, t, s);
    vector_rr(e, op, d, d, t);
}

static void unary(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_operands v = take_unary(e, insn, self);
    vector_op(e, op, v.d, REG_NONE, v.b);
}

void x86_64_emit_vector_population_count(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (x86_64_features.avx512_bitalg) {
        unary(e, insn, self, INSN_popcntb);
        return;
    }
    static const struct nibble_tables tables = {
        {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4}, {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4}};
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), t = scratch_vector(e);
    combine_nibbles(e, v.d, v.a, s, t, &tables, INSN_paddb);
}

void x86_64_emit_vector_bit_reverse(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (x86_64_features.gfni) {                                 /* byte 7 - i of the matrix says which bits give bit i */
        int d, a = take_copy(e, insn, self, &d);
        vector_op_imm(e, INSN_gf2p8affineqb, d, a, constant_lanes(e, LANE_64, 0x8040201008040201), 0);
        return;
    }
    static const struct nibble_tables tables = {
        {0x00, 0x80, 0x40, 0xc0, 0x20, 0xa0, 0x60, 0xe0, 0x10, 0x90, 0x50, 0xd0, 0x30, 0xb0, 0x70, 0xf0},
        {0x00, 0x08, 0x04, 0x0c, 0x02, 0x0a, 0x06, 0x0e, 0x01, 0x09, 0x05, 0x0d, 0x03, 0x0b, 0x07, 0x0f}};
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), t = scratch_vector(e);
    combine_nibbles(e, v.d, v.a, s, t, &tables, INSN_por);
}

/* From counts in lanes of half the width: the upper half's, plus the lower half's where the upper half is all zeros. */
static void join_leading_zeros(struct emitter *e, unsigned lane, int d, int s, int t)
{
    bool words = lane == LANE_16;
    unsigned half = 4u << lane;
    vector_shift(e, words ? VECTOR_SHR_16 : VECTOR_SHR_32, s, d, half);
    vector_op(e, INSN_movaps, t, REG_NONE, constant_lanes(e, lane, half));
    vector_rr(e, words ? INSN_pcmpeqw : INSN_pcmpeqd, t, t, s);
    vector_op(e, INSN_pand, d, d, constant_lanes(e, lane, ((uint64_t)1 << half) - 1));
    vector_rr(e, INSN_pand, d, d, t);
    vector_rr(e, words ? INSN_paddw : INSN_paddd, d, d, s);
}

/* 32 bits have an instruction; 16 go through it, with a one set where the lane ends. */
static void leading_zeros_avx512(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane == LANE_32) {
        unary(e, insn, self, INSN_plzcntd);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    struct operand stop = constant_lanes(e, LANE_32, 0x8000);
    vector_shift(e, VECTOR_SHL_32, s, v.a, 16);
    vector_op(e, INSN_por, s, s, stop);
    vector_r(e, INSN_plzcntd, s, s);
    vector_op(e, INSN_por, v.d, v.a, stop);
    vector_r(e, INSN_plzcntd, v.d, v.d);
    vector_shift(e, VECTOR_SHL_32, v.d, v.d, 16);
    vector_rr(e, INSN_por, v.d, v.d, s);
}

/* Bytes: the smaller of what the nibbles say, 4 + zeros of the low one and zeros of the high one (8 when it is zero). */
void x86_64_emit_vector_count_leading_zeros(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const struct nibble_tables tables = {
        {8, 7, 6, 6, 5, 5, 5, 5, 4, 4, 4, 4, 4, 4, 4, 4}, {8, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}};
    if (x86_64_features.avx512 && insn->lane != LANE_8) {
        leading_zeros_avx512(e, insn, self);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), t = scratch_vector(e);
    combine_nibbles(e, v.d, v.a, s, t, &tables, INSN_pminub);
    if (insn->lane >= LANE_16)
        join_leading_zeros(e, LANE_16, v.d, s, t);
    if (insn->lane >= LANE_32)
        join_leading_zeros(e, LANE_32, v.d, s, t);
}
