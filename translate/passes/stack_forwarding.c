/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Stack slots: a load of what this block stored to the same slot is the stored value. Slots are told apart by root (the value that
 * sp or fp is so many bytes away from) and offset. A store through anything else may write any slot, and so may helpers and
 * atomics; an acquiring access or a fence ends all knowledge. The store itself always stays.
 */
#include "translate/ir/simplify.h"
#include "translate/passes/passes.h"
#include "translate/passes/scan.h"

#define SLOT_COUNT 16
#define CHAIN_LIMIT 8

struct slot { ir_ref root, store; int64_t offset; unsigned bytes; };
struct slots { struct slot at[SLOT_COUNT]; unsigned count, next; };

/* The root and offset of a stack access. */
static void locate(const struct ir_region *region, const struct ir_insn *insn, struct slot *slot)
{
    uint64_t offset = insn->imm;
    ir_ref root = insn->a;
    for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
        const struct ir_insn *sum = ir_at(region, root);
        if ((sum->op != IR_add && sum->op != IR_sub) || sum->type != IR_I64 || !is_plain_constant(region, sum->b))
            break;
        uint64_t addend = ir_at(region, sum->b)->imm;
        offset += sum->op == IR_add ? addend : 0 - addend;
        root = sum->a;
    }
    *slot = (struct slot){.root = root, .offset = (int64_t)offset, .bytes = 1u << IR_MEM_SIZE(insn->mem)};
}

static bool is_stack_access(const struct ir_insn *insn)
{
    return insn->mem & IR_MEM_STACK && insn->b == IR_NONE;
}

static bool may_overlap(const struct slot *x, const struct slot *y)
{
    if (x->root != y->root)
        return true;
    uint64_t ahead = (uint64_t)y->offset - (uint64_t)x->offset, behind = 0 - ahead;
    return ahead < x->bytes || behind < y->bytes;
}

static void note_store(struct slots *slots, const struct ir_region *region, const struct ir_insn *insn, ir_ref ref)
{
    struct slot written;
    if (!is_stack_access(insn)) {
        slots->count = 0;
        return;
    }
    locate(region, insn, &written);
    written.store = ref;
    unsigned kept = 0;
    for (unsigned i = 0; i < slots->count; i++)
        if (!may_overlap(&slots->at[i], &written))
            slots->at[kept++] = slots->at[i];
    if (kept == SLOT_COUNT)
        slots->at[slots->next++ % SLOT_COUNT] = written;
    else
        slots->at[kept++] = written;
    slots->count = kept;
}

/* Rewrites the load into what the stored value gives it, in place; or returns the stored value itself. IR_NONE: neither. */
static ir_ref convert(struct ir_region *region, struct ir_insn *load, const struct ir_insn *store, bool *rewritten)
{
    unsigned bytes = 1u << IR_MEM_SIZE(load->mem), type_bytes = ir_type_bytes(load->type);
    unsigned stored_type = ir_result_type(ir_at(region, store->c));
    bool whole = bytes == type_bytes;
    if (whole && stored_type == load->type)
        return store->c;
    if (load->type > IR_I64 || stored_type > IR_I64 || load->type < IR_I32)
        return IR_NONE;
    struct ir_insn conversion = {.type = load->type, .a = store->c, .b = IR_NONE, .c = IR_NONE, .uses = load->uses};
    if (whole) {
        conversion.op = IR_truncate;      /* an i32 of an i64 of which 4 bytes were stored */
    } else {
        conversion.op = load->mem & IR_MEM_SIGNED ? IR_sign_extend : IR_zero_extend;
        conversion.lane = (uint8_t)IR_MEM_SIZE(load->mem);
    }
    ir_drop_operands(region, load);
    ir_count_operands(region, &conversion);
    *load = conversion;
    *rewritten = true;
    return IR_NONE;
}

static ir_ref forward(const struct slots *slots, struct ir_region *region, struct ir_insn *load, bool *rewritten)
{
    const uint16_t order = IR_MEM_BIG_ENDIAN | IR_MEM_ALIGNED;
    struct slot wanted;
    locate(region, load, &wanted);
    for (unsigned i = slots->count; i-- > 0;) {
        const struct slot *slot = &slots->at[i];
        const struct ir_insn *store = ir_at(region, slot->store);
        if (slot->root == wanted.root && slot->offset == wanted.offset && slot->bytes == wanted.bytes &&
            !((store->mem ^ load->mem) & order))
            return convert(region, load, store, rewritten);
    }
    return IR_NONE;
}

/* Whether whatever the instruction does may change a slot, or lets other threads' writes be seen. */
static bool ends_knowledge(const struct ir_region *region, const struct ir_insn *insn)
{
    if (insn->op == IR_helper)
        return helper_effects(region, insn) & (HELPER_MAY_FAULT | HELPER_READS_STATE | HELPER_WRITES_STATE);
    return ir_op_info[insn->op].effects & (IR_MEMORY_WRITE | IR_MEMORY_READ) &&
           (insn->op != IR_load || insn->mem & (IR_MEM_ACQUIRE | IR_MEM_SEQUENTIAL));
}

static bool forward_block(struct ir_region *region, const struct ir_block *block, ir_ref *map)
{
    struct slots slots = {.count = 0};
    bool changed = false;
    for (ir_ref ref = block->first; ref < block->first + block->count; ref++) {
        struct ir_insn *insn = ir_at(region, ref);
        map[ref] = ref;
        if (insn_is_removed(insn))
            continue;
        if (changed) {
            ir_drop_operands(region, insn);
            map_operands(insn, map);
            ir_count_operands(region, insn);
        }
        if (insn->op == IR_store && !(insn->mem & (IR_MEM_RELEASE | IR_MEM_SEQUENTIAL))) {
            note_store(&slots, region, insn, ref);
        } else if (ends_knowledge(region, insn)) {
            slots.count = 0;
        } else if (insn->op == IR_load && slots.count && is_stack_access(insn)) {
            ir_ref value = forward(&slots, region, insn, &changed);
            if (value != IR_NONE) {
                map[ref] = value;
                insn->note |= IR_NOTE_REMOVED;
                ir_drop_operands(region, insn);
                changed = true;
            }
        }
    }
    return changed;
}

bool pass_stack_forwarding(struct ir_region *region, const struct pass_context *context)
{
    (void)context;
    ir_ref *map = arena_allocate(region->arena, region->count * sizeof *map);
    bool changed = false;
    for (uint32_t i = 0; i < region->block_count; i++)
        changed |= forward_block(region, &region->blocks[i], map);
    if (changed)
        region->seen |= IR_SEEN_UNFOLDED;
    return changed;
}
