/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * links: library
 *
 * System calls with any arguments over any memory: conversion both ways, --strace, the hand-written calls. No call reaches the host: what
 * the library would take from host_call.S and guest_memory.c is here, so that results are the input's and each access to guest memory is
 * checked. The first byte: how many calls, --strace; or one structure, converted there and back.
 */
#include "syscalls/abi.h"
#include "syscalls/convert.h"
#include "syscalls/guest_memory.h"
#include "syscalls/seccomp.h"
#include "syscalls/tables.generated.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MEMORY 0x10000ull                  /* four pages; nothing around them */
#define MEMORY_END 0x14000ull
#define CALL_BYTES 52
#define MAPPINGS 64

static struct process process, fresh_process;
static struct thread thread, fresh_thread;
static struct signal_actions actions;
static jmp_buf left;
static uint8_t result_choice;
static unsigned host_calls;
static struct { uint64_t address, size; } mappings[MAPPINGS];
static size_t logged;

static void fail(const char *what)
{
    fprintf(stderr, "system calls: %s\n", what);
    abort();
}

/* -- guest memory -------------------------------------------------------------------------------------------------------- */
static bool inside(guest_addr address, size_t size)
{
    return address >= MEMORY && address < MEMORY_END && size <= MEMORY_END - address;
}

void *guest_pointer(const struct process *p, guest_addr address)
{
    (void)p;
    return (void *)(uintptr_t)address;
}

int copy_from_guest(struct thread *t, void *to, guest_addr from, size_t size)
{
    if (size && inside(from, size)) memcpy(to, guest_pointer(t->process, from), size);
    return !size || inside(from, size) ? 0 : -EFAULT;
}

int copy_to_guest(struct thread *t, guest_addr to, const void *from, size_t size)
{
    if (size && inside(to, size)) memcpy(guest_pointer(t->process, to), from, size);
    return !size || inside(to, size) ? 0 : -EFAULT;
}

int64_t copy_string_from_guest(struct thread *t, char *to, guest_addr from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (copy_from_guest(t, to + i, from + i, 1)) return -EFAULT;
        if (!to[i]) return (int64_t)i;
    }
    return -ENAMETOOLONG;
}

/* -- the host ------------------------------------------------------------------------------------------------------------ */
/* Memory for a call's own use is real; what would become the guest's is refused. */
static int64_t host_map(uint64_t address, uint64_t size, uint64_t flags)
{
    if (address || flags & MAP_FIXED || size > (256u << 20)) return -ENOMEM;
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (mappings[i].size) continue;
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) return -ENOMEM;
        mappings[i].address = (uintptr_t)memory;
        mappings[i].size = size;
        return (int64_t)(uintptr_t)memory;
    }
    return -ENOMEM;
}

static int64_t host_unmap(uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (mappings[i].address != address || mappings[i].size != size || !size) continue;
        mappings[i].size = 0;
        return munmap((void *)(uintptr_t)address, size);
    }
    return -EINVAL;
}

static int64_t chosen_result(void)
{
    static const int64_t results[8] = { 0, -EINVAL, 0, -EINTR, -EFAULT, -ENOSYS, -EEXIST, 0 };
    return results[(result_choice + 5 * host_calls++) & 7];
}

int64_t host_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    (void)e, (void)f;
    switch (number) {
    case SYS_mmap: return host_map(a, b, d);
    case SYS_munmap: return host_unmap(a, b);
    case SYS_write: return (int64_t)c;
    case SYS_prctl: return a == PR_GET_NO_NEW_PRIVS ? 1 : chosen_result();
    case SYS_io_setup: return -EAGAIN;      /* success would be a place */
    case SYS_getpid: case SYS_gettid: return thread.tid;
    default: return chosen_result();
    }
}

int64_t host_call_blocking(struct thread *t, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    return t->signal_arrived ? -EINTR : host_call(number, a, b, c, d, e, f);
}

int64_t host_clone_on_stack(uint64_t flags, void *stack, int *parent_tid, int *child_tid, uint64_t tls, void (*start)(void *), void *argument)
{
    (void)flags, (void)stack, (void)parent_tid, (void)child_tid, (void)tls, (void)start, (void)argument;
    return -EAGAIN;
}

int64_t host_clone3_on_stack(struct clone_args *arguments, size_t size, void (*start)(void *), void *argument)
{
    (void)arguments, (void)size, (void)start, (void)argument;
    return -EAGAIN;
}

const char host_call_window[1], host_call_window_end[1], host_call_abort[1], guest_copy_start[1], guest_copy_end[1], guest_copy_failed[1];

/* -- the process --------------------------------------------------------------------------------------------------------- */
static int64_t execute(struct thread *t, int directory, const char *path, char *const *argv, char *const *envp, int flags)
{
    (void)t, (void)directory, (void)flags;
    logged += strlen(path);
    for (; argv && *argv; argv++) logged++;             /* the strings are the guest's: the kernel checks them */
    for (; envp && *envp; envp++) logged++;
    return -ENOENT;
}

static int64_t clone_thread(struct thread *t, uint64_t flags, guest_addr stack, guest_addr parent_tid, guest_addr tls, guest_addr child_tid, int exit_signal, const void *extra)
{
    (void)t, (void)flags, (void)stack, (void)parent_tid, (void)tls, (void)child_tid, (void)exit_signal, (void)extra;
    return -EAGAIN;
}

static __attribute__((noreturn)) void leave(struct thread *t, int status) { (void)t, (void)status; longjmp(left, 1); }
static __attribute__((noreturn)) void leave_killed(struct thread *t, const siginfo_t *info, bool group) { (void)t, (void)info, (void)group; longjmp(left, 1); }
static void force_signal(struct thread *t, const siginfo_t *info) { (void)t, (void)info; }
static void set_result(struct thread *t, int64_t value) { (void)t, (void)value; }
static int64_t no_result(struct thread *t) { (void)t; return 0; }
static int64_t signal_return_nowhere(struct thread *t) { (void)t; return SYSCALL_NO_RESULT; }
static int64_t act(struct thread *t, int signal, const struct signal_action *action)
{
    (void)t, (void)action;
    if (signal < 1 || signal > GUEST_SIGNALS) fail("an action for no signal");
    return 0;
}
static void log_text(void *user, const char *text) { (void)user; logged += strlen(text); }

static const struct process_operations operations = {
    .execute = execute, .clone = clone_thread, .exit_thread = leave, .exit_group = leave, .signal_return = signal_return_nowhere, .signal_action = act,
    .force_signal = force_signal, .kill = leave_killed, .set_result = set_result, .result = no_result, .minimum_signal_stack = 5120,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct engine_options options = { .host = "interpreter", .cache_bytes = 1 << 20, .dump_block = ~(guest_addr)0 };
    (void)argc, (void)argv;
    void *at = (void *)(uintptr_t)MEMORY;
    if (mmap(at, MEMORY_END - MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at) exit(77);
    process = (struct process){ .isa = *guest_isa_list(), .abi = abi_list[0], .operations = &operations, .actions = &actions, .executable = (char *)"/bin/true",
                                .own_descriptor = -1, .exec_descriptor = -1, .log = log_text, .trace_unimplemented = true, .threads = &thread };
    process.engine = engine_new(process.isa, &options);
    process.space = address_space_new(&process);
    thread = (struct thread){ .process = &process, .tid = getpid() };
    thread.cpu = vcpu_new(process.engine, &thread);
    fresh_process = process;
    fresh_thread = thread;
    return 0;
}

/* -- an input ------------------------------------------------------------------------------------------------------------ */
static uint64_t read_number(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint64_t argument_of(uint64_t bytes)
{
    switch (bytes >> 56 & 7) {
    case 0: return bytes & 0xffff;
    case 1: return MEMORY + (bytes & 0x3fff);
    case 2: return MEMORY_END - (bytes & 0xff);
    case 3: return -(bytes & 0xff);
    case 4: return bytes & 0xff;
    case 5: return 1ull << (bytes & 63);
    case 6: return bytes << 8 | (bytes >> 48 & 0xff);
    default: return (uint64_t)AT_FDCWD;
    }
}

static void make_call(const uint8_t *bytes)
{
    uint64_t arguments[6];
    unsigned number = (unsigned)(bytes[0] | bytes[1] << 8) % (process.abi->call_count + 8u);
    result_choice = bytes[2];
    host_calls = 0;
    thread.signal_arrived = bytes[3] == 1;
    for (unsigned i = 0; i < 6; i++) arguments[i] = argument_of(read_number(bytes + 4 + 8 * i));
    syscall_dispatch(&thread, number, arguments);
}

/* What the host knows of a structure comes back as it was. */
static void convert_structure(const uint8_t *bytes, size_t size)
{
    unsigned structure = (unsigned)(bytes[0] | bytes[1] << 8) % (STRUCT_WINSIZE + 1u);    /* the last one */
    size_t guest_size = process.abi->structs[structure].size, host_size = host_abi.structs[structure].size;
    uint8_t *guest = calloc(1, guest_size), *host = malloc(host_size), *again = malloc(host_size);
    memcpy(guest, bytes + 2, size - 2 < guest_size ? size - 2 : guest_size);
    struct_to_host(&process, structure, host, guest);
    struct_to_guest(&process, structure, guest, host);
    struct_to_host(&process, structure, again, guest);
    if (memcmp(host, again, host_size)) fail("a structure is not what it was");
    free(guest), free(host), free(again);
}

static void forget_everything(void)
{
    seccomp_filters_release(&thread);
    for (unsigned i = 0; i < MAPPINGS; i++)
        if (mappings[i].size) host_unmap(mappings[i].address, mappings[i].size);
    process = fresh_process;
    thread = fresh_thread;
    memset(&actions, 0, sizeof actions);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 3) return 0;
    unsigned calls = bytes[0] & 3;
    if (!calls) {
        convert_structure(bytes + 1, size - 1);
        return 0;
    }
    if (size < 1 + calls * CALL_BYTES) return 0;
    const uint8_t *memory = bytes + 1 + calls * CALL_BYTES;
    size_t memory_size = size - (1 + calls * CALL_BYTES);
    memset((void *)(uintptr_t)MEMORY, 0, MEMORY_END - MEMORY);
    memcpy((void *)(uintptr_t)MEMORY, memory, memory_size);
    memcpy((void *)(uintptr_t)(MEMORY_END - memory_size), memory, memory_size);
    process.strace = bytes[0] & 4;
    if (bytes[0] & 8) process.sysroot = (char *)"/usr";
    if (!setjmp(left))
        for (unsigned i = 0; i < calls; i++) make_call(bytes + 1 + i * CALL_BYTES);
    forget_everything();
    return 0;
}
