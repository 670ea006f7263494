/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group branch: ways out of a region, and helpers.
 */
#include "translate/host/interpreter/interpreter.h"

static void leave_to(struct interpreter *in, guest_addr pc)
{
    in->leaving = true;
    in->target = pc;
}

void interpret_insn_start(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    in->insn_pc = insn->imm;
}

void interpret_exit_if(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    if (ir_cond_holds(insn->cond, token_of(in, insn->a)))
        leave_to(in, insn->imm);
}

void interpret_jump(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    leave_to(in, insn->imm);
}

void interpret_call(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    leave_to(in, insn->imm);
}

void interpret_jump_indirect(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    leave_to(in, integer_of(in, insn->a));
}

void interpret_call_indirect(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    leave_to(in, integer_of(in, insn->a));
}

void interpret_return_to(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    leave_to(in, integer_of(in, insn->a));
}

/* System calls and barriers continue after the instruction, which is the last of its region. */
void interpret_trap(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    bool after = insn->cond == VCPU_EXIT_SYSCALL || insn->cond == VCPU_EXIT_BARRIER;
    in->cpu->trap_payload = insn->imm;
    interpreter_stop(in, insn->cond, after ? in->region->guest_end : in->insn_pc);
}

static uint64_t helper_operand(struct interpreter *in, ir_ref ref, unsigned position)
{
    if (ref == IR_NONE)
        return 0;
    enum ir_type type = ir_result_type(&in->region->insns[ref]);
    if (!ir_type_is_vector_class(type))
        return integer_of(in, ref);
    union vector128 value = *value_of(in, ref);
    if (type != IR_V128)
        value.u64[1] = 0;
    in->cpu->helper_vector[position] = value;
    return 0;
}

void interpret_helper(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    uint64_t a = helper_operand(in, insn->a, 0), b = helper_operand(in, insn->b, 1), c = helper_operand(in, insn->c, 2);
    access_begin(in);
    uint64_t integer = in->cpu->helpers[insn->imm & 0xffff](in->cpu, a, b, c, insn->imm >> 16);
    access_end(in);
    unsigned bytes = ir_type_bytes(insn->type);
    if (insn->type == IR_V128)
        *result = in->cpu->helper_result;
    else if (insn->type != IR_VOID)
        result->u64[0] = low_bits(ir_type_is_vector_class(insn->type) ? in->cpu->helper_result.u64[0] : integer, 8 * bytes);
}
