/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace. Arguments up to the first output are written before the call, as they are then; the rest after it. What cannot be
 * read is written as an address.
 */
#include "syscalls/strace.h"
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>


void syscall_log(const struct process *process, struct text *line)
{
    static const char cut[] = "...\n";
    char *data = text_data(line);
    if (line->used && data[line->used - 1] != '\n') memcpy(data + line->used - strlen(cut), cut, sizeof cut);
    if (process->log) {
        process->log(process->log_user, data);
    } else {
        line->fd = 2;
        text_flush(line);
    }
    text_release(line);
}

/* -- numbers ------------------------------------------------------------------------------------------------------------- */
void strace_print_address(struct text *t, uint64_t value)
{
    if (value) text_print(t, "0x%llx", (unsigned long long)value);
    else text_print(t, "NULL");
}

void strace_print_flags(struct text *t, const struct constant_set *set, uint64_t value)
{
    uint64_t left = value;
    bool any = false;
    const struct constant *shifted = NULL;
    for (unsigned i = 0; i < set->count; i++) {
        const struct constant *c = &set->values[i];
        bool field = c->mask != c->value;
        if (!c->value && c->name[0] == '<') {
            if (left & c->mask) shifted = c;
            left &= ~c->mask;
            continue;
        }
        if (!c->value && c->name[strlen(c->name) - 1] == '?') {
            if (left & c->mask) text_print(t, "%s0x%llx /* %s */", any ? "|" : "", (unsigned long long)(left & c->mask), c->name);
            any |= (left & c->mask) != 0;
            left &= ~c->mask;
            continue;
        }
        if ((value & c->mask) != c->value || (!field && !(left & c->mask))) continue;
        if (field && !(left & c->mask) && c->value) continue;
        text_print(t, "%s%s", any ? "|" : "", c->name);
        left &= ~c->mask;
        any = true;
    }
    if (left || (!any && !shifted)) text_print(t, left ? "%s0x%llx" : "%s0", any ? "|" : "", (unsigned long long)left);
    if (left && !any && *set->unknown) text_print(t, " /* %s */", set->unknown);
    if (shifted) text_print(t, "%s%llu%s", any || left ? "|" : "", (unsigned long long)((value & shifted->mask) / (shifted->mask & -shifted->mask)), shifted->name);
}

void strace_print_enum(struct text *t, const struct constant_set *set, uint64_t value)
{
    for (unsigned i = 0; i < set->count; i++) {
        if (set->values[i].value != (uint32_t)value) continue;
        text_print(t, "%s", set->values[i].name);
        return;
    }
    if (strcmp(set->unknown, "0x") == 0) text_print(t, "%#x", (unsigned)value);
    else if (*set->unknown) text_print(t, "%#x /* %s */", (unsigned)value, set->unknown);
    else text_print(t, "%d", (int)value);
}

static bool is_device(uint64_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

static void print_mode(struct text *t, unsigned mode)
{
    static const char *const types[] = { NULL, "IFO", "CHR", NULL, "DIR", NULL, "BLK", NULL, "REG", NULL, "LNK", NULL, "SOCK" };
    unsigned type = mode >> 12;
    const char *name = type < sizeof types / sizeof types[0] ? types[type] : NULL;
    if (name) text_print(t, "S_IF%s|%s%s%s", name, mode & S_ISUID ? "S_ISUID|" : "", mode & S_ISGID ? "S_ISGID|" : "", mode & S_ISVTX ? "S_ISVTX|" : "");
    text_print(t, "%#03o", name ? mode & 0777 : mode & 0xffff);
}

static void print_device(struct text *t, uint64_t device)
{
    text_print(t, "makedev(%#x, %#x)", gnu_dev_major(device), gnu_dev_minor(device));
}

/* System V IPC: flags, and the permissions below them. */
static void print_ipc_flags(struct text *t, const struct constant_set *set, uint64_t value)
{
    if (value & ~0777ull) strace_print_flags(t, set, value & ~0777ull);
    text_print(t, value & ~0777ull ? "|%#03o" : "%#03o", (unsigned)value & 0777);
}

static void print_scalar(struct text *t, const struct abi *abi, const struct argument_description *a, uint64_t value)
{
    switch (a->kind) {
    case ARGUMENT_DIRFD:
        if ((int)value == AT_FDCWD) text_print(t, "AT_FDCWD");
        else text_print(t, "%d", (int)value);
        break;
    case ARGUMENT_FD: case ARGUMENT_INT: case ARGUMENT_PID: case ARGUMENT_ID: text_print(t, "%d", (int)value); break;
    case ARGUMENT_UINT: text_print(t, "%u", (unsigned)value); break;
    case ARGUMENT_LONG: case ARGUMENT_OFF64: text_print(t, a->form == FORM_UNSIGNED ? "%llu" : "%lld", (long long)value); break;
    case ARGUMENT_ULONG: case ARGUMENT_SIZE: text_print(t, "%llu", (unsigned long long)value); break;
    case ARGUMENT_MODE: print_mode(t, (unsigned)value); break;
    case ARGUMENT_SIGNAL: strace_print_signal(t, abi, value); break;
    case ARGUMENT_FLAGS:
        if (a->detail == FLAGS_IPC || a->detail == FLAGS_IPC_SHM) {
            print_ipc_flags(t, &abi->constants[a->detail], (uint32_t)value);
            break;
        }
        strace_print_flags(t, &abi->constants[a->detail], abi->constants[a->detail].is_long && a->form != FORM_INT ? value : (uint32_t)value); break;
    case ARGUMENT_HEX:
        if (a->form == FORM_INT) value = (uint32_t)value;
        text_print(t, value ? "0x%llx" : "0", (unsigned long long)value); break;
    case ARGUMENT_DEVICE: print_device(t, value); break;
    default: strace_print_address(t, value); break;
    }
}

/* -- guest memory -------------------------------------------------------------------------------------------------------- */
void strace_print_string(struct text *t, struct thread *thread, uint64_t address, size_t limit)
{
    char string[PATH_MAX];
    int64_t length = address ? copy_string_from_guest(thread, string, address, limit + 1) : -EFAULT;
    if (length == -ENAMETOOLONG) {
        text_quote(t, string, limit);
        text_print(t, "...");
    } else if (length < 0) {
        strace_print_address(t, address);
    } else {
        text_quote(t, string, length);
    }
}

bool strace_read_word(struct thread *thread, uint64_t address, uint64_t *word)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[8];
    if (copy_from_guest(thread, image, address, abi->word_bytes)) return false;
    *word = guest_load(abi, image, abi->word_bytes, false);
    return true;
}

static void print_strings(struct text *t, struct thread *thread, uint64_t address)
{
    uint64_t string;
    if (!address || !strace_read_word(thread, address, &string)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    for (unsigned i = 0; strace_read_word(thread, address, &string) && string; i++) {
        text_print(t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS) {
            text_print(t, "...");
            break;
        }
        strace_print_string(t, thread, string, 256);
        address += thread->process->abi->word_bytes;
    }
    text_print(t, "]");
}

void strace_print_bytes(struct text *t, struct thread *thread, uint64_t address, uint64_t size)
{
    uint8_t bytes[MAXIMUM_BYTES];
    size_t part = size < MAXIMUM_BYTES ? size : MAXIMUM_BYTES;
    if (!address || copy_from_guest(thread, bytes, address, part)) {
        strace_print_address(t, address);
        return;
    }
    text_quote(t, bytes, part);
    if (part < size) text_print(t, "...");
}

/* An environment: where it is, and how much there is of it. */
static void print_variables(struct text *t, struct thread *thread, uint64_t address)
{
    uint64_t string;
    unsigned count = 0;
    bool readable;
    strace_print_address(t, address);
    if (!address) return;
    while ((readable = strace_read_word(thread, address + (uint64_t)count * thread->process->abi->word_bytes, &string)) && string) count++;
    if (readable || count) text_print(t, " /* %u var%s%s */", count, count == 1 ? "" : "s", readable ? "" : ", unterminated");
}

static void print_signal_set(struct text *t, struct thread *thread, uint64_t address)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[8];
    if (!address || copy_from_guest(thread, image, address, sizeof image)) {
        strace_print_address(t, address);
        return;
    }
    uint64_t low = guest_load(abi, image, abi->word_bytes, false);
    uint64_t set = abi->word_bytes == 8 ? low : low | guest_load(abi, image + 4, 4, false) << 32;
    strace_print_signals(t, abi, set);
}

void strace_print_fd_set(struct text *t, struct thread *thread, uint64_t address, uint64_t count)
{
    const struct abi *abi = thread->process->abi;
    uint64_t word = 0, per_word = 8 * abi->word_bytes;
    if (!address || !strace_read_word(thread, address, &word)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    for (uint64_t i = 0, any = 0; i < count && i < 1024; i++) {
        if (i % per_word == 0 && !strace_read_word(thread, address + i / 8, &word)) break;
        if (word >> i % per_word & 1) text_print(t, any++ ? " %u" : "%u", (unsigned)i);
    }
    text_print(t, "]");
}

/* protocol: of netlink, whose messages are in the parts; -1: bytes. */
static void print_parts(struct text *t, struct thread *thread, uint64_t address, uint64_t count, uint64_t bytes, int protocol)
{
    unsigned word = thread->process->abi->word_bytes;
    uint64_t base, length;
    if (!address || (count && !strace_read_word(thread, address, &base))) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    for (uint64_t i = 0; i < count; i++) {
        text_print(t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS || !strace_read_word(thread, address, &base) || !strace_read_word(thread, address + word, &length)) {
            text_print(t, "...");
            break;
        }
        uint64_t part = length < bytes ? length : bytes;
        text_print(t, "{iov_base=");
        if (bytes == STRACE_NOT_READ) strace_print_address(t, base);
        else if (protocol >= 0) strace_print_netlink(t, thread, protocol, base, part);
        else strace_print_bytes(t, thread, base, part);
        text_print(t, ", iov_len=%llu}", (unsigned long long)length);
        if (bytes < STRACE_NOT_READ) bytes -= part;
        address += 2 * word;
    }
    text_print(t, "]");
}

void strace_print_io_vector(struct text *t, struct thread *thread, uint64_t address, uint64_t count, uint64_t bytes)
{
    print_parts(t, thread, address, count, bytes, -1);
}

/* -- structures ---------------------------------------------------------------------------------------------------------- */
/* One image in our memory; bytes: how many of what its vectors describe were transferred; socket: through which one, -1: none. */
struct struct_image { const struct struct_layout *layout; const uint8_t *data; uint64_t bytes; int socket; };

static void print_struct(struct text *t, struct thread *thread, struct struct_image image);

/* Of a message whose address is one of netlink; -1: of another. */
static int netlink_protocol(struct thread *thread, const struct struct_image *image)
{
    const struct abi *abi = thread->process->abi;
    uint8_t family[2];
    for (unsigned i = 0; image->socket >= 0 && i < image->layout->field_count; i++) {
        const struct field_layout *f = &image->layout->fields[i];
        if (f->print != PRINT_SOCKET_ADDRESS) continue;
        uint64_t address = guest_load(abi, image->data + f->offset, f->size, false);
        if (copy_from_guest(thread, family, address, sizeof family) || guest_load(abi, family, sizeof family, false) != AF_NETLINK) return -1;
        return strace_netlink_protocol(image->socket);
    }
    return -1;
}

static uint64_t pointee_size(const struct abi *abi, const struct struct_image *image, const struct field_layout *f)
{
    const struct field_layout *length = &image->layout->fields[f->detail];
    return guest_load(abi, image->data + length->offset, length->size, false);
}

/* What a pointer leads to; another field says how much is there. */
static void print_pointee(struct text *t, struct thread *thread, const struct struct_image *image, const struct field_layout *f, uint64_t address)
{
    uint64_t size = pointee_size(thread->process->abi, image, f);
    if (!address) strace_print_address(t, 0);
    else if (f->print == PRINT_SOCKET_ADDRESS) strace_print_socket_address(t, thread, address, size);
    else if (f->print == PRINT_IO_VECTOR) print_parts(t, thread, address, size, image->bytes, netlink_protocol(thread, image));
    else strace_print_control_messages(t, thread, address, size);
}

/* Sizes are shown in their largest power of 1024. */
static void print_limit(struct text *t, uint64_t value)
{
    if (value == ~0ull) text_print(t, "RLIM64_INFINITY");
    else if (value > 1024 && value % 1024 == 0) text_print(t, "%llu*1024", (unsigned long long)value / 1024);
    else text_print(t, "%llu", (unsigned long long)value);
}

static void print_changed(struct text *t, struct thread *thread, const struct struct_image *image, uint64_t value)
{
    const struct strace_line *line = image->socket >= 0 ? thread->strace_line : NULL;
    if (line && line->has_before && (uint64_t)line->before != value) text_print(t, "%d => ", (int)line->before);
    text_print(t, "%d", (int)value);
}

static void print_field_value(struct text *t, struct thread *thread, const struct struct_image *image, const struct field_layout *f, const uint8_t *at)
{
    const struct abi *abi = thread->process->abi;
    if (f->kind == FIELD_STRUCT) {
        print_struct(t, thread, (struct struct_image){ &abi->structs[f->detail], at, image->bytes, image->socket });
        return;
    }
    uint64_t value = guest_load(abi, at, f->size, f->kind == FIELD_SIGNED);
    switch (f->print) {
    case PRINT_HEX: f->kind == FIELD_POINTER ? strace_print_address(t, value) : text_print(t, "%#llx", (unsigned long long)value); break;
    case PRINT_OCTAL: text_print(t, "%#03llo", (unsigned long long)value); break;
    case PRINT_FLAGS: strace_print_flags(t, &abi->constants[f->detail], f->size < 8 ? value & ((1ull << 8 * f->size) - 1) : value); break;
    case PRINT_ENUM: strace_print_enum(t, &abi->constants[f->detail], value); break;
    case PRINT_SIGNAL: strace_print_signal(t, abi, value); break;
    case PRINT_LIMIT: print_limit(t, value); break;
    case PRINT_ADDRESS: strace_print_address(t, value); break;
    case PRINT_TEXT: strace_print_string(t, thread, value, PATH_MAX - 1); break;
    case PRINT_VERSION: text_print(t, "KERNEL_VERSION(%u, %u, %u)", (unsigned)value >> 16, (unsigned)value >> 8 & 0xff, (unsigned)value & 0xff); break;
    case PRINT_FD: text_print(t, "%d", (int)value); break;
    case PRINT_CHANGED: print_changed(t, thread, image, value); break;
    case PRINT_INTERFACE: strace_print_interface(t, (unsigned)value); break;
    case PRINT_MODE: print_mode(t, (unsigned)value); break;
    case PRINT_DEVICE: print_device(t, value); break;
    case PRINT_WORDS: text_print(t, "{u32=%u, u64=%llu}", (unsigned)value, (unsigned long long)value); break;
    case PRINT_SOCKET_ADDRESS: case PRINT_IO_VECTOR: case PRINT_CONTROL: print_pointee(t, thread, image, f, value); break;
    default: text_print(t, f->kind == FIELD_UNSIGNED ? "%llu" : "%lld", (unsigned long long)value); break;
    }
}

static void print_field(struct text *t, struct thread *thread, const struct struct_image *image, const struct field_layout *f)
{
    const uint8_t *at = image->data + f->offset;
    text_print(t, "%s=", f->name);
    if (f->kind == FIELD_CHARACTERS) {
        text_quote(t, at, strnlen((const char *)at, f->count));
        return;
    }
    if (f->count > 1) text_print(t, "[");
    for (unsigned i = 0; i < f->count; i++) {
        text_print(t, i ? ", " : "");
        print_field_value(t, thread, image, f, at + i * f->size);
    }
    if (f->count > 1) text_print(t, "]");
}

static uint64_t file_mode(const struct abi *abi, const struct struct_image *image)
{
    const struct struct_layout *s = image->layout;
    for (unsigned i = 0; i < s->field_count; i++)
        if (s->fields[i].print == PRINT_MODE) return guest_load(abi, image->data + s->fields[i].offset, s->fields[i].size, false);
    return 0;
}

static void print_struct(struct text *t, struct thread *thread, struct struct_image image)
{
    const struct struct_layout *s = image.layout;
    if (strace_print_known_struct(t, thread->process->abi, (unsigned)(s - thread->process->abi->structs), image.data)) return;
    if (strace_print_ordered_struct(t, thread, (unsigned)(s - thread->process->abi->structs), image.data)) return;
    bool any = false, more = false, device = is_device(file_mode(thread->process->abi, &image));
    text_print(t, "{");
    for (unsigned i = 0; i < s->field_count; i++) {
        unsigned print = s->fields[i].print;
        more |= print == PRINT_REST;
        if (print == PRINT_HIDDEN || print == PRINT_REST || print == (device ? PRINT_FILE_SIZE : PRINT_DEVICE)) continue;
        if (print == PRINT_CONTROL && !pointee_size(thread->process->abi, &image, &s->fields[i])) continue;
        text_print(t, any ? ", " : "");
        print_field(t, thread, &image, &s->fields[i]);
        any = true;
    }
    text_print(t, more ? ", ...}" : "}");
}

static void print_element(struct text *t, struct thread *thread, unsigned kind, unsigned detail, uint64_t address, uint64_t bytes, int socket)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[1024];
    unsigned size = kind == ARGUMENT_STRUCT ? abi->structs[detail].size : integer_size(abi, detail);
    if (copy_from_guest(thread, image, address, size)) {
        strace_print_address(t, address);
    } else if (kind == ARGUMENT_STRUCT) {
        print_struct(t, thread, (struct struct_image){ &abi->structs[detail], image, bytes, socket });
    } else {
        uint64_t value = guest_load(abi, image, size, integer_is_signed(detail));
        text_print(t, integer_is_signed(detail) ? "%lld" : "%llu", (unsigned long long)value);
    }
}

/* Some members of a structure, by their numbers. */
void strace_print_members(struct text *t, struct thread *thread, unsigned structure, const uint8_t *data, const uint8_t *members, unsigned count)
{
    const struct struct_image image = { &thread->process->abi->structs[structure], data, ~0ull, -1 };
    for (unsigned i = 0; i < count; i++) {
        text_print(t, i ? ", " : "");
        print_field(t, thread, &image, &image.layout->fields[members[i]]);
    }
}

void strace_print_element(struct text *t, struct thread *thread, unsigned kind, unsigned detail, uint64_t address)
{
    print_element(t, thread, kind, detail, address, ~0ull, -1);
}

static unsigned element_size(const struct abi *abi, unsigned kind, unsigned detail)
{
    return kind == ARGUMENT_STRUCT ? abi->structs[detail].size : integer_size(abi, detail);
}

void strace_print_elements(struct text *t, struct thread *thread, unsigned kind, unsigned detail, uint64_t address, uint64_t count)
{
    unsigned size = element_size(thread->process->abi, kind, detail);
    uint8_t first[1024];
    if (count && copy_from_guest(thread, first, address, size)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    for (uint64_t i = 0; i < count; i++) {
        text_print(t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS) {
            text_print(t, "...");
            break;
        }
        print_element(t, thread, kind, detail, address + i * size, ~0ull, -1);
    }
    text_print(t, "]");
}

/* -- arguments ----------------------------------------------------------------------------------------------------------- */
/* result: of the call, 0 before it. */
static void print_data(struct text *t, struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                       int64_t result, bool done)
{
    bool failed = done && result < 0 && !(a->direction & DIRECTION_IN);
    uint64_t count = argument_elements(thread, a, values);
    if (failed && a->kind == ARGUMENT_IO_VECTOR) {
        strace_print_io_vector(t, thread, value, count, STRACE_NOT_READ);
        return;
    }
    if (!value || failed) {
        strace_print_address(t, value);
        return;
    }
    if (done && a->length_is_result && result >= 0) {
        if (a->kind == ARGUMENT_IO_VECTOR) {
            strace_print_io_vector(t, thread, value, count, result);
            return;
        }
        count = (uint64_t)result < count ? (uint64_t)result : count;
    }
    if (a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_OPEN_HOW && values[3] < thread->process->abi->structs[a->detail].size) {
        strace_print_address(t, value);
        return;
    }
    if (a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_IO_URING_PARAMS) {
        strace_print_ring(t, thread, value, result >= 0);
        return;
    }
    if (a->form == FORM_DATES) {
        strace_print_file_times(t, thread, value);
        return;
    }
    if (a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_CAP_DATA) {
        strace_print_capability_data(t, thread, value);
        return;
    }
    switch (a->kind) {
    case ARGUMENT_BYTES:
        if (a->form == FORM_HEX) strace_print_hex_bytes(t, thread, value, count);
        else if (a->form == FORM_NAME) strace_print_string(t, thread, value, PATH_MAX - 1);
        else if (a->form == FORM_LIST && !values[a->length]) strace_print_address(t, value);
        else if (a->form == FORM_ENTRIES) strace_print_entries(t, thread, value, count);
        else if (a->form == FORM_CPUS) strace_print_cpus(t, thread, value, count);
        else strace_print_bytes(t, thread, value, count);
        break;
    case ARGUMENT_SIGNAL_SET: print_signal_set(t, thread, value); break;
    case ARGUMENT_FD_SET: strace_print_fd_set(t, thread, value, count); break;
    case ARGUMENT_SOCKET_ADDRESS: strace_print_socket_address(t, thread, value, count); break;
    case ARGUMENT_IO_VECTOR: strace_print_io_vector(t, thread, value, count, ~0ull); break;
    default:
        if (a->length_kind == LENGTH_ONE && a->kind == ARGUMENT_STRUCT)
            print_element(t, thread, a->kind, a->detail, value, done && result >= 0 && (a->direction & DIRECTION_OUT) ? (uint64_t)result : ~0ull, (int)values[0]);
        else strace_print_elements(t, thread, a->kind, a->detail, value, a->length_kind == LENGTH_ONE ? 1 : count);
    }
}

/* fcntl: what the last argument is depends on the command. */
static bool is_fcntl_argument(const struct call_description *call, unsigned i)
{
    return i == 2 && call->arguments[1].kind == ARGUMENT_ENUM && call->arguments[1].detail == ENUM_FCNTL;
}

static bool is_fcntl_output(const struct abi *abi, const struct call_description *call, unsigned i, const uint64_t *values)
{
    return is_fcntl_argument(call, i) && strace_fcntl_find(abi, values[1])->is_output;
}

static void print_fcntl_argument(struct text *t, struct thread *thread, const struct fcntl_command *c, uint64_t value, bool failed)
{
    const struct argument_description a = { "argument", c->argument, DIRECTION_IN, LENGTH_ONE, false, 0, c->detail, 0, 0 };
    if (c->is_output && failed) strace_print_address(t, value);
    else if (c->argument == ARGUMENT_STRUCT && value) print_element(t, thread, c->argument, c->detail, value, ~0ull, -1);
    else if (c->argument == ARGUMENT_ENUM) strace_print_enum(t, &thread->process->abi->constants[c->detail], value);
    else print_scalar(t, thread->process->abi, &a, value);
}

/* The argument as another one makes it. */
static bool describe(const struct call_description *call, unsigned i, const uint64_t *values, struct argument_description *description)
{
    return strace_control_describe(call, i, values, description) || strace_futex_describe(call, i, values, description)
           || strace_key_describe(call, i, values, description) || strace_ipc_describe(call, i, values, description)
           || strace_quota_describe(call, i, values, description)
           || strace_describe_by_first(call, i, values, description);
}

/* A length that the call changes: what it was, and what it became. */
static void print_length(struct strace_line *line, struct thread *thread, const struct argument_description *a, uint64_t address, int64_t result)
{
    uint8_t image[8];
    const struct abi *abi = thread->process->abi;
    unsigned size = integer_size(abi, a->detail);
    int64_t after = line->before;
    if (!address || copy_from_guest(thread, image, address, size)) {
        strace_print_address(&line->text, address);
        return;
    }
    if (result >= 0) after = (int64_t)guest_load(abi, image, size, integer_is_signed(a->detail));
    if (a->form == FORM_CHANGED) {
        text_print(&line->text, result > 0 ? "[%llu] => [%llu]" : "[%llu]", (unsigned long long)line->before, (unsigned long long)after);
        return;
    }
    text_print(&line->text, "[%lld", (long long)line->before);
    if (after != line->before) text_print(&line->text, " => %lld", (long long)after);
    text_print(&line->text, "]");
}

static bool is_length(const struct argument_description *a) { return a->direction == DIRECTION_IN_OUT && a->kind == ARGUMENT_INTEGER && !strace_is_early(a); }

static bool is_received_message(const struct argument_description *a)
{
    return a->kind == ARGUMENT_STRUCT && a->detail == STRUCT_MSGHDR && a->direction == DIRECTION_IN_OUT;
}

static bool lists_interfaces(const struct ioctl_description *io) { return io && io->kind == ARGUMENT_STRUCT && io->detail == STRUCT_IFCONF; }

static void keep_member(struct strace_line *line, struct thread *thread, unsigned structure, unsigned index, uint64_t address)
{
    const struct field_layout *f = &thread->process->abi->structs[structure].fields[index];
    uint8_t image[8];
    line->has_before = !copy_from_guest(thread, image, address + f->offset, f->size);
    if (line->has_before) line->before = (int64_t)guest_load(thread->process->abi, image, f->size, false);
}

/* Of a message that did not come, only this is known. */
static bool print_no_message(struct text *t, struct thread *thread, const struct argument_description *a, int64_t result, bool done)
{
    const struct strace_line *line = thread->strace_line;
    if (!done || result >= 0 || !is_received_message(a) || !line || !line->has_before) return false;
    text_print(t, "{msg_namelen=%d}", (int)line->before);
    return true;
}

/* What lengths are before the call; there is one at most. */
static void keep_length(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values)
{
    uint8_t image[8];
    const struct abi *abi = thread->process->abi;
    for (unsigned i = 0; i < call->argument_count; i++) {
        const struct argument_description *a = &call->arguments[i];
        if (is_length(a) && !copy_from_guest(thread, image, values[i], integer_size(abi, a->detail)))
            line->before = (int64_t)guest_load(abi, image, integer_size(abi, a->detail), integer_is_signed(a->detail));
        else if (is_received_message(a))
            keep_member(line, thread, STRUCT_MSGHDR, 1, values[i]);
        else if (i > 0 && strace_is_request(&call->arguments[i - 1]) && lists_interfaces(ioctl_find(values[i - 1])))
            keep_member(line, thread, STRUCT_IFCONF, 0, values[i]);
    }
}

/* A netlink message in a buffer; false: none. */
static bool print_message(struct text *t, struct thread *thread, const struct call_description *call, unsigned i, const uint64_t *values,
                          int64_t result, bool done)
{
    if (i != 1 || !values[i] || (call != &call_table[CALL_ID_SENDTO] && call != &call_table[CALL_ID_RECVFROM])) return false;
    bool is_received = call == &call_table[CALL_ID_RECVFROM];
    int protocol = is_received && (!done || result < 0) ? -1 : strace_netlink_protocol((int)values[0]);
    if (protocol < 0) return false;
    strace_print_netlink(t, thread, protocol, values[i], is_received && (uint64_t)result < values[2] ? (uint64_t)result : values[2]);
    return true;
}

static void print_argument(struct text *t, struct thread *thread, const struct call_description *call, unsigned i, const uint64_t *values,
                           int64_t result, bool done)
{
    const struct abi *abi = thread->process->abi;
    const struct argument_description *a = &call->arguments[i];
    struct argument_description described;
    if (describe(call, i, values, &described)) a = &described;
    if (strace_print_special(t, abi, call, i, values) || print_message(t, thread, call, i, values, result, done)) return;
    if (strace_print_quota_command(t, abi, call, i, values) || strace_print_attributes(t, thread, call, i, values)) return;
    if (print_no_message(t, thread, a, result, done)) return;
    if (is_fcntl_argument(call, i)) print_fcntl_argument(t, thread, strace_fcntl_find(abi, values[1]), values[i], done && result < 0);
    else if (strace_is_socket_option(a)) strace_print_socket_option(t, abi, values[i - 1], values[i]);
    else if (i > 0 && strace_is_socket_option(&call->arguments[i - 1]) && !(done && result < 0 && a->direction == DIRECTION_OUT))
        strace_print_option_value(t, thread, values, values[i], argument_elements(thread, a, values), a->direction == DIRECTION_IN);
    else if (i > 0 && strace_is_request(&call->arguments[i - 1])) strace_print_ioctl_argument(t, thread, ioctl_find(values[i - 1]), values[i], done && result >= 0);
    else if (strace_is_request(a)) strace_print_request(t, abi, values[i]);
    else if (a->kind == ARGUMENT_ENUM) strace_print_enum(t, &abi->constants[a->detail], values[i]);
    else if (a->kind < ARGUMENT_PATH) print_scalar(t, abi, a, values[i]);
    else if (a->kind == ARGUMENT_PATH || a->kind == ARGUMENT_LINK_PATH) strace_print_string(t, thread, values[i], PATH_MAX - 1);
    else if (a->kind == ARGUMENT_STRING) strace_print_string(t, thread, values[i], a->length ? a->length : MAXIMUM_BYTES);
    else if (a->kind == ARGUMENT_STRINGS) print_strings(t, thread, values[i]);
    else if (a->kind == ARGUMENT_VARIABLES) print_variables(t, thread, values[i]);
    else print_data(t, thread, a, values, values[i], result, done);
}

/* open's mode is an argument only when a file is to be made, mknod's device when it is one, fcntl's last with some commands,
 * prctl's with some options. */
static bool argument_is_unused(const struct abi *abi, const struct call_description *call, unsigned i, const uint64_t *values)
{
    if (call->arguments[i].kind == ARGUMENT_HIGH || strace_futex_is_unused(call, i, values) || strace_key_is_unused(call, i, values)) return true;
    if (strace_quota_is_unused(call, i, values)) return true;
    if (i > 1 && call->arguments[i - 1].kind == ARGUMENT_MODE && argument_is_unused(abi, call, i - 1, values)) return true;
    if (strace_control_is_unused(call, i, values)) return true;
    if (i > 0 && strace_is_request(&call->arguments[i - 1]) && strace_request_is_alone(values[i - 1])) return true;
    if (call->arguments[i].kind == ARGUMENT_DEVICE) return !is_device(values[i - 1]);
    if (is_fcntl_argument(call, i)) return strace_fcntl_find(abi, values[1])->argument == ARGUMENT_POINTER;
    if (i == 0 || call->arguments[i].kind != ARGUMENT_MODE || call->arguments[i - 1].detail != FLAGS_OPEN) return false;
    return !(constant_to_host(abi, FLAGS_OPEN, values[i - 1]) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
}

static void print_arguments(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values,
                            int64_t result, bool done)
{
    if (strace_is_clone(call)) {
        if (done) strace_print_clone(&line->text, thread, values, result);
        return;
    }
    for (; line->printed < call->argument_count; line->printed++) {
        const struct argument_description *a = &call->arguments[line->printed];
        struct argument_description described;
        if (describe(call, line->printed, values, &described)) a = &described;
        bool early = a->direction == DIRECTION_IN_OUT && strace_is_early(a);
        bool output = ((a->direction & DIRECTION_OUT) && !early) || (line->printed > 0 && strace_is_request(&call->arguments[line->printed - 1]))
                      || is_fcntl_output(thread->process->abi, call, line->printed, values);
        if (!done && output && call->result != RESULT_NONE) return;
        if (argument_is_unused(thread->process->abi, call, line->printed, values)) continue;
        text_print(&line->text, line->printed ? ", " : "");
        if (is_length(a)) print_length(line, thread, a, values[line->printed], result);
        else print_argument(&line->text, thread, call, line->printed, values, result, done);
    }
}

/* -- lines --------------------------------------------------------------------------------------------------------------- */
/* Why a call has no result yet. */
static const char *interruption(int64_t result)
{
    return result == SYSCALL_RESTART ? "ERESTARTSYS (To be restarted if SA_RESTART is set)"
         : result == SYSCALL_RESTART_ALWAYS ? "ERESTARTNOINTR (To be restarted)"
         : result == SYSCALL_RESTART_NO_HANDLER ? "ERESTARTNOHAND (To be restarted if no handler)"
         : "ERESTART_RESTARTBLOCK (Interrupted by signal)";
}

static void print_result(struct text *t, struct thread *thread, const struct call_description *call, const uint64_t *values,
                         int64_t result)
{
    const struct abi *abi = thread->process->abi;
    if (result == SYSCALL_NO_RESULT) text_print(t, " = ?\n");
    else if (result <= -512 && result > SYSCALL_NO_RESULT) text_print(t, " = ? %s\n", interruption(result));
    else if (result < 0 && result > SYSCALL_NO_RESULT) {
        text_print(t, " = -1 ");
        strace_print_enum(t, &abi->constants[ENUM_ERRNO], errno_to_guest(abi, (int)-result));
        const char *why = strerrordesc_np((int)-result);
        text_print(t, " (%s)\n", why ? why : "Unknown error");
    } else if (call->argument_count > 2 && is_fcntl_argument(call, 2) && strace_fcntl_print_result(t, abi, values[1], (uint64_t)result)) {
        text_print(t, "\n");
    } else if (call->result == RESULT_MODE) {
        text_print(t, " = %#03o\n", (unsigned)result);
    } else if (call->result == RESULT_ADDRESS || call->result == RESULT_HEX) {
        text_print(t, result ? " = 0x%llx" : " = 0", (unsigned long long)result);
        strace_print_meaning(t, abi, call, (uint64_t)result);
        text_print(t, "\n");
    } else {
        text_print(t, " = %lld", (long long)result);
        strace_print_meaning(t, abi, call, (uint64_t)result);
        strace_print_ready(t, thread, call, values, result);
        text_print(t, "\n");
    }
}

void strace_print_prefix(struct text *t, struct thread *thread)
{
    struct process *process = thread->process;
    if (!process->strace_first_thread) process->strace_first_thread = thread->tid;
    if (process->strace_first_thread != thread->tid || (process->threads && process->threads->next))
        text_print(t, "[pid %d] ", (int)thread->tid);
}

/* A call that does not return has its line before it is made; exec's waits until nothing but the host can refuse it. */
static bool is_execute(const struct call_description *call)
{
    return call == &call_table[CALL_ID_EXECVE] || call == &call_table[CALL_ID_EXECVEAT];
}

static bool is_signal_return(const struct call_description *call) { return call == &call_table[CALL_ID_RT_SIGRETURN]; }

/* What is in force after it; a result that was there before the signal. */
static int64_t print_signal_return(struct text *t, struct thread *thread)
{
    int64_t result = thread->process->operations->result(thread);
    text_print(t, "{mask=");
    strace_print_signals(t, thread->process->abi, thread->signal_mask);
    text_print(t, "}");
    return result;
}

void strace_enter(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values)
{
    text_init(&line->text, -1);
    line->text.may_grow = true;
    line->printed = 0;
    line->before = 0;
    line->has_before = false;
    thread->strace_line = line;
    keep_length(line, thread, call, values);
    strace_print_prefix(&line->text, thread);
    text_print(&line->text, "%s(", call->name);
    print_arguments(line, thread, call, values, 0, false);
    line->is_written = call->result == RESULT_NONE && !is_execute(call) && !is_signal_return(call);
    if (!line->is_written) return;
    text_print(&line->text, ") = ?\n");
    syscall_log(thread->process, &line->text);
}

void strace_execute(struct thread *thread)
{
    struct strace_line *line = thread->process->strace ? thread->strace_line : NULL;
    if (!line || line->is_written) return;
    text_print(&line->text, ") = 0\n");
    syscall_log(thread->process, &line->text);
    line->is_written = true;
}

void strace_leave(struct strace_line *line, struct thread *thread, const struct call_description *call, const uint64_t *values,
                  int64_t result)
{
    if (line->is_written) {
        thread->strace_line = NULL;
        if (result >= 0 || result == SYSCALL_NO_RESULT) return;
        text_init(&line->text, -1);
        strace_print_prefix(&line->text, thread);
        text_print(&line->text, "<... %s resumed>", call->name);
    }
    if (strace_is_in_child(call, result) || (is_signal_return(call) && result != SYSCALL_NO_RESULT)) {
        thread->strace_line = NULL;
        text_release(&line->text);
        return;
    }
    if (is_signal_return(call)) result = print_signal_return(&line->text, thread);
    print_arguments(line, thread, call, values, result, true);
    thread->strace_line = NULL;
    text_print(&line->text, ")");
    print_result(&line->text, thread, call, values, result);
    syscall_log(thread->process, &line->text);
}
