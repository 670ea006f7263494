/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Delivering signals to the guest at a safe point: frames, default actions, and what becomes of the interrupted system call
 * (signal(7), "Interruption of system calls"; the kernel's handle_signal and do_signal).
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/strace.h"
#include "syscalls/syscalls.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE 1

static void go_back(struct thread *thread)
{
    thread->cpu->pc -= usermode_isa_of(thread)->syscall_size;
}

/* A handler is going to run: the call is made again after it, or ends with EINTR. */
static void settle_call(struct thread *thread, int64_t restart, const struct signal_action *action)
{
    bool again = restart == SYSCALL_RESTART_ALWAYS || (restart == SYSCALL_RESTART && (action->flags & SA_RESTART));
    if (!restart)
        return;
    if (again)
        go_back(thread);
    else
        usermode_isa_of(thread)->set_result(thread->cpu, -EINTR);
}

/* The host's disposition is the default too, so the host does it: dies, stops or nothing. The kernel shields the first process of a
 * namespace from defaults; where we handle the signal that is up to us. */
static void default_action(struct thread *thread, const siginfo_t *info)
{
    int signal = info->si_signo;
    if (SIGNAL_BIT(signal) & SIGNALS_WITH_CORE) {
        if (getpid() != 1)
            die_with_core(thread, info);
        return;
    }
    host_call(SYS_tgkill, (uint64_t)getpid(), (uint64_t)thread->tid, (uint64_t)signal, 0, 0, 0);
    host_signal_mask(~SIGNAL_BIT(signal) & ~SIGNALS_SYNCHRONOUS);
}

static void run_handler(struct thread *thread, const siginfo_t *info, const struct signal_action *action)
{
    int signal = info->si_signo;
    uint64_t saved = thread->restore_mask ? thread->saved_mask : thread->signal_mask;
    strace_signal(thread, info);
    thread->restore_mask = false;
    log_printf(LOG_SIGNAL, "signal %d: handler 0x%llx, code %d, pc 0x%llx\n", signal, (unsigned long long)action->handler, info->si_code,
               (unsigned long long)thread->cpu->pc);
    if (usermode_isa_of(thread)->push_frame(thread, info, action, saved) < 0) {
        siginfo_t fault = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
        if (signal == SIGSEGV)
            die_with_core(thread, &fault);
        thread->signal_mask = saved;
        deliver_fault(thread, &fault);
        return;
    }
    thread->signal_mask |= action->mask | (action->flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal));
    thread->signal_mask &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
}

/* The action to take, reset where the guest asked for that. */
static struct signal_action take_action(struct thread *thread, int signal)
{
    static const struct signal_action none;
    struct process *process = thread->process;
    pthread_mutex_lock(&process->actions->lock);
    struct signal_action action = process->actions->of[signal];
    if (action.handler > HANDLER_IGNORE && (action.flags & SA_RESETHAND)) {
        process->operations->signal_action(thread, signal, &none);
        process->actions->of[signal].handler = HANDLER_DEFAULT;      /* flags and mask stay */
    }
    pthread_mutex_unlock(&process->actions->lock);
    return action;
}

/* true: a handler will run. */
static bool deliver_one(struct thread *thread, const siginfo_t *info, int64_t restart)
{
    struct signal_action action = take_action(thread, info->si_signo);
    if (action.handler == HANDLER_IGNORE)
        return false;
    if (action.handler == HANDLER_DEFAULT) {
        default_action(thread, info);
        return false;
    }
    settle_call(thread, restart, &action);
    run_handler(thread, info, &action);
    return true;
}

/* No handler ran: the call goes on as if nothing had been. */
static bool resume_call(struct thread *thread, int64_t restart)
{
    if (restart == SYSCALL_RESTART_BLOCK)
        return true;
    if (restart)
        go_back(thread);
    return false;
}

bool deliver_signals(struct thread *thread, int64_t restart)
{
    siginfo_t info;
    bool handled = false;
    while (signal_next(thread, &info)) {
        if (deliver_one(thread, &info, restart)) {
            handled = true;
            restart = 0;
        }
        /* Only now may the next one arrive, under the mask that the handler runs with. */
        if (!thread->signal_arrived)
            host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
    }
    bool again = !handled && resume_call(thread, restart);
    if (thread->restore_mask) {
        thread->restore_mask = false;
        thread->signal_mask = thread->saved_mask;
        host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
    }
    return again;
}

void deliver_fault(struct thread *thread, const siginfo_t *info)
{
    int signal = info->si_signo;
    struct signal_action action = take_action(thread, signal);
    if (action.handler <= HANDLER_IGNORE || (thread->signal_mask & SIGNAL_BIT(signal)))
        die_with_core(thread, info);
    run_handler(thread, info, &action);
    if (!thread->signal_arrived)
        host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
}

int64_t signal_return(struct thread *thread)
{
    bool try_again = false;
    int result = usermode_isa_of(thread)->pop_frame(thread, signal_try_mask, &try_again);
    if (try_again)
        return SYSCALL_RESTART_ALWAYS;
    if (result < 0) {
        siginfo_t info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
        deliver_fault(thread, &info);
    }
    return SYSCALL_NO_RESULT;
}
