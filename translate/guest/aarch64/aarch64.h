/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the lowering files of this guest share: registers by their encoding, addresses, helpers. Not included from outside the folder.
 */
#ifndef FERRY_GUEST_AARCH64_H
#define FERRY_GUEST_AARCH64_H

#include "translate/guest/aarch64/cpu.h"
#include "translate/guest/aarch64/decode.generated.h"
#include "translate/guest/guest.h"

enum aarch64_helper_number {
#define AARCH64_HELPER(name, effects) AARCH64_HELPER_##name,
#include "translate/guest/aarch64/helpers.def"
#undef AARCH64_HELPER
    AARCH64_HELPER_COUNT
};
#define AARCH64_HELPER(name, effects) vcpu_helper aarch64_helper_##name;
#include "translate/guest/aarch64/helpers.def"
#undef AARCH64_HELPER

extern const struct guest_isa aarch64_isa;

/* Registers by number as the encoding has them: 31 is the zero register, or SP in the functions that say so. */
static inline ir_ref a64_x(struct translator *t, unsigned n)
{
    return n == 31 ? ir_constant(t->region, IR_I64, 0) : ir_get(t->region, AARCH64_X0 + n);
}
static inline ir_ref a64_x_or_sp(struct translator *t, unsigned n) { return ir_get(t->region, AARCH64_X0 + n); }
static inline ir_ref a64_w(struct translator *t, unsigned n)
{
    return n == 31 ? ir_constant(t->region, IR_I32, 0) : ir_unary(t->region, IR_truncate, IR_I32, a64_x(t, n));
}
static inline ir_ref a64_w_or_sp(struct translator *t, unsigned n)
{
    return ir_unary(t->region, IR_truncate, IR_I32, a64_x_or_sp(t, n));
}
static inline ir_ref a64_r(struct translator *t, unsigned sf, unsigned n) { return sf ? a64_x(t, n) : a64_w(t, n); }
static inline ir_ref a64_r_or_sp(struct translator *t, unsigned sf, unsigned n) { return sf ? a64_x_or_sp(t, n) : a64_w_or_sp(t, n); }
static inline enum ir_type a64_type(unsigned sf) { return sf ? IR_I64 : IR_I32; }

static inline void a64_put_x_or_sp(struct translator *t, unsigned n, ir_ref value) { ir_put(t->region, AARCH64_X0 + n, value); }
static inline void a64_put_x(struct translator *t, unsigned n, ir_ref value)
{
    if (n != 31) {
        ir_put(t->region, AARCH64_X0 + n, value);
    }
}
/* The 64-bit register value that a 32-bit result leaves. */
static inline ir_ref a64_widen(struct translator *t, unsigned sf, ir_ref value)
{
    return sf ? value : ir_unary_lane(t->region, IR_zero_extend, IR_I64, LANE_32, value, 0);
}
static inline void a64_put_w(struct translator *t, unsigned n, ir_ref value)
{
    if (n != 31) {
        a64_put_x(t, n, a64_widen(t, 0, value));
    }
}
static inline void a64_put_r(struct translator *t, unsigned sf, unsigned n, ir_ref value)
{
    if (n != 31) {
        a64_put_x(t, n, a64_widen(t, sf, value));
    }
}
static inline void a64_put_r_or_sp(struct translator *t, unsigned sf, unsigned n, ir_ref value)
{
    a64_put_x_or_sp(t, n, a64_widen(t, sf, value));
}

static inline ir_ref a64_v(struct translator *t, unsigned n) { return ir_get(t->region, AARCH64_V0 + n); }
static inline void a64_put_v(struct translator *t, unsigned n, ir_ref value) { ir_put(t->region, AARCH64_V0 + n, value); }

static inline ir_ref a64_flags(struct translator *t) { return ir_get(t->region, AARCH64_FLAGS); }
static inline void a64_put_flags(struct translator *t, ir_ref token) { ir_put(t->region, AARCH64_FLAGS, token); }

/* An address in the form that memory operations take: base + (index << scale) + displacement. */
struct a64_address {
    ir_ref base, index;
    unsigned scale;
    int64_t displacement;
    uint16_t note;                        /* IR_MEM_STACK or 0 */
};
struct a64_address a64_address(struct translator *t, unsigned rn, int64_t displacement);
/* Base register plus an index extended as `option` says (C6.1.3: 2 uxtw, 3 lsl, 6 sxtw, 7 sxtx), shifted left. */
struct a64_address a64_address_indexed(struct translator *t, unsigned rn, unsigned rm, unsigned option, unsigned shift);
/* A pc-relative one. */
struct a64_address a64_address_literal(struct translator *t, int64_t offset);
/* The same place `bytes` further on. */
static inline struct a64_address a64_address_plus(struct a64_address address, int64_t bytes)
{
    address.displacement += bytes;
    return address;
}
/* The address as one value (tag removed where the mode says so). */
ir_ref a64_address_value(struct translator *t, const struct a64_address *address);
/* An address without its tag, where the mode says that tags are in use. */
ir_ref a64_without_tag(struct translator *t, ir_ref address);
/* flags: IR_MEM_SIGNED, IR_MEM_ALIGNED, … */
ir_ref a64_load(struct translator *t, enum ir_type type, unsigned size_log2, unsigned flags, const struct a64_address *address);
void a64_store(struct translator *t, enum ir_type type, unsigned size_log2, unsigned flags, const struct a64_address *address, ir_ref value);
/* Write-back: to be called after the instruction's last memory access. */
void a64_advance(struct translator *t, unsigned rn, int64_t delta);

/* Ends the block with a trap to the run loop. */
void a64_trap(struct translator *t, enum vcpu_exit kind, uint64_t payload);
/* Value of an ID register, or of CTR_EL0 and the like; false: no such register at EL0. number = op0:op1:CRn:CRm:op2, 16 bits. */
bool aarch64_id_register(unsigned number, uint64_t *value);

#define A64_CACHE_LINE_BYTES 64           /* what CTR_EL0 tells */

#endif
