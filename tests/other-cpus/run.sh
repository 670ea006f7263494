# SPDX-License-Identifier: GPL-2.0-or-later
# Code for CPUs that this machine may not have, on emulated ones (machine): the code space guarded by protection keys, and AVX-512. What the
# programs must do is in themselves, or was recorded here: the interpreter's results, qemu-aarch64's, and what is known.
#   MACHINES=keys|avx512    only one of the two
. "$FERRY_SOURCE/tests/lib.sh"
. "$FERRY_SOURCE/tests/other-cpus/machine"
for tool in busybox cpio xorriso qemu-system-x86_64 bochs; do
    command -v $tool > /dev/null || { skip all "no $tool"; exit 0; }
done
[ -f /usr/lib/ISOLINUX/isolinux.bin ] || { skip all "no isolinux"; exit 0; }
command -v ${CROSS}gcc > /dev/null || { skip all "no cross compiler"; exit 0; }
kernel_fetch "$scratch/vmlinuz" > "$scratch/log" 2>&1 || { skip all "no kernel: $(tail -n 1 "$scratch/log")"; exit 0; }
cd "$source_dir" || exit 1

# host OUTPUT LIBRARIES SOURCE…: a program of this machine with ferry's library.
host() {
    local output=$1 libraries=$2
    shift 2
    gcc -std=gnu11 -O1 -g -D_GNU_SOURCE -fno-strict-aliasing -fPIE -pie -I. -I"$build_dir" -o "$scratch/$output" "$@" \
        "$build_dir/libferry.a" "$build_dir/libgeneral.a" "$build_dir/libferry.a" -lelf -lz $libraries -lpthread
}
guest() { ${CROSS}gcc -O2 -static -pthread -o "$scratch/$1" "$2" -lm; }

# What each machine's tests begin with: `expect` as in lib.sh.
prologue='expect() { name=$1; shift; if "$@" > /tmp/log 2>&1; then echo "PASS $name"; else echo "FAIL $name"; tail -n 12 /tmp/log | sed "s/^/    /"; fi; }
PATH=/tests.d:/bin; ulimit -c 0'

# -- protection keys ------------------------------------------------------------------------------------------------------------

test_keys() {
    local keys=$scratch/keys program name
    machine_new "$keys"
    cp "$scratch/vmlinuz" "$keys/"
    machine_add "$keys" "$ferry"
    for program in tests/other-cpus/code_space.c tests/multi/*.c; do
        name=$(basename "$program" .c)
        if guest "$name" "$program" 2> "$scratch/log"; then machine_add "$keys" "$scratch/$name"; else fail "keys/$name (build)"; cat "$scratch/log"; fi
    done
    {
        echo "$prologue"
        cat << 'END'
grep -q ospke /proc/cpuinfo && echo "PASS announced" || echo "FAIL announced"
# The address of the area that has a key is told to the program that runs in it.
mkfifo /tmp/address
timeout 120 ferry /tests.d/code_space < /tmp/address > /tmp/said 2>&1 &
exec 9> /tmp/address
sleep 2
area=$(awk '/^[0-9a-f]+-/ { range = $1 } /ProtectionKey: *[1-9]/ { print range }' /proc/$(pidof ferry)/smaps)
echo "${area%-*}" >&9
wait
expect code-space grep guarded /tmp/said
END
        for program in tests/multi/*.c; do
            name=$(basename "$program" .c)
            echo "expect $name timeout 120 ferry /tests.d/$name"
            echo "expect $name-small-cache timeout 120 ferry --cache-size=1M /tests.d/$name"
        done
    } > "$keys/root/tests"
    machine_qemu "$keys"
    machine_results "$keys" keys
}

# -- AVX-512 ------------------------------------------------------------------------------------------------------------------------

# The IR's operations against the interpreter, which computes exactly.
add_operations() {
    local group
    if ! host vector_operations -lcriterion tests/unit/vector_operations.c 2> "$scratch/log"; then skip avx512/operations "$(head -n 1 "$scratch/log")"; return; fi
    machine_add "$1" "$scratch/vector_operations"
    for group in float vector crypto compares; do
        echo "expect operations-$group vector_operations --jobs 1 --filter '*/${group}_host*'" >> "$1/root/tests"
    done
}

# The suite insn's cases.
add_insn() {
    local here=$source_dir/tests/aarch64/insn
    {
        echo '.arch armv8.5-a+fp16+crypto+lse+rcpc+dotprod'
        grep -vE '^(#|$)' "$here/cases" | sed 's/|.*//; s/^/.balign 64\n/; s/$/\n.inst 0/'
        echo '.balign 64'
    } > "$scratch/code.s"
    if ! { ${CROSS}as -o "$scratch/code.o" "$scratch/code.s" && ${CROSS}objcopy -O binary "$scratch/code.o" "$scratch/code" &&
        host insn "" "$here/insn.c"; } > "$scratch/log" 2>&1; then fail avx512/insn-build; cat "$scratch/log"; return; fi
    machine_add "$1" "$scratch/insn" "$here/cases" "$scratch/code"
    echo "expect insn sh -c 'insn x86_64 /tests.d/cases /tests.d/code > insn && grep -q ^PASS insn && ! grep -v ^PASS insn | grep -v "sshl d0, d1, d2" | grep FAIL'" >> "$1/root/tests"
}

# Random instructions, and what qemu-aarch64 made of them here.
add_differential() {
    local qemu="${QEMU_AARCH64:-qemu-aarch64} -cpu max,sve=off,sme=off,pauth=off"
    command -v ${qemu%% *} > /dev/null || { skip avx512/differential "no qemu-aarch64"; return; }
    if ! { host differential "" tests/differential/{differential,generate,forgive,values}.c && guest probe tests/differential/probe.c &&
        "$scratch/differential" generate "${SEED:-1}" "${CASES:-6}" "$scratch/random" &&
        timeout 120 $qemu "$scratch/probe" "$scratch/random" "$scratch/expected"; } > "$scratch/log" 2>&1; then
        fail avx512/differential-build; cat "$scratch/log"; return
    fi
    machine_add "$1" "$scratch"/{differential,probe,random,expected}
    echo "expect differential sh -c 'ferry /tests.d/probe /tests.d/random actual && differential compare /tests.d/random /tests.d/expected actual > compared || { grep -v " was " compared; false; }'" \
        >> "$1/root/tests"
}

# What Bochs 2.7 gets wrong and is kept out here: gf2p8affineqb inverts its result and sha1rnds4 reverses it (v4 has neither), cvtps2ph rounds
# subnormal results wrongly, and what FERRY_TEST_BOCHS tells the tests (vector_operations.c; SSHL by 64 among insn's cases).
test_avx512() {
    local wide=$scratch/wide name
    machine_new "$wide"
    cp "$scratch/vmlinuz" "$wide/"
    machine_add "$wide" "$ferry"
    {
        echo "$prologue"
        echo 'grep -q avx512vl /proc/cpuinfo && echo "PASS announced" || echo "FAIL announced"; export FERRY_HOST_FEATURES=v4-f16c FERRY_TEST_BOCHS=1'
    } > "$wide/root/tests"
    add_operations "$wide"
    add_insn "$wide"
    add_differential "$wide"
    for name in floats threads; do
        guest "$name" "tests/multi/$name.c" && machine_add "$wide" "$scratch/$name"
        echo "expect $name timeout 600 ferry /tests.d/$name" >> "$wide/root/tests"
    done
    machine_bochs "$wide" corei7_icelake_u
    machine_results "$wide" avx512
}

for machine in ${MACHINES:-keys avx512}; do "test_$machine"; done
