/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How threads and the process end. The host's main thread ends by the raw call, so that the kernel keeps its exit status as the
 * process's while other threads go on; threads made by pthread_create return to their start.
 */
#include "usermode/cache.h"

#include "syscalls/calls.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void print_statistics(const struct process *process)
{
    struct engine_statistics s;
    const struct options *options = usermode_of(process)->options;
    if (!options->stats || !process->engine)
        return;
    engine_get_statistics(process->engine, &s);
    double insns = s.guest_insns ? (double)s.guest_insns : 1;
    fprintf(stderr, "ferry: translated %llu blocks: %llu guest instructions (%llu bytes), %.1f IR operations and %.1f host bytes each (%llu bytes)\n",
            (unsigned long long)s.blocks, (unsigned long long)s.guest_insns, (unsigned long long)s.guest_bytes, (double)s.ir_insns / insns,
            (double)s.host_bytes / insns, (unsigned long long)s.host_bytes);
    fprintf(stderr, "ferry: hot regions %llu, of %llu guest instructions\n", (unsigned long long)s.hot_regions, (unsigned long long)s.hot_insns);
    fprintf(stderr, "ferry: translation %.3f ms, %.0f ns a guest instruction\n", (double)s.translate_ns / 1e6, (double)s.translate_ns / insns);
    fprintf(stderr, "ferry: lookups %llu  misses %llu  links %llu  slow paths %llu  faults %llu\n", (unsigned long long)s.lookups,
            (unsigned long long)s.lookup_misses, (unsigned long long)s.links, (unsigned long long)s.slow_paths, (unsigned long long)s.faults);
    fprintf(stderr, "ferry: images %llu (%llu blocks)  dropped %llu\n", (unsigned long long)s.images, (unsigned long long)s.image_blocks,
            (unsigned long long)s.image_drops);
    fprintf(stderr, "ferry: invalidations %llu (%llu blocks, %llu used again)  evictions %llu\n", (unsigned long long)s.invalidations,
            (unsigned long long)s.invalidated_blocks, (unsigned long long)s.reused_blocks, (unsigned long long)s.evictions);
    fflush(stderr);
}

struct thread *thread_new(struct process *process)
{
    struct thread *thread = calloc(1, sizeof *thread);
    struct usermode_thread *own = calloc(1, sizeof *own);
    if (!thread || !own) {
        free(thread);
        free(own);
        return NULL;
    }
    thread->process = process;
    thread->user = own;
    return thread;
}

void thread_free(struct thread *thread)
{
    seccomp_filters_release(thread);
    if (thread->cpu)
        vcpu_free(thread->cpu);
    free(thread->user);
    free(thread);
}

/* Out of the process's list; false: it was the last one. */
static bool unlist(struct thread *thread)
{
    struct process *process = thread->process;
    pthread_mutex_lock(&process->lock);
    struct thread **link = &process->threads;
    while (*link && *link != thread)
        link = &(*link)->next;
    if (*link)
        *link = thread->next;
    bool others = process->threads != NULL;
    pthread_mutex_unlock(&process->lock);
    return others;
}

void leave_thread(struct thread *thread, int status)
{
    struct usermode_thread *own = usermode_thread_of(thread);
    /* No signal may find a thread that is half gone. */
    host_signal_mask(~0ull);
    strace_end(thread, status, 0, false);
    if (!thread->vfork_child && !unlist(thread)) {
        print_statistics(thread->process);
        cache_save(thread);
    }
    thread_leave(thread);
    if (own->is_pthread)
        longjmp(own->leave, 1);
    for (;;)
        host_call(SYS_exit, (uint64_t)status, 0, 0, 0, 0, 0);
}

/* What a first thread that dies while others go on leaves as the process's status only seccomp itself can give: the thread makes the host
 * kill it for a call. */
static void die_by_host_seccomp(int signal)
{
    struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD) };
    struct sock_fprog kill = { 1, insns };
    if (signal == SIGKILL)
        host_call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0, 0);
    host_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
    host_call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (uintptr_t)&kill, 0, 0, 0);
    host_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

void leave_by_signal(struct thread *thread, const siginfo_t *info, bool group)
{
    struct usermode_thread *own = usermode_thread_of(thread);
    pthread_mutex_lock(&thread->process->lock);
    bool last = !thread->process->threads->next;
    pthread_mutex_unlock(&thread->process->lock);
    if ((group || last) && info->si_signo != SIGKILL)
        die_with_core(thread, info);
    if (last)
        die_by_signal(thread, info->si_signo);
    if (own->is_pthread)
        leave_thread(thread, 0);
    host_signal_mask(~0ull);
    unlist(thread);
    thread_leave(thread);
    die_by_host_seccomp(info->si_signo);
    die_by_signal(thread, info->si_signo);
}

void leave_group(struct thread *thread, int status)
{
    if (!thread->vfork_child)
        print_statistics(thread->process);
    strace_end(thread, status, 0, false);
    cache_save(thread);
    for (;;)
        host_call(SYS_exit_group, (uint64_t)status, 0, 0, 0, 0, 0);
}
