# SPDX-License-Identifier: GPL-2.0-or-later
# What the suites share that run Debian's programs in a root file system of their own, which they see as `/` (chroot, with process, mount
# and network namespaces, so this needs root or user namespaces). `root` is the folder, `runner` what starts a program there: /ferry, or
# nothing for a root of the host's own architecture.
runner=/ferry
confined=()                 # a command that starts what runs inside with less than all rights
as_root=$([ "$(id -u)" = 0 ] || echo --map-root-user)

can_enter_roots() { unshare $as_root --mount --pid --net --ipc --uts --fork true 2> "$scratch/log"; }

# What packages' own installation scripts would have done, as far as the programs need it.
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
    touch "$root/ferry"
}

# inside SECONDS COMMAND…: in the root, everything as the guest's. Its /tmp, /dev/shm, processes, network and System V objects are new each time.
inside() {
    local seconds=$1
    shift
    timeout -k 10 "$seconds" "${confined[@]}" unshare $as_root --mount --pid --net --ipc --uts --fork --kill-child bash -c '
        root=$1 runner=$2 ferry=$3; shift 3
        mount --bind "$root" "$root" && mount --make-private "$root" && mount --bind "$ferry" "$root/ferry" || exit 125     # a mount: what nspawn needs
        mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" || exit 125
        mount -t tmpfs -o mode=1777 tmp "$root/tmp" && mount -t tmpfs -o mode=1777 shm "$root/dev/shm" || exit 125
        exec env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin HOME=/root LC_ALL=C TMPDIR=/tmp FERRY_SYSROOT= \
            LD_LIBRARY_PATH=/usr/lib/aarch64-linux-gnu/blas:/usr/lib/aarch64-linux-gnu/lapack:/usr/lib/aarch64-linux-gnu/pulseaudio \
            chroot "$root" $runner "$@"' inside "$root" "$runner" "$ferry" "$@" < /dev/null
}
