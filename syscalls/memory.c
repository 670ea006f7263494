/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System calls on the guest's memory. mmap and its kind go through the address space; the advising kind goes to the host for
 * what is the guest's.
 */
#include "syscalls/calls.h"
#include "syscalls/code_files.h"
#include "syscalls/files.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/syscall.h>

/* What a guest may ask of mmap; MAP_32BIT (0x40) is the x86 host's own. */
#define GUEST_MAP_FLAGS (~(int64_t)0x40)

/* Where reading is allowed, a thread with this personality may execute too (mm/mmap.c, mm/mprotect.c). */
static bool read_implies_exec(const struct thread *thread)
{
    return thread->process->has_personality && host_call(SYS_personality, 0xffffffff, 0, 0, 0, 0, 0) & READ_IMPLIES_EXEC;
}

/* The host is never asked for memory to execute, so it does not say that the file is on a file system without. */
static bool may_not_execute(int fd)
{
    struct statfs status;
    return fd >= 0 && host_call(SYS_fstatfs, (unsigned)fd, (uintptr_t)&status, 0, 0, 0, 0) == 0 && (status.f_flags & ST_NOEXEC);
}

static int64_t mmap_protection(const struct thread *thread, int *protection, int fd)
{
    bool never = may_not_execute(fd);
    *protection &= PROT_READ | PROT_WRITE | PROT_EXEC;
    if (never && (*protection & PROT_EXEC))
        return -EPERM;
    if (never)
        *protection |= PROTECTION_NEVER_EXECUTE;
    else if ((*protection & PROT_READ) && read_implies_exec(thread))
        *protection |= PROT_EXEC;
    return 0;
}

int64_t syscall_mmap(struct thread *thread, const uint64_t *arguments)
{
    int protection = (int)arguments[2];
    int flags = (int)(arguments[3] & GUEST_MAP_FLAGS);
    int fd = flags & MAP_ANONYMOUS ? -1 : (int)arguments[4];
    if (arguments[5] & 4095)
        return -EINVAL;
    int64_t result = mmap_protection(thread, &protection, fd);
    if (result == 0)
        result = address_space_map(thread->process, arguments[0], arguments[1], protection, flags, fd, arguments[5]);
    if (result >= 0)
        ring_mapped(thread, fd, arguments[5], (guest_addr)result);
    return result;
}

int64_t syscall_munmap(struct thread *thread, const uint64_t *arguments)
{
    return address_space_unmap(thread->process, arguments[0], arguments[1]);
}

int64_t syscall_mremap(struct thread *thread, const uint64_t *arguments)
{
    return address_space_remap(thread->process, arguments[0], arguments[1], arguments[2], (int)arguments[3], arguments[4]);
}

int64_t syscall_mprotect(struct thread *thread, const uint64_t *arguments)
{
    int asked = (int)arguments[2] & ~(PROTECTION_NEVER_EXECUTE | PROTECTION_EXECUTE_IF_MAY);
    int implied = (asked & PROT_READ) && read_implies_exec(thread) ? PROTECTION_EXECUTE_IF_MAY : 0;
    return address_space_protect(thread->process, arguments[0], arguments[1], asked | implied);
}

int64_t syscall_brk(struct thread *thread, const uint64_t *arguments)
{
    return address_space_brk(thread->process, arguments[0], PROT_READ | PROT_WRITE | (read_implies_exec(thread) ? PROT_EXEC : 0));
}

int64_t syscall_remap_file_pages(struct thread *thread, const uint64_t *arguments)
{
    (void)thread;
    return host_call(SYS_remap_file_pages, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], 0);
}

/* The host's own memory must look unmapped: [start, start + size) as one range of guest mappings, or ENOMEM. */
static bool all_guest(struct thread *thread, guest_addr start, uint64_t size)
{
    guest_addr end = start + ((size + 4095) & ~4095ull);
    struct guest_mapping mapping;
    while (start < end) {
        if (!address_space_next(thread->process, start, &mapping) || mapping.start > start)
            return false;
        start = mapping.end;
    }
    return start >= end;
}

/* Calls of the form (address, length, ...) that the host answers for guest memory. */
static int64_t on_range(struct thread *thread, long number, const uint64_t *arguments)
{
    if (!(arguments[0] & 4095) && arguments[1] && !all_guest(thread, arguments[0], arguments[1]))
        return -ENOMEM;
    return host_call(number, arguments[0], arguments[1], arguments[2], 0, 0, 0);
}

int64_t syscall_madvise(struct thread *thread, const uint64_t *arguments)
{
    int64_t result = on_range(thread, SYS_madvise, arguments);
    if (result == 0 && (arguments[2] == MADV_DONTNEED || arguments[2] == MADV_REMOVE || arguments[2] == 24 /* MADV_DONTNEED_LOCKED */)) {
        code_files_changed(thread->process, arguments[0], arguments[0] + arguments[1]);
        engine_invalidate(thread->process->engine, arguments[0], arguments[0] + arguments[1]);
    }
    return result;
}

#define HOST_NR_MSEAL 462                      /* newer than the headers */

/* The host keeps the seals: what changes the guest's mappings is refused there. */
int64_t syscall_mseal(struct thread *thread, const uint64_t *arguments)
{
    uint64_t start = arguments[0], size = (arguments[1] + 4095) & ~4095ull;
    if (arguments[2] || (start & 4095) || (arguments[1] && !size) || start + size < start)
        return -EINVAL;
    if (!size)
        return 0;
    return all_guest(thread, start, size) ? host_call(HOST_NR_MSEAL, start, size, 0, 0, 0, 0) : -ENOMEM;
}

int64_t syscall_mincore(struct thread *thread, const uint64_t *arguments)
{
    return on_range(thread, SYS_mincore, arguments);
}

int64_t syscall_mlock(struct thread *thread, const uint64_t *arguments)
{
    uint64_t start = arguments[0] & ~4095ull, aligned[3] = { start, arguments[1] + (arguments[0] - start), 0 };
    return on_range(thread, SYS_mlock, aligned);
}

int64_t syscall_mlock2(struct thread *thread, const uint64_t *arguments)
{
    uint64_t start = arguments[0] & ~4095ull, aligned[3] = { start, arguments[1] + (arguments[0] - start), arguments[2] };
    if ((unsigned)arguments[2] & ~1u /* MLOCK_ONFAULT */) return -EINVAL;
    return on_range(thread, SYS_mlock2, aligned);
}

int64_t syscall_munlock(struct thread *thread, const uint64_t *arguments)
{
    uint64_t start = arguments[0] & ~4095ull, aligned[3] = { start, arguments[1] + (arguments[0] - start), 0 };
    return on_range(thread, SYS_munlock, aligned);
}

int64_t syscall_msync(struct thread *thread, const uint64_t *arguments)
{
    if (!(arguments[0] & 4095) && arguments[1] && !all_guest(thread, arguments[0], arguments[1]))
        return -ENOMEM;
    return host_call_blocking(thread, SYS_msync, arguments[0], arguments[1], arguments[2], 0, 0, 0);
}
