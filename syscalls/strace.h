/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace: a call as strace(1) writes it, from the call's description.
 */
#ifndef FERRY_SYSCALLS_STRACE_H
#define FERRY_SYSCALLS_STRACE_H

#include "syscalls/abi.h"
#include "syscalls/text.h"

struct strace_line { struct text text; unsigned printed; };   /* printed: arguments written so far */

/* What is known before the call; a call that does not return is written out here. */
void strace_enter(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values);
void strace_leave(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values,
                  int64_t result);

/* One finished line: to the process's log, or stderr. */
void syscall_log(const struct process *process, struct text *line);

const struct ioctl_description *ioctl_find(uint64_t request);   /* NULL: unknown */

/* fcntl's commands (strace_fcntl.c): `argument` is an argument_kind with its detail, ARGUMENT_POINTER: none; `result` a set of flags. */
struct fcntl_command { int command; uint8_t argument; uint16_t detail, result; };
const struct fcntl_command *strace_fcntl_find(const struct abi *abi, uint64_t command);

#endif
