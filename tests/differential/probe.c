/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest side of the differential tests, an AArch64 program: runs each case of the file in argv[1] and writes results to
 * argv[2]. A case starts by returning from a signal handler into its state and ends in the next signal (an undefined
 * instruction behind its last one, or whatever it raises itself), whose frame holds the state it left.
 */
#include "case.h"

#include <asm/sigcontext.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

static const struct test_case *cases;
static struct test_result *results;
static size_t count, current;
static int started;
static uint64_t thread_pointer;
static ucontext_t home;

static struct fpsimd_context *fpsimd(ucontext_t *context)
{
    struct _aarch64_ctx *record = (struct _aarch64_ctx *)context->uc_mcontext.__reserved;
    while (record->magic && record->magic != FPSIMD_MAGIC)
        record = (struct _aarch64_ctx *)((char *)record + record->size);
    return (struct fpsimd_context *)record;
}

static void flush(char *start, size_t size)
{
    for (char *p = start; p < start + size; p += 64)
        __asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
    __asm__ volatile("dsb ish" : : : "memory");
    for (char *p = start; p < start + size; p += 64)
        __asm__ volatile("ic ivau, %0" : : "r"(p) : "memory");
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* The whole page: loads reach beyond the bytes that are compared, and must not see what an earlier case left there. */
static void fill_memory(uint64_t seed)
{
    uint64_t *memory = (uint64_t *)(MEMORY_ADDRESS + 1024);
    for (int i = 0; i < CASE_MEMORY / 8; i++)
        memory[i] = case_random(&seed);
    for (uint64_t *at = (uint64_t *)MEMORY_ADDRESS; at < (uint64_t *)(MEMORY_ADDRESS + 4096); at++)
        if (at < memory || at >= memory + CASE_MEMORY / 8)
            *at = (uint64_t)at * 0x9e3779b97f4a7c15ull;
}

static void save(int signal, siginfo_t *info, ucontext_t *context)
{
    struct test_result *r = &results[current];
    struct fpsimd_context *fp = fpsimd(context);
    r->magic = CASE_MAGIC;
    r->signal = (uint32_t)signal;
    r->code = (uint32_t)info->si_code;
    r->fault_address = (uint64_t)info->si_addr;
    for (int i = 0; i < 31; i++)
        r->after.x[i] = context->uc_mcontext.regs[i];
    r->after.sp = context->uc_mcontext.sp;
    r->after.pc = context->uc_mcontext.pc;
    r->after.nzcv = context->uc_mcontext.pstate & 0xf0000000;
    r->after.fpcr = fp->fpcr;
    r->after.fpsr = fp->fpsr;
    memcpy(r->after.v, fp->vregs, sizeof r->after.v);
    memcpy(r->memory, (void *)(MEMORY_ADDRESS + 1024), CASE_MEMORY);
}

static void start(const struct test_case *c, ucontext_t *context)
{
    uint32_t *code = (uint32_t *)CODE_ADDRESS;
    struct fpsimd_context *fp = fpsimd(context);
    for (int i = 0; i < CASE_INSNS + 4; i++)
        code[i] = (uint32_t)i < c->count ? c->insns[i] : 0;   /* 0: permanently undefined */
    flush((char *)code, (CASE_INSNS + 4) * 4);
    fill_memory(c->memory_seed);
    for (int i = 0; i < 31; i++)
        context->uc_mcontext.regs[i] = c->before.x[i];
    context->uc_mcontext.sp = c->before.sp;
    context->uc_mcontext.pc = CODE_ADDRESS;
    context->uc_mcontext.pstate = (context->uc_mcontext.pstate & ~0xf0000000ull) | c->before.nzcv;
    fp->fpcr = c->before.fpcr;
    fp->fpsr = c->before.fpsr;
    memcpy(fp->vregs, c->before.v, sizeof c->before.v);
}

static void handler(int signal, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(thread_pointer));
    if (started) {
        save(signal, info, context);
        current++;
    }
    started = 1;
    if (current < count) {
        start(&cases[current], context);
        return;
    }
    /* Done: back into main as if setting off had returned. */
    struct fpsimd_context *fp = fpsimd(context);
    for (int i = 0; i < 31; i++)
        context->uc_mcontext.regs[i] = home.uc_mcontext.regs[i];
    context->uc_mcontext.sp = home.uc_mcontext.sp;
    context->uc_mcontext.pc = home.uc_mcontext.pc;
    fp->fpcr = 0;
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void *map_file(const char *name, size_t *size)
{
    struct stat st;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &st))
        die(name);
    *size = (size_t)st.st_size;
    void *memory = mmap(NULL, *size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED)
        die("mmap");
    return memory;
}

static void map_fixed(uint64_t address, int protection)
{
    if (mmap((void *)address, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        die("mmap");
}

static void install_handlers(void)
{
    static char stack[65536];
    static const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

int main(int argc, char **argv)
{
    size_t size;
    if (argc != 3)
        return 2;
    cases = map_file(argv[1], &size);
    count = size / sizeof *cases;
    results = mmap(NULL, count * sizeof *results + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map_fixed(CODE_ADDRESS, PROT_READ | PROT_WRITE | PROT_EXEC);
    map_fixed(MEMORY_ADDRESS, PROT_READ | PROT_WRITE);
    memset((void *)CODE_ADDRESS, 0, 4096);
    install_handlers();
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(thread_pointer));
    static volatile int set_off;
    getcontext(&home);
    if (!set_off) {
        set_off = 1;
        __asm__ volatile(".inst 0" : : : "memory");
    }
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || write(fd, results, count * sizeof *results) != (ssize_t)(count * sizeof *results))
        die(argv[2]);
    return 0;
}
