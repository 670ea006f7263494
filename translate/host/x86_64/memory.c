/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest memory: addresses are host addresses. Every host instruction that touches guest memory has a snapshot made just before
 * it, and no pinned register is written before the last such instruction of an operation. x86 orders everything but a store
 * and a later load, so acquire and release are plain accesses. Single-instruction atomics are in atomic.c.
 */
#include "translate/host/x86_64/memory.h"

#include <stddef.h>

#define VCPU(field) state_operand(offsetof(struct vcpu, field))

static bool fits_displacement(int64_t value) { return value == (int32_t)value; }

/* -- addresses --------------------------------------------------------------------------------------------------------- */

/* base + displacement where the displacement is too big for an instruction. Keeps EFLAGS. */
static int far_base(struct emitter *e, int base, int64_t displacement)
{
    int sum = scratch_integer(e);
    asm_mov_imm(&e->as, sum, (uint64_t)displacement);
    if (base != REG_NONE)
        asm_lea(&e->as, 8, sum, operand_index(sum, base, 0, 0));
    return sum;
}

/* Constant bases and displacements that do not fit. */
static __attribute__((noinline)) struct operand take_rare_address(struct emitter *e, const struct ir_insn *insn, bool has_index)
{
    int64_t displacement = (int64_t)insn->imm;
    int base = REG_NONE;
    int32_t constant;
    if (value_is_imm32(e, insn->a, &constant) && fits_displacement(constant + displacement))
        displacement += constant;
    else
        base = use_integer(e, insn->a);
    int index = has_index && insn->b != IR_NONE ? use_integer(e, insn->b) : REG_NONE;
    if (!fits_displacement(displacement)) {
        base = far_base(e, base, displacement);
        displacement = 0;
    }
    return operand_index(base, index, index == REG_NONE ? 0 : IR_MEM_SCALE(insn->mem), (int32_t)displacement);
}

static inline struct operand plain_address(struct emitter *e, const struct ir_insn *insn, bool has_index)
{
    int64_t displacement = (int64_t)insn->imm;
    if (__builtin_expect(ir_is_constant(e->region, insn->a) || !fits_displacement(displacement), 0))
        return take_rare_address(e, insn, has_index);
    int base = use_integer(e, insn->a);
    if (!has_index || insn->b == IR_NONE)
        return operand_mem(base, (int32_t)displacement);
    return operand_index(base, use_integer(e, insn->b), IR_MEM_SCALE(insn->mem), (int32_t)displacement);
}

struct operand take_address(struct emitter *e, const struct ir_insn *insn, bool has_index) { return plain_address(e, insn, has_index); }

/* regs[0] = the address, which breaks the access's alignment rule. */
static void emit_misaligned(struct emitter *e, struct cold_path *cold)
{
    asm_mov_store(&e->as, 8, VCPU(fault_address), cold->regs[0]);
    cold_flags_go_home(e, cold);
    asm_mov_imm_store(&e->as, 4, VCPU(exit_reason), VCPU_EXIT_ALIGNMENT);
    asm_mov_imm(&e->as, RAX, cold->pc);
    note_relocation(e, asm_offset(&e->as) - (cold->pc == (uint32_t)cold->pc || (int64_t)cold->pc == (int32_t)cold->pc ? 4 : 8),
                    cold->pc == (uint32_t)cold->pc || (int64_t)cold->pc == (int32_t)cold->pc ? 4 : 8, cold->pc);
    asm_mov_store(&e->as, 8, VCPU(pc), RAX);
    emit_stub_jump(e, STUB_TRAP);
}

/* Checks alignment where the access demands it; returns how to address it from here on. */
static struct operand check_alignment(struct emitter *e, const struct ir_insn *insn, struct operand address)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    if (!(insn->mem & IR_MEM_ALIGNED) || bytes == 1)
        return address;
    int reg = address.base;
    if (address.base == REG_NONE || address.index != REG_NONE || address.displacement) {
        reg = scratch_integer(e);
        asm_lea(&e->as, 8, reg, address);
        address = operand_mem(reg, 0);
    }
    host_flags_clobbered(e);
    asm_test_imm(&e->as, reg < RSP ? 1 : 4, operand_reg(reg), (int32_t)bytes - 1);
    cold_jump(e, HOST_NE, emit_misaligned)->regs[0] = reg;
    return address;
}

struct operand take_checked_address(struct emitter *e, const struct ir_insn *insn, bool has_index)
{
    if (__builtin_expect(!(insn->mem & IR_MEM_ALIGNED) && fits_displacement((int64_t)insn->imm), 1))
        return take_address(e, insn, has_index);
    uint32_t before = e->integer_locked;
    struct operand address = check_alignment(e, insn, take_address(e, insn, has_index));
    /* Only the registers that are left in the operand are needed on. */
    e->integer_locked = before;
    if (address.base >= 0)
        e->integer_locked |= 1u << address.base;
    if (address.index >= 0)
        e->integer_locked |= 1u << address.index;
    return address;
}

/* -- loads ---------------------------------------------------------------------------------------------------------------- */

/* Bytes of reg turned round, the upper part zero. */
static void reverse_bytes(struct emitter *e, unsigned bytes, int reg)
{
    if (bytes == 2) {
        asm_shift_imm(&e->as, SHIFT_ROL, 2, operand_reg(reg), 8);
        host_flags_clobbered(e);
    } else if (bytes > 2) {
        asm_bswap(&e->as, bytes, reg);
    }
}

static void load_reversed(struct emitter *e, unsigned bytes, int reg, struct operand address)
{
    snapshot_here(e);
    if (x86_64_features.movbe && bytes > 1) {
        asm_movbe(&e->as, bytes, reg, address);
        if (bytes == 2)
            asm_movzx(&e->as, 2, reg, operand_reg(reg));
        return;
    }
    if (bytes < 8)
        asm_movzx(&e->as, bytes, reg, address);
    else
        asm_mov(&e->as, 8, reg, address);
    reverse_bytes(e, bytes, reg);
}

/* One instruction that touches guest memory, with its snapshot. */
static void emit_access(struct emitter *e, uint32_t form, int reg, struct operand address)
{
    snapshot_here(e);
    if (address.index < 0 && address.base >= 0)
        asm_encode_memory(&e->as, form, reg, address.base, address.displacement);
    else
        asm_encode(&e->as, form, reg, address, 0);
}

/* By width (log2), sign extension and the result's width: mov, movzx, movsx, movsxd. A plain 32-bit move clears the upper half. */
static uint32_t load_form(unsigned width, bool is_signed, bool is_wide)
{
    static const uint32_t forms[3][4] = {
        {FORM_2(0xb6), FORM_2(0xb7), FORM_1(0x8b), FORM_1(0x8b) | FORM_W},
        {FORM_2(0xbe), FORM_2(0xbf)},
        {FORM_2(0xbe) | FORM_W, FORM_2(0xbf) | FORM_W, FORM_1(0x63) | FORM_W},
    };
    return forms[is_signed ? 1 + is_wide : 0][width];
}

static __attribute__((noinline)) void load_integer_rare(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned width = IR_MEM_SIZE(insn->mem), bytes = 1u << width, size = operand_size(insn);
    bool is_signed = insn->mem & IR_MEM_SIGNED && bytes < size;
    struct operand address = take_checked_address(e, insn, true);
    int d = define_integer(e, self);
    if (insn->mem & IR_MEM_BIG_ENDIAN && bytes > 1) {
        load_reversed(e, bytes, d, address);
        if (is_signed)
            asm_movsx(&e->as, bytes, size, d, operand_reg(d));
    } else {
        emit_access(e, load_form(width, is_signed, is_wide(insn)), d, address);
    }
    if (size == 4 || (!is_signed && bytes < 8))
        note_zero_extended(e, self);
}

static void load_integer(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned width = IR_MEM_SIZE(insn->mem);
    bool wide = is_wide(insn), is_signed = insn->mem & IR_MEM_SIGNED && width < 2u + wide;
    if (__builtin_expect(insn->mem & (IR_MEM_BIG_ENDIAN | IR_MEM_ALIGNED), 0)) {
        load_integer_rare(e, insn, self);
        return;
    }
    struct operand address = plain_address(e, insn, true);
    int d = define_integer(e, self);
    e->values[self].zero_extended = !wide || (!is_signed && width < 3);
    emit_access(e, load_form(width, is_signed, wide), d, address);
}

/* A 16-byte big-endian load: both halves may fault, so the result is put together in a scratch register. */
static void load_vector_reversed(struct emitter *e, ir_ref self, struct operand address)
{
    struct operand high = address;
    high.displacement += 8;
    int part = scratch_integer(e), whole = scratch_vector(e);
    load_reversed(e, 8, part, high);
    asm_vector_from_gpr(&e->as, 8, whole, operand_reg(part));
    load_reversed(e, 8, part, address);
    asm_vector_imm(&e->as, INSN_pinsrq, whole, whole, operand_reg(part), 1);
    asm_vector_move(&e->as, define_vector(e, self), whole);
}

static __attribute__((noinline)) void load_vector(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    bool is_reversed = insn->mem & IR_MEM_BIG_ENDIAN && bytes > 1;
    struct operand address = take_checked_address(e, insn, true);
    if (is_reversed && bytes == 16) {
        load_vector_reversed(e, self, address);
        return;
    }
    if (bytes < 4 || is_reversed) {
        int part = scratch_integer(e);
        if (is_reversed) {
            load_reversed(e, bytes, part, address);
        } else {
            snapshot_here(e);
            asm_movzx(&e->as, bytes, part, address);
        }
        asm_vector_from_gpr(&e->as, bytes == 8 ? 8 : 4, define_vector(e, self), operand_reg(part));
    } else {
        int d = define_vector(e, self);
        snapshot_here(e);
        asm_vector_load(&e->as, bytes, d, address);
    }
    if (bytes < 16)
        note_zero_upper(e, self);
}

void x86_64_emit_load(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    if (ir_type_is_vector_class(insn->type))
        load_vector(e, insn, self);
    else
        load_integer(e, insn, self);
}

/* -- stores ----------------------------------------------------------------------------------------------------------------- */

/* xchg is both the store and the barrier after it; it never fails halfway, so reg is scratch only because it changes. */
static void store_integer_sequential(struct emitter *e, unsigned bytes, struct operand address, ir_ref value, bool is_reversed)
{
    int copy = use_integer_copy(e, value);
    if (is_reversed)
        reverse_bytes(e, bytes, copy);
    snapshot_here(e);
    asm_xchg(&e->as, bytes, address, copy);
}

static void store_integer_reversed(struct emitter *e, unsigned bytes, struct operand address, ir_ref value)
{
    if (x86_64_features.movbe) {
        int reg = use_integer(e, value);
        snapshot_here(e);
        asm_movbe_store(&e->as, bytes, address, reg);
        return;
    }
    int copy = use_integer_copy(e, value);
    reverse_bytes(e, bytes, copy);
    snapshot_here(e);
    asm_mov_store(&e->as, bytes, address, copy);
}

/* Constants narrower than their type are cut; a quadword takes a sign-extended immediate. */
static bool store_immediate(const struct emitter *e, unsigned bytes, ir_ref value, int32_t *imm)
{
    if (!ir_is_constant(e->region, value) || value_is_in_register(e, value))
        return false;
    if (value_is_imm32(e, value, imm))
        return true;
    if (bytes > 4 || !ir_is_constant(e->region, value) || ir_at(e->region, value)->note & IR_NOTE_GUEST_PC)
        return false;
    *imm = (int32_t)ir_at(e->region, value)->imm;
    return true;
}

static __attribute__((noinline)) void store_integer_rare(struct emitter *e, const struct ir_insn *insn)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    bool is_reversed = insn->mem & IR_MEM_BIG_ENDIAN && bytes > 1;
    struct operand address = take_checked_address(e, insn, true);
    int32_t imm;
    if (insn->mem & IR_MEM_SEQUENTIAL) {
        store_integer_sequential(e, bytes, address, insn->c, is_reversed);
    } else if (is_reversed) {
        store_integer_reversed(e, bytes, address, insn->c);
    } else if (store_immediate(e, bytes, insn->c, &imm)) {
        snapshot_here(e);
        asm_mov_imm_store(&e->as, bytes, address, imm);
    } else {
        int reg = use_integer(e, insn->c);
        emit_access(e, form_sized(bytes, 0x88, reg, REG_NONE), reg, address);
    }
}

static void store_integer(struct emitter *e, const struct ir_insn *insn)
{
    if (insn->mem & (IR_MEM_BIG_ENDIAN | IR_MEM_ALIGNED | IR_MEM_SEQUENTIAL) || ir_is_constant(e->region, insn->c)) {
        store_integer_rare(e, insn);
        return;
    }
    struct operand address = plain_address(e, insn, true);
    int reg = use_integer(e, insn->c);
    emit_access(e, form_sized(1u << IR_MEM_SIZE(insn->mem), 0x88, reg, REG_NONE), reg, address);
}

static void store_vector_reversed(struct emitter *e, unsigned bytes, struct operand address, int reg)
{
    int part = scratch_integer(e);
    struct operand at = address;
    for (unsigned half = 0; half < (bytes + 7) / 8; half++) {
        at.displacement = address.displacement + (bytes == 16 && half == 0 ? 8 : 0);
        if (half == 0)
            asm_vector_to_gpr(&e->as, bytes < 8 ? 4 : 8, operand_reg(part), reg);
        else
            asm_vector_imm(&e->as, INSN_pextrq_store, reg, REG_NONE, operand_reg(part), 1);
        reverse_bytes(e, bytes > 8 ? 8 : bytes, part);
        snapshot_here(e);
        asm_mov_store(&e->as, bytes > 8 ? 8 : bytes, at, part);
    }
}

static __attribute__((noinline)) void store_vector(struct emitter *e, const struct ir_insn *insn)
{
    unsigned bytes = 1u << IR_MEM_SIZE(insn->mem);
    struct operand address = take_checked_address(e, insn, true);
    int reg = use_vector(e, insn->c);
    if (insn->mem & IR_MEM_BIG_ENDIAN && bytes > 1) {
        store_vector_reversed(e, bytes, address, reg);
    } else {
        snapshot_here(e);
        asm_vector_store(&e->as, bytes, address, reg);
    }
    if (insn->mem & IR_MEM_SEQUENTIAL) {
        host_flags_clobbered(e);
        asm_lock_or_stack(&e->as);
    }
}

void x86_64_emit_store(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    if (ir_type_is_vector_class(ir_result_type(ir_at(e->region, insn->c))))
        store_vector(e, insn);
    else
        store_integer(e, insn);
}

void x86_64_emit_fence(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    (void)self;
    if (insn->cond != FENCE_FULL)
        return;
    host_flags_clobbered(e);
    asm_lock_or_stack(&e->as);
}
