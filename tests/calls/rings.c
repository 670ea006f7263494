/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AIO and io_uring by hand: set up, rings mapped, requests of several kinds, errors.
 */
#include "check.h"
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>

static char bytes[4 * PAGE];

static void show_completions(const char *how, long count, const struct io_event *events)
{
    printf("%s: %ld\n", how, count);
    for (long i = 0; i < count; i++) printf("  data %llx result %lld %lld\n", (unsigned long long)events[i].data, (long long)events[i].res, (long long)events[i].res2);
}

static void aio(void)
{
    aio_context_t context = 0;
    struct io_event events[8];
    struct timespec now = { 0, 0 };
    int file = QUIET(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600)), event = QUIET(eventfd(0, EFD_NONBLOCK));
    RAW(io_setup, 0, &context);
    RAW(io_setup, -1, &context);
    context = 5;
    RAW(io_setup, 4, &context);
    context = 0;
    if (RAW(io_setup, 8, &context)) return;
    /* The context is an address in the program's own memory: it can be looked at there. */
    const struct ring { unsigned id, count, head, tail, magic; } *ring = (void *)context;
    SHOW("magic", ring->magic == 0xa10a10a1);
    SHOW("mapped", mprotect((void *)context, PAGE, PROT_READ | PROT_WRITE));
    SHOW("kept", mmap((void *)context, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    struct iovec part = { bytes, 100 };
    struct iocb writing = { .aio_data = 0x1234, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = file, .aio_buf = (uintptr_t)bytes, .aio_nbytes = 5000, .aio_flags = IOCB_FLAG_RESFD, .aio_resfd = event };
    struct iocb reading = { .aio_data = 0x5678, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = file, .aio_buf = (uintptr_t)bytes, .aio_nbytes = 9000, .aio_offset = 100 };
    struct iocb vector = { .aio_data = 9, .aio_lio_opcode = IOCB_CMD_PWRITEV, .aio_fildes = file, .aio_buf = (uintptr_t)&part, .aio_nbytes = 1 };
    struct iocb sync = { .aio_data = 10, .aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = file };
    struct iocb fault = { .aio_data = 11, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = file, .aio_buf = 1, .aio_nbytes = 10 };
    struct iocb bad = { .aio_lio_opcode = 77, .aio_fildes = file }, closed = { .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = 99 };
    struct iocb *list[] = { &writing, &reading, &vector, &sync, &fault, &bad, &closed };
    RAW(io_submit, context, 1, list);
    show_completions("write", syscall(SYS_io_getevents, context, 1, 8, events, NULL), events);
    uint64_t count = 0;
    CALL(read(event, &count, 8));
    RAW(io_submit, context, 2, list + 1);
    show_completions("read", syscall(SYS_io_getevents, context, 2, 8, events, NULL), events);
    RAW(io_submit, context, 1, list + 3);
    show_completions("sync", syscall(SYS_io_pgetevents, context, 1, 8, events, NULL, NULL), events);
    RAW(io_submit, context, 2, list + 4);
    show_completions("fault", syscall(SYS_io_getevents, context, 0, 8, events, &now), events);
    RAW(io_submit, context, 1, list + 5);
    RAW(io_submit, context, 1, list + 6);
    RAW(io_submit, context, 0, list);
    RAW(io_submit, context, -1L, list);
    RAW(io_submit, context + PAGE, 1, list);
    RAW(io_submit, 0L, 1, list);
    RAW(io_getevents, context, 3L, 2L, events, &now);
    RAW(io_getevents, context, -1L, 2L, events, &now);
    RAW(io_getevents, context, 0L, 0L, events, &now);
    RAW(io_cancel, context, &writing, events);
    RAW(io_cancel, 0L, &writing, events);
    WILD(io_submit, "..i", context, 1, 0);
    RAW(io_submit, context, 1, list);
    WILD(io_getevents, "...Oi", context, 1, 1, (long)events, (long)&now);
    WILD(io_setup, ".o", 4, 0);
    CHILD(printf("inherited: %d\n", mprotect((void *)context, PAGE, PROT_READ | PROT_WRITE) == 0));
    RAW(io_destroy, context);
    RAW(io_destroy, context);
    RAW(io_destroy, 0L);
    close(file), close(event);
}

static struct { unsigned *head, *tail, mask, *array; struct io_uring_sqe *entries; } submission;
static struct { unsigned *head, *tail, mask; struct io_uring_cqe *entries; } completion;

static int set_up(unsigned flags, struct io_uring_params *p)
{
    memset(p, 0, sizeof *p);
    p->flags = flags;
    int ring = syscall(SYS_io_uring_setup, 8, p);
    if (ring < 0) return -1;
    size_t size = p->sq_off.array + p->sq_entries * sizeof(unsigned), other = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    char *map = mmap(NULL, size > other ? size : other, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    submission.entries = mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    if (map == MAP_FAILED || submission.entries == MAP_FAILED) abort();
    submission.head = (void *)(map + p->sq_off.head), submission.tail = (void *)(map + p->sq_off.tail);
    submission.mask = *(unsigned *)(map + p->sq_off.ring_mask), submission.array = (void *)(map + p->sq_off.array);
    completion.head = (void *)(map + p->cq_off.head), completion.tail = (void *)(map + p->cq_off.tail);
    completion.mask = *(unsigned *)(map + p->cq_off.ring_mask), completion.entries = (void *)(map + p->cq_off.cqes);
    return ring;
}

static int submit(int ring, const char *what, struct io_uring_sqe entry)
{
    unsigned tail = *submission.tail, index = tail & submission.mask;
    submission.entries[index] = entry;
    submission.array[index] = index;
    __atomic_store_n(submission.tail, tail + 1, __ATOMIC_RELEASE);
    long entered = syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    unsigned head = *completion.head;
    if (head == __atomic_load_n(completion.tail, __ATOMIC_ACQUIRE)) {
        printf("%s: entered %ld, no completion\n", what, entered);
        return -1;
    }
    struct io_uring_cqe *done = &completion.entries[head & completion.mask];
    int result = done->res;
    printf("%s: entered %ld result %s%d data %llx\n", what, entered, result < 0 ? check_error(-result) : "", result, (unsigned long long)done->user_data);
    __atomic_store_n(completion.head, head + 1, __ATOMIC_RELEASE);
    return result;
}
#define SUBMIT(code, ...) submit(ring, #code, (struct io_uring_sqe){ .opcode = IORING_OP_##code, .user_data = __LINE__, ##__VA_ARGS__ })

static void uring(void)
{
    struct io_uring_params p = { 0 };
    struct iovec part = { bytes, 100 };
    struct stat status;
    RAW(io_uring_setup, 0, &p);
    RAW(io_uring_setup, 1 << 20, &p);
    p.flags = 1u << 31;
    RAW(io_uring_setup, 8, &p);
    p.flags = 0, p.resv[1] = 1;
    RAW(io_uring_setup, 8, &p);
    WILD(io_uring_setup, ".o", 8, 0);
    int ring = set_up(0, &p);
    printf("ring: %s\n", ring < 0 ? check_error(errno) : "ok");
    if (ring < 0) return;
    SHOW("entries", p.sq_entries), SHOW("completions", p.cq_entries);
    SUBMIT(NOP);
    int fd = SUBMIT(OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"ring-file", .open_flags = O_CREAT | O_RDWR | O_NOFOLLOW, .len = 0644);
    SHOW("nofollow", (fcntl(fd, F_GETFL) & O_NOFOLLOW) != 0);
    SUBMIT(WRITE, .fd = fd, .addr = (uintptr_t)bytes, .len = 5000);
    SUBMIT(READ, .fd = fd, .addr = (uintptr_t)check_edge(100), .len = 100, .off = 10);
    SUBMIT(READ, .fd = fd, .addr = (uintptr_t)check_edge(100), .len = 200, .off = 10);
    SUBMIT(READ, .fd = fd, .addr = 1, .len = 200, .off = 10);
    SUBMIT(WRITEV, .fd = fd, .addr = (uintptr_t)&part, .len = 1);
    SUBMIT(FSYNC, .fd = fd);
    SUBMIT(FALLOCATE, .fd = fd, .addr = 100000);
    QUIET(fstat(fd, &status));
    SHOW("size", status.st_size);
    int directory = SUBMIT(OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)".", .open_flags = O_DIRECTORY | O_RDONLY);
    SUBMIT(OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"ring-file", .open_flags = O_DIRECTORY | O_RDONLY);
    SUBMIT(OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"none", .open_flags = O_RDONLY);
    SUBMIT(OPENAT, .fd = AT_FDCWD, .addr = 1, .open_flags = O_RDONLY);
    struct open_how how = { .flags = O_DIRECTORY | O_NOFOLLOW };
    SUBMIT(OPENAT2, .fd = directory, .addr = (uintptr_t)".", .off = (uintptr_t)&how, .len = sizeof how);
    SUBMIT(OPENAT2, .fd = directory, .addr = (uintptr_t)"ring-file", .off = (uintptr_t)&how, .len = sizeof how);
    SUBMIT(OPENAT2, .fd = directory, .addr = (uintptr_t)".", .off = 1, .len = sizeof how);
    SUBMIT(MKDIRAT, .fd = directory, .addr = (uintptr_t)"ring-directory", .len = 0700);
    SUBMIT(SYMLINKAT, .fd = directory, .addr = (uintptr_t)"ring-file", .addr2 = (uintptr_t)"ring-link");
    SUBMIT(LINKAT, .fd = directory, .addr = (uintptr_t)"ring-file", .len = directory, .addr2 = (uintptr_t)"ring-hard");
    int epoll = QUIET(epoll_create1(0)), counter = QUIET(eventfd(1, 0));
    struct epoll_event event = { EPOLLIN, { .u64 = 0x123456789abcdef0 } };
    SUBMIT(EPOLL_CTL, .fd = epoll, .addr = (uintptr_t)&event, .len = EPOLL_CTL_ADD, .off = counter);
    memset(&event, 0, sizeof event);
    CALL(epoll_wait(epoll, &event, 1, 0));
    SHOW("epoll", event.data.u64 == 0x123456789abcdef0);
    close(epoll), close(counter);
    /* The entries are the program's own again, and duplicates are rings too. */
    struct io_uring_sqe *entry = &submission.entries[0];
    unsigned before = *submission.tail;
    while (*submission.tail & submission.mask) SUBMIT(NOP);
    int duplicate = dup(ring), ring_again = ring;
    ring = duplicate;
    SUBMIT(OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)".", .open_flags = O_DIRECTORY | O_RDONLY);
    SHOW("kept", entry->open_flags == (O_DIRECTORY | O_RDONLY) && *submission.tail > before);
    close(duplicate);
    ring = ring_again;
    struct statx_buffer { char b[256]; } x;
    SUBMIT(STATX, .fd = AT_FDCWD, .addr = (uintptr_t)"ring-file", .len = 0x7ff, .off = (uintptr_t)&x);
    SUBMIT(RENAMEAT, .fd = AT_FDCWD, .addr = (uintptr_t)"ring-file", .len = AT_FDCWD, .addr2 = (uintptr_t)"ring-other");
    SUBMIT(UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)"ring-other");
    SUBMIT(CLOSE, .fd = fd);
    SUBMIT(CLOSE, .fd = fd);
    SUBMIT(READ, .fd = 99);
    int ends[2];
    QUIET(pipe(ends));
    SUBMIT(WRITE, .fd = ends[1], .addr = (uintptr_t)"piped", .len = 5, .off = -1);
    SUBMIT(READ, .fd = ends[0], .addr = (uintptr_t)bytes, .len = 100, .off = -1);
    struct __kernel_timespec wait = { 0, 1000000 };
    SUBMIT(TIMEOUT, .fd = -1, .addr = (uintptr_t)&wait, .len = 1);
    SUBMIT(POLL_ADD, .fd = ends[1], .poll32_events = POLLOUT);
    submit(ring, "unknown", (struct io_uring_sqe){ .opcode = 250 });
    RAW(io_uring_register, ring, IORING_REGISTER_BUFFERS, &part, 1);
    SUBMIT(READ_FIXED, .fd = ends[0], .addr = (uintptr_t)bytes, .len = 0);
    RAW(io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
    RAW(io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
    RAW(io_uring_register, ring, 99, NULL, 0);
    RAW(io_uring_register, ring, IORING_REGISTER_FILES, ends, 2);
    RAW(io_uring_enter, ring, 0, 0, 1u << 30, NULL, 0);
    RAW(io_uring_enter, 0, 0, 0, 0, NULL, 0);
    RAW(io_uring_enter, 99, 0, 0, 0, NULL, 0);
    close(ring);
}

int main(void)
{
    SECTION("aio");
    aio();
    SECTION("io_uring");
    uring();
    return 0;
}
