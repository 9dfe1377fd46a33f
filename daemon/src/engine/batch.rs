//! Which open files go to a worker together. Pure.
//!
//! Workers ask for more when they have little left, so that all end together as long as nobody has taken too much, or has a
//! long file left at the end. Hence a worker takes by the time its files are expected to need, at most half of what would be its
//! fair part of all that lies open, and the longest first. Where a file is short beside that part, it matters little who
//! reads it when: of those it gets files of one reader as far as there are any.

use std::{cmp::Reverse, collections::VecDeque};

use crate::model::{Job, Priority};

/// Microseconds of files that a worker has at most, where that is more than one: what is urgent waits behind them.
const MOST: u64 = 50_000;
/// A file below this part of a worker's fair part is short.
const SHORT: u64 = 20;
/// Batches that may take others before a file, for being longer or of another reader.
const PASSED: u8 = 8;

/// A job whose file is open, and waits for a worker.
#[derive(Debug)]
pub(crate) struct Opened<F> {
    pub(crate) job: Job,
    pub(crate) file: F,
    /// Batches that took others before it.
    passed: u8,
}

impl<F> Opened<F> {
    pub(crate) fn new(job: Job, file: F) -> Self {
        Self { job, file, passed: 0 }
    }
}

/// What a worker gets at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) files: usize,
    /// Expected microseconds. The first file of a worker that has none may need more.
    pub(crate) us: u64,
    /// A file of at most so many microseconds is short.
    pub(crate) short: u64,
    /// It has nothing to read.
    pub(crate) is_idle: bool,
}

impl Share {
    /// One file, however long.
    pub(crate) const ONE: Self = Self { files: 1, us: 0, short: 0, is_idle: true };

    /// Of all that lies open or is with workers, in microseconds, for a worker that has `own` of it, where as many as `spread`
    /// are to find something.
    pub(crate) fn of(all: u64, own: u64, spread: usize, files: usize) -> Self {
        let fair = all / spread.max(1) as u64;
        // The other half is given to whoever is done first.
        let part = if spread > 1 { fair / 2 } else { fair };
        let part = part.min(MOST);
        // More comes when half is done: each batch costs something too.
        let us = if own <= part / 2 { part - own } else { 0 };
        Self { files, us, short: fair / SHORT, is_idle: own == 0 }
    }

    /// Whether there is nothing to take, whatever waits.
    pub(crate) fn is_nothing(&self) -> bool {
        self.files == 0 || (self.us == 0 && !self.is_idle)
    }
}

/// What a file is expected to keep a worker, in microseconds, above 0.
pub(crate) fn weight(job: &Job) -> u64 {
    u64::from(job.expected.us).max(1)
}

/// The order in which open files wait for workers. Suspects come first among those of their priority: each is awaited by
/// a worker that takes nothing else.
pub(crate) fn turn(job: &Job) -> (Priority, bool) {
    (job.priority, job.attempts == 0)
}

/// Takes the next files for a worker out of those that wait, which are of one disk and stand in the order of their [`turn`].
/// The longest stands first in the batch among those of one turn, except where the disk wants its order. `is_fresh` says
/// that the worker has read nothing and has nothing to read: a file that has failed before is for such a one, and nothing
/// goes beside it; `true` with it.
pub(crate) fn batch<F>(waiting: &mut VecDeque<Opened<F>>, is_fresh: bool, mut share: Share) -> (Vec<Opened<F>>, bool) {
    let mut batch = Vec::new();
    while batch.len() < share.files {
        let Some(first) = waiting.front() else { break };
        let turn_now = turn(&first.job);
        if first.job.attempts > 0 {
            if !(is_fresh && batch.is_empty()) {
                break;
            }
            batch.extend(waiting.pop_front());
            return (batch, true);
        }
        // What is less urgent waits until nothing else is left.
        let end = waiting.partition_point(|other| turn(&other.job) <= turn_now);
        let taken = choose(waiting.range(..end), share.files - batch.len(), &mut share);
        let is_all = taken.len() == end;
        batch.extend(take_out(waiting, end, &taken));
        if !is_all {
            break;
        }
    }
    (batch, false)
}

/// Positions of the files to take of one turn, in the order to read them in. The first that is too long for the share ends it:
/// whoever has nothing left takes it then.
fn choose<'a, F: 'a>(waiting: impl Iterator<Item = &'a Opened<F>>, files: usize, share: &mut Share) -> Vec<usize> {
    let mut order: Vec<(usize, &Opened<F>)> = waiting.enumerate().collect();
    if !order.first().is_some_and(|(_, first)| first.job.in_order) {
        let longest = |opened: &Opened<F>| (opened.passed < PASSED, Reverse(weight(&opened.job)));
        let reader = order.iter().min_by_key(|(_, opened)| longest(opened)).map(|(_, first)| first.job.reader);
        let short = share.short;
        order.sort_by_key(|(_, opened)| {
            let (comes_later, longer) = longest(opened);
            let is_short = comes_later && weight(&opened.job) <= short;
            (comes_later, is_short, is_short && Some(opened.job.reader) != reader, longer)
        });
    }
    let fits = |(_, opened): &&(usize, &Opened<F>)| {
        let fits = weight(&opened.job) <= share.us || share.is_idle;
        share.us = share.us.saturating_sub(weight(&opened.job));
        share.is_idle = false;
        fits
    };
    order.iter().take(files).take_while(fits).map(|(at, _)| *at).collect()
}

/// Takes the files at these of the first `end` positions out; the others there have been passed.
fn take_out<F>(waiting: &mut VecDeque<Opened<F>>, end: usize, taken: &[usize]) -> Vec<Opened<F>> {
    let mut places: Vec<Option<Opened<F>>> = waiting.drain(..end).map(Some).collect();
    let batch: Vec<_> = taken.iter().filter_map(|at| places[*at].take()).collect();
    let was_taken = !batch.is_empty();
    for mut left in places.into_iter().rev().flatten() {
        left.passed = left.passed.saturating_add(u8::from(was_taken));
        waiting.push_front(left);
    }
    batch
}

#[cfg(test)]
mod tests;
