# SPDX-License-Identifier: GPL-2.0-or-later
# Every header compiles alone.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
for header in $(sources . | grep '\.h$' | grep -v '^tests/'); do
    if gcc -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -I. -I"$build_dir" -fsyntax-only -x c "$header" > "$scratch/log" 2>&1 ||
        { [ -z "$(grep -v 'pragma once' "$scratch/log" | grep -E 'error:')" ]; }; then pass "$header"; else fail "$header"; head -n 5 "$scratch/log"; fi
done
