/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between the files that print --strace lines.
 */
#ifndef FERRY_SYSCALLS_STRACE_PARTS_H
#define FERRY_SYSCALLS_STRACE_PARTS_H

#include "syscalls/abi.h"
#include "syscalls/text.h"

#define MAXIMUM_BYTES 32
#define MAXIMUM_ELEMENTS 32
#define STRACE_NOT_READ (~0ull - 1)            /* for strace_print_io_vector: only where the parts are */

/* -- strace.c */
void strace_print_address(struct text *t, uint64_t value);
void strace_print_flags(struct text *t, const struct constant_set *set, uint64_t value);
void strace_print_enum(struct text *t, const struct constant_set *set, uint64_t value);
void strace_print_bytes(struct text *t, struct thread *thread, uint64_t address, uint64_t size);
void strace_print_io_vector(struct text *t, struct thread *thread, uint64_t address, uint64_t count, uint64_t bytes);
void strace_print_fd_set(struct text *t, struct thread *thread, uint64_t address, uint64_t count);
void strace_print_element(struct text *t, struct thread *thread, unsigned kind, unsigned detail, uint64_t address);
void strace_print_elements(struct text *t, struct thread *thread, unsigned kind, unsigned detail, uint64_t address, uint64_t count);
void strace_print_string(struct text *t, struct thread *thread, uint64_t address, size_t limit);
void strace_print_members(struct text *t, struct thread *thread, unsigned structure, const uint8_t *data, const uint8_t *members, unsigned count);
void strace_print_prefix(struct text *t, struct thread *thread);
bool strace_read_word(struct thread *thread, uint64_t address, uint64_t *word);

/* -- strace_sockets.c */
void strace_print_socket_address(struct text *t, struct thread *thread, uint64_t address, uint64_t length);
void strace_print_control_messages(struct text *t, struct thread *thread, uint64_t address, uint64_t size);
bool strace_is_socket_option(const struct argument_description *a);
void strace_print_socket_option(struct text *t, const struct abi *abi, uint64_t level, uint64_t option);
/* values: of setsockopt or getsockopt. */
void strace_print_option_value(struct text *t, struct thread *thread, const uint64_t *values, uint64_t address, uint64_t size, bool is_set);

void strace_print_interface(struct text *t, unsigned index);

/* -- strace_netlink.c */
int strace_netlink_protocol(int socket);               /* -1: not a socket of netlink */
void strace_print_netlink(struct text *t, struct thread *thread, int protocol, uint64_t address, uint64_t size);

/* -- strace_structs.c */
void strace_print_signal(struct text *t, const struct abi *abi, uint64_t signal);
void strace_print_signals(struct text *t, const struct abi *abi, uint64_t set);
void strace_print_siginfo(struct text *t, const struct abi *abi, const siginfo_t *info);
bool strace_print_known_struct(struct text *t, const struct abi *abi, unsigned structure, const uint8_t *data);   /* false: not one of those */

/* -- strace_calls.c */
bool strace_is_clone(const struct call_description *call);
bool strace_is_in_child(const struct call_description *call, int64_t result);   /* strace(1) shows only the parent's return */
void strace_print_clone(struct text *t, struct thread *thread, const uint64_t *values, int64_t result);
bool strace_futex_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values);
bool strace_futex_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description);
bool strace_is_early(const struct argument_description *a);   /* changed by the call, and shown as it was before */
void strace_print_ready(struct text *t, struct thread *thread, const struct call_description *call, const uint64_t *values, int64_t result);

/* -- strace_fcntl.c */
bool strace_fcntl_print_result(struct text *t, const struct abi *abi, uint64_t command, uint64_t result);   /* false: it is a number */

/* -- strace_control.c */
/* prctl: an argument its option does not have; what its first ones are. */
bool strace_control_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values);
bool strace_control_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description);

/* -- strace_keys.c: keyctl, likewise */
bool strace_key_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values);
bool strace_key_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description);

/* -- strace_ipc.c */
/* The third argument of msgctl, shmctl and semctl. */
bool strace_ipc_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description);
bool strace_print_ordered_struct(struct text *t, struct thread *thread, unsigned structure, const uint8_t *data);   /* false: in the order it has */

bool strace_quota_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values);
bool strace_quota_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description);
bool strace_print_quota_command(struct text *t, const struct abi *abi, const struct call_description *call, unsigned argument, const uint64_t *values);

/* -- strace_attributes.c: of bpf and perf_event_open; false: it is not their argument */
bool strace_print_attributes(struct text *t, struct thread *thread, const struct call_description *call, unsigned argument, const uint64_t *values);

/* -- strace_ioctl.c */
struct ioctl_description;
bool strace_is_request(const struct argument_description *a);
bool strace_request_is_alone(uint64_t value);
void strace_print_request(struct text *t, const struct abi *abi, uint64_t value);
void strace_print_ioctl_argument(struct text *t, struct thread *thread, const struct ioctl_description *io, uint64_t value, bool done);
void strace_print_termios(struct text *t, const struct abi *abi, const uint8_t *data);
void strace_print_termio(struct text *t, const struct abi *abi, const uint8_t *data);

/* -- strace_forms.c */
void strace_print_hex_bytes(struct text *t, struct thread *thread, uint64_t address, uint64_t size);
void strace_print_cpus(struct text *t, struct thread *thread, uint64_t address, uint64_t size);
void strace_print_entries(struct text *t, struct thread *thread, uint64_t address, uint64_t size);
void strace_print_file_times(struct text *t, struct thread *thread, uint64_t address);
void strace_print_capability_data(struct text *t, struct thread *thread, uint64_t address);
void strace_print_ethernet_protocol(struct text *t, const struct abi *abi, uint64_t value);
void strace_print_ring(struct text *t, struct thread *thread, uint64_t address, bool made);
bool strace_print_special(struct text *t, const struct abi *abi, const struct call_description *call, unsigned argument, const uint64_t *values);
void strace_print_meaning(struct text *t, const struct abi *abi, const struct call_description *call, uint64_t result);
bool strace_describe_by_first(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description);

#endif
