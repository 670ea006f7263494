/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * io_uring and sockets, with buffers that the kernel chooses.
 */
#include "ring.h"
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define ANY (uintptr_t)
#define GROUP 7

static char bytes[PAGE], chosen[4][16];

static int listener(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = QUIET(socket(AF_INET, SOCK_STREAM, 0));
    QUIET(bind(fd, (struct sockaddr *)address, sizeof *address)), QUIET(listen(fd, 8)), QUIET(getsockname(fd, (struct sockaddr *)address, &size));
    return fd;
}

static void connections(struct ring *r)
{
    struct sockaddr_in address, peer;
    struct sockaddr_un missing = { AF_UNIX, "missing" };
    socklen_t size = sizeof peer;
    r->descriptors = true;
    int listening = listener(&address), client = GO(r, SOCKET, .fd = AF_INET, .off = SOCK_STREAM | SOCK_CLOEXEC), odd = QUIET(socket(AF_UNIX, SOCK_STREAM, 0));
    SHOW("close on exec", fcntl(client, F_GETFD));
    GO(r, SOCKET, .fd = 999, .off = SOCK_STREAM), GO(r, SOCKET, .fd = AF_INET, .off = SOCK_STREAM, .rw_flags = 5);
    PUT(r, ACCEPT, .fd = listening, .addr = ANY &peer, .addr2 = ANY &size, .accept_flags = SOCK_NONBLOCK), ring_go(r, "waiting", 0);
    PUT(r, CONNECT, .fd = client, .addr = ANY &address, .off = sizeof address, .user_data = 2);
    int server = -1;
    for (struct ring_done done[4]; server < 0;) {
        syscall(SYS_io_uring_enter, r->fd, r->put, 1, IORING_ENTER_GETEVENTS, NULL, 0), r->put = 0;
        for (unsigned n = ring_take(r, done, 4); n; n--)
            if (done[n - 1].data == 1) server = done[n - 1].result;
            else printf("connect %d\n", done[n - 1].result);
    }
    ring_go(r, "both", 0);
    SHOW("peer", size == sizeof peer && peer.sin_family == AF_INET && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK)), SHOW("nonblock", (fcntl(server, F_GETFL) & O_NONBLOCK) != 0);
    GO(r, CONNECT, .fd = odd, .addr = ANY &missing, .off = sizeof missing), GO(r, CONNECT, .fd = odd, .addr = 1, .off = sizeof missing), GO(r, CONNECT, .fd = 1, .addr = ANY &missing, .off = sizeof missing);
    GO(r, ACCEPT, .fd = client), GO(r, ACCEPT, .fd = 99);
    r->descriptors = false;
    GO(r, SEND, .fd = client, .addr = ANY "hello", .len = 5, .msg_flags = MSG_NOSIGNAL), GO(r, RECV, .fd = server, .addr = ANY bytes, .len = 100), SHOW_HEX("got", bytes, 5);
    GO(r, SEND, .fd = client, .addr = 1, .len = 5), GO(r, SEND, .fd = 1, .addr = ANY "x", .len = 1), GO(r, RECV, .fd = server, .addr = ANY bytes, .len = 100, .msg_flags = MSG_DONTWAIT);
    GO(r, SEND_ZC, .fd = 99, .addr = ANY "x", .len = 1);
    GO(r, SHUTDOWN, .fd = client, .len = SHUT_WR), GO(r, RECV, .fd = server, .addr = ANY bytes, .len = 100), GO(r, SHUTDOWN, .fd = 1, .len = SHUT_WR);
    close(client), close(server), close(odd);
    /* One request, a completion for each that comes. */
    r->descriptors = true;
    PUT(r, ACCEPT, .fd = listening, .ioprio = IORING_ACCEPT_MULTISHOT), ring_go(r, "multishot", 0);
    for (int i = 0; i < 3; i++) {
        int one = QUIET(socket(AF_INET, SOCK_STREAM, 0));
        QUIET(connect(one, (struct sockaddr *)&address, sizeof address));
        SHOW("accepted", close(ring_go(r, "next", 1))), close(one);
    }
    PUT(r, ASYNC_CANCEL, .addr = 1, .user_data = 9), ring_go(r, "enough", 2);
    r->descriptors = false;
    close(listening);
}

static void messages(struct ring *r)
{
    int pair[2], got = -1;
    char control[CMSG_SPACE(sizeof(int))] = "", name[100];
    QUIET(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    struct iovec parts[2] = { { "one", 3 }, { "two", 3 } }, into = { bytes, 100 };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int)), memcpy(CMSG_DATA(c), &pair[0], sizeof(int));
    GO(r, SENDMSG, .fd = pair[0], .addr = ANY &message, .len = 1);
    memset(control, 0, sizeof control);
    message = (struct msghdr){ .msg_name = name, .msg_namelen = sizeof name, .msg_iov = &into, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    GO(r, RECVMSG, .fd = pair[1], .addr = ANY &message, .len = 1);
    if (CMSG_FIRSTHDR(&message)) memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    SHOW("descriptor", got >= 0 && close(got) == 0), SHOW_HEX("text", bytes, 6), SHOW("control", message.msg_controllen), SHOW("flags", message.msg_flags), SHOW("name", message.msg_namelen);
    GO(r, SENDMSG, .fd = pair[0], .addr = 1, .len = 1), GO(r, RECVMSG, .fd = pair[0], .addr = ANY check_edge(8), .len = 1);
    message = (struct msghdr){ .msg_iov = (void *)1, .msg_iovlen = 1 }, GO(r, RECVMSG, .fd = pair[0], .addr = ANY &message, .len = 1);
    message = (struct msghdr){ .msg_iov = &into, .msg_iovlen = 5000 }, GO(r, SENDMSG, .fd = pair[0], .addr = ANY &message, .len = 1);
    close(pair[0]), close(pair[1]);
}

static void buffers(struct ring *r)
{
    int pair[2];
    QUIET(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    GO(r, PROVIDE_BUFFERS, .fd = 4, .addr = ANY chosen, .len = 16, .off = 10, .buf_group = 3), GO(r, PROVIDE_BUFFERS, .fd = 4, .addr = 1, .len = 16, .buf_group = 4);
    QUIET(write(pair[0], "legacy", 6));
    GO(r, RECV, .fd = pair[1], .len = 16, .flags = IOSQE_BUFFER_SELECT, .buf_group = 3), GO(r, REMOVE_BUFFERS, .fd = 10, .buf_group = 3), GO(r, REMOVE_BUFFERS, .fd = 10, .buf_group = 3), GO(r, RECV, .fd = pair[1], .len = 16, .flags = IOSQE_BUFFER_SELECT, .buf_group = 50, .msg_flags = MSG_DONTWAIT);
    struct io_uring_buf_ring *list = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct io_uring_buf_reg registration = { .ring_addr = ANY list, .ring_entries = 4, .bgid = GROUP }, bad = { .ring_addr = ANY list, .ring_entries = 3, .bgid = 8 };
    RAW(io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &registration, 1), RAW(io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &registration, 1), RAW(io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &bad, 1);
    bad.ring_entries = 4, bad.ring_addr = 0x123456789000, RAW(io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &bad, 1);
    WILD(io_uring_register, "..i.", r->fd, IORING_REGISTER_PBUF_RING, 0, 1);
    for (uint16_t i = 0; i < 3; i++) {             /* its first entry holds the tail */
        list->bufs[i].addr = ANY chosen[i], list->bufs[i].len = 16, list->bufs[i].bid = i;
        __atomic_store_n(&list->tail, i + 1, __ATOMIC_RELEASE);
    }
    PUT(r, RECV, .fd = pair[1], .flags = IOSQE_BUFFER_SELECT, .buf_group = GROUP, .ioprio = IORING_RECV_MULTISHOT), ring_go(r, "multishot", 0);
    for (int i = 0; i < 3; i++) QUIET(write(pair[0], "abc" + i, 3 - (size_t)i)), ring_go(r, "next", i == 2 ? 2 : 1), SHOW_HEX("got", chosen[i], 3 - (size_t)i);
    QUIET(write(pair[0], "x", 1));
    list->bufs[3].addr = ANY chosen[3], list->bufs[3].len = 16, list->bufs[3].bid = 3, __atomic_store_n(&list->tail, 4, __ATOMIC_RELEASE);
    struct msghdr message = { .msg_namelen = 0, .msg_controllen = 0 };
    GO(r, RECVMSG, .fd = pair[1], .addr = ANY &message, .len = 1, .flags = IOSQE_BUFFER_SELECT, .buf_group = GROUP, .ioprio = IORING_RECV_MULTISHOT);
    PUT(r, ASYNC_CANCEL, .cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL, .user_data = 9), ring_go(r, "the end", 1);
    RAW(io_uring_register, r->fd, IORING_UNREGISTER_PBUF_RING, &registration, 1), RAW(io_uring_register, r->fd, IORING_UNREGISTER_PBUF_RING, &registration, 1);
    close(pair[0]), close(pair[1]);
    /* Registered again, the kernel has the memory: it is mapped from the ring. */
    registration = (struct io_uring_buf_reg){ .ring_entries = 4, .bgid = GROUP, .pad = 1 };
    RAW(io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &registration, 1);
    list = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0x80000000ull | (unsigned long)GROUP << 16);
    SHOW("mapped", list != MAP_FAILED);
    list->bufs[0].addr = ANY chosen[0], list->bufs[0].len = 16, list->bufs[0].bid = 5, __atomic_store_n(&list->tail, 1, __ATOMIC_RELEASE);
    QUIET(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), QUIET(write(pair[0], "kernel's", 8));
    GO(r, READ, .fd = pair[1], .len = 16, .flags = IOSQE_BUFFER_SELECT, .buf_group = GROUP, .off = -1), SHOW_HEX("got", chosen[0], 8);
    GO(r, READ, .fd = pair[1], .len = 16, .flags = IOSQE_BUFFER_SELECT, .buf_group = GROUP, .off = -1);
    close(pair[0]), close(pair[1]);
}

int main(void)
{
    static const unsigned ways[] = { 0, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SQPOLL };
    for (int i = 0; i < 3; i++) {
        struct ring *r = ring_new(8, ways[i]);
        printf("\n==== flags %x\n", ways[i]);
        SECTION("connections"), connections(r);
        SECTION("messages"), messages(r);
        SECTION("buffers"), buffers(r);
        ring_free(r);
    }
    return 0;
}
