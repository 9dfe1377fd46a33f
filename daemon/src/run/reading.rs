//! From a pending row to a committed result: the queue, the engine, and what follows from each outcome.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use metaextract::ReasonKind;

use super::slate::{Left, Slate};
use crate::{
    config::Retry,
    engine::Engine,
    model::{
        Access, Cost, DirId, Encoded, EntryRow, FailureKind, FileId, FileResult, FileRow, Fingerprint, Identity, Job,
        JobId, Mutation, Node, Outcome, Place, PolicyId, Priority, ReaderId, path,
    },
    proto::Achieved,
    queue::{Queue, Settle},
    store::CommitId,
};

/// Jobs below which the store is asked for more pending files.
const LOW: usize = 2_048;
/// Jobs above which new ones are left to the store.
const HIGH: usize = 8_192;

/// Why a file has no record with which the daemon ended again and again.
const ENDED_DAEMON: &str = "the daemon ended while it was read";
/// Jobs in hand of a root that does not answer.
const PROBES: usize = 8;

/// A file that can become a job.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    place: Place,
    identity: Identity,
    access: Access,
    file: FileRow,
    /// The root's absolute path.
    root: Box<[u8]>,
    /// Below the root.
    path: Box<[u8]>,
}

impl Target {
    /// `None` for a directory.
    pub fn new(dir: DirId, entry: &EntryRow, root: &[u8], path: Vec<u8>) -> Option<Self> {
        let Node::File(file) = entry.node else { return None };
        let place = Place { dir, name: entry.name.clone() };
        Some(Self { place, identity: entry.identity, access: entry.access, file, root: root.into(), path: path.into() })
    }

    /// The file's number.
    pub fn id(&self) -> FileId {
        self.file.id
    }

    /// Its inode, if that has other names.
    pub fn inode_of_several(&self) -> Option<&Identity> {
        (self.file.links > 1).then_some(&self.identity)
    }

    /// The row it was made of, with its directory.
    pub fn into_row(self) -> (DirId, EntryRow) {
        let Self { place, identity, access, file, .. } = self;
        (place.dir, EntryRow { name: place.name, identity, access, node: Node::File(file) })
    }
}

/// The search of the store for pending files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    /// Nothing is known to be pending beyond the queue.
    Rest,
    /// To go on from here; `again` from the top afterwards, because something became pending meanwhile.
    Due { from: DirId, again: bool },
    /// Under way.
    Running { again: bool },
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
    retry: Retry,
    policy: PolicyId,
    next_job: u64,
    /// Files that the last search left pending, all of them known: queued, or below a root that is away.
    pub left_pending: u64,
    /// Whether the search under way has found any.
    found_any: bool,
    /// Since the start.
    pub totals: Totals,
}

/// Counted since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    /// Results given to the store.
    pub finished: u64,
    /// Of them, files without a record.
    pub failed: u64,
    /// Workers that failed on a file.
    pub strikes: u64,
}

impl Reading {
    pub fn new(engine: Box<dyn Engine>, slate: Slate, settle: Settle, retry: Retry, policy: PolicyId) -> Self {
        Self {
            engine,
            slate,
            queue: Queue::new(settle),
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
            retry,
            policy,
            next_job: 0,
            left_pending: 0,
            found_any: false,
            totals: Totals::default(),
        }
    }

    /// Failed tries of an earlier run.
    pub fn remember_suspects(&mut self, suspects: Vec<(FileId, u8, FailureKind)>) {
        let lone = suspects.iter().filter(|(_, _, kind)| *kind == FailureKind::EndedDaemon);
        self.lone = lone.map(|(file, ..)| *file).collect();
        self.suspects = suspects.into_iter().map(|(file, attempts, _)| (file, attempts)).collect();
    }

    /// The daemon ended suddenly while it had this pending file in hand. The first time, and with others in hand, that only
    /// makes it a suspect: the last try is one with nothing beside it.
    pub fn accuse(&mut self, target: Target, alone: bool) -> Vec<Mutation> {
        let mut job = self.job(target, Priority::Crawl);
        job.attempts = job.attempts.saturating_add(1);
        if alone && self.lone.contains(&job.file) && job.attempts >= self.retry.attempts {
            tracing::warn!(path = ?path(&job.absolute()), "the daemon ended again and again with a file, leaving it until it changes");
            return match self.give_up(&job, FailureKind::EndedDaemon, ENDED_DAEMON.into()) {
                Next::Commit(mutations) => mutations,
                _ => Vec::new(),
            };
        }
        let attempts = job.attempts.min(self.retry.attempts.saturating_sub(1)).max(1);
        self.suspects.insert(job.file, attempts);
        self.lone.insert(job.file);
        let Job { file, place, .. } = job;
        vec![Mutation::PutSuspect { file, place, attempts, kind: FailureKind::EndedDaemon }]
    }

    /// Another name of an accused file: as suspect as that one is now.
    pub fn accuse_like(&mut self, target: Target, accused: FileId) -> Option<Mutation> {
        let attempts = *self.suspects.get(&accused)?;
        let Target { place, file: FileRow { id: file, .. }, .. } = target;
        self.suspects.insert(file, attempts);
        self.lone.insert(file);
        Some(Mutation::PutSuspect { file, place, attempts, kind: FailureKind::EndedDaemon })
    }

    /// Which accusation of this file its being left makes; the same each time that is asked, though an earlier start may have
    /// written it down.
    pub fn accusation(&mut self, left: &Left) -> u8 {
        let known = self.suspects.get(&left.file).copied().unwrap_or(0);
        let before = left.accused.checked_sub(1).unwrap_or(known);
        self.suspects.insert(left.file, before);
        before.saturating_add(1)
    }

    /// With this commit all is written down that the last end of the daemon tells. One that is waited for already comes first:
    /// where there is always another, reading goes on between them.
    pub fn accused(&mut self, commit: CommitId) {
        _ = self.accused.get_or_insert(commit);
    }

    /// The file's result is visible: it has done no harm.
    pub fn shown(&mut self, file: FileId) {
        if !self.busy.contains_key(&file) {
            self.slate.remove(file);
        }
    }

    /// A worker that gave results for these files broke out of its rules: which of them made it do so shows only when
    /// each is read by a worker of its own.
    pub fn doubt(&mut self, files: &[FileId]) {
        self.doubted.extend(files);
    }

    /// Forgets the failed tries of a file that a person wants read again.
    pub fn forgive(&mut self, file: FileId) -> Option<Mutation> {
        self.lone.remove(&file);
        self.suspects.remove(&file).map(|_| Mutation::ClearSuspect(file))
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

    /// Retries that wait for their time.
    pub fn delayed(&self) -> usize {
        self.not_durable.len()
    }

    /// Whether the queue takes more of what the store could tell later.
    pub fn has_room(&self) -> bool {
        self.queue.len() < HIGH
    }

    /// Begins a search of the store, if it is time for one; says from where.
    pub fn begin_sweep(&mut self) -> Option<DirId> {
        match self.sweep {
            // What is accused may still look pending.
            Sweep::Due { from, again } if self.queue.len() < LOW && self.accused.is_none() => {
                self.sweep = Sweep::Running { again };
                Some(from)
            }
            _ => None,
        }
    }

    /// Something is pending that is not in the queue.
    pub fn search(&mut self) {
        self.sweep = match self.sweep {
            Sweep::Rest => Sweep::Due { from: DirId::TOP, again: false },
            Sweep::Due { from, .. } => Sweep::Due { from, again: from != DirId::TOP },
            Sweep::Running { .. } => Sweep::Running { again: true },
        };
    }

    /// What a search found, and where to go on.
    pub fn swept(&mut self, found: Vec<Target>, next: Option<DirId>, pending: u64, now: Duration) {
        let again = self.sweep == Sweep::Running { again: true };
        self.sweep = match next {
            Some(from) => Sweep::Due { from, again },
            None if again => Sweep::Due { from: DirId::TOP, again: false },
            None => Sweep::Rest,
        };
        self.found_any |= !found.is_empty();
        if self.sweep == Sweep::Rest {
            // What was found comes to an end some time, and then the count differs from this.
            self.left_pending = if std::mem::take(&mut self.found_any) { 0 } else { pending };
        }
        for target in found {
            let file = target.file.id;
            // On the slate are files in hand, and those whose results the search could not see yet.
            if !self.queue.contains(file) && !self.slate.contains(file) && !self.waits_for_durability(file) {
                self.want(target, Priority::Crawl, now);
            }
        }
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
        let job = self.job(target, priority);
        match priority {
            Priority::Fresh => self.queue.push_fresh(job, now),
            // Who ends the daemon again and again as soon as it starts may mean none of its files: it is not always the same
            // one that is in hand then.
            Priority::Crawl if job.attempts > 1 && self.lone.contains(&job.file) => {
                let due = now + self.backoff(&job);
                self.queue.push_at(job, due);
            }
            _ => self.queue.push(job),
        }
    }

    /// Gives the engine what it takes. What it gets is noted first.
    pub fn feed(&mut self, now: Duration) {
        self.queue.ripen(now);
        loop {
            let jobs = self.take(now);
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
    fn take(&mut self, now: Duration) -> Vec<Job> {
        let credit = if self.accused.is_none() { self.engine.credit() } else { 0 };
        let mut jobs = Vec::new();
        while jobs.len() < credit && self.alone.is_none() {
            let Some(next) = self.queue.peek(now).map(|job| job.file) else { break };
            let alone = self.lone.contains(&next);
            if alone && !self.has_nothing_in_hand() {
                break;
            }
            let Some(mut job) = self.queue.pop(now) else { break };
            if let Some(count) = self.held.get_mut(&job.root) {
                if *count >= PROBES {
                    continue; // It stays pending in the store, and is searched for when its root answers.
                }
                *count += 1;
            }
            self.next_job += 1;
            job.id = JobId(self.next_job);
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

    /// What follows from an outcome. An unknown job's is dropped.
    pub fn finished(&mut self, id: JobId, outcome: Outcome, now: Duration) -> Next {
        let Some(job) = self.in_hand.remove(&id) else { return Next::Nothing };
        if self.alone == Some(id) {
            self.alone = None;
        }
        if let Some(count) = self.held.get_mut(&job.root) {
            *count = count.saturating_sub(1);
        }
        let after = self.busy.remove(&job.file).and_then(|(_, after)| after);
        if let Some((target, priority)) = after {
            self.want(target, priority, now);
        }
        let file = job.file;
        let next = self.follow(job, outcome);
        if !matches!(next, Next::Commit(_)) {
            self.slate.remove(file);
        }
        next
    }

    fn follow(&mut self, job: Job, outcome: Outcome) -> Next {
        match outcome {
            Outcome::Read { record, .. } if self.is_tried_again(&job, &record) => {
                let text = record.stopped().map(|reason| reason.text.clone()).unwrap_or_default();
                self.unreadable(job, FailureKind::ReadError, text)
            }
            Outcome::Read { record, .. } if is_unreadable(&record) && !record.has_tags() => {
                let text = record.stopped().map(|reason| reason.text.clone()).unwrap_or_default();
                self.give_up(&job, FailureKind::ReadError, text)
            }
            Outcome::Read { record, reader, cost } => self.result(&job, FileResult::Record(record), reader, cost),
            Outcome::Unreadable { kind, text } => self.unreadable(job, kind, text),
            Outcome::Gone | Outcome::Changed => Next::LookAt(job.place),
            Outcome::Strike { kind, text } => self.strike(job, kind, text),
            Outcome::Returned => {
                if !self.queue.contains(job.file) {
                    self.queue.push(job);
                }
                Next::Nothing
            }
        }
    }

    /// The failed try is to be durable with this commit; then the file is tried again.
    pub fn retry_when_durable(&mut self, commit: CommitId, job: Box<Job>) {
        self.not_durable.push((commit, job));
    }

    /// Queues the retries whose failed tries are durable now.
    pub fn durable(&mut self, commit: CommitId, now: Duration) {
        if self.accused.is_some_and(|at| at <= commit) {
            self.accused = None;
            self.slate.begin();
        }
        let (ready, waiting) = std::mem::take(&mut self.not_durable).into_iter().partition(|(at, _)| *at <= commit);
        self.not_durable = waiting;
        for (_, job) in ready {
            let job: Box<Job> = job;
            // A newer job of the file has the failed tries too.
            if self.queue.contains(job.file) || self.busy.contains_key(&job.file) {
                continue;
            }
            let wait = self.backoff(&job);
            self.queue.push_at(*job, now + wait);
        }
    }

    fn waits_for_durability(&self, file: FileId) -> bool {
        self.not_durable.iter().any(|(_, job)| job.file == file)
    }

    fn result(&mut self, job: &Job, result: FileResult<Encoded>, reader: ReaderId, cost: Cost) -> Next {
        self.totals.finished += 1;
        let fingerprint = Fingerprint { stamp: job.stamp, reader, policy: self.policy };
        // A doubt counts as a try as long as it lasts.
        let attempts = job.attempts.saturating_sub(u8::from(self.doubted.remove(&job.file)));
        // Whoever ended the daemon, it was not a file that can be read.
        let is_innocent = self.lone.contains(&job.file) && matches!(result, FileResult::Record(_));
        let attempts = if is_innocent { 0 } else { attempts };
        let (file, place) = (job.file, job.place.clone());
        let mut mutations =
            vec![Mutation::PutResult { file, place, fingerprint, result: Box::new(result), cost, attempts }];
        mutations.extend(self.forgive(file));
        Next::Commit(mutations)
    }

    fn give_up(&mut self, job: &Job, kind: FailureKind, text: String) -> Next {
        self.totals.failed += 1;
        self.result(job, FileResult::Failed { kind, text }, ReaderId(0), Cost::default())
    }

    fn is_tried_again(&self, job: &Job, record: &Encoded) -> bool {
        is_unreadable(record) && job.attempts.saturating_add(1) < self.retry.attempts
    }

    /// A disk that fails now may not fail later; a right that is missing is missing until it is given.
    fn unreadable(&mut self, job: Job, kind: FailureKind, text: String) -> Next {
        match kind {
            FailureKind::ReadError => self.try_again(job, kind, text),
            _ => self.give_up(&job, kind, text),
        }
    }

    fn strike(&mut self, job: Job, kind: FailureKind, text: String) -> Next {
        self.totals.strikes += 1;
        self.try_again(job, kind, text)
    }

    fn try_again(&mut self, mut job: Job, kind: FailureKind, text: String) -> Next {
        job.attempts = job.attempts.saturating_add(1);
        if job.attempts >= self.retry.attempts {
            return self.give_up(&job, kind, text);
        }
        self.suspects.insert(job.file, job.attempts);
        let (file, place) = (job.file, job.place.clone());
        let suspect = Mutation::PutSuspect { file, place, attempts: job.attempts, kind };
        Next::Suspect(suspect, Box::new(job))
    }

    /// Doubles with each try; spread by the job's number, so that suspects do not come together again.
    fn backoff(&self, job: &Job) -> Duration {
        let doubled = self.retry.backoff.saturating_mul(1 << u32::from(job.attempts.clamp(1, 16) - 1));
        let jitter = doubled.mul_f64((job.file.0 % 32) as f64 / 64.0);
        (doubled + jitter).min(self.retry.backoff_max)
    }

    fn job(&self, target: Target, priority: Priority) -> Job {
        Job {
            id: JobId(0),
            file: target.file.id,
            place: target.place,
            root: target.root,
            path: target.path,
            fs: target.identity.fs,
            inode: target.identity.inode,
            stamp: target.file.fingerprint.stamp,
            priority,
            attempts: self.suspects.get(&target.file.id).copied().unwrap_or(0)
                + u8::from(self.doubted.contains(&target.file.id)),
        }
    }
}

/// Whether the kernel could not read the file to where its reader wanted.
fn is_unreadable(record: &Encoded) -> bool {
    record.stopped().is_some_and(|reason| reason.kind == ReasonKind::Read)
}

#[cfg(test)]
mod tests;
