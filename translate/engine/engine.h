/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The engine's own structures. Only engine/ includes this.
 *
 * Locking. engine->lock is held for everything that changes: translating, linking, invalidating, evicting, the vcpu list.
 * Lookups in the hash take no lock: chains are only prepended to, and blocks are unlinked from them with their own `hash_next`
 * intact. Memory of a block (code and metadata) goes back only when its segment is evicted, with every other thread out of
 * translated code (vcpu.in_code == 0); see code_space.c.
 */
#ifndef FERRY_ENGINE_H
#define FERRY_ENGINE_H

#include "common/arena.h"
#include "translate/host/host.h"
#include "translate/translate.h"
#include <pthread.h>

#define ENGINE_FIRST_TABLE_BITS 9
#define ENGINE_START_BITS ((size_t)1 << 20)
#define ENGINE_PAGE_BUCKETS 4096
#define ENGINE_GUEST_PAGE 4096
#define ENGINE_SEGMENTS 8
#define ENGINE_IMAGES 512                 /* attached at a time */
#define PREDICTION_STACK_BYTES (256 * 1024)
#define PREDICTION_GUARD_BYTES 4096

struct code_block;
struct code_image;

/* An exit as linked now. */
struct block_exit {
    struct host_exit host;
    struct code_block *from, *to;         /* to: NULL while unlinked */
    bool was_taken;                       /* linked once, so it was */
    struct block_exit *next_incoming;     /* of `to` */
};

struct code_page;
struct page_link { struct code_block *block; struct page_link *next; struct code_page *page; };
struct guest_range { guest_addr start, end; };

struct code_block {
    guest_addr pc, guest_end;
    uint32_t guest_insns;
    bool dead;                            /* invalidated; its bytes are kept, since JITs rewrite what was there */
    const void *entry;
    struct code_block *hash_next;
    struct block_exit *incoming, *exits;
    struct page_link page_links[2];       /* a superblock touches at most two pages */
    uint8_t hot_tries;                    /* how often no hot region came of it */
    bool is_replaced;                     /* dead since a hot region took its place: still what its guest code is translated to */
    bool is_hot;                          /* a region of several pieces: `ranges` instead of pc to guest_end, and links of its own */
    struct guest_range *ranges;           /* what the pieces were made of */
    struct page_link *range_links;        /* for the pages of the ranges, range by range */
    uint32_t range_count, range_link_count;
    struct host_code host;                /* arrays copied to the segment's metadata */
    const uint8_t *guest_bytes;
    const guest_addr *flags_dead_at;      /* exits' targets of which it was assumed */
    uint32_t flags_dead_count;
    struct code_image *image;             /* whose code it is, and its next block; or NULL */
    struct code_block *image_next;
};

/* One guest page that holds translated code. Never freed: there are few. */
struct code_page { guest_addr page; struct page_link *first; struct code_page *next; };

/* Blocks by guest pc: 1 << bits chains. Starts small, since each page of it that a short program touches costs a fault. */
struct block_table { unsigned bits; size_t count; struct code_block *chains[]; };

/* A slice of the code space, evicted as a whole, oldest first. */
struct code_segment {
    uint8_t *start, *at, *end;
    uint8_t *populated;                   /* up to here pages are there */
    struct arena *metadata;
    struct code_block **blocks;           /* ascending addresses */
    uint32_t block_count, block_capacity;
    uint32_t inherited;                   /* of the blocks, those that the parent made before the fork */
};

/* What an empty slot of a lookup table holds: a pc that belongs to another slot, so that no jump, not even one to ~0, finds it there. */
static inline guest_addr lookup_nothing(size_t slot)
{
    return slot ? 0 : ~(guest_addr)0;
}

struct engine {
    const struct guest_isa *isa;
    const struct host *host;
    struct engine_options options;
    pthread_mutex_t lock;
    struct vcpu *vcpus;                   /* idle ones too: what makes code void must reach their tables */
    unsigned idle_vcpus;
    struct block_table *table;            /* blocks by pc */
    uint64_t *starts;                     /* a bit for each instruction slot, modulo ENGINE_START_BITS: clear where no block starts */
    struct guest_flags_memo *flags_memo;
    struct code_page **pages;
    struct arena *page_arena, *region_arena;
    int protection_key;                   /* of the code space; -1: the CPU has none */
    uint8_t *code_space;
    size_t code_space_size;
    struct code_segment segments[ENGINE_SEGMENTS];
    unsigned current_segment;
    uint64_t hot_time;                    /* of the processor, for hot regions, nanoseconds */
    uint32_t count_step;                  /* of backward jumps (hot.c); 0: nothing is ever hot */
    uint8_t *image_space;                 /* beside the code space; NULL: no room */
    size_t image_space_size;
    struct code_image *images;            /* ENGINE_IMAGES, as many used */
    uint32_t image_count;
    volatile bool images_doomed;          /* some are to be dropped, outside translated code */
    volatile uint32_t mode, wanted_mode;  /* enum guest_mode; they differ until engine_apply_mode */
    volatile uint32_t stopping;           /* someone wants every thread out of translated code */
    volatile uint64_t evictions;          /* bumped by each: code addresses from before are void */
    struct vcpu_lookup_entry *empty_table;
    vcpu_helper **helpers;                /* the ISA's functions by number, for vcpu.helpers */
    struct engine_statistics statistics;
};

/* blocks.c */
struct block_table *block_table_new(struct arena *arena, unsigned bits);
struct code_block *block_find(const struct engine *engine, guest_addr pc);
struct code_block *block_next_dead(const struct engine *engine, guest_addr pc, const struct code_block *after);  /* NULL: the first one */
struct code_block *block_find_of_image(const struct engine *engine, guest_addr pc, const struct code_image *image);
void block_publish(struct engine *engine, struct code_block *block);
void block_kill(struct engine *engine, struct code_block *block);
void blocks_invalidate(struct engine *engine, guest_addr start, guest_addr end);
struct code_block *block_at_host_address(const struct engine *engine, const void *address);   /* NULL also for what an image holds */
void block_forget_lookups(struct engine *engine, guest_addr pc);
/* Unhooks a block from every index for good: its memory is about to go. */
void block_discard(struct engine *engine, struct code_block *block);

/* link.c */
void block_link(struct engine *engine, struct block_exit *exit, struct code_block *to);
void block_unlink_incoming(struct engine *engine, struct code_block *block);
void block_unlink_outgoing(struct engine *engine, struct code_block *block);

struct code_block *engine_find_block(struct engine *engine, guest_addr pc);   /* run.c: an image's too, made if need be; NULL: none */

/* image.c */
const void *images_find(const struct engine *engine, guest_addr pc, struct code_image **found);     /* the entry; no lock, in translated code or stopped */
struct code_block *images_block(struct engine *engine, guest_addr pc);                             /* made if need be; NULL: no image has it */
bool images_code_at(const struct engine *engine, const void *host, struct host_code *code, guest_addr *pc);
guest_addr images_exit_target(const struct engine *engine, const uint8_t *word, uint64_t value);   /* of an unlinked exit: its word's address and value */
struct block_exit *images_exit(struct engine *engine, const uint8_t *word, uint64_t value);
bool image_open(struct engine *engine, struct code_image *image);          /* its code may be written between code_space_open and _close */
/* Jumps inside an image to its code for pc go to `to` instead; NULL: to where they went at first. The code space is open. */
void images_redirect(struct engine *engine, guest_addr pc, const void *to);
bool images_doom(struct engine *engine, guest_addr start, guest_addr end);  /* those with code there; whether any image has to go now */
void images_drop_doomed(struct engine *engine);                             /* the world stopped */

/* translate_block.c: the pipeline; engine->lock held. NULL: the code space is full. */
struct code_block *block_translate(struct engine *engine, guest_addr pc);
/* The IR of the superblock at pc after all passes; it ends where is_head says that another one starts, and behind backward exits. */
struct ir_region *block_build(struct engine *engine, guest_addr pc, unsigned max_insns, bool (*is_head)(const void *user, guest_addr pc), const void *user);
/* Code of several superblocks, as the block of the first one's pc. */
struct code_block *block_publish_hot(struct engine *engine, const struct host_piece *pieces, unsigned count, const struct host_code *made);

/* What counts start with: so that the first passing overflows where that is wanted. */
static inline uint32_t engine_first_count(const struct engine *engine) { return engine->options.hot_after == 1 ? 1 : 0; }

/* run.c: the lock, for a thread in translated code. false: what it knew of code addresses is void, the lock is not held. */
bool engine_lock_for_code(struct engine *engine, struct vcpu *cpu);

/* code_space.c */
void engine_evict(struct engine *engine, struct vcpu *self);
void engine_evict_all(struct engine *engine, struct vcpu *self);
void engine_drop_doomed(struct engine *engine, struct vcpu *self);   /* lock held; self, or NULL, is outside translated code */
/* engine.c */
void engine_apply_mode(struct engine *engine, struct vcpu *self);   /* outside translated code, lock not held */
/* code_space.c */
bool code_space_new(struct engine *engine);
void code_segment_populate(struct code_segment *segment);  /* more is about to be written at segment->at */
void code_space_free(struct engine *engine);
void code_space_open(struct engine *engine);               /* the code may be written from here on, by this thread */
void code_space_close(struct engine *engine);

/* trace.c */
void engine_trace(const struct engine *engine, unsigned channel, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool engine_tracing(const struct engine *engine, unsigned channel);
void engine_trace_run(const struct engine *engine, const struct vcpu *cpu, guest_addr pc);
void engine_trace_guest(const struct engine *engine, const struct ir_region *region);
void engine_trace_ir(const struct engine *engine, const struct ir_region *region, const char *stage);
void engine_trace_host(const struct engine *engine, const struct code_block *block);

#endif
