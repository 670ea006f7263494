/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --sandbox: host filters, made with libseccomp, that leave ferry the calls which guests may lead to, by the descriptions of all
 * calls, and those of its own runtime. Two are set: one that knows what is allowed, everything else being as if the host had it not, and one
 * for what is refused with EPERM. Both stay for ever, also for the native programs that a guest starts.
 */
#include "usermode/usermode.h"

#include "syscalls/abi.h"
#include "syscalls/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANSWERS 3                          /* instructions put before the exported filter */
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Made by the C library and the translator, and by no guest. */
static const int runtime_calls[] = { SYS_arch_prctl, SYS_pkey_alloc, SYS_pkey_free, SYS_pkey_mprotect, SYS_getpgrp, SYS_readlink, SYS_open };

/* Older spellings, for native programs, of what the descriptions allow. */
static const int older_calls[] = {
    SYS_access, SYS_alarm, SYS_chmod, SYS_chown, SYS_creat, SYS_dup2, SYS_epoll_create, SYS_epoll_wait, SYS_eventfd, SYS_fork, SYS_futimesat,
    SYS_getdents, SYS_inotify_init, SYS_lchown, SYS_link, SYS_lstat, SYS_mkdir, SYS_mknod, SYS_pause, SYS_pipe, SYS_poll, SYS_rename,
    SYS_rmdir, SYS_select, SYS_signalfd, SYS_stat, SYS_symlink, SYS_time, SYS_unlink, SYS_utime, SYS_utimes, SYS_vfork,
};

/* Allowed but for one of these bits in an argument, or one value. */
struct refusal { int call; unsigned argument; uint64_t mask, value; int error; };
static const struct refusal refusals[] = {
    { SYS_clone, 0, CLONE_NEWNS, CLONE_NEWNS, EPERM }, { SYS_clone, 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP, EPERM },
    { SYS_clone, 0, CLONE_NEWUTS, CLONE_NEWUTS, EPERM }, { SYS_clone, 0, CLONE_NEWIPC, CLONE_NEWIPC, EPERM },
    { SYS_clone, 0, CLONE_NEWUSER, CLONE_NEWUSER, EPERM }, { SYS_clone, 0, CLONE_NEWPID, CLONE_NEWPID, EPERM },
    { SYS_clone, 0, CLONE_NEWNET, CLONE_NEWNET, EPERM },
    { SYS_unshare, 0, CLONE_NEWNS, CLONE_NEWNS, EPERM }, { SYS_unshare, 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP, EPERM },
    { SYS_unshare, 0, CLONE_NEWUTS, CLONE_NEWUTS, EPERM }, { SYS_unshare, 0, CLONE_NEWIPC, CLONE_NEWIPC, EPERM },
    { SYS_unshare, 0, CLONE_NEWUSER, CLONE_NEWUSER, EPERM }, { SYS_unshare, 0, CLONE_NEWPID, CLONE_NEWPID, EPERM },
    { SYS_unshare, 0, CLONE_NEWNET, CLONE_NEWNET, EPERM }, { SYS_unshare, 0, CLONE_NEWTIME, CLONE_NEWTIME, EPERM },
    /* Its flags are in memory, where no filter sees them; programs fall back to clone. */
    { SYS_clone3, 0, 0, 0, ENOSYS },
    /* Typing for the terminal's owner. */
    { SYS_ioctl, 1, 0xffffffff, TIOCSTI, EPERM }, { SYS_ioctl, 1, 0xffffffff, TIOCLINUX, EPERM },
};

/* -- the two filters ----------------------------------------------------------------------------------------------------- */
/* libseccomp refuses a rule that says what the filter does anyway, with EACCES, and one that is there already, with EEXIST. */
static bool is_in(int result) { return result == 0 || result == -EEXIST || result == -EACCES; }

static scmp_filter_ctx filter_new(uint32_t otherwise)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    if (filter)
        seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
    return filter;
}

static bool allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good &= is_in(seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0));
    return good;
}

static scmp_filter_ctx allowing_filter(void)
{
    scmp_filter_ctx filter = filter_new(SCMP_ACT_ERRNO(ENOSYS));
    bool good = filter && allow(filter, runtime_calls, sizeof runtime_calls / sizeof runtime_calls[0])
                && allow(filter, older_calls, sizeof older_calls / sizeof older_calls[0]);
    for (unsigned i = 0; good && i < call_table_count; i++) {
        int number = call_table[i].host_number;
        if (number >= 0 && !(call_table[i].attributes & (CALL_ABSENT | CALL_FORBIDDEN)))
            good = allow(filter, &number, 1);
    }
    if (good)
        return filter;
    seccomp_release(filter);
    return NULL;
}

static bool refuse(scmp_filter_ctx filter, const struct refusal *refusal)
{
    const struct scmp_arg_cmp comparison = { refusal->argument, SCMP_CMP_MASKED_EQ, refusal->mask, refusal->value };
    return is_in(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)refusal->error), refusal->call, refusal->mask ? 1 : 0, &comparison));
}

static scmp_filter_ctx refusing_filter(void)
{
    scmp_filter_ctx filter = filter_new(SCMP_ACT_ALLOW);
    bool good = filter;
    for (size_t i = 0; good && i < sizeof refusals / sizeof refusals[0]; i++)
        good = refuse(filter, &refusals[i]);
    for (unsigned i = 0; good && i < call_table_count; i++)
        if (call_table[i].host_number >= 0 && (call_table[i].attributes & CALL_FORBIDDEN))
            good = is_in(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call_table[i].host_number, 0));
    if (good)
        return filter;
    seccomp_release(filter);
    return NULL;
}

/* -- setting them -------------------------------------------------------------------------------------------------------- */
/* As a program for the kernel, with room before it; its instructions, 0: failed. */
static size_t export(scmp_filter_ctx filter, struct sock_filter *insns, size_t room)
{
    int file = filter ? memfd_create("sandbox", MFD_CLOEXEC) : -1;
    ssize_t size = -1;
    if (file >= 0 && seccomp_export_bpf(filter, file) == 0)
        size = pread(file, insns, room * sizeof *insns, 0);
    if (file >= 0)
        close(file);
    seccomp_release(filter);
    return size > 0 ? (size_t)size / sizeof *insns : 0;
}

/* Numbers of notified guest calls are nobody's and libseccomp could not name them: they are let through before its filter is asked. */
static bool set_filter(scmp_filter_ctx filter)
{
    static struct sock_filter insns[BPF_MAXINSNS];
    const struct sock_filter let_through[ANSWERS + 1] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SECCOMP_NOTIFY_MASK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_NOTIFY_RANGE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    size_t count = export(filter, insns + ANSWERS + 1, BPF_MAXINSNS - ANSWERS - 1);
    struct sock_fprog program = { (unsigned short)(count + ANSWERS + 1), insns };
    memcpy(insns, let_through, sizeof let_through);
    return count && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

bool sandbox_enter(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && set_filter(allowing_filter()) && set_filter(refusing_filter());
}
