/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The intermediate representation: typed SSA in a flat array. An instruction defines at most one value, named by the
 * instruction's index. A region holds blocks; the fast tier's regions are one superblock (one entry, many exits), the hot
 * tier's are graphs. Nothing is allocated per instruction: regions live in an arena that is reset when their code is out.
 */
#ifndef FERRY_TRANSLATE_IR_H
#define FERRY_TRANSLATE_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t guest_addr;
typedef uint32_t ir_ref;                  /* index of the instruction that defines the value */
#define IR_NONE ((ir_ref)0xffffffff)

struct arena;
struct guest_isa;
struct ir_builder;

enum ir_type { IR_VOID, IR_I8, IR_I16, IR_I32, IR_I64, IR_F16, IR_F32, IR_F64, IR_V128, IR_FLAGS, IR_TYPE_COUNT };
enum ir_lane { LANE_8, LANE_16, LANE_32, LANE_64 };

enum ir_op {
#define IR_OP(name, group, operands, result, effects) IR_##name,
#include "translate/ir/ops.def"
#undef IR_OP
    IR_OP_COUNT
};

enum ir_effect {
    IR_PURE = 0,
    IR_COMMUTES = 1 << 0,
    IR_STATE_READ = 1 << 1,
    IR_STATE_WRITE = 1 << 2,
    IR_MEMORY_READ = 1 << 3,
    IR_MEMORY_WRITE = 1 << 4,
    IR_MAY_FAULT = 1 << 5,
    IR_MAY_EXIT = 1 << 6,
    IR_ENDS_BLOCK = 1 << 7,
    IR_FP_STATUS = 1 << 8,
    IR_MARKER = 1 << 9,
};
enum ir_result { IR_RESULT_NONE, IR_RESULT_SAME, IR_RESULT_INT, IR_RESULT_FLOAT, IR_RESULT_VECTOR, IR_RESULT_FLAGS };

/* Conditions on a token, numbered so that cond ^ 1 is the opposite (the two ALWAYS aside). */
enum ir_cond {
    COND_EQ, COND_NE, COND_CS, COND_CC, COND_MI, COND_PL, COND_VS, COND_VC,
    COND_HI, COND_LS, COND_GE, COND_LT, COND_GT, COND_LE, COND_ALWAYS, COND_ALWAYS_TOO
};
enum ir_rounding { ROUND_NEAREST_EVEN, ROUND_UP, ROUND_DOWN, ROUND_ZERO, ROUND_NEAREST_AWAY, ROUND_CURRENT };
enum ir_atomic {
    ATOMIC_ADD, ATOMIC_CLEAR, ATOMIC_XOR, ATOMIC_OR, ATOMIC_AND, ATOMIC_MAX_SIGNED, ATOMIC_MIN_SIGNED,
    ATOMIC_MAX_UNSIGNED, ATOMIC_MIN_UNSIGNED, ATOMIC_SWAP
};
enum ir_fence { FENCE_LOAD, FENCE_STORE, FENCE_FULL, FENCE_INSTRUCTION };

/* The mem word of a memory operation. The access width is separate from `type`: a narrower load extends into it. */
#define IR_MEM_SIZE(mem) ((mem)&7)        /* bytes log2, 0..4 */
#define IR_MEM_SCALE(mem) (((mem) >> 3) & 7) /* left shift of the index */
enum {
    IR_MEM_SIGNED = 1 << 6,               /* sign-extend into type, else zero-extend */
    IR_MEM_BIG_ENDIAN = 1 << 7,
    IR_MEM_ACQUIRE = 1 << 8,
    IR_MEM_RELEASE = 1 << 9,
    IR_MEM_SEQUENTIAL = 1 << 10,          /* a release store that a later acquire load may not pass (A64 STLR/LDAR) */
    IR_MEM_ALIGNED = 1 << 11,             /* faults when not naturally aligned */
    IR_MEM_STACK = 1 << 12,               /* base is the guest's stack or frame pointer: private to the thread */
};
#define IR_MEM(size_log2, scale) ((uint16_t)((size_log2) | (scale) << 3))

/* Annotations on instructions, set by lowering or by passes. */
enum {
    IR_NOTE_GUEST_PC = 1 << 0,            /* constant: a guest code address, relocatable with the region */
    IR_NOTE_BACKWARD = 1 << 1,            /* exit goes to its own or a lower pc: it polls */
    IR_NOTE_FLAGS_DEAD = 1 << 2,          /* exit: the flags field is not read at its target (set by the flags pass) */
    IR_NOTE_FLAGS_IN_HOST = 1 << 3,       /* the token this consumes is in the host's flags register just now */
    IR_NOTE_REMOVED = 1 << 4,             /* dead: hosts skip it */
    IR_NOTE_FLAGS_PAIR = 1 << 5,          /* flags_add/flags_sub/flags_and: the instruction before computes the same result and its host code sets the flags */
    IR_NOTE_WANTED = 1 << 7,              /* stays though nothing uses its value; a put that is put again unseen loses it (the builder's) */
    IR_NOTE_FLAGS_KEPT = 1 << 6,          /* put of the flags: an instruction behind one that may fault reads them, so a snapshot there must have them */
};

struct ir_insn {
    uint8_t op, type, lane, cond;
    uint16_t mem, note;                   /* mem: see above; exits: how many guest instructions of the region come before theirs */
    ir_ref a, b, c;
    uint32_t uses;                        /* how many operands name this value: kept by the builder and by every pass; the
                                           * dead_code pass adds the exits that take it along as the flags field */
    uint64_t imm;                         /* displacement (signed), field, constant, guest pc, … */
};

struct ir_op_info {
    const char *name, *group;
    uint8_t operands, result;
    uint16_t effects;
};
extern const struct ir_op_info ir_op_info[IR_OP_COUNT];
extern const uint16_t ir_op_effects[IR_OP_COUNT];                /* the same, closely packed: for what looks at every instruction */
extern const uint8_t ir_op_result[IR_OP_COUNT];

/* What the builder and the passes ask of every instruction, in one byte. */
enum ir_trait {
    IR_GOES_UNUSED = 1,                   /* pure, a get, or a helper (which may be pure): not wanted when nothing uses its value */
    IR_LOOKS = 2,                         /* the guest's state may be looked at here. (Of helpers, their effects tell.) */
    IR_HAS_TOKEN = 4,                     /* makes or reads a flags token, or may; gets and puts aside */
    IR_IS_EVENT = 8,                      /* is listed in region->events; gets and puts of the flags are, too */
};
extern const uint8_t ir_op_traits[IR_OP_COUNT];
extern const char *const ir_type_name[IR_TYPE_COUNT];
extern const char *const ir_cond_name[16], *const ir_rounding_name[6], *const ir_atomic_name[10];

/* What a region holds, so that passes know at once that there is nothing for them. Kept by whatever appends. */
enum ir_seen {
    IR_SEEN_STACK_STORE = 1 << 0,
    IR_SEEN_STACK_RELOAD = 1 << 1,        /* a load of the stack after a store to it */
    IR_SEEN_COMPUTED_ADDRESS = 1 << 2,    /* an access whose base or index is a sum or a shift */
    IR_SEEN_TOKEN = 1 << 3,               /* an operation that makes a flags token */
    IR_SEEN_UNFOLDED = 1 << 4,            /* something was stored or changed behind the builder's back: the fold pass may find more */
    IR_SEEN_ALWAYS = 1 << 5,
};

struct ir_block { ir_ref first, count; guest_addr pc; };

struct ir_region {
    const struct guest_isa *isa;
    struct arena *arena;
    guest_addr pc;                        /* of the first entry; snapshots are relative to it */
    guest_addr guest_end;                 /* one past the last guest byte translated */
    uint32_t guest_insns;
    uint32_t mode;                        /* guest mode bits the code was specialised for (see guest.h) */
    uint32_t count_step;                  /* what backward exits add to the count of their target; 0: they do not count */
    uint32_t seen;                        /* enum ir_seen */
    uint32_t flags_puts;                  /* how many instructions put the flags field */
    /* What has to do with the flags, in order: tokens made and read, gets and puts of the field, exits, helpers. */
    ir_ref *events;
    uint32_t event_count;
    uint32_t flags_dead_count;            /* the dead_code pass: exits' targets of which it assumed that they overwrite the flags */
    guest_addr *flags_dead_at;
    struct ir_insn *insns;
    ir_ref count, capacity;
    struct ir_block *blocks;              /* the fast tier: one */
    uint32_t block_count;
    struct ir_block *open;                /* the last one, which appended instructions go to */
    guest_addr insn_pc;                   /* of the guest instruction being lowered */
    bool insn_pending;                    /* … whose insn_start nothing needed so far */
    struct ir_builder *builder;           /* build.c's own: the latest value of each field, constants seen */
};

/* build.c. Every function appends one instruction and returns the value it defines (IR_NONE if none). The builder folds
 * what it sees at once: constant operands, neutral elements, get after put of the same field, the same pure operation twice. */
struct ir_region *ir_region_new(struct arena *arena, const struct guest_isa *isa, guest_addr pc);
/* What follows belongs to the guest instruction at pc. Its insn_start is appended only before something that needs to know. */
static inline void ir_begin_insn(struct ir_region *region, guest_addr pc)
{
    region->insn_pc = pc;
    region->insn_pending = true;
}
ir_ref ir_append(struct ir_region *region, struct ir_insn insn);
ir_ref ir_constant(struct ir_region *region, enum ir_type type, uint64_t value);
ir_ref ir_guest_pc(struct ir_region *region, guest_addr pc);          /* i64 constant marked as a code address */
ir_ref ir_get(struct ir_region *region, unsigned field);
void ir_put(struct ir_region *region, unsigned field, ir_ref value);
ir_ref ir_unary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a);
ir_ref ir_binary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b);
ir_ref ir_ternary(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, ir_ref b, ir_ref c);
ir_ref ir_binary_imm(struct ir_region *region, enum ir_op op, enum ir_type type, ir_ref a, uint64_t constant);
ir_ref ir_unary_lane(struct ir_region *region, enum ir_op op, enum ir_type type, enum ir_lane lane, ir_ref a, uint64_t imm);
ir_ref ir_vector(struct ir_region *region, enum ir_op op, enum ir_lane lane, ir_ref a, ir_ref b, ir_ref c, uint64_t imm);
ir_ref ir_load(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement);
void ir_store(struct ir_region *region, enum ir_type type, uint16_t mem, ir_ref base, ir_ref index, int64_t displacement, ir_ref value);
ir_ref ir_helper(struct ir_region *region, enum ir_type type, unsigned helper, uint64_t extra, ir_ref a, ir_ref b, ir_ref c);
void ir_exit_if(struct ir_region *region, enum ir_cond cond, ir_ref token, guest_addr pc);
void ir_trap(struct ir_region *region, unsigned kind, uint64_t payload);

/* What was appended since a mark, dropped: only to end the block there. (The builder's memory of fields is not taken back.) */
struct ir_mark { ir_ref count; };
static inline struct ir_mark ir_mark(const struct ir_region *region) { return (struct ir_mark){region->count}; }
void ir_rewind(struct ir_region *region, struct ir_mark mark);

static inline struct ir_insn *ir_at(const struct ir_region *region, ir_ref ref) { return &region->insns[ref]; }

/* For a pass that changes operands or removes an instruction: takes its operands' uses back before, counts them again after. */
static inline void ir_drop_operands(struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->a != IR_NONE)
        region->insns[insn->a].uses--;
    if (insn->b != IR_NONE)
        region->insns[insn->b].uses--;
    if (insn->c != IR_NONE)
        region->insns[insn->c].uses--;
}
static inline void ir_count_operands(struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->a != IR_NONE)
        region->insns[insn->a].uses++;
    if (insn->b != IR_NONE)
        region->insns[insn->b].uses++;
    if (insn->c != IR_NONE)
        region->insns[insn->c].uses++;
}

static inline bool ir_is_constant(const struct ir_region *region, ir_ref ref)
{
    return ref != IR_NONE && region->insns[ref].op == IR_constant;
}
static inline unsigned ir_type_bytes(enum ir_type type)
{
    static const uint8_t bytes[IR_TYPE_COUNT] = {0, 1, 2, 4, 8, 2, 4, 8, 16, 4};
    return bytes[type];
}
static inline bool ir_type_is_vector_class(enum ir_type type) { return type >= IR_F16 && type <= IR_V128; }

/* The class of value that `insn` defines (IR_VOID: none). */
static inline enum ir_type ir_result_type(const struct ir_insn *insn)
{
    static const uint8_t fixed[] = {
        [IR_RESULT_NONE] = IR_VOID, [IR_RESULT_INT] = IR_I32, [IR_RESULT_VECTOR] = IR_V128, [IR_RESULT_FLAGS] = IR_FLAGS,
    };
    unsigned result = ir_op_result[insn->op];
    return (enum ir_type)(result == IR_RESULT_SAME || result == IR_RESULT_FLOAT ? insn->type : fixed[result]);
}

/* print.c, parse.c: the text form, which parses back. parse: NULL and a message with a line number on bad input. */
size_t ir_print(const struct ir_region *region, char *buffer, size_t size);
struct ir_region *ir_parse(struct arena *arena, const struct guest_isa *isa, const char *text, char *error, size_t error_size);

/* verify.c: the first broken rule as text, or NULL. Run after every pass in --enable-debug builds. */
const char *ir_verify(const struct ir_region *region, char *error, size_t error_size);

/* evaluate.c: what pure integer and flags operations compute; folding, the interpreter and fault recovery share it. */
uint64_t ir_evaluate_integer(const struct ir_insn *insn, uint64_t a, uint64_t b, bool carry);
uint32_t ir_evaluate_flags(enum ir_op op, enum ir_type type, uint64_t a, uint64_t b, bool carry);   /* NZCV in bits 31..28 */
bool ir_cond_holds(enum ir_cond cond, uint32_t nzcv);

#endif
