/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writing processes' memory through files and calls: what it does to translations (memory_files.c).
 */
#ifndef FERRY_SYSCALLS_MEMORY_FILES_H
#define FERRY_SYSCALLS_MEMORY_FILES_H

#include "syscalls/abi.h"
#include "syscalls/process.h"

/* [start, end) of the process's memory was written; it may be our own. */
void code_written(struct process *process, pid_t pid, guest_addr start, guest_addr end);
/* A descriptor was opened that may be /proc/<pid>/mem: from then on, calls are looked at. */
void memory_file_opened(struct process *process, int fd);
/* The same after a successful call by which descriptors may have come. */
void memory_files_received(struct thread *thread, const struct call_description *call, const uint64_t *values, int64_t result);
/* After a successful call, where process->writes_memory_files. */
void memory_file_written(struct process *process, const struct call_description *call, const uint64_t *values, int64_t result);

#endif
