# SPDX-License-Identifier: GPL-2.0-or-later
# The targets: NAME.c in tests/fuzz, whose first lines say what it is linked with: `sources: FILE…`, or `links: library` for all of ferry.
targets() {
    local file name
    for file in tests/fuzz/*.c; do
        name=$(basename "$file" .c)
        case " ${FUZZ:-$name} " in *" $name "*) echo "$name" ;; esac
    done
}

# target_links NAME LIBRARY
target_links() {
    sed -n '1,6s/^ \* sources: //p' "tests/fuzz/$1.c"
    if sed -n '1,6p' "tests/fuzz/$1.c" | grep -q '^ \* links: library'; then
        echo "$2 -lelf -lz -lpthread $(grep -q '^SECCOMP_LIBS = .*lseccomp' "$build_dir/Makefile" && echo -lseccomp)"
    fi
}
