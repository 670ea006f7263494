/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The initial stack: strings at the top, then the auxiliary vector, environment, arguments and their count, as fs/binfmt_elf.c's
 * create_elf_tables leaves them. Word size and byte order are the guest's.
 */
#include "usermode/usermode.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define AUXILIARY_MAX 24

struct builder {
    struct thread *thread;
    guest_addr sp, low;                   /* grows down; not below low */
    unsigned word;
    bool big, failed;
};

static guest_addr push_bytes(struct builder *b, const void *bytes, size_t size)
{
    if (b->failed || b->sp - b->low < size + 4096) {
        b->failed = true;
        return 0;
    }
    b->sp -= size;
    b->failed = copy_to_guest(b->thread, b->sp, bytes, size) < 0;
    return b->sp;
}

static guest_addr push_string(struct builder *b, const char *text)
{
    return push_bytes(b, text, strlen(text) + 1);
}

static void put_word(struct builder *b, guest_addr *at, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < b->word; i++)
        bytes[b->big ? b->word - 1 - i : i] = (uint8_t)(value >> (8 * i));
    if (copy_to_guest(b->thread, *at, bytes, b->word) < 0)
        b->failed = true;
    *at += b->word;
}

static size_t count_strings(char *const *strings)
{
    size_t count = 0;
    while (strings[count])
        count++;
    return count;
}

static uint64_t strings_size(char *const *strings)
{
    uint64_t size = 0;
    while (*strings)
        size += strlen(*strings++) + 1;
    return size;
}

uint64_t stack_strings_size(const struct program *program, char **environment)
{
    return 8 + strlen(program->name) + 1 + strings_size(program->arguments) + strings_size(environment);
}

/* The last string first, so that they ascend in memory like the kernel's; the lowest address is left in b->sp. */
static void push_strings(struct builder *b, char *const *strings, size_t count)
{
    for (size_t i = count; i-- > 0 && !b->failed;)
        push_string(b, strings[i]);
}

/* The vector of addresses of strings that lie one after the other from `string`. */
static void put_vector(struct builder *b, guest_addr *at, guest_addr string, char *const *strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_word(b, at, string);
        string += strlen(strings[i]) + 1;
    }
    put_word(b, at, 0);
}

struct auxiliary { uint64_t type, value; };

static size_t auxiliary_vector(const struct thread *thread, const struct stack_contents *c, guest_addr random, guest_addr platform, guest_addr name,
                               struct auxiliary out[AUXILIARY_MAX])
{
    const struct usermode_isa *isa = usermode_isa_of(thread);
    const struct elf_file *file = &c->program->file;
    const struct auxiliary list[] = {
        { AT_SYSINFO_EHDR, thread->process->vdso }, { AT_MINSIGSTKSZ, isa->minimum_signal_stack }, { AT_HWCAP, isa->hwcap }, { AT_PAGESZ, 4096 }, { AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK) },
        { AT_PHDR, c->image->program_headers }, { AT_PHENT, file->header_size }, { AT_PHNUM, file->header_count },
        { AT_BASE, c->interpreter_base }, { AT_FLAGS, 0 }, { AT_ENTRY, c->image->entry },
        { AT_UID, getuid() }, { AT_EUID, geteuid() }, { AT_GID, getgid() }, { AT_EGID, getegid() }, { AT_SECURE, getauxval(AT_SECURE) },
        { AT_RANDOM, random }, { AT_HWCAP2, isa->hwcap2 }, { AT_EXECFN, name }, { AT_PLATFORM, platform }, { AT_NULL, 0 },
    };
    memcpy(out, list, sizeof list);
    return sizeof list / sizeof *list;
}

static void random_bytes(const struct stack_contents *c, uint8_t bytes[16])
{
    uint64_t state = c->seed;
    if (!c->have_seed && getrandom(bytes, 16, 0) == 16)
        return;
    for (int i = 0; i < 16; i++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        bytes[i] = (uint8_t)(state >> 56);
    }
}

guest_addr stack_fill(struct thread *thread, const struct stack_contents *c)
{
    struct process *process = thread->process;
    struct builder b = { thread, process->stack_high, process->stack_low, process->isa->word_bytes, process->isa->elf_data == ELFDATA2MSB, false };
    struct auxiliary auxiliary[AUXILIARY_MAX];
    uint8_t random[16];
    size_t environment_count = count_strings(c->environment), argument_count = (size_t)c->program->argument_count;
    push_bytes(&b, "\0\0\0\0\0\0\0", 8);
    guest_addr name = push_string(&b, c->program->name);
    process->environment_end = b.sp;
    push_strings(&b, c->environment, environment_count);
    process->environment_start = process->arguments_end = b.sp;
    push_strings(&b, c->program->arguments, argument_count);
    process->arguments_start = b.sp;
    b.sp = (b.sp - c->shift) & ~15ull;
    guest_addr platform = push_string(&b, usermode_isa_of(thread)->platform);
    random_bytes(c, random);
    guest_addr random_at = push_bytes(&b, random, sizeof random);
    size_t auxiliary_count = auxiliary_vector(thread, c, random_at, platform, name, auxiliary);
    size_t words = 1 + argument_count + 1 + environment_count + 1 + 2 * auxiliary_count;
    if (b.failed || (b.sp - b.low) / b.word < words + 1024)
        return 0;
    b.sp = (b.sp - words * b.word) & ~15ull;
    guest_addr at = b.sp;
    put_word(&b, &at, argument_count);
    put_vector(&b, &at, process->arguments_start, c->program->arguments, argument_count);
    put_vector(&b, &at, process->environment_start, c->environment, environment_count);
    process->auxv_address = at;
    for (size_t i = 0; i < auxiliary_count; i++) {
        put_word(&b, &at, auxiliary[i].type);
        put_word(&b, &at, auxiliary[i].value);
    }
    process->auxv_size = at - process->auxv_address;
    return b.failed ? 0 : b.sp;
}
