/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tables written by decodegen mean at run time: argument values and disassembly text.
 */
#include "translate/guest/patterns.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t pattern_argument_value(const struct pattern_argument *argument, uint32_t insn)
{
    if (!argument->piece_count) {
        return argument->constant;
    }
    uint64_t value = 0;
    unsigned width = 0;
    for (unsigned i = 0; i < argument->piece_count; i++) {
        const struct pattern_piece *piece = &argument->pieces[i];
        value = value << piece->width | ((insn >> piece->lsb) & (uint32_t)((1ull << piece->width) - 1));
        width += piece->width;
    }
    if (argument->is_signed && (value >> (width - 1) & 1)) {
        value |= ~0ull << width;
    }
    return (int64_t)(value << argument->shift);
}

bool pattern_excludes(const struct pattern_set *set, const struct pattern *pattern, uint32_t insn)
{
    const struct pattern_exclusion *exclusions = set->exclusions + pattern->exclusions;
    for (unsigned i = 0; i < pattern->exclusion_count; i++) {
        if ((insn & exclusions[i].mask) == exclusions[i].value) {
            return true;
        }
    }
    return false;
}

struct text { char *at, *end; };

static void append(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->at, (size_t)(text->end - text->at), format, arguments);
    va_end(arguments);
    if (length > 0) {
        text->at += length < text->end - text->at ? length : text->end - text->at - (text->end > text->at);
    }
}

static const char *name_of(const struct pattern_names *names, uint64_t value)
{
    const char *name = names->names;
    if (value >= names->count) {
        return "?";
    }
    while (value--) {
        name += strlen(name) + 1;
    }
    return name;
}

/* One {i,j:kind}; returns what follows it. */
static const char *append_substitution(const struct pattern_set *set, const struct pattern *pattern, guest_addr pc, uint32_t insn,
                                       const char *format, struct text *text)
{
    int64_t value = 0;
    char *next;
    do {
        const struct pattern_argument *argument = &pattern_arguments(set, pattern)[strtoul(format + 1, &next, 10)];
        unsigned width = 0;
        for (unsigned i = 0; i < argument->piece_count; i++) {
            width += argument->pieces[i].width;
        }
        value = (int64_t)((uint64_t)value << (width & 63) | (uint64_t)pattern_argument_value(argument, insn));
        format = next;
    } while (*format == ',');
    switch (format[1]) {
    case 'd': append(text, "%" PRId64, value); break;
    case 'x': append(text, "0x%" PRIx64, value); break;
    case 'p': append(text, "0x%" PRIx64, pc + (uint64_t)value); break;
    default: append(text, "%s", name_of(&set->names[strtoul(format + 1, NULL, 10)], (uint64_t)value));
    }
    while (*format != '}') {
        format++;
    }
    return format + 1;
}

bool pattern_disassemble(const struct pattern_set *set, guest_addr pc, uint32_t insn, char *buffer, size_t size)
{
    int index = pattern_find(set, insn);
    if (index < 0 || !size) {
        return false;
    }
    struct text text = {buffer, buffer + size};
    const char *format = set->patterns[index].format;
    buffer[0] = 0;
    while (*format) {
        if (*format == '{') {
            format = append_substitution(set, &set->patterns[index], pc, insn, format, &text);
        } else {
            append(&text, "%c", *format++);
        }
    }
    return true;
}
