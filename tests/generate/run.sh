#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# decodegen: pattern files it must take (and make C that compiles of), and such that it must turn away at the right line.
#   run.sh [DECODEGEN]      default: the build's
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
decodegen=${1:-${FERRY_BUILD:-.}/decodegen}
scratch=${FERRY_SCRATCH:-$(mktemp -d)}
failures=0

result() {
    if [ "$1" = 0 ]; then
        echo "PASS generate/$2"
    else
        echo "FAIL generate/$2"
        sed 's/^/    /' "$scratch/log"
        failures=$((failures + 1))
    fi
}

# The generated C compiles without a warning.
accepted() {
    (cd "$scratch" && "$decodegen" decode.h decode.c "$here/accept/$1.decode") &&
        ${CC:-gcc} -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -I"$scratch" -I"$root" -c -o "$scratch/decode.o" "$scratch/decode.c"
}

# Exit status 1, the message at the line, and no output file.
rejected() {
    rm -f "$scratch/decode.h" "$scratch/decode.c"
    (cd "$scratch" && "$decodegen" decode.h decode.c "$here/reject/$1.decode")
    local status=$?
    echo "status $status, expected at line $2: $3"
    [ $status = 1 ] && [ ! -e "$scratch/decode.h" ] && [ ! -e "$scratch/decode.c" ]
}

case $decodegen in /*) ;; *) decodegen=$PWD/$decodegen ;; esac

for file in "$here"/accept/*.decode; do
    name=$(basename "$file" .decode)
    accepted "$name" >"$scratch/log" 2>&1 </dev/null
    result $? "accept/$name"
done

while read -r name line message; do
    rejected "$name" "$line" "$message" >"$scratch/log" 2>&1 </dev/null &&
        grep -qF "reject/$name.decode:$line: " "$scratch/log" &&
        grep "reject/$name.decode:$line: " "$scratch/log" | grep -qF -- "$message"
    result $? "reject/$name"
done <"$here/reject/expected"

# Every file has its line in the list.
for file in "$here"/reject/*.decode; do
    grep -q "^$(basename "$file" .decode) " "$here/reject/expected" || { echo "FAIL generate/unlisted/$(basename "$file")"; failures=1; }
done

[ $failures = 0 ]
