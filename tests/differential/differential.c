/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host side of the differential tests:
 *   differential generate SEED CASES FILE [NAME]   CASES of every pattern, and mixed ones; or of patterns whose name has NAME, or of
 *                                                  one kind: blocks, loops, flags
 *   differential compare CASES EXPECTED ACTUAL     bit by bit; prints differences with their instructions; 1 if any
 *   differential coverage CASES                    patterns exercised; 1 if one is missing
 */
#include "differential.h"

#define MAX_REPORTS 40

static void *read_file(const char *name, size_t item, size_t *count)
{
    FILE *in = fopen(name, "rb");
    if (!in) {
        perror(name);
        exit(2);
    }
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    void *data = malloc((size_t)size + 1);
    if (!data || fread(data, 1, (size_t)size, in) != (size_t)size)
        exit(2);
    fclose(in);
    *count = (size_t)size / item;
    return data;
}

static void print_difference(const char *what, int index, const void *expected, const void *actual, size_t size)
{
    const uint8_t *e = expected, *a = actual;
    printf("      %s", what);
    if (index >= 0)
        printf("%d", index);
    printf(" expected ");
    for (size_t i = size; i-- > 0;)
        printf("%02x", e[i]);
    printf(" got ");
    for (size_t i = size; i-- > 0;)
        printf("%02x", a[i]);
    printf("\n");
}

static const char *name_of(const struct test_case *c)
{
    static const char *const kinds[CASE_KINDS] = {"", "block", "loop", "flags"};
    return c->kind == CASE_PATTERN ? aarch64_patterns.patterns[c->pattern].name : kinds[c->kind];
}

static void print_inputs(const struct test_case *c)
{
    uint32_t integers = 0, vectors = 0;
    for (unsigned i = 0; i < c->count; i++) {
        const struct pattern *p = pattern_of(c->insns[i]);
        bool is_integer = p && (is_memory(p) || strstr(p->group, "integer") || strstr(p->group, "branch") || strstr(p->group, "system"));
        for (unsigned k = 0; p && k < p->argument_count; k++) {
            const struct pattern_argument *a = argument_at(p, k);
            if (a->name[0] != 'r' || a->piece_count != 1 || a->pieces[0].width != 5)
                continue;
            unsigned number = (unsigned)pattern_argument_value(a, c->insns[i]);
            integers |= 1u << number;
            vectors |= is_integer ? 0 : 1u << number;
        }
    }
    for (unsigned i = 0; i < 31; i++)
        if (integers >> i & 1)
            printf("      x%u was %016llx\n", i, (unsigned long long)c->before.x[i]);
    for (unsigned i = 0; i < 32; i++)
        if (vectors >> i & 1)
            printf("      v%u was %016llx%016llx\n", i, (unsigned long long)c->before.v[i][1], (unsigned long long)c->before.v[i][0]);
}

static void explain(const struct test_case *c, const struct test_result *e, const struct test_result *a)
{
    printf("  %s\n", name_of(c));
    for (unsigned i = 0; i < c->count; i++) {
        char text[128] = "?";
        pattern_disassemble(&aarch64_patterns, CODE_ADDRESS + 4 * i, c->insns[i], text, sizeof text);
        printf("    %08x  %s\n", c->insns[i], text);
    }
    printf("    fpcr %08x fpsr %08x nzcv %x\n", c->before.fpcr, c->before.fpsr, (unsigned)(c->before.nzcv >> 28));
#define DIFFERENCE(what, field) if (memcmp(&e->field, &a->field, sizeof e->field)) print_difference(what, -1, &e->field, &a->field, sizeof e->field)
    DIFFERENCE("signal", signal);
    DIFFERENCE("code", code);
    DIFFERENCE("address", fault_address);
    DIFFERENCE("pc", after.pc);
    DIFFERENCE("sp", after.sp);
    DIFFERENCE("nzcv", after.nzcv);
    DIFFERENCE("fpcr", after.fpcr);
    DIFFERENCE("fpsr", after.fpsr);
    for (int i = 0; i < 31; i++)
        if (e->after.x[i] != a->after.x[i])
            print_difference("x", i, &e->after.x[i], &a->after.x[i], 8);
    for (int i = 0; i < 32; i++)
        if (memcmp(e->after.v[i], a->after.v[i], 16))
            print_difference("v", i, e->after.v[i], a->after.v[i], 16);
    for (int i = 0; i < CASE_MEMORY; i += 8)
        if (memcmp(e->memory + i, a->memory + i, 8))
            print_difference("memory+", i, e->memory + i, a->memory + i, 8);
    print_inputs(c);
}

static int compare(const char *cases_file, const char *expected_file, const char *actual_file)
{
    size_t count, expected_count, actual_count;
    struct test_case *cases = read_file(cases_file, sizeof *cases, &count);
    struct test_result *expected = read_file(expected_file, sizeof *expected, &expected_count);
    struct test_result *actual = read_file(actual_file, sizeof *actual, &actual_count);
    if (expected_count != count || actual_count != count || count == 0) {
        printf("  %zu cases, %zu expected results, %zu actual results\n", count, expected_count, actual_count);
        return 1;
    }
    size_t different = 0, reports = 0, forgiven = 0;
    const char *last = "";
    for (size_t i = 0; i < count; i++) {
        forgiven += forgive(&cases[i], &expected[i], &actual[i]);
        if (memcmp(&expected[i], &actual[i], sizeof *expected) == 0)
            continue;
        different++;
        if ((cases[i].kind || strcmp(last, name_of(&cases[i])) != 0) && reports++ < MAX_REPORTS)
            explain(&cases[i], &expected[i], &actual[i]);
        last = name_of(&cases[i]);
    }
    printf("  %zu of %zu cases differ; %zu have a known difference\n", different, count, forgiven);
    return different != 0;
}

static int coverage(const char *cases_file)
{
    size_t count;
    struct test_case *cases = read_file(cases_file, sizeof *cases, &count);
    unsigned *seen = calloc(aarch64_patterns.count, sizeof *seen), covered = 0, elsewhere = 0, missing = 0, kinds[CASE_KINDS] = {0};
    for (size_t i = 0; i < count; i++) {
        kinds[cases[i].kind]++;
        if (cases[i].kind == CASE_PATTERN)
            seen[cases[i].pattern]++;
    }
    for (unsigned i = 0; i < aarch64_patterns.count; i++) {
        const struct pattern *p = &aarch64_patterns.patterns[i];
        if (seen[i]) {
            covered++;
        } else if (is_machine_register(p) || strcmp(p->name, "svc") == 0) {
            elsewhere++;                        /* tests/aarch64/insn, tests/multi */
        } else {
            missing++;
            printf("  not exercised: %s\n", p->name);
        }
    }
    printf("  %zu cases (%u blocks, %u loops, %u of flags); %u of %u patterns exercised, %u by other suites\n", count, kinds[CASE_BLOCK],
           kinds[CASE_LOOP], kinds[CASE_FLAGS], covered, aarch64_patterns.count, elsewhere);
    return missing != 0;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "generate") == 0)
        return generate(strtoull(argv[2], NULL, 0), (unsigned)atoi(argv[3]), argv[4], argc > 5 ? argv[5] : NULL);
    if (argc == 5 && strcmp(argv[1], "compare") == 0)
        return compare(argv[2], argv[3], argv[4]);
    if (argc == 3 && strcmp(argv[1], "coverage") == 0)
        return coverage(argv[2]);
    fprintf(stderr, "usage: differential generate SEED CASES FILE [NAME] | compare CASES EXPECTED ACTUAL | coverage CASES\n");
    return 2;
}
