# Shared by run.sh and mutants.sh: a copy of the project that the tests' user can read, and who runs what. Sourced, not run.

# Root's files are not readable by others: root works on a copy where the tests' user can read and run everything.
# Sets src (where the copy is), user and root (what runs a program as the one or the other) and CARGO_TARGET_DIR: test_copy NAME
test_copy() {
    src=$top
    user=() root=(sudo)
    [ "$(id -u)" = 0 ] || return 0
    local base=${METAEXTRACT_TEST_DIR:-/var/tmp/metaextract-tests}
    src=$base/$1
    export CARGO_TARGET_DIR=$base/target
    rm -rf "$src"
    mkdir -p "$src" "$CARGO_TARGET_DIR"
    (cd "$top" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --preserve=mode,timestamps -t "$src")
    id metaextract-test >/dev/null 2>&1 || useradd --create-home --shell /bin/bash metaextract-test
    chown -R metaextract-test: "$src"
    [ ! -c /dev/fuse ] || chmod 0666 /dev/fuse
    root=()
    user=(runuser -u metaextract-test -- env -i HOME=/home/metaextract-test PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8)
}
