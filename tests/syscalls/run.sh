#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The descriptions of system calls: layouts and constants against the host's compiler and headers and the guest's, mistakes that
# syscallgen must reject with the right line, the support table.
. "$FERRY_SOURCE/tests/lib.sh"
syscallgen=$FERRY_BUILD/syscallgen
descriptions=$FERRY_SOURCE/syscalls
scratch=$FERRY_SCRATCH

result() { if [ "$1" = 0 ]; then echo "PASS syscalls/$2"; else echo "FAIL syscalls/$2${3:+: $3}"; fi; }

# -- layouts and constants
layouts() { # ABI group compiler
    "$syscallgen" "$descriptions" check "$1" "$2" > "$scratch/$1-$2.c" || { echo "FAIL syscalls/layouts-$1-$2: syscallgen"; return; }
    if ! command -v "$3" > /dev/null; then echo "SKIP syscalls/layouts-$1-$2: no $3"; return; fi
    "$3" -std=gnu11 -D_GNU_SOURCE -c -o /dev/null "$scratch/$1-$2.c" 2> "$scratch/errors"
    result $? "layouts-$1-$2" "$(grep -m1 error "$scratch/errors")"
}
for group in kernel libc; do
    layouts x86_64 $group "${CC:-gcc}"
    layouts aarch64 $group "${CROSS}gcc"
done

# -- numbers against the guest's headers
if command -v "${CROSS}gcc" > /dev/null; then
    awk '!/^#/ && $1 < 451 { printf "#ifndef __NR_%s\n#error %s has no number\n#elif __NR_%s != %s\n#error %s\n#endif\n", $2, $2, $2, $1, $2 }' \
        "$descriptions/aarch64/numbers64.tbl" > "$scratch/numbers"
    { echo '#include <asm/unistd.h>'; cat "$scratch/numbers"; } > "$scratch/numbers.c"
    "${CROSS}gcc" -c -o /dev/null "$scratch/numbers.c" 2> "$scratch/errors"
    result $? numbers-aarch64 "$(grep -m1 error "$scratch/errors")"
else
    echo "SKIP syscalls/numbers-aarch64: no ${CROSS}gcc"
fi

# -- mistakes. Each file of reject/: the first line names the description it is appended to, "line N" counts in it, and what is said
for file in "$FERRY_SOURCE"/tests/syscalls/reject/*; do
    name=$(basename "$file")
    rm -rf "$scratch/reject"; cp -r "$descriptions" "$scratch/reject"
    read -r _ target line message < "$file"
    before=$(wc -l < "$scratch/reject/$target")
    tail -n +2 "$file" >> "$scratch/reject/$target"
    "$syscallgen" "$scratch/reject" tables > /dev/null 2> "$scratch/errors"
    status=$?
    grep -qF "$target:$((before + line)): $message" "$scratch/errors" && [ $status = 1 ]
    result $? "reject-$name" "$(head -1 "$scratch/errors")"
done

# -- the manual's table
"$syscallgen" "$descriptions" documentation | cmp -s - "$FERRY_SOURCE/docs/syscalls.md"
result $? documentation "make update-syscalls-documentation"
