# SPDX-License-Identifier: GPL-2.0-or-later
# perl's own suite, file by file, by its t/TEST. Debian's perl stands for the one that would have been built: its modules are put below the
# source's lib/, beside the tests there. Tests of what only a built tree has (XS::APItest, miniperl) fail alike on both sides.

# The first line comes behind the file's name; a file that skips all its tests ends as TEST says, too.
outcomes_perl() { sed -E 's,^[^ ]+ \.+ ?( *(not )?ok|1\.\.),\1,' "$1" | grep -aoE '^ *(not )?ok( [0-9]+)?( .*)?$|^1\.\.[0-9]*( .*)?$' | sed -E 's/^( *(not )?ok( [0-9]+)?)( .*(# *(TODO|SKIP|skip)).*)?.*/\1 \6/; s/^( *1\.\.[0-9]*).*/\1/'; }

for side in native ferry; do
    sources_for $side perl
    on $side inside 100 sh -c 'cd /suites/perl && for folder in /usr/lib/*/perl/5.36 /usr/lib/*/perl-base /usr/share/perl/5.36; do cp -a $folder/. lib/; done
        ln -sf /usr/bin/perl perl && ln -sf /usr/bin/perl t/perl' || fail "perl-prepare-$side"
done

perl_seconds=${PERL_SECONDS:-300}
name_of() { local name=${1#../}; name=${name%.t}; echo "${name//\//-}"; }

# run_files SIDE FILE…: one after another in one visit of the root, each with its own log, limit and time.
run_files() {
    local side=$1 file name
    shift
    on "$side" eval 'rm -rf "$root/suites/perl-logs"; mkdir "$root/suites/perl-logs"'
    on "$side" inside $((perl_seconds * $# + 60)) sh -c 'ip link set lo up 2>/dev/null; cd /suites/perl/t; limit=$1; shift
        for file; do
            log=/suites/perl-logs/$(echo "$file" | tr / -)
            date +%s.%N > "$log.from"; timeout -k 10 $limit ./perl TEST -v "$file" > "$log" 2>&1; printf "\nexit status %s\n" $? >> "$log"; date +%s.%N > "$log.to"
        done' sh "$perl_seconds" "$@" > "$scratch/log.$side" 2>&1
    for file; do
        name=$(name_of "$file")
        on "$side" eval 'log=$root/suites/perl-logs/${file//\//-}; cp "$log" "$results/perl/$name.$side.log"; cat "$log.from" "$log.to" | awk "{ t[NR] = \$1 } END { printf \"%.1f\\n\", t[2] - t[1] }" > "$results/perl/$name.$side.time"'
    done
}

# compare_files FILE…: what differs among them is tried again by itself.
compare_files() {
    local file
    run_files native "$@" & run_files ferry "$@" & wait
    for file; do
        if alike perl "$(name_of "$file")"; then record same perl "$(name_of "$file")" 1; continue; fi
        compare perl "$(name_of "$file")" "$perl_seconds" "cd /suites/perl/t && exec ./perl TEST -v $file"
    done
}

# The core's own first, what comes with it after that.
files=()
for file in $(cd "$cache/sources/perl/t" && ls {base,comp,cmd,op,re,io,uni,run,opbasic,mro,lib,class,perf}/*.t 2> /dev/null
    cd "$cache/sources/perl/t" && ls ../lib/*.t $(sed -nE 's,^((lib/[^ 	]*/|cpan/|dist/|ext/)[^ 	]*\.t)[ 	].*,../\1,p' ../MANIFEST) 2> /dev/null | sort -u); do
    [[ perl-$(name_of "$file") =~ ${CASES:-} ]] || continue
    files+=("$file")
    if [ ${#files[@]} = 12 ]; then compare_files "${files[@]}"; files=(); fi
done
[ ${#files[@]} = 0 ] || compare_files "${files[@]}"
