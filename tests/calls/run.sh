# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that print what odd system calls do: built for the host and for the guest, run natively and translated, and both must
# print the same. A new file NAME.c here is a new case (check.h says how it prints); its first lines may have `build: OPTIONS` for
# the compiler, and `sysroot: yes` if a sysroot that has nothing of it must make no difference. CALLS="name…" runs only those.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir/tests/calls" || exit 1
command -v "${CROSS}gcc" > /dev/null || { skip all "no ${CROSS}gcc"; exit 0; }

# Each run starts in an empty directory of its own. No job control signals, no terminal, standard input empty.
run() { # DIRECTORY COMMAND…
    local directory=$1
    shift
    mkdir -p "$directory"
    (cd "$directory" && ulimit -S -c 0 && timeout 60 "$@" < /dev/null > "$directory.output" 2>&1; echo "status $?" >> "$directory.output")
    rm -rf "$directory"
}

for file in *.c; do
    name=${file%.c}
    case " ${CALLS:-$name} " in *" $name "*) ;; *) continue ;; esac
    options=$(sed -n '1,10s/.*build: \(.*\)/\1/p' "$file")
    if ! ${CC:-gcc} -O1 -Wall -Wno-nonnull -static -pthread -o "$scratch/$name.native" "$file" $options 2> "$scratch/log" ||
        ! "${CROSS}gcc" -O1 -Wall -Wno-nonnull -static -pthread -o "$scratch/$name.guest" "$file" $options 2>> "$scratch/log"; then
        fail "$name/build"; cat "$scratch/log"; continue
    fi
    run "$scratch/$name-native" "$scratch/$name.native"
    run "$scratch/$name-guest" "$ferry" "$scratch/$name.guest"
    why=$(sed -n 's/^SKIP: //p' "$scratch/$name-native.output" | head -n 1)
    if [ -n "$why" ]; then skip "$name" "$why"; continue; fi
    same "$name" "$scratch/$name-native.output" "$scratch/$name-guest.output"
    grep -q '^ \* sysroot: yes' "$file" || continue
    mkdir -p "$scratch/sysroot"
    run "$scratch/$name-sysroot" "$ferry" --sysroot "$scratch/sysroot" "$scratch/$name.guest"
    same "$name/sysroot" "$scratch/$name-native.output" "$scratch/$name-sysroot.output"
done
