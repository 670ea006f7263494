/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every float, vector and cryptography operation of the IR on both hosts: generated code against the interpreter, which
 * computes in exact integer arithmetic. Operands come from pinned fields, unpinned fields, temporaries and constants; all rounding
 * modes, with and without flushing and default NaNs; results, sticky flags and the operands afterwards must agree.
 */
#include "common/arena.h"
#include "translate/host/x86_64/emit.h"
#include "translate/passes/passes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { VECTOR_COUNT = 10, ZERO_VECTOR = 9, CODE_SIZE = 65536, RUNS = 24 };

struct test_cpu {
    struct vcpu common;
    uint64_t x[4];
    union vector128 v[VECTOR_COUNT];
};
#define X(n) {"x" #n, offsetof(struct test_cpu, x[n]), IR_I64}
#define V(n) {"v" #n, offsetof(struct test_cpu, v[n]), IR_V128}
static const struct guest_field fields[] = {
    {"nzcv", offsetof(struct vcpu, flags), IR_FLAGS}, X(0), X(1), X(2), X(3), V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9)};
enum { FIELD_X = 1, FIELD_V = 5 };
static const uint16_t integer_pins[] = {FIELD_X, FIELD_X + 1, GUEST_NO_FIELD};
static const uint16_t vector_pins[] = {FIELD_V, FIELD_V + 1, FIELD_V + 2, FIELD_V + 3, GUEST_NO_FIELD};
static const struct guest_isa isa = {
    .name = "test", .cpu_size = sizeof(struct test_cpu), .fields = fields, .field_count = sizeof fields / sizeof fields[0],
    .integer_pins = integer_pins, .vector_pins = vector_pins, .insn_align = 2};

static struct vcpu_lookup_entry lookup_table[VCPU_LOOKUP_ENTRIES];
static uint8_t prediction_stack[4096] __attribute__((aligned(64)));
static struct arena *arena;
static uint8_t *jit_code, *interpreter_code;
static uint64_t random_state = 88172645463325252;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static unsigned random_below(unsigned limit) { return (unsigned)(random_bits() % limit); }

/* -- one operation in a region ---------------------------------------------------------------------------------------------- */

struct variant { enum ir_op op; enum ir_type type; unsigned lane, cond; uint64_t imm; };

/* Where operands come from and the result goes. */
enum mode { MODE_PINNED, MODE_UNPINNED, MODE_TEMPORARIES, MODE_LIVE_TEMPORARIES, MODE_IN_PLACE, MODE_CONSTANT, MODE_COUNT };
static const uint8_t operand_fields[3][MODE_COUNT] = {{0, 4, 5, 0, 6, 0}, {1, 5, 6, 1, 7, 1}, {2, 6, 7, 2, 8, 2}};
static const uint8_t result_field[MODE_COUNT] = {3, 3, 8, 8, 6, 0};

static unsigned lane_of(enum ir_type type)
{
    return type == IR_F64 || type == IR_I64 ? LANE_64 : type == IR_F32 || type == IR_I32 ? LANE_32 : LANE_16;
}

static enum ir_type float_of(unsigned lane) { return lane == LANE_64 ? IR_F64 : lane == LANE_32 ? IR_F32 : IR_F16; }

static bool is_scalar(enum ir_op op)
{
    return (op >= IR_float_add && op <= IR_float_from_vector) || op == IR_flags_float || op == IR_flags_float_signal;
}

/* The type of operand k: IR_V128, an integer or a float. */
static enum ir_type operand_type(const struct variant *t, unsigned k)
{
    switch (t->op) {
    case IR_float_from_signed: case IR_float_from_unsigned: return t->lane == LANE_64 ? IR_I64 : IR_I32;
    case IR_float_from_bits: return t->type == IR_F64 ? IR_I64 : IR_I32;
    case IR_vector_dup_int: return t->lane == LANE_64 ? IR_I64 : IR_I32;
    case IR_vector_insert_int: return k == 0 ? IR_V128 : t->lane == LANE_64 ? IR_I64 : IR_I32;
    case IR_float_convert: case IR_float_to_signed: case IR_float_to_unsigned: case IR_vector_from_float: case IR_float_to_bits:
        return float_of(t->lane);
    case IR_float_from_vector: return IR_V128;
    default: return is_scalar(t->op) ? t->type : IR_V128;
    }
}

#define APPEND(region, operand, ...) ir_append(region, (struct ir_insn){.a = operand, .b = IR_NONE, .c = IR_NONE, __VA_ARGS__})

static ir_ref vector_operand(struct ir_region *region, enum mode mode, unsigned k)
{
    if (mode == MODE_CONSTANT && k == 1)
        return ir_constant(region, IR_V128, 0x3ff0000040000003);
    ir_ref value = ir_get(region, FIELD_V + operand_fields[k][mode]);
    if (mode == MODE_TEMPORARIES || mode == MODE_LIVE_TEMPORARIES)
        value = ir_vector(region, IR_vector_xor, 0, value, ir_get(region, FIELD_V + ZERO_VECTOR), IR_NONE, 0);
    return value;
}

static ir_ref integer_operand(struct ir_region *region, enum mode mode, enum ir_type type)
{
    ir_ref value = ir_get(region, mode & 1 ? FIELD_X + 2 : FIELD_X);
    return type == IR_I32 ? ir_unary(region, IR_truncate, IR_I32, value) : value;
}

static void put_result(struct ir_region *region, enum mode mode, ir_ref value)
{
    enum ir_type type = ir_result_type(ir_at(region, value));
    if (type == IR_I32)
        value = APPEND(region, value, .op = IR_zero_extend, .type = IR_I64, .lane = LANE_32);
    if (type == IR_I32 || type == IR_I64) {
        ir_put(region, mode & 1 ? FIELD_X + 3 : FIELD_X + 1, value);
        return;
    }
    if (type != IR_V128)
        value = APPEND(region, value, .op = IR_vector_from_float, .type = IR_V128, .lane = (uint8_t)lane_of(type));
    ir_put(region, FIELD_V + result_field[mode], value);
}

static struct ir_region *build(const struct variant *t, enum mode mode)
{
    struct ir_region *region = ir_region_new(arena, &isa, 0x1000);
    ir_ref operands[3] = {IR_NONE, IR_NONE, IR_NONE}, vectors[3] = {IR_NONE, IR_NONE, IR_NONE};
    bool is_compare = t->op == IR_flags_float || t->op == IR_flags_float_signal;
    APPEND(region, IR_NONE, .op = IR_insn_start, .imm = 0x1000);
    for (unsigned k = 0; k < ir_op_info[t->op].operands; k++) {
        enum ir_type type = operand_type(t, k);
        if (type == IR_I32 || type == IR_I64) {
            operands[k] = integer_operand(region, mode, type);
            continue;
        }
        operands[k] = vectors[k] = vector_operand(region, mode, k);
        if (type != IR_V128)
            operands[k] = APPEND(region, vectors[k], .op = IR_float_from_vector, .type = type, .lane = (uint8_t)lane_of(type));
    }
    ir_ref value = ir_append(region, (struct ir_insn){.op = t->op, .type = t->type, .lane = (uint8_t)t->lane, .imm = t->imm,
                                                      .cond = is_compare ? 0 : (uint8_t)t->cond, .a = operands[0], .b = operands[1], .c = operands[2]});
    if (is_compare)
        value = APPEND(region, value, .op = IR_set_if, .type = IR_I64, .cond = (uint8_t)t->cond);
    put_result(region, mode, value);
    for (unsigned k = 0; k < 3; k++)
        if (mode == MODE_LIVE_TEMPORARIES && vectors[k] != IR_NONE)
            ir_put(region, FIELD_V + 4 + k, vectors[k]);
    ir_trap(region, VCPU_EXIT_SYSCALL, 0);
    return region;
}

/* -- operands --------------------------------------------------------------------------------------------------------------------- */

static const uint64_t special_doubles[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x3fe0000000000000, 0xbfe0000000000000, 0x7ff0000000000000,
    0xfff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000000001234, 0xfff4000000000000, 1, 0x8000000000000001,
    0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000,
    0x43dfffffffffffff, 0x43efffffffffffff, 0x41e0000000000000, 0xc1e0000000000000, 0x41dfffffffe00000, 0x41f0000000000000,
    0x41efffffffe00000, 0xc1e0000000100000, 0x41dfffffffc00000, 0x4330000000000000, 0x432fffffffffffff, 0x3fdfffffffffffff,
    0x4004000000000000, 0xbff8000000000000, 0x380fffffffffffff, 0x36a0000000000000, 0x47efffffffffffff, 0x3e70000000000000};
static const uint32_t special_singles[] = {
    0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc01234, 0xffa00000, 1,
    0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x4f800000, 0x4effffff, 0x4f7fffff, 0x5f000000, 0xdf000000,
    0x5f800000, 0x5effffff, 0x4b000000, 0x4affffff, 0x3effffff, 0x40200000, 0xbfc00000, 0x38800000, 0x33800000, 0x477fe000, 0x477ff000};
static const uint16_t special_halves[] = {0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xfe12, 1, 0x8001, 0x03ff, 0x0400, 0x7bff};
static const uint64_t special_integers[] = {
    0, 1, 0xffffffffffffffff, 0x8000000000000000, 0x7fffffffffffffff, 0x8000000000000001, 0x80000000, 0x7fffffff, 0xffffffff80000000, 0xffffffff,
    0x8000800080008000, 0x7fff800000010000, 0x80ff7f0001807f80};
#define CHOOSE(table) table[random_below(sizeof table / sizeof table[0])]

static uint64_t random_double(void)
{
    uint64_t bits = random_bits();
    switch (random_below(4)) {
    case 0: return CHOOSE(special_doubles);
    case 1: return (bits & 0x800fffffffffffff) | (uint64_t)(0x3f0 + random_below(0x70)) << 52;
    case 2: {
        double number = (double)(int64_t)(bits >> random_below(64)) * 0.5;
        memcpy(&bits, &number, sizeof bits);
        return bits;
    }
    default: return bits;
    }
}

static uint32_t random_single(void)
{
    uint32_t bits = (uint32_t)random_bits();
    switch (random_below(4)) {
    case 0: return CHOOSE(special_singles);
    case 1: return (bits & 0x807fffff) | (0x70 + random_below(0x40)) << 23;
    case 2: {
        float number = (float)(int64_t)(random_bits() >> random_below(64)) * 0.5f;
        memcpy(&bits, &number, sizeof bits);
        return bits;
    }
    default: return bits;
    }
}

enum { OPERANDS_INTEGER = 4 };            /* else the lane of floats */

static unsigned operand_kind(const struct variant *t)
{
    if (t->op == IR_vector_float_narrow)
        return t->lane + 1;
    if (t->op == IR_vector_float_from_signed || t->op == IR_vector_float_from_unsigned)
        return OPERANDS_INTEGER;
    if (is_scalar(t->op)) {
        enum ir_type type = operand_type(t, 0);
        return type == IR_V128 ? lane_of(t->type) : type == IR_I32 || type == IR_I64 ? OPERANDS_INTEGER : lane_of(type);
    }
    return strcmp(ir_op_info[t->op].group, "float") == 0 ? t->lane : OPERANDS_INTEGER;
}

static void fill_integers(union vector128 *v)
{
    unsigned kind = random_below(5);
    for (unsigned i = 0; i < 16; i++) {
        if (kind == 0)
            v->u8[i] = (uint8_t)CHOOSE(special_integers);
        else if (kind == 1)
            v->u8[i] = (uint8_t)random_below(20);
        else if (kind == 2 && i % 8 == 0)
            v->u64[i / 8] = CHOOSE(special_integers);
        else if (kind == 3 && i % 4 == 0)
            v->u32[i / 4] = random_below(70) - 3;
    }
}

static void fill(union vector128 *v, unsigned kind)
{
    for (unsigned i = 0; i < 2; i++)
        v->u64[i] = kind == LANE_64 ? random_double() : random_bits();
    for (unsigned i = 0; i < 4 && kind == LANE_32; i++)
        v->u32[i] = random_single();
    for (unsigned i = 0; i < 8 && kind == LANE_16; i++)
        v->u16[i] = random_below(2) ? CHOOSE(special_halves) : (uint16_t)random_bits();
    if (kind == OPERANDS_INTEGER)
        fill_integers(v);
}

static void fill_cpu(struct test_cpu *cpu, unsigned kind)
{
    memset(cpu, 0, sizeof *cpu);
    for (unsigned i = 0; i < ZERO_VECTOR; i++)
        fill(&cpu->v[i], kind);
    for (unsigned i = 0; i < 4; i++)
        cpu->x[i] = random_below(4) ? random_bits() >> random_below(64) : CHOOSE(special_integers);
    bool narrow = random_below(4) == 0, alike = random_below(4) == 0;
    for (unsigned i = 1; i < ZERO_VECTOR; i++) {
        if (narrow)
            cpu->v[i].u64[1] = 0;
        if (alike && random_below(2))
            cpu->v[i].u64[random_below(2)] = cpu->v[0].u64[0];
    }
    cpu->common.host_fp_control = 0x1f80 | random_below(4) << 13 | (random_below(4) == 0 ? 0x8040 : 0);
    cpu->common.fp_rare = random_below(4) == 0 ? VCPU_FP_DEFAULT_NAN : 0;
}

/* -- comparing ---------------------------------------------------------------------------------------------------------------------- */

static void run(const struct host *host, struct test_cpu *cpu, const void *code)
{
    cpu->common.lookup = lookup_table;
    cpu->common.engine_isa = &isa;
    cpu->common.exclusive_address = ~(uint64_t)0;
    cpu->common.prediction_stack = cpu->common.prediction_base = (uint64_t)(prediction_stack + sizeof prediction_stack - 64);
    if (host->vcpu_init)
        host->vcpu_init(&cpu->common);
    host->run(&cpu->common, code);
}

/* When flushing, x86 looks at the rounded result and Arm at the exact one: the smallest normal number against zero. */
static void forgive_flushed(const struct variant *t, struct test_cpu *jit, const struct test_cpu *exact)
{
    bool wide = t->type == IR_F64 || (t->type == IR_V128 && t->lane == LANE_64);
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        for (unsigned k = 0; k < 4; k++)
            if (!wide && (jit->v[i].u32[k] & 0x7fffffff) == 0x00800000 && (exact->v[i].u32[k] & 0x7fffffff) == 0)
                jit->v[i].u32[k] = exact->v[i].u32[k];
        for (unsigned k = 0; k < 2; k++)
            if (wide && (jit->v[i].u64[k] & 0x7fffffffffffffff) == 0x0010000000000000 && (exact->v[i].u64[k] & 0x7fffffffffffffff) == 0)
                jit->v[i].u64[k] = exact->v[i].u64[k];
    }
}

/* The suite other-cpus runs this in Bochs 2.7, which raises invalid or inexact when floats from 2^63 on or between -1 and -0.5 become unsigned
 * integers, loses the lowest bit of unsigned integers that become floats when the highest is set, and shifts 64-bit lanes by exactly 64 as by 0. */
static bool in_bochs(void)
{
    return getenv("FERRY_TEST_BOCHS") != NULL;
}

static uint64_t right_in_bochs(const struct variant *t, uint64_t value)
{
    bool from_unsigned = t->op == IR_float_from_unsigned || t->op == IR_vector_float_from_unsigned;
    uint64_t tops = t->lane == LANE_64 ? (uint64_t)1 << 63 : 0x8000000080000000;
    if (from_unsigned)
        return value & ~((value & tops) >> (t->lane == LANE_64 ? 63 : 31));
    return value == 64 ? 65 : value;
}

static void avoid_bochs_mistakes(const struct variant *t, struct test_cpu *cpu)
{
    for (unsigned i = 0; i < 4; i++)
        cpu->x[i] = right_in_bochs(t, cpu->x[i]);
    for (unsigned i = 0; i < 2 * VECTOR_COUNT; i++)
        cpu->v[i / 2].u64[i % 2] = right_in_bochs(t, cpu->v[i / 2].u64[i % 2]);
}

/* Denormal-operand and underflow bits have other rules on x86; with flushing also inexact. */
static uint32_t comparable_flags(const struct variant *t, const struct test_cpu *cpu, bool flushing)
{
    bool to_unsigned = t->op == IR_float_to_unsigned || t->op == IR_vector_float_to_unsigned;
    if (to_unsigned && in_bochs())
        return vcpu_fp_sticky(&cpu->common) & 0x0c;
    return vcpu_fp_sticky(&cpu->common) & (flushing ? 0x0d : 0x2d);
}

static void check_once(const struct variant *t, enum mode mode)
{
    struct test_cpu jit, exact;
    fill_cpu(&jit, operand_kind(t));
    if (in_bochs())
        avoid_bochs_mistakes(t, &jit);
    exact = jit;
    bool flushing = jit.common.host_fp_control & 0x8000;
    uint32_t control = jit.common.host_fp_control;
    run(&host_x86_64, &jit, jit_code);
    run(&host_interpreter, &exact, interpreter_code);
    if (flushing)
        forgive_flushed(t, &jit, &exact);
    bool same = memcmp(jit.v, exact.v, sizeof jit.v) == 0 && memcmp(jit.x, exact.x, sizeof jit.x) == 0;
    uint32_t jit_flags = comparable_flags(t, &jit, flushing), exact_flags = comparable_flags(t, &exact, flushing);
    cr_assert(same && jit_flags == exact_flags, "%s type %d lane %u cond %u imm %#llx mode %d control %#x: results %s, flags %#x, exactly %#x",
              ir_op_info[t->op].name, t->type, t->lane, t->cond, (unsigned long long)t->imm, mode, control, same ? "agree" : "differ", jit_flags,
              exact_flags);
}

static void check(enum ir_op op, enum ir_type type, unsigned lane, unsigned cond, uint64_t imm)
{
    const struct variant t = {op, type, lane, cond, imm};
    for (enum mode mode = 0; mode < MODE_COUNT; mode++) {
        char error[256];
        struct host_code code;
        struct pass_context context = {.host = &host_x86_64};
        arena_reset(arena);
        struct ir_region *region = build(&t, mode);
        const char *broken = ir_verify(region, error, sizeof error);
        cr_assert_null(broken, "%s: %s", ir_op_info[op].name, error);
        cr_assert(host_interpreter.compile(region, interpreter_code, CODE_SIZE, &code));
        region = build(&t, mode);
        passes_run(region, &context);
        cr_assert(host_x86_64.compile(region, jit_code, CODE_SIZE, &code));
        for (unsigned i = 0; i < RUNS; i++)
            check_once(&t, mode);
    }
}

static void start(bool baseline)
{
    arena = arena_new(1 << 24);
    jit_code = mmap(NULL, 2 * CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    interpreter_code = jit_code + CODE_SIZE;
    cr_assert(host_x86_64.init(&isa) && host_interpreter.init(&isa));
    if (baseline)
        x86_64_features = (struct x86_64_features){.popcnt = true};
}

/* -- the operations' variants ------------------------------------------------------------------------------------------------------------ */

static void check_scalar(enum ir_op op, enum ir_type type)
{
    unsigned lane = lane_of(type), other = lane == LANE_64 ? LANE_32 : LANE_64;
    unsigned roundings = ROUND_CURRENT + 1;
    switch (op) {
    case IR_flags_float: case IR_flags_float_signal:
        for (unsigned cond = 0; cond < COND_ALWAYS; cond++)
            check(op, type, lane, cond, 0);
        break;
    case IR_float_mul_add:
        for (unsigned signs = 0; signs < 4; signs++)
            check(op, type, lane, 0, signs);
        break;
    case IR_float_convert:
        check(op, type, other, 0, 0);
        check(op, type, LANE_16, 0, 0);
        check(op, IR_F16, lane, 0, 0);
        break;
    case IR_float_round:
        for (unsigned i = 0; i < 2 * roundings; i++)
            check(op, type, lane, i / 2, i % 2);
        break;
    case IR_float_to_signed: case IR_float_to_unsigned:
        for (unsigned i = 0; i < 2 * roundings; i++)
            check(op, i % 2 ? IR_I64 : IR_I32, lane, i / 2, 0);
        break;
    case IR_float_from_signed: case IR_float_from_unsigned:
        check(op, type, LANE_32, 0, 0);
        check(op, type, LANE_64, 0, 0);
        break;
    case IR_float_to_bits: check(op, type == IR_F64 ? IR_I64 : IR_I32, lane, 0, 0); break;
    case IR_vector_from_float: check(op, IR_V128, lane, 0, 0); break;
    default: check(op, type, lane, 0, 0); break;
    }
}

static void check_vector_float(enum ir_op op)
{
    if (op == IR_vector_float_widen || op == IR_vector_float_narrow) {
        check(op, IR_V128, LANE_16, 0, 0);
        check(op, IR_V128, LANE_32, 0, 0);
        if (op == IR_vector_float_narrow)
            check(op, IR_V128, LANE_32, 1, 0);
        return;
    }
    bool rounds = op == IR_vector_float_round || op == IR_vector_float_to_signed || op == IR_vector_float_to_unsigned;
    unsigned conds = rounds ? ROUND_CURRENT + 1 : op == IR_vector_float_mul_add ? 2 : 1;
    for (unsigned lane = LANE_32; lane <= LANE_64; lane++)
        for (unsigned cond = 0; cond < conds; cond++)
            for (unsigned imm = 0; imm < (op == IR_vector_float_round ? 4 : 2); imm++)
                check(op, IR_V128, lane, cond, imm);
}

/* Bit per lane width that the operation has. */
static unsigned lanes_of(enum ir_op op)
{
    switch (op) {
    case IR_vector_mul_poly: case IR_vector_population_count: case IR_vector_bit_reverse: case IR_vector_table: case IR_vector_extract_bytes: return 1;
    case IR_vector_mul_long_poly: return 9;
    case IR_vector_average_round: return 3;
    case IR_vector_dot_signed: case IR_vector_dot_unsigned: return 4;
    case IR_vector_mul_high_round: return 6;
    case IR_vector_mul_long_signed: case IR_vector_mul_long_unsigned: case IR_vector_widen_signed: case IR_vector_widen_unsigned:
    case IR_vector_narrow: case IR_vector_narrow_sat_signed: case IR_vector_narrow_sat_unsigned: case IR_vector_narrow_sat_signed_unsigned:
    case IR_vector_add_pairs_long_signed: case IR_vector_add_pairs_long_unsigned: case IR_vector_count_leading_zeros:
    case IR_vector_reduce_min_signed: case IR_vector_reduce_max_signed: case IR_vector_reduce_min_unsigned: case IR_vector_reduce_max_unsigned:
        return 7;
    default: return 15;
    }
}

static void check_vector_lane(enum ir_op op, unsigned lane)
{
    unsigned width = 8u << lane, lanes = 128 / width, first = 0, last = 0;
    switch (op) {
    case IR_vector_shl: case IR_vector_shr: case IR_vector_sar: last = lane == LANE_64 && in_bochs() ? width - 1 : width; break;
    case IR_vector_extract_bytes: last = 15; break;
    case IR_vector_mul_high_round: last = 1; break;
    case IR_vector_reverse: first = lane + 1, last = 3; break;
    case IR_vector_dup: case IR_vector_insert_int: last = lanes - 1; break;
    case IR_vector_get_lane:
        for (unsigned i = 0; i < lanes; i++)
            check(op, lane == LANE_64 ? IR_I64 : IR_I32, lane, 0, i);
        return;
    case IR_vector_insert_lane:
        for (unsigned i = 0; i < lanes; i++)
            check(op, IR_V128, lane, 0, i | random_below(lanes) << 8);
        return;
    case IR_vector_sum: case IR_vector_reduce_min_signed: case IR_vector_reduce_max_signed: case IR_vector_reduce_min_unsigned:
    case IR_vector_reduce_max_unsigned:
        for (unsigned i = 2; i <= lanes; i *= 2)
            check(op, IR_V128, lane, 0, i);
        return;
    default: break;
    }
    for (unsigned imm = first; imm <= last; imm++)
        check(op, IR_V128, lane, 0, imm);
}

static void check_group(const char *group, bool baseline)
{
    start(baseline);
    for (unsigned op = 0; op < IR_OP_COUNT; op++) {
        if (strcmp(ir_op_info[op].group, group) != 0)
            continue;
        if (is_scalar(op)) {
            check_scalar(op, IR_F32);
            check_scalar(op, IR_F64);
        } else if (strcmp(group, "float") == 0) {
            check_vector_float(op);
        } else if (strcmp(group, "crypto") == 0) {
            for (unsigned cond = 0; cond < (op == IR_sha1_rounds ? 3 : op == IR_sha256_rounds ? 2 : 1); cond++)
                check(op, IR_V128, LANE_32, cond, 0);
        } else if (strcmp(group, "vector") == 0) {
            for (unsigned lane = 0; lane < 4; lane++)
                if (lanes_of(op) >> lane & 1)
                    check_vector_lane(op, lane);
        }
    }
}

static void check_compares(bool baseline)
{
    start(baseline);
    for (enum ir_type type = IR_F32; type <= IR_F64; type++) {
        check_scalar(IR_flags_float, type);
        check_scalar(IR_flags_float_signal, type);
    }
}

Test(vector_operations, float_host_features) { check_group("float", false); }
Test(vector_operations, float_baseline) { check_group("float", true); }
Test(vector_operations, vector_host_features) { check_group("vector", false); }
Test(vector_operations, vector_baseline) { check_group("vector", true); }
Test(vector_operations, crypto_host_features) { check_group("crypto", false); }
Test(vector_operations, crypto_baseline) { check_group("crypto", true); }
Test(vector_operations, compares_host_features) { check_compares(false); }
Test(vector_operations, compares_baseline) { check_compares(true); }
