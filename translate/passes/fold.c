/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Folding: sends every instruction through the builder once more, which sees the operands as earlier passes left them. An exit
 * whose condition is certain is dropped, or becomes the end of its block.
 */
#include "translate/ir/simplify.h"
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

static bool exit_is_certain(const struct ir_region *region, const struct ir_insn *insn)
{
    uint32_t nzcv;
    if (insn->op != IR_exit_if)
        return false;
    return insn->cond >= COND_ALWAYS || (ir_constant_flags(region, insn->a, &nzcv) && ir_cond_holds(insn->cond, nzcv));
}

static void fold_block(struct ir_region *region, const struct ir_insn *old, const struct ir_block *block, ir_ref *map)
{
    ir_begin_block(region, block->pc);
    for (ir_ref ref = block->first; ref < block->first + block->count; ref++) {
        struct ir_insn insn = old[ref];
        if (insn_is_removed(&insn))
            continue;
        map_operands(&insn, map);
        bool certain = exit_is_certain(region, &insn);
        if (certain) {
            insn.op = IR_jump;
            insn.cond = 0;
        }
        map[ref] = ir_append(region, insn);
        if (certain)
            return;
    }
}

bool pass_fold(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    const struct ir_insn *old = region->insns;
    const struct ir_block *blocks = region->blocks;
    uint32_t block_count = region->block_count;
    ir_ref *map = arena_allocate(region->arena, region->count * sizeof *map);
    ir_restart(region, region->count);
    for (uint32_t i = 0; i < block_count; i++)
        fold_block(region, old, &blocks[i], map);
    return true;
}
