/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text in a fixed buffer, or where it may grow, in memory that the kernel gives.
 */
#include "syscalls/text.h"
#include "syscalls/process.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

void text_flush(struct text *t)
{
    size_t done = 0;
    while (t->fd >= 0 && done < t->used) {
        int64_t written = host_call(SYS_write, t->fd, (uintptr_t)text_data(t) + done, t->used - done, 0, 0, 0);
        if (written <= 0) break;
        done += written;
    }
    t->used = 0;
}

#define MAXIMUM_GROWN (1u << 20)

void text_release(struct text *t)
{
    if (t->grown) host_call(SYS_munmap, (uintptr_t)t->grown, t->grown_size, 0, 0, 0, 0);
    text_init(t, t->fd);
}

static bool grow(struct text *t)
{
    size_t size = t->grown ? 4 * t->grown_size : 16 * sizeof t->buffer;
    if (!t->may_grow || size > MAXIMUM_GROWN) return false;
    int64_t address = host_call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0 && address > -4096) return false;
    memcpy((char *)(uintptr_t)address, text_data(t), t->used + 1);
    if (t->grown) host_call(SYS_munmap, (uintptr_t)t->grown, t->grown_size, 0, 0, 0, 0);
    t->grown = (char *)(uintptr_t)address;
    t->grown_size = size;
    return true;
}

void text_add(struct text *t, const char *data, size_t size)
{
    while (size) {
        size_t room = (t->grown ? t->grown_size : sizeof t->buffer) - 1 - t->used;
        if (!room) {
            if (grow(t)) continue;
            if (t->fd < 0) return;
            text_flush(t);
            continue;
        }
        size_t part = size < room ? size : room;
        memcpy(text_data(t) + t->used, data, part);
        t->used += part;
        text_data(t)[t->used] = 0;
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
