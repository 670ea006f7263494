# SPDX-License-Identifier: GPL-2.0-or-later
# perl's own suite, file by file, by its t/TEST. Debian's perl stands for the one that would have been built: its modules are put below the
# source's lib/, beside the tests there. Tests of what only a built tree has (XS::APItest, miniperl) fail alike on both sides.

outcomes_perl() { grep -aoE '^ *(not )?ok( [0-9]+)?( .*)?$|^1\.\.[0-9]*( .*)?$' "$1" | sed -E 's/^( *(not )?ok( [0-9]+)?)( .*(# *(TODO|SKIP|skip)).*)?.*/\1 \6/; s/^( *1\.\.[0-9]*).*/\1/'; }

for side in native ferry; do
    sources_for $side perl
    on $side inside 100 sh -c 'cd /suites/perl && for folder in /usr/lib/*/perl/5.36 /usr/lib/*/perl-base /usr/share/perl/5.36; do cp -a $folder/. lib/; done
        ln -sf /usr/bin/perl perl && ln -sf /usr/bin/perl t/perl' || fail "perl-prepare-$side"
done
for file in $(cd "$cache/sources/perl/t" && ls {base,comp,cmd,run,io,re,opbasic,op,uni,mro,lib,class,perf}/*.t ../lib/*.t $(sed -nE 's,^((lib/[^ 	]*/|cpan/|dist/|ext/)[^ 	]*\.t)[ 	].*,../\1,p' ../MANIFEST) 2> /dev/null | sort -u | sort -s -t . -k 1,1r); do
    name=${file#../} name=${name//\//-}
    compare perl "${name%.t}" "${PERL_SECONDS:-300}" "cd /suites/perl/t && exec ./perl TEST -v $file"
done
