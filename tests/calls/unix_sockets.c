/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AF_UNIX: addresses, types, control messages, credentials, options, partial transfers.
 */
#include "check.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif
enum { PASSPIDFD = 76, PEERPIDFD = 77 };       /* SO_PASSPIDFD, SO_PEERPIDFD: newer than the C library's headers */

static socklen_t name_of(struct sockaddr_un *address, const char *path, size_t size)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, size);
    return offsetof(struct sockaddr_un, sun_path) + size;
}

static void show_name(const char *label, int fd, bool peer)
{
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    memset(&address, 0xee, sizeof address);
    int result = peer ? getpeername(fd, (struct sockaddr *)&address, &length) : getsockname(fd, (struct sockaddr *)&address, &length);
    if (result) printf("%s: %s\n", label, check_error(errno));
    else printf("%s: length %d family %d path %.*s\n", label, (int)length, address.sun_family, length > 3 ? (int)length - 3 : 0, address.sun_path + 1);
}

static void types(void)
{
    int pair[2];
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW, SOCK_RDM, 7, 0, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                 SOCK_STREAM | 0x1000 };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (int protocol = 0; protocol < 3; protocol++) {
            printf("type %#x protocol %d: ", types[i], protocol);
            if (CALL(socketpair(AF_UNIX, types[i], protocol, pair)) == 0) {
                printf("  flags %#x %#x\n", fcntl(pair[0], F_GETFD), fcntl(pair[1], F_GETFL));
                close(pair[0]), close(pair[1]);
            }
        }
    CALL(socketpair(AF_INET, SOCK_STREAM, 0, pair));
    CALL(socketpair(99, SOCK_STREAM, 0, pair));
    CALL(socket(-1, SOCK_STREAM, 0));
    CALL(socket(0, SOCK_STREAM, 0));
    CALL(socket(45, SOCK_STREAM, 0));
    CALL(socket(46, SOCK_STREAM, 0));
    WILD(socketpair, "...o", AF_UNIX, SOCK_STREAM, 0, 0);
    /* Nothing stays open after EFAULT. */
    int fd = dup(0);
    SHOW("next descriptor", fd);
    close(fd);
}

static void addresses(void)
{
    struct sockaddr_un address;
    socklen_t length;
    int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
    show_name("fresh", a, false);
    show_name("fresh peer", a, true);
    length = name_of(&address, "sock", 5);
    for (socklen_t size = 0; size <= sizeof address + 2; size += size == 6 ? 102 : 1) {
        struct { struct sockaddr_un address; char more[16]; } big = { .address = { .sun_family = AF_UNIX, .sun_path = "sock" } };
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        memcpy(&big.address, &address, sizeof address);
        printf("bind %d: %s\n", (int)size, bind(c, (struct sockaddr *)&big, size) ? check_error(errno) : "ok");
        if (size != 2) show_name("  bound", c, false);
        close(c), unlink("sock"), unlink("s"), unlink("so"), unlink("soc");
    }
    CALL(bind(a, (struct sockaddr *)&address, length));
    CALL(bind(a, (struct sockaddr *)&address, length));
    CALL(bind(b, (struct sockaddr *)&address, length));
    CALL(connect(b, (struct sockaddr *)&address, length));
    CALL(listen(a, 4));
    CALL(listen(b, -1));
    CALL(connect(b, (struct sockaddr *)&address, length));
    CALL(connect(b, (struct sockaddr *)&address, length));
    show_name("client", b, false);
    show_name("client peer", b, true);
    socklen_t got = 4;
    char small[16] = "................";
    int c = accept4(a, (struct sockaddr *)small, &got, SOCK_CLOEXEC | SOCK_NONBLOCK);
    printf("accepted: length %d flags %d %#x\n", (int)got, fcntl(c, F_GETFD), fcntl(c, F_GETFL));
    show_name("server", c, false);
    RAW(accept4, a, NULL, NULL, 0x1);
    CALL(accept(c, NULL, NULL));
    CALL(accept(0, NULL, NULL));
    got = 6;
    CALL(getsockname(a, (struct sockaddr *)small, &got));
    SHOW("whole length", got);
    SHOW_HEX("cut name", small, 8);
    got = -1;
    CALL(getsockname(a, (struct sockaddr *)small, &got));
    SHOW("length", (int)got);
    got = 0;
    CALL(getsockname(a, NULL, &got));
    SHOW("length", got);
    got = sizeof address;
    WILD(getsockname, ".oo", a, (long)&address, (long)&got);
    got = sizeof address;
    WILD(getpeername, ".oo", b, (long)&address, (long)&got);
    WILD(bind, ".i.", b, 0, 20);
    WILD(connect, ".i.", b, 0, 20);
    close(a), close(b), close(c);
    a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
    CALL(connect(b, (struct sockaddr *)&address, length));
    length = name_of(&address, "none/x", 7);
    CALL(connect(b, (struct sockaddr *)&address, length));
    CALL(bind(a, (struct sockaddr *)&address, length));
    unlink("sock");
    length = name_of(&address, "\0ferry-calls\0x", 14);
    CALL(bind(a, (struct sockaddr *)&address, length));
    show_name("abstract", a, false);
    CALL(connect(b, (struct sockaddr *)&address, length - 1));
    CALL(listen(a, 1));
    CALL(connect(b, (struct sockaddr *)&address, length));
    show_name("abstract peer", b, true);
    close(b);
    b = socket(AF_UNIX, SOCK_DGRAM, 0);
    CALL(connect(b, (struct sockaddr *)&address, length));
    close(a), close(b);
    a = socket(AF_UNIX, SOCK_DGRAM, 0);
    CALL(bind(a, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, 2));
    length = sizeof address;
    QUIET(getsockname(a, (struct sockaddr *)&address, &length));
    printf("autobind: length %d first %d\n", (int)length, address.sun_path[0]);
    address.sun_family = AF_INET;
    b = socket(AF_UNIX, SOCK_DGRAM, 0);
    CALL(connect(b, (struct sockaddr *)&address, length));
    address.sun_family = AF_UNIX;
    CALL(connect(b, (struct sockaddr *)&address, length));
    CALL(send(b, "x", 1, 0));
    CALL(send(b, NULL, 0, 0));
    char data[4];
    CALL(recv(a, data, 4, 0));
    CALL(recv(a, data, 4, 0));
    CALL(sendto(a, "x", 1, 0, (struct sockaddr *)&address, length));
    address.sun_family = AF_UNSPEC;
    CALL(connect(b, (struct sockaddr *)&address, 2));
    CALL(send(b, "x", 1, 0));
    close(a), close(b);
}

static void show_control(struct msghdr *message)
{
    printf("  flags %#x control %zu\n", message->msg_flags, message->msg_controllen);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        printf("  level %d type %d length %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred *u = (struct ucred *)CMSG_DATA(c);
            printf(" own pid %d uid %d gid %d", u->pid == getpid(), u->uid, u->gid);
        }
        if (c->cmsg_type == SCM_RIGHTS)
            for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
                int fd = ((int *)CMSG_DATA(c))[i];
                printf(" fd %d flags %d", fd, fcntl(fd, F_GETFD));
                close(fd);
            }
        if (c->cmsg_type == SCM_PIDFD) {
            int fd = *(int *)CMSG_DATA(c);
            printf(" pidfd %d works %ld", fd, syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
            close(fd);
        }
        printf("\n");
    }
}

static void send_rights(int fd, const int *fds, unsigned count, size_t bytes)
{
    char control[CMSG_SPACE(sizeof(int) * 300)] = { 0 };
    struct iovec part = { "data", 4 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int) * count) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = bytes ? bytes : CMSG_LEN(sizeof(int) * count);
    for (unsigned i = 0; i < count; i++) memcpy(CMSG_DATA(c) + i * sizeof(int), &fds[i % 4], sizeof(int));
    printf("send %u descriptors: %s\n", count, sendmsg(fd, &message, 0) < 0 ? check_error(errno) : "ok");
}

static void receive(int fd, size_t space, int flags)
{
    static char control[4096];
    char data[8];
    struct iovec part = { data, sizeof data };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = space };
    memset(control, 0, sizeof control);
    ssize_t got = recvmsg(fd, &message, flags | MSG_DONTWAIT);
    printf("receive with %zu: %s\n", space, got < 0 ? check_error(errno) : "ok");
    if (got >= 0) show_control(&message);
}

static void rights(void)
{
    int pair[2], fds[4] = { 0, 0, 1, 2 };
    QUIET(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    for (size_t space = 0; space <= 48; space += 4) {
        send_rights(pair[0], fds, 4, 0);
        receive(pair[1], space, space & 4 ? MSG_CMSG_CLOEXEC : 0);
    }
    send_rights(pair[0], fds, 253, 0);
    receive(pair[1], 64, MSG_PEEK);
    receive(pair[1], 0, 0);
    send_rights(pair[0], fds, 254, 0);
    send_rights(pair[0], fds, 1, 8);
    send_rights(pair[0], fds, 1, 17);
    receive(pair[1], 64, 0);
    send_rights(pair[0], fds, 1, 1000);
    send_rights(pair[0], (int[]){ 1000, 1, 1, 1 }, 1, 0);
    send_rights(pair[0], (int[]){ -1, 1, 1, 1 }, 1, 0);
    send_rights(pair[0], pair, 2, 0);
    receive(pair[1], 64, 0);
    int on = 1, value = 0;
    socklen_t size = sizeof value;
    CALL(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    CALL(getsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &value, &size));
    SHOW("passcred", value);
    send_rights(pair[0], fds, 1, 0);
    receive(pair[1], 200, 0);
    send_rights(pair[0], fds, 1, 0);
    receive(pair[1], CMSG_SPACE(12), 0);
    CALL(setsockopt(pair[1], SOL_SOCKET, PASSPIDFD, &on, sizeof on));
    send_rights(pair[0], fds, 2, 0);
    receive(pair[1], 200, MSG_CMSG_CLOEXEC);
    /* Credentials of one's own choice. */
    for (int i = 0; i < 4; i++) {
        struct ucred u = { i == 1 ? 1 : i == 3 ? 0x7ffffff0 : getpid(), i == 2 ? 12345 : getuid(), getgid() };
        char control[CMSG_SPACE(sizeof u)] = { 0 };
        struct msghdr message = { .msg_control = control, .msg_controllen = sizeof control };
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_CREDENTIALS, c->cmsg_len = CMSG_LEN(sizeof u);
        memcpy(CMSG_DATA(c), &u, sizeof u);
        printf("credentials %d: %s\n", i, sendmsg(pair[0], &message, 0) < 0 ? check_error(errno) : "ok");
        receive(pair[1], 200, 0);
    }
    close(pair[0]), close(pair[1]);
    QUIET(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CALL(send(pair[0], "abc", 3, 0));
    send_rights(pair[0], fds, 1, 0);
    CALL(send(pair[0], "defg", 4, 0));
    for (int i = 0; i < 4; i++) receive(pair[1], 200, 0);
    struct ucred peer;
    size = sizeof peer;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
    printf("peer %d %d %d size %d\n", peer.pid == getpid(), peer.uid, peer.gid, (int)size);
    size = 4;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, sizeof peer));
    char text[64];
    gid_t groups[64];
    size = sizeof text;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERSEC, text, &size));
    size = 0;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERGROUPS, groups, &size));
    SHOW("size", size);
    size = sizeof groups;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERGROUPS, groups, &size));
    size = 4;
    OK(getsockopt(pair[0], SOL_SOCKET, PEERPIDFD, &value, &size));
    CALL(fcntl(value, F_GETFD));
    close(value), close(pair[0]), close(pair[1]);
}

static void transfers(void)
{
    int pair[2];
    char data[64] = "";
    struct iovec parts[3] = { { "one", 3 }, { "two", 3 }, { check_pages()->edge, 5 } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type += type == SOCK_DGRAM ? 3 : 1) {
        SHOW("type", type);
        QUIET(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair));
        CALL(recv(pair[1], data, 4, 0));
        CALL(sendmsg(pair[0], &message, 0));
        CALL(recv(pair[1], data, 4, MSG_PEEK));
        CALL(recv(pair[1], data, 4, MSG_TRUNC));
        CALL(recv(pair[1], data, 4, MSG_WAITALL));
        CALL(recv(pair[1], data, 0, 0));
        message.msg_iovlen = 3;
        CALL(sendmsg(pair[0], &message, 0));
        CALL(recv(pair[1], data, 64, 0));
        CALL(send(pair[0], check_edge(4), 8, 0));
        CALL(recv(pair[1], data, 64, 0));
        CALL(send(pair[0], "0123456789", 10, 0));
        CALL(recv(pair[1], check_edge(4), 10, 0));
        CALL(recv(pair[1], data, 64, 0));
        CALL(send(pair[0], "0123456789", 10, 0));
        CALL(recv(pair[1], check_pages()->readonly, 10, 0));
        CALL(recv(pair[1], data, 64, 0));
        CALL(send(pair[0], "x", 1, MSG_OOB));
        CALL(recv(pair[1], data, 1, MSG_OOB));
        CALL(recv(pair[1], data, 1, 0));
        CALL(send(pair[0], "x", 1, 0x10000000));
        CALL(send(pair[0], "x", 1, MSG_CONFIRM | MSG_DONTROUTE | MSG_MORE | MSG_EOR));
        CALL(send(pair[0], data, 64 << 20, 0));
        CALL(shutdown(pair[0], 3));
        CALL(shutdown(pair[0], -1));
        CALL(shutdown(pair[0], SHUT_WR));
        CALL(send(pair[0], "x", 1, MSG_NOSIGNAL));
        CALL(recv(pair[1], data, 64, 0));
        CALL(recv(pair[1], data, 64, 0));
        CALL(recv(pair[1], data, 64, 0));
        CALL(send(pair[1], "x", 1, 0));
        CALL(shutdown(pair[1], SHUT_RDWR));
        message.msg_iovlen = 2;
        CHILD(send(pair[0], "x", 1, 0));
        close(pair[1]);
        CALL(send(pair[0], "x", 1, MSG_NOSIGNAL));
        close(pair[0]);
    }
    QUIET(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    message.msg_iovlen = 1025;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_iovlen = -1;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_iovlen = 0;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_iovlen = 1, parts[0].iov_len = -1;
    CALL(sendmsg(pair[0], &message, 0));
    parts[0].iov_len = 3, message.msg_controllen = 4, message.msg_control = NULL;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_controllen = 40;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_controllen = 1ull << 32;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_controllen = 0, message.msg_name = check_pages()->edge, message.msg_namelen = 10;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_namelen = -1;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_namelen = 200, message.msg_name = data;
    CALL(sendmsg(pair[0], &message, 0));
    message.msg_name = NULL, message.msg_namelen = 0;
    WILD(sendmsg, ".i.", pair[0], 0, 0);
    for (int i = 0; i < 4; i++) QUIET(send(pair[0], "x", 1, 0));
    WILD(recvmsg, ".o.", pair[1], 0, MSG_DONTWAIT);
    close(pair[0]), close(pair[1]);
}

static void many(void)
{
    int pair[2];
    char data[6][4];
    struct iovec parts[6];
    struct mmsghdr messages[6];
    struct timespec timeout = { 0, 50000000 };
    QUIET(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < 6; i++) {
        parts[i] = (struct iovec){ data[i], i % 4 + 1 };
        memcpy(data[i], "abc", 4);
        messages[i].msg_hdr.msg_iov = &parts[i], messages[i].msg_hdr.msg_iovlen = 1, messages[i].msg_len = 77;
    }
    CALL(sendmmsg(pair[0], messages, 6, 0));
    for (int i = 0; i < 6; i++) printf("%u ", messages[i].msg_len);
    printf("\n");
    parts[3].iov_base = check_pages()->edge;
    CALL(sendmmsg(pair[0], messages, 6, 0));
    CALL(sendmmsg(pair[0], messages + 3, 3, 0));
    CALL(sendmmsg(pair[0], messages, 0, 0));
    parts[3].iov_base = data[3];
    CALL(recvmmsg(pair[1], messages, 4, 0, NULL));
    for (int i = 0; i < 6; i++) printf("%u/%#x ", messages[i].msg_len, messages[i].msg_hdr.msg_flags);
    printf("\n");
    CALL(recvmmsg(pair[1], messages, 6, MSG_WAITFORONE, NULL));
    CALL(recvmmsg(pair[1], messages, 6, MSG_DONTWAIT, NULL));
    CALL(recvmmsg(pair[1], messages, 6, MSG_DONTWAIT, &(struct timespec){ 0, -1 }));
    CALL(recvmmsg(pair[1], messages, 6, MSG_DONTWAIT, &(struct timespec){ 0, 1000000000 }));
    CALL(sendmmsg(pair[0], messages, 2, 0));
    CALL(recvmmsg(pair[1], messages, 2, 0, &timeout));
    SHOW("left", timeout.tv_sec == 0 && timeout.tv_nsec <= 50000000);
    CALL(sendmmsg(pair[0], messages, 2, 0));
    CALL(recvmmsg(pair[1], messages, 6, MSG_DONTWAIT | MSG_WAITFORONE, &(struct timespec){ 0, 0 }));
    CALL(recvmmsg(pair[1], messages, 6, MSG_DONTWAIT, NULL));
    struct mmsghdr *edge = check_edge(2 * sizeof *edge);
    memcpy(edge, messages, 2 * sizeof *edge);
    CALL(sendmmsg(pair[0], edge, 4, 0));
    CALL(recvmmsg(pair[1], edge, 4, MSG_DONTWAIT, NULL));
    CALL(recvmmsg(pair[1], edge, 4, MSG_DONTWAIT, NULL));
    WILD(sendmmsg, ".i..", pair[0], 0, 2, 0);
    WILD(recvmmsg, ".o..i", pair[1], (long)messages, 2, MSG_DONTWAIT, 0);
    close(pair[0]), close(pair[1]);
}

static void options(void)
{
    int pair[2];
    QUIET(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    for (int option = 0; option < 90; option++) {
        union { char bytes[128]; int number; } value;
        socklen_t size = sizeof value;
        memset(&value, 0, sizeof value);
        if (option == SO_PEERCRED || option == SO_INCOMING_NAPI_ID || option == SO_COOKIE || option == PEERPIDFD || option == SO_INCOMING_CPU)
            continue;
        int result = getsockopt(pair[0], SOL_SOCKET, option, &value, &size);
        if (result) printf("get %d: %s\n", option, check_error(errno));
        else printf("get %d: size %d value %d\n", option, (int)size, value.number);
        size = 1;
        if (getsockopt(pair[0], SOL_SOCKET, option, &value, &size) == 0) printf("  cut: size %d\n", (int)size);
        if (option == SO_DETACH_FILTER || option == SO_ATTACH_FILTER || option == SO_LOCK_FILTER) continue;
        int number = 1;
        printf("set %d: %s", option, setsockopt(pair[0], SOL_SOCKET, option, &number, 4) ? check_error(errno) : "ok");
        printf(" %s", setsockopt(pair[0], SOL_SOCKET, option, &number, 3) ? check_error(errno) : "ok");
        printf(" %s\n", setsockopt(pair[0], SOL_SOCKET, option, check_pages()->edge, 4) ? check_error(errno) : "ok");
    }
    int value;
    socklen_t size = 4;
    CALL(getsockopt(pair[0], 1000, 1, &value, &size));
    CALL(setsockopt(pair[0], 1000, 1, &value, size));
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, -1));
    size = -1;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &size));
    size = 4;
    WILD(getsockopt, "...oo", pair[0], SOL_SOCKET, SO_TYPE, (long)&value, (long)&size);
    WILD(setsockopt, "...i.", pair[0], SOL_SOCKET, SO_PASSCRED, 0, 4);
    CALL(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &size));
    CALL(getsockopt(500, SOL_SOCKET, SO_TYPE, &value, &size));
    close(pair[0]), close(pair[1]);
}

int main(void)
{
    SECTION("types");
    types();
    SECTION("addresses");
    addresses();
    SECTION("control messages");
    rights();
    SECTION("transfers");
    transfers();
    SECTION("sendmmsg and recvmmsg");
    many();
    SECTION("options");
    options();
    return 0;
}
