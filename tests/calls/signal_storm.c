/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals by the thousand, none lost: real-time signals queued for threads and for the process while the threads compute, make calls,
 * take locks, map memory, change their masks and wait in every way.
 */
#include "check.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { THREADS = 6, SENT = 3000 };
static volatile int stop, ready;
static int received[THREADS + 1], nested;
static __thread int self = THREADS;
static pthread_t threads[THREADS];
static pid_t ids[THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    int to = info->si_value.sival_int;
    if (to >= 0 && to != self) __atomic_add_fetch(&nested, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&received[to < 0 ? THREADS : to], 1, __ATOMIC_SEQ_CST);
    (void)signal;
}

static void compute(void) { for (volatile int i = 0; i < 20000; i++) continue; }
static void calls(void) { for (int i = 0; i < 50; i++) getppid(); }
static void locks(void) { pthread_mutex_lock(&lock); compute(); pthread_mutex_unlock(&lock); }
static void maps(void) { char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); p[PAGE] = 1; mprotect(p, PAGE, PROT_READ); munmap(p, 4 * PAGE); }
static void masks(void)
{
    sigset_t all, old;
    sigfillset(&all);
    for (int i = 0; i < 20; i++) {
        pthread_sigmask(SIG_BLOCK, &all, &old);
        getppid();
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
}
static void waits(void)
{
    struct timespec little = { 0, 100000 };
    sigset_t all, none, old;
    sigfillset(&all), sigemptyset(&none);
    nanosleep(&little, NULL);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    ppoll(NULL, 0, &little, &none);
    pselect(0, NULL, NULL, NULL, &little, &none);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void *busy(void *argument)
{
    static void (*const kinds[])(void) = { compute, calls, locks, maps, masks, waits };
    self = (int)(long)argument;
    ids[self] = gettid();
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; !stop; i++) kinds[(self + i / 10) % 6]();
    return NULL;
}

static void send(int to, int signal)
{
    siginfo_t info = { .si_code = SI_QUEUE, .si_value.sival_int = to };
    while ((to < 0 ? syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info) : syscall(SYS_rt_tgsigqueueinfo, getpid(), ids[to], signal, &info)) < 0)
        usleep(1000);                      /* the queue is full */
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
    for (int signal = 40; signal < 46; signal++) sigaction(signal, &action, NULL);
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, busy, (void *)i);
    while (ready < THREADS) usleep(1000);
    for (int i = 0; i < SENT; i++) {
        for (int to = 0; to < THREADS; to++) send(to, 40 + i % 6);
        send(-1, 40 + (i) % 6);
        if (i % 50 == 0) usleep(1000);
    }
    for (int i = 0; i < 5000; i++) {
        int sum = 0;
        for (int k = 0; k <= THREADS; k++) sum += received[k];
        if (sum == (THREADS + 1) * SENT) break;
        usleep(2000);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i <= THREADS; i++) printf("%d ", received[i]);
    printf("\nby the wrong thread: %d\n", nested);
    return 0;
}
