/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * prctl options that belong to a CPU: what Linux says on an arm64 machine without SVE, pointer authentication and tags
 * (Documentation/arch/arm64; abi.tagged_addr_disabled set), and calls that differ because there are no restartable sequences.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <linux/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
#ifdef __aarch64__
    static const int refused[] = { PR_SVE_SET_VL, PR_SVE_GET_VL, PR_SME_SET_VL, PR_SME_GET_VL, PR_PAC_RESET_KEYS, PR_PAC_SET_ENABLED_KEYS,
                                   PR_PAC_GET_ENABLED_KEYS, PR_SET_SYSCALL_USER_DISPATCH };
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++)
        CHECK(syscall(SYS_prctl, refused[i], 0, 0, 0, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_prctl, PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == 0);
    CHECK(syscall(SYS_prctl, PR_GET_TAGGED_ADDR_CTRL, 1, 0, 0, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_prctl, PR_SET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == 0);
    CHECK(syscall(SYS_prctl, PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_prctl, PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 0, 0, 0) == -1 && errno == ENODEV);
    CHECK(syscall(SYS_prctl, PR_SET_SPECULATION_CTRL, PR_SPEC_L1D_FLUSH, PR_SPEC_ENABLE, 0, 0) == -1 && errno == ENODEV);
    CHECK(syscall(SYS_prctl, PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 1, 0, 0) == -1 && errno == EINVAL);
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    CHECK(commands > 0 && !(commands & (MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)));
    CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_rseq, NULL, 32, 0, 0) == -1 && errno == ENOSYS);
#endif
    return 0;
}
