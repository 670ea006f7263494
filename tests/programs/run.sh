# SPDX-License-Identifier: GPL-2.0-or-later
# Big programs of Debian bookworm's arm64: language runtimes, servers, tools, media, in a root of their own that they see as `/`
# (chroot, with process, mount and network namespaces, so this needs root or user namespaces). Long: part of `make check-long`.
# PROGRAMS="languages servers…" runs only those areas; each is a file of this folder that calls `inside` and `expects`.
. "$FERRY_SOURCE/tests/lib.sh"
here=$source_dir/tests/programs
root=${XDG_CACHE_HOME:-$HOME/.cache}/ferry-tests/root-programs

# What packages' own installation scripts would have done, as far as these programs need it.
prepare_root() {
    mkdir -p "$root"/{proc,sys,dev,tmp,etc,root,run,var/log/nginx,var/lib/nginx} "$root"/run/{sshd,postgresql}
    chmod 1777 "$root/tmp"
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    printf 'postgres:x:101:101::/tmp:/bin/sh\nsshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n' >> "$root/etc/passwd"
    echo 'postgres:x:101:' >> "$root/etc/group"
    echo 'root:*:19000:0:99999:7:::' > "$root/etc/shadow"
    echo '127.0.0.1 localhost' > "$root/etc/hosts"
    local link
    for link in cc:gcc awk:gawk clang:clang-14 convert:convert-im6.q16 identify:identify-im6.q16 java:../lib/jvm/java-17-openjdk-arm64/bin/java javac:../lib/jvm/java-17-openjdk-arm64/bin/javac; do
        ln -sfn "${link#*:}" "$root/usr/bin/${link%%:*}"
    done
}

# inside SECONDS COMMAND…: in the root, everything as the guest's. Its /tmp is new each time.
inside() {
    local seconds=$1 user=
    shift
    [ "$(id -u)" = 0 ] || user=--map-root-user
    timeout -k 10 "$seconds" unshare $user --mount --pid --net --fork --kill-child bash -c '
        root=$1; shift
        mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs -o mode=1777 tmp "$root/tmp" || exit 125
        exec env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin HOME=/root LC_ALL=C TMPDIR=/tmp FERRY_SYSROOT= \
            LD_LIBRARY_PATH=/usr/lib/aarch64-linux-gnu/blas:/usr/lib/aarch64-linux-gnu/lapack:/usr/lib/aarch64-linux-gnu/pulseaudio \
            chroot "$root" /ferry "$@"' inside "$root" "$@" < /dev/null
}

# expects NAME SECONDS EXPECTED SCRIPT: a shell script inside, its standard output whole.
expects() {
    local got
    got=$(inside "$2" sh -c "ip link set lo up 2>/dev/null; cd /tmp; $4" 2> "$scratch/stderr")
    if [ "$got" = "$3" ]; then pass "$1"; else
        fail "$1"; echo "    expected: $3"; echo "    got:      $got"; tail -n 8 "$scratch/stderr" | sed 's/^/    /'
    fi
}

if ! "$source_dir/tests/software/fetch-root" arm64 "$root" $(cat "$here/packages") > "$scratch/log" 2>&1; then
    fail fetch-root; tail -n 20 "$scratch/log"; exit 0
fi
if ! unshare $([ "$(id -u)" = 0 ] || echo --map-root-user) --mount --pid --fork true 2> "$scratch/log"; then skip all "no namespaces: $(cat "$scratch/log")"; exit 0; fi
prepare_root
cp "$ferry" "$root/ferry"
for area in ${PROGRAMS:-languages servers tools media rings}; do . "$here/$area.sh"; done
