/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Dies with two more threads, one in a loop without calls and one in a system call; memory that belongs into the core and memory
 * that does not. Its child does the dying; the parent prints what it was told.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int marker = 12345;
volatile double real = 2.5;
static volatile int ready;
char *kept, *hidden;
static int channel[2];

__attribute__((noinline)) static int spinning(int depth)
{
    volatile int local = depth;
    for (ready++;;)
        local += real > 100;
    return local;
}

__attribute__((noinline)) static int sleeping(int depth)
{
    char byte;
    ready++;
    return depth + (int)read(channel[0], &byte, 1);
}

static void *spin(void *argument) { return (void *)(long)(spinning(7) + (argument != NULL)); }
static void *sleeper(void *argument) { return (void *)(long)(sleeping(9) + (argument != NULL)); }

__attribute__((noinline)) static void die_here(const char *how, int *nowhere)
{
    volatile int answer = 42;
    if (strcmp(how, "abort") == 0)
        abort();
    *nowhere = answer;
}

static void child(const char *how)
{
    pthread_t thread;
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    setrlimit(RLIMIT_CORE, &limit);
    kept = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    hidden = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(kept, "this was kept");
    strcpy(hidden, "this was not");
    mprotect(kept, 4096, PROT_NONE);
    madvise(hidden, 4096, MADV_DONTDUMP);
    pthread_create(&thread, NULL, spin, NULL);
    pthread_create(&thread, NULL, sleeper, NULL);
    while (ready < 2)
        usleep(1000);
    usleep(20000);                         /* into their loop and their call */
    __asm__ volatile("fmov d9, %d0" : : "w"(1.25) : "d9");
    die_here(how, NULL);
}

int main(int argc, char **argv)
{
    int status;
    if (argc < 2 || pipe(channel) < 0)
        return 1;
    pid_t pid = fork();
    if (pid == 0)
        child(argv[1]);
    waitpid(pid, &status, 0);
    printf("signal %d%s\n", WTERMSIG(status), WCOREDUMP(status) ? ", core dumped" : "");
    return 0;
}
