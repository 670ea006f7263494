/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The list of guests, from guests.def.
 */
#include "translate/guest/guest.h"

#define GUEST_ISA(name) extern const struct guest_isa name##_isa;
#include "translate/guest/guests.def"
#undef GUEST_ISA

const struct guest_isa *const *guest_isa_list(void)
{
    static const struct guest_isa *const list[] = {
#define GUEST_ISA(name) &name##_isa,
#include "translate/guest/guests.def"
#undef GUEST_ISA
        NULL,
    };
    return list;
}
