/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AES rounds (FIPS 197), SHA-1 and SHA-256 steps (FIPS 180-4), carry-less products and shifts by lane in plain C. The state of AES is in
 * byte order, column by column, as both Arm and Intel keep it.
 */
#include "translate/host/x86_64/vector_cold.h"

static const uint8_t aes_sbox[256] = {
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
    0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0,
    0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
    0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75,
    0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
    0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
    0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8,
    0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2,
    0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
    0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
    0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79,
    0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
    0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a,
    0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e,
    0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
    0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
};

static const uint8_t aes_inverse_sbox[256] = {
    0x52, 0x09, 0x6a, 0xd5, 0x30, 0x36, 0xa5, 0x38, 0xbf, 0x40, 0xa3, 0x9e, 0x81, 0xf3, 0xd7, 0xfb,
    0x7c, 0xe3, 0x39, 0x82, 0x9b, 0x2f, 0xff, 0x87, 0x34, 0x8e, 0x43, 0x44, 0xc4, 0xde, 0xe9, 0xcb,
    0x54, 0x7b, 0x94, 0x32, 0xa6, 0xc2, 0x23, 0x3d, 0xee, 0x4c, 0x95, 0x0b, 0x42, 0xfa, 0xc3, 0x4e,
    0x08, 0x2e, 0xa1, 0x66, 0x28, 0xd9, 0x24, 0xb2, 0x76, 0x5b, 0xa2, 0x49, 0x6d, 0x8b, 0xd1, 0x25,
    0x72, 0xf8, 0xf6, 0x64, 0x86, 0x68, 0x98, 0x16, 0xd4, 0xa4, 0x5c, 0xcc, 0x5d, 0x65, 0xb6, 0x92,
    0x6c, 0x70, 0x48, 0x50, 0xfd, 0xed, 0xb9, 0xda, 0x5e, 0x15, 0x46, 0x57, 0xa7, 0x8d, 0x9d, 0x84,
    0x90, 0xd8, 0xab, 0x00, 0x8c, 0xbc, 0xd3, 0x0a, 0xf7, 0xe4, 0x58, 0x05, 0xb8, 0xb3, 0x45, 0x06,
    0xd0, 0x2c, 0x1e, 0x8f, 0xca, 0x3f, 0x0f, 0x02, 0xc1, 0xaf, 0xbd, 0x03, 0x01, 0x13, 0x8a, 0x6b,
    0x3a, 0x91, 0x11, 0x41, 0x4f, 0x67, 0xdc, 0xea, 0x97, 0xf2, 0xcf, 0xce, 0xf0, 0xb4, 0xe6, 0x73,
    0x96, 0xac, 0x74, 0x22, 0xe7, 0xad, 0x35, 0x85, 0xe2, 0xf9, 0x37, 0xe8, 0x1c, 0x75, 0xdf, 0x6e,
    0x47, 0xf1, 0x1a, 0x71, 0x1d, 0x29, 0xc5, 0x89, 0x6f, 0xb7, 0x62, 0x0e, 0xaa, 0x18, 0xbe, 0x1b,
    0xfc, 0x56, 0x3e, 0x4b, 0xc6, 0xd2, 0x79, 0x20, 0x9a, 0xdb, 0xc0, 0xfe, 0x78, 0xcd, 0x5a, 0xf4,
    0x1f, 0xdd, 0xa8, 0x33, 0x88, 0x07, 0xc7, 0x31, 0xb1, 0x12, 0x10, 0x59, 0x27, 0x80, 0xec, 0x5f,
    0x60, 0x51, 0x7f, 0xa9, 0x19, 0xb5, 0x4a, 0x0d, 0x2d, 0xe5, 0x7a, 0x9f, 0x93, 0xc9, 0x9c, 0xef,
    0xa0, 0xe0, 0x3b, 0x4d, 0xae, 0x2a, 0xf5, 0xb0, 0xc8, 0xeb, 0xbb, 0x3c, 0x83, 0x53, 0x99, 0x61,
    0x17, 0x2b, 0x04, 0x7e, 0xba, 0x77, 0xd6, 0x26, 0xe1, 0x69, 0x14, 0x63, 0x55, 0x21, 0x0c, 0x7d,
};

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
