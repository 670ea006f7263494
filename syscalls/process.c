/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Processes: execve, exit, wait and what they leave to the run loop (process_operations).
 */
#include "syscalls/calls.h"
#include "syscalls/memory_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Strings copied out of the guest, in memory of our own: execve in a vfork child must not touch malloc. */
struct string_list { char **items; size_t count, capacity; };

static void *pages_grow(void *old, size_t old_bytes, size_t new_bytes)
{
    void *memory = old ? mremap(old, old_bytes, new_bytes, MREMAP_MAYMOVE)
                       : mmap(NULL, new_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int64_t list_push(struct string_list *list, char *item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 512;
        char **items = pages_grow(list->items, list->capacity * sizeof *items, capacity * sizeof *items);
        if (!items)
            return -ENOMEM;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return 0;
}

/* The strings themselves can stay where they are: the host kernel copies them from guest memory and checks them. */
static int64_t read_string_array(struct thread *thread, guest_addr array, struct string_list *list)
{
    unsigned word = thread->process->isa->word_bytes;
    for (; array; array += word) {
        uint64_t pointer = 0;
        if (copy_from_guest(thread, &pointer, array, word))
            return -EFAULT;
        if (!pointer)
            break;
        int64_t result = list_push(list, guest_pointer(thread->process, pointer));
        if (result < 0)
            return result;
    }
    return list_push(list, NULL);
}

static void list_free(struct string_list *list)
{
    if (list->items)
        munmap(list->items, list->capacity * sizeof *list->items);
}

static int64_t execute(struct thread *thread, int directory, guest_addr path_address, guest_addr argv, guest_addr envp, int flags)
{
    struct string_list arguments = { 0 }, environment = { 0 };
    char path[PATH_MAX];
    int64_t result = copy_string_from_guest(thread, path, path_address, sizeof path);
    if (result >= 0)
        result = read_string_array(thread, argv, &arguments);
    if (result >= 0)
        result = read_string_array(thread, envp, &environment);
    if (result >= 0)
        result = thread->process->operations->execute(thread, directory, path, arguments.items, environment.items, flags);
    list_free(&arguments);
    list_free(&environment);
    return result;
}

int64_t syscall_execve(struct thread *thread, const uint64_t *arguments)
{
    return execute(thread, AT_FDCWD, arguments[0], arguments[1], arguments[2], 0);
}

int64_t syscall_execveat(struct thread *thread, const uint64_t *arguments)
{
    return execute(thread, (int)arguments[0], arguments[1], arguments[2], arguments[3], (int)arguments[4]);
}

int64_t syscall_exit(struct thread *thread, const uint64_t *arguments)
{
    thread->process->operations->exit_thread(thread, (int)arguments[0]);
}

int64_t syscall_exit_group(struct thread *thread, const uint64_t *arguments)
{
    thread->process->operations->exit_group(thread, (int)arguments[0]);
}

int64_t syscall_wait4(struct thread *thread, const uint64_t *arguments)
{
    int64_t result = host_call_blocking(thread, SYS_wait4, arguments[0], arguments[1], arguments[2], arguments[3], 0, 0);
    return result == -EINTR ? SYSCALL_RESTART : result;
}

int64_t syscall_waitid(struct thread *thread, const uint64_t *arguments)
{
    int64_t result = host_call_blocking(thread, SYS_waitid, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], 0);
    return result == -EINTR ? SYSCALL_RESTART : result;
}

int64_t syscall_personality(struct thread *thread, const uint64_t *arguments)
{
    uint32_t persona = (uint32_t)arguments[0];
    if ((persona & PER_MASK) == PER_LINUX32 && persona != 0xffffffff && !thread->process->abi->functions->has_32bit_mode)
        return -EINVAL;
    if (persona != 0xffffffff)
        thread->process->has_personality = true;
    return host_call(SYS_personality, persona, 0, 0, 0, 0, 0);
}

int64_t syscall_process_vm_readv(struct thread *thread, const uint64_t *arguments)
{
    (void)thread;
    return host_call(SYS_process_vm_readv, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

int64_t syscall_process_vm_writev(struct thread *thread, const uint64_t *arguments)
{
    int64_t result = host_call(SYS_process_vm_writev, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    if (result > 0)
        code_written(thread->process, (pid_t)arguments[0], 0, ~4095ull);
    return result;
}
