# SPDX-License-Identifier: GPL-2.0-or-later
# bash's own suite: each run-NAME compares what a script prints with what is expected; what differs from it natively has to differ alike.

outcomes_bash() { grep -av '^warning: ' "$1" | sed -E 's,/tmp/bashtst-[0-9]*,OUTPUT,g' | head -n -2; }

for side in native ferry; do
    sources_for $side bash
    on $side inside 300 sh -c 'cd /suites/bash/tests && for name in recho zecho printenv xcase; do gcc -w -DHAVE_CONFIG_H= -DHAVE_UNISTD_H -DHAVE_STDLIB_H -DHAVE_STRING_H -I/suites/bash -o $name ../support/$name.c || exit 1; done' > "$scratch/log" 2>&1 ||
        { fail "bash-prepare-$side"; tail -n 5 "$scratch/log"; }
done
for file in "$cache"/sources/bash/tests/run-*; do
    name=${file##*/run-}
    case $name in all | minimal | gprof) continue ;; esac
    compare bash "$name" ${BASH_SECONDS:-900} "cd /suites/bash/tests && export PATH=.:\$PATH THIS_SH=/bin/bash BUILD_DIR=/suites/bash BASH_TSTOUT=/tmp/bashtst-1
        sh ./run-$name < /dev/null; if [ -e \$BASH_TSTOUT ]; then echo not as expected; else echo as expected; fi"
done
