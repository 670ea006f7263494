/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The clocks, by libc (which may read them without a system call) and by system calls, never disagree or go back; an exception-like
 * unwinding out of a handler finds the interrupted function.
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

int main(void)
{
    pthread_t thread;
    struct timespec t;
    struct timezone zone;
    struct timeval tv;
    pthread_create(&thread, NULL, order, NULL);
    order(NULL);
    pthread_join(thread, NULL);

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
