/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For the self-checking guest programs of this folder: a failed CHECK prints where and ends with status 1.
 */
#ifndef FERRY_TESTS_MULTI_CHECK_H
#define FERRY_TESTS_MULTI_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                                   \
            exit(1);                                                                                                  \
        }                                                                                                             \
    } while (0)

#endif
