/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text put together in a fixed buffer: strace lines, generated /proc files. No allocation and no stdio streams, so it works in
 * the child of a vfork. With a descriptor the buffer is written out when full; without, text that may grow goes on in memory of its own
 * (text_release), and of other text what does not fit is dropped.
 */
#ifndef FERRY_SYSCALLS_TEXT_H
#define FERRY_SYSCALLS_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* grown: where all of it is when the buffer was too small. */
struct text { size_t used, grown_size; int fd; bool may_grow; char *grown; char buffer[4096]; };

static inline void text_init(struct text *t, int fd)
{
    t->used = t->grown_size = 0;
    t->fd = fd;
    t->may_grow = false;
    t->grown = NULL;
    t->buffer[0] = 0;
}

static inline char *text_data(struct text *t) { return t->grown ? t->grown : t->buffer; }
void text_add(struct text *t, const char *data, size_t size);
void text_print(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *t, const void *data, size_t size);   /* "…" with C escapes */
void text_flush(struct text *t);                                  /* to its descriptor */
void text_release(struct text *t);                                /* empty again, its memory given back */

#endif
