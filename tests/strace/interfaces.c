/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ioctl requests that work, whose lines are compared with strace(1)'s: terminals, network interfaces (run.sh gives it a network namespace),
 * extents of a file, random numbers.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/input.h>
#include <linux/random.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REQUEST(fd, request, argument) syscall(SYS_ioctl, fd, request, argument)

static char buffer[4096];

static void terminals(void)
{
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    REQUEST(terminal, TCGETA, buffer);
    REQUEST(terminal, TCSETA, buffer);
    REQUEST(terminal, TCGETA, NULL);
    REQUEST(-1, TCGETA, buffer);
    REQUEST(-1, TCSETAW, buffer);
    REQUEST(terminal, TIOCGLCKTRMIOS, buffer);
    REQUEST(terminal, TIOCMGET, buffer);
    REQUEST(terminal, TIOCSTI, "x");
    REQUEST(terminal, TIOCSTI, NULL);
}

static void interfaces(void)
{
    static const unsigned requests[] = {
        SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFTXQLEN, SIOCGIFMAP, SIOCGIFSLAVE, SIOCADDMULTI,
        SIOCSIFSLAVE, SIOCETHTOOL, SIOCBRADDIF, SIOCGIFENCAP,
    };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifconf list = { sizeof buffer, { buffer } };
    struct ifreq interface = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    REQUEST(fd, SIOCSIFFLAGS, &interface);
    REQUEST(fd, SIOCGIFCONF, &list);
    REQUEST(fd, SIOCGIFCONF, &list);
    list.ifc_len = 7;
    REQUEST(fd, SIOCGIFCONF, &list);
    REQUEST(-1, SIOCGIFCONF, &list);
    list.ifc_buf = NULL;
    list.ifc_len = 80;
    REQUEST(fd, SIOCGIFCONF, &list);
    REQUEST(-1, SIOCGIFCONF, &list);
    REQUEST(fd, SIOCGIFCONF, NULL);
    REQUEST(fd, SIOCGIFCONF, 8L);
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        memset((char *)&interface + IFNAMSIZ, 0, sizeof interface - IFNAMSIZ);
        REQUEST(fd, requests[i], &interface);
        REQUEST(-1, requests[i], &interface);
        REQUEST(fd, requests[i], NULL);
    }
}

static void files(void)
{
    struct { struct fiemap map; struct fiemap_extent extents[4]; } map;
    int file = open("/etc/passwd", O_RDONLY);
    memset(&map, 0, sizeof map);
    map.map.fm_length = ~0ull;
    map.map.fm_flags = FIEMAP_FLAG_SYNC;
    map.map.fm_extent_count = 4;
    REQUEST(file, FS_IOC_FIEMAP, &map);
    REQUEST(-1, FS_IOC_FIEMAP, &map);
    REQUEST(file, FS_IOC_FIEMAP, NULL);
    REQUEST(file, FS_IOC_GETFLAGS, buffer);
    REQUEST(file, FS_IOC_FSGETXATTR, buffer);
    REQUEST(-1, FIFREEZE, 0);
}

static void devices(void)
{
    static const unsigned requests[] = {
        EVIOCGVERSION, EVIOCGID, EVIOCGREP, EVIOCGPROP(8), EVIOCGKEY(96), EVIOCGBIT(0, 8), EVIOCGBIT(EV_KEY, 96), EVIOCGBIT(30, 4), EVIOCGABS(ABS_X),
        EVIOCGABS(0x3f), EVIOCSABS(ABS_Y), EVIOCGNAME(80), TUNGETFEATURES, TUNSETPERSIST, 0x12345678, 0x7801, 0xc0107801, 0x80107801, 0x40107801,
    };
    memset(buffer, 0, sizeof buffer);
    buffer[0] = buffer[4] = 8;
    REQUEST(-1, RNDADDENTROPY, buffer);
    REQUEST(-1, RNDADDENTROPY, NULL);
    REQUEST(-1, RNDADDTOENTCNT, buffer);
    REQUEST(-1, RNDCLEARPOOL, 0);
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) REQUEST(-1, requests[i], buffer);
    REQUEST(-1, TUNSETPERSIST, NULL);
}

int main(void)
{
    syscall(SYS_getpid);
    terminals();
    interfaces();
    files();
    devices();
    syscall(SYS_getpid);
    return 0;
}
