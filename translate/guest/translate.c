/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From guest code to the IR of one superblock: instruction after instruction until one ends it. Knows no ISA.
 */
#include "common/arena.h"
#include "translate/guest/guest.h"

bool guest_fetch_slow(const struct translator *t, guest_addr pc, void *bytes, size_t size)
{
    size_t at = pc % GUEST_WINDOW_BYTES, slot = pc / GUEST_WINDOW_BYTES % GUEST_WINDOWS;
    struct guest_windows *windows = t->windows;
    if (!windows || at + size > GUEST_WINDOW_BYTES)
        return t->fetch(t->user, pc, bytes, size);
    windows->pc[slot] = 1;
    if (!t->fetch(t->user, pc - at, windows->bytes[slot], GUEST_WINDOW_BYTES))
        return t->fetch(t->user, pc, bytes, size);   /* a mapping that ends inside */
    windows->pc[slot] = pc - at;
    memcpy(bytes, windows->bytes[slot] + at, size);
    return true;
}

static void open_windows(struct translator *t, struct arena *arena)
{
    t->windows = arena_allocate_unset(arena, sizeof *t->windows);
    memset(t->windows->pc, 0xff, sizeof t->windows->pc);
}

static inline bool may_start(const uint64_t *starts, size_t slots, guest_addr pc)
{
    size_t slot = (pc >> 2) & (slots - 1);
    return !starts || (starts[slot / 64] >> slot % 64 & 1);
}

static void append_jump(struct ir_region *region, guest_addr pc)
{
    ir_append(region, (struct ir_insn){.op = IR_jump, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE, .imm = pc});
}

/* Nothing can be executed at the very start. */
static void append_start_trap(struct translator *t, enum vcpu_exit kind)
{
    ir_begin_insn(t->region, t->pc);
    ir_trap(t->region, kind, t->pc);
    t->region->guest_end = t->pc;
    t->ended = true;
}

static bool was_backward(const struct ir_region *region)
{
    const struct ir_insn *last = region->insns + region->count - 1;
    return region->count && last->op == IR_exit_if && last->note & IR_NOTE_BACKWARD;
}

static void translate_superblock(struct translator *t, uint32_t max_insns)
{
    struct ir_region *region = t->region;
    const uint64_t *starts = t->starts;
    size_t start_slots = t->start_slots;
    while (!t->ended && region->guest_insns < max_insns) {
        ir_begin_insn(region, t->pc);
        if (!t->isa->translate_insn(t)) {
            break;
        }
        region->guest_insns++;
        t->pc = t->next_pc;
        region->guest_end = t->pc;
        if (t->ends_at_backward && was_backward(region))
            break;
        if (may_start(starts, start_slots, t->pc) && t->is_translated && t->is_translated(t->engine, t->pc))
            break;
    }
}

struct ir_region *guest_translate(struct translator *t, struct arena *arena, guest_addr pc)
{
    open_windows(t, arena);               /* first: the region's instructions grow in place while nothing follows them */
    struct ir_region *region = ir_region_new(arena, t->isa, pc);
    region->mode = t->mode;
    t->region = region;
    t->pc = t->next_pc = pc;
    t->ended = false;
    if (pc & ((1u << t->isa->insn_align) - 1)) {
        append_start_trap(t, VCPU_EXIT_ALIGNMENT);
        return region;
    }
    translate_superblock(t, t->one_insn || !t->max_insns ? 1 : t->max_insns);
    if (!t->ended && !region->guest_insns) {
        append_start_trap(t, VCPU_EXIT_FETCH_FAULT);
    } else if (!t->ended) {
        append_jump(region, t->pc);
    }
    return region;
}
