/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sockets that are interfaces to the kernel: AF_NETLINK (route, generic, uevent, sock_diag), AF_ALG, AF_VSOCK; and the ioctls of
 * network interfaces and tunnels. In a network namespace of the program's own.
 */
#include "check.h"
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if_alg.h>
#include <linux/if_tun.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <net/route.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void own_network(void)
{
    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) SKIP("no network namespaces");
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, SIOCSIFFLAGS, &request)) SKIP("no loopback");
    close(fd);
}

/* -- netlink */
static void ask(int fd, const void *request, size_t size)
{
    static char answer[32768];
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    if (CALL(sendto(fd, request, size, 0, (struct sockaddr *)&kernel, sizeof kernel)) < 0) return;
    for (int part = 0; part < 8; part++) {
        ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
        if (got < 0) {
            printf("  %s\n", check_error(errno));
            return;
        }
        bool done = false;
        for (struct nlmsghdr *h = (struct nlmsghdr *)answer; NLMSG_OK(h, got); h = NLMSG_NEXT(h, got)) {
            printf("  type %u flags %#x sequence %u length %u", h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq, h->nlmsg_len);
            if (h->nlmsg_type == NLMSG_ERROR) printf(" %s", check_error(-((struct nlmsgerr *)NLMSG_DATA(h))->error));
            if (h->nlmsg_type == RTM_NEWLINK) {
                struct ifinfomsg *link = NLMSG_DATA(h);
                printf(" interface %d type %u", link->ifi_index, link->ifi_type);
                int left = IFLA_PAYLOAD(h);
                for (struct rtattr *a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left))
                    if (a->rta_type == IFLA_IFNAME || a->rta_type == IFLA_QDISC) printf(" %s", (char *)RTA_DATA(a));
            }
            printf("\n");
            done |= h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR || !(h->nlmsg_flags & NLM_F_MULTI);
        }
        if (done) return;
    }
}

static void route(void)
{
    struct { struct nlmsghdr header; struct ifinfomsg link; char more[64]; } request = {
        { NLMSG_LENGTH(sizeof(struct ifinfomsg)), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { .ifi_family = AF_UNSPEC }, "",
    };
    struct sockaddr_nl address = { .nl_family = AF_NETLINK }, got;
    socklen_t length = sizeof got;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    CALL(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    CALL(socket(AF_NETLINK, SOCK_RAW, 99));
    CALL(bind(fd, (struct sockaddr *)&address, 11));
    CALL(bind(fd, (struct sockaddr *)&address, sizeof address));
    CALL(getsockname(fd, (struct sockaddr *)&got, &length));
    printf("port is set %d groups %u length %d\n", got.nl_pid != 0, got.nl_groups, (int)length);
    ask(fd, &request, request.header.nlmsg_len);
    request.header.nlmsg_flags = NLM_F_REQUEST, request.link.ifi_index = 1, request.header.nlmsg_seq = 2;
    ask(fd, &request, request.header.nlmsg_len);
    request.link.ifi_index = 77;
    ask(fd, &request, request.header.nlmsg_len);
    request.header.nlmsg_type = 9999;
    ask(fd, &request, request.header.nlmsg_len);
    request.header.nlmsg_type = NLMSG_NOOP, request.header.nlmsg_flags |= NLM_F_ACK;
    ask(fd, &request, request.header.nlmsg_len);
    CALL(send(fd, &request, 3, 0));
    CALL(send(fd, &request, 15, 0));
    CALL(send(fd, check_pages()->edge, 32, 0));
    /* A pair of interfaces made and renamed. */
    int on = 1, value;
    for (int option = 1; option < 14; option++) {
        length = sizeof value;
        printf("option %d: %s", option, setsockopt(fd, SOL_NETLINK, option, &on, 4) ? check_error(errno) : "ok");
        printf(" %s\n", getsockopt(fd, SOL_NETLINK, option, &value, &length) ? check_error(errno) : "ok");
    }
    close(fd);
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
    address.nl_groups = 1;
    CALL(bind(fd, (struct sockaddr *)&address, sizeof address));
    char data[64];
    CALL(recv(fd, data, sizeof data, MSG_DONTWAIT));
    close(fd);
}

static void generic(void)
{
    struct { struct nlmsghdr header; struct genlmsghdr generic; struct nlattr name; char text[12]; } request = {
        { sizeof request, GENL_ID_CTRL, NLM_F_REQUEST, 5, 0 }, { CTRL_CMD_GETFAMILY, 1, 0 }, { 4 + 7, CTRL_ATTR_FAMILY_NAME }, "nlctrl",
    };
    int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC);
    ask(fd, &request, sizeof request);
    memcpy(request.text, "ferry1", 7);
    ask(fd, &request, sizeof request);
    close(fd);
    struct { struct nlmsghdr header; struct inet_diag_req_v2 request; } diagnose = {
        { sizeof diagnose, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 6, 0 },
        { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = -1 },
    };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4020), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    QUIET(bind(listening, (struct sockaddr *)&address, sizeof address)), QUIET(listen(listening, 1));
    fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);
    ask(fd, &diagnose, sizeof diagnose);
    close(fd), close(listening);
}

/* -- the kernel's ciphers */
static void algorithms(void)
{
    struct sockaddr_alg hash = { .salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256" };
    struct sockaddr_alg cipher = { .salg_family = AF_ALG, .salg_type = "skcipher", .salg_name = "cbc(aes)" };
    unsigned char out[64] = { 0 };
    int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
    if (fd < 0) {
        CALL(fd);
        return;
    }
    CALL(bind(fd, (struct sockaddr *)&hash, 20));
    CALL(bind(fd, (struct sockaddr *)&hash, sizeof hash));
    int operation = CALL(accept(fd, NULL, NULL));
    CALL(send(operation, "abc", 3, MSG_MORE));
    CALL(send(operation, "def", 3, 0));
    CALL(read(operation, out, 64));
    SHOW_HEX("digest", out, 32);
    close(operation), close(fd);
    fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
    if (CALL(bind(fd, (struct sockaddr *)&cipher, sizeof cipher))) return;
    CALL(setsockopt(fd, SOL_ALG, ALG_SET_KEY, "0123456789", 10));
    CALL(setsockopt(fd, SOL_ALG, ALG_SET_KEY, "0123456789abcdef", 16));
    operation = CALL(accept(fd, NULL, NULL));
    char control[CMSG_SPACE(4) + CMSG_SPACE(4 + 16)] = { 0 };
    struct iovec part = { "sixteen bytes...", 16 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_ALG, c->cmsg_type = ALG_SET_OP, c->cmsg_len = CMSG_LEN(4);
    memcpy(CMSG_DATA(c), &(int){ ALG_OP_ENCRYPT }, 4);
    c = CMSG_NXTHDR(&message, c);
    c->cmsg_level = SOL_ALG, c->cmsg_type = ALG_SET_IV, c->cmsg_len = CMSG_LEN(20);
    memcpy(CMSG_DATA(c), &(int){ 16 }, 4);
    CALL(sendmsg(operation, &message, 0));
    CALL(read(operation, out, 16));
    SHOW_HEX("cipher", out, 16);
    close(operation), close(fd);
}

static void virtual(void)
{
    struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = 77777 };
    int fd = CALL(socket(AF_VSOCK, SOCK_STREAM, 0));
    if (fd < 0) return;
    CALL(bind(fd, (struct sockaddr *)&address, 8));
    CALL(bind(fd, (struct sockaddr *)&(struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = 99, .svm_port = 5 }, sizeof address));
    unsigned long long size = 0;
    socklen_t length = sizeof size;
    CALL(getsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, &length));
    SHOW("buffer", size);
    close(fd);
}

/* -- ioctls */
static void interface(int fd, const char *name)
{
    static const struct { const char *name; unsigned long number; } requests[] = {
        { "SIOCGIFFLAGS", SIOCGIFFLAGS }, { "SIOCGIFADDR", SIOCGIFADDR }, { "SIOCGIFDSTADDR", SIOCGIFDSTADDR }, { "SIOCGIFBRDADDR", SIOCGIFBRDADDR },
        { "SIOCGIFNETMASK", SIOCGIFNETMASK }, { "SIOCGIFMETRIC", SIOCGIFMETRIC }, { "SIOCGIFMTU", SIOCGIFMTU }, { "SIOCGIFHWADDR", SIOCGIFHWADDR },
        { "SIOCGIFINDEX", SIOCGIFINDEX }, { "SIOCGIFMAP", SIOCGIFMAP }, { "SIOCGIFTXQLEN", SIOCGIFTXQLEN }, { "SIOCGIFMEM", 0x891f },
        { "SIOCGIFSLAVE", SIOCGIFSLAVE }, { "SIOCGIFPFLAGS", SIOCGIFPFLAGS }, { "SIOCGMIIPHY", SIOCGMIIPHY }, { "SIOCGHWTSTAMP", 0x89b1 },
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct ifreq request;
        memset(&request, 0, sizeof request);
        snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
        int result = ioctl(fd, requests[i].number, &request);
        printf("%s %s: %s\n", requests[i].name, name, result < 0 ? check_error(errno) : "ok");
        if (result >= 0 && requests[i].number != SIOCGIFHWADDR) SHOW_HEX("  ", &request.ifr_ifru, 16);
        printf("  %s\n", ioctl(fd, requests[i].number, check_edge(8)) < 0 ? check_error(errno) : "ok");
    }
}

static void interfaces(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    interface(fd, "lo");
    interface(fd, "none0");
    struct ifreq list[4];
    struct ifconf configuration = { .ifc_len = sizeof list, .ifc_req = list };
    memset(list, 0, sizeof list);
    CALL(ioctl(fd, SIOCGIFCONF, &configuration));
    printf("length %d name %s\n", configuration.ifc_len, list[0].ifr_name);
    configuration.ifc_req = NULL, configuration.ifc_len = 0;
    CALL(ioctl(fd, SIOCGIFCONF, &configuration));
    SHOW("length", configuration.ifc_len);
    configuration.ifc_len = 20, configuration.ifc_req = list;
    CALL(ioctl(fd, SIOCGIFCONF, &configuration));
    SHOW("length", configuration.ifc_len);
    configuration.ifc_len = 80, configuration.ifc_buf = check_pages()->edge;
    CALL(ioctl(fd, SIOCGIFCONF, &configuration));
    struct ifreq request = { .ifr_ifindex = 1 };
    CALL(ioctl(fd, SIOCGIFNAME, &request));
    SHOW_TEXT("name", request.ifr_name);
    request.ifr_mtu = 1400;
    CALL(ioctl(fd, SIOCSIFMTU, &request));
    CALL(ioctl(fd, SIOCGIFMTU, &request));
    SHOW("mtu", request.ifr_mtu);
    struct { unsigned command; char more[400]; } tool = { ETHTOOL_GDRVINFO, "" };
    request.ifr_data = (char *)&tool;
    CALL(ioctl(fd, SIOCETHTOOL, &request));
    tool.command = ETHTOOL_GLINK;
    CALL(ioctl(fd, SIOCETHTOOL, &request));
    SHOW_HEX("link", tool.more, 4);
    tool.command = 0xffff;
    CALL(ioctl(fd, SIOCETHTOOL, &request));
    request.ifr_data = check_pages()->edge;
    CALL(ioctl(fd, SIOCETHTOOL, &request));
    struct rtentry entry;
    memset(&entry, 0, sizeof entry);
    entry.rt_dst.sa_family = entry.rt_genmask.sa_family = AF_INET;
    ((struct sockaddr_in *)&entry.rt_dst)->sin_addr.s_addr = htonl(0x0a010000);
    ((struct sockaddr_in *)&entry.rt_genmask)->sin_addr.s_addr = htonl(0xffff0000);
    entry.rt_flags = RTF_UP, entry.rt_dev = "lo";
    CALL(ioctl(fd, SIOCADDRT, &entry));
    CALL(ioctl(fd, SIOCADDRT, &entry));
    CALL(ioctl(fd, SIOCDELRT, &entry));
    entry.rt_dev = check_pages()->edge;
    CALL(ioctl(fd, SIOCADDRT, &entry));
    CALL(ioctl(fd, SIOCADDRT, NULL));
    struct arpreq arp = { .arp_pa.sa_family = AF_INET, .arp_dev = "lo" };
    CALL(ioctl(fd, SIOCGARP, &arp));
    CALL(ioctl(fd, SIOCSARP, &arp));
    CALL(ioctl(fd, SIOCBRADDBR, "ferry-bridge"));
    CALL(ioctl(fd, SIOCBRDELBR, "ferry-bridge"));
    CALL(ioctl(fd, SIOCBRDELBR, "ferry-bridge"));
    int value = -1;
    CALL(ioctl(fd, SIOCINQ, &value));
    SHOW("bytes", value);
    CALL(ioctl(fd, SIOCOUTQ, &value));
    CALL(ioctl(fd, SIOCATMARK, &value));
    CALL(ioctl(fd, FIOSETOWN, &value));
    CALL(ioctl(fd, FIOGETOWN, &value));
    struct timeval when;
    CALL(ioctl(fd, SIOCGSTAMP, &when));
    close(fd);
}

static void tunnels(void)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (fd < 0) return;
    struct ifreq request = { .ifr_name = "ferry%d", .ifr_flags = IFF_TUN | IFF_NO_PI };
    unsigned features = 0;
    int value = 0;
    char packet[64] = { 0 };
    CALL(ioctl(fd, TUNGETIFF, &request));
    CALL(ioctl(fd, TUNGETFEATURES, &features));
    SHOW("features", features);
    CALL(ioctl(fd, TUNSETIFF, check_pages()->edge));
    CALL(ioctl(fd, TUNSETIFF, &request));
    SHOW_TEXT("name", request.ifr_name);
    CALL(ioctl(fd, TUNSETIFF, &request));
    CALL(ioctl(fd, TUNGETIFF, &request));
    SHOW("flags", (unsigned short)request.ifr_flags);
    CALL(ioctl(fd, TUNSETOWNER, 0));
    CALL(ioctl(fd, TUNSETPERSIST, 0));
    CALL(ioctl(fd, TUNGETSNDBUF, &value));
    SHOW("buffer", value);
    CALL(ioctl(fd, TUNGETVNETHDRSZ, &value));
    SHOW("header", value);
    CALL(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM));
    CALL(ioctl(fd, TUNSETLINK, ARPHRD_NONE));
    CALL(read(fd, packet, sizeof packet));
    CALL(write(fd, packet, sizeof packet));
    close(fd);
}

int main(void)
{
    own_network();
    SECTION("route");
    route();
    SECTION("generic and sock_diag");
    generic();
    SECTION("algorithms");
    algorithms();
    SECTION("vsock");
    virtual();
    SECTION("interfaces");
    interfaces();
    SECTION("tunnels");
    tunnels();
    return 0;
}
