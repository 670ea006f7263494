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

static bool is_file(const struct call_description *call) { return takes_kind(call, ARGUMENT_PATH, ARGUMENT_LINK_PATH); }
static bool is_descriptor(const struct call_description *call) { return call->result == RESULT_FD || takes_kind(call, ARGUMENT_FD, ARGUMENT_DIRFD); }

static bool is_network(const struct call_description *call)
{
    return (call->argument_count && strcmp(call->arguments[0].name, "socket") == 0) || call == &call_table[CALL_ID_SOCKET] || call == &call_table[CALL_ID_SOCKETPAIR];
}

static const struct { const char *name; bool (*has)(const struct call_description *call); } classes[] = {
    { "%file", is_file }, { "%desc", is_descriptor }, { "%network", is_network }, { "%net", is_network },
};

/* Marks what one word stands for; false: nothing is called that. */
static bool mark(const char *word, size_t length, bool wanted, bool *calls)
{
    bool found = false;
    bool (*has)(const struct call_description *call) = NULL;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, word, length) == 0) has = classes[i].has;
    for (unsigned i = 0; i < call_table_count; i++) {
        const char *name = call_table[i].name;
        if (has ? !has(&call_table[i]) : strlen(name) != length || memcmp(name, word, length) != 0) continue;
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
