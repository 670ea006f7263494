/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * io_uring by raw calls, for the programs of this suite that are about it.
 *
 *   struct ring *r = ring_new(8, IORING_SETUP_CQE32)   or ring_new_with(8, &params); NULL and a line when Linux refuses
 *   ring_put(r, (struct io_uring_sqe){ … })            puts a request into the queue: PUT(r, READ, .fd = …) names it
 *   ring_go(r, "text", wait)                           submits what was put, waits for so many completions, prints all
 *   ring_free(r)
 *
 * Completions are printed by their user_data (PUT counts it up from 1 in each batch), since the order in which they come may differ.
 */
#ifndef RING_H
#define RING_H

#include "check.h"
#include <linux/io_uring.h>

/* Newer than the headers. */
#define RING_NO_MMAP (1u << 14)
#define RING_REGISTERED_FD_ONLY (1u << 15)
#define RING_NO_SQARRAY (1u << 16)
#define RING_ENTER_REGISTERED (1u << 4)
#define RING_USE_REGISTERED (1u << 31)

struct ring {
    int fd;
    unsigned how;                              /* of each io_uring_enter */
    struct io_uring_params p;
    unsigned put, data;
    bool descriptors;                          /* results are printed as "ok": a polling thread may make them in another order */
    size_t entry_size, completion_size;
    char *map; size_t map_size;
    char *entries; size_t entries_size;
};

static inline unsigned *ring_word(const struct ring *r, unsigned offset) { return (unsigned *)(r->map + offset); }

static inline size_t ring_sizes(struct ring *r)
{
    r->entry_size = r->p.flags & IORING_SETUP_SQE128 ? 128 : 64;
    r->completion_size = r->p.flags & IORING_SETUP_CQE32 ? 32 : 16;
    r->entries_size = r->p.sq_entries * r->entry_size;
    size_t size = r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned), other = r->p.cq_off.cqes + r->p.cq_entries * r->completion_size;
    return r->map_size = size > other ? size : other;
}

static inline struct ring *ring_new_with(unsigned entries, const struct io_uring_params *p)
{
    struct ring *r = calloc(1, sizeof *r);
    r->p = *p;
    r->fd = (int)syscall(SYS_io_uring_setup, entries, &r->p);
    if (r->fd < 0) {
        printf("no ring: %s\n", check_error(errno));
        free(r);
        return NULL;
    }
    ring_sizes(r);
    r->map = mmap(NULL, r->map_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
    r->entries = mmap(NULL, r->entries_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
    if (r->map == MAP_FAILED || r->entries == MAP_FAILED) abort();
    return r;
}

static inline struct ring *ring_new(unsigned entries, unsigned flags)
{
    struct io_uring_params p = { .flags = flags };
    return ring_new_with(entries, &p);
}

static inline void ring_free(struct ring *r)
{
    if (!r) return;
    munmap(r->map, r->map_size), munmap(r->entries, r->entries_size);
    close(r->fd);
    free(r);
}

static inline struct io_uring_sqe *ring_put(struct ring *r, struct io_uring_sqe entry)
{
    unsigned tail = *ring_word(r, r->p.sq_off.tail), index = tail & *ring_word(r, r->p.sq_off.ring_mask);
    struct io_uring_sqe *at = (struct io_uring_sqe *)(r->entries + index * r->entry_size);
    memset(at, 0, r->entry_size);
    *at = entry;
    if (!at->user_data) at->user_data = ++r->data;
    if (!(r->p.flags & RING_NO_SQARRAY)) ring_word(r, r->p.sq_off.array)[index] = index;
    __atomic_store_n(ring_word(r, r->p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
    r->put++;
    return at;
}
#define PUT(r, code, ...) ring_put(r, (struct io_uring_sqe){ .opcode = IORING_OP_##code, ##__VA_ARGS__ })

struct ring_done { unsigned long long data; int result; unsigned flags; unsigned long long more[2]; };

static inline int ring_order(const void *a, const void *b)
{
    const struct ring_done *one = a, *other = b;
    return one->data < other->data ? -1 : one->data > other->data;
}

static inline unsigned ring_take(struct ring *r, struct ring_done *done, unsigned room)
{
    unsigned count = 0, head = *ring_word(r, r->p.cq_off.head);
    for (; count < room && head != __atomic_load_n(ring_word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE); head++, count++) {
        struct io_uring_cqe *at = (struct io_uring_cqe *)(r->map + r->p.cq_off.cqes + (head & *ring_word(r, r->p.cq_off.ring_mask)) * r->completion_size);
        done[count] = (struct ring_done){ at->user_data, at->res, at->flags, { 0, 0 } };
        if (r->completion_size == 32) memcpy(done[count].more, at->big_cqe, 16);
    }
    __atomic_store_n(ring_word(r, r->p.cq_off.head), head, __ATOMIC_RELEASE);
    /* Within one request's completions the order is kept: mergesort is stable where qsort need not be. */
    for (unsigned i = 1; i < count; i++)
        for (unsigned k = i; k && ring_order(&done[k - 1], &done[k]) > 0; k--) {
            struct ring_done swap = done[k];
            done[k] = done[k - 1], done[k - 1] = swap;
        }
    return count;
}

/* All that is there; the last one's result. */
static inline int ring_print(struct ring *r)
{
    struct ring_done done[256];
    unsigned count = ring_take(r, done, 256);
    for (unsigned i = 0; i < count; i++) {
        if (r->descriptors && done[i].result > 0) printf("  %llx: ok", done[i].data);
        else printf("  %llx: %s%d", done[i].data, done[i].result < 0 ? check_error(-done[i].result) : "", done[i].result);
        if (done[i].flags) printf(" flags %x", done[i].flags);
        if (r->completion_size == 32) printf(" more %llx %llx", done[i].more[0], done[i].more[1]);
        printf("\n");
    }
    return count ? done[count - 1].result : -1;
}

static inline int ring_go(struct ring *r, const char *text, unsigned wait)
{
    unsigned count = r->put, how = r->how | (r->p.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);
    long entered = syscall(SYS_io_uring_enter, r->fd, count, wait, how | IORING_ENTER_GETEVENTS, NULL, 0);
    printf("%s: entered %ld%s%s\n", text, entered, entered < 0 ? " " : "", entered < 0 ? check_error(errno) : "");
    r->put = 0, r->data = 0;
    return ring_print(r);
}
/* One request, by itself. */
#define GO(r, code, ...) (PUT(r, code, ##__VA_ARGS__), ring_go(r, #code, 1))

#endif
