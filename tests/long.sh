#!/bin/bash
# What takes too long for every change: tests/long.sh [--again] [CORPUS]
# The simulator over 10,000 seeds, crashes, kills and power cuts by the hundred, hostile files again and again, stores of
# millions of files, every mutant, systemd in a container, the benchmarks. Takes some hours; wants a machine with nothing
# else to do. Run as root.
# CORPUS has mkbench.py (default: $METAEXTRACT_CORPUS).
# It goes on where it was interrupted, as long as the commit is the same; --again begins anew. What each stage printed
# lies in $METAEXTRACT_LONG (default: /var/tmp/metaextract-long); the table for tests/long.md is printed at the end.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"
. "$top/tests/lib.sh"
again=
[ "${1:-}" != --again ] || { again=1; shift; }
corpus=$(realpath -m "${1:-${METAEXTRACT_CORPUS:-/nonexistent}}")
[ -f "$corpus/mkbench.py" ] || die "long.sh: give the CORPUS; there must be a mkbench.py in it"
[ "$(id -u)" = 0 ] || die "long.sh: run it as root: loop file systems, a container and other users are part of it"
need_rust
assume_yes=1
packages gcc libc6-dev git fuse3 dbus dbus-bin attr strace faketime procps systemd util-linux python3 xfsprogs e2fsprogs btrfs-progs
export CARGO_TERM_COLOR=never

cd "$top"
commit=$(git rev-parse HEAD)
git diff --quiet HEAD || die "long.sh: commit your changes first; figures belong to a commit"
state=${METAEXTRACT_LONG:-/var/tmp/metaextract-long}/$commit
[ -z "$again" ] || rm -rf "$state"
mkdir -p "$state"
test_copy long
cd "$src"

# Runs what is not done yet, and keeps what it printed and how long it took: stage NAME COMMAND...
stage() {
    local name=$1 began=$SECONDS
    shift
    if [ -f "$state/$name.done" ]; then
        say "$name: done before"
        return 0
    fi
    say "== $name: $* =="
    if "$@" >"$state/$name.log" 2>&1 </dev/null; then
        printf '%s\t%s\t%s\n' "$name" "$((SECONDS - began))" "$*" >"$state/$name.done"
        tail -n 1 "$state/$name.log"
    else
        tail -n 40 "$state/$name.log"
        die "long.sh: $name failed; all it printed is in $state/$name.log. Run this again to go on from here."
    fi
}

# One test of one test program, as the tests' user or as root by its name: tested PACKAGE PROGRAM NAME [VARIABLE=VALUE]...
tested() {
    local package=$1 program=$2 name=$3 built said output kind=(--test "$2") by=("${user[@]}")
    shift 3
    [ "$program" != lib ] || kind=(--lib)
    case $program in root_*) by=() ;; esac
    cargo build --quiet --release --workspace --bins
    # Not the programs that the test runs: those are told of, too.
    built=$(cargo test --quiet --release -p "$package" "${kind[@]}" --no-run --message-format=json |
        sed -n '/"profile":{[^}]*"test":true/s/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
    [ -n "$built" ] || die "long.sh: no test program $program of $package"
    # What it says is there while it runs.
    output=$(mktemp "$state/output.XXXXXX")
    (cd "$(folder "$package")" && "${by[@]}" env "$@" "$built" "$name" --nocapture) 2>&1 | tee "$output" || { rm "$output"; return 1; }
    said=$(sed -n 's/.*test result: //p' "$output")
    rm "$output"
    [[ $said == "ok. "[1-9]* ]] || return 1
    say "$* $said"
}

# The same, so many times: rounds N PACKAGE PROGRAM NAME [VARIABLE=VALUE]...
rounds() {
    local round n=$1
    shift
    for ((round = 1; round <= n; round++)); do
        tested "$@" || { say "round $round of $n failed"; return 1; }
    done
    say "$n rounds, 0 failed"
}

folder() {
    case $1 in metaextractd) echo daemon ;; metafs) echo fs ;; metactl) echo ctl ;; metaextract) echo extract ;; *) echo "$1" ;; esac
}

# A table for tests/long.md.
table() {
    say "Commit $commit, $(nproc) cores, $(date -u +%F)."
    say ""
    say "| stage | minutes | what it said last |"
    say "|---|---|---|"
    local done name seconds
    for done in "$state"/*.done; do
        IFS=$'\t' read -r name seconds _ <"$done"
        printf '| %s | %s | %s |\n' "$name" "$(((seconds + 59) / 60))" "$(grep -v '^$' "$state/$name.log" | tail -n 1 | tr '|' '/')"
    done
}

stage properties env PROPTEST_CASES=20000 \
    cargo test --quiet --release -p metaextractd -p metafs --lib -- codec:: proto:: names:: inode:: entry::
# Beside the next ones: most of its time it waits for the disk.
set -m
stage killed-store tested metaextractd store_kill "" STORE_KILLS=1000 &
beside=$!
set +m
trap 'kill -- "-$beside" 2>/dev/null || true' EXIT
stage simulator tested metaextractd lib sim:: METAEXTRACT_SEEDS=10000
stage power-cuts tested metaextractd root_store "" STORE_CUTS=50
wait "$beside" || exit 1
trap - EXIT
stage sleeping-store tested metaextractd lib a_store_that_nobody_uses_sleeps STORE_SLEEPS=1000
stage hostile-files rounds 50 tests hostile ""

stage store-of-1000000 "$top/tests/bench/store_scale.sh" 1000000 20 100
stage store-of-3000000 "$top/tests/bench/store_scale.sh" 3000000 3 10
stage benchmark "$top/tests/bench/spine.sh" "$corpus"
stage a-million-files "$top/tests/bench/scale.sh"
stage mutants "$top/tests/mutants.sh" --seed "$commit"
table
