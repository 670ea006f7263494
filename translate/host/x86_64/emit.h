/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Emission of one region: the state of the pass and the register allocator's interface, which every group file
 * (integer.c flags.c memory.c branch.c float.c vector.c crypto.c) emits through. Only x86_64/ includes this.
 *
 * Roles of registers
 *   rsp        prediction stack: [rsp] host return address, [rsp+8] guest return address, pairs only
 *   r15        struct vcpu + STATE_BIAS
 *   rax rcx rdx rsi   allocatable temporaries (fixed uses of div, mul, shifts, cmpxchg fall on these)
 *   rbx rbp rdi r8..r14   the ten pinned guest fields, in the order of isa->integer_pins
 *   xmm0..xmm3        allocatable vector temporaries; xmm4..xmm15 twelve pinned vector fields (isa->vector_pins)
 *
 * State discipline of this tier: `put` is eager. After a put, a pinned field's register (or an unpinned field's slot in
 * the vcpu) holds the new value; so at every instruction boundary all fields but the flags are home and a snapshot is a
 * guest pc and a flags recipe. The allocator makes the defining instruction write straight into the pinned register when
 * the value's next event is its put and nothing in between needs the old value.
 *
 * A value lives in: a temporary register; a pinned register (as the field's current value); its field's vcpu slot; a spill
 * slot; or nowhere but as a constant. Each emitter first takes its operands, then defines its result, then emits:
 *
 *     int b = use_integer(e, insn->b);             read-only register with the operand
 *     int d = define_copy(e, self, insn->a);       result register, holding a copy of operand a
 *     emit_alu_rr(&e->as, ALU_ADD, wide, d, b);
 *
 * Registers handed out stay locked until the next IR instruction. Results are given registers after operands that die here have
 * been freed, so `define` may return an operand's register: where code writes the result before the last read of an operand,
 * use define_early. 32-bit results leave the upper half of the register unspecified unless is_zero_extended says otherwise;
 * plain 32-bit x86 instructions zero it, and zero_extend i64/32 of such a value is then free (note_zero_extended).
 */
#ifndef FERRY_HOST_X86_64_EMIT_H
#define FERRY_HOST_X86_64_EMIT_H

#include "translate/host/host.h"
#include "translate/host/x86_64/assembler.h"

/* r15 points into the guest's own fields, which follow struct vcpu: one-byte displacements reach pending and flags, the last ones of
 * struct vcpu, and the first 248 bytes behind it, which hold the integer registers. */
#define STATE_BIAS ((int)sizeof(struct vcpu) + 120)
#define INTEGER_PIN_COUNT 10
#define VECTOR_PIN_COUNT 12
#define REG_STATE R15

/* What the CPU can do; probed once. The baseline is x86-64-v2. avx512: what x86-64-v4 has of it, F, VL, BW, DQ and CD. */
#define X86_64_FEATURES(X) \
    X(avx) X(avx2) X(fma) X(bmi1) X(bmi2) X(lzcnt) X(popcnt) X(movbe) X(aes) X(pclmulqdq) X(sha) X(f16c) X(avx512) X(avx512_bitalg) X(gfni)
struct x86_64_features {
#define X86_64_FEATURE(name) bool name;
    X86_64_FEATURES(X86_64_FEATURE)
#undef X86_64_FEATURE
};
extern struct x86_64_features x86_64_features;           /* written once by host_x86_64.init */

/* Numbers of the stubs that generated code reaches through vcpu->entry_points. */
enum x86_64_stub {
    STUB_LINK,            /* unlinked exit: from `call [stub]`, the return address tells the exit record */
    STUB_LOOKUP,          /* indirect: rax = guest pc */
    STUB_RETURN_MISS,     /* return whose prediction failed: rax = guest pc */
    STUB_TRAP,            /* leave: vcpu.exit_reason, pc and trap_payload are already stored */
    STUB_PENDING,         /* leave because of vcpu.pending: rax = guest pc */
    STUB_HELPER,          /* call C: rax = function; rdi.. are set up from vcpu.scratch[0..3]; saves and reloads pins; result in rax */
    STUB_HELPER_BARE,     /* the same, but the caller saves and reloads what it keeps in registers */
    STUB_FLOAT_COLD,      /* call x86_64_float_cold with scratch[3]; every register is kept; see vector.c */
    STUB_HOT,             /* the head at rax has been passed often: goes on there, in better code if there is some */
    STUB_UNFIT,           /* the hot region at rax takes for granted what is not so: goes on in the fast code, from now on */
    STUB_COUNT
};

/* Where a guest field is kept, made once for the guest's fields (layout.c). */
struct field_place {
    int8_t pin;                       /* its register, or REG_NONE */
    uint8_t is_pinned;                /* 0 or 1 (no field: 1) */
    uint8_t bytes;
    bool is_vector;
    uint8_t zero_upper;               /* what value_state's says of all its values: not 0 in hot regions only, which test it at their entries */
    int32_t displacement;             /* of its slot in the vcpu, from r15 */
};

enum place_kind { PLACE_NONE, PLACE_INTEGER, PLACE_VECTOR, PLACE_SPILL, PLACE_FIELD, PLACE_CONSTANT };

/* What liveness.c notes: a put to a pinned field, or an operation that makes a token, which the flags plan starts from. For a put: values
 * defined behind `event`, the last get or put of the field, and not before `barrier` may be computed in the field's register. */
struct noted { uint32_t position; int32_t event, barrier; };  /* position: index of e->order */

/* What the allocator knows of one value. The first 16 bytes start the same for all values but constants. */
struct value_state {
    uint8_t kind;                     /* enum place_kind of its best place: a register if it has one */
    int8_t reg;                       /* register number, pinned or temporary */
    int8_t spill;                     /* spill slot, or -1 */
    uint8_t zero_extended;            /* i32 whose register's upper half is known to be zero */
    uint8_t zero_upper;               /* f32/f64/vector whose bits above 64 (f64, v128 low) resp. 32 (f32) are known to be zero; 2: above 32 */
    uint8_t token_wanted;             /* tokens: enum token_wanted bits */
    uint16_t home_field;              /* the unpinned field whose slot holds this value now, or GUEST_NO_FIELD */
    uint16_t target_field;            /* the field it will be put to next with nothing in between, or GUEST_NO_FIELD */
    uint16_t unused[3];               /* 32 bytes are reached by a shift */
    ir_ref last_use;                  /* index of the last instruction that reads it (exits and snapshots included) */
    ir_ref root;                      /* itself, or the value it is an alias of: the state that counts is the root's */
    ir_ref host_until;                /* tokens: the last consumer that finds it in EFLAGS */
    uint32_t unused_too;
};
/* Tokens that the flags plan (flags.c) wants in EFLAGS from their definition on; SWAPPED: ucomis with the operands exchanged. */
enum token_wanted { TOKEN_WANTED = 1, TOKEN_WANTED_SWAPPED = 2 };

/* What the bits of EFLAGS mean while they hold a token. */
enum host_sense {
    SENSE_ADD,                        /* CF = C: additions, and canonical words after sahf */
    SENSE_SUB,                        /* CF = !C */
    SENSE_AND,                        /* CF = OF = 0 and C = V = 0 */
    SENSE_FLOAT,                      /* after ucomis a, b */
    SENSE_FLOAT_SWAPPED,              /* after ucomis b, a */
};

/* How the state's flags can be had at one point of the code: what snapshots record and cold paths freeze. */
enum flags_recipe_kind { RECIPE_HOME, RECIPE_HOST, RECIPE_OPERANDS, RECIPE_WORD };
struct flags_place { struct operand operand; bool is_constant; uint64_t constant; };
struct flags_recipe {
    uint8_t kind;                     /* enum flags_recipe_kind */
    uint8_t op, type;                 /* OPERANDS: IR_flags_add, _sub, _and, _float */
    uint8_t sense;                    /* HOST: enum host_sense */
    struct flags_place a, b;          /* WORD: a is a canonical word */
};

struct emitter;
struct hot_region;

/* Code emitted out of line after the hot part: exit stubs, NaN repairs, slow paths. */
struct cold_path {
    struct cold_path *next;
    void (*emit)(struct emitter *e, struct cold_path *cold);
    uint32_t jump;                    /* offset of the rel32 in the hot part that comes here */
    uint32_t resume;                  /* hot offset to go back to */
    ir_ref insn;                      /* what it belongs to: its snapshot is that instruction's */
    uint64_t data[2];                 /* zero at first */
    int regs[4];
    guest_addr pc;                    /* the guest instruction it belongs to */
    struct flags_recipe flags;        /* of e->state_flags at the jump */
};

/* A float operation whose result has not been tested for a NaN yet: the next one may test both at once (float.c). Until then none of
 * `registers` (its result and operands, bit per vector register) is overwritten or copied. */
struct untested_float {
    uint32_t registers;               /* 0: there is none */
    ir_ref insn;
    bool wide;
    int8_t d, a, b, c;
};

/* Code that is the same wherever it stands, made once (layout.c, branch.c) and copied whole. */
struct code_piece { uint8_t bytes[24]; uint32_t size; };
struct code_pieces {
    struct code_piece link;                  /* call of the link stub and the exit's word */
    struct code_piece poll;                  /* cmp [pending], 0; jne: its rel32 comes last */
    struct code_piece leave_pending;         /* jump to the stub */
    struct code_piece flags_home[2];         /* EFLAGS to vcpu.flags; [1]: with the carry turned round first */
};

struct emitter {
    struct assembler as;
    struct ir_region *region;
    const struct guest_isa *isa;
    struct host_code *out;
    struct value_state *values;       /* by ir_ref; there is one before the first, for IR_NONE as -1 */
    ir_ref *order, *order_end;        /* the instructions that are not removed */
    ir_ref integer_value[16];         /* which value a temporary (or pin) holds, IR_NONE if free (pin: the field's own current value) */
    ir_ref vector_value[32];
    uint32_t integer_locked, vector_locked;   /* bit per register, cleared between IR instructions */
    uint32_t integer_temporaries, vector_temporaries;   /* bit per register that belongs to no field */
    uint32_t integer_pinned, vector_pinned;   /* bit per register that a field is pinned to */
    uint16_t pin_field_integer[16], pin_field_vector[32];   /* field of a pinned register or GUEST_NO_FIELD */
    const struct field_place *fields; /* by field; there is one before the first, for no field */
    uint64_t spill_used;              /* bit per vcpu spill slot that had an owner */
    ir_ref current;                   /* IR instruction being emitted */
    guest_addr current_pc;
    struct hot_region *hot;           /* hot.h; NULL in the fast tier */
    guest_addr base_pc;               /* what snapshots' guest addresses are relative to */
    ir_ref host_flags;                /* token whose value is in EFLAGS now, or IR_NONE */
    ir_ref state_flags;               /* token that is the guest's flags field now; IR_NONE: the home in vcpu.flags is current */
    bool state_flags_live;            /* false: nobody will read the flags field before it is overwritten */
    enum host_sense host_sense;       /* meaning of EFLAGS while host_flags is a token */
    ir_ref *field_value;              /* by field: the value that an unpinned field's slot holds, or IR_NONE */
    int32_t *field_event;             /* by field, and at -1 for none: liveness.c's own */
    struct noted *noted;              /* liveness.c's own */
    uint32_t exit_capacity, snapshot_capacity, entry_capacity, constant_capacity, relocation_capacity;
    struct cold_path *cold_first, *cold_last;
    const struct code_pieces *pieces;
    struct cold_path *cold_room, *cold_end;  /* where the next cold paths go */
    struct untested_float untested;
    struct constant_pool *constant_pool;   /* vector constants placed after the cold paths (vector.h); NULL: none yet */
    bool failed;                      /* ran out of space: the engine retries */
    ir_ref spill_owner[VCPU_SPILL_SLOTS];  /* of the slots in spill_used */
};

/* The temporaries every region has: what div, shifts and cmpxchg insist on is among them. */
#define INTEGER_TEMPORARIES (1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI)
#define VECTOR_TEMPORARIES 0xfu

/* Host registers of the pins, in the order of isa->integer_pins (stubs.c); vector pins are xmm4, xmm5, … */
extern const int8_t x86_64_integer_pin[INTEGER_PIN_COUNT];
#define VECTOR_PIN_FIRST XMM4

/* -- operands ------------------------------------------------------------------------------------------------------- */
static inline int use_integer(struct emitter *e, ir_ref value);      /* in some register, read-only */
void use_integer_in(struct emitter *e, ir_ref value, int reg);       /* a copy in that temporary, which the caller may clobber */
int use_integer_copy(struct emitter *e, ir_ref value);               /* a copy in a scratch register, which the caller may clobber */
int use_vector(struct emitter *e, ir_ref value);
int use_vector_copy(struct emitter *e, ir_ref value);
static inline struct operand use_operand(struct emitter *e, ir_ref value);   /* register, or the memory it is in (spill, field slot): for folding into an instruction */
/* A constant that fits a sign-extended 32-bit immediate. */
bool constant_is_imm32(const struct ir_insn *constant, int32_t *imm);
static inline bool value_is_imm32(const struct emitter *e, ir_ref value, int32_t *imm)
{
    const struct ir_insn *insn = ir_at(e->region, value);
    return insn->op == IR_constant && constant_is_imm32(insn, imm);
}
static inline bool value_dies_here(const struct emitter *e, ir_ref value);

/* -- results -------------------------------------------------------------------------------------------------------- */
int define_integer(struct emitter *e, ir_ref self);                  /* may be the register of an operand that dies here */
int define_integer_early(struct emitter *e, ir_ref self);            /* is none of the operands' registers */
int define_integer_copy(struct emitter *e, ir_ref self, ir_ref source); /* holds a copy of source; no move when source dies here */
void define_integer_in(struct emitter *e, ir_ref self, int reg);     /* the result is already in that temporary */
void define_alias(struct emitter *e, ir_ref self, ir_ref source);    /* the same bits as source: no code */
int define_vector(struct emitter *e, ir_ref self);
int define_vector_early(struct emitter *e, ir_ref self);
int define_vector_copy(struct emitter *e, ir_ref self, ir_ref source);

/* -- scratch registers, free at the next IR instruction --------------------------------------------------------------- */
int scratch_integer(struct emitter *e);
int scratch_vector(struct emitter *e);
void take_integer(struct emitter *e, int reg);                       /* empty this temporary (its value moves or is spilled) and lock it */

/* -- facts ---------------------------------------------------------------------------------------------------------- */
static inline bool is_zero_extended(const struct emitter *e, ir_ref value) { return e->values[e->values[value].root].zero_extended; }
static inline void note_zero_extended(struct emitter *e, ir_ref self) { e->values[e->values[self].root].zero_extended = 1; }
static inline bool is_zero_upper(const struct emitter *e, ir_ref value) { return e->values[e->values[value].root].zero_upper; }
static inline void note_zero_upper(struct emitter *e, ir_ref self) { e->values[e->values[self].root].zero_upper = 1; }

/* -- points that may fault or leave ------------------------------------------------------------------------------------ */
void snapshot_here(struct emitter *e);                               /* the next host instruction may fault: record the guest state before the current guest instruction */
static inline struct operand state_operand(unsigned offset_in_vcpu)  /* [r15 + …] */
{
    return operand_mem(REG_STATE, (int32_t)offset_in_vcpu - STATE_BIAS);
}
struct operand field_operand(const struct emitter *e, unsigned field);

/* Starts out-of-line code reached by `jcc cond` emitted here. With ALWAYS: jmp. The cold code runs `emit` at the end of the region
 * with the allocator's registers as they are now: it changes none but its own result in regs[]. */
struct cold_path *add_cold(struct emitter *e, uint32_t jump, void (*emit)(struct emitter *e, struct cold_path *cold));   /* the same for a jump that is there, with nothing frozen */
struct cold_path *cold_jump(struct emitter *e, int host_cond, void (*emit)(struct emitter *e, struct cold_path *cold));
void cold_resume(struct emitter *e, struct cold_path *cold);         /* the hot position it goes back to is here */

/* Emits a call of the C function with STUB_HELPER: spills temporaries, keeps pins. Used by `helper` and slow paths. */
void emit_helper_call(struct emitter *e, const struct ir_insn *insn, ir_ref self);

/* Jump to, or call, a stub (branch.c): one indirect jump through vcpu.entry_points; no register changes. */
void emit_stub_jump(struct emitter *e, enum x86_64_stub stub);
void emit_stub_call(struct emitter *e, enum x86_64_stub stub);

/* Flags: makes EFLAGS hold `token` in the sense of its producer; returns the host condition for `cond` (may emit cmc or sahf). */
int flags_to_host(struct emitter *e, ir_ref token, enum ir_cond cond);
void flags_go_home(struct emitter *e, ir_ref token);                 /* stores token in vcpu.flags; clobbers rax and EFLAGS (not the token's operands) */
void flags_store_host(struct emitter *e, ir_ref token);              /* EFLAGS hold token (flags.c's sense): stores it in vcpu.flags; clobbers rax and EFLAGS, knows nothing of the allocator: for taken exits */
static inline void host_flags_clobbered(struct emitter *e) { e->host_flags = IR_NONE; }   /* every emitter whose code changes EFLAGS calls this (or checks preserves_flags) */

/* -- between the files of this folder ------------------------------------------------------------------------------------ */
bool x86_64_emit_region(struct ir_region *region, uint8_t *space, size_t size, struct host_code *out);   /* emit.c: host.compile */
void emitter_find_room(struct emitter *e);                           /* emit.c: tables for e->region; those of e->out are new */
void emit_insns(struct emitter *e);
void emit_poll(struct emitter *e, guest_addr target);                /* branch.c: leaves for target if vcpu.pending; clobbers EFLAGS */
bool x86_64_preserves_flags(const struct ir_region *region, const struct ir_insn *insn);                 /* flags.c: host.preserves_flags */

void x86_64_layout_make(const struct guest_isa *isa);                /* layout.c: once, in host.init */
void x86_64_make_pieces(struct code_pieces *pieces);                 /* branch.c */
static inline void emit_piece(struct emitter *e, const struct code_piece *piece)
{
    if (!asm_has_room(&e->as, sizeof piece->bytes))
        return;
    memcpy(e->as.at, piece->bytes, sizeof piece->bytes);
    e->as.at += piece->size;
}
void layout_start(struct emitter *e);                                /* layout.c: an emitter that knows the guest's pins and nothing else */
void liveness_walk(struct emitter *e);                               /* liveness.c: sets up e->values and e->order */
void allocator_get(struct emitter *e, ir_ref self, unsigned field);
void allocator_put(struct emitter *e, unsigned field, ir_ref value);
void allocator_before_call(struct emitter *e, bool writes_state);    /* live temporaries (writes_state: and values in fields) go to spill slots */
void allocator_after_call(struct emitter *e);                        /* nothing is in a temporary any more */
void allocator_load(struct emitter *e, ir_ref value, int reg);       /* brings value's bits into reg (of its class), whatever reg held; no bookkeeping */
int allocator_spill_slot(struct emitter *e, ir_ref owner);           /* a free slot, kept until owner is dead */
struct operand spill_operand(int slot);
bool value_is_live_after(const struct emitter *e, ir_ref value);     /* something later reads it */
unsigned free_integer_count(const struct emitter *e);                /* temporaries that scratch_integer could give now */
static inline ir_ref alias_root(const struct emitter *e, ir_ref value) { return e->values[value].root; }
static inline bool value_dies_here(const struct emitter *e, ir_ref value) { return e->values[alias_root(e, value)].last_use <= e->current; }
static inline bool value_is_in_register(const struct emitter *e, ir_ref value)
{
    uint8_t kind = e->values[alias_root(e, value)].kind;
    return kind == PLACE_INTEGER || kind == PLACE_VECTOR;
}
int use_integer_elsewhere(struct emitter *e, ir_ref value);          /* which is in no register yet */
struct operand use_operand_elsewhere(struct emitter *e, ir_ref value);
static inline int use_integer(struct emitter *e, ir_ref value)
{
    const struct value_state *s = &e->values[alias_root(e, value)];
    if (__builtin_expect(s->kind != PLACE_INTEGER, 0))
        return use_integer_elsewhere(e, value);
    e->integer_locked |= 1u << s->reg;
    return s->reg;
}
static inline struct operand use_operand(struct emitter *e, ir_ref value)
{
    const struct value_state *s = &e->values[alias_root(e, value)];
    if (__builtin_expect(s->kind != PLACE_INTEGER, 0))
        return use_operand_elsewhere(e, value);
    e->integer_locked |= 1u << s->reg;
    return operand_reg(s->reg);
}
static inline bool is_wide(const struct ir_insn *insn) { return insn->type == IR_I64; }
static inline unsigned operand_size(const struct ir_insn *insn) { return insn->type == IR_I64 ? 8 : 4; }

void note_relocation(struct emitter *e, uint32_t offset, unsigned size, guest_addr value);
void emit_constant(struct emitter *e, ir_ref constant, int reg);     /* integer constant into reg, relocation noted; keeps EFLAGS */
void snapshot_entry_add(struct emitter *e, unsigned field, struct snapshot_place place);   /* to the snapshot made last */
void cold_return(struct emitter *e, const struct cold_path *cold);   /* jmp to where cold_resume was called */
void emit_cold_paths(struct emitter *e);

void float_test(struct emitter *e);                                  /* float.c: tests what is in e->untested now; clobbers EFLAGS, which are free then */
static inline void float_test_before(struct emitter *e, uint32_t registers)   /* that are about to change */
{
    if (e->untested.registers & registers)
        float_test(e);
}
/* Forward scan from the first token on, an index of e->order: where tokens are needed, in EFLAGS or not. Values have their first state
 * and the last uses that they have as plain operands. */
void flags_plan(struct emitter *e, uint32_t first);
void flags_keep_operands(struct emitter *e, ir_ref token);           /* a token that is made again later needs its operands until then */
static inline bool flags_needed(const struct emitter *e)             /* EFLAGS hold a token that a later consumer expects there */
{
    return e->host_flags != IR_NONE && e->values[e->host_flags].host_until > e->current;
}
bool flags_pair_follows(const struct emitter *e);                    /* the next instruction's token is what this one's arithmetic sets */
bool flags_is_pair(const struct ir_region *region, ir_ref token);    /* token comes from the arithmetic before it */
struct flags_recipe flags_recipe_here(struct emitter *e);            /* of e->state_flags */
void cold_flags_go_home(struct emitter *e, const struct cold_path *cold);   /* for exits: clobbers rax rcx rdx and EFLAGS, no allocator calls */
void x86_64_emit_float_compare(struct emitter *e, const struct ir_insn *flags_insn, bool swapped);       /* float.c: ucomis/comis of its operands */

bool x86_64_emit_region(struct ir_region *region, uint8_t *space, size_t size, struct host_code *out);
bool x86_64_preserves_flags(const struct ir_region *region, const struct ir_insn *insn);
bool x86_64_features_probe(void);                                    /* fills x86_64_features; false: older than x86-64-v2 */
uint32_t x86_64_compare_bits(const struct vcpu *cpu, enum ir_type type, uint64_t a, uint64_t b); /* NZCV of a float comparison, for fault recovery (float_cold.c) */

/* One per IR operation: x86_64_emit_add(e, insn, ref of insn). */
#define IR_OP(name, group, operands, result, effects) \
    void x86_64_emit_##name(struct emitter *e, const struct ir_insn *insn, ir_ref self);
#include "translate/ir/ops.def"
#undef IR_OP

#endif
