/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The x86-64 assembler against binutils: each line below is one instruction and what objdump must read back. Operand shapes
 * with encodings of their own (rsp and r12 as base, rbp and r13 without displacement, byte registers, absolute
 * addresses, prefixes) appear at least once for each group of instructions.
 */
#include "translate/host/x86_64/assembler.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BASE(reg, displacement) operand_mem(reg, displacement)
#define REGISTER(reg) operand_reg(reg)
#define INDEX(base, index, scale, displacement) operand_index(base, index, scale, displacement)

static struct operand with_gs(struct operand rm)
{
    rm.gs = rm.address32 = true;
    return rm;
}

/* X(call without its first argument, objdump's text with single spaces) */
#define CASES(X)                                                                                        \
    X(alu(as, ALU_ADD, 8, RAX, REGISTER(RCX)), "add rax,rcx")                                           \
    X(alu(as, ALU_SUB, 4, R9, BASE(RSP, 0)), "sub r9d,DWORD PTR [rsp]")                                 \
    X(alu(as, ALU_CMP, 8, RDX, BASE(R12, 8)), "cmp rdx,QWORD PTR [r12+0x8]")                            \
    X(alu(as, ALU_XOR, 2, RBX, BASE(RBP, 0)), "xor bx,WORD PTR [rbp+0x0]")                              \
    X(alu(as, ALU_AND, 1, RSI, BASE(R13, 0)), "and sil,BYTE PTR [r13+0x0]")                             \
    X(alu(as, ALU_OR, 1, RAX, REGISTER(RDI)), "or al,dil")                                              \
    X(alu(as, ALU_ADC, 8, R15, INDEX(R13, R12, 3, 0x1234)), "adc r15,QWORD PTR [r13+r12*8+0x1234]")     \
    X(alu_store(as, ALU_SBB, 8, BASE(RAX, -128), R8), "sbb QWORD PTR [rax-0x80],r8")                    \
    X(alu_store(as, ALU_ADD, 1, BASE(RAX, -129), RSI), "add BYTE PTR [rax-0x81],sil")                   \
    X(alu_imm(as, ALU_ADD, 8, REGISTER(RAX), 0x12345), "add rax,0x12345")                               \
    X(alu_imm(as, ALU_AND, 4, REGISTER(RCX), 0x7f0), "and ecx,0x7f0")                                   \
    X(alu_imm(as, ALU_CMP, 8, REGISTER(R10), -1), "cmp r10,0xffffffffffffffff")                         \
    X(alu_imm(as, ALU_ADD, 1, REGISTER(RAX), 0x7f), "add al,0x7f")                                      \
    X(alu_imm(as, ALU_CMP, 1, REGISTER(RSI), 1), "cmp sil,0x1")                                         \
    X(alu_imm(as, ALU_SUB, 2, REGISTER(RDX), 0x1234), "sub dx,0x1234")                                  \
    X(alu_imm(as, ALU_CMP, 4, BASE(R15, 16), 0), "cmp DWORD PTR [r15+0x10],0x0")                        \
    X(test(as, 8, REGISTER(RDI), RDI), "test rdi,rdi")                                                  \
    X(test(as, 4, BASE(R15, 0x100), RSI), "test DWORD PTR [r15+0x100],esi")                             \
    X(test_imm(as, 1, REGISTER(RDX), 3), "test dl,0x3")                                                 \
    X(test_imm(as, 4, BASE(R15, -116), 0x4000), "test DWORD PTR [r15-0x74],0x4000")                     \
    X(mov(as, 8, R8, REGISTER(RAX)), "mov r8,rax")                                                      \
    X(mov(as, 4, RAX, BASE(R8, 0x7f)), "mov eax,DWORD PTR [r8+0x7f]")                                   \
    X(mov(as, 8, RAX, INDEX(REG_NONE, RCX, 2, 0x10)), "mov rax,QWORD PTR [rcx*4+0x10]")                 \
    X(mov(as, 8, RAX, BASE(REG_NONE, 0x1000)), "mov rax,QWORD PTR ds:0x1000")                           \
    X(mov(as, 4, RAX, with_gs(INDEX(RCX, R9, 0, 4))), "mov eax,DWORD PTR gs:[ecx+r9d*1+0x4]")           \
    X(mov_store(as, 1, BASE(RBX, 1), RSI), "mov BYTE PTR [rbx+0x1],sil")                                \
    X(mov_store(as, 1, BASE(RBX, 1), RBX), "mov BYTE PTR [rbx+0x1],bl")                                 \
    X(mov_store(as, 2, INDEX(RBX, RBP, 1, 0), R11), "mov WORD PTR [rbx+rbp*2],r11w")                    \
    X(mov_store(as, 8, INDEX(RSP, R14, 0, 0), RDX), "mov QWORD PTR [rsp+r14*1],rdx")                    \
    X(mov_imm(as, RAX, 0), "mov eax,0x0")                                                               \
    X(mov_imm(as, R13, 0xffffffff), "mov r13d,0xffffffff")                                              \
    X(mov_imm(as, R9, ~(uint64_t)1), "mov r9,0xfffffffffffffffe")                                       \
    X(mov_imm(as, RSI, 0x123456789abcdef0), "movabs rsi,0x123456789abcdef0")                            \
    X(mov_imm_store(as, 8, BASE(R15, -16), -1), "mov QWORD PTR [r15-0x10],0xffffffffffffffff")          \
    X(mov_imm_store(as, 1, BASE(RAX, 0), 0x80), "mov BYTE PTR [rax],0x80")                              \
    X(mov_imm_store(as, 2, BASE(RAX, 0), 0x8001), "mov WORD PTR [rax],0x8001")                          \
    X(movzx(as, 1, RDX, REGISTER(RDX)), "movzx edx,dl")                                                 \
    X(movzx(as, 1, RDX, REGISTER(RSI)), "movzx edx,sil")                                                \
    X(movzx(as, 2, R9, BASE(RDI, 2)), "movzx r9d,WORD PTR [rdi+0x2]")                                   \
    X(movzx(as, 4, R9, REGISTER(R10)), "mov r9d,r10d")                                                  \
    X(movsx(as, 1, 4, RAX, REGISTER(RBP)), "movsx eax,bpl")                                             \
    X(movsx(as, 2, 8, RAX, BASE(R14, 0)), "movsx rax,WORD PTR [r14]")                                   \
    X(movsx(as, 4, 8, R11, REGISTER(RCX)), "movsxd r11,ecx")                                            \
    X(movbe(as, 8, R8, BASE(RAX, 0)), "movbe r8,QWORD PTR [rax]")                                       \
    X(movbe(as, 2, RCX, BASE(RAX, 0)), "movbe cx,WORD PTR [rax]")                                       \
    X(movbe_store(as, 4, BASE(R12, 0), RDX), "movbe DWORD PTR [r12],edx")                               \
    X(lea(as, 8, RBP, INDEX(R8, R8, 0, -1)), "lea rbp,[r8+r8*1-0x1]")                                   \
    X(lea(as, 4, RBX, BASE(RBX, 0x1000)), "lea ebx,[rbx+0x1000]")                                       \
    X(shift_imm(as, SHIFT_SHL, 8, REGISTER(R14), 33), "shl r14,0x21")                                   \
    X(shift_imm(as, SHIFT_SAR, 4, REGISTER(RAX), 31), "sar eax,0x1f")                                   \
    X(shift_imm(as, SHIFT_ROL, 2, REGISTER(RDX), 8), "rol dx,0x8")                                      \
    X(shift_cl(as, SHIFT_ROR, 8, REGISTER(RSI)), "ror rsi,cl")                                          \
    X(shift_bmi2(as, SHIFT_SHL, 8, RAX, REGISTER(R9), R10), "shlx rax,r9,r10")                          \
    X(shift_bmi2(as, SHIFT_SHR, 4, R8, BASE(R12, 4), RCX), "shrx r8d,DWORD PTR [r12+0x4],ecx")          \
    X(shift_bmi2(as, SHIFT_SAR, 8, RDI, REGISTER(RDX), RSI), "sarx rdi,rdx,rsi")                        \
    X(rorx(as, 8, RAX, REGISTER(R15), 17), "rorx rax,r15,0x11")                                         \
    X(rorx(as, 4, R9, BASE(RBP, 0), 1), "rorx r9d,DWORD PTR [rbp+0x0],0x1")                             \
    X(shrd(as, 8, REGISTER(RCX), RBX, 44), "shrd rcx,rbx,0x2c")                                         \
    X(andn(as, 8, RAX, R9, REGISTER(R10)), "andn rax,r9,r10")                                           \
    X(andn(as, 4, R12, RCX, BASE(RSP, 8)), "andn r12d,ecx,DWORD PTR [rsp+0x8]")                         \
    X(bzhi(as, 8, RDX, REGISTER(RDX), RSI), "bzhi rdx,rdx,rsi")                                         \
    X(mulx(as, 8, RAX, RCX, REGISTER(R8)), "mulx rax,rcx,r8")                                           \
    X(imul(as, 8, R10, REGISTER(RBX)), "imul r10,rbx")                                                  \
    X(imul_imm(as, 4, RAX, BASE(R15, 4), 100), "imul eax,DWORD PTR [r15+0x4],0x64")                     \
    X(imul_imm(as, 8, RAX, REGISTER(RDX), 0x10000), "imul rax,rdx,0x10000")                             \
    X(unary(as, 2, 8, REGISTER(RAX)), "not rax")                                                        \
    X(unary(as, 3, 4, REGISTER(R9)), "neg r9d")                                                         \
    X(unary(as, 4, 8, BASE(R13, 0)), "mul QWORD PTR [r13+0x0]")                                         \
    X(unary(as, 7, 8, REGISTER(RCX)), "idiv rcx")                                                       \
    X(cdq(as, 4), "cdq")                                                                                \
    X(cdq(as, 8), "cqo")                                                                                \
    X(bswap(as, 8, R11), "bswap r11")                                                                   \
    X(bswap(as, 4, RSI), "bswap esi")                                                                   \
    X(lzcnt(as, 8, RAX, REGISTER(R9)), "lzcnt rax,r9")                                                  \
    X(tzcnt(as, 4, R9, BASE(RAX, 0)), "tzcnt r9d,DWORD PTR [rax]")                                      \
    X(bsr(as, 8, RAX, REGISTER(RCX)), "bsr rax,rcx")                                                    \
    X(bsf(as, 4, RAX, REGISTER(RCX)), "bsf eax,ecx")                                                    \
    X(popcnt(as, 8, R8, REGISTER(R9)), "popcnt r8,r9")                                                  \
    X(crc32(as, 1, RAX, REGISTER(RSI)), "crc32 eax,sil")                                                \
    X(crc32(as, 2, R8, REGISTER(RCX)), "crc32 r8d,cx")                                                  \
    X(crc32(as, 4, RAX, REGISTER(R9)), "crc32 eax,r9d")                                                 \
    X(crc32(as, 8, RAX, REGISTER(R9)), "crc32 rax,r9")                                                  \
    X(bt_imm(as, 4, BASE(R15, -116), 8), "bt DWORD PTR [r15-0x74],0x8")                                 \
    X(setcc(as, HOST_NE, RSI), "setne sil")                                                             \
    X(setcc(as, HOST_O, RAX), "seto al")                                                                \
    X(setcc(as, HOST_A, R12), "seta r12b")                                                              \
    X(cmov(as, HOST_LE, 8, R10, REGISTER(R11)), "cmovle r10,r11")                                       \
    X(cmov(as, HOST_B, 4, RAX, BASE(R15, 0)), "cmovb eax,DWORD PTR [r15]")                              \
    X(xchg(as, 8, BASE(RDI, 0), RAX), "xchg QWORD PTR [rdi],rax")                                       \
    X(xchg(as, 1, BASE(RDI, 0), RSI), "xchg BYTE PTR [rdi],sil")                                        \
    X(lock_xadd(as, 4, BASE(R12, 0), R9), "lock xadd DWORD PTR [r12],r9d")                              \
    X(lock_xadd(as, 1, BASE(RAX, 0), RSI), "lock xadd BYTE PTR [rax],sil")                              \
    X(lock_cmpxchg(as, 2, BASE(R13, 0), RCX), "lock cmpxchg WORD PTR [r13+0x0],cx")                     \
    X(lock_cmpxchg16b(as, BASE(RSI, 0)), "lock cmpxchg16b OWORD PTR [rsi]")                             \
    X(lock_alu(as, ALU_OR, 8, BASE(R9, 0), RDX), "lock or QWORD PTR [r9],rdx")                          \
    X(lock_or_stack(as), "lock or DWORD PTR [rsp],0x0")                                            \
    X(push(as, RBP), "push rbp")                                                                        \
    X(push(as, R12), "push r12")                                                                        \
    X(push_imm(as, 0x7f), "push 0x7f")                                                                  \
    X(push_imm(as, 0x12345678), "push 0x12345678")                                                      \
    X(pop(as, R9), "pop r9")                                                                            \
    X(push_operand(as, BASE(RSP, 8)), "push QWORD PTR [rsp+0x8]")                                       \
    X(pop_operand(as, BASE(R12, 0)), "pop QWORD PTR [r12]")                                             \
    X(lahf(as), "lahf")                                                                                 \
    X(sahf(as), "sahf")                                                                                 \
    X(cmc(as), "cmc")                                                                                   \
    X(stc(as), "stc")                                                                                   \
    X(clc(as), "clc")                                                                                   \
    X(ret(as), "ret")                                                                                   \
    X(int3(as), "int3")                                                                                 \
    X(ud2(as), "ud2")                                                                                   \
    X(nop(as, 1), "nop")                                                                                \
    X(nop(as, 7), "nop DWORD PTR [rax+0x0]")                                                            \
    X(nop(as, 9), "nop WORD PTR [rax+rax*1+0x0]")                                                       \
    X(jmp_operand(as, BASE(R15, -0x50)), "jmp QWORD PTR [r15-0x50]")                                    \
    X(jmp_operand(as, REGISTER(R11)), "jmp r11")                                                        \
    X(call_operand(as, INDEX(RDX, RCX, 2, 8)), "call QWORD PTR [rdx+rcx*4+0x8]")                        \
    X(ldmxcsr(as, BASE(R15, 4)), "ldmxcsr DWORD PTR [r15+0x4]")                                         \
    X(stmxcsr(as, BASE(R15, 4)), "stmxcsr DWORD PTR [r15+0x4]")

static const char *const expected[] = {
#define EXPECTED(call, text) text,
    CASES(EXPECTED)
#undef EXPECTED
};
enum { CASE_COUNT = sizeof expected / sizeof *expected };

static void emit_cases(struct assembler *as)
{
#define EMIT(call, text) asm_##call;
    CASES(EMIT)
#undef EMIT
}

/* What follows the address column, blanks squeezed, objdump's comments cut off. */
static void normalise(char *line)
{
    const char *from = strchr(line, ':');
    char *to = line;
    from = from ? from + 1 : line;
    for (bool blank = true; *from && *from != '#' && *from != '\n'; from++) {
        bool is_blank = isspace((unsigned char)*from);
        if (!is_blank)
            *to++ = *from;
        else if (!blank)
            *to++ = ' ';
        blank = is_blank;
    }
    while (to > line && to[-1] == ' ')
        to--;
    *to = '\0';
}

static FILE *disassemble(const void *code, size_t size)
{
    char path[] = "/tmp/ferry-assembler-XXXXXX", command[256];
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, code, size) == (ssize_t)size);
    close(fd);
    snprintf(command, sizeof command,
             "objdump -D -b binary -mi386:x86-64 -Mintel --no-show-raw-insn %s | sed 1,7d; rm %s", path, path);
    return popen(command, "r");
}

Test(assembler, reads_back)
{
    static uint8_t code[16 * CASE_COUNT + 16];
    struct assembler as = {.start = code, .at = code, .limit = code + sizeof code};
    emit_cases(&as);
    cr_assert(!as.overflow);
    FILE *text = disassemble(code, asm_offset(&as));
    char line[256];
    unsigned count = 0;
    while (fgets(line, sizeof line, text)) {
        normalise(line);
        cr_assert(count < CASE_COUNT, "one instruction too many: %s", line);
        cr_expect_str_eq(line, expected[count], "%u: %s, expected %s", count, line, expected[count]);
        count++;
    }
    pclose(text);
    cr_expect_eq(count, (unsigned)CASE_COUNT);
}

Test(assembler, patches_jumps)
{
    uint8_t code[64];
    struct assembler as = {.start = code, .at = code, .limit = code + sizeof code};
    uint32_t forward = asm_jcc(&as, HOST_E), near = asm_jcc_short(&as, HOST_ALWAYS);
    asm_nop(&as, 5);
    asm_patch_short(&as, near);
    asm_patch(&as, forward, asm_offset(&as));
    uint32_t back = asm_jmp(&as);
    asm_patch(&as, back, 0);
    int32_t relative;
    memcpy(&relative, code + forward, 4);
    cr_expect_eq(relative, 7);
    cr_expect_eq(code[near], 5);
    memcpy(&relative, code + back, 4);
    cr_expect_eq(relative, -18);
}

Test(assembler, aligns_what_is_patched_later)
{
    _Alignas(16) uint8_t code[64];
    for (unsigned start = 0; start < 4; start++) {
        struct assembler as = {.start = code, .at = code + start, .limit = code + sizeof code};
        asm_align_rel32(&as, 2);
        cr_expect_eq((uintptr_t)(code + asm_jcc(&as, HOST_NE)) % 4, 0u);
    }
}

Test(assembler, writes_nothing_past_the_limit)
{
    uint8_t code[40];
    memset(code, 0xaa, sizeof code);
    struct assembler as = {.start = code, .at = code, .limit = code + 20};
    for (int i = 0; i < 10; i++)
        asm_mov_imm(&as, RAX, 0x123456789abcdef0);
    cr_expect(as.overflow);
    for (unsigned i = 20; i < sizeof code; i++)
        cr_expect_eq(code[i], 0xaa);
}
