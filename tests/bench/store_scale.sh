#!/bin/bash
# The store alone, with a million rows and with three: tests/bench/store_scale.sh [FILES CYCLES SLEEPS]...
# Prints ingest, size, memory (PSS) awake and asleep, opening, waking, reading, scanning, a renamed directory of 100,000
# files, and what 20 changes of a tenth of all records make of the file; all of it in one line at the end. Needs 3 GB of
# disk and half an hour.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/metaextract-store.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$top"
[ $# -gt 0 ] || set -- 1000000 20 100 3000000 3 10
while [ $# -ge 3 ]; do
    printf '== %s files ==\n' "$1"
    cargo run --quiet --release -p metaextractd --example store_load -- "$work/store" "$1" "$2" "$3"
    rm -rf "$work/store"
    shift 3
done
