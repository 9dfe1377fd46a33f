//! From a pending row to a committed result: the queue, the engine, and what follows from each outcome.

mod alike;
mod copies;
mod health;
mod outcome;
mod suspicion;
mod sweep;
mod target;
mod totals;
mod urgency;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use metaextract::Ahead;

use self::{copies::Copies, sweep::Sweep, urgency::Views};
pub(crate) use self::{health::Health, target::Target, totals::Totals};
use super::{
    outside::WallClock,
    slate::{Left, Slate},
};
use crate::{
    config::Retry,
    engine::Engine,
    model::{DirId, Expected, FileId, Job, JobId, Mutation, Place, PolicyId, Priority, ReaderId, Stamp, Task},
    proto::Achieved,
    queue::{
        Queue, Settle,
        cost::{Kind, Mix, Model, Prediction},
        rate::Bucket,
        worth::Worth,
    },
    store::CommitId,
};

/// Jobs below which the store is asked for more pending files.
const LOW: usize = 2_048;
/// Jobs above which new ones are left to the store.
const HIGH: usize = 8_192;

/// Jobs in hand of a root that does not answer.
const PROBES: usize = 8;

/// What is read at most of a file of which nothing is known, as far as is foreseen.
const UNKNOWN_READ: u64 = 64 << 10;

/// What reading goes by.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub settle: Settle,
    pub retry: Retry,
    pub policy: PolicyId,
    /// All readers at their present version.
    pub readers: Vec<ReaderId>,
    /// Bytes that may be read of one file.
    pub most_read: u64,
}

/// What follows from an outcome.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// To be committed.
    Commit(Vec<Mutation>),
    /// To be committed; the job is tried again once that is durable.
    Suspect(Mutation, Box<Job>),
    /// The file is not what the plan saw: look at its name.
    LookAt(Place),
    Nothing,
}

/// All reading.
pub(crate) struct Reading {
    pub engine: Box<dyn Engine>,
    pub queue: Queue,
    /// What files are likely to cost.
    pub costs: Model,
    /// What they count as work.
    worth: Worth,
    /// How each reader does.
    pub health: Health,
    wall_clock: WallClock,
    /// How much may be read.
    pub rate: Bucket,
    /// What the walls around workers are worth, as the last new one has measured it.
    pub achieved: Option<Achieved>,
    /// What the engine lacks to open files, and what to do.
    pub short: Option<String>,
    in_hand: HashMap<JobId, Job>,
    /// By file, the job in hand, and what is wanted after it.
    busy: HashMap<FileId, (JobId, Option<(Target, Priority)>)>,
    /// What the next daemon finds if this one ends suddenly: files in hand, and those whose results are not visible yet.
    pub slate: Slate,
    /// Failed tries by file.
    suspects: HashMap<FileId, u8>,
    /// Suspects that were in hand when the daemon ended: each is tried with nothing else in hand.
    lone: HashSet<FileId>,
    /// The one of them that is.
    alone: Option<JobId>,
    /// The commit by which these suspects are written down: before it is durable nothing is tried.
    accused: Option<CommitId>,
    /// An earlier daemon ended so soon after it had found the files in its hand that their rows went with it, and nobody can
    /// be accused: until all is done, what a walk finds is read when its rows are durable.
    pub is_careful: bool,
    /// Files of which a result was distrusted: read alone, since one of them is to blame.
    doubted: HashSet<FileId>,
    /// Retries whose failed try is not durable yet.
    not_durable: Vec<(CommitId, Box<Job>)>,
    /// Roots that do not answer, and how many of their jobs are in hand.
    held: HashMap<Box<[u8]>, usize>,
    sweep: Sweep,
    views: Views,
    rules: Rules,
    next_job: u64,
    /// Files that the last search left pending, all of them known: queued, or below a root that is away.
    pub left_pending: u64,
    /// Whether the search under way has found any.
    found_any: bool,
    copies: Copies,
    /// What the store is to be asked for copies' sake.
    alike: Vec<Alike>,
    /// Since the start.
    pub totals: Totals,
}

/// What the store is asked because a file may be a copy of another.
#[derive(Debug)]
pub(crate) enum Alike {
    /// The row of this one, of which a digest is wanted. It had this stamp.
    Ask { file: FileId, stamp: Stamp, task: Task, priority: Priority },
    /// Its record, which is this job's too.
    Take { job: Box<Job>, file: FileId, stamp: Stamp },
}

impl Reading {
    pub fn new(engine: Box<dyn Engine>, slate: Slate, rules: Rules, wall_clock: WallClock) -> Self {
        Self {
            worth: Worth::default(),
            health: Health::new(&rules.readers, wall_clock().wall),
            wall_clock,
            engine,
            slate,
            queue: Queue::new(rules.settle),
            costs: Model::default(),
            rate: Bucket::default(),
            achieved: None,
            short: None,
            in_hand: HashMap::new(),
            busy: HashMap::new(),
            suspects: HashMap::new(),
            lone: HashSet::new(),
            alone: None,
            accused: None,
            is_careful: false,
            doubted: HashSet::new(),
            not_durable: Vec::new(),
            held: HashMap::new(),
            sweep: Sweep::Due { from: DirId::TOP, again: false },
            views: Views::default(),
            rules,
            next_job: 0,
            left_pending: 0,
            found_any: false,
            copies: Copies::default(),
            alike: Vec::new(),
            totals: Totals::default(),
        }
    }

    /// The file's result is visible: it has done no harm.
    pub fn shown(&mut self, file: FileId) {
        if !self.busy.contains_key(&file) {
            self.slate.remove(file);
        }
    }

    /// Of these roots, which do not answer, no more is read than shows when they do again.
    pub fn hold<'a>(&mut self, roots: impl Iterator<Item = &'a [u8]>) {
        self.held = roots.map(|root| (root.into(), 0)).collect();
        for job in self.in_hand.values() {
            if let Some(count) = self.held.get_mut(&job.root) {
                *count += 1;
            }
        }
        // One that waits for them no longer keeps the others waiting.
        let waits = |id: &JobId| self.in_hand.get(id).filter(|job| self.held.contains_key(&job.root));
        if let Some(job) = self.alone.as_ref().and_then(waits) {
            self.slate.put(Left { file: job.file, dir: job.place.dir, alone: false, accused: 0 });
            self.alone = None;
        }
    }

    /// Nothing is to be done but what waits for roots that do not answer.
    pub fn rests(&self) -> bool {
        let held: usize = self.held.values().sum();
        self.queue.is_empty() && self.in_hand.len() <= held && self.not_durable.is_empty() && self.sweep == Sweep::Rest
    }

    /// Nothing waits, nothing is in hand, nothing is to be searched for.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_hand.is_empty() && self.not_durable.is_empty() && self.sweep == Sweep::Rest
    }

    /// Jobs with the engine.
    pub fn in_hand(&self) -> usize {
        self.in_hand.len()
    }

    /// How long what is left keeps a worker, in microseconds: files in the queue and in hand, and as many as are pending in all.
    pub fn us_left(&self, pending: u64) -> f64 {
        let mut in_hand = Mix::default();
        self.in_hand.values().for_each(|job| in_hand.add(Kind::of(job)));
        let known = self.queue.mix().us(&self.costs) + in_hand.us(&self.costs);
        let files = (self.queue.len() + self.in_hand.len()) as u64;
        match files {
            0 => pending as f64 * f64::from(Prediction::default().us.0),
            // What only the store knows of is taken to be as what is known.
            files => known * (pending.max(files) as f64 / files as f64),
        }
    }

    /// Whether some of them lie below this root.
    pub fn reads(&self, root: &[u8]) -> bool {
        self.in_hand.values().any(|job| *job.root == *root)
    }

    /// Files that are not due yet: to be tried again, or to be quiet first.
    pub fn delayed(&self) -> usize {
        self.not_durable.len() + self.queue.delayed().len()
    }

    /// How long each of them still waits, at least.
    pub fn waits(&self, now: Duration) -> HashMap<FileId, Duration> {
        let retries = self.not_durable.iter().map(|(_, job)| (job.file, self.backoff(job)));
        let queued = self.queue.delayed().map(|(due, job)| (job.file, due.saturating_sub(now)));
        retries.chain(queued).collect()
    }

    /// Files that are due, and wait for a worker.
    pub fn due(&self) -> usize {
        self.queue.len() - self.queue.delayed().len()
    }

    /// Queues a pending file. What is in hand already is read again afterwards, if it changed.
    pub fn want(&mut self, target: Target, priority: Priority, now: Duration) {
        if let Some((job, after)) = self.busy.get_mut(&target.file.id) {
            let same = self.in_hand.get(job).is_some_and(|job| {
                job.stamp == target.file.fingerprint.stamp && job.place == target.place && priority != Priority::Asked
            });
            if !same {
                *after = Some((target, priority));
            }
            return;
        }
        if priority == Priority::Asked {
            self.views.forget(target.file.id);
        }
        let priority = self.urgency(&target.file, priority);
        let job = self.job(target, priority);
        match priority {
            Priority::Fresh => self.queue.push_fresh(job, now),
            // Who ends the daemon again and again as soon as it starts may mean none of its files: it is not always the same
            // one that is in hand then.
            Priority::Crawl | Priority::Stale if job.attempts > 1 && self.lone.contains(&job.file) => {
                let due = now + self.backoff(&job);
                self.queue.push_at(job, due);
            }
            _ => self.queue.push(job),
        }
    }

    /// Nothing more of this root is waited for, but what the engine has.
    pub fn forget(&mut self, root: &[u8]) {
        self.queue.turns(root, false);
        self.queue.retain(|job| *job.root != *root);
        self.not_durable.retain(|(_, job)| *job.root != *root);
    }

    /// When more may be read, while something waits for that.
    pub fn refilled(&self) -> Option<Duration> {
        self.rate.due().filter(|_| self.queue.has_unasked())
    }

    /// Gives the engine what it takes, of roots that are watched still. What it gets is noted first.
    pub fn feed(&mut self, now: Duration, is_watched: impl Fn(&[u8]) -> bool) {
        self.queue.ripen(now);
        loop {
            let jobs = self.take(now, &is_watched);
            self.note();
            if jobs.is_empty() {
                return;
            }
            self.engine.submit_all(jobs);
        }
    }

    /// Writes down what is in hand now.
    pub fn note(&mut self) {
        if self.accused.is_none() {
            self.slate.write();
        }
    }

    /// The next jobs, as many as the engine takes.
    fn take(&mut self, now: Duration, is_watched: impl Fn(&[u8]) -> bool) -> Vec<Job> {
        let credit = if self.accused.is_none() { self.engine.credit() } else { 0 };
        let mut jobs = Vec::new();
        while jobs.len() < credit && self.alone.is_none() {
            // What a person waits for waits for nothing else.
            let least = if self.rate.flows(now) { Priority::Stale } else { Priority::Asked };
            let Some(next) = self.queue.peek(now, least) else { break };
            if !is_watched(&next.root) {
                // It was handed back or found meanwhile. Its rows go, or are found below another root.
                self.queue.pop(now, least, |_| {});
                continue;
            }
            let alone = self.lone.contains(&next.file);
            if alone && !self.has_nothing_in_hand() {
                break;
            }
            let costs = &self.costs;
            let Some(job) = self.queue.pop(now, least, |job| foresee(costs, job)) else { break };
            self.views.forget(job.file);
            let Some(mut job) = self.compared(job, now) else { continue };
            if let Some(count) = self.held.get_mut(&job.root) {
                if *count >= PROBES {
                    continue; // It stays pending in the store, and is searched for when its root answers.
                }
                *count += 1;
            }
            self.rate.take(job.expected.read);
            self.next_job += 1;
            job.id = JobId(self.next_job);
            job.ahead = self.costs.ahead(Kind::of(&job));
            self.busy.insert(job.file, (job.id, None));
            self.in_hand.insert(job.id, job.clone());
            self.slate.put(Left { file: job.file, dir: job.place.dir, alone, accused: 0 });
            self.alone = alone.then_some(job.id);
            jobs.push(job);
        }
        jobs
    }

    /// Nothing but what waits for roots that do not answer.
    fn has_nothing_in_hand(&self) -> bool {
        let held: usize = self.held.values().sum();
        self.in_hand.len() <= held && self.slate.len() <= held
    }

    fn job(&self, target: Target, priority: Priority) -> Job {
        let reader = self.costs.likely(target.file.fingerprint.reader, &target.path);
        Job {
            id: JobId(0),
            file: target.file.id,
            place: target.place,
            root: target.root,
            path: target.path,
            fs: target.identity.fs,
            inode: target.identity.inode,
            stamp: target.file.fingerprint.stamp,
            reader,
            expected: Expected::default(),
            in_order: false,
            ahead: Ahead::default(),
            priority,
            attempts: self.suspects.get(&target.file.id).copied().unwrap_or(0)
                + u8::from(self.doubted.contains(&target.file.id)),
            task: Task::Record,
        }
    }
}

/// Says in a job what reading it is likely to take, by what is known now.
fn foresee(costs: &Model, job: &mut Job) {
    job.reader = costs.likely(job.reader, &job.path);
    let kind = Kind::of(job);
    let Prediction { us, read, .. } = costs.predict(kind);
    let read = if costs.knows(kind) { read as u64 } else { job.stamp.size.min(UNKNOWN_READ) };
    job.expected = Expected { us: us.0 as u32, read };
}

#[cfg(test)]
mod tests;
