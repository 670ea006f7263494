/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Host code as text for traces: objdump does it, once a block, when the machine has one. Slow, but nothing of it is in the way when
 * nobody asks.
 */
#include "debug/host_disassembly.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_DESCRIPTORS_FROM 900          /* not among the guest's */

static int move_up(int fd)
{
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, OWN_DESCRIPTORS_FROM);
    if (fd >= 0)
        close(fd);
    return high;
}

/* -- the child: without an exit signal, so that the guest neither gets SIGCHLD for it nor can wait for it. exec would give it one,
 * so objdump is its child. ------------------------------------------------------------------------------------------------- */

#define CHILD_STACK (64 * 1024)
struct child { char **arguments; int output; };

static void execute(const struct child *child)
{
    int silence = open("/dev/null", O_WRONLY);
    dup2(child->output, 1);
    dup2(silence, 2);
    execvp(child->arguments[0], child->arguments);
    _exit(127);
}

static int run_child(void *child)
{
    int status = -1;
    pid_t pid = vfork();
    if (pid == 0)
        execute(child);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        _exit(127);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

static bool run(char **arguments, int output)
{
    struct child child = { arguments, output };
    sigset_t all, saved;
    int status = -1;
    char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &saved);
    pid_t pid = clone(run_child, stack + CHILD_STACK, CLONE_VM | CLONE_VFORK, &child);
    if (pid >= 0 && waitpid(pid, &status, __WCLONE) < 0)
        status = -1;
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    munmap(stack, CHILD_STACK);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_objdump(int input, int output, const void *code)
{
    char file[64], start[64];
    char *arguments[] = { "objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn", start, file, NULL };
    snprintf(file, sizeof file, "/proc/%d/fd/%d", (int)getpid(), input);
    snprintf(start, sizeof start, "--adjust-vma=0x%lx", (unsigned long)(uintptr_t)code);
    return run(arguments, output);
}

/* Only the lines that are instructions: "    7f00:	mov ...". */
static size_t keep_instructions(char *text)
{
    char *to = text, *next;
    for (char *line = text; *line; line = next) {
        next = line + strcspn(line, "\n");
        next += *next == '\n';
        if (line[0] != ' ' || !memchr(line, ':', (size_t)(next - line)))
            continue;
        memmove(to, line, (size_t)(next - line));
        to += next - line;
    }
    *to = 0;
    return (size_t)(to - text);
}

size_t host_disassembly(const void *code, size_t size, char *text, size_t text_size)
{
    int input = move_up(memfd_create("ferry-host-code", MFD_CLOEXEC)), output = move_up(memfd_create("ferry-host-text", MFD_CLOEXEC));
    size_t length = 0;
    if (input >= 0 && output >= 0 && write(input, code, size) == (ssize_t)size && run_objdump(input, output, code)) {
        ssize_t got = pread(output, text, text_size - 1, 0);
        text[got > 0 ? got : 0] = 0;
        length = keep_instructions(text);
    }
    if (input >= 0)
        close(input);
    if (output >= 0)
        close(output);
    return length;
}
