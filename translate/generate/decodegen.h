/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the parts of decodegen share: decodegen.c reads pattern files, decode_tree.c builds the decision tree, decode_output.c writes C.
 */
#ifndef FERRY_GENERATE_DECODEGEN_H
#define FERRY_GENERATE_DECODEGEN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PATTERN_PIECES 6                  /* as in translate/guest/patterns.h */
#define PATTERN_ARGUMENTS 12
#define PATTERN_NAME 24
#define PATTERN_FORMAT 80
#define PATTERN_ARGUMENT_NAME 16
#define MAX_TOKENS 1100
#define MAX_NAMES 1024
#define MAX_TABLES 128
#define MAX_FIELDS 256
#define MAX_PATTERNS 4096
#define MAX_EXCLUSIONS 8
#define MAX_TODO 256
#define MAX_TREE 0x8000
#define MAX_LISTS 0x7fff

struct piece { unsigned lsb, width; };
struct argument {
    const char *name;
    struct piece pieces[PATTERN_PIECES];
    unsigned piece_count, shift;
    bool is_signed;
    uint32_t mask;
    unsigned constant;                    /* when there are no pieces */
};
struct exclusion { uint32_t mask, value; };
struct names { const char *name; char *names[MAX_NAMES]; unsigned count; };

struct pattern_line {
    const char *name, *group, *file;
    unsigned line;
    char *format;
    uint32_t mask, value;
    struct argument arguments[PATTERN_ARGUMENTS];
    struct exclusion exclusions[MAX_EXCLUSIONS];
    unsigned argument_count, exclusion_count;
    unsigned number;                      /* in the output: those with a translation come first */
    bool unallocated, declares;
};

struct generator {
    const char *isa, *file, *group;
    unsigned line;
    bool isa_seen, continued;
    char *tokens[MAX_TOKENS];
    unsigned token_count;
    struct names names[MAX_TABLES];
    unsigned names_count;
    struct argument fields[MAX_FIELDS];
    unsigned field_count;
    struct pattern_line patterns[MAX_PATTERNS];
    unsigned pattern_count, translated_count;
    char *todo[MAX_TODO];
    unsigned todo_count;
    uint16_t tree[MAX_TREE], lists[MAX_LISTS];
    unsigned tree_size, list_size;
    struct known_set *known_sets;
};

struct buffer { char *text; size_t length, size; };
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* file:line: message, and the end of the program. */
_Noreturn void fail(const struct generator *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *copy_text(const char *text);
int find_names(const struct generator *g, const char *name);
void build_tree(struct generator *g);
bool write_decoder(const struct generator *g, const char *header_path, const char *source_path);

static inline uint32_t bits_mask(unsigned lsb, unsigned width) { return (uint32_t)(((1ull << width) - 1) << lsb); }
static inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

#endif
