/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every set of flags with all its bits, in calls that fail: their names and order, what is left over, and values without a name are compared
 * with strace(1). Between the two getpid. What strace 6.1 shows in a form of its own is not here (docs/system-call-engine.md).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
static const long all = -1;

static void files(void)
{
    CALL(openat, -1, "x", all, 0600);
    CALL(openat, -1, "x", (long)O_ACCMODE);
    CALL(newfstatat, -1, "x", 0L, all);
    CALL(newfstatat, -1, "x", 0L, 0x20L);
    CALL(statx, -1, "x", all, all, 0L);
    CALL(faccessat2, -1, "x", all, all);
    CALL(faccessat, -1, "x", 8L);
    CALL(linkat, -1, "x", -1, "y", all);
    CALL(unlinkat, -1, "x", all);
    CALL(unlinkat, -1, "x", 1L);
    CALL(renameat2, -1, "x", -1, "y", all);
    CALL(fchownat, -1, "x", 0, 0, all);
    CALL(utimensat, -1, "x", 0L, all);
    CALL(name_to_handle_at, -1, "x", 0L, 0L, all);
    CALL(open_by_handle_at, -1, 0L, all);
    CALL(fallocate, -1, all, 0L, 0L);
    CALL(flock, -1, 0x100L);
    CALL(inotify_add_watch, -1, "x", all);
    CALL(umount2, "", all);
    CALL(preadv2, -1, 0L, 0L, 0L, 0L, all);
    CALL(splice, -1, 0L, -1, 0L, 1L, all);
    CALL(sync_file_range, -1, 0L, 0L, all);
    CALL(lseek, -1, 0L, 77L);
    CALL(fadvise64, -1, 0L, 0L, 77L);
    CALL(fchmodat, -1, "x", all);
    CALL(mknodat, -1, "x", 0106755L, 0L);
}

static void descriptors(void)
{
    CALL(accept4, -1, 0L, 0L, all);
    CALL(sendto, -1, "x", 1L, all, 0L, 0L);
    CALL(recvfrom, -1, 0L, 1L, all, 0L, 0L);
    CALL(close_range, 1L, 0L, all);
    CALL(pipe2, 0L, all);
    CALL(dup3, -1, -1, all);
    CALL(eventfd2, 0L, all);
    CALL(epoll_create1, all);
    CALL(signalfd4, -1, 0L, 0L, all);
    CALL(timerfd_create, 0L, all);
    CALL(timerfd_settime, -1, all, 0L, 0L);
    CALL(inotify_init1, all);
    CALL(pidfd_open, -1, all);
    CALL(userfaultfd, all);
    CALL(memfd_secret, all);
    CALL(perf_event_open, 0L, -1, -1, -1, all);
    CALL(io_uring_enter, -1, 0, 0, all, 0L, 0L);
}

static void mounts(void)
{
    CALL(fsopen, "x", all);
    CALL(fsmount, -1, all, 0xffL);
    CALL(fspick, -1, "x", all);
    CALL(move_mount, -1, "x", -1, "y", all);
    CALL(open_tree, -1, "x", all);
    CALL(mount_setattr, -1, "x", all, 0L, 0L);
}

static void processes(void)
{
    CALL(execveat, -1, "", 0L, 0L, all);
    CALL(unshare, all);
    CALL(setns, -1, all);
    CALL(wait4, -1L, 0L, all, 0L);
    CALL(waitid, all, 0L, 0L, all, 0L);
    CALL(getrandom, 0L, 0L, all);
    CALL(clock_nanosleep, 0L, all, 0L, 0L);
    CALL(timer_settime, -1, all, 0L, 0L);
}

static void memory(void)
{
    CALL(mprotect, 1L, 0L, all);
    CALL(mremap, 1L, 0L, 0L, all, 0L);
    CALL(msync, 1L, 0L, all);
    CALL(mlockall, all);
    CALL(madvise, 1L, 0L, all);
    CALL(shmat, -1, 0L, all);
    CALL(semget, 0L, 0L, 0600L);
    CALL(semget, 5L, 0L, all);
    CALL(msgsnd, -1, 0L, 0L, all);
    CALL(msgrcv, -1, 0L, 0L, 0L, all);
}

int main(void)
{
    CALL(getpid);
    files();
    descriptors();
    mounts();
    processes();
    memory();
    CALL(getpid);
    return 0;
}
