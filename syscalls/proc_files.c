/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The files of /proc that would show ferry instead of the guest (proc(5)): found by a table of names, written into a memory file
 * when opened.
 */
#include "syscalls/files.h"
#include "syscalls/text.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

struct proc_file {
    const char *name;
    bool of_process;                           /* below /proc/<pid>; otherwise /proc itself */
    void (*write)(struct thread *thread, struct text *out, const char *path);   /* NULL: the link to the program */
};

/* -- the host's mappings ------------------------------------------------------------------------------------------------- */
bool host_maps_open_file(struct host_maps *maps, const char *file)
{
    maps->used = maps->at = 0;
    maps->fd = (int)host_call(SYS_openat, AT_FDCWD, (uintptr_t)file, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    return maps->fd >= 0;
}

bool host_maps_open(struct host_maps *maps)
{
    return host_maps_open_file(maps, "/proc/self/maps");
}

void host_maps_close(struct host_maps *maps)
{
    host_call(SYS_close, maps->fd, 0, 0, 0, 0, 0);
}

char *host_maps_line(struct host_maps *maps)
{
    for (;;) {
        char *line = maps->buffer + maps->at, *end = memchr(line, '\n', maps->used - maps->at);
        if (end) {
            *end = 0;
            maps->at = end + 1 - maps->buffer;
            return line;
        }
        memmove(maps->buffer, line, maps->used - maps->at);
        maps->used -= maps->at;
        maps->at = 0;
        int64_t got = host_call(SYS_read, maps->fd, (uintptr_t)maps->buffer + maps->used, sizeof maps->buffer - maps->used, 0, 0, 0);
        if (got <= 0) return NULL;
        maps->used += got;
    }
}

bool host_maps_next(struct host_maps *maps, struct host_mapping *m)
{
    char *at = host_maps_line(maps);
    if (!at) return false;
    m->start = strtoull(at, &at, 16);
    m->end = strtoull(at + 1, &at, 16);
    m->shared = at[4] == 's';
    m->offset = strtoull(at + 5, &at, 16);
    m->device_major = (unsigned)strtoul(at, &at, 16);
    m->device_minor = (unsigned)strtoul(at + 1, &at, 16);
    m->inode = strtoull(at, &at, 10);
    m->path = at + strspn(at, " ");
    return true;
}

/* -- what the files say -------------------------------------------------------------------------------------------------- */
/* A host file as the guest names it. */
const char *proc_file_guest_name(const struct process *process, const char *path)
{
    size_t length = process->sysroot ? strlen(process->sysroot) : 0;
    while (length && process->sysroot[length - 1] == '/') length--;
    return length && strncmp(path, process->sysroot, length) == 0 && path[length] == '/' ? path + length : path;
}

const char *proc_file_link(const struct process *process)
{
    return proc_file_guest_name(process, process->executable);
}

static const char *mapping_label(const struct process *process, const struct host_mapping *m, uint64_t start)
{
    if (m->path[0] == '/') return proc_file_guest_name(process, m->path);
    if (start >= process->stack_low && start < process->stack_high) return "[stack]";
    if (start >= process->brk_start && start < process->brk) return "[heap]";
    if (process->vdso && start == process->vdso) return "[vdso]";
    return strncmp(m->path, "[anon", 5) == 0 ? m->path : "";
}

static void write_mapping(const struct process *process, struct text *out, const struct host_mapping *m, uint64_t start, uint64_t end,
                          int protection)
{
    char line[160];
    const char *label = mapping_label(process, m, start);
    int length = snprintf(line, sizeof line, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)start,
                          (unsigned long long)end, protection & PROT_READ ? 'r' : '-', protection & PROT_WRITE ? 'w' : '-',
                          protection & PROT_EXEC ? 'x' : '-', m->shared ? 's' : 'p',
                          (unsigned long long)(m->inode ? m->offset + (start - m->start) : 0), m->device_major, m->device_minor,
                          (unsigned long long)m->inode);
    text_add(out, line, length);
    if (*label) text_print(out, "%*s%s", length < 73 ? 73 - length : 0, "", label);
    text_add(out, "\n", 1);
}

/* Guest mappings and host mappings are both in order: names and offsets come from the host, the rest from the guest's view. */
static void write_maps(struct thread *thread, struct text *out, const char *path)
{
    const struct process *process = thread->process;
    struct host_maps maps;
    struct host_mapping m;
    guest_addr start, end, at = 0;
    int protection;
    (void)path;
    if (!host_maps_open(&maps)) return;
    bool more = host_maps_next(&maps, &m);
    while (more && address_space_next(process, at, &start, &end, &protection)) {
        if (start < at) start = at;
        if (m.end <= start) {
            more = host_maps_next(&maps, &m);
            continue;
        }
        uint64_t from = start > m.start ? start : m.start, to = end < m.end ? end : m.end;
        if (from < to) write_mapping(process, out, &m, from, to, protection);
        at = from < to ? to : end;
    }
    host_maps_close(&maps);
}

static void write_guest_range(struct thread *thread, struct text *out, guest_addr start, guest_addr end)
{
    char part[1024];
    while (start < end) {
        size_t size = end - start < sizeof part ? end - start : sizeof part;
        if (copy_from_guest(thread, part, start, size)) return;
        text_add(out, part, size);
        start += size;
    }
}

static void write_command_line(struct thread *thread, struct text *out, const char *path)
{
    (void)path;
    write_guest_range(thread, out, thread->process->arguments_start, thread->process->arguments_end);
}

static void write_environment(struct thread *thread, struct text *out, const char *path)
{
    (void)path;
    write_guest_range(thread, out, thread->process->environment_start, thread->process->environment_end);
}

static void write_auxiliary_vector(struct thread *thread, struct text *out, const char *path)
{
    (void)path;
    write_guest_range(thread, out, thread->process->auxv_address, thread->process->auxv_address + thread->process->auxv_size);
}

/* proc_pid_stat(5): fields that hold addresses, by number. */
static bool stat_field(const struct process *process, unsigned number, uint64_t *value)
{
    switch (number) {
    case 26: case 27: case 29: case 30: case 45: case 46: *value = 0; return true;
    case 28: *value = process->stack_high; return true;
    case 47: *value = process->brk_start; return true;
    case 48: *value = process->arguments_start; return true;
    case 49: *value = process->arguments_end; return true;
    case 50: *value = process->environment_start; return true;
    case 51: *value = process->environment_end; return true;
    default: return false;
    }
}

static void write_stat(struct thread *thread, struct text *out, const char *path)
{
    char line[2048], *save = NULL;
    int fd = (int)host_call(SYS_openat, AT_FDCWD, (uintptr_t)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    int64_t size = fd < 0 ? -1 : host_call(SYS_read, fd, (uintptr_t)line, sizeof line - 1, 0, 0, 0);
    if (fd >= 0) host_call(SYS_close, fd, 0, 0, 0, 0, 0);
    if (size <= 0) return;
    line[size] = 0;
    char *name_end = strrchr(line, ')');
    if (!name_end) return;
    text_add(out, line, name_end + 1 - line);
    unsigned number = 3;
    for (char *word = strtok_r(name_end + 1, " \n", &save); word; word = strtok_r(NULL, " \n", &save), number++) {
        uint64_t value;
        if (stat_field(thread->process, number, &value)) text_print(out, " %llu", (unsigned long long)value);
        else text_print(out, " %s", word);
    }
    text_add(out, "\n", 1);
}

static void write_cpu_information(struct thread *thread, struct text *out, const char *path)
{
    (void)path;
    thread->process->abi->functions->cpu_information(thread, out);
}

static const struct proc_file proc_files[] = {
    { "exe", true, NULL },
    { "maps", true, write_maps },
    { "cmdline", true, write_command_line },
    { "environ", true, write_environment },
    { "auxv", true, write_auxiliary_vector },
    { "stat", true, write_stat },
    { "cpuinfo", false, write_cpu_information },
};

/* -- names --------------------------------------------------------------------------------------------------------------- */
/* Takes "word/" off the path. */
static bool skip_name(const char **path, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(*path, name, length) != 0 || (*path)[length] != '/') return false;
    *path += length + strspn(*path + length, "/");
    return true;
}

static bool skip_number(const char **path, pid_t expected)
{
    char name[16];
    snprintf(name, sizeof name, "%d", (int)expected);
    return skip_name(path, name);
}

static bool skip_any_number(const char **path)
{
    size_t length = strspn(*path, "0123456789");
    if (!length || (*path)[length] != '/') return false;
    *path += length + strspn(*path + length, "/");
    return true;
}

static bool skip_own_process(const char **path)
{
    bool own = skip_name(path, "self") || skip_name(path, "thread-self")
               || skip_number(path, (pid_t)host_call(SYS_getpid, 0, 0, 0, 0, 0, 0));
    if (own && skip_name(path, "task")) own = skip_any_number(path);
    return own;
}

static const struct proc_file *find_below_proc(const char *path)
{
    bool of_process = skip_own_process(&path);
    for (size_t i = 0; i < sizeof proc_files / sizeof proc_files[0]; i++)
        if (proc_files[i].of_process == of_process && strcmp(proc_files[i].name, path) == 0) return &proc_files[i];
    return NULL;
}

/* A relative name may end like one of ours and start at a directory of /proc. */
static bool absolute_name(int directory, const char *path, char *buffer)
{
    char link[32];
    const char *last = strrchr(path, '/');
    bool candidate = false;
    for (size_t i = 0; i < sizeof proc_files / sizeof proc_files[0]; i++)
        candidate |= strcmp(last ? last + 1 : path, proc_files[i].name) == 0;
    if (!candidate) return false;
    if (directory == AT_FDCWD) strcpy(link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    int64_t length = host_call(SYS_readlinkat, AT_FDCWD, (uintptr_t)link, (uintptr_t)buffer, PATH_MAX - 1, 0, 0);
    if (length <= 0 || length + strlen(path) + 2 > PATH_MAX) return false;
    buffer[length] = '/';
    strcpy(buffer + length + 1, path);
    return true;
}

const struct proc_file *proc_file_find(struct thread *thread, int directory, const char *path)
{
    char absolute[PATH_MAX];
    (void)thread;
    if (path[0] != '/') {
        if (!absolute_name(directory, path, absolute)) return NULL;
        path = absolute;
    }
    path += strspn(path, "/");
    if (!skip_name(&path, "proc")) return NULL;
    const struct proc_file *file = find_below_proc(path);
    if (file && !file->of_process && !thread->process->abi->functions->cpu_information) return NULL;
    return file;
}

bool proc_file_is_link(const struct proc_file *file) { return !file->write; }

int64_t proc_file_open(struct thread *thread, const struct proc_file *file, const char *path, int flags)
{
    struct text out;
    int64_t fd = host_call(SYS_memfd_create, (uintptr_t)file->name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0, 0, 0, 0, 0);
    if (fd < 0) return fd;
    text_init(&out, (int)fd);
    file->write(thread, &out, path);
    text_flush(&out);
    host_call(SYS_lseek, fd, 0, SEEK_SET, 0, 0, 0);
    return fd;
}
