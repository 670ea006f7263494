/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * prctl options about the address space, and landlock. The host kernel knows the guest's layout (usermode/load.c), so most of PR_SET_MM goes to
 * it; what it has as the break is ferry's own. PR_SET_MDWE on the host would forbid translated code.
 */
#include "syscalls/process_control.h"

#include "syscalls/address_space.h"
#include "syscalls/convert.h"
#include "syscalls/memory_limits.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

bool process_has_capability(int capability)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];
    int64_t result = host_call(SYS_capget, (uintptr_t)&header, (uintptr_t)data, 0, 0, 0, 0);
    return result == 0 && (data[capability / 32].effective >> capability % 32 & 1);
}

int64_t control_tid_address(struct thread *thread, const uint64_t *arguments)
{
    uint8_t image[8];
    unsigned word = thread->process->abi->word_bytes;
    guest_store(thread->process->abi, image, word, thread->clear_child_tid);
    return copy_to_guest(thread, arguments[1], image, word);
}

/* -- no new executable memory (kernel/sys.c, prctl_set_mdwe) --------------------------------------------------------------- */
int64_t control_set_memory_deny(struct thread *thread, const uint64_t *arguments)
{
    struct process *process = thread->process;
    uint64_t bits = arguments[1];
    if (arguments[2] || arguments[3] || arguments[4] || (bits & ~(uint64_t)(MEMORY_DENY_GAIN | MEMORY_DENY_NO_INHERIT))) return -EINVAL;
    if (bits == MEMORY_DENY_NO_INHERIT) return -EINVAL;
    if (process->memory_deny && process->memory_deny != bits) return -EPERM;
    process->memory_deny = (unsigned)bits;
    return 0;
}

int64_t control_get_memory_deny(struct thread *thread, const uint64_t *arguments)
{
    return arguments[1] || arguments[2] || arguments[3] || arguments[4] ? -EINVAL : (int64_t)thread->process->memory_deny;
}

/* -- what the kernel knows of the layout ----------------------------------------------------------------------------------- */
static int64_t to_kernel(uint64_t option, uint64_t address, uint64_t size)
{
    return host_call(SYS_prctl, PR_SET_MM, option, address, size, 0, 0);
}

/* All at once. The break's part is the guest's, which the kernel must not be told. */
static int64_t set_whole_map(struct thread *thread, guest_addr address, uint64_t size)
{
    struct process *process = thread->process;
    struct prctl_mm_map map;
    if (size != sizeof map) return -EINVAL;
    if (copy_from_guest(thread, &map, address, sizeof map)) return -EFAULT;
    guest_addr start = map.start_brk, end = map.brk;
    if (start > end || !start || end >= ADDRESS_SPACE_STACK_TOP) return -EINVAL;
    map.start_brk = map.brk = (uint64_t)host_call(SYS_brk, 0, 0, 0, 0, 0, 0);
    int64_t result = to_kernel(PR_SET_MM_MAP, (uintptr_t)&map, sizeof map);
    if (result == 0) address_space_place_brk(process, start, end);
    return result;
}

static int64_t set_break(struct process *process, uint64_t option, guest_addr address)
{
    guest_addr start = option == PR_SET_MM_START_BRK ? address : process->brk_start, end = option == PR_SET_MM_BRK ? address : process->brk;
    if (address < 4096 || address >= ADDRESS_SPACE_STACK_TOP || start > end) return -EINVAL;
    address_space_place_brk(process, start, end);
    return 0;
}

static bool is_whole_map(uint64_t option) { return option == PR_SET_MM_MAP || option == PR_SET_MM_MAP_SIZE; }

/* A kernel that was not told the layout (no CONFIG_CHECKPOINT_RESTORE) has no PR_SET_MM for the guest either. */
int64_t control_memory_map(struct thread *thread, const uint64_t *arguments)
{
    struct process *process = thread->process;
    uint64_t option = (unsigned)arguments[1], address = arguments[2], size = arguments[3];
    if (!process->kernel_knows_layout || arguments[4]) return -EINVAL;
    if (size && option != PR_SET_MM_AUXV && !is_whole_map(option)) return -EINVAL;
    if (option == PR_SET_MM_MAP) return set_whole_map(thread, address, size);
    if (option == PR_SET_MM_START_BRK || option == PR_SET_MM_BRK)
        return process_has_capability(CAP_SYS_RESOURCE) ? set_break(process, option, address) : -EPERM;
    return to_kernel(option, address, size);
}

int64_t control_auxiliary_vector(struct thread *thread, const uint64_t *arguments)
{
    if (!thread->process->kernel_knows_layout) return -EINVAL;
    return host_call(SYS_prctl, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], 0);
}

/* -- landlock -------------------------------------------------------------------------------------------------------------- */
/* execve starts ferry, whatever the guest's program is. Only what a ruleset handles may be allowed, hence the tries. */
static void allow_own_program(const struct process *process, uint64_t ruleset)
{
    static const uint64_t rights[] = { LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE, LANDLOCK_ACCESS_FS_EXECUTE, LANDLOCK_ACCESS_FS_READ_FILE };
    int64_t own = process->own_descriptor, fd = own;
    if (own < 0) fd = host_call(SYS_openat, AT_FDCWD, (uintptr_t)"/proc/self/exe", O_PATH | O_CLOEXEC, 0, 0, 0);
    int64_t result = fd < 0 ? 0 : -EINVAL;
    for (unsigned i = 0; i < 3 && result == -EINVAL; i++) {
        struct landlock_path_beneath_attr rule = { .allowed_access = rights[i], .parent_fd = (int)fd };
        result = host_call(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, (uintptr_t)&rule, 0, 0, 0);
    }
    if (own < 0 && fd >= 0) host_call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
}

int64_t syscall_landlock_restrict_self(struct thread *thread, const uint64_t *arguments)
{
    allow_own_program(thread->process, arguments[0]);
    return host_call(SYS_landlock_restrict_self, arguments[0], arguments[1], 0, 0, 0, 0);
}
