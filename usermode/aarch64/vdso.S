/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's vDSO: reading the two clocks that matter, and small random numbers, without leaving translated code. generate-vdso makes vdso_image.c of it.
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
#define NR_getrandom 278
#define EFAULT 14

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

/* (buffer, size, flags, state, size of state), after the kernel's protocol for it (lib/vdso/getrandom.c): state lies in MAP_DROPPABLE memory,
 * which fork and lack of memory clear. Small requests are served from a batch in it that one system call fills; each byte is given once. */
#define PROT_READ_WRITE 3
#define MAP_DROPPABLE_ANONYMOUS 0x28
#define KNOWN_FLAGS 7
#define BATCH 128
#define VALID BATCH
#define POSITION (BATCH + 8)
#define IN_USE (BATCH + 12)
#define STATE_SIZE (BATCH + 16)
#define LARGEST_SMALL 64
function __kernel_getrandom
        cmn x4, #1
        b.ne 1f
        cbnz x0, 1f
        cbnz x1, 1f
        cbnz w2, 1f
        mov w5, #STATE_SIZE                 /* what the caller must know: the state's size, how to map it, 13 words of zeros */
        mov w6, #PROT_READ_WRITE
        stp w5, w6, [x3]
        mov w5, #MAP_DROPPABLE_ANONYMOUS
        stp w5, wzr, [x3, #8]
        stp xzr, xzr, [x3, #16]
        stp xzr, xzr, [x3, #32]
        stp xzr, xzr, [x3, #48]
        ret
1:      and x5, x3, #4095                   /* within one page, which disappears as a whole */
        cmp x5, #(4096 - STATE_SIZE)
        b.ls 2f
        mov x0, #-EFAULT
        ret
2:      tst w2, #~KNOWN_FLAGS
        b.ne 9f
        cmp x4, #STATE_SIZE
        b.ne 9f
        cbz x1, 8f
        cmp x1, #LARGEST_SMALL
        b.hi 9f
        ldr w5, [x3, #IN_USE]               /* by what a signal interrupted */
        cbnz w5, 9f
        mov w5, #1
        str w5, [x3, #IN_USE]
        ldr x5, [x3, #VALID]
        ldr w7, [x3, #POSITION]
        cbz x5, 3f
        add x5, x7, x1
        cmp x5, #BATCH
        b.ls 5f
3:      mov x9, x0
        mov x10, x1
        mov x11, x2
        mov x5, #1
        str x5, [x3, #VALID]                /* before the call: a fork after it is seen below */
        mov x0, x3
        mov x1, #BATCH
        mov x2, #0
        mov x8, #NR_getrandom
        svc #0
        cmp x0, #BATCH
        mov x0, x9
        mov x1, x10
        mov x2, x11
        b.ne 7f
        mov w7, #0
5:      add x12, x3, x7
        mov x13, #0
6:      ldrb w14, [x12, x13]
        strb wzr, [x12, x13]
        strb w14, [x0, x13]
        add x13, x13, #1
        cmp x13, x1
        b.lo 6b
        add w7, w7, w1
        str w7, [x3, #POSITION]
        ldr x5, [x3, #VALID]                /* cleared since: the other process may have got the same */
        cbz x5, 7f
        str wzr, [x3, #IN_USE]
8:      mov x0, x1
        ret
7:      str xzr, [x3, #VALID]
        str wzr, [x3, #IN_USE]
9:      mov x8, #NR_getrandom
        svc #0
        ret
end __kernel_getrandom

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
