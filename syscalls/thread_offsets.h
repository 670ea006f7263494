/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Offsets in struct thread for assembly; threads.c asserts them.
 */
#ifndef FERRY_SYSCALLS_THREAD_OFFSETS_H
#define FERRY_SYSCALLS_THREAD_OFFSETS_H
#define THREAD_SIGNAL_ARRIVED 28
#endif
