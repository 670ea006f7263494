/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AES, SHA-1 and SHA-256 (Arm ARM C4.1, Cryptographic AES, Cryptographic two- and three-register SHA): the IR has the same steps.
 */
#include "translate/guest/aarch64/vector.h"

#define AES_ROUND(insn, op)                                                                           \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        a64_put_v(t, a->rd, vector_op(t, op, LANE_8, a64_v(t, a->rd), a64_v(t, a->rn)));              \
        return true;                                                                                  \
    }
AES_ROUND(aese, IR_aes_encrypt)
AES_ROUND(aesd, IR_aes_decrypt)

#define AES_MIX(insn, op)                                                                             \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        a64_put_v(t, a->rd, vector_op1(t, op, LANE_8, a64_v(t, a->rn)));                              \
        return true;                                                                                  \
    }
AES_MIX(aesmc, IR_aes_mix)
AES_MIX(aesimc, IR_aes_inverse_mix)

/* d, n, m in the order of the IR's operands; `which` is the variant. */
#define SHA_THREE(insn, sha_op, which)                                                                                  \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)                          \
    {                                                                                                                   \
        ir_ref d = a64_v(t, a->rd), n = a64_v(t, a->rn), m = a64_v(t, a->rm);                                           \
        a64_put_v(t, a->rd, a64_emit(t, (struct ir_insn){.op = sha_op, .type = IR_V128, .lane = LANE_32, .cond = which, \
                                                         .a = d, .b = n, .c = m}));                                     \
        return true;                                                                                                    \
    }
SHA_THREE(sha1c, IR_sha1_rounds, 0)
SHA_THREE(sha1p, IR_sha1_rounds, 1)
SHA_THREE(sha1m, IR_sha1_rounds, 2)
SHA_THREE(sha1su0, IR_sha1_schedule_first, 0)
SHA_THREE(sha256h, IR_sha256_rounds, 0)
SHA_THREE(sha256h2, IR_sha256_rounds, 1)
SHA_THREE(sha256su1, IR_sha256_schedule_second, 0)

#define SHA_TWO(insn, op)                                                                             \
    bool aarch64_translate_##insn(struct translator *t, const struct aarch64_##insn##_args *a)        \
    {                                                                                                 \
        a64_put_v(t, a->rd, vector_op(t, op, LANE_32, a64_v(t, a->rd), a64_v(t, a->rn)));             \
        return true;                                                                                  \
    }
SHA_TWO(sha1su1, IR_sha1_schedule_second)
SHA_TWO(sha256su0, IR_sha256_schedule_first)

/* The fixed rotation of e: left by 30. */
bool aarch64_translate_sha1h(struct translator *t, const struct aarch64_sha1h_args *a)
{
    ir_ref word = ir_unary_lane(t->region, IR_vector_get_lane, IR_I32, LANE_32, a64_v(t, a->rn), 0);
    ir_ref turned = ir_binary_imm(t->region, IR_ror, IR_I32, word, 2);
    float_put(t, LANE_32, a->rd, ir_unary(t->region, IR_float_from_bits, IR_F32, turned));
    return true;
}
