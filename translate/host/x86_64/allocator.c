/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The register allocator of the fast tier: one forward walk over a region's single block, after liveness.c has found the last use
 * of each value and where it will be put.
 *
 * A value's state is kept at the root of its aliases. It is in a register (a temporary of four, or a pinned register as long
 * as the guest field there is not put again), or it waits in memory (a spill slot, or the slot of an unpinned field that
 * holds the same value), or it is a constant. Registers are given up by farthest next use; a value that is also elsewhere
 * needs no store then. No move, load or store here changes EFLAGS.
 *
 * The two register files are handled by the same code; `struct file` says which one.
 */
#include "translate/host/x86_64/vector.h"

#include <stdlib.h>

/* One register file as the emitter sees it just now. */
struct file { ir_ref *value; uint32_t *locked; uint32_t temporaries; uint8_t kind; };

static inline struct file file_of(struct emitter *e, bool vector)
{
    if (vector)
        return (struct file){e->vector_value, &e->vector_locked, e->vector_temporaries, PLACE_VECTOR};
    return (struct file){e->integer_value, &e->integer_locked, e->integer_temporaries, PLACE_INTEGER};
}

static struct value_state *state_of(const struct emitter *e, ir_ref value) { return &e->values[e->values[value].root]; }

static bool is_vector_value(const struct emitter *e, ir_ref root)
{
    return ir_type_is_vector_class(ir_result_type(ir_at(e->region, root)));
}

static bool is_vector_field(const struct emitter *e, unsigned field)
{
    return e->fields[field].is_vector;
}

bool value_is_live_after(const struct emitter *e, ir_ref value) { return state_of(e, value)->last_use > e->current; }


bool constant_is_imm32(const struct ir_insn *constant, int32_t *imm)
{
    if (constant->note & IR_NOTE_GUEST_PC)
        return false;
    /* The upper half of an i32 does not count: any 32-bit pattern is its own sign extension there. */
    int64_t value = constant->type == IR_I64 ? (int64_t)constant->imm : (int32_t)constant->imm;
    *imm = (int32_t)value;
    return *imm == value && !ir_type_is_vector_class(constant->type);
}

/* -- moves, loads, stores ------------------------------------------------------------------------------------------ */

struct operand field_operand(const struct emitter *e, unsigned field) { return operand_mem(REG_STATE, e->fields[field].displacement); }
struct operand spill_operand(int slot) { return state_operand((unsigned)(offsetof(struct vcpu, spill) + 16u * (unsigned)slot)); }

static void move_register(struct emitter *e, bool vector, int to, int from)
{
    if (to == from)
        return;
    if (vector)
        asm_vector_move(&e->as, to, from);
    else
        asm_move(&e->as, to, from);
}

static void load_field(struct emitter *e, unsigned field, int reg)
{
    unsigned bytes = e->fields[field].bytes;
    if (is_vector_field(e, field))
        asm_vector_load(&e->as, bytes, reg, field_operand(e, field));
    else if (bytes < 4)
        asm_movzx(&e->as, bytes, reg, field_operand(e, field));
    else
        asm_encode_state(&e->as, FORM_1(0x8b) | form_width(bytes), reg, e->fields[field].displacement);
}

static void store_field(struct emitter *e, unsigned field, int reg)
{
    unsigned bytes = e->fields[field].bytes;
    if (is_vector_field(e, field))
        asm_vector_store(&e->as, bytes, field_operand(e, field), reg);
    else if (bytes >= 4)
        asm_encode_state(&e->as, FORM_1(0x89) | form_width(bytes), reg, e->fields[field].displacement);
    else
        asm_mov_store(&e->as, bytes, field_operand(e, field), reg);
}

static void store_spill(struct emitter *e, bool vector, int slot, int reg)
{
    if (vector)
        asm_vector(&e->as, INSN_movaps_store, reg, REG_NONE, spill_operand(slot));
    else
        asm_mov_store(&e->as, 8, spill_operand(slot), reg);
}

void emit_constant(struct emitter *e, ir_ref constant, int reg)
{
    const struct ir_insn *insn = ir_at(e->region, constant);
    uint64_t imm = insn->type == IR_I64 ? insn->imm : (uint32_t)insn->imm;
    asm_mov_imm(&e->as, reg, imm);
    if (insn->note & IR_NOTE_GUEST_PC) {
        unsigned size = imm == (uint32_t)imm || (int64_t)imm == (int32_t)imm ? 4 : 8;
        note_relocation(e, asm_offset(&e->as) - size, size, imm);
    }
}

static void load_constant(struct emitter *e, ir_ref root, int reg)
{
    const struct ir_insn *insn = ir_at(e->region, root);
    if (ir_type_is_vector_class(insn->type))
        load_vector_constant(e, reg, insn->type, insn->imm);
    else
        emit_constant(e, root, reg);
}

void allocator_load(struct emitter *e, ir_ref value, int reg)
{
    ir_ref root = alias_root(e, value);
    const struct value_state *s = &e->values[root];
    bool vector = is_vector_value(e, root);
    switch (s->kind) {
    case PLACE_INTEGER:
    case PLACE_VECTOR:
        move_register(e, vector, reg, s->reg);
        break;
    case PLACE_SPILL:
        if (vector)
            asm_vector(&e->as, INSN_movaps, reg, REG_NONE, spill_operand(s->spill));
        else
            asm_mov(&e->as, 8, reg, spill_operand(s->spill));
        break;
    case PLACE_FIELD:
        load_field(e, s->home_field, reg);
        break;
    case PLACE_CONSTANT:
        load_constant(e, root, reg);
        break;
    default:
        abort();                              /* read of a value that is dead: the liveness walk is wrong */
    }
}

/* -- giving registers up ------------------------------------------------------------------------------------------------ */

int allocator_spill_slot(struct emitter *e, ir_ref owner)
{
    for (int slot = 0; slot < VCPU_SPILL_SLOTS; slot++) {
        ir_ref other = e->spill_used >> slot & 1 ? e->spill_owner[slot] : IR_NONE;
        if (other != IR_NONE && e->values[other].last_use >= e->current)
            continue;
        e->spill_owner[slot] = owner;
        e->spill_used |= (uint64_t)1 << slot;
        return slot;
    }
    e->failed = true;                         /* more than 64 values wait at once: the engine retries with a shorter region */
    return 0;
}

/* The pinned register other than `except` that holds root too, or REG_NONE. */
static int other_pin_of(ir_ref root, const struct file *file, int except)
{
    for (int reg = 0; reg < 16; reg++)
        if (reg != except && file->value[reg] == root && !(file->temporaries >> reg & 1))
            return reg;
    return REG_NONE;
}

/* Whether the field slot that holds root is as good as a spill slot: narrow fields are not, their upper part is other data. */
static bool home_is_whole(const struct emitter *e, unsigned field)
{
    return field != GUEST_NO_FIELD && e->fields[field].bytes >= 8;
}

/* root leaves its register `reg` and stays available elsewhere. */
static void leave_register(struct emitter *e, struct file *file, ir_ref root, int reg)
{
    struct value_state *s = &e->values[root];
    int pin = other_pin_of(root, file, reg);
    if (ir_at(e->region, root)->op == IR_constant) {
        s->kind = PLACE_CONSTANT;
    } else if (pin != REG_NONE) {
        s->reg = (int8_t)pin;
        return;
    } else if (home_is_whole(e, s->home_field)) {
        s->kind = PLACE_FIELD;
    } else {
        if (s->spill < 0) {
            s->spill = (int8_t)allocator_spill_slot(e, root);
            store_spill(e, file->kind == PLACE_VECTOR, s->spill, reg);
        }
        s->kind = PLACE_SPILL;
    }
    s->reg = REG_NONE;
}

static inline bool holds_live_value(const struct emitter *e, const struct file *file, int reg)
{
    ir_ref root = file->value[reg];
    return root != IR_NONE && e->values[root].kind == file->kind && e->values[root].reg == reg && e->values[root].last_use >= e->current;
}

static void empty_register(struct emitter *e, struct file *file, int reg)
{
    if (file->kind == PLACE_VECTOR)
        float_test_before(e, 1u << reg);
    if (holds_live_value(e, file, reg))
        leave_register(e, file, file->value[reg], reg);
    file->value[reg] = IR_NONE;
}

static inline int free_temporary(const struct emitter *e, const struct file *file)
{
    for (uint32_t left = file->temporaries & ~*file->locked; left;) {
        int reg = 31 - __builtin_clz(left);   /* from the top: rax, rcx, rdx have fixed uses */
        if (!holds_live_value(e, file, reg))
            return reg;
        left &= ~(1u << reg);
    }
    return REG_NONE;
}

/* The next instruction that reads root, as far as one looks for it: victims are rare. */
static ir_ref next_use(const struct emitter *e, ir_ref root)
{
    enum { FAR = 64 };
    const struct ir_region *region = e->region;
    ir_ref end = e->values[root].last_use;
    if (end > e->current + FAR)
        end = e->current + FAR;
    for (ir_ref at = e->current + 1; at < end && at < region->count; at++) {
        const struct ir_insn *insn = &region->insns[at];
        unsigned operands = insn->note & IR_NOTE_REMOVED ? 0 : ir_op_info[insn->op].operands;
        if ((operands > 0 && insn->a < at && e->values[insn->a].root == root) || (operands > 1 && insn->b < at && e->values[insn->b].root == root) ||
            (operands > 2 && insn->c < at && e->values[insn->c].root == root))
            return at;
    }
    return end;
}

static int victim_temporary(const struct emitter *e, const struct file *file)
{
    int victim = REG_NONE;
    ir_ref farthest = 0;
    for (uint32_t left = file->temporaries & ~*file->locked; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        ir_ref next = next_use(e, file->value[reg]);
        if (victim == REG_NONE || next > farthest) {
            victim = reg;
            farthest = next;
        }
    }
    return victim;
}

static __attribute__((noinline, cold)) int take_victim(struct emitter *e, bool vector)
{
    struct file file = file_of(e, vector);
    int reg = victim_temporary(e, &file);
    if (reg == REG_NONE)
        abort();                              /* an emitter holds more registers than there are: its own mistake */
    empty_register(e, &file, reg);
    return reg;
}

/* An empty temporary, locked. */
static inline int take_temporary(struct emitter *e, struct file *file)
{
    int reg = free_temporary(e, file);
    if (__builtin_expect(reg == REG_NONE, 0))
        reg = take_victim(e, file->kind == PLACE_VECTOR);
    else if (file->kind == PLACE_VECTOR)
        float_test_before(e, 1u << reg);
    file->value[reg] = IR_NONE;
    *file->locked |= 1u << reg;
    return reg;
}

int scratch_integer(struct emitter *e)
{
    struct file file = file_of(e, false);
    return take_temporary(e, &file);
}

int scratch_vector(struct emitter *e)
{
    struct file file = file_of(e, true);
    return take_temporary(e, &file);
}

unsigned free_integer_count(const struct emitter *e) { return (unsigned)__builtin_popcount(e->integer_temporaries & ~e->integer_locked); }

/* root moves from its temporary to another one if there is a free one, else to memory. */
static void move_away(struct emitter *e, struct file *file, int reg)
{
    if (holds_live_value(e, file, reg)) {
        ir_ref root = file->value[reg];
        struct value_state *s = &e->values[root];
        int other = ir_at(e->region, root)->op == IR_constant || s->spill >= 0 ? REG_NONE : free_temporary(e, file);
        if (other != REG_NONE && other != reg) {
            move_register(e, file->kind == PLACE_VECTOR, other, reg);
            s->reg = (int8_t)other;
            file->value[other] = root;
        } else {
            leave_register(e, file, root, reg);
        }
    }
    file->value[reg] = IR_NONE;
}

void take_integer(struct emitter *e, int reg)
{
    struct file file = file_of(e, false);
    e->integer_locked |= 1u << reg;
    move_away(e, &file, reg);
}

/* The guest field pinned in `pin` gets a new value: whoever reads the old one later gets it elsewhere first. */
static void displace_pin(struct emitter *e, struct file *file, int pin)
{
    if (file->kind == PLACE_VECTOR)
        float_test_before(e, 1u << pin);
    ir_ref root = file->value[pin];
    file->value[pin] = IR_NONE;
    if (root == IR_NONE)
        return;
    struct value_state *s = &e->values[root];
    if (s->kind != file->kind || s->reg != pin || s->last_use <= e->current)
        return;
    int free = ir_at(e->region, root)->op == IR_constant || s->spill >= 0 || home_is_whole(e, s->home_field) ||
                       other_pin_of(root, file, pin) != REG_NONE
                   ? REG_NONE
                   : free_temporary(e, file);
    if (free == REG_NONE) {
        leave_register(e, file, root, pin);
        return;
    }
    move_register(e, file->kind == PLACE_VECTOR, free, pin);
    s->reg = (int8_t)free;
    file->value[free] = root;
}

/* -- operands --------------------------------------------------------------------------------------------------------- */

static int use_register(struct emitter *e, ir_ref value, bool vector)
{
    struct file file = file_of(e, vector);
    ir_ref root = alias_root(e, value);
    struct value_state *s = &e->values[root];
    if (s->kind != file.kind) {
        int reg = take_temporary(e, &file);
        allocator_load(e, root, reg);
        if (s->kind == PLACE_FIELD && !home_is_whole(e, s->home_field)) {
            e->field_value[s->home_field] = IR_NONE;
            s->home_field = GUEST_NO_FIELD;
            s->zero_extended = 1;
        }
        if (s->kind == PLACE_CONSTANT)
            s->zero_extended = ir_at(e->region, root)->type == IR_I32;
        s->kind = file.kind;
        s->reg = (int8_t)reg;
        file.value[reg] = root;
    }
    *file.locked |= 1u << s->reg;
    return s->reg;
}

int use_integer_elsewhere(struct emitter *e, ir_ref value) { return use_register(e, value, false); }
int use_vector(struct emitter *e, ir_ref value) { return use_register(e, value, true); }

/* How many operands of the current instruction are this value. */
static unsigned operand_count(const struct emitter *e, ir_ref root)
{
    const struct ir_insn *insn = ir_at(e->region, e->current);
    unsigned operands = ir_op_info[insn->op].operands, count = 0;
    if (operands > 0 && insn->a != IR_NONE && alias_root(e, insn->a) == root)
        count++;
    if (operands > 1 && insn->b != IR_NONE && alias_root(e, insn->b) == root)
        count++;
    if (operands > 2 && insn->c != IR_NONE && alias_root(e, insn->c) == root)
        count++;
    return count;
}

/* A temporary with the bits of root, which stays where it is. */
static int load_copy(struct emitter *e, struct file *file, ir_ref root)
{
    const struct value_state *s = &e->values[root];
    uint32_t before = *file->locked;
    if (s->kind == file->kind)
        *file->locked |= 1u << s->reg;        /* it must not be the victim */
    int reg = take_temporary(e, file);
    allocator_load(e, root, reg);
    *file->locked = before | 1u << reg;
    return reg;
}

static int use_copy(struct emitter *e, ir_ref value, bool vector)
{
    struct file file = file_of(e, vector);
    ir_ref root = alias_root(e, value);
    struct value_state *s = &e->values[root];
    bool is_temporary = s->kind == file.kind && file.temporaries >> s->reg & 1;
    if (is_temporary && s->last_use <= e->current && !(*file.locked >> s->reg & 1) && operand_count(e, root) == 1) {
        int reg = s->reg;
        *file.locked |= 1u << reg;
        file.value[reg] = IR_NONE;
        s->kind = PLACE_NONE;
        return reg;
    }
    return load_copy(e, &file, root);
}

int use_integer_copy(struct emitter *e, ir_ref value) { return use_copy(e, value, false); }
int use_vector_copy(struct emitter *e, ir_ref value) { return use_copy(e, value, true); }

void use_integer_in(struct emitter *e, ir_ref value, int reg)
{
    struct file file = file_of(e, false);
    struct value_state *s = state_of(e, value);
    bool is_there = s->kind == PLACE_INTEGER && s->reg == reg;
    if (is_there && s->last_use <= e->current && operand_count(e, alias_root(e, value)) == 1) {
        e->integer_locked |= 1u << reg;
        file.value[reg] = IR_NONE;
        s->kind = PLACE_NONE;
        return;
    }
    take_integer(e, reg);                     /* moves it away when it is there: the bits stay in reg too */
    if (!is_there)
        allocator_load(e, value, reg);
}

struct operand use_operand_elsewhere(struct emitter *e, ir_ref value)
{
    ir_ref root = alias_root(e, value);
    const struct value_state *s = &e->values[root];
    if (s->kind == PLACE_SPILL)
        return spill_operand(s->spill);
    /* The slot of a narrow field is only good for its own width. */
    if (s->kind == PLACE_FIELD && (home_is_whole(e, s->home_field) || ir_result_type(ir_at(e->region, value)) == e->isa->fields[s->home_field].type))
        return field_operand(e, s->home_field);
    return operand_reg(use_register(e, root, is_vector_value(e, root)));
}

/* -- results ------------------------------------------------------------------------------------------------------------ */

static inline void bind(struct emitter *e, struct file *file, ir_ref self, int reg)
{
    if (file->kind == PLACE_VECTOR)
        float_test_before(e, 1u << reg);
    ir_ref old = file->value[reg];
    if (old != IR_NONE && old != self && e->values[old].kind == file->kind && e->values[old].reg == reg)
        e->values[old].kind = PLACE_NONE;
    struct value_state *s = &e->values[self];
    s->kind = file->kind;
    s->reg = (int8_t)reg;
    file->value[reg] = self;
    *file->locked |= 1u << reg;
}

/* The pinned register that self should be computed in, or REG_NONE. */
static int target_pin(const struct emitter *e, ir_ref self, bool vector)
{
    uint16_t field = e->values[self].target_field;
    if (field == GUEST_NO_FIELD || is_vector_field(e, field) != vector)
        return REG_NONE;
    return e->fields[field].pin;
}

/* A temporary whose value is an operand that dies here, or REG_NONE. */
static int dying_temporary(const struct emitter *e, const struct file *file)
{
    for (uint32_t left = file->temporaries & *file->locked; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        ir_ref root = file->value[reg];
        if (root != IR_NONE && e->values[root].kind == file->kind && e->values[root].reg == reg && e->values[root].last_use <= e->current &&
            root != e->current)
            return reg;
    }
    return REG_NONE;
}

static inline int define(struct emitter *e, ir_ref self, bool vector, bool early)
{
    struct file file = file_of(e, vector);
    int reg = target_pin(e, self, vector);
    if (reg != REG_NONE && !(early && *file.locked >> reg & 1)) {
        displace_pin(e, &file, reg);
    } else {
        reg = early ? REG_NONE : dying_temporary(e, &file);
        if (reg == REG_NONE)
            reg = take_temporary(e, &file);
    }
    bind(e, &file, self, reg);
    return reg;
}

static __attribute__((noinline)) int define_slowly(struct emitter *e, ir_ref self) { return define(e, self, false, false); }
int define_integer(struct emitter *e, ir_ref self)
{
    struct value_state *s = &e->values[self];
    const struct field_place *field = &e->fields[s->target_field];
    if (s->target_field == GUEST_NO_FIELD || field->is_vector)
        return define_slowly(e, self);
    int pin = field->pin;                     /* the usual case: nobody needs the old value any more */
    ir_ref old = e->integer_value[pin];
    if (old != IR_NONE && e->values[old].last_use > e->current)
        return define_slowly(e, self);
    e->integer_value[pin] = self;
    e->integer_locked |= 1u << pin;
    s->kind = PLACE_INTEGER;
    s->reg = (int8_t)pin;
    return pin;
}
int define_integer_early(struct emitter *e, ir_ref self) { return define(e, self, false, true); }
int define_vector(struct emitter *e, ir_ref self) { return define(e, self, true, false); }
int define_vector_early(struct emitter *e, ir_ref self) { return define(e, self, true, true); }

/* Whether root's own register may be overwritten with a result: it is a temporary and nobody reads it later or beside this use. */
static bool can_take_over(const struct emitter *e, const struct file *file, ir_ref root)
{
    const struct value_state *s = &e->values[root];
    return s->kind == file->kind && file->temporaries >> s->reg & 1 && s->last_use <= e->current && operand_count(e, root) <= 1;
}

static int define_copy(struct emitter *e, ir_ref self, ir_ref source, bool vector)
{
    struct file file = file_of(e, vector);
    ir_ref root = alias_root(e, source);
    struct value_state *s = &e->values[root];
    int pin = target_pin(e, self, vector);
    bool source_in_pin = pin != REG_NONE && s->kind == file.kind && s->reg == pin;
    bool pin_is_other_operand = pin != REG_NONE && *file.locked >> pin & 1 && (!source_in_pin || operand_count(e, root) > 1);
    int reg;
    if (pin != REG_NONE && !pin_is_other_operand) {
        if (s->kind == file.kind)
            *file.locked |= 1u << s->reg;
        displace_pin(e, &file, pin);
        if (!source_in_pin)
            allocator_load(e, root, pin);
        reg = pin;
    } else if (can_take_over(e, &file, root)) {
        reg = s->reg;
    } else {
        reg = load_copy(e, &file, root);
    }
    bind(e, &file, self, reg);
    return reg;
}

int define_integer_copy(struct emitter *e, ir_ref self, ir_ref source) { return define_copy(e, self, source, false); }
int define_vector_copy(struct emitter *e, ir_ref self, ir_ref source) { return define_copy(e, self, source, true); }

void define_integer_in(struct emitter *e, ir_ref self, int reg)
{
    struct file file = file_of(e, false);
    bind(e, &file, self, reg);
}

void define_alias(struct emitter *e, ir_ref self, ir_ref source)
{
    ir_ref root = alias_root(e, source);
    struct value_state *s = &e->values[self], *r = &e->values[root];
    if (s->last_use > r->last_use)
        r->last_use = s->last_use;
    s->root = root;
}

/* -- guest fields --------------------------------------------------------------------------------------------------------- */

void allocator_get(struct emitter *e, ir_ref self, unsigned field)
{
    struct value_state *s = &e->values[self];
    int pin = e->fields[field].pin;
    bool vector = is_vector_field(e, field);
    struct file file = file_of(e, vector);
    ir_ref current = pin >= 0 ? file.value[pin] : e->field_value[field];
    if (current != IR_NONE && e->values[current].last_use >= e->current && e->values[current].kind != PLACE_NONE) {
        define_alias(e, self, current);
    } else if (pin >= 0) {
        s->kind = file.kind;
        s->reg = (int8_t)pin;
        s->zero_upper = e->fields[field].zero_upper;
        file.value[pin] = self;
    } else {
        s->kind = PLACE_FIELD;
        s->home_field = (uint16_t)field;
        e->field_value[field] = self;
    }
}

static void put_pinned(struct emitter *e, int pin, ir_ref value, bool vector)
{
    struct file file = file_of(e, vector);
    ir_ref root = alias_root(e, value);
    struct value_state *s = &e->values[root];
    if (file.value[pin] == root)
        return;
    if (vector)
        float_test_before(e, ~0u);            /* what is copied or stored is final */
    if (s->kind == file.kind)
        *file.locked |= 1u << s->reg;
    displace_pin(e, &file, pin);
    allocator_load(e, root, pin);
    file.value[pin] = root;
    bool is_elsewhere_pinned = s->kind == file.kind && !(file.temporaries >> s->reg & 1);
    if (is_elsewhere_pinned)
        return;
    if (s->kind == file.kind)
        file.value[s->reg] = IR_NONE;         /* the temporary is free: the value lives in the pinned register now */
    s->kind = file.kind;
    s->reg = (int8_t)pin;
}

/* The slot of an unpinned field is about to be overwritten. */
static void displace_field(struct emitter *e, unsigned field)
{
    ir_ref root = e->field_value[field];
    if (root == IR_NONE)
        return;
    struct value_state *s = &e->values[root];
    e->field_value[field] = IR_NONE;
    if (s->home_field != field)
        return;
    if (s->kind == PLACE_FIELD && s->last_use > e->current) {
        struct file file = file_of(e, is_vector_field(e, field));
        uint32_t before = *file.locked;
        use_register(e, root, is_vector_field(e, field));
        *file.locked = before;
    }
    s->home_field = GUEST_NO_FIELD;
    if (s->kind == PLACE_FIELD)
        s->kind = PLACE_NONE;
}

static void put_unpinned(struct emitter *e, unsigned field, ir_ref value, bool vector)
{
    ir_ref root = alias_root(e, value);
    struct value_state *s = &e->values[root];
    unsigned bytes = e->fields[field].bytes;
    int32_t imm;
    if (e->field_value[field] == root && s->home_field == field)
        return;
    if (s->kind == PLACE_CONSTANT && !vector && constant_is_imm32(ir_at(e->region, root), &imm)) {
        displace_field(e, field);
        asm_mov_imm_store(&e->as, bytes, field_operand(e, field), imm);
        return;
    }
    if (vector)
        float_test_before(e, ~0u);
    int reg = vector ? use_register(e, root, vector) : use_integer(e, root);
    displace_field(e, field);
    store_field(e, field, reg);
    if (s->home_field == GUEST_NO_FIELD && home_is_whole(e, field)) {
        s->home_field = (uint16_t)field;
        e->field_value[field] = root;
    }
}

void allocator_put(struct emitter *e, unsigned field, ir_ref value)
{
    int pin = e->fields[field].pin;
    bool vector = is_vector_field(e, field);
    if (pin >= 0)
        put_pinned(e, pin, value, vector);
    else
        put_unpinned(e, field, value, vector);
}

/* -- calls of C ------------------------------------------------------------------------------------------------------------- */

static void save_for_call(struct emitter *e, struct file *file, int reg)
{
    ir_ref root = file->value[reg];
    if (root == IR_NONE || e->values[root].kind != file->kind || e->values[root].reg != reg)
        return;
    /* What dies here and is no operand is there for the flags of this call's snapshot. */
    ir_ref last_use = e->values[root].last_use;
    if (last_use > e->current || (last_use == e->current && operand_count(e, root) == 0))
        leave_register(e, file, root, reg);
    file->value[reg] = IR_NONE;
}

static void save_fields_for_call(struct emitter *e, bool vector)
{
    struct file file = file_of(e, vector);
    for (uint32_t left = vector ? e->vector_pinned : e->integer_pinned; left; left &= left - 1) {
        int reg = __builtin_ctz(left);
        ir_ref root = file.value[reg];
        file.value[reg] = IR_NONE;            /* first: another pin of the same value is no refuge */
        if (root == IR_NONE || e->values[root].kind != file.kind || e->values[root].reg != reg || e->values[root].last_use <= e->current)
            continue;
        for (int other = 0; other < 16; other++)
            if (file.value[other] == root)
                file.value[other] = IR_NONE;
        leave_register(e, &file, root, reg);
    }
}

void allocator_before_call(struct emitter *e, bool writes_state)
{
    struct file integers = file_of(e, false), vectors = file_of(e, true);
    if (writes_state)
        for (unsigned field = 0; field < e->isa->field_count; field++)
            displace_field(e, field);         /* loads what is still needed, to be spilled below */
    for (uint32_t left = e->integer_temporaries; left; left &= left - 1)
        save_for_call(e, &integers, __builtin_ctz(left));
    for (uint32_t left = e->vector_temporaries; left; left &= left - 1)
        save_for_call(e, &vectors, __builtin_ctz(left));
    if (writes_state) {
        save_fields_for_call(e, false);
        save_fields_for_call(e, true);
    }
}

void allocator_after_call(struct emitter *e)
{
    e->integer_locked = e->vector_locked = 0;
    host_flags_clobbered(e);
}
