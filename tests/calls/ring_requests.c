/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * io_uring: what requests do with files, time and each other.
 * sysroot: yes
 */
#include "ring.h"
#include <linux/openat2.h>
#include <linux/stat.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#define OPERATION_PIPE 62                      /* newer than the headers */
#define ANY (uintptr_t)

static char bytes[4 * PAGE], other[4 * PAGE];

/* Names below the directory that the run was started in: with a sysroot, that is outside of it. */
static void names(struct ring *r)
{
    struct open_how how = { .flags = O_CREAT | O_RDWR | O_NOFOLLOW, .mode = 0600 }, resolve = { .flags = O_RDONLY | O_DIRECTORY, .resolve = RESOLVE_IN_ROOT };
    struct { struct open_how how; uint64_t more; } longer = { { .flags = O_RDONLY | O_DIRECTORY }, 0 };
    struct statx x;
    int fd = GO(r, OPENAT2, .fd = AT_FDCWD, .addr = ANY "a", .off = ANY &how, .len = sizeof how);
    SHOW("flags", (fcntl(fd, F_GETFL) & (O_ACCMODE | O_NOFOLLOW | O_DIRECTORY | O_DIRECT)) == (O_RDWR | O_NOFOLLOW));
    GO(r, OPENAT2, .fd = AT_FDCWD, .addr = ANY "a", .off = ANY &longer, .len = sizeof longer);
    longer.more = 1;
    GO(r, OPENAT2, .fd = AT_FDCWD, .addr = ANY ".", .off = ANY &longer, .len = sizeof longer);
    GO(r, OPENAT2, .fd = AT_FDCWD, .addr = ANY ".", .off = ANY &how, .len = 8);
    GO(r, OPENAT2, .fd = AT_FDCWD, .addr = ANY ".", .off = 1, .len = sizeof how);
    int directory = GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY ".", .open_flags = O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    SHOW("close on exec", fcntl(directory, F_GETFD));
    int root = GO(r, OPENAT2, .fd = directory, .addr = ANY "/", .off = ANY &resolve, .len = sizeof resolve);
    struct stat one, two;
    SHOW("in root", fstat(root, &one) == 0 && fstat(directory, &two) == 0 && one.st_ino == two.st_ino);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "a", .open_flags = O_RDONLY | O_CREAT | O_EXCL, .len = 0600);
    GO(r, MKDIRAT, .fd = directory, .addr = ANY "d", .len = 0700), GO(r, MKDIRAT, .fd = directory, .addr = ANY "d", .len = 0700);
    GO(r, SYMLINKAT, .fd = directory, .addr = ANY "../a", .addr2 = ANY "d/link");
    GO(r, LINKAT, .fd = directory, .addr = ANY "d/link", .len = AT_FDCWD, .addr2 = ANY "same"), GO(r, LINKAT, .fd = directory, .addr = ANY "d/link", .len = AT_FDCWD, .addr2 = ANY "followed", .hardlink_flags = AT_SYMLINK_FOLLOW);
    SHOW("link", lstat("same", &one) == 0 && S_ISLNK(one.st_mode)), SHOW("followed", lstat("followed", &one) == 0 && S_ISREG(one.st_mode));
    GO(r, OPENAT, .fd = directory, .addr = ANY "d/link", .open_flags = O_RDONLY | O_NOFOLLOW);
    GO(r, STATX, .fd = directory, .addr = ANY "d/link", .len = STATX_BASIC_STATS, .off = ANY &x, .statx_flags = AT_SYMLINK_NOFOLLOW);
    SHOW_HEX("mode", &x.stx_mode, 2);
    GO(r, STATX, .fd = directory, .addr = ANY "d/link", .len = STATX_BASIC_STATS, .off = ANY &x);
    SHOW_HEX("mode", &x.stx_mode, 2);
    GO(r, STATX, .fd = fd, .addr = ANY "", .len = STATX_BASIC_STATS, .off = ANY &x, .statx_flags = AT_EMPTY_PATH), GO(r, STATX, .fd = fd, .addr = ANY "a", .len = 1, .off = ANY check_pages()->none);
    GO(r, RENAMEAT, .fd = directory, .addr = ANY "a", .len = AT_FDCWD, .addr2 = ANY "b"), GO(r, RENAMEAT, .fd = directory, .addr = ANY "b", .len = AT_FDCWD, .addr2 = ANY "same", .rename_flags = 1);
    GO(r, RENAMEAT, .fd = directory, .addr = ANY "b", .len = directory, .addr2 = ANY "c", .rename_flags = 2);
    GO(r, UNLINKAT, .fd = directory, .addr = ANY "d"), GO(r, UNLINKAT, .fd = directory, .addr = ANY "d/link"), GO(r, UNLINKAT, .fd = directory, .addr = ANY "d", .unlink_flags = AT_REMOVEDIR);
    GO(r, UNLINKAT, .fd = AT_FDCWD, .addr = 1), GO(r, OPENAT, .fd = AT_FDCWD, .addr = 0), GO(r, OPENAT, .fd = 99, .addr = ANY "x"), GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "");
    GO(r, FSETXATTR, .fd = fd, .addr = ANY "user.x", .off = ANY "value", .len = 5), GO(r, GETXATTR, .addr = ANY "user.x", .off = ANY bytes, .len = 100, .addr3 = ANY "followed");
    GO(r, SETXATTR, .addr = ANY "user.y", .off = ANY "other", .len = 5, .addr3 = ANY "none"), GO(r, FGETXATTR, .fd = fd, .addr = ANY "user.x", .off = ANY bytes, .len = 2);
    int ends[2] = { 0, 0 };
    struct io_uring_sqe pipes = { .opcode = OPERATION_PIPE, .addr = ANY ends, .open_flags = O_CLOEXEC | O_DIRECT | O_NONBLOCK };
    ring_put(r, pipes), ring_go(r, "PIPE", 1);
    SHOW("packets", (fcntl(ends[1], F_GETFL) & (O_DIRECT | O_NONBLOCK | O_DIRECTORY)) == (O_DIRECT | O_NONBLOCK));
    pipes.addr = 1, ring_put(r, pipes), ring_go(r, "PIPE", 1);
    close(ends[0]), close(ends[1]), close(root), close(directory), close(fd);
}

static void fixed(struct ring *r)
{
    struct iovec buffers[3] = { { bytes, PAGE }, { other, PAGE }, { NULL, 0 } }, wild = { check_pages()->none, PAGE }, parts[2] = { { bytes, 10 }, { other, 20 } };
    int fd = QUIET(open("fixed", O_RDWR | O_CREAT | O_TRUNC, 0600)), files[4] = { fd, -1, -1, -1 };
    GO(r, READ_FIXED, .fd = fd, .addr = ANY bytes, .len = 10);
    RAW(io_uring_register, r->fd, IORING_REGISTER_BUFFERS, &wild, 1);
    RAW(io_uring_register, r->fd, IORING_REGISTER_BUFFERS, buffers, 3), RAW(io_uring_register, r->fd, IORING_REGISTER_BUFFERS, buffers, 2);
    memset(bytes, 'x', PAGE);
    GO(r, WRITE_FIXED, .fd = fd, .addr = ANY bytes + 10, .len = 100, .buf_index = 0);
    GO(r, READ_FIXED, .fd = fd, .addr = ANY other, .len = 200, .buf_index = 1);
    SHOW("read", memcmp(bytes, other, 100) == 0);
    GO(r, READ_FIXED, .fd = fd, .addr = ANY other + PAGE - 10, .len = 20, .buf_index = 1), GO(r, READ_FIXED, .fd = fd, .addr = ANY other, .len = 20, .buf_index = 7), GO(r, READ_FIXED, .fd = fd, .addr = ANY other, .len = 20, .buf_index = 2);
    RAW(io_uring_register, r->fd, IORING_REGISTER_FILES, files, 4), RAW(io_uring_register, r->fd, IORING_REGISTER_FILES, files, 4);
    GO(r, WRITEV, .flags = IOSQE_FIXED_FILE, .fd = 0, .addr = ANY parts, .len = 2), GO(r, READV, .flags = IOSQE_FIXED_FILE, .fd = 0, .addr = ANY parts, .len = 2);
    GO(r, READV, .flags = IOSQE_FIXED_FILE, .fd = 1, .addr = ANY parts, .len = 2), GO(r, READV, .flags = IOSQE_FIXED_FILE, .fd = 9, .addr = ANY parts, .len = 2);
    GO(r, READV, .fd = fd, .addr = ANY parts, .len = -1), GO(r, READV, .fd = fd, .addr = 1, .len = 2);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY ".", .open_flags = O_RDONLY | O_DIRECTORY, .file_index = 3), GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "fixed", .open_flags = O_RDONLY | O_CLOEXEC, .file_index = 2);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "fixed", .open_flags = O_RDONLY, .file_index = 2), GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "fixed", .open_flags = O_RDONLY, .file_index = 9);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "fixed", .open_flags = O_RDONLY, .file_index = IORING_FILE_INDEX_ALLOC);
    GO(r, READ, .flags = IOSQE_FIXED_FILE, .fd = 1, .addr = ANY bytes, .len = 10), GO(r, CLOSE, .file_index = 2), GO(r, CLOSE, .file_index = 2), GO(r, CLOSE, .fd = 0, .flags = IOSQE_FIXED_FILE);
    struct io_uring_file_index_range range = { .off = 2, .len = 2 }, outside = { .off = 2, .len = 20 };
    RAW(io_uring_register, r->fd, IORING_REGISTER_FILE_ALLOC_RANGE, &range, 0), RAW(io_uring_register, r->fd, IORING_REGISTER_FILE_ALLOC_RANGE, &outside, 0);
    WILD(io_uring_register, "..i.", r->fd, IORING_REGISTER_FILE_ALLOC_RANGE, 0, 0);
    struct io_uring_rsrc_update update = { .offset = 0, .data = ANY & (int){ -1 } };
    RAW(io_uring_register, r->fd, IORING_REGISTER_FILES_UPDATE, &update, 1);
    int more[2] = { fd, fd };
    GO(r, FILES_UPDATE, .addr = ANY more, .len = 2, .off = 0), GO(r, FILES_UPDATE, .addr = ANY more, .len = 2, .off = 3);
    GO(r, READ, .flags = IOSQE_FIXED_FILE, .fd = 0, .addr = ANY bytes, .len = 10);
    RAW(io_uring_register, r->fd, IORING_UNREGISTER_FILES, NULL, 0), RAW(io_uring_register, r->fd, IORING_UNREGISTER_FILES, NULL, 0), RAW(io_uring_register, r->fd, IORING_UNREGISTER_BUFFERS, NULL, 0);
    GO(r, FALLOCATE, .fd = fd, .off = 0, .addr = 10000, .len = 0), GO(r, FSYNC, .fd = fd, .fsync_flags = IORING_FSYNC_DATASYNC), GO(r, SYNC_FILE_RANGE, .fd = fd, .len = 100);
    GO(r, FADVISE, .fd = fd, .len = 100, .fadvise_advice = 1), GO(r, FADVISE, .fd = fd, .len = 100, .fadvise_advice = 77);
    GO(r, MADVISE, .addr = ANY bytes, .len = PAGE, .fadvise_advice = MADV_WILLNEED), GO(r, MADVISE, .addr = 1, .len = PAGE, .fadvise_advice = MADV_DONTNEED);
    GO(r, READ, .fd = fd, .addr = ANY check_pages()->readonly, .len = 10), GO(r, READ, .fd = fd, .addr = ANY check_pages()->none, .len = 10), GO(r, WRITE, .fd = fd, .addr = 0x123456789000, .len = 10), GO(r, WRITE, .fd = fd, .addr = -PAGE, .len = 10);
    close(fd);
}

static void pipes(struct ring *r)
{
    int a[2], b[2];
    QUIET(pipe(a)), QUIET(pipe(b)), QUIET(write(a[1], "0123456789", 10));
    GO(r, TEE, .splice_fd_in = a[0], .fd = b[1], .len = 4), GO(r, SPLICE, .splice_fd_in = a[0], .splice_off_in = -1, .fd = b[1], .off = -1, .len = 6);
    GO(r, READ, .fd = b[0], .addr = ANY bytes, .len = 100, .off = -1);
    SHOW_HEX("read", bytes, 10);
    GO(r, SPLICE, .splice_fd_in = 99, .splice_off_in = -1, .fd = b[1], .off = -1, .len = 6), GO(r, SPLICE, .splice_fd_in = a[0], .splice_off_in = 5, .fd = b[1], .off = -1, .len = 6);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

static void time_and_links(struct ring *r)
{
    struct __kernel_timespec soon = { 0, 2000000 }, late = { 100, 0 }, bad = { 0, -1 };
    int ends[2];
    QUIET(pipe(ends));
    GO(r, TIMEOUT, .fd = -1, .addr = ANY &soon, .len = 1), GO(r, TIMEOUT, .fd = -1, .addr = ANY &soon, .len = 1, .timeout_flags = IORING_TIMEOUT_ETIME_SUCCESS);
    GO(r, TIMEOUT, .fd = -1, .addr = ANY &bad, .len = 1), GO(r, TIMEOUT, .fd = -1, .addr = 1, .len = 1), GO(r, TIMEOUT, .fd = -1, .addr = ANY &soon, .len = 2);
    PUT(r, TIMEOUT, .fd = -1, .addr = ANY &late, .len = 1, .off = 1), PUT(r, NOP), ring_go(r, "after one completion", 2);
    PUT(r, TIMEOUT, .fd = -1, .addr = ANY &late, .len = 1), PUT(r, TIMEOUT_REMOVE, .fd = -1, .addr = 1), ring_go(r, "removed", 2);
    PUT(r, TIMEOUT, .fd = -1, .addr = ANY &late, .len = 1), PUT(r, TIMEOUT_REMOVE, .fd = -1, .addr = 1, .addr2 = ANY &soon, .timeout_flags = IORING_TIMEOUT_UPDATE), ring_go(r, "made shorter", 2);
    GO(r, TIMEOUT_REMOVE, .fd = -1, .addr = 77);
    PUT(r, READ, .fd = ends[0], .addr = ANY bytes, .len = 1, .off = -1, .flags = IOSQE_IO_LINK), PUT(r, LINK_TIMEOUT, .fd = -1, .addr = ANY &soon, .len = 1), ring_go(r, "too late", 2);
    PUT(r, NOP, .flags = IOSQE_IO_LINK), PUT(r, LINK_TIMEOUT, .fd = -1, .addr = ANY &late, .len = 1), ring_go(r, "in time", 2);
    GO(r, LINK_TIMEOUT, .fd = -1, .addr = ANY &late, .len = 1);
    PUT(r, WRITE, .fd = ends[1], .addr = ANY "ab", .len = 2, .off = -1, .flags = IOSQE_IO_LINK), PUT(r, READ, .fd = ends[0], .addr = ANY bytes, .len = 2, .off = -1, .flags = IOSQE_IO_LINK), PUT(r, NOP), ring_go(r, "linked", 3);
    PUT(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "none", .flags = IOSQE_IO_LINK), PUT(r, NOP, .flags = IOSQE_IO_LINK), PUT(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "."), ring_go(r, "broken link", 3);
    PUT(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "none", .flags = IOSQE_IO_HARDLINK), PUT(r, NOP, .flags = IOSQE_IO_HARDLINK), PUT(r, STATX, .fd = AT_FDCWD, .addr = ANY ".", .off = ANY bytes, .len = 1), ring_go(r, "hard link", 3);
    PUT(r, NOP), PUT(r, NOP, .flags = IOSQE_IO_DRAIN), PUT(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "none", .flags = IOSQE_IO_DRAIN | IOSQE_ASYNC), ring_go(r, "drained", 3);
    PUT(r, NOP, .flags = IOSQE_CQE_SKIP_SUCCESS), PUT(r, READ, .fd = 99, .flags = IOSQE_CQE_SKIP_SUCCESS), ring_go(r, "skipped", 1);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "fixed", .open_flags = O_RDONLY | O_DIRECTORY, .flags = IOSQE_ASYNC), GO(r, NOP, .flags = 0x80);
    close(ends[0]), close(ends[1]);
}

static void polls(struct ring *r)
{
    struct ring_done done[8];
    int event = QUIET(eventfd(0, EFD_NONBLOCK)), epoll = QUIET(epoll_create1(0));
    PUT(r, POLL_ADD, .fd = event, .poll32_events = POLLIN), ring_go(r, "poll", 0);
    QUIET(eventfd_write(event, 1)), ring_go(r, "there", 1);
    QUIET(eventfd_read(event, &(eventfd_t){ 0 }));
    PUT(r, POLL_ADD, .fd = event, .poll32_events = POLLIN), PUT(r, POLL_REMOVE, .addr = 1), ring_go(r, "removed", 2), GO(r, POLL_REMOVE, .addr = 55);
    PUT(r, POLL_ADD, .fd = event, .poll32_events = POLLIN, .len = IORING_POLL_ADD_MULTI), ring_go(r, "again and again", 0);
    QUIET(eventfd_write(event, 1)), ring_go(r, "one", 1), QUIET(eventfd_write(event, 1)), ring_go(r, "two", 1);
    PUT(r, POLL_REMOVE, .addr = 1, .len = IORING_POLL_UPDATE_EVENTS | IORING_POLL_ADD_MULTI, .poll32_events = POLLPRI, .user_data = 9), ring_go(r, "updated", 1);
    PUT(r, POLL_REMOVE, .addr = 1, .user_data = 9), ring_go(r, "removed", 2);
    struct epoll_event wanted = { EPOLLIN, { .u64 = 0x1122334455667788 } };
    GO(r, EPOLL_CTL, .fd = epoll, .addr = ANY &wanted, .len = EPOLL_CTL_ADD, .off = (unsigned)event), GO(r, EPOLL_CTL, .fd = epoll, .addr = ANY &wanted, .len = EPOLL_CTL_ADD, .off = (unsigned)event);
    memset(&wanted, 0, sizeof wanted);
    CALL(epoll_wait(epoll, &wanted, 1, 0)), printf("%x %llx\n", wanted.events, (unsigned long long)wanted.data.u64);
    GO(r, EPOLL_CTL, .fd = epoll, .addr = 1, .len = EPOLL_CTL_MOD, .off = (unsigned)event), GO(r, EPOLL_CTL, .fd = epoll, .len = EPOLL_CTL_DEL, .off = (unsigned)event), GO(r, EPOLL_CTL, .fd = 1, .addr = ANY &wanted, .len = EPOLL_CTL_ADD, .off = (unsigned)event);
    ring_take(r, done, 8);
    close(event), close(epoll);
}

static void cancels(struct ring *r)
{
    int ends[2];
    QUIET(pipe(ends));
#define WAITING() PUT(r, READ, .fd = ends[0], .addr = ANY bytes, .len = 1, .off = -1)
    WAITING(), PUT(r, ASYNC_CANCEL, .addr = 1), ring_go(r, "by data", 2);
    WAITING(), PUT(r, ASYNC_CANCEL, .fd = ends[0], .cancel_flags = IORING_ASYNC_CANCEL_FD), ring_go(r, "by file", 2);
    WAITING(), WAITING(), PUT(r, ASYNC_CANCEL, .fd = ends[0], .cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL), ring_go(r, "all of a file", 3);
    WAITING(), WAITING(), PUT(r, ASYNC_CANCEL, .cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL), ring_go(r, "all", 3);
    GO(r, ASYNC_CANCEL, .addr = 77), GO(r, ASYNC_CANCEL, .addr = 77, .cancel_flags = 1u << 20);
    struct io_uring_sync_cancel_reg by_file = { .fd = ends[0], .flags = IORING_ASYNC_CANCEL_FD, .timeout = { -1, -1 } };
    WAITING(), ring_go(r, "waiting", 0);
    RAW(io_uring_register, r->fd, IORING_REGISTER_SYNC_CANCEL, &by_file, 1), ring_go(r, "cancelled", 1), RAW(io_uring_register, r->fd, IORING_REGISTER_SYNC_CANCEL, &by_file, 1);
    WILD(io_uring_register, "..i.", r->fd, IORING_REGISTER_SYNC_CANCEL, 0, 1);
    close(ends[0]), close(ends[1]);
}

static void messages(struct ring *r)
{
    struct ring *to = ring_new(8, 0);
    PUT(r, MSG_RING, .fd = to->fd, .len = 1234, .off = 0xabc), ring_go(r, "sent", 1), ring_go(to, "arrived", 1);
    int file = 0, end = QUIET(dup(1));
    RAW(io_uring_register, r->fd, IORING_REGISTER_FILES, &end, 1), RAW(io_uring_register, to->fd, IORING_REGISTER_FILES, (int[]){ -1, -1 }, 2);
    PUT(r, MSG_RING, .fd = to->fd, .addr = IORING_MSG_SEND_FD, .off = 0xdef, .addr3 = file, .file_index = 2), ring_go(r, "file sent", 1), ring_go(to, "file arrived", 1);
    GO(r, MSG_RING, .fd = 1), GO(r, MSG_RING, .fd = 99);
    RAW(io_uring_register, r->fd, IORING_UNREGISTER_FILES, NULL, 0);
    close(end), ring_free(to);
}

static void overflow(void)
{
    struct ring *r = ring_new(8, 0);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 8; k++) PUT(r, NOP, .user_data = (unsigned)(i * 8 + k + 1));
        printf("entered %ld\n", syscall(SYS_io_uring_enter, r->fd, 8, 0, 0, NULL, 0));
    }
    printf("flags %x overflow %u\n", *ring_word(r, r->p.sq_off.flags), *ring_word(r, r->p.cq_off.overflow));
    r->put = 0;
    ring_go(r, "the first", 0), ring_go(r, "the others", 0);
    printf("flags %x overflow %u\n", *ring_word(r, r->p.sq_off.flags), *ring_word(r, r->p.cq_off.overflow));
    ring_free(r);
}

static void handler(int signal) { printf("handler %d\n", signal); }
static void *sender(void *argument)
{
    usleep(20000);
    pthread_kill(*(pthread_t *)argument, SIGUSR1);
    return NULL;
}

/* io_uring_enter's own waiting. */
static void waits(struct ring *r)
{
    struct __kernel_timespec soon = { 0, 3000000 }, bad = { 0, -1 };
    uint64_t none = 0, all = ~0ull;
    struct io_uring_getevents_arg arg = { .ts = ANY &soon };
    unsigned how = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg), RAW(io_uring_enter, r->fd, 0, 1, how, &arg, 8), RAW(io_uring_enter, r->fd, 0, 1, how, NULL, 0);
    WILD(io_uring_enter, "....I.", r->fd, 0, 1, how, 0, sizeof arg), WILD(io_uring_enter, "....I.", r->fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
    arg.ts = 1, RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg);
    arg.ts = ANY &bad, RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg);
    arg = (struct io_uring_getevents_arg){ .sigmask = 1, .sigmask_sz = 8 }, RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg);
    arg.sigmask_sz = 4, RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg);
    RAW(io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, &none, 4);
    sigset_t blocked;
    signal(SIGUSR1, handler), signal(SIGSEGV, handler), sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1), sigaddset(&blocked, SIGSEGV);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGUSR1), RAW(io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, &none, 8);
    raise(SIGSEGV), arg = (struct io_uring_getevents_arg){ .sigmask = ANY &none, .sigmask_sz = 8 }, RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg);
    raise(SIGUSR1), arg = (struct io_uring_getevents_arg){ .sigmask = ANY &all, .sigmask_sz = 8, .ts = ANY &soon }, RAW(io_uring_enter, r->fd, 0, 1, how, &arg, sizeof arg);
    /* What was submitted counts more than the interruption. */
    PUT(r, OPENAT, .fd = AT_FDCWD, .addr = ANY "none"), RAW(io_uring_enter, r->fd, 1, 2, IORING_ENTER_GETEVENTS, &none, 8), r->put = r->data = 0, ring_go(r, "counted", 1);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    pthread_t self = pthread_self(), other_thread;
    QUIET(pthread_create(&other_thread, NULL, sender, &self));
    RAW(io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    pthread_join(other_thread, NULL);
}

/* Threads that share a ring take turns in filling it, not in entering: what one has converted, another submits. */
static struct ring *shared;
static pthread_mutex_t filling = PTHREAD_MUTEX_INITIALIZER;
static int wrong;
static void *enter_shared(void *unused)
{
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&filling);
        while (*ring_word(shared, shared->p.sq_off.tail) - __atomic_load_n(ring_word(shared, shared->p.sq_off.head), __ATOMIC_ACQUIRE) == shared->p.sq_entries)
            syscall(SYS_io_uring_enter, shared->fd, 8, 0, 0, NULL, 0);
        PUT(shared, OPENAT, .fd = AT_FDCWD, .addr = ANY ".", .open_flags = O_DIRECTORY | O_RDONLY, .user_data = 5);
        pthread_mutex_unlock(&filling);
        syscall(SYS_io_uring_enter, shared->fd, 1, 0, 0, NULL, 0);
        pthread_mutex_lock(&filling);
        struct ring_done done[16];
        for (unsigned k = ring_take(shared, done, 16); k; k--)
            if (done[k - 1].result < 0 || !(fcntl(done[k - 1].result, F_GETFL) & O_DIRECTORY) || close(done[k - 1].result)) wrong++;
        pthread_mutex_unlock(&filling);
    }
    return unused;
}

static void threads(void)
{
    pthread_t id[3];
    shared = ring_new(8, 0);
    for (int i = 0; i < 3; i++) QUIET(pthread_create(&id[i], NULL, enter_shared, NULL));
    for (int i = 0; i < 3; i++) pthread_join(id[i], NULL);
    SHOW("wrong", wrong);
    ring_free(shared);
}

int main(void)
{
    struct ring *r = ring_new(8, 0);
    SECTION("names"), names(r);
    SECTION("fixed"), fixed(r);
    SECTION("pipes"), pipes(r);
    SECTION("time and links"), time_and_links(r);
    SECTION("polls"), polls(r);
    SECTION("cancels"), cancels(r);
    SECTION("messages"), messages(r);
    SECTION("overflow"), overflow();
    SECTION("waits"), waits(r);
    SECTION("threads"), threads();
    return 0;
}
