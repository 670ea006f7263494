/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of System V's controls: which structure a command fills or reads, and in which order strace(1) shows it.
 */
#include "syscalls/strace_parts.h"
#include "syscalls/tables.generated.h"
#include <linux/msg.h>
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
