/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Structures, integers and constants between guest and host, by their descriptions.
 */
#ifndef FERRY_SYSCALLS_CONVERT_H
#define FERRY_SYSCALLS_CONVERT_H

#include "syscalls/abi.h"

/* An integer as it stands in guest memory, and back. size is 1, 2, 4 or 8. */
uint64_t guest_load(const struct abi *abi, const void *at, unsigned size, bool is_signed);
void guest_store(const struct abi *abi, void *at, unsigned size, uint64_t value);
unsigned integer_size(const struct abi *abi, unsigned type);               /* enum integer_type */
bool integer_is_signed(unsigned type);

/* Between images in our own memory. Members the other side lacks become zero. Pointers become host pointers and back. */
void struct_to_host(const struct process *process, unsigned structure, void *host, const void *guest);
void struct_to_guest(const struct process *process, unsigned structure, void *guest, const void *host);

/* Memory for one call: what does not fit the local part is mapped, and given back by scratch_free. */
struct scratch { size_t used; unsigned mapping_count; struct { void *address; size_t size; } mappings[SYSCALL_ARGUMENTS]; uint8_t local[4096]; };
void *scratch_allocate(struct scratch *scratch, size_t size);              /* NULL: no memory */
void scratch_free(struct scratch *scratch);

/* One argument. values: the call's arguments as the guest gave them; the result goes to *host. 0 or negative errno. */
int64_t argument_to_host(struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                         struct scratch *scratch, uint64_t *host);
/* Where more outputs are asked for than argument_to_host makes room for, the kernel is asked for fewer; more bytes than an int can
 * count are too many there too. */
void argument_limit(const struct abi *abi, const struct argument_description *a, const uint64_t *values, uint64_t *host);
/* After the call: outputs that were converted go to the guest. */
int64_t argument_to_guest(struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                          uint64_t host, int64_t result);
/* How many elements stand at a pointer argument. */
uint64_t argument_elements(struct thread *thread, const struct argument_description *a, const uint64_t *values);

/* For calls that wait under another signal mask (dispatch.c): a signal held by ferry goes through it. Then thread's mask is that one
 * already, with the old one saved, and the call is to return -EINTR or a restart. */
bool wait_mask_lets_through(struct thread *thread, uint64_t mask);

#endif
