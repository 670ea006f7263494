/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Classic BPF as seccomp has it (Linux, Documentation/networking/filter.rst and Documentation/userspace-api/seccomp_filter.rst):
 * which programs are good, and running them. Knows nothing of system calls.
 */
#ifndef FERRY_SYSCALLS_FILTER_PROGRAM_H
#define FERRY_SYSCALLS_FILTER_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define FILTER_MAXIMUM_INSNS 4096
#define FILTER_DATA_WORDS 16               /* struct seccomp_data, 64 bytes */

struct filter_insn { uint16_t code; uint8_t if_true, if_false; uint32_t k; };   /* struct sock_filter */

/* false: the kernel refuses it with EINVAL. A good program is changed to the form that filter_run takes, which is good as well. */
bool filter_verify(struct filter_insn *insns, unsigned count);
/* Only for programs that filter_verify has found good. */
uint32_t filter_run(const struct filter_insn *insns, const uint32_t data[FILTER_DATA_WORDS]);
/* What the program gives whatever words other than the first `known` of data are; false: that depends. */
bool filter_is_constant(const struct filter_insn *insns, const uint32_t *data, unsigned known, uint32_t *result);
/* How many instructions the kernel makes of it: what its limit on a task's filters counts. */
unsigned filter_kernel_length(const struct filter_insn *insns, unsigned count);

#endif
