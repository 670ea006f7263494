/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --strace of keyctl: what its arguments are, by operation (keyctl(2)).
 */
#include "syscalls/strace_parts.h"
#include "syscalls/tables.generated.h"
#include <linux/keyctl.h>
#include <string.h>

/* As many arguments as letters: k a key's serial number, d an int, u unsigned, s a string, p a pointer, b and o bytes in and out whose count is the next, n a size,
 * P permissions, r a keyring for requests, e an errno, m flags of a move. */
static const struct { int operation; const char *arguments; } operations[] = {
    { KEYCTL_GET_KEYRING_ID, "kd" }, { KEYCTL_JOIN_SESSION_KEYRING, "s" }, { KEYCTL_UPDATE, "kbn" }, { KEYCTL_REVOKE, "k" }, { KEYCTL_CHOWN, "kdd" },
    { KEYCTL_SETPERM, "kP" }, { KEYCTL_DESCRIBE, "kon" }, { KEYCTL_CLEAR, "k" }, { KEYCTL_LINK, "kk" }, { KEYCTL_UNLINK, "kk" },
    { KEYCTL_SEARCH, "kssk" }, { KEYCTL_READ, "kon" }, { KEYCTL_INSTANTIATE, "kbnk" }, { KEYCTL_NEGATE, "kuk" }, { KEYCTL_SET_REQKEY_KEYRING, "r" },
    { KEYCTL_SET_TIMEOUT, "ku" }, { KEYCTL_ASSUME_AUTHORITY, "k" }, { KEYCTL_GET_SECURITY, "kon" }, { KEYCTL_SESSION_TO_PARENT, "" },
    { KEYCTL_REJECT, "kuek" }, { KEYCTL_INVALIDATE, "k" }, { KEYCTL_GET_PERSISTENT, "dk" }, { KEYCTL_DH_COMPUTE, "ppnp" },
    { KEYCTL_RESTRICT_KEYRING, "kss" }, { KEYCTL_MOVE, "kkkm" }, { KEYCTL_CAPABILITIES, "on" },
};

static const struct { char letter; uint8_t kind, direction; uint16_t detail; } letters[] = {
    { 'k', ARGUMENT_ENUM, DIRECTION_NONE, ENUM_KEY }, { 'd', ARGUMENT_INT, DIRECTION_NONE, 0 }, { 'u', ARGUMENT_UINT, DIRECTION_NONE, 0 },
    { 's', ARGUMENT_STRING, DIRECTION_NONE, 0 }, { 'p', ARGUMENT_POINTER, DIRECTION_NONE, 0 }, { 'n', ARGUMENT_SIZE, DIRECTION_NONE, 0 },
    { 'b', ARGUMENT_BYTES, DIRECTION_IN, SYSCALL_NO_DETAIL }, { 'o', ARGUMENT_BYTES, DIRECTION_OUT, SYSCALL_NO_DETAIL },
    { 'P', ARGUMENT_FLAGS, DIRECTION_NONE, FLAGS_KEY_PERMISSION }, { 'r', ARGUMENT_ENUM, DIRECTION_NONE, ENUM_KEY_REQUEST },
    { 'e', ARGUMENT_ENUM, DIRECTION_NONE, ENUM_ERRNO }, { 'm', ARGUMENT_FLAGS, DIRECTION_NONE, FLAGS_KEY_MOVE },
};

/* NULL: not keyctl, or an operation that is not known. */
static const char *arguments_of(const struct call_description *call, const uint64_t *values)
{
    if (call != &call_table[CALL_ID_KEYCTL]) return NULL;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (operations[i].operation == (int)values[0]) return operations[i].arguments;
    return NULL;
}

bool strace_key_is_unused(const struct call_description *call, unsigned argument, const uint64_t *values)
{
    const char *arguments = arguments_of(call, values);
    for (unsigned i = 1; arguments && i <= argument; i++)
        if (!*arguments++) return true;
    return false;
}

bool strace_key_describe(const struct call_description *call, unsigned argument, const uint64_t *values, struct argument_description *description)
{
    const char *arguments = arguments_of(call, values);
    if (call != &call_table[CALL_ID_KEYCTL] || argument == 0) return false;
    if (arguments && strlen(arguments) < argument) arguments = NULL;          /* it has no such argument */
    *description = call->arguments[argument];
    description->kind = ARGUMENT_HEX;
    for (size_t i = 0; arguments && i < sizeof letters / sizeof letters[0]; i++) {
        if (letters[i].letter != arguments[argument - 1]) continue;
        description->kind = letters[i].kind;
        description->direction = letters[i].direction;
        description->detail = letters[i].detail;
    }
    if (description->kind == ARGUMENT_BYTES) {
        description->length_kind = LENGTH_ARGUMENT;
        description->length = argument + 1;
        description->length_type = INTEGER_ULONG;
        description->length_is_result = description->direction == DIRECTION_OUT;
    }
    return true;
}
