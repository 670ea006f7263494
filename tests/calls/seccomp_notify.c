/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SECCOMP_RET_USER_NOTIF: a listener that answers for another process.
 */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifdef __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif
#define NOT_THERE 1000
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define IF_CALL(number, value) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), RETURN(value)

static long install(unsigned flags, long number, uint32_t value)
{
    struct sock_filter insns[] = { IF_CALL(number, value), RETURN(SECCOMP_RET_ALLOW) };
    struct sock_fprog program = { 4, insns };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int receive_descriptor(int from)
{
    union { struct cmsghdr head; char bytes[CMSG_SPACE(sizeof(int))]; } control;
    char byte;
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    int fd = -1;
    QUIET(recvmsg(from, &message, 0));
    memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    return fd;
}

static void send_descriptor(int to, int fd)
{
    union { struct cmsghdr head; char bytes[CMSG_SPACE(sizeof(int))]; } control = { .head = { CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS } };
    char byte = 0;
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    QUIET(sendmsg(to, &message, 0));
}

static volatile sig_atomic_t usr1;
static void on_usr1(int signal) { usr1 = signal; }

/* The process that is answered for. What it got it prints when its parent is done. */
static void asker(int socket, long number)
{
    QUIET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    int listener = QUIET(install(SECCOMP_FILTER_FLAG_NEW_LISTENER, number, SECCOMP_RET_USER_NOTIF));
    SHOW("close-on-exec", fcntl(listener, F_GETFD));
    CALL(install(SECCOMP_FILTER_FLAG_NEW_LISTENER, number, SECCOMP_RET_USER_NOTIF));
    send_descriptor(socket, listener);
    close(listener);
    signal(SIGUSR1, on_usr1);
    struct { long result; int error; } got[9];
    for (int i = 0; i < 9; i++) {
        errno = 0;
        got[i].result = syscall(number, 0x1122334455667788, i, -1L, 4, 5, 6);
        got[i].error = errno;
    }
    char text[8] = "";
    QUIET(read(socket, text, 1));
    for (int i = 0; i < 9; i++) printf("asker %d: %ld errno %d\n", i, got[i].result, got[i].error);
    long size = pread(got[6].result, text, 5, 0);
    printf("descriptor: %ld \"%s\" flags %d\n", size, text, fcntl(got[6].result, F_GETFD));
    SHOW("handled", usr1 == SIGUSR1);
    /* A newer filter without a listener that asks as well: nobody to ask. */
    QUIET(install(0, number, SECCOMP_RET_USER_NOTIF));
    CALL(syscall(number, 0, 0, 0, 0, 0, 0));
    exit(3);
}

static void show(const struct seccomp_notif *n, pid_t child, long number)
{
    printf("notified: pid %s flags %x number %s arch %s arguments", (pid_t)n->pid == child ? "right" : "wrong", n->flags, n->data.nr == number ? "right" : "wrong",
           n->data.arch == ARCHITECTURE ? "right" : "wrong");
    for (int i = 0; i < 6; i++) printf(" %llx", (unsigned long long)n->data.args[i]);
    printf("\n");
}

static void answer_one(int listener, pid_t child, long number, int step)
{
    struct seccomp_notif n = { 0 };
    struct seccomp_notif_resp response = { 0 };
    if (step == 0) {
        n.flags = 1;
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n));
        n.flags = 0;
        WILD(ioctl, "..o", listener, SECCOMP_IOCTL_NOTIF_RECV, 0);
    }
    struct pollfd poller = { listener, POLLIN, 0 };
    QUIET(poll(&poller, 1, -1));
    CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n));
    show(&n, child, number);
    response.id = n.id;
    CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id));
    switch (step) {
    case 0: response.val = 123; break;
    case 1: response.error = -EXDEV; break;
    case 2: response.val = -42; break;
    case 3: response.val = 0x123456789abc; break;
    case 4: response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE; break;
    case 5: response.error = -4095; break;
    case 6: {
        int file = QUIET(memfd_create("answer", 0));
        if (write(file, "hello", 5) != 5) exit(8);
        struct seccomp_notif_addfd add = { .id = n.id, .srcfd = file, .newfd_flags = O_CLOEXEC };
        response.val = CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
        add.id++;
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
        close(file);
        break;
    }
    case 7: response.val = 7;
        kill(child, SIGUSR1);
        usleep(50000);
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id));
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
        return;
    case 8:
        response.id++;
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
        response.id--, response.flags = 2;
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE, response.val = 1;
        CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
        response.flags = 0;
        WILD(ioctl, "..i", listener, SECCOMP_IOCTL_NOTIF_SEND, 0);
        WILD(ioctl, "..i", listener, SECCOMP_IOCTL_NOTIF_ID_VALID, 0);
        break;
    }
    CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
}

static void conversation(long number)
{
    int sockets[2], status;
    QUIET(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    pid_t child = fork();
    if (child == 0) asker(sockets[1], number);
    int listener = receive_descriptor(sockets[0]);
    for (int step = 0; step < 10; step++) answer_one(listener, child, number, step);
    QUIET(write(sockets[0], "", 1));
    waitpid(child, &status, 0);
    SHOW("status", status);
    struct pollfd poller = { listener, POLLIN, 0 };
    QUIET(poll(&poller, 1, 1000));
    printf("events %x\n", poller.revents);
    close(listener);
    close(sockets[0]), close(sockets[1]);
}

/* The listener goes away while somebody waits. */
static void abandoned(void)
{
    QUIET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    int listener = QUIET(install(SECCOMP_FILTER_FLAG_NEW_LISTENER, NOT_THERE, SECCOMP_RET_USER_NOTIF)), status;
    pid_t child = fork();
    if (child == 0) {
        close(listener);
        CALL(syscall(NOT_THERE, 1, 2, 3, 4, 5, 6));
        exit(0);
    }
    struct pollfd poller = { listener, POLLIN, 0 };
    QUIET(poll(&poller, 1, -1));
    close(listener);
    waitpid(child, &status, 0);
    SHOW("status", status);
    CALL(syscall(NOT_THERE, 1, 2, 3, 4, 5, 6));
    CALL(install(SECCOMP_FILTER_FLAG_NEW_LISTENER, NOT_THERE, SECCOMP_RET_USER_NOTIF) < 0);
}

/* The filters and the notifications of a program that this one starts. */
static void through_exec(char *program)
{
    QUIET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    int listener = QUIET(install(SECCOMP_FILTER_FLAG_NEW_LISTENER, NOT_THERE, SECCOMP_RET_USER_NOTIF)), status;
    char *const arguments[] = { program, "ask", NULL };
    pid_t child = fork();
    if (child == 0) exit(execv("/proc/self/exe", arguments));
    struct seccomp_notif n = { 0 };
    QUIET(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n));
    show(&n, child, NOT_THERE);
    struct seccomp_notif_resp response = { .id = n.id, .val = 99 };
    QUIET(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
    waitpid(child, &status, 0);
    SHOW("status", status);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        CALL(syscall(NOT_THERE, 9, 8, 7, 6, 5, 4));
        return 0;
    }
    SECTION("a call that nobody knows");
    conversation(NOT_THERE);
    SECTION("a call that can go on");
    conversation(SYS_umask);
    SECTION("abandoned");
    CHILD(abandoned());
    SECTION("exec");
    CHILD(through_exec(argv[0]));
    return 0;
}
