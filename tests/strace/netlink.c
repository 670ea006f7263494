/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Netlink messages whose lines are compared with strace(1)'s, by raw calls; run.sh gives it a network namespace. What is sent without
 * NLM_F_REQUEST the kernel takes and ignores: it is there to be printed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned char message[8192], answer[32768];
static unsigned used;

/* -- putting messages together ---------------------------------------------------------------------------------------------- */
static void begin(int type, int flags, const void *head, unsigned size)
{
    struct nlmsghdr header = { 0, type, flags, 5, 0 };
    memset(message, 0, sizeof message);
    memcpy(message, &header, sizeof header);
    memcpy(message + NLMSG_HDRLEN, head, size);
    used = NLMSG_HDRLEN + NLMSG_ALIGN(size);
    ((struct nlmsghdr *)message)->nlmsg_len = NLMSG_HDRLEN + size;
}

static void attribute(int type, const void *value, unsigned size)
{
    struct nlattr a = { NLA_HDRLEN + size, type };
    memcpy(message + used, &a, sizeof a);
    memcpy(message + used + NLA_HDRLEN, value, size);
    used += NLA_HDRLEN + NLA_ALIGN(size);
    ((struct nlmsghdr *)message)->nlmsg_len = used;
}

static unsigned nest(int type)
{
    unsigned at = used;
    attribute(type, "", 0);
    return at;
}

static void end_nest(unsigned at) { ((struct nlattr *)(message + at))->nla_len = used - at; }
static void number(int type, unsigned value, unsigned size) { attribute(type, &value, size); }
static void text(int type, const char *value) { attribute(type, value, strlen(value) + 1); }

static void put(int socket, unsigned size) { syscall(SYS_sendto, socket, message, size, 0, NULL, 0); }
static void get(int socket, unsigned size) { syscall(SYS_recvfrom, socket, answer, size, MSG_DONTWAIT, NULL, NULL); }

static int open_socket(int protocol)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK };
    int socket = syscall(SYS_socket, AF_NETLINK, SOCK_RAW, protocol);
    syscall(SYS_bind, socket, &address, sizeof address);
    return socket;
}

/* -- what the kernel answers ------------------------------------------------------------------------------------------------ */
static void ask(int socket, int type, int family, unsigned size, int answers)
{
    unsigned char head[64] = { family };
    begin(type, NLM_F_REQUEST | NLM_F_DUMP, head, size);
    put(socket, ((struct nlmsghdr *)message)->nlmsg_len);
    for (int i = 0; i < answers; i++) get(socket, sizeof answer);
}

static void ask_by_message(int socket, int type)
{
    struct rtgenmsg head = { AF_INET };
    struct sockaddr_nl address = { .nl_family = AF_NETLINK };
    struct iovec parts[2] = { { message, 0 }, { answer, 100 } };
    struct msghdr header = { &address, sizeof address, parts, 1 };
    begin(type, NLM_F_REQUEST | NLM_F_DUMP, &head, sizeof head);
    parts[0].iov_len = NLMSG_ALIGN(((struct nlmsghdr *)message)->nlmsg_len);
    syscall(SYS_sendmsg, socket, &header, 0);
    parts[0].iov_base = answer + 200;
    parts[0].iov_len = sizeof answer - 200;
    header.msg_iovlen = 2;
    syscall(SYS_recvmsg, socket, &header, MSG_DONTWAIT);
    syscall(SYS_recvmsg, socket, &header, MSG_DONTWAIT);
}

static void ask_the_kernel(int route)
{
    ask(route, RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), 2);
    ask(route, RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), 2);
    ask(route, RTM_GETROUTE, AF_UNSPEC, sizeof(struct rtmsg), 2);
    ask(route, RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr), 2);
    ask(route, RTM_GETNEIGH, AF_INET, sizeof(struct ndmsg), 1);
    ask(route, RTM_GETLINK, AF_INET, 1, 2);
    ask_by_message(route, RTM_GETADDR);
    ask(route, 500, AF_UNSPEC, 12, 1);
    begin(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK, "\2\0\0\0\0\0\0\0\0\0\0\0", 12);
    put(route, used);
    get(route, sizeof answer);
    begin(RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, "\2\10\0\0\1\0\0\0", 8);
    put(route, used);
    get(route, sizeof answer);
}

/* -- what it ignores -------------------------------------------------------------------------------------------------------- */
static void put_links(int route)
{
    struct ifinfomsg head = { AF_UNSPEC, 0, ARPHRD_ETHER, 1, IFF_UP | IFF_PROMISC | 0x10000, ~0u };
    struct rtnl_link_ifmap map = { 1, 2, 3, 4, 5, 6 };
    struct rtnl_link_stats statistics = { 1, 2, 3, 4, 5 };
    begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
    text(IFLA_IFNAME, "veth0");
    attribute(IFLA_IFALIAS, "not ended", 9);
    text(IFLA_IFALIAS, "a name that is longer than what is shown of it");
    attribute(IFLA_ADDRESS, "\1\2\3\4\5\6", 6);
    attribute(IFLA_BROADCAST, message, 40);
    number(IFLA_MTU, 1500, 4);
    number(IFLA_MTU, 1500, 2);
    number(IFLA_OPERSTATE, 6, 1);
    attribute(IFLA_MAP, &map, sizeof map);
    attribute(IFLA_STATS, &statistics, sizeof statistics);
    attribute(IFLA_STATS, &statistics, sizeof statistics - 4);
    attribute(IFLA_STATS, &statistics, sizeof statistics - 8);
    unsigned info = nest(IFLA_LINKINFO | NLA_F_NESTED);
    text(IFLA_INFO_KIND, "bridge");
    unsigned data = nest(IFLA_INFO_DATA);
    number(IFLA_BR_STP_STATE, 1, 4);
    number(IFLA_BR_VLAN_PROTOCOL, htons(0x8100), 2);
    number(IFLA_BR_GROUP_FWD_MASK, 12, 2);
    end_nest(data);
    end_nest(info);
    unsigned other = nest(IFLA_LINKINFO);
    text(IFLA_INFO_KIND, "veth");
    number(IFLA_INFO_DATA, 1, 4);
    end_nest(other);
    unsigned families = nest(IFLA_AF_SPEC);
    unsigned inet = nest(AF_INET);
    attribute(IFLA_INET_CONF, "\1\0\0\0\377\377\377\377", 8);
    end_nest(inet);
    unsigned inet6 = nest(AF_INET6);
    number(IFLA_INET6_FLAGS, 0x80000010, 4);
    number(IFLA_INET6_ADDR_GEN_MODE, 2, 1);
    attribute(IFLA_INET6_CONF, "\1\0\0\0\2\0\0\0", 8);
    attribute(IFLA_INET6_TOKEN, "\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    end_nest(inet6);
    end_nest(families);
    unsigned xdp = nest(IFLA_XDP);
    number(IFLA_XDP_ATTACHED, 2, 1);
    number(IFLA_XDP_FD, -1, 4);
    end_nest(xdp);
    attribute(200, "abc", 3);
    put(route, used);
}

static void put_routes(int route)
{
    struct rtmsg head = { AF_INET6, 64, 0, 0x10, 100, RTPROT_STATIC, 200, RTN_UNICAST, RTM_F_CLONED };
    struct rtnexthop hop = { sizeof hop + 8, RTNH_F_ONLINK, 1, 1 };
    begin(RTM_NEWROUTE, NLM_F_REPLACE | NLM_F_APPEND, &head, sizeof head);
    attribute(RTA_DST, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    attribute(RTA_GATEWAY, "\12\0\0\1", 4);
    number(RTA_OIF, 1, 4);
    number(RTA_IIF, 12345, 4);
    number(RTA_TABLE, 100, 4);
    unsigned metrics = nest(RTA_METRICS);
    number(RTAX_MTU, 1400, 4);
    text(RTAX_CC_ALGO, "cubic");
    end_nest(metrics);
    unsigned several = nest(RTA_MULTIPATH);
    for (int i = 0; i < 2; i++) {
        memcpy(message + used, &hop, sizeof hop);
        used += sizeof hop;
        number(RTA_FLOW, i, 4);
    }
    end_nest(several);
    number(RTA_ENCAP_TYPE, 2, 2);
    put(route, used);

    struct ndmsg neighbour = { AF_INET, 0, 0, 1, NUD_REACHABLE | NUD_STALE, NTF_PROXY, RTN_LOCAL };
    begin(RTM_NEWNEIGH, NLM_F_ACK, &neighbour, sizeof neighbour);
    attribute(NDA_DST, "\12\0\0\1", 4);
    attribute(NDA_LLADDR, "\1\2\3\4\5\6", 6);
    number(NDA_PORT, htons(99), 2);
    put(route, used);
    get(route, 10);

    struct fib_rule_hdr rule = { AF_INET, 0, 0, 0, 99, 0, 0, FR_ACT_TO_TBL, FIB_RULE_INVERT };
    struct fib_rule_uid_range users = { 1, 2 };
    begin(RTM_NEWRULE, 0, &rule, sizeof rule);
    text(FRA_IIFNAME, "lo");
    attribute(FRA_UID_RANGE, &users, sizeof users);
    attribute(FRA_TUN_ID, "\0\0\0\0\0\0\0\7", 8);
    put(route, used);
}

/* Lengths that do not fit, and memory that is not there. */
static void put_wrong(int route)
{
    struct ifaddrmsg head = { AF_INET, 8, IFA_F_PERMANENT, RT_SCOPE_HOST, 1 };
    begin(RTM_NEWADDR, 0, &head, sizeof head);
    attribute(IFA_LOCAL, "\177\0\0\1", 4);
    put(route, used);
    put(route, used - 2);
    put(route, 12);
    put(route, 16);
    put(route, 17);
    ((struct nlmsghdr *)message)->nlmsg_len = 3;
    put(route, used);
    ((struct nlmsghdr *)message)->nlmsg_len = 9999;
    put(route, used);
    ((struct nlmsghdr *)message)->nlmsg_len = used;
    ((struct nlattr *)(message + 24))->nla_len = 2;
    put(route, used);
    ((struct nlattr *)(message + 24))->nla_len = 999;
    put(route, used);
    syscall(SYS_sendto, route, NULL, 20, 0, NULL, 0);
    syscall(SYS_sendto, route, 16L, 20, 0, NULL, 0);
    memcpy(message + used, message, used);
    put(route, 2 * used);
    begin(NLMSG_DONE, NLM_F_MULTI, "\1\0\0\0", 4);
    put(route, used);
    begin(NLMSG_NOOP, 0, "abcd", 4);
    put(route, used);
    begin(NLMSG_ERROR, NLM_F_CAPPED, "\377\377\377\377\20\0\0\0\20\0\0\0\0\0\0\0\0\0\0", 20);
    put(route, used);
    begin(99, NLM_F_ROOT, "abcd", 4);
    put(route, used);
    for (unsigned at = 0; at < 40 * 16; at += 16) memcpy(message + at, "\20\0\0\0\1\0\0\0\0\0\0\0\0\0\0", 16);
    put(route, 40 * 16);
}

int main(void)
{
    static const int protocols[] = { NETLINK_GENERIC, NETLINK_SOCK_DIAG, NETLINK_XFRM, NETLINK_AUDIT, NETLINK_CRYPTO, NETLINK_KOBJECT_UEVENT };
    syscall(SYS_getpid);
    int route = open_socket(NETLINK_ROUTE);
    ask_the_kernel(route);
    put_links(route);
    put_routes(route);
    put_wrong(route);
    for (unsigned i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        int other = open_socket(protocols[i]);
        begin(i == 3 ? 1000 : 16 + i, NLM_F_ACK | NLM_F_ROOT, "\3\1\0\0", 4);
        put(other, used);
        if (protocols[i] != NETLINK_KOBJECT_UEVENT) get(other, sizeof answer);
        syscall(SYS_close, other);
    }
    syscall(SYS_getpid);
    return 0;
}
