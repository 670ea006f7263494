/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One guest program as one host process: options, loading, the run loop, host signals, clone and exec. Internal to the folder.
 */
#ifndef FERRY_USERMODE_H
#define FERRY_USERMODE_H

#include "loaders/loader.h"
#include "syscalls/process.h"

#include <setjmp.h>

/* -- what an ISA adds (usermode/<isa>/) ---------------------------------------------------------------------------------- */
/* Register notes of a core file: pieces one after the other, fields of the ISA's table or what a function reads. bytes 0 ends. */
struct core_piece { uint16_t bytes, count, field; uint64_t (*read)(const struct vcpu *cpu); };
struct core_note { const char *name; uint32_t type; const struct core_piece *pieces; };

struct usermode_isa {
    const char *name, *platform;          /* AT_PLATFORM */
    const char *triplet;                  /* /usr/<triplet> is the distributions' cross sysroot */
    uint64_t hwcap, hwcap2;
    unsigned minimum_signal_stack;        /* AT_MINSIGSTKSZ */
    unsigned syscall_size;                /* bytes of the system call instruction, to go back for a restart */
    bool clone_tls_before_child;
    bool tagged_addresses;                /* the top byte of addresses is ignored */
    const struct core_note *core_notes;   /* the first is NT_PRSTATUS's pr_reg; name NULL ends */
    const uint8_t *vdso;                  /* an ELF image of at most a page, which has the page of struct time_page before it */
    size_t vdso_size, vdso_signal_return; /* where in it is the code that makes the rt_sigreturn call */
    void (*start)(struct vcpu *cpu, guest_addr entry, guest_addr stack);
    void (*system_call)(const struct vcpu *cpu, unsigned *number, uint64_t arguments[6]);
    void (*set_result)(struct vcpu *cpu, int64_t result);
    int64_t (*result)(const struct vcpu *cpu);
    /* The child of clone: result 0, its stack (0: the parent's), its thread pointer where set_tls. */
    void (*clone_child)(struct vcpu *cpu, guest_addr stack, bool set_tls, guest_addr tls);
    /* Builds the frame and points the cpu at the handler; mask is the one to return to. Negative errno: the stack is bad. */
    int (*push_frame)(struct thread *thread, const siginfo_t *info, const struct signal_action *action, uint64_t mask);
    /* Reads it back into the cpu and the alternate stack; 0 and *mask, or negative errno. The mask is set before the registers. */
    int (*pop_frame)(struct thread *thread, bool (*set_mask)(struct thread *thread, uint64_t mask), bool *try_again);
};
const struct usermode_isa *usermode_isa_find(const char *name);            /* isas.c */

/* -- options (options.c) --------------------------------------------------------------------------------------------------- */
struct environment_edit { const char *text; bool unset; };

struct options {
    const char *sysroot, *argv0, *release, *host, *log_file, *cpu;
    const char *strace_calls;             /* --strace=CALLS; NULL: all */
    const char *limits;                   /* memory_limits.h: of the ferry before an exec; NULL */
    uint64_t stack_size, max_insns, hot_after, cache_size, dump_block, seed;
    unsigned channels;                    /* debug/log.h */
    int64_t exec_descriptor;              /* load this instead of opening the program; -1 */
    int64_t own_descriptor;               /* ferry itself, where /proc/self/exe is out of reach; -1 */
    int64_t log_descriptor;               /* where the ferry before an exec had its log; -1 */
    int64_t seccomp_descriptor;           /* the filters that the program before this one had set; -1 */
    const char *cache_directory;
    uint64_t cache_limit;
    int64_t cache_descriptor;             /* the same directory, where its name may not lead to it; -1 */
    bool no_cache, warm_cache;            /* warm_cache: translate the program ahead instead of running it */
    bool have_seed, no_link, strace, stats, perf, help, version;
    bool sandbox, in_sandbox;             /* in_sandbox: it was entered before the exec that led here */
    bool memory_files;                    /* the program before this one had a descriptor of a process's memory */
    struct environment_edit *edits;
    unsigned edit_count;
    char **inherited;                     /* options for exec'ed children */
    int inherited_count;
    int argument_count;
    char **arguments;                     /* the guest's: program and its arguments */
};
/* false: printed why. The arguments stay referenced. */
bool options_parse(struct options *options, int argc, char **argv, char **environment);
void options_help(void);
void options_version(void);
/* The guest's environment: the host's with -E and -U applied. */
char **options_environment(const struct options *options, char **environment);

/* -- process-wide state of this folder (process->user) ------------------------------------------------------------------- */
struct usermode {
    const struct usermode_isa *isa;
    const struct options *options;
    uint32_t modes;                       /* enum guest_mode bits set so far */
    bool took_back;                       /* the signal that the C library's first thread took */
    struct symbols *symbols;              /* debug/symbols.h; NULL unless a trace or --perf wants names */
    struct perf_map *perf_map;
    struct cache *cache;                  /* cache.h; NULL: none */
    _Atomic(struct thread *) dumping;     /* the thread that writes a core file; the others do not run any more */
};
static inline struct usermode *usermode_of(const struct process *process) { return process->user; }
static inline const struct usermode_isa *usermode_isa_of(const struct thread *thread) { return usermode_of(thread->process)->isa; }

/* thread->user */
struct usermode_thread {
    jmp_buf leave;                        /* where a thread made by pthread_create ends */
    bool is_pthread;
    _Atomic bool in_guest;                /* its registers are in the translator's hands */
    guest_addr fault_address;             /* of the last synchronous fault, for its frame */
    uint64_t fault_syndrome;
};
static inline struct usermode_thread *usermode_thread_of(const struct thread *thread) { return thread->user; }

/* -- load.c ---------------------------------------------------------------------------------------------------------------- */
struct program {
    char name[PATH_MAX];                  /* what was asked for: AT_EXECFN, a script's own */
    char path[PATH_MAX];                  /* the program as the guest sees it: a script's interpreter */
    char host_path[PATH_MAX];
    int fd;
    int argument_count;
    char **arguments;                     /* with a script's interpreter put in front */
    struct elf_file file;
    const struct guest_isa *isa;
};
/* Finds and opens what to run, through scripts. 0 or the exit status to leave with, the reason printed. */
int program_open(struct program *program, const struct options *options, struct process *process);
/* The program's PT_INTERP can be found: in the sysroot, on the host, or in the default sysroot. */
bool interpreter_exists(const struct process *process, const char *name);
/* Maps program, interpreter, stack, vDSO; sets the registers. 0 or an exit status. */
/* Only maps the program, or library where it would lie, for the cache to look at. 0 or an exit status. */
int program_map(struct program *program, struct thread *thread, bool is_library, struct elf_image *image);
int program_load(struct program *program, struct thread *thread, const struct options *options, char **environment);

/* -- layout.c: the address space of a new program -------------------------------------------------------------------------- */
struct layout {
    unsigned personality;
    int randomize;                        /* as kernel.randomize_va_space; 0 by personality too */
    uint64_t stack_limit;
    guest_addr stack_top, mmap_base, program_base;
    bool bottom_up;                       /* mmap's direction */
    uint64_t brk_shift, stack_pointer_shift;
};
void layout_choose(struct layout *layout, const struct process *process, const struct options *options);
guest_addr layout_brk(const struct layout *layout, const struct program *program, const struct elf_image *image);

/* -- stack.c --------------------------------------------------------------------------------------------------------------- */
struct stack_contents {
    const struct program *program;
    const struct elf_image *image;
    guest_addr interpreter_base;
    char **environment;
    uint64_t seed; bool have_seed;
    uint64_t shift;                       /* of the stack pointer, random */
};
/* The size of the strings that stack_fill is going to write. */
uint64_t stack_strings_size(const struct program *program, char **environment);
/* Writes strings, auxiliary vector and pointers below stack_high; the stack pointer, or 0 when they do not fit. */
guest_addr stack_fill(struct thread *thread, const struct stack_contents *contents);

/* -- run.c, deliver.c ------------------------------------------------------------------------------------------------------ */
void thread_run(struct thread *thread) __attribute__((noreturn));
/* Delivers what has arrived; restart is a SYSCALL_RESTART code of the call just made, or 0. true: make that call again now. */
bool deliver_signals(struct thread *thread, int64_t restart);
/* A fault of the guest's own: cannot be blocked or ignored. */
void deliver_fault(struct thread *thread, const siginfo_t *info);
int64_t signal_return(struct thread *thread);

/* -- host_signals.c, fault.c ----------------------------------------------------------------------------------------------- */
void host_signals_start(struct thread *thread);                            /* first thread: installs handlers, learns ignored signals and mask */
void host_signals_enter(struct thread *thread);                            /* this host thread runs `thread` from now on */
void host_signals_set_current(struct thread *thread);
int64_t host_signals_action(struct thread *thread, int signal, const struct signal_action *action);
void host_signals_know_action(struct process *process, int signal);           /* asks the host what it was when ferry started */
void host_signals_install_synchronous(void);                               /* our handler for faults, whatever was there */
/* After each pthread_create: the C library's first one takes a signal for itself. */
void host_signals_take_back(struct thread *thread);
void host_signals_default(int signal);                                     /* host's disposition becomes the default */
/* Ends the process by the signal, as its parent will see it. */
void die_by_signal(struct thread *thread, int signal) __attribute__((noreturn));
/* The same for a signal whose default is a core file: writes it first. */
void die_with_core(struct thread *thread, const siginfo_t *info) __attribute__((noreturn));
/* From the handler: true when the fault was explained and execution goes on. */
bool host_fault(struct thread *thread, siginfo_t *info, void *ucontext);

/* -- own_memory.c ---------------------------------------------------------------------------------------------------------- */

void own_memory_start(void);

/* -- core_dump.c ----------------------------------------------------------------------------------------------------------- */
/* The guest's core file, if its limits and the system's pattern want one; false: none, or the parent will not hear of it. */
bool core_dump(struct thread *thread, const siginfo_t *info);
void wait_for_the_end(void) __attribute__((noreturn));     /* another thread is ending the process */

/* -- sandbox.c: host filters for ferry itself; false: errno says why not ---------------------------------------------------- */
bool sandbox_enter(void);

/* -- clone.c, execute.c, leave.c --------------------------------------------------------------------------------------------- */
int64_t clone_thread_or_process(struct thread *thread, uint64_t flags, guest_addr stack, guest_addr parent_tid, guest_addr tls,
                                guest_addr child_tid, int exit_signal, const void *extra);
struct thread *thread_new(struct process *process);                        /* not yet in the list; NULL: no memory */
void thread_free(struct thread *thread);
void leave_thread(struct thread *thread, int status) __attribute__((noreturn));
void leave_group(struct thread *thread, int status) __attribute__((noreturn));
/* The end of a thread, or of its group, by a signal that nobody sent. */
void leave_by_signal(struct thread *thread, const siginfo_t *info, bool group) __attribute__((noreturn));
void print_statistics(const struct process *process);
int64_t execute_program(struct thread *thread, int directory, const char *path, char *const *argv, char *const *envp, int flags);

#endif
