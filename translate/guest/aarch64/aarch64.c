/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AArch64 as a guest of the translator: its fields, pins and entry points (Arm ARM DDI 0487).
 */
#include "translate/guest/aarch64/aarch64.h"
#include "translate/guest/aarch64/flow.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define INSN_BYTES 4

#define FIELD_OF(member) offsetof(struct aarch64_cpu, member)
#define X(n) [AARCH64_X0 + (n)] = {"x" #n, FIELD_OF(x) + 8 * (n), IR_I64}
#define V(n) [AARCH64_V0 + (n)] = {"v" #n, FIELD_OF(v) + 16 * (n), IR_V128}

static const struct guest_field fields[AARCH64_FIELD_COUNT] = {
    [AARCH64_FLAGS] = {"nzcv", FIELD_OF(common.flags), IR_FLAGS},
    X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15), X(16), X(17), X(18), X(19), X(20),
    X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
    [AARCH64_SP] = {"sp", FIELD_OF(sp), IR_I64},
    [AARCH64_TPIDR_EL0] = {"tpidr_el0", FIELD_OF(tpidr_el0), IR_I64},
    [AARCH64_TPIDRRO_EL0] = {"tpidrro_el0", FIELD_OF(tpidrro_el0), IR_I64},
    [AARCH64_FPCR] = {"fpcr", FIELD_OF(fpcr), IR_I32},
    [AARCH64_QC] = {"qc", FIELD_OF(qc), IR_V128},
    V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15), V(16), V(17), V(18), V(19), V(20),
    V(21), V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30), V(31),
};
/* Register 31 in address and add/subtract position is SP, so that lowering adds the number alone. */
_Static_assert(AARCH64_SP == AARCH64_X0 + 31, "SP follows X30");

#define PIN_X(n) (AARCH64_X0 + (n))
#define PIN_V(n) (AARCH64_V0 + (n))

/* By how often gcc's code names them (Debian's libc and libm: x0 21 to 37 %, x1 11 to 13 %, sp 9 to 18 %, x2 8 %, x19 5 %, x3 5 %,
 * x20 4 % …), argument registers before saved ones, as inner loops of leaf functions have them. */
static const uint16_t integer_pins[] = {
    PIN_X(0), PIN_X(1), PIN_X(2), AARCH64_SP, PIN_X(3), PIN_X(19), PIN_X(4), PIN_X(20), PIN_X(21), PIN_X(5), PIN_X(22), PIN_X(29), PIN_X(23),
    PIN_X(6), PIN_X(30), PIN_X(24), GUEST_NO_FIELD,
};
static const uint16_t vector_pins[] = {
    PIN_V(0), PIN_V(1), PIN_V(2), PIN_V(3), PIN_V(4), PIN_V(5), PIN_V(6), PIN_V(7), PIN_V(16), PIN_V(17), PIN_V(18), PIN_V(19), PIN_V(8),
    PIN_V(9), PIN_V(10), PIN_V(20), PIN_V(21), PIN_V(22), PIN_V(23), PIN_V(11), PIN_V(12), PIN_V(13), PIN_V(14), PIN_V(15), PIN_V(24),
    PIN_V(25), PIN_V(26), PIN_V(27), GUEST_NO_FIELD,
};

static const struct guest_helper helpers[AARCH64_HELPER_COUNT] = {
#define AARCH64_HELPER(name, effects) {#name, aarch64_helper_##name, effects},
#include "translate/guest/aarch64/helpers.def"
#undef AARCH64_HELPER
};

static void cpu_init(struct vcpu *cpu)
{
    cpu->exclusive_address = ~0ull;
    aarch64_write_fpcr((struct aarch64_cpu *)cpu, 0);
}

static bool translate_insn(struct translator *t)
{
    uint32_t insn;
    if (!guest_fetch(t, t->pc, &insn, sizeof insn)) {
        return false;
    }
    t->next_pc = t->pc + INSN_BYTES;
    struct ir_mark mark = ir_mark(t->region);
    if (!aarch64_decode(t, insn)) {
        ir_rewind(t->region, mark);
        a64_trap(t, VCPU_EXIT_UNDEFINED, insn);
    }
    return true;
}

static int disassemble(guest_addr pc, const void *bytes, size_t size, char *text, size_t text_size)
{
    uint32_t insn;
    if (size < INSN_BYTES) {
        return 0;
    }
    memcpy(&insn, bytes, sizeof insn);
    if (!pattern_disassemble(&aarch64_patterns, pc, insn, text, text_size)) {
        snprintf(text, text_size, ".inst 0x%08x", insn);
    }
    return INSN_BYTES;
}

const struct guest_isa aarch64_isa = {
    .name = "aarch64",
    .elf_machine = EM_AARCH64,
    .elf_class = ELFCLASS64,
    .elf_data = ELFDATA2LSB,
    .word_bytes = 8,
    .insn_align = 2,
    .cpu_size = sizeof(struct aarch64_cpu),
    .fields = fields,
    .field_count = AARCH64_FIELD_COUNT,
    .field_sp = AARCH64_SP,
    .field_tls = AARCH64_TPIDR_EL0,
    .integer_pins = integer_pins,
    .vector_pins = vector_pins,
    .helpers = helpers,
    .helper_count = AARCH64_HELPER_COUNT,
    .cpu_init = cpu_init,
    .translate_insn = translate_insn,
    .flags_dead_at = aarch64_flags_dead_at,
    .disassemble = disassemble,
};
