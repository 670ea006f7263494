/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The persistent cache (docs/persistent-cache.md): a directory of images, each with what was translated in one range of code of one
 * guest file at one address. An image's name is a digest of all that its code depends on, so a name that exists fits. Memos,
 * symbolic links whose target is the text, spare a start the reading of what has been read and checked before.
 *
 *     i<32 digits>    an image, and behind it a struct cache_trailer
 *     m<32 digits>    a memo for a file (device, inode) at an address
 *     salt            a link too: the number that the places of files depend on
 *     lock            byte ranges of it are locked by who writes
 *     t<pid>-<n>      being written
 */
#ifndef FERRY_USERMODE_CACHE_H
#define FERRY_USERMODE_CACHE_H

#include "common/digest.h"
#include "syscalls/code_files.h"
#include "usermode/usermode.h"

#define CACHE_NAME 34                     /* bytes of a name of an image or memo */
#define CACHE_BUILD 20
#define CACHE_DEFAULT_LIMIT (1ull << 30)

struct cache {
    struct process *process;
    struct digest build;                  /* of ferry's build id */
    uint64_t limit;                       /* bytes of the directory */
    uint64_t salt;                        /* of the places of files */
    uid_t owner;
    pid_t first;                          /* the process it was made for: its forked children have not got all of its threads' locks */
    struct cache_children *children;      /* shared memory of that process and its forked children */
};

/* Children that were forked do much the same, one after the other, and what one has saved the next does not know. */
struct cache_children { _Atomic uint32_t saves, skipped; };

/* Behind the image's bytes. The digests: of them, and of everything that the name is made of. */
#define CACHE_MAGIC 0x6568636163797266ull    /* "frycache" */
struct cache_trailer { uint64_t magic; struct digest content, key, build; };

struct cache_stamp { uint64_t inode, size; int64_t changed; };             /* of an image */
struct cache_memo { uint64_t size; int64_t modified, changed; struct digest digest; struct cache_stamp image; };

/* cache.c */
void cache_start(struct process *process, const struct options *options);  /* process->code_files stays NULL when there is to be none */
bool cache_usable(const struct cache *cache);                               /* NULL: no */
bool cache_image_wanted(void *process, guest_addr pc, uint32_t mode);      /* the engine's */
void cache_code_flushed(void *process, guest_addr start, guest_addr end);
bool cache_build(struct digest *build);                                    /* false: ferry has no build id */
char *cache_default_directory(void);                                       /* malloc'ed; NULL: no home */
bool cache_directory_is_safe(int directory, const char *name, uid_t owner);

/* Names relative to the directory. */
struct cache_place { int directory; char name[PATH_MAX]; };
bool cache_place(const struct cache *cache, const char *name, struct cache_place *place);
bool cache_image_name(const struct cache *cache, const struct code_file *file, struct digest content, struct digest *key, char name[CACHE_NAME]);
bool cache_content(struct cache *cache, const struct code_file *file, struct digest *digest);   /* of the range as it is in memory */
/* Opens the image and checks it: by the memo's stamp, else all of it. -1: there is none; one that is damaged is removed. */
bool cache_image_is_whole(int fd, const struct stat *status, struct cache_trailer *trailer);   /* and the trailer */
bool cache_open(struct cache *cache, struct process *process, const struct options *options);   /* its directory, made if need be; false: there can be none */
void cache_name(char kind, struct digest digest, char name[CACHE_NAME]);
int cache_open_image(const struct cache *cache, const char *name, struct digest key, const struct cache_stamp *known, struct stat *status, bool *checked);
void cache_write_memo(const struct cache *cache, const struct code_file *file, const char *image, const struct stat *status);

/* cache_save.c: at the end of a process and before it becomes another program. */
void cache_save(struct thread *thread);
uint64_t cache_trim(const struct cache *cache, uint64_t limit);             /* the least recently used go; bytes that stay */

/* cache_command.c: `ferry cache VERB …`. */
bool cache_is_command(const struct options *options);
typedef int cache_start_program(const struct options *options, char **environment);
int cache_command(const struct options *options, cache_start_program *start);   /* the exit status; start: for each file to warm */

/* cache_warm.c: translates the program, which is open, and saves it; the exit status. */
int cache_warm(struct thread *thread, struct program *program);

#endif
