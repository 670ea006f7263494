/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AIO: its rings, which the kernel maps by itself where it likes, are moved to where the guest's mappings are.
 */
#include "syscalls/convert.h"
#include "syscalls/tables.generated.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* The kernel's struct aio_ring (fs/aio.c), which libaio knows too; events of 32 bytes follow. */
struct aio_ring { uint32_t id, event_count, head, tail, magic, compat_features, incompat_features, header_length; };
#define AIO_RING_MAGIC 0xa10a10a1u
#define AIO_EVENT_BYTES 32

static uint64_t aio_ring_size(const struct aio_ring *ring)
{
    return (sizeof *ring + (uint64_t)ring->event_count * AIO_EVENT_BYTES + 4095) & ~4095ull;
}

/* To a place among the guest's mappings; the context's number follows its ring (aio_ring_mremap). 0: no room. */
static guest_addr aio_ring_move(struct process *process, uint64_t context)
{
    uint64_t size = aio_ring_size((const struct aio_ring *)(uintptr_t)context);
    int64_t place = address_space_map(process, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place < 0) return 0;
    int64_t moved = host_call(SYS_mremap, context, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (uintptr_t)guest_pointer(process, (guest_addr)place), 0);
    if (moved >= 0 || moved < -4095) return (guest_addr)place;
    address_space_unmap(process, (guest_addr)place, size);
    return 0;
}

int64_t syscall_io_setup(struct thread *thread, const uint64_t *arguments)
{
    const struct abi *abi = thread->process->abi;
    uint8_t image[8];
    uint64_t context;
    if (copy_from_guest(thread, image, arguments[1], abi->word_bytes)) return -EFAULT;
    context = guest_load(abi, image, abi->word_bytes, false);
    int64_t result = host_call(SYS_io_setup, arguments[0], (uintptr_t)&context, 0, 0, 0, 0);
    if (result < 0) return result;
    guest_addr place = aio_ring_move(thread->process, context);
    guest_store(abi, image, abi->word_bytes, place);
    if (place && copy_to_guest(thread, arguments[1], image, abi->word_bytes) == 0) return 0;
    host_call(SYS_io_destroy, place ? place : context, 0, 0, 0, 0, 0);
    return place ? -EFAULT : -ENOMEM;
}

/* The kernel unmaps the ring; here it is forgotten. */
int64_t syscall_io_destroy(struct thread *thread, const uint64_t *arguments)
{
    struct aio_ring ring;
    bool known = copy_from_guest(thread, &ring, arguments[0], sizeof ring) == 0 && ring.magic == AIO_RING_MAGIC;
    int64_t result = host_call(SYS_io_destroy, (uintptr_t)guest_pointer(thread->process, arguments[0]), 0, 0, 0, 0, 0);
    if (result == 0 && known) address_space_unmap(thread->process, arguments[0], aio_ring_size(&ring));
    return result;
}
