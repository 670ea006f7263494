/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals without the C library, which keeps signals 32 and 33 for itself.
 */
#ifndef RAW_SIGNALS_H
#define RAW_SIGNALS_H

#include "check.h"

#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif
struct kernel_action { void (*handler)(int, siginfo_t *, void *); unsigned long flags; void (*restorer)(void); uint64_t mask; };
#ifdef __x86_64__
void restorer(void);
__asm__(".text\nrestorer: mov $15, %eax\nsyscall\n");
#define RESTORER restorer, SA_RESTORER
#else
#define RESTORER NULL, 0
#endif

static inline long raw_action(int signal, void (*handler)(int, siginfo_t *, void *), unsigned long flags, uint64_t mask)
{
    void (*code)(void);
    unsigned long more;
    struct { void (*code)(void); unsigned long flags; } r = { RESTORER };
    code = r.code, more = r.flags;
    struct kernel_action action = { handler, flags | more | SA_SIGINFO, code, mask };
    return syscall(SYS_rt_sigaction, signal, &action, NULL, 8);
}

#define BIT(signal) (1ull << ((signal) - 1))
static inline void raw_mask(int how, uint64_t mask) { QUIET(syscall(SYS_rt_sigprocmask, how, &mask, NULL, 8)); }

/* tid 0: to the process. */
static inline long queue_to(pid_t pid, pid_t tid, int signal, int code, int value)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = 77, info.si_code = code, info.si_pid = getpid(), info.si_uid = getuid(), info.si_value.sival_int = value;
    return tid ? syscall(SYS_rt_tgsigqueueinfo, pid, tid, signal, &info) : syscall(SYS_rt_sigqueueinfo, pid, signal, &info);
}

#endif
