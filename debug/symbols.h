/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names of guest code, for traces and perf maps: the symbol tables of the files that are mapped.
 */
#ifndef FERRY_DEBUG_SYMBOLS_H
#define FERRY_DEBUG_SYMBOLS_H

#include "translate/vcpu.h"

struct symbols;
struct symbols *symbols_new(void);
/* The function that holds pc and its start, or NULL. The text lives as long as the process. Thread-safe. */
const char *symbols_find(struct symbols *symbols, guest_addr pc, guest_addr *start);

/* perf's /tmp/perf-PID.map: one line for each block of host code, named after its guest function (perf_map.c). */
struct perf_map;
struct perf_map *perf_map_new(void);
void perf_map_add(struct perf_map *map, const void *code, size_t size, guest_addr pc, const char *function, guest_addr function_start);

#endif
