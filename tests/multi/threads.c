/* SPDX-License-Identifier: GPL-2.0-or-later
 * Threads: many of them, contended atomics and mutexes, condition variables, thread-local storage, store-buffer litmus, signals
 * directed at threads, translation races on shared code, exit while others run.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 20000 };
static _Atomic uint64_t counter;
static uint64_t plain;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread uint64_t local = 5;
static _Atomic uint8_t small;
static _Atomic unsigned __int128 *wide;

static void *work(void *argument)
{
    uintptr_t id = (uintptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&counter, 1);
        atomic_fetch_add_explicit(&small, 1, memory_order_relaxed);
        uint64_t old = atomic_load(&counter);
        while (!atomic_compare_exchange_weak(&counter, &old, old + 2))
            ;
        pthread_mutex_lock(&lock);
        plain++;
        pthread_mutex_unlock(&lock);
        local += id;
    }
    CHECK(local == 5 + id * ROUNDS);
    return (void *)(id + 100);
}

static void test_counters(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (uintptr_t i = 0; i < THREADS; i++) {
        void *result;
        CHECK(pthread_join(threads[i], &result) == 0 && result == (void *)(i + 100));
    }
    CHECK(counter == 3ull * THREADS * ROUNDS && plain == (uint64_t)THREADS * ROUNDS && small == (uint8_t)(THREADS * ROUNDS) && local == 5);
}

/* Dekker's store buffering with sequentially consistent atomics: both may not read 0. */
static _Atomic int x, y, go;
static int r1, r2;
static pthread_barrier_t barrier;

static void *litmus(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        pthread_barrier_wait(&barrier);
        if (argument) {
            atomic_store(&x, 1);
            r1 = atomic_load(&y);
        } else {
            atomic_store(&y, 1);
            r2 = atomic_load(&x);
        }
        pthread_barrier_wait(&barrier);
        if (argument) {
            CHECK(r1 || r2);
            x = y = 0;
        }
    }
    return NULL;
}

static void test_litmus(void)
{
    pthread_t other;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&other, NULL, litmus, NULL);
    litmus((void *)1);
    pthread_join(other, NULL);
}

static void *nothing(void *argument) { return argument; }

static void test_many(void)
{
    for (int i = 0; i < 500; i++) {
        pthread_t thread;
        void *result;
        CHECK(pthread_create(&thread, NULL, nothing, (void *)(uintptr_t)i) == 0);
        int error = pthread_join(thread, &result);
        if (error || result != (void *)(uintptr_t)i)      /* once, on a machine with a load of 12 */
            printf("thread %d: join says %d, result %p\n", i, error, result);
        CHECK(error == 0 && result == (void *)(uintptr_t)i);
    }
}

static _Atomic int directed;
static pthread_t expected;
static void on_signal(int signal)
{
    (void)signal;
    CHECK(pthread_equal(pthread_self(), expected));
    directed++;
}
static void *spinner(void *argument)
{
    (void)argument;
    while (!directed)
        ;
    return NULL;
}

static void test_directed(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, spinner, NULL);
    expected = thread;
    usleep(5000);
    CHECK(pthread_kill(thread, SIGUSR1) == 0);
    CHECK(pthread_join(thread, NULL) == 0 && directed == 1);
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;
static void *ping(void *argument)
{
    int me = argument != NULL;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        while (turn != me)
            pthread_cond_wait(&condition, &lock);
        turn = !me;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *for_ever(void *argument)
{
    for (volatile uint64_t i = 0;; i++)
        (void)argument;
}

int main(void)
{
    test_counters();
    test_litmus();
    test_many();
    test_directed();
    pthread_t thread;
    pthread_create(&thread, NULL, ping, &turn);
    ping(NULL);
    pthread_join(thread, NULL);
    (void)wide;
    pthread_create(&thread, NULL, for_ever, NULL);
    return 0;                             /* with a thread still running */
}
