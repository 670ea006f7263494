/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An image: the translations of one range of guest code as they are kept on disk, used in place once mapped. Everything in it is
 * relative to its start, but for guest addresses, which the one who keeps images has to bring back to where they were.
 *
 *     image_header | slots | blocks | exits | snapshots | entries | constants | dead | (page) code
 *
 * Slots are an open-addressed hash from guest offset to entry. Blocks lie in the order of their code; arrays of a block end where
 * those of the next one begin, so there is one block more than are counted. Jumps between blocks of the image are linked. The
 * word of an exit is its number in `exits`, shifted left, plus one: the address of a struct block_exit is even.
 *
 * The bytes are trusted: they were made by the same build of ferry, and whoever attaches them has checked their digest.
 */
#ifndef FERRY_ENGINE_IMAGE_H
#define FERRY_ENGINE_IMAGE_H

#include "translate/engine/engine.h"

#define IMAGE_MAGIC 0x316567616d697966ull     /* "fyimage1" */
#define IMAGE_NO_GUEST (~0u)
#define IMAGE_PAGE 4096

enum image_table { IMAGE_SLOTS, IMAGE_BLOCKS, IMAGE_EXITS, IMAGE_SNAPSHOTS, IMAGE_ENTRIES, IMAGE_CONSTANTS, IMAGE_DEAD, IMAGE_CODE, IMAGE_TABLES };

struct image_header {
    uint64_t magic, size;
    guest_addr low, high;                 /* of all blocks; offsets of the guest are from `low` */
    uint64_t guest_insns;
    uint32_t block_count, slot_bits;
    uint32_t offset[IMAGE_TABLES], count[IMAGE_TABLES];   /* bytes from the start, elements (of code: bytes) */
};

struct image_slot { uint32_t guest, entry; };             /* entry: from the start of the code; guest: IMAGE_NO_GUEST when empty */

struct image_block {
    uint32_t guest, guest_size, guest_insns;
    uint32_t code, code_size, entry;      /* from the start of the code; of the block's */
    uint32_t first[IMAGE_CODE];           /* in the tables from IMAGE_EXITS on */
};

/* One that is mapped. */
struct code_image {
    const struct image_header *header;    /* NULL: unused */
    uint8_t *code;
    size_t mapped;                        /* bytes, whole pages */
    bool writable, doomed;                /* doomed: its guest code changed, it goes when nobody is in it */
    struct arena *arena;                  /* of its code_blocks; NULL until there is one */
    struct image_jump *jumps;             /* those inside, by target; NULL: not sorted yet */
    uint32_t jump_count, searches;
    struct code_block *blocks;            /* those made so far, by image_next */
};

static inline const void *image_table(const struct image_header *header, enum image_table table)
{
    return (const uint8_t *)header + header->offset[table];
}

static inline uint32_t image_hash(uint32_t guest, uint32_t bits)
{
    return (guest >> 2) * 0x9e3779b1u >> (32 - bits);
}

static inline const struct image_slot *image_find(const struct image_header *header, guest_addr pc)
{
    const struct image_slot *slots = image_table(header, IMAGE_SLOTS);
    uint32_t guest = (uint32_t)(pc - header->low), mask = (1u << header->slot_bits) - 1;
    if (pc < header->low || pc >= header->high)
        return NULL;
    for (uint32_t at = image_hash(guest, header->slot_bits); slots[at].guest != IMAGE_NO_GUEST; at = (at + 1) & mask)
        if (slots[at].guest == guest)
            return &slots[at];
    return NULL;
}

const struct image_block *image_block_at(const struct image_header *header, uint32_t code_offset);
struct host_code image_host_code(const struct image_header *header, const struct image_block *block);   /* exits: none */
bool image_is_sane(const struct image_header *header, size_t size);

#endif
