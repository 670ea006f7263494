/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The state of an AArch64 CPU that user programs see (Arm ARM, chapter B1). Included by this folder and by the parts of
 * syscalls/ and usermode/ that know this ISA.
 */
#ifndef FERRY_GUEST_AARCH64_CPU_H
#define FERRY_GUEST_AARCH64_CPU_H

#include "translate/vcpu.h"

struct aarch64_cpu {
    struct vcpu common;                   /* pc, flags, exclusive monitor */
    uint64_t x[31];
    uint64_t sp;
    uint64_t tpidr_el0;
    uint64_t tpidrro_el0;
    uint32_t fpcr;
    union vector128 qc;                   /* FPSR.QC is set when any bit is: saturating code ORs differences into it */
    union vector128 v[32];
};

/* Numbers of fields in aarch64_fields (aarch64.c). */
enum aarch64_field {
    AARCH64_FLAGS = 0,
    AARCH64_X0 = 1,                       /* … X30 = 31 */
    AARCH64_SP = 32,
    AARCH64_TPIDR_EL0, AARCH64_TPIDRRO_EL0, AARCH64_FPCR,
    AARCH64_QC,
    AARCH64_V0,                           /* … V31 */
    AARCH64_FIELD_COUNT = AARCH64_V0 + 32
};

/* FPSR as the architecture shows it, assembled from the host's sticky bits and qc. */
uint32_t aarch64_read_fpsr(const struct aarch64_cpu *cpu);
void aarch64_write_fpsr(struct aarch64_cpu *cpu, uint32_t value);
void aarch64_write_fpcr(struct aarch64_cpu *cpu, uint32_t value);   /* keeps the host's control word in step */

#endif
