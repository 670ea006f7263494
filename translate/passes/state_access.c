/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest state: a put is dead when the same field is put again before anything could see the first value: an exit, an access that
 * may fault, a helper that looks at the state, a get. (Gets after puts are the builder's business.)
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

static bool remove_dead_puts(struct ir_region *region, const struct ir_block *block, uint32_t *overwritten, uint32_t *epoch)
{
    bool changed = false;
    for (ir_ref ref = block->first + block->count; ref-- > block->first;) {
        struct ir_insn *insn = ir_at(region, ref);
        if (insn_is_removed(insn))
            continue;
        if (insn->op == IR_put) {
            if (overwritten[insn->imm] == *epoch) {
                insn->note |= IR_NOTE_REMOVED;
                changed = true;
            }
            overwritten[insn->imm] = *epoch;
        } else if (insn->op == IR_get) {
            overwritten[insn->imm] = 0;
        } else if (insn_may_leave(region, insn)) {
            ++*epoch;
        }
    }
    return changed;
}

bool pass_state_access(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    unsigned field_count = region->isa ? region->isa->field_count : 0;
    uint32_t *overwritten = arena_allocate(region->arena, field_count * sizeof *overwritten);
    uint32_t epoch = 1;                   /* overwritten[f] == epoch: f is put again before anyone looks */
    bool changed = false;
    for (uint32_t i = region->block_count; i-- > 0; epoch++)
        changed |= remove_dead_puts(region, &region->blocks[i], overwritten, &epoch);
    return changed;
}
