/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the kernel dumps of ferry so that WCOREDUMP is set (core_flag.c) must not be found by anybody. Where it could, a child of the dying
 * process removes it after the end. It traces that process: so the parent is told of the end only when the tracer has taken note of
 * it (ptrace(2), "Death under ptrace"), and by then all is as it should be. Without the right to trace it waits for the end only; then the
 * guest's core must not be touched.
 */
#include "usermode/core_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct watch {
    const struct thread *thread;
    const struct core_destination *to;
    const char *folder;
    int signal, ready;                    /* ready: where the word is awaited that all is prepared */
    pid_t pid;
    time_t start;
    char aside[PATH_MAX + 16];            /* the guest's core, as long as the kernel may put its own in its place */
};

static int64_t call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return host_call(number, a, b, c, d, 0, 0);
}

/* -- removing: no malloc, since this is the copy of one thread of many ------------------------------------------------------- */

/* The kernel's entries of a folder: d_ino, d_off, d_reclen, d_type, d_name. */
struct entry { uint64_t inode, offset; uint16_t size; uint8_t type; char name[]; };

static void empty_folder(int64_t folder, unsigned depth)
{
    char entries[2048] __attribute__((aligned(8)));
    for (int64_t size; depth && (size = call(SYS_getdents64, (uint64_t)folder, (uintptr_t)entries, sizeof entries, 0)) > 0;)
        for (int64_t at = 0; at < size;) {
            const struct entry *entry = (const struct entry *)(entries + at);
            uint64_t name = (uintptr_t)entry->name;
            at += entry->size;
            if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0 || call(SYS_unlinkat, (uint64_t)folder, name, 0, 0) == 0)
                continue;
            int64_t below = call(SYS_openat, (uint64_t)folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
            if (below < 0)
                continue;
            empty_folder(below, depth - 1);
            call(SYS_close, (uint64_t)below, 0, 0, 0);
            call(SYS_unlinkat, (uint64_t)folder, name, AT_REMOVEDIR, 0);
        }
}

/* No more than the kernel was allowed to write, and ours. */
static void remove_dumped(const char *name)
{
    struct stat status;
    if (lstat(name, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= CORE_LIMIT && status.st_uid == geteuid())
        unlink(name);
}

static void remove_named(const struct watch *w)
{
    char name[PATH_MAX];
    rename(w->aside, w->to->name);
    for (time_t at = w->start, end = time(NULL); at <= end; at++)
        if (core_pattern_of_host(w->thread, w->to->pattern, w->signal, CORE_LIMIT, at, name, sizeof name) && strcmp(name, w->to->name) != 0)
            remove_dumped(name);
}

static void remove_all(const struct watch *w)
{
    enum { DEPTH = 16 };
    if (!w->folder[0]) {
        remove_named(w);
        return;
    }
    int64_t folder = call(SYS_openat, (uint64_t)AT_FDCWD, (uintptr_t)".", O_RDONLY | O_DIRECTORY, 0);
    if (folder >= 0)
        empty_folder(folder, DEPTH);
    rmdir(w->folder);
}

/* -- waiting ----------------------------------------------------------------------------------------------------------------- */

static void wait_traced(pid_t pid)
{
    siginfo_t info;
    while (call(SYS_waitid, P_PID, (uint64_t)pid, (uintptr_t)&info, WEXITED | WSTOPPED | WNOWAIT | __WALL) == 0) {
        if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
            return;
        /* A signal on its way, or (the upper bits) something that ptrace itself has to say. */
        call(SYS_ptrace, PTRACE_CONT, (uint64_t)pid, 0, (uint64_t)(info.si_status >> 8 ? 0 : info.si_status));
    }
}

static void wait_untraced(int64_t process)
{
    struct pollfd end = { (int)process, POLLIN, 0 };
    while (call(SYS_poll, (uintptr_t)&end, 1, (uint64_t)-1, 0) == -EINTR)
        ;
}

static void close_all_but(int one, int other)
{
    int low = one < other ? one : other, high = one < other ? other : one;
    if (low > 0)
        call(SYS_close_range, 0, (uint64_t)low - 1, 0, 0);
    if (high > low + 1)
        call(SYS_close_range, (uint64_t)low + 1, (uint64_t)high - 1, 0, 0);
    call(SYS_close_range, (uint64_t)high + 1, ~0u, 0, 0);
}

/* Nobody may wait for a descriptor of ours to be closed, nor reach us through our group or terminal. */
static void watch(struct watch *w) __attribute__((noreturn));
static void watch(struct watch *w)
{
    int64_t process = call(SYS_pidfd_open, (uint64_t)w->pid, 0, 0, 0);
    bool traced = call(SYS_ptrace, PTRACE_SEIZE, (uint64_t)w->pid, 0, 0) == 0;
    bool good = traced || (w->folder[0] && process >= 0);
    call(SYS_setsid, 0, 0, 0, 0);
    close_all_but(w->ready, (int)process < 0 ? w->ready : (int)process);
    if (good && !w->folder[0])
        good = rename(w->to->name, w->aside) == 0;
    if (good) {
        call(SYS_write, (uint64_t)w->ready, (uintptr_t)"", 1, 0);
        call(SYS_close, (uint64_t)w->ready, 0, 0, 0);
        if (traced)
            wait_traced(w->pid);
        else
            wait_untraced(process);
    }
    if (good || w->folder[0])
        remove_all(w);
    for (;;)
        call(SYS_exit_group, 0, 0, 0, 0);
}

/* What the kernel would call its file can be told. */
static bool name_is_known(const char *pattern)
{
    return (!strstr(pattern, "%P") && !strstr(pattern, "%I")) || core_in_initial_namespaces();
}

bool core_watch(const struct thread *thread, int signal, const struct core_destination *to, const char *folder)
{
    struct watch w = { .thread = thread, .to = to, .folder = folder, .signal = signal, .pid = getpid(), .start = time(NULL) };
    int channel[2];
    char byte;
    if ((!folder[0] && !name_is_known(to->pattern)) || pipe2(channel, O_CLOEXEC) < 0)
        return false;
    w.ready = channel[1];
    snprintf(w.aside, sizeof w.aside, "%s.%d~", to->name, (int)w.pid);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    int64_t child = call(SYS_clone, 0, 0, 0, 0);
    if (child == 0)
        watch(&w);
    close(channel[1]);
    bool good = child > 0 && call(SYS_read, (uint64_t)channel[0], (uintptr_t)&byte, 1, 0) == 1;
    close(channel[0]);
    if (child < 0 && folder[0])
        remove_all(&w);
    return good;
}
