# SPDX-License-Identifier: GPL-2.0-or-later
# --sandbox: forbidden calls are refused, whether the guest asks ferry for them or a native program of its makes them itself, as code
# that broke out of the translator would; and everything else goes on working.
. "$FERRY_SOURCE/tests/lib.sh"
cd "$scratch" || exit 1
command -v "${CROSS}gcc" > /dev/null || { skip all "no ${CROSS}gcc"; exit 0; }
if "$ferry" --sandbox /bin/false 2>&1 | grep -q 'sandbox cannot be entered: Function not implemented'; then skip all "built without libseccomp"; exit 0; fi
tests=$source_dir/tests/sandbox
if ! gcc -O1 -Wall -Wextra -Wno-nonnull -static -o native "$tests/forbidden.c" > log 2>&1 || ! "${CROSS}gcc" -O1 -Wall -Wno-nonnull -static -o guest "$tests/forbidden.c" >> log 2>&1 ||
    ! "${CROSS}gcc" -O1 -Wall -static -o run "$tests/run.c" >> log 2>&1; then
    fail build; cat log; exit 0
fi

# refused NAME FILE: every call that must be is, and the others are as without the sandbox, which FILE.free says
refused() {
    local name=$1 file=$2 bad
    bad=$(grep -vE '^(getppid|fstat|none|open|access|clone|clone3|unshare|ioctl|ptrace|init_module|kexec_load|modify_ldt|ioperm):' "$file" | grep -v ': EPERM$')
    for call in ptrace init_module kexec_load modify_ldt ioperm clone3; do bad="$bad$(grep "^$call:" "$file" | grep -vE ': (EPERM|ENOSYS|EINVAL)$')"; done
    for call in unshare clone ioctl; do bad="$bad$(grep "^$call:" "$file" | head -n 1 | grep -v ': EPERM$')"; done
    for call in getppid fstat none open access; do bad="$bad$(diff <(grep "^$call:" "$file") <(grep "^$call:" "$file.free"))"; done
    for call in unshare clone ioctl; do bad="$bad$(diff <(grep "^$call:" "$file" | tail -n 1) <(grep "^$call:" "$file.free" | tail -n 1))"; done
    if [ "$(wc -l < "$file")" -gt 20 ] && [ -z "$bad" ]; then pass "$name"; else fail "$name"; echo "$bad"; paste "$file.free" "$file" | sed 's/^/    /'; fi
}
timeout 20 "$ferry" ./run ./native > native.out.free 2>&1; timeout 20 "$ferry" --sandbox ./run ./native > native.out 2>&1
timeout 20 "$ferry" ./guest > guest.out.free 2>&1; timeout 20 "$ferry" --sandbox ./guest > guest.out 2>&1
cp guest.out.free child.out.free; FERRY_SANDBOX=1 timeout 20 "$ferry" ./run ./run ./guest > child.out 2>&1
grep -q '^keyctl: ok' native.out.free && pass control || { fail control; cat native.out.free; }
refused native native.out
refused guest guest.out
refused child child.out

# A hundred programs, one after the other, do not pile up filters.
cat > count.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char left[16];
    int n = argc > 1 ? atoi(argv[1]) : 0;
    if (!n) return puts("done") < 0;
    snprintf(left, sizeof left, "%d", n - 1);
    execl(argv[0], argv[0], left, NULL);
    return 9;
}
C
"${CROSS}gcc" -O1 -static -o count count.c && expect many-programs sh -c "FERRY_SANDBOX=1 timeout 60 '$ferry' ./count 100 | grep -q done"

for name in clone_and_exec control threads signals processes; do
    [ -f "$source_dir/tests/multi/$name.c" ] || continue
    "${CROSS}gcc" -O2 -static -pthread -I"$source_dir/tests/multi" -o "$name" "$source_dir/tests/multi/$name.c" -lm 2> log || { fail "$name/build"; continue; }
    expect "$name" timeout 60 "$ferry" --sandbox "./$name"
done
# A guest's listener works inside: its notifications have numbers that the sandbox must let through.
if "${CROSS}gcc" -O1 -static -pthread -o notify "$source_dir/tests/calls/seccomp_notify.c" 2> log; then
    timeout 60 "$ferry" ./notify > notify.free 2>&1; timeout 60 "$ferry" --sandbox ./notify > notify.inside 2>&1
    same notification notify.free notify.inside
else
    fail notification/build
fi
