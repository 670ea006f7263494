/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * prctl options that are ferry's own business, and who may do what.
 */
#ifndef FERRY_SYSCALLS_PROCESS_CONTROL_H
#define FERRY_SYSCALLS_PROCESS_CONTROL_H

#include "syscalls/syscalls.h"

/* Newer than Debian 12's headers. */
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#define PR_GET_AUXV 0x41555856

syscall_function control_tid_address, control_set_memory_deny, control_get_memory_deny, control_memory_map, control_auxiliary_vector;

/* The calling thread has the capability in force. */
bool process_has_capability(int capability);

#endif
