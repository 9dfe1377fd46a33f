#!/bin/bash
# Checks the unit with systemd's own tool, ExecStart pointing at a built program: systemd/verify.sh PROGRAM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:?usage: verify.sh PROGRAM}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_RUNTIME_DIR=$work
sed "s|^ExecStart=.*|ExecStart=$program|" "$here/metaextractd.service" >"$work/metaextractd.service"
# Its manual pages are installed with the package, not yet here.
systemd-analyze --user verify --man=no "$work/metaextractd.service"
echo "systemd accepts the unit"
