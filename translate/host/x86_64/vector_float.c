/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packed floating point. As in float.c the host computes and odd cases are redone exactly out of line: one test finds a NaN (or
 * an out-of-range conversion) in any lane and the C routine then computes every lane.
 *
 * Operations on the low 64 bits only must not raise exceptions for what is above: the low halves of the operands are
 * duplicated first, unless zeros are there and zeros raise nothing.
 */
#include "translate/host/x86_64/vector.h"

enum { ROUND_IMM_SUPPRESS_INEXACT = 8, ROUND_IMM_CURRENT = 4, ROUND_IMM_ZERO = 3 };
enum { COMPARE_EQUAL = 0, COMPARE_LESS = 1, COMPARE_LESS_EQUAL = 2, COMPARE_UNORDERED = 3, COMPARE_NOT_LESS = 5 };

static bool has_doubles(const struct ir_insn *insn) { return insn->lane == LANE_64; }
static bool is_low_only(const struct ir_insn *insn) { return insn->imm & 1; }

static enum vector_insn by_width(const struct ir_insn *insn, enum vector_insn single_insn, enum vector_insn double_insn)
{
    return has_doubles(insn) ? double_insn : single_insn;
}

/* EFLAGS: NE where a lane of the mask s is set. One micro-operation less than ptest. */
static void test_mask(struct emitter *e, int s)
{
    int bits = scratch_integer(e);
    vector_r(e, INSN_movmskps, bits, s);
    asm_test(&e->as, 4, operand_reg(bits), bits);
}

static void compare(struct emitter *e, const struct ir_insn *insn, int d, int a, int b, uint8_t predicate)
{
    vector_op_imm(e, by_width(insn, INSN_cmpps, INSN_cmppd), d, a, operand_reg(b), predicate);
}

static uint8_t rounding_imm(unsigned rounding)
{
    static const uint8_t imm[] = {[ROUND_NEAREST_EVEN] = 0, [ROUND_UP] = 2, [ROUND_DOWN] = 1, [ROUND_ZERO] = 3, [ROUND_CURRENT] = 4};
    return imm[rounding];
}

/* Ends an operation whose result is in d: zeroes the upper half if it does not count, and goes to the exact routine when a
 * lane of `checked` is a NaN. s is clobbered. */
static void repair_nans(struct emitter *e, const struct ir_insn *insn, int checked, int d, int s, const int sources[3])
{
    compare(e, insn, s, checked, checked, COMPARE_UNORDERED);
    if (is_low_only(insn))
        vector_r(e, INSN_movq, d, d);
    test_mask(e, s);
    cold_resume(e, cold_exact(e, HOST_NE, insn, d, sources[0], sources[1], sources[2]));
}

static void note_result(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (is_low_only(insn))
        note_zero_upper(e, self);
}

/* -- arithmetic ---------------------------------------------------------------------------------------------------------- */

/* zeros_are_quiet: 0 op 0 raises nothing. */
static void arithmetic(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op, bool zeros_are_quiet)
{
    host_flags_clobbered(e);
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    bool zeros = zeros_are_quiet && is_zero_upper(e, insn->a) && is_zero_upper(e, insn->b);
    if (is_low_only(insn) && !zeros) {
        vector_r(e, INSN_movddup, v.d, v.a);
        vector_r(e, INSN_movddup, s, v.b);
        vector_rr(e, op, v.d, v.d, s);
    } else {
        vector_rr(e, op, v.d, v.a, v.b);
    }
    note_result(e, insn, self);
    repair_nans(e, insn, v.d, v.d, s, (const int[]){v.a, v.b, REG_NONE});
}

void x86_64_emit_vector_float_add(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    arithmetic(e, insn, self, by_width(insn, INSN_addps, INSN_addpd), true);
}

void x86_64_emit_vector_float_sub(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    arithmetic(e, insn, self, by_width(insn, INSN_subps, INSN_subpd), true);
}

void x86_64_emit_vector_float_mul(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    arithmetic(e, insn, self, by_width(insn, INSN_mulps, INSN_mulpd), true);
}

void x86_64_emit_vector_float_div(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    arithmetic(e, insn, self, by_width(insn, INSN_divps, INSN_divpd), false);
}

void x86_64_emit_vector_float_sqrt(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), source = v.a;
    if (is_low_only(insn) && !is_zero_upper(e, insn->a))
        vector_r(e, INSN_movddup, source = v.d, v.a);
    vector_r(e, by_width(insn, INSN_sqrtps, INSN_sqrtpd), v.d, source);
    note_result(e, insn, self);
    repair_nans(e, insn, v.d, v.d, s, (const int[]){v.a, REG_NONE, REG_NONE});
}

/* d = ±a * b + c. For low halves the operands' upper halves are those of d (duplicated a) times b's low half: each operand
 * has to be duplicated, one after the other through memory when registers are short. */
static void multiply_add_low(struct emitter *e, enum vector_insn op, int d, int s, const int sources[3])
{
    struct operand addend = state_operand(offsetof(struct vcpu, helper_result));
    vector_r(e, INSN_movddup, s, sources[2]);
    asm_vector_store(&e->as, 16, addend, s);
    vector_r(e, INSN_movddup, d, sources[0]);
    vector_r(e, INSN_movddup, s, sources[1]);
    vector_op(e, op, d, s, addend);
}

void x86_64_emit_vector_float_mul_add(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    if (!x86_64_features.fma) {
        emit_exact_operands(e, insn, self);
        return;
    }
    int a = use_vector(e, insn->a), b = use_vector(e, insn->b), c = use_vector(e, insn->c), d = define_vector_early(e, self);
    enum vector_insn op = insn->cond & 1 ? by_width(insn, INSN_fnmadd213ps, INSN_fnmadd213pd) : by_width(insn, INSN_fmadd213ps, INSN_fmadd213pd);
    const int sources[] = {a, b, c};
    bool zeros = is_zero_upper(e, insn->a) && is_zero_upper(e, insn->b) && is_zero_upper(e, insn->c);
    note_result(e, insn, self);
    if (is_low_only(insn) && !zeros) {
        struct borrowed_vector s = borrow_vector(e, b);
        int saved = s.saved ? s.reg : REG_NONE;
        if (saved != REG_NONE) {                               /* b itself is the scratch: take its low half from memory */
            struct operand low = state_operand(offsetof(struct vcpu, helper_vector) + 3 * sizeof(union vector128));
            vector_r(e, INSN_movddup, d, c);
            asm_vector_store(&e->as, 16, state_operand(offsetof(struct vcpu, helper_result)), d);
            vector_r(e, INSN_movddup, d, a);
            vector_op(e, INSN_movddup, s.reg, REG_NONE, low);
            asm_vector(&e->as, op, d, s.reg, state_operand(offsetof(struct vcpu, helper_result)));
        } else {
            multiply_add_low(e, op, d, s.reg, sources);
        }
        compare(e, insn, s.reg, d, d, COMPARE_UNORDERED);
        vector_r(e, INSN_movq, d, d);
        test_mask(e, s.reg);
        give_back_vector(e, s);
    } else {
        asm_vector_move(&e->as, d, a);
        asm_vector(&e->as, op, d, b, operand_reg(c));
        struct borrowed_vector s = borrow_vector(e, b);
        compare(e, insn, s.reg, d, d, COMPARE_UNORDERED);
        if (is_low_only(insn))
            vector_r(e, INSN_movq, d, d);
        test_mask(e, s.reg);
        give_back_vector(e, s);
    }
    cold_resume(e, cold_exact(e, HOST_NE, insn, d, a, b, c));
}

/* -- minimum and maximum ------------------------------------------------------------------------------------------------------ */

/* NaNs go cold before minps sees them (it would raise invalid for quiet ones). Zeros of both signs: minps returns its second
 * operand, so both orders are taken and their bits joined. */
static void min_max(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op, bool is_max)
{
    host_flags_clobbered(e);
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    bool duplicate = is_low_only(insn) && !(is_zero_upper(e, insn->a) && is_zero_upper(e, insn->b));
    int x = v.a;
    struct operand second = operand_reg(v.b);
    if (duplicate) {
        second = state_operand(offsetof(struct vcpu, helper_result));
        vector_r(e, INSN_movddup, s, v.b);
        asm_vector_store(&e->as, 16, second, s);
        vector_r(e, INSN_movddup, v.d, v.a);
        vector_op_imm(e, by_width(insn, INSN_cmpps, INSN_cmppd), s, s, operand_reg(v.d), COMPARE_UNORDERED);
        x = v.d;
    } else {
        compare(e, insn, s, v.a, v.b, COMPARE_UNORDERED);
    }
    test_mask(e, s);
    struct cold_path *cold = cold_exact(e, HOST_NE, insn, v.d, v.a, v.b, REG_NONE);
    if (duplicate)
        vector_op(e, INSN_movaps, s, REG_NONE, second);
    vector_rr(e, op, s, duplicate ? s : v.b, x);
    vector_op(e, op, v.d, x, second);
    vector_rr(e, is_max ? INSN_andps : INSN_orps, v.d, v.d, s);
    if (is_low_only(insn))
        vector_r(e, INSN_movq, v.d, v.d);
    note_result(e, insn, self);
    cold_resume(e, cold);
}

void x86_64_emit_vector_float_min(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    min_max(e, insn, self, by_width(insn, INSN_minps, INSN_minpd), false);
}

void x86_64_emit_vector_float_max(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    min_max(e, insn, self, by_width(insn, INSN_maxps, INSN_maxpd), true);
}

void x86_64_emit_vector_float_min_number(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    min_max(e, insn, self, by_width(insn, INSN_minps, INSN_minpd), false);
}

void x86_64_emit_vector_float_max_number(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    min_max(e, insn, self, by_width(insn, INSN_maxps, INSN_maxpd), true);
}

/* -- signs ---------------------------------------------------------------------------------------------------------------------- */

static struct operand lanes_below_sign(struct emitter *e, unsigned lane)
{
    return constant_lanes(e, lane, ((uint64_t)1 << ((8u << lane) - 1)) - 1);
}

static struct operand lanes_sign(struct emitter *e, unsigned lane)
{
    return constant_lanes(e, lane, (uint64_t)1 << ((8u << lane) - 1));
}

void x86_64_emit_vector_float_neg(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d, a = take_copy(e, insn, self, &d);
    vector_op(e, INSN_xorps, d, a, lanes_sign(e, insn->lane));
    if (is_low_only(insn))
        vector_r(e, INSN_movq, d, d);
    note_result(e, insn, self);
}

void x86_64_emit_vector_float_abs(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d, a = take_copy(e, insn, self, &d);
    vector_op(e, INSN_andps, d, a, lanes_below_sign(e, insn->lane));
    if (is_low_only(insn))
        vector_r(e, INSN_movq, d, d);
    note_result(e, insn, self);
}

/* -- comparison ------------------------------------------------------------------------------------------------------------------- */

/* a > b is b < a, whose predicate both encodings have and which signals on quiet NaNs. */
static void vector_compare(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool swap, uint8_t predicate)
{
    struct vector_registers v = take_early(e, insn, self);
    int a = swap ? v.b : v.a, b = swap ? v.a : v.b;
    if (is_low_only(insn) && !(is_zero_upper(e, insn->a) && is_zero_upper(e, insn->b))) {
        int s = scratch_vector(e);
        vector_r(e, INSN_movddup, v.d, a);
        vector_r(e, INSN_movddup, s, b);
        compare(e, insn, v.d, v.d, s, predicate);
    } else {
        compare(e, insn, v.d, a, b, predicate);
    }
    if (is_low_only(insn))
        vector_r(e, INSN_movq, v.d, v.d);
    note_result(e, insn, self);
}

void x86_64_emit_vector_float_equal(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    vector_compare(e, insn, self, false, COMPARE_EQUAL);
}

void x86_64_emit_vector_float_greater(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    vector_compare(e, insn, self, true, COMPARE_LESS);
}

void x86_64_emit_vector_float_greater_equal(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    vector_compare(e, insn, self, true, COMPARE_LESS_EQUAL);
}

/* -- rounding ------------------------------------------------------------------------------------------------------------------------- */

/* d = a (or its low half twice) with lanes that have no fraction, and NaNs, sent to the cold path; then |a|'s truncation plus one
 * where a half or more was cut off, with a's sign. Nothing here raises a flag. */
static void round_away(struct emitter *e, const struct ir_insn *insn, const struct vector_registers *v, int s)
{
    bool wide = has_doubles(insn);
    vector_r(e, is_low_only(insn) ? INSN_movddup : INSN_movaps, v->d, v->a);
    vector_op(e, INSN_andps, v->d, v->d, lanes_below_sign(e, insn->lane));
    vector_r(e, INSN_movaps, s, v->d);
    vector_op(e, wide ? INSN_pcmpgtq : INSN_pcmpgtd, s, s, constant_lanes(e, insn->lane, wide ? 0x432fffffffffffff : 0x4affffff));
    test_mask(e, s);
    struct cold_path *cold = cold_exact(e, HOST_NE, insn, v->d, v->a, REG_NONE, REG_NONE);
    vector_op_imm(e, wide ? INSN_roundpd : INSN_roundps, s, REG_NONE, operand_reg(v->d), ROUND_IMM_ZERO | ROUND_IMM_SUPPRESS_INEXACT);
    vector_rr(e, wide ? INSN_subpd : INSN_subps, v->d, v->d, s);
    vector_op_imm(e, wide ? INSN_cmppd : INSN_cmpps, v->d, v->d,
                  constant_lanes(e, insn->lane, wide ? 0x3fe0000000000000 : 0x3f000000), COMPARE_NOT_LESS);
    vector_op(e, INSN_andps, v->d, v->d, constant_lanes(e, insn->lane, wide ? 0x3ff0000000000000 : 0x3f800000));
    vector_rr(e, wide ? INSN_addpd : INSN_addps, v->d, v->d, s);
    vector_op(e, INSN_movaps, s, REG_NONE, lanes_sign(e, insn->lane));
    vector_rr(e, INSN_andps, s, s, v->a);
    vector_rr(e, INSN_orps, v->d, v->d, s);
    if (is_low_only(insn))
        vector_r(e, INSN_movq, v->d, v->d);
    cold_resume(e, cold);
}

void x86_64_emit_vector_float_round(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    bool raise_inexact = insn->imm & 2;
    if (insn->cond == ROUND_NEAREST_AWAY && raise_inexact) {
        emit_exact_operands(e, insn, self);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), source = v.a;
    note_result(e, insn, self);
    if (insn->cond == ROUND_NEAREST_AWAY) {
        round_away(e, insn, &v, s);
        return;
    }
    if (is_low_only(insn) && !is_zero_upper(e, insn->a))
        vector_r(e, INSN_movddup, source = v.d, v.a);
    vector_op_imm(e, by_width(insn, INSN_roundps, INSN_roundpd), v.d, REG_NONE, operand_reg(source),
                  rounding_imm(insn->cond) | (raise_inexact ? 0 : ROUND_IMM_SUPPRESS_INEXACT));
    repair_nans(e, insn, v.d, v.d, s, (const int[]){v.a, REG_NONE, REG_NONE});
}

/* -- to integers ------------------------------------------------------------------------------------------------------------------------ */

/* d = a rounded to integral quietly (low half twice where only that counts), or a itself where the conversion rounds. */
static int rounded_source(struct emitter *e, const struct ir_insn *insn, int d, int a, bool conversion_rounds)
{
    int source = a;
    if (is_low_only(insn) && !is_zero_upper(e, insn->a))
        vector_r(e, INSN_movddup, source = d, a);
    if (!conversion_rounds)
        vector_op_imm(e, by_width(insn, INSN_roundps, INSN_roundpd), d, REG_NONE, operand_reg(source),
                      rounding_imm(insn->cond) | ROUND_IMM_SUPPRESS_INEXACT);
    return conversion_rounds ? source : d;
}

/* Rounds once more, for the inexact flag: after the range check, since an invalid conversion raises nothing else. */
static void raise_inexact(struct emitter *e, const struct ir_insn *insn, int s, int a)
{
    if (is_low_only(insn) && !is_zero_upper(e, insn->a)) {
        vector_r(e, INSN_movddup, s, a);
        a = s;
    }
    vector_op_imm(e, by_width(insn, INSN_roundps, INSN_roundpd), s, REG_NONE, operand_reg(a), ROUND_IMM_ZERO);
}

static void singles_to_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    bool conversion_rounds = insn->cond == ROUND_ZERO || insn->cond == ROUND_CURRENT;
    int source = rounded_source(e, insn, v.d, v.a, conversion_rounds);
    vector_r(e, insn->cond == ROUND_CURRENT ? INSN_cvtps2dq : INSN_cvttps2dq, v.d, source);
    vector_op(e, INSN_movaps, s, REG_NONE, lanes_sign(e, LANE_32));
    vector_rr(e, INSN_pcmpeqd, s, s, v.d);
    if (is_low_only(insn))
        vector_r(e, INSN_movq, v.d, v.d);
    test_mask(e, s);
    struct cold_path *cold = cold_exact(e, HOST_NE, insn, v.d, v.a, REG_NONE, REG_NONE);
    if (!conversion_rounds)
        raise_inexact(e, insn, s, v.a);
    cold_resume(e, cold);
}

/* Values from 2^31 on (and positive NaNs) are sent away by an integer compare of the bits before the conversion could raise
 * invalid; negative results after it. */
static void singles_to_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    int source = rounded_source(e, insn, v.d, v.a, false);
    vector_r(e, INSN_movaps, s, source);
    vector_op(e, INSN_pcmpgtd, s, s, constant_lanes(e, LANE_32, 0x4effffff));
    test_mask(e, s);
    struct cold_path *large = cold_exact(e, HOST_NE, insn, v.d, v.a, REG_NONE, REG_NONE);
    vector_r(e, INSN_cvttps2dq, v.d, source);
    if (is_low_only(insn))
        vector_r(e, INSN_movq, v.d, v.d);
    test_mask(e, v.d);
    struct cold_path *negative = cold_exact(e, HOST_NE, insn, v.d, v.a, REG_NONE, REG_NONE);
    raise_inexact(e, insn, s, v.a);
    cold_resume(e, large);
    cold_resume(e, negative);
}

/* AVX-512's conversions: an invalid lane becomes the value that no valid one has (the minimum for signed results, which is
 * also a valid one and then exact; all ones for unsigned results, which no float is). */
static void to_integers_avx512(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool is_signed)
{
    static const enum vector_insn truncating[2][2] = {{INSN_cvttps2udq, INSN_cvttpd2uqq}, {INSN_cvttps2dq, INSN_cvttpd2qq}};
    static const enum vector_insn rounding[2][2] = {{INSN_cvtps2udq, INSN_cvtpd2uqq}, {INSN_cvtps2dq, INSN_cvtpd2qq}};
    bool wide = has_doubles(insn), conversion_rounds = insn->cond == ROUND_ZERO || insn->cond == ROUND_CURRENT;
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    int source = rounded_source(e, insn, v.d, v.a, conversion_rounds);
    vector_r(e, (insn->cond == ROUND_CURRENT ? rounding : truncating)[is_signed][wide], v.d, source);
    vector_op(e, wide ? INSN_pcmpeqq : INSN_pcmpeqd, s, v.d, is_signed ? lanes_sign(e, insn->lane) : constant_lanes(e, LANE_8, 0xff));
    if (is_low_only(insn))
        vector_r(e, INSN_movq, v.d, v.d);
    test_mask(e, s);
    struct cold_path *cold = cold_exact(e, HOST_NE, insn, v.d, v.a, REG_NONE, REG_NONE);
    if (!conversion_rounds)
        raise_inexact(e, insn, s, v.a);
    cold_resume(e, cold);
}

/* No packed 64-bit conversion before AVX-512: one lane after the other through integer registers. */
static void doubles_to_integers(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool is_signed)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), low = scratch_integer(e), high = is_low_only(insn) ? REG_NONE : scratch_integer(e);
    bool conversion_rounds = is_signed && (insn->cond == ROUND_ZERO || insn->cond == ROUND_CURRENT);
    enum vector_insn op = conversion_rounds && insn->cond == ROUND_CURRENT ? INSN_cvtsd2si_64 : INSN_cvttsd2si_64;
    int source = rounded_source(e, insn, v.d, v.a, conversion_rounds);
    struct cold_path *cold[3] = {NULL, NULL, NULL};
    if (!is_signed) {
        vector_r(e, INSN_movaps, s, source);
        vector_op(e, INSN_pcmpgtq, s, s, constant_lanes(e, LANE_64, 0x43dfffffffffffff));
        test_mask(e, s);
        cold[2] = cold_exact(e, HOST_NE, insn, v.d, v.a, REG_NONE, REG_NONE);
    }
    int lanes[2] = {low, high};
    for (unsigned i = 0; i < 2 && lanes[i] != REG_NONE; i++) {
        if (i == 1)
            vector_op_imm(e, INSN_pshufd, s, REG_NONE, operand_reg(source), 0xee);
        vector_r(e, op, lanes[i], i == 0 ? source : s);
        if (is_signed)
            asm_alu_imm(&e->as, ALU_CMP, 8, operand_reg(lanes[i]), 1);
        else
            asm_test(&e->as, 8, operand_reg(lanes[i]), lanes[i]);
        cold[i] = cold_exact(e, is_signed ? HOST_O : HOST_S, insn, v.d, v.a, REG_NONE, REG_NONE);
    }
    if (!conversion_rounds)
        raise_inexact(e, insn, s, v.a);
    asm_vector_from_gpr(&e->as, 8, v.d, operand_reg(low));
    if (high != REG_NONE)
        vector_op_imm(e, INSN_pinsrq, v.d, v.d, operand_reg(high), 1);
    for (unsigned i = 0; i < 3; i++)
        if (cold[i] != NULL)
            cold_resume(e, cold[i]);
}

void x86_64_emit_vector_float_to_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    if (insn->cond == ROUND_NEAREST_AWAY)
        emit_exact_operands(e, insn, self);
    else if (x86_64_features.avx512)
        to_integers_avx512(e, insn, self, true);
    else if (has_doubles(insn))
        doubles_to_integers(e, insn, self, true);
    else
        singles_to_signed(e, insn, self);
    note_result(e, insn, self);
}

void x86_64_emit_vector_float_to_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    if (insn->cond == ROUND_NEAREST_AWAY)
        emit_exact_operands(e, insn, self);
    else if (x86_64_features.avx512)
        to_integers_avx512(e, insn, self, false);
    else if (has_doubles(insn))
        doubles_to_integers(e, insn, self, false);
    else
        singles_to_unsigned(e, insn, self);
    note_result(e, insn, self);
}

/* -- from integers ---------------------------------------------------------------------------------------------------------------------- */

static void signed_to_doubles(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), lane = scratch_integer(e);
    vector_zero(e, v.d);
    asm_vector_to_gpr(&e->as, 8, operand_reg(lane), v.a);
    vector_rr(e, INSN_cvtsi2sd_64, v.d, v.d, lane);
    if (is_low_only(insn))
        return;
    vector_zero(e, s);
    asm_vector_imm(&e->as, INSN_pextrq_store, v.a, REG_NONE, operand_reg(lane), 1);
    vector_rr(e, INSN_cvtsi2sd_64, s, s, lane);
    vector_rr(e, INSN_unpcklpd, v.d, v.d, s);
}

/* The garbage above a low half could raise inexact: zeros do not. */
static int low_or_all(struct emitter *e, const struct ir_insn *insn, int d, int a)
{
    if (!is_low_only(insn) || is_zero_upper(e, insn->a))
        return a;
    vector_r(e, INSN_movq, d, a);
    return d;
}

static void from_integers_by(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op)
{
    struct vector_registers v = take_early(e, insn, self);
    vector_r(e, op, v.d, low_or_all(e, insn, v.d, v.a));
}

void x86_64_emit_vector_float_from_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (has_doubles(insn) && x86_64_features.avx512) {
        from_integers_by(e, insn, self, INSN_cvtqq2pd);
    } else if (has_doubles(insn)) {
        signed_to_doubles(e, insn, self);
    } else {
        from_integers_by(e, insn, self, INSN_cvtdq2ps);
    }
    note_result(e, insn, self);
}

/* Halves of 16 bits convert exactly, the upper times 2^16 too: the one rounding is that of the final addition. */
static void unsigned_to_singles(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), source = low_or_all(e, insn, v.d, v.a);
    vector_op(e, INSN_movaps, s, REG_NONE, constant_lanes(e, LANE_32, 0xffff));
    vector_rr(e, INSN_pand, s, s, source);
    vector_shift(e, VECTOR_SHR_32, v.d, source, 16);
    vector_r(e, INSN_cvtdq2ps, v.d, v.d);
    vector_r(e, INSN_cvtdq2ps, s, s);
    vector_op(e, INSN_mulps, v.d, v.d, constant_lanes(e, LANE_32, 0x47800000));
    vector_rr(e, INSN_addps, v.d, v.d, s);
}

/* The upper 32 bits as the mantissa of 2^84 + upper * 2^32, the lower as that of 2^52 + lower. upper - 2^84 - 2^52 is exact, the addition
 * of the other rounds once. Rounding down would make a zero negative: the sign is cleared. */
static void unsigned_to_doubles(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e), source = low_or_all(e, insn, v.d, v.a);
    vector_op(e, INSN_movaps, s, REG_NONE, constant_lanes(e, LANE_64, 0xffffffff));
    vector_rr(e, INSN_pand, s, s, source);
    vector_op(e, INSN_por, s, s, constant_lanes(e, LANE_64, 0x4330000000000000));
    vector_shift(e, VECTOR_SHR_64, v.d, source, 32);
    vector_op(e, INSN_por, v.d, v.d, constant_lanes(e, LANE_64, 0x4530000000000000));
    vector_op(e, INSN_subpd, v.d, v.d, constant_lanes(e, LANE_64, 0x4530000000100000));
    vector_rr(e, INSN_addpd, v.d, v.d, s);
    vector_op(e, INSN_andps, v.d, v.d, lanes_below_sign(e, LANE_64));
}

void x86_64_emit_vector_float_from_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (x86_64_features.avx512)
        from_integers_by(e, insn, self, has_doubles(insn) ? INSN_cvtuqq2pd : INSN_cvtudq2ps);
    else if (has_doubles(insn))
        unsigned_to_doubles(e, insn, self);
    else
        unsigned_to_singles(e, insn, self);
    note_result(e, insn, self);
}

/* -- between formats ---------------------------------------------------------------------------------------------------------------------- */

/* As repair_nans for the conversions, whose `imm` and `lane` mean something else. */
static void repair_converted(struct emitter *e, const struct ir_insn *insn, bool wide, int checked, int d, int a, int s)
{
    vector_op_imm(e, wide ? INSN_cmppd : INSN_cmpps, s, checked, operand_reg(checked), COMPARE_UNORDERED);
    test_mask(e, s);
    cold_resume(e, cold_exact(e, HOST_NE, insn, d, a, REG_NONE, REG_NONE));
}

void x86_64_emit_vector_float_widen(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    bool half = insn->lane == LANE_16;
    if (half && !x86_64_features.f16c) {
        emit_exact_operands(e, insn, self);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    int s = scratch_vector(e);
    vector_r(e, half ? INSN_cvtph2ps : INSN_cvtps2pd, v.d, v.a);
    repair_converted(e, insn, !half, v.d, v.d, v.a, s);
}

void x86_64_emit_vector_float_narrow(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    bool half = insn->lane == LANE_16;
    if (insn->cond == 1 || (half && !x86_64_features.f16c)) {
        emit_exact_operands(e, insn, self);
    } else {
        struct vector_registers v = take_early(e, insn, self);
        int s = scratch_vector(e);
        if (half)
            asm_vector_imm(&e->as, INSN_cvtps2ph_store, v.a, REG_NONE, operand_reg(v.d), ROUND_IMM_CURRENT);
        else
            vector_r(e, INSN_cvtpd2ps, v.d, v.a);
        repair_converted(e, insn, false, half ? v.a : v.d, v.d, v.a, s);
    }
    note_zero_upper(e, self);
}
