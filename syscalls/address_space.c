/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's address space, over the table of its mappings (mappings.c). Every guest address is chosen here and mapped with MAP_FIXED, so that
 * the guest sees one layout whatever the host does (arm64 with 39 bits is the model: mmap(2) top-down below the stack, mm/mmap.c's
 * rules for hints). The host's own table holds file names and offsets; only the guest's protection is kept here, because
 * guest code is never executable on the host.
 *
 * Lock: space->lock is a leaf. engine_invalidate is called after it is released: translation takes it under the engine's lock.
 */
#include "syscalls/address_space.h"
#include "syscalls/code_files.h"
#include "syscalls/mappings.h"
#include "syscalls/memory_limits.h"
#include "syscalls/memory_locks.h"
#include "syscalls/proc.h"
#include "syscalls/stack_growth.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#define FIXED_LIMIT 0x7e0000000000ull    /* above: the host's stack, libraries and our own mappings */
#define SHARED_LIMIT 0x8000000000ull     /* below: nothing of the host's; above, holes must be probed */
#define HOST_MAP_LOW 0x40                /* x86's MAP_32BIT */
#define HOST_MINIMUM 0x10000ull          /* hints below are ignored (vm.mmap_min_addr) */

static uint64_t page_up(uint64_t value) { return (value + PAGE_MASK) & ~PAGE_MASK; }

static void lock(struct address_space *space)
{
    pthread_mutex_lock(&space->lock);
}

static void begin_change(struct address_space *space)
{
    lock(space);
    atomic_fetch_add_explicit(&space->sequence, 1, memory_order_acq_rel);
    atomic_store_explicit(&space->code_start, 0, memory_order_relaxed);
    atomic_store_explicit(&space->code_end, 0, memory_order_relaxed);
}

/* After what may have added mappings. */
static void note_peak(struct process *process)
{
    if (process->space->mapped > process->mapped_peak)
        process->mapped_peak = process->space->mapped;
}

static void end_change(struct address_space *space)
{
    atomic_fetch_add_explicit(&space->sequence, 1, memory_order_release);
    pthread_mutex_unlock(&space->lock);
}

static void code_file_gone(const struct process *process, guest_addr start, guest_addr end)
{
    if (process->code_files)
        code_files_cut(process->code_files, start, end);
}

/* Not under the lock. Before there is an engine nothing has been translated. */
static void code_changed(struct process *process, guest_addr start, guest_addr end)
{
    if (process->engine)
        engine_invalidate(process->engine, start, end);
}

/* -- choosing addresses -------------------------------------------------------------------------------------------------- */

/* Highest free place of size bytes that ends at or below limit. */
static guest_addr find_below(struct address_space *space, guest_addr limit, uint64_t size)
{
    guest_addr end = limit;
    for (size_t index = mappings_find(space, limit - 1); ; index--) {
        guest_addr start = index < space->count ? mappings_guarded_start(space, index, end) : end;
        if (start < end) {
            guest_addr low = space->mappings[index].end;
            if (low < end && end - low >= size)
                return end - size;
            end = start;
        }
        if (index == 0)
            break;
    }
    return end > HOST_MINIMUM && end - HOST_MINIMUM >= size ? end - size : 0;
}

/* Bottom-up. Above the classic area the host may have something there: the caller maps without replacing and asks again higher. */
static guest_addr find_above(struct address_space *space, guest_addr from, uint64_t size)
{
    for (size_t index = mappings_find(space, from); index < space->count; index++) {
        const struct guest_mapping *mapping = &space->mappings[index];
        guest_addr start = mappings_guarded_start(space, index, FIXED_LIMIT);
        if (start > from && start - from >= size)
            return from;
        if (mapping->end > from)
            from = mapping->end;
    }
    return from <= FIXED_LIMIT && FIXED_LIMIT - from >= size ? from : 0;
}

static guest_addr choose_address(struct address_space *space, guest_addr hint, uint64_t size)
{
    hint &= ~PAGE_MASK;
    if (hint >= HOST_MINIMUM && hint < FIXED_LIMIT && size <= FIXED_LIMIT - hint && mappings_is_unguarded(space, hint, hint + size))
        return hint;
    guest_addr address = space->bottom_up ? 0 : find_below(space, space->mmap_base, size);
    return address ? address : find_above(space, space->mmap_base, size);
}

/* The holes of [start, end) hold nothing of the host's. Only asked above the classic area. */
static bool holes_are_ours(const struct address_space *space, guest_addr start, guest_addr end)
{
    if (end <= SHARED_LIMIT)
        return true;
    for (size_t index = mappings_find(space, start); start < end; index++) {
        guest_addr hole_end = index < space->count && space->mappings[index].start < end ? space->mappings[index].start : end;
        if (hole_end > start) {
            void *place = (void *)(uintptr_t)start;
            if (mmap(place, hole_end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
                return false;
            munmap(place, hole_end - start);
        }
        if (index >= space->count || space->mappings[index].start >= end)
            break;
        start = space->mappings[index].end;
    }
    return true;
}

/* Guest code is data to the host; what can be executed can be read. */
static int host_protection(int protection)
{
    int host = protection & (PROT_READ | PROT_WRITE | PROT_GROWSDOWN | PROT_GROWSUP);
    return protection & PROT_EXEC ? host | PROT_READ : host;
}

/* -- mmap, munmap, mprotect, mremap, brk --------------------------------------------------------------------------------- */

/* What is mapped: a file from an offset, a segment of shared memory (shmat), or new memory. -1: not that. */
struct source { int fd; uint64_t offset; int segment; };

/* The kernel's word for a place that is taken differs. */
static int64_t host_attach(guest_addr address, int protection, int flags, int segment)
{
    bool replaces = (flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE;
    int how = (protection & PROT_WRITE ? 0 : SHM_RDONLY) | (replaces ? SHM_REMAP : 0);
    int64_t result = host_call(SYS_shmat, (unsigned)segment, address, (unsigned)how, 0, 0, 0);
    return result == -EINVAL && !replaces ? -EEXIST : result;
}

static int64_t host_map(guest_addr address, uint64_t size, int protection, int flags, const struct source *source)
{
    if (source->segment >= 0)
        return host_attach(address, protection, flags, source->segment);
    return host_call(SYS_mmap, address, size, (unsigned)host_protection(protection), (unsigned)flags, (uint64_t)(int64_t)source->fd, source->offset);
}

/* The kernel may find that it has no memory after it has unmapped what was there: all of it or nothing. */
static bool was_unmapped(const struct address_space *space, guest_addr start, guest_addr end)
{
    size_t index = mappings_find(space, start);
    if (index >= space->count || space->mappings[index].start >= end)
        return false;
    guest_addr page = space->mappings[index].start > start ? space->mappings[index].start : start;
    return !page_is_mapped(page);
}

static int64_t map_fixed(struct address_space *space, guest_addr address, uint64_t size, int protection, int flags, const struct source *source, bool *had_code)
{
    if (address & PAGE_MASK)
        return -EINVAL;
    if (address >= FIXED_LIMIT || size > FIXED_LIMIT - address)
        return -ENOMEM;
    mappings_learn_growth(space, address, address + size);
    if ((flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE && !mappings_is_free(space, address, address + size))
        return -EEXIST;
    if (!holes_are_ours(space, address, address + size))
        return (flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE ? -EEXIST : -ENOMEM;
    int64_t result = host_map(address, size, protection, (flags & ~MAP_FIXED_NOREPLACE) | MAP_FIXED, source);
    if (result >= 0 || was_unmapped(space, address, address + size))
        *had_code = mappings_remove(space, address, address + size);
    return result;
}

/* A file that chooses the address itself and takes none from us (io_uring): the host is asked for one below 2 GiB, where nothing
 * of its own lies. */
static int64_t map_where_file_likes(uint64_t size, int protection, int flags, const struct source *source)
{
    int64_t result = host_map(0, size, protection, flags | HOST_MAP_LOW, source);
    if (result < 0 || (guest_addr)result + size <= SHARED_LIMIT)
        return result;
    munmap((void *)(uintptr_t)result, size);
    return -ENOMEM;
}

/* What the GNU ld.so maps first, to put the pieces of a library there. Its malloc and its threads ask for other flags. */
static bool is_reservation(int protection, int flags)
{
    return protection == PROT_NONE && (flags & (MAP_ANONYMOUS | MAP_TYPE | MAP_NORESERVE | MAP_STACK)) == (MAP_ANONYMOUS | MAP_PRIVATE);
}

/* A private mapping of a file that can lie anywhere lies where it does in every process: code in it is translated for its address. Of a
 * reservation only the size is known, so it is by size. */
static guest_addr choose_for_file(const struct process *process, uint64_t size)
{
    enum { TRIES = 8 };
    for (unsigned nth = 0; nth < TRIES; nth++) {
        guest_addr address = code_files_place(process->code_files, size, nth);
        if (address && mappings_is_free(process->space, address, address + size))
            return address;
    }
    return 0;
}

/* Where new memory, or a part of the file fd (-1: none), goes that asks for no fixed place: the one choice that all mappings share. */
static guest_addr place_mapping(const struct process *process, guest_addr hint, uint64_t size, int protection, int flags, int fd)
{
    bool is_file = fd >= 0 && (flags & (MAP_ANONYMOUS | MAP_TYPE)) == MAP_PRIVATE;
    bool is_placed = process->code_files && !hint && (is_file || is_reservation(protection, flags));
    guest_addr address = is_placed ? choose_for_file(process, size) : 0;
    return address ? address : choose_address(process->space, hint, size);
}

static int64_t map_anywhere(const struct process *process, guest_addr hint, uint64_t size, int protection, int flags, const struct source *source)
{
    struct address_space *space = process->space;
    guest_addr address = place_mapping(process, hint, size, protection, flags, source->fd);
    while (address) {
        int64_t result = host_map(address, size, protection, flags | MAP_FIXED_NOREPLACE, source);
        if (result == -EINVAL && !hint && source->fd >= 0)
            return map_where_file_likes(size, protection, flags, source);
        if (result != -EEXIST || (source->segment >= 0 && address < SHARED_LIMIT))   /* below, it is the segment that is gone */
            return result;
        address = find_above(space, address >= SHARED_LIMIT ? address + (1ull << 30) : SHARED_LIMIT, size);
    }
    return -ENOMEM;
}

static bool may_grow(const struct process *process, uint64_t bytes, int protection, bool shared)
{
    const struct address_space *space = process->space;
    return memory_limits_allow(process, space->mappings, space->count, bytes, (protection & PROT_WRITE) && !shared);
}

/* What a fixed mapping takes the place of goes away. */
static int64_t map_permission(const struct process *process, guest_addr hint, uint64_t size, int protection, int flags)
{
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    if (memory_protection_denied(process, protection, protection))
        return -EACCES;
    if (may_grow(process, size, protection, shared))
        return 0;
    uint64_t replaced = flags & MAP_FIXED && size <= FIXED_LIMIT - hint ? mappings_bytes(process->space, hint, hint + size) : 0;
    return replaced && may_grow(process, size - replaced, protection, shared) ? 0 : -ENOMEM;
}

static bool is_code(int protection)
{
    return (protection & (PROT_EXEC | PROT_WRITE)) == PROT_EXEC;
}

static bool is_code_file(const struct process *process, int protection, int flags, int fd)
{
    return process->code_files && fd >= 0 && (flags & (MAP_ANONYMOUS | MAP_TYPE)) == MAP_PRIVATE && is_code(protection);
}

static int64_t map_source(struct process *process, guest_addr hint, uint64_t size, int protection, int flags, const struct source *source)
{
    struct address_space *space = process->space;
    bool had_code = false;
    if (size == 0)
        return -EINVAL;
    size = page_up(size);
    if (size == 0 || size > FIXED_LIMIT)
        return -ENOMEM;
    struct stat status;
    bool known = is_code_file(process, protection, flags, source->fd) && fstat(source->fd, &status) == 0;
    begin_change(space);
    int64_t result = mappings_reserve(space) ? map_permission(process, hint, size, protection, flags) : -ENOMEM;
    if (result == 0)
        result = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? map_fixed(space, hint, size, protection, flags, source, &had_code)
                                                           : map_anywhere(process, hint, size, protection, flags, source);
    if (result >= 0) {
        mappings_add(space, (struct guest_mapping){ (guest_addr)result, (guest_addr)result + size, protection & (PROT_READ | PROT_WRITE | PROT_EXEC),
                                                 (flags & MAP_TYPE) != MAP_PRIVATE, (flags & MAP_GROWSDOWN) != 0, (protection & PROTECTION_NEVER_EXECUTE) != 0 });
        if (had_code)
            code_file_gone(process, hint, hint + size);
        if (known)
            code_files_mapped(process->code_files, (guest_addr)result, (guest_addr)result + size, &status, source->offset);
    }
    note_peak(process);
    end_change(space);
    if (had_code)                         /* only where the place was given */
        code_changed(process, hint, hint + size);
    return result;
}

/* Data of programs and libraries and the first of the heap: written soon, most of it, and a fault for each page costs more. */
static int written_soon(uint64_t size, int protection, int flags)
{
    enum { LARGEST = 65536 };
    bool placed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    bool is_data = placed && (protection & PROT_WRITE) && (flags & (MAP_TYPE | MAP_NORESERVE | MAP_GROWSDOWN)) == MAP_PRIVATE;
    return is_data && size <= LARGEST ? MAP_POPULATE : 0;
}

int64_t address_space_map(struct process *process, guest_addr hint, uint64_t size, int protection, int flags, int fd, uint64_t offset)
{
    const struct source file = { fd, offset, -1 };
    flags |= memory_lock_flags(process) | written_soon(size, protection, flags);
    return memory_lock_new(process, map_source(process, hint, size, protection, flags, &file), page_up(size));
}

int64_t address_space_attach(struct process *process, guest_addr hint, uint64_t size, int protection, int flags, int segment)
{
    const struct source memory = { -1, 0, segment };
    int64_t result = map_source(process, hint, size, protection, flags, &memory);
    if (result >= 0)
        memory_lock_attached(process, (guest_addr)result, page_up(size));
    return result;
}

/* Unmaps what is the guest's in [start, end) on the host, neighbours in one call; holes may be the host's. The kernel may refuse (sealed
 * pages, too many mappings): the end of what is unmapped, and *error. */
static guest_addr host_unmap(struct address_space *space, guest_addr start, guest_addr end, int64_t *error)
{
    size_t index = mappings_find(space, start);
    *error = 0;
    while (index < space->count && space->mappings[index].start < end) {
        guest_addr low = space->mappings[index].start > start ? space->mappings[index].start : start, high = low;
        for (; index < space->count && space->mappings[index].start <= high && high < end; index++)
            high = space->mappings[index].end < end ? space->mappings[index].end : end;
        *error = host_call(SYS_munmap, low, high - low, 0, 0, 0, 0);
        if (*error < 0)
            return low;
    }
    return end;
}

int64_t address_space_unmap(struct process *process, guest_addr start, uint64_t size)
{
    struct address_space *space = process->space;
    if ((start & PAGE_MASK) || size == 0 || page_up(size) == 0 || start >= FIXED_LIMIT || page_up(size) > FIXED_LIMIT - start)
        return -EINVAL;
    guest_addr end = start + page_up(size);
    begin_change(space);
    if (!mappings_reserve(space)) {
        end_change(space);
        return -ENOMEM;
    }
    int64_t error;
    mappings_learn_growth(space, start, end);
    end = host_unmap(space, start, end, &error);
    bool had_code = end > start && mappings_remove(space, start, end);
    if (had_code)
        code_file_gone(process, start, end);
    end_change(space);
    if (had_code)
        code_changed(process, start, end);
    return error;
}

/* Memory that becomes data counts as such from now on (mm/mprotect.c). */
static int64_t protect_permission(const struct process *process, const struct guest_mapping *m, uint64_t bytes, int protection)
{
    if (memory_protection_denied(process, m->protection, protection) || ((protection & PROT_EXEC) && m->never_executable))
        return -EACCES;
    bool may = !(protection & PROT_WRITE) || may_grow(process, bytes, protection, m->shared) || !may_grow(process, bytes, m->protection, m->shared);
    return may ? 0 : -ENOMEM;
}

/* mprotect stops at the first hole with ENOMEM, the pages before it changed. */
static int64_t protect_range(const struct process *process, guest_addr start, guest_addr end, int asked, bool *had_code)
{
    struct address_space *space = process->space;
    int64_t result = 0;
    while (start < end) {
        size_t index = mappings_find(space, start);
        struct guest_mapping changed;
        if (index == space->count || space->mappings[index].start > start)
            return -ENOMEM;
        guest_addr stop = space->mappings[index].end < end ? space->mappings[index].end : end;
        changed = space->mappings[index];
        int protection = asked | (asked & PROTECTION_EXECUTE_IF_MAY && !changed.never_executable ? PROT_EXEC : 0);
        result = protect_permission(process, &space->mappings[index], stop - start, protection);
        if (result == 0)
            result = host_call(SYS_mprotect, start, stop - start, (unsigned)host_protection(protection), 0, 0, 0);
        if (result < 0)
            return result;
        if (!mappings_reserve(space))
            return -ENOMEM;
        *had_code |= mappings_remove(space, start, stop);
        changed.start = start;
        changed.end = stop;
        changed.protection = protection & (PROT_READ | PROT_WRITE | PROT_EXEC);
        mappings_add(space, changed);
        start = stop;
    }
    return 0;
}

/* PROT_GROWSDOWN: from the start of a mapping that grows (mprotect(2)); nothing of ours grows up. */
static int64_t protect_from(struct address_space *space, guest_addr *start, guest_addr end, int protection)
{
    mappings_learn_growth(space, *start, end);
    if (!(protection & (PROT_GROWSDOWN | PROT_GROWSUP)))
        return 0;
    size_t index = mappings_find(space, *start);
    if (index == space->count || (protection & PROT_GROWSDOWN ? space->mappings[index].start >= end : space->mappings[index].start > *start))
        return -ENOMEM;
    if ((protection & PROT_GROWSUP) || !space->mappings[index].grows_down)
        return -EINVAL;
    *start = space->mappings[index].start;
    return 0;
}

int64_t address_space_protect(struct process *process, guest_addr start, uint64_t size, int protection)
{
    struct address_space *space = process->space;
    bool had_code = false;
    if ((start & PAGE_MASK) || (protection & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (size == 0)
        return 0;
    if (page_up(size) == 0 || start >= FIXED_LIMIT || page_up(size) > FIXED_LIMIT - start)
        return -ENOMEM;
    guest_addr end = start + page_up(size);
    begin_change(space);
    int64_t result = protect_from(space, &start, end, protection);
    if (result == 0)
        result = protect_range(process, start, end, protection & ~(PROT_GROWSDOWN | PROT_GROWSUP), &had_code);
    if (had_code)
        code_file_gone(process, start, end);
    end_change(space);
    if (had_code)
        code_changed(process, start, end);
    return result;
}

struct remap { guest_addr old; uint64_t old_size, new_size; int flags; guest_addr target; };

/* Where the result goes: in place, at the given address, or at one we choose; 0 and *error when it cannot. */
static guest_addr remap_target(struct address_space *space, const struct remap *r, int64_t *error)
{
    if (r->flags & MREMAP_FIXED) {
        bool overlaps = r->target < r->old + r->old_size && r->old < r->target + r->new_size;
        bool bad = (r->target & PAGE_MASK) || r->target >= FIXED_LIMIT || r->new_size > FIXED_LIMIT - r->target || overlaps;
        *error = bad ? -EINVAL : -ENOMEM;
        return bad || !holes_are_ours(space, r->target, r->target + r->new_size) ? 0 : r->target;
    }
    bool grows_in_place = r->old + r->old_size <= FIXED_LIMIT - (r->new_size - r->old_size)
        && mappings_is_free(space, r->old + r->old_size, r->old + r->new_size) && holes_are_ours(space, r->old + r->old_size, r->old + r->new_size);
    if (!(r->flags & MREMAP_DONTUNMAP) && grows_in_place)
        return r->old;
    *error = -ENOMEM;
    return r->flags & MREMAP_MAYMOVE ? choose_address(space, r->flags & MREMAP_DONTUNMAP ? r->target : 0, r->new_size) : 0;
}

static int64_t remap_range(struct process *process, const struct remap *r, bool *moved_code)
{
    struct address_space *space = process->space;
    int64_t error = -ENOMEM;
    mappings_learn_growth(space, r->old, r->old + r->new_size);
    if (r->flags & MREMAP_FIXED)
        mappings_learn_growth(space, r->target, r->target + r->new_size);
    size_t index = mappings_find(space, r->old);
    if (index == space->count || space->mappings[index].start > r->old)
        return -EFAULT;
    struct guest_mapping moved = space->mappings[index];
    if (space->mappings[index].end < r->old + r->old_size)
        return -EFAULT;
    if (!may_grow(process, r->flags & MREMAP_DONTUNMAP ? r->old_size : r->new_size - r->old_size, moved.protection, moved.shared))
        return -ENOMEM;
    guest_addr target = remap_target(space, r, &error);
    if (!target)
        return error;
    int flags = target == r->old ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED | (r->flags & MREMAP_DONTUNMAP);
    int64_t result = host_call(SYS_mremap, r->old, r->old_size, r->new_size, (unsigned)flags, target, 0);
    if (result < 0)
        return result;
    *moved_code = mappings_remove(space, target, target + r->new_size) | ((moved.protection & PROT_EXEC) != 0);
    if (target != r->old && r->old_size && !(flags & MREMAP_DONTUNMAP)) {
        mappings_reserve(space);
        mappings_remove(space, r->old, r->old + r->old_size);
    }
    moved.start = target;
    moved.end = target + r->new_size;
    mappings_add(space, moved);
    note_peak(process);
    return (int64_t)target;
}

/* Shrinking in place is an munmap of the tail. */
static int64_t remap_shrink(struct process *process, const struct remap *r)
{
    if (!mappings_cover(process->space, r->old, r->old + r->old_size))
        return -EFAULT;
    int64_t result = r->new_size < r->old_size ? address_space_unmap(process, r->old + r->new_size, r->old_size - r->new_size) : 0;
    return result < 0 ? result : (int64_t)r->old;
}

int64_t address_space_remap(struct process *process, guest_addr old, uint64_t old_size, uint64_t new_size, int flags, guest_addr new_address)
{
    struct address_space *space = process->space;
    struct remap r = { old, page_up(old_size), page_up(new_size), flags, new_address };
    bool moved_code = false;
    if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) || (old & PAGE_MASK) || r.new_size == 0)
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && r.old_size != r.new_size)
        return -EINVAL;
    if (old >= FIXED_LIMIT || r.old_size > FIXED_LIMIT - old)
        return -EFAULT;
    if (r.new_size > FIXED_LIMIT)
        return -ENOMEM;
    if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && r.new_size <= r.old_size)
        return remap_shrink(process, &r);
    if ((flags & MREMAP_FIXED) && r.new_size < r.old_size) {
        int64_t result = remap_shrink(process, &r);
        if (result < 0)
            return result;
        r.old_size = r.new_size;
    }
    begin_change(space);
    int64_t result = mappings_reserve(space) ? remap_range(process, &r, &moved_code) : -ENOMEM;
    if (moved_code && result >= 0) {
        code_file_gone(process, old, old + r.old_size);
        code_file_gone(process, (guest_addr)result, (guest_addr)result + r.new_size);
    }
    end_change(space);
    if (moved_code && result >= 0) {
        code_changed(process, old, old + r.old_size);
        code_changed(process, (guest_addr)result, (guest_addr)result + r.new_size);
    }
    return result;
}

int64_t address_space_brk(struct process *process, guest_addr brk, int protection)
{
    struct address_space *space = process->space;
    lock(space);
    guest_addr old = space->brk, start = space->brk_start;
    /* A page stays free above it, and the gap below a stack. */
    guest_addr new_end = page_up(brk) > page_up(old) ? page_up(brk) + PAGE : page_up(old);
    bool fits = brk >= start && brk - start <= process->data_limit.soft && brk < SHARED_LIMIT && mappings_is_unguarded(space, page_up(old), new_end);
    pthread_mutex_unlock(&space->lock);
    if (!fits)
        return (int64_t)old;
    if (page_up(brk) > page_up(old)) {
        int64_t result = address_space_map(process, page_up(old), page_up(brk) - page_up(old), protection,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (result < 0)
            return (int64_t)old;
    } else if (page_up(brk) < page_up(old)) {
        address_space_unmap(process, page_up(brk), page_up(old) - page_up(brk));
    }
    lock(space);
    space->brk = brk;
    process->brk = brk;
    pthread_mutex_unlock(&space->lock);
    return (int64_t)brk;
}

/* -- looking --------------------------------------------------------------------------------------------------------------- */

int address_space_protection(const struct process *process, guest_addr address)
{
    struct address_space *space = process->space;
    lock(space);
    size_t index = mappings_find_present(space, address);
    bool inside = index < space->count && space->mappings[index].start <= address;
    int protection = inside ? space->mappings[index].protection : -1;
    pthread_mutex_unlock(&space->lock);
    return protection;
}

static bool executable_slow(struct address_space *space, guest_addr address, guest_addr end)
{
    begin_change(space);
    size_t index = mappings_find_present(space, address);
    bool inside = index < space->count && space->mappings[index].start <= address && (space->mappings[index].protection & PROT_EXEC);
    bool whole = inside && space->mappings[index].end >= end;
    if (inside) {
        atomic_store_explicit(&space->code_start, space->mappings[index].start, memory_order_relaxed);
        atomic_store_explicit(&space->code_end, space->mappings[index].end, memory_order_relaxed);
    }
    end_change(space);
    return whole;
}

bool address_space_executable(struct process *process, guest_addr address, size_t size)
{
    struct address_space *space = process->space;
    uint32_t sequence = atomic_load_explicit(&space->sequence, memory_order_acquire);
    guest_addr start = atomic_load_explicit(&space->code_start, memory_order_relaxed);
    guest_addr end = atomic_load_explicit(&space->code_end, memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    if (!(sequence & 1) && atomic_load_explicit(&space->sequence, memory_order_relaxed) == sequence && address >= start && address < end && end - address >= size)
        return true;
    return address + size >= address && executable_slow(space, address, address + size);
}

bool address_space_next(const struct process *process, guest_addr from, struct guest_mapping *mapping)
{
    struct address_space *space = process->space;
    lock(space);
    size_t index = mappings_find(space, from);
    bool found = index < space->count;
    if (found && space->mappings[index].start > from)
        mappings_present_start(space, index);
    if (found)
        *mapping = space->mappings[index];
    pthread_mutex_unlock(&space->lock);
    return found;
}

struct guest_mapping *address_space_of_other(pid_t pid, const struct address_space *remote, size_t *count, size_t *bytes)
{
    struct address_space space;
    if (remote_read(pid, remote, &space, sizeof space) != sizeof space || !space.count)
        return NULL;
    *count = space.count;
    *bytes = space.count * sizeof *space.mappings;
    struct guest_mapping *mappings = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mappings == MAP_FAILED)
        return NULL;
    if (remote_read(pid, space.mappings, mappings, *bytes) == (int64_t)*bytes)
        return mappings;
    munmap(mappings, *bytes);
    return NULL;
}

/* -- set-up ---------------------------------------------------------------------------------------------------------------- */

struct address_space *address_space_new(struct process *process)
{
    struct address_space *space = calloc(1, sizeof *space);
    if (!space)
        return NULL;
    pthread_mutex_init(&space->lock, NULL);
    process->address_space_limit = process->data_limit = (struct memory_limit){ ~0ull, ~0ull };
    space->mmap_base = ADDRESS_SPACE_STACK_TOP - ADDRESS_SPACE_SMALLEST_GAP;
    space->stack_limit = ~0ull;
    return space;
}

void address_space_set_brk(struct process *process, guest_addr start)
{
    process->space->brk_start = process->space->brk = start;
    process->brk_start = process->brk = start;
}

void address_space_place_brk(struct process *process, guest_addr start, guest_addr end)
{
    lock(process->space);
    process->space->brk_start = process->brk_start = start;
    process->space->brk = process->brk = end;
    pthread_mutex_unlock(&process->space->lock);
}

void address_space_set_mmap_base(struct process *process, guest_addr base, bool bottom_up)
{
    process->space->mmap_base = base;
    process->space->bottom_up = bottom_up;
}

void address_space_stack_limit(struct process *process, uint64_t limit, bool at_start)
{
    struct address_space *space = process->space;
    lock(space);
    if (at_start || limit > space->stack_limit)
        space->stack_limit = limit;
    pthread_mutex_unlock(&space->lock);
}

void address_space_stack_limit_of_other(pid_t pid, const struct process *remote, uint64_t limit)
{
    struct address_space *space;
    uint64_t known;
    if (remote_read(pid, &remote->space, &space, sizeof space) != sizeof space
        || remote_read(pid, &space->stack_limit, &known, sizeof known) != sizeof known || limit <= known)
        return;
    remote_write(pid, &space->stack_limit, &limit, sizeof limit);
}

void address_space_adopt(struct process *process, guest_addr start, uint64_t size, int protection, bool shared)
{
    struct address_space *space = process->space;
    bool had_code = false;
    begin_change(space);
    if (mappings_reserve(space)) {
        had_code = mappings_remove(space, start, start + page_up(size));
        mappings_add(space, (struct guest_mapping){ start, start + page_up(size), protection, shared, false, false });
        note_peak(process);
    }
    end_change(space);
    if (had_code)
        code_changed(process, start, start + page_up(size));
}

void address_space_lock(struct process *process)
{
    lock(process->space);
}

void address_space_unlock(struct process *process)
{
    pthread_mutex_unlock(&process->space->lock);
}
