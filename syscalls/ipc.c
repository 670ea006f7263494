/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System V IPC: the control calls, whose last argument depends on the command, and attaching shared memory inside the guest's
 * address space.
 */
#include "syscalls/address_space.h"
#include "syscalls/convert.h"
#include "syscalls/proc.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#define PAGE_MASK 4095ull
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

struct control_command { int command; uint8_t direction; uint16_t structure; };

#define SAME_EVERYWHERE SYSCALL_NO_DETAIL      /* the pointer goes to the kernel */

static const struct control_command semaphore_commands[] = {
    { IPC_STAT, DIRECTION_OUT, STRUCT_SEMID_DS }, { SEM_STAT, DIRECTION_OUT, STRUCT_SEMID_DS },
    { SEM_STAT_ANY, DIRECTION_OUT, STRUCT_SEMID_DS }, { IPC_SET, DIRECTION_IN, STRUCT_SEMID_DS },
    { IPC_INFO, DIRECTION_OUT, STRUCT_SEMINFO }, { SEM_INFO, DIRECTION_OUT, STRUCT_SEMINFO },
    { 0, DIRECTION_NONE, SAME_EVERYWHERE },
};
static const struct control_command message_commands[] = {
    { IPC_STAT, DIRECTION_OUT, STRUCT_MSQID_DS }, { MSG_STAT, DIRECTION_OUT, STRUCT_MSQID_DS },
    { MSG_STAT_ANY, DIRECTION_OUT, STRUCT_MSQID_DS }, { IPC_SET, DIRECTION_IN, STRUCT_MSQID_DS },
    { 0, DIRECTION_NONE, SAME_EVERYWHERE },
};
static const struct control_command memory_commands[] = {
    { IPC_STAT, DIRECTION_OUT, STRUCT_SHMID_DS }, { SHM_STAT, DIRECTION_OUT, STRUCT_SHMID_DS },
    { SHM_STAT_ANY, DIRECTION_OUT, STRUCT_SHMID_DS }, { IPC_SET, DIRECTION_IN, STRUCT_SHMID_DS },
    { IPC_INFO, DIRECTION_OUT, STRUCT_SHMINFO },
    { 0, DIRECTION_NONE, SAME_EVERYWHERE },
};

/* calls with (id, [number,] command, argument): at says which argument the last one is. */
static int64_t control(struct thread *thread, long number, const struct control_command *table, const uint64_t *arguments, unsigned at)
{
    const struct control_command *c = table;
    while (c->direction != DIRECTION_NONE && c->command != (int)arguments[at - 1]) c++;
    struct argument_description a = { "argument", ARGUMENT_STRUCT, c->direction, LENGTH_ONE, false, 0, c->structure, 0, 0 };
    struct scratch scratch;
    uint64_t host[4] = { arguments[0], arguments[1], arguments[2], at == 3 ? arguments[3] : 0 };
    int64_t result = 0;
    scratch.used = scratch.mapping_count = 0;
    if (c->direction != DIRECTION_NONE) result = argument_to_host(thread, &a, arguments, arguments[at], &scratch, &host[at]);
    if (result < 0) return result;
    result = host_call(number, host[0], host[1], host[2], host[3], 0, 0);
    if (result >= 0 && c->direction != DIRECTION_NONE) {
        int64_t error = argument_to_guest(thread, &a, arguments, arguments[at], host[at], result);
        if (error) result = error;
    }
    scratch_free(&scratch);
    return result;
}

int64_t syscall_semctl(struct thread *thread, const uint64_t *arguments)
{
    return control(thread, SYS_semctl, semaphore_commands, arguments, 3);
}

int64_t syscall_msgctl(struct thread *thread, const uint64_t *arguments)
{
    return control(thread, SYS_msgctl, message_commands, arguments, 2);
}

int64_t syscall_shmctl(struct thread *thread, const uint64_t *arguments)
{
    return control(thread, SYS_shmctl, memory_commands, arguments, 2);
}

/* -- attaching ----------------------------------------------------------------------------------------------------------- */
static int64_t attach_address(guest_addr *address, uint64_t flags)
{
    if (!*address) return flags & SHM_REMAP ? -EINVAL : 0;
    if (flags & SHM_RND) *address &= ~PAGE_MASK;
    return *address & PAGE_MASK ? -EINVAL : 0;
}

int64_t syscall_shmat(struct thread *thread, const uint64_t *arguments)
{
    struct process *process = thread->process;
    struct shmid_ds segment;
    guest_addr address = arguments[1];
    uint64_t flags = arguments[2] & (SHM_RDONLY | SHM_RND | SHM_REMAP | SHM_EXEC);
    int protection = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    int64_t result = attach_address(&address, flags);
    if (result == 0) result = host_call(SYS_shmctl, arguments[0], IPC_STAT, (uintptr_t)&segment, 0, 0, 0);
    if (result < 0) return result;
    uint64_t size = (segment.shm_segsz + PAGE_MASK) & ~PAGE_MASK;
    if (address + size < address) return -EINVAL;
    /* Executable guest memory is never executable on the host. */
    int place = MAP_SHARED | MAP_ANONYMOUS | (!address ? 0 : flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE);
    int64_t at = address_space_attach(process, address, size, protection, place, (int)arguments[0]);
    return at == -EEXIST ? -EINVAL : at;
}

/* A part of the segment that was attached at address: what munmap and mremap may have left of it lies at its offset from there. */
static bool is_part(const struct host_mapping *m, uint64_t address)
{
    return m->shared && m->start >= address && m->offset == m->start - address && strncmp(m->path, "/SYSV", 5) == 0;
}

/* The first part found says which segment is meant; it need not start at address (ipc/shm.c, ksys_shmdt). */
int64_t syscall_shmdt(struct thread *thread, const uint64_t *arguments)
{
    struct process *process = thread->process;
    uint64_t address = (uintptr_t)guest_pointer(process, arguments[0]), inode = 0;
    struct host_maps maps;
    struct host_mapping m;
    int64_t result = -EINVAL;
    if ((address & PAGE_MASK) || !host_maps_open(&maps, 0, "maps")) return -EINVAL;
    while (host_maps_next(&maps, &m)) {
        if (!is_part(&m, address) || (result == 0 && m.inode != inode)) continue;
        inode = m.inode;
        result = address_space_unmap(process, arguments[0] + m.offset, m.end - m.start);
        if (result < 0) break;
    }
    host_maps_close(&maps);
    return result;
}
