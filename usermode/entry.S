/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the kernel enters ferry. A start runs through code all over the file, writes nearly every page of the data before the C library
 * has relocated it, and some of the stack: pages that would come by a fault each, which costs more than a call for many
 * (docs/performance.md; Linux 5.14, earlier ones refuse the call and fault). Registers are the C library's but for
 * those that a system call may change.
 */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#define SYS_madvise 28
#define STACK_USED 32768                  /* the kernel makes the stack 128 KiB larger than what it puts there */

        .text
        .globl  ferry_entry
        .type   ferry_entry, @function
ferry_entry:
        movq    %rdx, %r8
        leaq    __executable_start(%rip), %rdi
        leaq    __init_array_start(%rip), %r9
        andq    $-4096, %r9
        movq    %r9, %rsi
        subq    %rdi, %rsi
        movl    $MADV_POPULATE_READ, %edx
        movl    $SYS_madvise, %eax
        syscall
        movq    %r9, %rdi
        leaq    _end(%rip), %rsi
        subq    %rdi, %rsi
        addq    $4095, %rsi
        andq    $-4096, %rsi
        movl    $MADV_POPULATE_WRITE, %edx
        movl    $SYS_madvise, %eax
        syscall
        leaq    -STACK_USED(%rsp), %rdi
        andq    $-4096, %rdi
        movl    $STACK_USED, %esi
        movl    $MADV_POPULATE_WRITE, %edx
        movl    $SYS_madvise, %eax
        syscall
        movq    %r8, %rdx
        jmp     _start
        .size   ferry_entry, . - ferry_entry
        .section .note.GNU-stack, "", @progbits
