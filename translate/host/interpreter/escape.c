/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Out of a faulting guest access, back to run(): the signal handler's return is made to continue in a function that jumps.
 * The handler returns first, so that the kernel restores the signal mask. x86-64 layout of ucontext_t; another build machine
 * needs another version of this file.
 */
#include "translate/host/interpreter/interpreter.h"

#include <ucontext.h>

enum { RED_ZONE = 128, PAGE_FAULT_WRITE = 2 };

static void escape_now(struct interpreter *in)
{
    in->in_access = false;
    siglongjmp(in->escape, 1);
}

void escape_arrange(void *ucontext, struct interpreter *in)
{
    greg_t *registers = ((ucontext_t *)ucontext)->uc_mcontext.gregs;
    registers[REG_RIP] = (greg_t)(uintptr_t)escape_now;
    registers[REG_RDI] = (greg_t)(uintptr_t)in;
    /* As at a function's entry: 8 below a multiple of 16, below the red zone of what was interrupted. */
    registers[REG_RSP] = ((registers[REG_RSP] - RED_ZONE) & ~(greg_t)15) - 8;
    registers[REG_EFL] &= ~(greg_t)0x400;  /* the direction flag */
}

bool escape_fault_is_write(const void *ucontext)
{
    return ((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_ERR] & PAGE_FAULT_WRITE;
}
