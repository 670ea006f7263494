/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Host faults: the one unwinding place. A fault is the guest's own access in translated code, a copy that may fail
 * (guest_copy.S), or a mistake of ours.
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/guest_memory.h"

#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static bool fix_copy(ucontext_t *context)
{
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    if (pc < (uintptr_t)guest_copy_start || pc >= (uintptr_t)guest_copy_end)
        return false;
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)guest_copy_failed;
    return true;
}

/* The function's offset in ferry's file, for addr2line. */
static uintptr_t own_offset(uintptr_t pc)
{
    extern const char __ehdr_start[];
    return pc - (uintptr_t)__ehdr_start;
}

static void report(const struct thread *thread, const siginfo_t *info, const ucontext_t *context)
{
    char line[256];
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    int length = snprintf(line, sizeof line, "ferry: internal error: signal %d (code %d) at address %p, in ferry+0x%lx (%#lx), guest pc %#llx\n",
                          info->si_signo, info->si_code, info->si_addr, (unsigned long)own_offset(pc), (unsigned long)pc,
                          thread ? (unsigned long long)thread->cpu->pc : 0ull);
    if (write(2, line, (size_t)length) < 0)
        return;
}

/* Protection keys are ours: for the guest there is none, and what is behind one is memory that it may not write. */
static void hide_protection_key(siginfo_t *info)
{
    if (info->si_signo == SIGSEGV && info->si_code == SEGV_PKUERR)
        info->si_code = SEGV_ACCERR;
}

bool host_fault(struct thread *thread, siginfo_t *info, void *context)
{
    if (fix_copy(context))
        return true;
    hide_protection_key(info);
    if (thread && engine_handle_fault(thread->cpu, info, context))
        return true;
    report(thread, info, context);
    return false;
}
