/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's address space as address_space.c and its table (mappings.c) share it. Nobody else includes this: process.h has what others
 * may ask.
 */
#ifndef FERRY_SYSCALLS_MAPPINGS_H
#define FERRY_SYSCALLS_MAPPINGS_H

#include "syscalls/process.h"

#include <pthread.h>

#define PAGE 4096ull
#define PAGE_MASK (PAGE - 1)

struct address_space {
    pthread_mutex_t lock;
    struct guest_mapping *mappings;
    size_t count, capacity;
    guest_addr mmap_base, brk_start, brk;
    uint64_t mapped, stack_limit;            /* bytes of all mappings; the largest RLIMIT_STACK that there was */
    bool bottom_up;                          /* mmap goes up from its base (Linux' legacy layout), not down */
    /* The executable mapping looked up last, for fetches without the lock. Odd sequence: being changed. */
    _Atomic uint32_t sequence;
    _Atomic guest_addr code_start, code_end;
};

/* Index of the first mapping that ends above address; count when none does. */
size_t mappings_find(const struct address_space *space, guest_addr address);
/* The same, after what grew since and holds the address. */
size_t mappings_find_present(struct address_space *space, guest_addr address);
/* Where a mapping starts that the host may have made larger. */
guest_addr mappings_present_start(struct address_space *space, size_t index);
/* Below which nobody else's mapping is put; exact where that is below `end`. */
guest_addr mappings_guarded_start(struct address_space *space, size_t index, guest_addr end);
/* Before [start, end) is looked at or changed. */
void mappings_learn_growth(struct address_space *space, guest_addr start, guest_addr end);

bool mappings_is_free(const struct address_space *space, guest_addr start, guest_addr end);
/* ... and no stack is near above it. */
bool mappings_is_unguarded(struct address_space *space, guest_addr start, guest_addr end);
/* Every page of [start, end) is mapped. */
bool mappings_cover(const struct address_space *space, guest_addr start, guest_addr end);
uint64_t mappings_bytes(const struct address_space *space, guest_addr start, guest_addr end);

/* Room for two more mappings: what one change can add. */
bool mappings_reserve(struct address_space *space);
/* Cuts [start, end) out; true when any of it was executable. */
bool mappings_remove(struct address_space *space, guest_addr start, guest_addr end);
void mappings_add(struct address_space *space, struct guest_mapping added);

#endif
