/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What may differ between ferry and qemu-aarch64 7.2: each with its reason, by instruction and field, as narrow as it can be stated.
 */
#include "differential.h"

#include <signal.h>

#define FPSR_UFC 0x08u
#define FPSR_IXC 0x10u
#define FPSR_IDC 0x80u
#define FPSR_BITS 0x0800009fu
#define FPCR_FLUSH (1u << 24 | 1u << 19)

static bool is_named(const struct pattern *p, const char *name)
{
    return p && strcmp(p->name, name) == 0;
}

static bool has(const struct test_case *c, const char *name)
{
    for (unsigned i = 0; i < c->count; i++)
        if (is_named(pattern_of(c->insns[i]), name))
            return true;
    return false;
}

/* The instruction that pc names, or 0. */
static uint32_t insn_at(const struct test_case *c, uint64_t pc)
{
    return pc - CODE_ADDRESS < 4 * c->count && pc % 4 == 0 ? c->insns[(pc - CODE_ADDRESS) / 4] : 0;
}

static uint64_t x_of(const struct cpu_image *s, const struct pattern *p, const char *name, uint32_t insn)
{
    const struct pattern_argument *a = argument(p, name);
    unsigned number = a ? (unsigned)pattern_argument_value(a, insn) : 31;
    return number < 31 ? s->x[number] : strcmp(name, "rn") == 0 ? s->sp : 0;
}

/* The address without its tag (TBI: sign extended from bit 55). */
static uint64_t untagged(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 8) >> 8);
}

static void copy_signal(struct test_result *to, const struct test_result *from)
{
    to->signal = from->signal;
    to->code = from->code;
    to->fault_address = from->fault_address;
}

/* The sticky bits where x86 cannot tell: it does not report flushed inputs, and reports inexact with a flushed result. */
static void forgive_sticky_bits(const struct test_case *c, struct test_result *e, struct test_result *a)
{
    if ((c->before.fpcr | e->after.fpcr) & FPCR_FLUSH || has(c, "msr_fpcr")) {
        e->after.fpsr &= ~(FPSR_IDC | FPSR_IXC | FPSR_UFC);
        a->after.fpsr &= ~(FPSR_IDC | FPSR_IXC | FPSR_UFC);
    }
    /* Tininess is detected after rounding on x86: a result that rounds up to the least normal number has no UFC. */
    if ((e->after.fpsr ^ a->after.fpsr) == FPSR_UFC && e->after.fpsr & FPSR_IXC)
        e->after.fpsr |= FPSR_UFC, a->after.fpsr |= FPSR_UFC;
}

/* Host faults on addresses that are not canonical come without one: qemu says 0, and so does ferry unless taking off the tag makes it
 * canonical. DC ZVA: qemu says 0, or the begin of its own block of 512 bytes. */
static void forgive_missing_address(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (e->signal != SIGSEGV || a->signal != SIGSEGV || e->after.pc != a->after.pc)
        return;
    if (e->fault_address == 0 && a->fault_address >> 47)
        e->fault_address = a->fault_address;
    if (is_named(p, "dc_zva") && a->fault_address == (x_of(&a->after, p, "rt", insn) & ~63ull) &&
        (e->fault_address == 0 || e->fault_address == (x_of(&a->after, p, "rt", insn) & ~511ull)))
        e->fault_address = a->fault_address;
}

/* Tags of addresses that fault in any case: in the lower half the kernel takes them off, in the upper one it does not (untagged_addr).
 * ferry takes them off everywhere once it has seen one, and nowhere before. */
static void forgive_tag(struct test_result *e, const struct test_result *a)
{
    if ((e->signal == SIGSEGV || e->signal == SIGBUS) && untagged(e->fault_address) == untagged(a->fault_address)) {
        e->fault_address = a->fault_address;
        if (untagged(e->after.pc) == untagged(a->after.pc))
            e->after.pc = a->after.pc;
    }
}

/* Loads of several registers that fault in the middle: qemu has written some of them, ferry none. */
static void forgive_partial_load(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (a->signal != SIGSEGV || !(is_named(p, "ld_multiple") || is_named(p, "ld_single") || is_named(p, "ld_replicate")))
        return;
    for (unsigned i = 0; i < 4; i++)
        memcpy(e->after.v[(insn + i) & 31], a->after.v[(insn + i) & 31], 16);
}

/* A branch to a misaligned address: the PC alignment exception, which Linux turns into SIGBUS BUS_ADRALN (do_sp_pc_abort). qemu: SIGSEGV. */
static void forgive_misaligned_pc(struct test_result *e, const struct test_result *a)
{
    if (e->after.pc == a->after.pc && a->after.pc & 3 && e->signal == SIGSEGV && a->signal == SIGBUS && a->code == BUS_ADRALN &&
        a->fault_address == a->after.pc)
        copy_signal(e, a);
}

/* DC ZVA that faults: qemu reports the pc of the block's begin. */
static void forgive_zva_pc(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    if (e->signal == SIGSEGV && a->signal == SIGSEGV && is_named(pattern_of(insn_at(c, a->after.pc)), "dc_zva") && e->after.pc < a->after.pc)
        e->after.pc = a->after.pc;
}

/* DC CVAC and its like on an unmapped page are translation faults, which Linux delivers; qemu does nothing, or (CVAP) SIGILL. */
static void forgive_clean(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (c->kind != CASE_PATTERN || c->count != 1 || !is_named(p, "dc_clean") || a->signal != SIGSEGV || e->signal != SIGILL)
        return;
    uint64_t address = untagged(x_of(&c->before, p, "rt", insn));
    bool canonical = address >> 47 == 0 || address >> 47 == 0x1ffff;
    if (untagged(a->fault_address) != (canonical ? address : 0) || a->after.pc != CODE_ADDRESS ||
        (e->after.pc != CODE_ADDRESS + 4 && !(e->after.pc == CODE_ADDRESS && (insn & 0xffffffe0) == 0xd50b7c20)))
        return;
    copy_signal(e, a);
    e->after.pc = a->after.pc;
}

/* In the suite other-cpus: Bochs 2.7 shifts 64-bit lanes by exactly 64 as by 0. Other shifts are compared in unit/vector_operations there. */
static void forgive_bochs_shift(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    if (getenv("FERRY_TEST_BOCHS") == NULL)
        return;
    for (unsigned i = 0; i < c->count; i++) {
        const struct pattern *p = pattern_of(c->insns[i]);
        if (p && strcmp(p->group, "vector_shift") == 0) {
            *e = *a;
            return;
        }
    }
}

/* qemu keeps FPSR's reserved bits, and NZCV, which only a CPU with AArch32 has. */
static void forgive_reserved_status(const struct test_case *c, struct test_result *e)
{
    if (has(c, "msr_fpsr"))
        e->after.fpsr &= FPSR_BITS;
}

/* Misaligned STXR and STXP without a matching monitor, and LDAPR: alignment faults before anything else (no FEAT_LSE2). qemu lets the store
 * fail or reports the fault as SIGSEGV. Nothing but the signal may have happened. Where nothing is mapped and the monitor is lost, CPUs
 * may choose between fault and failure. */
static void forgive_misaligned_atomic(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    bool is_store = is_named(p, "stxr") || is_named(p, "stxp");
    if (is_store && a->signal == SIGSEGV && (a->fault_address == 0 || untagged(a->fault_address) == untagged(x_of(&a->after, p, "rn", insn))) &&
        e->after.pc - CODE_ADDRESS > a->after.pc - CODE_ADDRESS) {
        *e = *a;
        return;
    }
    if (!(is_named(p, "stxr") || is_named(p, "stxp") || is_named(p, "ldapr")) || a->signal != SIGBUS || a->code != BUS_ADRALN)
        return;
    uint64_t address = x_of(&a->after, p, "rn", insn);
    bool is_pair = is_named(p, "stxp");
    uint64_t size = is_pair ? 8u << (insn >> 30 & 1) : 1u << (insn >> 30);
    if (address % size == 0 || untagged(a->fault_address) != untagged(address))
        return;
    if (c->kind == CASE_PATTERN) {              /* the first instruction, then */
        struct cpu_image unchanged = c->before;
        if (c->count == 1 && memcmp(&unchanged, &a->after, sizeof unchanged) != 0)
            return;
    }
    *e = *a;
}

/* FCVTZS Hd, Hn, #fbits: a write to a scalar register clears the bits above; qemu leaves the sign extended to 32 bits. */
static void forgive_half_fixed(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    for (unsigned i = 0; i < c->count; i++) {
        uint32_t insn = c->insns[i];
        unsigned rd = insn & 31;
        if ((insn & 0xfff0fc00) == 0x5f10fc00 && e->after.v[rd][0] >> 16 == 0xffff && a->after.v[rd][0] == (uint16_t)e->after.v[rd][0] &&
            a->after.v[rd][0] & 0x8000)
            e->after.v[rd][0] &= 0xffff;
    }
}

/* Whether the code from pc on overwrites the flags before they matter: an instruction that only makes new flags of them passes on. */
static bool flags_are_dead(const struct test_case *c, uint64_t pc)
{
    static const char *const overwrites[] = {"adds_imm", "subs_imm", "adds_reg", "subs_reg", "adds_ext", "subs_ext", "ands_imm", "ands_reg", "fcmp", "msr_nzcv"};
    static const char *const passes_on[] = {"ccmp_reg", "ccmn_reg", "ccmp_imm", "ccmn_imm", "fccmp", "rmif", "setf8", "setf16", "cfinv", "xaflag", "axflag"};
    static const char *const reads[] = {"csel", "csinc", "csinv", "csneg", "adc", "sbc", "adcs", "sbcs", "fcsel", "b_cond", "mrs_nzcv"};
    const struct pattern *p;
    for (; (p = pattern_of(insn_at(c, pc))) != NULL; pc += 4) {
        bool skip = false;
        const struct pattern_argument *cond = argument(p, "cond");
        if (strstr(p->name, "ccm") && cond && pattern_argument_value(cond, insn_at(c, pc)) >= 14)
            return true;                      /* ccmp …, al */
        for (size_t i = 0; i < sizeof overwrites / sizeof *overwrites; i++)
            if (is_named(p, overwrites[i]))
                return true;
        for (size_t i = 0; i < sizeof passes_on / sizeof *passes_on; i++)
            skip |= is_named(p, passes_on[i]);
        for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
            if (is_named(p, reads[i]) && !(strstr(p->name, "cs") && cond && pattern_argument_value(cond, insn_at(c, pc)) >= 14))
                return false;                 /* csel …, al does not */
        if (!skip && strcmp(p->group, "branch") == 0) {
            const struct pattern_argument *target = argument(p, "imm19");
            target = target ? target : argument(p, "imm14");
            target = target ? target : argument(p, "imm26");
            int64_t distance = target ? pattern_argument_value(target, insn_at(c, pc)) : 0;
            if (distance <= 0)
                return false;
            if (is_named(p, "b") || is_named(p, "bl"))
                pc += (uint64_t)distance - 4;
            else if (!flags_are_dead(c, pc + (uint64_t)distance))
                return false;
        }
    }
    return false;
}

/* At a fault ferry may show old flags if the code from there on overwrites them unread (translate/guest/aarch64/flow.c, passes/dead_code.c):
 * whether the access is made again or not, no result can depend on them. */
static void forgive_dead_flags(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    if (e->after.nzcv != a->after.nzcv && e->after.pc == a->after.pc && e->signal != SIGTRAP && flags_are_dead(c, a->after.pc))
        e->after.nzcv = a->after.nzcv;
}

bool forgive(const struct test_case *c, struct test_result *e, struct test_result *a)
{
    struct test_result before = *e;
    /* Linux says ILL_ILLOPC for an undefined instruction, qemu-user ILL_ILLOPN. */
    if (e->signal == SIGILL && a->signal == SIGILL)
        e->code = a->code = ILL_ILLOPC;
    before.code = e->code;
    forgive_misaligned_atomic(c, e, a);
    forgive_reserved_status(c, e);
    forgive_sticky_bits(c, e, a);
    forgive_tag(e, a);
    forgive_misaligned_pc(e, a);
    forgive_partial_load(c, e, a);
    forgive_zva_pc(c, e, a);
    forgive_missing_address(c, e, a);
    forgive_clean(c, e, a);
    forgive_half_fixed(c, e, a);
    forgive_dead_flags(c, e, a);
    forgive_bochs_shift(c, e, a);
    return memcmp(&before, e, sizeof before) != 0;
}
