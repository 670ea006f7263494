/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From descriptions to layouts: where each member stands in each ABI, what agrees with the host, which calls need no conversion.
 */
#include "syscalls/generate/syscallgen.h"
#include <string.h>

const struct struct_definition *struct_of_abi(const struct descriptions *d, int structure, int abi)
{
    const struct structure *s = d->structs[structure];
    return s->of_abi[abi] ? s->of_abi[abi] : s->generic;
}

static void field_size(const struct descriptions *d, const struct field_definition *f, int abi, int *bytes, int *alignment)
{
    const struct abi_definition *a = d->abis[abi];
    if (f->kind == FIELD_STRUCT) {
        struct layout inner = layout_of(d, f->structure, abi);
        *bytes = inner.size;
        *alignment = inner.alignment;
    } else {
        *bytes = f->word_sized ? a->word_bytes : f->bytes;
        *alignment = *bytes == 8 && a->align64 < 8 ? a->align64 : *bytes;
    }
}

struct layout layout_of(const struct descriptions *d, int structure, int abi)
{
    const struct struct_definition *s = struct_of_abi(d, structure, abi);
    struct layout layout = { .alignment = 1, .field_count = s->field_count };
    for (int i = 0; i < s->field_count; i++) {
        int bytes, alignment;
        field_size(d, &s->fields[i], abi, &bytes, &alignment);
        if (s->packed) alignment = 1;
        layout.size = (layout.size + alignment - 1) / alignment * alignment;
        layout.offset[i] = layout.size;
        layout.bytes[i] = bytes;
        layout.size += bytes * s->fields[i].count;
        if (alignment > layout.alignment) layout.alignment = alignment;
    }
    layout.size = (layout.size + layout.alignment - 1) / layout.alignment * layout.alignment;
    return layout;
}

int host_field_of(const struct descriptions *d, int structure, int abi, int field)
{
    const char *name = struct_of_abi(d, structure, abi)->fields[field].name;
    const struct struct_definition *host = struct_of_abi(d, structure, d->host);
    if (strncmp(name, "pad", 3) == 0) return -1;
    for (int i = 0; i < host->field_count; i++)
        if (strcmp(host->fields[i].name, name) == 0) return i;
    return -1;
}

bool struct_same_as_host(const struct descriptions *d, int structure, int abi)
{
    const struct struct_definition *guest = struct_of_abi(d, structure, abi), *host = struct_of_abi(d, structure, d->host);
    struct layout g = layout_of(d, structure, abi), h = layout_of(d, structure, d->host);
    if (g.size != h.size || g.field_count != h.field_count) return false;
    for (int i = 0; i < g.field_count; i++) {
        if (g.offset[i] != h.offset[i] || g.bytes[i] != h.bytes[i]) return false;
        if (guest->fields[i].count != host->fields[i].count || strcmp(guest->fields[i].name, host->fields[i].name) != 0) return false;
        if (g.bytes[i] > 1 && d->abis[abi]->big_endian != d->abis[d->host]->big_endian) return false;
        if (guest->fields[i].kind == FIELD_STRUCT && !struct_same_as_host(d, guest->fields[i].structure, abi)) return false;
    }
    return true;
}

bool constant_differs(const struct descriptions *d, const struct constant_definition *constant, int abi)
{
    return constant->value[abi] != constant->value[d->host] || constant->mask[abi] != constant->mask[d->host];
}

static bool set_differs(const struct descriptions *d, int set, int abi)
{
    for (int i = 0; i < d->sets[set]->count; i++)
        if (constant_differs(d, &d->sets[set]->constants[i], abi)) return true;
    return false;
}

static bool argument_is_plain(const struct descriptions *d, const struct argument_description *a, int abi)
{
    switch (a->kind) {
    case ARGUMENT_PATH: case ARGUMENT_LINK_PATH: case ARGUMENT_STRINGS: case ARGUMENT_VARIABLES: return false;
    case ARGUMENT_FLAGS: case ARGUMENT_ENUM: return a->detail == SYSCALL_NO_DETAIL || !set_differs(d, a->detail, abi);
    case ARGUMENT_STRUCT: case ARGUMENT_IO_VECTOR: return a->detail == SYSCALL_NO_DETAIL || struct_same_as_host(d, a->detail, abi);
    default: return true;
    }
}

bool call_is_plain(const struct descriptions *d, const struct call_definition *call, int abi)
{
    const struct abi_definition *guest = d->abis[abi], *host = d->abis[d->host];
    if (guest->word_bytes != host->word_bytes || guest->big_endian != host->big_endian) return false;
    for (int i = 0; i < call->call.argument_count; i++) {
        const struct argument_description *a = &call->call.arguments[i];
        if (!argument_is_plain(d, a, abi)) return false;
        /* A mask that holds while waiting: dispatch.c has to see it. */
        if (a->kind == ARGUMENT_SIGNAL_SET && (call->call.attributes & CALL_BLOCKS)) return false;
    }
    return true;
}
