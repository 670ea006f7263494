/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a program sees when something runs out: memory, descriptors, processes, room in a file system. ferry needs some of each
 * itself, and must neither fail nor be seen when it does not get it.
 */
#include "check.h"

#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define MB (1ul << 20)

static void limit(int resource, rlim_t soft)
{
    struct rlimit limits;
    QUIET(getrlimit(resource, &limits));
    limits.rlim_cur = soft;
    QUIET(setrlimit(resource, &limits));
}

static void *map(size_t size) { return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); }

/* -- memory ---------------------------------------------------------------------------------------------------------------- */
static void *fill(void) { void *p = malloc(1000); if (p) memset(p, 1, 1000); return p; }

static void address_space(void)
{
    int blocks = 0;
    limit(RLIMIT_AS, 200 * MB);
    while (map(10 * MB) != MAP_FAILED) blocks++;
    SHOW("error", errno == ENOMEM);
    SHOW("blocks", blocks);
    CALL(mmap(NULL, 300 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CALL(mmap((void *)0x30000000, 100 * MB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    int small = 0;
    while (map(PAGE) != MAP_FAILED) small++;
    SHOW("smaller ones fit", small > 0);
    char *old = sbrk(0);
    CALL((long)sbrk(20 * MB));
    SHOW("break stayed", sbrk(0) == old);
    int given = 0;
    while (fill()) given++;
    SHOW_TEXT("malloc", check_error(errno));
    pthread_t thread;
    SHOW_TEXT("thread", check_error(pthread_create(&thread, NULL, (void *(*)(void *))pause, NULL)));
    /* Processes are not memory of this one. */
    CHILD(exit(7));
    pid_t child = vfork();
    if (child == 0) _exit(8);
    check_wait("vfork", child);
    limit(RLIMIT_AS, RLIM_INFINITY);
    SHOW("again", map(10 * MB) != MAP_FAILED && sbrk(MB) == old);
}

static void data_segment(void)
{
    limit(RLIMIT_DATA, 50 * MB);
    CALL((long)sbrk(100 * MB));
    CALL(map(100 * MB));
    OK(mmap(NULL, 100 * MB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mmap(NULL, 100 * MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    char *readable = mmap(NULL, 100 * MB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(mprotect(readable, 100 * MB, PROT_READ | PROT_WRITE));
}

static void huge(void)
{
    CALL(map(1ul << 48));
    CALL(map(~0ul - PAGE));
    CALL(map(~0ul));
    void *page = map(PAGE);
    OK(mremap(page, PAGE, 1ul << 46, MREMAP_MAYMOVE));
    CALL((long)sbrk(1ul << 48));
    SHOW("malloc", malloc(1ul << 50) != NULL);
}

static __attribute__((noinline)) long deeper(long n)
{
    volatile char room[4000];
    room[0] = (char)n;
    return n < 0 ? 0 : deeper(n + 1) + room[0];
}

static void on_overflow(int signal)
{
    _exit(signal == SIGSEGV ? 5 : 6);
}

static void stack(void)
{
    CHILD(deeper(0));
    static char other[65536];
    stack_t alternative = { .ss_sp = other, .ss_size = sizeof other };
    struct sigaction action = { .sa_handler = on_overflow, .sa_flags = SA_ONSTACK };
    QUIET(sigaltstack(&alternative, NULL));
    QUIET(sigaction(SIGSEGV, &action, NULL));
    CHILD(deeper(0));
}

/* -- descriptors ----------------------------------------------------------------------------------------------------------- */
static const char *self;

static int take_all(int leave)
{
    int last = -1, fd;
    while ((fd = dup(0)) >= 0) last = fd;
    for (int i = 0; i < leave; i++) close(last - i);
    return last;
}

/* With none left below the hard limit either, ferry says EMFILE (docs/limits.md). */
static void run(const char *how)
{
    char *arguments[] = { (char *)self, (char *)how, NULL };
    char *environment[] = { NULL };
    pid_t child;
    struct rlimit limits;
    QUIET(getrlimit(RLIMIT_NOFILE, &limits));
    fflush(stdout);
    int error = posix_spawn(&child, self, NULL, NULL, arguments, environment);
    check_wait("spawned", error ? -1 : child);         /* before anything else is printed: the program prints too */
    SHOW_TEXT("posix_spawn", check_error(error));
    child = vfork();
    if (child == 0) {
        execve(self, arguments, environment);
        _exit(errno == EMFILE ? 100 : 101);
    }
    check_wait("executed", child);
    child = fork();
    if (child == 0) {
        fexecve(3, arguments, environment);
        _exit(errno == EMFILE ? 100 : 101);
    }
    check_wait("executed by descriptor", child);
    child = fork();
    if (child == 0) {
        CALL(execve("/nowhere", arguments, environment));
        exit(3);
    }
    check_wait("not there", child);
    struct rlimit now;
    QUIET(getrlimit(RLIMIT_NOFILE, &now));
    SHOW("limits stayed", now.rlim_cur == limits.rlim_cur && now.rlim_max == limits.rlim_max);
}

static void descriptors(void)
{
    int pair[2];
    struct { const char *name; int flags; } views[] = {
        { "/proc/self/maps", O_RDONLY }, { "/proc/self/status", O_RDONLY }, { "/proc/self/stat", O_RDONLY }, { "/proc/self/exe", O_RDONLY }, { "/proc/cpuinfo", O_RDONLY },
        { "/proc/self/cmdline", O_RDONLY }, { "/proc/self/auxv", O_RDONLY }, { "/proc/self/fd", O_RDONLY }, { "/dev/null", O_RDWR },
    };
    limit(RLIMIT_NOFILE, 20);
    SHOW("self", open(self, O_RDONLY));
    SHOW("last", take_all(0));
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        printf("%s: ", views[i].name);
        CALL(open(views[i].name, views[i].flags));
    }
    CALL(socket(AF_UNIX, SOCK_STREAM, 0));
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CALL(pipe(pair));
    CALL(eventfd(0, 0));
    CALL(epoll_create1(0));
    CALL(memfd_create("x", 0));
    CALL(dup(0));
    CALL(fcntl(0, F_DUPFD, 3));
    CALL(fcntl(0, F_DUPFD, 20));
    CALL(dup2(0, 20));
    CALL(access("/proc/self/exe", F_OK));
    struct stat status;
    CALL(stat("/proc/self/maps", &status));
    char link[4096];
    SHOW("readlink", readlink("/proc/self/exe", link, sizeof link) > 0);
    SECTION("one descriptor left");
    close(19);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        int fd = open(views[i].name, views[i].flags);
        printf("%s: %d %d\n", views[i].name, fd, fd >= 0 ? read(fd, link, 10) >= 0 || errno == EISDIR : errno);
        close(fd);
    }
    CALL(pipe(pair));
    CALL(eventfd(0, 0));
    close(19);
    run("one");
    char *const native[] = { "sh", "-c", "ulimit -Sn; ulimit -Hn", NULL };
    CHILD(execve("/bin/sh", native, NULL));
    SECTION("no descriptor left");
    SHOW("last", dup(0));
    run("none");
    SECTION("none at all");
    limit(RLIMIT_NOFILE, 0);
    CALL(open("/dev/null", O_RDONLY));
    CALL(open("/proc/self/maps", O_RDONLY));
    run("a limit of 0");
}

/* What the program that was run finds: the limit, the descriptors, and no more. */
static int executed(const char *how)
{
    struct rlimit limits;
    int open_now = 0;
    getrlimit(RLIMIT_NOFILE, &limits);
    for (int i = 0; i < 64; i++) open_now += fcntl(i, F_GETFD) >= 0;
    printf("executed with %s: limit %ld, %d open\n", how, (long)limits.rlim_cur, open_now);
    return 9;
}

/* -- threads and processes -------------------------------------------------------------------------------------------------- */
static void *wait_for_end(void *barrier)
{
    pthread_mutex_lock(barrier);
    pthread_mutex_unlock(barrier);
    return NULL;
}

static void processes(void)
{
    static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[64];
    int count = 0, error = 0;
    QUIET(setgid(54321));
    QUIET(setuid(54321));
    limit(RLIMIT_NPROC, 12);
    pthread_mutex_lock(&held);
    while (count < 64 && (error = pthread_create(&threads[count], NULL, wait_for_end, &held)) == 0) count++;
    SHOW("threads", count);
    SHOW_TEXT("error", check_error(error));
    CALL(fork());
    CALL(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    pid_t child = vfork();
    if (child == 0) _exit(0);
    SHOW_TEXT("vfork", child < 0 ? check_error(errno) : "no error");
    char *arguments[] = { (char *)self, "none", NULL };
    SHOW_TEXT("posix_spawn", check_error(posix_spawn(&child, self, NULL, NULL, arguments, NULL)));
    pthread_mutex_unlock(&held);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    CHILD(exit(4));
}

/* -- a full file system --------------------------------------------------------------------------------------------------- */
static void on_bus(int signal, siginfo_t *info, void *context)
{
    (void)context;
    printf("SIG%s %d\n", sigabbrev_np(signal), info->si_code);
    _exit(11);
}

static void write_beyond(char *page)
{
    struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
    sigaction(SIGBUS, &action, NULL);
    *(volatile char *)page = 1;
}

static void file_system(void)
{
    static char block[PAGE];
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) { printf("no mount namespace\n"); return; }
    QUIET(mkdir("small", 0755));
    QUIET(mount("small", "small", "tmpfs", 0, "size=64k,nr_inodes=8"));
    QUIET(chdir("small"));
    int fd = CALL(open("file", O_RDWR | O_CREAT, 0644));
    long pages = 0;
    while (write(fd, block, PAGE) == PAGE) pages++;
    SHOW_TEXT("write", check_error(errno));
    SHOW("pages", pages);
    CALL(fallocate(fd, 0, 0, MB));
    QUIET(ftruncate(fd, 40 * PAGE));
    char *mapped = mmap(NULL, 40 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHILD(write_beyond(mapped + 30 * PAGE));
    CHILD(RAW(read, open("/dev/zero", O_RDONLY), mapped + 30 * PAGE, 10));
    CALL(mkdir("a", 0755)); CALL(mkdir("b", 0755)); CALL(mkdir("c", 0755)); CALL(mkdir("d", 0755)); CALL(mkdir("e", 0755)); CALL(mkdir("f", 0755)); CALL(mkdir("g", 0755));
    CALL(write(open("/dev/full", O_WRONLY), block, 1));
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1) return executed(argv[1]);
    SECTION("address space"); CHILD(address_space());
    SECTION("data"); CHILD(data_segment());
    SECTION("more than there is"); CHILD(huge());
    SECTION("stack"); CHILD(stack());
    SECTION("descriptors"); CHILD(descriptors());
    SECTION("processes"); CHILD(processes());
    SECTION("file system"); CHILD(file_system());
    return 0;
}
