/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls on files by their numbers, so that native and translated runs make the same ones: `strace` of the one and `--strace` of the
 * other must print the same, but for addresses. Between the two getpid.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static char buffer[4096];

static void names(void)
{
    syscall(SYS_mkdirat, AT_FDCWD, "d", 0755);
    syscall(SYS_mkdirat, 77, "", 0);
    syscall(SYS_mknodat, AT_FDCWD, "d/pipe", S_IFIFO | 0600, 0);
    syscall(SYS_mknodat, AT_FDCWD, "d/file", S_IFREG | 0644, 0);
    syscall(SYS_mknodat, AT_FDCWD, "d/none/x", S_IFCHR | 0644, makedev(1, 3));
    syscall(SYS_symlinkat, "file", AT_FDCWD, "d/link");
    syscall(SYS_readlinkat, AT_FDCWD, "d/link", buffer, 100);
    syscall(SYS_readlinkat, AT_FDCWD, "d/link", buffer, 2);
    syscall(SYS_linkat, AT_FDCWD, "d/link", AT_FDCWD, "d/hard", AT_SYMLINK_FOLLOW);
    syscall(SYS_renameat2, AT_FDCWD, "d/hard", AT_FDCWD, "d/other", 1);
    syscall(SYS_unlinkat, AT_FDCWD, "d/other", 0);
    syscall(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR);
    syscall(SYS_fchmodat, AT_FDCWD, "d/file", 04711);
    syscall(SYS_fchownat, AT_FDCWD, "d/file", -1, -1, AT_SYMLINK_NOFOLLOW);
    syscall(SYS_faccessat, AT_FDCWD, "d/file", R_OK | W_OK);
    syscall(SYS_utimensat, AT_FDCWD, "d/file", NULL, 0);
    syscall(SYS_truncate, "d/file", 123L);
    syscall(SYS_chdir, "none");
    syscall(SYS_getcwd, buffer, 1UL);
}

static void status(void)
{
    struct stat s;
    syscall(SYS_newfstatat, AT_FDCWD, "d/file", &s, 0);
    syscall(SYS_newfstatat, AT_FDCWD, "/dev/null", &s, AT_SYMLINK_NOFOLLOW);
    syscall(SYS_newfstatat, AT_FDCWD, "none", &s, 0);
    syscall(SYS_fstat, 0, &s);
    syscall(SYS_fstat, 88, &s);
    syscall(SYS_fstat, 0, NULL);
    syscall(SYS_setxattr, "d/file", "user.a", "value", 5, 1);
    syscall(SYS_getxattr, "d/file", "user.a", buffer, 100);
    syscall(SYS_getxattr, "d/file", "user.b", buffer, 100);
    syscall(SYS_listxattr, "d/file", buffer, 100);
    syscall(SYS_umask, 022);
    syscall(SYS_sync_file_range, 88, 0L, 100L, 7);
    syscall(SYS_fallocate, 88, 3, 5L, 6L);
}

static void data(void)
{
    struct iovec parts[2] = { { "ab", 2 }, { buffer, 3 } };
    int fds[2];
    long fd = syscall(SYS_openat, AT_FDCWD, "d/file", O_RDWR | O_TRUNC | O_CLOEXEC);
    syscall(SYS_write, fd, "some \n\t\1\377 text", 13);
    syscall(SYS_pread64, fd, buffer, 100, 2L);
    syscall(SYS_pwrite64, fd, "x", 1, 100L);
    syscall(SYS_lseek, fd, 3L, SEEK_SET);
    syscall(SYS_read, fd, buffer, 4);
    syscall(SYS_readv, fd, parts + 1, 1);
    syscall(SYS_writev, fd, parts, 2);
    syscall(SYS_ftruncate, fd, 10L);
    syscall(SYS_fsync, fd);
    syscall(SYS_fadvise64, fd, 0L, 0L, 4);
    syscall(SYS_getdents64, fd, buffer, 100);
    syscall(SYS_dup, fd);
    syscall(SYS_dup3, fd, 9, O_CLOEXEC);
    syscall(SYS_fcntl, fd, F_GETFD);
    syscall(SYS_fcntl, fd, F_SETFD, 0);
    syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
    syscall(SYS_fcntl, fd, F_GETFL);
    syscall(SYS_fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
    syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 20);
    syscall(SYS_fcntl, fd, F_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2 });
    syscall(SYS_flock, fd, 6);
    syscall(SYS_pipe2, fds, O_NONBLOCK | O_CLOEXEC);
    syscall(SYS_tee, fds[0], fds[1], 10L, 2);
    syscall(SYS_ioctl, fds[0], FIONREAD, buffer);
    syscall(SYS_ioctl, fd, TIOCGWINSZ, buffer);
    syscall(SYS_close_range, 20, 30, 0);
    syscall(SYS_close, fd);
    syscall(SYS_close, 1000);
}

static void waiting(void)
{
    struct epoll_event event = { EPOLLIN, { .u32 = 5 } };
    struct itimerspec timer = { { 0, 0 }, { 10, 5 } };
    long epoll = syscall(SYS_epoll_create1, EPOLL_CLOEXEC), counter = syscall(SYS_eventfd2, 3, O_NONBLOCK);
    syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, counter, &event);
    syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, 77, NULL);
    long clock = syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
    syscall(SYS_timerfd_settime, clock, 0, &timer, NULL);
    syscall(SYS_memfd_create, "name", 3);
    syscall(SYS_inotify_init1, O_CLOEXEC);
    syscall(SYS_inotify_add_watch, 88, "d", 0x100);
    syscall(SYS_fchdir, 88);
    syscall(SYS_pidfd_send_signal, 88, 9, NULL, 0);
    syscall(SYS_fanotify_init, 0x203, 2);
    syscall(SYS_fanotify_mark, 88, 5, 0x28L, AT_FDCWD, "none");
    syscall(SYS_fsopen, "none", 1);
    syscall(SYS_fsconfig, 88, 0, "ro", NULL, 0);
    syscall(SYS_fsmount, 88, 1, 0);
    syscall(SYS_move_mount, 88, "", AT_FDCWD, "none", 4);
    syscall(SYS_open_tree, AT_FDCWD, "none", 1 | O_CLOEXEC);
    syscall(SYS_copy_file_range, 88, NULL, 89, NULL, 10L, 0);
    syscall(SYS_splice, 88, NULL, 89, NULL, 10L, 1);
    syscall(SYS_faccessat2, AT_FDCWD, "none", R_OK, AT_EACCESS);
    syscall(SYS_fcntl, 88, F_SETLEASE, F_RDLCK);
    syscall(SYS_fcntl, 88, F_ADD_SEALS, 3);
    syscall(SYS_mlock2, 4096L, 4096L, 1);
    syscall(SYS_umount2, "none", 2);
    syscall(SYS_sync);
}

int main(void)
{
    syscall(SYS_getpid);
    names();
    status();
    data();
    waiting();
    syscall(SYS_getpid);
    return 0;
}
