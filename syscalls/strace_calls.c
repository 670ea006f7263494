/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of calls whose arguments depend on each other (clone, futex), of what waiting calls found, and of events that are no calls.
 */
#include "syscalls/strace.h"
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <linux/futex.h>
#include <sched.h>
#include <string.h>

/* -- clone ----------------------------------------------------------------------------------------------------------------- */
#define EXIT_SIGNAL 0xffu

bool strace_is_clone(const struct call_description *call) { return call == &call_table[CALL_ID_CLONE]; }

bool strace_is_in_child(const struct call_description *call, int64_t result)
{
    return result == 0 && (strace_is_clone(call) || call == &call_table[CALL_ID_CLONE3]);
}

/* Only the arguments that the flags call for, with their names. */
void strace_print_clone(struct text *t, struct thread *thread, const uint64_t *values, int64_t result)
{
    const struct abi *abi = thread->process->abi;
    uint64_t flags = values[0], tls = values[3], child = values[4];
    uint8_t image[4];
    if (!thread->process->clone_tls_before_child) tls = values[4], child = values[3];
    text_print(t, "child_stack=");
    strace_print_address(t, values[1]);
    text_print(t, ", flags=");
    if (flags & ~(uint64_t)EXIT_SIGNAL || !(flags & EXIT_SIGNAL)) strace_print_flags(t, &abi->constants[FLAGS_CLONE], flags & ~(uint64_t)EXIT_SIGNAL);
    if (flags & EXIT_SIGNAL) {
        text_print(t, flags & ~(uint64_t)EXIT_SIGNAL ? "|" : "");
        strace_print_signal(t, abi, flags & EXIT_SIGNAL);
    }
    if (flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)) {
        text_print(t, flags & CLONE_PIDFD ? ", pidfd=" : ", parent_tid=");
        if (result < 0 || copy_from_guest(thread, image, values[2], sizeof image)) strace_print_address(t, values[2]);
        else text_print(t, "[%d]", (int)guest_load(abi, image, sizeof image, true));
    }
    if (flags & CLONE_SETTLS) {
        text_print(t, ", tls=");
        strace_print_address(t, tls);
    }
    if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
        text_print(t, ", child_tidptr=");
        strace_print_address(t, child);
    }
}

/* -- futex ----------------------------------------------------------------------------------------------------------------- */
enum { FUTEX_TIMEOUT = 3, FUTEX_SECOND, FUTEX_LAST };

static unsigned futex_arguments(uint64_t operation)
{
    switch ((int)operation & FUTEX_CMD_MASK) {
    case FUTEX_FD: case FUTEX_WAKE: return 1u << 0 | 1u << 1 | 1u << 2;
    case FUTEX_WAIT: case FUTEX_LOCK_PI: case FUTEX_LOCK_PI2: return 1u << 0 | 1u << 1 | 1u << 2 | 1u << FUTEX_TIMEOUT;
    case FUTEX_UNLOCK_PI: case FUTEX_TRYLOCK_PI: return 1u << 0 | 1u << 1;
    case FUTEX_WAIT_BITSET: return 0x3f & ~(1u << FUTEX_SECOND);
    case FUTEX_WAKE_BITSET: return 0x3f & ~(1u << FUTEX_SECOND | 1u << FUTEX_TIMEOUT);
    case FUTEX_REQUEUE: return 0x3f & ~(1u << FUTEX_LAST);
    default: return 0x3f;
    }
}

bool strace_futex_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values)
{
    return call == &call_table[CALL_ID_FUTEX] && !(futex_arguments(values[1]) >> argument & 1);
}

static bool is_timed(uint64_t operation)
{
    int command = (int)operation & FUTEX_CMD_MASK;
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2
           || command == FUTEX_WAIT_REQUEUE_PI;
}

/* What the argument is with this operation; false: what the table says. */
bool strace_futex_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description)
{
    bool timed = is_timed(values[1]);
    if (call != &call_table[CALL_ID_FUTEX] || (argument != FUTEX_TIMEOUT && argument != FUTEX_LAST)) return false;
    *description = call->arguments[argument];
    if (argument == FUTEX_LAST) {
        description->kind = ARGUMENT_FLAGS;
        description->detail = FLAGS_FUTEX_BITSET;
    } else if (timed) {
        description->kind = ARGUMENT_STRUCT;
        description->detail = STRUCT_TIMESPEC;
        description->direction = DIRECTION_IN;
        description->length_kind = LENGTH_ONE;
    } else {
        description->kind = ARGUMENT_UINT;
    }
    return true;
}

/* -- what was ready -------------------------------------------------------------------------------------------------------- */
bool strace_is_early(const struct argument_description *a)
{
    return a->kind == ARGUMENT_FD_SET || (a->kind == ARGUMENT_STRUCT && (a->detail == STRUCT_POLLFD || a->detail == STRUCT_TIMESPEC || a->detail == STRUCT_CAP_HEADER))
           || (a->kind == ARGUMENT_INTEGER && a->detail == INTEGER_S64 && a->form != FORM_CHANGED);
}

static bool print_ready_descriptors(struct text *t, struct thread *thread, uint64_t address, uint64_t count)
{
    const struct abi *abi = thread->process->abi;
    const struct struct_layout *s = &abi->structs[STRUCT_POLLFD];
    uint8_t image[16];
    bool any = false;
    for (uint64_t i = 0; i < count && !copy_from_guest(thread, image, address + i * s->size, s->size); i++) {
        uint64_t found = guest_load(abi, image + s->fields[2].offset, 2, false);
        if (!found) continue;
        text_print(t, any ? ", {fd=%d, revents=" : "[{fd=%d, revents=", (int)guest_load(abi, image, 4, true));
        strace_print_flags(t, &abi->constants[FLAGS_POLL], found);
        text_print(t, "}");
        any = true;
    }
    if (any) text_print(t, "]");
    return any;
}

static bool has_member(struct thread *thread, uint64_t address, uint64_t count)
{
    unsigned word_bits = 8 * thread->process->abi->word_bytes;
    uint64_t word = 0, any = 0;
    for (uint64_t i = 0; i < count && i < 1024; i++) {
        if (i % word_bits == 0 && !strace_read_word(thread, address + i / 8, &word)) break;
        any |= word >> i % word_bits & 1;
    }
    return any;
}

static void print_found(struct text *t, struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                        const char **between)
{
    static const char *const set_names[] = { "read", "in ", "write", "out ", "except", "except ", NULL };
    uint64_t count = argument_elements(thread, a, values);
    if (a->kind == ARGUMENT_FD_SET) {
        if (!has_member(thread, value, count)) return;
        text_print(t, "%s", *between);
        for (unsigned i = 0; set_names[i]; i += 2)
            if (strcmp(set_names[i], a->name) == 0) text_print(t, "%s", set_names[i + 1]);
        strace_print_fd_set(t, thread, value, count);
        *between = ", ";
    } else if (a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_POLLFD) {
        text_print(t, "%s", *between);
        if (print_ready_descriptors(t, thread, value, count)) *between = ", ";
    } else if (a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_TIMESPEC) {
        text_print(t, "%sleft ", *between);
        strace_print_element(t, thread, a->kind, a->detail, value);
        *between = ", ";
    }
}

/* After the result of a call that waits for several things: which came, and how much of the time is left. */
void strace_print_ready(struct text *t, struct thread *thread, const struct call_description *call, const uint64_t *values, int64_t result)
{
    bool waits = false;
    const char *between = " (";
    for (unsigned i = 0; i < call->argument_count; i++) {
        const struct argument_description *a = &call->arguments[i];
        waits |= a->direction == DIRECTION_IN_OUT && (a->kind == ARGUMENT_FD_SET || (a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_POLLFD));
    }
    if (!waits || result < 0) return;
    if (result == 0) {
        text_print(t, " (Timeout)");
        return;
    }
    for (unsigned i = 0; i < call->argument_count; i++)
        if (values[i] && call->arguments[i].direction == DIRECTION_IN_OUT) print_found(t, thread, &call->arguments[i], values, values[i], &between);
    if (*between == ',') text_print(t, ")");
}

/* -- events ---------------------------------------------------------------------------------------------------------------- */
void strace_signal(struct thread *thread, const siginfo_t *info)
{
    struct text line;
    if (!thread->process->strace) return;
    text_init(&line, -1);
    strace_print_prefix(&line, thread);
    text_print(&line, "--- ");
    strace_print_signal(&line, thread->process->abi, (unsigned)info->si_signo);
    text_print(&line, " ");
    strace_print_siginfo(&line, thread->process->abi, info);
    text_print(&line, " ---\n");
    syscall_log(thread->process, &line);
}

void strace_end(struct thread *thread, int status, int signal, bool dumped)
{
    struct text line;
    if (!thread->process->strace) return;
    text_init(&line, -1);
    strace_print_prefix(&line, thread);
    if (!signal) {
        text_print(&line, "+++ exited with %d +++\n", status & 0xff);
    } else {
        text_print(&line, "+++ killed by ");
        strace_print_signal(&line, thread->process->abi, (unsigned)signal);
        text_print(&line, dumped ? " (core dumped) +++\n" : " +++\n");
    }
    syscall_log(thread->process, &line);
}
