/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stat, statx, statfs, extended attributes, directories.
 */
#include "check.h"
#include <dirent.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static char bytes[66000];

static void show_stat(const char *name, const struct stat *s)
{
    printf("%s: mode %o links %d uid %d gid %d size %lld blocks %lld block size %d device %x:%x times %ld.%09ld %ld.%09ld\n", name, s->st_mode,
           (int)s->st_nlink, s->st_uid, s->st_gid, S_ISDIR(s->st_mode) ? 0ll : (long long)s->st_size, S_ISDIR(s->st_mode) ? 0ll : (long long)s->st_blocks,
           (int)s->st_blksize, major(s->st_rdev), minor(s->st_rdev), S_ISREG(s->st_mode) ? s->st_atim.tv_sec : 0,
           S_ISREG(s->st_mode) ? s->st_atim.tv_nsec : 0, S_ISREG(s->st_mode) ? s->st_mtim.tv_sec : 0, S_ISREG(s->st_mode) ? s->st_mtim.tv_nsec : 0);
}

static void status(void)
{
    static const struct timespec times[2] = { { -5, 1 }, { 0x1ffffffff, 999999999 } };
    struct stat s;
    struct statx x;
    check_write_file("f", "12345");
    QUIET(symlink("f", "l")), QUIET(mkdir("d", 01750)), QUIET(mkfifo("p", 0611));
    QUIET(utimensat(AT_FDCWD, "f", times, 0));
    static const char *const paths[] = { "f", "l", "d", "p", "", "none", "f/x", "/dev/null", "/dev/zero", "/proc/self/exe", "/", NULL };
    static const int flags[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT, 0x2000, 0x10000 };
    for (const char *const *path = paths; *path; path++)
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
            printf("fstatat \"%s\" %#x: ", *path, flags[i]);
            if (syscall(SYS_newfstatat, AT_FDCWD, *path, &s, flags[i])) printf("%s\n", check_error(errno));
            else if ((*path)[0] == '/' && strlen(*path) < 2) printf("ok\n");
            else if (strcmp(*path, "/proc/self/exe") == 0) printf("type %o\n", s.st_mode & S_IFMT);
            else show_stat("ok", &s);
        }
    for (const char *const *path = paths; *path; path++) {
        memset(&x, 0x55, sizeof x);
        printf("statx \"%s\": ", *path);
        if (syscall(SYS_statx, AT_FDCWD, *path, AT_SYMLINK_NOFOLLOW, 0x7ff, &x)) printf("%s\n", check_error(errno));
        else
            printf("mask %x mode %o links %u size %llu device %u:%u attributes %llx\n", x.stx_mask & 0x7ff, x.stx_mode,
                   (*path)[1] ? x.stx_nlink : 0, S_ISDIR(x.stx_mode) || (*path)[0] == '/' ? 0ull : (unsigned long long)x.stx_size, x.stx_rdev_major, x.stx_rdev_minor,
                   (unsigned long long)x.stx_attributes & 0x7f);
    }
    QUIET(syscall(SYS_statx, AT_FDCWD, "f", 0, 0xfff, &x));
    printf("times %lld.%09u %lld.%09u\n", (long long)x.stx_atime.tv_sec, x.stx_atime.tv_nsec, (long long)x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec);
    RAW(statx, AT_FDCWD, "f", 0, 0x80000000, &x);
    RAW(statx, AT_FDCWD, "f", 0x6000, 0, &x);
    RAW(statx, AT_FDCWD, "f", 0x80000, 0, &x);
    RAW(statx, 0, "", AT_EMPTY_PATH, 0x7ff, &x);
    RAW(statx, 0, NULL, AT_EMPTY_PATH, 0x7ff, &x);
    RAW(statx, 55, "", AT_EMPTY_PATH, 0x7ff, &x);
    RAW(statx, 55, "", 0, 0x7ff, &x);
    RAW(newfstatat, 0, NULL, &s, AT_EMPTY_PATH);
    RAW(fstat, 55, &s);
    int fd = open("f", O_PATH);
    RAW(fstat, fd, &s);
    show_stat("path", &s);
    close(fd);
    RAW(fstat, 0, check_edge(sizeof s - 8));
    RAW(newfstatat, AT_FDCWD, "f", check_edge(sizeof s - 8), 0);
    RAW(newfstatat, AT_FDCWD, "f", check_edge(sizeof s), 0);
    WILD(fstat, ".o", 0, 0);
    WILD(newfstatat, ".io.", AT_FDCWD, (long)"f", (long)&s, 0);
    WILD(statx, ".i..o", AT_FDCWD, (long)"f", 0, 0x7ff, (long)&x);
}

static void file_systems(void)
{
    struct statfs s;
    static const char *const paths[] = { "/proc", "/dev/null", ".", "none", "", NULL };
    for (const char *const *path = paths; *path; path++) {
        printf("statfs \"%s\": ", *path);
        if (statfs(*path, &s)) printf("%s\n", check_error(errno));
        else printf("type %lx block %ld fragment %ld name %ld flags %lx\n", (long)s.f_type, (long)s.f_bsize, (long)s.f_frsize, (long)s.f_namelen, (long)s.f_flags);
    }
    RAW(fstatfs, 55, &s);
    WILD(statfs, "io", (long)".", (long)&s);
    WILD(fstatfs, ".o", 0, 0);
}

static void attributes(void)
{
    static const char *const names[] = { "user.a", "user.", "user", "", "none.a", "trusted.t", "security.s", "system.x", "user.long-name", NULL };
    for (const char *const *name = names; *name; name++) {
        printf("%s: ", *name);
        RAW(setxattr, "f", *name, "value", 5, 0);
        printf("%s: ", *name);
        RAW(getxattr, "f", *name, bytes, sizeof bytes);
    }
    RAW(setxattr, "f", "user.a", "v", 1, XATTR_CREATE);
    RAW(setxattr, "f", "user.b", "v", 1, XATTR_REPLACE);
    RAW(setxattr, "f", "user.b", "v", 1, 4);
    RAW(setxattr, "f", "user.empty", NULL, 0, 0);
    RAW(setxattr, "f", "user.big", bytes, sizeof bytes, 0);
    RAW(setxattr, "l", "user.link", "v", 1, 0);
    RAW(lsetxattr, "l", "user.link", "v", 1, 0);
    RAW(lsetxattr, "l", "trusted.link", "v", 1, 0);
    RAW(setxattr, "p", "user.pipe", "v", 1, 0);
    RAW(setxattr, "d", "user.dir", "v", 1, 0);
    RAW(getxattr, "f", "user.a", bytes, 2);
    RAW(getxattr, "f", "user.a", bytes, 0);
    RAW(getxattr, "f", "user.a", NULL, 0);
    RAW(getxattr, "f", "user.a", NULL, 10);
    RAW(getxattr, "f", "user.none", bytes, 10);
    RAW(lgetxattr, "l", "user.a", bytes, 10);
    RAW(fgetxattr, 0, "user.a", bytes, 10);
    RAW(fgetxattr, 55, "user.a", bytes, 10);
    long size = RAW(listxattr, "f", bytes, sizeof bytes);
    SHOW_HEX("list", bytes, size > 0 ? size : 0);
    RAW(listxattr, "f", bytes, 3);
    RAW(listxattr, "f", NULL, 0);
    RAW(llistxattr, "l", NULL, 0);
    RAW(flistxattr, 55, NULL, 0);
    memset(bytes, 'n', 300);
    memcpy(bytes, "user.", 5);
    RAW(setxattr, "f", bytes, "v", 1, 0);
    bytes[256] = 0;
    RAW(setxattr, "f", bytes, "v", 1, 0);
    bytes[255] = 0;
    RAW(setxattr, "f", bytes, "v", 1, 0);
    RAW(removexattr, "f", bytes);
    RAW(removexattr, "f", "user.a");
    RAW(removexattr, "f", "user.a");
    RAW(lremovexattr, "l", "user.a");
    RAW(fremovexattr, 0, "user.a");
    struct { uint64_t value; uint32_t size, flags; } arguments = { (uintptr_t)"at", 2, 0 };
    NEW(setxattrat, AT_FDCWD, "f", 0, "user.at", &arguments, sizeof arguments);
    NEW(setxattrat, AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, "user.at", &arguments, sizeof arguments);
    NEW(setxattrat, AT_FDCWD, "f", 0x8000, "user.at", &arguments, sizeof arguments);
    NEW(setxattrat, AT_FDCWD, "f", 0, "user.at", &arguments, 8);
    NEW(setxattrat, AT_FDCWD, "f", 0, "user.at", &arguments, 5000);
    arguments.value = (uintptr_t)bytes, arguments.size = 100;
    NEW(getxattrat, AT_FDCWD, "f", 0, "user.at", &arguments, sizeof arguments);
    NEW(listxattrat, AT_FDCWD, "f", 0, bytes, sizeof bytes);
    NEW(removexattrat, AT_FDCWD, "f", 0, "user.at");
    WILD(setxattr, "iii..", (long)"f", (long)"user.x", (long)"v", 1, 0);
    WILD(getxattr, "iio.", (long)"f", (long)"user.x", (long)bytes, 10);
    WILD(fsetxattr, ".ii..", 0, (long)"user.x", (long)"v", 1, 0);
    WILD(listxattr, "io.", (long)"f", (long)bytes, 100);
    WILD(removexattr, "ii", (long)"f", (long)"user.y");
    WILD_NEW(setxattrat, ".i.ii.", AT_FDCWD, (long)"f", 0, (long)"user.z", (long)&arguments, sizeof arguments);
    WILD_NEW(getxattrat, ".i.ii.", AT_FDCWD, (long)"f", 0, (long)"user.x", (long)&arguments, sizeof arguments);
    WILD_NEW(listxattrat, ".i.o..", AT_FDCWD, (long)"f", 0, (long)bytes, sizeof bytes);
}

struct entry { uint64_t inode; int64_t offset; unsigned short size; unsigned char type; char name[]; };

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void directories(void)
{
    char name[32], *names[400];
    int64_t cookies[400];
    int count = 0;
    QUIET(mkdir("many", 0700));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/%0*d", i % 20 + 1, i);
        check_write_file(name, "");
    }
    int fd = QUIET(open("many", O_RDONLY | O_DIRECTORY));
    for (long got; (got = QUIET(syscall(SYS_getdents64, fd, bytes, 500))) > 0;)
        for (long at = 0; at < got; at += ((struct entry *)(bytes + at))->size) {
            struct entry *entry = (void *)(bytes + at);
            cookies[count] = entry->offset;
            names[count++] = strdup(entry->name);
        }
    SHOW("entries", count);
    /* Each cookie leads to the name that followed. */
    int wrong = 0;
    for (int i = 0; i + 1 < count; i++) {
        if (lseek(fd, cookies[i], SEEK_SET) != cookies[i] || syscall(SYS_getdents64, fd, bytes, 500) <= 0) wrong++;
        else wrong += strcmp(((struct entry *)bytes)->name, names[i + 1]) != 0;
    }
    SHOW("wrong cookies", wrong);
    qsort(names, count, sizeof names[0], compare);
    for (int i = 0; i < count; i += 37) printf("%s\n", names[i]);
    RAW(lseek, fd, 0L, SEEK_SET);
    RAW(getdents64, fd, bytes, 0);
    RAW(getdents64, fd, bytes, 20);
    RAW(getdents64, fd, bytes, 24);
    RAW(getdents64, 0, bytes, 100);
    RAW(getdents64, 55, bytes, 100);
    int file = open("f", O_RDONLY), path = open("many", O_PATH);
    RAW(getdents64, file, bytes, 100);
    RAW(getdents64, path, bytes, 100);
    RAW(lseek, fd, 0L, SEEK_SET);
    WILD(getdents64, ".o.", fd, 0, 500);
    DIR *stream = opendir("many");
    count = 0;
    while (readdir(stream)) count++;
    SHOW("readdir", count);
    closedir(stream);
    close(fd), close(file), close(path);
}

int main(void)
{
    SECTION("status");
    status();
    SECTION("file systems");
    file_systems();
    SECTION("attributes");
    attributes();
    SECTION("directories");
    directories();
    return 0;
}
