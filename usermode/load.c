/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a name on the command line to a program in memory: PATH, scripts, the ELF file and its interpreter, stack, vDSO.
 * Failures end like a shell's: 127 not found, 126 found but not runnable.
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/address_space.h"
#include "syscalls/code_files.h"
#include "syscalls/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NOT_RUNNABLE 126
#define SCRIPT_DEPTH 5                    /* BINPRM's limit of interpreters of interpreters */
#define STACK_ROOM (128ull << 10)         /* below the strings, at the start */
#define SMALLEST_STACK (64ull << 10)
#define STACK_FILLED 12288                /* of most programs; a fault for each page costs more */
#define LARGEST_START (1ull << 30)
#define OWN_STACK (512ll << 10)

static uint64_t page_up(uint64_t size)
{
    return (size + 4095) & ~4095ull;
}

static int complain(int status, const char *name, const char *reason)
{
    fprintf(stderr, "ferry: %s: %s\n", name, reason);
    return status;
}

static int complain_errno(const char *name, int error)
{
    return complain(error == ENOENT || error == ENOTDIR ? NOT_FOUND : NOT_RUNNABLE, name, strerror(error));
}

static const struct guest_isa *find_isa(const struct elf_identity *identity)
{
    for (const struct guest_isa *const *isa = guest_isa_list(); *isa; isa++)
        if ((*isa)->elf_machine == identity->machine && (*isa)->elf_class == identity->elf_class && (*isa)->elf_data == identity->data)
            return *isa;
    return NULL;
}

/* -- finding ------------------------------------------------------------------------------------------------------------ */

static bool is_runnable(struct process *process, const char *path)
{
    char buffer[PATH_MAX];
    struct stat status;
    const char *host = path_to_host_followed(process, path, buffer);
    return stat(host, &status) == 0 && S_ISREG(status.st_mode) && access(host, X_OK) == 0;
}

/* Not a program of the host's own CPU, which PATH may hold under the same name. */
static bool is_foreign(struct process *process, const char *path)
{
    char buffer[PATH_MAX];
    uint8_t bytes[LOADER_PEEK];
    struct elf_identity identity;
    int fd = open(path_to_host_followed(process, path, buffer), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
    if (fd >= 0)
        close(fd);
    return size >= 0 && (!elf_identify(bytes, (size_t)size, &identity) || find_isa(&identity));
}

/* Like execvp: a name without a slash is looked for in PATH. The first one that ferry can run, else the first one at all. */
static bool search_path(struct process *process, const char *name, char path[PATH_MAX])
{
    const char *directories = getenv("PATH");
    char candidate[PATH_MAX];
    bool found = false;
    if (!directories)
        directories = "/bin:/usr/bin";
    while (*directories) {
        int length = (int)strcspn(directories, ":");
        int used = length ? snprintf(candidate, PATH_MAX, "%.*s/%s", length, directories, name) : snprintf(candidate, PATH_MAX, "./%s", name);
        bool runnable = used < PATH_MAX && is_runnable(process, candidate), foreign = runnable && is_foreign(process, candidate);
        if (runnable && (foreign || !found))
            strcpy(path, candidate);
        if (foreign)
            return true;
        found |= runnable;
        directories += length + (directories[length] == ':');
    }
    return found;
}

static int open_path(struct program *program, struct process *process, const char *path)
{
    char buffer[PATH_MAX];
    const char *host = path_to_host_followed(process, path, buffer);
    struct stat status;
    if (strlen(path) >= sizeof program->path)
        return complain_errno(path, ENAMETOOLONG);
    if (path != program->path)
        strcpy(program->path, path);
    snprintf(program->host_path, sizeof program->host_path, "%s", host);
    if (program->fd >= 0)
        close(program->fd);
    program->fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);    /* a pipe must not block before it is refused */
    if (program->fd < 0)
        return complain_errno(path, errno);
    if (fstat(program->fd, &status) < 0 || !S_ISREG(status.st_mode))
        return complain(NOT_RUNNABLE, path, S_ISDIR(status.st_mode) ? "Is a directory" : "not a regular file");
    if (access(host, X_OK) < 0)
        return complain_errno(path, errno);
    return 0;
}

static int open_first(struct program *program, const struct options *options, struct process *process)
{
    const char *name = options->arguments[0];
    char path[PATH_MAX];
    if (options->exec_descriptor >= 0) {
        program->fd = fcntl((int)options->exec_descriptor, F_DUPFD_CLOEXEC, 3);
        close((int)options->exec_descriptor);
        snprintf(program->path, sizeof program->path, "%s", name);
        snprintf(path, sizeof path, "/proc/self/fd/%d", program->fd);
        ssize_t length = readlink(path, program->host_path, sizeof program->host_path - 1);
        program->host_path[length > 0 ? length : 0] = 0;
        return program->fd < 0 ? complain_errno(name, errno) : 0;
    }
    if (strchr(name, '/'))
        return open_path(program, process, name);
    if (!search_path(process, name, path))
        return complain(NOT_FOUND, name, "not found in PATH");
    return open_path(program, process, path);
}

/* -- scripts ----------------------------------------------------------------------------------------------------------- */

/* [interpreter, argument, script, the rest]: argv[0] of the script is lost, as in the kernel. */
static bool prepend_interpreter(struct program *program, const struct script *script)
{
    int extra = 1 + script->has_argument, count = program->argument_count ? program->argument_count : 1;
    char **list = calloc((size_t)(count + extra + 1), sizeof *list);
    if (!list)
        return false;
    list[0] = strdup(script->interpreter);
    if (script->has_argument)
        list[1] = strdup(script->argument);
    list[extra] = strdup(program->path);
    for (int i = 1; i < count; i++)
        list[extra + i] = program->arguments[i];
    program->arguments = list;
    program->argument_count = count + extra;
    return true;
}

static int follow_scripts(struct program *program, struct process *process, struct elf_identity *identity)
{
    for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
        uint8_t bytes[LOADER_PEEK] = { 0 };
        struct script script;
        ssize_t size = pread(program->fd, bytes, sizeof bytes, 0);
        if (size < 0)
            return complain_errno(program->path, errno);
        if (elf_identify(bytes, (size_t)size, identity))
            return 0;
        int kind = script_parse(bytes, (size_t)size, &script);
        if (kind <= 0)
            return complain(NOT_RUNNABLE, program->path, kind < 0 ? "bad interpreter line" : "neither an ELF program nor a script");
        if (!prepend_interpreter(program, &script))
            return complain_errno(program->path, ENOMEM);
        int status = open_path(program, process, script.interpreter);
        if (status)
            return status;
    }
    return complain_errno(program->path, ELOOP);
}

/* -- choosing the guest -------------------------------------------------------------------------------------------------- */

bool interpreter_exists(const struct process *process, const char *name)
{
    char buffer[PATH_MAX], path[PATH_MAX];
    int length = snprintf(path, sizeof path, "/usr/%s%s", usermode_of(process)->isa->triplet, name);
    return access(path_to_host_followed((struct process *)process, name, buffer), F_OK) == 0 || (length < (int)sizeof path && access(path, F_OK) == 0);
}

/* No --sysroot, and the host does not have the interpreter: the distributions' cross sysroot, where that has it. */
static void default_sysroot(struct process *process, const struct usermode_isa *isa, const char *interpreter)
{
    char path[PATH_MAX];
    if (process->sysroot || access(interpreter, F_OK) == 0)
        return;
    int length = snprintf(path, sizeof path, "/usr/%s%s", isa->triplet, interpreter);
    if (length < (int)sizeof path && access(path, F_OK) == 0 && asprintf(&process->sysroot, "/usr/%s", isa->triplet) < 0)
        process->sysroot = NULL;
}

int program_open(struct program *program, const struct options *options, struct process *process)
{
    struct elf_identity identity;
    char error[LOADER_ERROR_SIZE];
    program->fd = -1;
    program->arguments = options->arguments;
    program->argument_count = options->argument_count;
    int status = open_first(program, options, process);
    if (status == 0) {
        memcpy(program->name, program->path, sizeof program->name);
        status = follow_scripts(program, process, &identity);
    }
    if (status)
        return status;
    program->isa = find_isa(&identity);
    if (!program->isa) {
        snprintf(error, sizeof error, "no guest for ELF machine %u, %u bits, %s-endian", identity.machine, identity.elf_class == 2 ? 64 : 32,
                 identity.data == 2 ? "big" : "little");
        return complain(NOT_RUNNABLE, program->path, error);
    }
    if (elf_read(program->fd, &program->file, error) < 0)
        return complain(NOT_RUNNABLE, program->path, error);
    if (program->file.interpreter[0])
        default_sysroot(process, usermode_isa_find(program->isa->name), program->file.interpreter);
    /* --argv0 names the program itself, or the script: whose own name the kernel drops. */
    if (options->argv0 && program->arguments == options->arguments)
        program->arguments[0] = (char *)options->argv0;
    return 0;
}

/* -- mapping --------------------------------------------------------------------------------------------------------------- */

static int64_t map_memory(void *user, uint64_t address, uint64_t size, int protection, int flags, int fd, uint64_t offset)
{
    return address_space_map(((struct thread *)user)->process, address, size, protection, flags, fd, offset);
}

static void unmap_memory(void *user, uint64_t address, uint64_t size)
{
    address_space_unmap(((struct thread *)user)->process, address, size);
}

static int clear_memory(void *user, uint64_t address, uint64_t size)
{
    static const uint8_t zeros[4096];
    while (size) {
        uint64_t part = size < sizeof zeros ? size : sizeof zeros;
        if (copy_to_guest(user, address, zeros, part) < 0)
            return -EFAULT;
        address += part;
        size -= part;
    }
    return 0;
}

static int map_interpreter(struct thread *thread, const struct program *program, struct elf_image *image)
{
    const struct loader_memory memory = { thread, map_memory, unmap_memory, clear_memory };
    const char *name = program->file.interpreter;
    char buffer[PATH_MAX], error[LOADER_ERROR_SIZE];
    struct elf_file *file = malloc(sizeof *file);
    int fd = open(path_to_host_followed(thread->process, name, buffer), O_RDONLY | O_CLOEXEC | O_NONBLOCK), result = -ENOMEM;
    if (fd < 0) {
        free(file);
        fprintf(stderr, "ferry: %s: its interpreter %s: %s (is a --sysroot missing?)\n", program->path, name, strerror(errno));
        return NOT_FOUND;
    }
    if (file)
        result = elf_read(fd, file, error);
    if (result == 0 && file->identity.machine != program->file.identity.machine) {
        snprintf(error, sizeof error, "is for another CPU (is a --sysroot missing?)");
        result = -ENOEXEC;
    }
    if (result == 0)
        result = elf_map(fd, file, &memory, 0, image, error);
    close(fd);
    free(file);
    return result < 0 ? complain(NOT_RUNNABLE, name, result == -ENOMEM ? "out of memory" : error) : 0;
}

/* A guest may lower RLIMIT_STACK, which binds ferry's own stack too: it has grown as far as it ever will by then. */
static void grow_own_stack(uint64_t limit)
{
    const volatile char *here = __builtin_frame_address(0);
    if (limit >= 2 * OWN_STACK)
        (void)here[-OWN_STACK];
}

/* What exec leaves: the strings and some room below (fs/exec.c, setup_arg_pages); the host lets it grow from there. --stack-size is there at once. */
static int map_stack(struct thread *thread, const struct program *program, const struct options *options, const struct layout *layout, char **environment)
{
    struct process *process = thread->process;
    int protection = PROT_READ | PROT_WRITE | (program->file.executable_stack ? PROT_EXEC : 0);
    uint64_t size = page_up(stack_strings_size(program, environment)) + STACK_ROOM, limit = layout->stack_limit & ~4095ull;
    if (size > limit)
        size = limit;
    if (size < page_up(options->stack_size))
        size = page_up(options->stack_size);
    if (size < SMALLEST_STACK)
        size = SMALLEST_STACK;
    grow_own_stack(limit);
    process->stack_high = layout->stack_top;
    process->stack_low = layout->stack_top - (limit > size ? limit < LARGEST_START ? limit : LARGEST_START : size);
    address_space_set_mmap_base(process, layout->mmap_base, layout->bottom_up);
    address_space_stack_limit(process, layout->stack_limit, true);
    int64_t result = address_space_map(process, layout->stack_top - size, size, protection,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_STACK | MAP_GROWSDOWN, -1, 0);
    if (result < 0)
        return complain(NOT_RUNNABLE, "the stack", strerror((int)-result));
    madvise(guest_pointer(process, layout->stack_top - STACK_FILLED), STACK_FILLED, MADV_POPULATE_WRITE);
    return 0;
}

/* To the persistent cache the vDSO is a file like others: one without a device. */
static const struct stat vdso_status = { .st_mode = S_IFREG, .st_size = VDSO_SIZE };

static guest_addr vdso_place(const struct process *process)
{
    return process->code_files ? code_files_place(process->code_files, 2 * VDSO_SIZE, 0) : 0;
}

static void vdso_is_code(struct process *process)
{
    if (!process->code_files)
        return;
    address_space_lock(process);
    code_files_mapped(process->code_files, process->vdso, process->vdso + VDSO_SIZE, &vdso_status, 0);
    address_space_unlock(process);
}

/* The vDSO, and before it the page that it reads the time from: writable, as the system calls write it where the guest sees it. */
static int map_vdso(struct thread *thread)
{
    struct process *process = thread->process;
    const struct usermode_isa *isa = usermode_isa_of(thread);
    const struct time_page time_page = { .mark = { TIME_PAGE_MARK } };
    int64_t page = address_space_map(process, vdso_place(process), 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page < 0 || copy_to_guest(thread, (guest_addr)page, &time_page, sizeof time_page) < 0
        || copy_to_guest(thread, (guest_addr)page + 4096, isa->vdso, isa->vdso_size) < 0)
        return complain(NOT_RUNNABLE, "the vDSO", "no memory");
    process->time_page = (guest_addr)page;
    process->vdso = (guest_addr)page + 4096;
    process->signal_trampoline = process->vdso + isa->vdso_signal_return;
    address_space_protect(process, process->vdso, VDSO_SIZE, PROT_READ | PROT_EXEC);
    vdso_is_code(process);
    return 0;
}

/* The name does not lead to the program: a memory file, or it is gone. */
static bool has_no_name(const struct process *process, int fd)
{
    struct stat named, opened;
    return stat(process->executable, &named) < 0 || fstat(fd, &opened) < 0 || named.st_dev != opened.st_dev || named.st_ino != opened.st_ino;
}

static void keep_names(struct process *process, const struct program *program)
{
    char link[32], real[PATH_MAX];
    const char *base = strrchr(program->name, '/');
    snprintf(link, sizeof link, "/proc/self/fd/%d", program->fd);
    ssize_t length = readlink(link, real, sizeof real - 1);      /* as the kernel names it, symbolic links resolved */
    real[length > 0 ? length : 0] = 0;
    process->executable = strdup(length > 0 ? real : program->host_path);
    process->program_name = strdup(program->argument_count ? program->arguments[0] : "");
    if (has_no_name(process, program->fd))
        process->exec_descriptor = descriptor_move_up(program->fd, 0);
    else
        close(program->fd);
    prctl(PR_SET_NAME, base ? base + 1 : program->name, 0, 0, 0);
}

/* Code from the first executable segment to the end of the last one, data from the last segment (fs/binfmt_elf.c). */
static void keep_segments(struct process *process, const struct elf_file *file, uint64_t bias)
{
    process->code_start = ~0ull;
    for (unsigned i = 0; i < file->segment_count; i++) {
        const struct elf_segment *s = &file->segments[i];
        guest_addr start = s->address + bias, end = start + s->file_size;
        if ((s->protection & PROT_EXEC) && start < process->code_start)
            process->code_start = start;
        if ((s->protection & PROT_EXEC) && end > process->code_end)
            process->code_end = end;
        if (start > process->data_start)
            process->data_start = start;
        if (end > process->data_end)
            process->data_end = end;
    }
    if (process->code_start > process->code_end)
        process->code_start = process->code_end;
}

/* So that /proc/<pid>/cmdline, environ, auxv and stat show the guest's to everybody (prctl(2), PR_SET_MM_MAP; a kernel without
 * CONFIG_CHECKPOINT_RESTORE refuses). The break stays ferry's own, which its allocator needs. */
static void tell_kernel(struct process *process)
{
    uint64_t brk = (uintptr_t)sbrk(0);
    struct prctl_mm_map map = {
        .start_code = process->code_start, .end_code = process->code_end, .start_data = process->data_start, .end_data = process->data_end, .start_brk = brk, .brk = brk,
        .start_stack = process->stack_start, .arg_start = process->arguments_start, .arg_end = process->arguments_end,
        .env_start = process->environment_start, .env_end = process->environment_end,
        .auxv = guest_pointer(process, process->auxv_address), .auxv_size = (uint32_t)process->auxv_size, .exe_fd = (uint32_t)-1,
    };
    process->kernel_knows_layout = prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0;
}

int program_map(struct program *program, struct thread *thread, bool is_library, struct elf_image *image)
{
    const struct loader_memory memory = { thread, map_memory, unmap_memory, clear_memory };
    char error[LOADER_ERROR_SIZE];
    int result = elf_map(program->fd, &program->file, &memory, is_library ? 0 : ADDRESS_SPACE_PROGRAM_BASE, image, error);
    return result < 0 ? complain(NOT_RUNNABLE, program->path, error) : 0;
}

int program_load(struct program *program, struct thread *thread, const struct options *options, char **environment)
{
    struct process *process = thread->process;
    const struct loader_memory memory = { thread, map_memory, unmap_memory, clear_memory };
    struct elf_image image, interpreter = { 0 };
    struct layout layout;
    char error[LOADER_ERROR_SIZE];
    /* The stack first: a program may not take its place. */
    layout_choose(&layout, process, options);
    int status = map_stack(thread, program, options, &layout, environment);
    if (status)
        return status;
    guest_addr base = program->file.interpreter[0] ? layout.program_base : 0;
    if (elf_map(program->fd, &program->file, &memory, base, &image, error) < 0)
        return complain(NOT_RUNNABLE, program->path, error);
    address_space_set_brk(process, layout_brk(&layout, program, &image));
    if (program->file.interpreter[0])
        status = map_interpreter(thread, program, &interpreter);
    if (status == 0)
        status = map_vdso(thread);
    if (status)
        return status;
    uint8_t resident;
    /* exec has mapped page 0 and sealed it, where we have the right to that. */
    if ((layout.personality & MMAP_PAGE_ZERO) && host_call(SYS_mincore, 0, 4096, (uintptr_t)&resident, 0, 0, 0) == 0)
        address_space_adopt(process, 0, 4096, PROT_READ | PROT_EXEC, false);
    struct stack_contents contents = { program, &image, interpreter.bias, environment, options->seed, options->have_seed, layout.stack_pointer_shift };
    guest_addr sp = stack_fill(thread, &contents);
    if (!sp)
        return complain(NOT_RUNNABLE, program->path, "arguments and environment do not fit the stack");
    process->stack_start = sp;
    keep_names(process, program);
    keep_segments(process, &program->file, image.bias);
    tell_kernel(process);
    proc_view_publish(process);
    usermode_isa_of(thread)->start(thread->cpu, interpreter.entry ? interpreter.entry : image.entry, sp);
    log_printf(LOG_PAGE, "program 0x%llx-0x%llx entry 0x%llx, interpreter 0x%llx, stack 0x%llx-0x%llx, sp 0x%llx\n", (unsigned long long)image.low,
               (unsigned long long)image.high, (unsigned long long)image.entry, (unsigned long long)interpreter.low,
               (unsigned long long)process->stack_low, (unsigned long long)process->stack_high, (unsigned long long)sp);
    return 0;
}
