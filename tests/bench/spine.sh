#!/bin/bash
# Measures the whole way, from files to what can be asked, side by side with ExifTool, and compares all records.
#   tests/bench/spine.sh [--files N] [CORPUS]
# CORPUS   has mkbench.py, which makes the tree (default: $METAEXTRACT_CORPUS)
# --files  files of the tree (default: 20000)
# Exit code 1: a floor is not reached (least and most in measure.py), or a record differs from what extract says.
# Wants a machine with nothing else to do: the daemon's processes stand back for all others, ExifTool does not.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/packaging/lib.sh"

files=20000 corpus=${METAEXTRACT_CORPUS:-}
while (($#)); do
    case $1 in
        --files) files=${2:?--files wants a number}; shift ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) die "spine.sh: there is no option $1; try --help" ;;
        *) corpus=$1 ;;
    esac
    shift
done
[ -f "${corpus:-}/mkbench.py" ] || die "spine.sh: ${corpus:-no CORPUS given:} there must be a mkbench.py; try --help"
corpus=$(cd "$corpus" && pwd)
need_rust
assume_yes=1
packages gcc libc6-dev fuse3 dbus dbus-bin python3 perl
measure=$top/tests/bench/measure.py

# The ExifTool that our values are held against; Debian's is older. Installed once.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/metaextract-bench
exiftool=$cache/node_modules/exiftool-vendored.pl/bin/exiftool
if [ ! -f "$exiftool" ]; then
    command -v npm >/dev/null || packages npm
    npm install --silent --no-save --no-audit --no-fund --prefix "$cache" exiftool-vendored.pl@13.58.0 >&2
fi

say "Building ..."
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextractd -p metactl
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextract --example dump
bin=${CARGO_TARGET_DIR:-$top/target}/release
export PATH=$bin:$PATH

work=$(mktemp -d "${TMPDIR:-/var/tmp}/metaextract-bench.XXXXXX")
clean_up() {
    own_daemon_stop
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say "Making a tree of $files files ..."
python3 "$corpus/mkbench.py" "$work/tree" --files "$files" --corpus "$corpus"
find "$work/tree" -type f -print0 | sort -z >"$work/all"
# Every fifth file, at its path: links, taken away before the daemon sees them.
(cd "$work/tree" && find . -type f -print0 | sort -z | awk 'BEGIN { RS = ORS = "\0" } NR % 5 == 0' |
    xargs -0 cp --link --parents -t "$(mkdir "$work/fifth" && echo "$work/fifth")")
xargs -0 cat <"$work/all" >/dev/null

say "ExifTool reads a fifth of it ..."
# Exit code 1 says that some file has an error.
python3 "$measure" timed "$work/exiftool" perl "$exiftool" -fast -r -j -G1 "$work/fifth" || [ $? = 1 ]
rm -rf "$work/fifth"

python3 "$measure" direct "$work/direct" "$bin/examples/dump" "$work/all"

say "The daemon indexes all of it ..."
own_daemon "$work" "$bin"
python3 "$measure" memory "$work/memory" "$daemon_pid" &
sampler=$!
python3 "$measure" timed "$work/index" metactl watch --wait "$work/tree" || [ $? = 1 ]
kill "$sampler"
wait "$sampler" || true
metactl status --json >"$work/status.json"
metactl status --json >"$work/status.json"
# Workers without work are gone after ten seconds; what they used then counts as the daemon's.
sleep 15
python3 "$measure" cpu "$work/cpu" "$daemon_pid"

say "200 pictures are written, one after the other ..."
python3 "$measure" latency "$work/latency" "$work/tree" "$XDG_RUNTIME_DIR/metaextract" "$corpus"

# Workers without work are gone after ten seconds.
metactl wait >/dev/null || true
sleep 15
python3 "$measure" idle "$work/idle" "$daemon_pid"

say "All files are looked at again, and all records shown ..."
metactl stats --prometheus >"$work/before"
python3 "$measure" timed "$work/known" metactl index --json - <"$work/all" || [ $? = 1 ]
metactl stats --prometheus >"$work/after"
python3 "$measure" timed "$work/show" metactl show --json - <"$work/all" || [ $? = 1 ]
mv "$work/show.out" "$work/shown"
metactl stats --prometheus >"$work/stats"

say "All records are compared with those of extract ..."
python3 "$measure" idle "$work/full" "$daemon_pid"
metaextractd extract --json - <"$work/all" >"$work/extracted" || [ $? = 1 ]
python3 "$measure" report "$work"
