/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a handler finds in its context, register by register, and what becomes of it when it changes every one: at faults, at breakpoints,
 * at a signal that a call sends, in a loop without calls. The list of records as arm64 writes it. Only for AArch64; elsewhere nothing.
 */
#define _GNU_SOURCE
#include "check.h"

#ifdef __aarch64__
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

struct registers { uint64_t x[31], nzcv, fpcr, fpsr; __uint128_t v[32]; };
#define STALE 1ull                        /* breakpoints and signals that are sent leave the last fault's */
static struct registers in, out, seen;
static uint64_t edit = 0x0123456789abcdefull;
static int hits, last_signal, last_code;
static uint64_t last_address, last_syndrome, seen_fault_address, seen_pc, trap_pc;
static bool has_fpsimd, ended;
static unsigned skip;

/* Loads everything from its first argument, does `insn`, stores everything to its second. */
#define PROBE(name, insn)                                                                                                                          \
    void name(const struct registers *from, struct registers *to);                                                                                \
    extern const char name##_trap[];                                                                                                              \
    __asm__(".text\n.globl " #name ", " #name "_trap\n" #name ":\n"                                                                                \
            "stp x29, x30, [sp, #-192]!\nstp x19, x20, [sp, #16]\nstp x21, x22, [sp, #32]\nstp x23, x24, [sp, #48]\nstp x25, x26, [sp, #64]\n"     \
            "stp x27, x28, [sp, #80]\nstp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"       \
            "str x1, [sp, #160]\n"                                                                                                                \
            "ldp x2, x3, [x0, #248]\nldr x4, [x0, #264]\nmsr nzcv, x2\nmsr fpcr, x3\nmsr fpsr, x4\nadd x1, x0, #272\n"                             \
            "ldp q0, q1, [x1]\nldp q2, q3, [x1, #32]\nldp q4, q5, [x1, #64]\nldp q6, q7, [x1, #96]\nldp q8, q9, [x1, #128]\n"                      \
            "ldp q10, q11, [x1, #160]\nldp q12, q13, [x1, #192]\nldp q14, q15, [x1, #224]\nldp q16, q17, [x1, #256]\nldp q18, q19, [x1, #288]\n"   \
            "ldp q20, q21, [x1, #320]\nldp q22, q23, [x1, #352]\nldp q24, q25, [x1, #384]\nldp q26, q27, [x1, #416]\nldp q28, q29, [x1, #448]\n"   \
            "ldp q30, q31, [x1, #480]\n"                                                                                                          \
            "ldp x1, x2, [x0, #8]\nldp x3, x4, [x0, #24]\nldp x5, x6, [x0, #40]\nldp x7, x8, [x0, #56]\nldp x9, x10, [x0, #72]\n"                   \
            "ldp x11, x12, [x0, #88]\nldp x13, x14, [x0, #104]\nldp x15, x16, [x0, #120]\nldp x17, x18, [x0, #136]\nldp x19, x20, [x0, #152]\n"     \
            "ldp x21, x22, [x0, #168]\nldp x23, x24, [x0, #184]\nldp x25, x26, [x0, #200]\nldp x27, x28, [x0, #216]\nldp x29, x30, [x0, #232]\n"    \
            "ldr x0, [x0]\n" #name "_trap:\n" insn "\n"                                                                                           \
            "str x0, [sp, #168]\nldr x0, [sp, #160]\nstr x1, [x0, #8]\nldr x1, [sp, #168]\nstr x1, [x0]\n"                                         \
            "stp x2, x3, [x0, #16]\nstp x4, x5, [x0, #32]\nstp x6, x7, [x0, #48]\nstp x8, x9, [x0, #64]\nstp x10, x11, [x0, #80]\n"                 \
            "stp x12, x13, [x0, #96]\nstp x14, x15, [x0, #112]\nstp x16, x17, [x0, #128]\nstp x18, x19, [x0, #144]\nstp x20, x21, [x0, #160]\n"     \
            "stp x22, x23, [x0, #176]\nstp x24, x25, [x0, #192]\nstp x26, x27, [x0, #208]\nstp x28, x29, [x0, #224]\nstr x30, [x0, #240]\n"         \
            "mrs x2, nzcv\nmrs x3, fpcr\nmrs x4, fpsr\nstp x2, x3, [x0, #248]\nstr x4, [x0, #264]\nadd x1, x0, #272\n"                             \
            "stp q0, q1, [x1]\nstp q2, q3, [x1, #32]\nstp q4, q5, [x1, #64]\nstp q6, q7, [x1, #96]\nstp q8, q9, [x1, #128]\n"                      \
            "stp q10, q11, [x1, #160]\nstp q12, q13, [x1, #192]\nstp q14, q15, [x1, #224]\nstp q16, q17, [x1, #256]\nstp q18, q19, [x1, #288]\n"   \
            "stp q20, q21, [x1, #320]\nstp q22, q23, [x1, #352]\nstp q24, q25, [x1, #384]\nstp q26, q27, [x1, #416]\nstp q28, q29, [x1, #448]\n"   \
            "stp q30, q31, [x1, #480]\nmsr fpcr, xzr\n"                                                                                           \
            "ldp x19, x20, [sp, #16]\nldp x21, x22, [sp, #32]\nldp x23, x24, [sp, #48]\nldp x25, x26, [sp, #64]\nldp x27, x28, [sp, #80]\n"        \
            "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\nldp x29, x30, [sp], #192\nret\n")

PROBE(probe_undefined, "udf #7");
PROBE(probe_break, "brk #5");
PROBE(probe_load, "ldr xzr, [x5]");
PROBE(probe_store, "str q3, [x5]");
PROBE(probe_unaligned, "ldar x7, [x5]");
PROBE(probe_jump, "br x5");
PROBE(probe_call, "svc #0");
PROBE(probe_loop, "1: ldr w7, [x5]\ncbz w7, 1b");

static void fill(struct registers *r, uint64_t seed)
{
    for (int i = 0; i < 31; i++) r->x[i] = seed += 0x9e3779b97f4a7c15ull;
    for (int i = 0; i < 32; i++) r->v[i] = (__uint128_t)(seed += 0x9e3779b97f4a7c15ull) << 64 | (seed * 3);
    r->nzcv = 0xa0000000, r->fpcr = 0x00c00000, r->fpsr = 0x08000010;
}

/* Everything a handler may set, from what it found. */
static void change(struct registers *r)
{
    for (int i = 0; i < 31; i++) r->x[i] ^= edit + (uint64_t)i;
    for (int i = 0; i < 32; i++) r->v[i] ^= (__uint128_t)edit << 3 | (unsigned)i;
    r->nzcv ^= 0xf0000000, r->fpcr = 0x00400000, r->fpsr = 0x00000003;
}

static void read_records(mcontext_t *machine)
{
    uint8_t *at = machine->__reserved;
    struct { uint32_t magic, size; } head;
    for (has_fpsimd = false, last_syndrome = 0, ended = false; !ended; at += head.size) {
        memcpy(&head, at, sizeof head);
        if (head.magic == 0x46508001) {
            CHECK(head.size == 528 && !has_fpsimd);
            has_fpsimd = true;
        } else if (head.magic == 0x45535201) {
            CHECK(head.size == 16);
            memcpy(&last_syndrome, at + 8, 8);
        } else {
            CHECK(head.magic == 0 && head.size == 0);
            ended = true;
        }
    }
}

static void handler(int signal, siginfo_t *info, void *opaque)
{
    mcontext_t *machine = &((ucontext_t *)opaque)->uc_mcontext;
    uint8_t *vectors = machine->__reserved;
    uint32_t words[2];
    hits++, last_signal = signal, last_code = info->si_code, last_address = (uintptr_t)info->si_addr;
    read_records(machine);
    CHECK(has_fpsimd && ((uintptr_t)machine & 15) == 0);
    memcpy(seen.x, machine->regs, sizeof seen.x);
    memcpy(words, vectors + 8, sizeof words);
    memcpy(seen.v, vectors + 16, sizeof seen.v);
    seen.nzcv = machine->pstate, seen.fpsr = words[0], seen.fpcr = words[1];
    seen_pc = machine->pc;
    seen_fault_address = machine->fault_address;
    struct registers wanted = seen;
    change(&wanted);
    memcpy(machine->regs, wanted.x, sizeof wanted.x);
    words[0] = (uint32_t)wanted.fpsr, words[1] = (uint32_t)wanted.fpcr;
    memcpy(vectors + 8, words, sizeof words);
    memcpy(vectors + 16, wanted.v, sizeof wanted.v);
    machine->pstate = wanted.nzcv;
    machine->pc = trap_pc + skip;
}

static bool same(const struct registers *a, const struct registers *b, uint64_t but)
{
    for (int i = 0; i < 31; i++)
        if (!(but >> i & 1) && a->x[i] != b->x[i]) return fprintf(stderr, "x%d: %llx, not %llx\n", i, (unsigned long long)a->x[i], (unsigned long long)b->x[i]), false;
    for (int i = 0; i < 32; i++)
        if (a->v[i] != b->v[i]) return fprintf(stderr, "v%d differs\n", i), false;
    if (a->nzcv != b->nzcv || a->fpcr != b->fpcr || a->fpsr != b->fpsr)
        return fprintf(stderr, "nzcv %llx fpcr %llx fpsr %llx, not %llx %llx %llx\n", (unsigned long long)a->nzcv, (unsigned long long)a->fpcr, (unsigned long long)a->fpsr,
                       (unsigned long long)b->nzcv, (unsigned long long)b->fpcr, (unsigned long long)b->fpsr), false;
    return true;
}

static void install(int signal)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
    sigaction(signal, &action, NULL);
}

static void one(void (*probe)(const struct registers *, struct registers *), const char *trap, uint64_t x5, int signal, int code, uint64_t address, uint64_t syndrome)
{
    fill(&in, (uintptr_t)probe);
    in.x[5] = x5;
    hits = 0, trap_pc = (uintptr_t)trap, skip = 4;
    probe(&in, &out);
    CHECK(hits == 1 && last_signal == signal && last_code == code && last_address == address);
    CHECK(syndrome == STALE || (last_syndrome == syndrome && (!syndrome || seen_fault_address == address)));
    CHECK(seen_pc == (uintptr_t)trap || probe == probe_jump);
    CHECK(same(&seen, &in, 0));
    change(&seen);
    CHECK(same(&out, &seen, 0));
}

static void by_call(void)
{
    fill(&in, 77);
    in.x[0] = (uint64_t)getpid(), in.x[1] = (uint64_t)syscall(SYS_gettid), in.x[2] = SIGUSR1, in.x[8] = SYS_tgkill;
    hits = 0, trap_pc = (uintptr_t)probe_call_trap, skip = 4;
    probe_call(&in, &out);
    CHECK(hits == 1 && last_signal == SIGUSR1 && last_code == SI_TKILL && seen_pc == trap_pc + 4);
    CHECK(seen.x[0] == 0 && same(&seen, &in, 1));
    change(&seen);
    CHECK(same(&out, &seen, 0));
}

/* Where a timer finds the loop is not known: after its load, x7 is what it read. */
static void in_loop(void)
{
    static int zero;
    fill(&in, 99);
    in.x[5] = (uintptr_t)&zero;
    struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
    hits = 0, trap_pc = (uintptr_t)probe_loop_trap, skip = 8;
    setitimer(ITIMER_REAL, &soon, NULL);
    probe_loop(&in, &out);
    CHECK(hits == 1 && last_signal == SIGALRM && (seen_pc == trap_pc || seen_pc == trap_pc + 4));
    CHECK(same(&seen, &in, 1u << 7) && (seen.x[7] == 0 || seen.x[7] == in.x[7]));
    change(&seen);
    CHECK(same(&out, &seen, 0));
}

static void move_stack(int signal, siginfo_t *info, void *opaque)
{
    mcontext_t *machine = &((ucontext_t *)opaque)->uc_mcontext;
    (void)signal, (void)info;
    machine->sp -= 48;
    machine->pc += 4;
}

static void stack_pointer(void)
{
    struct sigaction action = { .sa_sigaction = move_stack, .sa_flags = SA_SIGINFO };
    uint64_t moved;
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile("mov x9, sp\nudf #0\nmov x10, sp\nmov sp, x9\nsub %0, x9, x10" : "=r"(moved) : : "x9", "x10", "memory");
    CHECK(moved == 48);
}

/* -- frames that the kernel refuses: SIGSEGV, which cannot be caught when its own frame is one ------------------------------------- */

static int damage;
static void damaging(int signal, siginfo_t *info, void *opaque)
{
    mcontext_t *machine = &((ucontext_t *)opaque)->uc_mcontext;
    uint32_t *head = (uint32_t *)(void *)machine->__reserved;
    (void)info;
    if (signal == SIGSEGV)
        _exit(33);
    switch (damage) {
    case 0: head[0] = 0x12345678; break;   /* an unknown record */
    case 1: head[0] = 0; break;            /* an end with a size */
    case 2: head[0] = head[1] = 0; break;  /* no vector registers */
    case 3: head[1] = 512; break;
    case 4: head[1] = 544; break;
    case 5: head[1] = 4; break;
    case 6: head[1] = 0x10000; break;
    case 7: memcpy(head + 132, head, 528); break;       /* twice */
    case 8: machine->pstate |= 5; break;   /* EL1 */
    case 9: machine->pstate |= 0x10; break;/* AArch32 */
    case 10: machine->pstate |= 0x80; break;            /* interrupts off */
    case 11: machine->pstate |= 0x0f000000; break;      /* nothing that counts */
    }
}

static void bad_frames(void)
{
    for (damage = 0; damage < 12; damage++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            struct sigaction action = { .sa_sigaction = damaging, .sa_flags = SA_SIGINFO };
            sigaction(SIGUSR1, &action, NULL);
            sigaction(SIGSEGV, &action, NULL);
            raise(SIGUSR1);
            _exit(44);
        }
        waitpid(child, &status, 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (damage == 11 ? 44 : 33));
    }
}

int main(void)
{
    static uint64_t words[2];
    static const int signals[] = { SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGUSR1, SIGALRM };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) install(signals[i]);
    for (int round = 0; round < 20; round++) {
        one(probe_undefined, probe_undefined_trap, 1, SIGILL, ILL_ILLOPC, (uintptr_t)probe_undefined_trap, 0);
        one(probe_break, probe_break_trap, 1, SIGTRAP, TRAP_BRKPT, (uintptr_t)probe_break_trap, STALE);
        one(probe_load, probe_load_trap, 16, SIGSEGV, SEGV_MAPERR, 16, 0x92000007);
        one(probe_store, probe_store_trap, 32, SIGSEGV, SEGV_MAPERR, 32, 0x92000047);
        one(probe_store, probe_store_trap, (uintptr_t)main & ~15ull, SIGSEGV, SEGV_ACCERR, (uintptr_t)main & ~15ull, 0x9200004f);
        one(probe_unaligned, probe_unaligned_trap, (uintptr_t)words + 1, SIGBUS, BUS_ADRALN, (uintptr_t)words + 1, 0x92000021);
        one(probe_jump, probe_jump_trap, 64, SIGSEGV, SEGV_MAPERR, 64, 0x82000007);
        one(probe_jump, probe_jump_trap, (uintptr_t)words, SIGSEGV, SEGV_ACCERR, (uintptr_t)words, 0x8200000f);
        by_call();
        edit = edit * 5 + 1;
    }
    for (int round = 0; round < 5; round++) in_loop();
    stack_pointer();
    bad_frames();
    return 0;
}
#else
int main(void) { return 0; }
#endif
