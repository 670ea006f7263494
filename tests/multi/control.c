/* SPDX-License-Identifier: GPL-2.0-or-later
 * Control flow that return prediction must survive: deep recursion, longjmp over many frames, coroutines by swapcontext, tail calls,
 * indirect calls through changing pointers, exceptions-like unwinding.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>

/* Real recursion: the compiler would make loops of these. */
#define RECURSIVE __attribute__((noipa, optimize("no-optimize-sibling-calls")))

RECURSIVE static uint64_t deep(uint64_t n) { return n ? deep(n - 1) + (n & 1) : 0; }

/* A full barrier at every depth: the host's stack of predictions has room at each of them. */
RECURSIVE static uint64_t deep_with_barriers(uint64_t n)
{
    __sync_synchronize();
    return n ? deep_with_barriers(n - 1) + (n & 1) : 0;
}

static jmp_buf target;
__attribute__((noinline)) static int leap(int n)
{
    if (n == 0)
        longjmp(target, 7);
    return leap(n - 1) + 1;
}

static ucontext_t main_context, contexts[2];
static char stacks[2][65536];
static int trace[64], traced;

static void coroutine(int id)
{
    for (int i = 0; i < 10; i++) {
        trace[traced++] = id * 100 + i;
        swapcontext(&contexts[id], &contexts[!id]);
    }
}

__attribute__((noinline)) static int is_odd(unsigned n);
__attribute__((noinline)) static int is_even(unsigned n) { return n == 0 ? 1 : is_odd(n - 1); }
__attribute__((noinline)) static int is_odd(unsigned n) { return n == 0 ? 0 : is_even(n - 1); }

static uint64_t f0(uint64_t x) { return x + 1; }
static uint64_t f1(uint64_t x) { return x * 3; }
static uint64_t f2(uint64_t x) { return x ^ 0x55; }
static uint64_t f3(uint64_t x) { return x >> 1; }

static void *very_deep(void *unused)
{
    CHECK(deep(1000000) == 500000);
    return unused;
}

/* A million frames, which the main stack has no room for. */
static void test_very_deep(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, 128 << 20) == 0);
    CHECK(pthread_create(&thread, &attributes, very_deep, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    CHECK(deep(100000) == 50000);         /* deeper than the prediction stack */
    CHECK(deep_with_barriers(60000) == 30000);
    test_very_deep();
    for (int i = 0; i < 200; i++) {
        volatile int at = i;
        int value = setjmp(target);
        if (value == 0)
            leap(at);
        CHECK(value == 7 && at == i);
    }
    for (int id = 0; id < 2; id++) {
        getcontext(&contexts[id]);
        contexts[id].uc_stack = (stack_t){.ss_sp = stacks[id], .ss_size = sizeof stacks[id]};
        contexts[id].uc_link = &main_context;
        makecontext(&contexts[id], (void (*)(void))coroutine, 1, id);
    }
    swapcontext(&main_context, &contexts[0]);
    CHECK(traced >= 20);
    for (int i = 0; i < 20; i++)
        CHECK(trace[i] == (i & 1) * 100 + i / 2);
    CHECK(is_even(100000) && !is_odd(100000));
    static uint64_t (*const functions[])(uint64_t) = {f0, f1, f2, f3};
    uint64_t x = 1;
    for (unsigned i = 0; i < 100000; i++)
        x = functions[(x ^ i) & 3](x) + i;
    uint64_t y = 1;
    for (unsigned i = 0; i < 100000; i++) {
        switch ((y ^ i) & 3) {
        case 0: y = y + 1; break;
        case 1: y = y * 3; break;
        case 2: y ^= 0x55; break;
        default: y >>= 1;
        }
        y += i;
    }
    CHECK(x == y);
    return 0;
}
