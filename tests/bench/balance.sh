#!/bin/bash
# Measures how evenly workers share files: 500 PDFs, indexed by one worker and by two.
#   tests/bench/balance.sh [--files N] [--rounds N]
# --files   PDFs that are made (default: 500)
# --rounds  times each is done, in turn; medians count (default: 3)
# Exit code 1: two workers are less than 1.7 times as fast as one, the last ends more than 5 % of the time after the first, or
# a file takes less than 1 ms. Wants two processors with nothing else to do.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/packaging/lib.sh"

files=500 rounds=3
while (($#)); do
    case $1 in
        --files) files=${2:?--files wants a number}; shift ;;
        --rounds) rounds=${2:?--rounds wants a number}; shift ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) die "balance.sh: there is no option $1; try --help" ;;
    esac
    shift
done
need_rust
assume_yes=1
packages gcc libc6-dev fuse3 dbus dbus-bin python3
balance=$top/tests/bench/balance.py

say "Building ..."
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextractd -p metactl --bins
bin=${CARGO_TARGET_DIR:-$top/target}/release
export PATH=$bin:$PATH

work=$(mktemp -d "${TMPDIR:-/var/tmp}/metaextract-balance.XXXXXX")
clean_up() {
    own_daemon_stop
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say "Making $files PDFs ..."
python3 "$balance" make "$work/tree" "$files"
cat "$work"/tree/* >/dev/null

for ((round = 0; round < rounds; round++)); do
    for workers in 1 2; do
        say "Indexing, $workers at a time ..."
        own_daemon "$work/$workers.$round.d" "$bin" --set workers.max=$workers --set mount.enabled=false
        python3 "$balance" timed "$work/$workers.$round" "$daemon_pid" metactl watch --wait "$work/tree"
        [ -f "$work/took" ] || python3 "$balance" took "$work/took" "$work/tree"
        own_daemon_stop
    done
done
python3 "$balance" report "$work" "$rounds"
