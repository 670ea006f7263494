/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ferry's own pages that are about to be used, brought by one call for many (Linux 5.14; earlier kernels refuse it), which costs
 * less than a fault for each, above all on virtual machines (docs/performance.md). The start of the process has the like in entry.S.
 */
#include "usermode/usermode.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HEAP_USED (48u << 10)
#define PAGE 4096u

static char *page_down(const char *address)
{
    return (char *)((uintptr_t)address & ~(uintptr_t)(PAGE - 1));
}

void own_memory_start(void)
{
    void *first = malloc(1);
    madvise(page_down(first), HEAP_USED, MADV_POPULATE_WRITE);
    free(first);
}
