/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Limits on memory that one process sets in another, by prlimit: what the other may do from then on.
 */
#include "check.h"
#include <sys/resource.h>

#define MEGABYTE (1ul << 20)

static int to_child[2], from_child[2];

static void wait_for(int fd) { char byte; if (read(fd, &byte, 1) != 1) _exit(1); }
static void tell(int fd) { if (write(fd, "", 1) != 1) _exit(1); }

static const char *maps(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return check_error(errno);
    munmap(memory, size);
    return "ok";
}

static void memory_child(void)
{
    for (int i = 0; i < 3; i++) {
        wait_for(to_child[0]);
        printf("the child maps 2 GB: %s, 1 MB: %s\n", maps(2048 * MEGABYTE), maps(MEGABYTE));
        tell(from_child[1]);
    }
    _exit(0);
}

static void memory(int resource)
{
    struct rlimit old = { 0, 0 };
    pid_t child = fork();
    if (child == 0) memory_child();
    CALL(prlimit(child, resource, NULL, &old));
    printf("%d %d\n", old.rlim_cur == RLIM_INFINITY, old.rlim_max == RLIM_INFINITY);
    tell(to_child[1]);
    wait_for(from_child[0]);
    CALL(prlimit(child, resource, &(struct rlimit){ 1024 * MEGABYTE, 3000 * MEGABYTE }, &old));
    CALL(prlimit(child, resource, NULL, &old));
    printf("%ld %ld\n", (long)(old.rlim_cur / MEGABYTE), (long)(old.rlim_max / MEGABYTE));
    CALL(prlimit(child, resource, &(struct rlimit){ 2, 1 }, &old));
    tell(to_child[1]);
    wait_for(from_child[0]);
    CALL(prlimit(child, resource, &(struct rlimit){ 3000 * MEGABYTE, 3000 * MEGABYTE }, NULL));
    tell(to_child[1]);
    wait_for(from_child[0]);
    check_wait("child", child);
    CALL(prlimit(0, resource, NULL, &old));
    printf("here: %d\n", old.rlim_cur == RLIM_INFINITY);
}

/* Far below what its stack might have been at its start. */
static __attribute__((noinline)) int use_stack(size_t left)
{
    volatile char part[64 << 10];
    part[0] = (char)left;
    if (left > sizeof part) return use_stack(left - sizeof part) + part[0];
    char *page = (char *)((uintptr_t)part & ~(uintptr_t)(PAGE - 1)) + PAGE;
    CALL(mprotect(page, PAGE, PROT_READ));
    CALL(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
    return part[0];
}

static void stack(const char *self)
{
    struct rlimit limit = { MEGABYTE, RLIM_INFINITY };
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(to_child[0], 0);              /* check_start closes all but the first three */
        dup2(from_child[1], 2);
        setrlimit(RLIMIT_STACK, &limit);
        execl(self, self, "grow", NULL);
        _exit(127);
    }
    wait_for(from_child[0]);
    limit.rlim_cur = 64 * MEGABYTE;
    CALL(prlimit(child, RLIMIT_STACK, &limit, NULL));
    tell(to_child[1]);
    check_wait("child", child);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 2) {
        tell(2);
        wait_for(0);
        use_stack(32 * MEGABYTE);
        return 0;
    }
    QUIET(pipe(to_child));
    QUIET(pipe(from_child));
    SECTION("address space");
    memory(RLIMIT_AS);
    SECTION("data");
    memory(RLIMIT_DATA);
    SECTION("stack");
    stack("/proc/self/exe");
    return 0;
}
