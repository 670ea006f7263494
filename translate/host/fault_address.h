/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Faults for which the operating system has no address: both hosts' code runs on the same CPU.
 */
#ifndef FERRY_HOST_FAULT_ADDRESS_H
#define FERRY_HOST_FAULT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* What the instruction at the context's program counter accesses; 0: unknown. */
uint64_t host_fault_address(const void *ucontext);

#endif
