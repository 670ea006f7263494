/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The loop around translated code: look up, translate if new, link, jump in; and what stubs call.
 */
#include "translate/engine/engine.h"

#include <stdatomic.h>
#include <string.h>

void engine_interrupt(struct vcpu *cpu)
{
    atomic_store((_Atomic uint32_t *)&cpu->pending, 1);
    atomic_store((_Atomic(struct vcpu_lookup_entry *) *)&cpu->lookup, cpu->engine->empty_table);
}

static void clear_pending(struct vcpu *cpu)
{
    atomic_store((_Atomic(struct vcpu_lookup_entry *) *)&cpu->lookup, cpu->lookup_table);
    atomic_store((_Atomic uint32_t *)&cpu->pending, 0);
}

static void leave_with(struct vcpu *cpu, enum vcpu_exit reason, guest_addr pc)
{
    cpu->pc = pc;
    cpu->exit_reason = reason;
}

/* While it waits for the lock a thread counts as being outside: it holds no code address that it will use afterwards. */
static void engine_lock(struct engine *engine, struct vcpu *cpu)
{
    if (pthread_mutex_trylock(&engine->lock) == 0)
        return;
    atomic_store((_Atomic uint8_t *)&cpu->in_code, 0);
    pthread_mutex_lock(&engine->lock);
    atomic_store((_Atomic uint8_t *)&cpu->in_code, 1);
}

bool engine_lock_for_code(struct engine *engine, struct vcpu *cpu)
{
    uint64_t evictions = engine->evictions;
    engine_lock(engine, cpu);
    if (engine->evictions == evictions)
        return true;
    pthread_mutex_unlock(&engine->lock);
    return false;
}

static bool can_fetch(const struct engine *engine, struct vcpu *cpu, guest_addr pc)
{
    uint8_t bytes[16];
    size_t size = (size_t)1 << engine->isa->insn_align;
    if (pc & (size - 1)) {
        leave_with(cpu, VCPU_EXIT_ALIGNMENT, pc);
        cpu->fault_address = pc;
        return false;
    }
    if (engine->options.fetch(engine->options.user, pc, bytes, size))
        return true;
    leave_with(cpu, VCPU_EXIT_FETCH_FAULT, pc);
    cpu->fault_address = pc;
    return false;
}

struct code_block *engine_find_block(struct engine *engine, guest_addr pc)
{
    struct code_block *block = block_find(engine, pc);
    return block ? block : images_block(engine, pc);
}

/* The block at pc, made if need be. engine->lock held. NULL: it cannot be fetched; exit_reason is set. */
static struct code_block *find_or_translate(struct engine *engine, struct vcpu *cpu, guest_addr pc)
{
    struct code_block *block = engine_find_block(engine, pc);
    if (block)
        return block;
    engine->statistics.lookup_misses++;
    if (!can_fetch(engine, cpu, pc))
        return NULL;
    if (engine->image_space && engine->options.image_wanted(engine->options.user, pc, engine->mode) && (block = engine_find_block(engine, pc)))
        return block;
    while (!(block = block_translate(engine, pc)))
        engine_evict(engine, cpu);
    return block;
}

/* block: NULL for code of an image that has none yet, which does not go away while a thread is in translated code. */
static void remember_lookup(struct vcpu *cpu, guest_addr pc, const void *code, const struct code_block *block)
{
    if (cpu->engine->options.no_link)
        return;
    size_t slot = (pc >> 2) % VCPU_LOOKUP_ENTRIES;
    struct vcpu_lookup_entry *entry = &cpu->lookup_table[slot];
    entry->pc = lookup_nothing(slot);
    atomic_signal_fence(memory_order_seq_cst);
    entry->code = code;
    atomic_store((_Atomic guest_addr *)&entry->pc, pc);
    if (block && atomic_load((const _Atomic bool *)&block->dead))
        entry->pc = lookup_nothing(slot);
}

const void *engine_lookup(struct vcpu *cpu, guest_addr pc)
{
    struct engine *engine = cpu->engine;
    if (cpu->pending) {
        leave_with(cpu, VCPU_EXIT_PENDING, pc);
        return NULL;
    }
    struct code_block *block = block_find(engine, pc);
    const void *code = block ? block->entry : images_find(engine, pc, NULL);
    engine->statistics.lookups++;
    engine_trace_run(engine, cpu, pc);
    if (!code) {
        engine_lock(engine, cpu);
        block = find_or_translate(engine, cpu, pc);
        code = block ? block->entry : NULL;
        if (block)
            remember_lookup(cpu, pc, code, block);
        pthread_mutex_unlock(&engine->lock);
        return code;
    }
    remember_lookup(cpu, pc, code, block);
    return code;
}

const void *engine_link_exit(struct vcpu *cpu, const uint8_t *word)
{
    struct engine *engine = cpu->engine;
    uint64_t evictions = engine->evictions;
    struct block_exit *exit;
    uint64_t value;
    memcpy(&value, word, sizeof value);
    bool of_image = value & 1;            /* image.h: no exit's address is odd */
    memcpy(&exit, word, sizeof exit);
    guest_addr pc = of_image ? images_exit_target(engine, word, value) : exit->host.target;
    if (cpu->pending) {
        leave_with(cpu, VCPU_EXIT_PENDING, pc);
        return NULL;
    }
    engine_trace_run(engine, cpu, pc);
    engine_lock(engine, cpu);
    struct code_block *to = find_or_translate(engine, cpu, pc);
    const void *code = to ? to->entry : NULL;
    bool may_link = to && !engine->options.no_link && engine->evictions == evictions;
    if (may_link && of_image)
        exit = images_exit(engine, word, value);
    if (may_link && exit && !exit->from->dead && !exit->to) {
        code_space_open(engine);
        block_link(engine, exit, to);
        code_space_close(engine);
    }
    pthread_mutex_unlock(&engine->lock);
    return code;
}

/* Dekker with stop_world: either it sees in_code, or this sees `stopping`. */
static void enter_code(struct engine *engine, struct vcpu *cpu)
{
    for (;;) {
        atomic_store((_Atomic uint8_t *)&cpu->in_code, 1);
        if (!atomic_load((_Atomic uint32_t *)&engine->stopping))
            return;
        atomic_store((_Atomic uint8_t *)&cpu->in_code, 0);
        pthread_mutex_lock(&engine->lock);
        pthread_mutex_unlock(&engine->lock);
    }
}

enum vcpu_exit engine_run(struct vcpu *cpu)
{
    struct engine *engine = cpu->engine;
    for (;;) {
        if (engine->mode != engine->wanted_mode || engine->images_doomed)
            engine_apply_mode(engine, cpu);
        enter_code(engine, cpu);
        cpu->exit_reason = VCPU_EXIT_NONE;
        const void *code = engine_lookup(cpu, cpu->pc);
        if (code)
            engine->host->run(cpu, code);
        atomic_store((_Atomic uint8_t *)&cpu->in_code, 0);
        if (cpu->exit_reason == VCPU_EXIT_BARRIER)
            continue;
        if (cpu->exit_reason == VCPU_EXIT_PENDING)
            clear_pending(cpu);
        return cpu->exit_reason;
    }
}
