/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter host by itself, on regions written as text for a made-up guest: values and state, exits and chaining,
 * traps, faults recovered in a signal handler.
 */
#include "common/arena.h"
#include "translate/host/host.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct test_cpu {
    struct vcpu common;
    uint64_t x[4];
    union vector128 v[4];
};
static const struct guest_field fields[] = {
    {"nzcv", offsetof(struct vcpu, flags), IR_FLAGS},
    {"x0", offsetof(struct test_cpu, x[0]), IR_I64}, {"x1", offsetof(struct test_cpu, x[1]), IR_I64},
    {"x2", offsetof(struct test_cpu, x[2]), IR_I64}, {"x3", offsetof(struct test_cpu, x[3]), IR_I64},
    {"v0", offsetof(struct test_cpu, v[0]), IR_V128}, {"v1", offsetof(struct test_cpu, v[1]), IR_V128},
    {"v2", offsetof(struct test_cpu, v[2]), IR_V128}, {"v3", offsetof(struct test_cpu, v[3]), IR_V128},
};
static uint64_t add_three(struct vcpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t extra)
{
    cpu->helper_result = cpu->helper_vector[1];
    return a + b + c + extra;
}
static const struct guest_helper helpers[] = {{"add_three", add_three, HELPER_PURE}};
static vcpu_helper *const helper_functions[] = {add_three};
static const struct guest_isa isa = {
    .name = "test", .cpu_size = sizeof(struct test_cpu), .fields = fields, .field_count = sizeof fields / sizeof fields[0],
    .helpers = helpers, .helper_count = 1,
};

static struct test_cpu cpu;
static struct vcpu_lookup_entry lookup_table[VCPU_LOOKUP_ENTRIES];
static uint8_t space[4][16384] __attribute__((aligned(16)));
static guest_addr region_pc[4];
static unsigned region_count;

static void add_region(const char *text)
{
    char error[256] = "";
    struct arena *arena = arena_new(1 << 20);
    struct ir_region *region = ir_parse(arena, &isa, text, error, sizeof error);
    cr_assert(region != NULL, "%s", error);
    struct host_code code;
    cr_assert(host_interpreter.compile(region, space[region_count], sizeof space[0], &code));
    region_pc[region_count++] = region->pc;
    arena_free(arena);
}

/* The engine's part: regions by pc. */
static const void *find(guest_addr pc)
{
    for (unsigned i = 0; i < region_count; i++)
        if (region_pc[i] == pc)
            return space[i];
    return NULL;
}

static void run(guest_addr pc)
{
    cpu.common.lookup = lookup_table;
    cpu.common.helpers = helper_functions;
    cpu.common.exclusive_address = ~(uint64_t)0;
    for (unsigned i = 0; i < region_count; i++)
        lookup_table[(region_pc[i] >> 2) % VCPU_LOOKUP_ENTRIES] = (struct vcpu_lookup_entry){region_pc[i], find(region_pc[i])};
    host_interpreter.run(&cpu.common, find(pc));
}

Test(interpreter, values_and_state)
{
    cpu.x[0] = 0xffffffff00000005;
    cpu.x[1] = 7;
    cpu.common.flags = 1 << 8;            /* C */
    add_region("region 0x1000 isa test end 0x1008\n"
               "block 0x1000\n"
               "insn_start 0x1000\n"
               "%1 = get i64 x0\n"
               "%2 = get i64 x1\n"
               "%3 = truncate i32 %1\n"
               "%4 = truncate i32 %2\n"
               "%5 = sub i32 %3, %4\n"
               "%6 = zero_extend.32 i64 %5\n"
               "put x2, %6\n"
               "%8 = get flags nzcv\n"
               "%9 = add_carry i64 %1, %2, %8\n"
               "put x3, %9\n"
               "%11 = flags_sub i32 %3, %4\n"
               "put nzcv, %11\n"
               "%13 = helper i64 add_three, %1, _, %2, extra 0x3\n"
               "put x1, %13\n"
               "trap syscall, imm 0x42\n");
    run(0x1000);
    cr_assert(cpu.x[2] == 0xfffffffe);
    cr_assert(cpu.x[3] == 0xffffffff0000000d);
    cr_assert(cpu.x[1] == 0xffffffff0000000f);
    cr_assert(cpu.common.flags == 1 << 15, "flags %x", cpu.common.flags);
    cr_assert(cpu.common.exit_reason == VCPU_EXIT_SYSCALL && cpu.common.trap_payload == 0x42);
    cr_assert(cpu.common.pc == 0x1008);
}

Test(interpreter, chaining_stops_at_traps)
{
    cpu.x[0] = 5;
    add_region("region 0x1000 isa test end 0x1008\n"
               "block 0x1000\n"
               "insn_start 0x1000\n"
               "%1 = get i64 x0\n"
               "%2 = constant i64 0x1\n"
               "%3 = sub i64 %1, %2\n"
               "put x0, %3\n"
               "%5 = flags_sub i64 %1, %2\n"
               "insn_start 0x1004\n"
               "exit_if ne %5 -> 0x1000\n"
               "jump -> 0x2000\n");
    add_region("region 0x2000 isa test end 0x2004\n"
               "block 0x2000\n"
               "insn_start 0x2000\n"
               "trap undefined, imm 0x99\n");
    run(0x1000);
    cr_assert(cpu.x[0] == 0);
    cr_assert(cpu.common.exit_reason == VCPU_EXIT_UNDEFINED && cpu.common.pc == 0x2000);
}

static volatile sig_atomic_t fault_was_write;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    struct host_fault fault = {context, info};
    if (!host_interpreter.fault_pc(&cpu.common, &fault))
        _Exit(99);
    fault_was_write = host_interpreter.fault_is_write(&fault);
    cpu.common.exit_reason = VCPU_EXIT_FAULT;
    host_interpreter.recover(&cpu.common, NULL, NULL, &fault);
}

Test(interpreter, faults_leave_the_state_before_the_instruction)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + 4096, 4096, PROT_NONE);
    memcpy(pages + 4088, "\x80\x01\x02\x03\x04\x05\x06\x07", 8);
    cpu.x[0] = (uint64_t)(uintptr_t)pages + 4088;
    cpu.x[1] = 1;
    add_region("region 0x1000 isa test end 0x100c\n"
               "block 0x1000\n"
               "insn_start 0x1000\n"
               "%1 = get i64 x0\n"
               "%2 = load i64 size 1 signed [%1]\n"
               "put x2, %2\n"
               "insn_start 0x1004\n"
               "%5 = get i64 x1\n"
               "%6 = load i64 size 8 big_endian [%1 + %5 << 3 - 0x8]\n"
               "put x3, %6\n"
               "insn_start 0x1008\n"
               "store i64 size 8 [%1 + 0x1], %5\n"
               "put x1, %2\n"
               "jump -> 0x3000\n");
    for (int i = 0; i < 2; i++) {         /* twice: the signal mask is as before */
        run(0x1000);
        cr_assert(cpu.x[2] == 0xffffffffffffff80);
        cr_assert(cpu.x[3] == 0x8001020304050607);
        cr_assert(cpu.x[1] == 1);
        cr_assert(cpu.common.exit_reason == VCPU_EXIT_FAULT && cpu.common.pc == 0x1008);
        cr_assert(fault_was_write);
    }
}

Test(interpreter, exclusives_and_atomics)
{
    static uint64_t word = 10;
    cpu.x[0] = (uint64_t)(uintptr_t)&word;
    add_region("region 0x1000 isa test end 0x1004\n"
               "block 0x1000\n"
               "insn_start 0x1000\n"
               "%1 = get i64 x0\n"
               "%2 = load_exclusive i64 size 8 [%1]\n"
               "%3 = add i64 %2, %2\n"
               "%4 = store_exclusive i64 size 8 [%1], %3\n"
               "%5 = store_exclusive i64 size 8 [%1], %2\n"
               "%6 = zero_extend.32 i64 %4\n"
               "%7 = zero_extend.32 i64 %5\n"
               "put x1, %6\n"
               "put x2, %7\n"
               "%10 = atomic i64 max_unsigned size 4 [%1], %2\n"
               "put x3, %10\n"
               "trap breakpoint\n");
    run(0x1000);
    cr_assert(cpu.x[1] == 0 && cpu.x[2] == 1 && cpu.x[3] == 20 && word == 20);
    cr_assert(cpu.common.exit_reason == VCPU_EXIT_BREAKPOINT && cpu.common.pc == 0x1000);
}

Test(interpreter, floats_and_vectors)
{
    cpu.common.host_fp_control = 0x1f80;
    cpu.v[0] = (union vector128){.u32 = {0x3f800000, 0x40000000, 0, 0x7f800000}};     /* 1 2 0 inf */
    cpu.v[1] = (union vector128){.u32 = {0x40400000, 0x40400000, 0x80000000, 0}};     /* 3 3 -0 0 */
    add_region("region 0x1000 isa test end 0x1004\n"
               "block 0x1000\n"
               "insn_start 0x1000\n"
               "%1 = get v128 v0\n"
               "%2 = get v128 v1\n"
               "%3 = vector_float_mul.32 v128 %1, %2\n"
               "put v2, %3\n"
               "%5 = vector_zip_high.16 v128 %1, %2\n"
               "put v3, %5\n"
               "%7 = float_from_vector f32 %1\n"
               "%8 = float_convert.32 f64 %7\n"
               "%9 = float_to_bits i64 %8\n"
               "put x0, %9\n"
               "trap breakpoint\n");
    run(0x1000);
    cr_assert(cpu.v[2].u32[0] == 0x40400000 && cpu.v[2].u32[1] == 0x40c00000 && cpu.v[2].u32[2] == 0x80000000 && cpu.v[2].u32[3] == 0x7fc00000);
    cr_assert(cpu.common.fp_sticky == 1, "sticky %x", cpu.common.fp_sticky);
    cr_assert(cpu.v[3].u16[0] == 0 && cpu.v[3].u16[3] == 0x8000 && cpu.v[3].u16[6] == 0x7f80 && cpu.v[3].u16[7] == 0);
    cr_assert(cpu.x[0] == 0x3ff0000000000000);
}
