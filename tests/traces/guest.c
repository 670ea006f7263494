/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Something to look at: a function with a loop, a handled fault, a call that does not exist.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static sigjmp_buf back;

static void handler(int signal) { siglongjmp(back, signal); }

__attribute__((noinline)) unsigned looked_at(unsigned count)
{
    unsigned sum = 1;
    for (unsigned i = 0; i < count; i++)
        sum = sum * 31 + i;
    return sum;
}

int main(int argc, char **argv)
{
    (void)argv;
    signal(SIGSEGV, handler);
    if (!sigsetjmp(back, 1))
        *(volatile int *)(unsigned long)(argc * 8) = 1;
    syscall(9999);
    printf("%u\n", looked_at(1000));
    return 0;
}
