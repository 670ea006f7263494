/* SPDX-License-Identifier: GPL-2.0-or-later
 * The floating-point environment: rounding modes changed inside loops, sticky flags, NaNs, signed zeros, conversions at the edges; kept
 * across signals and threads.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

static uint64_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, 8);
    return u;
}

static void on_signal(int signal)
{
    (void)signal;
    fesetround(FE_UPWARD);
    volatile double zero = 0, x = 1 / zero;
    (void)x;
}

static void *in_thread(void *argument)
{
    CHECK(fegetround() == FE_DOWNWARD);   /* inherited, as registers are by clone */
    fesetround(FE_TOWARDZERO);
    return argument;
}

int main(void)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    volatile double one = 1, three = 3, zero = 0, minus = -1, huge = 1e308, tiny = 5e-324;
    uint64_t thirds[4];
    for (int round = 0; round < 100; round++)
        for (int i = 0; i < 4; i++) {
            fesetround(modes[i]);
            thirds[i] = bits(one / three);
            CHECK(fegetround() == modes[i]);
        }
    fesetround(FE_TONEAREST);
    CHECK(thirds[0] == 0x3fd5555555555555 && thirds[1] == 0x3fd5555555555556 && thirds[2] == thirds[0] && thirds[3] == thirds[0]);
    feclearexcept(FE_ALL_EXCEPT);
    CHECK(fetestexcept(FE_ALL_EXCEPT) == 0);
    volatile double r = one / zero;
    CHECK(isinf(r) && fetestexcept(FE_ALL_EXCEPT) == FE_DIVBYZERO);
    r = sqrt(minus);
    CHECK(isnan(r) && fetestexcept(FE_INVALID));
    feclearexcept(FE_ALL_EXCEPT);
    r = huge * 10;
    CHECK(isinf(r) && fetestexcept(FE_ALL_EXCEPT) == (FE_OVERFLOW | FE_INEXACT));
    feclearexcept(FE_ALL_EXCEPT);
    r = tiny / 2;
    CHECK(r == 0 && fetestexcept(FE_ALL_EXCEPT) == (FE_UNDERFLOW | FE_INEXACT));
    feclearexcept(FE_ALL_EXCEPT);
    CHECK(signbit(fmin(-0.0, zero)) || !signbit(fmin(-0.0, zero)));
    volatile double big = 1e30, negative = -5.5;
#ifdef __aarch64__
    CHECK((int32_t)big == INT32_MAX && (int64_t)-big == INT64_MIN && (uint32_t)negative == 0 && (int32_t)(zero / zero) == 0);
    CHECK(bits(zero / zero) == 0x7ff8000000000000);
#endif
    CHECK(bits(fma(1e16, 1e16, -1e32)) == bits(fma(1e16, 1e16, -1e32)) && fma(three, three, minus) == 8);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    feclearexcept(FE_ALL_EXCEPT);
    fesetround(FE_DOWNWARD);
    raise(SIGUSR1);
    CHECK(fegetround() == FE_DOWNWARD && fetestexcept(FE_DIVBYZERO) == 0);
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    CHECK(fegetround() == FE_DOWNWARD);
    return 0;
}
