/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The x86-64 host against the interpreter: random regions of integer, flags and memory operations run on both, and every field,
 * the memory and the way out must agree. With faults: the state recovered at the faulting instruction must be the one the
 * interpreter has before that guest instruction. The guest is an invented one, with pinned and unpinned fields.
 */
#include "common/arena.h"
#include "translate/host/x86_64/emit.h"
#include "translate/passes/passes.h"

#include <criterion/criterion.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE_PC 0x400000ull
#define DATA ((uint8_t *)0x10000000)
#define DATA_SIZE 16384
#define NOWHERE 0x20000000ull             /* nothing is mapped there */
#define CODE_SPACE (1 << 20)
#define REGISTERS 16
#define FIELD_R 1
#define FIELD_SMALL 17
#define FIELD_V 18

/* -- the invented guest ---------------------------------------------------------------------------------------------- */

struct cpu { struct vcpu common; uint64_t r[REGISTERS]; uint32_t small; union vector128 v[REGISTERS]; };

#define R(n) {"r" #n, offsetof(struct cpu, r) + 8 * n, IR_I64}
#define V(n) {"v" #n, offsetof(struct cpu, v) + 16 * n, IR_V128}
static const struct guest_field fields[] = {
    {"flags", offsetof(struct vcpu, flags), IR_FLAGS},
    R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), R(13), R(14), R(15),
    {"small", offsetof(struct cpu, small), IR_I32},
    V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15),
};
static const uint16_t integer_pins[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, GUEST_NO_FIELD};
static const uint16_t vector_pins[] = {18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, GUEST_NO_FIELD};

static uint64_t helper_sum(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    (void)cpu;
    return a * 3 + b * 5 + c * 7 + extra;
}

static uint64_t helper_state(struct vcpu *common, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    struct cpu *cpu = (struct cpu *)common;
    (void)c, (void)extra;
    uint64_t seen = cpu->r[1] + cpu->r[12] + (common->flags & 0xc101);
    cpu->r[1] += a;
    cpu->r[13] ^= b;
    cpu->r[14] = 7;
    return seen;
}

static vcpu_helper *const helper_functions[] = {helper_sum, helper_state};
static const struct guest_helper helpers[] = {
    {"sum", helper_sum, HELPER_PURE}, {"state", helper_state, HELPER_READS_STATE | HELPER_WRITES_STATE},
};
static const struct guest_isa isa = {
    .name = "invented", .word_bytes = 8, .insn_align = 2, .cpu_size = sizeof(struct cpu), .fields = fields,
    .field_count = sizeof fields / sizeof *fields, .integer_pins = integer_pins, .vector_pins = vector_pins, .helpers = helpers, .helper_count = 2,
};

/* -- the engine's part: every exit leaves with its target ---------------------------------------------------------------- */

static struct host_code code;

const void *engine_lookup(struct vcpu *cpu, guest_addr pc)
{
    cpu->pc = pc;
    cpu->exit_reason = VCPU_EXIT_NONE;
    return NULL;
}

const void *engine_hot(struct vcpu *cpu, guest_addr pc) { return engine_lookup(cpu, pc); }
const void *engine_unfit(struct vcpu *cpu, guest_addr pc) { return engine_lookup(cpu, pc); }

const void *engine_link_exit(struct vcpu *cpu, const uint8_t *stub_return)
{
    uint32_t offset = (uint32_t)(stub_return - code.code);
    const struct host_exit *best = NULL;
    for (uint32_t i = 0; i < code.exit_count; i++)
        if (code.exits[i].stub < offset && (!best || code.exits[i].stub > best->stub))
            best = &code.exits[i];
    return engine_lookup(cpu, best->target);
}

/* -- random regions -------------------------------------------------------------------------------------------------------- */

static uint64_t random_state;
static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}
static unsigned below(unsigned limit) { return (unsigned)((random_bits() >> 16) % limit); }
static bool once_in(unsigned n) { return below(n) == 0; }

static uint64_t random_integer(void)
{
    static const uint64_t corners[] = {0, 1, 2, ~0ull, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN, 0xff, 0xffff, 1ull << 32,
                                       (uint64_t)-2, 32, 63, 64, 0xffffffff80000000};
    if (!once_in(3))
        return corners[below(sizeof corners / sizeof *corners)];
    return once_in(2) ? random_bits() : random_bits() & 0xff;
}

/* Values made so far, by class; old ones make way at random. */
struct pool { ir_ref value[16]; unsigned count, limit; };
struct generator { struct ir_region *region; struct pool i32, i64, tokens, vectors, floats; bool faults; };

static ir_ref keep(struct pool *pool, ir_ref value)
{
    return pool->value[pool->count < pool->limit ? pool->count++ : below(pool->limit)] = value;
}

static ir_ref emit(struct generator *g, enum ir_op op, enum ir_type type, struct ir_insn rest)
{
    rest.op = op;
    rest.type = type;
    return ir_append(g->region, rest);
}
#define OPERANDS(x, y, z) .a = (x), .b = (y), .c = (z)
#define NO_OPERANDS OPERANDS(IR_NONE, IR_NONE, IR_NONE)

static struct pool *pool_of(struct generator *g, enum ir_type type) { return type == IR_I64 ? &g->i64 : &g->i32; }

static ir_ref any_integer(struct generator *g, enum ir_type type)
{
    struct pool *pool = pool_of(g, type);
    if (pool->count && once_in(6))
        return ir_constant(g->region, type, type == IR_I64 ? random_integer() : (uint32_t)random_integer());
    if (pool->count && !once_in(6))
        return pool->value[below(pool->count)];
    if (type == IR_I64)
        return keep(pool, ir_get(g->region, FIELD_R + below(REGISTERS)));
    return keep(pool, once_in(4) ? ir_get(g->region, FIELD_SMALL) : ir_unary(g->region, IR_truncate, IR_I32, any_integer(g, IR_I64)));
}

static ir_ref any_vector(struct generator *g)
{
    if (!g->vectors.count || once_in(4))
        return keep(&g->vectors, ir_get(g->region, FIELD_V + below(REGISTERS)));
    return g->vectors.value[below(g->vectors.count)];
}

static ir_ref any_float(struct generator *g)
{
    if (!g->floats.count || once_in(4))
        return keep(&g->floats, emit(g, IR_float_from_vector, IR_F64, (struct ir_insn){OPERANDS(any_vector(g), IR_NONE, IR_NONE)}));
    return g->floats.value[below(g->floats.count)];
}

static ir_ref any_token(struct generator *g)
{
    if (!g->tokens.count || once_in(8))
        return keep(&g->tokens, ir_get(g->region, GUEST_FIELD_FLAGS));
    return g->tokens.value[below(g->tokens.count)];
}

static void keep_integer(struct generator *g, enum ir_type type, ir_ref value) { keep(pool_of(g, type), value); }
static enum ir_type any_type(void) { return once_in(2) ? IR_I64 : IR_I32; }
static unsigned bits_of(enum ir_type type) { return type == IR_I64 ? 64 : 32; }

static void make_binary(struct generator *g)
{
    static const uint8_t ops[] = {IR_add, IR_sub, IR_mul, IR_and, IR_or, IR_xor, IR_and_not, IR_mul_high_signed, IR_mul_high_unsigned,
                                  IR_divide_signed, IR_divide_unsigned, IR_add, IR_sub, IR_shl, IR_shr, IR_sar, IR_ror};
    enum ir_type type = any_type();
    keep_integer(g, type, ir_binary(g->region, ops[below(sizeof ops)], type, any_integer(g, type), any_integer(g, type)));
}

static void make_unary(struct generator *g)
{
    static const uint8_t ops[] = {IR_not, IR_neg, IR_bit_reverse, IR_count_leading_zeros, IR_count_trailing_zeros, IR_population_count};
    enum ir_type type = any_type();
    keep_integer(g, type, ir_unary(g->region, ops[below(sizeof ops)], type, any_integer(g, type)));
}

static void make_shift(struct generator *g)
{
    static const uint8_t ops[] = {IR_shl, IR_shr, IR_sar, IR_ror};
    enum ir_type type = any_type();
    ir_ref count = ir_constant(g->region, type, below(bits_of(type)));
    keep_integer(g, type, ir_binary(g->region, ops[below(4)], type, any_integer(g, type), count));
}

static void make_extension(struct generator *g)
{
    enum ir_type type = any_type();
    struct ir_insn insn = {.lane = (uint8_t)below(3), OPERANDS(any_integer(g, any_type()), IR_NONE, IR_NONE)};
    keep_integer(g, type, emit(g, once_in(2) ? IR_sign_extend : IR_zero_extend, type, insn));
}

static void make_bit_field(struct generator *g)
{
    static const uint8_t ops[] = {IR_extract_unsigned, IR_extract_signed, IR_deposit};
    enum ir_type type = any_type();
    enum ir_op op = ops[below(3)];
    unsigned low = below(bits_of(type)), width = 1 + below(bits_of(type) - low);
    ir_ref a = any_integer(g, type), b = op == IR_deposit ? any_integer(g, type) : IR_NONE;
    keep_integer(g, type, emit(g, op, type, (struct ir_insn){OPERANDS(a, b, IR_NONE), .imm = low | width << 8}));
}

static void make_rearrangement(struct generator *g)
{
    enum ir_type type = any_type();
    ir_ref a = any_integer(g, type);
    if (once_in(2)) {
        ir_ref low = once_in(3) ? a : any_integer(g, type);
        keep_integer(g, type, emit(g, IR_extract_pair, type, (struct ir_insn){OPERANDS(a, low, IR_NONE), .imm = below(bits_of(type))}));
    } else {
        uint8_t lane = (uint8_t)(1 + below(type == IR_I64 ? 3 : 2));
        keep_integer(g, type, emit(g, IR_byte_swap, type, (struct ir_insn){.lane = lane, OPERANDS(a, IR_NONE, IR_NONE)}));
    }
}

static void make_checksum(struct generator *g)
{
    uint8_t lane = (uint8_t)below(4);
    ir_ref data = any_integer(g, lane == LANE_64 ? IR_I64 : IR_I32);
    struct ir_insn insn = {.lane = lane, .cond = (uint8_t)below(2), OPERANDS(any_integer(g, IR_I32), data, IR_NONE)};
    keep_integer(g, IR_I32, emit(g, IR_crc32, IR_I32, insn));
}

static void make_token(struct generator *g)
{
    static const uint8_t ops[] = {IR_flags_add, IR_flags_sub, IR_flags_and}, arithmetic[] = {IR_add, IR_sub, IR_and};
    enum ir_type type = any_type();
    unsigned which = below(3);
    ir_ref a = any_integer(g, type), b = any_integer(g, type);
    if (once_in(2))
        keep_integer(g, type, ir_binary(g->region, arithmetic[which], type, a, b));
    keep(&g->tokens, ir_binary(g->region, ops[which], type, a, b));
}

static void make_carry(struct generator *g)
{
    enum ir_type type = any_type();
    bool borrow = once_in(2);
    ir_ref a = any_integer(g, type), b = any_integer(g, type), c = any_token(g);
    if (!once_in(3))
        keep_integer(g, type, ir_ternary(g->region, borrow ? IR_sub_borrow : IR_add_carry, type, a, b, c));
    if (!once_in(3))
        keep(&g->tokens, ir_ternary(g->region, borrow ? IR_flags_sub_borrow : IR_flags_add_carry, type, a, b, c));
}

static void make_other_token(struct generator *g)
{
    enum ir_type type = any_type();
    struct ir_insn insn = {.cond = (uint8_t)below(14)};
    switch (below(3)) {
    case 0:
        insn = (struct ir_insn){.cond = insn.cond, OPERANDS(any_token(g), any_integer(g, type), any_integer(g, type)), .imm = below(32)};
        keep(&g->tokens, emit(g, IR_flags_conditional, type, insn));
        break;
    case 1:
        insn = (struct ir_insn){OPERANDS(any_integer(g, IR_I32), IR_NONE, IR_NONE)};
        keep(&g->tokens, emit(g, IR_flags_from_nzcv, IR_I32, insn));
        break;
    default:
        insn = (struct ir_insn){OPERANDS(any_float(g), any_float(g), IR_NONE)};
        keep(&g->tokens, emit(g, once_in(2) ? IR_flags_float : IR_flags_float_signal, IR_F64, insn));
        break;
    }
}

static void make_consumer(struct generator *g)
{
    enum ir_type type = any_type();
    uint8_t cond = (uint8_t)below(14);
    ir_ref token = any_token(g);
    switch (below(5)) {
    case 0:
        keep_integer(g, IR_I32, emit(g, IR_flags_to_nzcv, IR_I32, (struct ir_insn){OPERANDS(token, IR_NONE, IR_NONE)}));
        break;
    case 1: case 2:
        keep_integer(g, type, emit(g, IR_set_if, type, (struct ir_insn){.cond = cond, OPERANDS(token, IR_NONE, IR_NONE)}));
        break;
    case 3: {
        struct ir_insn insn = {.cond = cond, OPERANDS(token, any_integer(g, type), any_integer(g, type))};
        keep_integer(g, type, emit(g, IR_select, type, insn));
        break;
    }
    default:
        keep(&g->vectors, emit(g, IR_select, IR_V128, (struct ir_insn){.cond = cond, OPERANDS(token, any_vector(g), any_vector(g))}));
        break;
    }
}

static void make_put(struct generator *g)
{
    switch (below(8)) {
    case 0: case 1:
        ir_put(g->region, GUEST_FIELD_FLAGS, any_token(g));
        break;
    case 2:
        ir_put(g->region, FIELD_V + below(REGISTERS), any_vector(g));
        break;
    case 3:
        ir_put(g->region, FIELD_SMALL, any_integer(g, IR_I32));
        break;
    default:
        ir_put(g->region, FIELD_R + below(REGISTERS), any_integer(g, IR_I64));
        break;
    }
}

static ir_ref any_address(struct generator *g)
{
    ir_ref offset = ir_binary_imm(g->region, IR_and, IR_I64, any_integer(g, IR_I64), 0x7f0);
    return ir_binary_imm(g->region, IR_add, IR_I64, offset, g->faults && once_in(6) ? NOWHERE : (uint64_t)DATA);
}

static uint16_t any_modes(unsigned size, bool store)
{
    uint16_t mem = IR_MEM(size, 0);
    if (once_in(6))
        mem |= IR_MEM_BIG_ENDIAN;
    if (once_in(6))
        mem |= IR_MEM_ALIGNED;
    if (store && once_in(4))
        mem |= IR_MEM_SEQUENTIAL;
    return mem;
}

static void make_integer_access(struct generator *g, bool store)
{
    enum ir_type type = any_type();
    uint16_t mem = any_modes(below(type == IR_I64 ? 4 : 3), store);
    ir_ref base = any_address(g), index = IR_NONE;
    if (once_in(2)) {
        index = ir_binary_imm(g->region, IR_and, IR_I64, any_integer(g, IR_I64), 31);
        mem |= (uint16_t)(below(4) << 3);
    }
    int64_t displacement = once_in(2) ? below(64) : 0;
    if (store)
        ir_store(g->region, type, mem, base, index, displacement, any_integer(g, type));
    else
        keep_integer(g, type, ir_load(g->region, type, mem | (once_in(2) ? IR_MEM_SIGNED : 0), base, index, displacement));
}

static void make_vector_access(struct generator *g, bool store)
{
    bool is_float = once_in(3);
    enum ir_type type = is_float ? IR_F64 : IR_V128;
    uint16_t mem = any_modes(is_float ? 3 : 4, store);
    ir_ref base = any_address(g);
    if (store)
        ir_store(g->region, type, mem, base, IR_NONE, below(64), is_float ? any_float(g) : any_vector(g));
    else
        keep(is_float ? &g->floats : &g->vectors, ir_load(g->region, type, mem, base, IR_NONE, below(64)));
}

static void make_access(struct generator *g)
{
    bool store = once_in(2);
    if (once_in(3))
        make_vector_access(g, store);
    else
        make_integer_access(g, store);
}

static void make_atomic(struct generator *g)
{
    enum ir_type type = once_in(8) ? IR_V128 : any_type();
    bool wide = type == IR_V128;
    struct ir_insn insn = {.mem = IR_MEM(wide ? 4 : below(type == IR_I64 ? 4 : 3), 0), .a = any_address(g), .c = IR_NONE};
    insn.b = wide ? any_vector(g) : any_integer(g, type);
    ir_ref old;
    if (wide || once_in(4)) {
        insn.c = wide ? any_vector(g) : any_integer(g, type);
        old = emit(g, IR_compare_and_swap, type, insn);
    } else {
        insn.cond = (uint8_t)below(10);
        old = emit(g, IR_atomic, type, insn);
    }
    keep(wide ? &g->vectors : pool_of(g, type), old);
}

static void make_exclusive(struct generator *g)
{
    enum ir_type type = once_in(5) ? IR_V128 : any_type();
    bool wide = type == IR_V128;
    struct ir_insn insn = {.mem = IR_MEM(wide ? 4 : below(type == IR_I64 ? 4 : 3), 0), OPERANDS(any_address(g), IR_NONE, IR_NONE)};
    keep(wide ? &g->vectors : pool_of(g, type), emit(g, IR_load_exclusive, type, insn));
    if (once_in(8))
        emit(g, IR_clear_exclusive, IR_VOID, (struct ir_insn){NO_OPERANDS});
    if (once_in(8))
        insn.a = any_address(g);
    insn.b = wide ? any_vector(g) : any_integer(g, type);
    keep_integer(g, IR_I32, emit(g, IR_store_exclusive, type, insn));
}

/* After a helper that writes the state, flags that were read before it have no home any more. */
static void make_helper(struct generator *g)
{
    unsigned which = below(2);
    ir_ref a = any_integer(g, IR_I64), b = any_integer(g, IR_I32), c = any_integer(g, IR_I64);
    keep(&g->i64, ir_helper(g->region, IR_I64, which, below(100), a, b, c));
    if (which == 1)
        g->tokens.count = 0;
}

static void make_fence(struct generator *g)
{
    emit(g, IR_fence, IR_VOID, (struct ir_insn){.cond = (uint8_t)below(4), NO_OPERANDS});
}

static void make_any(struct generator *g)
{
    static void (*const makers[])(struct generator *) = {
        make_binary, make_binary, make_binary, make_unary, make_shift, make_extension, make_bit_field, make_bit_field, make_rearrangement,
        make_checksum, make_token, make_token, make_token, make_token, make_carry, make_other_token, make_other_token, make_consumer,
        make_consumer, make_consumer, make_consumer, make_put, make_put, make_put, make_put, make_put, make_access, make_access, make_access,
        make_atomic, make_exclusive, make_helper, make_fence,
    };
    makers[below(sizeof makers / sizeof *makers)](g);
}

/* Values at the end go to fields, so that they count. */
static void make_end(struct generator *g)
{
    for (unsigned i = 0; i < g->i64.count; i++)
        ir_put(g->region, FIELD_R + i % REGISTERS, g->i64.value[i]);
    for (unsigned i = 0; i < g->i32.count && i < 4; i++) {
        struct ir_insn insn = {.lane = LANE_32, OPERANDS(g->i32.value[i], IR_NONE, IR_NONE)};
        ir_put(g->region, FIELD_R + 12 + i, emit(g, IR_zero_extend, IR_I64, insn));
    }
    if (once_in(2))
        emit(g, IR_jump, IR_VOID, (struct ir_insn){NO_OPERANDS, .imm = 0x600000});
    else
        emit(g, IR_jump_indirect, IR_VOID, (struct ir_insn){OPERANDS(any_integer(g, IR_I64), IR_NONE, IR_NONE)});
}

static struct ir_region *random_region(struct arena *arena, uint64_t seed, unsigned insns, bool faults)
{
    random_state = seed * 0x9e3779b97f4a7c15ull + 1;
    struct generator g = {.region = ir_region_new(arena, &isa, CODE_PC), .faults = faults};
    g.i32.limit = g.i64.limit = 12;
    g.tokens.limit = 3;
    g.vectors.limit = 6;
    g.floats.limit = 4;
    for (unsigned i = 0; i < insns; i++) {
        emit(&g, IR_insn_start, IR_VOID, (struct ir_insn){NO_OPERANDS, .imm = CODE_PC + 4 * i});
        make_any(&g);
        if (once_in(9))
            ir_exit_if(g.region, below(14), any_token(&g), 0x500000 + 16 * i);
    }
    g.region->guest_insns = insns;
    g.region->guest_end = CODE_PC + 4 * insns;
    make_end(&g);
    return g.region;
}

/* -- running ------------------------------------------------------------------------------------------------------------------ */

struct machine {
    struct arena *arena;
    uint8_t *native_space, *interpreter_space;
    struct cpu *native, *interpreted;
};
static struct machine machine;
static const struct snapshot *fault_snapshot;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const uint8_t *pc = (const uint8_t *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    fault_snapshot = NULL;
    for (uint32_t i = 0; i < code.snapshot_count; i++)
        if (code.code + code.snapshots[i].host_offset == pc)
            fault_snapshot = &code.snapshots[i];
    if (!fault_snapshot)
        abort();
    (void)signal;
    struct host_fault fault = {context, info};
    host_x86_64.recover(&machine.native->common, &code, fault_snapshot, &fault);
    machine.native->common.pc = CODE_PC + fault_snapshot->guest_offset;
    machine.native->common.exit_reason = VCPU_EXIT_FAULT;
}

static void *map(void *where, size_t size, int protection)
{
    void *memory = mmap(where, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
    return memory;
}

static struct cpu *new_cpu(const struct host *host)
{
    struct cpu *cpu = map(NULL, 65536, PROT_READ | PROT_WRITE);
    struct vcpu *common = &cpu->common;
    common->helpers = helper_functions;
    common->engine_isa = &isa;
    common->host_fp_control = 0x1f80;
    common->prediction_base = (uint64_t)map(NULL, 65536, PROT_READ | PROT_WRITE) + 65536 - 4096;
    common->lookup = map(NULL, VCPU_LOOKUP_ENTRIES * sizeof *common->lookup, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < VCPU_LOOKUP_ENTRIES; i++)
        common->lookup[i].pc = 0x123456789abcdef1;
    if (host->vcpu_init)
        host->vcpu_init(common);
    return cpu;
}

static void set_up(void)
{
    machine.arena = arena_new(64 << 20);
    map(DATA, DATA_SIZE, PROT_READ | PROT_WRITE);
    machine.native_space = map(NULL, CODE_SPACE, PROT_READ | PROT_WRITE | PROT_EXEC);
    machine.interpreter_space = map(NULL, 8 * CODE_SPACE, PROT_READ | PROT_WRITE);
    cr_assert(host_x86_64.init(&isa) && host_interpreter.init(&isa));
    machine.native = new_cpu(&host_x86_64);
    machine.interpreted = new_cpu(&host_interpreter);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    stack_t stack = {.ss_sp = map(NULL, 65536, PROT_READ | PROT_WRITE), .ss_size = 65536};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

static void start_state(struct cpu *cpu, uint64_t seed)
{
    static const double doubles[] = {0.0, -0.0, 1.5, -3.25, __builtin_nan(""), __builtin_inf(), 1e300, -1.5};
    random_state = seed * 0x2545f4914f6cdd1dull + 7;
    for (unsigned i = 0; i < REGISTERS; i++) {
        cpu->r[i] = random_integer();
        memcpy(&cpu->v[i].u64[0], &doubles[below(8)], 8);
        cpu->v[i].u64[1] = random_bits();
    }
    cpu->small = (uint32_t)random_bits();
    cpu->common.flags = (uint32_t)(random_bits() & (once_in(3) ? 0x4100 : 0x8101));
    cpu->common.exclusive_address = ~0ull;
    cpu->common.exit_reason = VCPU_EXIT_NONE;
    cpu->common.prediction_stack = cpu->common.prediction_base;
    for (unsigned i = 0; i < DATA_SIZE / 8; i++)
        ((uint64_t *)DATA)[i] = random_bits();
}

/* The region up to the guest instruction at pc. */
static struct ir_region *cut_at(const struct ir_region *region, guest_addr pc)
{
    ir_ref end = 0;
    while (region->insns[end].op != IR_insn_start || region->insns[end].imm != pc)
        end++;
    struct ir_region *cut = arena_allocate(machine.arena, sizeof *cut);
    *cut = *region;
    cut->insns = arena_allocate(machine.arena, (end + 1) * sizeof *cut->insns);
    memcpy(cut->insns, region->insns, end * sizeof *cut->insns);
    cut->insns[end] = (struct ir_insn){.op = IR_jump, .imm = pc, NO_OPERANDS};
    cut->count = end + 1;
    cut->blocks = arena_allocate(machine.arena, sizeof *cut->blocks);
    cut->blocks[0] = (struct ir_block){.count = end + 1, .pc = region->pc};
    return cut;
}

/* Dead flags need not be right: after the passes, and at faults whose snapshot says so. */
static bool flags_count(bool passes)
{
    uint32_t reason = machine.native->common.exit_reason;
    if (reason == VCPU_EXIT_FAULT)
        return fault_snapshot->flags != SNAPSHOT_FLAGS_HOME;
    return !passes && reason != VCPU_EXIT_ALIGNMENT;
}

static void compare(uint64_t seed, const uint8_t *memory, bool passes)
{
    const struct cpu *native = machine.native, *wanted = machine.interpreted;
    cr_expect_eq(native->common.pc, wanted->common.pc, "seed %lu: pc", seed);
    for (unsigned i = 0; i < REGISTERS; i++) {
        cr_expect_eq(native->r[i], wanted->r[i], "seed %lu: r%u %#lx, wanted %#lx", seed, i, native->r[i], wanted->r[i]);
        cr_expect(memcmp(&native->v[i], &wanted->v[i], 16) == 0, "seed %lu: v%u", seed, i);
    }
    cr_expect_eq(native->small, wanted->small, "seed %lu: small", seed);
    cr_expect(memcmp(memory, DATA, DATA_SIZE) == 0, "seed %lu: memory", seed);
    if (flags_count(passes))
        cr_expect_eq(native->common.flags & 0xc101, wanted->common.flags & 0xc101, "seed %lu: flags %#x, wanted %#x", seed,
                     native->common.flags & 0xc101, wanted->common.flags & 0xc101);
}

static void run_one(uint64_t seed, unsigned insns, bool passes, bool faults)
{
    static uint8_t memory[DATA_SIZE];
    arena_reset(machine.arena);
    struct ir_region *region = random_region(machine.arena, seed, insns, faults);
    if (passes)
        passes_run(region, &(struct pass_context){.host = &host_x86_64});
    cr_assert(host_x86_64.compile(region, machine.native_space, CODE_SPACE, &code));
    start_state(machine.native, seed);
    host_x86_64.run(&machine.native->common, code.code + code.entry);
    memcpy(memory, DATA, DATA_SIZE);
    if (machine.native->common.exit_reason == VCPU_EXIT_FAULT)
        region = cut_at(region, machine.native->common.pc);
    struct host_code reference;
    cr_assert(host_interpreter.compile(region, machine.interpreter_space, 8 * CODE_SPACE, &reference));
    start_state(machine.interpreted, seed);
    host_interpreter.run(&machine.interpreted->common, reference.code + reference.entry);
    compare(seed, memory, passes);
}

static void run_many(unsigned insns, bool passes, bool faults)
{
    for (uint64_t seed = 1; seed <= 2000; seed++)
        run_one(seed, insns, passes, faults);
}

TestSuite(host_x86_64, .init = set_up);

Test(host_x86_64, short_regions) { run_many(5, false, false); }
Test(host_x86_64, long_regions) { run_many(60, false, false); }
Test(host_x86_64, after_passes) { run_many(25, true, false); }
Test(host_x86_64, faults) { run_many(25, false, true); }
Test(host_x86_64, faults_after_passes) { run_many(25, true, true); }

Test(host_x86_64, without_bmi)
{
    x86_64_features.bmi1 = x86_64_features.bmi2 = x86_64_features.lzcnt = x86_64_features.movbe = x86_64_features.pclmulqdq = false;
    run_many(25, false, false);
}

Test(host_x86_64, without_avx)
{
    x86_64_features.avx = x86_64_features.avx2 = x86_64_features.fma = x86_64_features.f16c = false;
    run_many(25, false, false);
}
