/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sending, queueing and receiving: all 64 signals, siginfo, order and counts, RLIMIT_SIGPENDING, signals for a thread and for the
 * process, the signals of faults when someone sends them, sigtimedwait, signalfd, who may send what.
 */
#include "check.h"
#include "raw_signals.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static volatile int seen[256], values[256], codes[256], count;
static volatile pid_t by[256];
static pthread_t main_thread;
static bool on_main[256];

static void record(int signal, siginfo_t *info, void *context)
{
    (void)context;
    int i = count;
    seen[i] = signal, values[i] = info->si_value.sival_int, codes[i] = info->si_code;
    by[i] = info->si_pid;
    on_main[i] = pthread_equal(pthread_self(), main_thread);
    count = i + 1;
}

static void show_seen(const char *title)
{
    printf("%s:", title);
    for (int i = 0; i < count; i++) printf(" %d(%d,%d%s%s)", seen[i], codes[i], values[i], by[i] == getpid() ? "" : ",other", on_main[i] ? "" : ",thread");
    printf("\n");
    count = 0;
}

static uint64_t pending(void) { uint64_t set = 0; QUIET(syscall(SYS_rt_sigpending, &set, 8)); return set; }

static void all_signals(void)
{
    SECTION("all signals");
    for (int signal = 1; signal <= 64; signal++) {
        if (raw_action(signal, record, 0, 0) < 0) printf("%d: %s\n", signal, check_error(errno));
        else if (signal != SIGKILL && signal != SIGSTOP) syscall(SYS_tgkill, getpid(), gettid(), signal);
    }
    show_seen("tgkill");
    for (int signal = 1; signal <= 64; signal++)
        if (signal != SIGKILL && signal != SIGSTOP) kill(getpid(), signal);
    show_seen("kill");
    for (int signal = 1; signal <= 64; signal++)
        if (signal != SIGKILL && signal != SIGSTOP) queue_to(getpid(), 0, signal, SI_QUEUE, signal * 3);
    show_seen("sigqueue");
    raw_mask(SIG_SETMASK, ~0ull);
    for (int signal = 64; signal >= 1; signal--)
        if (signal != SIGKILL && signal != SIGSTOP) kill(getpid(), signal);
    printf("pending %llx\n", (unsigned long long)pending());
    raw_mask(SIG_SETMASK, 0);
    show_seen("all at once");
    raw_mask(SIG_SETMASK, ~0ull);
    for (int i = 0; i < 3; i++)
        for (int signal = 62; signal >= 30; signal -= 8) queue_to(getpid(), 0, signal, SI_QUEUE, 10 * i + 1);
    queue_to(getpid(), gettid(), 40, SI_QUEUE, 99);
    queue_to(getpid(), gettid(), SIGSEGV, SI_QUEUE, 98);
    queue_to(getpid(), gettid(), SIGSEGV, SI_QUEUE, 97);
    queue_to(getpid(), 0, SIGSEGV, SI_QUEUE, 96);
    printf("pending %llx\n", (unsigned long long)pending());
    raw_mask(SIG_SETMASK, 0);
    show_seen("queued");
}

static void nested(int signal, siginfo_t *info, void *context)
{
    uint64_t now;
    record(signal, info, context);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8);
    printf("in %d: mask %llx\n", signal, (unsigned long long)now);
    if (signal == 40) {
        queue_to(getpid(), 0, 41, SI_QUEUE, 1);
        queue_to(getpid(), 0, 40, SI_QUEUE, 2);
        queue_to(getpid(), 0, 42, SI_QUEUE, 3);
    }
    printf("out of %d\n", signal);
}

static void masks(void)
{
    SECTION("masks while handlers run");
    static bool again;
    again = false;
    raw_action(40, nested, 0, BIT(41) | BIT(SIGKILL));
    raw_action(41, nested, 0, BIT(42));
    raw_action(42, nested, SA_NODEFER, 0);
    (void)again;
    raw_mask(SIG_SETMASK, BIT(50));
    queue_to(getpid(), 0, 42, SI_QUEUE, 0);
    show_seen("42");
    queue_to(getpid(), 0, 41, SI_QUEUE, 0);
    show_seen("41");
    raw_action(40, record, SA_RESETHAND | SA_NODEFER, 0);
    queue_to(getpid(), 0, 40, SI_QUEUE, 5);
    show_seen("reset");
    struct kernel_action old;
    RAW(rt_sigaction, 40, NULL, &old, 8);
    SHOW("handler", (long)old.handler);
    SHOW("flags", old.flags & ~SA_RESTORER);
    CALL(raw_action(42, record, 0x7fffffff & ~SA_RESTORER & ~SA_RESETHAND & ~SA_ONSTACK, ~0ull));
    RAW(rt_sigaction, 42, NULL, &old, 8);
    SHOW("flags", old.flags & ~SA_RESTORER);
    printf("mask %llx\n", (unsigned long long)old.mask);
    RAW(rt_sigaction, 42, NULL, &old, 4);
    RAW(rt_sigaction, 0, NULL, &old, 8);
    RAW(rt_sigaction, 65, NULL, &old, 8);
    RAW(rt_sigaction, SIGKILL, NULL, &old, 8);
    CALL(raw_action(SIGKILL, record, 0, 0));
    raw_mask(SIG_SETMASK, 0);
}

static void errors(void)
{
    SECTION("who may send what");
    static const int codes_tried[] = { SI_USER, SI_KERNEL, SI_QUEUE, SI_TKILL, SI_TIMER, SI_MESGQ, SI_ASYNCIO, SI_SIGIO, 1, 5, -60, -100 };
    raw_action(44, record, 0, 0);
    raw_action(SIGSEGV, record, 0, 0);
    for (size_t i = 0; i < sizeof codes_tried / sizeof *codes_tried; i++) {
        printf("code %d: self %ld", codes_tried[i], queue_to(getpid(), 0, 44, codes_tried[i], 7));
        pid_t other = getppid();
        printf(", other %s", queue_to(other, 0, 0, codes_tried[i], 7) < 0 ? check_error(errno) : "0");
        printf(", thread %ld", queue_to(getpid(), gettid(), 44, codes_tried[i], 7));
        printf(", fault %ld\n", queue_to(getpid(), gettid(), SIGSEGV, codes_tried[i], 7));
    }
    show_seen("got");
    RAW(kill, 0, 65);
    RAW(kill, 99999999, 0);
    RAW(kill, -99999999, 0);
    RAW(kill, -2147483648, 0);
    RAW(tkill, 0, 0);
    RAW(tkill, -1, 0);
    RAW(tgkill, 0, 0, 0);
    RAW(tgkill, getpid(), 0, 0);
    RAW(tgkill, getpid(), -1, 0);
    RAW(tgkill, 1, gettid(), 0);
    RAW(tgkill, getpid(), gettid(), 65);
    RAW(tgkill, getpid(), gettid(), 0);
    RAW(rt_sigqueueinfo, getpid(), 44, NULL);
    RAW(rt_sigqueueinfo, getpid(), 65, NULL);
    RAW(rt_sigpending, NULL, 8);
    uint64_t set;
    RAW(rt_sigpending, &set, 9);
    RAW(rt_sigpending, &set, 4);
    RAW(rt_sigprocmask, 7, &set, NULL, 8);
    RAW(rt_sigprocmask, 7, NULL, &set, 8);
    RAW(rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8);
    RAW(rt_sigprocmask, SIG_BLOCK, NULL, (void *)8, 8);
    RAW(rt_sigprocmask, SIG_BLOCK, NULL, NULL, 4);
    RAW(rt_sigtimedwait, (void *)8, NULL, NULL, 8);
    RAW(rt_sigsuspend, (void *)8, 8);
    RAW(rt_sigsuspend, &set, 4);
}

static void limits(void)
{
    SECTION("RLIMIT_SIGPENDING");
    struct rlimit limit = { 20, 20 }, none = { 0, 0 };
    (void)none;
    QUIET(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){ ~0ull }, NULL, 8));
    raw_action(50, record, 0, 0), raw_action(SIGUSR1, record, 0, 0), raw_action(51, record, 0, 0);
    CALL(setrlimit(RLIMIT_SIGPENDING, &limit));
    /* Others of this user count too: so it is only told whether it ends. */
    int sent = 0, error = 0;
    for (; sent < 100 && !error; sent++) error = queue_to(getpid(), 0, 50, SI_QUEUE, sent) < 0 ? errno : 0;
    printf("less than 21: %d, %s\n", sent < 22, check_error(error));
    CALL(queue_to(getpid(), 0, 51, SI_QUEUE, 5));
    CALL(kill(getpid(), 51));
    CALL(kill(getpid(), SIGUSR1));
    CALL(syscall(SYS_tgkill, getpid(), gettid(), 52));
    raw_action(52, record, 0, 0);
    QUIET(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){ BIT(50) }, NULL, 8));
    for (int i = 0; i < count; i++) by[i] = by[i] ? getpid() : 0;
    show_seen("without siginfo");
}

/* -- threads -------------------------------------------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static volatile pid_t thread_id;
static uint64_t thread_mask;

static void *receiver(void *unused)
{
    raw_mask(SIG_SETMASK, thread_mask);
    thread_id = gettid();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    raw_mask(SIG_SETMASK, 0);
    return unused;
}

static void to_threads(const char *title, uint64_t main_mask, uint64_t mask, void (*send)(void))
{
    pthread_t thread;
    thread_mask = mask;
    QUIET(pthread_create(&thread, NULL, receiver, NULL));
    pthread_barrier_wait(&barrier);
    raw_mask(SIG_SETMASK, main_mask);
    send();
    usleep(20000);
    printf("%s: pending in main %llx\n", title, (unsigned long long)pending());
    show_seen(" meanwhile");
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    show_seen(" thread unblocked");
    raw_mask(SIG_SETMASK, 0);
    show_seen(" main unblocked");
}

static int which;
static void send_process(void) { kill(getpid(), which); }
static void send_queue(void) { for (int i = 0; i < 3; i++) queue_to(getpid(), 0, which, SI_QUEUE, i); }
static void send_thread(void) { queue_to(getpid(), thread_id, which, SI_QUEUE, 1); }

static void threads(void)
{
    static const int kinds[] = { SIGUSR1, 45, SIGSEGV, SIGBUS };
    pthread_barrier_init(&barrier, NULL, 2);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        which = kinds[i];
        printf("\n== threads, signal %d\n", which);
        raw_action(which, record, 0, 0);
        to_threads("blocked in main", BIT(which), 0, send_process);
        to_threads("blocked in thread", 0, BIT(which), send_process);
        to_threads("blocked in both", BIT(which), BIT(which), send_process);
        to_threads("queued, blocked in both", BIT(which), BIT(which), send_queue);
        to_threads("for the thread, blocked", 0, BIT(which), send_thread);
    }
}

/* -- waiting -------------------------------------------------------------------------------------------------------------------- */

static long wait_for(uint64_t set, siginfo_t *info)
{
    struct timespec none = { 0, 20000000 };
    memset(info, 0, sizeof *info);
    return syscall(SYS_rt_sigtimedwait, &set, info, &none, 8);
}

static void show_wait(uint64_t set)
{
    siginfo_t info;
    long result = wait_for(set, &info);
    printf("wait: %ld %s, signo %d code %d value %d\n", result, result < 0 ? check_error(errno) : "", info.si_signo, info.si_code, info.si_value.sival_int);
}

static void waiting(void)
{
    SECTION("sigtimedwait");
    static const int kinds[] = { SIGUSR1, 45, SIGSEGV, SIGILL };
    struct timespec bad = { 0, 1000000000 };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint64_t set = BIT(kinds[i]);
        raw_action(kinds[i], record, 0, 0);
        raw_mask(SIG_SETMASK, set);
        queue_to(getpid(), 0, kinds[i], SI_QUEUE, 5);
        queue_to(getpid(), gettid(), kinds[i], SI_QUEUE, 6);
        show_wait(set);
        show_wait(set);
        show_wait(set);
        raw_mask(SIG_SETMASK, 0);
        show_seen("handled");
        siginfo_t nothing;
        struct signalfd_siginfo info = { 0 };
        int fd = (int)syscall(SYS_signalfd4, -1, &set, 8, SFD_NONBLOCK);
        raw_mask(SIG_SETMASK, set);
        CALL(read(fd, &info, sizeof info));
        queue_to(getpid(), 0, kinds[i], SI_QUEUE, 8);
        struct pollfd p = { fd, POLLIN, 0 };
        SHOW("poll", poll(&p, 1, 100));
        SHOW("events", p.revents);
        CALL(read(fd, &info, sizeof info));
        printf("signo %u code %d value %d\n", info.ssi_signo, info.ssi_code, info.ssi_int);
        raw_mask(SIG_SETMASK, 0);
        show_seen("handled");
        close(fd);
        (void)nothing;
    }
    uint64_t set = BIT(45);
    RAW(rt_sigtimedwait, &set, NULL, &bad, 8);
    /* One that is not blocked and wakes with another. */
    raw_action(SIGALRM, record, 0, 0);
    alarm(1);
    struct timespec enough = { 3, 0 };
    RAW(rt_sigtimedwait, &set, NULL, &enough, 8);
    show_seen("alarm");
    /* Ignored while waited for. */
    signal(SIGUSR2, SIG_IGN);
    raw_mask(SIG_SETMASK, BIT(SIGUSR2));
    kill(getpid(), SIGUSR2);
    show_wait(BIT(SIGUSR2));
    signal(SIGCHLD, SIG_DFL);
    raw_mask(SIG_SETMASK, BIT(SIGCHLD));
    pid_t child = fork();
    if (child == 0) _exit(4);
    siginfo_t info;
    set = BIT(SIGCHLD);
    CALL(syscall(SYS_rt_sigtimedwait, &set, &info, &enough, 8));
    printf("code %d status %d\n", info.si_code, info.si_status);
    waitpid(child, NULL, 0);
    raw_mask(SIG_SETMASK, 0);
}

int main(void)
{
    main_thread = pthread_self();
    setvbuf(stdout, NULL, _IOLBF, 0);
    all_signals();
    masks();
    errors();
    threads();
    waiting();
    CHILD(limits());
    return 0;
}
