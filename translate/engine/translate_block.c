/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pipeline: guest bytes -> IR -> passes -> host code -> published block. engine->lock is held throughout.
 */
#include "translate/engine/engine.h"
#include "translate/passes/passes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_ALIGN 16

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool has_bytes(const struct code_block *block, const uint8_t *bytes, size_t size)
{
    size_t length = block->guest_end - block->pc;
    return !block->image && length <= size && memcmp(bytes, block->guest_bytes, length) == 0;
}

/* The code around a block was looked at too: does it still overwrite the flags unread? */
static bool flags_still_dead(const struct engine *engine, const struct code_block *block)
{
    struct translator translator = {.isa = engine->isa, .mode = engine->mode, .fetch = engine->options.fetch, .user = engine->options.user};
    for (uint32_t i = 0; i < block->flags_dead_count; i++)
        if (!engine->isa->flags_dead_at(&translator, block->flags_dead_at[i]))
            return false;
    return true;
}

/* A dead block whose guest bytes are there again: JITs often write what they wrote before, and programs toggle a few versions of
 * an instruction. More than that many dead blocks of one pc would only lengthen its chain. */
static struct code_block *revive(struct engine *engine, guest_addr pc)
{
    enum { KEPT = 3, BYTES = 1024 };
    struct code_block *block = block_next_dead(engine, pc, NULL);
    if (!block)
        return NULL;
    uint8_t bytes[BYTES];
    size_t size = BYTES;
    while (size && !engine->options.fetch(engine->options.user, pc, bytes, size))
        size /= 2;
    unsigned seen = 0;
    for (struct code_block *next; block; block = next) {
        next = block_next_dead(engine, pc, block);
        if (!block->is_hot && has_bytes(block, bytes, size) && flags_still_dead(engine, block)) {
            block_publish(engine, block);
            engine->statistics.reused_blocks++;
            return block;
        }
        if (++seen > KEPT)
            block_discard(engine, block);
    }
    return NULL;
}

#ifdef FERRY_DEBUG
static void verify(const struct engine *engine, const struct ir_region *region, const char *stage)
{
    char error[512];
    if (!ir_verify(region, error, sizeof error))
        return;
    fprintf(stderr, "ferry: internal error after %s at guest pc 0x%llx: %s\n", stage, (unsigned long long)region->pc, error);
    engine_trace_ir(engine, region, stage);
    abort();
}
#else
static void verify(const struct engine *engine, const struct ir_region *region, const char *stage)
{
    (void)engine, (void)region, (void)stage;
}
#endif

static void run_passes(struct engine *engine, struct translator *translator, struct ir_region *region)
{
    struct pass_context context = {.host = engine->host, .translator = translator};
    bool trace = engine_tracing(engine, TRACE_PASSES);
    for (unsigned i = 0; i < pass_count; i++) {
        if (!pass_is_needed(&passes[i], region))
            continue;
        bool changed = passes[i].function(region, &context);
        verify(engine, region, passes[i].name);
        if (trace && changed)
            engine_trace_ir(engine, region, passes[i].name);
    }
}

#define KEPT_ALIGN ((size_t)16)

static size_t kept_size(size_t size) { return (size + KEPT_ALIGN - 1) & ~(KEPT_ALIGN - 1); }

/* A copy at *at, which moves behind it. */
static void *keep(uint8_t **at, const void *from, size_t size)
{
    void *to = *at;
    if (!size)
        return NULL;
    *at += kept_size(size);
    return memcpy(to, from, size);
}

static void keep_exits(struct code_block *block, const struct host_code *made, uint8_t **at)
{
    block->exits = (struct block_exit *)*at;
    *at += kept_size(made->exit_count * sizeof *block->exits);
    for (uint32_t i = 0; i < made->exit_count; i++) {
        struct block_exit *exit = &block->exits[i];
        exit->host = made->exits[i];
        exit->from = block;
        memcpy(made->code + exit->host.word, &exit, sizeof exit);
    }
}

/* The block and all that belongs to it, in one piece of memory that nobody has used. */
static struct code_block *new_block(struct arena *arena, const struct ir_region *region, const struct host_code *made)
{
    size_t snapshots = made->snapshot_count * sizeof *made->snapshots, entries = made->entry_count * sizeof *made->entries;
    size_t constants = made->constant_count * sizeof *made->constants, dead = region->flags_dead_count * sizeof *region->flags_dead_at;
    size_t guest_size = region->guest_end - region->pc;
    struct code_block *block = arena_allocate(arena, kept_size(sizeof *block) + kept_size(snapshots) + kept_size(entries) + kept_size(constants) +
                                                         kept_size(dead) + kept_size(made->exit_count * sizeof *block->exits) + guest_size);
    uint8_t *at = (uint8_t *)block + kept_size(sizeof *block);
    block->host = *made;
    block->host.snapshots = keep(&at, made->snapshots, snapshots);
    block->host.entries = keep(&at, made->entries, entries);
    block->host.constants = keep(&at, made->constants, constants);
    block->host.relocations = NULL;       /* the persistent cache keeps them */
    block->host.relocation_count = 0;
    block->host.exits = NULL;
    block->flags_dead_at = keep(&at, region->flags_dead_at, dead);
    block->flags_dead_count = region->flags_dead_count;
    keep_exits(block, made, &at);
    block->guest_bytes = at;
    return block;
}

static void segment_append(struct code_segment *segment, struct code_block *block)
{
    if (segment->block_count == segment->block_capacity) {
        uint32_t capacity = segment->block_capacity ? segment->block_capacity * 2 : 256;
        /* Copied, not moved: a fault handler may be reading the old array. */
        struct code_block **blocks = arena_allocate(segment->metadata, capacity * sizeof *blocks);
        if (segment->block_count)
            memcpy(blocks, segment->blocks, segment->block_count * sizeof *blocks);
        segment->blocks = blocks;
        segment->block_capacity = capacity;
    }
    segment->blocks[segment->block_count] = block;
    __atomic_store_n(&segment->block_count, segment->block_count + 1, __ATOMIC_RELEASE);
}

static struct code_block *publish(struct engine *engine, const struct ir_region *region, const struct host_code *made)
{
    struct code_segment *segment = &engine->segments[engine->current_segment];
    struct code_block *block = new_block(segment->metadata, region, made);
    code_segment_populate(segment);
    block->pc = region->pc;
    block->guest_end = region->guest_end;
    block->guest_insns = region->guest_insns;
    block->entry = made->code + made->entry;
    engine->options.fetch(engine->options.user, region->pc, (void *)block->guest_bytes, region->guest_end - region->pc);
    segment->at = made->code + ((made->size + 1 + BLOCK_ALIGN - 1) & ~(size_t)(BLOCK_ALIGN - 1));
    segment_append(segment, block);
    block_publish(engine, block);
    return block;
}

/* The guest's ranges, one a piece, and room for links to their pages. */
static void note_ranges(struct code_block *block, const struct host_piece *pieces, unsigned count, struct arena *arena)
{
    const guest_addr mask = ~(guest_addr)(ENGINE_GUEST_PAGE - 1);
    block->ranges = arena_allocate(arena, count * sizeof *block->ranges);
    block->range_count = count;
    for (unsigned i = 0; i < count; i++) {
        const struct ir_region *region = pieces[i].region;
        block->ranges[i] = (struct guest_range){region->pc, region->guest_end};
        if (region->guest_end > region->pc)
            block->range_link_count += (uint32_t)(((region->guest_end - 1) & mask) - (region->pc & mask)) / ENGINE_GUEST_PAGE + 1;
    }
    block->range_links = arena_allocate(arena, block->range_link_count * sizeof *block->range_links);
}

struct code_block *block_publish_hot(struct engine *engine, const struct host_piece *pieces, unsigned count, const struct host_code *made)
{
    struct code_segment *segment = &engine->segments[engine->current_segment];
    struct ir_region whole = *pieces[0].region;
    whole.guest_end = whole.pc;           /* what could be revived: nothing */
    whole.flags_dead_count = 0;
    struct code_block *block = new_block(segment->metadata, &whole, made);
    block->host.layout = arena_allocate(segment->metadata, made->layout_count * sizeof *made->layout);
    memcpy(block->host.layout, made->layout, made->layout_count * sizeof *made->layout);
    block->is_hot = true;
    block->pc = whole.pc;
    block->guest_end = pieces[0].region->guest_end;
    for (unsigned i = 0; i < count; i++)
        block->guest_insns += pieces[i].region->guest_insns;
    block->entry = made->code + made->entry;
    note_ranges(block, pieces, count, segment->metadata);
    segment->at = made->code + ((made->size + 1 + BLOCK_ALIGN - 1) & ~(size_t)(BLOCK_ALIGN - 1));
    segment_append(segment, block);
    block_publish(engine, block);
    if (engine->options.code_published)
        engine->options.code_published(engine->options.user, made->code, made->size, block->pc);
    return block;
}

static void count(struct engine *engine, const struct ir_region *region, const struct host_code *made, uint64_t started)
{
    struct engine_statistics *s = &engine->statistics;
    s->blocks++;
    s->guest_insns += region->guest_insns;
    s->guest_bytes += region->guest_end - region->pc;
    s->host_bytes += made->size;
    s->ir_insns += region->count;
    if (started)
        s->translate_ns += now_ns() - started;
}

static bool is_translated(const void *engine, guest_addr pc)
{
    return block_find(engine, pc) != NULL;
}

static struct ir_region *build(struct engine *engine, struct translator *translator, guest_addr pc, unsigned max_insns)
{
    *translator = (struct translator){
        .isa = engine->isa,
        .mode = engine->mode,
        .one_insn = max_insns == 1,
        .max_insns = max_insns,
        .fetch = engine->options.fetch,
        .user = engine->options.user,
        .is_translated = is_translated,
        .engine = engine,
        .starts = engine->starts,
        .start_slots = ENGINE_START_BITS,
        .flags_memo = engine->flags_memo,
    };
    struct ir_region *region = guest_translate(translator, engine->region_arena, pc);
    region->mode = engine->mode;
    region->count_step = engine->count_step;
    return region;
}

struct ir_region *block_build(struct engine *engine, guest_addr pc, unsigned max_insns, bool (*is_head)(const void *user, guest_addr pc), const void *user)
{
    struct translator translator = {
        .isa = engine->isa,
        .mode = engine->mode,
        .max_insns = max_insns,
        .ends_at_backward = true,
        .fetch = engine->options.fetch,
        .user = engine->options.user,
        .is_translated = is_head,
        .engine = user,
        .flags_memo = engine->flags_memo,
    };
    struct ir_region *region = guest_translate(&translator, engine->region_arena, pc);
    region->mode = engine->mode;
    verify(engine, region, "lowering");
    run_passes(engine, &translator, region);
    return region;
}

/* --dump-block=ADDR turns every channel on for the blocks that hold ADDR. */
static unsigned dump_channels(const struct engine *engine, const struct ir_region *region)
{
    guest_addr at = engine->options.dump_block;
    return at >= region->pc && at < region->guest_end ? TRACE_DECODE | TRACE_IR | TRACE_PASSES | TRACE_HOST : 0;
}

/* One attempt with superblocks of up to max_insns. */
static struct code_block *translate_once(struct engine *engine, guest_addr pc, unsigned max_insns)
{
    uint64_t started = engine->options.measure ? now_ns() : 0;
    unsigned trace = engine->options.trace;
    struct translator translator;
    struct code_block *block = NULL;
    arena_reset(engine->region_arena);
    struct ir_region *region = build(engine, &translator, pc, max_insns);
    engine->options.trace |= dump_channels(engine, region);
    engine_trace_guest(engine, region);
    engine_trace_ir(engine, region, NULL);
    verify(engine, region, "lowering");
    run_passes(engine, &translator, region);

    struct code_segment *segment = &engine->segments[engine->current_segment];
    struct host_code made = {0};
    code_space_open(engine);
    bool fits = engine->host->compile(region, segment->at, (size_t)(segment->end - segment->at), &made);
    if (fits) {
        block = publish(engine, region, &made);
        count(engine, region, &made, started);
        engine_trace_host(engine, block);
        if (engine->options.code_published)
            engine->options.code_published(engine->options.user, made.code, made.size, pc);
    }
    code_space_close(engine);
    engine->options.trace = trace;
    return block;
}

/* More than any region of one guest instruction can need: with this much room left, a failure is the region's. */
#define ROOM_ENOUGH ((ptrdiff_t)65536)

struct code_block *block_translate(struct engine *engine, guest_addr pc)
{
    struct code_block *block = revive(engine, pc);
    for (unsigned max_insns = engine->options.max_insns; !block; max_insns = max_insns / 2) {
        const struct code_segment *segment = &engine->segments[engine->current_segment];
        block = translate_once(engine, pc, max_insns);
        if (!block && (segment->end - segment->at < ROOM_ENOUGH || max_insns <= 1))
            return NULL;
    }
    return block;
}
