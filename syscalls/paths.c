/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Paths as the guest sees them: an absolute path is looked up in the sysroot first, but for the kernel's and the users' own directories.
 */
#include "syscalls/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where an absolute name is looked for, by its first directory. */
enum place {
    SYSROOT_FIRST,
    HOST_FIRST,                           /* the users' files: a root has directories of these names, as good as empty, and who creates
                                           * a file there and then enters the directory must find it */
    HOST_ONLY,                            /* what the running kernel provides */
};
static const struct { const char *name; enum place place; } places[] = {
    { "proc", HOST_ONLY }, { "dev", HOST_ONLY }, { "sys", HOST_ONLY }, { "tmp", HOST_FIRST }, { "home", HOST_FIRST }, { "root", HOST_FIRST },
    { "run", HOST_FIRST }, { "mnt", HOST_FIRST }, { "media", HOST_FIRST }, { "srv", HOST_FIRST },
};

static enum place place_of(const char *path)
{
    const char *name = path + strspn(path, "/");
    size_t length = strcspn(name, "/");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strlen(places[i].name) == length && strncmp(name, places[i].name, length) == 0)
            return strstr(name, "/..") ? SYSROOT_FIRST : places[i].place;
    return SYSROOT_FIRST;
}

static bool is_hosts(const char *path)
{
    struct stat status;
    enum place place = place_of(path);
    return place == HOST_ONLY || (place == HOST_FIRST && lstat(path, &status) == 0);
}

/* The sysroot has the path's first name. */
static bool top_name_exists(const struct process *process, const char *path, char *buffer)
{
    const char *name = path + strspn(path, "/");
    size_t length = strcspn(name, "/"), root = strlen(process->sysroot);
    if (length == 0 || root + 1 + length >= PATH_MAX)
        return false;
    memcpy(buffer, process->sysroot, root);
    buffer[root] = '/';
    memcpy(buffer + root + 1, name, length);
    buffer[root + 1 + length] = 0;
    return faccessat(AT_FDCWD, buffer, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool in_sysroot(const struct process *process, const char *path, char *buffer, struct stat *status)
{
    size_t root = process->sysroot ? strlen(process->sysroot) : 0, length = strlen(path);
    if (!root || path[0] != '/' || root + length >= PATH_MAX || path[strspn(path, "/")] == 0 || is_hosts(path))
        return false;
    memcpy(buffer, process->sysroot, root);
    memcpy(buffer + root, path, length + 1);
    return lstat(buffer, status) == 0;
}

const char *path_to_host(struct process *process, const char *path, char *buffer)
{
    struct stat status;
    int saved = errno;
    const char *result = in_sysroot(process, path, buffer, &status) ? buffer : path;
    errno = saved;
    return result;
}

/* The kernel resolves every link with the sysroot as the root; /proc tells where that led. */
static bool resolve_in_sysroot(const struct process *process, const char *path, char *buffer)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
    char link[64];
    int root = open(process->sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return false;
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    close(root);
    if (fd < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    close(fd);
    if (length <= 0)
        return false;
    buffer[length] = 0;
    return true;
}

/* A path that names the sysroot itself, as on the command line: the rest of it, or NULL. */
static const char *below_sysroot(const struct process *process, const char *path)
{
    size_t root = process->sysroot ? strlen(process->sysroot) : 0;
    return root && strncmp(path, process->sysroot, root) == 0 && path[root] == '/' ? path + root : NULL;
}

const char *path_to_host_followed(struct process *process, const char *path, char *buffer)
{
    struct stat status;
    char name[PATH_MAX];
    int saved = errno;
    const char *result = path, *rest = below_sysroot(process, path);
    if (rest && lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && resolve_in_sysroot(process, rest, buffer)) {
        errno = saved;
        return buffer;
    }
    /* Without a symbolic link at the end the plain name is good; links on the way are followed by the kernel. */
    if (in_sysroot(process, path, name, &status)) {
        if (!S_ISLNK(status.st_mode) || !resolve_in_sysroot(process, path, buffer))
            strcpy(buffer, name);
        result = buffer;
    } else if (process->sysroot && path[0] == '/' && !is_hosts(path) && top_name_exists(process, path, name) && resolve_in_sysroot(process, path, buffer)) {
        result = buffer;
    }
    errno = saved;
    return result;
}

int64_t path_from_guest(struct thread *thread, guest_addr address, char *buffer)
{
    char path[PATH_MAX];
    int64_t length = copy_string_from_guest(thread, path, address, sizeof path);
    if (length < 0)
        return length;
    const char *host = path_to_host(thread->process, path, buffer);
    if (host != buffer)
        memcpy(buffer, path, (size_t)length + 1);
    return 0;
}
