/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A fast digest of 128 bits (XXH3) that tells damage and difference, not malice.
 */
#ifndef FERRY_COMMON_DIGEST_H
#define FERRY_COMMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest { uint64_t low, high; };
static inline bool digest_equal(struct digest a, struct digest b) { return a.low == b.low && a.high == b.high; }
struct digest digest_of(const void *bytes, size_t size);

/* In pieces. `read` puts up to `size` bytes of what lies at `offset` at `to`; how many, negative: the digest fails. */
struct digest_source { int64_t (*read)(void *user, uint64_t offset, void *to, size_t size); void *user; };
bool digest_of_source(const struct digest_source *source, uint64_t size, struct digest *digest);

#endif
