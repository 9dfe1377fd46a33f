//! The machine's daemon with several users: a private bus under the rules of a system bus and ours, the built daemon in
//! system mode with a real mount, and metactl run as each of them. Needs root.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    os::unix::{
        fs::{PermissionsExt, chown},
        net::UnixDatagram,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Log, PATIENCE, await_ready, ended, program, send};

/// Someone who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Root,
    Alice,
    Bob,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Alice => "metaextract-alice",
            Self::Bob => "metaextract-bob",
        }
    }

    /// The user's number.
    pub fn uid(self) -> u32 {
        made();
        number(&["-u", self.name()])
    }

    /// The number of the user's own group.
    pub fn gid(self) -> u32 {
        made();
        number(&["-g", self.name()])
    }

    /// A program that is run as this user.
    pub fn command(self, program: impl AsRef<OsStr>) -> Command {
        made();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", self.name(), "--regid", &self.gid().to_string(), "--init-groups"]).arg(program);
        command
    }

    /// Whether a program ends well as this user.
    fn can<S: AsRef<OsStr>>(self, program: &str, arguments: impl IntoIterator<Item = S>) -> bool {
        let output = self.command(program).args(arguments).stdin(Stdio::null()).output().unwrap();
        output.status.success()
    }

    /// Whether this user can read all of a file.
    pub fn can_read(self, path: &Path) -> bool {
        self.can("cat", [path])
    }

    /// Whether this user can list a directory.
    pub fn can_list(self, path: &Path) -> bool {
        self.can("ls", [path])
    }
}

/// The group that both users are in.
pub const TEAM: &str = "metaextract-team";

/// The number of that group.
pub fn team() -> u32 {
    made();
    let entry = Command::new("getent").args(["group", TEAM]).output().unwrap();
    String::from_utf8(entry.stdout).unwrap().split(':').nth(2).unwrap().parse().unwrap()
}

/// Makes the users where they are not there, once.
fn made() {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let quiet = |program: &str, arguments: &[&str]| {
            Command::new(program)
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        };
        assert!(quiet("getent", &["group", TEAM]) || quiet("groupadd", &[TEAM]), "groupadd {TEAM}");
        for name in [Who::Alice.name(), Who::Bob.name()] {
            let arguments = ["--no-create-home", "--user-group", "--shell", "/bin/false", name];
            assert!(quiet("id", &[name]) || quiet("useradd", &arguments), "useradd {name}");
            assert!(quiet("usermod", &["--append", "--groups", TEAM, name]), "usermod {name}");
        }
    });
}

fn number(arguments: &[&str]) -> u32 {
    let output = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// The machine: its bus, its daemon and their directories, which end with it.
#[derive(Debug)]
pub struct Machine {
    bus: Child,
    address: String,
    daemon: Option<(Child, Arc<Log>, UnixDatagram)>,
    home: TempDir,
}

impl Machine {
    /// A bus for everybody and directories, and no daemon yet.
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("metaextract-machine-").tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for dir in ["etc", "state", "run", "files"] {
            fs::create_dir(home.path().join(dir)).unwrap();
        }
        // Where the program was built others may not come.
        fs::copy(program("metactl"), home.path().join("metactl")).unwrap();
        let address = format!("unix:path={}", home.path().join("bus").display());
        let config = home.path().join("bus.conf");
        fs::write(&config, bus_config(&address)).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let address = BufReader::new(bus.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self { bus, address, daemon: None, home }
    }

    /// A daemon for the whole machine that watches `files`, filled before, with all of it read.
    pub fn watching(fill: impl FnOnce(&Self)) -> Self {
        let mut machine = Self::new();
        fill(&machine);
        machine.start_daemon(&["--system"]);
        machine.ctl(Who::Root, ["watch", "--wait", machine.files().to_str().unwrap()]);
        machine
    }

    /// The directory for files to index.
    pub fn files(&self) -> PathBuf {
        self.home.path().join("files")
    }

    /// A path in it.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.files().join(relative)
    }

    /// Writes a file of somebody, with a mode.
    pub fn put(&self, relative: &str, content: &[u8], owner: Who, group: u32, mode: u32) -> PathBuf {
        let path = self.path(relative);
        fs::write(&path, content).unwrap();
        self.own(relative, owner, group, mode)
    }

    /// Makes a directory of somebody, with a mode.
    pub fn make_dir(&self, relative: &str, owner: Who, mode: u32) -> PathBuf {
        fs::create_dir(self.path(relative)).unwrap();
        self.own(relative, owner, owner.gid(), mode)
    }

    /// Gives what is at a path to somebody, with a mode.
    pub fn own(&self, relative: &str, owner: Who, group: u32, mode: u32) -> PathBuf {
        let path = self.path(relative);
        chown(&path, Some(owner.uid()), Some(group)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The directory of a file or directory in the mounted view.
    pub fn view(&self, path: &Path) -> PathBuf {
        self.mount().join("files").join(path.strip_prefix("/").unwrap())
    }

    /// The mount.
    pub fn mount(&self) -> PathBuf {
        self.home.path().join("run/view")
    }

    /// The address of the bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts the daemon and waits until it answers. It may read everything, and change nothing of others.
    pub fn start_daemon(&mut self, arguments: &[&str]) {
        let address = self.home.path().join("ready");
        let ready = UnixDatagram::bind(&address).unwrap();
        let mut command = Command::new("setpriv");
        command.arg("--bounding-set=-dac_override,-fowner,-chown").arg(program("metaextractd")).args(arguments);
        self.surround(&mut command);
        command.env("NOTIFY_SOCKET", &address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        await_ready(&ready, &mut child, &log);
        self.daemon = Some((child, log, ready));
    }

    /// What the daemon says.
    pub fn log(&self) -> &Log {
        &self.daemon.as_ref().expect("the daemon runs").1
    }

    /// Runs metactl as somebody.
    pub fn metactl<S: AsRef<OsStr>>(&self, who: Who, arguments: impl IntoIterator<Item = S>) -> Output {
        self.metactl_on("--system", who, arguments)
    }

    /// The same with another bus than the system's.
    pub fn metactl_on<S: AsRef<OsStr>>(&self, bus: &str, who: Who, arguments: impl IntoIterator<Item = S>) -> Output {
        let mut command = who.command("timeout");
        command.arg(PATIENCE.as_secs().to_string()).arg(self.home.path().join("metactl")).arg(bus);
        command.args(arguments).stdin(Stdio::null());
        self.surround(&mut command);
        command.output().unwrap()
    }

    /// Runs metactl as somebody, which must succeed, and gives what it prints.
    pub fn ctl<S: AsRef<OsStr>>(&self, who: Who, arguments: impl IntoIterator<Item = S>) -> String {
        let output = self.metactl(who, arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}\n{out}{err}\n{}", output.status, self.log().text());
        out.into_owned()
    }

    /// What a verb prints with `--json`, however it ends.
    pub fn json<S: AsRef<OsStr>>(&self, who: Who, arguments: impl IntoIterator<Item = S>) -> Value {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let arguments = [OsStr::new("--json")].into_iter().chain(arguments.iter().map(AsRef::as_ref));
        let output = self.metactl(who, arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        })
    }

    /// Waits until all that was done before is seen by everybody.
    pub fn settled(&self) {
        self.ctl(Who::Root, ["wait"]);
    }

    fn surround(&self, command: &mut Command) {
        let home = self.home.path();
        command.env_clear().current_dir("/");
        command.envs([("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"), ("LANG", "C.UTF-8")]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.address).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.env("CONFIGURATION_DIRECTORY", home.join("etc")).env("STATE_DIRECTORY", home.join("state"));
        command.env("RUNTIME_DIRECTORY", home.join("run"));
        command.env("XDG_CONFIG_HOME", home.join("etc")).env("XDG_STATE_HOME", home.join("state"));
        command.env("XDG_RUNTIME_DIR", home.join("run"));
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some((mut child, log, _)) = self.daemon.take() {
            send(child.id(), Signal::TERM);
            if ended(&mut child, Duration::from_secs(20)).is_none() {
                _ = child.kill();
                _ = child.wait();
            }
            if std::thread::panicking() {
                println_to_test(&log.text());
            }
        }
        for point in [self.mount(), self.home.path().join("run/metaextract")] {
            // A killed daemon leaves a dead mount behind; there may be none.
            _ = Command::new("umount").arg("-l").arg(point).stderr(Stdio::null()).status();
        }
        _ = self.bus.kill();
        _ = self.bus.wait();
    }
}

#[expect(clippy::print_stdout, reason = "what the daemon said belongs to the report of a failed test")]
fn println_to_test(text: &str) {
    println!("{text}");
}

/// What a system bus allows everybody, our own policy as it is installed, and a place for a stand-in of polkit.
fn bus_config(address: &str) -> String {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/dbus/org.metaextract.Daemon1.conf");
    let ours = fs::read_to_string(ours).unwrap();
    let (_, ours) = ours.split_once("<busconfig>").unwrap();
    // A user that is made when the package is installed.
    let ours = ours.replace("user=\"metaextract\"", "user=\"root\"");
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
{ours}"#
    )
}
