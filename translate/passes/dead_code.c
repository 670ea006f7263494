/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Liveness: counts each value's uses, from the end of the region backward, and removes what has no effect and no use. An exit that
 * takes the flags field along uses the token that was put last.
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

static bool may_remove(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op == IR_get)
        return true;
    return ir_op_info[insn->op].result != IR_RESULT_NONE && insn_is_pure(region, insn);
}

static void count_use(struct ir_region *region, ir_ref ref)
{
    if (ref != IR_NONE)
        ir_at(region, ref)->uses++;
}

static bool count_block(struct ir_region *region, const struct ir_block *block)
{
    bool changed = false;
    uint32_t exits = 0;                   /* below here that take the current flags token along */
    for (ir_ref ref = block->first + block->count; ref-- > block->first;) {
        struct ir_insn *insn = ir_at(region, ref);
        if (insn_is_removed(insn))
            continue;
        if (insn->uses == 0 && may_remove(region, insn)) {
            insn->note |= IR_NOTE_REMOVED;
            changed = true;
            continue;
        }
        count_use(region, insn->a);
        count_use(region, insn->b);
        count_use(region, insn->c);
        if (ir_op_info[insn->op].effects & IR_MAY_EXIT && !(insn->note & IR_NOTE_FLAGS_DEAD)) {
            exits++;
        } else if (insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS) {
            ir_at(region, insn->a)->uses += exits;
            exits = 0;
        }
    }
    return changed;
}

bool pass_dead_code(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    bool changed = false;
    for (ir_ref ref = 0; ref < region->count; ref++)
        ir_at(region, ref)->uses = 0;
    for (uint32_t i = region->block_count; i-- > 0;)
        changed |= count_block(region, &region->blocks[i]);
    return changed;
}
