/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a process and its threads are given and allowed: limits, scheduling, priorities, times, randomness, membarrier, kcmp,
 * process_vm_*, clocks that may not be set.
 */
#include "check.h"
#include <linux/kcmp.h>
#include <linux/membarrier.h>
#include <linux/random.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>

static void show_limit(const char *label, int resource)
{
    struct rlimit limit;
    int result = getrlimit(resource, &limit);
    printf("%s %d: ", label, resource);
    if (result) printf("%s\n", check_error(errno));
    else printf("%lld %lld\n", (long long)limit.rlim_cur, (long long)limit.rlim_max);
}

static void all_limits(void)
{
    struct rlimit old;
    for (int resource = -1; resource < 18; resource++) {
        struct rlimit limit;
        if (getrlimit(resource, &limit)) {
            printf("%d: %s\n", resource, check_error(errno));
            continue;
        }
        show_limit("at first", resource);
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? 1ull << 40 : limit.rlim_max / 2 + 1;
        if (resource == RLIMIT_CPU) limit.rlim_cur = 1000;
        CALL(prlimit(0, resource, &limit, &old));
        show_limit("set", resource);
        struct rlimit wrong = { 6, 5 };
        CALL(setrlimit(resource, &wrong));
    }
    CALL(prlimit(0x7ffffff0, RLIMIT_CORE, NULL, &old));
    CALL(prlimit(-1, RLIMIT_CORE, NULL, &old));
    CALL(prlimit(getpid(), RLIMIT_CORE, &(struct rlimit){ 0, 0 }, &old));
    CALL(prlimit(getpid(), RLIMIT_AS, &(struct rlimit){ 1ull << 45, 1ull << 46 }, &old));
    CALL(prlimit(0, RLIMIT_AS, NULL, &old));
    printf("%#llx %#llx\n", (long long)old.rlim_cur, (long long)old.rlim_max);
    WILD(prlimit64, "..io", 0, RLIMIT_CORE, 0, 0);
    WILD(getrlimit, ".o", RLIMIT_CORE, 0);
    WILD(setrlimit, ".i", RLIMIT_CORE, 0);
}

static void descriptors(void)
{
    QUIET(syscall(SYS_close_range, 3, -1, 0));
    QUIET(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 20, 4000 }));
    int last = -1, fd;
    while ((fd = dup(0)) >= 0) last = fd;
    printf("last %d %s\n", last, check_error(errno));
    CALL(dup2(0, 19));
    CALL(dup2(0, 20));
    CALL(fcntl(0, F_DUPFD, 20));
    CALL(open("/", O_RDONLY));
    RAW(socket, 1, 1, 0);
    CALL(close(5));
    CALL(pipe((int[2]){ 0 }));
    CALL(dup(0));
    QUIET(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4000, 4000 }));
    int bad = 0, expected = 20;
    while ((fd = dup(0)) >= 0) bad += fd != expected++;
    printf("last %d, %d out of order\n", expected - 1, bad);
    RAW(close_range, 3, -1, 0);
    CALL(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1ull << 31, 1ull << 31 }));
    CALL(dup(0));
}

static void address_space(void)
{
    struct rlimit old;
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    QUIET(file ? fscanf(file, "%lu", &pages) - 1 : -1);
    fclose(file);
    QUIET(getrlimit(RLIMIT_AS, &old));
    char *before = mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    /* Far more than the program has, far less than what is asked for. */
    old.rlim_cur = 256 << 20;
    CALL(setrlimit(RLIMIT_AS, &old));
    CALL(mmap(NULL, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(mmap(NULL, 1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(mmap(before, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == before ? 0 : -1);
    char *small = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(small == MAP_FAILED ? -1 : 0);
    CALL(mremap(small, 1 << 20, 1 << 30, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
    CALL(brk((char *)sbrk(0) + (1 << 30)));
    CALL(malloc(1 << 30) == NULL);
    int count = 0;
    while (mmap(NULL, 16 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) count++;
    printf("a few more: %d\n", count > 5 && count < 13);
    CALL(munmap(before, 64 << 20));
    CALL(mmap(NULL, 32 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    old.rlim_cur = 4096;
    CALL(setrlimit(RLIMIT_AS, &old));
    CALL(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(mprotect(small, PAGE, PROT_READ));
    CALL(munmap(small, PAGE));
    CHILD(CALL(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0));
}

static void data_segment(void)
{
    struct rlimit old;
    QUIET(getrlimit(RLIMIT_DATA, &old));
    old.rlim_cur = 64 << 20;
    CALL(setrlimit(RLIMIT_DATA, &old));
    CALL(mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(mmap(NULL, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED ? -1 : 0);
    CALL(brk((char *)sbrk(0) + (1 << 30)));
    char *small = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(small == MAP_FAILED ? -1 : 0);
    CALL(mremap(small, 8 << 20, 1 << 30, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
    int count = 0;
    while (mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) count++;
    printf("a few more: %d\n", count > 2 && count < 7);
    char *closed = mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(mprotect(closed, 64 << 20, PROT_READ | PROT_WRITE));
    CALL(mprotect(closed, 64 << 20, PROT_READ));
}

static void scheduling(void)
{
    struct sched_param parameter = { 5 };
    unsigned char mask[1024];
    struct timespec interval;
    RAW(sched_getscheduler, 0);
    RAW(sched_getscheduler, -1);
    RAW(sched_getscheduler, 0x7ffffff0);
    RAW(sched_setscheduler, 0, SCHED_BATCH, &parameter);
    parameter.sched_priority = 0;
    RAW(sched_setscheduler, 0, SCHED_BATCH, &parameter);
    RAW(sched_getscheduler, 0);
    RAW(sched_setscheduler, 0, SCHED_FIFO, &parameter);
    RAW(sched_setscheduler, 0, 77, &parameter);
    RAW(sched_setscheduler, 0, SCHED_OTHER | 0x40000000, &parameter);
    RAW(sched_getscheduler, 0);
    RAW(sched_setscheduler, 0, SCHED_OTHER, &parameter);
    RAW(sched_getparam, 0, &parameter);
    SHOW("priority", parameter.sched_priority);
    for (int policy = -1; policy < 8; policy++) {
        RAW(sched_get_priority_max, policy);
        RAW(sched_get_priority_min, policy);
    }
    RAW(sched_rr_get_interval, 0, &interval);
    RAW(sched_rr_get_interval, -1, &interval);
    WILD(sched_setscheduler, "..i", 0, SCHED_OTHER, 0);
    WILD(sched_setparam, ".i", 0, 0);
    WILD(sched_getparam, ".o", 0, 0);
    WILD(sched_rr_get_interval, ".o", 0, 0);
    for (int size = 0; size <= 16; size += 4) RAW(sched_getaffinity, 0, size, mask);
    RAW(sched_getaffinity, 0, sizeof mask, mask);
    RAW(sched_getaffinity, 0x7ffffff0, sizeof mask, mask);
    RAW(sched_setaffinity, 0, 8, mask);
    RAW(sched_setaffinity, 0, 1, mask);
    RAW(sched_setaffinity, 0, sizeof mask, mask);
    memset(mask, 0, sizeof mask);
    RAW(sched_setaffinity, 0, sizeof mask, mask);
    mask[100] = 1;
    RAW(sched_setaffinity, 0, sizeof mask, mask);
    mask[0] = 1;
    RAW(sched_setaffinity, 0, sizeof mask, mask);
    RAW(sched_getaffinity, 0, sizeof mask, mask);
    SHOW_HEX("mask", mask, 8);
    CALL(sysconf(_SC_NPROCESSORS_ONLN) > 0);
    unsigned cpu = 77, node = 77;
    RAW(getcpu, &cpu, &node, NULL);
    printf("cpu %u node %u\n", cpu, node);
    WILD(getcpu, "oo.", (long)&cpu, (long)&node, 0);
    WILD(sched_setaffinity, "..i", 0, 8, 0);
    WILD(sched_getaffinity, "..o", 0, 64, 0);
    struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; uint32_t min, max; uint64_t more[4]; } a = { 0 };
    for (unsigned size = 0; size <= sizeof a; size += 8) RAW(sched_getattr, 0, &a, size, 0);
    RAW(sched_getattr, 0, &a, 4097, 0);
    static char large[4096];
    RAW(sched_getattr, 0, large, 4096, 0);
    RAW(sched_getattr, 0, &a, 56, 1);
    RAW(sched_getattr, 0, &a, 56, 0);
    SHOW("size", a.size);
    for (unsigned size = 0; size <= sizeof a; size += 8) {
        a.size = size;
        RAW(sched_setattr, 0, &a, 0);
        if (a.size != size) SHOW("size", a.size);
    }
    a.size = sizeof a, a.more[1] = 1;
    RAW(sched_setattr, 0, &a, 0);
    SHOW("size", a.size);
    a.size = 48, a.nice = 25;
    RAW(sched_setattr, 0, &a, 0);
    RAW(getpriority, PRIO_PROCESS, 0);
    RAW(sched_setattr, 0, &a, 1);
    a.flags = 1ull << 40;
    RAW(sched_setattr, 0, &a, 0);
    WILD(sched_setattr, ".o.", 0, (long)&a, 0);
    WILD(sched_getattr, ".o..", 0, (long)&a, 48, 0);
    RAW(setpriority, PRIO_PROCESS, 0, 5);
    RAW(getpriority, PRIO_PROCESS, 0);
    RAW(setpriority, PRIO_PROCESS, 0, 100);
    RAW(getpriority, PRIO_PROCESS, 0);
    RAW(getpriority, 3, 0);
    RAW(getpriority, PRIO_PROCESS, 0x7ffffff0);
    RAW(getpriority, PRIO_PGRP, 0);
    RAW(setpriority, PRIO_USER, 0x7ffffff0, 1);
    RAW(ioprio_get, 1, 0);
    RAW(ioprio_set, 1, 0, 2 << 13 | 3);
    RAW(ioprio_get, 1, 0);
    RAW(ioprio_set, 1, 0, 2 << 13 | 9);
    RAW(ioprio_set, 1, 0, 7 << 13);
    RAW(ioprio_set, 9, 0, 0);
    RAW(ioprio_get, 1, 0x7ffffff0);
    RAW(sched_yield);
}

static void times_and_numbers(void)
{
    struct rusage usage;
    struct sysinfo info;
    struct tms tms;
    unsigned char bytes[300];
    OK(getrusage(RUSAGE_SELF, &usage));
    OK(getrusage(RUSAGE_CHILDREN, &usage));
    OK(getrusage(RUSAGE_THREAD, &usage));
    CALL(getrusage(77, &usage));
    WILD(getrusage, ".o", 0, 0);
    OK(times(&tms));
    RAW(times, check_pages()->edge);
    CALL(sysinfo(&info));
    printf("unit %u memory %d\n", info.mem_unit, info.totalram > 0);
    WILD(sysinfo, "o", 0);
    RAW(getrandom, bytes, 300, 0);
    RAW(getrandom, bytes, 300, GRND_NONBLOCK | GRND_RANDOM);
    RAW(getrandom, bytes, 300, GRND_INSECURE | GRND_RANDOM);
    RAW(getrandom, bytes, 300, 8);
    RAW(getrandom, bytes, 0, 0);
    RAW(getrandom, NULL, 0, 0);
    RAW(getrandom, check_edge(100), 300, 0);
    WILD(getrandom, "o..", 0, 16, 0);
    RAW(umask, 0777);
    RAW(umask, 07777);
    RAW(umask, 022);
}

static void clocks(void)
{
    struct timex x = { 0 };
    CALL(adjtimex(&x) >= 0);
    CALL(x.tick);
    x.modes = 0x8000 | ADJ_OFFSET;
    CALL(adjtimex(&x) >= 0);
    x.modes = ADJ_TICK, x.tick = 1;
    CALL(adjtimex(&x));
    WILD(adjtimex, "o", 0);
    x.modes = 0;
    RAW(clock_adjtime, CLOCK_MONOTONIC, &x);
    RAW(clock_adjtime, 99, &x);
    WILD(clock_adjtime, ".o", CLOCK_REALTIME, 0);
    RAW(clock_settime, CLOCK_MONOTONIC, &(struct timespec){ 1, 0 });
    RAW(clock_settime, CLOCK_REALTIME, &(struct timespec){ 1, -1 });
    RAW(clock_settime, CLOCK_REALTIME, &(struct timespec){ -1, 0 });
    RAW(clock_settime, 99, &(struct timespec){ 1, 0 });
    WILD(clock_settime, ".i", CLOCK_REALTIME, 0);
    RAW(settimeofday, &(struct timeval){ 1, -1 }, NULL);
    RAW(settimeofday, &(struct timeval){ 1, 1000000 }, NULL);
    RAW(settimeofday, check_pages()->edge, NULL);
    RAW(settimeofday, NULL, check_pages()->edge);
    RAW(settimeofday, NULL, &(struct timezone){ 16 * 60, 0 });
    RAW(gettimeofday, check_pages()->edge, NULL);
    RAW(gettimeofday, NULL, check_pages()->edge);
    RAW(clock_getres, CLOCK_REALTIME_COARSE, NULL);
    RAW(clock_getres, 99, NULL);
    RAW(clock_gettime, CLOCK_REALTIME_COARSE, check_pages()->edge);
    RAW(clock_gettime, 99, NULL);
    RAW(clock_gettime, CLOCK_TAI, &(struct timespec){ 0 });
    struct timespec resolution;
    for (int clock = 0; clock < 13; clock++)
        if (RAW(clock_getres, clock, &resolution) == 0) printf("  %ld.%09ld\n", resolution.tv_sec, resolution.tv_nsec);
}

static void comparing(void)
{
    pid_t self = getpid();
    int fd = dup(0), other = open("/", O_RDONLY);
    CALL(syscall(SYS_kcmp, self, self, KCMP_FILE, 0, fd));
    CALL(syscall(SYS_kcmp, self, self, KCMP_FILE, 0, other) > 0);
    CALL(syscall(SYS_kcmp, self, self, KCMP_FILE, 0, 99));
    CALL(syscall(SYS_kcmp, self, self, KCMP_VM, 0, 0));
    CALL(syscall(SYS_kcmp, self, self, 50, 0, 0));
    CALL(syscall(SYS_kcmp, self, 0x7ffffff0, KCMP_VM, 0, 0));
    pid_t child = fork();
    if (child == 0) pause(), exit(0);
    static const int kinds[] = { KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM };
    for (int i = 0; i < 6; i++) printf("kcmp %d: %d\n", kinds[i], syscall(SYS_kcmp, self, child, kinds[i], 0, 0) > 0);
    CALL(syscall(SYS_kcmp, self, child, KCMP_FILE, 0, 0));
    /* Another process's memory. */
    static char here[64] = "here", there[64] = "there";
    struct iovec local[2] = { { here, 3 }, { here + 8, 8 } }, remote[2] = { { there, 4 }, { there + 4, 60 } };
    CALL(process_vm_readv(child, local, 2, remote, 2, 0));
    SHOW_HEX("read", here, 12);
    strcpy(here, "written");
    CALL(process_vm_writev(child, local, 2, remote, 2, 0));
    CALL(process_vm_readv(child, local, 1, remote, 1, 0));
    SHOW_TEXT("here", here);
    remote[1].iov_base = check_pages()->edge;
    CALL(process_vm_readv(child, local, 2, remote, 2, 0));
    remote[0].iov_base = check_edge(2), remote[0].iov_len = 4;
    CALL(process_vm_readv(child, local, 2, remote, 2, 0));
    remote[0].iov_base = check_pages()->edge;
    CALL(process_vm_readv(child, local, 2, remote, 2, 0));
    remote[0].iov_base = there, remote[0].iov_len = 4, local[0].iov_base = check_pages()->edge;
    CALL(process_vm_readv(child, local, 2, remote, 2, 0));
    CALL(process_vm_readv(child, local, 2, remote, 2, 1));
    CALL(process_vm_readv(0x7ffffff0, local, 2, remote, 2, 0));
    CALL(process_vm_readv(child, local, 0, remote, 2, 0));
    CALL(process_vm_readv(child, local, 1025, remote, 2, 0));
    CALL(process_vm_readv(child, local, 2, remote, 1025, 0));
    local[0].iov_base = here;
    WILD(process_vm_readv, ".i.i..", child, (long)local, 1, (long)remote, 1, 0);
    WILD(process_vm_writev, ".i.i..", self, (long)local, 1, (long)remote, 1, 0);
    kill(child, SIGKILL);
    check_wait("child", child);
    CALL(process_vm_readv(child, local, 2, remote, 2, 0));
}

static void barriers(void)
{
    /* What restartable sequences would add is left out. */
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    SHOW("commands", commands & 0x7f);
    for (int command = 1; command < 0x80; command *= 2) printf("%#x before: %s\n", command, syscall(SYS_membarrier, command, 0, 0) ? check_error(errno) : "ok");
    for (int command = 1; command < 0x80; command *= 2) printf("%#x again: %s\n", command, syscall(SYS_membarrier, command, 0, 0) ? check_error(errno) : "ok");
    RAW(membarrier, 0, 1, 0);
    RAW(membarrier, 3, 0, 0);
    RAW(membarrier, 0x400, 0, 0);
    RAW(membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0);
    RAW(membarrier, -1, 0, 0);
}

/* After an exec. */
static int inherited(void)
{
    show_limit("after exec", RLIMIT_AS);
    show_limit("after exec", RLIMIT_DATA);
    CALL(prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0));
    return 0;
}

static void handing_on(unsigned long deny)
{
    CALL(setrlimit(RLIMIT_AS, &(struct rlimit){ 8ull << 30, 9ull << 30 }));
    CALL(setrlimit(RLIMIT_DATA, &(struct rlimit){ 6ull << 30, RLIM_INFINITY }));
    CALL(prctl(65 /* PR_SET_MDWE */, deny, 0, 0, 0));
    CHILD(CALL(prctl(66, 0, 0, 0, 0)));
    execl("/proc/self/exe", "again", "inherited", NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "inherited") == 0) return inherited();
    SECTION("limits");
    CHILD(all_limits());
    SECTION("descriptors");
    CHILD(descriptors());
    SECTION("address space");
    CHILD(address_space());
    SECTION("handed on");
    CHILD(handing_on(1));
    CHILD(handing_on(3));
    SECTION("data");
    CHILD(data_segment());
    SECTION("scheduling");
    CHILD(scheduling());
    SECTION("times and numbers");
    times_and_numbers();
    SECTION("clocks");
    clocks();
    SECTION("comparing");
    comparing();
    SECTION("membarrier");
    barriers();
    return 0;
}
