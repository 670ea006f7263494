/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the pure integer and flags operations compute, on plain numbers. Folding, the interpreter and the recovery of lazy
 * flags after a fault all ask here, so they cannot disagree.
 */
#include "translate/ir/ir.h"

static unsigned type_bits(enum ir_type type) { return ir_type_bytes(type) * 8; }
static uint64_t low_mask(unsigned bits) { return bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1; }

static int64_t sign_extend(uint64_t value, unsigned bits)
{
    if (bits == 0 || bits >= 64)
        return (int64_t)value;
    uint64_t sign = (uint64_t)1 << (bits - 1);
    return (int64_t)(((value & low_mask(bits)) ^ sign) - sign);
}

static uint64_t multiply_high(uint64_t a, uint64_t b, unsigned bits, bool is_signed)
{
    if (is_signed)
        return (uint64_t)(((__int128)sign_extend(a, bits) * sign_extend(b, bits)) >> bits);
    return (uint64_t)(((unsigned __int128)a * b) >> bits);
}

static uint64_t divide_signed(uint64_t a, uint64_t b, unsigned bits)
{
    int64_t dividend = sign_extend(a, bits), divisor = sign_extend(b, bits);
    if (divisor == 0)
        return 0;
    return divisor == -1 ? 0 - a : (uint64_t)(dividend / divisor);
}

static uint64_t byte_swap(uint64_t a, unsigned unit_bits)
{
    uint64_t swapped = 0;
    for (unsigned at = 0; at < 64; at += 8) {
        unsigned unit = at / unit_bits * unit_bits;
        unsigned to = unit + (unit_bits - 8 - (at - unit));
        swapped |= ((a >> at) & 0xff) << to;
    }
    return swapped;
}

static uint64_t bit_reverse(uint64_t a, unsigned bits)
{
    a = (a & 0x5555555555555555) << 1 | ((a >> 1) & 0x5555555555555555);
    a = (a & 0x3333333333333333) << 2 | ((a >> 2) & 0x3333333333333333);
    a = (a & 0x0f0f0f0f0f0f0f0f) << 4 | ((a >> 4) & 0x0f0f0f0f0f0f0f0f);
    return __builtin_bswap64(a) >> (64 - bits);
}

/* Bits enter lowest first, so the polynomials are written in reverse; no inversion before or after. */
static uint32_t crc32(uint32_t crc, uint64_t data, unsigned bits, bool castagnoli)
{
    uint32_t polynomial = castagnoli ? 0x82f63b78 : 0xedb88320;
    for (unsigned i = 0; i < bits; i++) {
        uint32_t out = (crc ^ (uint32_t)(data >> i)) & 1;
        crc = (crc >> 1) ^ (out ? polynomial : 0);
    }
    return crc;
}

static uint64_t deposit(uint64_t a, uint64_t b, unsigned lsb, unsigned width)
{
    uint64_t mask = low_mask(width) << lsb;
    return (a & ~mask) | ((b << lsb) & mask);
}

static uint64_t rotate_right(uint64_t a, unsigned count, unsigned bits)
{
    return count ? a >> count | a << (bits - count) : a;
}

static uint64_t extract_pair(uint64_t high, uint64_t low, unsigned lsb, unsigned bits)
{
    return lsb ? low >> lsb | high << (bits - lsb) : low;
}

uint64_t ir_evaluate_integer(const struct ir_insn *insn, uint64_t a, uint64_t b, bool carry)
{
    unsigned bits = type_bits(insn->type), lane_bits = 8u << insn->lane;
    unsigned lsb = insn->imm & 63, width = (insn->imm >> 8) & 0xff, count = (unsigned)b & (bits - 1);
    uint64_t mask = low_mask(bits), wide = a, result = 0;

    /* Extensions and truncation read an operand that may be wider than the type; all others work in it. */
    a &= mask;
    if (insn->op != IR_crc32)
        b &= mask;
    switch (insn->op) {
    case IR_constant: result = insn->imm; break;
    case IR_add: result = a + b; break;
    case IR_sub: result = a - b; break;
    case IR_mul: result = a * b; break;
    case IR_mul_high_signed: result = multiply_high(a, b, bits, true); break;
    case IR_mul_high_unsigned: result = multiply_high(a, b, bits, false); break;
    case IR_divide_signed: result = divide_signed(a, b, bits); break;
    case IR_divide_unsigned: result = b ? a / b : 0; break;
    case IR_and: result = a & b; break;
    case IR_or: result = a | b; break;
    case IR_xor: result = a ^ b; break;
    case IR_and_not: result = a & ~b; break;
    case IR_not: result = ~a; break;
    case IR_neg: result = 0 - a; break;
    case IR_shl: result = a << count; break;
    case IR_shr: result = a >> count; break;
    case IR_sar: result = (uint64_t)(sign_extend(a, bits) >> count); break;
    case IR_ror: result = rotate_right(a, count, bits); break;
    case IR_sign_extend: result = (uint64_t)sign_extend(wide, lane_bits); break;
    case IR_zero_extend: result = wide & low_mask(lane_bits); break;
    case IR_truncate: result = wide; break;
    case IR_extract_unsigned: result = (a >> lsb) & low_mask(width); break;
    case IR_extract_signed: result = (uint64_t)sign_extend(a >> lsb, width); break;
    case IR_deposit: result = deposit(a, b, lsb, width); break;
    case IR_extract_pair: result = extract_pair(a, b, lsb, bits); break;
    case IR_byte_swap: result = byte_swap(a, lane_bits < 16 ? 16 : lane_bits); break;
    case IR_bit_reverse: result = bit_reverse(a, bits); break;
    case IR_count_leading_zeros: result = a ? (unsigned)__builtin_clzll(a) - (64 - bits) : bits; break;
    case IR_count_trailing_zeros: result = a ? (unsigned)__builtin_ctzll(a) : bits; break;
    case IR_population_count: result = (unsigned)__builtin_popcountll(a); break;
    case IR_add_carry: result = a + b + carry; break;
    case IR_sub_borrow: result = a - b - !carry; break;
    case IR_crc32: result = crc32((uint32_t)a, b, lane_bits, insn->cond != 0); break;
    }
    return result & mask;
}

enum { FLAG_N = 1u << 31, FLAG_Z = 1u << 30, FLAG_C = 1u << 29, FLAG_V = 1u << 28 };

/* a + b + carry, as every addition and (with b inverted) every subtraction sets the flags. */
static uint32_t flags_of_sum(uint64_t a, uint64_t b, bool carry, unsigned bits)
{
    uint64_t mask = low_mask(bits), sum = (a + b + carry) & mask;
    unsigned __int128 whole = (unsigned __int128)a + b + carry;
    uint32_t flags = sum >> (bits - 1) ? FLAG_N : 0;
    if (sum == 0)
        flags |= FLAG_Z;
    if (whole >> bits)
        flags |= FLAG_C;
    if ((~(a ^ b) & (a ^ sum)) >> (bits - 1) & 1)
        flags |= FLAG_V;
    return flags;
}

/* On bit patterns, so that the host's FP unit is left alone; subnormals count as the numbers they are. */
static uint32_t flags_of_float(uint64_t a, uint64_t b, unsigned bits)
{
    uint64_t infinity = bits == 64 ? 0x7ff0000000000000 : bits == 32 ? 0x7f800000 : 0x7c00;
    uint64_t magnitude = low_mask(bits - 1);
    if ((a & magnitude) > infinity || (b & magnitude) > infinity)
        return FLAG_C | FLAG_V;
    int64_t left = (int64_t)(a & magnitude), right = (int64_t)(b & magnitude);
    if (a >> (bits - 1))
        left = -left;
    if (b >> (bits - 1))
        right = -right;
    if (left == right)
        return FLAG_Z | FLAG_C;
    return left < right ? FLAG_N : FLAG_C;
}

uint32_t ir_evaluate_flags(enum ir_op op, enum ir_type type, uint64_t a, uint64_t b, bool carry)
{
    unsigned bits = type_bits(type);
    uint64_t mask = low_mask(bits);
    a &= mask;
    b &= mask;
    switch (op) {
    case IR_flags_add: return flags_of_sum(a, b, false, bits);
    case IR_flags_sub: return flags_of_sum(a, ~b & mask, true, bits);
    case IR_flags_add_carry: return flags_of_sum(a, b, carry, bits);
    case IR_flags_sub_borrow: return flags_of_sum(a, ~b & mask, carry, bits);
    case IR_flags_and: return ((a & b) >> (bits - 1) ? FLAG_N : 0) | (a & b ? 0 : FLAG_Z);
    case IR_flags_from_nzcv: return (uint32_t)a & 0xf0000000;
    case IR_flags_float:
    case IR_flags_float_signal: return flags_of_float(a, b, bits);
    default: return 0;
    }
}

bool ir_cond_holds(enum ir_cond cond, uint32_t nzcv)
{
    bool n = nzcv & FLAG_N, z = nzcv & FLAG_Z, c = nzcv & FLAG_C, v = nzcv & FLAG_V, holds = true;
    switch (cond & ~1u) {
    case COND_EQ: holds = z; break;
    case COND_CS: holds = c; break;
    case COND_MI: holds = n; break;
    case COND_VS: holds = v; break;
    case COND_HI: holds = c && !z; break;
    case COND_GE: holds = n == v; break;
    case COND_GT: holds = !z && n == v; break;
    default: return true;
    }
    return holds != (cond & 1);
}
