/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host's side of signals. One handler for everything the guest handles: it keeps the siginfo, asks the run loop to come
 * out, and leaves all signals blocked in the context it returns to, so that the kernel holds the others until this one is delivered
 * (syscalls/signals.c). Default and ignore are the host's own, so stopping, continuing, dying and waiting parents need no help.
 * Actions are installed by raw rt_sigaction: the C library would refuse signals 32 and 33.
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/guest_memory.h"
#include "syscalls/strace.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define KERNEL_SA_RESTORER 0x04000000ul
#define HANDLER_STACK_SIZE (64 * 1024)
#define ACTION_FLAGS_KEPT (SA_NOCLDSTOP | SA_NOCLDWAIT)   /* flags that mean something to the host */

enum host_action { HOST_DEFAULT, HOST_IGNORE, HOST_HANDLER };
struct kernel_action { void (*handler)(int, siginfo_t *, void *); unsigned long flags; void (*restorer)(void); uint64_t mask; };

void host_signal_restorer(void);
__asm__(".text\n.type host_signal_restorer, @function\nhost_signal_restorer:\n\tmovl $15, %eax\n\tsyscall\n.size host_signal_restorer, . - host_signal_restorer\n");

/* The guest thread that this host thread runs: the only way from a signal to its thread. */
static __thread struct thread *current_thread;

void host_signals_set_current(struct thread *thread)
{
    current_thread = thread;
}

/* -- the handler ------------------------------------------------------------------------------------------------------- */

static void leave_blocking_call(ucontext_t *context)
{
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    /* At the syscall instruction itself too: two bytes before the window's end, not made yet, or to be made again. */
    if (pc >= (uintptr_t)host_call_window && pc < (uintptr_t)host_call_window_end)
        context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)host_call_abort;
}

static void arrive(struct thread *thread, siginfo_t *info, ucontext_t *context)
{
    uint64_t blocked = ~SIGNALS_SYNCHRONOUS;
    bool taken = signal_arrive(thread, info);
    if (taken || signal_deliverable(thread))
        memcpy(&context->uc_sigmask, &blocked, sizeof blocked);
    else if (!thread->held_for_others)
        return;
    engine_interrupt(thread->cpu);
    if (thread->process->has_userfaults)
        engine_interrupt_access(thread->cpu, context);
    leave_blocking_call(context);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    struct thread *thread = current_thread;
    bool synchronous = (SIGNAL_BIT(signal) & SIGNALS_SYNCHRONOUS) && info->si_code > 0;
    if (synchronous) {
        if (!host_fault(thread, info, context))
            die_by_signal(thread, signal);
    } else if (thread) {
        arrive(thread, info, context);
    }
}

/* -- dispositions ---------------------------------------------------------------------------------------------------------- */

static int64_t install(int signal, enum host_action what, unsigned long flags)
{
    struct kernel_action action = { .flags = (flags & ACTION_FLAGS_KEPT) | KERNEL_SA_RESTORER, .restorer = host_signal_restorer, .mask = ~0ull };
    if (what == HOST_HANDLER) {
        action.handler = on_signal;
        action.flags |= SA_SIGINFO | SA_ONSTACK;
    } else {
        /* SIG_DFL is 0, SIG_IGN is 1. */
        action.handler = (void (*)(int, siginfo_t *, void *))(uintptr_t)(what == HOST_IGNORE);
    }
    return host_call(SYS_rt_sigaction, (uint64_t)signal, (uintptr_t)&action, 0, sizeof action.mask, 0, 0);
}

/* Default is the host's own too, but where it means a core file: that is ours to write. */
static enum host_action host_action(guest_addr handler, int signal)
{
    bool dumps = SIGNAL_BIT(signal) & SIGNALS_WITH_CORE;
    return handler == 1 ? HOST_IGNORE : handler == 0 && !dumps ? HOST_DEFAULT : HOST_HANDLER;
}

int64_t host_signals_action(struct thread *thread, int signal, const struct signal_action *action)
{
    struct signal_actions *actions = thread->process->actions;
    enum host_action what = host_action(action->handler, signal);
    const struct signal_action *old = &thread->process->actions->of[signal];
    if (SIGNAL_BIT(signal) & SIGNALS_SYNCHRONOUS)
        return 0;                          /* always ours */
    if (what == actions->host[signal] && ((old->flags ^ action->flags) & ACTION_FLAGS_KEPT) == 0)
        return 0;
    int64_t result = install(signal, what, action->flags);
    if (result == 0)
        actions->host[signal] = (uint8_t)what;
    return result;
}

/* The GNU C library's first pthread_create installs its handler for setuid in threads and unblocks the signals that it thinks its own.
 * The guest's C library does the same, and ours must not have them. */
#define LIBRARY_SIGNAL 33

void host_signals_take_back(struct thread *thread)
{
    struct usermode *usermode = usermode_of(thread->process);
    const struct signal_actions *actions = thread->process->actions;
    if (usermode->took_back)
        return;
    host_signal_mask(~SIGNALS_SYNCHRONOUS);
    usermode->took_back = install(LIBRARY_SIGNAL, actions->host[LIBRARY_SIGNAL], actions->of[LIBRARY_SIGNAL].flags) == 0;
}

void host_signals_install_synchronous(void)
{
    for (int signal = 1; signal <= GUEST_SIGNALS; signal++)
        if (SIGNAL_BIT(signal) & SIGNALS_SYNCHRONOUS)
            install(signal, HOST_HANDLER, 0);
}

void host_signals_default(int signal)
{
    install(signal, HOST_DEFAULT, 0);
}

static void add_handler_stack(struct thread *thread)
{
    stack_t stack = { .ss_size = HANDLER_STACK_SIZE };
    stack.ss_sp = mmap(NULL, HANDLER_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack.ss_sp == MAP_FAILED)
        return;
    sigaltstack(&stack, NULL);
    thread->host_stack = stack.ss_sp;
    thread->host_stack_size = HANDLER_STACK_SIZE;
}

void host_signals_enter(struct thread *thread)
{
    add_handler_stack(thread);
    current_thread = thread;
}

/* What was ignored when ferry was started is ignored by the guest; everything else starts at its default. */
void host_signals_know_action(struct process *process, int signal)
{
    struct signal_actions *actions = process->actions;
    struct kernel_action old = { 0 };
    host_call(SYS_rt_sigaction, (uint64_t)signal, 0, (uintptr_t)&old, sizeof old.mask, 0, 0);
    bool ignored = (void *)old.handler == (void *)SIG_IGN;
    actions->of[signal].handler = ignored ? 1 : 0;
    actions->host[signal] = (uint8_t)host_action(ignored, signal);
    actions->unknown &= ~SIGNAL_BIT(signal);
}

/* Whether the others are ignored is asked when the guest does: that is more than fifty system calls less for a start. The C
 * library's may get a handler of its own (host_signals_take_back). */
#define SIGNALS_ASKED_AT_START (SIGNALS_WITH_CORE | SIGNAL_BIT(LIBRARY_SIGNAL))

void host_signals_start(struct thread *thread)
{
    struct process *process = thread->process;
    struct signal_actions *actions = process->actions;
    host_call(SYS_rt_sigprocmask, SIG_SETMASK, 0, (uintptr_t)&thread->signal_mask, sizeof thread->signal_mask, 0, 0);
    host_signals_enter(thread);
    actions->unknown = ~0ull;
    for (int signal = 1; signal <= GUEST_SIGNALS; signal++) {
        if (!(SIGNAL_BIT(signal) & SIGNALS_ASKED_AT_START))
            continue;
        host_signals_know_action(process, signal);
        if (actions->host[signal] == HOST_HANDLER && !(SIGNAL_BIT(signal) & SIGNALS_SYNCHRONOUS))
            install(signal, HOST_HANDLER, 0);
    }
    host_signals_install_synchronous();
    host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
}

/* -- dying by signal ----------------------------------------------------------------------------------------------------------- */

/* A core of ours would tell nothing about the guest. Being dumpable belongs to the memory, which a vfork child has from its parent:
 * for it the limit is 1, which keeps pipes away too (core(5)). */
static void forbid_core(const struct thread *thread)
{
    struct rlimit limit = { 0, 0 };
    bool shares = thread && thread->vfork_child;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = shares && limit.rlim_cur;
    setrlimit(RLIMIT_CORE, &limit);
    if (!shares)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void die(struct thread *thread, int signal, bool dumped) __attribute__((noreturn));
static void die(struct thread *thread, int signal, bool dumped)
{
    if (thread)
        strace_end(thread, 0, signal, dumped);
    if (thread && !thread->vfork_child)
        print_statistics(thread->process);
    host_signals_default(signal);
    host_signal_mask(~SIGNAL_BIT(signal));
    host_call(SYS_tgkill, (uint64_t)getpid(), (uint64_t)host_call(SYS_gettid, 0, 0, 0, 0, 0, 0), (uint64_t)signal, 0, 0, 0);
    for (;;)
        host_call(SYS_exit_group, 128 + (uint64_t)signal, 0, 0, 0, 0, 0);
}

void die_by_signal(struct thread *thread, int signal)
{
    forbid_core(thread);
    die(thread, signal, false);
}

void die_with_core(struct thread *thread, const siginfo_t *info)
{
    strace_signal(thread, info);
    bool dumped = core_dump(thread, info);
    if (!dumped)
        forbid_core(thread);
    die(thread, info->si_signo, dumped);
}
