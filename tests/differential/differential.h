/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The parts of the differential tests' host side: values.c (random states), generate.c (cases), forgive.c (known differences of
 * the other emulator), differential.c (comparing, coverage, options).
 */
#ifndef FERRY_TESTS_DIFFERENTIAL_DIFFERENTIAL_H
#define FERRY_TESTS_DIFFERENTIAL_DIFFERENTIAL_H

#include "case.h"

#include "translate/guest/aarch64/aarch64.h"
#include "translate/guest/patterns.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t random_integer(uint64_t *seed);
void random_state(uint64_t *seed, struct cpu_image *state);

int generate(uint64_t seed, unsigned cases, const char *file, const char *name);
bool is_memory(const struct pattern *p);
/* Its value is the machine's own, so there is nothing to compare: tests/aarch64/insn has it. */
bool is_machine_register(const struct pattern *p);
const struct pattern_argument *argument(const struct pattern *p, const char *name);
static inline const struct pattern_argument *argument_at(const struct pattern *p, unsigned i)
{
    return &pattern_arguments(&aarch64_patterns, p)[i];
}

/* Makes both sides alike in what is known to differ, and nothing else. Returns whether it had to. */
bool forgive(const struct test_case *c, struct test_result *expected, struct test_result *actual);

/* The pattern that decodes insn, or NULL. */
static inline const struct pattern *pattern_of(uint32_t insn)
{
    int found = pattern_find(&aarch64_patterns, insn);
    return found < 0 ? NULL : &aarch64_patterns.patterns[found];
}

#endif
