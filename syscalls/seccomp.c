/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seccomp(2) for the guest: strict mode, and filters as a chain that each thread holds the newest end of (Linux,
 * Documentation/userspace-api/seccomp_filter.rst; the order of checks and errors is kernel/seccomp.c's). Filters are never changed
 * once they are in a chain, so threads read it without a lock; process->lock orders those who add to it. They are kept in pages of their
 * own: a vfork child must not touch malloc.
 */
#include "syscalls/seccomp.h"
#include "syscalls/convert.h"
#include "syscalls/filter_program.h"
#include "syscalls/process_control.h"
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define MAXIMUM_ERRNO 4095
#define MAXIMUM_PATH 32768                     /* instructions in all filters of a task, as the kernel counts them */
#define PATH_PENALTY 4                         /* for each older filter */
#define KNOWN_NUMBERS 512
#define PROGRAM_BYTES 16                       /* struct sock_fprog, two words of the guest */

#define SIGSYS_BY_FILTER 1                     /* si_code SYS_SECCOMP, which the C library's headers do not have */

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif
#define FILTER_FLAGS (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER \
                      | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

struct seccomp_filter {
    struct seccomp_filter *previous;           /* older */
    _Atomic unsigned users;
    unsigned count, path_length;
    bool listens;                              /* SECCOMP_FILTER_FLAG_NEW_LISTENER */
    uint64_t allowed[KNOWN_NUMBERS / 64];      /* numbers that this filter and all older ones allow whatever the arguments */
    struct filter_insn insns[];
};

/* -- filters ------------------------------------------------------------------------------------------------------------- */
static size_t filter_bytes(unsigned count) { return sizeof(struct seccomp_filter) + count * sizeof(struct filter_insn); }

static struct seccomp_filter *filter_new(unsigned count)
{
    struct seccomp_filter *filter = mmap(NULL, filter_bytes(count), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (filter == MAP_FAILED) return NULL;
    filter->count = count;
    filter->users = 1;
    return filter;
}

static struct seccomp_filter *filter_keep(struct seccomp_filter *filter)
{
    if (filter) atomic_fetch_add(&filter->users, 1);
    return filter;
}

static void filter_release(struct seccomp_filter *filter)
{
    while (filter && atomic_fetch_sub(&filter->users, 1) == 1) {
        struct seccomp_filter *previous = filter->previous;
        munmap(filter, filter_bytes(filter->count));
        filter = previous;
    }
}

uint32_t seccomp_architecture(const struct guest_isa *isa)
{
    return isa->elf_machine | (isa->elf_class == ELFCLASS64 ? __AUDIT_ARCH_64BIT : 0) | (isa->elf_data == ELFDATA2LSB ? __AUDIT_ARCH_LE : 0);
}

static void note_allowed(struct seccomp_filter *filter, const struct guest_isa *isa)
{
    uint32_t data[2] = { 0, seccomp_architecture(isa) }, result;
    for (data[0] = 0; data[0] < KNOWN_NUMBERS; data[0]++) {
        uint64_t bit = 1ull << data[0] % 64;
        if (filter->previous && !(filter->previous->allowed[data[0] / 64] & bit)) continue;
        if (filter_is_constant(filter->insns, data, 2, &result) && (result & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW)
            filter->allowed[data[0] / 64] |= bit;
    }
}

/* Puts a verified filter at the end of a thread's chain; the caller's hold on it becomes the thread's. */
static void filter_attach(struct thread *thread, struct seccomp_filter *filter)
{
    filter->previous = thread->seccomp_filters;
    filter->path_length = filter_kernel_length(filter->insns, filter->count);
    if (filter->previous) filter->path_length += filter->previous->path_length + PATH_PENALTY;
    note_allowed(filter, thread->process->isa);
    thread->seccomp_filters = filter;
    thread->seccomp_mode = SECCOMP_MODE_FILTER;
}

void seccomp_filters_inherit(struct thread *child, const struct thread *parent)
{
    filter_release(child->seccomp_filters);
    child->seccomp_filters = filter_keep(parent->seccomp_filters);
    child->seccomp_mode = parent->seccomp_mode;
}

void seccomp_filters_release(struct thread *thread)
{
    filter_release(thread->seccomp_filters);
    thread->seccomp_filters = NULL;
}

unsigned seccomp_filter_count(const struct thread *thread)
{
    unsigned count = 0;
    for (const struct seccomp_filter *filter = thread->seccomp_filters; filter; filter = filter->previous) count++;
    return count;
}

/* -- before a call ------------------------------------------------------------------------------------------------------- */
static void fill_data(const struct thread *thread, unsigned number, const uint64_t *arguments, uint32_t data[FILTER_DATA_WORDS])
{
    const struct process *process = thread->process;
    uint64_t wide[7] = { thread->cpu->pc };
    unsigned high = process->abi->big_endian ? 0 : 1;
    memcpy(&wide[1], arguments, 6 * sizeof *arguments);
    data[0] = number;
    data[1] = seccomp_architecture(process->isa);
    for (unsigned i = 0; i < 7; i++) {
        data[2 + 2 * i + high] = (uint32_t)(wide[i] >> 32);
        data[2 + 2 * i + 1 - high] = (uint32_t)wide[i];
    }
}

/* The most restrictive answer, and whose: of equals the newest filter's. As numbers with a sign, restrictive is less. */
static uint32_t run_filters(const struct seccomp_filter *filter, const uint32_t data[FILTER_DATA_WORDS], const struct seccomp_filter **match)
{
    uint32_t answer = SECCOMP_RET_ALLOW;
    for (*match = filter; filter; filter = filter->previous) {
        uint32_t other = filter_run(filter->insns, data);
        if ((int32_t)(other & SECCOMP_RET_ACTION_FULL) >= (int32_t)(answer & SECCOMP_RET_ACTION_FULL)) continue;
        answer = other;
        *match = filter;
    }
    return answer;
}

/* The guest's vDSO makes a call where the real one would read its clock: that is not a system call to the guest. */
static bool is_clock_of_vdso(const struct thread *thread, const struct call_description *call, const uint64_t *arguments)
{
    static const uint32_t clocks = 1u << CLOCK_REALTIME | 1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_REALTIME_COARSE
                                   | 1u << CLOCK_MONOTONIC_COARSE | 1u << CLOCK_BOOTTIME | 1u << CLOCK_TAI;
    guest_addr vdso = thread->process->vdso, pc = thread->cpu->pc;
    if (!call || !vdso || pc < vdso || pc - vdso > VDSO_SIZE) return false;
    if (call->host_number == SYS_gettimeofday) return true;
    return (call->host_number == SYS_clock_gettime || call->host_number == SYS_clock_getres) && arguments[0] < 32 && (clocks & 1u << arguments[0]);
}

static bool is_strict_call(const struct call_description *call)
{
    return call && (call->host_number == SYS_read || call->host_number == SYS_write || call->host_number == SYS_exit
                    || call->host_number == SYS_rt_sigreturn);
}

/* A result that the run loop must not take for a restart. */
static int64_t plain_result(struct thread *thread, int64_t value)
{
    if (value > SYSCALL_RESTART || value < SYSCALL_RESTART_BLOCK) return value;
    thread->process->operations->set_result(thread, value);
    return SYSCALL_NO_RESULT;
}

static void describe(const struct thread *thread, unsigned number, uint32_t answer, siginfo_t *info)
{
    memset(info, 0, sizeof *info);
    info->si_signo = SIGSYS;
    info->si_code = SIGSYS_BY_FILTER;
    info->si_errno = answer & SECCOMP_RET_DATA;
    info->si_call_addr = (void *)(uintptr_t)thread->cpu->pc;
    info->si_syscall = (int)number;
    info->si_arch = seccomp_architecture(thread->process->isa);
}

/* What is not to happen without more ado. An action that nobody knows kills the process. */
static int64_t refuse(struct thread *thread, unsigned number, uint32_t answer)
{
    const struct process_operations *operations = thread->process->operations;
    uint32_t action = answer & SECCOMP_RET_ACTION_FULL, value = answer & SECCOMP_RET_DATA;
    siginfo_t info;
    switch (action) {
    case SECCOMP_RET_ERRNO: return plain_result(thread, -(int64_t)(value > MAXIMUM_ERRNO ? MAXIMUM_ERRNO : value));
    case SECCOMP_RET_TRACE: return -errno_to_guest(thread->process->abi, ENOSYS);    /* there is no tracer */
    }
    describe(thread, number, answer, &info);
    if (action != SECCOMP_RET_TRAP) operations->kill(thread, &info, action != SECCOMP_RET_KILL_THREAD);
    operations->force_signal(thread, &info);
    return SYSCALL_NO_RESULT;
}

bool seccomp_check(struct thread *thread, const struct call_description *call, unsigned number, const uint64_t *arguments, int64_t *result)
{
    const struct seccomp_filter *filters = thread->seccomp_filters, *match;
    uint32_t data[FILTER_DATA_WORDS];
    siginfo_t killed = { .si_signo = SIGKILL };
    if (is_clock_of_vdso(thread, call, arguments)) return true;
    if (thread->seccomp_mode == SECCOMP_MODE_STRICT) {
        if (!is_strict_call(call)) thread->process->operations->kill(thread, &killed, false);
        return true;
    }
    if (number < KNOWN_NUMBERS && (filters->allowed[number / 64] & 1ull << number % 64)) return true;
    fill_data(thread, number, arguments, data);
    uint32_t answer = run_filters(filters, data, &match), action = answer & SECCOMP_RET_ACTION_FULL;
    if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG) return true;
    if (action != SECCOMP_RET_USER_NOTIF) *result = refuse(thread, number, answer);
    else if (!match->listens) *result = -errno_to_guest(thread->process->abi, ENOSYS);
    else if (seccomp_notify(thread, number, arguments, result)) return true;
    else if (*result != SYSCALL_RESTART) *result = plain_result(thread, *result);
    return false;
}

/* -- setting a filter ---------------------------------------------------------------------------------------------------- */
static bool may_filter(void)
{
    return host_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) == 1 || process_has_capability(CAP_SYS_ADMIN);
}

static int read_insns(struct thread *thread, guest_addr address, struct seccomp_filter *filter)
{
    const struct abi *abi = thread->process->abi;
    if (copy_from_guest(thread, filter->insns, address, filter->count * sizeof *filter->insns)) return -EFAULT;
    for (unsigned i = 0; i < filter->count; i++) {
        struct filter_insn *insn = &filter->insns[i];
        insn->code = (uint16_t)guest_load(abi, &insn->code, sizeof insn->code, false);
        insn->k = (uint32_t)guest_load(abi, &insn->k, sizeof insn->k, false);
    }
    return filter_verify(filter->insns, filter->count) ? 0 : -EINVAL;
}

/* A filter of the guest's struct sock_fprog: 0 or negative errno. */
static int prepare_filter(struct thread *thread, guest_addr address, struct seccomp_filter **prepared)
{
    const struct abi *abi = thread->process->abi;
    uint8_t program[PROGRAM_BYTES];
    if (copy_from_guest(thread, program, address, 2 * abi->word_bytes)) return -EFAULT;
    unsigned count = (unsigned)guest_load(abi, program, 2, false);
    guest_addr insns = guest_load(abi, program + abi->word_bytes, abi->word_bytes, false);
    if (count == 0 || count > FILTER_MAXIMUM_INSNS) return -EINVAL;
    if (!may_filter()) return -EACCES;
    if (!insns) return -EINVAL;
    *prepared = filter_new(count);
    if (!*prepared) return -ENOMEM;
    int result = read_insns(thread, insns, *prepared);
    if (result < 0) filter_release(*prepared);
    return result;
}

static bool is_ancestor(const struct seccomp_filter *ancestor, const struct seccomp_filter *filter)
{
    while (filter && filter != ancestor) filter = filter->previous;
    return filter == ancestor;
}

/* The first thread that has filters of its own; NULL: none. */
static const struct thread *cannot_follow(const struct thread *thread)
{
    for (const struct thread *other = thread->process->threads; other; other = other->next)
        if (other != thread && (other->seccomp_mode == SECCOMP_MODE_STRICT || !is_ancestor(other->seccomp_filters, thread->seccomp_filters)))
            return other;
    return NULL;
}

/* The others' old filters are in the new chain, so one that is just being evaluated stays. */
static void let_others_follow(struct thread *thread)
{
    for (struct thread *other = thread->process->threads; other; other = other->next)
        if (other != thread) seccomp_filters_inherit(other, thread);
    if (thread->process->threads->next) seccomp_share_no_new_privileges();
}

/* Under the process's lock. 0, a listener's descriptor, the thread that TSYNC fails for, or negative errno. */
static int64_t add_filter(struct thread *thread, uint64_t flags, struct seccomp_filter *filter)
{
    const struct seccomp_filter *old = thread->seccomp_filters;
    int64_t result = 0;
    if (thread->seccomp_mode == SECCOMP_MODE_STRICT) return -EINVAL;
    if (filter_kernel_length(filter->insns, filter->count) + (old ? old->path_length + PATH_PENALTY : 0) > MAXIMUM_PATH) return -ENOMEM;
    const struct thread *obstacle = flags & SECCOMP_FILTER_FLAG_TSYNC ? cannot_follow(thread) : NULL;
    if (obstacle) return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : obstacle->tid;
    if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) result = seccomp_listen(flags);
    if (result < 0) return result;
    filter->listens = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
    filter_attach(thread, filter_keep(filter));
    if (flags & SECCOMP_FILTER_FLAG_TSYNC) let_others_follow(thread);
    return result;
}

static int64_t set_filter(struct thread *thread, uint64_t flags, guest_addr program)
{
    struct seccomp_filter *filter = NULL;
    bool listens = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if (flags & ~(uint64_t)FILTER_FLAGS) return -EINVAL;
    if ((flags & SECCOMP_FILTER_FLAG_TSYNC) && listens && !(flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH)) return -EINVAL;
    if ((flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) && !listens) return -EINVAL;
    int64_t result = prepare_filter(thread, program, &filter);
    if (result < 0) return result;
    pthread_mutex_lock(&thread->process->lock);
    result = add_filter(thread, flags, filter);
    pthread_mutex_unlock(&thread->process->lock);
    filter_release(filter);
    return result;
}

static int64_t set_strict(struct thread *thread, uint64_t flags, guest_addr arguments)
{
    if (flags || arguments) return -EINVAL;
    if (thread->seccomp_mode == SECCOMP_MODE_FILTER) return -EINVAL;
    thread->seccomp_mode = SECCOMP_MODE_STRICT;
    return 0;
}

static int64_t action_is_available(struct thread *thread, uint64_t flags, guest_addr address)
{
    static const uint32_t actions[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                                        SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW };
    uint8_t image[4];
    if (flags) return -EINVAL;
    if (copy_from_guest(thread, image, address, sizeof image)) return -EFAULT;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (guest_load(thread->process->abi, image, sizeof image, false) == actions[i]) return 0;
    return -EOPNOTSUPP;
}

static int64_t notification_sizes(struct thread *thread, uint64_t flags, guest_addr address)
{
    static const uint16_t sizes[] = { sizeof(struct seccomp_notif), sizeof(struct seccomp_notif_resp), sizeof(struct seccomp_data) };
    uint8_t image[sizeof sizes];
    if (flags) return -EINVAL;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) guest_store(thread->process->abi, image + 2 * i, 2, sizes[i]);
    return copy_to_guest(thread, address, image, sizeof image);
}

int64_t syscall_seccomp(struct thread *thread, const uint64_t *arguments)
{
    static int64_t (*const operations[])(struct thread *thread, uint64_t flags, guest_addr arguments) = {
        [SECCOMP_SET_MODE_STRICT] = set_strict, [SECCOMP_SET_MODE_FILTER] = set_filter,
        [SECCOMP_GET_ACTION_AVAIL] = action_is_available, [SECCOMP_GET_NOTIF_SIZES] = notification_sizes,
    };
    uint32_t operation = (uint32_t)arguments[0];
    if (operation >= sizeof operations / sizeof operations[0]) return -EINVAL;
    return operations[operation](thread, (uint32_t)arguments[1], arguments[2]);
}

int64_t control_get_seccomp(struct thread *thread, const uint64_t *arguments)
{
    (void)arguments;
    return thread->seccomp_mode;
}

int64_t control_set_seccomp(struct thread *thread, const uint64_t *arguments)
{
    if (arguments[1] == SECCOMP_MODE_STRICT) return set_strict(thread, 0, 0);
    return arguments[1] == SECCOMP_MODE_FILTER ? set_filter(thread, 0, arguments[2]) : -EINVAL;
}

/* -- across exec --------------------------------------------------------------------------------------------------------- */
struct saved_filter { uint32_t count, listens; };

static int64_t write_all(int fd, const void *data, size_t size)
{
    int64_t done = host_call(SYS_write, (uint64_t)fd, (uintptr_t)data, size, 0, 0, 0);
    return done < 0 ? done : done == (int64_t)size ? 0 : -ENOMEM;
}

/* Oldest first. */
static int64_t save_filters(int fd, const struct seccomp_filter *filter)
{
    if (!filter) return 0;
    struct saved_filter saved = { filter->count, filter->listens };
    int64_t result = save_filters(fd, filter->previous);
    if (result == 0) result = write_all(fd, &saved, sizeof saved);
    return result == 0 ? write_all(fd, filter->insns, filter->count * sizeof *filter->insns) : result;
}

int64_t seccomp_filters_save(const struct thread *thread)
{
    int64_t fd = host_call(SYS_memfd_create, (uintptr_t)"seccomp", MFD_CLOEXEC, 0, 0, 0, 0);
    if (fd < 0) return fd;
    int64_t result = save_filters((int)fd, thread->seccomp_filters);
    if (result == 0) return fd;
    host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
    return result;
}

static bool load_filter(struct thread *thread, int fd, uint64_t *at)
{
    struct saved_filter saved;
    if (host_call(SYS_pread64, (uint64_t)fd, (uintptr_t)&saved, sizeof saved, *at, 0, 0) != sizeof saved) return false;
    if (saved.count == 0 || saved.count > FILTER_MAXIMUM_INSNS) return false;
    struct seccomp_filter *filter = filter_new(saved.count);
    int64_t size = (int64_t)(saved.count * sizeof *filter->insns);
    if (!filter) return false;
    if (host_call(SYS_pread64, (uint64_t)fd, (uintptr_t)filter->insns, (uint64_t)size, *at + sizeof saved, 0, 0) != size
        || !filter_verify(filter->insns, saved.count)) {
        filter_release(filter);
        return false;
    }
    filter->listens = saved.listens;
    filter_attach(thread, filter);
    *at += sizeof saved + (uint64_t)size;
    return true;
}

bool seccomp_filters_load(struct thread *thread, int fd)
{
    int64_t size = host_call(SYS_lseek, (uint64_t)fd, 0, SEEK_END, 0, 0, 0);
    uint64_t at = 0;
    while ((int64_t)at < size && load_filter(thread, fd, &at)) { }
    host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
    return size > 0 && (int64_t)at == size;
}
