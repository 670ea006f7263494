/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * text change: a program that changes, flushes and unmaps its own code, which the cache has translations of, while its threads run in it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE __attribute__((noinline, aligned(4096)))
#define ROUNDS 30
PAGE int number(void) { return 1; }
PAGE int gone(int x) { return x * 3 + 1; }
PAGE int after(int x) { return x * 5 + 2; }
static volatile int stop;
static sigjmp_buf back;
static void *fault_address;

static void *spin(void *sum)
{
    while (!stop)
        *(volatile uint64_t *)sum += (uint64_t)after((int)*(volatile uint64_t *)sum & 7);
    return NULL;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    fault_address = info->si_addr;
    siglongjmp(back, 1);
}

static void expect(int line, long got, long wanted)
{
    if (got == wanted)
        return;
    printf("line %d: %ld instead of %ld\n", line, got, wanted);
    exit(1);
}
#define EXPECT(got, wanted) expect(__LINE__, (long)(got), (long)(wanted))

/* AArch64: the first instruction becomes mov w0, #value. */
static void rewrite(int value)
{
    uint32_t *code = (uint32_t *)number, insn = 0x52800000u | (uint32_t)value << 5;
    EXPECT(mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    memcpy(code, &insn, sizeof insn);
    __builtin___clear_cache((char *)code, (char *)code + 4);
    EXPECT(mprotect(code, 4096, PROT_READ | PROT_EXEC), 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    pthread_t threads[2];
    uint64_t sums[2] = {0};
    int (*volatile call)(void) = number;
    int (*volatile call_gone)(int) = gone;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    EXPECT(call(), 1);
    EXPECT(call_gone(2), 7);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, spin, &sums[i]);
    for (int i = 0; i < ROUNDS; i++) {
        __builtin___clear_cache((char *)after, (char *)after + 64);    /* nothing changed */
        EXPECT(after(i), i * 5 + 2);
        if (i < 5 || argc < 2)
            continue;
        rewrite(i);
        EXPECT(call(), i);
    }
    EXPECT(call_gone(3), 10);
    if (argc > 1) {
        EXPECT(munmap((void *)gone, 4096), 0);
        if (!sigsetjmp(back, 1)) {
            call_gone(1);
            return 1;
        }
        EXPECT(fault_address, (long)gone);
    }
    EXPECT(after(1), 7);
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    puts("as it should be");
    return 0;
}
