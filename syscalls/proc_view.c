/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Looking at an emulated process. Another one is another run of the same ferry: its memory is read where this one has the same
 * things (process_vm_readv(2), which asks for the right to trace it, as the kernel does for most files below /proc/<pid>).
 */
#include "syscalls/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* Where other processes of ferry look, at the same distance from the start of its file. */
static const struct process *volatile published_process;
extern const char __ehdr_start[];              /* ld(1): the start of ferry's file in memory */

void proc_view_publish(const struct process *process)
{
    published_process = process;
}

int64_t remote_read(pid_t pid, const void *remote, void *to, size_t size)
{
    struct iovec here = { to, size }, there = { (void *)(uintptr_t)remote, size };
    return host_call(SYS_process_vm_readv, (uint64_t)pid, (uintptr_t)&here, 1, (uintptr_t)&there, 1, 0);
}

int64_t remote_write(pid_t pid, void *remote, const void *from, size_t size)
{
    struct iovec here = { (void *)(uintptr_t)from, size }, there = { remote, size };
    return host_call(SYS_process_vm_writev, (uint64_t)pid, (uintptr_t)&here, 1, (uintptr_t)&there, 1, 0);
}

static bool remote_string(pid_t pid, const char *remote, char to[PATH_MAX])
{
    int64_t got = remote ? remote_read(pid, remote, to, PATH_MAX) : 0;   /* stops at a page that is not there */
    return got > 0 && memchr(to, 0, (size_t)got);
}

static bool same_file(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool program_start(pid_t pid, uint64_t *start)
{
    char name[32];
    struct stat status;
    struct host_maps maps;
    struct host_mapping m;
    snprintf(name, sizeof name, "/proc/%d/exe", (int)pid);
    if (!same_file(name, "/proc/self/exe") || stat(name, &status) || !host_maps_open(&maps, pid, "maps")) return false;
    bool found = false;
    while (!found && host_maps_next(&maps, &m)) found = m.inode == status.st_ino && m.offset == 0;
    host_maps_close(&maps);
    *start = m.start;
    return found;
}

struct process *proc_remote_process(pid_t pid)
{
    uint64_t start;
    struct process *remote;
    if (!program_start(pid, &start)) return NULL;
    uintptr_t anchor = start + ((uintptr_t)&published_process - (uintptr_t)__ehdr_start);
    return remote_read(pid, (void *)anchor, &remote, sizeof remote) == sizeof remote ? remote : NULL;
}

static bool open_other(struct proc_view *view, pid_t pid)
{
    const struct process *remote = proc_remote_process(pid);
    if (!remote || remote_read(pid, remote, &view->copy, sizeof view->copy) != sizeof view->copy
        || !remote_string(pid, view->copy.executable, view->executable))
        return false;
    view->copy.executable = view->executable;
    view->copy.sysroot = remote_string(pid, view->copy.sysroot, view->sysroot) ? view->sysroot : NULL;
    view->mappings = address_space_of_other(pid, view->copy.space, &view->mapping_count, &view->mapped_bytes);
    view->pid = pid;
    view->process = &view->copy;
    return view->mappings != NULL;
}

bool proc_view_open(struct proc_view *view, const struct process *own, pid_t pid)
{
    view->pid = 0;
    view->process = own;
    view->mappings = NULL;
    return !pid || open_other(view, pid);
}

void proc_view_close(struct proc_view *view)
{
    if (view->mappings) munmap(view->mappings, view->mapped_bytes);
}

bool proc_view_next(const struct proc_view *view, guest_addr from, struct guest_mapping *mapping)
{
    if (!view->pid) return address_space_next(view->process, from, mapping);
    for (size_t i = 0; i < view->mapping_count; i++) {
        if (view->mappings[i].end <= from) continue;
        *mapping = view->mappings[i];
        return true;
    }
    return false;
}

bool proc_view_has(const struct proc_view *view, guest_addr start, guest_addr end)
{
    struct guest_mapping mapping;
    return proc_view_next(view, start, &mapping) && mapping.start < end;
}

const char *proc_guest_name(const struct process *process, const char *path)
{
    const char *sysroot = process->sysroot;
    size_t length = sysroot ? strlen(sysroot) : 0;
    while (length && sysroot[length - 1] == '/') length--;
    return length && strncmp(path, sysroot, length) == 0 && path[length] == '/' ? path + length : path;
}
