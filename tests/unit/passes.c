/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What text in, text out (tests/ir) does not show: use counts, and that running the passes keeps a region's meaning. For that,
 * random regions of integer code are executed before and after.
 */
#include "common/arena.h"
#include "translate/ir/simplify.h"
#include "translate/passes/passes.h"

#include <criterion/criterion.h>
#include <string.h>

#define REGISTERS 8
#define STACK_WORDS 16
enum { NZCV, X0, SP = X0 + REGISTERS, FIELD_COUNT };

static const struct guest_field fields[FIELD_COUNT] = {
    {"nzcv", 0, IR_FLAGS}, {"x0", 0, IR_I64}, {"x1", 0, IR_I64}, {"x2", 0, IR_I64}, {"x3", 0, IR_I64},
    {"x4", 0, IR_I64}, {"x5", 0, IR_I64}, {"x6", 0, IR_I64}, {"x7", 0, IR_I64}, {"sp", 0, IR_I64},
};
static bool dead_at(const struct translator *t, guest_addr pc) { return t && pc & 0x1000; }
static const struct guest_isa isa = {.name = "unit", .fields = fields, .field_count = FIELD_COUNT, .flags_dead_at = dead_at};
static const struct translator translator = {.isa = &isa};

static bool preserves(const struct ir_region *region, const struct ir_insn *insn)
{
    (void)region;
    return insn->op == IR_get || insn->op == IR_put || insn->op == IR_constant || insn->op == IR_exit_if || insn->op == IR_load;
}
static const struct host host = {.name = "unit", .preserves_flags = preserves};
static const struct pass_context context = {&host, &translator};

Test(passes, counts_uses)
{
    struct arena *arena = arena_new(4 << 20);
    struct ir_region *region = ir_region_new(arena, &isa, 0x4000);
    ir_ref x = ir_get(region, X0), y = ir_get(region, X0 + 1);
    ir_ref token = ir_binary(region, IR_flags_sub, IR_I64, x, y);
    ir_put(region, NZCV, token);
    ir_exit_if(region, COND_EQ, token, 0x8000);
    ir_append(region, (struct ir_insn){.op = IR_jump, .imm = 0x8000});
    pass_dead_code(region, &context);
    cr_assert_eq(ir_at(region, x)->uses, 1);
    cr_assert_eq(ir_at(region, token)->uses, 4, "the put, the condition, and the two exits that take the flags along");
    arena_free(arena);
}

/* -- a machine to run regions on ---------------------------------------------------------------------------------------------- */

struct machine {
    uint64_t x[REGISTERS];
    uint32_t nzcv;
    uint64_t stack[STACK_WORDS];          /* at address 0x10000 */
    guest_addr pc;                        /* where it went */
    bool flags_dead;
};

static uint64_t *word_at(struct machine *m, uint64_t address)
{
    return &m->stack[(address - 0x10000) / 8 % STACK_WORDS];
}

static uint64_t evaluate(const struct ir_insn *insn, const uint64_t *values)
{
    uint64_t a = insn->a == IR_NONE ? 0 : values[insn->a], b = insn->b == IR_NONE ? 0 : values[insn->b];
    uint64_t c = insn->c == IR_NONE ? 0 : values[insn->c];
    switch (insn->op) {
    case IR_set_if: return ir_cond_holds(insn->cond, (uint32_t)a);
    case IR_select: return ir_cond_holds(insn->cond, (uint32_t)a) ? b : c;
    case IR_flags_conditional:
        if (ir_cond_holds(insn->cond, (uint32_t)a))
            return ir_evaluate_flags(insn->imm & 16 ? IR_flags_add : IR_flags_sub, insn->type, b, c, false);
        return (insn->imm & 15) << 28;
    case IR_flags_to_nzcv: return a;
    default: break;
    }
    if (ir_result_type(insn) == IR_FLAGS)
        return ir_evaluate_flags(insn->op, insn->type, a, b, c >> 29 & 1);
    return ir_evaluate_integer(insn, a, b, c >> 29 & 1);
}

static void run(const struct ir_region *region, struct machine *m, uint64_t *values)
{
    for (ir_ref ref = 0; ref < region->count; ref++) {
        const struct ir_insn *insn = ir_at(region, ref);
        if (insn->note & IR_NOTE_REMOVED)
            continue;
        uint64_t address = insn->a == IR_NONE ? 0 : values[insn->a] + insn->imm;
        if (insn->op == IR_load || insn->op == IR_store)
            address += insn->b == IR_NONE ? 0 : values[insn->b] << IR_MEM_SCALE(insn->mem);
        switch (insn->op) {
        case IR_get: values[ref] = insn->imm == NZCV ? m->nzcv : insn->imm == SP ? 0x10000 : m->x[insn->imm - X0]; break;
        case IR_put:
            if (insn->imm == NZCV)
                m->nzcv = (uint32_t)values[insn->a];
            else
                m->x[insn->imm - X0] = values[insn->a];
            break;
        case IR_load: values[ref] = *word_at(m, address); break;
        case IR_store: *word_at(m, address) = values[insn->c]; break;
        case IR_exit_if:
        case IR_jump:
            if (insn->op == IR_exit_if && !ir_cond_holds(insn->cond, (uint32_t)values[insn->a]))
                break;
            m->pc = insn->imm;
            m->flags_dead = dead_at(&translator, insn->imm);
            return;
        default: values[ref] = evaluate(insn, values); break;
        }
    }
}

/* -- random regions -------------------------------------------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(seed >> 33) % below;
}

/* Stored as they are: the builder's folding is what the fold pass is tested for. */
static ir_ref append(struct ir_region *region, struct ir_insn insn)
{
    ir_ref *operands[] = {&insn.a, &insn.b, &insn.c};
    for (unsigned i = ir_op_info[insn.op].operands; i < 3; i++)
        *operands[i] = IR_NONE;
    return ir_append_plain(region, &insn);
}

static ir_ref get(struct ir_region *region, unsigned field)
{
    return append(region, (struct ir_insn){.op = IR_get, .type = fields[field].type, .imm = field});
}

static void put(struct ir_region *region, unsigned field, ir_ref value)
{
    append(region, (struct ir_insn){.op = IR_put, .type = fields[field].type, .a = value, .imm = field});
}

static ir_ref number(struct ir_region *region, enum ir_type type, uint64_t value)
{
    return append(region, (struct ir_insn){.op = IR_constant, .type = type, .imm = value});
}

static ir_ref with_lane(struct ir_region *region, enum ir_op op, enum ir_type type, unsigned lane, ir_ref a, uint64_t imm)
{
    return append(region, (struct ir_insn){.op = op, .type = type, .lane = lane, .a = a, .imm = imm});
}

static ir_ref ternary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b, ir_ref c)
{
    return append(region, (struct ir_insn){.op = op, .type = type, .a = a, .b = b, .c = c});
}

static ir_ref binary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b)
{
    return ternary(region, op, type, a, b, IR_NONE);
}

static ir_ref binary_imm(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, uint64_t constant)
{
    return binary(region, op, type, a, number(region, type, constant));
}

static ir_ref some_register(struct ir_region *region) { return get(region, X0 + draw(REGISTERS)); }

static ir_ref some_value(struct ir_region *region)
{
    static const uint64_t corners[] = {0, 1, 2, 8, 63, 64, 0xff, 0x80000000, ~0ull, 1ull << 63};
    return draw(3) ? some_register(region) : number(region, IR_I64, corners[draw(10)]);
}

static ir_ref some_operation(struct ir_region *region)
{
    static const uint8_t ops[] = {IR_add, IR_sub, IR_mul, IR_and, IR_or, IR_xor, IR_and_not, IR_shl, IR_shr, IR_sar, IR_ror,
                                  IR_divide_signed, IR_divide_unsigned, IR_mul_high_signed};
    static const uint8_t fields_of[] = {0, 8, 16, 32, 5, 60};
    unsigned lsb = fields_of[draw(6)], width = 1 + draw(64 - lsb);
    ir_ref a = some_value(region), b = some_value(region);
    switch (draw(8)) {
    case 0: return with_lane(region, IR_zero_extend, IR_I64, draw(3), a, 0);
    case 1: return with_lane(region, IR_sign_extend, IR_I64, draw(3), a, 0);
    case 2: return with_lane(region, draw(2) ? IR_extract_unsigned : IR_extract_signed, IR_I64, 0, a, lsb | width << 8);
    case 3: {
        ir_ref low_a = with_lane(region, IR_truncate, IR_I32, 0, a, 0), low_b = with_lane(region, IR_truncate, IR_I32, 0, b, 0);
        ir_ref low = binary(region, ops[draw(14)], IR_I32, low_a, low_b);
        return with_lane(region, draw(2) ? IR_zero_extend : IR_sign_extend, IR_I64, LANE_32, low, 0);
    }
    case 4: {
        struct ir_insn insn = {.op = IR_select, .type = IR_I64, .cond = draw(16), .a = get(region, NZCV), .b = a, .c = b};
        return append(region, insn);
    }
    case 5: return ternary(region, draw(2) ? IR_add_carry : IR_sub_borrow, IR_I64, a, b, get(region, NZCV));
    default: return binary(region, ops[draw(14)], IR_I64, a, b);
    }
}

static ir_ref some_token(struct ir_region *region)
{
    static const uint8_t ops[] = {IR_flags_add, IR_flags_sub, IR_flags_and};
    ir_ref a = some_value(region), b = some_value(region), old = get(region, NZCV);
    struct ir_insn conditional = {.op = IR_flags_conditional, .type = IR_I64, .cond = draw(16), .a = old, .b = a, .c = b, .imm = draw(32)};
    switch (draw(6)) {
    case 0: return append(region, conditional);
    case 1: return ternary(region, draw(2) ? IR_flags_add_carry : IR_flags_sub_borrow, IR_I64, a, b, old);
    default: return binary(region, ops[draw(3)], IR_I64, a, b);
    }
}

/* A subtraction and its flags, as every guest's decrement-and-loop has it. */
static void subtract_with_flags(struct ir_region *region)
{
    unsigned field = X0 + draw(REGISTERS);
    ir_ref a = get(region, field), b = some_value(region);
    bool flags_first = draw(2);
    ir_ref token = flags_first ? binary(region, IR_flags_sub, IR_I64, a, b) : IR_NONE;
    ir_ref difference = binary(region, IR_sub, IR_I64, a, b);
    if (!flags_first)
        token = binary(region, IR_flags_sub, IR_I64, a, b);
    put(region, field, difference);
    put(region, NZCV, token);
}

static void some_memory(struct ir_region *region)
{
    ir_ref base = get(region, SP);
    uint64_t displacement = 8 * draw(4);
    uint16_t mem = IR_MEM(3, 0) | IR_MEM_STACK;
    if (draw(2))
        base = binary_imm(region, draw(2) ? IR_add : IR_sub, IR_I64, base, 8 * draw(4));
    if (draw(4) == 0) {
        ir_ref offset = binary_imm(region, IR_shl, IR_I64, binary_imm(region, IR_and, IR_I64, some_register(region), 7), 3);
        base = binary(region, IR_add, IR_I64, base, offset);
        mem &= (uint16_t)~IR_MEM_STACK;
    }
    if (draw(2))
        put(region, X0 + draw(REGISTERS),
            append(region, (struct ir_insn){.op = IR_load, .type = IR_I64, .mem = mem, .a = base, .b = IR_NONE, .imm = displacement}));
    else
        append(region, (struct ir_insn){.op = IR_store, .type = IR_I64, .mem = mem, .a = base, .b = IR_NONE, .c = some_value(region),
                                        .imm = displacement});
}

static void some_insn(struct ir_region *region, guest_addr pc)
{
    struct ir_insn set = {.op = IR_set_if, .type = IR_I64, .cond = draw(16)};
    append(region, (struct ir_insn){.op = IR_insn_start, .imm = pc});
    switch (draw(10)) {
    case 0: case 1: some_memory(region); break;
    case 2: case 3: put(region, NZCV, some_token(region)); break;
    case 4: subtract_with_flags(region); break;
    case 5:
        set = (struct ir_insn){.op = IR_exit_if, .cond = draw(14), .a = get(region, NZCV), .imm = 0x8000 + 4 * pc + 0x1000 * draw(2)};
        append(region, set);
        break;
    case 6:
        set.a = get(region, NZCV);
        put(region, X0 + draw(REGISTERS), append(region, set));
        break;
    default: put(region, X0 + draw(REGISTERS), some_operation(region)); break;
    }
}

static struct ir_region *some_region(struct arena *arena)
{
    struct ir_region *region = ir_region_new(arena, &isa, 0x4000);
    unsigned insns = 2 + draw(40);
    for (unsigned i = 0; i < insns; i++)
        some_insn(region, 0x4000 + 4 * i);
    append(region, (struct ir_insn){.op = IR_jump, .imm = 0x8000 + 0x1000 * draw(2)});
    return region;
}

static void expect_same(const struct machine *x, const struct machine *y, const char *pass, const char *before, const char *after)
{
    bool same = x->pc == y->pc && memcmp(x->x, y->x, sizeof x->x) == 0 && memcmp(x->stack, y->stack, sizeof x->stack) == 0 &&
                (x->flags_dead || x->nzcv == y->nzcv);
    cr_assert(same, "seed leading to %s\n%s\n%s", pass, before, after);
}

Test(passes, keep_the_meaning_of_random_regions)
{
    static char before[1 << 16], after[1 << 16];
    static uint64_t values[1 << 12];
    char error[200];
    struct arena *arena = arena_new(64 << 20);
    for (unsigned round = 0; round < 20000; round++) {
        seed = round;
        arena_reset(arena);
        struct ir_region *region = some_region(arena);
        struct machine start = {.nzcv = draw(16) << 28}, expected;
        for (unsigned i = 0; i < REGISTERS; i++)
            start.x[i] = draw(3) ? draw(100) : (uint64_t)draw(1u << 31) << draw(34);
        for (unsigned i = 0; i < STACK_WORDS; i++)
            start.stack[i] = i * 0x0101010101010101;
        expected = start;
        run(region, &expected, values);
        ir_print(region, before, sizeof before);
        region->seen |= IR_SEEN_UNFOLDED;
        for (unsigned i = 0; i < pass_count; i++) {
            struct machine got = start;
            passes[i].function(region, &context);
            ir_print(region, after, sizeof after);
            cr_assert_null(ir_verify(region, error, sizeof error), "after %s: %s\n%s\n%s", passes[i].name, error, before, after);
            run(region, &got, values);
            expect_same(&expected, &got, passes[i].name, before, after);
        }
    }
    arena_free(arena);
}
