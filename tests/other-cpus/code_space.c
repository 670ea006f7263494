/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest that finds where the translated code is (its standard input says so) and writes there: from the program, from a signal
 * handler, from a thread and from a child. Each time that is a fault, and translation goes on afterwards.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile unsigned char *code;
static sigjmp_buf back;
static volatile sig_atomic_t faults;

#define CHECK(what) ((what) ? (void)0 : (printf("line %d: not %s\n", __LINE__, #what), exit(1)))

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    CHECK(info->si_addr == (void *)code && info->si_code == SEGV_ACCERR);
    faults++;
    siglongjmp(back, 1);
}

static void write_there(void)
{
    int before = faults;
    if (sigsetjmp(back, 1) == 0)
        *code = *code;
    CHECK(faults == before + 1);
}

/* movz w0, #number; ret: new code each time, to be translated. */
static void run_new_code(unsigned number)
{
    unsigned *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    page[0] = 0x52800000 | number << 5;
    page[1] = 0xd65f03c0;
    __builtin___clear_cache((char *)page, (char *)(page + 2));
    CHECK(((unsigned (*)(void))page)() == number);
    CHECK(munmap(page, 4096) == 0);
}

static void on_user_signal(int signal)
{
    (void)signal;
    write_there();
    run_new_code(2);
}

static void *in_thread(void *unused)
{
    write_there();
    run_new_code(3);
    return unused;
}

int main(void)
{
    unsigned long address;
    CHECK(scanf("%lx", &address) == 1);
    code = (volatile unsigned char *)address;
    sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, NULL);
    signal(SIGUSR1, on_user_signal);
    write_there();
    run_new_code(1);
    raise(SIGUSR1);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
    pid_t child = fork();
    if (child == 0) {
        write_there();
        run_new_code(4);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    write_there();
    run_new_code(5);
    puts("guarded");
    return 0;
}
