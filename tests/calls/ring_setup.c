/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * io_uring: each way to set a ring up, registered descriptors, rings in the program's own memory, a polling thread, and what
 * io_uring_register does.
 */
#include "ring.h"
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static char bytes[PAGE];

/* What needs the host's terms and what does not. */
static void use(struct ring *r)
{
    if (!r) return;
    int fd = GO(r, OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"f", .open_flags = O_RDWR | O_CREAT | O_NOFOLLOW, .len = 0600);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"f", .open_flags = O_RDONLY | O_DIRECTORY);
    GO(r, WRITE, .fd = fd, .addr = (uintptr_t)"text", .len = 4);
    GO(r, READ, .fd = fd, .addr = (uintptr_t)bytes, .len = 10);
    SHOW("nofollow", (fcntl(fd, F_GETFL) & (O_NOFOLLOW | O_DIRECTORY)) == O_NOFOLLOW);
    GO(r, UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)"f");
    for (int i = 0; i < 3; i++) PUT(r, NOP);
    ring_go(r, "three", 3);
    GO(r, CLOSE, .fd = fd);
}

static void flags(void)
{
    static const struct { const char *name; unsigned flags, completions; } ways[] = {
        { "plain", 0, 0 }, { "cqsize", IORING_SETUP_CQSIZE, 100 }, { "cqsize too small", IORING_SETUP_CQSIZE, 2 }, { "cqsize none", IORING_SETUP_CQSIZE, 0 },
        { "cqsize too large", IORING_SETUP_CQSIZE, 1u << 30 }, { "clamp", IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE, 1u << 30 },
        { "single issuer", IORING_SETUP_SINGLE_ISSUER, 0 }, { "defer alone", IORING_SETUP_DEFER_TASKRUN, 0 },
        { "defer", IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0 }, { "coop", IORING_SETUP_COOP_TASKRUN, 0 },
        { "taskrun flag alone", IORING_SETUP_TASKRUN_FLAG, 0 }, { "taskrun flag", IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, 0 },
        { "submit all", IORING_SETUP_SUBMIT_ALL, 0 }, { "sqe128", IORING_SETUP_SQE128, 0 }, { "cqe32", IORING_SETUP_CQE32, 0 },
        { "both", IORING_SETUP_SQE128 | IORING_SETUP_CQE32, 0 }, { "no array", RING_NO_SQARRAY, 0 }, { "no array, sqe128", RING_NO_SQARRAY | IORING_SETUP_SQE128, 0 },
        { "affinity alone", IORING_SETUP_SQ_AFF, 0 }, { "attach to none", IORING_SETUP_ATTACH_WQ, 0 }, { "iopoll", IORING_SETUP_IOPOLL, 0 },
        { "poller", IORING_SETUP_SQPOLL, 0 }, { "poller on a cpu", IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF, 0 }, { "poller, coop", IORING_SETUP_SQPOLL | IORING_SETUP_COOP_TASKRUN, 0 },
        { "poller, defer", IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0 },
        { "poller, single issuer, sqe128", IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_SQE128, 0 },
        { "poller, no array", IORING_SETUP_SQPOLL | RING_NO_SQARRAY, 0 },
        { "registered only", RING_REGISTERED_FD_ONLY, 0 }, { "unknown", 1u << 31, 0 },
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct io_uring_params p = { .flags = ways[i].flags, .cq_entries = ways[i].completions };
        if (p.flags & IORING_SETUP_ATTACH_WQ) p.wq_fd = 99;
        printf("\n-- %s\n", ways[i].name);
        struct ring *r = ring_new_with(8, &p);
        if (r) printf("flags %x entries %u completions %u\n", r->p.flags, r->p.sq_entries, r->p.cq_entries);
        if (r && !(p.flags & IORING_SETUP_IOPOLL)) use(r);
        else if (r) GO(r, NOP), GO(r, OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)".", .open_flags = O_DIRECTORY);
        ring_free(r);
    }
    struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF, .sq_thread_cpu = 100000 };
    RAW(io_uring_setup, 8, &p);
}

static void many_entries(void)
{
    struct ring *r = ring_new(5, 0);
    SHOW("rounded", r->p.sq_entries);
    for (int i = 0; i < 8; i++) PUT(r, NOP);
    ring_go(r, "full", 8);
    for (int i = 0; i < 3; i++) PUT(r, NOP);
    r->put = 100;
    ring_go(r, "more than there are", 3);
    PUT(r, NOP), ring_put(r, (struct io_uring_sqe){ .opcode = 250 }), PUT(r, NOP);
    ring_go(r, "a bad one", 2);
    r->put = 1;
    ring_go(r, "the rest", 1);
    ring_free(r);
    r = ring_new(8, IORING_SETUP_SUBMIT_ALL);
    PUT(r, NOP), ring_put(r, (struct io_uring_sqe){ .opcode = 250 }), PUT(r, NOP);
    ring_go(r, "a bad one among all", 3);
    /* An index that is none is dropped and counted. */
    PUT(r, NOP);
    ring_word(r, r->p.sq_off.array)[(*ring_word(r, r->p.sq_off.tail) - 1) & 7] = 50;
    ring_go(r, "no such entry", 0);
    SHOW("dropped", *ring_word(r, r->p.sq_off.dropped));
    ring_free(r);
}

static void own_memory(unsigned more)
{
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ring *r = calloc(1, sizeof *r);
    r->p = (struct io_uring_params){ .flags = RING_NO_MMAP | more };
    r->p.sq_off.resv2 = (uintptr_t)memory;     /* user_addr in newer headers */
    r->p.cq_off.resv2 = (uintptr_t)(memory + PAGE);
    r->fd = (int)CALL(syscall(SYS_io_uring_setup, 8, &r->p));
    if (r->fd < 0) return;
    ring_sizes(r);
    r->map = memory + PAGE, r->entries = memory;
    if (more & RING_REGISTERED_FD_ONLY) r->how = RING_ENTER_REGISTERED;
    use(r);
    if (more & RING_REGISTERED_FD_ONLY) {
        RAW(io_uring_register, r->fd, RING_USE_REGISTERED | IORING_REGISTER_FILES, &(int){ 0 }, 1);
        RAW(io_uring_register, r->fd + 1, RING_USE_REGISTERED | IORING_REGISTER_FILES, &(int){ 0 }, 1);
    } else close(r->fd);
    free(r);
    munmap(memory, 4 * PAGE);
}

static void own_memory_wild(void)
{
    struct io_uring_params p = { .flags = RING_NO_MMAP };
    RAW(io_uring_setup, 8, &p);
    p.sq_off.resv2 = p.cq_off.resv2 = (uintptr_t)check_pages()->none;
    RAW(io_uring_setup, 8, &p);
    p.sq_off.resv2 = p.cq_off.resv2 = 0x123456789001;
    RAW(io_uring_setup, 8, &p);
    p.flags |= IORING_SETUP_SQPOLL;
    RAW(io_uring_setup, 8, &p);
}

static void *other_thread(void *argument)
{
    struct ring *r = argument;
    RAW(io_uring_enter, 0, 1, 1, IORING_ENTER_GETEVENTS | RING_ENTER_REGISTERED, NULL, 0);
    struct io_uring_rsrc_update one = { .offset = 5, .data = r->fd };
    RAW(io_uring_register, r->fd, IORING_REGISTER_RING_FDS, &one, 1);
    int fd = r->fd;
    r->fd = 5, r->how = RING_ENTER_REGISTERED;
    use(r);
    r->fd = fd, r->how = 0;
    return NULL;
}

static void registered(void)
{
    struct ring *r = ring_new(8, 0), *second = ring_new(8, 0);
    int fd = r->fd;
    struct io_uring_rsrc_update two[2] = { { .offset = -1, .data = r->fd }, { .offset = -1, .data = second->fd } };
    RAW(io_uring_register, fd, IORING_REGISTER_RING_FDS, two, 2);
    SHOW("first", two[0].offset), SHOW("second", two[1].offset);
    struct io_uring_rsrc_update bad = { .offset = 16, .data = r->fd };
    RAW(io_uring_register, fd, IORING_REGISTER_RING_FDS, &bad, 1);
    bad = (struct io_uring_rsrc_update){ .offset = 3, .data = 99 };
    RAW(io_uring_register, fd, IORING_REGISTER_RING_FDS, &bad, 1);
    bad = (struct io_uring_rsrc_update){ .offset = 3, .data = 1 };
    RAW(io_uring_register, fd, IORING_REGISTER_RING_FDS, &bad, 1);
    bad = (struct io_uring_rsrc_update){ .offset = 3, .resv = 1, .data = fd };
    RAW(io_uring_register, fd, IORING_REGISTER_RING_FDS, &bad, 1);
    RAW(io_uring_register, fd, IORING_REGISTER_RING_FDS, two, 17);
    WILD(io_uring_register, "..i.", fd, IORING_REGISTER_RING_FDS, 0, 1);
    /* Not the first that would do. */
    r->fd = (int)two[0].offset, r->how = RING_ENTER_REGISTERED;
    use(r);
    second->fd = (int)two[1].offset, second->how = RING_ENTER_REGISTERED;
    use(second);
    /* It lives on without its descriptor, whose number is another ring's then. */
    close((int)two[1].data);
    struct ring *third = ring_new(8, 0);
    SHOW("number again", third->fd == (int)two[1].data);
    use(third), use(second);
    RAW(io_uring_register, second->fd, RING_USE_REGISTERED | 99, NULL, 0);
    two[1].data = 0;
    RAW(io_uring_register, fd, IORING_UNREGISTER_RING_FDS, two + 1, 1);
    PUT(r, NOP), ring_go(r, "still", 1);
    RAW(io_uring_enter, second->fd, 0, 0, RING_ENTER_REGISTERED, NULL, 0);
    RAW(io_uring_enter, 16, 0, 0, RING_ENTER_REGISTERED, NULL, 0);
    r->fd = fd, r->how = 0;
    CHILD(RAW(io_uring_enter, 0, 0, 0, RING_ENTER_REGISTERED, NULL, 0));
    two[0].data = 0;
    RAW(io_uring_register, fd, IORING_UNREGISTER_RING_FDS, two, 1);
    pthread_t thread;
    QUIET(pthread_create(&thread, NULL, other_thread, r));
    pthread_join(thread, NULL);
    use(r);
    ring_free(third), ring_free(r);
}

/* As a program does that counts on its poller: no call unless the ring asks for it. */
static void polled(void)
{
    struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 50 };
    struct ring *r = ring_new_with(8, &p);
    struct ring_done done;
    for (int i = 0; i < 20; i++) {
        PUT(r, OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)".", .open_flags = O_DIRECTORY | O_RDONLY, .user_data = 7);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(ring_word(r, r->p.sq_off.flags), __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP)
            if (syscall(SYS_io_uring_enter, r->fd, 1, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0) != 1) printf("not woken\n");
        while (!ring_take(r, &done, 1)) sched_yield();
        if (done.data != 7 || done.result < 0 || close(done.result)) printf("open: %s\n", check_error(-done.result));
    }
    r->put = 0;
    PUT(r, NOP), ring_put(r, (struct io_uring_sqe){ .opcode = 250, .user_data = 2 }), PUT(r, NOP, .user_data = 3);
    ring_go(r, "a bad one does not stop it", 3);
    RAW(io_uring_enter, r->fd, 0, 0, IORING_ENTER_SQ_WAIT, NULL, 0);
    RAW(io_uring_enter, r->fd, 5, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
    RAW(io_uring_enter, r->fd, 5, 0, 1u << 30, NULL, 0);
    ring_free(r);
}

static void restricted(void)
{
    struct ring *r = ring_new(8, IORING_SETUP_R_DISABLED);
    PUT(r, NOP), ring_go(r, "disabled", 1);
    struct io_uring_restriction only[] = {
        { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_NOP }, { .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_OPENAT },
        { .opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_IO_LINK }, { .opcode = IORING_RESTRICTION_REGISTER_OP, .register_op = IORING_REGISTER_ENABLE_RINGS },
    };
    WILD(io_uring_register, "..i.", r->fd, IORING_REGISTER_RESTRICTIONS, 0, 1);
    RAW(io_uring_register, r->fd, IORING_REGISTER_RESTRICTIONS, only, 4);
    RAW(io_uring_register, r->fd, IORING_REGISTER_RESTRICTIONS, only, 4);
    RAW(io_uring_register, r->fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    RAW(io_uring_register, r->fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    r->put = 1;
    ring_go(r, "enabled", 1);
    GO(r, NOP, .flags = IOSQE_IO_DRAIN);
    GO(r, READ);
    GO(r, OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)".", .open_flags = O_DIRECTORY);
    ring_free(r);
}

static void other_registrations(void)
{
    struct ring *r = ring_new(8, 0);
    struct { struct io_uring_probe head; struct io_uring_probe_op ops[64]; } probe;
    memset(&probe, 0, sizeof probe);
    RAW(io_uring_register, r->fd, IORING_REGISTER_PROBE, &probe, 64);
    SHOW("operations", probe.head.last_op >= IORING_OP_URING_CMD);
    for (int i = 0; i <= IORING_OP_SENDMSG; i++) printf("%d: %x\n", probe.ops[i].op, probe.ops[i].flags);
    RAW(io_uring_register, r->fd, IORING_REGISTER_PROBE, &probe, 64);
    WILD(io_uring_register, "..o.", r->fd, IORING_REGISTER_PROBE, 0, 64);
    unsigned workers[2] = { 0, 0 };
    RAW(io_uring_register, r->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, workers, 2);
    workers[0] = 3, workers[1] = 4;
    RAW(io_uring_register, r->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, workers, 2);
    workers[0] = workers[1] = 0;
    RAW(io_uring_register, r->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, workers, 2);
    printf("workers %u %u\n", workers[0], workers[1]);
    WILD(io_uring_register, "..o.", r->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, 0, 2);
    uint64_t count = 0;
    int event = QUIET(eventfd(0, EFD_NONBLOCK)), personality = (int)RAW(io_uring_register, r->fd, IORING_REGISTER_PERSONALITY, NULL, 0);
    RAW(io_uring_register, r->fd, IORING_REGISTER_EVENTFD, &event, 1);
    RAW(io_uring_register, r->fd, IORING_REGISTER_EVENTFD, &event, 1);
    GO(r, NOP), GO(r, NOP, .personality = (uint16_t)personality), GO(r, NOP, .personality = 77);
    CALL(read(event, &count, sizeof count));
    SHOW("events", count);
    RAW(io_uring_register, r->fd, IORING_UNREGISTER_EVENTFD, NULL, 0);
    RAW(io_uring_register, r->fd, IORING_REGISTER_EVENTFD_ASYNC, &event, 1);
    GO(r, NOP);
    CALL(read(event, &count, sizeof count));
    RAW(io_uring_register, r->fd, IORING_UNREGISTER_PERSONALITY, NULL, personality);
    RAW(io_uring_register, r->fd, IORING_UNREGISTER_PERSONALITY, NULL, personality);
    ring_free(r);
}

/* Rings are grown and shrunk while requests are under way (Linux 6.13). Without an array: its new
 * place is not told. */
static void resized(void)
{
    struct ring *r = ring_new(4, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | RING_NO_SQARRAY);
    struct io_uring_params p = { .sq_entries = 32, .flags = 0 };
    if (RAW(io_uring_register, r->fd, 33, &p, 1)) return;
    munmap(r->map, r->map_size), munmap(r->entries, r->entries_size);
    r->p.sq_entries = p.sq_entries, r->p.cq_entries = p.cq_entries, r->p.sq_off = p.sq_off, r->p.cq_off = p.cq_off;
    ring_sizes(r);
    r->map = mmap(NULL, r->map_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
    r->entries = mmap(NULL, r->entries_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
    for (int i = 0; i < 20; i++) PUT(r, OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"/dev/null", .open_flags = O_DIRECTORY);
    ring_go(r, "resized", 20);
    use(r);
    ring_free(r);
}

int main(void)
{
    SECTION("flags"), flags();
    SECTION("entries"), many_entries();
    SECTION("own memory"), own_memory(0), own_memory(IORING_SETUP_SQE128 | RING_NO_SQARRAY), own_memory(IORING_SETUP_SQPOLL), own_memory(RING_REGISTERED_FD_ONLY);
    SECTION("bad memory"), own_memory_wild();
    SECTION("registered"), registered();
    SECTION("polled"), polled();
    SECTION("restricted"), restricted();
    SECTION("registrations"), other_registrations();
    SECTION("resized"), resized();
    return 0;
}
