/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What --trace and --dump-block print of a translation: guest text, IR before and after each pass, host text.
 */
#include "translate/engine/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool engine_tracing(const struct engine *engine, unsigned channel)
{
    return (engine->options.trace & channel) && engine->options.log;
}

void engine_trace(const struct engine *engine, unsigned channel, const char *format, ...)
{
    if (!engine_tracing(engine, channel))
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    engine->options.log(engine->options.user, line);
}

void engine_trace_guest(const struct engine *engine, const struct ir_region *region)
{
    if (!engine_tracing(engine, TRACE_DECODE))
        return;
    guest_addr start = region->pc;
    const char *name = engine->options.symbol ? engine->options.symbol(engine->options.user, region->pc, &start) : NULL;
    engine_trace(engine, TRACE_DECODE, "block 0x%llx, %u instructions%s%s\n", (unsigned long long)region->pc, region->guest_insns,
                 name ? " in " : "", name ? name : "");
    for (guest_addr pc = region->pc; pc < region->guest_end;) {
        uint8_t bytes[16] = {0};
        char text[128] = "?";
        size_t size = (size_t)1 << engine->isa->insn_align;
        int length = (int)size;
        if (engine->options.fetch(engine->options.user, pc, bytes, size))
            length = engine->isa->disassemble(pc, bytes, size, text, sizeof text);
        engine_trace(engine, TRACE_DECODE, "  0x%llx:  %s\n", (unsigned long long)pc, text);
        pc += length > 0 ? (guest_addr)length : size;
    }
}

void engine_trace_ir(const struct engine *engine, const struct ir_region *region, const char *stage)
{
    if (!engine_tracing(engine, stage ? TRACE_PASSES : TRACE_IR))
        return;
    size_t size = ir_print(region, NULL, 0) + 1;
    char *text = malloc(size);
    if (!text)
        return;
    ir_print(region, text, size);
    engine_trace(engine, ~0u, "IR %s%s:\n", stage ? "after " : "", stage ? stage : "as lowered");
    engine->options.log(engine->options.user, text);
    free(text);
}

static void trace_bytes(const struct engine *engine, const uint8_t *code, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 16) {
        char line[80];
        int at = snprintf(line, sizeof line, "  %p:", (const void *)(code + i));
        for (uint32_t j = i; j < i + 16 && j < size; j++)
            at += snprintf(line + at, sizeof line - (size_t)at, " %02x", code[j]);
        engine_trace(engine, ~0u, "%s\n", line);
    }
}

void engine_trace_host(const struct engine *engine, const struct code_block *block)
{
    if (!engine_tracing(engine, TRACE_HOST))
        return;
    engine_trace(engine, ~0u, "host code of block 0x%llx: %u bytes, %u exits, %u snapshots\n", (unsigned long long)block->pc,
                 block->host.size, block->host.exit_count, block->host.snapshot_count);
    enum { TEXT_SIZE = 1 << 20 };
    char *text = engine->options.disassemble_host ? malloc(TEXT_SIZE) : NULL;
    if (text && engine->options.disassemble_host(block->host.code, block->host.size, text, TEXT_SIZE))
        engine->options.log(engine->options.user, text);
    else
        trace_bytes(engine, block->host.code, block->host.size);
    free(text);
}

/* Fields are home here: the stubs bring them. Vectors are left out, they would drown the rest. */
static void trace_registers(const struct engine *engine, const struct vcpu *cpu)
{
    char text[4096];
    size_t at = 0;
    unsigned column = 0;
    for (unsigned i = 0; i < engine->isa->field_count && at < sizeof text - 64; i++) {
        const struct guest_field *field = &engine->isa->fields[i];
        uint64_t value = 0;
        if (ir_type_is_vector_class(field->type))
            continue;
        vcpu_read_field(cpu, i, &value);
        at += (size_t)snprintf(text + at, sizeof text - at, " %6s=%016llx%s", field->name, (unsigned long long)value, ++column % 4 ? "" : "\n");
    }
    if (column % 4)
        snprintf(text + at, sizeof text - at, "\n");
    engine->options.log(engine->options.user, text);
}

/* A block is entered from outside translated code. */
void engine_trace_run(const struct engine *engine, const struct vcpu *cpu, guest_addr pc)
{
    guest_addr start = pc;
    if (!engine_tracing(engine, TRACE_RUN))
        return;
    const char *name = engine->options.symbol ? engine->options.symbol(engine->options.user, pc, &start) : NULL;
    engine_trace(engine, TRACE_RUN, "run: 0x%llx %s\n", (unsigned long long)pc, name ? name : "");
    if (engine_tracing(engine, TRACE_CPU))
        trace_registers(engine, cpu);
}
