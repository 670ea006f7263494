/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who needs the flags field: exits are told when the code they go to overwrites it unread, and a put that is overwritten before any
 * exit that needs it goes away. An access that may fault does not count by itself: its snapshot has to give the flags only
 * where they are still needed later.
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

static bool is_flags_put(const struct ir_insn *insn)
{
    return insn->op == IR_put && insn->imm == GUEST_FIELD_FLAGS && insn->type == IR_FLAGS && !insn_is_removed(insn);
}

static bool flags_are_dead_at(const struct pass_context *context, guest_addr pc)
{
    const struct translator *translator = context->translator;
    return translator && translator->isa->flags_dead_at && translator->isa->flags_dead_at(translator, pc);
}

/* Whether the exit at insn reads the flags field. */
static bool exit_needs_flags(const struct pass_context *context, struct ir_insn *insn, bool *changed)
{
    if (insn->op != IR_exit_if && insn->op != IR_jump && insn->op != IR_call)
        return true;
    if (!(insn->note & IR_NOTE_FLAGS_DEAD)) {
        if (!flags_are_dead_at(context, insn->imm))
            return true;
        insn->note |= IR_NOTE_FLAGS_DEAD;
        *changed = true;
    }
    return false;
}

static bool scan_block(struct ir_region *region, const struct pass_context *context, const struct ir_block *block)
{
    bool changed = false, needed = true;
    ir_ref first = block->first, end = block->first + block->count;
    while (first < end && !is_flags_put(ir_at(region, first)))
        first++;                          /* before the first put nothing is to be decided */
    for (ir_ref ref = end; ref-- > first;) {
        struct ir_insn *insn = ir_at(region, ref);
        if (insn_is_removed(insn))
            continue;
        if (is_flags_put(insn)) {
            if (!needed) {
                insn->note |= IR_NOTE_REMOVED;
                changed = true;
            }
            needed = false;
        } else if (ir_op_info[insn->op].effects & IR_MAY_EXIT) {
            bool reads = exit_needs_flags(context, insn, &changed);
            needed = ir_op_info[insn->op].effects & IR_ENDS_BLOCK ? reads : needed || reads;
        } else if (insn->op == IR_helper) {
            needed |= (helper_effects(region, insn) & (HELPER_READS_STATE | HELPER_WRITES_STATE)) != 0;
        } else if (insn->op == IR_get && insn->imm == GUEST_FIELD_FLAGS) {
            needed = true;
        }
    }
    return changed;
}

bool pass_flags(struct ir_region *region, const struct pass_context *context)
{
    bool changed = false;
    for (uint32_t i = 0; i < region->block_count; i++)
        changed |= scan_block(region, context, &region->blocks[i]);
    return changed;
}
