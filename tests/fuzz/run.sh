# SPDX-License-Identifier: GPL-2.0-or-later
# libFuzzer targets: NAME.c is one, its first lines say what it is linked with (`sources: FILE…`). Inputs that once found something
# are in the folder NAME and run first; then each target searches for FUZZ_SECONDS (10); `make fuzz`
# gives each ten minutes. FUZZ="name…" runs only those.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
fuzzer="-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all"
command -v clang > /dev/null || { skip all "no clang"; exit 0; }
if ! echo 'int LLVMFuzzerTestOneInput(const char *a, long b) { return a && b < 0; }' | clang -x c $fuzzer -o "$scratch/probe" - 2> /dev/null; then
    skip all "clang has no libFuzzer (libclang-rt-dev)"; exit 0
fi
for file in tests/fuzz/*.c; do
    name=$(basename "$file" .c)
    case " ${FUZZ:-$name} " in *" $name "*) ;; *) continue ;; esac
    linked=$(sed -n '1,6s/^ \* sources: //p' "$file")
    if ! clang -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -fno-strict-aliasing $fuzzer -I. -I"$build_dir" -o "$scratch/$name" "$file" $linked 2> "$scratch/log"; then
        fail "$name/build"; head -n 20 "$scratch/log"; continue
    fi
    mkdir -p "$scratch/corpus" "$scratch/found"
    for input in "tests/fuzz/$name"/*; do [ -f "$input" ] && expect "$name/$(basename "$input")" timeout 60 "$scratch/$name" -artifact_prefix="$scratch/found/" "$input"; done
    "$scratch/$name" -max_len=1024 -max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$scratch/found/" "$scratch/corpus" \
        > "$scratch/log" 2>&1 < /dev/null
    status=$?
    if [ $status = 77 ]; then skip "$name" "$(tail -n 1 "$scratch/log")"; continue; fi
    if [ $status = 0 ]; then
        pass "$name"
        echo "    $(grep 'stat::number_of_executed_units' "$scratch/log"), $(grep -o 'cov: [0-9]*' "$scratch/log" | tail -n 1)"
    else
        fail "$name"; tail -n 40 "$scratch/log" | sed 's/^/    /'
        for input in "$scratch"/found/*; do [ -f "$input" ] && { echo "    $(basename "$input"):"; base64 "$input" | sed 's/^/    /'; }; done
    fi
    rm -rf "$scratch/corpus" "$scratch/found"
done
