/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls on pages and words: userfaultfd, cachestat, mseal, the new futex calls, map_shadow_stack, lsm_*.
 */
#include "check.h"
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>

#ifndef FUTEX2_SIZE_U32
#define FUTEX2_SIZE_U32 2
#define FUTEX2_PRIVATE 128
#endif

static int faults, filled;
static char *area;

static void *filler(void *argument)
{
    int fd = *(int *)argument;
    static char page[PAGE];
    for (int i = 0; i < 3; i++) {
        struct uffd_msg message;
        if (read(fd, &message, sizeof message) != sizeof message) return NULL;
        printf("event %#x flags %llx page %lld\n", message.event, (unsigned long long)message.arg.pagefault.flags & 1, (long long)(message.arg.pagefault.address - (uintptr_t)area) / PAGE);
        memset(page, 'a' + i, sizeof page);
        struct uffdio_copy copy = { .dst = message.arg.pagefault.address & ~(PAGE - 1ull), .src = (uintptr_t)page, .len = PAGE };
        struct uffdio_zeropage zero = { .range = { copy.dst, PAGE } };
        filled += (i == 2 ? ioctl(fd, UFFDIO_ZEROPAGE, &zero) : ioctl(fd, UFFDIO_COPY, &copy)) == 0;
        faults++;
    }
    return NULL;
}

static void user_faults(void)
{
    RAW(userfaultfd, 0x100);
    int fd = RAW(userfaultfd, O_CLOEXEC | 1 /* user mode only */);
    struct uffdio_api api = { .api = 5 };
    pthread_t thread;
    if (fd < 0) return;
    CALL(ioctl(fd, UFFDIO_API, &api));
    close(fd);
    fd = syscall(SYS_userfaultfd, O_CLOEXEC | 1);
    api = (struct uffdio_api){ .api = UFFD_API };
    CALL(ioctl(fd, UFFDIO_API, &api));
    area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = { .range = { (uintptr_t)area, 4 * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    CALL(ioctl(fd, UFFDIO_REGISTER, &range));
    QUIET(pthread_create(&thread, NULL, filler, &fd));
    SHOW("read", *(volatile char *)(area + 5));
    *(volatile char *)(area + PAGE) = 'z';
    SHOW("written", area[PAGE]), SHOW("next", area[PAGE + 1]);
    SHOW("zero", *(volatile char *)(area + 3 * PAGE));
    pthread_join(thread, NULL);
    SHOW("faults", faults), SHOW("filled", filled);
    struct uffdio_range whole = { (uintptr_t)area, 4 * PAGE };
    CALL(ioctl(fd, UFFDIO_UNREGISTER, &whole));
    SHOW("not any more", *(volatile char *)(area + 2 * PAGE));
    close(fd);
}

static void sealing(void)
{
    char *sealed = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEW(mseal, sealed + 1, PAGE, 0L);
    NEW(mseal, sealed, PAGE, 1L);
    NEW(mseal, sealed, 0L, 0L);
    NEW(mseal, 0x123456789000, PAGE, 0L);
    NEW(mseal, sealed, -1L, 0L);
    NEW(mseal, sealed + PAGE, 2 * PAGE, 0L);
    CALL(mprotect(sealed, PAGE, PROT_READ));
    CALL(mprotect(sealed + PAGE, PAGE, PROT_READ));
    CALL(munmap(sealed + PAGE, PAGE));
    CALL(munmap(sealed, 4 * PAGE));
    SHOW("over", mmap(sealed + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? errno == EPERM : 2);
    SHOW("remapped", mremap(sealed + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? errno == EPERM : 2);
    SHOW("shrunk", mremap(sealed + PAGE, 2 * PAGE, PAGE, 0) == MAP_FAILED ? errno == EPERM : 2);
    CALL(madvise(sealed + PAGE, PAGE, MADV_WILLNEED));
    sealed[PAGE] = 1;
    CHILD(CALL(munmap(sealed + PAGE, PAGE)));
    CALL(munmap(sealed + 3 * PAGE, PAGE));
    CALL(munmap(sealed, PAGE));
}

static void pages(void)
{
    check_write_file("f", "some content");
    int fd = QUIET(open("f", O_RDWR));
    struct { uint64_t offset, length; } range = { 0, 0 };
    uint64_t counts[5] = { 0 };
    NEW(cachestat, fd, &range, counts, 0);
    SHOW("cached", counts[0]);
    NEW(cachestat, fd, &range, counts, 1);
    NEW(cachestat, 99, &range, counts, 0);
    WILD_NEW(cachestat, ".io.", fd, (long)&range, (long)counts, 0);
    close(fd);
    NEW(map_shadow_stack, 0L, 4096L, 0);
    sealing();
}

#define ALL 0xffffffffl              /* any bit of a mask */

static uint32_t word = 5, others[2] = { 7, 8 };

static void *waker(void *argument)
{
    (void)argument;
    for (int i = 0; i < 1000; i++) {
        usleep(2000);
        if (syscall(NR_futex_wake, &word, ALL, 1, FUTEX2_SIZE_U32 | FUTEX2_PRIVATE) == 1) return NULL;
    }
    return NULL;
}

static void words(void)
{
    struct timespec past = { 0, 1 };
    struct futex_waitv waiters[3] = {
        { .val = 5, .uaddr = (uintptr_t)&word, .flags = FUTEX2_SIZE_U32 | FUTEX2_PRIVATE }, { .val = 7, .uaddr = (uintptr_t)&others[0], .flags = FUTEX2_SIZE_U32 | FUTEX2_PRIVATE },
        { .val = 9, .uaddr = (uintptr_t)&others[1], .flags = FUTEX2_SIZE_U32 | FUTEX2_PRIVATE },
    };
    pthread_t thread;
    NEW(futex_wake, &word, ALL, 1, FUTEX2_SIZE_U32 | FUTEX2_PRIVATE);
    NEW(futex_wake, &word, 0ul, 1, FUTEX2_SIZE_U32);
    NEW(futex_wake, &word, ALL, 1, 1);
    NEW(futex_wake, &word, ALL, 1, 0x1000);
    NEW(futex_wake, (char *)&word + 1, ALL, 1, FUTEX2_SIZE_U32);
    NEW(futex_wait, &word, 4ul, ALL, FUTEX2_SIZE_U32, NULL, 0);
    NEW(futex_wait, &word, 5ul, ALL, FUTEX2_SIZE_U32, &past, CLOCK_MONOTONIC);
    NEW(futex_wait, &word, 5ul, ALL, FUTEX2_SIZE_U32, &past, 77);
    NEW(futex_wait, &word, 5ul, ALL, FUTEX2_SIZE_U32, &(struct timespec){ 0, -1 }, CLOCK_MONOTONIC);
    RAW(futex_waitv, waiters, 2, 0, &past, CLOCK_MONOTONIC);
    RAW(futex_waitv, waiters, 3, 0, &past, CLOCK_MONOTONIC);
    RAW(futex_waitv, waiters, 0, 0, &past, CLOCK_MONOTONIC);
    RAW(futex_waitv, waiters, 129, 0, &past, CLOCK_MONOTONIC);
    RAW(futex_waitv, waiters, 1, 1, &past, CLOCK_MONOTONIC);
    waiters[1].__reserved = 1;
    RAW(futex_waitv, waiters, 2, 0, &past, CLOCK_MONOTONIC);
    waiters[1].__reserved = 0;
    QUIET(pthread_create(&thread, NULL, waker, NULL));
    NEW(futex_wait, &word, 5ul, ALL, FUTEX2_SIZE_U32 | FUTEX2_PRIVATE, NULL, 0);
    pthread_join(thread, NULL);
    QUIET(pthread_create(&thread, NULL, waker, NULL));
    RAW(futex_waitv, waiters, 2, 0, NULL, 0);
    pthread_join(thread, NULL);
    NEW(futex_requeue, waiters, 0, 1, 1);
    waiters[0].val = 6;
    NEW(futex_requeue, waiters, 0, 1, 1);
    WILD_NEW(futex_wake, "i...", 0, ALL, 1, FUTEX2_SIZE_U32);
    WILD_NEW(futex_wait, "i...I.", (long)&word, 5, ALL, FUTEX2_SIZE_U32, (long)&past, CLOCK_MONOTONIC);
    WILD(futex_waitv, "i..I.", (long)waiters, 2, 0, (long)&past, CLOCK_MONOTONIC);
    WILD_NEW(futex_requeue, "i...", 0, 0, 1, 1);
}

static void security(void)
{
    uint32_t size = 0;
    uint64_t ids[32];
    char context[1024];
    NEW(lsm_list_modules, ids, &size, 0);
    size = sizeof ids;
    NEW(lsm_list_modules, ids, &size, 0);
    NEW(lsm_list_modules, ids, &size, 1);
    WILD_NEW(lsm_list_modules, "oo.", (long)ids, (long)&size, 0);
    size = sizeof context;
    NEW(lsm_get_self_attr, 100, context, &size, 0);
    NEW(lsm_get_self_attr, 0, context, &size, 0);
    NEW(lsm_get_self_attr, 100, context, &size, 8);
    WILD_NEW(lsm_get_self_attr, ".oo.", 100, (long)context, (long)&size, 0);
    memset(context, 0, sizeof context);
    NEW(lsm_set_self_attr, 100, context, 10, 0);
    NEW(lsm_set_self_attr, 100, context, sizeof context, 1);
    WILD_NEW(lsm_set_self_attr, ".i..", 100, (long)context, sizeof context, 0);
}

/* Flags come first, whatever the range is. */
static void locks(void)
{
    RAW(mlock2, 1L, 0L, 2L);
    RAW(mlock2, 0L, 0L, 2L);
    RAW(mlock2, 0L, 4096L, -1L);
    RAW(mlock2, 0L, 0L, 1L);
    RAW(mlock2, 1L, 0L, 1L);
}

int main(void)
{
    SECTION("locks");
    locks();
    SECTION("userfaultfd");
    user_faults();
    SECTION("cachestat");
    pages();
    SECTION("futexes");
    words();
    SECTION("security modules");
    security();
    return 0;
}
