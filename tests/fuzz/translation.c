/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * links: library
 *
 * Any bytes as guest code: decoded, disassembled, lowered, optimised and compiled by each host, with the IR verified after each pass
 * (--enable-debug); never run. The first byte chooses the guest, modes and how much a block may hold, the second one where code begins in its page.
 */
#include "translate/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_PC 0x100000ull
#define DISTANCE 0x100000ull               /* between the code of one input and that of the next */
#define PLACES 0x4000u
#define ENGINES 6

struct code { guest_addr pc; const uint8_t *bytes; size_t size; };
static const char *const hosts[2] = { "x86_64", "interpreter" };
static const unsigned limits[3] = { 64, 1, 7 };
static struct code code;
static struct engine *engines[ENGINES];
static size_t traced;

static bool fetch(void *user, guest_addr pc, void *bytes, size_t size)
{
    const struct code *from = user;
    if (pc < from->pc || pc - from->pc > from->size || size > from->size - (pc - from->pc)) return false;
    memcpy(bytes, from->bytes + (pc - from->pc), size);
    return true;
}

static void log_text(void *user, const char *text)
{
    (void)user;
    traced += strlen(text);
}

static void fail(const char *what, guest_addr pc)
{
    fprintf(stderr, "translation: %s at 0x%llx\n", what, (unsigned long long)pc);
    abort();
}

static struct engine *engine_at(unsigned number)
{
    struct engine_options options = { .host = hosts[number & 1], .cache_bytes = 32 << 20, .max_insns = limits[number / 2], .dump_block = ~(guest_addr)0,
                                      .fetch = fetch, .log = log_text, .user = &code };
    if (!engines[number]) engines[number] = engine_new(*guest_isa_list(), &options);
    if (!engines[number]) exit(77);
    return engines[number];
}

/* NULL: the code space is full, so it is made again; a block that does not fit an empty one never does. */
static struct code_block *translate(unsigned number, guest_addr pc, unsigned mode, unsigned trace)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        struct engine *engine = engine_at(number);
        engine->mode = mode;
        engine->options.trace = trace;
        struct code_block *block = block_translate(engine, pc);
        if (block) return block;
        engine_free(engine);
        engines[number] = NULL;
    }
    fail("no room for one block", pc);
    return NULL;
}

static void disassemble(const struct guest_isa *isa, const uint8_t *bytes, size_t size)
{
    char text[64];
    for (size_t at = 0; at < size;) {
        int length = isa->disassemble(FIRST_PC + at, bytes + at, size - at, text, sizeof text);
        if (!memchr(text, 0, sizeof text)) fail("disassembly without an end", at);
        at += length > 0 ? (size_t)length : 1;
    }
}

static bool in_code(guest_addr pc) { return pc >= code.pc && pc < code.pc + code.size; }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned count;
    if (size < 6) return 0;
    unsigned choice = bytes[0], number = (choice & 1) + 2 * (choice / 2 % 3), mode = choice >> 3 & 3;
    unsigned trace = choice & 0x20 ? TRACE_DECODE | TRACE_IR | TRACE_PASSES | TRACE_HOST : 0;
    guest_addr start = FIRST_PC + count++ % PLACES * DISTANCE + bytes[1] * 16ull;
    code = (struct code){ start, bytes + 2, size - 2 };
    disassemble(*guest_isa_list(), code.bytes, code.size);
    struct code_block *block = translate(number, start, mode, trace);
    for (unsigned i = 0; i < block->host.exit_count; i++) {
        guest_addr pc = block->exits[i].host.target;
        if (in_code(pc) && !block_find(engines[number], pc)) {
            translate(number, pc, mode, trace);
            if (!block_find(engines[number], start)) return 0;     /* made again: `block` is gone */
        }
    }
    return 0;
}
