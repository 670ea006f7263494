/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of netlink(7): messages one after another, their headers, and attributes by the tables of strace_netlink.h. Lengths are the
 * program's: each is bounded by what the call transferred.
 */
#include "syscalls/strace_netlink.h"
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/cryptouser.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define HEADER 16u
#define ATTRIBUTE_HEADER 4u
#define ALIGNED(size) (((size) + 3) & ~(uint64_t)3)
#define MAXIMUM_NESTED 8                       /* deeper than any message of the kernel's */

/* A message being printed. family: of its addresses; link_kind: what IFLA_INFO_DATA is about. */
struct netlink_message { struct text *t; struct thread *thread; int protocol; unsigned family, nested; char link_kind[16]; };

static void print_attributes(struct netlink_message *m, const struct attribute_set *set, uint64_t address, uint64_t size);

static bool read_number(struct thread *thread, uint64_t address, unsigned size, bool is_signed, uint64_t *value)
{
    uint8_t image[8];
    if (copy_from_guest(thread, image, address, size)) return false;
    *value = guest_load(thread->process->abi, image, size, is_signed);
    return true;
}

int strace_netlink_protocol(int socket)
{
    int domain = 0, protocol = 0;
    socklen_t size = sizeof domain;
    if (host_call(SYS_getsockopt, socket, SOL_SOCKET, SO_DOMAIN, (uintptr_t)&domain, (uintptr_t)&size, 0) || domain != AF_NETLINK) return -1;
    return host_call(SYS_getsockopt, socket, SOL_SOCKET, SO_PROTOCOL, (uintptr_t)&protocol, (uintptr_t)&size, 0) ? -1 : protocol;
}

/* -- values of attributes -------------------------------------------------------------------------------------------------- */
/* NUL-terminated, and short; the NUL is not shown. */
static void print_text(struct netlink_message *m, uint64_t address, uint64_t size)
{
    uint8_t bytes[MAXIMUM_BYTES + 1];
    size_t part = size < sizeof bytes ? size : sizeof bytes;
    if (copy_from_guest(m->thread, bytes, address, part)) {
        strace_print_address(m->t, address);
        return;
    }
    bool ends = part == size && bytes[part - 1] == 0;
    text_quote(m->t, bytes, ends ? part - 1 : part < MAXIMUM_BYTES ? part : MAXIMUM_BYTES);
    if (!ends) text_print(m->t, "...");
}

static bool print_protocol_address(struct netlink_message *m, unsigned family, uint64_t address, uint64_t size)
{
    uint8_t image[16];
    char name[INET6_ADDRSTRLEN];
    unsigned length = family == AF_INET ? 4 : 16;
    if ((family != AF_INET && family != AF_INET6) || size < length || copy_from_guest(m->thread, image, address, length)) return false;
    if (!inet_ntop((int)family, image, name, sizeof name)) return false;
    text_print(m->t, family == AF_INET ? "inet_addr(\"%s\")" : "inet_pton(AF_INET6, \"%s\")", name);
    return true;
}

#define MAXIMUM_HARDWARE_ADDRESS 32

static bool print_hardware_address(struct netlink_message *m, uint64_t address, uint64_t size)
{
    uint8_t bytes[MAXIMUM_HARDWARE_ADDRESS];
    if (size > sizeof bytes || copy_from_guest(m->thread, bytes, address, size)) return false;
    for (unsigned i = 0; i < size; i++) text_print(m->t, i ? ":%02x" : "%02x", bytes[i]);
    return true;
}

static void print_big_endian(struct text *t, unsigned size, uint64_t value)
{
    if (size == 2) text_print(t, "htons(%u)", ntohs((uint16_t)value));
    else text_print(t, "htobe64(%llu)", (unsigned long long)__builtin_bswap64(value));
}

static bool print_number(struct netlink_message *m, const struct attribute *a, uint64_t address, uint64_t size)
{
    const struct abi *abi = m->thread->process->abi;
    uint64_t value;
    if (size < a->size || !read_number(m->thread, address, a->size, a->kind == ATTRIBUTE_SIGNED, &value)) return false;
    switch (a->kind) {
    case ATTRIBUTE_SIGNED: text_print(m->t, "%lld", (long long)value); break;
    case ATTRIBUTE_HEX: text_print(m->t, "%#llx", (unsigned long long)value); break;
    case ATTRIBUTE_BIG_ENDIAN: print_big_endian(m->t, a->size, value); break;
    case ATTRIBUTE_ENUM: strace_print_enum(m->t, &abi->constants[a->detail], value); break;
    case ATTRIBUTE_FLAGS: strace_print_flags(m->t, &abi->constants[a->detail], value); break;
    case ATTRIBUTE_INTERFACE: strace_print_interface(m->t, (unsigned)value); break;
    case ATTRIBUTE_ETHERNET_PROTOCOL: strace_print_ethernet_protocol(m->t, abi, value); break;
    default: text_print(m->t, "%llu", (unsigned long long)value); break;
    }
    return true;
}

/* Whole, or without its last members, as older kernels have it. */
static bool print_structure(struct netlink_message *m, const struct attribute *a, uint64_t address, uint64_t size)
{
    const struct struct_layout *s = &m->thread->process->abi->structs[a->detail];
    uint8_t image[256], members[MAXIMUM_ELEMENTS];
    unsigned count = 0;
    uint64_t shown = size >= s->size ? s->size : a->size && size == a->size ? size : 0;
    if (!shown || copy_from_guest(m->thread, image, address, shown)) return false;
    for (unsigned i = 0; i < s->field_count && s->fields[i].offset < shown; i++)
        if (s->fields[i].print != PRINT_HIDDEN) members[count++] = (uint8_t)i;
    text_print(m->t, "{");
    strace_print_members(m->t, m->thread, a->detail, image, members, count);
    text_print(m->t, "}");
    return true;
}

/* An array whose places have names. */
static bool print_indexed(struct netlink_message *m, const struct attribute *a, uint64_t address, uint64_t size)
{
    uint64_t value, first = a->kind == ATTRIBUTE_INDEXED_FROM_1, count = size / a->size;
    if (!count || !read_number(m->thread, address, a->size, true, &value)) return false;
    text_print(m->t, "[");
    for (uint64_t i = 0; i < count; i++) {
        text_print(m->t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS || !read_number(m->thread, address + i * a->size, a->size, true, &value)) {
            text_print(m->t, "...");
            break;
        }
        text_print(m->t, "[");
        strace_print_enum(m->t, &m->thread->process->abi->constants[a->detail], i + first);
        text_print(m->t, first ? "-1]=%lld" : a->size == 8 ? "]=%llu" : "]=%lld", (long long)value);
    }
    text_print(m->t, "]");
    return true;
}

static bool print_byte_values(struct netlink_message *m, uint64_t address, uint64_t size)
{
    text_print(m->t, "[");
    for (uint64_t i = 0, value; i < size && read_number(m->thread, address + i, 1, false, &value); i++) {
        text_print(m->t, i ? ", " : "");
        if (i == MAXIMUM_ELEMENTS) {
            text_print(m->t, "...");
            break;
        }
        text_print(m->t, "%u", (unsigned)value);
    }
    text_print(m->t, "]");
    return true;
}

static bool print_link_kind(struct netlink_message *m, uint64_t address, uint64_t size)
{
    size_t part = size < sizeof m->link_kind ? size : sizeof m->link_kind - 1;
    memset(m->link_kind, 0, sizeof m->link_kind);
    if (copy_from_guest(m->thread, m->link_kind, address, part)) return false;
    print_text(m, address, size);
    return true;
}

static bool print_link_data(struct netlink_message *m, uint64_t address, uint64_t size)
{
    bool is_bridge = strcmp(m->link_kind, "bridge") == 0;
    if (!is_bridge && strcmp(m->link_kind, "tun") != 0) return false;
    print_attributes(m, &strace_attribute_sets[is_bridge ? ATTRIBUTES_LINK_BRIDGE : ATTRIBUTES_LINK_TUN], address, size);
    return true;
}

/* Routes by several ways: a structure for each, with attributes of its own. */
static bool print_next_hops(struct netlink_message *m, uint64_t address, uint64_t size)
{
    const unsigned head = m->thread->process->abi->structs[STRUCT_RTNEXTHOP].size;
    uint64_t length, at = 0;
    if (size < head || !read_number(m->thread, address, 2, false, &length)) return false;
    bool several = length < size;
    text_print(m->t, several ? "[" : "");
    while (read_number(m->thread, address + at, 2, false, &length)) {
        uint64_t left = size - at, here = length < left ? length : left;
        text_print(m->t, at ? ", " : "");
        text_print(m->t, here > head ? "[" : "");
        strace_print_element(m->t, m->thread, ARGUMENT_STRUCT, STRUCT_RTNEXTHOP, address + at);
        if (here > head) {
            text_print(m->t, ", ");
            print_attributes(m, &strace_attribute_sets[ATTRIBUTES_ROUTE], address + at + head, here - head);
            text_print(m->t, "]");
        }
        if (!here || ALIGNED(here) >= left || left - ALIGNED(here) < head) break;
        at += ALIGNED(here);
    }
    text_print(m->t, several ? "]" : "");
    return true;
}

/* false: it is shown in hexadecimal. */
static bool print_value(struct netlink_message *m, const struct attribute *a, uint64_t address, uint64_t size)
{
    switch (a->kind) {
    case ATTRIBUTE_TEXT: print_text(m, address, size); return true;
    case ATTRIBUTE_PROTOCOL_ADDRESS: return print_protocol_address(m, m->family, address, size);
    case ATTRIBUTE_INTERNET6: return print_protocol_address(m, AF_INET6, address, size);
    case ATTRIBUTE_HARDWARE_ADDRESS: return print_hardware_address(m, address, size);
    case ATTRIBUTE_STRUCT: return print_structure(m, a, address, size);
    case ATTRIBUTE_NESTED: print_attributes(m, &strace_attribute_sets[a->detail], address, size); return true;
    case ATTRIBUTE_LINK_KIND: return print_link_kind(m, address, size);
    case ATTRIBUTE_LINK_DATA: return print_link_data(m, address, size);
    case ATTRIBUTE_INDEXED: case ATTRIBUTE_INDEXED_FROM_1: return print_indexed(m, a, address, size);
    case ATTRIBUTE_BYTES: return print_byte_values(m, address, size);
    case ATTRIBUTE_NEXT_HOPS: return print_next_hops(m, address, size);
    default: return print_number(m, a, address, size);
    }
}

/* -- attributes ------------------------------------------------------------------------------------------------------------ */
static void print_attribute(struct netlink_message *m, const struct attribute_set *set, uint64_t address, uint64_t length, uint64_t type, uint64_t left)
{
    uint64_t here = length < left ? length : left, value = address + ATTRIBUTE_HEADER, size = here - ATTRIBUTE_HEADER;
    const struct attribute *a = NULL;
    for (unsigned i = 0; i < set->count; i++)
        if (set->attributes[i].number == (type & NLA_TYPE_MASK)) a = &set->attributes[i];
    text_print(m->t, here > ATTRIBUTE_HEADER ? "[{nla_len=%u, nla_type=%s%s" : "{nla_len=%u, nla_type=%s%s", (unsigned)length, type & NLA_F_NESTED ? "NLA_F_NESTED|" : "",
               type & NLA_F_NET_BYTEORDER ? "NLA_F_NET_BYTEORDER|" : "");
    strace_print_enum(m->t, &m->thread->process->abi->constants[set->names], type & NLA_TYPE_MASK);
    text_print(m->t, "}");
    if (here <= ATTRIBUTE_HEADER) return;
    text_print(m->t, ", ");
    if (!a || !print_value(m, a, value, size)) strace_print_hex_bytes(m->t, m->thread, value, size);
    text_print(m->t, "]");
}

/* One after another; brackets around several. */
static void print_list(struct netlink_message *m, const struct attribute_set *set, uint64_t address, uint64_t size)
{
    bool several = false;
    for (unsigned i = 0;; i++) {
        uint64_t length, type;
        if (size < ATTRIBUTE_HEADER) {
            strace_print_hex_bytes(m->t, m->thread, address, size);
            break;
        }
        if (!read_number(m->thread, address, 2, false, &length) || !read_number(m->thread, address + 2, 2, false, &type)) {
            if (several) text_print(m->t, "... /* %#llx */", (unsigned long long)address);
            else strace_print_address(m->t, address);
            break;
        }
        if (i == MAXIMUM_ELEMENTS) {
            text_print(m->t, "...");
            break;
        }
        bool more = length >= ATTRIBUTE_HEADER && size > ALIGNED(length);
        if (more && !several) text_print(m->t, "[");
        several |= more;
        print_attribute(m, set, address, length, type, size);
        if (!more) break;
        text_print(m->t, ", ");
        address += ALIGNED(length);
        size -= ALIGNED(length);
    }
    text_print(m->t, several ? "]" : "");
}

static void print_attributes(struct netlink_message *m, const struct attribute_set *set, uint64_t address, uint64_t size)
{
    if (m->nested == MAXIMUM_NESTED) {
        strace_print_hex_bytes(m->t, m->thread, address, size);
        return;
    }
    m->nested++;
    print_list(m, set, address, size);
    m->nested--;
}

/* -- messages -------------------------------------------------------------------------------------------------------------- */
struct message_header { unsigned length, type, flags, sequence, process; };

static bool read_header(struct thread *thread, uint64_t address, struct message_header *h)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[HEADER];
    if (copy_from_guest(thread, image, address, sizeof image)) return false;
    h->length = (unsigned)guest_load(abi, image, 4, false);
    h->type = (unsigned)guest_load(abi, image + 4, 2, false);
    h->flags = (unsigned)guest_load(abi, image + 6, 2, false);
    h->sequence = (unsigned)guest_load(abi, image + 8, 4, false);
    h->process = (unsigned)guest_load(abi, image + 12, 4, false);
    return true;
}

/* What the upper flags are, by type. */
static uint16_t route_flags(unsigned type)
{
    static const uint16_t sets[] = { FLAGS_NETLINK_NEW, FLAGS_NETLINK_DELETE, FLAGS_NETLINK_GET, FLAGS_NETLINK };
    return type == RTM_DELACTION ? FLAGS_NETLINK_GET : sets[type & 3];
}

static uint16_t diagnosis_flags(unsigned type) { return (void)type, FLAGS_NETLINK_GET; }

static const struct { uint8_t protocol; uint16_t set; uint16_t types[5]; } typed_flags[] = {
    { NETLINK_CRYPTO, FLAGS_NETLINK_NEW, { CRYPTO_MSG_NEWALG } }, { NETLINK_CRYPTO, FLAGS_NETLINK_DELETE, { CRYPTO_MSG_DELALG, CRYPTO_MSG_DELRNG } },
    { NETLINK_CRYPTO, FLAGS_NETLINK_GET, { CRYPTO_MSG_GETALG } },
    { NETLINK_XFRM, FLAGS_NETLINK_NEW, { XFRM_MSG_NEWSA, XFRM_MSG_NEWPOLICY, XFRM_MSG_NEWAE, XFRM_MSG_NEWSADINFO, XFRM_MSG_NEWSPDINFO } },
    { NETLINK_XFRM, FLAGS_NETLINK_DELETE, { XFRM_MSG_DELSA, XFRM_MSG_DELPOLICY } },
    { NETLINK_XFRM, FLAGS_NETLINK_GET, { XFRM_MSG_GETSA, XFRM_MSG_GETPOLICY, XFRM_MSG_GETAE, XFRM_MSG_GETSADINFO, XFRM_MSG_GETSPDINFO } },
};

static const struct { uint8_t protocol; uint16_t types; uint16_t (*flags)(unsigned type); } protocols[] = {
    { NETLINK_ROUTE, ENUM_NETLINK_ROUTE, route_flags }, { NETLINK_SOCK_DIAG, ENUM_NETLINK_SOCK_DIAG, diagnosis_flags },
    { NETLINK_XFRM, ENUM_NETLINK_XFRM, NULL }, { NETLINK_SELINUX, ENUM_NETLINK_SELINUX, NULL }, { NETLINK_AUDIT, ENUM_NETLINK_AUDIT, NULL },
    { NETLINK_CRYPTO, ENUM_NETLINK_CRYPTO, NULL }, { NETLINK_GENERIC, ENUM_NETLINK_GENERIC, NULL },
};

static uint16_t set_of_flags(int protocol, unsigned type)
{
    if (type < NLMSG_MIN_TYPE) return type == NLMSG_ERROR ? FLAGS_NETLINK_ANSWER : FLAGS_NETLINK;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (protocols[i].protocol == protocol && protocols[i].flags) return protocols[i].flags(type);
    for (size_t i = 0; i < sizeof typed_flags / sizeof typed_flags[0]; i++)
        for (unsigned k = 0; k < sizeof typed_flags[0].types / sizeof typed_flags[0].types[0]; k++)
            if (typed_flags[i].protocol == protocol && typed_flags[i].types[k] == type) return typed_flags[i].set;
    return FLAGS_NETLINK;
}

static uint16_t set_of_types(int protocol, unsigned type)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (protocols[i].protocol == protocol && type >= NLMSG_MIN_TYPE) return protocols[i].types;
    return ENUM_NETLINK_CONTROL;
}

static void print_header(struct netlink_message *m, const struct message_header *h)
{
    const struct abi *abi = m->thread->process->abi;
    text_print(m->t, "{nlmsg_len=%u, nlmsg_type=", h->length);
    strace_print_enum(m->t, &abi->constants[set_of_types(m->protocol, h->type)], h->type);
    text_print(m->t, ", nlmsg_flags=");
    strace_print_flags(m->t, &abi->constants[set_of_flags(m->protocol, h->type)], h->flags);
    text_print(m->t, ", nlmsg_seq=%u, nlmsg_pid=%d}", h->sequence, (int)h->process);
}

/* By family: its structure, as far as it is there, and its attributes. */
static void print_of_family(struct netlink_message *m, const struct message_header *h, uint64_t address, uint64_t size)
{
    const struct abi *abi = m->thread->process->abi;
    uint8_t first[256] = { 0 };
    if (copy_from_guest(m->thread, first, address, 1)) {
        strace_print_address(m->t, address);
        return;
    }
    m->family = first[0];
    const struct route_message *message = m->protocol == NETLINK_ROUTE ? strace_route_message(h->type, m->family) : NULL;
    if (!message) {
        text_print(m->t, "{family=");
        strace_print_enum(m->t, &abi->constants[ENUM_SOCKET_FAMILY], m->family);
        if (size > 1) {
            text_print(m->t, ", data=");
            strace_print_hex_bytes(m->t, m->thread, address + 1, size - 1);
        }
        text_print(m->t, "}");
        return;
    }
    unsigned length = abi->structs[message->structure].size;
    if (size < length) {
        text_print(m->t, "{");
        strace_print_members(m->t, m->thread, message->structure, first, (const uint8_t[]){ 0 }, 1);
        text_print(m->t, ", ...}");
        return;
    }
    strace_print_element(m->t, m->thread, ARGUMENT_STRUCT, message->structure, address);
    if (size <= ALIGNED(length)) return;
    text_print(m->t, ", ");
    print_attributes(m, &strace_attribute_sets[message->attributes], address + ALIGNED(length), size - ALIGNED(length));
}

static void print_message(struct netlink_message *m, const struct message_header *h, uint64_t address, uint64_t size);

/* An error, or none; the message it answers, whole or only its header; what else the kernel says about it. */
static void print_answer(struct netlink_message *m, const struct message_header *h, uint64_t address, uint64_t size)
{
    const struct abi *abi = m->thread->process->abi;
    struct message_header answered;
    uint64_t error;
    if (size < 4) {
        strace_print_hex_bytes(m->t, m->thread, address, size);
        return;
    }
    if (!read_number(m->thread, address, 4, true, &error)) {
        strace_print_address(m->t, address);
        return;
    }
    text_print(m->t, "{error=");
    if ((int)error < 0) {
        text_print(m->t, "-");
        strace_print_enum(m->t, &abi->constants[ENUM_ERRNO], (uint32_t)-(int64_t)error);
    } else {
        text_print(m->t, "%d", (int)error);
    }
    address += 4;
    size -= 4;
    if (size) text_print(m->t, ", msg=");
    if (size && size < HEADER) {
        strace_print_hex_bytes(m->t, m->thread, address, size);
    } else if (size && !read_header(m->thread, address, &answered)) {
        strace_print_address(m->t, address);
    } else if (size) {
        uint64_t payload = h->flags & NLM_F_CAPPED ? HEADER : answered.length;
        if (payload > size) payload = size;
        print_message(m, &answered, address, payload);
        if (size > payload) {
            text_print(m->t, ", ");
            print_attributes(m, &strace_attribute_sets[ATTRIBUTES_ERROR], address + payload, size - payload);
        }
    }
    text_print(m->t, "}");
}

static void print_payload(struct netlink_message *m, const struct message_header *h, uint64_t address, uint64_t size)
{
    uint64_t result;
    if (h->type == NLMSG_ERROR && m->nested < MAXIMUM_NESTED) {
        m->nested++;
        print_answer(m, h, address, size);
        m->nested--;
    } else if (h->type >= NLMSG_MIN_TYPE && (m->protocol == NETLINK_ROUTE || m->protocol == NETLINK_SOCK_DIAG)) {
        print_of_family(m, h, address, size);
    } else if (h->type == NLMSG_DONE && size == 4 && read_number(m->thread, address, 4, true, &result)) {
        text_print(m->t, "%d", (int)result);
    } else {
        strace_print_hex_bytes(m->t, m->thread, address, size);
    }
}

static void print_message(struct netlink_message *m, const struct message_header *h, uint64_t address, uint64_t size)
{
    uint64_t length = h->length < size ? h->length : size;
    text_print(m->t, length > HEADER ? "[" : "");
    print_header(m, h);
    if (length <= HEADER) return;
    text_print(m->t, ", ");
    print_payload(m, h, address + HEADER, length - HEADER);
    text_print(m->t, "]");
}

void strace_print_netlink(struct text *t, struct thread *thread, int protocol, uint64_t address, uint64_t size)
{
    struct netlink_message m = { .t = t, .thread = thread, .protocol = protocol };
    struct message_header h;
    bool several = false;
    if (protocol == NETLINK_KOBJECT_UEVENT) {
        strace_print_bytes(t, thread, address, size);
        return;
    }
    for (unsigned i = 0;; i++) {
        if (size < HEADER) {
            strace_print_hex_bytes(t, thread, address, size);
            break;
        }
        if (!read_header(thread, address, &h)) {
            if (several) text_print(t, "... /* %#llx */", (unsigned long long)address);
            else strace_print_address(t, address);
            break;
        }
        if (i == MAXIMUM_ELEMENTS) {
            text_print(t, "...");
            break;
        }
        bool more = h.length >= HEADER && size > ALIGNED((uint64_t)h.length);
        if (more && !several) text_print(t, "[");
        several |= more;
        print_message(&m, &h, address, size);
        if (!more) break;
        text_print(t, ", ");
        address += ALIGNED((uint64_t)h.length);
        size -= ALIGNED((uint64_t)h.length);
    }
    text_print(t, several ? "]" : "");
}
