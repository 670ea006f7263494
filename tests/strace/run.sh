#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --strace lines of a program whose calls are known, and the line that names an absent call; and of calls on files, compared with
# strace(1) on the native build of the same program.
. "$FERRY_SOURCE/tests/lib.sh"
here=$source_dir/tests/strace
if ! command -v "${CROSS}gcc" > /dev/null; then skip lines "no ${CROSS}gcc"; exit 0; fi
"${CROSS}gcc" -O1 -static -o "$scratch/guest" "$here/guest.c" || { fail build; exit 0; }
"$ferry" --strace --trace=unimplemented "$scratch/guest" 2> "$scratch/trace"
status=$?
[ $status = 3 ] && pass status || fail "status ($status)"
sed -e '1,/^getpid() = /d' -e '/^ferry: /d' -e 's/^\(read(100, \|ioctl(100, TCGETS, \)0x[0-9a-f]*/\1POINTER/' "$scratch/trace" > "$scratch/lines"
same lines "$here/expected" "$scratch/lines"
grep -q '^ferry: system call kexec_load (104) is not implemented: ' "$scratch/trace" && pass unimplemented || fail unimplemented
grep -q '^ferry: unknown ioctl request 0x12345678$' "$scratch/trace" && pass unknown-ioctl || fail unknown-ioctl

if ! command -v strace > /dev/null; then skip files "no strace"; exit 0; fi
# Addresses and process ids differ, ids and dates of System V's objects and how many there are, the guest's O_LARGEFILE, and that x86-64 has
# signal restorers; strace aligns results, and names both of two requests with one number.
calls() {
    sed -n '/^getpid/,/^getpid/p' "$1" |
        sed -E 's/ +=( |$)/ =\1/; s/0x[0-9a-f]{6,}\b( \/\*)/MANY\1/; s/0x[0-9a-f]{9,}/ADDRESS/g; s/0x[4-7][0-9a-f]{5}\b/ADDRESS/g; s/(F_GETFL\) = )0x[0-9a-f]+/\1FLAGS/; s/ +=( |$)/ =\1/; /^getpid/d
                s/SA_RESTORER\|//g; s/, sa_restorer=(ADDRESS|NULL)//g; s/[A-Z_]+ or ([A-Z])/\1/; s/nlmsg_pid=[1-9][0-9]*/nlmsg_pid=PID/g; s/_(ctime|stime|rtime|otime|atime|dtime)=[1-9][0-9]*/_\1=TIME/g
                s/(_cpid|type=[^,]*, pid)=[1-9][0-9]*/\1=PID/; s/^((msg|shm|sem)get.*) =.*/\1 =ID/; s/^((msg|shm|sem)ctl)\([0-9]+/\1(ID/
                /_INFO,/s/[0-9]+/N/g'
}
# Netlink messages and interfaces are those of a network of their own, where there is one.
unshare -n true 2> /dev/null && has_network=1 || has_network=
for name in files flags settings forms refused processes controls netlink interfaces; do
    network=
    case $name in netlink | interfaces)
        [ "$has_network" ] || { skip "$name" "no network namespaces"; continue; }
        network="unshare -n"
    esac
    "${CC:-gcc}" -O1 -w -static -o "$scratch/$name.native" "$here/$name.c" && "${CROSS}gcc" -O1 -w -static -o "$scratch/$name" "$here/$name.c" || { fail "$name/build"; continue; }
    mkdir "$scratch/$name-one" "$scratch/$name-two"
    (cd "$scratch/$name-one" && timeout 60 $network strace -o "$scratch/$name.native.trace" "$scratch/$name.native" < /dev/null)
    if ! grep -q getpid "$scratch/$name.native.trace"; then skip "$name" "strace does not work here"; continue; fi
    (cd "$scratch/$name-two" && timeout 60 $network "$ferry" --strace "$scratch/$name" < /dev/null 2> "$scratch/$name.trace")
    calls "$scratch/$name.native.trace" > "$scratch/$name.native.lines"
    calls "$scratch/$name.trace" > "$scratch/$name.lines"
    [ "$(wc -l < "$scratch/$name.native.lines")" -ge 15 ] && same "$name" "$scratch/$name.native.lines" "$scratch/$name.lines" || fail "$name/lines"
done

# Every ioctl request of the table, with its argument: those whose lines differ are in a list (strace takes apart what ioctls.desc calls
# a pointer, or does not know them).
awk '$2 ~ /^0x/ && $3 != "of" { print $2 "," }' "$source_dir/syscalls/ioctls.desc" > "$scratch/requests.h"
requests() { sed -n '/^getpid/,/^getpid/p' "$1" | sed -E 's/ +=( |$)/ =\1/; /^getpid/d; s/, ([A-Za-z0-9_]+(\([^)]*\))? or )+/, /'; }
if "${CC:-gcc}" -O1 -static -I"$scratch" -o "$scratch/requests.native" "$here/requests.c" && "${CROSS}gcc" -O1 -static -I"$scratch" -o "$scratch/requests" "$here/requests.c"; then
    for pattern in "" filled; do
        timeout 120 strace -o "$scratch/requests.native.trace" "$scratch/requests.native" $pattern
        timeout 120 "$ferry" --strace "$scratch/requests" $pattern 2> "$scratch/requests.trace"
        requests "$scratch/requests.native.trace" > "$scratch/requests.native.lines"
        requests "$scratch/requests.trace" > "$scratch/requests.lines"
        diff "$scratch/requests.native.lines" "$scratch/requests.lines" | sed -nE 's/^> ioctl\([-0-9]*, ([A-Za-z0-9_]*).*/\1/p' >> "$scratch/requests.names"
    done
    [ "$(wc -l < "$scratch/requests.native.lines")" -gt 3000 ] || fail requests/lines
    sort -u "$scratch/requests.names" > "$scratch/requests.differ"
    same requests "$here/requests.differ" "$scratch/requests.differ"
else
    fail requests/build
fi

# Classes of calls: the same names as strace's, in programs that make most calls there are; but for what only one of the programs' starts calls.
starts='^(execve|arch_prctl|readlink|readlinkat|pipe|pipe2|rseq|access|uname)$'
names() { sed -nE 's/^(\[pid +[0-9]+\] )?([a-z_0-9]+)\(.*/\2/p' "$@" | sort -u; }
for pair in process:flags signal:forms memory:settings ipc:settings creds:forms pure:forms file:flags desc:flags network:flags %stat:flags %statfs:forms; do
    class=${pair%:*} name=${pair#*:}
    (cd "$scratch/$name-one" && timeout 60 strace -e "trace=%$class" "$scratch/$name.native" < /dev/null 2>&1 | names | grep -vE "$starts" > "$scratch/class.native")
    (cd "$scratch/$name-two" && timeout 60 "$ferry" "--strace=%$class" "$scratch/$name" < /dev/null 2>&1 | names | grep -vE "$starts" > "$scratch/class")
    [ -s "$scratch/class" ] && same "class-$class" "$scratch/class.native" "$scratch/class" || fail "class-$class"
done

# Each process has a file, named from where the first one began; exec goes on in it.
mkdir "$scratch/logs" "$scratch/logs/below"
(cd "$scratch/logs" && timeout 60 "$ferry" --strace -D log.%d "$scratch/refused" below)
[ "$(cat "$scratch"/logs/log.* | grep -c '^chdir("below")\|^execve(.* = 0$')" = 2 ] && [ -z "$(ls "$scratch/logs/below" | grep log)" ] && pass log-files || fail log-files

# Whole programs of another suite, call by call, but for lines that differ for a reason: fchmodat2 is unknown to strace 6.1, bytes after a
# structure it knows (openat2), offsets of preadv in its own sign, memory beside a buffer (writev, vmsplice),
# names longer than PATH_MAX.
differs='(syscall_0x|fchmodat2|openat2|preadv|pwritev|writev|vmsplice|openat\(AT_FDCWD, "\./////)'
for name in names data open; do
    "${CC:-gcc}" -O1 -w -static -pthread -o "$scratch/$name.native" "$source_dir/tests/calls/$name.c" && "${CROSS}gcc" -O1 -w -static -pthread -o "$scratch/$name" "$source_dir/tests/calls/$name.c" || { fail "calls-$name/build"; continue; }
    mkdir "$scratch/calls-one" "$scratch/calls-two"
    (cd "$scratch/calls-one" && timeout 60 strace -ff -o "$scratch/$name.task" "$scratch/$name.native" < /dev/null > /dev/null 2>&1)
    (cd "$scratch/calls-two" && timeout 60 "$ferry" --strace -D "$scratch/$name.calls" "$scratch/$name" < /dev/null > /dev/null 2>&1)
    rm -rf "$scratch/calls-one" "$scratch/calls-two"
    count=$(perl "$here/compare" -c "$scratch/$name.task" "$scratch/$name.calls" | awk '{ sum += $1 } END { print sum + 0 }')
    perl "$here/compare" "$scratch/$name.task" "$scratch/$name.calls" | grep -vE "^[0-9.]+ [-+] $differs" > "$scratch/$name.differences"
    [ "$count" -ge 500 ] && same "calls-$name" /dev/null "$scratch/$name.differences" || fail "calls-$name ($count calls)"
done

# Only some calls.
"$ferry" --strace=%network,mkdirat "$scratch/guest" 2>&1 | sed 's/(.*//' | sort -u | tr '\n' ' ' > "$scratch/filtered"
echo "+++ exited with 3 +++ connect mkdirat recvmsg sendmsg setsockopt socket socketpair " | cmp -s - <(cat "$scratch/filtered"; echo) && pass filter || { fail filter; cat "$scratch/filtered"; }
"$ferry" --strace=no_such_call "$scratch/guest" 2> "$scratch/refused"
[ $? = 1 ] && grep -q 'no system call is called that: no_such_call' "$scratch/refused" && pass filter-name || fail filter-name
FERRY_STRACE='!%file,%desc' "$ferry" "$scratch/guest" 2>&1 | grep -E '^(openat|write|close|getpriority|prctl)\(' > "$scratch/inverted"
! grep -qvE '^(getpriority|prctl)' "$scratch/inverted" && grep -q '^getpriority' "$scratch/inverted" && pass filter-inverted || fail filter-inverted

# A program that has closed its standard error and everything else, and then starts another, goes on being traced.
"$ferry" --strace "$scratch/guest" silent 2> "$scratch/silent"
grep -q '^execve(.*, \[.*\], 0x[0-9a-f]* /\* [0-9]* vars \*/) = 0$' "$scratch/silent" && pass exec || fail exec
tail -n 1 "$scratch/silent" | grep -q '^+++ exited with 3 +++$' && pass end || fail end
