/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The x86-64 assembler: writes instructions to a buffer, knows encodings (Intel SDM vol. 2) and nothing else. Integer
 * instructions here; SSE/AVX/AVX-512 ones in assembler_vector.h from one table.
 */
#ifndef FERRY_HOST_X86_64_ASSEMBLER_H
#define FERRY_HOST_X86_64_ASSEMBLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, REG_NONE = -1 };
enum { XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7, XMM8, XMM9, XMM10, XMM11, XMM12, XMM13, XMM14, XMM15 };

/* Host condition codes as in jcc/setcc/cmovcc. */
enum {
    HOST_O, HOST_NO, HOST_B, HOST_AE, HOST_E, HOST_NE, HOST_BE, HOST_A,
    HOST_S, HOST_NS, HOST_P, HOST_NP, HOST_L, HOST_GE, HOST_LE, HOST_G, HOST_ALWAYS
};
enum alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum shift { SHIFT_ROL, SHIFT_ROR, SHIFT_RCL, SHIFT_RCR, SHIFT_SHL, SHIFT_SHR, SHIFT_SAL, SHIFT_SAR };

/* A register or memory operand: the r/m of an instruction. */
struct operand {
    int8_t reg;                       /* >= 0: this register; else memory: */
    int8_t base, index;               /* REG_NONE: absent; base REG_NONE and rip: rip-relative to displacement */
    uint8_t scale;                    /* log2 */
    bool rip, gs, address32;
    int32_t displacement;
};
static inline struct operand operand_reg(int reg) { return (struct operand){.reg = (int8_t)reg, .base = REG_NONE, .index = REG_NONE}; }
static inline struct operand operand_mem(int base, int32_t displacement)
{
    return (struct operand){.reg = REG_NONE, .base = (int8_t)base, .index = REG_NONE, .displacement = displacement};
}
static inline struct operand operand_index(int base, int index, unsigned scale, int32_t displacement)
{
    return (struct operand){.reg = REG_NONE, .base = (int8_t)base, .index = (int8_t)index, .scale = (uint8_t)scale, .displacement = displacement};
}

struct assembler { uint8_t *start, *at, *limit; bool overflow; };   /* past limit nothing is written and overflow is set */
static inline uint32_t asm_offset(const struct assembler *as) { return (uint32_t)(as->at - as->start); }

/* Room for that many bytes at least. */
static inline bool asm_has_room(struct assembler *as, long bytes)
{
    if (__builtin_expect(as->limit - as->at >= bytes, 1))
        return true;
    as->overflow = true;
    return false;
}

/* -- the one encoder ---------------------------------------------------------------------------------------------------
 * A form is all that an instruction is besides its operands, in one word: up to three opcode bytes in the order of memory, how many they
 * are, the operand size's prefix or REX bit, and how many bytes of immediate follow. */
#define FORM_1(opcode) ((uint32_t)(opcode) | 1u << 24)
#define FORM_2(opcode) (0x0fu | (uint32_t)(opcode) << 8 | 2u << 24)                  /* map 0f */
#define FORM_3(map, opcode) (0x0fu | (uint32_t)(map) << 8 | (uint32_t)(opcode) << 16 | 3u << 24)   /* maps 0f38, 0f3a */
#define FORM_66 (1u << 26)
#define FORM_W (0x08u << 24)              /* as in REX */
#define FORM_REX (0x40u << 24)            /* a REX even if it says nothing: spl, bpl, sil and dil, which are ah, ch, dh, bh without */
#define FORM_IMM(bytes) ((uint32_t)((bytes) == 4 ? 3 : (bytes)) << 28)               /* 0 1 2 4 */
void asm_encode(struct assembler *as, uint32_t form, int reg, struct operand rm, int32_t imm);
void asm_encode_registers(struct assembler *as, uint32_t form, int reg, int rm);                  /* the same without immediate, */
void asm_encode_memory(struct assembler *as, uint32_t form, int reg, int base, int32_t displacement);   /* for what is commonest: */
void asm_encode_state(struct assembler *as, uint32_t form, int reg, int32_t displacement);        /* the base is r15 */

static inline uint32_t form_width(unsigned size) { return size == 8 ? FORM_W : size == 2 ? FORM_66 : 0; }
static inline uint32_t form_rex_byte(int reg) { return reg >= RSP && reg <= RDI ? FORM_REX : 0; }

/* Opcodes of one byte whose bit 0 is clear for byte operands. */
static inline uint32_t form_sized(unsigned size, unsigned opcode, int reg, int rm_reg)
{
    if (__builtin_expect(size == 1, 0))
        return FORM_1(opcode) | form_rex_byte(reg) | form_rex_byte(rm_reg);
    return FORM_1(opcode | 1) | form_width(size);
}

/* size: operand width in bytes (1 2 4 8). Names are the mnemonics. rm is a register or memory. */
void asm_bytes(struct assembler *as, const void *bytes, size_t count);
static inline void asm_alu(struct assembler *as, enum alu op, unsigned size, int reg, struct operand rm)         /* op reg, rm */
{
    asm_encode(as, form_sized(size, op << 3 | 2, reg, rm.reg), reg, rm, 0);
}
static inline void asm_alu_store(struct assembler *as, enum alu op, unsigned size, struct operand rm, int reg)   /* op rm, reg */
{
    asm_encode(as, form_sized(size, op << 3, reg, rm.reg), reg, rm, 0);
}
void asm_alu_imm(struct assembler *as, enum alu op, unsigned size, struct operand rm, int32_t imm);
static inline void asm_test(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    asm_encode(as, form_sized(size, 0x84, reg, rm.reg), reg, rm, 0);
}
void asm_test_imm(struct assembler *as, unsigned size, struct operand rm, int32_t imm);
/* Load or register move; size 1, 2 merge: see movzx. */
static inline void asm_mov(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    asm_encode(as, form_sized(size, 0x8a, reg, rm.reg), reg, rm, 0);
}
static inline void asm_mov_store(struct assembler *as, unsigned size, struct operand rm, int reg)
{
    asm_encode(as, form_sized(size, 0x88, reg, rm.reg), reg, rm, 0);
}
void asm_mov_imm(struct assembler *as, int reg, uint64_t imm);                                       /* shortest form; 64-bit result; keeps EFLAGS (no xor) */
void asm_mov_imm_store(struct assembler *as, unsigned size, struct operand rm, int32_t imm);
static inline void asm_movzx(struct assembler *as, unsigned from, int reg, struct operand rm)        /* from 1 2 (4: plain mov) to 64 bits */
{
    uint32_t form = from == 4 ? FORM_1(0x8b) : from == 2 ? FORM_2(0xb7) : FORM_2(0xb6) | form_rex_byte(rm.reg);
    asm_encode(as, form, reg, rm, 0);
}
void asm_movsx(struct assembler *as, unsigned from, unsigned to, int reg, struct operand rm);        /* from 1 2 4 to 4 8 */
void asm_movbe(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_movbe_store(struct assembler *as, unsigned size, struct operand rm, int reg);
static inline void asm_lea(struct assembler *as, unsigned size, int reg, struct operand rm)
{
    asm_encode(as, FORM_1(0x8d) | (size == 8 ? FORM_W : 0), reg, rm, 0);
}
void asm_shift_imm(struct assembler *as, enum shift op, unsigned size, struct operand rm, unsigned count);
void asm_shift_cl(struct assembler *as, enum shift op, unsigned size, struct operand rm);
void asm_shift_bmi2(struct assembler *as, enum shift op, unsigned size, int reg, struct operand rm, int count); /* shlx shrx sarx: no flags */
void asm_rorx(struct assembler *as, unsigned size, int reg, struct operand rm, unsigned count);
void asm_shrd(struct assembler *as, unsigned size, struct operand rm, int reg, unsigned count);
void asm_andn(struct assembler *as, unsigned size, int reg, int inverted, struct operand rm);        /* reg = ~inverted & rm */
void asm_imul(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_imul_imm(struct assembler *as, unsigned size, int reg, struct operand rm, int32_t imm);
void asm_unary(struct assembler *as, unsigned extension, unsigned size, struct operand rm);          /* F6/F7 /extension: 2 not 3 neg 4 mul 5 imul 6 div 7 idiv */
void asm_cdq(struct assembler *as, unsigned size);
void asm_bswap(struct assembler *as, unsigned size, int reg);
void asm_lzcnt(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_tzcnt(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_bsr(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_bsf(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_popcnt(struct assembler *as, unsigned size, int reg, struct operand rm);
void asm_crc32(struct assembler *as, unsigned from, int reg, struct operand rm);
void asm_bt_imm(struct assembler *as, unsigned size, struct operand rm, unsigned bit);
void asm_setcc(struct assembler *as, int cond, int reg);
void asm_cmov(struct assembler *as, int cond, unsigned size, int reg, struct operand rm);
void asm_xchg(struct assembler *as, unsigned size, struct operand rm, int reg);
void asm_lock_xadd(struct assembler *as, unsigned size, struct operand rm, int reg);
void asm_lock_cmpxchg(struct assembler *as, unsigned size, struct operand rm, int reg);
void asm_lock_alu(struct assembler *as, enum alu op, unsigned size, struct operand rm, int reg);
void asm_lock_or_stack(struct assembler *as);                                                        /* the full fence: lock or dword [rsp], 0 */
void asm_push(struct assembler *as, int reg);
void asm_push_imm(struct assembler *as, int32_t imm);
void asm_pop(struct assembler *as, int reg);
void asm_push_operand(struct assembler *as, struct operand rm);
void asm_lahf(struct assembler *as);
void asm_sahf(struct assembler *as);
void asm_cmc(struct assembler *as);
void asm_ret(struct assembler *as);
void asm_int3(struct assembler *as);
void asm_nop(struct assembler *as, unsigned bytes);                                                  /* multi-byte nops */
void asm_align_rel32(struct assembler *as, unsigned opcode_bytes);                                   /* pads so that a rel32 after opcode_bytes is 4-byte aligned */
uint32_t asm_jmp(struct assembler *as);                                                              /* rel32 form; returns the offset of the rel32 (to asm_patch) */
uint32_t asm_jcc(struct assembler *as, int cond);
uint32_t asm_call(struct assembler *as);
uint32_t asm_jcc_short(struct assembler *as, int cond);                                              /* rel8; returns the offset of the rel8 */
static inline void asm_patch(struct assembler *as, uint32_t rel32_offset, uint32_t target_offset)
{
    uint32_t relative = target_offset - (rel32_offset + 4);
    if (!as->overflow)
        memcpy(as->start + rel32_offset, &relative, 4);
}
void asm_patch_short(struct assembler *as, uint32_t rel8_offset);                                    /* to here */
static inline void asm_move(struct assembler *as, int to, int from)                                  /* 64 bits */
{
    asm_encode_registers(as, FORM_1(0x8b) | FORM_W, to, from);
}
static inline void asm_jmp_operand(struct assembler *as, struct operand rm) { asm_encode(as, FORM_1(0xff), 4, rm, 0); }
static inline void asm_call_operand(struct assembler *as, struct operand rm) { asm_encode(as, FORM_1(0xff), 2, rm, 0); }
void asm_bzhi(struct assembler *as, unsigned size, int reg, struct operand rm, int count);            /* no flags kept: it writes them */
void asm_mulx(struct assembler *as, unsigned size, int high, int low, struct operand rm);            /* high:low = rdx * rm, no flags */
void asm_lock_cmpxchg16b(struct assembler *as, struct operand rm);                                   /* rdx:rax expected, rcx:rbx new */
void asm_pop_operand(struct assembler *as, struct operand rm);
void asm_stc(struct assembler *as);
void asm_clc(struct assembler *as);
void asm_ud2(struct assembler *as);
void asm_ldmxcsr(struct assembler *as, struct operand rm);
void asm_stmxcsr(struct assembler *as, struct operand rm);

#endif
