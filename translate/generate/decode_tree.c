/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decision tree of a decoder (see decodegen.c). Each node tests the window of neighbouring bits that leaves the fewest
 * candidates; sets of candidates met before share their node.
 */
#include "translate/generate/decodegen.h"

#include <string.h>

#define LEAF_PATTERNS 2
#define ROOT_WIDTH 11
#define NODE_WIDTH 7

struct set { unsigned count; uint16_t patterns[MAX_PATTERNS]; };
struct known_set { struct known_set *next; unsigned count; uint16_t slot; uint16_t patterns[]; };
struct bits { uint32_t mask, value; };

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    for (;;) {
        va_list arguments;
        va_start(arguments, format);
        size_t space = buffer->size - buffer->length;
        int length = vsnprintf(buffer->size ? buffer->text + buffer->length : NULL, space, format, arguments);
        va_end(arguments);
        if (length >= 0 && (size_t)length < space) {
            buffer->length += (size_t)length;
            return;
        }
        buffer->size = buffer->size * 2 + (size_t)length + 64;
        buffer->text = realloc(buffer->text, buffer->size);
        if (!buffer->text) {
            abort();
        }
    }
}

void fail(const struct generator *g, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%u: ", g->file, g->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

char *copy_text(const char *text)
{
    char *copy = strdup(text);
    if (!copy) {
        abort();
    }
    return copy;
}

int find_names(const struct generator *g, const char *name)
{
    for (unsigned i = 0; i < g->names_count; i++) {
        if (!strcmp(g->names[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

/* Those of `set` that can match words with these bits; nothing after one that surely does. */
static void narrow(const struct generator *g, const struct set *set, struct bits bits, struct set *out)
{
    out->count = 0;
    for (unsigned i = 0; i < set->count; i++) {
        const struct pattern_line *pattern = &g->patterns[set->patterns[i]];
        if ((pattern->value ^ bits.value) & pattern->mask & bits.mask) {
            continue;
        }
        out->patterns[out->count++] = set->patterns[i];
        if (!(pattern->mask & ~bits.mask) && !pattern->exclusion_count) {
            return;
        }
    }
}

/* Average number of candidates left after testing the window, with a price on the size of the node; < 0: useless. */
static double window_cost(const struct generator *g, const struct set *set, unsigned shift, unsigned width)
{
    unsigned counts[1 << ROOT_WIDTH];
    uint32_t window = (1u << width) - 1;
    memset(counts, 0, sizeof counts[0] << width);
    for (unsigned i = 0; i < set->count; i++) {
        const struct pattern_line *pattern = &g->patterns[set->patterns[i]];
        uint32_t mask = pattern->mask >> shift & window, value = pattern->value >> shift & window, free = ~mask & window;
        uint32_t choice = 0;
        do {
            counts[value | choice]++;
            choice = (choice - free) & free;
        } while (choice);
    }
    double sum = 0, squares = 0, largest = 0;
    for (unsigned i = 0; i <= window; i++) {
        sum += counts[i];
        squares += (double)counts[i] * counts[i];
        largest = counts[i] > largest ? counts[i] : largest;
    }
    if (largest >= set->count) {
        return -1;
    }
    return squares / sum * (1 + (double)(1u << width) / (16.0 * set->count + 64));
}

static bool best_window(const struct generator *g, const struct set *set, unsigned max_width, unsigned *shift, unsigned *width)
{
    double best = -1;
    for (unsigned w = 1; w <= max_width; w++) {
        for (unsigned s = 0; s + w <= 32; s++) {
            double cost = window_cost(g, set, s, w);
            if (cost >= 0 && (best < 0 || cost < best)) {
                best = cost;
                *shift = s;
                *width = w;
            }
        }
    }
    return best >= 0;
}

static uint16_t find_known(const struct generator *g, const struct set *set)
{
    for (struct known_set *known = g->known_sets; known; known = known->next) {
        if (known->count == set->count && !memcmp(known->patterns, set->patterns, set->count * sizeof set->patterns[0])) {
            return known->slot;
        }
    }
    return 0;
}

static void remember(struct generator *g, const struct set *set, uint16_t slot)
{
    size_t bytes = set->count * sizeof set->patterns[0];
    struct known_set *known = malloc(sizeof *known + bytes);
    if (!known) {
        abort();
    }
    *known = (struct known_set){.next = g->known_sets, .count = set->count, .slot = slot};
    memcpy(known->patterns, set->patterns, bytes);
    g->known_sets = known;
}

static uint16_t add_leaf(struct generator *g, const struct set *set)
{
    if (g->list_size + set->count + 1 > MAX_LISTS) {
        fail(g, "decision tree too large");
    }
    uint16_t slot = (uint16_t)(0x8000 | g->list_size);
    for (unsigned i = 0; i < set->count; i++) {
        g->lists[g->list_size++] = (uint16_t)g->patterns[set->patterns[i]].number;
    }
    g->lists[g->list_size++] = 0xffff;
    return slot;
}

static uint16_t add_node(struct generator *g, const struct set *set, struct bits bits, unsigned max_width)
{
    unsigned shift = 0, width = 0;
    uint16_t slot = max_width == ROOT_WIDTH ? 0 : find_known(g, set);
    if (slot) {
        return slot;
    }
    if (set->count <= LEAF_PATTERNS || !best_window(g, set, max_width, &shift, &width)) {
        slot = add_leaf(g, set);
        remember(g, set, slot);
        return slot;
    }
    unsigned node = g->tree_size;
    g->tree_size += 1 + (1u << width);
    if (g->tree_size > MAX_TREE) {
        fail(g, "decision tree too large");
    }
    g->tree[node] = (uint16_t)(shift | width << 8);
    struct set *inner = malloc(sizeof *inner);
    if (!inner) {
        abort();
    }
    for (uint32_t i = 0; i < 1u << width; i++) {
        struct bits known = {bits.mask | bits_mask(shift, width), (bits.value & ~bits_mask(shift, width)) | i << shift};
        narrow(g, set, known, inner);
        uint16_t inner_slot = add_node(g, inner, known, NODE_WIDTH);
        g->tree[node + 1 + i] = inner_slot;
    }
    free(inner);
    if (node) {
        remember(g, set, (uint16_t)node);
    }
    return (uint16_t)node;
}

void build_tree(struct generator *g)
{
    struct set *all = calloc(1, sizeof *all);
    if (!all) {
        abort();
    }
    g->translated_count = 0;
    for (unsigned i = 0; i < g->pattern_count; i++) {
        all->patterns[all->count++] = (uint16_t)i;
        if (!g->patterns[i].unallocated) {
            g->patterns[i].number = g->translated_count++;
        }
    }
    unsigned number = g->translated_count;
    for (unsigned i = 0; i < g->pattern_count; i++) {
        if (g->patterns[i].unallocated) {
            g->patterns[i].number = number++;
        }
    }
    if (add_node(g, all, (struct bits){0, 0}, ROOT_WIDTH) != 0) {
        /* One or two patterns: a root that tests nothing in particular, all slots the same leaf. */
        g->tree[0] = 1 << 8;
        g->tree[1] = g->tree[2] = 0x8000;
        g->tree_size = 3;
    }
    free(all);
}
