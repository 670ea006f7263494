/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter host's own structures: a region kept as IR, and one function per operation, found by table. Only this
 * folder includes it.
 *
 * Values: integers and the bits of floats are in u64[0], zero extended from their type; flags tokens are NZCV in bits 31..28
 * of u64[0] and never lazy.
 */
#ifndef FERRY_HOST_INTERPRETER_H
#define FERRY_HOST_INTERPRETER_H

#include "translate/host/host.h"

#include <setjmp.h>

/* What compile leaves in the code space: the region without the instructions that passes removed. */
struct interpreted_region {
    const struct guest_isa *isa;
    guest_addr pc, guest_end;
    uint32_t count;
    struct ir_insn insns[];
};

/* One thread's. Mapped by vcpu_init. */
struct interpreter {
    struct vcpu *cpu;
    const struct interpreted_region *region;
    union vector128 *values;              /* by index of the defining instruction */
    uint32_t capacity;
    bool leaving;                         /* set by branches and traps: the region is done */
    bool stopped;                         /* and so is run(): exit_reason and pc are set */
    guest_addr target;                    /* where the guest goes on, when not stopped */
    guest_addr insn_pc;                   /* of the guest instruction being executed */
    volatile bool in_access;              /* touching guest memory: a fault here is the guest's */
    sigjmp_buf escape;                    /* back to run(), after a fault */
};

typedef void interpreter_function(struct interpreter *in, const struct ir_insn *insn, union vector128 *result);
#define IR_OP(name, group, operands, result, effects) interpreter_function interpret_##name;
#include "translate/ir/ops.def"
#undef IR_OP

static inline const union vector128 *value_of(const struct interpreter *in, ir_ref ref) { return &in->values[ref]; }
static inline uint64_t integer_of(const struct interpreter *in, ir_ref ref) { return in->values[ref].u64[0]; }
static inline uint32_t token_of(const struct interpreter *in, ir_ref ref) { return in->values[ref].u32[0]; }

static inline uint64_t ones(unsigned count) { return count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1; }
static inline uint64_t low_bits(uint64_t value, unsigned bits) { return value & ones(bits); }
static inline int64_t sign_extend_bits(uint64_t value, unsigned bits)
{
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

/* Lane `index` of width `lane`, zero extended. */
static inline uint64_t lane_get(const union vector128 *v, unsigned lane, unsigned index)
{
    switch (lane) {
    case LANE_8:  return v->u8[index];
    case LANE_16: return v->u16[index];
    case LANE_32: return v->u32[index];
    default:      return v->u64[index];
    }
}
static inline void lane_set(union vector128 *v, unsigned lane, unsigned index, uint64_t value)
{
    switch (lane) {
    case LANE_8:  v->u8[index] = (uint8_t)value; break;
    case LANE_16: v->u16[index] = (uint16_t)value; break;
    case LANE_32: v->u32[index] = (uint32_t)value; break;
    default:      v->u64[index] = value; break;
    }
}
static inline unsigned lane_bits(unsigned lane) { return 8u << lane; }
static inline unsigned lane_count(unsigned lane) { return 16u >> lane; }

/* Leaves translated code for the run loop, at the instruction being executed. */
void interpreter_stop(struct interpreter *in, enum vcpu_exit reason, guest_addr pc);
/* Around every touch of guest memory. The compiler must not move accesses out of it. */
static inline void access_begin(struct interpreter *in)
{
    in->in_access = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
static inline void access_end(struct interpreter *in)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    in->in_access = false;
}

/* escape.c: signal contexts, the one thing here that depends on the machine ferry runs on. */
void escape_arrange(void *ucontext, struct interpreter *in);   /* when the signal handler returns, in->escape is jumped to */
bool escape_fault_is_write(const void *ucontext);

#endif
