/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Code that is written where the program that runs it flushes nothing: through /proc/self/mem, /proc/<pid>/mem and process_vm_writev,
 * in its own memory and in another process's; by descriptors of its own and such as came from elsewhere.
 */
#include "check.h"
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifdef __aarch64__
#define CODE(n) ((uint64_t)0xd65f03c000000000 | 0x52800000 | (n) << 5)          /* mov w0, #n; ret */
#else
#define CODE(n) ((uint64_t)0xc3 << 40 | (uint64_t)(n) << 8 | 0xb8)               /* mov eax, n; ret */
#endif

static uint64_t *code;

static int run(void) { return ((int (*)(void))code)(); }

static void begin(void)
{
    code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *code = CODE(1);
    __builtin___clear_cache((char *)code, (char *)(code + 1));
    QUIET(mprotect(code, 2 * PAGE, PROT_READ | PROT_EXEC));
    for (int i = 0; i < 3; i++) SHOW("as it was", run());
}

static void own(void)
{
    uint64_t new = CODE(2);
    struct iovec here = { &new, sizeof new }, there = { code, sizeof new };
    SECTION("own memory");
    int fd = CALL(open("/proc/self/mem", O_RDWR));
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    SHOW("pwrite", run());
    new = CODE(3);
    QUIET(lseek(fd, (uintptr_t)code, SEEK_SET));
    CALL(write(fd, &new, sizeof new));
    SHOW("write", run());
    new = CODE(4);
    CALL(pwritev(fd, &here, 1, (uintptr_t)code));
    SHOW("pwritev", run());
    new = CODE(5);
    QUIET(lseek(fd, (uintptr_t)code, SEEK_SET));
    CALL(writev(dup(fd), &here, 1));
    SHOW("writev, duplicate", run());
    new = CODE(6);
    CALL(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
    QUIET(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    CALL(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
    SHOW("process_vm_writev", run());
    close(fd);
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/task/%d/mem", getpid(), getpid());
    fd = QUIET(open(name, O_WRONLY));
    new = CODE(7);
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    SHOW("the thread's", run());
    close(fd);
}

/* In a child, which has opened none otherwise. Files made for the guest are found by this call too. */
static void opened_by_openat2(void)
{
    struct open_how how = { .flags = O_WRONLY };
    uint64_t new = CODE(8);
    int fd = QUIET(syscall(SYS_openat2, AT_FDCWD, "/proc/self/mem", &how, sizeof how));
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    SHOW("opened by openat2", run());
    how.flags = O_RDONLY;
    fd = QUIET(syscall(SYS_openat2, AT_FDCWD, "/proc/self/maps", &how, sizeof how));
    char line[64] = "", start[32];
    QUIET(read(fd, line, sizeof line - 1));
    sscanf(line, "%31[^-]", start);
    printf("the first mapping is the program's: %d\n", strtoul(start, NULL, 16) == 0x400000);
    how.flags = O_RDONLY | 1ull << 40;
    RAW(openat2, AT_FDCWD, "/proc/self/maps", &how, sizeof how);
}

/* Descriptors that somebody else has opened, in processes that have opened none themselves. */
static void send_descriptor(int socket, int fd)
{
    char control[CMSG_SPACE(3 * sizeof fd)] = { 0 };
    struct iovec data = { "", 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(3 * sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(head), (int[]){ 0, 1, fd }, 3 * sizeof fd);
    QUIET(sendmsg(socket, &message, 0));
}

static int receive_descriptor(int socket, bool many)
{
    char control[256];
    int fds[3];
    struct iovec data = { control, 1 };
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control } };
    data.iov_base = &message.msg_len;
    if (many) QUIET(recvmmsg(socket, &message, 1, 0, NULL));
    else QUIET(recvmsg(socket, &message.msg_hdr, 0));
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message.msg_hdr)), sizeof fds);
    return fds[2];
}

enum way { BY_MESSAGE, BY_MESSAGES, BY_PIDFD };

static void received(enum way way)
{
    int ends[2];
    uint64_t new = CODE(9 + way);
    char name[64];
    QUIET(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
    pid_t owner = getpid(), other = fork();
    if (other == 0) {
        snprintf(name, sizeof name, "/proc/%d/mem", owner);
        int fd = QUIET(open(name, O_RDWR));
        if (way == BY_PIDFD) QUIET(write(ends[1], &fd, sizeof fd));
        else send_descriptor(ends[1], fd);
        pause();
    }
    int fd;
    if (way == BY_PIDFD) {
        QUIET(read(ends[0], &fd, sizeof fd));
        fd = QUIET(syscall(SYS_pidfd_getfd, QUIET(syscall(SYS_pidfd_open, other, 0)), fd, 0));
    } else {
        fd = receive_descriptor(ends[0], way == BY_MESSAGES);
    }
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    SHOW("received", run());
    kill(other, SIGKILL);
}

/* A program that was given its parent's memory as standard input. */
static void inherited(void)
{
    char name[64], address[32];
    pid_t owner = getpid(), other = fork();
    if (other == 0) {
        snprintf(name, sizeof name, "/proc/%d/mem", owner);
        snprintf(address, sizeof address, "%lu", (unsigned long)(uintptr_t)code);
        dup2(QUIET(open(name, O_RDWR)), 0);
        execl("/proc/self/exe", "self", address, NULL);
        _exit(127);
    }
    QUIET(waitpid(other, NULL, 0));
    SHOW("an executed program's", run());
}

/* The other process runs it, says what came of it, and waits until it is told to go on. */
static void other(void)
{
    int to_child[2], from_child[2];
    char byte = 0;
    SECTION("another process");
    QUIET(pipe(to_child));
    QUIET(pipe(from_child));
    pid_t child = fork();
    for (int i = 0; child == 0; i++) {
        byte = run();
        if (write(from_child[1], &byte, 1) != 1 || read(to_child[0], &byte, 1) != 1 || i == 3) _exit(run());
    }
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/mem", child);
    uint64_t new = CODE(20);
    struct iovec here = { &new, sizeof new }, there = { code, sizeof new };
    QUIET(read(from_child[0], &byte, 1));
    SHOW("inherited", byte);
    int fd = CALL(open(name, O_RDWR));
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    QUIET(write(to_child[1], "", 1));
    QUIET(read(from_child[0], &byte, 1));
    SHOW("through its file", byte);
    new = CODE(21);
    CALL(process_vm_writev(child, &here, 1, &there, 1, 0));
    QUIET(write(to_child[1], "", 1));
    QUIET(read(from_child[0], &byte, 1));
    SHOW("by process_vm_writev", byte);
    QUIET(kill(child, SIGSTOP));
    int status;
    QUIET(waitpid(child, &status, WUNTRACED));
    new = CODE(22);
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    QUIET(kill(child, SIGCONT));
    QUIET(write(to_child[1], "", 1));
    QUIET(read(from_child[0], &byte, 1));
    SHOW("while it was stopped", byte);
    new = CODE(23);
    CALL(pwrite(fd, &new, sizeof new, (uintptr_t)code));
    QUIET(write(to_child[1], "", 1));
    QUIET(waitpid(child, &status, 0));
    SHOW("its exit", WEXITSTATUS(status));
    SHOW("here nothing changed", run());
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) return pwrite(0, &(uint64_t){ CODE(13) }, 8, (off_t)strtoull(argv[1], NULL, 10)) != 8;
    begin();
    CHILD(opened_by_openat2());
    SECTION("descriptors of others");
    CHILD(received(BY_MESSAGE));
    CHILD(received(BY_MESSAGES));
    CHILD(received(BY_PIDFD));
    CHILD(inherited());
    own();
    other();
    return 0;
}
