/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When a core file is written, and what the parent hears: signals, limits, PR_SET_DUMPABLE, what is in the way, vfork. What is in
 * the file is the business of tests/cores.
 */
#include "check.h"
#include <elf.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char core_name[64] = "core";

static void limit_core(rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };
    QUIET(setrlimit(RLIMIT_CORE, &limit));
}

static void show_core(void)
{
    Elf64_Ehdr header;
    struct stat status;
    int fd = open(core_name, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) < 0) {
        printf("no core\n");
        return;
    }
    bool whole = read(fd, &header, sizeof header) == sizeof header;
    printf("core: %s, mode %o, more than a page: %d\n", whole && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_CORE ? "ELF" : "not ELF",
           status.st_mode & 07777, status.st_size > PAGE);
    close(fd);
    unlink(core_name);
}

/* The status of a child that did `action`, and its core file. */
static void try(const char *name, void (*action)(void))
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        action();
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("%s: ", name);
    if (WIFSIGNALED(status)) printf("signal %d, core %d; ", WTERMSIG(status), !!WCOREDUMP(status));
    else printf("status %d; ", WEXITSTATUS(status));
    char with_pid[64];
    snprintf(with_pid, sizeof with_pid, "core.%d", (int)child);
    if (access(with_pid, F_OK) == 0) rename(with_pid, core_name);
    show_core();
}

static int sent;
static void send_it(void) { limit_core(RLIM_INFINITY); kill(getpid(), sent); }
static void from_thread(void) { limit_core(RLIM_INFINITY); pthread_t thread; pthread_create(&thread, NULL, (void *(*)(void *))(void *)abort, NULL); pause(); }
static void none(void) { limit_core(0); abort(); }
static void too_small(void) { limit_core(PAGE - 1); abort(); }
static void a_page_and_more(void) { limit_core(2 * PAGE); abort(); }
static void not_dumpable(void) { limit_core(RLIM_INFINITY); prctl(PR_SET_DUMPABLE, 0); abort(); }
static void dumpable_again(void) { limit_core(RLIM_INFINITY); prctl(PR_SET_DUMPABLE, 0); prctl(PR_SET_DUMPABLE, 1); abort(); }
static void ignored(void) { limit_core(RLIM_INFINITY); signal(SIGQUIT, SIG_IGN); kill(getpid(), SIGQUIT); }
static void back_to_default(void) { limit_core(RLIM_INFINITY); signal(SIGQUIT, SIG_IGN); signal(SIGQUIT, SIG_DFL); kill(getpid(), SIGQUIT); }
static void blocked(void) { sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL); limit_core(RLIM_INFINITY); kill(getpid(), SIGQUIT); }
static void fault_ignored(void) { limit_core(RLIM_INFINITY); signal(SIGSEGV, SIG_IGN); *(volatile int *)8 = 1; }
static void in_vfork(void)
{
    int status;
    limit_core(RLIM_INFINITY);
    pid_t child = vfork();
    if (child == 0)
        kill(getpid(), SIGQUIT);
    waitpid(child, &status, 0);
    _exit(WIFSIGNALED(status) ? 10 * !!WCOREDUMP(status) + WTERMSIG(status) : 0);
}
static void vfork_leaves_parent(void)
{
    limit_core(RLIM_INFINITY);
    pid_t child = vfork();
    if (child == 0) {
        limit_core(0);
        kill(getpid(), SIGQUIT);
    }
    waitpid(child, NULL, 0);
    unlink(core_name);
    abort();
}

int main(void)
{
    static const int with_core[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };
    static const int without[] = { SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGIO, SIGPROF, SIGPWR, 33, 64 };
    char pattern[256] = "", name[32];
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);
    if (fd < 0 || read(fd, pattern, sizeof pattern - 1) < 0 || strcmp(pattern, "core\n")) SKIP("kernel.core_pattern is not \"core\"");
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    if (setrlimit(RLIMIT_CORE, &limit) < 0) SKIP("core files are forbidden");
    SECTION("signals");
    for (size_t i = 0; i < sizeof with_core / sizeof *with_core; i++) {
        snprintf(name, sizeof name, "signal %d", sent = with_core[i]);
        try(name, send_it);
    }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        snprintf(name, sizeof name, "signal %d", sent = without[i]);
        try(name, send_it);
    }
    try("from a thread", from_thread);
    try("ignored", ignored);
    try("ignored, then default", back_to_default);
    try("blocked", blocked);
    try("fault, ignored", fault_ignored);
    SECTION("limits");
    try("no core", none);
    try("less than a page", too_small);
    try("two pages", a_page_and_more);
    try("not dumpable", not_dumpable);
    try("dumpable again", dumpable_again);
    SECTION("what is in the way");
    QUIET(mkdir("core", 0700));
    try("a directory", a_page_and_more);
    rmdir("core");
    QUIET(symlink("elsewhere", "core"));
    try("a symbolic link", a_page_and_more);
    unlink("core");
    QUIET(close(open("other", O_CREAT | O_WRONLY, 0600)));
    QUIET(link("other", "core"));
    try("a file with two names", a_page_and_more);
    unlink("other");
    QUIET(close(open("core", O_CREAT | O_WRONLY, 0644)));
    try("a file others may read", a_page_and_more);
    SECTION("vfork");
    try("vfork child", in_vfork);
    try("vfork child, then parent", vfork_leaves_parent);
    return 0;
}
