# SPDX-License-Identifier: GPL-2.0-or-later
# The persistent cache: what a first run translates a second one does not, and nothing that happens to the guest's files, its code, or the
# cache's own files makes a run go wrong.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$scratch" || exit 1
command -v "${CROSS}gcc" > /dev/null || { skip all "no ${CROSS}gcc"; exit 0; }
tests=$source_dir/tests
build() { "${CROSS}gcc" -O2 -g "$@" -pthread -lm >> log 2>&1 || { fail build; cat log; exit 0; }; }
cat > hello.c <<'EOF'
#include <stdio.h>
int main(void) { puts("hello, first"); return 0; }
EOF
build -o hello hello.c -static; build -o hello.dynamic hello.c
build -o text.static "$tests/cache/text.c" -static; build -o text.dynamic "$tests/cache/text.c"
build -o chain "$tests/cache/chain.c" -static
build -o plugins "$tests/cache/plugins.c"
build -shared -fPIC -DFACTOR=2 -o a.so "$tests/cache/plugin.c"; build -shared -fPIC -DFACTOR=3 -o b.so "$tests/cache/plugin.c"
for name in faults signals signal_rules selfmodify threads processes registers memory; do
    build -o "$name" "$tests/multi/$name.c" -static; build -o "$name.dynamic" "$tests/multi/$name.c"
done
export FERRY_CACHE_DIR=$scratch/cache
unset FERRY_NO_CACHE
fresh() { rm -rf "$FERRY_CACHE_DIR"; }
images() { ls "$FERRY_CACHE_DIR" | grep '^i'; }
# translated PROGRAM…: how many blocks the run translated
translated() { timeout 60 "$ferry" --stats "$@" 2>&1 > /dev/null | sed -n 's/^ferry: translated \([0-9]*\) blocks.*/\1/p'; }
# is_warm PROGRAM…: next to nothing is left to translate (where the output goes makes a few blocks' difference)
is_warm() { local blocks; blocks=$(translated "$@"); [ "${blocks:-1000}" -le 30 ] || { echo "    $blocks blocks"; return 1; }; }
# says TEXT PROGRAM…: the run's output and status
says() {
    local text=$1 got
    shift
    got=$(timeout 120 "$ferry" "$@" 2>&1) && [ "$got" = "$text" ] || { echo "said: $got"; return 1; }
}

# -- what it is for
warm() { # warm NAME LIMIT PROGRAM…
    local name=$1 limit=$2 cold second
    shift 2
    fresh; cold=$(translated "$@"); second=$(translated "$@")
    if [ "${cold:-0}" -gt 100 ] && [ "${second:-1000}" -le "$limit" ]; then pass "$name"; else fail "$name"; echo "    cold $cold, then $second blocks"; fi
}
export FERRY_TIER=fast                # exactly nothing is left then; where hot regions end, a few blocks start that fast code has not
warm static 0 ./hello
warm dynamic 0 ./hello.dynamic
expect clean says "0 images are whole, 0 were damaged" --cache-dir="$scratch/other" cache verify
expect verify says "$(images | wc -l) images are whole, 0 were damaged" cache verify
sleep 2.1; translated ./hello.dynamic > /dev/null
if ls "$FERRY_CACHE_DIR" | grep -q ^m && [ "$(translated ./hello.dynamic)" = 0 ]; then pass memo; else fail memo; fi
unset FERRY_TIER
warm static/hot 30 ./hello
warm dynamic/hot 30 ./hello.dynamic
fresh; translated ./hello > /dev/null
if [ "$(FERRY_HOST_FEATURES=v2 translated ./hello)" -gt 100 ] && [ "$(FERRY_MAX_INSNS=20 translated ./hello)" -gt 100 ]; then pass options; else fail options; fi

# -- the same programs cold and warm: faults with exact registers, signals, threads, code that changes
for name in faults signals signal_rules selfmodify threads processes registers memory; do
    fresh
    for kind in "$name" "$name.dynamic"; do
        expect "$kind/cold" timeout 120 "$ferry" "./$kind"; expect "$kind/warm" timeout 120 "$ferry" "./$kind"
    done
done
fresh
for kind in text.static text.dynamic; do
    expect "$kind/cold" says "as it should be" "./$kind" change; expect "$kind/same" says "as it should be" "./$kind"
    for run in warm again; do expect "$kind/$run" says "as it should be" "./$kind" change; done
    if timeout 60 "$ferry" --stats "./$kind" change 2>&1 | grep -qE 'dropped [1-9]'; then pass "$kind/dropped"; else fail "$kind/dropped"; fi
done
# another program finds the library translated
fresh; translated ./hello.dynamic > /dev/null
if [ "$(timeout 60 "$ferry" --stats ./plugins 2>&1 | sed -n 's/^ferry: images [0-9]* (\([0-9]*\) .*/\1/p')" -gt 800 ]; then pass shared; else fail shared; fi
fresh
export FERRY_TIER=fast                # what hot regions end with depends on time
expect ahead/warm sh -c "'$ferry' cache warm ./hello && '$ferry' cache warm ./hello.dynamic /usr/aarch64-linux-gnu/lib/libc.so.6 /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1"
# the stripped ld.so has few symbols
first=$(translated ./hello); second=$(translated ./hello.dynamic)
if [ "${first:-1000}" -le 30 ] && [ "${second:-1000}" -lt 800 ]; then pass ahead/used; else fail ahead/used; echo "    $first blocks, and $second"; ls -l --full-time "$FERRY_CACHE_DIR"; fi
unset FERRY_TIER
fresh
for run in cold warm again; do expect "plugins/$run" says "as it should be" ./plugins ./a.so ./b.so; done

# -- guest files that change in place, with their times put back
fresh; cp hello changing; touch -d '2001-02-03 04:05:06' changing reference
says "hello, first" ./changing > /dev/null; sleep 2.1; says "hello, first" ./changing > /dev/null; says "hello, first" ./changing > /dev/null
at=$(LC_ALL=C grep -abo 'hello, first' changing | head -n 1 | cut -d: -f1)
printf 'HELLO' | dd of=changing bs=1 seek="$at" conv=notrunc status=none; touch -r reference changing
expect changed/data says "HELLO, first" ./changing
cat > five.c <<'EOF'
__attribute__((noinline, aligned(4096))) int five(void) { return 0x5ace; }
int main(void) { int (*volatile f)(void) = five; return f() == 0x5ace ? 5 : 6; }
EOF
build -o five five.c -static; touch -r reference five
status() { timeout 20 "$ferry" ./five; echo $?; }
status > /dev/null; sleep 2.1; status > /dev/null
at=$(LC_ALL=C grep -aboP '\xc0\x59\x8b\x52' five | head -n 1 | cut -d: -f1)
printf '\x40\x00\x80\x52' | dd of=five bs=1 seek="${at:-0}" conv=notrunc status=none; touch -r reference five
if [ -n "$at" ] && [ "$(status)" = 6 ]; then pass changed/code; else fail changed/code; echo "    at $at, then $(status)"; fi

# -- the cache's files: cut, damaged, strangers
damaged() { # damaged NAME COMMAND…: after COMMAND IMAGE the program runs as ever, and the cache is good again
    local name=$1 image
    shift
    fresh; translated ./hello > /dev/null
    image=$FERRY_CACHE_DIR/$(images)
    "$@" "$image" || { fail "damaged/$name"; return; }
    if says "hello, first" ./hello && is_warm ./hello && says "1 images are whole, 0 were damaged" cache verify; then pass "damaged/$name"; else fail "damaged/$name"; fi
}
flip() { printf '\xa5\x5a\xa5' | dd of="$2" bs=1 seek="$1" conv=notrunc status=none; }
size=$(fresh; translated ./hello > /dev/null; stat -c %s "$FERRY_CACHE_DIR/$(images)")
for part in 0 1 2 3 4 5 6 7; do
    damaged "flip-$part" flip $((size * part / 8 + 40))
    damaged "cut-$part" truncate -s $((size * part / 8))
done
damaged end flip $((size - 20))
damaged longer truncate -s $((size + 4096))
other_build() { timeout 20 "$ferry" --max-insns=13 ./hello > /dev/null; mv "$FERRY_CACHE_DIR/$(images | grep -v "${1##*/}")" "$1"; }
damaged another other_build
damaged directory sh -c 'rm "$1" && mkdir "$1" && rmdir "$1"' -
fresh; translated ./hello > /dev/null; sleep 2.1; translated ./hello > /dev/null
flip $((size / 2)) "$FERRY_CACHE_DIR/$(images)"      # checked before, and changed since
expect damaged/checked says "hello, first" ./hello

# off NAME COMMAND…: with what COMMAND did the program runs, and neither uses nor makes an image
off() {
    local name=$1
    shift
    fresh; "$@"
    if says "hello, first" ./hello && [ "$(translated ./hello)" -gt 100 ]; then pass "off/$name"; else fail "off/$name"; fi
    chmod 700 "$FERRY_CACHE_DIR" 2> /dev/null
}
off mode sh -c 'mkdir -m 755 "$FERRY_CACHE_DIR"'
off file sh -c ': > "$FERRY_CACHE_DIR"'
if [ "$(id -u)" = 0 ]; then
    off owner sh -c 'mkdir -m 700 "$FERRY_CACHE_DIR" && chown 12345 "$FERRY_CACHE_DIR"'
    strange() { chown 12345 "$FERRY_CACHE_DIR"/i*; }
    fresh; translated ./hello > /dev/null; strange
    if [ "$(translated ./hello)" -gt 100 ]; then pass off/stranger; else fail off/stranger; fi
    # A set-user-id ferry is somebody else's tool: its cache is left alone, and so is that of the one who called it.
    fresh; mkdir home; chmod 777 home; cp "$ferry" secure; chmod 4755 secure; chmod 755 "$scratch" "$scratch/.." 2> /dev/null
    setpriv --reuid=12345 --clear-groups sh -c "HOME=$scratch/home FERRY_CACHE_DIR= ./secure ./hello" > out 2>&1
    if grep -q 'hello, first' out && [ -z "$(ls -A home)" ]; then pass off/secure; else fail off/secure; cat out; fi
    HOME=$scratch/home FERRY_CACHE_DIR= setpriv --reuid=12345 --clear-groups "$ferry" ./hello > out 2>&1
    if grep -q 'hello, first' out && ls home/.cache/ferry/translations | grep -q ^i; then pass home; else fail home; cat out; fi
    chmod 500 home/.cache/ferry/translations
    expect read-only setpriv --reuid=12345 --clear-groups env "HOME=$scratch/home" FERRY_CACHE_DIR= "$ferry" ./hello.dynamic
else
    skip off/owner "needs root"
fi
if (unset HOME XDG_CACHE_HOME; FERRY_CACHE_DIR='' says "hello, first" ./hello); then pass off/no-home; else fail off/no-home; fi
fresh
if says "hello, first" --no-cache ./hello && FERRY_NO_CACHE=1 says "hello, first" ./hello && [ ! -e "$FERRY_CACHE_DIR" ]; then pass off/option; else fail off/option; fi
fresh; translated --sandbox ./hello > /dev/null
if [ ! -e "$FERRY_CACHE_DIR" ]; then pass off/sandbox; else fail off/sandbox; fi

# -- several at once
fresh
for round in 1 2 3; do
    for i in 1 2 3 4 5 6; do (says "hello, first" ./hello.dynamic && says "hello, first" ./hello || echo bad) >> at-once 2>&1 & done
    wait
done
if [ ! -s at-once ] && is_warm ./hello.dynamic && "$ferry" cache verify > /dev/null && ! ls "$FERRY_CACHE_DIR" | grep -q '^t'; then pass at-once; else fail at-once; cat at-once; fi

# -- children and other roots
fresh
for run in cold warm; do expect "chain/$run" says "as it should be" ./chain 2; done
first=$(translated ./chain 0)
if [ "${first:-1000}" -le 30 ]; then pass chain/children; else fail chain/children; echo "    $first blocks"; fi
if [ "$(id -u)" = 0 ]; then
    fresh; mkdir root; cp chain root/
    expect chroot/cold says "as it should be" ./chain 1 "$scratch/root"
    # The copy inside was saved by those who were confined; seen from outside it is another place of the same file.
    timeout 60 "$ferry" --stats ./chain 1 "$scratch/root" 2> stats > /dev/null
    if [ "$(grep -c '^ferry: translated 0 blocks' stats)" -ge 4 ]; then pass chroot/warm; else fail chroot/warm; grep translated stats; fi
fi

# -- size
fresh
for insns in 3 5 7 9 11 13 15 17; do FERRY_CACHE_LIMIT=800K timeout 20 "$ferry" --max-insns=$insns ./hello > /dev/null; done
total=$(du -sk "$FERRY_CACHE_DIR" | cut -f 1)
if [ "$total" -le 900 ] && FERRY_MAX_INSNS=17 is_warm ./hello; then pass size; else fail size; ls -l --full-time "$FERRY_CACHE_DIR"; fi
expect clear says "" cache clear
if [ -z "$(images)" ]; then pass clear/empty; else fail clear/empty; fi
