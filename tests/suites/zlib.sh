# SPDX-License-Identifier: GPL-2.0-or-later
# zlib's own tests, from its source, built by the host's compilers for both architectures; and its file tool on real files, each side
# reading what the other wrote: the compressed bytes are the same.

outcomes_zlib() { head -n -2 "$1"; }

"$source_dir/tests/software/fetch-source" "$cache/sources" zlib > "$scratch/log" 2>&1 || tail -n 5 "$scratch/log"
for side in native ferry; do
    compiler=gcc; [ $side = native ] || compiler=${CROSS}gcc
    rm -rf "$scratch/zlib" && cp -a "$cache/sources/zlib" "$scratch/zlib"
    if (cd "$scratch/zlib" && CC=$compiler AR=${compiler%gcc}ar RANLIB=${compiler%gcc}ranlib ./configure && make -s all infcover) > "$scratch/log" 2>&1; then
        on $side eval 'rm -rf "$root/suites/zlib" && mkdir -p "$root/suites" && mv "$scratch/zlib" "$root/suites/zlib"'
    else
        fail "zlib-build-$side"; tail -n 5 "$scratch/log"
    fi
done
compare zlib example 100 'cd /suites/zlib && ./example /tmp/out && LD_LIBRARY_PATH=. ./examplesh /tmp/out && ./example64 /tmp/out'
compare zlib infcover 100 'cd /suites/zlib && ./infcover'
compare zlib minigzip 300 'cd /suites/zlib && for tool in ./minigzip ./minigzip64 ./minigzipsh; do export LD_LIBRARY_PATH=.; echo hello world | $tool | $tool -d
    for level in -1 -6 -9 -f -h -r; do for file in deflate.c /usr/share/perl/5.36/unicore/Name.pl /usr/share/base-passwd/passwd.master; do
        echo $tool $level $file $($tool $level < $file | md5sum) $($tool $level < $file | $tool -d | cmp - $file && echo back)
    done; done; done'
