/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of arguments that have a form of their own (enum argument_form), of capabilities, priorities and protocols.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* -- bytes ----------------------------------------------------------------------------------------------------------------- */
void strace_print_hex_bytes(struct text *t, struct thread *thread, uint64_t address, uint64_t size)
{
    uint8_t bytes[MAXIMUM_BYTES];
    size_t part = size < MAXIMUM_BYTES ? size : MAXIMUM_BYTES;
    if (copy_from_guest(thread, bytes, address, part)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "\"");
    for (size_t i = 0; i < part; i++) text_print(t, "\\x%02x", bytes[i]);
    text_print(t, part < size ? "\"..." : "\"");
}

void strace_print_cpus(struct text *t, struct thread *thread, uint64_t address, uint64_t size)
{
    uint64_t word = 0, per_word = 8 * thread->process->abi->word_bytes;
    if (size && !strace_read_word(thread, address, &word)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    for (uint64_t i = 0, any = 0; i < 8 * size; i++) {
        if (i % per_word == 0 && !strace_read_word(thread, address + i / 8, &word)) break;
        if (word >> i % per_word & 1) text_print(t, any++ ? " %u" : "%u", (unsigned)i);
    }
    text_print(t, "]");
}

#define ENTRY_HEADER 19                        /* number, offset, length and type, before the name */

/* Where the entries of a directory are, and how many. */
void strace_print_entries(struct text *t, struct thread *thread, uint64_t address, uint64_t size)
{
    uint8_t image[ENTRY_HEADER];
    unsigned count = 0;
    for (uint64_t at = 0, length; at + sizeof image <= size; at += length) {
        length = copy_from_guest(thread, image, address + at, sizeof image) ? 0 : guest_load(thread->process->abi, image + 16, 2, false);
        if (length < sizeof image) break;
        count++;
    }
    strace_print_address(t, address);
    text_print(t, " /* %u entr%s */", count, count == 1 ? "y" : "ies");
}

/* -- dates ----------------------------------------------------------------------------------------------------------------- */
/* The day's date in the Gregorian calendar, counted in years that begin in March, so that the leap day is their last. UTC: the C library's
 * calendar reads files and allocates. */
static void print_date(struct text *t, int64_t seconds, uint64_t nanoseconds)
{
    int64_t rest = seconds % 86400, day = seconds / 86400 - (rest < 0), second = rest < 0 ? rest + 86400 : rest;
    int64_t shifted = day + 719468, era = (shifted < 0 ? shifted - 146096 : shifted) / 146097;
    unsigned in_era = (unsigned)(shifted - era * 146097);
    unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
    unsigned of_month = in_year - (153 * month + 2) / 5 + 1;
    text_print(t, " /* %lld-%02u-%02uT%02u:%02u:%02u", (long long)(year + era * 400 + (month > 9)), month < 10 ? month + 3 : month - 9, of_month,
               (unsigned)(second / 3600), (unsigned)(second / 60 % 60), (unsigned)(second % 60));
    if (nanoseconds) text_print(t, ".%09u", (unsigned)nanoseconds);
    text_print(t, "+0000 */");
}

static void print_file_time(struct text *t, struct thread *thread, uint64_t address)
{
    uint64_t seconds, nanoseconds;
    unsigned word = thread->process->abi->word_bytes;
    if (!strace_read_word(thread, address, &seconds) || !strace_read_word(thread, address + word, &nanoseconds)) {
        strace_print_address(t, address);
    } else if (nanoseconds == UTIME_NOW || nanoseconds == UTIME_OMIT) {
        text_print(t, nanoseconds == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
    } else {
        if (word == 4) seconds = (uint64_t)(int32_t)seconds;
        text_print(t, "{tv_sec=%lld, tv_nsec=%llu}", (long long)seconds, (unsigned long long)nanoseconds);
        if (nanoseconds < 1000000000 && (seconds || nanoseconds)) print_date(t, (int64_t)seconds, nanoseconds);
    }
}

void strace_print_file_times(struct text *t, struct thread *thread, uint64_t address)
{
    uint64_t word;
    if (!strace_read_word(thread, address, &word)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    print_file_time(t, thread, address);
    text_print(t, ", ");
    print_file_time(t, thread, address + 2 * thread->process->abi->word_bytes);
    text_print(t, "]");
}

/* -- capabilities ---------------------------------------------------------------------------------------------------------- */
/* Two words, whose first halves are one set. */
static void print_capabilities(struct text *t, const struct constant_set *set, const uint32_t *words)
{
    bool any = false;
    uint32_t left[2] = { words[0], words[1] };
    for (unsigned i = 0; i < set->count; i++) {
        unsigned bit = (unsigned)set->values[i].value;
        if (!(words[bit / 32] >> bit % 32 & 1)) continue;
        text_print(t, any ? "|1<<%s" : "1<<%s", set->values[i].name);
        left[bit / 32] &= ~(1u << bit % 32);
        any = true;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (left[i]) text_print(t, any ? "|%#x" : "%#x", left[i]);
        any |= left[i] != 0;
    }
    if (!any) text_print(t, "0");
}

void strace_print_capability_data(struct text *t, struct thread *thread, uint64_t address)
{
    static const char *const names[] = { "{effective=", ", permitted=", ", inheritable=" };
    const struct abi *abi = thread->process->abi;
    uint8_t image[24];
    if (copy_from_guest(thread, image, address, sizeof image)) {
        strace_print_address(t, address);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        uint32_t words[2] = { (uint32_t)guest_load(abi, image + 4 * i, 4, false), (uint32_t)guest_load(abi, image + 12 + 4 * i, 4, false) };
        text_print(t, "%s", names[i]);
        print_capabilities(t, &abi->constants[ENUM_CAPABILITY], words);
    }
    text_print(t, "}");
}

/* -- rings ----------------------------------------------------------------------------------------------------------------- */
enum { RING_SUBMISSIONS, RING_COMPLETIONS, RING_FLAGS, RING_CPU, RING_IDLE, RING_FEATURES, RING_WORKERS, RING_PADDING, RING_SUBMISSION_OFFSETS, RING_COMPLETION_OFFSETS };

/* What was asked for, and what was made of it. */
void strace_print_ring(struct text *t, struct thread *thread, uint64_t address, bool made)
{
    static const uint8_t asked[] = { RING_FLAGS, RING_CPU, RING_IDLE, RING_WORKERS };
    static const uint8_t given[] = { RING_SUBMISSIONS, RING_COMPLETIONS, RING_FEATURES, RING_SUBMISSION_OFFSETS, RING_COMPLETION_OFFSETS };
    const struct abi *abi = thread->process->abi;
    uint8_t image[120];
    if (copy_from_guest(thread, image, address, sizeof image)) {
        strace_print_address(t, address);
        return;
    }
    bool shares_workers = guest_load(abi, image + abi->structs[STRUCT_IO_URING_PARAMS].fields[RING_FLAGS].offset, 4, false) & 32 /* IORING_SETUP_ATTACH_WQ */;
    text_print(t, "{");
    strace_print_members(t, thread, STRUCT_IO_URING_PARAMS, image, asked, shares_workers ? 4 : 3);
    if (made) {
        text_print(t, ", ");
        strace_print_members(t, thread, STRUCT_IO_URING_PARAMS, image, given, sizeof given);
    }
    text_print(t, "}");
}

/* -- single values --------------------------------------------------------------------------------------------------------- */
#define CLASS_SHIFT 13

static void print_io_priority(struct text *t, const struct abi *abi, uint64_t value)
{
    text_print(t, "IOPRIO_PRIO_VALUE(");
    strace_print_enum(t, &abi->constants[ENUM_IO_PRIORITY], (uint32_t)value >> CLASS_SHIFT);
    text_print(t, ", %u)", (unsigned)value & ((1u << CLASS_SHIFT) - 1));
}

void strace_print_ethernet_protocol(struct text *t, const struct abi *abi, uint64_t value)
{
    text_print(t, "htons(");
    strace_print_enum(t, &abi->constants[ENUM_ETHERNET_PROTOCOL], ntohs((uint16_t)value));
    text_print(t, ")");
}

#define ANY_PERSONALITY 0xffffffffu

static void print_personality(struct text *t, const struct abi *abi, uint64_t value)
{
    const struct constant_set *set = &abi->constants[FLAGS_PERSONALITY];
    uint64_t flags = value & 0xffffff00, domain = value & 0xff;
    const char *name = NULL;
    for (unsigned i = 0; i < set->count; i++)
        if (set->values[i].mask == 0xff && set->values[i].value == domain) name = set->values[i].name;
    if (name) text_print(t, "%s", name);
    else text_print(t, "%#x /* PER_??? */", (unsigned)domain);
    if (!flags) return;
    text_print(t, "|");
    for (unsigned i = 0, any = 0; i < set->count; i++) {
        if (set->values[i].mask == 0xff || !(flags & set->values[i].value)) continue;
        text_print(t, any++ ? "|%s" : "%s", set->values[i].name);
        flags &= ~set->values[i].value;
        if (!flags) return;
    }
    text_print(t, flags == (value & 0xffffff00) ? "%#x" : "|%#x", (unsigned)flags);
}

/* What no kind of argument says; false: nothing special. */
bool strace_print_special(struct text *t, const struct abi *abi, const struct call_description *call, unsigned argument, const uint64_t *values)
{
    if (call == &call_table[CALL_ID_IOPRIO_SET] && argument == 2) print_io_priority(t, abi, values[2]);
    else if (call == &call_table[CALL_ID_FANOTIFY_MARK] && argument == 3 && (int)values[3] == -1) text_print(t, "FAN_NOFD");
    else if (call == &call_table[CALL_ID_SOCKET] && argument == 2 && (int)values[0] == AF_PACKET) strace_print_ethernet_protocol(t, abi, values[2]);
    else if (call == &call_table[CALL_ID_PERSONALITY] && (uint32_t)values[0] == ANY_PERSONALITY) text_print(t, "%#x", ANY_PERSONALITY);
    else if (call == &call_table[CALL_ID_PERSONALITY]) print_personality(t, abi, values[0]);
    else return false;
    return true;
}

/* After a result that is a number: what it means. */
void strace_print_meaning(struct text *t, const struct abi *abi, const struct call_description *call, uint64_t result)
{
    bool is_personality = call == &call_table[CALL_ID_PERSONALITY];
    if (!is_personality && call != &call_table[CALL_ID_IOPRIO_GET]) return;
    text_print(t, " (");
    is_personality ? print_personality(t, abi, result) : print_io_priority(t, abi, result);
    text_print(t, ")");
}

/* socket's protocol, by family. */
static bool describe_protocol(const uint64_t *values, struct argument_description *description)
{
    static const struct { int family; uint16_t protocols; } families[] = {
        { AF_INET, ENUM_IP_PROTOCOL }, { AF_INET6, ENUM_IP_PROTOCOL }, { AF_NETLINK, ENUM_NETLINK_PROTOCOL }, { AF_BLUETOOTH, ENUM_BLUETOOTH_PROTOCOL },
    };
    description->kind = ARGUMENT_ULONG;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (families[i].family != (int)values[0]) continue;
        description->kind = ARGUMENT_ENUM;
        description->detail = families[i].protocols;
    }
    return true;
}

static bool describe_seccomp(unsigned argument, const uint64_t *values, struct argument_description *description)
{
    bool is_filter = (int)values[0] == 1 /* SECCOMP_SET_MODE_FILTER */;
    if (argument == 1 && !is_filter) {
        description->kind = ARGUMENT_HEX;
        description->form = FORM_INT;
    } else if (argument == 2 && is_filter) {
        description->kind = ARGUMENT_STRUCT;
        description->detail = STRUCT_SOCK_FPROG;
        description->direction = DIRECTION_IN;
        description->length_kind = LENGTH_ONE;
    }
    return argument > 0;
}

bool strace_describe_by_first(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description)
{
    *description = call->arguments[argument];
    if (call == &call_table[CALL_ID_SOCKET] && argument == 2) return describe_protocol(values, description);
    if (call == &call_table[CALL_ID_SECCOMP]) return describe_seccomp(argument, values, description);
    return false;
}
