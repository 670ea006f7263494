/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * dup, close_range, fcntl with every command, flock; and that the process has the descriptors it opened and no others.
 */
#include "check.h"
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4
#endif

static volatile int signals, signal_number, signal_fd, signal_code;
static void caught(int signal, siginfo_t *info, void *context)
{
    (void)context;
    signals++, signal_number = signal, signal_fd = info->si_fd, signal_code = info->si_code;
}

static void show_signals(const char *when)
{
    printf("%s: %d signals, last %s fd %d code %d\n", when, signals, signal_number ? sigabbrev_np(signal_number) : "none", signal_fd, signal_code);
    signals = signal_number = signal_fd = signal_code = 0;
}

static void list(const char *path)
{
    DIR *stream = opendir(path);
    printf("%s:", path);
    bool seen[2048] = { false };
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd >= 0 && fd < 2048) seen[fd] = true;
        else if (entry->d_name[0] != '.') printf(" %s", entry->d_name);
    }
    for (int fd = 0; fd < 2048; fd++)
        if (seen[fd]) printf(" %d", fd);
    printf("\n");
    if (stream) closedir(stream);
}

/* As a second descriptor, in arrays and in sets. */
static void check_polling(int end)
{
    int epoll = QUIET(epoll_create1(0)), wrong = 0, pair[2];
    struct epoll_event event = { EPOLLIN, { 0 } };
    struct iovec part = { "x", 1 };
    QUIET(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    if (end > 1500) end = 1500;
    for (int fd = pair[1] + 1; fd < end; fd++) {
        struct pollfd poller = { fd, POLLIN, 0 };
        char control[CMSG_SPACE(sizeof(int))] = { 0 };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
        *(struct cmsghdr *)control = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA((struct cmsghdr *)control), &fd, sizeof fd);
        wrong += epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 || errno != EBADF;
        wrong += poll(&poller, 1, 0) != 1 || poller.revents != POLLNVAL;
        wrong += sendmsg(pair[0], &message, 0) != -1 || errno != EBADF;
        wrong += mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED || errno != EBADF;
        wrong += sendfile(pair[0], fd, NULL, 1) != -1 || errno != EBADF;
        if (fd >= FD_SETSIZE) continue;
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        wrong += select(fd + 1, &set, NULL, NULL, &(struct timeval){ 0, 0 }) != -1 || errno != EBADF;
    }
    SHOW("wrong", wrong);
    close(epoll), close(pair[0]), close(pair[1]);
}

/* Whatever can be asked of a descriptor: none is open but 0, 1 and 2. */
static void none_but_ours(void)
{
    int open_ones = 0;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int end = limit.rlim_cur < 100000 ? (int)limit.rlim_cur : 100000;
    struct stat status;
    char path[64], link[64];
    for (int fd = 3; fd < end; fd++) {
        open_ones += fcntl(fd, F_GETFD) != -1 || fcntl(fd, F_GETFL) != -1 || fstat(fd, &status) == 0 || lseek(fd, 0, SEEK_CUR) != -1 || dup2(fd, fd) != -1;
        open_ones += syscall(SYS_fcntl, fd, F_DUPFD, 0) != -1;
    }
    SHOW("open", open_ones);
    check_polling(end);
    open_ones = 0;
    for (int fd = 3; fd < 1100; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int got = readlink(path, link, sizeof link) != -1;
        got |= (lstat(path, &status) == 0) << 1;
        got |= (access(path, F_OK) == 0) << 2;
        got |= (open(path, O_PATH) != -1) << 3;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd);
        got |= (readlink(path, link, sizeof link) != -1) << 4;
        snprintf(path, sizeof path, "/dev/fd/%d", fd);
        got |= (stat(path, &status) == 0) << 5;
        snprintf(path, sizeof path, "/proc/thread-self/fdinfo/%d", fd);
        got |= (access(path, F_OK) == 0) << 6;
        snprintf(path, sizeof path, "%d", fd);
        got |= (openat(QUIET(open("/proc/self/fd", O_PATH)), path, O_PATH) != -1) << 7;
        close(3);
        if (got) printf("by name: %x\n", got);
        open_ones += got != 0;
    }
    SHOW("by name", open_ones);
    list("/proc/self/fd");
    list("/proc/self/fdinfo");
    list("/dev/fd");
    list("/proc/thread-self/fd");
}

static void numbers(void)
{
    struct rlimit limit, saved;
    getrlimit(RLIMIT_NOFILE, &saved);
    limit = saved;
    CALL(dup(0));
    CALL(dup2(0, 7));
    CALL(dup2(0, 0));
    CALL(dup2(99, 7));
    CALL(dup2(0, -1));
    CALL(dup2(0, 1 << 30));
    RAW(dup3, 0, 8, O_CLOEXEC);
    CALL(fcntl(8, F_GETFD));
    RAW(dup3, 0, 0, 0);
    RAW(dup3, 0, 8, 1);
    RAW(dup3, 0, 8, O_NONBLOCK);
    CALL(fcntl(0, F_DUPFD, 100));
    CALL(fcntl(0, F_DUPFD, -1));
    CALL(fcntl(0, F_DUPFD, 1 << 30));
    CALL(fcntl(0, F_DUPFD_CLOEXEC, 100));
    CALL(fcntl(101, F_GETFD));
    CALL(fcntl(101, F_SETFD, 0));
    CALL(fcntl(101, F_GETFD));
    CALL(fcntl(101, F_SETFD, 0xff));
    CALL(fcntl(101, F_GETFD));
    RAW(close_range, 5, 4, 0);
    RAW(close_range, 7, 50, 8);
    RAW(close_range, 7, 50, CLOSE_RANGE_CLOEXEC);
    CALL(fcntl(7, F_GETFD));
    list("/proc/self/fd");
    RAW(close_range, 100, 100, 0);
    RAW(close_range, 3, -1, CLOSE_RANGE_UNSHARE);
    list("/proc/self/fd");
    limit.rlim_cur = 10;
    QUIET(setrlimit(RLIMIT_NOFILE, &limit));
    int count = 0;
    while (open("/dev/null", O_RDONLY) >= 0) count++;
    SHOW("opened", count);
    CALL(open("/dev/null", O_RDONLY));
    CALL(dup(0));
    CALL(dup2(0, 10));
    CALL(dup2(0, 9));
    RAW(close_range, 3, -1, 0);
    limit.rlim_cur = 3;
    QUIET(setrlimit(RLIMIT_NOFILE, &limit));
    CALL(open("/dev/null", O_RDONLY));
    CALL(open("/proc/self/maps", O_RDONLY));
    QUIET(setrlimit(RLIMIT_NOFILE, &saved));
    CALL(close(-1));
    CALL(close(5000));
    CALL(open("/dev/null", O_RDONLY));
    CALL(close(3));
    CALL(close(3));
    /* The whole table belongs to the program. */
    QUIET(getrlimit(RLIMIT_NOFILE, &limit));
    for (int fd = 900, end = limit.rlim_cur < 1100 ? (int)limit.rlim_cur : 1100; fd < end; fd++)
        if (dup2(0, fd) != fd) printf("no descriptor %d: %s\n", fd, check_error(errno));
    RAW(close_range, 3, -1, 0);
    list("/proc/self/fd");
}

static void show_lock(const char *text, const struct flock *lock)
{
    printf("%s: type %d whence %d start %lld length %lld %s\n", text, lock->l_type, lock->l_whence, (long long)lock->l_start, (long long)lock->l_len,
           lock->l_pid == -1 ? "description" : lock->l_pid == 0 ? "no one" : lock->l_pid == getppid() ? "parent" : "someone");
}

static void in_child(int commands)
{
    int fd = open("f", O_RDWR), get = commands ? F_OFD_GETLK : F_GETLK, set = commands ? F_OFD_SETLK : F_SETLK;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };
    CALL(fcntl(fd, get, &lock));
    show_lock("found", &lock);
    lock = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET };
    CALL(fcntl(fd, set, &lock));
    lock = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 30, .l_len = 0 };
    CALL(fcntl(fd, set, &lock));
    CALL(flock(fd, LOCK_SH | LOCK_NB));
    close(fd);
}

static void locks(void)
{
    check_write_file("f", "0123456789012345678901234567890123456789");
    int fd = QUIET(open("f", O_RDWR)), read_only = QUIET(open("f", O_RDONLY));
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
    for (int ofd = 0; ofd < 2; ofd++) {
        int set = ofd ? F_OFD_SETLK : F_SETLK, wait = ofd ? F_OFD_SETLKW : F_SETLKW, get = ofd ? F_OFD_GETLK : F_GETLK;
        lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
        CALL(fcntl(fd, set, &lock));
        CALL(fcntl(fd, wait, &lock));
        CHILD(in_child(ofd));
        CALL(fcntl(fd, get, &lock));
        show_lock("own", &lock);
        lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -5, .l_len = -3 };
        CALL(fcntl(fd, set, &lock));
        lock.l_whence = 7;
        CALL(fcntl(fd, set, &lock));
        lock.l_whence = SEEK_SET, lock.l_start = -1;
        CALL(fcntl(fd, set, &lock));
        lock.l_start = 1ll << 62, lock.l_len = 1ll << 62;
        CALL(fcntl(fd, set, &lock));
        lock = (struct flock){ .l_type = 9, .l_whence = SEEK_SET };
        CALL(fcntl(fd, set, &lock));
        lock.l_type = F_WRLCK;
        CALL(fcntl(read_only, set, &lock));
        lock.l_type = F_UNLCK, lock.l_pid = 5;
        CALL(fcntl(fd, set, &lock));
        lock.l_pid = 0;
        CALL(fcntl(fd, set, &lock));
        CALL(fcntl(55, set, &lock));
    }
    WILD(fcntl, "..i", fd, F_SETLK, 0);
    WILD(fcntl, "..o", fd, F_GETLK, 0);
    WILD(fcntl, "..o", fd, F_OFD_GETLK, 0);
    CALL(flock(fd, LOCK_EX));
    CALL(flock(read_only, LOCK_SH | LOCK_NB));
    CHILD(in_child(0));
    CALL(flock(fd, LOCK_UN));
    CALL(flock(fd, 0));
    CALL(flock(fd, 16 | LOCK_NB));
    CALL(flock(55, LOCK_EX));
    close(fd), close(read_only);
}

static void leases(void)
{
    int fd = QUIET(open("f", O_RDONLY)), ends[2];
    struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
    sigaction(SIGIO, &action, NULL);
    sigaction(SIGRTMIN + 2, &action, NULL);
    CALL(fcntl(fd, F_GETLEASE));
    CALL(fcntl(fd, F_SETLEASE, F_RDLCK));
    CALL(fcntl(fd, F_GETLEASE));
    CALL(fcntl(fd, F_SETLEASE, F_WRLCK));
    CALL(fcntl(fd, F_SETLEASE, 7));
    CALL(open("f", O_RDWR | O_NONBLOCK));
    show_signals("lease broken");
    CALL(fcntl(fd, F_SETLEASE, F_UNLCK));
    CALL(fcntl(0, F_SETLEASE, F_RDLCK));
    close(fd);
    QUIET(pipe2(ends, O_NONBLOCK));
    CALL(fcntl(ends[0], F_GETOWN));
    CALL(fcntl(ends[0], F_SETOWN, getpid()));
    OK(fcntl(ends[0], F_GETOWN));
    CALL(fcntl(ends[0], F_SETOWN, -getpgrp()));
    SHOW("group", fcntl(ends[0], F_GETOWN) == -getpgrp());
    CALL(fcntl(ends[0], F_SETOWN, 0x40000000));
    CALL(fcntl(ends[0], F_SETOWN, 1 << 31));
    struct { int type, pid; } owner = { 0, getpid() };
    CALL(fcntl(ends[0], F_SETOWN_EX, &owner));
    owner.type = 55;
    CALL(fcntl(ends[0], F_GETOWN_EX, &owner));
    SHOW("type", owner.type), SHOW("thread", owner.pid == getpid());
    owner.type = 3;
    CALL(fcntl(ends[0], F_SETOWN_EX, &owner));
    owner.type = 1, owner.pid = 0x3fffffff;
    CALL(fcntl(ends[0], F_SETOWN_EX, &owner));
    WILD(fcntl, "..i", ends[0], F_SETOWN_EX, 0);
    WILD(fcntl, "..o", ends[0], F_GETOWN_EX, 0);
    WILD(fcntl, "..o", ends[0], 17 /* F_GETOWNER_UIDS */, 0);
    CALL(fcntl(ends[0], F_GETSIG));
    CALL(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    SHOW("async", (fcntl(ends[0], F_GETFL) & O_ASYNC) != 0);
    QUIET(fcntl(ends[0], F_SETOWN, getpid()));
    QUIET(write(ends[1], "x", 1));
    show_signals("written");
    CALL(fcntl(ends[0], F_SETSIG, SIGRTMIN + 2));
    CALL(fcntl(ends[0], F_GETSIG) == SIGRTMIN + 2);
    QUIET(write(ends[1], "x", 1));
    printf("%s\n", signal_number == SIGRTMIN + 2 ? "real time" : "other");
    signal_number = 0;
    show_signals("written again");
    CALL(fcntl(ends[0], F_SETSIG, 65));
    CALL(fcntl(ends[0], F_SETSIG, -1));
    CALL(fcntl(ends[0], F_SETSIG, 0));
    QUIET(mkdir("watched", 0700));
    fd = QUIET(open("watched", O_RDONLY));
    CALL(fcntl(fd, F_NOTIFY, 4 /* DN_CREATE */));
    check_write_file("watched/new", "");
    show_signals("dnotify");
    CALL(fcntl(0, F_NOTIFY, 4));
    close(fd), close(ends[0]), close(ends[1]);
}

static void pipes(void)
{
    int ends[2], fd;
    struct f_owner_ex unused;
    (void)unused;
    QUIET(pipe(ends));
    CALL(fcntl(ends[0], F_GETPIPE_SZ));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 5000));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 0));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, -1));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 1 << 30) > 0);
    QUIET(fcntl(ends[0], F_SETPIPE_SZ, 65536));
    CALL(write(ends[1], (char[9000]){ 0 }, 9000));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 4096));
    CALL(fcntl(0, F_GETPIPE_SZ));
    CALL(fcntl(ends[0], F_GETFL));
    CALL(fcntl(ends[1], F_SETFL, O_NONBLOCK | O_APPEND | O_RDWR | O_CREAT));
    SHOW("flags", fcntl(ends[1], F_GETFL) & (O_NONBLOCK | O_APPEND | O_ACCMODE));
    CALL(fcntl(ends[1], F_SETFL, O_DIRECT));
    SHOW("packets", (fcntl(ends[1], F_GETFL) & O_DIRECT) != 0);
    CALL(fcntl(ends[0], 9999, 0));
    CALL(fcntl(ends[0], -1, 0));
    CALL(fcntl(55, F_GETFL));
    close(ends[0]), close(ends[1]);
    static const struct { const char *name; int flag; } how[] = {
        { "cloexec", O_CLOEXEC }, { "nonblock", O_NONBLOCK }, { "direct", O_DIRECT }, { "notification", O_EXCL }, { "append", O_APPEND },
        { "directory", O_DIRECTORY }, { "nofollow", O_NOFOLLOW }, { "wronly", O_WRONLY }, { "unknown", 0x40000000 },
    };
    for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
        printf("pipe2 %s: ", how[i].name);
        if (pipe2(ends, how[i].flag)) {
            printf("%s\n", check_error(errno));
            continue;
        }
        printf("%d %d\n", fcntl(ends[0], F_GETFD), (fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
        close(ends[0]), close(ends[1]);
    }
    uint64_t hint = 3;
    fd = QUIET(open("f", O_RDWR));
    CALL(fcntl(fd, F_SET_RW_HINT, &hint));
    CALL(fcntl(fd, F_GET_RW_HINT, &hint));
    SHOW("hint", hint);
    hint = 99;
    CALL(fcntl(fd, F_SET_RW_HINT, &hint));
    WILD(fcntl, "..i", fd, F_SET_RW_HINT, 0);
    WILD(fcntl, "..o", fd, F_GET_RW_HINT, 0);
    CALL(fcntl(fd, F_GET_SEALS));
    CALL(fcntl(fd, F_ADD_SEALS, 1));
    CALL(fcntl(fd, 1027 /* F_DUPFD_QUERY */, fd));
    CALL(fcntl(fd, 1027, 0));
    CALL(fcntl(fd, 1028 /* F_CREATED_QUERY */, 0));
    close(fd);
    fd = QUIET(open("f", O_PATH));
    CALL((fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE)) == O_PATH);
    CALL(fcntl(fd, F_SETFL, 0));
    CALL(fcntl(fd, F_GETLK, &hint));
    CALL(fcntl(fd, F_DUPFD, 20));
    close(20), close(fd);
}

int main(void)
{
    SECTION("no others");
    none_but_ours();
    SECTION("numbers");
    numbers();
    SECTION("locks");
    locks();
    SECTION("leases, owners and signals");
    leases();
    SECTION("pipes and flags");
    pipes();
    return 0;
}
