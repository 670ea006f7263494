/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Setting up a guest address space: what the loader and shmat need beyond process.h.
 */
#ifndef FERRY_SYSCALLS_ADDRESS_SPACE_H
#define FERRY_SYSCALLS_ADDRESS_SPACE_H

#include "syscalls/process.h"

/* Linux on arm64 with 39 address bits: ELF_ET_DYN_BASE = 2/3 of it, the stack at the top, mmap top-down below. */
#define ADDRESS_SPACE_PROGRAM_BASE 0x5555550000ull
#define ADDRESS_SPACE_MMAP_TOP 0x7f80000000ull
#define ADDRESS_SPACE_STACK_TOP 0x7fffff0000ull

void address_space_set_brk(struct process *process, guest_addr start);
/* Says where the break is, nothing is mapped (PR_SET_MM). */
void address_space_place_brk(struct process *process, guest_addr start, guest_addr end);
void address_space_set_mmap_top(struct process *process, guest_addr top);
/* Records shared memory that is already mapped on the host (shmat). */
void address_space_adopt(struct process *process, guest_addr start, uint64_t size, int protection);

#endif
