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

/* Flush-to-zero looks at a result before rounding on Arm, after it on x86: what is rounded up to the least normal number is zero there. */
static void forgive_flush_border(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    if (!((c->before.fpcr | e->after.fpcr) & FPCR_FLUSH))
        return;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t *expected = &e->after.v[i / 2][i % 2], actual = a->after.v[i / 2][i % 2], difference = *expected ^ actual;
        bool is_double = difference == 1ull << 52 && actual << 1 == 2ull << 52;
        bool is_low = (uint32_t)difference == 1u << 23 && (uint32_t)actual << 1 == 2u << 23;
        bool is_high = difference >> 32 == 1u << 23 && (uint32_t)(actual >> 32) << 1 == 2u << 23;
        if (is_double || ((is_low || is_high) && (is_low || !(uint32_t)difference) && (is_high || !(difference >> 32))))
            *expected = actual;
    }
}

/* Host faults on addresses that are not canonical come without one: qemu says 0, ferry finds it in its code. DC ZVA: qemu says 0, or the
 * begin of its own block of 512 bytes. */
static void forgive_missing_address(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (e->signal != SIGSEGV || a->signal != SIGSEGV || e->after.pc != a->after.pc || !p)
        return;
    uint64_t far = untagged(a->fault_address) - untagged(x_of(&a->after, p, "rn", insn));
    bool is_indexed = argument(p, "rm") && strstr(p->group, "memory"), is_near = far + 4096 <= 4096 + 4095 * 16;
    if (e->fault_address == 0 && a->fault_address >> 47 && (is_indexed || !argument(p, "rn") || is_near))
        e->fault_address = a->fault_address;
    uint64_t address = is_named(p, "dc_zva") ? untagged(x_of(&a->after, p, "rt", insn)) : 0;
    if (is_named(p, "dc_zva") && untagged(a->fault_address) == (address & ~63ull) &&
        (e->fault_address == 0 || untagged(e->fault_address) == (address & ~511ull)))
        e->fault_address = a->fault_address;
}

/* Linux takes tags off in the lower half (untagged_addr); qemu may show them. In the upper half ferry takes them off, too, once it masks. */
static void forgive_tag(struct test_result *e, const struct test_result *a)
{
    bool is_shown = !(a->fault_address >> 55 & 1) && a->fault_address >> 56;
    if ((e->signal == SIGSEGV || e->signal == SIGBUS) && untagged(e->fault_address) == untagged(a->fault_address) && !is_shown) {
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
    if (untagged(a->fault_address) != address || a->after.pc != CODE_ADDRESS ||
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

/* Misaligned STXR, STXP and LDAPR: alignment faults before anything else (no FEAT_LSE2; Arm ARM, AArch64.ExclusiveMonitorsPass). qemu lets
 * the store fail when the monitor is lost, or reports SIGSEGV. What came before can be checked where that is nothing; else qemu has gone on. */
static void forgive_misaligned_atomic(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (!(is_named(p, "stxr") || is_named(p, "stxp") || is_named(p, "ldapr")) || a->signal != SIGBUS || a->code != BUS_ADRALN)
        return;
    uint64_t address = x_of(&a->after, p, "rn", insn);
    uint64_t size = is_named(p, "stxp") ? 8u << (insn >> 30 & 1) : 1u << (insn >> 30);
    if (address % size == 0 || untagged(a->fault_address) != untagged(address))
        return;
    if (c->count == 1 && memcmp(&c->before, &a->after, sizeof a->after) != 0)
        return;
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

/* -- flags at a fault ------------------------------------------------------------------------------------------------------- */

static bool is_one_of(const struct pattern *p, const char *const *names)
{
    while (*names && !is_named(p, *names))
        names++;
    return *names != NULL;
}

static int64_t value_in(const struct pattern *p, const char *name, uint32_t insn, int64_t otherwise)
{
    const struct pattern_argument *a = argument(p, name);
    return a ? pattern_argument_value(a, insn) : otherwise;
}

/* Whether the instructions behind pc overwrite a register at once: nothing in between may use it, fault or branch. */
static bool result_is_lost(const struct test_case *c, uint64_t pc, unsigned number)
{
    static const char *const updates[] = {"bfm", "movk", NULL};
    const struct pattern *p;
    while ((p = pattern_of(insn_at(c, pc += 4))) != NULL && strstr(p->group, "integer") && !is_one_of(p, updates)) {
        uint32_t insn = insn_at(c, pc);
        for (unsigned i = 0; i < p->argument_count; i++) {
            const struct pattern_argument *use = argument_at(p, i);
            if (use->name[0] == 'r' && strcmp(use->name, "rd") != 0 && pattern_argument_value(use, insn) == number)
                return false;
        }
        if (argument(p, "rd") && value_in(p, "rd", insn, 0) == number)
            return true;
    }
    return false;
}

/* What an instruction does with the flags. PASSES: it makes new ones of them, which matter as the old ones did. */
enum flags_use { FLAGS_PASSES, FLAGS_OVERWRITES, FLAGS_READS };

static enum flags_use flags_use(const struct test_case *c, uint64_t pc, const struct pattern *p, uint32_t insn)
{
    static const char *const overwrites[] = {"adds_imm", "subs_imm", "adds_reg", "subs_reg", "adds_ext", "subs_ext", "ands_imm", "ands_reg", "fcmp", "msr_nzcv", "fjcvtzs", NULL};
    static const char *const compares[] = {"ccmp_reg", "ccmn_reg", "ccmp_imm", "ccmn_imm", "fccmp", NULL};
    static const char *const selects[] = {"csel", "csinc", "csinv", "csneg", "fcsel", NULL};
    static const char *const calculates[] = {"adc", "sbc", "mrs_nzcv", NULL};
    unsigned rd = insn & 31, rn = insn >> 5 & 31, rm = insn >> 16 & 31;
    bool always = value_in(p, "cond", insn, 0) >= 14;           /* AL and NV */
    bool is_lost = !is_named(p, "fcsel") && (rd == 31 || result_is_lost(c, pc, rd));
    if (is_one_of(p, overwrites) || (is_one_of(p, compares) && always))
        return FLAGS_OVERWRITES;
    if (is_one_of(p, selects)) {
        bool has_one_arm = rn == rm && (is_named(p, "csel") || is_named(p, "fcsel"));
        return always || has_one_arm || is_lost ? FLAGS_PASSES : FLAGS_READS;          /* reads them in name only */
    }
    if (is_one_of(p, calculates))
        return is_lost ? FLAGS_PASSES : FLAGS_READS;
    if (is_named(p, "adcs") || is_named(p, "sbcs"))
        return FLAGS_READS;
    return is_named(p, "b_cond") && !always && value_in(p, "imm19", insn, 0) != 4 ? FLAGS_READS : FLAGS_PASSES;
}

/* Whether the flags at pc can reach an instruction that reads them, or leave the case. `seen`: instructions already looked at. */
static bool flags_are_live(const struct test_case *c, uint64_t pc, uint32_t *seen)
{
    const struct pattern *p;
    for (; (p = pattern_of(insn_at(c, pc))) != NULL; pc += 4) {
        uint32_t insn = insn_at(c, pc), bit = 1u << (pc - CODE_ADDRESS) / 4;
        enum flags_use use = flags_use(c, pc, p, insn);
        if (*seen & bit || use == FLAGS_OVERWRITES)
            return false;
        if (use == FLAGS_READS)
            return true;
        *seen |= bit;
        if (strcmp(p->group, "branch") != 0)
            continue;
        int64_t distance = value_in(p, "imm19", insn, value_in(p, "imm14", insn, value_in(p, "imm26", insn, 0)));
        if (distance == 0)
            return true;                      /* through a register, or a trap */
        if (is_named(p, "b") || is_named(p, "bl"))
            pc += (uint64_t)distance - 4;
        else if (flags_are_live(c, pc + (uint64_t)distance, seen))
            return true;
    }
    return true;
}

/* At a fault ferry may show old flags if the code from there on overwrites them unread (translate/guest/aarch64/flow.c, passes/dead_code.c):
 * whether the access is made again or not, no result can depend on them. */
static void forgive_dead_flags(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t seen = 0;
    if (e->after.nzcv != a->after.nzcv && e->after.pc == a->after.pc && e->signal != SIGTRAP && !flags_are_live(c, a->after.pc, &seen))
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
    forgive_flush_border(c, e, a);
    forgive_dead_flags(c, e, a);
    forgive_bochs_shift(c, e, a);
    return memcmp(&before, e, sizeof before) != 0;
}
