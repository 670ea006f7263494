/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Common subexpressions: a pure operation on the same operands as an earlier one of the block is that earlier value. Loads are
 * never merged: another thread may write between them. The table forgets on collision, so its cost is bounded.
 */
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

#include <string.h>

static uint32_t hash_insn(const struct ir_insn *insn)
{
    uint64_t operands = insn->a + (uint64_t)insn->b;       /* the same for both orders */
    uint64_t h = (insn->op | insn->type << 8 | insn->lane << 12 | (uint64_t)insn->cond << 16) * 0x9e3779b97f4a7c15;
    h ^= (operands + ((uint64_t)insn->c << 20)) * 0xff51afd7ed558ccd;
    h ^= insn->imm * 0xc4ceb9fe1a85ec53;
    return (uint32_t)(h >> 32);
}

static bool same_value(const struct ir_insn *x, const struct ir_insn *y)
{
    if (x->op != y->op || x->type != y->type || x->lane != y->lane || x->cond != y->cond || x->imm != y->imm || x->c != y->c ||
        (x->note ^ y->note) & IR_NOTE_GUEST_PC)
        return false;
    if (x->a == y->a && x->b == y->b)
        return true;
    return ir_op_info[x->op].effects & IR_COMMUTES && x->a == y->b && x->b == y->a;
}

struct table { ir_ref *slots; uint32_t mask; };   /* slots hold the ref + 1, 0 when empty */

/* The earlier instruction that computes the same, or ref itself, now entered. */
static ir_ref find_or_enter(struct table *table, const struct ir_region *region, ir_ref ref)
{
    uint32_t at = hash_insn(ir_at(region, ref)) & table->mask;
    ir_ref *slot = &table->slots[at];
    if (*slot && !same_value(ir_at(region, *slot - 1), ir_at(region, ref)))
        slot = &table->slots[at ^ 1];
    if (*slot && same_value(ir_at(region, *slot - 1), ir_at(region, ref)))
        return *slot - 1;
    *slot = ref + 1;
    return ref;
}

static bool merge_block(struct ir_region *region, const struct ir_block *block, struct table *table, ir_ref *map)
{
    bool changed = false;
    for (ir_ref ref = block->first; ref < block->first + block->count; ref++) {
        struct ir_insn *insn = ir_at(region, ref);
        map[ref] = ref;
        if (insn_is_removed(insn))
            continue;
        map_operands(insn, map);
        if (!insn_is_pure(region, insn) || ir_op_info[insn->op].effects & IR_MARKER)
            continue;
        map[ref] = find_or_enter(table, region, ref);
        if (map[ref] != ref) {
            insn->note |= IR_NOTE_REMOVED;
            changed = true;
        }
    }
    return changed;
}

bool pass_common_subexpressions(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    uint32_t size = 64;
    while (size < region->count * 2)
        size *= 2;
    struct table table = {arena_allocate(region->arena, size * sizeof(ir_ref)), size - 1};
    ir_ref *map = arena_allocate(region->arena, region->count * sizeof *map);
    bool changed = false;
    for (uint32_t i = 0; i < region->block_count; i++) {
        if (i)
            memset(table.slots, 0, size * sizeof(ir_ref));
        changed |= merge_block(region, &region->blocks[i], &table, map);
    }
    return changed;
}
