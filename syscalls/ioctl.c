/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ioctl by the table of requests. What the table does not know goes to the kernel as it is, where the guest's data look like the
 * host's.
 */
#include "syscalls/convert.h"
#include "syscalls/files.h"
#include "syscalls/strace.h"
#include <errno.h>
#include <sys/syscall.h>

static int64_t ioctl_converted(struct thread *thread, const struct ioctl_description *io, const uint64_t *arguments)
{
    const struct argument_description a = { "argument", io->kind, io->direction, LENGTH_CONSTANT, false, io->count, io->detail, 0 };
    struct scratch scratch;
    uint64_t host;
    scratch.used = scratch.mapping_count = 0;
    int64_t result = argument_to_host(thread, &a, arguments, arguments[2], &scratch, &host);
    if (result == 0) result = host_call_blocking(thread, SYS_ioctl, arguments[0], io->number, host, 0, 0, 0);
    if (result >= 0) {
        int64_t error = argument_to_guest(thread, &a, arguments, arguments[2], host, result);
        if (error) result = error;
    }
    scratch_free(&scratch);
    return result;
}

int64_t syscall_ioctl(struct thread *thread, const uint64_t *arguments)
{
    const struct abi *abi = thread->process->abi;
    int64_t result;
    if (abi->data_same_as_host) {
        result = host_call_blocking(thread, SYS_ioctl, arguments[0], arguments[1], arguments[2], 0, 0, 0);
    } else {
        const struct ioctl_description *io = ioctl_find(arguments[1]);
        if (!io || io->kind == ARGUMENT_POINTER) return -ENOTTY;
        result = ioctl_converted(thread, io, arguments);
    }
    return result == -EINTR ? SYSCALL_RESTART : result;
}
