/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Arena on one private mapping: the header sits in its first bytes, allocations follow in order. Pages that were never
 * touched are zero already, so only what an earlier use left behind is cleared, when it is handed out again.
 */
#include "common/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_KEEP ((size_t)1 << 20)      /* what a reset keeps committed */
#define ARENA_PAGE ((size_t)4096)
#define ARENA_FIRST_STEP ((size_t)1 << 14)
#define ARENA_STEP ((size_t)1 << 16)      /* pages are asked for that many bytes at a time */

static size_t round_up(size_t size, size_t unit) { return (size + unit - 1) & ~(unit - 1); }

#define ARENA_FIRST ((sizeof(struct arena) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1))

struct arena *arena_new(size_t reserve)
{
    if (reserve > SIZE_MAX - ARENA_FIRST - ARENA_PAGE)
        return NULL;
    reserve = round_up(reserve + ARENA_FIRST, ARENA_PAGE);
    struct arena *arena = mmap(NULL, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED)
        return NULL;
    size_t populated = reserve < ARENA_FIRST_STEP ? reserve : ARENA_FIRST_STEP;
    madvise(arena, populated, MADV_POPULATE_WRITE);
    *arena = (struct arena){.reserve = reserve, .used = ARENA_FIRST, .dirty = ARENA_FIRST, .populated = populated};
    return arena;
}

static void __attribute__((noreturn)) arena_exhausted(void)
{
    static const char message[] = "ferry: internal error: an arena's reserved memory is used up\n";
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(127);
    abort();
}

/* Memory before `end` is about to be handed out. One call for many pages costs a fraction of a fault for each; kernels before 5.14 do not
 * know it, and fault. */
static void arena_populate(struct arena *arena, size_t end)
{
    if (end <= arena->populated)
        return;
    size_t start = arena->populated, length = round_up(end - start, ARENA_STEP);
    if (length <= arena->reserve - start && length <= ARENA_KEEP)
        madvise((char *)arena + start, length, MADV_POPULATE_WRITE);
    arena->populated = start + length;
}

static void arena_advance(struct arena *arena, size_t size)
{
    arena->used += size;
    if (arena->used <= arena->dirty)
        return;
    arena->dirty = arena->used;
    arena_populate(arena, arena->used);
}

/* Takes `size` bytes at `arena->used`; the part an earlier use may have written is cleared. */
static char *arena_take(struct arena *arena, size_t size)
{
    if (size > arena->reserve - arena->used)
        arena_exhausted();
    char *memory = (char *)arena + arena->used;
    if (arena->used < arena->dirty) {
        size_t stale = arena->dirty - arena->used;
        memset(memory, 0, stale < size ? stale : size);
    }
    arena_advance(arena, size);
    return memory;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN)
        arena_exhausted();
    return arena_take(arena, round_up(size, ARENA_ALIGN));
}

void *arena_allocate_unset_slow(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN)
        arena_exhausted();
    size = round_up(size, ARENA_ALIGN);
    if (size > arena->reserve - arena->used)
        arena_exhausted();
    char *memory = (char *)arena + arena->used;
    arena_advance(arena, size);
    return memory;
}

void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
{
    if (!old)
        return arena_allocate(arena, new_size);
    if (new_size > SIZE_MAX - ARENA_ALIGN)
        arena_exhausted();
    size_t old_room = round_up(old_size, ARENA_ALIGN), new_room = round_up(new_size, ARENA_ALIGN);
    if (new_room <= old_room)
        return old;
    if ((char *)old + old_room == (char *)arena + arena->used) {
        arena_take(arena, new_room - old_room);
        return old;
    }
    void *memory = arena_take(arena, new_room);
    return memcpy(memory, old, old_size);
}

size_t arena_used(const struct arena *arena) { return arena->used - ARENA_FIRST; }

void arena_reset(struct arena *arena)
{
    arena->used = ARENA_FIRST;
    if (arena->dirty <= ARENA_KEEP)
        return;
    /* Fresh pages read as zero; if the host will not take them back they simply stay dirty. */
    size_t end = round_up(arena->dirty, ARENA_PAGE);
    if (madvise((char *)arena + ARENA_KEEP, end - ARENA_KEEP, MADV_DONTNEED) == 0)
        arena->dirty = arena->populated = ARENA_KEEP;
}

void arena_free(struct arena *arena)
{
    if (arena)
        munmap(arena, arena->reserve);
}
