/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Making and freeing engines and vcpus, fork, modes, statistics.
 */
#include "translate/engine/image.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAXIMUM_IDLE 8                    /* vcpus kept for the next thread */
#define LOOKUP_BYTES (VCPU_LOOKUP_ENTRIES * sizeof(struct vcpu_lookup_entry))

static void *map_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* What every run touches all of: a fault for each page costs more. */
static void *map_touched_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static const struct host *host_by_name(const char *name)
{
    static const struct host *const hosts[] = {&host_x86_64, &host_interpreter};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (!name || strcmp(name, hosts[i]->name) == 0)
            return hosts[i];
    return NULL;
}

struct engine *engine_new(const struct guest_isa *isa, const struct engine_options *options)
{
    struct engine *engine = map_touched_memory(sizeof *engine);
    if (!engine)
        return NULL;
    engine->isa = isa;
    engine->options = *options;
    if (!engine->options.cache_bytes)
        engine->options.cache_bytes = (size_t)128 << 20;
    if (engine->options.cache_bytes < (size_t)1 << 20)
        engine->options.cache_bytes = (size_t)1 << 20;
    if (!engine->options.max_insns)
        engine->options.max_insns = 64;
    pthread_mutex_init(&engine->lock, NULL);
    engine->host = host_by_name(options->host);
    if (engine->host && engine->host->compile_pieces && options->hot_after && !options->no_link && engine->options.max_insns > 1)
        engine->count_step = options->hot_after > 1 ? ((uint32_t)1 << 31) / options->hot_after + 1 : INT32_MAX;
    if (!engine->host || !engine->host->init(isa)) {
        errno = ENOTSUP;
        return NULL;
    }
    engine->pages = map_memory(sizeof(struct code_page *) * ENGINE_PAGE_BUCKETS);
    engine->page_arena = arena_new((size_t)64 << 20);
    engine->region_arena = arena_new((size_t)64 << 20);
    /* Never written: its entries' code is never reached, since no pc is 0 but the guest's null, which is looked up and faults. */
    engine->empty_table = map_memory(LOOKUP_BYTES);
    engine->starts = map_memory(ENGINE_START_BITS / 8);
    engine->images = map_memory(ENGINE_IMAGES * sizeof *engine->images);
    if (!engine->starts || !engine->pages || !engine->page_arena || !engine->region_arena || !engine->empty_table || !engine->images || !code_space_new(engine))
        return NULL;
    engine->empty_table[0].pc = lookup_nothing(0);
    engine->table = block_table_new(engine->page_arena, ENGINE_FIRST_TABLE_BITS);
    engine->flags_memo = arena_allocate(engine->page_arena, sizeof *engine->flags_memo);
    engine->flags_memo->generation = 1;
    engine->helpers = arena_allocate(engine->page_arena, isa->helper_count * sizeof *engine->helpers);
    for (unsigned i = 0; i < isa->helper_count; i++)
        engine->helpers[i] = isa->helpers[i].function;
    return engine;
}

void engine_free(struct engine *engine)
{
    code_space_free(engine);
    arena_free(engine->page_arena);
    arena_free(engine->region_arena);
    munmap(engine->pages, sizeof(struct code_page *) * ENGINE_PAGE_BUCKETS);
    munmap(engine->empty_table, LOOKUP_BYTES);
    munmap(engine->starts, ENGINE_START_BITS / 8);
    munmap(engine->images, ENGINE_IMAGES * sizeof *engine->images);
    munmap(engine, sizeof *engine);
}

/* The prediction stack: a guard page, the stack, and a margin above its base that the return-miss scan may read. */
#define PREDICTION_MARGIN 512
#define PREDICTION_FIRST 8192             /* bytes of it that every thread uses */

static uint8_t *prediction_stack_of(const struct vcpu *cpu)
{
    return (uint8_t *)(cpu->prediction_base + PREDICTION_MARGIN - PREDICTION_STACK_BYTES - PREDICTION_GUARD_BYTES);
}

static bool prediction_stack_new(struct vcpu *cpu)
{
    uint8_t *stack = map_memory(PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES);
    if (!stack)
        return false;
    mprotect(stack, PREDICTION_GUARD_BYTES, PROT_NONE);
    madvise(stack + PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES - PREDICTION_FIRST, PREDICTION_FIRST, MADV_POPULATE_WRITE);
    cpu->prediction_base = (uint64_t)(stack + PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES - PREDICTION_MARGIN);
    for (uint64_t *at = (uint64_t *)cpu->prediction_base; at < (uint64_t *)(cpu->prediction_base + PREDICTION_MARGIN); at++)
        *at = 1;                          /* hardly a guest returns to an odd address; the host copes with the one that does */
    return true;
}

static void vcpu_unmap(struct vcpu *cpu, size_t size)
{
    if (cpu->lookup_table)
        munmap(cpu->lookup_table, LOOKUP_BYTES);
    if (cpu->prediction_base)
        munmap(prediction_stack_of(cpu), PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES);
    munmap(cpu, size);
}

static struct vcpu *vcpu_map(const struct engine *engine)
{
    struct vcpu *cpu = map_touched_memory(engine->isa->cpu_size);
    if (!cpu)
        return NULL;
    cpu->lookup_table = map_memory(LOOKUP_BYTES);
    if (!cpu->lookup_table || !prediction_stack_new(cpu)) {
        vcpu_unmap(cpu, engine->isa->cpu_size);
        return NULL;
    }
    /* The first one's is as good as always filled; a thread that sleeps shall cost little. */
    if (!engine->vcpus)
        madvise(cpu->lookup_table, LOOKUP_BYTES, MADV_POPULATE_WRITE);
    cpu->lookup_table[0].pc = lookup_nothing(0);
    return cpu;
}

/* Mapping and unmapping costs a short thread or a vfork child more than all else, so some vcpus stay when they are freed, with what is
 * in their lookup tables. Engine's lock held; NULL: there is none. */
static struct vcpu *take_idle(struct engine *engine)
{
    struct vcpu *cpu = engine->idle_vcpus ? engine->vcpus : NULL;
    while (cpu && !cpu->idle)
        cpu = cpu->next;
    if (!cpu)
        return NULL;
    struct vcpu *next = cpu->next;
    struct vcpu_lookup_entry *table = cpu->lookup_table;
    uint64_t base = cpu->prediction_base;
    memset(cpu, 0, engine->isa->cpu_size);
    cpu->next = next;
    cpu->lookup_table = table;
    cpu->prediction_base = base;
    engine->idle_vcpus--;
    return cpu;
}

static void vcpu_start(struct vcpu *cpu, struct engine *engine, void *user)
{
    cpu->engine = engine;
    cpu->engine_isa = engine->isa;
    cpu->helpers = engine->helpers;
    cpu->user = user;
    cpu->prediction_stack = cpu->prediction_base;
    cpu->lookup = cpu->lookup_table;
    cpu->exclusive_address = ~(uint64_t)0;
    cpu->exit_reason = VCPU_EXIT_NONE;
    if (engine_first_count(engine))
        for (unsigned i = 0; i < VCPU_HOT_COUNTS; i++)
            cpu->hot_counts[i] = engine_first_count(engine);
    engine->isa->cpu_init(cpu);
    if (engine->host->vcpu_init)
        engine->host->vcpu_init(cpu);
}

struct vcpu *vcpu_new(struct engine *engine, void *user)
{
    pthread_mutex_lock(&engine->lock);
    struct vcpu *cpu = take_idle(engine);
    if (cpu)
        vcpu_start(cpu, engine, user);
    pthread_mutex_unlock(&engine->lock);
    if (cpu)
        return cpu;
    if (!(cpu = vcpu_map(engine)))
        return NULL;
    vcpu_start(cpu, engine, user);
    pthread_mutex_lock(&engine->lock);
    cpu->next = engine->vcpus;
    engine->vcpus = cpu;
    pthread_mutex_unlock(&engine->lock);
    return cpu;
}

static void unlist(struct engine *engine, struct vcpu *cpu)
{
    struct vcpu **at = &engine->vcpus;
    while (*at && *at != cpu)
        at = &(*at)->next;
    if (*at)
        *at = cpu->next;
}

void vcpu_free(struct vcpu *cpu)
{
    struct engine *engine = cpu->engine;
    if (engine->host->vcpu_free)
        engine->host->vcpu_free(cpu);
    pthread_mutex_lock(&engine->lock);
    engine->statistics.slow_paths += cpu->slow_paths;
    cpu->slow_paths = 0;
    cpu->in_code = 0;
    bool keep = engine->idle_vcpus < MAXIMUM_IDLE;
    if (keep) {
        cpu->idle = 1;
        engine->idle_vcpus++;
    } else {
        unlist(engine, cpu);
    }
    pthread_mutex_unlock(&engine->lock);
    if (!keep)
        vcpu_unmap(cpu, engine->isa->cpu_size);
}

void engine_before_fork(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
}

void engine_after_fork(struct engine *engine, struct vcpu *self, bool in_child)
{
    if (in_child) {
        /* The other threads' vcpus stay mapped (their pages are shared until written) but nobody runs them. */
        struct vcpu **at = &engine->vcpus;
        while (*at)
            if (*at == self || (*at)->idle)
                at = &(*at)->next;
            else
                *at = (*at)->next;
        engine->stopping = 0;
        engine->hot_time = 0;             /* as the child's processor time */
        pthread_mutex_init(&engine->lock, NULL);
        engine_image_saved(engine);       /* by the parent, which will */
        return;
    }
    pthread_mutex_unlock(&engine->lock);
}

/* May be called by a helper, in the middle of code that this makes void: so the change is only noted here, and made when this thread
 * next comes to engine_run, which the interrupt sees to. */
void engine_set_mode(struct vcpu *cpu, uint32_t mode_bits)
{
    atomic_fetch_or((_Atomic uint32_t *)&cpu->engine->wanted_mode, mode_bits);
    if (cpu->engine->wanted_mode != cpu->engine->mode)
        engine_interrupt(cpu);
}

void engine_apply_mode(struct engine *engine, struct vcpu *self)
{
    pthread_mutex_lock(&engine->lock);
    if (engine->mode != engine->wanted_mode) {
        engine->mode = engine->wanted_mode;
        engine_evict_all(engine, self);
    }
    if (engine->images_doomed)
        engine_drop_doomed(engine, self);
    pthread_mutex_unlock(&engine->lock);
}

void engine_get_statistics(const struct engine *engine, struct engine_statistics *out)
{
    *out = engine->statistics;
    for (const struct vcpu *cpu = engine->vcpus; cpu; cpu = cpu->next)
        out->slow_paths += cpu->slow_paths;
}

/* The flags field is kept in the host's order of bits; everybody outside sees NZCV in bits 31..28. */
static uint32_t flags_from_home(uint32_t home)
{
    return (home >> 15 & 1) << 31 | (home >> 14 & 1) << 30 | (home >> 8 & 1) << 29 | (home & 1) << 28;
}

static uint32_t flags_to_home(uint32_t nzcv)
{
    return (nzcv >> 31 & 1) << 15 | (nzcv >> 30 & 1) << 14 | (nzcv >> 29 & 1) << 8 | (nzcv >> 28 & 1);
}

void vcpu_read_field(const struct vcpu *cpu, unsigned field, void *value)
{
    const struct guest_field *f = &cpu->engine->isa->fields[field];
    if (f->type == IR_FLAGS) {
        uint32_t nzcv = flags_from_home(cpu->flags);
        memcpy(value, &nzcv, sizeof nzcv);
        return;
    }
    memcpy(value, (const uint8_t *)cpu + f->offset, ir_type_bytes(f->type));
}

void vcpu_write_field(struct vcpu *cpu, unsigned field, const void *value)
{
    const struct guest_field *f = &cpu->engine->isa->fields[field];
    if (f->type == IR_FLAGS) {
        uint32_t nzcv;
        memcpy(&nzcv, value, sizeof nzcv);
        cpu->flags = flags_to_home(nzcv);
        return;
    }
    memcpy((uint8_t *)cpu + f->offset, value, ir_type_bytes(f->type));
}
