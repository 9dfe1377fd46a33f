#!/bin/bash
# What takes too long for every change: tests/long.sh [CORPUS]
# Properties over many more cases, crashes and hostile files again and again, a store of a million files, the benchmark.
# CORPUS has mkbench.py (default: $METAEXTRACT_CORPUS). Takes an hour or two; wants a machine with nothing else to do.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"
corpus=${1:-${METAEXTRACT_CORPUS:-}}
[ -f "${corpus:-}/mkbench.py" ] || die "long.sh: ${corpus:-no CORPUS given:} there must be a mkbench.py"
need_rust
assume_yes=1
packages gcc libc6-dev fuse3 dbus dbus-bin
work=$(mktemp -d "${TMPDIR:-/var/tmp}/metaextract-long.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$top"

say "== properties, 20,000 cases each =="
PROPTEST_CASES=20000 cargo test --quiet --release -p metaextractd -p metafs --lib -- codec:: proto:: names:: inode:: entry::

say "== a store that is killed, hostile files: fifty times each =="
for ((round = 0; round < 50; round++)); do
    cargo test --quiet --release -p metaextractd --test store_kill >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
    cargo test --quiet --release -p tests --test hostile >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
done

say "== a store of a million files =="
cargo run --quiet --release -p metaextractd --example store_load -- "$work/store" 1000000
rm -rf "$work/store"

say "== the benchmark =="
tests/bench/spine.sh "$corpus"
