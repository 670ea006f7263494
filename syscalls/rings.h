/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The io_uring instances of the guest: where their queues are.
 */
#ifndef FERRY_SYSCALLS_RINGS_H
#define FERRY_SYSCALLS_RINGS_H

#include "syscalls/process.h"
#include <linux/io_uring.h>

/* Newer than the headers, where they are. */
#define SETUP_NO_MMAP (1u << 14)
#define SETUP_REGISTERED_ONLY (1u << 15)       /* IORING_SETUP_REGISTERED_FD_ONLY: setup gives no descriptor but a registered one */
#define SETUP_NO_SQARRAY (1u << 16)
#define SETUP_KNOWN ((1u << 19) - 1)           /* up to IORING_SETUP_CQE_MIXED */

struct ring {
    int fd;                                    /* -1: free; -2: has only registered ones */
    struct io_uring_params parameters;
    guest_addr requests, entries;              /* where the guest has them; 0: not mapped yet */
    bool polled;                               /* the guest was promised a polling thread (io_uring.c) */
    pthread_mutex_t lock;                      /* held while requests are in the host's terms. A leaf */
};

/* By number, or as a duplicate of one. NULL: none that we know. */
struct ring *ring_find(struct process *process, int fd);
/* The thread's registered descriptor (IORING_REGISTER_RING_FDS). */
struct ring *ring_registered(const struct thread *thread, unsigned index);
/* False: no room. NULL takes it away. */
bool ring_register(const struct thread *thread, unsigned index, struct ring *ring);
/* fd: -2 for none. NULL: no room. */
struct ring *ring_add(struct process *process, int fd, const struct io_uring_params *parameters, bool polled);
/* Nobody sleeps for the guest: each submission has to wake the poller, which is us. */
void ring_ask_for_wakeup(struct thread *thread, const struct ring *ring);
/* In the child: nobody holds what other threads held. */
void rings_forked(struct process *process);

#endif
