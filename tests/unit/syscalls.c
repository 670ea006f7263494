/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The system-call engine on the host: dispatch by number, conversion of structures and flags, names, /proc, --strace lines. The
 * "guest" is this process with AArch64's kernel ABI: guest addresses are host addresses.
 */
#include "syscalls/abi.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define GUEST_O_DIRECTORY 040000
#define GUEST_O_NOFOLLOW 0100000
#define GUEST_O_LARGEFILE 0400000

static struct process process;
static struct thread thread;
static char log_text[65536];

static void collect(void *user, const char *text)
{
    (void)user;
    strncat(log_text, text, sizeof log_text - strlen(log_text) - 1);
}

static void set_up(void)
{
    process.abi = abi_find("aarch64");
    process.own_descriptor = 900;
    process.exec_descriptor = -1;
    process.executable = (char *)"/bin/true";
    process.log = collect;
    process.trace_unimplemented = true;
    thread.process = &process;
    thread.tid = getpid();
    process.threads = &thread;
    process.space = address_space_new(&process);
}

static int64_t call(const char *name, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    uint64_t arguments[6] = { a, b, c, d, e, f };
    int number = abi_call_number(process.abi, name);
    cr_assert(number >= 0, "%s has no number", name);
    return syscall_dispatch(&thread, (unsigned)number, arguments);
}
#define P(pointer) ((uint64_t)(uintptr_t)(pointer))

TestSuite(syscalls, .init = set_up);

Test(syscalls, numbers)
{
    cr_assert_null(abi_find("none"));
    cr_assert_str_eq(syscall_name(process.abi, 63), "read");
    cr_assert_str_eq(syscall_name(process.abi, 222), "mmap");
    cr_assert_null(syscall_name(process.abi, 244));
    cr_assert_null(syscall_name(process.abi, 100000));
    cr_assert_eq(call("getpid", 0, 0, 0, 0, 0, 0), getpid());
}

Test(syscalls, unknown_and_absent)
{
    uint64_t none[6] = { 0 };
    cr_assert_eq(syscall_dispatch(&thread, 4000, none), -ENOSYS);
    cr_assert_eq(call("kexec_load", 0, 0, 0, 0, 0, 0), -ENOSYS);
    cr_assert(strstr(log_text, "unknown system call 4000\n"));
    cr_assert(strstr(log_text, "system call kexec_load (104) is not implemented: "));
}

Test(syscalls, stat_is_converted)
{
    struct { uint64_t dev, ino; uint32_t mode, links, uid, gid; uint64_t rdev, pad; int64_t size; int32_t block, pad2; int64_t blocks;
             int64_t atime; uint64_t atime_nsec; int64_t mtime; uint64_t mtime_nsec; int64_t ctime; uint64_t ctime_nsec; uint32_t pad4[2]; } guest;
    struct stat host;
    cr_assert_eq(sizeof guest, process.abi->structs[STRUCT_STAT].size);
    cr_assert_eq(call("newfstatat", AT_FDCWD, P("/bin/sh"), P(&guest), 0, 0, 0), 0);
    stat("/bin/sh", &host);
    cr_assert(guest.dev == host.st_dev && guest.ino == host.st_ino && guest.mode == host.st_mode && guest.links == host.st_nlink);
    cr_assert(guest.size == host.st_size && guest.block == host.st_blksize && guest.blocks == host.st_blocks);
    cr_assert(guest.mtime == host.st_mtim.tv_sec && guest.mtime_nsec == (uint64_t)host.st_mtim.tv_nsec);
    cr_assert_eq(call("newfstatat", AT_FDCWD, P("/nowhere"), P(&guest), 0, 0, 0), -ENOENT);
    cr_assert_eq(call("newfstatat", AT_FDCWD, P("/bin/sh"), 1ull << 60, 0, 0, 0), -EFAULT);
    cr_assert_eq(call("newfstatat", AT_FDCWD, 1ull << 60, P(&guest), 0, 0, 0), -EFAULT);
}

Test(syscalls, open_flags)
{
    cr_assert_eq(constant_to_host(process.abi, FLAGS_OPEN, GUEST_O_DIRECTORY | O_CLOEXEC), O_DIRECTORY | O_CLOEXEC);
    cr_assert_eq(constant_to_host(process.abi, FLAGS_OPEN, 020000000 | GUEST_O_DIRECTORY | O_RDWR), O_TMPFILE | O_RDWR);
    cr_assert_eq(constant_to_guest(process.abi, FLAGS_OPEN, O_NOFOLLOW | O_WRONLY), GUEST_O_NOFOLLOW | O_WRONLY);
    cr_assert_eq(constant_to_guest(process.abi, FLAGS_OPEN, 0100000), GUEST_O_LARGEFILE);
    cr_assert_eq(call("openat", AT_FDCWD, P("/bin/sh"), GUEST_O_DIRECTORY, 0, 0, 0), -ENOTDIR);
    int64_t fd = call("openat", AT_FDCWD, P("/"), GUEST_O_DIRECTORY | GUEST_O_LARGEFILE, 0, 0, 0);
    cr_assert_geq(fd, 0);
    cr_assert(call("fcntl", fd, F_GETFL, 0, 0, 0, 0) & GUEST_O_DIRECTORY);
    cr_assert_eq(call("close", fd, 0, 0, 0, 0, 0), 0);
}

Test(syscalls, epoll_event_has_another_layout)
{
    struct { uint32_t events, pad; uint64_t data; } event = { EPOLLIN, 0, 0x1122334455667788 }, got[4];
    int fds[2];
    cr_assert_eq(call("pipe2", P(fds), 0, 0, 0, 0, 0), 0);
    int64_t epoll = call("epoll_create1", 0, 0, 0, 0, 0, 0);
    cr_assert_eq(call("epoll_ctl", epoll, EPOLL_CTL_ADD, fds[0], P(&event), 0, 0), 0);
    cr_assert_eq(call("write", fds[1], P("x"), 1, 0, 0, 0), 1);
    uint64_t mask = 0;
    cr_assert_eq(call("epoll_pwait", epoll, P(got), 4, 1000, P(&mask), 8), 1);
    cr_assert(got[0].events == EPOLLIN && got[0].data == event.data);
    cr_assert_eq(call("epoll_pwait", epoll, P(got), (uint32_t)-1, 0, 0, 8), -EINVAL);
    cr_assert_eq(call("epoll_pwait", epoll, P(got), 0x8000000000000004, 0, 0, 8), 1);
    cr_assert_eq(call("epoll_pwait", epoll, P(got), 2000000, 0, 0, 8), 1);
}

Test(syscalls, own_descriptor_is_safe)
{
    dup2(2, 900);
    cr_assert_eq(call("close", 900, 0, 0, 0, 0, 0), -EBADF);
    char data[256];
    cr_assert_eq(call("fstat", 900, P(data), 0, 0, 0, 0), -EBADF);
    cr_assert_eq(call("sendfile", 1, 900, 0, 1, 0, 0), -EBADF);
    cr_assert_eq(call("readlinkat", AT_FDCWD, P("/proc/self/fd/900"), P(data), sizeof data, 0, 0), -ENOENT);
    cr_assert_eq(call("fcntl", 900, F_GETFD, 0, 0, 0, 0), -EBADF);
    dup2(2, 899);
    dup2(2, 901);
    cr_assert_eq(call("close_range", 890, ~0u, 0, 0, 0, 0), 0);
    cr_assert(fcntl(899, F_GETFD) < 0 && fcntl(900, F_GETFD) >= 0 && fcntl(901, F_GETFD) < 0);
    /* Its number is the guest's for the asking. */
    cr_assert_eq(call("dup3", 1, 900, 0, 0, 0, 0), 900);
    cr_assert(process.own_descriptor != 900 && fcntl(process.own_descriptor, F_GETFD) == FD_CLOEXEC);
    cr_assert_eq(call("close", 900, 0, 0, 0, 0, 0), 0);
}

Test(syscalls, uname_and_limits)
{
    struct utsname name;
    uint64_t limit[2];
    process.uname_release = (char *)"9.8.7";
    cr_assert_eq(call("uname", P(&name), 0, 0, 0, 0, 0), 0);
    cr_assert_str_eq(name.machine, "aarch64");
    cr_assert_str_eq(name.release, "9.8.7");
    cr_assert_eq(call("prlimit64", 0, 7, 0, P(limit), 0, 0), 0);
    cr_assert(limit[0] && limit[0] <= limit[1]);
}

static ssize_t read_all(int64_t fd, char *text, size_t size)
{
    ssize_t got = read((int)fd, text, size - 1);
    if (got >= 0) text[got] = 0;
    close((int)fd);
    return got;
}

Test(syscalls, proc_shows_the_guest)
{
    static char arguments[] = "program\0one";
    char text[4096] = "", name[64];
    process.arguments_start = P(arguments);
    process.arguments_end = P(arguments) + sizeof arguments;
    cr_assert_eq(read_all(call("openat", AT_FDCWD, P("/proc/self/cmdline"), 0, 0, 0, 0), text, sizeof text), sizeof arguments);
    cr_assert_eq(memcmp(text, arguments, sizeof arguments), 0);
    cr_assert_eq(call("readlinkat", AT_FDCWD, P("/proc/self/exe"), P(text), sizeof text, 0, 0), 9);
    cr_assert_eq(memcmp(text, "/bin/true", 9), 0);
    snprintf(name, sizeof name, "/proc/%d/exe", (int)getpid());
    cr_assert_eq(call("readlinkat", AT_FDCWD, P(name), P(text), 4, 0, 0), 4);
    int64_t directory = call("openat", AT_FDCWD, P("/proc/self"), GUEST_O_DIRECTORY, 0, 0, 0);
    cr_assert_eq(call("readlinkat", directory, P("exe"), P(text), sizeof text, 0, 0), 9);
    cr_assert_gt(read_all(call("openat", AT_FDCWD, P("/proc/cpuinfo"), 0, 0, 0, 0), text, sizeof text), 0);
    cr_assert(strstr(text, "CPU architecture: 8\n"));
    process.stack_start = 12345678;
    cr_assert_gt(read_all(call("openat", AT_FDCWD, P("/proc/self/stat"), 0, 0, 0, 0), text, sizeof text), 0);
    cr_assert(strstr(text, " 12345678 "));
    int64_t page = call("mmap", 0, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_gt(page, 0);
    cr_assert_gt(read_all(call("openat", AT_FDCWD, P("/proc/self/maps"), 0, 0, 0, 0), text, sizeof text), 0);
    snprintf(name, sizeof name, "%llx-%llx r-xp 00000000 00:00 0 \n", (unsigned long long)page, (unsigned long long)page + 8192);
    cr_assert_str_eq(text, name);
}

Test(syscalls, system_v_semaphores)
{
    struct { uint8_t permissions[48]; int64_t otime, ctime; uint64_t count, pad[2]; } state;
    int64_t id = call("semget", 0, 3, 0600, 0, 0, 0);
    cr_assert_geq(id, 0);
    int64_t result = call("semctl", id, 0, 2, P(&state), 0, 0);
    call("semctl", id, 0, 0, 0, 0, 0);
    cr_assert_eq(result, 0);
    cr_assert(state.count == 3 && state.ctime > 1000000000);
}

Test(syscalls, shared_memory_lies_in_the_guests_space)
{
    int64_t id = call("shmget", 0, 10000, 0600, 0, 0, 0);
    cr_assert_geq(id, 0);
    int64_t at = call("shmat", id, 0, 0, 0, 0, 0);
    call("shmctl", id, 0, 0, 0, 0, 0);
    cr_assert_gt(at, 0);
    cr_assert_eq(address_space_protection(&process, at), PROT_READ | PROT_WRITE);
    strcpy((char *)(uintptr_t)at, "text");
    cr_assert_eq(call("shmdt", at + 4096, 0, 0, 0, 0, 0), -EINVAL);
    cr_assert_eq(call("shmdt", at, 0, 0, 0, 0, 0), 0);
    cr_assert_eq(address_space_protection(&process, at), -1);
    cr_assert_eq(call("shmdt", at, 0, 0, 0, 0, 0), -EINVAL);
}

Test(syscalls, every_layout_survives_a_round_trip)
{
    for (unsigned s = 0; s < STRUCT_ID_COUNT; s++) {
        const struct struct_layout *layout = &process.abi->structs[s];
        uint8_t guest[1024] = { 0 }, host[1024], back[1024];
        for (unsigned i = 0; i < layout->field_count; i++) {
            const struct field_layout *f = &layout->fields[i];
            /* Nested structures and members the host lacks or stores in fewer bits are left out. */
            if (f->kind == FIELD_STRUCT || f->host_field < 0 || f->print == PRINT_FLAGS) continue;
            for (unsigned k = 0; k < f->size * f->count; k++) guest[f->offset + k] = (uint8_t)(k % f->size ? 0 : 1 + k + i);
        }
        struct_to_host(&process, s, host, guest);
        struct_to_guest(&process, s, back, host);
        cr_assert_eq(memcmp(guest, back, layout->size), 0, "struct %s", layout->name);
    }
}

Test(syscalls, strace_lines)
{
    process.strace = true;
    int64_t fd = call("openat", AT_FDCWD, P("/etc/passwd"), GUEST_O_LARGEFILE | O_CLOEXEC, 0, 0, 0);
    char expected[256], data[64];
    cr_assert_geq(fd, 0);
    snprintf(expected, sizeof expected, "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_LARGEFILE|O_CLOEXEC) = %d\n", (int)fd);
    cr_assert_str_eq(log_text, expected);
    log_text[0] = 0;
    call("openat", AT_FDCWD, P("/no\twhere"), O_CREAT | O_WRONLY, 0644, 0, 0);
    unlink("/no\twhere");
    cr_assert(strncmp(log_text, "openat(AT_FDCWD, \"/no\\twhere\", O_WRONLY|O_CREAT, 0644) = ", 56) == 0, "%s", log_text);
    log_text[0] = 0;
    call("close", 12345, 0, 0, 0, 0, 0);
    cr_assert_str_eq(log_text, "close(12345) = -1 EBADF (Bad file descriptor)\n");
    log_text[0] = 0;
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    call("write", fds[1], P("a\n\"b\0001"), 6, 0, 0, 0);
    snprintf(expected, sizeof expected, "write(%d, \"a\\n\\\"b\\0001\", 6) = 6\n", fds[1]);
    cr_assert_str_eq(log_text, expected);
    log_text[0] = 0;
    call("read", fds[0], P(data), 64, 0, 0, 0);
    snprintf(expected, sizeof expected, "read(%d, \"a\\n\\\"b\\0001\", 64) = 6\n", fds[0]);
    cr_assert_str_eq(log_text, expected);
    log_text[0] = 0;
    struct { int64_t s, n; } time = { 0, 1000 };
    call("nanosleep", P(&time), 0, 0, 0, 0, 0);
    cr_assert_str_eq(log_text, "nanosleep({tv_sec=0, tv_nsec=1000}, NULL) = 0\n");
}
