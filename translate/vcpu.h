/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One virtual CPU: what translated code, helpers, the run loop and fault recovery share. A guest ISA's state struct
 * begins with this one (guest/<isa>/cpu.h); its fields are named by offset in the ISA's field table.
 */
#ifndef FERRY_TRANSLATE_VCPU_H
#define FERRY_TRANSLATE_VCPU_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t guest_addr;
struct engine;
struct guest_isa;
struct vcpu;

union vector128 {
    uint8_t u8[16];
    uint16_t u16[8];
    uint32_t u32[4];
    uint64_t u64[2];
    int8_t s8[16];
    int16_t s16[8];
    int32_t s32[4];
    int64_t s64[2];
} __attribute__((aligned(16)));

/* Why translated code came back to the run loop. `trap` IR operations name one of the first group. */
enum vcpu_exit {
    VCPU_EXIT_NONE,
    VCPU_EXIT_SYSCALL,        /* pc = the instruction AFTER the call; trap_payload = its immediate */
    VCPU_EXIT_UNDEFINED,      /* pc = the instruction; trap_payload = its bits */
    VCPU_EXIT_BREAKPOINT,
    VCPU_EXIT_FETCH_FAULT,    /* pc is not executable; fault_address = the byte that is not */
    VCPU_EXIT_ALIGNMENT,      /* pc or an access breaks an alignment rule */
    VCPU_EXIT_BARRIER,        /* instruction barrier or code flush: nothing to do but look up afresh (engine handles it) */
    VCPU_EXIT_FAULT,          /* a memory access faulted: fault_address, fault_is_write, fault_signal, fault_code */
    VCPU_EXIT_PENDING,        /* someone called engine_interrupt */
    VCPU_EXIT_COUNT
};

/* Bits of fp_rare, which the ISA's control register writes keep up to date. */
enum vcpu_fp_rare { VCPU_FP_DEFAULT_NAN = 1, VCPU_FP_FLUSH_HALF = 2, VCPU_FP_ALTERNATIVE_HALF = 4 };

#define VCPU_LOOKUP_ENTRIES 4096          /* indexed by bits 2..13 of the pc */
struct vcpu_lookup_entry { guest_addr pc; const void *code; };
static inline unsigned vcpu_lookup_index(guest_addr pc) { return (unsigned)(pc >> 2) % VCPU_LOOKUP_ENTRIES; }
/* The pc of an empty entry: one that is looked up elsewhere, so that it never matches. Zeroed memory is empty but for entry 0. */
static inline guest_addr vcpu_lookup_empty(unsigned index) { return index ? 0 : ~(guest_addr)0; }
/* How often backward jumps were taken, by bits 2..11 of the target's pc: signed numbers that overflow when it is hot. */
#define VCPU_HOT_COUNTS 1024
static inline unsigned vcpu_hot_index(guest_addr pc) { return (unsigned)(pc >> 2) % VCPU_HOT_COUNTS; }
#define VCPU_SPILL_SLOTS 64
#define VCPU_HELPER_VECTORS 4

/* Signature of every helper: a, b, c as given in the IR (vector and float operands arrive in helper_vector[k] instead, k the
 * operand's position); an integer result is returned, a vector or float one is left in helper_result. */
typedef uint64_t vcpu_helper(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra);

#define VCPU_BEFORE_HOT 16

struct vcpu {
    uint32_t hot_counts[VCPU_HOT_COUNTS];
    guest_addr pc;                        /* current only outside translated code */
    uint64_t exclusive_address;           /* monitor of load_exclusive; ~0: clear */
    uint64_t exclusive_value;
    struct vcpu_lookup_entry *lookup;     /* the table indirect jumps probe; engine_interrupt points it at an empty one */
    vcpu_helper *const *helpers;          /* the ISA's table, by helper number */
    const void *entry_points[16];         /* the host's stubs, by number: one indirect jump from generated code */
    uint32_t host_fp_control;             /* host's control/status register (x86: MXCSR) while the guest runs */
    uint32_t c_fp_control;                /* the host's own word, for C code outside helpers */
    uint32_t fp_sticky;                   /* exception bits raised by softfloat helpers, in host_fp_control's layout */
    uint64_t host_stack;                  /* C stack pointer to return to */
    uint64_t prediction_stack;            /* stack pointer of translated code while outside it */
    uint64_t prediction_base;             /* its empty value */
    uint32_t exit_reason;                 /* enum vcpu_exit */
    uint32_t exit_index;                  /* host's own: which exit record is being linked */
    uint64_t trap_payload;
    uint64_t scratch[4];                  /* for stubs */
    union vector128 helper_vector[VCPU_HELPER_VECTORS], helper_result;
    union vector128 spill[VCPU_SPILL_SLOTS];

    /* Cold. */
    struct engine *engine;
    const struct guest_isa *engine_isa;   /* the engine's ISA */
    struct vcpu *next;                    /* the engine's list */
    guest_addr fault_address;
    int fault_signal, fault_code;         /* SIGSEGV/SIGBUS/SIGFPE and its si_code */
    uint8_t fault_is_write, fault_is_noncanonical;
    uint8_t in_code;                      /* between entering and leaving translated code */
    uint8_t idle;                         /* freed, and kept for the next thread */
    uint8_t in_helper;                    /* inside a C function that translated code called (its stub keeps this) */
    struct vcpu_lookup_entry *lookup_table; /* the real table; `lookup` is this or the engine's empty one */
    uint32_t fp_rare;                     /* enum vcpu_fp_rare: float rules the host's control register cannot hold */
    guest_addr deferred_start, deferred_end; /* code flushed while another thread was stopping the world */
    uint8_t fp_in_host;                   /* the host's FP unit holds the guest's control and sticky bits just now */
    uint64_t exclusive_value_high;        /* for 16-byte monitors */
    uint64_t slow_paths;                  /* how often the host's exact arithmetic was called */
    void *interpreter;                    /* host/interpreter's own */
    void *user;                           /* the run loop's own (the guest thread) */

    /* The last eight bytes, next to the guest's own fields: hosts reach both with one-byte displacements. */
    __attribute__((aligned(8))) uint8_t before_hot[VCPU_BEFORE_HOT];
    uint32_t pending;                     /* nonzero: leave at the next poll */
    uint32_t flags;                       /* canonical NZCV: bit 15 N, 14 Z, 8 C, 0 V; other bits mean nothing (x86 lahf:seto order) */
};
_Static_assert(offsetof(struct vcpu, flags) + sizeof(uint32_t) == sizeof(struct vcpu), "adjust VCPU_BEFORE_HOT: pending and flags come last");

/* The guest's sticky exception bits and control word in the host's layout, wherever they are now: callable from helpers and from
 * outside translated code alike (host/x86_64/fp_state.c; the interpreter keeps them in fp_sticky and host_fp_control). */
uint32_t vcpu_fp_sticky(const struct vcpu *cpu);
void vcpu_set_fp_sticky(struct vcpu *cpu, uint32_t sticky);
void vcpu_set_fp_control(struct vcpu *cpu, uint32_t control);   /* rounding and flush bits only */

#endif
