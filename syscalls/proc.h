/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of /proc are made from: the host's mappings, and a view of an emulated process, the own one or another of ferry's.
 */
#ifndef FERRY_SYSCALLS_PROC_H
#define FERRY_SYSCALLS_PROC_H

#include "syscalls/process.h"
#include "syscalls/text.h"
#include <limits.h>

/* -- the host's mappings (host_maps.c): /proc/<pid>/maps or smaps, line by line ------------------------------------------ */
struct host_mapping { uint64_t start, end, offset, inode; unsigned device_major, device_minor; char protection[3]; bool shared; const char *path; };
struct host_maps { int fd; size_t used, at; char buffer[8192]; };
bool host_maps_open(struct host_maps *maps, pid_t pid, const char *file);          /* pid 0: own; file: "maps" and its like */
char *host_maps_line(struct host_maps *maps);                                      /* without its newline; NULL at the end; valid until the next call */
bool host_mapping_parse(char *line, struct host_mapping *mapping);                 /* false: not the head line of a mapping. path points into line */
bool host_maps_next(struct host_maps *maps, struct host_mapping *mapping);         /* the next head line */
void host_maps_close(struct host_maps *maps);

/* -- an emulated process (proc_view.c) ------------------------------------------------------------------------------------ */
struct proc_view {
    pid_t pid;                                 /* 0: the own process */
    const struct process *process;             /* the own one, or copy */
    struct process copy;                       /* its executable and sysroot are the buffers below; other pointers mean nothing here */
    char executable[PATH_MAX], sysroot[PATH_MAX];
    struct guest_mapping *mappings;            /* another's, mapped memory */
    size_t mapping_count, mapped_bytes;
};

/* The process that others find when they look for this one's view. Once, when the program is loaded. */
void proc_view_publish(const struct process *process);
/* false: pid is no process of this ferry, or may not be looked at. */
bool proc_view_open(struct proc_view *view, const struct process *own, pid_t pid);
void proc_view_close(struct proc_view *view);
bool proc_view_next(const struct proc_view *view, guest_addr from, struct guest_mapping *mapping);
/* Some of [start, end) is the process's; what its stack has grown by since counts. */
bool proc_view_has(const struct proc_view *view, guest_addr start, guest_addr end);
/* Where another process of this ferry has its `struct process`; NULL: it is none, or may not be looked at. */
struct process *proc_remote_process(pid_t pid);
/* Another process's memory, at a host address of it: the bytes read, or negative errno. */
int64_t remote_read(pid_t pid, const void *remote, void *to, size_t size);
int64_t remote_write(pid_t pid, void *remote, const void *from, size_t size);
/* The mappings of another process's address space, into mapped memory of *bytes; NULL: cannot be read. */
struct guest_mapping *address_space_of_other(pid_t pid, const struct address_space *remote, size_t *count, size_t *bytes);
/* A host file as the process names it. */
const char *proc_guest_name(const struct process *process, const char *path);

/* -- what the files say (proc_memory.c, proc_files.c) ------------------------------------------------------------------------ */
void proc_write_maps(const struct proc_view *view, struct text *out);
void proc_write_smaps(const struct proc_view *view, struct text *out);
void proc_write_smaps_rollup(const struct proc_view *view, struct text *out);
uint64_t proc_mapped_size(const struct proc_view *view);

/* Of the guest's memory, in bytes (proc_sizes.c): mapped, at most and now, of that without a file and writable, stacks, the program's code and
 * that of others; in memory, and of that without a file, of files, shared without one. */
struct proc_sizes { uint64_t peak, all, data, stack, program, libraries, resident, anonymous, file, shared_memory, swap; };
void proc_sizes_read(const struct proc_view *view, struct proc_sizes *sizes);
/* A line of the host's status file, `text`, where it is such a size. */
bool proc_sizes_write_line(const struct proc_sizes *sizes, const char *text, const char *line, struct text *out);
void proc_write_statm(const struct proc_view *view, struct text *out);
void proc_write_numa_maps(const struct proc_view *view, struct text *out);

#endif
