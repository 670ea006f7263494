/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The clocks, by libc (which may read them without a system call) and by system calls, never disagree or go back; an exception-like
 * unwinding out of a handler finds the interrupted function. So does the CPU's counter, where programs may read it.
 */
#include "check.h"
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t by_libc(clockid_t clock)
{
    struct timespec t = { 0, 0 };
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int64_t by_call(clockid_t clock)
{
    struct timespec t = { 0, 0 };
    syscall(SYS_clock_gettime, clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int64_t by_microseconds(void)
{
    struct timeval t;
    gettimeofday(&t, NULL);
    return t.tv_sec * 1000000000ll + t.tv_usec * 1000ll;
}

static void *order(void *unused)
{
    int64_t last[2] = { 0, 0 };
    int64_t end = by_libc(CLOCK_MONOTONIC) + 200000000;
    int backwards = 0;
    while (by_libc(CLOCK_MONOTONIC) < end) {
        for (int clock = 0; clock < 2; clock++) {
            int64_t a = by_libc(clock), b = by_call(clock), c = by_libc(clock);
            if (a < last[clock] || b < a || c < b) backwards++;
            last[clock] = c;
        }
        int64_t fine = by_libc(CLOCK_REALTIME), coarse = by_microseconds();
        if (coarse < fine - 999) backwards++;
    }
    CHECK(backwards == 0);
    return unused;
}

static volatile int frames, found;
static void *interrupted_at;
static void handler(int signal)
{
    void *list[64];
    frames = backtrace(list, 64);
    for (int i = 0; i < frames; i++)
        if ((char *)list[i] >= (char *)interrupted_at && (char *)list[i] < (char *)interrupted_at + 4096) found = signal;
}

__attribute__((noinline)) static int interrupted(void)
{
    interrupted_at = (void *)interrupted;
    raise(SIGUSR1);
    return found;
}

#ifdef __aarch64__
static uint64_t counter(void)
{
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
    return value;
}

/* The counter never goes back, and counts CNTFRQ ticks a second: a span of it lies between the inner and the outer span of a clock. */
static void check_counter(void)
{
    uint64_t frequency;
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    int64_t before[2], after[2];
    uint64_t ticks[2], last = counter();
    for (int i = 0; i < 2; i++) {
        before[i] = by_libc(CLOCK_MONOTONIC);
        ticks[i] = counter();
        after[i] = by_libc(CLOCK_MONOTONIC);
        while (i == 0 && by_libc(CLOCK_MONOTONIC) < after[0] + 50000000) {
            uint64_t now = counter();
            CHECK(now >= last);
            last = now;
        }
    }
    double span = (double)(ticks[1] - ticks[0]) / (double)frequency * 1e9, tick = 1e9 / (double)frequency;
    double slewed = span * 0.001;         /* a real machine's clocks are adjusted, its counter is not */
    CHECK(span + tick + slewed >= (double)(before[1] - after[0]) && span - tick - slewed <= (double)(after[1] - before[0]));
}
#else
static void check_counter(void) {}
#endif

int main(void)
{
    pthread_t thread;
    struct timespec t;
    struct timezone zone;
    struct timeval tv;
    pthread_create(&thread, NULL, order, NULL);
    order(NULL);
    pthread_join(thread, NULL);
    check_counter();

    CHECK(clock_gettime(12345, &t) == -1 && errno == EINVAL);
    CHECK(clock_getres(CLOCK_MONOTONIC, &t) == 0 && t.tv_sec == 0);
    CHECK(gettimeofday(&tv, &zone) == 0 && zone.tz_minuteswest > -1000 && zone.tz_minuteswest < 1000);
    CHECK(syscall(SYS_gettimeofday, NULL, NULL) == 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)8) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_clock_gettime, 12345, (void *)8) == -1 && errno == EINVAL);
    int64_t seconds = time(NULL), now = by_libc(CLOCK_REALTIME) / 1000000000;
    CHECK(seconds >= now - 1 && seconds <= now);

    char *image = (char *)getauxval(AT_SYSINFO_EHDR);
    CHECK(image && memcmp(image, "\177ELF", 4) == 0);
    /* Without it, time goes on by system calls only, and nothing is written where it was. */
    signal(SIGUSR1, handler);
    CHECK(interrupted() == SIGUSR1 && frames > 2);
#ifdef __aarch64__
    char *page = mmap(image - 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(page == image - 4096);
    by_call(CLOCK_REALTIME);
    CHECK(page[0] == 0 && memcmp(page, page + 1, 4095) == 0);
    int64_t first = by_libc(CLOCK_REALTIME);
    CHECK(first / 1000000000 - now < 5 && by_libc(CLOCK_REALTIME) >= first);
#endif
    return 0;
}
