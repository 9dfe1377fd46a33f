//! A whole, separate instance: a private message bus, the built daemon with a real mount, and metactl to ask it.
//!
//! Waits for what the daemon signals, never for time. Everything ends when an [`Instance`] is dropped.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, ErrorKind},
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    exposition,
    process::{Log, PATIENCE, await_ready, children, ended, program, send},
};

/// A bus of our own and an ear on it.
#[derive(Debug)]
struct Bus {
    daemon: Child,
    monitor: Child,
    address: String,
    /// Told whenever the daemon signals something.
    signals: Mutex<Receiver<()>>,
}

/// A running daemon.
#[derive(Debug)]
struct Daemon {
    /// What was started: the daemon, or what it runs under.
    child: Child,
    pid: u32,
    log: Arc<Log>,
    /// What a service manager hears.
    _notices: UnixDatagram,
}

/// An instance and its directories, which end with it.
#[derive(Debug)]
pub struct Instance {
    bus: Option<Bus>,
    daemon: Option<Daemon>,
    /// Settings of its command line, `KEY=VALUE`.
    settings: Vec<String>,
    /// The program that is the daemon.
    program: &'static str,
    home: TempDir,
}

impl Instance {
    /// A daemon that answers and watches nothing yet.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with settings `KEY=VALUE`.
    pub fn start_with(settings: &[&str]) -> Self {
        let mut instance = Self::new();
        instance.settings = settings.iter().map(ToString::to_string).collect();
        instance.start_daemon(&[]);
        instance
    }

    /// The same, with workers that have a reader obeying its file: see `hostile`.
    pub fn start_hostile(settings: &[&str]) -> Self {
        let mut instance = Self::new();
        instance.settings = settings.iter().map(ToString::to_string).collect();
        instance.program = "hostile";
        instance.start_daemon(&[]);
        instance
    }

    /// A daemon whose root is watched and looked at, with all that is in it read.
    pub fn watching(fill: impl FnOnce(&Path)) -> Self {
        let instance = Self::start();
        fill(&instance.root());
        instance.watch(&instance.root());
        instance
    }

    /// A bus and directories, and no daemon yet.
    pub fn new() -> Self {
        let mut instance = Self::without_bus();
        instance.bus = Some(Bus::start(instance.home.path()));
        instance
    }

    /// Directories only.
    pub fn without_bus() -> Self {
        let home = tempfile::Builder::new().prefix("metaextract-").tempdir().unwrap();
        for dir in ["config/metaextract", "state", "run", "files"] {
            fs::create_dir_all(home.path().join(dir)).unwrap();
        }
        fs::set_permissions(home.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        Self { bus: None, daemon: None, settings: Vec::new(), program: "metaextractd", home }
    }

    /// Where everything of it lies.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The directory for files to index.
    pub fn root(&self) -> PathBuf {
        self.home.path().join("files")
    }

    /// A path in it.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root().join(relative)
    }

    /// Writes a file in it, making its directory, and gives its path.
    pub fn put(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The mount.
    pub fn mount(&self) -> PathBuf {
        self.home.path().join("run/metaextract")
    }

    /// The directory of a file or directory in the mounted view.
    pub fn view(&self, path: &Path) -> PathBuf {
        self.mount().join("files").join(path.strip_prefix("/").unwrap())
    }

    /// The configuration file.
    pub fn configure(&self, text: &str) -> PathBuf {
        let path = self.home.path().join("config/metaextract/config.toml");
        fs::write(&path, text).unwrap();
        path
    }

    /// The daemon as a command that is not started, below another program where one is named.
    pub fn daemon_command(&self, under: &[&str]) -> Command {
        // Root's rights would hide what an ordinary user meets; no test needs to read what it may not.
        let root = rustix::process::getuid().is_root();
        let rights = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
        let rights = if root { &rights[..] } else { &[] };
        let program = program(self.program);
        let mut words = under.iter().chain(rights).map(OsStr::new).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        self.surround(&mut command);
        command
    }

    /// Starts the daemon and waits until it answers.
    pub fn start_daemon(&mut self, under: &[&str]) {
        assert!(self.daemon.is_none());
        let address = self.home.path().join("ready");
        _ = fs::remove_file(&address); // Of an earlier start.
        let ready = UnixDatagram::bind(&address).unwrap();
        let mut command = self.daemon_command(under);
        command.env("NOTIFY_SOCKET", &address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        await_ready(&ready, &mut child, &log);
        // What runs above it has one child, or has become it.
        let pid = if under.first() == Some(&"strace") { children(child.id())[0] } else { child.id() };
        self.daemon = Some(Daemon { child, pid, log, _notices: ready });
    }

    /// Adds a setting `KEY=VALUE` for the next start.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// The daemon's process.
    pub fn pid(&self) -> u32 {
        self.daemon().pid
    }

    /// What the daemon says.
    pub fn log(&self) -> &Log {
        &self.daemon().log
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("the daemon runs")
    }

    /// Ends the daemon as a service manager does, waits for it and gives what it said.
    pub fn stop_daemon(&mut self) -> String {
        let mut daemon = self.daemon.take().expect("the daemon runs");
        send(daemon.pid, Signal::TERM);
        let status = ended(&mut daemon.child, PATIENCE);
        let text = daemon.log.text();
        assert!(status.is_some_and(|status| status.success()), "{status:?}:\n{text}");
        text
    }

    /// Kills the daemon, whatever it does.
    pub fn kill_daemon(&mut self) {
        let mut daemon = self.daemon.take().expect("the daemon runs");
        send(daemon.pid, Signal::KILL);
        assert!(ended(&mut daemon.child, PATIENCE).is_some());
    }

    /// Ends the bus below the running daemon.
    pub fn end_bus(&mut self) {
        self.bus.take();
    }

    /// Starts a bus at the same address.
    pub fn start_bus(&mut self) {
        self.bus = Some(Bus::start(self.home.path()));
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Runs metactl.
    pub fn metactl<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        let mut command = Command::new("timeout");
        command.arg(PATIENCE.as_secs().to_string()).arg(program("metactl")).args(arguments).stdin(Stdio::null());
        self.surround(&mut command);
        command.output().unwrap()
    }

    /// Starts metactl and does not wait for it.
    pub fn metactl_started<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Child {
        let mut command = Command::new(program("metactl"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.surround(&mut command);
        command.spawn().unwrap()
    }

    /// The sentence of a degraded state.
    pub fn degraded(&self, id: &str) -> Option<String> {
        let status = self.status();
        let found = status["Degraded"].as_array().unwrap().iter().find(|state| state["Id"] == id)?;
        Some(found["Text"].as_str().unwrap().to_owned())
    }

    /// Runs metactl, which must succeed, and gives what it prints.
    pub fn ctl<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let output = self.metactl(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}\n{out}{err}\n{}", output.status, self.log().text());
        out.into_owned()
    }

    /// What a verb prints with `--json`, however it ends.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let output = self.metactl([OsStr::new("--json")].into_iter().chain(arguments.iter().map(AsRef::as_ref)));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        })
    }

    /// The daemon's status.
    pub fn status(&self) -> Value {
        self.json(["status"])
    }

    /// Watches a directory and waits until everything in it is read.
    pub fn watch(&self, dir: &Path) {
        let output = self.metactl([OsStr::new("watch"), OsStr::new("--wait"), dir.as_os_str()]);
        let text = String::from_utf8_lossy(&output.stderr);
        // 1: some files have failed, which some tests want.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{text}\n{}", self.log().text());
    }

    /// The record of a file as JSON, or why there is none.
    pub fn show(&self, path: &Path) -> Value {
        self.json([OsStr::new("show"), path.as_os_str()])[0].take()
    }

    /// A tag of a file as JSON shows it.
    pub fn tag(&self, path: &Path, name: &str) -> Option<String> {
        match self.show(path).get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Waits until a file's comment is this, through metactl and through the mount.
    pub fn until_comment(&self, path: &Path, comment: &str) {
        let file = self.view(path).join("File/Comment");
        self.until(&format!("{} says {comment}", path.display()), || {
            let told = self.tag(path, "File:Comment").as_deref() == Some(comment);
            let shown = || fs::read_to_string(&file).is_ok_and(|text| text == format!("{comment}\n"));
            (told && shown()).then_some(())
        });
    }

    /// Waits until nothing is known of a path, neither by metactl nor in the mount.
    pub fn until_gone(&self, path: &Path) {
        self.until(&format!("{} is gone", path.display()), || {
            let error = fs::symlink_metadata(self.view(path)).err()?;
            (error.kind() == ErrorKind::NotFound && self.show(path).get("Error").is_some()).then_some(())
        });
    }

    /// Waits until this many files are in a state, such as `Indexed`, of all known ones.
    pub fn until_files(&self, state: &str, count: usize) {
        self.until(&format!("{count} files are {state}"), || {
            let files = &self.status()["Files"];
            (files[state].as_u64() == Some(count as u64)).then_some(())
        });
    }

    /// Files read since the daemon's start.
    pub fn files_read(&self) -> u64 {
        let metrics = fs::read_to_string(self.mount().join("status/metrics")).unwrap();
        let samples = exposition::parse(&metrics);
        samples
            .iter()
            .filter(|sample| sample.name == "metaextract_results_total")
            .map(|sample| sample.value as u64)
            .sum()
    }

    /// Looks whenever the daemon signals something, until what is looked for is there.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let signals = self.bus.as_ref().expect("there is a bus").signals.lock().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            signals.try_iter().for_each(drop);
            if let Some(found) = look() {
                return found;
            }
            if signals.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_err() {
                panic!("waited in vain until {what}\n{:#}\n{}", self.status(), self.log().text());
            }
        }
    }

    /// The address of its bus; nothing listens there where it has none.
    pub fn address(&self) -> &str {
        self.bus.as_ref().map_or("unix:path=/nonexistent/bus", |bus| bus.address.as_str())
    }

    /// The environment of the instance and nothing else.
    pub fn surround(&self, command: &mut Command) {
        let home = self.home.path();
        command.env_clear().current_dir("/");
        command.envs([("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"), ("LANG", "C.UTF-8")]);
        command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
        command.env("XDG_RUNTIME_DIR", home.join("run"));
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address());
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(Daemon { mut child, pid, log, .. }) = self.daemon.take() {
            send(pid, Signal::TERM);
            if ended(&mut child, Duration::from_secs(20)).is_none() {
                send(pid, Signal::KILL);
                _ = child.kill();
                _ = child.wait();
            }
            if std::thread::panicking() {
                println_to_test(&log.text());
            }
        }
        // A killed daemon leaves a dead mount behind; there may be none.
        _ = Command::new("fusermount3").args(["-u", "-z", "-q"]).arg(self.mount()).stderr(Stdio::null()).status();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for child in [&mut self.monitor, &mut self.daemon] {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

#[expect(clippy::print_stdout, reason = "what the daemon said belongs to the report of a failed test")]
fn println_to_test(text: &str) {
    println!("{text}");
}

impl Bus {
    fn start(home: &Path) -> Self {
        let address = format!("unix:path={}", home.join("bus").display());
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1", "--address", &address])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        // It says that it listens, and adds a mark of its own, which the next one at the same address would not have.
        BufReader::new(daemon.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let rules = ["org.metaextract.Manager1", "org.freedesktop.DBus.Properties"]
            .map(|interface| format!("type='signal',interface='{interface}'"));
        let mut monitor = Command::new("dbus-monitor")
            .args(["--address", &address])
            .args(rules)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-monitor is installed");
        let (tell, signals) = channel();
        let mut lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
        // It listens as soon as it says anything.
        lines.next().unwrap().unwrap();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.starts_with("signal ") && tell.send(()).is_err() {
                    return;
                }
            }
        });
        Self { daemon, monitor, address, signals: Mutex::new(signals) }
    }
}
