/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What nobody needs, found from the end of the region backward.
 *
 * Values: what has neither effect nor use goes. Guest state: a put is dead when the same field is put again
 * before anything could see the first value: an exit, an access that may fault, a helper that looks at the state, a get. (Gets
 * after puts are the builder's business.) Flags: exits are told when the code they go to overwrites the flags field unread, and a put
 * that is overwritten before any exit that needs it goes away, whatever may fault in between, unless the guest reads the flags after
 * such an access (IR_NOTE_FLAGS_KEPT): a fault's handler may have it made again, and what follows finds them in the field. An exit
 * that takes the field along uses the token that was put last.
 *
 * The builder has counted uses, listed what matters for the flags and marked the puts that are put again, so that little is left to do
 * for each instruction.
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)

struct scan {
    struct ir_region *region;
    const struct pass_context *context;
    uint32_t flags_puts;                  /* still to come, above */
    uint32_t exits;                       /* below here that take the current flags token along */
    bool flags_needed;
    bool changed;
};

static void remove_insn(struct scan *scan, struct ir_insn *insn)
{
    insn->note |= IR_NOTE_REMOVED;
    ir_drop_operands(scan->region, insn);
    scan->changed = true;
}

/* The host may compile code that stands or falls with it. */
static void note_assumption(struct ir_region *region, guest_addr pc)
{
    if (!region->flags_dead_at)
        region->flags_dead_at = arena_allocate_unset(region->arena, region->count * sizeof *region->flags_dead_at);
    region->flags_dead_at[region->flags_dead_count++] = pc;
}

static bool flags_are_dead_at(const struct pass_context *context, guest_addr pc)
{
    return context->translator && guest_flags_dead_at(context->translator, pc);
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
        note_assumption(scan->region, insn->imm);
        scan->changed = true;
    }
    return false;
}

static void scan_exit(struct scan *scan, struct ir_insn *insn)
{
    if (!scan->flags_puts)
        return;                           /* nothing is to be decided any more */
    bool reads = exit_needs_flags(scan, insn);
    scan->flags_needed = ir_op_effects[insn->op] & IR_ENDS_BLOCK ? reads : scan->flags_needed || reads;
    scan->exits += reads;
}

static void scan_flags_put(struct scan *scan, struct ir_insn *insn)
{
    bool needed = scan->flags_needed || (insn->note & IR_NOTE_FLAGS_KEPT);
    scan->flags_puts--;
    if (!(insn->note & IR_NOTE_WANTED))
        return;                           /* goes without regard to what follows */
    scan->flags_needed = false;
    if (!needed) {
        remove_insn(scan, insn);
        return;
    }
    ir_at(scan->region, insn->a)->uses += scan->exits;
    scan->exits = 0;
}

static void scan_event(struct scan *scan, struct ir_insn *insn)
{
    if (insn->op == IR_put)
        scan_flags_put(scan, insn);
    else if (insn->op == IR_get)
        scan->flags_needed |= insn->uses != 0;
    else if (insn->op == IR_helper)
        scan->flags_needed |= (helper_effects(scan->region, insn) & (HELPER_READS_STATE | HELPER_WRITES_STATE)) != 0;
    else if (ir_op_effects[insn->op] & IR_MAY_EXIT)
        scan_exit(scan, insn);
}

/* The flags: from event to event. */
static void scan_events(struct scan *scan)
{
    struct ir_region *region = scan->region;
    const struct ir_block *block = region->blocks + region->block_count;
    ir_ref first = region->count;
    for (uint32_t i = region->event_count; i-- > 0;) {
        for (; region->events[i] < first; first = block->first) {
            block--;
            scan->flags_needed = true;
            scan->exits = 0;
        }
        struct ir_insn *insn = ir_at(region, region->events[i]);
        if (!insn_is_removed(insn))
            scan_event(scan, insn);
    }
}

static void remove_unused(struct scan *scan)
{
    struct ir_insn *first = scan->region->insns;
    for (struct ir_insn *insn = first + scan->region->count; insn-- != first;)
        if (UNLIKELY(!(insn->uses | (insn->note & (IR_NOTE_WANTED | IR_NOTE_REMOVED)))))
            if (insn->op != IR_helper || insn_is_pure(scan->region, insn))
                remove_insn(scan, insn);
}

bool pass_dead_code(struct ir_region *region, const struct pass_context *context)
{
    struct scan scan = {.region = region, .context = context, .flags_puts = region->flags_puts};
    scan_events(&scan);
    remove_unused(&scan);
    return scan.changed;
}
