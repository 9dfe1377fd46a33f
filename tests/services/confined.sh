# What a unit keeps its process from: each line of it must be in effect. Sourced by inside.sh.

# Lines that confine or limit.
lines='^(OOMScoreAdjust|CPUSchedulingPolicy|IOSchedulingClass|Nice|LimitNOFILE|LimitCORE|Protect[A-Za-z]*|Private[A-Za-z]*|ReadWritePaths|UMask|Restrict[A-Z][A-Za-z]*|CapabilityBoundingSet|AmbientCapabilities|LockPersonality|MemoryDenyWriteExecute|SystemCall[A-Za-z]*|StateDirectory|User)='

# A unit that runs probe.pl instead of the daemon, confined as the daemon is: probe_unit UNIT RESULT WRITABLE [LINE], without
# that line.
probe_unit() {
    [ "$1" = none ] || awk -v without="${4:-0}" 'NR != without' "$1" \
        | sed -E -e '/^\[Install\]/,$d' -e '/^(Exec|BusName|Watchdog|Restart(Sec)?=|Type|Wants|After|StartLimit|Condition|Documentation)/d'
    [ "$1" != none ] || printf '[Service]\n'
    printf 'Type=oneshot\nExecStart=/tests/probe.pl %s %s\n' "$2" "$3"
    printf 'Environment=PROBE_%s\n' "HOME=$PROBE_HOME" "RUNTIME=$PROBE_RUNTIME" "OTHER=$PROBE_OTHER" "CGROUP=$PROBE_CGROUP"
    local space
    for space in net ipc uts user mnt; do
        printf 'Environment=PROBE_NS_%s=%s\n' $space "$(readlink "/proc/1/ns/$space")"
    done
}

# confined FLAVOUR USER WRITABLE: the facts are those of expected-FLAVOUR, a process that is not confined has others where that
# can be, and without any one line something differs.
confined() {
    local flavour=$1 user=$2 writable=$3 into=/run/systemd/$1 manager=(systemctl) number line name same=
    local unit=/usr/lib/systemd/$flavour/metaextractd.service
    [ "$flavour" = system ] || manager=(as "$user" systemctl --user)
    install -m 4755 /usr/bin/id /usr/local/bin/probe-setuid
    install -d "$into" /usr/lib/modules
    probe_unit "$unit" "$writable/facts-all" "$writable" >"$into/probe-all.service"
    probe_unit none "$writable/facts-none" "$writable" >"$into/probe-none.service"
    local numbers
    numbers=$(grep -nE "$lines" "$unit" | cut -d: -f1)
    for number in $numbers; do
        probe_unit "$unit" "$writable/facts-$number" "$writable" "$number" >"$into/probe-$number.service"
    done
    "${manager[@]}" daemon-reload
    # Some fail without a line of theirs: then it is in effect.
    "${manager[@]}" start probe-all.service probe-none.service $(printf 'probe-%s.service ' $numbers) 2>/dev/null
    check "a probe ran as confined as the daemon" cp "$writable/facts-all" "/results/facts-$flavour"
    check "and one that is not confined" cp "$writable/facts-none" "/results/facts-$flavour-unconfined"
    while IFS=$'\t' read -r name value; do
        equal "$name: $value" "$value" "$(sed -n "s|^$name\t||p" "$writable/facts-all" | sed 's/^no:.*/no/')"
    done <"/tests/expected-$flavour"
    for number in $numbers; do
        line=$(sed -n "${number}p" "$unit")
        if [ ! -e "$writable/facts-all" ] || cmp -s "$writable/facts-$number" "$writable/facts-all"; then
            bad "nothing differs without the line $line"
        else
            ok "in effect: ${line:0:70}"
        fi
    done
    rm -f "$into"/probe-*.service "$writable"/facts-*
    "${manager[@]}" daemon-reload
}

# planted FLAVOUR USER DIR SYSTEMCTL METACTL: the real daemon in its unit, its workers captured by the files they read.
planted() {
    local flavour=$1 user=$2 dir=$3 systemctl=$4 metactl=$5 verb into
    printf 'A planted worker\n'
    into=/run/systemd/$flavour/metaextractd.service.d
    install -d "$into"
    sed -n 's|^ExecStart=/usr/bin/metaextractd|[Service]\nExecStart=\nExecStart=/tests/hostile|p' \
        "/usr/lib/systemd/$flavour/metaextractd.service" >"$into/planted.conf"
    $systemctl daemon-reload
    $systemctl restart metaextractd.service
    install -d -o "$user" "$dir"
    for verb in open create connect bus exec fork 'call trace' kill; do
        printf 'HOSTILE %s' "$verb" >"$dir/$verb.hostile"
    done
    jpeg "beside" >"$dir/beside.jpg"
    chown -R "$user:" "$dir"
    $metactl watch --wait "$dir" >/tmp/watched 2>&1
    equal "the planted worker's daemon runs" /tests/hostile "$(readlink "/proc/$($systemctl show -P MainPID metaextractd.service)/exe")"
    for verb in open create connect bus exec fork 'call trace' kill; do
        eventually "$verb is refused by the kernel" finds '"refused-system-call"' $metactl why --json "$dir/$verb.hostile"
    done
    refuse "nothing was made" test -e /tmp/hostile
    eventually "a file beside them has its record" finds beside $metactl show "$dir/beside.jpg"
    check "the workers' walls are all up" finds "full, required" $metactl status
    $metactl unwatch "$dir"
    rm -r "$into"
    $systemctl daemon-reload
    $systemctl restart metaextractd.service
}
