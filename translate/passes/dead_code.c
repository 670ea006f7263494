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

/* counts has one entry more than there are instructions: what absent operands count into, without a branch. */
static void count_operands(const struct ir_region *region, const struct ir_insn *insn, uint32_t *counts)
{
    ir_ref none = region->count;
    counts[insn->a < none ? insn->a : none]++;
    counts[insn->b < none ? insn->b : none]++;
    counts[insn->c < none ? insn->c : none]++;
}

static bool count_block(struct ir_region *region, const struct ir_block *block, uint32_t *counts)
{
    bool changed = false;
    uint32_t exits = 0;                   /* below here that take the current flags token along */
    for (ir_ref ref = block->first + block->count; ref-- > block->first;) {
        struct ir_insn *insn = ir_at(region, ref);
        if (insn_is_removed(insn))
            continue;
        insn->uses = counts[ref];
        if (insn->uses == 0 && may_remove(region, insn)) {
            insn->note |= IR_NOTE_REMOVED;
            changed = true;
            continue;
        }
        count_operands(region, insn, counts);
        if (ir_op_info[insn->op].effects & IR_MAY_EXIT && !(insn->note & IR_NOTE_FLAGS_DEAD)) {
            exits++;
        } else if (insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS) {
            counts[insn->a] += exits;
            exits = 0;
        }
    }
    return changed;
}

bool pass_dead_code(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    bool changed = false;
    uint32_t *counts = arena_allocate(region->arena, (region->count + 1) * sizeof *counts);
    for (uint32_t i = region->block_count; i-- > 0;)
        changed |= count_block(region, &region->blocks[i], counts);
    return changed;
}
