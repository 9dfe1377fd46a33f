//! The shapes of the answers to commands, and what the daemon tells without being asked. Plain values.
//!
//! Times are microseconds since 1970, durations microseconds, sizes bytes, as on D-Bus.

use tokio::sync::{mpsc, watch};

use super::{AbsPath, Alert, ReaderReport, ScoreReport, TrendPoint};
use crate::model::Cost;

/// What the daemon as a whole is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Starting,
    Indexing,
    Idle,
    Paused,
    Stopping,
}

impl State {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Indexing, Self::Idle, Self::Paused, Self::Stopping];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Indexing => "indexing",
            Self::Idle => "idle",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
        }
    }
}

/// A part that does not work as it should; the rest does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// Stable, for programs: `no-fuse`, `watch-limit`, …
    pub id: &'static str,
    /// What it means and what to do, for people.
    pub text: String,
}

impl Degraded {
    /// The text for those who may not read what it may name.
    pub const ASK_ROOT: &str = "root sees what it is: sudo metactl --system status";
}

/// The whole state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatusReport {
    pub state: State,
    /// When this daemon started.
    pub started: u64,
    pub degraded: Vec<Degraded>,
    pub alerts: Vec<Alert>,
    pub pauses: Vec<PauseInfo>,
    pub roots: Vec<RootInfo>,
    /// All roots together.
    pub files: FileCounts,
    pub queue: QueueReport,
    pub workers: WorkersReport,
    pub memory: MemoryReport,
    pub score: ScoreReport,
    /// The oldest first.
    pub trends: Vec<TrendPoint>,
    pub store: StoreReport,
    pub mount: MountReport,
}

/// Files by state. `known` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileCounts {
    pub known: u64,
    /// Read to their end.
    pub indexed: u64,
    /// Read as far as they go.
    pub partial: u64,
    pub pending: u64,
    pub failed: u64,
}

impl FileCounts {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            known: self.known + other.known,
            indexed: self.indexed + other.indexed,
            partial: self.partial + other.partial,
            pending: self.pending + other.pending,
            failed: self.failed + other.failed,
        }
    }
}

/// A pause in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseInfo {
    pub cookie: u64,
    pub pause: super::Pause,
}

/// What waits and how fast it goes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct QueueReport {
    pub waiting: u64,
    /// With the workers now.
    pub in_hand: u64,
    /// Waiting for their next try.
    pub delayed: u64,
    /// Whether a crawl is still finding files.
    pub crawling: bool,
    /// Files a second, lately.
    pub rate: f64,
    /// Seconds left, at least and at most; 0 and 0 is unknown or nothing.
    pub left: (u64, u64),
}

/// The worker processes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkersReport {
    pub running: u32,
    /// As many as are wanted now, and a sentence why.
    pub wanted: u32,
    pub why: String,
    /// What the sandbox achieved, a sentence.
    pub isolation: String,
    /// Workers replaced because a file was their end.
    pub lost: u64,
}

/// One worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerReport {
    pub pid: u32,
    /// The file it reads; none where it waits for one.
    pub file: Option<Vec<u8>>,
    /// Since when it reads that, or waits.
    pub since: u64,
    /// Files read in its life.
    pub files: u64,
    /// PSS in bytes, and CPU time in its life; 0 is unknown.
    pub memory: u64,
    pub cpu: u64,
}

/// A line of the configuration in force: a key with its value, or a root.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigLine {
    /// As the documentation names it; `roots` for a root.
    pub key: &'static str,
    pub value: SettingOrRoot,
    pub origin: Origin,
}

/// What a line of the configuration says.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingOrRoot {
    Setting(Setting),
    Root { path: AbsPath, options: RootOptions },
}

/// A value, as it would be written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Text(String),
    Number(i64),
    Switch(bool),
    List(Vec<String>),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// `FILE:LINE`, of the configuration or of one of its drop-ins.
    File(String),
    /// The variable.
    Environment(String),
    /// The option.
    CommandLine(String),
    /// The file in which is kept what was told over the bus.
    Bus(String),
}

impl Origin {
    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File(_) => "file",
            Self::Environment(_) => "environment",
            Self::CommandLine(_) => "command-line",
            Self::Bus(_) => "bus",
        }
    }

    /// File and line, variable, option or file; empty for a default.
    pub fn at(&self) -> &str {
        match self {
            Self::Default => "",
            Self::File(at) | Self::Environment(at) | Self::CommandLine(at) | Self::Bus(at) => at,
        }
    }
}

/// PSS, in bytes; 0 is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryReport {
    pub daemon: u64,
    pub workers: u64,
    /// For all processes together.
    pub ceiling: u64,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreReport {
    pub path: Vec<u8>,
    /// Bytes on disk.
    pub size: u64,
    /// Number of the last commit.
    pub commit: u64,
    /// awake, asleep or rebuilding.
    pub rest: &'static str,
}

/// The mounted view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MountReport {
    pub path: Vec<u8>,
    pub state: MountState,
}

/// Whether the view is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MountState {
    Mounted,
    /// Switched off by the configuration.
    #[default]
    Off,
    /// Wanted, and not possible: see `degraded`.
    Failed,
}

impl MountState {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::Off => "off",
            Self::Failed => "failed",
        }
    }
}

/// What a root was told; `None` is the default. The keys of `roots[]` in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RootOptions {
    /// Look now and then instead of watching.
    pub poll: Option<bool>,
    /// Files and directories whose name starts with a dot too.
    pub hidden: Option<bool>,
    /// Go on into other file systems mounted below.
    pub cross_filesystems: Option<bool>,
    /// Drop the rows when the root is gone, instead of keeping them as offline.
    pub forget_when_unmounted: Option<bool>,
}

/// A root and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootInfo {
    pub path: AbsPath,
    pub state: RootState,
    /// Why it is not simply watching, a sentence; else empty.
    pub why: String,
    pub options: RootOptions,
    pub origin: RootOrigin,
    pub files: FileCounts,
    pub directories: u64,
    /// When its last whole crawl ended; 0 is never.
    pub crawled: u64,
}

/// How a root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootState {
    /// Being walked as a whole.
    Crawling,
    /// Every directory is watched.
    Watching,
    /// Looked at now and then, as a whole or in part.
    Polling,
    /// Gone or unreachable; its rows are kept.
    Offline,
}

impl RootState {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Crawling, Self::Watching, Self::Polling, Self::Offline];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crawling => "crawling",
            Self::Watching => "watching",
            Self::Polling => "polling",
            Self::Offline => "offline",
        }
    }
}

/// Who added a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootOrigin {
    /// The configuration; it cannot be removed over the bus.
    Config,
    /// `AddRoot`.
    Bus,
}

impl RootOrigin {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Bus => "bus",
        }
    }
}

/// What reading a directory would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EstimateReport {
    /// Files that the rules admit, and their bytes.
    pub files: u64,
    pub bytes: u64,
    /// Of them, those that the index has as they are: they would not be read.
    pub current: u64,
    /// Of the others, those of which nothing like them has been read before.
    pub unknown: u64,
    /// Bytes that would be read of those that are like others.
    pub read: u64,
    /// Directories that could not be looked at.
    pub unreadable: u64,
    /// Seconds that reading would take, at least and at most.
    pub left: (u64, u64),
}

/// All there is to say of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct WhyReport {
    pub path: AbsPath,
    pub state: WhyState,
    /// The rule that decides it, with where it is written, a sentence.
    pub rule: String,
    /// The root it is below.
    pub root: Option<AbsPath>,
    /// What happens next, a sentence.
    pub next: String,
    /// When, if at a known time.
    pub next_at: Option<u64>,
    /// What the file is now, if it is there.
    pub now: Option<SeenFile>,
    /// What the index holds.
    pub held: Option<HeldFile>,
}

/// How a path stands to the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyState {
    Indexed,
    Partial,
    Pending,
    Failed,
    /// Below a root, and left out by a rule.
    Excluded,
    /// A directory below a root.
    Directory,
    /// Below no root.
    NotWatched,
    NoSuchFile,
}

impl WhyState {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Indexed => "indexed",
            Self::Partial => "partial",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Excluded => "excluded",
            Self::Directory => "directory",
            Self::NotWatched => "not-watched",
            Self::NoSuchFile => "no-such-file",
        }
    }
}

/// What a look at the file gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenFile {
    pub size: u64,
    pub modified: u64,
    /// Whether the index holds this very content.
    pub current: bool,
}

/// What the index holds of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldFile {
    pub id: u64,
    /// The reader's name; empty if none knows the file.
    pub format: String,
    pub mime: String,
    /// When it was committed; 0 is not yet.
    pub committed: u64,
    pub cost: Cost,
    pub tags: u32,
    /// Failed tries in a row by a worker's fault.
    pub attempts: u8,
    /// Kind and sentence, if partial or failed.
    pub reason: Option<(&'static str, String)>,
}

/// One file that could not be read, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedFile {
    pub path: Vec<u8>,
    /// [`WhyState::Failed`] or [`WhyState::Partial`].
    pub state: WhyState,
    /// The stable name of the reason.
    pub reason: &'static str,
    /// It as a sentence.
    pub text: String,
    /// Whether the file itself explains it.
    pub about_the_file: bool,
    pub attempts: u8,
    /// When it was decided.
    pub at: u64,
    /// What would lift it, a sentence: what to do, or what the daemon waits for.
    pub lift: &'static str,
}

/// One reader.
#[derive(Debug, Clone, PartialEq)]
pub struct FormatInfo {
    pub name: &'static str,
    pub version: u32,
    pub extensions: &'static [&'static str],
    pub mime: &'static [&'static str],
    pub done: ReaderReport,
}

/// What the properties and signals of the bus show; `run` replaces it as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    pub state: State,
    /// Ids, sorted.
    pub degraded: Vec<&'static str>,
    /// Those that are on.
    pub alerts: Vec<Alert>,
}

/// A commit that readers see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Directories in which an entry or a record changed; none where not everybody who hears it may know which.
    pub directories: Vec<Vec<u8>>,
    pub commit: u64,
}

/// What the bus is given beside the commands. `run` keeps the other ends.
#[derive(Debug)]
pub struct Published {
    pub facts: watch::Receiver<Facts>,
    /// Unbounded for `run`, which never blocks; the bus drains it at once and joins what belongs together.
    pub changed: mpsc::UnboundedReceiver<Changed>,
}
