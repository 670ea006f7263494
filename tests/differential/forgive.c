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

/* DC CVAC and its like on an unmapped page are translation faults, which Linux delivers; qemu does nothing. */
static void forgive_clean(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (c->kind != CASE_PATTERN || c->count != 1 || !is_named(p, "dc_clean") || a->signal != SIGSEGV || e->signal != SIGILL)
        return;
    if (a->fault_address != x_of(&c->before, p, "rt", insn) || e->after.pc != CODE_ADDRESS + 4 || a->after.pc != CODE_ADDRESS)
        return;
    copy_signal(e, a);
    e->after.pc = a->after.pc;
}

/* qemu keeps FPSR's reserved bits, and NZCV, which only a CPU with AArch32 has. */
static void forgive_reserved_status(const struct test_case *c, struct test_result *e)
{
    if (has(c, "msr_fpsr"))
        e->after.fpsr &= FPSR_BITS;
}

/* Misaligned STXR and STXP without a matching monitor, and LDAPR: alignment faults before anything else (no FEAT_LSE2). qemu lets the store
 * fail or reports the fault as SIGSEGV. Nothing but the signal may have happened. */
static void forgive_misaligned_atomic(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    uint32_t insn = insn_at(c, a->after.pc);
    const struct pattern *p = pattern_of(insn);
    if (!(is_named(p, "stxr") || is_named(p, "stxp") || is_named(p, "ldapr")) || a->signal != SIGBUS || a->code != BUS_ADRALN)
        return;
    uint64_t address = x_of(&a->after, p, "rn", insn);
    bool is_pair = is_named(p, "stxp");
    uint64_t size = is_pair ? 8u << (insn >> 30 & 1) : 1u << (insn >> 30);
    if (address % size == 0 || a->fault_address != address)
        return;
    if (c->kind == CASE_PATTERN) {
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

struct code { const struct test_case *c; };

static bool fetch_case(void *user, guest_addr pc, void *bytes, size_t size)
{
    const struct test_case *c = ((struct code *)user)->c;
    uint32_t insn = insn_at(c, pc);
    memcpy(bytes, &insn, size < sizeof insn ? size : sizeof insn);
    return true;
}

/* At a fault ferry may show old flags if the code from there on overwrites them before it looks (translate/guest/aarch64/flow.c). */
static void forgive_dead_flags(const struct test_case *c, struct test_result *e, const struct test_result *a)
{
    struct code code = {c};
    struct translator translator = {.fetch = fetch_case, .user = &code};
    if (e->after.nzcv != a->after.nzcv && e->after.pc == a->after.pc && aarch64_isa.flags_dead_at(&translator, a->after.pc))
        e->after.nzcv = a->after.nzcv;
}

bool forgive(const struct test_case *c, struct test_result *e, struct test_result *a)
{
    struct test_result before = *e;
    /* Linux says ILL_ILLOPC for an undefined instruction, qemu-user ILL_ILLOPN. */
    if (e->signal == SIGILL && a->signal == SIGILL)
        e->code = a->code = ILL_ILLOPC;
    before.code = e->code;
    forgive_reserved_status(c, e);
    forgive_sticky_bits(c, e, a);
    forgive_misaligned_pc(e, a);
    forgive_zva_pc(c, e, a);
    forgive_clean(c, e, a);
    forgive_misaligned_atomic(c, e, a);
    forgive_half_fixed(c, e, a);
    forgive_dead_flags(c, e, a);
    return memcmp(&before, e, sizeof before) != 0;
}
