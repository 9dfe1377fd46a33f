//! What slots ask of the desk.

use std::{
    collections::VecDeque,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use metaextract::Ahead;

use super::{Among, Desk, HURRIED_FILES, IDLE, LAST_FILES, NewOpener, Seat, State};
use crate::{
    engine::{
        EngineEvent,
        batch::{Opened, Share, weight},
        death::Verdict,
        policy::{self, Aftermath, Wish},
    },
    model::{FileId, FsId, Job, Outcome, Task},
    proto::{Achieved, Ticket},
};

/// What a slot is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Next {
    /// Files are waiting.
    Work,
    /// Start an opener for this file system, which has files to open and nobody who does.
    Open(FsId),
    /// End the worker: there is nothing to do, or the slot is one too many.
    Release,
    /// End the slot.
    Stop,
}

/// Files for one worker.
#[derive(Debug, Default)]
pub(in crate::engine) struct Batch {
    pub(in crate::engine) files: Vec<OwnedFd>,
    pub(in crate::engine) about: Vec<About>,
    /// A file that has failed before: for a fresh worker, and nothing beside it.
    pub(in crate::engine) alone: bool,
}

impl Batch {
    fn add(&mut self, job: &Job, file: OwnedFd) {
        let name = job.path.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec();
        self.about.push(About { size: job.stamp.size, ahead: job.ahead, name, task: job.task });
        self.files.push(file);
    }
}

/// What a worker is told of a file.
#[derive(Debug)]
pub(in crate::engine) struct About {
    size: u64,
    ahead: Ahead,
    name: Vec<u8>,
    task: Task,
}

impl About {
    pub(in crate::engine) fn ticket(&self, number: u64) -> Ticket {
        Ticket { number, size: self.size, ahead: self.ahead, name: self.name.clone(), task: self.task }
    }
}

impl Desk {
    /// Waits until there is something for this slot to do.
    pub(in crate::engine) fn next(&self, slot: usize, has_worker: bool) -> Next {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let surplus = slot >= state.slots();
            let ready = !state.ready(now).is_empty();
            if state.stopping.is_some() {
                return Next::Stop;
            }
            if surplus && has_worker {
                return Next::Release;
            }
            if !surplus && ready {
                return Next::Work;
            }
            if !surplus && let Some(fs) = state.take_stranded() {
                return Next::Open(fs);
            }
            if has_worker && begun.elapsed() >= IDLE {
                return Next::Release;
            }
            if surplus {
                self.call(&state);
                (state, _) = self.wait(&self.need, state, None);
                continue;
            }
            let rest = has_worker.then(|| IDLE.saturating_sub(begun.elapsed()));
            let probe = state.next_probe().map(|at| at.saturating_duration_since(now));
            state.idle += 1;
            (state, _) = self.wait(&self.work, state, rest.into_iter().chain(probe).min());
            state.idle -= 1;
        }
    }

    /// Whether this slot's worker is to end after the file in hand.
    pub(in crate::engine) fn is_over(&self, slot: usize) -> bool {
        let state = self.lock();
        state.stopping.is_some() || slot >= state.slots()
    }

    /// Whether the time is over that the slot's file in hand may still take.
    pub(in crate::engine) fn is_overdue(&self, slot: usize) -> bool {
        let state = self.lock();
        let hurried = || state.hurried_since.is_some_and(|since| since.elapsed() > HURRIED_FILES);
        state.stopping.is_some_and(|since| since.elapsed() > LAST_FILES) || slot >= state.slots() && hurried()
    }

    /// A new worker sits in the slot.
    pub(in crate::engine) fn seat(&self, slot: usize, pid: u32) {
        let mut state = self.lock();
        state.started += 1;
        state.seats.insert(slot, Seat { pid, files: 0, jobs: VecDeque::new(), since: Instant::now(), waits: None });
        if std::mem::take(&mut state.troubled) {
            drop(state);
            (self.sink)(EngineEvent::WorkersBack);
        }
    }

    /// A new worker has measured its walls.
    pub(in crate::engine) fn measured(&self, achieved: Achieved) {
        let before = self.lock().achieved.replace(achieved);
        if before != Some(achieved) {
            (self.sink)(EngineEvent::Measured(achieved));
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
        self.call(&state);
        let until = Instant::now() + backoff;
        while state.stopping.is_none() && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            (state, _) = self.wait(&self.need, state, Some(left));
        }
    }

    /// Whether the next file is for a fresh worker alone.
    pub(in crate::engine) fn is_suspect_next(&self) -> bool {
        let state = self.lock();
        let next = state.ready(Instant::now()).first().copied();
        let next = state.opened.iter().find(|opened| Some(opened.job.fs) == next);
        next.is_some_and(|opened| opened.job.attempts > 0)
    }

    /// The next files for the slot's worker: its share of what waits, at most a batch, of one file system. Empty when others
    /// were faster, or when the next file is not for a worker that has read something.
    pub(in crate::engine) fn take(&self, slot: usize) -> Batch {
        let now = Instant::now();
        let mut state = self.lock();
        let mut batch = Batch::default();
        if state.stopping.is_some() || slot >= state.slots() {
            return batch;
        }
        let Some(seat) = state.seats.get(&slot) else { return batch };
        let (fs, own, is_fresh) = (seat.fs(), &seat.jobs, seat.files == 0 && seat.jobs.is_empty());
        let us = |jobs: &VecDeque<Job>| jobs.iter().map(weight).sum::<u64>();
        let (own, room) = (us(own), state.batch_files.saturating_sub(own.len()));
        let ready = state.ready(now);
        let Some(fs) = fs.or(ready.first().copied()).filter(|fs| ready.contains(fs)) else { return batch };
        let share = match state.is_silent(fs, now) {
            true => Share { files: state.disk(fs).probes(now), ..Share::ONE },
            // Of all that is open, so that who comes late finds something even behind a file that takes long.
            false => {
                let waiting = state.opened.iter().filter(|opened| ready.contains(&opened.job.fs));
                let waiting: u64 = waiting.map(|opened| weight(&opened.job)).sum();
                let with_workers: u64 = state.seats.values().map(|seat| us(&seat.jobs)).sum();
                Share::of(waiting + with_workers, own, state.spread, room)
            }
        };
        if share.is_nothing() {
            return batch;
        }
        let (taken, alone) = state.batch(fs, is_fresh, share);
        batch.alone = alone;
        let Some(seat) = state.seats.get_mut(&slot) else { return batch };
        for Opened { job, file, .. } in taken {
            batch.add(&job, file);
            if seat.jobs.is_empty() {
                seat.since = Instant::now();
            }
            seat.jobs.push_back(job);
        }
        if !state.opened.is_empty() {
            self.call(&state);
        }
        batch
    }

    /// How many jobs the slot's worker has, and how many would be a batch.
    pub(in crate::engine) fn load(&self, slot: usize) -> (usize, usize) {
        let state = self.lock();
        (state.seats.get(&slot).map_or(0, |seat| seat.jobs.len()), state.batch_files)
    }

    /// The file the slot's worker has in hand, and what it is to do with it.
    pub(in crate::engine) fn in_hand(&self, slot: usize) -> Option<(FileId, Task)> {
        self.lock().seats.get(&slot)?.jobs.front().map(|job| (job.file, job.task))
    }

    /// The file system of the files the slot's worker has.
    pub(in crate::engine) fn disk_in_hand(&self, slot: usize) -> Option<FsId> {
        self.lock().seats.get(&slot)?.fs()
    }

    /// The file in hand is done; the next one is in hand.
    pub(in crate::engine) fn done(&self, slot: usize, outcome: Outcome) {
        let mut state = self.lock();
        let job = state.seats.get_mut(&slot).and_then(|seat| {
            seat.files += 1;
            seat.since = Instant::now();
            seat.waits = None;
            seat.jobs.pop_front()
        });
        if let Some(job) = job {
            state.whims.forget(job.file);
            self.answers(&mut state, job.fs);
            drop(state);
            self.finish(&job, outcome);
        }
    }

    fn answers(&self, state: &mut State, fs: FsId) {
        if state.disk(fs).reads() {
            self.work.notify_all();
            self.room.notify_all();
        }
    }

    /// Whether the slot's worker waits for the disk of the file in hand. `read` says that bytes came.
    pub(in crate::engine) fn look(&self, slot: usize, waits: bool, read: bool) {
        let mut state = self.lock();
        let before = state.slots();
        let Some(seat) = state.seats.get_mut(&slot) else { return };
        seat.waits = if waits { seat.waits.or(Some(Instant::now())) } else { None };
        if let Some(fs) = seat.fs().filter(|_| read) {
            self.answers(&mut state, fs);
        }
        if state.slots() > before || waits {
            self.need.notify_all(); // Others may work in its stead.
        }
    }

    /// For how long the slot's worker has waited for a disk that has answered nobody meanwhile.
    pub(in crate::engine) fn waits_for_disk(&self, slot: usize) -> Option<Duration> {
        let state = self.lock();
        let seat = state.seats.get(&slot)?;
        let (fs, since) = (seat.fs()?, seat.waits?);
        (!state.answered_since(fs, since)).then(|| since.elapsed())
    }

    /// The worker that had this job is ended, because the job's disk does not answer: others of that disk come first.
    pub(in crate::engine) fn give_up(&self, job: Job) -> NewOpener {
        let mut state = self.lock();
        state.open -= 1;
        let disk = state.disk(job.fs);
        disk.open -= 1;
        disk.give_up();
        self.enqueue(&mut state, job, Among::Last)
    }

    /// A worker that was ended is still in the kernel, waiting for this file system; or no longer.
    pub(in crate::engine) fn lingers(&self, fs: FsId, begins: bool) {
        let mut state = self.lock();
        let disk = state.disk(fs);
        disk.lingering = if begins { disk.lingering + 1 } else { disk.lingering.saturating_sub(1) };
        if !begins {
            self.answers(&mut state, fs);
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
    pub(in crate::engine) fn finish(&self, job: &Job, outcome: Outcome) {
        let mut state = self.lock();
        let disk = state.disk(job.fs);
        disk.open -= 1;
        disk.finished();
        state.held -= 1;
        state.open -= 1;
        if state.disks.values().any(|disk| disk.idle > 0 && !disk.jobs.is_empty()) {
            self.room.notify_all();
        }
        drop(state);
        (self.sink)(EngineEvent::Finished(job.id, outcome));
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
        state.disk(job.fs).open -= 1;
        self.enqueue(&mut state, job, Among::First)
    }

    pub(in crate::engine) fn distrust(&self, files: Vec<FileId>) {
        if !files.is_empty() {
            (self.sink)(EngineEvent::Distrusted(files));
        }
    }
}
