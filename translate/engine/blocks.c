/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The indices of translated blocks: by guest pc (hash), by guest page (for invalidation) and by host address (for faults
 * and links).
 */
#include "translate/engine/engine.h"

#include <sched.h>
#include <stdatomic.h>

static inline size_t hash_of(const struct block_table *table, guest_addr pc)
{
    return (size_t)((pc >> 2) * 0x9e3779b97f4a7c15u >> (64 - table->bits));
}

static inline struct code_block *chain_first(struct code_block **link)
{
    return atomic_load_explicit((_Atomic(struct code_block *) *)link, memory_order_acquire);
}

static inline struct block_table *table_of(const struct engine *engine)
{
    return atomic_load_explicit((_Atomic(struct block_table *) *)&engine->table, memory_order_acquire);
}

struct block_table *block_table_new(struct arena *arena, unsigned bits)
{
    struct block_table *table = arena_allocate(arena, sizeof *table + (sizeof(struct code_block *) << bits));
    table->bits = bits;
    return table;
}

/* Chains are rebuilt under readers that hold no lock: such a reader may stray into another chain and miss its block, and then asks
 * again under the lock. Old tables stay: together they are smaller than the newest. */
static void table_grow(struct engine *engine)
{
    struct block_table *old = engine->table, *table = block_table_new(engine->page_arena, old->bits + 2);
    for (size_t i = 0; i < (size_t)1 << old->bits; i++) {
        struct code_block *next;
        for (struct code_block *b = old->chains[i]; b; b = next) {
            next = b->hash_next;
            struct code_block **chain = &table->chains[hash_of(table, b->pc)];
            b->hash_next = *chain;
            *chain = b;
            table->count++;
        }
    }
    atomic_store_explicit((_Atomic(struct block_table *) *)&engine->table, table, memory_order_release);
}

static inline bool may_start(const struct engine *engine, guest_addr pc)
{
    size_t slot = (size_t)(pc >> 2) % ENGINE_START_BITS;
    return engine->starts[slot / 64] >> slot % 64 & 1;
}

static inline void note_start(struct engine *engine, guest_addr pc)
{
    size_t slot = (size_t)(pc >> 2) % ENGINE_START_BITS;
    engine->starts[slot / 64] |= (uint64_t)1 << slot % 64;
}

struct code_block *block_find(const struct engine *engine, guest_addr pc)
{
    if (!may_start(engine, pc))
        return NULL;
    struct block_table *table = table_of(engine);
    for (struct code_block *b = chain_first(&table->chains[hash_of(table, pc)]); b; b = b->hash_next)
        if (b->pc == pc && !b->dead)
            return b;
    return NULL;
}

struct code_block *block_find_of_image(const struct engine *engine, guest_addr pc, const struct code_image *image)
{
    struct code_block *b = engine->table->chains[hash_of(engine->table, pc)];
    while (b && !(b->pc == pc && b->image == image))
        b = b->hash_next;
    return b;
}

struct code_block *block_next_dead(const struct engine *engine, guest_addr pc, const struct code_block *after)
{
    if (!may_start(engine, pc))
        return NULL;
    struct code_block *b = after ? after->hash_next : engine->table->chains[hash_of(engine->table, pc)];
    while (b && !(b->pc == pc && b->dead))
        b = b->hash_next;
    return b;
}

static struct code_page *page_of(struct engine *engine, guest_addr page, bool create)
{
    struct code_page **bucket = &engine->pages[(page / ENGINE_GUEST_PAGE) % ENGINE_PAGE_BUCKETS];
    for (struct code_page *p = *bucket; p; p = p->next)
        if (p->page == page)
            return p;
    if (!create)
        return NULL;
    struct code_page *p = arena_allocate(engine->page_arena, sizeof *p);
    p->page = page;
    p->next = *bucket;
    *bucket = p;
    return p;
}

static void page_add(struct engine *engine, struct code_block *block, guest_addr page, struct page_link *link)
{
    link->block = block;
    link->page = page_of(engine, page, true);
    link->next = link->page->first;
    link->page->first = link;
}

static void pages_add(struct engine *engine, struct code_block *block)
{
    const guest_addr mask = ~(guest_addr)(ENGINE_GUEST_PAGE - 1);
    if (!block->is_hot) {
        guest_addr page = block->pc & mask;
        for (int i = 0; i < 2 && page < block->guest_end; i++, page += ENGINE_GUEST_PAGE)
            page_add(engine, block, page, &block->page_links[i]);
        return;
    }
    struct page_link *link = block->range_links;
    for (uint32_t i = 0; i < block->range_count; i++)
        for (guest_addr page = block->ranges[i].start & mask; page < block->ranges[i].end; page += ENGINE_GUEST_PAGE)
            page_add(engine, block, page, link++);
}

static void page_remove(struct page_link *link)
{
    if (!link->page)
        return;
    for (struct page_link **at = &link->page->first; *at; at = &(*at)->next) {
        if (*at == link) {
            *at = link->next;
            break;
        }
    }
    link->page = NULL;
}

static void pages_remove(struct code_block *block)
{
    for (int i = 0; i < 2; i++)
        page_remove(&block->page_links[i]);
    for (uint32_t i = 0; i < block->range_link_count; i++)
        page_remove(&block->range_links[i]);
}

static bool overlaps(const struct code_block *block, guest_addr start, guest_addr end)
{
    if (!block->is_hot)
        return block->pc < end && block->guest_end > start;
    for (uint32_t i = 0; i < block->range_count; i++)
        if (block->ranges[i].start < end && block->ranges[i].end > start)
            return true;
    return false;
}

void block_publish(struct engine *engine, struct code_block *block)
{
    bool in_chain = block->dead;          /* a dead block stays in its chain, to be found again */
    pages_add(engine, block);
    note_start(engine, block->pc);
    block->dead = block->is_replaced = false;
    if (in_chain)
        return;
    if (engine->table->count >= (size_t)1 << engine->table->bits)
        table_grow(engine);
    engine->table->count++;
    struct code_block **bucket = &engine->table->chains[hash_of(engine->table, block->pc)];
    block->hash_next = *bucket;
    atomic_store_explicit((_Atomic(struct code_block *) *)bucket, block, memory_order_release);
}

void block_forget_lookups(struct engine *engine, guest_addr pc)
{
    for (struct vcpu *cpu = engine->vcpus; cpu; cpu = cpu->next) {
        size_t slot = (pc >> 2) % VCPU_LOOKUP_ENTRIES;
        struct vcpu_lookup_entry *entry = &cpu->lookup_table[slot];
        if (entry->pc == pc)
            atomic_store((_Atomic guest_addr *)&entry->pc, lookup_nothing(slot));
    }
}

void block_kill(struct engine *engine, struct code_block *block)
{
    block->dead = true;
    atomic_thread_fence(memory_order_seq_cst);
    pages_remove(block);
    if (block->is_hot)
        images_redirect(engine, block->pc, NULL);
    block_unlink_incoming(engine, block);
    block_unlink_outgoing(engine, block);
    block_forget_lookups(engine, block->pc);
    engine->statistics.invalidated_blocks++;
}

void block_discard(struct engine *engine, struct code_block *block)
{
    if (!block->dead)
        block_kill(engine, block);
    struct block_table *table = engine->table;
    for (struct code_block **at = &table->chains[hash_of(table, block->pc)]; *at; at = &(*at)->hash_next) {
        if (*at == block) {
            *at = block->hash_next;
            table->count--;
            return;
        }
    }
}

static struct code_block *segment_find(const struct code_segment *segment, const uint8_t *address)
{
    uint32_t low = 0, high = segment->block_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        struct code_block *block = segment->blocks[middle];
        if (address < block->host.code)
            high = middle;
        else if (address >= block->host.code + block->host.size + 1)
            low = middle + 1;
        else
            return block;
    }
    return NULL;
}

/* A return address may be one past the last byte of a block; nothing else starts there, since blocks are aligned and padded. */
struct code_block *block_at_host_address(const struct engine *engine, const void *address)
{
    const uint8_t *at = address;
    if (at < engine->code_space || at >= engine->code_space + engine->code_space_size)
        return NULL;
    for (unsigned i = 0; i < ENGINE_SEGMENTS; i++)
        if (at >= engine->segments[i].start && at < engine->segments[i].end)
            return segment_find(&engine->segments[i], at);
    return NULL;
}

static void invalidate_page(struct engine *engine, struct code_page *page, guest_addr start, guest_addr end)
{
    /* A block may be in a page's list more than once: from the start again after each that goes. */
    for (struct page_link *link = page->first; link;) {
        bool hit = overlaps(link->block, start, end), is_hot = link->block->is_hot;
        struct page_link *next = link->next;
        if (hit)
            block_kill(engine, link->block);
        link = hit && is_hot ? page->first : next;
    }
}

/* engine->lock held, code space open. */
void blocks_invalidate(struct engine *engine, guest_addr start, guest_addr end)
{
    engine->statistics.invalidations++;
    engine->flags_memo->generation++;
    images_doom(engine, start, end);
    guest_addr first = start & ~(guest_addr)(ENGINE_GUEST_PAGE - 1);
    if ((end - first) / ENGINE_GUEST_PAGE > ENGINE_PAGE_BUCKETS) {
        for (unsigned i = 0; i < ENGINE_PAGE_BUCKETS; i++)
            for (struct code_page *p = engine->pages[i]; p; p = p->next)
                if (p->page >= first && p->page < end)
                    invalidate_page(engine, p, start, end);
        return;
    }
    guest_addr count = first < end ? (end - 1 - first) / ENGINE_GUEST_PAGE + 1 : 0;   /* the last page may end where addresses do */
    for (guest_addr i = 0; i < count; i++) {
        struct code_page *p = page_of(engine, first + i * ENGINE_GUEST_PAGE, false);
        if (p)
            invalidate_page(engine, p, start, end);
    }
}

static void invalidate_locked(struct engine *engine, guest_addr start, guest_addr end)
{
    code_space_open(engine);
    blocks_invalidate(engine, start, end);
    code_space_close(engine);
}

void engine_invalidate(struct engine *engine, guest_addr start, guest_addr end)
{
    pthread_mutex_lock(&engine->lock);
    invalidate_locked(engine, start, end);
    if (engine->images_doomed)
        engine_drop_doomed(engine, NULL);
    pthread_mutex_unlock(&engine->lock);
}

/* This thread will return into translated code, so it may not wait for one that wants everybody out of it: it leaves the range
 * to that one, which drops it before the world goes on (resume_world). */
void engine_invalidate_from_code(struct vcpu *cpu, guest_addr start, guest_addr end)
{
    struct engine *engine = cpu->engine;
    if (engine->options.code_flushed)
        engine->options.code_flushed(engine->options.user, start, end);
    while (pthread_mutex_trylock(&engine->lock) != 0) {
        if (engine->stopping) {
            cpu->deferred_start = cpu->deferred_end && cpu->deferred_start < start ? cpu->deferred_start : start;
            cpu->deferred_end = cpu->deferred_end > end ? cpu->deferred_end : end;
            return;
        }
        sched_yield();
    }
    invalidate_locked(engine, start, end);
    if (engine->images_doomed)
        engine_interrupt(cpu);            /* dropped by the next engine_run, as modes are changed */
    pthread_mutex_unlock(&engine->lock);
}
