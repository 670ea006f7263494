/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Codes and addresses of faults that every CPU has, faults while their signal is blocked or ignored, faults on pages of files that end,
 * bad pointers inside calls, SIGPIPE, SIGSYS, actions of other processes' faults.
 */
#include "check.h"
#include <setjmp.h>
#include <sys/socket.h>
#include <sys/uio.h>

static sigjmp_buf place;
static volatile int last_signal, last_code, hits;
static void *volatile last_address;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    last_signal = signal, last_code = info->si_code, last_address = info->si_addr;
    hits++;
    siglongjmp(place, 1);
}

static void install(int signal, int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
    sigemptyset(&action.sa_mask);
    QUIET(sigaction(signal, &action, NULL));
}

static void show(const char *name, char *base)
{
    printf("%s: signal %d, code %d, at %ld\n", name, last_signal, last_code, (long)((char *)last_address - base));
    last_signal = last_code = 0;
}

#define FAULT(name, base, ...) do { if (sigsetjmp(place, 1) == 0) { __VA_ARGS__; printf("%s: no fault\n", name); } else show(name, base); } while (0)

static void memory(void)
{
    SECTION("memory");
    char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    QUIET(mprotect(pages, PAGE, PROT_NONE));
    QUIET(mprotect(pages + PAGE, PAGE, PROT_READ));
    QUIET(munmap(pages + 3 * PAGE, PAGE));
    FAULT("read of PROT_NONE", pages, (void)*(volatile char *)(pages + 5));
    FAULT("write to PROT_NONE", pages, *(volatile char *)(pages + 6) = 1);
    FAULT("write to PROT_READ", pages, *(volatile int *)(pages + PAGE + 8) = 1);
    FAULT("read of nothing", pages, (void)*(volatile char *)(pages + 3 * PAGE));
    FAULT("write to nothing", pages, *(volatile long *)(pages + 3 * PAGE + 8) = 1);
    FAULT("null", NULL, (void)*(volatile char *)NULL);
    FAULT("call of nothing", pages, ((void (*)(void))(pages + 3 * PAGE))());
    FAULT("call of data", pages, ((void (*)(void))(pages + 2 * PAGE))());
    FAULT("call of PROT_NONE", pages, ((void (*)(void))(pages))());
    FAULT("call of null", NULL, ((void (*)(void))(uintptr_t)0)());
    FAULT("across the end", pages, (void)*(volatile long *)(pages + 3 * PAGE - 4));
}

static void files(void)
{
    SECTION("files that end");
    int fd = open("short", O_RDWR | O_CREAT, 0600);
    QUIET(ftruncate(fd, 100));
    char *map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd, 0);
    FAULT("read in the last page", map, (void)*(volatile char *)(map + 200));
    FAULT("read past the end", map, (void)*(volatile char *)(map + PAGE));
    FAULT("write past the end", map, *(volatile char *)(map + 2 * PAGE + 9) = 1);
    FAULT("call past the end", map, ((void (*)(void))(map + PAGE))());
    QUIET(ftruncate(fd, 0));
    FAULT("read of what is cut off", map, (void)*(volatile char *)(map + 1));
    char buffer[16];
    CALL(write(fd, map, 8));
    int pipes[2];
    QUIET(pipe(pipes));
    CALL(write(pipes[1], map + PAGE, 8));
    CALL(write(pipes[1], "12345678", 8));
    CALL(read(pipes[0], map + PAGE, 8));
    CALL(read(pipes[0], buffer, 8));
    struct iovec parts[2] = { { buffer, 8 }, { map + PAGE, 8 } };
    CALL(writev(pipes[1], parts, 2));
    close(fd);
}

static void blocked_ones(void)
{
    SECTION("blocked, ignored, default");
    static const int signals[] = { SIGSEGV, SIGBUS };
    (void)signals;
    CHILD({ sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL); *(volatile int *)8 = 1; });
    CHILD({ signal(SIGSEGV, SIG_IGN); *(volatile int *)8 = 1; });
    CHILD({ signal(SIGSEGV, SIG_DFL); *(volatile int *)8 = 1; });
    CHILD({ install(SIGSEGV, SA_RESETHAND); if (sigsetjmp(place, 1)) *(volatile int *)8 = 1; *(volatile int *)8 = 1; });
    CHILD({ install(SIGSEGV, 0); if (sigsetjmp(place, 0)) *(volatile int *)8 = 1; *(volatile int *)8 = 1; });
    CHILD({ install(SIGSEGV, SA_NODEFER); if (sigsetjmp(place, 0) && hits > 3) exit(hits); *(volatile int *)8 = 1; });
    CHILD({ signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); });
    CHILD({ signal(SIGBUS, SIG_DFL); kill(getpid(), SIGBUS); });
    CHILD({ signal(SIGSEGV, SIG_IGN); raise(SIGSEGV); exit(3); });
}

static void others(void)
{
    SECTION("SIGPIPE and SIGSYS");
    int fds[2];
    QUIET(pipe(fds));
    close(fds[0]);
    CHILD(signal(SIGPIPE, SIG_DFL); write(fds[1], "x", 1));
    signal(SIGPIPE, SIG_IGN);
    CALL(write(fds[1], "x", 1));
    install(SIGPIPE, 0);
    QUIET(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    close(fds[0]);
    CALL(send(fds[1], "x", 1, MSG_NOSIGNAL));
    hits = 0;
    if (sigsetjmp(place, 1) == 0) send(fds[1], "x", 1, 0);
    SHOW("hits", hits);
    CHILD(raise(SIGSYS));
    RAW(restart_syscall);
    CALL(syscall(5000));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    install(SIGSEGV, 0), install(SIGBUS, 0);
    memory();
    files();
    blocked_ones();
    others();
    return 0;
}
