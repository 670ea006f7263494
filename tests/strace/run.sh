#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --strace lines of a program whose calls are known, and the line that names an absent call; and of calls on files, compared with
# strace(1) on the native build of the same program.
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

if ! command -v strace > /dev/null; then skip files "no strace"; exit 0; fi
# Addresses differ, and the guest's O_LARGEFILE; strace aligns results.
calls() { sed -n '/^getpid/,/^getpid/p' "$1" | sed -E 's/ +=( |$)/ =\1/; s/0x[0-9a-f]{6,}/ADDRESS/g; s/(F_GETFL\) = )0x[0-9a-f]+/\1FLAGS/; s/ +=( |$)/ =\1/; /^getpid/d'; }
"${CC:-gcc}" -O1 -static -o "$scratch/files.native" "$here/files.c" && "${CROSS}gcc" -O1 -static -o "$scratch/files" "$here/files.c" || { fail files/build; exit 0; }
mkdir "$scratch/one" "$scratch/two"
(cd "$scratch/one" && timeout 60 strace -o "$scratch/native" "$scratch/files.native" < /dev/null)
if ! grep -q getpid "$scratch/native"; then skip files "strace does not work here"; exit 0; fi
(cd "$scratch/two" && timeout 60 "$ferry" --strace "$scratch/files" < /dev/null 2> "$scratch/translated")
calls "$scratch/native" > "$scratch/native.lines"
calls "$scratch/translated" > "$scratch/translated.lines"
same files "$scratch/native.lines" "$scratch/translated.lines"
