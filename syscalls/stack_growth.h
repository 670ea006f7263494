/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host lets stacks grow, under Linux' rules, and tells nobody: it has to be asked.
 */
#ifndef FERRY_SYSCALLS_STACK_GROWTH_H
#define FERRY_SYSCALLS_STACK_GROWTH_H

#include "translate/translate.h"

bool page_is_mapped(guest_addr page);
/* Where memory that was known to start at `start`, nothing below it down to `low`, starts now. */
guest_addr grown_start(guest_addr start, guest_addr low);

#endif
