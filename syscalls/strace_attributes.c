/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of attributes that have a length: bpf's, which are another structure with each command, and perf_event_open's. What lies behind
 * the length is not shown, nor read.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>

/* -- bpf ------------------------------------------------------------------------------------------------------------------- */
static const struct { uint16_t command, structure; } commands[] = {
    { BPF_MAP_CREATE, STRUCT_BPF_MAP_CREATE }, { BPF_MAP_LOOKUP_ELEM, STRUCT_BPF_MAP_ELEMENT }, { BPF_MAP_UPDATE_ELEM, STRUCT_BPF_MAP_ELEMENT },
    { BPF_MAP_LOOKUP_AND_DELETE_ELEM, STRUCT_BPF_MAP_ELEMENT }, { BPF_MAP_DELETE_ELEM, STRUCT_BPF_MAP_KEY }, { BPF_MAP_GET_NEXT_KEY, STRUCT_BPF_MAP_NEXT },
    { BPF_MAP_FREEZE, STRUCT_BPF_MAP_FREEZE }, { BPF_PROG_LOAD, STRUCT_BPF_LOAD }, { BPF_OBJ_PIN, STRUCT_BPF_PIN }, { BPF_OBJ_GET, STRUCT_BPF_PIN },
    { BPF_PROG_ATTACH, STRUCT_BPF_ATTACH }, { BPF_PROG_DETACH, STRUCT_BPF_DETACH }, { BPF_PROG_GET_FD_BY_ID, STRUCT_BPF_PROGRAM_ID },
    { BPF_MAP_GET_FD_BY_ID, STRUCT_BPF_MAP_ID }, { BPF_BTF_GET_FD_BY_ID, STRUCT_BPF_TYPES_ID }, { BPF_OBJ_GET_INFO_BY_FD, STRUCT_BPF_GET_INFO },
    { BPF_PROG_QUERY, STRUCT_BPF_QUERY }, { BPF_RAW_TRACEPOINT_OPEN, STRUCT_BPF_TRACEPOINT }, { BPF_BTF_LOAD, STRUCT_BPF_TYPES },
};

#define MAXIMUM_ATTRIBUTES 4096                /* what the kernel takes at most */

/* Something that is not 0, where a newer program has members that the table does not know. */
static bool has_more(struct thread *thread, uint64_t address, uint64_t from, uint64_t size)
{
    uint8_t bytes[64];
    if (size > MAXIMUM_ATTRIBUTES) return true;
    for (uint64_t at = from; at < size; at += sizeof bytes) {
        size_t part = size - at < sizeof bytes ? size - at : sizeof bytes;
        if (copy_from_guest(thread, bytes, address + at, part)) return true;
        for (size_t i = 0; i < part; i++)
            if (bytes[i]) return true;
    }
    return false;
}

/* The members that are there. */
static bool print_known(struct text *t, struct thread *thread, unsigned structure, uint64_t address, uint64_t size)
{
    const struct struct_layout *s = &thread->process->abi->structs[structure];
    uint8_t image[256] = { 0 }, members[64];
    uint64_t known = size < s->size ? size : s->size;
    unsigned count = 0;
    if (s->size > sizeof image || copy_from_guest(thread, image, address, known)) return false;
    for (unsigned i = 0; i < s->field_count && i < sizeof members; i++)
        if (s->fields[i].print != PRINT_HIDDEN && s->fields[i].offset < known) members[count++] = (uint8_t)i;
    if (!count) return false;
    text_print(t, "{");
    strace_print_members(t, thread, structure, image, members, count);
    text_print(t, size > s->size && has_more(thread, address, s->size, size) ? ", ...}" : "}");
    return true;
}

static bool print_bpf(struct text *t, struct thread *thread, uint64_t command, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].command == command) return print_known(t, thread, commands[i].structure, address, size);
    return false;
}

/* -- perf events ----------------------------------------------------------------------------------------------------------- */
enum { EVENT_TYPE, EVENT_SIZE, EVENT_CONFIGURATION, EVENT_PERIOD, EVENT_SAMPLES, EVENT_FORMAT, EVENT_FLAGS };

#define FREQUENCY_BIT 10
#define PRECISION_BIT 15
#define PRECISION_MASK 3u

/* One bit each, in their order; precise_ip has two. */
static const char *const flag_names[] = {
    "disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv", "exclude_idle", "mmap", "comm", "freq",
    "inherit_stat", "enable_on_exec", "task", "watermark", "precise_ip", NULL, "mmap_data", "sample_id_all", "exclude_host", "exclude_guest",
    "exclude_callchain_kernel", "exclude_callchain_user", "mmap2", "comm_exec", "use_clockid", "context_switch", "write_backward", "namespaces",
    "ksymbol", "bpf_event", "aux_output", "cgroup", "text_poke", "build_id", "inherit_thread", "remove_on_exec", "sigtrap",
};
#define KNOWN_FLAGS (sizeof flag_names / sizeof flag_names[0])

static void print_event_flags(struct text *t, uint64_t flags)
{
    static const char *const precisions[] = { "arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid" };
    unsigned precision = flags >> PRECISION_BIT & PRECISION_MASK;
    for (unsigned i = 0; i < KNOWN_FLAGS; i++) {
        if (i == PRECISION_BIT) text_print(t, ", precise_ip=%u /* %s */", precision, precisions[precision]);
        else if (flag_names[i] && flags >> i & 1) text_print(t, ", %s=1", flag_names[i]);
    }
    if (flags >> KNOWN_FLAGS) text_print(t, ", __reserved_1=%#llx /* Bits 63..38 */", (unsigned long long)(flags >> KNOWN_FLAGS));
}

static void print_cache_event(struct text *t, const struct abi *abi, uint64_t value)
{
    if (value >> 24) text_print(t, "%#llx<<24|", (unsigned long long)(value >> 24));
    strace_print_enum(t, &abi->constants[ENUM_PERF_CACHE_RESULT], value >> 16 & 0xff);
    text_print(t, "<<16|");
    strace_print_enum(t, &abi->constants[ENUM_PERF_CACHE_OPERATION], value >> 8 & 0xff);
    text_print(t, "<<8|");
    strace_print_enum(t, &abi->constants[ENUM_PERF_CACHE], value & 0xff);
}

static void print_event_configuration(struct text *t, const struct abi *abi, uint64_t type, uint64_t value)
{
    text_print(t, ", config=");
    switch (type) {
    case PERF_TYPE_HARDWARE: case PERF_TYPE_SOFTWARE:
        strace_print_enum(t, &abi->constants[type == PERF_TYPE_HARDWARE ? ENUM_PERF_HARDWARE : ENUM_PERF_SOFTWARE], value);
        break;
    case PERF_TYPE_HW_CACHE: print_cache_event(t, abi, value); break;
    case PERF_TYPE_TRACEPOINT: text_print(t, "%llu", (unsigned long long)value); break;
    default: text_print(t, "%#llx", (unsigned long long)value); break;
    }
}

static bool print_event(struct text *t, struct thread *thread, uint64_t address)
{
    const struct abi *abi = thread->process->abi;
    const struct struct_layout *s = &abi->structs[STRUCT_PERF_EVENT_ATTR];
    uint8_t image[PERF_ATTR_SIZE_VER0];
    uint64_t values[EVENT_FLAGS + 1];
    if (copy_from_guest(thread, image, address, s->size)) return false;
    for (unsigned i = 0; i <= EVENT_FLAGS; i++) values[i] = guest_load(abi, image + s->fields[i].offset, s->fields[i].size, false);
    if (values[EVENT_SIZE] && values[EVENT_SIZE] < PERF_ATTR_SIZE_VER0) return false;
    text_print(t, "{");
    strace_print_members(t, thread, STRUCT_PERF_EVENT_ATTR, image, (const uint8_t[]){ EVENT_TYPE, EVENT_SIZE }, 2);
    print_event_configuration(t, abi, values[EVENT_TYPE], values[EVENT_CONFIGURATION]);
    text_print(t, values[EVENT_FLAGS] >> FREQUENCY_BIT & 1 ? ", sample_freq=%llu, " : ", sample_period=%llu, ", (unsigned long long)values[EVENT_PERIOD]);
    strace_print_members(t, thread, STRUCT_PERF_EVENT_ATTR, image, (const uint8_t[]){ EVENT_SAMPLES, EVENT_FORMAT }, 2);
    print_event_flags(t, values[EVENT_FLAGS]);
    text_print(t, ", ...}");
    return true;
}

bool strace_print_attributes(struct text *t, struct thread *thread, const struct call_description *call, unsigned argument, const uint64_t *values)
{
    if (!values[argument]) return false;
    if (call == &call_table[CALL_ID_BPF] && argument == 1) return print_bpf(t, thread, (uint32_t)values[0], values[1], (uint32_t)values[2]);
    return call == &call_table[CALL_ID_PERF_EVENT_OPEN] && argument == 0 && print_event(t, thread, values[0]);
}
