/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Copies that may touch unmapped guest memory. The fault handler looks the pc up between guest_copy_start and guest_copy_end
 * and continues at guest_copy_failed, which returns nonzero.
 */
        .text
        .globl guest_copy, guest_copy_string, guest_copy_start, guest_copy_end, guest_copy_failed
        .type guest_copy, @function
guest_copy:                             /* int guest_copy(void *to, const void *from, size_t size) */
guest_copy_start:
        cmpq    $16, %rdx
        ja      3f
        cmpq    $8, %rdx
        jb      1f
        movq    (%rsi), %rax
        movq    -8(%rsi,%rdx), %rcx
        movq    %rax, (%rdi)
        movq    %rcx, -8(%rdi,%rdx)
        xorl    %eax, %eax
        ret
1:      cmpq    $4, %rdx
        jb      5f
        movl    (%rsi), %eax
        movl    -4(%rsi,%rdx), %ecx
        movl    %eax, (%rdi)
        movl    %ecx, -4(%rdi,%rdx)
        xorl    %eax, %eax
        ret
3:      cmpq    $128, %rdx              /* shorter than what starting rep movs takes */
        ja      5f
        leaq    -8(%rdx), %rcx
        leaq    (%rsi,%rcx), %r8        /* the last eight bytes */
        addq    %rdi, %rcx
4:      movq    (%rsi), %rax
        movq    %rax, (%rdi)
        addq    $8, %rsi
        addq    $8, %rdi
        cmpq    %rcx, %rdi
        jb      4b
        movq    (%r8), %rax
        movq    %rax, (%rcx)
        xorl    %eax, %eax
        ret
5:      movq    %rdx, %rcx
        rep movsb
        xorl    %eax, %eax
        ret
        .size guest_copy, . - guest_copy

/* int64_t guest_copy_string(char *to, const char *from, size_t size): length without the NUL, size when there is none, -1 on fault */
        .type guest_copy_string, @function
guest_copy_string:
        xorl    %eax, %eax
1:      cmpq    %rdx, %rax
        jae     2f
        movb    (%rsi,%rax), %cl
        movb    %cl, (%rdi,%rax)
        testb   %cl, %cl
        jz      2f
        incq    %rax
        jmp     1b
2:      ret
guest_copy_end:
        .size guest_copy_string, . - guest_copy_string

guest_copy_failed:
        movq    $-1, %rax
        ret
        .section .note.GNU-stack, "", @progbits
