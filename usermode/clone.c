/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * clone in its three kinds. Threads of the process are made by pthread_create, since our own C code needs the library's thread
 * storage. Children with memory of their own come from fork(), or from a raw clone with the guest's flags where these ask for more.
 * Children that share memory without being threads (vfork, posix_spawn) are a raw clone onto a fresh host stack, with a copy of
 * the process's data but its address space and translations shared.
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/guest_memory.h"
#include "syscalls/memory_limits.h"
#include "syscalls/rings.h"
#include "syscalls/seccomp.h"
#include "syscalls/syscalls.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST_STACK_SIZE (512 * 1024)
#define THREAD_FLAGS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define SIMPLE_FORK_FLAGS (uint64_t)(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS)
/* Flags that exist only for the guest's memory or state: never passed to the host. */
#define OURS (uint64_t)CLONE_SETTLS

struct request {
    struct thread *parent, *child;
    uint64_t flags;
    guest_addr stack, parent_tid, child_tid, tls;
    int exit_signal;
    const struct clone_args *extra;       /* clone3 */
    _Atomic int started;                  /* futex: the child's tid, or a negative errno */
    _Atomic int users;                    /* of one that outlives the call */
};

static pid_t host_tid(void)
{
    return (pid_t)host_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

/* A vcpu with the same guest state, changed as the child of clone sees it. */
static bool copy_cpu(const struct request *request)
{
    struct thread *child = request->child;
    const struct vcpu *from = request->parent->cpu;
    const struct guest_isa *isa = child->process->isa;
    struct vcpu *to = vcpu_new(child->process->engine, child);
    if (!to)
        return false;
    for (unsigned i = 0; i < isa->field_count; i++) {
        union vector128 value;
        memset(&value, 0, sizeof value);
        vcpu_read_field(from, i, &value);
        vcpu_write_field(to, i, &value);
    }
    to->pc = from->pc;
    vcpu_set_fp_control(to, from->host_fp_control);
    vcpu_set_fp_sticky(to, vcpu_fp_sticky(from));
    child->cpu = to;
    usermode_isa_of(child)->clone_child(to, request->stack, request->flags & CLONE_SETTLS, request->tls);
    return true;
}

static struct thread *new_child(struct request *request, struct process *process)
{
    struct thread *child = request->child = thread_new(process);
    if (!child)
        return NULL;
    child->signal_mask = request->parent->signal_mask;
    seccomp_filters_inherit(child, request->parent);
    child->altstack_flags = SS_DISABLE;
    if (copy_cpu(request))
        return child;
    thread_free(child);
    return NULL;
}

static void futex_wait(_Atomic int *word, int value)
{
    host_call(SYS_futex, (uintptr_t)word, FUTEX_WAIT_PRIVATE, (uint64_t)value, 0, 0, 0);
}

static void announce(struct request *request, int value)
{
    atomic_store(&request->started, value);
    host_call(SYS_futex, (uintptr_t)&request->started, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

static int wait_started(struct request *request)
{
    while (atomic_load(&request->started) == 0)
        futex_wait(&request->started, 0);
    return atomic_load(&request->started);
}

static void put_tid(struct thread *thread, guest_addr address, pid_t tid)
{
    copy_to_guest(thread, address, &tid, sizeof tid);
}

/* -- threads -------------------------------------------------------------------------------------------------------------- */

/* Filters once more: another thread may have set its own for all threads meanwhile. */
static void enlist(struct thread *thread, const struct thread *parent)
{
    struct process *process = thread->process;
    pthread_mutex_lock(&process->lock);
    seccomp_filters_inherit(thread, parent);
    thread->next = process->threads;
    process->threads = thread;
    pthread_mutex_unlock(&process->lock);
}

/* The new thread's own part, all signals blocked. The request is the parent's and gone after announce(). */
static void *thread_main(void *argument)
{
    struct request *request = argument;
    struct thread *thread = request->child;
    struct usermode_thread *own = usermode_thread_of(thread);
    int apart = (request->flags & CLONE_FS ? 0 : CLONE_FS) | (request->flags & CLONE_FILES ? 0 : CLONE_FILES);
    thread->tid = host_tid();
    own->is_pthread = true;
    if (apart)
        unshare(apart);
    if (request->flags & CLONE_PARENT_SETTID)
        put_tid(thread, request->parent_tid, thread->tid);
    if (request->flags & CLONE_CHILD_SETTID)
        put_tid(thread, request->child_tid, thread->tid);
    if (request->flags & CLONE_CHILD_CLEARTID)
        thread->clear_child_tid = request->child_tid;
    host_signals_enter(thread);
    enlist(thread, request->parent);
    announce(request, thread->tid);
    if (setjmp(own->leave) == 0) {
        host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
        thread_run(thread);
    }
    const stack_t none = { .ss_flags = SS_DISABLE };
    host_signals_set_current(NULL);
    sigaltstack(&none, NULL);
    munmap(thread->host_stack, thread->host_stack_size);
    thread_free(thread);
    return NULL;
}

static int start_host_thread(struct thread *parent, void *(*start)(void *), void *argument)
{
    pthread_t id;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, HOST_STACK_SIZE);
    int error = pthread_create(&id, &attributes, start, argument);
    pthread_attr_destroy(&attributes);
    host_signals_take_back(parent);
    return error;
}

static int64_t clone_thread(struct request *request)
{
    if ((request->flags & THREAD_FLAGS) != THREAD_FLAGS)
        return -EINVAL;
    if (!new_child(request, request->parent->process))
        return -EAGAIN;
    uint64_t mask = host_signal_mask(~SIGNALS_SYNCHRONOUS);
    int error = start_host_thread(request->parent, thread_main, request);
    int64_t result = error ? -EAGAIN : wait_started(request);
    if (error)
        thread_free(request->child);
    host_signal_mask(mask);
    return result;
}

/* -- processes with memory of their own ---------------------------------------------------------------------------------- */

/* CLONE_CLEAR_SIGHAND: what is ignored stays so. */
static void clear_handlers(struct thread *thread)
{
    static const struct signal_action none;
    struct signal_action *actions = thread->process->actions->of;
    for (int signal = 1; signal <= GUEST_SIGNALS; signal++)
        if (actions[signal].handler > 1) {
            host_signals_action(thread, signal, &none);
            actions[signal] = none;
        }
}

/* The only thread left; what others held is as they left it, so the list is simply forgotten. */
static void become_only_thread(struct request *request)
{
    struct thread *thread = request->parent;
    struct usermode_thread *own = usermode_thread_of(thread);
    thread->process->threads = thread;
    thread->next = NULL;
    thread->tid = host_tid();
    signals_forget_held(thread);
    thread->robust_list = 0;
    thread->clear_child_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : 0;
    own->is_pthread = false;               /* the process's first thread now */
    if (request->flags & CLONE_CHILD_SETTID)
        put_tid(thread, request->child_tid, thread->tid);
    if (request->flags & CLONE_CLEAR_SIGHAND)
        clear_handlers(thread);
    usermode_isa_of(thread)->clone_child(thread->cpu, request->stack, request->flags & CLONE_SETTLS, request->tls);
}

static int64_t raw_clone(const struct request *request)
{
    uint64_t flags = request->flags & ~OURS & ~(uint64_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND);
    if (!request->extra)
        return host_call(SYS_clone, flags | (uint64_t)request->exit_signal, 0, request->parent_tid, 0, 0, 0);
    struct clone_args arguments = *request->extra;
    arguments.flags = flags;
    arguments.stack = arguments.stack_size = arguments.tls = arguments.child_tid = 0;
    return host_call(SYS_clone3, (uintptr_t)&arguments, sizeof arguments, 0, 0, 0, 0);
}

static bool is_simple_fork(const struct request *request)
{
    return !(request->flags & ~SIMPLE_FORK_FLAGS) && request->exit_signal == SIGCHLD && !(request->extra && request->extra->set_tid_size);
}

/* What fork() of the C library does around its call, so that the child does not inherit a heap that another thread was changing.
 * Weak: a shared C library keeps these to itself. */
void __malloc_fork_lock_parent(void) __attribute__((weak));
void __malloc_fork_unlock_parent(void) __attribute__((weak));
void __malloc_fork_unlock_child(void) __attribute__((weak));

static int64_t raw_clone_with_heap(const struct request *request)
{
    if (!__malloc_fork_lock_parent)
        return raw_clone(request);
    __malloc_fork_lock_parent();
    int64_t pid = raw_clone(request);
    if (pid == 0)
        __malloc_fork_unlock_child();
    else
        __malloc_fork_unlock_parent();
    return pid;
}

static int64_t host_fork(const struct request *request)
{
    if (!is_simple_fork(request))
        return raw_clone_with_heap(request);
    pid_t pid = fork();
    return pid < 0 ? -errno : pid;
}

/* Every lock is held across it, so the child finds nothing half done; signals wait, so none is delivered in both. */
static int64_t clone_process(struct request *request)
{
    struct thread *thread = request->parent;
    struct process *process = thread->process;
    uint64_t mask = host_signal_mask(~SIGNALS_SYNCHRONOUS);
    if (thread->signal_arrived)
        return SYSCALL_RESTART_ALWAYS;
    pthread_mutex_lock(&process->lock);
    pthread_mutex_lock(&process->actions->lock);
    engine_before_fork(process->engine);       /* before the address space's: who translates holds it and takes that one */
    address_space_lock(process);
    int64_t pid = host_fork(request);
    address_space_unlock(process);
    engine_after_fork(process->engine, thread->cpu, pid == 0);
    if (pid == 0) {
        memory_limits_forked(process);
        rings_forked(process);
    }
    pthread_mutex_unlock(&process->actions->lock);
    pthread_mutex_unlock(&process->lock);
    if (pid == 0)
        become_only_thread(request);
    else if (pid > 0 && (request->flags & CLONE_PARENT_SETTID))
        put_tid(thread, request->parent_tid, (pid_t)pid);
    host_signal_mask(mask);
    return pid;
}

/* -- children that share memory --------------------------------------------------------------------------------------------- */

static void shared_child_main(void *argument)
{
    struct request *request = argument;
    struct thread *thread = request->child;
    thread->tid = host_tid();
    host_signals_set_current(thread);
    if (request->flags & CLONE_CLEAR_SIGHAND)
        clear_handlers(thread);
    if (atomic_load(&request->started) == 0)
        announce(request, thread->tid);
    host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
    thread_run(thread);
}

/* Own thread list, and own actions unless shared; memory, translations and everything only read are shared. */
struct process_copy { struct process process; struct usermode usermode; struct signal_actions actions; };

static struct process *copy_process(const struct process *process, uint64_t flags)
{
    struct process_copy *copy = malloc(sizeof *copy);
    if (!copy)
        return NULL;
    copy->process = *process;
    copy->usermode = *usermode_of(process);
    copy->process.user = &copy->usermode;
    copy->process.threads = NULL;
    memset(&copy->process.held, 0, sizeof copy->process.held);
    pthread_mutex_init(&copy->process.lock, NULL);
    if (flags & CLONE_SIGHAND) {
        process->actions->shared = true;
        return &copy->process;
    }
    copy->actions = *process->actions;
    copy->actions.shared = false;
    pthread_mutex_init(&copy->actions.lock, NULL);
    copy->process.actions = &copy->actions;
    return &copy->process;
}

static void free_copy(struct process *process)
{
    struct process_copy *copy = (struct process_copy *)process;
    if (copy && !copy->process.actions->shared)
        free(copy);
}

static int64_t host_clone_shared(struct request *request, uint8_t *stack, uint64_t more_flags)
{
    uint64_t flags = (request->flags & ~OURS & ~(uint64_t)CLONE_CLEAR_SIGHAND) | more_flags;
    uint8_t *top = stack + HOST_STACK_SIZE;
    if (!request->extra || !(request->extra->flags & (CLONE_PIDFD | CLONE_INTO_CGROUP)))
        return host_clone_on_stack(flags | (uint64_t)request->exit_signal, top, (int *)(uintptr_t)request->parent_tid,
                                   (int *)(uintptr_t)request->child_tid, 0, shared_child_main, request);
    struct clone_args arguments = *request->extra;
    arguments.flags = flags;
    arguments.stack = (uintptr_t)stack;
    arguments.stack_size = HOST_STACK_SIZE;
    arguments.tls = 0;
    return host_clone3_on_stack(&arguments, sizeof arguments, shared_child_main, request);
}

/* Makes the child and, with CLONE_VFORK, sleeps until it is gone from our memory. The parent's signals wait: their handler
 * would find the child as the current thread, whose storage is the parent's. */
static int64_t run_shared_child(struct request *request, uint64_t more_flags)
{
    struct thread *parent = request->parent;
    struct process *process = copy_process(parent->process, request->flags);
    uint8_t *stack = mmap(NULL, HOST_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    int64_t result = -ENOMEM;
    if (process && stack != MAP_FAILED && new_child(request, process)) {
        struct thread *child = request->child;
        child->vfork_child = true;
        process->threads = child;
        if (request->flags & CLONE_VFORK) {
            child->altstack_sp = parent->altstack_sp;
            child->altstack_size = parent->altstack_size;
            child->altstack_flags = parent->altstack_flags;
        }
        result = host_clone_shared(request, stack, more_flags);
        thread_free(child);
    }
    if (stack != MAP_FAILED)
        munmap(stack, HOST_STACK_SIZE);
    free_copy(process);
    return result;
}

static int64_t clone_vfork(struct request *request)
{
    struct thread *parent = request->parent;
    uint64_t mask = host_signal_mask(~SIGNALS_SYNCHRONOUS);
    if (parent->signal_arrived)
        return SYSCALL_RESTART_ALWAYS;
    atomic_store(&request->started, 1);    /* nobody waits for the announcement */
    int64_t result = run_shared_child(request, 0);
    host_signals_set_current(parent);
    host_signal_mask(mask);
    return result;
}

static void release(struct request *request)
{
    if (atomic_fetch_sub(&request->users, 1) == 1)
        free(request);
}

/* Shared memory without waiting: a helper thread lends the child its thread storage, and waits in the guest's place. */
static void *lend_storage(void *argument)
{
    int64_t result = run_shared_child(argument, CLONE_VFORK);
    host_signals_set_current(NULL);
    if (result < 0)
        announce(argument, (int)result);
    release(argument);
    return NULL;
}

static int64_t clone_shared(struct request *request)
{
    struct request *kept = malloc(sizeof *kept);   /* the child and the helper look at it after this call */
    if (!kept)
        return -ENOMEM;
    uint64_t mask = host_signal_mask(~SIGNALS_SYNCHRONOUS);
    *kept = *request;
    kept->users = 2;
    int error = start_host_thread(request->parent, lend_storage, kept);
    int64_t result = error ? -EAGAIN : wait_started(kept);
    if (error)
        free(kept);
    else
        release(kept);
    host_signal_mask(mask);
    return result;
}

/* -- which kind ---------------------------------------------------------------------------------------------------------------- */

/* Flags that need others, and flags that cannot be together (clone(2), EINVAL). A thread may have a pidfd since Linux 6.9 only. */
static const struct { uint64_t flags, need, refuse; } rules[] = {
    { CLONE_SIGHAND, CLONE_VM, CLONE_CLEAR_SIGHAND },
    { CLONE_THREAD, CLONE_SIGHAND, CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD },
    { CLONE_FS, 0, CLONE_NEWNS | CLONE_NEWUSER },
    { CLONE_SYSVSEM, 0, CLONE_NEWIPC },
};

static bool flags_valid(uint64_t flags)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if ((flags & rules[i].flags) && ((flags & rules[i].need) != rules[i].need || (flags & rules[i].refuse)))
            return false;
    return true;
}

int64_t clone_thread_or_process(struct thread *thread, uint64_t flags, guest_addr stack, guest_addr parent_tid, guest_addr tls,
                                guest_addr child_tid, int exit_signal, const void *extra)
{
    struct request request = { .parent = thread, .flags = flags, .stack = stack, .parent_tid = parent_tid, .child_tid = child_tid,
                               .tls = tls, .exit_signal = exit_signal, .extra = extra };
    if (!flags_valid(flags))
        return -EINVAL;
    if (flags & CLONE_THREAD)
        return clone_thread(&request);
    if (!(flags & CLONE_VM))
        return clone_process(&request);
    return flags & CLONE_VFORK ? clone_vfork(&request) : clone_shared(&request);
}
