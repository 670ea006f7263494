/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The description files, one reader each; their grammars stand at the top of the files themselves.
 */
#include "syscalls/generate/syscallgen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t size)
{
    void *p = calloc(1, size);
    if (!p) abort();
    return p;
}

static const char *in_folder(const struct abi_definition *abi, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", abi->folder, name) < 0) abort();
    return path;
}

static int index_in(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

/* -- abis.desc ----------------------------------------------------------------------------------------------------------- */
static void read_abi(struct reader *r, struct abi_definition *abi)
{
    abi->name = reader_word(r, "an ABI's name");
    if (reader_accept(r, "host")) abi->is_host = true;
    else reader_expect(r, "guest");
    memset(abi->numbers, -1, sizeof abi->numbers);
    while (r->token.kind == TOKEN_WORD && !r->token.first_on_line) {
        if (reader_accept(r, "folder")) abi->folder = reader_word(r, "a folder");
        else if (reader_accept(r, "word")) abi->word_bytes = reader_number(r, "the bytes of a word");
        else if (reader_accept(r, "align64")) abi->align64 = reader_number(r, "the alignment of 64-bit members");
        else if (reader_accept(r, "numbers")) abi->numbers_file = reader_word(r, "a number table");
        else if (reader_accept(r, "order")) {
            if (reader_accept(r, "big")) abi->big_endian = true;
            else reader_expect(r, "little");
        } else if (reader_accept(r, "pairs")) {
            if (reader_accept(r, "aligned")) abi->pairs_aligned = true;
            else reader_expect(r, "packed");
        } else reader_fail(r, "unknown property '%s' of an ABI", r->token.text);
    }
}

void read_abis(struct descriptions *d)
{
    struct reader r;
    reader_open(&r, d->directory, "abis.desc");
    d->host = -1;
    while (r.token.kind != TOKEN_END) {
        int line = r.token.line;
        reader_expect(&r, "abi");
        struct abi_definition *abi = allocate(sizeof *abi);
        read_abi(&r, abi);
        if ((abi->word_bytes != 4 && abi->word_bytes != 8) || !abi->folder || !abi->align64)
            fail_at(r.file, line, "abi %s needs a folder, a word size of 4 or 8 and align64", abi->name);
        if (abi->is_host) d->host = d->abi_count;
        if (d->abi_count == MAXIMUM_ABIS) fail_at(r.file, line, "too many ABIs");
        d->abis[d->abi_count++] = abi;
    }
    if (d->host < 0) fail_at(r.file, r.line, "no host ABI");
}

/* -- constants.desc ------------------------------------------------------------------------------------------------------ */
int find_set(const struct descriptions *d, const char *name, bool is_flags)
{
    for (int i = 0; i < d->set_count; i++)
        if (d->sets[i]->is_flags == is_flags && strcmp(d->sets[i]->name, name) == 0) return i;
    return -1;
}

static struct constant_definition *find_constant(struct constant_list *set, const char *name)
{
    for (int i = 0; i < set->count; i++)
        if (strcmp(set->constants[i].name, name) == 0) return &set->constants[i];
    return NULL;
}

static void set_constant(struct constant_definition *c, int first, int last, uint64_t value, uint64_t mask)
{
    for (int abi = first; abi <= last; abi++) c->value[abi] = value, c->mask[abi] = mask;
}

/* abi < 0: the generic file, which defines; otherwise an override of what exists. */
static void read_constant(struct reader *r, struct constant_list *set, int abi)
{
    int line = r->token.line;
    bool combination = r->token.kind == TOKEN_STRING;
    const char *name = combination ? reader_string(r, "a constant's name") : reader_word(r, "a constant's name");
    uint64_t value = reader_number(r, "the constant's value");
    uint64_t mask = set->is_flags ? value : ~0ull;
    if (reader_accept(r, "of")) {
        mask = reader_number(r, "the field's mask");
        if (value & ~mask) fail_at(r->file, line, "%s lies outside its mask", name);
    } else if (set->is_flags && !value) {
        fail_at(r->file, line, "flag %s is zero: say 'of' which mask", name);
    }
    struct constant_definition *c = find_constant(set, name);
    if (abi >= 0) {
        if (!c) fail_at(r->file, line, "%s is not in the generic table", name);
        set_constant(c, abi, abi, value, mask);
        return;
    }
    if (c) fail_at(r->file, line, "%s stands twice", name);
    if (set->count == MAXIMUM_CONSTANTS) fail_at(r->file, line, "too many constants");
    c = &set->constants[set->count++];
    c->name = name;
    set_constant(c, 0, MAXIMUM_ABIS - 1, value, mask);
}

/* What the names have in common, up to the last '_': "MADV_???". */
static const char *unknown_name(const struct constant_list *set)
{
    char *name = strdup(set->constants[0].name), *text;
    for (int i = 1; i < set->count; i++) {
        if (strpbrk(set->constants[i].name, "?<")) continue;
        size_t same = 0;
        while (name[same] && name[same] == set->constants[i].name[same]) same++;
        name[same] = 0;
    }
    char *last = strrchr(name, '_');
    if (!last) return "";
    if (asprintf(&text, "%.*s_???", (int)(last - name), name) < 0) abort();
    return text;
}

static void read_constant_file(struct descriptions *d, const char *name, int abi)
{
    struct reader r;
    reader_open(&r, d->directory, name);
    while (r.token.kind != TOKEN_END) {
        int line = r.token.line;
        bool is_flags = reader_accept(&r, "flags");
        if (!is_flags) reader_expect(&r, "enum");
        const char *set_name = reader_word(&r, "the set's name");
        int index = find_set(d, set_name, is_flags);
        if (abi < 0 && index >= 0) fail_at(r.file, line, "%s is defined twice", set_name);
        if (abi >= 0 && index < 0) fail_at(r.file, line, "%s is not in the generic table", set_name);
        if (index < 0) {
            if (d->set_count == MAXIMUM_SETS) fail_at(r.file, line, "too many sets");
            struct constant_list *set = d->sets[index = d->set_count++] = allocate(sizeof *set);
            *set = (struct constant_list){ .name = set_name, .is_flags = is_flags,
                                           .constants = allocate(MAXIMUM_CONSTANTS * sizeof(struct constant_definition)) };
        }
        if (reader_accept(&r, "long")) d->sets[index]->is_long = true;
        if (r.token.kind == TOKEN_STRING) d->sets[index]->unknown = reader_string(&r, "how a value without a name is shown");
        reader_expect(&r, "{");
        while (!reader_accept(&r, "}")) read_constant(&r, d->sets[index], abi);
        if (!d->sets[index]->unknown) d->sets[index]->unknown = unknown_name(d->sets[index]);
    }
}

void read_constants(struct descriptions *d)
{
    read_constant_file(d, "constants.desc", -1);
    for (int abi = 0; abi < d->abi_count; abi++) {
        const char *name = in_folder(d->abis[abi], "constants.desc");
        if (reader_exists(d->directory, name)) read_constant_file(d, name, abi);
    }
}

/* -- structs.desc -------------------------------------------------------------------------------------------------------- */
int find_struct(const struct descriptions *d, const char *name)
{
    for (int i = 0; i < d->struct_count; i++)
        if (strcmp(d->structs[i]->name, name) == 0) return i;
    return -1;
}

static void read_field_type(struct descriptions *d, struct reader *r, struct field_definition *f)
{
    static const char *const integers[] = { "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", NULL };
    int line = r->token.line;
    const char *type = reader_word(r, "a type");
    int integer = index_in(integers, type);
    if (integer >= 0) {
        f->bytes = 1 << (integer / 2);
        f->kind = integer & 1 ? FIELD_SIGNED : FIELD_UNSIGNED;
    } else if (strcmp(type, "char") == 0) {
        f->bytes = 1;
        f->kind = FIELD_CHARACTERS;
    } else if (strcmp(type, "long") == 0 || strcmp(type, "ulong") == 0 || strcmp(type, "pointer") == 0) {
        f->word_sized = true;
        f->kind = type[0] == 'l' ? FIELD_SIGNED : type[0] == 'u' ? FIELD_UNSIGNED : FIELD_POINTER;
        if (f->kind == FIELD_POINTER) f->print = PRINT_HEX;
    } else {
        int index = find_struct(d, type);
        if (index < 0) fail_at(r->file, line, "unknown type '%s'", type);
        f->kind = FIELD_STRUCT;
        f->structure = index;
    }
    f->count = 1;
    if (reader_accept(r, "[")) {
        uint64_t count = reader_number(r, "the number of elements");
        if (!count || count > 4096) fail_at(r->file, line, "bad number of elements");
        f->count = count;
        reader_expect(r, "]");
    }
}

static void read_field_print(struct descriptions *d, struct reader *r, struct field_definition *f)
{
    static const char *const simple[] = { "hex", "octal", "signal", "fd", "hidden", "mode", "size", "device", "words", "rest", "limit",
                                        "interface", "changed", "address", "text", "version", NULL };
    static const enum field_print prints[] = { PRINT_HEX, PRINT_OCTAL, PRINT_SIGNAL, PRINT_FD, PRINT_HIDDEN, PRINT_MODE, PRINT_FILE_SIZE,
                                              PRINT_DEVICE, PRINT_WORDS, PRINT_REST, PRINT_LIMIT, PRINT_INTERFACE, PRINT_CHANGED,
                                              PRINT_ADDRESS, PRINT_TEXT, PRINT_VERSION };
    static const char *const pointees[] = { "sockaddr", "iovec", "control", NULL };
    int line = r->token.line;
    const char *how = reader_word(r, "how to print");
    bool is_flags = strcmp(how, "flags") == 0;
    int index = index_in(simple, how);
    if (index >= 0) {
        f->print = prints[index];
    } else if (f->kind == FIELD_POINTER && index_in(pointees, how) >= 0) {
        f->print = PRINT_SOCKET_ADDRESS + index_in(pointees, how);
        f->length_field = reader_word(r, "the field with the length");
    } else if (is_flags || strcmp(how, "enum") == 0) {
        const char *name = reader_word(r, "a set of constants");
        int set = find_set(d, name, is_flags);
        if (set < 0) fail_at(r->file, line, "unknown %s '%s'", how, name);
        f->print = is_flags ? PRINT_FLAGS : PRINT_ENUM;
        f->detail = set;
    } else {
        fail_at(r->file, line, "unknown way to print '%s'", how);
    }
}

static void read_field(struct descriptions *d, struct reader *r, struct struct_definition *s)
{
    int line = r->token.line;
    if (s->field_count == MAXIMUM_FIELDS) reader_fail(r, "too many fields");
    struct field_definition *f = &s->fields[s->field_count];
    f->name = reader_word(r, "a field's name");
    for (int i = 0; i < s->field_count; i++)
        if (strcmp(s->fields[i].name, f->name) == 0) fail_at(r->file, line, "field %s stands twice", f->name);
    bool padding = strncmp(f->name, "pad", 3) == 0;
    f->member = padding ? NULL : f->name;
    reader_expect(r, ":");
    read_field_type(d, r, f);
    if (padding) f->print = PRINT_HIDDEN;
    if (reader_accept(r, "as")) read_field_print(d, r, f);
    if (r->token.kind == TOKEN_STRING) f->member = reader_string(r, "the member's C name");
    s->field_count++;
}

static void find_length_fields(const struct reader *r, struct struct_definition *s, int line)
{
    for (int i = 0; i < s->field_count; i++) {
        if (!s->fields[i].length_field) continue;
        int at = 0;
        while (at < s->field_count && strcmp(s->fields[at].name, s->fields[i].length_field) != 0) at++;
        if (at == s->field_count) fail_at(r->file, line, "no field '%s'", s->fields[i].length_field);
        s->fields[i].detail = at;
    }
}

static struct struct_definition *read_struct(struct descriptions *d, struct reader *r)
{
    struct struct_definition *s = allocate(sizeof *s);
    int line = r->token.line;
    if (reader_accept(r, "libc")) s->group = HEADER_LIBC;
    else if (reader_accept(r, "unchecked")) s->group = HEADER_UNCHECKED;
    else reader_expect(r, "kernel");
    s->c_type = reader_string(r, "the C type");
    s->packed = reader_accept(r, "packed");
    reader_expect(r, "{");
    while (!reader_accept(r, "}")) read_field(d, r, s);
    if (!s->field_count) fail_at(r->file, line, "a structure without fields");
    find_length_fields(r, s, line);
    return s;
}

static void read_struct_header(struct descriptions *d, struct reader *r)
{
    if (d->header_count == MAXIMUM_HEADERS) reader_fail(r, "too many headers");
    struct header_name *h = &d->headers[d->header_count++];
    if (reader_accept(r, "libc")) h->group = HEADER_LIBC;
    else reader_expect(r, "kernel");
    h->name = reader_string(r, "a header");
}

static void read_struct_file(struct descriptions *d, const char *name, int abi)
{
    struct reader r;
    reader_open(&r, d->directory, name);
    while (r.token.kind != TOKEN_END) {
        if (reader_accept(&r, "header")) {
            read_struct_header(d, &r);
            continue;
        }
        reader_expect(&r, "struct");
        int line = r.token.line;
        const char *struct_name = reader_word(&r, "the structure's name");
        int index = find_struct(d, struct_name);
        struct struct_definition *s = read_struct(d, &r);
        if (abi < 0) {
            if (index >= 0) fail_at(r.file, line, "struct %s is defined twice", struct_name);
            if (d->struct_count == MAXIMUM_STRUCTS) fail_at(r.file, line, "too many structures");
            struct structure *structure = d->structs[d->struct_count++] = allocate(sizeof *structure);
            structure->name = struct_name;
            structure->generic = s;
        } else {
            if (index < 0) fail_at(r.file, line, "struct %s is not in the generic file", struct_name);
            d->structs[index]->of_abi[abi] = s;
        }
    }
}

void read_structs(struct descriptions *d)
{
    read_struct_file(d, "structs.desc", -1);
    for (int abi = 0; abi < d->abi_count; abi++) {
        const char *name = in_folder(d->abis[abi], "structs.desc");
        if (reader_exists(d->directory, name)) read_struct_file(d, name, abi);
    }
}

/* -- ioctls.desc --------------------------------------------------------------------------------------------------------- */
bool find_pointee(const struct descriptions *d, const char *name, uint8_t *kind, uint16_t *detail)
{
    static const char *const integers[] = { "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "long", "ulong", NULL };
    static const char *const data[] = { "bytes", "sigset", "fd_set", "sockaddr", "iovec", NULL };
    int index = index_in(integers, name);
    if (index >= 0) {
        *kind = ARGUMENT_INTEGER;
        *detail = index;
        return true;
    }
    index = index_in(data, name);
    if (index >= 0) {
        *kind = ARGUMENT_BYTES + index;
        *detail = *kind == ARGUMENT_IO_VECTOR ? find_struct(d, "iovec") : SYSCALL_NO_DETAIL;
        return true;
    }
    index = find_struct(d, name);
    *kind = ARGUMENT_STRUCT;
    *detail = index;
    return index >= 0;
}

static uint8_t read_direction(struct reader *r)
{
    if (reader_accept(r, "in")) return DIRECTION_IN;
    if (reader_accept(r, "out")) return DIRECTION_OUT;
    if (reader_accept(r, "inout")) return DIRECTION_IN_OUT;
    return DIRECTION_NONE;
}

static void read_ioctl_argument(struct descriptions *d, struct reader *r, struct ioctl_description *io)
{
    io->detail = SYSCALL_NO_DETAIL;
    io->direction = read_direction(r);
    int line = r->token.line;
    const char *type = reader_word(r, "the argument's type");
    if (io->direction == DIRECTION_NONE && strcmp(type, "enum") == 0) {
        const char *name = reader_word(r, "a set of constants");
        int set = find_set(d, name, false);
        if (set < 0) fail_at(r->file, line, "unknown enum '%s'", name);
        io->kind = ARGUMENT_ENUM;
        io->detail = set;
        return;
    }
    if (io->direction == DIRECTION_NONE) {
        static const char *const names[] = { "none", "int", "ulong", "pointer", "string", NULL };
        static const uint8_t kinds[] = { ARGUMENT_ADDRESS, ARGUMENT_INT, ARGUMENT_ULONG, ARGUMENT_POINTER, ARGUMENT_STRING };
        int index = index_in(names, type);
        if (index < 0) fail_at(r->file, line, "unknown argument '%s'", type);
        io->kind = kinds[index];
        return;
    }
    if (!find_pointee(d, type, &io->kind, &io->detail) || (io->kind != ARGUMENT_INTEGER && io->kind != ARGUMENT_STRUCT))
        fail_at(r->file, line, "unknown type '%s'", type);
    io->count = 1;
    if (reader_accept(r, "[")) {
        io->count = reader_number(r, "the number of elements");
        reader_expect(r, "]");
    }
}

/* For --strace only. */
static void read_ioctl_print(struct descriptions *d, struct reader *r, struct ioctl_description *io)
{
    io->print = PRINT_DECIMAL;
    io->set = SYSCALL_NO_DETAIL;
    if (!reader_accept(r, "as")) return;
    int line = r->token.line;
    const char *how = reader_word(r, "how to print");
    bool is_flags = strcmp(how, "flags") == 0;
    if (strcmp(how, "address") == 0) {
        io->print = PRINT_HIDDEN;
    } else if (io->kind == ARGUMENT_INTEGER && strcmp(how, "hex") == 0) {
        io->print = PRINT_HEX;
    } else if ((io->kind == ARGUMENT_INTEGER || io->kind == ARGUMENT_INT) && (is_flags || strcmp(how, "enum") == 0)) {
        int set = find_set(d, reader_word(r, "a set of constants"), is_flags);
        if (set < 0) fail_at(r->file, line, "unknown set of constants");
        io->print = is_flags ? PRINT_FLAGS : PRINT_ENUM;
        io->set = set;
    } else {
        fail_at(r->file, line, "unknown way to print '%s'", how);
    }
}

void read_ioctls(struct descriptions *d)
{
    struct reader r;
    reader_open(&r, d->directory, "ioctls.desc");
    while (r.token.kind != TOKEN_END) {
        int line = r.token.line;
        if (d->ioctl_count == MAXIMUM_IOCTLS) reader_fail(&r, "too many ioctl requests");
        struct ioctl_definition *definition = &d->ioctls[d->ioctl_count];
        struct ioctl_description *io = &definition->io;
        definition->name = reader_word(&r, "a request's name");
        io->number = reader_number(&r, "the request's number");
        io->mask = reader_accept(&r, "of") ? reader_number(&r, "the family's mask") : ~0u;
        if (io->number & ~io->mask) fail_at(r.file, line, "%s has bits outside its mask", definition->name);
        for (int i = 0; i < d->ioctl_count; i++)
            if (d->ioctls[i].io.number == io->number && d->ioctls[i].io.mask == io->mask)
                fail_at(r.file, line, "%s has the number of %s", definition->name, d->ioctls[i].name);
        read_ioctl_argument(d, &r, io);
        read_ioctl_print(d, &r, io);
        if (r.token.kind != TOKEN_END && !r.token.first_on_line) reader_fail(&r, "unexpected '%s'", r.token.text);
        d->ioctl_count++;
    }
}

/* -- syscalls.desc ------------------------------------------------------------------------------------------------------- */
static const char *const scalar_names[] = { "fd", "dirfd", "int", "uint", "long", "ulong", "size", "off64", "mode", "pid", "id",
                                            "address", "hex", "signal", "device", "high", NULL };

struct length_reference { const char *name; int line; };   /* resolved when all arguments are known */

static void read_length(struct reader *r, struct argument_description *a, struct length_reference *reference)
{
    reader_expect(r, "[");
    reference->line = r->token.line;
    if (r->token.kind == TOKEN_NUMBER) {
        a->length_kind = LENGTH_CONSTANT;
        a->length = reader_number(r, "a length");
    } else {
        a->length_kind = reader_accept(r, "*") ? LENGTH_BEHIND_ARGUMENT : LENGTH_ARGUMENT;
        reference->name = reader_word(r, "the argument that has the length");
    }
    if (reader_accept(r, ",")) {
        reader_expect(r, "ret");
        a->length_is_result = true;
    }
    reader_expect(r, "]");
}

static void read_pointee(struct descriptions *d, struct reader *r, struct argument_description *a, struct length_reference *reference)
{
    int line = r->token.line;
    const char *name = reader_word(r, "what is pointed at");
    if (!find_pointee(d, name, &a->kind, &a->detail)) fail_at(r->file, line, "unknown structure or type '%s'", name);
    a->length_kind = LENGTH_ONE;
    if (reader_is(r, "[")) read_length(r, a, reference);
    else if (a->kind != ARGUMENT_STRUCT && a->kind != ARGUMENT_INTEGER) fail_at(r->file, line, "'%s' needs a length", name);
    if (a->length_is_result && !(a->direction & DIRECTION_OUT)) fail_at(r->file, line, "'ret' is for outputs");
}

static void read_scalar(struct descriptions *d, struct reader *r, struct argument_description *a)
{
    static const char *const names[] = { "pointer", "path", "linkpath", "string", "strings", "variables", NULL };
    int line = r->token.line;
    const char *kind = reader_word(r, "an argument's kind");
    bool is_flags = strcmp(kind, "flags") == 0;
    int index = index_in(scalar_names, kind);
    if (index >= 0) {
        a->kind = ARGUMENT_FD + index;
    } else if ((index = index_in(names, kind)) >= 0) {
        a->kind = ARGUMENT_POINTER + index;
    } else if (is_flags || strcmp(kind, "enum") == 0) {
        const char *name = reader_word(r, "a set of constants");
        a->kind = is_flags ? ARGUMENT_FLAGS : ARGUMENT_ENUM;
        int set = find_set(d, name, is_flags);
        if (set < 0 && strcmp(name, "ioctl") != 0) fail_at(r->file, line, "unknown %s '%s'", kind, name);
        a->detail = set < 0 ? SYSCALL_NO_DETAIL : set;
    } else {
        fail_at(r->file, line, "unknown kind '%s'", kind);
    }
}

static void read_form(struct reader *r, struct argument_description *a)
{
    static const char *const names[] = { "as_int", "as_unsigned", "as_hex", "as_dates", "as_changed", "as_cpus", "as_name", "as_list", "as_entries", NULL };
    if (r->token.kind != TOKEN_WORD) return;
    int line = r->token.line;
    const char *name = reader_word(r, "how to print");
    int index = index_in(names, name);
    if (index < 0) fail_at(r->file, line, "unknown way to print '%s'", name);
    a->form = FORM_INT + index;
}

static void read_argument(struct descriptions *d, struct reader *r, struct call_description *call, struct length_reference *references)
{
    int line = r->token.line;
    if (call->argument_count == SYSCALL_ARGUMENTS) reader_fail(r, "more than %d arguments", SYSCALL_ARGUMENTS);
    struct argument_description *a = &call->arguments[call->argument_count];
    a->name = reader_word(r, "an argument's name");
    for (int i = 0; i < call->argument_count; i++)
        if (strcmp(call->arguments[i].name, a->name) == 0) fail_at(r->file, line, "argument %s stands twice", a->name);
    reader_expect(r, ":");
    a->detail = SYSCALL_NO_DETAIL;
    a->direction = read_direction(r);
    if (a->direction != DIRECTION_NONE) read_pointee(d, r, a, &references[call->argument_count]);
    else read_scalar(d, r, a);
    read_form(r, a);
    call->argument_count++;
}

/* The upper halves of registers that hold 32-bit arguments mean nothing. */
static uint8_t length_type(unsigned kind)
{
    return kind == ARGUMENT_INT ? INTEGER_S32 : kind == ARGUMENT_UINT ? INTEGER_U32 : INTEGER_ULONG;
}

static void resolve_lengths(struct reader *r, struct call_description *call, const struct length_reference *references)
{
    for (int i = 0; i < call->argument_count; i++) {
        if (!references[i].name) continue;
        int found = -1;
        for (int j = 0; j < call->argument_count; j++)
            if (strcmp(call->arguments[j].name, references[i].name) == 0) found = j;
        if (found < 0) fail_at(r->file, references[i].line, "no argument '%s'", references[i].name);
        bool behind = call->arguments[i].length_kind == LENGTH_BEHIND_ARGUMENT;
        if (behind != (call->arguments[found].kind == ARGUMENT_INTEGER))
            fail_at(r->file, references[i].line, "'%s' is %s a pointer to a length", references[i].name, behind ? "not" : "");
        call->arguments[i].length = found;
        call->arguments[i].length_type = behind ? call->arguments[found].detail : length_type(call->arguments[found].kind);
    }
}

static void read_attribute(struct reader *r, struct call_definition *definition)
{
    static const char *const restarts[] = { "always", "no_handler", "never", "receive", "send", NULL };
    static const char *const classes[] = { "process", "signal", "memory", "ipc", "creds", "clock", "pure", NULL };
    struct call_description *call = &definition->call;
    int line = r->token.line;
    const char *word = reader_word(r, "an attribute");
    if (index_in(classes, word) >= 0) call->classes |= 1 << index_in(classes, word);
    else if (strcmp(word, "blocks") == 0) call->attributes |= CALL_BLOCKS;
    else if (strcmp(word, "hides_proc") == 0) call->attributes |= CALL_HIDES_PROC;
    else if (strcmp(word, "receives") == 0) call->attributes |= CALL_RECEIVES;
    else if (strcmp(word, "forbidden") == 0) call->attributes |= CALL_FORBIDDEN;
    else if (strcmp(word, "custom") == 0) call->attributes |= CALL_CUSTOM;
    else if (strcmp(word, "absent") == 0) call->attributes |= CALL_ABSENT, call->note = reader_string(r, "the reason");
    else if (strcmp(word, "partial") == 0) call->attributes |= CALL_PARTIAL, call->note = reader_string(r, "what is missing");
    else if (strcmp(word, "number") == 0) definition->number = reader_number(r, "the host's number");
    else if (strcmp(word, "restart") == 0) {
        const char *kind = reader_word(r, "a restart kind");
        int index = index_in(restarts, kind);
        if (index < 0) fail_at(r->file, line, "unknown restart kind '%s'", kind);
        call->restart = index;
    } else fail_at(r->file, line, "unknown attribute '%s'", word);
}

static void read_call(struct descriptions *d, struct reader *r, struct call_definition *definition)
{
    static const char *const results[] = { "zero", "fd", "size", "int", "long", "pid", "address", "hex", "mode", "none", NULL };
    struct call_description *call = &definition->call;
    struct length_reference references[SYSCALL_ARGUMENTS] = { { NULL, 0 } };
    definition->line = r->token.line;
    definition->number = -1;
    call->name = reader_word(r, "a call's name");
    for (int i = 0; i < d->call_count; i++)
        if (strcmp(d->calls[i].call.name, call->name) == 0) fail_at(r->file, definition->line, "%s stands twice", call->name);
    reader_expect(r, "(");
    if (!reader_is(r, ")")) {
        do {
            read_argument(d, r, call, references);
        } while (reader_accept(r, ","));
    }
    reader_expect(r, ")");
    reader_expect(r, "->");
    int line = r->token.line;
    const char *result = reader_word(r, "the result's kind");
    int index = index_in(results, result);
    if (index < 0) fail_at(r->file, line, "unknown result '%s'", result);
    call->result = index;
    while (r->token.kind != TOKEN_END && !r->token.first_on_line) read_attribute(r, definition);
    resolve_lengths(r, call, references);
    int paths = 0;
    for (int i = 0; i < call->argument_count; i++)
        paths += call->arguments[i].kind == ARGUMENT_PATH || call->arguments[i].kind == ARGUMENT_LINK_PATH;
    if (paths > 2) fail_at(r->file, definition->line, "more than two paths");
    for (int i = 0; i < call->argument_count; i++)
        if (call->arguments[i].kind == ARGUMENT_STRINGS && !(call->attributes & (CALL_CUSTOM | CALL_ABSENT)))
            fail_at(r->file, definition->line, "only custom calls may take 'strings'");
}

void read_calls(struct descriptions *d)
{
    struct reader r;
    reader_open(&r, d->directory, "syscalls.desc");
    while (r.token.kind != TOKEN_END) {
        if (d->call_count == MAXIMUM_CALLS) reader_fail(&r, "too many calls");
        read_call(d, &r, &d->calls[d->call_count]);
        d->call_count++;
    }
}

/* -- <abi>/numbers*.tbl -------------------------------------------------------------------------------------------------- */
static void read_number_table(struct descriptions *d, struct abi_definition *abi)
{
    struct reader r;
    reader_open(&r, d->directory, in_folder(abi, abi->numbers_file));
    while (r.token.kind != TOKEN_END) {
        int line = r.token.line, found = -1;
        uint64_t number = reader_number(&r, "a number");
        const char *name = reader_word(&r, "a call's name");
        for (int i = 0; i < d->call_count; i++)
            if (strcmp(d->calls[i].call.name, name) == 0) found = i;
        if (found < 0) fail_at(r.file, line, "%s is not in syscalls.desc", name);
        if (number >= MAXIMUM_NUMBER) fail_at(r.file, line, "number too large");
        if (abi->numbers[number] >= 0) fail_at(r.file, line, "number %d stands twice", (int)number);
        abi->numbers[number] = found;
        if (abi->number_count <= (int)number) abi->number_count = number + 1;
    }
}

void read_numbers(struct descriptions *d)
{
    for (int i = 0; i < d->abi_count; i++)
        if (d->abis[i]->numbers_file) read_number_table(d, d->abis[i]);
}
