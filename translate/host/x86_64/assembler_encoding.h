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
static inline bool encode_room(struct assembler *as) { return asm_has_room(as, INSN_MAXIMUM_BYTES); }
static inline void encode_8(struct assembler *as, unsigned value) { *as->at++ = (uint8_t)value; }
static inline void encode_16(struct assembler *as, uint16_t value) { memcpy(as->at, &value, 2); as->at += 2; }
static inline void encode_32(struct assembler *as, uint32_t value) { memcpy(as->at, &value, 4); as->at += 4; }
static inline void encode_64(struct assembler *as, uint64_t value) { memcpy(as->at, &value, 8); as->at += 8; }

static inline bool fits_8(int64_t value) { return value == (int8_t)value; }
static inline bool fits_32(int64_t value) { return value == (int32_t)value; }

/* ModRM, SIB and displacement in all their forms. rip-relative: `displacement` is the raw field, counted from the end of the instruction. */
uint8_t *encode_any_modrm(uint8_t *at, int reg, struct operand rm);

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

enum vex_map { VEX_0F = 1, VEX_0F38 = 2, VEX_0F3A = 3 };
enum vex_prefix { VEX_NONE, VEX_66, VEX_F3, VEX_F2 };

/* One VEX-encoded instruction up to its displacement. vvvv: the second source, or 0 where the instruction has none. */
static void encode_vex(struct assembler *as, enum vex_map map, enum vex_prefix prefix, bool wide, bool is_256, unsigned opcode, int reg,
                              int vvvv, struct operand rm)
{
    if (rm.gs)
        encode_8(as, 0x65);
    if (rm.address32)
        encode_8(as, 0x67);
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
    as->at = encode_any_modrm(as->at, reg, rm);
}

#endif
