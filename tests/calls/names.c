/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * link, unlink, rename, symlink, mkdir, mknod, readlink, chmod, chown, access, utimensat and their kind.
 */
#include "check.h"
#include <sys/sysmacros.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#define RENAME_WHITEOUT 4
#endif

static void list(const char *name)
{
    struct stat status;
    char link[64] = "";
    if (lstat(name, &status)) {
        printf("  %s: %s\n", name, check_error(errno));
        return;
    }
    ssize_t length = readlink(name, link, sizeof link - 1);
    printf("  %s: mode %o links %d size %lld%s%.*s\n", name, status.st_mode, (int)status.st_nlink,
           S_ISDIR(status.st_mode) ? 0ll : (long long)status.st_size, length > 0 ? " -> " : "", length > 0 ? (int)length : 0, link);
}

static void making(void)
{
    CALL(mkdir("d", 0777));
    CALL(mkdir("d", 0777));
    CALL(mkdir("d/", 0777));
    CALL(mkdir("none/d", 0777));
    CALL(mkdir("", 0777));
    CALL(mkdir("/", 0777));
    CALL(mkdir(".", 0777));
    CALL(mkdir("d/t/", 06777));
    CALL(mkdir("d/t/..", 0777));
    RAW(mkdirat, 77, "x", 0755);
    RAW(mkdirat, 0, "x", 0755);
    CALL(mknod("d/file", S_IFREG | 0600, 0));
    CALL(mknod("d/zero", 0600, 0));
    CALL(mknod("d/fifo", S_IFIFO | 0600, 0));
    CALL(mknod("d/socket", S_IFSOCK | 0600, 0));
    CALL(mknod("d/dir", S_IFDIR | 0600, 0));
    CALL(mknod("d/link", S_IFLNK | 0600, 0));
    CALL(mknod("d/bad", 0170000 | 0600, 0));
    CALL(mknod("d/file", S_IFREG | 0600, 0));
    if (geteuid() == 0) {
        struct stat status;
        mknod("d/null", S_IFCHR | 0600, makedev(1, 3));
        if (stat("d/null", &status) == 0) printf("device %u:%u\n", major(status.st_rdev), minor(status.st_rdev));
        mknod("d/block", S_IFBLK | 0600, makedev(0xabc, 0xfedcb));
        if (stat("d/block", &status) == 0) printf("device %x:%x\n", major(status.st_rdev), minor(status.st_rdev));
    }
    CALL(symlink("target", "d/link"));
    CALL(symlink("target", "d/link"));
    CALL(symlink("", "d/empty"));
    CALL(symlink("x", ""));
    CALL(symlink("x", "none/x"));
    CALL(symlink("x", "d/t/"));
    CALL(symlink("x", "d/new/"));
    for (const char *const *name = (const char *const[]){ "d", "d/t", "d/file", "d/zero", "d/fifo", "d/socket", "d/link", NULL }; *name; name++)
        list(*name);
}

static void linking(void)
{
    check_write_file("d/one", "1");
    CALL(link("d/one", "d/two"));
    CALL(link("d/one", "d/two"));
    CALL(link("d/t", "d/t2"));
    CALL(link("d/none", "d/x"));
    CALL(link("d/link", "d/link2"));
    list("d/link2");
    RAW(linkat, AT_FDCWD, "d/link", AT_FDCWD, "d/link3", AT_SYMLINK_FOLLOW);
    CALL(symlink("one", "d/to-one"));
    RAW(linkat, AT_FDCWD, "d/to-one", AT_FDCWD, "d/hard", AT_SYMLINK_FOLLOW);
    RAW(linkat, AT_FDCWD, "d/to-one", AT_FDCWD, "d/hard2", 0);
    RAW(linkat, AT_FDCWD, "d/one", AT_FDCWD, "d/x", 0x8000);
    RAW(linkat, AT_FDCWD, "", AT_FDCWD, "d/x", AT_EMPTY_PATH);
    list("d/one"), list("d/hard"), list("d/hard2");
    int fd = open("d", O_TMPFILE | O_RDWR, 0600);
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    RAW(linkat, AT_FDCWD, name, AT_FDCWD, "d/from-fd", AT_SYMLINK_FOLLOW);
    RAW(linkat, AT_FDCWD, name, AT_FDCWD, "d/from-fd2", 0);
    RAW(linkat, fd, "", AT_FDCWD, "d/from-empty", AT_EMPTY_PATH);
    close(fd);
    list("d/from-fd");
    CALL(unlink("d/two"));
    CALL(unlink("d/two"));
    CALL(unlink("d/t"));
    CALL(unlink("d/one/"));
    CALL(unlink("d/link/"));
    CALL(unlink(""));
    CALL(rmdir("d/one"));
    CALL(rmdir("d"));
    CALL(rmdir("d/t/."));
    CALL(rmdir("d/t/.."));
    CALL(rmdir("/"));
    RAW(unlinkat, AT_FDCWD, "d/t", 0);
    RAW(unlinkat, AT_FDCWD, "d/t", AT_REMOVEDIR);
    RAW(unlinkat, AT_FDCWD, "d/t", 1);
    RAW(unlinkat, 78, "d/t", 0);
}

static void renaming(void)
{
    check_write_file("d/a", "aaa");
    check_write_file("d/b", "b");
    QUIET(mkdir("d/x", 0755)), QUIET(mkdir("d/y", 0755)), QUIET(mkdir("d/x/z", 0755));
    CALL(rename("d/a", "d/b"));
    list("d/a"), list("d/b");
    CALL(rename("d/b", "d/b"));
    CALL(rename("d/x", "d/x/z/w"));
    CALL(rename("d/x", "d/b"));
    CALL(rename("d/b", "d/x"));
    CALL(rename("d/y", "d/x"));
    CALL(rename("d/x/z", "d/y"));
    CALL(rename("d/b", "d/b2/"));
    CALL(rename("d/y", "d/y2/"));
    CALL(rename("d/none", "d/c"));
    CALL(rename("d/.", "d/c"));
    CALL(rename("d/..", "d/c"));
    CALL(rename("", "d/c"));
    CALL(rename("d/b", ""));
    RAW(renameat2, AT_FDCWD, "d/b", AT_FDCWD, "d/one", RENAME_NOREPLACE);
    RAW(renameat2, AT_FDCWD, "d/b", AT_FDCWD, "d/new", RENAME_NOREPLACE);
    RAW(renameat2, AT_FDCWD, "d/new", AT_FDCWD, "d/x", RENAME_EXCHANGE);
    list("d/new"), list("d/x");
    RAW(renameat2, AT_FDCWD, "d/new", AT_FDCWD, "d/none", RENAME_EXCHANGE);
    RAW(renameat2, AT_FDCWD, "d/new", AT_FDCWD, "d/x", RENAME_EXCHANGE | RENAME_NOREPLACE);
    RAW(renameat2, AT_FDCWD, "d/new", AT_FDCWD, "d/x", 0x80);
    RAW(renameat, AT_FDCWD, "d/x", 55, "d");
    RAW(renameat, 55, "d/x", AT_FDCWD, "d/q");
    RAW(renameat, 55, "/none", AT_FDCWD, "d/q");
}

static void changing(void)
{
    struct stat status;
    struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
    CALL(chmod("d/one", 07777));
    list("d/one");
    CALL(chmod("d/one", -1));
    CALL(chmod("d/link", 0600));
    CALL(chmod("d/to-one", 0612));
    list("d/one");
    NEW(fchmodat2, AT_FDCWD, "d/one", 0640, 0);
    NEW(fchmodat2, AT_FDCWD, "d/to-one", 0640, AT_SYMLINK_NOFOLLOW);
    NEW(fchmodat2, AT_FDCWD, "d/one", 0640, 0x20);
    int fd = open("d/one", O_PATH);
    NEW(fchmodat2, fd, "", 0604, AT_EMPTY_PATH);
    CALL(fchmod(fd, 0600));
    list("d/one");
    CALL(fchown(fd, -1, -1));
    RAW(fchownat, fd, "", -1, -1, AT_EMPTY_PATH);
    RAW(fchownat, AT_FDCWD, "d/link", -1, -1, AT_SYMLINK_NOFOLLOW);
    RAW(fchownat, AT_FDCWD, "d/link", -1, -1, 0);
    RAW(fchownat, AT_FDCWD, "d/one", -1, -1, 0x20);
    close(fd);
    RAW(utimensat, AT_FDCWD, "d/one", times, 0);
    QUIET(stat("d/one", &status));
    printf("times %ld.%09ld %ld.%09ld\n", status.st_atim.tv_sec, status.st_atim.tv_nsec, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT, times[1].tv_nsec = UTIME_OMIT;
    RAW(utimensat, AT_FDCWD, "d/none", times, 0);
    RAW(utimensat, 99, "d/none", times, 0);
    times[0].tv_nsec = 1000000000;
    RAW(utimensat, AT_FDCWD, "d/one", times, 0);
    times[0].tv_nsec = -1;
    RAW(utimensat, AT_FDCWD, "d/one", times, 0);
    times[0].tv_nsec = 5, times[0].tv_sec = -5, times[1].tv_nsec = 6, times[1].tv_sec = 0x300000000;
    RAW(utimensat, AT_FDCWD, "d/one", times, 0);
    QUIET(stat("d/one", &status));
    printf("times %ld.%09ld %ld.%09ld\n", status.st_atim.tv_sec, status.st_atim.tv_nsec, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    RAW(utimensat, AT_FDCWD, "d/link", NULL, AT_SYMLINK_NOFOLLOW);
    RAW(utimensat, AT_FDCWD, "d/link", NULL, 0);
    RAW(utimensat, AT_FDCWD, NULL, NULL, 0);
    RAW(utimensat, 0, NULL, NULL, 4);
    fd = open("d/one", O_RDONLY);
    RAW(utimensat, fd, NULL, times, 0);
    RAW(utimensat, fd, "", times, AT_EMPTY_PATH);
    close(fd);
}

static void reaching(void)
{
    char buffer[64];
    RAW(faccessat, AT_FDCWD, "d/one", R_OK);
    RAW(faccessat, AT_FDCWD, "d/one", 8);
    RAW(faccessat, AT_FDCWD, "d/none", F_OK);
    RAW(faccessat2, AT_FDCWD, "d/link", F_OK, 0);
    RAW(faccessat2, AT_FDCWD, "d/link", F_OK, AT_SYMLINK_NOFOLLOW);
    RAW(faccessat2, AT_FDCWD, "d/one", X_OK, AT_EACCESS);
    RAW(faccessat2, AT_FDCWD, "", F_OK, AT_EMPTY_PATH);
    RAW(faccessat2, AT_FDCWD, "d/one", F_OK, 0x40000);
    RAW(readlinkat, AT_FDCWD, "d/link", buffer, sizeof buffer);
    RAW(readlinkat, AT_FDCWD, "d/link", buffer, 3);
    SHOW_HEX("cut", buffer, 4);
    RAW(readlinkat, AT_FDCWD, "d/link", buffer, 0);
    RAW(readlinkat, AT_FDCWD, "d/link", buffer, -1);
    RAW(readlinkat, AT_FDCWD, "d/one", buffer, sizeof buffer);
    RAW(readlinkat, AT_FDCWD, "", buffer, sizeof buffer);
    int fd = open("d/link", O_PATH | O_NOFOLLOW);
    RAW(readlinkat, fd, "", buffer, sizeof buffer);
    RAW(readlinkat, 44, "", buffer, sizeof buffer);
    close(fd);
    CALL(truncate("d/one", 5));
    CALL(truncate("d/one", -1));
    CALL(truncate("d", 5));
    CALL(truncate("d/link", 5));
    CALL(truncate("d/fifo", 5));
    CALL(truncate("d/one", 1ll << 60));
    list("d/one");
    CALL(chdir("d/one"));
    CALL(chdir("d/none"));
    CALL(chdir("d/x"));
    CALL(chdir("d/new"));
    CALL(fchdir(0));
    CALL(fchdir(66));
    CALL(chdir("../.."));
    CALL(getcwd(buffer, 1) != NULL);
    RAW(getcwd, NULL, 0);
    RAW(getcwd, buffer, 0);
    /* The directory is gone. */
    QUIET(mkdir("gone", 0755)), QUIET(chdir("gone")), QUIET(rmdir("../gone"));
    RAW(getcwd, buffer, sizeof buffer);
    CALL(open(".", O_RDONLY) >= 0);
    CALL(open("x", O_CREAT, 0600));
    CALL(mkdir("x", 0700));
    CALL(chdir(".."));
}

static void wild(void)
{
    static char buffer[PAGE];
    static struct timespec times[2];
    WILD(mkdirat, ".i.", AT_FDCWD, 0, 0755);
    WILD(mknodat, ".i..", AT_FDCWD, 0, 0600, 0);
    WILD(symlinkat, "i.i", (long)"a", AT_FDCWD, (long)"d/wild");
    WILD(linkat, ".i.i.", AT_FDCWD, (long)"d/one", AT_FDCWD, (long)"d/wild", 0);
    WILD(unlinkat, ".i.", AT_FDCWD, 0, 0);
    WILD(renameat, ".i.i", AT_FDCWD, (long)"d/one", AT_FDCWD, (long)"d/wild");
    WILD(renameat2, ".i.i.", AT_FDCWD, (long)"d/one", AT_FDCWD, (long)"d/wild", 0);
    WILD(readlinkat, ".io.", AT_FDCWD, (long)"d/link", (long)buffer, sizeof buffer);
    WILD(fchmodat, ".i..", AT_FDCWD, 0, 0600);
    WILD(fchownat, ".i...", AT_FDCWD, 0, -1, -1, 0);
    WILD(faccessat, ".i..", AT_FDCWD, 0, F_OK);
    WILD(utimensat, ".ii.", AT_FDCWD, (long)"d/one", (long)times, 0);
    WILD(truncate, "i.", 0, 0);
    WILD(chdir, "i", 0);
    WILD(getcwd, "o.", 0, PAGE);
}

int main(void)
{
    SECTION("making");
    making();
    SECTION("linking");
    linking();
    SECTION("renaming");
    renaming();
    SECTION("changing");
    changing();
    SECTION("reaching");
    reaching();
    SECTION("bad pointers");
    wild();
    return 0;
}
