/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * openat, openat2 with each RESOLVE_ flag, creat flags.
 */
#include "check.h"
#include <limits.h>
#include <linux/openat2.h>

#define OPENAT2(path, ...) check_openat2(path, #__VA_ARGS__, &(struct open_how){ __VA_ARGS__ }, sizeof(struct open_how))

static void check_openat2(const char *path, const char *text, const struct open_how *how, size_t size)
{
    long fd = syscall(SYS_openat2, AT_FDCWD, path, how, size);
    printf("openat2 %s {%s}: %s\n", path, text, fd < 0 ? check_error(errno) : "ok");
    if (fd >= 0) close(fd);
}

static void prepare(void)
{
    QUIET(mkdir("d", 0755));
    QUIET(mkdir("d/e", 0755));
    check_write_file("d/file", "content");
    QUIET(symlink("file", "d/link"));
    QUIET(symlink("/", "d/root"));
    QUIET(symlink("../d", "d/up"));
    QUIET(symlink("/proc/self/exe", "d/magic"));
    QUIET(symlink("nowhere", "d/dangling"));
    QUIET(symlink("loop", "d/loop"));
    QUIET(mkfifo("d/fifo", 0600));
}

static void flags(void)
{
    static const struct { const char *name; int flags; } how[] = {
        { "RDONLY", O_RDONLY }, { "WRONLY", O_WRONLY }, { "RDWR", O_RDWR }, { "ACCMODE", O_ACCMODE }, { "CREAT", O_CREAT | O_RDWR },
        { "CREAT|EXCL", O_CREAT | O_EXCL | O_RDWR }, { "TRUNC", O_TRUNC }, { "DIRECTORY", O_DIRECTORY }, { "NOFOLLOW", O_NOFOLLOW },
        { "PATH", O_PATH }, { "PATH|NOFOLLOW", O_PATH | O_NOFOLLOW }, { "PATH|DIRECTORY", O_PATH | O_DIRECTORY },
        { "CREAT|DIRECTORY", O_CREAT | O_DIRECTORY }, { "TMPFILE", O_TMPFILE | O_RDWR }, { "TMPFILE|RDONLY", O_TMPFILE },
        { "NOATIME", O_NOATIME }, { "APPEND", O_APPEND | O_WRONLY }, { "SYNC", O_SYNC | O_WRONLY }, { "DSYNC", O_DSYNC | O_WRONLY },
        { "NONBLOCK|RDONLY", O_NONBLOCK }, { "NONBLOCK|WRONLY", O_NONBLOCK | O_WRONLY }, { "unknown", 0x40000000 },
        { "ASYNC", O_ASYNC | O_NONBLOCK },
    };
    static const char *const paths[] = {
        "d/file", "d", "d/link", "d/dangling", "d/loop", "d/file/", "d/link/", "d/file/x", "d/e/", "", "d/none/x", "d/new",
    };
    for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++)
        for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
            errno = 0;
            int fd = open(paths[p], how[i].flags | O_CLOEXEC, 0640);
            printf("open \"%s\" %s: %s", paths[p], how[i].name, fd < 0 ? check_error(errno) : "ok");
            if (fd >= 0) {
                int got = fcntl(fd, F_GETFL);
                printf(" access %d%s%s%s%s%s%s%s%s", got & O_ACCMODE, got & O_APPEND ? " append" : "", got & O_DIRECTORY ? " directory" : "",
                       got & O_NOFOLLOW ? " nofollow" : "", got & O_PATH ? " path" : "", (got & O_TMPFILE) == O_TMPFILE ? " tmpfile" : "",
                       (got & O_SYNC) == O_SYNC ? " sync" : got & O_DSYNC ? " dsync" : "", got & O_NOATIME ? " noatime" : "",
                       got & O_ASYNC ? " async" : "");
                close(fd);
            }
            printf("\n");
            if (p == 11) unlink("d/new");
        }
    int fd = open("d/fifo", O_RDWR | O_NONBLOCK);
    CALL(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE));
    close(fd);
    CALL(open("d/fifo", O_WRONLY | O_NONBLOCK));
    CALL(open("d/file", O_DIRECT | O_RDONLY));
    CALL((fcntl(3, F_GETFL) & O_DIRECT) != 0);
    close(3);
    CALL(openat(100, "d/file", O_RDONLY));
    CALL(openat(100, "/etc/passwd", O_RDONLY));
    close(3);
    CALL(openat(0, "d/file", O_RDONLY));
    CALL(creat("d/e", 0600));
    CALL(access("d/new", F_OK));
}

static void modes(void)
{
    struct stat status;
    umask(0);
    for (int mode = 0; mode < 010000; mode += 0711) {
        QUIET(close(open("d/mode", O_CREAT | O_EXCL | O_WRONLY, mode)));
        QUIET(stat("d/mode", &status));
        printf("mode %o: %o\n", mode, status.st_mode);
        unlink("d/mode");
    }
    umask(022);
}

static void resolving(void)
{
    static const char *const paths[] = {
        "d/file", "d/link", "d/root/etc/passwd", "d/up/file", "d/magic", "d/dangling", "/etc/passwd", "../native/x", "d/../d/file", "..",
        "/proc/self/exe", "/proc/self/fd/0", "d/loop", ".", "/", "d/e/../../..", "/proc/self/cwd/d/file", "/proc/version",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        OPENAT2(paths[i], .flags = O_RDONLY);
        OPENAT2(paths[i], .flags = O_PATH | O_NOFOLLOW);
        OPENAT2(paths[i], .resolve = RESOLVE_NO_XDEV);
        OPENAT2(paths[i], .resolve = RESOLVE_NO_MAGICLINKS);
        OPENAT2(paths[i], .resolve = RESOLVE_NO_SYMLINKS);
        OPENAT2(paths[i], .resolve = RESOLVE_BENEATH);
        OPENAT2(paths[i], .resolve = RESOLVE_IN_ROOT);
        OPENAT2(paths[i], .resolve = RESOLVE_CACHED);
        OPENAT2(paths[i], .resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH);
    }
    OPENAT2("d/file", .resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT);
    OPENAT2("d/file", .resolve = 0x8000);
    OPENAT2("d/file", .mode = 0644);
    OPENAT2("d/file", .flags = 0x40000000);
    OPENAT2("d/file", .flags = 1ull << 40);
    OPENAT2("d/file", .flags = O_PATH | O_RDWR);
    OPENAT2("d/new", .flags = O_CREAT | O_WRONLY, .mode = 0600);
    OPENAT2("d/new", .flags = O_CREAT | O_EXCL | O_WRONLY, .mode = 0600);
    OPENAT2("d/new2", .flags = O_CREAT | O_WRONLY, .mode = 0200000);
    OPENAT2("d", .flags = O_TMPFILE | O_RDWR, .mode = 0600);
    OPENAT2("d", .flags = O_DIRECTORY);
    OPENAT2("d/file", .flags = O_DIRECTORY);
    OPENAT2("d/link", .flags = O_NOFOLLOW);
}

static void sizes(void)
{
    struct { struct open_how how; uint64_t more[4]; } how = { .how = { .flags = O_RDONLY } };
    for (size_t size = 0; size <= sizeof how; size += 8)
        if (RAW(openat2, AT_FDCWD, "d/file", &how, size) >= 0) close(4);
    how.more[1] = 1;
    RAW(openat2, AT_FDCWD, "d/file", &how, sizeof how);
    RAW(openat2, AT_FDCWD, "d/file", &how, sizeof how.how + 8);
    close(4);
    RAW(openat2, AT_FDCWD, "d/file", &how, 4096);
    RAW(openat2, AT_FDCWD, "d/file", &how, 4097);
    RAW(openat2, AT_FDCWD, "d/file", &how, -1);
    struct open_how edge = { .flags = O_PATH };
    memcpy(check_edge(sizeof edge), &edge, sizeof edge);
    RAW(openat2, AT_FDCWD, "d/file", check_edge(sizeof edge), sizeof edge);
    close(4);
    RAW(openat2, AT_FDCWD, "d/file", check_edge(sizeof edge), sizeof edge + 8);
}

static void names(void)
{
    static char name[2 * PATH_MAX];
    memset(name, 'x', sizeof name);
    name[255] = 0;
    CALL(open(name, O_RDONLY));
    name[255] = 'x', name[256] = 0;
    CALL(open(name, O_RDONLY));
    memset(name, '/', sizeof name);
    name[0] = '.';
    for (int length = 4090; length < 4100; length++) {
        name[length] = 0;
        printf("%d: ", length);
        int fd = CALL(open(name, O_RDONLY));
        if (fd >= 0) close(fd);
        name[length] = '/';
    }
    memcpy(check_edge(7), "d/file", 7);
    CALL(open(check_edge(7), O_RDONLY));
    CALL(close(4));
    memcpy(check_edge(6), "d/file", 6);
    CALL(open(check_edge(6), O_RDONLY));
}

int main(void)
{
    prepare();
    SECTION("flags");
    flags();
    SECTION("modes");
    modes();
    SECTION("openat2");
    resolving();
    SECTION("sizes of open_how");
    sizes();
    SECTION("names");
    names();
    SECTION("bad pointers");
    WILD(openat, ".i..", AT_FDCWD, 0, O_RDONLY, 0);
    WILD(openat2, ".ii.", AT_FDCWD, (long)"d/file", (long)&(struct open_how){ .flags = O_PATH }, sizeof(struct open_how));
    return 0;
}
