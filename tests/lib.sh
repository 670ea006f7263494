# SPDX-License-Identifier: GPL-2.0-or-later
# What every suite's run.sh uses. A suite prints one line a case: `PASS name`, `FAIL name` or `SKIP name: why`, and whatever
# else explains a failure; tests/run counts the lines.
set -u
source_dir=${FERRY_SOURCE:?run by tests/run}
build_dir=${FERRY_BUILD:?run by tests/run}
scratch=${FERRY_SCRATCH:?run by tests/run}
ferry=$build_dir/ferry

pass() { echo "PASS $suite/$1"; }
fail() { echo "FAIL $suite/$1"; }
skip() { echo "SKIP $suite/$1: $2"; }

# Starts programs that take real-time priority where they may, and starve a small machine for an hour, so that they may not.
# (In a user namespace nothing may anyway.)
no_real_time=(prlimit --rtprio=0:0 --nice=0:0)
[ "$(id -u)" != 0 ] || no_real_time+=(setpriv --bounding-set -sys_nice --inh-caps -sys_nice)

# expect NAME COMMAND…: passes when the command succeeds; its output is shown when it does not.
expect() {
    local name=$1 log="$scratch/log"
    shift
    if "$@" >"$log" 2>&1 </dev/null; then pass "$name"; else fail "$name"; sed 's/^/    /' "$log" | tail -n 30; fi
}

# same NAME EXPECTED-FILE ACTUAL-FILE
same() {
    if cmp -s "$2" "$3"; then pass "$1"; else fail "$1"; diff -a "$2" "$3" | head -n 20 | cut -c 1-300 | sed 's/^/    /'; fi
}

# sources FOLDER…: their files but what the build made, with or without git.
sources() { find "$@" -type f ! -name '*.generated.*' ! -name 'config.h' ! -path '*/.deps/*' | sed 's|^\./||' | grep -vE '^build[^/]*/' | sort; }
