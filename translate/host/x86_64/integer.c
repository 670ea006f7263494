/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Integer arithmetic and logic. Where EFLAGS hold a token that is still wanted (flags_needed), forms that leave them alone are
 * chosen: lea, BMI2 shifts, movzx. x86_64_preserves_flags says for which operations there is one.
 */
#include "translate/host/x86_64/flags.h"

static const struct ir_insn *insn_of(const struct emitter *e, ir_ref value) { return ir_at(e->region, value); }

/* A 32-bit x86 instruction wrote the result: its upper half is zero. */
static void note_result(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->type == IR_I32)
        note_zero_extended(e, self);
}

static bool is_same(const struct emitter *e, ir_ref a, ir_ref b) { return alias_root(e, a) == alias_root(e, b); }

/* The pinned register that the result is meant for holds this value now. */
static bool is_in_target(const struct emitter *e, ir_ref self, ir_ref value)
{
    uint16_t field = e->values[self].target_field;
    const struct value_state *s = &e->values[alias_root(e, value)];
    return field != GUEST_NO_FIELD && e->fields[field].pin >= 0 && s->kind == PLACE_INTEGER && s->reg == e->fields[field].pin;
}

/* -- constants and state ---------------------------------------------------------------------------------------------- */

void x86_64_emit_constant(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)e, (void)insn, (void)self;          /* materialised where it is used */
}

void x86_64_emit_get(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->imm != GUEST_FIELD_FLAGS)
        allocator_get(e, self, (unsigned)insn->imm);
}

void x86_64_emit_put(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    const struct field_place *field = &e->fields[insn->imm];
    if (field->is_pinned && !field->is_vector && e->integer_value[field->pin] == alias_root(e, insn->a))
        return;                               /* computed there */
    if (insn->imm != GUEST_FIELD_FLAGS)
        allocator_put(e, (unsigned)insn->imm, insn->a);
    else
        e->state_flags = insn_of(e, insn->a)->op == IR_get ? IR_NONE : insn->a;
}

/* -- two-operand arithmetic --------------------------------------------------------------------------------------------- */

/* d = a op b with x86's destructive form; clobbers EFLAGS. */
static void emit_alu(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum alu op, bool commutes)
{
    unsigned size = operand_size(insn);
    ir_ref a = insn->a, b = insn->b;
    int32_t imm;
    if (value_is_imm32(e, b, &imm)) {
        int d = define_integer_copy(e, self, a);
        asm_alu_imm(&e->as, op, size, operand_reg(d), imm);
    } else {
        if (commutes && (is_in_target(e, self, b) || (!is_in_target(e, self, a) && value_dies_here(e, b) && !value_dies_here(e, a)))) {
            a = insn->b;
            b = insn->a;
        }
        struct operand right = use_operand(e, b);
        int d = define_integer_copy(e, self, a);
        asm_alu(&e->as, op, size, d, right);
    }
    host_flags_clobbered(e);
    note_result(e, insn, self);
}

/* d = a + b + displacement, keeping EFLAGS. */
static void emit_lea_sum(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int a = use_integer(e, insn->a), b = use_integer(e, insn->b);
    int d = define_integer(e, self);
    asm_lea(&e->as, operand_size(insn), d, operand_index(a, b, 0, 0));
    note_result(e, insn, self);
}

static void emit_lea_constant(struct emitter *e, const struct ir_insn *insn, ir_ref self, int32_t imm)
{
    int a = use_integer(e, insn->a);
    int d = define_integer(e, self);
    asm_encode_memory(&e->as, FORM_1(0x8d) | form_width(operand_size(insn)), d, a, imm);
    note_result(e, insn, self);
}

/* Whether a destructive instruction would need no move first. */
static bool overwrites_in_place(const struct emitter *e, ir_ref self, ir_ref a)
{
    if (is_in_target(e, self, a))
        return value_dies_here(e, a);
    uint16_t field = e->values[self].target_field;
    const struct value_state *s = &e->values[alias_root(e, a)];
    bool has_pin = field != GUEST_NO_FIELD && e->fields[field].pin >= 0;
    bool is_temporary = s->kind == PLACE_INTEGER && e->pin_field_integer[s->reg] == GUEST_NO_FIELD;
    return !has_pin && is_temporary && value_dies_here(e, a);
}

void x86_64_emit_add(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int32_t imm;
    bool is_imm = value_is_imm32(e, insn->b, &imm);
    bool must_set = flags_pair_follows(e), keep = flags_needed(e);
    if (must_set || (!keep && (overwrites_in_place(e, self, insn->a) || (!is_imm && overwrites_in_place(e, self, insn->b)))))
        emit_alu(e, insn, self, ALU_ADD, true);
    else if (is_imm)
        emit_lea_constant(e, insn, self, imm);
    else if (!keep && !value_is_in_register(e, insn->b))
        emit_alu(e, insn, self, ALU_ADD, true);
    else
        emit_lea_sum(e, insn, self);
}

/* a - b = a + ~b + 1 */
static void emit_flagless_sub(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn);
    int a = use_integer(e, insn->a), b = use_integer(e, insn->b);
    int inverted = scratch_integer(e);
    asm_mov(&e->as, size, inverted, operand_reg(b));
    asm_unary(&e->as, 2, size, operand_reg(inverted));
    int d = define_integer(e, self);
    asm_lea(&e->as, size, d, operand_index(a, inverted, 0, 1));
    note_result(e, insn, self);
}

void x86_64_emit_sub(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int32_t imm;
    bool is_imm = value_is_imm32(e, insn->b, &imm) && imm != INT32_MIN;
    if (flags_pair_follows(e) || (!flags_needed(e) && (!is_imm || overwrites_in_place(e, self, insn->a))))
        emit_alu(e, insn, self, ALU_SUB, false);
    else if (is_imm)
        emit_lea_constant(e, insn, self, -imm);
    else
        emit_flagless_sub(e, insn, self);
}

void x86_64_emit_neg(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn);
    int d = define_integer_copy(e, self, insn->a);
    if (flags_needed(e)) {
        asm_unary(&e->as, 2, size, operand_reg(d));
        asm_lea(&e->as, size, d, operand_mem(d, 1));
    } else {
        asm_unary(&e->as, 3, size, operand_reg(d));
        host_flags_clobbered(e);
    }
    note_result(e, insn, self);
}

void x86_64_emit_not(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int d = define_integer_copy(e, self, insn->a);
    asm_unary(&e->as, 2, operand_size(insn), operand_reg(d));
    note_result(e, insn, self);
}

void x86_64_emit_and(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    bool is_plain = ir_is_constant(e->region, insn->b) && !flags_pair_follows(e);
    uint64_t mask = is_plain ? insn_of(e, insn->b)->imm : 0;
    if (!is_wide(insn))
        mask = (uint32_t)mask;
    unsigned from = mask == 0xff ? 1 : mask == 0xffff ? 2 : mask == 0xffffffff && is_wide(insn) ? 4 : 0;
    int32_t imm;
    if (from) {
        struct operand a = use_operand(e, insn->a);
        asm_movzx(&e->as, from, define_integer(e, self), a);
        note_zero_extended(e, self);
    } else if (is_plain && is_wide(insn) && mask <= 0x7fffffff && value_is_imm32(e, insn->b, &imm)) {
        int d = define_integer_copy(e, self, insn->a);      /* the 32-bit form is a byte shorter and clears the rest */
        asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(d), imm);
        host_flags_clobbered(e);
        note_zero_extended(e, self);
    } else {
        emit_alu(e, insn, self, ALU_AND, true);
    }
}

void x86_64_emit_or(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_alu(e, insn, self, ALU_OR, true); }
void x86_64_emit_xor(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_alu(e, insn, self, ALU_XOR, true); }

void x86_64_emit_and_not(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn);
    host_flags_clobbered(e);
    if (x86_64_features.bmi1) {
        int inverted = use_integer(e, insn->b);
        struct operand a = use_operand(e, insn->a);
        asm_andn(&e->as, size, define_integer(e, self), inverted, a);
    } else {
        int inverted = use_integer_copy(e, insn->b);
        asm_unary(&e->as, 2, size, operand_reg(inverted));
        int d = define_integer_copy(e, self, insn->a);
        asm_alu(&e->as, ALU_AND, size, d, operand_reg(inverted));
    }
    note_result(e, insn, self);
}

/* Carries come first: what brings the operands then leaves EFLAGS alone. */
static void emit_with_carry(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool borrow)
{
    flags_carry_to_host(e, insn->c, borrow);
    emit_alu(e, insn, self, borrow ? ALU_SBB : ALU_ADC, !borrow);
}

void x86_64_emit_add_carry(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_with_carry(e, insn, self, false); }
void x86_64_emit_sub_borrow(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_with_carry(e, insn, self, true); }

/* -- multiplication and division -------------------------------------------------------------------------------------------- */

void x86_64_emit_mul(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn);
    int32_t imm;
    host_flags_clobbered(e);
    if (value_is_imm32(e, insn->b, &imm)) {
        struct operand a = use_operand(e, insn->a);
        asm_imul_imm(&e->as, size, define_integer(e, self), a, imm);
    } else {
        bool swap = is_in_target(e, self, insn->b) || (!value_dies_here(e, insn->a) && value_dies_here(e, insn->b));
        struct operand right = use_operand(e, swap ? insn->a : insn->b);
        int d = define_integer_copy(e, self, swap ? insn->b : insn->a);
        asm_imul(&e->as, size, d, right);
    }
    note_result(e, insn, self);
}

static void emit_mul_high(struct emitter *e, const struct ir_insn *insn, ir_ref self, unsigned extension)
{
    unsigned size = operand_size(insn);
    host_flags_clobbered(e);
    take_integer(e, RDX);
    use_integer_in(e, insn->a, RAX);
    asm_unary(&e->as, extension, size, use_operand(e, insn->b));
    define_integer_in(e, self, RDX);
    note_result(e, insn, self);
}

void x86_64_emit_mul_high_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_mul_high(e, insn, self, 5); }
void x86_64_emit_mul_high_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_mul_high(e, insn, self, 4); }

/* x/0 is 0 and MIN/-1 is MIN, where x86 traps: the divisor decides which way to go. */
static void emit_divide(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool is_signed)
{
    unsigned size = operand_size(insn);
    host_flags_clobbered(e);
    take_integer(e, RDX);
    use_integer_in(e, insn->a, RAX);
    int divisor = use_integer(e, insn->b);
    uint32_t done[2], count = 0;
    if (is_signed) {
        /* -1 and 0 are the two values whose successor is at most 1 unsigned. */
        asm_lea(&e->as, size, RDX, operand_mem(divisor, 1));
        asm_alu_imm(&e->as, ALU_CMP, size, operand_reg(RDX), 1);
        uint32_t plain = asm_jcc_short(&e->as, HOST_A);
        asm_imul(&e->as, size, RAX, operand_reg(divisor));            /* x * -1 = -x, and MIN stays MIN; x * 0 = 0 */
        done[count++] = asm_jcc_short(&e->as, HOST_ALWAYS);
        asm_patch_short(&e->as, plain);
        asm_cdq(&e->as, size);
        asm_unary(&e->as, 7, size, operand_reg(divisor));
    } else {
        asm_test(&e->as, size, operand_reg(divisor), divisor);
        uint32_t plain = asm_jcc_short(&e->as, HOST_NE);
        asm_mov_imm(&e->as, RAX, 0);
        done[count++] = asm_jcc_short(&e->as, HOST_ALWAYS);
        asm_patch_short(&e->as, plain);
        asm_alu(&e->as, ALU_XOR, 4, RDX, operand_reg(RDX));
        asm_unary(&e->as, 6, size, operand_reg(divisor));
    }
    while (count)
        asm_patch_short(&e->as, done[--count]);
    define_integer_in(e, self, RAX);
    note_result(e, insn, self);
}

void x86_64_emit_divide_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_divide(e, insn, self, true); }
void x86_64_emit_divide_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_divide(e, insn, self, false); }

/* -- shifts ---------------------------------------------------------------------------------------------------------------------- */

static unsigned bits_of(const struct ir_insn *insn) { return insn->type == IR_I64 ? 64 : 32; }

/* Keeps EFLAGS if asked to (BMI2), by a count in a register. */
static void emit_shift_constant(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum shift op, unsigned count)
{
    unsigned size = operand_size(insn);
    if (op == SHIFT_SHL && count >= 1 && count <= 3 && (flags_needed(e) || !overwrites_in_place(e, self, insn->a))) {
        int a = use_integer(e, insn->a);
        struct operand sum = count == 1 ? operand_index(a, a, 0, 0) : operand_index(REG_NONE, a, count, 0);
        asm_lea(&e->as, size, define_integer(e, self), sum);
    } else if (op == SHIFT_ROR && x86_64_features.bmi2) {
        struct operand a = use_operand(e, insn->a);
        asm_rorx(&e->as, size, define_integer(e, self), a, count);
    } else if (flags_needed(e) && x86_64_features.bmi2) {
        struct operand a = use_operand(e, insn->a);
        int by = scratch_integer(e);
        asm_mov_imm(&e->as, by, count);
        asm_shift_bmi2(&e->as, op, size, define_integer(e, self), a, by);
    } else {
        int d = define_integer_copy(e, self, insn->a);
        asm_shift_imm(&e->as, op, size, operand_reg(d), count);
        host_flags_clobbered(e);
    }
    note_result(e, insn, self);
}

static void emit_shift(struct emitter *e, const struct ir_insn *insn, ir_ref self, enum shift op)
{
    unsigned size = operand_size(insn);
    if (ir_is_constant(e->region, insn->b)) {
        unsigned count = insn_of(e, insn->b)->imm & (bits_of(insn) - 1);
        if (count == 0)
            define_alias(e, self, insn->a);
        else
            emit_shift_constant(e, insn, self, op, count);
        return;
    }
    if (op != SHIFT_ROR && x86_64_features.bmi2) {
        int by = use_integer(e, insn->b);
        struct operand a = use_operand(e, insn->a);
        asm_shift_bmi2(&e->as, op, size, define_integer(e, self), a, by);
    } else {
        use_integer_in(e, insn->b, RCX);
        int value = use_integer_copy(e, insn->a);
        asm_shift_cl(&e->as, op, size, operand_reg(value));
        define_integer_in(e, self, value);
        host_flags_clobbered(e);
    }
    note_result(e, insn, self);
}

void x86_64_emit_shl(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_shift(e, insn, self, SHIFT_SHL); }
void x86_64_emit_shr(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_shift(e, insn, self, SHIFT_SHR); }
void x86_64_emit_sar(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_shift(e, insn, self, SHIFT_SAR); }
void x86_64_emit_ror(struct emitter *e, const struct ir_insn *insn, ir_ref self) { emit_shift(e, insn, self, SHIFT_ROR); }

/* -- width --------------------------------------------------------------------------------------------------------------------------- */

void x86_64_emit_sign_extend(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned from = 1u << insn->lane;
    struct operand a = use_operand(e, insn->a);
    asm_movsx(&e->as, from, operand_size(insn), define_integer(e, self), a);
    note_result(e, insn, self);
}

void x86_64_emit_zero_extend(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned from = 1u << insn->lane;
    if (from == 4) {
        if (!is_wide(insn)) {                 /* i32 from its own width */
            define_alias(e, self, insn->a);
            return;
        }
        use_integer(e, insn->a);              /* a load may already have done it */
        if (is_zero_extended(e, insn->a)) {
            define_alias(e, self, insn->a);
            return;
        }
    }
    struct operand a = use_operand(e, insn->a);
    asm_movzx(&e->as, from, define_integer(e, self), a);
    note_zero_extended(e, self);
}

void x86_64_emit_truncate(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_alias(e, self, insn->a); }

/* -- bit fields -------------------------------------------------------------------------------------------------------------------------- */

struct bit_field { unsigned low, width; };
static struct bit_field field_of(const struct ir_insn *insn) { return (struct bit_field){insn->imm & 0xff, insn->imm >> 8 & 0xff}; }
static uint64_t low_mask(unsigned width) { return width >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1; }

/* reg &= its low `width` bits, 32 < width < 64; may take a scratch register. */
static void keep_low_bits(struct emitter *e, int reg, unsigned width)
{
    if (x86_64_features.bmi2) {
        int count = scratch_integer(e);
        asm_mov_imm(&e->as, count, width);
        asm_bzhi(&e->as, 8, reg, operand_reg(reg), count);
    } else {
        asm_shift_imm(&e->as, SHIFT_SHL, 8, operand_reg(reg), 64 - width);
        asm_shift_imm(&e->as, SHIFT_SHR, 8, operand_reg(reg), 64 - width);
    }
}

void x86_64_emit_extract_unsigned(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct bit_field field = field_of(insn);
    unsigned size = operand_size(insn);
    if (field.low + field.width == bits_of(insn)) {
        if (field.low)
            emit_shift_constant(e, insn, self, SHIFT_SHR, field.low);
        else
            define_alias(e, self, insn->a);
        return;
    }
    if (field.low == 0 && (field.width == 8 || field.width == 16 || field.width == 32)) {
        struct operand a = use_operand(e, insn->a);
        asm_movzx(&e->as, field.width / 8, define_integer(e, self), a);
        note_zero_extended(e, self);
        return;
    }
    host_flags_clobbered(e);
    int d = define_integer_copy(e, self, insn->a);
    if (field.low)
        asm_shift_imm(&e->as, SHIFT_SHR, size, operand_reg(d), field.low);
    if (field.width == 8 || field.width == 16 || field.width == 32)
        asm_movzx(&e->as, field.width / 8, d, operand_reg(d));
    else if (field.width < 32)
        asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(d), (int32_t)low_mask(field.width));
    else
        keep_low_bits(e, d, field.width);
    if (field.width <= 32)
        note_zero_extended(e, self);
}

void x86_64_emit_extract_signed(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct bit_field field = field_of(insn);
    unsigned size = operand_size(insn), bits = bits_of(insn);
    if (field.low + field.width == bits) {
        if (field.low)
            emit_shift_constant(e, insn, self, SHIFT_SAR, field.low);
        else
            define_alias(e, self, insn->a);
        return;
    }
    bool is_plain = field.width == 8 || field.width == 16 || field.width == 32;
    if (is_plain && field.low == 0) {
        struct operand a = use_operand(e, insn->a);
        asm_movsx(&e->as, field.width / 8, size, define_integer(e, self), a);
        note_result(e, insn, self);
        return;
    }
    host_flags_clobbered(e);
    int d = define_integer_copy(e, self, insn->a);
    if (is_plain) {
        asm_shift_imm(&e->as, SHIFT_SHR, size, operand_reg(d), field.low);
        asm_movsx(&e->as, field.width / 8, size, d, operand_reg(d));
    } else {
        asm_shift_imm(&e->as, SHIFT_SHL, size, operand_reg(d), bits - field.low - field.width);
        asm_shift_imm(&e->as, SHIFT_SAR, size, operand_reg(d), bits - field.width);
    }
    note_result(e, insn, self);
}

/* reg &= mask; a mask that is no immediate goes through a scratch register. */
static void and_mask(struct emitter *e, unsigned size, int reg, uint64_t mask)
{
    if (size == 4 || (int64_t)mask == (int32_t)mask) {
        asm_alu_imm(&e->as, ALU_AND, size, operand_reg(reg), (int32_t)mask);
    } else {
        int constant = scratch_integer(e);
        asm_mov_imm(&e->as, constant, mask);
        asm_alu(&e->as, ALU_AND, size, reg, operand_reg(constant));
    }
}

/* The low bits of value in a register of its own, the bits above `width` zero. */
static int low_bits_copy(struct emitter *e, unsigned size, ir_ref value, unsigned width)
{
    int reg = use_integer_copy(e, value);
    if (width == 8 || width == 16 || (width == 32 && size == 8))
        asm_movzx(&e->as, width / 8, reg, operand_reg(reg));
    else if (width < 32)
        asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(reg), (int32_t)low_mask(width));
    else
        keep_low_bits(e, reg, width);
    return reg;
}

void x86_64_emit_deposit(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct bit_field field = field_of(insn);
    unsigned size = operand_size(insn), bits = bits_of(insn);
    host_flags_clobbered(e);
    if (field.width >= bits) {
        define_alias(e, self, insn->b);
        return;
    }
    int part;
    if (field.low + field.width == bits) {
        part = use_integer_copy(e, insn->b);
        asm_shift_imm(&e->as, SHIFT_SHL, size, operand_reg(part), field.low);
    } else {
        part = low_bits_copy(e, size, insn->b, field.width);
        if (field.low)
            asm_shift_imm(&e->as, SHIFT_SHL, size, operand_reg(part), field.low);
    }
    int d = define_integer_copy(e, self, insn->a);
    uint64_t keep = ~(low_mask(field.width) << field.low);
    e->integer_locked = 1u << part | 1u << d;               /* the operands are read; a big mask wants a register */
    and_mask(e, size, d, size == 4 ? (uint32_t)keep : keep);
    asm_alu(&e->as, ALU_OR, size, d, operand_reg(part));
    note_result(e, insn, self);
}

void x86_64_emit_extract_pair(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned count = insn->imm & (bits_of(insn) - 1);
    if (count == 0) {
        define_alias(e, self, insn->b);
        return;
    }
    if (is_same(e, insn->a, insn->b)) {
        emit_shift_constant(e, insn, self, SHIFT_ROR, count);
        return;
    }
    host_flags_clobbered(e);
    int high = use_integer(e, insn->a);
    int d = define_integer_copy(e, self, insn->b);
    asm_shrd(&e->as, operand_size(insn), operand_reg(d), high, count);
    note_result(e, insn, self);
}

/* -- whole-register bit operations ------------------------------------------------------------------------------------------------ */

static void rotate_right(struct emitter *e, unsigned size, int reg, unsigned count)
{
    if (x86_64_features.bmi2) {
        asm_rorx(&e->as, size, reg, operand_reg(reg), count);
    } else {
        asm_shift_imm(&e->as, SHIFT_ROR, size, operand_reg(reg), count);
        host_flags_clobbered(e);
    }
}

/* reg: groups of `step` bits are exchanged with their neighbours, mask selecting the lower of each two. */
static void swap_groups(struct emitter *e, unsigned size, int reg, int other, int constant, unsigned step, uint64_t mask)
{
    asm_mov_imm(&e->as, constant, size == 4 ? (uint32_t)mask : mask);
    asm_mov(&e->as, size, other, operand_reg(reg));
    asm_shift_imm(&e->as, SHIFT_SHR, size, operand_reg(other), step);
    asm_alu(&e->as, ALU_AND, size, other, operand_reg(constant));
    asm_alu(&e->as, ALU_AND, size, reg, operand_reg(constant));
    asm_shift_imm(&e->as, SHIFT_SHL, size, operand_reg(reg), step);
    asm_alu(&e->as, ALU_OR, size, reg, operand_reg(other));
}

void x86_64_emit_byte_swap(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn);
    int d = define_integer_copy(e, self, insn->a);
    asm_bswap(&e->as, size, d);
    if (size == 8 && insn->lane == LANE_32) {
        rotate_right(e, 8, d, 32);
    } else if (size == 4 && insn->lane == LANE_16) {
        rotate_right(e, 4, d, 16);
    } else if (size == 8 && insn->lane == LANE_16) {
        /* Whole words are reversed now: put the four halfwords back in order. */
        rotate_right(e, 8, d, 32);
        int other = scratch_integer(e), constant = scratch_integer(e);
        swap_groups(e, 8, d, other, constant, 16, 0x0000ffff0000ffff);
        host_flags_clobbered(e);
    }
    note_result(e, insn, self);
}

void x86_64_emit_bit_reverse(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn);
    host_flags_clobbered(e);
    int d = define_integer_copy(e, self, insn->a);
    e->integer_locked = 1u << d;
    int other = scratch_integer(e), constant = scratch_integer(e);
    asm_bswap(&e->as, size, d);
    swap_groups(e, size, d, other, constant, 4, 0x0f0f0f0f0f0f0f0f);
    swap_groups(e, size, d, other, constant, 2, 0x3333333333333333);
    swap_groups(e, size, d, other, constant, 1, 0x5555555555555555);
    note_result(e, insn, self);
}

void x86_64_emit_count_leading_zeros(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn), bits = bits_of(insn);
    host_flags_clobbered(e);
    if (x86_64_features.lzcnt) {
        struct operand a = use_operand(e, insn->a);
        asm_lzcnt(&e->as, size, define_integer(e, self), a);
    } else {
        /* The index of the highest bit, or 2 * bits - 1 when there is none; exclusive or with bits - 1 turns it round. */
        struct operand a = use_operand(e, insn->a);
        int d = define_integer_early(e, self), none = scratch_integer(e);
        asm_mov_imm(&e->as, none, 2 * bits - 1);
        asm_bsr(&e->as, size, d, a);
        asm_cmov(&e->as, HOST_E, size, d, operand_reg(none));
        asm_alu_imm(&e->as, ALU_XOR, size, operand_reg(d), (int32_t)bits - 1);
    }
    note_result(e, insn, self);
}

void x86_64_emit_count_trailing_zeros(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned size = operand_size(insn), bits = bits_of(insn);
    host_flags_clobbered(e);
    struct operand a = use_operand(e, insn->a);
    if (x86_64_features.bmi1) {
        asm_tzcnt(&e->as, size, define_integer(e, self), a);
    } else {
        int d = define_integer_early(e, self), none = scratch_integer(e);
        asm_mov_imm(&e->as, none, bits);
        asm_bsf(&e->as, size, d, a);
        asm_cmov(&e->as, HOST_E, size, d, operand_reg(none));
    }
    note_result(e, insn, self);
}

void x86_64_emit_population_count(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    host_flags_clobbered(e);
    struct operand a = use_operand(e, insn->a);
    asm_popcnt(&e->as, operand_size(insn), define_integer(e, self), a);
    note_result(e, insn, self);
}
