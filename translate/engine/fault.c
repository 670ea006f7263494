/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Faults in translated code and in the helpers it calls: from the host's program counter to the guest's exact state, through
 * the snapshots that the host's emitter recorded. Runs in a signal handler on the faulting thread: takes no lock; the
 * block it looks for cannot go away, since this thread counts as being in translated code.
 */
#include "translate/engine/engine.h"

#include "translate/host/fault_address.h"

static const struct snapshot *snapshot_at(const struct host_code *code, uint32_t offset)
{
    uint32_t low = 0, high = code->snapshot_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (code->snapshots[middle].host_offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->snapshot_count && code->snapshots[low].host_offset == offset ? &code->snapshots[low] : NULL;
}

static void describe_fault(struct vcpu *cpu, const struct host *host, siginfo_t *info, const struct host_fault *fault)
{
    /* The kernel starts signal handlers without rights to any protection key; the faulting instruction is to be read. */
    code_space_close(cpu->engine);
    cpu->exit_reason = VCPU_EXIT_FAULT;
    cpu->fault_signal = info->si_signo;
    cpu->fault_code = info->si_code;
    cpu->fault_address = info->si_code == SI_KERNEL ? host_fault_address(fault->ucontext) : (guest_addr)info->si_addr;
    cpu->fault_is_write = host->fault_is_write(fault);
    /* A non-canonical address raises #GP (or #SS, which is SIGBUS), for which Linux reports no address. */
    cpu->fault_is_noncanonical = info->si_signo == SIGSEGV && info->si_code == SI_KERNEL;
    cpu->engine->statistics.faults++;
}

static bool code_at(const struct engine *engine, const void *host, struct host_code *code, guest_addr *pc)
{
    const struct code_block *block = block_at_host_address(engine, host);
    if (!block)
        return images_code_at(engine, host, code, pc);
    *code = block->host;
    *pc = block->pc;
    return true;
}

bool engine_handle_fault(struct vcpu *cpu, siginfo_t *info, void *ucontext)
{
    struct engine *engine = cpu->engine;
    struct host_fault fault = {.ucontext = ucontext, .siginfo = info};
    if (!cpu->in_code)
        return false;
    if (engine->host->repair_stack && engine->host->repair_stack(cpu, &fault))
        return true;
    const void *pc = engine->host->fault_pc(cpu, &fault);
    if (!pc)
        return false;
    struct host_code code;
    guest_addr block_pc;
    if (!code_at(engine, pc, &code, &block_pc)) {
        /* The interpreter has no code addresses: it recovers by itself. */
        if (engine->host->recover_without_code == false)
            return false;
        describe_fault(cpu, engine->host, info, &fault);
        engine->host->recover(cpu, NULL, NULL, &fault);
        return true;
    }
    const struct snapshot *snapshot = snapshot_at(&code, (uint32_t)((const uint8_t *)pc - code.code));
    if (!snapshot)
        return false;
    describe_fault(cpu, engine->host, info, &fault);
    cpu->pc = block_pc + (int32_t)snapshot->guest_offset;
    engine->host->recover(cpu, &code, snapshot, &fault);
    return true;
}

void engine_interrupt_access(struct vcpu *cpu, void *ucontext)
{
    struct host_fault fault = {.ucontext = ucontext};
    struct host_code code;
    guest_addr block_pc;
    const void *pc = cpu->in_code && !cpu->in_helper ? cpu->engine->host->fault_pc(cpu, &fault) : NULL;
    if (!pc || !code_at(cpu->engine, pc, &code, &block_pc))
        return;
    const struct snapshot *snapshot = snapshot_at(&code, (uint32_t)((const uint8_t *)pc - code.code));
    if (!snapshot)
        return;
    code_space_close(cpu->engine);
    cpu->exit_reason = VCPU_EXIT_PENDING;
    cpu->pc = block_pc + (int32_t)snapshot->guest_offset;
    cpu->engine->host->recover(cpu, &code, snapshot, &fault);
}
