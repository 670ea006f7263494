/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * syscallgen: the system-call descriptions (*.desc, *.tbl) as the generator holds them. A build-time program: it allocates and
 * never frees, and it stops at the first mistake with the file and line of it.
 */
#ifndef FERRY_SYSCALLGEN_H
#define FERRY_SYSCALLGEN_H

#include "syscalls/abi.h"
#include <stdbool.h>
#include <stdint.h>

#define MAXIMUM_ABIS 32
#define MAXIMUM_CALLS 600
#define MAXIMUM_STRUCTS 256
#define MAXIMUM_SETS 256
#define MAXIMUM_IOCTLS 4096
#define MAXIMUM_HEADERS 128
#define MAXIMUM_FIELDS 64
#define MAXIMUM_CONSTANTS 256
#define MAXIMUM_NUMBER 8192

/* -- reading ------------------------------------------------------------------------------------------------------------- */
enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SIGN };
struct token { enum token_kind kind; const char *text; uint64_t value; int line; bool first_on_line; };
struct reader { const char *file; const char *at; int line; bool line_start; struct token token; };

void reader_open(struct reader *r, const char *directory, const char *name);   /* the first token is current */
bool reader_exists(const char *directory, const char *name);
void reader_next(struct reader *r);
bool reader_is(const struct reader *r, const char *text);                       /* current token is this word or sign */
bool reader_accept(struct reader *r, const char *text);
void reader_expect(struct reader *r, const char *text);
const char *reader_word(struct reader *r, const char *what);
const char *reader_string(struct reader *r, const char *what);
uint64_t reader_number(struct reader *r, const char *what);
void fail_at(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));
#define reader_fail(r, ...) fail_at((r)->file, (r)->token.line, __VA_ARGS__)

/* -- what was read ------------------------------------------------------------------------------------------------------- */
enum header_group { HEADER_KERNEL, HEADER_LIBC, HEADER_UNCHECKED };

struct field_definition {
    const char *name, *member;                 /* member: the C name, NULL: not checked (padding) */
    enum field_kind kind;
    bool word_sized;                           /* long, ulong, pointer */
    uint8_t bytes;                             /* of fixed-size integers */
    uint16_t count, structure, detail;
    enum field_print print;
    const char *length_field;                  /* PRINT_SOCKET_ADDRESS and its kind */
};
struct struct_definition {
    const char *c_type;
    enum header_group group;
    bool packed;
    int field_count;
    struct field_definition fields[MAXIMUM_FIELDS];
};
struct structure { const char *name; struct struct_definition *generic, *of_abi[MAXIMUM_ABIS]; };

struct constant_definition { const char *name; uint64_t value[MAXIMUM_ABIS], mask[MAXIMUM_ABIS]; };
struct constant_list { const char *name, *unknown; bool is_flags, is_long; int count; struct constant_definition *constants; };

struct abi_definition {
    const char *name, *folder, *numbers_file;
    bool is_host, big_endian, pairs_aligned;
    int word_bytes, align64;
    int numbers[MAXIMUM_NUMBER], number_count; /* call index or -1 */
};

struct call_definition { struct call_description call; int line, number; };

struct header_name { enum header_group group; const char *name; };

struct ioctl_definition { const char *name; struct ioctl_description io; };

struct descriptions {
    const char *directory;
    struct abi_definition *abis[MAXIMUM_ABIS];
    struct constant_list *sets[MAXIMUM_SETS];
    struct structure *structs[MAXIMUM_STRUCTS];
    struct ioctl_definition ioctls[MAXIMUM_IOCTLS];
    struct call_definition calls[MAXIMUM_CALLS];
    struct header_name headers[MAXIMUM_HEADERS];
    int abi_count, set_count, struct_count, ioctl_count, call_count, header_count, host;
};

void read_abis(struct descriptions *d);
void read_constants(struct descriptions *d);
void read_structs(struct descriptions *d);
void read_ioctls(struct descriptions *d);
void read_calls(struct descriptions *d);
void read_numbers(struct descriptions *d);
/* The element type at a pointer, by name; false: unknown. */
bool find_pointee(const struct descriptions *d, const char *name, uint8_t *kind, uint16_t *detail);
int find_set(const struct descriptions *d, const char *name, bool is_flags);
int find_struct(const struct descriptions *d, const char *name);

/* -- layouts (layout.c) -------------------------------------------------------------------------------------------------- */
struct layout { int size, alignment, field_count; int offset[MAXIMUM_FIELDS], bytes[MAXIMUM_FIELDS]; };
const struct struct_definition *struct_of_abi(const struct descriptions *d, int structure, int abi);
struct layout layout_of(const struct descriptions *d, int structure, int abi);
int host_field_of(const struct descriptions *d, int structure, int abi, int field);   /* -1: none */
bool struct_same_as_host(const struct descriptions *d, int structure, int abi);
bool call_is_plain(const struct descriptions *d, const struct call_definition *call, int abi);
bool constant_differs(const struct descriptions *d, const struct constant_definition *constant, int abi);

/* -- writing (output.c): all to stdout ----------------------------------------------------------------------------------- */
void write_header(const struct descriptions *d);
void write_tables(const struct descriptions *d);
void write_check(const struct descriptions *d, int abi, enum header_group group);
void write_documentation(const struct descriptions *d);

#endif
