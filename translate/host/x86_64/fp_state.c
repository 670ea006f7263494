/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the guest's rounding mode and sticky exception bits are: in MXCSR while translated code (or a helper it called)
 * runs, else in vcpu.host_fp_control, which has the same layout (Intel SDM vol. 1, 10.2.3). Bits that C routines raise are
 * kept apart in vcpu.fp_sticky and merged here.
 */
#include "translate/vcpu.h"

enum { MXCSR_STICKY = 0x3f, MXCSR_MASKS = 0x1f80, MXCSR_CONTROL = 0xe040 /* rounding, flush to zero, denormals are zeros */ };

static uint32_t read_control(const struct vcpu *cpu)
{
    return cpu->fp_in_host ? __builtin_ia32_stmxcsr() : cpu->host_fp_control;
}

/* host_fp_control is the copy that C routines read the rounding mode from: kept in step even while MXCSR rules. */
static void write_control(struct vcpu *cpu, uint32_t value)
{
    cpu->host_fp_control = value;
    if (cpu->fp_in_host)
        __builtin_ia32_ldmxcsr(value);
}

uint32_t vcpu_fp_sticky(const struct vcpu *cpu)
{
    return (read_control(cpu) | cpu->fp_sticky) & MXCSR_STICKY;
}

void vcpu_set_fp_sticky(struct vcpu *cpu, uint32_t sticky)
{
    cpu->fp_sticky = 0;
    write_control(cpu, (read_control(cpu) & ~(uint32_t)MXCSR_STICKY) | (sticky & MXCSR_STICKY));
}

void vcpu_set_fp_control(struct vcpu *cpu, uint32_t control)
{
    write_control(cpu, (read_control(cpu) & MXCSR_STICKY) | MXCSR_MASKS | (control & MXCSR_CONTROL));
}
