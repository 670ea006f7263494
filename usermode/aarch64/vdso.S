/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's vDSO: reading the two clocks that matter without leaving translated code. generate-vdso makes vdso_image.c of it.
 *
 * CNTVCT_EL0 counts nanoseconds of CLOCK_MONOTONIC. CLOCK_REALTIME differs by an offset that changes only when somebody sets the
 * clock. The page before this image holds the offset and the counter value from which it is no longer trusted; then the system call
 * is made, which writes both anew (syscalls/time.c).
 *
 * The return from signals has no unwind information, like the kernel's: unwinders know its two instructions.
 */
#define CLOCK_MONOTONIC 1
#define NR_rt_sigreturn 139
#define NR_clock_gettime 113
#define NR_clock_getres 114
#define NR_gettimeofday 169

        .macro function name
        .balign 16
        .global \name
        .type \name, %function
\name:
        .cfi_startproc
        .endm
        .macro end name
        .cfi_endproc
        .size \name, . - \name
        .endm
        /* x5 = CLOCK_REALTIME in nanoseconds; to \stale when the offset is too old. x2 to x4 are lost. */
        .macro read_realtime stale
        adr x2, time_page
        ldp x3, x4, [x2]
        mrs x5, cntvct_el0
        cmp x5, x4
        b.hs \stale
        add x5, x5, x3
        .endm
        /* x4 = seconds, x5 = nanoseconds of x5 nanoseconds. */
        .macro split_seconds
        movz x3, #(1000000000 & 0xffff)
        movk x3, #(1000000000 >> 16), lsl #16
        udiv x4, x5, x3
        msub x5, x4, x3, x5
        .endm

        .text
function __kernel_clock_gettime
        cbz w0, 1f
        cmp w0, #CLOCK_MONOTONIC
        b.ne 3f
        mrs x5, cntvct_el0
        b 2f
1:      read_realtime 3f
2:      split_seconds
        stp x4, x5, [x1]
        mov w0, #0
        ret
3:      mov x8, #NR_clock_gettime
        svc #0
        ret
end __kernel_clock_gettime

function __kernel_gettimeofday
        cbz x0, 1f
        cbnz x1, 1f
        read_realtime 1f
        split_seconds
        mov x3, #1000
        udiv x5, x5, x3
        stp x4, x5, [x0]
        mov w0, #0
        ret
1:      mov x8, #NR_gettimeofday
        svc #0
        ret
end __kernel_gettimeofday

function __kernel_clock_getres
        mov x8, #NR_clock_getres
        svc #0
        ret
end __kernel_clock_getres

        /* Unwinders look one instruction before a return address: that is the nop here. */
        .balign 16
        nop
        .global __kernel_rt_sigreturn
        .type __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
        mov x8, #NR_rt_sigreturn
        svc #0
        .size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
        .section .note.GNU-stack, "", %progbits
