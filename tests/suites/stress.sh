# SPDX-License-Identifier: GPL-2.0-or-later
# Each of stress-ng's stressors for two seconds, with its own checks.

# A stressor that cannot run says so in several ways, and as a success: that must be so on both sides, but for those that only one CPU has.
outcomes_stress() {
    ! grep -aqE 'skipping (the )?stress|will be skipped|not implemented on this system|No stress workers invoked' "$1" || echo skipped
    grep -aoE '^ended with [0-9]+$|unsuccessful run|stress-ng: fail: .*' "$1" | sed -E 's/\[[0-9]+\] *//' | sort -u
}

# Nothing in this area may take real-time priority, whatever runs it (lib.sh). It is tried before any of them starts.
confined=("${no_real_time[@]}")

# Those that take all memory there is get four gigabytes of addresses a process.
stress_memory() {
    case $1 in bigheap | brk | mmapfork | mmapmany | mmaphuge | resources | stack | vm* | bad-altstack | oom-*) echo 'ulimit -v 4194304;' ;; esac
}

# Those that refuse to run as root, and the one that gives any system call any arguments. (In a user namespace there is nobody else.)
stress_user() {
    [ "$(id -u)" != 0 ] || case $1 in bad-ioctl | exec | spawn | sysinval) echo 'setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --inh-caps -all' ;; esac
}

# A file system on a disk where one of memory is not enough; what stress-ng calls pathological, where nobody does it; and half of the machine's
# memory, written, takes its time.
stress_options() {
    case $1 in fiemap | verity | inode-flags) echo '--temp-path /var/tmp' ;; bad-ioctl | sysinval) [ "$(id -u)" != 0 ] || echo --pathological ;; esac
}
stress_seconds() { case $1 in mmapfork) echo 200 ;; *) echo 60 ;; esac; }

for side in native ferry; do
    if on $side inside 60 true && ! on $side inside 60 chrt --fifo 1 true 2> "$scratch/log"; then continue; fi
    fail stress-confined; echo "    real-time priority can be had, or nothing runs at all ($side)"; confined=(false)
done
[ "${confined[0]}" = false ] || for stressor in $(on native inside 20 stress-ng --stressors); do
    command="stress-ng --verify --timeout 2 $(stress_options "$stressor") --$stressor 1"
    compare stress "$stressor" "$(stress_seconds "$stressor")" "$(stress_memory "$stressor") $(stress_user "$stressor") $command; echo ended with \$?"
done
confined=()
