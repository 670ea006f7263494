# SPDX-License-Identifier: GPL-2.0-or-later
# Random instructions, blocks and loops in every way that ferry runs code, bit by bit against qemu-aarch64.
#   SEED=n ROUNDS=n CASES=n    other cases, more of them (make soak): ROUNDS=0 goes on until stopped
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1
qemu="${QEMU_AARCH64:-qemu-aarch64} -cpu max,sve=off,sme=off,pauth=off"
command -v ${qemu%% *} >/dev/null || { skip all "no qemu-aarch64"; exit 0; }
command -v ${CROSS}gcc >/dev/null || { skip all "no cross compiler"; exit 0; }

if ! gcc -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -fPIE -pie -I. -I"$build_dir" -o "$scratch/differential" tests/differential/{differential,generate,forgive,values}.c \
    "$build_dir/libferry.a" "$build_dir/libgeneral.a" "$build_dir/libferry.a" -lelf -lz > "$scratch/log" 2>&1 ||
    ! ${CROSS}gcc -O1 -static -o "$scratch/probe" tests/differential/probe.c >> "$scratch/log" 2>&1; then
    fail build; cat "$scratch/log"; exit 0
fi
differential=$scratch/differential
cd "$scratch" || exit 1

against() {
    local name=$1
    shift
    rm -f actual
    timeout 120 "$@" ./probe cases actual && "$differential" compare cases expected actual
}
# One round of all ways; names get the seed after the first.
matrix() {
    local prefix=$1
    if ! timeout 120 $qemu ./probe cases expected; then fail "${prefix}qemu"; return; fi
    expect "${prefix}jit" against jit "$ferry"
    expect "${prefix}interpreter" against interpreter "$ferry" --host=interpreter
    expect "${prefix}no-link" against no-link "$ferry" --no-link
    expect "${prefix}one-insn" against one-insn "$ferry" --max-insns=1
    expect "${prefix}hot" against hot "$ferry" --tier=hot
    expect "${prefix}three-insns" against three-insns "$ferry" --max-insns=3
    expect "${prefix}v2" against v2 env FERRY_HOST_FEATURES=v2 "$ferry"
    expect "${prefix}v3" against v3 env FERRY_HOST_FEATURES=v3 "$ferry"
}

seed=${SEED:-1} rounds=${ROUNDS:-1} cases=${CASES:-12} round=0
while [ "$rounds" = 0 ] || [ $round -lt "$rounds" ]; do
    "$differential" generate $((seed + round)) "$cases" cases || exit 1
    if [ $round = 0 ]; then
        "$differential" coverage cases > coverage; covered=$?
        cat coverage
        [ $covered = 0 ] && pass coverage || fail coverage
    fi
    matrix "$([ $round = 0 ] || echo "seed-$((seed + round))-")"
    round=$((round + 1))
done
