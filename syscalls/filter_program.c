/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Classic BPF for seccomp. The rules of a good program are those of the kernel's two checks, for socket filters and for seccomp:
 * known instructions, jumps only forward and inside, no division by a constant zero, shifts below 32, scratch words read only after
 * every path has written them, aligned loads inside struct seccomp_data, a return at the end. tests/fuzz compares with the kernel.
 */
#include "syscalls/filter_program.h"

#include <limits.h>
#include <linux/filter.h>
#include <string.h>

#define DATA_BYTES (FILTER_DATA_WORDS * 4)

enum insn_kind { KIND_BAD, KIND_PLAIN, KIND_NOT_ZERO, KIND_SHIFT, KIND_SCRATCH_READ, KIND_SCRATCH_WRITE, KIND_LOAD, KIND_LENGTH, KIND_JUMP,
                 KIND_BRANCH, KIND_RETURN };

/* BPF_MOD is classic BPF, but not seccomp's. */
static const uint8_t insn_kinds[256] = {
    [BPF_LD | BPF_W | BPF_ABS] = KIND_LOAD,
    [BPF_LD | BPF_W | BPF_LEN] = KIND_LENGTH, [BPF_LDX | BPF_W | BPF_LEN] = KIND_LENGTH,
    [BPF_LD | BPF_IMM] = KIND_PLAIN, [BPF_LDX | BPF_IMM] = KIND_PLAIN,
    [BPF_LD | BPF_MEM] = KIND_SCRATCH_READ, [BPF_LDX | BPF_MEM] = KIND_SCRATCH_READ,
    [BPF_ST] = KIND_SCRATCH_WRITE, [BPF_STX] = KIND_SCRATCH_WRITE,
    [BPF_MISC | BPF_TAX] = KIND_PLAIN, [BPF_MISC | BPF_TXA] = KIND_PLAIN,
    [BPF_ALU | BPF_ADD | BPF_K] = KIND_PLAIN, [BPF_ALU | BPF_ADD | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_SUB | BPF_K] = KIND_PLAIN, [BPF_ALU | BPF_SUB | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_MUL | BPF_K] = KIND_PLAIN, [BPF_ALU | BPF_MUL | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_DIV | BPF_K] = KIND_NOT_ZERO, [BPF_ALU | BPF_DIV | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_AND | BPF_K] = KIND_PLAIN, [BPF_ALU | BPF_AND | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_OR | BPF_K] = KIND_PLAIN, [BPF_ALU | BPF_OR | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_XOR | BPF_K] = KIND_PLAIN, [BPF_ALU | BPF_XOR | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_LSH | BPF_K] = KIND_SHIFT, [BPF_ALU | BPF_LSH | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_RSH | BPF_K] = KIND_SHIFT, [BPF_ALU | BPF_RSH | BPF_X] = KIND_PLAIN,
    [BPF_ALU | BPF_NEG] = KIND_PLAIN,
    [BPF_JMP | BPF_JA] = KIND_JUMP,
    [BPF_JMP | BPF_JEQ | BPF_K] = KIND_BRANCH, [BPF_JMP | BPF_JEQ | BPF_X] = KIND_BRANCH,
    [BPF_JMP | BPF_JGE | BPF_K] = KIND_BRANCH, [BPF_JMP | BPF_JGE | BPF_X] = KIND_BRANCH,
    [BPF_JMP | BPF_JGT | BPF_K] = KIND_BRANCH, [BPF_JMP | BPF_JGT | BPF_X] = KIND_BRANCH,
    [BPF_JMP | BPF_JSET | BPF_K] = KIND_BRANCH, [BPF_JMP | BPF_JSET | BPF_X] = KIND_BRANCH,
    [BPF_RET | BPF_K] = KIND_RETURN, [BPF_RET | BPF_A] = KIND_RETURN,
};

static enum insn_kind kind_of(const struct filter_insn *insn)
{
    return insn->code < sizeof insn_kinds ? insn_kinds[insn->code] : KIND_BAD;
}

/* -- verifying ----------------------------------------------------------------------------------------------------------- */
/* `after`: how many instructions follow this one. */
static bool insn_is_good(const struct filter_insn *insn, unsigned after)
{
    switch (kind_of(insn)) {
    case KIND_NOT_ZERO: return insn->k != 0;
    case KIND_SHIFT: return insn->k < 32;
    case KIND_SCRATCH_READ: case KIND_SCRATCH_WRITE: return insn->k < BPF_MEMWORDS;
    case KIND_LOAD: return insn->k < DATA_BYTES && insn->k % 4 == 0;
    case KIND_JUMP: return insn->k < after;
    case KIND_BRANCH: return insn->if_true < after && insn->if_false < after;
    case KIND_BAD: return false;
    default: return true;
    }
}

/* Which scratch words every path to an instruction has written: what falls through from above, cut by what jumps bring. */
static bool scratch_is_good(const struct filter_insn *insns, unsigned count)
{
    uint16_t brought[FILTER_MAXIMUM_INSNS], written = 0;
    memset(brought, 0xff, count * sizeof *brought);
    for (unsigned i = 0; i < count; i++) {
        const struct filter_insn *insn = &insns[i];
        written &= brought[i];
        switch (kind_of(insn)) {
        case KIND_SCRATCH_WRITE: written |= (uint16_t)(1u << insn->k); break;
        case KIND_SCRATCH_READ:
            if (!(written & 1u << insn->k)) return false;
            break;
        case KIND_JUMP:
            brought[i + 1 + insn->k] &= written;
            written = 0xffff;
            break;
        case KIND_BRANCH:
            brought[i + 1 + insn->if_true] &= written;
            brought[i + 1 + insn->if_false] &= written;
            written = 0xffff;
            break;
        default: break;
        }
    }
    return true;
}

bool filter_verify(struct filter_insn *insns, unsigned count)
{
    if (count == 0 || count > FILTER_MAXIMUM_INSNS) return false;
    for (unsigned i = 0; i < count; i++)
        if (!insn_is_good(&insns[i], count - i - 1)) return false;
    if (kind_of(&insns[count - 1]) != KIND_RETURN || !scratch_is_good(insns, count)) return false;
    for (unsigned i = 0; i < count; i++)
        if (kind_of(&insns[i]) == KIND_LENGTH)
            insns[i] = (struct filter_insn){ .code = BPF_CLASS(insns[i].code) | BPF_IMM, .k = DATA_BYTES };
    return true;
}

/* -- running ------------------------------------------------------------------------------------------------------------- */
uint32_t filter_run(const struct filter_insn *insns, const uint32_t data[FILTER_DATA_WORDS])
{
    uint32_t a = 0, x = 0, scratch[BPF_MEMWORDS];
    for (const struct filter_insn *insn = insns;; insn++) {
        uint32_t k = insn->k;
        switch (insn->code) {
        case BPF_LD | BPF_W | BPF_ABS: a = data[k / 4]; break;
        case BPF_LD | BPF_IMM: a = k; break;
        case BPF_LDX | BPF_IMM: x = k; break;
        case BPF_LD | BPF_MEM: a = scratch[k]; break;
        case BPF_LDX | BPF_MEM: x = scratch[k]; break;
        case BPF_ST: scratch[k] = a; break;
        case BPF_STX: scratch[k] = x; break;
        case BPF_MISC | BPF_TAX: x = a; break;
        case BPF_MISC | BPF_TXA: a = x; break;
        case BPF_ALU | BPF_ADD | BPF_K: a += k; break;
        case BPF_ALU | BPF_ADD | BPF_X: a += x; break;
        case BPF_ALU | BPF_SUB | BPF_K: a -= k; break;
        case BPF_ALU | BPF_SUB | BPF_X: a -= x; break;
        case BPF_ALU | BPF_MUL | BPF_K: a *= k; break;
        case BPF_ALU | BPF_MUL | BPF_X: a *= x; break;
        case BPF_ALU | BPF_DIV | BPF_K: a /= k; break;
        case BPF_ALU | BPF_DIV | BPF_X:
            if (!x) return 0;
            a /= x;
            break;
        case BPF_ALU | BPF_AND | BPF_K: a &= k; break;
        case BPF_ALU | BPF_AND | BPF_X: a &= x; break;
        case BPF_ALU | BPF_OR | BPF_K: a |= k; break;
        case BPF_ALU | BPF_OR | BPF_X: a |= x; break;
        case BPF_ALU | BPF_XOR | BPF_K: a ^= k; break;
        case BPF_ALU | BPF_XOR | BPF_X: a ^= x; break;
        case BPF_ALU | BPF_LSH | BPF_K: a <<= k; break;
        case BPF_ALU | BPF_LSH | BPF_X: a <<= x & 31; break;
        case BPF_ALU | BPF_RSH | BPF_K: a >>= k; break;
        case BPF_ALU | BPF_RSH | BPF_X: a >>= x & 31; break;
        case BPF_ALU | BPF_NEG: a = -a; break;
        case BPF_JMP | BPF_JA: insn += k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: insn += a == k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JEQ | BPF_X: insn += a == x ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JGE | BPF_K: insn += a >= k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JGE | BPF_X: insn += a >= x ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JGT | BPF_K: insn += a > k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JGT | BPF_X: insn += a > x ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JSET | BPF_K: insn += a & k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JSET | BPF_X: insn += a & x ? insn->if_true : insn->if_false; break;
        case BPF_RET | BPF_A: return a;
        default: return k;                 /* BPF_RET | BPF_K */
        }
    }
}

/* Filters that libraries write: loads of known words, comparisons with constants, returns. Anything else depends, as far as this looks. */
bool filter_is_constant(const struct filter_insn *insns, const uint32_t *data, unsigned known, uint32_t *result)
{
    uint32_t a = 0;
    for (const struct filter_insn *insn = insns;; insn++) {
        uint32_t k = insn->k;
        switch (insn->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (k / 4 >= known) return false;
            a = data[k / 4];
            break;
        case BPF_ALU | BPF_AND | BPF_K: a &= k; break;
        case BPF_JMP | BPF_JA: insn += k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: insn += a == k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JGE | BPF_K: insn += a >= k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JGT | BPF_K: insn += a > k ? insn->if_true : insn->if_false; break;
        case BPF_JMP | BPF_JSET | BPF_K: insn += a & k ? insn->if_true : insn->if_false; break;
        case BPF_RET | BPF_K: *result = k; return true;
        default: return false;
        }
    }
}

/* -- the kernel's limit -------------------------------------------------------------------------------------------------- */
/* The kernel counts instructions of its own machine, to which it converts each program (net/core/filter.c, bpf_convert_filter). */
static unsigned kernel_insns(const struct filter_insn *insn)
{
    unsigned constant = BPF_SRC(insn->code) == BPF_K && insn->k > INT_MAX;
    if (kind_of(insn) == KIND_BRANCH) {
        bool inverts = !insn->if_true && BPF_OP(insn->code) != BPF_JSET;
        return constant + (insn->if_false == 0 || inverts ? 1 : 2);
    }
    if (insn->code == (BPF_ALU | BPF_DIV | BPF_X)) return 5;
    return insn->code == (BPF_RET | BPF_K) ? 2 : 1;
}

unsigned filter_kernel_length(const struct filter_insn *insns, unsigned count)
{
    unsigned length = 3;                   /* clears both registers, keeps its argument */
    for (unsigned i = 0; i < count; i++) length += kernel_insns(&insns[i]);
    return length;
}
