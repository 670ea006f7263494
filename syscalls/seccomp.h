/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's seccomp(2). Its filters see guest numbers, so ferry itself evaluates them, before each call of a thread that has any;
 * what ferry does for itself they never see.
 */
#ifndef FERRY_SYSCALLS_SECCOMP_H
#define FERRY_SYSCALLS_SECCOMP_H

#include "syscalls/abi.h"

/* Before a call of a thread whose seccomp_mode is not 0. false: it is not made, and *result is what the thread gets. call is NULL for
 * a number that nobody knows. May not return. */
bool seccomp_check(struct thread *thread, const struct call_description *call, unsigned number, const uint64_t *arguments, int64_t *result);

/* prctl's way in. */
syscall_function control_get_seccomp, control_set_seccomp;

/* A new thread or process starts with its parent's filters; one that ends gives them back. With threads: under the process's lock, so
 * that SECCOMP_FILTER_FLAG_TSYNC misses nobody. */
void seccomp_filters_inherit(struct thread *child, const struct thread *parent);
void seccomp_filters_release(struct thread *thread);
/* How many filters a thread has (/proc/PID/status). */
unsigned seccomp_filter_count(const struct thread *thread);

/* Across exec: the filters in a memory file, whose descriptor the program that follows gets. seccomp_filters_save: negative errno. */
int64_t seccomp_filters_save(const struct thread *thread);
bool seccomp_filters_load(struct thread *thread, int fd);

/* Numbers that no host call has and that ferry's host filters notify for (seccomp_notify.c). */
#define SECCOMP_NOTIFY_RANGE 0x20000000u
#define SECCOMP_NOTIFY_MASK 0xf0000000u

/* -- user notification (seccomp_notify.c) -------------------------------------------------------------------------------- */
/* A listener descriptor, or negative errno. flags: the guest's SECCOMP_FILTER_FLAG_ bits. */
int64_t seccomp_listen(uint64_t flags);
/* Makes every host thread of this process as unprivileged as this one is (PR_SET_NO_NEW_PRIVS), which TSYNC asks for. */
void seccomp_share_no_new_privileges(void);
/* Asks the listener. true: it lets the call go on. */
bool seccomp_notify(struct thread *thread, unsigned number, const uint64_t *arguments, int64_t *result);
/* The listener's ioctls whose data need translation; false: another request. */
bool seccomp_ioctl(struct thread *thread, const uint64_t *arguments, int64_t *result);
/* The guest's AUDIT_ARCH_ number. */
uint32_t seccomp_architecture(const struct guest_isa *isa);

#endif
