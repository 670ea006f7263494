/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * inotify and fanotify: what they report, in which form; file handles.
 */
#include "check.h"
#include <limits.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>

static char buffer[8192];

static void show_inotify(int fd)
{
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0) printf("read: %s\n", check_error(errno));
    for (ssize_t at = 0; at < got;) {
        struct inotify_event *event = (void *)(buffer + at);
        printf("  watch %d mask %x cookie %d name \"%s\" length %u\n", event->wd, event->mask, event->cookie != 0, event->len ? event->name : "", event->len);
        at += sizeof *event + event->len;
    }
}

static void files(void)
{
    check_write_file("d/file", "x");
    close(open("d/file", O_RDONLY));
    chmod("d/file", 0600);
    rename("d/file", "d/other");
    mkdir("d/sub", 0700);
    truncate("d/other", 0);
    unlink("d/other");
    rmdir("d/sub");
}

static void watching(void)
{
    RAW(inotify_init1, 1);
    int fd = RAW(inotify_init1, IN_NONBLOCK | IN_CLOEXEC);
    CALL(fcntl(fd, F_GETFD));
    QUIET(mkdir("d", 0700));
    int watch = RAW(inotify_add_watch, fd, "d", IN_ALL_EVENTS);
    files();
    show_inotify(fd);
    RAW(inotify_add_watch, fd, "d", IN_CREATE | IN_MASK_ADD);
    RAW(inotify_add_watch, fd, "d", IN_CREATE | IN_MASK_CREATE);
    RAW(inotify_add_watch, fd, "d", 0);
    RAW(inotify_add_watch, fd, "none", IN_CREATE);
    RAW(inotify_add_watch, 0, "d", IN_CREATE);
    check_write_file("f", "");
    symlink("f", "l");
    RAW(inotify_add_watch, fd, "f", IN_CREATE | IN_ONLYDIR);
    RAW(inotify_add_watch, fd, "f", IN_ATTRIB | IN_ONESHOT);
    RAW(inotify_add_watch, fd, "l", IN_ATTRIB | IN_DONT_FOLLOW);
    chmod("f", 0600), chmod("f", 0644);
    show_inotify(fd);
    RAW(inotify_rm_watch, fd, watch);
    RAW(inotify_rm_watch, fd, watch);
    RAW(inotify_rm_watch, 0, watch);
    show_inotify(fd);
    show_inotify(fd);
    RAW(inotify_add_watch, fd, "d", IN_CREATE);
    check_write_file("d/a-long-name-for-a-small-buffer", "");
    RAW(read, fd, buffer, 16);
    RAW(read, fd, check_edge(40), 64);
    RAW(read, fd, buffer, sizeof buffer);
    WILD(inotify_add_watch, ".i.", fd, 0, IN_CREATE);
    close(fd);
}

static void show_fanotify(int fd)
{
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0) printf("read: %s\n", check_error(errno));
    for (ssize_t at = 0; at < got;) {
        struct fanotify_event_metadata *event = (void *)(buffer + at);
        char link[64], path[PATH_MAX];
        printf("  length %u version %u metadata %u mask %llx own %d", event->event_len, event->vers, event->metadata_len,
               (unsigned long long)event->mask, event->pid == getpid());
        if (event->fd >= 0) {
            snprintf(link, sizeof link, "/proc/self/fd/%d", event->fd);
            ssize_t length = readlink(link, path, sizeof path - 1);
            path[length < 0 ? 0 : length] = 0;
            printf(" file %s access %d", strrchr(path, '/') ? strrchr(path, '/') + 1 : "", fcntl(event->fd, F_GETFL) & O_ACCMODE);
            close(event->fd);
        }
        for (size_t info = event->metadata_len; info < event->event_len;) {
            struct fanotify_event_info_header *header = (void *)((char *)event + info);
            struct file_handle *handle = (void *)((char *)header + 12);
            printf(" info %d of %d bytes", header->info_type, header->len);
            if (header->info_type <= 3 || header->info_type == 10 || header->info_type == 12) {
                printf(" handle %u type %d", handle->handle_bytes, handle->handle_type);
                if (header->info_type != 1 && header->info_type != 3) printf(" name %s", handle->f_handle + handle->handle_bytes);
            }
            info += header->len;
        }
        printf("\n");
        at += event->event_len;
    }
}

static void reporting(void)
{
    for (unsigned flags = 0; flags < 0x10000; flags = flags ? flags * 2 : 1) {
        int fd = syscall(SYS_fanotify_init, flags, O_RDONLY);
        printf("fanotify_init %#x: %s\n", flags, fd < 0 ? check_error(errno) : "ok");
        if (fd >= 0) close(fd);
    }
    RAW(fanotify_init, FAN_CLASS_NOTIF, 0x40000000);
    RAW(fanotify_init, FAN_CLASS_NOTIF, O_ACCMODE);
    int fd = RAW(fanotify_init, FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC, O_RDWR | O_LARGEFILE | O_CLOEXEC);
    if (fd < 0) return;
    RAW(fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN | FAN_MODIFY | FAN_CLOSE | FAN_EVENT_ON_CHILD, AT_FDCWD, "d");
    files();
    show_fanotify(fd);
    RAW(fanotify_mark, fd, FAN_MARK_REMOVE, FAN_OPEN, AT_FDCWD, "d");
    files();
    show_fanotify(fd);
    RAW(fanotify_mark, fd, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, "d");
    RAW(fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_OPEN, AT_FDCWD, "f");
    RAW(fanotify_mark, fd, FAN_MARK_ADD, 0, AT_FDCWD, "f");
    RAW(fanotify_mark, fd, 0, FAN_OPEN, AT_FDCWD, "f");
    RAW(fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "none");
    RAW(fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN, 99, "f");
    RAW(fanotify_mark, 0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "f");
    RAW(fanotify_mark, fd, FAN_MARK_ADD, 1ull << 60, AT_FDCWD, "f");
    RAW(fanotify_mark, fd, 0x10000000, FAN_OPEN, AT_FDCWD, "f");
    RAW(fanotify_mark, fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
    RAW(fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, FAN_OPEN, AT_FDCWD, "l");
    WILD(fanotify_mark, "....i", fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, 0);
    close(fd);
    fd = RAW(fanotify_init, FAN_CLASS_NOTIF | FAN_NONBLOCK | 0xe00 /* DFID_NAME and FID */, O_RDONLY);
    RAW(fanotify_mark, fd, FAN_MARK_ADD, FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ATTRIB | FAN_EVENT_ON_CHILD | FAN_ONDIR, AT_FDCWD, "d");
    files();
    show_fanotify(fd);
    RAW(read, fd, buffer, 10);
    close(fd);
    /* Permission events: the answer decides. */
    fd = RAW(fanotify_init, FAN_CLASS_CONTENT, O_RDONLY);
    RAW(fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, "f");
    for (int answer = FAN_ALLOW; answer <= FAN_DENY; answer++) {
        pid_t child = fork();
        if (child == 0) _exit(open("f", O_RDONLY) < 0 ? errno : 0);
        QUIET(read(fd, buffer, sizeof buffer));
        struct fanotify_event_metadata *event = (void *)buffer;
        struct fanotify_response response = { event->fd, answer };
        SHOW("mask", event->mask), SHOW("child", event->pid == child);
        CALL(write(fd, &response, sizeof response));
        close(event->fd);
        check_wait("open", child);
        CALL(write(fd, &response, sizeof response));
    }
    close(fd);
}

static void handles(void)
{
    struct { struct file_handle handle; char bytes[128]; } h = { .handle.handle_bytes = 0 };
    int mount, directory = QUIET(open(".", O_RDONLY));
    RAW(name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0);
    SHOW("bytes", h.handle.handle_bytes);
    RAW(name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0);
    SHOW("type", h.handle.handle_type);
    int fd = RAW(open_by_handle_at, directory, &h, O_RDONLY);
    if (fd >= 0) {
        SHOW("access", fcntl(fd, F_GETFL) & O_ACCMODE);
        close(fd);
    }
    fd = RAW(open_by_handle_at, directory, &h, O_PATH | O_NOFOLLOW);
    if (fd >= 0) {
        SHOW("path", (fcntl(fd, F_GETFL) & O_PATH) != 0);
        close(fd);
    }
    RAW(open_by_handle_at, directory, &h, O_DIRECTORY);
    RAW(open_by_handle_at, 99, &h, O_RDONLY);
    h.handle.handle_type = 99;
    RAW(open_by_handle_at, directory, &h, O_RDONLY);
    h.handle.handle_bytes = 200;
    RAW(name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0);
    RAW(open_by_handle_at, directory, &h, O_RDONLY);
    h.handle.handle_bytes = 128;
    RAW(name_to_handle_at, AT_FDCWD, "none", &h, &mount, 0);
    RAW(name_to_handle_at, AT_FDCWD, "l", &h, &mount, AT_SYMLINK_FOLLOW);
    RAW(name_to_handle_at, AT_FDCWD, "l", &h, &mount, 0x8000);
    RAW(name_to_handle_at, 0, "", &h, &mount, AT_EMPTY_PATH);
    WILD(name_to_handle_at, ".iio.", AT_FDCWD, (long)"f", (long)&h, (long)&mount, 0);
    WILD(open_by_handle_at, ".i.", directory, 0, O_RDONLY);
    close(directory);
}

int main(void)
{
    SECTION("inotify");
    watching();
    SECTION("fanotify");
    reporting();
    SECTION("file handles");
    handles();
    return 0;
}
