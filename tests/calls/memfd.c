/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memfd_create, its seals, and executing it; memfd_secret.
 */
#include "check.h"

#define MFD(flags) check_memfd(#flags, flags)

static void check_memfd(const char *text, unsigned flags)
{
    int fd = memfd_create("name", flags);
    struct stat status;
    printf("memfd_create %s: ", text);
    if (fd < 0) {
        printf("%s\n", check_error(errno));
        return;
    }
    fstat(fd, &status);
    printf("flags %d seals %d mode %o\n", fcntl(fd, F_GETFD), fcntl(fd, F_GET_SEALS), status.st_mode);
    close(fd);
}

static void seals(void)
{
    char *map;
    for (int seal = 0; seal < 0x100; seal = seal ? seal * 2 : 1) {
        int fd = QUIET(memfd_create("sealed", MFD_ALLOW_SEALING));
        QUIET(ftruncate(fd, 2 * PAGE));
        printf("%#x: ", seal);
        CALL(fcntl(fd, F_ADD_SEALS, seal));
        CALL(fcntl(fd, F_GET_SEALS));
        CALL(write(fd, "x", 1));
        CALL(ftruncate(fd, 3 * PAGE));
        CALL(ftruncate(fd, PAGE));
        CALL(fallocate(fd, 3, 0, PAGE));
        CALL(fchmod(fd, 0755));
        CALL(fcntl(fd, F_ADD_SEALS, 2));
        map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        printf("shared: %s\n", map == MAP_FAILED ? check_error(errno) : "ok");
        if (map != MAP_FAILED) {
            CALL(fcntl(fd, F_ADD_SEALS, 8));
            munmap(map, PAGE);
        }
        map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        printf("private: %s\n", map == MAP_FAILED ? check_error(errno) : "ok");
        if (map != MAP_FAILED) munmap(map, PAGE);
        map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
        printf("read only: %s\n", map == MAP_FAILED ? check_error(errno) : "ok");
        if (map != MAP_FAILED) {
            CALL(mprotect(map, PAGE, PROT_READ | PROT_WRITE));
            munmap(map, PAGE);
        }
        close(fd);
    }
    int fd = QUIET(memfd_create("unsealed", 0));
    CALL(fcntl(fd, F_ADD_SEALS, 2));
    close(fd);
    fd = open("f", O_RDWR | O_CREAT, 0600);
    CALL(fcntl(fd, F_GET_SEALS));
    close(fd);
    CALL(fcntl(99, F_GET_SEALS));
}

static int copy_of_us(unsigned flags)
{
    static char buffer[65536];
    int from = QUIET(open("/proc/self/exe", O_RDONLY)), to = QUIET(memfd_create("program", flags));
    for (ssize_t got; (got = QUIET(read(from, buffer, sizeof buffer))) > 0;) QUIET(write(to, buffer, got));
    close(from);
    return to;
}

static void executing(void)
{
    char *arguments[] = { "us", "again", NULL }, *environment[] = { "A=b", NULL }, path[64];
    int fd = copy_of_us(0);
    CHILD(fexecve(fd, arguments, environment); exit(9));
    CHILD(syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH); exit(9));
    CHILD(syscall(SYS_execveat, fd, "", arguments, environment, 0); exit(errno));
    CHILD(syscall(SYS_execveat, fd, "x", arguments, environment, AT_EMPTY_PATH); exit(errno));
    CHILD(syscall(SYS_execveat, 99, "", arguments, environment, AT_EMPTY_PATH); exit(errno));
    CHILD(syscall(SYS_execveat, AT_FDCWD, "none", arguments, environment, 0); exit(errno));
    CHILD(syscall(SYS_execveat, AT_FDCWD, "none", arguments, environment, 0x80000); exit(errno));
    CHILD(syscall(SYS_execveat, AT_FDCWD, "/proc/self/exe", arguments, environment, AT_SYMLINK_NOFOLLOW); exit(errno));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHILD(execve(path, arguments, environment); exit(9));
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    CHILD(fexecve(fd, arguments, environment); exit(9));
    CALL(fcntl(fd, F_ADD_SEALS, 2));
    close(fd);
    fd = copy_of_us(MFD_CLOEXEC | 8);
    CHILD(fexecve(fd, arguments, environment); exit(errno));
    CALL(fchmod(fd, 0755));
    close(fd);
    fd = copy_of_us(16);
    CHILD(fexecve(fd, arguments, environment); exit(errno));
    CALL(fcntl(fd, F_GET_SEALS));
    close(fd);
    fd = QUIET(memfd_create("nothing", 0));
    CHILD(fexecve(fd, arguments, environment); exit(errno));
    QUIET(write(fd, "#!/bin/echo said\n", 17));
    CHILD(fexecve(fd, arguments, environment); exit(errno));
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    CHILD(fexecve(fd, arguments, environment); exit(errno));
    close(fd);
    CHILD(syscall(SYS_execve, "/proc/self/exe", arguments, (char *[]){ NULL }); exit(errno));
    CHILD(syscall(SYS_execve, "/proc/self/exe", NULL, NULL); exit(errno));
    CHILD(syscall(SYS_execve, "/proc/self/exe", 1, NULL); exit(errno));
    CHILD(syscall(SYS_execve, "/proc/self/exe", (char *[]){ "x", (char *)1, NULL }, NULL); exit(errno));
    CHILD(syscall(SYS_execve, NULL, arguments, environment); exit(errno));
    CHILD(syscall(SYS_execve, "/", arguments, environment); exit(errno));
    CHILD(syscall(SYS_execve, "f", arguments, environment); exit(errno));
    CHILD(syscall(SYS_execve, "", arguments, environment); exit(errno));
}

int main(int count, char **arguments, char **environment)
{
    if (count == 2 && strcmp(arguments[1], "again") == 0) {
        char link[256] = "", *third[] = { "us", "a", "third time", NULL };
        ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);
        printf("again: %s %s %s\n", arguments[0], environment[0] ? environment[0] : "-", fcntl(3, F_GETFD) == -1 ? "closed" : "open");
        SHOW_TEXT("program", length > 0 && strncmp(link, "/memfd:", 7) == 0 ? link : "a file");
        SHOW("it can be read", open("/proc/self/exe", O_RDONLY) >= 0);
        fflush(stdout);
        execve("/proc/self/exe", third, environment);
        return 5;
    }
    if (count == 3) {
        printf("once more: %s\n", arguments[2]);
        return 7;
    }
    if (count == 0 || !arguments[0][0]) {
        printf("no arguments: %d\n", count);
        return 6;
    }
    SECTION("flags");
    MFD(0), MFD(MFD_CLOEXEC), MFD(MFD_ALLOW_SEALING), MFD(8), MFD(16), MFD(8 | 16), MFD(0x20), MFD(0x80000000), MFD(MFD_HUGETLB | 63u << 26);
    char name[256];
    memset(name, 'n', sizeof name);
    name[249] = 0;
    CALL(close(memfd_create(name, 0)));
    name[249] = 'n', name[250] = 0;
    CALL(memfd_create(name, 0));
    CALL(close(memfd_create("", 0)));
    WILD(memfd_create, "i.", 0, 0);
    RAW(memfd_secret, 1);
    SECTION("seals");
    seals();
    SECTION("executing");
    executing();
    return 0;
}
