#!/bin/bash
# Checks the units with systemd's own tools, ExecStart pointing at a built program: systemd/verify.sh PROGRAM
# The exposure of the daemon's units must stay below 3.0 in a session and 2.0 in the system. That their lines are in effect,
# too, is tested in a container: tests/services/run.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:?usage: verify.sh PROGRAM}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_RUNTIME_DIR=$work
mkdir "$work/user" "$work/system"
for unit in "$here"/user/* "$here"/system/*; do
    # Nor is the user of the system unit there.
    sed -e "s|^ExecStart=/usr/bin/metaextractd|ExecStart=$program|" -e '/^SocketUser=/d' "$unit" >"$work/${unit#"$here"/}"
done
# Its manual pages are installed with the package, not yet here.
systemd-analyze --user verify --man=no "$work"/user/*
systemd-analyze verify --man=no "$work"/system/*
exposure() {
    # Tenths, as --threshold has them; at or above is too much.
    local flavour=$1 limit=$2 said=0
    shift 2
    systemd-analyze security --offline=yes --threshold=$((limit - 1)) "$@" "$work/$flavour/metaextractd.service" \
        >"$work/said" || said=$?
    tail -n 1 "$work/said"
    [ "$said" = 0 ] || { cat "$work/said"; echo "the $flavour unit is to stay below $limit tenths" >&2; exit 1; }
}
exposure user 30 --user
exposure system 20
echo "systemd accepts the units"
