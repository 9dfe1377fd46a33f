#!/bin/bash
# Installs what the tests need and runs all of them: tests/run.sh
# Run as root, the tests run as an ordinary user made for it. Those that need root (root_*.rs) run as root, by sudo if need be.
# Nothing is skipped: what is missing is installed, or the run fails.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"
. "$top/tests/lib.sh"
need_rust
assume_yes=1
packages gcc libc6-dev git fuse3 dbus dbus-bin attr strace faketime procps systemd util-linux python3 xfsprogs e2fsprogs btrfs-progs
export CARGO_TERM_COLOR=never

test_copy src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$src"

say "== formatting, lints, documentation, dependencies =="
cargo fmt --all --check
cargo clippy --quiet --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps
command -v cargo-deny >/dev/null || cargo install --quiet --locked cargo-deny
cargo deny check bans licenses sources >"$work/deny" 2>&1 || { cat "$work/deny"; exit 1; }

say "== building the tests =="
# Programs beside the tests' own, which tests start by name.
cargo build --workspace --bins --examples
cargo test --workspace --no-run --message-format=json >"$work/build.json"
python3 - "$work/build.json" >"$work/programs" <<'PYTHON'
import json, sys
for line in open(sys.argv[1]):
    entry = json.loads(line)
    if entry.get("reason") == "compiler-artifact" and entry.get("executable") and entry["profile"]["test"]:
        target = entry["target"]
        print(entry["manifest_path"].rsplit("/", 1)[0], target["name"], entry["executable"], sep="\t")
PYTHON
[ -s "$work/programs" ] || die "run.sh: no test program was built"

total=0
# Runs one test program and adds up what it says: run KIND NAME COMMAND...
run() {
    local kind=$1 name=$2 ok ignored
    shift 2
    "$@" >"$work/out" 2>&1 </dev/null || { cat "$work/out"; die "run.sh: $name failed"; }
    ok=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$work/out" | awk '{ n += $1 } END { print n + 0 }')
    ignored=$(sed -n 's/^test result: .* \([0-9]*\) ignored.*/\1/p' "$work/out" | awk '{ n += $1 } END { print n + 0 }')
    [ "$ignored" = 0 ] || die "run.sh: $name ignores $ignored tests"
    printf '%6d  %-8s %s\n' "$ok" "$kind" "$name"
    total=$((total + ok))
}

say "== tests =="
while IFS=$'\t' read -r dir name program; do
    cd "$dir"
    case $name in
        root_*) run root "$(basename "$dir")/$name" "${root[@]}" "$program" ;;
        *) run user "$(basename "$dir")/$name" "${user[@]}" "$program" ;;
    esac
done < <(sort "$work/programs")
cd "$src"
run doc documentation cargo test --quiet --workspace --doc
"${user[@]}" "$src/systemd/verify.sh" "${CARGO_TARGET_DIR:-$src/target}/debug/metaextractd"
say "== services, on a systemd of their own =="
"${root[@]}" "$src/tests/services/run.sh" "${CARGO_TARGET_DIR:-$src/target}/debug"
say "$total passed, 0 failed"
