/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Trace channels by name: ours, and those of qemu-user's -d (docs/user/main.rst there) mapped to them.
 */
#include "debug/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct { unsigned channels; int fd, process; } log_state = { 0, 2, 0 };

static const struct log_name { const char *name; unsigned channels; const char *help; } log_names[] = {
    { "decode", LOG_DECODE, "guest code as it is translated" },
    { "ir", LOG_IR, "its intermediate representation" },
    { "passes", LOG_PASSES, "the same after each pass" },
    { "host", LOG_HOST, "the host code made of it" },
    { "run", LOG_RUN, "blocks entered from outside translated code (each one with nochain)" },
    { "cpu", LOG_RUN | LOG_CPU, "run, with the registers" },
    { "fault", LOG_FAULT, "memory faults and how they were explained" },
    { "syscall", LOG_SYSCALL, "system calls, like --strace" },
    { "signal", LOG_SIGNAL, "signals that a handler gets" },
    { "unimplemented", LOG_UNIMPLEMENTED, "calls and options that are not there" },
    { "page", LOG_PAGE, "the memory map after loading" },
    { "in_asm", LOG_DECODE, "qemu's name for decode" },
    { "op", LOG_IR, "qemu's name for ir" },
    { "op_opt", LOG_PASSES, "qemu's name for passes" },
    { "op_ind", LOG_PASSES, "qemu's name for passes" },
    { "out_asm", LOG_HOST, "qemu's name for host" },
    { "exec", LOG_RUN, "qemu's name for run" },
    { "int", LOG_SIGNAL | LOG_FAULT, "qemu's name for signal,fault" },
    { "strace", LOG_SYSCALL, "qemu's name for syscall" },
    { "unimp", LOG_UNIMPLEMENTED, "qemu's name for unimplemented" },
    { "guest_errors", LOG_UNIMPLEMENTED, "qemu's name for unimplemented" },
    { "nochain", LOG_RUN | LOG_NO_LINK, "run, and no block jumps to another by itself" },
    { "tid", 0, "accepted" },
    { "fpu", 0, "accepted" },
    { "mmu", 0, "accepted" },
    { "vpu", 0, "accepted" },
    { "plugin", 0, "accepted" },
    { "all", LOG_TRANSLATOR | LOG_SYSCALL | LOG_SIGNAL | LOG_UNIMPLEMENTED | LOG_PAGE, "everything" },
};
#define LOG_NAME_COUNT (sizeof log_names / sizeof *log_names)

static const struct log_name *find_name(const char *name, size_t length)
{
    for (size_t i = 0; i < LOG_NAME_COUNT; i++)
        if (strlen(log_names[i].name) == length && memcmp(log_names[i].name, name, length) == 0)
            return &log_names[i];
    return NULL;
}

bool log_parse(const char *names, unsigned *channels, char *bad, size_t bad_size)
{
    while (*names) {
        size_t length = strcspn(names, ",");
        const struct log_name *found = find_name(names, length);
        if (!found && length) {
            snprintf(bad, bad_size, "%.*s", (int)length, names);
            return false;
        }
        if (found)
            *channels |= found->channels;
        names += length + (names[length] == ',');
    }
    return true;
}

void log_list(void)
{
    for (size_t i = 0; i < LOG_NAME_COUNT; i++)
        printf("  %-15s %s\n", log_names[i].name, log_names[i].help);
}

void log_enable(unsigned channels)
{
    log_state.channels |= channels;
}

bool log_enabled(unsigned channels)
{
    return log_state.channels & channels;
}

bool log_to_file(const char *path)
{
    char name[4096];
    const char *mark = strstr(path, "%d");
    if (mark)
        snprintf(name, sizeof name, "%.*s%d%s", (int)(mark - path), path, (int)getpid(), mark + 2);
    else
        snprintf(name, sizeof name, "%s", path);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (mark ? O_TRUNC : 0), 0666);
    if (fd < 0)
        return false;
    log_inherit(fd);
    return true;
}

void log_inherit(int fd)
{
    log_state.fd = fd;
    log_state.process = (int)getpid();
}

int log_process(void)
{
    return log_state.process;
}

int *log_descriptor(void)
{
    return &log_state.fd;
}

void log_text(void *unused, const char *text)
{
    (void)unused;
    int saved = errno;
    for (size_t left = strlen(text); left;) {
        ssize_t done = write(log_state.fd, text, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break;
        text += done;
        left -= (size_t)done;
    }
    errno = saved;
}

void log_printf(unsigned channel, const char *format, ...)
{
    char line[1024];
    va_list list;
    if (!log_enabled(channel))
        return;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    log_text(NULL, line);
}
