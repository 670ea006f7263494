/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The vector half of the x86-64 assembler: SSE, AVX, AES, SHA, FMA, GFNI and AVX-512VL instructions on 128-bit registers, from
 * one table (encodings: Intel SDM vol. 2). VEX forms are written wherever the CPU has AVX, so that legacy and VEX code never mix.
 */
#ifndef FERRY_HOST_X86_64_ASSEMBLER_VECTOR_H
#define FERRY_HOST_X86_64_ASSEMBLER_VECTOR_H

#include "translate/host/x86_64/assembler.h"

/* X(mnemonic, mandatory prefix, opcode map, opcode, flags)
 *   N    three operands under VEX: dst = src1 op rm (without VEX dst is src1)
 *   W    REX.W / VEX.W
 *   V    VEX only          L    legacy only (SHA has no VEX form)          E    EVEX only
 * A suffix _store marks the direction register -> r/m, _32/_64 the width of the integer operand. */
#define VECTOR_INSNS(X)                                                                                                      \
    /* scalar and packed arithmetic */                                                                                       \
    X(addss, F3, 0F, 0x58, N) X(addsd, F2, 0F, 0x58, N) X(addps, NP, 0F, 0x58, N) X(addpd, 66, 0F, 0x58, N)                  \
    X(mulss, F3, 0F, 0x59, N) X(mulsd, F2, 0F, 0x59, N) X(mulps, NP, 0F, 0x59, N) X(mulpd, 66, 0F, 0x59, N)                  \
    X(subss, F3, 0F, 0x5c, N) X(subsd, F2, 0F, 0x5c, N) X(subps, NP, 0F, 0x5c, N) X(subpd, 66, 0F, 0x5c, N)                  \
    X(minss, F3, 0F, 0x5d, N) X(minsd, F2, 0F, 0x5d, N) X(minps, NP, 0F, 0x5d, N) X(minpd, 66, 0F, 0x5d, N)                  \
    X(divss, F3, 0F, 0x5e, N) X(divsd, F2, 0F, 0x5e, N) X(divps, NP, 0F, 0x5e, N) X(divpd, 66, 0F, 0x5e, N)                  \
    X(maxss, F3, 0F, 0x5f, N) X(maxsd, F2, 0F, 0x5f, N) X(maxps, NP, 0F, 0x5f, N) X(maxpd, 66, 0F, 0x5f, N)                  \
    X(sqrtss, F3, 0F, 0x51, N) X(sqrtsd, F2, 0F, 0x51, N) X(sqrtps, NP, 0F, 0x51, 0) X(sqrtpd, 66, 0F, 0x51, 0)              \
    X(ucomiss, NP, 0F, 0x2e, 0) X(ucomisd, 66, 0F, 0x2e, 0) X(comiss, NP, 0F, 0x2f, 0) X(comisd, 66, 0F, 0x2f, 0)            \
    X(cmpss, F3, 0F, 0xc2, N) X(cmpsd, F2, 0F, 0xc2, N) X(cmpps, NP, 0F, 0xc2, N) X(cmppd, 66, 0F, 0xc2, N)                  \
    X(roundss, 66, 3A, 0x0a, N) X(roundsd, 66, 3A, 0x0b, N) X(roundps, 66, 3A, 0x08, 0) X(roundpd, 66, 3A, 0x09, 0)          \
    /* conversions */                                                                                                        \
    X(cvtss2sd, F3, 0F, 0x5a, N) X(cvtsd2ss, F2, 0F, 0x5a, N) X(cvtps2pd, NP, 0F, 0x5a, 0) X(cvtpd2ps, 66, 0F, 0x5a, 0)      \
    X(cvtdq2ps, NP, 0F, 0x5b, 0) X(cvtps2dq, 66, 0F, 0x5b, 0) X(cvttps2dq, F3, 0F, 0x5b, 0)                                  \
    X(cvtdq2pd, F3, 0F, 0xe6, 0) X(cvttpd2dq, 66, 0F, 0xe6, 0) X(cvtpd2dq, F2, 0F, 0xe6, 0)                                  \
    X(cvtsi2ss_32, F3, 0F, 0x2a, N) X(cvtsi2ss_64, F3, 0F, 0x2a, N | W)                                                      \
    X(cvtsi2sd_32, F2, 0F, 0x2a, N) X(cvtsi2sd_64, F2, 0F, 0x2a, N | W)                                                      \
    X(cvttss2si_32, F3, 0F, 0x2c, 0) X(cvttss2si_64, F3, 0F, 0x2c, W) X(cvttsd2si_32, F2, 0F, 0x2c, 0)                       \
    X(cvttsd2si_64, F2, 0F, 0x2c, W) X(cvtss2si_32, F3, 0F, 0x2d, 0) X(cvtss2si_64, F3, 0F, 0x2d, W)                         \
    X(cvtsd2si_32, F2, 0F, 0x2d, 0) X(cvtsd2si_64, F2, 0F, 0x2d, W)                                                          \
    X(cvtph2ps, 66, 38, 0x13, V) X(cvtps2ph_store, 66, 3A, 0x1d, V)                                                          \
    /* moves and logic */                                                                                                    \
    X(movaps, NP, 0F, 0x28, 0) X(movups, NP, 0F, 0x10, 0) X(movups_store, NP, 0F, 0x11, 0)                                   \
    X(movaps_store, NP, 0F, 0x29, 0) X(movss, F3, 0F, 0x10, 0) X(movss_store, F3, 0F, 0x11, 0)                               \
    X(movsd, F2, 0F, 0x10, 0) X(movsd_store, F2, 0F, 0x11, 0) X(movss_merge, F3, 0F, 0x10, N)                                \
    X(movsd_merge, F2, 0F, 0x10, N) X(movd, 66, 0F, 0x6e, 0) X(movd_store, 66, 0F, 0x7e, 0)                                  \
    X(movq_gpr, 66, 0F, 0x6e, W) X(movq_gpr_store, 66, 0F, 0x7e, W) X(movq, F3, 0F, 0x7e, 0)                                 \
    X(movq_store, 66, 0F, 0xd6, 0) X(movddup, F2, 0F, 0x12, 0) X(movhlps, NP, 0F, 0x12, N) X(movlhps, NP, 0F, 0x16, N)       \
    X(movsldup, F3, 0F, 0x12, 0) X(movshdup, F3, 0F, 0x16, 0)                                                                \
    X(andps, NP, 0F, 0x54, N) X(andnps, NP, 0F, 0x55, N) X(orps, NP, 0F, 0x56, N) X(xorps, NP, 0F, 0x57, N)                  \
    X(pand, 66, 0F, 0xdb, N) X(pandn, 66, 0F, 0xdf, N) X(por, 66, 0F, 0xeb, N) X(pxor, 66, 0F, 0xef, N)                      \
    X(unpcklps, NP, 0F, 0x14, N) X(unpckhps, NP, 0F, 0x15, N) X(unpcklpd, 66, 0F, 0x14, N) X(unpckhpd, 66, 0F, 0x15, N)      \
    X(shufps, NP, 0F, 0xc6, N) X(shufpd, 66, 0F, 0xc6, N) X(insertps, 66, 3A, 0x21, N)                                       \
    X(movmskps, NP, 0F, 0x50, 0) X(movmskpd, 66, 0F, 0x50, 0) X(pmovmskb, 66, 0F, 0xd7, 0) X(ptest, 66, 38, 0x17, 0)         \
    X(blendps, 66, 3A, 0x0c, N) X(blendpd, 66, 3A, 0x0d, N) X(pblendw, 66, 3A, 0x0e, N) X(pblendd, 66, 3A, 0x02, N | V)      \
    X(pblendvb, 66, 3A, 0x4c, N | V) X(blendvps, 66, 3A, 0x4a, N | V) X(blendvpd, 66, 3A, 0x4b, N | V)                       \
    /* integer arithmetic */                                                                                                 \
    X(paddb, 66, 0F, 0xfc, N) X(paddw, 66, 0F, 0xfd, N) X(paddd, 66, 0F, 0xfe, N) X(paddq, 66, 0F, 0xd4, N)                  \
    X(psubb, 66, 0F, 0xf8, N) X(psubw, 66, 0F, 0xf9, N) X(psubd, 66, 0F, 0xfa, N) X(psubq, 66, 0F, 0xfb, N)                  \
    X(paddsb, 66, 0F, 0xec, N) X(paddsw, 66, 0F, 0xed, N) X(paddusb, 66, 0F, 0xdc, N) X(paddusw, 66, 0F, 0xdd, N)            \
    X(psubsb, 66, 0F, 0xe8, N) X(psubsw, 66, 0F, 0xe9, N) X(psubusb, 66, 0F, 0xd8, N) X(psubusw, 66, 0F, 0xd9, N)            \
    X(pmullw, 66, 0F, 0xd5, N) X(pmulld, 66, 38, 0x40, N) X(pmuludq, 66, 0F, 0xf4, N) X(pmuldq, 66, 38, 0x28, N)             \
    X(pmulhw, 66, 0F, 0xe5, N) X(pmulhuw, 66, 0F, 0xe4, N) X(pmulhrsw, 66, 38, 0x0b, N) X(pmaddwd, 66, 0F, 0xf5, N)          \
    X(pmaddubsw, 66, 38, 0x04, N) X(psadbw, 66, 0F, 0xf6, N) X(pavgb, 66, 0F, 0xe0, N) X(pavgw, 66, 0F, 0xe3, N)             \
    X(pminsb, 66, 38, 0x38, N) X(pminsw, 66, 0F, 0xea, N) X(pminsd, 66, 38, 0x39, N)                                         \
    X(pminub, 66, 0F, 0xda, N) X(pminuw, 66, 38, 0x3a, N) X(pminud, 66, 38, 0x3b, N)                                         \
    X(pmaxsb, 66, 38, 0x3c, N) X(pmaxsw, 66, 0F, 0xee, N) X(pmaxsd, 66, 38, 0x3d, N)                                         \
    X(pmaxub, 66, 0F, 0xde, N) X(pmaxuw, 66, 38, 0x3e, N) X(pmaxud, 66, 38, 0x3f, N)                                         \
    X(pcmpeqb, 66, 0F, 0x74, N) X(pcmpeqw, 66, 0F, 0x75, N) X(pcmpeqd, 66, 0F, 0x76, N) X(pcmpeqq, 66, 38, 0x29, N)          \
    X(pcmpgtb, 66, 0F, 0x64, N) X(pcmpgtw, 66, 0F, 0x65, N) X(pcmpgtd, 66, 0F, 0x66, N) X(pcmpgtq, 66, 38, 0x37, N)          \
    X(pabsb, 66, 38, 0x1c, 0) X(pabsw, 66, 38, 0x1d, 0) X(pabsd, 66, 38, 0x1e, 0)                                            \
    X(phminposuw, 66, 38, 0x41, 0) X(phaddw, 66, 38, 0x01, N) X(phaddd, 66, 38, 0x02, N)                                     \
    X(psignb, 66, 38, 0x08, N) X(psignw, 66, 38, 0x09, N) X(psignd, 66, 38, 0x0a, N)                                         \
    /* shifts by a register or per lane; the immediate forms are asm_vector_shift */                                         \
    X(psllw, 66, 0F, 0xf1, N) X(pslld, 66, 0F, 0xf2, N) X(psllq, 66, 0F, 0xf3, N)                                            \
    X(psrlw, 66, 0F, 0xd1, N) X(psrld, 66, 0F, 0xd2, N) X(psrlq, 66, 0F, 0xd3, N)                                            \
    X(psraw, 66, 0F, 0xe1, N) X(psrad, 66, 0F, 0xe2, N)                                                                      \
    X(psllvd, 66, 38, 0x47, N | V) X(psllvq, 66, 38, 0x47, N | V | W) X(psrlvd, 66, 38, 0x45, N | V)                         \
    X(psrlvq, 66, 38, 0x45, N | V | W) X(psravd, 66, 38, 0x46, N | V)                                                        \
    /* permutes, packs, widening */                                                                                          \
    X(packsswb, 66, 0F, 0x63, N) X(packssdw, 66, 0F, 0x6b, N) X(packuswb, 66, 0F, 0x67, N) X(packusdw, 66, 38, 0x2b, N)      \
    X(punpcklbw, 66, 0F, 0x60, N) X(punpcklwd, 66, 0F, 0x61, N) X(punpckldq, 66, 0F, 0x62, N) X(punpcklqdq, 66, 0F, 0x6c, N) \
    X(punpckhbw, 66, 0F, 0x68, N) X(punpckhwd, 66, 0F, 0x69, N) X(punpckhdq, 66, 0F, 0x6a, N) X(punpckhqdq, 66, 0F, 0x6d, N) \
    X(pshufb, 66, 38, 0x00, N) X(pshufd, 66, 0F, 0x70, 0) X(pshuflw, F2, 0F, 0x70, 0) X(pshufhw, F3, 0F, 0x70, 0)            \
    X(palignr, 66, 3A, 0x0f, N)                                                                                              \
    X(pmovsxbw, 66, 38, 0x20, 0) X(pmovsxwd, 66, 38, 0x23, 0) X(pmovsxdq, 66, 38, 0x25, 0)                                   \
    X(pmovzxbw, 66, 38, 0x30, 0) X(pmovzxwd, 66, 38, 0x33, 0) X(pmovzxdq, 66, 38, 0x35, 0) X(pmovzxwq, 66, 38, 0x34, 0)      \
    X(pbroadcastb, 66, 38, 0x78, V) X(pbroadcastw, 66, 38, 0x79, V) X(pbroadcastd, 66, 38, 0x58, V)                          \
    X(pbroadcastq, 66, 38, 0x59, V)                                                                                          \
    X(pinsrb, 66, 3A, 0x20, N) X(pinsrw, 66, 0F, 0xc4, N) X(pinsrd, 66, 3A, 0x22, N) X(pinsrq, 66, 3A, 0x22, N | W)          \
    X(pextrb_store, 66, 3A, 0x14, 0) X(pextrw_store, 66, 3A, 0x15, 0) X(pextrd_store, 66, 3A, 0x16, 0)                       \
    X(pextrq_store, 66, 3A, 0x16, W) X(pextrw, 66, 0F, 0xc5, 0)                                                              \
    /* fused multiply-add: dst = dst * src1 + rm (213), dst = src1 * rm + dst (231) */                                       \
    X(fmadd213ss, 66, 38, 0xa9, N | V) X(fmadd213sd, 66, 38, 0xa9, N | V | W) X(fmadd213ps, 66, 38, 0xa8, N | V)             \
    X(fmadd213pd, 66, 38, 0xa8, N | V | W) X(fmsub213ss, 66, 38, 0xab, N | V) X(fmsub213sd, 66, 38, 0xab, N | V | W)         \
    X(fmsub213ps, 66, 38, 0xaa, N | V) X(fmsub213pd, 66, 38, 0xaa, N | V | W) X(fnmadd213ss, 66, 38, 0xad, N | V)            \
    X(fnmadd213sd, 66, 38, 0xad, N | V | W) X(fnmadd213ps, 66, 38, 0xac, N | V) X(fnmadd213pd, 66, 38, 0xac, N | V | W)      \
    X(fnmsub213ss, 66, 38, 0xaf, N | V) X(fnmsub213sd, 66, 38, 0xaf, N | V | W) X(fnmsub213ps, 66, 38, 0xae, N | V)          \
    X(fnmsub213pd, 66, 38, 0xae, N | V | W) X(fmadd231ss, 66, 38, 0xb9, N | V) X(fmadd231sd, 66, 38, 0xb9, N | V | W)        \
    X(fmadd231ps, 66, 38, 0xb8, N | V) X(fmadd231pd, 66, 38, 0xb8, N | V | W) X(fnmadd231ps, 66, 38, 0xbc, N | V)            \
    X(fnmadd231pd, 66, 38, 0xbc, N | V | W)                                                                                  \
    /* cryptography */                                                                                                       \
    X(aesenc, 66, 38, 0xdc, N) X(aesenclast, 66, 38, 0xdd, N) X(aesdec, 66, 38, 0xde, N) X(aesdeclast, 66, 38, 0xdf, N)      \
    X(aesimc, 66, 38, 0xdb, 0) X(pclmulqdq, 66, 3A, 0x44, N)                                                                 \
    X(sha1nexte, NP, 38, 0xc8, L) X(sha1msg1, NP, 38, 0xc9, L) X(sha1msg2, NP, 38, 0xca, L)                                  \
    X(sha256rnds2, NP, 38, 0xcb, L) X(sha256msg1, NP, 38, 0xcc, L) X(sha256msg2, NP, 38, 0xcd, L)                            \
    X(sha1rnds4, NP, 3A, 0xcc, L)                                                                                            \
    /* AVX-512: dst is the first source too in vpternlog; _mask writes a mask register, mask_to_ widens one to lanes */      \
    X(pternlogd, 66, 3A, 0x25, N | E) X(pabsq, 66, 38, 0x1f, W | E) X(pmullq, 66, 38, 0x40, N | W | E)                       \
    X(pminsq, 66, 38, 0x39, N | W | E) X(pminuq, 66, 38, 0x3b, N | W | E) X(pmaxsq, 66, 38, 0x3d, N | W | E)                 \
    X(pmaxuq, 66, 38, 0x3f, N | W | E) X(psllvw, 66, 38, 0x12, N | W | E) X(psrlvw, 66, 38, 0x10, N | W | E)                 \
    X(psravw, 66, 38, 0x11, N | W | E) X(psravq, 66, 38, 0x46, N | W | E)                                                    \
    X(pmovsqd_store, F3, 38, 0x25, E) X(pmovusqd_store, F3, 38, 0x15, E) X(pmovuswb_store, F3, 38, 0x10, E)                  \
    X(pmovusdw_store, F3, 38, 0x13, E) X(plzcntd, 66, 38, 0x44, E) X(popcntb, 66, 38, 0x54, E)                               \
    X(gf2p8affineqb, 66, 3A, 0xce, N | V | W)                                                                                \
    X(broadcastb_32, 66, 38, 0x7a, E) X(broadcastw_32, 66, 38, 0x7b, E) X(broadcastd_32, 66, 38, 0x7c, E)                    \
    X(broadcastq_64, 66, 38, 0x7c, W | E)                                                                                    \
    X(pcmpub_mask, 66, 3A, 0x3e, N | E) X(pcmpuw_mask, 66, 3A, 0x3e, N | W | E) X(pcmpud_mask, 66, 3A, 0x1e, N | E)          \
    X(pcmpuq_mask, 66, 3A, 0x1e, N | W | E) X(mask_to_b, F3, 38, 0x28, E) X(mask_to_w, F3, 38, 0x28, W | E)                  \
    X(mask_to_d, F3, 38, 0x38, E) X(mask_to_q, F3, 38, 0x38, W | E)                                                          \
    X(cvtqq2pd, F3, 0F, 0xe6, W | E) X(cvtuqq2pd, F3, 0F, 0x7a, W | E) X(cvtudq2ps, F2, 0F, 0x7a, E)                         \
    X(cvttpd2qq, 66, 0F, 0x7a, W | E) X(cvtpd2qq, 66, 0F, 0x7b, W | E) X(cvttpd2uqq, 66, 0F, 0x78, W | E)                    \
    X(cvtpd2uqq, 66, 0F, 0x79, W | E) X(cvttps2udq, NP, 0F, 0x78, E) X(cvtps2udq, NP, 0F, 0x79, E)                           \
    X(cvtusi2ss_32, F3, 0F, 0x7b, N | E) X(cvtusi2ss_64, F3, 0F, 0x7b, N | W | E) X(cvtusi2sd_32, F2, 0F, 0x7b, N | E)       \
    X(cvtusi2sd_64, F2, 0F, 0x7b, N | W | E) X(cvttss2usi_32, F3, 0F, 0x78, E) X(cvttss2usi_64, F3, 0F, 0x78, W | E)         \
    X(cvttsd2usi_32, F2, 0F, 0x78, E) X(cvttsd2usi_64, F2, 0F, 0x78, W | E) X(cvtss2usi_32, F3, 0F, 0x79, E)                 \
    X(cvtss2usi_64, F3, 0F, 0x79, W | E) X(cvtsd2usi_32, F2, 0F, 0x79, E) X(cvtsd2usi_64, F2, 0F, 0x79, W | E)

enum vector_insn {
#define VECTOR_ENUM(name, prefix, map, opcode, flags) INSN_##name,
    VECTOR_INSNS(VECTOR_ENUM)
#undef VECTOR_ENUM
    VECTOR_INSN_COUNT
};
extern const char *const vector_insn_name[VECTOR_INSN_COUNT];
bool vector_insn_has_src1(enum vector_insn op);              /* flag N */

/* Immediate shifts of whole lanes, as opcode | extension << 8 | VECTOR_SHIFT_EVEX. SHIFT_*_BYTES move the whole register by bytes. */
enum vector_shift {
    VECTOR_SHIFT_EVEX = 0x1000,                             /* AVX-512 only, with EVEX.W */
    VECTOR_SHL_16 = 0x671, VECTOR_SHR_16 = 0x271, VECTOR_SAR_16 = 0x471,
    VECTOR_SHL_32 = 0x672, VECTOR_SHR_32 = 0x272, VECTOR_SAR_32 = 0x472,
    VECTOR_SHL_64 = 0x673, VECTOR_SHR_64 = 0x273, VECTOR_SHL_BYTES = 0x773, VECTOR_SHR_BYTES = 0x373,
    VECTOR_SAR_64 = VECTOR_SHIFT_EVEX | 0x472
};

/* dst = src1 op rm. src1 is REG_NONE for two-operand instructions; without AVX dst must be src1. dst is an integer register
 * where the instruction has it so (cvttsd2si, movmskps), and the SOURCE of _store instructions. */
void asm_vector(struct assembler *as, enum vector_insn op, int dst, int src1, struct operand rm);
void asm_vector_imm(struct assembler *as, enum vector_insn op, int dst, int src1, struct operand rm, uint8_t imm);
void asm_vector_shift(struct assembler *as, enum vector_shift op, int dst, int src, uint8_t count);   /* without AVX dst must be src */
void asm_vector_move(struct assembler *as, int dst, int src);                                    /* nothing when they are the same */
void asm_vector_load(struct assembler *as, unsigned bytes, int dst, struct operand memory);      /* 4 8 16; the rest is zeroed */
void asm_vector_store(struct assembler *as, unsigned bytes, struct operand memory, int src);     /* 1 2 4 8 16 */
void asm_vector_from_gpr(struct assembler *as, unsigned bytes, int dst, struct operand rm);      /* 4 8; the rest is zeroed */
void asm_vector_to_gpr(struct assembler *as, unsigned bytes, struct operand rm, int src);        /* 4 8 */

#endif
