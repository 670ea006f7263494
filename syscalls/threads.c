/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Threads and what synchronises them. One guest thread is one host thread, so futexes, robust lists and membarrier are the host's;
 * clear_child_tid is ours, since the host's one belongs to our own thread library.
 */
#include "syscalls/calls.h"
#include "syscalls/thread_offsets.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>

_Static_assert(offsetof(struct thread, signal_arrived) == THREAD_SIGNAL_ARRIVED, "thread_offsets.h");

int64_t syscall_clone(struct thread *thread, const uint64_t *arguments)
{
    const struct process *process = thread->process;
    uint64_t tls = arguments[process->clone_tls_before_child ? 3 : 4], child_tid = arguments[process->clone_tls_before_child ? 4 : 3];
    uint64_t flags = arguments[0] & 0xffffffffull & ~(uint64_t)CSIGNAL;
    return process->operations->clone(thread, flags, arguments[1], arguments[2], tls, child_tid, (int)(arguments[0] & CSIGNAL), NULL);
}

int64_t syscall_clone3(struct thread *thread, const uint64_t *arguments)
{
    struct clone_args in;
    uint64_t size = arguments[1], rest = size > sizeof in ? size - sizeof in : 0;
    memset(&in, 0, sizeof in);
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (size > 4096)
        return -E2BIG;
    if (copy_from_guest(thread, &in, arguments[0], size - rest))
        return -EFAULT;
    for (uint64_t i = 0; i < rest; i++) {
        uint8_t byte;
        if (copy_from_guest(thread, &byte, arguments[0] + sizeof in + i, 1))
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    if ((in.flags & CSIGNAL) || (in.flags & CLONE_DETACHED) || (in.exit_signal & ~(uint64_t)CSIGNAL) || in.exit_signal > GUEST_SIGNALS)
        return -EINVAL;
    if (!in.stack != !in.stack_size || !in.set_tid != !in.set_tid_size)
        return -EINVAL;
    if ((in.flags & (CLONE_THREAD | CLONE_PARENT)) && in.exit_signal)
        return -EINVAL;
    guest_addr stack = in.stack ? in.stack + in.stack_size : 0;
    return thread->process->operations->clone(thread, in.flags, stack, in.parent_tid, in.tls, in.child_tid, (int)in.exit_signal, &in);
}

int64_t syscall_gettid(struct thread *thread, const uint64_t *arguments)
{
    (void)arguments;
    return thread->tid;
}

int64_t syscall_set_tid_address(struct thread *thread, const uint64_t *arguments)
{
    thread->clear_child_tid = arguments[0];
    return thread->tid;
}

int64_t syscall_set_robust_list(struct thread *thread, const uint64_t *arguments)
{
    int64_t result = host_call(SYS_set_robust_list, arguments[0], arguments[1], 0, 0, 0, 0);
    if (result == 0) {
        thread->robust_list = arguments[0];
        thread->robust_list_size = arguments[1];
    }
    return result;
}

int64_t syscall_get_robust_list(struct thread *thread, const uint64_t *arguments)
{
    if (arguments[0] && (pid_t)arguments[0] != thread->tid)
        return host_call(SYS_get_robust_list, arguments[0], arguments[1], arguments[2], 0, 0, 0);
    uint64_t size = sizeof(struct robust_list_head);
    if (copy_to_guest(thread, arguments[2], &size, sizeof size) || copy_to_guest(thread, arguments[1], &thread->robust_list, sizeof thread->robust_list))
        return -EFAULT;
    return 0;
}

/* A wait without time limit is restarted after a handler with SA_RESTART, one with a limit never (futex(2), signal(7)). */
int64_t syscall_futex(struct thread *thread, const uint64_t *arguments)
{
    int command = (int)arguments[1] & FUTEX_CMD_MASK;
    bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2
        || command == FUTEX_WAIT_REQUEUE_PI;
    if (!waits)
        return host_call(SYS_futex, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    int64_t result = host_call_blocking(thread, SYS_futex, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    if (result != -EINTR)
        return result;
    if (command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2)
        return SYSCALL_RESTART_ALWAYS;
    return arguments[3] ? SYSCALL_RESTART_NO_HANDLER : SYSCALL_RESTART;
}

/* Restartable sequences would need the host kernel to know guest program counters. */
int64_t syscall_rseq(struct thread *thread, const uint64_t *arguments)
{
    (void)thread, (void)arguments;
    return -ENOSYS;
}

int64_t syscall_userfaultfd(struct thread *thread, const uint64_t *arguments)
{
    int64_t result = host_call(SYS_userfaultfd, arguments[0], 0, 0, 0, 0, 0);
    if (result >= 0)
        thread->process->has_userfaults = true;
    return result;
}

/* Without restartable sequences there is nothing to restart (linux/membarrier.h, …_RSEQ). */
#define MEMBARRIER_OF_SEQUENCES (1 << 7 | 1 << 8)

int64_t syscall_membarrier(struct thread *thread, const uint64_t *arguments)
{
    (void)thread;
    if (arguments[0] & MEMBARRIER_OF_SEQUENCES)
        return -EINVAL;
    int64_t result = host_call(SYS_membarrier, arguments[0], arguments[1], arguments[2], 0, 0, 0);
    return (int)arguments[0] == 0 && result > 0 ? result & ~MEMBARRIER_OF_SEQUENCES : result;
}

/* -- leaving ----------------------------------------------------------------------------------------------------------------- */

/* A futex held by a dying owner: mark it, wake one waiter (kernel/futex/core.c, handle_futex_death; robust_futexes.txt). */
static bool futex_owner_died(struct thread *thread, guest_addr address)
{
    uint32_t value, wanted;
    if ((address & 3) || copy_from_guest(thread, &value, address, sizeof value))
        return false;
    _Atomic uint32_t *word = guest_pointer(thread->process, address);
    do {
        if ((value & FUTEX_TID_MASK) != (uint32_t)thread->tid)
            return true;
        wanted = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    } while (!atomic_compare_exchange_strong(word, &value, wanted));
    if (value & FUTEX_WAITERS)
        host_call(SYS_futex, address, FUTEX_WAKE, 1, 0, 0, 0);
    return true;
}

/* The list is the guest's: bounded, every word checked. Bit 0 of a link marks a priority-inheritance futex. */
static void release_robust_list(struct thread *thread)
{
    struct robust_list_head head;
    if (!thread->robust_list || thread->robust_list_size != sizeof head || copy_from_guest(thread, &head, thread->robust_list, sizeof head))
        return;
    guest_addr pending = (guest_addr)(uintptr_t)head.list_op_pending & ~1ull, entry = (guest_addr)(uintptr_t)head.list.next & ~1ull;
    for (int limit = 2048; limit && entry && entry != thread->robust_list; limit--) {
        guest_addr next;
        if (copy_from_guest(thread, &next, entry, sizeof next))
            break;
        if (entry != pending && !futex_owner_died(thread, entry + (uint64_t)head.futex_offset))
            break;
        entry = next & ~1ull;
    }
    if (pending)
        futex_owner_died(thread, pending + (uint64_t)head.futex_offset);
}

void thread_leave(struct thread *thread)
{
    static const struct robust_list_head none = { { (struct robust_list *)&none.list }, 0, NULL };
    release_robust_list(thread);
    if (thread->robust_list)
        host_call(SYS_set_robust_list, (uintptr_t)&none, sizeof none, 0, 0, 0, 0);
    if (thread->clear_child_tid) {
        uint32_t zero = 0;
        copy_to_guest(thread, thread->clear_child_tid, &zero, sizeof zero);
        host_call(SYS_futex, thread->clear_child_tid, FUTEX_WAKE, 1, 0, 0, 0);
    }
}
