/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What --strace knows of netlink's attributes: tables, of which those of NETLINK_ROUTE are in strace_route.c.
 */
#ifndef FERRY_SYSCALLS_STRACE_NETLINK_H
#define FERRY_SYSCALLS_STRACE_NETLINK_H

#include "syscalls/abi.h"


enum attribute_kind {
    ATTRIBUTE_TEXT = 1,
    ATTRIBUTE_UNSIGNED, ATTRIBUTE_SIGNED, ATTRIBUTE_HEX,       /* size: of the integer */
    ATTRIBUTE_BIG_ENDIAN,                                      /* htons(…) and its like */
    ATTRIBUTE_ENUM, ATTRIBUTE_FLAGS,                           /* detail: the set */
    ATTRIBUTE_PROTOCOL_ADDRESS,                                /* of the family that the message names */
    ATTRIBUTE_INTERNET6,
    ATTRIBUTE_HARDWARE_ADDRESS,
    ATTRIBUTE_INTERFACE,
    ATTRIBUTE_ETHERNET_PROTOCOL,
    ATTRIBUTE_STRUCT,                                          /* detail: it; size: of its short form, 0: it has none */
    ATTRIBUTE_NESTED,                                          /* detail: enum attribute_set_id */
    ATTRIBUTE_LINK_DATA,                                       /* nested, by what link_kind before it says */
    ATTRIBUTE_LINK_KIND,
    ATTRIBUTE_INDEXED, ATTRIBUTE_INDEXED_FROM_1,               /* size: of an element; detail: the names of their places */
    ATTRIBUTE_BYTES,                                           /* as numbers */
    ATTRIBUTE_NEXT_HOPS,
};
struct attribute { uint8_t number, kind, size; uint16_t detail; };

/* names: a set of constants. */
struct attribute_set { uint16_t names, count; const struct attribute *attributes; };

enum attribute_set_id {
    ATTRIBUTES_ERROR, ATTRIBUTES_LINK, ATTRIBUTES_LINK_INFO, ATTRIBUTES_LINK_BRIDGE, ATTRIBUTES_LINK_TUN, ATTRIBUTES_LINK_PORT, ATTRIBUTES_LINK_XDP,
    ATTRIBUTES_LINK_FAMILIES, ATTRIBUTES_LINK_INET, ATTRIBUTES_LINK_INET6, ATTRIBUTES_ADDRESS, ATTRIBUTES_ROUTE, ATTRIBUTES_ROUTE_METRICS,
    ATTRIBUTES_NEIGHBOUR, ATTRIBUTES_RULE,
};
extern const struct attribute_set strace_attribute_sets[];

/* The structure and the attributes of a message of NETLINK_ROUTE; NULL: strace(1) knows only its family. */
struct route_message { uint16_t types, structure; enum attribute_set_id attributes; };   /* types: the first of new, delete, get, set */
const struct route_message *strace_route_message(unsigned type, unsigned family);

#endif
