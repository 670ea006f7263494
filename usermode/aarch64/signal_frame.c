/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signal frames as Linux lays them out on arm64: arch/arm64/include/uapi/asm/{sigcontext,ucontext}.h and the order of
 * arch/arm64/kernel/signal.c. From the stack pointer up: siginfo, ucontext with its records, then a frame record {fp, lr} so
 * that unwinders walk through the handler.
 */
#include "usermode/aarch64/aarch64.h"

#include "syscalls/signals.h"
#include "translate/guest/aarch64/cpu.h"

#include <errno.h>
#include <string.h>

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC 0x45535201u
#define RECORDS_SIZE 4096

struct record { uint32_t magic, size; };
struct fpsimd_record { struct record head; uint32_t fpsr, fpcr; union vector128 v[32]; };
struct esr_record { struct record head; uint64_t esr; };

struct machine_context {
    uint64_t fault_address, x[31], sp, pc, pstate;
    uint8_t records[RECORDS_SIZE] __attribute__((aligned(16)));
};

struct signal_frame {
    uint8_t info[128];
    uint64_t flags, link;
    uint8_t stack[24];
    uint64_t mask;
    uint8_t unused[120];
    struct machine_context machine __attribute__((aligned(16)));
};
_Static_assert(sizeof(struct fpsimd_record) == 528 && sizeof(struct signal_frame) == 4688, "as the kernel has them");
_Static_assert(offsetof(struct signal_frame, machine) == 128 + 176 && offsetof(struct machine_context, records) == 288, "as the kernel has them");

struct frame_record { uint64_t fp, lr; };

/* -- building ---------------------------------------------------------------------------------------------------------- */

static size_t put_records(const struct thread *thread, const struct aarch64_cpu *cpu, uint8_t *records)
{
    struct fpsimd_record fpsimd = { .head = { FPSIMD_MAGIC, sizeof fpsimd }, .fpsr = aarch64_read_fpsr(cpu), .fpcr = cpu->fpcr };
    struct esr_record esr = { { ESR_MAGIC, sizeof esr }, usermode_thread_of(thread)->fault_syndrome };
    struct record end = { 0, 0 };
    size_t used = sizeof fpsimd;
    memcpy(fpsimd.v, cpu->v, sizeof fpsimd.v);
    memcpy(records, &fpsimd, sizeof fpsimd);
    if (esr.esr) {
        memcpy(records + used, &esr, sizeof esr);
        used += sizeof esr;
    }
    memcpy(records + used, &end, sizeof end);
    return used + sizeof end;
}

/* Fills frame; how many of its bytes count. */
static size_t fill_frame(const struct thread *thread, const struct aarch64_cpu *cpu, const siginfo_t *info, uint64_t mask, struct signal_frame *frame)
{
    uint64_t flags = 0;
    memset(frame, 0, offsetof(struct signal_frame, machine.records));
    memcpy(frame->info, info, sizeof frame->info);
    signal_save_altstack(thread, frame->stack);
    frame->mask = mask;
    vcpu_read_field(&cpu->common, GUEST_FIELD_FLAGS, &flags);
    frame->machine.fault_address = usermode_thread_of(thread)->fault_address;
    memcpy(frame->machine.x, cpu->x, sizeof cpu->x);
    frame->machine.sp = cpu->sp;
    frame->machine.pc = cpu->common.pc;
    frame->machine.pstate = flags & 0xf0000000u;
    return offsetof(struct signal_frame, machine.records) + put_records(thread, cpu, frame->machine.records);
}

int aarch64_push_frame(struct thread *thread, const siginfo_t *info, const struct signal_action *action, uint64_t mask)
{
    struct aarch64_cpu *cpu = (struct aarch64_cpu *)thread->cpu;
    struct signal_frame frame;
    guest_addr top = cpu->sp;
    if ((action->flags & SA_ONSTACK) && thread->altstack_size && !signal_on_altstack(thread, top))
        top = thread->altstack_sp + thread->altstack_size;
    guest_addr record_at = (top - sizeof(struct frame_record)) & ~15ull, frame_at = record_at - sizeof frame;
    struct frame_record record = { cpu->x[29], cpu->x[30] };
    size_t size = fill_frame(thread, cpu, info, mask, &frame);
    if (copy_to_guest(thread, record_at, &record, sizeof record) || copy_to_guest(thread, frame_at, &frame, size))
        return -EFAULT;
    if ((uint32_t)thread->altstack_flags & (1u << 31)) {         /* SS_AUTODISARM */
        thread->altstack_sp = thread->altstack_size = 0;
        thread->altstack_flags = SS_DISABLE;
    }
    cpu->x[0] = (uint64_t)info->si_signo;
    if (action->flags & SA_SIGINFO) {
        cpu->x[1] = frame_at + offsetof(struct signal_frame, info);
        cpu->x[2] = frame_at + offsetof(struct signal_frame, flags);
    }
    cpu->x[29] = record_at;
    cpu->x[30] = action->flags & 0x04000000 /* SA_RESTORER */ ? action->restorer : thread->process->signal_trampoline;
    cpu->sp = frame_at;
    cpu->common.pc = action->handler;
    return 0;
}

/* -- returning ----------------------------------------------------------------------------------------------------------- */

/* The FP record; false where the list is malformed or has none. */
static bool find_fpsimd(const uint8_t *records, struct fpsimd_record *fpsimd)
{
    bool found = false;
    for (size_t at = 0; at + sizeof(struct record) <= RECORDS_SIZE;) {
        struct record head;
        memcpy(&head, records + at, sizeof head);
        if (head.magic == 0)
            return head.size == 0 && found;
        if (head.size < sizeof head || head.size % 16 || head.size > RECORDS_SIZE - at)
            return false;
        if (head.magic == FPSIMD_MAGIC) {
            if (found || head.size != sizeof *fpsimd)
                return false;
            memcpy(fpsimd, records + at, sizeof *fpsimd);
            found = true;
        } else if (head.magic != ESR_MAGIC) {
            return false;
        }
        at += head.size;
    }
    return false;
}

static void restore_registers(struct aarch64_cpu *cpu, const struct machine_context *machine, const struct fpsimd_record *fpsimd)
{
    uint64_t flags = machine->pstate & 0xf0000000u;
    memcpy(cpu->x, machine->x, sizeof cpu->x);
    cpu->sp = machine->sp;
    cpu->common.pc = machine->pc;
    vcpu_write_field(&cpu->common, GUEST_FIELD_FLAGS, &flags);
    memcpy(cpu->v, fpsimd->v, sizeof cpu->v);
    aarch64_write_fpcr(cpu, fpsimd->fpcr);
    aarch64_write_fpsr(cpu, fpsimd->fpsr);
    cpu->common.exclusive_address = ~0ull;
}

/* The kernel's valid_user_regs: EL0, AArch64, no interrupt masked. */
static bool user_pstate(uint64_t pstate)
{
    return (pstate & 0x1f) == 0 && (pstate & 0x3c0) == 0;
}

int aarch64_pop_frame(struct thread *thread, bool (*set_mask)(struct thread *thread, uint64_t mask), bool *try_again)
{
    struct aarch64_cpu *cpu = (struct aarch64_cpu *)thread->cpu;
    struct signal_frame frame;
    struct fpsimd_record fpsimd;
    if ((cpu->sp & 15) || copy_from_guest(thread, &frame, cpu->sp, sizeof frame))
        return -EFAULT;
    if (!find_fpsimd(frame.machine.records, &fpsimd) || !user_pstate(frame.machine.pstate))
        return -EINVAL;
    if (!set_mask(thread, frame.mask)) {
        *try_again = true;
        return 0;
    }
    restore_registers(cpu, &frame.machine, &fpsimd);
    signal_restore_altstack(thread, frame.stack, cpu->sp);
    return 0;
}
