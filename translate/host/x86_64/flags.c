/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Flags tokens. A token is computed into EFLAGS at its definition only if a consumer will find it there (flags_plan.c); else
 * the consumer compares the operands again. Tokens whose operands do not tell all (carries, conditional compares) keep a
 * canonical word, N Z C V in the places where lahf and seto leave them. What CF means is e->host_sense.
 */
#include "translate/host/x86_64/flags.h"
#include "translate/host/x86_64/assembler_vector.h"

#include <stddef.h>

#define FLAGS_HOME state_operand(offsetof(struct vcpu, flags))

bool flags_pair_follows(const struct emitter *e)
{
    ir_ref next = next_insn(e->region, e->current);
    return next != IR_NONE && ir_op_result[ir_at(e->region, next)->op] == IR_RESULT_FLAGS && flags_is_pair(e->region, next);
}

void flags_set_host(struct emitter *e, ir_ref token, enum host_sense sense)
{
    e->host_flags = token;
    e->host_sense = sense;
}

/* -- comparisons ------------------------------------------------------------------------------------------------------------- */

/* False: this operation with this immediate needs its operand in a register of its own. */
bool compare_immediate(struct assembler *as, enum ir_op op, unsigned size, struct operand a, int32_t imm, enum host_sense *sense)
{
    if (op == IR_flags_and) {
        asm_test_imm(as, size, a, imm);
        *sense = SENSE_AND;
        return true;
    }
    *sense = SENSE_SUB;
    if (op == IR_flags_add) {
        /* a + n sets the flags of a - (-n), the carry being the missing borrow; not for 0, and there is no -MIN. */
        if (imm == 0 || imm == INT32_MIN)
            return false;
        imm = -imm;
    }
    if (imm == 0 && a.reg >= 0)
        asm_test(as, size, a, a.reg);         /* no borrow and no overflow either */
    else
        asm_alu_imm(as, ALU_CMP, size, a, imm);
    return true;
}

/* Additions destroy register a. */
enum host_sense compare_registers(struct assembler *as, enum ir_op op, unsigned size, int a, struct operand b)
{
    switch (op) {
    case IR_flags_and:
        asm_test(as, size, b, a);
        return SENSE_AND;
    case IR_flags_add:
        asm_alu(as, ALU_ADD, size, a, b);
        return SENSE_ADD;
    default:
        asm_alu(as, ALU_CMP, size, a, b);
        return SENSE_SUB;
    }
}

/* Takes operands without stealing them: they may be operands of the current instruction too. */
static enum host_sense emit_comparison(struct emitter *e, enum ir_op op, unsigned size, ir_ref a, ir_ref b)
{
    enum host_sense sense;
    int32_t imm;
    if (value_is_imm32(e, b, &imm) && compare_immediate(&e->as, op, size, use_operand(e, a), imm, &sense))
        return sense;
    int left = use_integer(e, a);
    struct operand right = use_operand(e, b);
    if (op == IR_flags_add) {
        int sum = scratch_integer(e);
        asm_mov(&e->as, size, sum, operand_reg(left));
        left = sum;
    }
    return compare_registers(&e->as, op, size, left, right);
}

/* -- bringing a token to EFLAGS ------------------------------------------------------------------------------------------------- */

/* lahf's layout in ah, the overflow bit in al: al + 0x7f overflows when it is 1. */
static void word_to_host(struct assembler *as)
{
    asm_alu_imm(as, ALU_ADD, 1, operand_reg(RAX), 0x7f);
    asm_sahf(as);
}

void flags_reload(struct emitter *e, ir_ref token, int order)
{
    const struct ir_insn *insn = ir_at(e->region, token);
    uint32_t integers = e->integer_locked, vectors = e->vector_locked;
    switch (token_kind(insn)) {
    case TOKEN_SIMPLE:
        flags_set_host(e, token, emit_comparison(e, insn->op, operand_size(insn), insn->a, insn->b));
        break;
    case TOKEN_FLOAT:
        x86_64_emit_float_compare(e, insn, order == 1);
        flags_set_host(e, token, order == 1 ? SENSE_FLOAT_SWAPPED : SENSE_FLOAT);
        break;
    case TOKEN_HOME:
        take_integer(e, RAX);
        asm_mov(&e->as, 4, RAX, FLAGS_HOME);
        word_to_host(&e->as);
        flags_set_host(e, token, SENSE_ADD);
        break;
    default: {
        int word = use_integer(e, token);
        if (word != RAX) {
            take_integer(e, RAX);
            asm_mov(&e->as, 4, RAX, operand_reg(word));
        } else if (value_is_live_after(e, token)) {
            take_integer(e, RAX);             /* it moves on, and its bits stay in rax */
        }
        word_to_host(&e->as);
        flags_set_host(e, token, SENSE_ADD);
        break;
    }
    }
    e->integer_locked = integers;
    e->vector_locked = vectors;
}

static int float_condition(struct emitter *e, enum ir_cond cond)
{
    static const uint8_t host[16] = {
        [COND_GT] = HOST_A, [COND_GE] = HOST_AE, [COND_LT] = HOST_B, [COND_LE] = HOST_BE, [COND_VS] = HOST_P, [COND_VC] = HOST_NP,
        [COND_MI] = HOST_A, [COND_CC] = HOST_A, [COND_PL] = HOST_BE, [COND_CS] = HOST_BE, [COND_LS] = HOST_AE, [COND_HI] = HOST_B,
    };
    if (cond != COND_EQ && cond != COND_NE)
        return host[cond];
    /* Equal is ZF without PF: no single condition. Only the bits ZF PF CF of ah are compared. */
    uint32_t locked = e->integer_locked;
    take_integer(e, RAX);
    e->integer_locked = locked;
    asm_lahf(&e->as);
    asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(RAX), 0x4500);
    asm_alu_imm(&e->as, ALU_CMP, 4, operand_reg(RAX), 0x4000);
    e->host_flags = IR_NONE;
    return cond == COND_EQ ? HOST_E : HOST_NE;
}

int flags_condition(struct emitter *e, enum ir_cond cond)
{
    static const uint8_t host[16] = {
        HOST_E, HOST_NE, HOST_AE, HOST_B, HOST_S, HOST_NS, HOST_O, HOST_NO,
        HOST_A, HOST_BE, HOST_GE, HOST_L, HOST_G, HOST_LE, HOST_ALWAYS, HOST_ALWAYS,
    };
    switch (e->host_sense) {
    case SENSE_FLOAT: case SENSE_FLOAT_SWAPPED:
        return cond >= COND_ALWAYS ? HOST_ALWAYS : float_condition(e, cond);
    case SENSE_AND:                           /* C is clear, and so is CF */
        if (cond == COND_CS || cond == COND_HI)
            return HOST_B;
        if (cond == COND_CC || cond == COND_LS)
            return HOST_AE;
        return host[cond];
    case SENSE_ADD:
        if (cond == COND_CS || cond == COND_CC)
            return host[cond ^ 1];
        if (cond == COND_HI || cond == COND_LS) {
            asm_cmc(&e->as);
            e->host_sense = SENSE_SUB;
        }
        return host[cond];
    default:
        return host[cond];
    }
}

static int home_condition(struct emitter *e, ir_ref token, enum ir_cond cond)
{
    static const uint16_t bit[] = {[COND_EQ] = WORD_Z, [COND_CS] = WORD_C, [COND_MI] = WORD_N, [COND_VS] = WORD_V};
    if (cond <= COND_VC) {
        asm_test_imm(&e->as, 4, FLAGS_HOME, bit[cond & ~1u]);
        e->host_flags = IR_NONE;
        return cond & 1 ? HOST_E : HOST_NE;
    }
    flags_reload(e, token, 0);
    int host = flags_condition(e, cond);
    e->host_flags = IR_NONE;
    return host;
}

static bool is_in_host(const struct emitter *e, ir_ref token, int order)
{
    if (e->host_flags != token)
        return false;
    if (order < 0 || (e->host_sense != SENSE_FLOAT && e->host_sense != SENSE_FLOAT_SWAPPED))
        return true;
    return (e->host_sense == SENSE_FLOAT_SWAPPED) == (order == 1);
}

int flags_to_host(struct emitter *e, ir_ref token, enum ir_cond cond)
{
    enum token_kind kind = token_kind(ir_at(e->region, token));
    if (kind == TOKEN_HOME)
        return home_condition(e, token, cond);
    int order = kind == TOKEN_FLOAT ? flags_float_order(cond) : -1;
    if (!is_in_host(e, token, order))
        flags_reload(e, token, order);
    return flags_condition(e, cond);
}

/* CF from whatever condition tells C; only for tokens whose CF does not. */
static void carry_from_condition(struct emitter *e, ir_ref token, bool borrow)
{
    uint32_t locked = e->integer_locked;
    int cond = flags_to_host(e, token, COND_CS);
    int carry = scratch_integer(e);
    asm_setcc(&e->as, cond, carry);
    if (borrow)
        asm_alu_imm(&e->as, ALU_CMP, 1, operand_reg(carry), 1);       /* below 1: C is clear */
    else
        asm_alu_imm(&e->as, ALU_ADD, 1, operand_reg(carry), -1);
    e->integer_locked = locked;
    e->host_flags = IR_NONE;
}

void flags_carry_to_host(struct emitter *e, ir_ref token, bool borrow)
{
    enum token_kind kind = token_kind(ir_at(e->region, token));
    if (kind == TOKEN_FLOAT) {
        carry_from_condition(e, token, borrow);
        return;
    }
    bool carry_is_inverted = false;           /* CF = !C */
    uint32_t locked = e->integer_locked;
    if (kind == TOKEN_HOME) {
        asm_bt_imm(&e->as, 4, FLAGS_HOME, 8);
    } else if (e->host_flags != token && kind != TOKEN_SIMPLE) {
        asm_bt_imm(&e->as, 4, operand_reg(use_integer(e, token)), 8);
    } else {
        if (e->host_flags != token)
            flags_reload(e, token, -1);
        carry_is_inverted = e->host_sense == SENSE_SUB;
    }
    e->integer_locked = locked;
    if (carry_is_inverted != borrow)
        asm_cmc(&e->as);
    e->host_flags = IR_NONE;
}

/* -- definitions ------------------------------------------------------------------------------------------------------------------ */

static bool is_wanted(const struct emitter *e, ir_ref self)
{
    return e->values[self].token_wanted & TOKEN_WANTED;
}

static void define_simple(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (flags_is_pair(e->region, self))
        flags_set_host(e, self, insn->op == IR_flags_add ? SENSE_ADD : insn->op == IR_flags_sub ? SENSE_SUB : SENSE_AND);
    else if (is_wanted(e, self))
        flags_set_host(e, self, emit_comparison(e, insn->op, operand_size(insn), insn->a, insn->b));
}

void x86_64_emit_flags_add(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_simple(e, insn, self); }
void x86_64_emit_flags_sub(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_simple(e, insn, self); }
void x86_64_emit_flags_and(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_simple(e, insn, self); }

static void define_float(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    uint8_t wanted = e->values[self].token_wanted;
    /* The comparison raises exceptions, wanted or not. */
    x86_64_emit_float_compare(e, insn, wanted & TOKEN_WANTED_SWAPPED);
    flags_set_host(e, self, wanted & TOKEN_WANTED_SWAPPED ? SENSE_FLOAT_SWAPPED : SENSE_FLOAT);
}

void x86_64_emit_flags_float(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_float(e, insn, self); }
void x86_64_emit_flags_float_signal(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_float(e, insn, self); }

static bool is_word_wanted(const struct emitter *e, ir_ref self) { return e->values[self].last_use > self; }

void flags_save_word(struct emitter *e, ir_ref self)
{
    if (!is_word_wanted(e, self))
        return;
    take_integer(e, RAX);
    word_from_host(&e->as, e->host_sense, operand_reg(RAX));
    if (e->host_sense == SENSE_SUB)
        e->host_sense = SENSE_ADD;            /* word_from_host turned CF round */
    define_integer_in(e, self, RAX);
}

static void define_with_carry(struct emitter *e, const struct ir_insn *insn, ir_ref self, bool borrow)
{
    bool is_pair = flags_is_pair(e->region, self);
    if (!is_pair && !is_wanted(e, self) && !is_word_wanted(e, self))
        return;
    if (!is_pair) {
        flags_carry_to_host(e, insn->c, borrow);
        int left = use_integer(e, insn->a);
        struct operand right = use_operand(e, insn->b);
        int result = scratch_integer(e);
        asm_mov(&e->as, operand_size(insn), result, operand_reg(left));
        asm_alu(&e->as, borrow ? ALU_SBB : ALU_ADC, operand_size(insn), result, right);
        e->integer_locked = 0;
    }
    flags_set_host(e, self, borrow ? SENSE_SUB : SENSE_ADD);
    flags_save_word(e, self);
}

void x86_64_emit_flags_add_carry(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_with_carry(e, insn, self, false); }
void x86_64_emit_flags_sub_borrow(struct emitter *e, const struct ir_insn *insn, ir_ref self) { define_with_carry(e, insn, self, true); }

static unsigned word_of_nibble(unsigned nzcv) { return nzcv * WORD_FROM_NZCV & WORD_MASK; }

/* The comparison of a conditional compare; its sense must be known before, for the other path. */
struct conditional_compare { enum ir_op op; unsigned size; int left; struct operand right; bool is_imm; int32_t imm; enum host_sense sense; };

static struct conditional_compare take_conditional(struct emitter *e, const struct ir_insn *insn)
{
    struct conditional_compare compare = {.op = insn->imm & 16 ? IR_flags_add : IR_flags_sub, .size = operand_size(insn)};
    compare.is_imm = value_is_imm32(e, insn->c, &compare.imm);
    if (compare.is_imm && compare.op == IR_flags_add && (compare.imm == 0 || compare.imm == INT32_MIN))
        compare.is_imm = false;
    compare.left = use_integer(e, insn->b);
    if (!compare.is_imm)
        compare.right = use_operand(e, insn->c);
    if (compare.op == IR_flags_add && !compare.is_imm) {
        int sum = scratch_integer(e);
        asm_mov(&e->as, compare.size, sum, operand_reg(compare.left));
        compare.left = sum;
    }
    compare.sense = compare.op == IR_flags_add && !compare.is_imm ? SENSE_ADD : SENSE_SUB;
    return compare;
}

static void emit_conditional(struct assembler *as, const struct conditional_compare *compare)
{
    enum host_sense sense;
    if (compare->is_imm)
        compare_immediate(as, compare->op, compare->size, operand_reg(compare->left), compare->imm, &sense);
    else
        compare_registers(as, compare->op, compare->size, compare->left, compare->right);
}

void x86_64_emit_flags_conditional(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (!is_wanted(e, self) && !is_word_wanted(e, self))
        return;
    int cond = insn->cond >= COND_ALWAYS ? HOST_ALWAYS : flags_to_host(e, insn->a, insn->cond);
    take_integer(e, RAX);                     /* before the operands, which it might move */
    struct conditional_compare compare = take_conditional(e, insn);
    unsigned word = word_of_nibble(insn->imm & 15) ^ (compare.sense == SENSE_SUB ? WORD_C : 0);
    if (cond == HOST_ALWAYS) {
        emit_conditional(&e->as, &compare);
    } else {
        uint32_t holds = asm_jcc_short(&e->as, cond);
        asm_mov_imm(&e->as, RAX, word);
        word_to_host(&e->as);
        uint32_t done = asm_jcc_short(&e->as, HOST_ALWAYS);
        asm_patch_short(&e->as, holds);
        emit_conditional(&e->as, &compare);
        asm_patch_short(&e->as, done);
    }
    flags_set_host(e, self, compare.sense);
    flags_save_word(e, self);
}

void x86_64_emit_flags_from_nzcv(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (!is_word_wanted(e, self))
        return;
    host_flags_clobbered(e);
    int word = define_integer_copy(e, self, insn->a);
    asm_shift_imm(&e->as, SHIFT_SHR, 4, operand_reg(word), 28);
    asm_imul_imm(&e->as, 4, word, operand_reg(word), WORD_FROM_NZCV);
    asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(word), WORD_MASK);
}

/* -- consumers ------------------------------------------------------------------------------------------------------------------------ */

static int word_of_token(struct emitter *e, ir_ref self, ir_ref token)
{
    enum token_kind kind = token_kind(ir_at(e->region, token));
    if (kind == TOKEN_HOME) {
        int reg = define_integer(e, self);
        asm_mov(&e->as, 4, reg, FLAGS_HOME);
        return reg;
    }
    if (e->host_flags != token && (kind == TOKEN_WORD || kind == TOKEN_SAVED))
        return define_integer_copy(e, self, token);
    if (e->host_flags != token)
        flags_reload(e, token, -1);
    take_integer(e, RAX);
    word_from_host(&e->as, e->host_sense, operand_reg(RAX));
    define_integer_in(e, self, RAX);
    return RAX;
}

void x86_64_emit_flags_to_nzcv(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int reg = word_of_token(e, self, insn->a);
    asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(reg), WORD_MASK);
    asm_imul_imm(&e->as, 4, reg, operand_reg(reg), NZCV_FROM_WORD);
    asm_alu_imm(&e->as, ALU_AND, 4, operand_reg(reg), (int32_t)0xf0000000);
    host_flags_clobbered(e);
    note_zero_extended(e, self);
}

void x86_64_emit_set_if(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int cond = insn->cond >= COND_ALWAYS ? HOST_ALWAYS : flags_to_host(e, insn->a, insn->cond);
    int reg = define_integer(e, self);
    if (cond == HOST_ALWAYS) {
        asm_mov_imm(&e->as, reg, 1);
    } else {
        asm_setcc(&e->as, cond, reg);
        asm_movzx(&e->as, 1, reg, operand_reg(reg));
    }
    note_zero_extended(e, self);
}

/* Whether value sits in the pinned register that self is meant for, or in a temporary that nobody needs after this. */
static bool is_cheap_to_overwrite(const struct emitter *e, ir_ref self, ir_ref value)
{
    uint16_t target = e->values[self].target_field;
    const struct value_state *s = &e->values[alias_root(e, value)];
    if (s->kind != PLACE_INTEGER && s->kind != PLACE_VECTOR)
        return s->kind == PLACE_CONSTANT;     /* materialised anyway */
    if (target != GUEST_NO_FIELD && e->fields[target].pin == s->reg)
        return true;
    bool is_pin = (s->kind == PLACE_VECTOR ? e->pin_field_vector[s->reg] : e->pin_field_integer[s->reg]) != GUEST_NO_FIELD;
    return value_dies_here(e, value) && !is_pin && !(target != GUEST_NO_FIELD && e->fields[target].pin >= 0);
}

static void select_vector(struct emitter *e, const struct ir_insn *insn, ir_ref self, int cond)
{
    bool swap = is_cheap_to_overwrite(e, self, insn->b) && !is_cheap_to_overwrite(e, self, insn->c);
    ir_ref moved = swap ? insn->c : insn->b, kept = swap ? insn->b : insn->c;
    int other = use_vector(e, moved);
    int reg = define_vector_copy(e, self, kept);
    uint32_t skip = asm_jcc_short(&e->as, swap ? cond : cond ^ 1);
    asm_vector_move(&e->as, reg, other);
    asm_patch_short(&e->as, skip);
}

void x86_64_emit_select(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (insn->cond >= COND_ALWAYS || alias_root(e, insn->b) == alias_root(e, insn->c)) {
        define_alias(e, self, insn->b);
        return;
    }
    int cond = flags_to_host(e, insn->a, insn->cond);
    if (ir_type_is_vector_class(insn->type)) {
        select_vector(e, insn, self, cond);
        return;
    }
    bool swap = is_cheap_to_overwrite(e, self, insn->b) && !is_cheap_to_overwrite(e, self, insn->c);
    ir_ref moved = swap ? insn->c : insn->b, kept = swap ? insn->b : insn->c;
    struct operand other = use_operand(e, moved);
    int reg = define_integer_copy(e, self, kept);
    asm_cmov(&e->as, swap ? cond ^ 1 : cond, operand_size(insn), reg, other);
    if (insn->type == IR_I32)
        note_zero_extended(e, self);
}
