/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of ioctl: the argument as ioctls.desc has it, and the structures whose use depends on the request (termios, ifreq and its list,
 * loop_info, fiemap).
 */
#include "syscalls/strace.h"
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <linux/fiemap.h>
#include <linux/if_arp.h>
#include <linux/random.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <string.h>

bool strace_is_request(const struct argument_description *a)
{
    return a->kind == ARGUMENT_ENUM && a->detail == SYSCALL_NO_DETAIL;
}

/* Requests of a family: what their numbers say besides. */
#define FAMILY_BY_LENGTH 0xc000ffffu
#define FAMILY_BY_EVENT 0xc000ffe0u            /* in the lowest bits: an event's type; and a length */
#define FAMILY_BY_AXIS 0xffffffc0u

static void print_family(struct text *t, const struct abi *abi, const struct ioctl_description *io, unsigned request)
{
    unsigned element = request & ~io->mask & 0xff;
    if (io->mask != FAMILY_BY_LENGTH && io->mask != FAMILY_BY_EVENT && io->mask != FAMILY_BY_AXIS) return;
    text_print(t, "(");
    if (io->mask == FAMILY_BY_EVENT && !element) text_print(t, "0");
    else if (io->mask == FAMILY_BY_EVENT || io->mask == FAMILY_BY_AXIS)
        strace_print_enum(t, &abi->constants[io->mask == FAMILY_BY_AXIS ? ENUM_INPUT_AXIS : ENUM_INPUT_EVENT], element);
    if (io->mask == FAMILY_BY_EVENT) text_print(t, ", ");
    text_print(t, io->mask == FAMILY_BY_AXIS ? ")" : "%u)", (unsigned)_IOC_SIZE(request));
}

void strace_print_request(struct text *t, const struct abi *abi, uint64_t value)
{
    static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE" };
    unsigned request = (unsigned)value;
    const struct ioctl_description *io = ioctl_find(value);
    if (io) text_print(t, "%s", ioctl_names + io->name);
    else text_print(t, "_IOC(%s, %#x, %#x, %#x)", directions[_IOC_DIR(request)], (unsigned)_IOC_TYPE(request), (unsigned)_IOC_NR(request), (unsigned)_IOC_SIZE(request));
    if (io && ~io->mask) print_family(t, abi, io, request);
}

/* Requests that take nothing. */
bool strace_request_is_alone(uint64_t value)
{
    const struct ioctl_description *io = ioctl_find(value);
    return io && io->kind == ARGUMENT_ADDRESS && io->print != PRINT_HIDDEN;
}

/* -- terminals ------------------------------------------------------------------------------------------------------------- */
/* Members that are fields of bits show them all, and then the bits, of which there may be none. */
static void print_terminal(struct text *t, const struct abi *abi, unsigned structure, const uint8_t *data)
{
    const struct struct_layout *s = &abi->structs[structure];
    for (unsigned i = 0; i < 4; i++) {
        const struct field_layout *f = &s->fields[i];
        const struct constant_set *set = &abi->constants[f->detail];
        uint64_t fields = 0, value = guest_load(abi, data + f->offset, f->size, false);
        for (unsigned k = 0; k < set->count; k++)
            if (set->values[k].mask != set->values[k].value) fields |= set->values[k].mask;
        text_print(t, i ? ", %s=" : "{%s=", f->name);
        if (fields || value) strace_print_flags(t, set, value);
        if (fields && !(value & ~fields)) text_print(t, "|");
    }
    text_print(t, ", ...}");
}

void strace_print_termios(struct text *t, const struct abi *abi, const uint8_t *data) { print_terminal(t, abi, STRUCT_TERMIOS, data); }
void strace_print_termio(struct text *t, const struct abi *abi, const uint8_t *data) { print_terminal(t, abi, STRUCT_TERMIO, data); }

/* -- network interfaces ---------------------------------------------------------------------------------------------------- */
enum interface_member { MEMBER_INT, MEMBER_FLAGS, MEMBER_ADDRESS, MEMBER_HARDWARE, MEMBER_NAME, MEMBER_MAP, MEMBER_INDEX };

static const struct { uint32_t request; const char *name; enum interface_member member; } interface_requests[] = {
    { SIOCGIFFLAGS, "ifr_flags", MEMBER_FLAGS }, { SIOCSIFFLAGS, "ifr_flags", MEMBER_FLAGS }, { SIOCGIFADDR, "ifr_addr", MEMBER_ADDRESS },
    { SIOCSIFADDR, "ifr_addr", MEMBER_ADDRESS }, { SIOCGIFDSTADDR, "ifr_dstaddr", MEMBER_ADDRESS }, { SIOCSIFDSTADDR, "ifr_dstaddr", MEMBER_ADDRESS },
    { SIOCGIFBRDADDR, "ifr_broadaddr", MEMBER_ADDRESS }, { SIOCSIFBRDADDR, "ifr_broadaddr", MEMBER_ADDRESS },
    { SIOCGIFNETMASK, "ifr_netmask", MEMBER_ADDRESS }, { SIOCSIFNETMASK, "ifr_netmask", MEMBER_ADDRESS },
    { SIOCGIFHWADDR, "ifr_hwaddr", MEMBER_HARDWARE }, { SIOCSIFHWADDR, "ifr_hwaddr", MEMBER_HARDWARE }, { SIOCGIFMETRIC, "ifr_metric", MEMBER_INT },
    { SIOCSIFMETRIC, "ifr_metric", MEMBER_INT }, { SIOCGIFMTU, "ifr_mtu", MEMBER_INT }, { SIOCSIFMTU, "ifr_mtu", MEMBER_INT },
    { SIOCGIFINDEX, "ifr_ifindex", MEMBER_INT }, { SIOCGIFNAME, "ifr_name", MEMBER_NAME }, { SIOCSIFNAME, "ifr_newname", MEMBER_NAME },
    { SIOCGIFTXQLEN, "ifr_qlen", MEMBER_INT }, { SIOCSIFTXQLEN, "ifr_qlen", MEMBER_INT }, { SIOCGIFMAP, "ifr_map", MEMBER_MAP }, { SIOCSIFMAP, "ifr_map", MEMBER_MAP }, { SIOCSIFHWBROADCAST, "ifr_hwaddr", MEMBER_HARDWARE },
    { SIOCGIFSLAVE, "ifr_slave", MEMBER_NAME }, { SIOCSIFSLAVE, "ifr_slave", MEMBER_NAME }, { SIOCADDMULTI, "ifr_hwaddr", MEMBER_HARDWARE },
    { SIOCDELMULTI, "ifr_hwaddr", MEMBER_HARDWARE }, { SIOCBRADDIF, "ifr_ifindex", MEMBER_INDEX }, { SIOCBRDELIF, "ifr_ifindex", MEMBER_INDEX },
};

#define ANY_LENGTH 14

/* As long as addresses of such interfaces are. */
static void print_hardware_address(struct text *t, const struct abi *abi, const uint8_t *data)
{
    unsigned type = (unsigned)guest_load(abi, data, 2, false);
    unsigned length = type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK ? 6 : type == ARPHRD_NETROM || type == ARPHRD_AX25 ? 7 : ANY_LENGTH;
    text_print(t, "{sa_family=");
    strace_print_enum(t, &abi->constants[ENUM_INTERFACE_TYPE], type);
    for (unsigned i = 0; i < length; i++) text_print(t, i ? ":%02x" : ", sa_data=%02x", data[2 + i]);
    text_print(t, "}");
}

static void print_map(struct text *t, const struct abi *abi, const uint8_t *data)
{
    unsigned word = abi->word_bytes;
    const uint8_t *rest = data + 2 * word;
    text_print(t, "{mem_start=%#llx, mem_end=%#llx, base_addr=%#x, irq=%#x, dma=%#x, port=%#x}", (unsigned long long)guest_load(abi, data, word, false),
               (unsigned long long)guest_load(abi, data + word, word, false), (unsigned)guest_load(abi, rest, 2, false), rest[2], rest[3], rest[4]);
}

static void print_name(struct text *t, const uint8_t *name) { text_quote(t, name, strnlen((const char *)name, IFNAMSIZ)); }

static void print_interface_member(struct text *t, struct thread *thread, unsigned request, uint64_t address, const uint8_t *data)
{
    const struct abi *abi = thread->process->abi;
    int value = (int)guest_load(abi, data, 4, true);
    text_print(t, "%s=", interface_requests[request].name);
    switch (interface_requests[request].member) {
    case MEMBER_INT: text_print(t, "%d", value); break;
    case MEMBER_FLAGS: strace_print_flags(t, &abi->constants[FLAGS_INTERFACE], (uint16_t)guest_load(abi, data, 2, false)); break;
    case MEMBER_ADDRESS: strace_print_socket_address(t, thread, address, 16); break;
    case MEMBER_HARDWARE: print_hardware_address(t, abi, data); break;
    case MEMBER_NAME: print_name(t, data); break;
    case MEMBER_MAP: print_map(t, abi, data); break;
    case MEMBER_INDEX: strace_print_interface(t, (unsigned)value); break;
    }
}

/* A name and what the request is about; only the name when there is no answer. */
static bool print_interface(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done)
{
    uint8_t image[40];
    unsigned request = 0, count = sizeof interface_requests / sizeof interface_requests[0];
    while (request < count && interface_requests[request].request != io->number) request++;
    if (request == count || copy_from_guest(thread, image, address, sizeof image)) return false;
    if (interface_requests[request].member == MEMBER_INDEX) {
        text_print(t, "{");
        print_interface_member(t, thread, request, address + IFNAMSIZ, image + IFNAMSIZ);
    } else if (io->number == SIOCGIFNAME) {
        text_print(t, "{ifr_ifindex=%d", (int)guest_load(thread->process->abi, image + IFNAMSIZ, 4, true));
        if (done) {
            text_print(t, ", ifr_name=");
            print_name(t, image);
        }
    } else {
        text_print(t, "{ifr_name=");
        print_name(t, image);
        if (done || io->direction == DIRECTION_IN) {
            text_print(t, ", ");
            print_interface_member(t, thread, request, address + IFNAMSIZ, image + IFNAMSIZ);
        }
    }
    text_print(t, "}");
    return true;
}

static void print_list_length(struct text *t, const struct abi *abi, int length)
{
    int size = abi->structs[STRUCT_IFREQ].size;
    text_print(t, "%d", length);
    if (length && length % size == 0) text_print(t, " /* %d * sizeof(struct ifreq) */", length / size);
}

static void print_listed(struct text *t, struct thread *thread, uint64_t address, uint64_t count)
{
    uint8_t name[IFNAMSIZ];
    text_print(t, "[");
    for (uint64_t i = 0; i < count; i++, address += thread->process->abi->structs[STRUCT_IFREQ].size) {
        text_print(t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS || copy_from_guest(thread, name, address, sizeof name)) {
            text_print(t, "...");
            break;
        }
        text_print(t, "{ifr_name=");
        print_name(t, name);
        text_print(t, ", ifr_addr=");
        strace_print_socket_address(t, thread, address + IFNAMSIZ, 16);
        text_print(t, "}");
    }
    text_print(t, "]");
}

/* How much room there was, how much of it was filled, and with what. */
static bool print_interface_list(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done)
{
    const struct abi *abi = thread->process->abi;
    const struct struct_layout *s = &abi->structs[io->detail];
    const struct strace_line *line = thread->strace_line;
    uint8_t image[32];
    if (s->size > sizeof image || copy_from_guest(thread, image, address, s->size)) return false;
    int length = (int)guest_load(abi, image + s->fields[0].offset, 4, true), before = line && line->has_before ? (int)line->before : length;
    uint64_t list = guest_load(abi, image + s->fields[1].offset, s->fields[1].size, false);
    text_print(t, "{ifc_len=");
    if (before != length && list) {
        print_list_length(t, abi, before);
        text_print(t, " => ");
    }
    print_list_length(t, abi, length);
    text_print(t, ", ifc_buf=");
    if (done && list) print_listed(t, thread, list, length > 0 ? (unsigned)length / abi->structs[STRUCT_IFREQ].size : 0);
    else strace_print_address(t, list);
    text_print(t, "}");
    return true;
}

/* -- files and block devices --------------------------------------------------------------------------------------------------- */
enum { MAP_START, MAP_LENGTH, MAP_FLAGS, MAP_MAPPED, MAP_COUNT };

/* What was asked for, and what came of it. */
static bool print_extent_map(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done)
{
    static const uint8_t asked[] = { MAP_START, MAP_LENGTH, MAP_FLAGS, MAP_COUNT }, found[] = { MAP_FLAGS, MAP_MAPPED };
    uint8_t image[sizeof(struct fiemap)];
    if (copy_from_guest(thread, image, address, sizeof image)) return false;
    text_print(t, "{");
    strace_print_members(t, thread, io->detail, image, asked, sizeof asked);
    if (done) {
        text_print(t, "} => {");
        strace_print_members(t, thread, io->detail, image, found, sizeof found);
        text_print(t, ", ...");
    }
    text_print(t, "}");
    return true;
}

/* By name: the two structures have the same members in another order. */
static const struct field_layout *member(const struct struct_layout *s, const char *name, uint8_t *list, unsigned *count)
{
    for (unsigned i = 0; i < s->field_count; i++) {
        if (strcmp(s->fields[i].name, name) != 0) continue;
        if (list) list[(*count)++] = (uint8_t)i;
        return &s->fields[i];
    }
    return NULL;
}

/* Encryption is shown where there is some. */
static void print_loop(struct text *t, struct thread *thread, unsigned structure, const uint8_t *data)
{
    static const char *const first[] = { "lo_offset", "lo_number" }, *const first_short[] = { "lo_number", "lo_offset" };
    const struct abi *abi = thread->process->abi;
    const struct struct_layout *s = &abi->structs[structure];
    const bool is_short = structure == STRUCT_LOOP_INFO;
    uint8_t list[8];
    unsigned count = 0;
    const struct field_layout *f = member(s, "lo_encrypt_type", NULL, NULL), *key = member(s, "lo_encrypt_key_size", NULL, NULL);
    uint64_t type = guest_load(abi, data + f->offset, 4, false), size = guest_load(abi, data + key->offset, 4, false);
    for (unsigned i = 0; i < 2; i++) member(s, is_short ? first_short[i] : first[i], list, &count);
    if (type) {
        member(s, "lo_encrypt_type", list, &count);
        member(s, "lo_encrypt_key_size", list, &count);
    }
    member(s, "lo_flags", list, &count);
    member(s, is_short ? "lo_name" : "lo_file_name", list, &count);
    if (type && !is_short) member(s, "lo_crypt_name", list, &count);
    text_print(t, "{");
    strace_print_members(t, thread, structure, data, list, count);
    f = member(s, "lo_encrypt_key", NULL, NULL);
    if (type) {
        text_print(t, ", lo_encrypt_key=");
        text_quote(t, data + f->offset, size < f->count ? size : f->count);
    }
    text_print(t, ", ...}");
}

static bool print_loop_device(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done)
{
    const struct struct_layout *s = &thread->process->abi->structs[io->detail];
    uint8_t image[512];
    (void)done;
    if (s->size > sizeof image || copy_from_guest(thread, image, address, s->size)) return false;
    if (io->detail != STRUCT_LOOP_CONFIG) {
        print_loop(t, thread, io->detail, image);
        return true;
    }
    text_print(t, "{");
    strace_print_members(t, thread, io->detail, image, (const uint8_t[]){ 0, 1 }, 2);
    text_print(t, ", info=");
    print_loop(t, thread, STRUCT_LOOP_INFO64, image + s->fields[2].offset);
    text_print(t, "}");
    return true;
}

/* -- any ------------------------------------------------------------------------------------------------------------------------ */
static bool print_entropy(struct text *t, struct thread *thread, uint64_t address)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[8];
    if (copy_from_guest(thread, image, address, sizeof image)) return false;
    int size = (int)guest_load(abi, image + 4, 4, true);
    text_print(t, "{entropy_count=%d, buf_size=%d, buf=", (int)guest_load(abi, image, 4, true), size);
    strace_print_bytes(t, thread, address + sizeof image, size > 0 ? (unsigned)size : 0);
    text_print(t, "}");
    return true;
}

static const struct {
    uint16_t structure;
    bool (*print)(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done);   /* false: it cannot be read */
} structures[] = {
    { STRUCT_IFREQ, print_interface }, { STRUCT_IFCONF, print_interface_list }, { STRUCT_FIEMAP, print_extent_map },
    { STRUCT_LOOP_INFO, print_loop_device }, { STRUCT_LOOP_INFO64, print_loop_device }, { STRUCT_LOOP_CONFIG, print_loop_device },
};

static bool print_structure(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done)
{
    for (size_t i = 0; io->kind == ARGUMENT_STRUCT && i < sizeof structures / sizeof structures[0]; i++)
        if (structures[i].structure == io->detail && structures[i].print(t, thread, io, address, done)) return true;
    return false;
}

/* Groups that strace(1) knows to have pointers, where it does not look behind them: sockets, input, random numbers. */
static bool is_pointer_group(uint32_t request)
{
    unsigned type = _IOC_TYPE(request);
    return type == 0x89 || type == 'E' || type == 'R';
}

/* One integer, as the table says. */
static void print_named_integer(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[8];
    unsigned size = integer_size(abi, io->detail);
    if (copy_from_guest(thread, image, address, size)) {
        strace_print_address(t, address);
        return;
    }
    text_print(t, "[");
    if (io->print == PRINT_HEX) text_print(t, "%#llx", (unsigned long long)guest_load(abi, image, size, false));
    else if (io->print == PRINT_FLAGS) strace_print_flags(t, &abi->constants[io->set], guest_load(abi, image, size, false));
    else strace_print_enum(t, &abi->constants[io->set], guest_load(abi, image, size, false));
    text_print(t, "]");
}

void strace_print_ioctl_argument(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t value, bool done)
{
    if (io && io->number == RNDADDENTROPY && value && print_entropy(t, thread, value)) return;
    if (io && !value && is_pointer_group(io->number)) strace_print_address(t, value);
    else if (!io || io->print == PRINT_HIDDEN || io->kind == ARGUMENT_POINTER) text_print(t, "%#llx", (unsigned long long)value);
    else if (io->kind == ARGUMENT_INT && io->print == PRINT_FLAGS) strace_print_flags(t, &thread->process->abi->constants[io->set], (unsigned)value);
    else if (io->kind == ARGUMENT_INT) text_print(t, "%d", (int)value);
    else if (io->kind == ARGUMENT_ULONG) text_print(t, "%llu", (unsigned long long)value);
    else if (io->kind == ARGUMENT_ENUM) strace_print_enum(t, &thread->process->abi->constants[io->detail], value);
    else if (io->kind == ARGUMENT_STRING) strace_print_string(t, thread, value, MAXIMUM_BYTES);
    else if ((!done && io->direction == DIRECTION_OUT) || io->direction == DIRECTION_NONE || !value) strace_print_address(t, value);
    else if (print_structure(t, thread, io, value, done)) return;
    else if (io->number == TIOCSTI) strace_print_bytes(t, thread, value, 1);
    else if (io->kind == ARGUMENT_INTEGER && io->print != PRINT_DECIMAL) print_named_integer(t, thread, io, value);
    else if (io->count > 1) strace_print_elements(t, thread, io->kind, io->detail, value, io->count);
    else if (io->kind == ARGUMENT_INTEGER) strace_print_elements(t, thread, io->kind, io->detail, value, 1);
    else strace_print_element(t, thread, io->kind, io->detail, value);
}
