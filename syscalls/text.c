/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text in a fixed buffer.
 */
#include "syscalls/text.h"
#include "syscalls/process.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

void text_flush(struct text *t)
{
    size_t done = 0;
    while (t->fd >= 0 && done < t->used) {
        int64_t written = host_call(SYS_write, t->fd, (uintptr_t)t->buffer + done, t->used - done, 0, 0, 0);
        if (written <= 0) break;
        done += written;
    }
    t->used = 0;
}

void text_add(struct text *t, const char *data, size_t size)
{
    while (size) {
        size_t room = sizeof t->buffer - 1 - t->used;
        if (!room) {
            if (t->fd < 0) return;
            text_flush(t);
            continue;
        }
        size_t part = size < room ? size : room;
        memcpy(t->buffer + t->used, data, part);
        t->used += part;
        t->buffer[t->used] = 0;
        data += part;
        size -= part;
    }
}

void text_print(struct text *t, const char *format, ...)
{
    char piece[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(piece, sizeof piece, format, list);
    va_end(list);
    if (length > 0) text_add(t, piece, (size_t)length < sizeof piece ? (size_t)length : sizeof piece - 1);
}

/* Octal escapes are as short as the next character allows, as strace(1) writes them. */
static void quote_character(struct text *t, uint8_t c, bool digit_follows)
{
    static const char letters[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";
    const char *special = c ? strchr(letters, c) : NULL;
    if (special && c >= '\t') text_print(t, "\\%c", names[special - letters]);
    else if (c == '"' || c == '\\') text_print(t, "\\%c", c);
    else if (c >= ' ' && c < 127) text_print(t, "%c", c);
    else text_print(t, digit_follows ? "\\%03o" : "\\%o", c);
}

void text_quote(struct text *t, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    text_add(t, "\"", 1);
    for (size_t i = 0; i < size; i++)
        quote_character(t, bytes[i], i + 1 < size && bytes[i + 1] >= '0' && bytes[i + 1] <= '9');
    text_add(t, "\"", 1);
}
