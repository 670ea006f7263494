#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --strace lines of a program whose calls are known, and the line that names an absent call.
. "$FERRY_SOURCE/tests/lib.sh"
here=$source_dir/tests/strace
if ! command -v "${CROSS}gcc" > /dev/null; then skip lines "no ${CROSS}gcc"; exit 0; fi
"${CROSS}gcc" -O1 -static -o "$scratch/guest" "$here/guest.c" || { fail build; exit 0; }
"$ferry" --strace --trace=unimplemented "$scratch/guest" 2> "$scratch/trace"
status=$?
[ $status = 3 ] && pass status || fail "status ($status)"
sed -e '1,/^getpid() = /d' -e '/^ferry: /d' -e 's/^\(read(100, \|ioctl(100, TCGETS, \)0x[0-9a-f]*/\1POINTER/' "$scratch/trace" > "$scratch/lines"
same lines "$here/expected" "$scratch/lines"
grep -q '^ferry: system call kexec_load (104) is not implemented: ' "$scratch/trace" && pass unimplemented || fail unimplemented
grep -q '^ferry: unknown ioctl request 0x12345678$' "$scratch/trace" && pass unknown-ioctl || fail unknown-ioctl
