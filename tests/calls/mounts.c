/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The old and the new mount interface, chroot and pivot_root, in a mount namespace of the program's own.
 */
#include "check.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>

/* linux/mount.h and sys/mount.h cannot both be included everywhere. */
enum { CONFIG_FLAG, CONFIG_STRING, CONFIG_BINARY, CONFIG_PATH, CONFIG_PATH_EMPTY, CONFIG_FD, CONFIG_CREATE, CONFIG_RECONFIGURE };
struct attributes { uint64_t set, clear, propagation, userns; };
struct request { uint32_t size, spare; uint64_t id, parameter, namespace; };

static char buffer[8192];

static void old_interface(void)
{
    QUIET(mkdir("m", 0755)), QUIET(mkdir("b", 0755));
    CALL(mount("none", "m", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=700"));
    check_write_file("m/file", "content");
    CALL(mount("m", "b", NULL, MS_BIND, NULL));
    CALL(access("b/file", F_OK));
    CALL(mount("none", "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    CALL(open("b/new", O_CREAT | O_WRONLY, 0600));
    CALL(mount("none", "none", "tmpfs", 0, NULL));
    CALL(mount("none", "m", "nosuchfs", 0, NULL));
    CALL(mount("none", "m/file", "tmpfs", 0, NULL));
    CALL(mount("none", "m", NULL, 0, NULL));
    CALL(mount("none", "m", "tmpfs", 0, "size=nonsense"));
    CALL(mount("none", "m", NULL, MS_SHARED | MS_PRIVATE, NULL));
    CALL(mount("none", "m", NULL, MS_SHARED, NULL));
    CALL(mount("none", "m", NULL, MS_PRIVATE | MS_REC, NULL));
    CALL(mount("b", "m", NULL, MS_MOVE, NULL));
    CALL(umount2("m", 0x40));
    CALL(umount2("m/file", 0));
    CALL(umount2("none", 0));
    CALL(umount2("m", MNT_EXPIRE));
    CALL(umount2("m", MNT_EXPIRE | MNT_DETACH));
    int fd = QUIET(open("m/file", O_RDONLY));
    CALL(umount2("m", UMOUNT_NOFOLLOW));
    CALL(umount2("m", MNT_DETACH));
    close(fd);
    CALL(umount2("b", 0));
    CALL(umount2("b", 0));
    CALL(umount2("m", 0));
    CALL(umount2("m", 0));
    WILD(mount, "iii.i", (long)"none", (long)"m", (long)"tmpfs", MS_SILENT, (long)"size=4k");
    while (umount2("m", MNT_DETACH) == 0) continue;
    WILD(umount2, "i.", 0, 0);
}

static void new_interface(void)
{
    struct attributes attributes = { .set = 1 /* RDONLY */ };
    struct statfs status;
    RAW(fsopen, "nosuchfs", 0);
    RAW(fsopen, "tmpfs", 2);
    int context = RAW(fsopen, "tmpfs", 1);
    RAW(fsconfig, context, CONFIG_STRING, "size", "65536", 0);
    RAW(fsconfig, context, CONFIG_STRING, "size", "65536", 1);
    RAW(fsconfig, context, CONFIG_STRING, "nosuch", "x", 0);
    long length = read(context, buffer, sizeof buffer);
    printf("message: %.*s\n", length > 0 ? (int)length : 0, buffer);
    RAW(read, context, buffer, sizeof buffer);
    RAW(fsconfig, context, CONFIG_STRING, "mode", NULL, 0);
    RAW(fsconfig, context, CONFIG_FLAG, "ro", NULL, 0);
    RAW(fsconfig, context, CONFIG_FLAG, "ro", "x", 0);
    RAW(fsconfig, context, CONFIG_FD, "x", NULL, 99);
    RAW(fsconfig, context, CONFIG_PATH, "x", "none", AT_FDCWD);
    RAW(fsconfig, context, 99, NULL, NULL, 0);
    RAW(fsmount, context, 1, 0);
    RAW(fsconfig, context, CONFIG_CREATE, NULL, NULL, 0);
    RAW(fsconfig, context, CONFIG_CREATE, NULL, NULL, 0);
    RAW(fsmount, context, 2, 0);
    int mounted = RAW(fsmount, context, 1, 0x2 /* NOSUID */);
    CALL(mkdirat(mounted, "sub", 0755));
    RAW(move_mount, mounted, "", AT_FDCWD, "m", 0);
    RAW(move_mount, mounted, "", AT_FDCWD, "m", 4);
    RAW(move_mount, mounted, "", AT_FDCWD, "none", 4);
    CALL(access("m/sub", F_OK));
    close(context), close(mounted);
    int tree = RAW(open_tree, AT_FDCWD, "m", 1 /* CLONE */ | O_CLOEXEC);
    RAW(open_tree, AT_FDCWD, "m", 2);
    RAW(open_tree, AT_FDCWD, "none", 1);
    RAW(move_mount, tree, "", AT_FDCWD, "b", 4);
    close(tree);
    RAW(mount_setattr, AT_FDCWD, "b", 0, &attributes, sizeof attributes);
    CALL(statfs("b", &status));
    SHOW("flags", status.f_flags & 0x1f);
    RAW(mount_setattr, AT_FDCWD, "b", 0, &attributes, 8);
    RAW(mount_setattr, AT_FDCWD, "b", 0x4000000, &attributes, sizeof attributes);
    attributes.clear = 1;
    RAW(mount_setattr, AT_FDCWD, "b", 0, &attributes, sizeof attributes);
    attributes.set = 1ull << 40;
    RAW(mount_setattr, AT_FDCWD, "b", 0, &attributes, sizeof attributes);
    int picked = RAW(fspick, AT_FDCWD, "b", 0);
    RAW(fsconfig, picked, CONFIG_RECONFIGURE, NULL, NULL, 0);
    RAW(fspick, AT_FDCWD, "none", 0);
    RAW(fspick, AT_FDCWD, "b/sub", 0);
    close(picked);
    attributes = (struct attributes){ .set = 2 };
    CALL(umount2("b", 0));
    WILD(fsopen, "i.", 0, 1);
    WILD(open_tree, ".i.", AT_FDCWD, 0, 0);
    WILD(move_mount, ".i.i.", AT_FDCWD, (long)"none", AT_FDCWD, (long)"b", 0);
    WILD(mount_setattr, ".i.i.", AT_FDCWD, (long)"m", 0, (long)&attributes, sizeof attributes);
    WILD(fspick, ".i.", AT_FDCWD, 0, 0);
}

static void asking(void)
{
    struct { uint32_t mask[2]; uint64_t unused[40]; } x = { { 0 } };
    uint64_t ids[256], sink = 0;
    if (syscall(SYS_statx, AT_FDCWD, "m", 0, 0x4000 /* MNT_ID_UNIQUE */, &x)) return;
    memcpy(&sink, (char *)&x + 144, sizeof sink);
    struct request request = { .size = 24, .id = sink, .parameter = 2 | 8 | 0x20 };
    memset(buffer, 0, sizeof buffer);
    NEW(statmount, &request, buffer, sizeof buffer, 0);
    printf("type %s\n", buffer + 512 + ((uint32_t *)buffer)[9]);
    NEW(statmount, &request, buffer, 20, 0);
    NEW(statmount, &request, buffer, 520, 0);
    NEW(statmount, &request, buffer, sizeof buffer, 1);
    request.size = 16;
    NEW(statmount, &request, buffer, sizeof buffer, 0);
    request.size = 24, request.spare = 1;
    NEW(statmount, &request, buffer, sizeof buffer, 0);
    request.spare = 0, request.id = 5;
    NEW(statmount, &request, buffer, sizeof buffer, 0);
    request.id = -1ull, request.parameter = 0;
    SHOW("some", syscall(NR_listmount, &request, ids, 256, 0) > 1);
    NEW(listmount, &request, ids, 1, 0);
    NEW(listmount, &request, ids, 0, 0);
    NEW(listmount, &request, ids, 1, 4);
    request.id = 7;
    NEW(listmount, &request, ids, 1, 0);
    request.id = -1ull;
    WILD_NEW(statmount, "io..", (long)&request, (long)buffer, sizeof buffer, 0);
    WILD_NEW(listmount, "io..", (long)&request, (long)ids, 8, 0);
    WILD_NEW(open_tree_attr, ".i.i.", AT_FDCWD, (long)"m", 0, (long)&(struct attributes){ 0 }, sizeof(struct attributes));
    struct { uint64_t xflags; uint32_t sizes[4]; } flags = { 0 };
    check_write_file("plain", "");
    NEW(file_getattr, AT_FDCWD, "plain", &flags, sizeof flags, 0);
    NEW(file_getattr, AT_FDCWD, "plain", &flags, 8, 0);
    NEW(file_getattr, AT_FDCWD, "plain", &flags, sizeof flags, 0x40000);
    NEW(file_setattr, AT_FDCWD, "plain", &flags, sizeof flags, 0);
    WILD_NEW(file_getattr, ".io..", AT_FDCWD, (long)"plain", (long)&flags, sizeof flags, 0);
    WILD_NEW(file_setattr, ".ii..", AT_FDCWD, (long)"plain", (long)&flags, sizeof flags, 0);
    RAW(quotactl, 0x800007 << 8, "none", 0, buffer);
    RAW(quotactl, 0, NULL, 0, NULL);
    RAW(swapon, "none", 0);
    RAW(swapoff, "none");
    RAW(acct, "none");
    RAW(acct, ".");
}

static void copy_ourselves(const char *to)
{
    int from = QUIET(open("/proc/self/exe", O_RDONLY)), file = QUIET(open(to, O_WRONLY | O_CREAT, 0755));
    for (ssize_t got; (got = QUIET(read(from, buffer, sizeof buffer))) > 0;) QUIET(write(file, buffer, got));
    close(from), close(file);
}

/* A root without /proc: programs start all the same, and start others. */
static void other_roots(void)
{
    QUIET(mkdir("root", 0755)), QUIET(mkdir("root/old", 0755));
    copy_ourselves("root/us");
    CALL(chroot("none"));
    CALL(chroot("plain"));
    CHILD(CALL(chroot("root")); CALL(chdir("/")); CALL(access("/us", X_OK)); execl("/us", "us", "in-root", NULL); exit(9));
    CHILD(CALL(chroot("root")); CALL(chdir("/")); execl("/us", "us", "twice", NULL); exit(9));
    WILD(chroot, "i", 0);
    QUIET(mount("root", "root", NULL, MS_BIND, NULL));
    RAW(pivot_root, "root", "none");
    RAW(pivot_root, "root", "b");
    RAW(pivot_root, "none", "root");
    WILD(pivot_root, "ii", (long)"root", (long)"root/old");
    RAW(pivot_root, "root", "root/old");
    CALL(chdir("/"));
    CALL(access("/us", X_OK));
    CALL(umount2("/old", MNT_DETACH));
    CHILD(execl("/us", "us", "twice", NULL); exit(9));
}

int main(int count, char **arguments)
{
    if (count == 2) {
        printf("%s: %s\n", arguments[0], arguments[1]);
        CALL(open("/proc/self/exe", O_RDONLY));
        CALL(open("/us", O_RDONLY));
        if (strcmp(arguments[1], "twice") == 0) execl("/us", "us", "in-root", NULL);
        return 4;
    }
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) SKIP("no mount namespace");
    SECTION("mount");
    old_interface();
    SECTION("fsopen");
    new_interface();
    SECTION("statmount, listmount, file_getattr, quotactl");
    asking();
    SECTION("chroot and pivot_root");
    other_roots();
    return 0;
}
