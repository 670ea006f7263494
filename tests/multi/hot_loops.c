/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loops that become hot: more values than a CPU has registers for, faults in the middle that handlers repair or jump out of, signals at any
 * moment, calls inside, registers that come in with more in them than the loop looks at, several threads in the same loop.
 */
#include "check.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64, PER_PAGE = PAGE / 8, COUNT = PAGES * PER_PAGE };
static double *data;
static volatile sig_atomic_t faults, ticks;
static volatile int jumps_out;
static sigjmp_buf out;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    faults++;
    if (jumps_out)
        siglongjmp(out, 1);
    mprotect((void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE);
}

static void on_tick(int signal) { (void)signal; ticks++; }

static double plain(double x) { return x * 0.75 + 1.0; }
static double (*volatile called)(double) = plain;

/* Twelve sums and as many integers are carried around the loop; every fourth turn something is called. */
static __attribute__((noinline)) uint64_t work(const double *p, long count, int calls)
{
    double a = 0, b = 1, c = 2, d = 3, e = 4, f = 5, g = 6, h = 7, i = 8, j = 9, k = 10, l = 11;
    uint64_t r = 1, s = 2, t = 3, u = 4, v = 5, w = 6, x = 7, y = 8, z = 9;
    for (long n = 0; n < count; n++) {
        double m = p[n];
        a += m, b += a * 0.5, c -= b * 0.25, d += c * m, e += d * 0.125, f -= e, g += f * 0.5, h += g * m, i -= h * 0.25, j += i, k += j * 0.5, l += k * m;
        a *= 0.5, b *= 0.25, c *= 0.5, d *= 0.25, e *= 0.5, f *= 0.5, g *= 0.25, h *= 0.5, i *= 0.25, j *= 0.5, k *= 0.25, l *= 0.5;
        r += s ^ t, s = s << 1 | s >> 63, t += u * 3, u ^= v + (uint64_t)n, v += w, w = (w << 7) ^ x, x += y | 1, y -= z, z += r;
        if (calls && (n & 3) == 0)
            a += called(m);
    }
    double sum = a + b + c + d + e + f + g + h + i + j + k + l;
    uint64_t bits;
    memcpy(&bits, &sum, 8);
    return bits + r + s + t + u + v + w + x + y + z;
}

static void protect_some(unsigned step)
{
    for (unsigned page = 1; page < PAGES; page += step)
        CHECK(mprotect((char *)data + page * PAGE, PAGE, PROT_NONE) == 0);
}

static void repaired(int calls)
{
    uint64_t expected = work(data, COUNT, calls);
    for (unsigned step = 1; step < 9; step += 3) {
        faults = 0;
        protect_some(step);
        CHECK(work(data, COUNT, calls) == expected);
        CHECK(faults == (int)((PAGES - 1 + step - 1) / step));
    }
}

static void jumped_out(void)
{
    uint64_t expected = work(data, COUNT, 0);
    for (int round = 0; round < 20; round++) {
        protect_some(7);
        jumps_out = 1;
        if (sigsetjmp(out, 1) == 0) {
            work(data, COUNT, round & 1);
            CHECK(!"the loop came to its end");
        }
        jumps_out = 0;
        CHECK(work(data, COUNT, 0) == expected);
    }
}

static void interrupted(void)
{
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    uint64_t expected = work(data, COUNT, 0);
    ticks = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    for (int round = 0; round < 200 || ticks < 3; round++)
        CHECK(work(data, COUNT, 0) == expected);
    setitimer(ITIMER_REAL, &never, NULL);
}

static void *thread(void *expected)
{
    for (int round = 0; round < 30; round++)
        CHECK(work(data, COUNT, round & 1) == ((uint64_t *)expected)[round & 1]);
    return NULL;
}

static void several(void)
{
    uint64_t expected[2] = {work(data, COUNT, 0), work(data, COUNT, 1)};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, thread, expected) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* The scalar that the loop makes in a register must have zeros above it, whatever was there when the loop was entered. */
static void full_registers(void)
{
#ifdef __aarch64__
    for (int round = 0; round < 3; round++) {
        uint64_t high = 1, kept = 0, low = 0;
        long count = 5000;
        __asm__ volatile("movi v5.16b, #255\n\tmovi v6.16b, #255\n\tfmov d0, #1.0\n\tmovi d7, #0\n"
                         "1:\tcmp %3, #0\n\tb.lt 3f\n\ttst %3, #1\n\tb.eq 2f\n\tfadd d5, d0, d5\n"
                         "2:\tfadd d7, d7, d0\n\tsubs %3, %3, #1\n\tb.ne 1b\n"
                         "3:\tmov %0, v5.d[1]\n\tmov %1, v6.d[1]\n\tfcvtzs %2, d7\n"
                         : "=r"(high), "=r"(kept), "=r"(low), "+r"(count) : : "v0", "v5", "v6", "v7", "cc");
        CHECK(high == 0 && kept == ~0ull && low == 5000);
        /* … and what it never makes stays. */
        count = 5000;
        __asm__ volatile("movi v5.16b, #255\n\tfmov d0, #1.0\n\tmovi d7, #0\n"
                         "1:\tcbz %2, 3f\n\tcmp %2, #0\n\tb.gt 2f\n\tfadd d5, d0, d5\n"
                         "2:\tfadd d7, d7, d0\n\tsubs %2, %2, #1\n\tb.ne 1b\n"
                         "3:\tmov %0, v5.d[1]\n\tfcvtzs %1, d7\n"
                         : "=r"(kept), "=r"(low), "+r"(count) : : "v0", "v5", "v7", "cc");
        CHECK(kept == ~0ull && low == 5000);
    }
#endif
}

int main(void)
{
    data = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(data != MAP_FAILED);
    for (long i = 0; i < COUNT; i++)
        data[i] = (double)(i % 17) * 0.25 - 2.0;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    CHECK(signal(SIGALRM, on_tick) != SIG_ERR);
    repaired(0);
    repaired(1);
    jumped_out();
    interrupted();
    several();
    full_registers();
    return 0;
}
