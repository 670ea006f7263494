/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of controls whose command says what their last argument is: System V's, with the order in which strace(1) shows its structures,
 * and quotactl.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/tables.generated.h"
#include <linux/dqblk_xfs.h>
#include <linux/msg.h>
#include <linux/quota.h>
#include <linux/sem.h>
#include <linux/shm.h>

static const struct { uint16_t call, command, structure; uint8_t direction; } controls[] = {
    { CALL_ID_MSGCTL, IPC_STAT, STRUCT_MSQID_DS, DIRECTION_OUT }, { CALL_ID_MSGCTL, MSG_STAT, STRUCT_MSQID_DS, DIRECTION_OUT },
    { CALL_ID_MSGCTL, MSG_STAT_ANY, STRUCT_MSQID_DS, DIRECTION_OUT }, { CALL_ID_MSGCTL, IPC_SET, STRUCT_MSQID_DS_SET, DIRECTION_IN },
    { CALL_ID_MSGCTL, IPC_INFO, STRUCT_MSGINFO, DIRECTION_OUT }, { CALL_ID_MSGCTL, MSG_INFO, STRUCT_MSGINFO, DIRECTION_OUT },
    { CALL_ID_SHMCTL, IPC_STAT, STRUCT_SHMID_DS, DIRECTION_OUT }, { CALL_ID_SHMCTL, SHM_STAT, STRUCT_SHMID_DS, DIRECTION_OUT },
    { CALL_ID_SHMCTL, SHM_STAT_ANY, STRUCT_SHMID_DS, DIRECTION_OUT }, { CALL_ID_SHMCTL, IPC_SET, STRUCT_SHMID_DS_SET, DIRECTION_IN },
    { CALL_ID_SHMCTL, IPC_INFO, STRUCT_SHMINFO, DIRECTION_OUT }, { CALL_ID_SHMCTL, SHM_INFO, STRUCT_SHM_INFO, DIRECTION_OUT },
    { CALL_ID_SEMCTL, IPC_STAT, STRUCT_SEMID_DS, DIRECTION_OUT }, { CALL_ID_SEMCTL, SEM_STAT, STRUCT_SEMID_DS, DIRECTION_OUT },
    { CALL_ID_SEMCTL, SEM_STAT_ANY, STRUCT_SEMID_DS, DIRECTION_OUT }, { CALL_ID_SEMCTL, IPC_SET, STRUCT_SEMID_DS_SET, DIRECTION_IN },
    { CALL_ID_SEMCTL, IPC_INFO, STRUCT_SEMINFO, DIRECTION_OUT }, { CALL_ID_SEMCTL, SEM_INFO, STRUCT_SEMINFO, DIRECTION_OUT },
};

bool strace_ipc_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description)
{
    if (argument == 0 || argument != call->argument_count - 1u) return false;
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        if (call != &call_table[controls[i].call] || controls[i].command != (unsigned)values[argument - 1]) continue;
        *description = call->arguments[argument];
        description->kind = ARGUMENT_STRUCT;
        description->detail = controls[i].structure;
        description->direction = controls[i].direction;
        description->length_kind = LENGTH_ONE;
        return true;
    }
    return false;
}

/* Members by number. */
static const struct { uint16_t structure; uint8_t count, members[8]; } orders[] = {
    { STRUCT_IPC_PERM, 6, { 1, 2, 5, 0, 3, 4 } },              /* uid, gid, mode, key, cuid, cgid */
    { STRUCT_SHMID_DS, 8, { 0, 1, 5, 6, 7, 2, 3, 4 } },        /* dates come last */
};

bool strace_print_ordered_struct(struct text *t, struct thread *thread, unsigned structure, const uint8_t *data)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i].structure != structure) continue;
        text_print(t, "{");
        strace_print_members(t, thread, structure, data, orders[i].members, orders[i].count);
        text_print(t, "}");
        return true;
    }
    return false;
}

/* -- quotactl -------------------------------------------------------------------------------------------------------------- */
/* has_id: the argument before the last one counts; kind 0: the last one does not. */
static const struct quota_command { uint32_t command; bool has_id; uint8_t kind, direction; uint16_t detail; } quota_commands[] = {
    { Q_SYNC, false, 0, 0, 0 }, { Q_QUOTAON, true, ARGUMENT_PATH, DIRECTION_IN, SYSCALL_NO_DETAIL }, { Q_QUOTAOFF, false, 0, 0, 0 },
    { Q_GETFMT, false, ARGUMENT_INTEGER, DIRECTION_OUT, INTEGER_U32 }, { Q_GETINFO, false, ARGUMENT_STRUCT, DIRECTION_OUT, STRUCT_IF_DQINFO },
    { Q_SETINFO, false, ARGUMENT_STRUCT, DIRECTION_IN, STRUCT_IF_DQINFO }, { Q_GETQUOTA, true, ARGUMENT_STRUCT, DIRECTION_OUT, STRUCT_IF_DQBLK },
    { Q_SETQUOTA, true, ARGUMENT_STRUCT, DIRECTION_IN, STRUCT_IF_DQBLK }, { Q_XQUOTAON, false, ARGUMENT_INTEGER, DIRECTION_IN, INTEGER_U32 },
    { Q_XQUOTAOFF, false, ARGUMENT_INTEGER, DIRECTION_IN, INTEGER_U32 }, { Q_XQUOTARM, false, ARGUMENT_INTEGER, DIRECTION_IN, INTEGER_U32 },
    { Q_XGETQUOTA, true, ARGUMENT_STRUCT, DIRECTION_OUT, STRUCT_FS_DISK_QUOTA }, { Q_XGETNEXTQUOTA, true, ARGUMENT_STRUCT, DIRECTION_OUT, STRUCT_FS_DISK_QUOTA },
    { Q_XSETQLIM, true, ARGUMENT_STRUCT, DIRECTION_IN, STRUCT_FS_DISK_QUOTA }, { Q_XQUOTASYNC, false, 0, 0, 0 },
    { Q_XGETQSTAT, false, ARGUMENT_POINTER, DIRECTION_NONE, SYSCALL_NO_DETAIL }, { Q_XGETQSTATV, false, ARGUMENT_POINTER, DIRECTION_NONE, SYSCALL_NO_DETAIL },
};

static bool is_quota(const struct call_description *call)
{
    return call == &call_table[CALL_ID_QUOTACTL] || call == &call_table[CALL_ID_QUOTACTL_FD];
}

/* Where the command stands. */
static unsigned command_argument(const struct call_description *call) { return call == &call_table[CALL_ID_QUOTACTL_FD]; }

static const struct quota_command *find_quota(const struct call_description *call, const uint64_t *values)
{
    if (!is_quota(call)) return NULL;
    uint32_t command = (uint32_t)values[command_argument(call)] >> SUBCMDSHIFT;
    for (size_t i = 0; i < sizeof quota_commands / sizeof quota_commands[0]; i++)
        if (quota_commands[i].command == command) return &quota_commands[i];
    return NULL;
}

bool strace_quota_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values)
{
    const struct quota_command *command = find_quota(call, values);
    return command && ((argument == call->argument_count - 2u && !command->has_id) || (argument == call->argument_count - 1u && !command->kind));
}

bool strace_quota_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description)
{
    const struct quota_command *command = find_quota(call, values);
    if (!command || argument + 2u < call->argument_count || argument == command_argument(call)) return false;
    *description = call->arguments[argument];
    if (argument == call->argument_count - 2u) {
        if (command->command != Q_QUOTAON) return false;
        description->kind = ARGUMENT_ENUM;
        description->detail = ENUM_QUOTA_FORMAT;
        return true;
    }
    description->kind = command->kind;
    description->direction = command->direction;
    description->detail = command->detail;
    description->length_kind = LENGTH_ONE;
    return true;
}

bool strace_print_quota_command(struct text *t, const struct abi *abi, const struct call_description *call, unsigned argument, const uint64_t *values)
{
    if (!is_quota(call) || argument != command_argument(call)) return false;
    text_print(t, "QCMD(");
    strace_print_enum(t, &abi->constants[ENUM_QUOTA], (uint32_t)values[argument] >> SUBCMDSHIFT);
    text_print(t, ", ");
    strace_print_enum(t, &abi->constants[ENUM_QUOTA_TYPE], values[argument] & SUBCMDMASK);
    text_print(t, ")");
    return true;
}
