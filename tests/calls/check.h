/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the programs of this suite print with. Each is built for the host and for the guest, runs natively and translated, and both
 * must print the same; so nothing may be printed that differs from run to run: no address, no time, no process id.
 *
 *   SECTION("rename");                          a heading
 *   RAW(renameat, AT_FDCWD, "a", 7, "b")        makes the system call; prints its text and result or error; gives the result
 *   CALL(rename("a", "b"))                      the same for any expression that returns -1 and sets errno
 *   OK(fork())                                  prints "ok" instead of a result that differs from run to run
 *   QUIET(…)                                    prints nothing, stops the program when it fails: for what must work first
 *   WILD(readlinkat, ".io.", dir, path, buffer, size)
 *                                               the call once for each bad pointer in each pointer argument: `i` is read by the
 *                                               kernel, `o` written, `.` no pointer; `I` and `O` are not tried with NULL
 *   SHOW("seals", number)  SHOW_HEX("event", address, size)  SHOW_TEXT("link", string)
 *   CHILD(exit(f()))                            in a child; prints how it ended
 *   SKIP("why")                                 the suite reports the program as skipped
 */
#ifndef CHECK_H
#define CHECK_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

/* Newer than the C library's headers; one number for all. */
enum {
    NR_cachestat = 451, NR_fchmodat2, NR_map_shadow_stack, NR_futex_wake, NR_futex_wait, NR_futex_requeue, NR_statmount, NR_listmount,
    NR_lsm_get_self_attr, NR_lsm_set_self_attr, NR_lsm_list_modules, NR_mseal, NR_setxattrat, NR_getxattrat, NR_listxattrat,
    NR_removexattrat, NR_open_tree_attr, NR_file_getattr, NR_file_setattr,
};

#define SECTION(name) printf("\n== %s\n", name)
#define CALL(...) check_call(#__VA_ARGS__, (errno = 0, (long)(__VA_ARGS__)))
#define OK(...) check_ok(#__VA_ARGS__, (errno = 0, (long)(__VA_ARGS__)))
#define QUIET(...) check_quiet(#__VA_ARGS__, (errno = 0, (long)(__VA_ARGS__)))
#define RAW(name, ...) check_call(#name "(" #__VA_ARGS__ ")", syscall(SYS_##name, ##__VA_ARGS__))
#define NEW(name, ...) check_call(#name "(" #__VA_ARGS__ ")", syscall(NR_##name, ##__VA_ARGS__))
#define WILD(name, kinds, ...) check_wild(#name, SYS_##name, kinds, (long[6]){ __VA_ARGS__ })
#define WILD_NEW(name, kinds, ...) check_wild(#name, NR_##name, kinds, (long[6]){ __VA_ARGS__ })
#define SHOW(label, value) printf("%s: %lld\n", label, (long long)(value))
#define SHOW_TEXT(label, text) printf("%s: \"%s\"\n", label, text)
#define SHOW_HEX(label, address, size) check_hex(label, address, size)
#define SKIP(why) (printf("SKIP: %s\n", why), exit(0))
#define CHILD(...) do { \
        pid_t check_child = fork(); \
        if (check_child == 0) { __VA_ARGS__; exit(0); } \
        check_wait(#__VA_ARGS__, check_child); \
    } while (0)

static inline const char *check_error(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "unknown error";
}

static inline long check_call(const char *text, long result)
{
    int error = errno;
    if (result == -1 && error) printf("%s = -1 %s\n", text, check_error(error));
    else printf("%s = %ld\n", text, result);
    errno = error;
    return result;
}

static inline long check_ok(const char *text, long result)
{
    int error = errno;
    printf("%s = %s\n", text, result == -1 && error ? check_error(error) : "ok");
    errno = error;
    return result;
}

static inline long check_quiet(const char *text, long result)
{
    if (result == -1 && errno) {
        printf("%s failed: %s\n", text, check_error(errno));
        exit(99);
    }
    return result;
}

static inline void check_hex(const char *label, const void *address, size_t size)
{
    const unsigned char *bytes = address;
    printf("%s:", label);
    for (size_t i = 0; i < size; i++) printf("%s%02x", i % 4 ? "" : " ", bytes[i]);
    printf("\n");
}

static inline void check_wait(const char *text, pid_t child)
{
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) printf("%s: no child\n", text);
    else if (WIFSIGNALED(status)) printf("%s: killed by SIG%s\n", text, sigabbrev_np(WTERMSIG(status)));
    else printf("%s: exit %d\n", text, WEXITSTATUS(status));
}

/* A page of each kind that a system call can be pointed at; behind `readonly` and `edge` nothing can be reached. */
struct check_pages { char *none, *readonly, *edge; };

static inline const struct check_pages *check_pages(void)
{
    static struct check_pages pages;
    if (pages.none) return &pages;
    char *area = mmap(NULL, 6 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED || mprotect(area + PAGE, PAGE, PROT_READ) || mprotect(area + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE)) abort();
    pages.none = area;
    pages.readonly = area + PAGE;
    pages.edge = area + 4 * PAGE;
    return &pages;
}

/* The last `size` bytes before an unmapped page. */
static inline void *check_edge(size_t size) { return check_pages()->edge - size; }

static inline void check_wild(const char *name, long number, const char *kinds, const long *arguments)
{
    const struct check_pages *pages = check_pages();
    const struct { const char *name; long address; bool only_written; } wild[] = {
        { "NULL", 0, false }, { "one", 1, false }, { "unmapped", 0x123456789000, false }, { "no access", (long)pages->none, false },
        { "kernel", -PAGE, false }, { "noncanonical", 0x00ff000000000000, false }, { "last byte", (long)pages->edge - 1, false },
        { "readonly", (long)pages->readonly, true },
    };
    for (int i = 0; kinds[i]; i++) {
        if (kinds[i] == '.') continue;
        for (size_t k = 0; k < sizeof wild / sizeof wild[0]; k++) {
            long a[6];
            if ((wild[k].only_written && kinds[i] != 'o' && kinds[i] != 'O') || (!wild[k].address && kinds[i] <= 'Z')) continue;
            memcpy(a, arguments, sizeof a);
            a[i] = wild[k].address;
            memset(pages->edge - PAGE, 0, PAGE);
            errno = 0;
            long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
            if (result == -1 && errno) printf("%s argument %d %s: %s\n", name, i, wild[k].name, check_error(errno));
            else printf("%s argument %d %s: %ld\n", name, i, wild[k].name, result);
        }
    }
}

static inline void check_write_file(const char *name, const char *content)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content)) abort();
    close(fd);
}

/* Lines in order even when children print, and whatever the caller's umask and descriptors are. */
static __attribute__((constructor)) void check_start(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(022);
    syscall(SYS_close_range, 3, ~0u, 0);
    alarm(50);
}

#endif
