/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The address that the interrupted host instruction accesses, from its ModRM byte and the registers. For addresses that are not
 * canonical the host raises an exception that tells none (Intel SDM vol. 3, 6.15, #GP and #SS). Works for whatever generated code and
 * compilers emit, but not for EVEX encodings: 0 then. Encodings: Intel SDM vol. 2, chapter 2.
 */
#include "translate/host/fault_address.h"

#include <string.h>
#include <ucontext.h>

enum { REX_X = 2, REX_B = 1 };
enum { MODRM_SIB = 4, MODRM_NO_BASE = 5, SIB_NO_INDEX = 4 };

static uint64_t register_value(const ucontext_t *context, unsigned number)
{
    static const uint8_t place[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)context->uc_mcontext.gregs[place[number]];
}

static bool is_prefix(uint8_t byte)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65};
    return memchr(prefixes, byte, sizeof prefixes);
}

/* Past prefixes and opcode; *rex: its bits, however they are encoded; *opcode: of one byte, else 0. NULL: not an encoding that is known here. */
static const uint8_t *find_modrm(const uint8_t *at, unsigned *rex, unsigned *opcode)
{
    *rex = *opcode = 0;
    while (is_prefix(*at))
        at++;
    if (*at == 0x62)
        return NULL;                          /* EVEX, whose displacements are scaled */
    if (*at == 0xc5)
        return at + 3;
    if (*at == 0xc4) {
        *rex = ~(unsigned)at[1] >> 5 & 7;
        return at + 4;
    }
    if ((*at & 0xf0) == 0x40)
        *rex = *at++;
    if (*at != 0x0f) {
        *opcode = *at;
        return at + 1;
    }
    return at[1] == 0x38 || at[1] == 0x3a ? at + 3 : at + 2;
}

/* movs, cmps, stos, lods, scas: no ModRM. */
static bool is_string_opcode(unsigned opcode)
{
    return (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
}

static bool is_canonical(uint64_t address) { return (uint64_t)((int64_t)(address << 16) >> 16) == address; }

static uint64_t string_address(const ucontext_t *context)
{
    uint64_t to = register_value(context, 7), from = register_value(context, 6);
    return is_canonical(to) ? from : to;
}

static int64_t displacement(const uint8_t *at, unsigned mode)
{
    int32_t value;
    if (mode == 1)
        return (int8_t)*at;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t modrm_address(const ucontext_t *context, const uint8_t *at, unsigned rex)
{
    unsigned mode = *at >> 6, base = *at & 7, sib = 0;
    bool has_sib = base == MODRM_SIB;
    uint64_t address = 0;
    at++;
    if (mode == 3 || (mode == 0 && base == MODRM_NO_BASE))
        return 0;                             /* a register, or relative to rip */
    if (has_sib) {
        sib = *at++;
        base = sib & 7;
        unsigned index = (sib >> 3 & 7) | (rex & REX_X ? 8 : 0);
        if (index != SIB_NO_INDEX)
            address += register_value(context, index) << (sib >> 6);
    }
    if (mode == 0 && base == MODRM_NO_BASE)
        return address + (uint64_t)displacement(at, 2);
    address += register_value(context, base | (rex & REX_B ? 8 : 0));
    return mode == 0 ? address : address + (uint64_t)displacement(at, mode);
}

uint64_t host_fault_address(const void *ucontext)
{
    const ucontext_t *context = ucontext;
    unsigned rex, opcode;
    const uint8_t *modrm = find_modrm((const uint8_t *)context->uc_mcontext.gregs[REG_RIP], &rex, &opcode);
    if (!modrm)
        return 0;
    return is_string_opcode(opcode) ? string_address(context) : modrm_address(context, modrm, rex);
}
