/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * POSIX timers of each notification kind, overruns, setitimer's three kinds, alarm, what they refuse, signals in a loop without calls.
 */
#include "check.h"
#include "raw_signals.h"
#include <pthread.h>
#include <sys/time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
static volatile sig_atomic_t count, code, value, overrun_positive;
static volatile pid_t on;
static timer_t *timer_shown;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    code = info->si_code, value = info->si_value.sival_int, overrun_positive = info->si_overrun > 0;
    on = gettid();
    count++;
}

static void install(int signal)
{
    QUIET(raw_action(signal, handler, 0, 0));
}

static void spin_until(int wanted)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        for (volatile int i = 0; i < 100000 && count < wanted; i++) continue;
    while (count < wanted && (clock_gettime(CLOCK_MONOTONIC, &now), now.tv_sec - start.tv_sec < 10));
}

/* No call in this loop: the signal must come all the same. */
static void spin_without_calls(int wanted)
{
    for (volatile unsigned long i = 0; i < 4000000000ul && count < wanted; i++) continue;
}

static void create(const char *name, clockid_t clock, struct sigevent *event)
{
    timer_t timer;
    struct itimerspec in = { .it_value = { 0, 20000000 } }, left;
    count = code = value = 0, on = 0;
    errno = 0;
    long result = timer_create(clock, event, &timer);
    printf("%s: %s", name, result ? check_error(errno) : "made");
    if (result) { printf("\n"); return; }
    timer_settime(timer, 0, &in, NULL);
    if (event && event->sigev_notify == SIGEV_NONE) usleep(40000);
    else spin_until(1);
    timer_gettime(timer, &left);
    printf(", count %d, code %d, value %d, on main %d, left %d, overrun %d\n", count, code, event ? value : 0, on == getpid(), left.it_value.tv_nsec > 0, timer_getoverrun(timer));
    timer_delete(timer);
}

static volatile int thread_ran;
static void notified(union sigval v) { thread_ran = v.sival_int; }

static volatile pid_t other;
static volatile int done;
static void *idle(void *unused) { other = gettid(); while (!done) usleep(1000); return unused; }

static void kinds(void)
{
    pthread_t thread;
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7 };
    SECTION("kinds");
    install(SIGUSR1), install(SIGALRM), install(33), install(64), install(SIGSEGV);
    create("default", CLOCK_REALTIME, NULL);
    create("signal", CLOCK_MONOTONIC, &event);
    event.sigev_signo = 33;
    create("signal 33", CLOCK_MONOTONIC, &event);
    event.sigev_signo = 64;
    create("signal 64", CLOCK_BOOTTIME, &event);
    event.sigev_signo = SIGSEGV;
    create("SIGSEGV", CLOCK_MONOTONIC, &event);
    event.sigev_signo = SIGUSR1;
    create("process's CPU time", CLOCK_PROCESS_CPUTIME_ID, &event);
    create("thread's CPU time", CLOCK_THREAD_CPUTIME_ID, &event);
    event.sigev_signo = 65;
    create("signal 65", CLOCK_MONOTONIC, &event);
    event.sigev_signo = 0;
    create("signal 0", CLOCK_MONOTONIC, &event);
    event.sigev_signo = SIGUSR1;
    create("clock 99", 99, &event);
    event.sigev_notify = SIGEV_NONE;
    create("none", CLOCK_MONOTONIC, &event);
    QUIET(pthread_create(&thread, NULL, idle, NULL));
    while (!other) usleep(1000);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_notify_thread_id = other;
    create("for another thread", CLOCK_MONOTONIC, &event);
    printf("on that thread: %d\n", on == other);
    event.sigev_notify_thread_id = gettid();
    create("for this thread", CLOCK_MONOTONIC, &event);
    event.sigev_notify_thread_id = 1;
    create("for a foreign thread", CLOCK_MONOTONIC, &event);
    done = 1;
    pthread_join(thread, NULL);
    event = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_int = 5 };
    timer_t timer;
    struct itimerspec in = { .it_value = { 0, 20000000 } };
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CALL(timer_settime(timer, 0, &in, NULL));
    for (int i = 0; i < 500 && !thread_ran; i++) usleep(2000);
    SHOW("thread ran with", thread_ran);
    timer_delete(timer);
}

static void overruns(void)
{
    SECTION("overruns");
    sigset_t set;
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 9 };
    struct itimerspec in = { { 0, 1000000 }, { 0, 1000000 } }, off = { 0 }, old;
    timer_t timer;
    timer_shown = &timer;
    QUIET(timer_create(CLOCK_MONOTONIC, &event, &timer));
    sigemptyset(&set), sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    count = 0;
    CALL(timer_settime(timer, 0, &in, NULL));
    usleep(50000);
    siginfo_t info;
    int signal = sigwaitinfo(&set, &info);
    printf("signal %d, code %d, value %d, at least ten overruns %d, the same told %d\n", signal, info.si_code, info.si_value.sival_int, info.si_overrun >= 10,
           timer_getoverrun(timer) >= info.si_overrun);
    CALL(timer_settime(timer, 0, &off, &old));
    SHOW("old interval", old.it_interval.tv_nsec);
    usleep(5000);
    struct timespec none = { 0, 0 };
    while (sigtimedwait(&set, &info, &none) > 0) continue;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CALL(timer_settime(timer, 0, &in, NULL));
    count = 0;
    spin_without_calls(100);
    printf("a hundred in a loop without calls: %d\n", count >= 100);
    in.it_value.tv_nsec = 1000000000;
    CALL(timer_settime(timer, 0, &in, NULL));
    CALL(timer_settime(timer, 0, NULL, NULL));
    in.it_value.tv_nsec = 1;
    CALL(timer_settime(timer, TIMER_ABSTIME, &in, NULL));
    CALL(timer_delete(timer));
    CALL(timer_delete(timer));
    RAW(timer_gettime, 12345, &in);
    RAW(timer_getoverrun, 12345);
    RAW(timer_create, CLOCK_MONOTONIC, NULL, NULL);
    RAW(timer_create, CLOCK_MONOTONIC, (void *)8, &timer);
    CHILD(exit(timer_gettime(timer, &old) ? errno == EINVAL : 9));
}

static void interval(const char *name, int which, int signal)
{
    struct itimerval in = { { 0, 2000 }, { 0, 2000 } }, off = { 0 }, old;
    install(signal);
    count = 0;
    QUIET(setitimer(which, &in, NULL));
    spin_without_calls(20);
    QUIET(setitimer(which, &off, &old));
    int last = count;
    for (volatile int i = 0; i < 10000000; i++) continue;
    printf("%s: twenty %d, code %d, interval %ld, none after it was stopped %d\n", name, last >= 20, code, (long)old.it_interval.tv_usec, count == last);
}

static void intervals(void)
{
    SECTION("setitimer and alarm");
    interval("real", ITIMER_REAL, SIGALRM);
    interval("virtual", ITIMER_VIRTUAL, SIGVTALRM);
    interval("profiling", ITIMER_PROF, SIGPROF);
    struct itimerval in = { { 0, 0 }, { 0, 1000000 } };
    CALL(setitimer(ITIMER_REAL, &in, NULL));
    in.it_value.tv_usec = -1;
    CALL(setitimer(ITIMER_REAL, &in, NULL));
    CALL(setitimer(3, &in, NULL));
    CALL(getitimer(3, &in));
    RAW(setitimer, ITIMER_REAL, (void *)8, NULL);
    RAW(setitimer, ITIMER_REAL, NULL, NULL);
    SHOW("alarm", alarm(100));
    SHOW("alarm", alarm(50));
    CHILD(exit((int)alarm(0)));
    SHOW("alarm", alarm(0));
    SHOW("alarm", alarm(0));
}

static void *in_thread(void *unused)
{
    count = 0;
    spin_without_calls(5);
    return unused;
}

static void directed(void)
{
    SECTION("a thread in a loop without calls");
    pthread_t thread;
    install(SIGUSR2);
    count = 0;
    QUIET(pthread_create(&thread, NULL, in_thread, NULL));
    usleep(10000);
    for (int i = 0; i < 2000 && count < 5; i++) {
        pthread_kill(thread, SIGUSR2);
        usleep(1000);
    }
    printf("came: %d\n", count >= 5);
    pthread_join(thread, NULL);
    printf("joined\n");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    kinds();
    overruns();
    intervals();
    directed();
    return 0;
}
