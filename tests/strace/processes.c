/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls of processes and signals, and what is shown between calls: signals that a handler gets and the end of a process. One process at a
 * time runs, so that nothing depends on who is first. Between the two getpid.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_signal(int signal) { (void)signal; }

static void signals(void)
{
    struct sigevent event = { .sigev_value.sival_int = 42, .sigev_signo = SIGUSR1, .sigev_notify = SIGEV_SIGNAL };
    uint64_t mask = 1ull << (SIGUSR2 - 1) | 1ull << (34 - 1), none = ~0ull;
    int timer;
    siginfo_t info = { .si_signo = SIGUSR2, .si_code = SI_QUEUE, .si_pid = 1, .si_value.sival_int = 7 };
    signal(SIGUSR2, on_signal);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &none, 8);
    syscall(SYS_rt_sigqueueinfo, 0x7fffffff, 0, NULL);
    syscall(SYS_rt_sigtimedwait, &mask, &info, &(struct timespec){ 0, 0 }, 8);
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
    syscall(SYS_timer_create, 77, &event, NULL);
    syscall(SYS_kill, 0x7fffffff, 34);
}

static void limits(void)
{
    struct rlimit limit = { 4096, 1 << 20 };
    struct rlimit endless = { RLIM_INFINITY, RLIM_INFINITY };
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL);
    syscall(SYS_prlimit64, 0x7fffffff, RLIMIT_STACK, &endless, NULL);
    syscall(SYS_prlimit64, 0, 77, NULL, &limit);
}

static void waiting(void)
{
    struct pollfd descriptors[2] = { { 0, POLLIN, 0 }, { 77, POLLOUT | POLLPRI, 0 } };
    int fds[2], value = 0;
    fd_set set;
    syscall(SYS_pipe2, fds, O_CLOEXEC);
    syscall(SYS_ppoll, descriptors + 1, 1, NULL, NULL, 0);
    syscall(SYS_ppoll, &(struct pollfd){ fds[0], POLLIN, 0 }, 1, &(struct timespec){ 0, 0 }, NULL, 0);
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    syscall(SYS_write, fds[1], "x", 1);
    syscall(SYS_futex, &value, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
    syscall(SYS_futex, &value, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &(struct timespec){ 0, 1000 }, NULL, 0);
    syscall(SYS_futex, &value, FUTEX_WAKE, 1, NULL, NULL, 0);
    syscall(SYS_futex, &value, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    syscall(SYS_futex, &value, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static void vectors(void)
{
    char data[8];
    struct iovec parts[2] = { { data, 3 }, { data, 2 } };
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int fds[2];
    syscall(SYS_readv, 77, parts, 2);
    syscall(SYS_writev, 77, 1L, 1L);
    syscall(SYS_preadv, 77, parts, 2, 5L, 0L);
    syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
    syscall(SYS_getsockname, fds[0], &address, &length);
    syscall(SYS_getsockname, 77, &address, &length);
    syscall(SYS_execve, "/none", (char *[]){ "a", "b", NULL }, (char *[]){ "A=1", NULL });
    syscall(SYS_execve, "/none", NULL, (char *[]){ "A=1", "B=2", NULL });
}

int main(void)
{
    syscall(SYS_getpid);
    signals();
    limits();
    waiting();
    vectors();
    syscall(SYS_getpid);
    return 0;
}
