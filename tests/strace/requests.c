/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every ioctl request that ferry knows (run.sh puts them into requests.h): as one that worked, since a filter makes the call on DESCRIPTOR
 * return 0, and as one that failed. With an argument the memory that it points at is not all zero.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTOR 77
#define ARGUMENT 0x20000000
#define SIZE 65536

static const unsigned requests[] = {
#include "requests.h"
};

int main(int argc, char **argv)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DESCRIPTOR, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof code / sizeof code[0], code };
    unsigned char *memory = mmap((void *)ARGUMENT, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    (void)argv;
    for (unsigned i = 0; argc > 1 && i < SIZE / 2; i += 4) memory[i] = 1 + i / 4 % 3;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter)) return 1;
    syscall(SYS_getpid);
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        syscall(SYS_ioctl, DESCRIPTOR, requests[i], memory);
        syscall(SYS_ioctl, -1, requests[i], memory);
    }
    syscall(SYS_getpid);
    return 0;
}
