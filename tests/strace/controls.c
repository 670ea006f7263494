/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls with a command that says what their argument is: System V's controls, quotactl, bpf, perf_event_open, owners of descriptors. Their
 * lines are compared with strace(1)'s.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/dqblk_xfs.h>
#include <linux/quota.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)
#define CONTROL(command, type) ((unsigned)(command) << SUBCMDSHIFT | (type))

static char buffer[4096];

static void control_queues(void)
{
    static const int commands[] = { IPC_STAT, IPC_SET, IPC_INFO, MSG_INFO, 99 };
    int queue = CALL(SYS_msgget, IPC_PRIVATE, 0600 | IPC_CREAT);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) CALL(SYS_msgctl, queue, commands[i], buffer);
    CALL(SYS_msgctl, queue, IPC_STAT, NULL);
    CALL(SYS_msgctl, queue, IPC_STAT, 16L);
    CALL(SYS_msgctl, queue, IPC_SET, 16L);
    CALL(SYS_msgctl, -1, IPC_STAT, buffer);
    CALL(SYS_msgctl, -1, MSG_STAT, buffer);
    CALL(SYS_msgctl, -1, 13 /* MSG_STAT_ANY */, buffer);
    CALL(SYS_msgctl, queue, IPC_RMID, NULL);
}

static void control_memory(void)
{
    static const int commands[] = { IPC_STAT, IPC_SET, IPC_INFO, SHM_INFO, SHM_LOCK, SHM_UNLOCK };
    int memory = CALL(SYS_shmget, IPC_PRIVATE, 8192, 0640 | IPC_CREAT);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) CALL(SYS_shmctl, memory, commands[i], buffer);
    CALL(SYS_shmctl, memory, IPC_SET, NULL);
    CALL(SYS_shmctl, -1, IPC_STAT, buffer);
    CALL(SYS_shmctl, -1, SHM_STAT, buffer);
    CALL(SYS_shmctl, -1, 15 /* SHM_STAT_ANY */, buffer);
    CALL(SYS_shmctl, memory, IPC_RMID, 5L);
}

static void control_semaphores(void)
{
    static const int commands[] = { IPC_STAT, IPC_SET, IPC_INFO, SEM_INFO };
    unsigned short values[3] = { 1, 2, 3 };
    int set = CALL(SYS_semget, IPC_PRIVATE, 3, 0604 | IPC_CREAT);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) CALL(SYS_semctl, set, 0, commands[i], buffer);
    CALL(SYS_semctl, set, 0, SETALL, values);
    CALL(SYS_semctl, set, 1, SETVAL, 7L);
    CALL(SYS_semctl, set, 0, GETALL, values);
    CALL(SYS_semctl, set, 1, GETVAL, NULL);
    CALL(SYS_semctl, set, 1, GETNCNT, NULL);
    CALL(SYS_semctl, set, 0, 99, 5L);
    CALL(SYS_semctl, -1, 0, SEM_STAT, buffer);
    CALL(SYS_semctl, set, 0, IPC_RMID, NULL);
}

static void control_quotas(void)
{
    static const unsigned commands[] = {
        CONTROL(Q_QUOTAOFF, GRPQUOTA), CONTROL(Q_GETQUOTA, USRQUOTA), CONTROL(Q_SETQUOTA, USRQUOTA), CONTROL(Q_GETINFO, PRJQUOTA),
        CONTROL(Q_SETINFO, USRQUOTA), CONTROL(Q_GETFMT, USRQUOTA), CONTROL(Q_XQUOTAON, USRQUOTA), CONTROL(Q_XQUOTAOFF, USRQUOTA),
        CONTROL(Q_XGETQUOTA, USRQUOTA), CONTROL(Q_XSETQLIM, GRPQUOTA), CONTROL(Q_XGETQSTAT, USRQUOTA), CONTROL(Q_XQUOTASYNC, USRQUOTA), 0x1234567,
    };
    memset(buffer, 0, sizeof buffer);
    CALL(SYS_quotactl, CONTROL(Q_QUOTAON, USRQUOTA), "/dev/none", 2, "/nofile");
    CALL(SYS_quotactl, CONTROL(Q_SYNC, USRQUOTA), NULL, 0, NULL);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) CALL(SYS_quotactl, commands[i], "/dev/none", 5, buffer);
    CALL(SYS_quotactl, CONTROL(Q_SETQUOTA, USRQUOTA), "/dev/none", -1, NULL);
    CALL(443 /* quotactl_fd */, -1, CONTROL(Q_GETINFO, USRQUOTA), 5, buffer);
}

/* -- attributes ------------------------------------------------------------------------------------------------------------- */
static void program(void)
{
    static const int commands[] = {
        BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_PROG_LOAD, BPF_OBJ_PIN, BPF_OBJ_GET, BPF_PROG_ATTACH,
        BPF_PROG_DETACH, BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_QUERY, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD,
        BPF_BTF_GET_FD_BY_ID, BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_MAP_FREEZE, BPF_ENABLE_STATS, 99,
    };
    union bpf_attr attributes;
    unsigned char image[256] = { 0 };
    memset(&attributes, 0, sizeof attributes);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) CALL(SYS_bpf, commands[i], &attributes, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_HASH;
    attributes.key_size = 4;
    attributes.value_size = 8;
    attributes.map_flags = BPF_F_NO_PREALLOC;
    strcpy(attributes.map_name, "a name");
    memcpy(image, &attributes, sizeof attributes);
    for (unsigned size = 16; size <= 28; size += 4) CALL(SYS_bpf, BPF_MAP_CREATE, image, size);
    CALL(SYS_bpf, BPF_MAP_CREATE, image, sizeof image);
    image[sizeof image - 1] = 1;
    CALL(SYS_bpf, BPF_MAP_CREATE, image, sizeof image);
    CALL(SYS_bpf, BPF_MAP_CREATE, NULL, 20);
    CALL(SYS_bpf, BPF_MAP_CREATE, 16L, 20);
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.license = (unsigned long)"none";
    attributes.kern_version = 0x60102;
    attributes.prog_flags = BPF_F_STRICT_ALIGNMENT;
    strcpy(attributes.prog_name, "program");
    CALL(SYS_bpf, BPF_PROG_LOAD, &attributes, 48);
    CALL(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    memset(&attributes, 0, sizeof attributes);
    attributes.pathname = (unsigned long)"/no/such/place";
    attributes.bpf_fd = -1;
    CALL(SYS_bpf, BPF_OBJ_PIN, &attributes, 16);
}

static void measure(void)
{
    static const unsigned sizes[] = { 64, 128, 5 };
    struct perf_event_attr event = { .size = sizeof event };
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        event.size = sizes[i];
        CALL(SYS_perf_event_open, &event, 0, -1, -1, 1L << 40);
    }
    event.size = 64;
    for (unsigned type = 0; type < 7; type++)
        for (unsigned i = 0; i < 3; i++) {
            event.type = type;
            event.config = i == 0 ? 3 : i == 1 ? 0x10203 : 0x1000;
            CALL(SYS_perf_event_open, &event, 0, -1, -1, 1L << 40);
        }
    event.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID;
    event.read_format = PERF_FORMAT_ID;
    memset((char *)&event + 40, 0xff, 8);
    CALL(SYS_perf_event_open, &event, 0, -1, -1, 1L << 40);
    event.sample_type = event.read_format = ~0ull;
    CALL(SYS_perf_event_open, &event, 0, -1, -1, 1L << 40);
    CALL(SYS_perf_event_open, NULL, 0, -1, -1, 0);
    CALL(SYS_perf_event_open, 16L, 0, -1, -1, 0);
}

static void own(int pid)
{
    struct f_owner_ex owner;
    int ends[2];
    if (pipe(ends)) return;
    for (int type = 0; type < 4; type++) {
        owner.type = type;
        owner.pid = type == F_OWNER_PGRP ? 0 : pid;
        CALL(SYS_fcntl, ends[0], F_SETOWN_EX, &owner);
        CALL(SYS_fcntl, ends[0], F_GETOWN_EX, &owner);
    }
    CALL(SYS_fcntl, -1, F_GETOWN_EX, &owner);
    CALL(SYS_fcntl, -1, F_SETOWN_EX, &owner);
    CALL(SYS_fcntl, ends[0], F_GETOWN_EX, NULL);
}

int main(void)
{
    int pid = CALL(SYS_getpid);
    control_queues();
    control_memory();
    control_semaphores();
    control_quotas();
    program();
    measure();
    own(pid);
    CALL(SYS_getpid);
    return 0;
}
