/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The Linux process as data: what system calls act on and what the run loop drives. syscalls/ never includes usermode/;
 * what it needs from there comes through `struct process_operations`.
 */
#ifndef FERRY_SYSCALLS_PROCESS_H
#define FERRY_SYSCALLS_PROCESS_H

#include "translate/translate.h"
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#define GUEST_SIGNALS 64
#define VDSO_SIZE 4096

struct process;
struct thread;
struct abi;                                /* abi.h: sizes, byte order, numbers, constants of the guest's kernel ABI */

/* One signal action, guest values. */
struct signal_action { guest_addr handler, restorer; uint64_t flags, mask; };

/* What processes made with CLONE_SIGHAND have in common. */
struct signal_actions {
    pthread_mutex_t lock;                  /* a leaf */
    bool shared;                           /* has been: nobody knows any more who uses it last */
    uint64_t unknown;                      /* SIGNAL_BITs of those nobody has asked for yet: `of` and `host` are not filled in */
    struct signal_action of[GUEST_SIGNALS + 1];
    uint8_t host[GUEST_SIGNALS + 1];       /* the run loop's own: what the host has installed */
};

/* Signals kept until the guest lets them through (held_signals.c). */
struct held_signals { _Atomic uint64_t claimed, set; siginfo_t info[4]; };

struct thread {
    struct vcpu *cpu;
    struct process *process;
    struct thread *next;                   /* process->threads, under process->lock */
    pid_t tid;
    volatile sig_atomic_t signal_arrived;  /* set by the host handler; checked by the window */
    uint64_t signal_mask, saved_mask;      /* saved_mask: to restore after sigsuspend and friends, when restore_mask */
    bool restore_mask;
    guest_addr altstack_sp; uint64_t altstack_size; int altstack_flags;
    guest_addr clear_child_tid, robust_list; uint64_t robust_list_size;
    guest_addr rseq;
    uint64_t restart_arguments[7];         /* number and arguments of the interrupted call, for ERESTART handling */
    volatile sig_atomic_t in_system_call;  /* inside host_call_blocking's window */
    void *host_stack; size_t host_stack_size;
    siginfo_t arrived;                     /* the signal the kernel delivered to us while signal_arrived; every other one is blocked then */
    struct held_signals held;              /* blocked asynchronous SIGSEGV and the like: the host cannot hold them for us */
    uint64_t lets_through;                 /* blocked signals that the call being made waits for */
    _Atomic uint64_t shown;                /* blocked on the host while the call is made, so that a signalfd shows them (signalfd.c) */
    volatile sig_atomic_t held_for_others; /* one is in process->held that another thread may want */
    void *strace_line;                     /* of the call being made (strace.h); NULL: none */
    bool vfork_child;                      /* shares the parent's memory until exec or exit */
    bool exiting;
    int exit_status;
    _Atomic int seccomp_mode;              /* SECCOMP_MODE_; not 0: each call is looked at first (seccomp.c) */
    struct seccomp_filter *_Atomic seccomp_filters;   /* the newest; changed under process->lock, by other threads too */
    void *user;
};

struct process_operations {
    /* Starts `program` in this process's place (execve): returns only with a negative errno. */
    int64_t (*execute)(struct thread *thread, int directory, const char *path, char *const *argv, char *const *envp, int flags);
    /* Raw clone with exactly these (host = guest) flags; entry state copied from the calling vcpu. */
    int64_t (*clone)(struct thread *thread, uint64_t flags, guest_addr stack, guest_addr parent_tid, guest_addr tls, guest_addr child_tid, int exit_signal, const void *extra);
    void (*exit_thread)(struct thread *thread, int status) __attribute__((noreturn));
    void (*exit_group)(struct thread *thread, int status) __attribute__((noreturn));
    int64_t (*signal_return)(struct thread *thread);
    /* The host's side of an action: default and ignore are mirrored, a handler becomes our queueing one. 0 or negative errno. */
    int64_t (*signal_action)(struct thread *thread, int signal, const struct signal_action *action);
    void (*know_signal_action)(struct process *process, int signal);      /* of one in actions->unknown; their lock held */
    /* What a seccomp filter asks for: a signal that cannot be blocked, now; the end of the thread or, with `group` or as the last one, of the
     * process by it; a result that the run loop does not interpret. */
    void (*force_signal)(struct thread *thread, const siginfo_t *info);
    void (*kill)(struct thread *thread, const siginfo_t *info, bool group) __attribute__((noreturn));
    void (*set_result)(struct thread *thread, int64_t value);
    int64_t (*result)(struct thread *thread);   /* what the result's register holds */
    unsigned minimum_signal_stack;         /* sigaltstack refuses less */
};

/* A resource limit that is kept here and not by the host (memory_limits.h). */
struct memory_limit { uint64_t soft, hard; };

/* What the vDSO reads: wall clock = monotonic + offset (nanoseconds) while monotonic < valid_until. Guest memory: the guest may have
 * put something else there, hence the mark. */
struct time_page { int64_t wall_offset; uint64_t valid_until, mark[2]; };
#define TIME_PAGE_MARK 0x6d69742d79727265ull, 0x656761702d65ull

struct process {
    const struct guest_isa *isa;
    const struct abi *abi;
    struct engine *engine;
    const struct process_operations *operations;
    struct address_space *space;
    struct code_files *code_files;         /* code_files.h; NULL: no persistent cache */
    struct thread *threads;
    pthread_mutex_t lock;                  /* threads; taken before space's lock, never after it */
    struct signal_actions *actions;
    struct held_signals held;              /* directed at the process */
    _Atomic uint64_t signalfd_mask;        /* SIGNALS_SYNCHRONOUS that a signalfd has been asked for */
    char *executable;                      /* guest's /proc/self/exe: absolute host path of the program */
    char *sysroot;                         /* NULL: none */
    char *uname_release;                   /* -r; NULL: host's */
    char *program_name;                    /* argv[0] as given */
    guest_addr brk_start, brk;
    struct memory_limit address_space_limit, data_limit;
    unsigned memory_deny;                  /* PR_SET_MDWE's bits */
    int lock_new;                          /* mlockall's bits with MCL_FUTURE: new mappings are locked (memory_locks.c); or 0 */
    uint64_t mapped_peak;                  /* the most bytes that were mapped at a time; under space's lock */
    guest_addr code_start, code_end, data_start, data_end;   /* the program's, as exec has set them up */
    guest_addr stack_low, stack_high, stack_start;   /* low: how far it may be filled at the start; start: what the program began with in its stack pointer */
    bool has_userfaults;                   /* has made a userfaultfd: an access may wait, and a signal has to end that */
    bool writes_memory_files;              /* has opened a /proc/<pid>/mem for writing (memory_files.c) */
    volatile uint32_t code_written, code_written_seen;   /* counts what other processes wrote here */
    bool has_personality;                  /* a thread has set one (personality(2)): the host knows which */
    bool kernel_knows_layout;              /* PR_SET_MM_MAP: /proc/<pid>/{cmdline,environ,auxv} are right without us */
    guest_addr auxv_address; size_t auxv_size;
    guest_addr arguments_start, arguments_end, environment_start, environment_end;
    guest_addr vdso, signal_trampoline;
    guest_addr time_page;                  /* struct time_page, or 0 */
    bool clone_tls_before_child;           /* clone's arguments: (flags, stack, parent, tls, child) instead of (…, child, tls) */
    int own_descriptor;                    /* ferry's program, where /proc/self/exe may not lead to it (descriptors.c); or -1 */
    int exec_descriptor;                   /* the guest's program, when it has no name; or -1 */
    int *log_descriptor;                   /* the log's, where it has one of its own; or NULL. All are hidden from the guest */
    int cache_descriptor;                  /* the cache's directory, where its name may not lead to it; or -1 */
    const char *cache_directory;           /* NULL: no persistent cache */
    struct rings *rings;                   /* rings.c; NULL: none made yet */
    bool strace;
    const bool *strace_calls;              /* only these, by index in call_table; NULL: all */
    bool trace_unimplemented;
    void (*log)(void *user, const char *text);   /* --strace and --trace=unimplemented: whole lines; NULL: to stderr */
    void *log_user;
    pid_t strace_first_thread;             /* its lines carry no pid */
    int argument_count; char **arguments;  /* ferry's own options, passed on to exec'ed children */
    void *user;
};

/* -- guest memory. 64-bit guests: base 0. All return 0 or -EFAULT and never fault themselves --------------------------- */
void *guest_pointer(const struct process *process, guest_addr address);   /* only to hand to the kernel, which checks */
int copy_from_guest(struct thread *thread, void *to, guest_addr from, size_t size);
int copy_to_guest(struct thread *thread, guest_addr to, const void *from, size_t size);
int64_t copy_string_from_guest(struct thread *thread, char *to, guest_addr from, size_t size);  /* length, -EFAULT, -ENAMETOOLONG */

/* -- host system calls. Negative errno on failure ------------------------------------------------------------------------ */
int64_t host_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* Interruptible: returns -EINTR without entering the kernel when a deliverable guest signal has arrived (see host_call.S). */
int64_t host_call_blocking(struct thread *thread, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* -- paths: `path` as the guest sees it -> the host path (sysroot first). buffer is PATH_MAX bytes ------------------------ */
const char *path_to_host(struct process *process, const char *path, char *buffer);
/* The same for calls that follow a last symbolic link (open, exec): absolute links inside the sysroot stay inside it. */
const char *path_to_host_followed(struct process *process, const char *path, char *buffer);
int64_t path_from_guest(struct thread *thread, guest_addr address, char *buffer);   /* copies and maps; 0 or negative errno */

/* -- ferry's own descriptors (descriptors.c) ------------------------------------------------------------------------------- */
int descriptor_move_up(int fd, int from);  /* to a number out of the guest's way, at least `from`; closes fd. fd itself: no room */
void descriptor_keep_program(struct process *process);   /* before /proc/self/exe may get out of reach */
/* Starting a program takes descriptors where the kernel takes none: room for them beyond the guest's limit, for a moment. false, errno as it
 * was: there can be none. */
struct descriptor_room { uint64_t soft, hard; bool made; };
bool descriptor_room_make(struct descriptor_room *room);
void descriptor_room_end(struct descriptor_room *room);

/* -- address space (address_space.c). Addresses are guest's; results are addresses or negative errno --------------------- */
struct guest_mapping { guest_addr start, end; int protection; bool shared, grows_down, never_executable; };
/* With the guest's PROT_ bits, to map: a file that may not be executed, now or later; to protect: executable too, where it may be. */
#define PROTECTION_NEVER_EXECUTE 0x40000000
#define PROTECTION_EXECUTE_IF_MAY 0x20000000
struct address_space *address_space_new(struct process *process);
int64_t address_space_map(struct process *process, guest_addr hint, uint64_t size, int protection, int flags, int fd, uint64_t offset);
int64_t address_space_unmap(struct process *process, guest_addr start, uint64_t size);
int64_t address_space_protect(struct process *process, guest_addr start, uint64_t size, int protection);
int64_t address_space_remap(struct process *process, guest_addr old, uint64_t old_size, uint64_t new_size, int flags, guest_addr new_address);
int64_t address_space_brk(struct process *process, guest_addr brk, int protection);   /* protection: of what is new */
/* Protection bits the guest gave the page (PROT_*), or -1 when unmapped. */
int address_space_protection(const struct process *process, guest_addr address);
/* The same for code: true when [address, address + size) may be executed. Cheap: for each fetch. */
bool address_space_executable(struct process *process, guest_addr address, size_t size);
/* Around fork: the child's copy must not be half changed. */
void address_space_lock(struct process *process);
void address_space_unlock(struct process *process);
/* The first guest mapping that ends above `from`; false: none. */
bool address_space_next(const struct process *process, guest_addr from, struct guest_mapping *mapping);

/* code_written and code_written_seen differ: drops all translations (memory_files.c). */
void code_written_look(struct process *process);

/* -- signals (signals.c) --------------------------------------------------------------------------------------------------- */
/* Next deliverable signal of thread, dequeued, or 0. */
int signal_next(struct thread *thread, siginfo_t *info);
bool signal_deliverable(const struct thread *thread);
void signal_set_mask(struct thread *thread, uint64_t mask);
/* false: a signal came first, deliver it before changing the mask (return SYSCALL_RESTART_ALWAYS). */
bool signal_try_mask(struct thread *thread, uint64_t mask);
/* From the host's handler. false: this one must wait (held). */
bool signal_arrive(struct thread *thread, const siginfo_t *info);
/* held_signals.c: what is kept for the thread or its process; takes one of `wanted`, lowest number first, or gives 0. */
uint64_t signals_held(const struct thread *thread);
int signal_take_held(struct thread *thread, uint64_t wanted, siginfo_t *info);
void signals_forget_held(struct thread *thread);
void signals_give_back(struct thread *thread, uint64_t set);   /* to the kernel, which has them blocked for the thread now */
void signal_hand_on(struct thread *thread);
/* For sending one of SIGNALS_SYNCHRONOUS to our own process. */
void signal_disguise(siginfo_t *info, bool for_thread);
bool signal_undisguise(siginfo_t *info);   /* true: it was meant for the thread */
/* host_call_blocking for calls that may look at a signalfd (signalfd.c). */
int64_t signalfd_call(struct thread *thread, long number, const uint64_t *arguments);
#define SIGNAL_BIT(signal) (1ull << ((signal) - 1))
/* Never blocked on the host: a fault while blocked would kill us. */
#define SIGNALS_SYNCHRONOUS (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGILL))
/* Those whose default action writes a core file (signal(7)). */
#define SIGNALS_WITH_CORE (SIGNALS_SYNCHRONOUS | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGSYS) \
                           | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ))
uint64_t host_signal_mask(uint64_t mask);  /* sets the calling thread's; returns the old one */
/* A call was interrupted before it had any effect: always made again after the handler. */
#define SYSCALL_RESTART_ALWAYS (-513)

#endif
