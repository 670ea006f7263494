/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ioctl: terminals and ptys, files and file systems, block and loop devices, clocks, random numbers; refusals.
 */
#include "check.h"
#include <asm/termbits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/loop.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/input.h>
#include <sys/ioctl.h>

#define BAD(fd, request) check_bad(fd, #request, request)

static void check_bad(int fd, const char *name, unsigned long request)
{
    static const long bad[] = { 0, 1, 0x123456789000, -PAGE, 0x00ff000000000000 };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        long result = syscall(SYS_ioctl, fd, request, bad[i]);
        printf("%s bad %zu: %s\n", name, i, result < 0 ? check_error(errno) : "ok");
    }
}

static void show_termios(int fd)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t)) {
        printf("no terminal: %s\n", check_error(errno));
        return;
    }
    printf("iflag %x oflag %x cflag %x lflag %x line %d speeds %u %u\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line, t.c_ispeed, t.c_ospeed);
    SHOW_HEX("characters", t.c_cc, sizeof t.c_cc);
}

static void terminals(void)
{
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK), number = -1, lock = 1, value = 7;
    if (master < 0) return;
    CALL(ioctl(master, TIOCGPTN, &number));
    CALL(ioctl(master, TIOCGPTLCK, &lock));
    SHOW("locked", lock);
    char name[64];
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    printf("locked slave: %s\n", open(name, O_RDWR | O_NOCTTY) < 0 ? check_error(errno) : "ok");
    lock = 0;
    CALL(ioctl(master, TIOCSPTLCK, &lock));
    int slave = CALL(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    SHOW("close on exec", fcntl(slave, F_GETFD));
    show_termios(slave);
    struct termios old;
    struct termios2 t;
    struct winsize size = { 25, 80, 640, 480 };
    CALL(ioctl(slave, TCGETS, &old));
    old.c_lflag &= ~ECHO;
    CALL(ioctl(slave, TCSETS, &old));
    CALL(ioctl(slave, TCSETSW, &old));
    CALL(ioctl(slave, TCSETSF, &old));
    CALL(ioctl(slave, TCGETS2, &t));
    t.c_cflag = (t.c_cflag & ~CBAUD) | BOTHER;
    t.c_ospeed = 12345;
    CALL(ioctl(slave, TCSETS2, &t));
    show_termios(slave);
    struct { unsigned short i, o, c, l; unsigned char line, cc[10]; } termio;
    memset(&termio, 0, sizeof termio);
    CALL(ioctl(slave, 0x5405 /* TCGETA */, &termio));
    SHOW_HEX("termio", &termio, 8);
    CALL(ioctl(slave, TIOCSWINSZ, &size));
    memset(&size, 0, sizeof size);
    CALL(ioctl(master, TIOCGWINSZ, &size));
    printf("size %d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
    CALL(write(master, "line\nmore", 9));
    poll(&(struct pollfd){ slave, POLLIN, 0 }, 1, 10000);
    CALL(ioctl(slave, FIONREAD, &value));
    SHOW("waiting", value);
    CALL(ioctl(slave, TIOCOUTQ, &value));
    CALL(ioctl(slave, TCFLSH, 0));
    CALL(ioctl(slave, TCFLSH, 9));
    CALL(ioctl(slave, FIONREAD, &value));
    SHOW("waiting", value);
    CALL(ioctl(slave, TCXONC, 0));
    CALL(ioctl(slave, TCXONC, 1));
    CALL(ioctl(slave, TCXONC, 77));
    CALL(ioctl(slave, TCSBRK, 1));
    CALL(ioctl(slave, TIOCEXCL));
    CALL(ioctl(slave, 0x80045440 /* TIOCGEXCL */, &value));
    SHOW("exclusive", value);
    CALL(ioctl(slave, TIOCNXCL));
    value = 1;
    CALL(ioctl(master, TIOCPKT, &value));
    CALL(ioctl(master, 0x80045438 /* TIOCGPKT */, &value));
    SHOW("packets", value);
    CALL(ioctl(slave, TIOCGETD, &value));
    SHOW("discipline", value);
    value = 99;
    CALL(ioctl(slave, TIOCSETD, &value));
    CALL(ioctl(slave, TIOCGPGRP, &value));
    CALL(ioctl(slave, TIOCGSID, &value));
    CALL(ioctl(slave, TIOCMGET, &value));
    CALL(ioctl(slave, TIOCSTI, "x"));
    CALL(ioctl(slave, 0x5423 + 0x50 /* unknown */, &value));
    CALL(ioctl(slave, TIOCVHANGUP));
    CHILD({
        setsid();
        int terminal = QUIET(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
        CALL(ioctl(terminal, TIOCSCTTY, 0));
        pid_t group = -1;
        CALL(ioctl(terminal, TIOCGPGRP, &group));
        SHOW("own group", group == getpid());
        CALL(ioctl(terminal, TIOCGSID, &group));
        SHOW("own session", group == getpid());
        group = getpid();
        CALL(ioctl(terminal, TIOCSPGRP, &group));
        group = 0x3fffffff;
        CALL(ioctl(terminal, TIOCSPGRP, &group));
        signal(SIGHUP, SIG_IGN);
        CALL(ioctl(terminal, TIOCNOTTY));
        CALL(ioctl(terminal, TIOCNOTTY));
    });
    BAD(master, TCGETS), BAD(master, TCSETS), BAD(master, TIOCGWINSZ), BAD(master, TIOCSWINSZ), BAD(master, TIOCGPTN), BAD(master, TIOCSPTLCK), BAD(master, TIOCPKT);
    CALL(ioctl(0, TCGETS, &old));
    CALL(ioctl(99, TCGETS, &old));
    close(slave), close(master);
}

static void files(void)
{
    int fd = QUIET(open("f", O_RDWR | O_CREAT, 0600)), other = QUIET(open("g", O_RDWR | O_CREAT, 0600)), value = 0, ends[2], block;
    long flags = 0;
    struct { struct fiemap map; struct fiemap_extent extents[2]; } map = { .map = { .fm_length = ~0ull, .fm_extent_count = 2, .fm_flags = 1 } };
    QUIET(pipe(ends));
    QUIET(write(fd, (char[8192]){ 1 }, 8192));
    CALL(ioctl(fd, FS_IOC_GETFLAGS, &flags));
    SHOW("flags", flags & 0xff);
    flags |= 0x80 /* NOATIME */;
    CALL(ioctl(fd, FS_IOC_SETFLAGS, &flags));
    struct fsxattr attributes = { 0 };
    CALL(ioctl(fd, FS_IOC_FSGETXATTR, &attributes));
    SHOW("xflags", attributes.fsx_xflags);
    CALL(ioctl(fd, FS_IOC_FSSETXATTR, &attributes));
    CALL(ioctl(fd, FS_IOC_FIEMAP, &map));
    SHOW("extents", map.map.fm_mapped_extents), SHOW("length", map.extents[0].fe_length);
    map.map.fm_flags = 0x80000000;
    CALL(ioctl(fd, FS_IOC_FIEMAP, &map));
    CALL(ioctl(other, FICLONE, fd));
    CALL(ioctl(other, FICLONE, 99));
    CALL(ioctl(other, FICLONERANGE, &(struct file_clone_range){ .src_fd = fd, .src_length = 4096 }));
    CALL(ioctl(fd, FIGETBSZ, &block));
    SHOW("block", block);
    CALL(ioctl(fd, FIOQSIZE, &(long long){ 0 }));
    CALL(ioctl(fd, FIONREAD, &value));
    SHOW("unread", value);
    QUIET(lseek(fd, 0, SEEK_SET));
    CALL(ioctl(fd, FIONREAD, &value));
    SHOW("unread", value);
    CALL(ioctl(fd, FIOCLEX));
    SHOW("close on exec", fcntl(fd, F_GETFD));
    CALL(ioctl(fd, FIONCLEX));
    value = 1;
    CALL(ioctl(ends[0], FIONBIO, &value));
    SHOW("nonblock", (fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    CALL(ioctl(ends[0], FIOASYNC, &value));
    CALL(ioctl(fd, FIOASYNC, &value));
    CALL(ioctl(fd, FITRIM, &(struct fstrim_range){ .start = 1ull << 60 }));
    CALL(ioctl(ends[0], FIFREEZE, 0));
    char label[256];
    CALL(ioctl(ends[0], FS_IOC_GETFSLABEL, label));
    struct fscrypt_policy_v1 policy;
    CALL(ioctl(ends[0], FS_IOC_GET_ENCRYPTION_POLICY, &policy));
    CALL(ioctl(ends[0], BLKGETSIZE64, label));
    CALL(ioctl(fd, BLKGETSIZE64, label));
    BAD(fd, FS_IOC_GETFLAGS), BAD(fd, FS_IOC_FIEMAP), BAD(fd, FIGETBSZ), BAD(ends[0], FIONREAD), BAD(ends[0], FIONBIO), BAD(fd, FICLONERANGE);
    CALL(ioctl(fd, 0x12345678, 0));
    CALL(ioctl(99, 0x12345678, 0));
    int path = open("f", O_PATH);
    CALL(ioctl(path, FIGETBSZ, &block));
    CALL(ioctl(path, 0x12345678, 0));
    CALL(ioctl(fd, EVIOCGNAME(20), label));
    close(path), close(fd), close(other), close(ends[0]), close(ends[1]);
}

static void devices(void)
{
    int fd = open("/dev/urandom", O_RDONLY), value = -1;
    CALL(ioctl(fd, RNDGETENTCNT, &value));
    SHOW("entropy", value > 0);
    BAD(fd, RNDGETENTCNT);
    close(fd);
    fd = open("/dev/rtc0", O_RDONLY);
    if (fd >= 0) {
        struct rtc_time time;
        OK(ioctl(fd, RTC_RD_TIME, &time));
        close(fd);
    }
    /* A block device of the program's own. */
    int control = open("/dev/loop-control", O_RDWR), file = QUIET(open("image", O_RDWR | O_CREAT, 0600));
    char name[32];
    if (control < 0) return;
    QUIET(ftruncate(file, 1 << 20));
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    snprintf(name, sizeof name, "/dev/loop%d", number);
    fd = open(name, O_RDWR);
    struct loop_info64 info = { 0 };
    uint64_t size = 0, range[2] = { 4096, 8192 };
    unsigned long sectors = 0;
    if (fd < 0) return;
    CALL(ioctl(fd, LOOP_GET_STATUS64, &info));
    CALL(ioctl(fd, LOOP_SET_FD, file) >= 0);
    CALL(ioctl(fd, BLKGETSIZE64, &size));
    SHOW("size", size);
    CALL(ioctl(fd, BLKGETSIZE, &sectors));
    SHOW("sectors", sectors);
    CALL(ioctl(fd, BLKSSZGET, &value));
    SHOW("sector", value);
    CALL(ioctl(fd, BLKBSZGET, &value));
    CALL(ioctl(fd, BLKPBSZGET, &value));
    CALL(ioctl(fd, BLKIOMIN, &value));
    CALL(ioctl(fd, BLKROGET, &value));
    SHOW("read only", value);
    value = 1;
    CALL(ioctl(fd, BLKROSET, &value));
    CALL(ioctl(fd, BLKZEROOUT, range));
    value = 0;
    CALL(ioctl(fd, BLKROSET, &value));
    CALL(ioctl(fd, BLKZEROOUT, range));
    CALL(ioctl(fd, BLKDISCARD, range));
    range[0] = 1;
    CALL(ioctl(fd, BLKZEROOUT, range));
    CALL(ioctl(fd, BLKFLSBUF));
    CALL(ioctl(fd, LOOP_GET_STATUS64, &info));
    SHOW("number", info.lo_number == (unsigned)number);
    info.lo_offset = 4096;
    CALL(ioctl(fd, LOOP_SET_STATUS64, &info));
    CALL(ioctl(fd, BLKGETSIZE64, &size));
    SHOW("size", size);
    BAD(fd, BLKGETSIZE64), BAD(fd, LOOP_GET_STATUS64), BAD(fd, BLKZEROOUT);
    CALL(ioctl(fd, LOOP_CLR_FD));
    close(fd), close(control), close(file);
}

int main(void)
{
    SECTION("terminals");
    terminals();
    SECTION("files");
    files();
    SECTION("devices");
    devices();
    return 0;
}
