//! Processes that tests start and look at: what they say, which they started, when they end.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read},
    os::unix::net::UnixDatagram,
    path::PathBuf,
    process::{Child, ExitStatus},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};

/// How long something that must come is waited for. Machines that run tests can be very busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The built programs stand beside the directory of the tests' own.
pub fn program(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name);
    assert!(program.exists(), "{} is not built: cargo build --workspace --bins", program.display());
    program
}

/// Waits until a daemon says to the service manager's socket that it is ready.
pub fn await_ready(ready: &UnixDatagram, daemon: &mut Child, log: &Log) {
    ready.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = ready.recv(&mut [0; 64]) {
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted), "{error}");
        assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended at once:\n{}", log.text());
        assert!(Instant::now() < deadline, "the daemon is not ready:\n{}", log.text());
    }
}

/// The lines a process says, as they come.
#[derive(Debug, Default)]
pub struct Log {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Log {
    /// Listens until the end of the stream, on a thread.
    pub fn of(stream: impl Read + Send + 'static) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let hear = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                hear.lines.lock().unwrap().0.push(String::from_utf8_lossy(&line).into_owned());
                hear.more.notify_all();
            }
            hear.lines.lock().unwrap().1 = true;
            hear.more.notify_all();
        });
        log
    }

    /// The first line with all these parts, waited for.
    pub fn line(&self, parts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines.lock().unwrap();
        loop {
            if let Some(line) = lines.0.iter().find(|line| parts.iter().all(|part| line.contains(part))) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !lines.1, "no line with {parts:?} in:\n{}", lines.0.join("\n"));
            lines = self.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Everything said, once the stream has ended.
    pub fn whole(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let (lines, _) = self.more.wait_timeout_while(lines, PATIENCE, |lines| !lines.1).unwrap();
        lines.0.join("\n")
    }

    /// Everything said so far.
    pub fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).0.join("\n")
    }
}

/// Waits for the end of a process we started.
pub fn ended(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let pidfd = pidfd_open(pid(child.id()), PidfdFlags::empty()).unwrap();
    let mut polled = [PollFd::new(&pidfd, PollFlags::IN)];
    match poll(&mut polled, Some(&patience.try_into().unwrap())) {
        Ok(0) => None,
        _ => Some(child.wait().unwrap()),
    }
}

/// Sends a signal; that the process has ended already is no surprise.
pub fn send(to: u32, signal: Signal) {
    _ = kill_process(pid(to), signal);
}

/// The processes that a process has started and that still live.
pub fn children(of: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{of}/task")) else { return Vec::new() };
    let lists = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()).collect()
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number as i32).unwrap()
}
