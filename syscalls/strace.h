/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace: a call as strace(1) writes it, from the call's description.
 */
#ifndef FERRY_SYSCALLS_STRACE_H
#define FERRY_SYSCALLS_STRACE_H

#include "syscalls/abi.h"
#include "syscalls/text.h"

/* printed: arguments written so far; before: what a length was that the call changes, if it could be read; is_written: the line is out. */
struct strace_line { struct text text; unsigned printed; int64_t before; bool has_before, is_written; };

/* "openat,read,%file" or "!…": what is to be printed, by index in call_table; NULL: a name that nothing has. */
const bool *strace_filter(const char *text);
bool strace_wants(const struct process *process, const struct call_description *call);

/* What is known before the call; a call that does not return is written out here. */
void strace_enter(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values);
void strace_leave(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values,
                  int64_t result);

/* The exec being made is going to work: its line, before nobody is left to write it. */
void strace_execute(struct thread *thread);
/* A signal that a handler gets or that ends the program; the end of a thread, by a signal when `signal` is not 0. */
void strace_signal(struct thread *thread, const siginfo_t *info);
void strace_end(struct thread *thread, int status, int signal, bool dumped);

/* One finished line: to the process's log, or stderr. */
void syscall_log(const struct process *process, struct text *line);

const struct ioctl_description *ioctl_find(uint64_t request);   /* NULL: unknown */

/* fcntl's commands (strace_fcntl.c): `argument` is an argument_kind with its detail, ARGUMENT_POINTER: none; `result` a set of flags;
 * is_output: the call fills it. */
struct fcntl_command { int command; uint8_t argument; uint16_t detail, result; bool is_output; };
const struct fcntl_command *strace_fcntl_find(const struct abi *abi, uint64_t command);

#endif
