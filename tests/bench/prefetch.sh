#!/bin/bash
# What reading ahead gains where the store lies on a slow disk: a walk through directories in the mounted view, without and with.
#   tests/bench/prefetch.sh [--dirs N] [--files N] [--tags N] [--ms N] [--bin DIR]
# --dirs   directories (default: 1000)
# --files  pictures in each (default: 16)
# --tags   of how many of these tags.txt is read (default: 1)
# --ms     milliseconds after which the file system below the store answers each read (default: 5)
# --bin    where the programs are (default: they are built)
# Each directory is listed with the attributes of all files, then some tags are read. The store begins asleep, the kernel has
# nothing of the view, and what lies below the store nobody caches but the store itself.
# Exit code 1: the median is not 36 times lower, or more than 10 % of what was fetched was not used.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/packaging/lib.sh"

dirs=1000 files=16 tags=1 ms=5 bin=
while (($#)); do
    case $1 in
        --dirs) dirs=${2:?--dirs wants a number}; shift ;;
        --files) files=${2:?--files wants a number}; shift ;;
        --tags) tags=${2:?--tags wants a number}; shift ;;
        --ms) ms=${2:?--ms wants a number}; shift ;;
        --bin) bin=$(cd "${2:?--bin wants a directory}" && pwd); shift ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) die "prefetch.sh: there is no option $1; try --help" ;;
    esac
    shift
done
assume_yes=1
packages fuse3 dbus dbus-bin python3
if [ -z "$bin" ]; then
    need_rust
    packages gcc libc6-dev
    say "Building ..."
    cargo build --quiet --release --manifest-path "$top/Cargo.toml" --workspace --bins
    bin=${CARGO_TARGET_DIR:-$top/target}/release
fi
export PATH=$bin:$PATH
prefetch=$top/tests/bench/prefetch.py

work=$(mktemp -d "${TMPDIR:-/var/tmp}/metaextract-prefetch.XXXXXX")
clean_up() {
    own_daemon_stop
    [ -z "${slow_pid:-}" ] || { exec 8>&-; wait "$slow_pid" 2>/dev/null || true; }
    umount -l "$work/slow" 2>/dev/null || fusermount3 -uz "$work/slow" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# One command to the slow file system, and its answer: slow COMMAND
slow() { echo "$1" >&8; read -r _ <&7; }

say "Making $dirs directories of $files pictures ..."
python3 "$prefetch" tree "$work/tree" "$dirs" "$files" "$top/tests/golden/jpeg/exif-big-endian.jpg"
mkdir "$work/below" "$work/slow"
mkfifo "$work/commands" "$work/answers"
faultfs "$work/below" "$work/slow" <"$work/commands" >"$work/answers" &
slow_pid=$!
exec 8>"$work/commands" 7<"$work/answers"
read -r _ <&7
mkdir "$work/slow/store"

# The daemon, with its store asleep: begin NAME [--set KEY=VALUE]...
begin() {
    own_daemon "$work/$1" "$bin" --set "store.path=$work/slow/store" --set store.min_free=0KiB --set log.level=debug --set store.sleep_after=1s "${@:2}"
    metactl wait >/dev/null
}

say "Indexing them ..."
begin first
metactl watch --wait "$work/tree" >/dev/null || [ $? = 1 ]
own_daemon_stop

for mode in off on; do
    say "Walking, prefetch $mode ..."
    settings=()
    [ "$mode" = on ] || settings=(--set prefetch.records=0)
    begin "$mode" "${settings[@]}"
    until metactl status --json | grep -q '"Rest": *"asleep"'; do sleep 0.2; done
    # The status may have woken it once more.
    sleep 3
    slow "slow=$ms read ."
    python3 "$prefetch" walk "$work/walk.$mode" "$XDG_RUNTIME_DIR/metaextract/files$work/tree" "$tags"
    slow clear
    own_daemon_stop
    cp "$work/$mode/log" "$work/log.$mode"
done
python3 "$prefetch" report "$work" "$dirs" "$files" "$tags"
