/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The text form of a region. parse.c reads it back to the same instructions, so a pass is tested by text in, text out.
 *
 *     region 0x400000 isa aarch64 end 0x400010 insns 4 mode 0x1     the last three only where they say something
 *     block 0x400000
 *       insn_start 0x400000
 *       %1 = get i64 x0                                   a field by its name
 *       %2 = constant i64 0x10
 *       %3 = add i64 %1, %2                               operation, type, operands; `_` is an absent operand
 *       put x0, %3
 *       %5 = zero_extend.32 i64 %3                        .8 .16 .32 .64: the lane
 *       %6 = extract_unsigned i64 %3, lsb 4, width 8
 *       %7 = load i32 size 4 signed acquire [%1 + %2 << 2 - 0x10]
 *       store i32 size 4 stack [%1], %7
 *       %9 = atomic i64 add size 8 [%1], %3
 *       %10 = flags_sub i64 %1, %3
 *       %11 = select i64 ne %10, %1, %3                   a condition, rounding mode or kind before the operands
 *       %12 = helper i64 read_counter, %1, _, %3, extra 0x5
 *       exit_if eq %10 -> 0x400020 {backward flags_dead}  notes in braces
 *       %14 = vector_shl.16 v128 %13, imm 0x3             imm where it is not zero
 *       trap syscall, imm 0x0
 *
 * A value's number is its instruction's place in the array; the parser takes any numbers that are defined before they are
 * used. `#` starts a comment.
 */
#include "translate/ir/text.h"

#include "translate/guest/guest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const struct ir_bit_name ir_note_names[IR_NOTE_NAMES] = {
    {IR_NOTE_GUEST_PC, "guest_pc"}, {IR_NOTE_BACKWARD, "backward"}, {IR_NOTE_FLAGS_DEAD, "flags_dead"},
    {IR_NOTE_FLAGS_IN_HOST, "flags_in_host"}, {IR_NOTE_REMOVED, "removed"}, {IR_NOTE_FLAGS_PAIR, "flags_pair"},
    {IR_NOTE_FLAGS_KEPT, "flags_kept"},
};
const struct ir_bit_name ir_mem_names[IR_MEM_NAMES] = {
    {IR_MEM_SIGNED, "signed"}, {IR_MEM_BIG_ENDIAN, "big_endian"}, {IR_MEM_ACQUIRE, "acquire"}, {IR_MEM_RELEASE, "release"},
    {IR_MEM_SEQUENTIAL, "sequential"}, {IR_MEM_ALIGNED, "aligned"}, {IR_MEM_STACK, "stack"},
};

static const char *const fence_names[] = {"load", "store", "full", "instruction"};
static const char *const trap_names[VCPU_EXIT_COUNT] = {
    "none", "syscall", "undefined", "breakpoint", "fetch_fault", "alignment", "barrier", "fault", "pending",
};

enum ir_form ir_form_of(unsigned op)
{
    switch (op) {
    case IR_constant: return FORM_CONSTANT;
    case IR_get: case IR_put: return FORM_FIELD;
    case IR_load: case IR_store: case IR_load_exclusive: case IR_store_exclusive: case IR_atomic: case IR_compare_and_swap:
        return FORM_MEMORY;
    case IR_exit_if: case IR_jump: case IR_call: return FORM_TARGET;
    case IR_extract_unsigned: case IR_extract_signed: case IR_deposit: return FORM_BITS;
    case IR_helper: return FORM_HELPER;
    case IR_insn_start: return FORM_INSN_START;
    default: return FORM_PLAIN;
    }
}

struct ir_words ir_cond_words(unsigned op)
{
    switch (op) {
    case IR_set_if: case IR_select: case IR_exit_if: case IR_flags_conditional:
        return (struct ir_words){ir_cond_name, 16};
    case IR_float_round: case IR_float_to_signed: case IR_float_to_unsigned: case IR_vector_float_round:
    case IR_vector_float_to_signed: case IR_vector_float_to_unsigned:
        return (struct ir_words){ir_rounding_name, 6};
    case IR_atomic: return (struct ir_words){ir_atomic_name, 10};
    case IR_fence: return (struct ir_words){fence_names, 4};
    case IR_trap: return (struct ir_words){trap_names, VCPU_EXIT_COUNT};
    default: return (struct ir_words){NULL, 0};
    }
}

bool ir_uses_lane(unsigned op)
{
    switch (op) {
    case IR_sign_extend: case IR_zero_extend: case IR_byte_swap: case IR_crc32: case IR_float_convert: case IR_float_to_signed:
    case IR_float_to_unsigned: case IR_float_from_signed: case IR_float_from_unsigned: case IR_vector_from_float:
        return true;
    case IR_vector_and: case IR_vector_or: case IR_vector_xor: case IR_vector_and_not: case IR_vector_not: case IR_vector_select:
    case IR_vector_low: case IR_vector_high: case IR_vector_combine: case IR_vector_extract_bytes: case IR_vector_table:
        return false;
    default:
        return op >= IR_vector_and && op <= IR_vector_float_narrow;
    }
}

struct writer { char *buffer; size_t size, length; };

static void __attribute__((format(printf, 2, 3))) put_text(struct writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = w->length < w->size ? w->size - w->length : 0;
    int length = vsnprintf(room ? w->buffer + w->length : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        w->length += (size_t)length;
}

static void put_ref(struct writer *w, ir_ref ref)
{
    if (ref == IR_NONE)
        put_text(w, "_");
    else
        put_text(w, "%%%" PRIu32, ref);
}

static void put_operands(struct writer *w, const struct ir_insn *insn, unsigned count, const char *separator)
{
    const ir_ref operands[] = {insn->a, insn->b, insn->c};
    for (unsigned i = 0; i < count; i++) {
        put_text(w, "%s", separator);
        put_ref(w, operands[i]);
        separator = ", ";
    }
}

static void put_field(struct writer *w, const struct ir_region *region, uint64_t field)
{
    if (region->isa && field < region->isa->field_count)
        put_text(w, " %s", region->isa->fields[field].name);
    else
        put_text(w, " field_%" PRIu64, field);
}

static void put_signed(struct writer *w, uint64_t value)
{
    if ((int64_t)value < 0)
        put_text(w, " - 0x%" PRIx64, 0 - value);
    else if (value)
        put_text(w, " + 0x%" PRIx64, value);
}

/* The operands of memory operations after the address. */
static unsigned address_operands(unsigned op) { return op == IR_load || op == IR_store ? 2 : 1; }

static void put_memory(struct writer *w, const struct ir_insn *insn)
{
    const ir_ref operands[] = {insn->a, insn->b, insn->c};
    unsigned first = address_operands(insn->op), count = ir_op_info[insn->op].operands;
    put_text(w, " size %u", 1u << IR_MEM_SIZE(insn->mem));
    for (unsigned i = 0; i < IR_MEM_NAMES; i++)
        if (insn->mem & ir_mem_names[i].bit)
            put_text(w, " %s", ir_mem_names[i].name);
    put_text(w, " [");
    put_ref(w, insn->a);
    if (first == 2 && insn->b != IR_NONE) {
        put_text(w, " + %%%" PRIu32, insn->b);
        if (IR_MEM_SCALE(insn->mem))
            put_text(w, " << %u", IR_MEM_SCALE(insn->mem));
    }
    put_signed(w, insn->imm);
    put_text(w, "]");
    for (unsigned i = first; i < count; i++) {
        put_text(w, ", ");
        put_ref(w, operands[i]);
    }
}

static void put_helper(struct writer *w, const struct ir_region *region, const struct ir_insn *insn)
{
    unsigned number = insn->imm & 0xffff;
    unsigned count = insn->c != IR_NONE ? 3 : insn->b != IR_NONE ? 2 : insn->a != IR_NONE ? 1 : 0;
    if (region->isa && number < region->isa->helper_count)
        put_text(w, " %s", region->isa->helpers[number].name);
    else
        put_text(w, " helper_%u", number);
    put_operands(w, insn, count, ", ");
    if (insn->imm >> 16)
        put_text(w, ", extra 0x%" PRIx64, insn->imm >> 16);
}

static void put_plain(struct writer *w, const struct ir_insn *insn, const char *separator)
{
    unsigned count = ir_op_info[insn->op].operands;
    put_operands(w, insn, count, separator);
    if (insn->imm)
        put_text(w, "%s imm 0x%" PRIx64, count || insn->op == IR_trap ? "," : "", insn->imm);
}

static void put_body(struct writer *w, const struct ir_region *region, const struct ir_insn *insn)
{
    switch (ir_form_of(insn->op)) {
    case FORM_CONSTANT:
    case FORM_INSN_START:
        put_text(w, " 0x%" PRIx64, insn->imm);
        break;
    case FORM_FIELD:
        put_field(w, region, insn->imm);
        put_operands(w, insn, ir_op_info[insn->op].operands, ", ");
        break;
    case FORM_MEMORY:
        put_memory(w, insn);
        break;
    case FORM_TARGET:
        put_operands(w, insn, ir_op_info[insn->op].operands, " ");
        put_text(w, " -> 0x%" PRIx64, insn->imm);
        break;
    case FORM_BITS:
        put_operands(w, insn, ir_op_info[insn->op].operands, " ");
        put_text(w, ", lsb %u, width %u", (unsigned)insn->imm & 0xff, (unsigned)(insn->imm >> 8) & 0xff);
        break;
    case FORM_HELPER:
        put_helper(w, region, insn);
        break;
    case FORM_PLAIN:
        put_plain(w, insn, " ");
        break;
    }
}

static void put_insn(struct writer *w, const struct ir_region *region, ir_ref ref)
{
    const struct ir_insn *insn = ir_at(region, ref);
    const struct ir_words words = ir_cond_words(insn->op);
    put_text(w, "  ");
    if (ir_result_type(insn) != IR_VOID)
        put_text(w, "%%%" PRIu32 " = ", ref);
    put_text(w, "%s", ir_op_info[insn->op].name);
    if (insn->lane || ir_uses_lane(insn->op))
        put_text(w, ".%u", 8u << insn->lane);
    if ((insn->type != IR_VOID && insn->op != IR_put) || insn->op == IR_helper)
        put_text(w, " %s", insn->type < IR_TYPE_COUNT ? ir_type_name[insn->type] : "bad_type");
    if (insn->cond < words.count)
        put_text(w, " %s", words.names[insn->cond]);
    put_body(w, region, insn);
    if (insn->cond && insn->cond >= words.count)
        put_text(w, ", cond %u", insn->cond);
    bool first = true;
    for (unsigned i = 0; i < IR_NOTE_NAMES; i++) {
        if (insn->note & ir_note_names[i].bit) {
            put_text(w, "%s%s", first ? " {" : " ", ir_note_names[i].name);
            first = false;
        }
    }
    put_text(w, first ? "\n" : "}\n");
}

size_t ir_print(const struct ir_region *region, char *buffer, size_t size)
{
    struct writer w = {buffer, size, 0};
    put_text(&w, "region 0x%" PRIx64 " isa %s", region->pc, region->isa ? region->isa->name : "none");
    if (region->guest_end != region->pc)
        put_text(&w, " end 0x%" PRIx64, region->guest_end);
    if (region->guest_insns)
        put_text(&w, " insns %" PRIu32, region->guest_insns);
    if (region->mode)
        put_text(&w, " mode 0x%" PRIx32, region->mode);
    put_text(&w, "\n");
    for (uint32_t i = 0; i < region->block_count; i++) {
        const struct ir_block *block = &region->blocks[i];
        put_text(&w, "block 0x%" PRIx64 "\n", block->pc);
        for (ir_ref ref = block->first; ref < block->first + block->count; ref++)
            put_insn(&w, region, ref);
    }
    return w.length;
}
