/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RLIMIT_AS, RLIMIT_DATA and PR_SET_MDWE of the guest. On the host they would count and bind ferry's own memory, so they are
 * kept and enforced here.
 */
#ifndef FERRY_SYSCALLS_MEMORY_LIMITS_H
#define FERRY_SYSCALLS_MEMORY_LIMITS_H

#include "syscalls/proc.h"

/* Bits of process->memory_deny, PR_SET_MDWE's. */
#define MEMORY_DENY_GAIN 1u
#define MEMORY_DENY_NO_INHERIT 2u

/* The guest's limits are the host's, or what a ferry before an exec handed on; ferry's own become as wide as they may. */
void memory_limits_start(struct process *process, const char *handed_on);
/* The option that hands them on; "" where there are none. */
void memory_limits_option(const struct process *process, char *text, size_t size);
/* What a child of its own memory does not get. */
void memory_limits_forked(struct process *process);
/* Before and after a native program is tried: the soft limits it is to have, and ferry's own again. */
void memory_limits_leave(const struct process *process);
void memory_limits_return(const struct process *process);

/* NULL: not one that is kept here. */
struct memory_limit *memory_limit_of(struct process *process, uint64_t resource);

/* The mappings may grow by that much, writable private memory or not (mm/mmap.c, may_expand_vm). */
bool memory_limits_allow(const struct process *process, const struct guest_mapping *mappings, size_t count, uint64_t bytes, bool is_data);
/* PR_SET_MDWE forbids the change of protection; the old one of a new mapping is its own. */
bool memory_protection_denied(const struct process *process, int old, int new);

#endif
