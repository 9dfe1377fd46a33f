//! Work that a caller follows: how far it is, and when it has ended.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use tokio::sync::watch;

use super::roots::RootId;
use crate::{
    control::{AbsPath, JobKind, JobNumber, JobProgress, JobResult, JobState, StartedJob, Viewer},
    model::{self, DirId, FileId},
    store::{CommitId, Counts},
};

/// What a job still waits for.
#[derive(Debug)]
enum Goal {
    /// These roots are walked, then everything pending is read.
    Idle { walks: HashSet<RootId>, about: Walked },
    /// These roots have been looked at, and what was found is committed; then it is known which files it is about.
    Looking { walks: HashSet<RootId>, about: About, found: Option<CommitId> },
    /// It is being found out which files it is about.
    Finding,
    /// These files have a result, visible to readers.
    Files { left: HashSet<FileId> },
}

/// What a job that waits for walks is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Walked {
    Everything,
    /// What lies at these paths and below.
    Below(Vec<AbsPath>),
}

/// Which files a job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    /// Only files that this user sees.
    pub by: Viewer,
    /// Those at these paths; of failed ones all, if there are none.
    pub paths: Vec<AbsPath>,
    pub which: Which,
}

/// Which of the files at some paths a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All, and what has no record is read.
    Unread,
    /// All, and all are read.
    Again,
    /// Failed and partial ones, which are read.
    Failed,
}

#[derive(Debug)]
struct Running {
    goal: Goal,
    progress: watch::Sender<JobProgress>,
    /// Files that its walks, as far as they have ended, have looked at.
    looked: u64,
    /// Files it is about that were given up since it started.
    failed: u64,
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
    pub crawling: bool,
    /// Nothing waits, nothing is in hand, and readers see all of it.
    pub idle: bool,
    pub paused: bool,
    pub rate: f64,
    pub left: (u64, u64),
    pub last_commit: CommitId,
    pub committed: CommitId,
}

impl Jobs {
    /// Starts a job that ends when these roots are walked and nothing is left to read.
    pub fn start_walk(&mut self, kind: JobKind, walks: HashSet<RootId>, about: Walked) -> StartedJob {
        self.start(kind, Goal::Idle { walks, about })
    }

    /// Starts a job that ends when the files it is about have been read; they are known once these roots are walked.
    pub fn start_files(&mut self, kind: JobKind, walks: HashSet<RootId>, about: About) -> StartedJob {
        self.start(kind, Goal::Looking { walks, about, found: None })
    }

    /// The files a job is about, and how many paths it was given that are no indexed files.
    /// `current` more have their record.
    pub fn set_files(&mut self, number: JobNumber, files: HashSet<FileId>, (missing, current): (u64, u64)) {
        let Some(job) = self.running.get_mut(&number) else { return };
        job.missing = missing;
        let total = files.len() as u64 + missing + current;
        job.goal = Goal::Files { left: files };
        job.progress.send_modify(|progress| progress.total = total);
    }

    fn start(&mut self, kind: JobKind, goal: Goal) -> StartedJob {
        self.next += 1;
        let number = JobNumber(self.next);
        let state = JobState::Running;
        let first = JobProgress { kind, state, done: 0, total: 0, failed: 0, rate: 0.0, left: (0, 0) };
        let (sender, progress) = watch::channel(first);
        self.running.insert(number, Running { goal, progress: sender, looked: 0, failed: 0, missing: 0 });
        StartedJob { number, progress }
    }

    /// A root's walk has ended.
    pub fn walked(&mut self, root: RootId) {
        for job in self.running.values_mut() {
            if let Goal::Idle { walks, .. } | Goal::Looking { walks, .. } = &mut job.goal {
                walks.remove(&root);
            }
        }
    }

    /// A walk that these jobs wanted has looked at so many files.
    pub fn looked(&mut self, jobs: &BTreeSet<JobNumber>, files: u64) {
        for number in jobs {
            self.running.get_mut(number).into_iter().for_each(|job| job.looked += files);
        }
    }

    /// This file, at this path, was given up.
    pub fn failed(&mut self, file: FileId, path: &[u8]) {
        for job in self.running.values_mut() {
            job.failed += u64::from(match &job.goal {
                Goal::Idle { about: Walked::Everything, .. } => true,
                Goal::Idle { about: Walked::Below(paths), .. } => is_at_any(path, paths),
                Goal::Looking { .. } | Goal::Finding => false,
                Goal::Files { left } => left.contains(&file),
            });
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

    /// Jobs that run.
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether any job runs.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Tells how far each job is and ends those that have reached their goal. `walking` are the files that walks under way
    /// have looked at so far, by the jobs that want them. Gives the jobs whose files are to be found now.
    pub fn update(&mut self, standing: &Standing, walking: &BTreeMap<JobNumber, u64>) -> Vec<(JobNumber, About)> {
        let mut to_find = Vec::new();
        self.running.retain(|number, job| {
            let goal = std::mem::replace(&mut job.goal, Goal::Finding);
            job.goal = match goal {
                Goal::Looking { walks, about, found } if walks.is_empty() => {
                    let commit = found.unwrap_or(standing.last_commit);
                    match commit <= standing.committed {
                        true => {
                            to_find.push((*number, about));
                            Goal::Finding
                        }
                        false => Goal::Looking { walks, about, found: Some(commit) },
                    }
                }
                goal => goal,
            };
            let ended = match &job.goal {
                Goal::Idle { walks, .. } => walks.is_empty() && standing.idle,
                Goal::Looking { .. } | Goal::Finding => false,
                // What is left though nothing is left to do is gone, or below a root that is away.
                Goal::Files { left } => left.is_empty() || standing.idle,
            };
            if let (true, Goal::Files { left }) = (ended, &job.goal) {
                job.missing += left.len() as u64;
            }
            let failed = job.failed + job.missing;
            let looked = job.looked + walking.get(number).unwrap_or(&0);
            // What is still pending when it ends is below a root that is away.
            let unread = if ended { 0 } else { standing.counts.pending };
            job.progress.send_if_modified(|progress| {
                let before = *progress;
                measure(progress, &job.goal, (looked, unread), standing);
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

/// Whether a file is at one of these paths, or below.
fn is_at_any(file: &[u8], paths: &[AbsPath]) -> bool {
    paths.iter().any(|path| model::path(file).starts_with(path.as_path()))
}

/// Of the files that are pending nobody knows whose they are: as long as there are any, so many of each job's may be.
fn measure(progress: &mut JobProgress, goal: &Goal, (looked, unread): (u64, u64), standing: &Standing) {
    let Counts { files, pending, .. } = standing.counts;
    match goal {
        Goal::Idle { about: Walked::Everything, .. } => {
            progress.done = files - pending.min(files);
            progress.total = if standing.crawling { 0 } else { files };
        }
        Goal::Idle { walks, about: Walked::Below(_) } => {
            progress.done = looked.saturating_sub(unread);
            progress.total = if walks.is_empty() { looked } else { 0 };
        }
        Goal::Looking { .. } | Goal::Finding => {}
        Goal::Files { left } => progress.done = progress.total - (left.len() as u64).min(progress.total),
    }
    progress.rate = standing.rate;
    progress.left = standing.left;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_for_whoever_waits_for_that_file() {
        let counts = Counts { files: 9, ..Counts::default() };
        let standing = Standing {
            counts,
            crawling: false,
            idle: true,
            paused: false,
            rate: 0.0,
            left: (0, 0),
            last_commit: CommitId(0),
            committed: CommitId(0),
        };
        let mut jobs = Jobs::default();
        let mut below = |path: &[u8]| {
            let about = Walked::Below(vec![AbsPath::parse(path).unwrap()]);
            jobs.start_walk(JobKind::Rescan, HashSet::new(), about)
        };
        let started = [below(b"/a/b"), below(b"/a"), below(b"/a/b/c"), below(b"/x")];
        let everything = jobs.start_walk(JobKind::Wait, HashSet::new(), Walked::Everything);
        let about = About { by: Viewer::All, paths: Vec::new(), which: Which::Unread };
        let one = jobs.start_files(JobKind::Index, HashSet::new(), about);
        jobs.set_files(one.number, HashSet::from([FileId(2)]), (0, 0));

        jobs.failed(FileId(1), b"/a/b/c");
        jobs.failed(FileId(2), b"/a/bc");
        jobs.file_done(FileId(2));
        jobs.looked(&BTreeSet::from([started[0].number]), 5);
        let walking = BTreeMap::from([(started[1].number, 7)]);
        assert!(jobs.update(&standing, &walking).is_empty() && jobs.is_empty());
        let told = |job: &StartedJob| {
            let JobProgress { done, total, failed, .. } = *job.progress.borrow();
            (done, total, failed)
        };
        assert_eq!(started.each_ref().map(told), [(5, 5, 1), (7, 7, 2), (0, 0, 1), (0, 0, 0)]);
        assert_eq!([&everything, &one].map(told), [(9, 9, 2), (1, 1, 1)]);
        let state = |job: &StartedJob| job.progress.borrow().state;
        assert_eq!(state(&started[1]), JobState::Finished(JobResult::Partial));
        assert_eq!(state(&started[3]), JobState::Finished(JobResult::Done));
    }
}
