/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of io_uring instances. The kernel tells nobody which descriptors are rings or where they are mapped, so it is kept here. What
 * is registered belongs to a thread (the kernel's task context) and outlives the descriptor; threads that are gone are found out late.
 */
#include "syscalls/rings.h"
#include "syscalls/files.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define MAXIMUM_RINGS 256
#define REGISTERED_ONLY (-2)

struct registration { pid_t tid; unsigned index; struct ring *ring; };   /* ring NULL: free */
struct rings {
    struct ring ring[MAXIMUM_RINGS];
    struct registration registration[MAXIMUM_RINGS];
};

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

struct ring *ring_find(struct process *process, int fd)
{
    struct rings *rings = process->rings;
    struct ring *ring = fd >= 0 ? ring_with(rings, fd) : NULL;
    for (unsigned i = 0; rings && fd >= 0 && !ring && i < MAXIMUM_RINGS; i++)
        if (is_ring(fd, &rings->ring[i])) ring = &rings->ring[i];
    return ring;
}

/* -- registered descriptors -------------------------------------------------------------------------------------------------- */
static bool thread_lives(pid_t tid)
{
    return host_call(SYS_tgkill, host_call(SYS_getpid, 0, 0, 0, 0, 0, 0), tid, 0, 0, 0, 0) == 0;
}

static struct registration *registration_of(struct rings *rings, pid_t tid, unsigned index)
{
    for (unsigned i = 0; rings && i < MAXIMUM_RINGS; i++) {
        struct registration *r = &rings->registration[i];
        if (r->ring && r->tid == tid && r->index == index) return r;
    }
    return NULL;
}

static struct registration *free_registration(struct rings *rings)
{
    for (unsigned i = 0; rings && i < MAXIMUM_RINGS; i++)
        if (!rings->registration[i].ring || !thread_lives(rings->registration[i].tid)) return &rings->registration[i];
    return NULL;
}

struct ring *ring_registered(const struct thread *thread, unsigned index)
{
    const struct registration *r = registration_of(thread->process->rings, thread->tid, index);
    return r ? r->ring : NULL;
}

bool ring_register(const struct thread *thread, unsigned index, struct ring *ring)
{
    struct process *process = thread->process;
    struct rings *rings = rings_of(process);
    pthread_mutex_lock(&process->lock);
    struct registration *r = registration_of(rings, thread->tid, index);
    if (!r && ring) r = free_registration(rings);
    if (r) *r = (struct registration){ thread->tid, index, ring };
    pthread_mutex_unlock(&process->lock);
    return r || !ring;
}

static bool is_registered(const struct rings *rings, const struct ring *ring)
{
    for (unsigned i = 0; i < MAXIMUM_RINGS; i++)
        if (rings->registration[i].ring == ring && thread_lives(rings->registration[i].tid)) return true;
    return false;
}

/* -- new ones -------------------------------------------------------------------------------------------------------------- */
static bool is_gone(const struct rings *rings, const struct ring *ring)
{
    return (ring->fd == REGISTERED_ONLY || host_call(SYS_fcntl, ring->fd, F_GETFD, 0, 0, 0, 0) < 0) && !is_registered(rings, ring);
}

/* A number that is given out again was closed; its ring may live on by being registered. */
static struct ring *free_ring(struct rings *rings, int fd)
{
    struct ring *before = fd >= 0 ? ring_with(rings, fd) : NULL;
    if (before && !is_registered(rings, before)) return before;
    if (before) before->fd = REGISTERED_ONLY;
    struct ring *ring = ring_with(rings, -1);
    for (unsigned i = 0; !ring && i < MAXIMUM_RINGS; i++)
        if (is_gone(rings, &rings->ring[i])) ring = &rings->ring[i];
    return ring;
}

struct ring *ring_add(struct process *process, int fd, const struct io_uring_params *parameters, bool polled)
{
    struct rings *rings = rings_of(process);
    if (!rings) return NULL;
    pthread_mutex_lock(&process->lock);
    struct ring *ring = free_ring(rings, fd);
    if (ring) {
        *ring = (struct ring){ .fd = fd, .parameters = *parameters, .polled = polled };
        pthread_mutex_init(&ring->lock, NULL);
        if (parameters->flags & SETUP_NO_MMAP) {
            ring->requests = parameters->cq_off.resv2;     /* cq_off.user_addr and sq_off.user_addr of newer headers */
            ring->entries = parameters->sq_off.resv2;
        }
    }
    pthread_mutex_unlock(&process->lock);
    return ring;
}

void ring_ask_for_wakeup(struct thread *thread, const struct ring *ring)
{
    uint32_t flags;
    guest_addr at = ring->requests + ring->parameters.sq_off.flags;
    if (!ring->polled || !ring->requests || copy_from_guest(thread, &flags, at, sizeof flags)) return;
    flags |= IORING_SQ_NEED_WAKEUP;
    copy_to_guest(thread, at, &flags, sizeof flags);
}

/* The completions' place is another name for the requests'. */
void ring_mapped(struct thread *thread, int fd, uint64_t offset, guest_addr at)
{
    if (!thread->process->rings || fd < 0 || (offset != IORING_OFF_SQ_RING && offset != IORING_OFF_CQ_RING && offset != IORING_OFF_SQES)) return;
    struct ring *ring = ring_find(thread->process, fd);
    if (!ring) return;
    if (offset == IORING_OFF_SQES) ring->entries = at;
    else if (offset == IORING_OFF_SQ_RING || !ring->requests) ring->requests = at;
    if (offset != IORING_OFF_SQES) ring_ask_for_wakeup(thread, ring);
}

void rings_forked(struct process *process)
{
    for (unsigned i = 0; process->rings && i < MAXIMUM_RINGS; i++) pthread_mutex_init(&process->rings->ring[i].lock, NULL);
}
