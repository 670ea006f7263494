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

# Without the right to mount anything, and with no user namespace to be had: what the kernel dumps is removed by another process.
without_namespaces() { unshare --user --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"; }
leftovers() { ls -d /dev/shm/ferry-core-* /tmp/ferry-core-* /var/tmp/ferry-core-* core?* 2> /dev/null; }
if without_namespaces true 2> /dev/null; then
    rm -f core*
    before=$(leftovers)
    without_namespaces timeout 60 "$ferry" ./static fault > told 2>&1
    if [ "$(leftovers)" = "$before" ]; then pass removed/nothing-left; else fail removed/nothing-left; leftovers; fi
    echo "signal 11, core dumped" > wanted
    same removed/parent wanted told
    debug ./static bt > output
    has removed/crash 'in die_here' 'main (argc='
    # Where the process may not be traced it takes a moment longer.
    without_namespaces timeout 60 strace -f -qq -o /dev/null "$ferry" ./static fault > told 2>&1
    for try in $(seq 50); do [ "$(leftovers)" = "$before" ] && break; sleep 0.1; done
    if [ "$(leftovers)" = "$before" ]; then pass removed/untraced/nothing-left; else fail removed/untraced/nothing-left; leftovers; fi
    if command -v strace > /dev/null; then same removed/untraced/parent wanted told; else skip removed/untraced/parent "no strace"; fi
else
    skip removed "no user namespace"
fi

# A pattern that is a program. Only ferry is to see it: a file of our own lies over the kernel's, in a mount namespace. The program runs in the
# first process's.
rm -f core*
cat > helper <<'END'
#!/bin/sh
cd "$1" && shift || exit 1
found=
for fd in 0 1 2 3 4 5; do [ -e /proc/self/fd/$fd ] && found="$found $fd $(readlink /proc/$$/fd/$fd | tr -d '0-9')"; done
exec > descriptors 2>&1
echo "$found"
printf '<%s>\n' "$@" > arguments
{ env | grep -v -E '^(_|PWD|OLDPWD|SHLVL)='; umask; sed -n 's/^Max core file size *//p' /proc/self/limits; readlink /proc/1/ns/mnt > /dev/null && readlink /proc/self/ns/mnt; } > surroundings
cat > unfinished
mv unfinished core
END
chmod +x helper
piped() { # PATTERN LIMIT COMMAND…
    echo "$1" > pattern
    local limit=$2
    shift 2
    unshare --mount sh -c 'mount --bind pattern /proc/sys/kernel/core_pattern && prlimit --core="$1" --pid $$ && shift && exec "$@"' sh "$limit" "$@"
}
is_first() { [ "$(readlink /proc/self/ns/user) $(readlink /proc/self/ns/pid)" = "user:[4026531837] pid:[4026531836]" ]; }
if [ "$(id -u)" != 0 ] || ! is_first || ! piped '|x' 0 true 2> /dev/null; then
    skip program "not root in the initial namespaces"
else
    piped "|$PWD/helper $PWD %p %s x%%%c%qy   %d%u%g %F z" unlimited timeout 60 "$ferry" ./static fault > told 2>&1
    for try in $(seq 100); do [ -e core ] && break; sleep 0.1; done
    pid=$(sed -n '1s/[<>]//gp' arguments)
    printf '<%s>\n' "$pid" 11 "x%18446744073709551615y" 100 3 z > wanted
    same program/arguments wanted arguments
    echo " 0 pipe:[] 3 anon_inode:[pidfd]" > wanted
    same program/descriptors wanted descriptors
    { printf '%s\n' 0022 '1                    1                    bytes     '; readlink /proc/1/ns/mnt; } > wanted
    same program/surroundings wanted surroundings
    debug ./static bt 'info threads' 'p marker' 'x/s kept' 'x/s hidden' 'p $d9' > output
    has program/crash 'terminated with signal SIGSEGV' 'in die_here' '= 12345' '"this was kept"' '= 1.25' '  3 '
    echo "signal 11" > wanted
    same program/parent wanted told
    rm -f core
    piped "|$PWD/helper $PWD %p" 0 timeout 60 "$ferry" ./static fault > told 2>&1
    for try in $(seq 100); do [ -e core ] && break; sleep 0.1; done
    if [ -s core ]; then pass program/limit-0; else fail program/limit-0; fi
    rm -f core
    piped "|$PWD/helper $PWD %p" 1 timeout 60 "$ferry" ./static fault > told 2>&1
    piped "|$PWD/nothing" unlimited timeout 60 "$ferry" ./static fault > told 2>&1
    same program/not-there wanted told
    sleep 0.5
    if [ -e core ] || [ -e unfinished ]; then fail program/nothing-left; else pass program/nothing-left; fi
fi
