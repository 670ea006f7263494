/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pieces that every x86-64 instruction is made of: legacy prefixes, REX, VEX, opcode maps, ModRM and SIB (Intel SDM vol. 2,
 * chapter 2). Only the assembler's own files include this.
 */
#ifndef FERRY_HOST_X86_64_ASSEMBLER_ENCODING_H
#define FERRY_HOST_X86_64_ASSEMBLER_ENCODING_H

#include "translate/host/x86_64/assembler.h"

#include <string.h>

#define INSN_MAXIMUM_BYTES 16                 /* the architecture's limit is 15 */

/* Every instruction asks for room once; then its bytes are written unchecked. */
static inline bool encode_room(struct assembler *as)
{
    if (as->limit - as->at >= INSN_MAXIMUM_BYTES)
        return true;
    as->overflow = true;
    return false;
}
static inline void encode_8(struct assembler *as, unsigned value) { *as->at++ = (uint8_t)value; }
static inline void encode_16(struct assembler *as, uint16_t value) { memcpy(as->at, &value, 2); as->at += 2; }
static inline void encode_32(struct assembler *as, uint32_t value) { memcpy(as->at, &value, 4); as->at += 4; }
static inline void encode_64(struct assembler *as, uint64_t value) { memcpy(as->at, &value, 8); as->at += 8; }

static inline bool fits_8(int64_t value) { return value == (int8_t)value; }
static inline bool fits_32(int64_t value) { return value == (int32_t)value; }

/* ModRM, SIB and displacement. rip-relative: `displacement` is the raw field, counted from the end of the instruction. */
static inline void encode_modrm(struct assembler *as, int reg, struct operand rm)
{
    unsigned field = ((unsigned)reg & 7) << 3;
    if (rm.reg >= 0) {
        encode_8(as, 0xc0 | field | ((unsigned)rm.reg & 7));
        return;
    }
    if (rm.rip) {
        encode_8(as, field | 5);
        encode_32(as, (uint32_t)rm.displacement);
        return;
    }
    if (rm.base < 0) {                        /* SIB without base: disp32 follows, sign extended */
        unsigned index = rm.index < 0 ? 4 : (unsigned)rm.index & 7;
        encode_8(as, field | 4);
        encode_8(as, (unsigned)rm.scale << 6 | index << 3 | 5);
        encode_32(as, (uint32_t)rm.displacement);
        return;
    }
    unsigned base = (unsigned)rm.base & 7, mode;
    if (rm.displacement == 0 && base != 5)    /* rbp and r13 have no form without displacement */
        mode = 0x00;
    else
        mode = fits_8(rm.displacement) ? 0x40 : 0x80;
    if (rm.index >= 0 || base == 4) {         /* rsp and r12 as base need a SIB */
        unsigned index = rm.index < 0 ? 4 : (unsigned)rm.index & 7;
        encode_8(as, mode | field | 4);
        encode_8(as, (unsigned)rm.scale << 6 | index << 3 | base);
    } else {
        encode_8(as, mode | field | base);
    }
    if (mode == 0x40)
        encode_8(as, (uint8_t)rm.displacement);
    else if (mode == 0x80)
        encode_32(as, (uint32_t)rm.displacement);
}

/* Segment and address-size prefixes; they stand before REX and VEX. */
static inline void encode_memory_prefixes(struct assembler *as, struct operand rm)
{
    if (rm.gs)
        encode_8(as, 0x65);
    if (rm.address32)
        encode_8(as, 0x67);
}

enum { REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };

static inline unsigned rex_bits(int reg, struct operand rm)
{
    unsigned rex = (unsigned)(reg >> 1) & REX_R;
    if (rm.reg >= 0)
        return rex | ((unsigned)(rm.reg >> 3) & REX_B);
    if (rm.base >= 0)
        rex |= (unsigned)(rm.base >> 3) & REX_B;
    if (rm.index >= 0)
        rex |= (unsigned)(rm.index >> 2) & REX_X;
    return rex;
}

/* One legacy-encoded instruction up to its displacement. prefix: 0, 0x66, 0xf2 or 0xf3. opcode: with its escape bytes in front
 * (0x0fb6, 0x0f38f0). force_rex: a byte register among spl bpl sil dil is named. */
static inline void encode_insn(struct assembler *as, unsigned prefix, bool wide, bool force_rex, uint32_t opcode, int reg, struct operand rm)
{
    encode_memory_prefixes(as, rm);
    if (prefix)
        encode_8(as, prefix);
    unsigned rex = rex_bits(reg, rm) | (wide ? REX_W : 0);
    if (rex || force_rex)
        encode_8(as, 0x40 | rex);
    if (opcode > 0xffff)
        encode_8(as, opcode >> 16);
    if (opcode > 0xff)
        encode_8(as, opcode >> 8 & 0xff);
    encode_8(as, opcode & 0xff);
    encode_modrm(as, reg, rm);
}

enum vex_map { VEX_0F = 1, VEX_0F38 = 2, VEX_0F3A = 3 };
enum vex_prefix { VEX_NONE, VEX_66, VEX_F3, VEX_F2 };

/* One VEX-encoded instruction up to its displacement. vvvv: the second source, or 0 where the instruction has none. */
static inline void encode_vex(struct assembler *as, enum vex_map map, enum vex_prefix prefix, bool wide, bool is_256, unsigned opcode, int reg,
                              int vvvv, struct operand rm)
{
    encode_memory_prefixes(as, rm);
    unsigned rex = rex_bits(reg, rm);
    unsigned low = (~(unsigned)vvvv & 15) << 3 | (is_256 ? 4 : 0) | prefix;
    if (map == VEX_0F && !wide && !(rex & (REX_X | REX_B))) {
        encode_8(as, 0xc5);
        encode_8(as, (rex & REX_R ? 0 : 0x80) | low);
    } else {
        encode_8(as, 0xc4);
        encode_8(as, (~rex & 7) << 5 | map);
        encode_8(as, (wide ? 0x80 : 0) | low);
    }
    encode_8(as, opcode);
    encode_modrm(as, reg, rm);
}

#endif
