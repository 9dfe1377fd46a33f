//! Work that a caller follows: how far it is, and when it has ended.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use tokio::sync::watch;

use super::roots::RootId;
use crate::{
    control::{AbsPath, JobKind, JobNumber, JobProgress, JobResult, JobState, StartedJob, Viewer},
    model::{DirId, FileId},
    store::{CommitId, Counts},
};

/// What a job still waits for.
#[derive(Debug)]
enum Goal {
    /// These roots are walked, then everything pending is read.
    Idle { walks: HashSet<RootId> },
    /// These roots have been looked at; then it is known which files it is about.
    Looking { walks: HashSet<RootId>, about: About },
    /// It is being found out which files it is about.
    Finding,
    /// These files have a result, visible to readers.
    Files { left: HashSet<FileId> },
}

/// Which files a job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    /// Only files that this user sees.
    pub by: Viewer,
    /// Those at these paths; of failed ones all, if there are none.
    pub paths: Vec<AbsPath>,
    /// Only failed and partial ones.
    pub only_failed: bool,
}

#[derive(Debug)]
struct Running {
    goal: Goal,
    progress: watch::Sender<JobProgress>,
    /// Files given up when it started.
    failed_before: u64,
    /// Paths that are no indexed files.
    missing: u64,
}

/// All jobs that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    running: HashMap<JobNumber, Running>,
    next: u64,
}

/// What progress is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub counts: Counts,
    /// Files given up since the start.
    pub failed: u64,
    pub crawling: bool,
    /// Nothing waits, nothing is in hand, and readers see all of it.
    pub idle: bool,
    pub paused: bool,
    pub rate: f64,
    pub left: (u64, u64),
}

impl Jobs {
    /// Starts a job that ends when these roots are walked and nothing is left to read.
    pub fn start_walk(&mut self, kind: JobKind, walks: HashSet<RootId>, standing: &Standing) -> StartedJob {
        self.start(kind, Goal::Idle { walks }, 0, standing)
    }

    /// Starts a job that ends when the files it is about have been read; they are known once these roots are walked.
    pub fn start_files(
        &mut self,
        kind: JobKind,
        walks: HashSet<RootId>,
        about: About,
        standing: &Standing,
    ) -> StartedJob {
        self.start(kind, Goal::Looking { walks, about }, 0, standing)
    }

    /// The files a job is about, and how many paths it was given that are no indexed files.
    pub fn set_files(&mut self, number: JobNumber, files: HashSet<FileId>, missing: u64) {
        let Some(job) = self.running.get_mut(&number) else { return };
        job.missing = missing;
        let total = files.len() as u64 + missing;
        job.goal = Goal::Files { left: files };
        job.progress.send_modify(|progress| progress.total = total);
    }

    fn start(&mut self, kind: JobKind, goal: Goal, total: u64, standing: &Standing) -> StartedJob {
        self.next += 1;
        let number = JobNumber(self.next);
        let state = JobState::Running;
        let first = JobProgress { kind, state, done: 0, total, failed: 0, rate: 0.0, left: (0, 0) };
        let (sender, progress) = watch::channel(first);
        self.running.insert(number, Running { goal, progress: sender, failed_before: standing.failed, missing: 0 });
        StartedJob { number, progress }
    }

    /// A root's walk has ended.
    pub fn walked(&mut self, root: RootId) {
        for job in self.running.values_mut() {
            if let Goal::Idle { walks } | Goal::Looking { walks, .. } = &mut job.goal {
                walks.remove(&root);
            }
        }
    }

    /// A result of this file is visible, or it is gone.
    pub fn file_done(&mut self, file: FileId) {
        for job in self.running.values_mut() {
            if let Goal::Files { left } = &mut job.goal {
                left.remove(&file);
            }
        }
    }

    /// Ends a job early. One that has ended already is no error.
    pub fn cancel(&mut self, number: JobNumber) {
        if let Some(job) = self.running.remove(&number) {
            job.progress.send_modify(|progress| progress.state = JobState::Finished(JobResult::Cancelled));
        }
    }

    /// Whether any job runs.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Tells how far each job is and ends those that have reached their goal. Gives the jobs whose files are to be
    /// found now.
    pub fn update(&mut self, standing: &Standing) -> Vec<(JobNumber, About)> {
        let mut to_find = Vec::new();
        self.running.retain(|number, job| {
            let goal = std::mem::replace(&mut job.goal, Goal::Finding);
            job.goal = match goal {
                Goal::Looking { walks, about } if walks.is_empty() => {
                    to_find.push((*number, about));
                    Goal::Finding
                }
                goal => goal,
            };
            let ended = match &job.goal {
                Goal::Idle { walks } => walks.is_empty() && standing.idle,
                Goal::Looking { .. } | Goal::Finding => false,
                // What is left though nothing is left to do is gone, or below a root that is away.
                Goal::Files { left } => left.is_empty() || standing.idle,
            };
            if let (true, Goal::Files { left }) = (ended, &job.goal) {
                job.missing += left.len() as u64;
            }
            let failed = standing.failed - job.failed_before + job.missing;
            job.progress.send_if_modified(|progress| {
                let before = *progress;
                measure(progress, &job.goal, standing);
                progress.failed = failed;
                progress.state = match (ended, standing.paused) {
                    (true, _) if failed > 0 => JobState::Finished(JobResult::Partial),
                    (true, _) => JobState::Finished(JobResult::Done),
                    (false, true) => JobState::Paused,
                    (false, false) => JobState::Running,
                };
                before != *progress
            });
            !ended
        });
        to_find
    }
}

fn measure(progress: &mut JobProgress, goal: &Goal, standing: &Standing) {
    let Counts { files, pending, .. } = standing.counts;
    match goal {
        Goal::Idle { .. } => {
            progress.done = files - pending.min(files);
            progress.total = if standing.crawling { 0 } else { files };
        }
        Goal::Looking { .. } | Goal::Finding => {}
        Goal::Files { left } => progress.done = progress.total - (left.len() as u64).min(progress.total),
    }
    progress.rate = standing.rate;
    progress.left = standing.left;
}

/// Results a second, over the last ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// Second and results by then, oldest first.
    samples: VecDeque<(u64, u64)>,
}

impl Rate {
    /// Notes the number of results at a time in seconds.
    pub fn note(&mut self, second: u64, results: u64) {
        match self.samples.back_mut() {
            Some((last, count)) if *last == second => *count = results,
            _ => self.samples.push_back((second, results)),
        }
        while self.samples.front().is_some_and(|(oldest, _)| second - oldest > 10) {
            self.samples.pop_front();
        }
    }

    /// Results a second.
    pub fn per_second(&self) -> f64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((from, first)), Some((to, last))) if to > from => (last - first) as f64 / (to - from) as f64,
            (Some(_), Some((_, last))) => *last as f64 - self.samples.front().map_or(0.0, |(_, first)| *first as f64),
            _ => 0.0,
        }
    }

    /// Seconds until `pending` results are there, at least and at most; 0 and 0 when unknown.
    pub fn left(&self, pending: u64) -> (u64, u64) {
        let rate = self.per_second();
        if rate <= 0.0 || pending == 0 {
            return (0, 0);
        }
        let seconds = pending as f64 / rate;
        ((seconds * 0.7) as u64, (seconds * 1.5).ceil() as u64)
    }
}

/// Waits for readers to see a commit.
#[derive(Debug, Default)]
pub(crate) struct Visible {
    waiting: VecDeque<(CommitId, Vec<FileId>)>,
    /// Directories in which commits changed something.
    changes: VecDeque<(CommitId, BTreeSet<DirId>)>,
}

impl Visible {
    /// Files that this commit gave a result or took away.
    pub fn expect(&mut self, commit: CommitId, files: Vec<FileId>) {
        if !files.is_empty() {
            self.waiting.push_back((commit, files));
        }
    }

    /// Directories in which this commit changed something.
    pub fn expect_changes(&mut self, commit: CommitId, directories: BTreeSet<DirId>) {
        if !directories.is_empty() {
            self.changes.push_back((commit, directories));
        }
    }

    /// The files and the changed directories of all commits up to this one.
    pub fn reached(&mut self, commit: CommitId) -> (Vec<FileId>, BTreeSet<DirId>) {
        let files = up_to(&mut self.waiting, commit);
        (files.into_iter().flatten().collect(), up_to(&mut self.changes, commit).into_iter().flatten().collect())
    }
}

fn up_to<T>(waiting: &mut VecDeque<(CommitId, T)>, commit: CommitId) -> Vec<T> {
    let count = waiting.partition_point(|(at, _)| *at <= commit);
    waiting.drain(..count).map(|(_, what)| what).collect()
}
