/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Images (image.h) as memory of a running engine: attached, looked up, dropped. An image is mapped from its file into the space that
 * code_space.c reserves for them. A block of it becomes a struct code_block only when something has to be kept of it: a link from or to
 * other code. Jumps inside the image are not in any list, so it goes as a whole, with every thread out of translated code.
 *
 * engine->lock is held, but for lookups and faults, whose threads count as being in translated code: nothing goes under them.
 */
#include "translate/engine/image.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define POPULATED_IMAGE ((size_t)2 << 20)  /* a larger one is not needed whole, or not at once */
#define BLOCKS_RESERVE ((size_t)64 << 20)

static size_t page_up(size_t size) { return (size + IMAGE_PAGE - 1) & ~(size_t)(IMAGE_PAGE - 1); }

/* -- reading ------------------------------------------------------------------------------------------------------------- */

bool image_is_sane(const struct image_header *header, size_t size)
{
    static const size_t bytes[IMAGE_TABLES] = {sizeof(struct image_slot), sizeof(struct image_block), sizeof(struct host_exit), sizeof(struct snapshot),
                                               sizeof(struct snapshot_entry), sizeof(uint64_t), sizeof(guest_addr), 1};
    if (size < sizeof *header || header->magic != IMAGE_MAGIC || header->size > size || header->low >= header->high || header->high - header->low > UINT32_MAX)
        return false;
    for (unsigned i = 0; i < IMAGE_TABLES; i++)
        if (header->offset[i] > header->size || header->count[i] * bytes[i] > header->size - header->offset[i])
            return false;
    return header->slot_bits && header->slot_bits < 32 && header->count[IMAGE_SLOTS] == 1u << header->slot_bits
           && header->count[IMAGE_BLOCKS] == header->block_count + 1 && header->offset[IMAGE_CODE] % IMAGE_PAGE == 0;
}

const struct image_block *image_block_at(const struct image_header *header, uint32_t code_offset)
{
    const struct image_block *blocks = image_table(header, IMAGE_BLOCKS);
    uint32_t low = 0, high = header->block_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (code_offset < blocks[middle].code)
            high = middle;
        else if (code_offset > blocks[middle].code + blocks[middle].code_size)    /* a return address may be one past the end */
            low = middle + 1;
        else
            return &blocks[middle];
    }
    return NULL;
}

static const void *element(const struct image_header *header, enum image_table table, uint32_t index, size_t size)
{
    return (const uint8_t *)image_table(header, table) + index * size;
}

struct host_code image_host_code(const struct image_header *header, const struct image_block *block)
{
    const uint32_t *first = block->first, *next = block[1].first;
    return (struct host_code){
        .code = (uint8_t *)image_table(header, IMAGE_CODE) + block->code, .size = block->code_size, .entry = block->entry,
        .exit_count = next[IMAGE_EXITS] - first[IMAGE_EXITS],
        .snapshots = (void *)element(header, IMAGE_SNAPSHOTS, first[IMAGE_SNAPSHOTS], sizeof(struct snapshot)),
        .snapshot_count = next[IMAGE_SNAPSHOTS] - first[IMAGE_SNAPSHOTS],
        .entries = (void *)element(header, IMAGE_ENTRIES, first[IMAGE_ENTRIES], sizeof(struct snapshot_entry)),
        .entry_count = next[IMAGE_ENTRIES] - first[IMAGE_ENTRIES],
        .constants = (void *)element(header, IMAGE_CONSTANTS, first[IMAGE_CONSTANTS], sizeof(uint64_t)),
        .constant_count = next[IMAGE_CONSTANTS] - first[IMAGE_CONSTANTS],
    };
}

/* -- looking up ---------------------------------------------------------------------------------------------------------- */

static uint32_t image_count(const struct engine *engine)
{
    return atomic_load_explicit((const _Atomic uint32_t *)&engine->image_count, memory_order_acquire);
}

const void *images_find(const struct engine *engine, guest_addr pc, struct code_image **found)
{
    for (uint32_t i = 0, count = image_count(engine); i < count; i++) {
        struct code_image *image = &engine->images[i];
        const struct image_slot *slot;
        if (pc < image->header->low || pc >= image->header->high || image->doomed || !(slot = image_find(image->header, pc)))
            continue;
        if (found)
            *found = image;
        return image->code + slot->entry;
    }
    return NULL;
}

static struct code_image *image_around(const struct engine *engine, const void *host)
{
    for (uint32_t i = 0, count = image_count(engine); i < count; i++) {
        struct code_image *image = &engine->images[i];
        if ((const uint8_t *)host >= image->code && (const uint8_t *)host < image->code + image->header->count[IMAGE_CODE])
            return image;
    }
    return NULL;
}

bool images_code_at(const struct engine *engine, const void *host, struct host_code *code, guest_addr *pc)
{
    struct code_image *image = image_around(engine, host);
    const struct image_block *block = image ? image_block_at(image->header, (uint32_t)((const uint8_t *)host - image->code)) : NULL;
    if (!block)
        return false;
    *code = image_host_code(image->header, block);
    *pc = image->header->low + block->guest;
    return true;
}

/* -- blocks of an image that links are kept for --------------------------------------------------------------------------- */

static void take_exits(const struct code_image *image, const struct image_block *from, struct code_block *block)
{
    const struct host_exit *exits = element(image->header, IMAGE_EXITS, from->first[IMAGE_EXITS], sizeof *exits);
    block->exits = arena_allocate(image->arena, block->host.exit_count * sizeof *block->exits);
    for (uint32_t i = 0; i < block->host.exit_count; i++)
        block->exits[i] = (struct block_exit){.host = exits[i], .from = block};
}

static struct code_block *block_of_image(struct engine *engine, struct code_image *image, const struct image_block *from)
{
    struct code_block *block = block_find_of_image(engine, image->header->low + from->guest, image);
    if (block)
        return block;
    if (!image->arena)
        image->arena = arena_new(BLOCKS_RESERVE);
    if (!image->arena)
        return NULL;
    block = arena_allocate(image->arena, sizeof *block);
    block->pc = image->header->low + from->guest;
    block->guest_end = block->pc + from->guest_size;
    block->guest_insns = from->guest_insns;
    block->host = image_host_code(image->header, from);
    block->entry = block->host.code + from->entry;
    block->image = image;
    block->image_next = image->blocks;
    image->blocks = block;
    take_exits(image, from, block);
    block_publish(engine, block);
    return block;
}

struct code_block *images_block(struct engine *engine, guest_addr pc)
{
    struct code_image *image;
    const uint8_t *entry = images_find(engine, pc, &image);
    return entry ? block_of_image(engine, image, image_block_at(image->header, (uint32_t)(entry - image->code))) : NULL;
}

guest_addr images_exit_target(const struct engine *engine, const uint8_t *word, uint64_t value)
{
    const struct code_image *image = image_around(engine, word);
    return ((const struct host_exit *)element(image->header, IMAGE_EXITS, (uint32_t)(value >> 1), sizeof(struct host_exit)))->target;
}

struct block_exit *images_exit(struct engine *engine, const uint8_t *word, uint64_t value)
{
    struct code_image *image = image_around(engine, word);
    const struct image_block *from = image_block_at(image->header, (uint32_t)(word - image->code));
    struct code_block *block = block_of_image(engine, image, from);
    return block ? &block->exits[(uint32_t)(value >> 1) - from->first[IMAGE_EXITS]] : NULL;
}

/* A jump in it is about to be patched. Most images need none, so their pages stay the file's. */
bool image_open(struct engine *engine, struct code_image *image)
{
    int protection = PROT_READ | PROT_WRITE | PROT_EXEC;
    if (!image->writable)
        image->writable = (engine->protection_key >= 0 ? pkey_mprotect(image->code, page_up(image->header->count[IMAGE_CODE]), protection, engine->protection_key)
                                                       : mprotect(image->code, page_up(image->header->count[IMAGE_CODE]), protection)) == 0;
    return image->writable;
}

/* -- jumps inside, by target ------------------------------------------------------------------------------------------------ */

struct image_jump { uint32_t guest, site; };   /* target from the image's low, place of its rel32 in the code */

static int compare_jumps(const void *a, const void *b)
{
    uint32_t left = ((const struct image_jump *)a)->guest, right = ((const struct image_jump *)b)->guest;
    return left < right ? -1 : left > right;
}

/* All of them in order; false: no memory. Sorting a large image takes as long as some ten searches through it. */
static bool index_jumps(struct code_image *image)
{
    const struct image_header *header = image->header;
    const struct image_block *blocks = image_table(header, IMAGE_BLOCKS);
    const struct host_exit *exits = image_table(header, IMAGE_EXITS);
    if (!image->arena)
        image->arena = arena_new(BLOCKS_RESERVE);
    image->jumps = image->arena ? arena_allocate(image->arena, (header->count[IMAGE_EXITS] + 1) * sizeof *image->jumps) : NULL;
    if (!image->jumps)
        return false;
    for (uint32_t i = 0; i < header->block_count; i++)
        for (uint32_t exit = blocks[i].first[IMAGE_EXITS]; exit < blocks[i + 1].first[IMAGE_EXITS]; exit++)
            if (exits[exit].target >= header->low && exits[exit].target < header->high)
                image->jumps[image->jump_count++] = (struct image_jump){(uint32_t)(exits[exit].target - header->low), blocks[i].code + exits[exit].site};
    qsort(image->jumps, image->jump_count, sizeof *image->jumps, compare_jumps);
    return true;
}

static void redirect_by_index(struct engine *engine, struct code_image *image, uint32_t guest, const void *to)
{
    uint32_t low = 0, high = image->jump_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (image->jumps[middle].guest < guest)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < image->jump_count && image->jumps[low].guest == guest; low++)
        engine->host->link(image->code + image->jumps[low].site, to);
}

static void redirect_in(struct engine *engine, struct code_image *image, guest_addr pc, const void *to)
{
    enum { SEARCHES = 8 };
    const struct image_block *blocks = image_table(image->header, IMAGE_BLOCKS);
    const struct host_exit *exits = image_table(image->header, IMAGE_EXITS);
    if (image->jumps || (image->searches++ >= SEARCHES && index_jumps(image))) {
        redirect_by_index(engine, image, (uint32_t)(pc - image->header->low), to);
        return;
    }
    for (uint32_t i = 0; i < image->header->block_count; i++)
        for (uint32_t exit = blocks[i].first[IMAGE_EXITS]; exit < blocks[i + 1].first[IMAGE_EXITS]; exit++)
            if (exits[exit].target == pc)
                engine->host->link(image->code + blocks[i].code + exits[exit].site, to);
}

void images_redirect(struct engine *engine, guest_addr pc, const void *to)
{
    for (uint32_t i = 0; i < engine->image_count; i++) {
        struct code_image *image = &engine->images[i];
        const struct image_slot *slot = image->doomed ? NULL : image_find(image->header, pc);
        if (slot && image_open(engine, image))
            redirect_in(engine, image, pc, to ? to : image->code + slot->entry);
    }
}

/* -- attaching and dropping ------------------------------------------------------------------------------------------------ */

/* First fit in the space kept for images; NULL: it is full. */
static uint8_t *find_room(const struct engine *engine, size_t size)
{
    uint8_t *place = engine->image_space;
    for (uint32_t i = 0; i < engine->image_count; i++) {
        uint8_t *start = (uint8_t *)engine->images[i].header, *end = start + engine->images[i].mapped;
        if (place < end && start < place + size) {
            place = end;
            i = (uint32_t)-1;
        }
    }
    return engine->image_space && size <= (size_t)(engine->image_space + engine->image_space_size - place) ? place : NULL;
}

static void leave_room(void *place, size_t size)
{
    mmap(place, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

uint64_t engine_image_insns(const void *image, size_t size)
{
    return image_is_sane(image, size) ? ((const struct image_header *)image)->guest_insns : 0;
}

bool engine_image_attach(struct engine *engine, int fd, size_t size, guest_addr start, guest_addr end, uint64_t *guest_insns)
{
    uint8_t *place = find_room(engine, page_up(size));
    if (!place || engine->image_count == ENGINE_IMAGES)
        return false;
    int populate = size <= POPULATED_IMAGE ? MAP_POPULATE : 0;
    if (mmap(place, page_up(size), PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED | populate, fd, 0) == MAP_FAILED) {
        leave_room(place, page_up(size));
        return false;
    }
    const struct image_header *header = (const struct image_header *)place;
    if (!image_is_sane(header, size) || header->low < start || header->high > end) {
        leave_room(place, page_up(size));
        return false;
    }
    engine->images[engine->image_count] = (struct code_image){.header = header, .code = place + header->offset[IMAGE_CODE], .mapped = page_up(size)};
    atomic_store_explicit((_Atomic uint32_t *)&engine->image_count, engine->image_count + 1, memory_order_release);
    *guest_insns = header->guest_insns;
    engine->statistics.images++;
    engine->statistics.image_blocks += header->block_count;
    return true;
}

static void image_drop(struct engine *engine, struct code_image *image)
{
    for (struct code_block *block = image->blocks; block; block = block->image_next)
        block_discard(engine, block);
    if (image->arena)
        arena_free(image->arena);
    leave_room((void *)image->header, image->mapped);
    image->blocks = NULL;
    *image = engine->images[--engine->image_count];
    for (struct code_block *block = image->blocks; block; block = block->image_next)
        block->image = image;             /* the last one has moved here */
    engine->statistics.image_drops++;
}

bool images_doom(struct engine *engine, guest_addr start, guest_addr end)
{
    for (uint32_t i = 0; i < engine->image_count; i++)
        if (engine->images[i].header->low < end && engine->images[i].header->high > start)
            engine->images[i].doomed = engine->images_doomed = true;
    return engine->images_doomed;
}

void images_drop_doomed(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->image_count;)
        if (engine->images[i].doomed)
            image_drop(engine, &engine->images[i]);
        else
            i++;
    engine->images_doomed = false;
}
