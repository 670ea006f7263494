/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Branches: Arm ARM DDI 0487, C4.1.93. A conditional branch is a side exit; the block goes on behind it.
 */
#include "translate/guest/aarch64/aarch64.h"

#define LINK_REGISTER 30

static void append_jump(struct translator *t, guest_addr to)
{
    ir_append(t->region, (struct ir_insn){.op = IR_jump, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = to});
    t->ended = true;
}

static bool exit_if(struct translator *t, enum ir_cond cond, ir_ref token, int64_t offset)
{
    ir_exit_if(t->region, cond, token, t->pc + (uint64_t)offset);
    return true;
}

bool aarch64_translate_b(struct translator *t, const struct aarch64_b_args *a)
{
    append_jump(t, t->pc + (uint64_t)a->imm26);
    return true;
}

bool aarch64_translate_bl(struct translator *t, const struct aarch64_bl_args *a)
{
    ir_ref back = ir_guest_pc(t->region, t->next_pc);
    a64_put_x(t, LINK_REGISTER, back);
    ir_append(t->region, (struct ir_insn){.op = IR_call, .a = back, .b = IR_NONE, .c = IR_NONE, .imm = t->pc + (uint64_t)a->imm26});
    t->ended = true;
    return true;
}

bool aarch64_translate_b_cond(struct translator *t, const struct aarch64_b_cond_args *a)
{
    if (a->cond >= COND_ALWAYS) {
        append_jump(t, t->pc + (uint64_t)a->imm19);
        return true;
    }
    return exit_if(t, a->cond, a64_flags(t), a->imm19);
}

static ir_ref compare_zero(struct translator *t, unsigned sf, unsigned rt)
{
    return ir_binary_imm(t->region, IR_flags_sub, a64_type(sf), a64_r(t, sf, rt), 0);
}

bool aarch64_translate_cbz(struct translator *t, const struct aarch64_cbz_args *a)
{
    return exit_if(t, COND_EQ, compare_zero(t, a->sf, a->rt), a->imm19);
}

bool aarch64_translate_cbnz(struct translator *t, const struct aarch64_cbnz_args *a)
{
    return exit_if(t, COND_NE, compare_zero(t, a->sf, a->rt), a->imm19);
}

/* The sign bit of either width is what hosts test cheapest. */
static bool test_bit(struct translator *t, bool set, unsigned rt, unsigned bit, int64_t offset)
{
    unsigned sf = bit >= 32;
    ir_ref value = a64_r(t, sf, rt);
    if (bit == 31 || bit == 63) {
        return exit_if(t, set ? COND_MI : COND_PL, ir_binary(t->region, IR_flags_and, a64_type(sf), value, value), offset);
    }
    return exit_if(t, set ? COND_NE : COND_EQ, ir_binary_imm(t->region, IR_flags_and, a64_type(sf), value, 1ull << bit), offset);
}

bool aarch64_translate_tbz(struct translator *t, const struct aarch64_tbz_args *a)
{
    return test_bit(t, false, a->rt, a->test_bit, a->imm14);
}

bool aarch64_translate_tbnz(struct translator *t, const struct aarch64_tbnz_args *a)
{
    return test_bit(t, true, a->rt, a->test_bit, a->imm14);
}

static ir_ref target(struct translator *t, unsigned rn) { return a64_without_tag(t, a64_x(t, rn)); }

bool aarch64_translate_br(struct translator *t, const struct aarch64_br_args *a)
{
    ir_unary(t->region, IR_jump_indirect, IR_I64, target(t, a->rn));
    t->ended = true;
    return true;
}

bool aarch64_translate_blr(struct translator *t, const struct aarch64_blr_args *a)
{
    ir_ref to = target(t, a->rn), back = ir_guest_pc(t->region, t->next_pc);
    a64_put_x(t, LINK_REGISTER, back);
    ir_binary(t->region, IR_call_indirect, IR_I64, to, back);
    t->ended = true;
    return true;
}

bool aarch64_translate_ret(struct translator *t, const struct aarch64_ret_args *a)
{
    ir_unary(t->region, IR_return_to, IR_I64, target(t, a->rn));
    t->ended = true;
    return true;
}
