/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Making an image (image.h): the blocks of an older one of the same range first, in its order, then those that this process
 * translated, in the order in which they were first needed; laid out anew, and linked to each other.
 */
#include "translate/engine/image.h"

#define POPULATED_SOURCES ((size_t)1 << 20)

#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#define CODE_ALIGN 16
#define LARGEST_IMAGE ((uint64_t)128 << 20)
#define LOCK_TRIES 20

/* A block as it is now, in another image or in the code space. */
struct source {
    guest_addr pc;
    uint32_t guest_size, guest_insns;
    struct host_code host;
    const uint8_t *exits;                 /* struct host_exit at the start of each element */
    size_t exit_size;
    const guest_addr *dead;
    uint32_t dead_count;
};

struct build {
    struct engine *engine;
    const struct engine_image_request *request;
    const struct image_header *base;
    struct source *sources;
    uint32_t source_count;
    struct image_header header;           /* of the new one */
    uint8_t *image;
};

/* The process may be ending while others still run: nobody waits long. */
static bool lock_soon(struct engine *engine)
{
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (pthread_mutex_trylock(&engine->lock) == 0)
            return true;
        sched_yield();
    }
    return false;
}

bool engine_code_key(const struct engine *engine, struct engine_code_key *key)
{
    memset(key, 0, sizeof *key);
    if (!engine->image_space)
        return false;
    memcpy(key->isa, engine->isa->name, strnlen(engine->isa->name, sizeof key->isa));
    key->host_features = engine->host->features ? engine->host->features() : 0;
    key->max_insns = engine->options.max_insns;
    key->mode = engine->mode;
    key->count_step = engine->count_step;
    return true;
}

/* -- which blocks ---------------------------------------------------------------------------------------------------------- */

static bool is_in(const struct code_block *block, guest_addr start, guest_addr end)
{
    return (!block->dead || block->is_replaced) && !block->is_hot && block->pc >= start && block->guest_end > block->pc && block->guest_end <= end;
}

static struct engine_image_range *range_of(struct engine_image_range *ranges, size_t count, const struct code_block *block)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (block->pc < ranges[middle].start)
            high = middle;
        else if (block->pc >= ranges[middle].end)
            low = middle + 1;
        else
            return &ranges[middle];
    }
    return NULL;
}

void engine_image_missing(struct engine *engine, struct engine_image_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ranges[i].missing = 0;
    if (!lock_soon(engine))
        return;
    for (unsigned s = 0; s < ENGINE_SEGMENTS; s++) {
        const struct code_segment *segment = &engine->segments[s];
        for (uint32_t i = segment->inherited; i < segment->block_count; i++) {
            struct engine_image_range *range = range_of(ranges, count, segment->blocks[i]);
            if (range && is_in(segment->blocks[i], range->start, range->end))
                range->missing += segment->blocks[i]->guest_insns;
        }
    }
    pthread_mutex_unlock(&engine->lock);
}

bool engine_has_translated(const struct engine *engine)
{
    for (unsigned s = 0; s < ENGINE_SEGMENTS; s++)
        if (engine->segments[s].block_count > engine->segments[s].inherited)
            return true;
    return false;
}

void engine_image_saved(struct engine *engine)
{
    for (unsigned s = 0; s < ENGINE_SEGMENTS; s++)
        engine->segments[s].inherited = engine->segments[s].block_count;
}

/* Code outside of the range may be another next time. */
static bool fetch_inside(void *user, guest_addr pc, void *bytes, size_t size)
{
    const struct build *b = user;
    return pc >= b->request->start && pc < b->request->end && size <= b->request->end - pc
           && b->engine->options.fetch(b->engine->options.user, pc, bytes, size);
}

/* What the block was made of is what is there now, and what was assumed about the code around it follows from the range alone. */
static bool holds(struct build *b, const struct code_block *block)
{
    struct translator translator = {.isa = b->engine->isa, .mode = b->engine->mode, .fetch = fetch_inside, .user = b};
    uint8_t bytes[1024];
    size_t size = block->guest_end - block->pc;
    if (size > sizeof bytes || !fetch_inside(b, block->pc, bytes, size) || memcmp(bytes, block->guest_bytes, size) != 0)
        return false;
    for (uint32_t i = 0; i < block->flags_dead_count; i++)
        if (!b->engine->isa->flags_dead_at(&translator, block->flags_dead_at[i]))
            return false;
    return true;
}

static void add_base(struct build *b)
{
    const struct image_block *blocks = image_table(b->base, IMAGE_BLOCKS);
    const struct host_exit *exits = image_table(b->base, IMAGE_EXITS);
    const guest_addr *dead = image_table(b->base, IMAGE_DEAD);
    for (uint32_t i = 0; i < b->base->block_count; i++) {
        const struct image_block *block = &blocks[i];
        b->sources[b->source_count++] = (struct source){
            .pc = b->base->low + block->guest, .guest_size = block->guest_size, .guest_insns = block->guest_insns, .host = image_host_code(b->base, block),
            .exits = (const uint8_t *)&exits[block->first[IMAGE_EXITS]], .exit_size = sizeof *exits,
            .dead = &dead[block->first[IMAGE_DEAD]], .dead_count = block[1].first[IMAGE_DEAD] - block->first[IMAGE_DEAD],
        };
    }
}

/* The guest instructions that are new. */
static uint64_t add_translated(struct build *b)
{
    uint64_t insns = 0;
    for (unsigned s = 0; s < ENGINE_SEGMENTS; s++) {
        const struct code_segment *segment = &b->engine->segments[s];
        for (uint32_t i = 0; i < segment->block_count; i++) {
            const struct code_block *block = segment->blocks[i];
            if (!is_in(block, b->request->start, b->request->end) || (b->base && image_find(b->base, block->pc)) || !holds(b, block))
                continue;
            b->sources[b->source_count++] = (struct source){
                .pc = block->pc, .guest_size = (uint32_t)(block->guest_end - block->pc), .guest_insns = block->guest_insns, .host = block->host,
                .exits = (const uint8_t *)block->exits, .exit_size = sizeof *block->exits, .dead = block->flags_dead_at, .dead_count = block->flags_dead_count,
            };
            insns += block->guest_insns;
        }
    }
    return insns;
}

static size_t most_sources(const struct build *b)
{
    size_t count = b->base ? b->base->block_count : 0;
    for (unsigned s = 0; s < ENGINE_SEGMENTS; s++)
        count += b->engine->segments[s].block_count;
    return count;
}

/* -- layout ------------------------------------------------------------------------------------------------------------------ */

static const size_t element_bytes[IMAGE_TABLES] = {sizeof(struct image_slot), sizeof(struct image_block), sizeof(struct host_exit), sizeof(struct snapshot),
                                                   sizeof(struct snapshot_entry), sizeof(uint64_t), sizeof(guest_addr), 1};

static uint32_t code_room(const struct source *source)
{
    return (source->host.size + 1 + CODE_ALIGN - 1) & ~(uint32_t)(CODE_ALIGN - 1);
}

static void count_tables(struct build *b)
{
    struct image_header *h = &b->header;
    uint32_t *count = h->count;
    h->low = ~(guest_addr)0;
    for (uint32_t i = 0; i < b->source_count; i++) {
        const struct source *source = &b->sources[i];
        h->low = source->pc < h->low ? source->pc : h->low;
        h->high = source->pc + source->guest_size > h->high ? source->pc + source->guest_size : h->high;
        h->guest_insns += source->guest_insns;
        count[IMAGE_EXITS] += source->host.exit_count;
        count[IMAGE_SNAPSHOTS] += source->host.snapshot_count;
        count[IMAGE_ENTRIES] += source->host.entry_count;
        count[IMAGE_CONSTANTS] += source->host.constant_count;
        count[IMAGE_DEAD] += source->dead_count;
        count[IMAGE_CODE] += code_room(source);
    }
    h->magic = IMAGE_MAGIC;
    h->block_count = b->source_count;
    h->slot_bits = 2;
    while (1u << h->slot_bits < 2 * h->block_count)
        h->slot_bits++;
    count[IMAGE_SLOTS] = 1u << h->slot_bits;
    count[IMAGE_BLOCKS] = h->block_count + 1;
}

static bool place_tables(struct build *b)
{
    struct image_header *h = &b->header;
    uint64_t at = sizeof *h;
    for (unsigned i = 0; i < IMAGE_TABLES; i++) {
        uint64_t alignment = i == IMAGE_CODE ? IMAGE_PAGE : 16;
        at = (at + alignment - 1) & ~(alignment - 1);
        h->offset[i] = (uint32_t)at;
        at += h->count[i] * element_bytes[i];
        if (at > LARGEST_IMAGE)
            return false;
    }
    h->size = at;
    return true;
}

/* -- contents ---------------------------------------------------------------------------------------------------------------- */

static void *at(struct build *b, enum image_table table, uint32_t index)
{
    return b->image + b->header.offset[table] + index * element_bytes[table];
}

static void put(struct build *b, enum image_table table, uint32_t index, const void *from, uint32_t count)
{
    if (count)
        memcpy(at(b, table, index), from, count * element_bytes[table]);
}

static void put_slot(struct build *b, uint32_t guest, uint32_t entry)
{
    struct image_slot *slots = at(b, IMAGE_SLOTS, 0);
    uint32_t i = image_hash(guest, b->header.slot_bits);
    while (slots[i].guest != IMAGE_NO_GUEST)
        i = (i + 1) & ((1u << b->header.slot_bits) - 1);
    slots[i] = (struct image_slot){guest, entry};
}

static void put_block(struct build *b, const struct source *source, uint32_t index, struct image_block *next)
{
    struct image_block *block = at(b, IMAGE_BLOCKS, index);
    *block = *next;
    block->guest = (uint32_t)(source->pc - b->header.low);
    block->guest_size = source->guest_size;
    block->guest_insns = source->guest_insns;
    block->code_size = source->host.size;
    block->entry = source->host.entry;
    memcpy(at(b, IMAGE_CODE, block->code), source->host.code, source->host.size);
    for (uint32_t i = 0; i < source->host.exit_count; i++)
        put(b, IMAGE_EXITS, block->first[IMAGE_EXITS] + i, source->exits + i * source->exit_size, 1);
    put(b, IMAGE_SNAPSHOTS, block->first[IMAGE_SNAPSHOTS], source->host.snapshots, source->host.snapshot_count);
    put(b, IMAGE_ENTRIES, block->first[IMAGE_ENTRIES], source->host.entries, source->host.entry_count);
    put(b, IMAGE_CONSTANTS, block->first[IMAGE_CONSTANTS], source->host.constants, source->host.constant_count);
    put(b, IMAGE_DEAD, block->first[IMAGE_DEAD], source->dead, source->dead_count);
    put_slot(b, block->guest, block->code + block->entry);
    next->code += code_room(source);
    next->first[IMAGE_EXITS] += source->host.exit_count;
    next->first[IMAGE_SNAPSHOTS] += source->host.snapshot_count;
    next->first[IMAGE_ENTRIES] += source->host.entry_count;
    next->first[IMAGE_CONSTANTS] += source->host.constant_count;
    next->first[IMAGE_DEAD] += source->dead_count;
}

/* Each exit to its target, where the image has it, else to its own stub. */
static void link_exits(struct build *b, const struct image_block *block)
{
    const struct host *host = b->engine->host;
    uint8_t *code = at(b, IMAGE_CODE, block->code);
    for (uint32_t i = block->first[IMAGE_EXITS]; i < block[1].first[IMAGE_EXITS]; i++) {
        const struct host_exit *exit = at(b, IMAGE_EXITS, i);
        const struct image_slot *target = image_find((const struct image_header *)b->image, exit->target);
        uint64_t word = (uint64_t)i << 1 | 1;
        memcpy(code + exit->word, &word, sizeof word);
        host->link(code + exit->site, target ? (uint8_t *)at(b, IMAGE_CODE, target->entry) : code + exit->stub);
    }
}

static bool write_image(struct build *b)
{
    struct image_block next = {0};
    b->image = mmap(NULL, b->header.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (b->image == MAP_FAILED)
        return false;
    memcpy(b->image, &b->header, sizeof b->header);
    memset(at(b, IMAGE_SLOTS, 0), 0xff, b->header.count[IMAGE_SLOTS] * sizeof(struct image_slot));
    for (uint32_t i = 0; i < b->source_count; i++)
        put_block(b, &b->sources[i], i, &next);
    put(b, IMAGE_BLOCKS, b->source_count, &next, 1);
    for (uint32_t i = 0; i < b->source_count; i++)
        link_exits(b, at(b, IMAGE_BLOCKS, i));
    return true;
}

static bool build_locked(struct build *b)
{
    if (b->base)
        add_base(b);
    uint64_t insns = add_translated(b);
    if (!insns || insns < b->request->minimum)
        return false;
    count_tables(b);
    return b->header.high - b->header.low <= UINT32_MAX / 2 && place_tables(b) && write_image(b);
}

bool engine_image_build(struct engine *engine, const struct engine_image_request *request, void **image, size_t *size)
{
    struct build b = {.engine = engine, .request = request, .base = request->base};
    if (b.base && !image_is_sane(b.base, request->base_size))
        b.base = NULL;
    if (!lock_soon(engine))
        return false;
    size_t bytes = (most_sources(&b) + 1) * sizeof *b.sources;
    b.sources = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | (bytes <= POPULATED_SOURCES ? MAP_POPULATE : MAP_NORESERVE), -1, 0);
    bool built = b.sources != MAP_FAILED && build_locked(&b);
    if (b.sources != MAP_FAILED)
        munmap(b.sources, bytes);
    pthread_mutex_unlock(&engine->lock);
    *image = b.image;
    *size = b.header.size;
    return built;
}

/* -- translating ahead ---------------------------------------------------------------------------------------------------------- */

static bool translate_ahead(struct engine *engine, guest_addr pc)
{
    uint8_t byte[4];
    size_t size = (size_t)1 << engine->isa->insn_align;
    bool is_code = size <= sizeof byte && !(pc & (size - 1)) && engine->options.fetch(engine->options.user, pc, byte, size);
    if (!is_code || block_find(engine, pc) || images_find(engine, pc, NULL))
        return true;
    if (engine->image_space && engine->options.image_wanted(engine->options.user, pc, engine->mode) && images_find(engine, pc, NULL))
        return true;
    return block_translate(engine, pc) != NULL;
}

bool engine_translate_from(struct engine *engine, guest_addr pc, guest_addr start, guest_addr end)
{
    pthread_mutex_lock(&engine->lock);
    const struct code_segment *segment = &engine->segments[engine->current_segment];
    uint32_t next = segment->block_count;
    bool fits = translate_ahead(engine, pc);
    for (; fits && next < segment->block_count; next++) {
        const struct code_block *block = segment->blocks[next];
        for (uint32_t i = 0; fits && i < block->host.exit_count; i++) {
            guest_addr target = block->exits[i].host.target;
            fits = target < start || target >= end || translate_ahead(engine, target);
        }
    }
    pthread_mutex_unlock(&engine->lock);
    return fits;
}
