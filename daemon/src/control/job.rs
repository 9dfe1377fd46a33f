//! Work that a caller can follow: what it is, how far it has come, how it ended. Plain values.

use tokio::sync::watch;

/// A job's number, for one run of the daemon; its object is `…/job/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobNumber(pub u64);

/// What a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// A root was added.
    Crawl,
    Rescan,
    Index,
    Retry,
    Wait,
}

impl JobKind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crawl => "crawl",
            Self::Rescan => "rescan",
            Self::Index => "index",
            Self::Retry => "retry",
            Self::Wait => "wait",
        }
    }
}

/// How a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    Running,
    /// Held up by a pause.
    Paused,
    Finished(JobResult),
}

impl JobState {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished(result) => result.as_str(),
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobResult {
    Done,
    /// Done, and some files failed.
    Partial,
    /// A fault of ours.
    Failed,
    Cancelled,
}

impl JobResult {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobProgress {
    pub kind: JobKind,
    pub state: JobState,
    pub done: u64,
    /// 0 is unknown.
    pub total: u64,
    pub failed: u64,
    /// Files a second.
    pub rate: f64,
    /// Seconds left, at least and at most; 0 and 0 is unknown.
    pub left: (u64, u64),
}

/// A job that runs: `run` keeps the other end. If that is dropped before the job has finished, it counts as cancelled.
#[derive(Debug)]
pub struct StartedJob {
    pub number: JobNumber,
    pub progress: watch::Receiver<JobProgress>,
}
