/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs random programs (generate.c) and prints what came of each: blocks SEED FIRST COUNT [threads] [dump FILE]. Each is run RUNS times
 * from different registers, so that a translator has reason to optimise it; a number in it changes between runs. Faults inside are
 * noted with all registers, mended in several ways, and execution goes on; a timer's signal comes at any moment and must not be
 * seen. The same output is right for every way of running it.
 */
#include "blocks.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define RUNS 40

/* Offsets are known to enter(). */
struct state {
    uint8_t v[32][16];
    uint64_t x[25];
    uint8_t *data, *faulting;
    uint64_t flags, fpcr;
};

struct runner {
    struct state state;
    uint64_t seed, log, faults;
    uint8_t *data, *faulting;
    const uint32_t *code;
};

static __thread struct runner *current;
static volatile sig_atomic_t ticks;

void enter(struct state *state, const void *code);
__asm__(".text\n.globl enter\n.type enter, %function\nenter:\n"
        "stp x29, x30, [sp, #-192]!\nstp x19, x20, [sp, #16]\nstp x21, x22, [sp, #32]\nstp x23, x24, [sp, #48]\nstp x25, x26, [sp, #64]\nstp x27, x28, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\nstr x0, [sp, #160]\n"
        "mov x30, x0\nmov x17, x1\n"
        ".irp n,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\nldr q\\n, [x30, #(\\n * 16)]\n.endr\n"
        ".irp n,1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31\nldr q\\n, [x30, #(\\n * 16)]\n.endr\n"
        "ldr x0, [x30, #736]\nmsr nzcv, x0\nldr x0, [x30, #744]\nmsr fpcr, x0\nldr x25, [x30, #712]\nldr x29, [x30, #720]\n"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,19,20,21,22,23,24\nldr x\\n, [x30, #(512 + \\n * 8)]\n.endr\n"
        "mov x26, #0\nmov x27, #0\nmov x28, #0\nblr x17\n"
        "ldr x30, [sp, #160]\n"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,19,20,21,22,23,24\nstr x\\n, [x30, #(512 + \\n * 8)]\n.endr\n"
        "mrs x0, nzcv\nstr x0, [x30, #736]\nmsr fpcr, xzr\n"
        ".irp n,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\nstr q\\n, [x30, #(\\n * 16)]\n.endr\n"
        ".irp n,1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31\nstr q\\n, [x30, #(\\n * 16)]\n.endr\n"
        "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\n"
        "ldp x19, x20, [sp, #16]\nldp x21, x22, [sp, #32]\nldp x23, x24, [sp, #48]\nldp x25, x26, [sp, #64]\nldp x27, x28, [sp, #80]\nldp x29, x30, [sp], #192\nret\n"
        ".size enter, . - enter\n");

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    for (const uint8_t *at = bytes, *end = at + size; at < end; at++)
        hash = (hash ^ *at) * 0x100000001b3ull;
    return hash;
}

/* -- faults and ticks ------------------------------------------------------------------------------------------------------------------ */

static const struct fpsimd_context *vectors_of(const ucontext_t *context)
{
    return (const void *)context->uc_mcontext.__reserved;
}

static void on_fault(int signal, siginfo_t *info, void *user)
{
    ucontext_t *context = user;
    mcontext_t *m = &context->uc_mcontext;
    struct runner *runner = current;
    uint32_t *pc = (uint32_t *)m->pc;
    if (!runner || pc < runner->code || pc >= runner->code + CODE_WORDS) {
        fprintf(stderr, "signal %d at %p, address %p: not in the program\n", signal, (void *)pc, info->si_addr);
        _exit(3);
    }
    const uint64_t where[] = {(uint64_t)(pc - runner->code), (uint64_t)((uint8_t *)info->si_addr - runner->faulting), (uint64_t)info->si_code, (uint64_t)signal};
    runner->log = mix(runner->log, where, sizeof where);
    runner->log = mix(runner->log, m->regs, 16 * 8);
    runner->log = mix(runner->log, &m->regs[19], 6 * 8);
    runner->log = mix(runner->log, &m->regs[26], 3 * 8);
    runner->log = mix(runner->log, vectors_of(context)->vregs, 512);
    unsigned index = *pc >> 16 & 31;
    switch (runner->faults++ % 4) {
    case 0: m->pc += 4; break;
    case 1: m->regs[index] &= 0xff0; break;
    case 2: m->regs[(index + 1) % 16] ^= 0x5555; m->pc += 4; break;
    default: mprotect(runner->faulting + PAGE, PAGE, PROT_READ | PROT_WRITE); break;
    }
}

static void on_tick(int signal, siginfo_t *info, void *user)
{
    static volatile double spoils;
    (void)signal, (void)info, (void)user;
    spoils = spoils * 1.5 + 1;
    ticks++;
}

/* -- running --------------------------------------------------------------------------------------------------------------------------- */

static void make_memory(struct runner *runner)
{
    runner->data = mmap(NULL, DATA_SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    runner->faulting = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static uint64_t number(struct random *r)
{
    static const uint64_t special[] = {0, 1, ~0ull, 1ull << 63, 0x7ff0000000000000, 0x3ff0000000000000, 0x7ff8000000000001, 0x7fc000003f800000, 0x80000000, 0xff0};
    uint64_t any = random_next(r);
    return any % 4 == 0 ? special[any / 4 % 10] : any % 4 == 1 ? any >> 48 : any;
}

static void first_state(struct runner *runner, struct random *r)
{
    struct state *s = &runner->state;
    for (int i = 0; i < 25; i++)
        s->x[i] = number(r);
    for (int i = 0; i < 32; i++)
        for (int half = 0; half < 2; half++) {
            uint64_t value = number(r);
            memcpy(&s->v[i][8 * half], &value, 8);
        }
    for (int i = 0; i < DATA_SIZE; i += 8) {
        uint64_t value = number(r);
        memcpy(runner->data + i, &value, 8);
    }
    memset(runner->faulting, 0x3a, PAGE);
    s->data = runner->data;
    s->faulting = runner->faulting;
    s->flags = (number(r) & 15) << 28;
    s->fpcr = random_next(r) % 3 ? 0 : (random_next(r) & 7) << 22;        /* RMode and what lies above it, FZ, left out */
    s->fpcr &= ~(1ull << 24);
    s->fpcr |= random_next(r) % 8 ? 0 : 1ull << 25;                          /* DN */
}

static void *run(void *user)
{
    struct runner *runner = user;
    struct random random = {runner->seed};
    current = runner;
    runner->log = 0xcbf29ce484222325ull;
    runner->faults = 0;
    for (int i = 0; i < RUNS; i++) {
        if (i % 4 == 0)
            first_state(runner, &random);
        mprotect(runner->faulting + PAGE, PAGE, PROT_NONE);
        enter(&runner->state, runner->code);
        runner->log = mix(runner->log, runner->state.v, sizeof runner->state.v);
        runner->log = mix(runner->log, runner->state.x, 16 * 8);
        runner->log = mix(runner->log, &runner->state.x[19], 6 * 8);
        runner->log = mix(runner->log, &runner->state.flags, 8);
        runner->log = mix(runner->log, runner->data, DATA_SIZE);
        runner->log = mix(runner->log, runner->faulting, PAGE);
    }
    current = NULL;
    return NULL;
}

static void put_code(uint32_t *code, const struct body *body)
{
    memcpy(code, body->words, body->count * 4);
    __builtin___clear_cache((char *)code, (char *)(code + body->count));
}

static void dump(const char *name, const struct body *body)
{
    FILE *file = name ? fopen(name, "w") : NULL;
    if (file) {
        fwrite(body->words, 4, body->count, file);
        fclose(file);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return fprintf(stderr, "usage: blocks SEED FIRST COUNT [threads] [dump FILE]\n"), 2;
    uint64_t seed = strtoull(argv[1], NULL, 0), first = strtoull(argv[2], NULL, 0), count = strtoull(argv[3], NULL, 0);
    int threads = argc > 4 && strcmp(argv[4], "threads") == 0 ? 3 : 1;
    const char *file = argc > 5 ? argv[argc - 1] : NULL;
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER}, tick = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerval interval = {{0, 1700}, {0, 1700}};
    uint32_t *code = mmap(NULL, CODE_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static struct runner runners[3];
    static struct body body;
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGALRM, &tick, NULL);
    setitimer(ITIMER_REAL, &interval, NULL);
    for (int i = 0; i < 3; i++)
        make_memory(&runners[i]);
    for (uint64_t n = first; n < first + count; n++) {
        struct random random = {seed * 1000003 + n};
        generate_body(&body, &random);
        dump(file, &body);
        for (int again = 0; again < 2; again++) {
            pthread_t thread[3];
            body.words[body.patch] = (body.words[body.patch] & ~(0xffffu << 5)) | (random_next(&random) & 0xffff) << 5;
            put_code(code, &body);
            for (int i = 0; i < threads; i++) {
                runners[i].seed = random_next(&random);
                runners[i].code = code;
                if (threads > 1)
                    pthread_create(&thread[i], NULL, run, &runners[i]);
                else
                    run(&runners[i]);
            }
            for (int i = 0; i < threads; i++) {
                if (threads > 1)
                    pthread_join(thread[i], NULL);
                printf("%llu.%d.%d %u instructions %llu faults %016llx\n", (unsigned long long)n, again, i, body.count, (unsigned long long)runners[i].faults,
                       (unsigned long long)runners[i].log);
            }
        }
    }
    return 0;
}
