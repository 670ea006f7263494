/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TCP, UDP and raw sockets over the loopback of a network namespace of the program's own: options, control messages, error queue,
 * filters, multicast, packet sockets.
 */
#include "check.h"
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static struct sockaddr_in6 loopback6(int port)
{
    return (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
}

static void set(int fd, int level, int option, int value)
{
    printf("set %d:%d to %d: %s\n", level, option, value, setsockopt(fd, level, option, &value, sizeof value) ? check_error(errno) : "ok");
}

static void own_network(void)
{
    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) SKIP("no network namespaces");
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, SIOCSIFFLAGS, &request)) SKIP("no loopback");
    close(fd);
}

/* Every option number of a level: what reading and writing it says. */
static void all_options(int fd, int level, int from, int to, const char *skip)
{
    for (int option = from; option < to; option++) {
        union { char bytes[512]; int number; } value;
        socklen_t size = sizeof value;
        char name[8];
        snprintf(name, sizeof name, " %d ", option);
        if (strstr(skip, name)) continue;
        memset(&value, 0, sizeof value);
        int result = getsockopt(fd, level, option, &value, &size);
        if (result) printf("get %d:%d: %s\n", level, option, check_error(errno));
        else printf("get %d:%d: size %d value %d\n", level, option, (int)size, size >= 4 ? value.number : value.bytes[0]);
        size = 2;
        if (getsockopt(fd, level, option, &value, &size) == 0) printf("  cut: size %d\n", (int)size);
        printf("  set: %s", setsockopt(fd, level, option, &(int){ 1 }, 4) ? check_error(errno) : "ok");
        printf(" %s", setsockopt(fd, level, option, &(int){ 1 }, 0) ? check_error(errno) : "ok");
        printf(" %s\n", setsockopt(fd, level, option, check_pages()->edge, 4) ? check_error(errno) : "ok");
    }
}

static void tcp(void)
{
    struct sockaddr_in address = loopback(4000);
    struct sockaddr_in got;
    socklen_t length = sizeof got;
    char data[64];
    int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
    set(a, SOL_SOCKET, SO_REUSEADDR, 1);
    set(a, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
    CALL(bind(a, (struct sockaddr *)&address, 15));
    CALL(bind(a, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808) }, 16));
    CALL(bind(a, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET6 }, 16));
    CALL(bind(a, (struct sockaddr *)&address, 128));
    CALL(bind(a, (struct sockaddr *)&address, 129));
    CALL(accept(a, NULL, NULL));
    CALL(connect(b, (struct sockaddr *)&address, 16));
    CALL(send(b, "x", 1, 0));
    close(b);
    b = socket(AF_INET, SOCK_STREAM, 0);
    CALL(connect(b, (struct sockaddr *)&address, 16));
    CALL(listen(a, 5));
    CALL(connect(b, (struct sockaddr *)&address, 16));
    CALL(connect(b, (struct sockaddr *)&address, 16));
    int c = accept(a, (struct sockaddr *)&got, &length);
    printf("peer family %d address %s length %d\n", got.sin_family, inet_ntoa(got.sin_addr), (int)length);
    CALL(getpeername(b, (struct sockaddr *)&got, &length));
    SHOW("port", ntohs(got.sin_port));
    set(b, IPPROTO_TCP, TCP_NODELAY, 1);
    set(b, IPPROTO_TCP, TCP_CORK, 1);
    CALL(send(b, "abcdef", 6, MSG_MORE));
    CALL(send(b, "", 0, 0));
    set(b, IPPROTO_TCP, TCP_CORK, 0);
    CALL(recv(c, data, 6, MSG_WAITALL));
    CALL(send(b, "uv", 2, MSG_OOB));
    CALL(poll(&(struct pollfd){ c, POLLPRI, 0 }, 1, 1000));
    CALL(sockatmark(c));
    CALL(recv(c, data, 8, 0));
    CALL(sockatmark(c));
    CALL(recv(c, data, 1, MSG_OOB));
    CALL(recv(c, data, 1, MSG_OOB));
    CALL(recv(c, data, 8, MSG_DONTWAIT));
    CALL(send(b, "0123456789", 10, 0));
    CALL(recv(c, NULL, 4, MSG_TRUNC | MSG_WAITALL));
    CALL(recv(c, check_edge(2), 6, 0));
    CALL(recv(c, data, 6, 0));
    SHOW_HEX("data", data, 4);
    set(c, SOL_SOCKET, SO_RCVLOWAT, 3);
    struct timeval wait = { 0, 20000 };
    CALL(setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
    CALL(recv(c, data, 6, 0));
    CALL(send(b, "xy", 2, 0));
    CALL(recv(c, data, 6, 0));
    length = sizeof wait;
    CALL(getsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &wait, &length));
    SHOW("microseconds", wait.tv_usec);
    wait.tv_usec = 1000000;
    CALL(setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
    wait.tv_sec = -1, wait.tv_usec = 0;
    CALL(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait));
    CALL(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &wait, 8));
    struct tcp_info info;
    length = sizeof info;
    CALL(getsockopt(b, IPPROTO_TCP, TCP_INFO, &info, &length));
    printf("state %d length %d\n", info.tcpi_state, (int)length);
    length = 1;
    CALL(getsockopt(b, IPPROTO_TCP, TCP_INFO, &info, &length));
    char name[16];
    length = sizeof name;
    CALL(setsockopt(b, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    CALL(getsockopt(b, IPPROTO_TCP, TCP_CONGESTION, name, &length));
    printf("%s length %d\n", name, (int)length);
    CALL(setsockopt(b, IPPROTO_TCP, TCP_CONGESTION, "none", 4));
    all_options(b, IPPROTO_TCP, 1, 45, " 11 2 8 9 10 17 18 21 24 25 26 28 31 32 33 35 38 39 ");
    struct linger linger = { 1, 0 };
    CALL(setsockopt(b, SOL_SOCKET, SO_LINGER, &linger, 4));
    CALL(setsockopt(b, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    close(b);
    CALL(poll(&(struct pollfd){ c, POLLIN, 0 }, 1, 1000));
    int error = 0;
    length = sizeof error;
    CALL(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &length));
    SHOW_TEXT("error", check_error(error));
    CALL(recv(c, data, 1, 0));
    CALL(send(c, data, 1, MSG_NOSIGNAL));
    CALL(shutdown(c, SHUT_WR));
    close(c), close(a);
    a = socket(AF_INET, SOCK_STREAM, 0);
    CALL(connect(a, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001), .sin_port = 1 }, 16));
    close(a);
}

static void show_messages(const char *label, int fd, int flags, size_t space)
{
    char data[32], control[512] = { 0 };
    struct sockaddr_storage from = { 0 };
    struct iovec part = { data, sizeof data };
    struct msghdr message = { &from, sizeof from, &part, 1, control, space, 0 };
    ssize_t got = recvmsg(fd, &message, flags | MSG_DONTWAIT);
    printf("%s: %s", label, got < 0 ? check_error(errno) : "");
    if (got < 0) {
        printf("\n");
        return;
    }
    printf("%zd flags %#x name %d control %zu\n", got, message.msg_flags, (int)message.msg_namelen, message.msg_controllen);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        size_t length = c->cmsg_len - CMSG_LEN(0);
        printf("  level %d type %d length %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
        bool is_time = c->cmsg_level == SOL_SOCKET;
        if (is_time) {
            int64_t seconds;
            memcpy(&seconds, CMSG_DATA(c), sizeof seconds);
            printf(" time %s\n", llabs(seconds - time(NULL)) < 3 ? "now" : "wrong");
        } else {
            SHOW_HEX("", CMSG_DATA(c), length);
        }
    }
}

static void udp(void)
{
    enum { TIMESTAMP_NEW = 63, TIMESTAMPNS_NEW = 64, TIMESTAMPING_NEW = 65 };
    struct sockaddr_in address = loopback(4001);
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    CALL(bind(a, (struct sockaddr *)&address, 16));
    CALL(sendto(b, "x", 1, 0, (struct sockaddr *)&address, 8));
    CALL(send(b, "x", 1, 0));
    CALL(sendto(b, "x", 1, 0, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) }, 16));
    CALL(connect(b, (struct sockaddr *)&address, 16));
    static const struct { int level, option; } receive[] = {
        { IPPROTO_IP, IP_PKTINFO }, { IPPROTO_IP, IP_RECVTTL }, { IPPROTO_IP, IP_RECVTOS }, { IPPROTO_IP, IP_RECVORIGDSTADDR },
        { SOL_SOCKET, SO_TIMESTAMP }, { SOL_SOCKET, SO_TIMESTAMPNS }, { SOL_SOCKET, TIMESTAMP_NEW }, { SOL_SOCKET, TIMESTAMPNS_NEW },
        { IPPROTO_UDP, UDP_GRO },
    };
    for (size_t i = 0; i < sizeof receive / sizeof receive[0]; i++) {
        set(a, receive[i].level, receive[i].option, 1);
        CALL(send(b, "hello", 5, 0));
        show_messages("received", a, 0, 512);
        if (receive[i].level == SOL_SOCKET || i == 8) set(a, receive[i].level, receive[i].option, 0);
    }
    for (size_t space = 0; space < 80; space += 12) {
        CALL(send(b, "hello", 5, 0));
        show_messages("cut", a, 0, space);
    }
    set(a, SOL_SOCKET, SO_TIMESTAMPING, 1 << 3 | 1 << 4);
    usleep(50000);                             /* the kernel begins to take times a little later */
    CALL(send(b, "hello", 5, 0));
    show_messages("timestamping", a, 0, 512);
    set(a, SOL_SOCKET, TIMESTAMPING_NEW, 1 << 3 | 1 << 4);
    CALL(send(b, "hello", 5, 0));
    show_messages("timestamping", a, 0, 512);
    set(a, SOL_SOCKET, SO_TIMESTAMPING, 1 << 30);
    /* Control messages that say how to send. */
    int ttl = 7;
    char control[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(4)] = { 0 };
    struct iovec part = { "controlled", 10 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_PKTINFO, c->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    ((struct in_pktinfo *)CMSG_DATA(c))->ipi_spec_dst.s_addr = htonl(0x7f000002);
    c = CMSG_NXTHDR(&message, c);
    c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_TTL, c->cmsg_len = CMSG_LEN(4);
    memcpy(CMSG_DATA(c), &ttl, 4);
    CALL(sendmsg(b, &message, 0));
    show_messages("controlled", a, 0, 512);
    c->cmsg_type = 200;
    CALL(sendmsg(b, &message, 0));
    c->cmsg_len = 3;
    CALL(sendmsg(b, &message, 0));
    /* Nobody listens there: the error queue. */
    struct sockaddr_in nobody = loopback(4999);
    set(b, IPPROTO_IP, IP_RECVERR, 1);
    show_messages("no error", b, MSG_ERRQUEUE, 512);
    CALL(connect(b, (struct sockaddr *)&nobody, 16));
    CALL(send(b, "gone", 4, 0));
    CALL(poll(&(struct pollfd){ b, 0, 0 }, 1, 1000));
    CALL(send(b, "gone", 4, 0));
    show_messages("error", b, MSG_ERRQUEUE, 512);
    char data[8];
    static char large[70000];
    CALL(recv(b, data, 8, MSG_DONTWAIT));
    CALL(send(b, large, 65508, 0));
    CALL(connect(b, (struct sockaddr *)&address, 16));
    set(b, IPPROTO_UDP, UDP_SEGMENT, 4);
    CALL(send(b, "0123456789", 10, 0));
    for (int i = 0; i < 4; i++) show_messages("segment", a, 0, 0);
    CALL(setsockopt(b, IPPROTO_UDP, UDP_SEGMENT, &(int){ 0 }, 4));
    CALL(setsockopt(b, IPPROTO_UDP, UDP_CORK, &(int){ 1 }, 4));
    CALL(send(b, "one", 3, 0));
    CALL(send(b, "two", 3, 0));
    show_messages("corked", a, 0, 0);
    CALL(setsockopt(b, IPPROTO_UDP, UDP_CORK, &(int){ 0 }, 4));
    show_messages("uncorked", a, 0, 0);
    all_options(a, IPPROTO_IP, 1, 60, " 16 17 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 ");
    close(a), close(b);
}

static void filters(void)
{
    struct sockaddr_in address = loopback(4002);
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0), value;
    /* UDP header first: passes datagrams whose payload starts with 'y', cut to 10 bytes. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1), BPF_STMT(BPF_RET | BPF_K, 10),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = { 4, code }, bad = { 4, (struct sock_filter *)check_pages()->edge }, empty = { 0, code };
    QUIET(bind(a, (struct sockaddr *)&address, 16));
    QUIET(connect(b, (struct sockaddr *)&address, 16));
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    CALL(send(b, "no", 2, 0));
    CALL(send(b, "yes", 3, 0));
    show_messages("filtered", a, 0, 0);
    show_messages("filtered", a, 0, 0);
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &bad, sizeof bad));
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &empty, sizeof empty));
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &program, 8));
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, check_pages()->edge - 8, sizeof program));
    code[3].code = 0xff;
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    code[3].code = BPF_RET;
    struct sock_filter out[4];
    socklen_t count = 0;
    CALL(getsockopt(a, SOL_SOCKET, SO_GET_FILTER, out, &count));
    SHOW("instructions", count);
    count = 4;
    memset(out, 0, sizeof out);
    CALL(getsockopt(a, SOL_SOCKET, SO_GET_FILTER, out, &count));
    SHOW_HEX("first", out, sizeof out[0]);
    count = 4;
    CALL(getsockopt(a, SOL_SOCKET, SO_GET_FILTER, check_pages()->edge, &count));
    count = 2;
    CALL(getsockopt(a, SOL_SOCKET, SO_GET_FILTER, out, &count));
    CALL(setsockopt(a, SOL_SOCKET, SO_LOCK_FILTER, &(int){ 1 }, 4));
    CALL(setsockopt(a, SOL_SOCKET, SO_DETACH_FILTER, &value, 4));
    CALL(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    CALL(setsockopt(b, SOL_SOCKET, SO_DETACH_FILTER, &value, 4));
    CALL(setsockopt(b, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program));
    CALL(setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, &value, 0));
    CALL(setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, &(int){ 99 }, 4));
    close(a), close(b);
}

static void version6(void)
{
    struct sockaddr_in6 address = loopback6(4003);
    int a = socket(AF_INET6, SOCK_DGRAM, 0), b = socket(AF_INET6, SOCK_DGRAM, 0);
    if (a < 0) return;
    CALL(bind(a, (struct sockaddr *)&address, 24));
    CALL(bind(a, (struct sockaddr *)&address, 23));
    CALL(connect(b, (struct sockaddr *)&address, 28));
    static const int receive[] = { IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_RECVORIGDSTADDR };
    for (size_t i = 0; i < 4; i++) {
        set(a, IPPROTO_IPV6, receive[i], 1);
        CALL(send(b, "six", 3, 0));
        show_messages("received", a, 0, 512);
    }
    set(b, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 300);
    set(b, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 30);
    set(b, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    all_options(a, IPPROTO_IPV6, 1, 82, " 1 34 35 42 43 44 45 46 47 48 61 64 68 69 ");
    close(a), close(b);
}

static void multicast(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreqn join = { { htonl(0xe0000105) }, { htonl(INADDR_LOOPBACK) }, 0 };
    struct ip_mreq_source source = { { htonl(0xe0000106) }, { htonl(INADDR_LOOPBACK) }, { htonl(0x7f000003) } };
    CALL(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join));
    CALL(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join));
    CALL(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, 8));
    CALL(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, 4));
    CALL(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &join, sizeof join));
    CALL(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &join, sizeof join));
    CALL(setsockopt(a, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &source, sizeof source));
    char filter[IP_MSFILTER_SIZE(4)] = { 0 };
    struct ip_msfilter *f = (struct ip_msfilter *)filter;
    f->imsf_multiaddr = source.imr_multiaddr, f->imsf_interface = source.imr_interface, f->imsf_numsrc = 4;
    socklen_t size = sizeof filter;
    CALL(getsockopt(a, IPPROTO_IP, IP_MSFILTER, f, &size));
    printf("mode %u sources %u first %08x size %d\n", f->imsf_fmode, f->imsf_numsrc, ntohl(f->imsf_slist[0].s_addr), (int)size);
    f->imsf_numsrc = 2, f->imsf_slist[1].s_addr = htonl(0x7f000004);
    CALL(setsockopt(a, IPPROTO_IP, IP_MSFILTER, f, IP_MSFILTER_SIZE(2)));
    CALL(setsockopt(a, IPPROTO_IP, IP_MSFILTER, f, IP_MSFILTER_SIZE(1)));
    struct group_req group = { 1 };
    memcpy(&group.gr_group, &(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xe0000107) }, 16);
    CALL(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &group, sizeof group));
    CALL(setsockopt(a, IPPROTO_IP, MCAST_LEAVE_GROUP, &group, sizeof group));
    CALL(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &group, sizeof group - 1));
    set(a, IPPROTO_IP, IP_MULTICAST_TTL, 256);
    set(a, IPPROTO_IP, IP_MULTICAST_TTL, 3);
    CALL(setsockopt(a, IPPROTO_IP, IP_MULTICAST_IF, &join, sizeof join));
    CALL(setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    char name[16];
    size = sizeof name;
    CALL(getsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, name, &size));
    printf("%s %d\n", name, (int)size);
    CALL(setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
    close(a);
}

static void packets(void)
{
    int a = socket(AF_PACKET, SOCK_RAW, htons(3)), b = socket(AF_INET, SOCK_DGRAM, 0);
    if (a < 0) {
        CALL(a);
        return;
    }
    struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_ifindex = 1, .sll_protocol = htons(3) };
    struct sockaddr_in address = loopback(4010);
    CALL(bind(a, (struct sockaddr *)&all, sizeof all));
    CALL(bind(a, (struct sockaddr *)&all, 10));
    set(a, SOL_PACKET, PACKET_AUXDATA, 1);
    set(a, SOL_PACKET, PACKET_VERSION, TPACKET_V3);
    set(a, SOL_PACKET, PACKET_VERSION, 9);
    CALL(sendto(b, "raw", 3, 0, (struct sockaddr *)&address, 16));
    char data[128];
    struct sockaddr_ll from;
    socklen_t length;
    ssize_t got;
    do {                                               /* others may use the loopback at the same time */
        length = sizeof from;
        got = recvfrom(a, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    } while (got >= 0 && (got != 45 || data[23] != IPPROTO_UDP || memcmp(data + 42, "raw", 3) != 0));
    printf("packet %zd: length %d protocol %#x type %d hatype %d\n", got, (int)length, ntohs(from.sll_protocol), from.sll_pkttype, from.sll_hatype);
    struct packet_mreq member = { 1, PACKET_MR_PROMISC, 0, { 0 } };
    CALL(setsockopt(a, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof member));
    CALL(setsockopt(a, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, 4));
    struct tpacket_stats_v3 statistics;
    length = sizeof statistics;
    CALL(getsockopt(a, SOL_PACKET, PACKET_STATISTICS, &statistics, &length));
    SHOW("length", length);
    struct tpacket_req3 ring = { .tp_block_size = 4096, .tp_block_nr = 4, .tp_frame_size = 2048, .tp_frame_nr = 8 };
    set(a, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
    close(a);
    a = socket(AF_PACKET, SOCK_RAW, 0);
    set(a, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
    CALL(setsockopt(a, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(struct tpacket_req)));
    char *memory = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
    CALL(memory == MAP_FAILED ? -1 : 0);
    CALL(bind(a, (struct sockaddr *)&all, sizeof all));
    CALL(sendto(b, "ring", 4, 0, (struct sockaddr *)&address, 16));
    struct tpacket2_hdr *header = (struct tpacket2_hdr *)memory;
    printf("ring: status %u length %u\n", header->tp_status & 1, header->tp_len);
    CALL(munmap(memory, 4 * 4096));
    close(a), close(b);
    a = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    CALL(a < 0 ? -1 : 0);
    set(a, IPPROTO_IP, IP_HDRINCL, 1);
    all_options(a, SOL_RAW, 0, 3, "");
    close(a);
}

int main(void)
{
    own_network();
    SECTION("tcp");
    tcp();
    SECTION("udp");
    udp();
    SECTION("filters");
    filters();
    SECTION("version 6");
    version6();
    SECTION("multicast");
    multicast();
    SECTION("packets");
    packets();
    SECTION("bad pointers");
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    static char data[64];
    socklen_t length = 16;
    WILD(sendto, ".i..i.", fd, (long)"x", 1, 0, (long)&(struct sockaddr_in){ .sin_family = AF_INET, .sin_port = 9, .sin_addr.s_addr = 0x0100007f }, 16);
    WILD(recvfrom, ".o..oo", fd, (long)data, 1, MSG_DONTWAIT, (long)data, (long)&length);
    return 0;
}
