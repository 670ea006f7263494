/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * clone and clone3 made raw: what each flag shares, copies, sets and refuses; who is told of the end; exec, exit and signals in children
 * that share the memory; many at once.
 */
#include "check.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define STACK 65536
static char stacks[4][STACK] __attribute__((aligned(4096)));
static volatile int shared;
static volatile int handled;
static int pid_words[4];
static char *self;

static void note(int signal) { (void)signal; handled++; }

/* clone with a function, on a stack of its own; glibc's wrapper makes the plain call. */
static int run(int i, int flags, int (*function)(void *), void *argument, int *parent_tid, int *child_tid)
{
    errno = 0;
    return clone(function, stacks[i] + STACK, flags, argument, parent_tid, NULL, child_tid);
}

static int change_everything(void *unused)
{
    (void)unused;
    shared = 5;
    if (chdir("/") < 0) return 1;
    umask(077);
    close(100);
    dup2(0, 101);
    signal(SIGUSR1, note);
    return 0;
}

static void show_changes(void)
{
    char where[4096];
    struct sigaction action;
    mode_t mask = umask(022);
    umask(mask);
    sigaction(SIGUSR1, NULL, &action);
    printf("  memory %d, directory %d, umask %o, descriptor closed %d, opened %d, handler %d\n", shared, getcwd(where, sizeof where) && strcmp(where, "/") == 0,
           mask, fcntl(100, F_GETFD) < 0, fcntl(101, F_GETFD) >= 0, action.sa_handler == note);
}

static void one(const char *name, int flags)
{
    int directory = open(".", O_RDONLY), status = -1;
    shared = 0;
    umask(022);
    dup2(0, 100);
    close(101);
    signal(SIGUSR1, SIG_DFL);
    fflush(stdout);
    int pid = run(0, flags, change_everything, NULL, &pid_words[0], &pid_words[1]);
    int error = errno;
    long result = pid < 0 ? -1 : waitpid(pid, &status, __WALL);
    printf("%s: %s, waited %d, status %x\n", name, pid > 0 ? "made" : check_error(error), result == pid, (unsigned)status);
    if (pid > 0) show_changes();
    if (fchdir(directory) < 0) exit(1);
    close(directory);
}

static void sharing(void)
{
    SECTION("what is shared");
    one("nothing", SIGCHLD);
    one("VM", CLONE_VM | SIGCHLD);
    one("VM and VFORK", CLONE_VM | CLONE_VFORK | SIGCHLD);
    one("VFORK", CLONE_VFORK | SIGCHLD);
    one("FS", CLONE_FS | SIGCHLD);
    one("FILES", CLONE_FILES | SIGCHLD);
    one("VM, SIGHAND", CLONE_VM | CLONE_SIGHAND | SIGCHLD);
    one("VM, SIGHAND, VFORK", CLONE_VM | CLONE_SIGHAND | CLONE_VFORK | SIGCHLD);
    one("VM, FS, FILES, SIGHAND", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD);
    one("no signal", 0);
    one("signal 40", 40);
    one("SYSVSEM, IO", CLONE_SYSVSEM | CLONE_IO | SIGCHLD);
    one("UNTRACED, DETACHED", CLONE_UNTRACED | 0x00400000 | SIGCHLD);
    SECTION("what is refused");
    one("SIGHAND", CLONE_SIGHAND | SIGCHLD);
    one("THREAD", CLONE_THREAD | SIGCHLD);
    one("THREAD, SIGHAND", CLONE_THREAD | CLONE_SIGHAND | SIGCHLD);
    one("NEWNS, FS", CLONE_NEWNS | CLONE_FS | SIGCHLD);
    one("NEWUSER, FS", CLONE_NEWUSER | CLONE_FS | SIGCHLD);
    one("NEWPID, THREAD", CLONE_NEWPID | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD);
    one("NEWIPC, SYSVSEM", CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD);
    one("PIDFD, PARENT_SETTID", CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD);
    one("PIDFD, DETACHED", CLONE_PIDFD | 0x00400000 | SIGCHLD);
}

/* -- identifiers -------------------------------------------------------------------------------------------------------------------- */

static int see_words(void *unused) { (void)unused; shared = (pid_words[0] == gettid()) + 2 * (pid_words[1] == gettid()); return shared; }

static void words(const char *name, int flags)
{
    int status = 0;
    pid_words[0] = pid_words[1] = shared = 0;
    int pid = run(0, flags | SIGCHLD, see_words, NULL, &pid_words[0], &pid_words[1]);
    waitpid(pid, &status, __WALL);
    printf("%s: child saw %d; parent has %d %s\n", name, WEXITSTATUS(status), pid_words[0] == pid, pid_words[1] == pid ? "same" : pid_words[1] ? "other" : "0");
}

static int sleep_some(void *unused) { (void)unused; usleep(30000); return 6; }
static int show_parent(void *unused) { (void)unused; return getppid() == *(volatile pid_t *)&pid_words[3]; }

static void identifiers(void)
{
    SECTION("identifiers");
    words("PARENT_SETTID", CLONE_PARENT_SETTID);
    words("CHILD_SETTID", CLONE_CHILD_SETTID);
    words("both", CLONE_PARENT_SETTID | CLONE_CHILD_SETTID);
    words("both, VM", CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_VM | CLONE_VFORK);
    words("CLEARTID, VM", CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_VM | CLONE_VFORK);
    words("CLEARTID", CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
    int fd = -1, status;
    int pid = run(0, CLONE_PIDFD | SIGCHLD, sleep_some, NULL, &fd, NULL);
    struct pollfd p = { fd, POLLIN, 0 };
    SHOW("poll at once", poll(&p, 1, 0));
    SHOW("poll", poll(&p, 1, 2000));
    siginfo_t info = { 0 };
    CALL(waitid((idtype_t)P_PIDFD, fd, &info, WEXITED));
    printf("status %d, pid %d, close-on-exec %d\n", info.si_status, info.si_pid == pid, fcntl(fd, F_GETFD));
    close(fd);
    fd = -1;
    pid = run(0, CLONE_PIDFD | CLONE_VM | CLONE_VFORK | SIGCHLD, sleep_some, NULL, &fd, NULL);
    printf("PIDFD with vfork: %d\n", fd >= 0);
    close(fd);
    waitpid(pid, &status, 0);
    /* CLONE_PARENT: a sister. */
    pid_t middle = fork();
    if (middle == 0) {
        pid_words[3] = getppid();
        run(0, CLONE_PARENT | SIGCHLD, show_parent, NULL, NULL, NULL);
        _exit(9);
    }
    waitpid(middle, &status, 0);
    pid = wait(&status);
    printf("sister: %d, its parent is ours %d\n", pid > 0, WEXITSTATUS(status));
}

/* -- clone3 -------------------------------------------------------------------------------------------------------------------------- */

static void three(const char *name, struct clone_args arguments, size_t size)
{
    errno = 0;
    fflush(stdout);
    long pid = syscall(SYS_clone3, &arguments, size);
    int error = errno, status = 0;
    if (pid == 0) {
        struct sigaction action;
        sigaction(SIGUSR1, NULL, &action);
        struct sigaction ignored;
        sigaction(SIGUSR2, NULL, &ignored);
        _exit((action.sa_handler == note) + 2 * (ignored.sa_handler == SIG_IGN) + 4 * (getpid() == 7654321));
    }
    if (pid > 0) waitpid((pid_t)pid, &status, __WALL);
    printf("%s: %s", name, pid > 0 ? "made" : check_error(error));
    if (pid > 0) printf(", status %x", (unsigned)status);
    printf("\n");
}

static void clone3s(void)
{
    SECTION("clone3");
    uint64_t tid = 7654321;
    int fd = -1, word = 0;
    signal(SIGUSR1, note), signal(SIGUSR2, SIG_IGN);
    three("plain", (struct clone_args){ .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("size 64", (struct clone_args){ .exit_signal = SIGCHLD }, 64);
    three("size 63", (struct clone_args){ .exit_signal = SIGCHLD }, 63);
    three("size 72", (struct clone_args){ .exit_signal = SIGCHLD }, 72);
    three("size 80", (struct clone_args){ .exit_signal = SIGCHLD }, 80);
    three("size 4097", (struct clone_args){ .exit_signal = SIGCHLD }, 4097);
    three("CLEAR_SIGHAND", (struct clone_args){ .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("CLEAR_SIGHAND, SIGHAND", (struct clone_args){ .flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("signal 65", (struct clone_args){ .exit_signal = 65 }, sizeof(struct clone_args));
    three("signal 64", (struct clone_args){ .exit_signal = 64 }, sizeof(struct clone_args));
    three("signal in flags", (struct clone_args){ .flags = SIGCHLD }, sizeof(struct clone_args));
    three("DETACHED", (struct clone_args){ .flags = 0x00400000, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("stack without size", (struct clone_args){ .stack = (uintptr_t)stacks[0], .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("size without stack", (struct clone_args){ .stack_size = STACK, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("PARENT with signal", (struct clone_args){ .flags = CLONE_PARENT, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("THREAD with signal", (struct clone_args){ .flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("set_tid of a wrong count", (struct clone_args){ .set_tid = (uintptr_t)&tid, .set_tid_size = 33, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("set_tid without count", (struct clone_args){ .set_tid = (uintptr_t)&tid, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("count without set_tid", (struct clone_args){ .set_tid_size = 1, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("set_tid out of range", (struct clone_args){ .set_tid = (uintptr_t)&tid, .set_tid_size = 1, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("unknown flag", (struct clone_args){ .flags = 1ull << 40, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("PIDFD", (struct clone_args){ .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    SHOW("descriptor", fd >= 0 && !close(fd));
    three("PIDFD and PARENT_SETTID", (struct clone_args){ .flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = (uintptr_t)&fd, .parent_tid = (uintptr_t)&word, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    SHOW("word", word > 0);
    close(fd);
    three("PIDFD nowhere", (struct clone_args){ .flags = CLONE_PIDFD, .pidfd = 8, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    three("a cgroup that is none", (struct clone_args){ .flags = CLONE_INTO_CGROUP, .cgroup = 0, .exit_signal = SIGCHLD }, sizeof(struct clone_args));
    RAW(clone3, NULL, 64);
    RAW(clone3, (void *)8, 64);
    /* A thread id of our choice where we may choose: root. */
    pid_t wanted = fork();
    if (wanted == 0) _exit(0);
    waitpid(wanted, NULL, 0);
    tid = (uint64_t)wanted;
    struct clone_args arguments = { .set_tid = (uintptr_t)&tid, .set_tid_size = 1, .exit_signal = SIGCHLD };
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    int status = 0;
    if (pid == 0) _exit(getpid() == wanted);
    if (pid > 0) waitpid((pid_t)pid, &status, 0);
    printf("set_tid: %s, it is that %d\n", pid > 0 ? "made" : check_error(errno), WEXITSTATUS(status));
    signal(SIGUSR1, SIG_DFL), signal(SIGUSR2, SIG_DFL);
}

/* -- children that share memory --------------------------------------------------------------------------------------------------------- */

static int exec_nothing(void *unused) { (void)unused; execl("/nowhere/nothing", "x", NULL); shared = errno; return 3; }
static int exec_self(void *unused) { (void)unused; execl(self, self, "child", NULL); return 99; }
static int kill_self(void *unused) { (void)unused; raise(SIGTERM); return 99; }
static int fault(void *unused) { (void)unused; *(volatile int *)8 = 1; return 99; }
static int map_memory(void *unused) { (void)unused; char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); strcpy(p, "from the child"); *(char *volatile *)&stacks[3][0] = p; return 0; }
static int catch_one(void *unused) { (void)unused; signal(SIGUSR1, note); raise(SIGUSR1); return handled; }
static int spin(void *unused) { (void)unused; while (!shared) continue; shared = 2; return 4; }
static int fork_inside(void *unused) { (void)unused; pid_t pid = fork(); int status; if (pid == 0) _exit(5); waitpid(pid, &status, 0); return WEXITSTATUS(status); }
static int wait_futex(void *unused) { (void)unused; shared = 1; syscall(SYS_futex, &pid_words[2], FUTEX_WAIT, 0, NULL, NULL, 0); return 7; }
static int limit_files(void *unused) { (void)unused; struct rlimit limit = { 55, 55 }; setrlimit(RLIMIT_NOFILE, &limit); return 0; }

static void child(const char *name, int flags, int (*function)(void *))
{
    int status = -1;
    shared = handled = 0;
    fflush(stdout);
    int pid = run(1, flags | SIGCHLD, function, NULL, NULL, NULL);
    if (function == spin) { usleep(10000); shared = 1; }
    if (function == wait_futex) {
        while (!shared) usleep(1000);
        usleep(20000);
        pid_words[2] = 1;
        syscall(SYS_futex, &pid_words[2], FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    if (waitpid(pid, &status, __WALL) != pid) printf("not waited for\n");
    printf("%s: status %x, shared %d, handled %d\n", name, (unsigned)status, shared, handled);
}

static void sharers(const char *kind, int flags)
{
    printf("\n== children, %s\n", kind);
    child("exec that fails", flags, exec_nothing);
    child("exec", flags, exec_self);
    child("killed", flags, kill_self);
    child("fault", flags, fault);
    child("mmap", flags, map_memory);
    if (flags & CLONE_VM) printf("%s\n", *(char *volatile *)&stacks[3][0]);
    child("signal", flags, catch_one);
    child("fork inside", flags, fork_inside);
    struct rlimit limit;
    child("limits", flags, limit_files);
    getrlimit(RLIMIT_NOFILE, &limit);
    SHOW("limit is the child's", limit.rlim_cur == 55);
    if (!(flags & CLONE_VFORK) && (flags & CLONE_VM)) {
        child("loop", flags, spin);
        child("futex", flags, wait_futex);
    }
}

static int short_one(void *argument) { __atomic_add_fetch((int *)argument, 1, __ATOMIC_SEQ_CST); return 0; }

static void many(void)
{
    SECTION("many at once");
    static char more[32][16384] __attribute__((aligned(16)));
    int total = 0, made = 0, ended = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 32; i++) made += clone(short_one, more[i] + sizeof more[i], CLONE_VM | SIGCHLD, &total) > 0;
        while (waitpid(-1, NULL, __WALL) > 0) ended++;
    }
    printf("made %d, ended %d, counted %d\n", made, ended, total);
    signal(SIGCHLD, SIG_DFL);
}

/* -- orphans and reapers -------------------------------------------------------------------------------------------------------------------- */

static void orphans(void)
{
    SECTION("orphans");
    int status = 0;
    CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) { usleep(50000); _exit(getppid() == *(volatile pid_t *)&pid_words[3] ? 11 : 12); }
        _exit(0);
    }
    waitpid(middle, &status, 0);
    pid_t orphan = wait(&status);
    printf("orphan came %d, status %d\n", orphan > 0, WEXITSTATUS(status) == 11 || WEXITSTATUS(status) == 12);
    CALL(prctl(PR_SET_CHILD_SUBREAPER, 0));
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child == 0) _exit(3);
    CALL(waitpid(child, &status, 0));
    struct sigaction action = { .sa_handler = note, .sa_flags = SA_NOCLDWAIT };
    sigaction(SIGCHLD, &action, NULL);
    handled = 0;
    child = fork();
    if (child == 0) _exit(3);
    errno = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    printf("with SA_NOCLDWAIT: %s, handled %d\n", check_error(errno), handled);
    action.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, NULL);
    handled = 0;
    /* The child goes on only when it has been seen continued: else its end may be the first thing that the parent hears. */
    int go[2];
    char byte = 0;
    if (pipe(go) < 0) exit(1);
    child = fork();
    if (child == 0) { raise(SIGSTOP); _exit(read(go[0], &byte, 1) == 1 ? 3 : 4); }
    while (waitpid(child, &status, WUNTRACED) < 0 && errno == EINTR) continue;
    printf("stopped %d, handled %d\n", WIFSTOPPED(status), handled);
    kill(child, SIGCONT);
    while (waitpid(child, &status, WCONTINUED) < 0 && errno == EINTR) continue;
    printf("continued %d, handled %d\n", WIFCONTINUED(status), handled);
    if (write(go[1], &byte, 1) != 1) exit(1);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    printf("ended %d with %d, handled %d\n", WIFEXITED(status), WEXITSTATUS(status), handled);
    close(go[0]), close(go[1]);
    signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
    static char path[4096];
    if (argc > 1) return 21;
    self = path;
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(50);
    signal(40, SIG_IGN), signal(64, SIG_IGN);
    sharing();
    identifiers();
    clone3s();
    sharers("VM and VFORK", CLONE_VM | CLONE_VFORK);
    sharers("VM", CLONE_VM);
    sharers("VM, SIGHAND", CLONE_VM | CLONE_SIGHAND);
    sharers("copy", 0);
    sharers("copy, unusual", CLONE_IO | CLONE_UNTRACED);
    many();
    orphans();
    return 0;
}
