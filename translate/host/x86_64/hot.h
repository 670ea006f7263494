/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Emission of a hot region: superblocks ("pieces") that jump to each other, compiled together. A piece is emitted by the same code as a
 * region of the fast tier; what differs is where the guest's fields are kept. The fields that the region uses most have the
 * registers of pinned fields that it uses less, so inside it no piece loads or stores what its loop works on. The region's own layout holds at every
 * head of a piece; the canonical one holds outside, and the two differ by a list of swaps, which every way in and out carries out.
 */
#ifndef FERRY_HOST_X86_64_HOT_H
#define FERRY_HOST_X86_64_HOT_H

#include "translate/host/x86_64/emit.h"

/* A register that is something else inside: canonically it holds `outside`; in the region, `inside`, or it is one more temporary. */
struct hot_swap {
    uint16_t outside, inside;             /* fields; inside: GUEST_NO_FIELD for a temporary */
    int8_t reg;
    bool is_vector;
    bool is_changed;                      /* some piece puts `inside` */
};

struct hot_fixup { uint32_t at; unsigned piece; };    /* a rel32 that goes to the piece's head */

struct hot_piece {
    struct emitter emitter;
    const struct host_piece *source;
    uint32_t head;                        /* offset */
    bool polls;                           /* something jumps backward to it: its head tests vcpu.pending */
};

struct hot_region {
    struct hot_piece *pieces;
    unsigned count, current;              /* current: the one being emitted; count while the cold paths are */
    struct field_place *fields;           /* by field, with one before the first */
    uint16_t pin_field_integer[16], pin_field_vector[32];
    uint32_t integer_temporaries, vector_temporaries, integer_pinned, vector_pinned;
    struct hot_swap swaps[INTEGER_PIN_COUNT + VECTOR_PIN_COUNT];
    unsigned swap_count;
    struct hot_fixup *fixups;
    unsigned fixup_count, fixup_capacity;
    struct arena *arena;
};

/* hot_layout.c: chooses what is kept where. */
bool hot_layout_choose(struct hot_region *hot, const struct guest_isa *isa);   /* false: nothing to win, fast code does as well */

/* hot.c. All of them do nothing, or answer no, in the fast tier. */
void hot_leave_slowly(struct emitter *e);
static inline void hot_leave(struct emitter *e)       /* from the region's layout to the canonical one; keeps EFLAGS and temporaries */
{
    if (e->hot)
        hot_leave_slowly(e);
}
void hot_enter(struct emitter *e, guest_addr pc, enum x86_64_stub unfit);   /* the other way; what the region takes for granted is tested: else to the stub, for pc */
bool hot_has(const struct emitter *e, guest_addr pc);
bool hot_jump(struct emitter *e, guest_addr pc);      /* jumps to the piece at pc if there is one, from its own layout */
bool hot_jump_if(struct emitter *e, int host_cond, guest_addr pc);
void hot_save_pins(struct emitter *e);                /* around calls of C: every field to its slot, and back */
void hot_load_pins(struct emitter *e);
bool x86_64_emit_pieces(const struct host_piece *pieces, unsigned count, struct arena *arena, uint8_t *space, size_t size, struct host_code *out);

#endif
