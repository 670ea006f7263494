# SPDX-License-Identifier: GPL-2.0-or-later
# What fuzzing found (tests/fuzz/TARGET/*), again and without clang: each target is built with the library as it is and a main that
# runs it on one file.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
. tests/fuzz/targets.sh
library="$build_dir/libferry.a $build_dir/libgeneral.a $build_dir/libferry.a"
for name in $(targets); do
    [ -d "tests/fuzz/$name" ] || continue
    if ! gcc -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -fno-strict-aliasing -fPIE -pie -I. -I"$build_dir" -o "$scratch/$name" \
        tests/replay/replay.c "tests/fuzz/$name.c" $(target_links "$name" "$library") > "$scratch/log" 2>&1; then
        fail "$name/build"; head -n 20 "$scratch/log"; continue
    fi
    for input in "tests/fuzz/$name"/*; do
        timeout 60 "$scratch/$name" "$input" > "$scratch/log" 2>&1 < /dev/null
        status=$?
        case $status in
        0) pass "$name/$(basename "$input")" ;;
        77) skip "$name" "$(tail -n 1 "$scratch/log")"; break ;;
        *) fail "$name/$(basename "$input")"; echo "    status $status"; tail -n 20 "$scratch/log" | sed 's/^/    /' ;;
        esac
    done
done
