/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group flags: tokens are computed at once, by translate/ir/evaluate.c; comparisons of floats by softfloat.
 */
#include "translate/host/interpreter/interpreter.h"
#include "translate/softfloat/vcpu_mode.h"

enum { TOKEN_CARRY = 1 << 29, CONDITIONAL_ADD = 1 << 4 };

static void evaluate(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    bool carry = insn->c != IR_NONE && token_of(in, insn->c) & TOKEN_CARRY;
    result->u64[0] = ir_evaluate_flags(insn->op, insn->type, integer_of(in, insn->a), integer_of(in, insn->b), carry);
}

#define FLAGS(op) \
    void interpret_##op(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) { evaluate(in, insn, result); }
FLAGS(flags_add)
FLAGS(flags_sub)
FLAGS(flags_and)
FLAGS(flags_add_carry)
FLAGS(flags_sub_borrow)

static void compare_floats(struct interpreter *in, const struct ir_insn *insn, union vector128 *result, bool signalling)
{
    struct softfloat_mode mode;
    softfloat_mode_from_vcpu(&mode, in->cpu);
    enum softfloat_format format = (enum softfloat_format)(insn->type - IR_F16);
    result->u64[0] = softfloat_compare(&mode, format, integer_of(in, insn->a), integer_of(in, insn->b), signalling);
    softfloat_flags_to_vcpu(in->cpu, &mode);
}

void interpret_flags_float(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    compare_floats(in, insn, result, false);
}

void interpret_flags_float_signal(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    compare_floats(in, insn, result, true);
}

void interpret_flags_from_nzcv(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = integer_of(in, insn->a) & 0xf0000000;
}

void interpret_flags_conditional(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    enum ir_op op = insn->imm & CONDITIONAL_ADD ? IR_flags_add : IR_flags_sub;
    if (ir_cond_holds(insn->cond, token_of(in, insn->a)))
        result->u64[0] = ir_evaluate_flags(op, insn->type, integer_of(in, insn->b), integer_of(in, insn->c), false);
    else
        result->u64[0] = (insn->imm & 15) << 28;
}

void interpret_flags_to_nzcv(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = token_of(in, insn->a) & 0xf0000000;
}

void interpret_set_if(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    result->u64[0] = ir_cond_holds(insn->cond, token_of(in, insn->a));
}

void interpret_select(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    *result = *value_of(in, ir_cond_holds(insn->cond, token_of(in, insn->a)) ? insn->b : insn->c);
}
