/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * signalfd. The host's own shows what is pending on the host; but SIGSEGV, SIGBUS, SIGFPE and SIGILL never are, since the host never
 * blocks them (held_signals.c). So while a call is in the kernel, where an access that fails is EFAULT and no signal, those
 * that the guest blocks and has a signalfd for are blocked there too, and what was held is given back to the kernel. What is left
 * afterwards arrives as if it came then, and is held again.
 */
#include "syscalls/calls.h"
#include "syscalls/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#define KERNEL_SIGSET_BYTES 8

int64_t syscall_signalfd4(struct thread *thread, const uint64_t *arguments)
{
    uint64_t mask;
    if (arguments[2] != KERNEL_SIGSET_BYTES)
        return -EINVAL;
    if (copy_from_guest(thread, &mask, arguments[1], sizeof mask))
        return -EFAULT;
    int64_t fd = host_call(SYS_signalfd4, arguments[0], (uintptr_t)&mask, KERNEL_SIGSET_BYTES, arguments[3], 0, 0);
    if (fd >= 0)
        atomic_fetch_or(&thread->process->signalfd_mask, mask & SIGNALS_SYNCHRONOUS);
    return fd;
}

static bool is_signalfd(uint64_t fd)
{
    static const char wanted[] = "anon_inode:[signalfd]";
    char path[32], name[sizeof wanted];
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int)fd);
    int64_t length = host_call(SYS_readlinkat, (uint64_t)AT_FDCWD, (uintptr_t)path, (uintptr_t)name, sizeof name, 0, 0);
    return length == sizeof wanted - 1 && memcmp(name, wanted, sizeof wanted - 1) == 0;
}

/* Which fields a record has goes by the code (the kernel's siginfo_layout and signalfd_copyinfo); a disguised one, being negative, had
 * those of sigqueue: pid and user, where a fault's address would lie, and the value. */
static void lay_out(struct signalfd_siginfo *record, int code)
{
    enum { LAST_BUS = 5, LAST_SEGV = 10, LAST_ILL = 11, LAST_FPE = 15, LAST_POLL = 6 };
    const int signal = (int)record->ssi_signo;
    const int last = signal == SIGSEGV ? LAST_SEGV : signal == SIGBUS ? LAST_BUS : signal == SIGFPE ? LAST_FPE : LAST_ILL;
    const struct signalfd_siginfo sent = *record;
    const uint64_t first = sent.ssi_pid | (uint64_t)sent.ssi_uid << 32;
    record->ssi_code = code;
    if (code < 0 && code != SI_TIMER && code != SI_SIGIO)
        return;
    record->ssi_pid = record->ssi_uid = 0;
    record->ssi_int = 0;
    record->ssi_ptr = 0;
    if (code == SI_TIMER) {
        record->ssi_tid = sent.ssi_pid, record->ssi_overrun = sent.ssi_uid;
        record->ssi_int = sent.ssi_int, record->ssi_ptr = sent.ssi_ptr;
    } else if (code > 0 && code <= last) {
        record->ssi_addr = first;
        if (signal == SIGBUS && (code == BUS_MCEERR_AR || code == BUS_MCEERR_AO))
            record->ssi_addr_lsb = (uint16_t)sent.ssi_int;
    } else if (code == SI_SIGIO || (code > 0 && code <= LAST_POLL)) {
        record->ssi_band = (uint32_t)first, record->ssi_fd = sent.ssi_int;
    } else {
        record->ssi_pid = sent.ssi_pid, record->ssi_uid = sent.ssi_uid;
    }
}

/* Codes that travel disguised are shown as they were sent. */
static void show_codes(struct thread *thread, uint64_t fd, guest_addr buffer, uint64_t size)
{
    struct signalfd_siginfo record;
    for (guest_addr at = buffer; size >= sizeof record; at += sizeof record, size -= sizeof record) {
        siginfo_t info = { .si_code = 0 };
        if (copy_from_guest(thread, &record, at, sizeof record))
            return;
        info.si_code = record.ssi_code;
        signal_undisguise(&info);
        if (info.si_code == record.ssi_code)
            continue;
        if (!is_signalfd(fd))
            return;
        lay_out(&record, info.si_code);
        copy_to_guest(thread, at, &record, sizeof record);
    }
}

int64_t signalfd_call(struct thread *thread, long number, const uint64_t *v)
{
    uint64_t shown = thread->signal_mask & atomic_load(&thread->process->signalfd_mask);
    if (!shown)
        return host_call_blocking(thread, number, v[0], v[1], v[2], v[3], v[4], v[5]);
    host_call(SYS_rt_sigprocmask, SIG_BLOCK, (uintptr_t)&shown, 0, KERNEL_SIGSET_BYTES, 0, 0);
    thread->shown = shown;
    signals_give_back(thread, shown);
    int64_t result = host_call_blocking(thread, number, v[0], v[1], v[2], v[3], v[4], v[5]);
    thread->shown = 0;
    host_call(SYS_rt_sigprocmask, SIG_UNBLOCK, (uintptr_t)&shown, 0, KERNEL_SIGSET_BYTES, 0, 0);
    if (number == SYS_read && result > 0)
        show_codes(thread, v[0], v[1], (uint64_t)result);
    return result;
}
