//! What slots ask of the desk.

use std::{
    collections::VecDeque,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use super::{Among, Desk, IDLE, LAST_FILES, NewOpener, Seat, State};
use crate::{
    engine::{
        EngineEvent,
        death::Verdict,
        open::Opened,
        policy::{self, Aftermath, Wish},
    },
    model::{FileId, Job, JobId, Outcome},
};

/// What a slot is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Next {
    /// Files are waiting.
    Work,
    /// End the worker: there is nothing to do, or the slot is one too many.
    Release,
    /// End the slot.
    Stop,
}

/// Files for one worker.
#[derive(Debug, Default)]
pub(in crate::engine) struct Batch {
    pub(in crate::engine) files: Vec<OwnedFd>,
    /// Of each file, size and name.
    pub(in crate::engine) about: Vec<(u64, Vec<u8>)>,
    /// A file that has failed before: for a fresh worker, and nothing beside it.
    pub(in crate::engine) alone: bool,
}

impl Desk {
    /// Waits until there is something for this slot to do.
    pub(in crate::engine) fn next(&self, slot: usize, has_worker: bool) -> Next {
        let mut state = self.lock();
        loop {
            let surplus = slot >= state.workers;
            if state.stopping.is_some() {
                return Next::Stop;
            }
            if surplus && has_worker {
                return Next::Release;
            }
            if !surplus && !state.opened.is_empty() {
                return Next::Work;
            }
            let timed_out;
            (state, timed_out) = self.wait(&self.work, state, has_worker.then_some(IDLE));
            if timed_out && state.opened.is_empty() {
                return Next::Release;
            }
        }
    }

    /// Whether this slot's worker is to end after the file in hand.
    pub(in crate::engine) fn is_over(&self, slot: usize) -> bool {
        let state = self.lock();
        state.stopping.is_some() || slot >= state.workers
    }

    /// Whether the time is over that a stopping engine leaves the files in hand.
    pub(in crate::engine) fn is_overdue(&self) -> bool {
        self.lock().stopping.is_some_and(|since| since.elapsed() > LAST_FILES)
    }

    /// A new worker sits in the slot.
    pub(in crate::engine) fn seat(&self, slot: usize, pid: u32) {
        let mut state = self.lock();
        state.seats.insert(slot, Seat { pid, files: 0, jobs: VecDeque::new(), since: Instant::now() });
        if std::mem::take(&mut state.troubled) {
            drop(state);
            (self.sink)(EngineEvent::WorkersBack);
        }
    }

    /// No worker could be started; waits before the next attempt.
    pub(in crate::engine) fn no_worker(&self, why: String, backoff: Duration) {
        let mut state = self.lock();
        if state.seats.is_empty() && !state.troubled {
            state.troubled = true;
            drop(state);
            (self.sink)(EngineEvent::NoWorkers { why });
            state = self.lock();
        }
        let until = Instant::now() + backoff;
        while state.stopping.is_none() && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            (state, _) = self.wait(&self.work, state, Some(left));
        }
    }

    /// Whether the next file is for a fresh worker alone.
    pub(in crate::engine) fn is_suspect_next(&self) -> bool {
        self.lock().opened.front().is_some_and(|opened| opened.job.attempts > 0)
    }

    /// The next files for the slot's worker: its share of what waits, at most a batch. Empty when others were faster, or
    /// when the next file is not for a worker that has read something.
    pub(in crate::engine) fn take(&self, slot: usize) -> Batch {
        let mut state = self.lock();
        let State { opened, seats, workers, batch_files, stopping, .. } = &mut *state;
        let mut batch = Batch::default();
        let Some(seat) = seats.get_mut(&slot).filter(|_| stopping.is_none() && slot < *workers) else { return batch };
        let share = opened.len().div_ceil((*workers).max(1)).min(*batch_files);
        let is_fresh = seat.files == 0 && seat.jobs.is_empty();
        let (taken, alone) = policy::batch(opened, |opened| &opened.job, is_fresh, share);
        batch.alone = alone;
        for Opened { job, file } in taken {
            let name = job.path.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec();
            batch.about.push((job.stamp.size, name));
            batch.files.push(file);
            if seat.jobs.is_empty() {
                seat.since = Instant::now();
            }
            seat.jobs.push_back(job);
        }
        if !opened.is_empty() {
            self.work.notify_all();
        }
        batch
    }

    /// How many jobs the slot's worker has, and how many would be a batch.
    pub(in crate::engine) fn load(&self, slot: usize) -> (usize, usize) {
        let state = self.lock();
        (state.seats.get(&slot).map_or(0, |seat| seat.jobs.len()), state.batch_files)
    }

    /// The file the slot's worker has in hand.
    pub(in crate::engine) fn in_hand(&self, slot: usize) -> Option<FileId> {
        self.lock().seats.get(&slot)?.jobs.front().map(|job| job.file)
    }

    /// The file in hand is done; the next one is in hand.
    pub(in crate::engine) fn done(&self, slot: usize, outcome: Outcome) {
        let mut state = self.lock();
        let job = state.seats.get_mut(&slot).and_then(|seat| {
            seat.files += 1;
            seat.since = Instant::now();
            seat.jobs.pop_front()
        });
        if let Some(job) = job {
            state.whims.forget(job.file);
            drop(state);
            self.finish(job.id, outcome);
        }
    }

    /// What follows for the jobs of the slot's worker, which has ended.
    pub(in crate::engine) fn aftermath(
        &self,
        slot: usize,
        verdict: Verdict,
        wish: Wish,
        life: Vec<FileId>,
    ) -> Aftermath {
        let mut state = self.lock();
        let jobs = state.seats.remove(&slot).map(|seat| seat.jobs).unwrap_or_default();
        policy::aftermath(verdict, wish, jobs, life, &mut state.whims)
    }

    /// A job that had a descriptor, or was about to, has its outcome.
    pub(in crate::engine) fn finish(&self, job: JobId, outcome: Outcome) {
        let mut state = self.lock();
        if state.open >= self.config.descriptors {
            self.room.notify_all();
        }
        state.held -= 1;
        state.open -= 1;
        drop(state);
        (self.sink)(EngineEvent::Finished(job, outcome));
    }

    /// The `count` jobs last taken could not be sent.
    pub(in crate::engine) fn untake(&self, slot: usize, count: usize) -> VecDeque<Job> {
        let mut state = self.lock();
        let Some(seat) = state.seats.get_mut(&slot) else { return VecDeque::new() };
        seat.jobs.split_off(seat.jobs.len().saturating_sub(count))
    }

    /// A job of a worker that has ended waits again, before others of its priority.
    pub(in crate::engine) fn put_back(&self, job: Job) -> NewOpener {
        let mut state = self.lock();
        state.open -= 1;
        self.enqueue(&mut state, job, Among::First)
    }

    pub(in crate::engine) fn distrust(&self, files: Vec<FileId>) {
        if !files.is_empty() {
            (self.sink)(EngineEvent::Distrusted(files));
        }
    }
}
