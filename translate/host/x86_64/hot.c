/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One hot region to code: the pieces one after the other, then their cold paths, then the constants. See hot.h.
 */
#include "translate/host/x86_64/hot.h"

#include "common/arena.h"
#include "translate/host/x86_64/vector.h"

#include <string.h>

/* -- from one layout to the other ---------------------------------------------------------------------------------------- */

static void move_field(struct emitter *e, uint16_t field, int reg, bool is_vector, bool load)
{
    struct operand slot = field_operand(e, field);
    if (is_vector && load)
        asm_vector_load(&e->as, 16, reg, slot);
    else if (is_vector)
        asm_vector_store(&e->as, 16, slot, reg);
    else if (load)
        asm_mov(&e->as, 8, reg, slot);
    else
        asm_mov_store(&e->as, 8, slot, reg);
}

void hot_leave_slowly(struct emitter *e)
{
    const struct hot_region *hot = e->hot;
    for (unsigned i = 0; i < hot->swap_count; i++) {
        const struct hot_swap *swap = &hot->swaps[i];
        if (swap->inside != GUEST_NO_FIELD && swap->is_changed)
            move_field(e, swap->inside, swap->reg, swap->is_vector, false);
        move_field(e, swap->outside, swap->reg, swap->is_vector, true);
    }
}

static void emit_unfit(struct emitter *e, struct cold_path *cold)
{
    asm_mov_imm(&e->as, RAX, cold->data[0]);
    emit_stub_jump(e, (enum x86_64_stub)cold->data[1]);
}

static void unfit_if_not_zero(struct emitter *e, guest_addr pc, enum x86_64_stub unfit)
{
    struct cold_path *cold = add_cold(e, asm_jcc(&e->as, HOST_NE), emit_unfit);
    cold->data[0] = pc;
    cold->data[1] = unfit;
}

/* The register that the canonical layout keeps the field in, or REG_NONE. */
static int canonical_register(const struct hot_region *hot, unsigned field)
{
    for (unsigned i = 0; i < hot->swap_count; i++)
        if (hot->swaps[i].is_vector && hot->swaps[i].inside == field)
            return REG_NONE;
    return hot->fields[field].pin;
}

/* Fields that hold scalars and nothing else inside have zeros above them. */
static void test_zeros(struct emitter *e, unsigned field, guest_addr pc, enum x86_64_stub unfit)
{
    unsigned bytes = e->fields[field].zero_upper == 2 ? 4 : 8;
    int reg = canonical_register(e->hot, field);
    if (reg == REG_NONE) {
        struct operand slot = field_operand(e, field);
        slot.displacement += 8;
        asm_alu_imm(&e->as, ALU_CMP, 8, slot, 0);
        unfit_if_not_zero(e, pc, unfit);
        slot.displacement -= 4;
        if (bytes == 8)
            return;
        asm_alu_imm(&e->as, ALU_CMP, 4, slot, 0);
    } else {
        asm_vector_move(&e->as, XMM0, reg);
        vector_op_imm(e, INSN_insertps, XMM0, XMM0, operand_reg(XMM0), bytes == 8 ? 3 : 1);   /* zeros in the scalar's lanes */
        asm_vector(&e->as, INSN_ptest, XMM0, REG_NONE, operand_reg(XMM0));
    }
    unfit_if_not_zero(e, pc, unfit);
}

void hot_enter(struct emitter *e, guest_addr pc, enum x86_64_stub unfit)
{
    const struct hot_region *hot = e->hot;
    for (uint32_t left = hot->vector_pinned; left; left &= left - 1) {
        unsigned field = hot->pin_field_vector[__builtin_ctz(left)];
        if (hot->fields[field].zero_upper)
            test_zeros(e, field, pc, unfit);
    }
    for (unsigned i = 0; i < hot->swap_count; i++) {
        const struct hot_swap *swap = &hot->swaps[i];
        move_field(e, swap->outside, swap->reg, swap->is_vector, false);
        if (swap->inside != GUEST_NO_FIELD)
            move_field(e, swap->inside, swap->reg, swap->is_vector, true);
    }
}

static void move_pins(struct emitter *e, bool load)
{
    for (uint32_t left = e->integer_pinned; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        move_field(e, e->pin_field_integer[reg], reg, false, load);
    }
    for (uint32_t left = e->vector_pinned; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        move_field(e, e->pin_field_vector[reg], reg, true, load);
    }
}

void hot_save_pins(struct emitter *e) { move_pins(e, false); }
void hot_load_pins(struct emitter *e) { move_pins(e, true); }

/* -- jumps inside ------------------------------------------------------------------------------------------------------------ */

static struct hot_piece *piece_at(const struct hot_region *hot, guest_addr pc)
{
    for (unsigned i = 0; i < hot->count; i++)
        if (hot->pieces[i].source->region->pc == pc)
            return &hot->pieces[i];
    return NULL;
}

bool hot_has(const struct emitter *e, guest_addr pc)
{
    return e->hot && piece_at(e->hot, pc);
}

static void note_fixup(struct hot_region *hot, uint32_t at, const struct hot_piece *piece)
{
    if (hot->fixup_count == hot->fixup_capacity) {
        unsigned grown = hot->fixup_capacity ? 2 * hot->fixup_capacity : 64;
        struct hot_fixup *fixups = arena_allocate_unset(hot->arena, grown * sizeof *fixups);
        if (hot->fixup_count)
            memcpy(fixups, hot->fixups, hot->fixup_count * sizeof *fixups);
        hot->fixups = fixups;
        hot->fixup_capacity = grown;
    }
    hot->fixups[hot->fixup_count++] = (struct hot_fixup){at, (unsigned)(piece - hot->pieces)};
}

/* The piece that is emitted next needs no jump: it is what this one ends with. */
bool hot_jump(struct emitter *e, guest_addr pc)
{
    struct hot_region *hot = e->hot;
    const struct hot_piece *piece = hot ? piece_at(hot, pc) : NULL;
    if (!piece)
        return false;
    if (piece - hot->pieces != (ptrdiff_t)hot->current + 1)
        note_fixup(hot, asm_jmp(&e->as), piece);
    return true;
}

bool hot_jump_if(struct emitter *e, int host_cond, guest_addr pc)
{
    struct hot_region *hot = e->hot;
    const struct hot_piece *piece = hot ? piece_at(hot, pc) : NULL;
    if (piece)
        note_fixup(hot, asm_jcc(&e->as, host_cond), piece);
    return piece;
}

/* -- the pieces ---------------------------------------------------------------------------------------------------------------- */

/* What all pieces share goes from emitter to emitter. */
static void hand_on(struct emitter *to, const struct emitter *from)
{
    to->as = from->as;
    to->exit_capacity = from->exit_capacity;
    to->snapshot_capacity = from->snapshot_capacity;
    to->entry_capacity = from->entry_capacity;
    to->constant_capacity = from->constant_capacity;
    to->relocation_capacity = from->relocation_capacity;
    to->constant_pool = from->constant_pool;
    to->failed |= from->failed;
}

static void start_piece(struct hot_region *hot, struct hot_piece *piece, const struct emitter *before, struct host_code *out, guest_addr base)
{
    struct emitter *e = &piece->emitter;
    layout_start(e);
    e->hot = hot;
    e->region = piece->source->region;
    e->out = out;
    e->base_pc = base;
    e->current_pc = e->region->pc;
    e->fields = hot->fields;
    memcpy(e->pin_field_integer, hot->pin_field_integer, sizeof e->pin_field_integer);
    memcpy(e->pin_field_vector, hot->pin_field_vector, sizeof e->pin_field_vector);
    e->integer_temporaries = hot->integer_temporaries;
    e->vector_temporaries = hot->vector_temporaries;
    e->integer_pinned = hot->integer_pinned;
    e->vector_pinned = hot->vector_pinned;
    struct host_code tables = *out;
    emitter_find_room(e);
    if (before) {
        *out = tables;
        hand_on(e, before);
    }
}

static void mark_polls(struct hot_region *hot)
{
    for (unsigned i = 0; i < hot->count; i++) {
        const struct ir_region *region = hot->pieces[i].source->region;
        for (ir_ref at = 0; at < region->count; at++) {
            const struct ir_insn *insn = ir_at(region, at);
            if ((insn->op != IR_exit_if && insn->op != IR_jump) || insn->note & IR_NOTE_REMOVED || !(insn->note & IR_NOTE_BACKWARD))
                continue;
            struct hot_piece *target = piece_at(hot, insn->imm);
            if (target)
                target->polls = true;
        }
    }
}

/* Where registers are that hold fields, for the fault handler: the same at every snapshot. */
static void note_layout(const struct hot_region *hot, struct host_code *out)
{
    unsigned count = (unsigned)(__builtin_popcount(hot->integer_pinned) + __builtin_popcount(hot->vector_pinned));
    struct snapshot_entry *at = arena_allocate_unset(hot->arena, count * sizeof *at);
    out->layout = at;
    out->layout_count = count;
    for (uint32_t left = hot->integer_pinned; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        *at++ = (struct snapshot_entry){hot->pin_field_integer[reg], {SNAPSHOT_INTEGER_REGISTER, (uint8_t)reg}};
    }
    for (uint32_t left = hot->vector_pinned; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        *at++ = (struct snapshot_entry){hot->pin_field_vector[reg], {SNAPSHOT_VECTOR_REGISTER, (uint8_t)reg}};
    }
}

static void emit_hot_parts(struct hot_region *hot, struct host_code *out, uint8_t *space, size_t size)
{
    guest_addr base = hot->pieces[0].source->region->pc;
    for (unsigned i = 0; i < hot->count; i++) {
        struct hot_piece *piece = &hot->pieces[i];
        struct emitter *e = &piece->emitter;
        hot->current = i;
        start_piece(hot, piece, i ? &hot->pieces[i - 1].emitter : NULL, out, base);
        if (i == 0) {
            e->as = (struct assembler){.start = space, .at = space, .limit = space + size};
            hot_enter(e, base, STUB_UNFIT);
        }
        piece->head = asm_offset(&e->as);
        if (piece->polls)
            emit_poll(e, piece->source->region->pc);
        liveness_walk(e);
        emit_insns(e);
    }
    hot->current = hot->count;
}

/* Returns the last emitter, which has what follows. */
static struct emitter *emit_cold_parts(struct hot_region *hot)
{
    struct emitter *before = &hot->pieces[hot->count - 1].emitter;
    for (unsigned i = 0; i < hot->count; i++) {
        struct emitter *e = &hot->pieces[i].emitter;
        if (e != before)
            hand_on(e, before);
        emit_cold_paths(e);
        before = e;
    }
    return before;
}

bool x86_64_emit_pieces(const struct host_piece *pieces, unsigned count, struct arena *arena, uint8_t *space, size_t size, struct host_code *out)
{
    struct hot_region *hot = arena_allocate(arena, sizeof *hot);
    hot->arena = arena;
    hot->count = count;
    hot->pieces = arena_allocate(arena, count * sizeof *hot->pieces);
    for (unsigned i = 0; i < count; i++)
        hot->pieces[i].source = &pieces[i];
    *out = (struct host_code){.code = space};
    if (!hot_layout_choose(hot, pieces[0].region->isa))
        return false;
    mark_polls(hot);
    note_layout(hot, out);
    emit_hot_parts(hot, out, space, size);
    struct emitter *e = emit_cold_parts(hot);
    for (unsigned i = 0; i < hot->fixup_count; i++)
        asm_patch(&e->as, hot->fixups[i].at, hot->pieces[hot->fixups[i].piece].head);
    emit_constant_pool(e);
    out->size = asm_offset(&e->as);
    return !e->as.overflow && !e->failed;
}
