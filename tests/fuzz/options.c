/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * links: library
 *
 * The command line, its environment variables, and the environment that the guest gets: strings of the input, which a NUL ends; those before
 * an empty one are arguments, the others variables.
 */
#include "usermode/usermode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS 64

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    stderr = fopen("/dev/null", "w");                   /* what ferry says of each; libFuzzer has its own */
    return stderr ? 0 : 77;
}

/* Several edits are of one copy of an option's text, one after the other. */
static void free_options(struct options *options)
{
    for (unsigned i = options->edit_count; i-- > 0;) {
        const char *text = options->edits[i].text, *before = i ? options->edits[i - 1].text : NULL;
        if (!before || before + strlen(before) + 1 != text) free((char *)text);
    }
    for (int i = 0; i < options->inherited_count; i++) free(options->inherited[i]);
    free(options->inherited);
    free(options->edits);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *lists[2][STRINGS + 1] = { { (char *)"ferry" } };
    int counts[2] = { 1, 0 }, list = 0;
    struct options options;
    char *text = malloc(size + 1), **environment;
    memcpy(text, bytes, size);
    text[size] = 0;
    for (char *at = text; at < text + size; at += strlen(at) + 1) {
        if (strstr(at, "help")) goto out;               /* prints and exits */
        if (!*at && !list) list = 1;
        else if (counts[list] < STRINGS) lists[list][counts[list]++] = at;
    }
    bool good = options_parse(&options, counts[0], lists[0], lists[1]);
    if (good && (environment = options_environment(&options, lists[1]))) {
        for (char **variable = environment; *variable; variable++)
            if (strlen(*variable) > size) abort();
        free(environment);
    }
    free_options(&options);
out:
    free(text);
    return 0;
}
