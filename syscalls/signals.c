/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals as data. The host kernel decides which signal is delivered when: its queues, masks, coalescing and process-or-thread
 * choice are the guest's, because each thread's host mask is the guest's mask. Our handler keeps the one signal the kernel handed
 * over (thread->arrived) and leaves every signal blocked until the run loop has built its frame; so nothing is queued twice
 * and nothing reordered. Only SIGSEGV, SIGBUS, SIGFPE and SIGILL are never blocked on the host: held_signals.c.
 */
#include "syscalls/calls.h"
#include "syscalls/signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL_SIGSET_BYTES 8
#define SIGNALS_TAKEN_FIRST (SIGNALS_SYNCHRONOUS | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGSYS))
#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

uint64_t host_signal_mask(uint64_t mask)
{
    uint64_t old = 0;
    host_call(SYS_rt_sigprocmask, SIG_SETMASK, (uintptr_t)&mask, (uintptr_t)&old, KERNEL_SIGSET_BYTES, 0, 0);
    return old;
}

/* -- arrival and choice ------------------------------------------------------------------------------------------------ */

bool signal_deliverable(const struct thread *thread)
{
    return thread->signal_arrived || (signals_held(thread) & ~thread->signal_mask);
}

/* The kernel takes those that a fault can raise first, the lowest number of them. One that has arrived cannot wait any more, so it
 * must not be blocked by the other's handler. */
static bool held_comes_first(const struct thread *thread, uint64_t ready)
{
    int arrived = thread->arrived.si_signo, held = ready ? __builtin_ctzll(ready) + 1 : 0;
    return held && !((SIGNAL_BIT(arrived) & SIGNALS_TAKEN_FIRST) && arrived < held) && !(thread->process->actions->of[held].mask & SIGNAL_BIT(arrived));
}

int signal_next(struct thread *thread, siginfo_t *info)
{
    uint64_t ready = signals_held(thread) & ~thread->signal_mask;
    if (thread->signal_arrived && !held_comes_first(thread, ready)) {
        *info = thread->arrived;
        thread->signal_arrived = 0;
        return info->si_signo;
    }
    return ready ? signal_take_held(thread, ready, info) : 0;
}

/* -- masks --------------------------------------------------------------------------------------------------------------- */

bool signal_try_mask(struct thread *thread, uint64_t mask)
{
    mask &= ~UNBLOCKABLE;
    uint64_t host = mask & ~SIGNALS_SYNCHRONOUS;
    if (thread->signal_arrived)
        return false;
    if (host != (thread->signal_mask & ~SIGNALS_SYNCHRONOUS)
        && host_call_blocking(thread, SYS_rt_sigprocmask, SIG_SETMASK, (uintptr_t)&host, 0, KERNEL_SIGSET_BYTES, 0, 0) == -EINTR)
        return false;
    thread->signal_mask = mask;
    return true;
}

/* When a signal came first, the host keeps all blocked until it is delivered, and delivery sets the host's mask afresh. */
void signal_set_mask(struct thread *thread, uint64_t mask)
{
    if (!signal_try_mask(thread, mask))
        thread->signal_mask = mask & ~UNBLOCKABLE;
}

int64_t syscall_rt_sigprocmask(struct thread *thread, const uint64_t *arguments)
{
    uint64_t set, old = thread->signal_mask, mask = old;
    if (arguments[3] != KERNEL_SIGSET_BYTES)
        return -EINVAL;
    if (arguments[1]) {
        if (copy_from_guest(thread, &set, arguments[1], sizeof set))
            return -EFAULT;
        switch ((int)arguments[0]) {
        case SIG_BLOCK: mask |= set; break;
        case SIG_UNBLOCK: mask &= ~set; break;
        case SIG_SETMASK: mask = set; break;
        default: return -EINVAL;
        }
        if (!signal_try_mask(thread, mask))
            return SYSCALL_RESTART_ALWAYS;
    }
    if (arguments[2] && copy_to_guest(thread, arguments[2], &old, sizeof old))
        return -EFAULT;
    return 0;
}

int64_t syscall_rt_sigpending(struct thread *thread, const uint64_t *arguments)
{
    uint64_t pending = 0;
    if (arguments[1] > KERNEL_SIGSET_BYTES)
        return -EINVAL;
    host_call(SYS_rt_sigpending, (uintptr_t)&pending, KERNEL_SIGSET_BYTES, 0, 0, 0, 0);
    pending |= signals_held(thread) & thread->signal_mask;
    return copy_to_guest(thread, arguments[0], &pending, arguments[1]);
}

/* The host swaps masks and waits in one step; our own copy stays the mask to return to, which the signal's frame saves. */
int64_t syscall_rt_sigsuspend(struct thread *thread, const uint64_t *arguments)
{
    uint64_t mask;
    if (arguments[1] != KERNEL_SIGSET_BYTES)
        return -EINVAL;
    if (copy_from_guest(thread, &mask, arguments[0], sizeof mask))
        return -EFAULT;
    if (signals_held(thread) & ~mask) {
        thread->saved_mask = thread->signal_mask;
        thread->restore_mask = true;
        signal_set_mask(thread, mask);
        return SYSCALL_RESTART_NO_HANDLER;
    }
    uint64_t host = mask & ~SIGNALS_SYNCHRONOUS;
    thread->lets_through = ~mask;
    int64_t result = host_call_blocking(thread, SYS_rt_sigsuspend, (uintptr_t)&host, KERNEL_SIGSET_BYTES, 0, 0, 0, 0);
    if (result != -EINTR)
        return result;
    thread->saved_mask = thread->signal_mask;
    thread->restore_mask = true;           /* the handler runs with the temporary mask and its own */
    thread->signal_mask = mask & ~UNBLOCKABLE;
    return SYSCALL_RESTART_NO_HANDLER;
}

int64_t syscall_rt_sigtimedwait(struct thread *thread, const uint64_t *arguments)
{
    uint64_t set;
    siginfo_t info;
    if (arguments[3] != KERNEL_SIGSET_BYTES)
        return -EINVAL;
    if (copy_from_guest(thread, &set, arguments[0], sizeof set))
        return -EFAULT;
    int held = signal_take_held(thread, set, &info);
    if (held)
        return arguments[1] && copy_to_guest(thread, arguments[1], &info, sizeof info) ? -EFAULT : held;
    thread->lets_through = set;
    int64_t result = host_call_blocking(thread, SYS_rt_sigtimedwait, (uintptr_t)&set, arguments[1], arguments[2], KERNEL_SIGSET_BYTES, 0, 0);
    return result;
}

/* -- actions ------------------------------------------------------------------------------------------------------------- */

/* The flags that the kernel knows (asm-generic/signal-defs.h); it drops the others, so that programs can find out. */
#define KNOWN_FLAGS (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | 0x800ul /* SA_EXPOSE_TAGBITS */ | 0x04000000ul /* SA_RESTORER */ \
                     | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

/* struct sigaction of the kernel: handler, flags, restorer, mask. */
static void action_from_guest(struct signal_action *action, const uint64_t words[4])
{
    *action = (struct signal_action){ .handler = words[0], .flags = words[1] & KNOWN_FLAGS, .restorer = words[2], .mask = words[3] & ~UNBLOCKABLE };
}

int64_t syscall_rt_sigaction(struct thread *thread, const uint64_t *arguments)
{
    struct process *process = thread->process;
    uint64_t in[4], out[4];
    unsigned signal = (unsigned)arguments[0];
    struct signal_action action;
    if (arguments[3] != KERNEL_SIGSET_BYTES || signal < 1 || signal > GUEST_SIGNALS)
        return -EINVAL;
    if (arguments[1] && (signal == SIGKILL || signal == SIGSTOP))
        return -EINVAL;
    if (arguments[1] && copy_from_guest(thread, in, arguments[1], sizeof in))
        return -EFAULT;
    pthread_mutex_lock(&process->actions->lock);
    if (process->actions->unknown & SIGNAL_BIT(signal))
        process->operations->know_signal_action(process, (int)signal);
    const struct signal_action old = process->actions->of[signal];
    int64_t result = 0;
    if (arguments[1]) {
        action_from_guest(&action, in);
        result = process->operations->signal_action(thread, (int)signal, &action);
        if (result == 0)
            process->actions->of[signal] = action;
    }
    pthread_mutex_unlock(&process->actions->lock);
    out[0] = old.handler, out[1] = old.flags, out[2] = old.restorer, out[3] = old.mask;
    if (result == 0 && arguments[2] && copy_to_guest(thread, arguments[2], out, sizeof out))
        return -EFAULT;
    return result;
}

int64_t syscall_rt_sigreturn(struct thread *thread, const uint64_t *arguments)
{
    (void)arguments;
    return thread->process->operations->signal_return(thread);
}

/* -- the alternate stack ------------------------------------------------------------------------------------------------- */

#define SS_FLAG_BITS ((uint32_t)SS_AUTODISARM)
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

struct guest_stack { uint64_t sp; int32_t flags; uint32_t padding; uint64_t size; };

bool signal_on_altstack(const struct thread *thread, guest_addr sp)
{
    if ((uint32_t)thread->altstack_flags & SS_AUTODISARM)
        return false;
    return sp > thread->altstack_sp && sp - thread->altstack_sp <= thread->altstack_size;
}

static int altstack_state(const struct thread *thread, guest_addr sp)
{
    int flags = (int)((uint32_t)thread->altstack_flags & SS_FLAG_BITS);
    return flags | (!thread->altstack_size ? SS_DISABLE : signal_on_altstack(thread, sp) ? SS_ONSTACK : 0);
}

static int64_t set_altstack(struct thread *thread, const struct guest_stack *stack, guest_addr sp)
{
    int mode = (int)((uint32_t)stack->flags & ~SS_FLAG_BITS);
    if (signal_on_altstack(thread, sp))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        thread->altstack_sp = thread->altstack_size = 0;
    } else {
        if (stack->size < thread->process->operations->minimum_signal_stack)
            return -ENOMEM;
        thread->altstack_sp = stack->sp;
        thread->altstack_size = stack->size;
    }
    thread->altstack_flags = stack->flags;
    return 0;
}

int64_t syscall_sigaltstack(struct thread *thread, const uint64_t *arguments)
{
    uint64_t sp = 0;
    struct guest_stack new, old = { 0 };
    vcpu_read_field(thread->cpu, thread->process->isa->field_sp, &sp);
    if (arguments[0] && copy_from_guest(thread, &new, arguments[0], sizeof new))
        return -EFAULT;
    old.sp = thread->altstack_sp;
    old.size = thread->altstack_size;
    old.flags = altstack_state(thread, sp);
    if (arguments[0]) {
        int64_t result = set_altstack(thread, &new, sp);
        if (result < 0)
            return result;
    }
    return arguments[1] ? copy_to_guest(thread, arguments[1], &old, sizeof old) : 0;
}

/* The flags as they were set, not those that sigaltstack would tell. */
void signal_save_altstack(const struct thread *thread, void *stack)
{
    struct guest_stack saved = { .sp = thread->altstack_sp, .flags = thread->altstack_flags, .size = thread->altstack_size };
    memcpy(stack, &saved, sizeof saved);
}

void signal_restore_altstack(struct thread *thread, const void *stack, guest_addr sp)
{
    struct guest_stack saved;
    memcpy(&saved, stack, sizeof saved);
    set_altstack(thread, &saved, sp);
}

/* -- sending: the host delivers, to us as to anyone ---------------------------------------------------------------------- */

int64_t syscall_kill(struct thread *thread, const uint64_t *arguments)
{
    (void)thread;
    return host_call(SYS_kill, arguments[0], arguments[1], 0, 0, 0, 0);
}

int64_t syscall_tkill(struct thread *thread, const uint64_t *arguments)
{
    (void)thread;
    return host_call(SYS_tkill, arguments[0], arguments[1], 0, 0, 0, 0);
}

int64_t syscall_tgkill(struct thread *thread, const uint64_t *arguments)
{
    (void)thread;
    return host_call(SYS_tgkill, arguments[0], arguments[1], arguments[2], 0, 0, 0);
}

/* The guest's siginfo in `info`, disguised where it goes to ourselves and could be taken for a fault; gives what to hand to the kernel. */
static guest_addr queued_info(struct thread *thread, uint64_t process, uint64_t signal, guest_addr address, bool for_thread, siginfo_t *info)
{
    bool own = (pid_t)process == getpid() && signal <= GUEST_SIGNALS && signal && (SIGNAL_BIT(signal) & SIGNALS_SYNCHRONOUS);
    if (!own || copy_from_guest(thread, info, address, sizeof *info))
        return address;
    signal_disguise(info, for_thread);
    return (uintptr_t)info;
}

int64_t syscall_rt_sigqueueinfo(struct thread *thread, const uint64_t *arguments)
{
    siginfo_t info;
    return host_call(SYS_rt_sigqueueinfo, arguments[0], arguments[1], queued_info(thread, arguments[0], arguments[1], arguments[2], false, &info), 0, 0, 0);
}

int64_t syscall_rt_tgsigqueueinfo(struct thread *thread, const uint64_t *arguments)
{
    siginfo_t info;
    guest_addr at = queued_info(thread, arguments[0], arguments[2], arguments[3], true, &info);
    return host_call(SYS_rt_tgsigqueueinfo, arguments[0], arguments[1], arguments[2], at, 0, 0);
}
