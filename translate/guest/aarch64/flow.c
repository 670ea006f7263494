/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Are the flags dead at a branch target? Looks at a few instructions there, through direct branches, by broad classes of
 * encodings (Arm ARM DDI 0487, C4.1). A load or store that faults may show stale flags: nothing can have meant them.
 */
#include "translate/guest/aarch64/flow.h"

#define MAX_STEPS 16

enum use { USE_NONE, USE_READS, USE_OVERWRITES, USE_LEAVES, USE_JUMP, USE_FORK };

struct flag_pattern { uint32_t mask, value; uint8_t use; };

/* First match decides; what matches none leaves the flags alone. */
static const struct flag_pattern integer_patterns[] = {
    {0x1fe00000, 0x1a000000, USE_READS},        /* ADC ADCS SBC SBCS; RMIF and SETF keep some */
    {0x1fe00000, 0x1a400000, USE_READS},        /* CCMP CCMN */
    {0x1fe00000, 0x1a800000, USE_READS},        /* CSEL family */
    {0x3f000000, 0x2b000000, USE_OVERWRITES},   /* ADDS SUBS, shifted and extended */
    {0x7f000000, 0x6a000000, USE_OVERWRITES},   /* ANDS BICS, shifted */
    {0x3f800000, 0x31000000, USE_OVERWRITES},   /* ADDS SUBS, immediate */
    {0x7f800000, 0x72000000, USE_OVERWRITES},   /* ANDS, immediate */
};
static const struct flag_pattern float_patterns[] = {
    {0xff20fc07, 0x1e202000, USE_OVERWRITES},   /* FCMP FCMPE */
    {0xff200c00, 0x1e200400, USE_READS},        /* FCCMP FCCMPE */
    {0xff200c00, 0x1e200c00, USE_READS},        /* FCSEL */
};
static const struct flag_pattern branch_patterns[] = {
    {0x7c000000, 0x14000000, USE_JUMP},         /* B BL */
    {0x7c000000, 0x34000000, USE_FORK},         /* CBZ CBNZ TBZ TBNZ */
    {0xfffff01f, 0xd503201f, USE_NONE},         /* hints */
    {0xfffff01f, 0xd503301f, USE_NONE},         /* barriers */
    {0xffffffe0, 0xd53bd040, USE_NONE},         /* MRS TPIDR_EL0 */
    {0, 0, USE_LEAVES},                         /* B.cond reads; the rest goes where nobody looks */
};

#define CLASSIFY(patterns, insn) classify(patterns, sizeof patterns / sizeof patterns[0], insn)

static enum use classify(const struct flag_pattern *patterns, size_t count, uint32_t insn)
{
    for (size_t i = 0; i < count; i++) {
        if ((insn & patterns[i].mask) == patterns[i].value) {
            return patterns[i].use;
        }
    }
    return USE_NONE;
}

#define LIKE(n) (1u << (n))
#define SETS_FLAGS 0x20000000             /* in all that add, subtract or combine, and in a few that do not set them */

/* By bits 28..24: most encodings are told apart by them alone. */
static inline enum use flags_use(uint32_t insn)
{
    const uint32_t integer = LIKE(0x0a) | LIKE(0x0b) | LIKE(0x11) | LIKE(0x12) | LIKE(0x1a), branch = LIKE(0x14) | LIKE(0x15) | LIKE(0x16) | LIKE(0x17);
    const uint32_t reserved = 0xff, floating = LIKE(0x1e), bit = LIKE(insn >> 24 & 31);
    if (!(bit & (integer | branch | reserved | floating))) {
        return USE_NONE;
    }
    if (bit & integer) {
        if (!(insn & SETS_FLAGS) && !(bit & LIKE(0x1a))) {
            return USE_NONE;
        }
        return CLASSIFY(integer_patterns, insn);
    }
    if (bit & branch) {
        return CLASSIFY(branch_patterns, insn);
    }
    return bit & floating ? CLASSIFY(float_patterns, insn) : USE_LEAVES;
}

static int64_t signed_field(uint32_t insn, unsigned lsb, unsigned width)
{
    return (int64_t)((uint64_t)insn << (64 - lsb - width)) >> (64 - width);
}

static guest_addr fork_target(guest_addr pc, uint32_t insn)
{
    bool is_test = insn & 0x02000000;
    return pc + (uint64_t)(signed_field(insn, 5, is_test ? 14 : 19) * 4);
}

static bool dead_within(const struct translator *t, guest_addr pc, unsigned *steps)
{
    uint32_t insn;
    while (*steps) {
        --*steps;
        if (!guest_fetch(t, pc, &insn, sizeof insn)) {
            return false;
        }
        switch (flags_use(insn)) {
        case USE_NONE:
            pc += sizeof insn;
            break;
        case USE_OVERWRITES:
            return true;
        case USE_JUMP:
            pc += (uint64_t)(signed_field(insn, 0, 26) * 4);
            break;
        case USE_FORK:
            if (!dead_within(t, fork_target(pc, insn), steps)) {
                return false;
            }
            pc += sizeof insn;
            break;
        default:
            return false;
        }
    }
    return false;
}

bool aarch64_flags_dead_at(const struct translator *t, guest_addr pc)
{
    unsigned steps = MAX_STEPS;
    return dead_within(t, pc, &steps);
}
