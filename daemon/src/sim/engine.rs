//! An engine without processes: what its workers do is chance under the seed and the content of the files; what follows
//! from it is the shipped policy.

use std::{
    collections::{BTreeSet, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metaextract::{Limits, Record};

use super::{
    kernel::World,
    tree::{Key, Kind},
};
use crate::{
    config::Settings,
    engine::{
        Engine, EngineEvent, Size, WorkerInfo,
        batch::{Opened, Share, batch, turn, weight},
        death::{Cause, Death, judge},
        policy::{Aftermath, Whims, Wish, aftermath},
    },
    model::{self, Cost, Encoded, FailureKind, FileId, Job, JobId, Outcome, ReaderId, Task, join},
    proto::{self, exit},
    readers,
};

/// Jobs it takes at once.
const CREDIT: usize = 40;
/// A reader that is not among those of today.
const OLD: ReaderId = ReaderId(7);
/// Files after which a worker is replaced.
const LIFE: usize = 60;

/// The engine as the loop has it, and as the simulator moves it on.
#[derive(Debug, Clone)]
pub(super) struct Bench(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    world: Arc<World>,
    size: Size,
    unopened: VecDeque<Job>,
    /// Each with its inode, and what that held when it was opened.
    opened: VecDeque<Opened<(Key, u64)>>,
    workers: Vec<Option<Worker>>,
    whims: Whims,
    told: VecDeque<EngineEvent>,
    /// Jobs with whose results the daemon ends.
    fatal: BTreeSet<JobId>,
    faults: Faults,
    stopped: bool,
    /// The roots that are watched now: nothing else is to be read.
    watched: BTreeSet<PathBuf>,
}

/// How often something befalls a worker, in a thousand files.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    /// Somebody kills it.
    pub killed: usize,
    /// It tells lies, and is found out later.
    pub captured: usize,
    /// Its program is of an earlier version, not in thousandths.
    pub is_old: bool,
}

#[derive(Debug, Default)]
struct Worker {
    /// Files it has given results for.
    life: Vec<FileId>,
    jobs: VecDeque<Job>,
    keys: VecDeque<(Key, u64)>,
    alone: bool,
    is_captured: bool,
}

/// What reading a content comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    Whole,
    Partial,
    Kills(Death),
    Endless,
    Babbles,
    /// The daemon itself ends when it takes the result up.
    Fatal,
}

/// What a reader makes of a content, in a story where some may be `fatal`.
pub(super) fn nature(content: u64, fatal: bool) -> Nature {
    match content.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58 {
        0 => Nature::Kills(Death::Signaled(libc::SIGSEGV)),
        1 => Nature::Kills(Death::Exited(exit::PANIC)),
        2 => Nature::Kills(Death::Signaled(libc::SIGSYS)),
        3 => Nature::Endless,
        4 => Nature::Babbles,
        5..10 => Nature::Partial,
        10 if fatal => Nature::Fatal,
        _ => Nature::Whole,
    }
}

impl Bench {
    pub(super) fn new(world: &Arc<World>, faults: Faults) -> Self {
        let state = State {
            world: Arc::clone(world),
            size: Size::calm(0, 1),
            unopened: VecDeque::new(),
            opened: VecDeque::new(),
            workers: Vec::new(),
            whims: Whims::default(),
            told: VecDeque::new(),
            fatal: BTreeSet::new(),
            faults,
            stopped: false,
            watched: BTreeSet::new(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on only files of these roots are wanted.
    pub(super) fn watch(&self, settings: &Settings) {
        self.lock().watched = settings.roots.iter().map(|root| root.path.clone()).collect();
    }

    /// No worker comes to harm any more but by its files, and those that were captured are found out.
    pub(super) fn calm(&self) {
        let mut state = self.lock();
        state.faults = Faults { is_old: state.faults.is_old, ..Faults::default() };
        for slot in 0..state.workers.len() {
            if state.workers[slot].as_ref().is_some_and(|worker| worker.is_captured) {
                state.bury(slot, Death::Signaled(libc::SIGSYS), None);
            }
        }
    }

    /// Whether [`Self::step`] would do something.
    pub(super) fn is_busy(&self) -> bool {
        let state = self.lock();
        let has_work = !state.unopened.is_empty() || !state.opened.is_empty();
        let reads = state.workers.iter().flatten().any(|worker| !worker.jobs.is_empty());
        !state.stopped && (reads || (state.size.workers > 0 && has_work))
    }

    /// Something happens: a file is opened, a worker takes files or is done with one.
    pub(super) fn step(&self) {
        let mut state = self.lock();
        let world = Arc::clone(&state.world);
        let chance = world.lock().rng.below(3);
        if state.size.workers > 0 && (chance == 0 || state.opened.is_empty()) && state.open() {
            return;
        }
        let slots = state.workers.len().max(state.size.workers);
        state.workers.resize_with(slots, || None);
        if slots > 0 {
            let slot = world.lock().rng.below(slots);
            state.slot(slot);
        }
    }

    /// Whether it has something to tell.
    pub(super) fn has_told(&self) -> bool {
        !self.lock().told.is_empty()
    }

    /// Whether the daemon ends when it takes this up.
    pub(super) fn is_fatal(&self, event: &EngineEvent) -> bool {
        matches!(event, EngineEvent::Finished(job, _) if self.lock().fatal.contains(job))
    }

    /// What it tells next.
    pub(super) fn told(&self) -> Option<EngineEvent> {
        self.lock().told.pop_front()
    }
}

impl State {
    /// Opens the next file, if it is the one that was planned.
    fn open(&mut self) -> bool {
        let Some(job) = self.unopened.pop_front() else { return false };
        let found = look(&self.world, &job);
        match found {
            Ok(file) => {
                let at = self.opened.partition_point(|other| turn(&other.job) <= turn(&job));
                self.opened.insert(at, Opened::new(job, file));
            }
            Err(outcome) => self.told.push_back(EngineEvent::Finished(job.id, outcome)),
        }
        true
    }

    fn slot(&mut self, slot: usize) {
        let surplus = slot >= self.size.workers;
        let idle = self.workers[slot].as_ref().is_none_or(|worker| worker.jobs.is_empty());
        if !idle {
            return self.read(slot);
        }
        let suspect = self.opened.front().is_some_and(|opened| opened.job.attempts > 0);
        let used = |worker: &Worker| {
            surplus || worker.alone || worker.life.len() >= LIFE || (suspect && !worker.life.is_empty())
        };
        if self.workers[slot].as_ref().is_some_and(used) {
            self.bury(slot, Death::Exited(exit::DONE), Some(Cause::Surplus));
        }
        if !surplus {
            self.take(slot);
        }
    }

    fn take(&mut self, slot: usize) {
        let all = self.opened.iter().map(|opened| weight(&opened.job)).sum();
        let share = Share::of(all, 0, self.size.workers, self.size.batch_files);
        let captured = self.faults.captured;
        let is_captured = self.world.lock().rng.chance(captured);
        let worker = self.workers[slot].get_or_insert_with(Worker::default);
        let is_fresh = worker.life.is_empty() && worker.jobs.is_empty();
        let (taken, alone) = batch(&mut self.opened, is_fresh, share);
        worker.alone = alone;
        // Nothing that it has read can have captured one that has read nothing.
        worker.is_captured |= is_captured && !alone && !taken.is_empty();
        for Opened { job, file, .. } in taken {
            worker.jobs.push_back(job);
            worker.keys.push_back(file);
        }
    }

    /// The worker goes on with the file in hand.
    fn read(&mut self, slot: usize) {
        let Some(worker) = &mut self.workers[slot] else { return };
        let Some(&(key, was)) = worker.keys.front() else { return };
        let (nature, content, killed, caught) = {
            let mut world = self.world.lock();
            let content = match world.tree.inode(key).map(|inode| &inode.kind) {
                Some(Kind::File { content, .. }) => *content,
                // Removed while it was open: its bytes are still there, its number is not needed any more.
                _ => was,
            };
            let killed = world.rng.chance(self.faults.killed);
            (nature(content, world.fatal), content, killed, worker.is_captured && world.rng.chance(200))
        };
        if killed {
            return self.bury(slot, Death::Signaled(libc::SIGKILL), None);
        }
        if caught {
            return self.bury(slot, Death::Signaled(libc::SIGSYS), None);
        }
        match nature {
            Nature::Kills(death) => self.bury(slot, death, None),
            Nature::Endless => self.bury(slot, Death::Signaled(libc::SIGKILL), Some(Cause::Clock("endless"))),
            Nature::Babbles => self.bury(slot, Death::Signaled(libc::SIGKILL), Some(Cause::Broken("babble".into()))),
            Nature::Whole | Nature::Partial | Nature::Fatal => self.done(slot, content, nature),
        }
    }

    fn done(&mut self, slot: usize, content: u64, nature: Nature) {
        let Some(worker) = &mut self.workers[slot] else { return };
        let Some(job) = worker.jobs.pop_front() else { return };
        worker.keys.pop_front();
        let lie = if worker.is_captured { 1_000_000 } else { 0 };
        worker.life.push(job.file);
        let line = format!("job {}: read, content {content}, captured: {}", job.id.0, worker.is_captured);
        self.world.lock().log.push(line);
        self.whims.forget(job.file);
        if nature == Nature::Fatal {
            self.fatal.insert(job.id);
        }
        let told = content + lie;
        let outcome = match job.task {
            Task::Record => Outcome::Read {
                record: record(told, nature),
                reader: if self.faults.is_old { OLD } else { readers::id("") },
                cost: Cost::default(),
            },
            // Samples agree now and then where the whole does not.
            Task::Sample if job.stamp.size > proto::SAMPLED_WHOLE => Outcome::Digest(Some([(told % 4) as u8; 16])),
            Task::Sample | Task::Digest => Outcome::Digest(Some(u128::from(told).to_le_bytes())),
        };
        self.told.push_back(EngineEvent::Finished(job.id, outcome));
        if slot >= self.size.workers {
            self.bury(slot, Death::Exited(exit::DONE), Some(Cause::Surplus));
        }
    }

    fn bury(&mut self, slot: usize, death: Death, cause: Option<Cause>) {
        let Some(worker) = self.workers[slot].take() else { return };
        let wish = if matches!(cause, Some(Cause::Surplus)) { Wish::Ours } else { Wish::NotOurs };
        // What has been captured gives itself away in the end.
        let death = if worker.is_captured { Death::Signaled(libc::SIGSYS) } else { death };
        let verdict = judge(death, cause, None);
        let Aftermath { distrusted, finished, back, .. } =
            aftermath(verdict, wish, worker.jobs, worker.life, &mut self.whims);
        if !distrusted.is_empty() {
            self.world.lock().log.push(format!("distrusted: {distrusted:?}"));
            self.told.push_back(EngineEvent::Distrusted(distrusted));
        }
        self.told.extend(finished.map(|(job, outcome)| EngineEvent::Finished(job.id, outcome)));
        back.into_iter().rev().for_each(|job| self.enqueue_first(job));
    }

    fn enqueue_first(&mut self, job: Job) {
        let at = self.unopened.partition_point(|other| other.priority < job.priority);
        self.unopened.insert(at, job);
    }

    fn held(&self) -> usize {
        let in_workers: usize = self.workers.iter().flatten().map(|worker| worker.jobs.len()).sum();
        self.unopened.len() + self.opened.len() + in_workers
    }
}

/// The record of a content.
fn record(content: u64, nature: Nature) -> Encoded {
    let mut record = Record::new(&Limits::default());
    record.put("Sim", "Content", content);
    if nature == Nature::Partial {
        record.stop(&metaextract::Error::Truncated { at: 7, wanted: 1 });
    }
    record.finish();
    Encoded::from(&record)
}

/// The inode of a job's file, if it is still what was planned.
#[expect(clippy::result_large_err, reason = "it is moved once, in tests")]
fn look(world: &World, job: &Job) -> Result<(Key, u64), Outcome> {
    let state = world.lock();
    let tree = &state.tree;
    let Some(mut at) = tree.at(&job.root) else { return Err(Outcome::Gone) };
    let unreadable = || Outcome::Unreadable { kind: FailureKind::PermissionDenied, text: "may not be opened".into() };
    for name in job.path.split(|&b| b == b'/') {
        match tree.inode(at) {
            Some(inode) if inode.mode & 0o100 == 0 => return Err(Outcome::Changed),
            _ => {}
        }
        at = tree.child(at, name).ok_or(Outcome::Gone)?;
    }
    let inode = tree.inode(at).ok_or(Outcome::Gone)?;
    let Kind::File { size, content, .. } = inode.kind else { return Err(Outcome::Gone) };
    let stamp = model::Stamp { size, mtime: inode.mtime, ctime: inode.ctime };
    if inode.number != job.inode || stamp != job.stamp {
        return Err(Outcome::Changed);
    }
    if inode.mode & 0o400 == 0 { Err(unreadable()) } else { Ok((at, content)) }
}

impl Engine for Bench {
    fn credit(&self) -> usize {
        CREDIT.saturating_sub(self.lock().held())
    }

    fn submit(&mut self, job: Job) {
        let mut state = self.lock();
        let path = join(&job.root, &job.path);
        assert!(state.watched.contains(model::path(&job.root)), "a file of {:?} is read", model::path(&job.root));
        let line = format!(
            "job {}: file {} at {}, failed {}",
            job.id.0,
            job.file.0,
            String::from_utf8_lossy(&path),
            job.attempts
        );
        state.world.lock().log.push(line);
        let at = state.unopened.partition_point(|other| other.priority <= job.priority);
        state.unopened.insert(at, job);
    }

    fn resize(&mut self, size: Size) {
        let mut state = self.lock();
        state.size = size;
        if size.workers == 0 {
            // Told to pause: nothing of the user's stays open.
            let opened = std::mem::take(&mut state.opened);
            opened.into_iter().rev().for_each(|opened| state.enqueue_first(opened.job));
        }
    }

    fn stop(&mut self) {
        self.lock().stopped = true;
    }

    fn workers(&self) -> Vec<WorkerInfo> {
        Vec::new()
    }
}
