# SPDX-License-Identifier: GPL-2.0-or-later
# Go's tests of packages that know the kernel and the CPU well. Go compiles for both architectures alike, so their programs are made on the host by
# the amd64 root's Go, with the host's C compilers, and kept; the tests run in the roots, where some of them call that root's own Go.

# Subtests of a map come in any order.
outcomes_go() { grep -aoE '^ *--- (PASS|FAIL|SKIP): [^ ]+|^(PASS|FAIL)$' "$1" | sort; }

# build_go_test PACKAGE ARCHITECTURE COMPILER FILE: GOROOT_FINAL is the Go that the program will find.
build_go_test() {
    local go=$cache/root-suites-amd64/usr/lib/go-1.19
    (cd "$go/src/$1" && env -u GOFLAGS GOROOT="$go" GOROOT_FINAL=/usr/lib/go-1.19 GOCACHE="$cache/go-build" GO111MODULE=off CGO_ENABLED=1 GOARCH="$2" CC="$3" "$go/bin/go" test -c -p 2 -o "$4.new" . &&
        mv "$4.new" "$4") > "$scratch/log" 2>&1
}

# Debian's Go has no time zones of its own, which time's tests want; they are stored, not compressed.
zones=/usr/lib/go-1.19/lib/time/zoneinfo.zip
on native inside 100 sh -c "[ -e $zones ] || { mkdir -p ${zones%/*} && cd /usr/share/zoneinfo && zip -0 -q -X -r $zones [A-Z]*; }" || fail go-zones
on ferry eval 'mkdir -p "$root${zones%/*}" && cp "$cache/root-suites-amd64$zones" "$root$zones"'

for package in os/exec os/signal syscall os context runtime net time internal/poll sync sync/atomic os/user io io/fs path/filepath runtime/debug runtime/pprof \
    runtime/trace runtime/metrics reflect math math/big math/bits hash/crc32 crypto/aes crypto/sha256 crypto/elliptic crypto/ed25519 crypto/x509 crypto/tls \
    strconv strings bytes encoding/json compress/flate plugin net/http; do
    name=${package//\//-}
    [[ go-$name =~ ${CASES:-} ]] || continue
    for side in native ferry; do
        architecture=amd64 compiler=gcc; [ $side = native ] || architecture=arm64 compiler=${CROSS}gcc
        program=$cache/go-tests-$architecture/$name
        mkdir -p "${program%/*}" && on $side eval 'mkdir -p "$root/suites/go-tests"'
        [ -x "$program" ] || build_go_test "$package" $architecture "$compiler" "$program" || { fail "go-build-$name-$side"; tail -n 5 "$scratch/log"; continue 2; }
        on $side eval 'cmp -s "$program" "$root/suites/go-tests/$name" || cp "$program" "$root/suites/go-tests/$name"'
    done
    # What `go test` gives a test; a program that starts itself again finds itself by its path.
    compare go "$name" "${GO_SECONDS:-1500}" "export GOCACHE=/suites/go-cache GO111MODULE=off GOROOT=/usr/lib/go-1.19 PATH=/usr/lib/go-1.19/bin:\$PATH && cd \$GOROOT/src/$package && export PWD=\$GOROOT/src/$package &&
        exec /suites/go-tests/$name -test.v -test.short -test.paniconexit0 -test.timeout=${GO_SECONDS:-1500}s"
done
