/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * io_uring. The rings have one layout everywhere and lie in the guest's memory; what requests name (files, open flags, epoll events) is
 * put into the host's terms while the kernel takes them over, in io_uring_enter, and put back after it: a guest may use an entry
 * again. So the kernel must take requests in that call only (no SQPOLL) and from memory that we know (no NO_MMAP, no registered ring
 * descriptors); programs find these missing on older kernels too. All that is pointed at is read in that call.
 */
#include "syscalls/convert.h"
#include "syscalls/files.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define MAXIMUM_RINGS 64
#define SETUP_NO_MMAP (1u << 14)               /* newer than the headers */
#define SETUP_NO_SQARRAY (1u << 16)
#define REGISTER_RING_FDS 20
#define UNTRANSLATED_SETUP (IORING_SETUP_SQPOLL | SETUP_NO_MMAP)

struct ring {
    int fd;                                    /* -1: free */
    struct io_uring_params parameters;
    guest_addr requests, entries;              /* where the guest has mapped them; 0: not yet */
};
struct rings { struct ring ring[MAXIMUM_RINGS]; };

/* What of a request is a path, and whether a last link is followed: the places of the path and of its directory in the entry. */
struct path_place { uint8_t path, directory; bool follow; };
struct request_description {
    uint8_t operation;
    bool open_flags, open_how, epoll_event;
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
};

static const struct request_description *find_request(unsigned operation)
{
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (requests[i].operation == operation) return &requests[i];
    return NULL;
}

/* -- rings ----------------------------------------------------------------------------------------------------------------- */
static struct rings *rings_of(struct process *process)
{
    pthread_mutex_lock(&process->lock);
    if (!process->rings) {
        int64_t memory = host_call(SYS_mmap, 0, sizeof(struct rings), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct rings *rings = memory < 0 && memory > -4096 ? NULL : (struct rings *)(uintptr_t)memory;
        for (unsigned i = 0; rings && i < MAXIMUM_RINGS; i++) rings->ring[i].fd = -1;
        process->rings = rings;
    }
    pthread_mutex_unlock(&process->lock);
    return process->rings;
}

static struct ring *ring_with(struct rings *rings, int fd)
{
    for (unsigned i = 0; rings && i < MAXIMUM_RINGS; i++)
        if (rings->ring[i].fd == fd) return &rings->ring[i];
    return NULL;
}

static bool is_ring(int fd, const struct ring *ring)
{
    int64_t self = host_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    return ring->fd >= 0 && host_call(SYS_kcmp, self, self, KCMP_FILE, ring->fd, fd, 0) == 0;
}

/* By number, or as a duplicate of one. */
static struct ring *find_ring(struct process *process, int fd)
{
    struct rings *rings = process->rings;
    struct ring *ring = ring_with(rings, fd);
    for (unsigned i = 0; rings && !ring && i < MAXIMUM_RINGS; i++)
        if (is_ring(fd, &rings->ring[i])) ring = &rings->ring[i];
    return ring;
}

/* A number whose file is closed may be taken. */
static struct ring *free_ring(struct rings *rings, int fd)
{
    struct ring *ring = ring_with(rings, fd);
    if (!ring) ring = ring_with(rings, -1);
    for (unsigned i = 0; rings && !ring && i < MAXIMUM_RINGS; i++)
        if (host_call(SYS_fcntl, rings->ring[i].fd, F_GETFD, 0, 0, 0, 0) < 0) ring = &rings->ring[i];
    return ring;
}

int64_t syscall_io_uring_setup(struct thread *thread, const uint64_t *arguments)
{
    struct io_uring_params parameters;
    struct rings *rings = rings_of(thread->process);
    if (copy_from_guest(thread, &parameters, arguments[1], sizeof parameters)) return -EFAULT;
    if (parameters.flags & UNTRANSLATED_SETUP) return -EINVAL;
    int64_t fd = host_call(SYS_io_uring_setup, arguments[0], (uintptr_t)&parameters, 0, 0, 0, 0);
    if (fd < 0) return fd;
    struct ring *ring = free_ring(rings, (int)fd);
    int64_t error = !ring ? -ENOMEM : copy_to_guest(thread, arguments[1], &parameters, sizeof parameters);
    if (error) {
        host_call(SYS_close, fd, 0, 0, 0, 0, 0);
        return error;
    }
    *ring = (struct ring){ .fd = (int)fd, .parameters = parameters };
    return fd;
}

void ring_mapped(struct process *process, int fd, uint64_t offset, guest_addr at)
{
    struct ring *ring = process->rings && fd >= 0 ? find_ring(process, fd) : NULL;
    if (ring && offset == IORING_OFF_SQ_RING) ring->requests = at;
    if (ring && offset == IORING_OFF_SQES) ring->entries = at;
}

/* -- requests -------------------------------------------------------------------------------------------------------------- */
struct changed_entry { guest_addr at; struct io_uring_sqe before; };
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

static void convert_open_how(struct submission *s, struct io_uring_sqe *entry)
{
    uint8_t image[sizeof(struct open_how)];
    struct open_how *how = take(s, sizeof *how);
    if (!how || entry->len != sizeof *how || copy_from_guest(s->thread, image, entry->off, sizeof image)) return;
    struct_to_host(s->thread->process, STRUCT_OPEN_HOW, how, image);
    entry->off = (uintptr_t)how;
}

static void convert_epoll_event(struct submission *s, struct io_uring_sqe *entry)
{
    uint8_t image[32];
    void *event = take(s, host_abi.structs[STRUCT_EPOLL_EVENT].size);
    if (!event || !entry->addr || copy_from_guest(s->thread, image, entry->addr, s->thread->process->abi->structs[STRUCT_EPOLL_EVENT].size)) return;
    struct_to_host(s->thread->process, STRUCT_EPOLL_EVENT, event, image);
    entry->addr = (uintptr_t)event;
}

static void convert_entry(struct submission *s, struct io_uring_sqe *entry, const struct request_description *request)
{
    const struct abi *abi = s->thread->process->abi;
    if (request->open_flags) entry->open_flags = (uint32_t)constant_to_host(abi, FLAGS_OPEN, entry->open_flags);
    bool nofollow = request->open_flags ? entry->open_flags & O_NOFOLLOW
                  : request->operation == IORING_OP_STATX && (entry->statx_flags & AT_SYMLINK_NOFOLLOW);
    if (request->open_how) convert_open_how(s, entry);
    if (request->epoll_event) convert_epoll_event(s, entry);
    for (unsigned i = 0; i < request->path_count; i++) convert_path(s, entry, &request->paths[i], request->paths[i].follow && !nofollow);
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

static void convert_requests(struct submission *s, const struct ring *ring, unsigned count)
{
    uint32_t head = load_word(s->thread, ring->requests + ring->parameters.sq_off.head);
    uint32_t tail = load_word(s->thread, ring->requests + ring->parameters.sq_off.tail);
    for (; count && head != tail; head++, count--) {
        struct io_uring_sqe entry;
        guest_addr at = entry_address(s->thread, ring, head);
        if (!at || copy_from_guest(s->thread, &entry, at, sizeof entry)) continue;
        const struct request_description *request = find_request(entry.opcode);
        if (!request) continue;
        s->changed[s->changed_count++] = (struct changed_entry){ at, entry };
        convert_entry(s, &entry, request);
        copy_to_guest(s->thread, at, &entry, sizeof entry);
    }
}

static void restore_requests(const struct submission *s)
{
    for (unsigned i = 0; i < s->changed_count; i++) copy_to_guest(s->thread, s->changed[i].at, &s->changed[i].before, sizeof s->changed[i].before);
}

static int64_t enter(struct thread *thread, const uint64_t *a)
{
    return host_call_blocking(thread, SYS_io_uring_enter, a[0], a[1], a[2], a[3], (uintptr_t)guest_pointer(thread->process, a[4]), a[5]);
}

int64_t syscall_io_uring_enter(struct thread *thread, const uint64_t *arguments)
{
    struct ring *ring = (uint32_t)arguments[1] ? find_ring(thread->process, (int)arguments[0]) : NULL;
    if (!ring || !ring->requests || !ring->entries) return enter(thread, arguments);
    unsigned count = (uint32_t)arguments[1] < ring->parameters.sq_entries ? (uint32_t)arguments[1] : ring->parameters.sq_entries;
    struct submission s = { .thread = thread, .size = (count + 1) * (2 * PATH_MAX + 1024) };
    int64_t memory = host_call(SYS_mmap, 0, s.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory < 0 && memory > -4096) return -EAGAIN;
    s.memory = (uint8_t *)(uintptr_t)memory;
    s.changed = take(&s, count * sizeof *s.changed);
    convert_requests(&s, ring, count);
    int64_t result = enter(thread, arguments);
    restore_requests(&s);
    host_call(SYS_munmap, memory, s.size, 0, 0, 0, 0);
    return result;
}

int64_t syscall_io_uring_register(struct thread *thread, const uint64_t *arguments)
{
    if ((uint32_t)arguments[1] == REGISTER_RING_FDS) return -EINVAL;
    return host_call(SYS_io_uring_register, arguments[0], arguments[1], (uintptr_t)guest_pointer(thread->process, arguments[2]), arguments[3], 0, 0);
}
