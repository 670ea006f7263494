/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints what calls give that a sandbox forbids, and some that it allows. Built for the host, it makes them past ferry.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void try(const char *name, long number, long a, long b, long c, long d, long e)
{
    errno = 0;
    long result = syscall(number, a, b, c, d, e, 0);
    printf("%s: %s\n", name, result == -1 && errno ? strerrorname_np(errno) : "ok");
    fflush(stdout);
    if (result == 0 && (number == SYS_clone)) _exit(0);
}
#define TRY(name, a, b, c, d, e) try(#name, SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

int main(void)
{
    char attributes[128] = { 0 };
    struct stat status;
    TRY(keyctl, 0, -3, 0, 0, 0);
    TRY(add_key, "user", "ferry-sandbox-test", "x", 1, -3);
    TRY(ptrace, 0x4206, -1, 0, 0, 0);
    TRY(bpf, 0, attributes, sizeof attributes, 0, 0);
    TRY(perf_event_open, attributes, 0, -1, -1, 0);
    TRY(mount, "none", "/no/such/directory", "tmpfs", 0, 0);
    TRY(setns, -1, 0, 0, 0, 0);
    TRY(unshare, CLONE_NEWUSER, 0, 0, 0, 0);
    TRY(unshare, CLONE_FS, 0, 0, 0, 0);
    TRY(init_module, 0, 0, 0, 0, 0);
    TRY(kexec_load, 0, 0, 0, 0, 0);
    TRY(process_vm_readv, getpid(), 0, 0, 0, 0);
    TRY(reboot, 0, 0, 0, 0, 0);
    TRY(userfaultfd, 0, 0, 0, 0, 0);
    TRY(clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    TRY(clone3, 0, 0, 0, 0, 0);
    TRY(ioctl, -1, TIOCSTI, 0, 0, 0);
    TRY(ioctl, -1, TIOCGWINSZ, 0, 0, 0);
    TRY(getppid, 0, 0, 0, 0, 0);
    TRY(fstat, 0, &status, 0, 0, 0);
    try("none", 1000, 0, 0, 0, 0, 0);
#ifdef SYS_open
    TRY(open, "/", 0, 0, 0, 0);
    TRY(access, "/", 0, 0, 0, 0);
    TRY(modify_ldt, 0, 0, 0, 0, 0);
    TRY(ioperm, 0, 0, 0, 0, 0);
#endif
    TRY(clone, SIGCHLD, 0, 0, 0, 0);
    return 0;
}
