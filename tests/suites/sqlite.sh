# SPDX-License-Identifier: GPL-2.0-or-later
# sqlite's own tests (the "quick" set of its test/permutations.test, file by file): its test program is built by the host's compilers for both
# architectures, with the Tcl of the roots.

outcomes_sqlite() { grep -aE '\.\.\. (Ok|Omitted)|^! |^[0-9]+ errors out of' "$1" | sed -E 's/^[0-9]+ errors out of.* on .*//'; }

# build_testfixture FOLDER ARCHITECTURE COMPILER: the Makefile's own list of files and options, another compiler.
build_testfixture() {
    local libraries=$root/usr/lib/$2-linux-gnu
    rm -rf "$1" && cp -a "$cache/sources/sqlite3" "$1" && cd "$1" &&
        ./configure --disable-readline --enable-all --enable-session --with-tcl="$cache/root-suites-amd64/usr/lib/x86_64-linux-gnu/tcl8.6" && make -s sqlite3.c &&
        make -s testfixture LTLINK="$3 -O1 -w $(sed -n 's/^OPT_FEATURE_FLAGS = *//p' Makefile) -D_HAVE_SQLITE_CONFIG_H -DSQLITE_THREADSAFE=1 $(printf ' -I%s' . src ext/{rtree,icu,fts3,async,session,userauth} "$root/usr/include/tcl8.6")" \
            LIBTCL="$libraries/libtcl8.6.so $libraries/libz.so.1" TLIBS="-lm -ldl -lpthread"
}

"$source_dir/tests/software/fetch-source" "$cache/sources" sqlite3 > "$scratch/log" 2>&1 || tail -n 5 "$scratch/log"
for side in native ferry; do
    compiler=gcc architecture=x86_64; [ $side = native ] || compiler=${CROSS}gcc architecture=aarch64
    if [ ! -x "$cache/sqlite-$architecture/testfixture" ]; then
        (on $side build_testfixture "$cache/sqlite-$architecture" $architecture "$compiler") > "$scratch/log" 2>&1 || { fail "sqlite-build-$side"; tail -n 5 "$scratch/log"; }
    fi
    on $side eval 'rm -rf "$root/suites/sqlite3" && mkdir -p "$root/suites" && cp -a "$cache/sqlite-$architecture" "$root/suites/sqlite3"'
done
# The set is worked out by the suite's own definition, with Tcl.
sed -n '/^proc test_set/,/Start of tests/p' "$cache/sources/sqlite3/test/permutations.test" > "$scratch/sets.tcl"
files=$(cd "$cache/sources/sqlite3" && printf 'set testdir test\nsource %s\nforeach f [lsort $allquicktests] { puts $f }\n' "$scratch/sets.tcl" | tclsh)
for file in $files; do
    case $file in */*) ;; *) file=test/$file ;; esac
    name=${file#*ext/} name=${name#test/} name=${name//\//-}
    compare sqlite "${name%.test}" 600 "mkdir run && cd run && exec /suites/sqlite3/testfixture /suites/sqlite3/$file"
done
