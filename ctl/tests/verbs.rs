//! Every verb of the built program, against the real bus service with a stand-in behind it: what it prints, what it
//! exits with. Outputs are committed under `expected/`; `UPDATE=1 cargo test -p metactl` writes them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../../daemon/tests/fake/mod.rs"]
mod fake;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, mpsc},
    thread,
};

use fake::{Fake, Jobs, PrivateBus};
use metaextractd::control::{JobResult, JobState};

/// A bus with the service on it, and the program to ask it.
struct Test {
    bus: PrivateBus,
    /// Kept: the service ends with it.
    runtime: tokio::runtime::Runtime,
    fake: Fake,
}

impl Test {
    fn start(jobs: Jobs) -> Self {
        let bus = PrivateBus::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fake = runtime.block_on(fake::serve(&bus, jobs));
        Self { bus, runtime, fake }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metactl"));
        command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", &self.bus.address).current_dir("/");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs and gives standard output, which must be all there is, and the exit status.
    fn printed(&self, arguments: &[&str]) -> (String, i32) {
        let output = self.run(arguments);
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        (text(&output.stdout), output.status.code().unwrap())
    }

    /// Runs and gives standard error and the exit status.
    fn complaint(&self, arguments: &[&str]) -> (String, i32) {
        let output = self.run(arguments);
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        (text(&output.stderr), output.status.code().unwrap())
    }

    fn asked(&self) -> String {
        self.fake.asked.lock().unwrap().join("\n")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Compares with a committed file.
fn expect(name: &str, printed: &str) {
    let printed = printed.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    assert_eq!(printed, fs::read_to_string(&path).unwrap_or_default(), "{name}");
}

#[test]
fn json_of_every_verb() {
    let test = Test::start(Jobs::Finished(JobResult::Partial));
    let verbs: [(&str, &[&str], i32); 20] = [
        ("status", &["status"], 0),
        ("roots", &["roots"], 0),
        ("show", &["show", "/a.jpg", "/missing/b.jpg"], 1),
        ("show-raw", &["show", "--raw", "/a.jpg"], 0),
        ("why", &["why", "/a.jpg"], 0),
        ("estimate", &["estimate", "/a"], 0),
        ("failed", &["failed"], 0),
        ("formats", &["formats"], 0),
        ("stats", &["stats"], 0),
        ("workers", &["workers"], 0),
        ("config", &["config"], 0),
        ("watch", &["watch", "/a"], 0),
        ("unwatch", &["unwatch", "/a"], 0),
        ("rescan", &["rescan"], 1),
        ("index", &["index", "/a.jpg"], 1),
        ("retry", &["retry"], 1),
        ("wait", &["wait"], 1),
        ("pause", &["pause"], 0),
        ("resume", &["resume"], 0),
        ("reload", &["reload"], 0),
    ];
    for (name, arguments, status) in verbs {
        let (printed, exit) = test.printed(&[arguments, &["--json"]].concat());
        let _: serde_json::Value = serde_json::from_str(&printed).unwrap();
        expect(&format!("{name}.json"), &printed);
        assert_eq!(exit, status, "{name}");
    }
}

#[test]
fn text_for_people() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let verbs: [(&str, &[&str]); 12] = [
        ("formats", &["formats"]),
        ("stats-prometheus", &["stats", "--prometheus"]),
        ("show-one", &["show", "/a.jpg"]),
        ("show-two", &["show", "/a.jpg", "/b.jpg"]),
        ("watch", &["watch", "/a"]),
        ("watch-wait", &["watch", "--wait", "/a"]),
        ("unwatch", &["unwatch", "/a"]),
        ("rescan", &["rescan"]),
        ("pause", &["pause"]),
        ("pause-for", &["pause", "--for", "90min", "backup"]),
        ("resume", &["resume"]),
        ("reload", &["reload"]),
    ];
    for (name, arguments) in verbs {
        let (printed, exit) = test.printed(arguments);
        expect(&format!("{name}.txt"), &printed);
        assert_eq!(exit, 0, "{name}");
    }
    let (printed, exit) = test.printed(&["status", "--check"]);
    assert!(printed.starts_with("DEGRADED (no-fuse): "), "{printed}");
    assert_eq!(exit, 1);
}

/// Runs on a terminal of 60 columns and gives what it shows, escapes made visible.
fn shown(mut command: Command) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = rustix::termios::Winsize { ws_row: 24, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal = fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut child = command.stdout(terminal.try_clone().unwrap()).stderr(terminal).spawn().unwrap();
    // With the command goes our own handle to the terminal's other side: only the child's are left.
    drop(command);
    let mut bytes = Vec::new();
    // Ends with EIO when the child has closed its side.
    _ = fs::File::from(master).read_to_end(&mut bytes);
    child.wait().unwrap();
    text(&bytes).replace("\r\n", "\n").replace('\r', "\\r").replace('\x1b', "\\e")
}

#[test]
fn on_a_terminal() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let mut command = test.command(&["show", "/a.jpg", "/b.jpg"]);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    expect("terminal-show.txt", &shown(command));
    let mut command = test.command(&["formats"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    expect("terminal-no-colour.txt", &shown(command));
}

#[test]
fn progress_is_one_line_redrawn() {
    let test = Test::start(Jobs::Open);
    let command = test.command(&["wait"]);
    let job = Arc::clone(&test.fake.job);
    let run = thread::spawn(move || shown(command));
    let job = loop {
        if let Some(job) = job.lock().unwrap().take() {
            break job;
        }
        thread::yield_now();
    };
    job.send_modify(|job| (job.done, job.total, job.rate, job.left) = (500, 2_000, 250.0, (5, 8)));
    job.send_modify(|job| (job.done, job.state) = (2_000, JobState::Finished(JobResult::Done)));
    let shown = run.join().unwrap();
    assert!(shown.ends_with("wait done: 2,000 files\n"), "{shown}");
    let line = shown.strip_suffix("wait done: 2,000 files\n").unwrap();
    assert!(!line.contains('\n') && (line.is_empty() || line.ends_with("\\r\\e[K")), "{shown}");
}

#[test]
fn paths_arrive_absolute_and_as_bytes() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let mut child = test.command(&["index", "-", "relative.jpg"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a\nb.jpg\0/k\xe4se.jpg\0").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(
        test.asked(),
        "Index { paths: [AbsPath([47, 97, 10, 98, 46, 106, 112, 103]), AbsPath([47, 107, 228, 115, 101, 46, 106, 112, \
         103]), AbsPath([47, 114, 101, 108, 97, 116, 105, 118, 101, 46, 106, 112, 103])], again: false"
    );
}

#[test]
fn an_empty_list_is_not_everything() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    for verb in ["retry", "rescan", "show", "index"] {
        assert!(test.run(&[verb, "-"]).status.success(), "{verb}");
        let (printed, exit) = test.printed(&[verb, "--json", "-"]);
        assert!(serde_json::from_str::<serde_json::Value>(&printed).is_ok(), "{verb}: {printed}");
        assert_eq!(exit, 0);
    }
    assert_eq!(test.asked(), "");
}

#[test]
fn options_arrive() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    test.printed(&["watch", "--poll", "--cross-filesystems", "/a"]);
    test.printed(&["show", "--raw", "--tag", "Make", "--tag", "GPS:*", "/a.jpg"]);
    let asked = test.asked();
    assert!(asked.contains("poll: Some(true), hidden: None, cross_filesystems: Some(true)"), "{asked}");
    assert!(asked.contains(r#"raw: true, tags: TagFilter(["make", "gps:*"])"#), "{asked}");
}

#[test]
fn exit_statuses_and_what_to_do() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let cases: [(&[&str], i32, &str); 7] = [
        (&["why", "/missing/a"], 1, "metactl: there is no /missing/a\n  look at the path again\n"),
        (&["why", "/locked/a"], 4, "metactl: the store cannot be opened yet\n  see metactl status\n"),
        (&["unwatch", "/missing"], 1, "metactl: there is no /missing\n  look at the path again\n"),
        (&["resume", "99"], 2, "metactl: there is no pause 99\n  see metactl status\n"),
        (&["show", "/missing/a"], 1, "metactl: /missing/a: there is no such file\n"),
        (&["show", "/panic"], 1, "breaks off after 0 lines"),
        (&["shwo"], 2, "a similar subcommand exists: 'show'"),
    ];
    for (arguments, status, part) in cases {
        let (complaint, exit) = test.complaint(arguments);
        assert!(complaint.contains(part), "{arguments:?}: {complaint}");
        assert_eq!(exit, status, "{arguments:?}");
    }
}

#[test]
fn a_daemon_out_of_reach_is_status_3() {
    let bus = PrivateBus::start();
    for address in [bus.address.as_str(), "unix:path=/nonexistent/bus"] {
        let output = Command::new(env!("CARGO_BIN_EXE_metactl"))
            .arg("status")
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{address}");
        assert_eq!(text(&output.stderr).lines().count(), 2, "{}", text(&output.stderr));
    }
}

#[test]
fn a_pause_lasts_as_long_as_its_command() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let (printed, exit) = test.printed(&["pause", "--", "sh", "-c", "echo running; exit 7"]);
    assert_eq!((printed.as_str(), exit), ("running\n", 7));
    assert!(test.asked().contains(r#"reason: "sh", hold: Caller"#), "{}", test.asked());
    while !test.asked().contains("Resume { which: Cookie { cookie: 7") {
        test.printed(&["status", "--json"]);
    }
}

/// Ctrl-C and a polite end reach the command, which decides; the pause lasts as long as it.
#[test]
fn the_command_of_a_pause_outlives_signals() {
    use rustix::process::{Pid, Signal, kill_process};
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let script = "trap 'echo heard; exit 3' TERM; echo ready; while :; do sleep 0.1; done";
    let mut child = test.command(&["pause", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "ready");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(said.next().unwrap().unwrap(), "heard");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_command_that_cannot_be_run_is_told_as_by_a_shell() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    for (program, status) in [("/nonexistent/program", 127), ("/dev/null", 126)] {
        let (complaint, exit) = test.complaint(&["pause", "--", program]);
        assert!(complaint.starts_with(&format!("metactl: cannot run {program}: ")), "{complaint}");
        assert_eq!(exit, status);
    }
}

#[test]
fn a_job_is_followed_to_its_end() {
    let test = Test::start(Jobs::Open);
    let mut child = test.command(&["rescan", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let job = loop {
        if let Some(job) = test.fake.job.lock().unwrap().take() {
            break job;
        }
        thread::yield_now();
    };
    job.send_modify(|job| (job.done, job.total) = (1, 3));
    job.send_modify(|job| (job.done, job.state) = (3, JobState::Finished(JobResult::Done)));
    assert!(child.wait().unwrap().success());
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((report["Done"].as_u64(), report["State"].as_str()), (Some(3), Some("done")));
}

#[test]
fn a_daemon_that_leaves_ends_the_waiting() {
    let test = Test::start(Jobs::Open);
    let mut child = test.command(&["wait"]).stderr(Stdio::piped()).spawn().unwrap();
    while test.fake.job.lock().unwrap().is_none() {
        thread::yield_now();
    }
    let (ended, end) = mpsc::channel();
    let Test { bus, runtime, fake } = test;
    let Fake { bus: service, job, facts, changed, .. } = fake;
    runtime.spawn(async move {
        service.close().await;
        ended.send(()).unwrap();
    });
    end.recv().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop((bus, job, facts, changed));
}

#[test]
fn output_that_nobody_reads_ends_the_program_quietly() {
    let test = Test::start(Jobs::Finished(JobResult::Done));
    let mut command = test.command(&["show", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all("/a.jpg\0".repeat(5_000).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(141), String::new()));
}
