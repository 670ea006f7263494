/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Arguments that are more than a set of flags, in calls that fail: fields with values that have no name, numbers in flags, what depends on
 * another argument. Between the two getpid, compared with strace(1).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
static const long all = -1, all_maps = ~0x40ul;   /* but x86-64's own MAP_32BIT */

static void memory(void)
{
    CALL(mmap, 1L, 0L, all, all_maps, -1, 0L);
    CALL(mmap, 1L, 0L, 0L, 0x40022L, -1, 0x1000L);
    CALL(mmap, 1L, 0L, 7L, 0x54040022L, -1, 0x1000L);
    CALL(mmap, 1L, 4096L, 1L, 0x24L, 5, 1L);
    CALL(memfd_create, "x", all);
    CALL(memfd_create, "x", 0x54000007L);
    CALL(memfd_create, 0L, 0x10L);
    CALL(mbind, 1L, 1L, all, 0L, 0L, all);
    CALL(mbind, 1L, 1L, 2L, 0L, 0L, 0L);
    CALL(set_mempolicy, all, 0L, 0L);
    CALL(set_mempolicy, 0x8003L, 0L, 1L);
    CALL(get_mempolicy, 0L, 0L, 0L, 0L, all);
    CALL(get_mempolicy, 0L, 0L, 0L, 4096L, 1L);
    CALL(get_mempolicy, 0L, 0L, 0L, 0L, 0L);
    CALL(migrate_pages, -1, 0L, 0L, 0L);
    CALL(move_pages, -1, 0L, 0L, 0L, 0L, all);
    CALL(shmget, 0L, 0L, all);
    CALL(msgget, 5L, all);
    CALL(futex_waitv, 0L, 1L, all, 0L, 0L);
    CALL(process_madvise, -1, 0L, 0L, 77L, all);
    CALL(process_madvise, -1, 0L, 0L, 4L, 0L);
    CALL(process_mrelease, -1, all);
    CALL(process_vm_readv, -1, 0L, 0L, 0L, 0L, all);
    CALL(set_mempolicy_home_node, 1L, 0L, 0L, all);
    CALL(remap_file_pages, 1L, 0L, all, 0L, all_maps);
}

static void files(void)
{
    CALL(fanotify_init, all, all);
    CALL(fanotify_init, 0x10L, 0L);
    CALL(fanotify_init, 4L, 2L);
    CALL(fanotify_mark, -1, all, all, -1, "x");
    CALL(fanotify_mark, -1, 1L, 8L, AT_FDCWD, "x");
    CALL(fanotify_mark, -1, 0L, 0L, -100, 0L);
    CALL(openat2, -1, "x", (unsigned long[]){ 0, 0, 0 }, 24L);
    CALL(openat2, -1, "x", (unsigned long[]){ 0100, 0644, all }, 24L);
    CALL(openat2, -1, "x", 0L, 24L);
    CALL(openat2, -1, "x", (unsigned long[]){ 0100, 0644, 0 }, 8L);
    CALL(openat2, -1, "x", (unsigned long[]){ 0100, 0644, 0, 0 }, 32L);
    CALL(copy_file_range, -1, 0L, -1, 0L, 1L, all);
    CALL(landlock_create_ruleset, 0L, 0L, all);
    CALL(landlock_add_rule, -1, all, 0L, all);
    CALL(landlock_restrict_self, -1, all);
    CALL(truncate, "x", -5L);
}

static void processes(void)
{
    CALL(seccomp, 77L, all, 0L);
    CALL(seccomp, 1L, all, 0L);
    CALL(seccomp, 0L, 1L, 0L);
    CALL(seccomp, 2L, 1L, 16L);
    CALL(seccomp, 3L, 1L, 0L);
    CALL(personality, 0xffffffffL);
    CALL(socket, all, all, all);
    CALL(socket, 77L, 0x801L, 0L);
    CALL(socket, 2L, 0x80001L, 77L);
    CALL(socket, 2L, 77L, 6L);
    CALL(socketpair, 2L, all, 6L, 0L);
    CALL(socket, 10L, 3L, 58L);
    CALL(pidfd_getfd, -1, -1, all);
    CALL(pidfd_send_signal, -1, 9L, 0L, all);
    CALL(sched_setattr, -1, 0L, all);
    CALL(sched_getattr, -1, 0L, 0, all);
    CALL(ioprio_set, 77L, 1L, all);
    CALL(ioprio_set, 1L, -1L, 0x4001L);
    CALL(ioprio_get, 77L, 1L);
    CALL(membarrier, all, all, 1L);
    CALL(membarrier, 8L, 1L, 0L);
}

static void keys(void)
{
    CALL(keyctl, 77L, 1L, 2L, 3L, 4L);
    CALL(keyctl, 2L, 1L, "abc", 3L);
    CALL(keyctl, 3L, -9L);
    CALL(keyctl, 4L, 1L, -1L, 2L);
    CALL(keyctl, 5L, 1L, all);
    CALL(keyctl, 6L, 1L, 0L, 0L);
    CALL(keyctl, 7L, 1L);
    CALL(keyctl, 8L, 1L, -3L);
    CALL(keyctl, 9L, 1L, 2L);
    CALL(keyctl, 10L, 1L, "user", "name", -4L);
    CALL(keyctl, 11L, 1L, 0L, 0L);
    CALL(keyctl, 12L, 1L, "x", 1L, 0L);
    CALL(keyctl, 13L, 1L, 2L, -3L);
    CALL(keyctl, 15L, 1L, 5L);
    CALL(keyctl, 16L, 1L);
    CALL(keyctl, 17L, 1L, 0L, 0L);
    CALL(keyctl, 19L, 1L, 2L, 3L, 4L);
    CALL(keyctl, 21L, 1L);
    CALL(keyctl, 23L, 0L, 0L, 0L, 0L);
    CALL(keyctl, 29L, 1L, "x", "y");
    CALL(keyctl, 30L, 1L, 2L, 3L, all);
    CALL(keyctl, 31L, 0L, 0L);
    CALL(add_key, "x", "y", "abc", 3L, -9L);
    CALL(request_key, "x", "y", "z", 5L);
}

int main(void)
{
    CALL(getpid);
    memory();
    files();
    processes();
    keys();
    CALL(getpid);
    return 0;
}
