/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Setting up a guest address space: what the loader and shmat need beyond process.h.
 */
#ifndef FERRY_SYSCALLS_ADDRESS_SPACE_H
#define FERRY_SYSCALLS_ADDRESS_SPACE_H

#include "syscalls/process.h"

/* Linux on arm64 with 39 address bits: position-independent programs at 2/3 of it (ELF_ET_DYN_BASE), the stack at the top, mmap below,
 * top-down, or in the old layout upwards from a quarter (TASK_UNMAPPED_BASE). */
#define ADDRESS_SPACE_PROGRAM_BASE 0x5555555000ull
#define ADDRESS_SPACE_STACK_TOP 0x8000000000ull
#define ADDRESS_SPACE_BOTTOM_UP_BASE 0x2000000000ull
/* Between the top of the stack and mmap's base, at least and at most. */
#define ADDRESS_SPACE_SMALLEST_GAP (128ull << 20)
#define ADDRESS_SPACE_LARGEST_GAP (ADDRESS_SPACE_STACK_TOP / 6 * 5)

void address_space_set_brk(struct process *process, guest_addr start);
/* Says where the break is, nothing is mapped (PR_SET_MM). */
void address_space_place_brk(struct process *process, guest_addr start, guest_addr end);
void address_space_set_mmap_base(struct process *process, guest_addr base, bool bottom_up);
/* RLIMIT_STACK as it is at the start, or has become. */
void address_space_stack_limit(struct process *process, uint64_t limit, bool at_start);
/* ... of another emulated process, whose `struct process` is there. */
void address_space_stack_limit_of_other(pid_t pid, const struct process *remote, uint64_t limit);
/* As address_space_map, for a segment of shared memory (shmat), mapped at once: no thread sees anything else in its place. flags: where. */
int64_t address_space_attach(struct process *process, guest_addr hint, uint64_t size, int protection, int flags, int segment);
/* Records what is already mapped on the host. */
void address_space_adopt(struct process *process, guest_addr start, uint64_t size, int protection, bool shared);

#endif
