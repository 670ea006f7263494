/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The passes in order. Forwarding comes first, for what it finds is folded (equal subexpressions make nothing constant, so folding
 * does not wait for them); dead code needs to know which exits read the flags; fusion wants the dead gone.
 */
#include "translate/passes/passes.h"

const struct pass passes[] = {
    {"stack_forwarding", pass_stack_forwarding},
    {"common_subexpressions", pass_common_subexpressions},
    {"fold", pass_fold},
    {"address", pass_address},
    {"state_access", pass_state_access},
    {"flags", pass_flags},
    {"dead_code", pass_dead_code},
    {"flags_fusion", pass_flags_fusion},
};
const unsigned pass_count = sizeof passes / sizeof passes[0];

void passes_run(struct ir_region *region, const struct pass_context *context)
{
    for (unsigned i = 0; i < pass_count; i++)
        passes[i].function(region, context);
}
