/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * In place of sandbox.c where libseccomp is not there: a sandbox that was asked for and cannot be had is a failure.
 */
#include "usermode/usermode.h"

#include <errno.h>

bool sandbox_enter(void)
{
    errno = ENOSYS;
    return false;
}
