# SPDX-License-Identifier: GPL-2.0-or-later
# The include arrows of HACKING.md: usermode, sysmode -> syscalls, loaders, debug -> translate -> common.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$source_dir" || exit 1

# allowed FOLDER OTHER…: sources in FOLDER may include from itself and OTHERs only
allowed() {
    local folder=$1 bad
    shift
    local pattern="^$folder/"
    for other in "$@"; do pattern="$pattern|^$other/"; done
    bad=$(sources "$folder" | grep -E '\.(c|h|S|def)$' | xargs -r grep -nE '^#include "' |
        sed -E 's/^([^:]+):[0-9]+:#include "([^"]+)".*/\1 \2/' |
        awk -v pattern="$pattern" '$2 ~ /\// && $2 !~ pattern { print "    " $1 " includes " $2 }')
    if [ -z "$bad" ]; then pass "$folder"; else fail "$folder"; echo "$bad"; fi
}
allowed common
allowed translate common
allowed debug translate common
allowed loaders translate common
allowed syscalls loaders debug translate common
allowed usermode syscalls loaders debug translate common

# Shared folders name no ISA in code (comments and generated tables aside).
bad=$(sources translate/ir translate/passes translate/engine translate/host/interpreter syscalls usermode loaders debug |
    grep -E '\.(c|h)$' | grep -vE '/(aarch64|x86_64|generate)/' | xargs -r grep -nwE 'aarch64|mips|riscv|sparc|sh4|alpha|s390x|m68k|EM_AARCH64' | grep -vE ':\s*(/?\*|//)' || true)
if [ -z "$bad" ]; then pass no-isa-in-shared-code; else fail no-isa-in-shared-code; echo "$bad" | sed 's/^/    /' | cut -c1-160; fi
