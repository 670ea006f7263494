/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What nobody needs, found in one scan from the end of the region backward.
 *
 * Values: uses are counted, and what has neither effect nor use goes. Guest state: a put is dead when the same field is put again
 * before anything could see the first value: an exit, an access that may fault, a helper that looks at the state, a get. (Gets
 * after puts are the builder's business.) Flags: exits are told when the code they go to overwrites the flags field unread, and a put
 * that is overwritten before any exit that needs it goes away, whatever may fault in between, unless the guest reads the flags after
 * such an access (IR_NOTE_FLAGS_KEPT): a fault's handler may have it made again, and what follows finds them in the field. An exit
 * that takes the field along uses the token that was put last.
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

struct scan {
    struct ir_region *region;
    const struct pass_context *context;
    uint32_t *counts;                     /* by value; one entry more: what absent operands count into, without a branch */
    uint32_t *overwritten;                /* by field: == epoch when it is put again before anyone looks */
    uint32_t epoch;
    uint32_t flags_puts;                  /* still to come, above */
    uint32_t exits;                       /* below here that take the current flags token along */
    bool flags_needed;
    bool changed;
};

static bool remove_insn(struct scan *scan, struct ir_insn *insn)
{
    insn->note |= IR_NOTE_REMOVED;
    scan->changed = true;
    return false;
}

static bool flags_are_dead_at(const struct pass_context *context, guest_addr pc)
{
    const struct translator *translator = context->translator;
    return translator && translator->isa->flags_dead_at && translator->isa->flags_dead_at(translator, pc);
}

/* Whether the exit at insn reads the flags field. */
static bool exit_needs_flags(struct scan *scan, struct ir_insn *insn)
{
    if (insn->op != IR_exit_if && insn->op != IR_jump && insn->op != IR_call)
        return true;
    if (!(insn->note & IR_NOTE_FLAGS_DEAD)) {
        if (!flags_are_dead_at(scan->context, insn->imm))
            return true;
        insn->note |= IR_NOTE_FLAGS_DEAD;
        scan->changed = true;
    }
    return false;
}

static void scan_exit(struct scan *scan, struct ir_insn *insn)
{
    scan->epoch++;
    if (!scan->flags_puts)
        return;                           /* nothing is to be decided any more */
    bool reads = exit_needs_flags(scan, insn);
    scan->flags_needed = ir_op_effects[insn->op] & IR_ENDS_BLOCK ? reads : scan->flags_needed || reads;
    scan->exits += reads;
}

/* The functions from here on tell whether the instruction stays. */

static bool scan_put(struct scan *scan, struct ir_insn *insn)
{
    bool is_flags = insn->imm == GUEST_FIELD_FLAGS;
    scan->flags_puts -= is_flags;
    if (scan->overwritten[insn->imm] == scan->epoch)
        return remove_insn(scan, insn);
    scan->overwritten[insn->imm] = scan->epoch;
    if (is_flags) {
        bool needed = scan->flags_needed || (insn->note & IR_NOTE_FLAGS_KEPT);
        scan->flags_needed = false;
        if (!needed)
            return remove_insn(scan, insn);
        scan->counts[insn->a] += scan->exits;
        scan->exits = 0;
    }
    return true;
}

static bool scan_get(struct scan *scan, struct ir_insn *insn)
{
    if (!insn->uses)
        return remove_insn(scan, insn);
    scan->overwritten[insn->imm] = 0;
    scan->flags_needed |= insn->imm == GUEST_FIELD_FLAGS;
    return true;
}

static bool scan_helper(struct scan *scan, struct ir_insn *insn)
{
    unsigned effects = helper_effects(scan->region, insn);
    if (!insn->uses && insn_is_pure(scan->region, insn))
        return remove_insn(scan, insn);
    scan->epoch += (effects & (HELPER_READS_STATE | HELPER_WRITES_STATE | HELPER_MAY_FAULT)) != 0;
    scan->flags_needed |= (effects & (HELPER_READS_STATE | HELPER_WRITES_STATE)) != 0;
    return true;
}

static inline bool scan_insn(struct scan *scan, struct ir_insn *insn)
{
    unsigned effects = ir_op_effects[insn->op];
    if (!(effects & ~IR_COMMUTES))
        return insn->uses || remove_insn(scan, insn);
    if (insn->op == IR_put)
        return scan_put(scan, insn);
    if (insn->op == IR_get)
        return scan_get(scan, insn);
    if (insn->op == IR_helper)
        return scan_helper(scan, insn);
    if (effects & IR_MAY_EXIT)
        scan_exit(scan, insn);
    else if (effects & IR_MAY_FAULT)
        scan->epoch++;
    return true;
}

static void scan_block(struct scan *scan, const struct ir_block *block)
{
    struct ir_region *region = scan->region;
    uint32_t *counts = scan->counts;
    ir_ref none = region->count;
    scan->flags_needed = true;
    scan->exits = 0;
    scan->epoch++;
    for (ir_ref ref = block->first + block->count; ref-- > block->first;) {
        struct ir_insn *insn = ir_at(region, ref);
        if (insn_is_removed(insn))
            continue;
        insn->uses = counts[ref];
        if (!scan_insn(scan, insn))
            continue;
        counts[insn->a < none ? insn->a : none]++;
        counts[insn->b < none ? insn->b : none]++;
        counts[insn->c < none ? insn->c : none]++;
    }
}

bool pass_dead_code(struct ir_region *region, const struct pass_context *context)
{
    unsigned field_count = region->isa ? region->isa->field_count : 0;
    struct scan scan = {.region = region, .context = context, .flags_puts = region->flags_puts};
    scan.counts = arena_allocate(region->arena, (region->count + 1) * sizeof *scan.counts);
    scan.overwritten = arena_allocate(region->arena, field_count * sizeof *scan.overwritten);
    for (uint32_t i = region->block_count; i-- > 0;)
        scan_block(&scan, &region->blocks[i]);
    return scan.changed;
}
