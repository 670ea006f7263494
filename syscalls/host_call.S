/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System calls to the host. host_call_blocking has a window: from its look at thread->signal_arrived up to and including the
 * syscall instruction, the signal handler (usermode/host_signals.c) moves the pc to host_call_abort, so that a signal that
 * lands just before a blocking call interrupts it all the same.
 */
#include "syscalls/thread_offsets.h"

        .text
        .globl host_call
        .type host_call, @function
host_call:                              /* number, a, b, c, d, e, f */
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        movq    %rcx, %rdx
        movq    %r8, %r10
        movq    %r9, %r8
        movq    8(%rsp), %r9
        syscall
        ret
        .size host_call, . - host_call

        .globl host_call_blocking, host_call_window, host_call_window_end, host_call_abort
        .type host_call_blocking, @function
host_call_blocking:                     /* thread, number, a, b, c, d, e, f */
        movq    %rdi, %r11
        movq    %rsi, %rax
        movq    %rdx, %rdi
        movq    %rcx, %rsi
        movq    %r8, %rdx
        movq    %r9, %r10
        movq    8(%rsp), %r8
        movq    16(%rsp), %r9
host_call_window:
        cmpl    $0, THREAD_SIGNAL_ARRIVED(%r11)
        jne     host_call_abort
        syscall
host_call_window_end:
        ret
host_call_abort:
        movq    $-4, %rax               /* -EINTR */
        ret
        .size host_call_blocking, . - host_call_blocking

/* A child that shares our memory, on a stack of its own: it calls start(argument), which never returns.
 * int64_t host_clone_on_stack(uint64_t flags, void *stack, int *parent_tid, int *child_tid, uint64_t tls, void (*start)(void *), void *argument) */
        .globl host_clone_on_stack
        .type host_clone_on_stack, @function
host_clone_on_stack:
        pushq   %r12
        pushq   %r13
        movq    %r9, %r12               /* start */
        movq    24(%rsp), %r13          /* argument */
        andq    $-16, %rsi
        movq    %rcx, %r10
        movl    $56, %eax               /* clone */
        syscall
        testq   %rax, %rax
        jz      clone_child
        popq    %r13
        popq    %r12
        ret
clone_child:
        xorl    %ebp, %ebp
        movq    %r13, %rdi
        call    *%r12
        ud2
        .size host_clone_on_stack, . - host_clone_on_stack

/* int64_t host_clone3_on_stack(struct clone_args *arguments, size_t size, void (*start)(void *), void *argument) */
        .globl host_clone3_on_stack
        .type host_clone3_on_stack, @function
host_clone3_on_stack:
        pushq   %r12
        pushq   %r13
        movq    %rdx, %r12
        movq    %rcx, %r13
        movl    $435, %eax              /* clone3 */
        syscall
        testq   %rax, %rax
        jz      clone_child
        popq    %r13
        popq    %r12
        ret
        .size host_clone3_on_stack, . - host_clone3_on_stack

        .section .note.GNU-stack, "", @progbits
