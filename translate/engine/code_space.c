/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The memory that holds translated code: one private mapping (fork stays copy-on-write and a child keeps every translation),
 * cut into segments that are filled in turn and evicted whole, oldest first. Where the CPU has memory protection keys the
 * mapping can be written only between code_space_open and code_space_close.
 */
#include "translate/engine/engine.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define METADATA_RESERVE ((size_t)256 << 20)
#define IMAGE_SPACE ((size_t)256 << 20)
#define REACH ((ptrdiff_t)1 << 30)        /* of displacements, with room for what lies behind the starts */

/* Where jumps from and to translated code reach. Address space only; without it there are no images. */
static void reserve_images(struct engine *engine)
{
    if (!engine->options.image_wanted || !engine->host->code_can_be_kept)
        return;
    void *space = mmap(engine->code_space + engine->code_space_size, IMAGE_SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        return;
    ptrdiff_t distance = (uint8_t *)space - engine->code_space;
    if (distance < -REACH || distance > REACH) {
        munmap(space, IMAGE_SPACE);
        return;
    }
    engine->image_space = space;
    engine->image_space_size = IMAGE_SPACE;
}

bool code_space_new(struct engine *engine)
{
    size_t size = engine->options.cache_bytes & ~(size_t)(ENGINE_SEGMENTS * 4096 - 1);
    void *space = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        return false;
    engine->code_space = space;
    engine->code_space_size = size;
    reserve_images(engine);
    engine->protection_key = pkey_alloc(0, PKEY_DISABLE_WRITE);
    if (engine->protection_key >= 0 && pkey_mprotect(space, size, PROT_READ | PROT_WRITE | PROT_EXEC, engine->protection_key) != 0)
        engine->protection_key = -1;
    for (unsigned i = 0; i < ENGINE_SEGMENTS; i++) {
        struct code_segment *segment = &engine->segments[i];
        segment->start = segment->at = segment->populated = engine->code_space + i * (size / ENGINE_SEGMENTS);
        segment->end = segment->start + size / ENGINE_SEGMENTS;
    }
    engine->segments[0].metadata = arena_new(METADATA_RESERVE);
    return engine->segments[0].metadata != NULL;
}

void code_space_free(struct engine *engine)
{
    for (unsigned i = 0; i < ENGINE_SEGMENTS; i++)
        if (engine->segments[i].metadata)
            arena_free(engine->segments[i].metadata);
    munmap(engine->code_space, engine->code_space_size);
    if (engine->image_space)
        munmap(engine->image_space, engine->image_space_size);
    if (engine->protection_key >= 0)
        pkey_free(engine->protection_key);
}

void code_space_open(struct engine *engine)
{
    if (engine->protection_key >= 0)
        pkey_set(engine->protection_key, 0);
}

void code_space_close(struct engine *engine)
{
    if (engine->protection_key >= 0)
        pkey_set(engine->protection_key, PKEY_DISABLE_WRITE);
}

/* One call for many pages costs a fraction of a fault for each. Kernels before 5.14 do not know it, and fault. */
static uint8_t *populate(uint8_t *populated, const uint8_t *at)
{
    enum { AHEAD = 16384, STEP = 65536, PAGE = 4096 };
    if (populated - at >= AHEAD)
        return populated;
    if (populated < at)
        populated = (uint8_t *)((uintptr_t)at & ~(uintptr_t)(PAGE - 1));
    madvise(populated, STEP, MADV_POPULATE_WRITE);
    return populated + STEP;
}

void code_segment_populate(struct code_segment *segment)
{
    if (segment->end - segment->at > 2 * 65536)
        segment->populated = populate(segment->populated, segment->at);
}

/* Waits until no other thread is in translated code. They leave at their next poll and stop at engine_enter, or wait for the lock
 * outside; either way the addresses they hold are void afterwards, and so are their prediction stacks. */
static void stop_world(struct engine *engine, const struct vcpu *self)
{
    atomic_store((_Atomic uint32_t *)&engine->stopping, 1);
    for (struct vcpu *cpu = engine->vcpus; cpu; cpu = cpu->next) {
        if (cpu == self)
            continue;
        for (unsigned spins = 0; atomic_load((_Atomic uint8_t *)&cpu->in_code); spins++) {
            engine_interrupt(cpu);
            if (spins < 100)
                sched_yield();
            else
                nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        }
    }
}

static void resume_world(struct engine *engine)
{
    engine->evictions++;
    engine->statistics.evictions++;
    for (struct vcpu *cpu = engine->vcpus; cpu; cpu = cpu->next) {
        if (cpu->deferred_end)
            blocks_invalidate(engine, cpu->deferred_start, cpu->deferred_end);
        cpu->deferred_start = cpu->deferred_end = 0;
        cpu->prediction_stack = cpu->prediction_base;
        for (unsigned i = 0; i < VCPU_LOOKUP_ENTRIES; i++)
            cpu->lookup_table[i].pc = lookup_nothing(i);
    }
    images_drop_doomed(engine);
    atomic_store((_Atomic uint32_t *)&engine->stopping, 0);
}

static void segment_clear(struct engine *engine, struct code_segment *segment)
{
    for (uint32_t i = 0; i < segment->block_count; i++)
        block_discard(engine, segment->blocks[i]);
    segment->blocks = NULL;
    segment->block_count = segment->block_capacity = segment->inherited = 0;
    segment->at = segment->start;
    if (segment->metadata)
        arena_reset(segment->metadata);
}

/* Makes the oldest segment the current one, empty. */
void engine_evict(struct engine *engine, struct vcpu *self)
{
    unsigned next = (engine->current_segment + 1) % ENGINE_SEGMENTS;
    struct code_segment *segment = &engine->segments[next];
    if (segment->block_count) {
        stop_world(engine, self);
        code_space_open(engine);
        segment_clear(engine, segment);
        resume_world(engine);
        code_space_close(engine);
    }
    if (!segment->metadata)
        segment->metadata = arena_new(METADATA_RESERVE);
    engine->current_segment = next;
}

void engine_evict_all(struct engine *engine, struct vcpu *self)
{
    stop_world(engine, self);
    code_space_open(engine);
    for (unsigned i = 0; i < ENGINE_SEGMENTS; i++)
        segment_clear(engine, &engine->segments[i]);
    engine->current_segment = 0;
    images_doom(engine, 0, ~(guest_addr)0);
    resume_world(engine);
    code_space_close(engine);
}

void engine_drop_doomed(struct engine *engine, struct vcpu *self)
{
    stop_world(engine, self);
    code_space_open(engine);
    resume_world(engine);
    code_space_close(engine);
}
