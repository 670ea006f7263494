/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The files of /proc that would show ferry instead of the guest (proc(5)): found by a table of names, written into a memory file
 * when opened. Of the own process and of every other that this ferry runs.
 */
#include "syscalls/files.h"
#include "syscalls/proc.h"
#include "syscalls/seccomp.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a writer works from. path: the host's file of the same name. */
struct proc_request { struct thread *thread; const struct proc_view *view; const char *path; struct text *out; };

enum proc_when {
    PROC_GENERAL,                              /* in /proc itself */
    PROC_PROCESS,                              /* below /proc/<pid>, of every emulated process */
    PROC_LAYOUT,                               /* the same, where the kernel could not be told the guest's layout (process.h) */
};
struct proc_file {
    const char *name;
    enum proc_when when;
    void (*write)(const struct proc_request *request);   /* NULL: the link to the program */
};

/* -- what the files say -------------------------------------------------------------------------------------------------- */
static void write_guest_range(const struct proc_request *r, guest_addr start, guest_addr end)
{
    char part[1024];
    while (start < end && !r->view->pid) {
        size_t size = end - start < sizeof part ? end - start : sizeof part;
        if (copy_from_guest(r->thread, part, start, size)) return;
        text_add(r->out, part, size);
        start += size;
    }
}

static void write_command_line(const struct proc_request *r)
{
    write_guest_range(r, r->view->process->arguments_start, r->view->process->arguments_end);
}

static void write_environment(const struct proc_request *r)
{
    write_guest_range(r, r->view->process->environment_start, r->view->process->environment_end);
}

static void write_auxiliary_vector(const struct proc_request *r)
{
    write_guest_range(r, r->view->process->auxv_address, r->view->process->auxv_address + r->view->process->auxv_size);
}

static void write_maps(const struct proc_request *r) { proc_write_maps(r->view, r->out); }
static void write_smaps(const struct proc_request *r) { proc_write_smaps(r->view, r->out); }
static void write_smaps_rollup(const struct proc_request *r) { proc_write_smaps_rollup(r->view, r->out); }

/* The host's file, whole, as text. false: cannot be read. */
static bool read_host_file(const char *path, char *to, size_t size)
{
    int fd = (int)host_call(SYS_openat, AT_FDCWD, (uintptr_t)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    int64_t got = fd < 0 ? -1 : host_call(SYS_read, fd, (uintptr_t)to, size - 1, 0, 0, 0);
    if (fd >= 0) host_call(SYS_close, fd, 0, 0, 0, 0, 0);
    if (got <= 0) return false;
    to[got] = 0;
    return true;
}

static bool stat_segment(const struct process *process, unsigned number, uint64_t *value)
{
    switch (number) {
    case 26: *value = process->code_start; return true;
    case 27: *value = process->code_end; return true;
    case 45: *value = process->data_start; return true;
    case 46: *value = process->data_end; return true;
    default: return false;
    }
}

/* proc_pid_stat(5): fields that hold addresses and sizes, by number. */
static bool stat_field(const struct proc_view *view, const struct proc_sizes *sizes, unsigned number, uint64_t *value)
{
    const struct process *process = view->process;
    switch (number) {
    case 23: *value = sizes->all; return true;
    case 24: *value = sizes->resident / 4096; return true;
    case 29: case 30: *value = 0; return true;
    case 28: *value = process->stack_start; return true;
    case 47: *value = process->brk_start; return true;
    case 48: *value = process->arguments_start; return true;
    case 49: *value = process->arguments_end; return true;
    case 50: *value = process->environment_start; return true;
    case 51: *value = process->environment_end; return true;
    default: return !process->kernel_knows_layout && stat_segment(process, number, value);
    }
}

static void write_stat(const struct proc_request *r)
{
    char line[2048], *save = NULL;
    struct proc_sizes sizes;
    proc_sizes_read(r->view, &sizes);
    if (!read_host_file(r->path, line, sizeof line)) return;
    char *name_end = strrchr(line, ')');
    if (!name_end) return;
    text_add(r->out, line, name_end + 1 - line);
    unsigned number = 3;
    for (char *word = strtok_r(name_end + 1, " \n", &save); word; word = strtok_r(NULL, " \n", &save), number++) {
        uint64_t value;
        if (stat_field(r->view, &sizes, number, &value)) text_print(r->out, " %llu", (unsigned long long)value);
        else text_print(r->out, " %s", word);
    }
    text_add(r->out, "\n", 1);
}

static void write_statm(const struct proc_request *r) { proc_write_statm(r->view, r->out); }
static void write_numa_maps(const struct proc_request *r) { proc_write_numa_maps(r->view, r->out); }

/* The thread that a status is of; NULL: not one of this process. */
static const struct thread *status_thread(const struct proc_request *r, const char *text)
{
    const char *pid = r->view->pid == 0 ? strstr(text, "\nPid:") : NULL;
    const struct thread *thread = r->thread->process->threads;
    while (thread && pid && thread->tid != (pid_t)strtol(pid + 5, NULL, 10)) thread = thread->next;
    return pid ? thread : NULL;
}

/* The host's filters are ferry's. */
static bool write_seccomp(const struct thread *thread, const char *line, struct text *out)
{
    if (!thread || strncmp(line, "Seccomp", 7) != 0) return false;
    bool mode = line[7] == ':';
    text_print(out, "%.*s\t%u\n", (int)strcspn(line, "\t"), line, mode ? (unsigned)thread->seccomp_mode : seccomp_filter_count(thread));
    return true;
}

/* The actions as the guest set them: ferry has handlers for faults and for signals that end in a core file. */
static bool read_actions(const struct proc_view *view, struct signal_actions *actions)
{
    const struct signal_actions *there = view->process->actions;
    if (!there) return false;
    if (view->pid == 0) *actions = *there;
    return view->pid == 0 || remote_read(view->pid, there, actions, sizeof *actions) == (int64_t)sizeof *actions;
}

/* host: what the kernel says of it. */
static uint64_t actions_set(const struct signal_actions *actions, bool ignored, uint64_t host)
{
    uint64_t set = ignored ? host & actions->unknown : 0;
    for (int signal = 1; signal <= GUEST_SIGNALS; signal++) {
        guest_addr handler = actions->of[signal].handler;
        if (ignored ? handler == 1 : handler > 1) set |= SIGNAL_BIT(signal);
    }
    return set;
}

/* Of its signals the host does not know those that it never blocks. thread: NULL for another process's. */
static bool write_signals(const struct proc_request *r, const struct thread *thread, const struct signal_actions *actions, const char *line)
{
    uint64_t set = strtoull(line + strcspn(line, "\t"), NULL, 16);
    if (strncmp(line, "SigIgn:", 7) == 0) set = actions_set(actions, true, set);
    else if (strncmp(line, "SigCgt:", 7) == 0) set = actions_set(actions, false, set);
    else if (strncmp(line, "SigBlk:", 7) == 0) set |= thread ? thread->signal_mask & SIGNALS_SYNCHRONOUS : 0;
    else if (strncmp(line, "SigPnd:", 7) == 0) set |= thread ? thread->held.set : 0;
    else if (strncmp(line, "ShdPnd:", 7) == 0) set |= r->view->pid == 0 ? r->view->process->held.set : 0;
    else return false;
    text_print(r->out, "%.7s\t%016llx\n", line, (unsigned long long)set);
    return true;
}

/* proc_pid_status(5) */
static void write_status(const struct proc_request *r)
{
    char text[8192], whole[8192], *save = NULL;
    struct signal_actions actions;
    struct proc_sizes sizes;
    if (!read_host_file(r->path, text, sizeof text)) return;
    memcpy(whole, text, sizeof whole);
    bool known = read_actions(r->view, &actions);
    proc_sizes_read(r->view, &sizes);
    pthread_mutex_lock(&r->thread->process->lock);
    const struct thread *thread = status_thread(r, text);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!proc_sizes_write_line(&sizes, whole, line, r->out) && !write_seccomp(thread, line, r->out)
            && (!known || !write_signals(r, thread, &actions, line)))
            text_print(r->out, "%s\n", line);
    }
    pthread_mutex_unlock(&r->thread->process->lock);
}

static void write_cpu_information(const struct proc_request *r)
{
    r->thread->process->abi->functions->cpu_information(r->thread, r->out);
}

static const struct proc_file proc_files[] = {
    { "exe", PROC_PROCESS, NULL },
    { "maps", PROC_PROCESS, write_maps },
    { "smaps", PROC_PROCESS, write_smaps },
    { "smaps_rollup", PROC_PROCESS, write_smaps_rollup },
    { "cmdline", PROC_LAYOUT, write_command_line },
    { "environ", PROC_LAYOUT, write_environment },
    { "auxv", PROC_LAYOUT, write_auxiliary_vector },
    { "stat", PROC_PROCESS, write_stat },
    { "statm", PROC_PROCESS, write_statm },
    { "numa_maps", PROC_PROCESS, write_numa_maps },
    { "status", PROC_PROCESS, write_status },
    { "cpuinfo", PROC_GENERAL, write_cpu_information },
};
#define PROC_FILES (sizeof proc_files / sizeof *proc_files)

/* -- names --------------------------------------------------------------------------------------------------------------- */
/* Takes "word/" off the path. */
static bool skip_name(const char **path, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(*path, name, length) != 0 || (*path)[length] != '/') return false;
    *path += length + strspn(*path + length, "/");
    return true;
}

static bool skip_number(const char **path, pid_t *number)
{
    size_t length = strspn(*path, "0123456789");
    if (!length || length > 9 || (*path)[length] != '/') return false;
    *number = (pid_t)strtol(*path, NULL, 10);
    *path += length + strspn(*path + length, "/");
    return true;
}

/* "self/", "thread-self/", a number, each perhaps followed by "task/<number>/". *pid becomes 0 for the own process. */
static bool skip_process(const char **path, pid_t *pid)
{
    pid_t task;
    *pid = 0;
    if (!skip_name(path, "self") && !skip_name(path, "thread-self") && !skip_number(path, pid)) return false;
    if (*pid == (pid_t)host_call(SYS_getpid, 0, 0, 0, 0, 0, 0)) *pid = 0;
    return !skip_name(path, "task") || skip_number(path, &task);
}

static const struct proc_file *file_named(const char *name)
{
    for (size_t i = 0; i < PROC_FILES; i++)
        if (strcmp(proc_files[i].name, name) == 0) return &proc_files[i];
    return NULL;
}

bool proc_file_has_name(const char *path)
{
    const char *last = strrchr(path, '/');
    return file_named(last ? last + 1 : path) != NULL;
}

/* A relative name may end like one of ours and start at a directory of /proc. */
static bool absolute_name(int directory, const char *path, char *buffer)
{
    char link[32];
    if (!proc_file_has_name(path)) return false;
    if (directory == AT_FDCWD) strcpy(link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    int64_t length = host_call(SYS_readlinkat, AT_FDCWD, (uintptr_t)link, (uintptr_t)buffer, PATH_MAX - 1, 0, 0);
    if (length <= 0 || length + strlen(path) + 2 > PATH_MAX) return false;
    buffer[length] = '/';
    strcpy(buffer + length + 1, path);
    return true;
}

/* After chroot and the like there may be none. */
static bool proc_is_there(const struct process *process)
{
    return process->own_descriptor < 0 || host_call(SYS_faccessat, AT_FDCWD, (uintptr_t)"/proc/self", 0, 0, 0, 0) == 0;
}

bool proc_file_find(const struct thread *thread, int directory, const char *path, struct proc_name *found)
{
    char absolute[PATH_MAX];
    const struct process *process = thread->process;
    if (path[0] != '/') {
        if (!absolute_name(directory, path, absolute)) return false;
        path = absolute;
    }
    path += strspn(path, "/");
    if (!skip_name(&path, "proc") || !proc_is_there(process)) return false;
    bool of_process = skip_process(&path, &found->pid);
    found->file = file_named(path);
    if (!found->file || of_process != (found->file->when != PROC_GENERAL)) return false;
    if (found->file->when == PROC_GENERAL) return process->abi->functions->cpu_information != NULL;
    return found->file->when != PROC_LAYOUT || (!process->kernel_knows_layout && !found->pid);
}

bool proc_file_is_link(const struct proc_name *name) { return !name->file->write; }

int64_t proc_file_link(const struct thread *thread, const struct proc_name *name, bool guest_name, char *buffer)
{
    struct proc_view view;
    if (!proc_view_open(&view, thread->process, name->pid)) return -ENOENT;
    const struct process *process = view.process;
    if (!guest_name && process->exec_descriptor >= 0)   /* its file has no name */
        snprintf(buffer, PATH_MAX, name->pid ? "/proc/%2$d/fd/%1$d" : "/proc/self/fd/%d", process->exec_descriptor, (int)name->pid);
    else
        snprintf(buffer, PATH_MAX, "%s", guest_name ? proc_guest_name(process, process->executable) : process->executable);
    proc_view_close(&view);
    return (int64_t)strlen(buffer);
}

int64_t proc_file_open(struct thread *thread, const struct proc_name *name, const char *path, int flags)
{
    struct proc_view view;
    struct text out;
    if (!proc_view_open(&view, thread->process, name->pid)) return -ENOENT;
    int64_t fd = host_call(SYS_memfd_create, (uintptr_t)name->file->name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0, 0, 0, 0, 0);
    if (fd >= 0) {
        text_init(&out, (int)fd);
        name->file->write(&(struct proc_request){ thread, &view, path, &out });
        text_flush(&out);
        host_call(SYS_lseek, fd, 0, SEEK_SET, 0, 0, 0);
    }
    proc_view_close(&view);
    return fd;
}
