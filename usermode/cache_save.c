/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Saving what a process translated. It happens when the process ends or becomes another program, and is worth it: what is new must be a
 * part of what is there, or come seldom, so that the bytes written stay a small multiple of the bytes kept. Nobody waits for a lock, and nothing that goes wrong
 * is heard of.
 */
#include "usermode/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LEAST_INSNS 8
#define LEAST_PART 64                     /* of what the image has: one in so many */
#define BYTES_A_SECOND 65536              /* an image older than its size at this rate is worth less: what little is new would be translated at each start */
#define LARGEST_RANGE (512ull << 20)      /* its content is read in full */

struct save {
    struct cache *cache;
    struct code_file file;
    struct digest key;
    char name[CACHE_NAME];
};

static uint64_t least(uint64_t image_insns)
{
    uint64_t part = image_insns / LEAST_PART;
    return part > LEAST_INSNS ? part : LEAST_INSNS;
}

/* -- one image --------------------------------------------------------------------------------------------------------------- */

/* A byte of the lock file for each image; closing it unlocks. -1: somebody else is writing this one. */
static int lock_image(const struct save *save)
{
    struct cache_place place;
    struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)(save->key.low & INT64_MAX) - 1, .l_len = 1};
    byte.l_start = byte.l_start < 0 ? 0 : byte.l_start;
    int fd = cache_place(save->cache, "lock", &place) ? openat(place.directory, place.name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &byte) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool write_all(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

/* The guest's limit is no reason to send it a signal. */
static bool may_write(size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= size);
}

static void write_image(const struct save *save, const void *image, size_t size)
{
    struct cache_place temporary, place;
    char other[64];
    struct cache_trailer trailer = {.magic = CACHE_MAGIC, .content = digest_of(image, size), .key = save->key, .build = save->cache->build};
    snprintf(other, sizeof other, "t%d-%s", (int)getpid(), save->name);
    if (!may_write(size + sizeof trailer) || !cache_place(save->cache, other, &temporary) || !cache_place(save->cache, save->name, &place))
        return;
    int fd = openat(temporary.directory, temporary.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    bool written = write_all(fd, image, size) && write_all(fd, &trailer, sizeof trailer);
    close(fd);
    if (!written || renameat(temporary.directory, temporary.name, place.directory, place.name) < 0)
        unlinkat(temporary.directory, temporary.name, 0);
}

/* What is on disk may be newer than what this process began with. */
static void merge(const struct save *save, bool worth_little)
{
    struct stat status;
    bool checked;
    struct engine_image_request request = {.start = save->file.start, .end = save->file.end, .minimum = LEAST_INSNS};
    int fd = cache_open_image(save->cache, save->name, save->key, NULL, &status, &checked);
    if (fd >= 0) {
        void *base = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        close(fd);
        if (base == MAP_FAILED)
            return;
        request.base = base;
        request.base_size = (size_t)status.st_size - sizeof(struct cache_trailer);
        request.minimum = worth_little ? LEAST_INSNS : least(engine_image_insns(base, request.base_size));
    }
    void *image;
    size_t size;
    if (engine_image_build(save->cache->process->engine, &request, &image, &size)) {
        write_image(save, image, size);
        munmap(image, size);
    }
    if (request.base)
        munmap((void *)request.base, (size_t)status.st_size);
}

static bool image_is_old(const struct cache *cache, const struct code_file *file)
{
    struct cache_place place;
    struct digest key;
    struct stat status;
    struct timespec now;
    char name[CACHE_NAME];
    clock_gettime(CLOCK_REALTIME, &now);
    return cache_image_name(cache, file, file->digest, &key, name) && cache_place(cache, name, &place)
           && fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0
           && now.tv_sec - status.st_mtim.tv_sec > status.st_size / BYTES_A_SECOND;
}

static void save_range(struct cache *cache, const struct code_file *file, bool worth_little)
{
    struct save save = {.cache = cache, .file = *file};
    struct digest now;
    if (file->end - file->start > LARGEST_RANGE || !cache_content(cache, file, &now) || !digest_equal(now, file->digest)
        || !cache_image_name(cache, file, file->digest, &save.key, save.name))
        return;
    int lock = lock_image(&save);
    if (lock < 0)
        return;
    merge(&save, worth_little);
    close(lock);
}

/* -- the size of the directory ---------------------------------------------------------------------------------------------------- */

struct entry { int64_t used; uint64_t size; char name[64]; };       /* used: nanoseconds since 1970, 0 for what nobody needs */

static int by_use(const void *a, const void *b)
{
    int64_t x = ((const struct entry *)a)->used, y = ((const struct entry *)b)->used;
    return x < y ? -1 : x > y;
}

static int64_t nanoseconds(struct timespec at)
{
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* Everything but the salt and the lock; what was being written an hour ago is nobody's. */
static size_t list_entries(DIR *directory, struct entry **entries, uint64_t *total)
{
    size_t count = 0, room = 0;
    struct stat status;
    *entries = NULL;
    *total = 0;
    for (struct dirent *d; (d = readdir(directory));) {
        if (!strchr("imt", d->d_name[0]) || strlen(d->d_name) >= sizeof (*entries)->name || fstatat(dirfd(directory), d->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (count == room) {
            room = room ? 2 * room : 256;
            struct entry *more = realloc(*entries, room * sizeof *more);
            if (!more)
                break;
            *entries = more;
        }
        struct entry *entry = &(*entries)[count++];
        int64_t read = nanoseconds(status.st_atim), written = nanoseconds(status.st_mtim);
        entry->used = read > written ? read : written;
        if (d->d_name[0] == 't' && time(NULL) - status.st_mtime > 3600)
            entry->used = 0;
        entry->size = (uint64_t)status.st_blocks * 512 + 256;
        snprintf(entry->name, sizeof entry->name, "%s", d->d_name);
        *total += entry->size;
    }
    return count;
}

uint64_t cache_trim(const struct cache *cache, uint64_t limit)
{
    struct cache_place place;
    struct entry *entries;
    uint64_t total;
    int fd = cache_place(cache, ".", &place) ? openat(place.directory, place.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory)
        return 0;
    size_t count = list_entries(directory, &entries, &total);
    qsort(entries, count, sizeof *entries, by_use);
    uint64_t wanted = total > limit ? limit - limit / 8 : limit;
    for (size_t i = 0; i < count && (total > wanted || entries[i].used == 0); i++)
        if (unlinkat(dirfd(directory), entries[i].name, 0) == 0)
            total -= entries[i].size;
    free(entries);
    closedir(directory);
    return total;
}

/* Counting costs more than writing one image: one writer in sixteen does it, or every one where few fit. Not a forked child, where
 * another thread's malloc may have been cut short. */
static void keep_size(const struct cache *cache)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (getpid() != cache->first)
        return;
    if (cache->limit < 64 << 20 || (now.tv_nsec >> 10) % 16 == 0)
        cache_trim(cache, cache->limit);
}

/* -- all of them -------------------------------------------------------------------------------------------------------------------- */

/* Few, and without qsort, which may want memory. */
static void sort_files(struct code_file *files, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct code_file file = files[i];
        size_t at = i;
        for (; at && files[at - 1].start > file.start; at--)
            files[at] = files[at - 1];
        files[at] = file;
    }
}

static size_t copy_files(struct process *process, struct code_file *files)
{
    size_t count = 0;
    address_space_lock(process);
    for (size_t i = 0; i < process->code_files->count; i++) {
        const struct code_file *file = &process->code_files->file[i];
        if (file->looked_up && file->has_digest && !file->was_cut)
            files[count++] = *file;
    }
    address_space_unlock(process);
    sort_files(files, count);
    return count;
}

/* Of forked children each save is followed by twice as many that do not try. */
static bool is_turn(const struct cache *cache)
{
    struct cache_children *children = cache->children;
    if (getpid() == cache->first || !children)
        return true;
    if (atomic_fetch_add(&children->skipped, 1) < 1u << children->saves)
        return false;
    children->skipped = 0;
    children->saves += children->saves < 16;
    return true;
}

struct work { struct code_file files[CODE_FILES]; struct engine_image_range ranges[CODE_FILES]; };

void cache_save(struct thread *thread)
{
    struct process *process = thread->process;
    struct cache *cache = usermode_of(process)->cache;
    if (!cache || thread->vfork_child || !process->code_files || !engine_has_translated(process->engine) || !cache_usable(cache))
        return;
    struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (work == MAP_FAILED)
        return;
    size_t count = copy_files(process, work->files), saved = 0;
    for (size_t i = 0; i < count; i++)
        work->ranges[i] = (struct engine_image_range){work->files[i].start, work->files[i].end, 0};
    engine_image_missing(process->engine, work->ranges, count);
    for (size_t i = 0; i < count; i++) {
        bool enough = work->ranges[i].missing >= least(work->files[i].image_insns);
        if (!enough && (work->ranges[i].missing < LEAST_INSNS || !image_is_old(cache, &work->files[i])))
            continue;
        if (!saved++ && !is_turn(cache))
            break;
        save_range(cache, &work->files[i], !enough);
    }
    if (saved) {
        keep_size(cache);
        engine_image_saved(process->engine);
    }
    munmap(work, sizeof *work);
}
