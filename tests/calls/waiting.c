/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * epoll, poll, select, eventfd, timerfd, signalfd, pidfd.
 */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

static void nothing(int signal) { (void)signal; }

static void show_events(const char *how, int count, struct epoll_event *events)
{
    printf("%s: %d", how, count);
    for (int i = 0; i < count; i++) printf(" {%x %llx}", events[i].events, (unsigned long long)events[i].data.u64);
    printf("\n");
}

static void polling(void)
{
    int epoll = QUIET(epoll_create1(EPOLL_CLOEXEC)), ends[2], other = QUIET(epoll_create1(0)), file = QUIET(open("f", O_RDWR | O_CREAT, 0600));
    struct epoll_event event = { EPOLLIN, { .u64 = 0x1122334455667788 } }, events[8];
    struct timespec now = { 0, 0 };
    sigset_t mask;
    QUIET(pipe2(ends, O_NONBLOCK));
    RAW(epoll_create1, 1);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &event);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &event);
    RAW(epoll_ctl, epoll, EPOLL_CTL_MOD, ends[1], &event);
    RAW(epoll_ctl, epoll, EPOLL_CTL_DEL, ends[1], NULL);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, file, &event);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, epoll, &event);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, 99, &event);
    RAW(epoll_ctl, epoll, 9, ends[0], &event);
    RAW(epoll_ctl, ends[0], EPOLL_CTL_ADD, ends[1], &event);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, other, &event);
    RAW(epoll_ctl, other, EPOLL_CTL_ADD, epoll, &event);
    event.events = EPOLLOUT | EPOLLET | EPOLLONESHOT, event.data.u64 = -1ull;
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, ends[1], &event);
    show_events("wait", syscall(SYS_epoll_pwait, epoll, events, 8, 0, NULL, 8), events);
    show_events("again", syscall(SYS_epoll_pwait, epoll, events, 8, 0, NULL, 8), events);
    QUIET(write(ends[1], "x", 1));
    show_events("written", syscall(SYS_epoll_pwait, epoll, events, 8, 0, NULL, 8), events);
    show_events("one", syscall(SYS_epoll_pwait, epoll, events, 1, 0, NULL, 8), events);
    RAW(epoll_ctl, epoll, EPOLL_CTL_MOD, ends[1], &event);
    memset(check_edge(2 * sizeof *events), 0, 2 * sizeof *events);
    show_events("edge", syscall(SYS_epoll_pwait, epoll, check_edge(2 * sizeof *events), 8, 0, NULL, 8), check_edge(2 * sizeof *events));
    close(ends[1]);
    show_events("closed", syscall(SYS_epoll_pwait, epoll, events, 8, 0, NULL, 8), events);
    RAW(epoll_pwait, epoll, events, 0, 0, NULL, 8);
    RAW(epoll_pwait, epoll, events, -1, 0, NULL, 8);
    RAW(epoll_pwait, epoll, events, 0x7fffffff, 0, NULL, 8);
    RAW(epoll_pwait, file, events, 1, 0, NULL, 8);
    RAW(epoll_pwait, 99, events, 1, 0, NULL, 8);
    RAW(epoll_pwait2, epoll, events, 8, &now, NULL, 8);
    now.tv_nsec = 1000000000;
    RAW(epoll_pwait2, epoll, events, 8, &now, NULL, 8);
    now.tv_nsec = 0, now.tv_sec = -1;
    RAW(epoll_pwait2, epoll, events, 8, &now, NULL, 8);
    sigemptyset(&mask);
    RAW(epoll_pwait, epoll, events, 8, 0, &mask, 4);
    RAW(epoll_pwait, epoll, events, 8, 0, &mask, 8);
    RAW(epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], NULL);
    signal(SIGALRM, nothing), signal(SIGUSR1, nothing);
    sigset_t blocked;
    sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGUSR1);
    RAW(epoll_pwait, epoll, events, 8, 100, NULL, 8);
    RAW(epoll_pwait, epoll, events, 8, 10000, &mask, 8);
    raise(SIGUSR1);
    now.tv_sec = 10;
    RAW(epoll_pwait2, epoll, events, 8, &now, &mask, 8);
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    RAW(epoll_ctl, other, EPOLL_CTL_ADD, ends[0], &event);
    RAW(epoll_ctl, other, EPOLL_CTL_MOD, ends[0], &event);
    WILD(epoll_ctl, "...i", other, EPOLL_CTL_ADD, file, 0);
    WILD(epoll_ctl, "...i", epoll, EPOLL_CTL_ADD, ends[0], 0);
    WILD(epoll_pwait, ".o..i.", other, (long)events, 8, 0, (long)&mask, 8);
    WILD(epoll_pwait2, ".o.Ii.", other, (long)events, 8, (long)&(struct timespec){ 0, 0 }, (long)&mask, 8);
    close(epoll), close(other), close(ends[0]), close(file);
}

static void selecting(void)
{
    int ends[2];
    struct timespec now = { 0, 0 };
    struct pollfd fds[3];
    fd_set in, out;
    uint64_t mask = 0;
    struct { const void *mask; size_t size; } packed = { &mask, 8 };
    QUIET(pipe(ends));
    fds[0] = (struct pollfd){ ends[0], POLLIN, 0x55 }, fds[1] = (struct pollfd){ ends[1], POLLOUT | POLLIN, 0x55 }, fds[2] = (struct pollfd){ 99, POLLIN, 0x55 };
    RAW(ppoll, fds, 3, &now, NULL, 8);
    printf("%x %x %x\n", fds[0].revents, fds[1].revents, fds[2].revents);
    fds[2].fd = -1, fds[2].revents = 0x55;
    RAW(ppoll, fds, 3, &now, NULL, 8);
    printf("%x %x %x\n", fds[0].revents, fds[1].revents, fds[2].revents);
    RAW(ppoll, NULL, 0, &now, NULL, 8);
    RAW(ppoll, fds, -1, &now, NULL, 8);
    RAW(ppoll, fds, 1 << 30, &now, NULL, 8);
    now.tv_nsec = -1;
    RAW(ppoll, fds, 1, &now, NULL, 8);
    now.tv_nsec = 0;
    RAW(ppoll, fds, 1, &now, &mask, 7);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    RAW(pselect6, ends[1] + 1, &in, &out, NULL, &now, &packed);
    SHOW("in", FD_ISSET(ends[0], &in)), SHOW("out", FD_ISSET(ends[1], &out));
    RAW(pselect6, ends[1], &in, &out, NULL, &now, NULL);
    SHOW("out", FD_ISSET(ends[1], &out));
    FD_SET(99, &in);
    RAW(pselect6, 100, &in, NULL, NULL, &now, NULL);
    RAW(pselect6, -1, &in, NULL, NULL, &now, NULL);
    RAW(pselect6, 0, NULL, NULL, NULL, &now, NULL);
    packed.size = 5;
    RAW(pselect6, 0, NULL, NULL, NULL, &now, &packed);
    packed.mask = NULL;
    RAW(pselect6, 0, NULL, NULL, NULL, &now, &packed);
    now.tv_nsec = 1000000;
    RAW(pselect6, 0, NULL, NULL, NULL, &now, NULL);
    SHOW("left", now.tv_nsec);
    WILD(ppoll, "i.Ii.", (long)fds, 2, (long)&now, (long)&mask, 8);
    now.tv_nsec = 0;
    FD_ZERO(&in);
    WILD(pselect6, ".iiiIi", 3, (long)&in, (long)&in, (long)&in, (long)&now, (long)&packed);
    close(ends[0]), close(ends[1]);
}

static void counting(void)
{
    uint64_t value = 0;
    int fd = RAW(eventfd2, 5, EFD_NONBLOCK | EFD_CLOEXEC);
    RAW(read, fd, &value, 8);
    SHOW("value", value);
    RAW(read, fd, &value, 8);
    value = -1ull;
    RAW(write, fd, &value, 8);
    value = -2ull;
    RAW(write, fd, &value, 8);
    RAW(write, fd, &(uint64_t){ 1 }, 8);
    RAW(read, fd, &value, 7);
    RAW(read, fd, check_edge(7), 8);
    RAW(read, fd, &value, 100);
    RAW(write, fd, &value, 4);
    RAW(pread64, fd, &value, 8, 0L);
    RAW(lseek, fd, 0L, SEEK_SET);
    RAW(ftruncate, fd, 0L);
    close(fd);
    fd = RAW(eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK);
    RAW(read, fd, &value, 8);
    SHOW("value", value);
    RAW(read, fd, &value, 8);
    RAW(read, fd, &value, 8);
    close(fd);
    RAW(eventfd2, 0, 2);
    struct itimerspec time = { { 0, 0 }, { 0, 1 } }, old;
    fd = RAW(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    RAW(read, fd, &value, 8);
    RAW(timerfd_settime, fd, 0, &time, &old);
    SHOW("old", old.it_value.tv_sec + old.it_value.tv_nsec);
    usleep(1000);
    RAW(read, fd, &value, 8);
    SHOW("expired", value);
    RAW(read, fd, &value, 8);
    time.it_value.tv_sec = 1000, time.it_interval.tv_sec = 7;
    RAW(timerfd_settime, fd, 0, &time, NULL);
    RAW(timerfd_gettime, fd, &old);
    SHOW("left", old.it_value.tv_sec), SHOW("interval", old.it_interval.tv_sec);
    RAW(timerfd_settime, fd, 8, &time, NULL);
    RAW(timerfd_settime, fd, TFD_TIMER_ABSTIME, &time, NULL);
    time.it_value.tv_nsec = 1000000000;
    RAW(timerfd_settime, fd, 0, &time, NULL);
    time.it_value.tv_nsec = 0, time.it_value.tv_sec = -1;
    RAW(timerfd_settime, fd, 0, &time, NULL);
    RAW(timerfd_settime, 0, 0, &time, NULL);
    RAW(timerfd_gettime, 0, &time);
    RAW(timerfd_create, 2, 0);
    RAW(timerfd_create, 77, 0);
    RAW(timerfd_create, CLOCK_REALTIME, 1);
    WILD(timerfd_settime, "..io", fd, 0, (long)&(struct itimerspec){ { 0, 0 }, { 0, 0 } }, 0);
    WILD(timerfd_gettime, ".o", fd, 0);
    close(fd);
}

static void signalling(void)
{
    struct signalfd_siginfo info[3];
    uint64_t mask = 1ull << (SIGUSR2 - 1) | 1ull << (SIGKILL - 1) | 1ull << (40 - 1), blocked = mask;
    int fd = RAW(signalfd4, -1, &mask, 8, SFD_NONBLOCK);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, NULL, 8);
    RAW(read, fd, info, sizeof info);
    raise(SIGUSR2);
    sigqueue(getpid(), 40, (union sigval){ .sival_int = 0x1234 });
    sigqueue(getpid(), 40, (union sigval){ .sival_int = 0x5678 });
    RAW(read, fd, info, sizeof info);
    for (int i = 0; i < 3; i++)
        printf("signal %u code %d errno %d int %#x own %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_errno, info[i].ssi_int, info[i].ssi_pid == (uint32_t)getpid());
    RAW(read, fd, info, 20);
    raise(SIGUSR2);
    RAW(read, fd, check_edge(60), sizeof info[0]);
    mask = 1ull << (SIGUSR1 - 1);
    RAW(signalfd4, fd, &mask, 8, 0);
    RAW(read, fd, info, sizeof info);
    RAW(signalfd4, 0, &mask, 8, 0);
    RAW(signalfd4, 99, &mask, 8, 0);
    RAW(signalfd4, -1, &mask, 4, 0);
    RAW(signalfd4, -1, &mask, 8, 1);
    WILD(signalfd4, ".i..", fd, 0, 8, 0);
    close(fd);
}

static void processes(void)
{
    siginfo_t info;
    int fd, gate[2];
    char byte;
    QUIET(pipe(gate));
    RAW(pidfd_open, 0, 0);
    RAW(pidfd_open, -1, 0);
    RAW(pidfd_open, 0x3fffffff, 0);
    RAW(pidfd_open, getpid(), 1);
    fd = RAW(pidfd_open, getpid(), 0);
    CALL(fcntl(fd, F_GETFD));
    RAW(pidfd_send_signal, fd, 0, NULL, 0);
    RAW(pidfd_send_signal, fd, 65, NULL, 0);
    RAW(pidfd_send_signal, fd, 0, NULL, 0x100);
    RAW(pidfd_send_signal, 0, 0, NULL, 0);
    WILD(pidfd_send_signal, "..i.", fd, SIGUSR2, 0, 0);
    memset(&info, 0, sizeof info);
    info.si_signo = 41, info.si_code = SI_QUEUE, info.si_value.sival_int = 77;
    RAW(pidfd_send_signal, fd, 40, &info, 0);
    RAW(pidfd_getfd, fd, gate[1], 0);
    CALL(write(6, "y", 1));
    CALL(read(gate[0], &byte, 1));
    close(6);
    RAW(pidfd_getfd, fd, 99, 0);
    RAW(pidfd_getfd, fd, gate[1], 1);
    RAW(pidfd_getfd, 0, gate[1], 0);
    RAW(read, fd, &byte, 1);
    struct iovec range = { check_edge(PAGE), PAGE };
    RAW(process_madvise, fd, &range, 1, 20 /* MADV_COLD */, 0);
    RAW(process_madvise, fd, &range, 1, 4 /* MADV_DONTNEED */, 0);
    RAW(process_madvise, fd, &range, 1, 99, 0);
    RAW(process_madvise, fd, &range, 1, 20, 1);
    RAW(process_madvise, 99, &range, 1, 20, 0);
    WILD(process_madvise, ".i...", fd, 0, 1, 20, 0);
    RAW(process_mrelease, fd, 0);
    RAW(process_mrelease, fd, 1);
    RAW(process_mrelease, 0, 0);
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        read(gate[0], &byte, 1);
        _exit(7);
    }
    fd = QUIET(syscall(SYS_pidfd_open, child, 0));
    struct pollfd waiting = { fd, POLLIN, 0 };
    CALL(poll(&waiting, 1, 0));
    CALL(write(gate[1], "x", 1));
    CALL(poll(&waiting, 1, 10000));
    CALL(waitid(3 /* P_PIDFD */, fd, &info, WEXITED | WNOWAIT));
    SHOW("status", info.si_status), SHOW("code", info.si_code), SHOW("same", info.si_pid == child);
    CALL(waitid(3, fd, &info, WEXITED));
    CALL(waitid(3, fd, &info, WEXITED));
    RAW(pidfd_send_signal, fd, SIGTERM, NULL, 0);
    close(fd);
}

int main(void)
{
    SECTION("epoll");
    polling();
    SECTION("poll and select");
    selecting();
    SECTION("eventfd and timerfd");
    counting();
    SECTION("signalfd");
    signalling();
    SECTION("pidfd");
    processes();
    return 0;
}
