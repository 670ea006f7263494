/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between a vcpu's control word and sticky bits (in the host's layout, x86 MXCSR) and softfloat's.
 */
#ifndef FERRY_SOFTFLOAT_VCPU_MODE_H
#define FERRY_SOFTFLOAT_VCPU_MODE_H

#include "translate/softfloat/softfloat.h"
#include "translate/vcpu.h"

void softfloat_mode_from_vcpu(struct softfloat_mode *m, const struct vcpu *cpu);       /* flags: none */
void softfloat_flags_to_vcpu(struct vcpu *cpu, const struct softfloat_mode *m);        /* adds m's flags to cpu->fp_sticky */

#endif
