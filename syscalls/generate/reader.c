/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Words, numbers, strings and signs of the description files. '#' starts a comment.
 */
#include "syscalls/generate/syscallgen.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail_at(const char *file, int line, const char *format, ...)
{
    va_list list;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

static char *path_of(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0) abort();
    return path;
}

bool reader_exists(const char *directory, const char *name)
{
    char *path = path_of(directory, name);
    FILE *file = fopen(path, "r");
    if (file) fclose(file);
    free(path);
    return file != NULL;
}

void reader_open(struct reader *r, const char *directory, const char *name)
{
    char *path = path_of(directory, name);
    FILE *file = fopen(path, "r");
    if (!file) fail_at(path, 0, "cannot be read");
    char *text = NULL;
    size_t used = 0, got;
    do {
        text = realloc(text, used + 65537);
        if (!text) abort();
        got = fread(text + used, 1, 65536, file);
        used += got;
    } while (got);
    fclose(file);
    text[used] = 0;
    *r = (struct reader){ .file = path, .at = text, .line = 1, .line_start = true };
    reader_next(r);
}

static void skip_space(struct reader *r)
{
    while (*r->at) {
        if (*r->at == '#') {
            while (*r->at && *r->at != '\n') r->at++;
        } else if (*r->at == '\n') {
            r->line++;
            r->line_start = true;
            r->at++;
        } else if (isspace((unsigned char)*r->at)) {
            r->at++;
        } else {
            return;
        }
    }
}

static void read_number_token(struct reader *r)
{
    char *end;
    r->token.kind = TOKEN_NUMBER;
    r->token.value = strtoull(r->at, &end, 0);
    r->token.text = strndup(r->at, end - r->at);
    if (isalnum((unsigned char)*end)) reader_fail(r, "bad number");
    r->at = end;
}

static void read_string_token(struct reader *r)
{
    const char *end = r->at + 1;
    while (*end && *end != '"' && *end != '\n') end++;
    if (*end != '"') reader_fail(r, "string without end");
    r->token.kind = TOKEN_STRING;
    r->token.text = strndup(r->at + 1, end - r->at - 1);
    r->at = end + 1;
}

void reader_next(struct reader *r)
{
    skip_space(r);
    r->token = (struct token){ .line = r->line, .first_on_line = r->line_start };
    r->line_start = false;
    if (!*r->at) {
        r->token.text = "end of file";
    } else if (isdigit((unsigned char)*r->at)) {
        read_number_token(r);
    } else if (*r->at == '"') {
        read_string_token(r);
    } else if (isalpha((unsigned char)*r->at) || *r->at == '_') {
        const char *start = r->at;
        while (isalnum((unsigned char)*r->at) || *r->at == '_' || *r->at == '.') r->at++;
        r->token.kind = TOKEN_WORD;
        r->token.text = strndup(start, r->at - start);
    } else {
        size_t length = strncmp(r->at, "->", 2) == 0 ? 2 : 1;
        r->token.kind = TOKEN_SIGN;
        r->token.text = strndup(r->at, length);
        r->at += length;
    }
}

bool reader_is(const struct reader *r, const char *text)
{
    return (r->token.kind == TOKEN_WORD || r->token.kind == TOKEN_SIGN) && strcmp(r->token.text, text) == 0;
}

bool reader_accept(struct reader *r, const char *text)
{
    if (!reader_is(r, text)) return false;
    reader_next(r);
    return true;
}

void reader_expect(struct reader *r, const char *text)
{
    if (!reader_accept(r, text)) reader_fail(r, "expected '%s', found '%s'", text, r->token.text);
}

const char *reader_word(struct reader *r, const char *what)
{
    const char *text = r->token.text;
    if (r->token.kind != TOKEN_WORD) reader_fail(r, "expected %s, found '%s'", what, text);
    reader_next(r);
    return text;
}

const char *reader_string(struct reader *r, const char *what)
{
    const char *text = r->token.text;
    if (r->token.kind != TOKEN_STRING) reader_fail(r, "expected %s in quotes, found '%s'", what, text);
    reader_next(r);
    return text;
}

uint64_t reader_number(struct reader *r, const char *what)
{
    uint64_t value = r->token.value;
    if (r->token.kind != TOKEN_NUMBER) reader_fail(r, "expected %s, found '%s'", what, r->token.text);
    reader_next(r);
    return value;
}
