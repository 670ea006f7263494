/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Keyrings: add_key, request_key and every keyctl command, in a session keyring of the program's own.
 */
#include "check.h"
#include <linux/keyctl.h>
#include <sys/uio.h>

/* Serial numbers differ from run to run: known ones are printed by name. */
static long session, key, ring, user;

static long serial(const char *text, long result)
{
    int error = errno;
    const char *name = result == session ? "the session" : result == key ? "the key" : result == ring ? "the ring" : result > 1000 ? "new" : NULL;
    if (result == -1) printf("%s = -1 %s\n", text, check_error(error));
    else if (name) printf("%s = %s\n", text, name);
    else printf("%s = %ld\n", text, result);
    return result;
}

#define KEYCTL(...) serial("keyctl(" #__VA_ARGS__ ")", syscall(SYS_keyctl, __VA_ARGS__))
#define ADD(...) serial("add_key(" #__VA_ARGS__ ")", syscall(SYS_add_key, __VA_ARGS__))
#define REQUEST(...) serial("request_key(" #__VA_ARGS__ ")", syscall(SYS_request_key, __VA_ARGS__))

int main(void)
{
    static char data[256], large[40000];
    session = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (session < 0) SKIP("no keyrings");
    user = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1);
    SECTION("making");
    key = ADD("user", "ferry:one", "payload", 7, KEY_SPEC_SESSION_KEYRING);
    ADD("user", "ferry:one", "changed", 7, KEY_SPEC_SESSION_KEYRING);
    ring = ADD("keyring", "ferry:ring", NULL, 0, KEY_SPEC_SESSION_KEYRING);
    ADD("user", "ferry:two", "2", 1, ring);
    ADD("user", "ferry:large", large, 32767, ring);
    ADD("user", "ferry:large", large, 32768, ring);
    ADD("user", "ferry:huge", large, 1ull << 30, ring);
    ADD("user", "", "x", 1, ring);
    ADD("user", "ferry:none", NULL, 0, ring);
    ADD("user", "ferry:none", NULL, 5, ring);
    ADD("logon", "ferry:logon", "x", 1, ring);
    ADD("logon", "nocolon", "x", 1, ring);
    ADD("notype", "x", "x", 1, ring);
    ADD(".type", "x", "x", 1, ring);
    ADD("keyring", ".hidden", NULL, 0, ring);
    ADD("user", "x", "x", 1, 0);
    ADD("user", "x", "x", 1, 0x7ffffff0);
    ADD("user", "x", "x", 1, key);
    ADD("a type name that is far too long to be one", "x", "x", 1, ring);
    SECTION("finding");
    REQUEST("user", "ferry:one", NULL, 0);
    REQUEST("user", "ferry:two", NULL, 0);
    REQUEST("user", "ferry:missing", NULL, 0);
    REQUEST("user", "ferry:one", "callout", KEY_SPEC_SESSION_KEYRING);
    KEYCTL(KEYCTL_SEARCH, ring, "user", "ferry:two", 0);
    KEYCTL(KEYCTL_SEARCH, ring, "user", "ferry:one", 0);
    KEYCTL(KEYCTL_SEARCH, key, "user", "ferry:one", 0);
    SECTION("reading");
    KEYCTL(KEYCTL_READ, key, data, sizeof data);
    SHOW_TEXT("payload", data);
    memset(data, 0, sizeof data);
    KEYCTL(KEYCTL_READ, key, data, 3);
    SHOW_TEXT("payload", data);
    KEYCTL(KEYCTL_READ, key, NULL, 0);
    KEYCTL(KEYCTL_READ, ring, data, sizeof data);
    KEYCTL(KEYCTL_READ, 5, data, sizeof data);
    long length = KEYCTL(KEYCTL_DESCRIBE, key, data, sizeof data);
    printf("described: %.*s\n", length > 0 ? (int)length : 0, data);
    KEYCTL(KEYCTL_DESCRIBE, key, data, 4);
    KEYCTL(KEYCTL_GET_SECURITY, key, data, sizeof data);
    KEYCTL(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
    KEYCTL(KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 0);
    KEYCTL(KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1);
    KEYCTL(KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
    KEYCTL(KEYCTL_GET_KEYRING_ID, -100, 0);
    KEYCTL(KEYCTL_CAPABILITIES, data, sizeof data);
    KEYCTL(KEYCTL_CAPABILITIES, data, 1);
    SHOW_HEX("capabilities", data, 2);
    SECTION("changing");
    KEYCTL(KEYCTL_UPDATE, key, "updated", 7);
    KEYCTL(KEYCTL_UPDATE, key, NULL, 0);
    KEYCTL(KEYCTL_UPDATE, ring, "x", 1);
    KEYCTL(KEYCTL_CHOWN, key, -1, -1);
    KEYCTL(KEYCTL_SETPERM, key, 0x3f3f0000);
    KEYCTL(KEYCTL_SETPERM, key, 0xffffffff);
    KEYCTL(KEYCTL_LINK, key, ring);
    KEYCTL(KEYCTL_LINK, ring, ring);
    KEYCTL(KEYCTL_LINK, ring, key);
    KEYCTL(KEYCTL_MOVE, key, ring, session, 0);
    KEYCTL(KEYCTL_MOVE, key, session, ring, 1);
    KEYCTL(KEYCTL_MOVE, key, session, ring, 2);
    KEYCTL(KEYCTL_UNLINK, key, ring);
    KEYCTL(KEYCTL_UNLINK, key, ring);
    ADD("user", "ferry:one", "again", 5, KEY_SPEC_SESSION_KEYRING);
    key = syscall(SYS_request_key, "user", "ferry:one", NULL, 0);
    KEYCTL(KEYCTL_SET_TIMEOUT, key, 100);
    KEYCTL(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_NO_CHANGE);
    KEYCTL(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_SESSION_KEYRING);
    KEYCTL(KEYCTL_SET_REQKEY_KEYRING, 50);
    KEYCTL(KEYCTL_ASSUME_AUTHORITY, 0);
    KEYCTL(KEYCTL_ASSUME_AUTHORITY, key);
    KEYCTL(KEYCTL_INSTANTIATE, key, "x", 1, ring);
    struct iovec parts[2] = { { "ab", 2 }, { "cd", 2 } };
    KEYCTL(KEYCTL_INSTANTIATE_IOV, key, parts, 2, ring);
    KEYCTL(KEYCTL_INSTANTIATE_IOV, key, check_pages()->edge, 2, ring);
    KEYCTL(KEYCTL_NEGATE, key, 10, ring);
    KEYCTL(KEYCTL_REJECT, key, 10, EPERM, ring);
    KEYCTL(KEYCTL_RESTRICT_KEYRING, ring, "user", "x");
    KEYCTL(KEYCTL_RESTRICT_KEYRING, ring, NULL, NULL);
    ADD("user", "ferry:three", "3", 1, ring);
    KEYCTL(KEYCTL_GET_PERSISTENT, getuid(), ring);
    SECTION("cryptography");
    struct keyctl_dh_params dh = { { key }, key, key };
    KEYCTL(KEYCTL_DH_COMPUTE, &dh, data, sizeof data, NULL);
    KEYCTL(KEYCTL_DH_COMPUTE, NULL, data, sizeof data, NULL);
    struct keyctl_pkey_query query;
    struct keyctl_pkey_params parameters = { .key_id = key, .in_len = 4, .out_len = 4 };
    KEYCTL(KEYCTL_PKEY_QUERY, key, 0, "", &query);
    KEYCTL(KEYCTL_PKEY_ENCRYPT, &parameters, "enc=raw", data, data);
    KEYCTL(KEYCTL_PKEY_DECRYPT, &parameters, "enc=raw", data, data);
    KEYCTL(KEYCTL_PKEY_SIGN, &parameters, "enc=raw", data, data);
    KEYCTL(KEYCTL_PKEY_VERIFY, &parameters, "enc=raw", data, data);
    KEYCTL(KEYCTL_PKEY_VERIFY, check_pages()->edge, "enc=raw", data, data);
    SECTION("watching");
    int fds[2];
    if (pipe2(fds, 0200 /* O_NOTIFICATION_PIPE */) == 0) {
        KEYCTL(KEYCTL_WATCH_KEY, key, fds[0], 5);
        KEYCTL(KEYCTL_WATCH_KEY, key, fds[0], -1);
    }
    KEYCTL(KEYCTL_WATCH_KEY, key, 0, 5);
    SECTION("ending");
    KEYCTL(KEYCTL_REVOKE, key);
    KEYCTL(KEYCTL_READ, key, data, sizeof data);
    KEYCTL(KEYCTL_INVALIDATE, key);
    KEYCTL(KEYCTL_CLEAR, ring);
    KEYCTL(KEYCTL_CLEAR, key);
    KEYCTL(99, key);
    CHILD(serial("session of the child", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)));
    CHILD(KEYCTL(KEYCTL_SESSION_TO_PARENT));
    CHILD(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, "ferry-named"));
    SECTION("bad pointers");
    WILD(add_key, "iii..", (long)"notype", (long)"x", (long)"x", 1, ring);
    WILD(request_key, "iii.", (long)"user", (long)"ferry:missing", 0, 0);
    WILD(keyctl, "..o.", KEYCTL_READ, session, (long)data, 64);
    WILD(keyctl, "..o.", KEYCTL_DESCRIBE, session, (long)data, 64);
    WILD(keyctl, "..i.", KEYCTL_UPDATE, session, 0, 4);
    WILD(keyctl, "..ii", KEYCTL_SEARCH, session, (long)"user", (long)"none");
    WILD(keyctl, ".o.", KEYCTL_CAPABILITIES, 0, 2);
    return 0;
}
