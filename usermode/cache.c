/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Finding images: when code of a file is first wanted, the image of its range is looked for and given to the engine. Whatever is wrong
 * with the directory, a memo or an image means that there is none.
 */
#include "usermode/cache.h"

#include "debug/log.h"
#include "syscalls/guest_memory.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define SETTLED 2000000000                /* nanoseconds after which a change would show in the times of a file */

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool is_settled(int64_t changed)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return nanoseconds(now) - changed > SETTLED;
}

static struct cache *cache_of(const struct process *process)
{
    return usermode_of(process)->cache;
}

/* -- names ----------------------------------------------------------------------------------------------------------------- */

bool cache_place(const struct cache *cache, const char *name, struct cache_place *place)
{
    const struct process *process = cache->process;
    if (process->cache_descriptor >= 0) {
        place->directory = process->cache_descriptor;
        return snprintf(place->name, sizeof place->name, "%s", name) < (int)sizeof place->name;
    }
    place->directory = AT_FDCWD;
    return snprintf(place->name, sizeof place->name, "%s/%s", process->cache_directory, name) < (int)sizeof place->name;
}

void cache_name(char kind, struct digest digest, char name[CACHE_NAME])
{
    snprintf(name, CACHE_NAME, "%c%016llx%016llx", kind, (unsigned long long)digest.high, (unsigned long long)digest.low);
}

struct image_key { struct digest content, build; guest_addr start, end; uint64_t offset; struct engine_code_key code; };
struct memo_key { uint64_t device, inode; struct digest build; guest_addr start, end; uint64_t offset; struct engine_code_key code; };

bool cache_image_name(const struct cache *cache, const struct code_file *file, struct digest content, struct digest *key, char name[CACHE_NAME])
{
    struct image_key k;
    memset(&k, 0, sizeof k);
    k.content = content, k.build = cache->build, k.start = file->start, k.end = file->end, k.offset = file->offset;
    if (!engine_code_key(cache->process->engine, &k.code))
        return false;
    *key = digest_of(&k, sizeof k);
    cache_name('i', *key, name);
    return true;
}

static bool memo_name(const struct cache *cache, const struct code_file *file, char name[CACHE_NAME])
{
    struct memo_key k;
    memset(&k, 0, sizeof k);
    k.device = file->identity.device, k.inode = file->identity.inode, k.build = cache->build;
    k.start = file->start, k.end = file->end, k.offset = file->offset;
    if (!engine_code_key(cache->process->engine, &k.code))
        return false;
    cache_name('m', digest_of(&k, sizeof k), name);
    return true;
}

/* -- memos ------------------------------------------------------------------------------------------------------------------- */

#define MEMO_FORMAT "%llx,%llx,%llx,%llx,%llx,%llx,%llx,%llx"
typedef unsigned long long number;

static bool read_memo(const struct cache *cache, const struct code_file *file, struct cache_memo *memo)
{
    struct cache_place place;
    char name[CACHE_NAME], text[192];
    number n[8];
    if (!memo_name(cache, file, name) || !cache_place(cache, name, &place))
        return false;
    ssize_t length = readlinkat(place.directory, place.name, text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    if (sscanf(text, MEMO_FORMAT, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) != 8)
        return false;
    *memo = (struct cache_memo){n[0], (int64_t)n[1], (int64_t)n[2], {n[3], n[4]}, {n[5], n[6], (int64_t)n[7]}};
    return memo->size == file->identity.size && memo->modified == file->identity.modified && memo->changed == file->identity.changed;
}

static void replace_link(const struct cache *cache, const char *name, const char *text)
{
    struct cache_place place, temporary;
    char other[64];
    snprintf(other, sizeof other, "t%d-%s", (int)getpid(), name);
    if (!cache_place(cache, name, &place) || !cache_place(cache, other, &temporary) || symlinkat(text, temporary.directory, temporary.name) < 0)
        return;
    if (renameat(temporary.directory, temporary.name, place.directory, place.name) < 0)
        unlinkat(temporary.directory, temporary.name, 0);
}

void cache_write_memo(const struct cache *cache, const struct code_file *file, const char *image, const struct stat *status)
{
    char name[CACHE_NAME], text[192];
    (void)image;
    const struct code_file_identity *i = &file->identity;
    if (!is_settled(i->changed) || !is_settled(nanoseconds(status->st_ctim)) || !memo_name(cache, file, name))
        return;
    snprintf(text, sizeof text, MEMO_FORMAT, (number)i->size, (number)i->modified, (number)i->changed, (number)file->digest.low, (number)file->digest.high,
             (number)status->st_ino, (number)status->st_size, (number)nanoseconds(status->st_ctim));
    replace_link(cache, name, text);
}

/* -- contents ---------------------------------------------------------------------------------------------------------------- */

struct memory_source { const struct process *process; guest_addr start; };

static int64_t read_memory(void *user, uint64_t offset, void *to, size_t size)
{
    const struct memory_source *source = user;
    return guest_copy(to, guest_pointer(source->process, source->start + offset), size) == 0 ? (int64_t)size : -EFAULT;
}

/* Of what the file has there: pages behind its end cannot be read. */
bool cache_content(struct cache *cache, const struct code_file *file, struct digest *digest)
{
    struct memory_source memory = {cache->process, file->start};
    uint64_t size = file->end - file->start, pages_end = (file->identity.size + 4095) & ~4095ull;
    uint64_t left = file->offset < pages_end ? pages_end - file->offset : 0;
    size = size < left ? size : left;
    madvise(guest_pointer(cache->process, file->start), size, MADV_POPULATE_READ);
    return digest_of_source(&(struct digest_source){read_memory, &memory}, size, digest);
}

static int64_t read_file(void *user, uint64_t offset, void *to, size_t size)
{
    return pread(*(const int *)user, to, size, (off_t)offset);
}

bool cache_image_is_whole(int fd, const struct stat *status, struct cache_trailer *trailer)
{
    struct digest content;
    uint64_t size = (uint64_t)status->st_size - sizeof *trailer;
    return status->st_size > (off_t)sizeof *trailer && pread(fd, trailer, sizeof *trailer, (off_t)size) == sizeof *trailer && trailer->magic == CACHE_MAGIC
           && digest_of_source(&(struct digest_source){read_file, &fd}, size, &content) && digest_equal(content, trailer->content);
}

int cache_open_image(const struct cache *cache, const char *name, struct digest key, const struct cache_stamp *known, struct stat *status, bool *checked)
{
    struct cache_place place;
    int fd = cache_place(cache, name, &place) ? openat(place.directory, place.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0)
        return -1;
    *checked = false;
    bool ours = fstat(fd, status) == 0 && S_ISREG(status->st_mode) && status->st_uid == cache->owner && !(status->st_mode & (S_IWGRP | S_IWOTH));
    if (ours && known && known->inode == status->st_ino && known->size == (uint64_t)status->st_size && known->changed == nanoseconds(status->st_ctim))
        return fd;
    struct cache_trailer trailer;
    if (ours && cache_image_is_whole(fd, status, &trailer) && digest_equal(trailer.key, key)) {
        *checked = true;
        return fd;
    }
    close(fd);
    if (ours)
        unlinkat(place.directory, place.name, 0);
    return -1;
}

/* -- looking up ---------------------------------------------------------------------------------------------------------------- */

/* The kernel notes a use in the access time, once a day; where it does not, we do. That changes the stamp, and the next user checks. */
static void note_use(int fd, const struct stat *status)
{
    struct timespec now;
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    clock_gettime(CLOCK_REALTIME, &now);
    time_t last = status->st_atime > status->st_mtime ? status->st_atime : status->st_mtime;
    if (now.tv_sec - last > 3 * 24 * 3600)
        futimens(fd, times);
}

static bool find_image(struct cache *cache, struct code_file *file)
{
    struct engine *engine = cache->process->engine;
    struct cache_memo memo;
    struct digest key;
    struct stat status;
    char name[CACHE_NAME];
    bool checked, known = read_memo(cache, file, &memo);
    file->has_digest = known || cache_content(cache, file, &file->digest);
    if (known)
        file->digest = memo.digest;
    if (!file->has_digest || !cache_image_name(cache, file, file->digest, &key, name))
        return false;
    int fd = cache_open_image(cache, name, key, known ? &memo.image : NULL, &status, &checked);
    if (fd < 0)
        return false;
    bool attached = engine_image_attach(engine, fd, (size_t)status.st_size - sizeof(struct cache_trailer), file->start, file->end, &file->image_insns);
    if (attached && checked)
        cache_write_memo(cache, file, name, &status);
    if (attached)
        note_use(fd, &status);
    close(fd);
    return attached;
}

bool cache_image_wanted(void *user, guest_addr pc, uint32_t mode)
{
    struct process *process = user;
    struct code_file copy;
    address_space_lock(process);
    struct code_file *file = code_files_find(process->code_files, pc);
    bool first = file && !(file->looked_up && file->mode == mode) && !file->was_cut;
    if (first) {
        file->looked_up = true;
        file->mode = mode;
        copy = *file;
    }
    address_space_unlock(process);
    if (!first || !cache_usable(cache_of(process)))
        return false;
    bool found = find_image(cache_of(process), &copy);
    address_space_lock(process);
    file = code_files_find(process->code_files, pc);
    if (file && file->start == copy.start && file->end == copy.end) {
        file->digest = copy.digest;
        file->has_digest = copy.has_digest;
        file->image_insns = found ? copy.image_insns : 0;
    }
    address_space_unlock(process);
    return found;
}

void cache_code_flushed(void *user, guest_addr start, guest_addr end)
{
    code_files_changed(user, start, end);
}

/* -- the directory ---------------------------------------------------------------------------------------------------------------- */

bool cache_directory_is_safe(int directory, const char *name, uid_t owner)
{
    struct stat status;
    return fstatat(directory, name, &status, directory >= 0 ? AT_EMPTY_PATH : 0) == 0 && S_ISDIR(status.st_mode) && status.st_uid == owner
           && !(status.st_mode & (S_IRWXG | S_IRWXO));
}

/* The guest may have become somebody else. */
bool cache_usable(const struct cache *cache)
{
    return cache && geteuid() == cache->owner;
}

char *cache_default_directory(void)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *directory;
    if (base && base[0] == '/')
        return asprintf(&directory, "%s/ferry/translations", base) < 0 ? NULL : directory;
    if (!home || home[0] != '/')
        return NULL;
    return asprintf(&directory, "%s/.cache/ferry/translations", home) < 0 ? NULL : directory;
}

/* With the directories above it, which are others' too. */
static bool make_directory(const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", name) >= (int)sizeof path)
        return false;
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(path, 0700);
        *at = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool read_salt(const struct cache *cache, uint64_t *salt)
{
    struct cache_place place;
    char text[32], *end;
    ssize_t length = cache_place(cache, "salt", &place) ? readlinkat(place.directory, place.name, text, sizeof text - 1) : -1;
    text[length > 0 ? length : 0] = 0;
    *salt = strtoull(text, &end, 16);
    return length > 0 && !*end;
}

static bool make_salt(const struct cache *cache, uint64_t *salt)
{
    struct cache_place place;
    char text[32];
    if (getrandom(salt, sizeof *salt, 0) != sizeof *salt || !cache_place(cache, "salt", &place))
        return false;
    snprintf(text, sizeof text, "%llx", (unsigned long long)*salt);
    return symlinkat(text, place.directory, place.name) == 0 || (errno == EEXIST && read_salt(cache, salt));
}

/* Of the note that the linker put into ferry. */
static int find_build(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const uint8_t *at = (const uint8_t *)info->dlpi_addr + header->p_vaddr, *end = at + header->p_filesz;
        while (header->p_type == PT_NOTE && at < end) {
            const ElfW(Nhdr) *note = (const void *)at;
            const uint8_t *name = at + sizeof *note, *text = name + ((note->n_namesz + 3) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
                *(struct digest *)user = digest_of(text, note->n_descsz);
                return 1;
            }
            at = text + ((note->n_descsz + 3) & ~3u);
        }
    }
    return -1;                            /* the first object is ferry; no other will do */
}

bool cache_build(struct digest *build)
{
    return dl_iterate_phdr(find_build, build) == 1;
}

/* What is traced or measured is translated here and now. */
static bool is_wanted(const struct options *options)
{
    return !options->no_cache && !options->no_link && !options->perf && !options->sandbox && !options->in_sandbox && options->dump_block == ~0ull
           && !(options->channels & LOG_TRANSLATOR) && !getauxval(AT_SECURE);
}

bool cache_open(struct cache *cache, struct process *process, const struct options *options)
{
    process->cache_directory = options->cache_directory && *options->cache_directory ? options->cache_directory : cache_default_directory();
    process->cache_descriptor = options->cache_descriptor < 0 ? -1 : descriptor_move_up((int)options->cache_descriptor, 0);
    cache->process = process;
    cache->limit = options->cache_limit ? options->cache_limit : CACHE_DEFAULT_LIMIT;
    cache->owner = geteuid();
    cache->first = getpid();
    if (!process->cache_directory || process->cache_directory[0] != '/' || !cache_build(&cache->build))
        return false;
    if (!read_salt(cache, &cache->salt)) {
        if (process->cache_descriptor < 0 && !make_directory(process->cache_directory))
            return false;
        if (!make_salt(cache, &cache->salt))
            return false;
    }
    return process->cache_descriptor >= 0 ? cache_directory_is_safe(process->cache_descriptor, "", cache->owner)
                                          : cache_directory_is_safe(AT_FDCWD, process->cache_directory, cache->owner);
}

void cache_start(struct process *process, const struct options *options)
{
    struct cache *cache = is_wanted(options) ? calloc(1, sizeof *cache) : NULL;
    if (!cache || !cache_open(cache, process, options))
        return;
    void *shared = mmap(NULL, sizeof *cache->children, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cache->children = shared == MAP_FAILED ? NULL : shared;
    usermode_of(process)->cache = cache;
    process->code_files = code_files_new(cache->salt);
}
