/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings of vector instructions, legacy and VEX; the bytes are what GNU as makes of the text beside them.
 */
#include "translate/host/x86_64/assembler_vector.h"

#include <criterion/criterion.h>
#include <string.h>

#include "translate/host/x86_64/emit.h"

static uint8_t buffer[64];
static struct assembler as;

static void start(bool avx)
{
    x86_64_features.avx = avx;
    memset(buffer, 0xcc, sizeof buffer);
    as = (struct assembler){.start = buffer, .at = buffer, .limit = buffer + sizeof buffer};
}

static void expect(const char *text, const char *bytes, size_t count)
{
    cr_assert_eq(asm_offset(&as), count, "%s: %u bytes", text, asm_offset(&as));
    cr_assert(memcmp(buffer, bytes, count) == 0, "%s", text);
    start(x86_64_features.avx);
}
#define EXPECT(text, bytes) expect(text, bytes, sizeof bytes - 1)

Test(assembler_vector, legacy_registers)
{
    start(false);
    asm_vector(&as, INSN_addsd, 1, 1, operand_reg(2));
    EXPECT("addsd xmm1, xmm2", "\xf2\x0f\x58\xca");
    asm_vector(&as, INSN_paddb, 9, 9, operand_reg(2));
    EXPECT("paddb xmm9, xmm2", "\x66\x44\x0f\xfc\xca");
    asm_vector(&as, INSN_pmulld, 1, 1, operand_reg(10));
    EXPECT("pmulld xmm1, xmm10", "\x66\x41\x0f\x38\x40\xca");
    asm_vector_imm(&as, INSN_roundsd, 1, 1, operand_reg(2), 3);
    EXPECT("roundsd xmm1, xmm2, 3", "\x66\x0f\x3a\x0b\xca\x03");
    asm_vector(&as, INSN_cvtsi2sd_64, 1, 1, operand_reg(RAX));
    EXPECT("cvtsi2sd xmm1, rax", "\xf2\x48\x0f\x2a\xc8");
    asm_vector_shift(&as, VECTOR_SHL_16, 9, 9, 5);
    EXPECT("psllw xmm9, 5", "\x66\x41\x0f\x71\xf1\x05");
    asm_vector_move(&as, 1, 1);
    EXPECT("no move", "");
}

Test(assembler_vector, vex_registers)
{
    start(true);
    asm_vector(&as, INSN_addsd, 1, 2, operand_reg(3));
    EXPECT("vaddsd xmm1, xmm2, xmm3", "\xc5\xeb\x58\xcb");
    asm_vector(&as, INSN_paddb, 9, 10, operand_reg(3));
    EXPECT("vpaddb xmm9, xmm10, xmm3", "\xc5\x29\xfc\xcb");
    asm_vector(&as, INSN_paddb, 1, 2, operand_reg(11));
    EXPECT("vpaddb xmm1, xmm2, xmm11", "\xc4\xc1\x69\xfc\xcb");
    asm_vector(&as, INSN_fmadd213sd, 1, 2, operand_reg(3));
    EXPECT("vfmadd213sd xmm1, xmm2, xmm3", "\xc4\xe2\xe9\xa9\xcb");
    asm_vector(&as, INSN_sqrtps, 1, REG_NONE, operand_reg(3));
    EXPECT("vsqrtps xmm1, xmm3", "\xc5\xf8\x51\xcb");
    asm_vector_imm(&as, INSN_pblendvb, 1, 2, operand_reg(3), 4 << 4);
    EXPECT("vpblendvb xmm1, xmm2, xmm3, xmm4", "\xc4\xe3\x69\x4c\xcb\x40");
    asm_vector_shift(&as, VECTOR_SHR_BYTES, 2, 10, 5);
    EXPECT("vpsrldq xmm2, xmm10, 5", "\xc4\xc1\x69\x73\xda\x05");
    asm_vector_move(&as, 2, 9);
    EXPECT("vmovaps xmm2, xmm9 (store form)", "\xc5\x78\x29\xca");
    asm_vector(&as, INSN_sha256msg1, 1, REG_NONE, operand_reg(2));
    EXPECT("sha256msg1 xmm1, xmm2", "\x0f\x38\xcc\xca");
}

Test(assembler_vector, memory)
{
    start(true);
    asm_vector_load(&as, 8, 2, operand_mem(R15, 8));
    EXPECT("vmovsd xmm2, [r15+8]", "\xc4\xc1\x7b\x10\x57\x08");
    asm_vector_load(&as, 16, 2, operand_mem(RBP, 0));
    EXPECT("vmovups xmm2, [rbp+0]", "\xc5\xf8\x10\x55\x00");
    asm_vector_store(&as, 1, operand_mem(R12, -128), 4);
    EXPECT("vpextrb [r12-128], xmm4, 0", "\xc4\xc3\x79\x14\x64\x24\x80\x00");
    asm_vector_load(&as, 4, 9, operand_index(R13, R12, 2, 0x12345));
    EXPECT("vmovss xmm9, [r13+r12*4+0x12345]", "\xc4\x01\x7a\x10\x8c\xa5\x45\x23\x01\x00");
    struct operand window = operand_mem(RSP, 8);
    window.gs = window.address32 = true;
    asm_vector_load(&as, 8, 2, window);
    EXPECT("vmovsd xmm2, gs:[esp+8]", "\x65\x67\xc5\xfb\x10\x54\x24\x08");
    struct operand relative = {.reg = REG_NONE, .base = REG_NONE, .index = REG_NONE, .rip = true, .displacement = 0x1234};
    asm_vector(&as, INSN_paddb, 1, 1, relative);
    EXPECT("vpaddb xmm1, xmm1, [rip+0x1234]", "\xc5\xf1\xfc\x0d\x34\x12\x00\x00");
}

Test(assembler_vector, integer_registers)
{
    start(true);
    asm_vector_from_gpr(&as, 4, 3, operand_reg(RAX));
    EXPECT("vmovd xmm3, eax", "\xc5\xf9\x6e\xd8");
    asm_vector_to_gpr(&as, 8, operand_reg(R9), 12);
    EXPECT("vmovq r9, xmm12", "\xc4\x41\xf9\x7e\xe1");
    asm_vector(&as, INSN_cvttsd2si_64, RAX, REG_NONE, operand_reg(1));
    EXPECT("vcvttsd2si rax, xmm1", "\xc4\xe1\xfb\x2c\xc1");
    asm_vector_imm(&as, INSN_pinsrb, 1, 2, operand_reg(RSI), 3);
    EXPECT("vpinsrb xmm1, xmm2, esi, 3", "\xc4\xe3\x69\x20\xce\x03");
}
