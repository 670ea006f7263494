# SPDX-License-Identifier: GPL-2.0-or-later
# python3's own suite, module by module. Each test's outcome comes from the report that the suite writes; doctests and classes
# that are skipped whole are in no report, but in what is printed.

cat > "$scratch/outcomes.py" <<'EOT'
import sys, xml.etree.ElementTree as tree
text = open(sys.argv[1], errors='replace').read()
start, end = text.rfind('\n<testsuites'), text.rfind('</testsuites>')
if start >= 0 and end > start:
    for case in tree.fromstring(text[start:end + 13]).iter('testcase'):
        inside = sorted({part.tag for part in case if part.tag in ('failure', 'error', 'skipped')})
        print(case.get('name'), case.get('result'), *inside)
EOT
outcomes_python() { { python3 "$scratch/outcomes.py" "$1" 2>&1; grep -aE '^test[._A-Za-z0-9]+ skipped|^setUp(Class|Module) \(.* skipped|^doctest \(|^ +[0-9]+ (tests in|of +[0-9]+ in) ' "$1"; } | sort; }

# The limit is for both sides; natively all but a few take less than a minute. Those few come last, asyncio in its parts.
# No namespace divides vsock: both sides would bind the same port, and where there is no loopback (virtual machines) the one that got it waits for ever.
limit=${PYTHON_SECONDS:-900}
slow='^test_(concurrent_futures|multiprocessing_.*|socket|subprocess|gdb|tools|peg_generator)$'
folder=$cache/root-suites-amd64/usr/lib/python3.11/test
names() { ls "$1" | sed -n 's/^\(test_[a-z_A-Z0-9]*\)\(\.py\)\?$/\1/p' | sort -u; }
modules=$(names "$folder" | grep -v '^test_asyncio$')
modules="$(grep -vE "$slow" <<< "$modules") $(names "$folder/test_asyncio" | sed 's/^/test.test_asyncio./') $(grep -E "$slow" <<< "$modules")"
for module in $modules; do
    compare python "$module" "$limit" \
        "python3.11 -m test -v --timeout $((limit * 9 / 10)) --ignore ThreadedVSOCKSocketStreamTest --junit-xml report $module; status=\$?; echo; cat report; exit \$status"
done
