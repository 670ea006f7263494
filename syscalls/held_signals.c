/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SIGSEGV, SIGBUS, SIGFPE and SIGILL when somebody sends them. The host never blocks these, because a fault would kill us then; so
 * one that comes while the guest blocks it is kept here, for the thread or for the process as it was sent. They are ordinary signals: of
 * each only the first is kept. The keeping is done by handlers, hence without locks.
 *
 * A guest may send itself any si_code with them, a fault's too. Such codes travel disguised, so that no handler of ours takes them for
 * faults, and say whether thread or process was meant.
 */
#include "syscalls/signals.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DISGUISE INT_MIN
#define DISGUISE_MASK 0xfffe0000u
#define FOR_THREAD 0x10000

static int slot_of(int signal)
{
    return signal == SIGSEGV ? 0 : signal == SIGBUS ? 1 : signal == SIGFPE ? 2 : 3;
}

/* -- keeping --------------------------------------------------------------------------------------------------------------- */

static void held_add(struct held_signals *held, const siginfo_t *info)
{
    uint64_t bit = SIGNAL_BIT(info->si_signo);
    if (atomic_fetch_or(&held->claimed, bit) & bit)
        return;
    held->info[slot_of(info->si_signo)] = *info;
    atomic_fetch_or(&held->set, bit);
}

/* false: another thread was first. */
static bool held_take(struct held_signals *held, int signal, siginfo_t *info)
{
    uint64_t bit = SIGNAL_BIT(signal);
    *info = held->info[slot_of(signal)];
    if (!(atomic_fetch_and(&held->set, ~bit) & bit))
        return false;
    atomic_fetch_and(&held->claimed, ~bit);
    return true;
}

uint64_t signals_held(const struct thread *thread)
{
    return atomic_load_explicit(&thread->held.set, memory_order_relaxed) | atomic_load_explicit(&thread->process->held.set, memory_order_relaxed);
}

int signal_take_held(struct thread *thread, uint64_t wanted, siginfo_t *info)
{
    struct held_signals *queues[] = { &thread->held, &thread->process->held };
    for (int i = 0; i < 2; i++)
        for (uint64_t ready = queues[i]->set & wanted; ready; ready &= ready - 1) {
            int signal = __builtin_ctzll(ready) + 1;
            if (held_take(queues[i], signal, info))
                return signal;
        }
    return 0;
}

void signals_forget_held(struct thread *thread)
{
    thread->held.set = thread->held.claimed = 0;
    thread->process->held.set = thread->process->held.claimed = 0;
}

/* -- disguise --------------------------------------------------------------------------------------------------------------- */

void signal_disguise(siginfo_t *info, bool for_thread)
{
    info->si_code = DISGUISE | (for_thread ? FOR_THREAD : 0) | (uint16_t)info->si_code;
}

bool signal_undisguise(siginfo_t *info)
{
    unsigned code = (unsigned)info->si_code;
    if ((code & DISGUISE_MASK) != (unsigned)DISGUISE)
        return info->si_code == SI_TKILL;
    info->si_code = (int16_t)code;
    return code & FOR_THREAD;
}

/* -- arriving and handing on -------------------------------------------------------------------------------------------------- */

bool signal_arrive(struct thread *thread, const siginfo_t *info)
{
    siginfo_t plain = *info;
    bool synchronous = SIGNAL_BIT(info->si_signo) & SIGNALS_SYNCHRONOUS, for_thread = synchronous && signal_undisguise(&plain);
    bool blocked = synchronous && (thread->signal_mask & ~thread->lets_through & SIGNAL_BIT(info->si_signo));
    if (blocked || thread->signal_arrived) {
        held_add(for_thread || !blocked ? &thread->held : &thread->process->held, &plain);
        thread->held_for_others |= !for_thread;
        return false;
    }
    thread->arrived = plain;
    atomic_signal_fence(memory_order_seq_cst);
    thread->signal_arrived = 1;
    return true;
}

static struct thread *who_takes(const struct thread *self, uint64_t bit)
{
    struct thread *t = self->process->threads;
    while (t && (t == self || (t->signal_mask & ~t->lets_through & ~atomic_load(&t->shown) & bit)))
        t = t->next;
    return t;
}

/* The kernel gave us a signal for the process that this thread blocks; perhaps another does not. */
void signal_hand_on(struct thread *thread)
{
    struct process *process = thread->process;
    thread->held_for_others = 0;
    pthread_mutex_lock(&process->lock);
    for (uint64_t left = process->held.set; left; left &= left - 1) {
        siginfo_t info;
        int signal = __builtin_ctzll(left) + 1;
        struct thread *other = who_takes(thread, SIGNAL_BIT(signal));
        if (!other || !held_take(&process->held, signal, &info))
            continue;
        signal_disguise(&info, false);
        host_call(SYS_rt_tgsigqueueinfo, (uint64_t)getpid(), (uint64_t)other->tid, (uint64_t)signal, (uintptr_t)&info, 0, 0);
    }
    pthread_mutex_unlock(&process->lock);
}

/* A thread may send the process only what another process could; so only one that is alone gives the process's back as such. The codes
 * say nearly always whom a signal was for; where they do not, or look like a fault's, they travel disguised. */
static void give_back(struct thread *thread, siginfo_t *info, bool for_thread)
{
    struct process *process = thread->process;
    bool alone = thread == process->threads && !thread->next && thread->tid == getpid();
    if (info->si_code > 0 || for_thread != (info->si_code == SI_TKILL))
        signal_disguise(info, for_thread);
    if (alone && !for_thread)
        host_call(SYS_rt_sigqueueinfo, (uint64_t)getpid(), (uint64_t)info->si_signo, (uintptr_t)info, 0, 0, 0);
    else
        host_call(SYS_rt_tgsigqueueinfo, (uint64_t)getpid(), (uint64_t)thread->tid, (uint64_t)info->si_signo, (uintptr_t)info, 0, 0);
}

void signals_give_back(struct thread *thread, uint64_t set)
{
    struct held_signals *queues[] = { &thread->held, &thread->process->held };
    for (int i = 0; i < 2; i++)
        for (uint64_t ready = queues[i]->set & set; ready; ready &= ready - 1) {
            siginfo_t info;
            int signal = __builtin_ctzll(ready) + 1;
            if (held_take(queues[i], signal, &info))
                give_back(thread, &info, i == 0);
        }
}
