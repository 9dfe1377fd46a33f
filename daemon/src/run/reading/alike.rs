//! What follows where a file may be a copy of another.

use std::time::Duration;

use super::{Alike, Next, Reading, Target, copies::Step};
use crate::{
    model::{Cost, Encoded, FileId, FileResult, Job, Outcome, Priority, ReaderId, Stamp, Task},
    proto::SAMPLED_WHOLE,
    store::Tier,
};

/// How long a file waits for another's digest before it asks anew: whoever was to give it may be gone.
const PATIENCE: Duration = Duration::from_secs(1);

impl Reading {
    /// Copies are looked for with so many bytes of memory, 0 for not at all, among files of up to `largest` bytes.
    pub fn look_for_copies(&mut self, most: usize, largest: u64) {
        self.copies.set(most, largest);
    }

    /// How well that serves.
    pub fn copy_use(&self) -> Tier {
        self.copies.usage()
    }

    /// Gives up what is only kept to find copies.
    pub fn forget_copies(&mut self) {
        self.copies.clear();
    }

    /// A file that has had a record since before the start.
    pub fn knows(&mut self, file: FileId, name: &[u8], stamp: Stamp) {
        self.copies.indexed(file, name, stamp);
    }

    /// What the store is to be asked.
    pub fn alike(&mut self) -> Vec<Alike> {
        std::mem::take(&mut self.alike)
    }

    /// A job as the engine is to have it; `None` where something else is to be done first.
    pub(super) fn compared(&mut self, job: Job, now: Duration) -> Option<Job> {
        if job.task != Task::Record {
            return Some(digesting(job));
        }
        match self.copies.step(&job) {
            Step::Do(task) => Some(digesting(Job { task, ..job })),
            Step::First(file, task) => {
                let stamp = self.copies.stamp(file)?;
                self.alike.push(Alike::Ask { file, stamp, task, priority: job.priority });
                self.copies.wait(job.file, file);
                self.queue.push_at(job, now + PATIENCE);
                None
            }
            Step::Take(file) => {
                let stamp = self.copies.stamp(file)?;
                self.alike.push(Alike::Take { job: Box::new(job), file, stamp });
                None
            }
        }
    }

    /// A file of which a digest is wanted for another's sake.
    pub fn lend(&mut self, target: Target, task: Task, priority: Priority) {
        let file = target.id();
        let in_hand = self.busy.get(&file).and_then(|(id, _)| self.in_hand.get(id));
        match in_hand {
            // The answer comes.
            Some(job) if job.task != Task::Record => {}
            // It is about to be another one.
            Some(_) => self.lost(file),
            None if self.queue.contains(file) => {
                if self.queue.task(file) == Some(Task::Record) {
                    self.lost(file);
                }
            }
            None => {
                let job = self.job(target, priority);
                self.queue.push(Job { task, ..job });
            }
        }
    }

    /// Nothing can be learned of this file now: who waited for it goes on without.
    pub fn lost(&mut self, file: FileId) {
        let waiting = self.copies.lost(file);
        self.go_on(&waiting);
    }

    /// It is parsed after all.
    pub fn parse(&mut self, job: Job) {
        self.copies.parse(job.file);
        if !self.queue.contains(job.file) {
            self.queue.push(job);
        }
    }

    /// It takes the record of a file with the same bytes.
    pub fn copy(&mut self, job: &Job, of: FileId, record: Encoded, reader: ReaderId) -> Next {
        self.copies.taken(job.file, of);
        self.result(job, FileResult::Record(record), reader, Cost::default())
    }

    /// The records of these files are distrusted: they are no measure for copies. Gives those that took them.
    pub fn distrusted(&mut self, files: &[FileId]) -> Vec<FileId> {
        let takers = self.copies.takers(files);
        files.iter().chain(&takers).for_each(|file| self.lost(*file));
        takers
    }

    /// What follows from the outcome of a job that was to give a digest.
    pub(super) fn digested(&mut self, job: Job, outcome: Outcome, now: Duration) -> Next {
        let file = job.file;
        let is_lent = self.copies.is_asked(file);
        if outcome == Outcome::Returned {
            let task = if is_lent { job.task } else { Task::Record };
            if !self.queue.contains(file) {
                self.queue.push(Job { task, ..job });
            }
            return Next::Nothing;
        }
        let digest = if let Outcome::Digest(digest) = outcome { digest } else { None };
        let waiting = self.copies.answered(&job, digest);
        self.go_on(&waiting);
        let job = Job { task: Task::Record, ..job };
        match outcome {
            Outcome::Gone | Outcome::Changed => return Next::LookAt(job.place),
            // It has its record.
            _ if is_lent => {}
            Outcome::Unreadable { .. } | Outcome::Strike { .. } => {
                self.copies.parse(file);
                return self.follow(job, outcome, now);
            }
            _ if digest.is_none() => self.parse(job),
            _ if self.queue.contains(file) => {}
            _ => self.queue.push(job),
        }
        Next::Nothing
    }

    /// What comes of a result for those that are like it.
    pub(super) fn settled(&mut self, job: &Job, has_record: bool) {
        match has_record {
            true => self.copies.indexed(job.file, &job.path, job.stamp),
            false => {
                let waiting = self.copies.failed(job.file);
                self.go_on(&waiting);
            }
        }
    }

    fn go_on(&mut self, files: &[FileId]) {
        for file in files {
            if let Some(job) = self.queue.remove(*file) {
                self.queue.push(job);
            }
        }
    }
}

/// What it reads is known, if it is to give a digest.
fn digesting(mut job: Job) -> Job {
    match job.task {
        Task::Record => {}
        Task::Sample => job.expected.read = job.stamp.size.min(SAMPLED_WHOLE),
        Task::Digest => job.expected.read = job.stamp.size,
    }
    job
}
