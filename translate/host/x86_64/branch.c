/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ways out of a region: direct exits that the engine links by patching, guest calls and returns on the host's return
 * predictor, indirect jumps through the lookup table, traps.
 */
#include "translate/host/x86_64/stubs.h"

#include "common/arena.h"

#include <stddef.h>
#include <string.h>

#define VCPU(field) state_operand(offsetof(struct vcpu, field))

static int32_t entry_displacement(enum x86_64_stub stub)
{
    return state_operand((unsigned)(offsetof(struct vcpu, entry_points) + stub * sizeof(void *))).displacement;
}

void emit_stub_jump(struct emitter *e, enum x86_64_stub stub)
{
    asm_encode_memory(&e->as, FORM_1(0xff), 4, REG_STATE, entry_displacement(stub));
}

void emit_stub_call(struct emitter *e, enum x86_64_stub stub)
{
    asm_encode_memory(&e->as, FORM_1(0xff), 2, REG_STATE, entry_displacement(stub));
}

/* -- exits -------------------------------------------------------------------------------------------------------------- */

static struct host_exit *new_exit(struct emitter *e)
{
    enum { STEP = 16 };
    struct host_code *out = e->out;
    if (out->exit_count % STEP == 0) {
        struct host_exit *exits = arena_allocate_unset(e->region->arena, (out->exit_count + STEP) * sizeof *exits);
        if (out->exit_count)
            memcpy(exits, out->exits, out->exit_count * sizeof *exits);
        out->exits = exits;
    }
    return &out->exits[out->exit_count++];
}

/* `call [link]` and the exit's word, as they are in every stub. The call does not return: its return address names the exit. */
struct link_stub x86_64_link_stub(void)
{
    struct link_stub stub = {.call_bytes = 0};
    struct assembler as = {.start = stub.bytes, .at = stub.bytes, .limit = stub.bytes + sizeof stub.bytes};
    asm_encode_memory(&as, FORM_1(0xff), 2, REG_STATE, entry_displacement(STUB_LINK));
    stub.call_bytes = asm_offset(&as);
    memset(as.at, 0, sizeof(uint64_t));
    return stub;
}

/* data[0] = target pc, data[1] = it is a call's landing */
static void emit_link_stub(struct emitter *e, struct cold_path *cold)
{
    uint32_t stub = asm_offset(&e->as);
    if (!asm_has_room(&e->as, sizeof e->link_stub.bytes))
        return;
    memcpy(e->as.at, e->link_stub.bytes, sizeof e->link_stub.bytes);
    *new_exit(e) = (struct host_exit){.site = cold->jump, .stub = stub, .word = stub + e->link_stub.call_bytes, .target = cold->data[0],
                                      .is_call_landing = (uint8_t)cold->data[1]};
    e->as.at += e->link_stub.call_bytes + sizeof(uint64_t);
}

static void direct_jump(struct emitter *e, guest_addr target, bool landing)
{
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
    load_guest_pc(e, RAX, cold->data[0]);
    emit_stub_jump(e, STUB_PENDING);
}

/* At this point nothing but pins matters: the region is being left for `target`. */
static void poll(struct emitter *e, guest_addr target)
{
    asm_alu_imm(&e->as, ALU_CMP, 4, VCPU(pending), 0);
    add_cold(e, asm_jcc(&e->as, HOST_NE), emit_pending_exit)->data[0] = target;
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
        return;
    }
    int cond = flags_to_host(e, insn->a, insn->cond);
    if (exit_needs_flags(e, insn)) {
        struct cold_path *cold = cold_jump(e, cond, emit_exit_with_flags);
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

static void landing(struct emitter *e, guest_addr return_pc)
{
    asm_lea(&e->as, 8, RSP, operand_mem(RSP, 8));
    direct_jump(e, return_pc, true);
}

void x86_64_emit_call(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    guest_addr return_pc = ir_at(e->region, insn->a)->imm;
    bring_flags_home(e, insn);
    if (insn->note & IR_NOTE_BACKWARD)
        poll(e, insn->imm);
    asm_push(&e->as, use_integer(e, insn->a));
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
    asm_push(&e->as, use_integer(e, insn->b));
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
    int target = use_integer(e, insn->a);
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
    emit_stub_jump(e, STUB_TRAP);
}

void x86_64_emit_helper(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    emit_helper_call(e, insn, self);
}
