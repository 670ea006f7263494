# SPDX-License-Identifier: GPL-2.0-or-later
# The host code of each line of `cases`, for a host with the x86-64-v3 features, against `golden`. A difference is not a mistake in itself:
# look at it, and if it is better, or as good, run `make update-codegen`.
. "$FERRY_SOURCE/tests/lib.sh"
here=$source_dir/tests/aarch64/codegen
command -v ${CROSS}as >/dev/null && command -v objdump >/dev/null || { skip all "no assembler or objdump"; exit 0; }
grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo || { skip all "this CPU has not the features of x86-64-v3"; exit 0; }
grep -vE '^(#|$)' "$here/cases" > "$scratch/lines"
{
    echo '.arch armv8.5-a+fp16+crypto+lse+rcpc+dotprod'
    sed 's/^/.balign 64\n/; s/$/\n.inst 0/' "$scratch/lines"
    echo '.balign 64'
} > "$scratch/code.s"
mkdir -p "$scratch/out"
if ! ${CROSS}as -o "$scratch/code.o" "$scratch/code.s" > "$scratch/log" 2>&1 || ! ${CROSS}objcopy -O binary "$scratch/code.o" "$scratch/code" ||
    ! gcc -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -fPIE -pie -I"$source_dir" -I"$build_dir" -o "$scratch/codegen" "$here/codegen.c" \
        "$build_dir/libferry.a" "$build_dir/libgeneral.a" "$build_dir/libferry.a" -lelf -lz >> "$scratch/log" 2>&1; then
    fail build; cat "$scratch/log"; exit 0
fi
if ! FERRY_HOST_FEATURES=v3 timeout 60 "$scratch/codegen" "$scratch/code" "$scratch/out"; then fail run; exit 0; fi
number=0
while IFS= read -r line; do
    echo "== $line"
    [ -f "$scratch/out/$number" ] && objdump -D -b binary -m i386:x86-64 -M intel --no-show-raw-insn "$scratch/out/$number" |
        sed -nE 's/^ +([0-9a-f]+):\t/\1\t/p' | sed -E 's/ +$//; s/  +/ /g'
    number=$((number + 1))
done < "$scratch/lines" > "$scratch/actual"
if [ "${1:-}" = update ]; then cp "$scratch/actual" "$here/golden"; exit 0; fi
section() { awk -v name="== $2" '/^== /{on = $0 == name} on' "$1"; }
while IFS= read -r line; do
    section "$here/golden" "$line" > "$scratch/expected.one"
    section "$scratch/actual" "$line" > "$scratch/actual.one"
    same "$line" "$scratch/expected.one" "$scratch/actual.one"
done < "$scratch/lines"
