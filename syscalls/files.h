/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * File names and the guest's own view of /proc, for the dispatcher and the hand-written calls.
 */
#ifndef FERRY_SYSCALLS_FILES_H
#define FERRY_SYSCALLS_FILES_H

#include "syscalls/abi.h"

/* The host's name of a file the guest names: /proc/self/exe is the guest's program, then the sysroot. buffer is PATH_MAX bytes.
 * 0 or negative errno. directory is where a relative name starts. */
int64_t file_path_from_guest(struct thread *thread, int directory, guest_addr address, bool follow, char *buffer);
int64_t file_path_to_host(struct thread *thread, int directory, const char *path, bool follow, char *buffer);

/* A descriptor of ferry's own: to the guest it is closed. Calls whose first argument is one never get to their function (dispatch.c). */
bool file_is_own(const struct process *process, uint64_t fd);

/* -- /proc (proc_files.c) ------------------------------------------------------------------------------------------------ */
struct proc_file;
/* What the guest must see its own version of; NULL: the host's will do. */
const struct proc_file *proc_file_find(struct thread *thread, int directory, const char *path);
/* A descriptor of its content, or negative errno. path: as it was found by; flags: host's open flags. */
int64_t proc_file_open(struct thread *thread, const struct proc_file *file, const char *path, int flags);
/* It is a link (exe), and what it says. */
bool proc_file_is_link(const struct proc_file *file);
const char *proc_file_link(const struct process *process);
/* A host file as the guest names it. */
const char *proc_file_guest_name(const struct process *process, const char *path);

/* The host's mappings, from /proc/self/maps. */
struct host_mapping { uint64_t start, end, offset, inode; unsigned device_major, device_minor; bool shared; const char *path; };
struct host_maps { int fd; size_t used, at; char buffer[8192]; };
bool host_maps_open(struct host_maps *maps);
bool host_maps_open_file(struct host_maps *maps, const char *file);          /* smaps has the same lines, and others after each */
char *host_maps_line(struct host_maps *maps);                                /* the next line as it is */
bool host_maps_next(struct host_maps *maps, struct host_mapping *mapping);   /* path is valid until the next call */
void host_maps_close(struct host_maps *maps);

#endif
