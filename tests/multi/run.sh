# SPDX-License-Identifier: GPL-2.0-or-later
# Self-checking C programs, cross-compiled statically and dynamically, each under several ways of running; and natively, so that the
# programs themselves are right. MULTI="name…" runs only those.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir/tests/multi" || exit 1
command -v ${CROSS}gcc >/dev/null || { skip all "no cross compiler"; exit 0; }
for file in *.c; do
    name=${file%.c}
    case " ${MULTI:-$name} " in *" $name "*) ;; *) continue ;; esac
    if ! ${CROSS}gcc -O2 -g -static -pthread -o "$scratch/$name" "$file" -lm 2> "$scratch/log" ||
        ! ${CROSS}gcc -O1 -g -pthread -o "$scratch/$name.dynamic" "$file" -lm 2>> "$scratch/log"; then
        fail "$name/build"; cat "$scratch/log"; continue
    fi
    gcc -O2 -pthread -o "$scratch/$name.native" "$file" -lm && expect "$name/native" timeout 60 "$scratch/$name.native"
    expect "$name/jit" timeout 60 "$ferry" "$scratch/$name"
    expect "$name/dynamic" timeout 60 "$ferry" "$scratch/$name.dynamic"
    expect "$name/hot" timeout 60 "$ferry" --tier=hot "$scratch/$name"
    expect "$name/fast" timeout 60 "$ferry" --tier=fast "$scratch/$name"
    expect "$name/no-link" timeout 120 "$ferry" --no-link "$scratch/$name"
    expect "$name/one-insn" timeout 120 "$ferry" --one-insn-per-block "$scratch/$name"
    expect "$name/interpreter" timeout 240 "$ferry" --host=interpreter "$scratch/$name"
    expect "$name/strace" sh -c "timeout 120 '$ferry' --strace '$scratch/$name' 2>/dev/null"
    expect "$name/small-cache" timeout 120 "$ferry" --cache-size=1M "$scratch/$name"
done
# Code is thrown out while others run it, in each way there is to run it.
if [ -x "$scratch/many_translations" ]; then
    for way in --tier=hot --tier=fast --no-link --one-insn-per-block --host=interpreter; do
        expect "many_translations/small-cache$way" timeout 240 "$ferry" --cache-size=1M $way "$scratch/many_translations"
    done
fi
# What is random is all of it where nothing is kept on disk.
if [ -x "$scratch/layout.dynamic" ]; then expect layout/no-cache env FERRY_NO_CACHE=1 timeout 60 "$ferry" "$scratch/layout.dynamic"; fi
# The guest's vDSO is kept as bytes.
"$source_dir/usermode/aarch64/generate-vdso" > "$scratch/vdso_image.c"
same vdso/aarch64 "$scratch/vdso_image.c" "$source_dir/usermode/aarch64/vdso_image.c"
