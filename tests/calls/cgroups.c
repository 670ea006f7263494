/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Under the limits of a control group (cgroups(7), version 1 or 2): how many processes and threads there may be, and the end of a
 * process that takes too much memory. Nothing of ferry's counts as a process; its memory does, and the limits leave room for it.
 */
#include "check.h"
#include <pthread.h>

#define MEGABYTE (1ul << 20)

struct group { char path[128]; bool made; };

static bool write_file(const struct group *group, const char *file, const char *text)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", group->path, file);
    int fd = open(name, O_WRONLY);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return good;
}

/* A group with a limit that can be set, by its version's names. */
static void make_group(struct group *group, const char *controller, const char *const files[2], const char *limit)
{
    const char *const places[] = { "/sys/fs/cgroup/%s/ferry-%s-%d", "/sys/fs/cgroup/ferry-%2$s-%3$d" };
    for (int version = 0; version < 2 && !group->made; version++) {
        snprintf(group->path, sizeof group->path, places[version], controller, controller, (int)getpid());
        if (mkdir(group->path, 0755) < 0) continue;
        group->made = write_file(group, files[version], limit);
        if (!group->made) rmdir(group->path);
    }
}

static void enter(const struct group *group)
{
    if (!write_file(group, "cgroup.procs", "0")) exit(99);
}

/* Its processes may be gone a moment before the group notices. */
static void remove_group(const struct group *group)
{
    for (int tries = 0; rmdir(group->path) < 0 && errno == EBUSY && tries < 500; tries++) usleep(10000);
    SHOW("the group is gone", access(group->path, F_OK) < 0);
}

/* -- processes ----------------------------------------------------------------------------------------------------------- */
static void *wait_for_ever(void *argument) { pause(); return argument; }

static void fill_with_processes(const struct group *group)
{
    pid_t children[16], child;
    int count = 0;
    enter(group);
    while (count < 16 && (child = fork()) >= 0) {
        if (child == 0) wait_for_ever(NULL);
        children[count++] = child;
    }
    printf("processes: %d, then %s\n", count, check_error(errno));
    while (count) {
        kill(children[--count], SIGKILL);
        waitpid(children[count], NULL, 0);
    }
    CHILD(exit(7));
}

static void fill_with_threads(const struct group *group)
{
    pthread_t thread;
    int count = 0, error = 0;
    enter(group);
    while (count < 16 && !(error = pthread_create(&thread, NULL, wait_for_ever, NULL))) count++;
    printf("threads: %d, then %s\n", count, check_error(error));
    CALL(fork());
    CALL(vfork());
}

static void processes(const struct group *group)
{
    CHILD(fill_with_processes(group));
    CHILD(fill_with_threads(group));
    remove_group(group);
}

/* -- memory --------------------------------------------------------------------------------------------------------------- */
static void take(const struct group *group, size_t size)
{
    enter(group);
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) exit(98);
    for (size_t at = 0; at < size; at += PAGE) memory[at] = 1;
}

/* The kernel kills the child, which is the largest, and not the one that waits for it. */
static void take_in_child(const struct group *group)
{
    enter(group);
    CHILD(take(group, 400 * MEGABYTE));
    CHILD(take(group, 32 * MEGABYTE));
}

static void memory(const struct group *group)
{
    write_file(group, "memory.memsw.limit_in_bytes", "134217728");
    write_file(group, "memory.swap.max", "0");
    CHILD(take(group, 32 * MEGABYTE));
    CHILD(take(group, 400 * MEGABYTE));
    CHILD(take_in_child(group));
    remove_group(group);
}

int main(void)
{
    struct group of_processes = { .made = false }, of_memory = { .made = false };
    static const char *const process_limit[] = { "pids.max", "pids.max" }, *const memory_limit[] = { "memory.limit_in_bytes", "memory.max" };
    make_group(&of_processes, "pids", process_limit, "5");
    make_group(&of_memory, "memory", memory_limit, "134217728");
    if (!of_processes.made && !of_memory.made) SKIP("no control group can be made");
    SECTION("processes");
    if (of_processes.made) processes(&of_processes);
    SECTION("memory");
    if (of_memory.made) memory(&of_memory);
    return 0;
}
