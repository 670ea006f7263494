/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Labels of host_call.S and guest_copy.S: the windows that the fault and signal handlers know.
 */
#ifndef FERRY_SYSCALLS_GUEST_MEMORY_H
#define FERRY_SYSCALLS_GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

int guest_copy(void *to, const void *from, size_t size);
int64_t guest_copy_string(char *to, const char *from, size_t size);
extern const char guest_copy_start[], guest_copy_end[], guest_copy_failed[];
extern const char host_call_window[], host_call_window_end[], host_call_abort[];
struct clone_args;
int64_t host_clone3_on_stack(struct clone_args *arguments, size_t size, void (*start)(void *), void *argument);
int64_t host_clone_on_stack(uint64_t flags, void *stack, int *parent_tid, int *child_tid, uint64_t tls, void (*start)(void *), void *argument);

#endif
