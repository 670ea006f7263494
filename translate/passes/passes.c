/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The passes in order. Forwarding comes first, for what it finds is folded; dead code is found when the addresses are settled; fusion
 * wants the dead gone.
 */
#include "translate/passes/passes.h"

const struct pass passes[] = {
    {"stack_forwarding", pass_stack_forwarding, IR_SEEN_STACK_RELOAD},
    {"fold", pass_fold, IR_SEEN_UNFOLDED},
    {"address", pass_address, IR_SEEN_COMPUTED_ADDRESS},
    {"dead_code", pass_dead_code, IR_SEEN_ALWAYS},
    {"flags_fusion", pass_flags_fusion, IR_SEEN_TOKEN},
};
const unsigned pass_count = sizeof passes / sizeof passes[0];

void passes_run(struct ir_region *region, const struct pass_context *context)
{
    for (unsigned i = 0; i < pass_count; i++)
        if (pass_is_needed(&passes[i], region))
            passes[i].function(region, context);
}
