/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * File names and the guest's own view of /proc, for the dispatcher and the hand-written calls.
 */
#ifndef FERRY_SYSCALLS_FILES_H
#define FERRY_SYSCALLS_FILES_H

#include "syscalls/abi.h"
#include <limits.h>

/* The host's name of a file the guest names: /proc/self/exe is the guest's program, then the sysroot. buffer is PATH_MAX bytes.
 * 0 or negative errno. directory is where a relative name starts. */
int64_t file_path_from_guest(struct thread *thread, int directory, guest_addr address, bool follow, char *buffer);
int64_t file_path_to_host(struct thread *thread, int directory, const char *path, bool follow, char *buffer);

/* rings.c: the guest has mapped this part of it, if it is a ring. */
void ring_mapped(struct thread *thread, int fd, uint64_t offset, guest_addr at);

/* -- ferry's own descriptors (descriptors.c) ----------------------------------------------------------------------------- */
/* To the guest it is closed. Calls with such an argument never get to their function (dispatch.c). */
bool descriptor_any_own(const struct process *process);
bool descriptor_is_own(const struct process *process, uint64_t fd);
bool descriptor_is_own_name(struct thread *thread, int directory, const char *path);

/* -- /proc (proc_files.c) ------------------------------------------------------------------------------------------------ */
struct proc_file;
struct proc_name { const struct proc_file *file; pid_t pid; };   /* pid 0: the own process */
/* What the guest should see its own version of. false: the host's will do. The functions below say -ENOENT of a process that is
 * not ferry's, or may not be looked at: the host's file will do then, too. */
bool proc_file_find(const struct thread *thread, int directory, const char *path, struct proc_name *found);
/* The path's last name is one that such a file has. */
bool proc_file_has_name(const char *path);
/* A descriptor of its content. path: as it was found by; flags: host's open flags. */
int64_t proc_file_open(struct thread *thread, const struct proc_name *name, const char *path, int flags);
/* It is a link (exe), and what it says: as the process that it belongs to, or as the host names the file. The length. */
bool proc_file_is_link(const struct proc_name *name);
int64_t proc_file_link(const struct thread *thread, const struct proc_name *name, bool guest_name, char *buffer);

#endif
