/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The passes between the builder and the host, one per file, in the order of the table. Each is one or two linear scans.
 * They leave instructions where they are: what is not needed any more is marked IR_NOTE_REMOVED and skipped by everyone
 * (fold and flags_fusion, which do renumber, write a new array).
 */
#ifndef FERRY_TRANSLATE_PASSES_H
#define FERRY_TRANSLATE_PASSES_H

#include "translate/host/host.h"

/* What passes may ask; either may be NULL, and is then taken to answer the worst. */
struct pass_context {
    const struct host *host;              /* for preserves_flags */
    const struct translator *translator;  /* for the isa's flags_dead_at */
};

/* Whether the region changed. */
typedef bool pass_function(struct ir_region *region, const struct pass_context *context);

pass_function pass_stack_forwarding;      /* a load of a stack slot is the value stored there */
pass_function pass_fold;                  /* the builder's rules again, with what forwarding found; exits that are certain */
pass_function pass_address;               /* additions and shifts go into loads and stores */
pass_function pass_dead_code;             /* puts that are overwritten unseen; which exits need the flags; counts uses and removes what has none */
pass_function pass_flags_fusion;          /* brings producers to their consumers, marks consumers that find the host's flags ready */

/* A pass is for regions that hold something of `for_seen` (enum ir_seen). Most regions need two or three of them. */
struct pass { const char *name; pass_function *function; uint32_t for_seen; };
extern const struct pass passes[];
extern const unsigned pass_count;

static inline bool pass_is_needed(const struct pass *pass, const struct ir_region *region)
{
    return pass->for_seen & (region->seen | IR_SEEN_ALWAYS);
}

/* Those that are needed, in order. */
void passes_run(struct ir_region *region, const struct pass_context *context);

#endif
