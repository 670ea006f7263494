/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The program that kernel.core_pattern pipes cores to (core(5); fs/coredump.c): started with the guest's core as its standard input, in
 * the first process's namespaces, with nothing of ours. The kernel starts it as root whoever has crashed; we can where we are root, in the
 * initial namespaces. For everybody else there is no program: it would take ferry for what has crashed.
 */
#include "usermode/core_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_DESCRIPTOR 4               /* in the child, until exec; above it is nothing */

/* Their inode numbers are fixed (include/linux/proc_ns.h). */
bool core_in_initial_namespaces(void)
{
    static const struct { const char *path, *name; } initial[] = {
        { "/proc/self/ns/user", "user:[4026531837]" }, { "/proc/self/ns/pid", "pid:[4026531836]" },
    };
    for (size_t i = 0; i < sizeof initial / sizeof *initial; i++) {
        char name[64] = "";
        int64_t length = host_call(SYS_readlinkat, (uint64_t)AT_FDCWD, (uintptr_t)initial[i].path, (uintptr_t)name, sizeof name - 1, 0, 0);
        if (length < 0 || strcmp(name, initial[i].name) != 0)
            return false;
    }
    return true;
}

/* -- in the child: raw calls, since it may be the copy of one thread of many -------------------------------------------------- */

static int64_t call(long number, uint64_t a, uint64_t b, uint64_t c)
{
    return host_call(number, a, b, c, 0, 0, 0);
}

/* Its mount namespace gives the root directory too. Root without all rights may not; the program is then looked for where we are. */
static void enter_first_process(void)
{
    static const char *const names[] = { "/proc/1/ns/cgroup", "/proc/1/ns/ipc", "/proc/1/ns/uts", "/proc/1/ns/net", "/proc/1/ns/mnt" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int64_t fd = host_call(SYS_openat, (uint64_t)AT_FDCWD, (uintptr_t)names[i], O_RDONLY | O_CLOEXEC, 0, 0, 0);
        if (fd >= 0)
            call(SYS_setns, (uint64_t)fd, 0, 0);
    }
}

static int64_t become_root(void)
{
    call(SYS_setgroups, 0, 0, 0);
    int64_t result = call(SYS_setresgid, 0, 0, 0);
    return result < 0 ? result : call(SYS_setresuid, 0, 0, 0);
}

/* As a program that the kernel starts has them. The limit of 1 keeps it from being piped to itself. */
static void reset_process(void)
{
    const struct rlimit64 limit = { 1, 1 };
    struct { uint64_t handler, flags, restorer, mask; } standard = { 0, 0, 0, 0 };
    for (uint64_t signal = 1; signal <= GUEST_SIGNALS; signal++)
        host_call(SYS_rt_sigaction, signal, (uintptr_t)&standard, 0, sizeof standard.mask, 0, 0);
    host_call(SYS_prlimit64, 0, RLIMIT_CORE, (uintptr_t)&limit, 0, 0, 0);
    call(SYS_setsid, 0, 0, 0);
    call(SYS_umask, 022, 0, 0);
    call(SYS_chdir, (uintptr_t)"/", 0, 0);
}

/* 0: the pipe, 3: the process if it is asked for; the rest is closed. */
static void place_descriptors(int input, int process, int status)
{
    enum { OUT_OF_THE_WAY = 10 };
    int64_t in = call(SYS_fcntl, (uint64_t)input, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    int64_t out = call(SYS_fcntl, (uint64_t)status, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    int64_t named = process < 0 ? -1 : call(SYS_fcntl, (uint64_t)process, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    call(SYS_dup3, (uint64_t)in, 0, 0);
    call(SYS_dup3, (uint64_t)out, STATUS_DESCRIPTOR, O_CLOEXEC);
    call(SYS_close_range, 1, CORE_PROCESS_DESCRIPTOR, 0);
    if (named >= 0)
        call(SYS_dup3, (uint64_t)named, CORE_PROCESS_DESCRIPTOR, 0);
    call(SYS_close_range, STATUS_DESCRIPTOR + 1, ~0u, 0);
}

static void run(const struct core_command *command, int input, int process, int status) __attribute__((noreturn));
static void run(const struct core_command *command, int input, int process, int status)
{
    char *const nothing[] = { NULL };
    enter_first_process();
    place_descriptors(input, process, status);
    reset_process();
    int64_t result = become_root();
    host_signal_mask(0);
    if (result >= 0)
        result = call(SYS_execve, (uintptr_t)command->arguments[0], (uintptr_t)command->arguments, (uintptr_t)nothing);
    call(SYS_write, STATUS_DESCRIPTOR, (uintptr_t)&result, sizeof result);
    for (;;)
        call(SYS_exit_group, 1, 0, 0);
}

/* -- in the process that dies --------------------------------------------------------------------------------------------------- */

int core_program_start(const struct core_command *command, int64_t *pid)
{
    int channel[2], status[2];
    int64_t error = 0;
    if (geteuid() != 0 || !core_in_initial_namespaces())
        return -EPERM;
    if (pipe2(channel, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(status, O_CLOEXEC) < 0)
        return -errno;
    int process = command->names_process ? (int)call(SYS_pidfd_open, (uint64_t)getpid(), 0, 0) : -1;
    *pid = host_call(SYS_clone, 0, 0, 0, 0, 0, 0);
    if (*pid == 0)
        run(command, channel[0], process, status[1]);
    close(channel[0]);
    close(status[1]);
    if (*pid < 0)
        error = *pid;
    else if (call(SYS_read, (uint64_t)status[0], (uintptr_t)&error, sizeof error) != sizeof error)
        error = 0;                         /* exec has closed it */
    close(status[0]);
    return error < 0 ? (int)error : channel[1];
}

void core_program_end(int fd, int64_t pid)
{
    char limit[16];
    core_read_text("/proc/sys/kernel/core_pipe_limit", limit, sizeof limit);
    close(fd);
    if (limit[0] && strcmp(limit, "0") != 0)
        host_call(SYS_wait4, (uint64_t)pid, 0, __WALL, 0, 0, 0);
}
