/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writes what decodegen found out as a C header and source (see decodegen.c).
 */
#include "translate/generate/decodegen.h"

#include <errno.h>
#include <string.h>

static void write_struct(FILE *out, const struct generator *g, const struct pattern_line *pattern)
{
    fprintf(out, "struct %s_%s_args {\n", g->isa, pattern->name);
    for (unsigned i = 0; i < pattern->argument_count; i++) {
        fprintf(out, "    %s %s;\n", pattern->arguments[i].is_signed ? "int64_t" : "unsigned", pattern->arguments[i].name);
    }
    if (!pattern->argument_count) {
        fprintf(out, "    char none;\n");
    }
    fprintf(out, "};\nbool %s_translate_%s(struct translator *t, const struct %s_%s_args *a);\n", g->isa, pattern->name, g->isa,
            pattern->name);
}

static void write_header(FILE *out, const struct generator *g)
{
    fprintf(out, "/* Made by decodegen. */\n#ifndef FERRY_DECODE_%s\n#define FERRY_DECODE_%s\n\n", g->isa, g->isa);
    fprintf(out, "#include \"translate/guest/guest.h\"\n#include \"translate/guest/patterns.h\"\n\n");
    fprintf(out, "/* Translates insn; false: it is undefined. */\nbool %s_decode(struct translator *t, uint32_t insn);\n", g->isa);
    fprintf(out, "/* Number of its pattern in %s_patterns, or -1. */\nint %s_pattern(uint32_t insn);\n", g->isa, g->isa);
    fprintf(out, "extern const struct pattern_set %s_patterns;\n", g->isa);
    const char *group = NULL;
    for (unsigned i = 0; i < g->pattern_count; i++) {
        const struct pattern_line *pattern = &g->patterns[i];
        if (!pattern->declares) {
            continue;
        }
        if (!group || strcmp(group, pattern->group) != 0) {
            fprintf(out, "\n/* %s.c */\n", pattern->group);
            group = pattern->group;
        }
        write_struct(out, g, pattern);
    }
    fprintf(out, "\n#endif\n");
}

static void write_arguments(FILE *out, const struct pattern_line *pattern)
{
    for (unsigned i = 0; i < pattern->argument_count; i++) {
        const struct argument *argument = &pattern->arguments[i];
        fprintf(out, "    {\"%s\", {", argument->name);
        for (unsigned k = 0; k < argument->piece_count; k++) {
            fprintf(out, "{%u, %u}, ", argument->pieces[k].lsb, argument->pieces[k].width);
        }
        fprintf(out, "{0, 0}}, %u, %u, %d, %uu},\n", argument->piece_count, argument->shift, argument->is_signed, argument->constant);
    }
}

static void write_exclusions(FILE *out, const struct pattern_line *pattern)
{
    for (unsigned i = 0; i < pattern->exclusion_count; i++) {
        fprintf(out, "    {0x%08x, 0x%08x},\n", pattern->exclusions[i].mask, pattern->exclusions[i].value);
    }
}

static void check_sizes(const struct generator *g, const struct pattern_line *pattern)
{
    bool fits = strlen(pattern->name) < PATTERN_NAME && strlen(pattern->group) < PATTERN_NAME && strlen(pattern->format) < PATTERN_FORMAT;
    for (unsigned i = 0; i < pattern->argument_count; i++) {
        fits = fits && strlen(pattern->arguments[i].name) < PATTERN_ARGUMENT_NAME;
    }
    if (!fits) {
        fail(g, "the texts of %s are longer than patterns.h has room for", pattern->name);
    }
}

static void write_pattern(FILE *out, const struct pattern_line *pattern, unsigned arguments, unsigned exclusions)
{
    fprintf(out, "    [%u] = {\"%s\", \"%s\", \"%s\", 0x%08x, 0x%08x, %u, %u, %u, %u},\n", pattern->number, pattern->name, pattern->group,
            pattern->format, pattern->mask, pattern->value, arguments, exclusions, pattern->argument_count, pattern->exclusion_count);
}

/* Arguments and exclusions of all patterns stand one after the other; each pattern says where its own begin. */
static void write_patterns(FILE *out, const struct generator *g)
{
    unsigned arguments = 0, exclusions = 0;
    fprintf(out, "static const struct pattern_argument arguments[] = {\n");
    for (unsigned i = 0; i < g->pattern_count; i++) {
        check_sizes(g, &g->patterns[i]);
        write_arguments(out, &g->patterns[i]);
    }
    fprintf(out, "    {\"\", {{0, 0}}, 0, 0, 0, 0u},\n};\nstatic const struct pattern_exclusion exclusions[] = {\n");
    for (unsigned i = 0; i < g->pattern_count; i++) {
        write_exclusions(out, &g->patterns[i]);
    }
    fprintf(out, "    {0, 0},\n};\nstatic const struct pattern patterns[] = {\n");
    for (unsigned i = 0; i < g->pattern_count; i++) {
        write_pattern(out, &g->patterns[i], arguments, exclusions);
        arguments += g->patterns[i].argument_count;
        exclusions += g->patterns[i].exclusion_count;
    }
    fprintf(out, "};\n");
}

static void write_words(FILE *out, const char *name, const uint16_t *words, unsigned count)
{
    fprintf(out, "static const uint16_t %s[] = {", name);
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, "%s%u,", i % 24 ? " " : "\n    ", words[i]);
    }
    fprintf(out, "\n};\n");
}

static void write_names(FILE *out, const struct generator *g)
{
    for (unsigned i = 0; i < g->names_count; i++) {
        fprintf(out, "static const char names%u[] =", i);
        for (unsigned k = 0; k < g->names[i].count; k++) {
            fprintf(out, "%s\"%s\\0\"", k % 16 ? " " : "\n    ", g->names[i].names[k]);
        }
        fprintf(out, ";\n");
    }
    fprintf(out, "static const struct pattern_names names[] = {\n");
    for (unsigned i = 0; i < g->names_count; i++) {
        fprintf(out, "    {\"%s\", %u, names%u},\n", g->names[i].name, g->names[i].count, i);
    }
    fprintf(out, "    {NULL, 0, NULL},\n};\nstatic const char *const todo[] = {\n");
    for (unsigned i = 0; i < g->todo_count; i++) {
        fprintf(out, "    \"%s\",\n", g->todo[i]);
    }
    fprintf(out, "    NULL,\n};\n");
}

static void write_tables(FILE *out, const struct generator *g)
{
    write_patterns(out, g);
    fprintf(out, "static const struct pattern_match matches[] = {\n");
    for (unsigned i = 0; i < g->pattern_count; i++) {
        fprintf(out, "    [%u] = {0x%08x, 0x%08x, %d},\n", g->patterns[i].number, g->patterns[i].mask, g->patterns[i].value,
                g->patterns[i].exclusion_count > 0);
    }
    fprintf(out, "};\n");
    write_words(out, "tree", g->tree, g->tree_size);
    write_words(out, "lists", g->lists, g->list_size);
    write_names(out, g);
    fprintf(out,
            "const struct pattern_set %s_patterns = {\n    \"%s\", patterns, arguments, exclusions, matches, %u, %u, tree, lists, names, %u, todo, %u,\n};\n\n",
            g->isa, g->isa, g->translated_count, g->pattern_count, g->names_count, g->todo_count);
}

static void write_extraction(FILE *out, const struct argument *argument)
{
    if (!argument->piece_count) {
        fprintf(out, "%uu", argument->constant);
        return;
    }
    unsigned total = 0;
    for (unsigned i = 0; i < argument->piece_count; i++) {
        total += argument->pieces[i].width;
    }
    const char *type = argument->is_signed ? "uint64_t" : "uint32_t";
    unsigned position = total;
    fprintf(out, argument->is_signed ? "(int64_t)((uint64_t)((int64_t)((" : "((");
    for (unsigned i = 0; i < argument->piece_count; i++) {
        const struct piece *piece = &argument->pieces[i];
        position -= piece->width;
        fprintf(out, "%s(%s)(insn >> %u & 0x%xu) << %u", i ? " | " : "", type, piece->lsb, bits_mask(0, piece->width), position);
    }
    if (argument->is_signed) {
        fprintf(out, ") << %u) >> %u) << %u)", 64 - total, 64 - total, argument->shift);
    } else {
        fprintf(out, ") << %u)", argument->shift);
    }
}

static void write_case(FILE *out, const struct generator *g, const struct pattern_line *pattern)
{
    fprintf(out, "    case %u: {\n        const struct %s_%s_args a = {", pattern->number, g->isa, pattern->name);
    for (unsigned i = 0; i < pattern->argument_count; i++) {
        fprintf(out, "\n            .%s = ", pattern->arguments[i].name);
        write_extraction(out, &pattern->arguments[i]);
        fprintf(out, ",");
    }
    fprintf(out, "%s};\n        return %s_translate_%s(t, &a);\n    }\n", pattern->argument_count ? "\n        " : ".none = 0", g->isa,
            pattern->name);
}

static void write_source(FILE *out, const struct generator *g, const char *header_path)
{
    fprintf(out, "/* Made by decodegen. */\n#include \"%s\"\n\n", header_path);
    write_tables(out, g);
    fprintf(out, "int %s_pattern(uint32_t insn)\n{\n    return pattern_find(&%s_patterns, insn);\n}\n\n", g->isa, g->isa);
    fprintf(out, "bool %s_decode(struct translator *t, uint32_t insn)\n{\n    switch (pattern_find(&%s_patterns, insn)) {\n", g->isa, g->isa);
    for (unsigned i = 0; i < g->pattern_count; i++) {
        if (!g->patterns[i].unallocated) {
            write_case(out, g, &g->patterns[i]);
        }
    }
    fprintf(out, "    default:\n        return false;\n    }\n}\n");
}

static FILE *open_output(const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        fprintf(stderr, "decodegen: %s: %s\n", path, strerror(errno));
    }
    return out;
}

static bool close_output(FILE *out, const char *path)
{
    bool good = !ferror(out);
    good = !fclose(out) && good;
    if (!good) {
        fprintf(stderr, "decodegen: %s: cannot write\n", path);
    }
    return good;
}

bool write_decoder(const struct generator *g, const char *header_path, const char *source_path)
{
    FILE *out = open_output(header_path);
    if (!out) {
        return false;
    }
    write_header(out, g);
    if (!close_output(out, header_path)) {
        return false;
    }
    out = open_output(source_path);
    if (!out) {
        return false;
    }
    write_source(out, g, header_path);
    return close_output(out, source_path);
}
