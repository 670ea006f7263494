/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs the one-line cases of the file `cases` (its head describes them), whose code the runner has assembled: 64 bytes a case.
 *   insn HOST CASES CODE                     PASS or FAIL a line
 *   insn HOST CASES CODE record              the cases with the states that this host leaves
 *   insn NAME CASES CODE export FILE         the cases for tests/differential/probe, which another emulator runs,
 *   insn NAME CASES CODE results FILE        and PASS or FAIL for what it found
 */
#include "tests/differential/case.h"

#include "translate/guest/aarch64/cpu.h"
#include "translate/translate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLOT 64
#define MEMORY_WORDS (CASE_MEMORY / 8)
#define MIDDLE_WORD (MEMORY_WORDS / 2)

/* Everything a case can see; compared byte by byte. */
struct state { struct cpu_image cpu; uint64_t memory[MEMORY_WORDS]; uint64_t exit; };
struct one_case { char code[256], before[512], after[512], own[128]; };

enum work { WORK_RUN, WORK_RECORD, WORK_EXPORT, WORK_RESULTS, WORKS };

static struct engine *engine;
static struct vcpu *vcpu;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    if (!engine_handle_fault(vcpu, info, context)) {
        fprintf(stderr, "signal %d outside the guest's code\n", signal);
        _Exit(3);
    }
}

static bool fetch(void *user, guest_addr pc, void *bytes, size_t size)
{
    (void)user;
    if (pc < CODE_ADDRESS || pc + size > CODE_ADDRESS + 4096)
        return false;
    memcpy(bytes, (void *)pc, size);
    return true;
}

static void ignore(void *user, const char *text) { (void)user, (void)text; }

/* -- fields by name ------------------------------------------------------------------------------------------------------- */

static uint64_t value_of(const char *text)
{
    if (strncmp(text, "MEM", 3) == 0)
        return MEMORY_MIDDLE + (text[3] ? strtoll(text + 3, NULL, 0) : 0);
    return strtoull(text, NULL, 0);
}

/* The field of a name, and how many 64-bit words it has; 32-bit fields say 0. NULL: no such name. */
static void *field_of(struct state *s, const char *name, unsigned *words)
{
    char *end;
    unsigned long number = strtoul(name + 1, &end, 10);
    *words = 1;
    if (strcmp(name, "nzcv") == 0) return &s->cpu.nzcv;
    if (strcmp(name, "sp") == 0) return &s->cpu.sp;
    if (strcmp(name, "pc") == 0) return &s->cpu.pc;
    if (strcmp(name, "exit") == 0) return &s->exit;
    *words = 0;
    if (strcmp(name, "fpcr") == 0) return &s->cpu.fpcr;
    if (strcmp(name, "fpsr") == 0) return &s->cpu.fpsr;
    *words = 1;
    if (*end)
        return NULL;
    if (name[0] == 'x' && number < 31) return &s->cpu.x[number];
    if (name[0] == 'm' && number < MEMORY_WORDS - MIDDLE_WORD) return &s->memory[MIDDLE_WORD + number];
    *words = 2;
    return name[0] == 'v' && number < 32 ? s->cpu.v[number] : NULL;
}

static void set_vector(uint64_t v[2], const char *text)
{
    char digits[33];
    size_t length = strlen(text += strncmp(text, "0x", 2) == 0 ? 2 : 0);
    snprintf(digits, sizeof digits, "%.*s%s", (int)(32 - (length < 32 ? length : 32)), "00000000000000000000000000000000", text);
    v[0] = strtoull(digits + 16, NULL, 16);
    digits[16] = 0;
    v[1] = strtoull(digits, NULL, 16);
}

/* "x1=2 nzcv=any": sets fields in `state`; "any" copies from `actual`. */
static bool apply(struct state *state, const char *text, struct state *actual)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *save, *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        unsigned words;
        char *value = strchr(word, '=');
        if (!value)
            return false;
        *value++ = 0;
        void *field = field_of(state, word, &words);
        if (!field)
            return false;
        if (strcmp(value, "any") == 0 && actual) {
            memcpy(field, field_of(actual, word, &words), words ? 8 * words : 4);
        } else if (words == 2) {
            set_vector(field, value);
        } else if (strcmp(word, "nzcv") == 0) {
            *(uint64_t *)field = value_of(value) << 28;
        } else if (words == 1) {
            *(uint64_t *)field = value_of(value);
        } else {
            *(uint32_t *)field = (uint32_t)value_of(value);
        }
    }
    return true;
}

static void print_fields(const struct state *from, const struct state *to)
{
    static const char *const fixed[] = {"sp", "pc", "nzcv", "fpcr", "fpsr", "exit"};
    struct state a = *from, b = *to;
    for (unsigned i = 0; i < 31 + 32 + MEMORY_WORDS - MIDDLE_WORD + 6; i++) {
        char name[8];
        unsigned words;
        if (i < 31) snprintf(name, sizeof name, "x%u", i);
        else if (i < 63) snprintf(name, sizeof name, "v%u", i - 31);
        else if (i < 69) snprintf(name, sizeof name, "%s", fixed[i - 63]);
        else snprintf(name, sizeof name, "m%u", i - 69);
        uint64_t *x = field_of(&a, name, &words), *y = field_of(&b, name, &words);
        if (memcmp(x, y, words ? 8 * words : 4) == 0)
            continue;
        if (words == 2)
            printf(" %s=0x%016llx%016llx", name, (unsigned long long)y[1], (unsigned long long)y[0]);
        else if (words == 0)
            printf(" %s=%#x", name, *(uint32_t *)y);
        else
            printf(" %s=%#llx", name, (unsigned long long)(i == 65 ? *y >> 28 : *y));
    }
    printf("\n");
}

/* -- running -------------------------------------------------------------------------------------------------------------- */

static void initial_state(struct state *s)
{
    uint64_t seed = 1;
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < 31; i++)
        s->cpu.x[i] = 0x1111111111111111ull * (i % 15 + 1);
    for (unsigned i = 0; i < 32; i++)
        s->cpu.v[i][0] = s->cpu.v[i][1] = 0x0101010101010101ull * (i + 1);
    for (unsigned i = 0; i < MEMORY_WORDS; i++)
        s->memory[i] = case_random(&seed);
    s->cpu.sp = MEMORY_MIDDLE;
    s->cpu.pc = CODE_ADDRESS;
    s->exit = VCPU_EXIT_UNDEFINED;
}

static void load_state(const struct state *s)
{
    struct aarch64_cpu *cpu = (struct aarch64_cpu *)vcpu;
    uint32_t nzcv = (uint32_t)s->cpu.nzcv;
    memcpy(cpu->x, s->cpu.x, sizeof cpu->x);
    memcpy(cpu->v, s->cpu.v, sizeof cpu->v);
    cpu->sp = s->cpu.sp;
    vcpu->pc = s->cpu.pc;
    vcpu_write_field(vcpu, AARCH64_FLAGS, &nzcv);
    aarch64_write_fpcr(cpu, s->cpu.fpcr);
    aarch64_write_fpsr(cpu, s->cpu.fpsr);
    memcpy((void *)(MEMORY_ADDRESS + 1024), s->memory, CASE_MEMORY);
}

static void store_state(struct state *s)
{
    struct aarch64_cpu *cpu = (struct aarch64_cpu *)vcpu;
    uint32_t nzcv = 0;
    memset(s, 0, sizeof *s);
    memcpy(s->cpu.x, cpu->x, sizeof cpu->x);
    memcpy(s->cpu.v, cpu->v, sizeof cpu->v);
    s->cpu.sp = cpu->sp;
    s->cpu.pc = vcpu->pc;
    vcpu_read_field(vcpu, AARCH64_FLAGS, &nzcv);
    s->cpu.nzcv = nzcv & 0xf0000000;
    s->cpu.fpcr = cpu->fpcr;
    s->cpu.fpsr = aarch64_read_fpsr(cpu);
    memcpy(s->memory, (void *)(MEMORY_ADDRESS + 1024), CASE_MEMORY);
}

static unsigned code_size(const uint8_t *code)
{
    unsigned size = 0;
    uint32_t insn;
    while (size < SLOT && (memcpy(&insn, code + size, 4), insn))
        size += 4;
    return size;
}

static void run(const uint8_t *code, const struct state *before, struct state *after)
{
    memset((void *)CODE_ADDRESS, 0, 4096);
    memcpy((void *)CODE_ADDRESS, code, code_size(code));
    engine_invalidate(engine, CODE_ADDRESS, CODE_ADDRESS + 4096);
    load_state(before);
    enum vcpu_exit reason;
    do {
        reason = engine_run(vcpu);
    } while (reason == VCPU_EXIT_PENDING || reason == VCPU_EXIT_BARRIER);
    store_state(after);
    after->exit = reason;
}

static bool report(const struct state *expected, const struct state *actual)
{
    if (memcmp(expected, actual, sizeof *expected) == 0)
        return true;
    printf("  expected:");
    print_fields(actual, expected);
    printf("  got:     ");
    print_fields(expected, actual);
    return false;
}

static bool check(const struct one_case *c, const uint8_t *code, bool record)
{
    struct state before, expected, actual;
    initial_state(&before);
    if (!apply(&before, c->before, NULL))
        return printf("  bad state: %s\n", c->before), false;
    run(code, &before, &actual);
    expected = before;
    expected.cpu.pc = CODE_ADDRESS + code_size(code);
    if (record) {
        printf("%s |%s |", c->code, c->before);
        return print_fields(&expected, &actual), true;
    }
    if (!apply(&expected, c->after, &actual))
        return printf("  bad state: %s\n", c->after), false;
    return report(&expected, &actual);
}

/* -- another emulator --------------------------------------------------------------------------------------------------------- */

static bool export_case(const struct one_case *c, const uint8_t *code, FILE *file)
{
    struct state fresh, before;
    struct test_case out = {.magic = CASE_MAGIC, .memory_seed = 1, .count = code_size(code) / 4};
    initial_state(&fresh);
    before = fresh;
    if (!apply(&before, c->before, NULL) || memcmp(before.memory, fresh.memory, sizeof fresh.memory) != 0)
        return false;
    memcpy(out.insns, code, code_size(code));
    out.before = before.cpu;
    return fwrite(&out, sizeof out, 1, file) == 1;
}

static bool check_result(const struct one_case *c, const uint8_t *code, FILE *file)
{
    static const int signal_of[VCPU_EXIT_COUNT] = {[VCPU_EXIT_UNDEFINED] = SIGILL,    [VCPU_EXIT_BREAKPOINT] = SIGTRAP, [VCPU_EXIT_FAULT] = SIGSEGV,
                                                   [VCPU_EXIT_FETCH_FAULT] = SIGSEGV, [VCPU_EXIT_ALIGNMENT] = SIGBUS};
    struct test_result result;
    struct state expected, actual;
    if (fread(&result, sizeof result, 1, file) != 1 || result.magic != CASE_MAGIC)
        return printf("  no result\n"), false;
    memset(&actual, 0, sizeof actual);
    actual.cpu = result.after;
    memcpy(actual.memory, result.memory, sizeof actual.memory);
    initial_state(&expected);
    apply(&expected, c->before, NULL);
    expected.cpu.pc = CODE_ADDRESS + code_size(code);
    apply(&expected, c->after, &actual);
    if (expected.exit < VCPU_EXIT_COUNT)
        expected.exit = (uint64_t)signal_of[expected.exit];
    actual.exit = result.signal;
    return report(&expected, &actual);
}

static void start(const char *host)
{
    const struct guest_isa *const *isa = guest_isa_list();
    while (strcmp((*isa)->name, "aarch64") != 0)
        isa++;
    struct engine_options options = {.host = host, .cache_bytes = 1 << 22, .max_insns = 64, .dump_block = ~0ull, .fetch = fetch, .log = ignore};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    static char stack[65536];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    mmap((void *)CODE_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    mmap((void *)MEMORY_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (!(engine = engine_new(*isa, &options)) || !(vcpu = vcpu_new(engine, NULL))) {
        perror(host);
        exit(2);
    }
}

/* code | before | after, and perhaps | why no other emulator can check it */
static bool parse(char *line, struct one_case *c)
{
    char *part[4] = {line, NULL, NULL, NULL}, *to[4] = {c->code, c->before, c->after, c->own};
    const size_t room[4] = {sizeof c->code, sizeof c->before, sizeof c->after, sizeof c->own};
    for (unsigned i = 1; i < 4 && part[i - 1]; i++)
        if ((part[i] = strchr(part[i - 1], '|')))
            *part[i]++ = 0;
    for (unsigned i = 0; i < 4 && part[i]; i++) {
        size_t length = strlen(part[i]);
        while (length && part[i][length - 1] == ' ')
            length--;
        snprintf(to[i], room[i], "%.*s", (int)length, part[i]);
    }
    return part[2];
}

static enum work work_of(const char *word)
{
    static const char *const words[WORKS] = {[WORK_RECORD] = "record", [WORK_EXPORT] = "export", [WORK_RESULTS] = "results"};
    for (enum work work = WORK_RECORD; work < WORKS; work++)
        if (word && strcmp(word, words[work]) == 0)
            return work;
    return WORK_RUN;
}

static bool do_case(enum work work, const struct one_case *c, const uint8_t *code, FILE *file)
{
    if (work == WORK_EXPORT)
        return export_case(c, code, file);
    return work == WORK_RESULTS ? check_result(c, code, file) : check(c, code, work == WORK_RECORD);
}

int main(int argc, char **argv)
{
    char line[1024];
    static uint8_t code[SLOT];
    enum work work = work_of(argc > 4 ? argv[4] : NULL);
    bool is_own_run = work == WORK_RUN || work == WORK_RECORD;
    if (argc < (is_own_run ? 4 : 6))
        return 2;
    FILE *cases = fopen(argv[2], "r"), *codes = fopen(argv[3], "rb"), *file = is_own_run ? NULL : fopen(argv[5], work == WORK_EXPORT ? "wb" : "rb");
    if (!cases || !codes || (!is_own_run && !file))
        return 2;
    if (is_own_run)
        start(argv[1]);
    for (unsigned number = 1; fgets(line, sizeof line, cases); number++) {
        struct one_case c = {.before = ""};
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || !line[0]) {
            if (work == WORK_RECORD)
                puts(line);
            continue;
        }
        if (!parse(line, &c) || fread(code, 1, SLOT, codes) != SLOT)
            return printf("FAIL insn/%s/line-%u\n", argv[1], number), 2;
        if (c.own[0] && !is_own_run)
            continue;
        bool good = do_case(work, &c, code, file);
        if (work == WORK_RUN || work == WORK_RESULTS || !good)
            printf("%s insn/%s/%u: %s\n", good ? "PASS" : "FAIL", argv[1], number, c.code);
    }
    return file && fclose(file) ? 2 : 0;
}
