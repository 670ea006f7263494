/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Links between blocks: patched direct jumps, kept as lists so that they can be taken back. engine->lock is held.
 */
#include "translate/engine/engine.h"

void block_link(struct engine *engine, struct block_exit *exit, struct code_block *to)
{
    uint8_t *site = exit->from->host.code + exit->host.site;
    if (exit->from->image && !image_open(engine, exit->from->image))
        return;
    exit->to = to;
    exit->was_taken = true;
    exit->next_incoming = to->incoming;
    to->incoming = exit;
    engine->host->link(site, to->entry);
    engine->statistics.links++;
}

static void unpatch(struct engine *engine, struct block_exit *exit)
{
    uint8_t *code = exit->from->host.code;
    engine->host->link(code + exit->host.site, code + exit->host.stub);
    exit->to = NULL;
}

void block_unlink_incoming(struct engine *engine, struct code_block *block)
{
    struct block_exit *next;
    for (struct block_exit *exit = block->incoming; exit; exit = next) {
        next = exit->next_incoming;
        unpatch(engine, exit);
        exit->next_incoming = NULL;
    }
    block->incoming = NULL;
}

static void incoming_remove(struct code_block *to, const struct block_exit *exit)
{
    for (struct block_exit **at = &to->incoming; *at; at = &(*at)->next_incoming) {
        if (*at == exit) {
            *at = exit->next_incoming;
            return;
        }
    }
}

void block_unlink_outgoing(struct engine *engine, struct code_block *block)
{
    for (uint32_t i = 0; i < block->host.exit_count; i++) {
        struct block_exit *exit = &block->exits[i];
        if (!exit->to)
            continue;
        incoming_remove(exit->to, exit);
        unpatch(engine, exit);
    }
}
