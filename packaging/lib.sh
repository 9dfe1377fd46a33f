# Shared by the scripts that people run: packages, compiler, a daemon of one's own. Sourced, not run.

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# Debian packages that are missing are installed, after asking unless assume_yes is 1: packages NAME...
packages() {
    local missing=() name
    for name in "$@"; do
        dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "These packages are needed; install them by the means of this system: ${missing[*]}"
    if [ "${assume_yes:-0}" != 1 ]; then
        read -rp "These Debian packages are needed: ${missing[*]}. Install them? [y/N] " answer </dev/tty
        [[ $answer == [yY]* ]] || die "Nothing was installed. Install them and run this again."
    fi
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Ends at once where cargo is missing or too old.
need_rust() {
    local wanted have
    [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$top/Cargo.toml")
    have=$( (cargo --version 2>/dev/null || true) | cut -d' ' -f2)
    if [ -z "$have" ] || [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ]; then
        die "Rust $wanted or newer is needed${have:+ (this is $have)}. Install it with:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
    fi
}

# A bus, directories and a daemon that share nothing with any other: own_daemon DIR BIN [--set KEY=VALUE]...
# Sets XDG_*, DBUS_SESSION_BUS_ADDRESS and daemon_pid; own_daemon_stop ends all of it, own_daemon_end the daemon alone.
own_daemon() {
    own_dir=$1 own_bin=$2
    shift 2
    mkdir -p "$own_dir"/{config,state,run}
    chmod 700 "$own_dir/run"
    export XDG_CONFIG_HOME=$own_dir/config XDG_STATE_HOME=$own_dir/state XDG_RUNTIME_DIR=$own_dir/run
    dbus-daemon --session --nopidfile --fork --print-address=3 --print-pid=4 \
        3>"$own_dir/bus.address" 4>"$own_dir/bus.pid"
    read -r DBUS_SESSION_BUS_ADDRESS <"$own_dir/bus.address"
    export DBUS_SESSION_BUS_ADDRESS
    "$own_bin/metaextractd" "$@" 2>"$own_dir/log" &
    daemon_pid=$!
    # The name on the bus appears when the daemon answers.
    until dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus /org/freedesktop/DBus \
        org.freedesktop.DBus.NameHasOwner string:org.metaextract.Daemon1 | grep -q true; do
        kill -0 "$daemon_pid" 2>/dev/null || { cat "$own_dir/log" >&2; die "The daemon ended at once; see above."; }
        sleep 0.05
    done
}

own_daemon_end() {
    if [ -n "${daemon_pid:-}" ]; then
        kill -TERM "$daemon_pid" 2>/dev/null || true
        # Should it hang, it is ended the hard way.
        (timeout 20 tail --pid="$daemon_pid" -f /dev/null || kill -KILL "$daemon_pid") 2>/dev/null || true
        wait "$daemon_pid" 2>/dev/null || true
        daemon_pid=
    fi
}

own_daemon_stop() {
    own_daemon_end
    if [ -s "${own_dir:-/nonexistent}/bus.pid" ]; then
        kill "$(cat "$own_dir/bus.pid")" 2>/dev/null || true
        rm -f "$own_dir/bus.pid"
    fi
}
