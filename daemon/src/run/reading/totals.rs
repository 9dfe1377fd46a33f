//! What reading has come to since the start.

use std::{collections::HashMap, hash::Hash};

use metaextract::ReasonKind;

use crate::model::{Cost, Encoded, FailureKind, FileResult, Outcome, ReaderId};

/// More microseconds, bytes or calls of one file are a worker's lie.
const MOST_US: u64 = 3_600_000_000;
const MOST_READ: u64 = 1 << 40;
const MOST_CALLS: u64 = 1 << 32;

/// Counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Results given to the store.
    pub finished: u64,
    /// Of them, records that stop before the end of the file, by reason.
    pub partial: Tally<ReasonKind>,
    /// Of them, files without a record, by reason.
    pub failed: Tally<FailureKind>,
    /// Workers that failed on a file, by what became of them.
    pub strikes: Tally<FailureKind>,
    /// Records that workers gave, by reader.
    pub read: Tally<ReaderId>,
    /// What these records cost.
    pub cost: Cost,
    /// Readings that costs were learned from.
    pub learned: u64,
    /// How long the results were expected to keep a worker, in microseconds.
    pub us: f64,
    /// The work that was done: what the results count, in microseconds of a worker's time, and of that those whose kind is
    /// not well known.
    pub worth_us: f64,
    pub unknown_us: f64,
}

impl Totals {
    /// Counts what a worker has done, whatever follows from it.
    pub fn note(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Read { reader, cost, .. } => {
                self.read.count(*reader);
                let add = |sum: &mut u64, more: u64, most: u64| *sum = sum.saturating_add(more.min(most));
                add(&mut self.cost.cpu_us, cost.cpu_us, MOST_US);
                add(&mut self.cost.wall_us, cost.wall_us, MOST_US);
                add(&mut self.cost.read, cost.read, MOST_READ);
                add(&mut self.cost.calls, cost.calls, MOST_CALLS);
            }
            Outcome::Strike { kind, .. } => self.strikes.count(*kind),
            Outcome::Digest(_) | Outcome::Unreadable { .. } | Outcome::Gone | Outcome::Changed | Outcome::Returned => {}
        }
    }

    /// Counts a result that the store is given.
    pub fn finish(&mut self, result: &FileResult<Encoded>) {
        self.finished += 1;
        match result {
            FileResult::Record(record) => {
                record.stopped().into_iter().for_each(|reason| self.partial.count(reason.kind));
            }
            FileResult::Failed { kind, .. } => self.failed.count(*kind),
        }
    }
}

/// How often each of a few things happened.
#[derive(Debug)]
pub(crate) struct Tally<T>(HashMap<T, u64>);

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Copy + Eq + Hash> Tally<T> {
    /// It has happened once more.
    pub fn count(&mut self, what: T) {
        *self.0.entry(what).or_default() += 1;
    }

    /// How often this has.
    pub fn of(&self, what: T) -> u64 {
        self.0.get(&what).copied().unwrap_or(0)
    }

    /// How often any of them has.
    pub fn all(&self) -> u64 {
        self.0.values().sum()
    }
}
