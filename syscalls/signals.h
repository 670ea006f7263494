/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What signal frames need of the alternate stack. `stack` is the guest's stack_t (64-bit layout, 24 bytes).
 */
#ifndef FERRY_SYSCALLS_SIGNALS_H
#define FERRY_SYSCALLS_SIGNALS_H

#include "syscalls/process.h"

bool signal_on_altstack(const struct thread *thread, guest_addr sp);
void signal_save_altstack(const struct thread *thread, void *stack);
void signal_restore_altstack(struct thread *thread, const void *stack, guest_addr sp);

#endif
