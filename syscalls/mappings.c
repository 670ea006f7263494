/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of the guest's mappings: a sorted array, what can be asked of it, and how it is changed. What grows on the host (stacks) is
 * learned when its answer matters. All of it under space->lock; nothing here maps memory for the guest.
 */
#include "syscalls/mappings.h"
#include "syscalls/stack_growth.h"

#include <string.h>
#include <sys/mman.h>

#define STACK_GUARD (256 * PAGE)         /* the kernel's stack_guard_gap */

size_t mappings_find(const struct address_space *space, guest_addr address)
{
    size_t low = 0, high = space->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (space->mappings[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* What lies between two mappings of the table is the growth of the upper one. */
guest_addr mappings_present_start(struct address_space *space, size_t index)
{
    struct guest_mapping *m = &space->mappings[index];
    if (!m->grows_down)
        return m->start;
    guest_addr start = grown_start(m->start, index ? m[-1].end : 0);
    space->mapped += m->start - start;
    return m->start = start;
}

/* The lowest that it may start at by now, without asking the host: no stack becomes larger than the largest limit there was. */
static guest_addr lowest_start(const struct address_space *space, size_t index)
{
    const struct guest_mapping *m = &space->mappings[index];
    if (!m->grows_down)
        return m->start;
    return m->start > space->stack_limit ? m->start - space->stack_limit : 0;
}

static guest_addr minus_guard(const struct address_space *space, size_t index, guest_addr start)
{
    return !space->mappings[index].grows_down ? start : start > STACK_GUARD ? start - STACK_GUARD : 0;
}

guest_addr mappings_guarded_start(struct address_space *space, size_t index, guest_addr end)
{
    guest_addr lowest = minus_guard(space, index, lowest_start(space, index));
    return lowest >= end ? lowest : minus_guard(space, index, mappings_present_start(space, index));
}

size_t mappings_find_present(struct address_space *space, guest_addr address)
{
    size_t index = mappings_find(space, address);
    if (index < space->count && space->mappings[index].start > address && lowest_start(space, index) <= address)
        mappings_present_start(space, index);
    return index;
}

void mappings_learn_growth(struct address_space *space, guest_addr start, guest_addr end)
{
    for (size_t index = mappings_find(space, start); index < space->count && lowest_start(space, index) < end; index++)
        if (mappings_present_start(space, index) >= end)
            break;
}

bool mappings_is_free(const struct address_space *space, guest_addr start, guest_addr end)
{
    size_t index = mappings_find(space, start);
    return index == space->count || space->mappings[index].start >= end;
}

bool mappings_is_unguarded(struct address_space *space, guest_addr start, guest_addr end)
{
    size_t index = mappings_find(space, start);
    return index == space->count || mappings_guarded_start(space, index, end) >= end;
}

/* The array is never malloc'ed, since children of a raw clone change it too. */
bool mappings_reserve(struct address_space *space)
{
    if (space->count + 2 <= space->capacity)
        return true;
    size_t old_bytes = space->capacity * sizeof *space->mappings, bytes = old_bytes ? old_bytes * 2 : 4 * PAGE;
    void *array = old_bytes ? mremap(space->mappings, old_bytes, bytes, MREMAP_MAYMOVE)
                            : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (array == MAP_FAILED)
        return false;
    space->mappings = array;
    space->capacity = bytes / sizeof *space->mappings;
    return true;
}

static void insert_at(struct address_space *space, size_t index, struct guest_mapping mapping)
{
    memmove(&space->mappings[index + 1], &space->mappings[index], (space->count - index) * sizeof mapping);
    space->mappings[index] = mapping;
    space->count++;
}

uint64_t mappings_bytes(const struct address_space *space, guest_addr start, guest_addr end)
{
    uint64_t bytes = 0;
    for (size_t index = mappings_find(space, start); index < space->count && space->mappings[index].start < end; index++) {
        guest_addr low = space->mappings[index].start > start ? space->mappings[index].start : start;
        bytes += (space->mappings[index].end < end ? space->mappings[index].end : end) - low;
    }
    return bytes;
}

bool mappings_remove(struct address_space *space, guest_addr start, guest_addr end)
{
    bool had_code = false;
    size_t first = mappings_find(space, start), index = first;
    space->mapped -= mappings_bytes(space, start, end);
    if (first < space->count && space->mappings[first].start < start) {
        struct guest_mapping *left = &space->mappings[first];
        if (left->start >= end)
            return false;
        had_code = left->protection & PROT_EXEC;
        if (left->end > end) {
            struct guest_mapping right = *left;
            right.start = end;
            left->end = start;
            insert_at(space, first + 1, right);
            return had_code;
        }
        left->end = start;
        first = ++index;
    }
    for (; index < space->count && space->mappings[index].end <= end; index++)
        had_code |= (space->mappings[index].protection & PROT_EXEC) != 0;
    if (index < space->count && space->mappings[index].start < end) {
        had_code |= (space->mappings[index].protection & PROT_EXEC) != 0;
        space->mappings[index].start = end;
    }
    memmove(&space->mappings[first], &space->mappings[index], (space->count - index) * sizeof *space->mappings);
    space->count -= index - first;
    return had_code;
}

static bool same_kind(const struct guest_mapping *one, const struct guest_mapping *other)
{
    return one->protection == other->protection && one->shared == other->shared && one->grows_down == other->grows_down
        && one->never_executable == other->never_executable;
}

/* Equal neighbours become one: the host keeps what else differs. */
void mappings_add(struct address_space *space, struct guest_mapping added)
{
    size_t index = mappings_find(space, added.start);
    space->mapped += added.end - added.start;
    struct guest_mapping *left = index ? &space->mappings[index - 1] : NULL;
    struct guest_mapping *right = index < space->count ? &space->mappings[index] : NULL;
    bool joins_left = left && left->end == added.start && same_kind(left, &added);
    bool joins_right = right && right->start == added.end && same_kind(right, &added);
    if (joins_left && joins_right) {
        left->end = right->end;
        memmove(right, right + 1, (space->count - index - 1) * sizeof *right);
        space->count--;
    } else if (joins_left) {
        left->end = added.end;
    } else if (joins_right) {
        right->start = added.start;
    } else {
        insert_at(space, index, added);
    }
}

bool mappings_cover(const struct address_space *space, guest_addr start, guest_addr end)
{
    for (size_t index = mappings_find(space, start); index < space->count && space->mappings[index].start <= start; index++) {
        start = space->mappings[index].end;
        if (start >= end)
            return true;
    }
    return false;
}
