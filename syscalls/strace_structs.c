/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of structures whose members mean different things by what others say: siginfo, sigaction, sigevent, a wait status.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* -- signals --------------------------------------------------------------------------------------------------------------- */
#define FIRST_REAL_TIME 32

void strace_print_signal(struct text *t, const struct abi *abi, uint64_t signal)
{
    if ((int)signal == FIRST_REAL_TIME) text_print(t, "SIGRTMIN");
    else if ((int)signal > FIRST_REAL_TIME && (int)signal <= GUEST_SIGNALS) text_print(t, "SIGRT_%d", (int)signal - FIRST_REAL_TIME);
    else strace_print_enum(t, &abi->constants[ENUM_SIGNAL], signal);
}

void strace_print_signals(struct text *t, const struct abi *abi, uint64_t set)
{
    bool inverted = __builtin_popcountll(set) > 32;
    if (inverted) set = ~set;
    text_print(t, inverted ? "~[" : "[");
    for (unsigned signal = 1, any = 0; signal <= GUEST_SIGNALS; signal++) {
        if (!(set >> (signal - 1) & 1)) continue;
        if (any++) text_print(t, " ");
        if (signal < FIRST_REAL_TIME) text_print(t, "%s", abi->constants[ENUM_SIGNAL].values[signal - 1].name + 3);
        else if (signal == FIRST_REAL_TIME) text_print(t, "RTMIN");
        else text_print(t, "RT_%u", signal - FIRST_REAL_TIME);
    }
    text_print(t, "]");
}

/* Why a signal came: what the kernel says of this one, else of any. */
static const struct { int signal; uint16_t codes; } code_sets[] = {
    { SIGILL, ENUM_CODE_ILL }, { SIGFPE, ENUM_CODE_FPE }, { SIGSEGV, ENUM_CODE_SEGV }, { SIGBUS, ENUM_CODE_BUS }, { SIGTRAP, ENUM_CODE_TRAP },
    { SIGCHLD, ENUM_CODE_CHLD }, { SIGPOLL, ENUM_CODE_POLL }, { SIGSYS, ENUM_CODE_SYS },
};

static void print_code(struct text *t, const struct abi *abi, int signal, int code)
{
    uint16_t set = ENUM_CODE;
    for (size_t i = 0; i < sizeof code_sets / sizeof code_sets[0]; i++)
        if (code_sets[i].signal == signal && code > 0 && code < SI_KERNEL) set = code_sets[i].codes;
    strace_print_enum(t, &abi->constants[set], (uint32_t)code);
}

static void print_value(struct text *t, const char *name, int integer, uint64_t pointer)
{
    text_print(t, "%s={sival_int=%d, sival_ptr=", name, integer);
    strace_print_address(t, pointer);
    text_print(t, "}");
}

static void print_sender(struct text *t, const siginfo_t *info)
{
    text_print(t, ", si_pid=%d, si_uid=%u", (int)info->si_pid, (unsigned)info->si_uid);
}

static void print_from_user(struct text *t, const siginfo_t *info)
{
    if (info->si_code == SI_TIMER) text_print(t, ", si_timerid=%#x, si_overrun=%d", (unsigned)info->si_timerid, info->si_overrun);
    else print_sender(t, info);
    if (info->si_code == SI_USER || info->si_code == SI_TKILL || (info->si_code != SI_TIMER && !info->si_ptr)) return;
    print_value(t, ", si_value", info->si_int, (uintptr_t)info->si_ptr);
}

static void print_child(struct text *t, const struct abi *abi, const siginfo_t *info)
{
    print_sender(t, info);
    text_print(t, ", si_status=");
    if (info->si_code == CLD_EXITED) text_print(t, "%d", info->si_status);
    else strace_print_signal(t, abi, (unsigned)info->si_status);
    text_print(t, ", si_utime=%lld, si_stime=%lld", (long long)info->si_utime, (long long)info->si_stime);
}

static void print_from_kernel(struct text *t, const struct abi *abi, const siginfo_t *info)
{
    switch (info->si_signo) {
    case SIGCHLD: print_child(t, abi, info); break;
    case SIGILL: case SIGFPE: case SIGSEGV: case SIGBUS:
        text_print(t, ", si_addr=");
        strace_print_address(t, (uintptr_t)info->si_addr);
        break;
    case SIGPOLL:
        text_print(t, ", si_band=%ld", (long)info->si_band);
        break;
    case SIGSYS:
        text_print(t, ", si_call_addr=");
        strace_print_address(t, (uintptr_t)info->si_call_addr);
        text_print(t, ", si_syscall=%d, si_arch=%#x", info->si_syscall, info->si_arch);
        break;
    default:
        if (info->si_pid || info->si_uid) print_sender(t, info);
        if (info->si_ptr) print_value(t, ", si_value", info->si_int, (uintptr_t)info->si_ptr);
    }
}

void strace_print_siginfo(struct text *t, const struct abi *abi, const siginfo_t *info)
{
    text_print(t, "{");
    if (info->si_signo || info->si_code || info->si_errno) {
        text_print(t, "si_signo=");
        strace_print_signal(t, abi, (unsigned)info->si_signo);
        text_print(t, ", si_code=");
        print_code(t, abi, info->si_signo, info->si_code);
        if (info->si_errno) {
            text_print(t, ", si_errno=");
            strace_print_enum(t, &abi->constants[ENUM_ERRNO], (unsigned)info->si_errno);
        }
        if (info->si_code <= 0) print_from_user(t, info);
        else print_from_kernel(t, abi, info);
    }
    text_print(t, "}");
}

static void print_siginfo_image(struct text *t, const struct abi *abi, const uint8_t *data)
{
    siginfo_t info;
    memcpy(&info, data, sizeof info);
    strace_print_siginfo(t, abi, &info);
}

/* -- what is done about them ------------------------------------------------------------------------------------------------ */
static uint64_t field(const struct abi *abi, unsigned structure, unsigned index, const uint8_t *data)
{
    const struct field_layout *f = &abi->structs[structure].fields[index];
    return guest_load(abi, data + f->offset, f->size, f->kind == FIELD_SIGNED);
}

enum { ACTION_HANDLER, ACTION_FLAGS, ACTION_RESTORER, ACTION_MASK };   /* in structs.desc's order */

static void print_action(struct text *t, const struct abi *abi, const uint8_t *data)
{
    uint64_t handler = field(abi, STRUCT_SIGACTION, ACTION_HANDLER, data), flags = field(abi, STRUCT_SIGACTION, ACTION_FLAGS, data);
    text_print(t, "{sa_handler=");
    if (handler <= 1) text_print(t, handler ? "SIG_IGN" : "SIG_DFL");
    else strace_print_address(t, handler);
    text_print(t, ", sa_mask=");
    strace_print_signals(t, abi, field(abi, STRUCT_SIGACTION, ACTION_MASK, data));
    text_print(t, ", sa_flags=");
    strace_print_flags(t, &abi->constants[FLAGS_SIGACTION], flags);
    if (flags & 0x4000000 /* SA_RESTORER */) {
        text_print(t, ", sa_restorer=");
        strace_print_address(t, field(abi, STRUCT_SIGACTION, ACTION_RESTORER, data));
    }
    text_print(t, "}");
}

enum { EVENT_VALUE, EVENT_SIGNAL, EVENT_NOTIFY, EVENT_THREAD };

static void print_event(struct text *t, const struct abi *abi, const uint8_t *data)
{
    uint64_t value = field(abi, STRUCT_SIGEVENT, EVENT_VALUE, data), notify = field(abi, STRUCT_SIGEVENT, EVENT_NOTIFY, data);
    print_value(t, "{sigev_value", (int)value, value);
    text_print(t, ", sigev_signo=");
    strace_print_signal(t, abi, field(abi, STRUCT_SIGEVENT, EVENT_SIGNAL, data));
    text_print(t, ", sigev_notify=");
    strace_print_enum(t, &abi->constants[ENUM_SIGEV_NOTIFY], notify);
    if (notify == 4 /* SIGEV_THREAD_ID */) text_print(t, ", sigev_notify_thread_id=%d", (int)field(abi, STRUCT_SIGEVENT, EVENT_THREAD, data));
    text_print(t, "}");
}

/* -- how a child ended ------------------------------------------------------------------------------------------------------ */
static void print_wait_status(struct text *t, const struct abi *abi, const uint8_t *data)
{
    int status = (int)guest_load(abi, data, 4, true);
    if (WIFEXITED(status)) {
        text_print(t, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(status));
    } else if (WIFSTOPPED(status)) {
        text_print(t, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
        strace_print_signal(t, abi, (unsigned)WSTOPSIG(status));
        text_print(t, "}]");
    } else if (WIFCONTINUED(status)) {
        text_print(t, "[{WIFCONTINUED(s)}]");
    } else {
        text_print(t, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
        strace_print_signal(t, abi, (unsigned)WTERMSIG(status));
        text_print(t, WCOREDUMP(status) ? " && WCOREDUMP(s)}]" : "}]");
    }
}

/* -- all of them ------------------------------------------------------------------------------------------------------------ */
static void print_pollfd(struct text *t, const struct abi *abi, const uint8_t *data)
{
    text_print(t, "{fd=%d, events=", (int)field(abi, STRUCT_POLLFD, 0, data));
    strace_print_flags(t, &abi->constants[FLAGS_POLL], (uint16_t)field(abi, STRUCT_POLLFD, 1, data));
    text_print(t, "}");
}

enum { HOW_FLAGS, HOW_MODE, HOW_RESOLVE };

static void print_open_how(struct text *t, const struct abi *abi, const uint8_t *data)
{
    uint64_t mode = field(abi, STRUCT_OPEN_HOW, HOW_MODE, data);
    text_print(t, "{flags=");
    strace_print_flags(t, &abi->constants[FLAGS_OPEN], field(abi, STRUCT_OPEN_HOW, HOW_FLAGS, data));
    if (mode) text_print(t, ", mode=%#03llo", (unsigned long long)mode);
    text_print(t, ", resolve=");
    strace_print_flags(t, &abi->constants[FLAGS_RESOLVE], field(abi, STRUCT_OPEN_HOW, HOW_RESOLVE, data));
    text_print(t, "}");
}

static const struct { uint16_t structure; void (*print)(struct text *t, const struct abi *abi, const uint8_t *data); } printers[] = {
    { STRUCT_SIGINFO, print_siginfo_image }, { STRUCT_SIGACTION, print_action }, { STRUCT_SIGEVENT, print_event },
    { STRUCT_WAIT_STATUS, print_wait_status }, { STRUCT_POLLFD, print_pollfd },
    { STRUCT_OPEN_HOW, print_open_how }, { STRUCT_TERMIOS, strace_print_termios }, { STRUCT_TERMIOS2, strace_print_termios },
    { STRUCT_TERMIO, strace_print_termio },
};

bool strace_print_known_struct(struct text *t, const struct abi *abi, unsigned structure, const uint8_t *data)
{
    for (size_t i = 0; i < sizeof printers / sizeof printers[0]; i++) {
        if (printers[i].structure != structure) continue;
        printers[i].print(t, abi, data);
        return true;
    }
    return false;
}
