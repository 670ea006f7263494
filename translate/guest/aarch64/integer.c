/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Data processing on the general registers: Arm ARM DDI 0487, C4.1.92 (immediate) and C4.1.95 (register).
 */
#include "translate/guest/aarch64/aarch64.h"

static ir_ref operation_imm(struct translator *t, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b, uint64_t imm)
{
    return ir_append(t->region, (struct ir_insn){.op = op, .type = type, .a = a, .b = b, .c = IR_NONE, .imm = imm});
}

static unsigned bits_of(enum ir_type type) { return type == IR_I64 ? 64 : 32; }

/* -- results that set the flags -------------------------------------------------------------------------------------------- */

/* The flags of an operation whose value is `result`. When its instruction is just before, the host gets both from one. */
static void put_flags_of(struct translator *t, enum ir_op op, enum ir_op value_op, enum ir_type type, ir_ref a, ir_ref b, ir_ref result)
{
    struct ir_region *region = t->region;
    ir_ref token = ir_binary(region, op, type, a, b);
    if (result != IR_NONE && token == result + 1 && ir_at(region, token)->op == op) {
        const struct ir_insn *value = ir_at(region, result), *flags = ir_at(region, token);
        if (value->op == value_op && value->type == type && value->a == flags->a && value->b == flags->b) {
            ir_at(region, token)->note |= IR_NOTE_FLAGS_PAIR;
        }
    }
    a64_put_flags(t, token);
}

/* ADDS, SUBS, ANDS and with rd = 31 CMN, CMP, TST. */
static bool arithmetic_flags(struct translator *t, unsigned sf, enum ir_op value_op, unsigned rd, ir_ref a, ir_ref b)
{
    enum ir_op flags_op = value_op == IR_add ? IR_flags_add : value_op == IR_sub ? IR_flags_sub : IR_flags_and;
    enum ir_type type = a64_type(sf);
    ir_ref result = rd == 31 ? IR_NONE : ir_binary(t->region, value_op, type, a, b);
    put_flags_of(t, flags_op, value_op, type, a, b, result);
    if (rd != 31) {
        a64_put_r(t, sf, rd, result);
    }
    return true;
}

/* -- add and subtract ------------------------------------------------------------------------------------------------------ */

static bool arithmetic_imm(struct translator *t, enum ir_op op, unsigned sf, unsigned sh, unsigned imm, unsigned rn, unsigned rd)
{
    ir_ref value = ir_binary_imm(t->region, op, a64_type(sf), a64_r_or_sp(t, sf, rn), (uint64_t)imm << 12 * sh);
    a64_put_r_or_sp(t, sf, rd, value);
    return true;
}

static bool arithmetic_imm_flags(struct translator *t, enum ir_op op, unsigned sf, unsigned sh, unsigned imm, unsigned rn, unsigned rd)
{
    ir_ref b = ir_constant(t->region, a64_type(sf), (uint64_t)imm << 12 * sh);
    return arithmetic_flags(t, sf, op, rd, a64_r_or_sp(t, sf, rn), b);
}

bool aarch64_translate_add_imm(struct translator *t, const struct aarch64_add_imm_args *a)
{
    return arithmetic_imm(t, IR_add, a->sf, a->sh, a->imm, a->rn, a->rd);
}

bool aarch64_translate_adds_imm(struct translator *t, const struct aarch64_adds_imm_args *a)
{
    return arithmetic_imm_flags(t, IR_add, a->sf, a->sh, a->imm, a->rn, a->rd);
}

bool aarch64_translate_sub_imm(struct translator *t, const struct aarch64_sub_imm_args *a)
{
    return arithmetic_imm(t, IR_sub, a->sf, a->sh, a->imm, a->rn, a->rd);
}

bool aarch64_translate_subs_imm(struct translator *t, const struct aarch64_subs_imm_args *a)
{
    return arithmetic_imm_flags(t, IR_sub, a->sf, a->sh, a->imm, a->rn, a->rd);
}

static ir_ref shifted(struct translator *t, unsigned sf, unsigned rm, unsigned shift, unsigned amount)
{
    static const uint8_t operation[4] = {IR_shl, IR_shr, IR_sar, IR_ror};
    ir_ref value = a64_r(t, sf, rm);
    return amount ? ir_binary_imm(t->region, operation[shift], a64_type(sf), value, amount) : value;
}

/* ExtendReg: uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx, then a shift by 0 to 4. */
static ir_ref extended(struct translator *t, unsigned sf, unsigned rm, unsigned option, unsigned amount)
{
    enum ir_type type = a64_type(sf);
    unsigned lane = option & 3;
    ir_ref value = a64_r(t, sf, rm);
    if (lane < (sf ? LANE_64 : LANE_32)) {
        value = ir_unary_lane(t->region, option & 4 ? IR_sign_extend : IR_zero_extend, type, lane, value, 0);
    }
    return amount ? ir_binary_imm(t->region, IR_shl, type, value, amount) : value;
}

static bool arithmetic(struct translator *t, enum ir_op op, unsigned sf, unsigned rd, unsigned rn, ir_ref b)
{
    a64_put_r(t, sf, rd, ir_binary(t->region, op, a64_type(sf), a64_r(t, sf, rn), b));
    return true;
}

bool aarch64_translate_add_reg(struct translator *t, const struct aarch64_add_reg_args *a)
{
    return arithmetic(t, IR_add, a->sf, a->rd, a->rn, shifted(t, a->sf, a->rm, a->shift, a->imm));
}

bool aarch64_translate_sub_reg(struct translator *t, const struct aarch64_sub_reg_args *a)
{
    return arithmetic(t, IR_sub, a->sf, a->rd, a->rn, shifted(t, a->sf, a->rm, a->shift, a->imm));
}

bool aarch64_translate_adds_reg(struct translator *t, const struct aarch64_adds_reg_args *a)
{
    return arithmetic_flags(t, a->sf, IR_add, a->rd, a64_r(t, a->sf, a->rn), shifted(t, a->sf, a->rm, a->shift, a->imm));
}

bool aarch64_translate_subs_reg(struct translator *t, const struct aarch64_subs_reg_args *a)
{
    return arithmetic_flags(t, a->sf, IR_sub, a->rd, a64_r(t, a->sf, a->rn), shifted(t, a->sf, a->rm, a->shift, a->imm));
}

bool aarch64_translate_add_ext(struct translator *t, const struct aarch64_add_ext_args *a)
{
    ir_ref b = extended(t, a->sf, a->rm, a->option, a->imm);
    a64_put_r_or_sp(t, a->sf, a->rd, ir_binary(t->region, IR_add, a64_type(a->sf), a64_r_or_sp(t, a->sf, a->rn), b));
    return true;
}

bool aarch64_translate_sub_ext(struct translator *t, const struct aarch64_sub_ext_args *a)
{
    ir_ref b = extended(t, a->sf, a->rm, a->option, a->imm);
    a64_put_r_or_sp(t, a->sf, a->rd, ir_binary(t->region, IR_sub, a64_type(a->sf), a64_r_or_sp(t, a->sf, a->rn), b));
    return true;
}

bool aarch64_translate_adds_ext(struct translator *t, const struct aarch64_adds_ext_args *a)
{
    return arithmetic_flags(t, a->sf, IR_add, a->rd, a64_r_or_sp(t, a->sf, a->rn), extended(t, a->sf, a->rm, a->option, a->imm));
}

bool aarch64_translate_subs_ext(struct translator *t, const struct aarch64_subs_ext_args *a)
{
    return arithmetic_flags(t, a->sf, IR_sub, a->rd, a64_r_or_sp(t, a->sf, a->rn), extended(t, a->sf, a->rm, a->option, a->imm));
}

static bool with_carry(struct translator *t, enum ir_op op, enum ir_op flags_op, unsigned sf, unsigned rm, unsigned rn, unsigned rd)
{
    enum ir_type type = a64_type(sf);
    ir_ref a = a64_r(t, sf, rn), b = a64_r(t, sf, rm), token = a64_flags(t);
    ir_ref result = rd == 31 ? IR_NONE : ir_ternary(t->region, op, type, a, b, token);
    if (flags_op != IR_OP_COUNT) {
        a64_put_flags(t, ir_ternary(t->region, flags_op, type, a, b, token));
    }
    a64_put_r(t, sf, rd, result);
    return true;
}

bool aarch64_translate_adc(struct translator *t, const struct aarch64_adc_args *a)
{
    return with_carry(t, IR_add_carry, IR_OP_COUNT, a->sf, a->rm, a->rn, a->rd);
}

bool aarch64_translate_adcs(struct translator *t, const struct aarch64_adcs_args *a)
{
    return with_carry(t, IR_add_carry, IR_flags_add_carry, a->sf, a->rm, a->rn, a->rd);
}

bool aarch64_translate_sbc(struct translator *t, const struct aarch64_sbc_args *a)
{
    return with_carry(t, IR_sub_borrow, IR_OP_COUNT, a->sf, a->rm, a->rn, a->rd);
}

bool aarch64_translate_sbcs(struct translator *t, const struct aarch64_sbcs_args *a)
{
    return with_carry(t, IR_sub_borrow, IR_flags_sub_borrow, a->sf, a->rm, a->rn, a->rd);
}

bool aarch64_translate_adr(struct translator *t, const struct aarch64_adr_args *a)
{
    a64_put_x(t, a->rd, ir_guest_pc(t->region, t->pc + (uint64_t)a->imm_adr));
    return true;
}

bool aarch64_translate_adrp(struct translator *t, const struct aarch64_adrp_args *a)
{
    a64_put_x(t, a->rd, ir_guest_pc(t->region, (t->pc & ~0xfffull) + (uint64_t)a->imm_adrp));
    return true;
}

/* -- logical --------------------------------------------------------------------------------------------------------------- */

/* DecodeBitMasks (shared/functions/common): a rotated run of ones, replicated. false: reserved. */
static bool bit_mask(unsigned sf, unsigned n, unsigned immr, unsigned imms, uint64_t *mask)
{
    unsigned combined = n << 6 | (~imms & 0x3f);
    if (combined < 2) {
        return false;
    }
    unsigned size = 1u << (31 - __builtin_clz(combined));
    unsigned ones = (imms & (size - 1)) + 1, rotate = immr & (size - 1);
    if (ones == size) {
        return false;
    }
    uint64_t element = (1ull << ones) - 1, all = size == 64 ? ~0ull : (1ull << size) - 1;
    if (rotate) {
        element = (element >> rotate | element << (size - rotate)) & all;
    }
    for (; size < 64; size *= 2) {
        element |= element << size;
    }
    *mask = sf ? element : (uint32_t)element;
    return true;
}

static bool logical_imm(struct translator *t, enum ir_op op, unsigned sf, unsigned n, unsigned immr, unsigned imms, unsigned rn, unsigned rd)
{
    uint64_t mask;
    if (!bit_mask(sf, n, immr, imms, &mask)) {
        return false;
    }
    a64_put_r_or_sp(t, sf, rd, ir_binary_imm(t->region, op, a64_type(sf), a64_r(t, sf, rn), mask));
    return true;
}

bool aarch64_translate_and_imm(struct translator *t, const struct aarch64_and_imm_args *a)
{
    return logical_imm(t, IR_and, a->sf, a->n, a->immr, a->imms, a->rn, a->rd);
}

bool aarch64_translate_orr_imm(struct translator *t, const struct aarch64_orr_imm_args *a)
{
    return logical_imm(t, IR_or, a->sf, a->n, a->immr, a->imms, a->rn, a->rd);
}

bool aarch64_translate_eor_imm(struct translator *t, const struct aarch64_eor_imm_args *a)
{
    return logical_imm(t, IR_xor, a->sf, a->n, a->immr, a->imms, a->rn, a->rd);
}

bool aarch64_translate_ands_imm(struct translator *t, const struct aarch64_ands_imm_args *a)
{
    uint64_t mask;
    if (!bit_mask(a->sf, a->n, a->immr, a->imms, &mask)) {
        return false;
    }
    return arithmetic_flags(t, a->sf, IR_and, a->rd, a64_r(t, a->sf, a->rn), ir_constant(t->region, a64_type(a->sf), mask));
}

static ir_ref inverted(struct translator *t, unsigned sf, ir_ref value) { return ir_unary(t->region, IR_not, a64_type(sf), value); }

bool aarch64_translate_and_reg(struct translator *t, const struct aarch64_and_reg_args *a)
{
    return arithmetic(t, a->n ? IR_and_not : IR_and, a->sf, a->rd, a->rn, shifted(t, a->sf, a->rm, a->shift, a->imm));
}

bool aarch64_translate_orr_reg(struct translator *t, const struct aarch64_orr_reg_args *a)
{
    ir_ref b = shifted(t, a->sf, a->rm, a->shift, a->imm);
    return arithmetic(t, IR_or, a->sf, a->rd, a->rn, a->n ? inverted(t, a->sf, b) : b);
}

bool aarch64_translate_eor_reg(struct translator *t, const struct aarch64_eor_reg_args *a)
{
    ir_ref b = shifted(t, a->sf, a->rm, a->shift, a->imm);
    return arithmetic(t, IR_xor, a->sf, a->rd, a->rn, a->n ? inverted(t, a->sf, b) : b);
}

bool aarch64_translate_ands_reg(struct translator *t, const struct aarch64_ands_reg_args *a)
{
    ir_ref b = shifted(t, a->sf, a->rm, a->shift, a->imm);
    return arithmetic_flags(t, a->sf, IR_and, a->rd, a64_r(t, a->sf, a->rn), a->n ? inverted(t, a->sf, b) : b);
}

/* -- wide moves, bit fields ------------------------------------------------------------------------------------------------ */

bool aarch64_translate_movz(struct translator *t, const struct aarch64_movz_args *a)
{
    a64_put_x(t, a->rd, ir_constant(t->region, IR_I64, (uint64_t)a->imm << 16 * a->hw));
    return true;
}

bool aarch64_translate_movn(struct translator *t, const struct aarch64_movn_args *a)
{
    uint64_t value = ~((uint64_t)a->imm << 16 * a->hw);
    a64_put_x(t, a->rd, ir_constant(t->region, IR_I64, a->sf ? value : (uint32_t)value));
    return true;
}

bool aarch64_translate_movk(struct translator *t, const struct aarch64_movk_args *a)
{
    enum ir_type type = a64_type(a->sf);
    ir_ref part = ir_constant(t->region, type, a->imm);
    a64_put_r(t, a->sf, a->rd, operation_imm(t, IR_deposit, type, a64_r(t, a->sf, a->rd), part, 16 * a->hw | 16 << 8));
    return true;
}

/* The field [lsb, lsb + width) of value, extended. */
static ir_ref extract(struct translator *t, enum ir_type type, bool is_signed, ir_ref value, unsigned lsb, unsigned width)
{
    if (lsb + width == bits_of(type)) {
        return lsb ? ir_binary_imm(t->region, is_signed ? IR_sar : IR_shr, type, value, lsb) : value;
    }
    if (!lsb && (width == 8 || width == 16 || width == 32)) {
        enum ir_lane lane = width == 8 ? LANE_8 : width == 16 ? LANE_16 : LANE_32;
        return ir_unary_lane(t->region, is_signed ? IR_sign_extend : IR_zero_extend, type, lane, value, 0);
    }
    return operation_imm(t, is_signed ? IR_extract_signed : IR_extract_unsigned, type, value, IR_NONE, lsb | width << 8);
}

static bool bit_field(struct translator *t, bool is_signed, unsigned sf, unsigned immr, unsigned imms, unsigned rn, unsigned rd)
{
    enum ir_type type = a64_type(sf);
    ir_ref value = a64_r(t, sf, rn);
    if (imms >= immr) {
        value = extract(t, type, is_signed, value, immr, imms - immr + 1);
    } else {
        if (imms + 1 != immr) {           /* else LSL: the bits above fall off anyway */
            value = extract(t, type, is_signed, value, 0, imms + 1);
        }
        value = ir_binary_imm(t->region, IR_shl, type, value, bits_of(type) - immr);
    }
    a64_put_r(t, sf, rd, value);
    return true;
}

bool aarch64_translate_sbfm(struct translator *t, const struct aarch64_sbfm_args *a)
{
    return bit_field(t, true, a->sf, a->immr, a->imms, a->rn, a->rd);
}

bool aarch64_translate_ubfm(struct translator *t, const struct aarch64_ubfm_args *a)
{
    return bit_field(t, false, a->sf, a->immr, a->imms, a->rn, a->rd);
}

bool aarch64_translate_bfm(struct translator *t, const struct aarch64_bfm_args *a)
{
    enum ir_type type = a64_type(a->sf);
    ir_ref old = a64_r(t, a->sf, a->rd), value = a64_r(t, a->sf, a->rn);
    unsigned lsb = 0, width;
    if (a->imms >= a->immr) {
        width = a->imms - a->immr + 1;
        value = a->immr ? ir_binary_imm(t->region, IR_shr, type, value, a->immr) : value;
    } else {
        width = a->imms + 1;
        lsb = bits_of(type) - a->immr;
    }
    ir_ref result = width == bits_of(type) ? value : operation_imm(t, IR_deposit, type, old, value, lsb | width << 8);
    a64_put_r(t, a->sf, a->rd, result);
    return true;
}

bool aarch64_translate_extr(struct translator *t, const struct aarch64_extr_args *a)
{
    enum ir_type type = a64_type(a->sf);
    ir_ref high = a64_r(t, a->sf, a->rn), low = a64_r(t, a->sf, a->rm), value;
    if (!a->lsb) {
        value = low;
    } else if (a->rn == a->rm) {
        value = ir_binary_imm(t->region, IR_ror, type, high, a->lsb);
    } else {
        value = operation_imm(t, IR_extract_pair, type, high, low, a->lsb);
    }
    a64_put_r(t, a->sf, a->rd, value);
    return true;
}

/* -- two sources, one source ----------------------------------------------------------------------------------------------- */

bool aarch64_translate_lslv(struct translator *t, const struct aarch64_lslv_args *a)
{
    return arithmetic(t, IR_shl, a->sf, a->rd, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_lsrv(struct translator *t, const struct aarch64_lsrv_args *a)
{
    return arithmetic(t, IR_shr, a->sf, a->rd, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_asrv(struct translator *t, const struct aarch64_asrv_args *a)
{
    return arithmetic(t, IR_sar, a->sf, a->rd, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_rorv(struct translator *t, const struct aarch64_rorv_args *a)
{
    return arithmetic(t, IR_ror, a->sf, a->rd, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_udiv(struct translator *t, const struct aarch64_udiv_args *a)
{
    return arithmetic(t, IR_divide_unsigned, a->sf, a->rd, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_sdiv(struct translator *t, const struct aarch64_sdiv_args *a)
{
    return arithmetic(t, IR_divide_signed, a->sf, a->rd, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_crc32(struct translator *t, const struct aarch64_crc32_args *a)
{
    struct ir_insn insn = {.op = IR_crc32, .type = IR_I32, .lane = (uint8_t)a->sz, .cond = (uint8_t)a->c, .c = IR_NONE};
    insn.a = a64_w(t, a->rn);
    insn.b = a64_r(t, a->sz == 3, a->rm);
    a64_put_w(t, a->rd, ir_append(t->region, insn));
    return true;
}

static bool one_source(struct translator *t, enum ir_op op, enum ir_lane lane, unsigned sf, unsigned rn, unsigned rd)
{
    a64_put_r(t, sf, rd, ir_unary_lane(t->region, op, a64_type(sf), lane, a64_r(t, sf, rn), 0));
    return true;
}

bool aarch64_translate_rbit(struct translator *t, const struct aarch64_rbit_args *a)
{
    return one_source(t, IR_bit_reverse, 0, a->sf, a->rn, a->rd);
}

bool aarch64_translate_rev16(struct translator *t, const struct aarch64_rev16_args *a)
{
    return one_source(t, IR_byte_swap, LANE_16, a->sf, a->rn, a->rd);
}

bool aarch64_translate_rev32(struct translator *t, const struct aarch64_rev32_args *a)
{
    return one_source(t, IR_byte_swap, LANE_32, a->sf, a->rn, a->rd);
}

bool aarch64_translate_rev64(struct translator *t, const struct aarch64_rev64_args *a)
{
    return one_source(t, IR_byte_swap, LANE_64, 1, a->rn, a->rd);
}

bool aarch64_translate_clz(struct translator *t, const struct aarch64_clz_args *a)
{
    return one_source(t, IR_count_leading_zeros, 0, a->sf, a->rn, a->rd);
}

/* Bits below the sign that are like it: zeros at the top of x ^ (x >> 1), less the top bit itself, which is always zero. */
bool aarch64_translate_cls(struct translator *t, const struct aarch64_cls_args *a)
{
    enum ir_type type = a64_type(a->sf);
    ir_ref x = a64_r(t, a->sf, a->rn);
    ir_ref differing = ir_binary(t->region, IR_xor, type, x, ir_binary_imm(t->region, IR_sar, type, x, 1));
    ir_ref count = ir_unary(t->region, IR_count_leading_zeros, type, differing);
    a64_put_r(t, a->sf, a->rd, ir_binary_imm(t->region, IR_sub, type, count, 1));
    return true;
}

/* -- conditional ----------------------------------------------------------------------------------------------------------- */

static ir_ref condition_value(struct translator *t, enum ir_op op, enum ir_type type, unsigned cond, ir_ref b, ir_ref c)
{
    struct ir_insn insn = {.op = op, .type = type, .cond = (uint8_t)cond, .a = a64_flags(t), .b = b, .c = c};
    return ir_append(t->region, insn);
}

bool aarch64_translate_csel(struct translator *t, const struct aarch64_csel_args *a)
{
    ir_ref yes = a64_r(t, a->sf, a->rn), no = a64_r(t, a->sf, a->rm);
    ir_ref value = a->cond >= COND_ALWAYS ? yes : condition_value(t, IR_select, a64_type(a->sf), a->cond, yes, no);
    a64_put_r(t, a->sf, a->rd, value);
    return true;
}

/* CSINC, CSINV, CSNEG: the second operand changed. CSET and CSETM, their uses of the zero register, are plain 0 or 1. */
static bool select_changed(struct translator *t, enum ir_op change, unsigned sf, unsigned rm, unsigned cond, unsigned rn, unsigned rd)
{
    enum ir_type type = a64_type(sf);
    ir_ref yes = a64_r(t, sf, rn), value;
    if (cond >= COND_ALWAYS) {
        value = yes;
    } else if (rn == 31 && rm == 31 && change != IR_neg) {
        value = condition_value(t, IR_set_if, type, cond ^ 1, IR_NONE, IR_NONE);
        value = change == IR_not ? ir_unary(t->region, IR_neg, type, value) : value;
    } else {
        ir_ref no = a64_r(t, sf, rm);
        no = change == IR_add ? ir_binary_imm(t->region, IR_add, type, no, 1) : ir_unary(t->region, change, type, no);
        value = condition_value(t, IR_select, type, cond, yes, no);
    }
    a64_put_r(t, sf, rd, value);
    return true;
}

bool aarch64_translate_csinc(struct translator *t, const struct aarch64_csinc_args *a)
{
    return select_changed(t, IR_add, a->sf, a->rm, a->cond, a->rn, a->rd);
}

bool aarch64_translate_csinv(struct translator *t, const struct aarch64_csinv_args *a)
{
    return select_changed(t, IR_not, a->sf, a->rm, a->cond, a->rn, a->rd);
}

bool aarch64_translate_csneg(struct translator *t, const struct aarch64_csneg_args *a)
{
    return select_changed(t, IR_neg, a->sf, a->rm, a->cond, a->rn, a->rd);
}

static bool conditional_compare(struct translator *t, bool add, unsigned sf, unsigned cond, unsigned nzcv, unsigned rn, ir_ref b)
{
    ir_ref a = a64_r(t, sf, rn), token;
    if (cond >= COND_ALWAYS) {
        token = ir_binary(t->region, add ? IR_flags_add : IR_flags_sub, a64_type(sf), a, b);
    } else {
        struct ir_insn insn = {.op = IR_flags_conditional, .type = a64_type(sf), .cond = (uint8_t)cond, .b = a, .c = b};
        insn.a = a64_flags(t);
        insn.imm = nzcv | (add ? 16u : 0);
        token = ir_append(t->region, insn);
    }
    a64_put_flags(t, token);
    return true;
}

bool aarch64_translate_ccmn_reg(struct translator *t, const struct aarch64_ccmn_reg_args *a)
{
    return conditional_compare(t, true, a->sf, a->cond, a->nzcv, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_ccmp_reg(struct translator *t, const struct aarch64_ccmp_reg_args *a)
{
    return conditional_compare(t, false, a->sf, a->cond, a->nzcv, a->rn, a64_r(t, a->sf, a->rm));
}

bool aarch64_translate_ccmn_imm(struct translator *t, const struct aarch64_ccmn_imm_args *a)
{
    return conditional_compare(t, true, a->sf, a->cond, a->nzcv, a->rn, ir_constant(t->region, a64_type(a->sf), a->imm));
}

bool aarch64_translate_ccmp_imm(struct translator *t, const struct aarch64_ccmp_imm_args *a)
{
    return conditional_compare(t, false, a->sf, a->cond, a->nzcv, a->rn, ir_constant(t->region, a64_type(a->sf), a->imm));
}

/* -- three sources --------------------------------------------------------------------------------------------------------- */

static void put_accumulated(struct translator *t, enum ir_op op, unsigned sf, unsigned ra, unsigned rd, ir_ref product)
{
    enum ir_type type = a64_type(sf);
    ir_ref value = product;
    if (ra != 31) {
        value = ir_binary(t->region, op, type, a64_r(t, sf, ra), product);
    } else if (op == IR_sub) {
        value = ir_unary(t->region, IR_neg, type, product);
    }
    a64_put_r(t, sf, rd, value);
}

bool aarch64_translate_madd(struct translator *t, const struct aarch64_madd_args *a)
{
    ir_ref product = ir_binary(t->region, IR_mul, a64_type(a->sf), a64_r(t, a->sf, a->rn), a64_r(t, a->sf, a->rm));
    put_accumulated(t, IR_add, a->sf, a->ra, a->rd, product);
    return true;
}

bool aarch64_translate_msub(struct translator *t, const struct aarch64_msub_args *a)
{
    ir_ref product = ir_binary(t->region, IR_mul, a64_type(a->sf), a64_r(t, a->sf, a->rn), a64_r(t, a->sf, a->rm));
    put_accumulated(t, IR_sub, a->sf, a->ra, a->rd, product);
    return true;
}

static ir_ref long_product(struct translator *t, enum ir_op extension, unsigned rn, unsigned rm)
{
    ir_ref n = ir_unary_lane(t->region, extension, IR_I64, LANE_32, a64_x(t, rn), 0);
    ir_ref m = ir_unary_lane(t->region, extension, IR_I64, LANE_32, a64_x(t, rm), 0);
    return ir_binary(t->region, IR_mul, IR_I64, n, m);
}

bool aarch64_translate_smaddl(struct translator *t, const struct aarch64_smaddl_args *a)
{
    put_accumulated(t, IR_add, 1, a->ra, a->rd, long_product(t, IR_sign_extend, a->rn, a->rm));
    return true;
}

bool aarch64_translate_smsubl(struct translator *t, const struct aarch64_smsubl_args *a)
{
    put_accumulated(t, IR_sub, 1, a->ra, a->rd, long_product(t, IR_sign_extend, a->rn, a->rm));
    return true;
}

bool aarch64_translate_umaddl(struct translator *t, const struct aarch64_umaddl_args *a)
{
    put_accumulated(t, IR_add, 1, a->ra, a->rd, long_product(t, IR_zero_extend, a->rn, a->rm));
    return true;
}

bool aarch64_translate_umsubl(struct translator *t, const struct aarch64_umsubl_args *a)
{
    put_accumulated(t, IR_sub, 1, a->ra, a->rd, long_product(t, IR_zero_extend, a->rn, a->rm));
    return true;
}

bool aarch64_translate_smulh(struct translator *t, const struct aarch64_smulh_args *a)
{
    return arithmetic(t, IR_mul_high_signed, 1, a->rd, a->rn, a64_x(t, a->rm));
}

bool aarch64_translate_umulh(struct translator *t, const struct aarch64_umulh_args *a)
{
    return arithmetic(t, IR_mul_high_unsigned, 1, a->rd, a->rn, a64_x(t, a->rm));
}

/* -- flags alone (FEAT_FlagM) ---------------------------------------------------------------------------------------------- */

static ir_ref nzcv_value(struct translator *t) { return ir_unary(t->region, IR_flags_to_nzcv, IR_I32, a64_flags(t)); }

static void put_nzcv(struct translator *t, ir_ref value) { a64_put_flags(t, ir_unary(t->region, IR_flags_from_nzcv, IR_I32, value)); }

bool aarch64_translate_rmif(struct translator *t, const struct aarch64_rmif_args *a)
{
    struct ir_region *region = t->region;
    uint32_t mask = a->mask << 28;
    ir_ref rotated = ir_binary_imm(region, IR_ror, IR_I64, a64_x(t, a->rn), a->imm);
    ir_ref top = ir_binary_imm(region, IR_shl, IR_I32, ir_unary(region, IR_truncate, IR_I32, rotated), 28);
    ir_ref changed = ir_binary_imm(region, IR_and, IR_I32, top, mask);
    ir_ref kept = ir_binary_imm(region, IR_and, IR_I32, nzcv_value(t), ~mask);
    put_nzcv(t, ir_binary(region, IR_or, IR_I32, kept, changed));
    return true;
}

/* N, Z and V (does bit `width` differ from the sign) of the low `width` bits; C stays. */
static bool set_flags_of_low(struct translator *t, unsigned rn, unsigned width)
{
    struct ir_region *region = t->region;
    ir_ref w = a64_w(t, rn), top = ir_binary_imm(region, IR_shl, IR_I32, w, 32 - width);
    ir_ref sign = ir_binary_imm(region, IR_and, IR_I32, top, 1u << 31);
    ir_ref carry = ir_binary_imm(region, IR_and, IR_I32, nzcv_value(t), 1u << 29);
    struct ir_insn zero = {.op = IR_set_if, .type = IR_I32, .cond = COND_EQ, .b = IR_NONE, .c = IR_NONE};
    zero.a = ir_binary(region, IR_flags_and, IR_I32, top, top);
    ir_ref z = ir_binary_imm(region, IR_shl, IR_I32, ir_append(region, zero), 30);
    ir_ref differ = ir_binary(region, IR_xor, IR_I32, w, ir_binary_imm(region, IR_shr, IR_I32, w, 1));
    ir_ref bit = operation_imm(t, IR_extract_unsigned, IR_I32, differ, IR_NONE, (width - 1) | 1 << 8);
    ir_ref v = ir_binary_imm(region, IR_shl, IR_I32, bit, 28);
    put_nzcv(t, ir_binary(region, IR_or, IR_I32, ir_binary(region, IR_or, IR_I32, sign, z), ir_binary(region, IR_or, IR_I32, carry, v)));
    return true;
}

bool aarch64_translate_setf8(struct translator *t, const struct aarch64_setf8_args *a) { return set_flags_of_low(t, a->rn, 8); }

bool aarch64_translate_setf16(struct translator *t, const struct aarch64_setf16_args *a) { return set_flags_of_low(t, a->rn, 16); }
