/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Limits on the guest's memory: see the header.
 */
#include "syscalls/memory_limits.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE_MASK 4095ull
#define HANDED_ON "%llx,%llx,%llx,%llx,%x"

static const int resources[] = { RLIMIT_AS, RLIMIT_DATA };

struct memory_limit *memory_limit_of(struct process *process, uint64_t resource)
{
    return resource == RLIMIT_AS ? &process->address_space_limit : resource == RLIMIT_DATA ? &process->data_limit : NULL;
}

static void set_soft_limit(int resource, uint64_t soft)
{
    struct rlimit64 limit;
    if (host_call(SYS_prlimit64, 0, (uint64_t)resource, 0, (uintptr_t)&limit, 0, 0) < 0) return;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    host_call(SYS_prlimit64, 0, (uint64_t)resource, (uintptr_t)&limit, 0, 0, 0);
}

void memory_limits_start(struct process *process, const char *handed_on)
{
    struct rlimit64 limit;
    unsigned long long value[4];
    for (unsigned i = 0; i < 2; i++) {
        struct memory_limit *own = memory_limit_of(process, (uint64_t)resources[i]);
        own->soft = own->hard = RLIM64_INFINITY;
        if (host_call(SYS_prlimit64, 0, (uint64_t)resources[i], 0, (uintptr_t)&limit, 0, 0) < 0) continue;
        own->soft = limit.rlim_cur;
        own->hard = limit.rlim_max;
        if (own->soft != own->hard) set_soft_limit(resources[i], RLIM64_INFINITY);
    }
    if (!handed_on || sscanf(handed_on, HANDED_ON, &value[0], &value[1], &value[2], &value[3], &process->memory_deny) != 5) return;
    process->address_space_limit = (struct memory_limit){ value[0], value[1] };
    process->data_limit = (struct memory_limit){ value[2], value[3] };
}

static bool is_unlimited(const struct memory_limit *limit)
{
    return limit->soft == RLIM64_INFINITY && limit->hard == RLIM64_INFINITY;
}

void memory_limits_option(const struct process *process, char *text, size_t size)
{
    const struct memory_limit *space = &process->address_space_limit, *data = &process->data_limit;
    unsigned deny = process->memory_deny & MEMORY_DENY_NO_INHERIT ? 0 : process->memory_deny;
    *text = 0;
    if (is_unlimited(space) && is_unlimited(data) && !deny) return;
    snprintf(text, size, "--limits=" HANDED_ON, (unsigned long long)space->soft, (unsigned long long)space->hard,
             (unsigned long long)data->soft, (unsigned long long)data->hard, deny);
}

void memory_limits_forked(struct process *process)
{
    if (process->memory_deny & MEMORY_DENY_NO_INHERIT) process->memory_deny = 0;
    process->lock_new = 0;
    process->mapped_peak = 0;              /* what there is counts from here */
}

void memory_limits_leave(const struct process *process)
{
    if (process->address_space_limit.soft != RLIM64_INFINITY) set_soft_limit(RLIMIT_AS, process->address_space_limit.soft);
    if (process->data_limit.soft != RLIM64_INFINITY) set_soft_limit(RLIMIT_DATA, process->data_limit.soft);
}

void memory_limits_return(const struct process *process)
{
    if (process->address_space_limit.soft != RLIM64_INFINITY) set_soft_limit(RLIMIT_AS, RLIM64_INFINITY);
    if (process->data_limit.soft != RLIM64_INFINITY) set_soft_limit(RLIMIT_DATA, RLIM64_INFINITY);
}

/* -- what counts --------------------------------------------------------------------------------------------------------- */
struct usage { uint64_t all, data; };

static struct usage memory_usage(const struct guest_mapping *mappings, size_t count)
{
    struct usage usage = { 0, 0 };
    for (size_t i = 0; i < count; i++) {
        const struct guest_mapping *m = &mappings[i];
        usage.all += m->end - m->start;
        if ((m->protection & PROT_WRITE) && !m->shared && !m->grows_down) usage.data += m->end - m->start;
    }
    return usage;
}

static bool fits(uint64_t used, uint64_t more, uint64_t limit)
{
    limit &= ~PAGE_MASK;
    return used <= limit && more <= limit - used;
}

bool memory_limits_allow(const struct process *process, const struct guest_mapping *mappings, size_t count, uint64_t bytes, bool is_data)
{
    const struct memory_limit *space = &process->address_space_limit, *data = &process->data_limit;
    if (space->soft == RLIM64_INFINITY && (!is_data || data->soft == RLIM64_INFINITY)) return true;
    struct usage usage = memory_usage(mappings, count);
    if (space->soft != RLIM64_INFINITY && !fits(usage.all, bytes, space->soft)) return false;
    if (!is_data || data->soft == RLIM64_INFINITY || fits(usage.data, bytes, data->soft)) return true;
    return data->soft == 0 && fits(usage.data, bytes, data->hard);     /* as the kernel does for valgrind */
}

bool memory_protection_denied(const struct process *process, int old, int new)
{
    if (!(process->memory_deny & MEMORY_DENY_GAIN) || !(new & PROT_EXEC)) return false;
    return (new & PROT_WRITE) || !(old & PROT_EXEC);
}
