/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a hot region keeps the guest's fields. Fields are counted over all pieces, weighed by how deep in loops a piece is. A pinned field
 * stays where it is unless another one is worth its register after what the swap costs at each way in and out.
 */
#include "translate/host/x86_64/hot.h"

#include "common/arena.h"

#include <string.h>

enum { FIELDS_MAXIMUM = 256, SPARE_TEMPORARIES = 4, WAYS_IN_AND_OUT = 2 };

/* What a vector field is put to: scalars of one width leave zeros above them. */
enum scalar { SCALAR_32 = 1, SCALAR_64 = 2, SCALAR_NOT = 4 };

struct tally {
    uint32_t uses[FIELDS_MAXIMUM];        /* weighed */
    bool is_put[FIELDS_MAXIMUM];
    uint8_t scalar[FIELDS_MAXIMUM];       /* bits of enum scalar */
    uint32_t crossings;                   /* weighed: how often layouts are changed */
    uint32_t vector_work;                 /* weighed: operations on vector registers */
};

static unsigned scalar_of(enum ir_type type) { return type == IR_F32 ? SCALAR_32 : type == IR_F64 ? SCALAR_64 : SCALAR_NOT; }

/* What can be said of what is put, in bits of enum scalar; none: it is zero above 32 bits, as good as either. */
static unsigned scalar_put(const struct ir_region *region, ir_ref value)
{
    const struct ir_insn *insn = ir_at(region, value);
    switch (insn->op) {
    case IR_vector_from_float:
        return scalar_of((enum ir_type)ir_at(region, insn->a)->type);
    case IR_load:
        return IR_MEM_SIZE(insn->mem) <= 2 ? 0 : IR_MEM_SIZE(insn->mem) == 3 ? SCALAR_64 : SCALAR_NOT;
    case IR_constant:
        return insn->imm ? SCALAR_NOT : 0;
    default:
        return SCALAR_NOT;
    }
}

static void count_insn(struct tally *tally, const struct ir_region *region, const struct ir_insn *insn, uint32_t weight)
{
    switch (insn->op) {
    case IR_get:
        tally->uses[insn->imm] += weight;
        break;
    case IR_put:
        tally->uses[insn->imm] += weight;
        tally->is_put[insn->imm] = true;
        tally->scalar[insn->imm] |= (uint8_t)scalar_put(region, insn->a);
        break;
    case IR_call: case IR_call_indirect:
        tally->crossings += 2 * weight;       /* out and in again */
        break;
    case IR_jump_indirect: case IR_return_to: case IR_trap:
        tally->crossings += weight;
        break;
    default:
        if (ir_type_is_vector_class(ir_result_type(insn)))
            tally->vector_work += weight;
        break;
    }
}

static void count_pieces(struct tally *tally, const struct hot_region *hot, const struct guest_isa *isa)
{
    memset(tally, 0, sizeof *tally);
    tally->crossings = WAYS_IN_AND_OUT;
    bool helper_writes = false;
    for (unsigned i = 0; i < hot->count; i++) {
        const struct ir_region *region = hot->pieces[i].source->region;
        for (ir_ref at = 0; at < region->count; at++) {
            const struct ir_insn *insn = ir_at(region, at);
            if (insn->note & IR_NOTE_REMOVED)
                continue;
            count_insn(tally, region, insn, hot->pieces[i].source->weight);
            helper_writes |= insn->op == IR_helper && isa->helpers[insn->imm & 0xffff].effects & HELPER_WRITES_STATE;
        }
    }
    if (helper_writes) {                      /* any field */
        memset(tally->is_put, 1, sizeof tally->is_put);
        memset(tally->scalar, SCALAR_NOT, sizeof tally->scalar);
    }
}

/* A field that is put as a scalar stays one, if it comes in as one. Those that are only read gain nothing worth a test. */
static bool choose_scalars(struct hot_region *hot, const struct tally *tally)
{
    uint8_t any = 0;
    for (uint32_t left = hot->vector_pinned; left; left &= left - 1) {
        unsigned field = hot->pin_field_vector[__builtin_ctz(left)];
        unsigned scalar = tally->scalar[field];
        if (tally->is_put[field] && (scalar == SCALAR_32 || scalar == SCALAR_64))
            any = hot->fields[field].zero_upper = scalar == SCALAR_32 ? 2 : 1;
    }
    return any;
}

/* -- choosing ---------------------------------------------------------------------------------------------------------------------- */

struct choice { struct hot_region *hot; const struct guest_isa *isa; const struct tally *tally; bool vector; };

static bool is_candidate(const struct choice *c, unsigned field)
{
    const struct guest_field *f = &c->isa->fields[field];
    return (c->vector ? f->type == IR_V128 : f->type == IR_I64) && c->hot->fields[field].pin < 0 && c->tally->uses[field];
}

static int best_outsider(const struct choice *c)
{
    int best = -1;
    for (unsigned i = 0; i < c->isa->field_count; i++)
        if (is_candidate(c, i) && (best < 0 || c->tally->uses[i] > c->tally->uses[best]))
            best = (int)i;
    return best;
}

static bool was_swapped(const struct hot_region *hot, int reg, bool vector)
{
    for (unsigned i = 0; i < hot->swap_count; i++)
        if (hot->swaps[i].reg == reg && hot->swaps[i].is_vector == vector)
            return true;
    return false;
}

/* The pinned register whose field is used least. */
static int worst_pin(const struct choice *c)
{
    uint32_t pinned = c->vector ? c->hot->vector_pinned : c->hot->integer_pinned;
    const uint16_t *fields = c->vector ? c->hot->pin_field_vector : c->hot->pin_field_integer;
    int worst = -1;
    for (uint32_t left = pinned; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        if (!was_swapped(c->hot, reg, c->vector) && (worst < 0 || c->tally->uses[fields[reg]] < c->tally->uses[fields[worst]]))
            worst = reg;
    }
    return worst;
}

static void unpin(const struct choice *c, int reg)
{
    uint16_t *fields = c->vector ? c->hot->pin_field_vector : c->hot->pin_field_integer;
    c->hot->fields[fields[reg]].pin = REG_NONE;
    c->hot->fields[fields[reg]].is_pinned = 0;
    fields[reg] = GUEST_NO_FIELD;
}

static void swap_pin(const struct choice *c, int reg, uint16_t inside)
{
    struct hot_region *hot = c->hot;
    uint16_t *fields = c->vector ? hot->pin_field_vector : hot->pin_field_integer;
    hot->swaps[hot->swap_count++] = (struct hot_swap){.outside = fields[reg], .inside = inside, .reg = (int8_t)reg, .is_vector = c->vector,
                                                      .is_changed = inside != GUEST_NO_FIELD && c->tally->is_put[inside]};
    unpin(c, reg);
    if (inside == GUEST_NO_FIELD) {
        *(c->vector ? &hot->vector_temporaries : &hot->integer_temporaries) |= 1u << reg;
        *(c->vector ? &hot->vector_pinned : &hot->integer_pinned) &= ~(1u << reg);
        return;
    }
    fields[reg] = inside;
    hot->fields[inside].pin = (int8_t)reg;
    hot->fields[inside].is_pinned = 1;
}

static void choose(const struct choice *c)
{
    for (;;) {
        int outsider = best_outsider(c), reg = worst_pin(c);
        if (outsider < 0 || reg < 0)
            return;
        uint16_t field = (c->vector ? c->hot->pin_field_vector : c->hot->pin_field_integer)[reg];
        if (c->tally->uses[outsider] <= c->tally->uses[field] + 2 * c->tally->crossings)
            return;
        swap_pin(c, reg, (uint16_t)outsider);
    }
}

/* Registers of fields that the region does not touch at all serve as temporaries where there is much to compute. */
static void choose_temporaries(const struct choice *c, uint32_t work)
{
    for (unsigned made = 0; made < SPARE_TEMPORARIES; made++) {
        int reg = worst_pin(c);
        if (reg < 0 || work < 8 * c->tally->crossings)
            return;
        if (c->tally->uses[(c->vector ? c->hot->pin_field_vector : c->hot->pin_field_integer)[reg]])
            return;
        swap_pin(c, reg, GUEST_NO_FIELD);
    }
}

bool hot_layout_choose(struct hot_region *hot, const struct guest_isa *isa)
{
    struct emitter *start = arena_allocate(hot->arena, sizeof *start);
    struct tally *tally = arena_allocate(hot->arena, sizeof *tally);
    layout_start(start);
    struct field_place *fields = arena_allocate(hot->arena, (isa->field_count + 1) * sizeof *fields);
    memcpy(fields, start->fields - 1, (isa->field_count + 1) * sizeof *fields);
    hot->fields = fields + 1;
    memcpy(hot->pin_field_integer, start->pin_field_integer, sizeof hot->pin_field_integer);
    memcpy(hot->pin_field_vector, start->pin_field_vector, sizeof hot->pin_field_vector);
    hot->integer_temporaries = start->integer_temporaries;
    hot->vector_temporaries = start->vector_temporaries;
    hot->integer_pinned = start->integer_pinned;
    hot->vector_pinned = start->vector_pinned;
    count_pieces(tally, hot, isa);
    choose(&(struct choice){hot, isa, tally, false});
    struct choice vectors = {hot, isa, tally, true};
    choose(&vectors);
    choose_temporaries(&vectors, tally->vector_work);
    bool has_scalars = choose_scalars(hot, tally);
    return hot->swap_count || has_scalars || tally->crossings <= WAYS_IN_AND_OUT;
}
