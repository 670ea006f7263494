# SPDX-License-Identifier: GPL-2.0-or-later
# Random programs of many blocks with loops, faults that handlers mend, signals at any moment, code that changes, threads: each way of running
# them prints what qemu-user prints. BLOCKS=N programs (60) from number BLOCKS_FIRST on, of BLOCKS_SEED.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir/tests/aarch64/blocks" || exit 1
command -v ${CROSS}gcc >/dev/null || { skip all "no cross compiler"; exit 0; }
count=${BLOCKS:-60} first=${BLOCKS_FIRST:-0} seed=${BLOCKS_SEED:-1}
${CROSS}gcc -O2 -g -Wall -Wextra -Werror -static -pthread -o "$scratch/blocks" blocks.c generate.c 2> "$scratch/log" || { fail build; cat "$scratch/log"; exit 0; }
# agrees NAME PROGRAMS [threads] COMMAND…
agrees() {
    local name=$1 programs=$2 threads=
    shift 2
    [ "$1" = threads ] && threads=threads && shift
    timeout $((60 + count * 5)) qemu-aarch64 "$scratch/blocks" "$seed" "$first" "$programs" $threads > "$scratch/expected.$programs$threads" 2>&1 < /dev/null
    timeout $((60 + count * 5)) "$@" "$scratch/blocks" "$seed" "$first" "$programs" $threads > "$scratch/printed" 2>&1 < /dev/null
    if [ "$(wc -l < "$scratch/expected.$programs$threads")" -lt $((2 * programs)) ]; then fail "$name"; tail -n 3 "$scratch/expected.$programs$threads"; return; fi
    same "$name" "$scratch/expected.$programs$threads" "$scratch/printed"
}
agrees jit "$count" "$ferry"
agrees warm "$count" "$ferry"
agrees hot "$count" "$ferry" --tier=hot
agrees fast "$count" "$ferry" --tier=fast
agrees hot-after-50 "$count" "$ferry" --hot-after=50
agrees one-insn "$count" "$ferry" --one-insn-per-block
agrees short "$count" "$ferry" --max-insns=3 --tier=hot
agrees small-cache "$count" "$ferry" --cache-size=1M --tier=hot
agrees v2 "$count" env FERRY_HOST_FEATURES=v2 "$ferry" --tier=hot
agrees interpreter $((count / 15 + 1)) "$ferry" --host=interpreter
agrees threads $((count / 3)) threads "$ferry" --tier=hot
agrees threads/auto $((count / 3)) threads "$ferry"
