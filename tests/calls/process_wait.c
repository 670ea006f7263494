/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * wait4 and waitid of every kind and who may wait for whom, pidfds, identities and limits of threads, sessions and groups at the end of
 * their leader.
 */
#include "check.h"
#include <grp.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define NOWAITS (WEXITED | WNOWAIT)

static pid_t start(int status, int milliseconds)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        usleep((useconds_t)milliseconds * 1000);
        _exit(status);
    }
    return pid;
}

static void show(const char *name, long result, const siginfo_t *info, pid_t pid)
{
    if (result < 0) printf("%s: %s\n", name, check_error(errno));
    else printf("%s: signo %d code %d status %d pid %s uid %d\n", name, info->si_signo, info->si_code, info->si_status,
                info->si_pid == pid ? "that" : info->si_pid ? "other" : "none", info->si_uid == getuid());
}

static void wait_by(const char *name, int kind, id_t id, int options, pid_t pid)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    errno = 0;
    show(name, waitid((idtype_t)kind, id, &info, options), &info, pid);
}

static void kinds(void)
{
    SECTION("kinds");
    pid_t child = start(3, 0);
    wait_by("P_PID, stays", P_PID, (id_t)child, NOWAITS, child);
    wait_by("P_ALL, stays", P_ALL, 0, NOWAITS, child);
    wait_by("P_PGID 0, stays", P_PGID, 0, NOWAITS, child);
    wait_by("P_PGID, stays", P_PGID, (id_t)getpgrp(), NOWAITS, child);
    wait_by("P_PGID of another", P_PGID, 999999, NOWAITS, child);
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    wait_by("P_PIDFD, stays", P_PIDFD, (id_t)fd, NOWAITS, child);
    wait_by("P_PIDFD of no descriptor", P_PIDFD, 999, NOWAITS, child);
    wait_by("P_PIDFD of another file", P_PIDFD, 1, NOWAITS, child);
    wait_by("kind 9", 9, 1, NOWAITS, child);
    wait_by("no options", P_ALL, 0, 0, child);
    wait_by("unknown options", P_ALL, 0, WEXITED | 0x100, child);
    wait_by("stopped only", P_PID, (id_t)child, WSTOPPED | WNOHANG, child);
    wait_by("P_PID 0", P_PID, 0, WEXITED, child);
    wait_by("taken", P_PIDFD, (id_t)fd, WEXITED, child);
    wait_by("again", P_PIDFD, (id_t)fd, WEXITED, child);
    RAW(pidfd_send_signal, fd, 0, NULL, 0);
    close(fd);
    RAW(waitid, P_ALL, 0, NULL, WEXITED, NULL);
    RAW(wait4, -1, NULL, 0, NULL);
    RAW(wait4, -1, NULL, 0x1000, NULL);
    RAW(wait4, -2147483648, NULL, 0, NULL);
    child = start(4, 0);
    OK(syscall(SYS_wait4, child, (void *)8, 0, NULL));
    child = start(5, 20);
    RAW(wait4, child, NULL, WNOHANG, NULL);
    struct rusage usage;
    int status = 0;
    memset(&usage, 0xee, sizeof usage);
    SHOW("waited", syscall(SYS_wait4, child, &status, 0, &usage) == child);
    SHOW("status", status);
    SHOW("usage written", usage.ru_maxrss != (long)0xeeeeeeeeeeeeeeee);
    child = start(6, 0);
    siginfo_t info;
    memset(&usage, 0xee, sizeof usage);
    SHOW("waitid", syscall(SYS_waitid, P_PID, child, &info, WEXITED, &usage));
    SHOW("usage written", usage.ru_maxrss != (long)0xeeeeeeeeeeeeeeee);
    child = start(7, 0);
    SHOW("without siginfo", syscall(SYS_waitid, P_PID, child, NULL, WEXITED, NULL));
}

static pid_t made_by_thread;
static int exit_with(void *status) { return (int)(long)status; }
static void *make_child(void *unused) { made_by_thread = start(8, 10); return unused; }
static void *wait_own(void *unused)
{
    wait_by("another thread's, __WNOTHREAD", P_PID, (id_t)made_by_thread, WEXITED | __WNOTHREAD, made_by_thread);
    wait_by("another thread's", P_PID, (id_t)made_by_thread, WEXITED, made_by_thread);
    return unused;
}

static void clones(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    pthread_t thread;
    int status = 0;
    SECTION("__WCLONE, __WALL, __WNOTHREAD");
    pid_t child = clone(exit_with, stack + sizeof stack, 0, (void *)5);
    SHOW("plain", waitpid(child, &status, 0));
    SHOW("__WCLONE", waitpid(child, &status, __WCLONE) == child);
    SHOW("status", WEXITSTATUS(status));
    child = start(6, 0);
    SHOW("__WCLONE of a fork", waitpid(child, &status, __WCLONE));
    SHOW("__WALL", waitpid(child, &status, __WALL) == child);
    made_by_thread = start(7, 10);
    pthread_create(&thread, NULL, wait_own, NULL);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, make_child, NULL);
    pthread_join(thread, NULL);
    SHOW("of a thread that is gone", waitpid(made_by_thread, &status, 0) == made_by_thread);
}

/* -- pidfds --------------------------------------------------------------------------------------------------------------------------- */

static void pidfds(void)
{
    SECTION("pidfds");
    pid_t child = start(0, 2000);
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    SHOW("opened", fd >= 0);
    SHOW("close-on-exec", fcntl(fd, F_GETFD));
    struct pollfd p = { fd, POLLIN, 0 };
    SHOW("poll", poll(&p, 1, 0));
    RAW(pidfd_send_signal, fd, 0, NULL, 0);
    RAW(pidfd_send_signal, fd, 65, NULL, 0);
    RAW(pidfd_send_signal, fd, SIGTERM, NULL, 99);
    siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
    RAW(pidfd_send_signal, fd, SIGTERM, &info, 0);
    RAW(pidfd_send_signal, 1, SIGTERM, NULL, 0);
    RAW(pidfd_open, 0, 0);
    RAW(pidfd_open, -1, 0);
    RAW(pidfd_open, 99999999, 0);
    RAW(pidfd_open, child, 1);
    int copy = (int)syscall(SYS_pidfd_getfd, fd, 1, 0);
    SHOW("getfd", copy >= 0 || errno == EPERM);
    if (copy >= 0) close(copy);
    RAW(pidfd_getfd, fd, 999, 0);
    RAW(pidfd_getfd, fd, 1, 1);
    RAW(pidfd_send_signal, fd, SIGTERM, NULL, 0);
    SHOW("poll", poll(&p, 1, 5000));
    SHOW("events", p.revents & POLLIN);
    wait_by("ended", P_PIDFD, (id_t)fd, WEXITED, child);
    RAW(pidfd_open, child, 0);
    close(fd);
    fd = (int)syscall(SYS_pidfd_open, start(0, 300), 0x800);
    wait_by("not blocking", P_PIDFD, (id_t)fd, WEXITED, child);
    close(fd);
    wait(NULL);
}

/* -- identities ------------------------------------------------------------------------------------------------------------------------ */

static pthread_barrier_t barrier;
static uid_t seen_uid;
static gid_t seen_gid;
static int seen_fs;

static void *look(void *unused)
{
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    seen_uid = getuid(), seen_gid = getegid(), seen_fs = setfsuid((uid_t)-1);
    return unused;
}

static void become(void)
{
    pthread_t threads[4];
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, look, NULL);
    pthread_barrier_wait(&barrier);
    CALL(setgroups(0, NULL));
    CALL(setresgid(12, 13, 14));
    CALL(setresuid(22, 22, 23));
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    printf("threads see uid %d gid %d fsuid %d\n", (int)seen_uid, (int)seen_gid, seen_fs);
    CALL(setuid(0));
    CALL(kill(1, 0));
    CALL(setpriority(PRIO_PROCESS, 0, -5));
    SHOW("dumpable", prctl(PR_GET_DUMPABLE));
}

static void *change_own(void *unused)
{
    RAW(setresuid, -1, 55, -1);
    SHOW("this thread", geteuid());
    prctl(PR_SET_NAME, "renamed");
    return unused;
}

static void identities(void)
{
    pthread_t thread;
    char name[32] = "";
    SECTION("identities");
    if (getuid() == 0) {
        CHILD(become());
        CHILD({ pthread_create(&thread, NULL, change_own, NULL); pthread_join(thread, NULL); SHOW("the other", geteuid()); });
    }
    pthread_create(&thread, NULL, (void *(*)(void *))change_own, NULL);
    pthread_join(thread, NULL);
    prctl(PR_SET_NAME, "our-own-name-is-long");
    prctl(PR_GET_NAME, name);
    SHOW_TEXT("name", name);
    struct rlimit limit = { 40, 50 }, old;
    CALL(prlimit(0, RLIMIT_NOFILE, &limit, NULL));
    CALL(prlimit(getpid(), RLIMIT_NOFILE, NULL, &old));
    printf("limits %ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
    limit.rlim_cur = 60;
    CALL(prlimit(0, RLIMIT_NOFILE, &limit, NULL));
    CALL(prlimit(0, 99, &limit, NULL));
    CALL(prlimit(99999999, RLIMIT_NOFILE, NULL, &old));
    pid_t child = start(0, 500);
    limit = (struct rlimit){ 30, 31 };
    CALL(prlimit(child, RLIMIT_NOFILE, &limit, &old));
    CALL(prlimit(child, RLIMIT_NOFILE, NULL, &old));
    printf("the child's %ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHILD({ struct rlimit time = { 1, 2 }; setrlimit(RLIMIT_CPU, &time); for (;;) continue; });
    CHILD({ struct rlimit size = { 100, 100 }; setrlimit(RLIMIT_FSIZE, &size); int fd = open("big", O_CREAT | O_WRONLY, 0600); for (int i = 0; i < 100; i++) if (write(fd, "0123456789", 10) < 0) exit(9); });
    CHILD({ struct rlimit processes = { 0, 0 }; setrlimit(RLIMIT_NPROC, &processes); if (getuid() == 0 && setresuid(4321, 4321, 4321) < 0) exit(1); exit(fork() < 0 ? errno == EAGAIN : 3); });
}

static void groups(void)
{
    int status;
    SECTION("sessions and groups");
    pid_t child = fork();
    if (child == 0) {
        pid_t leader = getpid();
        if (setsid() < 0) _exit(1);
        CALL(setsid());
        CALL(setpgid(0, 0));
        CALL(getsid(0) == leader);
        pid_t inner = start(0, 1000);
        CALL(setpgid(inner, inner));
        CALL(getpgid(inner) == inner);
        CALL(setpgid(inner, 1));
        CALL(setpgid(getppid(), 0));
        CALL(kill(-inner, SIGTERM));
        CALL(waitpid(-inner, &status, 0) == inner);
        SHOW("killed by", WTERMSIG(status));
        CALL(kill(-inner, SIGTERM));
        CALL(getpgid(99999999));
        CALL(setpgid(0, -1));
        exit(0);
    }
    waitpid(child, &status, 0);
    SHOW("status", status);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int signal = 0;
        prctl(PR_GET_PDEATHSIG, &signal);
        _exit(signal);
    }
    waitpid(child, &status, 0);
    SHOW("death signal", WEXITSTATUS(status));
    int fds[2];
    QUIET(pipe(fds));
    child = fork();
    if (child == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            write(fds[1], "x", 1);
            usleep(5000000);
            _exit(write(fds[1], "y", 1) != 1);
        }
        char byte;
        read(fds[0], &byte, 1);
        _exit(0);
    }
    close(fds[1]);
    waitpid(child, &status, 0);
    char byte;
    SHOW("the orphan was told and died", read(fds[0], &byte, 1));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(50);
    kinds();
    clones();
    pidfds();
    identities();
    groups();
    return 0;
}
