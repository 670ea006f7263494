/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loads and stores of general registers (Arm ARM DDI 0487, C4.1.94) and the addresses that all memory instructions share.
 * Registers change only after the last access, so that a fault finds them as they were.
 */
#include "translate/guest/aarch64/aarch64.h"

#define FRAME_POINTER 29

enum load_kind { LOAD_UNSIGNED, LOAD_SIGNED_64, LOAD_SIGNED_32 };   /* `kind` in base.decode */

/* -- addresses ------------------------------------------------------------------------------------------------------------- */

/* Top-byte ignore: the address proper is bits 55..0, sign-extended. */
ir_ref a64_without_tag(struct translator *t, ir_ref address)
{
    if (!(t->mode & GUEST_MODE_MASK_ADDRESSES)) {
        return address;
    }
    ir_ref shifted = ir_binary_imm(t->region, IR_shl, IR_I64, address, 8);
    return ir_binary_imm(t->region, IR_sar, IR_I64, shifted, 8);
}

static ir_ref sum(struct translator *t, const struct a64_address *address)
{
    ir_ref value = address->base;
    if (address->index != IR_NONE) {
        ir_ref index = address->index;
        index = address->scale ? ir_binary_imm(t->region, IR_shl, IR_I64, index, address->scale) : index;
        value = ir_binary(t->region, IR_add, IR_I64, value, index);
    }
    return address->displacement ? ir_binary_imm(t->region, IR_add, IR_I64, value, (uint64_t)address->displacement) : value;
}

static struct a64_address finished(struct translator *t, struct a64_address address)
{
    if (t->mode & GUEST_MODE_MASK_ADDRESSES) {
        ir_ref value = a64_without_tag(t, sum(t, &address));
        return (struct a64_address){.base = value, .index = IR_NONE, .note = address.note};
    }
    return address;
}

static struct a64_address at_base(struct translator *t, unsigned rn, ir_ref base, int64_t displacement)
{
    uint16_t note = rn == 31 || rn == FRAME_POINTER ? IR_MEM_STACK : 0;
    return finished(t, (struct a64_address){.base = base, .index = IR_NONE, .displacement = displacement, .note = note});
}

struct a64_address a64_address(struct translator *t, unsigned rn, int64_t displacement)
{
    return at_base(t, rn, a64_x_or_sp(t, rn), displacement);
}

struct a64_address a64_address_indexed(struct translator *t, unsigned rn, unsigned rm, unsigned option, unsigned shift)
{
    struct a64_address address = {.base = a64_x_or_sp(t, rn), .index = a64_x(t, rm), .scale = shift};
    if (rm == 31) {
        address.index = IR_NONE;
        address.scale = 0;
    } else if (option == 2 || option == 6) {
        address.index = ir_unary_lane(t->region, option == 2 ? IR_zero_extend : IR_sign_extend, IR_I64, LANE_32, address.index, 0);
    }
    return finished(t, address);
}

struct a64_address a64_address_literal(struct translator *t, int64_t offset)
{
    return (struct a64_address){.base = ir_guest_pc(t->region, t->pc + (uint64_t)offset), .index = IR_NONE};
}

ir_ref a64_address_value(struct translator *t, const struct a64_address *address) { return sum(t, address); }

ir_ref a64_load(struct translator *t, enum ir_type type, unsigned size_log2, unsigned flags, const struct a64_address *address)
{
    uint16_t mem = (uint16_t)(IR_MEM(size_log2, address->scale) | address->note | flags);
    return ir_load(t->region, type, mem, address->base, address->index, address->displacement);
}

void a64_store(struct translator *t, enum ir_type type, unsigned size_log2, unsigned flags, const struct a64_address *address, ir_ref value)
{
    uint16_t mem = (uint16_t)(IR_MEM(size_log2, address->scale) | address->note | flags);
    ir_store(t->region, type, mem, address->base, address->index, address->displacement, value);
}

void a64_advance(struct translator *t, unsigned rn, int64_t delta)
{
    a64_put_x_or_sp(t, rn, ir_binary_imm(t->region, IR_add, IR_I64, a64_x_or_sp(t, rn), (uint64_t)delta));
}

/* -- one register ---------------------------------------------------------------------------------------------------------- */

/* The 64-bit register value that a load leaves. */
static ir_ref load_value(struct translator *t, unsigned size, unsigned kind, const struct a64_address *address)
{
    if (kind == LOAD_SIGNED_32) {
        return a64_widen(t, 0, a64_load(t, IR_I32, size, IR_MEM_SIGNED, address));
    }
    return a64_load(t, IR_I64, size, kind == LOAD_SIGNED_64 ? IR_MEM_SIGNED : 0, address);
}

static bool load(struct translator *t, unsigned size, unsigned kind, unsigned rt, struct a64_address address)
{
    ir_ref value = load_value(t, size, kind, &address);
    a64_put_x(t, rt, value);
    return true;
}

static bool store(struct translator *t, unsigned size, unsigned rt, struct a64_address address)
{
    a64_store(t, IR_I64, size, 0, &address, a64_x(t, rt));
    return true;
}

bool aarch64_translate_load_scaled(struct translator *t, const struct aarch64_load_scaled_args *a)
{
    return load(t, a->size, a->kind, a->rt, a64_address(t, a->rn, (int64_t)a->imm << a->size));
}

bool aarch64_translate_store_scaled(struct translator *t, const struct aarch64_store_scaled_args *a)
{
    return store(t, a->size, a->rt, a64_address(t, a->rn, (int64_t)a->imm << a->size));
}

bool aarch64_translate_load_unscaled(struct translator *t, const struct aarch64_load_unscaled_args *a)
{
    return load(t, a->size, a->kind, a->rt, a64_address(t, a->rn, a->imm));
}

bool aarch64_translate_store_unscaled(struct translator *t, const struct aarch64_store_unscaled_args *a)
{
    return store(t, a->size, a->rt, a64_address(t, a->rn, a->imm));
}

bool aarch64_translate_load_register(struct translator *t, const struct aarch64_load_register_args *a)
{
    return load(t, a->size, a->kind, a->rt, a64_address_indexed(t, a->rn, a->rm, a->option, a->s ? a->size : 0));
}

bool aarch64_translate_store_register(struct translator *t, const struct aarch64_store_register_args *a)
{
    return store(t, a->size, a->rt, a64_address_indexed(t, a->rn, a->rm, a->option, a->s ? a->size : 0));
}

bool aarch64_translate_load_literal(struct translator *t, const struct aarch64_load_literal_args *a)
{
    return load(t, a->size, a->kind, a->rt, a64_address_literal(t, a->imm19));
}

/* -- write-back: the base is read once, before the transfer register may change it ----------------------------------------- */

static void put_advanced(struct translator *t, unsigned rn, ir_ref base, int64_t delta)
{
    a64_put_x_or_sp(t, rn, ir_binary_imm(t->region, IR_add, IR_I64, base, (uint64_t)delta));
}

static bool load_updating(struct translator *t, unsigned size, unsigned kind, unsigned rt, unsigned rn, int64_t offset, int64_t delta)
{
    ir_ref base = a64_x_or_sp(t, rn);
    struct a64_address address = at_base(t, rn, base, offset);
    a64_put_x(t, rt, load_value(t, size, kind, &address));
    put_advanced(t, rn, base, delta);
    return true;
}

static bool store_updating(struct translator *t, unsigned size, unsigned rt, unsigned rn, int64_t offset, int64_t delta)
{
    ir_ref base = a64_x_or_sp(t, rn);
    store(t, size, rt, at_base(t, rn, base, offset));
    put_advanced(t, rn, base, delta);
    return true;
}

bool aarch64_translate_load_post(struct translator *t, const struct aarch64_load_post_args *a)
{
    return load_updating(t, a->size, a->kind, a->rt, a->rn, 0, a->imm);
}

bool aarch64_translate_load_pre(struct translator *t, const struct aarch64_load_pre_args *a)
{
    return load_updating(t, a->size, a->kind, a->rt, a->rn, a->imm, a->imm);
}

bool aarch64_translate_store_post(struct translator *t, const struct aarch64_store_post_args *a)
{
    return store_updating(t, a->size, a->rt, a->rn, 0, a->imm);
}

bool aarch64_translate_store_pre(struct translator *t, const struct aarch64_store_pre_args *a)
{
    return store_updating(t, a->size, a->rt, a->rn, a->imm, a->imm);
}

/* -- pairs ----------------------------------------------------------------------------------------------------------------- */

enum pair_mode { PAIR_NO_ALLOCATE, PAIR_POST, PAIR_OFFSET, PAIR_PRE };

bool aarch64_translate_load_pair(struct translator *t, const struct aarch64_load_pair_args *a)
{
    unsigned size = a->sf ? 3 : 2;
    int64_t offset = a->imm * (1 << size);
    ir_ref base = a64_x_or_sp(t, a->rn);
    struct a64_address first = at_base(t, a->rn, base, a->mode == PAIR_POST ? 0 : offset);
    struct a64_address second = a64_address_plus(first, 1 << size);
    ir_ref low = load_value(t, size, a->kind, &first), high = load_value(t, size, a->kind, &second);
    a64_put_x(t, a->rt2, high);
    a64_put_x(t, a->rt, low);
    if (a->mode == PAIR_POST || a->mode == PAIR_PRE) {
        put_advanced(t, a->rn, base, offset);
    }
    return true;
}

bool aarch64_translate_store_pair(struct translator *t, const struct aarch64_store_pair_args *a)
{
    unsigned size = a->sf ? 3 : 2;
    int64_t offset = a->imm * (1 << size);
    ir_ref base = a64_x_or_sp(t, a->rn);
    struct a64_address first = at_base(t, a->rn, base, a->mode == PAIR_POST ? 0 : offset);
    struct a64_address second = a64_address_plus(first, 1 << size);
    a64_store(t, IR_I64, size, 0, &first, a64_x(t, a->rt));
    a64_store(t, IR_I64, size, 0, &second, a64_x(t, a->rt2));
    if (a->mode == PAIR_POST || a->mode == PAIR_PRE) {
        put_advanced(t, a->rn, base, offset);
    }
    return true;
}

/* A hint, which never faults. */
bool aarch64_translate_prefetch(struct translator *t, const struct aarch64_prefetch_args *a)
{
    (void)t;
    (void)a;
    return true;
}
