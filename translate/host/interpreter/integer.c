/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group integer: constants, guest state, and arithmetic as translate/ir/evaluate.c defines it.
 */
#include "translate/host/interpreter/interpreter.h"

#include <string.h>

enum { TOKEN_CARRY = 1 << 29 };

void interpret_constant(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)in;
    result->u64[0] = low_bits(insn->imm, 8 * ir_type_bytes(insn->type));
    result->u64[1] = insn->type == IR_V128 ? insn->imm : 0;
}

/* vcpu.flags, bit 15 N, 14 Z, 8 C, 0 V, and back. */
static uint32_t token_from_canonical(uint32_t flags)
{
    return (flags >> 14 & 3) << 30 | (flags >> 8 & 1) << 29 | (flags & 1) << 28;
}

static uint32_t canonical_from_token(uint32_t token)
{
    return (token >> 30) << 14 | (token >> 29 & 1) << 8 | (token >> 28 & 1);
}

static void *field_home(const struct interpreter *in, const struct ir_insn *insn)
{
    return (uint8_t *)in->cpu + in->region->isa->fields[insn->imm].offset;
}

void interpret_get(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    enum ir_type type = in->region->isa->fields[insn->imm].type;
    *result = (union vector128){{0}};
    memcpy(result, field_home(in, insn), ir_type_bytes(type));
    if (type == IR_FLAGS)
        result->u64[0] = token_from_canonical(result->u32[0]);
}

void interpret_put(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    enum ir_type type = in->region->isa->fields[insn->imm].type;
    union vector128 value = *value_of(in, insn->a);
    if (type == IR_FLAGS)
        value.u32[0] = canonical_from_token(value.u32[0]);
    memcpy(field_home(in, insn), &value, ir_type_bytes(type));
}

static void evaluate(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    uint64_t a = insn->a == IR_NONE ? 0 : integer_of(in, insn->a), b = insn->b == IR_NONE ? 0 : integer_of(in, insn->b);
    bool carry = insn->c != IR_NONE && token_of(in, insn->c) & TOKEN_CARRY;
    result->u64[0] = low_bits(ir_evaluate_integer(insn, a, b, carry), 8 * ir_type_bytes(insn->type));
}

#define INTEGER(op) \
    void interpret_##op(struct interpreter *in, const struct ir_insn *insn, union vector128 *result) { evaluate(in, insn, result); }
INTEGER(add)
INTEGER(sub)
INTEGER(mul)
INTEGER(mul_high_signed)
INTEGER(mul_high_unsigned)
INTEGER(divide_signed)
INTEGER(divide_unsigned)
INTEGER(and)
INTEGER(or)
INTEGER(xor)
INTEGER(and_not)
INTEGER(not)
INTEGER(neg)
INTEGER(shl)
INTEGER(shr)
INTEGER(sar)
INTEGER(ror)
INTEGER(sign_extend)
INTEGER(zero_extend)
INTEGER(truncate)
INTEGER(extract_unsigned)
INTEGER(extract_signed)
INTEGER(deposit)
INTEGER(extract_pair)
INTEGER(byte_swap)
INTEGER(bit_reverse)
INTEGER(count_leading_zeros)
INTEGER(count_trailing_zeros)
INTEGER(population_count)
INTEGER(add_carry)
INTEGER(sub_borrow)
INTEGER(crc32)
