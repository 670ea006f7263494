/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * POSIX message queues, in an IPC namespace of the program's own; mq_notify of each kind.
 */
#include "check.h"
#include <linux/netlink.h>
#include <mqueue.h>
#include <pthread.h>
#include <sys/socket.h>

static volatile int signals, value, code;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    signals++, value = info->si_value.sival_int, code = info->si_code;
}

static void opening(void)
{
    struct mq_attr attributes = { .mq_maxmsg = 3, .mq_msgsize = 16 };
    CALL(mq_open("/none", O_RDWR));
    CALL(mq_open("noslash", O_RDWR | O_CREAT, 0600, NULL));
    RAW(mq_open, "/slash", O_RDWR | O_CREAT, 0600, NULL);
    RAW(mq_open, "", O_RDWR | O_CREAT, 0600, NULL);
    RAW(mq_open, ".", O_RDWR | O_CREAT, 0600, NULL);
    int fd = RAW(mq_open, "q", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640, &attributes);
    RAW(mq_open, "q", O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    SHOW("close on exec", fcntl(fd, F_GETFD));
    attributes.mq_maxmsg = 0;
    RAW(mq_open, "q2", O_RDWR | O_CREAT, 0600, &attributes);
    attributes.mq_maxmsg = 1 << 30;
    RAW(mq_open, "q2", O_RDWR | O_CREAT, 0600, &attributes);
    attributes.mq_maxmsg = 3, attributes.mq_msgsize = -1;
    RAW(mq_open, "q2", O_RDWR | O_CREAT, 0600, &attributes);
    WILD(mq_open, "i..i", 0, O_RDWR | O_CREAT, 0600, 0);
    WILD(mq_unlink, "i", 0);
    RAW(mq_unlink, "none");
    CALL(close(fd));
}

static void sending(void)
{
    struct mq_attr attributes;
    char data[32];
    unsigned priority = 77;
    struct timespec past = { 1, 0 }, soon, bad = { 1, -1 };
    int fd = RAW(mq_open, "q", O_RDWR | O_NONBLOCK, 0, NULL);
    CALL(mq_getattr(fd, &attributes));
    printf("%#lx %ld %ld %ld\n", attributes.mq_flags, attributes.mq_maxmsg, attributes.mq_msgsize, attributes.mq_curmsgs);
    RAW(mq_timedsend, fd, "low", 3, 1, NULL);
    RAW(mq_timedsend, fd, "high", 4, 32767, NULL);
    RAW(mq_timedsend, fd, "bad", 3, 32768, NULL);
    RAW(mq_timedsend, fd, data, 17, 1, NULL);
    RAW(mq_timedsend, fd, "", 0, 5, NULL);
    RAW(mq_timedsend, fd, "full", 4, 5, NULL);
    attributes.mq_flags = 0;
    struct mq_attr old;
    RAW(mq_getsetattr, fd, &attributes, &old);
    SHOW("flags", old.mq_flags);
    attributes.mq_flags = O_APPEND;
    RAW(mq_getsetattr, fd, &attributes, &old);
    RAW(mq_timedsend, fd, "full", 4, 5, &past);
    RAW(mq_timedsend, fd, "full", 4, 5, &bad);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000) soon.tv_nsec -= 1000000000, soon.tv_sec++;
    RAW(mq_timedsend, fd, "full", 4, 5, &soon);
    RAW(mq_timedreceive, fd, data, 15, &priority, NULL);
    RAW(mq_timedreceive, fd, data, 16, &priority, NULL);
    SHOW("priority", priority);
    RAW(mq_timedreceive, fd, data, 32, NULL, NULL);
    RAW(mq_timedreceive, fd, data, 32, &priority, NULL);
    RAW(mq_timedreceive, fd, data, 32, &priority, &past);
    RAW(mq_timedreceive, 0, data, 32, &priority, &past);
    RAW(mq_timedreceive, 99, data, 32, &priority, &past);
    for (int i = 0; i < 3; i++) QUIET(mq_send(fd, "x", 1, i));
    WILD(mq_timedsend, ".i..i", fd, 0, 4, 1, 0);
    for (int i = 0; i < 3; i++) QUIET(mq_receive(fd, data, 32, NULL));
    attributes.mq_flags = O_NONBLOCK;
    RAW(mq_getsetattr, fd, &attributes, NULL);
    for (int i = 0; i < 3; i++) QUIET(mq_send(fd, "x", 1, i));
    WILD(mq_timedreceive, ".o.oi", fd, (long)data, 16, (long)&priority, (long)&past);
    WILD(mq_getsetattr, ".io", fd, (long)&attributes, (long)&old);
    while (mq_receive(fd, data, 32, NULL) >= 0) continue;
    CALL(read(fd, data, 5) > 0);
    CALL(poll(&(struct pollfd){ fd, POLLIN | POLLOUT, 0 }, 1, 0));
    close(fd);
}

static void *waiter(void *text) { return text; }

static void notified_thread(union sigval v)
{
    value = v.sival_int;
    signals++;
}

static void notifying(void)
{
    char data[16];
    int fd = mq_open("/q", O_RDWR | O_NONBLOCK);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 };
    sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO }, NULL);
    RAW(mq_notify, fd, &event);
    RAW(mq_notify, fd, &event);
    QUIET(mq_send(fd, "x", 1, 0));
    printf("signals %d value %d code %d\n", signals, value, code);
    RAW(mq_notify, fd, &event);
    QUIET(mq_send(fd, "x", 1, 0));
    printf("not empty before: %d\n", signals);
    QUIET(mq_receive(fd, data, 16, NULL)), QUIET(mq_receive(fd, data, 16, NULL));
    RAW(mq_notify, fd, NULL);
    RAW(mq_notify, fd, NULL);
    event.sigev_notify = SIGEV_NONE;
    RAW(mq_notify, fd, &event);
    RAW(mq_notify, fd, NULL);
    event.sigev_notify = SIGEV_SIGNAL, event.sigev_signo = 65;
    RAW(mq_notify, fd, &event);
    event.sigev_signo = 0;
    RAW(mq_notify, fd, &event);
    RAW(mq_notify, fd, NULL);
    event.sigev_notify = 4, event.sigev_signo = SIGUSR1;
    RAW(mq_notify, fd, &event);
    RAW(mq_notify, 0, &event);
    RAW(mq_notify, 99, &event);
    WILD(mq_notify, ".i", fd, 0);
    /* The raw form of SIGEV_THREAD: a netlink socket and a cookie. */
    char cookie[32] = "cookie of thirty-two bytes";
    int link = socket(AF_NETLINK, SOCK_RAW, 0);
    event = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_signo = link, .sigev_value.sival_ptr = cookie };
    if (RAW(mq_notify, fd, &event) == 0) {
        QUIET(mq_send(fd, "x", 1, 0));
        char got[40] = "";
        CALL(recv(link, got, sizeof got, MSG_DONTWAIT));
        SHOW_TEXT("cookie", got);
        QUIET(mq_receive(fd, data, 16, NULL));
    }
    event.sigev_value.sival_ptr = check_pages()->edge;
    RAW(mq_notify, fd, &event);
    event.sigev_value.sival_ptr = cookie, event.sigev_signo = 0;
    RAW(mq_notify, fd, &event);
    close(link);
    /* The C library's. */
    signals = 0;
    event = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified_thread, .sigev_value.sival_int = 7 };
    if (CALL(mq_notify(fd, &event)) == 0) {
        QUIET(mq_send(fd, "x", 1, 0));
        while (!signals) usleep(1000);
        SHOW("thread got", value);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, waiter, NULL);
    pthread_join(thread, NULL);
    close(fd);
    RAW(mq_unlink, "q");
    RAW(mq_unlink, "q");
}

int main(void)
{
    if (unshare(CLONE_NEWIPC) && unshare(CLONE_NEWUSER | CLONE_NEWIPC)) SKIP("no IPC namespaces");
    SECTION("opening");
    opening();
    SECTION("sending and receiving");
    sending();
    SECTION("notifying");
    notifying();
    return 0;
}
