/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The x86-64 host's table of functions: compiling, running, patching, and recovering the guest's state at a fault.
 */
#include "translate/host/x86_64/hot.h"
#include "translate/host/x86_64/stubs.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

static bool init(const struct guest_isa *isa)
{
    x86_64_layout_make(isa);
    return x86_64_features_probe() && x86_64_stubs_make(isa);
}

static void vcpu_init(struct vcpu *cpu)
{
    memcpy(cpu->entry_points, x86_64_stubs.entry_points, sizeof x86_64_stubs.entry_points);
    for (int i = 0; i <= RETURN_MISS_DEPTH; i++)
        ((const void **)cpu->prediction_base)[2 * i] = x86_64_stubs.return_base;
}

/* Aligned, so that threads running the code see the old or the new jump. */
static void link_site(uint8_t *site, const uint8_t *to)
{
    int32_t relative = (int32_t)(to - (site + 4));
    __atomic_store_n((int32_t *)site, relative, __ATOMIC_RELEASE);
}

static void run(struct vcpu *cpu, const void *code)
{
    x86_64_stubs.enter(cpu, code);
}

/* -- faults ----------------------------------------------------------------------------------------------------------------- */

/* mcontext's order of registers -> ours */
static const uint8_t greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static const void *fault_pc(struct vcpu *cpu, const struct host_fault *fault)
{
    const ucontext_t *context = fault->ucontext;
    if (cpu->in_helper)
        return *(const void **)cpu->prediction_stack;
    return (const void *)context->uc_mcontext.gregs[REG_RIP];
}

/* Bit 1 of the page-fault error code (Intel SDM vol. 3, 4.7). */
static bool fault_is_write(const struct host_fault *fault)
{
    const ucontext_t *context = fault->ucontext;
    return context->uc_mcontext.gregs[REG_ERR] & 2;
}

/* A push that ran into the guard page: the predictions are dropped and the push repeated. */
static bool repair_stack(struct vcpu *cpu, struct host_fault *fault)
{
    ucontext_t *context = fault->ucontext;
    const siginfo_t *info = fault->siginfo;
    uint64_t rsp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
    uint64_t address = (uint64_t)info->si_addr;
    if (cpu->in_helper || !cpu->fp_in_host || info->si_signo != SIGSEGV || rsp >= cpu->prediction_base || rsp - address > 16)
        return false;
    context->uc_mcontext.gregs[REG_RSP] = (greg_t)cpu->prediction_base;
    return true;
}

static void save_pins(struct vcpu *cpu, const ucontext_t *context)
{
    const struct guest_isa *isa = cpu->engine_isa;
    for (unsigned i = 0; i < INTEGER_PIN_COUNT && isa->integer_pins[i] != GUEST_NO_FIELD; i++)
        memcpy((uint8_t *)cpu + isa->fields[isa->integer_pins[i]].offset, &context->uc_mcontext.gregs[greg_of[x86_64_integer_pin[i]]], 8);
    for (unsigned i = 0; i < VECTOR_PIN_COUNT && isa->vector_pins[i] != GUEST_NO_FIELD; i++)
        memcpy((uint8_t *)cpu + isa->fields[isa->vector_pins[i]].offset, &context->uc_mcontext.fpregs->_xmm[VECTOR_PIN_FIRST + i], 16);
}

struct recovery { struct vcpu *cpu; const struct host_code *code; const ucontext_t *context; };

static void place_value(const struct recovery *r, struct snapshot_place place, union vector128 *value)
{
    const struct guest_isa *isa = r->cpu->engine_isa;
    memset(value, 0, sizeof *value);
    switch (place.where) {
    case SNAPSHOT_INTEGER_REGISTER:
        value->u64[0] = (uint64_t)r->context->uc_mcontext.gregs[greg_of[place.index]];
        break;
    case SNAPSHOT_VECTOR_REGISTER:
        memcpy(value, &r->context->uc_mcontext.fpregs->_xmm[place.index], 16);
        break;
    case SNAPSHOT_SPILL:
        *value = r->cpu->spill[place.index];
        break;
    case SNAPSHOT_CONSTANT:
        value->u64[0] = r->code->constants[place.index];
        break;
    case SNAPSHOT_FIELD:
        memcpy(value, (const uint8_t *)r->cpu + isa->fields[place.index].offset, ir_type_bytes(isa->fields[place.index].type));
        break;
    }
}

static uint32_t home_flags(uint32_t nzcv)
{
    return (nzcv >> 31 & 1) << 15 | (nzcv >> 30 & 1) << 14 | (nzcv >> 29 & 1) << 8 | (nzcv >> 28 & 1);
}

/* EFLAGS in the sense of the operation that set them. */
/* swapped: ucomis had its operands exchanged. */
static uint32_t flags_from_eflags(uint64_t eflags, unsigned op, bool swapped)
{
    bool cf = eflags & 1, pf = eflags & 4, zf = eflags & 0x40, sf = eflags & 0x80, of = eflags & 0x800;
    if (op == IR_flags_float || op == IR_flags_float_signal) {
        uint32_t nzcv = pf ? 0x3u : zf ? 0x6u : cf != swapped ? 0x8u : 0x2u;
        return home_flags(nzcv << 28);
    }
    bool carry = op == IR_flags_sub || op == IR_flags_sub_borrow ? !cf : op == IR_flags_and ? false : cf;
    return home_flags((uint32_t)sf << 31 | (uint32_t)zf << 30 | (uint32_t)carry << 29 | (uint32_t)(op != IR_flags_and && of) << 28);
}

static void recover_flags(const struct recovery *r, const struct snapshot *s)
{
    if (s->flags == SNAPSHOT_FLAGS_HOST)
        r->cpu->flags = flags_from_eflags((uint64_t)r->context->uc_mcontext.gregs[REG_EFL], s->flags_op, s->flags_type & 0x80);
    if (s->flags != SNAPSHOT_FLAGS_OPERANDS)
        return;
    union vector128 a, b;
    place_value(r, s->flags_a, &a);
    place_value(r, s->flags_b, &b);
    uint32_t nzcv;
    if (s->flags_op == IR_get) {          /* a is a canonical word that was kept */
        r->cpu->flags = a.u32[0];
        return;
    }
    if (s->flags_op == IR_flags_float || s->flags_op == IR_flags_float_signal)
        nzcv = x86_64_compare_bits(r->cpu, s->flags_type, a.u64[0], b.u64[0]);
    else
        nzcv = ir_evaluate_flags(s->flags_op, s->flags_type, a.u64[0], b.u64[0], r->cpu->flags & 0x100);
    r->cpu->flags = home_flags(nzcv);
}

static void recover_entries(const struct recovery *r, const struct snapshot_entry *entry, unsigned count)
{
    for (; count--; entry++) {
        const struct guest_field *field = &r->cpu->engine_isa->fields[entry->field];
        union vector128 value;
        place_value(r, entry->place, &value);
        memcpy((uint8_t *)r->cpu + field->offset, &value, ir_type_bytes(field->type));
    }
}

static void recover(struct vcpu *cpu, const struct host_code *code, const struct snapshot *s, struct host_fault *fault)
{
    ucontext_t *context = fault->ucontext;
    struct recovery r = {cpu, code, context};
    if (cpu->in_helper) {
        cpu->prediction_stack += 8;       /* the call of the helper's stub; fields are home */
        cpu->in_helper = 0;
    } else {
        if (code->layout_count)
            recover_entries(&r, code->layout, code->layout_count);
        else
            save_pins(cpu, context);
        cpu->prediction_stack = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
    }
    recover_entries(&r, code->entries + s->first_entry, s->entry_count);
    recover_flags(&r, s);
    context->uc_mcontext.gregs[REG_R15] = (greg_t)((uint64_t)cpu + STATE_BIAS);
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)x86_64_stubs.leave_saved;
    /* The direction flag and friends are as C wants them: generated code never changes them. */
}

/* A bit for each. */
static uint64_t features(void)
{
    uint64_t bits = 0;
    _Static_assert(sizeof x86_64_features <= 64, "a bit for each feature");
    for (size_t i = 0; i < sizeof x86_64_features; i++)
        bits |= (uint64_t)(((const uint8_t *)&x86_64_features)[i] != 0) << i;
    return bits;
}

const struct host host_x86_64 = {
    .name = "x86_64",
    .init = init,
    .vcpu_init = vcpu_init,
    .compile = x86_64_emit_region,
    .compile_pieces = x86_64_emit_pieces,
    .preserves_flags = x86_64_preserves_flags,
    .link = link_site,
    .run = run,
    .recover = recover,
    .fault_pc = fault_pc,
    .fault_is_write = fault_is_write,
    .repair_stack = repair_stack,
    .code_can_be_kept = true,
    .features = features,
};
