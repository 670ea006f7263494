/* SPDX-License-Identifier: GPL-2.0-or-later
 * Asynchronous signals: delivery in loops without calls, masks, queues of real-time signals with values, nesting, siglongjmp out of
 * handlers, alternate stacks, restarts, sigsuspend, timers, exit by signal.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count, order[16], order_count, on_stack;
static char stack[65536];
static sigjmp_buf escape;

static void counter(int signal) { (void)signal, count++; }

static void recorder(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (order_count < 16)
        order[order_count++] = signal * 1000 + info->si_value.sival_int;
}

static void stack_checker(int signal)
{
    char here;
    (void)signal;
    on_stack = &here >= stack && &here < stack + sizeof stack;
}

static void jumper(int signal) { siglongjmp(escape, signal); }

static void install(int signal, void (*function)(int), int flags)
{
    struct sigaction action = {.sa_handler = function, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(signal, &action, NULL) == 0);
}

static void test_loop(void)
{
    struct itimerval timer = {.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000};
    install(SIGALRM, counter, 0);
    count = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
    uint64_t spins = 0;
    while (count < 10)
        spins++;                          /* no call in here: only the back edge can notice */
    memset(&timer, 0, sizeof timer);
    setitimer(ITIMER_REAL, &timer, NULL);
    CHECK(spins > 0);
}

static void test_masks_and_queues(void)
{
    struct sigaction action = {.sa_sigaction = recorder, .sa_flags = SA_SIGINFO};
    sigset_t set, old, pending;
    sigfillset(&action.sa_mask);
    for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++)
        CHECK(sigaction(s, &action, NULL) == 0);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    sigemptyset(&set);
    for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++)
        sigaddset(&set, s);
    sigaddset(&set, SIGUSR1);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, &old) == 0);
    order_count = 0;
    for (int i = 0; i < 3; i++) {
        CHECK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i}) == 0);
        CHECK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}) == 0);
        CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 7}) == 0);   /* not queued: one stays */
    }
    CHECK(order_count == 0);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGRTMIN) && !sigismember(&pending, SIGRTMIN + 2));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    CHECK(order_count == 7);
    int first = 0, seen_rt0 = 0;
    for (int i = 0; i < 7; i++) {
        if (order[i] / 1000 == SIGRTMIN)
            CHECK(order[i] % 1000 == seen_rt0++);
        if (order[i] / 1000 == SIGUSR1)
            first++;
    }
    CHECK(seen_rt0 == 3 && first == 1);
    sigset_t wait_for;
    siginfo_t info;
    sigemptyset(&wait_for);
    sigaddset(&wait_for, SIGRTMIN + 2);
    pthread_sigmask(SIG_BLOCK, &wait_for, NULL);
    sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 42});
    CHECK(sigwaitinfo(&wait_for, &info) == SIGRTMIN + 2 && info.si_value.sival_int == 42 && info.si_pid == getpid());
    struct timespec short_time = {.tv_nsec = 1000000};
    CHECK(sigtimedwait(&wait_for, &info, &short_time) == -1 && errno == EAGAIN);
}

static void test_stack_and_jump(void)
{
    CHECK(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL) == 0);
    install(SIGUSR1, stack_checker, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(on_stack == 1);
    install(SIGUSR1, stack_checker, 0);
    raise(SIGUSR1);
    CHECK(on_stack == 0);
    install(SIGUSR2, jumper, 0);
    for (volatile int i = 0; i < 100; i++) {
        int signal = sigsetjmp(escape, 1);
        if (signal == 0) {
            raise(SIGUSR2);
            CHECK(!"reached");
        }
        CHECK(signal == SIGUSR2);
    }
    install(SIGUSR1, counter, SA_RESETHAND);
    count = 0;
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    CHECK(count == 1 && now.sa_handler == SIG_DFL);
}

static void send_later(pid_t to, int signal, int milliseconds)
{
    if (fork() == 0) {
        usleep((useconds_t)milliseconds * 1000);
        kill(to, signal);
        _exit(0);
    }
}

static void test_blocking(void)
{
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    install(SIGUSR1, counter, 0);
    count = 0;
    send_later(getpid(), SIGUSR1, 20);
    CHECK(read(ends[0], &byte, 1) == -1 && errno == EINTR && count == 1);
    wait(NULL);
    install(SIGUSR1, counter, SA_RESTART);
    if (fork() == 0) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
        usleep(20000);
        CHECK(write(ends[1], "x", 1) == 1);
        _exit(0);
    }
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x' && count == 2);
    wait(NULL);
    sigset_t none, usr1, old;
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &old);
    raise(SIGUSR1);
    CHECK(count == 2);
    CHECK(sigsuspend(&none) == -1 && errno == EINTR && count == 3);
    sigset_t now;
    sigprocmask(SIG_SETMASK, &old, &now);
    CHECK(sigismember(&now, SIGUSR1));
    /* On a busy machine a single signal may come before the sleep begins, or after a short one. */
    struct timespec sleep_time = {.tv_sec = 50}, left = {0};
    pid_t sender = fork();
    for (pid_t to = getppid(); sender == 0 && usleep(10000) == 0 && getppid() == to;) kill(to, SIGUSR1);
    if (sender == 0) _exit(0);
    CHECK(nanosleep(&sleep_time, &left) == -1 && errno == EINTR && left.tv_sec > 0 && left.tv_sec < 50);
    kill(sender, SIGKILL);
    while (waitpid(sender, NULL, 0) == -1 && errno == EINTR) continue;
}

static int status_of_child(void (*body)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void die_term(void) { raise(SIGTERM); }
static void die_abort(void) { signal(SIGABRT, SIG_DFL), abort(); }
static void die_segv(void) { signal(SIGSEGV, SIG_DFL), *(volatile int *)8 = 1; }
static void die_exit(void) { _exit(3); }

static void test_deaths(void)
{
    int status = status_of_child(die_term);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    status = status_of_child(die_abort);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    status = status_of_child(die_segv);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = status_of_child(die_exit);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void test_timer(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 5, .sigev_value.sival_int = 5};
    struct itimerspec when = {.it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000};
    install(SIGRTMIN + 5, counter, 0);
    count = 0;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &when, NULL) == 0);
    while (count < 5)
        pause();
    timer_delete(timer);
}

int main(void)
{
    test_loop();
    test_masks_and_queues();
    test_stack_and_jump();
    test_blocking();
    test_deaths();
    test_timer();
    return 0;
}
