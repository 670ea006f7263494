/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ioctl by the table of requests. What the table does not know is refused: nobody has said that it means the same to a guest.
 */
#include "syscalls/convert.h"
#include "syscalls/files.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"
#include "syscalls/text.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

const struct ioctl_description *ioctl_find(uint64_t request)
{
    unsigned low = 0, high = ioctl_single_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (ioctl_table[middle].number < (uint32_t)request) low = middle + 1;
        else high = middle;
    }
    if (low < ioctl_single_count && ioctl_table[low].number == (uint32_t)request) return &ioctl_table[low];
    for (unsigned i = ioctl_single_count; i < ioctl_table_count; i++)
        if (((uint32_t)request & ioctl_table[i].mask) == ioctl_table[i].number) return &ioctl_table[i];
    return NULL;
}

/* What the kernel would look at before the request. */
static int64_t ioctl_refused(struct thread *thread, const uint64_t *arguments)
{
    struct text line;
    int64_t flags = host_call(SYS_fcntl, arguments[0], F_GETFL, 0, 0, 0, 0);
    if (flags < 0 || (flags & O_PATH)) return -EBADF;
    if (thread->process->trace_unimplemented) {
        text_init(&line, -1);
        text_print(&line, "ferry: unknown ioctl request 0x%x\n", (unsigned)arguments[1]);
        syscall_log(thread->process, &line);
    }
    return -ENOTTY;
}

static int64_t ioctl_converted(struct thread *thread, const struct ioctl_description *io, const uint64_t *arguments)
{
    const struct argument_description a = { "argument", io->kind, io->direction, LENGTH_CONSTANT, false, io->count, io->detail, 0, 0 };
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
    const struct ioctl_description *io = ioctl_find(arguments[1]);
    const struct abi *abi = thread->process->abi;
    bool same = abi->data_same_as_host;
    int64_t result;
    if (seccomp_ioctl(thread, arguments, &result)) return result;
    if (!io || (io->kind == ARGUMENT_POINTER && !same)) return ioctl_refused(thread, arguments);
    if (io->kind == ARGUMENT_STRUCT && !abi->structs[io->detail].same_as_host) same = false;
    result = same ? host_call_blocking(thread, SYS_ioctl, arguments[0], arguments[1], arguments[2], 0, 0, 0)
                  : ioctl_converted(thread, io, arguments);
    return result == -EINTR ? SYSCALL_RESTART : result;
}
