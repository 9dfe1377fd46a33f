//! What follows from each outcome.

use std::time::Duration;

use metaextract::ReasonKind;

use super::{Next, Reading};
use crate::{
    model::{
        Cost, Encoded, FailureKind, FileId, FileResult, Fingerprint, Job, JobId, Mutation, Outcome, ReaderId, Task,
    },
    queue::cost::Kind,
    readers,
    store::CommitId,
};

impl Reading {
    /// What follows from an outcome. An unknown job's is dropped.
    pub fn finished(&mut self, id: JobId, outcome: Outcome, now: Duration) -> Next {
        let Some(job) = self.in_hand.remove(&id) else { return Next::Nothing };
        if self.alone == Some(id) {
            self.alone = None;
        }
        if let Some(count) = self.held.get_mut(&job.root) {
            *count = count.saturating_sub(1);
        }
        let read = match &outcome {
            Outcome::Read { cost, .. } => cost.read.min(self.rules.most_read),
            // How much it was nobody says.
            Outcome::Strike { .. } | Outcome::Digest(_) => job.expected.read,
            Outcome::Gone | Outcome::Changed | Outcome::Unreadable { .. } | Outcome::Returned => 0,
        };
        self.rate.put_right(job.expected.read, read);
        let after = self.busy.remove(&job.file).and_then(|(_, after)| after);
        if let Some((target, priority)) = after {
            self.want(target, priority, now);
        }
        let file = job.file;
        let next = self.follow(job, outcome, now);
        if !matches!(next, Next::Commit(_)) {
            self.slate.remove(file);
        }
        next
    }

    pub(super) fn follow(&mut self, job: Job, outcome: Outcome, now: Duration) -> Next {
        if job.task != Task::Record {
            return self.digested(job, outcome, now);
        }
        self.totals.note(&outcome);
        match outcome {
            Outcome::Digest(_) => Next::Nothing,
            Outcome::Read { record, .. } if self.is_tried_again(&job, &record) => {
                let text = record.stopped().map(|reason| reason.text.clone()).unwrap_or_default();
                self.unreadable(job, FailureKind::ReadError, text)
            }
            Outcome::Read { record, .. } if is_unreadable(&record) && !record.has_tags() => {
                let text = record.stopped().map(|reason| reason.text.clone()).unwrap_or_default();
                self.give_up(&job, FailureKind::ReadError, text)
            }
            Outcome::Read { record, reader, cost } => {
                self.learn(&job, reader, &cost);
                let (stopped, wall) = (record.stopped().map(|reason| reason.kind), (self.wall_clock)().wall);
                self.health.read(reader, stopped, now, wall);
                self.result(&job, FileResult::Record(record), reader, cost)
            }
            Outcome::Unreadable { kind, text } => self.unreadable(job, kind, text),
            Outcome::Gone | Outcome::Changed => Next::LookAt(job.place),
            Outcome::Strike { kind, text } => {
                self.health.struck(now);
                self.strike(job, kind, text)
            }
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

    pub(super) fn waits_for_durability(&self, file: FileId) -> bool {
        self.not_durable.iter().any(|(_, job)| job.file == file)
    }

    fn learn(&mut self, job: &Job, reader: ReaderId, cost: &Cost) {
        self.totals.learned += 1;
        let slower = self.costs.learn(&job.path, reader, job.stamp.size, cost);
        self.health.learned(reader, slower.map(|worse| worse.times), &self.costs);
    }

    pub(super) fn result(&mut self, job: &Job, result: FileResult<Encoded>, reader: ReaderId, cost: Cost) -> Next {
        self.totals.finish(&result);
        self.settled(job, matches!(result, FileResult::Record(_)));
        let (kind, expected) = (Kind::of(job), self.costs.predict(Kind::of(job)).us.0);
        self.totals.us += f64::from(expected);
        let worth = self.worth.of(kind, expected);
        self.totals.worth_us += f64::from(worth.us);
        if !worth.is_known {
            self.totals.unknown_us += f64::from(worth.us);
        }
        let fingerprint = Fingerprint { stamp: job.stamp, reader, policy: self.rules.policy };
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

    pub(super) fn give_up(&mut self, job: &Job, kind: FailureKind, text: String) -> Next {
        self.health.failed(job.reader, kind, (self.wall_clock)().wall);
        self.result(job, FileResult::Failed { kind, text }, readers::all(), Cost::default())
    }

    fn is_tried_again(&self, job: &Job, record: &Encoded) -> bool {
        is_unreadable(record) && job.attempts.saturating_add(1) < self.rules.retry.attempts
    }

    /// A disk that fails now may not fail later; a right that is missing is missing until it is given.
    fn unreadable(&mut self, job: Job, kind: FailureKind, text: String) -> Next {
        match kind {
            FailureKind::ReadError => self.try_again(job, kind, text),
            _ => self.give_up(&job, kind, text),
        }
    }

    fn strike(&mut self, job: Job, kind: FailureKind, text: String) -> Next {
        self.try_again(job, kind, text)
    }

    fn try_again(&mut self, mut job: Job, kind: FailureKind, text: String) -> Next {
        job.attempts = job.attempts.saturating_add(1);
        if job.attempts >= self.rules.retry.attempts {
            return self.give_up(&job, kind, text);
        }
        self.suspects.insert(job.file, job.attempts);
        let (file, place) = (job.file, job.place.clone());
        let suspect = Mutation::PutSuspect { file, place, attempts: job.attempts, kind };
        Next::Suspect(suspect, Box::new(job))
    }

    /// Doubles with each try; spread by the job's number, so that suspects do not come together again.
    pub(super) fn backoff(&self, job: &Job) -> Duration {
        let doubled = self.rules.retry.backoff.saturating_mul(1 << u32::from(job.attempts.clamp(1, 16) - 1));
        let jitter = doubled.mul_f64((job.file.0 % 32) as f64 / 64.0);
        (doubled + jitter).min(self.rules.retry.backoff_max)
    }
}

/// Whether the kernel could not read the file to where its reader wanted.
fn is_unreadable(record: &Encoded) -> bool {
    record.stopped().is_some_and(|reason| reason.kind == ReasonKind::Read)
}
