/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Group memory: guest addresses are host addresses here. Each access is one host instruction where the host has one of that
 * width, so it is as atomic as the guest may expect. Everything that may fault is between access_begin and access_end.
 */
#include "translate/host/interpreter/interpreter.h"

typedef uint16_t unaligned16 __attribute__((aligned(1), may_alias));
typedef uint32_t unaligned32 __attribute__((aligned(1), may_alias));
typedef uint64_t unaligned64 __attribute__((aligned(1), may_alias));
typedef uint64_t unaligned128 __attribute__((vector_size(16), aligned(1), may_alias));
typedef unsigned __int128 wide;

static union vector128 read_bytes(const void *from, unsigned size_log2)
{
    union vector128 value = {{0}};
    switch (size_log2) {
    case 0:  value.u64[0] = *(const volatile uint8_t *)from; break;
    case 1:  value.u64[0] = *(const volatile unaligned16 *)from; break;
    case 2:  value.u64[0] = *(const volatile unaligned32 *)from; break;
    case 3:  value.u64[0] = *(const volatile unaligned64 *)from; break;
    default: *(unaligned128 *)&value = *(const volatile unaligned128 *)from;
    }
    return value;
}

static void write_bytes(void *to, unsigned size_log2, const union vector128 *value)
{
    switch (size_log2) {
    case 0:  *(volatile uint8_t *)to = value->u8[0]; break;
    case 1:  *(volatile unaligned16 *)to = value->u16[0]; break;
    case 2:  *(volatile unaligned32 *)to = value->u32[0]; break;
    case 3:  *(volatile unaligned64 *)to = value->u64[0]; break;
    default: *(volatile unaligned128 *)to = *(const unaligned128 *)value;
    }
}

static union vector128 reversed(union vector128 value, unsigned size_log2)
{
    union vector128 result = {{0}};
    unsigned size = 1u << size_log2;
    for (unsigned i = 0; i < size; i++)
        result.u8[i] = value.u8[size - 1 - i];
    return result;
}

static guest_addr address_of(const struct interpreter *in, const struct ir_insn *insn)
{
    uint64_t index = insn->b == IR_NONE ? 0 : integer_of(in, insn->b) << IR_MEM_SCALE(insn->mem);
    return integer_of(in, insn->a) + index + insn->imm;
}

static void *host_address(guest_addr address) { return (void *)(uintptr_t)address; }

/* false: the access breaks its alignment rule and the region is left. */
static bool is_aligned(struct interpreter *in, const struct ir_insn *insn, guest_addr address)
{
    if (!(insn->mem & IR_MEM_ALIGNED) || (address & ones(IR_MEM_SIZE(insn->mem))) == 0)
        return true;
    in->cpu->fault_address = address;
    interpreter_stop(in, VCPU_EXIT_ALIGNMENT, in->insn_pc);
    return false;
}

void interpret_load(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    unsigned size = IR_MEM_SIZE(insn->mem);
    guest_addr address = address_of(in, insn);
    if (!is_aligned(in, insn, address))
        return;
    access_begin(in);
    *result = read_bytes(host_address(address), size);
    access_end(in);
    if (insn->mem & (IR_MEM_ACQUIRE | IR_MEM_SEQUENTIAL))
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (insn->mem & IR_MEM_BIG_ENDIAN)
        *result = reversed(*result, size);
    if (insn->mem & IR_MEM_SIGNED && size < 3)
        result->u64[0] = low_bits((uint64_t)sign_extend_bits(result->u64[0], lane_bits(size)), 8 * ir_type_bytes(insn->type));
}

void interpret_store(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)result;
    unsigned size = IR_MEM_SIZE(insn->mem);
    guest_addr address = address_of(in, insn);
    union vector128 value = *value_of(in, insn->c);
    if (!is_aligned(in, insn, address))
        return;
    if (insn->mem & IR_MEM_BIG_ENDIAN)
        value = reversed(value, size);
    if (insn->mem & (IR_MEM_RELEASE | IR_MEM_SEQUENTIAL))
        __atomic_thread_fence(__ATOMIC_RELEASE);
    access_begin(in);
    write_bytes(host_address(address), size, &value);
    access_end(in);
    if (insn->mem & IR_MEM_SEQUENTIAL)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* -- exclusives ---------------------------------------------------------------------------------------------------- */

void interpret_clear_exclusive(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)insn, (void)result;
    in->cpu->exclusive_address = ~(uint64_t)0;
}

void interpret_load_exclusive(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    guest_addr address = integer_of(in, insn->a);
    if (!is_aligned(in, insn, address))
        return;
    access_begin(in);
    *result = read_bytes(host_address(address), IR_MEM_SIZE(insn->mem));
    access_end(in);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    in->cpu->exclusive_address = address;
    in->cpu->exclusive_value = result->u64[0];
    in->cpu->exclusive_value_high = result->u64[1];
}

/* Compares and swaps; the old value, zero extended. Unaligned ones are atomic as well: the host locks what it must. */
static uint64_t swap_if_equal(void *at, unsigned size_log2, uint64_t expected, uint64_t desired)
{
    switch (size_log2) {
    case 0:  return __sync_val_compare_and_swap((uint8_t *)at, (uint8_t)expected, (uint8_t)desired);
    case 1:  return __sync_val_compare_and_swap((uint16_t *)at, (uint16_t)expected, (uint16_t)desired);
    case 2:  return __sync_val_compare_and_swap((uint32_t *)at, (uint32_t)expected, (uint32_t)desired);
    default: return __sync_val_compare_and_swap((uint64_t *)at, expected, desired);
    }
}

/* The x86-64-v2 baseline has cmpxchg16b; the pair must be aligned, which the guest's rules demand too. */
__attribute__((target("cx16"))) static union vector128 swap_pair_if_equal(void *at, union vector128 expected, union vector128 desired)
{
    wide from = (wide)expected.u64[1] << 64 | expected.u64[0], to = (wide)desired.u64[1] << 64 | desired.u64[0];
    wide old = __sync_val_compare_and_swap((wide *)at, from, to);
    return (union vector128){.u64 = {(uint64_t)old, (uint64_t)(old >> 64)}};
}

static union vector128 swap(struct interpreter *in, guest_addr address, unsigned size_log2, union vector128 expected,
                            union vector128 desired)
{
    union vector128 old = {{0}};
    access_begin(in);
    if (size_log2 == 4)
        old = swap_pair_if_equal(host_address(address), expected, desired);
    else
        old.u64[0] = swap_if_equal(host_address(address), size_log2, expected.u64[0], desired.u64[0]);
    access_end(in);
    return old;
}

void interpret_store_exclusive(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    struct vcpu *cpu = in->cpu;
    unsigned size = IR_MEM_SIZE(insn->mem);
    guest_addr address = integer_of(in, insn->a);
    union vector128 expected = {.u64 = {cpu->exclusive_value, cpu->exclusive_value_high}};
    if (!is_aligned(in, insn, address))
        return;
    result->u64[0] = 1;
    if (cpu->exclusive_address == address) {
        union vector128 old = swap(in, address, size, expected, *value_of(in, insn->b));
        bool stored = low_bits(old.u64[0] ^ expected.u64[0], 8u << size) == 0;
        if (size == 4)
            stored = stored && old.u64[1] == expected.u64[1];
        result->u64[0] = !stored;
    }
    cpu->exclusive_address = ~(uint64_t)0;
}

/* -- atomics -------------------------------------------------------------------------------------------------------- */

static uint64_t combined(enum ir_atomic kind, uint64_t old, uint64_t operand, unsigned bits)
{
    int64_t signed_old = sign_extend_bits(old, bits), signed_operand = sign_extend_bits(operand, bits);
    switch (kind) {
    case ATOMIC_ADD:          return old + operand;
    case ATOMIC_CLEAR:        return old & ~operand;
    case ATOMIC_XOR:          return old ^ operand;
    case ATOMIC_OR:           return old | operand;
    case ATOMIC_AND:          return old & operand;
    case ATOMIC_MAX_SIGNED:   return signed_old > signed_operand ? old : operand;
    case ATOMIC_MIN_SIGNED:   return signed_old < signed_operand ? old : operand;
    case ATOMIC_MAX_UNSIGNED: return old > operand ? old : operand;
    case ATOMIC_MIN_UNSIGNED: return old < operand ? old : operand;
    case ATOMIC_SWAP:         break;
    }
    return operand;
}

void interpret_atomic(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    unsigned size = IR_MEM_SIZE(insn->mem), bits = 8u << size;
    bool swapped = insn->mem & IR_MEM_BIG_ENDIAN;
    guest_addr address = integer_of(in, insn->a);
    uint64_t operand = low_bits(integer_of(in, insn->b), bits), seen, old, desired;
    if (!is_aligned(in, insn, address))
        return;
    access_begin(in);
    do {
        union vector128 raw = read_bytes(host_address(address), size);
        seen = raw.u64[0];
        old = swapped ? reversed(raw, size).u64[0] : seen;
        union vector128 next = {.u64 = {low_bits(combined(insn->cond, old, operand, bits), bits), 0}};
        desired = swapped ? reversed(next, size).u64[0] : next.u64[0];
    } while (swap_if_equal(host_address(address), size, seen, desired) != seen);
    access_end(in);
    result->u64[0] = old;
}

void interpret_compare_and_swap(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    unsigned size = IR_MEM_SIZE(insn->mem);
    guest_addr address = integer_of(in, insn->a);
    union vector128 expected = *value_of(in, insn->b), desired = *value_of(in, insn->c);
    if (!is_aligned(in, insn, address))
        return;
    if (insn->mem & IR_MEM_BIG_ENDIAN) {
        expected = reversed(expected, size);
        desired = reversed(desired, size);
    }
    *result = swap(in, address, size, expected, desired);
    if (insn->mem & IR_MEM_BIG_ENDIAN)
        *result = reversed(*result, size);
}

void interpret_fence(struct interpreter *in, const struct ir_insn *insn, union vector128 *result)
{
    (void)in, (void)result;
    switch (insn->cond) {
    case FENCE_LOAD:  __atomic_thread_fence(__ATOMIC_ACQUIRE); break;
    case FENCE_STORE: __atomic_thread_fence(__ATOMIC_RELEASE); break;
    case FENCE_FULL:  __atomic_thread_fence(__ATOMIC_SEQ_CST); break;
    default:          __atomic_signal_fence(__ATOMIC_SEQ_CST); break;
    }
}
