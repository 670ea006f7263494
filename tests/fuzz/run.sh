# SPDX-License-Identifier: GPL-2.0-or-later
# libFuzzer targets (targets.sh). Inputs that once found something, and a few to begin with, are in the folder NAME and run first; then each
# target searches for FUZZ_SECONDS (10); `make fuzz` gives each ten minutes. FUZZ="name…" runs only those. All of ferry is built once
# more for them, with clang's sanitizers and the IR verifier, in the build folder's fuzz-library.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
. tests/fuzz/targets.sh
sanitizers="address,undefined -fno-sanitize-recover=all"
fuzzer="-fsanitize=fuzzer,$sanitizers"
export ASAN_OPTIONS=detect_leaks=0          # what is never freed goes with its process
command -v clang > /dev/null || { skip all "no clang"; exit 0; }
if ! echo 'int LLVMFuzzerTestOneInput(const char *a, long b) { return a && b < 0; }' | clang -x c $fuzzer -o "$scratch/probe" - 2> /dev/null; then
    skip all "clang has no libFuzzer (libclang-rt-dev)"; exit 0
fi

# configure refuses a source folder that is configured itself: then it gets a copy.
prepare_library() {
    local from=$source_dir
    if [ -f "$source_dir/config.status" ]; then
        from=$folder/source
        mkdir -p "$from" && tar -C "$source_dir" --exclude=./fuzz-library --exclude=./.git --exclude='*.o' --exclude='*.a' --exclude='*.generated.*' \
            --exclude=./config.status --exclude=./config.h --exclude=./Makefile --exclude=.deps -cf - . | tar -C "$from" -xf - || return 1
    fi
    cd "$folder" || return 1
    [ -f Makefile ] || "$from/configure" CC=clang CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,$sanitizers" --enable-debug --disable-static --disable-werror || return 1
    make -j"$(nproc)" all
}
folder=$build_dir/fuzz-library
library="$folder/libferry.a $folder/libgeneral.a $folder/libferry.a"
mkdir -p "$folder"
if [ -n "$(for name in $(targets); do target_links "$name" library; done | grep library)" ] && ! (prepare_library) > "$folder/log" 2>&1; then
    fail library; tail -n 20 "$folder/log"; exit 0
fi

for name in $(targets); do
    if ! clang -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -fno-strict-aliasing $fuzzer -I. -I"$build_dir" -o "$scratch/$name" "tests/fuzz/$name.c" \
        $(target_links "$name" "$library") 2> "$scratch/log"; then
        fail "$name/build"; head -n 20 "$scratch/log"; continue
    fi
    mkdir -p "$scratch/corpus" "$scratch/found"
    for input in "tests/fuzz/$name"/*; do
        [ -f "$input" ] && cp "$input" "$scratch/corpus" && expect "$name/$(basename "$input")" timeout 60 "$scratch/$name" -artifact_prefix="$scratch/found/" "$input"
    done
    "$scratch/$name" -max_len=1024 -max_total_time="${FUZZ_SECONDS:-10}" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$scratch/found/" "$scratch/corpus" \
        > "$scratch/log" 2>&1 < /dev/null
    status=$?
    if [ $status = 77 ]; then
        skip "$name" "$(tail -n 1 "$scratch/log")"
    elif [ $status = 0 ]; then
        pass "$name"
        echo "    $(grep 'stat::number_of_executed_units' "$scratch/log"), $(grep -o 'cov: [0-9]*' "$scratch/log" | tail -n 1)"
    else
        fail "$name"; tail -n 40 "$scratch/log" | sed 's/^/    /'
        for input in "$scratch"/found/*; do [ -f "$input" ] && { echo "    $(basename "$input"):"; base64 "$input" | sed 's/^/    /'; }; done
    fi
    rm -rf "$scratch/corpus" "$scratch/found"
done
