/* SPDX-License-Identifier: GPL-2.0-or-later
 * More code than a small code cache holds, run by many threads in different orders, in signal handlers, and in children that are
 * forked meanwhile: what one evicts the others run, link to and return to.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 36, FUNCTIONS = 12000, CALLS = 2000, FORKS = 24, CHILD_CALLS = 400, PARTS = 6, WORDS = 2 * PARTS + 4, NESTED = 3 };

static _Atomic int running, stop;
static _Atomic unsigned handled;
static uint32_t *code;

static uint64_t expected(unsigned i, uint64_t x)
{
    for (unsigned part = 0; part < PARTS; part++)
        x = (x + i) ^ (uint64_t)i << 3;
    return x & 1 ? x + 1 : x;
}

#ifdef __aarch64__
/* The same as `expected`, in two blocks. */
static void write_function(unsigned i)
{
    uint32_t *at = code + i * WORDS;
    *at++ = 0xd2800001 | i << 5;           /* mov x1, #i */
    for (unsigned part = 0; part < PARTS; part++) {
        *at++ = 0x8b010000;                /* add x0, x0, x1 */
        *at++ = 0xca010c00;                /* eor x0, x0, x1, lsl #3 */
    }
    *at++ = 0x36000040;                    /* tbz x0, #0, 1f */
    *at++ = 0x91000400;                    /* add x0, x0, #1 */
    *at = 0xd65f03c0;                      /* 1: ret */
}
static uint64_t run(unsigned i, uint64_t x) { return ((uint64_t(*)(uint64_t))(code + i * WORDS))(x); }
#else
static void write_function(unsigned i) { code[i * WORDS] = i; }
static uint64_t run(unsigned i, uint64_t x) { return expected(code[i * WORDS], x); }
#endif

/* A walk through all functions that no other start shares. */
static void walk(unsigned start, unsigned calls)
{
    uint64_t x = start, wanted = start;
    for (unsigned n = 0, i = start * 157 % FUNCTIONS; n < calls; n++, i = (i + 2 * start + 1) % FUNCTIONS) {
        x = run(i, x);
        wanted = expected(i, wanted);
        CHECK(x == wanted);
    }
}

static void on_signal(int signal)
{
    unsigned count = atomic_fetch_add(&handled, 1);
    walk(count * 31 + (unsigned)signal, 40);
}

static void *work(void *argument)
{
    unsigned id = (unsigned)(uintptr_t)argument;
    for (unsigned part = 0; part < 4; part++)
        walk(id + THREADS * part, CALLS / 4);
    atomic_fetch_sub(&running, 1);
    while (!stop)                          /* they are sent signals until all are done, and for a while after that */
        usleep(1000);
    return NULL;
}

/* A child has its parent's translations, and a thread of its own to run more. */
static void child(unsigned nth)
{
    pthread_t thread;
    stop = 1;
    CHECK(pthread_create(&thread, NULL, work, (void *)(uintptr_t)nth) == 0);
    walk(nth * 7 + 3, CHILD_CALLS);
    pthread_join(thread, NULL);
    _exit(0);
}

int main(void)
{
    pthread_t threads[THREADS];
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    size_t size = FUNCTIONS * WORDS * sizeof *code;
    int status;
    code = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    for (unsigned i = 0; i < FUNCTIONS; i++)
        write_function(i);
    __builtin___clear_cache((char *)code, (char *)code + size);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
    running = THREADS;
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    unsigned sent = 0, forks = 0;
    while (running || forks < FORKS) {
        for (unsigned i = 0; i < NESTED; i++, sent++)
            CHECK(pthread_kill(threads[sent * 5 % THREADS], sent & 1 ? SIGUSR1 : SIGUSR2) == 0);
        if (forks < FORKS) {
            pid_t pid = fork();
            CHECK(pid >= 0);
            if (pid == 0)
                child(forks);
            CHECK(waitpid(pid, &status, 0) == pid && status == 0);
            forks++;
        }
        usleep(500);
    }
    stop = 1;
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(handled > 0);
    return 0;
}
