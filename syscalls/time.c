/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sleeping. A relative sleep that a signal interrupted goes on until its original end when no handler ran (restart_syscall(2)):
 * the end is kept as an absolute time in thread->restart_arguments.
 */
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#define NANOSECONDS 1000000000

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
    return sleep_until(thread, (clockid_t)arguments[0], &end, arguments[3]);
}
