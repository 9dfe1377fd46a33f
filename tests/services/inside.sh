#!/bin/bash
# Runs in the container that run.sh boots, as root, by a unit. One line for each check; /results/passed says "yes" at the end.
set -uo pipefail
export LC_ALL=C.UTF-8
failed=0 count=0

ok() { count=$((count + 1)); printf '  ok    %s\n' "$*"; }
bad() { count=$((count + 1)); failed=$((failed + 1)); printf '  FAIL  %s\n' "$*"; }
# check WHAT COMMAND...: the command must succeed.
check() { local what=$1; shift; if "$@" >/tmp/said 2>&1; then ok "$what"; else bad "$what: $*"; sed 's/^/        /' /tmp/said | tail -n 20; fi; }
# refuse WHAT COMMAND...: it must fail.
refuse() { local what=$1; shift; if "$@" >/tmp/said 2>&1; then bad "$what: $*"; else ok "$what"; fi; }
# equal WHAT WANTED FOUND
equal() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1: wanted '$2', found '$3'"; fi; }
# Looks again and again, for half a minute at most: until_true COMMAND...
until_true() {
    local end=$((SECONDS + 30))
    until "$@" >/tmp/said 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}
# eventually WHAT COMMAND...
eventually() { local what=$1; shift; check "$what" until_true "$@"; }

as() {
    local user=$1 uid
    uid=$(id -u "$user")
    shift
    runuser -u "$user" -- env -i HOME="/home/$user" PATH=/usr/bin:/bin LANG=C.UTF-8 XDG_RUNTIME_DIR="/run/user/$uid" \
        DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}
# A session as by a login on a terminal, until log_out.
log_in() {
    systemd-run --quiet --unit="login-$1" -p PAMName=login -p User="$1" sleep infinity
    until_true systemctl is-active "user@$(id -u "$1").service"
}
log_out() { systemctl stop "login-$1.service"; }
is_gone() { ! systemctl is-active --quiet "user@$(id -u "$1").service"; }
no_process() { ! pgrep -u "$1" "${@:2}"; }
no_mount() { ! grep -q " $1 " /proc/self/mountinfo; }

jpeg() {
    local length
    printf -v length '\\x%02x' $((${#1} + 2))
    printf '\xff\xd8\xff\xfe\x00%b%s' "$length" "$1"
    printf '\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9'
}
# shows USER FILE TEXT
shows() { [ "$(as "$1" cat "$2")" = "$3" ]; }
# finds TEXT COMMAND...
finds() { local text=$1; shift; "$@" 2>&1 | grep -qF -- "$text"; }
# not_dead USER PATH: a dead mount answers ENOTCONN.
not_dead() { ! finds "Transport endpoint" as "$1" ls -d "$2/files"; }

. /tests/confined.sh
# nspawn puts an unlinked file in this place, over which systemd can put nothing, as ProtectKernelLogs= does.
umount /proc/kmsg

useradd --create-home --shell /bin/bash anna
useradd --create-home --shell /bin/bash bert
for part in user system; do
    # shellcheck source=/dev/null
    . "/tests/$part.sh"
done
journalctl --no-pager >/results/journal
[ $failed = 0 ] && echo yes >/results/passed
printf '%d checks, %d failed\n' "$count" "$failed"
[ $failed = 0 ]
