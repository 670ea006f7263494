/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atomic memory operations: exclusive pairs by comparing with the value seen, read-modify-write by lock-prefixed instructions or
 * cmpxchg loops. Results go to temporaries: a pinned register may only change after the last instruction that can fault.
 */
#include "translate/host/x86_64/memory.h"

#include <stddef.h>

#define VCPU(field) state_operand(offsetof(struct vcpu, field))

static bool is_unused(const struct emitter *e, ir_ref self) { return e->values[self].last_use == self; }

/* Bytes and halfwords come in registers whose upper part is old; 32-bit instructions cleared it. */
static void define_old_value(struct emitter *e, ir_ref self, unsigned bytes, int reg)
{
    if (bytes < 4)
        asm_movzx(&e->as, bytes, reg, operand_reg(reg));
    define_integer_in(e, self, reg);
    if (bytes < 8)
        note_zero_extended(e, self);
}

/* -- 16 bytes ------------------------------------------------------------------------------------------------------------- */

/* cmpxchg16b wants rbx, which holds a guest field: it waits in a spill slot, where the snapshot finds it. */
struct wide_exchange { struct operand address; int slot; };

/* Takes all four temporaries; the address is in rsi or a pinned register. */
static struct wide_exchange take_wide(struct emitter *e, const struct ir_insn *insn)
{
    struct wide_exchange wide;
    struct operand address = take_checked_address(e, insn, false);
    bool is_pin = address.base >= 0 && e->pin_field_integer[address.base] != GUEST_NO_FIELD && address.base != RBX;
    if (!is_pin || address.index >= 0) {
        int from = scratch_integer(e);
        asm_lea(&e->as, 8, from, address);
        if (from != RSI) {
            take_integer(e, RSI);
            asm_mov(&e->as, 8, RSI, operand_reg(from));
        }
        address = operand_mem(RSI, 0);
    }
    take_integer(e, RAX);
    take_integer(e, RCX);
    take_integer(e, RDX);
    wide.address = address;
    wide.slot = allocator_spill_slot(e, e->current);
    return wide;
}

static void split(struct emitter *e, int vector, int low, int high)
{
    asm_vector_to_gpr(&e->as, 8, operand_reg(low), vector);
    asm_vector_imm(&e->as, INSN_pextrq_store, vector, REG_NONE, operand_reg(high), 1);
}

/* rdx:rax expected; new value in a vector register. Afterwards rdx:rax is the old value and ZF tells. */
static void exchange_wide(struct emitter *e, struct wide_exchange wide, int value)
{
    asm_mov_store(&e->as, 8, spill_operand(wide.slot), RBX);
    split(e, value, RBX, RCX);
    snapshot_here(e);
    if (e->pin_field_integer[RBX] != GUEST_NO_FIELD)
        snapshot_entry_add(e, e->pin_field_integer[RBX], (struct snapshot_place){SNAPSHOT_SPILL, (uint8_t)wide.slot});
    asm_lock_cmpxchg16b(&e->as, wide.address);
    asm_mov(&e->as, 8, RBX, spill_operand(wide.slot));
}

static void compare_and_swap_wide(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int expected = use_vector(e, insn->b), value = use_vector(e, insn->c);
    struct wide_exchange wide = take_wide(e, insn);
    split(e, expected, RAX, RDX);
    exchange_wide(e, wide, value);
    int d = define_vector(e, self);
    asm_vector_from_gpr(&e->as, 8, d, operand_reg(RAX));
    asm_vector_imm(&e->as, INSN_pinsrq, d, d, operand_reg(RDX), 1);
}

/* -- exclusive accesses -------------------------------------------------------------------------------------------------------- */

static void store_monitor_address(struct emitter *e, struct operand address)
{
    int reg = address.base;
    if (address.base < 0 || address.displacement) {
        reg = scratch_integer(e);
        asm_lea(&e->as, 8, reg, address);
    }
    asm_mov_store(&e->as, 8, VCPU(exclusive_address), reg);
}

void x86_64_emit_load_exclusive(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    struct operand address = take_checked_address(e, insn, false);
    if (ir_type_is_vector_class(insn->type)) {
        int d = define_vector(e, self);
        snapshot_here(e);
        asm_vector_load(&e->as, bytes, d, address);
        asm_vector_store(&e->as, 8, VCPU(exclusive_value), d);
        asm_vector_imm(&e->as, INSN_pextrq_store, d, REG_NONE, VCPU(exclusive_value_high), 1);
    } else {
        int d = define_integer_early(e, self);
        snapshot_here(e);
        if (bytes < 8)
            asm_movzx(&e->as, bytes, d, address);
        else
            asm_mov(&e->as, 8, d, address);
        asm_mov_store(&e->as, 8, VCPU(exclusive_value), d);
        if (bytes < 8)
            note_zero_extended(e, self);
    }
    store_monitor_address(e, address);
}

static void clear_monitor(struct emitter *e) { asm_mov_imm_store(&e->as, 8, VCPU(exclusive_address), -1); }

void x86_64_emit_clear_exclusive(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)insn, (void)self;
    clear_monitor(e);
}

/* Compares the monitor's address; returns the jump taken when it is another one. */
static uint32_t compare_monitor(struct emitter *e, struct operand address, int scratch)
{
    int reg = address.base;
    if (address.base < 0 || address.displacement) {
        reg = scratch;
        asm_lea(&e->as, 8, reg, address);
    }
    asm_alu(&e->as, ALU_CMP, 8, reg, VCPU(exclusive_address));
    return asm_jcc_short(&e->as, HOST_NE);
}

static void store_exclusive_wide(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    int value = use_vector(e, insn->b);
    struct wide_exchange wide = take_wide(e, insn);
    uint32_t other;
    struct operand address = wide.address;
    if (address.displacement) {
        asm_lea(&e->as, 8, RAX, address);
        asm_alu(&e->as, ALU_CMP, 8, RAX, VCPU(exclusive_address));
    } else {
        asm_alu(&e->as, ALU_CMP, 8, address.base, VCPU(exclusive_address));
    }
    asm_mov_imm(&e->as, RAX, 1);
    other = asm_jcc(&e->as, HOST_NE);
    asm_mov(&e->as, 8, RAX, VCPU(exclusive_value));
    asm_mov(&e->as, 8, RDX, VCPU(exclusive_value_high));
    exchange_wide(e, wide, value);
    asm_setcc(&e->as, HOST_NE, RAX);
    asm_movzx(&e->as, 1, RAX, operand_reg(RAX));
    asm_patch(&e->as, other, asm_offset(&e->as));
    clear_monitor(e);
    define_integer_in(e, self, RAX);
    note_zero_extended(e, self);
}

void x86_64_emit_store_exclusive(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    host_flags_clobbered(e);
    if (bytes == 16) {
        store_exclusive_wide(e, insn, self);
        return;
    }
    take_integer(e, RAX);
    struct operand address = take_checked_address(e, insn, false);
    int value = use_integer(e, insn->b);
    int failed = scratch_integer(e);
    uint32_t other;
    if (address.base < 0 || address.displacement) {
        asm_lea(&e->as, 8, RAX, address);
        asm_mov_imm(&e->as, failed, 1);
        other = compare_monitor(e, operand_mem(RAX, 0), RAX);
    } else {
        asm_mov_imm(&e->as, failed, 1);
        other = compare_monitor(e, address, RAX);
    }
    asm_mov(&e->as, 8, RAX, VCPU(exclusive_value));
    snapshot_here(e);
    asm_lock_cmpxchg(&e->as, bytes, address, value);
    asm_setcc(&e->as, HOST_NE, failed);
    asm_patch_short(&e->as, other);
    clear_monitor(e);
    define_integer_in(e, self, failed);
    note_zero_extended(e, self);
}

/* -- read-modify-write --------------------------------------------------------------------------------------------------------- */

static enum alu alu_of(enum ir_atomic operation)
{
    switch (operation) {
    case ATOMIC_ADD: return ALU_ADD;
    case ATOMIC_XOR: return ALU_XOR;
    case ATOMIC_OR: return ALU_OR;
    default: return ALU_AND;
    }
}

static bool is_min_or_max(enum ir_atomic operation) { return operation >= ATOMIC_MAX_SIGNED && operation <= ATOMIC_MIN_UNSIGNED; }

/* Nobody wants the old value: one locked instruction. */
static void emit_locked(struct emitter *e, const struct ir_insn *insn, unsigned bytes, struct operand address)
{
    int operand;
    if (insn->cond == ATOMIC_CLEAR) {
        operand = use_integer_copy(e, insn->b);
        asm_unary(&e->as, 2, operand_size(insn), operand_reg(operand));
    } else {
        operand = use_integer(e, insn->b);
    }
    snapshot_here(e);
    asm_lock_alu(&e->as, alu_of(insn->cond), bytes, address, operand);
}

/* new = old op operand, the old value in rax. */
static void combine(struct emitter *e, const struct ir_insn *insn, unsigned bytes, int new, int operand)
{
    static const uint8_t keeps_old[] = {
        [ATOMIC_MAX_SIGNED] = HOST_G, [ATOMIC_MIN_SIGNED] = HOST_L, [ATOMIC_MAX_UNSIGNED] = HOST_A, [ATOMIC_MIN_UNSIGNED] = HOST_B,
    };
    unsigned size = bytes == 8 ? 8 : 4;
    asm_mov(&e->as, size, new, operand_reg(operand));
    if (is_min_or_max(insn->cond)) {
        asm_alu(&e->as, ALU_CMP, bytes, RAX, operand_reg(operand));
        asm_cmov(&e->as, keeps_old[insn->cond], size, new, operand_reg(RAX));
        return;
    }
    if (insn->cond == ATOMIC_CLEAR)
        asm_unary(&e->as, 2, size, operand_reg(new));
    asm_alu(&e->as, alu_of(insn->cond), size, new, operand_reg(RAX));
}

static void emit_loop(struct emitter *e, const struct ir_insn *insn, ir_ref self, unsigned bytes, struct operand address)
{
    int operand = use_integer(e, insn->b), new = scratch_integer(e);
    snapshot_here(e);
    if (bytes < 8)
        asm_movzx(&e->as, bytes, RAX, address);
    else
        asm_mov(&e->as, 8, RAX, address);
    uint32_t again = asm_offset(&e->as);
    combine(e, insn, bytes, new, operand);
    snapshot_here(e);
    asm_lock_cmpxchg(&e->as, bytes, address, new);
    asm_patch(&e->as, asm_jcc(&e->as, HOST_NE), again);
    define_old_value(e, self, bytes, RAX);
}

void x86_64_emit_atomic(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    bool is_exchange = insn->cond == ATOMIC_SWAP;
    bool is_loop = !is_exchange && (is_min_or_max(insn->cond) || (insn->cond != ATOMIC_ADD && !is_unused(e, self)));
    if (!is_exchange)
        host_flags_clobbered(e);
    if (is_loop)
        take_integer(e, RAX);                 /* before the operands, which it might move */
    struct operand address = take_checked_address(e, insn, false);
    if (is_loop) {
        emit_loop(e, insn, self, bytes, address);
    } else if (is_exchange || !is_unused(e, self)) {
        int copy = use_integer_copy(e, insn->b);
        snapshot_here(e);
        if (is_exchange)
            asm_xchg(&e->as, bytes, address, copy);
        else
            asm_lock_xadd(&e->as, bytes, address, copy);
        define_old_value(e, self, bytes, copy);
    } else {
        emit_locked(e, insn, bytes, address);
    }
}

void x86_64_emit_compare_and_swap(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    host_flags_clobbered(e);
    if (bytes == 16) {
        compare_and_swap_wide(e, insn, self);
        return;
    }
    use_integer_in(e, insn->b, RAX);
    struct operand address = take_checked_address(e, insn, false);
    int value = use_integer(e, insn->c);
    snapshot_here(e);
    asm_lock_cmpxchg(&e->as, bytes, address, value);
    /* rax keeps the expected value where it was equal, in its old width. */
    if (bytes == 4)
        asm_mov(&e->as, 4, RAX, operand_reg(RAX));
    define_old_value(e, self, bytes, RAX);
}
