/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PIECE = 16384 };

static struct digest from_xxh(XXH128_hash_t hash)
{
    return (struct digest){hash.low64, hash.high64};
}

struct digest digest_of(const void *bytes, size_t size)
{
    return from_xxh(XXH3_128bits(bytes, size));
}

bool digest_of_source(const struct digest_source *source, uint64_t size, struct digest *digest)
{
    XXH3_state_t state;
    uint8_t piece[PIECE];
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    for (uint64_t at = 0; at < size;) {
        int64_t got = source->read(source->user, at, piece, size - at < PIECE ? (size_t)(size - at) : PIECE);
        if (got <= 0)
            return false;
        XXH3_128bits_update(&state, piece, (size_t)got);
        at += (uint64_t)got;
    }
    *digest = from_xxh(XXH3_128bits_digest(&state));
    return true;
}
