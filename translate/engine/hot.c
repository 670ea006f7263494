/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hot tier: loops that have been gone through often are compiled again as one region.
 *
 * Backward jumps of fast code count how often they go to their target (vcpu.hot_counts); when a count overflows, the region at that head is
 * grown: from superblock to superblock, along exits whose targets have been translated, which they are only when they have been run. What cannot come back
 * to the head is left out. The result is published as the block of that pc in place of the fast one, which stays as a dead block: it is revived should the
 * hot one be invalidated. State is canonical at every head, so execution goes over at the next passing of it.
 */
#include "translate/engine/engine.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { PIECES_MAXIMUM = 48, INSNS_MAXIMUM = 1000, EDGES_MAXIMUM = 512, DEPTH_MAXIMUM = 5, DEPTH_WEIGHT = 8, TRIES_MAXIMUM = 3, TIME_SHARE = 16 };

struct edge { uint16_t from, to; };

struct growth {
    struct engine *engine;
    struct host_piece pieces[PIECES_MAXIMUM];
    guest_addr heads[PIECES_MAXIMUM];     /* of all that will be pieces, built or not */
    unsigned count, built;
    uint32_t insns;
    struct edge edges[EDGES_MAXIMUM];
    unsigned edge_count;
    bool too_large, over_calls, has_calls;
};

static int head_index(const struct growth *g, guest_addr pc)
{
    for (unsigned i = 0; i < g->count; i++)
        if (g->heads[i] == pc)
            return (int)i;
    return -1;
}

static bool is_head(const void *growth, guest_addr pc)
{
    return head_index(growth, pc) >= 0;
}

/* Translated, which code is only when it is run; that of an image was, by another process. */
static bool has_run(const struct engine *engine, guest_addr pc)
{
    return block_find(engine, pc) || images_find(engine, pc, NULL);
}

/* The piece at pc, if there is or may be one. is_sure: it has been run. */
static int add_head(struct growth *g, guest_addr pc, bool is_sure)
{
    int index = head_index(g, pc);
    if (index >= 0)
        return index;
    if (g->count == PIECES_MAXIMUM || g->insns >= INSNS_MAXIMUM || !(is_sure || has_run(g->engine, pc)))
        return -1;
    g->heads[g->count] = pc;
    return (int)g->count++;
}

static void add_edge(struct growth *g, unsigned from, guest_addr to, bool is_sure)
{
    int index = add_head(g, to, is_sure);
    if (index < 0)
        return;
    if (g->edge_count == EDGES_MAXIMUM) {
        g->too_large = true;
        return;
    }
    g->edges[g->edge_count++] = (struct edge){(uint16_t)from, (uint16_t)index};
}

/* Where control may go from a piece without leaving for code that nobody knows: a call comes back behind it. */
static void add_edges(struct growth *g, unsigned from)
{
    const struct ir_region *region = g->pieces[from].region;
    for (ir_ref at = region->count; at-- > 0;) {          /* the last exit first: it is what the piece goes on with */
        const struct ir_insn *insn = ir_at(region, at);
        if (insn->note & IR_NOTE_REMOVED)
            continue;
        g->has_calls |= insn->op == IR_call || insn->op == IR_call_indirect;
        if (insn->op == IR_jump || insn->op == IR_exit_if)
            add_edge(g, from, insn->imm, insn->op == IR_jump && insn->imm == region->guest_end);
        else if (!g->over_calls)
            continue;
        else if (insn->op == IR_call)
            add_edge(g, from, ir_at(region, insn->a)->imm, false);
        else if (insn->op == IR_call_indirect)
            add_edge(g, from, ir_at(region, insn->b)->imm, false);
    }
}

static const struct block_exit *exit_to(const struct code_block *block, guest_addr pc)
{
    for (uint32_t i = 0; i < block->host.exit_count; i++)
        if (block->exits[i].host.target == pc)
            return &block->exits[i];
    return NULL;
}

/* Whether an exit of a piece was ever taken: the fast block at its head may know, else whether its target ever ran. */
static bool was_taken(const struct growth *g, const struct code_block *fast, guest_addr target)
{
    const struct block_exit *exit = fast && !fast->image ? exit_to(fast, target) : NULL;
    return exit ? exit->was_taken : has_run(g->engine, target);
}

/* How many instructions of a piece have been run: when its last jump was never taken, what follows its last exit that was taken never ran. */
static unsigned insns_run(const struct growth *g, const struct ir_region *region)
{
    const struct code_block *fast = block_find(g->engine, region->pc);
    unsigned all = region->guest_insns, run = 0;
    if (fast && fast->is_hot)
        return all;
    for (ir_ref at = 0; at < region->count; at++) {
        const struct ir_insn *insn = ir_at(region, at);
        if (insn->note & IR_NOTE_REMOVED)
            continue;
        if (insn->op == IR_exit_if || insn->op == IR_jump || insn->op == IR_call)
            run = was_taken(g, fast, insn->imm) ? insn->mem + 1u : run;
        else if (ir_op_info[insn->op].effects & IR_ENDS_BLOCK)
            run = all;                        /* nobody knows */
    }
    return run && run < all ? run : all;
}

static struct ir_region *build_piece(struct growth *g, guest_addr pc)
{
    unsigned limit = g->engine->options.max_insns;
    struct ir_region *region = block_build(g->engine, pc, limit, is_head, g);
    unsigned run = insns_run(g, region);
    return run < region->guest_insns ? block_build(g->engine, pc, run, is_head, g) : region;
}

static void grow(struct growth *g, guest_addr pc)
{
    g->heads[g->count++] = pc;
    for (; g->built < g->count && !g->too_large; g->built++) {
        struct ir_region *region = build_piece(g, g->heads[g->built]);
        g->pieces[g->built].region = region;
        g->insns += region->guest_insns;
        add_edges(g, g->built);
    }
}

/* -- loops ------------------------------------------------------------------------------------------------------------------- */

/* Marks in `reached` what `from` comes to along edges between what is `inside`; backward: what comes to it. */
static void reach(const struct growth *g, unsigned from, const bool *inside, bool backward, bool *reached)
{
    unsigned waiting[PIECES_MAXIMUM + 1], count = 0;
    memset(reached, 0, PIECES_MAXIMUM * sizeof *reached);
    waiting[count++] = from;
    while (count) {
        unsigned at = waiting[--count];
        for (unsigned i = 0; i < g->edge_count; i++) {
            unsigned start = backward ? g->edges[i].to : g->edges[i].from, end = backward ? g->edges[i].from : g->edges[i].to;
            if (start != at || !inside[end] || reached[end])
                continue;
            reached[end] = true;
            waiting[count++] = end;
        }
    }
}

/* The pieces of the cycle through `head`, if it is in one. */
static bool cycle_of(const struct growth *g, unsigned head, const bool *inside, bool *cycle)
{
    bool after[PIECES_MAXIMUM], before[PIECES_MAXIMUM];
    reach(g, head, inside, false, after);
    reach(g, head, inside, true, before);
    for (unsigned i = 0; i < g->count; i++)
        cycle[i] = after[i] && before[i];
    return cycle[head];
}

/* How deep in loops of the region each piece is: cycles without the outer loop's head are inner loops. */
static void weigh(struct growth *g, unsigned head, const bool *loop, unsigned depth)
{
    bool inside[PIECES_MAXIMUM], seen[PIECES_MAXIMUM] = {false}, cycle[PIECES_MAXIMUM];
    memcpy(inside, loop, sizeof inside);
    inside[head] = false;
    for (unsigned i = 0; i < g->count && depth < DEPTH_MAXIMUM; i++) {
        if (!inside[i] || seen[i] || !cycle_of(g, i, inside, cycle))
            continue;
        for (unsigned j = 0; j < g->count; j++) {
            if (cycle[j]) {
                seen[j] = true;
                g->pieces[j].weight *= DEPTH_WEIGHT;
            }
        }
        weigh(g, i, cycle, depth + 1);
    }
}

/* Keeps the loop of the first piece. false: it is in none. */
static bool keep_loop(struct growth *g)
{
    bool all[PIECES_MAXIMUM], loop[PIECES_MAXIMUM];
    memset(all, 1, sizeof all);
    if (!cycle_of(g, 0, all, loop))
        return false;
    for (unsigned i = 0; i < g->count; i++)
        g->pieces[i].weight = 1;
    weigh(g, 0, loop, 1);
    unsigned kept = 0;
    for (unsigned i = 0; i < g->count; i++)
        if (loop[i])
            g->pieces[kept++] = g->pieces[i];
    g->count = kept;
    return true;
}

/* -- publishing ------------------------------------------------------------------------------------------------------------------ */

static struct code_block *compile(struct engine *engine, struct growth *g)
{
    struct code_segment *segment = &engine->segments[engine->current_segment];
    struct host_code made = {0};
    struct code_block *block = NULL;
    code_space_open(engine);
    if (engine->host->compile_pieces(g->pieces, g->count, engine->region_arena, segment->at, (size_t)(segment->end - segment->at), &made)) {
        guest_addr pc = g->pieces[0].region->pc;
        struct code_block *fast = block_find(engine, pc);
        if (fast) {
            block_kill(engine, fast);
            fast->is_replaced = true;
        }
        block = block_publish_hot(engine, g->pieces, g->count, &made);
        images_redirect(engine, pc, block->entry);
        block_forget_lookups(engine, pc);
        engine->statistics.hot_regions++;
        engine->statistics.hot_insns += block->guest_insns;
    }
    code_space_close(engine);
    return block;
}

/* over_calls: loops that calls are in count too. *has_calls: that may have made a difference. */
static struct code_block *translate_loop(struct engine *engine, guest_addr pc, bool over_calls, bool *has_calls)
{
    arena_reset(engine->region_arena);
    struct growth *g = arena_allocate(engine->region_arena, sizeof *g);
    g->engine = engine;
    g->over_calls = over_calls;
    grow(g, pc);
    *has_calls = g->has_calls;
    if (g->too_large || !keep_loop(g))
        return NULL;
    for (unsigned i = 0; i < g->count; i++)
        engine_trace_guest(engine, g->pieces[i].region);
    struct code_block *block = compile(engine, g);
    if (block)
        engine_trace_host(engine, block);
    return block;
}

/* A region at pc, if there is a loop. Around a call it may not be worth it where the loops inside are: with an image all of a function counts as run,
 * and so all its loops as one. engine->lock held. NULL: the fast code stays. */
static struct code_block *translate_hot(struct engine *engine, guest_addr pc)
{
    bool has_calls;
    struct code_block *block = translate_loop(engine, pc, true, &has_calls);
    return block || !has_calls ? block : translate_loop(engine, pc, false, &has_calls);
}

static uint64_t processor_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Hot regions may cost a sixteenth of the time that the process has used: a compiler has thousands of loops that are warm and few that are hot. */
static void try_hot(struct engine *engine, struct code_block *block)
{
    uint64_t started = processor_time();
    if (engine->options.hot_after > 1 && engine->hot_time * TIME_SHARE > started)
        return;
    if (!translate_hot(engine, block->pc))
        block->hot_tries++;
    engine->hot_time += processor_time() - started;
}

const void *engine_hot(struct vcpu *cpu, guest_addr pc)
{
    struct engine *engine = cpu->engine;
    cpu->hot_counts[vcpu_hot_index(pc)] = engine_first_count(engine);
    /* Code of an image counts whether this process wants to know or not. */
    if (engine->count_step && engine_lock_for_code(engine, cpu)) {
        struct code_block *block = engine_find_block(engine, pc);
        if (block && !block->is_hot && !cpu->pending && block->hot_tries < TRIES_MAXIMUM)
            try_hot(engine, block);
        pthread_mutex_unlock(&engine->lock);
    }
    return engine_lookup(cpu, pc);
}

const void *engine_unfit(struct vcpu *cpu, guest_addr pc)
{
    struct engine *engine = cpu->engine;
    if (engine_lock_for_code(engine, cpu)) {
        struct code_block *block = block_find(engine, pc);
        if (block && block->is_hot) {
            code_space_open(engine);
            block_kill(engine, block);
            code_space_close(engine);
            block = block_translate(engine, pc);
            if (block)
                block->hot_tries = TRIES_MAXIMUM;
        }
        pthread_mutex_unlock(&engine->lock);
    }
    return engine_lookup(cpu, pc);
}
