/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sigaltstack(2): what it refuses and tells, where handlers run, SS_AUTODISARM, nesting, siglongjmp out of handlers, overflow of the
 * stack, frames that do not fit, masks and stacks that a handler changes in its context.
 */
#include "check.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
#define SIZE 65536

static char stacks[2][SIZE] __attribute__((aligned(4096)));
static sigjmp_buf place;

static const char *where(const void *address)
{
    for (int i = 0; i < 2; i++)
        if ((const char *)address >= stacks[i] && (const char *)address < stacks[i] + SIZE) return i ? "second" : "first";
    return "main";
}

static void show_stack(const char *title)
{
    stack_t now = { 0 };
    QUIET(sigaltstack(NULL, &now));
    printf("%s: %s, size %zu, flags %x\n", title, now.ss_sp ? where(now.ss_sp) : "none", now.ss_size, (unsigned)now.ss_flags);
}

static void set_stack(int i, size_t size, unsigned flags)
{
    stack_t stack = { .ss_sp = i < 0 ? NULL : stacks[i], .ss_size = size, .ss_flags = (int)flags };
    printf("sigaltstack(%d, %zu, %x) = ", i, size, flags);
    int result = sigaltstack(&stack, NULL);
    printf("%s\n", result < 0 ? check_error(errno) : "0");
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
    sigemptyset(&action.sa_mask);
    QUIET(sigaction(signal, &action, NULL));
}

static void note(int signal, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    int here;
    (void)info;
    printf("handler %d on %s; context's stack %s size %zu flags %x\n", signal, where(&here), context->uc_stack.ss_sp ? where(context->uc_stack.ss_sp) : "none",
           context->uc_stack.ss_size, (unsigned)context->uc_stack.ss_flags);
    show_stack(" inside");
    if (signal == SIGUSR1) {
        set_stack(1, SIZE, 0);
        raise(SIGUSR2);
    }
}

static void refusals(void)
{
    SECTION("what is refused");
    show_stack("at first");
    set_stack(0, 0, 0);
    set_stack(0, 1024, 0);
    set_stack(0, SIZE, 4);
    set_stack(0, SIZE, 3);
    set_stack(0, SIZE, SS_ONSTACK);
    show_stack("with SS_ONSTACK");
    set_stack(0, 0, SS_DISABLE);
    show_stack("disabled");
    set_stack(0, SIZE, SS_DISABLE);
    show_stack("disabled, with a size");
    set_stack(0, SIZE, SS_DISABLE | SS_AUTODISARM);
    show_stack("disabled and autodisarm");
    set_stack(0, SIZE, SS_AUTODISARM);
    show_stack("autodisarm");
    set_stack(0, SIZE, SS_AUTODISARM | SS_ONSTACK);
    show_stack("autodisarm and onstack");
    set_stack(-1, SIZE, 0);
    show_stack("at address 0");
    set_stack(-1, 0, SS_DISABLE);
    RAW(sigaltstack, (void *)8, NULL);
    RAW(sigaltstack, NULL, (void *)8);
    RAW(sigaltstack, NULL, NULL);
}

static void running(void)
{
    SECTION("where handlers run");
    install(SIGUSR1, note, SA_ONSTACK);
    install(SIGUSR2, note, SA_ONSTACK);
    set_stack(0, SIZE, 0);
    raise(SIGUSR2);
    raise(SIGUSR1);
    show_stack("after");
    set_stack(0, SIZE, SS_AUTODISARM);
    raise(SIGUSR2);
    show_stack("after");
    raise(SIGUSR1);
    show_stack("after autodisarm");
    install(SIGUSR2, note, 0);
    raise(SIGUSR2);
    set_stack(-1, 0, SS_DISABLE);
    install(SIGUSR2, note, SA_ONSTACK);
    raise(SIGUSR2);
}

static void change_context(int signal, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    (void)signal, (void)info;
    context->uc_stack.ss_sp = stacks[1];
    context->uc_stack.ss_size = SIZE;
    context->uc_stack.ss_flags = 0;
    sigaddset(&context->uc_sigmask, SIGHUP);
    sigaddset(&context->uc_sigmask, SIGKILL);
}

static void changed_context(void)
{
    sigset_t mask;
    SECTION("a handler changes its context");
    install(SIGUSR1, change_context, 0);
    raise(SIGUSR1);
    show_stack("after");
    QUIET(sigprocmask(SIG_BLOCK, NULL, &mask));
    SHOW("SIGHUP blocked", sigismember(&mask, SIGHUP));
    SHOW("SIGKILL blocked", sigismember(&mask, SIGKILL));
    sigemptyset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    set_stack(-1, 0, SS_DISABLE);
}

static int depth;
static void nested_jump(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info, (void)context;
    if (++depth < 5) raise(SIGUSR1);
    siglongjmp(place, depth);
}

static void jumping(void)
{
    SECTION("siglongjmp out of nested handlers");
    install(SIGUSR1, nested_jump, SA_NODEFER | SA_ONSTACK);
    set_stack(0, SIZE, 0);
    for (int i = 0; i < 3; i++) {
        depth = 0;
        int value = sigsetjmp(place, 1);
        if (value == 0) raise(SIGUSR1);
        printf("back with %d\n", value);
        show_stack("after");
    }
    install(SIGUSR1, nested_jump, SA_ONSTACK);
    depth = 4;
    if (sigsetjmp(place, 1) == 0) raise(SIGUSR1);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    SHOW("blocked after", sigismember(&mask, SIGUSR1));
    depth = 4;
    if (sigsetjmp(place, 0) == 0) raise(SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    SHOW("blocked after a jump without mask", sigismember(&mask, SIGUSR1));
    sigemptyset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void overflowed(int signal, siginfo_t *info, void *context)
{
    int here;
    (void)context;
    printf("signal %d on %s, code %d\n", signal, where(&here), info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR);
    siglongjmp(place, 1);
}

__attribute__((noinline)) static int deeper(int level)
{
    volatile char room[4096];
    room[0] = (char)level;
    return level > 1 << 20 ? 0 : deeper(level + 1) + room[0];
}

static void *overflow_in_thread(void *unused)
{
    static char own[SIZE] __attribute__((aligned(4096)));
    stack_t stack = { .ss_sp = own, .ss_size = SIZE };
    sigaltstack(&stack, NULL);
    if (sigsetjmp(place, 1) == 0) deeper(0);
    printf("survived in a thread\n");
    return unused;
}

static void overflow(void)
{
    pthread_t thread;
    SECTION("overflow of the stack");
    install(SIGSEGV, overflowed, SA_ONSTACK);
    set_stack(0, SIZE, 0);
    if (sigsetjmp(place, 1) == 0) deeper(0);
    if (sigsetjmp(place, 1) == 0) deeper(0);
    printf("survived\n");
    QUIET(pthread_create(&thread, NULL, overflow_in_thread, NULL));
    pthread_join(thread, NULL);
}

static void without_stack(void) { install(SIGSEGV, overflowed, 0); deeper(0); }
static void bad_stack(int signal_to_send)
{
    stack_t stack = { .ss_sp = (void *)4096, .ss_size = SIZE };
    install(SIGSEGV, overflowed, 0);
    install(SIGUSR1, note, SA_ONSTACK);
    sigaltstack(&stack, NULL);
    raise(signal_to_send);
    printf("not reached\n");
}
static void bad_stack_caught(void)
{
    stack_t stack = { .ss_sp = (void *)4096, .ss_size = SIZE };
    install(SIGSEGV, overflowed, 0);
    install(SIGUSR1, note, SA_ONSTACK);
    sigaltstack(&stack, NULL);
    if (sigsetjmp(place, 1) == 0) raise(SIGUSR1);
    printf("survived\n");
}
static void bad_stack_segv(void)
{
    stack_t stack = { .ss_sp = (void *)4096, .ss_size = SIZE };
    install(SIGSEGV, overflowed, SA_ONSTACK);
    sigaltstack(&stack, NULL);
    raise(SIGSEGV);
}
static void bad_stack_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    install(SIGUSR1, note, SA_ONSTACK);
    stack_t stack = { .ss_sp = (void *)4096, .ss_size = SIZE };
    sigaltstack(&stack, NULL);
    raise(SIGUSR1);
}
static void bad_stack_blocked(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    bad_stack(SIGUSR1);
}

static void *thread_stack(void *unused) { show_stack("in a thread"); return unused; }

int main(void)
{
    pthread_t thread;
    setvbuf(stdout, NULL, _IOLBF, 0);
    refusals();
    running();
    changed_context();
    jumping();
    overflow();
    SECTION("frames that do not fit");
    CHILD(bad_stack_caught());
    CHILD(bad_stack_segv());
    CHILD(bad_stack_ignored());
    CHILD(bad_stack_blocked());
    CHILD(without_stack());
    SECTION("inheritance");
    set_stack(-1, 0, SS_DISABLE);
    set_stack(0, SIZE, 0);
    QUIET(pthread_create(&thread, NULL, thread_stack, NULL));
    pthread_join(thread, NULL);
    CHILD(show_stack("in a child"));
    pid_t child = vfork();
    if (child == 0) {
        show_stack("in a vfork child");
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
}
