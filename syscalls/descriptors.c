/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ferry's own descriptors. Most processes have none. Three may come, high up: ferry's program, before something the guest does (chroot,
 * mount…) makes /proc/self/exe unreachable, since execve starts ferry again; then the persistent cache's directory too; the guest's
 * program where it has no name; the log's.
 * To the guest they are closed, and when it wants one of their numbers they make room.
 */
#include "syscalls/files.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define OWN_FROM 1000                          /* out of the guest's way; higher would make its forks dearer */
#define OWN_ROOM 64                            /* for the start of a program */

bool descriptor_any_own(const struct process *process)
{
    return (process->own_descriptor & process->exec_descriptor & process->cache_descriptor) >= 0 || process->log_descriptor;
}

static int log_descriptor_of(const struct process *process) { return process->log_descriptor ? *process->log_descriptor : -1; }

bool descriptor_is_own(const struct process *process, uint64_t fd)
{
    return (int)fd >= 0 && ((int)fd == process->own_descriptor || (int)fd == process->exec_descriptor || (int)fd == process->cache_descriptor ||
                            (int)fd == log_descriptor_of(process));
}

/* -- where they are ------------------------------------------------------------------------------------------------------ */
/* At the end of a small table, or beyond its end when the hard limit allows it. */
int descriptor_move_up(int fd, int from)
{
    struct rlimit64 limit = { OWN_FROM + 2, OWN_FROM + 2 }, more;
    if (from < OWN_FROM) from = OWN_FROM;
    host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (uintptr_t)&limit, 0, 0);
    int64_t moved = -1;
    if (limit.rlim_cur <= (uint64_t)from && limit.rlim_max > limit.rlim_cur) {
        more = (struct rlimit64){ limit.rlim_max < limit.rlim_cur + 2 ? limit.rlim_max : limit.rlim_cur + 2, limit.rlim_max };
        host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, (uintptr_t)&more, 0, 0, 0);
        moved = host_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, limit.rlim_cur, 0, 0, 0);
        host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, (uintptr_t)&limit, 0, 0, 0);
    }
    if (moved < 0) moved = host_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from, 0, 0, 0);
    for (uint64_t at = limit.rlim_cur < OWN_FROM ? limit.rlim_cur : OWN_FROM; moved < 0 && at > 0 && at + 8 > limit.rlim_cur;)
        moved = host_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, --at, 0, 0, 0);
    if (moved < 0) return fd;
    host_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return (int)moved;
}

/* The hard limit needs no privilege; beyond it, which takes one, there is room for a few. */
bool descriptor_room_make(struct descriptor_room *room)
{
    struct rlimit64 limit, more;
    *room = (struct descriptor_room){ .made = false };
    if (host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (uintptr_t)&limit, 0, 0) < 0)
        return false;
    more.rlim_cur = more.rlim_max = limit.rlim_cur < limit.rlim_max ? limit.rlim_max : limit.rlim_max + OWN_ROOM;
    room->made = host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, (uintptr_t)&more, 0, 0, 0) == 0;
    room->soft = limit.rlim_cur;
    room->hard = limit.rlim_max;
    return room->made;
}

void descriptor_room_end(struct descriptor_room *room)
{
    const struct rlimit64 limit = { room->soft, room->hard };
    if (room->made)
        host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, (uintptr_t)&limit, 0, 0, 0);
    room->made = false;
}

/* Before /proc may get lost. */
void descriptor_keep_program(struct process *process)
{
    pthread_mutex_lock(&process->lock);
    if (process->own_descriptor < 0) {
        int64_t fd = host_call(SYS_openat, AT_FDCWD, (uintptr_t)"/proc/self/exe", O_PATH | O_CLOEXEC, 0, 0, 0);
        process->own_descriptor = fd < 0 ? -1 : descriptor_move_up((int)fd, 0);
    }
    if (process->code_files && process->cache_descriptor < 0) {
        int64_t fd = host_call(SYS_openat, AT_FDCWD, (uintptr_t)process->cache_directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
        process->cache_descriptor = fd < 0 ? -1 : descriptor_move_up((int)fd, 0);
    }
    pthread_mutex_unlock(&process->lock);
}

/* The guest wants this number. */
static bool make_room(struct process *process, int fd)
{
    pthread_mutex_lock(&process->lock);
    int *own = fd == process->own_descriptor ? &process->own_descriptor : fd == process->exec_descriptor ? &process->exec_descriptor
             : fd == process->cache_descriptor ? &process->cache_descriptor
             : fd == log_descriptor_of(process) ? process->log_descriptor : NULL;
    if (own) *own = descriptor_move_up(fd, fd + 1);
    bool moved = !own || *own != fd;
    pthread_mutex_unlock(&process->lock);
    return moved;
}

/* -- calls --------------------------------------------------------------------------------------------------------------- */
/* The lowest of ferry's own in the range; -1: none. */
static int64_t lowest_own(const struct process *process, unsigned first, unsigned last)
{
    const int own[] = { process->own_descriptor, process->exec_descriptor, process->cache_descriptor, log_descriptor_of(process) };
    int64_t lowest = -1;
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i] >= 0 && (unsigned)own[i] >= first && (unsigned)own[i] <= last && (lowest < 0 || own[i] < lowest)) lowest = own[i];
    return lowest;
}

/* In pieces, around ferry's own. */
int64_t syscall_close_range(struct thread *thread, const uint64_t *arguments)
{
    unsigned first = (unsigned)arguments[0], last = (unsigned)arguments[1];
    if (first > last) return -EINVAL;
    int64_t result = 0, own;
    while (result == 0 && (own = lowest_own(thread->process, first, last)) >= 0) {
        if (own > first) result = host_call(SYS_close_range, first, (unsigned)own - 1, arguments[2], 0, 0, 0);
        if ((unsigned)own == last) return result;
        first = (unsigned)own + 1;
    }
    return result ? result : host_call(SYS_close_range, first, last, arguments[2], 0, 0, 0);
}

int64_t syscall_dup3(struct thread *thread, const uint64_t *arguments)
{
    uint64_t flags = constant_to_host(thread->process->abi, FLAGS_OPEN, (uint32_t)arguments[2]);
    if (descriptor_is_own(thread->process, arguments[1]) && !make_room(thread->process, (int)arguments[1])) return -EBADF;
    return host_call(SYS_dup3, arguments[0], arguments[1], flags, 0, 0, 0);
}

/* -- their names --------------------------------------------------------------------------------------------------------- */
/* A path that ends like one of theirs in a directory of /proc: rare enough to ask where it leads. */
bool descriptor_is_own_name(struct thread *thread, int directory, const char *path)
{
    char link[32], target[64];
    if (!descriptor_any_own(thread->process)) return false;
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if (!*name || strspn(name, "0123456789") != strlen(name) || !descriptor_is_own(thread->process, strtoul(name, NULL, 10))) return false;
    if (name == path) {
        if (directory == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        int64_t length = host_call(SYS_readlinkat, AT_FDCWD, (uintptr_t)link, (uintptr_t)target, sizeof target - 1, 0, 0);
        target[length < 0 ? 0 : length] = 0;
        return strncmp(target, "/proc/", 6) == 0 && (strstr(target, "/fd") || strstr(target, "/fdinfo"));
    }
    return strstr(path, "fd/") || strstr(path, "fdinfo/");
}

/* -- directories: /proc/self/fd does not list ferry's own descriptors ----------------------------------------------------- */
struct directory_entry { uint64_t inode; int64_t offset; uint16_t size; uint8_t type; char name[16]; };   /* getdents64(2) */

static bool is_descriptor_list(uint64_t fd)
{
    struct statfs file_system;
    char link[32], path[64];
    if (host_call(SYS_fstatfs, fd, (uintptr_t)&file_system, 0, 0, 0, 0) < 0 || file_system.f_type != PROC_SUPER_MAGIC) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", (int)fd);
    int64_t length = host_call(SYS_readlinkat, AT_FDCWD, (uintptr_t)link, (uintptr_t)path, sizeof path - 1, 0, 0);
    path[length < 0 ? 0 : length] = 0;
    const char *last = strrchr(path, '/');
    return last && (strcmp(last, "/fd") == 0 || strcmp(last, "/fdinfo") == 0);
}

static int64_t move_down(struct thread *thread, guest_addr to, guest_addr from, uint64_t size)
{
    char part[512];
    while (size) {
        uint64_t step = size < sizeof part ? size : sizeof part;
        if (copy_from_guest(thread, part, from, step) || copy_to_guest(thread, to, part, step)) return -EFAULT;
        to += step, from += step, size -= step;
    }
    return 0;
}

/* The bytes that are left. */
static int64_t hide_own(struct thread *thread, guest_addr entries, int64_t used)
{
    struct directory_entry entry;
    for (int64_t at = 0; at < used;) {
        memset(&entry, 0, sizeof entry);
        if (copy_from_guest(thread, &entry, entries + at, offsetof(struct directory_entry, name) + 5) || !entry.size) return -EFAULT;
        if (entry.name[0] >= '0' && entry.name[0] <= '9' && descriptor_is_own(thread->process, strtoul(entry.name, NULL, 10))) {
            if (move_down(thread, entries + at, entries + at + entry.size, used - at - entry.size)) return -EFAULT;
            used -= entry.size;
        } else {
            at += entry.size;
        }
    }
    return used;
}

int64_t syscall_getdents64(struct thread *thread, const uint64_t *arguments)
{
    int64_t result;
    do {
        uint64_t entries = (uintptr_t)guest_pointer(thread->process, arguments[1]);
        result = host_call(SYS_getdents64, arguments[0], entries, arguments[2], 0, 0, 0);
        if (result <= 0 || !descriptor_any_own(thread->process) || !is_descriptor_list(arguments[0])) return result;
        result = hide_own(thread, arguments[1], result);
    } while (result == 0);
    return result;
}
