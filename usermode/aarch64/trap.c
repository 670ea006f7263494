/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AArch64 programs at their border to Linux: registers at the start and around system calls (arch/arm64 of the kernel:
 * number in w8, arguments in x0..x5, result in x0), and what the auxiliary vector tells about the CPU.
 */
#include "usermode/aarch64/aarch64.h"

#include "translate/guest/aarch64/cpu.h"

#include <elf.h>

/* asm/hwcap.h of arm64: what translate/guest/aarch64 implements, nothing else. */
enum {
    HWCAP_FP = 1 << 0, HWCAP_ASIMD = 1 << 1, HWCAP_EVTSTRM = 1 << 2, HWCAP_AES = 1 << 3, HWCAP_PMULL = 1 << 4, HWCAP_SHA1 = 1 << 5,
    HWCAP_SHA2 = 1 << 6, HWCAP_CRC32 = 1 << 7, HWCAP_ATOMICS = 1 << 8, HWCAP_FPHP = 1 << 9, HWCAP_ASIMDHP = 1 << 10, HWCAP_CPUID = 1 << 11,
    HWCAP_ASIMDRDM = 1 << 12, HWCAP_JSCVT = 1 << 13, HWCAP_FCMA = 1 << 14, HWCAP_LRCPC = 1 << 15, HWCAP_DCPOP = 1 << 16,
    HWCAP_ASIMDDP = 1 << 20, HWCAP_FLAGM = 1 << 27,
    HWCAP_ALL = HWCAP_FP | HWCAP_ASIMD | HWCAP_EVTSTRM | HWCAP_AES | HWCAP_PMULL | HWCAP_SHA1 | HWCAP_SHA2 | HWCAP_CRC32 | HWCAP_ATOMICS
        | HWCAP_FPHP | HWCAP_ASIMDHP | HWCAP_CPUID | HWCAP_ASIMDRDM | HWCAP_JSCVT | HWCAP_FCMA | HWCAP_LRCPC | HWCAP_DCPOP | HWCAP_ASIMDDP
        | HWCAP_FLAGM
};

static struct aarch64_cpu *state(struct vcpu *cpu) { return (struct aarch64_cpu *)cpu; }

static void start(struct vcpu *cpu, guest_addr entry, guest_addr stack)
{
    cpu->pc = entry;
    state(cpu)->sp = stack;
}

static void system_call(const struct vcpu *cpu, unsigned *number, uint64_t arguments[6])
{
    const struct aarch64_cpu *a = (const struct aarch64_cpu *)cpu;
    *number = (unsigned)a->x[8];
    for (int i = 0; i < 6; i++)
        arguments[i] = a->x[i];
}

static void set_result(struct vcpu *cpu, int64_t result)
{
    state(cpu)->x[0] = (uint64_t)result;
}

static int64_t result(const struct vcpu *cpu)
{
    return (int64_t)((const struct aarch64_cpu *)state((struct vcpu *)cpu))->x[0];
}

static void clone_child(struct vcpu *cpu, guest_addr stack, bool set_tls, guest_addr tls)
{
    state(cpu)->x[0] = 0;
    if (stack)
        state(cpu)->sp = stack;
    if (set_tls)
        state(cpu)->tpidr_el0 = tls;
}

/* -- core files: struct user_pt_regs, struct user_fpsimd_state, the thread pointer (asm/ptrace.h of arm64) ------------------------ */

static uint64_t read_pc(const struct vcpu *cpu) { return cpu->pc; }
static uint64_t read_fpsr(const struct vcpu *cpu) { return aarch64_read_fpsr((const struct aarch64_cpu *)cpu); }

static uint64_t read_nothing(const struct vcpu *cpu) { (void)cpu; return 0; }

static uint64_t read_pstate(const struct vcpu *cpu)
{
    uint64_t flags = 0;
    vcpu_read_field(cpu, GUEST_FIELD_FLAGS, &flags);
    return flags & 0xf0000000u;
}

static const struct core_piece general[] = { { 8, 32, AARCH64_X0, NULL }, { 8, 1, 0, read_pc }, { 8, 1, 0, read_pstate }, { 0 } };
static const struct core_piece vectors[] = { { 16, 32, AARCH64_V0, NULL }, { 4, 1, 0, read_fpsr }, { 4, 1, AARCH64_FPCR, NULL }, { 8, 1, 0, read_nothing }, { 0 } };
static const struct core_piece thread_pointer[] = { { 8, 1, AARCH64_TPIDR_EL0, NULL }, { 0 } };
static const struct core_note core_notes[] = {
    { "CORE", NT_PRSTATUS, general }, { "CORE", NT_PRFPREG, vectors }, { "LINUX", NT_ARM_TLS, thread_pointer }, { 0 }
};

const struct usermode_isa aarch64_usermode = {
    .name = "aarch64", .platform = "aarch64", .triplet = "aarch64-linux-gnu",
    .hwcap = HWCAP_ALL, .hwcap2 = 0,
    .minimum_signal_stack = 5120,
    .syscall_size = 4,
    .clone_tls_before_child = true,
    .tagged_addresses = true,
    .core_notes = core_notes,
    .vdso = aarch64_vdso, .vdso_size = sizeof aarch64_vdso, .vdso_signal_return = AARCH64_VDSO_SIGNAL_RETURN,
    .start = start, .system_call = system_call, .set_result = set_result, .result = result, .clone_child = clone_child,
    .push_frame = aarch64_push_frame, .pop_frame = aarch64_pop_frame,
};
