/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random cases. Instructions come from the decoder's own pattern table, so a new line in a .decode file is tested at once.
 */
#include "differential.h"

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static bool is_named(const struct pattern *p, const char *name)
{
    return strcmp(p->name, name) == 0;
}

static uint64_t below(uint64_t *seed, uint64_t limit)
{
    return case_random(seed) % limit;
}

const struct pattern_argument *argument(const struct pattern *p, const char *name)
{
    for (unsigned i = 0; i < p->argument_count; i++)
        if (strcmp(argument_at(p, i)->name, name) == 0)
            return argument_at(p, i);
    return NULL;
}

bool is_memory(const struct pattern *p)
{
    return contains(p->group, "memory") || contains(p->group, "atomic");
}

static bool is_branch(const struct pattern *p)
{
    return contains(p->group, "branch");
}

bool is_machine_register(const struct pattern *p)
{
    return contains(p->name, "_tpidr") || is_named(p, "mrs_cntvct") || is_named(p, "mrs_fixed") || is_named(p, "mrs_id");
}

static bool is_excluded(const struct pattern *p)
{
    return is_named(p, "svc") || is_machine_register(p);
}

static bool is_this(const struct pattern *p, uint32_t insn)
{
    return pattern_of(insn) == p;
}

/* FCVTZS Hd, Hn, #fbits, where qemu is wrong (forgive.c): not before others that would use its result. */
static bool is_half_fixed(uint32_t insn)
{
    return (insn & 0xfff0fc00) == 0x5f10fc00;
}

static uint32_t random_word(uint64_t *seed, const struct pattern *p)
{
    for (int tries = 0; tries < 1000; tries++) {
        uint32_t insn = p->value | ((uint32_t)case_random(seed) & ~p->mask);
        if (is_this(p, insn))
            return insn;
    }
    return 0;
}

/* Base registers point into the scratch memory most of the time, index registers are small. */
static void aim(uint64_t *seed, const struct pattern *p, uint32_t insn, struct cpu_image *state)
{
    const struct pattern_argument *rn = argument(p, "rn"), *rm = argument(p, "rm");
    if (!is_memory(p) || !rn)
        return;
    unsigned base = (unsigned)pattern_argument_value(rn, insn);
    uint64_t address = MEMORY_MIDDLE + (below(seed, 8) ? 16 * below(seed, 4) : below(seed, 64));
    if (base < 31 && below(seed, 64))
        state->x[base] = address;
    if (rm && rm->piece_count == 1) {
        unsigned index = (unsigned)pattern_argument_value(rm, insn);
        if (index < 31 && index != base && contains(p->group, "memory"))
            state->x[index] = below(seed, 2) ? below(seed, 8) : (uint64_t)-below(seed, 8);
    }
}

/* -- one pattern ---------------------------------------------------------------------------------------------------------- */

static uint32_t filler(uint64_t *seed)
{
    static const char *const names[] = {"add_imm", "subs_imm", "adds_imm", "sub_reg", "subs_reg", "csel",
                                        "ccmp_reg", "and_imm", "ands_imm", "adc", "sbcs", "csinc"};
    for (int tries = 0; tries < 100; tries++) {
        const struct pattern *p = &aarch64_patterns.patterns[below(seed, aarch64_patterns.count)];
        if (is_memory(p) || is_branch(p) || contains(p->group, "system"))
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (is_named(p, names[i]))
                return random_word(seed, p);
        uint32_t insn = below(seed, 16) ? 0 : random_word(seed, p);
        if (insn && !is_half_fixed(insn))
            return insn;
    }
    return 0xd503201f;
}

/* Where nothing may stand beside it: qemu goes on where Linux would have raised a signal (forgive.c), or FPSR would reach a register. */
static bool stands_alone(const struct pattern *p)
{
    return is_branch(p) || is_named(p, "dc_clean") || is_named(p, "msr_fpsr") || is_named(p, "mrs_fpsr") || contains(p->group, "atomic");
}

static void make_pattern_case(uint64_t *seed, const struct pattern *p, uint32_t insn, struct test_case *c)
{
    unsigned before = 0, after = 0;
    aim(seed, p, insn, &c->before);
    if (!stands_alone(p) && !is_half_fixed(insn) && below(seed, 2)) {
        before = is_memory(p) ? 0 : (unsigned)below(seed, 3);
        after = (unsigned)below(seed, 4);
    }
    for (unsigned i = 0; i < before; i++)
        c->insns[c->count++] = filler(seed);
    c->insns[c->count++] = insn;
    for (unsigned i = 0; i < after; i++)
        c->insns[c->count++] = filler(seed);
}

/* A direct branch to itself, or backward into the code, would not end. */
static bool never_ends(const struct pattern *p, uint32_t insn)
{
    if (!is_branch(p))
        return false;
    for (unsigned i = 0; i < p->argument_count; i++) {
        const struct pattern_argument *a = argument_at(p, i);
        if (a->shift == 2 && a->is_signed && pattern_argument_value(a, insn) <= 0 && pattern_argument_value(a, insn) > -4096)
            return true;
    }
    return false;
}

/* -- several instructions ------------------------------------------------------------------------------------------------- */

static bool is_register_argument(const struct pattern_argument *a)
{
    return a->name[0] == 'r' && a->piece_count == 1 && a->pieces[0].width == 5;
}

static bool uses_register(const struct pattern *p, uint32_t insn, unsigned number)
{
    for (unsigned i = 0; i < p->argument_count; i++)
        if (is_register_argument(argument_at(p, i)) && pattern_argument_value(argument_at(p, i), insn) == number)
            return true;
    return false;
}

/* Few registers, so that results meet again. */
static uint32_t narrow_registers(uint64_t *seed, const struct pattern *p, uint32_t insn)
{
    uint32_t narrowed = insn;
    for (unsigned i = 0; i < p->argument_count; i++) {
        if (is_register_argument(argument_at(p, i)) && below(seed, 4)) {
            unsigned lsb = argument_at(p, i)->pieces[0].lsb;
            narrowed = (narrowed & ~(31u << lsb)) | (uint32_t)below(seed, 8) << lsb;
        }
    }
    return is_this(p, narrowed) ? narrowed : insn;
}

static bool is_exclusive(const struct pattern *p)
{
    return is_named(p, "ldxr") || is_named(p, "stxr") || is_named(p, "ldxp") || is_named(p, "stxp");
}

static unsigned exclusive_bytes(const struct pattern *p, uint32_t insn)
{
    return is_named(p, "ldxp") || is_named(p, "stxp") ? 8u << (insn >> 30 & 1) : 1u << (insn >> 30);
}

/* CONSTRAINED UNPREDICTABLE (Arm ARM, B2.9.5 and the instructions' pages): a store of another size than the load before it, a status
 * register that is also the data or the address, a pair loaded into one register. */
static bool is_unpredictable(const struct test_case *c, const struct pattern *p, uint32_t insn)
{
    unsigned rt = insn & 31, rn = insn >> 5 & 31, rt2 = insn >> 10 & 31, rs = insn >> 16 & 31;
    if (!is_exclusive(p))
        return false;
    for (unsigned i = 0; i < c->count; i++)
        if (is_exclusive(pattern_of(c->insns[i])) && exclusive_bytes(pattern_of(c->insns[i]), c->insns[i]) != exclusive_bytes(p, insn))
            return true;
    return is_named(p, "ldxp")   ? rt == rt2
           : is_named(p, "ldxr") ? false
                                 : rs == rt || (rs == rn && rn != 31) || (is_named(p, "stxp") && rs == rt2);
}

/* System registers and instructions that a block may hold: FPSR is compared with care (forgive.c), so it stays out of registers. */
static bool fits_a_block(const struct pattern *p)
{
    if (contains(p->group, "system"))
        return contains(p->name, "_nzcv") || contains(p->name, "flag") || contains(p->name, "cfinv") || contains(p->name, "_fpcr") || is_named(p, "dmb");
    return !is_excluded(p) && !is_branch(p);
}

/* A branch at `at` to one of the instructions behind it, `end` at most. */
static uint32_t forward_branch(uint64_t *seed, unsigned at, unsigned end)
{
    uint32_t distance = 1 + (uint32_t)below(seed, end - at), reg = (uint32_t)below(seed, 8), r = (uint32_t)case_random(seed);
    switch (r >> 8 & 7) {
    case 0: return 0x14000000 | distance;
    case 1: return 0x94000000 | distance;
    case 2: return 0x34000000 | (r & 1) << 31 | (r & 2) << 23 | distance << 5 | reg;            /* cbz, cbnz */
    case 3: return 0x36000000 | (r & 1) << 31 | (r & 2) << 23 | (r >> 3 & 31) << 19 | distance << 5 | reg;     /* tbz, tbnz */
    default: return 0x54000000 | distance << 5 | (r & 15);
    }
}

/* One instruction of a body that ends before `end`; `counter` is left alone. */
static uint32_t body_insn(uint64_t *seed, struct test_case *c, unsigned end, unsigned counter)
{
    static const char *const groups[] = {"integer", "integer", "integer", "memory", "float", "float", "vector", "memory", "atomic", "system", "crypto", ""};
    if (below(seed, 6) == 0) {
        uint32_t branch = forward_branch(seed, c->count, end);
        const struct pattern *p = pattern_of(branch);
        if (!uses_register(p, branch, counter))
            return branch;
    }
    const char *group = groups[below(seed, sizeof groups / sizeof *groups)];
    for (int tries = 0; tries < 3000; tries++) {
        const struct pattern *p = &aarch64_patterns.patterns[below(seed, aarch64_patterns.count)];
        if (!contains(p->group, group) || !fits_a_block(p))
            continue;
        uint32_t insn = random_word(seed, p);
        if (!insn || is_half_fixed(insn))
            continue;
        insn = narrow_registers(seed, p, insn);
        if (uses_register(p, insn, counter) || (is_memory(p) && uses_register(p, insn, 30)))
            continue;                         /* x30 may point to the code, which nobody would flush */
        if (is_unpredictable(c, p, insn))
            continue;
        aim(seed, p, insn, &c->before);
        return insn;
    }
    return 0xd503201f;
}

static uint32_t flags_insn(uint64_t *seed, unsigned at, unsigned end)
{
    static const char *const names[] = {
        "adds_imm", "subs_imm", "adds_reg", "subs_reg", "adds_ext", "subs_ext", "ands_imm", "ands_reg", "adcs", "sbcs", "adc", "sbc", "ccmp_reg",
        "ccmn_reg", "ccmp_imm", "ccmn_imm", "csel", "csinc", "csinv", "csneg", "rmif", "setf8", "setf16", "cfinv", "xaflag", "axflag", "fcmp",
        "fccmp", "fcsel", "mrs_nzcv", "msr_nzcv"};
    if (below(seed, 8) == 0)
        return forward_branch(seed, at, end);
    const char *name = names[below(seed, sizeof names / sizeof *names)];
    for (;;) {
        const struct pattern *p = &aarch64_patterns.patterns[below(seed, aarch64_patterns.count)];
        if (is_named(p, name))
            return narrow_registers(seed, p, random_word(seed, p));
    }
}

#define NO_COUNTER 99u

static void make_block(uint64_t *seed, struct test_case *c)
{
    unsigned count = 2 + (unsigned)below(seed, 7);
    while (c->count < count) {
        c->insns[c->count] = body_insn(seed, c, count, NO_COUNTER);
        c->count++;
    }
}

static void make_flags(uint64_t *seed, struct test_case *c)
{
    unsigned count = 3 + (unsigned)below(seed, 14);
    while (c->count < count) {
        c->insns[c->count] = flags_insn(seed, c->count, count);
        c->count++;
    }
}

/* body; sub(s) counter, counter, #1; cbnz or b.ne body. Sometimes with instructions before and after. */
static void make_loop(uint64_t *seed, struct test_case *c)
{
    unsigned counter = 8 + (unsigned)below(seed, 20), lead = (unsigned)below(seed, 3), body = 1 + (unsigned)below(seed, 7), tail = (unsigned)below(seed, 3);
    while (c->count < lead) {
        c->insns[c->count] = body_insn(seed, c, lead, counter);
        c->count++;
    }
    while (c->count < lead + body) {
        c->insns[c->count] = below(seed, 3) ? body_insn(seed, c, lead + body, counter) : flags_insn(seed, c->count, lead + body);
        if (uses_register(pattern_of(c->insns[c->count]), c->insns[c->count], counter))
            continue;
        c->count++;
    }
    uint32_t back = (uint32_t)-(int)(body + 1) & 0x7ffff;
    bool flags = below(seed, 2);
    c->insns[c->count++] = (flags ? 0xf1000400 : 0xd1000400) | counter << 5 | counter;
    c->insns[c->count++] = flags ? 0x54000001 | back << 5 : 0xb5000000 | back << 5 | counter;
    for (unsigned end = c->count + tail; c->count < end; c->count++)
        c->insns[c->count] = body_insn(seed, c, end, NO_COUNTER);
    c->before.x[counter] = 1 + below(seed, below(seed, 16) ? 12 : 3000);           /* last: the tail may have aimed it */
}

/* -- files ------------------------------------------------------------------------------------------------------------------ */

static void start_case(uint64_t *seed, struct test_case *c, enum case_kind kind)
{
    memset(c, 0, sizeof *c);
    c->magic = CASE_MAGIC;
    c->kind = kind;
    random_state(seed, &c->before);
    c->memory_seed = case_random(seed);
}

static void generate_pattern(uint64_t *seed, unsigned number, unsigned cases, FILE *out)
{
    const struct pattern *p = &aarch64_patterns.patterns[number];
    if (is_excluded(p))
        return;
    for (unsigned made = 0, tries = 0; made < cases && tries < 20 * cases; tries++) {
        struct test_case c;
        start_case(seed, &c, CASE_PATTERN);
        c.pattern = number;
        uint32_t insn = random_word(seed, p);
        if (!insn || never_ends(p, insn) || is_unpredictable(&c, p, insn))
            continue;
        make_pattern_case(seed, p, insn, &c);
        fwrite(&c, sizeof c, 1, out);
        made++;
    }
}

static void generate_kind(uint64_t *seed, enum case_kind kind, unsigned cases, FILE *out)
{
    static void (*const make[CASE_KINDS])(uint64_t *, struct test_case *) = {
        [CASE_BLOCK] = make_block, [CASE_LOOP] = make_loop, [CASE_FLAGS] = make_flags};
    for (unsigned made = 0; made < cases; made++) {
        struct test_case c;
        start_case(seed, &c, kind);
        make[kind](seed, &c);
        fwrite(&c, sizeof c, 1, out);
    }
}

/* `cases` of each pattern and 100 times as many of each of the mixed kinds; or those of one name or kind. */
int generate(uint64_t seed, unsigned cases, const char *file, const char *name)
{
    static const char *const kinds[CASE_KINDS] = {[CASE_BLOCK] = "blocks", [CASE_LOOP] = "loops", [CASE_FLAGS] = "flags"};
    FILE *out = fopen(file, "wb");
    if (!out) {
        perror(file);
        return 2;
    }
    bool only_kind = false;
    for (unsigned kind = CASE_BLOCK; kind < CASE_KINDS; kind++) {
        if (name && strcmp(name, kinds[kind]) != 0)
            continue;
        only_kind = name != NULL;
        generate_kind(&seed, kind, 100 * cases, out);
    }
    for (unsigned i = 0; i < aarch64_patterns.count && !only_kind; i++)
        if (!name || contains(aarch64_patterns.patterns[i].name, name))
            generate_pattern(&seed, i, cases, out);
    return fclose(out) ? 2 : 0;
}
