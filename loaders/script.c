/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Scripts that name their interpreter: the rules of the kernel's fs/binfmt_script.c. The line ends at a newline or at the 256th
 * byte; one argument at most, which keeps its inner blanks.
 */
#include "loaders/loader.h"

#include <errno.h>
#include <string.h>

static bool blank(char c) { return c == ' ' || c == '\t'; }

int script_parse(const void *bytes, size_t size, struct script *script)
{
    const char *text = bytes;
    if (size < 2 || text[0] != '#' || text[1] != '!')
        return 0;
    if (size > LOADER_PEEK)
        size = LOADER_PEEK;
    const char *start = text + 2, *limit = text + size, *end = memchr(start, '\n', (size_t)(limit - start));
    bool cut = !end && size == LOADER_PEEK;
    if (!end)
        end = memchr(start, 0, (size_t)(limit - start));
    if (!end)
        end = limit;
    while (start < end && blank(*start))
        start++;
    while (end > start && blank(end[-1]))
        end--;
    if (start == end)
        return -ENOEXEC;
    const char *name_end = start;
    while (name_end < end && !blank(*name_end) && *name_end)
        name_end++;
    if (cut && name_end == end)
        return -ENOEXEC;                  /* the interpreter's name itself was cut off */
    memset(script, 0, sizeof *script);
    memcpy(script->interpreter, start, (size_t)(name_end - start));
    while (name_end < end && blank(*name_end))
        name_end++;
    script->has_argument = name_end < end && *name_end;
    memcpy(script->argument, name_end, (size_t)(end - name_end));
    return 1;
}
