/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random programs: what the generator and the runner have in common. Registers in generated code: x0…x15 and x19…x24 and v0…v31 are
 * data, x16, x17 and x30 scratch, x25 points to DATA_SIZE bytes of data, x26…x28 count loops, x29 points to a page of data that is
 * followed by one without access.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdint.h>
#include <stddef.h>

#define CODE_WORDS 4096
#define DATA_SIZE 4096
#define PAGE 4096

struct random { uint64_t state; };

static inline uint64_t random_next(struct random *r)
{
    uint64_t x = r->state += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

static inline unsigned below(struct random *r, unsigned limit)
{
    return (unsigned)((random_next(r) >> 33) % limit);
}

struct body {
    uint32_t words[CODE_WORDS];
    unsigned count;
    unsigned patch;                       /* index of a MOVZ whose number may change between runs; 0: none */
};

/* The code: a function that returns with x30 as it was called. Needs CODE_WORDS of room. */
void generate_body(struct body *body, struct random *random);

#endif
