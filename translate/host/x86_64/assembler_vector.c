/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodes vector instructions: legacy SSE (SDM vol. 2, 2.2.1), VEX.128 (2.3) or EVEX.128 (2.7), by the table in assembler_vector.h.
 */
#include "translate/host/x86_64/assembler_vector.h"

#include <assert.h>
#include <string.h>

#include "translate/host/x86_64/emit.h"

enum { PREFIX_NP, PREFIX_66, PREFIX_F3, PREFIX_F2 };                     /* as VEX.pp */
enum { MAP_0F = 1, MAP_38, MAP_3A };                                     /* as VEX.mmmmm */
enum { FLAG_0, FLAG_N = 1, FLAG_W = 2, FLAG_V = 4, FLAG_L = 8, FLAG_E = 16 };

struct vector_encoding { uint8_t prefix, map, opcode, flags; };

enum { N = FLAG_N, W = FLAG_W, V = FLAG_V, L = FLAG_L, E = FLAG_E };
static const struct vector_encoding encodings[VECTOR_INSN_COUNT] = {
#define VECTOR_ENCODING(name, prefix, map, opcode, flags) [INSN_##name] = {PREFIX_##prefix, MAP_##map, opcode, flags},
    VECTOR_INSNS(VECTOR_ENCODING)
#undef VECTOR_ENCODING
};

const char *const vector_insn_name[VECTOR_INSN_COUNT] = {
#define VECTOR_NAME(name, prefix, map, opcode, flags) #name,
    VECTOR_INSNS(VECTOR_NAME)
#undef VECTOR_NAME
};

bool vector_insn_has_src1(enum vector_insn op)
{
    return encodings[op].flags & FLAG_N;
}

struct encoded { uint8_t bytes[16]; unsigned count; };

static void put_byte(struct encoded *out, unsigned value)
{
    out->bytes[out->count++] = (uint8_t)value;
}

static void put_word(struct encoded *out, int32_t value)
{
    memcpy(out->bytes + out->count, &value, 4);
    out->count += 4;
}

static unsigned extension_bit(int reg)
{
    return reg >= 8;
}

/* ModRM, SIB and displacement (SDM vol. 2, tables 2-2 and 2-3). A base of rbp or r13 needs a displacement, rsp or r12 a SIB.
 * A one-byte displacement counts units of 1 << unit bytes: single ones, or EVEX's vectors (2.7.5). */
static void put_operand_in_units(struct encoded *out, int reg, struct operand rm, unsigned unit)
{
    unsigned field = (unsigned)(reg & 7) << 3;
    if (rm.reg >= 0) {
        put_byte(out, 0xc0 | field | (rm.reg & 7));
        return;
    }
    if (rm.base == REG_NONE) {
        bool plain = rm.rip && rm.index == REG_NONE;
        put_byte(out, field | (plain ? 5 : 4));
        if (!plain)
            put_byte(out, rm.scale << 6 | (rm.index == REG_NONE ? 4 : rm.index & 7) << 3 | 5);
        put_word(out, rm.displacement);
        return;
    }
    int units = rm.displacement >> unit;
    bool short_form = units == (int8_t)units && units * (1 << unit) == rm.displacement;
    unsigned mod = rm.displacement == 0 && (rm.base & 7) != RBP ? 0 : short_form ? 1 : 2;
    bool sib = rm.index != REG_NONE || (rm.base & 7) == RSP;
    put_byte(out, mod << 6 | field | (sib ? 4 : rm.base & 7));
    if (sib)
        put_byte(out, rm.scale << 6 | (rm.index == REG_NONE ? 4 : rm.index & 7) << 3 | (rm.base & 7));
    if (mod == 1)
        put_byte(out, (uint8_t)units);
    else if (mod == 2)
        put_word(out, rm.displacement);
}

static inline void put_operand(struct encoded *out, int reg, struct operand rm)
{
    put_operand_in_units(out, reg, rm, 0);
}

static void put_address_prefixes(struct encoded *out, struct operand rm)
{
    if (rm.reg >= 0)
        return;
    if (rm.gs)
        put_byte(out, 0x65);
    if (rm.address32)
        put_byte(out, 0x67);
}

static void put_legacy(struct encoded *out, const struct vector_encoding *encoding, int reg, struct operand rm)
{
    static const uint8_t prefix_byte[] = {0, 0x66, 0xf3, 0xf2};
    unsigned rex = (encoding->flags & FLAG_W ? 8 : 0) | extension_bit(reg) << 2;
    rex |= rm.reg >= 0 ? extension_bit(rm.reg) : extension_bit(rm.index) << 1 | extension_bit(rm.base);
    if (encoding->prefix != PREFIX_NP)
        put_byte(out, prefix_byte[encoding->prefix]);
    if (rex != 0)
        put_byte(out, 0x40 | rex);
    put_byte(out, 0x0f);
    if (encoding->map != MAP_0F)
        put_byte(out, encoding->map == MAP_38 ? 0x38 : 0x3a);
    put_byte(out, encoding->opcode);
}

static void put_vex(struct encoded *out, const struct vector_encoding *encoding, int reg, int src1, struct operand rm)
{
    unsigned r = extension_bit(reg), x = rm.reg >= 0 ? 0 : extension_bit(rm.index);
    unsigned b = extension_bit(rm.reg >= 0 ? rm.reg : rm.base), w = encoding->flags & FLAG_W ? 1 : 0;
    unsigned vvvv = src1 == REG_NONE ? 0 : (unsigned)src1;
    unsigned last = (~vvvv & 15) << 3 | encoding->prefix;
    if (x == 0 && b == 0 && w == 0 && encoding->map == MAP_0F) {
        put_byte(out, 0xc5);
        put_byte(out, (r ^ 1) << 7 | last);
    } else {
        put_byte(out, 0xc4);
        put_byte(out, (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | encoding->map);
        put_byte(out, w << 7 | last);
    }
    put_byte(out, encoding->opcode);
}

/* P0 to P2 of SDM vol. 2, 2.7.1: xmm0 to xmm15, no mask, no broadcast. */
static void put_evex(struct encoded *out, const struct vector_encoding *encoding, int reg, int src1, struct operand rm)
{
    unsigned r = extension_bit(reg), x = rm.reg >= 0 ? 0 : extension_bit(rm.index);
    unsigned b = extension_bit(rm.reg >= 0 ? rm.reg : rm.base), w = encoding->flags & FLAG_W ? 1 : 0;
    unsigned vvvv = src1 == REG_NONE ? 0 : (unsigned)src1;
    put_byte(out, 0x62);
    put_byte(out, (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | 0x10 | encoding->map);
    put_byte(out, w << 7 | (~vvvv & 15) << 3 | 0x04 | encoding->prefix);
    put_byte(out, 0x08);
    put_byte(out, encoding->opcode);
    put_operand_in_units(out, reg, rm, 4);
}

static void encode(struct encoded *out, const struct vector_encoding *encoding, int reg, int src1, struct operand rm)
{
    put_address_prefixes(out, rm);
    if (x86_64_features.avx && !(encoding->flags & (FLAG_L | FLAG_E))) {
        put_vex(out, encoding, reg, src1, rm);
    } else if (encoding->flags & FLAG_E) {
        assert(x86_64_features.avx512);
        put_evex(out, encoding, reg, src1, rm);
        return;
    } else {
        assert(!(encoding->flags & FLAG_V) && (src1 == REG_NONE || src1 == reg));
        put_legacy(out, encoding, reg, rm);
    }
    put_operand(out, reg, rm);
}

void asm_vector(struct assembler *as, enum vector_insn op, int dst, int src1, struct operand rm)
{
    struct encoded out = {.count = 0};
    encode(&out, &encodings[op], dst, encodings[op].flags & FLAG_N ? src1 : REG_NONE, rm);
    asm_bytes(as, out.bytes, out.count);
}

void asm_vector_imm(struct assembler *as, enum vector_insn op, int dst, int src1, struct operand rm, uint8_t imm)
{
    struct encoded out = {.count = 0};
    encode(&out, &encodings[op], dst, encodings[op].flags & FLAG_N ? src1 : REG_NONE, rm);
    put_byte(&out, imm);
    asm_bytes(as, out.bytes, out.count);
}

/* Groups 12 to 14: the ModRM reg field is an opcode extension, the destination is in VEX.vvvv. */
void asm_vector_shift(struct assembler *as, enum vector_shift op, int dst, int src, uint8_t count)
{
    struct vector_encoding encoding = {PREFIX_66, MAP_0F, (uint8_t)op, op & VECTOR_SHIFT_EVEX ? FLAG_N | FLAG_W | FLAG_E : FLAG_N};
    struct encoded out = {.count = 0};
    assert(x86_64_features.avx || dst == src);
    encode(&out, &encoding, op >> 8 & 7, x86_64_features.avx ? dst : REG_NONE, operand_reg(src));
    put_byte(&out, count);
    asm_bytes(as, out.bytes, out.count);
}

void asm_vector_move(struct assembler *as, int dst, int src)
{
    if (dst == src)
        return;
    if (x86_64_features.avx && src >= 8 && dst < 8)                       /* the store form has the two-byte prefix then */
        asm_vector(as, INSN_movaps_store, src, REG_NONE, operand_reg(dst));
    else
        asm_vector(as, INSN_movaps, dst, REG_NONE, operand_reg(src));
}

void asm_vector_load(struct assembler *as, unsigned bytes, int dst, struct operand memory)
{
    asm_vector(as, bytes == 4 ? INSN_movss : bytes == 8 ? INSN_movsd : INSN_movups, dst, REG_NONE, memory);
}

void asm_vector_store(struct assembler *as, unsigned bytes, struct operand memory, int src)
{
    if (bytes <= 2)
        asm_vector_imm(as, bytes == 1 ? INSN_pextrb_store : INSN_pextrw_store, src, REG_NONE, memory, 0);
    else
        asm_vector(as, bytes == 4 ? INSN_movss_store : bytes == 8 ? INSN_movsd_store : INSN_movups_store, src, REG_NONE, memory);
}

void asm_vector_from_gpr(struct assembler *as, unsigned bytes, int dst, struct operand rm)
{
    asm_vector(as, bytes == 8 ? INSN_movq_gpr : INSN_movd, dst, REG_NONE, rm);
}

void asm_vector_to_gpr(struct assembler *as, unsigned bytes, struct operand rm, int src)
{
    asm_vector(as, bytes == 8 ? INSN_movq_gpr_store : INSN_movd_store, src, REG_NONE, rm);
}
