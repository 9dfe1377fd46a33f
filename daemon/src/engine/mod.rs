//! Owns the worker processes: jobs in, outcomes out. Looks inside no record.

use crate::model::{Job, JobId, Outcome};

/// Something that reads files: workers on this machine now, a message queue later.
pub trait Engine: Send {
    /// How many more jobs it takes now.
    fn credit(&self) -> usize;
    /// Takes a job; its outcome comes through the sink given at construction, exactly once.
    fn submit(&mut self, job: Job);
    /// Sets how many workers run and how much each gets at once; fewer end after the file in hand.
    fn resize(&mut self, size: Size);
    /// Gives back all jobs not yet finished as [`Outcome::Returned`] and ends all workers, at the latest after the
    /// time one file may take.
    fn stop(&mut self);
}

/// What the governor decides for the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub workers: usize,
    /// Descriptors in one batch, 1 to 128.
    pub batch_files: usize,
}

/// An outcome with its job's number.
pub type Finished = (JobId, Outcome);
