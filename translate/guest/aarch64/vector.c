/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shapes, results, saturation and softfloat calls of vector lowering (vector.h). Every write to a V register zeroes the bits above the
 * result (Arm ARM, B1.2.3).
 */
#include "translate/guest/aarch64/vector.h"

uint64_t lane_repeat(unsigned lane, uint64_t value)
{
    uint64_t repeated = value & lane_ones(lane);
    for (unsigned bits = lane_bits(lane); bits < 64; bits *= 2) {
        repeated |= repeated << bits;
    }
    return repeated;
}

ir_ref shape_clear(struct translator *t, struct vector_shape shape, ir_ref value)
{
    if (!shape.scalar) {
        return shape.q ? value : vector_low(t, value);
    }
    if (shape.lane == LANE_64) {
        return vector_low(t, value);
    }
    if (shape.lane == LANE_32) {
        ir_ref lowest = ir_unary(t->region, IR_float_from_vector, IR_F32, value);
        return ir_unary_lane(t->region, IR_vector_from_float, IR_V128, LANE_32, lowest, 0);
    }
    ir_ref mask = ir_constant(t->region, IR_V128, lane_ones(shape.lane));
    return vector_low(t, vector_op(t, IR_vector_and, LANE_8, value, mask));
}

void shape_put(struct translator *t, struct vector_shape shape, unsigned rd, ir_ref value) { a64_put_v(t, rd, shape_clear(t, shape, value)); }

void narrow_put(struct translator *t, unsigned q, unsigned rd, ir_ref value)
{
    a64_put_v(t, rd, q ? vector_op(t, IR_vector_combine, LANE_64, a64_v(t, rd), value) : value);
}

void shape_saturated(struct translator *t, struct vector_shape shape, ir_ref difference)
{
    ir_ref counting = shape_clear(t, shape, difference);
    ir_put(t->region, AARCH64_QC, vector_op(t, IR_vector_or, LANE_8, ir_get(t->region, AARCH64_QC), counting));
}

uint64_t float_immediate(unsigned lane, unsigned imm)
{
    static const uint8_t exponent_bits[] = {[LANE_16] = 5, [LANE_32] = 8, [LANE_64] = 11};
    unsigned bits = lane_bits(lane), exponent_size = exponent_bits[lane], fraction_size = bits - 1 - exponent_size;
    uint64_t top = imm >> 6 & 1, repeated = top ? ((uint64_t)1 << (exponent_size - 3)) - 1 : 0;
    uint64_t exponent = (top ^ 1) << (exponent_size - 1) | repeated << 2 | (imm >> 4 & 3);
    return (uint64_t)(imm >> 7) << (bits - 1) | exponent << fraction_size | (uint64_t)(imm & 0xf) << (fraction_size - 4);
}

ir_ref vector_float_call(struct translator *t, const struct lane_call *call, ir_ref a, ir_ref b, ir_ref c)
{
    return ir_helper(t->region, IR_V128, AARCH64_HELPER_vector_float, lane_call_pack(call), a, b, c);
}

static enum ir_op scalar_form(enum ir_op op)
{
    switch (op) {
    case IR_vector_float_add: return IR_float_add;
    case IR_vector_float_sub: return IR_float_sub;
    case IR_vector_float_mul: return IR_float_mul;
    case IR_vector_float_min: return IR_float_min;
    case IR_vector_float_max: return IR_float_max;
    case IR_vector_float_min_number: return IR_float_min_number;
    case IR_vector_float_max_number: return IR_float_max_number;
    default: return NOT_INLINE;
    }
}

ir_ref vector_float_binary(struct translator *t, const struct float_operation *operation, struct vector_shape shape, ir_ref a, ir_ref b)
{
    if (shape.lane == LANE_16 || operation->op == NOT_INLINE) {
        struct lane_call call = {.function = operation->function, .lane = shape.lane, .count = shape_lanes(shape)};
        return vector_float_call(t, &call, a, b, IR_NONE);
    }
    enum ir_op scalar_op = scalar_form(operation->op);
    if (shape.scalar && scalar_op != NOT_INLINE) {
        enum ir_type type = float_type(shape.lane);
        a = ir_unary(t->region, IR_float_from_vector, type, a);
        b = ir_unary(t->region, IR_float_from_vector, type, b);
        return ir_unary_lane(t->region, IR_vector_from_float, IR_V128, (enum ir_lane)shape.lane, ir_binary(t->region, scalar_op, type, a, b), 0);
    }
    if (shape.scalar) {                   /* the other lanes must not raise exceptions: zeros do not */
        a = shape_clear(t, shape, a);
        b = shape_clear(t, shape, b);
    }
    return ir_vector(t->region, operation->op, (enum ir_lane)shape.lane, a, b, IR_NONE, !shape.q);
}

ir_ref vector_convert_call(struct translator *t, unsigned to, unsigned from, unsigned count, ir_ref a)
{
    return ir_helper(t->region, IR_V128, AARCH64_HELPER_vector_convert, to | from << 2 | count << 4, a, IR_NONE, IR_NONE);
}
