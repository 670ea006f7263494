/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tables that syscallgen makes of the description files, and what one kernel ABI is: word size, byte order, numbers,
 * constants, structure layouts. Everything here is constant data.
 */
#ifndef FERRY_SYSCALLS_ABI_H
#define FERRY_SYSCALLS_ABI_H

#include "syscalls/syscalls.h"

#define SYSCALL_ARGUMENTS 6
#define SYSCALL_NO_DETAIL 0xffff

/* What an argument is. Order: scalars, names in guest memory, then data in guest memory. */
enum argument_kind {
    ARGUMENT_FD, ARGUMENT_DIRFD, ARGUMENT_INT, ARGUMENT_UINT, ARGUMENT_LONG, ARGUMENT_ULONG, ARGUMENT_SIZE, ARGUMENT_OFF64,
    ARGUMENT_MODE, ARGUMENT_PID, ARGUMENT_ID, ARGUMENT_ADDRESS, ARGUMENT_HEX, ARGUMENT_SIGNAL, ARGUMENT_DEVICE, ARGUMENT_HIGH,
    ARGUMENT_FLAGS, ARGUMENT_ENUM,             /* detail: enum constant_set_id */
    ARGUMENT_POINTER,                          /* into guest memory, opaque */
    ARGUMENT_PATH, ARGUMENT_LINK_PATH,         /* LINK_PATH: a last component that is a link is not followed */
    ARGUMENT_STRING, ARGUMENT_STRINGS, ARGUMENT_VARIABLES,
    ARGUMENT_BYTES, ARGUMENT_SIGNAL_SET, ARGUMENT_FD_SET, ARGUMENT_SOCKET_ADDRESS,
    ARGUMENT_IO_VECTOR,
    ARGUMENT_STRUCT,                           /* detail: enum struct_id */
    ARGUMENT_INTEGER,                          /* detail: enum integer_type */
};

enum integer_type { INTEGER_U8, INTEGER_S8, INTEGER_U16, INTEGER_S16, INTEGER_U32, INTEGER_S32, INTEGER_U64, INTEGER_S64,
                    INTEGER_LONG, INTEGER_ULONG };

enum argument_direction { DIRECTION_NONE, DIRECTION_IN = 1, DIRECTION_OUT = 2, DIRECTION_IN_OUT = 3 };

/* How many elements stand at a pointer. */
enum length_kind { LENGTH_ONE, LENGTH_CONSTANT, LENGTH_ARGUMENT, LENGTH_BEHIND_ARGUMENT };

enum result_kind { RESULT_ZERO, RESULT_FD, RESULT_SIZE, RESULT_INT, RESULT_LONG, RESULT_PID, RESULT_ADDRESS, RESULT_HEX, RESULT_MODE,
                   RESULT_NONE };

enum call_attribute { CALL_BLOCKS = 1, CALL_CUSTOM = 2, CALL_ABSENT = 4, CALL_PARTIAL = 8, CALL_HIDES_PROC = 16, CALL_FORBIDDEN = 32, CALL_RECEIVES = 64 };

/* What --strace's filter calls the call, beyond what its arguments say. */
enum call_class_mark { CLASS_PROCESS = 1, CLASS_SIGNAL = 2, CLASS_MEMORY = 4, CLASS_IPC = 8, CLASS_CREDENTIALS = 16, CLASS_CLOCK = 32, CLASS_PURE = 64 };

/* How --strace shows an argument whose kind alone does not say it. */
enum argument_form {
    FORM_PLAIN, FORM_INT,                      /* INT: of the register only 32 bits */
    FORM_UNSIGNED,
    FORM_HEX,                                  /* bytes as \x12 */
    FORM_DATES,                                /* times of a file: with the date, or UTIME_NOW */
    FORM_CHANGED,                              /* behind a pointer: what it was => what it became */
    FORM_CPUS,                                 /* bytes that are a set of CPUs */
    FORM_NAME,                                 /* bytes up to a zero, all of them */
    FORM_LIST,                                 /* bytes, or where they would be when there is no room for any */
    FORM_ENTRIES,                              /* bytes that are entries of a directory: how many */
};

/* What an interruption by a signal means (signal(7), "Interruption of system calls"). */
enum restart_kind {
    RESTART_ALWAYS,                            /* as SA_RESTART of the handler says */
    RESTART_NO_HANDLER,                        /* only when no handler ran */
    RESTART_NEVER,
    RESTART_RECEIVE, RESTART_SEND,             /* as ALWAYS, but NEVER on a socket with a timeout in that direction */
};

struct argument_description {
    const char *name;
    uint8_t kind, direction, length_kind;
    bool length_is_result;                     /* of an output: as many elements as the result says */
    uint16_t length;                           /* the number, or which argument has it */
    uint16_t detail;
    uint8_t length_type;                       /* enum integer_type of the argument that has the length */
    uint8_t form;                              /* enum argument_form */
};

struct call_description {
    const char *name;
    int16_t host_number;                       /* -1: the host has no such call */
    uint8_t argument_count, result, attributes, restart, classes;
    struct argument_description arguments[SYSCALL_ARGUMENTS];
    syscall_function *function;                /* CALL_CUSTOM */
    const char *note;                          /* why absent, or what is missing */
};

/* -- constants ----------------------------------------------------------------------------------------------------------- */
/* Names in place: a pointer would be relocated at each start. "X_???": a field's value without a name; "<<X": a number in a field. */
struct constant { char name[56]; uint64_t value, mask; };      /* set when (x & mask) == value */
/* is_long: flags in a whole register, others are ints; unknown: "MADV_???", for values without a name. */
struct constant_set { const char *name; uint16_t count; bool is_flags, is_long; const char *unknown; const struct constant *values; };
struct constant_pair { uint64_t guest, guest_mask, host, host_mask; };
/* Only what differs; NULL pairs: nothing does. */
struct constant_map { uint16_t count; const struct constant_pair *pairs; };

/* -- structures ---------------------------------------------------------------------------------------------------------- */
enum field_kind { FIELD_UNSIGNED, FIELD_SIGNED, FIELD_POINTER, FIELD_CHARACTERS, FIELD_STRUCT };
/* SOCKET_ADDRESS and on: what a pointer leads to; detail is the field with the length.
 * FILE_SIZE and DEVICE: the one that the structure's mode calls for. WORDS: a union of u32 and u64. REST: "..." stands for all of them. */
enum field_print { PRINT_DECIMAL, PRINT_HEX, PRINT_OCTAL, PRINT_FLAGS, PRINT_ENUM, PRINT_SIGNAL, PRINT_FD, PRINT_HIDDEN, PRINT_MODE,
                   PRINT_FILE_SIZE, PRINT_DEVICE, PRINT_WORDS, PRINT_REST, PRINT_LIMIT, PRINT_INTERFACE, PRINT_CHANGED, PRINT_ADDRESS, PRINT_TEXT, PRINT_VERSION,
                   PRINT_SOCKET_ADDRESS, PRINT_IO_VECTOR, PRINT_CONTROL };

struct field_layout {
    char name[28];
    uint16_t offset, size, count;              /* size of one of `count` elements */
    uint8_t kind, print;
    uint16_t detail;                           /* struct_id or constant_set_id */
    int16_t host_field;                        /* index in the host's layout, -1: none */
};
struct struct_layout {
    const char *name;
    uint16_t size, alignment, field_count;
    bool same_as_host;                         /* pointers to it go straight to the kernel */
    const struct field_layout *fields;
};

/* -- ioctl requests ------------------------------------------------------------------------------------------------------ */
struct ioctl_description {
    uint32_t number;                           /* generic ABI's = host's */
    uint32_t mask;                             /* of the request; not all ones: a family */
    uint16_t name;                             /* where in ioctl_names: a pointer would be relocated at each start */
    uint8_t kind;                              /* ARGUMENT_INT, ULONG, ADDRESS (no argument), POINTER, STRING, STRUCT, INTEGER */
    uint8_t direction;
    uint8_t print;                             /* of integers: enum field_print; HIDDEN: only the argument itself is shown */
    uint16_t count, detail, set;
};

/* -- an ABI -------------------------------------------------------------------------------------------------------------- */
struct abi_call {
    uint16_t call;                             /* index of call_table, SYSCALL_NO_DETAIL: no call has this number */
    bool plain;                                /* every argument goes to the host as it is */
};

struct text;                                   /* text.h */

/* What tables cannot say: written by hand in <isa>/abi.c. Members may be NULL. */
struct abi_functions {
    const char *machine;                       /* uname -m */
    bool has_32bit_mode;                       /* the CPU runs its predecessor's programs too (personality PER_LINUX32) */
    void (*cpu_information)(struct thread *thread, struct text *out);                             /* /proc/cpuinfo */
    bool (*process_control)(struct thread *thread, const uint64_t *arguments, int64_t *result);   /* the ISA's own prctl options */
};

struct abi {
    const char *name;
    uint8_t word_bytes, align64;
    bool big_endian;
    bool pairs_aligned;                        /* 64-bit arguments in register pairs start at an even register */
    bool data_same_as_host;                    /* word size and byte order agree */
    uint16_t call_count;
    const struct abi_call *calls;              /* by number */
    const struct constant_set *constants;      /* by constant_set_id: the guest's values */
    const struct constant_map *maps;           /* by constant_set_id */
    const struct struct_layout *structs;       /* by struct_id */
    const struct abi_functions *functions;
};

extern const struct call_description call_table[];
extern const unsigned call_table_count;
extern const struct abi host_abi;              /* its `calls` is NULL */
extern const struct ioctl_description ioctl_table[];   /* single requests by number, then families */
extern const unsigned ioctl_single_count, ioctl_table_count;
extern const char ioctl_names[];
extern const struct abi *const abi_list[];     /* NULL-terminated */

const struct abi *abi_find(const char *isa_name);                              /* NULL: none */
int abi_call_number(const struct abi *abi, const char *name);                  /* -1: none */

/* Guest's value -> host's, and back. */
uint64_t constant_to_host(const struct abi *abi, unsigned set, uint64_t value);
uint64_t constant_to_guest(const struct abi *abi, unsigned set, uint64_t value);
int errno_to_guest(const struct abi *abi, int host_errno);

#endif
