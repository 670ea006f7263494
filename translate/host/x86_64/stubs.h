/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The generated stubs, one set per process (a process has one guest ISA).
 */
#ifndef FERRY_HOST_X86_64_STUBS_H
#define FERRY_HOST_X86_64_STUBS_H

#include "translate/host/x86_64/emit.h"

#define EMPTY_PREDICTION 1                /* what the engine fills the margin below the stack's base with */
#define RETURN_MISS_DEPTH 8               /* pairs that a return looks at after the first */

struct x86_64_stubs {
    void (*enter)(struct vcpu *cpu, const void *code);
    const void *leave_saved;              /* where fault recovery continues: r15 set, all state home */
    const void *entry_points[STUB_COUNT];
    const void *return_base;              /* host return address of the pairs below the prediction stack's base */
    const uint8_t *start, *end;
};
extern struct x86_64_stubs x86_64_stubs;  /* written once by host_x86_64.init */

bool x86_64_stubs_make(const struct guest_isa *isa);
uint32_t emit_lookup_probe(struct assembler *as, struct operand *hit);

#endif
