/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of ioctl: the argument as ioctls.desc has it, and the structures whose use depends on the request (termios, ifreq).
 */
#include "syscalls/strace.h"
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>

bool strace_is_request(const struct argument_description *a)
{
    return a->kind == ARGUMENT_ENUM && a->detail == SYSCALL_NO_DETAIL;
}

void strace_print_request(struct text *t, uint64_t value)
{
    const struct ioctl_description *io = ioctl_find(value);
    if (io) text_print(t, "%s", ioctl_names + io->name);
    else text_print(t, "0x%x", (unsigned)value);
}

/* Requests of terminals and descriptors that take nothing. */
bool strace_request_is_alone(uint64_t value)
{
    const struct ioctl_description *io = ioctl_find(value);
    return io && io->kind == ARGUMENT_ADDRESS && value >> 8 == 0x54;
}

/* -- terminals ------------------------------------------------------------------------------------------------------------- */
/* Members that are fields of bits show them all, and then the bits, of which there may be none. */
void strace_print_termios(struct text *t, const struct abi *abi, const uint8_t *data)
{
    const struct struct_layout *s = &abi->structs[STRUCT_TERMIOS];
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

/* -- network interfaces ---------------------------------------------------------------------------------------------------- */
enum interface_member { MEMBER_INT, MEMBER_FLAGS, MEMBER_ADDRESS, MEMBER_HARDWARE, MEMBER_NAME, MEMBER_MAP };

static const struct { uint32_t request; const char *name; enum interface_member member; } interface_requests[] = {
    { SIOCGIFFLAGS, "ifr_flags", MEMBER_FLAGS }, { SIOCSIFFLAGS, "ifr_flags", MEMBER_FLAGS }, { SIOCGIFADDR, "ifr_addr", MEMBER_ADDRESS },
    { SIOCSIFADDR, "ifr_addr", MEMBER_ADDRESS }, { SIOCGIFDSTADDR, "ifr_dstaddr", MEMBER_ADDRESS }, { SIOCSIFDSTADDR, "ifr_dstaddr", MEMBER_ADDRESS },
    { SIOCGIFBRDADDR, "ifr_broadaddr", MEMBER_ADDRESS }, { SIOCSIFBRDADDR, "ifr_broadaddr", MEMBER_ADDRESS },
    { SIOCGIFNETMASK, "ifr_netmask", MEMBER_ADDRESS }, { SIOCSIFNETMASK, "ifr_netmask", MEMBER_ADDRESS },
    { SIOCGIFHWADDR, "ifr_hwaddr", MEMBER_HARDWARE }, { SIOCSIFHWADDR, "ifr_hwaddr", MEMBER_HARDWARE }, { SIOCGIFMETRIC, "ifr_metric", MEMBER_INT },
    { SIOCSIFMETRIC, "ifr_metric", MEMBER_INT }, { SIOCGIFMTU, "ifr_mtu", MEMBER_INT }, { SIOCSIFMTU, "ifr_mtu", MEMBER_INT },
    { SIOCGIFINDEX, "ifr_ifindex", MEMBER_INT }, { SIOCGIFNAME, "ifr_name", MEMBER_NAME }, { SIOCSIFNAME, "ifr_newname", MEMBER_NAME },
    { SIOCGIFTXQLEN, "ifr_qlen", MEMBER_INT }, { SIOCSIFTXQLEN, "ifr_qlen", MEMBER_INT }, { SIOCGIFMAP, "ifr_map", MEMBER_MAP },
};

static void print_hardware_address(struct text *t, const struct abi *abi, const uint8_t *data)
{
    text_print(t, "{sa_family=");
    strace_print_enum(t, &abi->constants[ENUM_INTERFACE_TYPE], guest_load(abi, data, 2, false));
    text_print(t, ", sa_data=%02x:%02x:%02x:%02x:%02x:%02x}", data[2], data[3], data[4], data[5], data[6], data[7]);
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
    }
}

/* A name and what the request is about; only the name when there is no answer. */
static bool print_interface(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t address, bool done)
{
    uint8_t image[40];
    unsigned request = 0, count = sizeof interface_requests / sizeof interface_requests[0];
    while (request < count && interface_requests[request].request != io->number) request++;
    if (request == count || copy_from_guest(thread, image, address, sizeof image)) return false;
    if (io->number == SIOCGIFNAME) {
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

void strace_print_ioctl_argument(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t value, bool done)
{
    bool unread = !io || (io->direction == DIRECTION_OUT && !done);
    if (io && io->kind == ARGUMENT_INT) text_print(t, "%d", (int)value);
    else if (io && io->kind == ARGUMENT_ENUM) strace_print_enum(t, &thread->process->abi->constants[io->detail], value);
    else if (io && io->kind == ARGUMENT_STRING) strace_print_string(t, thread, value, MAXIMUM_BYTES);
    else if (unread || io->direction == DIRECTION_NONE || !value) strace_print_address(t, value);
    else if (io->kind == ARGUMENT_STRUCT && io->detail == STRUCT_IFREQ && print_interface(t, thread, io, value, done)) return;
    else if (io->count > 1) strace_print_elements(t, thread, io->kind, io->detail, value, io->count);
    else if (io->kind == ARGUMENT_INTEGER) strace_print_elements(t, thread, io->kind, io->detail, value, 1);
    else strace_print_element(t, thread, io->kind, io->detail, value);
}
