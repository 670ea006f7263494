/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter as a host: "code" is a copy of the region's IR, and running it is one call per operation. It is the oracle
 * that generated code is tested against, so it prefers the obvious to the fast, and computes floats in integers only.
 */
#include "translate/host/interpreter/interpreter.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { FIRST_CAPACITY = 1 << 14 };        /* values; a region of 64 guest instructions has a tenth of it */

static interpreter_function *const functions[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = interpret_##name,
#include "translate/ir/ops.def"
#undef IR_OP
};

static bool interpreter_init(const struct guest_isa *isa)
{
    (void)isa;
    return true;
}

/* No malloc: this also runs in a child forked from a threaded process. */
static void *map_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

static __attribute__((noinline)) struct interpreter *interpreter_of(struct vcpu *cpu)
{
    struct interpreter *in = cpu->interpreter;
    if (!in) {
        in = map_memory(sizeof *in);
        in->cpu = cpu;
        cpu->interpreter = in;
    }
    return in;
}

static void ensure_capacity(struct interpreter *in, uint32_t count)
{
    if (count <= in->capacity)
        return;
    uint32_t capacity = in->capacity ? in->capacity : FIRST_CAPACITY;
    while (capacity < count)
        capacity *= 2;
    union vector128 *values = map_memory(capacity * sizeof *values);
    if (in->values)
        munmap(in->values, in->capacity * sizeof *in->values);
    in->values = values;
    in->capacity = capacity;
}

static void interpreter_vcpu_free(struct vcpu *cpu)
{
    struct interpreter *in = cpu->interpreter;
    if (!in)
        return;
    if (in->values)
        munmap(in->values, in->capacity * sizeof *in->values);
    munmap(in, sizeof *in);
    cpu->interpreter = NULL;
}

static bool is_kept(const struct ir_insn *insn) { return !(insn->note & IR_NOTE_REMOVED); }

static ir_ref renumbered(const ir_ref *numbers, ir_ref ref) { return ref == IR_NONE ? IR_NONE : numbers[ref]; }

static uint32_t count_kept(const struct ir_region *region)
{
    uint32_t count = 0;
    for (ir_ref i = 0; i < region->count; i++)
        count += is_kept(&region->insns[i]);
    return count;
}

/* The region's instructions are renumbered without the removed ones; the table for that uses the rest of the space. */
static bool interpreter_compile(struct ir_region *region, uint8_t *space, size_t size, struct host_code *out)
{
    uint32_t count = count_kept(region);
    size_t copy_size = sizeof(struct interpreted_region) + count * sizeof(struct ir_insn);
    if (copy_size + region->count * sizeof(ir_ref) > size)
        return false;
    struct interpreted_region *copy = (struct interpreted_region *)space;
    ir_ref *numbers = (ir_ref *)(space + copy_size);
    *copy = (struct interpreted_region){.isa = region->isa, .pc = region->pc, .guest_end = region->guest_end};
    for (ir_ref i = 0; i < region->count; i++) {
        struct ir_insn insn = region->insns[i];
        if (!is_kept(&insn))
            continue;
        insn.a = renumbered(numbers, insn.a);
        insn.b = renumbered(numbers, insn.b);
        insn.c = renumbered(numbers, insn.c);
        numbers[i] = copy->count;
        copy->insns[copy->count++] = insn;
    }
    *out = (struct host_code){.code = space, .size = (uint32_t)copy_size};
    return true;
}

static bool interpreter_preserves_flags(const struct ir_region *region, const struct ir_insn *insn)
{
    (void)region, (void)insn;
    return true;                          /* tokens are values like any other */
}

void interpreter_stop(struct interpreter *in, enum vcpu_exit reason, guest_addr pc)
{
    in->leaving = true;
    in->stopped = true;
    in->cpu->exit_reason = reason;
    in->cpu->pc = pc;
}

static void execute_region(struct interpreter *in, const struct interpreted_region *region)
{
    in->region = region;
    in->leaving = false;
    in->insn_pc = region->pc;
    for (uint32_t i = 0; !in->leaving; i++) {
        const struct ir_insn *insn = &region->insns[i];
        functions[insn->op](in, insn, &in->values[i]);
    }
}

/* Probes the same table as generated code; engine_interrupt empties it. */
static const struct interpreted_region *next_region(struct vcpu *cpu, guest_addr pc)
{
    const struct vcpu_lookup_entry *entry = &__atomic_load_n(&cpu->lookup, __ATOMIC_ACQUIRE)[(pc >> 2) % VCPU_LOOKUP_ENTRIES];
    if (entry->pc == pc)
        return entry->code;
    return engine_lookup(cpu, pc);        /* looks at cpu->pending */
}

static __attribute__((noinline)) void run_regions(struct interpreter *in, const struct interpreted_region *region)
{
    in->stopped = false;
    while (region) {
        ensure_capacity(in, region->count);
        execute_region(in, region);
        if (in->stopped)
            return;
        region = next_region(in->cpu, in->target);
    }
}

/* After a fault sigsetjmp returns a second time, and recover and the engine have set everything. */
static void interpreter_run(struct vcpu *cpu, const void *code)
{
    struct interpreter *in = interpreter_of(cpu);
    if (sigsetjmp(in->escape, 0) == 0)
        run_regions(in, code);
}

static const void *interpreter_fault_pc(struct vcpu *cpu, const struct host_fault *fault)
{
    (void)fault;
    struct interpreter *in = cpu->interpreter;
    return in && in->in_access ? (const void *)(uintptr_t)functions : NULL;   /* any address outside the code space */
}

static void interpreter_recover(struct vcpu *cpu, const struct host_code *code, const struct snapshot *s, struct host_fault *fault)
{
    (void)code, (void)s;
    struct interpreter *in = cpu->interpreter;
    cpu->pc = in->insn_pc;                /* registers are put after the accesses, so they are as before the instruction */
    escape_arrange(fault->ucontext, in);
}

static bool interpreter_fault_is_write(const struct host_fault *fault) { return escape_fault_is_write(fault->ucontext); }

const struct host host_interpreter = {
    .name = "interpreter",
    .init = interpreter_init,
    .vcpu_free = interpreter_vcpu_free,
    .compile = interpreter_compile,
    .preserves_flags = interpreter_preserves_flags,
    .run = interpreter_run,
    .recover = interpreter_recover,
    .fault_pc = interpreter_fault_pc,
    .fault_is_write = interpreter_fault_is_write,
    .recover_without_code = true,
};
