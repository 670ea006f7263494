/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exact IEEE 754 arithmetic in integers, for what the host's unit cannot answer: NaN results by the guest's rules, half
 * precision, rounding to odd, and the interpreter host (which uses nothing else, so that it checks the JIT's inline code).
 * The guest's rules are data: struct softfloat_mode. Values are passed as bits. No globals, no host floating point: built
 * with -mgeneral-regs-only, so that calling it changes no vector register.
 */
#ifndef FERRY_SOFTFLOAT_H
#define FERRY_SOFTFLOAT_H

#include <stdbool.h>
#include <stdint.h>

enum softfloat_format { SOFTFLOAT_F16, SOFTFLOAT_F32, SOFTFLOAT_F64 };
enum softfloat_rounding { SOFTFLOAT_NEAREST_EVEN, SOFTFLOAT_UP, SOFTFLOAT_DOWN, SOFTFLOAT_ZERO, SOFTFLOAT_NEAREST_AWAY, SOFTFLOAT_TO_ODD };  /* as enum ir_rounding */
enum softfloat_flag {
    SOFTFLOAT_INVALID = 1, SOFTFLOAT_INPUT_DENORMAL = 2, SOFTFLOAT_DIVIDE_BY_ZERO = 4, SOFTFLOAT_OVERFLOW = 8,
    SOFTFLOAT_UNDERFLOW = 16, SOFTFLOAT_INEXACT = 32,             /* order of the x86 MXCSR sticky bits (INPUT_DENORMAL in DE's place) */
};
enum softfloat_nan_rule { SOFTFLOAT_NAN_ARM /* a signalling operand first, then the first quiet one; default positive */ };

struct softfloat_mode {
    uint8_t rounding, nan_rule;
    bool default_nan, flush_inputs, flush_outputs, flush_half;    /* FPCR.DN, FZ, FZ, FZ16 */
    bool alternative_half;                                        /* FPCR.AHP for conversions */
    bool tininess_after_rounding;
    uint32_t flags;                                               /* accumulates enum softfloat_flag */
};

uint64_t softfloat_add(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_sub(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_mul(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_mulx(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);   /* FMULX: 0 * inf = 2 with sign */
uint64_t softfloat_div(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_sqrt(struct softfloat_mode *m, enum softfloat_format f, uint64_t a);
uint64_t softfloat_mul_add(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, uint64_t c);  /* a*b + c, one rounding; NaN order of the Arm manual's FPMulAdd (c = addend first) */
uint64_t softfloat_min(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_max(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_min_number(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_max_number(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);
uint64_t softfloat_round(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, enum softfloat_rounding r, bool raise_inexact);
uint64_t softfloat_convert(struct softfloat_mode *m, enum softfloat_format to, enum softfloat_format from, uint64_t a);
uint64_t softfloat_to_int(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, unsigned int_bits, bool is_signed, unsigned fraction_bits, enum softfloat_rounding r);  /* 16, 32, 64; saturating; zero extended */
uint64_t softfloat_from_int(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, unsigned int_bits, bool is_signed, unsigned fraction_bits);
uint32_t softfloat_compare(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b, bool signalling);  /* NZCV bits 31..28: less N, equal ZC, greater C, unordered CV */
uint64_t softfloat_reciprocal_estimate(struct softfloat_mode *m, enum softfloat_format f, uint64_t a);        /* Arm FRECPE */
uint64_t softfloat_reciprocal_exponent(struct softfloat_mode *m, enum softfloat_format f, uint64_t a);        /* Arm FRECPX */
uint64_t softfloat_sqrt_estimate(struct softfloat_mode *m, enum softfloat_format f, uint64_t a);              /* Arm FRSQRTE */
uint64_t softfloat_reciprocal_step(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);   /* FRECPS: 2 - a*b, fused */
uint64_t softfloat_sqrt_step(struct softfloat_mode *m, enum softfloat_format f, uint64_t a, uint64_t b);         /* FRSQRTS: (3 - a*b)/2, fused */

#endif
