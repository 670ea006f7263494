/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * WCOREDUMP for the parent. Only the kernel sets that bit, when it has dumped a core itself. So it is let dump one of ferry, cut
 * off after a page, where nobody sees it: in a file system in memory that only this thread's working directory refers to, and
 * that is gone with it. Mounting one takes a user namespace where we are not root. Where that is forbidden, it dumps where others could see
 * it, and another process removes that (core_watch.c).
 */
#include "usermode/core_dump.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file system that no path leads to: a descriptor of its root, or negative errno. */
static int64_t mount_nowhere(void)
{
    int64_t context = host_call(SYS_fsopen, (uintptr_t)"tmpfs", FSOPEN_CLOEXEC, 0, 0, 0, 0);
    if (context < 0)
        return context;
    int64_t result = host_call(SYS_fsconfig, (uint64_t)context, FSCONFIG_CMD_CREATE, 0, 0, 0, 0);
    if (result >= 0)
        result = host_call(SYS_fsmount, (uint64_t)context, FSMOUNT_CLOEXEC, 0, 0, 0, 0);
    host_call(SYS_close, (uint64_t)context, 0, 0, 0, 0, 0);
    return result;
}

static void write_text(const char *path, const char *text)
{
    int64_t fd = host_call(SYS_openat, (uint64_t)AT_FDCWD, (uintptr_t)path, O_WRONLY | O_CLOEXEC, 0, 0, 0);
    if (fd >= 0) {
        host_call(SYS_write, (uint64_t)fd, (uintptr_t)text, strlen(text), 0, 0, 0);
        host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
    }
}

/* As root of a user namespace of its own, where our user and group are who they are. */
static int64_t mount_in_namespace(unsigned user, unsigned group)
{
    char map[32];
    int64_t result = host_call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS, 0, 0, 0, 0, 0);
    if (result < 0)
        return result;
    write_text("/proc/thread-self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", group, group);
    write_text("/proc/thread-self/gid_map", map);
    snprintf(map, sizeof map, "%u %u 1", user, user);
    write_text("/proc/thread-self/uid_map", map);
    return mount_nowhere();
}

/* A child that shares our descriptors leaves the file system's among them; its exit status is too small to say which. */
static int64_t mount_by_child(void)
{
    unsigned user = geteuid(), group = getegid();
    int channel[2], status, descriptor = -1;
    if (pipe2(channel, O_CLOEXEC) < 0)
        return -1;
    int64_t child = host_call(SYS_clone, CLONE_FILES, 0, 0, 0, 0, 0);
    if (child == 0) {
        int fd = (int)mount_in_namespace(user, group);
        host_call(SYS_write, (uint64_t)channel[1], (uintptr_t)&fd, sizeof fd, 0, 0, 0);
        host_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    }
    if (child > 0 && host_call(SYS_wait4, (uint64_t)child, (uintptr_t)&status, __WALL, 0, 0, 0) == child
        && host_call(SYS_read, (uint64_t)channel[0], (uintptr_t)&descriptor, sizeof descriptor, 0, 0, 0) != sizeof descriptor)
        descriptor = -1;
    return descriptor;
}

/* The folders that the file's name leads through. */
static void make_folders(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", name + strspn(name, "/"));
    for (char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(path, 0700);
        *at = '/';
    }
}

static bool dump_into_memory(const char *name)
{
    int64_t fd = mount_nowhere();
    if (fd < 0)
        fd = mount_by_child();
    if (fd < 0 || fchdir((int)fd) < 0)
        return false;
    make_folders(name);
    return name[0] != '/' || chroot(".") == 0;
}

/* A new folder, which becomes the working directory. */
static bool enter_new_folder(char *folder, size_t size)
{
    static const char *const places[] = { "/dev/shm", "/tmp", "/var/tmp" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(folder, size, "%s/ferry-core-%d-%d", places[i], (int)geteuid(), (int)getpid());
        if (mkdir(folder, 0700) < 0)
            continue;
        if (chdir(folder) == 0)
            return true;
        rmdir(folder);
    }
    return false;
}

static bool dump_for_a_moment(const struct thread *thread, int signal, const struct core_destination *to)
{
    char folder[64] = "";
    if (to->name[0] != '/') {
        if (!enter_new_folder(folder, sizeof folder))
            return false;
        make_folders(to->name);
    }
    return core_watch(thread, signal, to, folder);
}

bool core_set_flag(const struct thread *thread, int signal, const struct core_destination *to)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) < 0 || unshare(CLONE_FS) < 0)
        return false;
    umask(077);
    if (!dump_into_memory(to->name) && !dump_for_a_moment(thread, signal, to))
        return false;
    limit.rlim_cur = CORE_LIMIT;
    return setrlimit(RLIMIT_CORE, &limit) == 0;
}
