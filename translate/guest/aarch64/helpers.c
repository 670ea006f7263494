/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What translated base instructions call, and the floating-point control and status registers (Arm ARM DDI 0487, C5.2.8 and
 * C5.2.9), whose working parts live in the host's FP unit.
 */
#include "translate/guest/aarch64/aarch64.h"
#include "translate/translate.h"

#include <time.h>

/* -- code and time --------------------------------------------------------------------------------------------------------- */

uint64_t aarch64_helper_instruction_cache_flush(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)b, (void)c, (void)extra;
    guest_addr address = (guest_addr)((int64_t)(a << 8) >> 8) & ~(guest_addr)(A64_CACHE_LINE_BYTES - 1);
    engine_invalidate_from_code(cpu, address, address + A64_CACHE_LINE_BYTES);
    return 0;
}

uint64_t aarch64_helper_virtual_counter(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)cpu, (void)a, (void)b, (void)c, (void)extra;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* -- FPCR and FPSR --------------------------------------------------------------------------------------------------------- */

enum { FPSR_INVALID = 1 << 0, FPSR_DIVIDE = 1 << 1, FPSR_OVERFLOW = 1 << 2, FPSR_UNDERFLOW = 1 << 3, FPSR_INEXACT = 1 << 4,
       FPSR_DENORMAL = 1 << 7, FPSR_SATURATION = 1 << 27 };
/* The host's layout: x86 MXCSR. */
enum { HOST_INVALID = 1 << 0, HOST_DENORMAL = 1 << 1, HOST_DIVIDE = 1 << 2, HOST_OVERFLOW = 1 << 3, HOST_UNDERFLOW = 1 << 4,
       HOST_INEXACT = 1 << 5, HOST_FLUSH_INPUTS = 1 << 6, HOST_MASKS = 0x3f << 7, HOST_ROUNDING_SHIFT = 13, HOST_FLUSH_OUTPUTS = 1 << 15 };

static const struct { uint32_t guest, host; } status_bits[] = {
    {FPSR_INVALID, HOST_INVALID}, {FPSR_DIVIDE, HOST_DIVIDE}, {FPSR_OVERFLOW, HOST_OVERFLOW}, {FPSR_UNDERFLOW, HOST_UNDERFLOW},
    {FPSR_INEXACT, HOST_INEXACT},
};
#define STATUS_BITS (sizeof status_bits / sizeof status_bits[0])

/* The host's own denormal bit means something else (an operand was one); only softfloat's says that an input was flushed. */
uint32_t aarch64_read_fpsr(const struct aarch64_cpu *cpu)
{
    uint32_t sticky = vcpu_fp_sticky(&cpu->common), fpsr = 0;
    for (unsigned i = 0; i < STATUS_BITS; i++) {
        fpsr |= sticky & status_bits[i].host ? status_bits[i].guest : 0;
    }
    fpsr |= cpu->common.fp_sticky & HOST_DENORMAL ? FPSR_DENORMAL : 0;
    return fpsr | (cpu->qc.u64[0] | cpu->qc.u64[1] ? FPSR_SATURATION : 0);
}

void aarch64_write_fpsr(struct aarch64_cpu *cpu, uint32_t value)
{
    uint32_t sticky = 0;
    for (unsigned i = 0; i < STATUS_BITS; i++) {
        sticky |= value & status_bits[i].guest ? status_bits[i].host : 0;
    }
    vcpu_set_fp_sticky(&cpu->common, sticky);
    cpu->common.fp_sticky &= ~(uint32_t)HOST_DENORMAL;
    cpu->common.fp_sticky |= value & FPSR_DENORMAL ? HOST_DENORMAL : 0;
    cpu->qc.u64[0] = value & FPSR_SATURATION ? 1 : 0;
    cpu->qc.u64[1] = 0;
}

enum { FPCR_FLUSH_HALF = 1 << 19, FPCR_ROUNDING_SHIFT = 22, FPCR_FLUSH = 1 << 24, FPCR_DEFAULT_NAN = 1 << 25,
       FPCR_ALTERNATIVE_HALF = 1 << 26, FPCR_WRITABLE = 0x07ff0000 };   /* AArch32's Stride and Len are kept, without effect */

/* Rounding to nearest, up, down, zero is 0 1 2 3 here and 0 2 1 3 in the host's word. */
static uint32_t host_control(uint32_t fpcr)
{
    static const uint8_t rounding[4] = {0, 2, 1, 3};
    uint32_t control = HOST_MASKS | (uint32_t)rounding[fpcr >> FPCR_ROUNDING_SHIFT & 3] << HOST_ROUNDING_SHIFT;
    return control | (fpcr & FPCR_FLUSH ? HOST_FLUSH_INPUTS | HOST_FLUSH_OUTPUTS : 0);
}

void aarch64_write_fpcr(struct aarch64_cpu *cpu, uint32_t value)
{
    cpu->fpcr = value & FPCR_WRITABLE;
    cpu->common.fp_rare = (value & FPCR_DEFAULT_NAN ? VCPU_FP_DEFAULT_NAN : 0) | (value & FPCR_FLUSH_HALF ? VCPU_FP_FLUSH_HALF : 0) |
                          (value & FPCR_ALTERNATIVE_HALF ? VCPU_FP_ALTERNATIVE_HALF : 0);
    vcpu_set_fp_control(&cpu->common, host_control(value));
    if ((value & FPCR_ALTERNATIVE_HALF) && cpu->common.engine) {
        engine_set_mode(&cpu->common, GUEST_MODE_RARE_FLOAT);
    }
}

uint64_t aarch64_helper_read_fpsr(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)a, (void)b, (void)c, (void)extra;
    return aarch64_read_fpsr((struct aarch64_cpu *)cpu);
}

uint64_t aarch64_helper_write_fpsr(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)b, (void)c, (void)extra;
    aarch64_write_fpsr((struct aarch64_cpu *)cpu, (uint32_t)a);
    return 0;
}

uint64_t aarch64_helper_write_fpcr(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)b, (void)c, (void)extra;
    aarch64_write_fpcr((struct aarch64_cpu *)cpu, (uint32_t)a);
    return 0;
}
