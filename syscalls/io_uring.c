/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * io_uring. The rings have one layout everywhere and lie in the guest's memory; what requests name (files, open flags, epoll events) is
 * put into the host's terms while the kernel takes them over, in io_uring_enter, and put back after it: a guest may use an entry
 * again. All that is pointed at is read in that call.
 *
 * So no thread of the kernel may take requests by itself (IORING_SETUP_SQPOLL). Such a ring is made without: its poller sleeps from the
 * start and after each request (IORING_SQ_NEED_WAKEUP is always set), as one may whose sq_thread_idle has passed, and the call that
 * wakes it submits all that is there. Only polled I/O (IOPOLL) has the kernel's thread, as none of its requests needs conversion.
 */
#include "syscalls/convert.h"
#include "syscalls/files.h"
#include "syscalls/rings.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Newer than the headers. */
#define REGISTER_RING_FDS 20
#define UNREGISTER_RING_FDS 21
#define REGISTER_SYNC_CANCEL 24
#define REGISTER_RESIZE_RINGS 33
#define REGISTER_USE_REGISTERED (1u << 31)     /* IORING_REGISTER_USE_REGISTERED_RING: the descriptor is a registered one */
#define ENTER_REGISTERED (1u << 4)             /* IORING_ENTER_REGISTERED_RING: here too */
#define ENTER_ARGUMENT_REGISTERED (1u << 6)    /* IORING_ENTER_EXT_ARG_REG */
#define OPERATION_EPOLL_WAIT 59
#define OPERATION_PIPE 62
#define UNKNOWN_OPERATION 255
#define MAXIMUM_STRUCTURE 4096                 /* a page: what the kernel takes at most */

/* What of a request is a path, and whether a last link is followed: the places of the path and of its directory in the entry. */
struct path_place { uint8_t path, directory; bool follow; };
struct request_description {
    uint8_t operation;
    bool open_flags, open_how, epoll_event, closes;
    bool absent;                               /* its result is written later, in the host's terms: unknown, as on older kernels */
    uint8_t path_count;
    struct path_place paths[2];
};
#define AT(member) offsetof(struct io_uring_sqe, member)
#define NO_DIRECTORY 0xff
#define ADDRESS_3 48                           /* the path of xattr requests */

static const struct request_description requests[] = {
    { .operation = IORING_OP_OPENAT, .open_flags = true, .path_count = 1, .paths = { { AT(addr), AT(fd), true } } },
    { .operation = IORING_OP_OPENAT2, .open_how = true, .path_count = 1, .paths = { { AT(addr), AT(fd), true } } },
    { .operation = IORING_OP_STATX, .path_count = 1, .paths = { { AT(addr), AT(fd), true } } },
    { .operation = IORING_OP_RENAMEAT, .path_count = 2, .paths = { { AT(addr), AT(fd), false }, { AT(off), AT(len), false } } },
    { .operation = IORING_OP_UNLINKAT, .path_count = 1, .paths = { { AT(addr), AT(fd), false } } },
    { .operation = IORING_OP_MKDIRAT, .path_count = 1, .paths = { { AT(addr), AT(fd), false } } },
    { .operation = IORING_OP_SYMLINKAT, .path_count = 1, .paths = { { AT(off), AT(fd), false } } },
    { .operation = IORING_OP_LINKAT, .path_count = 2, .paths = { { AT(addr), AT(fd), false }, { AT(off), AT(len), false } } },
    { .operation = IORING_OP_SETXATTR, .path_count = 1, .paths = { { ADDRESS_3, NO_DIRECTORY, true } } },
    { .operation = IORING_OP_GETXATTR, .path_count = 1, .paths = { { ADDRESS_3, NO_DIRECTORY, true } } },
    { .operation = IORING_OP_EPOLL_CTL, .epoll_event = true },
    { .operation = IORING_OP_CLOSE, .closes = true },
    { .operation = OPERATION_PIPE, .open_flags = true },
    { .operation = OPERATION_EPOLL_WAIT, .absent = true },
};

static const struct request_description *find_request(unsigned operation)
{
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (requests[i].operation == operation) return &requests[i];
    return NULL;
}

/* -- rings ----------------------------------------------------------------------------------------------------------------- */
/* The kernel judges whether it would have such a poller. */
static int64_t try_polling(unsigned entries, struct io_uring_params parameters)
{
    parameters.flags &= ~SETUP_REGISTERED_ONLY;
    int64_t fd = host_call(SYS_io_uring_setup, entries, (uintptr_t)&parameters, 0, 0, 0, 0);
    if (fd >= 0) host_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return fd < 0 ? fd : 0;
}

/* Any thread may submit to a poller, even if one alone may submit otherwise. */
static int64_t set_up(unsigned entries, struct io_uring_params *parameters, bool polled)
{
    uint32_t asked = parameters->flags, ours = IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF | IORING_SETUP_SINGLE_ISSUER;
    if (polled) {
        int64_t error = try_polling(entries, *parameters);
        if (error) return error;
        parameters->flags &= ~ours;
    }
    int64_t fd = host_call(SYS_io_uring_setup, entries, (uintptr_t)parameters, 0, 0, 0, 0);
    if (polled) parameters->flags |= asked & ours;
    return fd;
}

static int64_t remember(struct thread *thread, int64_t fd, const struct io_uring_params *parameters, bool polled)
{
    bool registered = parameters->flags & SETUP_REGISTERED_ONLY;
    struct ring *ring = ring_add(thread->process, registered ? -2 : (int)fd, parameters, polled);
    if (!ring || (registered && !ring_register(thread, (unsigned)fd, ring))) return -ENOMEM;
    ring_ask_for_wakeup(thread, ring);
    return 0;
}

int64_t syscall_io_uring_setup(struct thread *thread, const uint64_t *arguments)
{
    struct io_uring_params parameters;
    if (copy_from_guest(thread, &parameters, arguments[1], sizeof parameters)) return -EFAULT;
    if (parameters.flags & ~SETUP_KNOWN) return -EINVAL;
    bool polled = (parameters.flags & IORING_SETUP_SQPOLL) && !(parameters.flags & IORING_SETUP_IOPOLL);
    int64_t fd = set_up((unsigned)arguments[0], &parameters, polled);
    if (fd < 0) return fd;
    int64_t error = remember(thread, fd, &parameters, polled);
    if (!error) error = copy_to_guest(thread, arguments[1], &parameters, sizeof parameters);
    if (error && !(parameters.flags & SETUP_REGISTERED_ONLY)) host_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return error ? error : fd;
}

/* -- requests -------------------------------------------------------------------------------------------------------------- */
struct changed_entry { guest_addr at; struct io_uring_sqe before, after; };
struct submission {
    struct thread *thread;
    uint8_t *memory; size_t size, used;        /* paths and structures in the host's terms */
    struct changed_entry *changed; unsigned changed_count;
};

static void *take(struct submission *s, size_t size)
{
    void *memory = s->memory + s->used;
    s->used += (size + 15) & ~(size_t)15;
    return s->used <= s->size ? memory : NULL;
}

static void convert_path(struct submission *s, struct io_uring_sqe *entry, const struct path_place *place, bool follow)
{
    uint64_t address;
    int32_t directory = AT_FDCWD;
    char *path = take(s, PATH_MAX);
    memcpy(&address, (const char *)entry + place->path, sizeof address);
    if (place->directory != NO_DIRECTORY) memcpy(&directory, (const char *)entry + place->directory, sizeof directory);
    /* What cannot be read is left to the kernel to refuse. */
    if (!path || !address || file_path_from_guest(s->thread, directory, address, follow, path) < 0) return;
    address = (uintptr_t)path;
    memcpy((char *)entry + place->path, &address, sizeof address);
}

static bool only_zeros(struct thread *thread, guest_addr at, size_t size)
{
    uint8_t byte = 0;
    for (; size <= MAXIMUM_STRUCTURE && size && !byte; size--, at++)
        if (copy_from_guest(thread, &byte, at, 1)) return false;
    return size == 0 && !byte;
}

static void convert_open_how(struct submission *s, struct io_uring_sqe *entry)
{
    uint8_t image[sizeof(struct open_how)];
    struct open_how *how = take(s, sizeof *how);
    /* What is longer has zeros behind, which the kernel checks. */
    if (!how || entry->len < sizeof *how || copy_from_guest(s->thread, image, entry->off, sizeof image)) return;
    if (entry->len > sizeof *how && !only_zeros(s->thread, entry->off + sizeof *how, entry->len - sizeof *how)) return;
    struct_to_host(s->thread->process, STRUCT_OPEN_HOW, how, image);
    entry->off = (uintptr_t)how;
    entry->len = sizeof *how;
}

static void convert_epoll_event(struct submission *s, struct io_uring_sqe *entry)
{
    uint8_t image[32];
    void *event = take(s, host_abi.structs[STRUCT_EPOLL_EVENT].size);
    if (!event || !entry->addr || copy_from_guest(s->thread, image, entry->addr, s->thread->process->abi->structs[STRUCT_EPOLL_EVENT].size)) return;
    struct_to_host(s->thread->process, STRUCT_EPOLL_EVENT, event, image);
    entry->addr = (uintptr_t)event;
}

static bool follows_links(const struct io_uring_sqe *entry, const struct request_description *request)
{
    if (request->operation == IORING_OP_STATX) return !(entry->statx_flags & AT_SYMLINK_NOFOLLOW);
    if (request->open_flags) return !(entry->open_flags & O_NOFOLLOW) && (entry->open_flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    return true;
}

/* RESOLVE_ flags are about the path as it is. */
static bool has_plain_path(const struct io_uring_sqe *entry, const struct request_description *request)
{
    const struct open_how *how = (const struct open_how *)(uintptr_t)entry->off;
    return !request->open_how || !how->resolve;
}

static void convert_entry(struct submission *s, struct io_uring_sqe *entry, const struct request_description *request)
{
    const struct abi *abi = s->thread->process->abi;
    uint64_t how = entry->off;
    if (request->absent) entry->opcode = UNKNOWN_OPERATION;
    if (request->closes) entry->fd = -1;
    if (request->open_flags) entry->open_flags = (uint32_t)constant_to_host(abi, FLAGS_OPEN, entry->open_flags);
    if (request->open_how) convert_open_how(s, entry);
    if (request->epoll_event) convert_epoll_event(s, entry);
    if (request->open_how && (entry->off == how || !has_plain_path(entry, request))) return;
    bool follow = follows_links(entry, request);
    for (unsigned i = 0; i < request->path_count; i++) convert_path(s, entry, &request->paths[i], request->paths[i].follow && follow);
}

static uint32_t load_word(struct thread *thread, guest_addr at)
{
    uint32_t word = 0;
    copy_from_guest(thread, &word, at, sizeof word);
    return word;
}

/* The entry that the request at this place of the queue stands in. */
static guest_addr entry_address(struct thread *thread, const struct ring *ring, uint32_t place)
{
    const struct io_uring_params *p = &ring->parameters;
    uint32_t index = place & (p->sq_entries - 1);
    if (!(p->flags & SETUP_NO_SQARRAY)) index = load_word(thread, ring->requests + p->sq_off.array + index * sizeof(uint32_t));
    if (index >= p->sq_entries) return 0;
    return ring->entries + index * (p->flags & IORING_SETUP_SQE128 ? 128 : 64);
}

/* How many requests there are to take, at most count. */
static unsigned pending(struct thread *thread, const struct ring *ring, unsigned count)
{
    uint32_t head = load_word(thread, ring->requests + ring->parameters.sq_off.head);
    uint32_t there = load_word(thread, ring->requests + ring->parameters.sq_off.tail) - head;
    if (there > ring->parameters.sq_entries) there = ring->parameters.sq_entries;
    return there < count ? there : count;
}

/* The i-th request that is to be taken, if it must be converted. */
static const struct request_description *request_at(struct thread *thread, const struct ring *ring, unsigned i, guest_addr *at, struct io_uring_sqe *entry)
{
    *at = entry_address(thread, ring, load_word(thread, ring->requests + ring->parameters.sq_off.head) + i);
    if (!*at || copy_from_guest(thread, entry, *at, sizeof *entry)) return NULL;
    const struct request_description *request = find_request(entry->opcode);
    /* A descriptor of ferry's own is closed to the guest. */
    return request && request->closes && !descriptor_is_own(thread->process, (uint32_t)entry->fd) ? NULL : request;
}

static bool any_to_convert(struct thread *thread, const struct ring *ring, unsigned count)
{
    struct io_uring_sqe entry;
    guest_addr at;
    for (unsigned i = 0; i < count; i++)
        if (request_at(thread, ring, i, &at, &entry)) return true;
    return false;
}

static void convert_requests(struct submission *s, const struct ring *ring, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct changed_entry *changed = &s->changed[s->changed_count];
        const struct request_description *request = request_at(s->thread, ring, i, &changed->at, &changed->before);
        if (!request) continue;
        changed->after = changed->before;
        convert_entry(s, &changed->after, request);
        copy_to_guest(s->thread, changed->at, &changed->after, sizeof changed->after);
        s->changed_count++;
    }
}

/* Once the kernel has taken a request, another thread may already have put the next one there. */
static void restore_requests(const struct submission *s)
{
    for (unsigned i = 0; i < s->changed_count; i++) {
        const struct changed_entry *changed = &s->changed[i];
        struct io_uring_sqe now;
        if (!copy_from_guest(s->thread, &now, changed->at, sizeof now) && !memcmp(&now, &changed->after, sizeof now))
            copy_to_guest(s->thread, changed->at, &changed->before, sizeof changed->before);
    }
}

/* -- io_uring_enter ---------------------------------------------------------------------------------------------------------- */
enum { RING, COUNT, MINIMUM, HOW, ARGUMENT, SIZE };

/* The mask of the wait, as the host may have it. True: a signal that it lets through is there. */
struct wait_mask { struct io_uring_getevents_arg extended; uint64_t mask; };
static bool convert_mask(struct thread *thread, uint64_t *a, struct wait_mask *w)
{
    bool extended = a[HOW] & IORING_ENTER_EXT_ARG;
    guest_addr set = a[ARGUMENT];
    uint64_t size = a[SIZE];
    if (!(a[HOW] & IORING_ENTER_GETEVENTS) || (a[HOW] & ENTER_ARGUMENT_REGISTERED) || !set) return false;
    if (extended) {
        if (size != sizeof w->extended || copy_from_guest(thread, &w->extended, set, sizeof w->extended)) return false;
        set = w->extended.sigmask;
        size = w->extended.sigmask_sz;
    }
    if (!set || size != sizeof w->mask || copy_from_guest(thread, &w->mask, set, sizeof w->mask)) return false;
    if (wait_mask_lets_through(thread, w->mask)) return true;
    w->mask &= ~SIGNALS_SYNCHRONOUS;
    w->extended.sigmask = (uintptr_t)&w->mask;
    a[ARGUMENT] = extended ? (uintptr_t)&w->extended : (uintptr_t)&w->mask;
    return false;
}

static int64_t enter(struct thread *thread, const uint64_t *arguments)
{
    uint64_t a[6];
    struct wait_mask mask;
    memcpy(a, arguments, sizeof a);
    a[ARGUMENT] = (uintptr_t)guest_pointer(thread->process, a[ARGUMENT]);
    /* An arrived one ends the wait, not the submission. */
    if (convert_mask(thread, a, &mask)) {
        if (!(uint32_t)a[COUNT]) return -EINTR;
        a[HOW] &= ~(uint64_t)IORING_ENTER_GETEVENTS;
    }
    return host_call_blocking(thread, SYS_io_uring_enter, a[RING], a[COUNT], a[MINIMUM], a[HOW], a[ARGUMENT], a[SIZE]);
}

/* Submits and does not wait. */
static int64_t submit(const uint64_t *a, unsigned count)
{
    return host_call(SYS_io_uring_enter, a[RING], count, 0, a[HOW] & ~(uint64_t)(IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAIT), 0, 0);
}

static int64_t submit_converted(struct thread *thread, struct ring *ring, const uint64_t *a, unsigned count)
{
    struct submission s = { .thread = thread, .size = (count + 1) * (2 * PATH_MAX + 1024) };
    int64_t memory = host_call(SYS_mmap, 0, s.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory < 0 && memory > -4096) return -EAGAIN;
    s.memory = (uint8_t *)(uintptr_t)memory;
    s.changed = take(&s, count * sizeof *s.changed);
    pthread_mutex_lock(&ring->lock);
    convert_requests(&s, ring, pending(thread, ring, count));
    int64_t result = submit(a, count);
    restore_requests(&s);
    pthread_mutex_unlock(&ring->lock);
    host_call(SYS_munmap, memory, s.size, 0, 0, 0, 0);
    return result;
}

/* The wait is no part of what the lock is held for; its error counts only if nothing was submitted. */
static int64_t enter_converted(struct thread *thread, struct ring *ring, const uint64_t *arguments, unsigned count)
{
    uint64_t a[6];
    memcpy(a, arguments, sizeof a);
    int64_t result = submit_converted(thread, ring, a, count);
    if (result != (int64_t)(uint32_t)a[COUNT] || !(a[HOW] & IORING_ENTER_GETEVENTS)) return result;
    a[COUNT] = 0;
    enter(thread, a);
    return result;
}

/* The poller's work, then the wait. What it was told is not counted by a poller: all are submitted at once, and the one that is wrong
 * does not keep the others. */
static int64_t enter_polled(struct thread *thread, struct ring *ring, const uint64_t *arguments)
{
    uint64_t a[6];
    memcpy(a, arguments, sizeof a);
    unsigned count = pending(thread, ring, UINT_MAX), told = (uint32_t)a[COUNT];
    for (bool first = true; count || (first && told); first = false) {
        int64_t result = any_to_convert(thread, ring, count) ? submit_converted(thread, ring, a, count) : submit(a, count);
        if (result < 0 && first) return result;
        if (result <= 0) break;
        count = pending(thread, ring, UINT_MAX);
    }
    a[COUNT] = 0;
    if (told && !(a[HOW] & IORING_ENTER_GETEVENTS)) return told;
    int64_t result = enter(thread, a);
    return told ? told : result;
}

static struct ring *ring_of(struct thread *thread, uint64_t fd, bool registered)
{
    return registered ? ring_registered(thread, (unsigned)fd) : ring_find(thread->process, (int)fd);
}

int64_t syscall_io_uring_enter(struct thread *thread, const uint64_t *arguments)
{
    struct ring *ring = ring_of(thread, arguments[RING], arguments[HOW] & ENTER_REGISTERED);
    if (!ring || !ring->requests || !ring->entries) return enter(thread, arguments);
    if (ring->polled) return enter_polled(thread, ring, arguments);
    unsigned count = pending(thread, ring, (uint32_t)arguments[COUNT]);
    return any_to_convert(thread, ring, count) ? enter_converted(thread, ring, arguments, count) : enter(thread, arguments);
}

/* -- io_uring_register --------------------------------------------------------------------------------------------------------- */
/* The kernel has chosen the numbers of those it took. */
static void note_descriptors(struct thread *thread, guest_addr list, int64_t count, bool registered)
{
    for (int64_t i = 0; i < count; i++) {
        struct io_uring_rsrc_update one;
        if (copy_from_guest(thread, &one, list + (uint64_t)i * sizeof one, sizeof one)) return;
        ring_register(thread, one.offset, registered ? ring_find(thread->process, (int)one.data) : NULL);
    }
}

/* Other sizes, at places that the guest has yet to map. */
static void note_sizes(struct thread *thread, struct ring *ring, guest_addr parameters)
{
    struct io_uring_params now;
    if (!ring || copy_from_guest(thread, &now, parameters, sizeof now)) return;
    ring->parameters.sq_entries = now.sq_entries;
    ring->parameters.sq_off = now.sq_off;
    ring->requests = ring->entries = 0;
}

static void hide_absent(struct thread *thread, guest_addr list)
{
    struct io_uring_probe probe;
    if (copy_from_guest(thread, &probe, list, sizeof probe)) return;
    for (unsigned i = 0; i < probe.ops_len; i++) {
        struct io_uring_probe_op one;
        guest_addr at = list + sizeof probe + i * sizeof one;
        if (copy_from_guest(thread, &one, at, sizeof one)) return;
        const struct request_description *request = find_request(one.op);
        if (!request || !request->absent) continue;
        one.flags &= (uint16_t)~IO_URING_OP_SUPPORTED;
        copy_to_guest(thread, at, &one, sizeof one);
    }
}

int64_t syscall_io_uring_register(struct thread *thread, const uint64_t *arguments)
{
    uint32_t operation = (uint32_t)arguments[1] & ~REGISTER_USE_REGISTERED;
    struct ring *ring = ring_of(thread, arguments[0], (uint32_t)arguments[1] & REGISTER_USE_REGISTERED);
    uint64_t argument = (uintptr_t)guest_pointer(thread->process, arguments[2]);
    int64_t result = operation == REGISTER_SYNC_CANCEL
        ? host_call_blocking(thread, SYS_io_uring_register, arguments[0], arguments[1], argument, arguments[3], 0, 0)
        : host_call(SYS_io_uring_register, arguments[0], arguments[1], argument, arguments[3], 0, 0);
    if (operation == REGISTER_RING_FDS || operation == UNREGISTER_RING_FDS)
        note_descriptors(thread, arguments[2], result, operation == REGISTER_RING_FDS);
    if (operation == REGISTER_RESIZE_RINGS && result == 0) note_sizes(thread, ring, arguments[2]);
    if (operation == IORING_REGISTER_PROBE && result == 0) hide_absent(thread, arguments[2]);
    return result;
}
