/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a host gives the engine: it turns a region's IR into code, runs it, patches it, and explains faults in it.
 * host/x86_64 emits machine code; host/interpreter keeps the IR and executes it.
 */
#ifndef FERRY_TRANSLATE_HOST_H
#define FERRY_TRANSLATE_HOST_H

#include "translate/guest/guest.h"

/* Where a value is at a snapshot. */
enum snapshot_where {
    SNAPSHOT_NOWHERE,
    SNAPSHOT_INTEGER_REGISTER,            /* index = host register number */
    SNAPSHOT_VECTOR_REGISTER,
    SNAPSHOT_SPILL,                       /* index = vcpu spill slot */
    SNAPSHOT_CONSTANT,                    /* index = into host_code.constants */
    SNAPSHOT_FIELD,                       /* index = guest field, in its canonical home */
};
struct snapshot_place { uint8_t where; uint8_t index; };

/* How to get the flags field at a snapshot. */
enum snapshot_flags {
    SNAPSHOT_FLAGS_HOME,                  /* in vcpu.flags (or dead) */
    SNAPSHOT_FLAGS_HOST,                  /* in the host's flags register, set by flags_op */
    SNAPSHOT_FLAGS_OPERANDS,              /* compute flags_op of type from a and b (and carry of the home flags) */
};

/* The state of the guest at one host instruction that may fault or exit, as seen BEFORE the guest instruction. Every field
 * that `entries` does not name is in its canonical home. Sorted by host_offset. */
struct snapshot {
    uint32_t host_offset;                 /* of the faulting instruction's first byte (or a call's return address), from host_code.code */
    uint32_t guest_offset;                /* guest pc - region pc */
    uint8_t flags, flags_op, flags_type, entry_count;
    struct snapshot_place flags_a, flags_b;
    uint32_t first_entry;
};
struct snapshot_entry { uint16_t field; struct snapshot_place place; };

/* A way out of the code to a fixed guest pc. Linking makes `site` jump straight there; unlinking restores the stub. */
struct host_exit {
    uint32_t site;                        /* offset of the 4-byte aligned rel32 to patch */
    uint32_t stub;                        /* offset the rel32 goes to while unlinked */
    uint32_t word;                        /* offset of 8 bytes behind the stub's call that are the engine's: engine_link_exit gets their address */
    uint8_t is_call_landing;              /* continues after a call returned */
    guest_addr target;
};
/* Places that hold a guest address: what the persistent cache relocates. */
struct host_relocation { uint32_t offset; uint8_t size; guest_addr value; };

/* What compile returns; the arrays are in the region's arena, code at its final place. */
struct host_code {
    uint8_t *code;
    uint32_t size;                        /* hot part and stubs */
    uint32_t entry;                       /* offset of the entry */
    struct host_exit *exits;
    uint32_t exit_count;
    struct snapshot *snapshots;
    uint32_t snapshot_count;
    struct snapshot_entry *entries;
    uint32_t entry_count;
    uint64_t *constants;
    uint32_t constant_count;
    struct host_relocation *relocations;
    uint32_t relocation_count;
    struct snapshot_entry *layout;        /* hot code: the fields that are in registers, the same at every snapshot; none: canonical */
    uint32_t layout_count;
};

/* One superblock of a hot region. They jump to each other by guest pc; the first one is the entry. */
struct host_piece {
    struct ir_region *region;
    uint32_t weight;                      /* how often it runs for each time the entry does, roughly */
};

/* Machine state at a fault in translated code, as the signal handler got it (ucontext_t), opaque to the engine. */
struct host_fault { void *ucontext; void *siginfo; };

struct host {
    const char *name;                     /* "x86_64", "interpreter" */
    bool (*init)(const struct guest_isa *isa);                     /* probes CPU features, builds the stubs' table; false: unusable here */
    void (*vcpu_init)(struct vcpu *cpu);                           /* entry points, host_fp_control's host half; may be NULL */
    void (*vcpu_free)(struct vcpu *cpu);                           /* may be NULL */
    /* Emits region at `space` (executable address, `size` bytes free). false: did not fit. */
    bool (*compile)(struct ir_region *region, uint8_t *space, size_t size, struct host_code *out);
    /* Emits a hot region; what it needs beside goes to the arena. false: did not fit, or is not worth it. NULL: this host has one tier. */
    bool (*compile_pieces)(const struct host_piece *pieces, unsigned count, struct arena *arena, uint8_t *space, size_t size, struct host_code *out);
    /* Whether emitting `insn` leaves the host's flags register alone (for the flags pass). */
    bool (*preserves_flags)(const struct ir_region *region, const struct ir_insn *insn);
    void (*link)(uint8_t *site, const uint8_t *to);                /* atomic for running threads */
    /* Runs from `code` (an entry) until an exit; exit_reason and pc are set in the vcpu. Fault exits included. */
    void (*run)(struct vcpu *cpu, const void *code);
    /* From the signal handler, pc known to be in `code`'s snapshot s (or in a helper called there): bring every guest field home,
     * and make the handler's return continue as if run() returned. */
    void (*recover)(struct vcpu *cpu, const struct host_code *code, const struct snapshot *s, struct host_fault *fault);
    const void *(*fault_pc)(struct vcpu *cpu, const struct host_fault *fault);  /* pc, or the call site when inside a helper; NULL if neither */
    bool (*fault_is_write)(const struct host_fault *fault);
    bool code_can_be_kept;                /* code is bytes that depend on the region, max_insns, mode and features() only */
    uint64_t (*features)(void);           /* of the CPU, that code was chosen by; NULL: none */
    bool recover_without_code;            /* faults happen in the host's own C: recover gets no code and sets pc itself */
    bool (*repair_stack)(struct vcpu *cpu, struct host_fault *fault); /* overflow of the prediction stack: emptied, instruction goes on; may be NULL */
    void (*disassemble)(const uint8_t *code, size_t size, char *text, size_t text_size);
};
extern const struct host host_x86_64, host_interpreter;

/* Called by the hosts' stubs (engine/run.c). */
const void *engine_lookup(struct vcpu *cpu, guest_addr pc);                /* code for pc (translating if needed), or NULL: leave, exit_reason and pc are set */
const void *engine_hot(struct vcpu *cpu, guest_addr pc);                   /* the same, when pc's count has overflowed (engine/hot.c) */
const void *engine_unfit(struct vcpu *cpu, guest_addr pc);                 /* the same, when the hot code at pc cannot be used: it is dropped for good */
const void *engine_link_exit(struct vcpu *cpu, const uint8_t *word); /* the same for an unlinked exit; patches its site. word: see host_exit */

#endif
