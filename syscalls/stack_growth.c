/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How far memory that grows has grown: see the header.
 */
#include "syscalls/stack_growth.h"
#include "syscalls/process.h"

#include <errno.h>
#include <sys/syscall.h>

#define PAGE 4096ull

bool page_is_mapped(guest_addr page)
{
    uint8_t resident;
    return host_call(SYS_mincore, page, PAGE, (uintptr_t)&resident, 0, 0, 0) != -ENOMEM;
}

/* In growing steps down to a page that is not there, then in halves back up. */
guest_addr grown_start(guest_addr start, guest_addr low)
{
    if (start <= low || !page_is_mapped(start - PAGE))
        return start;
    guest_addr known = start - PAGE, step = PAGE, missing;
    for (missing = known; missing > low; step *= 2) {
        missing = known - low > step ? known - step : low;
        if (!page_is_mapped(missing))
            break;
        known = missing;
    }
    while (known - missing > PAGE) {
        guest_addr middle = missing + ((known - missing) / 2 & ~(PAGE - 1));
        if (page_is_mapped(middle))
            known = middle;
        else
            missing = middle;
    }
    return known;
}
