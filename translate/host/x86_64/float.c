/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Scalar floating point on SSE. MXCSR is the guest's inside translated code, so rounding, flushing and sticky bits come from
 * the hardware. x86 and the guest disagree on NaN results (which operand, which sign) and on minimum, maximum and
 * saturation: each operation tests for those after or before the host instruction and goes to the exact C routine, out of
 * line. Intel SDM vol. 1, 4.8.3.5 and appendix D; Arm ARM, shared/functions/float.
 */
#include "translate/host/x86_64/vector.h"

enum { ROUND_IMM_SUPPRESS_INEXACT = 8, ROUND_IMM_CURRENT = 4, ROUND_IMM_ZERO = 3 };

static bool is_double(const struct ir_insn *insn)
{
    return insn->type == IR_F64;
}

static enum vector_insn by_width(bool is_double, enum vector_insn single_insn, enum vector_insn double_insn)
{
    return is_double ? double_insn : single_insn;
}

/* The rounding immediate of roundss and its relatives (SDM vol. 2, table 4-18). */
static uint8_t rounding_imm(unsigned rounding)
{
    static const uint8_t imm[] = {[ROUND_NEAREST_EVEN] = 0, [ROUND_UP] = 2, [ROUND_DOWN] = 1, [ROUND_ZERO] = 3, [ROUND_CURRENT] = 4};
    return imm[rounding];
}

/* Whether the register of `value` is known to be zero above value's type. The allocator's fact belongs to the register's
 * first definition: for a single taken from a vector it may speak of the bits above 64 only. */
static bool has_zeros_above(const struct emitter *e, ir_ref value)
{
    if (!is_zero_upper(e, value))
        return false;
    if (ir_at(e->region, value)->type == IR_F64 || e->values[e->values[value].root].zero_upper == 2)
        return true;
    const struct ir_insn *root = ir_at(e->region, e->values[value].root);
    switch (root->op) {
    case IR_vector_from_float: return root->lane == LANE_32;
    case IR_load: return IR_MEM_SIZE(root->mem) <= 2;
    default: return root->type == IR_F32 && root->op != IR_get;
    }
}

/* Goes to the exact routine when r is a NaN, and resumes here. */
static void repair_nan(struct emitter *e, const struct ir_insn *insn, bool wide, int r, int d, int a, int b, int c)
{
    vector_r(e, by_width(wide, INSN_ucomiss, INSN_ucomisd), r, r);
    cold_resume(e, cold_exact(e, HOST_P, insn, d, a, b, c));
}

/* Tests are put off so that two results share one: ucomis tells whether either operand is a NaN. */

static struct cold_path *cold_untested(struct emitter *e, void (*emit)(struct emitter *e, struct cold_path *cold))
{
    const struct untested_float *u = &e->untested;
    struct cold_path *cold = add_cold(e, asm_jcc(&e->as, HOST_P), emit);   /* the exact routines keep every register */
    cold->data[0] = u->insn;
    cold->regs[0] = u->a;
    cold->regs[1] = u->b;
    cold->regs[2] = u->c;
    cold->regs[3] = u->d;
    return cold;
}

static void emit_cold_untested(struct emitter *e, struct cold_path *cold)
{
    emit_exact(e, ir_at(e->region, (ir_ref)cold->data[0]), cold->regs[3], cold->regs[0], cold->regs[1], cold->regs[2]);
    cold_return(e, cold);
}

void float_test(struct emitter *e)
{
    const struct untested_float *u = &e->untested;
    vector_r(e, by_width(u->wide, INSN_ucomiss, INSN_ucomisd), u->d, u->d);
    cold_resume(e, cold_untested(e, emit_cold_untested));
    e->untested.registers = 0;
}

/* Both once more, in order; the one that was no NaN comes to the same result again. data[1]: the registers of the second, a byte each. */
static void emit_cold_two(struct emitter *e, struct cold_path *cold)
{
    emit_exact(e, ir_at(e->region, (ir_ref)cold->data[0]), cold->regs[3], cold->regs[0], cold->regs[1], cold->regs[2]);
    int8_t second[4];
    for (int i = 0; i < 4; i++)
        second[i] = (int8_t)(cold->data[1] >> 8 * i);
    emit_exact(e, ir_at(e->region, cold->insn), second[3], second[0], second[1], second[2]);
    cold_return(e, cold);
}

/* The result in d of the current instruction is to be tested, now or with the next one. */
static void repair_nan_later(struct emitter *e, const struct ir_insn *insn, int d, int a, int b, int c)
{
    bool wide = is_double(insn);
    if (e->untested.registers && e->untested.wide == wide) {
        vector_r(e, by_width(wide, INSN_ucomiss, INSN_ucomisd), d, e->untested.d);
        struct cold_path *cold = cold_untested(e, emit_cold_two);
        cold->data[1] = (uint8_t)a | (uint32_t)(uint8_t)b << 8 | (uint32_t)(uint8_t)c << 16 | (uint32_t)(uint8_t)d << 24;
        cold_resume(e, cold);
        e->untested.registers = 0;
        return;
    }
    if (e->untested.registers)
        float_test(e);
    uint32_t registers = 1u << d | 1u << a | (b == REG_NONE ? 0 : 1u << b) | (c == REG_NONE ? 0 : 1u << c);
    e->untested = (struct untested_float){.registers = registers, .insn = e->current, .wide = wide,
                                          .d = (int8_t)d, .a = (int8_t)a, .b = (int8_t)b, .c = (int8_t)c};
}

/* -- arithmetic ---------------------------------------------------------------------------------------------------- */

static void float_binary(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn op, bool commutes)
{
    host_flags_clobbered(e);
    struct vector_registers v = take_early(e, insn, self);
    /* The bits above the scalar come from the first source: prefer the one that has zeros there. */
    bool swap = commutes && !has_zeros_above(e, insn->a) && has_zeros_above(e, insn->b);
    vector_rr(e, op, v.d, swap ? v.b : v.a, swap ? v.a : v.b);
    if (swap || has_zeros_above(e, insn->a))
        note_zero_upper(e, self);
    repair_nan_later(e, insn, v.d, v.a, v.b, REG_NONE);
}

void x86_64_emit_float_add(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_binary(e, insn, self, by_width(is_double(insn), INSN_addss, INSN_addsd), true);
}

void x86_64_emit_float_sub(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_binary(e, insn, self, by_width(is_double(insn), INSN_subss, INSN_subsd), false);
}

void x86_64_emit_float_mul(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_binary(e, insn, self, by_width(is_double(insn), INSN_mulss, INSN_mulsd), true);
}

void x86_64_emit_float_div(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_binary(e, insn, self, by_width(is_double(insn), INSN_divss, INSN_divsd), false);
}

void x86_64_emit_float_sqrt(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    struct vector_registers v = take_early(e, insn, self);
    vector_rr(e, by_width(is_double(insn), INSN_sqrtss, INSN_sqrtsd), v.d, v.a, v.a);
    if (has_zeros_above(e, insn->a))
        note_zero_upper(e, self);
    repair_nan_later(e, insn, v.d, v.a, REG_NONE, REG_NONE);
}

void x86_64_emit_float_mul_add(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn ops[2][4] = {
        {INSN_fmadd213ss, INSN_fnmadd213ss, INSN_fmsub213ss, INSN_fnmsub213ss},
        {INSN_fmadd213sd, INSN_fnmadd213sd, INSN_fmsub213sd, INSN_fnmsub213sd}};
    host_flags_clobbered(e);
    if (!x86_64_features.fma) {
        float_test_before(e, ~0u);
        emit_exact_operands(e, insn, self);
        return;
    }
    int a = use_vector(e, insn->a), b = use_vector(e, insn->b), c = use_vector(e, insn->c);
    int d = define_vector_early(e, self);
    asm_vector_move(&e->as, d, a);
    asm_vector(&e->as, ops[is_double(insn)][insn->imm & 3], d, b, operand_reg(c));
    if (has_zeros_above(e, insn->a))
        note_zero_upper(e, self);
    repair_nan_later(e, insn, d, a, b, c);
}

/* -- minimum and maximum --------------------------------------------------------------------------------------------- */

/* Operands that compare equal differ at most in the sign of zero, or are unordered. */
static void emit_cold_min_max(struct emitter *e, struct cold_path *cold)
{
    const struct ir_insn *insn = ir_at(e->region, cold->insn);
    bool is_min = insn->op == IR_float_min || insn->op == IR_float_min_number;
    int d = cold->regs[3], a = cold->regs[0], b = cold->regs[1];
    uint32_t unordered = asm_jcc(&e->as, HOST_P);
    vector_rr(e, is_min ? INSN_orps : INSN_andps, d, a, b);
    vector_rr(e, by_width(is_double(insn), INSN_minss, INSN_minsd), d, d, d);   /* a denormal that counts as zero becomes one */
    cold_return(e, cold);
    asm_patch(&e->as, unordered, asm_offset(&e->as));
    emit_exact(e, insn, d, a, b, REG_NONE);
    cold_return(e, cold);
}

static void float_min_max(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum vector_insn single_op, enum vector_insn double_op)
{
    host_flags_clobbered(e);
    struct vector_registers v = take_early(e, insn, self);
    vector_r(e, by_width(is_double(insn), INSN_ucomiss, INSN_ucomisd), v.a, v.b);
    struct cold_path *cold = cold_jump(e, HOST_E, emit_cold_min_max);
    cold->insn = self;
    cold->regs[0] = v.a;
    cold->regs[1] = v.b;
    cold->regs[3] = v.d;
    vector_rr(e, by_width(is_double(insn), single_op, double_op), v.d, v.a, v.b);
    if (has_zeros_above(e, insn->a) && has_zeros_above(e, insn->b))
        note_zero_upper(e, self);
    cold_resume(e, cold);
}

void x86_64_emit_float_min(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_min_max(e, insn, self, INSN_minss, INSN_minsd);
}

void x86_64_emit_float_max(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_min_max(e, insn, self, INSN_maxss, INSN_maxsd);
}

void x86_64_emit_float_min_number(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_min_max(e, insn, self, INSN_minss, INSN_minsd);
}

void x86_64_emit_float_max_number(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    float_min_max(e, insn, self, INSN_maxss, INSN_maxsd);
}

/* -- signs -------------------------------------------------------------------------------------------------------------- */

static uint64_t sign_bit(enum ir_type type)
{
    return type == IR_F64 ? (uint64_t)1 << 63 : type == IR_F32 ? 0x80000000 : 0x8000;
}

static struct operand scalar_constant(struct emitter *e, uint64_t bits)
{
    return constant_vector(e, bits, 0);
}

void x86_64_emit_float_neg(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d, a = take_copy(e, insn, self, &d);
    bool zero_upper = has_zeros_above(e, insn->a);
    vector_op(e, INSN_xorps, d, a, scalar_constant(e, sign_bit(insn->type)));
    if (zero_upper)
        note_zero_upper(e, self);
}

void x86_64_emit_float_abs(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d, a = take_copy(e, insn, self, &d);
    vector_op(e, INSN_andps, d, a, scalar_constant(e, sign_bit(insn->type) - 1));
    note_zero_upper(e, self);
}

/* -- conversions between formats -------------------------------------------------------------------------------------------- */

static void convert_single_double(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    vector_rr(e, is_double(insn) ? INSN_cvtss2sd : INSN_cvtsd2ss, v.d, v.a, v.a);
    if (is_double(insn) && has_zeros_above(e, insn->a))
        note_zero_upper(e, self);
    repair_nan(e, insn, is_double(insn), v.d, v.d, v.a, REG_NONE, REG_NONE);
}

/* The packed instructions of F16C; the lanes that do not count are zero. */
static void convert_from_half(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    vector_r(e, INSN_pmovzxwq, v.d, v.a);
    vector_r(e, INSN_cvtph2ps, v.d, v.d);
    if (is_double(insn))
        vector_rr(e, INSN_cvtss2sd, v.d, v.d, v.d);
    else
        note_zero_upper(e, self);
    repair_nan(e, insn, is_double(insn), v.d, v.d, v.a, REG_NONE, REG_NONE);
}

static void convert_single_to_half(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers v = take_early(e, insn, self);
    vector_op_imm(e, INSN_insertps, v.d, v.a, operand_reg(v.a), 0x0e);
    vector_r(e, INSN_ucomiss, v.a, v.a);
    struct cold_path *cold = cold_exact(e, HOST_P, insn, v.d, v.a, REG_NONE, REG_NONE);
    asm_vector_imm(&e->as, INSN_cvtps2ph_store, v.d, REG_NONE, operand_reg(v.d), ROUND_IMM_CURRENT);
    cold_resume(e, cold);
}

void x86_64_emit_float_convert(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    bool half = insn->lane == LANE_16 || insn->type == IR_F16;
    if (!half)
        convert_single_double(e, insn, self);
    else if (x86_64_features.f16c && insn->lane == LANE_16)
        convert_from_half(e, insn, self);
    else if (x86_64_features.f16c && insn->lane == LANE_32)
        convert_single_to_half(e, insn, self);
    else
        emit_exact_operands(e, insn, self);                     /* f64 -> f16 would round twice */
}

/* -- rounding to integral ----------------------------------------------------------------------------------------------------- */

/* d = |a| rounded to integral, ties away, with a's sign; s is scratch. Jumps cold from 2^fraction on, where there is nothing to
 * round, and for NaNs. Raises no flag: the truncation suppresses inexact and the rest is exact. */
static struct cold_path *emit_round_away(struct emitter *e, bool wide, const struct ir_insn *insn, int cold_d, int d, int a, int s)
{
    uint64_t sign = wide ? (uint64_t)1 << 63 : 0x80000000;
    vector_op(e, INSN_movaps, d, REG_NONE, scalar_constant(e, sign - 1));
    vector_rr(e, INSN_andps, d, d, a);
    vector_op(e, wide ? INSN_movsd : INSN_movss, s, REG_NONE, scalar_constant(e, wide ? 0x4330000000000000 : 0x4b000000));
    vector_r(e, by_width(wide, INSN_ucomiss, INSN_ucomisd), s, d);
    struct cold_path *cold = cold_exact(e, HOST_BE, insn, cold_d, a, REG_NONE, REG_NONE);
    vector_op_imm(e, by_width(wide, INSN_roundss, INSN_roundsd), s, s, operand_reg(d), ROUND_IMM_ZERO | ROUND_IMM_SUPPRESS_INEXACT);
    vector_rr(e, by_width(wide, INSN_subss, INSN_subsd), d, d, s);
    vector_op_imm(e, by_width(wide, INSN_cmpss, INSN_cmpsd), d, d, scalar_constant(e, wide ? 0x3fe0000000000000 : 0x3f000000), 5);
    vector_op(e, INSN_andps, d, d, scalar_constant(e, wide ? 0x3ff0000000000000 : 0x3f800000));
    vector_rr(e, by_width(wide, INSN_addss, INSN_addsd), d, d, s);
    vector_op(e, INSN_movaps, s, REG_NONE, scalar_constant(e, sign));
    vector_rr(e, INSN_andps, s, s, a);
    vector_rr(e, INSN_orps, d, d, s);
    return cold;
}

void x86_64_emit_float_round(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    bool wide = is_double(insn), raise_inexact = insn->imm & 1;
    if (insn->cond == ROUND_NEAREST_AWAY && raise_inexact) {
        emit_exact_operands(e, insn, self);
        return;
    }
    struct vector_registers v = take_early(e, insn, self);
    if (insn->cond == ROUND_NEAREST_AWAY) {
        cold_resume(e, emit_round_away(e, wide, insn, v.d, v.d, v.a, scratch_vector(e)));
        return;
    }
    uint8_t imm = rounding_imm(insn->cond) | (raise_inexact ? 0 : ROUND_IMM_SUPPRESS_INEXACT);
    vector_op_imm(e, by_width(wide, INSN_roundss, INSN_roundsd), v.d, v.a, operand_reg(v.a), imm);
    if (has_zeros_above(e, insn->a))
        note_zero_upper(e, self);
    repair_nan(e, insn, wide, v.d, v.d, v.a, REG_NONE, REG_NONE);
}

/* -- to integers -------------------------------------------------------------------------------------------------------------- */

static enum vector_insn truncating_insn(const struct ir_insn *insn, bool to_64)
{
    if (insn->lane == LANE_64)
        return to_64 ? INSN_cvttsd2si_64 : INSN_cvttsd2si_32;
    return to_64 ? INSN_cvttss2si_64 : INSN_cvttss2si_32;
}

static enum vector_insn current_rounding_insn(const struct ir_insn *insn, bool to_64)
{
    if (insn->lane == LANE_64)
        return to_64 ? INSN_cvtsd2si_64 : INSN_cvtsd2si_32;
    return to_64 ? INSN_cvtss2si_64 : INSN_cvtss2si_32;
}

/* s = a rounded to integral by insn's mode, raising nothing; returns the cold path of ties-away or NULL. */
static struct cold_path *round_quietly(struct emitter *e, const struct ir_insn *insn, int d, int s, int a)
{
    bool wide = insn->lane == LANE_64;
    if (insn->cond == ROUND_NEAREST_AWAY)
        return emit_round_away(e, wide, insn, d, s, a, scratch_vector(e));
    vector_op_imm(e, by_width(wide, INSN_roundss, INSN_roundsd), s, a, operand_reg(a), rounding_imm(insn->cond) | ROUND_IMM_SUPPRESS_INEXACT);
    return NULL;
}

/* The value is in range: now inexact may be raised, if rounding s changed a. Any rounding of a to integral raises it. */
static void raise_inexact(struct emitter *e, const struct ir_insn *insn, int s, int a)
{
    bool wide = insn->lane == LANE_64;
    vector_op_imm(e, by_width(wide, INSN_roundss, INSN_roundsd), s, a, operand_reg(a), ROUND_IMM_ZERO);
}

static void resume_all(struct emitter *e, struct cold_path *const cold[], unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (cold[i] != NULL)
            cold_resume(e, cold[i]);
}

/* An invalid conversion gives 0x80…0 (the "integer indefinite"); subtracting 1 overflows for that value alone. */
static struct cold_path *check_indefinite(struct emitter *e, const struct ir_insn *insn, int d, int a)
{
    asm_alu_imm(&e->as, ALU_CMP, insn->type == IR_I64 ? 8 : 4, operand_reg(d), 1);
    return cold_exact(e, HOST_O, insn, d, a, REG_NONE, REG_NONE);
}

void x86_64_emit_float_to_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    bool to_64 = insn->type == IR_I64;
    int a = use_vector(e, insn->a), d = define_integer(e, self);
    struct cold_path *cold[2] = {NULL, NULL};
    if (insn->cond == ROUND_ZERO || insn->cond == ROUND_CURRENT) {
        vector_r(e, insn->cond == ROUND_ZERO ? truncating_insn(insn, to_64) : current_rounding_insn(insn, to_64), d, a);
        cold[0] = check_indefinite(e, insn, d, a);
    } else {
        int s = scratch_vector(e);
        cold[0] = round_quietly(e, insn, d, s, a);
        vector_r(e, truncating_insn(insn, to_64), d, s);
        cold[1] = check_indefinite(e, insn, d, a);
        raise_inexact(e, insn, s, a);
    }
    if (!to_64)
        note_zero_extended(e, self);
    resume_all(e, cold, 2);
}

/* AVX-512's conversion gives all ones where it is invalid; the one valid result that looks so is redone exactly, to the same. */
static void to_unsigned_avx512(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn insns[2][2][2] = {
        {{INSN_cvttss2usi_32, INSN_cvttss2usi_64}, {INSN_cvttsd2usi_32, INSN_cvttsd2usi_64}},
        {{INSN_cvtss2usi_32, INSN_cvtss2usi_64}, {INSN_cvtsd2usi_32, INSN_cvtsd2usi_64}}};
    bool wide = insn->lane == LANE_64, to_64 = insn->type == IR_I64;
    bool conversion_rounds = insn->cond == ROUND_ZERO || insn->cond == ROUND_CURRENT;
    int a = use_vector(e, insn->a), d = define_integer(e, self), source = a, s = REG_NONE;
    struct cold_path *cold[2] = {NULL, NULL};
    if (!conversion_rounds)
        cold[0] = round_quietly(e, insn, d, s = source = scratch_vector(e), a);
    vector_r(e, insns[insn->cond == ROUND_CURRENT][wide][to_64], d, source);
    asm_alu_imm(&e->as, ALU_CMP, to_64 ? 8 : 4, operand_reg(d), -1);
    cold[1] = cold_exact(e, HOST_E, insn, d, a, REG_NONE, REG_NONE);
    if (!conversion_rounds)
        raise_inexact(e, insn, s, a);
    if (!to_64)
        note_zero_extended(e, self);
    resume_all(e, cold, 2);
}

void x86_64_emit_float_to_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    if (x86_64_features.avx512) {
        to_unsigned_avx512(e, insn, self);
        return;
    }
    bool wide = insn->lane == LANE_64;
    int a = use_vector(e, insn->a), d = define_integer(e, self), s = scratch_vector(e), t = scratch_vector(e);
    struct cold_path *cold[3] = {NULL, NULL, NULL};
    cold[0] = round_quietly(e, insn, d, s, a);
    if (insn->type == IR_I64) {
        /* From 2^63 on the signed conversion would raise invalid. */
        vector_op(e, wide ? INSN_movsd : INSN_movss, t, REG_NONE, scalar_constant(e, wide ? 0x43e0000000000000 : 0x5f000000));
        vector_r(e, by_width(wide, INSN_ucomiss, INSN_ucomisd), t, s);
        cold[1] = cold_exact(e, HOST_BE, insn, d, a, REG_NONE, REG_NONE);
        vector_r(e, truncating_insn(insn, true), d, s);
        asm_test(&e->as, 8, operand_reg(d), d);
        cold[2] = cold_exact(e, HOST_S, insn, d, a, REG_NONE, REG_NONE);
    } else {
        int high = scratch_integer(e);
        vector_r(e, truncating_insn(insn, true), d, s);
        asm_mov(&e->as, 8, high, operand_reg(d));
        asm_shift_imm(&e->as, SHIFT_SHR, 8, operand_reg(high), 32);
        cold[2] = cold_exact(e, HOST_NE, insn, d, a, REG_NONE, REG_NONE);
        note_zero_extended(e, self);
    }
    raise_inexact(e, insn, t, a);
    resume_all(e, cold, 3);
}

/* -- from integers ------------------------------------------------------------------------------------------------------------ */

static enum vector_insn from_integer_insn(const struct ir_insn *insn, bool from_64)
{
    if (is_double(insn))
        return from_64 ? INSN_cvtsi2sd_64 : INSN_cvtsi2sd_32;
    return from_64 ? INSN_cvtsi2ss_64 : INSN_cvtsi2ss_32;
}

static void from_unsigned_avx512(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    static const enum vector_insn insns[2][2] = {{INSN_cvtusi2ss_32, INSN_cvtusi2ss_64}, {INSN_cvtusi2sd_32, INSN_cvtusi2sd_64}};
    int a = use_integer(e, insn->a), d = define_vector(e, self);
    vector_zero(e, d);
    vector_rr(e, insns[is_double(insn)][insn->lane == LANE_64], d, d, a);
    note_zero_upper(e, self);
}

static void convert_integer(struct emitter *e, const struct ir_insn *insn, int d, int a, bool from_64)
{
    vector_zero(e, d);                                          /* the instruction merges: break the dependency */
    vector_rr(e, from_integer_insn(insn, from_64), d, d, a);
}

void x86_64_emit_float_from_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int a = use_integer(e, insn->a), d = define_vector(e, self);
    convert_integer(e, insn, d, a, insn->lane == LANE_64);
    note_zero_upper(e, self);
}

/* From 2^63 on: halve, keeping the lost bit as a sticky one (more than two bits are lost in the conversion anyway, so every
 * rounding mode decides as it would have), convert, double. */
static void emit_cold_from_unsigned(struct emitter *e, struct cold_path *cold)
{
    const struct ir_insn *insn = ir_at(e->region, cold->insn);
    int d = cold->regs[3], a = cold->regs[0], half = cold->regs[1], low = cold->regs[2];
    asm_mov(&e->as, 8, half, operand_reg(a));
    asm_mov(&e->as, 4, low, operand_reg(a));
    asm_shift_imm(&e->as, SHIFT_SHR, 8, operand_reg(half), 1);
    asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(low), 1);
    asm_alu(&e->as, ALU_OR, 8, half, operand_reg(low));
    convert_integer(e, insn, d, half, true);
    vector_rr(e, is_double(insn) ? INSN_addsd : INSN_addss, d, d, d);
    cold_return(e, cold);
}

void x86_64_emit_float_from_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane == LANE_64)
        host_flags_clobbered(e);
    if (x86_64_features.avx512) {
        from_unsigned_avx512(e, insn, self);
        return;
    }
    int a = use_integer(e, insn->a), d = define_vector(e, self);
    note_zero_upper(e, self);
    if (insn->lane != LANE_64) {
        int extended = a;
        if (!is_zero_extended(e, insn->a))
            asm_mov(&e->as, 4, extended = scratch_integer(e), operand_reg(a));
        convert_integer(e, insn, d, extended, true);
        return;
    }
    int half = scratch_integer(e), low = scratch_integer(e);
    asm_test(&e->as, 8, operand_reg(a), a);
    struct cold_path *cold = cold_jump(e, HOST_S, emit_cold_from_unsigned);
    cold->insn = self;
    cold->regs[0] = a;
    cold->regs[1] = half;
    cold->regs[2] = low;
    cold->regs[3] = d;
    convert_integer(e, insn, d, a, true);
    cold_resume(e, cold);
}

/* -- moves of bits ------------------------------------------------------------------------------------------------------------ */

void x86_64_emit_float_from_bits(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int a = use_integer(e, insn->a), d = define_vector(e, self);
    asm_vector_from_gpr(&e->as, insn->type == IR_F64 ? 8 : 4, d, operand_reg(a));
    if (insn->type != IR_F16)
        note_zero_upper(e, self);
}

void x86_64_emit_float_to_bits(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    const struct ir_insn *source = ir_at(e->region, insn->a);
    int a = use_vector(e, insn->a), d = define_integer(e, self);
    if (source->type == IR_F16)
        asm_vector_imm(&e->as, INSN_pextrw, d, REG_NONE, operand_reg(a), 0);
    else
        asm_vector_to_gpr(&e->as, insn->type == IR_I64 ? 8 : 4, operand_reg(d), a);
    if (insn->type == IR_I32)
        note_zero_extended(e, self);
}

/* Whether a is a float computed in the very register that the vector belongs in: then zeroing what is above the float there keeps
 * the float too (nothing says what is above a float). A copy of it elsewhere would not get the zeros. */
static bool is_at_target(const struct emitter *e, ir_ref self, ir_ref a)
{
    ir_ref root = e->values[a].root;
    const struct value_state *s = &e->values[root];
    uint16_t target = e->values[self].target_field;
    bool is_float = ir_at(e->region, root)->type == ir_at(e->region, a)->type && ir_at(e->region, root)->op != IR_get;
    return is_float && s->kind == PLACE_VECTOR && s->spill < 0 && s->home_field == GUEST_NO_FIELD && target != GUEST_NO_FIELD &&
           e->fields[target].pin == s->reg && e->vector_value[s->reg] == root;
}

static void zero_above(struct emitter *e, unsigned lane, int d, int a)
{
    if (lane == LANE_64) {
        vector_r(e, INSN_movq, d, a);
    } else if (lane == LANE_32) {
        vector_op_imm(e, INSN_insertps, d, a, operand_reg(a), 0x0e);
    } else {
        vector_r(e, INSN_pmovzxwq, d, a);
        vector_r(e, INSN_movq, d, d);
    }
}

void x86_64_emit_vector_from_float(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->lane != LANE_16 && has_zeros_above(e, insn->a)) {
        define_alias(e, self, insn->a);
        return;
    }
    if (insn->lane != LANE_16 && is_at_target(e, self, insn->a)) {
        int at = use_vector(e, insn->a);
        zero_above(e, insn->lane, at, at);
        define_alias(e, self, insn->a);
    } else {
        float_test_before(e, ~0u);
        int a = use_vector(e, insn->a), d = define_vector(e, self);
        zero_above(e, insn->lane, d, a);
    }
    note_zero_upper(e, self);
}

void x86_64_emit_float_from_vector(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    define_alias(e, self, insn->a);
}

void x86_64_emit_float_compare(struct emitter *e, const struct ir_insn *flags_insn, bool swapped)
{
    bool wide = flags_insn->type == IR_F64;
    int a = use_vector(e, flags_insn->a), b = use_vector(e, flags_insn->b);
    enum vector_insn op = flags_insn->op == IR_flags_float_signal ? by_width(wide, INSN_comiss, INSN_comisd)
                                                                  : by_width(wide, INSN_ucomiss, INSN_ucomisd);
    vector_r(e, op, swapped ? b : a, swapped ? a : b);
}
