/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Locked memory, mlockall for what there is and what comes, and what /proc/self/status and statm tell of it and of memory in use; files
 * of a file system without execution, which may not become executable later either.
 */
#include "check.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <linux/capability.h>

#define MANY 256                                       /* pages: 1 MiB */

static long status_kb(const char *name)
{
    static char text[8192];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = 0;
    char *line = strstr(text, name);
    return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

static char *map(int flags, int protection)
{
    return mmap(NULL, MANY * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static int resident(char *memory)
{
    unsigned char pages[MANY];
    int count = 0;
    if (mincore(memory, MANY * PAGE, pages)) return -1;
    for (int i = 0; i < MANY; i++) count += pages[i] & 1;
    return count;
}

/* Right within what the C library does by the way. */
static void show_change(const char *name, long before, long expected)
{
    long change = status_kb(name) - before;
    if (labs(change - expected) <= 64) printf("%s changed by about %ld kB\n", name, expected);
    else printf("%s changed by %ld kB\n", name, change);
}

static const char *const sizes[] = { "\nVmSize:", "\nVmRSS:", "\nRssAnon:", "\nRssShmem:", "\nVmData:", "\nVmStk:", "\nVmLck:" };
enum { SIZES = sizeof sizes / sizeof *sizes };

static void note(long before[SIZES])
{
    for (int i = 0; i < SIZES; i++) before[i] = status_kb(sizes[i]);
}

static void show_changes(const char *what, const long before[SIZES], const long expected[SIZES])
{
    printf("%s:", what);
    for (int i = 0; i < SIZES; i++) {
        long change = status_kb(sizes[i]) - before[i];
        printf(" %s %ld", sizes[i] + 1, labs(change - expected[i]) <= 160 ? expected[i] : change);
    }
    printf("\n");
}

static void deep(int pages)
{
    volatile char room[PAGE];
    room[0] = 1;
    if (pages) deep(pages - 1);
    room[1] = room[0];
}

static void use(void)
{
    long before[SIZES];
    SECTION("sizes");
    note(before);
    char *a = map(0, PROT_READ | PROT_WRITE);
    show_changes("mapped", before, (long[]){ 1024, 0, 0, 0, 1024, 0, 0 });
    memset(a, 1, MANY * PAGE / 2);
    show_changes("half written", before, (long[]){ 1024, 512, 512, 0, 1024, 0, 0 });
    char *b = mmap(NULL, MANY * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(b, 1, MANY * PAGE);
    show_changes("and shared", before, (long[]){ 2048, 1536, 512, 1024, 1024, 0, 0 });
    mprotect(a, MANY * PAGE, PROT_READ);
    show_changes("read only", before, (long[]){ 2048, 1536, 512, 1024, 0, 0, 0 });
    munmap(a, MANY * PAGE), munmap(b, MANY * PAGE);
    show_changes("unmapped", before, (long[]){ 0, 0, 0, 0, 0, 0, 0 });
    deep(MANY * 4);
    show_changes("deep", before, (long[]){ 4096, 4096, 4096, 0, 0, 4096, 0 });
    printf("peak %d\n", status_kb("\nVmPeak:") - before[0] >= 3900 && status_kb("\nVmPeak:") - before[0] < 4300);
    printf("small: size %d in memory %d most %d, sum %d\n", status_kb("\nVmSize:") < 16384, status_kb("\nVmRSS:") < 8192, status_kb("\nVmHWM:") < 16384,
           status_kb("\nVmRSS:") == status_kb("\nRssAnon:") + status_kb("\nRssFile:") + status_kb("\nRssShmem:"));
    long all, in_memory, files, code, data;
    FILE *statm = fopen("/proc/self/statm", "r");
    QUIET(fscanf(statm, "%ld %ld %ld %ld 0 %ld 0", &all, &in_memory, &files, &code, &data) == 5 ? 0 : -1);
    fclose(statm);
    printf("statm: %d %d %d %d %d\n", labs(all * 4 - status_kb("\nVmSize:")) < 200, labs(in_memory * 4 - status_kb("\nVmRSS:")) < 200,
           labs(files * 4 - status_kb("\nRssFile:") - status_kb("\nRssShmem:")) < 200, labs(code * 4 - status_kb("\nVmExe:")) < 8,
           labs(data * 4 - status_kb("\nVmData:") - status_kb("\nVmStk:")) < 200);
}

static void locks(void)
{
    SECTION("mlockall");
    RAW(mlockall, 0);
    RAW(mlockall, MCL_ONFAULT);
    RAW(mlockall, 8);
    long before = status_kb("\nVmLck:");
    char *old = map(0, PROT_READ | PROT_WRITE), *none = map(0, PROT_NONE);
    RAW(mlockall, MCL_CURRENT);
    SHOW("old", resident(old));
    SHOW("everything but the kernel's is locked", labs(status_kb("\nVmLck:") - status_kb("\nVmSize:")) < 200);
    char *new = map(0, PROT_READ | PROT_WRITE);
    SHOW("new", resident(new));
    long at = status_kb("\nVmLck:");
    deep(MANY * 6);
    SHOW("stack", status_kb("\nVmLck:") - at > 1000);
    RAW(munlockall);
    show_change("\nVmLck:", before, 0);
    RAW(mlockall, MCL_FUTURE);
    show_change("\nVmLck:", before, 0);
    new = map(0, PROT_READ | PROT_WRITE);
    SHOW("new", resident(new));
    char *fixed = mmap(old, MANY * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    SHOW("fixed", resident(fixed));
    show_change("\nVmLck:", before, 2048);
    int segment = QUIET(shmget(IPC_PRIVATE, MANY * PAGE, 0600));
    char *attached = shmat(segment, NULL, 0);
    QUIET(shmctl(segment, IPC_RMID, NULL));
    SHOW("shared", resident(attached));
    show_change("\nVmLck:", before, 3072);
    QUIET(shmdt(attached));
    CHILD(show_change("\nVmLck:", 0, 0); SHOW("in a child", resident(map(0, PROT_READ | PROT_WRITE))));
    RAW(mlockall, MCL_FUTURE | MCL_ONFAULT);
    new = map(0, PROT_READ | PROT_WRITE);
    SHOW("new", resident(new));
    new[5 * PAGE] = 1;
    SHOW("touched", resident(new));
    show_change("\nVmLck:", before, 3072);
    RAW(mlockall, MCL_CURRENT);
    SHOW("no longer", resident(map(0, PROT_READ | PROT_WRITE)));
    RAW(munlockall);
    show_change("\nVmLck:", before, 0);
    munmap(none, MANY * PAGE);
}

static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { 0 } };
    QUIET(syscall(SYS_capset, &header, data));
}

static void limited(rlim_t limit)
{
    const struct rlimit few = { limit, limit };
    QUIET(setrlimit(RLIMIT_MEMLOCK, &few));
    drop_capabilities();
    RAW(mlockall, MCL_CURRENT);
    RAW(mlockall, MCL_FUTURE);
    printf("map: %s\n", map(0, PROT_READ) == MAP_FAILED ? check_error(errno) : "ok");
    printf("small: %s\n", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? check_error(errno) : "ok");
    RAW(mlockall, MCL_FUTURE | MCL_ONFAULT);
    printf("map: %s\n", map(0, PROT_READ) == MAP_FAILED ? check_error(errno) : "ok");
    RAW(munlockall);
    printf("map: %s\n", map(0, PROT_READ) == MAP_FAILED ? check_error(errno) : "ok");
}

static void no_limit_left(void)
{
    const struct rlimit none = { 0, 0 };
    RAW(mlockall, MCL_FUTURE);
    QUIET(setrlimit(RLIMIT_MEMLOCK, &none));
    drop_capabilities();
    printf("map: %s\n", map(0, PROT_READ) == MAP_FAILED ? check_error(errno) : "ok");
    RAW(mlockall, MCL_CURRENT);
}

static void try_protection(const char *what, char *memory, int protection)
{
    printf("%s: ", what);
    CALL(mprotect(memory, PAGE, protection));
}

static void no_execution(void)
{
    SECTION("a file system without execution");
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) SKIP("no mount namespace");
    QUIET(mkdir("fs", 0700));
    QUIET(mount("none", "fs", "tmpfs", MS_NOEXEC, NULL));
    int fd = open("fs/file", O_RDWR | O_CREAT, 0700);
    QUIET(ftruncate(fd, 4 * PAGE));
    printf("mapped: %s\n", mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? check_error(errno) : "ok");
    char *private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), *shared = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char *anonymous = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try_protection("private", private, PROT_READ | PROT_EXEC);
    try_protection("without reading", private, PROT_EXEC);
    try_protection("no access", private, PROT_NONE);
    try_protection("from no access", private, PROT_READ | PROT_EXEC);
    try_protection("read", private, PROT_READ);
    try_protection("shared", shared, PROT_READ | PROT_EXEC);
    try_protection("anonymous", anonymous, PROT_READ | PROT_EXEC);
    char *moved = mremap(private + 2 * PAGE, PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    try_protection("moved", moved, PROT_READ | PROT_EXEC);
    char *over = mmap(shared, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    try_protection("replaced", over, PROT_READ | PROT_EXEC);
    try_protection("the rest", over + PAGE, PROT_READ | PROT_EXEC);
    CHILD(try_protection("in a child", private, PROT_READ | PROT_EXEC));
    QUIET(personality(READ_IMPLIES_EXEC));
    try_protection("implied", private, PROT_READ);
    try_protection("implied for shared", shared + PAGE, PROT_READ);
    printf("mapped: %s\n", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? check_error(errno) : "ok");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    use();
    CHILD(locks());
    SECTION("limits");
    CHILD(limited(64 << 10));
    CHILD(no_limit_left());
    CHILD(no_execution());
    return 0;
}
