/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where a program's parts are: at random, or always the same with ADDR_NO_RANDOMIZE, which children and programs inherit; mappings
 * upwards in the old layout; by kernel.randomize_va_space. The program runs itself again and compares what the runs tell.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK, HEAP, MAPPING, PROGRAM, INTERPRETER, VDSO, SEED, UPWARDS, VALUES };

static void tell(int fd)
{
    char *first = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *second = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t values[VALUES] = {
        (uintptr_t)&first, (uintptr_t)sbrk(0), (uintptr_t)first, (uintptr_t)tell, getauxval(AT_BASE), getauxval(AT_SYSINFO_EHDR),
        *(uint64_t *)getauxval(AT_RANDOM), second > first,
    };
    CHECK(write(fd, values, sizeof values) == sizeof values);
}

static void run(unsigned persona, rlim_t stack, uint64_t values[VALUES])
{
    int ends[2], status;
    char number[16];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit;
        getrlimit(RLIMIT_STACK, &limit);
        limit.rlim_cur = stack;
        snprintf(number, sizeof number, "%d", ends[1]);
        CHECK(setrlimit(RLIMIT_STACK, &limit) == 0 && personality(persona) != -1);
        execl("/proc/self/exe", "layout", number, NULL);
        _exit(2);
    }
    CHECK(read(ends[0], values, VALUES * sizeof *values) == VALUES * (ssize_t)sizeof *values);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(ends[0]);
    close(ends[1]);
}

static int randomize_setting(void)
{
    char text[8] = "";
    int fd = open("/proc/sys/kernel/randomize_va_space", O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 1) return -1;
    close(fd);
    return atoi(text);
}

#ifndef __x86_64__
/* The kernel that is the model is ferry here, which reads the setting where everybody does: another one is mounted over it, for us alone. */
static int own_setting(void)
{
    char name[] = "/tmp/layout-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && write(fd, "0\n", 2) == 2);
    bool mounted = unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
        && mount(name, "/proc/sys/kernel/randomize_va_space", NULL, MS_BIND, NULL) == 0;
    unlink(name);
    return mounted ? fd : -1;
}

static void settings(void)
{
    uint64_t runs[3][VALUES];
    int fd = own_setting();
    if (fd < 0) return;                   /* not root */
    CHECK(randomize_setting() == 0);
    for (int i = 0; i < 3; i++) run(0, 8 << 20, runs[i]);
    for (int value = 0; value < UPWARDS; value++)
        CHECK((runs[0][value] == runs[1][value] && runs[1][value] == runs[2][value]) == (value != SEED));
    CHECK(pwrite(fd, "1\n", 2, 0) == 2 && randomize_setting() == 1);
    for (int i = 0; i < 3; i++) run(0, 8 << 20, runs[i]);
    CHECK(runs[0][STACK] != runs[1][STACK] || runs[1][STACK] != runs[2][STACK]);
    CHECK(runs[0][MAPPING] != runs[1][MAPPING] || runs[1][MAPPING] != runs[2][MAPPING]);
    for (int i = 0; i < 2; i++) CHECK(runs[i][HEAP] - runs[i][PROGRAM] == runs[2][HEAP] - runs[2][PROGRAM]);   /* right after the program */
}
#endif

int main(int argc, char **argv)
{
    uint64_t runs[3][VALUES];
    const rlim_t usual = 8 << 20;
    if (argc > 1) return tell(atoi(argv[1])), 0;
    for (int i = 0; i < 3; i++) run(ADDR_NO_RANDOMIZE, usual, runs[i]);
    for (int value = 0; value < UPWARDS; value++)
        if (value == SEED) CHECK(runs[0][value] != runs[1][value]);
        else CHECK(runs[0][value] == runs[1][value] && runs[1][value] == runs[2][value]);
    CHECK(!runs[0][UPWARDS]);
    for (int i = 0; i < 3; i++) run(0, usual, runs[i]);
    /* Where ferry keeps translations, code lies at the same random place in all processes of one cache. */
    const bool code_stays = getenv("FERRY_CACHE_DIR") && !getenv("FERRY_NO_CACHE");
    for (int value = 0, setting = randomize_setting(); value < UPWARDS && setting > 0; value++) {
        int fixed = (code_stays && (value == PROGRAM || value == INTERPRETER || value == VDSO)) || (value == PROGRAM && runs[0][PROGRAM] < 0x10000000) || (value == INTERPRETER && !runs[0][INTERPRETER]) || (value == HEAP && setting < 2);
        if (!fixed) CHECK(runs[0][value] != runs[1][value] || runs[1][value] != runs[2][value]);
    }
    run(ADDR_COMPAT_LAYOUT, usual, runs[0]);
    CHECK(runs[0][UPWARDS]);
#ifndef __x86_64__                        /* which has a rule of its own */
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_max == RLIM_INFINITY) {
        run(0, RLIM_INFINITY, runs[0]);
        CHECK(runs[0][UPWARDS]);
    }
    settings();
#endif
    return 0;
}
