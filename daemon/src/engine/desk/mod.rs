//! The desk between opener threads and slots: jobs waiting to be opened, files waiting to be read, jobs with workers.
//!
//! One lock over all of it, held for moments and never over a system call or the sink: every step moves a job from one place
//! to another, and with channels instead no one could tell how many there are, give them back, or put one first.

mod disk;
mod openers;
mod slots;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    os::fd::OwnedFd,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use self::disk::Disk;
pub(super) use self::slots::{Batch, Next};
use super::{Config, EngineEvent, InHand, Sink, Size, WorkerInfo, batch::Opened, policy::Whims, process};
use crate::{
    model::{FsId, Job, JobId, Outcome},
    proto::{self, Achieved},
};

/// Threads that open files of one file system. Two: one that hangs does not hold up the rest of a slow disk.
const OPENERS: usize = 2;
/// Jobs an opener takes at once.
const OPENED_AT_ONCE: usize = 8;
/// How long slots may take to end beyond that.
const LAST_SLOTS: Duration = Duration::from_secs(5);
/// How long a thread or worker without work is kept.
const IDLE: Duration = Duration::from_secs(10);
/// How long files in hand of workers that are to hurry may still take.
const HURRIED_FILES: Duration = Duration::from_millis(200);
/// How long files in hand may still take when the engine stops.
const LAST_FILES: Duration = Duration::from_secs(1);

pub(super) struct Desk {
    pub(super) config: Config,
    sink: Sink,
    state: Mutex<State>,
    /// Slots wait here for open files.
    work: Condvar,
    /// Slots that are too many wait here to be needed.
    need: Condvar,
    /// Openers wait here for jobs and for room.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    workers: usize,
    /// Told to have no workers: then no file of the user's is held open. Not so before the first size is known.
    paused: bool,
    /// Since when workers that are too many are in a hurry to end.
    hurried_since: Option<Instant>,
    batch_files: usize,
    /// See [`Size`].
    spread: usize,
    read_ahead: usize,
    /// Since when it stops.
    stopping: Option<Instant>,
    /// Jobs taken and not finished.
    held: usize,
    /// Descriptors held or about to be, in `opened` and with workers.
    open: usize,
    disks: HashMap<FsId, Disk>,
    /// With an opener now. What is not here any more when the opener comes back has been given back already.
    opening: HashSet<JobId>,
    opened: VecDeque<Opened<OwnedFd>>,
    seats: HashMap<usize, Seat>,
    /// Workers that have sat in them so far.
    started: u64,
    whims: Whims,
    /// What the walls around the last worker are worth, as told.
    achieved: Option<Achieved>,
    /// Whether the lack of workers has been told.
    troubled: bool,
    /// When a file last could not be opened for want of something; none when that is over and was said.
    short: Option<Instant>,
    /// Slots whose threads have not ended.
    slots_alive: usize,
    /// Slots that wait for open files.
    idle: usize,
}

/// A slot's worker and the jobs it has, the one in hand first.
#[derive(Debug)]
struct Seat {
    pid: u32,
    files: u64,
    jobs: VecDeque<Job>,
    since: Instant,
    /// Since when the worker waits for the disk of the file in hand.
    waits: Option<Instant>,
}

impl Seat {
    /// The file system of its files: a batch is of one.
    fn fs(&self) -> Option<FsId> {
        self.jobs.front().map(|job| job.fs)
    }
}

impl State {
    /// Slots that may have workers: one that waits for a disk that does not answer has another work in its stead.
    fn slots(&self) -> usize {
        let now = Instant::now();
        let waiting = self.seats.values().filter(|seat| seat.waits.is_some());
        let silent = waiting.filter_map(Seat::fs).filter(|fs| self.is_silent(*fs, now));
        self.workers + silent.count().min(self.workers)
    }

    fn disk(&mut self, fs: FsId) -> &mut Disk {
        self.disks.entry(fs).or_default()
    }
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

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Desk {
    pub(super) fn new(mut config: Config, sink: Sink) -> Self {
        config.descriptors = config.descriptors.min(process::files_allowed());
        Self { config, sink, state: Mutex::default(), work: Condvar::new(), need: Condvar::new(), room: Condvar::new() }
    }

    /// A thread that panicked while it held the lock left no step half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn credit(&self) -> usize {
        let state = self.lock();
        let wanted = state.workers.saturating_mul(state.batch_files).saturating_mul(3).min(self.config.descriptors);
        // A file system that does not answer must not use up the credit of the others.
        let stuck = state.held_up(Instant::now());
        match state.stopping {
            Some(_) => 0,
            None => wanted.saturating_sub(state.held.saturating_sub(stuck)),
        }
    }

    /// Gives the file systems that need a further opener.
    pub(super) fn resize(&self, size: Size) -> Vec<FsId> {
        let mut state = self.lock();
        if size.workers < state.workers {
            // Who is too many since now has its time from now.
            state.hurried_since = None;
        }
        state.workers = size.workers;
        state.paused = size.workers == 0;
        let hurry = size.hurry || state.paused;
        state.hurried_since = hurry.then(|| state.hurried_since.unwrap_or_else(Instant::now));
        state.batch_files = size.batch_files.clamp(1, proto::BATCH);
        (state.spread, state.read_ahead) = (size.spread, size.read_ahead);
        self.work.notify_all();
        self.need.notify_all();
        self.room.notify_all();
        if !state.paused {
            return Vec::new();
        }
        let (jobs, files): (Vec<Job>, Vec<OwnedFd>) =
            std::mem::take(&mut state.opened).into_iter().map(|opened| (opened.job, opened.file)).unzip();
        state.open -= files.len();
        jobs.iter().for_each(|job| state.disk(job.fs).open -= 1);
        let mut wanted = Vec::new();
        for job in jobs.into_iter().rev() {
            let fs = job.fs;
            if self.enqueue(&mut state, job, Among::First) == NewOpener::Wanted {
                wanted.push(fs);
            }
        }
        drop(state);
        // Closing can hang in a file system that does not answer. Without a thread it is done here.
        _ = std::thread::Builder::new().name("closer".into()).spawn(move || drop(files));
        wanted
    }

    /// Takes jobs under one lock: who is called for the first finds all. Gives the file systems that need a further opener.
    pub(super) fn submit(&self, jobs: Vec<Job>) -> Vec<FsId> {
        let mut state = self.lock();
        if state.stopping.is_some() {
            drop(state);
            jobs.iter().for_each(|job| (self.sink)(EngineEvent::Finished(job.id, Outcome::Returned)));
            return Vec::new();
        }
        let mut wanted = Vec::new();
        for job in jobs {
            let fs = job.fs;
            state.held += 1;
            state.disk(fs).hold(&job);
            if self.enqueue(&mut state, job, Among::Last) == NewOpener::Wanted {
                wanted.push(fs);
            }
        }
        wanted
    }

    fn enqueue(&self, state: &mut State, job: Job, among: Among) -> NewOpener {
        let unopened = state.disk(job.fs);
        let at = unopened.jobs.partition_point(|other| match among {
            Among::First => other.priority < job.priority,
            Among::Last => other.priority <= job.priority,
        });
        unopened.jobs.insert(at, job);
        if unopened.idle > 0 {
            self.room.notify_all();
        } else if unopened.openers < OPENERS {
            unopened.openers += 1;
            return NewOpener::Wanted;
        }
        NewOpener::Enough
    }

    pub(super) fn stop(&self) {
        self.lock().stopping.get_or_insert_with(Instant::now);
        self.work.notify_all();
        self.need.notify_all();
        self.room.notify_all();
    }

    /// After the slots have ended: what is still here goes back. An opener that hangs finds its job gone.
    pub(super) fn give_back_all(&self) {
        let mut state = self.lock();
        let mut jobs: Vec<JobId> = state.opening.drain().collect();
        jobs.extend(state.opened.drain(..).map(|opened| opened.job.id));
        jobs.extend(state.disks.values_mut().flat_map(|disk| disk.jobs.drain(..)).map(|job| job.id));
        state.held -= jobs.len();
        drop(state);
        jobs.into_iter().for_each(|job| (self.sink)(EngineEvent::Finished(job, Outcome::Returned)));
    }

    /// Roots whose files wait for a file system that does not answer.
    pub(super) fn silent(&self) -> Vec<(Box<[u8]>, Duration)> {
        self.lock().silent(Instant::now())
    }

    /// A slot's thread begins or ends.
    pub(super) fn slot_is(&self, alive: bool) {
        let mut state = self.lock();
        state.slots_alive = if alive { state.slots_alive + 1 } else { state.slots_alive - 1 };
        self.room.notify_all();
    }

    /// Waits until all slots have ended, or hang for longer than anybody would wait.
    pub(super) fn await_slots(&self) {
        let until = Instant::now() + LAST_FILES + LAST_SLOTS;
        let mut state = self.lock();
        while state.slots_alive > 0 && Instant::now() < until {
            (state, _) = self.wait(&self.room, state, Some(until.saturating_duration_since(Instant::now())));
        }
    }

    pub(super) fn started(&self) -> u64 {
        self.lock().started
    }

    pub(super) fn workers(&self) -> Vec<WorkerInfo> {
        let mut workers: Vec<WorkerInfo> = (self.lock().seats.values())
            .map(|seat| {
                let since = seat.since.elapsed();
                let in_hand = |job: &Job| InHand { job: job.id, file: job.file, path: job.absolute() };
                WorkerInfo { pid: seat.pid, in_hand: seat.jobs.front().map(in_hand), since, files: seat.files }
            })
            .collect();
        workers.sort_unstable_by_key(|worker| worker.pid);
        workers
    }

    /// There is work for one slot more. Whoever is called and cannot take it calls the next.
    fn call(&self, state: &State) {
        if state.idle > 0 {
            self.work.notify_one();
        }
    }

    /// Waits at one of the conditions; says whether the time was over.
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
