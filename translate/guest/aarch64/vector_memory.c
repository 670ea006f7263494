/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loads and stores of vector registers (Arm ARM C4.1, Loads and Stores). A fault leaves every register as it was: all loads come first,
 * then the registers, the base last.
 */
#include "translate/guest/aarch64/vector.h"

enum { POST_BY_SIZE = 31 };               /* Rm: the immediate form */

static void post_index(struct translator *t, unsigned post, unsigned rn, unsigned rm, unsigned bytes)
{
    if (!post) {
        return;
    }
    if (rm == POST_BY_SIZE) {
        a64_advance(t, rn, bytes);
    } else {
        a64_put_x_or_sp(t, rn, ir_binary(t->region, IR_add, IR_I64, a64_x_or_sp(t, rn), a64_x(t, rm)));
    }
}

/* -- structures: memory order <-> one register an element ------------------------------------------------------------------------ */
/* The half of `a` that counts as the upper one: registers of 8 bytes live in the low half. */
static ir_ref upper_half(struct translator *t, unsigned q, ir_ref a)
{
    return q ? vector_high(t, a) : vector_op_imm(t, IR_vector_shr, LANE_64, a, 32);
}

/* Three registers of n lanes hold element i of the structures at place i. One step interleaves the first half of the 3n elements with the
 * second one: i moves to 2i mod (3n - 1). After log2 n steps 3j + k is at nj·3 + nk = j + nk, where register k wants it. */
static void split_three(struct translator *t, unsigned lane, unsigned q, ir_ref v[3])
{
    for (unsigned lanes = (q ? 16u : 8u) >> lane; lanes > 1; lanes /= 2) {
        ir_ref a = v[0], b = v[1], c = v[2];
        v[0] = vector_op(t, IR_vector_zip_low, lane, a, upper_half(t, q, b));
        v[1] = vector_op(t, IR_vector_zip_low, lane, upper_half(t, q, a), c);
        v[2] = vector_op(t, IR_vector_zip_low, lane, b, upper_half(t, q, c));
    }
}
/* The same steps backwards. */
static void join_three(struct translator *t, unsigned lane, unsigned q, ir_ref v[3])
{
    for (unsigned lanes = (q ? 16u : 8u) >> lane; lanes > 1; lanes /= 2) {
        ir_ref a = v[0], b = v[1], c = v[2];
        if (q) {
            ir_ref middle = vector_op(t, IR_vector_unzip_even, lane, c, c);
            v[0] = vector_op(t, IR_vector_unzip_even, lane, a, b);
            v[1] = vector_op(t, IR_vector_combine, LANE_64, middle, vector_op(t, IR_vector_unzip_odd, lane, a, a));
            v[2] = vector_op(t, IR_vector_unzip_odd, lane, b, c);
        } else {
            ir_ref ab = vector_op(t, IR_vector_combine, LANE_64, a, b), bc = vector_op(t, IR_vector_combine, LANE_64, b, c);
            ir_ref ca = vector_op(t, IR_vector_combine, LANE_64, c, a), even = vector_op(t, IR_vector_unzip_even, lane, ca, ca);
            ir_ref odd = vector_op(t, IR_vector_unzip_odd, lane, ca, ca);
            v[0] = vector_op(t, IR_vector_unzip_even, lane, ab, ab);
            v[1] = ir_vector(t->region, IR_vector_insert_lane, LANE_32, even, odd, IR_NONE, 1 | 1 << 8);
            v[2] = vector_op(t, IR_vector_unzip_odd, lane, bc, bc);
        }
    }
}

/* v: what memory holds, in registers of 16 bytes for two and four of either size (q), of 8 or 16 bytes for three. */
static void split(struct translator *t, unsigned structure, unsigned lane, unsigned q, ir_ref v[4])
{
    if (structure == 3) {
        split_three(t, lane, q, v);
        return;
    }
    ir_ref a = v[0], b = q || structure == 4 ? v[1] : v[0];
    ir_ref even = vector_op(t, IR_vector_unzip_even, lane, a, b), odd = vector_op(t, IR_vector_unzip_odd, lane, a, b);
    if (structure == 4) {
        ir_ref even2 = even, odd2 = odd;
        if (q) {
            even2 = vector_op(t, IR_vector_unzip_even, lane, v[2], v[3]);
            odd2 = vector_op(t, IR_vector_unzip_odd, lane, v[2], v[3]);
        }
        v[0] = vector_op(t, IR_vector_unzip_even, lane, even, even2);
        v[1] = vector_op(t, IR_vector_unzip_even, lane, odd, odd2);
        v[2] = vector_op(t, IR_vector_unzip_odd, lane, even, even2);
        v[3] = vector_op(t, IR_vector_unzip_odd, lane, odd, odd2);
    } else {
        v[0] = even;
        v[1] = odd;
    }
}
static void join(struct translator *t, unsigned structure, unsigned lane, unsigned q, ir_ref v[4])
{
    if (structure == 3) {
        join_three(t, lane, q, v);
        return;
    }
    ir_ref a = v[0], b = v[1];
    if (structure == 4) {
        ir_ref even = vector_op(t, IR_vector_zip_low, lane, a, v[2]), odd = vector_op(t, IR_vector_zip_low, lane, b, v[3]);
        if (q) {
            ir_ref even2 = vector_op(t, IR_vector_zip_high, lane, a, v[2]), odd2 = vector_op(t, IR_vector_zip_high, lane, b, v[3]);
            v[2] = vector_op(t, IR_vector_zip_low, lane, even2, odd2);
            v[3] = vector_op(t, IR_vector_zip_high, lane, even2, odd2);
        }
        v[0] = vector_op(t, IR_vector_zip_low, lane, even, odd);
        v[1] = vector_op(t, IR_vector_zip_high, lane, even, odd);
    } else {
        v[0] = vector_op(t, IR_vector_zip_low, lane, a, b);
        v[1] = vector_op(t, IR_vector_zip_high, lane, a, b);
    }
}

/* How the bytes of a multiple-structure access are moved: two and four interleaved registers of 8 bytes as whole ones of 16. */
struct transfer { unsigned pieces, bytes_log2; };

static struct transfer transfer(unsigned registers, unsigned structure, unsigned q)
{
    bool pairs = !q && (structure == 2 || structure == 4);
    return (struct transfer){pairs ? registers / 2 : registers, q || pairs ? 4 : 3};
}

bool aarch64_translate_ld_multiple(struct translator *t, const struct aarch64_ld_multiple_args *a)
{
    if (a->structure > 1 && a->size == LANE_64 && !a->q) {
        return false;
    }
    struct transfer move = transfer(a->registers, a->structure, a->q);
    struct a64_address address = a64_address(t, a->rn, 0);
    ir_ref v[4];
    for (unsigned i = 0; i < move.pieces; i++) {
        struct a64_address place = a64_address_plus(address, (int64_t)i << move.bytes_log2);
        v[i] = a64_load(t, IR_V128, move.bytes_log2, 0, &place);
    }
    if (a->structure > 1) {
        split(t, a->structure, a->size, a->q, v);
    }
    for (unsigned i = 0; i < a->registers; i++) {
        a64_put_v(t, (a->rt + i) % 32, a->q || a->structure == 1 ? v[i] : vector_low(t, v[i]));
    }
    post_index(t, a->post, a->rn, a->rm, a->registers << (3 + a->q));
    return true;
}

bool aarch64_translate_st_multiple(struct translator *t, const struct aarch64_st_multiple_args *a)
{
    if (a->structure > 1 && a->size == LANE_64 && !a->q) {
        return false;
    }
    struct transfer move = transfer(a->registers, a->structure, a->q);
    struct a64_address address = a64_address(t, a->rn, 0);
    ir_ref v[4];
    for (unsigned i = 0; i < a->registers; i++) {
        v[i] = a64_v(t, (a->rt + i) % 32);
    }
    if (a->structure > 1) {
        join(t, a->structure, a->size, a->q, v);
    }
    for (unsigned i = 0; i < move.pieces; i++) {
        struct a64_address place = a64_address_plus(address, (int64_t)i << move.bytes_log2);
        a64_store(t, IR_V128, move.bytes_log2, 0, &place, v[i]);
    }
    post_index(t, a->post, a->rn, a->rm, a->registers << (3 + a->q));
    return true;
}

/* -- single structures ------------------------------------------------------------------------------------------------------------------ */
static unsigned single_lane(unsigned size, unsigned q, unsigned s, unsigned low)
{
    return (q << 3 | s << 2 | low << (size == LANE_16)) >> size;
}
static enum ir_type lane_type(unsigned size) { return size == LANE_64 ? IR_I64 : IR_I32; }

bool aarch64_translate_ld_single(struct translator *t, const struct aarch64_ld_single_args *a)
{
    unsigned lane = single_lane(a->size, a->q, a->s, a->low);
    struct a64_address address = a64_address(t, a->rn, 0);
    ir_ref v[4];
    for (unsigned i = 0; i < a->structure; i++) {
        struct a64_address place = a64_address_plus(address, (int64_t)i << a->size);
        v[i] = a64_load(t, lane_type(a->size), a->size, 0, &place);
    }
    for (unsigned i = 0; i < a->structure; i++) {
        unsigned n = (a->rt + i) % 32;
        a64_put_v(t, n, ir_vector(t->region, IR_vector_insert_int, (enum ir_lane)a->size, a64_v(t, n), v[i], IR_NONE, lane));
    }
    post_index(t, a->post, a->rn, a->rm, a->structure << a->size);
    return true;
}

bool aarch64_translate_st_single(struct translator *t, const struct aarch64_st_single_args *a)
{
    unsigned lane = single_lane(a->size, a->q, a->s, a->low);
    struct a64_address address = a64_address(t, a->rn, 0);
    for (unsigned i = 0; i < a->structure; i++) {
        ir_ref v = a64_v(t, (a->rt + i) % 32);
        ir_ref value = ir_unary_lane(t->region, IR_vector_get_lane, lane_type(a->size), (enum ir_lane)a->size, v, lane);
        struct a64_address place = a64_address_plus(address, (int64_t)i << a->size);
        a64_store(t, lane_type(a->size), a->size, 0, &place, value);
    }
    post_index(t, a->post, a->rn, a->rm, a->structure << a->size);
    return true;
}

bool aarch64_translate_ld_replicate(struct translator *t, const struct aarch64_ld_replicate_args *a)
{
    struct a64_address address = a64_address(t, a->rn, 0);
    ir_ref v[4];
    for (unsigned i = 0; i < a->structure; i++) {
        struct a64_address place = a64_address_plus(address, (int64_t)i << a->size);
        v[i] = a64_load(t, IR_V128, a->size, 0, &place);
    }
    for (unsigned i = 0; i < a->structure; i++) {
        shape_put(t, VECTOR_SHAPE(a), (a->rt + i) % 32, vector_op_imm(t, IR_vector_dup, a->size, v[i], 0));
    }
    post_index(t, a->post, a->rn, a->rm, a->structure << a->size);
    return true;
}

/* -- one register, and pairs -------------------------------------------------------------------------------------------------------------- */
static void load_register(struct translator *t, unsigned size, unsigned rt, struct a64_address address)
{
    a64_put_v(t, rt, a64_load(t, IR_V128, size, 0, &address));
}
static void store_register(struct translator *t, unsigned size, unsigned rt, struct a64_address address)
{
    a64_store(t, IR_V128, size, 0, &address, a64_v(t, rt));
}

/* Scales above 8 are no host's addressing mode. */
static struct a64_address register_address(struct translator *t, unsigned rn, unsigned rm, unsigned option, unsigned shift)
{
    struct a64_address address = a64_address_indexed(t, rn, rm, option, shift);
    if (address.index != IR_NONE && address.scale > 3) {
        address.index = ir_binary_imm(t->region, IR_shl, IR_I64, address.index, address.scale);
        address.scale = 0;
    }
    return address;
}

bool aarch64_translate_ldr_literal_vector(struct translator *t, const struct aarch64_ldr_literal_vector_args *a)
{
    load_register(t, a->size, a->rt, a64_address_literal(t, a->imm19));
    return true;
}

#define UNINDEXED(insn, access, address)                                                              \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        access(t, a->size, a->rt, address);                                                           \
        return true;                                                                                  \
    }
UNINDEXED(ldr_unscaled_vector, load_register, a64_address(t, a->rn, a->offset))
UNINDEXED(str_unscaled_vector, store_register, a64_address(t, a->rn, a->offset))
UNINDEXED(ldr_offset_vector, load_register, a64_address(t, a->rn, (int64_t)a->offset << a->size))
UNINDEXED(str_offset_vector, store_register, a64_address(t, a->rn, (int64_t)a->offset << a->size))
UNINDEXED(ldr_register_vector, load_register, register_address(t, a->rn, a->rm, a->option, a->shift ? a->size : 0))
UNINDEXED(str_register_vector, store_register, register_address(t, a->rn, a->rm, a->option, a->shift ? a->size : 0))

#define INDEXED(insn, access, displacement)                                                           \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        access(t, a->size, a->rt, a64_address(t, a->rn, displacement));                               \
        a64_advance(t, a->rn, a->offset);                                                             \
        return true;                                                                                  \
    }
INDEXED(ldr_post_vector, load_register, 0)
INDEXED(str_post_vector, store_register, 0)
INDEXED(ldr_pre_vector, load_register, a->offset)
INDEXED(str_pre_vector, store_register, a->offset)

enum pair_mode { PAIR_NO_ALLOCATE, PAIR_POST, PAIR_OFFSET, PAIR_PRE };

bool aarch64_translate_ldp_vector(struct translator *t, const struct aarch64_ldp_vector_args *a)
{
    int64_t offset = a->offset * (1 << a->size);
    struct a64_address first = a64_address(t, a->rn, a->mode == PAIR_POST ? 0 : offset), second = a64_address_plus(first, 1 << a->size);
    ir_ref low = a64_load(t, IR_V128, a->size, 0, &first), high = a64_load(t, IR_V128, a->size, 0, &second);
    a64_put_v(t, a->rt, low);
    a64_put_v(t, a->rt2, high);
    if (a->mode & 1) {
        a64_advance(t, a->rn, offset);
    }
    return true;
}
bool aarch64_translate_stp_vector(struct translator *t, const struct aarch64_stp_vector_args *a)
{
    int64_t offset = a->offset * (1 << a->size);
    struct a64_address first = a64_address(t, a->rn, a->mode == PAIR_POST ? 0 : offset), second = a64_address_plus(first, 1 << a->size);
    store_register(t, a->size, a->rt, first);
    store_register(t, a->size, a->rt2, second);
    if (a->mode & 1) {
        a64_advance(t, a->rn, offset);
    }
    return true;
}
