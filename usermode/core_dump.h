/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Core files of the guest, core(5): the parts that the core_*.c files share.
 */
#ifndef FERRY_USERMODE_CORE_DUMP_H
#define FERRY_USERMODE_CORE_DUMP_H

#include "syscalls/proc.h"
#include "usermode/usermode.h"

#define CORE_PAGE 4096ull

/* -- core_pattern.c ---------------------------------------------------------------------------------------------------- */
/* The first line of a small file of /proc. Its length. */
size_t core_read_text(const char *path, char *text, size_t size);
/* The file's name by a pattern, the pid added if the pattern has none and it shall be; false: a pipe, or nothing at all. */
bool core_name(const struct thread *thread, const char *pattern, bool add_pid, int signal, uint64_t limit, char *name, size_t size);
/* The same, as the system says about pids. */
bool core_pattern(const struct thread *thread, const char *pattern, int signal, uint64_t limit, char *name, size_t size);
/* The name that the kernel gives to a core of ferry itself. */
bool core_pattern_of_host(const struct thread *thread, const char *pattern, int signal, uint64_t limit, time_t time, char *name, size_t size);
/* A pattern that is a program and its arguments: `|` and words, expanded after they were told apart. false: it is none. */
#define CORE_ARGUMENTS 64
#define CORE_PROCESS_DESCRIPTOR 3         /* what %F stands for */
struct core_command { char text[PATH_MAX]; char *arguments[CORE_ARGUMENTS + 1]; bool names_process; };
bool core_command(const struct thread *thread, const char *pattern, int signal, uint64_t limit, struct core_command *command);
int core_open(const char *name);          /* the descriptor, or negative errno */
/* Where a core goes: into a file, or to a program. */
struct core_destination { char pattern[256], name[PATH_MAX]; struct core_command command; uint64_t limit; bool is_pipe; };

/* -- core_memory.c ----------------------------------------------------------------------------------------------------- */
/* A piece of the guest's memory as the file has it. */
struct core_segment {
    guest_addr start, end;
    uint64_t file_bytes;                  /* how much of it is in the file */
    uint64_t file_offset;                 /* in the mapped file, in bytes */
    int protection;
    bool of_file;                         /* pages not present can be read from their file */
    uint32_t name, name_length;           /* of the mapped file: in core_memory.names; 0: none */
};
struct core_memory {
    struct core_segment *segments;
    size_t count, capacity;
    char *names;
    size_t names_used, names_capacity;
};
bool core_memory_list(const struct process *process, struct core_memory *memory);
/* Grows *area, which has room for *capacity items; memory comes from mmap, because a vfork child may not use malloc. */
bool core_grow(void *area, size_t *capacity, size_t item, size_t wanted);

/* -- core_program.c ---------------------------------------------------------------------------------------------------- */
/* The program that core_pattern pipes cores to, started as the kernel would; its standard input, or negative errno. */
bool core_in_initial_namespaces(void);
int core_program_start(const struct core_command *command, int64_t *pid);
/* After all was written. The process is there for the program to look at as long as the system promises that. */
void core_program_end(int fd, int64_t pid);

/* -- core_write.c ------------------------------------------------------------------------------------------------------ */
/* is_pipe: without holes, and from the start to the end. */
bool core_write(int fd, const struct guest_isa *isa, const struct core_memory *memory, const uint8_t *notes, size_t notes_size, uint64_t limit, bool is_pipe);

/* -- core_flag.c ------------------------------------------------------------------------------------------------------- */
/* Makes the kernel tell our parent that a core was dumped, without one of ferry appearing anywhere. to: where the guest's own core is; false:
 * the parent will not be told. */
#define CORE_LIMIT 4096                   /* the least that makes the kernel dump */
bool core_set_flag(const struct thread *thread, int signal, const struct core_destination *to);

/* -- core_watch.c ------------------------------------------------------------------------------------------------------ */
/* A process that outlives ours and removes what the kernel has dumped before our parent hears of the end. It is in `folder`, which was made for
 * it and goes too; or, where that is empty, it has the name that the system's pattern gives it. false: there is none. */
bool core_watch(const struct thread *thread, int signal, const struct core_destination *to, const char *folder);

#endif
