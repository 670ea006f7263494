/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the kernel enters ferry: before the C library relocates a static PIE it writes nearly every page of the data, each with a
 * fault of its own. One call brings them all (Linux 5.14; earlier ones refuse it and fault). Registers are the C library's but for
 * those that a system call may change.
 */
#define MADV_POPULATE_WRITE 23
#define SYS_madvise 28

        .text
        .globl  ferry_entry
        .type   ferry_entry, @function
ferry_entry:
        movq    %rdx, %r8
        leaq    __init_array_start(%rip), %rdi
        andq    $-4096, %rdi
        leaq    _edata(%rip), %rsi
        subq    %rdi, %rsi
        addq    $4095, %rsi
        andq    $-4096, %rsi
        movl    $MADV_POPULATE_WRITE, %edx
        movl    $SYS_madvise, %eax
        syscall
        movq    %r8, %rdx
        jmp     _start
        .size   ferry_entry, . - ferry_entry
        .section .note.GNU-stack, "", @progbits
