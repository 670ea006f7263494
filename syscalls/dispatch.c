/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a guest's call to the host's: by number to the description, arguments by the description to host form, the call, outputs
 * back. No call is named here.
 */
#include "syscalls/convert.h"
#include "syscalls/files.h"
#include "syscalls/memory_files.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"
#include "syscalls/tables.generated.h"
#include "syscalls/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define KERNEL_SIGSET_BYTES 8
#define LAST_ERRNO 511                         /* beyond it: SYSCALL_RESTART and the like */

/* -- ABIs ---------------------------------------------------------------------------------------------------------------- */
const struct abi *abi_find(const char *isa_name)
{
    for (const struct abi *const *abi = abi_list; *abi; abi++)
        if (strcmp((*abi)->name, isa_name) == 0) return *abi;
    return NULL;
}

int abi_call_number(const struct abi *abi, const char *name)
{
    for (unsigned i = 0; i < abi->call_count; i++)
        if (abi->calls[i].call != SYSCALL_NO_DETAIL && strcmp(call_table[abi->calls[i].call].name, name) == 0) return (int)i;
    return -1;
}

static const struct call_description *find_call(const struct abi *abi, unsigned number)
{
    if (number >= abi->call_count || abi->calls[number].call == SYSCALL_NO_DETAIL) return NULL;
    return &call_table[abi->calls[number].call];
}

const char *syscall_name(const struct abi *abi, unsigned number)
{
    const struct call_description *call = find_call(abi, number);
    return call ? call->name : NULL;
}

int errno_to_guest(const struct abi *abi, int host_errno)
{
    return (int)constant_to_guest(abi, ENUM_ERRNO, (unsigned)host_errno);
}

/* -- arguments ----------------------------------------------------------------------------------------------------------- */
static bool is_signed_kind(unsigned kind)
{
    return kind == ARGUMENT_FD || kind == ARGUMENT_DIRFD || kind == ARGUMENT_INT || kind == ARGUMENT_LONG || kind == ARGUMENT_PID
           || kind == ARGUMENT_ID || kind == ARGUMENT_SIGNAL;
}

/* 32-bit ABIs: a 64-bit offset is a pair of registers, in memory order; some start pairs at even registers. */
static void decode_arguments(const struct abi *abi, const struct call_description *call, const uint64_t *registers, uint64_t *values)
{
    unsigned at = 0;
    for (unsigned i = 0; i < SYSCALL_ARGUMENTS; i++) {
        unsigned kind = i < call->argument_count ? call->arguments[i].kind : ARGUMENT_ULONG;
        if (kind == ARGUMENT_OFF64) {
            if (abi->pairs_aligned) at = (at + 1) & ~1u;
            uint64_t first = at < 6 ? (uint32_t)registers[at] : 0, second = at + 1 < 6 ? (uint32_t)registers[at + 1] : 0;
            values[i] = abi->big_endian ? first << 32 | second : second << 32 | first;
            at += 2;
        } else {
            uint32_t word = at < 6 ? (uint32_t)registers[at] : 0;
            values[i] = is_signed_kind(kind) ? (uint64_t)(int64_t)(int32_t)word : word;
            at++;
        }
    }
}

/* -- interruptions ------------------------------------------------------------------------------------------------------- */
static bool socket_has_timeout(uint64_t fd, int option)
{
    struct timeval timeout = { 0, 0 };
    socklen_t size = sizeof timeout;
    int64_t result = host_call(SYS_getsockopt, fd, SOL_SOCKET, option, (uintptr_t)&timeout, (uintptr_t)&size, 0);
    return result == 0 && (timeout.tv_sec || timeout.tv_usec);
}

static int64_t interrupted(const struct call_description *call, const uint64_t *values)
{
    switch (call->restart) {
    case RESTART_NO_HANDLER: return SYSCALL_RESTART_NO_HANDLER;
    case RESTART_NEVER: return -EINTR;
    case RESTART_RECEIVE: return socket_has_timeout(values[0], SO_RCVTIMEO) ? -EINTR : SYSCALL_RESTART;
    case RESTART_SEND: return socket_has_timeout(values[0], SO_SNDTIMEO) ? -EINTR : SYSCALL_RESTART;
    default: return SYSCALL_RESTART;
    }
}

static int64_t enter_host(struct thread *thread, const struct call_description *call, const uint64_t *v)
{
    if (call->attributes & CALL_BLOCKS) return signalfd_call(thread, call->host_number, v);
    return host_call(call->host_number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

/* -- calls whose arguments need work ------------------------------------------------------------------------------------- */
struct conversion {
    uint64_t host[SYSCALL_ARGUMENTS];
    uint64_t signal_mask;
    unsigned path_count;
    struct scratch scratch;
    char paths[2][PATH_MAX];
};

static bool is_at_set(unsigned set)
{
    return set == FLAGS_AT || set == FLAGS_AT_ACCESS || set == FLAGS_AT_HANDLE || set == FLAGS_AT_STATX || set == FLAGS_AT_ATTRIBUTES || set == FLAGS_OPEN_TREE;
}

/* Whether the last link of a path is followed: by the kind of the argument, changed by AT_SYMLINK_NOFOLLOW or _FOLLOW. */
static bool path_is_followed(const struct call_description *call, unsigned argument, const uint64_t *values)
{
    bool follow = call->arguments[argument].kind == ARGUMENT_PATH;
    for (unsigned i = 0; i < call->argument_count; i++) {
        if (call->arguments[i].kind != ARGUMENT_FLAGS || !is_at_set(call->arguments[i].detail)) continue;
        if (values[i] & AT_SYMLINK_NOFOLLOW) return false;
        if (values[i] & AT_SYMLINK_FOLLOW) follow = true;
    }
    return follow;
}

static int64_t convert_path(struct thread *thread, const struct call_description *call, unsigned i, const uint64_t *values,
                            struct conversion *c)
{
    char *buffer = c->paths[c->path_count++];
    int directory = i > 0 && call->arguments[i - 1].kind == ARGUMENT_DIRFD ? (int)values[i - 1] : AT_FDCWD;
    c->host[i] = 0;
    if (!values[i]) return 0;
    int64_t result = file_path_from_guest(thread, directory, values[i], path_is_followed(call, i, values), buffer);
    c->host[i] = (uintptr_t)buffer;
    return result;
}

bool wait_mask_lets_through(struct thread *thread, uint64_t mask)
{
    thread->lets_through = ~mask;
    if (!(signals_held(thread) & ~mask)) return false;
    thread->saved_mask = thread->signal_mask;
    thread->restore_mask = true;
    signal_set_mask(thread, mask);
    return true;
}

/* A mask that is in force only while the call waits: the host swaps it in with the wait. Signals that faults raise are never blocked
 * on the host; one of them that is held here and that the new mask lets through is as good as an arrival. */
static int64_t convert_wait_mask(struct thread *thread, uint64_t address, uint64_t size, struct conversion *c, uint64_t *host)
{
    uint64_t mask;
    *host = 0;
    if (!address) return 0;
    if (size != KERNEL_SIGSET_BYTES) return -EINVAL;
    if (copy_from_guest(thread, &mask, address, sizeof mask)) return -EFAULT;
    if (wait_mask_lets_through(thread, mask)) return -EINTR;
    c->signal_mask = mask & ~(SIGNALS_SYNCHRONOUS & ~thread->process->signalfd_mask);
    *host = (uintptr_t)&c->signal_mask;
    return 0;
}

static int64_t convert_in(struct thread *thread, const struct call_description *call, const uint64_t *values, struct conversion *c)
{
    int64_t result = 0;
    for (unsigned i = 0; i < call->argument_count && result >= 0; i++) {
        const struct argument_description *a = &call->arguments[i];
        if (a->kind == ARGUMENT_PATH || a->kind == ARGUMENT_LINK_PATH)
            result = convert_path(thread, call, i, values, c);
        else if (a->kind == ARGUMENT_SIGNAL_SET && (call->attributes & CALL_BLOCKS))
            result = convert_wait_mask(thread, values[i], values[a->length], c, &c->host[i]);
        else
            result = argument_to_host(thread, a, values, values[i], &c->scratch, &c->host[i]);
    }
    for (unsigned i = 0; i < call->argument_count; i++)
        argument_limit(thread->process->abi, &call->arguments[i], values, c->host);
    return result;
}

static int64_t convert_out(struct thread *thread, const struct call_description *call, const uint64_t *values, struct conversion *c,
                           int64_t result)
{
    for (unsigned i = 0; i < call->argument_count; i++) {
        const struct argument_description *a = &call->arguments[i];
        if (!(a->direction & DIRECTION_OUT) || (a->kind != ARGUMENT_STRUCT && a->kind != ARGUMENT_INTEGER)) continue;
        int64_t error = argument_to_guest(thread, a, values, values[i], c->host[i], result);
        if (error) return error;
    }
    return result;
}

static __attribute__((noinline)) int64_t call_converted(struct thread *thread, const struct call_description *call,
                                                        const uint64_t *values)
{
    struct conversion c;
    c.scratch.used = 0;
    c.scratch.mapping_count = 0;
    c.path_count = 0;
    memcpy(c.host, values, sizeof c.host);
    int64_t result = convert_in(thread, call, values, &c);
    if (result >= 0) {
        result = enter_host(thread, call, c.host);
        if (result >= 0) result = convert_out(thread, call, values, &c, result);
    }
    scratch_free(&c.scratch);
    return result;
}

/* -- one call ------------------------------------------------------------------------------------------------------------ */
static int64_t unimplemented(struct thread *thread, const char *name, unsigned number, const char *why)
{
    struct text line;
    if (!thread->process->trace_unimplemented) return -ENOSYS;
    text_init(&line, -1);
    if (name) text_print(&line, "ferry: system call %s (%u) is not implemented: %s\n", name, number, why);
    else text_print(&line, "ferry: unknown system call %u\n", number);
    syscall_log(thread->process, &line);
    return -ENOSYS;
}

/* Only few processes have such descriptors. */
static bool any_argument_is_own(const struct process *process, const struct call_description *call, const uint64_t *values)
{
    for (unsigned i = 0; i < call->argument_count; i++)
        if (call->arguments[i].kind <= ARGUMENT_DIRFD && descriptor_is_own(process, values[i])) return true;
    return false;
}

static int64_t run_call(struct thread *thread, const struct call_description *call, bool plain, unsigned number, const uint64_t *values)
{
    struct process *process = thread->process;
    int64_t result;
    if (call->attributes & CALL_ABSENT) return unimplemented(thread, call->name, number, call->note);
    if (descriptor_any_own(process) && any_argument_is_own(process, call, values)) return -EBADF;
    if (call->attributes & CALL_HIDES_PROC) descriptor_keep_program(process);
    if (call->attributes & CALL_CUSTOM) return call->function(thread, values);
    if (call->host_number < 0) return unimplemented(thread, call->name, number, "the host has no such call");
    result = plain ? enter_host(thread, call, values) : call_converted(thread, call, values);
    if (result == -EINTR && (call->attributes & CALL_BLOCKS)) result = interrupted(call, values);
    if (result >= 0 && (call->attributes & CALL_RECEIVES)) memory_files_received(thread, call, values, result);
    if (result > 0 && process->writes_memory_files) memory_file_written(process, call, values, result);
    return result;
}

int64_t syscall_dispatch(struct thread *thread, unsigned number, const uint64_t arguments[6])
{
    struct process *process = thread->process;
    const struct abi *abi = process->abi;
    const struct call_description *call = find_call(abi, number);
    uint64_t decoded[SYSCALL_ARGUMENTS];
    bool refused = false;
    int64_t result = 0;
    if (__builtin_expect(thread->seccomp_mode != 0, 0)) refused = !seccomp_check(thread, call, number, arguments, &result);
    if (!call) return refused ? result : unimplemented(thread, NULL, number, NULL);
    if (abi->word_bytes != 8) {
        decode_arguments(abi, call, arguments, decoded);
        arguments = decoded;
    }
    if (__builtin_expect(process->strace, 0) && strace_wants(process, call)) {
        struct strace_line line;
        strace_enter(&line, thread, call, arguments);
        if (!refused) result = run_call(thread, call, abi->calls[number].plain, number, arguments);
        strace_leave(&line, thread, call, arguments, result);
    } else if (!refused) {
        result = run_call(thread, call, abi->calls[number].plain, number, arguments);
    }
    if (!refused && result < 0 && result >= -LAST_ERRNO) result = -errno_to_guest(abi, (int)-result);
    return result;
}
