/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A signal's handler runs while the thread waits in an access for the answer of a userfaultfd; then the access is made again.
 */
#include "check.h"

#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <sys/ioctl.h>
#include <sys/time.h>

static int channel;
static char *page;
static volatile sig_atomic_t handled, answers;
static sigjmp_buf out;

static void answer(void)
{
    struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };
    ioctl(channel, UFFDIO_ZEROPAGE, &zero);
}

static void handler(int signal)
{
    (void)signal;
    handled++;
    if (answers == 0)
        siglongjmp(out, 1);
    if (handled == answers)
        answer();
}

/* A page that nobody has answered for. */
static void fresh(int after)
{
    struct uffdio_register r = { .range = { (uintptr_t)page, 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    const struct itimerval timer = { { 0, 30000 }, { 0, 30000 } };
    QUIET(madvise(page, 4096, MADV_DONTNEED));
    QUIET(ioctl(channel, UFFDIO_REGISTER, &r));
    handled = 0;
    answers = after;
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void quiet(const char *what)
{
    const struct itimerval none = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &none, NULL);
    printf("%s: handler %s\n", what, handled >= (answers ? answers : 1) ? "ran in time" : "was late");
}

int main(void)
{
    struct uffdio_api api = { .api = UFFD_API };
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    channel = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    if (channel < 0)
        SKIP("userfaultfd is not for us here");
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    QUIET(ioctl(channel, UFFDIO_API, &api));
    QUIET(sigaction(SIGALRM, &action, NULL));
    SECTION("read");
    fresh(3);
    printf("%d\n", *(volatile int *)(page + 8));
    quiet("read");
    SECTION("write");
    fresh(2);
    *(volatile long *)(page + 16) = 77;
    printf("%ld\n", *(volatile long *)(page + 16));
    quiet("write");
    SECTION("copy of many bytes");
    fresh(2);
    char bytes[256];
    memset(bytes, 'x', sizeof bytes);
    memcpy(page + 100, bytes, sizeof bytes);
    printf("%c%c%d\n", page[100], page[355], page[356]);
    quiet("copy");
    SECTION("atomic");
    fresh(2);
    printf("%d", __atomic_fetch_add((int *)(page + 64), 5, __ATOMIC_SEQ_CST));
    printf(" %d\n", *(volatile int *)(page + 64));
    quiet("atomic");
    SECTION("out of the handler");
    fresh(0);
    if (sigsetjmp(out, 1) == 0)
        printf("%d\n", *(volatile int *)page);
    quiet("jump");
    return 0;
}
