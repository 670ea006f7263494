/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Arena: memory that is given back all at once. Backed by mmap, never by malloc, so it may be used after fork in a
 * threaded process. Not thread-safe: one owner at a time.
 */
#ifndef FERRY_COMMON_ARENA_H
#define FERRY_COMMON_ARENA_H

#include <stddef.h>

#define ARENA_ALIGN ((size_t)16)
#define ARENA_SMALL ((size_t)1 << 16)

struct arena {
    size_t reserve;                       /* bytes mapped, this header included */
    size_t used;                          /* offset of the next free byte */
    size_t dirty;                         /* bytes from here on were never written since they came from the host */
    size_t populated;                     /* bytes from here on are not there yet, as far as we know */
};

struct arena *arena_new(size_t reserve);                    /* address space, committed as used; NULL when the host has none */
void *arena_allocate(struct arena *arena, size_t size);     /* zeroed, 16-byte aligned; aborts with a message when the reserve is used up */
void *arena_allocate_unset_slow(struct arena *arena, size_t size);
void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size);   /* in place when `old` was the last one */
size_t arena_used(const struct arena *arena);
void arena_reset(struct arena *arena);                      /* everything allocated is gone; memory beyond 1 MiB goes back to the host */
void arena_free(struct arena *arena);

/* As arena_allocate, contents undefined. Most translations stay inside what earlier ones have used. */
static inline void *arena_allocate_unset(struct arena *arena, size_t size)
{
    size_t used = arena->used, room = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (__builtin_expect(size > ARENA_SMALL || room > arena->dirty - used, 0))
        return arena_allocate_unset_slow(arena, size);
    arena->used = used + room;
    return (char *)arena + used;
}

#endif
