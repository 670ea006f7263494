/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings of the general-purpose instructions (Intel SDM vol. 2). The functions are named after the mnemonics; how the
 * bytes of an instruction are put together is in assembler_encoding.h.
 */
#include "translate/host/x86_64/assembler.h"
#include "translate/host/x86_64/assembler_encoding.h"

/* spl, bpl, sil and dil are only reachable with a REX prefix: without it the same numbers mean ah, ch, dh, bh. */
static bool is_rex_byte(int reg)
{
    return reg >= RSP && reg <= RDI;
}

/* An instruction whose operand size is given by 0x66, REX.W and, for bytes, by bit 0 of the opcode being clear. */
static void encode_sized(struct assembler *as, unsigned size, uint32_t opcode, int reg, struct operand rm)
{
    bool force_rex = size == 1 && (is_rex_byte(reg) || is_rex_byte(rm.reg));
    encode_insn(as, size == 2 ? 0x66 : 0, size == 8, force_rex, opcode | (size != 1), reg, rm);
}

/* The same for opcode extensions in ModRM.reg. */
static void encode_extension(struct assembler *as, unsigned size, uint32_t opcode, unsigned extension, struct operand rm)
{
    bool force_rex = size == 1 && is_rex_byte(rm.reg);
    encode_insn(as, size == 2 ? 0x66 : 0, size == 8, force_rex, opcode | (size != 1), (int)extension, rm);
}

static void encode_immediate(struct assembler *as, unsigned size, int32_t imm)
{
    if (size == 1)
        encode_8(as, (uint8_t)imm);
    else if (size == 2)
        encode_16(as, (uint16_t)imm);
    else
        encode_32(as, (uint32_t)imm);
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

void asm_alu(struct assembler *as, enum alu op, unsigned size, int reg, struct operand rm)
{
    if (encode_room(as))
        encode_sized(as, size, op << 3 | 2, reg, rm);
}

void asm_alu_store(struct assembler *as, enum alu op, unsigned size, struct operand rm, int reg)
{
    if (encode_room(as))
        encode_sized(as, size, op << 3, reg, rm);
}

void asm_alu_imm(struct assembler *as, enum alu op, unsigned size, struct operand rm, int32_t imm)
{
    if (!encode_room(as))
        return;
    bool is_short = size == 1 || fits_8(imm);
    if (!is_short && rm.reg == RAX) {         /* the accumulator has a form without ModRM */
        if (size == 2)
            encode_8(as, 0x66);
        if (size == 8)
            encode_8(as, 0x40 | REX_W);
        encode_8(as, op << 3 | 5);
        encode_immediate(as, size, imm);
        return;
    }
    encode_extension(as, size, size != 1 && is_short ? 0x82 : 0x80, op, rm);
    encode_immediate(as, is_short ? 1 : size, imm);
}

void asm_test(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    if (encode_room(as))
        encode_sized(as, size, 0x84, reg, rm);
}

void asm_test_imm(struct assembler *as, unsigned size, struct operand rm, int32_t imm)
{
    if (!encode_room(as))
        return;
    encode_extension(as, size, 0xf6, 0, rm);
    encode_immediate(as, size, imm);
}

void asm_imul(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    if (encode_room(as))
        encode_sized(as, size, 0x0faf, reg, rm);
}

void asm_imul_imm(struct assembler *as, unsigned size, int reg, struct operand rm, int32_t imm)
{
    if (!encode_room(as))
        return;
    bool is_short = fits_8(imm);
    encode_sized(as, size, is_short ? 0x6b : 0x69, reg, rm);
    encode_immediate(as, is_short ? 1 : size, imm);
}

void asm_unary(struct assembler *as, unsigned extension, unsigned size, struct operand rm)
{
    if (encode_room(as))
        encode_extension(as, size, 0xf6, extension, rm);
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

void asm_mov(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    if (encode_room(as))
        encode_sized(as, size, 0x8a, reg, rm);
}

void asm_mov_store(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    if (encode_room(as))
        encode_sized(as, size, 0x88, reg, rm);
}

void asm_mov_imm(struct assembler *as, int reg, uint64_t imm)
{
    if (!encode_room(as))
        return;
    struct operand rm = operand_reg(reg);
    if (imm == (uint32_t)imm) {
        if (reg >= R8)
            encode_8(as, 0x40 | REX_B);
        encode_8(as, 0xb8 | (reg & 7));
        encode_32(as, (uint32_t)imm);
    } else if (fits_32((int64_t)imm)) {
        encode_insn(as, 0, true, false, 0xc7, 0, rm);
        encode_32(as, (uint32_t)imm);
    } else {
        encode_8(as, 0x40 | REX_W | (reg >= R8 ? REX_B : 0));
        encode_8(as, 0xb8 | (reg & 7));
        encode_64(as, imm);
    }
}

void asm_mov_imm_store(struct assembler *as, unsigned size, struct operand rm, int32_t imm)
{
    if (!encode_room(as))
        return;
    encode_extension(as, size, 0xc6, 0, rm);
    encode_immediate(as, size, imm);
}

void asm_movzx(struct assembler *as, unsigned from, int reg, struct operand rm)
{
    if (from == 4) {
        asm_mov(as, 4, reg, rm);
        return;
    }
    if (encode_room(as))
        encode_insn(as, 0, false, from == 1 && is_rex_byte(rm.reg), from == 1 ? 0x0fb6 : 0x0fb7, reg, rm);
}

void asm_movsx(struct assembler *as, unsigned from, unsigned to, int reg, struct operand rm)
{
    if (!encode_room(as))
        return;
    uint32_t opcode = from == 1 ? 0x0fbe : from == 2 ? 0x0fbf : 0x63;
    encode_insn(as, 0, to == 8, from == 1 && is_rex_byte(rm.reg), opcode, reg, rm);
}

void asm_movbe(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, size == 2 ? 0x66 : 0, size == 8, false, 0x0f38f0, reg, rm);
}

void asm_movbe_store(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    if (encode_room(as))
        encode_insn(as, size == 2 ? 0x66 : 0, size == 8, false, 0x0f38f1, reg, rm);
}

void asm_lea(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, size == 8, false, 0x8d, reg, rm);
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
    if (encode_room(as))
        encode_insn(as, 0, false, is_rex_byte(reg), 0x0f90 | (unsigned)cond, 0, operand_reg(reg));
}

void asm_cmov(struct assembler *as, int cond, unsigned size, int reg, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, size == 2 ? 0x66 : 0, size == 8, false, 0x0f40 | (unsigned)cond, reg, rm);
}

/* -- shifts and bits ------------------------------------------------------------------------------------------------ */

void asm_shift_imm(struct assembler *as, enum shift op, unsigned size, struct operand rm, unsigned count)
{
    if (!encode_room(as))
        return;
    encode_extension(as, size, count == 1 ? 0xd0 : 0xc0, op, rm);
    if (count != 1)
        encode_8(as, count);
}

void asm_shift_cl(struct assembler *as, enum shift op, unsigned size, struct operand rm)
{
    if (encode_room(as))
        encode_extension(as, size, 0xd2, op, rm);
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
    if (!encode_room(as))
        return;
    encode_insn(as, size == 2 ? 0x66 : 0, size == 8, false, 0x0fac, reg, rm);
    encode_8(as, count);
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

static void scan_insn(struct assembler *as, unsigned prefix, uint32_t opcode, unsigned size, int reg, struct operand rm)
{
    if (!encode_room(as))
        return;
    if (size == 2)
        encode_8(as, 0x66);
    encode_insn(as, prefix, size == 8, false, opcode, reg, rm);
}
void asm_lzcnt(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0xf3, 0x0fbd, size, reg, rm); }
void asm_tzcnt(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0xf3, 0x0fbc, size, reg, rm); }
void asm_bsr(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0, 0x0fbd, size, reg, rm); }
void asm_bsf(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0, 0x0fbc, size, reg, rm); }
void asm_popcnt(struct assembler *as, unsigned size, int reg, struct operand rm) { scan_insn(as, 0xf3, 0x0fb8, size, reg, rm); }

void asm_crc32(struct assembler *as, unsigned from, int reg, struct operand rm)
{
    if (!encode_room(as))
        return;
    if (from == 2)
        encode_8(as, 0x66);
    encode_insn(as, 0xf2, from == 8, from == 1 && is_rex_byte(rm.reg), from == 1 ? 0x0f38f0 : 0x0f38f1, reg, rm);
}

void asm_bt_imm(struct assembler *as, unsigned size, struct operand rm, unsigned bit)
{
    if (!encode_room(as))
        return;
    encode_insn(as, size == 2 ? 0x66 : 0, size == 8, false, 0x0fba, 4, rm);
    encode_8(as, bit);
}

/* -- locked operations ---------------------------------------------------------------------------------------------- */

void asm_xchg(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    if (encode_room(as))
        encode_sized(as, size, 0x86, reg, rm);
}

void asm_lock_xadd(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    if (!encode_room(as))
        return;
    encode_8(as, 0xf0);
    encode_sized(as, size, 0x0fc0, reg, rm);
}

void asm_lock_cmpxchg(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    if (!encode_room(as))
        return;
    encode_8(as, 0xf0);
    encode_sized(as, size, 0x0fb0, reg, rm);
}

void asm_lock_cmpxchg16b(struct assembler *as, struct operand rm)
{
    if (!encode_room(as))
        return;
    encode_8(as, 0xf0);
    encode_insn(as, 0, true, false, 0x0fc7, 1, rm);
}

void asm_lock_alu(struct assembler *as, enum alu op, unsigned size, struct operand rm, int reg)
{
    if (!encode_room(as))
        return;
    encode_8(as, 0xf0);
    encode_sized(as, size, op << 3, reg, rm);
}

/* Faster than mfence and as strong for ordinary memory. At the stack pointer, where there is always memory: below it may be the guard page. */
void asm_lock_or_stack(struct assembler *as)
{
    if (!encode_room(as))
        return;
    encode_8(as, 0xf0);
    encode_extension(as, 4, 0x82, ALU_OR, operand_mem(RSP, 0));
    encode_8(as, 0);
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
    encode_immediate(as, is_short ? 1 : 4, imm);
}

void asm_pop(struct assembler *as, int reg)
{
    if (!encode_room(as))
        return;
    if (reg >= R8)
        encode_8(as, 0x40 | REX_B);
    encode_8(as, 0x58 | (reg & 7));
}

void asm_push_operand(struct assembler *as, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, false, false, 0xff, 6, rm);
}

void asm_pop_operand(struct assembler *as, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, false, false, 0x8f, 0, rm);
}

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
    asm_nop(as, -((uintptr_t)as->at + opcode_bytes) & 3);
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

void asm_patch(struct assembler *as, uint32_t rel32_offset, uint32_t target_offset)
{
    if (as->overflow)
        return;
    uint32_t relative = target_offset - (rel32_offset + 4);
    memcpy(as->start + rel32_offset, &relative, 4);
}

void asm_patch_short(struct assembler *as, uint32_t rel8_offset)
{
    if (as->overflow)
        return;
    as->start[rel8_offset] = (uint8_t)(asm_offset(as) - (rel8_offset + 1));
}

void asm_jmp_operand(struct assembler *as, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, false, false, 0xff, 4, rm);
}

void asm_call_operand(struct assembler *as, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, false, false, 0xff, 2, rm);
}

void asm_ldmxcsr(struct assembler *as, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, false, false, 0x0fae, 2, rm);
}

void asm_stmxcsr(struct assembler *as, struct operand rm)
{
    if (encode_room(as))
        encode_insn(as, 0, false, false, 0x0fae, 3, rm);
}
