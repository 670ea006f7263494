/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which parts of which files the guest has mapped to execute and not to write: what the persistent cache may keep translations of.
 * Under the address space's lock, and not malloc'ed, like the address space itself.
 */
#ifndef FERRY_SYSCALLS_CODE_FILES_H
#define FERRY_SYSCALLS_CODE_FILES_H

#include "common/digest.h"
#include "syscalls/process.h"

#include <sys/stat.h>

/* The file as it was when it was mapped. */
struct code_file_identity { uint64_t device, inode, size; int64_t modified, changed; /* nanoseconds */ };

struct code_file {
    guest_addr start, end;
    uint64_t offset;                      /* in the file, of start */
    struct code_file_identity identity;
    /* The cache's own, from the first time that code in it is wanted. Cut afterwards, nothing is kept any more: the digest is of all of it. */
    bool looked_up, has_digest, was_cut;
    uint32_t mode;                        /* that it was looked up in */
    struct digest digest;
    uint64_t image_insns;                 /* what the image that was found has; 0: none */
};

#define CODE_FILES 512
struct code_files {
    uint64_t salt;                        /* of the places of files */
    size_t count;
    struct code_file file[CODE_FILES];
};

struct code_files *code_files_new(uint64_t salt);                         /* NULL: no memory */
/* The lock held: */
void code_files_mapped(struct code_files *files, guest_addr start, guest_addr end, const struct stat *status, uint64_t offset);
void code_files_cut(struct code_files *files, guest_addr start, guest_addr end);
/* Where a file of that size lies that the guest lets us place: at the same address in every process. The nth such place. */
guest_addr code_files_place(const struct code_files *files, uint64_t size, unsigned nth);
struct code_file *code_files_find(struct code_files *files, guest_addr pc);   /* NULL: none */

/* Code there may have changed behind the address space's back: what was not looked up by now has unknown contents (those of the others are read
 * again before they are relied on). Takes the lock. */
void code_files_changed(struct process *process, guest_addr start, guest_addr end);

#endif
