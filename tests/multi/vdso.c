/* SPDX-License-Identifier: GPL-2.0-or-later
 * The vDSO, found through AT_SYSINFO_EHDR: its clocks tell what the system calls tell, its getrandom follows the kernel's protocol
 * (lib/vdso/getrandom.c) and gives nothing twice, after fork least of all. What it does not have is not looked for: arm64 has no getcpu.
 */
#define _GNU_SOURCE
#include "check.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __aarch64__
#define PREFIX "__kernel_"
#define VERSION "LINUX_2.6.39"
#else
#define PREFIX "__vdso_"
#define VERSION "LINUX_2.6"
#endif

static void *dynamic_entry(const char *image, const Elf64_Dyn *entry, int64_t tag)
{
    while (entry->d_tag != DT_NULL && entry->d_tag != tag) entry++;
    return entry->d_tag == tag ? (void *)(image + entry->d_un.d_ptr) : NULL;
}

/* The symbol, and that its version is the one that programs ask for. */
static void *find(const char *name)
{
    const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
    const Elf64_Ehdr *header = (const void *)image;
    const Elf64_Phdr *segment = image ? (const void *)(image + header->e_phoff) : NULL;
    const Elf64_Dyn *dynamic = NULL;
    for (int i = 0; image && i < header->e_phnum; i++)
        if (segment[i].p_type == PT_DYNAMIC) dynamic = (const void *)(image + segment[i].p_offset);
    if (!dynamic) return NULL;
    const Elf64_Sym *symbols = dynamic_entry(image, dynamic, DT_SYMTAB);
    const char *strings = dynamic_entry(image, dynamic, DT_STRTAB);
    const uint16_t *versions = dynamic_entry(image, dynamic, DT_VERSYM);
    const Elf64_Verdef *definition = dynamic_entry(image, dynamic, DT_VERDEF);
    for (const Elf64_Sym *symbol = symbols + 1; (const char *)symbol < strings; symbol++) {
        if (symbol->st_shndx == SHN_UNDEF || strcmp(strings + symbol->st_name, name) != 0) continue;
        const Elf64_Verdef *d = definition;
        while (d->vd_ndx != (versions[symbol - symbols] & 0x7fff) && d->vd_next) d = (const void *)((const char *)d + d->vd_next);
        const Elf64_Verdaux *text = (const void *)((const char *)d + d->vd_aux);
        CHECK(strcmp(strings + text->vda_name, VERSION) == 0);
        return (void *)(image + symbol->st_value);
    }
    return NULL;
}

/* -- clocks -------------------------------------------------------------------------------------------------------------- */
static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * 1000000000ll + time->tv_nsec; }

static void clocks(void)
{
    int (*gettime)(clockid_t, struct timespec *) = find(PREFIX "clock_gettime"), (*getres)(clockid_t, struct timespec *) = find(PREFIX "clock_getres");
    int (*timeofday)(struct timeval *, struct timezone *) = find(PREFIX "gettimeofday");
    CHECK(gettime && getres && timeofday);
    for (int id = -4; id < 16; id++) {                      /* the auxiliary clocks behind have another opinion in x86's vDSO of 6.18 */
        struct timespec before, between, after, one = { -1, -1 }, other = { -1, -1 };
        long expected = syscall(SYS_clock_gettime, id, &before), error = errno;
        CHECK(gettime(id, &between) == (expected ? -error : 0));
        if (expected == 0) {
            syscall(SYS_clock_gettime, id, &after);
            CHECK(nanoseconds(&before) <= nanoseconds(&between) && nanoseconds(&between) <= nanoseconds(&after));
        }
        expected = syscall(SYS_clock_getres, id, &one), error = errno;
        CHECK(getres(id, &other) == (expected ? -error : 0));
        CHECK(memcmp(&one, &other, sizeof one) == 0);
        if (expected == 0) CHECK(getres(id, NULL) == 0);
    }
    struct timeval before, between, after;
    struct timezone zone = { 1, 1 }, same = { 2, 2 };
    syscall(SYS_gettimeofday, &before, &zone);
    CHECK(timeofday(&between, &same) == 0);
    syscall(SYS_gettimeofday, &after, NULL);
    CHECK(timercmp(&before, &between, <=) && timercmp(&between, &after, <=) && memcmp(&zone, &same, sizeof zone) == 0);
    CHECK(timeofday(&between, NULL) == 0 && timercmp(&after, &between, <=) && timeofday(NULL, &same) == 0);
}

/* -- getrandom ------------------------------------------------------------------------------------------------------------ */
struct parameters { uint32_t size, protection, flags, reserved[13]; };
static ssize_t (*vgetrandom)(void *, size_t, unsigned, void *, size_t);
static struct parameters parameters;
static char *state;

static ssize_t get(void *to, size_t size, unsigned flags) { return vgetrandom(to, size, flags, state, parameters.size); }

static bool all_zero(const uint8_t *bytes, size_t size)
{
    while (size && !bytes[size - 1]) size--;
    return size == 0;
}

static void sizes(void)
{
    uint8_t bytes[1024];
    for (size_t size = 0; size <= 300; size++) {
        memset(bytes, 0, sizeof bytes);
        CHECK(get(bytes, size, 0) == (ssize_t)size);
        CHECK(all_zero(bytes + size, sizeof bytes - size) && (size < 8 || !all_zero(bytes, size)));
    }
    CHECK(get(bytes, 16, GRND_NONBLOCK) == 16 && get(bytes, 16, GRND_RANDOM) == 16 && get(bytes, 16, 4) == 16);
    CHECK(get(bytes, 16, 8) == -EINVAL && get(bytes, 200, 8) == -EINVAL);
    CHECK(vgetrandom(bytes, 16, 0, state, parameters.size - 1) == 16);
    CHECK(vgetrandom(bytes, 16, 0, state + 4096 - 16, parameters.size) == -EFAULT);
}

/* 8 bytes each time: none of them twice. */
static void never_twice(void)
{
    static uint64_t numbers[2000];
    for (int i = 0; i < 2000; i++) {
        CHECK(get(&numbers[i], sizeof *numbers, 0) == sizeof *numbers);
        for (int j = 0; j < i; j++) CHECK(numbers[i] != numbers[j]);
    }
}

static void over_fork(void)
{
    uint64_t mine[20], its[20], first;
    int ends[2];
    CHECK(get(&first, sizeof first, 0) == sizeof first && pipe(ends) == 0);
    pid_t child = fork();
    for (int i = 0; i < 20; i++) CHECK(get(&mine[i], sizeof *mine, 0) == sizeof *mine);
    if (child == 0) _exit(write(ends[1], mine, sizeof mine) != sizeof mine);
    CHECK(read(ends[0], its, sizeof its) == sizeof its && waitpid(child, NULL, 0) == child);
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 20; j++) CHECK(mine[i] != its[j]);
}

static void random_numbers(void)
{
    vgetrandom = find(PREFIX "getrandom");
    if (!vgetrandom || vgetrandom(NULL, 0, 0, &parameters, ~0ul) != 0) {
        puts("no getrandom");                               /* an older kernel, natively */
        return;
    }
    CHECK(parameters.size > 0 && parameters.size <= 4096 && all_zero((const uint8_t *)parameters.reserved, sizeof parameters.reserved));
    state = mmap(NULL, 4096, (int)parameters.protection, (int)parameters.flags, -1, 0);
    if (state == MAP_FAILED) return;                       /* before Linux 6.11; then programs make the system call */
    sizes();
    never_twice();
    over_fork();
}

int main(void)
{
#ifdef __aarch64__
    CHECK(find(PREFIX "getrandom") && !find(PREFIX "getcpu") && find(PREFIX "rt_sigreturn"));
#endif
    clocks();
    random_numbers();
    return 0;
}
