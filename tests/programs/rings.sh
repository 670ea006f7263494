# SPDX-License-Identifier: GPL-2.0-or-later
# What users of io_uring do: through Debian's liburing, and fio, which verifies what it has written.

expects liburing 200 "plain: registered 1 opened 3 read 18 aarch64's own text linked -2 -125 waited -62
polled: registered 1 opened 3 read 18 aarch64's own text linked -2 -125 waited -62
defer: registered 1 opened 3 read 18 aarch64's own text linked -2 -125 waited -62" '
printf "aarch64'\''s own text" > text
cat > r.c <<\END
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>

static int done(struct io_uring *r)
{
    struct io_uring_cqe *c;
    int result = io_uring_wait_cqe(r, &c);
    if (result) return result;
    result = c->res;
    io_uring_cqe_seen(r, c);
    return result;
}

int main(int count, char **arguments)
{
    unsigned flags = !strcmp(arguments[1], "polled") ? IORING_SETUP_SQPOLL
                   : !strcmp(arguments[1], "defer") ? IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN : 0;
    struct io_uring r;
    char text[100] = "";
    int error = io_uring_queue_init(8, &r, flags);
    if (error) return printf("%s\n", strerror(-error)), 1;
    printf("%s: registered %d", arguments[1], io_uring_register_ring_fd(&r));
    io_uring_prep_openat(io_uring_get_sqe(&r), AT_FDCWD, "/tmp/text", O_RDONLY | O_NOFOLLOW, 0);
    io_uring_submit(&r);
    int fd = done(&r) - r.ring_fd + 3;
    printf(" opened %d", fd > 3 ? 3 : fd), fd += r.ring_fd - 3;
    io_uring_prep_read(io_uring_get_sqe(&r), fd, text, 99, 0);
    io_uring_submit(&r);
    printf(" read %d", done(&r)), printf(" %s", text);
    struct io_uring_sqe *first = io_uring_get_sqe(&r);
    io_uring_prep_openat(first, AT_FDCWD, "/tmp/none", O_RDONLY, 0);
    first->flags |= IOSQE_IO_LINK;
    io_uring_prep_nop(io_uring_get_sqe(&r));
    io_uring_submit_and_wait(&r, 2);
    printf(" linked %d", done(&r)), printf(" %d", done(&r));
    struct io_uring_cqe *none;
    printf(" waited %d\n", io_uring_wait_cqe_timeout(&r, &none, &(struct __kernel_timespec){ 0, 1000000 }));
    io_uring_queue_exit(&r);
    return 0;
}
END
gcc -O1 -o r r.c -luring && ./r plain && ./r polled && ./r defer'

# Blocks are read back and compared with their checksums. What it reports of the four jobs is their number of errors.
expects fio 300 "plain err= 0
polled err= 0
fixed err= 0
linear err= 0" '
cat > jobs <<END
[global]
ioengine=io_uring
thread
size=2m
bs=16k
rw=randrw
verify=crc32c
iodepth=8
directory=/tmp
[plain]
[polled]
stonewall
sqthread_poll=1
[fixed]
stonewall
fixedbufs=1
registerfiles=1
[linear]
stonewall
rw=write
nonvectored=0
END
fio jobs > log 2>&1 || cat log
sed -n "s/^\([a-z]*\): (groupid.*\(err= *[0-9]*\).*/\1 \2/p" log'
