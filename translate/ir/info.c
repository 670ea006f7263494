/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tables about IR operations, derived from ops.def.
 */
#include "translate/ir/ir.h"

/* The words of ops.def's effects column. */
enum {
    PURE = IR_PURE,
    COMMUTES = IR_COMMUTES,
    STATE_READ = IR_STATE_READ,
    STATE_WRITE = IR_STATE_WRITE,
    MEMORY_READ = IR_MEMORY_READ,
    MEMORY_WRITE = IR_MEMORY_WRITE,
    MAY_FAULT = IR_MAY_FAULT,
    MAY_EXIT = IR_MAY_EXIT,
    ENDS_BLOCK = IR_ENDS_BLOCK,
    FP_STATUS = IR_FP_STATUS,
    MARKER = IR_MARKER,
};

const struct ir_op_info ir_op_info[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = {#name, #group, operands, IR_RESULT_##result, effects},
#include "translate/ir/ops.def"
#undef IR_OP
};

const uint16_t ir_op_effects[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = (effects),
#include "translate/ir/ops.def"
#undef IR_OP
};

#define HAS_TOKEN(op, result)                                                                                                          \
    (((result) == IR_RESULT_FLAGS && (op) != IR_get) || (op) == IR_set_if || (op) == IR_select || (op) == IR_exit_if ||                  \
     (op) == IR_flags_to_nzcv || (op) == IR_add_carry || (op) == IR_sub_borrow || (op) == IR_helper)
#define TRAITS(op, result, effects)                                                                                                     \
    ((!((effects) & ~COMMUTES) || (op) == IR_get || (op) == IR_helper ? IR_GOES_UNUSED : 0) |                                           \
     ((effects) & (MAY_FAULT | MAY_EXIT) && (op) != IR_helper ? IR_LOOKS : 0) | (HAS_TOKEN(op, result) ? IR_HAS_TOKEN : 0) |            \
     (HAS_TOKEN(op, result) || (effects) & MAY_EXIT ? IR_IS_EVENT : 0))

const uint8_t ir_op_traits[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = TRAITS(IR_##name, IR_RESULT_##result, effects),
#include "translate/ir/ops.def"
#undef IR_OP
};

const uint8_t ir_op_result[IR_OP_COUNT] = {
#define IR_OP(name, group, operands, result, effects) [IR_##name] = IR_RESULT_##result,
#include "translate/ir/ops.def"
#undef IR_OP
};

const char *const ir_type_name[IR_TYPE_COUNT] = {
    [IR_VOID] = "void", [IR_I8] = "i8", [IR_I16] = "i16", [IR_I32] = "i32", [IR_I64] = "i64",
    [IR_F16] = "f16", [IR_F32] = "f32", [IR_F64] = "f64", [IR_V128] = "v128", [IR_FLAGS] = "flags",
};

const char *const ir_cond_name[16] = {
    "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "always", "always_too",
};

const char *const ir_rounding_name[6] = {
    [ROUND_NEAREST_EVEN] = "nearest_even", [ROUND_UP] = "up", [ROUND_DOWN] = "down", [ROUND_ZERO] = "zero",
    [ROUND_NEAREST_AWAY] = "nearest_away", [ROUND_CURRENT] = "current",
};

const char *const ir_atomic_name[10] = {
    [ATOMIC_ADD] = "add", [ATOMIC_CLEAR] = "clear", [ATOMIC_XOR] = "xor", [ATOMIC_OR] = "or", [ATOMIC_AND] = "and",
    [ATOMIC_MAX_SIGNED] = "max_signed", [ATOMIC_MIN_SIGNED] = "min_signed",
    [ATOMIC_MAX_UNSIGNED] = "max_unsigned", [ATOMIC_MIN_UNSIGNED] = "min_unsigned", [ATOMIC_SWAP] = "swap",
};
