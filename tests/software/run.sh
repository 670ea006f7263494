# SPDX-License-Identifier: GPL-2.0-or-later
# Debian bookworm's own arm64 programs. The root is fetched by apt at test time; what a program must print is what the same program
# prints natively, or a fixed fact. Each test of python3's test modules must end as it does natively.
. "$FERRY_SOURCE/tests/lib.sh"
packages=$(cat "$source_dir/tests/software/packages")
root=${XDG_CACHE_HOME:-$HOME/.cache}/ferry-tests/root-arm64
if ! "$source_dir/tests/software/fetch-root" arm64 "$root" $packages > "$scratch/log" 2>&1; then
    fail fetch-root; tail -n 20 "$scratch/log"; exit 0
fi
cd "$scratch" || exit 1
export LC_ALL=C
run() { timeout 300 "$ferry" --sysroot "$root" "$@"; }

# prints NAME EXPECTED COMMAND…
prints() {
    local name=$1 expected=$2
    shift 2
    local got
    got=$("$@" 2> "$scratch/stderr" < /dev/null)
    if [ "$got" = "$expected" ]; then pass "$name"; else
        fail "$name"; echo "    expected: $expected"; echo "    got:      $got"; head -n 5 "$scratch/stderr" | sed 's/^/    /'
    fi
}

# -- shells and small tools ---------------------------------------------------------------------------------------------------
prints busybox-uname aarch64 run "$root/bin/busybox" uname -m
prints busybox-sh "1 2 3 6" run "$root/bin/busybox" sh -c 'for i in 1 2 3; do printf "%d " $i; done; echo $((1+2+3))'
prints busybox-pipeline 5050 run "$root/bin/busybox" sh -c 'busybox seq 1 100 | busybox awk "{ s += \$1 } END { print s }"'
prints bash-arithmetic 102334155 run "$root/bin/bash" -c 'a=0 b=1; for ((i = 0; i < 40; i++)); do ((t = a + b, a = b, b = t)); done; echo $a'
prints bash-pipeline "3" run "$root/bin/bash" -c 'printf "b\na\nc\n" | sort | wc -l'
prints bash-status "$(bash -c '(exit 3); a=$?; (kill -INT $BASHPID); echo $a $?; (kill -TERM $BASHPID); echo $?' 2>/dev/null)" run "$root/bin/bash" -c '(exit 3); a=$?; (kill -INT $BASHPID); echo $a $?; (kill -TERM $BASHPID); echo $?'
prints bash-job "done 0" run "$root/bin/bash" -c 'sleep 0.1 & wait $!; echo done $?'
mkdir -p "$root"/{proc,dev,tmp,home}     # as empty as in an image that nobody entered
prints sysroot-and-kernel-files "3 /dev/null bash" run "$root/bin/bash" -c 'cat /proc/self/comm > /dev/null && echo $(ls -d /proc/self/fd /dev/null /proc/$$/exe | wc -l) $(ls /dev/null) $(cat /proc/$$/comm)'
prints sysroot-and-new-files "/tmp text" run "$root/bin/bash" -c 'name=/tmp/ferry-$$ && echo text > $name && cd /tmp && echo $(pwd -P) $(cat ferry-$$) && rm $name'
prints sysroot-without-environment "aarch64 other" run "$root/usr/bin/env" -i /usr/bin/env /bin/bash -c 'echo $(/usr/bin/uname -m) $(exec -a other /bin/bash -c "echo \$0")'
prints cpuinfo-features "Features : fp" run "$root/bin/bash" -c 'while read -r name colon first rest; do [ "$name" = Features ] && echo $name $colon $first && break; done < /proc/cpuinfo'
prints grep "foo12" run "$root/bin/grep" -E '^fo+[0-9]{2}$' <(printf 'foo\nfoo12\nbar\n')
prints sed "a-b-c" run "$root/bin/bash" -c 'echo a.b.c | sed "s/\./-/g"'
prints gawk "15 0.707107" run "$root/usr/bin/gawk" 'BEGIN { for (i = 1; i <= 5; i++) s += i; print s, sin(0.785398163397) }'
prints sort-numbers "$(seq 1 20000 | sort -R --random-source=/dev/zero | sort -n | sha256sum)" run "$root/bin/bash" -c "seq 1 20000 | sort -R --random-source=/dev/zero | sort -n | sha256sum"
prints perl "3.14159 olleh 45" run "$root/usr/bin/perl" -e 'my $s = 0; $s += $_ for 0 .. 9; printf "%.5f %s %d\n", atan2(1, 1) * 4, scalar reverse("hello"), $s'
prints lua "832040 0.1" run "$root/usr/bin/lua5.4" -e 'local function f(n) return n < 2 and n or f(n-1) + f(n-2) end print(f(30) .. " " .. 0.1)'
prints make "built b built a" run "$root/bin/bash" -c "cd '$scratch' && printf 'a: b\n\t@echo built a\nb:\n\t@echo built b\n' > Makefile && make -j2 | tr '\n' ' ' | sed 's/ \$//'"
prints sqlite3 "100|5050" run "$root/usr/bin/sqlite3" :memory: "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) select count(*), sum(i) from n"
prints git "2 commits" run "$root/bin/bash" -c "rm -rf r && git init -q r && cd r && git config user.email a@b && git config user.name n && echo 1 > f && git add f && git commit -qm one && echo 2 > f && git commit -qam two && echo \$(git log --oneline | wc -l) commits && git fsck --strict 2>/dev/null"

# -- data in, the same data out -------------------------------------------------------------------------------------------------
seq 1 300000 > data
for digest in md5sum sha1sum sha256sum sha512sum b2sum cksum; do
    [ "$(run "$root/usr/bin/$digest" < data)" = "$($digest < data)" ] && pass "$digest" || fail "$digest"
done
for level in -1 -6; do
    run "$root/usr/bin/xz" $level -T2 -k -c data > data.xz && xz -dc data.xz | cmp -s - data && pass "xz$level" || fail "xz$level"
done
run "$root/usr/bin/zstd" -q -T2 -9 -c data > data.zst && run "$root/usr/bin/zstd" -q -dc data.zst | cmp -s - data && pass zstd || fail zstd
run "$root/usr/bin/openssl" enc -aes-256-cbc -pbkdf2 -pass pass:x -in data -out data.enc && run "$root/usr/bin/openssl" enc -d -aes-256-cbc -pbkdf2 -pass pass:x -in data.enc | cmp -s - data && pass openssl-aes || fail openssl-aes
run "$root/usr/bin/openssl" speed -seconds 1 -bytes 1024 -evp aes-128-gcm > openssl.log 2>&1 && pass openssl-speed-aes || fail openssl-speed-aes
run "$root/usr/bin/openssl" speed -seconds 1 -bytes 1024 sha256 > openssl.log 2>&1 && pass openssl-speed-sha256 || fail openssl-speed-sha256
run "$root/usr/bin/openssl" genrsa 1024 2>/dev/null > key && run "$root/usr/bin/openssl" rsa -in key -check -noout > openssl.log 2>&1 && pass openssl-rsa || fail openssl-rsa

# -- gcc: the same bytes as under the reference emulator --------------------------------------------------------------------------
cat > one.c <<'EOT'
#include <stdio.h>
int twice(int);
double mean(const double *, int);
int main(void) { double v[] = {1, 2, 4.5}; printf("%d %.3f\n", twice(21), mean(v, 3)); return 0; }
EOT
printf 'int twice(int x) { return x * 2; }\n' > two.c
printf 'double mean(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return s / n; }\n' > three.c
compile="cd '$scratch' && gcc --sysroot='$root' -O2 -c one.c two.c three.c && gcc --sysroot='$root' -o linked one.o two.o three.o"
if run "$root/bin/bash" -c "PATH='$root/usr/bin':\$PATH; $compile" > gcc.log 2>&1; then
    pass gcc-compiles-and-links
    mkdir -p ours && mv one.o two.o three.o linked ours/
    prints gcc-result "42 2.500" run ours/linked
    if command -v qemu-aarch64 > /dev/null && QEMU_LD_PREFIX=$root qemu-aarch64 "$root/usr/lib/gcc/aarch64-linux-gnu/12/cc1" -quiet -O2 one.c -o reference.s > gcc.log 2>&1; then
        run "$root/usr/lib/gcc/aarch64-linux-gnu/12/cc1" -quiet -O2 one.c -o ours.s > gcc.log 2>&1
        same gcc-assembly-identical reference.s ours.s
        for name in one two three; do
            QEMU_LD_PREFIX=$root qemu-aarch64 "$root/usr/lib/gcc/aarch64-linux-gnu/12/cc1" -quiet -O2 $name.c -o $name.s 2>> gcc.log
            QEMU_LD_PREFIX=$root qemu-aarch64 "$root/usr/bin/as" -o $name.reference.o $name.s 2>> gcc.log
            same "gcc-object-identical-$name" $name.reference.o ours/$name.o
        done
    else skip gcc-assembly-identical "no qemu-aarch64"; fi
else fail gcc-compiles-and-links; tail -n 5 gcc.log; fi

# -- ldconfig a hundred times, wherever host ASLR puts things ------------------------------------------------------------------------
failures=0
for i in $(seq 1 100); do run "$root/sbin/ldconfig" -r "$root" -C /tmp/ferry-ldconfig-cache > ldconfig.log 2>&1 || failures=$((failures + 1)); done
[ $failures = 0 ] && pass ldconfig-100-times || { fail "ldconfig-100-times"; echo "    $failures failed"; tail -n 3 ldconfig.log; }

# -- python3 -m test: each single test must end as it ends natively -------------------------------------------------------------------
# The outcome of each test, sorted; subtests and documentation tests print in other forms and are covered by the module's result.
outcomes() {
    grep -aoE '^[A-Za-z_0-9]+ \(test\.[A-Za-z_0-9.]+\) \.\.\. (ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$|^Tests result: .*' "$1" | sort
}
python=/usr/bin/python3.11
for module in test_math test_float test_struct test_json test_re test_hashlib test_zlib test_decimal test_threading test_signal test_mmap; do
    (cd "$scratch" && timeout 900 "$ferry" --sysroot "$root" "$root$python" -m test -v $module) > "$module.log" 2>&1 < /dev/null
    status=$?
    (cd "$scratch" && timeout 900 $python -m test -v $module) > "$module.native" 2>&1 < /dev/null
    native_status=$?
    outcomes "$module.log" > "$module.ours" && outcomes "$module.native" > "$module.expected"
    if [ $status = $native_status ] && [ -s "$module.expected" ] && cmp -s "$module.expected" "$module.ours"; then
        pass "python-$module"
    else
        fail "python-$module"; echo "    exit status $status, natively $native_status"; diff "$module.expected" "$module.ours" | head -n 8
        grep -aE '^(FAIL|ERROR|Traceback|[A-Za-z]*Error)|Segm|ferry' "$module.log" | head -n 8; tail -n 5 "$module.log"
    fi
done
