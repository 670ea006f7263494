/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the lowering of floating point and Advanced SIMD shares: shapes of vector operands, results that zero what lies above them,
 * the cumulative saturation bit, and the helper that runs softfloat over the lanes of a vector.
 */
#ifndef FERRY_GUEST_AARCH64_VECTOR_H
#define FERRY_GUEST_AARCH64_VECTOR_H

#include "translate/guest/aarch64/aarch64.h"

/* Which lanes of a register count: all (q), those of the low half, or only lane 0 (scalar). */
struct vector_shape { unsigned lane; bool q, scalar; };

#define VECTOR_SHAPE(a) ((struct vector_shape){(a)->size, (a)->q, false})
#define EITHER_SHAPE(a) ((struct vector_shape){(a)->size, (a)->q, (a)->scalar})
#define FLOAT_SHAPE(a) ((struct vector_shape){(a)->half ? LANE_16 : LANE_32 + (a)->sz, (a)->q, false})
#define FLOAT_EITHER_SHAPE(a) ((struct vector_shape){(a)->half ? LANE_16 : LANE_32 + (a)->sz, (a)->q, (a)->scalar})

/* The arrangement 1D does not exist: size 3 with Q = 0 is unallocated nearly everywhere. */
static inline bool shape_exists(struct vector_shape shape) { return shape.scalar || shape.q || shape.lane != LANE_64; }
static inline unsigned lane_bits(unsigned lane) { return 8u << lane; }
static inline uint64_t lane_ones(unsigned lane) { return ~(uint64_t)0 >> (64 - lane_bits(lane)); }
static inline unsigned shape_lanes(struct vector_shape shape) { return shape.scalar ? 1 : (shape.q ? 16u : 8u) >> shape.lane; }
/* A 64-bit word with `value` in each lane. */
uint64_t lane_repeat(unsigned lane, uint64_t value);

static inline ir_ref a64_emit(struct translator *t, struct ir_insn insn) { return ir_append(t->region, insn); }
/* One operation on vectors. */
static inline ir_ref vector_op(struct translator *t, enum ir_op op, unsigned lane, ir_ref a, ir_ref b)
{
    return ir_vector(t->region, op, (enum ir_lane)lane, a, b, IR_NONE, 0);
}
static inline ir_ref vector_op1(struct translator *t, enum ir_op op, unsigned lane, ir_ref a)
{
    return ir_vector(t->region, op, (enum ir_lane)lane, a, IR_NONE, IR_NONE, 0);
}
/* With one operand and an immediate: shifts, dup, reverse. */
static inline ir_ref vector_op_imm(struct translator *t, enum ir_op op, unsigned lane, ir_ref a, uint64_t imm)
{
    return ir_vector(t->region, op, (enum ir_lane)lane, a, IR_NONE, IR_NONE, imm);
}
static inline ir_ref vector_select(struct translator *t, ir_ref mask, ir_ref if_ones, ir_ref if_zeros)
{
    return ir_vector(t->region, IR_vector_select, LANE_8, mask, if_ones, if_zeros, 0);
}
static inline ir_ref vector_zero(struct translator *t) { return ir_constant(t->region, IR_V128, 0); }
/* `value` in each lane. */
static inline ir_ref vector_constant(struct translator *t, unsigned lane, uint64_t value)
{
    return ir_constant(t->region, IR_V128, lane_repeat(lane, value));
}
static inline ir_ref vector_low(struct translator *t, ir_ref a) { return vector_op1(t, IR_vector_low, LANE_64, a); }
static inline ir_ref vector_high(struct translator *t, ir_ref a) { return vector_op1(t, IR_vector_high, LANE_64, a); }
/* The source half of a widening operation, as low lanes. */
static inline ir_ref vector_half(struct translator *t, unsigned q, ir_ref a) { return q ? vector_high(t, a) : a; }

/* `value` with the lanes that do not count set to zero. */
ir_ref shape_clear(struct translator *t, struct vector_shape shape, ir_ref value);
/* Writes a result, zeroing the rest of the register. */
void shape_put(struct translator *t, struct vector_shape shape, unsigned rd, ir_ref value);
/* Writes the result of a narrowing operation (in the low half, upper half zero): Q writes the upper half and keeps the lower one. */
void narrow_put(struct translator *t, unsigned q, unsigned rd, ir_ref value);
/* FPSR.QC is set where the lanes that count are not zero. */
void shape_saturated(struct translator *t, struct vector_shape shape, ir_ref difference);

/* Narrows `wide` with saturation and writes it like a narrowing instruction; `widen` takes it back for FPSR.QC (vector_widen.c). */
bool vector_narrow_saturating(struct translator *t, struct vector_shape shape, enum ir_op narrow, enum ir_op widen, unsigned rd, ir_ref wide);

/* By-element operands (C7.2.1): the index is H:L:M, H:L or H for 16-, 32- and 64-bit elements; M belongs to the register otherwise. */
static inline ir_ref vector_element(struct translator *t, unsigned lane, unsigned h, unsigned l, unsigned m, unsigned rm)
{
    unsigned number = lane == LANE_16 ? rm : m << 4 | rm;
    unsigned index = lane == LANE_16 ? h << 2 | l << 1 | m : lane == LANE_32 ? h << 1 | l : h;
    return vector_op_imm(t, IR_vector_dup, lane, a64_v(t, number), index);
}

/* The 8-bit immediate of FMOV as the bits of a number (VFPExpandImm). */
uint64_t float_immediate(unsigned lane, unsigned imm);

/* Scalar operands. */
static inline enum ir_type float_type(unsigned lane) { return lane == LANE_64 ? IR_F64 : lane == LANE_32 ? IR_F32 : IR_F16; }
static inline ir_ref float_get(struct translator *t, unsigned lane, unsigned n)
{
    return ir_unary(t->region, IR_float_from_vector, float_type(lane), a64_v(t, n));
}
static inline void float_put(struct translator *t, unsigned lane, unsigned n, ir_ref value)
{
    a64_put_v(t, n, ir_unary_lane(t->region, IR_vector_from_float, IR_V128, (enum ir_lane)lane, value, 0));
}

/* What helper vector_float computes in each lane: softfloat's operations, by softfloat's formats. */
enum lane_function {
    LANE_ADD, LANE_SUB, LANE_MUL, LANE_MULX, LANE_DIV, LANE_MIN, LANE_MAX, LANE_MIN_NUMBER, LANE_MAX_NUMBER, LANE_RECIPROCAL_STEP,
    LANE_SQRT_STEP, LANE_EQUAL, LANE_GREATER, LANE_GREATER_EQUAL, LANE_MUL_ADD, LANE_SQRT, LANE_RECIPROCAL_ESTIMATE, LANE_SQRT_ESTIMATE,
    LANE_RECIPROCAL_EXPONENT, LANE_ROUND, LANE_TO_INT, LANE_FROM_INT
};
#define NOT_INLINE IR_OP_COUNT            /* in place of an IR operation: there is none */
/* Operands of the helpers in their `extra` word. */
struct lane_call {
    enum lane_function function;
    unsigned lane, count;                 /* width, number of lanes */
    unsigned rounding;                    /* enum ir_rounding, for LANE_ROUND and LANE_TO_INT */
    bool exact, is_signed;                /* raises inexact; for integers */
    unsigned fraction;                    /* fraction bits of the integer */
    unsigned int_bits;                    /* of the integer register, for the scalar helpers; else the lane's width */
};
static inline uint64_t lane_call_pack(const struct lane_call *call)
{
    return (uint64_t)call->function | call->lane << 6 | call->count << 8 | call->rounding << 13 | (unsigned)call->exact << 16 |
           (unsigned)call->is_signed << 17 | call->fraction << 18 | (uint64_t)call->int_bits << 25;
}
static inline struct lane_call lane_call_unpack(uint64_t extra)
{
    return (struct lane_call){
        .function = extra & 0x3f,
        .lane = extra >> 6 & 3,
        .count = extra >> 8 & 0x1f,
        .rounding = extra >> 13 & 7,
        .exact = extra >> 16 & 1,
        .is_signed = extra >> 17 & 1,
        .fraction = extra >> 18 & 0x7f,
        .int_bits = extra >> 25 & 0x7f,
    };
}
ir_ref vector_float_call(struct translator *t, const struct lane_call *call, ir_ref a, ir_ref b, ir_ref c);

/* An operation of two vectors of floating point that has an inline form for 32- and 64-bit lanes and a lane function for the others. */
struct float_operation { enum ir_op op; enum lane_function function; };
ir_ref vector_float_binary(struct translator *t, const struct float_operation *operation, struct vector_shape shape, ir_ref a, ir_ref b);

/* Conversion by helper, where the inline one does not know the format in force (GUEST_MODE_RARE_FLOAT) or the pair of formats. */
ir_ref vector_convert_call(struct translator *t, unsigned to, unsigned from, unsigned count, ir_ref a);

#endif
