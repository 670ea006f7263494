/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads the text form that print.c writes and describes. Instructions are stored as they stand, nothing is folded.
 */
#include "translate/ir/simplify.h"
#include "translate/ir/text.h"

#include "common/arena.h"
#include "translate/guest/guest.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_LIMIT (1u << 20)
#define WORD_SIZE 64

struct parser {
    struct arena *arena;
    const struct guest_isa *isa;
    struct ir_region *region;             /* NULL until the region line */
    const char *at;
    unsigned line;
    ir_ref *labels;                       /* by number in the text: the instruction + 1, or 0 */
    uint32_t label_count;
    char *error;
    size_t error_size;
};

static bool __attribute__((format(printf, 2, 3))) fail(struct parser *p, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(p->error, p->error_size, "line %u: ", p->line);
    if (length < 0 || (size_t)length >= p->error_size)
        return false;
    va_start(arguments, format);
    vsnprintf(p->error + length, p->error_size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

/* -- words ------------------------------------------------------------------------------------------------------------ */

static void skip_space(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
}

static bool at_line_end(struct parser *p)
{
    skip_space(p);
    return *p->at == '\0' || *p->at == '\n' || *p->at == '#';
}

static bool accept(struct parser *p, const char *text)
{
    skip_space(p);
    size_t length = strlen(text);
    if (strncmp(p->at, text, length) != 0)
        return false;
    p->at += length;
    return true;
}

static bool expect(struct parser *p, const char *text)
{
    return accept(p, text) || fail(p, "expected '%s'", text);
}

static bool is_word_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The word ahead, without taking it. Empty if there is none. */
static size_t peek_word(struct parser *p, char word[WORD_SIZE])
{
    skip_space(p);
    size_t length = 0;
    while (is_word_char(p->at[length]) && length < WORD_SIZE - 1) {
        word[length] = p->at[length];
        length++;
    }
    word[length] = '\0';
    return length;
}

static bool accept_word(struct parser *p, const char *wanted)
{
    char word[WORD_SIZE];
    size_t length = peek_word(p, word);
    if (strcmp(word, wanted) != 0)
        return false;
    p->at += length;
    return true;
}

static bool take_word(struct parser *p, char word[WORD_SIZE], const char *what)
{
    size_t length = peek_word(p, word);
    if (length == 0)
        return fail(p, "expected %s", what);
    p->at += length;
    return true;
}

static bool take_number(struct parser *p, uint64_t *value, uint64_t limit)
{
    skip_space(p);
    if (!isdigit((unsigned char)*p->at))
        return fail(p, "expected a number");
    char *end;
    errno = 0;
    *value = strtoull(p->at, &end, 0);
    if (errno || *value > limit || is_word_char(*end))
        return fail(p, "bad number");
    p->at = end;
    return true;
}

/* -- values ----------------------------------------------------------------------------------------------------------- */

static bool take_label(struct parser *p, uint64_t *label)
{
    return expect(p, "%") && take_number(p, label, LABEL_LIMIT - 1);
}

static bool take_ref(struct parser *p, ir_ref *ref)
{
    uint64_t label;
    char word[WORD_SIZE];
    if (peek_word(p, word) && strcmp(word, "_") == 0) {
        p->at++;
        *ref = IR_NONE;
        return true;
    }
    if (!take_label(p, &label))
        return false;
    if (label >= p->label_count || p->labels[label] == 0)
        return fail(p, "%%%" PRIu64 " is not defined before its use", label);
    *ref = p->labels[label] - 1;
    return true;
}

static bool define_label(struct parser *p, uint64_t label, ir_ref ref)
{
    if (label >= p->label_count) {
        uint32_t count = p->label_count ? p->label_count : 64;
        while (count <= label)
            count *= 2;
        p->labels = arena_grow(p->arena, p->labels, p->label_count * sizeof *p->labels, count * sizeof *p->labels);
        p->label_count = count;
    }
    if (p->labels[label])
        return fail(p, "%%%" PRIu64 " is defined twice", label);
    p->labels[label] = ref + 1;
    return true;
}

/* -- parts of an instruction ---------------------------------------------------------------------------------------------- */

static bool take_operation(struct parser *p, struct ir_insn *insn)
{
    char word[WORD_SIZE];
    uint64_t bits;
    if (!take_word(p, word, "an operation"))
        return false;
    unsigned op = 0;
    while (op < IR_OP_COUNT && strcmp(word, ir_op_info[op].name) != 0)
        op++;
    if (op == IR_OP_COUNT)
        return fail(p, "unknown operation '%s'", word);
    insn->op = (uint8_t)op;
    if (*p->at != '.')
        return true;
    p->at++;
    if (!take_number(p, &bits, 64))
        return false;
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
        return fail(p, "a lane has 8, 16, 32 or 64 bits");
    insn->lane = (uint8_t)(__builtin_ctzll(bits) - 3);
    return true;
}

static bool take_type(struct parser *p, struct ir_insn *insn)
{
    char word[WORD_SIZE];
    size_t length = peek_word(p, word);
    for (unsigned type = 0; type < IR_TYPE_COUNT; type++) {
        if (strcmp(word, ir_type_name[type]) == 0) {
            insn->type = (uint8_t)type;
            p->at += length;
            return true;
        }
    }
    return ir_op_info[insn->op].result != IR_RESULT_SAME || fail(p, "expected a type");
}

static bool take_cond(struct parser *p, struct ir_insn *insn)
{
    struct ir_words words = ir_cond_words(insn->op);
    char word[WORD_SIZE];
    if (!words.names)
        return true;
    size_t length = peek_word(p, word);
    for (unsigned i = 0; i < words.count; i++) {
        if (strcmp(word, words.names[i]) == 0) {
            insn->cond = (uint8_t)i;
            p->at += length;
            return true;
        }
    }
    return fail(p, "expected one of %s %s …, not '%s'", words.names[0], words.names[1], word);
}

static bool take_field(struct parser *p, struct ir_insn *insn)
{
    char word[WORD_SIZE];
    if (!take_word(p, word, "a field's name"))
        return false;
    for (unsigned i = 0; p->isa && i < p->isa->field_count; i++) {
        if (strcmp(word, p->isa->fields[i].name) == 0) {
            insn->imm = i;
            if (insn->op == IR_put)
                insn->type = p->isa->fields[i].type;
            return true;
        }
    }
    return fail(p, "unknown field '%s'", word);
}

static bool take_operands(struct parser *p, struct ir_insn *insn, unsigned first, unsigned count, bool comma)
{
    ir_ref *operands[] = {&insn->a, &insn->b, &insn->c};
    for (unsigned i = first; i < count; i++) {
        if ((comma && !expect(p, ",")) || !take_ref(p, operands[i]))
            return false;
        comma = true;
    }
    return true;
}

static bool take_mem_words(struct parser *p, struct ir_insn *insn)
{
    uint64_t size;
    if (!accept_word(p, "size"))
        return fail(p, "expected 'size'");
    if (!take_number(p, &size, 16))
        return false;
    if (size == 0 || size & (size - 1))
        return fail(p, "an access has 1, 2, 4, 8 or 16 bytes");
    insn->mem = (uint16_t)__builtin_ctzll(size);
    for (unsigned i = 0; i < IR_MEM_NAMES; i++)
        if (accept_word(p, ir_mem_names[i].name))
            insn->mem |= ir_mem_names[i].bit;
    return true;
}

/* [base], [base + index << scale + displacement] */
static bool take_address(struct parser *p, struct ir_insn *insn)
{
    uint64_t number;
    if (!expect(p, "[") || !take_ref(p, &insn->a))
        return false;
    while (!accept(p, "]")) {
        bool minus = accept(p, "-");
        if (!minus && !expect(p, "+"))
            return false;
        skip_space(p);
        if (*p->at == '%' && !minus && (insn->op == IR_load || insn->op == IR_store)) {
            if (!take_ref(p, &insn->b))
                return false;
            if (accept(p, "<<")) {
                if (!take_number(p, &number, 7))
                    return false;
                insn->mem |= (uint16_t)(number << 3);
            }
        } else {
            if (!take_number(p, &number, UINT64_MAX))
                return false;
            insn->imm = minus ? 0 - number : number;
        }
    }
    return true;
}

static bool take_memory(struct parser *p, struct ir_insn *insn)
{
    unsigned first = insn->op == IR_load || insn->op == IR_store ? 2 : 1;
    return take_mem_words(p, insn) && take_address(p, insn) && take_operands(p, insn, first, ir_op_info[insn->op].operands, true);
}

static bool take_helper(struct parser *p, struct ir_insn *insn)
{
    char word[WORD_SIZE];
    uint64_t extra;
    ir_ref *operands[] = {&insn->a, &insn->b, &insn->c};
    unsigned number = 0, next = 0;
    if (!take_word(p, word, "a helper's name"))
        return false;
    while (p->isa && number < p->isa->helper_count && strcmp(word, p->isa->helpers[number].name) != 0)
        number++;
    if (!p->isa || number == p->isa->helper_count)
        return fail(p, "unknown helper '%s'", word);
    insn->imm = number;
    while (accept(p, ",")) {
        if (accept_word(p, "extra")) {
            if (!take_number(p, &extra, UINT64_MAX >> 16))
                return false;
            insn->imm |= extra << 16;
        } else if (accept_word(p, "cond")) {
            if (!take_number(p, &extra, 255))
                return false;
            insn->cond = (uint8_t)extra;
        } else if (next == 3) {
            return fail(p, "a helper has at most three operands");
        } else if (!take_ref(p, operands[next++])) {
            return false;
        }
    }
    return true;
}

static bool take_bits(struct parser *p, struct ir_insn *insn)
{
    uint64_t lsb, width;
    if (!take_operands(p, insn, 0, ir_op_info[insn->op].operands, false) || !expect(p, ",") || !expect(p, "lsb") ||
        !take_number(p, &lsb, 63) || !expect(p, ",") || !expect(p, "width") || !take_number(p, &width, 64))
        return false;
    insn->imm = lsb | width << 8;
    return true;
}

/* `imm` and `cond` after the operands. */
static bool take_rest(struct parser *p, struct ir_insn *insn)
{
    uint64_t number;
    while (accept(p, ",") || (ir_op_info[insn->op].operands == 0 && !at_line_end(p) && *p->at != '{')) {
        if (accept_word(p, "imm")) {
            if (!take_number(p, &insn->imm, UINT64_MAX))
                return false;
        } else if (accept_word(p, "cond")) {
            if (!take_number(p, &number, 255))
                return false;
            insn->cond = (uint8_t)number;
        } else {
            return fail(p, "expected 'imm' or 'cond'");
        }
    }
    return true;
}

static bool take_notes(struct parser *p, struct ir_insn *insn)
{
    if (!accept(p, "{"))
        return true;
    while (!accept(p, "}")) {
        char word[WORD_SIZE];
        unsigned i = 0;
        if (!take_word(p, word, "a note or '}'"))
            return false;
        while (i < IR_NOTE_NAMES && strcmp(word, ir_note_names[i].name) != 0)
            i++;
        if (i == IR_NOTE_NAMES)
            return fail(p, "unknown note '%s'", word);
        insn->note |= ir_note_names[i].bit;
    }
    return true;
}

static bool take_body(struct parser *p, struct ir_insn *insn)
{
    unsigned operands = ir_op_info[insn->op].operands;
    switch (ir_form_of(insn->op)) {
    case FORM_CONSTANT:
    case FORM_INSN_START: return take_number(p, &insn->imm, UINT64_MAX);
    case FORM_FIELD: return take_field(p, insn) && take_operands(p, insn, 0, operands, true);
    case FORM_MEMORY: return take_memory(p, insn);
    case FORM_TARGET: return take_operands(p, insn, 0, operands, false) && expect(p, "->") && take_number(p, &insn->imm, UINT64_MAX);
    case FORM_BITS: return take_bits(p, insn);
    case FORM_HELPER: return take_helper(p, insn);
    case FORM_PLAIN: return take_operands(p, insn, 0, operands, false);
    }
    return true;
}

static bool take_insn(struct parser *p)
{
    struct ir_insn insn = {.a = IR_NONE, .b = IR_NONE, .c = IR_NONE};
    uint64_t label = 0;
    skip_space(p);
    bool defines = *p->at == '%';
    if (defines && (!take_label(p, &label) || !expect(p, "=")))
        return false;
    if (!take_operation(p, &insn) || !take_type(p, &insn) || !take_cond(p, &insn) || !take_body(p, &insn) || !take_rest(p, &insn) ||
        !take_notes(p, &insn))
        return false;
    if (defines != (ir_result_type(&insn) != IR_VOID))
        return fail(p, defines ? "%s defines no value" : "%s defines a value that needs a name", ir_op_info[insn.op].name);
    ir_ref ref = ir_append_plain(p->region, &insn);
    return !defines || define_label(p, label, ref);
}

/* -- lines ------------------------------------------------------------------------------------------------------------- */

static bool take_region(struct parser *p)
{
    uint64_t pc, number;
    char word[WORD_SIZE];
    const char *isa_name = p->isa ? p->isa->name : "none";
    if (p->region)
        return fail(p, "a second region");
    if (!take_number(p, &pc, UINT64_MAX))
        return false;
    p->region = ir_region_new(p->arena, p->isa, pc);
    p->region->block_count = 0;
    p->region->seen |= IR_SEEN_UNFOLDED;
    while (!at_line_end(p)) {
        if (!take_word(p, word, "isa, end, insns or mode"))
            return false;
        if (strcmp(word, "isa") == 0) {
            if (!take_word(p, word, "an isa's name"))
                return false;
            if (strcmp(word, isa_name) != 0)
                return fail(p, "the isa is %s, not %s", isa_name, word);
            continue;
        }
        if (!take_number(p, &number, UINT64_MAX))
            return false;
        if (strcmp(word, "end") == 0)
            p->region->guest_end = number;
        else if (strcmp(word, "insns") == 0)
            p->region->guest_insns = (uint32_t)number;
        else if (strcmp(word, "mode") == 0)
            p->region->mode = (uint32_t)number;
        else
            return fail(p, "expected isa, end, insns or mode, not '%s'", word);
    }
    return true;
}

static bool take_line(struct parser *p)
{
    uint64_t pc;
    if (at_line_end(p))
        return true;
    if (accept_word(p, "region"))
        return take_region(p);
    if (!p->region)
        return fail(p, "the first line is 'region'");
    if (accept_word(p, "block")) {
        if (!take_number(p, &pc, UINT64_MAX))
            return false;
        ir_begin_block(p->region, pc);
        return true;
    }
    if (p->region->block_count == 0)
        return fail(p, "an instruction outside of a block");
    return take_insn(p);
}

struct ir_region *ir_parse(struct arena *arena, const struct guest_isa *isa, const char *text, char *error, size_t error_size)
{
    struct parser parser = {.arena = arena, .isa = isa, .at = text, .line = 1, .error = error, .error_size = error_size};
    struct parser *p = &parser;
    for (;; p->line++) {
        if (!take_line(p))
            return NULL;
        if (!at_line_end(p)) {
            fail(p, "unexpected text at '%.*s'", (int)strcspn(p->at, "\n"), p->at);
            return NULL;
        }
        p->at += strcspn(p->at, "\n");
        if (*p->at == '\0')
            break;
        p->at++;
    }
    if (!p->region || p->region->block_count == 0) {
        fail(p, "no block");
        return NULL;
    }
    return p->region;
}
