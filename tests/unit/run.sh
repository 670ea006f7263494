# SPDX-License-Identifier: GPL-2.0-or-later
# Criterion programs: one file for each part of ferry, linked with its library. Files that stand alone (no `#include <criterion`) are
# programs whose exit status is the result.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
have_criterion=$(echo '#include <criterion/criterion.h>' | gcc -E -x c - >/dev/null 2>&1 && echo yes)
compile() {
    gcc -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter -D_GNU_SOURCE -fno-strict-aliasing -fPIE -pie -I. -I"$build_dir" -o "$2" "$1" \
        "$build_dir/libferry.a" "$build_dir/libgeneral.a" "$build_dir/libferry.a" -lelf -lz $3 -lpthread
}
for file in tests/unit/*.c; do
    name=$(basename "$file" .c)
    if grep -q '<criterion' "$file"; then
        if [ -z "$have_criterion" ]; then skip "$name" "Criterion is not installed"; continue; fi
        if ! compile "$file" "$scratch/$name" -lcriterion > "$scratch/log" 2>&1; then fail "$name (build)"; head -n 20 "$scratch/log"; continue; fi
        "$scratch/$name" --tap=- --quiet > "$scratch/tap" 2> "$scratch/log" || true
        sed -nE "s|^ok - ([^ ]+).*|PASS $suite/$name/\1|p; s|^not ok - ([^ ]+).*|FAIL $suite/$name/\1|p" "$scratch/tap"
        if grep -q '^not ok' "$scratch/tap"; then cat "$scratch/tap" "$scratch/log" | grep -v '^ok' | head -n 30; fi
        grep -qE '^(not )?ok' "$scratch/tap" || { fail "$name (ran nothing)"; head -n 10 "$scratch/log"; }
    else
        if ! compile "$file" "$scratch/$name" "" > "$scratch/log" 2>&1; then fail "$name (build)"; head -n 20 "$scratch/log"; continue; fi
        expect "$name" "$scratch/$name"
    fi
done
