#!/bin/bash
# Builds everything, starts the daemon as an instance of its own, indexes a directory and shows the result.
#   packaging/try.sh [--yes] [--once] [DIR]
# DIR      the directory to index (default: a small sample tree)
# --yes    install missing system packages without asking
# --once   stop when the first index is done, instead of at Ctrl-C
# Exit code 1: a file could not be read for a reason that is not the file's own. Nothing is left behind.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"

once=0 assume_yes=0 dir=
for arg in "$@"; do
    case $arg in
        --once) once=1 ;;
        --yes) assume_yes=1 ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) die "try.sh: there is no option $arg; try --help" ;;
        *) [ -z "$dir" ] || die "try.sh: one directory is enough; try --help"; dir=$arg ;;
    esac
done
need_rust
if [ -n "$dir" ]; then
    [ -d "$dir" ] || die "try.sh: there is no directory $dir"
    dir=$(cd "$dir" && pwd -P)
fi
packages gcc libc6-dev fuse3 dbus

say "Building (the first time takes some minutes) ..."
cargo build --release --manifest-path "$top/Cargo.toml" -p metaextractd -p metactl
bin=${CARGO_TARGET_DIR:-$top/target}/release
export PATH=$bin:$PATH

work=$(mktemp -d "${TMPDIR:-/tmp}/metaextract.XXXXXX")
clean_up() {
    own_daemon_stop
    mountpoint -q "$work/run/metaextract" && fusermount3 -u "$work/run/metaextract"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

if [ -z "$dir" ]; then
    dir=$work/sample
    "$top/packaging/sample-tree.sh" "$dir"
fi
own_daemon "$work" "$bin"
# 1: some files could not be read, which is told below; anything else is no index at all.
metactl watch --wait "$dir" || [ $? = 1 ] || die "The directory cannot be watched; see above."
metactl wait >/dev/null || true

number() { metactl status --json | sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" | head -n 1; }
mount=$XDG_RUNTIME_DIR/metaextract
metactl failed --json >"$work/failed.json" || true
# What this user may not look at is not counted.
present=$( (find "$dir" -type f -printf x 2>/dev/null || true) | wc -c)
known=$(number Known) indexed=$(number Indexed) partial=$(number Partial) failed=$(number Failed)
say ""
say "Indexed $((indexed + partial)) files ($partial of them damaged, read as far as they go), failed $failed," \
    "skipped $((present > known ? present - known : 0)) by rule."
((partial + failed == 0)) || say "metactl failed says what is wrong with them."
# A picture of a camera shows most; any file serves.
first=$(find "$mount/files$dir" -path '*/IFD0/Make' -print -quit 2>/dev/null | sed 's|/IFD0/Make$|/record.json|' || true)
[ -n "$first" ] || first=$(find "$mount/files$dir" -name record.json -print -quit 2>/dev/null || true)
code=0
metactl status --check >"$work/check" || say "Not all is as it should be: $(cat "$work/check")"
! grep -qE "no-fuse|no-workers|no-watcher|store" "$work/check" || code=1
if [ "$known" -gt 0 ] && [ -z "$first" ]; then
    say "No metadata can be read through the mounted view."
    code=1
fi
mountpoint -q "$mount" && say "The metadata of every file is shown below $mount/files$dir"
if [ -n "$first" ]; then
    file=${first#"$mount/files"}
    file=${file%/record.json}
    say ""
    metactl show "$file"
    say ""
    say "Try next, in another terminal:"
    say "  export DBUS_SESSION_BUS_ADDRESS='$DBUS_SESSION_BUS_ADDRESS' PATH=$bin:\$PATH"
    printf '  metactl show --json %q\n  metactl why %q\n  grep -r . %q/*/tags.txt\n' "$file" "$file" "$mount/files${file%/*}"
fi

if grep -q '"AboutFile":false' "$work/failed.json"; then
    say ""
    say "These could not be read, and not for a reason of their own:"
    grep '"AboutFile":false' "$work/failed.json"
    code=1
fi
if grep -q '"Reason":"unsupported"' "$work/failed.json"; then
    say "These are of a known format and yet were called unsupported:"
    grep '"Reason":"unsupported"' "$work/failed.json"
    code=1
fi
if [ $once = 0 ]; then
    say ""
    say "Stays until Ctrl-C; changes below $dir are followed."
    trap 'say ""; exit $code' INT TERM
    wait "$daemon_pid" || die "The daemon ended by itself: $(tail -n 3 "$work/log")"
fi
exit $code
