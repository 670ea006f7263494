/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The passes in order. Forwarding comes first, for what it finds is folded; dead code is found when the addresses are settled; fusion
 * wants the dead gone.
 */
#include "translate/passes/passes.h"

const struct pass passes[] = {
    {"stack_forwarding", pass_stack_forwarding},
    {"fold", pass_fold},
    {"address", pass_address},
    {"dead_code", pass_dead_code},
    {"flags_fusion", pass_flags_fusion},
};
const unsigned pass_count = sizeof passes / sizeof passes[0];

void passes_run(struct ir_region *region, const struct pass_context *context)
{
    for (unsigned i = 0; i < pass_count; i++)
        passes[i].function(region, context);
}
