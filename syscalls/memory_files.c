/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Code written where no instruction cache is flushed by the program that runs it: through /proc/<pid>/mem and process_vm_writev(2).
 * The kernel keeps caches coherent there, so translations are dropped. Another process's ferry is told by a counter in its memory, which
 * it looks at after each system call and signal.
 */
#include "syscalls/memory_files.h"
#include "syscalls/convert.h"
#include "syscalls/proc.h"
#include "syscalls/tables.generated.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void drop(struct process *process, guest_addr start, guest_addr end)
{
    engine_invalidate(process->engine, start, end);
}

void code_written(struct process *process, pid_t pid, guest_addr start, guest_addr end)
{
    if (pid == (pid_t)host_call(SYS_getpid, 0, 0, 0, 0, 0, 0)) {
        drop(process, start, end);
        return;
    }
    struct process *there = proc_remote_process(pid);
    uint32_t count;
    void *counter = there ? (void *)(uintptr_t)&there->code_written : NULL;
    if (!there || remote_read(pid, counter, &count, sizeof count) != sizeof count)
        return;
    count++;
    remote_write(pid, counter, &count, sizeof count);
}

void code_written_look(struct process *process)
{
    process->code_written_seen = process->code_written;
    drop(process, 0, ~4095ull);
}

/* -- /proc/<pid>/mem ------------------------------------------------------------------------------------------------------- */

/* The process that the descriptor is the memory of; 0: it is something else. */
static pid_t memory_of(int fd)
{
    char link[32], name[64];
    int length = 0;
    int pid, task;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int64_t size = host_call(SYS_readlinkat, AT_FDCWD, (uintptr_t)link, (uintptr_t)name, sizeof name - 1, 0, 0);
    if (size <= 0)
        return 0;
    name[size] = 0;
    if (sscanf(name, "/proc/%d/mem%n", &pid, &length) == 1 && length == size)
        return pid;
    length = 0;
    return sscanf(name, "/proc/%d/task/%d/mem%n", &pid, &task, &length) == 2 && length == size ? pid : 0;
}

void memory_file_opened(struct process *process, int fd)
{
    if (memory_of(fd))
        process->writes_memory_files = true;
}

/* The descriptors in a message's control data (unix(7)), which is as the host knows it. */
static void look_at_message(struct thread *thread, const struct msghdr *message)
{
    struct cmsghdr head;
    guest_addr at = (uintptr_t)message->msg_control;
    uint64_t left = at ? message->msg_controllen : 0, step;
    for (; left >= sizeof head && copy_from_guest(thread, &head, at, sizeof head) == 0; at += step, left -= step) {
        uint64_t length = head.cmsg_len < left ? head.cmsg_len : left;
        int fd;
        if (length < sizeof head) return;
        for (uint64_t one = CMSG_LEN(0); head.cmsg_level == SOL_SOCKET && head.cmsg_type == SCM_RIGHTS && one + sizeof fd <= length; one += sizeof fd)
            if (copy_from_guest(thread, &fd, at + one, sizeof fd) == 0) memory_file_opened(thread->process, fd);
        step = CMSG_ALIGN(length) < left ? CMSG_ALIGN(length) : left;
    }
}

void memory_files_received(struct thread *thread, const struct call_description *call, const uint64_t *values, int64_t result)
{
    struct process *process = thread->process;
    uint8_t image[128];
    for (unsigned i = 0; i < call->argument_count; i++) {
        unsigned structure = call->arguments[i].kind == ARGUMENT_STRUCT ? call->arguments[i].detail : SYSCALL_NO_DETAIL;
        size_t size = structure != SYSCALL_NO_DETAIL ? process->abi->structs[structure].size : 0;
        int64_t count = structure == STRUCT_MSGHDR ? 1 : structure == STRUCT_MMSGHDR ? result : 0;
        for (int64_t nth = 0; nth < count && size <= sizeof image; nth++) {
            struct mmsghdr message;                /* begins with a msghdr */
            if (copy_from_guest(thread, image, values[i] + (guest_addr)nth * size, size)) break;
            struct_to_host(process, structure, &message, image);
            look_at_message(thread, &message.msg_hdr);
        }
    }
    if (call->result == RESULT_FD) memory_file_opened(process, (int)result);
}

/* Where `size` bytes were written: before the descriptor's position, or at the offset that the call was given. */
static guest_addr written_at(const struct call_description *call, const uint64_t *values, int fd, int64_t size)
{
    for (unsigned i = 0; i < call->argument_count; i++)
        if (strcmp(call->arguments[i].name, "at") == 0 && values[i] != ~0ull)
            return values[i];
    return (guest_addr)host_call(SYS_lseek, (unsigned)fd, 0, SEEK_CUR, 0, 0, 0) - (guest_addr)size;
}

void memory_file_written(struct process *process, const struct call_description *call, const uint64_t *values, int64_t result)
{
    bool has_data = false;
    unsigned descriptors = 0;
    for (unsigned i = 0; i < call->argument_count; i++) {
        has_data |= call->arguments[i].direction == DIRECTION_IN && call->arguments[i].length_kind != LENGTH_ONE;
        descriptors += call->arguments[i].kind == ARGUMENT_FD;
    }
    for (unsigned i = 0; i < call->argument_count && (has_data || descriptors > 1); i++) {
        pid_t pid = call->arguments[i].kind == ARGUMENT_FD ? memory_of((int)values[i]) : 0;
        if (!pid)
            continue;
        guest_addr start = has_data ? written_at(call, values, (int)values[i], result) & ~4095ull : 0;
        code_written(process, pid, start, has_data ? (start + (guest_addr)result + 8191) & ~4095ull : ~4095ull);
    }
}
