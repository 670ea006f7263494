/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The AArch64 guest's front end where random instructions do not reach: how blocks begin and end, looking ahead for dead
 * flags, pattern tables, tagged addresses.
 */
#include "common/arena.h"
#include "translate/guest/aarch64/aarch64.h"
#include "translate/guest/aarch64/flow.h"

#include <criterion/criterion.h>
#include <string.h>

#define CODE 0x10000
#define MAX_WORDS 64
#define NOP 0xd503201f
#define RET 0xd65f03c0
#define CMP_X0_X1 0xeb01001f
#define CSEL_X0 0x9a810000
#define LDR_X0_X1 0xf9400020

struct code { unsigned count; uint32_t words[MAX_WORDS]; };

static bool fetch(void *user, guest_addr pc, void *bytes, size_t size)
{
    const struct code *code = user;
    if (pc < CODE || pc + size > CODE + 4 * code->count)
        return false;
    memcpy(bytes, (const char *)code->words + (pc - CODE), size);
    return true;
}

static struct translator translator(struct code *code)
{
    return (struct translator){.isa = &aarch64_isa, .max_insns = MAX_WORDS, .fetch = fetch, .user = code};
}

static const struct ir_insn *last(const struct ir_region *region) { return &region->insns[region->count - 1]; }

static struct ir_region *translated(struct code *code, guest_addr pc, uint32_t mode)
{
    struct translator t = translator(code);
    char error[256];
    t.mode = mode;
    struct ir_region *region = guest_translate(&t, arena_new(1 << 22), pc);
    const char *broken = ir_verify(region, error, sizeof error);
    cr_assert(!broken, "%s", broken);
    return region;
}

Test(aarch64, block_ends)
{
    struct code code = {3, {NOP, NOP, RET}};
    struct ir_region *region = translated(&code, CODE, 0);
    cr_assert(last(region)->op == IR_return_to && region->guest_insns == 3 && region->guest_end == CODE + 12);

    code = (struct code){2, {NOP, NOP}};                  /* the mapping ends */
    region = translated(&code, CODE, 0);
    cr_assert(last(region)->op == IR_jump && last(region)->imm == CODE + 8 && region->guest_insns == 2);

    region = translated(&code, CODE + 8, 0);
    cr_assert(last(region)->op == IR_trap && last(region)->cond == VCPU_EXIT_FETCH_FAULT && last(region)->imm == CODE + 8);

    region = translated(&code, CODE + 2, 0);
    cr_assert(last(region)->op == IR_trap && last(region)->cond == VCPU_EXIT_ALIGNMENT);
}

Test(aarch64, undefined_leaves_nothing_behind)
{
    struct code code = {2, {NOP, 0x48267c41}};            /* casp of an odd register: known only after decoding */
    struct ir_region *region = translated(&code, CODE, 0);
    cr_assert(last(region)->op == IR_trap && last(region)->cond == VCPU_EXIT_UNDEFINED && last(region)->imm == 0x48267c41);
    cr_assert(region->insns[region->count - 2].op == IR_insn_start && region->insns[region->count - 2].imm == CODE + 4);
}

Test(aarch64, one_instruction_at_a_time)
{
    struct code code = {3, {NOP, NOP, RET}};
    struct translator t = translator(&code);
    t.one_insn = true;
    struct ir_region *region = guest_translate(&t, arena_new(1 << 22), CODE);
    cr_assert(region->guest_insns == 1 && last(region)->op == IR_jump && last(region)->imm == CODE + 4);
}

Test(aarch64, tags_are_removed_only_in_their_mode)
{
    struct code code = {2, {LDR_X0_X1, RET}};
    for (uint32_t mode = 0; mode <= GUEST_MODE_MASK_ADDRESSES; mode++) {
        struct ir_region *region = translated(&code, CODE, mode);
        unsigned shifts = 0;
        for (ir_ref i = 0; i < region->count; i++)
            shifts += region->insns[i].op == IR_sar;
        cr_assert(shifts == (mode ? 2u : 0u), "mode %u: %u", mode, shifts);   /* the load's address and the return's */
    }
}

static bool dead(uint32_t first, uint32_t second, uint32_t third, uint32_t fourth)
{
    struct code code = {4, {first, second, third, fourth}};
    struct translator t = translator(&code);
    return aarch64_flags_dead_at(&t, CODE);
}

Test(aarch64, dead_flags)
{
    cr_assert(dead(NOP, CMP_X0_X1, RET, RET));
    cr_assert(dead(LDR_X0_X1, 0xd53bd041, 0xf1000421, RET));              /* mrs tpidr_el0; subs imm */
    cr_assert(dead(0x14000002, CSEL_X0, CMP_X0_X1, RET), "b over");
    cr_assert(dead(0x94000002, CSEL_X0, 0x1e612000, RET), "bl into fcmp");
    cr_assert(dead(0xb4000060, CMP_X0_X1, RET, 0x6a01001f), "cbz: both ways");
    cr_assert(!dead(0xb4000040, CMP_X0_X1, RET, RET), "cbz to ret");
    cr_assert(!dead(0x14000000, NOP, NOP, NOP), "endless");
    cr_assert(!dead(CSEL_X0, CMP_X0_X1, RET, RET));
    cr_assert(!dead(0x9a010000, CMP_X0_X1, RET, RET), "adc");
    cr_assert(!dead(0xba010000, RET, RET, RET), "adcs reads");
    cr_assert(!dead(0xfa411000, RET, RET, RET), "ccmp");
    cr_assert(!dead(0x1e611c00, CMP_X0_X1, RET, RET), "fcsel");
    cr_assert(!dead(0x54000040, CMP_X0_X1, CMP_X0_X1, RET), "b.eq");
    cr_assert(!dead(RET, CMP_X0_X1, RET, RET));
    cr_assert(!dead(0xd4000001, CMP_X0_X1, RET, RET), "svc");
    cr_assert(!dead(0x00000000, CMP_X0_X1, RET, RET), "undefined");
    cr_assert(!dead(NOP, NOP, NOP, NOP), "the mapping ends");
}

static void expect_text(uint32_t insn, const char *expected)
{
    char text[128];
    cr_assert(aarch64_isa.disassemble(CODE, &insn, 4, text, sizeof text) == 4);
    cr_assert(strcmp(text, expected) == 0, "%s, not %s", text, expected);
}

Test(aarch64, disassembly)
{
    expect_text(0x8b020020, "add x0, x1, x2, lsl #0");
    expect_text(0x910043ff, "add sp, sp, #0x10, lsl_0");
    expect_text(0x17ffffff, "b 0xfffc");
    expect_text(0x54000080, "b.eq 0x10010");
    expect_text(0x00000000, ".inst 0x00000000");
    uint32_t insn = NOP;
    char small[4];
    cr_assert(aarch64_isa.disassemble(CODE, &insn, 2, small, sizeof small) == 0);
    aarch64_isa.disassemble(CODE, &insn, 4, small, sizeof small);
    cr_assert(strlen(small) < sizeof small);
}

Test(aarch64, every_pattern_matches_itself)
{
    for (unsigned i = 0; i < aarch64_patterns.count; i++) {
        const struct pattern *pattern = &aarch64_patterns.patterns[i];
        uint32_t state = 12345 + i, insn = 0;
        bool found = false;
        for (unsigned tries = 0; tries < 2000 && !found; tries++) {
            state = state * 1664525 + 1013904223;
            insn = pattern->value | ((state ^ state >> 15) & ~pattern->mask);
            found = aarch64_pattern(insn) == (int)i;
        }
        cr_assert(found, "%s is never found", pattern->name);
    }
}

Test(aarch64, feature_registers)
{
    uint64_t value;
    cr_assert(aarch64_id_register(3 << 14 | 6 << 3, &value) && value == 0x0010100010211120);
    cr_assert(aarch64_id_register(3 << 14 | 7 << 3 | 7, &value) && value == 0, "unnamed ones read as zero");
    cr_assert(!aarch64_id_register(3 << 14 | 1, &value), "CRm 0 has only three");
    cr_assert(!aarch64_id_register(3 << 14 | 8 << 3, &value));
}
