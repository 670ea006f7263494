/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * prctl: every option that means the same on all CPUs, personality.
 */
#include "check.h"
#include <linux/prctl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>

enum { SET_MDWE = 65, GET_MDWE = 66, SET_MEMORY_MERGE = 67, GET_MEMORY_MERGE = 68, GET_AUXV = 0x41555856 };

#define PRCTL(...) check_call("prctl(" #__VA_ARGS__ ")", control(__VA_ARGS__, 0, 0, 0, 0, 0))

static long control(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d, ...)
{
    errno = 0;
    return syscall(SYS_prctl, option, a, b, c, d);
}

static void attributes(void)
{
    char name[32];
    int number = 0;
    PRCTL(PR_SET_NAME, (long)"a name of more than sixteen");
    PRCTL(PR_GET_NAME, (long)name);
    SHOW_TEXT("name", name);
    FILE *file = fopen("/proc/self/comm", "r");
    SHOW_TEXT("comm", fgets(name, sizeof name, file));
    fclose(file);
    memcpy(check_edge(3), "abc", 3);
    PRCTL(PR_SET_NAME, (long)check_edge(3));
    memcpy(check_edge(3), "ab", 3);
    PRCTL(PR_SET_NAME, (long)check_edge(3));
    PRCTL(PR_GET_NAME, (long)check_edge(15));
    WILD(prctl, ".o", PR_GET_NAME, 0);
    PRCTL(PR_SET_PDEATHSIG, 65);
    PRCTL(PR_SET_PDEATHSIG, SIGUSR2);
    PRCTL(PR_GET_PDEATHSIG, (long)&number);
    SHOW("signal", number);
    WILD(prctl, ".o", PR_GET_PDEATHSIG, 0);
    CHILD(PRCTL(PR_GET_PDEATHSIG, (long)&number); SHOW("in the child", number));
    PRCTL(PR_SET_PDEATHSIG, 0);
    PRCTL(PR_GET_DUMPABLE);
    PRCTL(PR_SET_DUMPABLE, 2);
    PRCTL(PR_SET_DUMPABLE, 0);
    PRCTL(PR_GET_DUMPABLE);
    PRCTL(PR_SET_DUMPABLE, 1);
    PRCTL(PR_GET_TIMERSLACK);
    PRCTL(PR_SET_TIMERSLACK, 12345);
    PRCTL(PR_GET_TIMERSLACK);
    PRCTL(PR_SET_TIMERSLACK, 0);
    PRCTL(PR_GET_TIMERSLACK);
    PRCTL(PR_SET_CHILD_SUBREAPER, 1);
    PRCTL(PR_GET_CHILD_SUBREAPER, (long)&number);
    SHOW("subreaper", number);
    WILD(prctl, ".o", PR_GET_CHILD_SUBREAPER, 0);
    PRCTL(PR_SET_CHILD_SUBREAPER, 0);
    PRCTL(PR_GET_TIMING);
    PRCTL(PR_SET_TIMING, PR_TIMING_STATISTICAL);
    PRCTL(PR_SET_TIMING, PR_TIMING_TIMESTAMP);
    PRCTL(PR_MCE_KILL_GET);
    PRCTL(PR_MCE_KILL_GET, 1);
    PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY);
    PRCTL(PR_MCE_KILL_GET);
    PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, 7);
    PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR);
    PRCTL(PR_MCE_KILL, 9);
    PRCTL(PR_GET_THP_DISABLE);
    PRCTL(PR_SET_THP_DISABLE, 1);
    PRCTL(PR_GET_THP_DISABLE);
    CHILD(PRCTL(PR_GET_THP_DISABLE));
    PRCTL(PR_SET_THP_DISABLE, 0);
    PRCTL(PR_SET_THP_DISABLE, 0, 7);
    PRCTL(PR_GET_THP_DISABLE, 1);
    PRCTL(GET_MEMORY_MERGE);
    PRCTL(SET_MEMORY_MERGE, 0);
    PRCTL(GET_MEMORY_MERGE, 1);
    PRCTL(PR_GET_IO_FLUSHER);
    PRCTL(PR_GET_IO_FLUSHER, 1);
    PRCTL(PR_TASK_PERF_EVENTS_DISABLE);
    PRCTL(PR_TASK_PERF_EVENTS_ENABLE);
    PRCTL(PR_SET_PTRACER, -1);
    PRCTL(PR_SET_PTRACER, 0);
    PRCTL(PR_SET_PTRACER, 0x7ffffff0);
    PRCTL(PR_SCHED_CORE, 0, 0, 0, (long)name);
    PRCTL(PR_SCHED_CORE, 99);
    PRCTL(PR_GET_NO_NEW_PRIVS);
    PRCTL(PR_GET_NO_NEW_PRIVS, 1);
    PRCTL(PR_SET_NO_NEW_PRIVS, 0);
    PRCTL(PR_SET_NO_NEW_PRIVS, 1, 1);
    PRCTL(PR_SET_NO_NEW_PRIVS, 1);
    PRCTL(PR_GET_NO_NEW_PRIVS);
    CHILD(PRCTL(PR_GET_NO_NEW_PRIVS));
    PRCTL(PR_GET_SECCOMP);
    /* Of other CPUs, or of none. */
    PRCTL(PR_GET_UNALIGN, (long)&number);
    PRCTL(PR_SET_UNALIGN, 1);
    PRCTL(PR_GET_FPEMU, (long)&number);
    PRCTL(PR_SET_FPEMU, 1);
    PRCTL(PR_GET_FPEXC, (long)&number);
    PRCTL(PR_SET_FPEXC, 1);
    PRCTL(PR_GET_ENDIAN, (long)&number);
    PRCTL(PR_SET_ENDIAN, 1);
    PRCTL(PR_MPX_ENABLE_MANAGEMENT);
    PRCTL(PR_GET_FP_MODE);
    PRCTL(PR_SET_FP_MODE, 0);
    PRCTL(0);
    PRCTL(-1);
    PRCTL(18);
    PRCTL(1000);
    int *address = NULL;
    PRCTL(PR_GET_TID_ADDRESS, (long)&address);
    SHOW("has one", address != NULL);
    WILD(prctl, ".o", PR_GET_TID_ADDRESS, 0);
}

static void parent_death(void)
{
    int fds[2];
    char text[16] = "";
    QUIET(pipe(fds));
    if (fork() == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write(fds[1], "ready", 5);
            sleep(20), write(fds[1], "alive", 5);
            _exit(0);
        }
        read(fds[0], text, 5);
        _exit(0);
    }
    wait(NULL);
    close(fds[1]);
    CALL(read(fds[0], text, sizeof text));
    close(fds[0]);
}

/* -- names of mappings */
static bool maps_has(const char *text)
{
    char line[512];
    bool found = false;
    FILE *file = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, file)) found |= strstr(line, text) != NULL;
    fclose(file);
    return found;
}

static void mapping_names(void)
{
    char *area = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long name = (long)"ferry name", start = (long)area;
    bool works = PRCTL(PR_SET_VMA, 0, start + PAGE, PAGE, name) == 0;
    if (works) SHOW("seen", maps_has("[anon:ferry name]"));
    PRCTL(PR_SET_VMA, 0, start + 1, PAGE, name);
    PRCTL(PR_SET_VMA, 0, start + PAGE, 1, name);
    PRCTL(PR_SET_VMA, 0, start, 0, name);
    PRCTL(PR_SET_VMA, 0, start, -PAGE, name);
    PRCTL(PR_SET_VMA, 0, start, PAGE, (long)"bad[");
    PRCTL(PR_SET_VMA, 0, start, PAGE, (long)"bad\n");
    PRCTL(PR_SET_VMA, 0, start, PAGE, (long)check_pages()->edge);
    char long_name[100];
    memset(long_name, 'x', 99), long_name[99] = 0;
    PRCTL(PR_SET_VMA, 0, start, PAGE, (long)long_name);
    PRCTL(PR_SET_VMA, 0, start, 4 * PAGE, 0);
    if (works) SHOW("seen", maps_has("[anon:ferry name]"));
    PRCTL(PR_SET_VMA, 1, start, PAGE, name);
    munmap(area + 2 * PAGE, PAGE);
    PRCTL(PR_SET_VMA, 0, start, 4 * PAGE, name);
    PRCTL(PR_SET_VMA, 0, (long)check_pages()->edge, PAGE, name);
}

static void memory_map(void)
{
    struct prctl_mm_map map;
    unsigned size = 0;
    PRCTL(PR_SET_MM, PR_SET_MM_MAP_SIZE, (long)&size);
    SHOW("size", size);
    PRCTL(PR_SET_MM, PR_SET_MM_MAP_SIZE, (long)check_pages()->edge);
    PRCTL(PR_SET_MM, PR_SET_MM_MAP, (long)&map, 8);
    PRCTL(PR_SET_MM, PR_SET_MM_MAP, (long)check_pages()->edge, sizeof map);
    PRCTL(PR_SET_MM, 99, 0);
    PRCTL(PR_SET_MM, PR_SET_MM_BRK, 1);
    PRCTL(PR_SET_MM, PR_SET_MM_START_BRK, -PAGE);
    PRCTL(PR_SET_MM, PR_SET_MM_EXE_FILE, 1000000);
    PRCTL(PR_SET_MM, PR_SET_MM_EXE_FILE, 0);
    PRCTL(PR_SET_MM, PR_SET_MM_ARG_START, 0);
    PRCTL(PR_SET_MM, PR_SET_MM_ARG_START, 4096, 0, 1);
    PRCTL(PR_SET_MM, PR_SET_MM_AUXV, (long)check_pages()->edge, 32);
    PRCTL(PR_SET_MM, PR_SET_MM_AUXV, (long)&map, 1 << 20);
    /* The command line that ps shows. */
    static char command[] = "another\0name";
    CALL(prctl(PR_SET_MM, PR_SET_MM_ARG_START, command, 0, 0));
    CALL(prctl(PR_SET_MM, PR_SET_MM_ARG_END, command + sizeof command, 0, 0));
    CALL(prctl(PR_SET_MM, PR_SET_MM_ARG_START, command, 0, 0));
    char text[64] = "";
    int fd = open("/proc/self/cmdline", O_RDONLY);
    ssize_t got = read(fd, text, sizeof text);
    close(fd);
    for (ssize_t i = 0; i < got; i++) text[i] = text[i] ? text[i] : '|';
    printf("command line: %s\n", strlen(text) < 20 ? text : "long");
    unsigned long vector[64];
    long length = prctl(GET_AUXV, vector, sizeof vector, 0, 0);
    printf("auxiliary vector: %s, AT_PAGESZ", length > 0 && length % 16 == 0 ? "whole" : "odd");
    for (long i = 0; i < length / 8; i += 2)
        if (vector[i] == 6) printf(" %lu", vector[i + 1]);
    printf("\n");
    CALL(prctl(GET_AUXV, vector, 8, 0, 0) == length);
    CALL(prctl(GET_AUXV, check_pages()->edge, 8, 0, 0));
    CALL(prctl(GET_AUXV, vector, 8, 1, 0));
    PRCTL(PR_SET_MM, PR_SET_MM_AUXV, (long)vector, 32);
}

static void refusing_new_code(void)
{
    PRCTL(GET_MDWE);
    PRCTL(SET_MDWE, 8);
    PRCTL(SET_MDWE, 1, 1);
    PRCTL(GET_MDWE, 1);
    char *area = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PRCTL(SET_MDWE, 2);
    PRCTL(SET_MDWE, 1);
    PRCTL(GET_MDWE);
    PRCTL(SET_MDWE, 0);
    CALL(mmap(NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    char *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(mprotect(data, PAGE, PROT_READ | PROT_EXEC));
    CALL(mprotect(data, PAGE, PROT_READ));
    CALL(mprotect(area, PAGE, PROT_READ | PROT_EXEC));
    CALL(mprotect(area, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    CALL(mprotect(area, PAGE, PROT_READ));
    CALL(mprotect(area, PAGE, PROT_READ | PROT_EXEC));
    CHILD(PRCTL(GET_MDWE));
}

static void persons(void)
{
    RAW(personality, -1);
    RAW(personality, 0x0040000);
    RAW(personality, -1);
    CHILD(RAW(personality, -1));
    RAW(personality, 0x0400000 | 6);
    RAW(personality, 0);
    RAW(personality, 0x12345678);
    RAW(personality, 0);
}

static void *thread(void *unused)
{
    char name[16];
    prctl(PR_GET_NAME, name);
    printf("thread starts as %s", name);
    prctl(PR_SET_NAME, "inner");
    prctl(PR_GET_NAME, name);
    printf(", becomes %s\n", name);
    PRCTL(PR_GET_TIMERSLACK);
    return unused;
}

int main(void)
{
    SECTION("attributes");
    attributes();
    SECTION("parent's death");
    parent_death();
    SECTION("names of mappings");
    mapping_names();
    SECTION("PR_SET_MM");
    CHILD(memory_map());
    SECTION("no new code");
    CHILD(refusing_new_code());
    SECTION("personality");
    persons();
    SECTION("threads");
    pthread_t t;
    prctl(PR_SET_NAME, "outer");
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
    return 0;
}
