# SPDX-License-Identifier: GPL-2.0-or-later
# What --trace, --dump-block, --stats and --perf print of a program, static and dynamic: each channel says something, and the right thing.
. "$FERRY_SOURCE/tests/lib.sh"
if ! command -v "${CROSS}gcc" > /dev/null; then skip all "no ${CROSS}gcc"; exit 0; fi

# contains NAME FILE PATTERN…: each pattern is on some line
contains() {
    local name=$1 file=$2 bad="" pattern
    shift 2
    for pattern in "$@"; do grep -qE -- "$pattern" "$file" || bad="$bad    no line with: $pattern"$'\n'; done
    if [ -z "$bad" ]; then pass "$name"; else fail "$name"; printf '%s' "$bad"; head -n 5 "$file" | sed 's/^/    | /'; fi
}
# traced OPTION…: standard error of the guest under these
traced() { timeout 120 "$ferry" "$@" "$guest" 2> "$scratch/trace" > "$scratch/output" || echo "status $?" >> "$scratch/trace"; }

for link in static dynamic; do
    guest=$scratch/guest-$link
    [ $link = static ] && flags=-static || flags=
    "${CROSS}gcc" -O1 -fno-pie -no-pie $flags -o "$guest" "$source_dir/tests/traces/guest.c" || { fail build-$link; continue; }
    address=0x$("${CROSS}nm" "$guest" | sed -n 's/^0*\([0-9a-f]*\) T looked_at$/\1/p')
    traced --trace=decode
    contains $link-decode "$scratch/trace" "^block $address, [0-9]+ instructions in looked_at" "^  $address: "
    traced -d op,op_opt
    contains $link-ir "$scratch/trace" '^IR as lowered:' '^IR after [a-z_]+:' '^ *insn_start ' '^  %[0-9]+ = get i64 x0'
    traced --trace=run
    contains $link-run "$scratch/trace" '^run: 0x[0-9a-f]+'
    traced -d cpu,nochain
    contains $link-cpu "$scratch/trace" "^run: $address looked_at" ' x0=0*3e8 ' ' sp=[0-9a-f]{16}'
    traced --trace=fault,signal,unimplemented
    contains $link-events "$scratch/trace" '^fault: signal 11, code 1, address 0x8' '^signal 11: handler 0x' 'unknown system call 9999'
    traced --trace=syscall
    contains $link-syscall "$scratch/trace" '^write\(1, "' '= -1 ENOSYS'
    traced --dump-block="$address"
    contains $link-dump-block "$scratch/trace" "^block $address" '^IR as lowered' '^IR after' "^host code of block $address: [0-9]+ bytes"
    if command -v objdump > /dev/null; then contains $link-host-text "$scratch/trace" '^ +[0-9a-f]+:.*\bmov '; else skip $link-host-text "no objdump"; fi
    traced --no-cache --stats
    contains $link-stats "$scratch/trace" 'translated [1-9][0-9]* blocks' 'ns a guest instruction' 'lookups [1-9]' 'links [1-9]' 'slow paths' 'faults 1$' 'evictions 0'
    rm -f "$scratch"/log.*
    "$ferry" -d in_asm,strace -D "$scratch/log.%d" "$guest" > /dev/null 2> "$scratch/trace"
    cat "$scratch"/log.[0-9]* > "$scratch/log" 2> /dev/null
    contains $link-log-file "$scratch/log" '^block 0x' '^write\(1, '
    "$ferry" --perf "$guest" > "$scratch/output" 2>&1 & process=$!
    wait $process
    cp "/tmp/perf-$process.map" "$scratch/map" 2> /dev/null && rm -f "/tmp/perf-$process.map"
    contains $link-perf "$scratch/map" '^[0-9a-f]+ [0-9a-f]+ looked_at\+0x0$' ' main\+0x'
done
