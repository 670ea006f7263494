/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line and its environment variables, from one table: parsing, --help, what exec'ed children inherit. qemu-user's
 * names and variables are accepted (its docs/user/main.rst), with one dash or two.
 */
#include "usermode/usermode.h"

#include "debug/log.h"
#include "syscalls/strace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FERRY_VERSION
#define FERRY_VERSION "0.1.0"
#endif

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_SIZE, OPTION_SWITCH, OPTION_FUNCTION, OPTION_MAYBE };   /* MAYBE: a function, with =VALUE or without */

#define DEFAULT_HOT_AFTER 8000            /* docs/hot-tier.md has what was measured */

struct option_row {
    const char *names;                    /* "sysroot L": the first one is ours */
    const char *variable, *qemu_variable;
    const char *value;                    /* its name in --help; NULL: takes none */
    enum option_kind kind;
    bool inherit;                         /* exec'ed children get it */
    size_t offset;
    bool (*set)(struct options *options, const char *value);
    const char *help;
};

/* -- options that need a function ---------------------------------------------------------------------------------------- */

static bool add_edits(struct options *options, const char *value, bool unset)
{
    char *copy = strdup(value), *rest = copy, *text;
    while (copy && (text = strsep(&rest, ","))) {
        struct environment_edit *edits = realloc(options->edits, (options->edit_count + 1) * sizeof *edits);
        if (!edits)
            return false;
        options->edits = edits;
        if (unset == (strchr(text, '=') != NULL))
            return false;
        options->edits[options->edit_count++] = (struct environment_edit){ text, unset };
    }
    return copy;
}

static bool set_environment(struct options *options, const char *value) { return add_edits(options, value, false); }
static bool unset_environment(struct options *options, const char *value) { return add_edits(options, value, true); }

static bool set_trace(struct options *options, const char *value)
{
    char bad[64];
    if (strcmp(value, "help") == 0) {
        puts("Log channels:");
        log_list();
        exit(0);
    }
    if (log_parse(value, &options->channels, bad, sizeof bad))
        return true;
    fprintf(stderr, "ferry: no log channel is called %s (-d help lists them)\n", bad);
    return false;
}

/* FERRY_STRACE=1 means all, like the option alone. */
static bool set_strace(struct options *options, const char *value)
{
    options->strace = true;
    options->strace_calls = value && strcmp(value, "1") != 0 ? value : NULL;
    if (!options->strace_calls || strace_filter(value))
        return true;
    fprintf(stderr, "ferry: no system call is called that: %s\n", value);
    return false;
}

static bool set_seed(struct options *options, const char *value)
{
    char *end;
    options->seed = strtoull(value, &end, 0);
    options->have_seed = true;
    return *value && !*end;
}

static bool set_one_insn(struct options *options, const char *value)
{
    (void)value;
    options->max_insns = 1;
    return true;
}

/* auto: loops are made hot when they are; hot: at once; fast: never. */
static bool set_tier(struct options *options, const char *value)
{
    if (strcmp(value, "fast") == 0)
        options->hot_after = 0;
    else if (strcmp(value, "hot") == 0)
        options->hot_after = 1;
    else
        return strcmp(value, "auto") == 0;
    return true;
}

static bool ignored(struct options *options, const char *value)
{
    (void)options, (void)value;
    return true;
}

static bool no_debugger(struct options *options, const char *value)
{
    (void)options, (void)value;
    fprintf(stderr, "ferry: this build has no gdb stub\n");
    return false;
}

static bool set_cpu(struct options *options, const char *value)
{
    if (strcmp(value, "help") == 0) {
        puts("Every CPU model is accepted and stands for the same one: all instructions that ferry knows.");
        exit(0);
    }
    options->cpu = value;
    return true;
}

/* -- the table ------------------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct options, name)
static const struct option_row option_rows[] = {
    { "sysroot L", "FERRY_SYSROOT", "QEMU_LD_PREFIX", "DIR", OPTION_TEXT, true, FIELD(sysroot), NULL, "look absolute paths up below DIR first" },
    { "set-env E", NULL, "QEMU_SET_ENV", "VAR=VALUE", OPTION_FUNCTION, false, 0, set_environment, "set a variable for the program (several by commas)" },
    { "unset-env U", NULL, "QEMU_UNSET_ENV", "VAR", OPTION_FUNCTION, false, 0, unset_environment, "remove a variable (several by commas)" },
    { "argv0 0", NULL, "QEMU_ARGV0", "NAME", OPTION_TEXT, false, FIELD(argv0), NULL, "the program's argv[0]" },
    { "stack-size s", "FERRY_STACK_SIZE", "QEMU_STACK_SIZE", "SIZE", OPTION_SIZE, true, FIELD(stack_size), NULL, "size of the main stack (K, M, G)" },
    { "uname r", "FERRY_UNAME", "QEMU_UNAME", "RELEASE", OPTION_TEXT, true, FIELD(release), NULL, "kernel release that uname tells" },
    { "seed", NULL, "QEMU_RAND_SEED", "NUMBER", OPTION_FUNCTION, true, 0, set_seed, "AT_RANDOM and the address-space layout the same in each run" },
    { "cpu", NULL, "QEMU_CPU", "MODEL", OPTION_FUNCTION, true, 0, set_cpu, "accepted: there is one CPU model" },
    { "strace", "FERRY_STRACE", "QEMU_STRACE", NULL, OPTION_MAYBE, true, 0, set_strace, "print system calls (=CALLS: only these; strace's classes, as %file; !)" },
    { "trace d", "FERRY_LOG", "QEMU_LOG", "CHANNELS", OPTION_FUNCTION, true, 0, set_trace, "log these channels (-d help lists them)" },
    { "log-file D", "FERRY_LOG_FILE", "QEMU_LOG_FILENAME", "FILE", OPTION_TEXT, true, FIELD(log_file), NULL, "where the log goes (%d: process id)" },
    { "host", "FERRY_HOST", NULL, "NAME", OPTION_TEXT, true, FIELD(host), NULL, "how code is run: x86_64 or interpreter" },
    { "one-insn-per-block one-insn-per-tb singlestep", NULL, "QEMU_SINGLESTEP", NULL, OPTION_FUNCTION, true, 0, set_one_insn, "translate single instructions" },
    { "max-insns", "FERRY_MAX_INSNS", NULL, "COUNT", OPTION_NUMBER, true, FIELD(max_insns), NULL, "instructions in a block at most" },
    { "tier", "FERRY_TIER", NULL, "NAME", OPTION_FUNCTION, true, 0, set_tier, "fast, hot or auto: whether loops are compiled again as hot regions" },
    { "hot-after", "FERRY_HOT_AFTER", NULL, "COUNT", OPTION_NUMBER, true, FIELD(hot_after), NULL, "passings of a loop's head that make it hot (0: never)" },
    { "no-link no-chain", "FERRY_NO_LINK", NULL, NULL, OPTION_SWITCH, true, FIELD(no_link), NULL, "leave every block through the run loop" },
    { "cache-size", "FERRY_CACHE_SIZE", NULL, "SIZE", OPTION_SIZE, true, FIELD(cache_size), NULL, "limit of translated code (K, M, G)" },
    { "no-cache", "FERRY_NO_CACHE", NULL, NULL, OPTION_SWITCH, true, FIELD(no_cache), NULL, "neither use nor keep translations of other runs" },
    { "cache-dir", "FERRY_CACHE_DIR", NULL, "DIR", OPTION_TEXT, true, FIELD(cache_directory), NULL, "where translations are kept" },
    { "cache-limit", "FERRY_CACHE_LIMIT", NULL, "SIZE", OPTION_SIZE, true, FIELD(cache_limit), NULL, "size of that directory at most (K, M, G)" },
    { "dump-block", NULL, NULL, "ADDRESS", OPTION_NUMBER, true, FIELD(dump_block), NULL, "show every stage of the block there" },
    { "stats", "FERRY_STATS", NULL, NULL, OPTION_SWITCH, true, FIELD(stats), NULL, "print the translator's counts at exit" },
    { "perf perfmap", "FERRY_PERF", NULL, NULL, OPTION_SWITCH, true, FIELD(perf), NULL, "write /tmp/perf-PID.map for perf report" },
    { "sandbox", "FERRY_SANDBOX", NULL, NULL, OPTION_SWITCH, false, FIELD(sandbox), NULL, "leave ferry only the host calls that programs may lead to" },
    { "in-sandbox", NULL, NULL, NULL, OPTION_SWITCH, false, FIELD(in_sandbox), NULL, NULL },
    { "memory-files", NULL, NULL, NULL, OPTION_SWITCH, false, FIELD(memory_files), NULL, NULL },
    { "exec-fd", NULL, NULL, NULL, OPTION_NUMBER, false, FIELD(exec_descriptor), NULL, NULL },
    { "limits", NULL, NULL, "LIMITS", OPTION_TEXT, false, FIELD(limits), NULL, NULL },
    { "own-fd", NULL, NULL, NULL, OPTION_NUMBER, false, FIELD(own_descriptor), NULL, NULL },
    { "log-fd", NULL, NULL, NULL, OPTION_NUMBER, false, FIELD(log_descriptor), NULL, NULL },
    { "cache-fd", NULL, NULL, NULL, OPTION_NUMBER, false, FIELD(cache_descriptor), NULL, NULL },
    { "seccomp-fd", NULL, NULL, NULL, OPTION_NUMBER, false, FIELD(seccomp_descriptor), NULL, NULL },
    { "B", NULL, "QEMU_GUEST_BASE", "ADDRESS", OPTION_FUNCTION, false, 0, ignored, "accepted: guest addresses are never shifted" },
    { "R", NULL, "QEMU_RESERVED_VA", "SIZE", OPTION_FUNCTION, false, 0, ignored, "accepted: nothing needs reserving" },
    { "p", NULL, "QEMU_PAGESIZE", "SIZE", OPTION_FUNCTION, false, 0, ignored, "accepted: pages are the host's" },
    { "g", NULL, "QEMU_GDB", "PORT", OPTION_FUNCTION, false, 0, no_debugger, "not in this build" },
    { "version", NULL, "QEMU_VERSION", NULL, OPTION_SWITCH, false, FIELD(version), NULL, "print the version" },
    { "help h", NULL, NULL, NULL, OPTION_SWITCH, false, FIELD(help), NULL, "print this" },
};
#define OPTION_COUNT (sizeof option_rows / sizeof *option_rows)

/* -- parsing ----------------------------------------------------------------------------------------------------------------- */

static bool takes_value(const struct option_row *row)
{
    return row->value || row->kind == OPTION_NUMBER;
}

static const struct option_row *find_row(const char *name, size_t length)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        for (const char *word = option_rows[i].names; *word;) {
            size_t word_length = strcspn(word, " ");
            if (word_length == length && memcmp(word, name, length) == 0)
                return &option_rows[i];
            word += word_length;
            word += *word == ' ';
        }
    return NULL;
}

static bool parse_number(const char *value, uint64_t *number, bool size)
{
    char *end;
    errno = 0;
    *number = strtoull(value, &end, 0);
    if (size && end != value && strchr("kKmMgG", *end) && *end) {
        *number <<= *end == 'k' || *end == 'K' ? 10 : *end == 'm' || *end == 'M' ? 20 : 30;
        end++;
    }
    return end != value && !*end && !errno;
}

static void remember(struct options *options, const struct option_row *row, const char *value)
{
    char **list = realloc(options->inherited, (size_t)(options->inherited_count + 1) * sizeof *list), *text;
    int length = (int)strcspn(row->names, " ");
    if (!list)
        return;
    options->inherited = list;
    int printed = takes_value(row) || (value && row->kind == OPTION_MAYBE) ? asprintf(&text, "--%.*s=%s", length, row->names, value) : asprintf(&text, "--%.*s", length, row->names);
    if (printed >= 0)
        options->inherited[options->inherited_count++] = text;
}

static bool apply(struct options *options, const struct option_row *row, const char *value, const char *origin)
{
    char *field = (char *)options + row->offset;
    uint64_t number = 0;
    bool good = true;
    switch (row->kind) {
    case OPTION_TEXT: *(const char **)field = value; break;
    case OPTION_SWITCH: *(bool *)field = true; break;
    case OPTION_FUNCTION:
    case OPTION_MAYBE: good = row->set(options, value); break;
    case OPTION_NUMBER:
    case OPTION_SIZE:
        good = parse_number(value, &number, row->kind == OPTION_SIZE);
        *(uint64_t *)field = number;
        break;
    }
    if (!good)
        fprintf(stderr, "ferry: %s does not take %s\n", origin, value ? value : "a value");
    else if (row->inherit)
        remember(options, row, value);
    return good;
}

static const char *environment_get(char **environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/* A switch's variable counts when it is set to anything but nothing or 0 (qemu: to anything). */
static bool parse_environment(struct options *options, char **environment)
{
    bool ignore_qemu = environment_get(environment, "FERRY_IGNORE_QEMU_VARIABLES");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        const char *variables[2] = { ignore_qemu ? NULL : row->qemu_variable, row->variable };
        for (int k = 0; k < 2; k++) {
            const char *value = variables[k] ? environment_get(environment, variables[k]) : NULL;
            bool is_switch = !takes_value(row);
            if (value && !(is_switch && k == 1 && (!*value || strcmp(value, "0") == 0)) && !apply(options, row, k == 0 && row->kind == OPTION_MAYBE ? NULL : value, variables[k]))
                return false;
        }
    }
    return true;
}

/* One option at argv[*index]; moves on past its value. */
static bool parse_option(struct options *options, int argc, char **argv, int *index)
{
    const char *text = argv[*index], *name = text + 1 + (text[1] == '-'), *value = NULL;
    size_t length = strcspn(name, "=");
    const struct option_row *row = find_row(name, length);
    if (!row) {
        fprintf(stderr, "ferry: unknown option %s (ferry --help lists them)\n", text);
        return false;
    }
    if (name[length] == '=')
        value = name + length + 1;
    else if (takes_value(row) && *index + 1 < argc)
        value = argv[++*index];
    if (takes_value(row) != (value != NULL) && row->kind != OPTION_MAYBE) {
        fprintf(stderr, takes_value(row) ? "ferry: %s needs a value\n" : "ferry: %s takes no value\n", text);
        return false;
    }
    ++*index;
    return apply(options, row, value, text);
}

bool options_parse(struct options *options, int argc, char **argv, char **environment)
{
    int index = 1;
    memset(options, 0, sizeof *options);
    options->exec_descriptor = options->own_descriptor = options->log_descriptor = options->seccomp_descriptor = options->cache_descriptor = -1;
    options->dump_block = ~0ull;
    options->hot_after = DEFAULT_HOT_AFTER;
    if (!parse_environment(options, environment))
        return false;
    while (index < argc && argv[index][0] == '-' && argv[index][1]) {
        if (strcmp(argv[index], "--") == 0) {
            index++;
            break;
        }
        if (!parse_option(options, argc, argv, &index))
            return false;
    }
    options->argument_count = argc - index;
    options->arguments = argv + index;
    return true;
}

/* -- printing ---------------------------------------------------------------------------------------------------------------- */

void options_help(void)
{
    printf("usage: ferry [options] program [arguments]\nRuns a Linux program that was built for another CPU.\n\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        char left[80] = "";
        size_t used = 0;
        if (!row->help)
            continue;
        for (const char *word = row->names; *word; word += strcspn(word, " "), word += *word == ' ') {
            int length = (int)strcspn(word, " ");
            used += (size_t)snprintf(left + used, sizeof left - used, "%s%s%.*s", used ? ", " : "", length > 1 ? "--" : "-", length, word);
        }
        if (row->value)
            snprintf(left + used, sizeof left - used, " %s", row->value);
        printf("  %-34s %s", left, row->help);
        if (row->variable || row->qemu_variable)
            printf(" [%s%s%s]", row->variable ? row->variable : "", row->variable && row->qemu_variable ? ", " : "", row->qemu_variable ? row->qemu_variable : "");
        putchar('\n');
    }
    printf("\nguests:");
    for (const struct guest_isa *const *isa = guest_isa_list(); *isa; isa++)
        printf(" %s", (*isa)->name);
    printf("\nFERRY_IGNORE_QEMU_VARIABLES=1 makes ferry deaf to QEMU_*.\n");
}

void options_version(void)
{
    printf("ferry version %s\n", FERRY_VERSION);
}

/* -- the guest's environment -------------------------------------------------------------------------------------------------- */

static size_t find_variable(char **list, size_t count, const char *name, size_t length)
{
    size_t i = 0;
    while (i < count && !(strncmp(list[i], name, length) == 0 && list[i][length] == '='))
        i++;
    return i;
}

char **options_environment(const struct options *options, char **environment)
{
    size_t count = 0;
    while (environment[count])
        count++;
    char **list = calloc(count + options->edit_count + 1, sizeof *list);
    if (!list)
        return NULL;
    memcpy(list, environment, count * sizeof *list);
    for (unsigned i = 0; i < options->edit_count; i++) {
        const struct environment_edit *edit = &options->edits[i];
        size_t at = find_variable(list, count, edit->text, strcspn(edit->text, "="));
        if (!edit->unset) {
            list[at] = (char *)edit->text;
            count += at == count;
        } else if (at < count) {
            memmove(&list[at], &list[at + 1], (count - at) * sizeof *list);
            count--;
        }
    }
    list[count] = NULL;
    return list;
}
