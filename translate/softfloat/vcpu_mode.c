/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The layout of MXCSR: Intel SDM volume 1, section 10.2.3. softfloat's flags have the order of its sticky bits.
 */
#include "translate/softfloat/vcpu_mode.h"

enum { CONTROL_FLUSH_INPUTS = 1 << 6, CONTROL_ROUNDING_SHIFT = 13, CONTROL_FLUSH_OUTPUTS = 1 << 15, STICKY_BITS = 0x3f };

void softfloat_mode_from_vcpu(struct softfloat_mode *m, const struct vcpu *cpu)
{
    static const uint8_t rounding[4] = {SOFTFLOAT_NEAREST_EVEN, SOFTFLOAT_DOWN, SOFTFLOAT_UP, SOFTFLOAT_ZERO};
    uint32_t control = cpu->host_fp_control;
    m->rounding = rounding[control >> CONTROL_ROUNDING_SHIFT & 3];
    m->nan_rule = SOFTFLOAT_NAN_ARM;
    m->flush_inputs = control & CONTROL_FLUSH_INPUTS;
    m->flush_outputs = control & CONTROL_FLUSH_OUTPUTS;
    m->default_nan = cpu->fp_rare & VCPU_FP_DEFAULT_NAN;
    m->flush_half = cpu->fp_rare & VCPU_FP_FLUSH_HALF;
    m->alternative_half = cpu->fp_rare & VCPU_FP_ALTERNATIVE_HALF;
    m->tininess_after_rounding = false;
    m->flags = 0;
}

void softfloat_flags_to_vcpu(struct vcpu *cpu, const struct softfloat_mode *m) { cpu->fp_sticky |= m->flags & STICKY_BITS; }
