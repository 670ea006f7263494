# SPDX-License-Identifier: GPL-2.0-or-later
# Passes, parser and verifier on text: run.c says how a file is read. Each `---` half that does not come out is a failure.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
if ! gcc -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -I. -I"$build_dir" -o "$scratch/run" tests/ir/run.c translate/ir/*.c translate/passes/*.c \
    common/arena.c > "$scratch/log" 2>&1; then
    fail "run (build)"
    head -n 20 "$scratch/log"
    exit 0
fi
"$scratch/run" tests/ir/*.ir | sed -E "s|^(PASS\|FAIL) |\1 $suite/|; /^[0-9]+ of [0-9]+ failed$/d"
