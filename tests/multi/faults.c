/* SPDX-License-Identifier: GPL-2.0-or-later
 * Synchronous faults: exact address, code and registers; handlers that repair memory, skip instructions or edit registers; faults in
 * the second half of a pair with write-back; unaligned accesses across a page end; undefined instructions.
 */
#define _GNU_SOURCE
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int mode, hits;
static volatile uintptr_t last_address;
static volatile int last_code, last_signal;
static volatile uint64_t seen_x0, seen_x1, seen_x2, seen_sp;
static char *pages;
static long page;
static sigjmp_buf escape;

enum { REPAIR, SKIP, EDIT, JUMP };

static void handler(int signal, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    hits++;
    last_signal = signal;
    last_address = (uintptr_t)info->si_addr;
    last_code = info->si_code;
#ifdef __aarch64__
    seen_x0 = context->uc_mcontext.regs[0];
    seen_x1 = context->uc_mcontext.regs[1];
    seen_x2 = context->uc_mcontext.regs[2];
    seen_sp = context->uc_mcontext.sp;
    if (mode == SKIP)
        context->uc_mcontext.pc += 4;
    if (mode == EDIT)
        context->uc_mcontext.regs[1] = (uintptr_t)pages;
#endif
    if (mode == REPAIR)
        mprotect((void *)(last_address & -page), (size_t)page, PROT_READ | PROT_WRITE);
    if (mode == JUMP)
        siglongjmp(escape, 1);
}

static void test_repair(void)
{
    mode = REPAIR;
    hits = 0;
    mprotect(pages + page, (size_t)page, PROT_NONE);
    volatile uint32_t *p = (uint32_t *)(pages + page + 40);
    *p = 77;
    CHECK(hits == 1 && *p == 77 && last_address == (uintptr_t)p && last_signal == SIGSEGV && last_code == SEGV_ACCERR);
    mprotect(pages + page, (size_t)page, PROT_READ);
    hits = 0;
    (*p)++;
    CHECK(hits == 1 && *p == 78);
    /* In a loop, with values in flight. */
    uint64_t sum = 0;
    hits = 0;
    for (int i = 0; i < 2000; i++) {
        if (i == 1000)
            mprotect(pages + page, (size_t)page, PROT_NONE);
        sum = sum * 3 + ((volatile uint8_t *)pages)[page - 8 + i % 64];
    }
    CHECK(hits == 1 && sum != 0);
    /* An access that begins in a good page. */
    mprotect(pages + page, (size_t)page, PROT_NONE);
    hits = 0;
    memset(pages + page - 3, 0x5a, 3);
    struct __attribute__((packed)) unaligned { volatile uint64_t value; };
    uint64_t value = ((struct unaligned *)(pages + page - 3))->value;
    CHECK(hits == 1 && (value & 0xffffff) == 0x5a5a5a);
}

static void test_codes(void)
{
    mode = JUMP;
    char *gone = mmap(NULL, (size_t)page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(gone, (size_t)page);
    if (!sigsetjmp(escape, 1)) {
        *(volatile char *)gone;
        CHECK(!"reached");
    }
    CHECK(last_code == SEGV_MAPERR && last_address == (uintptr_t)gone);
    void (*nowhere)(void) = (void (*)(void))(uintptr_t)(gone + 16);
    if (!sigsetjmp(escape, 1)) {
        nowhere();
        CHECK(!"reached");
    }
    CHECK(last_signal == SIGSEGV && last_address == (uintptr_t)(gone + 16));
    void (*data)(void) = (void (*)(void))(uintptr_t)pages;
    mprotect(pages, (size_t)page, PROT_READ | PROT_WRITE);
    if (!sigsetjmp(escape, 1)) {
        data();
        CHECK(!"reached");
    }
    CHECK(last_signal == SIGSEGV && last_code == SEGV_ACCERR && last_address == (uintptr_t)pages);
    if (!sigsetjmp(escape, 1)) {
        *(volatile int *)0 = 1;
        CHECK(!"reached");
    }
    CHECK(last_signal == SIGSEGV && last_address == 0 && last_code == SEGV_MAPERR);
}

#ifdef __aarch64__
static void test_registers(void)
{
    uint64_t a, b, c;
    mprotect(pages, (size_t)page, PROT_READ | PROT_WRITE);
    mprotect(pages + page, (size_t)page, PROT_NONE);
    uint64_t *last = (uint64_t *)(pages + page) - 1;
    *last = 0x1111;
    mode = SKIP;
    hits = 0;
    /* The second half of a pair faults: neither register nor the base changes. */
    __asm__ volatile("mov x0, #5\n\tmov x2, #6\n\tmov x1, %3\n\tldp x0, x2, [x1], #16\n\tmov %0, x0\n\tmov %1, x1\n\tmov %2, x2"
                     : "=r"(a), "=r"(b), "=r"(c) : "r"(last) : "x0", "x1", "x2", "memory");
    CHECK(hits == 1 && a == 5 && b == (uint64_t)last && c == 6 && seen_x0 == 5 && seen_x2 == 6 && seen_x1 == (uint64_t)last);
    hits = 0;
    __asm__ volatile("mov x1, %1\n\tstr x0, [x1, #8]!\n\tmov %0, x1" : "=r"(b) : "r"(last) : "x0", "x1", "memory");
    CHECK(hits == 1 && b == (uint64_t)last);
    /* The handler moves the base, and the load goes on there. */
    mode = EDIT;
    hits = 0;
    *(uint64_t *)pages = 0x4242;
    __asm__ volatile("mov x1, #8\n\tldr x0, [x1]\n\tmov %0, x0" : "=r"(a) : : "x0", "x1", "memory");
    CHECK(hits == 1 && a == 0x4242 && last_address == 8);
    /* Flags, vectors and values of instructions before the fault are exact. */
    mode = SKIP;
    uint64_t flags;
    double d;
    __asm__ volatile("fmov d3, #2.5\n\tfadd d3, d3, d3\n\tmov x0, #3\n\tsubs x0, x0, #3\n\tmov x1, #16\n\tldr x2, [x1]\n\tcset %0, eq\n\tfmov %d1, d3"
                     : "=r"(flags), "=w"(d) : : "x0", "x1", "x2", "d3", "cc", "memory");
    CHECK(flags == 1 && d == 5.0 && seen_x0 == 0);
    /* Undefined instructions. */
    hits = 0;
    __asm__ volatile("mov x0, #9\n\t.inst 0x00000000" : : : "x0");
    CHECK(hits == 1 && last_signal == SIGILL && seen_x0 == 9);
    hits = 0;
    __asm__ volatile("brk #7");
    CHECK(hits == 1 && last_signal == SIGTRAP);
}

static void test_tags(void)
{
    static uint64_t cell = 9;
    mode = JUMP;
    if (!sigsetjmp(escape, 1)) {
        uint64_t *tagged = (uint64_t *)((uintptr_t)&cell | 0xab00000000000000u);
        CHECK(*(volatile uint64_t *)tagged == 9);
        *(volatile uint64_t *)tagged = 10;
    }
    CHECK(cell == 10);
}

#define ADDRESS_OF(load, base, index)                                                                                              \
    (sigsetjmp(escape, 1) == 0 ? ({ register uint64_t x1 __asm__("x1") = base, x2 __asm__("x2") = index;                            \
                                    __asm__ volatile(load : : "r"(x1), "r"(x2) : "x0", "x3", "v0", "memory"); 0ul; })              \
                               : last_code == SEGV_MAPERR && last_signal == SIGSEGV ? last_address : 1ul)

/* Addresses that no host can map are told exactly; tags are taken off, where the kernel does. */
static void test_wild_addresses(void)
{
    const uint64_t wild = 0x0000800000001230, high = 0xffc0000000001230, tag = 0x5a00000000000000;
    mode = JUMP;
    CHECK(ADDRESS_OF("ldr x0, [x1]", wild, 0) == wild);
    CHECK(ADDRESS_OF("ldr x0, [x1, #8]!", wild, 0) == wild + 8);
    CHECK(ADDRESS_OF("ldrb w0, [x1, x2]", wild, 77) == wild + 77);
    CHECK(ADDRESS_OF("ldr x0, [x1, x2, lsl #3]", wild, 5) == wild + 40);
    CHECK(ADDRESS_OF("ldr q0, [x1, #-256]!", wild, 0) == wild - 256);
    CHECK(ADDRESS_OF("str x2, [x1, #4088]", wild, 0) == wild + 4088);
    CHECK(ADDRESS_OF("ldp x0, x3, [x1], #16", wild, 0) == wild);
    CHECK(ADDRESS_OF("ldxr x0, [x1]", wild, 0) == wild);
    CHECK(ADDRESS_OF("dc zva, x1", wild, 0) == (wild & -64ul));
    CHECK(ADDRESS_OF("ldr x0, [x1]", high, 0) == high);
    CHECK(ADDRESS_OF("str w2, [x1, x2]", high, 4) == high + 4);
    CHECK(ADDRESS_OF("ldr x0, [x1]", wild | tag, 0) == wild);
    CHECK(ADDRESS_OF("ldr x0, [x1, #16]", (uint64_t)pages + (uint64_t)page * 1000000 + tag, 0) == (uint64_t)pages + (uint64_t)page * 1000000 + 16);
}
#endif

int main(void)
{
    static char stack[65536];
    page = sysconf(_SC_PAGESIZE);
    pages = mmap(NULL, 3 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    test_repair();
    test_codes();
#ifdef __aarch64__
    test_registers();
    test_wild_addresses();
    test_tags();
    test_wild_addresses();
#endif
    return 0;
}
