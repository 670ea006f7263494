/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Stacks that grow: the main one within RLIMIT_STACK as it is at the time of the fault, and MAP_GROWSDOWN mappings with the gap below
 * them; by accesses and by system calls, seen in /proc/self/maps, changed by mprotect, munmap, mremap.
 */
#include "check.h"
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/uio.h>

#define GAP 256                                        /* pages: the kernel's stack_guard_gap */

static sigjmp_buf back;
static siginfo_t last;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    last = *info;
    siglongjmp(back, 1);
}

/* "ok", or what the access was answered with. */
static void touch(const char *what, volatile char *at)
{
    if (sigsetjmp(back, 1) == 0) {
        *at = 7;
        printf("%s: ok\n", what);
    } else {
        printf("%s: signal %d code %d%s\n", what, last.si_signo, last.si_code, last.si_addr == at ? "" : " elsewhere");
    }
}

/* The mapping that holds address, from /proc/self/maps. */
static bool mapping_of(uintptr_t address, uintptr_t *start, uintptr_t *end, char name[64])
{
    static char text[1 << 16];
    size_t used = 0;
    ssize_t got;
    int fd = open("/proc/self/maps", O_RDONLY);
    while ((got = read(fd, text + used, sizeof text - 1 - used)) > 0) used += got;
    close(fd);
    text[used] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        *name = 0;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %63s", start, end, name) >= 2 && *start <= address && *end > address) return true;
    }
    return false;
}

static void show_mapping(const char *what, char *address, char *base)
{
    uintptr_t start, end;
    char name[64];
    if (!mapping_of((uintptr_t)address, &start, &end, name)) printf("%s: not mapped\n", what);
    else printf("%s: pages %ld to %ld %s\n", what, (long)(start - (uintptr_t)base) / PAGE, (long)(end - (uintptr_t)base) / PAGE, name);
}

static uintptr_t stack_size(void)
{
    uintptr_t start, end;
    char here, name[64];
    return mapping_of((uintptr_t)&here, &start, &end, name) && strcmp(name, "[stack]") == 0 ? end - start : 0;
}

static uintptr_t stack_top(void)
{
    uintptr_t start, end;
    char here, name[64];
    return mapping_of((uintptr_t)&here, &start, &end, name) ? end : 0;
}

static void use_stack(size_t size)
{
    volatile char room[size];
    for (size_t at = size; at > PAGE; at -= PAGE) room[at - 1] = 1;
    room[0] = 1;
}

static void main_stack(void)
{
    SECTION("the main stack");
    uintptr_t top = stack_top(), size = stack_size();
    SHOW("small at first", size > 64 * 1024 && size < 256 * 1024);
    use_stack(1 << 20);
    SHOW("grown", stack_size() > 1 << 20 && stack_size() < (1 << 20) + 256 * 1024);
    SHOW("the top is where it was", stack_top() == top);
    char *far = (char *)((top & ~(PAGE - 1ul)) - (2 << 20));
    int fd = open("/dev/zero", O_RDONLY);
    CALL(read(fd, far, 100));
    SHOW("read, grown", stack_size() == 2 << 20);
    CALL(write(open("/dev/null", O_WRONLY), far - 3 * PAGE, 100));
    SHOW("written, not grown by the null device", stack_size() == 2 << 20);
    int pipe_ends[2];
    QUIET(pipe(pipe_ends));
    CALL(write(pipe_ends[1], far - 3 * PAGE, 100));
    SHOW("written, grown", stack_size() == (2 << 20) + 3 * PAGE);
    unsigned char resident;
    CALL(mincore(far - 4 * PAGE, PAGE, &resident));
    CALL(mincore(far - 3 * PAGE, PAGE, &resident));
    CALL(madvise(far - 8 * PAGE, PAGE, MADV_NORMAL));
    CALL(mprotect(far - 8 * PAGE, PAGE, PROT_READ));
}

static void limits(void)
{
    SECTION("RLIMIT_STACK at the time of the fault");
    struct rlimit limit;
    QUIET(getrlimit(RLIMIT_STACK, &limit));
    uintptr_t top = stack_top();
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 4 << 20;
    QUIET(setrlimit(RLIMIT_STACK, &limit));
    touch("at the limit", (char *)top - (4 << 20));
    touch("a page below", (char *)top - (4 << 20) - PAGE);
    int fd = open("/dev/zero", O_RDONLY);
    CALL(read(fd, (char *)top - (4 << 20) - PAGE, 10));
    CALL(read(fd, (char *)top - (4 << 20) - PAGE, 2 * PAGE));
    limit.rlim_cur = 5 << 20;
    QUIET(setrlimit(RLIMIT_STACK, &limit));
    touch("with a higher limit", (char *)top - (4 << 20) - PAGE);
    SHOW("grown", stack_size() == (4 << 20) + PAGE);
    limit.rlim_cur = 1 << 20;
    QUIET(setrlimit(RLIMIT_STACK, &limit));
    touch("what is there stays", (char *)top - (4 << 20));
    touch("and does not grow", (char *)top - (4 << 20) - 2 * PAGE);
    limit.rlim_cur = before;
    QUIET(setrlimit(RLIMIT_STACK, &limit));
    touch("until it may", (char *)top - (4 << 20) - 2 * PAGE);
}

static int overflow(int depth)
{
    volatile char room[1000];
    room[0] = depth;
    return overflow(depth + 1) + room[0];
}

static void overflows(void)
{
    SECTION("overflow");
    struct rlimit limit = { 2 << 20, 2 << 20 };
    QUIET(setrlimit(RLIMIT_STACK, &limit));
    uintptr_t top = stack_top();
    if (sigsetjmp(back, 1) == 0) overflow(0);
    printf("signal %d code %d, %s\n", last.si_signo, last.si_code, top - (uintptr_t)last.si_addr > 2 << 20 && top - (uintptr_t)last.si_addr < (2 << 20) + 2 * PAGE ? "at the limit" : "elsewhere");
    signal(SIGSEGV, SIG_DFL);
    overflow(0);
}

/* A hole of 2000 pages with a growing mapping of two pages at its end. */
static char *growing(char **base)
{
    *base = mmap(NULL, 2000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    QUIET(munmap(*base + PAGE, 1999 * PAGE));
    QUIET(mprotect(*base, PAGE, PROT_READ | PROT_WRITE));
    char *at = mmap(*base + 1998 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    return at;
}

static void growing_mappings(void)
{
    char *base, *at = growing(&base);
    SECTION("MAP_GROWSDOWN");
    show_mapping("at first", at, base);
    touch("a page below", at - PAGE);
    touch("some pages below", at - 10 * PAGE);
    show_mapping("grown", at, base);
    int fd = open("/dev/zero", O_RDONLY);
    CALL(read(fd, at - 20 * PAGE, 1));
    show_mapping("by a call", at, base);
    touch("down to the gap", base + (1 + GAP) * PAGE);
    touch("into the gap", base + GAP * PAGE);
    CALL(read(fd, base + GAP * PAGE, 1));
    show_mapping("in the end", at, base);
    SECTION("changed");
    CALL(mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN));
    show_mapping("readable", at, base);
    touch("not writable", at - 3 * PAGE);
    CALL(mprotect(base, PAGE, PROT_READ | PROT_GROWSDOWN));
    CALL(mprotect(at, PAGE, PROT_READ | PROT_GROWSUP));
    CALL(mprotect(at, PAGE, PROT_READ | PROT_GROWSUP | PROT_GROWSDOWN));
    CALL(mprotect(base + 300 * PAGE, 1690 * PAGE, PROT_READ | PROT_WRITE));
    CALL(munmap(at - 100 * PAGE, 50 * PAGE));
    show_mapping("below the hole", at - 101 * PAGE, base);
    show_mapping("above the hole", at - 50 * PAGE, base);
    touch("the hole's end", at - 51 * PAGE);
    touch("the hole's start", at - 100 * PAGE);
    show_mapping("below the hole", at - 101 * PAGE, base);
    show_mapping("above the hole", at - 50 * PAGE, base);
    CALL(mmap(base + 270 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    CALL(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
}

/* Nothing is put near below a growing mapping, unless told to. */
static void neighbours(void)
{
    char *base, *at = growing(&base);
    SECTION("neighbours");
    char *hint = mmap(at - 10 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW("a hint in the gap is not taken", hint != at - 10 * PAGE);
    QUIET(munmap(hint, PAGE));
    hint = mmap(at - (GAP + 1) * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW("one below it is", hint == at - (GAP + 1) * PAGE);
    touch("no room to grow", at - PAGE);
    QUIET(mprotect(hint, PAGE, PROT_NONE));
    touch("towards what nobody can use", at - PAGE);
    char *fixed = mmap(at - 10 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    SHOW("a fixed one is", fixed == at - 10 * PAGE);
    touch("it cannot grow", at - 2 * PAGE);
    touch("what grew is there", at - PAGE);
}

/* In a child: what grew is inherited, and grows further there. */
static void in_child(void)
{
    char *base, *at = growing(&base);
    SECTION("fork");
    touch("parent", at - 5 * PAGE);
    CHILD((show_mapping("inherited", at, base), touch("child", at - 9 * PAGE), show_mapping("grown", at, base), exit(0)));
    show_mapping("parent", at, base);
}

int main(void)
{
    static char other_stack[65536];
    stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof other_stack };
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    setvbuf(stdout, NULL, _IOLBF, 0);
    QUIET(sigaltstack(&stack, NULL));
    QUIET(sigaction(SIGSEGV, &action, NULL));
    CHILD(overflows());
    main_stack();
    limits();
    growing_mappings();
    neighbours();
    in_child();
    return 0;
}
