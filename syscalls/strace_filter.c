/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which calls --strace prints: names and classes, as strace(1) -e trace= has them.
 */
#include "syscalls/strace.h"
#include "syscalls/tables.generated.h"
#include <stdlib.h>
#include <string.h>

static bool takes_kind(const struct call_description *call, unsigned first, unsigned last)
{
    for (unsigned i = 0; i < call->argument_count; i++)
        if (call->arguments[i].kind >= first && call->arguments[i].kind <= last) return true;
    return false;
}

static bool is_one_of(const struct call_description *call, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(call->name, *names) == 0) return true;
    return false;
}

/* What strace(1) counts to a class, and arguments do not show. */
static bool is_file(const struct call_description *call)
{
    return call == &call_table[CALL_ID_GETCWD] || takes_kind(call, ARGUMENT_PATH, ARGUMENT_LINK_PATH);
}

static bool is_network(const struct call_description *call)
{
    return (call->argument_count && strcmp(call->arguments[0].name, "socket") == 0) || call == &call_table[CALL_ID_SOCKET] || call == &call_table[CALL_ID_SOCKETPAIR]
           || call == &call_table[CALL_ID_SENDFILE];
}

static bool is_descriptor(const struct call_description *call)
{
    static const char *const others[] = { "pipe2", "pselect6", "ppoll", "bpf", NULL };
    if (is_one_of(call, others) || call == &call_table[CALL_ID_SENDFILE]) return true;
    return !is_network(call) && (call->result == RESULT_FD || takes_kind(call, ARGUMENT_FD, ARGUMENT_DIRFD));
}

static bool is_fstat(const struct call_description *call)
{
    static const char *const names[] = { "fstat", "newfstatat", "statx", NULL };
    return is_one_of(call, names);
}

static bool is_statfs(const struct call_description *call) { return call == &call_table[CALL_ID_STATFS]; }
static bool is_fstatfs(const struct call_description *call) { return call == &call_table[CALL_ID_FSTATFS]; }
static bool is_any_statfs(const struct call_description *call) { return is_statfs(call) || is_fstatfs(call); }
static bool is_any(const struct call_description *call) { return call; }

/* One that `has` knows, or by the calls' marks. */
struct call_class { const char *name; bool (*has)(const struct call_description *call); unsigned marks; };

static const struct call_class classes[] = {
    { "%file", is_file, 0 }, { "%desc", is_descriptor, 0 }, { "%network", is_network, 0 }, { "%net", is_network, 0 }, { "%fstat", is_fstat, 0 },
    { "%%stat", is_fstat, 0 }, { "%statfs", is_statfs, 0 }, { "%fstatfs", is_fstatfs, 0 }, { "%%statfs", is_any_statfs, 0 }, { "all", is_any, 0 },
    { "%process", NULL, CLASS_PROCESS }, { "%signal", NULL, CLASS_SIGNAL }, { "%memory", NULL, CLASS_MEMORY }, { "%ipc", NULL, CLASS_IPC },
    { "%creds", NULL, CLASS_CREDENTIALS }, { "%clock", NULL, CLASS_CLOCK }, { "%pure", NULL, CLASS_PURE },
};

static bool is_in(const struct call_description *call, const struct call_class *class)
{
    return class->has ? class->has(call) : (call->classes & class->marks) != 0;
}

/* Marks what one word stands for; false: nothing is called that. */
static bool mark(const char *word, size_t length, bool wanted, bool *calls)
{
    bool found = false;
    const struct call_class *class = NULL;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, word, length) == 0) class = &classes[i];
    for (unsigned i = 0; i < call_table_count; i++) {
        const char *name = call_table[i].name;
        if (class ? !is_in(&call_table[i], class) : strlen(name) != length || memcmp(name, word, length) != 0) continue;
        calls[i] = wanted;
        found = true;
    }
    return found;
}

const bool *strace_filter(const char *text)
{
    bool inverted = *text == '!', *calls = malloc(call_table_count * sizeof *calls);
    if (!calls) return NULL;
    memset(calls, inverted, call_table_count * sizeof *calls);
    for (text += inverted; ; text++) {
        size_t length = strcspn(text, ",");
        if (!mark(text, length, !inverted, calls)) {
            free(calls);
            return NULL;
        }
        text += length;
        if (!*text) return calls;
    }
}

bool strace_wants(const struct process *process, const struct call_description *call)
{
    return process->strace && (!process->strace_calls || process->strace_calls[call - call_table]);
}
