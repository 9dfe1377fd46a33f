# The user unit, from the first call to the last logout. Sourced by inside.sh.

printf 'The service of a session\n'
anna=$(id -u anna)
run=/run/user/$anna
install -d -o anna -g anna -m 700 /home/anna/files
jpeg "first" >/home/anna/files/a.jpg
chown -R anna: /home/anna
comment=$run/metaextract/files/home/anna/files/a.jpg/File/Comment
unit() { as anna systemctl --user "$@"; }
anna_pid() { unit show -P MainPID metaextractd.service; }
session_closed() { [ -z "$(loginctl list-sessions --no-legend)" ]; }
state() { [ "$(unit show -P ActiveState metaextractd.service)" = "$1" ]; }
shown() { shows anna "$comment" "$1"; }
known() { as anna metactl status --json | sed -n 's/.*"Known": *\([0-9]*\).*/\1/p' | head -n 1; }

log_in anna
refuse "nothing runs before it is asked for" unit is-active metaextractd.service
check "the first metactl status activates the unit" as anna metactl status
check "it is the unit that runs" unit is-active metaextractd.service
check "its files are indexed" as anna metactl watch --wait /home/anna/files
eventually "metactl shows them" finds first as anna metactl show /home/anna/files/a.jpg
eventually "so does the mount" shown first
check "nothing is degraded" as anna metactl status --check

pid=$(anna_pid)
jpeg "second" >/home/anna/files/a.jpg
eventually "a change is seen" shown second
check "reload reads the configuration again" unit reload metaextractd.service
eventually "and says so" finds "the configuration was read again" journalctl --no-pager "_PID=$pid"
equal "reload keeps the process" "$pid" "$(anna_pid)"

printf 'A journal that does not read\n'
jpeg "unread" >/home/anna/new.jpg
chown anna: /home/anna/new.jpg
as anna bash -c 'mkdir ~/files/closed{1..3000} && chmod 0 ~/files/closed*'
unit service-log-level metaextractd.service debug
equal "it logs more when told to" debug "$(unit service-log-level metaextractd.service)"
# Whoever logs in meanwhile waits for it, too: one look at each.
pkill -STOP -x systemd-journal
check "holds up no file" \
    as anna bash -c 'mv ~/new.jpg ~/files && metactl rescan ~/files && metactl wait && metactl show ~/files/new.jpg | grep unread'
check "and status says so" \
    as anna bash -c 'for _ in {1..300}; do metactl status --json | grep log-stuck && exit; sleep 0.1; done; exit 1'
pkill -CONT -x systemd-journal
unit service-log-level metaextractd.service info
eventually "when it reads again it hears what it missed" \
    finds "lines of the log were dropped" journalctl --no-pager "_PID=$(anna_pid)"
as anna bash -c 'rmdir ~/files/closed* && rm ~/files/new.jpg && metactl wait'
eventually "and nothing is degraded any more" as anna metactl status --check

printf 'Killed, stuck, stopped\n'
as anna bash -c "cd $run/metaextract/files && exec tail -f /dev/null" &
until_true pgrep -u anna -x tail
kill -KILL "$pid"
eventually "kill -9 with the mount in use leaves no dead mount" not_dead anna "$run/metaextract"
eventually "it is started again" state active
eventually "the next start serves the mount" shown second
check "without an error anywhere below it" as anna find "$run/metaextract" -name Comment
pkill -u anna -x tail

install -d /run/systemd/user/metaextractd.service.d
printf '[Service]\nWatchdogSec=2s\n' >/run/systemd/user/metaextractd.service.d/tests.conf
unit daemon-reload
unit restart metaextractd.service
pid=$(anna_pid)
fed() { [ "$(unit show -P WatchdogTimestampMonotonic metaextractd.service)" != "$1" ]; }
for turn in 1 2 3 4; do
    at=$(unit show -P WatchdogTimestampMonotonic metaextractd.service)
    until_true fed "$at" || break
done
equal "a daemon that moves feeds its watchdog" "$turn $pid" "4 $(anna_pid)"
kill -STOP "$pid"
other_pid() { local now; now=$(anna_pid); [ "$now" != "$pid" ] && [ "$now" != 0 ] && unit is-active metaextractd.service; }
eventually "one that stands still is replaced" other_pid
eventually "and the next one serves the mount" shown second
rm -r /run/systemd/user/metaextractd.service.d
unit daemon-reload
unit reset-failed

unit stop metaextractd.service
equal "it stops cleanly" success "$(unit show -P Result metaextractd.service)"
eventually "no mount is left" no_mount "$run/metaextract"
eventually "no process is left" no_process anna metaextractd

printf 'Logout and login\n'
as anna metactl status >/dev/null
eventually "the next call starts it again" shown second
log_out anna
eventually "without linger the session's manager ends with the logout" is_gone anna
eventually "no process is left" no_process anna
eventually "no mount is left" no_mount "$run/metaextract"
log_in anna
check "after the next login the first call activates it" as anna metactl status
equal "what was indexed is there" 1 "$(known)"
eventually "and shown" shown second
loginctl enable-linger anna
pid=$(anna_pid)
log_out anna
until_true session_closed
equal "with linger it goes on after the logout" "$pid" "$(anna_pid)"
jpeg "third" >/home/anna/files/a.jpg
eventually "and follows changes" shown third
log_in anna
equal "and is the same after the next login" "$pid" "$(anna_pid)"

printf 'What the unit of a session keeps its daemon from\n'
PROBE_HOME=/home/anna PROBE_RUNTIME=$run PROBE_OTHER=/root
PROBE_CGROUP=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(systemctl show -P MainPID "user@$anna.service")/cgroup")/..
[ -d /sys/fs/cgroup/unified ] && PROBE_CGROUP=/sys/fs/cgroup/unified${PROBE_CGROUP#/sys/fs/cgroup}
confined user anna /home/anna/.local/state/metaextract
planted user anna /home/anna/hostile unit "as anna metactl"

printf 'The end\n'
loginctl disable-linger anna
log_out anna
eventually "the session's manager ends" is_gone anna
eventually "no process is left" no_process anna
eventually "no mount is left" no_mount "$run/metaextract"
