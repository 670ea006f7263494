# SPDX-License-Identifier: GPL-2.0-or-later
# The manual page names every option and variable of --help and every log channel, and formats without complaints.
. "$FERRY_SOURCE/tests/lib.sh"
page=$source_dir/man/ferry.1

# Formatted text without bold and italics, with every run of blanks as one.
if command -v mandoc > /dev/null; then
    mandoc -T ascii "$page" | sed 's/.\x08//g' | tr -s ' \n' ' ' > "$scratch/text"
    mandoc -T lint -W warning "$page" > "$scratch/log" 2>&1 && pass format || { fail format; cat "$scratch/log"; }
elif command -v man > /dev/null; then
    LC_ALL=C MANWIDTH=200 man --warnings -E ascii -l "$page" 2> "$scratch/log" | sed 's/.\x08//g' | tr -s ' \n' ' ' > "$scratch/text"
    [ ! -s "$scratch/log" ] && pass format || { fail format; cat "$scratch/log"; }
else
    skip format "neither mandoc nor man"
    sed -E 's/\b(Fl|Cm|Ev|Ar|No|Ns|Ta|Oc|Oo|It|Op) //g; s/Fl Fl /--/g' "$page" > /dev/null
    exit 0
fi
"$ferry" --help > "$scratch/help"
"$ferry" -d help > "$scratch/channels"
missing() { grep -qF -- "$1" "$scratch/text" || echo "    $1 is missing"; }
# check NAME WORD…
check() {
    local name=$1 bad
    shift
    bad=$(for word in "$@"; do missing "$word"; done)
    if [ $# -gt 0 ] && [ -z "$bad" ]; then pass "$name"; else fail "$name"; echo "$bad"; fi
}
check options $(sed -nE 's/^  (-.*)/\1/p' "$scratch/help" | sed -E 's/  .*//; s/\[.*//' | grep -oE -- '(^|[ ,])-[-a-zA-Z0-9]+' | tr -d ' ,')
check variables $(grep -oE '(FERRY|QEMU)_[A-Z_]*[A-Z]' "$scratch/help" | sort -u)
check channels $(sed -nE 's/^  ([a-z_]+) .*/\1/p' "$scratch/channels")
