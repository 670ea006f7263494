/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hand-written calls on memory, threads, processes and signals: `custom` lines of syscalls.desc name them. Host errno, negated.
 */
#ifndef FERRY_SYSCALLS_CALLS_H
#define FERRY_SYSCALLS_CALLS_H

#include "syscalls/syscalls.h"

/* memory.c */
syscall_function syscall_mmap, syscall_munmap, syscall_mremap, syscall_mprotect, syscall_brk, syscall_remap_file_pages, syscall_madvise,
    syscall_mincore, syscall_mlock, syscall_mlock2, syscall_munlock, syscall_mlockall, syscall_munlockall, syscall_msync;
/* threads.c */
syscall_function syscall_clone, syscall_clone3, syscall_set_tid_address, syscall_set_robust_list, syscall_get_robust_list, syscall_gettid,
    syscall_futex, syscall_rseq, syscall_membarrier, syscall_userfaultfd;
/* process.c */
syscall_function syscall_execve, syscall_execveat, syscall_exit, syscall_exit_group, syscall_wait4, syscall_waitid, syscall_personality,
    syscall_process_vm_readv, syscall_process_vm_writev;
/* signals.c */
syscall_function syscall_kill, syscall_tkill, syscall_tgkill, syscall_rt_sigqueueinfo, syscall_rt_tgsigqueueinfo, syscall_rt_sigaction,
    syscall_rt_sigprocmask, syscall_rt_sigpending, syscall_rt_sigsuspend, syscall_rt_sigtimedwait, syscall_rt_sigreturn, syscall_sigaltstack;

/* Runs the exit of a thread as its guest sees it: robust futexes, then clear_child_tid (threads.c). */
void thread_leave(struct thread *thread);

#endif
