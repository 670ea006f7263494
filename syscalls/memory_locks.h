/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mlockall(2) for the guest's mappings alone: the host's would lock, and first fill, all that ferry has reserved.
 */
#ifndef FERRY_SYSCALLS_MEMORY_LOCKS_H
#define FERRY_SYSCALLS_MEMORY_LOCKS_H

#include "syscalls/process.h"

/* MAP_ flags that a new mapping gets by MCL_FUTURE. */
int memory_lock_flags(const struct process *process);
/* The rest of it. result: the new mapping, or why there is none; the same, as the guest sees it. */
int64_t memory_lock_new(struct process *process, int64_t result, uint64_t size);
/* ... of what the host has put in a new mapping's place. */
void memory_lock_attached(const struct process *process, guest_addr at, uint64_t size);

#endif
