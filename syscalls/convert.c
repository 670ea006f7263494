/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The conversion engine: no structure and no call is named here, tables say it all. Where layouts agree the dispatcher never
 * comes here.
 */
#include "syscalls/convert.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* For inputs a kernel would refuse less (IOV_MAX, SEMOPM…). Outputs are cut to it, which all such calls allow (argument_limit). */
#define MAXIMUM_ELEMENTS (1u << 20)

/* -- integers ------------------------------------------------------------------------------------------------------------ */
static uint64_t load_little(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, at, size);
    return value;
}

uint64_t guest_load(const struct abi *abi, const void *at, unsigned size, bool is_signed)
{
    uint64_t value = load_little(at, size);
    if (abi->big_endian) value = __builtin_bswap64(value) >> (64 - 8 * size);
    if (is_signed && size < 8) value = (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
    return value;
}

void guest_store(const struct abi *abi, void *at, unsigned size, uint64_t value)
{
    if (abi->big_endian) value = __builtin_bswap64(value) >> (64 - 8 * size);
    memcpy(at, &value, size);
}

unsigned integer_size(const struct abi *abi, unsigned type)
{
    return type >= INTEGER_LONG ? abi->word_bytes : 1u << (type / 2);
}

bool integer_is_signed(unsigned type)
{
    return type == INTEGER_LONG || (type < INTEGER_LONG && (type & 1));
}

/* -- constants ----------------------------------------------------------------------------------------------------------- */
/* Longer combinations come first in the tables and take their bits with them. */
static uint64_t map_constant(const struct abi *abi, unsigned set, uint64_t value, bool to_host)
{
    const struct constant_map *map = &abi->maps[set];
    uint64_t result = value, left = value;
    if (set == SYSCALL_NO_DETAIL || !map->count) return value;
    for (unsigned i = 0; i < map->count; i++) result &= ~(to_host ? map->pairs[i].guest_mask : map->pairs[i].host_mask);
    for (unsigned i = 0; i < map->count; i++) {
        const struct constant_pair *p = &map->pairs[i];
        uint64_t from = to_host ? p->guest : p->host, mask = to_host ? p->guest_mask : p->host_mask;
        if ((left & mask) != from) continue;
        result |= to_host ? p->host : p->guest;
        if (!abi->constants[set].is_flags) return to_host ? p->host : p->guest;
        left &= ~mask;
    }
    return abi->constants[set].is_flags ? result : value;
}

uint64_t constant_to_host(const struct abi *abi, unsigned set, uint64_t value)
{
    return set == SYSCALL_NO_DETAIL ? value : map_constant(abi, set, value, true);
}

uint64_t constant_to_guest(const struct abi *abi, unsigned set, uint64_t value)
{
    return set == SYSCALL_NO_DETAIL ? value : map_constant(abi, set, value, false);
}

/* -- structures ---------------------------------------------------------------------------------------------------------- */
static uint64_t field_value_to_host(const struct process *process, const struct field_layout *f, uint64_t value)
{
    if (f->kind == FIELD_POINTER) return value ? (uintptr_t)guest_pointer(process, value) : 0;
    if (f->print == PRINT_FLAGS || f->print == PRINT_ENUM) return constant_to_host(process->abi, f->detail, value);
    return value;
}

static uint64_t field_value_to_guest(const struct process *process, const struct field_layout *f, uint64_t value)
{
    if (f->kind == FIELD_POINTER) return value ? value - (uintptr_t)guest_pointer(process, 0) : 0;
    if (f->print == PRINT_FLAGS || f->print == PRINT_ENUM) return constant_to_guest(process->abi, f->detail, value);
    return value;
}

static void element_to_host(const struct process *process, const struct field_layout *g, const struct field_layout *h, uint8_t *host,
                            const uint8_t *guest)
{
    if (g->kind == FIELD_STRUCT) {
        struct_to_host(process, g->detail, host, guest);
        return;
    }
    uint64_t value = guest_load(process->abi, guest, g->size, g->kind == FIELD_SIGNED);
    guest_store(&host_abi, host, h->size, field_value_to_host(process, g, value));
}

static void element_to_guest(const struct process *process, const struct field_layout *g, const struct field_layout *h, uint8_t *guest,
                             const uint8_t *host)
{
    if (g->kind == FIELD_STRUCT) {
        struct_to_guest(process, g->detail, guest, host);
        return;
    }
    uint64_t value = guest_load(&host_abi, host, h->size, h->kind == FIELD_SIGNED);
    guest_store(process->abi, guest, g->size, field_value_to_guest(process, g, value));
}

static unsigned common_count(const struct field_layout *a, const struct field_layout *b)
{
    return a->count < b->count ? a->count : b->count;
}

void struct_to_host(const struct process *process, unsigned structure, void *host, const void *guest)
{
    const struct struct_layout *from = &process->abi->structs[structure], *to = &host_abi.structs[structure];
    memset(host, 0, to->size);
    for (unsigned i = 0; i < from->field_count; i++) {
        const struct field_layout *g = &from->fields[i];
        if (g->host_field < 0) continue;
        const struct field_layout *h = &to->fields[g->host_field];
        for (unsigned k = 0; k < common_count(g, h); k++)
            element_to_host(process, g, h, (uint8_t *)host + h->offset + k * h->size, (const uint8_t *)guest + g->offset + k * g->size);
    }
}

void struct_to_guest(const struct process *process, unsigned structure, void *guest, const void *host)
{
    const struct struct_layout *to = &process->abi->structs[structure], *from = &host_abi.structs[structure];
    memset(guest, 0, to->size);
    for (unsigned i = 0; i < to->field_count; i++) {
        const struct field_layout *g = &to->fields[i];
        if (g->host_field < 0) continue;
        const struct field_layout *h = &from->fields[g->host_field];
        for (unsigned k = 0; k < common_count(g, h); k++)
            element_to_guest(process, g, h, (uint8_t *)guest + g->offset + k * g->size, (const uint8_t *)host + h->offset + k * h->size);
    }
}

/* -- memory for one call ------------------------------------------------------------------------------------------------- */
void *scratch_allocate(struct scratch *scratch, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (size <= sizeof scratch->local - scratch->used) {
        void *memory = scratch->local + scratch->used;
        scratch->used += size;
        return memory;
    }
    if (scratch->mapping_count == SYSCALL_ARGUMENTS) return NULL;
    int64_t address = host_call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -4096) return NULL;
    scratch->mappings[scratch->mapping_count].address = (void *)(uintptr_t)address;
    scratch->mappings[scratch->mapping_count++].size = size;
    return (void *)(uintptr_t)address;
}

void scratch_free(struct scratch *scratch)
{
    for (unsigned i = 0; i < scratch->mapping_count; i++)
        host_call(SYS_munmap, (uintptr_t)scratch->mappings[i].address, scratch->mappings[i].size, 0, 0, 0, 0);
}

/* -- arguments ----------------------------------------------------------------------------------------------------------- */
/* A negative number of elements is none: the kernel refuses it. */
static uint64_t length_value(const struct argument_description *a, uint64_t value)
{
    if (a->length_type == INTEGER_S32) return (int32_t)value < 0 ? 0 : (uint32_t)value;
    if (a->length_type == INTEGER_U32) return (uint32_t)value;
    return value;
}

uint64_t argument_elements(struct thread *thread, const struct argument_description *a, const uint64_t *values)
{
    uint8_t image[4];
    switch (a->length_kind) {
    case LENGTH_CONSTANT: return a->length;
    case LENGTH_ARGUMENT: return length_value(a, values[a->length]);
    case LENGTH_BEHIND_ARGUMENT:
        if (copy_from_guest(thread, image, values[a->length], sizeof image)) return 0;
        return guest_load(thread->process->abi, image, sizeof image, false);
    default: return 1;
    }
}


void argument_limit(const struct abi *abi, const struct argument_description *a, const uint64_t *values, uint64_t *host)
{
    if (a->kind != ARGUMENT_STRUCT || abi->structs[a->detail].same_as_host) return;
    if (!a->length_is_result || a->length_kind != LENGTH_ARGUMENT) return;
    uint64_t count = length_value(a, values[a->length]);
    if (count > INT32_MAX / abi->structs[a->detail].size) host[a->length] = UINT64_MAX;
    else if (count > MAXIMUM_ELEMENTS) host[a->length] = MAXIMUM_ELEMENTS;
}

static int64_t structs_to_host(struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                               struct scratch *scratch, uint64_t *host)
{
    const struct process *process = thread->process;
    uint64_t count = argument_elements(thread, a, values);
    const struct struct_layout *guest = &process->abi->structs[a->detail], *native = &host_abi.structs[a->detail];
    uint8_t image[1024];
    if (count > MAXIMUM_ELEMENTS) {
        if (!a->length_is_result) return -EINVAL;
        count = MAXIMUM_ELEMENTS;
    }
    uint8_t *memory = scratch_allocate(scratch, count * native->size);
    if (!memory) return -ENOMEM;
    *host = (uintptr_t)memory;
    for (uint64_t i = 0; i < count && ((a->direction & DIRECTION_IN) || a->kind == ARGUMENT_IO_VECTOR); i++) {
        if (copy_from_guest(thread, image, value + i * guest->size, guest->size)) return -EFAULT;
        struct_to_host(process, a->detail, memory + i * native->size, image);
    }
    return 0;
}

static int64_t integers_to_host(struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                                struct scratch *scratch, uint64_t *host)
{
    const struct abi *abi = thread->process->abi;
    uint64_t count = argument_elements(thread, a, values), image;
    unsigned from = integer_size(abi, a->detail), to = integer_size(&host_abi, a->detail);
    if (count > 65536) return -EINVAL;
    uint8_t *memory = scratch_allocate(scratch, count * to);
    if (!memory) return -ENOMEM;
    *host = (uintptr_t)memory;
    for (uint64_t i = 0; i < count && (a->direction & DIRECTION_IN); i++) {
        if (copy_from_guest(thread, &image, value + i * from, from)) return -EFAULT;
        guest_store(&host_abi, memory + i * to, to, guest_load(abi, &image, from, integer_is_signed(a->detail)));
    }
    return 0;
}

static bool integers_differ(const struct abi *abi, unsigned type)
{
    return abi->big_endian != host_abi.big_endian || integer_size(abi, type) != integer_size(&host_abi, type);
}

int64_t argument_to_host(struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                         struct scratch *scratch, uint64_t *host)
{
    const struct process *process = thread->process;
    if (a->kind == ARGUMENT_FLAGS || a->kind == ARGUMENT_ENUM) {
        *host = constant_to_host(process->abi, a->detail, value);
        return 0;
    }
    *host = value;
    if (a->kind < ARGUMENT_POINTER || !value) return 0;
    if ((a->kind == ARGUMENT_STRUCT || a->kind == ARGUMENT_IO_VECTOR) && !process->abi->structs[a->detail].same_as_host)
        return structs_to_host(thread, a, values, value, scratch, host);
    if (a->kind == ARGUMENT_INTEGER && integers_differ(process->abi, a->detail))
        return integers_to_host(thread, a, values, value, scratch, host);
    *host = (uintptr_t)guest_pointer(process, value);
    return 0;
}

int64_t argument_to_guest(struct thread *thread, const struct argument_description *a, const uint64_t *values, uint64_t value,
                          uint64_t host, int64_t result)
{
    const struct process *process = thread->process;
    const struct abi *abi = process->abi;
    uint8_t image[1024];
    if (!(a->direction & DIRECTION_OUT) || !value || host == (uintptr_t)guest_pointer(process, value)) return 0;
    uint64_t count = a->length_is_result ? (uint64_t)result : argument_elements(thread, a, values);
    if (a->kind == ARGUMENT_STRUCT) {
        const struct struct_layout *guest = &abi->structs[a->detail], *native = &host_abi.structs[a->detail];
        for (uint64_t i = 0; i < count; i++) {
            struct_to_guest(process, a->detail, image, (const uint8_t *)(uintptr_t)host + i * native->size);
            if (copy_to_guest(thread, value + i * guest->size, image, guest->size)) return -EFAULT;
        }
    } else if (a->kind == ARGUMENT_INTEGER) {
        unsigned from = integer_size(&host_abi, a->detail), to = integer_size(abi, a->detail);
        for (uint64_t i = 0; i < count; i++) {
            uint64_t number = guest_load(&host_abi, (const uint8_t *)(uintptr_t)host + i * from, from, integer_is_signed(a->detail));
            guest_store(abi, image, to, number);
            if (copy_to_guest(thread, value + i * to, image, to)) return -EFAULT;
        }
    }
    return 0;
}
