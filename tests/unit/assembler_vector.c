/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings of vector instructions, legacy, VEX and EVEX; the bytes are what GNU as makes of the text beside them.
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

/* EVEX, every form there is; one-byte displacements count vectors. */
#define AVX512_CASES(X) \
    X(asm_vector_imm(&as, INSN_pternlogd, 1, 2, operand_reg(3), 202), "vpternlogd xmm1, xmm2, xmm3, 202", "\x62\xf3\x6d\x08\x25\xcb\xca")                     \
    X(asm_vector_imm(&as, INSN_pternlogd, 9, 12, relative, 248), "vpternlogd xmm9, xmm12, [rip+0x1234], 248", "\x62\x73\x1d\x08\x25\x0d\x34\x12\x00\x00\xf8") \
    X(asm_vector_imm(&as, INSN_pternlogd, 1, 10, operand_mem(R15, 16), 216), "vpternlogd xmm1, xmm10, [r15+0x10], 216", "\x62\xd3\x2d\x08\x25\x4f\x01\xd8")   \
    X(asm_vector(&as, INSN_pabsq, 1, REG_NONE, operand_reg(2)), "vpabsq xmm1, xmm2", "\x62\xf2\xfd\x08\x1f\xca")                                              \
    X(asm_vector(&as, INSN_pabsq, 12, REG_NONE, operand_mem(R15, 8)), "vpabsq xmm12, [r15+8]", "\x62\x52\xfd\x08\x1f\xa7\x08\x00\x00\x00")                    \
    X(asm_vector(&as, INSN_pmullq, 1, 2, operand_reg(3)), "vpmullq xmm1, xmm2, xmm3", "\x62\xf2\xed\x08\x40\xcb")                                             \
    X(asm_vector(&as, INSN_pmullq, 8, 15, operand_mem(RBP, -0x800)), "vpmullq xmm8, xmm15, [rbp-0x800]", "\x62\x72\x85\x08\x40\x45\x80")                      \
    X(asm_vector(&as, INSN_pminsq, 9, 2, operand_reg(11)), "vpminsq xmm9, xmm2, xmm11", "\x62\x52\xed\x08\x39\xcb")                                           \
    X(asm_vector(&as, INSN_pminsq, 3, 2, operand_mem(RSP, 0x800)), "vpminsq xmm3, xmm2, [rsp+0x800]", "\x62\xf2\xed\x08\x39\x9c\x24\x00\x08\x00\x00")         \
    X(asm_vector(&as, INSN_pminuq, 1, 10, operand_mem(R15, 16)), "vpminuq xmm1, xmm10, [r15+0x10]", "\x62\xd2\xad\x08\x3b\x4f\x01")                           \
    X(asm_vector(&as, INSN_pminuq, 1, 2, operand_index(R13, R12, 2, 0x20)), "vpminuq xmm1, xmm2, [r13+r12*4+0x20]", "\x62\x92\xed\x08\x3b\x4c\xa5\x02")       \
    X(asm_vector(&as, INSN_pmaxsq, 8, 15, operand_mem(RBP, -0x800)), "vpmaxsq xmm8, xmm15, [rbp-0x800]", "\x62\x72\x85\x08\x3d\x45\x80")                      \
    X(asm_vector(&as, INSN_pmaxsq, 4, 5, operand_mem(R13, 0)), "vpmaxsq xmm4, xmm5, [r13]", "\x62\xd2\xd5\x08\x3d\x65\x00")                                   \
    X(asm_vector(&as, INSN_pmaxuq, 3, 2, operand_mem(RSP, 0x800)), "vpmaxuq xmm3, xmm2, [rsp+0x800]", "\x62\xf2\xed\x08\x3f\x9c\x24\x00\x08\x00\x00")         \
    X(asm_vector(&as, INSN_pmaxuq, 7, 8, operand_mem(R12, 0x7f0)), "vpmaxuq xmm7, xmm8, [r12+0x7f0]", "\x62\xd2\xbd\x08\x3f\x7c\x24\x7f")                     \
    X(asm_vector(&as, INSN_psllvw, 1, 2, operand_index(R13, R12, 2, 0x20)), "vpsllvw xmm1, xmm2, [r13+r12*4+0x20]", "\x62\x92\xed\x08\x12\x4c\xa5\x02")       \
    X(asm_vector(&as, INSN_psllvw, 1, 2, operand_reg(3)), "vpsllvw xmm1, xmm2, xmm3", "\x62\xf2\xed\x08\x12\xcb")                                             \
    X(asm_vector(&as, INSN_psrlvw, 4, 5, operand_mem(R13, 0)), "vpsrlvw xmm4, xmm5, [r13]", "\x62\xd2\xd5\x08\x10\x65\x00")                                   \
    X(asm_vector(&as, INSN_psrlvw, 9, 2, operand_reg(11)), "vpsrlvw xmm9, xmm2, xmm11", "\x62\x52\xed\x08\x10\xcb")                                           \
    X(asm_vector(&as, INSN_psravw, 7, 8, operand_mem(R12, 0x7f0)), "vpsravw xmm7, xmm8, [r12+0x7f0]", "\x62\xd2\xbd\x08\x11\x7c\x24\x7f")                     \
    X(asm_vector(&as, INSN_psravw, 1, 10, operand_mem(R15, 16)), "vpsravw xmm1, xmm10, [r15+0x10]", "\x62\xd2\xad\x08\x11\x4f\x01")                           \
    X(asm_vector(&as, INSN_psravq, 1, 2, operand_reg(3)), "vpsravq xmm1, xmm2, xmm3", "\x62\xf2\xed\x08\x46\xcb")                                             \
    X(asm_vector(&as, INSN_psravq, 8, 15, operand_mem(RBP, -0x800)), "vpsravq xmm8, xmm15, [rbp-0x800]", "\x62\x72\x85\x08\x46\x45\x80")                      \
    X(asm_vector(&as, INSN_pmovsqd_store, 2, REG_NONE, operand_reg(9)), "vpmovsqd xmm9, xmm2", "\x62\xd2\x7e\x08\x25\xd1")                                    \
    X(asm_vector(&as, INSN_pmovsqd_store, 10, REG_NONE, operand_reg(1)), "vpmovsqd xmm1, xmm10", "\x62\x72\x7e\x08\x25\xd1")                                  \
    X(asm_vector(&as, INSN_pmovusqd_store, 2, REG_NONE, operand_reg(9)), "vpmovusqd xmm9, xmm2", "\x62\xd2\x7e\x08\x15\xd1")                                  \
    X(asm_vector(&as, INSN_pmovusqd_store, 10, REG_NONE, operand_reg(1)), "vpmovusqd xmm1, xmm10", "\x62\x72\x7e\x08\x15\xd1")                                \
    X(asm_vector(&as, INSN_pmovuswb_store, 2, REG_NONE, operand_reg(9)), "vpmovuswb xmm9, xmm2", "\x62\xd2\x7e\x08\x10\xd1")                                  \
    X(asm_vector(&as, INSN_pmovuswb_store, 10, REG_NONE, operand_reg(1)), "vpmovuswb xmm1, xmm10", "\x62\x72\x7e\x08\x10\xd1")                                \
    X(asm_vector(&as, INSN_pmovusdw_store, 2, REG_NONE, operand_reg(9)), "vpmovusdw xmm9, xmm2", "\x62\xd2\x7e\x08\x13\xd1")                                  \
    X(asm_vector(&as, INSN_pmovusdw_store, 10, REG_NONE, operand_reg(1)), "vpmovusdw xmm1, xmm10", "\x62\x72\x7e\x08\x13\xd1")                                \
    X(asm_vector(&as, INSN_plzcntd, 1, REG_NONE, operand_reg(11)), "vplzcntd xmm1, xmm11", "\x62\xd2\x7d\x08\x44\xcb")                                        \
    X(asm_vector(&as, INSN_plzcntd, 9, REG_NONE, operand_mem(R15, 16)), "vplzcntd xmm9, [r15+0x10]", "\x62\x52\x7d\x08\x44\x4f\x01")                          \
    X(asm_vector(&as, INSN_popcntb, 1, REG_NONE, operand_reg(11)), "vpopcntb xmm1, xmm11", "\x62\xd2\x7d\x08\x54\xcb")                                        \
    X(asm_vector(&as, INSN_popcntb, 9, REG_NONE, relative), "vpopcntb xmm9, [rip+0x1234]", "\x62\x72\x7d\x08\x54\x0d\x34\x12\x00\x00")                        \
    X(asm_vector_imm(&as, INSN_gf2p8affineqb, 1, 2, operand_reg(3), 0), "vgf2p8affineqb xmm1, xmm2, xmm3, 0", "\xc4\xe3\xe9\xce\xcb\x00")                     \
    X(asm_vector_imm(&as, INSN_gf2p8affineqb, 9, 10, relative, 0), "vgf2p8affineqb xmm9, xmm10, [rip+0x1234], 0", "\xc4\x63\xa9\xce\x0d\x34\x12\x00\x00\x00") \
    X(asm_vector(&as, INSN_broadcastb_32, 9, REG_NONE, operand_reg(RAX)), "vpbroadcastb xmm9, eax", "\x62\x72\x7d\x08\x7a\xc8")                               \
    X(asm_vector(&as, INSN_broadcastw_32, 2, REG_NONE, operand_reg(R9)), "vpbroadcastw xmm2, r9d", "\x62\xd2\x7d\x08\x7b\xd1")                                \
    X(asm_vector(&as, INSN_broadcastd_32, 9, REG_NONE, operand_reg(RSI)), "vpbroadcastd xmm9, esi", "\x62\x72\x7d\x08\x7c\xce")                               \
    X(asm_vector(&as, INSN_broadcastq_64, 2, REG_NONE, operand_reg(R14)), "vpbroadcastq xmm2, r14", "\x62\xd2\xfd\x08\x7c\xd6")                               \
    X(asm_vector_imm(&as, INSN_pcmpub_mask, 1, 10, operand_reg(3), 6), "vpcmpub k1, xmm10, xmm3, 6", "\x62\xf3\x2d\x08\x3e\xcb\x06")                          \
    X(asm_vector_imm(&as, INSN_pcmpuw_mask, 1, 10, operand_reg(3), 6), "vpcmpuw k1, xmm10, xmm3, 6", "\x62\xf3\xad\x08\x3e\xcb\x06")                          \
    X(asm_vector_imm(&as, INSN_pcmpud_mask, 1, 10, operand_reg(3), 6), "vpcmpud k1, xmm10, xmm3, 6", "\x62\xf3\x2d\x08\x1e\xcb\x06")                          \
    X(asm_vector_imm(&as, INSN_pcmpuq_mask, 1, 10, operand_reg(3), 6), "vpcmpuq k1, xmm10, xmm3, 6", "\x62\xf3\xad\x08\x1e\xcb\x06")                          \
    X(asm_vector_imm(&as, INSN_pcmpuq_mask, 1, 2, operand_mem(R15, 16), 6), "vpcmpuq k1, xmm2, [r15+0x10], 6", "\x62\xd3\xed\x08\x1e\x4f\x01\x06")            \
    X(asm_vector(&as, INSN_mask_to_b, 9, REG_NONE, operand_reg(1)), "vpmovm2b xmm9, k1", "\x62\x72\x7e\x08\x28\xc9")                                          \
    X(asm_vector(&as, INSN_mask_to_w, 2, REG_NONE, operand_reg(1)), "vpmovm2w xmm2, k1", "\x62\xf2\xfe\x08\x28\xd1")                                          \
    X(asm_vector(&as, INSN_mask_to_d, 9, REG_NONE, operand_reg(1)), "vpmovm2d xmm9, k1", "\x62\x72\x7e\x08\x38\xc9")                                          \
    X(asm_vector(&as, INSN_mask_to_q, 2, REG_NONE, operand_reg(1)), "vpmovm2q xmm2, k1", "\x62\xf2\xfe\x08\x38\xd1")                                          \
    X(asm_vector(&as, INSN_cvtqq2pd, 1, REG_NONE, operand_reg(10)), "vcvtqq2pd xmm1, xmm10", "\x62\xd1\xfe\x08\xe6\xca")                                      \
    X(asm_vector(&as, INSN_cvtuqq2pd, 9, REG_NONE, operand_reg(3)), "vcvtuqq2pd xmm9, xmm3", "\x62\x71\xfe\x08\x7a\xcb")                                      \
    X(asm_vector(&as, INSN_cvtudq2ps, 1, REG_NONE, operand_reg(10)), "vcvtudq2ps xmm1, xmm10", "\x62\xd1\x7f\x08\x7a\xca")                                    \
    X(asm_vector(&as, INSN_cvttpd2qq, 9, REG_NONE, operand_reg(3)), "vcvttpd2qq xmm9, xmm3", "\x62\x71\xfd\x08\x7a\xcb")                                      \
    X(asm_vector(&as, INSN_cvtpd2qq, 1, REG_NONE, operand_reg(10)), "vcvtpd2qq xmm1, xmm10", "\x62\xd1\xfd\x08\x7b\xca")                                      \
    X(asm_vector(&as, INSN_cvttpd2uqq, 9, REG_NONE, operand_reg(3)), "vcvttpd2uqq xmm9, xmm3", "\x62\x71\xfd\x08\x78\xcb")                                    \
    X(asm_vector(&as, INSN_cvtpd2uqq, 1, REG_NONE, operand_reg(10)), "vcvtpd2uqq xmm1, xmm10", "\x62\xd1\xfd\x08\x79\xca")                                    \
    X(asm_vector(&as, INSN_cvttps2udq, 9, REG_NONE, operand_reg(3)), "vcvttps2udq xmm9, xmm3", "\x62\x71\x7c\x08\x78\xcb")                                    \
    X(asm_vector(&as, INSN_cvtps2udq, 1, REG_NONE, operand_reg(10)), "vcvtps2udq xmm1, xmm10", "\x62\xd1\x7c\x08\x79\xca")                                    \
    X(asm_vector(&as, INSN_cvtqq2pd, 1, REG_NONE, operand_mem(R15, 16)), "vcvtqq2pd xmm1, [r15+0x10]", "\x62\xd1\xfe\x08\xe6\x4f\x01")                        \
    X(asm_vector(&as, INSN_cvtusi2ss_32, 9, 2, operand_reg(RAX)), "vcvtusi2ss xmm9, xmm2, eax", "\x62\x71\x6e\x08\x7b\xc8")                                   \
    X(asm_vector(&as, INSN_cvttss2usi_32, RAX, REG_NONE, operand_reg(10)), "vcvttss2usi eax, xmm10", "\x62\xd1\x7e\x08\x78\xc2")                              \
    X(asm_vector(&as, INSN_cvtss2usi_32, RAX, REG_NONE, operand_reg(3)), "vcvtss2usi eax, xmm3", "\x62\xf1\x7e\x08\x79\xc3")                                  \
    X(asm_vector(&as, INSN_cvtusi2ss_64, 9, 2, operand_reg(R9)), "vcvtusi2ss xmm9, xmm2, r9", "\x62\x51\xee\x08\x7b\xc9")                                     \
    X(asm_vector(&as, INSN_cvttss2usi_64, R9, REG_NONE, operand_reg(10)), "vcvttss2usi r9, xmm10", "\x62\x51\xfe\x08\x78\xca")                                \
    X(asm_vector(&as, INSN_cvtss2usi_64, R9, REG_NONE, operand_reg(3)), "vcvtss2usi r9, xmm3", "\x62\x71\xfe\x08\x79\xcb")                                    \
    X(asm_vector(&as, INSN_cvtusi2sd_32, 9, 2, operand_reg(RAX)), "vcvtusi2sd xmm9, xmm2, eax", "\x62\x71\x6f\x08\x7b\xc8")                                   \
    X(asm_vector(&as, INSN_cvttsd2usi_32, RAX, REG_NONE, operand_reg(10)), "vcvttsd2usi eax, xmm10", "\x62\xd1\x7f\x08\x78\xc2")                              \
    X(asm_vector(&as, INSN_cvtsd2usi_32, RAX, REG_NONE, operand_reg(3)), "vcvtsd2usi eax, xmm3", "\x62\xf1\x7f\x08\x79\xc3")                                  \
    X(asm_vector(&as, INSN_cvtusi2sd_64, 9, 2, operand_reg(R9)), "vcvtusi2sd xmm9, xmm2, r9", "\x62\x51\xef\x08\x7b\xc9")                                     \
    X(asm_vector(&as, INSN_cvttsd2usi_64, R9, REG_NONE, operand_reg(10)), "vcvttsd2usi r9, xmm10", "\x62\x51\xff\x08\x78\xca")                                \
    X(asm_vector(&as, INSN_cvtsd2usi_64, R9, REG_NONE, operand_reg(3)), "vcvtsd2usi r9, xmm3", "\x62\x71\xff\x08\x79\xcb")                                    \
    X(asm_vector_shift(&as, VECTOR_SAR_64, 9, 10, 5), "vpsraq xmm9, xmm10, 5", "\x62\xd1\xb5\x08\x72\xe2\x05")                                                \
    X(asm_vector_shift(&as, VECTOR_SAR_64, 1, 2, 63), "vpsraq xmm1, xmm2, 63", "\x62\xf1\xf5\x08\x72\xe2\x3f")

Test(assembler_vector, evex)
{
    const struct operand relative = {.reg = REG_NONE, .base = REG_NONE, .index = REG_NONE, .rip = true, .displacement = 0x1234};
    start(true);
    x86_64_features.avx512 = true;
#define AVX512_CHECK(call, text, bytes) call; EXPECT(text, bytes);
    AVX512_CASES(AVX512_CHECK)
#undef AVX512_CHECK
}
