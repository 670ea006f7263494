/* SPDX-License-Identifier: GPL-2.0-or-later
 * Code that changes: rewritten with the architecture's flush, mprotect cycles W->X->W, mappings replaced by others, many rewrites
 * of what was there before, a thread running code that another rewrites, or puts other shared memory in the place of.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __aarch64__
#define RETURN 0xd65f03c0u
static uint32_t load(unsigned value) { return 0xd2800000u | value << 5; }   /* mov x0, #value */

static uint64_t run(void *code) { return ((uint64_t(*)(void))code)(); }

static void write_code(uint32_t *code, unsigned value)
{
    code[0] = load(value);
    code[1] = RETURN;
    __builtin___clear_cache((char *)code, (char *)(code + 2));
}

static uint32_t *shared_code;
static _Atomic int stop;

static void *runner(void *argument)
{
    (void)argument;
    while (!stop) {
        uint64_t got = run(shared_code);
        CHECK(got == 1 || got == 2);
    }
    return NULL;
}

/* New code in a new mapping each time, so that translating always asks the address space. */
static void *mapper(void *argument)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)argument;
    for (unsigned i = 0; !stop; i++) {
        uint32_t *code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(code != MAP_FAILED);
        write_code(code, i & 0xffff);
        CHECK(run(code) == (i & 0xffff));
        munmap(code, page);
    }
    return NULL;
}

static void fork_while_others_translate(void)
{
    pthread_t threads[2];
    stop = 0;
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, mapper, NULL) == 0);
    for (int i = 0; i < 300; i++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            write_code(code, 77);
            _exit(run(code) == 77 ? 0 : 1);
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void *reader(void *argument)
{
    (void)argument;
    while (!stop) {
        uint32_t got = *(volatile uint32_t *)shared_code;
        CHECK(got == load(1) || got == load(2));
    }
    return NULL;
}

/* The threads see the one code or the other, and nothing in between. */
static void attach_over_code(void)
{
    enum { EXECUTABLE = 0100000 };
    int segments[2];
    pthread_t thread, other;
    for (unsigned i = 0; i < 2; i++) {
        segments[i] = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
        uint32_t *code = shmat(segments[i], NULL, 0);
        CHECK(code != (void *)-1);
        write_code(code, 1 + i);
        shmdt(code);
    }
    uint32_t *code = shmat(segments[0], NULL, EXECUTABLE);
    shared_code = code;
    stop = 0;
    CHECK(pthread_create(&thread, NULL, runner, NULL) == 0 && pthread_create(&other, NULL, reader, NULL) == 0);
    for (unsigned i = 0; i < 400; i++) {
        CHECK(shmat(segments[i & 1], code, SHM_REMAP | EXECUTABLE) == code);
        CHECK(run(code) == 1 + (i & 1));
    }
    stop = 1;
    pthread_join(thread, NULL);
    pthread_join(other, NULL);
    shmdt(code);
    for (unsigned i = 0; i < 2; i++)
        shmctl(segments[i], IPC_RMID, NULL);
}

int main(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t *code = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < 3000; i++) {
        write_code(code, i);
        CHECK(run(code) == i);
    }
    for (unsigned i = 0; i < 500; i++) {
        CHECK(mprotect(code, page, PROT_READ | PROT_WRITE) == 0);
        write_code(code, i & 3);
        CHECK(mprotect(code, page, PROT_READ | PROT_EXEC) == 0);
        CHECK(run(code) == (i & 3));
    }
    for (unsigned i = 0; i < 50; i++) {
        CHECK(mmap(code, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code);
        write_code(code, 1000 + i);
        CHECK(run(code) == 1000 + i);
    }
    /* A loop that patches an instruction ahead of itself. */
    for (unsigned i = 0; i < 200; i++)
        for (unsigned j = 0; j < 8; j++) {
            write_code(code + 16 * j, i + j);
            CHECK(run(code + 16 * j) == i + j);
        }
    shared_code = code + 256;
    write_code(shared_code, 1);
    pthread_t thread;
    pthread_create(&thread, NULL, runner, NULL);
    for (unsigned i = 0; i < 2000; i++) {
        atomic_store((_Atomic uint32_t *)shared_code, load(1 + (i & 1)));
        __builtin___clear_cache((char *)shared_code, (char *)(shared_code + 1));
    }
    stop = 1;
    pthread_join(thread, NULL);
    fork_while_others_translate();
    attach_over_code();
    return 0;
}
#else
int main(void) { return 0; }
#endif
