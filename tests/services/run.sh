#!/bin/bash
# The services on a real systemd: makes a minimal Debian 12 from scratch, installs the built programs and units in it, boots it
# in a container and runs inside.sh there, which tries everything: tests/services/run.sh [BIN]
# BIN  the directory of the built programs (default: built now, debug)
# The system is kept packed in METAEXTRACT_SERVICES_DIR (default /var/tmp/metaextract-services) and reused, for a month at
# most. Needs root, /dev/fuse and network for the first run; the container itself has no network. One line for each check; the
# exit code says all.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/packaging/lib.sh"
[ "$(id -u)" = 0 ] || die "services/run.sh: a container is made by root: sudo $0"
[ -c /dev/fuse ] || die "services/run.sh: there is no /dev/fuse: modprobe fuse"
assume_yes=1
packages debootstrap systemd-container
cache=${METAEXTRACT_SERVICES_DIR:-/var/tmp/metaextract-services}
mkdir -p "$cache"

bin=${1:-}
if [ -z "$bin" ]; then
    need_rust
    cargo build --manifest-path "$top/Cargo.toml" -p metaextractd -p metactl -p tests --bins
    bin=${CARGO_TARGET_DIR:-$top/target}/debug
fi
bin=$(cd "$bin" && pwd)

work=$(mktemp -d "$cache/run.XXXXXX")
clean_up() { rm -rf --one-file-system "$work"; }
trap clean_up EXIT

base=$cache/debian-12.tar
if [ -z "$(find "$base" -mtime -30 2>/dev/null)" ]; then
    say "== making a Debian 12 =="
    debootstrap --variant=minbase \
        --include=systemd,systemd-sysv,dbus,dbus-user-session,fuse3,polkitd,libpam-systemd,acl,procps \
        bookworm "$work/base" "${METAEXTRACT_DEBIAN:-http://deb.debian.org/debian}" >"$work/debootstrap" 2>&1 \
        || { tail -n 20 "$work/debootstrap" "$work/base/debootstrap/debootstrap.log"; die "services/run.sh: debootstrap failed"; }
    rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/* "$work"/base/usr/share/{doc,locale}
    tar -C "$work/base" -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$work/base"
fi

say "== installing and booting =="
root=$work/root results=$work/results
mkdir "$root" "$results"
tar -C "$root" -xf "$base"
mkdir "$work/twice"
"$top/packaging/install.sh" "$bin" "$work/twice"
"$top/packaging/install.sh" --remove "$work/twice"
left=$(find "$work/twice" -type f)
[ -z "$left" ] || die "services/run.sh: install.sh --remove leaves $left"
"$top/packaging/install.sh" "$bin" "$root"
install -Dm 755 -t "$root/tests" "$here"/*.sh "$here"/expected-* "$here/probe.pl" "$bin/hostile"
# Sessions end at once when somebody leaves, as the test waits for it.
install -d "$root/etc/systemd/logind.conf.d"
printf '[Login]\nUserStopDelaySec=0\n' >"$root/etc/systemd/logind.conf.d/tests.conf"
# The journal is to leave out nothing by itself.
install -d "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/tests.conf"
cat >"$root/etc/systemd/system/metaextract-tests.service" <<'UNIT'
[Unit]
Description=The tests of the services
Requires=multi-user.target
After=multi-user.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/tests/inside.sh
StandardOutput=append:/results/said
StandardError=append:/results/said
TimeoutStartSec=10min
UNIT
: >"$results/said"
tail -f -n +1 "$results/said" &
teller=$!
# Nothing of this machine's systemd is spoken to: it may have none. Without nspawn's own filter, which knows no Landlock and
# would answer in the place of the units'.
SYSTEMD_SECCOMP=0 timeout --foreground 700 systemd-nspawn --quiet --directory="$root" --machine="metaextract-$$" --boot --register=no --keep-unit \
    --private-network --bind=/dev/fuse --bind="$results:/results" --console=pipe systemd.unit=metaextract-tests.service \
    </dev/null >"$results/console" 2>&1 || true
sleep 0.2 # What tail has not shown yet is shown below should it matter.
kill "$teller" 2>/dev/null || true
wait "$teller" 2>/dev/null || true
if [ "$(cat "$results/passed" 2>/dev/null)" != yes ]; then
    [ -s "$results/said" ] || tail -n 30 "$results/console"
    [ -z "${METAEXTRACT_KEEP:-}" ] || { cp -a "$results" "$cache/last"; say "kept in $cache/last"; }
    die "services/run.sh: not all is well"
fi
