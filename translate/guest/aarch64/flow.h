/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Looking ahead in guest code that is not translated yet.
 */
#ifndef FERRY_GUEST_AARCH64_FLOW_H
#define FERRY_GUEST_AARCH64_FLOW_H

#include "translate/guest/guest.h"

/* The code at pc overwrites NZCV before anything could read it. */
bool aarch64_flags_dead_at(const struct translator *t, guest_addr pc);

#endif
