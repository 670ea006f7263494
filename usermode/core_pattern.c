/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a core file goes: /proc/sys/kernel/core_pattern with its % escapes, core_uses_pid, and what core(5) refuses. What
 * listens at a socket gets nothing: it asks the kernel about the process, which has dumped nothing.
 */
#include "usermode/core_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

struct expansion {
    char *text;
    size_t used, size;
    bool of_program, names_process;
    const char *executable;               /* NULL: the guest's */
    time_t time;                          /* 0: now */
};

static void append(struct expansion *out, const char *text)
{
    for (; *text && out->used + 1 < out->size; text++)
        out->text[out->used++] = *text;
    out->text[out->used] = 0;
}

/* Names come from outside: a slash in one must not lead to another folder. "." and ".." neither. */
static void append_name(struct expansion *out, const char *name)
{
    size_t start = out->used;
    append(out, strcmp(name, ".") == 0 ? "!" : strcmp(name, "..") == 0 ? "!." : name);
    for (; start < out->used; start++)
        if (out->text[start] == '/')
            out->text[start] = '!';
}

static void append_number(struct expansion *out, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    append(out, digits);
}

size_t core_read_text(const char *path, char *text, size_t size)
{
    int64_t fd = host_call(SYS_openat, (uint64_t)AT_FDCWD, (uintptr_t)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    int64_t length = fd < 0 ? 0 : host_call(SYS_read, (uint64_t)fd, (uintptr_t)text, size - 1, 0, 0, 0);
    if (fd >= 0)
        host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
    text[length < 0 ? 0 : length] = 0;
    text[strcspn(text, "\n")] = 0;
    return strlen(text);
}

static void append_executable(struct expansion *out, const struct thread *thread, bool whole)
{
    const char *path = out->executable ? out->executable : proc_guest_name(thread->process, thread->process->executable), *slash = strrchr(path, '/');
    append_name(out, whole || !slash ? path : slash + 1);
}

static void append_command(struct expansion *out)
{
    char name[32];
    core_read_text("/proc/self/comm", name, sizeof name);
    append_name(out, name);
}

static void append_host(struct expansion *out)
{
    struct utsname names;
    append_name(out, uname(&names) == 0 ? names.nodename : "");
}

/* Only programs are given the process (Linux 6.16). */
static void append_process(struct expansion *out)
{
    out->names_process = out->of_program;
    if (out->of_program)
        append_number(out, CORE_PROCESS_DESCRIPTOR);
}

static void expand_one(struct expansion *out, char letter, const struct thread *thread, int signal, uint64_t limit)
{
    switch (letter) {
    case '%': append(out, "%"); break;
    case 'p': case 'P': append_number(out, (uint64_t)getpid()); break;
    case 'i': case 'I': append_number(out, (uint64_t)thread->tid); break;
    case 'u': append_number(out, getuid()); break;
    case 'g': append_number(out, getgid()); break;
    case 'd': append_number(out, (uint64_t)prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)); break;
    case 's': append_number(out, (uint64_t)signal); break;
    case 't': append_number(out, (uint64_t)(out->time ? out->time : time(NULL))); break;
    case 'h': append_host(out); break;
    case 'e': append_command(out); break;
    case 'f': append_executable(out, thread, false); break;
    case 'E': append_executable(out, thread, true); break;
    case 'c': append_number(out, limit); break;
    case 'C': append_number(out, (uint64_t)sched_getcpu()); break;
    case 'F': append_process(out); break;
    default: break;                        /* dropped, like any unknown one */
    }
}

/* true: the process id is in it. */
static bool expand(struct expansion *out, const char *pattern, size_t length, const struct thread *thread, int signal, uint64_t limit)
{
    bool has_pid = false;
    for (const char *at = pattern, *end = pattern + length; at < end; at++) {
        char letter[2] = { *at, 0 };
        if (*at != '%') {
            append(out, letter);
        } else if (++at < end) {           /* a single % at the end is dropped */
            has_pid |= *at == 'p';
            expand_one(out, *at, thread, signal, limit);
        }
    }
    return has_pid;
}

static bool expand_name(struct expansion *out, const struct thread *thread, const char *pattern, bool add_pid, int signal, uint64_t limit)
{
    if (pattern[0] == '|' || pattern[0] == '@')
        return false;
    out->text[0] = 0;
    bool has_pid = expand(out, pattern, strlen(pattern), thread, signal, limit);
    if (!has_pid && add_pid) {
        append(out, ".");
        append_number(out, (uint64_t)getpid());
    }
    return out->used > 0;
}

bool core_name(const struct thread *thread, const char *pattern, bool add_pid, int signal, uint64_t limit, char *name, size_t size)
{
    struct expansion out = { .text = name, .size = size };
    return expand_name(&out, thread, pattern, add_pid, signal, limit);
}

bool core_command(const struct thread *thread, const char *pattern, int signal, uint64_t limit, struct core_command *command)
{
    struct expansion out = { .text = command->text, .size = sizeof command->text, .of_program = true };
    size_t count = 0;
    if (pattern[0] != '|')
        return false;
    for (const char *at = pattern + 1 + strspn(pattern + 1, " \t"); *at; at += strspn(at, " \t")) {
        size_t length = strcspn(at, " \t");
        if (count == CORE_ARGUMENTS || out.size < 2)
            return false;
        command->arguments[count++] = out.text;
        out.text[0] = 0;
        expand(&out, at, length, thread, signal, limit);
        at += length;
        out.text += out.used + 1;
        out.size -= out.used + 1;
        out.used = 0;
    }
    command->arguments[count] = NULL;
    command->names_process = out.names_process;
    return count && command->arguments[0][0] == '/';
}

static bool uses_pid(void)
{
    char text[8];
    core_read_text("/proc/sys/kernel/core_uses_pid", text, sizeof text);
    return text[0] && text[0] != '0';
}

bool core_pattern(const struct thread *thread, const char *pattern, int signal, uint64_t limit, char *name, size_t size)
{
    return core_name(thread, pattern, uses_pid(), signal, limit, name, size);
}

bool core_pattern_of_host(const struct thread *thread, const char *pattern, int signal, uint64_t limit, time_t time, char *name, size_t size)
{
    char executable[PATH_MAX];
    int64_t length = host_call(SYS_readlinkat, (uint64_t)AT_FDCWD, (uintptr_t)"/proc/self/exe", (uintptr_t)executable, sizeof executable - 1, 0, 0);
    executable[length < 0 ? 0 : length] = 0;
    struct expansion out = { .text = name, .size = size, .executable = executable, .time = time };
    return expand_name(&out, thread, pattern, uses_pid(), signal, limit);
}

int core_open(const char *name)
{
    struct stat status;
    unlink(name);                          /* what was there is not looked at, nor its other names */
    int fd = open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_LARGEFILE, 0600);
    if (fd < 0)
        return -errno;
    /* core(5): a regular file with one name, ours, that nobody else may read. */
    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == geteuid() && (status.st_mode & 0677) == 0600;
    if (good && ftruncate(fd, 0) == 0)
        return fd;
    close(fd);
    return -EPERM;
}
