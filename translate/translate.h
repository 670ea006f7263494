/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translator's public interface: the only header of translate/ that usermode/ and sysmode/ include (with vcpu.h and an
 * ISA's cpu.h). An engine owns the code cache of one guest address space; a vcpu is one thread of execution in it.
 * All functions are thread-safe unless they say otherwise. None prints; messages go through the options' log function.
 */
#ifndef FERRY_TRANSLATE_H
#define FERRY_TRANSLATE_H

#include "translate/guest/guest.h"
#include <signal.h>

enum translate_trace { TRACE_DECODE = 1, TRACE_IR = 2, TRACE_PASSES = 4, TRACE_HOST = 8, TRACE_RUN = 16, TRACE_FAULT = 32, TRACE_CPU = 1024 };

struct engine_options {
    const char *host;                     /* "x86_64" (default) or "interpreter" */
    size_t cache_bytes;                   /* limit of the code cache */
    unsigned max_insns;                   /* per superblock; 1 = one instruction per block */
    unsigned trace;                       /* enum translate_trace bits */
    guest_addr dump_block;                /* ~0: none; else trace everything of the block that holds this pc */
    unsigned hot_after;                   /* a loop head is compiled as part of a hot region after that many passings; 0: never */
    bool measure;                         /* count time too */
    bool no_link;                         /* every exit and indirect jump goes through the engine, and is traced */
    void (*log)(void *user, const char *text);                             /* where traces go */
    bool (*fetch)(void *user, guest_addr pc, void *bytes, size_t size);    /* read guest code; false: not executable */
    const char *(*symbol)(void *user, guest_addr pc, guest_addr *start);   /* for traces; may be NULL */
    /* With the engine's lock held: code at pc is not translated; may attach an image, true when it did. NULL: there are no images. */
    bool (*image_wanted)(void *user, guest_addr pc, uint32_t mode);
    void (*code_flushed)(void *user, guest_addr start, guest_addr end);    /* by the guest's cache flush; may be NULL */
    void (*code_published)(void *user, const void *code, size_t size, guest_addr pc);  /* for perf maps; may be NULL */
    size_t (*disassemble_host)(const void *code, size_t size, char *text, size_t text_size);  /* for traces; NULL: bytes */
    void *user;
    void *arena_low, *arena_high;         /* where the engine may map its memory: NULL = anywhere */
};

struct engine_statistics {
    uint64_t blocks, guest_insns, guest_bytes, host_bytes, ir_insns, translate_ns;
    uint64_t hot_regions, hot_insns;
    uint64_t lookups, lookup_misses, links, invalidations, invalidated_blocks, reused_blocks, evictions, faults, slow_paths, images, image_blocks, image_drops;
};

struct engine *engine_new(const struct guest_isa *isa, const struct engine_options *options);   /* NULL and errno */
void engine_free(struct engine *engine);
struct vcpu *vcpu_new(struct engine *engine, void *user);                  /* NULL and errno; zeroed but for the ISA's reset values */
void vcpu_free(struct vcpu *cpu);

/* Runs cpu from cpu->pc until something needs the caller. BARRIER and linking are handled inside. */
enum vcpu_exit engine_run(struct vcpu *cpu);

/* Async-signal-safe, any thread: makes engine_run return VCPU_EXIT_PENDING soon. engine_run clears it when it returns. */
void engine_interrupt(struct vcpu *cpu);

/* From a host signal handler (SIGSEGV, SIGBUS, SIGFPE) on the thread of cpu. true: it was the guest's access; when the handler returns,
 * engine_run returns VCPU_EXIT_FAULT with exact state. false: not ours. */
bool engine_handle_fault(struct vcpu *cpu, siginfo_t *info, void *ucontext);
/* From the handler of any signal on the thread of cpu, after engine_interrupt: if what was interrupted is a guest's access, which may wait for
 * somebody to answer its page fault, engine_run returns before it. */
void engine_interrupt_access(struct vcpu *cpu, void *ucontext);

/* Guest code in [start, end) changed or went away. Not for helpers, which run in the middle of translated code: they call the second. */
void engine_invalidate(struct engine *engine, guest_addr start, guest_addr end);
void engine_invalidate_from_code(struct vcpu *cpu, guest_addr start, guest_addr end);
/* Around fork in the calling thread; the child keeps the code and only the vcpu that forked. */
void engine_before_fork(struct engine *engine);
void engine_after_fork(struct engine *engine, struct vcpu *self, bool in_child);

/* Images (docs/persistent-cache.md): translations of a range of guest code as bytes that another process can run, where the code lies at the
 * same address and everything that engine_code_key tells is the same. */
/* Maps the file; only from image_wanted. *guest_insns: what it holds. */
bool engine_image_attach(struct engine *engine, int fd, size_t size, guest_addr start, guest_addr end, uint64_t *guest_insns);
uint64_t engine_image_insns(const void *image, size_t size);               /* 0: it is none */
/* What code depends on besides the guest's: false when it cannot be kept. */
struct engine_code_key { char isa[16]; uint64_t host_features; uint32_t max_insns, mode, count_step; };
bool engine_code_key(const struct engine *engine, struct engine_code_key *key);
/* Everything translated in [start, end) together with what `base` (NULL: none) holds, in memory to be unmapped; false: there is nothing new, or
 * less than `minimum` new guest instructions, or no memory. */
struct engine_image_request { guest_addr start, end; const void *base; size_t base_size; uint64_t minimum; };
bool engine_image_build(struct engine *engine, const struct engine_image_request *request, void **image, size_t *size);
/* Translates the code at pc and what direct jumps and calls lead to from there, inside [start, end), unless an image has it. false: the code space is
 * full. For a process in which nothing runs. */
bool engine_translate_from(struct engine *engine, guest_addr pc, guest_addr start, guest_addr end);
/* Fills in how many guest instructions of each range this process has translated itself. Sorted ranges that do not overlap. */
struct engine_image_range { guest_addr start, end; uint64_t missing; };
void engine_image_missing(struct engine *engine, struct engine_image_range *ranges, size_t count);
bool engine_has_translated(const struct engine *engine);                   /* anything, since the last fork or engine_image_saved */
void engine_image_saved(struct engine *engine);                            /* what there is now is not missing any more */

/* Guest fields by number, whole architectural values (flags as NZCV bits 31..28). */
void vcpu_read_field(const struct vcpu *cpu, unsigned field, void *value);
void vcpu_write_field(struct vcpu *cpu, unsigned field, const void *value);

void engine_set_mode(struct vcpu *cpu, uint32_t mode_bits);                /* adds enum guest_mode bits: drops every translation if they are new */
void engine_get_statistics(const struct engine *engine, struct engine_statistics *out);

#endif
