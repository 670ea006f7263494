/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tables cannot say about AArch64 Linux: uname's machine and /proc/cpuinfo (arch/arm64/kernel/cpuinfo.c: one block a CPU,
 * features named as the HWCAP bits that the guest has been given).
 */
#include "syscalls/convert.h"
#include "syscalls/text.h"
#include <elf.h>
#include <errno.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const hwcap_names[] = {
    "fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "atomics", "fphp", "asimdhp", "cpuid", "asimdrdm", "jscvt", "fcma",
    "lrcpc", "dcpop", "sha3", "sm3", "sm4", "asimddp", "sha512", "sve", "asimdfhm", "dit", "uscat", "ilrcpc", "flagm", "ssbs", "sb", "paca",
    "pacg",
};
static const char *const hwcap2_names[] = {
    "dcpodp", "sve2", "sveaes", "svepmull", "svebitperm", "svesha3", "svesm4", "flagm2", "frint", "svei8mm", "svef32mm", "svef64mm",
    "svebf16", "i8mm", "bf16", "dgh", "rng", "bti", "mte", "ecv", "afp", "rpres", "mte3",
};

static uint64_t auxiliary_value(struct thread *thread, uint64_t type)
{
    const struct process *process = thread->process;
    uint64_t entry[2];
    for (size_t at = 0; at + sizeof entry <= process->auxv_size; at += sizeof entry) {
        if (copy_from_guest(thread, entry, process->auxv_address + at, sizeof entry)) return 0;
        if (entry[0] == type) return entry[1];
    }
    return 0;
}

static void print_names(struct text *out, uint64_t bits, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (bits >> i & 1) text_print(out, " %s", names[i]);
}

static void cpu_information(struct thread *thread, struct text *out)
{
    uint64_t hwcap = auxiliary_value(thread, AT_HWCAP), hwcap2 = auxiliary_value(thread, AT_HWCAP2);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < count; i++) {
        text_print(out, "processor\t: %ld\nBogoMIPS\t: 100.00\nFeatures\t:", i);
        print_names(out, hwcap, hwcap_names, sizeof hwcap_names / sizeof hwcap_names[0]);
        print_names(out, hwcap2, hwcap2_names, sizeof hwcap2_names / sizeof hwcap2_names[0]);
        text_print(out, "\nCPU implementer\t: 0x00\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0x000\nCPU revision\t: 0\n\n");
    }
}

/* prctl, as on a CPU without SVE, SME, pointer authentication and tags: those are refused like any unknown option. System calls do not
 * take tagged pointers, as where abi.tagged_addr_disabled is set (arch/arm64/kernel/process.c, proton-pack.c). */
static bool process_control(struct thread *thread, const uint64_t *arguments, int64_t *result)
{
    const uint64_t *a = arguments;
    (void)thread;
    switch ((int)a[0]) {
    case PR_GET_TAGGED_ADDR_CTRL: *result = a[1] || a[2] || a[3] || a[4] ? -EINVAL : 0; return true;
    case PR_SET_TAGGED_ADDR_CTRL: *result = a[1] || a[2] || a[3] || a[4] ? -EINVAL : 0; return true;
    case PR_GET_SPECULATION_CTRL: *result = a[2] || a[3] || a[4] ? -EINVAL : -ENODEV; break;
    case PR_SET_SPECULATION_CTRL: *result = a[3] || a[4] ? -EINVAL : -ENODEV; break;
    default: return false;
    }
    if (*result == -ENODEV && a[1] == PR_SPEC_STORE_BYPASS) *result = host_call(SYS_prctl, a[0], a[1], a[2], a[3], a[4], 0);
    return true;
}

const struct abi_functions aarch64_abi_functions = {
    .machine = "aarch64",
    .cpu_information = cpu_information,
    .process_control = process_control,
};
