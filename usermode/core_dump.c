/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A core file of the guest: core(5), and fs/binfmt_elf.c's elf_core_dump for the order of notes and segments. Sizes, byte order and
 * registers are the guest's; the register notes are laid out by its ISA's table (struct core_note). Memory comes from
 * mmap and calls from host_call, since the thread may be a vfork child or the heap may be damaged.
 */
#include "usermode/core_dump.h"

#include "debug/log.h"

#include <elf.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LEAST_CORE 4096                   /* a smaller limit means no core at all */
#define SIGNAL_INFO_BYTES 128
#define COMMAND_BYTES 16                  /* pr_fname, pr_psargs of struct elf_prpsinfo */
#define ARGUMENT_BYTES 80
#define THREAD_BYTES 8192                 /* room for the notes of one thread, and for those of the process but NT_FILE */
#define PROCESS_BYTES 65536

struct core {
    struct thread *thread;                /* the one that dies */
    const siginfo_t *info;
    const struct guest_isa *isa;
    uint8_t *head;                        /* notes; large enough from the start */
    size_t used, capacity, note;          /* where the current note begins */
    struct core_memory memory;
};

/* -- the other threads ------------------------------------------------------------------------------------------------------ */

/* Those in a system call stay there: their registers stand still. The others come to their run loop, which keeps them. */
static void stop_others(struct process *process, const struct thread *self)
{
    const struct timespec moment = { 0, 200000 };
    for (struct thread *t = process->threads; t; t = t->next)
        if (t != self)
            engine_interrupt(t->cpu);
    for (struct thread *t = process->threads; t; t = t->next)
        for (int tries = 0; t != self && tries < 10000 && atomic_load(&usermode_thread_of(t)->in_guest); tries++)
            nanosleep(&moment, NULL);
}

/* -- writing in the guest's way --------------------------------------------------------------------------------------------- */

static void put_bytes(struct core *core, const void *bytes, size_t size)
{
    if (size > core->capacity - core->used)
        return;
    memcpy(core->head + core->used, bytes, size);
    core->used += size;
}

static void put(struct core *core, uint64_t value, unsigned bytes)
{
    uint8_t ordered[8];
    for (unsigned i = 0; i < bytes; i++)
        ordered[core->isa->elf_data == ELFDATA2MSB ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
    put_bytes(core, ordered, bytes);
}

static void put_word(struct core *core, uint64_t value)
{
    put(core, value, core->isa->word_bytes);
}

static void put_zeros(struct core *core, size_t count)
{
    while (count--)
        put(core, 0, 1);
}

/* Words of C structs are aligned to their size, from the start of the description, which is aligned to four bytes only. */
static void align_from(struct core *core, size_t start, unsigned bytes)
{
    put_zeros(core, (bytes - (core->used - start) % bytes) % bytes);
}

/* -- notes (gABI, "Note Section") --------------------------------------------------------------------------------------------- */

static size_t begin_note(struct core *core, const char *name, uint32_t type)
{
    core->note = core->used;
    put(core, strlen(name) + 1, 4);
    put(core, 0, 4);
    put(core, type, 4);
    put_bytes(core, name, strlen(name) + 1);
    align_from(core, core->note, 4);
    return core->used;
}

static void end_note(struct core *core, size_t start)
{
    size_t end = core->used;
    core->used = core->note + 4;
    put(core, end - start, 4);
    core->used = end;
    align_from(core, core->note, 4);
}

static void put_registers(struct core *core, const struct core_note *note, const struct vcpu *cpu)
{
    for (const struct core_piece *piece = note->pieces; piece->bytes; piece++)
        for (unsigned i = 0; i < piece->count; i++) {
            union vector128 value = { .u64 = { 0, 0 } };
            if (piece->read)
                value.u64[0] = piece->read(cpu);
            else
                vcpu_read_field(cpu, piece->field + i, &value);
            if (piece->bytes <= 8)
                put(core, value.u64[0], piece->bytes);
            else
                put_bytes(core, value.u8, piece->bytes);
        }
}

static void put_time(struct core *core, const struct timeval *time)
{
    put_word(core, (uint64_t)time->tv_sec);
    put_word(core, (uint64_t)time->tv_usec);
}

static void put_times(struct core *core)
{
    struct rusage own = { 0 }, children = { 0 };
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    put_time(core, &own.ru_utime);
    put_time(core, &own.ru_stime);
    put_time(core, &children.ru_utime);
    put_time(core, &children.ru_stime);
}

/* struct elf_prstatus, its registers by the ISA's first note. */
static void put_status(struct core *core, const struct thread *thread)
{
    size_t start = begin_note(core, "CORE", NT_PRSTATUS);
    put(core, (uint64_t)core->info->si_signo, 4);
    put(core, (uint64_t)core->info->si_code, 4);
    put(core, (uint64_t)core->info->si_errno, 4);
    put(core, (uint64_t)core->info->si_signo, 2);
    align_from(core, start, core->isa->word_bytes);
    put_word(core, thread->held.set);
    put_word(core, thread->signal_mask);
    put(core, (uint64_t)thread->tid, 4);
    put(core, (uint64_t)getppid(), 4);
    put(core, (uint64_t)getpgrp(), 4);
    put(core, (uint64_t)getsid(0), 4);
    put_times(core);
    put_registers(core, usermode_isa_of(thread)->core_notes, thread->cpu);
    put(core, 1, 4);                       /* there are floating-point registers */
    align_from(core, start, core->isa->word_bytes);
    end_note(core, start);
}

static void put_arguments(struct core *core)
{
    const struct process *process = core->thread->process;
    char text[ARGUMENT_BYTES] = { 0 };
    size_t size = process->arguments_end - process->arguments_start;
    size = size < sizeof text ? size : sizeof text - 1;
    if (copy_from_guest(core->thread, text, process->arguments_start, size))
        memset(text, 0, sizeof text);
    for (size_t i = 0; i < size; i++)
        if (!text[i])
            text[i] = ' ';
    put_bytes(core, text, sizeof text);
}

/* struct elf_prpsinfo. */
static void put_process(struct core *core)
{
    char command[COMMAND_BYTES + 1] = { 0 };
    size_t start = begin_note(core, "CORE", NT_PRPSINFO);
    put(core, 0, 1);
    put(core, 'R', 1);
    put(core, 0, 1);
    put(core, (uint64_t)getpriority(PRIO_PROCESS, 0), 1);
    align_from(core, start, core->isa->word_bytes);
    put_word(core, 0);
    put(core, getuid(), 4);
    put(core, getgid(), 4);
    put(core, (uint64_t)getpid(), 4);
    put(core, (uint64_t)getppid(), 4);
    put(core, (uint64_t)getpgrp(), 4);
    put(core, (uint64_t)getsid(0), 4);
    core_read_text("/proc/self/comm", command, sizeof command);
    put_bytes(core, command, COMMAND_BYTES);
    put_arguments(core);
    end_note(core, start);
}

static void put_auxiliary_vector(struct core *core)
{
    const struct process *process = core->thread->process;
    size_t start = begin_note(core, "CORE", NT_AUXV), room = core->capacity - core->used;
    if (process->auxv_size < room && copy_from_guest(core->thread, core->head + core->used, process->auxv_address, process->auxv_size) == 0)
        core->used += process->auxv_size;
    end_note(core, start);
}

static void put_signal(struct core *core)
{
    size_t start = begin_note(core, "CORE", NT_SIGINFO);
    put_bytes(core, core->info, SIGNAL_INFO_BYTES);
    end_note(core, start);
}

/* Count and page size, {start, end, offset in pages} of each mapped file, then their names. */
static void put_files(struct core *core)
{
    const struct core_memory *memory = &core->memory;
    size_t start = begin_note(core, "CORE", NT_FILE), count = 0;
    for (size_t i = 0; i < memory->count; i++)
        count += memory->segments[i].name_length != 0;
    put_word(core, count);
    put_word(core, CORE_PAGE);
    for (size_t i = 0; i < memory->count; i++) {
        if (!memory->segments[i].name_length)
            continue;
        put_word(core, memory->segments[i].start);
        put_word(core, memory->segments[i].end);
        put_word(core, memory->segments[i].file_offset / CORE_PAGE);
    }
    for (size_t i = 0; i < memory->count; i++)
        put_bytes(core, memory->names + memory->segments[i].name, memory->segments[i].name_length);
    end_note(core, start);
}

static void put_thread(struct core *core, const struct thread *thread)
{
    put_status(core, thread);
    if (thread == core->thread) {
        put_process(core);
        put_signal(core);
        put_auxiliary_vector(core);
        put_files(core);
    }
    for (const struct core_note *note = usermode_isa_of(thread)->core_notes + 1; note->name; note++) {
        size_t start = begin_note(core, note->name, note->type);
        put_registers(core, note, thread->cpu);
        end_note(core, start);
    }
}

/* Debuggers take the first thread for the one that died. */
static bool put_notes(struct core *core)
{
    const struct thread *threads = core->thread->process->threads;
    size_t segments = core->memory.count * 4 * sizeof(uint64_t) + core->memory.names_used;
    core->capacity = PROCESS_BYTES + segments;
    for (const struct thread *t = threads; t; t = t->next)
        core->capacity += THREAD_BYTES;
    core->head = mmap(NULL, core->capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (core->head == MAP_FAILED)
        return false;
    put_thread(core, core->thread);
    for (const struct thread *t = threads; t; t = t->next)
        if (t != core->thread)
            put_thread(core, t);
    return true;
}

/* -- all of it ------------------------------------------------------------------------------------------------------------------- */

static bool write_to(struct core *core, const struct core_destination *to)
{
    int64_t pid = 0;
    int fd = to->is_pipe ? core_program_start(&to->command, &pid) : core_open(to->name);
    log_printf(LOG_SIGNAL, "signal %d: core %s, %zu segments, descriptor %d\n", core->info->si_signo, to->is_pipe ? to->pattern : to->name,
               core->memory.count, fd);
    bool done = fd >= 0 && core_write(fd, core->isa, &core->memory, core->head, core->used, to->limit, to->is_pipe);
    if (fd >= 0 && to->is_pipe)
        core_program_end(fd, pid);
    return done;
}

static bool write_core(struct thread *thread, const siginfo_t *info, const struct core_destination *to)
{
    struct core core = { .thread = thread, .info = info, .isa = thread->process->isa };
    return core_memory_list(thread->process, &core.memory) && put_notes(&core) && write_to(&core, to);
}

/* core(5). A program gets all of it, whatever the limit but 1, and also of a process that not everybody may look at. */
static bool choose_destination(struct core_destination *to, const struct thread *thread, int signal)
{
    struct rlimit limit;
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (getrlimit(RLIMIT_CORE, &limit) < 0)
        return false;
    core_read_text("/proc/sys/kernel/core_pattern", to->pattern, sizeof to->pattern);
    to->is_pipe = to->pattern[0] == '|';
    to->limit = to->is_pipe ? ~0ull : limit.rlim_cur;
    if (to->is_pipe)
        return limit.rlim_cur != 1 && dumpable > 0 && core_command(thread, to->pattern, signal, limit.rlim_cur, &to->command);
    return limit.rlim_cur >= LEAST_CORE && dumpable == 1 && core_pattern(thread, to->pattern, signal, to->limit, to->name, sizeof to->name);
}

void wait_for_the_end(void)
{
    for (;;)
        host_call(SYS_pause, 0, 0, 0, 0, 0, 0);
}

bool core_dump(struct thread *thread, const siginfo_t *info)
{
    struct process *process = thread->process;
    struct thread *nobody = NULL;
    struct core_destination to;
    if (!choose_destination(&to, thread, info->si_signo))
        return false;
    if (!atomic_compare_exchange_strong(&usermode_of(process)->dumping, &nobody, thread))
        wait_for_the_end();                /* another thread died first */
    host_signal_mask(~0ull);
    pthread_mutex_lock(&process->lock);
    stop_others(process, thread);
    bool done = write_core(thread, info, &to);
    pthread_mutex_unlock(&process->lock);
    return done && !to.is_pipe && core_set_flag(thread, info->si_signo, &to);
}
