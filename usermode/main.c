/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ferry: runs a Linux program that was built for another CPU.
 */
#include "usermode/cache.h"

#include "debug/host_disassembly.h"
#include "debug/log.h"
#include "debug/symbols.h"
#include "syscalls/abi.h"
#include "syscalls/guest_memory.h"
#include "syscalls/memory_limits.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define USAGE_ERROR 1
#define DEFAULT_CACHE (256ull << 20)
#define HOT_AFTER_MAXIMUM (1u << 30)
#define LOWEST_OWN_ADDRESS (1ull << 39)   /* below are the guest's areas */

static bool fetch(void *user, guest_addr pc, void *bytes, size_t size)
{
    struct process *process = user;
    return address_space_executable(process, pc, size) && guest_copy(bytes, guest_pointer(process, pc), size) == 0;
}

static const char *symbol(void *user, guest_addr pc, guest_addr *start)
{
    struct symbols *symbols = usermode_of(user)->symbols;
    return symbols ? symbols_find(symbols, pc, start) : NULL;
}

static void code_published(void *user, const void *code, size_t size, guest_addr pc)
{
    guest_addr start = pc;
    const char *name = symbol(user, pc, &start);
    perf_map_add(usermode_of(user)->perf_map, code, size, pc, name, start);
}

static int64_t result(struct thread *thread)
{
    return usermode_isa_of(thread)->result(thread->cpu);
}

static void set_result(struct thread *thread, int64_t value)
{
    usermode_isa_of(thread)->set_result(thread->cpu, value);
}

static const struct process_operations operations_template = {
    .execute = execute_program, .clone = clone_thread_or_process, .exit_thread = leave_thread, .exit_group = leave_group,
    .signal_return = signal_return, .signal_action = host_signals_action, .know_signal_action = host_signals_know_action,
    .force_signal = deliver_fault, .kill = leave_by_signal,
    .set_result = set_result, .result = result,
};

/* -- parts of the start -------------------------------------------------------------------------------------------------- */

/* Called by binfmt_misc with flag P: the path comes before the program's own argv[0] (AT_FLAGS_PRESERVE_ARGV0). */
static void from_binfmt(struct options *options)
{
    bool keeps_argv0 = getauxval(AT_FLAGS) & 1;
    if (!keeps_argv0 || options->argument_count < 2)
        return;
    options->argv0 = options->arguments[1];
    options->arguments[1] = options->arguments[0];
    options->arguments++;
    options->argument_count--;
}

/* A file for each process is opened by each, wherever that process is then. */
static void fix_log_name(struct options *options)
{
    char directory[PATH_MAX], *name;
    if (!options->log_file || options->log_file[0] == '/' || !strstr(options->log_file, "%d") || !getcwd(directory, sizeof directory))
        return;
    if (asprintf(&name, "%s/%s", directory, options->log_file) >= 0)
        options->log_file = name;
}

/* A log in a file, and any trace of system calls, has a descriptor that the program does not see and cannot close, and that programs
 * started by exec take over; but a file for each process is opened by each. */
static void open_log(const struct options *options, struct process *process)
{
    int *descriptor = log_descriptor();
    log_enable(options->channels);
    if (options->log_descriptor >= 0)
        log_inherit((int)options->log_descriptor);
    else if (options->log_file && !log_to_file(options->log_file))
        fprintf(stderr, "ferry: %s: %s (the log goes to stderr)\n", options->log_file, strerror(errno));
    else if (!options->log_file && (options->strace || log_enabled(LOG_SYSCALL)) && (*descriptor = dup(STDERR_FILENO)) < 0)
        *descriptor = STDERR_FILENO;
    if (*descriptor != STDERR_FILENO) {
        *descriptor = descriptor_move_up(*descriptor, 0);
        process->log_descriptor = descriptor;
    }
    process->strace = options->strace || (options->channels & LOG_SYSCALL);
    process->strace_calls = options->strace_calls ? strace_filter(options->strace_calls) : NULL;
    process->trace_unimplemented = options->channels & LOG_UNIMPLEMENTED;
    process->log = log_text;
}

static struct process *process_new(const struct options *options)
{
    struct process *process = calloc(1, sizeof *process);
    struct usermode *usermode = calloc(1, sizeof *usermode);
    struct signal_actions *actions = calloc(1, sizeof *actions);
    if (!process || !usermode || !actions)
        return NULL;
    pthread_mutex_init(&actions->lock, NULL);
    process->actions = actions;
    usermode->options = options;
    process->user = usermode;
    pthread_mutex_init(&process->lock, NULL);
    process->sysroot = options->sysroot && *options->sysroot && strcmp(options->sysroot, "/") ? strdup(options->sysroot) : NULL;
    process->uname_release = options->release ? strdup(options->release) : NULL;
    process->argument_count = options->inherited_count;
    process->arguments = options->inherited;
    process->space = address_space_new(process);
    memory_limits_start(process, options->limits);
    process->writes_memory_files = options->memory_files;
    process->exec_descriptor = process->cache_descriptor = -1;
    process->own_descriptor = options->own_descriptor < 0 ? -1 : descriptor_move_up((int)options->own_descriptor, 0);
    open_log(options, process);
    return process->space ? process : NULL;
}

static struct engine *start_engine(struct process *process, const struct options *options)
{
    struct usermode *usermode = usermode_of(process);
    struct engine_options engine = {
        .host = options->host, .cache_bytes = options->cache_size ? options->cache_size : DEFAULT_CACHE, .max_insns = (unsigned)options->max_insns,
        .hot_after = options->hot_after < HOT_AFTER_MAXIMUM ? (unsigned)options->hot_after : HOT_AFTER_MAXIMUM,
        .trace = options->channels & LOG_TRANSLATOR, .dump_block = options->dump_block,
        .image_wanted = process->code_files ? cache_image_wanted : NULL, .code_flushed = process->code_files ? cache_code_flushed : NULL,
        .no_link = options->no_link || (options->channels & LOG_NO_LINK),
        .measure = options->stats,
        .log = log_text, .fetch = fetch, .symbol = symbol, .disassemble_host = host_disassembly, .user = process,
    };
    if (options->perf)
        usermode->perf_map = perf_map_new();
    if (usermode->perf_map)
        engine.code_published = code_published;
    if (options->perf || (options->channels & LOG_TRANSLATOR) || options->dump_block != ~0ull)
        usermode->symbols = symbols_new();
    return engine_new(process->isa, &engine);
}

static struct thread *first_thread(struct process *process)
{
    struct thread *thread = thread_new(process);
    if (!thread)
        return NULL;
    thread->tid = getpid();
    thread->cpu = vcpu_new(process->engine, thread);
    process->threads = thread;
    return thread->cpu ? thread : NULL;
}

/* The guest's side of the process, once its ISA is known. */
static bool set_isa(struct process *process, const struct guest_isa *isa)
{
    struct usermode *usermode = usermode_of(process);
    struct process_operations *operations = malloc(sizeof *operations);
    usermode->isa = usermode_isa_find(isa->name);
    if (!operations || !usermode->isa)
        return false;
    *operations = operations_template;
    operations->minimum_signal_stack = usermode->isa->minimum_signal_stack;
    process->operations = operations;
    process->isa = isa;
    process->abi = abi_find(isa->name);
    process->clone_tls_before_child = usermode->isa->clone_tls_before_child;
    return process->abi;
}

static bool enter_sandbox(const struct options *options)
{
    if (!options->sandbox || options->in_sandbox || sandbox_enter())
        return true;
    fprintf(stderr, "ferry: the sandbox cannot be entered: %s\n", strerror(errno));
    return false;
}

static int start(const struct options *options, char **environment)
{
    if (!enter_sandbox(options))
        return 126;
    struct process *process = process_new(options);
    struct program *program = calloc(1, sizeof *program);
    if (!process || !program)
        return fprintf(stderr, "ferry: no memory\n"), 126;
    struct descriptor_room room;
    descriptor_room_make(&room);
    int status = program_open(program, options, process);
    if (status)
        return status;
    if (!set_isa(process, program->isa))
        return fprintf(stderr, "ferry: %s has no system call interface\n", program->isa->name), 126;
    cache_start(process, options);
    process->engine = start_engine(process, options);
    struct thread *thread = process->engine ? first_thread(process) : NULL;
    if (!thread)
        return fprintf(stderr, "ferry: the translator cannot start: %s\n", strerror(errno)), 126;
    if (options->seccomp_descriptor >= 0 && !seccomp_filters_load(thread, (int)options->seccomp_descriptor))
        return fprintf(stderr, "ferry: the seccomp filters did not arrive\n"), 126;
    if (options->warm_cache)
        return cache_warm(thread, program);
    host_signals_start(thread);
    status = program_load(program, thread, options, environment);
    descriptor_room_end(&room);
    if (status)
        return status;
    thread_run(thread);
}

int main(int argc, char **argv, char **envp)
{
    static struct options options;
    if ((uintptr_t)main < LOWEST_OWN_ADDRESS)
        return fprintf(stderr, "ferry: loaded at %p, where programs go: it must be built position-independent\n", (void *)(uintptr_t)main), 126;
    own_memory_start();
    if (!options_parse(&options, argc, argv, envp))
        return USAGE_ERROR;
    if (options.help || options.version) {
        options.help ? options_help() : options_version();
        return 0;
    }
    if (options.argument_count == 0) {
        fprintf(stderr, "usage: ferry [options] program [arguments] (ferry --help lists the options)\n");
        return USAGE_ERROR;
    }
    from_binfmt(&options);
    fix_log_name(&options);
    if (cache_is_command(&options))
        return cache_command(&options, start);
    char **environment = options_environment(&options, envp);
    return environment ? start(&options, environment) : 126;
}
