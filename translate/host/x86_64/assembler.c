/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings of the general-purpose instructions (Intel SDM vol. 2). The functions are named after the mnemonics; how the
 * bytes of an instruction are put together is in assembler_encoding.h.
 */
#include "translate/host/x86_64/assembler.h"
#include "translate/host/x86_64/assembler_encoding.h"

uint8_t *encode_any_modrm(uint8_t *at, int reg, struct operand rm)
{
    unsigned field = ((unsigned)reg & 7) << 3, index = rm.index < 0 ? 4 : (unsigned)rm.index & 7, base = (unsigned)rm.base & 7;
    if (rm.reg >= 0) {
        *at++ = (uint8_t)(0xc0 | field | ((unsigned)rm.reg & 7));
        return at;
    }
    if (rm.rip || rm.base < 0) {              /* four bytes of displacement, after a SIB without base where it is not rip-relative */
        *at++ = (uint8_t)(field | (rm.rip ? 5 : 4));
        if (!rm.rip)
            *at++ = (uint8_t)(rm.scale << 6 | index << 3 | 5);
        memcpy(at, &rm.displacement, 4);
        return at + 4;
    }
    /* rbp and r13 have no form without displacement; mode 0: none, 1: one byte, 2: four. */
    unsigned is_far = !fits_8(rm.displacement), mode = (rm.displacement != 0 || base == 5) + is_far;
    if (rm.index >= 0 || base == 4) {         /* rsp and r12 as base need a SIB */
        *at++ = (uint8_t)(mode << 6 | field | 4);
        *at++ = (uint8_t)(rm.scale << 6 | index << 3 | base);
    } else {
        *at++ = (uint8_t)(mode << 6 | field | base);
    }
    memcpy(at, &rm.displacement, 4);
    return at + mode + 2 * is_far;
}

/* Everything before ModRM. What may be there is stored and then counted, so that few jumps depend on the instruction: there is always room
 * for the longest one. */
static inline uint8_t *encode_opcode(uint8_t *at, uint32_t form, unsigned rex)
{
    if (__builtin_expect(form & FORM_66, 0))
        *at++ = 0x66;
    *at = (uint8_t)(0x40 | rex);
    at += rex != 0;
    memcpy(at, &form, 4);
    return at + (form >> 24 & 3);
}

static inline void encode_end(struct assembler *as, uint8_t *at, uint32_t form, int32_t imm)
{
    memcpy(at, &imm, 4);
    as->at = at + (1u << (form >> 28 & 3) >> 1);
}

static __attribute__((noinline, cold)) void encode_any(struct assembler *as, uint32_t form, int reg, struct operand rm, int32_t imm)
{
    if (!encode_room(as))
        return;
    if (rm.gs)
        encode_8(as, 0x65);
    if (rm.address32)
        encode_8(as, 0x67);
    uint8_t *at = encode_opcode(as->at, form, rex_bits(reg, rm) | (form >> 24 & (FORM_W | FORM_REX) >> 24));
    encode_end(as, encode_any_modrm(at, reg, rm), form, imm);
}

static inline uint8_t *encode_registers(uint8_t *at, uint32_t form, unsigned reg, unsigned rm)
{
    at = encode_opcode(at, form, (form >> 24 & (FORM_W | FORM_REX) >> 24) | (reg >> 1 & REX_R) | rm >> 3);
    *at = (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7));
    return at + 1;
}

/* Memory at base and displacement; rbp and r13 as base have no form without one, rsp and r12 need a SIB, whose index 4 is none. */
static inline uint8_t *encode_memory(uint8_t *at, uint32_t form, unsigned reg, unsigned base, int32_t displacement)
{
    at = encode_opcode(at, form, (form >> 24 & (FORM_W | FORM_REX) >> 24) | (reg >> 1 & REX_R) | base >> 3);
    unsigned modrm = (reg & 7) << 3 | (base & 7);
    if (__builtin_expect(fits_8(displacement), 1)) {
        unsigned mode = (displacement != 0) | ((base & 7) == 5);
        *at++ = (uint8_t)(mode << 6 | modrm);
        if (__builtin_expect((base & 7) == 4, 0))
            *at++ = 0x24;
        *at = (uint8_t)displacement;
        return at + mode;
    }
    *at++ = (uint8_t)(0x80 | modrm);
    if (__builtin_expect((base & 7) == 4, 0))
        *at++ = 0x24;
    memcpy(at, &displacement, 4);
    return at + 4;
}

static inline uint8_t *encode_indexed(uint8_t *at, uint32_t form, unsigned reg, struct operand rm)
{
    unsigned base = (unsigned)rm.base, index = (unsigned)rm.index, is_far = !fits_8(rm.displacement);
    unsigned mode = ((rm.displacement != 0) | ((base & 7) == 5)) + is_far;
    at = encode_opcode(at, form, (form >> 24 & (FORM_W | FORM_REX) >> 24) | (reg >> 1 & REX_R) | (index >> 2 & REX_X) | base >> 3);
    *at++ = (uint8_t)(mode << 6 | (reg & 7) << 3 | 4);
    *at++ = (uint8_t)(rm.scale << 6 | (index & 7) << 3 | (base & 7));
    memcpy(at, &rm.displacement, 4);
    return at + mode + 2 * is_far;
}

void asm_encode(struct assembler *as, uint32_t form, int reg, struct operand rm, int32_t imm)
{
    if (!encode_room(as))
        return;
    if (rm.reg >= 0)
        encode_end(as, encode_registers(as->at, form, (unsigned)reg, (unsigned)rm.reg), form, imm);
    else if (__builtin_expect(rm.gs || rm.address32 || rm.base < 0, 0))
        encode_any(as, form, reg, rm, imm);
    else if (rm.index < 0)
        encode_end(as, encode_memory(as->at, form, (unsigned)reg, (unsigned)rm.base, rm.displacement), form, imm);
    else
        encode_end(as, encode_indexed(as->at, form, (unsigned)reg, rm), form, imm);
}

void asm_encode_registers(struct assembler *as, uint32_t form, int reg, int rm)
{
    if (encode_room(as))
        as->at = encode_registers(as->at, form, (unsigned)reg, (unsigned)rm);
}

void asm_encode_memory(struct assembler *as, uint32_t form, int reg, int base, int32_t displacement)
{
    if (encode_room(as))
        as->at = encode_memory(as->at, form, (unsigned)reg, (unsigned)base, displacement);
}

void asm_encode_state(struct assembler *as, uint32_t form, int reg, int32_t displacement)
{
    if (encode_room(as))
        as->at = encode_memory(as->at, form, (unsigned)reg, R15, displacement);
}

/* An opcode extension in ModRM.reg, and an immediate of as many bytes as `immediate` says. */
static void encode_extension(struct assembler *as, unsigned size, unsigned opcode, unsigned extension, struct operand rm, unsigned immediate,
                             int32_t imm)
{
    asm_encode(as, form_sized(size, opcode, REG_NONE, rm.reg) | FORM_IMM(immediate), (int)extension, rm, imm);
}

static unsigned immediate_bytes(unsigned size) { return size < 4 ? size : 4; }

/* Bytes that stand before all others of an instruction. */
static void encode_prefix(struct assembler *as, unsigned prefix)
{
    if (encode_room(as))
        encode_8(as, prefix);
}

void asm_bytes(struct assembler *as, const void *bytes, size_t count)
{
    if ((size_t)(as->limit - as->at) < count) {
        as->overflow = true;
        return;
    }
    memcpy(as->at, bytes, count);
    as->at += count;
}

static void byte_insn(struct assembler *as, unsigned byte)
{
    if (encode_room(as))
        encode_8(as, byte);
}

/* -- arithmetic --------------------------------------------------------------------------------------------------- */

void asm_alu_imm(struct assembler *as, enum alu op, unsigned size, struct operand rm, int32_t imm)
{
    bool is_short = size == 1 || fits_8(imm);
    if (is_short) {
        encode_extension(as, size, size != 1 ? 0x82 : 0x80, op, rm, 1, imm);
        return;
    }
    if (rm.reg != RAX) {
        encode_extension(as, size, 0x80, op, rm, immediate_bytes(size), imm);
        return;
    }
    if (!encode_room(as))
        return;
    if (size == 2)                            /* the accumulator has a form without ModRM */
        encode_8(as, 0x66);
    if (size == 8)
        encode_8(as, 0x40 | REX_W);
    encode_8(as, op << 3 | 5);
    memcpy(as->at, &imm, 4);
    as->at += immediate_bytes(size);
}

void asm_test_imm(struct assembler *as, unsigned size, struct operand rm, int32_t imm)
{
    encode_extension(as, size, 0xf6, 0, rm, immediate_bytes(size), imm);
}

void asm_imul(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    asm_encode(as, FORM_2(0xaf) | form_width(size), reg, rm, 0);
}

void asm_imul_imm(struct assembler *as, unsigned size, int reg, struct operand rm, int32_t imm)
{
    bool is_short = fits_8(imm);
    asm_encode(as, FORM_1(is_short ? 0x6b : 0x69) | form_width(size) | FORM_IMM(is_short ? 1 : immediate_bytes(size)), reg, rm, imm);
}

void asm_unary(struct assembler *as, unsigned extension, unsigned size, struct operand rm)
{
    encode_extension(as, size, 0xf6, extension, rm, 0, 0);
}

void asm_cdq(struct assembler *as, unsigned size)
{
    if (!encode_room(as))
        return;
    if (size == 8)
        encode_8(as, 0x40 | REX_W);
    encode_8(as, 0x99);
}

void asm_andn(struct assembler *as, unsigned size, int reg, int inverted, struct operand rm)
{
    if (encode_room(as))
        encode_vex(as, VEX_0F38, VEX_NONE, size == 8, false, 0xf2, reg, inverted, rm);
}

/* -- moves ---------------------------------------------------------------------------------------------------------- */

void asm_mov_imm(struct assembler *as, int reg, uint64_t imm)
{
    if (!encode_room(as))
        return;
    if (imm == (uint32_t)imm) {
        if (reg >= R8)
            encode_8(as, 0x40 | REX_B);
        encode_8(as, 0xb8 | (reg & 7));
        encode_32(as, (uint32_t)imm);
    } else if (fits_32((int64_t)imm)) {
        asm_encode(as, FORM_1(0xc7) | FORM_W | FORM_IMM(4), 0, operand_reg(reg), (int32_t)imm);
    } else {
        encode_8(as, 0x40 | REX_W | (reg >= R8 ? REX_B : 0));
        encode_8(as, 0xb8 | (reg & 7));
        encode_64(as, imm);
    }
}

void asm_mov_imm_store(struct assembler *as, unsigned size, struct operand rm, int32_t imm)
{
    encode_extension(as, size, 0xc6, 0, rm, immediate_bytes(size), imm);
}

void asm_movsx(struct assembler *as, unsigned from, unsigned to, int reg, struct operand rm)
{
    uint32_t form = from == 4 ? FORM_1(0x63) : from == 2 ? FORM_2(0xbf) : FORM_2(0xbe) | form_rex_byte(rm.reg);
    asm_encode(as, form | (to == 8 ? FORM_W : 0), reg, rm, 0);
}

void asm_movbe(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    asm_encode(as, FORM_3(0x38, 0xf0) | form_width(size), reg, rm, 0);
}

void asm_movbe_store(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    asm_encode(as, FORM_3(0x38, 0xf1) | form_width(size), reg, rm, 0);
}

void asm_bswap(struct assembler *as, unsigned size, int reg)
{
    if (!encode_room(as))
        return;
    unsigned rex = (size == 8 ? REX_W : 0) | (reg >= R8 ? REX_B : 0);
    if (rex)
        encode_8(as, 0x40 | rex);
    encode_8(as, 0x0f);
    encode_8(as, 0xc8 | (reg & 7));
}

void asm_setcc(struct assembler *as, int cond, int reg)
{
    asm_encode(as, FORM_2(0x90 | (unsigned)cond) | form_rex_byte(reg), 0, operand_reg(reg), 0);
}

void asm_cmov(struct assembler *as, int cond, unsigned size, int reg, struct operand rm)
{
    asm_encode(as, FORM_2(0x40 | (unsigned)cond) | form_width(size), reg, rm, 0);
}

/* -- shifts and bits ------------------------------------------------------------------------------------------------ */

void asm_shift_imm(struct assembler *as, enum shift op, unsigned size, struct operand rm, unsigned count)
{
    encode_extension(as, size, count == 1 ? 0xd0 : 0xc0, op, rm, count != 1, (int32_t)count);
}

void asm_shift_cl(struct assembler *as, enum shift op, unsigned size, struct operand rm)
{
    encode_extension(as, size, 0xd2, op, rm, 0, 0);
}

void asm_shift_bmi2(struct assembler *as, enum shift op, unsigned size, int reg, struct operand rm, int count)
{
    enum vex_prefix prefix = op == SHIFT_SAR ? VEX_F3 : op == SHIFT_SHR ? VEX_F2 : VEX_66;
    if (encode_room(as))
        encode_vex(as, VEX_0F38, prefix, size == 8, false, 0xf7, reg, count, rm);
}

void asm_rorx(struct assembler *as, unsigned size, int reg, struct operand rm, unsigned count)
{
    if (!encode_room(as))
        return;
    encode_vex(as, VEX_0F3A, VEX_F2, size == 8, false, 0xf0, reg, 0, rm);
    encode_8(as, count);
}

void asm_shrd(struct assembler *as, unsigned size, struct operand rm, int reg, unsigned count)
{
    asm_encode(as, FORM_2(0xac) | form_width(size) | FORM_IMM(1), reg, rm, (int32_t)count);
}

void asm_bzhi(struct assembler *as, unsigned size, int reg, struct operand rm, int count)
{
    if (encode_room(as))
        encode_vex(as, VEX_0F38, VEX_NONE, size == 8, false, 0xf5, reg, count, rm);
}

void asm_mulx(struct assembler *as, unsigned size, int high, int low, struct operand rm)
{
    if (encode_room(as))
        encode_vex(as, VEX_0F38, VEX_F2, size == 8, false, 0xf6, high, low, rm);
}

static void scan_insn(struct assembler *as, unsigned prefix, unsigned opcode, unsigned size, int reg, struct operand rm)
{
    if (size == 2)
        encode_prefix(as, 0x66);
    if (prefix)
        encode_prefix(as, prefix);
    asm_encode(as, FORM_2(opcode) | (size == 8 ? FORM_W : 0), reg, rm, 0);
}
void asm_lzcnt(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0xf3, 0xbd, size, reg, rm); }
void asm_tzcnt(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0xf3, 0xbc, size, reg, rm); }
void asm_bsr(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0, 0xbd, size, reg, rm); }
void asm_bsf(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0, 0xbc, size, reg, rm); }
void asm_popcnt(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0xf3, 0xb8, size, reg, rm); }

void asm_crc32(struct assembler *as, unsigned from, int reg, struct operand rm)
{
    if (from == 2)
        encode_prefix(as, 0x66);
    encode_prefix(as, 0xf2);
    uint32_t form = from == 1 ? FORM_3(0x38, 0xf0) | form_rex_byte(rm.reg) : FORM_3(0x38, 0xf1);
    asm_encode(as, form | (from == 8 ? FORM_W : 0), reg, rm, 0);
}

void asm_bt_imm(struct assembler *as, unsigned size, struct operand rm, unsigned bit)
{
    asm_encode(as, FORM_2(0xba) | form_width(size) | FORM_IMM(1), 4, rm, (int32_t)bit);
}

/* -- locked operations ---------------------------------------------------------------------------------------------- */

void asm_xchg(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    asm_encode(as, form_sized(size, 0x86, reg, rm.reg), reg, rm, 0);
}

/* The same as form_sized for the map 0f. */
static uint32_t form_sized_2(unsigned size, unsigned opcode, int reg)
{
    return size == 1 ? FORM_2(opcode) | form_rex_byte(reg) : FORM_2(opcode | 1) | form_width(size);
}

void asm_lock_xadd(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    encode_prefix(as, 0xf0);
    asm_encode(as, form_sized_2(size, 0xc0, reg), reg, rm, 0);
}

void asm_lock_cmpxchg(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    encode_prefix(as, 0xf0);
    asm_encode(as, form_sized_2(size, 0xb0, reg), reg, rm, 0);
}

void asm_lock_cmpxchg16b(struct assembler *as, struct operand rm)
{
    encode_prefix(as, 0xf0);
    asm_encode(as, FORM_2(0xc7) | FORM_W, 1, rm, 0);
}

void asm_lock_alu(struct assembler *as, enum alu op, unsigned size, struct operand rm, int reg)
{
    encode_prefix(as, 0xf0);
    asm_alu_store(as, op, size, rm, reg);
}

/* Faster than mfence and as strong for ordinary memory. At the stack pointer, where there is always memory: below it may be the guard page. */
void asm_lock_or_stack(struct assembler *as)
{
    encode_prefix(as, 0xf0);
    asm_alu_imm(as, ALU_OR, 4, operand_mem(RSP, 0), 0);
}

/* -- stack, flags, control ------------------------------------------------------------------------------------------- */

void asm_push(struct assembler *as, int reg)
{
    if (!encode_room(as))
        return;
    if (reg >= R8)
        encode_8(as, 0x40 | REX_B);
    encode_8(as, 0x50 | (reg & 7));
}

void asm_push_imm(struct assembler *as, int32_t imm)
{
    if (!encode_room(as))
        return;
    bool is_short = fits_8(imm);
    encode_8(as, is_short ? 0x6a : 0x68);
    memcpy(as->at, &imm, 4);
    as->at += is_short ? 1 : 4;
}

void asm_pop(struct assembler *as, int reg)
{
    if (!encode_room(as))
        return;
    if (reg >= R8)
        encode_8(as, 0x40 | REX_B);
    encode_8(as, 0x58 | (reg & 7));
}

void asm_push_operand(struct assembler *as, struct operand rm) { asm_encode(as, FORM_1(0xff), 6, rm, 0); }

void asm_pop_operand(struct assembler *as, struct operand rm) { asm_encode(as, FORM_1(0x8f), 0, rm, 0); }

void asm_lahf(struct assembler *as) { byte_insn(as, 0x9f); }
void asm_sahf(struct assembler *as) { byte_insn(as, 0x9e); }
void asm_cmc(struct assembler *as) { byte_insn(as, 0xf5); }
void asm_stc(struct assembler *as) { byte_insn(as, 0xf9); }
void asm_clc(struct assembler *as) { byte_insn(as, 0xf8); }
void asm_ret(struct assembler *as) { byte_insn(as, 0xc3); }
void asm_int3(struct assembler *as) { byte_insn(as, 0xcc); }

void asm_ud2(struct assembler *as)
{
    if (!encode_room(as))
        return;
    encode_8(as, 0x0f);
    encode_8(as, 0x0b);
}

/* The recommended multi-byte forms of the manual's NOP page. */
void asm_nop(struct assembler *as, unsigned bytes)
{
    static const uint8_t forms[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (bytes) {
        unsigned count = bytes < 9 ? bytes : 9;
        asm_bytes(as, forms[count - 1], count);
        bytes -= count;
    }
}

void asm_align_rel32(struct assembler *as, unsigned opcode_bytes)
{
    static const uint32_t nops[4] = {0, 0x90, 0x9066, 0x001f0f};      /* the first of asm_nop's forms */
    unsigned bytes = -((uintptr_t)as->at + opcode_bytes) & 3;
    if (!encode_room(as))
        return;
    memcpy(as->at, &nops[bytes], 4);
    as->at += bytes;
}

uint32_t asm_jmp(struct assembler *as)
{
    if (!encode_room(as))
        return 0;
    encode_8(as, 0xe9);
    encode_32(as, 0);
    return asm_offset(as) - 4;
}

uint32_t asm_jcc(struct assembler *as, int cond)
{
    if (cond == HOST_ALWAYS)
        return asm_jmp(as);
    if (!encode_room(as))
        return 0;
    encode_8(as, 0x0f);
    encode_8(as, 0x80 | (unsigned)cond);
    encode_32(as, 0);
    return asm_offset(as) - 4;
}

uint32_t asm_call(struct assembler *as)
{
    if (!encode_room(as))
        return 0;
    encode_8(as, 0xe8);
    encode_32(as, 0);
    return asm_offset(as) - 4;
}

uint32_t asm_jcc_short(struct assembler *as, int cond)
{
    if (!encode_room(as))
        return 0;
    encode_8(as, cond == HOST_ALWAYS ? 0xeb : 0x70 | (unsigned)cond);
    encode_8(as, 0);
    return asm_offset(as) - 1;
}

void asm_patch_short(struct assembler *as, uint32_t rel8_offset)
{
    if (as->overflow)
        return;
    as->start[rel8_offset] = (uint8_t)(asm_offset(as) - (rel8_offset + 1));
}

void asm_ldmxcsr(struct assembler *as, struct operand rm) { asm_encode(as, FORM_2(0xae), 2, rm, 0); }

void asm_stmxcsr(struct assembler *as, struct operand rm) { asm_encode(as, FORM_2(0xae), 3, rm, 0); }
