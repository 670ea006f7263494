/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals by the rules of signal(7): exit by signal, interrupted and restarted calls, masks that change atomically, queues,
 * alternate stacks, stopping, numbers that the C library keeps for itself.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int count, last_signal, last_code, last_value;
static sigset_t handler_mask, empty, previous;
static sigjmp_buf place;
static char alternate[65536];
static volatile uintptr_t handler_stack;
static volatile int stop;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)context;
    count++;
    last_signal = signal;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
    sigprocmask(SIG_BLOCK, NULL, &handler_mask);
}

static void install(int signal, int flags)
{
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags };
    CHECK(sigaction(signal, &action, NULL) == 0);
}

static void jump(int signal) { siglongjmp(place, signal); }
static void note_stack(int signal) { int here; (void)signal; handler_stack = (uintptr_t)&here; }

/* -- dying ---------------------------------------------------------------------------------------------------------------------- */

static int status_of(void (*action)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        action();
        _exit(99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void read_nothing(void) { (void)*(volatile int *)8; }
static void kill_self(void) { raise(SIGKILL); }
static void terminate(void) { raise(SIGTERM); }
static void fault_blocked(void) { sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL); read_nothing(); }
static void fault_ignored(void) { signal(SIGSEGV, SIG_IGN); read_nothing(); }
static void sent_fault(void) { kill(getpid(), SIGSEGV); }
static void sent_ignored(void) { signal(SIGSEGV, SIG_IGN); kill(getpid(), SIGSEGV); _exit(5); }

static void check_dying(void)
{
    static const struct { void (*action)(void); int signal; } cases[] = {
        { kill_self, SIGKILL }, { terminate, SIGTERM }, { read_nothing, SIGSEGV }, { fault_blocked, SIGSEGV }, { fault_ignored, SIGSEGV },
        { sent_fault, SIGSEGV }, { abort, SIGABRT },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = status_of(cases[i].action);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == cases[i].signal);
    }
    int status = status_of(sent_ignored);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

/* -- interrupted calls ---------------------------------------------------------------------------------------------------------- */

static void alarm_soon(void)
{
    const struct itimerval soon = { .it_value = { 0, 50000 } };
    count = 0;
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

static void check_interruption(void)
{
    const struct timespec second = { 1, 0 };
    struct timespec rest = { 0 };
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    install(SIGALRM, 0);
    alarm_soon();
    CHECK(read(ends[0], &byte, 1) == -1 && errno == EINTR && count == 1);
    install(SIGALRM, SA_RESTART);
    pid_t pid = fork();
    if (pid == 0) {
        usleep(300000);
        _exit(write(ends[1], "x", 1) != 1);
    }
    alarm_soon();
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x' && count == 1);
    CHECK(waitpid(pid, NULL, 0) == pid);
    alarm_soon();
    CHECK(poll(NULL, 0, 1000) == -1 && errno == EINTR && count == 1);
    alarm_soon();
    CHECK(nanosleep(&second, &rest) == -1 && errno == EINTR && rest.tv_nsec > 0);
    install(SIGALRM, 0);
}

/* -- masks and queues ------------------------------------------------------------------------------------------------------------- */

static bool is_pending(int signal)
{
    sigset_t pending;
    CHECK(sigpending(&pending) == 0);
    return sigismember(&pending, signal);
}

static void check_masks(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    install(SIGUSR1, 0);
    install(SIGRTMIN + 3, 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, &previous) == 0);
    count = 0;
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK(count == 0 && is_pending(SIGUSR1));
    CHECK(sigprocmask(SIG_SETMASK, &previous, NULL) == 0 && count == 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    count = 0;
    for (int i = 0; i < 5; i++)
        CHECK(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i }) == 0);
    sigprocmask(SIG_SETMASK, &previous, NULL);
    CHECK(count == 5 && last_value == 4 && last_code == SI_QUEUE);
    raise(SIGUSR1);
    CHECK(sigismember(&handler_mask, SIGUSR1) && !sigismember(&handler_mask, SIGUSR2));
    install(SIGUSR1, SA_NODEFER);
    raise(SIGUSR1);
    CHECK(!sigismember(&handler_mask, SIGUSR1));
}

static void check_waiting(void)
{
    const struct timespec second = { 1, 0 }, none = { 0, 0 };
    struct signalfd_siginfo read_info;
    sigset_t set, now;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    install(SIGUSR1, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    count = 0;
    raise(SIGUSR1);
    CHECK(sigsuspend(&empty) == -1 && errno == EINTR && count == 1);
    raise(SIGUSR1);
    CHECK(ppoll(NULL, 0, &second, &empty) == -1 && errno == EINTR && count == 2);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    raise(SIGUSR1);
    CHECK(sigtimedwait(&set, &info, &second) == SIGUSR1 && info.si_signo == SIGUSR1);
    CHECK(sigtimedwait(&set, &info, &none) == -1 && errno == EAGAIN);
    int fd = signalfd(-1, &set, 0);
    raise(SIGUSR1);
    CHECK(read(fd, &read_info, sizeof read_info) == sizeof read_info && read_info.ssi_signo == SIGUSR1);
    close(fd);
    sigprocmask(SIG_SETMASK, &previous, NULL);
    CHECK(count == 2);
}

/* Faults cannot wait; the same number sent by someone can. */
static void check_sent_fault(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    install(SIGSEGV, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    count = 0;
    kill(getpid(), SIGSEGV);
    CHECK(count == 0 && is_pending(SIGSEGV));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(count == 1 && last_signal == SIGSEGV && last_code == SI_USER);
}

/* -- stacks and actions ------------------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static int overflow(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = *above;
    return overflow(frame) + frame[1];
}

static void check_alternate_stack(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, now;
    struct sigaction action = { .sa_handler = note_stack, .sa_flags = SA_ONSTACK };
    CHECK(sigaltstack(&stack, NULL) == 0);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    CHECK(handler_stack - (uintptr_t)alternate < sizeof alternate);
    action.sa_handler = jump;
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 3; i++)
        if (sigsetjmp(place, 1) == 0)
            CHECK(overflow("") == 0);
    CHECK(sigaltstack(NULL, &now) == 0 && now.ss_sp == alternate && now.ss_flags == 0);
    stack.ss_size = 100;
    CHECK(sigaltstack(&stack, NULL) == -1 && errno == ENOMEM);
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == 0);
    signal(SIGSEGV, SIG_DFL);
}

static void check_actions(void)
{
    struct sigaction action;
    install(SIGUSR2, SA_RESETHAND);
    raise(SIGUSR2);
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    CHECK(sigaction(SIGKILL, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL) == -1 && errno == EINVAL);
#ifndef __x86_64__                        /* where the kernel returns from handlers without the library's help */
    const struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } raw = { (void *)on_signal, SA_SIGINFO, NULL, 0 };
    for (int number = 32; number <= 33; number++) {
        CHECK(syscall(SYS_rt_sigaction, number, &raw, NULL, 8) == 0);
        count = 0;
        CHECK(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number) == 0 && count == 1 && last_signal == number);
    }
#endif
}

/* -- processes and threads ------------------------------------------------------------------------------------------------------------ */

static void check_stopping(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(4);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 4);
    pid = fork();
    if (pid == 0)
        for (;;)
            ;
    kill(pid, SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGKILL);
}

static void *spin(void *unused)
{
    while (!stop)
        ;
    return unused;
}

static void *sleep_forever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void check_threads(void)
{
    pthread_t thread;
    void *result;
    install(SIGUSR1, 0);
    CHECK(pthread_create(&thread, NULL, spin, NULL) == 0);
    count = 0;
    for (int i = 1; i <= 50; i++) {
        pthread_kill(thread, SIGUSR1);
        for (int wait = 0; count < i && wait < 10000; wait++)
            usleep(200);
        CHECK(count == i);
    }
    stop = 1;
    pthread_join(thread, NULL);
    CHECK(pthread_create(&thread, NULL, sleep_forever, NULL) == 0);
    usleep(20000);
    pthread_cancel(thread);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

static void check_timer_in_a_loop(void)
{
    struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    volatile double sum = 0;
    install(SIGALRM, 0);
    count = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    while (count < 100)
        sum += 1.5;
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(sum > 0);
}

int main(void)
{
    sigemptyset(&empty);
    check_dying();
    check_interruption();
    check_masks();
    check_waiting();
    check_sent_fault();
    check_alternate_stack();
    check_actions();
    check_stopping();
    check_threads();
    check_timer_in_a_loop();
    return 0;
}
