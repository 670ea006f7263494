/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A signalfd of SIGSEGV, SIGBUS, SIGFPE and SIGILL that somebody sends: read, poll, select, epoll, by several threads, and what is
 * left for a handler.
 */
#include "check.h"
#include "raw_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>

static const int kinds[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static volatile int handled, handled_code;
static const uint64_t faults = BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL);

static void on_signal(int signal, siginfo_t *info, void *context) { (void)context; handled = signal; handled_code = info->si_code; }

static void show_handled(void) { printf("handled %d code %d\n", handled, handled_code); handled = handled_code = 0; }

static int make(uint64_t set, int flags)
{
    int fd = (int)syscall(SYS_signalfd4, -1, &set, 8, flags);
    if (fd < 0) printf("signalfd: %s\n", check_error(errno));
    return fd;
}

static void show_read(int fd, int count)
{
    struct signalfd_siginfo info[4] = { { 0 } };
    long size = read(fd, info, (size_t)count * sizeof *info);
    printf("read %ld %s", size, size < 0 ? check_error(errno) : "");
    for (int i = 0; i < size / (long)sizeof *info; i++)
        printf(" (signo %u code %d value %d own %d tid %d overrun %u addr %d %u band %d fd %d)", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_int,
               info[i].ssi_pid == (uint32_t)getpid(), info[i].ssi_tid == (uint32_t)getpid(), info[i].ssi_overrun, (uint32_t)info[i].ssi_addr == (uint32_t)getpid(),
               info[i].ssi_addr_lsb, info[i].ssi_band == (uint32_t)getpid(), info[i].ssi_fd);
    printf("\n");
}

static void reads(int signal)
{
    int fd = make(BIT(signal), SFD_NONBLOCK);
    printf("signal %d\n", signal);
    raw_action(signal, on_signal, 0, 0);
    raw_mask(SIG_SETMASK, BIT(signal));
    show_read(fd, 1);
    kill(getpid(), signal);
    show_read(fd, 1);
    show_read(fd, 1);
    raise(signal);
    show_read(fd, 4);
    static const int codes[] = { SI_QUEUE, SI_TKILL, SI_USER, SI_TIMER, SI_SIGIO, 1, 4, 5, 6, 12, 16, SI_KERNEL };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        queue_to(getpid(), 0, signal, codes[i], 7);
        queue_to(getpid(), gettid(), signal, codes[i], 8);
        show_read(fd, 4);
    }
    /* Looked at and not taken. */
    queue_to(getpid(), 0, signal, SI_QUEUE, 9);
    struct pollfd p = { fd, POLLIN, 0 };
    SHOW("poll", poll(&p, 1, 1000));
    SHOW("again", poll(&p, 1, 1000));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval second = { 1, 0 };
    SHOW("select", select(fd + 1, &set, NULL, NULL, &second));
    int epoll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN };
    CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    SHOW("epoll", epoll_wait(epoll, &event, 1, 1000));
    uint64_t pending = 0;
    syscall(SYS_rt_sigpending, &pending, 8);
    SHOW("pending", pending == BIT(signal));
    raw_mask(SIG_SETMASK, 0);
    show_handled();
    SHOW("poll", poll(&p, 1, 0));
    SHOW("epoll", epoll_wait(epoll, &event, 1, 0));
    show_read(fd, 1);
    /* Another call leaves it alone. */
    raw_mask(SIG_SETMASK, BIT(signal));
    kill(getpid(), signal);
    int pair[2];
    char byte = 0;
    QUIET(pipe(pair));
    QUIET(write(pair[1], "x", 1));
    QUIET(read(pair[0], &byte, 1));
    raw_mask(SIG_SETMASK, 0);
    show_handled();
    close(epoll); close(fd); close(pair[0]); close(pair[1]);
}

/* A child that sends while the parent waits. */
static void waits(int signal)
{
    int fd = make(faults, 0);
    raw_mask(SIG_SETMASK, faults);
    for (int way = 0; way < 3; way++) {
        pid_t parent = getpid(), child = fork();
        if (child == 0) { usleep(200000); kill(parent, signal); _exit(0); }
        struct pollfd p = { fd, POLLIN, 0 };
        uint64_t mask = faults;
        struct timespec enough = { 10, 0 };
        if (way == 1) SHOW("poll", poll(&p, 1, 10000));
        if (way == 2) SHOW("ppoll", syscall(SYS_ppoll, &p, 1, &enough, &mask, 8));
        show_read(fd, 1);
        waitpid(child, NULL, 0);
    }
    raw_mask(SIG_SETMASK, 0);
    close(fd);
}

static void *reader(void *argument)
{
    show_read(*(int *)argument, 1);
    return NULL;
}

/* The signal comes to a thread that blocks it and does something else; the reader gets it. */
static void threads(void)
{
    int fd = make(faults, 0);
    raw_mask(SIG_SETMASK, faults);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, reader, &fd)) return;
        usleep(200000);
        kill(getpid(), kinds[i]);
        pthread_join(thread, NULL);
    }
    kill(getpid(), SIGSEGV);
    pthread_t thread;
    if (pthread_create(&thread, NULL, reader, &fd)) return;
    pthread_join(thread, NULL);
    close(fd);
}

/* A fault is no signal that can wait: in the call it is an error, elsewhere it kills. */
static void really_faults(void)
{
    int fd = make(faults, SFD_NONBLOCK);
    raw_mask(SIG_SETMASK, faults);
    RAW(read, fd, 8, 128);
    kill(getpid(), SIGSEGV);
    RAW(read, fd, 8, 128);
    show_read(fd, 1);
    *(volatile int *)8 = 1;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) reads(kinds[i]);
    waits(SIGSEGV);
    waits(SIGFPE);
    CHILD(threads());
    CHILD(really_faults());
    return 0;
}
