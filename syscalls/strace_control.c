/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of prctl: how many arguments an option has and what the first one is (prctl(2)).
 */
#include "syscalls/strace_parts.h"
#include "syscalls/process_control.h"
#include "syscalls/tables.generated.h"
#include <linux/prctl.h>

/* kind, detail: of the first argument. */
#define NO SYSCALL_NO_DETAIL

struct control_option { int option; uint8_t count, kind; bool is_output; uint16_t detail; };

static const struct control_option options[] = {
    { PR_SET_PDEATHSIG, 1, ARGUMENT_SIGNAL, false, NO }, { PR_GET_PDEATHSIG, 1, ARGUMENT_INTEGER, true, NO }, { PR_GET_DUMPABLE, 0, 0, false, NO },
    { PR_SET_DUMPABLE, 1, ARGUMENT_ENUM, false, ENUM_DUMPABLE }, { PR_GET_KEEPCAPS, 0, 0, false, NO }, { PR_SET_KEEPCAPS, 1, ARGUMENT_ULONG, false, NO },
    { PR_GET_TIMING, 0, 0, false, NO }, { PR_SET_TIMING, 1, ARGUMENT_ULONG, false, NO }, { PR_SET_NAME, 1, ARGUMENT_STRING, false, NO },
    { PR_GET_NAME, 1, ARGUMENT_STRING, true, NO }, { PR_GET_SECCOMP, 0, 0, false, NO }, { PR_SET_SECCOMP, 2, ARGUMENT_ENUM, false, ENUM_SECCOMP_MODE },
    { PR_CAPBSET_READ, 1, ARGUMENT_ENUM, false, ENUM_CAPABILITY }, { PR_CAPBSET_DROP, 1, ARGUMENT_ENUM, false, ENUM_CAPABILITY }, { PR_GET_SECUREBITS, 0, 0, false, NO },
    { PR_SET_SECUREBITS, 1, ARGUMENT_HEX, false, NO }, { PR_SET_TIMERSLACK, 1, ARGUMENT_ULONG, false, NO }, { PR_GET_TIMERSLACK, 0, 0, false, NO },
    { PR_TASK_PERF_EVENTS_DISABLE, 0, 0, false, NO }, { PR_TASK_PERF_EVENTS_ENABLE, 0, 0, false, NO },
    { PR_SET_CHILD_SUBREAPER, 1, ARGUMENT_ULONG, false, NO }, { PR_GET_CHILD_SUBREAPER, 1, ARGUMENT_INTEGER, true, NO },
    { PR_GET_TID_ADDRESS, 1, ARGUMENT_ADDRESS, true, NO }, { PR_SET_PTRACER, 1, ARGUMENT_LONG, false, NO }, { PR_GET_AUXV, 2, ARGUMENT_ADDRESS, true, NO },
    { PR_CAP_AMBIENT, 4, ARGUMENT_ENUM, false, ENUM_AMBIENT_CAPABILITY },
    { PR_SET_MM, 4, ARGUMENT_ENUM, false, ENUM_MEMORY_LAYOUT }, { PR_SET_VMA, 4, ARGUMENT_ENUM, false, ENUM_AREA_ATTRIBUTE }, { PR_SET_NO_NEW_PRIVS, 4, ARGUMENT_ULONG, false, NO },
};

static const struct control_option *find(const struct call_description *call, const uint64_t *values)
{
    if (call->arguments[0].kind != ARGUMENT_ENUM || call->arguments[0].detail != ENUM_PRCTL) return NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].option == (int)values[0]) return &options[i];
    return NULL;
}

static bool is_filter(const uint64_t *values) { return (int)values[0] == PR_SET_SECCOMP && values[1] == 2 /* SECCOMP_MODE_FILTER */; }

bool strace_control_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values)
{
    const struct control_option *option = find(call, values);
    if (option && option->option == PR_SET_SECCOMP && !is_filter(values)) return argument > 1;
    return option && argument > option->count;
}

/* The first argument is as the table says; the second of two options too. */
bool strace_control_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description)
{
    const struct control_option *option = find(call, values);
    if (option && option->option == PR_SET_VMA && argument > 1) {
        static const uint8_t kinds[] = { ARGUMENT_ADDRESS, ARGUMENT_ULONG, ARGUMENT_STRING };
        *description = call->arguments[argument];
        description->kind = kinds[argument - 2];
        return true;
    }
    bool is_capability = option && option->option == PR_CAP_AMBIENT && values[1] >= PR_CAP_AMBIENT_IS_SET && values[1] <= PR_CAP_AMBIENT_LOWER;
    if (!option || argument == 0 || argument > 2 || (argument == 2 && !is_capability && !is_filter(values))) return false;
    *description = call->arguments[argument];
    description->length_kind = LENGTH_ONE;
    if (argument == 2) {
        description->kind = is_capability ? ARGUMENT_ENUM : ARGUMENT_STRUCT;
        description->detail = is_capability ? ENUM_CAPABILITY : STRUCT_SOCK_FPROG;
        description->direction = is_capability ? DIRECTION_NONE : DIRECTION_IN;
        return true;
    }
    description->kind = option->kind;
    description->direction = option->is_output ? DIRECTION_OUT : option->kind >= ARGUMENT_POINTER ? DIRECTION_IN : DIRECTION_NONE;
    description->detail = option->kind == ARGUMENT_INTEGER ? INTEGER_S32 : option->detail;
    if (option->option == PR_SET_NAME) description->length = 15;
    return true;
}
