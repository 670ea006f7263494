/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seccomp: which filters are good, what each action does, strict mode, threads, fork and exec.
 */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <ucontext.h>

#ifdef __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif
#define NOT_THERE 1000                     /* a number that no call has */
#define DATA(member) offsetof(struct seccomp_data, member)
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(member))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define IF_CALL(name, value) LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, name, 0, 1), RETURN(value)
#define FILTER(...) (struct sock_filter[]){ __VA_ARGS__ }, sizeof((struct sock_filter[]){ __VA_ARGS__ }) / sizeof(struct sock_filter)

static long install(unsigned flags, struct sock_filter *insns, size_t count)
{
    struct sock_fprog program = { count, insns };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void unprivileged(void) { QUIET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

/* -- the calls themselves ------------------------------------------------------------------------------------------------ */
static void arguments(void)
{
    struct sock_filter allow = RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &allow }, empty = { 0, &allow }, long_one = { 4097, &allow }, nowhere = { 1, NULL }, bad = { 1, (void *)8 };
    static const uint32_t actions[] = { 0, 0x80000000, 0x30000, 0x50000, 0x7fc00000, 0x7ff00000, 0x7ffc0000, 0x7fff0000, 1, 0x10000, 0x7fff0001 };
    struct seccomp_notif_sizes sizes;
    RAW(seccomp, 4, 0, 0L);
    RAW(seccomp, -1, 0, 0L);
    RAW(seccomp, SECCOMP_SET_MODE_STRICT, 1, 0L);
    RAW(seccomp, SECCOMP_SET_MODE_STRICT, 0, &program);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        printf("%x: ", actions[i]);
        RAW(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]);
    }
    RAW(seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &actions[0]);
    RAW(seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    printf("%d %d %d\n", sizes.seccomp_notif, sizes.seccomp_notif_resp, sizes.seccomp_data);
    RAW(seccomp, SECCOMP_GET_NOTIF_SIZES, 1, &sizes);
    WILD(seccomp, "..i", SECCOMP_GET_ACTION_AVAIL, 0, 0);
    WILD(seccomp, "..o", SECCOMP_GET_NOTIF_SIZES, 0, 0);
    CALL(prctl(PR_GET_SECCOMP));
    CALL(prctl(PR_SET_SECCOMP, 0, 0));
    CALL(prctl(PR_SET_SECCOMP, 3, 0));
    CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 8L));
    CHILD(if (setuid(12345)) exit(9); CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)); CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &empty));
          RAW(seccomp, SECCOMP_SET_MODE_FILTER, 0, &bad); unprivileged(); RAW(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
    unprivileged();
    RAW(seccomp, SECCOMP_SET_MODE_FILTER, 0, &empty);
    RAW(seccomp, SECCOMP_SET_MODE_FILTER, 0, &long_one);
    RAW(seccomp, SECCOMP_SET_MODE_FILTER, 0, &nowhere);
    RAW(seccomp, SECCOMP_SET_MODE_FILTER, 0, &bad);
    for (unsigned flag = 0; flag < 12; flag++) {
        if (1u << flag == SECCOMP_FILTER_FLAG_NEW_LISTENER) continue;
        printf("flag %d: ", flag);
        CHILD(RAW(seccomp, SECCOMP_SET_MODE_FILTER, 1u << flag, &program); CALL(prctl(PR_GET_SECCOMP)));
    }
    CHILD(RAW(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC, &program));
    WILD(seccomp, "..i", SECCOMP_SET_MODE_FILTER, 0, 0);
    CHILD(CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)); CALL(prctl(PR_GET_SECCOMP)); CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0)));
}

/* -- good and bad programs ----------------------------------------------------------------------------------------------- */
/* Each code alone, with an operand that would be good for it and one that would not. A listener exists already, so that a good
 * program is refused with EBUSY in the end and nothing is left behind. */
static void programs(void)
{
    unprivileged();
    if (install(SECCOMP_FILTER_FLAG_NEW_LISTENER, FILTER(RETURN(SECCOMP_RET_ALLOW))) < 0) exit(9);
    static const uint32_t operands[] = { 0, 1, 4, 15, 16, 31, 32, 60, 61, 64, 0xfffff000, 0xfffff004 };
    for (unsigned code = 0; code < 0x200; code++) {
        char results[16] = "";
        for (size_t i = 0; i < sizeof operands / sizeof operands[0]; i++) {
            struct sock_filter insns[] = { BPF_STMT(code, operands[i]), RETURN(0), RETURN(0) };
            long result = install(SECCOMP_FILTER_FLAG_NEW_LISTENER, insns, 3);
            results[i] = result >= 0 ? '!' : errno == EBUSY ? 'y' : errno == EINVAL ? '-' : '?';
        }
        if (strchr(results, 'y') || strchr(results, '?') || strchr(results, '!')) printf("code %#x: %s\n", code, results);
    }
#define TRY(...) printf("%s: %s\n", #__VA_ARGS__, install(SECCOMP_FILTER_FLAG_NEW_LISTENER, FILTER(__VA_ARGS__)) < 0 ? check_error(errno) : "!")
    TRY(LOAD(nr));
    TRY(RETURN(0), LOAD(nr));
    TRY(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RETURN(0));
    TRY(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RETURN(0));
    TRY(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0), RETURN(0));
    TRY(BPF_STMT(BPF_JMP | BPF_JA, 0), RETURN(0));
    TRY(BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(0));
    TRY(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RETURN(0));
    TRY(BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0));
    TRY(BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0));
    TRY(BPF_STMT(BPF_STX, 15), BPF_STMT(BPF_LDX | BPF_MEM, 15), RETURN(0));
    TRY(BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0));
    TRY(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0));
    TRY(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0));
    TRY(RETURN(0), BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0));
    TRY(BPF_STMT(BPF_RET | BPF_X, 0));
    TRY(BPF_STMT(BPF_RET | BPF_A, 0));
}

/* The limit on all filters of a task counts the kernel's own instructions. */
static long until_refused(struct sock_filter insn, unsigned count)
{
    struct sock_filter *insns = malloc((count + 1) * sizeof *insns);
    long filters = 0;
    for (unsigned i = 0; i < count; i++) insns[i] = insn;
    insns[count] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    if (BPF_CLASS(insn.code) == BPF_JMP) insns[count - 1] = (struct sock_filter)LOAD(nr);
    while (install(0, insns, count + 1) == 0) filters++;
    if (errno != ENOMEM) return -errno;
    return filters;
}

static void limits(void)
{
    static const struct sock_filter insns[] = {
        LOAD(nr), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0xffffffff), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 3),
        RETURN(SECCOMP_RET_ALLOW), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 1),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 1, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 1, 1), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x90000000, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 5, 0, 1), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0x90000000, 0, 1), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 5, 0, 1),
        BPF_STMT(BPF_JMP | BPF_JA, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_LEN, 0),
    };
    unprivileged();
    for (size_t i = 0; i < sizeof insns / sizeof insns[0]; i++) {
        printf("%zu: ", i);
        CHILD(SHOW("filters", until_refused(insns[i], 40)));
    }
}

/* -- actions ------------------------------------------------------------------------------------------------------------- */
static volatile sig_atomic_t handled;
static siginfo_t last_info;
static ucontext_t last_context;

static void on_trap(int signal, siginfo_t *info, void *context)
{
    handled++;
    last_info = *info;
    last_context = *(ucontext_t *)context;
    (void)signal;
}

static void catch_traps(void)
{
    struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART };
    QUIET(sigaction(SIGSYS, &action, NULL));
}

static void show_trap(void)
{
    unsigned long pc, first, result;
#ifdef __aarch64__
    pc = last_context.uc_mcontext.pc, first = last_context.uc_mcontext.regs[0], result = first;
#else
    pc = last_context.uc_mcontext.gregs[REG_RIP], first = last_context.uc_mcontext.gregs[REG_RDI], result = 77;
#endif
    printf("handled %d: signal %d code %d errno %d call %s arch %s address %s first argument %lu, %s\n", (int)handled, last_info.si_signo, last_info.si_code,
           last_info.si_errno, last_info.si_syscall == NOT_THERE ? "right" : "wrong", last_info.si_arch == ARCHITECTURE ? "right" : "wrong",
           (unsigned long)last_info.si_call_addr == pc ? "right" : "wrong", first, result == 77 ? "no result" : "a result");
}

static void one_action(uint32_t value)
{
    unprivileged();
    catch_traps();
    if (install(0, FILTER(IF_CALL(NOT_THERE, value), RETURN(SECCOMP_RET_ALLOW)))) exit(9);
    errno = 0;
    long result = syscall(NOT_THERE, 77, 2, 3, 4, 5, 6);
    printf("%#x: ", value);
    if (handled) show_trap();
    else printf("result %ld errno %d\n", result, errno);
}

static void precedence(void)
{
    static const uint32_t values[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP | 7, SECCOMP_RET_ERRNO | 8, SECCOMP_RET_ERRNO | 9,
                                       SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW, 0x60000, 0x7fff1234, 0x90000000 };
    enum { COUNT = sizeof values / sizeof values[0] };
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < COUNT; k++) {
            pid_t child = fork();
            if (child == 0) {
                unprivileged();
                catch_traps();
                if (install(0, FILTER(IF_CALL(NOT_THERE, values[i]), RETURN(SECCOMP_RET_ALLOW)))) exit(9);
                if (install(0, FILTER(IF_CALL(NOT_THERE, values[k]), RETURN(SECCOMP_RET_ALLOW)))) exit(9);
                errno = 0;
                long result = syscall(NOT_THERE);
                exit(handled ? 200 + last_info.si_errno : result == -1 ? errno : 100);
            }
            int status;
            waitpid(child, &status, 0);
            printf("%x ", status & 0xff7f);
            if (k == COUNT - 1) printf("\n");
        }
}

/* Every part of the data and every operation, seen through the errno that a filter computes. */
static void computed(void)
{
    static struct sock_filter start[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NOT_THERE, 1, 0), RETURN(SECCOMP_RET_ALLOW),
    };
    static const struct sock_filter bodies[][4] = {
#define A BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16)
#define X BPF_STMT(BPF_LDX | BPF_IMM, 7)
#define ALU(operation) { A, X, BPF_STMT(BPF_ALU | operation | BPF_X, 0), BPF_STMT(BPF_ALU | operation | BPF_K, 5) }
        ALU(BPF_ADD), ALU(BPF_SUB), ALU(BPF_MUL), ALU(BPF_DIV), ALU(BPF_AND), ALU(BPF_OR), ALU(BPF_XOR), ALU(BPF_LSH), ALU(BPF_RSH),
        { A, X, BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0) },
        { A, BPF_STMT(BPF_LDX | BPF_IMM, 33), BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0) },
        { A, BPF_STMT(BPF_LDX | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1), BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0) },
        { BPF_STMT(BPF_LDX | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0), BPF_STMT(BPF_LD | BPF_LEN, 0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0) },
        { A, BPF_STMT(BPF_ST, 4), BPF_STMT(BPF_LD | BPF_IMM, 3), BPF_STMT(BPF_LD | BPF_MEM, 4) },
        { BPF_STMT(BPF_LDX | BPF_IMM, 21), BPF_STMT(BPF_STX, 15), BPF_STMT(BPF_LD | BPF_MEM, 15), BPF_STMT(BPF_MISC | BPF_TAX, 0) },
#define WORD(at) { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at), X, X, BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff) }
        WORD(16), WORD(20), WORD(24), WORD(28), WORD(32), WORD(36), WORD(40), WORD(44), WORD(48), WORD(52), WORD(56), WORD(60), WORD(12),
    };
    unprivileged();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct sock_filter insns[9];
            memcpy(insns, start, sizeof start);
            memcpy(insns + 3, bodies[i], sizeof bodies[i]);
            insns[7] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
            insns[8] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
            if (install(0, insns, 9)) exit(9);
            errno = 0;
            long result = syscall(NOT_THERE, 0x12300000aaul, 0x23400000bbul, 0x34500000ccul, 0x45600000ddul, 0x56700000eeul, 0xfffffff0000000fful);
            printf("%zu: %ld %d\n", i, result, errno);
            exit(0);
        }
        check_wait("", child);
    }
}

static void actions(void)
{
    static const uint32_t values[] = {
        SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 511, SECCOMP_RET_ERRNO | 512, SECCOMP_RET_ERRNO | 513, SECCOMP_RET_ERRNO | 514,
        SECCOMP_RET_ERRNO | 516, SECCOMP_RET_ERRNO | 4095, SECCOMP_RET_ERRNO | 4096, SECCOMP_RET_ERRNO | 0xffff, SECCOMP_RET_TRAP, SECCOMP_RET_TRAP | 0x1234,
        SECCOMP_RET_TRACE | 5, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_LOG | 3, SECCOMP_RET_ALLOW | 4, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS | 1,
        0x00010000, 0x00040005, 0x7fff0000, 0x81234567,
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) CHILD(one_action(values[i]));
    SECTION("traps");
    CHILD(signal(SIGSYS, SIG_IGN); unprivileged(); install(0, FILTER(IF_CALL(NOT_THERE, SECCOMP_RET_TRAP), RETURN(SECCOMP_RET_ALLOW))); syscall(NOT_THERE));
    CHILD(signal(SIGSYS, SIG_DFL); unprivileged(); install(0, FILTER(IF_CALL(NOT_THERE, SECCOMP_RET_TRAP), RETURN(SECCOMP_RET_ALLOW))); syscall(NOT_THERE));
    CHILD(catch_traps(); sigset_t set; sigfillset(&set); sigprocmask(SIG_SETMASK, &set, NULL); unprivileged();
          install(0, FILTER(IF_CALL(NOT_THERE, SECCOMP_RET_TRAP), RETURN(SECCOMP_RET_ALLOW))); syscall(NOT_THERE));
    SECTION("precedence");
    precedence();
    SECTION("computed");
    computed();
}

/* -- strict mode --------------------------------------------------------------------------------------------------------- */
static void raw_exit(int status) { for (;;) syscall(SYS_exit, status); }

static volatile int go;
static void *leave_later(void *argument)
{
    while (!go) sched_yield();
    usleep(50000);
    return argument;
}

static void *getpid_and_die(void *argument)
{
    if (argument) syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
    syscall(SYS_getppid);
    return argument;
}

static void strict(void)
{
    CHILD(CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)); if (write(1, "still here\n", 11) == 11) raw_exit(5));
    CHILD(RAW(seccomp, SECCOMP_SET_MODE_STRICT, 0, 0L); char c; if (read(-1, &c, 1)) raw_exit(6));
    CHILD(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); syscall(SYS_getpid));
    CHILD(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); syscall(SYS_exit_group, 0));
    CHILD(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); syscall(NOT_THERE));
    CHILD(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); prctl(PR_GET_SECCOMP));
    CHILD(struct timespec t; prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); raw_exit(8));
    CHILD(pthread_t t; pthread_create(&t, NULL, getpid_and_die, (void *)&go); pthread_join(t, NULL); printf("the thread is gone\n"));
    CHILD(pthread_t t; pthread_create(&t, NULL, leave_later, NULL); go = 1; prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); syscall(SYS_getpid));
}

/* What the vDSO reads is no system call; what it has to ask for is. */
static void read_clocks(void)
{
    struct timespec time;
    struct timeval day;
    unprivileged();
    install(0, FILTER(IF_CALL(SYS_clock_gettime, SECCOMP_RET_KILL_PROCESS), IF_CALL(SYS_gettimeofday, SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)));
    for (int i = 0; i < 3000; i++) clock_gettime(i & 1 ? CLOCK_MONOTONIC : CLOCK_REALTIME, &time);
    usleep(3000);
    clock_gettime(CLOCK_BOOTTIME, &time), clock_gettime(CLOCK_REALTIME, &time), gettimeofday(&day, NULL);
    printf("clocks are read\n");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
}

/* -- threads ------------------------------------------------------------------------------------------------------------- */
static pthread_barrier_t barrier;
static int own_filter;

static void *watch(void *argument)
{
    long *results = argument;
    if (own_filter) install(0, FILTER(RETURN(SECCOMP_RET_ALLOW)));
    results[3] = syscall(SYS_gettid);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    errno = 0;
    results[0] = syscall(NOT_THERE) ? errno : 0;
    results[1] = prctl(PR_GET_SECCOMP);
    results[2] = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    return NULL;
}

static void synchronise(unsigned flags, int with_own, int privileges)
{
    long results[2][4];
    pthread_t threads[2];
    own_filter = with_own;
    pthread_barrier_init(&barrier, NULL, 3);
    if (privileges) unprivileged();
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, watch, results[i]);
    pthread_barrier_wait(&barrier);
    unprivileged();
    long result = install(flags, FILTER(IF_CALL(NOT_THERE, SECCOMP_RET_ERRNO | 42), RETURN(SECCOMP_RET_ALLOW)));
    printf("flags %x own %d: %s\n", flags, with_own, result < 0 ? check_error(errno) : result == 0 ? "0" : result == results[0][3] || result == results[1][3] ? "a thread" : "?");
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        printf("thread: %ld mode %ld no new privileges %ld\n", results[i][0], results[i][1], results[i][2]);
    }
    SHOW("main", prctl(PR_GET_SECCOMP));
}

static void threads(void)
{
    CHILD(synchronise(0, 0, 0));
    CHILD(synchronise(SECCOMP_FILTER_FLAG_TSYNC, 0, 0));
    CHILD(synchronise(SECCOMP_FILTER_FLAG_TSYNC, 1, 1));
    CHILD(synchronise(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, 1, 1));
    CHILD(install(0, FILTER(RETURN(SECCOMP_RET_LOG))); synchronise(SECCOMP_FILTER_FLAG_TSYNC, 0, 1));
    SECTION("killed threads");
    CHILD(unprivileged(); install(0, FILTER(IF_CALL(SYS_getppid, SECCOMP_RET_KILL_THREAD), RETURN(SECCOMP_RET_ALLOW)));
          pthread_t t; pthread_create(&t, NULL, getpid_and_die, NULL); pthread_join(t, NULL); printf("the thread is gone\n"));
    CHILD(unprivileged(); install(0, FILTER(IF_CALL(SYS_getppid, SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)));
          pthread_t t; pthread_create(&t, NULL, getpid_and_die, NULL); pthread_join(t, NULL); printf("not reached\n"));
    CHILD(unprivileged(); install(0, FILTER(IF_CALL(SYS_getppid, SECCOMP_RET_KILL_THREAD), RETURN(SECCOMP_RET_ALLOW)));
          pthread_t t; pthread_create(&t, NULL, leave_later, NULL); go = 1; syscall(SYS_getppid));
}

/* -- fork, exec and what one can see ------------------------------------------------------------------------------------- */
static void show_status(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "Seccomp", 7) == 0 || strncmp(line, "NoNewPrivs", 10) == 0) fputs(line, stdout);
    if (file) fclose(file);
}

static void inheritance(char *program)
{
    char *const again[] = { program, "again", NULL };
    show_status();
    CHILD(unprivileged(); install(0, FILTER(IF_CALL(NOT_THERE, SECCOMP_RET_ERRNO | 31), RETURN(SECCOMP_RET_ALLOW)));
          install(0, FILTER(IF_CALL(SYS_getppid, SECCOMP_RET_ERRNO | 32), RETURN(SECCOMP_RET_ALLOW))); show_status();
          CHILD(RAW(getppid)); execv("/proc/self/exe", again));
    CHILD(unprivileged(); install(0, FILTER(IF_CALL(SYS_execve, SECCOMP_RET_ERRNO | 33), RETURN(SECCOMP_RET_ALLOW))); CALL(execv("/proc/self/exe", again)));
    CHILD(unprivileged(); install(0, FILTER(IF_CALL(SYS_getppid, SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)));
          pid_t child = vfork(); if (child == 0) { execv("/proc/self/exe", again); _exit(9); } check_wait("vfork", child));
}

static int after_exec(void)
{
    printf("after exec\n");
    syscall(NOT_THERE) == -1 ? printf("errno %d\n", errno) : printf("no error\n");
    CALL(prctl(PR_GET_SECCOMP));
    show_status();
    RAW(getppid);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) return after_exec();
    SECTION("arguments");
    CHILD(arguments());
    SECTION("programs");
    CHILD(programs());
    SECTION("limits");
    CHILD(limits());
    SECTION("actions");
    actions();
    SECTION("strict mode");
    strict();
    SECTION("clocks");
    CHILD(read_clocks());
    SECTION("threads");
    threads();
    SECTION("inheritance");
    inheritance(argv[0]);
    return 0;
}
