#!/bin/bash
# Measures what the daemon costs at a million files, in one table: what, limit, measured, met, how.
#   tests/bench/scale.sh [--dir DIR] [FILES]
# FILES  files of the synthetic tree (default: 1000000), in 85 directories for each 1,000
# --dir  where the tree and the store are made and deleted again (default: $TMPDIR or /var/tmp)
# Exit code 1: a limit is not kept. Takes about 20 minutes; wants a machine with nothing else to do.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/packaging/lib.sh"

files=1000000 place=${TMPDIR:-/var/tmp}
while (($#)); do
    case $1 in
        --dir) place=${2:?--dir wants a directory}; shift ;;
        -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *[!0-9]*) die "scale.sh: there is no option $1; try --help" ;;
        *) files=$1 ;;
    esac
    shift
done
need_rust
assume_yes=1
packages gcc libc6-dev fuse3 dbus dbus-bin python3 findutils
scale=$top/tests/bench/scale.py measure=$top/tests/bench/measure.py

say "Building ..."
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextractd -p metactl
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p tests --example statwalk
bin=${CARGO_TARGET_DIR:-$top/target}/release
export PATH=$bin:$PATH

work=$(mktemp -d "$place/metaextract-scale.XXXXXX")
clean_up() {
    own_daemon_stop
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The daemon again, with the store it has: start_again NAME OPTION...
start_again() {
    local name=$1
    shift
    own_daemon_end
    python3 "$scale" ready "$work/$name" "$bin" "$work/log" "$@"
    daemon_pid=$(cat "$work/$name.pid")
    metactl wait >/dev/null || true
}

say "20,000 files: indexed, then left alone ..."
mkdir "$work/small"
python3 "$scale" tree "$work/small/tree" 20000 "$top/tests/golden"
own_daemon "$work/small" "$bin"
metactl watch --wait "$work/small/tree" >/dev/null
metactl wait >/dev/null || true
python3 "$scale" idle "$work/small.idle" "$daemon_pid"
own_daemon_stop
rm -rf "$work/small"

say "Making a tree of $files files ..."
python3 "$scale" tree "$work/tree" "$files" "$top/tests/golden"
find "$work/tree" -type d | wc -l >"$work/dirs"

say "The daemon indexes it ..."
# As many watches as the budget speaks of, in whole per cent of what the user may have.
limit=$(cat /proc/sys/fs/inotify/max_user_watches)
few=$((3200000 / limit + 1))
few=$((few > 100 ? 100 : few))
own_daemon "$work/big" "$bin" --set workers.max=4 --set "watch.share=$few%"
python3 "$measure" memory "$work/memory" "$daemon_pid" &
sampler=$!
python3 "$measure" timed "$work/index" metactl watch --wait "$work/tree" || [ $? = 1 ]
kill "$sampler"
wait "$sampler" || true
metactl status --json >"$work/status.json"

say "It starts again, looks at everything, reads what comes ..."
start_again ready --set workers.max=4 --set "watch.share=$few%"
python3 "$scale" latency "$work/latency" "$work/tree" "$XDG_RUNTIME_DIR/metaextract" "$top/tests/golden/jpeg/exif.jpg"
python3 "$scale" rescan "$work/rescan" "$bin" "$bin/examples/statwalk" "$work/tree/part0"

say "It is left alone for five minutes ..."
metactl wait >/dev/null || true
python3 "$scale" idle "$work/few.idle" "$daemon_pid"
python3 "$scale" asleep "$work/asleep" "$daemon_pid" 180

say "It starts again and watches all directories ..."
start_again again --set watch.share=100%
metactl wait >/dev/null || true
python3 "$scale" idle "$work/every.idle" "$daemon_pid"

python3 "$scale" report "$work" "$files"
