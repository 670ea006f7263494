/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hand-written calls on files: names that mean something else to the guest (sysroot, /proc/self), flags that
 * travel inside fcntl.
 */
#include "syscalls/files.h"
#include "syscalls/convert.h"
#include "syscalls/memory_files.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define PAGE_BYTES 4096

/* -- names --------------------------------------------------------------------------------------------------------------- */
int64_t file_path_to_host(struct thread *thread, int directory, const char *path, bool follow, char *buffer)
{
    struct process *process = thread->process;
    if (descriptor_is_own_name(thread, directory, path)) return -ENOENT;
    struct proc_name proc;
    if (follow && proc_file_find(thread, directory, path, &proc) && proc_file_is_link(&proc) && proc_file_link(thread, &proc, false, buffer) >= 0) return 0;
    const char *host = follow ? path_to_host_followed(process, path, buffer) : path_to_host(process, path, buffer);
    if (host != buffer) {
        size_t length = strlen(host);
        if (length >= PATH_MAX) return -ENAMETOOLONG;
        memmove(buffer, host, length + 1);
    }
    return 0;
}

int64_t file_path_from_guest(struct thread *thread, int directory, guest_addr address, bool follow, char *buffer)
{
    char path[PATH_MAX];
    int64_t length = copy_string_from_guest(thread, path, address, sizeof path);
    if (length < 0) return length;
    return file_path_to_host(thread, directory, path, follow, buffer);
}

/* -- open ---------------------------------------------------------------------------------------------------------------- */
static int64_t restart_if_interrupted(int64_t result)
{
    return result == -EINTR ? SYSCALL_RESTART : result;
}

/* Most names are told apart without asking the kernel. */
static bool ends_in_mem(const char *path)
{
    size_t length = strlen(path);
    return length >= 3 && memcmp(path + length - 3, "mem", 3) == 0;
}

/* The name of a file that is written for the guest; *result: its descriptor, or why not. */
static bool opens_proc_file(struct thread *thread, int directory, const char *path, int flags, int64_t *result)
{
    struct proc_name proc;
    if (!proc_file_find(thread, directory, path, &proc) || proc_file_is_link(&proc) || (flags & O_ACCMODE) != O_RDONLY || (flags & (O_PATH | O_DIRECTORY)))
        return false;
    *result = proc_file_open(thread, &proc, path, flags);
    return *result != -ENOENT;
}

static int64_t opened(struct thread *thread, const char *path, int flags, int64_t result)
{
    if (result >= 0 && (flags & O_ACCMODE) != O_RDONLY && ends_in_mem(path)) memory_file_opened(thread->process, (int)result);
    return restart_if_interrupted(result);
}

int64_t syscall_openat(struct thread *thread, const uint64_t *arguments)
{
    char path[PATH_MAX], host[PATH_MAX];
    int flags = (int)constant_to_host(thread->process->abi, FLAGS_OPEN, (uint32_t)arguments[2]);
    int64_t result = copy_string_from_guest(thread, path, arguments[1], sizeof path);
    if (result < 0) return result;
    if (opens_proc_file(thread, (int)arguments[0], path, flags, &result)) return result;
    bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    result = file_path_to_host(thread, (int)arguments[0], path, follow, host);
    if (result < 0) return result;
    return opened(thread, path, flags, host_call_blocking(thread, SYS_openat, arguments[0], (uintptr_t)host, flags, arguments[3], 0, 0));
}

/* A structure that may be longer than what we know: the rest must be zero, which is looked at first and up to the first byte that is
 * not (copy_struct_from_user). */
static int64_t extensible_from_guest(struct thread *thread, void *to, size_t known, guest_addr address, uint64_t size)
{
    uint64_t word;
    if (size > PAGE_BYTES) return -E2BIG;
    for (uint64_t at = known; at < size; at += sizeof word) {
        word = 0;
        if (copy_from_guest(thread, &word, address + at, size - at < sizeof word ? size - at : sizeof word)) return -EFAULT;
        if (word) return -E2BIG;
    }
    return copy_from_guest(thread, to, address, known);
}

/* What asks nothing of a file that is written for the guest; openat2 refuses what it does not know. */
#define PLAIN_OPENING ((uint64_t)(O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW))

/* The file that the descriptor is of, by its name. */
static bool descriptor_name(int64_t fd, char *name)
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", (int)fd);
    int64_t length = host_call(SYS_readlinkat, AT_FDCWD, (uintptr_t)link, (uintptr_t)name, PATH_MAX - 1, 0, 0);
    name[length < 0 ? 0 : length] = 0;
    return length > 0;
}

/* The link's own name, if the path leads to one of those that mean something else to the guest. */
static bool leads_to_link(struct thread *thread, int directory, const char *path, const struct open_how *how, struct proc_name *proc)
{
    struct open_how itself = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = how->resolve };
    char name[PATH_MAX];
    int64_t fd = host_call(SYS_openat2, (uint64_t)directory, (uintptr_t)path, (uintptr_t)&itself, sizeof itself, 0, 0);
    if (fd < 0) return false;
    bool found = descriptor_name(fd, name) && proc_file_find(thread, AT_FDCWD, name, proc) && proc_file_is_link(proc);
    host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
    return found;
}

/* With RESOLVE_ flags the kernel alone can tell whether the path leads anywhere. If it did, to one of ferry's files, the guest gets its own in
 * place of that. */
static int64_t exchange_opened(struct thread *thread, int directory, const char *path, const struct open_how *how, int64_t fd)
{
    struct proc_name proc;
    char name[PATH_MAX];
    int64_t other;
    if (fd < 0 || !proc_file_has_name(path)) return fd;
    if (!(how->flags & O_NOFOLLOW) && leads_to_link(thread, directory, path, how, &proc) && proc_file_link(thread, &proc, false, name) >= 0) {
        host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
        return host_call(SYS_openat, AT_FDCWD, (uintptr_t)name, how->flags, 0, 0, 0);
    }
    if (!descriptor_name(fd, name) || !opens_proc_file(thread, AT_FDCWD, name, (int)how->flags, &other)) return fd;
    host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
    if (other < 0) return other;
    int64_t lowest = host_call(SYS_fcntl, (uint64_t)other, how->flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0, 0, 0, 0);
    if (lowest < 0 || lowest > other) {
        if (lowest >= 0) host_call(SYS_close, (uint64_t)lowest, 0, 0, 0, 0, 0);
        return other;
    }
    host_call(SYS_close, (uint64_t)other, 0, 0, 0, 0, 0);
    return lowest;
}

int64_t syscall_openat2(struct thread *thread, const uint64_t *arguments)
{
    const struct struct_layout *layout = &thread->process->abi->structs[STRUCT_OPEN_HOW];
    char path[PATH_MAX], host[PATH_MAX];
    const char *name = path;
    uint8_t image[64];
    struct open_how how;
    if (arguments[3] < layout->size) return -EINVAL;
    int64_t result = extensible_from_guest(thread, image, layout->size, arguments[2], arguments[3]);
    if (result < 0) return result;
    struct_to_host(thread->process, STRUCT_OPEN_HOW, &how, image);
    result = copy_string_from_guest(thread, path, arguments[1], sizeof path);
    if (result < 0) return result;
    if (!how.resolve && !how.mode && !(how.flags & ~PLAIN_OPENING) && opens_proc_file(thread, (int)arguments[0], path, (int)how.flags, &result)) return result;
    if (!how.resolve) {
        result = file_path_to_host(thread, (int)arguments[0], path, true, host);
        name = host;
    }
    if (result < 0) return result;
    result = host_call_blocking(thread, SYS_openat2, arguments[0], (uintptr_t)name, (uintptr_t)&how, sizeof how, 0, 0);
    if (how.resolve) result = exchange_opened(thread, (int)arguments[0], path, &how, result);
    return opened(thread, path, (int)how.flags, result);
}

int64_t syscall_readlinkat(struct thread *thread, const uint64_t *arguments)
{
    char path[PATH_MAX], host[PATH_MAX];
    int64_t result = copy_string_from_guest(thread, path, arguments[1], sizeof path);
    if (result < 0) return result;
    struct proc_name proc;
    if (proc_file_find(thread, (int)arguments[0], path, &proc) && proc_file_is_link(&proc) && (result = proc_file_link(thread, &proc, true, host)) >= 0) {
        int64_t size = (int)arguments[3];
        if (size <= 0) return -EINVAL;
        if (result > size) result = size;
        return copy_to_guest(thread, arguments[2], host, (size_t)result) ? -EFAULT : result;
    }
    result = file_path_to_host(thread, (int)arguments[0], path, false, host);
    if (result < 0) return result;
    return host_call(SYS_readlinkat, arguments[0], (uintptr_t)host, (uintptr_t)guest_pointer(thread->process, arguments[2]), arguments[3], 0, 0);
}

/* -- fcntl ---------------------------------------------------------------------------------------------------------------- */
static int64_t fcntl_lock(struct thread *thread, const uint64_t *arguments, int command)
{
    const struct argument_description lock = { "lock", ARGUMENT_STRUCT, DIRECTION_IN_OUT, LENGTH_ONE, false, 0, STRUCT_FLOCK, 0, 0 };
    struct scratch scratch;
    uint64_t host;
    scratch.used = scratch.mapping_count = 0;
    int64_t result = argument_to_host(thread, &lock, arguments, arguments[2], &scratch, &host);
    if (result == 0) result = host_call_blocking(thread, SYS_fcntl, arguments[0], command, host, 0, 0, 0);
    if (result >= 0) {
        int64_t error = argument_to_guest(thread, &lock, arguments, arguments[2], host, result);
        if (error) result = error;
    }
    scratch_free(&scratch);
    return restart_if_interrupted(result);
}

int64_t syscall_fcntl(struct thread *thread, const uint64_t *arguments)
{
    const struct abi *abi = thread->process->abi;
    int command = (int)constant_to_host(abi, ENUM_FCNTL, (uint32_t)arguments[1]);
    int64_t result;
    switch (command) {
    case F_GETFL:
        result = host_call(SYS_fcntl, arguments[0], command, 0, 0, 0, 0);
        return result < 0 ? result : (int64_t)constant_to_guest(abi, FLAGS_OPEN, (uint64_t)result);
    case F_SETFL:
        return host_call(SYS_fcntl, arguments[0], command, constant_to_host(abi, FLAGS_OPEN, (uint32_t)arguments[2]), 0, 0, 0);
    case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
        return fcntl_lock(thread, arguments, command);
    default:
        return host_call(SYS_fcntl, arguments[0], command, arguments[2], 0, 0, 0);
    }
}

/* -- waiting ------------------------------------------------------------------------------------------------------------- */
/* The last argument points at two words: the address of a signal mask and its size. */
static int64_t select_mask(struct thread *thread, guest_addr address, uint64_t host_words[2], uint64_t *mask)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[16];
    host_words[0] = host_words[1] = 0;
    if (!address) return 0;
    if (copy_from_guest(thread, image, address, 2 * abi->word_bytes)) return -EFAULT;
    guest_addr set = guest_load(abi, image, abi->word_bytes, false);
    host_words[1] = guest_load(abi, image + abi->word_bytes, abi->word_bytes, false);
    if (!set) return 0;
    if (host_words[1] != sizeof *mask) return -EINVAL;
    if (copy_from_guest(thread, mask, set, sizeof *mask)) return -EFAULT;
    if (wait_mask_lets_through(thread, *mask)) return SYSCALL_RESTART_NO_HANDLER;
    *mask &= ~(SIGNALS_SYNCHRONOUS & ~thread->process->signalfd_mask);
    host_words[0] = (uintptr_t)mask;
    return 0;
}

int64_t syscall_pselect6(struct thread *thread, const uint64_t *arguments)
{
    const struct process *process = thread->process;
    uint64_t words[2], mask = 0, sets[3];
    int64_t result = select_mask(thread, arguments[5], words, &mask);
    if (result) return result;
    for (unsigned i = 0; i < 3; i++) sets[i] = arguments[i + 1] ? (uintptr_t)guest_pointer(process, arguments[i + 1]) : 0;
    const struct argument_description timeout = { "timeout", ARGUMENT_STRUCT, DIRECTION_IN_OUT, LENGTH_ONE, false, 0, STRUCT_TIMESPEC, 0, 0 };
    struct scratch scratch;
    uint64_t time;
    scratch.used = scratch.mapping_count = 0;
    result = argument_to_host(thread, &timeout, arguments, arguments[4], &scratch, &time);
    if (result < 0) return result;
    result = signalfd_call(thread, SYS_pselect6, (const uint64_t[]){ arguments[0], sets[0], sets[1], sets[2], time, (uintptr_t)words });
    /* The kernel writes the time left even when interrupted; a failure to do so is not reported there either. */
    argument_to_guest(thread, &timeout, arguments, arguments[4], time, 0);
    scratch_free(&scratch);
    return result == -EINTR ? SYSCALL_RESTART_NO_HANDLER : result;
}
