/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What fcntl's last argument and its result are, by command, for --strace (fcntl(2)).
 */
#include "syscalls/strace.h"
#include "syscalls/strace_parts.h"
#include "syscalls/tables.generated.h"
#include <fcntl.h>

#define NO SYSCALL_NO_DETAIL
#define NOTHING ARGUMENT_POINTER               /* the command takes no argument */

static const struct fcntl_command commands[] = {
    { F_DUPFD, ARGUMENT_INT, NO, NO, false }, { F_DUPFD_CLOEXEC, ARGUMENT_INT, NO, NO, false },
    { F_GETFD, NOTHING, NO, FLAGS_FD, false }, { F_SETFD, ARGUMENT_FLAGS, FLAGS_FD, NO, false },
    { F_GETFL, NOTHING, NO, FLAGS_OPEN, false }, { F_SETFL, ARGUMENT_FLAGS, FLAGS_OPEN, NO, false },
    { F_GETLK, ARGUMENT_STRUCT, STRUCT_FLOCK, NO, true }, { F_SETLK, ARGUMENT_STRUCT, STRUCT_FLOCK_SET, NO, false }, { F_SETLKW, ARGUMENT_STRUCT, STRUCT_FLOCK_SET, NO, false },
    { F_OFD_GETLK, ARGUMENT_STRUCT, STRUCT_FLOCK, NO, true }, { F_OFD_SETLK, ARGUMENT_STRUCT, STRUCT_FLOCK_SET, NO, false },
    { F_OFD_SETLKW, ARGUMENT_STRUCT, STRUCT_FLOCK_SET, NO, false },
    { F_GETOWN, NOTHING, NO, NO, false }, { F_GETOWN_EX, ARGUMENT_STRUCT, STRUCT_F_OWNER_EX, NO, true }, { F_SETOWN_EX, ARGUMENT_STRUCT, STRUCT_F_OWNER_EX, NO, false },
    { F_SETOWN, ARGUMENT_INT, NO, NO, false }, { F_GETSIG, NOTHING, NO, NO, false }, { F_SETSIG, ARGUMENT_SIGNAL, NO, NO, false },
    { F_GETLEASE, NOTHING, NO, ENUM_LOCK_TYPE, false }, { F_SETLEASE, ARGUMENT_ENUM, ENUM_LOCK_TYPE, NO, false },
    { F_NOTIFY, ARGUMENT_FLAGS, FLAGS_DIRECTORY_CHANGE, NO, false }, { F_GETPIPE_SZ, NOTHING, NO, NO, false }, { F_SETPIPE_SZ, ARGUMENT_INT, NO, NO, false },
    { F_GET_SEALS, NOTHING, NO, FLAGS_SEALS, false }, { F_ADD_SEALS, ARGUMENT_FLAGS, FLAGS_SEALS, NO, false },
};
static const struct fcntl_command unknown = { -1, ARGUMENT_HEX, NO, NO, false };

/* What a result that is not 0, or has a name for 0, is made of. */
bool strace_fcntl_print_result(struct text *t, const struct abi *abi, uint64_t command, uint64_t result)
{
    unsigned set = strace_fcntl_find(abi, command)->result;
    if (set == NO) return false;
    text_print(t, result ? " = 0x%llx" : " = 0", (unsigned long long)result);
    if (!result && set != FLAGS_OPEN && set != ENUM_LOCK_TYPE) return true;
    text_print(t, set == ENUM_LOCK_TYPE ? " (" : set == FLAGS_SEALS ? " (seals " : " (flags ");
    if (set == ENUM_LOCK_TYPE) strace_print_enum(t, &abi->constants[set], result);
    else strace_print_flags(t, &abi->constants[set], result);
    text_print(t, ")");
    return true;
}

const struct fcntl_command *strace_fcntl_find(const struct abi *abi, uint64_t command)
{
    int host = (int)constant_to_host(abi, ENUM_FCNTL, (uint32_t)command);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].command == host) return &commands[i];
    return &unknown;
}
