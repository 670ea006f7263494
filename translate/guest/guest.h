/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a guest instruction set gives the translator: numbers, tables and five functions. guests.def lists all of them.
 */
#ifndef FERRY_TRANSLATE_GUEST_H
#define FERRY_TRANSLATE_GUEST_H

#include "translate/ir/ir.h"
#include "translate/vcpu.h"

#include <string.h>

#define GUEST_NO_FIELD 0xffff

/* One field of the CPU state. The first one of each table is the flags field (type IR_FLAGS, vcpu.flags). */
struct guest_field {
    const char *name;                     /* as the assembler writes it: "x0", "sp", "v31", "fpcr" */
    uint32_t offset;                      /* from the start of struct vcpu */
    uint8_t type;                         /* enum ir_type */
};
#define GUEST_FIELD_FLAGS 0

enum helper_effect {
    HELPER_READS_STATE = 1,               /* looks at guest fields: they are all in memory while it runs */
    HELPER_WRITES_STATE = 2,              /* changes guest fields: they are reloaded after it */
    HELPER_MAY_FAULT = 4,                 /* touches guest memory */
    HELPER_PURE = 8,                      /* result depends on the operands only, and nothing else changes */
    HELPER_FP_STATUS = 16,                /* reads rounding mode, raises fp_sticky */
};
struct guest_helper { const char *name; vcpu_helper *function; unsigned effects; };

/* Process-wide modes. Setting one drops every translation (engine_set_mode); nobody pays for them before their first use. */
enum guest_mode {
    GUEST_MODE_MASK_ADDRESSES = 1,        /* tagged pointers seen: clear the tag in every address */
    GUEST_MODE_RARE_FLOAT = 2,            /* alternative half precision and the like seen: convert by helper */
};

#define GUEST_WINDOW_BYTES 128            /* how much code one fetch reads; no page is smaller */
#define GUEST_WINDOWS 8

/* Code as it was read: pieces by address, for one translation only, since nobody tells when the code changes. */
struct guest_windows {
    guest_addr pc[GUEST_WINDOWS];         /* all ones: nothing there */
    uint8_t bytes[GUEST_WINDOWS][GUEST_WINDOW_BYTES];
};

/* What flags_dead_at said, by pc: the same targets are asked about again and again. Whoever owns it bumps `generation` when guest code
 * may have changed. */
#define GUEST_FLAGS_MEMO 512
struct guest_flags_memo {
    uint32_t generation;                  /* from 1 */
    struct { guest_addr pc; uint32_t generation; bool dead; } at[GUEST_FLAGS_MEMO];
};

/* The state of one translation, front end only. */
struct translator {
    struct ir_region *region;
    const struct guest_isa *isa;
    guest_addr pc;                        /* of the instruction being lowered */
    guest_addr next_pc;                   /* the one after it (set before the lowering function runs) */
    uint32_t mode;                        /* enum guest_mode bits: process-wide choices the code is specialised for */
    bool ended;                           /* lowering appended an operation that ends the block */
    bool one_insn;                        /* --one-insn-per-block */
    bool ends_at_backward;                /* the superblock ends behind a backward exit, too: what follows is no part of that loop */
    uint32_t max_insns;
    bool (*fetch)(void *user, guest_addr pc, void *bytes, size_t size);  /* false: not executable there */
    void *user;
    /* Whether a block starts at pc already: a superblock that runs into one ends there. May be NULL. */
    bool (*is_translated)(const void *engine, guest_addr pc);
    const void *engine;
    /* Bits by pc >> 2, modulo start_slots (a power of two): clear where surely none starts, so that nobody need ask. May be NULL. */
    const uint64_t *starts;
    size_t start_slots;
    struct guest_flags_memo *flags_memo;  /* may be NULL */
    struct guest_windows *windows;        /* guest_fetch's own; NULL: none yet */
};

/* Guest code bytes for translate_insn and for looking ahead; false: not executable. */
bool guest_fetch_slow(const struct translator *t, guest_addr pc, void *bytes, size_t size);
static inline bool guest_fetch(const struct translator *t, guest_addr pc, void *bytes, size_t size)
{
    size_t at = pc % GUEST_WINDOW_BYTES, slot = pc / GUEST_WINDOW_BYTES % GUEST_WINDOWS;
    if (!t->windows || t->windows->pc[slot] != pc - at || at + size > GUEST_WINDOW_BYTES)
        return guest_fetch_slow(t, pc, bytes, size);
    memcpy(bytes, t->windows->bytes[slot] + at, size);
    return true;
}

struct guest_isa {
    /* numbers */
    const char *name;                     /* "aarch64" */
    uint16_t elf_machine;
    uint8_t elf_class, elf_data;          /* ELFCLASS64…, ELFDATA2LSB… */
    uint8_t word_bytes, insn_align;       /* insn_align log2 */
    size_t cpu_size;
    const struct guest_field *fields;
    unsigned field_count;
    uint16_t field_sp, field_tls;         /* numbers of fields the run loop needs by role */
    const uint16_t *integer_pins;         /* fields worth a host register, best first, GUEST_NO_FIELD last */
    const uint16_t *vector_pins;
    const struct guest_helper *helpers;
    unsigned helper_count;
    /* functions */
    void (*cpu_init)(struct vcpu *cpu);                                    /* reset values, host_fp_control included */
    bool (*translate_insn)(struct translator *t);                          /* lower the instruction at t->pc; false: fetch failed */
    bool (*flags_dead_at)(const struct translator *t, guest_addr pc);      /* the code at pc overwrites the flags before it could read them */
    int (*disassemble)(guest_addr pc, const void *bytes, size_t size, char *text, size_t text_size); /* length in bytes */
};

/* isa->flags_dead_at, remembered. */
static inline bool guest_flags_dead_at(const struct translator *t, guest_addr pc)
{
    struct guest_flags_memo *memo = t->flags_memo;
    size_t slot = (pc >> t->isa->insn_align ^ pc >> 11) % GUEST_FLAGS_MEMO;
    if (!t->isa->flags_dead_at || !memo)
        return t->isa->flags_dead_at && t->isa->flags_dead_at(t, pc);
    if (memo->at[slot].pc != pc || memo->at[slot].generation != memo->generation) {
        memo->at[slot].dead = t->isa->flags_dead_at(t, pc);
        memo->at[slot].pc = pc;
        memo->at[slot].generation = memo->generation;
    }
    return memo->at[slot].dead;
}

const struct guest_isa *const *guest_isa_list(void);                       /* NULL-terminated, from guests.def */

/* translate/guest/translate.c: builds the IR of the superblock at pc. Ends after an instruction that ends it, max_insns,
 * the end of the executable mapping (with a jump, or a FETCH_FAULT trap if nothing could be fetched). */
struct ir_region *guest_translate(struct translator *t, struct arena *arena, guest_addr pc);

#endif
