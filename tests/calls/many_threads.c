/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Many threads: two thousand alive at once, short ones by the thousand, forks of each kind while others come and go, cancellation,
 * exit and exec from any thread while others do the same.
 */
#include "check.h"
#include <linux/sched.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>

enum { ALIVE = 2000, SHORT = 2000, STORM = 100 };
static pthread_t threads[ALIVE];
static volatile int alive;
static sem_t go;                                // two thousand that looked at a variable again and again would be a load of their own
static pthread_attr_t attributes;
static char *self;

static void *stay(void *argument)
{
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    while (sem_wait(&go) != 0) continue;
    return argument;
}

static void *short_one(void *argument)
{
    char *memory = malloc(100 + (size_t)argument % 5000);
    memory[5] = 1;
    free(memory);
    return argument;
}

static void alive_at_once(void)
{
    long made = 0, sum = 0;
    while (made < ALIVE && pthread_create(&threads[made], &attributes, stay, (void *)made) == 0) made++;
    while (alive < made) usleep(1000);
    printf("alive at once: %ld\n", made);
    for (long i = 0; i < made; i++) sem_post(&go);
    for (long i = 0; i < made; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    printf("sum %ld\n", sum);
}

static void short_ones(void)
{
    long sum = 0, made = 0;
    for (long i = 0; i < SHORT / 4; i++) {
        for (int k = 0; k < 4; k++) made += pthread_create(&threads[k], &attributes, short_one, (void *)(i + k)) == 0;
        for (int k = 0; k < 4; k++) {
            void *result;
            pthread_join(threads[k], &result);
            sum += (long)result;
        }
    }
    printf("short ones: %ld, sum %ld\n", made, sum);
}

/* -- forks while others come and go ------------------------------------------------------------------------------------------------ */

static volatile int stop;
static void *come_and_go(void *unused)
{
    while (!stop) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, short_one, (void *)77) == 0) pthread_join(thread, NULL);
    }
    return unused;
}

/* Without the heap of our own C library, which a raw clone may have copied while another thread was changing it. */
static int nothing(void *unused) { return unused != NULL; }
static bool run_child(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    pid_t child = clone(nothing, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    return child > 0 && waitpid(child, NULL, 0) == child;
}

static void forks(const char *name, int flags)
{
    int good = 0;
    for (int i = 0; i < 40; i++) {
        int status = 0;
        /* The child makes another that shares its memory. */
        long pid = syscall(SYS_clone, (long)(flags | SIGCHLD), 0, 0, 0, 0);
        if (pid == 0) {
            alarm(20);
            _exit(run_child() ? 7 : 8);
        }
        waitpid((pid_t)pid, &status, 0);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 7;
    }
    printf("%s: %d\n", name, good);
}

/* -- cancellation ------------------------------------------------------------------------------------------------------------------- */

static volatile int cleaned;
static void clean(void *unused) { (void)unused; __atomic_add_fetch(&cleaned, 1, __ATOMIC_SEQ_CST); }
static void *be_cancelled(void *how)
{
    pthread_cleanup_push(clean, NULL);
    if (how) {
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
        for (;;) continue;
    }
    for (;;) pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancellation(void)
{
    int cancelled = 0;
    for (int i = 0; i < STORM; i++) pthread_create(&threads[i], &attributes, be_cancelled, (void *)(long)(i % 10 == 0));
    for (int i = 0; i < STORM; i++) pthread_cancel(threads[i]);
    for (int i = 0; i < STORM; i++) {
        void *result;
        pthread_join(threads[i], &result);
        cancelled += result == PTHREAD_CANCELED;
    }
    printf("cancelled %d\n", cancelled);
}

/* -- races to the end ----------------------------------------------------------------------------------------------------------------- */

static void *exit_group(void *argument) { exit((int)(long)argument); }
static void *raw_exit_group(void *argument) { syscall(SYS_exit_group, argument); return NULL; }
static void *exec_other(void *unused) { execl(self, self, "child", NULL); return unused; }
static void *die(void *unused) { raise(SIGTERM); return unused; }

static void race(const char *name, void *(*one)(void *), void *(*other)(void *))
{
    int statuses[3] = { 0 };
    for (int i = 0; i < 15; i++) {
        int status;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            for (int k = 0; k < 6; k++) pthread_create(&threads[k], &attributes, k % 2 ? one : other, (void *)9);
            if (i % 3 == 0) pthread_exit(NULL);
            for (;;) usleep(1000);
        }
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 9) statuses[0]++;
        else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) statuses[1]++;
        else { statuses[2]++; printf("status %x\n", (unsigned)status); }
    }
    printf("%s: ended as they should %d\n", name, statuses[0] + statuses[1]);
}

static void *exec_and_tell(void *argument)
{
    char pid[16], *arguments[] = { self, "pid", pid, NULL };
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    execv(self, arguments);
    return argument;
}

/* The process id stays, the others are gone: into a program of our own CPU and into one of the host's. */
static void exec_from_thread(const char *name, void *(*function)(void *))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 4; i++) pthread_create(&threads[i], &attributes, stay, NULL);
        pthread_create(&threads[4], &attributes, function, NULL);
        for (;;) pause();
    }
    waitpid(child, &status, 0);
    printf("%s: status %x\n", name, (unsigned)status);
}

static void *exec_shell(void *argument)
{
    char command[96];
    snprintf(command, sizeof command, "test $$ = %d && test $(ls /proc/$$/task | wc -l) = 1 && exit 9", (int)getpid());
    execl("/bin/sh", "sh", "-c", command, NULL);
    return argument;
}

int main(int argc, char **argv)
{
    static char path[4096];
    if (argc == 3) return getpid() == atoi(argv[2]) && gettid() == getpid() ? 9 : 10;
    if (argc == 2) return 9;
    self = path;
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) return 1;
    sem_init(&go, 0, 0);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 131072);
    setvbuf(stdout, NULL, _IOLBF, 0);
    alive_at_once();
    short_ones();
    pthread_t others[3];
    for (int i = 0; i < 3; i++) pthread_create(&others[i], &attributes, come_and_go, NULL);
    forks("fork", 0);
    forks("fork by an unusual clone", CLONE_UNTRACED);
    stop = 1;
    for (int i = 0; i < 3; i++) pthread_join(others[i], NULL);
    cancellation();
    race("exit and exit_group", exit_group, raw_exit_group);
    race("exit_group and exec", raw_exit_group, exec_other);
    race("exit_group and a signal", raw_exit_group, die);
    race("exec and exec", exec_other, exec_other);
    exec_from_thread("exec from a thread", exec_and_tell);
    exec_from_thread("exec of the shell from a thread", exec_shell);
    return 0;
}
