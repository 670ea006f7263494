/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Host code as text, for traces.
 */
#ifndef FERRY_DEBUG_HOST_DISASSEMBLY_H
#define FERRY_DEBUG_HOST_DISASSEMBLY_H

#include <stddef.h>

/* Length of the text, one line an instruction; 0: there is no objdump. */
size_t host_disassembly(const void *code, size_t size, char *text, size_t text_size);

#endif
