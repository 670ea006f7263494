# SPDX-License-Identifier: GPL-2.0-or-later
# Files that are not programs, or damaged ones: ferry says in one line what is wrong and exits with 126 or 127; or the program runs, or
# dies by a signal of its own. ferry never crashes, hangs or fails silently.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$scratch" || exit 1
command -v ${CROSS}gcc >/dev/null || { skip all "no cross compiler"; exit 0; }
cat > good.c <<'C'
#include <unistd.h>
int main(void) { return write(1, "good\n", 5) == 5 ? 0 : 1; }
C
mkdir -p damaged
if ! ${CROSS}gcc -O1 -static -s -o good good.c > log 2>&1 || ! gcc -std=gnu11 -O1 -g -Wall -Wextra -o damage "$source_dir/tests/hostile/damage.c" >> log 2>&1; then
    fail build; cat log; exit 0
fi

# refused NAME STATUS COMMAND…: that status, one line on standard error that begins "ferry: ", nothing on standard output
refused() {
    local name=$1 wanted=$2 status
    shift 2
    { timeout -s KILL 10 "$@" > out 2> err < /dev/null; } 2> /dev/null
    status=$?
    if [ $status = "$wanted" ] && [ ! -s out ] && [ "$(wc -l < err)" = 1 ] && grep -q '^ferry: ' err && ! grep -q 'internal error' err; then
        pass "$name"
    else
        fail "$name"; echo "    status $status, wanted $wanted; standard error:"; head -n 5 err | sed 's/^/    /'
    fi
}

# endured NAME FILE: refused, or it ran; a signal only with the guest's own death
endured() {
    local name=$1 status
    rm -f faults
    { (ulimit -c 0; exec timeout -s KILL 10 "$ferry" --trace fault --log-file faults "$2") > out 2> err < /dev/null; } 2> /dev/null
    status=$?
    if grep -qE 'internal error|Assertion|Sanitizer' err; then status=crash; fi
    case $status in
    0) grep -q good out && pass "$name" && return ;;
    126 | 127) [ "$(wc -l < err)" = 1 ] && grep -q '^ferry: ' err && pass "$name" && return ;;
    132 | 135 | 139) grep -q '^fault: signal' faults && pass "$name" && return ;;     # the guest's own, which ferry noticed
    esac
    fail "$name"; echo "    status $status; output and standard error:"; head -n 3 out err | sed 's/^/    /'
}

expect good timeout 10 "$ferry" ./good
timeout 60 ./damage good damaged > names || fail damage
while read -r name; do endured "$name" "damaged/$name"; done < names

refused missing 127 "$ferry" ./missing
refused missing-folder 127 "$ferry" ./no/such/file
refused not-a-folder 127 "$ferry" ./good/file
refused folder 126 "$ferry" ./
refused no-name 127 "$ferry" ""
: > empty; chmod 755 empty
refused empty 126 "$ferry" ./empty
echo 'just text' > text; chmod 755 text
refused text 126 "$ferry" ./text
cp good not-executable; chmod 644 not-executable
refused not-executable 126 "$ferry" ./not-executable
mkfifo pipe; chmod 755 pipe
refused pipe 126 "$ferry" ./pipe
refused device 126 "$ferry" /dev/null
ln -s circle circle
refused symbolic-link-loop 126 "$ferry" ./circle
printf '#!%s/loop\n' "$scratch" > loop; chmod 755 loop
refused script-loop 126 "$ferry" ./loop
printf '#!%s/second\n' "$scratch" > first; printf '#!%s/first\n' "$scratch" > second; chmod 755 first second
refused script-circle 126 "$ferry" ./first
printf '#!' > bare; chmod 755 bare
refused script-without-interpreter 126 "$ferry" ./bare
printf '#!/no/such/interpreter\n' > lost; chmod 755 lost
refused script-interpreter-missing 127 "$ferry" ./lost
{ printf '#!/'; head -c 5000 /dev/zero | tr '\0' a; echo; } > long; chmod 755 long
refused script-line-too-long 126 "$ferry" ./long
${CROSS}gcc -O1 -o dynamic good.c && cp dynamic no-interpreter && sed -i 's|/lib/ld-linux-aarch64.so.1|/lib/no-such-aarch64.so.1|' no-interpreter &&
    refused program-interpreter-missing 127 "$ferry" ./no-interpreter
name=$(printf '%05000d' 0)
refused name-too-long 126 "$ferry" "./$name"
