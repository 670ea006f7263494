/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AES rounds (FIPS 197), SHA-1 and SHA-256 steps (FIPS 180-4), carry-less products and shifts by lane in plain C. The state of AES is in
 * byte order, column by column, as both Arm and Intel keep it.
 */
#include "translate/host/x86_64/vector_cold.h"

#include "translate/host/aes_tables.h"

static void aes_substitute(const union vector128 *a, const union vector128 *b, bool inverse, union vector128 *result)
{
    /* ShiftRows moves row r left by r columns; the inverse right. */
    for (unsigned i = 0; i < 16; i++) {
        unsigned row = i & 3, column = (i >> 2) + (inverse ? 4 - row : row);
        unsigned from = row + 4 * (column & 3);
        uint8_t byte = a->u8[from] ^ b->u8[from];
        result->u8[i] = inverse ? aes_inverse_sbox[byte] : aes_sbox[byte];
    }
}

/* The product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
static uint8_t aes_multiply(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (; b != 0; b >>= 1) {
        if (b & 1)
            product ^= a;
        a = a << 1 ^ (a & 0x80 ? 0x11b : 0);
    }
    return (uint8_t)product;
}

static void aes_mix_columns(const union vector128 *a, const uint8_t factors[4], union vector128 *result)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned column = i & ~3u, row = i & 3;
        uint8_t sum = 0;
        for (unsigned j = 0; j < 4; j++)
            sum ^= aes_multiply(a->u8[column + j], factors[(j - row) & 3]);
        result->u8[i] = sum;
    }
}

static uint32_t rotate_left(uint32_t value, unsigned count) { return value << count | value >> (32 - count); }
static uint32_t rotate_right(uint32_t value, unsigned count) { return value >> count | value << (32 - count); }
static uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return ((y ^ z) & x) ^ z; }
static uint32_t majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | ((x | y) & z); }

static uint32_t sha1_function(unsigned kind, uint32_t x, uint32_t y, uint32_t z)
{
    return kind == 0 ? choose(x, y, z) : kind == 1 ? x ^ y ^ z : majority(x, y, z);
}

static void sha1_rounds(unsigned kind, const union vector128 v[3], union vector128 *result)
{
    uint32_t a = v[0].u32[0], b = v[0].u32[1], c = v[0].u32[2], d = v[0].u32[3], e = v[1].u32[0];
    for (unsigned i = 0; i < 4; i++) {
        uint32_t next = e + rotate_left(a, 5) + sha1_function(kind, b, c, d) + v[2].u32[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    *result = (union vector128){.u32 = {a, b, c, d}};
}

static void sha1_schedule_second(const union vector128 v[3], union vector128 *result)
{
    uint32_t t[4];
    for (unsigned i = 0; i < 4; i++)
        t[i] = v[0].u32[i] ^ (i < 3 ? v[1].u32[i + 1] : 0);
    for (unsigned i = 0; i < 4; i++)
        result->u32[i] = rotate_left(t[i], 1);
    result->u32[3] ^= rotate_left(t[0], 2);
}

static void sha256_rounds(bool second_half, const union vector128 v[3], union vector128 *result)
{
    /* SHA256H is given abcd and efgh, SHA256H2 efgh and abcd. */
    const union vector128 *abcd = second_half ? &v[1] : &v[0], *efgh = second_half ? &v[0] : &v[1];
    uint32_t x[4] = {abcd->u32[0], abcd->u32[1], abcd->u32[2], abcd->u32[3]};
    uint32_t y[4] = {efgh->u32[0], efgh->u32[1], efgh->u32[2], efgh->u32[3]};
    for (unsigned i = 0; i < 4; i++) {
        uint32_t sigma1 = rotate_right(y[0], 6) ^ rotate_right(y[0], 11) ^ rotate_right(y[0], 25);
        uint32_t sigma0 = rotate_right(x[0], 2) ^ rotate_right(x[0], 13) ^ rotate_right(x[0], 22);
        uint32_t t = y[3] + sigma1 + choose(y[0], y[1], y[2]) + v[2].u32[i];
        uint32_t new_y = x[3] + t, new_x = t + sigma0 + majority(x[0], x[1], x[2]);
        for (unsigned j = 3; j > 0; j--) {
            x[j] = x[j - 1];
            y[j] = y[j - 1];
        }
        x[0] = new_x;
        y[0] = new_y;
    }
    for (unsigned i = 0; i < 4; i++)
        result->u32[i] = second_half ? y[i] : x[i];
}

static void sha256_schedule_first(const union vector128 v[3], union vector128 *result)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t next = i < 3 ? v[0].u32[i + 1] : v[1].u32[0];
        result->u32[i] = v[0].u32[i] + (rotate_right(next, 7) ^ rotate_right(next, 18) ^ next >> 3);
    }
}

static void sha256_schedule_second(const union vector128 v[3], union vector128 *result)
{
    uint32_t out[4];
    for (unsigned i = 0; i < 4; i++) {
        uint32_t previous = i < 2 ? v[2].u32[i + 2] : out[i - 2], middle = i < 3 ? v[1].u32[i + 1] : v[2].u32[0];
        out[i] = v[0].u32[i] + middle + (rotate_right(previous, 17) ^ rotate_right(previous, 19) ^ previous >> 10);
    }
    *result = (union vector128){.u32 = {out[0], out[1], out[2], out[3]}};
}

static void multiply_poly_64(uint64_t a, uint64_t b, union vector128 *result)
{
    uint64_t low = 0, high = 0;
    for (unsigned i = 0; i < 64; i++) {
        if (!(b >> i & 1))
            continue;
        low ^= a << i;
        high ^= i == 0 ? 0 : a >> (64 - i);
    }
    *result = (union vector128){.u64 = {low, high}};
}

static unsigned multiply_poly_8(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (unsigned i = 0; i < 8; i++)
        if (b >> i & 1)
            product ^= a << i;
    return product;
}

static void multiply_poly(bool is_long, unsigned lane, const union vector128 v[3], union vector128 *result)
{
    if (lane == LANE_64) {
        multiply_poly_64(v[0].u64[0], v[1].u64[0], result);
        return;
    }
    for (unsigned i = 0; i < (is_long ? 8 : 16); i++) {
        unsigned product = multiply_poly_8(v[0].u8[i], v[1].u8[i]);
        if (is_long)
            result->u16[i] = (uint16_t)product;
        else
            result->u8[i] = (uint8_t)product;
    }
}

/* -- shifts by lane ------------------------------------------------------------------------------------------------------- */

static uint64_t shift_lane(enum ir_op op, unsigned bits, uint64_t value, uint64_t count)
{
    uint64_t mask = bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
    int64_t extended = (int64_t)(value << (64 - bits)) >> (64 - bits);
    if (op == IR_vector_sar_each)
        return (uint64_t)(extended >> (count < bits ? count : bits - 1)) & mask;
    if (count >= bits)
        return 0;
    return (op == IR_vector_shl_each ? value << count : value >> count) & mask;
}

static void shift_lanes(enum ir_op op, unsigned lane, const union vector128 v[3], union vector128 *result)
{
    unsigned bits = 8u << lane;
    uint64_t mask = bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
    *result = (union vector128){.u64 = {0, 0}};
    for (unsigned bit = 0; bit < 128; bit += bits) {
        uint64_t value = v[0].u64[bit / 64] >> bit % 64 & mask, count = v[1].u64[bit / 64] >> bit % 64 & mask;
        result->u64[bit / 64] |= shift_lane(op, bits, value, count) << bit % 64;
    }
}

bool x86_64_vector_cold(enum ir_op op, unsigned lane, unsigned cond, unsigned imm, const union vector128 v[3], union vector128 *result)
{
    static const uint8_t mix[4] = {2, 3, 1, 1}, inverse_mix[4] = {14, 11, 13, 9};
    (void)imm;
    switch (op) {
    case IR_aes_encrypt: aes_substitute(&v[0], &v[1], false, result); return true;
    case IR_aes_decrypt: aes_substitute(&v[0], &v[1], true, result); return true;
    case IR_aes_mix: aes_mix_columns(&v[0], mix, result); return true;
    case IR_aes_inverse_mix: aes_mix_columns(&v[0], inverse_mix, result); return true;
    case IR_sha1_rounds: sha1_rounds(cond, v, result); return true;
    case IR_sha1_schedule_first:
        result->u64[0] = v[0].u64[0] ^ v[0].u64[1] ^ v[2].u64[0];
        result->u64[1] = v[0].u64[1] ^ v[1].u64[0] ^ v[2].u64[1];
        return true;
    case IR_sha1_schedule_second: sha1_schedule_second(v, result); return true;
    case IR_sha256_rounds: sha256_rounds(cond == 1, v, result); return true;
    case IR_sha256_schedule_first: sha256_schedule_first(v, result); return true;
    case IR_sha256_schedule_second: sha256_schedule_second(v, result); return true;
    case IR_vector_mul_long_poly: multiply_poly(true, lane, v, result); return true;
    case IR_vector_mul_poly: multiply_poly(false, lane, v, result); return true;
    case IR_vector_shl_each: case IR_vector_shr_each: case IR_vector_sar_each: shift_lanes(op, lane, v, result); return true;
    default: return false;
    }
}
