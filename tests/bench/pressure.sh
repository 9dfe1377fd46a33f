#!/bin/bash
# Shows what the daemon does when others want memory: real pressure while it indexes, and a small control group of its own.
#   tests/bench/pressure.sh [--files N] [--svg FILE] [--trace FILE] [CORPUS]
# CORPUS   has mkbench.py, which makes the tree (default: $METAEXTRACT_CORPUS)
# --files  files of the tree (default: 20000)
# --svg    where the drawing of the trace goes (default: pressure.svg here)
# --trace  where what the governor is told goes, as daemon/src/governor/traces has it (default: nowhere)
# Exit code 1: a bound is not kept. Wants root, for control groups, and a machine with nothing else to do.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/packaging/lib.sh"

files=20000 corpus=${METAEXTRACT_CORPUS:-} svg=$PWD/pressure.svg signals=
while (($#)); do
    case $1 in
        --files) files=${2:?--files wants a number}; shift ;;
        --trace) signals=$(realpath -m "${2:?--trace wants a file}"); shift ;;
        --svg) svg=$(realpath -m "${2:?--svg wants a file}"); shift ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) die "pressure.sh: there is no option $1; try --help" ;;
        *) corpus=$1 ;;
    esac
    shift
done
[ -f "${corpus:-}/mkbench.py" ] || die "pressure.sh: ${corpus:-no CORPUS given:} there must be a mkbench.py; try --help"
corpus=$(cd "$corpus" && pwd)
[ "$(id -u)" = 0 ] || die "pressure.sh: control groups are made by root alone; run it with sudo"
[ -r /proc/pressure/memory ] || die "pressure.sh: this kernel does not tell of pressure (CONFIG_PSI, psi=1)"
need_rust
assume_yes=1
packages gcc libc6-dev fuse3 dbus dbus-bin python3
pressure=$top/tests/bench/pressure.py

say "Building ..."
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextractd -p metactl
cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextractd --example signals
bin=${CARGO_TARGET_DIR:-$top/target}/release
export PATH=$bin:$PATH

work=$(mktemp -d "${TMPDIR:-/var/tmp}/metaextract-pressure.XXXXXX")
groups=()
clean_up() {
    own_daemon_stop
    [ -z "${thrasher:-}" ] || kill -- "-$thrasher" 2>/dev/null || true
    wait 2>/dev/null || true
    for group in "${groups[@]}"; do rmdir "$group" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A control group of so many MiB: group NAME MIB. Sets group and groups.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control
    group_in() { group=/sys/fs/cgroup/metaextract-$1.$$; mkdir "$group"; groups+=("$group"); echo $(($2 << 20)) >"$group/memory.max"; }
    killed() { sed -n 's/^oom_kill //p' "$group/memory.events"; }
    failcnt() { sed -n 's/^max //p' "$group/memory.events"; }
else
    memory=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2 }' /proc/mounts)
    [ -n "$memory" ] || die "pressure.sh: no control group limits memory here"
    group_in() { group=$memory/metaextract-$1.$$; mkdir "$group"; groups+=("$group"); echo $(($2 << 20)) >"$group/memory.limit_in_bytes"; }
    killed() { sed -n 's/^oom_kill //p' "$group/memory.oom_control"; }
    failcnt() { cat "$group/memory.failcnt"; }
fi

say "Making a tree of $files files ..."
python3 "$corpus/mkbench.py" "$work/tree" --files "$files" --corpus "$corpus"
find "$work/tree" -type f -exec cat {} + >/dev/null

say "Steady work, alone and beside a daemon that indexes ..."
own_daemon "$work/first" "$bin"
metactl watch --wait "$work/tree" >/dev/null 2>&1 || true
find "$work/tree" -type f -print0 >"$work/all"
# By turns, as other machines on the same hardware are felt for minutes.
for round in 0 1 2 3 4 5 6 7; do
    kill -STOP "$daemon_pid"
    python3 "$pressure" steady "$work/steady.alone.$round" 2
    kill -CONT "$daemon_pid"
    metactl index - <"$work/all" >/dev/null 2>&1 &
    python3 "$pressure" steady "$work/steady.beside.$round" 2
    wait $! || true
done
own_daemon_stop

say "Indexing, and after a second five seconds of pressure ..."
group_in thrash 48
dd if=/dev/urandom of="$work/thrashed" bs=1M count=64 status=none
printf '%s\0' "$work/thrashed" >"$work/thrashed.list"
python3 "$pressure" forget "$work/thrashed.list"
own_daemon "$work/second" "$bin"
python3 "$pressure" trace "$work/trace" "$daemon_pid" "$XDG_RUNTIME_DIR/metaextract" &
tracer=$!
metactl watch --wait "$work/tree" >/dev/null 2>&1 &
watching=$!
[ -z "$signals" ] || "$bin/examples/signals" 12 >"$signals" &
sleep 1
python3 "$pressure" now "$work/begin"
(echo "$BASHPID" >"$group/cgroup.procs" && exec setsid python3 "$pressure" thrash "$work/thrashed" 32) &
thrasher=$!
sleep 5
kill -- "-$thrasher"
wait "$thrasher" 2>/dev/null || true
thrasher=
python3 "$pressure" now "$work/end"
wait "$watching" || true
kill "$tracer"
wait "$tracer" || true
metactl status --json >"$work/status.json"
own_daemon_stop

say "Indexing in a control group of 256 MB ..."
group_in small 256
python3 "$pressure" forget "$work/all"
# The daemon inherits the group of who starts it.
echo "$BASHPID" >"$group/cgroup.procs"
own_daemon "$work/third" "$bin"
echo "$BASHPID" >"$(dirname "$group")/cgroup.procs"
metactl watch --wait "$work/tree" >/dev/null 2>&1 || true
metactl status --json >"$work/small.json"
killed >"$work/killed"
failcnt >"$work/failcnt"
own_daemon_stop

code=0
python3 "$pressure" report "$work" "$files" || code=$?
cp "$work/trace.svg" "$svg"
say "The trace is drawn in $svg."
exit "$code"
