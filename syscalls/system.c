/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the machine and the process say about themselves: uname, prctl, resource limits.
 */
#include "syscalls/address_space.h"
#include "syscalls/convert.h"
#include "syscalls/memory_limits.h"
#include "syscalls/process_control.h"
#include "syscalls/seccomp.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

int64_t syscall_uname(struct thread *thread, const uint64_t *arguments)
{
    const struct process *process = thread->process;
    struct utsname name;
    int64_t result = host_call(SYS_uname, (uintptr_t)&name, 0, 0, 0, 0, 0);
    if (result < 0) return result;
    snprintf(name.machine, sizeof name.machine, "%s", process->abi->functions->machine);
    if (process->uname_release) snprintf(name.release, sizeof name.release, "%s", process->uname_release);
    return copy_to_guest(thread, arguments[0], &name, sizeof name);
}

/* -- prctl --------------------------------------------------------------------------------------------------------------- */
/* Options that mean for the host process what the guest means by them. All others change how the CPU or the address space
 * behaves, and those are the translator's: EINVAL, as on a kernel without the feature. */
static const int harmless_options[] = {
    PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_GET_TIMING, PR_SET_TIMING,
    PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK,
    PR_GET_TIMERSLACK, PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE, PR_MCE_KILL, PR_MCE_KILL_GET, PR_SET_CHILD_SUBREAPER,
    PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_CAP_AMBIENT,
    PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER, PR_SCHED_CORE, PR_SET_PTRACER, PR_SET_VMA, PR_GET_SPECULATION_CTRL, PR_SET_MEMORY_MERGE,
    PR_GET_MEMORY_MERGE,
};

static const struct { int option; syscall_function *function; } own_options[] = {
    { PR_GET_TID_ADDRESS, control_tid_address }, { PR_SET_MDWE, control_set_memory_deny }, { PR_GET_MDWE, control_get_memory_deny },
    { PR_SET_MM, control_memory_map }, { PR_GET_AUXV, control_auxiliary_vector },
    { PR_GET_SECCOMP, control_get_seccomp }, { PR_SET_SECCOMP, control_set_seccomp },
};

static bool is_harmless(int option)
{
    for (size_t i = 0; i < sizeof harmless_options / sizeof harmless_options[0]; i++)
        if (harmless_options[i] == option) return true;
    return false;
}

int64_t syscall_prctl(struct thread *thread, const uint64_t *arguments)
{
    const struct abi_functions *functions = thread->process->abi->functions;
    int option = (int)arguments[0];
    int64_t result;
    for (size_t i = 0; i < sizeof own_options / sizeof own_options[0]; i++)
        if (own_options[i].option == option) return own_options[i].function(thread, arguments);
    if (functions->process_control && functions->process_control(thread, arguments, &result)) return result;
    if (!is_harmless(option)) return -EINVAL;
    return host_call(SYS_prctl, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], 0);
}

/* -- limits -------------------------------------------------------------------------------------------------------------- */
/* One that is kept here: what the kernel says about a change of it (kernel/sys.c, do_prlimit). */
static int64_t exchange_own_limit(struct process *process, struct memory_limit *own, const struct rlimit64 *new, struct rlimit64 *old)
{
    int64_t result = 0;
    pthread_mutex_lock(&process->lock);
    *old = (struct rlimit64){ own->soft, own->hard };
    if (new && new->rlim_max > own->hard && !process_has_capability(CAP_SYS_RESOURCE)) result = -EPERM;
    else if (new) *own = (struct memory_limit){ new->rlim_cur, new->rlim_max };
    pthread_mutex_unlock(&process->lock);
    return result;
}

/* The same in another emulated process. The host is asked for the right to do that. */
static int64_t exchange_other_limit(pid_t pid, struct memory_limit *remote, uint64_t resource, const struct rlimit64 *new, struct rlimit64 *old)
{
    struct memory_limit limit;
    int64_t result = host_call(SYS_prlimit64, (uint64_t)pid, resource, 0, (uintptr_t)old, 0, 0);
    if (result < 0) return result;
    if (remote_read(pid, remote, &limit, sizeof limit) != sizeof limit) return -EPERM;
    *old = (struct rlimit64){ limit.soft, limit.hard };
    if (!new) return 0;
    if (new->rlim_max > limit.hard && !process_has_capability(CAP_SYS_RESOURCE)) return -EPERM;
    limit = (struct memory_limit){ new->rlim_cur, new->rlim_max };
    return remote_write(pid, remote, &limit, sizeof limit) == sizeof limit ? 0 : -EPERM;
}

static int64_t exchange_limit(struct process *process, pid_t pid, uint64_t resource, const struct rlimit64 *new, struct rlimit64 *old)
{
    bool of_self = pid == 0 || pid == (pid_t)host_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    bool is_ours = memory_limit_of(process, resource) != NULL, is_stack = resource == RLIMIT_STACK && new;
    struct process *remote = !of_self && (is_ours || is_stack) ? proc_remote_process(pid) : NULL;
    if (new && is_ours && (of_self || remote) && new->rlim_cur > new->rlim_max) return -EINVAL;
    if (of_self && is_ours) return exchange_own_limit(process, memory_limit_of(process, resource), new, old);
    if (remote && is_ours) return exchange_other_limit(pid, memory_limit_of(remote, resource), resource, new, old);
    int64_t result = host_call(SYS_prlimit64, (uint64_t)pid, resource, (uintptr_t)new, (uintptr_t)old, 0, 0);
    if (result < 0 || !is_stack) return result;
    if (of_self) address_space_stack_limit(process, new->rlim_cur, false);
    else if (remote) address_space_stack_limit_of_other(pid, remote, new->rlim_cur);
    return result;
}

static int64_t set_limit(struct thread *thread, uint64_t pid, uint64_t resource, unsigned structure, guest_addr new, guest_addr old)
{
    const struct abi *abi = thread->process->abi;
    struct rlimit64 limit, before;
    uint8_t image[16];
    int64_t result;
    if (new) {
        if (copy_from_guest(thread, image, new, abi->structs[structure].size)) return -EFAULT;
        struct_to_host(thread->process, structure, &limit, image);
    }
    result = exchange_limit(thread->process, (pid_t)pid, (uint32_t)resource, new ? &limit : NULL, &before);
    if (result < 0 || !old) return result;
    struct_to_guest(thread->process, structure, image, &before);
    return copy_to_guest(thread, old, image, abi->structs[structure].size);
}

int64_t syscall_getrlimit(struct thread *thread, const uint64_t *arguments)
{
    uint64_t resource = constant_to_host(thread->process->abi, ENUM_RLIMIT, (uint32_t)arguments[0]);
    if (resource >= RLIM_NLIMITS) return -EINVAL;
    return arguments[1] ? set_limit(thread, 0, resource, STRUCT_RLIMIT, 0, arguments[1]) : -EFAULT;
}

int64_t syscall_setrlimit(struct thread *thread, const uint64_t *arguments)
{
    uint64_t resource = constant_to_host(thread->process->abi, ENUM_RLIMIT, (uint32_t)arguments[0]);
    return arguments[1] ? set_limit(thread, 0, resource, STRUCT_RLIMIT, arguments[1], 0) : -EFAULT;
}

int64_t syscall_prlimit64(struct thread *thread, const uint64_t *arguments)
{
    uint64_t resource = constant_to_host(thread->process->abi, ENUM_RLIMIT, (uint32_t)arguments[1]);
    return set_limit(thread, arguments[0], resource, STRUCT_RLIMIT64, arguments[2], arguments[3]);
}
