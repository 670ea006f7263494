/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Generates random AArch64 code of many blocks: loops in loops, branches forward of every kind, calls, jumps by table, integer, FP and
 * vector operations between them, memory accesses that may fault. Encodings: Arm ARM, C4.1. Everything ends: loops count down in
 * registers that nothing else writes.
 */
#include "blocks.h"

#define ZR 31
#define SCRATCH 16
#define LINK 30
#define DATA 25
#define FIRST_COUNTER 26
#define FAULTING 29
#define DEEPEST 3

struct generator { struct body *body; struct random *random; unsigned depth, functions[4], function_count; };

static unsigned pick(struct generator *g, unsigned limit) { return below(g->random, limit); }
static void put(struct generator *g, uint32_t word) { if (g->body->count < CODE_WORDS) g->body->words[g->body->count++] = word; }
static unsigned here(const struct generator *g) { return g->body->count; }

static unsigned data_register(struct generator *g)
{
    unsigned n = pick(g, 22);
    return n < 16 ? n : n + 3;
}

static unsigned source(struct generator *g) { return pick(g, 12) ? data_register(g) : ZR; }
static unsigned vector(struct generator *g) { return pick(g, 8) ? pick(g, 8) : pick(g, 32); }

/* -- integer operations: the fixed bits, and fields that are drawn -------------------------------------------------------------- */

static void integer_operation(struct generator *g)
{
    uint32_t sf = pick(g, 4) ? 1u << 31 : 0, width = sf ? 64 : 32, d = data_register(g), n = source(g), m = source(g), a = source(g);
    static const uint32_t two_sources[] = {0x1ac00800, 0x1ac00c00, 0x1ac02000, 0x1ac02400, 0x1ac02800, 0x1ac02c00};     /* UDIV SDIV LSLV… */
    static const uint32_t one_source[] = {0x5ac00000, 0x5ac00400, 0x5ac01000, 0x5ac01400};                               /* RBIT REV16 CLZ CLS */
    static const uint32_t wide[] = {0x9b400000, 0x9bc00000, 0x9b200000, 0x9ba00000, 0x9b208000, 0x9ba08000};             /* SMULH UMULH xMADDL xMSUBL */
    switch (pick(g, 13)) {
    case 0: put(g, 0x0b000000 | sf | pick(g, 4) << 29 | pick(g, 3) << 22 | m << 16 | pick(g, width) << 10 | n << 5 | d); break;        /* ADD SUB (S) */
    case 1: put(g, 0x0a000000 | sf | pick(g, 4) << 29 | pick(g, 4) << 22 | pick(g, 2) << 21 | m << 16 | pick(g, width) << 10 | n << 5 | d); break;
    case 2: put(g, 0x11000000 | sf | pick(g, 4) << 29 | pick(g, 2) << 22 | pick(g, 4096) << 10 | data_register(g) << 5 | d); break;   /* ADD … (immediate) */
    case 3: put(g, 0x1a000000 | sf | pick(g, 4) << 29 | m << 16 | n << 5 | d); break;                                                   /* ADC SBC (S) */
    case 4: put(g, two_sources[pick(g, 6)] | sf | m << 16 | n << 5 | d); break;
    case 5: put(g, one_source[pick(g, 4)] | sf | n << 5 | d); break;
    case 6: put(g, 0x1b000000 | sf | m << 16 | pick(g, 2) << 15 | a << 10 | n << 5 | d); break;                                         /* MADD MSUB */
    case 7: put(g, wide[pick(g, 6)] | m << 16 | a << 10 | n << 5 | d); break;
    case 8: put(g, 0x13000000 | sf | sf >> 9 | pick(g, 3) << 29 | pick(g, width) << 16 | pick(g, width) << 10 | n << 5 | d); break;     /* SBFM BFM UBFM */
    case 9: put(g, 0x13800000 | sf | sf >> 9 | m << 16 | pick(g, width) << 10 | n << 5 | d); break;                                     /* EXTR */
    case 10: put(g, 0x1a800000 | sf | pick(g, 2) << 30 | m << 16 | pick(g, 16) << 12 | pick(g, 2) << 10 | n << 5 | d); break;           /* CSEL … */
    case 11: put(g, 0x3a400000 | sf | pick(g, 2) << 30 | m << 16 | pick(g, 16) << 12 | pick(g, 2) << 11 | n << 5 | pick(g, 16)); break; /* CCMN CCMP */
    default: put(g, (pick(g, 3) ? 0x52800000 : 0x72800000) | sf | pick(g, sf ? 4 : 2) << 21 | pick(g, 65536) << 5 | d); break;          /* MOVZ MOVK */
    }
}

/* -- FP and vectors ------------------------------------------------------------------------------------------------------------------ */

static void fp_operation(struct generator *g)
{
    uint32_t type = pick(g, 2) << 22, d = vector(g), n = vector(g), m = vector(g), a = vector(g);
    static const uint32_t unary[] = {0x1e204000, 0x1e20c000, 0x1e214000, 0x1e21c000, 0x1e244000, 0x1e24c000, 0x1e25c000, 0x1e274000};
    switch (pick(g, 9)) {
    case 0: case 1: put(g, 0x1e200800 | type | m << 16 | pick(g, 9) << 12 | n << 5 | d); break;      /* FMUL FDIV FADD FSUB FMAX FMIN FMAXNM FMINNM FNMUL */
    case 2: put(g, 0x1f000000 | type | pick(g, 2) << 21 | m << 16 | pick(g, 2) << 15 | a << 10 | n << 5 | d); break;                /* FMADD … */
    case 3: put(g, unary[pick(g, 8)] | type | n << 5 | d); break;                                    /* FMOV FABS FNEG FSQRT FRINTx */
    case 4: put(g, 0x1e202000 | type | m << 16 | n << 5 | pick(g, 2) << 4); break;                   /* FCMP FCMPE */
    case 5: put(g, 0x1e200c00 | type | m << 16 | pick(g, 16) << 12 | n << 5 | d); break;             /* FCSEL */
    case 6: put(g, 0x1e220000 | pick(g, 2) << 31 | type | pick(g, 2) << 16 | source(g) << 5 | d); break;                           /* SCVTF UCVTF */
    case 7: put(g, 0x1e380000 | pick(g, 2) << 31 | type | pick(g, 2) << 16 | n << 5 | data_register(g)); break;                    /* FCVTZS FCVTZU */
    default: put(g, type ? 0x1e624000 | n << 5 | d : 0x1e22c000 | n << 5 | d); break;                /* FCVT */
    }
}

static void vector_operation(struct generator *g)
{
    uint32_t q = pick(g, 4) ? 1u << 30 : 0, size = pick(g, 3) << 22, d = vector(g), n = vector(g), m = vector(g);
    static const uint32_t three[] = {0x0e208400, 0x2e208400, 0x0e206400, 0x2e206c00, 0x0e203400, 0x2e208c00, 0x0e209c00, 0x0e209400, 0x2e209400,
                                     0x0e200400, 0x0e200c00, 0x2e200c00, 0x0e204400, 0x2e204400, 0x0e20bc00};
    static const uint32_t logical[] = {0x0e201c00, 0x0e601c00, 0x0ea01c00, 0x0ee01c00, 0x2e201c00, 0x2e601c00, 0x2ea01c00, 0x2ee01c00};
    static const uint32_t fp[] = {0x0e20d400, 0x0ea0d400, 0x2e20dc00, 0x0e20cc00, 0x0ea0cc00, 0x2e20fc00, 0x0e20f400, 0x0e20e400, 0x2e20e400, 0x2ea0e400};
    static const uint32_t permute[] = {0x0e003800, 0x0e007800, 0x0e001800, 0x0e005800, 0x0e002800, 0x0e006800};
    switch (pick(g, 8)) {
    case 0: case 1: put(g, three[pick(g, 15)] | q | size | m << 16 | n << 5 | d); break;
    case 2: put(g, logical[pick(g, 8)] | q | m << 16 | n << 5 | d); break;
    case 3: put(g, fp[pick(g, 10)] | (1u << 30) | pick(g, 2) << 22 | m << 16 | n << 5 | d); break;
    case 4: put(g, permute[pick(g, 6)] | q | size | m << 16 | n << 5 | d); break;
    case 5: put(g, 0x2e000000 | (q ? q | pick(g, 16) << 11 : pick(g, 8) << 11) | m << 16 | n << 5 | d); break;                     /* EXT */
    case 6: put(g, 0x4e000c00 | (1u << pick(g, 4) << 16) | source(g) << 5 | d); break;              /* DUP (general) */
    default: put(g, 0x0e003c00 | (pick(g, 2) ? 0x08u << 16 | 1u << 30 : 0x04u << 16) | n << 5 | data_register(g)); break;          /* UMOV */
    }
}

/* -- memory ----------------------------------------------------------------------------------------------------------------------------- */

/* Of any size; x25 plus a scaled immediate stays inside the data. */
static void access(struct generator *g)
{
    uint32_t size = pick(g, 4), load = pick(g, 2) << 22;
    switch (pick(g, 6)) {
    case 0: case 1: put(g, 0x39000000 | size << 30 | load | pick(g, 256) << 10 | DATA << 5 | data_register(g)); break;             /* LDR STR */
    case 2: put(g, 0x3d800000 | load | pick(g, 128) << 10 | DATA << 5 | vector(g)); break;           /* LDR STR (Q) */
    case 3: {                                                                                        /* LDP STP: not twice the same register */
        unsigned first = data_register(g), second = first ? first - 1 : 1;
        put(g, 0xa9000000 | load | pick(g, 32) << 15 | (second > 15 && second < 19 ? 0 : second) << 10 | DATA << 5 | first);
        break;
    }
    case 4:                                                                                          /* by a register: AND x16, xN, #0xff0 */
        put(g, 0x927c1c00 | data_register(g) << 5 | SCRATCH);
        put(g, (pick(g, 2) ? 0x38206800 | size << 30 : 0x3ca06800) | load | SCRATCH << 16 | DATA << 5 | (size == 3 ? data_register(g) : pick(g, 16)));
        break;
    default:                                                                                         /* ADD x16, x25, #…; LDADD… SWP, or an exclusive pair */
        put(g, 0x91000000 | pick(g, 64) << 13 | DATA << 5 | SCRATCH);
        if (pick(g, 2)) {
            static const uint32_t atomic[] = {0xb8200000, 0xb8201000, 0xb8202000, 0xb8203000, 0xb8204000, 0xb8206000, 0xb8208000};
            put(g, atomic[pick(g, 7)] | pick(g, 2) << 30 | pick(g, 4) << 22 | source(g) << 16 | SCRATCH << 5 | data_register(g));
        } else {
            unsigned d = data_register(g);
            put(g, 0xc85f7c00 | SCRATCH << 5 | d);                                                   /* LDXR; ADD; STXR w17 */
            put(g, 0x91000000 | pick(g, 4096) << 10 | d << 5 | d);
            put(g, 0xc8007c00 | 17 << 16 | SCRATCH << 5 | d);
            put(g, 0x35000000 | ((uint32_t)-3 & 0x7ffff) << 5 | 17);
        }
        break;
    }
}

/* Half of the addresses are in the page without access: AND xT, xM, #0x1ff0; LDR or STR xD, [x29, xT]. */
static void faulting_access(struct generator *g)
{
    unsigned index = data_register(g);
    put(g, 0x927c2000 | data_register(g) << 5 | index);
    uint32_t load = pick(g, 2) << 22;
    put(g, (pick(g, 3) ? 0xf8206800 | (pick(g, 4) << 30 & 0xc0000000) : 0x3ca06800) | load | index << 16 | FAULTING << 5 | data_register(g));
}

/* -- control ------------------------------------------------------------------------------------------------------------------------------ */

static void sequence(struct generator *g, unsigned length);

static void fill_branch(struct generator *g, unsigned at)
{
    uint32_t word = g->body->words[at], distance = here(g) - at;
    uint32_t mask = word >> 26 == 5 ? 0x3ffffff : (word & 0x7e000000) == 0x36000000 ? 0x3fff << 5 : 0x7ffff << 5;
    g->body->words[at] = word | (mask & 0x1f ? distance & mask : distance << 5 & mask);
}

/* if, and sometimes else. */
static void condition(struct generator *g)
{
    unsigned at = here(g);
    switch (pick(g, 3)) {
    case 0: put(g, 0x54000000 | pick(g, 14)); break;                                                 /* B.cond */
    case 1: put(g, 0x34000000 | pick(g, 2) << 31 | pick(g, 2) << 24 | data_register(g)); break;      /* CBZ CBNZ */
    default: put(g, 0x36000000 | pick(g, 2) << 31 | pick(g, 2) << 24 | pick(g, 32) << 19 | data_register(g)); break;               /* TBZ TBNZ */
    }
    sequence(g, 1 + pick(g, 6));
    if (pick(g, 2)) {
        unsigned over = here(g);
        put(g, 0x14000000);
        fill_branch(g, at);
        sequence(g, 1 + pick(g, 6));
        at = over;
    }
    fill_branch(g, at);
}

static void loop(struct generator *g)
{
    unsigned counter = FIRST_COUNTER + g->depth++, times = 1 + pick(g, g->depth == 1 ? 24 : 5);
    put(g, 0x52800000 | times << 5 | counter);
    unsigned head = here(g);
    sequence(g, 2 + pick(g, 12));
    if (pick(g, 4) == 0) {                                                                           /* a way out in the middle */
        unsigned out = here(g);
        put(g, 0x54000000 | pick(g, 14));
        sequence(g, 1 + pick(g, 4));
        put(g, 0x51000400 | counter << 5 | counter);
        put(g, 0x35000000 | ((head - here(g)) & 0x7ffff) << 5 | counter);
        fill_branch(g, out);
    } else if (pick(g, 2)) {
        put(g, 0x71000400 | counter << 5 | counter);                                                 /* SUBS; B.NE */
        put(g, 0x54000001 | ((head - here(g)) & 0x7ffff) << 5);
    } else {
        put(g, 0x51000400 | counter << 5 | counter);                                                 /* SUB; CBNZ */
        put(g, 0x35000000 | ((head - here(g)) & 0x7ffff) << 5 | counter);
    }
    g->depth--;
}

/* ADR x16, table; AND x17, xN, #3; ADD x16, x16, x17, LSL #4; BR x16: four cases of four words. */
static void table_jump(struct generator *g)
{
    put(g, 0x10000080 | SCRATCH);
    put(g, 0x92400400 | data_register(g) << 5 | 17);
    put(g, 0x8b111200 | SCRATCH);
    put(g, 0xd61f0000 | SCRATCH << 5);
    for (unsigned i = 0; i < 4; i++) {
        integer_operation(g);
        integer_operation(g);
        integer_operation(g);
        put(g, 0x14000001 | (3 - i) * 4);
    }
}

static void call(struct generator *g)
{
    if (!g->function_count)
        return;
    unsigned function = g->functions[pick(g, g->function_count)];
    if (pick(g, 3)) {
        put(g, 0x94000000 | ((function - here(g)) & 0x3ffffff));
    } else {
        put(g, 0x10000000 | ((function - here(g)) & 0x7ffff) << 5 | 17);                             /* ADR x17; BLR x17 */
        put(g, 0xd63f0000 | 17 << 5);
    }
}

static void sequence(struct generator *g, unsigned length)
{
    while (length-- && here(g) < CODE_WORDS - 600) {
        unsigned what = pick(g, 100);
        if (what < 42) integer_operation(g);
        else if (what < 54) fp_operation(g);
        else if (what < 64) vector_operation(g);
        else if (what < 80) access(g);
        else if (what < 83) faulting_access(g);
        else if (what < 91) condition(g);
        else if (what < 95 && g->depth < DEEPEST) loop(g);
        else if (what < 97) table_jump(g);
        else call(g);
    }
}

/* Saves x30 where it calls others. */
static void function(struct generator *g, unsigned length)
{
    put(g, 0xf81f0ffe);                                                                              /* STR x30, [sp, #-16]! */
    sequence(g, length);
    put(g, 0xf84107fe);                                                                              /* LDR x30, [sp], #16 */
    put(g, 0xd65f03c0);
}

void generate_body(struct body *body, struct random *random)
{
    struct generator g = {.body = body, .random = random, .depth = 0};
    body->count = body->patch = 0;
    put(&g, 0x14000000);
    /* What is called has no loops of its own: their counters would be the caller's. */
    g.depth = DEEPEST;
    for (unsigned count = pick(&g, 4); count--;) {
        unsigned start = here(&g);
        function(&g, 1 + pick(&g, 10));
        g.functions[g.function_count++] = start;
    }
    g.depth = 0;
    fill_branch(&g, 0);
    put(&g, 0xf81f0ffe);
    sequence(&g, 3 + pick(&g, 10));
    body->patch = here(&g);
    put(&g, 0xd2800000 | data_register(&g));
    loop(&g);
    sequence(&g, 3 + pick(&g, 16));
    put(&g, 0xf84107fe);
    put(&g, 0xd65f03c0);
}
