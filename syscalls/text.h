/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text put together in a fixed buffer: strace lines, generated /proc files. No allocation and no stdio streams, so it works in
 * the child of a vfork. With a descriptor the buffer is written out when full; without, what does not fit is dropped.
 */
#ifndef FERRY_SYSCALLS_TEXT_H
#define FERRY_SYSCALLS_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct text { size_t used; int fd; char buffer[4096]; };

static inline void text_init(struct text *t, int fd) { t->used = 0; t->fd = fd; t->buffer[0] = 0; }
void text_add(struct text *t, const char *data, size_t size);
void text_print(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *t, const void *data, size_t size);   /* "…" with C escapes */
void text_flush(struct text *t);                                  /* to its descriptor */

#endif
