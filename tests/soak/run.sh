# SPDX-License-Identifier: GPL-2.0-or-later
# Mixed stressors of Debian's arm64 stress-ng together, for SOAK_SECONDS (20 minutes): each must go on to the end and check its own results
# (--verify), and no worker may grow in memory, threads or descriptors, stand still, or leave a process behind. Part of `make check-long`.
# watch.c says what is measured; SOAK_INTERVAL seconds lie between samples. SOAK_STRESSORS="name…" runs only those,
# SOAK_NICE at that priority.
. "$FERRY_SOURCE/tests/lib.sh"
seconds=${SOAK_SECONDS:-1200} interval=${SOAK_INTERVAL:-10}
root=${XDG_CACHE_HOME:-$HOME/.cache}/ferry-tests/root-soak
# Processes, threads, signals, memory, files, sockets, and the processor itself. What is not here: what takes whole machines (oom, bigheap).
# Threads that would be real-time ones (mutex) may not.
stressors=${SOAK_STRESSORS:-fork vfork clone exec zombie pthread mutex futex sem signal sigq sigsegv timer epoll pipe sock udp msg shm mmap mremap malloc
    rename inotify aio matrix vecmath qsort icache}

if ! "$source_dir/tests/software/fetch-root" arm64 "$root" stress-ng bash coreutils > "$scratch/log" 2>&1; then
    fail fetch-root; tail -n 20 "$scratch/log"; exit 0
fi
if ! ${CC:-gcc} -O1 -Wall -o "$scratch/watch" "$source_dir/tests/soak/watch.c" > "$scratch/log" 2>&1; then fail build; cat "$scratch/log"; exit 0; fi
arguments=()
for stressor in $stressors; do arguments+=("--$stressor" 1); done
mkdir -p "$scratch/temporary"
# As an ordinary user: some stressors (exec) refuse to be root.
as_user=()
[ "$(id -u)" != 0 ] || ! unshare --user --map-user=1000 --map-group=1000 true 2> /dev/null || as_user=(unshare --user --map-user=1000 --map-group=1000)
# Small, so that what is measured is ferry's memory and not the stressors'; a killed child of a stressor (oom) would hide what it did.
timeout -k 60 $((seconds + 300)) "${no_real_time[@]}" "$scratch/watch" "$interval" "$seconds" "${as_user[@]}" nice -n "${SOAK_NICE:-0}" "$ferry" --sysroot "$root" "$root/usr/bin/stress-ng" "${arguments[@]}" --timeout "$seconds" \
    --verify --oomable --metrics --no-rand-seed --temp-path "$scratch/temporary" --vm-bytes 32m --mmap-bytes 16m --mremap-bytes 8m --malloc-bytes 16m \
    --hdd-bytes 16m --fork-max 4 --vfork-max 4 --clone-max 16 --pthread-max 16 --zombie-max 32 > "$scratch/log" 2>&1 < /dev/null
status=$?
grep -E '^ *[0-9]+ s:' "$scratch/log" | awk 'NR % 6 == 1' | sed 's/^/    /'
tail -n 1 "$scratch/log" | sed 's/^/    /'
# A stressor that did nothing has stood still from the start. One that cannot run here says so and ends at once.
idle=$(sed -n 's/^stress-ng: metrc: *\[[0-9]*\] \([a-z0-9-]*\)  *0  *[0-9.]* .*/\1/p' "$scratch/log")
skipped=$(sed -n 's/.* \([a-z0-9-][a-z0-9-]*\) *stressor.* skipp.*/\1/p;s/^stress-ng: .* \([a-z0-9-]*\): .* skipping stressor.*/\1/p' "$scratch/log" | sort -u | tr '\n' ' ')
[ -z "$skipped" ] || echo "    skipped by stress-ng: $skipped"
for name in $idle; do case " $skipped" in *" $name "*) ;; *) echo "    no progress: $name"; status=1 ;; esac; done
if [ "$status" = 0 ]; then pass stressors; else fail stressors; grep -E '^(grew|stuck|left)|fail|error|terminated|signal' "$scratch/log" | head -n 40 | sed 's/^/    /'; [ -z "${SOAK_LOG:-}" ] || cp "$scratch/log" "$SOAK_LOG"; fi
