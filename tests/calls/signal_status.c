/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc/PID/status tells which signals are pending, blocked, ignored and caught: of ourselves and of a child.
 */
#include "check.h"

static void show(const char *title, pid_t pid)
{
    char name[64], line[256];
    if (pid) snprintf(name, sizeof name, "/proc/%d/status", (int)pid);
    else snprintf(name, sizeof name, "/proc/self/status");
    FILE *file = fopen(name, "r");
    printf("%s\n", title);
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "SigP", 4) == 0 || strncmp(line, "ShdP", 4) == 0 || strncmp(line, "SigB", 4) == 0 || strncmp(line, "SigI", 4) == 0 || strncmp(line, "SigC", 4) == 0)
            printf("  %s", line);
    if (file) fclose(file);
}

static void note(int signal) { (void)signal; }

static void change(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV), sigaddset(&set, SIGUSR2), sigaddset(&set, 50), sigaddset(&set, SIGBUS);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, SIG_IGN), signal(SIGFPE, SIG_IGN), signal(SIGQUIT, SIG_IGN);
    signal(SIGABRT, note), signal(SIGILL, note), signal(50, note), signal(SIGTRAP, note), signal(SIGTRAP, SIG_DFL);
}

int main(void)
{
    int fds[2];
    char byte;
    show("at first", 0);
    change();
    show("changed", 0);
    raise(SIGUSR2), raise(SIGSEGV), kill(getpid(), SIGBUS), kill(getpid(), 50);
    show("pending", 0);
    QUIET(pipe(fds));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGUSR1, note);
        if (write(fds[1], "x", 1) == 1) pause();
        _exit(0);
    }
    QUIET(read(fds[0], &byte, 1));
    char name[64], line[256];
    snprintf(name, sizeof name, "/proc/%d/status", (int)child);
    FILE *file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "SigI", 4) == 0 || strncmp(line, "SigC", 4) == 0) printf("child %s", line);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
