/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The folder's public header: a guest's system call, by its number and register arguments.
 */
#ifndef FERRY_SYSCALLS_SYSCALLS_H
#define FERRY_SYSCALLS_SYSCALLS_H

#include "syscalls/process.h"

/* Results besides a value or a negative errno, for the run loop (Linux's own internal numbers). */
#define SYSCALL_RESTART (-512)             /* interrupted: restart if the handler says SA_RESTART or none runs, else -EINTR */
#define SYSCALL_RESTART_NO_HANDLER (-514)  /* restart only when no handler runs */
#define SYSCALL_RESTART_BLOCK (-516)       /* as NO_HANDLER, with restart_arguments changed (nanosleep, futex, poll) */
#define SYSCALL_NO_RESULT (-4096)          /* registers are already as they should be (sigreturn, exec) */

/* Decodes arguments by the ABI, prints when --strace, converts, calls, converts back. The result is the guest's register value:
 * guest errno where negative; or one of the above. */
int64_t syscall_dispatch(struct thread *thread, unsigned number, const uint64_t arguments[6]);

const char *syscall_name(const struct abi *abi, unsigned number);

/* A hand-written call: `custom` lines of syscalls.desc name one. Host errno, negated; the engine maps it to the guest's. */
typedef int64_t syscall_function(struct thread *thread, const uint64_t *arguments);

#endif
