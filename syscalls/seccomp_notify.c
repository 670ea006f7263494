/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SECCOMP_RET_USER_NOTIF. The listener is the host kernel's own, since it must work between processes: ferry gives its process a host
 * filter that notifies for a range of numbers that no host call has, and allows everything else. A guest call that is to be notified
 * becomes a host call in that range, with the guest's arguments and with guest number and architecture packed into its number; the
 * listener, under ferry too, unpacks it when it receives it.
 */
#include "syscalls/seccomp.h"
#include "syscalls/convert.h"
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* A notifying number: the range, little-endian, 64-bit, 12 bits of ELF machine, 12 bits of guest number. */
#define RANGE_LITTLE (1u << 25)
#define RANGE_WIDE (1u << 24)
#define PART_MASK 0xfffu
#define MACHINE_SHIFT 12

/* What a listener's "continue" becomes: the host would otherwise go on with a call that it does not have. */
#define CONTINUE_VALUE 0x66c6f77320696e73ll

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif
#define HOST_FLAGS (SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH \
                    | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

/* -- the host's filters -------------------------------------------------------------------------------------------------- */
static int64_t set_host_filter(struct sock_filter *insns, unsigned short count, uint64_t flags)
{
    struct sock_fprog program = { count, insns };
    return host_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (uintptr_t)&program, 0, 0, 0);
}

int64_t seccomp_listen(uint64_t flags)
{
    struct sock_filter insns[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SECCOMP_NOTIFY_MASK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_NOTIFY_RANGE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return set_host_filter(insns, sizeof insns / sizeof insns[0], flags & HOST_FLAGS);
}

/* One thread cannot set it for another; a filter for all threads brings it along. */
void seccomp_share_no_new_privileges(void)
{
    struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    set_host_filter(allow, 1, SECCOMP_FILTER_FLAG_TSYNC);
}

/* -- who is asked -------------------------------------------------------------------------------------------------------- */
bool seccomp_notify(struct thread *thread, unsigned number, const uint64_t *arguments, int64_t *result)
{
    const struct guest_isa *isa = thread->process->isa;
    uint32_t packed = SECCOMP_NOTIFY_RANGE | (isa->elf_data == ELFDATA2LSB ? RANGE_LITTLE : 0) | (isa->elf_class == ELFCLASS64 ? RANGE_WIDE : 0)
                      | (isa->elf_machine & PART_MASK) << MACHINE_SHIFT | (number & PART_MASK);
    if (number > PART_MASK || isa->elf_machine > PART_MASK) {
        *result = -errno_to_guest(thread->process->abi, ENOSYS);
        return false;
    }
    *result = host_call_blocking(thread, packed, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    if (*result == -EINTR && thread->signal_arrived) *result = SYSCALL_RESTART;
    return *result == CONTINUE_VALUE;
}

/* -- who answers --------------------------------------------------------------------------------------------------------- */
static void unpack(struct seccomp_notif *notification)
{
    struct seccomp_data *data = &notification->data;
    uint32_t packed = (uint32_t)data->nr;
    if ((packed & SECCOMP_NOTIFY_MASK) != SECCOMP_NOTIFY_RANGE) return;
    data->nr = (int)(packed & PART_MASK);
    data->arch = (packed >> MACHINE_SHIFT & PART_MASK) | (packed & RANGE_WIDE ? __AUDIT_ARCH_64BIT : 0) | (packed & RANGE_LITTLE ? __AUDIT_ARCH_LE : 0);
    data->instruction_pointer = 0;         /* the host's would be of no use */
}

/* The buffer is tried out first: a notification that cannot be handed over would be lost. */
static int64_t receive(struct thread *thread, uint64_t fd, guest_addr address)
{
    struct seccomp_notif notification;
    if (copy_from_guest(thread, &notification, address, sizeof notification) || copy_to_guest(thread, address, &notification, sizeof notification))
        return -EFAULT;
    int64_t result = host_call_blocking(thread, SYS_ioctl, fd, SECCOMP_IOCTL_NOTIF_RECV, (uintptr_t)&notification, 0, 0, 0);
    if (result == -EINTR) return SYSCALL_RESTART;
    if (result < 0) return result;
    unpack(&notification);
    return copy_to_guest(thread, address, &notification, sizeof notification);
}

static int64_t answer(struct thread *thread, uint64_t fd, guest_addr address)
{
    struct seccomp_notif_resp response;
    if (copy_from_guest(thread, &response, address, sizeof response)) return -EFAULT;
    if (response.flags == SECCOMP_USER_NOTIF_FLAG_CONTINUE && !response.error && !response.val) {
        response.flags = 0;
        response.val = CONTINUE_VALUE;
    }
    return host_call(SYS_ioctl, fd, SECCOMP_IOCTL_NOTIF_SEND, (uintptr_t)&response, 0, 0, 0);
}

bool seccomp_ioctl(struct thread *thread, const uint64_t *arguments, int64_t *result)
{
    switch ((uint32_t)arguments[1]) {
    case SECCOMP_IOCTL_NOTIF_RECV: *result = receive(thread, arguments[0], arguments[2]); return true;
    case SECCOMP_IOCTL_NOTIF_SEND: *result = answer(thread, arguments[0], arguments[2]); return true;
    default: return false;
    }
}
