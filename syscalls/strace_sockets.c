/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of what sockets take: addresses, options, control messages.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* -- addresses ------------------------------------------------------------------------------------------------------------- */
static void print_internet_address(struct text *t, const uint8_t *image, unsigned family)
{
    char name[INET6_ADDRSTRLEN];
    unsigned port = image[2] << 8 | image[3];
    bool is_ipv6 = family == AF_INET6;
    if (!inet_ntop((int)family, image + (is_ipv6 ? 8 : 4), name, sizeof name)) return;
    if (is_ipv6) text_print(t, ", sin6_port=htons(%u), inet_pton(AF_INET6, \"%s\", &sin6_addr)", port, name);
    else text_print(t, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", port, name);
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

/* Most are one int. */
void strace_print_option_value(struct text *t, struct thread *thread, uint64_t address, uint64_t size)
{
    uint8_t image[4];
    if (address && size == sizeof image && !copy_from_guest(thread, image, address, sizeof image))
        text_print(t, "[%d]", (int)guest_load(thread->process->abi, image, sizeof image, true));
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
