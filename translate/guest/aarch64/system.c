/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exceptions, hints, barriers, cache maintenance and system registers as Linux lets EL0 use them: Arm ARM DDI 0487, C4.1.93,
 * D17; the ID registers of Linux's Documentation/arm64/cpu-feature-registers.rst.
 */
#include "translate/guest/aarch64/aarch64.h"

#define ZERO_BLOCK_BYTES 64               /* what DCZID_EL0 tells */
#define COUNTER_FREQUENCY 1000000000u     /* virtual_counter counts nanoseconds */

void a64_trap(struct translator *t, enum vcpu_exit kind, uint64_t payload)
{
    ir_trap(t->region, kind, payload);
    t->ended = true;
}

bool aarch64_translate_svc(struct translator *t, const struct aarch64_svc_args *a)
{
    a64_trap(t, VCPU_EXIT_SYSCALL, a->imm);
    return true;
}

bool aarch64_translate_brk(struct translator *t, const struct aarch64_brk_args *a)
{
    a64_trap(t, VCPU_EXIT_BREAKPOINT, a->imm);
    return true;
}

/* All hints may do nothing: YIELD, WFE, BTI, and pointer authentication in hint space on a CPU without it. */
bool aarch64_translate_hint(struct translator *t, const struct aarch64_hint_args *a)
{
    (void)t;
    (void)a;
    return true;
}

bool aarch64_translate_clrex(struct translator *t, const struct aarch64_clrex_args *a)
{
    (void)a;
    ir_ternary(t->region, IR_clear_exclusive, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

static bool fence(struct translator *t, enum ir_fence kind)
{
    ir_append(t->region, (struct ir_insn){.op = IR_fence, .cond = (uint8_t)kind, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE});
    return true;
}

/* CRm<1:0>: 1 loads, 2 stores, else both (B2.3.11). */
bool aarch64_translate_dmb(struct translator *t, const struct aarch64_dmb_args *a)
{
    return fence(t, (a->crm & 3) == 1 ? FENCE_LOAD : (a->crm & 3) == 2 ? FENCE_STORE : FENCE_FULL);
}

bool aarch64_translate_dsb(struct translator *t, const struct aarch64_dsb_args *a)
{
    (void)a;
    return fence(t, FENCE_FULL);
}

/* Code that was flushed before is looked up anew behind it. */
bool aarch64_translate_isb(struct translator *t, const struct aarch64_isb_args *a)
{
    (void)a;
    a64_trap(t, VCPU_EXIT_BARRIER, 0);
    return true;
}

/* -- flags (FEAT_FlagM, FEAT_FlagM2) --------------------------------------------------------------------------------------- */

enum { N_BIT = 31, Z_BIT = 30, C_BIT = 29, V_BIT = 28 };

static ir_ref nzcv_value(struct translator *t) { return ir_unary(t->region, IR_flags_to_nzcv, IR_I32, a64_flags(t)); }

static void put_nzcv(struct translator *t, ir_ref value) { a64_put_flags(t, ir_unary(t->region, IR_flags_from_nzcv, IR_I32, value)); }

static ir_ref bit(struct translator *t, ir_ref value, unsigned number)
{
    return ir_binary_imm(t->region, IR_and, IR_I32, ir_binary_imm(t->region, IR_shr, IR_I32, value, number), 1);
}

static ir_ref placed(struct translator *t, ir_ref value, unsigned number) { return ir_binary_imm(t->region, IR_shl, IR_I32, value, number); }

static ir_ref both(struct translator *t, enum ir_op op, ir_ref a, ir_ref b) { return ir_binary(t->region, op, IR_I32, a, b); }

bool aarch64_translate_cfinv(struct translator *t, const struct aarch64_cfinv_args *a)
{
    (void)a;
    put_nzcv(t, ir_binary_imm(t->region, IR_xor, IR_I32, nzcv_value(t), 1u << C_BIT));
    return true;
}

/* N = 0, Z = Z | V, C = C & !V, V = 0. */
bool aarch64_translate_axflag(struct translator *t, const struct aarch64_axflag_args *a)
{
    (void)a;
    ir_ref old = nzcv_value(t), z = bit(t, old, Z_BIT), c = bit(t, old, C_BIT), v = bit(t, old, V_BIT);
    ir_ref new_z = placed(t, both(t, IR_or, z, v), Z_BIT), new_c = placed(t, both(t, IR_and_not, c, v), C_BIT);
    put_nzcv(t, both(t, IR_or, new_z, new_c));
    return true;
}

/* N = !C & !Z, Z = Z & C, C = C | Z, V = !C & Z. */
bool aarch64_translate_xaflag(struct translator *t, const struct aarch64_xaflag_args *a)
{
    (void)a;
    ir_ref old = nzcv_value(t), z = bit(t, old, Z_BIT), c = bit(t, old, C_BIT), any = both(t, IR_or, c, z);
    ir_ref n = placed(t, ir_binary_imm(t->region, IR_xor, IR_I32, any, 1), N_BIT), new_z = placed(t, both(t, IR_and, z, c), Z_BIT);
    ir_ref new_c = placed(t, any, C_BIT), v = placed(t, both(t, IR_and_not, z, c), V_BIT);
    put_nzcv(t, both(t, IR_or, both(t, IR_or, n, new_z), both(t, IR_or, new_c, v)));
    return true;
}

/* -- cache maintenance ----------------------------------------------------------------------------------------------------- */

bool aarch64_translate_ic_ivau(struct translator *t, const struct aarch64_ic_ivau_args *a)
{
    ir_helper(t->region, IR_VOID, AARCH64_HELPER_instruction_cache_flush, 0, a64_x(t, a->rt), IR_NONE, IR_NONE);
    return true;
}

static struct a64_address address_in(struct translator *t, ir_ref value)
{
    return (struct a64_address){.base = a64_without_tag(t, value), .index = IR_NONE};
}

/* Cleaning faults like a load; there is nothing to clean. */
bool aarch64_translate_dc_clean(struct translator *t, const struct aarch64_dc_clean_args *a)
{
    struct a64_address address = address_in(t, a64_x(t, a->rt));
    a64_load(t, IR_I32, 0, 0, &address);
    return true;
}

bool aarch64_translate_dc_zva(struct translator *t, const struct aarch64_dc_zva_args *a)
{
    ir_ref block = ir_binary_imm(t->region, IR_and, IR_I64, a64_x(t, a->rt), ~(uint64_t)(ZERO_BLOCK_BYTES - 1));
    struct a64_address address = address_in(t, block);
    ir_ref zero = ir_constant(t->region, IR_V128, 0);
    for (unsigned at = 0; at < ZERO_BLOCK_BYTES; at += 16) {
        a64_store(t, IR_V128, 4, 0, &address, zero);
        address = a64_address_plus(address, 16);
    }
    return true;
}

/* -- system registers ------------------------------------------------------------------------------------------------------ */

bool aarch64_translate_mrs_nzcv(struct translator *t, const struct aarch64_mrs_nzcv_args *a)
{
    a64_put_w(t, a->rt, nzcv_value(t));
    return true;
}

bool aarch64_translate_msr_nzcv(struct translator *t, const struct aarch64_msr_nzcv_args *a)
{
    put_nzcv(t, a64_w(t, a->rt));
    return true;
}

bool aarch64_translate_mrs_fpcr(struct translator *t, const struct aarch64_mrs_fpcr_args *a)
{
    a64_put_w(t, a->rt, ir_get(t->region, AARCH64_FPCR));
    return true;
}

/* It may set a process-wide mode, so what follows is looked up anew. */
bool aarch64_translate_msr_fpcr(struct translator *t, const struct aarch64_msr_fpcr_args *a)
{
    ir_helper(t->region, IR_VOID, AARCH64_HELPER_write_fpcr, 0, a64_x(t, a->rt), IR_NONE, IR_NONE);
    ir_unary(t->region, IR_jump_indirect, IR_I64, ir_guest_pc(t->region, t->next_pc));
    t->ended = true;
    return true;
}

bool aarch64_translate_mrs_fpsr(struct translator *t, const struct aarch64_mrs_fpsr_args *a)
{
    a64_put_x(t, a->rt, ir_helper(t->region, IR_I64, AARCH64_HELPER_read_fpsr, 0, IR_NONE, IR_NONE, IR_NONE));
    return true;
}

bool aarch64_translate_msr_fpsr(struct translator *t, const struct aarch64_msr_fpsr_args *a)
{
    ir_helper(t->region, IR_VOID, AARCH64_HELPER_write_fpsr, 0, a64_x(t, a->rt), IR_NONE, IR_NONE);
    return true;
}

bool aarch64_translate_mrs_tpidr(struct translator *t, const struct aarch64_mrs_tpidr_args *a)
{
    a64_put_x(t, a->rt, ir_get(t->region, AARCH64_TPIDR_EL0));
    return true;
}

bool aarch64_translate_msr_tpidr(struct translator *t, const struct aarch64_msr_tpidr_args *a)
{
    ir_put(t->region, AARCH64_TPIDR_EL0, a64_x(t, a->rt));
    return true;
}

bool aarch64_translate_mrs_tpidrro(struct translator *t, const struct aarch64_mrs_tpidrro_args *a)
{
    a64_put_x(t, a->rt, ir_get(t->region, AARCH64_TPIDRRO_EL0));
    return true;
}

bool aarch64_translate_mrs_cntvct(struct translator *t, const struct aarch64_mrs_cntvct_args *a)
{
    a64_put_x(t, a->rt, ir_helper(t->region, IR_I64, AARCH64_HELPER_virtual_counter, 0, IR_NONE, IR_NONE, IR_NONE));
    return true;
}

#define REGISTER(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* Those that differ from zero. The features are what the patterns of this folder implement, and no more. */
static const struct { uint16_t number; uint64_t value; } fixed_registers[] = {
    {REGISTER(3, 0, 0, 0, 0), 0x000f0460},                 /* MIDR_EL1: implementer "software", part 0x46 */
    {REGISTER(3, 0, 0, 0, 5), 0x80000000},                 /* MPIDR_EL1: what Linux shows everywhere */
    {REGISTER(3, 0, 0, 4, 0), 0x0000000000110011},         /* ID_AA64PFR0_EL1: EL0 EL1 64-bit, FP and AdvSIMD with half precision */
    {REGISTER(3, 0, 0, 5, 0), 0x6},                        /* ID_AA64DFR0_EL1 */
    {REGISTER(3, 0, 0, 6, 0), 0x0010100010211120},         /* ID_AA64ISAR0_EL1: TS=1 DP=1 RDM=1 Atomic=2 CRC32=1 SHA2=1 SHA1=1 AES=2 */
    {REGISTER(3, 0, 0, 6, 1), 0x0000000000111001},         /* ID_AA64ISAR1_EL1: LRCPC=1 FCMA=1 JSCVT=1 DPB=1 */
    {REGISTER(3, 0, 0, 7, 0), 0x00000000ff000000},         /* ID_AA64MMFR0_EL1: granules hidden */
    {REGISTER(3, 3, 0, 0, 1), 0x9444c004},                 /* CTR_EL0: 64-byte lines; IDC: no data-cache clean for new code, but IC IVAU */
    {REGISTER(3, 3, 0, 0, 7), 0x4},                        /* DCZID_EL0: DC ZVA on 64 bytes */
    {REGISTER(3, 3, 14, 0, 0), COUNTER_FREQUENCY},         /* CNTFRQ_EL0 */
};

bool aarch64_id_register(unsigned number, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < sizeof fixed_registers / sizeof fixed_registers[0]; i++) {
        if (fixed_registers[i].number == number) {
            *value = fixed_registers[i].value;
            return true;
        }
    }
    unsigned crm = number >> 3 & 15;
    if ((number & ~0x7fu) != REGISTER(3, 0, 0, 0, 0)) {
        return false;
    }
    return crm ? crm >= 2 && crm <= 7 : (number & 7) == 6;   /* unnamed ID registers are zero; REVIDR_EL1 */
}

bool aarch64_translate_mrs_fixed(struct translator *t, const struct aarch64_mrs_fixed_args *a)
{
    uint64_t value;
    aarch64_id_register(a->number, &value);
    a64_put_x(t, a->rt, ir_constant(t->region, IR_I64, value));
    return true;
}

bool aarch64_translate_mrs_id(struct translator *t, const struct aarch64_mrs_id_args *a)
{
    uint64_t value;
    if (!aarch64_id_register(REGISTER(3, 0, 0, a->crm, a->op2), &value)) {
        return false;
    }
    a64_put_x(t, a->rt, ir_constant(t->region, IR_I64, value));
    return true;
}
