/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translates pieces of guest code (64 bytes each, ended by a zero word) and writes the host's code of each one's first block:
 *   codegen CODE DIRECTORY      files 0, 1, … there
 */
#include "tests/differential/case.h"

#include "translate/guest/aarch64/cpu.h"
#include "translate/translate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLOT 64

static struct vcpu *vcpu;
static const char *directory;
static unsigned current;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    if (!engine_handle_fault(vcpu, info, context))
        _Exit(3);
}

static bool fetch(void *user, guest_addr pc, void *bytes, size_t size)
{
    (void)user;
    if (pc < CODE_ADDRESS || pc + size > CODE_ADDRESS + 4096)
        return false;
    memcpy(bytes, (void *)pc, size);
    return true;
}

static void ignore(void *user, const char *text) { (void)user, (void)text; }

/* Stubs hold pointers to ferry's own data, which differ from run to run: nops in their place. */
static void hide_pointers(uint8_t *code, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i++) {
        uint64_t value;
        memcpy(&value, code + i, 8);
        if (value >> 40 == 0x7f || value >> 40 == 0x55 || value >> 40 == 0x56)
            memset(code + i, 0x90, 8);
    }
}

static void published(void *user, const void *code, size_t size, guest_addr pc)
{
    char name[512];
    static uint8_t copy[65536];
    (void)user;
    if (pc != CODE_ADDRESS || size > sizeof copy)
        return;
    snprintf(name, sizeof name, "%s/%u", directory, current);
    FILE *out = fopen(name, "wbx");
    if (!out)
        return;                               /* not its first block */
    memcpy(copy, code, size);
    hide_pointers(copy, size);
    fwrite(copy, 1, size, out);
    fclose(out);
}

int main(int argc, char **argv)
{
    static uint8_t code[SLOT];
    static char stack[65536];
    FILE *codes = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!codes)
        return 2;
    directory = argv[2];
    const struct guest_isa *const *isa = guest_isa_list();
    while (strcmp((*isa)->name, "aarch64") != 0)
        isa++;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    mmap((void *)CODE_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    mmap((void *)MEMORY_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (; fread(code, 1, SLOT, codes) == SLOT; current++) {
        struct engine_options options = {.host = "x86_64", .cache_bytes = 1 << 22, .max_insns = 64, .dump_block = ~0ull, .fetch = fetch,
                                         .log = ignore, .code_published = published};
        struct engine *engine = engine_new(*isa, &options);
        if (!engine || !(vcpu = vcpu_new(engine, NULL)))
            return 2;
        struct aarch64_cpu *cpu = (struct aarch64_cpu *)vcpu;
        memset((void *)CODE_ADDRESS, 0, 4096);
        memcpy((void *)CODE_ADDRESS, code, SLOT);
        for (unsigned i = 0; i < 31; i++)
            cpu->x[i] = MEMORY_MIDDLE;
        cpu->sp = MEMORY_MIDDLE;
        cpu->x[1] = 3;                        /* loops count x1 down */
        vcpu->pc = CODE_ADDRESS;
        engine_run(vcpu);
        vcpu_free(vcpu);
        engine_free(engine);
    }
    return 0;
}
