/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The run loop of one thread: translated code until it needs Linux, then what the kernel would do.
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/syscalls.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool is_restart(int64_t result)
{
    return result == SYSCALL_RESTART || result == SYSCALL_RESTART_NO_HANDLER || result == SYSCALL_RESTART_BLOCK || result == SYSCALL_RESTART_ALWAYS;
}

static void system_call(struct thread *thread)
{
    const struct usermode_isa *isa = usermode_isa_of(thread);
    unsigned number;
    uint64_t arguments[6];
    isa->system_call(thread->cpu, &number, arguments);
    thread->restart_arguments[0] = number;
    memcpy(&thread->restart_arguments[1], arguments, sizeof arguments);
    for (;;) {
        int64_t result = syscall_dispatch(thread, number, arguments);
        thread->lets_through = 0;
        bool restart = is_restart(result);
        if (!restart && result != SYSCALL_NO_RESULT)
            isa->set_result(thread->cpu, result);
        if (thread->held_for_others)
            signal_hand_on(thread);
        if (!restart && !signal_deliverable(thread) && !thread->restore_mask)
            return;
        if (!deliver_signals(thread, restart ? result : 0))
            return;
        number = (unsigned)thread->restart_arguments[0];
        memcpy(arguments, &thread->restart_arguments[1], sizeof arguments);
    }
}

/* -- faults ------------------------------------------------------------------------------------------------------------ */

static void raise_fault(struct thread *thread, int signal, int code, guest_addr address)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = signal;
    info.si_code = code;
    info.si_addr = (void *)(uintptr_t)address;
    log_printf(LOG_FAULT, "fault: signal %d, code %d, address 0x%llx, pc 0x%llx\n", signal, code, (unsigned long long)address, (unsigned long long)thread->cpu->pc);
    deliver_fault(thread, &info);
}

/* As the guest's kernel tells addresses: tags are taken off in the lower half only (arm64: untagged_addr). */
static guest_addr untagged(const struct thread *thread, guest_addr address)
{
    return usermode_of(thread->process)->isa->tagged_addresses ? address & (guest_addr)((int64_t)(address << 8) >> 8) : address;
}

/* The first pointer with a tag: from now on addresses are masked, and the access is made again. (Address 0: the host could not tell it.) */
static bool mask_addresses(struct thread *thread)
{
    struct usermode *usermode = usermode_of(thread->process);
    struct vcpu *cpu = thread->cpu;
    if (!cpu->fault_is_noncanonical || !usermode->isa->tagged_addresses || (usermode->modes & GUEST_MODE_MASK_ADDRESSES))
        return false;
    if (cpu->fault_address && cpu->fault_address == untagged(thread, cpu->fault_address))
        return false;                         /* it has none: just a wild pointer */
    usermode->modes |= GUEST_MODE_MASK_ADDRESSES;
    engine_set_mode(thread->cpu, GUEST_MODE_MASK_ADDRESSES);
    return true;
}

/* What arm64 would have had in ESR_EL1: a data abort from EL0, WnR, translation or permission fault at level 3. Other ISAs
 * ignore it. */
static void memory_fault(struct thread *thread)
{
    struct vcpu *cpu = thread->cpu;
    if (cpu->fault_signal == SIGBUS && cpu->fault_code == SI_KERNEL) {
        /* x86: an address that is not canonical, through the stack or frame pointer (#SS). */
        cpu->fault_signal = SIGSEGV;
        cpu->fault_is_noncanonical = 1;
    }
    if (mask_addresses(thread))
        return;
    struct usermode_thread *own = usermode_thread_of(thread);
    int code = cpu->fault_code;
    if (cpu->fault_signal == SIGSEGV && code != SEGV_ACCERR)
        code = SEGV_MAPERR;                /* x86 says SI_KERNEL for what is not canonical */
    own->fault_address = untagged(thread, cpu->fault_address);
    own->fault_syndrome = 0x24u << 26 | 1u << 25 | (cpu->fault_is_write ? 1u << 6 : 0) | (code == SEGV_ACCERR ? 0x0f : 0x07);
    raise_fault(thread, cpu->fault_signal, code, own->fault_address);
}

static void fetch_fault(struct thread *thread)
{
    guest_addr address = thread->cpu->fault_address;
    int protection = address_space_protection(thread->process, address);
    struct usermode_thread *own = usermode_thread_of(thread);
    own->fault_address = address;
    own->fault_syndrome = 0x20u << 26 | 1u << 25 | (protection < 0 ? 0x07 : 0x0f);
    if (protection >= 0 && (protection & PROT_EXEC))
        raise_fault(thread, SIGBUS, BUS_ADRERR, address);      /* a page of the file that is not there any more */
    else
        raise_fault(thread, SIGSEGV, protection < 0 ? SEGV_MAPERR : SEGV_ACCERR, address);
}

/* Of an access, or of the pc itself, whose address the frame does not tell. */
static void alignment_fault(struct thread *thread)
{
    const struct vcpu *cpu = thread->cpu;
    struct usermode_thread *own = usermode_thread_of(thread);
    bool of_pc = cpu->fault_address == cpu->pc;
    guest_addr address = untagged(thread, cpu->fault_address);
    own->fault_address = of_pc ? 0 : address;
    own->fault_syndrome = of_pc ? 0x22u << 26 | 1u << 25 : 0x24u << 26 | 1u << 25 | 0x21;
    raise_fault(thread, SIGBUS, BUS_ADRALN, address);
}

static void undefined(struct thread *thread)
{
    struct usermode_thread *own = usermode_thread_of(thread);
    own->fault_address = own->fault_syndrome = 0;
    raise_fault(thread, SIGILL, ILL_ILLOPC, thread->cpu->pc);
}

static void unexpected(struct thread *thread, enum vcpu_exit reason)
{
    fprintf(stderr, "ferry: internal error: exit reason %d at guest pc 0x%llx\n", (int)reason, (unsigned long long)thread->cpu->pc);
    abort();
}

void thread_run(struct thread *thread)
{
    struct vcpu *cpu = thread->cpu;
    struct usermode_thread *own = usermode_thread_of(thread);
    for (;;) {
        if (signal_deliverable(thread))
            deliver_signals(thread, 0);
        if (thread->held_for_others)
            signal_hand_on(thread);
        if (thread->process->code_written != thread->process->code_written_seen)
            code_written_look(thread->process);
        atomic_store_explicit(&own->in_guest, true, memory_order_relaxed);     /* engine_run has the fence before it looks for interrupts */
        enum vcpu_exit reason = engine_run(cpu);
        atomic_store_explicit(&own->in_guest, false, memory_order_release);
        if (reason == VCPU_EXIT_PENDING && usermode_of(thread->process)->dumping)
            wait_for_the_end();
        switch (reason) {
        case VCPU_EXIT_SYSCALL: system_call(thread); break;
        case VCPU_EXIT_UNDEFINED: undefined(thread); break;
        case VCPU_EXIT_BREAKPOINT: raise_fault(thread, SIGTRAP, TRAP_BRKPT, cpu->pc); break;
        case VCPU_EXIT_FETCH_FAULT: fetch_fault(thread); break;
        case VCPU_EXIT_ALIGNMENT: alignment_fault(thread); break;
        case VCPU_EXIT_FAULT: memory_fault(thread); break;
        case VCPU_EXIT_PENDING:
        case VCPU_EXIT_BARRIER: break;
        default: unexpected(thread, reason);
        }
    }
}
