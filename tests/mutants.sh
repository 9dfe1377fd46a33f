#!/bin/bash
# Breaks the program one line at a time, in a copy, and expects a named test to notice: tests/mutants.sh [OPTION]...
# Without options all patches of tests/mutants.toml and 30 deletions of single lines, three quarters of an hour on two cores; see --help.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"
. "$top/tests/lib.sh"
need_rust
assume_yes=1
packages gcc libc6-dev git fuse3 dbus dbus-bin attr strace faketime procps util-linux python3 xfsprogs e2fsprogs
export CARGO_TERM_COLOR=never
if [ "$(id -u)" = 0 ]; then
    test_copy mutants
else
    # Not as root: still a copy, so that an interrupted run leaves nothing broken behind.
    src=$(mktemp -d)
    trap 'rm -rf "$src"' EXIT
    (cd "$top" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --preserve=mode -t "$src")
    user=()
fi
# A program of the last run may have been built from a changed line: everything here is newer than that.
find "$src" -name '*.rs' -exec touch {} +
cd "$src"
AS_USER="${user[*]}" python3 tests/mutants.py "$@"
