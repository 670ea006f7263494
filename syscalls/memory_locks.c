/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Locking all memory: see the header. The rules are mm/mlock.c's; single ranges are the host's business (memory.c).
 */
#include "syscalls/memory_locks.h"
#include "syscalls/calls.h"
#include "syscalls/proc.h"
#include "syscalls/process_control.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static uint64_t lock_limit(void)
{
    struct rlimit64 limit = { 0, 0 };
    host_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, (uintptr_t)&limit, 0, 0);
    return limit.rlim_cur;
}

static bool may_lock(void)
{
    return lock_limit() || process_has_capability(CAP_IPC_LOCK);
}

int memory_lock_flags(const struct process *process)
{
    return process->lock_new && !(process->lock_new & MCL_ONFAULT) ? MAP_LOCKED : 0;
}

int64_t memory_lock_new(struct process *process, int64_t result, uint64_t size)
{
    if (!process->lock_new)
        return result;
    if (result == -EPERM && !may_lock())      /* of MAP_LOCKED, which the guest has not asked for */
        return -EAGAIN;
    if (result < 0 || !(process->lock_new & MCL_ONFAULT) || host_call(SYS_mlock2, (uint64_t)result, size, MLOCK_ONFAULT, 0, 0, 0) == 0)
        return result;
    address_space_unmap(process, (guest_addr)result, size);
    return -EAGAIN;
}

void memory_lock_attached(const struct process *process, guest_addr at, uint64_t size)
{
    if (process->lock_new)
        host_call(SYS_mlock2, at, size, process->lock_new & MCL_ONFAULT ? MLOCK_ONFAULT : 0, 0, 0, 0);
}

/* What fails, as memory without access does, is left as it is. The kernel's own pages are never locked. */
static void on_all(struct process *process, long number, uint64_t how)
{
    struct guest_mapping m;
    for (guest_addr at = 0; address_space_next(process, at, &m); at = m.end)
        if (m.start != process->vdso && m.start != process->time_page)
            host_call(number, m.start, m.end - m.start, how, 0, 0, 0);
}

int64_t syscall_mlockall(struct thread *thread, const uint64_t *arguments)
{
    struct process *process = thread->process;
    const struct proc_view view = { .process = process };
    int how = (int)arguments[0];
    if (!how || (how & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || how == MCL_ONFAULT)
        return -EINVAL;
    if (!may_lock())
        return -EPERM;
    if ((how & MCL_CURRENT) && proc_mapped_size(&view) > (lock_limit() & ~4095ull) && !process_has_capability(CAP_IPC_LOCK))
        return -ENOMEM;
    process->lock_new = how & MCL_FUTURE ? how : 0;
    if (how & MCL_CURRENT)
        on_all(process, SYS_mlock2, how & MCL_ONFAULT ? MLOCK_ONFAULT : 0);
    return 0;
}

int64_t syscall_munlockall(struct thread *thread, const uint64_t *arguments)
{
    (void)arguments;
    thread->process->lock_new = 0;
    on_all(thread->process, SYS_munlock, 0);
    return 0;
}
