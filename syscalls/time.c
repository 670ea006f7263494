/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading and setting clocks, and what the vDSO reads them from; sleeping. A relative sleep that a signal interrupted goes on until its original end when no handler ran (restart_syscall(2)):
 * the end is kept as an absolute time in thread->restart_arguments.
 */
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#define NANOSECONDS 1000000000
#define TIME_PAGE_LIFE 1000000            /* nanoseconds that the vDSO may not notice that somebody else has set the clock */

/* -- reading: through libc, whose vDSO does not enter the kernel ---------------------------------------------------------- */

static int64_t nanoseconds_of(clockid_t clock)
{
    struct timespec time = { 0, 0 };
    clock_gettime(clock, &time);
    return time.tv_sec * (int64_t)NANOSECONDS + time.tv_nsec;
}

/* The two clocks cannot be read at once; the offset is between the bounds that the readings around give. One that still fits is kept,
 * so that the guest's clock does not go back by what the measurement is off. */
static int64_t wall_offset(int64_t old)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t before = nanoseconds_of(CLOCK_MONOTONIC), wall = nanoseconds_of(CLOCK_REALTIME), after = nanoseconds_of(CLOCK_MONOTONIC);
        if (old >= wall - after && old <= wall - before) return old;
        if (i == 0 || after - before < high - low) low = wall - after, high = wall - before;
    }
    return low + (high - low) / 2;
}

/* The time page is written with every call that the vDSO makes because it is too old. `life` 0: the clock was set. */
static void renew_time_page(struct thread *thread, uint64_t life)
{
    static const uint64_t mark[] = { TIME_PAGE_MARK };
    struct process *process = thread->process;
    struct time_page page;
    if (!process->time_page) return;
    if (copy_from_guest(thread, &page, process->time_page, sizeof page) || memcmp(page.mark, mark, sizeof mark)) {
        process->time_page = 0;
        return;
    }
    uint64_t now = (uint64_t)nanoseconds_of(CLOCK_MONOTONIC);
    if (life && now < page.valid_until) return;
    if (life) page.wall_offset = wall_offset(page.wall_offset);
    page.valid_until = life ? now + life : 0;
    copy_to_guest(thread, process->time_page, &page, offsetof(struct time_page, mark));
}

static int64_t write_struct(struct thread *thread, unsigned structure, guest_addr address, const void *host)
{
    uint8_t image[256];
    const struct struct_layout *layout = &thread->process->abi->structs[structure];
    if (layout->same_as_host) return copy_to_guest(thread, address, host, layout->size);
    struct_to_guest(thread->process, structure, image, host);
    return copy_to_guest(thread, address, image, layout->size);
}

int64_t syscall_clock_gettime(struct thread *thread, const uint64_t *arguments)
{
    struct timespec time;
    clockid_t clock = (clockid_t)constant_to_host(thread->process->abi, ENUM_CLOCK, (uint32_t)arguments[0]);
    if (clock_gettime(clock, &time) < 0) return -errno;
    if (clock == CLOCK_REALTIME) renew_time_page(thread, TIME_PAGE_LIFE);
    return write_struct(thread, STRUCT_TIMESPEC, arguments[1], &time);
}

int64_t syscall_gettimeofday(struct thread *thread, const uint64_t *arguments)
{
    struct timeval time;
    struct timezone zone;
    int64_t result = 0;
    if (arguments[1]) {
        result = host_call(SYS_gettimeofday, 0, (uintptr_t)&zone, 0, 0, 0, 0);
        if (result == 0) result = write_struct(thread, STRUCT_TIMEZONE, arguments[1], &zone);
    }
    if (result < 0 || !arguments[0]) return result;
    if (gettimeofday(&time, NULL) < 0) return -errno;
    renew_time_page(thread, TIME_PAGE_LIFE);
    return write_struct(thread, STRUCT_TIMEVAL, arguments[0], &time);
}

/* -- setting --------------------------------------------------------------------------------------------------------------- */

/* A structure that the guest gives: into host form, and where that is. */
static int64_t read_struct(struct thread *thread, unsigned structure, guest_addr address, void *host, uint64_t *place)
{
    uint8_t image[256];
    *place = address ? (uintptr_t)host : 0;
    if (!address) return 0;
    if (copy_from_guest(thread, image, address, thread->process->abi->structs[structure].size)) return -EFAULT;
    struct_to_host(thread->process, structure, host, image);
    return 0;
}

int64_t syscall_clock_settime(struct thread *thread, const uint64_t *arguments)
{
    struct timespec time;
    uint64_t place;
    int64_t result = read_struct(thread, STRUCT_TIMESPEC, arguments[1], &time, &place);
    if (result == 0) result = host_call(SYS_clock_settime, constant_to_host(thread->process->abi, ENUM_CLOCK, (uint32_t)arguments[0]), place, 0, 0, 0, 0);
    renew_time_page(thread, 0);
    return result;
}

int64_t syscall_settimeofday(struct thread *thread, const uint64_t *arguments)
{
    struct timeval time;
    struct timezone zone;
    uint64_t time_at, zone_at;
    int64_t result = read_struct(thread, STRUCT_TIMEVAL, arguments[0], &time, &time_at);
    if (result == 0) result = read_struct(thread, STRUCT_TIMEZONE, arguments[1], &zone, &zone_at);
    if (result == 0) result = host_call(SYS_settimeofday, time_at, zone_at, 0, 0, 0, 0);
    renew_time_page(thread, 0);
    return result;
}

static int64_t adjust_clock(struct thread *thread, clockid_t clock, guest_addr address)
{
    struct timex adjustment;
    uint64_t place;
    int64_t result = read_struct(thread, STRUCT_TIMEX, address, &adjustment, &place);
    if (result == 0) result = host_call(SYS_clock_adjtime, (uint64_t)clock, place, 0, 0, 0, 0);
    renew_time_page(thread, 0);
    if (result >= 0 && write_struct(thread, STRUCT_TIMEX, address, &adjustment)) return -EFAULT;
    return result;
}

int64_t syscall_clock_adjtime(struct thread *thread, const uint64_t *arguments)
{
    return adjust_clock(thread, (clockid_t)constant_to_host(thread->process->abi, ENUM_CLOCK, (uint32_t)arguments[0]), arguments[1]);
}

int64_t syscall_adjtimex(struct thread *thread, const uint64_t *arguments)
{
    return adjust_clock(thread, CLOCK_REALTIME, arguments[0]);
}

/* -- sleeping -------------------------------------------------------------------------------------------------------------- */

static int64_t write_remaining(struct thread *thread, guest_addr address, const struct timespec *remaining)
{
    uint8_t image[16];
    if (!address) return 0;
    struct_to_guest(thread->process, STRUCT_TIMESPEC, image, remaining);
    return copy_to_guest(thread, address, image, thread->process->abi->structs[STRUCT_TIMESPEC].size);
}

/* restart_arguments: number, clock, seconds and nanoseconds of the end, where the guest wants what remains. */
static void set_restart(struct thread *thread, clockid_t clock, const struct timespec *end, guest_addr remaining)
{
    uint64_t *restart = thread->restart_arguments;
    memset(restart, 0, sizeof thread->restart_arguments);
    restart[0] = (uint64_t)abi_call_number(thread->process->abi, "restart_syscall");
    restart[1] = (uint64_t)clock;
    restart[2] = (uint64_t)end->tv_sec;
    restart[3] = (uint64_t)end->tv_nsec;
    restart[4] = remaining;
    restart[5] = (uintptr_t)thread;        /* a call that the guest makes itself has nothing to go on with */
}

static struct timespec time_difference(const struct timespec *a, const struct timespec *b)
{
    struct timespec d = { a->tv_sec - b->tv_sec, a->tv_nsec - b->tv_nsec };
    if (d.tv_nsec < 0) d.tv_sec--, d.tv_nsec += NANOSECONDS;
    if (d.tv_sec < 0) d = (struct timespec){ 0, 0 };
    return d;
}

static int64_t sleep_until(struct thread *thread, clockid_t clock, const struct timespec *end, guest_addr remaining)
{
    struct timespec now = { 0, 0 };
    int64_t result = host_call_blocking(thread, SYS_clock_nanosleep, clock, TIMER_ABSTIME, (uintptr_t)end, 0, 0, 0);
    if (result != -EINTR) return result;
    host_call(SYS_clock_gettime, clock, (uintptr_t)&now, 0, 0, 0, 0);
    struct timespec left = time_difference(end, &now);
    if (write_remaining(thread, remaining, &left)) return -EFAULT;
    set_restart(thread, clock, end, remaining);
    return SYSCALL_RESTART_BLOCK;
}

static int64_t sleep_for(struct thread *thread, clockid_t clock, const struct timespec *time, guest_addr remaining)
{
    struct timespec now, end = *time;
    /* A relative sleep on the wall clock is not moved by setting it (clock_nanosleep(2)). */
    if (clock == CLOCK_REALTIME) clock = CLOCK_MONOTONIC;
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= NANOSECONDS) return -EINVAL;
    int64_t result = host_call(SYS_clock_gettime, clock, (uintptr_t)&now, 0, 0, 0, 0);
    if (result < 0) return result;
    if (__builtin_add_overflow(end.tv_sec, now.tv_sec, &end.tv_sec)) end.tv_sec = INT64_MAX - 1;
    end.tv_nsec += now.tv_nsec;
    if (end.tv_nsec >= NANOSECONDS && end.tv_sec < INT64_MAX - 1) end.tv_sec++;
    end.tv_nsec %= NANOSECONDS;
    return sleep_until(thread, clock, &end, remaining);
}

static int64_t read_time(struct thread *thread, guest_addr address, struct timespec *time)
{
    uint8_t image[16];
    if (copy_from_guest(thread, image, address, thread->process->abi->structs[STRUCT_TIMESPEC].size)) return -EFAULT;
    struct_to_host(thread->process, STRUCT_TIMESPEC, time, image);
    return 0;
}

int64_t syscall_nanosleep(struct thread *thread, const uint64_t *arguments)
{
    struct timespec time;
    int64_t result = read_time(thread, arguments[0], &time);
    return result ? result : sleep_for(thread, CLOCK_MONOTONIC, &time, arguments[1]);
}

int64_t syscall_clock_nanosleep(struct thread *thread, const uint64_t *arguments)
{
    struct timespec time;
    clockid_t clock = (clockid_t)constant_to_host(thread->process->abi, ENUM_CLOCK, (uint32_t)arguments[0]);
    int64_t result = read_time(thread, arguments[2], &time);
    if (result) return result;
    if (!(arguments[1] & TIMER_ABSTIME)) return sleep_for(thread, clock, &time, arguments[3]);
    result = host_call_blocking(thread, SYS_clock_nanosleep, clock, arguments[1], (uintptr_t)&time, 0, 0, 0);
    return result == -EINTR ? SYSCALL_RESTART_NO_HANDLER : result;
}

int64_t syscall_restart_syscall(struct thread *thread, const uint64_t *arguments)
{
    struct timespec end = { (time_t)arguments[1], (long)arguments[2] };
    if (arguments[4] != (uintptr_t)thread) return -EINTR;
    return sleep_until(thread, (clockid_t)arguments[0], &end, arguments[3]);
}
