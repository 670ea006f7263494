/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * unshare, setns and clone flags of namespaces, user namespaces and their maps, capabilities, identities; what is set inside a UTS
 * namespace and refused outside.
 */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

static long clone_process(unsigned long flags) { return syscall(SYS_clone, flags, NULL, NULL, NULL, NULL); }

static void unsharing(void)
{
    static const struct { const char *name; int flag; } flags[] = {
        { "none", 0 }, { "VM", CLONE_VM }, { "FS", CLONE_FS }, { "FILES", CLONE_FILES }, { "SIGHAND", CLONE_SIGHAND },
        { "THREAD", CLONE_THREAD }, { "SYSVSEM", CLONE_SYSVSEM }, { "NEWNS", CLONE_NEWNS }, { "NEWCGROUP", CLONE_NEWCGROUP },
        { "NEWUTS", CLONE_NEWUTS }, { "NEWIPC", CLONE_NEWIPC }, { "NEWUSER", CLONE_NEWUSER }, { "NEWPID", CLONE_NEWPID },
        { "NEWNET", CLONE_NEWNET }, { "NEWTIME", 0x80 }, { "VFORK", CLONE_VFORK }, { "IO", CLONE_IO }, { "PARENT", CLONE_PARENT },
        { "1", 1 }, { "NEWNS|FS", CLONE_NEWNS | CLONE_FS },
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        CHILD(printf("unshare %s: %s\n", flags[i].name, unshare(flags[i].flag) ? check_error(errno) : "ok"));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i].flag & (CLONE_VM | CLONE_THREAD | CLONE_PARENT) || flags[i].flag == CLONE_SIGHAND || flags[i].flag == 1) continue;
        /* CLONE_NEWTIME lies among the bits of the exit signal. */
        long child = clone_process(flags[i].flag | SIGCHLD);
        if (child == 0) _exit(getpid() == 1);
        printf("clone %s: %s\n", flags[i].name, child < 0 ? check_error(errno) : "ok");
        if (child > 0) {
            int status = 0;
            waitpid(child, &status, __WALL);
            printf("  %#x\n", status);
        }
    }
    CALL(clone_process(CLONE_SIGHAND | SIGCHLD));
    CALL(clone_process(CLONE_THREAD | SIGCHLD));
    CALL(clone_process(CLONE_THREAD | CLONE_SIGHAND | SIGCHLD));
    CALL(clone_process(CLONE_NEWNS | CLONE_FS | SIGCHLD));
    CALL(clone_process(CLONE_NEWUSER | CLONE_FS | SIGCHLD));
    CALL(clone_process(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD));
    CALL(clone_process(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD));
}

static void joining(void)
{
    static const char *const names[] = { "uts", "ipc", "net", "mnt", "pid", "pid_for_children", "user", "cgroup", "time" };
    static const int types[] = { CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWCGROUP, 0x80 };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        int fd = open(path, O_RDONLY);
        CHILD(printf("setns %s: %s\n", names[i], setns(fd, types[i]) ? check_error(errno) : "ok"));
        CHILD(printf("setns %s wrong: %s\n", names[i], setns(fd, types[(i + 1) % 4]) ? check_error(errno) : "ok"));
        CHILD(printf("setns %s any: %s\n", names[i], setns(fd, 0) ? check_error(errno) : "ok"));
        char link[64] = "";
        printf("link %d", readlink(path, link, sizeof link - 1) > 0);
        printf(" %.*s\n", (int)strcspn(link, "["), link);
        close(fd);
    }
    int fd = syscall(SYS_pidfd_open, getpid(), 0);
    CHILD(CALL(setns(fd, CLONE_NEWUTS)));
    CHILD(CALL(setns(fd, 0)));
    CHILD(CALL(setns(0, 0)));
    CHILD(CALL(setns(500, 0)));
    close(fd);
}

static void write_map(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY);
    printf("write %s \"%s\": ", name, text);
    printf("%s\n", write(fd, text, strlen(text)) < 0 ? check_error(errno) : "ok");
    close(fd);
}

static void show_file(const char *name)
{
    char text[256] = "";
    int fd = open(name, O_RDONLY);
    ssize_t got = read(fd, text, sizeof text - 1);
    printf("%s: %s\n", name, got < 0 ? check_error(errno) : text);
    close(fd);
}

static void user_namespace(void)
{
    uid_t user = geteuid();
    char map[64];
    CALL(unshare(CLONE_NEWUSER));
    printf("%d %d\n", getuid(), getgid());
    CALL(setuid(5));
    CALL(setgroups(0, NULL));
    write_map("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %d 1\n", user);
    int fd = open("/proc/self/uid_map", O_WRONLY);
    CALL(write(fd, map, strlen(map)) > 0);
    CALL(write(fd, map, strlen(map)));
    close(fd);
    write_map("/proc/self/gid_map", "0 0 1\n");
    write_map("/proc/self/gid_map", "nonsense");
    show_file("/proc/self/setgroups");
    show_file("/proc/self/gid_map");
    printf("%d %d\n", getuid(), getgid());
    CALL(setuid(5));
    CALL(setresuid(0, 0, 0));
    CALL(setresuid(-1, 1, -1));
    CALL(setgid(0));
    CALL(setgroups(1, (gid_t[]){ 0 }));
    CALL(unshare(CLONE_NEWUTS));
    struct utsname name;
    RAW(sethostname, "guest-host", 10);
    CALL(setdomainname("guest.domain", 12));
    uname(&name);
    printf("%s %s %s\n", name.nodename, name.domainname, name.sysname);
    RAW(sethostname, "x", 65);
    RAW(sethostname, "x", -1);
    RAW(sethostname, NULL, 0);
    WILD(sethostname, "i.", 0, 4);
    WILD(setdomainname, "i.", 0, 4);
    CALL(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET));
    CHILD(SHOW("first process", getpid()); CALL(getppid()));
    CALL(fork());
}

static void show_capabilities(const char *label)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];
    long result = syscall(SYS_capget, &header, data);
    printf("%s: %ld %08x %08x %08x %08x\n", label, result, data[0].effective, data[0].permitted, data[0].inheritable, data[1].effective);
}

static void capabilities(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];
    show_capabilities("at first");
    RAW(capget, &header, NULL);
    header.version = 0;
    RAW(capget, &header, NULL);
    SHOW("version", header.version);
    header.version = 5;
    RAW(capget, &header, data);
    SHOW("version", header.version);
    header.version = _LINUX_CAPABILITY_VERSION_1;
    RAW(capget, &header, data);
    header.version = _LINUX_CAPABILITY_VERSION_3, header.pid = 0x7ffffff0;
    RAW(capget, &header, data);
    header.pid = -1;
    RAW(capget, &header, data);
    header.pid = getpid();
    CALL(syscall(SYS_capget, &header, data));
    data[0].effective &= ~(1u << CAP_KILL);
    RAW(capset, &header, data);
    header.pid = 0, data[0].permitted &= ~(1u << CAP_KILL);
    RAW(capset, &header, data);
    show_capabilities("without kill");
    data[0].effective |= 1u << CAP_KILL;
    RAW(capset, &header, data);
    header.pid = 1;
    RAW(capset, &header, data);
    header.pid = 0;
    WILD(capget, "io", (long)&header, (long)data);
    WILD(capset, "ii", (long)&header, (long)data);
    CALL(prctl(PR_CAPBSET_READ, CAP_NET_RAW, 0, 0, 0));
    CALL(prctl(PR_CAPBSET_READ, 64, 0, 0, 0));
    CALL(prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0));
    CALL(prctl(PR_CAPBSET_READ, CAP_NET_RAW, 0, 0, 0));
    CALL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    CALL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
    CALL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    CALL(prctl(PR_CAP_AMBIENT, 77, 0, 0, 0));
    CALL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    CALL(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_SECUREBITS, 0x10, 0, 0, 0));
    CALL(prctl(PR_SET_SECUREBITS, 0x1000, 0, 0, 0));
    CALL(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    CALL(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0));
    CALL(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
}

static void identities(void)
{
    uid_t real, effective, saved;
    gid_t groups[70000 / sizeof(gid_t)];
    RAW(getgroups, 0, NULL);
    RAW(getgroups, -1, groups);
    RAW(setgroups, 3, ((gid_t[]){ 7, 5, 6 }));
    RAW(getgroups, 2, groups);
    RAW(getgroups, 3, groups);
    printf("%u %u %u\n", groups[0], groups[1], groups[2]);
    RAW(setgroups, 65537, groups);
    RAW(setgroups, -1, groups);
    RAW(setgroups, 1, ((gid_t[]){ -1 }));
    WILD(getgroups, ".o", 3, 0);
    WILD(setgroups, ".i", 3, 0);
    RAW(setfsuid, 5);
    RAW(setfsuid, -1);
    RAW(setfsgid, -1);
    RAW(setregid, -1, 11);
    RAW(setresgid, 12, 13, 14);
    RAW(getresgid, &real, &effective, &saved);
    printf("%u %u %u\n", real, effective, saved);
    WILD(getresuid, "ooo", (long)&real, (long)&effective, (long)&saved);
    WILD(getresgid, "ooo", (long)&real, (long)&effective, (long)&saved);
    RAW(setresuid, 21, 22, 23);
    RAW(getresuid, &real, &effective, &saved);
    printf("%u %u %u\n", real, effective, saved);
    RAW(setresuid, 0, -1, -1);
    RAW(setreuid, 22, 21);
    RAW(getresuid, &real, &effective, &saved);
    printf("%u %u %u\n", real, effective, saved);
    RAW(setuid, 23);
    RAW(setuid, 21);
    RAW(setgid, 14);
    RAW(setgroups, 0, NULL);
    RAW(sethostname, "x", 1);
    RAW(reboot, 0xfee1dead, 672274793, 0, NULL);
    RAW(swapon, "/none", 0);
    RAW(swapoff, "/none");
    RAW(acct, "/none");
    RAW(acct, NULL);
    RAW(chroot, "/");
    RAW(vhangup);
    RAW(mount, "none", "/", "tmpfs", 0, NULL);
    RAW(umount2, "/", 0);
    RAW(pivot_root, ".", ".");
    RAW(settimeofday, &(struct timeval){ 1, 0 }, NULL);
    RAW(clock_settime, CLOCK_REALTIME, &(struct timespec){ 1, 0 });
    RAW(syslog, 3, groups, 10);
    RAW(syslog, 99, groups, 10);
    RAW(quotactl, 0, NULL, 0, NULL);
    RAW(unshare, CLONE_NEWUTS);
    RAW(init_module, NULL, 0, "");
    RAW(delete_module, "none", 0);
    RAW(bpf, 0, groups, 48);
    RAW(perf_event_open, NULL, 0, 0, -1, 0);
    show_capabilities("in the end");
}

/* The calls are a thread's own; the C library makes them for all. */
static pthread_barrier_t barrier;

static void *other_thread(void *unused)
{
    RAW(setresuid, -1, 31, -1);
    RAW(setgroups, 1, ((gid_t[]){ 9 }));
    RAW(setresgid, -1, 32, -1);
    RAW(geteuid);
    RAW(unshare, CLONE_FS | CLONE_FILES);
    RAW(unshare, CLONE_NEWUSER);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    RAW(setresuid, -1, 0, -1);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    printf("other thread: %d %d\n", getuid(), geteuid());
    return unused;
}

static void threads(void)
{
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, other_thread, NULL);
    pthread_barrier_wait(&barrier);
    printf("first thread: %d %d groups %d\n", geteuid(), getegid(), getgroups(0, NULL));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    CALL(setresuid(41, 42, 0));
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    printf("first thread: %d %d\n", getuid(), geteuid());
}

int main(void)
{
    if (geteuid() != 0) SKIP("not root");
    SECTION("unshare and clone");
    unsharing();
    SECTION("setns");
    joining();
    SECTION("user namespace");
    CHILD(user_namespace());
    SECTION("capabilities");
    CHILD(capabilities());
    SECTION("identities");
    CHILD(identities());
    SECTION("threads");
    CHILD(threads());
    return 0;
}
