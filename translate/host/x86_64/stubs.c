/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The stubs around generated code: entering, leaving, linking, lookup, helper calls. They are generated once per process for the
 * guest's pins and reached through vcpu.entry_points, so that generated code holds no address of ours.
 *
 * Two stacks. Generated code runs on the prediction stack (pairs of host and guest return addresses, nothing else, so it
 * may be dropped at any time); every C function runs on the thread's own stack, whose pointer is vcpu.host_stack.
 */
#include "translate/host/x86_64/stubs.h"

#include "translate/host/x86_64/vector.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

const int8_t x86_64_integer_pin[INTEGER_PIN_COUNT] = {RBX, RBP, RDI, R8, R9, R10, R11, R12, R13, R14};

struct x86_64_stubs x86_64_stubs;

#define VCPU(field) state_operand(offsetof(struct vcpu, field))

static unsigned pin_count(const uint16_t *pins, unsigned limit)
{
    unsigned count = 0;
    while (count < limit && pins[count] != GUEST_NO_FIELD)
        count++;
    return count;
}

static void move_pins(struct assembler *as, const struct guest_isa *isa, bool load)
{
    unsigned integers = pin_count(isa->integer_pins, INTEGER_PIN_COUNT), vectors = pin_count(isa->vector_pins, VECTOR_PIN_COUNT);
    for (unsigned i = 0; i < integers; i++) {
        struct operand home = state_operand(isa->fields[isa->integer_pins[i]].offset);
        if (load)
            asm_mov(as, 8, x86_64_integer_pin[i], home);
        else
            asm_mov_store(as, 8, home, x86_64_integer_pin[i]);
    }
    for (unsigned i = 0; i < vectors; i++) {
        struct operand home = state_operand(isa->fields[isa->vector_pins[i]].offset);
        if (load)
            asm_vector(as, INSN_movups, VECTOR_PIN_FIRST + (int)i, REG_NONE, home);
        else
            asm_vector(as, INSN_movups_store, VECTOR_PIN_FIRST + (int)i, REG_NONE, home);
    }
}

static void store_pins(struct assembler *as, const struct guest_isa *isa) { move_pins(as, isa, false); }
static void load_pins(struct assembler *as, const struct guest_isa *isa) { move_pins(as, isa, true); }

static const uint8_t callee_saved[] = {RBX, RBP, R12, R13, R14, R15};

/* void enter(struct vcpu *, const void *code) */
static void emit_enter(struct assembler *as, const struct guest_isa *isa)
{
    for (unsigned i = 0; i < sizeof callee_saved; i++)
        asm_push(as, callee_saved[i]);
    asm_alu_imm(as, ALU_SUB, 8, operand_reg(RSP), 8);          /* aligned for the calls stubs make */
    asm_lea(as, 8, REG_STATE, operand_mem(RDI, STATE_BIAS));
    asm_mov_store(as, 8, VCPU(host_stack), RSP);
    asm_stmxcsr(as, VCPU(c_fp_control));
    asm_ldmxcsr(as, VCPU(host_fp_control));
    asm_mov_imm_store(as, 1, VCPU(fp_in_host), 1);
    asm_mov(as, 8, RAX, operand_reg(RSI));
    asm_mov(as, 8, RSP, VCPU(prediction_stack));
    load_pins(as, isa);
    asm_jmp_operand(as, operand_reg(RAX));
}

/* Back to enter's caller; pins and prediction stack pointer are home already. */
static void emit_leave_saved(struct assembler *as)
{
    asm_stmxcsr(as, VCPU(host_fp_control));
    asm_ldmxcsr(as, VCPU(c_fp_control));
    asm_mov_imm_store(as, 1, VCPU(fp_in_host), 0);
    asm_mov(as, 8, RSP, VCPU(host_stack));
    asm_alu_imm(as, ALU_ADD, 8, operand_reg(RSP), 8);
    for (unsigned i = sizeof callee_saved; i-- > 0;)
        asm_pop(as, callee_saved[i]);
    asm_ret(as);
}

static void emit_leave(struct assembler *as, const struct guest_isa *isa)
{
    asm_mov_store(as, 8, VCPU(prediction_stack), RSP);
    store_pins(as, isa);
    emit_leave_saved(as);
}

static void emit_pending(struct assembler *as, const struct guest_isa *isa)
{
    asm_mov_store(as, 8, VCPU(pc), RAX);
    asm_mov_imm_store(as, 4, VCPU(exit_reason), VCPU_EXIT_PENDING);
    emit_leave(as, isa);
}

/* Calls function(cpu, rsi), which returns where to go on, or NULL to leave. */
static void emit_resolve(struct assembler *as, const struct guest_isa *isa, uint64_t function)
{
    asm_mov_store(as, 8, VCPU(prediction_stack), RSP);
    store_pins(as, isa);
    asm_mov(as, 8, RSP, VCPU(host_stack));
    asm_lea(as, 8, RDI, operand_mem(REG_STATE, -STATE_BIAS));
    asm_mov_imm(as, RAX, function);
    asm_call_operand(as, operand_reg(RAX));
    asm_test(as, 8, operand_reg(RAX), RAX);
    uint32_t leave = asm_jcc(as, HOST_E);
    asm_mov(as, 8, RSP, VCPU(prediction_stack));
    load_pins(as, isa);
    asm_jmp_operand(as, operand_reg(RAX));
    asm_patch(as, leave, asm_offset(as));
    emit_leave_saved(as);
}

static void emit_link(struct assembler *as, const struct guest_isa *isa)
{
    asm_pop(as, RSI);
    emit_resolve(as, isa, (uint64_t)engine_link_exit);
}

static void emit_lookup(struct assembler *as, const struct guest_isa *isa)
{
    asm_mov(as, 8, RSI, operand_reg(RAX));
    emit_resolve(as, isa, (uint64_t)engine_lookup);
}

static void emit_hot(struct assembler *as, const struct guest_isa *isa)
{
    asm_mov(as, 8, RSI, operand_reg(RAX));
    emit_resolve(as, isa, (uint64_t)engine_hot);
}

static void emit_unfit(struct assembler *as, const struct guest_isa *isa)
{
    asm_mov(as, 8, RSI, operand_reg(RAX));
    emit_resolve(as, isa, (uint64_t)engine_unfit);
}

/* The probe of the lookup table: rax = guest pc; clobbers rcx, rdx. Returns the rel32 of the jump taken on a miss; on a hit the
 * entry's code is at the operand in *hit. */
uint32_t emit_lookup_probe(struct assembler *as, struct operand *hit)
{
    asm_mov(as, 4, RCX, operand_reg(RAX));
    asm_mov(as, 8, RDX, VCPU(lookup));
    asm_alu_imm(as, ALU_AND, 4, operand_reg(RCX), (VCPU_LOOKUP_ENTRIES - 1) << 2);
    asm_alu(as, ALU_CMP, 8, RAX, operand_index(RDX, RCX, 2, 0));
    *hit = operand_index(RDX, RCX, 2, offsetof(struct vcpu_lookup_entry, code));
    return asm_jcc(as, HOST_NE);
}

/* Below the prediction stack's base the guest's address is EMPTY_PREDICTION: a guest that does return there is looked up like any. */
static void emit_return_base(struct assembler *as, uint32_t lookup)
{
    asm_mov(as, 8, RSP, VCPU(prediction_base));
    asm_mov_imm(as, RAX, EMPTY_PREDICTION);
    asm_patch(as, asm_jmp(as), lookup);
}

/* A return that its prediction does not fit: the caller may be a few frames up (longjmp, tail calls, an unwinder); else everything is
 * forgotten. */
static void emit_return_miss(struct assembler *as, uint32_t lookup)
{
    enum { DEPTH = RETURN_MISS_DEPTH };
    uint32_t found[DEPTH];
    for (int i = 0; i < DEPTH; i++) {
        asm_alu(as, ALU_CMP, 8, RAX, operand_mem(RSP, 8 + 16 * (i + 1)));
        found[i] = asm_jcc(as, HOST_E);
    }
    asm_mov(as, 8, RSP, VCPU(prediction_base));
    struct operand hit;
    uint32_t miss = emit_lookup_probe(as, &hit);
    asm_jmp_operand(as, hit);
    asm_patch(as, miss, asm_offset(as));
    asm_patch(as, asm_jmp(as), lookup);
    for (int i = 0; i < DEPTH; i++) {
        asm_patch(as, found[i], asm_offset(as));
        asm_lea(as, 8, RSP, operand_mem(RSP, 16 * (i + 1)));
        asm_ret(as);
    }
}

/* rax = function, scratch[0..3] = a, b, c, extra. All fields are home while it runs, and reloaded after it; bare: the caller's affair. */
static void emit_helper(struct assembler *as, const struct guest_isa *isa, bool bare)
{
    asm_mov_store(as, 8, VCPU(prediction_stack), RSP);
    if (!bare)
        store_pins(as, isa);
    asm_mov_imm_store(as, 1, VCPU(in_helper), 1);
    asm_mov(as, 8, RSP, VCPU(host_stack));
    asm_lea(as, 8, RDI, operand_mem(REG_STATE, -STATE_BIAS));
    asm_mov(as, 8, RSI, VCPU(scratch[0]));
    asm_mov(as, 8, RDX, VCPU(scratch[1]));
    asm_mov(as, 8, RCX, VCPU(scratch[2]));
    asm_mov(as, 8, R8, VCPU(scratch[3]));
    asm_call_operand(as, operand_reg(RAX));
    asm_mov_imm_store(as, 1, VCPU(in_helper), 0);
    asm_mov(as, 8, RSP, VCPU(prediction_stack));
    if (!bare)
        load_pins(as, isa);
    asm_ret(as);
}

/* Exact arithmetic for what the host's unit cannot answer: x86_64_float_cold(cpu, scratch[3]), C built without vector registers.
 * Keeps every register. */
static void emit_float_cold(struct assembler *as)
{
    static const uint8_t saved[] = {RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11, R11};  /* an even number keeps the alignment */
    asm_mov_store(as, 8, VCPU(prediction_stack), RSP);
    asm_mov(as, 8, RSP, VCPU(host_stack));
    for (unsigned i = 0; i < sizeof saved; i++)
        asm_push(as, saved[i]);
    asm_lea(as, 8, RDI, operand_mem(REG_STATE, -STATE_BIAS));
    asm_mov(as, 8, RSI, VCPU(scratch[3]));
    asm_mov_imm(as, RAX, (uint64_t)x86_64_float_cold);
    asm_call_operand(as, operand_reg(RAX));
    for (unsigned i = sizeof saved; i-- > 0;)
        asm_pop(as, saved[i]);
    asm_mov(as, 8, RSP, VCPU(prediction_stack));
    asm_ret(as);
}

static const void *here(struct assembler *as)
{
    while (asm_offset(as) % 16)
        asm_int3(as);
    return as->at;
}

bool x86_64_stubs_make(const struct guest_isa *isa)
{
    enum { SIZE = 16384 };
    if (x86_64_stubs.enter)
        return true;
    uint8_t *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    struct assembler as = {.start = memory, .at = memory, .limit = memory + SIZE};
    struct x86_64_stubs stubs = {0};
    const void **entry = stubs.entry_points;
    const void *enter = here(&as);
    emit_enter(&as, isa);
    stubs.leave_saved = here(&as);
    emit_leave_saved(&as);
    entry[STUB_TRAP] = here(&as);
    emit_leave(&as, isa);
    entry[STUB_PENDING] = here(&as);
    emit_pending(&as, isa);
    entry[STUB_LINK] = here(&as);
    emit_link(&as, isa);
    entry[STUB_LOOKUP] = here(&as);
    emit_lookup(&as, isa);
    entry[STUB_HOT] = here(&as);
    emit_hot(&as, isa);
    entry[STUB_UNFIT] = here(&as);
    emit_unfit(&as, isa);
    entry[STUB_RETURN_MISS] = here(&as);
    emit_return_miss(&as, (uint32_t)((const uint8_t *)entry[STUB_LOOKUP] - memory));
    stubs.return_base = here(&as);
    emit_return_base(&as, (uint32_t)((const uint8_t *)entry[STUB_LOOKUP] - memory));
    entry[STUB_HELPER] = here(&as);
    emit_helper(&as, isa, false);
    entry[STUB_HELPER_BARE] = here(&as);
    emit_helper(&as, isa, true);
    entry[STUB_FLOAT_COLD] = here(&as);
    emit_float_cold(&as);
    if (as.overflow || mprotect(memory, SIZE, PROT_READ | PROT_EXEC) != 0)
        return false;
    memcpy(&stubs.enter, &enter, sizeof enter);
    stubs.start = memory;
    stubs.end = as.at;
    x86_64_stubs = stubs;
    return true;
}
