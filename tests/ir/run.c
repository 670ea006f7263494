/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text in, text out: each file holds a region, a line `---`, and what is expected of it. The file's name says what is run:
 * <pass>_<what>.ir the pass of that name, all_<what>.ir all of them in order, print_<what>.ir nothing (parse and print),
 * parse_<what>.ir and verify_<what>.ir the parser or verifier, of which the message is expected. Removed instructions are
 * left out of the output; the verifier has to accept it. `--show` prints what comes out instead of comparing.
 *
 * The instruction set and the host are made up: fields x0 to x7, sp, v0, v1 and f; code at an address with bit 12 set does
 * not read the flags; the host's arithmetic, additions by `lea` aside, clobbers them.
 */
#include "translate/ir/ir.h"
#include "translate/passes/passes.h"

#include "common/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 65536

static const struct guest_field fields[] = {
    {"nzcv", 0, IR_FLAGS}, {"x0", 0, IR_I64}, {"x1", 0, IR_I64}, {"x2", 0, IR_I64}, {"x3", 0, IR_I64}, {"x4", 0, IR_I64},
    {"x5", 0, IR_I64}, {"x6", 0, IR_I64}, {"x7", 0, IR_I64}, {"sp", 0, IR_I64}, {"v0", 0, IR_V128}, {"v1", 0, IR_V128},
    {"control", 0, IR_I32},
};
static const struct guest_helper helpers[] = {
    {"pure", NULL, HELPER_PURE}, {"read_state", NULL, HELPER_READS_STATE}, {"write_state", NULL, HELPER_WRITES_STATE},
    {"touch_memory", NULL, HELPER_MAY_FAULT}, {"round", NULL, HELPER_FP_STATUS},
};

static bool fake_flags_dead_at(const struct translator *translator, guest_addr pc)
{
    (void)translator;
    return pc & 0x1000;
}

static const struct guest_isa isa = {
    .name = "fake", .fields = fields, .field_count = sizeof fields / sizeof fields[0], .helpers = helpers,
    .helper_count = sizeof helpers / sizeof helpers[0], .flags_dead_at = fake_flags_dead_at,
};

static bool fake_preserves_flags(const struct ir_region *region, const struct ir_insn *insn)
{
    (void)region;
    switch (insn->op) {
    case IR_constant: case IR_get: case IR_put: case IR_load: case IR_store: case IR_exit_if: case IR_set_if: case IR_select:
    case IR_add: case IR_zero_extend: case IR_truncate:
        return true;
    default:
        return false;
    }
}

static const struct host host = {.name = "fake", .preserves_flags = fake_preserves_flags};
static const struct translator translator = {.isa = &isa};
static const struct pass_context context = {&host, &translator};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = calloc(1, TEXT_SIZE);
    size_t length = text ? fread(text, 1, TEXT_SIZE - 1, file) : 0;
    fclose(file);
    if (text)
        text[length] = '\0';
    return text;
}

/* Lines about removed instructions say nothing of what is left. */
static void drop_removed(char *text)
{
    char *to = text;
    while (*text) {
        size_t length = strcspn(text, "\n");
        length += text[length] == '\n';
        const char *note = memmem(text, length, "{", 1);
        if (!note || !memmem(note, (size_t)(text + length - note), "removed", 7)) {
            memmove(to, text, length);
            to += length;
        }
        text += length;
    }
    *to = '\0';
}

static bool run_pass(const char *name, struct ir_region *region, char *out)
{
    size_t all = strlen("all_");
    if (strncmp(name, "print_", 6) == 0)
        return true;
    if (strncmp(name, "all_", all) == 0) {
        passes_run(region, &context);
        return true;
    }
    const struct pass *pass = NULL;
    for (unsigned i = 0; i < pass_count; i++) {
        size_t length = strlen(passes[i].name);
        if (strncmp(name, passes[i].name, length) == 0 && name[length] == '_' && (!pass || length > strlen(pass->name)))
            pass = &passes[i];
    }
    if (pass) {
        pass->function(region, &context);
        return true;
    }
    snprintf(out, TEXT_SIZE, "no pass of this name\n");
    return false;
}

/* Runs the region through what the file's name asks for; the outcome's text is left in out. */
static void run_text(const char *name, const char *input, char *out)
{
    struct arena *arena = arena_new(16 << 20);
    char error[512];
    struct ir_region *region = ir_parse(arena, &isa, input, error, sizeof error);
    bool only_verify = strncmp(name, "verify_", 7) == 0;
    if (!region)
        snprintf(out, TEXT_SIZE, "%s\n", error);
    else if (ir_verify(region, error, sizeof error))
        snprintf(out, TEXT_SIZE, only_verify ? "%s\n" : "input: %s\n", error);
    else if (only_verify)
        snprintf(out, TEXT_SIZE, "accepted\n");
    else if (run_pass(name, region, out)) {
        ir_print(region, out, TEXT_SIZE);
        drop_removed(out);
        if (ir_verify(region, error, sizeof error))
            snprintf(out + strlen(out), TEXT_SIZE - strlen(out), "output: %s\n", error);
    }
    arena_free(arena);
}

/* Splits the file at its `---` line; NULL without one. */
static char *split(char *text)
{
    char *line = strstr(text, "\n---\n");
    if (!line)
        return NULL;
    line[1] = '\0';
    return line + 5;
}

static bool run_file(const char *path, bool show)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *text = read_file(path), *out = calloc(1, TEXT_SIZE), *expected = text ? split(text) : NULL;
    bool good = false;
    if (!expected) {
        printf("FAIL %s: unreadable, or without a --- line\n", name);
    } else {
        run_text(name, text, out);
        good = strcmp(out, expected) == 0;
        if (show)
            printf("%s---\n%s", text, out);
        else
            printf("%s %s\n", good ? "PASS" : "FAIL", name);
        if (!good && !show)
            printf("-- expected\n%s-- but it is\n%s", expected, out);
    }
    free(text);
    free(out);
    return good;
}

int main(int argc, char **argv)
{
    bool show = argc > 1 && strcmp(argv[1], "--show") == 0;
    int failed = 0;
    for (int i = show ? 2 : 1; i < argc; i++)
        failed += !run_file(argv[i], show);
    if (!show)
        printf("%d of %d failed\n", failed, argc - 1);
    return failed != 0 && !show;
}
