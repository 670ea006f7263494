/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shared by the emitters of the groups float, vector and crypto: see vector.h.
 */
#include "translate/host/x86_64/vector.h"

#include <assert.h>
#include <string.h>

#include "common/arena.h"
#include "translate/vcpu.h"


/* -- the constant pool ---------------------------------------------------------------------------------------------- */

struct pool_constant { uint64_t low, high; };
/* An instruction's rip-relative displacement, `trailing` bytes of immediate after it. */
struct pool_fixup { uint32_t offset; uint16_t trailing, constant; };
struct constant_pool {
    struct pool_constant *constants;
    struct pool_fixup *fixups;
    uint32_t constant_count, constant_capacity, fixup_count, fixup_capacity;
};

static struct constant_pool *pool_of(struct emitter *e)
{
    if (e->constant_pool == NULL)
        e->constant_pool = arena_allocate(e->region->arena, sizeof(struct constant_pool));
    return e->constant_pool;
}

static void *grow(struct emitter *e, void *items, uint32_t count, uint32_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    uint32_t larger = *capacity == 0 ? 16 : *capacity * 2;
    items = items == NULL ? arena_allocate(e->region->arena, larger * item_size)
                          : arena_grow(e->region->arena, items, *capacity * item_size, larger * item_size);
    *capacity = larger;
    return items;
}

struct operand constant_vector(struct emitter *e, uint64_t low, uint64_t high)
{
    struct constant_pool *pool = pool_of(e);
    uint32_t i = 0;
    while (i < pool->constant_count && (pool->constants[i].low != low || pool->constants[i].high != high))
        i++;
    if (i == pool->constant_count) {
        pool->constants = grow(e, pool->constants, i, &pool->constant_capacity, sizeof(struct pool_constant));
        pool->constants[pool->constant_count++] = (struct pool_constant){low, high};
    }
    return (struct operand){.reg = REG_NONE, .base = REG_NONE, .index = REG_NONE, .rip = true, .displacement = (int32_t)i};
}

struct operand constant_lanes(struct emitter *e, enum ir_lane lane, uint64_t value)
{
    static const uint64_t repeat[] = {0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1};
    return constant_vector(e, value * repeat[lane], value * repeat[lane]);
}

static void add_fixup(struct emitter *e, struct operand operand, unsigned trailing)
{
    if (!operand.rip)
        return;
    struct constant_pool *pool = pool_of(e);
    pool->fixups = grow(e, pool->fixups, pool->fixup_count, &pool->fixup_capacity, sizeof(struct pool_fixup));
    pool->fixups[pool->fixup_count++] = (struct pool_fixup){
        .offset = asm_offset(&e->as) - 4 - trailing, .trailing = (uint16_t)trailing, .constant = (uint16_t)operand.displacement};
}

void emit_constant_pool(struct emitter *e)
{
    struct constant_pool *pool = e->constant_pool;
    if (pool == NULL)
        return;
    while (!e->as.overflow && ((uintptr_t)e->as.at & 15) != 0)
        asm_int3(&e->as);
    uint32_t start = asm_offset(&e->as);
    asm_bytes(&e->as, pool->constants, pool->constant_count * sizeof(struct pool_constant));
    if (e->as.overflow)
        return;
    for (uint32_t i = 0; i < pool->fixup_count; i++) {
        const struct pool_fixup *fixup = &pool->fixups[i];
        uint32_t target = start + fixup->constant * (uint32_t)sizeof(struct pool_constant);
        int32_t displacement = (int32_t)(target - (fixup->offset + 4 + fixup->trailing));
        memcpy(e->as.start + fixup->offset, &displacement, sizeof displacement);
    }
}

/* -- instructions ----------------------------------------------------------------------------------------------------- */

/* Without AVX: brings a into d; returns the register to name as the first source. */
static int prepare_source(struct emitter *e, enum vector_insn op, int d, int a, struct operand b)
{
    if (!vector_insn_has_src1(op))
        return REG_NONE;
    if (x86_64_features.avx)
        return a;
    assert(d == a || b.reg != d);
    (void)b;
    asm_vector_move(&e->as, d, a);
    return d;
}

void vector_op(struct emitter *e, enum vector_insn op, int d, int a, struct operand b)
{
    int source = prepare_source(e, op, d, a, b);
    asm_vector(&e->as, op, d, source, b);
    add_fixup(e, b, 0);
}

void vector_op_imm(struct emitter *e, enum vector_insn op, int d, int a, struct operand b, uint8_t imm)
{
    int source = prepare_source(e, op, d, a, b);
    asm_vector_imm(&e->as, op, d, source, b, imm);
    add_fixup(e, b, 1);
}

void vector_shift(struct emitter *e, enum vector_shift op, int d, int a, unsigned count)
{
    if (!x86_64_features.avx) {
        asm_vector_move(&e->as, d, a);
        a = d;
    }
    asm_vector_shift(&e->as, op, d, a, (uint8_t)count);
}

void vector_ternary(struct emitter *e, enum vector_ternary function, int d, int b, struct operand c)
{
    vector_op_imm(e, INSN_pternlogd, d, b, c, (uint8_t)function);
}

void vector_zero(struct emitter *e, int d)
{
    asm_vector(&e->as, INSN_xorps, d, d, operand_reg(d));
}

void vector_ones(struct emitter *e, int d)
{
    asm_vector(&e->as, INSN_pcmpeqd, d, d, operand_reg(d));
}

void sign_mask_64(struct emitter *e, int d, int a)
{
    if (x86_64_features.avx512) {
        vector_shift(e, VECTOR_SAR_64, d, a, 63);
        return;
    }
    vector_shift(e, VECTOR_SAR_32, d, a, 31);
    vector_op_imm(e, INSN_pshufd, d, REG_NONE, operand_reg(d), 0xf5);
}

void load_vector_constant(struct emitter *e, int reg, enum ir_type type, uint64_t imm)
{
    uint64_t high = type == IR_V128 ? imm : 0;
    if (imm == 0)
        vector_zero(e, reg);
    else if (imm == ~(uint64_t)0 && high == imm)
        vector_ones(e, reg);
    else
        vector_op(e, INSN_movaps, reg, REG_NONE, constant_vector(e, imm, high));
}

/* -- operands --------------------------------------------------------------------------------------------------------- */

struct vector_operands take_binary(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_operands taken;
    if (x86_64_features.avx) {
        taken.a = use_vector(e, insn->a);
        taken.b = use_operand(e, insn->b);
        taken.d = define_vector(e, self);
    } else {
        taken.b = use_operand(e, insn->b);
        taken.a = taken.d = define_vector_copy(e, self, insn->a);
    }
    return taken;
}

struct vector_operands take_unary(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_operands taken = {.a = REG_NONE};
    taken.b = use_operand(e, insn->a);
    taken.d = define_vector(e, self);
    return taken;
}

int take_copy(struct emitter *e, const struct ir_insn *insn, ir_ref self, int *d)
{
    if (!x86_64_features.avx)
        return *d = define_vector_copy(e, self, insn->a);
    int a = use_vector(e, insn->a);
    *d = define_vector(e, self);
    return a;
}

struct vector_registers take_early(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    struct vector_registers taken = {.b = REG_NONE};
    taken.a = use_vector(e, insn->a);
    if (insn->b != IR_NONE && ir_op_info[insn->op].operands >= 2)
        taken.b = use_vector(e, insn->b);
    taken.d = define_vector_early(e, self);
    return taken;
}

static struct operand helper_vector_operand(unsigned i)
{
    return state_operand((unsigned)(offsetof(struct vcpu, helper_vector) + i * sizeof(union vector128)));
}

struct borrowed_vector borrow_vector(struct emitter *e, int victim)
{
    if (e->vector_temporaries & ~e->vector_locked)
        return (struct borrowed_vector){scratch_vector(e), false};
    asm_vector_store(&e->as, 16, helper_vector_operand(3), victim);
    return (struct borrowed_vector){victim, true};
}

void give_back_vector(struct emitter *e, struct borrowed_vector borrowed)
{
    if (borrowed.saved)
        asm_vector_load(&e->as, 16, borrowed.reg, helper_vector_operand(3));
}

/* -- exact routines --------------------------------------------------------------------------------------------------- */

/* What x86_64_float_cold needs of an instruction, in 31 bits. */
static int32_t exact_descriptor(const struct ir_insn *insn)
{
    return (int32_t)(insn->op | (unsigned)insn->type << 8 | (unsigned)insn->lane << 12 | (unsigned)insn->cond << 16 |
                     (uint32_t)(insn->imm & 0xff) << 20);
}

static void emit_exact_call(struct emitter *e, int32_t descriptor, bool integer_result, int d, const int sources[3])
{
    for (unsigned i = 0; i < 3; i++)
        if (sources[i] != REG_NONE)
            asm_vector(&e->as, INSN_movaps_store, sources[i], REG_NONE, helper_vector_operand(i));
    asm_mov_imm_store(&e->as, 8, state_operand(offsetof(struct vcpu, scratch) + 3 * sizeof(uint64_t)), descriptor);
    emit_stub_call(e, STUB_FLOAT_COLD);
    struct operand result = state_operand(offsetof(struct vcpu, helper_result));
    if (integer_result)
        asm_mov(&e->as, 8, d, result);
    else
        asm_vector(&e->as, INSN_movaps, d, REG_NONE, result);
}

static bool has_integer_result(const struct ir_insn *insn)
{
    return insn->type == IR_I32 || insn->type == IR_I64;
}

void emit_exact(struct emitter *e, const struct ir_insn *insn, int d, int a, int b, int c)
{
    emit_exact_call(e, exact_descriptor(insn), has_integer_result(insn), d, (int[3]){a, b, c});
}

void emit_exact_operands(struct emitter *e, const struct ir_insn *insn, ir_ref self)
{
    unsigned count = ir_op_info[insn->op].operands;
    int a = use_vector(e, insn->a);
    int b = count > 1 ? use_vector(e, insn->b) : REG_NONE;
    int c = count > 2 ? use_vector(e, insn->c) : REG_NONE;
    int d = has_integer_result(insn) ? define_integer(e, self) : define_vector_early(e, self);
    emit_exact(e, insn, d, a, b, c);
}

static void emit_cold_exact(struct emitter *e, struct cold_path *cold)
{
    emit_exact_call(e, (int32_t)cold->data[0], cold->data[1] != 0, cold->regs[3], cold->regs);
    cold_return(e, cold);
}

struct cold_path *cold_exact(struct emitter *e, int host_cond, const struct ir_insn *insn, int d, int a, int b, int c)
{
    struct cold_path *cold = cold_jump(e, host_cond, emit_cold_exact);
    cold->data[0] = (uint32_t)exact_descriptor(insn);
    cold->data[1] = has_integer_result(insn);
    cold->regs[0] = a;
    cold->regs[1] = b;
    cold->regs[2] = c;
    cold->regs[3] = d;
    return cold;
}

/* -- flags -------------------------------------------------------------------------------------------------------------- */

/* The operations of group float that do not test for NaNs, compare, or call C. */
bool x86_64_float_preserves_flags(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_float_neg: case IR_float_abs: case IR_float_from_signed: case IR_float_from_bits: case IR_float_to_bits:
    case IR_vector_from_float: case IR_float_from_vector: case IR_vector_float_neg: case IR_vector_float_abs:
    case IR_vector_float_equal: case IR_vector_float_greater: case IR_vector_float_greater_equal:
    case IR_vector_float_from_signed: case IR_vector_float_from_unsigned:
        return true;
    case IR_float_from_unsigned: return insn->lane != LANE_64;
    default: return false;
    }
}

bool x86_64_vector_preserves_flags(const struct ir_insn *insn)
{
    const struct x86_64_features *has = &x86_64_features;
    switch (insn->op) {
    case IR_aes_encrypt: case IR_aes_decrypt: case IR_aes_mix: case IR_aes_inverse_mix: return has->aes;
    case IR_sha1_rounds: case IR_sha256_rounds: case IR_sha256_schedule_first: case IR_sha256_schedule_second: return has->sha;
    case IR_sha1_schedule_first: case IR_sha1_schedule_second: return true;
    case IR_vector_mul_long_poly: return insn->lane == LANE_64 && has->pclmulqdq;
    case IR_vector_mul_poly: return false;
    case IR_vector_shl_each: case IR_vector_shr_each: case IR_vector_sar_each: return insn->lane == LANE_8 || has->avx2;
    default: return true;
    }
}
