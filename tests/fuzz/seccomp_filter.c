/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sources: syscalls/filter_program.c
 *
 * Seccomp filters: what is good, and what it computes, compared with the kernel. Good: a task that has a listener gets EBUSY for a good
 * filter that wants another one, so nothing is ever installed. Computed: as a socket's filter, which sees the data as a packet in network
 * order; every return is changed to tell whether it returns what ferry computed.
 */
#include "syscalls/filter_program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEEP 0xffffffffu
#define TAIL 3

_Static_assert(sizeof(struct filter_insn) == sizeof(struct sock_filter), "the same layout");

static int sockets[2];

static void fail(const char *what, const struct filter_insn *insns, unsigned count)
{
    fprintf(stderr, "seccomp filter: %s\n", what);
    for (unsigned i = 0; i < count; i++) fprintf(stderr, "%4u: %#06x %3u %3u %#x\n", i, insns[i].code, insns[i].if_true, insns[i].if_false, insns[i].k);
    abort();
}

static long try_listener(struct sock_filter *insns, unsigned count)
{
    struct sock_fprog program = { (unsigned short)count, insns };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    (void)argc, (void)argv;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || try_listener(&allow, 1) < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets)) {
        perror("the kernel cannot be asked");
        exit(77);
    }
    return 0;
}

/* -- a program of the input's bytes -------------------------------------------------------------------------------------- */
static const uint16_t likely_codes[] = {
    BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
    BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_ST, BPF_STX, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA, BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K, BPF_ALU | BPF_SUB | BPF_X, BPF_ALU | BPF_MUL | BPF_K, BPF_ALU | BPF_MUL | BPF_X, BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X, BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_AND | BPF_X, BPF_ALU | BPF_OR | BPF_K, BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K, BPF_ALU | BPF_XOR | BPF_X, BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_LSH | BPF_X, BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X, BPF_ALU | BPF_NEG, BPF_ALU | BPF_MOD | BPF_K, BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JGE | BPF_X, BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGT | BPF_X, BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X, BPF_RET | BPF_K, BPF_RET | BPF_A,
};

/* Eight bytes an instruction. The second byte says how far the others are bent towards what is good; 0: not at all. */
static struct filter_insn decode(const uint8_t *bytes, unsigned after, const uint32_t data[FILTER_DATA_WORDS])
{
    static const uint32_t limits[] = { 0, 1, 15, 16, 31, 32, 33, 60, 61, 63, 64, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff };
    struct filter_insn insn;
    memcpy(&insn, bytes, sizeof insn);
    unsigned bend = bytes[1];
    if (bend & 1) insn.code = likely_codes[bytes[0] % (sizeof likely_codes / sizeof likely_codes[0])];
    if (bend & 2) insn.k = BPF_CLASS(insn.code) == BPF_LD && BPF_MODE(insn.code) == BPF_ABS ? insn.k % 16 * 4 : insn.k % 17;
    if (bend & 16) insn.k = limits[bytes[7] % (sizeof limits / sizeof limits[0])];
    if (bend & 32 && BPF_CLASS(insn.code) != BPF_LD) insn.k = data[bytes[7] % FILTER_DATA_WORDS];
    if (bend & 4 && after) insn.if_true %= after, insn.if_false %= after;
    if (bend & 8 && insn.code == (BPF_JMP | BPF_JA) && after) insn.k %= after;
    return insn;
}

static unsigned decode_program(const uint8_t *bytes, size_t size, uint32_t data[FILTER_DATA_WORDS], struct filter_insn *insns)
{
    if (size < FILTER_DATA_WORDS * 4 + 8) return 0;
    memcpy(data, bytes, FILTER_DATA_WORDS * 4);
    unsigned count = (unsigned)((size - FILTER_DATA_WORDS * 4) / 8);
    if (count > FILTER_MAXIMUM_INSNS - TAIL) count = FILTER_MAXIMUM_INSNS - TAIL;
    for (unsigned i = 0; i < count; i++) insns[i] = decode(bytes + FILTER_DATA_WORDS * 4 + 8 * i, count - i - 1, data);
    if (bytes[size - 1] & 1) insns[count - 1].code = bytes[size - 1] & 2 ? BPF_RET | BPF_A : BPF_RET | BPF_K;
    return count;
}

/* -- what the kernel says ------------------------------------------------------------------------------------------------ */
static bool kernel_accepts(const struct filter_insn *insns, unsigned count)
{
    static struct sock_filter copy[FILTER_MAXIMUM_INSNS];
    memcpy(copy, insns, count * sizeof *copy);
    if (try_listener(copy, count) >= 0) fail("a filter was set", insns, count);
    if (errno != EBUSY && errno != EINVAL) fail(strerror(errno), insns, count);
    return errno == EBUSY;
}

/* A division by X = 0 drops the packet as it makes the filter return 0; so for 0 the packet is to be dropped, else to be kept. */
static bool kernel_computes(const struct filter_insn *insns, unsigned count, const uint32_t data[FILTER_DATA_WORDS], uint32_t result)
{
    static struct sock_filter copy[FILTER_MAXIMUM_INSNS];
    uint32_t packet[FILTER_DATA_WORDS], equal = result ? KEEP : 0, other = result ? 0 : KEEP;
    struct sock_fprog program = { (unsigned short)(count + TAIL), copy };
    memcpy(copy, insns, count * sizeof *copy);
    for (unsigned i = 0; i < count; i++) {
        if (copy[i].code == (BPF_RET | BPF_K)) copy[i].k = copy[i].k == result ? equal : other;
        if (copy[i].code == (BPF_RET | BPF_A)) copy[i] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, count - i - 1);
    }
    copy[count] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, result, 0, 1);
    copy[count + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, equal);
    copy[count + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, other);
    for (unsigned i = 0; i < FILTER_DATA_WORDS; i++) packet[i] = htonl(data[i]);
    if (setsockopt(sockets[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)) {
        if (errno == ENOMEM) return true;      /* the socket's share of memory */
        fail("no socket filter", insns, count);
    }
    if (send(sockets[1], packet, sizeof packet, 0) != sizeof packet) fail("no packet", insns, count);
    bool kept = recv(sockets[0], packet, sizeof packet, MSG_DONTWAIT) == sizeof packet;
    return kept == (result != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct filter_insn insns[FILTER_MAXIMUM_INSNS], changed[FILTER_MAXIMUM_INSNS];
    uint32_t data[FILTER_DATA_WORDS], constant;
    unsigned count = decode_program(bytes, size, data, insns);
    if (!count) return 0;
    memcpy(changed, insns, count * sizeof *changed);
    bool good = filter_verify(changed, count);
    if (good != kernel_accepts(insns, count)) fail(good ? "the kernel refuses it" : "the kernel accepts it", insns, count);
    if (!good) return 0;
    if (!filter_verify(changed, count)) fail("not good any more", changed, count);
    uint32_t result = filter_run(changed, data);
    for (unsigned known = 0; known <= FILTER_DATA_WORDS; known += 2)
        if (filter_is_constant(changed, data, known, &constant) && constant != result) fail("not constant", changed, count);
    if (!kernel_computes(insns, count, data, result)) fail("the kernel computes something else", insns, count);
    if (filter_kernel_length(changed, count) < count) fail("too short", changed, count);
    return 0;
}
