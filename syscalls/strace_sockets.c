/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of what sockets take: addresses, options, control messages.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* -- addresses ------------------------------------------------------------------------------------------------------------- */
static unsigned big_endian_u32(const uint8_t *bytes) { return (unsigned)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]; }

static void print_internet_address(struct text *t, const uint8_t *image, unsigned family)
{
    char name[INET6_ADDRSTRLEN];
    unsigned port = image[2] << 8 | image[3];
    bool is_ipv6 = family == AF_INET6;
    if (!inet_ntop((int)family, image + (is_ipv6 ? 8 : 4), name, sizeof name)) return;
    if (is_ipv6) text_print(t, ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, \"%s\", &sin6_addr)", port, big_endian_u32(image + 4), name);
    else text_print(t, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", port, name);
}

void strace_print_interface(struct text *t, unsigned index)
{
    char name[IF_NAMESIZE];
    if (index && if_indextoname(index, name)) text_print(t, "if_nametoindex(\"%s\")", name);
    else text_print(t, "%u", index);
}

static void print_packet_address(struct text *t, const struct abi *abi, const uint8_t *image)
{
    unsigned index = (unsigned)guest_load(abi, image + 4, 4, false), length = image[11];
    uint16_t protocol;
    memcpy(&protocol, image + 2, sizeof protocol);
    text_print(t, ", sll_protocol=");
    strace_print_ethernet_protocol(t, abi, protocol);
    text_print(t, ", sll_ifindex=");
    strace_print_interface(t, index);
    text_print(t, ", sll_hatype=");
    strace_print_enum(t, &abi->constants[ENUM_INTERFACE_TYPE], guest_load(abi, image + 8, 2, false));
    text_print(t, ", sll_pkttype=");
    strace_print_enum(t, &abi->constants[ENUM_PACKET_TYPE], image[10]);
    text_print(t, ", sll_halen=%u", length);
    if (!length) return;
    text_print(t, ", sll_addr=[");
    for (unsigned i = 0; i < length && i < 8; i++) text_print(t, i ? ", %#04x" : "%#04x", image[12 + i]);
    text_print(t, "]");
}

static void print_machine_address(struct text *t, const struct abi *abi, const uint8_t *image)
{
    static const char *const identifiers[] = { "VMADDR_CID_HYPERVISOR", "VMADDR_CID_LOCAL", "VMADDR_CID_HOST" };
    unsigned port = (unsigned)guest_load(abi, image + 4, 4, false), machine = (unsigned)guest_load(abi, image + 8, 4, false);
    if (machine == ~0u) text_print(t, ", svm_cid=VMADDR_CID_ANY");
    else if (machine < 3) text_print(t, ", svm_cid=%s", identifiers[machine]);
    else text_print(t, ", svm_cid=%#x", machine);
    text_print(t, port == ~0u ? ", svm_port=VMADDR_PORT_ANY" : ", svm_port=%#x", port);
    text_print(t, ", svm_flags=%#x", image[12]);
}

void strace_print_socket_address(struct text *t, struct thread *thread, uint64_t address, uint64_t length)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[128] = { 0 };
    size_t size = length < sizeof image ? length : sizeof image;
    if (!address || size < 2 || copy_from_guest(thread, image, address, size)) {
        strace_print_address(t, address);
        return;
    }
    unsigned family = (unsigned)guest_load(abi, image, 2, false);
    text_print(t, "{sa_family=");
    strace_print_enum(t, &abi->constants[ENUM_SOCKET_FAMILY], family);
    if ((family == AF_INET && size >= 8) || (family == AF_INET6 && size >= 24)) {
        print_internet_address(t, image, family);
        if (family == AF_INET6 && size >= 28) text_print(t, ", sin6_scope_id=%u", (unsigned)guest_load(abi, image + 24, 4, false));
    } else if (family == AF_NETLINK && size >= 12) {
        text_print(t, ", nl_pid=%d, nl_groups=%#08x", (int)guest_load(abi, image + 4, 4, true), (unsigned)guest_load(abi, image + 8, 4, false));
    } else if (family == AF_PACKET && size >= 20) {
        print_packet_address(t, abi, image);
    } else if (family == AF_VSOCK && size >= 16) {
        print_machine_address(t, abi, image);
    } else if (family == AF_UNIX && size > 2) {
        text_print(t, image[2] ? ", sun_path=" : ", sun_path=@");
        if (image[2]) text_quote(t, image + 2, strnlen((char *)image + 2, size - 2));
        else text_quote(t, image + 3, size - 3);
    } else if (size > 2) {
        text_print(t, ", sa_data=");
        text_quote(t, image + 2, size - 2 < MAXIMUM_BYTES ? size - 2 : MAXIMUM_BYTES);
    }
    text_print(t, "}");
}

/* -- options --------------------------------------------------------------------------------------------------------------- */
static const struct { int level; uint16_t options, messages; } levels[] = {
    { SOL_SOCKET, ENUM_OPTION_SOCKET, ENUM_CONTROL_SOCKET }, { SOL_IP, ENUM_OPTION_IP, ENUM_OPTION_IP },
    { SOL_IPV6, ENUM_OPTION_IPV6, ENUM_OPTION_IPV6 }, { IPPROTO_TCP, ENUM_OPTION_TCP, ENUM_OPTION_TCP },
    { IPPROTO_UDP, ENUM_OPTION_UDP, ENUM_OPTION_UDP }, { SOL_PACKET, ENUM_OPTION_PACKET, ENUM_OPTION_PACKET },
    { 270 /* SOL_NETLINK */, ENUM_OPTION_NETLINK, ENUM_OPTION_NETLINK }, { 279 /* SOL_ALG */, ENUM_OPTION_ALG, ENUM_OPTION_ALG },
};

static void print_by_level(struct text *t, const struct abi *abi, uint64_t level, uint64_t value, bool is_message)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (levels[i].level != (int)level) continue;
        strace_print_enum(t, &abi->constants[is_message ? levels[i].messages : levels[i].options], value);
        return;
    }
    text_print(t, "%d", (int)value);
}

bool strace_is_socket_option(const struct argument_description *a)
{
    return a->kind == ARGUMENT_ENUM && a->detail == ENUM_OPTION_SOCKET;
}

void strace_print_socket_option(struct text *t, const struct abi *abi, uint64_t level, uint64_t option)
{
    print_by_level(t, abi, level, option, false);
}

static const struct { int level, option; uint16_t structure; } structures[] = {
    { SOL_SOCKET, SO_LINGER, STRUCT_LINGER }, { SOL_SOCKET, SO_PEERCRED, STRUCT_UCRED }, { SOL_SOCKET, SO_ATTACH_FILTER, STRUCT_SOCK_FPROG },
    { SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, STRUCT_SOCK_FPROG },
};

static bool print_option_structure(struct text *t, struct thread *thread, const uint64_t *values, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < sizeof structures / sizeof structures[0]; i++) {
        if (structures[i].level != (int)values[1] || structures[i].option != (int)values[2]) continue;
        if (size < thread->process->abi->structs[structures[i].structure].size) return false;
        strace_print_element(t, thread, ARGUMENT_STRUCT, structures[i].structure, address);
        return true;
    }
    return false;
}

static bool print_membership(struct text *t, struct thread *thread, const uint64_t *values, uint64_t address, uint64_t size)
{
    uint8_t image[8];
    char group[INET_ADDRSTRLEN], interface[INET_ADDRSTRLEN];
    if ((int)values[1] != SOL_IP || ((int)values[2] != IP_ADD_MEMBERSHIP && (int)values[2] != IP_DROP_MEMBERSHIP)) return false;
    if (size < sizeof image || copy_from_guest(thread, image, address, sizeof image)) return false;
    if (!inet_ntop(AF_INET, image, group, sizeof group) || !inet_ntop(AF_INET, image + 4, interface, sizeof interface)) return false;
    text_print(t, "{imr_multiaddr=inet_addr(\"%s\"), imr_interface=inet_addr(\"%s\")}", group, interface);
    return true;
}

/* Most are one int. */
void strace_print_option_value(struct text *t, struct thread *thread, const uint64_t *values, uint64_t address, uint64_t size, bool is_set)
{
    uint8_t image[4];
    if (address && (print_option_structure(t, thread, values, address, size) || print_membership(t, thread, values, address, size))) return;
    if (address && size == sizeof image && !copy_from_guest(thread, image, address, sizeof image))
        text_print(t, "[%d]", (int)guest_load(thread->process->abi, image, sizeof image, true));
    else if (size < sizeof image && (int)values[1] == SOL_SOCKET && (int)values[2] != SO_BINDTODEVICE && is_set) strace_print_address(t, address);
    else strace_print_bytes(t, thread, address, size);
}

/* -- control messages ---------------------------------------------------------------------------------------------------- */
struct control_header { uint64_t length; int level, type; };

static bool read_control_header(struct thread *thread, uint64_t address, struct control_header *header)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[16];
    unsigned word = abi->word_bytes;
    if (copy_from_guest(thread, image, address, word + 8)) return false;
    header->length = guest_load(abi, image, word, false);
    header->level = (int)guest_load(abi, image + word, 4, true);
    header->type = (int)guest_load(abi, image + word + 4, 4, true);
    return true;
}

static void print_integers(struct text *t, struct thread *thread, uint64_t address, uint64_t count)
{
    uint8_t image[4];
    text_print(t, "[");
    for (uint64_t i = 0; i < count && !copy_from_guest(thread, image, address + 4 * i, sizeof image); i++) {
        text_print(t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS) {
            text_print(t, "...");
            break;
        }
        text_print(t, "%d", (int)guest_load(thread->process->abi, image, sizeof image, true));
    }
    text_print(t, "]");
}

/* Descriptors, process, user and group: all are ints. */
static bool is_integers(const struct control_header *header)
{
    return header->level == SOL_SOCKET && (header->type == SCM_RIGHTS || header->type == SCM_CREDENTIALS || header->type == 4 /* SCM_PIDFD */);
}

void strace_print_control_messages(struct text *t, struct thread *thread, uint64_t address, uint64_t size)
{
    const struct abi *abi = thread->process->abi;
    uint64_t word = abi->word_bytes, head = word + 8, at = 0;
    struct control_header header;
    text_print(t, "[");
    while (at + head <= size && read_control_header(thread, address + at, &header)) {
        text_print(t, at ? ", {cmsg_len=%llu, cmsg_level=" : "{cmsg_len=%llu, cmsg_level=", (unsigned long long)header.length);
        strace_print_enum(t, &abi->constants[ENUM_SOCKET_LEVEL], (unsigned)header.level);
        text_print(t, ", cmsg_type=");
        print_by_level(t, abi, (unsigned)header.level, (unsigned)header.type, true);
        if (header.length > head && header.length <= size - at) {
            text_print(t, ", cmsg_data=");
            if (is_integers(&header)) print_integers(t, thread, address + at + head, (header.length - head) / 4);
            else strace_print_bytes(t, thread, address + at + head, header.length - head);
        }
        text_print(t, "}");
        if (header.length < head || header.length > size - at) break;
        at += (header.length + word - 1) & ~(word - 1);
    }
    text_print(t, "]");
}
