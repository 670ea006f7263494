/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ISAs of translate/guest/guests.def, by name.
 */
#include "usermode/usermode.h"

#include <string.h>

#define GUEST_ISA(isa) extern const struct usermode_isa isa##_usermode;
#include "translate/guest/guests.def"
#undef GUEST_ISA

static const struct usermode_isa *const isas[] = {
#define GUEST_ISA(isa) &isa##_usermode,
#include "translate/guest/guests.def"
#undef GUEST_ISA
    NULL
};

const struct usermode_isa *usermode_isa_find(const char *name)
{
    for (const struct usermode_isa *const *isa = isas; *isa; isa++)
        if (strcmp((*isa)->name, name) == 0)
            return *isa;
    return NULL;
}
