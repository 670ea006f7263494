/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * execve as the guest sees it. Foreign programs, and scripts whose interpreter is one, run in a fresh ferry with the same options;
 * everything else is the host's business. All errors that the kernel gives before its point of no return are given here.
 */
#include "usermode/cache.h"

#include "debug/log.h"
#include "syscalls/files.h"
#include "syscalls/memory_limits.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"
#include "syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SCRIPT_DEPTH 5
#define EXTRA_OPTIONS 11                 /* that only an exec gives */
#define HANDED_OVER_FROM 800             /* descriptors that the next ferry gets and closes */

struct execution {
    struct thread *thread;
    int directory, flags, fd;
    const char *path;                     /* as the guest gave it */
    const char *host_path;                /* with directory */
    char *const *argv, *const *envp;
    struct descriptor_room room;          /* until the program itself is started */
};

enum kind { KIND_NATIVE, KIND_FOREIGN };

/* -- what it is -------------------------------------------------------------------------------------------------------------- */

static bool known_machine(const struct elf_identity *identity)
{
    for (const struct guest_isa *const *isa = guest_isa_list(); *isa; isa++)
        if ((*isa)->elf_machine == identity->machine && (*isa)->elf_class == identity->elf_class && (*isa)->elf_data == identity->data)
            return true;
    return false;
}

/* KIND_FOREIGN when ferry could load it, or the kernel's error. */
static int check_foreign(struct process *process, int fd)
{
    char error[LOADER_ERROR_SIZE];
    struct elf_file *file = malloc(sizeof *file);
    if (!file)
        return -ENOMEM;
    int result = elf_read(fd, file, error);
    if (result == 0)
        result = file->interpreter[0] && !interpreter_exists(process, file->interpreter) ? -ENOENT : KIND_FOREIGN;
    free(file);
    return result;
}

static int classify(struct process *process, int fd, int depth);

static int classify_interpreter(struct process *process, const char *name, int depth)
{
    char buffer[PATH_MAX];
    const char *host = path_to_host_followed(process, name, buffer);
    if (depth == SCRIPT_DEPTH)
        return -ELOOP;
    if (access(host, X_OK) < 0)
        return -errno;
    int fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int kind = classify(process, fd, depth + 1);
    close(fd);
    return kind;
}

static int classify(struct process *process, int fd, int depth)
{
    uint8_t bytes[LOADER_PEEK] = { 0 };
    struct elf_identity identity;
    struct script script;
    ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    if (size < 0)
        return -errno;
    if (elf_identify(bytes, (size_t)size, &identity))
        return known_machine(&identity) ? check_foreign(process, fd) : KIND_NATIVE;
    int kind = script_parse(bytes, (size_t)size, &script);
    return kind < 0 ? kind : kind ? classify_interpreter(process, script.interpreter, depth) : KIND_NATIVE;
}

/* Opens x->fd; 0 or negative errno. A file that may be run but not read is left to the host. */
static int open_program(struct execution *x)
{
    struct stat status;
    if (!*x->path && !(x->flags & AT_EMPTY_PATH))
        return -ENOENT;
    if (!*x->path) {
        char name[64];
        if (fcntl(x->directory, F_GETFD) < 0)
            return -EBADF;
        snprintf(name, sizeof name, "/proc/self/fd/%d", x->directory);
        x->fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    } else {
        x->fd = openat(x->directory, x->host_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (x->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    }
    if (x->fd < 0)
        return -errno;
    if (fstat(x->fd, &status) < 0 || !S_ISREG(status.st_mode))
        return -EACCES;
    if (faccessat(x->directory, x->host_path, X_OK, *x->path ? AT_EACCESS : AT_EACCESS | AT_EMPTY_PATH) < 0)
        return -errno;
    return 0;
}

static bool is_refused_by_host(struct process *process, int fd, int depth);

static bool is_refused_interpreter(struct process *process, const char *name, int depth)
{
    char buffer[PATH_MAX];
    int fd = open(path_to_host_followed(process, name, buffer), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool refused = fd >= 0 && depth < SCRIPT_DEPTH && is_refused_by_host(process, fd, depth + 1);
    close(fd);
    return refused;
}

static bool lacks_interpreter(int fd)
{
    char error[LOADER_ERROR_SIZE];
    struct elf_file *file = malloc(sizeof *file);
    bool lacks = file && elf_read(fd, file, error) == 0 && file->interpreter[0] && access(file->interpreter, F_OK) < 0;
    free(file);
    return lacks;
}

/* What the host's exec is sure to refuse: neither an ELF file nor a script, or an interpreter that is not there. For --strace, whose line has
 * to be out before the exec when it works. */
static bool is_refused_by_host(struct process *process, int fd, int depth)
{
    uint8_t bytes[LOADER_PEEK] = { 0 };
    struct elf_identity identity;
    struct script script;
    ssize_t size = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
    if (size < 0)
        return false;
    if (elf_identify(bytes, (size_t)size, &identity))
        return lacks_interpreter(fd);
    return script_parse(bytes, (size_t)size, &script) <= 0 || is_refused_interpreter(process, script.interpreter, depth);
}

/* -- signals across exec: what a fresh program inherits --------------------------------------------------------------------- */

/* The host never blocks or ignores SIGSEGV and its kind while we run; the next program must find them as the guest left them. */
static void prepare_signals(struct thread *thread)
{
    struct kernel_ignore { uintptr_t handler; unsigned long flags; void *restorer; uint64_t mask; } ignore = { .handler = 1 };
    for (int signal = 1; signal <= GUEST_SIGNALS; signal++)
        if ((SIGNAL_BIT(signal) & SIGNALS_SYNCHRONOUS) && thread->process->actions->of[signal].handler == 1)
            host_call(SYS_rt_sigaction, (uint64_t)signal, (uintptr_t)&ignore, 0, sizeof ignore.mask, 0, 0);
    if (!thread->signal_arrived && (thread->signal_mask & SIGNALS_SYNCHRONOUS))
        host_signal_mask(thread->signal_mask);
}

static void resume_signals(struct thread *thread)
{
    host_signals_install_synchronous();
    if (!thread->signal_arrived && (thread->signal_mask & SIGNALS_SYNCHRONOUS))
        host_signal_mask(thread->signal_mask & ~SIGNALS_SYNCHRONOUS);
}

/* Interrupted before it happened: the handler first. Other threads are gone once it succeeds. */
static int64_t host_execute(struct execution *x, int directory, const char *path, char *const *argv, int flags)
{
    struct thread *thread = x->thread;
    static char *const no_environment[] = { NULL };
    char *const *envp = x->envp ? x->envp : no_environment;
    descriptor_room_end(&x->room);
    prepare_signals(thread);
    int64_t result = host_call_blocking(thread, SYS_execveat, (uint64_t)(int64_t)directory, (uintptr_t)path, (uintptr_t)argv, (uintptr_t)envp, (uint64_t)flags, 0);
    resume_signals(thread);
    return result == -EINTR ? SYSCALL_RESTART_ALWAYS : result;
}

/* -- a fresh ferry -------------------------------------------------------------------------------------------------------------- */

struct argument_list { char **items; size_t count, bytes; };

static size_t count_strings(char *const *strings)
{
    size_t count = 0;
    while (strings && strings[count])
        count++;
    return count;
}

static void add(struct argument_list *list, const char *text)
{
    list->items[list->count++] = (char *)text;
}

/* ferry, its options, the program's own name, the program, its arguments. */
static void fill_arguments(struct argument_list *list, const struct execution *x, const char *const options[EXTRA_OPTIONS], const char *name)
{
    const struct process *process = x->thread->process;
    size_t count = count_strings(x->argv);
    add(list, "ferry");
    for (int i = 0; i < process->argument_count; i++)
        add(list, process->arguments[i]);
    for (int i = 0; i < EXTRA_OPTIONS; i++)
        if (*options[i])
            add(list, options[i]);
    add(list, "-0");
    add(list, count ? x->argv[0] : "");
    add(list, "--");
    add(list, name);
    for (size_t i = 1; i < count; i++)
        add(list, x->argv[i]);
    add(list, NULL);
}

/* The name the kernel would give the program (AT_EXECFN): a path through the descriptor where there is one. */
static void program_name(const struct execution *x, char name[PATH_MAX + 32])
{
    if (!*x->path)
        snprintf(name, PATH_MAX + 32, "/dev/fd/%d", x->directory);
    else if (x->directory != AT_FDCWD && x->path[0] != '/')
        snprintf(name, PATH_MAX + 32, "/dev/fd/%d/%s", x->directory, x->path);
    else
        snprintf(name, PATH_MAX + 32, "%s", x->path);
}

static int64_t start_ferry(struct execution *x, struct argument_list *list)
{
    struct process *process = x->thread->process;
    strace_execute(x->thread);
    return process->own_descriptor >= 0 ? host_execute(x, process->own_descriptor, "", list->items, AT_EMPTY_PATH)
                                        : host_execute(x, AT_FDCWD, "/proc/self/exe", list->items, 0);
}

/* /proc/self/exe is ferry to the host, and the program to the guest. */
static bool is_own_executable(const char *path)
{
    char own[64];
    snprintf(own, sizeof own, "/proc/%d/exe", (int)getpid());
    return strcmp(path, "/proc/self/exe") == 0 || strcmp(path, "/proc/thread-self/exe") == 0 || strcmp(path, own) == 0;
}

/* A copy of a descriptor that the next ferry gets, and the option that says so. fd -1: there is none. */
struct hand_over { int fd; char option[32]; };

/* High up, where the guest has none; anywhere when its limit is lower. */
static int copy_descriptor(int fd)
{
    int copy = fcntl(fd, F_DUPFD, HANDED_OVER_FROM);
    return copy >= 0 ? copy : fcntl(fd, F_DUPFD, 0);
}

static bool hand_over(struct hand_over *h, const char *option, int fd)
{
    h->fd = fd < 0 ? -1 : copy_descriptor(fd);
    h->option[0] = 0;
    if (h->fd >= 0)
        snprintf(h->option, sizeof h->option, "--%s=%d", option, h->fd);
    return fd < 0 || h->fd >= 0;
}

static int64_t hand_over_filters(struct hand_over *h, const struct thread *thread)
{
    int64_t file = thread->seccomp_mode ? seccomp_filters_save(thread) : -1;
    bool good = hand_over(h, "seccomp-fd", (int)file);
    if (file >= 0)
        close((int)file);
    return thread->seccomp_mode && file < 0 ? file : good ? 0 : -EMFILE;
}

static int64_t execute_foreign(struct execution *x)
{
    struct process *process = x->thread->process;
    cache_save(x->thread);
    struct argument_list list = { .bytes = (count_strings(x->argv) + (size_t)process->argument_count + EXTRA_OPTIONS + 12) * sizeof(char *) };
    struct hand_over program, own, log, filters, cache;
    char sysroot[PATH_MAX + 16] = "", directory[PATH_MAX + 16] = "", log_option[PATH_MAX + 16] = "", limits[128], name[PATH_MAX + 32];
    /* Where the new ferry would not find the file by the name that the program is to have. */
    bool by_descriptor = !strchr(x->path, '/') || (x->directory != AT_FDCWD && x->path[0] != '/') || is_own_executable(x->path);
    list.items = mmap(NULL, list.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (list.items == MAP_FAILED)
        return -ENOMEM;
    if (process->sysroot)
        snprintf(sysroot, sizeof sysroot, "--sysroot=%s", process->sysroot);
    bool handed_over = hand_over(&program, "exec-fd", by_descriptor ? x->fd : -1) & hand_over(&own, "own-fd", process->own_descriptor);
    if (process->code_files)              /* whatever home the environment tells by then */
        snprintf(directory, sizeof directory, "--cache-dir=%s", process->cache_directory);
    const char *log_file = usermode_of(process)->options->log_file;
    bool opens_own = log_file && strstr(log_file, "%d") && log_process() != getpid();
    hand_over(&log, "log-fd", process->log_descriptor && !opens_own ? *process->log_descriptor : -1);
    if (log_file && strstr(log_file, "%d"))
        snprintf(log_option, sizeof log_option, "--log-file=%s", log_file);
    hand_over(&cache, "cache-fd", process->cache_descriptor);
    int64_t result = hand_over_filters(&filters, x->thread);
    if (result == 0 && !handed_over)
        result = -EMFILE;
    const struct options *options = usermode_of(process)->options;
    const char *sandbox = options->sandbox || options->in_sandbox ? "--in-sandbox" : "";
    memory_limits_option(process, limits, sizeof limits);
    program_name(x, name);
    const char *memory_files = process->writes_memory_files ? "--memory-files" : "";
    fill_arguments(&list, x, (const char *const[EXTRA_OPTIONS]){ sysroot, limits, sandbox, memory_files, directory, program.option, own.option, log.option, filters.option,
                                                                 cache.option, log_option }, name);
    if (result == 0)
        result = start_ferry(x, &list);
    const struct hand_over *const handed[] = { &program, &own, &log, &filters, &cache };
    for (size_t i = 0; i < sizeof handed / sizeof handed[0]; i++)
        if (handed[i]->fd >= 0)
            close(handed[i]->fd);
    munmap(list.items, list.bytes);
    return result;
}

/* The host's own programs make calls that the guest's filters could not be asked about. */
static int64_t execute_native(struct execution *x)
{
    if (x->thread->seccomp_mode)
        return -EACCES;
    cache_save(x->thread);
    if (x->thread->process->strace && !is_refused_by_host(x->thread->process, x->fd, 0))
        strace_execute(x->thread);
    memory_limits_leave(x->thread->process);
    int64_t result = host_execute(x, x->directory, x->host_path, x->argv, x->flags);
    memory_limits_return(x->thread->process);
    return result;
}

static int64_t execute(struct execution *x)
{
    int result = open_program(x);
    int kind = result == 0 ? classify(x->thread->process, x->fd, 0) : KIND_NATIVE;
    if (result == -EACCES && x->fd < 0)
        result = 0;
    int64_t final = result < 0 ? result : kind < 0 ? kind
                  : kind == KIND_FOREIGN ? execute_foreign(x) : execute_native(x);
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
    return final;
}

int64_t execute_program(struct thread *thread, int directory, const char *path, char *const *argv, char *const *envp, int flags)
{
    char buffer[PATH_MAX];
    struct execution x = { thread, directory, flags, -1, path, path, argv, envp, { 0 } };
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    if (path[0] == '/' && file_path_to_host(thread, directory, path, !(flags & AT_SYMLINK_NOFOLLOW), buffer) == 0)
        x.host_path = buffer;
    int64_t result = execute(&x);
    if (result == -EMFILE && descriptor_room_make(&x.room))
        result = execute(&x);
    descriptor_room_end(&x.room);
    return result;
}
