#!/bin/bash
# Puts built programs and everything that belongs to them where a package would, or takes all of it away again:
#   packaging/install.sh BIN [DESTDIR]
#   packaging/install.sh --remove [DESTDIR]
# BIN      the directory of metaextractd and metactl, such as target/release
# DESTDIR  the root of another system (default: this one)
# After it, on a running system: systemd-sysusers; systemd-tmpfiles --create metaextract.conf; systemctl daemon-reload
# Before --remove: systemctl --user disable --now metaextractd (and without --user). It leaves the configuration and what
# was indexed: ~/.config/metaextract and ~/.local/state/metaextract, of the system /etc/metaextract and /var/lib/metaextract.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"
bin=${1:?usage: install.sh BIN [DESTDIR], or install.sh --remove [DESTDIR]} root=${2:-}
[[ $bin == --remove || -x $bin/metaextractd ]] || die "install.sh: there is no metaextractd in $bin; build it with: cargo build --release"

# put MODE TO FROM...: each FROM into the directory TO, or as TO if that has no / at its end.
put() {
    local mode=$1 to=$root$2 from at
    shift 2
    for from in "$@"; do
        at=$to
        [[ $to != */ ]] || at=$to$(basename -- "$from")
        if [ "$bin" = --remove ]; then rm -f "$at"; else install -Dm "$mode" "$from" "$at"; fi
    done
}
put 755 /usr/bin/ "$bin/metaextractd" "$bin/metactl"
put 644 /usr/lib/systemd/user/ "$top"/systemd/user/*
put 644 /usr/lib/systemd/system/ "$top"/systemd/system/*
put 644 /usr/lib/sysusers.d/metaextract.conf "$top/systemd/metaextract.sysusers"
put 644 /usr/lib/tmpfiles.d/metaextract.conf "$top/systemd/metaextract.tmpfiles"
put 644 /usr/lib/systemd/system-preset/50-metaextract.preset "$top/systemd/metaextract.preset"
put 644 /usr/lib/systemd/user-preset/50-metaextract.preset "$top/systemd/metaextract.user-preset"
put 644 /usr/share/dbus-1/services/ "$top/packaging/dbus/org.metaextract.Daemon1.service"
put 644 /usr/share/dbus-1/system-services/ "$top/packaging/dbus/system/org.metaextract.Daemon1.service"
put 644 /usr/share/dbus-1/system.d/ "$top/packaging/dbus/org.metaextract.Daemon1.conf"
put 644 /usr/share/polkit-1/actions/ "$top/packaging/polkit/org.metaextract.policy"
put 644 /usr/share/dbus-1/interfaces/ "$top/packaging/dbus/org.metaextract.Daemon1.xml"
put 644 /usr/share/man/man1/ "$top"/packaging/man/*.1
put 644 /usr/share/man/man8/ "$top"/packaging/man/*.8
put 644 /usr/share/bash-completion/completions/metactl "$top/packaging/completions/metactl.bash"
put 644 /usr/share/zsh/vendor-completions/ "$top/packaging/completions/_metactl"
put 644 /usr/share/fish/vendor_completions.d/ "$top/packaging/completions/metactl.fish"
