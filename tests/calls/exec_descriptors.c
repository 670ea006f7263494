/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * execve with few descriptors allowed, of a program that is found by a descriptor, by /proc/self/exe, or under a seccomp filter.
 */
#include "check.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char *const arguments[] = { "again", "again", NULL }, *const environment[] = { NULL };

/* What the program prints that was executed: which descriptors it has. */
static int again(void)
{
    struct rlimit limit;
    int open_ones = 0;
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < 2000; i++)
        open_ones += fcntl(i, F_GETFD) >= 0;
    printf("again: limit %d, descriptors %d, filtered %d\n", (int)limit.rlim_cur, open_ones, prctl(PR_GET_SECCOMP));
    return 5;
}

static void limit_descriptors(rlim_t soft, rlim_t hard)
{
    struct rlimit limit = { soft, hard };
    QUIET(setrlimit(RLIMIT_NOFILE, &limit));
}

static void filter(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &allow };
    QUIET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    QUIET(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void each_way(rlim_t soft, rlim_t hard)
{
    printf("limit %d, %d\n", (int)soft, (int)hard);
    fflush(stdout);
    CHILD(limit_descriptors(soft, hard); execve("/proc/self/exe", arguments, environment); exit(errno));
    CHILD(int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC); limit_descriptors(soft, hard);
          syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH); exit(errno));
    CHILD(limit_descriptors(soft, hard); filter(); execve("/proc/self/exe", arguments, environment); exit(errno));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "again") == 0) return again();
    SECTION("a low limit");
    each_way(1024, 1024);
    each_way(256, 4096);
    each_way(77, 77);
    each_way(16, 16);
    return 0;
}
