/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Structures and values that strace(1) shows in a form of their own, in calls that work and in calls that fail. Between the two getpid.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static void file_systems(void)
{
    struct statfs s;
    statfs("/proc", &s);
    statfs("/sys", &s);
    statfs("/dev/pts", &s);
}

static void terminals(void)
{
    struct termios t;
    struct winsize w;
    int zero = 0, n, terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(terminal, TIOCSPTLCK, &zero);
    ioctl(terminal, TCGETS, &t);
    ioctl(terminal, TCSETS, &t);
    t.c_iflag = t.c_oflag = t.c_cflag = t.c_lflag = 0;
    ioctl(terminal, TCSETSW, &t);
    memset(&t, 255, sizeof t);
    t.c_cflag = 0xfff;
    ioctl(-1, TCSETSF, &t);
    ioctl(terminal, TIOCGPGRP, &n);
    ioctl(terminal, TCSBRK, 0);
    ioctl(terminal, TCFLSH, 2);
    ioctl(terminal, TCXONC, 1);
    ioctl(terminal, TCXONC, 77);
    ioctl(terminal, TIOCGWINSZ, &w);
    close(terminal);
}

static void times(void)
{
    struct timespec t[2] = { { 1, 2 }, { 0, UTIME_OMIT } };
    utimensat(-1, "x", t, 0);
    t[0].tv_nsec = UTIME_NOW;
    utimensat(-1, "x", t, AT_SYMLINK_NOFOLLOW);
    utimensat(-1, "x", NULL, 0);
    t[0] = (struct timespec){ -5, 0 }, t[1] = (struct timespec){ 1709164800, 0 };
    utimensat(-1, "x", t, 0);
    t[0].tv_nsec = -1, t[1].tv_sec = 253402300799;
    utimensat(-1, "x", t, 0);
}

static void offsets(void)
{
    loff_t at = 3, other = 1;
    char data[8];
    int ends[2], from = CALL(memfd_create, "a", 0), to = CALL(memfd_create, "b", 0);
    pipe(ends);
    write(from, "hello world", 11);
    CALL(sendfile, ends[1], from, &at, 4L);
    CALL(sendfile, ends[1], -1, &at, 4L);
    CALL(sendfile, ends[1], from, NULL, 4L);
    CALL(sendfile, ends[1], from, 8L, 4L);
    CALL(copy_file_range, from, &at, to, &other, 4L, 0L);
    at = 0;
    CALL(splice, from, &at, ends[1], NULL, 3L, 0L);
    CALL(splice, -1, &at, ends[1], NULL, 3L, 0L);
    CALL(getrandom, data, 0, 0);
    CALL(getrandom, NULL, 4, 0);
}

static void capabilities(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];
    CALL(capget, &header, data);
    memset(data, 0, sizeof data);
    data[0].effective = 3, data[1].permitted = 1, header.pid = 77777;
    CALL(capset, &header, data);
    CALL(capget, &header, data);
    memset(data, 255, sizeof data);
    CALL(capset, &header, data);
    header.version = 5;
    CALL(capget, &header, NULL);
}

static void addresses(void)
{
    struct sockaddr_in6 internet = { AF_INET6, htons(80), htonl(5), IN6ADDR_LOOPBACK_INIT, 7 };
    struct sockaddr_nl kernel = { AF_NETLINK, 0, 5, 0x11 };
    struct sockaddr_ll packet = { AF_PACKET, htons(3), 0, 1, 2, 6, "abcdef" };
    struct sockaddr_vm machine = { .svm_family = AF_VSOCK, .svm_port = 22, .svm_cid = 3 };
    struct sockaddr other = { AF_APPLETALK };
    connect(-1, (void *)&internet, sizeof internet);
    bind(-1, (void *)&kernel, sizeof kernel);
    kernel.nl_groups = 0;
    bind(-1, (void *)&kernel, sizeof kernel);
    bind(-1, (void *)&packet, sizeof packet);
    connect(-1, (void *)&machine, sizeof machine);
    machine.svm_cid = machine.svm_port = -1;
    connect(-1, (void *)&machine, sizeof machine);
    connect(-1, &other, sizeof other);
    connect(-1, &other, 2);
}

static void options(void)
{
    struct linger linger = { 1, 2 };
    struct in_addr group[2] = { { 0x010000e0 }, { 0 } };
    struct sock_filter accept_all = { 6, 0, 0, 0x7fff0000 };
    struct sock_fprog program = { 1, &accept_all };
    socklen_t length = sizeof linger;
    int n, s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &length);
    length = sizeof n;
    getsockopt(s, SOL_SOCKET, SO_TYPE, &n, &length);
    setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "nodev", 6);
    setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, group, sizeof group);
    setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &n, 3);
    setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, NULL, 4);
    close(s);
    close(socket(AF_NETLINK, SOCK_RAW, 0));
    socket(AF_NETLINK, SOCK_RAW, 99);
    close(socket(AF_PACKET, SOCK_RAW, htons(3)));
    close(socket(AF_UNIX, SOCK_STREAM, 0));
    socket(AF_BLUETOOTH, 77, 1);
}

static void interfaces(void)
{
    static const unsigned requests[] = { 0x8933, 0x8913, 0x8915, 0x8919, 0x891b, 0x8921, 0x8927, 0x891d, 0x8942, 0x8970 };   /* SIOCGIF… */
    struct ifreq r;
    struct ifconf list = { 0, { 0 } };
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        memset(&r, 0, sizeof r);
        strcpy(r.ifr_name, "lo");
        ioctl(s, requests[i], &r);
    }
    memset(&r, 0, sizeof r);
    r.ifr_ifindex = 1;
    ioctl(s, SIOCGIFNAME, &r);
    strcpy(r.ifr_name, "none");
    ioctl(s, SIOCGIFINDEX, &r);
    ioctl(-1, SIOCSIFFLAGS, &r);
    ioctl(-1, SIOCSIFADDR, &r);
    ioctl(-1, SIOCSIFMTU, &r);
    ioctl(s, SIOCGIFCONF, &list);
    close(s);
}

static void scheduling(void)
{
    unsigned long cpus[2] = { 1, 0 };
    CALL(sched_setaffinity, 0, 8, cpus);
    CALL(sched_getaffinity, 0, 128, cpus);
    CALL(sched_setaffinity, 0, 0, cpus);
    cpus[0] = 6;
    CALL(sched_setaffinity, 12345678, 16, cpus);
    CALL(sched_getaffinity, 0, 1, cpus);
    CALL(ioprio_get, 1L, 0L);
    CALL(ioprio_set, 1L, 0L, 0x4004L);
    CALL(ioprio_get, 1L, 0L);
    CALL(personality, 0x40000L);
    CALL(personality, 0xffffffffL);
    CALL(personality, 0L);
}

static void controls(void)
{
    struct sock_filter accept_all = { 6, 0, 0, 0x7fff0000 };
    struct sock_fprog program = { 1, &accept_all };
    CALL(prctl, 15L, "a-long-name-that-is-cut");
    CALL(prctl, 22L, 2L, 0L);
    CALL(seccomp, 1L, 0x100L, &program);
    CALL(prctl, 23L, 0L);
    CALL(prctl, 24L, 70L);
    CALL(prctl, 47L, 1L, 5L, 0L, 0L);
    CALL(prctl, 4L, 5L);
    CALL(prctl, 1L, 100L);
    CALL(prctl, 35L, 1L, 0L, 0L, 0L);
    CALL(prctl, 0x53564d41L, 0L, "", 1L, "x");
    CALL(prctl, 777L, 1L, 2L, 3L, 4L);
    CALL(prctl, 38L, 1L, 0L, 0L, 0L);
    CALL(prctl, 22L, 2L, &program);
}

static void handler(int signal) { (void)signal; }

static void signals(void)
{
    struct itimerval soon = { { 0, 0 }, { 0, 1000 } };
    unsigned long set = 1ul << (SIGALRM - 1);
    signal(SIGALRM, handler);
    CALL(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8L);
    setitimer(ITIMER_REAL, &soon, NULL);
    set = 1ul << (SIGUSR1 - 1);
    CALL(rt_sigsuspend, &set, 8L);
}

static void rings(void)
{
    struct io_uring_params p;
    memset(&p, 0, sizeof p);
    p.flags = 3;
    CALL(io_uring_setup, 0, &p);
    p.flags = -1;
    CALL(io_uring_setup, 4, &p);
    p.flags = 0;
    CALL(io_uring_setup, 4, &p);
}

int main(void)
{
    CALL(getpid);
    file_systems();
    terminals();
    times();
    offsets();
    capabilities();
    addresses();
    options();
    interfaces();
    scheduling();
    rings();
    signals();
    controls();
    CALL(getpid);
    return 0;
}
