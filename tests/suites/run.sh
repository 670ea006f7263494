# SPDX-License-Identifier: GPL-2.0-or-later
# Programs' own test suites, twice in roots of the same Debian packages: arm64 under ferry, amd64 natively. A case is what such a suite runs by
# itself (a file, a module, a package); it passes when each single test in it ends as it ends natively, well or not. Very long: part of `make check-long`.
# SUITES="perl bash…" runs only those areas, each a file of this folder; CASES=REGEX only cases whose AREA-NAME matches.
# Logs, tables of both outcomes and the time are kept in RESULTS (the build folder's suites-results).
. "$FERRY_SOURCE/tests/lib.sh"
. "$FERRY_SOURCE/tests/root.sh"
here=$source_dir/tests/suites
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ferry-tests
results=${RESULTS:-$build_dir/suites-results}

fetch_root() { "$source_dir/tests/software/fetch-root" "$1" "$cache/root-suites-$1" $(cat "$here/packages"); }

# on native|ferry COMMAND…: with the root and the runner of that side.
on() {
    local root=$cache/root-suites-arm64 runner=/ferry
    [ "$1" = ferry ] || { root=$cache/root-suites-amd64 runner=; }
    shift
    "$@"
}

# run_side SIDE AREA NAME SECONDS SCRIPT: the log, its last line the exit status; the seconds.
run_side() {
    local log=$results/$2/$3.$1.log started=$EPOCHREALTIME status
    on "$1" inside "$4" sh -c "ip link set lo up 2>/dev/null; cd /tmp; $5" > "$log" 2>&1
    status=$?
    printf '\nexit status %s\n' "$status" >> "$log"
    awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", b - a }' > "${log%.log}.time"
}

# A difference whose cause is known and not ferry's, or in limits.md, is listed with its reason in the file `differences`: `AREA-NAME: reason`.
known_difference() { sed -n "s/^$1: //p" "$here/differences"; }

# alike AREA NAME: what came of it in NAME.native and NAME.ferry, which the area's function outcomes_AREA reads from the logs.
alike() {
    local base=$results/$1/$2 side
    for side in native ferry; do { outcomes_"$1" "$base.$side.log"; tail -n 1 "$base.$side.log"; } > "$base.$side"; done
    # What ran into the limit on both sides has shown nothing.
    [ "$(wc -l < "$base.native")" -gt 1 ] && ! tail -n 1 "$base.native" | grep -qE ' (124|137)$' && cmp -s "$base.native" "$base.ferry"
}

# attempt AREA NAME SECONDS SCRIPT: both sides at once.
attempt() {
    run_side native "$@" & run_side ferry "$@" & wait
    alike "$1" "$2"
}

# record WHAT AREA NAME TRIES: its line in the table, and how it counts.
record() {
    local base=$results/$2/$3 reason
    printf '%s\t%s\t%s\t%s\ttries %s\ttests %s\t%s s\t%s s\n' "$1" "$3" "$(tail -n 1 "$base.native")" "$(tail -n 1 "$base.ferry" | cut -d' ' -f3)" \
        "$4" $(($(wc -l < "$base.native") - 1)) "$(cat "$base.native.time")" "$(cat "$base.ferry.time")" >> "$results/$2.table"
    if [ "$1" = same ]; then pass "$2-$3"; return; fi
    reason=$(known_difference "$2-$3")
    if [ -n "$reason" ]; then skip "$2-$3" "$reason"; else fail "$2-$3"; fi
    diff -a "$base.native" "$base.ferry" | grep -a '^[<>]' | head -n 12 | cut -c 1-200 | sed 's/^/    /'
    [ "$(wc -l < "$base.native")" -gt 1 ] || { echo "    not one test ran natively:" && tail -n 5 "$base.native.log" | sed 's/^/    /'; }
}

# compare AREA NAME SECONDS SCRIPT. Tests that depend on time and luck end differently natively too: what differs is tried three times
# (TRIES).
compare() {
    local try tries=${TRIES:-3} what=differs
    [[ $1-$2 =~ ${CASES:-} ]] || return 0
    for ((try = 1; try <= tries; try++)); do
        if attempt "$@"; then what=same; break; fi
    done
    record $what "$1" "$2" $((try < tries ? try : tries))
}

# sources_for SIDE PACKAGE: a fresh copy of its sources in that root, as /suites/PACKAGE.
copy_sources() { rm -rf "$root/suites/$1" && mkdir -p "$root/suites" && cp -a "$cache/sources/$1" "$root/suites/$1"; }
sources_for() {
    "$source_dir/tests/software/fetch-source" "$cache/sources" "$2" > "$scratch/log" 2>&1 || tail -n 5 "$scratch/log"
    on "$1" copy_sources "$2"
}

for side in native ferry; do
    architecture=arm64; [ $side = ferry ] || architecture=amd64
    if ! fetch_root $architecture > "$scratch/log" 2>&1; then
        fail fetch-root; tail -n 20 "$scratch/log"; exit 0
    fi
    on $side prepare_root
done
if ! can_enter_roots; then skip all "no namespaces: $(cat "$scratch/log")"; exit 0; fi
for area in ${SUITES:-zlib bash systemd stress go sqlite perl python}; do
    mkdir -p "$results/$area" && rm -f "$results/$area.table"
    . "$here/$area.sh"
done
