# SPDX-License-Identifier: GPL-2.0-or-later
# Core files of the guest, as Debian's gdb-multiarch reads them: threads, backtraces, registers, memory. What decides whether there is
# one is in tests/calls/cores.c.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$scratch" || exit 1
command -v "${CROSS}gcc" > /dev/null || { skip all "no ${CROSS}gcc"; exit 0; }
command -v gdb-multiarch > /dev/null || { skip all "no gdb-multiarch"; exit 0; }
case $(cat /proc/sys/kernel/core_pattern) in core) ;; *) skip all "kernel.core_pattern is not \"core\""; exit 0 ;; esac
ulimit -c unlimited 2> /dev/null || { skip all "core files are forbidden"; exit 0; }
"${CROSS}gcc" -g -O1 -static -pthread -o static "$source_dir/tests/cores/crash.c" &&
    "${CROSS}gcc" -g -O1 -pthread -o dynamic "$source_dir/tests/cores/crash.c" || { fail build; exit 0; }

debug() { # PROGRAM COMMAND…
    local program=$1 arguments=()
    shift
    for command in "$@"; do arguments+=(-ex "$command"); done
    timeout 60 gdb-multiarch -nx --batch -ex "set sysroot /usr/${CROSS%-}" "${arguments[@]}" "$program" core 2>&1
}
has() { # NAME TEXT…: each in the file `output`, in any order
    local name=$1 missing=""
    shift
    for text in "$@"; do grep -aqF -- "$text" output || missing="$missing [$text]"; done
    if [ -z "$missing" ]; then pass "$name"; else fail "$name"; echo "    missing:$missing"; sed 's/^/    /' output | tail -n 40; fi
}

for program in static dynamic; do
    for host in x86_64 interpreter; do
        rm -f core*
        timeout 60 "$ferry" --host=$host ./$program fault > told 2>&1
        echo "signal 11, core dumped" > wanted
        same $program-$host/parent wanted told
        debug ./$program bt 'info threads' 'thread apply all bt' 'p marker' 'p real' 'x/s kept' 'x/s hidden' 'p $d9' 'p $_siginfo.si_signo' > output
        has $program-$host/crash 'terminated with signal SIGSEGV' 'in die_here' '= 12345' '= 2.5' '"this was kept"' '= 11'
        has $program-$host/threads '* 1 ' '  2 ' '  3 ' 'spinning (depth=' 'sleeping (depth=' 'spin (a' 'sleeper (a' 'main (argc='
        if grep -q 'this was not' output; then fail $program-$host/hidden; else pass $program-$host/hidden; fi
        "${CROSS}readelf" -nW core > output 2>&1
        has $program-$host/notes NT_PRSTATUS NT_PRPSINFO NT_SIGINFO NT_AUXV NT_FILE NT_FPREGSET 'NT_ARM_TLS'
    done
done
rm -f core*
timeout 60 "$ferry" ./static abort > told 2>&1
echo "signal 6, core dumped" > wanted
same abort/parent wanted told
debug ./static bt > output
has abort/backtrace 'in abort' 'in die_here' 'main (argc='
