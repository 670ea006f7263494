/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What people have reported of user-mode emulation, each in a few lines (docs/users.md): spawning what is not there, running oneself
 * again, names and environments, odd sockets, mappings at fixed places, real-time signals.
 */
#include "check.h"

#include <ifaddrs.h>
#include <linux/membarrier.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/utsname.h>

static void missing_program(void)
{
    char *arguments[] = { "nothing", NULL };
    pid_t child = -1;
    SHOW_TEXT("posix_spawn", check_error(posix_spawn(&child, "/nowhere/nothing", NULL, NULL, arguments, NULL)));
    SHOW_TEXT("posix_spawnp", check_error(posix_spawnp(&child, "no-such-program", NULL, NULL, arguments, NULL)));
    SHOW_TEXT("a folder", check_error(posix_spawn(&child, "/", NULL, NULL, arguments, NULL)));
    CALL(waitpid(-1, NULL, 0));
    volatile int error = 0;
    if ((child = vfork()) == 0) {
        execv("/nowhere/nothing", arguments);
        error = errno;
        _exit(127);
    }
    check_wait("vfork", child);
    SHOW_TEXT("seen by the parent", check_error(error));
}

/* argv[0] "again": the environment is what was given, nothing more. */
static int again(int argc, char **argv)
{
    extern char **environ;
    int count = 0;
    while (environ[count]) count++;
    printf("again: %d arguments, argv[0] \"%s\", argv[1] \"%s\", %d variables\n", argc, argv[0], argv[1], count);
    return 21;
}

static void run_oneself(const char *name)
{
    char *arguments[] = { (char *)name, "again", NULL }, *none[] = { NULL };
    pid_t child = vfork();
    if (child == 0) {
        execve("/proc/self/exe", arguments, none);
        _exit(127);
    }
    check_wait(name, child);
}

static void names(void)
{
    struct utsname name;
    int old = personality(0xffffffff);
    OK(uname(&name));
    SHOW_TEXT("system", name.sysname);
    SHOW_TEXT("release", name.release);
    SHOW("personality", old);
    OK(personality(old | UNAME26));
    OK(uname(&name));
    SHOW("2.6 by personality", strncmp(name.release, "2.6.", 4) == 0);
    OK(personality(old | ADDR_NO_RANDOMIZE));
    SHOW("kept", (personality(0xffffffff) & ADDR_NO_RANDOMIZE) != 0);
}

static void sockets(void)
{
    int fd = QUIET(socket(AF_INET, SOCK_DGRAM, 0));
    struct in_addr address = { htonl(INADDR_LOOPBACK) };
    struct ip_mreqn request = { .imr_multiaddr = { htonl(0xe0000101) }, .imr_address = address };
    unsigned char ttl = 3, loop = 0;
    socklen_t size = sizeof ttl;
    CALL(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address));
    CALL(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request));
    CALL(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl));
    CALL(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop));
    CALL(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request));
    CALL(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request));
    CALL(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request));
    CALL(getsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, &size));
    SHOW("ttl", ttl);
    struct ifaddrs *list = NULL;
    CALL(getifaddrs(&list));
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        if (i->ifa_addr && (i->ifa_flags & IFF_LOOPBACK)) printf("%s family %d\n", i->ifa_name, i->ifa_addr->sa_family);
}

static void memory(void)
{
    /* As LMDB maps its file where another process has it. */
    char *place = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_write_file("data", "fixed");
    int fd = QUIET(open("data", O_RDWR));
    CALL(mmap(place, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0));
    QUIET(munmap(place, 8 * PAGE));
    SHOW("in its place", mmap(place, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == place && place[0] == 'f');
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[5] = 1;
    CALL(madvise(page, PAGE, MADV_DONTNEED));
    SHOW("empty", page[5] == 0);
    CALL(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
    CALL(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
    OK(syscall(SYS_openat2, AT_FDCWD, "data", &how, sizeof how));
    CALL(syscall(SYS_openat2, AT_FDCWD, "../data", &how, sizeof how));
}

static volatile int last;
static void on_signal(int signal) { last = signal; }

static void signals(void)
{
    SHOW("SIGRTMIN", SIGRTMIN);
    SHOW("SIGRTMAX", SIGRTMAX);
    for (int signal = 32; signal <= 64; signal++) {
        struct { void (*handler)(int); unsigned long flags, rest[4]; } old;
        long set = syscall(SYS_rt_sigaction, signal, NULL, &old, 8);
        if (signal >= SIGRTMIN && (set || sigaction(signal, &(struct sigaction){ .sa_handler = on_signal }, NULL) || kill(getpid(), signal) || last != signal))
            printf("signal %d is lost\n", signal);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) return again(argc, argv);
    SECTION("missing program"); missing_program();
    SECTION("oneself"); run_oneself("/proc/self/exe"); run_oneself("another name"); run_oneself("");
    SECTION("names"); CHILD(names());
    SECTION("sockets"); sockets();
    SECTION("memory"); memory();
    SECTION("signals"); signals();
    return 0;
}
