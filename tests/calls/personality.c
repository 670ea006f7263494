/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * personality(2) and what it changes in memory; what may be executed and what may not.
 */
#include "check.h"
#include <setjmp.h>
#include <sys/personality.h>
#include <sys/select.h>

#ifdef __aarch64__
static const uint32_t ret[] = { 0xd65f03c0 };
#else
static const uint8_t ret[] = { 0xc3 };
#endif

static sigjmp_buf back;
static siginfo_t last;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    last = *info;
    siglongjmp(back, 1);
}

static void execute(const char *what, void *at)
{
    if (sigsetjmp(back, 1) == 0) {
        ((void (*)(void))at)();
        printf("%s: executed\n", what);
    } else {
        printf("%s: signal %d code %d%s\n", what, last.si_signo, last.si_code, last.si_addr == at ? "" : " elsewhere");
    }
}

/* A page with the instruction in it, of the given protection. */
static char *page_of(int protection)
{
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, ret, sizeof ret);
    __builtin___clear_cache(page, page + sizeof ret);
    QUIET(mprotect(page, PAGE, protection));
    return page;
}

static void show_protection(const char *what, const void *address)
{
    char line[400], flags[8];
    unsigned long start, end;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &start, &end, flags) == 3 && start <= (uintptr_t)address && (uintptr_t)address < end) printf("%s: %s\n", what, flags);
    fclose(maps);
}

static void executing(void)
{
    SECTION("executing");
    execute("readable", page_of(PROT_READ));
    execute("writable", page_of(PROT_READ | PROT_WRITE));
    execute("nothing", page_of(PROT_NONE));
    execute("executable", page_of(PROT_READ | PROT_EXEC));
    execute("only executable", page_of(PROT_EXEC));
    execute("all", page_of(PROT_READ | PROT_WRITE | PROT_EXEC));
    char *page = page_of(PROT_READ | PROT_EXEC);
    execute("before", page);
    QUIET(mprotect(page, PAGE, PROT_READ));
    execute("not any more", page);
    QUIET(mprotect(page, PAGE, PROT_EXEC));
    execute("again", page);
    QUIET(munmap(page, PAGE));
    execute("unmapped", page);
    char on_stack[64];
    memcpy(on_stack, ret, sizeof ret);
    execute("the stack", (void *)(((uintptr_t)on_stack + 3) & ~(uintptr_t)3));
    static char data[64] __attribute__((aligned(8)));
    memcpy(data, ret, sizeof ret);
    execute("data", data);
    execute("null", NULL);
}

static void reading_is_executing(void)
{
    SECTION("READ_IMPLIES_EXEC");
    void *before = page_of(PROT_READ);
    OK(personality(READ_IMPLIES_EXEC));
    execute("mapped before", before);
    execute("readable", page_of(PROT_READ));
    execute("writable", page_of(PROT_READ | PROT_WRITE));
    show_protection("mapped", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    show_protection("shared", mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    show_protection("write only", mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int fd = QUIET(open("/proc/self/exe", O_RDONLY));
    show_protection("a file", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
    char *brk = sbrk(0);
    QUIET(brk == (char *)-1 ? -1 : (long)sbrk(16 * PAGE) == -1 ? -1 : 0);
    show_protection("the break", brk + 8 * PAGE);
    SHOW("the personality", personality(0xffffffff));
    CHILD((SHOW("inherited", personality(0xffffffff)), exit(0)));
    QUIET(personality(0) < 0 ? -1 : 0);
    show_protection("off", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* The program again, with another personality. */
static void execute_self(unsigned persona)
{
    char *arguments[] = { "again", NULL };
    fflush(stdout);
    if (personality(persona) != -1) execv("/proc/self/exe", arguments);
    printf("cannot\n");
    exit(1);
}

static void again(void)
{
    uint8_t resident;
    printf("after exec: %#x\n", personality(0xffffffff));
    SHOW("page 0", mincore(NULL, PAGE, &resident));
    show_protection("page 0", NULL);
    show_protection("mapped", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char *first = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *second = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW("mappings go up", second > first);
}

static void times(unsigned persona)
{
    struct timeval wait = { 0, 1000 };
    QUIET(personality(persona) < 0 ? -1 : 0);
    select(0, NULL, NULL, NULL, &wait);
    SHOW("time left", wait.tv_usec);
}

int main(int argc, char **argv)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    (void)argc;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(argv[0], "again") == 0) return again(), 0;
    QUIET(sigaction(SIGSEGV, &action, NULL));
    QUIET(sigaction(SIGBUS, &action, NULL));
    executing();
    CHILD(reading_is_executing());
    SECTION("kept over exec");
    CHILD(execute_self(0));
    CHILD(execute_self(ADDR_NO_RANDOMIZE));
    CHILD(execute_self(ADDR_COMPAT_LAYOUT));
    CHILD(execute_self(MMAP_PAGE_ZERO));
    CHILD(execute_self(READ_IMPLIES_EXEC));
    CHILD(execute_self(ADDR_LIMIT_3GB | SHORT_INODE | WHOLE_SECONDS));
    CHILD(execute_self(PER_BSD | STICKY_TIMEOUTS));
    SECTION("STICKY_TIMEOUTS");
    CHILD(times(0));
    CHILD(times(STICKY_TIMEOUTS));
    return 0;
}
