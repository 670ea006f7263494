/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `ferry cache stats|verify|clear|warm`: looking after the directory of the persistent cache.
 */
#include "usermode/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct command { struct cache cache; struct process process; DIR *directory; const struct options *options; cache_start_program *start; };

struct verb { const char *name; int (*run)(struct command *command); };

/* The image called `name`, or -1. */
static int open_image(struct command *command, const char *name, struct stat *status)
{
    int fd = name[0] == 'i' ? openat(dirfd(command->directory), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

struct totals { unsigned long long images, bytes, insns, others; };

static void add_image(struct command *command, int fd, const struct stat *status, struct totals *totals)
{
    struct cache_trailer trailer;
    off_t size = status->st_size - (off_t)sizeof trailer;
    void *image = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    totals->images++;
    totals->bytes += (unsigned long long)status->st_size;
    if (image == MAP_FAILED || pread(fd, &trailer, sizeof trailer, size) != sizeof trailer)
        return;
    if (digest_equal(trailer.build, command->cache.build))
        totals->insns += engine_image_insns(image, (size_t)size);
    else
        totals->others++;
    munmap(image, (size_t)size);
}

static int stats(struct command *command)
{
    struct totals totals = {0};
    struct stat status;
    for (struct dirent *d; (d = readdir(command->directory));) {
        int fd = open_image(command, d->d_name, &status);
        if (fd < 0)
            continue;
        add_image(command, fd, &status, &totals);
        close(fd);
    }
    printf("%s: %llu images, %llu KiB of at most %llu KiB, %llu guest instructions; %llu images are of other builds\n", command->process.cache_directory,
           totals.images, totals.bytes >> 10, (unsigned long long)(command->cache.limit >> 10), totals.insns, totals.others);
    return 0;
}

static int verify(struct command *command)
{
    unsigned good = 0, bad = 0;
    struct stat status;
    for (struct dirent *d; (d = readdir(command->directory));) {
        struct cache_trailer trailer;
        char name[CACHE_NAME];
        int fd = open_image(command, d->d_name, &status);
        if (fd < 0)
            continue;
        bool whole = cache_image_is_whole(fd, &status, &trailer);
        if (whole)
            cache_name('i', trailer.key, name);
        if (whole && strcmp(name, d->d_name) == 0) {
            good++;
        } else {
            bad++;
            printf("%s: damaged, removed\n", d->d_name);
            unlinkat(dirfd(command->directory), d->d_name, 0);
        }
        close(fd);
    }
    printf("%u images are whole, %u were damaged\n", good, bad);
    return bad ? 1 : 0;
}

static int clear(struct command *command)
{
    for (struct dirent *d; (d = readdir(command->directory));)
        if (strcmp(d->d_name, "salt") != 0 && d->d_name[0] != '.')
            unlinkat(dirfd(command->directory), d->d_name, 0);
    return 0;
}

/* Each file in a process of its own, at the addresses that it has where it is run. */
static int warm_file(const struct command *command, const char *name)
{
    static char *const no_environment[] = { NULL };
    struct options options = *command->options;
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        options.warm_cache = true;
        options.arguments = (char *[]){ (char *)name, NULL };
        options.argument_count = 1;
        options.exec_descriptor = open(name, O_RDONLY | O_CLOEXEC);
        if (options.exec_descriptor < 0)
            perror(name);
        _exit(options.exec_descriptor < 0 ? 1 : command->start(&options, (char **)no_environment));
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int warm(struct command *command)
{
    int status = 0;
    for (int i = 2; i < command->options->argument_count; i++)
        if (warm_file(command, command->options->arguments[i]) != 0)
            status = 1;
    return status;
}

static const struct verb verbs[] = { { "stats", stats }, { "verify", verify }, { "clear", clear }, { "warm", warm } };
#define VERBS (sizeof verbs / sizeof *verbs)

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; name && i < VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* A guest program may be called cache too: it is one when there is no verb of ours behind it. */
bool cache_is_command(const struct options *options)
{
    return options->argument_count >= 2 && strcmp(options->arguments[0], "cache") == 0 && find_verb(options->arguments[1]);
}

int cache_command(const struct options *options, cache_start_program *start)
{
    struct command *command = calloc(1, sizeof *command);
    struct cache_place place;
    if (!command || !cache_open(&command->cache, &command->process, options) || !cache_place(&command->cache, ".", &place)) {
        fprintf(stderr, "ferry: there can be no cache in %s: it must be an absolute path, and a directory of the user's own with mode 0700\n",
                command && command->process.cache_directory ? command->process.cache_directory : "no directory");
        return 1;
    }
    int fd = openat(place.directory, place.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    command->directory = fd < 0 ? NULL : fdopendir(fd);
    command->options = options;
    command->start = start;
    return command->directory ? find_verb(options->arguments[1])->run(command) : 1;
}
