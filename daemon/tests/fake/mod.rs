//! The real bus service on a private message bus, with a stand-in for `run` that answers every command by a fixed,
//! full value. Used by the tests of the bus and by metactl's.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command as Process, Stdio},
    sync::{Arc, Mutex},
};

use metaextractd::{
    bus::{self, Bus, Place},
    control::*,
    metrics::{self, Measure, Sample},
    model::Cost,
};
use tokio::sync::{mpsc, watch};

/// A message bus of our own, ended when dropped.
pub(crate) struct PrivateBus {
    daemon: Child,
    pub(crate) address: String,
}

impl PrivateBus {
    pub(crate) fn start() -> Self {
        let mut daemon = Process::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg("--address=unix:tmpdir=/tmp")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is not installed");
        let mut address = String::new();
        let stdout = daemon.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut address).expect("dbus-daemon gave no address");
        Self { daemon, address: address.trim().to_owned() }
    }

    pub(crate) fn place(&self) -> Place {
        Place::Address(self.address.clone())
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        _ = self.daemon.kill();
        _ = self.daemon.wait();
    }
}

/// What the stand-in was asked, and the ends by which a test plays `run`.
pub(crate) struct Fake {
    pub(crate) bus: Bus,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) facts: watch::Sender<Facts>,
    pub(crate) changed: mpsc::UnboundedSender<Changed>,
    /// The progress of the job started last.
    pub(crate) job: Arc<Mutex<Option<watch::Sender<JobProgress>>>>,
}

/// How the stand-in's jobs go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jobs {
    /// Finished when they are answered.
    Finished(JobResult),
    /// Under way; the test moves them.
    Open,
}

pub(crate) async fn serve(bus: &PrivateBus, jobs: Jobs) -> Fake {
    let (control, mut commands) = Control::channel();
    let (facts, facts_seen) =
        watch::channel(Facts { state: State::Idle, degraded: vec!["no-fuse"], alerts: Vec::new() });
    let (changed, changed_seen) = mpsc::unbounded_channel();
    let published = Published { facts: facts_seen, changed: changed_seen };
    let bus = bus::serve(&bus.place(), control, published).await.expect("cannot serve on the private bus");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let job = Arc::new(Mutex::new(None));
    let mut stand_in = StandIn { asked: Arc::clone(&asked), job: Arc::clone(&job), jobs, number: 0 };
    tokio::spawn(async move {
        while let Some(Asked { command, .. }) = commands.recv().await {
            stand_in.answer(command);
        }
    });
    Fake { bus, asked, facts, changed, job }
}

struct StandIn {
    asked: Arc<Mutex<Vec<String>>>,
    job: Arc<Mutex<Option<watch::Sender<JobProgress>>>>,
    jobs: Jobs,
    number: u64,
}

impl StandIn {
    fn answer(&mut self, command: Command) {
        self.asked.lock().unwrap().push(name(&command));
        match command {
            Command::Status(reply) => drop(reply.send(Ok(status()))),
            Command::AddRoot { path, reply, .. } => drop(reply.send(self.start(JobKind::Crawl, &[path]))),
            Command::RemoveRoot { path, reply } => drop(reply.send(refuse_missing(&path))),
            Command::ListRoots(reply) => drop(reply.send(Ok(roots()))),
            Command::Show { paths, options, reply } => drop(reply.send(Ok(show(paths, options.raw)))),
            Command::Failed(reply) => drop(reply.send(Ok(Stream(Box::new(failures().into_iter()))))),
            Command::Formats(reply) => drop(reply.send(Ok(Stream(Box::new(formats().into_iter()))))),
            Command::Stats(reply) => drop(reply.send(Ok(stats()))),
            Command::Workers(reply) => drop(reply.send(Ok(workers()))),
            Command::Config(reply) => drop(reply.send(Ok(Stream(Box::new(config().into_iter()))))),
            Command::Why { path, reply } => drop(reply.send(refuse_missing(&path).map(|()| Box::new(why(path))))),
            Command::Estimate { path, reply } => drop(reply.send(refuse_missing(&path).map(|()| estimate()))),
            Command::Rescan { paths, reply } => drop(reply.send(self.start(JobKind::Rescan, &paths))),
            Command::Index { paths, reply, .. } => drop(reply.send(self.start(JobKind::Index, &paths))),
            Command::Retry { paths, reply } => drop(reply.send(self.start(JobKind::Retry, &paths))),
            Command::Wait(reply) => drop(reply.send(self.start(JobKind::Wait, &[]))),
            Command::Pause { reply, .. } => drop(reply.send(Ok(7))),
            Command::Resume { which: Resume::Cookie { cookie: 99, .. }, reply } => {
                let (what, hint) = ("there is no pause 99".into(), "see metactl status".into());
                drop(reply.send(Err(Error::InvalidArgument { what, hint })));
            }
            Command::Resume { reply, .. } | Command::Reload(reply) => drop(reply.send(Ok(()))),
            Command::CancelJob { reply, .. } => {
                if let Some(job) = &*self.job.lock().unwrap() {
                    job.send_modify(|job| job.state = JobState::Finished(JobResult::Cancelled));
                }
                drop(reply.send(Ok(())));
            }
        }
    }

    fn start(&mut self, kind: JobKind, paths: &[AbsPath]) -> Result<StartedJob, Error> {
        if let Some(path) = paths.first() {
            refuse_missing(path)?;
        }
        self.number += 1;
        let mut progress =
            JobProgress { kind, state: JobState::Running, done: 0, total: 0, failed: 0, rate: 0.0, left: (0, 0) };
        if let Jobs::Finished(result) = self.jobs {
            progress.state = JobState::Finished(result);
            progress.done = 12;
            progress.total = 12;
            progress.failed = u64::from(result == JobResult::Partial);
            progress.rate = 24.0;
        }
        let (sender, progress) = watch::channel(progress);
        *self.job.lock().unwrap() = Some(sender);
        Ok(StartedJob { number: JobNumber(self.number), progress })
    }
}

/// A command as it was understood, without the channel of its answer.
fn name(command: &Command) -> String {
    let text = format!("{command:?}");
    match text.find(", reply: ").or_else(|| text.find("(Sender")) {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn refuse_missing(path: &AbsPath) -> Result<(), Error> {
    if path.as_bytes().starts_with(b"/missing") {
        let (what, hint) = (format!("there is no {path}"), "look at the path again".into());
        return Err(Error::NoSuchFile { what, hint });
    }
    if path.as_bytes().starts_with(b"/locked") {
        let (what, hint) = ("the store cannot be opened yet".into(), "see metactl status".into());
        return Err(Error::StoreUnavailable { what, hint });
    }
    Ok(())
}

fn path(text: &str) -> AbsPath {
    AbsPath::parse(text.as_bytes()).expect("a path of a test")
}

const COUNTS: FileCounts = FileCounts { known: 1234, indexed: 1200, partial: 20, pending: 10, failed: 4 };
/// 2024-05-17 05:06:07 UTC.
const TIME: u64 = 1_715_922_367_000_000;

fn status() -> StatusReport {
    let pause = |hold| Pause { reason: "backup".into(), hold, uid: 1000 };
    StatusReport {
        state: State::Idle,
        started: TIME,
        degraded: vec![Degraded { id: "no-fuse", text: "there is no /dev/fuse: load the module fuse".into() }],
        alerts: vec![Alert {
            id: "failure-rate",
            text: "12 of the last 100 readings ended a worker".into(),
            since: TIME + 3_600_000_000,
        }],
        pauses: vec![
            PauseInfo { cookie: 7, pause: pause(Hold::Until(TIME + 60_000_000)) },
            PauseInfo { cookie: 8, pause: pause(Hold::Persistent) },
            PauseInfo { cookie: 9, pause: pause(Hold::Caller) },
        ],
        roots: roots(),
        files: COUNTS,
        queue: QueueReport { waiting: 6, in_hand: 3, delayed: 1, crawling: true, rate: 812.5, left: (1, 3) },
        workers: WorkersReport {
            running: 2,
            wanted: 2,
            why: "one for each processor".into(),
            isolation: "full: no files, no network, no new processes".into(),
            lost: 1,
        },
        memory: MemoryReport { daemon: 21 << 20, workers: 34 << 20, ceiling: 512 << 20 },
        score: ScoreReport {
            value: 93,
            slowness: 0,
            pressure: 5,
            failures: 2,
            why: "5 lost to pressure (memory is waited for 3 % of the time), 2 lost to failures (2 % ended a worker)"
                .into(),
            at: TIME + 7_200_000_000,
        },
        trends: trends(),
        store: StoreReport {
            path: b"/home/anna/.local/state/metaextract/store".to_vec(),
            size: 5 << 20,
            commit: 321,
            rest: "asleep",
        },
        mount: MountReport { path: b"/run/user/1000/metaextract".to_vec(), state: MountState::Failed },
    }
}

fn trends() -> Vec<TrendPoint> {
    let point = |n: u32, files, score| TrendPoint {
        at: TIME + u64::from(n) * 300_000_000,
        files,
        failures: n,
        score,
        memory: u64::from(20 + n) << 20,
        workers: 1.5,
        pressure: 0.25,
    };
    vec![point(0, 1200, 100), point(1, 2400, 93), point(9, 40, 50)]
}

fn roots() -> Vec<RootInfo> {
    let told = RootOptions {
        poll: Some(true),
        hidden: Some(false),
        cross_filesystems: Some(true),
        forget_when_unmounted: Some(false),
    };
    vec![
        RootInfo {
            path: path("/home/anna/Pictures"),
            state: RootState::Watching,
            why: String::new(),
            options: RootOptions::default(),
            origin: RootOrigin::Config,
            files: COUNTS,
            directories: 56,
            crawled: TIME,
        },
        RootInfo {
            path: AbsPath::parse(b"/media/k\xe4se").expect("a path of a test"),
            state: RootState::Offline,
            why: "the disk is not there".into(),
            options: told,
            origin: RootOrigin::Bus,
            files: FileCounts::default(),
            directories: 0,
            crawled: 0,
        },
    ]
}

fn show(paths: Vec<AbsPath>, raw: bool) -> Stream<String> {
    Stream(Box::new(paths.into_iter().map(move |path| match path.as_bytes() {
        missing if missing.starts_with(b"/missing") => metaextract::json::error_object(
            missing,
            "there is no such file",
            "no-such-file",
        ),
        b"/panic" => panic!("planted"),
        _ => {
            let time = if raw { "0.004" } else { "1/250" };
            format!(
                r#"{{"SourceFile":"{path}","File:FileType":"JPEG","IFD0:Make":"FUJIFILM","ExifIFD:ExposureTime":"{time}","XMP-dc:Subject":["sea","sun, moon"],"XMP-mwg-rs:RegionInfo":{{"Unit":"pixel"}},"XMP-dc:Title":123}}"#
            )
        }
    })))
}

fn failures() -> Vec<FailedFile> {
    vec![
        FailedFile {
            path: b"/home/anna/Pictures/cut.jpg".to_vec(),
            state: WhyState::Partial,
            reason: "truncated",
            text: "truncated: 12 bytes wanted at byte 345".into(),
            about_the_file: true,
            attempts: 0,
            at: TIME,
            lift: "a complete copy of the file, which ends too early; it is read again when it changes",
        },
        FailedFile {
            path: b"/home/anna/Pictures/b\xf6se.tif".to_vec(),
            state: WhyState::Failed,
            reason: "timed-out",
            text: "used 5 s of CPU".into(),
            about_the_file: false,
            attempts: 2,
            at: TIME,
            lift: "give it more time (limits.cpu, limits.wall) and call metactl retry",
        },
    ]
}

fn formats() -> Vec<FormatInfo> {
    let jpeg = ReaderReport {
        since: TIME,
        read: 1200,
        partial: 20,
        failed: 4,
        cost: Some((740, CostTrend::Slower)),
        last: vec![("truncated", TIME + 90_000_000_000), ("crashed", TIME)],
    };
    let pdf = ReaderReport { since: TIME, ..ReaderReport::default() };
    vec![
        FormatInfo { name: "JPEG", version: 3, extensions: &["jpg", "jpeg"], mime: &["image/jpeg"], done: jpeg },
        FormatInfo { name: "PDF", version: 1, extensions: &["pdf"], mime: &["application/pdf"], done: pdf },
    ]
}

/// A few figures of each kind, by the rows that the daemon has.
fn stats() -> Vec<Sample> {
    let measures: &[Measure<()>] = &[
        ("metaextract_state", |(), to| to.one_of(["indexing", "idle"], "idle")),
        ("metaextract_degraded", |(), to| to.of(["no-fuse"], true)),
        ("metaextract_start_time_seconds", |(), to| to.is(TIME as f64 / 1e6)),
        ("metaextract_files", |(), to| {
            to.of(["indexed"], COUNTS.indexed);
            to.of(["partial"], COUNTS.partial);
            to.of(["pending"], 0_u64);
        }),
        ("metaextract_directories", |(), to| to.is(56_u64)),
        ("metaextract_failures_total", |(), to| to.of(["crashed"], 0_u64)),
        ("metaextract_read_cpu_seconds_total", |(), to| to.is(61.5)),
        ("metaextract_pressure_ratio", |(), to| to.of(["machine", "io", "some"], 0.046)),
        ("metaextract_memory_ceiling_bytes", |(), to| to.is(512_u64 << 20)),
        ("metaextract_cache_hits_total", |(), to| {
            to.of(["records"], 930_u64);
            to.of(["index"], 500_u64);
        }),
        ("metaextract_cache_misses_total", |(), to| {
            to.of(["records"], 70_u64);
            to.of(["index"], 0_u64);
        }),
    ];
    metrics::measure(measures, &())
}

fn workers() -> Vec<WorkerReport> {
    let worker = |pid, file: Option<&[u8]>| WorkerReport {
        pid,
        file: file.map(<[u8]>::to_vec),
        since: TIME,
        files: 812,
        memory: 12 << 20,
        cpu: 3_400_000,
    };
    vec![worker(4711, Some(b"/home/anna/Pictures/b\xf6se\x1b[31m.tif")), worker(4712, None)]
}

fn config() -> Vec<ConfigLine> {
    let line = |key, value, origin| ConfigLine { key, value: SettingOrRoot::Setting(value), origin };
    let root =
        |path, options, origin| ConfigLine { key: "roots", value: SettingOrRoot::Root { path, options }, origin };
    let file = |line: u32| Origin::File(format!("/home/anna/.config/metaextract/config.toml:{line}"));
    let told = RootOptions { hidden: Some(true), poll: Some(false), ..RootOptions::default() };
    vec![
        line("ignore", Setting::List(vec!["*.iso".into(), "Trash/".into()]), file(2)),
        line("workers.max", Setting::Number(3), Origin::CommandLine("--set workers.max=3".into())),
        line("memory.ceiling", Setting::Text("512MiB".into()), Origin::Default),
        line("mount.enabled", Setting::Switch(false), Origin::Environment("METAEXTRACT_MOUNT__ENABLED".into())),
        root(path("/home/anna/Pictures"), told, file(9)),
        root(
            AbsPath::parse(b"/media/k\xe4se").expect("a path of a test"),
            RootOptions::default(),
            Origin::Bus("/home/anna/.local/state/metaextract/roots.toml".into()),
        ),
    ]
}

fn estimate() -> EstimateReport {
    let (files, current, unknown) = (20_000, 12_000, 40);
    EstimateReport { files, bytes: 1 << 31, current, unknown, read: 300 << 20, unreadable: 1, left: (50, 130) }
}

fn why(path: AbsPath) -> WhyReport {
    WhyReport {
        path,
        state: WhyState::Partial,
        rule: "below the root /home/anna/Pictures, left out by no rule".into(),
        root: Some(self::path("/home/anna/Pictures")),
        next: "read again when it changes".into(),
        next_at: Some(TIME + 5_000_000),
        now: Some(SeenFile { size: 123_456, modified: TIME, current: true }),
        held: Some(HeldFile {
            id: 42,
            format: "JPEG".into(),
            mime: "image/jpeg".into(),
            committed: TIME,
            cost: Cost { cpu_us: 900, wall_us: 1500, read: 65_536, ..Cost::default() },
            tags: 77,
            attempts: 0,
            reason: Some(("truncated", "truncated: 12 bytes wanted at byte 345".into())),
        }),
    }
}
