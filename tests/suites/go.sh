# SPDX-License-Identifier: GPL-2.0-or-later
# Go's tests of packages that know the kernel and the CPU well, compiled and run in the root.

outcomes_go() { grep -aoE '^ *--- (PASS|FAIL|SKIP): [^ ]+|^(ok|FAIL|\?) +[^ 	]+' "$1"; }

for package in sync sync/atomic syscall os/signal os/exec os os/user io io/fs internal/poll context time path/filepath net runtime runtime/debug runtime/pprof \
    runtime/trace runtime/metrics reflect math math/big math/bits hash/crc32 crypto/aes crypto/sha256 crypto/elliptic crypto/ed25519 crypto/x509 crypto/tls \
    strconv strings bytes encoding/json compress/flate plugin net/http; do
    compare go "${package//\//-}" "${GO_SECONDS:-1500}" "export GOCACHE=/suites/go-cache GOFLAGS=-p=2 GO111MODULE=off && mkdir -p /suites && cd /usr/lib/go-1.19/src/$package && go test -v -short -timeout 1400s ."
done
