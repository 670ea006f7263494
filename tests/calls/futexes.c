/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Robust and priority-inheritance futexes: owners that die in every way, in threads and processes; requeueing; what is refused.
 */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/wait.h>

struct shared { pthread_mutex_t mutex, second; pthread_cond_t condition; int words[8]; volatile int step; };
static struct shared *s;

static long futex(int *word, int op, unsigned value, const void *timeout, int *other, unsigned value3)
{
    long result = syscall(SYS_futex, word, op, value, timeout, other, value3);
    return result < 0 ? -errno : result;
}

static void show(const char *name, long result)
{
    if (result < 0) printf("%s: %s\n", name, check_error(-(int)result));
    else printf("%s: %ld\n", name, result);
}

static void make(int protocol, int robust)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutex_init(&s->mutex, &attributes);
    pthread_mutex_init(&s->second, &attributes);
}

static void *lock_and_leave(void *unused) { pthread_mutex_lock(&s->mutex); pthread_mutex_lock(&s->second); return unused; }
static void *lock_and_exit_raw(void *unused) { pthread_mutex_lock(&s->mutex); syscall(SYS_exit, 0); return unused; }
static void *lock_it(void *unused) { s->step = 2; long result = pthread_mutex_lock(&s->mutex); s->step = 3; pthread_mutex_unlock(&s->mutex); return (void *)(result + (unused != NULL)); }

static void taken(const char *name)
{
    int result = pthread_mutex_lock(&s->mutex);
    printf("%s: lock %s", name, result ? check_error(result) : "0");
    if (result == EOWNERDEAD) printf(", consistent %d", pthread_mutex_consistent(&s->mutex));
    printf(", unlock %d", pthread_mutex_unlock(&s->mutex));
    printf(", again %d", pthread_mutex_lock(&s->mutex));
    printf(", unlock %d\n", pthread_mutex_unlock(&s->mutex));
}

static void die(int how)
{
    pthread_mutex_lock(&s->mutex);
    if (how == 0) _exit(0);
    if (how == 1) raise(SIGKILL);
    if (how == 2) raise(SIGTERM);
    if (how == 3) *(volatile int *)8 = 1;
    if (how == 4) execl("/bin/true", "true", NULL);
    if (how == 5) syscall(SYS_exit, 0);
    if (how == 6) { pthread_t t; pthread_create(&t, NULL, lock_and_leave, NULL); usleep(10000); _exit(0); }
    _exit(1);
}

static void owners(int protocol, const char *name)
{
    static const char *const ways[] = { "exit", "SIGKILL", "SIGTERM", "fault", "exec", "raw exit", "exit with threads" };
    printf("\n== owners that die, %s\n", name);
    for (int how = 0; how < 7; how++) {
        make(protocol, PTHREAD_MUTEX_ROBUST);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) die(how);
        waitpid(child, NULL, 0);
        taken(ways[how]);
    }
    pthread_t thread;
    make(protocol, PTHREAD_MUTEX_ROBUST);
    pthread_create(&thread, NULL, lock_and_leave, NULL);
    pthread_join(thread, NULL);
    taken("a thread that returns");
    show("its second", -pthread_mutex_lock(&s->second));
    pthread_mutex_consistent(&s->second), pthread_mutex_unlock(&s->second);
    make(protocol, PTHREAD_MUTEX_ROBUST);
    pthread_create(&thread, NULL, lock_and_exit_raw, NULL);
    usleep(20000);
    taken("a thread that makes the call itself");
    /* Somebody waits already. */
    make(protocol, PTHREAD_MUTEX_ROBUST);
    s->step = 0;
    pid_t child = fork();
    if (child == 0) { pthread_mutex_lock(&s->mutex); s->step = 1; usleep(60000); _exit(0); }
    while (s->step != 1) usleep(1000);
    taken("while we wait");
    waitpid(child, NULL, 0);
    /* Not made consistent. */
    child = fork();
    if (child == 0) { pthread_mutex_lock(&s->mutex); _exit(0); }
    waitpid(child, NULL, 0);
    show("lock", -pthread_mutex_lock(&s->mutex));
    show("unlock without consistent", -pthread_mutex_unlock(&s->mutex));
    show("lock", -pthread_mutex_lock(&s->mutex));
}

static int own(void) { return gettid(); }

static void raw(void)
{
    int *w = s->words;
    struct timespec soon = { 0, 20000000 }, late, bad = { 0, 2000000000 };
    SECTION("calls");
    show("wait, other value", futex(&w[0], FUTEX_WAIT, 1, NULL, NULL, 0));
    show("wait, time out", futex(&w[0], FUTEX_WAIT, 0, &soon, NULL, 0));
    show("wait, bad time", futex(&w[0], FUTEX_WAIT, 0, &bad, NULL, 0));
    show("wait, misaligned", futex((int *)((char *)w + 1), FUTEX_WAIT, 0, &soon, NULL, 0));
    show("wait, nowhere", futex((int *)8, FUTEX_WAIT, 0, &soon, NULL, 0));
    show("wait, time nowhere", futex(&w[0], FUTEX_WAIT, 0, (void *)8, NULL, 0));
    show("bitset 0", futex(&w[0], FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
    show("bitset, past", futex(&w[0], FUTEX_WAIT_BITSET, 0, &soon, NULL, 1));
    clock_gettime(CLOCK_REALTIME, &late);
    show("bitset, realtime", futex(&w[0], FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &late, NULL, 1));
    show("wake none", futex(&w[0], FUTEX_WAKE, 10, NULL, NULL, 0));
    show("wake bitset 0", futex(&w[0], FUTEX_WAKE_BITSET, 10, NULL, NULL, 0));
    show("wake, nowhere private", futex((int *)8, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    show("requeue none", futex(&w[0], FUTEX_REQUEUE, 1, (void *)1, &w[1], 0));
    show("cmp_requeue, other value", futex(&w[0], FUTEX_CMP_REQUEUE, 1, (void *)1, &w[1], 5));
    w[0] = 7;
    show("wake_op", futex(&w[1], FUTEX_WAKE_OP, 1, (void *)1, &w[0], FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 7)));
    SHOW("word", w[0]);
    show("wake_op shifted", futex(&w[1], FUTEX_WAKE_OP, 1, (void *)1, &w[0], FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 8, FUTEX_OP_CMP_LT, 7)));
    SHOW("word", w[0]);
    show("unknown operation", futex(&w[0], 99, 0, NULL, NULL, 0));
    show("fd", futex(&w[0], FUTEX_FD, 0, NULL, NULL, 0));
    w[2] = 0;
    show("lock_pi", futex(&w[2], FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    SHOW("it is ours", w[2] == own());
    show("lock_pi again", futex(&w[2], FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    show("trylock_pi again", futex(&w[2], FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    show("unlock_pi", futex(&w[2], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    show("unlock_pi again", futex(&w[2], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    SHOW("word", w[2]);
    w[2] = 99999999;
    show("lock_pi of one that is gone", futex(&w[2], FUTEX_LOCK_PI, 0, &soon, NULL, 0));
    w[2] = 0;
    clock_gettime(CLOCK_REALTIME, &late);
    show("requeue_pi without waiters", futex(&w[3], FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &w[2], w[3]));
    show("requeue_pi to itself", futex(&w[3], FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &w[3], w[3]));
    show("wait_requeue_pi, time out", futex(&w[3], FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &late, &w[2], 0));
    RAW(set_robust_list, NULL, 24);
    RAW(set_robust_list, NULL, 23);
    void *list;
    size_t size;
    QUIET(syscall(SYS_get_robust_list, 0, &list, &size));
    printf("robust list %d, size %zu\n", list != NULL, size);
    RAW(get_robust_list, 99999999, &list, &size);
    RAW(get_robust_list, 0, NULL, &size);
}

static void *wait_requeued(void *unused)
{
    int *w = s->words;
    w[6]++;
    show("woken from requeue_pi", futex(&w[4], FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &w[5], 0));
    printf("it has the lock %d\n", (w[5] & FUTEX_TID_MASK) == own());
    show("unlock", futex(&w[5], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    return unused;
}

static void requeue(void)
{
    int *w = s->words;
    pthread_t thread;
    SECTION("requeue_pi");
    w[4] = w[5] = w[6] = 0;
    show("lock", futex(&w[5], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_create(&thread, NULL, wait_requeued, NULL);
    while (!*(volatile int *)&w[6]) usleep(1000);
    usleep(30000);
    show("requeued", futex(&w[4], FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)10, &w[5], 0));
    SHOW("waiters", ((unsigned)w[5] & FUTEX_WAITERS) != 0);
    if (futex(&w[5], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) < 0) printf("not unlocked\n");
    pthread_join(thread, NULL);
    SHOW("word", w[5]);
}

static void plain(void)
{
    pthread_t thread;
    SECTION("not robust");
    make(PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
    pthread_mutex_lock(&s->mutex);
    s->step = 0;
    pthread_create(&thread, NULL, lock_it, NULL);
    while (s->step != 2) usleep(1000);
    usleep(20000);
    SHOW("waits", s->step == 2);
    show("unlock", -pthread_mutex_unlock(&s->mutex));
    void *result;
    pthread_join(thread, &result);
    SHOW("then has it", (long)result);
    struct timespec past = { 1, 0 };
    pthread_mutex_lock(&s->mutex);
    show("timed lock of its own", -pthread_mutex_timedlock(&s->mutex, &past));
    show("try lock", -pthread_mutex_trylock(&s->mutex));
}

int main(void)
{
    s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(40);
    owners(PTHREAD_PRIO_NONE, "plain");
    owners(PTHREAD_PRIO_INHERIT, "PI");
    raw();
    requeue();
    plain();
    return 0;
}
