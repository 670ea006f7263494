# SPDX-License-Identifier: GPL-2.0-or-later
# Big programs of Debian bookworm's arm64: language runtimes, servers, tools, media, in a root of their own that they see as `/`
# (chroot, with process, mount and network namespaces, so this needs root or user namespaces). Long: part of `make check-long`.
# PROGRAMS="languages servers…" runs only those areas, each a file of this folder that calls `inside` and `expects`; CASES=REGEX only what matches.
. "$FERRY_SOURCE/tests/lib.sh"
. "$FERRY_SOURCE/tests/root.sh"
here=$source_dir/tests/programs
root=${XDG_CACHE_HOME:-$HOME/.cache}/ferry-tests/root-programs

# expects NAME SECONDS EXPECTED SCRIPT: a shell script inside, its standard output whole.
expects() {
    local got
    [[ $1 =~ ${CASES:-} ]] || return 0
    got=$(inside "$2" sh -c "ip link set lo up 2>/dev/null; cd /tmp; $4" 2> "$scratch/stderr")
    if [ "$got" = "$3" ]; then pass "$1"; else
        fail "$1"; echo "    expected: $3"; echo "    got:      $got"; tail -n 8 "$scratch/stderr" | sed 's/^/    /'
    fi
}

if ! "$source_dir/tests/software/fetch-root" arm64 "$root" $(cat "$here/packages") > "$scratch/log" 2>&1; then
    fail fetch-root; tail -n 20 "$scratch/log"; exit 0
fi
if ! can_enter_roots; then skip all "no namespaces: $(cat "$scratch/log")"; exit 0; fi
prepare_root
for area in ${PROGRAMS:-languages servers tools media rings}; do . "$here/$area.sh"; done
