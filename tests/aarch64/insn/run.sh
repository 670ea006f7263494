# SPDX-License-Identifier: GPL-2.0-or-later
# Corner cases of single instructions, one a line: state before, state after. qemu-aarch64, where it is there, checks the states themselves.
. "$FERRY_SOURCE/tests/lib.sh"
here=$source_dir/tests/aarch64/insn
command -v ${CROSS}as >/dev/null || { skip all "no assembler"; exit 0; }
{
    echo '.arch armv8.5-a+fp16+crypto+lse+rcpc+dotprod'
    grep -vE '^(#|$)' "$here/cases" | sed 's/|.*//; s/^/.balign 64\n/; s/$/\n.inst 0/'
    echo '.balign 64'
} > "$scratch/code.s"
if ! ${CROSS}as -o "$scratch/code.o" "$scratch/code.s" > "$scratch/log" 2>&1 || ! ${CROSS}objcopy -O binary "$scratch/code.o" "$scratch/code" ||
    ! gcc -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -fPIE -pie -I"$source_dir" -I"$build_dir" -o "$scratch/insn" "$here/insn.c" \
        "$build_dir/libferry.a" "$build_dir/libgeneral.a" "$build_dir/libferry.a" -lelf -lz >> "$scratch/log" 2>&1; then
    fail build; cat "$scratch/log"; exit 0
fi
if [ "${1:-}" = record ]; then exec timeout 60 "$scratch/insn" interpreter "$here/cases" "$scratch/code" record; fi
timeout 60 "$scratch/insn" x86_64 "$here/cases" "$scratch/code" || fail x86_64-run
timeout 60 "$scratch/insn" interpreter "$here/cases" "$scratch/code" || fail interpreter-run
FERRY_HOST_FEATURES=v2 timeout 60 "$scratch/insn" x86_64 "$here/cases" "$scratch/code" | sed 's|insn/x86_64/|insn/x86_64-v2/|' || fail v2-run

qemu="${QEMU_AARCH64:-qemu-aarch64} -cpu max,sve=off,sme=off,pauth=off"
if ! command -v ${qemu%% *} >/dev/null || ! ${CROSS}gcc -O1 -static -o "$scratch/probe" "$source_dir/tests/differential/probe.c" > "$scratch/log" 2>&1; then
    skip qemu "no qemu-aarch64 or no cross compiler"; exit 0
fi
timeout 60 "$scratch/insn" qemu "$here/cases" "$scratch/code" export "$scratch/exported" &&
    timeout 60 $qemu "$scratch/probe" "$scratch/exported" "$scratch/found" &&
    timeout 60 "$scratch/insn" qemu "$here/cases" "$scratch/code" results "$scratch/found" || fail qemu-run
