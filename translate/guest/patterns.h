/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tables that decodegen writes for an instruction set: patterns with their arguments, name tables for disassembly and the decision
 * tree. Tests draw random instructions from them and count coverage by them.
 */
#ifndef FERRY_GUEST_PATTERNS_H
#define FERRY_GUEST_PATTERNS_H

#include "translate/ir/ir.h"

#define PATTERN_PIECES 6
#define PATTERN_ARGUMENTS 12
#define PATTERN_NAME 24                   /* sizes of texts with the final zero: kept in place, as pointers would be relocated at each start */
#define PATTERN_FORMAT 80
#define PATTERN_ARGUMENT_NAME 16

struct pattern_piece { uint8_t lsb, width; };

/* An operand of an instruction: pieces of the word, highest first, then shifted left. No pieces: a constant. */
struct pattern_argument {
    char name[PATTERN_ARGUMENT_NAME];
    struct pattern_piece pieces[PATTERN_PIECES];
    uint8_t piece_count, shift, is_signed;
    int64_t constant;
};

/* The pattern does not match words with (insn & mask) == value. */
struct pattern_exclusion { uint32_t mask, value; };

struct pattern {
    char name[PATTERN_NAME], group[PATTERN_NAME];
    char format[PATTERN_FORMAT];          /* {i,j:kind}: argument numbers; kind d x p, or the number of a name table */
    uint32_t mask, value;
    uint16_t arguments, exclusions;       /* the first of them in the set's */
    uint8_t argument_count, exclusion_count;
};

struct pattern_names { const char *name; unsigned count; const char *names; };   /* one after the other, each with its final zero */
struct pattern_match { uint32_t mask, value; bool has_exclusions; };

struct pattern_set {
    const char *isa;
    const struct pattern *patterns;
    const struct pattern_argument *arguments;
    const struct pattern_exclusion *exclusions;
    const struct pattern_match *matches;  /* the same masks, closely packed; those from `count` on are known unallocated */
    unsigned count;                       /* of patterns that have a translation */
    unsigned all_count;
    const uint16_t *tree;                 /* node: shift | width << 8, then 2^width slots: node index, or 0x8000 | start in lists */
    const uint16_t *lists;                /* candidates in order, 0xffff last */
    const struct pattern_names *names;
    unsigned names_count;
    const char *const *todo;
    unsigned todo_count;
};

int64_t pattern_argument_value(const struct pattern_argument *argument, uint32_t insn);
bool pattern_excludes(const struct pattern_set *set, const struct pattern *pattern, uint32_t insn);
/* Text of insn, as its pattern's format says; false (and no text) when nothing matches. */
bool pattern_disassemble(const struct pattern_set *set, guest_addr pc, uint32_t insn, char *text, size_t size);

static inline const struct pattern_argument *pattern_arguments(const struct pattern_set *set, const struct pattern *pattern)
{
    return set->arguments + pattern->arguments;
}

/* Index of the pattern that matches insn, or -1. */
static inline int pattern_find(const struct pattern_set *set, uint32_t insn)
{
    const uint16_t *node = set->tree;
    uint16_t slot = node[1 + ((insn >> (node[0] & 0xff)) & ((1u << (node[0] >> 8)) - 1))];   /* the root's numbers are known to the compiler */
    while (!(slot & 0x8000)) {
        node = set->tree + slot;
        slot = node[1 + ((insn >> (node[0] & 0xff)) & ((1u << (node[0] >> 8)) - 1))];
    }
    for (const uint16_t *list = set->lists + (slot & 0x7fff); *list != 0xffff; list++) {
        if ((insn & set->matches[*list].mask) != set->matches[*list].value) {
            continue;
        }
        if (set->matches[*list].has_exclusions && pattern_excludes(set, &set->patterns[*list], insn)) {
            continue;
        }
        return *list < set->count ? *list : -1;
    }
    return -1;
}

#endif
