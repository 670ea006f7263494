/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * decodegen: from the pattern files of an instruction set with 32-bit words to its decoder, at build time.
 *
 *   decodegen OUT.h OUT.c FILE.decode…
 *
 * Lines of a pattern file (# starts a comment, a \ at its end continues a line):
 *
 *   isa NAME                     first line of every file, the same in all of them
 *   names NAME word…             a table of names for disassembly; w0..w30 stands for the run of numbered words, - for no text
 *   field NAME piece… [<<n]      an operand made of pieces, lsb:width, highest first; s before the first one: sign-extended
 *   group NAME                   the patterns that follow are translated in NAME.c
 *   NAME bits… [%field…] [argument=value…] ["text"]
 *                                an encoding. Bits go from 31 down and add up to 32: runs of 0 1 . (don't care) and arguments
 *                                name:width, name:sWIDTH (signed), name:width!=v,v (does not match when it has such a value).
 *                                Several lines may have the same NAME when their arguments have the same names.
 *   - bits…                      words known to be unallocated, cut out of the patterns that follow
 *   todo NAME                    known, not yet written; counted
 *
 * Text holds {argument}, {argument:hex}, {argument:pc} (relative to the instruction) and {a,b:NAMES}: the name whose number is
 * the arguments' bits concatenated. Two patterns that match the same word are an error unless the first one fixes all the bits that
 * the second one does and more, or is a "-" line, which cuts its words out of all that follow. Errors are told as
 * file:line: message, and nothing is written.
 *
 * Out come: structs of arguments and prototypes of the functions that translate them, <isa>_decode, <isa>_pattern and the
 * tables of translate/guest/patterns.h. The decision tree is a table: a node looks at up to ten neighbouring bits, a leaf is a short
 * list of patterns to try in order.
 */
#include "translate/generate/decodegen.h"

#include <errno.h>
#include <string.h>

static void add_token(struct generator *g, char *token)
{
    if (g->token_count == MAX_TOKENS) {
        fail(g, "too many words on one line");
    }
    g->tokens[g->token_count++] = token;
}

/* Splits `line` in place. A quoted text becomes one token that begins with the quote. */
static void split(struct generator *g, char *line)
{
    g->token_count = 0;
    for (char *at = line; *at;) {
        if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
            at++;
            continue;
        }
        if (*at == '#') {
            return;
        }
        add_token(g, at);
        if (*at == '"') {
            at = strchr(at + 1, '"');
            if (!at) {
                fail(g, "text without closing quote");
            }
        } else {
            at += strcspn(at, " \t\r\n#\"");
            if (*at == '#' || *at == '"') {
                fail(g, "'%c' inside a word", *at);
            }
        }
        if (*at) {
            *at++ = 0;
        }
    }
}

static void check_name(struct generator *g, const char *name)
{
    if (!is_letter(*name) || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name)) {
        fail(g, "'%s' is not a name", name);
    }
}

/* A number at *at, which is moved on. */
static unsigned parse_number(struct generator *g, const char **at)
{
    if (**at < '0' || **at > '9') {
        fail(g, "number expected at '%s'", *at);
    }
    char *end;
    errno = 0;
    unsigned long value = strtoul(*at, &end, 0);
    if (errno || value > 0xffffffff) {
        fail(g, "number too large: '%s'", *at);
    }
    *at = end;
    return (unsigned)value;
}

static void parse_isa(struct generator *g)
{
    if (g->token_count != 2) {
        fail(g, "isa NAME expected");
    }
    check_name(g, g->tokens[1]);
    if (g->isa && strcmp(g->isa, g->tokens[1]) != 0) {
        fail(g, "isa '%s' after files of isa '%s'", g->tokens[1], g->isa);
    }
    g->isa = copy_text(g->tokens[1]);
    g->isa_seen = true;
}

static void add_name(struct generator *g, struct names *names, const char *word)
{
    if (names->count == MAX_NAMES) {
        fail(g, "more than %d names in a table", MAX_NAMES);
    }
    names->names[names->count++] = copy_text(strcmp(word, "-") == 0 ? "" : word);
}

/* prefixN..prefixM */
static void add_name_range(struct generator *g, struct names *names, const char *word, const char *dots)
{
    size_t prefix = strcspn(word, "0123456789");
    const char *at = word + prefix, *end = dots + 2 + prefix;
    unsigned first = parse_number(g, &at);
    if (at != dots || strlen(dots + 2) <= prefix || strncmp(word, dots + 2, prefix) != 0) {
        fail(g, "'%s' is not a range of names", word);
    }
    unsigned last = parse_number(g, &end);
    if (*end || last < first) {
        fail(g, "'%s' is not a range of names", word);
    }
    for (unsigned i = first; i <= last; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s%u", (int)prefix, word, i);
        add_name(g, names, name);
    }
}

static void parse_names(struct generator *g)
{
    if (g->token_count < 3) {
        fail(g, "names NAME word… expected");
    }
    check_name(g, g->tokens[1]);
    if (!strcmp(g->tokens[1], "hex") || !strcmp(g->tokens[1], "pc")) {
        fail(g, "names cannot be called '%s'", g->tokens[1]);
    }
    if (find_names(g, g->tokens[1]) >= 0) {
        fail(g, "names '%s' given twice", g->tokens[1]);
    }
    if (g->names_count == MAX_TABLES) {
        fail(g, "too many name tables");
    }
    struct names *names = &g->names[g->names_count++];
    names->name = copy_text(g->tokens[1]);
    for (unsigned i = 2; i < g->token_count; i++) {
        const char *dots = strstr(g->tokens[i], "..");
        if (dots) {
            add_name_range(g, names, g->tokens[i], dots);
        } else {
            add_name(g, names, g->tokens[i]);
        }
    }
}

static void parse_piece(struct generator *g, struct argument *field, const char *text)
{
    const char *at = text;
    if (*at == 's') {
        if (field->piece_count) {
            fail(g, "'%s': only the first piece can be signed", text);
        }
        field->is_signed = true;
        at++;
    }
    unsigned lsb = parse_number(g, &at);
    if (*at++ != ':') {
        fail(g, "'%s' is not lsb:width", text);
    }
    unsigned width = parse_number(g, &at);
    if (*at || width < 1 || lsb > 31 || width > 32 - lsb) {
        fail(g, "'%s' is not a piece of a 32-bit word", text);
    }
    if (field->piece_count == PATTERN_PIECES) {
        fail(g, "more than %d pieces", PATTERN_PIECES);
    }
    uint32_t mask = bits_mask(lsb, width);
    if (field->mask & mask) {
        fail(g, "piece '%s' overlaps an earlier one", text);
    }
    field->mask |= mask;
    field->pieces[field->piece_count++] = (struct piece){lsb, width};
}

static void parse_field(struct generator *g)
{
    if (g->token_count < 3) {
        fail(g, "field NAME piece… expected");
    }
    check_name(g, g->tokens[1]);
    for (unsigned i = 0; i < g->field_count; i++) {
        if (!strcmp(g->fields[i].name, g->tokens[1])) {
            fail(g, "field '%s' given twice", g->tokens[1]);
        }
    }
    if (g->field_count == MAX_FIELDS) {
        fail(g, "too many fields");
    }
    struct argument *field = &g->fields[g->field_count];
    *field = (struct argument){.name = copy_text(g->tokens[1])};
    for (unsigned i = 2; i < g->token_count; i++) {
        const char *at = g->tokens[i];
        if (strncmp(at, "<<", 2) != 0) {
            parse_piece(g, field, at);
            continue;
        }
        at += 2;
        field->shift = parse_number(g, &at);
        if (*at || field->shift > 31 || i + 1 != g->token_count || !field->piece_count) {
            fail(g, "'%s' is not a shift at the end of a field", g->tokens[i]);
        }
    }
    g->field_count++;
}

static struct argument *add_argument(struct generator *g, struct pattern_line *pattern, const char *name)
{
    check_name(g, name);
    for (unsigned i = 0; i < pattern->argument_count; i++) {
        if (!strcmp(pattern->arguments[i].name, name)) {
            fail(g, "argument '%s' given twice", name);
        }
    }
    if (pattern->argument_count == PATTERN_ARGUMENTS) {
        fail(g, "more than %d arguments", PATTERN_ARGUMENTS);
    }
    struct argument *argument = &pattern->arguments[pattern->argument_count++];
    *argument = (struct argument){.name = copy_text(name)};
    return argument;
}

/* !=v,v after an argument that lies at lsb. */
static void parse_exclusions(struct generator *g, struct pattern_line *pattern, const char *at, unsigned lsb, unsigned width)
{
    do {
        at++;
        unsigned value = parse_number(g, &at);
        if (width < 32 && value >> width) {
            fail(g, "excluded value %u does not fit %u bits", value, width);
        }
        if (pattern->exclusion_count == MAX_EXCLUSIONS) {
            fail(g, "more than %d excluded values", MAX_EXCLUSIONS);
        }
        pattern->exclusions[pattern->exclusion_count++] = (struct exclusion){bits_mask(lsb, width), value << lsb};
    } while (*at == ',');
    if (*at) {
        fail(g, "'%s' after an excluded value", at);
    }
}

/* name:width, name:sWIDTH, with exclusions; returns the bit below it. */
static int parse_argument(struct generator *g, struct pattern_line *pattern, char *token, int top)
{
    char *colon = strchr(token, ':');
    const char *at = colon + 1;
    *colon = 0;
    struct argument *argument = add_argument(g, pattern, token);
    if (*at == 's') {
        argument->is_signed = true;
        at++;
    }
    unsigned width = parse_number(g, &at);
    if (width < 1 || (int)width > top + 1) {
        fail(g, "argument '%s': %u bits do not fit", token, width);
    }
    unsigned lsb = (unsigned)top + 1 - width;
    argument->mask = bits_mask(lsb, width);
    argument->pieces[argument->piece_count++] = (struct piece){lsb, width};
    if (!strncmp(at, "!=", 2)) {
        parse_exclusions(g, pattern, at + 1, lsb, width);
    } else if (*at) {
        fail(g, "'%s' after the width of '%s'", at, token);
    }
    return top - (int)width;
}

/* A run of 0 1 and dots; returns the bit below it. */
static int parse_bits(struct generator *g, struct pattern_line *pattern, const char *token, int top)
{
    for (const char *at = token; *at; at++, top--) {
        if (top < 0) {
            fail(g, "more than 32 bits");
        }
        if (*at != '.') {
            pattern->mask |= 1u << top;
            pattern->value |= (uint32_t)(*at == '1') << top;
        }
    }
    return top;
}

static void parse_field_use(struct generator *g, struct pattern_line *pattern, const char *name)
{
    for (unsigned i = 0; i < g->field_count; i++) {
        if (!strcmp(g->fields[i].name, name)) {
            if (g->fields[i].mask & pattern->mask) {
                fail(g, "field '%s' covers fixed bits", name);
            }
            struct argument *argument = add_argument(g, pattern, name);
            *argument = g->fields[i];
            return;
        }
    }
    fail(g, "no field '%s'", name);
}

static void parse_constant(struct generator *g, struct pattern_line *pattern, char *token)
{
    char *equals = strchr(token, '=');
    const char *at = equals + 1;
    *equals = 0;
    struct argument *argument = add_argument(g, pattern, token);
    argument->constant = parse_number(g, &at);
    if (*at) {
        fail(g, "'%s' after the value of '%s'", at, token);
    }
}

static unsigned argument_index(struct generator *g, const struct pattern_line *pattern, const char *name, size_t length)
{
    for (unsigned i = 0; i < pattern->argument_count; i++) {
        if (strlen(pattern->arguments[i].name) == length && !strncmp(pattern->arguments[i].name, name, length)) {
            return i;
        }
    }
    fail(g, "no argument '%.*s' for the text", (int)length, name);
}

/* "{sf,rd:gpr}" to "{0,4:2}". `at` is behind the brace; returns what follows the closing one. */
static const char *compile_substitution(struct generator *g, const struct pattern_line *pattern, const char *at, struct buffer *out)
{
    const char *end = strchr(at, '}');
    if (!end) {
        fail(g, "text: '{' without '}'");
    }
    bool several = false;
    char separator = '{';
    do {
        size_t length = strcspn(at, ",:}");
        buffer_printf(out, "%c%u", separator, argument_index(g, pattern, at, length));
        several |= separator == ',';
        separator = ',';
        at += length;
    } while (*at++ == ',');
    at--;
    char kind[64] = "";
    if (*at == ':') {
        snprintf(kind, sizeof kind, "%.*s", (int)(end - at - 1), at + 1);
    }
    int table = find_names(g, kind);
    if (table >= 0) {
        buffer_printf(out, ":%d}", table);
    } else if (several) {
        fail(g, "text: several arguments need a table of names");
    } else if (!*kind) {
        buffer_printf(out, ":d}");
    } else if (!strcmp(kind, "hex") || !strcmp(kind, "pc")) {
        buffer_printf(out, ":%c}", *kind == 'h' ? 'x' : 'p');
    } else {
        fail(g, "text: no names '%s'", kind);
    }
    return end + 1;
}

static char *compile_format(struct generator *g, const struct pattern_line *pattern, const char *text)
{
    struct buffer out = {0};
    while (*text) {
        if (*text == '{') {
            text = compile_substitution(g, pattern, text + 1, &out);
        } else if (*text == '}' || *text == '\\') {
            fail(g, "text: '%c' without meaning", *text);
        } else {
            buffer_printf(&out, "%c", *text++);
        }
    }
    return out.text;
}

/* What stands behind the bits. */
static void parse_tail(struct generator *g, struct pattern_line *pattern, unsigned i)
{
    for (; i < g->token_count; i++) {
        char *token = g->tokens[i];
        if (*token == '%') {
            parse_field_use(g, pattern, token + 1);
        } else if (*token == '"') {
            pattern->format = compile_format(g, pattern, token + 1);
            if (i + 1 != g->token_count) {
                fail(g, "'%s' after the text", g->tokens[i + 1]);
            }
        } else if (strchr(token, '=')) {
            parse_constant(g, pattern, token);
        } else {
            fail(g, "'%s' after 32 bits", token);
        }
    }
}

static bool same_arguments(const struct pattern_line *a, const struct pattern_line *b)
{
    if (a->argument_count != b->argument_count) {
        return false;
    }
    for (unsigned i = 0; i < a->argument_count; i++) {
        unsigned k = 0;
        while (k < b->argument_count && strcmp(a->arguments[i].name, b->arguments[k].name) != 0) {
            k++;
        }
        if (k == b->argument_count || a->arguments[i].is_signed != b->arguments[k].is_signed) {
            return false;
        }
    }
    return true;
}

/* The first line of that name declares the struct; the others must agree. */
static void check_same_name(struct generator *g, struct pattern_line *pattern)
{
    pattern->declares = true;
    for (unsigned i = 0; i < g->pattern_count; i++) {
        const struct pattern_line *other = &g->patterns[i];
        if (strcmp(other->name, pattern->name) != 0) {
            continue;
        }
        if (!same_arguments(other, pattern) || strcmp(other->group, pattern->group) != 0) {
            fail(g, "'%s' has other arguments or another group than at %s:%u", pattern->name, other->file, other->line);
        }
        pattern->declares = false;
    }
}

static bool excluded_by(const struct pattern_line *a, const struct pattern_line *b)
{
    for (unsigned i = 0; i < a->exclusion_count; i++) {
        const struct exclusion *exclusion = &a->exclusions[i];
        if ((b->mask & exclusion->mask) == exclusion->mask && (b->value & exclusion->mask) == exclusion->value) {
            return true;
        }
    }
    return false;
}

static void check_overlaps(struct generator *g, const struct pattern_line *pattern)
{
    for (unsigned i = 0; i < g->pattern_count; i++) {
        const struct pattern_line *earlier = &g->patterns[i];
        uint32_t common = earlier->mask & pattern->mask;
        if (((earlier->value ^ pattern->value) & common) || excluded_by(earlier, pattern) || excluded_by(pattern, earlier)) {
            continue;
        }
        bool narrower = earlier->unallocated || (common == pattern->mask &&
                         (earlier->mask != pattern->mask || (earlier->exclusion_count && !pattern->exclusion_count)));
        if (!narrower) {
            fail(g, "'%s' overlaps '%s' at %s:%u, which is not a narrower pattern", pattern->name, earlier->name, earlier->file,
                 earlier->line);
        }
    }
}

static void parse_pattern(struct generator *g)
{
    if (!g->group) {
        fail(g, "pattern before the first group");
    }
    if (g->pattern_count == MAX_PATTERNS) {
        fail(g, "too many patterns");
    }
    struct pattern_line pattern = {.name = copy_text(g->tokens[0]), .group = g->group, .file = g->file, .line = g->line};
    bool unallocated = !strcmp(pattern.name, "-");
    if (!unallocated) {
        check_name(g, pattern.name);
    }
    int top = 31;
    unsigned i = 1;
    for (; i < g->token_count && top >= 0; i++) {
        char *token = g->tokens[i];
        if (strchr("01.", *token) && strspn(token, "01.") == strlen(token)) {
            top = parse_bits(g, &pattern, token, top);
        } else if (strchr(token, ':') && *token != '"') {
            top = parse_argument(g, &pattern, token, top);
        } else {
            fail(g, "'%s' is neither bits nor an argument", token);
        }
    }
    if (top >= 0) {
        fail(g, "only %d bits", 31 - top);
    }
    parse_tail(g, &pattern, i);
    if (unallocated) {
        pattern.unallocated = true;
        if (pattern.format) {
            fail(g, "an unallocated pattern has no text");
        }
    } else {
        check_same_name(g, &pattern);
    }
    if (!pattern.format) {
        pattern.format = copy_text(pattern.name);
    }
    check_overlaps(g, &pattern);
    g->patterns[g->pattern_count++] = pattern;
}

static void parse_line(struct generator *g)
{
    const char *word = g->tokens[0];
    if (!strcmp(word, "isa")) {
        parse_isa(g);
        return;
    }
    if (!g->isa_seen) {
        fail(g, "isa NAME must come first");
    }
    if (!strcmp(word, "names")) {
        parse_names(g);
    } else if (!strcmp(word, "field")) {
        parse_field(g);
    } else if (!strcmp(word, "group")) {
        if (g->token_count != 2) {
            fail(g, "group NAME expected");
        }
        check_name(g, g->tokens[1]);
        g->group = copy_text(g->tokens[1]);
    } else if (!strcmp(word, "todo")) {
        if (g->token_count != 2) {
            fail(g, "todo NAME expected");
        }
        if (g->todo_count == MAX_TODO) {
            fail(g, "too many todo lines");
        }
        g->todo[g->todo_count++] = copy_text(g->tokens[1]);
    } else {
        parse_pattern(g);
    }
}

static void read_file(struct generator *g, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "decodegen: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    struct buffer whole = {0};
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    unsigned number = 0;
    g->file = path;
    g->isa_seen = false;
    g->group = NULL;
    while ((length = getline(&line, &size, file)) >= 0) {
        number++;
        g->line = g->continued ? g->line : number;
        while (length && strchr("\r\n", line[length - 1])) {
            line[--length] = 0;
        }
        g->continued = length && line[length - 1] == '\\';
        buffer_printf(&whole, "%.*s ", (int)(length - g->continued), line);
        if (g->continued) {
            continue;
        }
        split(g, whole.text);
        if (g->token_count) {
            parse_line(g);
        }
        whole.length = 0;
    }
    if (g->continued) {
        fail(g, "file ends in a continued line");
    }
    if (!g->isa_seen) {
        fail(g, "no isa line");
    }
    free(line);
    free(whole.text);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: decodegen OUT.h OUT.c FILE.decode...\n");
        return 2;
    }
    struct generator *g = calloc(1, sizeof *g);
    if (!g) {
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        read_file(g, argv[i]);
    }
    if (!g->pattern_count) {
        fail(g, "no patterns");
    }
    build_tree(g);
    return write_decoder(g, argv[1], argv[2]) ? 0 : 2;
}
