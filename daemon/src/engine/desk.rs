//! The desk between opener threads and slots: jobs waiting to be opened, files waiting to be read, jobs with workers.
//!
//! One lock over all of it, held for moments and never over a system call or the sink: every step moves a job from one place
//! to another, and with channels instead no one could tell how many there are, give them back, or put one first.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    os::fd::OwnedFd,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Config, EngineEvent, InHand, Sink, Size, WorkerInfo, open::Opened, process};
use crate::{
    model::{FileId, FsId, Job, JobId, Outcome},
    proto,
};

/// Threads that open files of one file system. Two: one that hangs does not hold up the rest of a slow disk.
const OPENERS: usize = 2;
/// Jobs an opener takes at once.
const OPENED_AT_ONCE: usize = 8;
/// How long a thread or worker without work is kept.
const IDLE: Duration = Duration::from_secs(10);

pub(super) struct Desk {
    pub(super) config: Config,
    sink: Sink,
    state: Mutex<State>,
    /// Slots wait here for open files.
    work: Condvar,
    /// Openers wait here for jobs and for room.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    workers: usize,
    batch_files: usize,
    stopping: bool,
    /// Jobs taken and not finished.
    held: usize,
    /// Descriptors held or about to be, in `opened` and with workers.
    open: usize,
    unopened: HashMap<FsId, Unopened>,
    /// With an opener now. What is not here any more when the opener comes back has been given back already.
    opening: HashSet<JobId>,
    opened: VecDeque<Opened>,
    seats: HashMap<usize, Seat>,
    /// Whether the lack of workers has been told.
    troubled: bool,
}

#[derive(Debug, Default)]
struct Unopened {
    jobs: VecDeque<Job>,
    openers: usize,
    idle: usize,
}

/// A slot's worker and the jobs it has, the one in hand first.
#[derive(Debug)]
struct Seat {
    pid: u32,
    files: u64,
    jobs: VecDeque<Job>,
    since: Instant,
}

/// What a slot is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Files are waiting.
    Work,
    /// End the worker: there is nothing to do, or the slot is one too many.
    Release,
    /// End the slot.
    Stop,
}

/// Whether a further opener thread is to be started; it is counted already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum NewOpener {
    Wanted,
    Enough,
}

/// Where a job goes among those of its priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Among {
    First,
    Last,
}

/// Files for one worker.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) files: Vec<OwnedFd>,
    /// Of each file, size and name.
    pub(super) about: Vec<(u64, Vec<u8>)>,
    /// A file that has failed before: for a fresh worker, and nothing beside it.
    pub(super) alone: bool,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Desk {
    pub(super) fn new(config: Config, sink: Sink) -> Self {
        Self { config, sink, state: Mutex::default(), work: Condvar::new(), room: Condvar::new() }
    }

    /// A thread that panicked while it held the lock left no step half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn credit(&self) -> usize {
        let state = self.lock();
        let wanted = state.workers.saturating_mul(state.batch_files).saturating_mul(3);
        if state.stopping { 0 } else { wanted.min(self.config.descriptors).saturating_sub(state.held) }
    }

    pub(super) fn resize(&self, size: Size) {
        let mut state = self.lock();
        state.workers = size.workers;
        state.batch_files = size.batch_files.clamp(1, proto::BATCH);
        self.work.notify_all();
    }

    pub(super) fn submit(&self, job: Job) -> NewOpener {
        let mut state = self.lock();
        if state.stopping {
            drop(state);
            (self.sink)(EngineEvent::Finished(job.id, Outcome::Returned));
            return NewOpener::Enough;
        }
        state.held += 1;
        self.enqueue(&mut state, job, Among::Last)
    }

    fn enqueue(&self, state: &mut State, job: Job, among: Among) -> NewOpener {
        let unopened = state.unopened.entry(job.fs).or_default();
        let at = unopened.jobs.partition_point(|other| match among {
            Among::First => other.priority < job.priority,
            Among::Last => other.priority <= job.priority,
        });
        unopened.jobs.insert(at, job);
        self.room.notify_all();
        if unopened.idle > 0 || unopened.openers >= OPENERS {
            return NewOpener::Enough;
        }
        unopened.openers += 1;
        NewOpener::Wanted
    }

    // What opener threads call.

    /// Jobs to open, when there are some and there is room for them; `None` ends the opener.
    pub(super) fn to_open(&self, fs: FsId) -> Option<Vec<Job>> {
        let mut state = self.lock();
        loop {
            let room = self.config.descriptors.saturating_sub(state.open);
            let stopping = state.stopping;
            let unopened = state.unopened.entry(fs).or_default();
            let count = unopened.jobs.len().min(room).min(OPENED_AT_ONCE);
            if count > 0 && !stopping {
                let jobs: Vec<Job> = unopened.jobs.drain(..count).collect();
                state.open += count;
                state.opening.extend(jobs.iter().map(|job| job.id));
                return Some(jobs);
            }
            unopened.idle += 1;
            let jobs_wait = !unopened.jobs.is_empty();
            let timed_out;
            (state, timed_out) = self.wait(&self.room, state, (!jobs_wait).then_some(IDLE));
            let stopping = state.stopping;
            let unopened = state.unopened.entry(fs).or_default();
            unopened.idle -= 1;
            if stopping || (timed_out && unopened.jobs.is_empty()) {
                unopened.openers -= 1;
                if unopened.openers == 0 && unopened.jobs.is_empty() {
                    state.unopened.remove(&fs);
                }
                return None;
            }
        }
    }

    pub(super) fn opener_failed(&self, fs: FsId) {
        if let Some(unopened) = self.lock().unopened.get_mut(&fs) {
            unopened.openers -= 1;
        }
    }

    pub(super) fn opened(&self, opened: Opened) {
        let mut state = self.lock();
        if state.opening.remove(&opened.job.id) {
            let at = state.opened.partition_point(|other| other.job.priority <= opened.job.priority);
            state.opened.insert(at, opened);
            self.work.notify_all();
        }
    }

    pub(super) fn finished_unopened(&self, job: &Job, outcome: Outcome) {
        let known = self.lock().opening.remove(&job.id);
        if known {
            self.finish(job.id, outcome);
        }
    }

    /// It could not be opened now, through no fault of its own.
    pub(super) fn reopen(&self, job: Job) {
        let mut state = self.lock();
        if state.opening.remove(&job.id) {
            state.open -= 1;
            // The caller is an opener of this very file system.
            state.unopened.entry(job.fs).or_default().jobs.push_front(job);
        }
    }

    // What slots call.

    /// Waits until there is something for this slot to do.
    pub(super) fn next(&self, slot: usize, has_worker: bool) -> Next {
        let mut state = self.lock();
        loop {
            let surplus = slot >= state.workers;
            match () {
                () if state.stopping => return Next::Stop,
                () if surplus && has_worker => return Next::Release,
                () if !surplus && !state.opened.is_empty() => return Next::Work,
                () => {}
            }
            let timed_out;
            (state, timed_out) = self.wait(&self.work, state, has_worker.then_some(IDLE));
            if timed_out && state.opened.is_empty() {
                return Next::Release;
            }
        }
    }

    /// Whether this slot's worker is to end after the file in hand.
    pub(super) fn is_over(&self, slot: usize) -> bool {
        let state = self.lock();
        state.stopping || slot >= state.workers
    }

    /// A new worker sits in the slot.
    pub(super) fn seat(&self, slot: usize, pid: u32) {
        let mut state = self.lock();
        state.seats.insert(slot, Seat { pid, files: 0, jobs: VecDeque::new(), since: Instant::now() });
        if std::mem::take(&mut state.troubled) {
            drop(state);
            (self.sink)(EngineEvent::WorkersBack);
        }
    }

    /// No worker could be started; waits before the next attempt.
    pub(super) fn no_worker(&self, why: String, backoff: Duration) {
        let mut state = self.lock();
        if state.seats.is_empty() && !state.troubled {
            state.troubled = true;
            drop(state);
            (self.sink)(EngineEvent::NoWorkers { why });
            state = self.lock();
        }
        let until = Instant::now() + backoff;
        while !state.stopping && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            (state, _) = self.wait(&self.work, state, Some(left));
        }
    }

    /// The slot's worker has ended; gives the jobs it had, the one in hand first.
    pub(super) fn unseat(&self, slot: usize) -> VecDeque<Job> {
        self.lock().seats.remove(&slot).map(|seat| seat.jobs).unwrap_or_default()
    }

    /// The next files for the slot's worker: its share of what waits, at most a batch. Empty when others were faster.
    pub(super) fn take(&self, slot: usize) -> Batch {
        let mut state = self.lock();
        let State { opened, seats, workers, batch_files, stopping, .. } = &mut *state;
        let mut batch = Batch::default();
        let Some(seat) = seats.get_mut(&slot).filter(|_| !*stopping && slot < *workers) else { return batch };
        let share = opened.len().div_ceil((*workers).max(1)).min(*batch_files);
        while batch.files.len() < share && !batch.alone {
            let Some(next) = opened.front() else { break };
            batch.alone = next.job.attempts > 0;
            if batch.alone && !(batch.files.is_empty() && seat.jobs.is_empty()) {
                batch.alone = false;
                break;
            }
            let Some(Opened { job, file }) = opened.pop_front() else { break };
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
    pub(super) fn load(&self, slot: usize) -> (usize, usize) {
        let state = self.lock();
        (state.seats.get(&slot).map_or(0, |seat| seat.jobs.len()), state.batch_files)
    }

    /// The file the slot's worker has in hand.
    pub(super) fn in_hand(&self, slot: usize) -> Option<FileId> {
        self.lock().seats.get(&slot)?.jobs.front().map(|job| job.file)
    }

    /// The file in hand is done; the next one is in hand.
    pub(super) fn done(&self, slot: usize, outcome: Outcome) {
        let job = self.lock().seats.get_mut(&slot).and_then(|seat| {
            seat.files += 1;
            seat.since = Instant::now();
            seat.jobs.pop_front()
        });
        if let Some(job) = job {
            self.finish(job.id, outcome);
        }
    }

    /// A job that had a descriptor, or was about to, has its outcome.
    pub(super) fn finish(&self, job: JobId, outcome: Outcome) {
        let mut state = self.lock();
        state.held -= 1;
        state.open -= 1;
        drop(state);
        self.room.notify_all();
        (self.sink)(EngineEvent::Finished(job, outcome));
    }

    /// The `count` jobs last taken could not be sent.
    pub(super) fn untake(&self, slot: usize, count: usize) -> VecDeque<Job> {
        let mut state = self.lock();
        let Some(seat) = state.seats.get_mut(&slot) else { return VecDeque::new() };
        seat.jobs.split_off(seat.jobs.len().saturating_sub(count))
    }

    /// A job of a worker that has ended waits again, before others of its priority.
    pub(super) fn put_back(&self, job: Job) -> NewOpener {
        let mut state = self.lock();
        state.open -= 1;
        self.enqueue(&mut state, job, Among::First)
    }

    pub(super) fn distrust(&self, files: Vec<FileId>) {
        if !files.is_empty() {
            (self.sink)(EngineEvent::Distrusted(files));
        }
    }

    // What the engine calls.

    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// After the slots have ended: what is still here goes back. An opener that hangs finds its job gone.
    pub(super) fn give_back_all(&self) {
        let mut state = self.lock();
        let mut jobs: Vec<JobId> = state.opening.drain().collect();
        jobs.extend(state.opened.drain(..).map(|opened| opened.job.id));
        jobs.extend(state.unopened.values_mut().flat_map(|unopened| unopened.jobs.drain(..)).map(|job| job.id));
        state.held -= jobs.len();
        drop(state);
        jobs.into_iter().for_each(|job| (self.sink)(EngineEvent::Finished(job, Outcome::Returned)));
    }

    pub(super) fn workers(&self) -> Vec<WorkerInfo> {
        let mut workers: Vec<WorkerInfo> = (self.lock().seats.values())
            .map(|seat| {
                let since = seat.since.elapsed();
                let in_hand = |job: &Job| InHand { job: job.id, file: job.file, path: job.absolute(), since };
                WorkerInfo { pid: seat.pid, in_hand: seat.jobs.front().map(in_hand), files: seat.files, pss: 0 }
            })
            .collect();
        workers.iter_mut().for_each(|worker| worker.pss = process::pss(worker.pid));
        workers.sort_unstable_by_key(|worker| worker.pid);
        workers
    }

    /// Waits at one of the two conditions; says whether the time was over.
    fn wait<'a>(
        &self,
        condition: &Condvar,
        state: MutexGuard<'a, State>,
        time: Option<Duration>,
    ) -> (MutexGuard<'a, State>, bool) {
        match time {
            None => (condition.wait(state).unwrap_or_else(PoisonError::into_inner), false),
            Some(time) => {
                let (state, waited) = condition.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner);
                (state, waited.timed_out())
            }
        }
    }
}
