/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Addresses: additions of constants, of an index, and shifts of the index move into the load or store that uses the sum.
 * Only 64-bit sums: address arithmetic is modulo 2^64 there, so it is exact. Where the sum already lies in a guest field
 * (base write-back) but its operand no longer does, folding would keep the operand alive for nothing; then it stays.
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

#define FOLD_LIMIT 4                      /* steps per access */

static bool add_displacement(struct ir_insn *insn, uint64_t addend)
{
    uint64_t sum = insn->imm + addend;
    if ((int64_t)sum != (int32_t)sum)
        return false;
    insn->imm = sum;
    return true;
}

/* ref = source + constant */
static bool is_offset(const struct ir_region *region, ir_ref ref, ir_ref *source, uint64_t *constant)
{
    const struct ir_insn *sum = ir_at(region, ref);
    if ((sum->op != IR_add && sum->op != IR_sub) || sum->type != IR_I64 || !is_plain_constant(region, sum->b))
        return false;
    uint64_t value = ir_at(region, sum->b)->imm;
    *source = sum->a;
    *constant = sum->op == IR_add ? value : 0 - value;
    return true;
}

static bool worth_moving(const struct field_tracker *fields, ir_ref sum, ir_ref source)
{
    return !field_tracker_holds(fields, sum) || field_tracker_holds(fields, source);
}

static bool fold_base(const struct ir_region *region, const struct field_tracker *fields, struct ir_insn *insn)
{
    ir_ref source;
    uint64_t constant;
    if (is_offset(region, insn->a, &source, &constant)) {
        if (!worth_moving(fields, insn->a, source) || !add_displacement(insn, constant))
            return false;
        insn->a = source;
        return true;
    }
    const struct ir_insn *sum = ir_at(region, insn->a);
    if (sum->op != IR_add || sum->type != IR_I64 || insn->b != IR_NONE || field_tracker_holds(fields, insn->a))
        return false;
    if (ir_is_constant(region, sum->a) || ir_is_constant(region, sum->b))
        return false;
    bool shifted_first = ir_at(region, sum->a)->op == IR_shl;
    insn->a = shifted_first ? sum->b : sum->a;
    insn->b = shifted_first ? sum->a : sum->b;
    return true;
}

static bool fold_index(const struct ir_region *region, const struct field_tracker *fields, struct ir_insn *insn)
{
    ir_ref source;
    uint64_t constant;
    unsigned scale = IR_MEM_SCALE(insn->mem);
    if (insn->b == IR_NONE)
        return false;
    if (is_offset(region, insn->b, &source, &constant)) {
        if (!worth_moving(fields, insn->b, source) || !add_displacement(insn, constant << scale))
            return false;
        insn->b = source;
        return true;
    }
    const struct ir_insn *shift = ir_at(region, insn->b);
    if (shift->op != IR_shl || shift->type != IR_I64 || !is_plain_constant(region, shift->b) || !worth_moving(fields, insn->b, shift->a))
        return false;
    uint64_t total = scale + (ir_at(region, shift->b)->imm & 63);
    if (total > 3)
        return false;
    insn->mem = (uint16_t)((insn->mem & ~(7u << 3)) | total << 3);
    insn->b = shift->a;
    return true;
}

static bool fold_access(struct ir_region *region, const struct field_tracker *fields, struct ir_insn *insn)
{
    struct ir_insn before = *insn;
    unsigned steps = 0;
    while (steps < FOLD_LIMIT && (fold_base(region, fields, insn) || fold_index(region, fields, insn)))
        steps++;
    if (!steps)
        return false;
    ir_drop_operands(region, &before);
    ir_count_operands(region, insn);
    return true;
}

static bool fold_block(struct ir_region *region, const struct ir_block *block, struct field_tracker *fields)
{
    bool changed = false;
    field_tracker_forget(fields);
    for (ir_ref ref = block->first; ref < block->first + block->count; ref++) {
        struct ir_insn *insn = ir_at(region, ref);
        if (insn_is_removed(insn))
            continue;
        if (insn->op == IR_load || insn->op == IR_store)
            changed |= fold_access(region, fields, insn);
        field_tracker_step(fields, region, insn, ref);
    }
    return changed;
}

bool pass_address(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    struct field_tracker fields;
    bool changed = false;
    field_tracker_init(&fields, region);
    for (uint32_t i = 0; i < region->block_count; i++)
        changed |= fold_block(region, &region->blocks[i], &fields);
    return changed;
}
