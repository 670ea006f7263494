/* SPDX-License-Identifier: GPL-2.0-or-later
 * mmap, munmap, mremap, mprotect, madvise and brk as Linux does them; file mappings; hints and MAP_FIXED; /proc/self/maps; large
 * reservations.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int in_maps(const void *address, char permissions[5])
{
    char line[512];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char p[8];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, p) == 3 && (uintptr_t)address >= start && (uintptr_t)address < end) {
            memcpy(permissions, p, 5);
            found = 1;
        }
    }
    fclose(maps);
    return found;
}

int main(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char permissions[5];
    char *a = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(a != MAP_FAILED);
    memset(a, 1, 8 * page);
    CHECK(in_maps(a, permissions) && strcmp(permissions, "rw-p") == 0);
    CHECK(munmap(a + 2 * page, page) == 0 && !in_maps(a + 2 * page, permissions) && in_maps(a + 3 * page, permissions));
    CHECK(mprotect(a + 2 * page, page, PROT_READ) == -1 && errno == ENOMEM);
    CHECK(mmap(a + 2 * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == a + 2 * page);
    CHECK(mmap(a + 2 * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    CHECK(mmap(a + 1, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(munmap(a + 1, page) == -1 && errno == EINVAL);
    /* A hint that is free is taken. */
    char *hint = a + 2 * page;
    CHECK(munmap(hint, page) == 0);
    CHECK(mmap(hint, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == hint);
    /* mremap: in place, moved, shrunk, fixed. */
    char *b = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(b, 7, 4 * page);
    CHECK(mremap(b, 4 * page, 2 * page, 0) == b && !in_maps(b + 2 * page, permissions));
    char *c = mremap(b, 2 * page, 64 * page, MREMAP_MAYMOVE);
    CHECK(c != MAP_FAILED && c[0] == 7 && c[2 * page - 1] == 7 && c[2 * page] == 0);
    char *to = mmap(NULL, 64 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mremap(c, 64 * page, 64 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to && to[5] == 7 && !in_maps(c, permissions));
    /* MADV_DONTNEED zeroes. */
    CHECK(madvise(to, page, MADV_DONTNEED) == 0 && to[5] == 0);
    /* Files, shared and private; the last page's tail is zero, beyond the end is SIGBUS (not touched here). */
    char name[] = "/tmp/ferry-test-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0 && write(fd, "hello", 5) == 5);
    char *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *private = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED && memcmp(shared, "hello", 6) == 0);
    private[0] = 'J';
    shared[1] = 'E';
    char read_back[6] = {0};
    CHECK(pread(fd, read_back, 5, 0) == 5 && strcmp(read_back, "hEllo") == 0 && private[0] == 'J');
    CHECK(mmap(NULL, page, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    /* brk grows and shrinks, and fresh memory is zero. */
    char *start = sbrk(0);
    CHECK(sbrk((intptr_t)(16 * page)) == start);
    memset(start, 3, 16 * page);
    CHECK(brk(start) == 0 && sbrk(0) == start);
    CHECK(sbrk((intptr_t)(16 * page)) == start && start[0] == 0 && start[15 * page] == 0);
    /* Go and Java reserve this much. */
    char *huge = mmap(NULL, (size_t)64 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(huge != MAP_FAILED && mprotect(huge + ((size_t)33 << 30), page, PROT_READ | PROT_WRITE) == 0);
    huge[(size_t)33 << 30] = 1;
    CHECK(munmap(huge, (size_t)64 << 30) == 0);
    for (int i = 0; i < 300; i++) {
        size_t size = (size_t)(i % 37 + 1) * page;
        char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED && p[size - 1] == 0);
        p[size - 1] = 1;
        if (i % 3)
            CHECK(munmap(p, size) == 0);
    }
    return 0;
}
