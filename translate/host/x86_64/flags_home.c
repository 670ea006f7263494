/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The flags field at the points where somebody outside may look: its canonical word in vcpu.flags at exits, and the recipes by
 * which snapshots and cold paths find it.
 */
#include "translate/host/x86_64/flags.h"
#include "translate/host/x86_64/vector.h"

#include <stddef.h>
#include <stdlib.h>

#define FLAGS_HOME state_operand(offsetof(struct vcpu, flags))

static void move_word(struct assembler *as, struct operand to, unsigned word)
{
    if (to.reg >= 0)
        asm_mov_imm(as, to.reg, word);
    else
        asm_mov_imm_store(as, 4, to, (int32_t)word);
}

/* After ucomis: above, unordered, equal, or what is left. The moves in between change no flags. */
static void word_from_float(struct assembler *as, unsigned above, unsigned below, struct operand to)
{
    uint32_t done[3];
    move_word(as, to, above);
    done[0] = asm_jcc_short(as, HOST_A);
    move_word(as, to, WORD_C | WORD_V);
    done[1] = asm_jcc_short(as, HOST_P);
    move_word(as, to, WORD_Z | WORD_C);
    done[2] = asm_jcc_short(as, HOST_E);
    move_word(as, to, below);
    for (int i = 0; i < 3; i++)
        asm_patch_short(as, done[i]);
}

void word_from_host(struct assembler *as, enum host_sense sense, struct operand to)
{
    if (sense == SENSE_FLOAT || sense == SENSE_FLOAT_SWAPPED) {
        bool swapped = sense == SENSE_FLOAT_SWAPPED;
        word_from_float(as, swapped ? WORD_N : WORD_C, swapped ? WORD_C : WORD_N, to);
        return;
    }
    if (sense == SENSE_SUB)
        asm_cmc(as);
    asm_lahf(as);
    asm_setcc(as, HOST_O, RAX);
    if (to.reg < 0)
        asm_mov_store(as, 4, to, RAX);
}

static void word_goes_home(struct emitter *e, enum host_sense sense)
{
    if (sense == SENSE_FLOAT || sense == SENSE_FLOAT_SWAPPED)
        word_from_host(&e->as, sense, FLAGS_HOME);
    else
        emit_piece(e, &e->pieces->flags_home[sense == SENSE_SUB]);
}

void flags_store_host(struct emitter *e, ir_ref token)
{
    (void)token;
    word_goes_home(e, e->host_sense);
}

void flags_go_home(struct emitter *e, ir_ref token)
{
    enum token_kind kind = token_kind(ir_at(e->region, token));
    uint32_t locked = e->integer_locked;
    if (kind == TOKEN_HOME)
        return;
    if (e->host_flags != token && (kind == TOKEN_WORD || kind == TOKEN_SAVED)) {
        asm_mov_store(&e->as, 4, FLAGS_HOME, use_integer(e, token));
        e->integer_locked = locked;
        return;
    }
    if (e->host_flags != token)
        flags_reload(e, token, -1);
    take_integer(e, RAX);
    word_goes_home(e, e->host_sense);
    if (e->host_sense == SENSE_SUB)
        e->host_sense = SENSE_ADD;            /* CF was turned round */
    e->integer_locked = locked;
}

/* -- recipes ---------------------------------------------------------------------------------------------------------------- */

static struct flags_place place_of(const struct emitter *e, ir_ref value)
{
    ir_ref root = alias_root(e, value);
    const struct value_state *s = &e->values[root];
    switch (s->kind) {
    case PLACE_INTEGER: case PLACE_VECTOR:
        return (struct flags_place){.operand = operand_reg(s->reg)};
    case PLACE_SPILL:
        return (struct flags_place){.operand = spill_operand(s->spill)};
    case PLACE_FIELD:
        return (struct flags_place){.operand = field_operand(e, s->home_field)};
    case PLACE_CONSTANT:
        return (struct flags_place){.operand = operand_reg(REG_NONE), .is_constant = true, .constant = ir_at(e->region, root)->imm};
    default:
        abort();                              /* an operand that died too early: the flags plan is wrong */
    }
}

struct flags_recipe flags_recipe_here(struct emitter *e)
{
    struct flags_recipe recipe;
    recipe.kind = RECIPE_HOME;                /* the rest is set where it is read */
    ir_ref token = e->state_flags;
    if (token == IR_NONE || token_kind(ir_at(e->region, token)) == TOKEN_HOME)
        return recipe;
    const struct ir_insn *insn = ir_at(e->region, token);
    const struct value_state *s = &e->values[token];
    recipe.type = insn->type;
    if (e->host_flags == token) {
        recipe.kind = RECIPE_HOST;
        recipe.sense = e->host_sense;
        return recipe;
    }
    if (s->last_use < e->current)
        return recipe;                        /* nobody reads these flags any more */
    if (token_kind(insn) == TOKEN_WORD || token_kind(insn) == TOKEN_SAVED) {
        recipe.kind = RECIPE_WORD;
        recipe.a = place_of(e, token);
        return recipe;
    }
    recipe.kind = RECIPE_OPERANDS;
    recipe.op = insn->op == IR_flags_float_signal ? IR_flags_float : insn->op;
    recipe.a = place_of(e, insn->a);
    recipe.b = place_of(e, insn->b);
    return recipe;
}

/* A register among rax rcx rdx that is neither place, and not `other`. */
static int spare_register(const struct flags_recipe *recipe, int other)
{
    for (int reg = RAX; reg <= RDX; reg++)
        if (reg != other && reg != recipe->a.operand.reg && reg != recipe->b.operand.reg)
            return reg;
    abort();
}

static int spare_vector(const struct flags_recipe *recipe, int other)
{
    for (int reg = XMM0; reg <= XMM3; reg++)
        if (reg != other && reg != recipe->a.operand.reg && reg != recipe->b.operand.reg)
            return reg;
    abort();
}

static enum host_sense compare_recipe(struct emitter *e, const struct flags_recipe *recipe)
{
    unsigned size = recipe->type == IR_I64 ? 8 : 4;
    int left = recipe->a.operand.reg;
    if (left < 0 || recipe->a.is_constant || recipe->op == IR_flags_add) {
        left = spare_register(recipe, REG_NONE);
        if (recipe->a.is_constant)
            asm_mov_imm(&e->as, left, recipe->a.constant);
        else
            asm_mov(&e->as, size, left, recipe->a.operand);
    }
    struct operand right = recipe->b.operand;
    if (recipe->b.is_constant) {
        right = operand_reg(spare_register(recipe, left));
        asm_mov_imm(&e->as, right.reg, recipe->b.constant);
    }
    return compare_registers(&e->as, recipe->op, size, left, right);
}

static int recipe_vector(struct emitter *e, const struct flags_recipe *recipe, const struct flags_place *place, int other)
{
    if (!place->is_constant && place->operand.reg >= 0)
        return place->operand.reg;
    int reg = spare_vector(recipe, other);
    if (place->is_constant)
        load_vector_constant(e, reg, recipe->type, place->constant);
    else
        asm_vector_load(&e->as, recipe->type == IR_F32 ? 4 : 8, reg, place->operand);
    return reg;
}

static enum host_sense compare_float_recipe(struct emitter *e, const struct flags_recipe *recipe)
{
    int left = recipe_vector(e, recipe, &recipe->a, REG_NONE);
    int right = recipe_vector(e, recipe, &recipe->b, left);
    asm_vector(&e->as, recipe->type == IR_F32 ? INSN_ucomiss : INSN_ucomisd, left, REG_NONE, operand_reg(right));
    return SENSE_FLOAT;
}

void cold_flags_go_home(struct emitter *e, const struct cold_path *cold)
{
    const struct flags_recipe *recipe = &cold->flags;
    switch (recipe->kind) {
    case RECIPE_HOST:
        word_goes_home(e, recipe->sense);
        break;
    case RECIPE_WORD:
        if (recipe->a.operand.reg >= 0) {
            asm_mov_store(&e->as, 4, FLAGS_HOME, recipe->a.operand.reg);
        } else {
            asm_mov(&e->as, 4, RAX, recipe->a.operand);
            asm_mov_store(&e->as, 4, FLAGS_HOME, RAX);
        }
        break;
    case RECIPE_OPERANDS:
        word_goes_home(e, recipe->op == IR_flags_float ? compare_float_recipe(e, recipe) : compare_recipe(e, recipe));
        break;
    default:
        break;
    }
}
