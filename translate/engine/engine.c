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

#define LOOKUP_BYTES (VCPU_LOOKUP_ENTRIES * sizeof(struct vcpu_lookup_entry))

static void *map_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
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
    struct engine *engine = map_memory(sizeof *engine);
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

static bool prediction_stack_new(struct vcpu *cpu)
{
    uint8_t *stack = map_memory(PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES);
    if (!stack)
        return false;
    mprotect(stack, PREDICTION_GUARD_BYTES, PROT_NONE);
    cpu->prediction_base = (uint64_t)(stack + PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES - PREDICTION_MARGIN);
    cpu->prediction_stack = cpu->prediction_base;
    for (uint64_t *at = (uint64_t *)cpu->prediction_base; at < (uint64_t *)(cpu->prediction_base + PREDICTION_MARGIN); at++)
        *at = 1;                          /* hardly a guest returns to an odd address; the host copes with the one that does */
    return true;
}

struct vcpu *vcpu_new(struct engine *engine, void *user)
{
    struct vcpu *cpu = map_memory(engine->isa->cpu_size);
    if (!cpu)
        return NULL;
    cpu->engine = engine;
    cpu->engine_isa = engine->isa;
    cpu->helpers = engine->helpers;
    cpu->user = user;
    cpu->lookup_table = map_memory(LOOKUP_BYTES);
    if (!cpu->lookup_table || !prediction_stack_new(cpu))
        return NULL;
    cpu->lookup_table[0].pc = lookup_nothing(0);
    cpu->lookup = cpu->lookup_table;
    cpu->exclusive_address = ~(uint64_t)0;
    cpu->exit_reason = VCPU_EXIT_NONE;
    engine->isa->cpu_init(cpu);
    if (engine->host->vcpu_init)
        engine->host->vcpu_init(cpu);
    pthread_mutex_lock(&engine->lock);
    cpu->next = engine->vcpus;
    engine->vcpus = cpu;
    pthread_mutex_unlock(&engine->lock);
    return cpu;
}

static void vcpu_unmap(struct vcpu *cpu)
{
    munmap(cpu->lookup_table, LOOKUP_BYTES);
    munmap((void *)(cpu->prediction_base + PREDICTION_MARGIN - PREDICTION_STACK_BYTES - PREDICTION_GUARD_BYTES),
           PREDICTION_GUARD_BYTES + PREDICTION_STACK_BYTES);
    munmap(cpu, cpu->engine->isa->cpu_size);
}

void vcpu_free(struct vcpu *cpu)
{
    struct engine *engine = cpu->engine;
    pthread_mutex_lock(&engine->lock);
    engine->statistics.slow_paths += cpu->slow_paths;
    for (struct vcpu **at = &engine->vcpus; *at; at = &(*at)->next) {
        if (*at == cpu) {
            *at = cpu->next;
            break;
        }
    }
    pthread_mutex_unlock(&engine->lock);
    if (engine->host->vcpu_free)
        engine->host->vcpu_free(cpu);
    vcpu_unmap(cpu);
}

void engine_before_fork(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
}

void engine_after_fork(struct engine *engine, struct vcpu *self, bool in_child)
{
    if (in_child) {
        /* The other threads' vcpus stay mapped (their pages are shared until written) but nobody runs them. */
        engine->vcpus = self;
        self->next = NULL;
        engine->stopping = 0;
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
