/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exclusives, ordered accesses and the single-instruction atomics: Arm ARM DDI 0487, C4.1.94, B2.9. All of them fault when
 * not naturally aligned (no FEAT_LSE2).
 */
#include "translate/guest/aarch64/aarch64.h"

static enum ir_type access_type(unsigned size) { return size == 3 ? IR_I64 : IR_I32; }

/* Base register plus nothing, as one value. */
static ir_ref plain_address(struct translator *t, unsigned rn)
{
    struct a64_address address = a64_address(t, rn, 0);
    return a64_address_value(t, &address);
}

static uint16_t memory_word(unsigned size, unsigned acquire, unsigned release)
{
    return (uint16_t)(IR_MEM(size, 0) | IR_MEM_ALIGNED | (acquire ? IR_MEM_ACQUIRE : 0) | (release ? IR_MEM_RELEASE : 0));
}

static ir_ref memory_operation(struct translator *t, enum ir_op op, unsigned size, uint16_t mem, ir_ref address, ir_ref b, ir_ref c)
{
    return ir_append(t->region, (struct ir_insn){.op = op, .type = access_type(size), .mem = mem, .a = address, .b = b, .c = c});
}

/* Two 32-bit registers as the 64-bit word that they are in memory. */
static ir_ref joined(struct translator *t, unsigned low, unsigned high)
{
    ir_ref upper = ir_binary_imm(t->region, IR_shl, IR_I64, a64_x(t, high), 32);
    return ir_binary(t->region, IR_or, IR_I64, upper, a64_widen(t, 0, a64_w(t, low)));
}

static void put_split(struct translator *t, unsigned low, unsigned high, ir_ref value)
{
    ir_ref upper = ir_binary_imm(t->region, IR_shr, IR_I64, value, 32);
    a64_put_x(t, low, ir_unary_lane(t->region, IR_zero_extend, IR_I64, LANE_32, value, 0));
    a64_put_x(t, high, upper);
}

/* A pair of 64-bit registers as the 16 bytes that they are in memory, and back. */
static ir_ref joined_quad(struct translator *t, unsigned low, unsigned high)
{
    ir_ref both = ir_vector(t->region, IR_vector_dup_int, LANE_64, a64_x(t, low), IR_NONE, IR_NONE, 0);
    return ir_vector(t->region, IR_vector_insert_int, LANE_64, both, a64_x(t, high), IR_NONE, 1);
}

static void put_quad(struct translator *t, unsigned low, unsigned high, ir_ref value)
{
    ir_ref lanes[2];
    for (unsigned i = 0; i < 2; i++)
        lanes[i] = ir_unary_lane(t->region, IR_vector_get_lane, IR_I64, LANE_64, value, i);
    a64_put_x(t, low, lanes[0]);
    a64_put_x(t, high, lanes[1]);
}

static ir_ref quad_operation(struct translator *t, enum ir_op op, uint16_t mem, ir_ref address, ir_ref b, ir_ref c)
{
    return ir_append(t->region, (struct ir_insn){.op = op, .type = IR_V128, .mem = mem, .a = address, .b = b, .c = c});
}

/* -- exclusives ------------------------------------------------------------------------------------------------------------ */

bool aarch64_translate_ldxr(struct translator *t, const struct aarch64_ldxr_args *a)
{
    uint16_t mem = memory_word(a->size, a->acquire, 0);
    ir_ref value = memory_operation(t, IR_load_exclusive, a->size, mem, plain_address(t, a->rn), IR_NONE, IR_NONE);
    a64_put_r(t, a->size == 3, a->rt, value);
    return true;
}

bool aarch64_translate_stxr(struct translator *t, const struct aarch64_stxr_args *a)
{
    uint16_t mem = memory_word(a->size, 0, a->release);
    ir_ref value = a64_r(t, a->size == 3, a->rt);
    a64_put_w(t, a->rs, memory_operation(t, IR_store_exclusive, a->size, mem, plain_address(t, a->rn), value, IR_NONE));
    return true;
}

/* The architecture promises that both halves belong together only once the STXP succeeds, which compares both. */
bool aarch64_translate_ldxp(struct translator *t, const struct aarch64_ldxp_args *a)
{
    uint16_t mem = memory_word(3 + a->size, a->acquire, 0);
    ir_ref address = plain_address(t, a->rn);
    if (a->size)
        put_quad(t, a->rt, a->rt2, quad_operation(t, IR_load_exclusive, mem, address, IR_NONE, IR_NONE));
    else
        put_split(t, a->rt, a->rt2, memory_operation(t, IR_load_exclusive, 3, mem, address, IR_NONE, IR_NONE));
    return true;
}

bool aarch64_translate_stxp(struct translator *t, const struct aarch64_stxp_args *a)
{
    uint16_t mem = memory_word(3 + a->size, 0, a->release);
    ir_ref address = plain_address(t, a->rn), failed;
    if (a->size)
        failed = quad_operation(t, IR_store_exclusive, mem, address, joined_quad(t, a->rt, a->rt2), IR_NONE);
    else
        failed = memory_operation(t, IR_store_exclusive, 3, mem, address, joined(t, a->rt, a->rt2), IR_NONE);
    a64_put_w(t, a->rs, failed);
    return true;
}

/* -- ordered loads and stores ---------------------------------------------------------------------------------------------- */

static bool load_ordered(struct translator *t, unsigned size, unsigned rn, unsigned rt, unsigned flags)
{
    struct a64_address address = a64_address(t, rn, 0);
    a64_put_x(t, rt, a64_load(t, IR_I64, size, IR_MEM_ALIGNED | flags, &address));
    return true;
}

bool aarch64_translate_ldar(struct translator *t, const struct aarch64_ldar_args *a)
{
    return load_ordered(t, a->size, a->rn, a->rt, IR_MEM_ACQUIRE | IR_MEM_SEQUENTIAL);
}

bool aarch64_translate_ldapr(struct translator *t, const struct aarch64_ldapr_args *a)
{
    return load_ordered(t, a->size, a->rn, a->rt, IR_MEM_ACQUIRE);
}

bool aarch64_translate_stlr(struct translator *t, const struct aarch64_stlr_args *a)
{
    struct a64_address address = a64_address(t, a->rn, 0);
    a64_store(t, IR_I64, a->size, IR_MEM_ALIGNED | IR_MEM_RELEASE | IR_MEM_SEQUENTIAL, &address, a64_x(t, a->rt));
    return true;
}

/* -- FEAT_LSE -------------------------------------------------------------------------------------------------------------- */

bool aarch64_translate_ldadd(struct translator *t, const struct aarch64_ldadd_args *a)
{
    struct ir_insn insn = {.op = IR_atomic, .type = access_type(a->size), .cond = (uint8_t)a->kind, .c = IR_NONE};
    insn.mem = memory_word(a->size, a->order & 2, a->order & 1);
    insn.a = plain_address(t, a->rn);
    insn.b = a64_r(t, a->size == 3, a->rs);
    a64_put_r(t, a->size == 3, a->rt, ir_append(t->region, insn));
    return true;
}

bool aarch64_translate_cas(struct translator *t, const struct aarch64_cas_args *a)
{
    unsigned sf = a->size == 3;
    ir_ref expected = a64_r(t, sf, a->rs), new_value = a64_r(t, sf, a->rt);
    uint16_t mem = memory_word(a->size, a->acquire, a->release);
    a64_put_r(t, sf, a->rs, memory_operation(t, IR_compare_and_swap, a->size, mem, plain_address(t, a->rn), expected, new_value));
    return true;
}

bool aarch64_translate_casp(struct translator *t, const struct aarch64_casp_args *a)
{
    if ((a->rs | a->rt) & 1) {
        return false;
    }
    uint16_t mem = memory_word(3 + a->size, a->acquire, a->release);
    ir_ref address = plain_address(t, a->rn);
    if (a->size) {
        ir_ref expected = joined_quad(t, a->rs, a->rs + 1), new_value = joined_quad(t, a->rt, a->rt + 1);
        put_quad(t, a->rs, a->rs + 1, quad_operation(t, IR_compare_and_swap, mem, address, expected, new_value));
        return true;
    }
    ir_ref expected = joined(t, a->rs, a->rs + 1), new_value = joined(t, a->rt, a->rt + 1);
    put_split(t, a->rs, a->rs + 1, memory_operation(t, IR_compare_and_swap, 3, mem, address, expected, new_value));
    return true;
}
