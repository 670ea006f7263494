/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of prctl: how many arguments an option has and what the first one is (prctl(2)).
 */
#include "syscalls/strace_parts.h"
#include "syscalls/process_control.h"
#include "syscalls/tables.generated.h"
#include <linux/prctl.h>

struct control_option { int option; uint8_t count, kind; bool is_output; };

static const struct control_option options[] = {
    { PR_SET_PDEATHSIG, 1, ARGUMENT_SIGNAL, false }, { PR_GET_PDEATHSIG, 1, ARGUMENT_INTEGER, true }, { PR_GET_DUMPABLE, 0, 0, false },
    { PR_SET_DUMPABLE, 1, ARGUMENT_ULONG, false }, { PR_GET_KEEPCAPS, 0, 0, false }, { PR_SET_KEEPCAPS, 1, ARGUMENT_ULONG, false },
    { PR_GET_TIMING, 0, 0, false }, { PR_SET_TIMING, 1, ARGUMENT_ULONG, false }, { PR_SET_NAME, 1, ARGUMENT_STRING, false },
    { PR_GET_NAME, 1, ARGUMENT_STRING, true }, { PR_GET_SECCOMP, 0, 0, false }, { PR_SET_SECCOMP, 2, ARGUMENT_ULONG, false },
    { PR_CAPBSET_READ, 1, ARGUMENT_ULONG, false }, { PR_CAPBSET_DROP, 1, ARGUMENT_ULONG, false }, { PR_GET_SECUREBITS, 0, 0, false },
    { PR_SET_SECUREBITS, 1, ARGUMENT_HEX, false }, { PR_SET_TIMERSLACK, 1, ARGUMENT_ULONG, false }, { PR_GET_TIMERSLACK, 0, 0, false },
    { PR_TASK_PERF_EVENTS_DISABLE, 0, 0, false }, { PR_TASK_PERF_EVENTS_ENABLE, 0, 0, false },
    { PR_SET_CHILD_SUBREAPER, 1, ARGUMENT_ULONG, false }, { PR_GET_CHILD_SUBREAPER, 1, ARGUMENT_INTEGER, true },
    { PR_GET_TID_ADDRESS, 1, ARGUMENT_ADDRESS, true }, { PR_SET_PTRACER, 1, ARGUMENT_LONG, false }, { PR_GET_AUXV, 2, ARGUMENT_ADDRESS, true },
};

static const struct control_option *find(const struct call_description *call, const uint64_t *values)
{
    if (call->arguments[0].kind != ARGUMENT_ENUM || call->arguments[0].detail != ENUM_PRCTL) return NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].option == (int)values[0]) return &options[i];
    return NULL;
}

bool strace_control_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values)
{
    const struct control_option *option = find(call, values);
    return option && argument > option->count;
}

bool strace_control_describe(const struct call_description *call, const uint64_t *values, struct argument_description *description)
{
    const struct control_option *option = find(call, values);
    if (!option) return false;
    *description = call->arguments[1];
    description->kind = option->kind;
    description->direction = option->is_output ? DIRECTION_OUT : option->kind >= ARGUMENT_POINTER ? DIRECTION_IN : DIRECTION_NONE;
    description->length_kind = LENGTH_ONE;
    description->detail = option->kind == ARGUMENT_INTEGER ? INTEGER_S32 : SYSCALL_NO_DETAIL;
    return true;
}
