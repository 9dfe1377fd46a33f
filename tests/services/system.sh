# The system unit: one daemon, two users who each see only their own files. Sourced by inside.sh after user.sh.

printf 'The service of the machine\n'
systemd-sysusers
systemd-tmpfiles --create metaextract.conf
install -d /srv/files /etc/metaextract
for name in anna bert both; do
    jpeg "of $name" >"/srv/files/$name.jpg"
done
chown anna: /srv/files/anna.jpg
chown bert: /srv/files/bert.jpg
chmod 600 /srv/files/anna.jpg /srv/files/bert.jpg
printf '[[roots]]\npath = "/srv/files"\n' >/etc/metaextract/config.toml
view=/run/metaextract/view
pid_of() { systemctl show -P MainPID metaextractd.service; }
is_up() { [ "$(systemctl show -P ActiveState metaextractd.service)" = active ]; }

refuse "nothing runs before it is asked for" systemctl is-active metaextractd.service
check "the first metactl --system status activates the unit" metactl --system status
check "it is the unit that runs" systemctl is-active metaextractd.service
equal "as its own user" metaextract "$(ps -o user= -p "$(pid_of)" | tr -d ' ')"
check "everything is read" metactl --system wait
check "nothing is degraded" metactl --system status --check

for user in anna bert; do
    [ $user = anna ] && other=bert || other=anna
    eventually "$user sees what is $user's over D-Bus" finds "of $user" as $user metactl --system show /srv/files/$user.jpg
    check "and what is everybody's" finds "of both" as $user metactl --system show /srv/files/both.jpg
    refuse "and not what is $other's" finds "of $other" as $user metactl --system show /srv/files/$other.jpg
    refuse "nor why it is there" as $user metactl --system why /srv/files/$other.jpg
    eventually "$user sees what is $user's through the mount" shows $user $view/files/srv/files/$user.jpg/File/Comment "of $user"
    check "and what is everybody's" shows $user $view/files/srv/files/both.jpg/File/Comment "of both"
    refuse "and not what is $other's" as $user cat $view/files/srv/files/$other.jpg/File/Comment
    refuse "nor its record" as $user cat $view/files/srv/files/$other.jpg/record.json
    refuse "nor anything of it" finds "of $other" as $user grep -rh . $view/files
    refuse "$user cannot change what is indexed for all" as $user metactl --system watch /home/$user
    refuse "nor end a pause or begin one for all" as $user metactl --system pause --for 1s
done
chmod 644 /srv/files/bert.jpg
eventually "a right given is seen" finds "of bert" as anna metactl --system show /srv/files/bert.jpg
chmod 600 /srv/files/bert.jpg
hidden() { ! finds "of bert" as anna metactl --system show /srv/files/bert.jpg; }
eventually "and one taken" hidden

pid=$(pid_of)
kill -KILL "$pid"
replaced() { is_up && [ "$(pid_of)" != "$pid" ]; }
eventually "killed, it is started again" replaced
eventually "and serves its mount" shows anna $view/files/srv/files/anna.jpg/File/Comment "of anna"
systemctl stop metaextractd.service
equal "it stops cleanly" success "$(systemctl show -P Result metaextractd.service)"
eventually "no mount is left" no_mount $view
eventually "no process is left" no_process metaextract
systemctl start metaextractd.service

printf 'What the unit of the machine keeps its daemon from\n'
PROBE_HOME=/home/anna PROBE_RUNTIME=/run/metaextract PROBE_OTHER=/root PROBE_CGROUP=/sys/fs/cgroup/system.slice
[ -d /sys/fs/cgroup/unified ] && PROBE_CGROUP=/sys/fs/cgroup/unified/system.slice
confined system metaextract /var/lib/metaextract
planted system root /srv/hostile systemctl "metactl --system"
metactl --system rescan /srv/files >/dev/null
touch /srv/files/anna.jpg
worker() { pgrep -u metaextract -P "$(pid_of)"; }
eventually "a worker runs" worker
equal "and has none of the daemon's rights" 0000000000000000 "$(sed -n 's/^CapPrm:\t//p' "/proc/$(worker | head -n 1)/status")"
systemctl stop metaextractd.service
