/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group crypto: rounds of AES (FIPS 197) and SHA-1, SHA-256 (FIPS 180-4) on vectors as the Arm instructions lay them out
 * (Arm ARM, shared/functions/crypto). AES columns are consecutive bytes; word 0 of a SHA vector is lane 0.
 */
#include "translate/host/interpreter/interpreter.h"

#include "translate/host/aes_tables.h"

static union vector128 exclusive_or(const union vector128 *a, const union vector128 *b)
{
    return (union vector128){.u64 = {a->u64[0] ^ b->u64[0], a->u64[1] ^ b->u64[1]}};
}

/* Row r of the state moves left by r columns. */
void interpret_aes_encrypt(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    union vector128 state = exclusive_or(value_of(in, insn->a), value_of(in, insn->b));
    for (unsigned column = 0; column < 4; column++)
        for (unsigned row = 0; row < 4; row++)
            result->u8[4 * column + row] = aes_sbox[state.u8[4 * ((column + row) & 3) + row]];
}

void interpret_aes_decrypt(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    union vector128 state = exclusive_or(value_of(in, insn->a), value_of(in, insn->b));
    for (unsigned column = 0; column < 4; column++)
        for (unsigned row = 0; row < 4; row++)
            result->u8[4 * ((column + row) & 3) + row] = aes_inverse_sbox[state.u8[4 * column + row]];
}

/* The product in the field of FIPS 197 section 4.2. */
static uint8_t field_multiply(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (; b; b >>= 1) {
        if (b & 1)
            product ^= a;
        a = a << 1 ^ (a & 0x80 ? 0x11b : 0);
    }
    return (uint8_t)product;
}

/* Every column times the polynomial whose coefficients are factors[0..3], lowest first. */
static void mix_columns(const union vector128 *state, const uint8_t factors[4], union vector128 *result)
{
    for (unsigned column = 0; column < 16; column += 4)
        for (unsigned row = 0; row < 4; row++) {
            uint8_t sum = 0;
            for (unsigned k = 0; k < 4; k++)
                sum ^= field_multiply(state->u8[column + k], factors[(row - k) & 3]);
            result->u8[column + row] = sum;
        }
}

void interpret_aes_mix(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    static const uint8_t factors[4] = {2, 1, 1, 3};
    mix_columns(value_of(in, insn->a), factors, result);
}

void interpret_aes_inverse_mix(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    static const uint8_t factors[4] = {14, 9, 13, 11};
    mix_columns(value_of(in, insn->a), factors, result);
}

/* -- SHA -------------------------------------------------------------------------------------------------------------------- */

static uint32_t rotate_left(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
static uint32_t rotate_right(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }
static uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return ((y ^ z) & x) ^ z; }
static uint32_t parity(uint32_t x, uint32_t y, uint32_t z) { return x ^ y ^ z; }
static uint32_t majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | ((x | y) & z); }

void interpret_sha1_rounds(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    static uint32_t (*const functions[3])(uint32_t, uint32_t, uint32_t) = {choose, parity, majority};
    union vector128 x = *value_of(in, insn->a);
    const union vector128 *words = value_of(in, insn->c);
    uint32_t e = value_of(in, insn->b)->u32[0];
    for (unsigned i = 0; i < 4; i++) {
        uint32_t a = e + rotate_left(x.u32[0], 5) + functions[insn->cond](x.u32[1], x.u32[2], x.u32[3]) + words->u32[i];
        e = x.u32[3];
        x = (union vector128){.u32 = {a, x.u32[0], rotate_left(x.u32[1], 30), x.u32[2]}};
    }
    *result = x;
}

void interpret_sha1_schedule_first(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b), *c = value_of(in, insn->c);
    result->u64[0] = a->u64[1] ^ a->u64[0] ^ c->u64[0];
    result->u64[1] = b->u64[0] ^ a->u64[1] ^ c->u64[1];
}

void interpret_sha1_schedule_second(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b);
    for (unsigned i = 0; i < 3; i++)
        result->u32[i] = rotate_left(a->u32[i] ^ b->u32[i + 1], 1);
    result->u32[3] = rotate_left(a->u32[3], 1) ^ rotate_left(a->u32[0] ^ b->u32[1], 2);
}

/* Four rounds on x = abcd and y = efgh. */
static void sha256_four_rounds(union vector128 *x, union vector128 *y, const union vector128 *words)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t e = y->u32[0], a = x->u32[0];
        uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t t = y->u32[3] + sum1 + choose(e, y->u32[1], y->u32[2]) + words->u32[i];
        uint32_t new_e = t + x->u32[3], new_a = t + sum0 + majority(a, x->u32[1], x->u32[2]);
        *x = (union vector128){.u32 = {new_a, x->u32[0], x->u32[1], x->u32[2]}};
        *y = (union vector128){.u32 = {new_e, y->u32[0], y->u32[1], y->u32[2]}};
    }
}

/* SHA256H has abcd first and gives it back; SHA256H2 has efgh first. */
void interpret_sha256_rounds(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    union vector128 first = *value_of(in, insn->a), second = *value_of(in, insn->b);
    if (insn->cond)
        sha256_four_rounds(&second, &first, value_of(in, insn->c));
    else
        sha256_four_rounds(&first, &second, value_of(in, insn->c));
    *result = first;
}

void interpret_sha256_schedule_first(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b);
    for (unsigned i = 0; i < 4; i++) {
        uint32_t w = i < 3 ? a->u32[i + 1] : b->u32[0];
        result->u32[i] = a->u32[i] + (rotate_right(w, 7) ^ rotate_right(w, 18) ^ w >> 3);
    }
}

void interpret_sha256_schedule_second(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    const union vector128 *a = value_of(in, insn->a), *b = value_of(in, insn->b), *c = value_of(in, insn->c);
    for (unsigned i = 0; i < 4; i++) {
        uint32_t w = i < 2 ? c->u32[i + 2] : result->u32[i - 2];
        uint32_t seventh = i < 3 ? b->u32[i + 1] : c->u32[0];
        result->u32[i] = a->u32[i] + seventh + (rotate_right(w, 17) ^ rotate_right(w, 19) ^ w >> 10);
    }
}
