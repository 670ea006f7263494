/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Data in and out of files and pipes: read and write with all their relatives, partial transfers, seeking, holes, space, copying.
 */
#include "check.h"
#include <limits.h>
#include <linux/falloc.h>
#include <sys/uio.h>

static char bytes[3 * PAGE];
static long at64(long offset) { return offset; }

static void partly(void)
{
    int file = QUIET(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600)), ends[2];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)('a' + i % 26);
    /* Across the end of a mapping. */
    memcpy(check_edge(100), bytes, 100);
    RAW(write, file, check_edge(100), 100);
    RAW(write, file, check_edge(100), 101);
    RAW(write, file, check_edge(100), 5000);
    RAW(pread64, file, check_edge(50), 60, 0L);
    RAW(pread64, file, check_edge(50), 50, 0L);
    RAW(lseek, file, 0L, SEEK_CUR);
    RAW(lseek, file, 0L, SEEK_SET);
    RAW(read, file, check_edge(10), 4000);
    RAW(lseek, file, 0L, SEEK_CUR);
    SHOW_HEX("read", check_edge(10), 10);
    QUIET(pipe2(ends, O_NONBLOCK));
    RAW(write, ends[1], check_edge(100), 200);
    RAW(read, ends[0], bytes, 4096);
    RAW(write, ends[1], bytes, 3000);
    RAW(read, ends[0], check_edge(70), 100);
    RAW(read, ends[0], bytes, 4096);
    struct iovec parts[4] = { { bytes, 10 }, { check_edge(5), 9 }, { bytes, 3 }, { NULL, 0 } };
    RAW(writev, file, parts, 4);
    RAW(writev, ends[1], parts, 4);
    RAW(read, ends[0], bytes, 4096);
    RAW(readv, file, parts, 4);
    RAW(lseek, file, 0L, SEEK_SET);
    RAW(readv, file, parts, 4);
    RAW(lseek, file, 0L, SEEK_CUR);
    parts[1].iov_len = -1;
    RAW(readv, file, parts, 3);
    RAW(writev, file, parts, -1);
    RAW(writev, file, parts, 0);
    RAW(writev, file, NULL, 0);
    RAW(writev, file, parts, 1025);
    parts[1] = (struct iovec){ bytes, SSIZE_MAX };
    RAW(preadv, file, parts, 2, 0L, 0L);
    RAW(preadv, file, parts, 1, -1L, -1L);
    RAW(preadv, ends[0], parts, 1, 0L, 0L);
    RAW(pwritev, ends[1], parts, 1, 0L, 0L);
    for (int flag = 0; flag < 0x400; flag = flag ? flag * 2 : 1) {
        printf("%#x: ", flag);
        RAW(preadv2, file, parts, 1, 0L, 0L, flag);
        printf("%#x: ", flag);
        RAW(pwritev2, file, parts, 1, 5L, 0L, flag);
    }
    RAW(preadv2, file, parts, 1, -1L, -1L, 0);
    RAW(preadv2, ends[0], parts, 1, -1L, -1L, 0);
    RAW(preadv2, ends[0], parts, 1, -1L, -1L, 8);
    RAW(lseek, file, 0L, SEEK_END);
    RAW(read, file, bytes, 0);
    RAW(read, 77, bytes, 0);
    RAW(read, file, NULL, 0);
    RAW(write, file, (void *)1, 0);
    RAW(read, file, bytes, -1L);
    RAW(pread64, file, bytes, 5, at64(-5));
    RAW(pwrite64, file, bytes, 5, at64(1) << 62);
    RAW(pread64, file, bytes, 5, 0x7fffffffffffffff);
    RAW(read, ends[1], bytes, 5);
    RAW(write, ends[0], bytes, 5);
    RAW(read, ends[0], bytes, 5);
    int directory = open(".", O_RDONLY);
    RAW(read, directory, bytes, 5);
    RAW(write, directory, bytes, 5);
    RAW(readahead, directory, 0L, 4096);
    RAW(readahead, file, 0L, 4096);
    RAW(readahead, ends[0], 0L, 4096);
    RAW(fadvise64, file, 0L, 0L, 3);
    RAW(fadvise64, file, 0L, 0L, 9);
    RAW(fadvise64, ends[0], 0L, 0L, 3);
    RAW(fsync, ends[0]);
    RAW(fdatasync, file);
    RAW(fsync, directory);
    RAW(sync_file_range, file, 0L, 100L, 7);
    RAW(sync_file_range, file, 0L, 100L, 8);
    RAW(sync_file_range, file, -1L, 100L, 1);
    RAW(sync_file_range, ends[0], 0L, 100L, 1);
    RAW(syncfs, 77);
    close(directory), close(file), close(ends[0]), close(ends[1]);
}

static void seeking(void)
{
    int file = QUIET(open("holes", O_RDWR | O_CREAT | O_TRUNC, 0600));
    QUIET(pwrite(file, "x", 1, 0)), QUIET(pwrite(file, "y", 1, 1 << 20)), QUIET(ftruncate(file, 4 << 20));
    for (int whence = 0; whence < 6; whence++)
        for (long offset = -1; offset < 8 << 20; offset = offset < 1 ? offset + 1 : offset * 64) {
            long result = lseek(file, offset, whence);
            printf("lseek %ld from %d: %s%ld\n", offset, whence, result < 0 ? check_error(errno) : "", result);
        }
    RAW(lseek, file, 0x7fffffffffffffff, SEEK_CUR);
    RAW(lseek, file, 0x7fffffffffffffff, SEEK_SET);
    RAW(lseek, file, 1L << 60, SEEK_SET);
    static const int modes[] = {
        0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_ZERO_RANGE,
        FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE, 4, 0x80, 0x100,
    };
    static const struct { long at, size; } ranges[] = { { 0, 4096 }, { 4096, 8192 }, { 1, 5 }, { 0, 0 }, { -1, 5 }, { 5, -1 }, { 8 << 20, 4096 }, { 0, 1ll << 62 } };
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++)
        for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
            errno = 0;
            long result = syscall(SYS_fallocate, file, modes[m], ranges[r].at, ranges[r].size);
            printf("fallocate %#x %ld %ld: %s, size %ld\n", modes[m], ranges[r].at, ranges[r].size, result < 0 ? check_error(errno) : "ok", lseek(file, 0, SEEK_END));
        }
    RAW(ftruncate, file, -1L);
    RAW(ftruncate, file, 5L);
    RAW(lseek, file, 0L, SEEK_END);
    close(file);
    file = QUIET(open("holes", O_RDONLY));
    RAW(ftruncate, file, 5L);
    RAW(fallocate, file, 0, 0L, 10L);
    RAW(ftruncate, 77, 5L);
    close(file);
    int ends[2];
    QUIET(pipe(ends));
    RAW(fallocate, ends[1], 0, 0L, 10L);
    RAW(ftruncate, ends[1], 5L);
    RAW(lseek, ends[0], 0L, SEEK_CUR);
    close(ends[0]), close(ends[1]);
}

static void copying(void)
{
    int in = QUIET(open("from", O_RDWR | O_CREAT | O_TRUNC, 0600)), out = QUIET(open("to", O_RDWR | O_CREAT | O_TRUNC, 0600)), ends[2], other[2];
    int append = QUIET(open("to2", O_RDWR | O_CREAT | O_APPEND, 0600));
    off_t from, to;
    QUIET(write(in, bytes, 10000));
    QUIET(pipe2(ends, O_NONBLOCK)), QUIET(pipe2(other, O_NONBLOCK));
    from = 5000, to = 10;
    RAW(copy_file_range, in, &from, out, &to, 10000, 0);
    SHOW("from", from), SHOW("to", to);
    RAW(copy_file_range, in, NULL, out, NULL, 10, 0);
    RAW(copy_file_range, in, &from, out, &to, 10, 1);
    RAW(copy_file_range, in, &from, in, &from, 10, 0);
    RAW(copy_file_range, in, &from, append, &to, 10, 0);
    RAW(copy_file_range, in, &from, ends[1], NULL, 10, 0);
    RAW(copy_file_range, ends[0], NULL, out, NULL, 10, 0);
    from = -1;
    RAW(copy_file_range, in, &from, out, &to, 10, 0);
    RAW(copy_file_range, 77, &from, out, &to, 10, 0);
    from = 100;
    RAW(sendfile, out, in, &from, 9000);
    SHOW("from", from);
    RAW(sendfile, out, in, NULL, 20000);
    RAW(sendfile, ends[1], in, &from, 4000);
    RAW(sendfile, ends[1], in, &from, 1 << 20);
    RAW(sendfile, in, ends[0], NULL, 10);
    RAW(sendfile, append, in, NULL, 10);
    from = -3;
    RAW(sendfile, out, in, &from, 10);
    RAW(sendfile, out, 77, NULL, 10);
    RAW(tee, ends[0], other[1], 100, 0);
    RAW(tee, ends[0], ends[1], 100, 0);
    RAW(tee, in, other[1], 100, 0);
    RAW(tee, ends[0], other[1], 100, 0x40);
    from = 3;
    RAW(splice, ends[0], NULL, other[1], NULL, 50, 0);
    RAW(splice, ends[0], &from, other[1], NULL, 50, 0);
    RAW(splice, ends[0], NULL, out, &from, 50, 4);
    SHOW("from", from);
    RAW(splice, in, &from, ends[1], NULL, 50, 1);
    SHOW("from", from);
    RAW(splice, in, NULL, out, NULL, 50, 0);
    RAW(splice, ends[0], NULL, append, NULL, 50, 0);
    RAW(splice, ends[0], NULL, out, NULL, 50, 0x100);
    RAW(splice, ends[0], NULL, 77, NULL, 50, 0);
    struct iovec parts[2] = { { bytes, 100 }, { check_edge(5), 10 } };
    RAW(vmsplice, other[1], parts, 1, 2);
    RAW(vmsplice, other[1], parts, 2, 2);
    RAW(vmsplice, other[0], parts, 1, 2);
    RAW(vmsplice, other[0], parts, 2, 2);
    RAW(vmsplice, other[1], parts, 1025, 0);
    RAW(vmsplice, in, parts, 1, 0);
    RAW(vmsplice, other[1], parts, 1, 0x80);
    RAW(read, other[0], bytes, sizeof bytes);
    close(in), close(out), close(append), close(ends[0]), close(ends[1]), close(other[0]), close(other[1]);
}

static void wild(void)
{
    int file = QUIET(open("f", O_RDWR)), out = QUIET(open("to", O_RDWR)), ends[2];
    struct iovec parts[1] = { { bytes, 10 } };
    off_t offset = 0, to = 0;
    QUIET(pipe2(ends, O_NONBLOCK)), QUIET(write(ends[1], bytes, 2000));
    WILD(read, ".o.", file, 0, 10);
    WILD(write, ".i.", file, 0, 10);
    WILD(pread64, ".o..", file, 0, 10, 0);
    WILD(pwrite64, ".i..", file, 0, 10, 0);
    WILD(readv, ".i.", file, 0, 1);
    WILD(writev, ".i.", file, 0, 1);
    WILD(preadv, ".i...", file, 0, 1, 0, 0);
    WILD(pwritev2, ".i....", file, (long)parts, 1, 0, 0, 0);
    WILD(sendfile, "..o.", out, file, 0, 5);
    WILD(copy_file_range, ".o.o..", file, (long)&offset, out, (long)&to, 5, 0);
    WILD(splice, "...o..", ends[0], 0, out, 0, 5, 0);
    WILD(splice, ".o....", file, 0, ends[1], 0, 5, 0);
    WILD(vmsplice, ".i..", ends[1], 0, 1, 0);
    WILD(pipe2, "o.", 0, 0);
    for (const char *kind = "iovec"; kind; kind = NULL) {
        long bad[] = { 0, 1, (long)check_pages()->edge, -PAGE, 0x00ff000000000000 };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            parts[0].iov_base = (void *)bad[i];
            RAW(writev, file, parts, 1);
            RAW(preadv, file, parts, 1, 0L, 0L);
            RAW(vmsplice, ends[1], parts, 1, 2);
        }
    }
}

int main(void)
{
    SECTION("partial transfers");
    partly();
    SECTION("seeking and space");
    seeking();
    SECTION("copying");
    copying();
    SECTION("bad pointers");
    wild();
    return 0;
}
