/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Makes system calls whose --strace lines are known (expected). It uses raw calls only, so that the C library adds none between.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Closes what it was given, and starts this program again. */
static int go_silent(char **argv, char **environment)
{
    syscall(SYS_close_range, 0, ~0u, 0);
    argv[1] = NULL;
    syscall(SYS_execve, argv[0], argv, environment);
    return 1;
}

int main(int argc, char **argv, char **environment)
{
    if (argc > 1) return go_silent(argv, environment);
    char data[64] = { 0 };
    struct iovec parts[2] = { { "ab", 2 }, { "\1\2\0033", 4 } };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timespec nap = { 0, 1000 }, none = { 0, 0 };
    struct pollfd waiting = { 100, POLLIN | POLLOUT, 0 };
    struct epoll_event event = { EPOLLIN | EPOLLET, { .u64 = 0x1122334455667788 } };
    uint64_t mask = 1u << (SIGINT - 1) | 1ull << (34 - 1);
    syscall(SYS_close_range, 3, ~0u, 0);        /* whatever the caller left open */
    syscall(SYS_getpid);                        /* the first line that counts */
    syscall(SYS_openat, AT_FDCWD, "/no/such\tfile", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0640);
    syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    syscall(SYS_mkdirat, 77, "x", 0755);
    syscall(SYS_write, 100, "0123456789012345678901234567890123456789", 40);
    syscall(SYS_read, 100, data, sizeof data);
    syscall(SYS_writev, 100, parts, 2);
    syscall(SYS_connect, 100, &address, sizeof address);
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &nap, NULL);
    syscall(SYS_ppoll, &waiting, 1, &none, &mask, 8);
    syscall(SYS_epoll_ctl, 100, EPOLL_CTL_ADD, 101, &event);
    syscall(SYS_faccessat, AT_FDCWD, "/", R_OK | X_OK);
    syscall(SYS_ioctl, 100, TCGETS, data);
    syscall(SYS_ioctl, 100, 0x12345678, 0x10);
    syscall(SYS_ioctl, 2, 0x12345678, 0x10);
    syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 250);
    syscall(SYS_lseek, 100, -5L, SEEK_END);
    int pair[2];
    union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr head; } control = { .head = { CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
    int rights[2] = { 0, 1 };
    struct msghdr message = { NULL, 0, parts, 1, &control, sizeof control, 0 };
    __builtin_memcpy(CMSG_DATA(&control.head), rights, sizeof rights);
    syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
    syscall(SYS_setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, rights, 4);
    syscall(SYS_setsockopt, 100, IPPROTO_TCP, TCP_NODELAY, rights + 1, 4);
    syscall(SYS_sendmsg, pair[0], &message, MSG_DONTWAIT);
    parts[0].iov_base = data, parts[0].iov_len = sizeof data;
    message.msg_controllen = 0;
    syscall(SYS_recvmsg, pair[1], &message, 0);
    syscall(SYS_getpriority, PRIO_PGRP, 77777777);
    syscall(SYS_prctl, PR_SET_NAME, "a name", 0, 0, 0);
    syscall(SYS_prctl, PR_GET_NAME, data, 0, 0, 0);
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    syscall(SYS_prctl, PR_GET_PDEATHSIG, data, 0, 0, 0);
    syscall(SYS_prctl, PR_CAP_AMBIENT, 99, 0, 0, 0);
    syscall(SYS_kexec_load, 0, 0, 0, 0);
    syscall(SYS_exit_group, 3);
    return 0;
}
