/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest memory as system calls see it. 64-bit guests: guest addresses are host addresses, but for a tag in the top byte
 * where the ISA ignores one (Linux' tagged address ABI).
 */
#include "syscalls/process.h"
#include "syscalls/guest_memory.h"

#include <errno.h>

/* Nothing above this is a guest's; what lies between is refused without a look. */
#define USER_LIMIT 0x7ffffffff000ull

void *guest_pointer(const struct process *process, guest_addr address)
{
    (void)process;
    return (void *)(uintptr_t)address;
}

static bool range_ok(guest_addr address, size_t size)
{
    return address < USER_LIMIT && size <= USER_LIMIT - address;
}

int copy_from_guest(struct thread *thread, void *to, guest_addr from, size_t size)
{
    if (size == 0)
        return 0;
    if (!range_ok(from, size))
        return -EFAULT;
    return guest_copy(to, guest_pointer(thread->process, from), size) ? -EFAULT : 0;
}

int copy_to_guest(struct thread *thread, guest_addr to, const void *from, size_t size)
{
    if (size == 0)
        return 0;
    if (!range_ok(to, size))
        return -EFAULT;
    return guest_copy(guest_pointer(thread->process, to), from, size) ? -EFAULT : 0;
}

int64_t copy_string_from_guest(struct thread *thread, char *to, guest_addr from, size_t size)
{
    if (!range_ok(from, 1))
        return -EFAULT;
    int64_t length = guest_copy_string(to, guest_pointer(thread->process, from), size);
    if (length < 0)
        return -EFAULT;
    return (size_t)length == size ? -ENAMETOOLONG : length;
}
