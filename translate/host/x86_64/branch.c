/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ways out of a region: direct exits that the engine links by patching, guest calls and returns on the host's return
 * predictor, indirect jumps through the lookup table, traps.
 */
#include "translate/host/x86_64/flags.h"
#include "translate/host/x86_64/hot.h"
#include "translate/host/x86_64/stubs.h"

#include "common/arena.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define VCPU(field) state_operand(offsetof(struct vcpu, field))

static int32_t entry_displacement(enum x86_64_stub stub)
{
    return state_operand((unsigned)(offsetof(struct vcpu, entry_points) + stub * sizeof(void *))).displacement;
}

void emit_stub_jump(struct emitter *e, enum x86_64_stub stub)
{
    asm_encode_state(&e->as, FORM_1(0xff), 4, entry_displacement(stub));
}

void emit_stub_call(struct emitter *e, enum x86_64_stub stub)
{
    asm_encode_state(&e->as, FORM_1(0xff), 2, entry_displacement(stub));
}

/* -- pieces that are copied -------------------------------------------------------------------------------------------------- */

static struct assembler start_piece(struct code_piece *piece)
{
    memset(piece, 0, sizeof *piece);
    return (struct assembler){.start = piece->bytes, .at = piece->bytes, .limit = piece->bytes + sizeof piece->bytes};
}

void x86_64_make_pieces(struct code_pieces *pieces)
{
    struct assembler as = start_piece(&pieces->link);
    asm_encode_state(&as, FORM_1(0xff), 2, entry_displacement(STUB_LINK));
    memset(as.at, 0, sizeof(uint64_t));
    pieces->link.size = asm_offset(&as) + (uint32_t)sizeof(uint64_t);
    as = start_piece(&pieces->poll);
    asm_alu_imm(&as, ALU_CMP, 4, VCPU(pending), 0);
    asm_jcc(&as, HOST_NE);
    pieces->poll.size = asm_offset(&as);
    as = start_piece(&pieces->leave_pending);
    asm_encode_state(&as, FORM_1(0xff), 4, entry_displacement(STUB_PENDING));
    pieces->leave_pending.size = asm_offset(&as);
    for (int turned = 0; turned < 2; turned++) {
        as = start_piece(&pieces->flags_home[turned]);
        word_from_host(&as, turned ? SENSE_SUB : SENSE_ADD, VCPU(flags));
        pieces->flags_home[turned].size = asm_offset(&as);
        if (as.overflow)
            abort();
    }
}

/* -- exits -------------------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void more_exits(struct emitter *e)
{
    struct host_code *out = e->out;
    uint32_t grown = 2 * e->exit_capacity;
    struct host_exit *exits = arena_allocate_unset(e->region->arena, grown * sizeof *exits);
    memcpy(exits, out->exits, out->exit_count * sizeof *exits);
    out->exits = exits;
    e->exit_capacity = grown;
}

/* data[0] = target pc, data[1] = it is a call's landing. The call does not return: its return address names the exit. */
static void emit_link_stub(struct emitter *e, struct cold_path *cold)
{
    struct host_code *out = e->out;
    uint32_t stub = asm_offset(&e->as);
    emit_piece(e, &e->pieces->link);
    if (__builtin_expect(out->exit_count == e->exit_capacity, 0))
        more_exits(e);
    out->exits[out->exit_count++] = (struct host_exit){
        .site = cold->jump, .stub = stub, .word = stub + e->pieces->link.size - (uint32_t)sizeof(uint64_t), .target = cold->data[0],
        .is_call_landing = (uint8_t)cold->data[1]};
}

/* The guest's state is canonical at a call's landing, and the region's own elsewhere. */
static void direct_jump(struct emitter *e, guest_addr target, bool landing)
{
    if (landing && hot_has(e, target))
        hot_enter(e, target, STUB_LOOKUP);
    if (hot_jump(e, target))
        return;
    if (!landing)
        hot_leave(e);
    asm_align_rel32(&e->as, 1);
    struct cold_path *cold = add_cold(e, asm_jmp(&e->as), emit_link_stub);
    cold->data[0] = target;
    cold->data[1] = landing;
}

static void load_guest_pc(struct emitter *e, int reg, guest_addr pc)
{
    asm_mov_imm(&e->as, reg, pc);
}

static void emit_pending_exit(struct emitter *e, struct cold_path *cold)
{
    hot_leave(e);
    load_guest_pc(e, RAX, cold->data[0]);
    emit_piece(e, &e->pieces->leave_pending);
}

/* At this point nothing but pins matters: what follows is `target`. */
void emit_poll(struct emitter *e, guest_addr target)
{
    emit_piece(e, &e->pieces->poll);
    add_cold(e, asm_offset(&e->as) - 4, emit_pending_exit)->data[0] = target;
}

static void emit_hot_stub(struct emitter *e, struct cold_path *cold)
{
    load_guest_pc(e, RAX, cold->data[0]);
    emit_stub_jump(e, STUB_HOT);
}

/* What a backward jump does before it goes. The counts are signed and wrap: hot is what overflowed. Heads inside a hot region poll themselves. */
static void poll(struct emitter *e, guest_addr target)
{
    if (hot_has(e, target))
        return;
    emit_poll(e, target);
    if (e->hot || !e->region->count_step)
        return;
    asm_alu_imm(&e->as, ALU_ADD, 4, state_operand((unsigned)(offsetof(struct vcpu, hot_counts) + sizeof(uint32_t) * vcpu_hot_index(target))),
                (int32_t)e->region->count_step);
    add_cold(e, asm_jcc(&e->as, HOST_O), emit_hot_stub)->data[0] = target;
}

static bool exit_needs_flags(const struct emitter *e, const struct ir_insn *insn)
{
    return e->state_flags != IR_NONE && !(insn->note & IR_NOTE_FLAGS_DEAD);
}

static void bring_flags_home(struct emitter *e, const struct ir_insn *insn)
{
    if (!exit_needs_flags(e, insn))
        return;
    flags_go_home(e, e->state_flags);
    e->state_flags = IR_NONE;
}

void x86_64_emit_insn_start(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    e->current_pc = insn->imm;
}

/* data[0] = target pc, data[1] = it is backward */
static void emit_exit_with_flags(struct emitter *e, struct cold_path *cold)
{
    cold_flags_go_home(e, cold);
    if (cold->data[1])
        poll(e, cold->data[0]);
    direct_jump(e, cold->data[0], false);
}

/* A plain exit is one jcc that linking points at the target. One that polls does so on the taken path, inline, so that a loop's
 * back edge takes one jump; one that must store flags goes out of line. */
void x86_64_emit_exit_if(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    bool backward = insn->note & IR_NOTE_BACKWARD;
    if (insn->cond >= COND_ALWAYS) {          /* folding found out; what follows is never reached */
        x86_64_emit_jump(e, insn, self);
        e->order_end = e->order;
        return;
    }
    int cond = flags_to_host(e, insn->a, insn->cond);
    if (exit_needs_flags(e, insn)) {
        struct cold_path *cold = cold_jump(e, cond, emit_exit_with_flags);
        cold->data[0] = insn->imm;
        cold->data[1] = backward;
        return;
    }
    if (hot_jump_if(e, cond, insn->imm))
        return;
    if (e->hot) {
        struct cold_path *cold = add_cold(e, asm_jcc(&e->as, cond), emit_exit_with_flags);
        cold->flags.kind = RECIPE_HOME;
        cold->data[0] = insn->imm;
        cold->data[1] = backward;
        return;
    }
    if (!backward) {
        asm_align_rel32(&e->as, 2);
        add_cold(e, asm_jcc(&e->as, cond), emit_link_stub)->data[0] = insn->imm;
        return;
    }
    uint32_t skip = asm_jcc_short(&e->as, cond ^ 1);
    poll(e, insn->imm);
    direct_jump(e, insn->imm, false);
    asm_patch_short(&e->as, skip);
}

void x86_64_emit_jump(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    bring_flags_home(e, insn);
    if (insn->note & IR_NOTE_BACKWARD)
        poll(e, insn->imm);
    direct_jump(e, insn->imm, false);
}

/* -- calls and returns --------------------------------------------------------------------------------------------------- */

/* A value that is needed behind the region's layout: in `reg` then, else where it is. */
static int take_out(struct emitter *e, ir_ref value, int reg)
{
    if (!e->hot)
        return use_integer(e, value);
    use_integer_in(e, value, reg);
    hot_leave(e);
    return reg;
}

static void landing(struct emitter *e, guest_addr return_pc)
{
    asm_encode_memory(&e->as, FORM_1(0x8d) | FORM_W, RSP, RSP, 8);
    direct_jump(e, return_pc, true);
}

void x86_64_emit_call(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    guest_addr return_pc = ir_at(e->region, insn->a)->imm;
    bring_flags_home(e, insn);
    if (insn->note & IR_NOTE_BACKWARD)
        emit_poll(e, insn->imm);
    asm_push(&e->as, take_out(e, insn->a, RAX));
    asm_align_rel32(&e->as, 1);
    add_cold(e, asm_call(&e->as), emit_link_stub)->data[0] = insn->imm;
    landing(e, return_pc);
}

/* data[0] = offset of the landing. The call's return address here leads there. */
static void emit_call_miss(struct emitter *e, struct cold_path *cold)
{
    emit_stub_call(e, STUB_LOOKUP);
    asm_patch(&e->as, asm_jmp(&e->as), (uint32_t)cold->data[0]);
}

void x86_64_emit_call_indirect(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    guest_addr return_pc = ir_at(e->region, insn->b)->imm;
    bring_flags_home(e, insn);
    /* The target first: the push below changes no register, and no allocation happens after it. */
    use_integer_in(e, insn->a, RAX);
    asm_push(&e->as, take_out(e, insn->b, RSI));
    struct operand hit;
    struct cold_path *cold = add_cold(e, emit_lookup_probe(&e->as, &hit), emit_call_miss);
    asm_call_operand(&e->as, hit);
    cold->data[0] = asm_offset(&e->as);
    landing(e, return_pc);
}

static void emit_lookup_miss(struct emitter *e, struct cold_path *cold)
{
    (void)cold;
    emit_stub_jump(e, STUB_LOOKUP);
}

void x86_64_emit_jump_indirect(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    bring_flags_home(e, insn);
    use_integer_in(e, insn->a, RAX);
    hot_leave(e);
    struct operand hit;
    add_cold(e, emit_lookup_probe(&e->as, &hit), emit_lookup_miss);
    asm_jmp_operand(&e->as, hit);
}

static void emit_return_miss_jump(struct emitter *e, struct cold_path *cold)
{
    if (cold->regs[0] != RAX)
        asm_mov(&e->as, 8, RAX, operand_reg(cold->regs[0]));
    emit_stub_jump(e, STUB_RETURN_MISS);
}

void x86_64_emit_return_to(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    bring_flags_home(e, insn);
    int target = take_out(e, insn->a, RAX);
    asm_alu(&e->as, ALU_CMP, 8, target, operand_mem(RSP, 8));
    add_cold(e, asm_jcc(&e->as, HOST_NE), emit_return_miss_jump)->regs[0] = target;
    asm_ret(&e->as);
}

/* -- traps and helpers ----------------------------------------------------------------------------------------------------- */

static void store_imm64(struct emitter *e, struct operand home, uint64_t value)
{
    if (value == (uint64_t)(int64_t)(int32_t)value) {
        asm_mov_imm_store(&e->as, 8, home, (int32_t)value);
        return;
    }
    asm_mov_imm(&e->as, RAX, value);
    asm_mov_store(&e->as, 8, home, RAX);
}

/* A system call and a barrier go on after their instruction; every other trap is at it (vcpu.h). */
static guest_addr trap_pc(const struct emitter *e, unsigned kind)
{
    return kind == VCPU_EXIT_SYSCALL || kind == VCPU_EXIT_BARRIER ? e->region->guest_end : e->current_pc;
}

void x86_64_emit_trap(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    bring_flags_home(e, insn);
    asm_mov_imm_store(&e->as, 4, VCPU(exit_reason), insn->cond);
    store_imm64(e, VCPU(trap_payload), insn->imm);
    store_imm64(e, VCPU(pc), trap_pc(e, insn->cond));
    hot_leave(e);
    emit_stub_jump(e, STUB_TRAP);
}

void x86_64_emit_helper(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    emit_helper_call(e, insn, self);
}
