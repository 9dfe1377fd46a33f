//! Owns the worker processes: jobs in, outcomes out. Looks inside no record.

pub(crate) mod batch;
mod clocks;
pub(crate) mod death;
mod desk;
mod local;
mod open;
pub(crate) mod policy;
mod process;
mod slot;

use std::{path::PathBuf, sync::Arc, time::Duration};

use metaextract::Limits;

pub use self::local::LocalEngine;
use crate::{
    config::Settings,
    model::{FileId, Job, JobId, Outcome},
    proto::{Achieved, Isolation, Schedule},
};

/// Something that reads files: workers on this machine now, a message queue later.
pub trait Engine: Send {
    /// How many more jobs it takes now.
    fn credit(&self) -> usize;
    /// Takes a job; its outcome comes through the sink given at construction, exactly once.
    fn submit(&mut self, job: Job);
    /// Takes several at once, which costs less.
    fn submit_all(&mut self, jobs: Vec<Job>) {
        jobs.into_iter().for_each(|job| self.submit(job));
    }
    /// Sets how many workers run and how much each gets at once; fewer end after the file in hand.
    fn resize(&mut self, size: Size);
    /// Gives back all jobs not yet finished as [`Outcome::Returned`] and ends all workers. Files in hand get a moment to
    /// be finished, but none holds this up.
    fn stop(&mut self);
    /// The workers alive now.
    fn workers(&self) -> Vec<WorkerInfo>;
    /// Workers started so far.
    fn started(&self) -> u64 {
        0
    }
    /// Roots with files in hand whose file system has given no sign of life, and for how long.
    fn silent(&self) -> Vec<(Box<[u8]>, Duration)> {
        Vec::new()
    }
}

/// What the governor decides for the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub workers: usize,
    /// Descriptors in one batch, 1 to 128.
    pub batch_files: usize,
    /// Into how many shares files are divided: there may be as many workers soon, and each is to find something then.
    pub spread: usize,
    /// Files whose first bytes the kernel is asked for while they wait for a worker.
    pub read_ahead: usize,
    /// Whether workers that are too many are not to finish what takes them long. With no workers at all it is always so.
    pub hurry: bool,
}

impl Size {
    /// Nobody is in a hurry, and nothing is read ahead.
    pub fn calm(workers: usize, batch_files: usize) -> Self {
        Self { workers, batch_files, spread: workers, read_ahead: 0, hurry: false }
    }
}

/// What an engine tells, in order for each job. The sink may block: workers then wait, and no clock runs against files.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineEvent {
    /// A job's outcome, exactly one for each.
    Finished(JobId, Outcome),
    /// Results given earlier came from a worker that turned out to be captured: these files are to be read again.
    Distrusted(Vec<FileId>),
    /// No worker can be started and none is left; the engine goes on trying, ever more slowly.
    NoWorkers { why: String },
    /// Workers run again.
    WorkersBack,
    /// What this process lacks to open files, and what to do; `None` when it can open them again. They wait meanwhile.
    Short { why: Option<String> },
    /// What the walls around workers are worth, measured by the first, and by one that finds something else.
    Measured(Achieved),
}

/// Takes what an engine tells, from any thread.
pub type Sink = Arc<dyn Fn(EngineEvent) + Send + Sync>;

/// A local engine's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The program that is a worker when its only argument is `--worker`: this one.
    pub program: PathBuf,
    pub limits: Limits,
    /// Bytes of private memory of one worker.
    pub memory: u64,
    pub isolation: Isolation,
    pub schedule: Schedule,
    /// CPU time one file may take.
    pub cpu: Duration,
    /// How long a worker may wait without progress.
    pub stall: Duration,
    /// How long it may wait for one file in all; each MiB read adds a second, so that slow disks have time.
    pub wall: Duration,
    /// Files after which a worker is replaced.
    pub life: u64,
    /// Descriptors the engine may hold at once; fewer where the process may not have so many.
    pub descriptors: usize,
    /// Several users are served: no symbolic link is followed on the way to a root either, as another user may put it
    /// there.
    pub shared: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            program: "/proc/self/exe".into(),
            limits: Limits::default(),
            memory: 256 << 20,
            isolation: Isolation::Require,
            schedule: Schedule::Idle,
            cpu: Duration::from_secs(5),
            stall: Duration::from_secs(30),
            wall: Duration::from_secs(60),
            life: 4096,
            descriptors: 512,
            shared: false,
        }
    }
}

impl From<&Settings> for Config {
    fn from(settings: &Settings) -> Self {
        Self {
            limits: settings.limits.extract,
            memory: settings.limits.memory.min(settings.workers.memory_ceiling / 2),
            isolation: settings.isolation,
            cpu: settings.limits.cpu,
            wall: settings.limits.wall,
            shared: settings.is_shared(),
            ..Self::default()
        }
    }
}

/// A worker as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerInfo {
    pub pid: u32,
    pub in_hand: Option<InHand>,
    /// How long it has had that in hand, or has waited for a file.
    pub since: Duration,
    /// Files read in its life.
    pub files: u64,
}

/// The file a worker is reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    pub job: JobId,
    pub file: FileId,
    pub path: Vec<u8>,
}
