//! What follows for the jobs of a worker that has ended. Pure.

use std::collections::{HashMap, VecDeque};

use super::death::{Distrust, Verdict};
use crate::model::{FailureKind, FileId, Job, Outcome};

/// As often as this a worker's end from outside counts against the file it had in hand.
const WHIMS: u8 = 3;
/// Files of which such ends are known.
const ENDED: usize = 1024;

/// How often each file was in hand when its worker was ended from outside. Once or twice that is a person's whim; a file
/// for which it happens again and again uses up what the system allows. Files that were read since are not here.
#[derive(Debug, Default)]
pub(crate) struct Whims(HashMap<FileId, u8>);

impl Whims {
    /// The file was read.
    pub(crate) fn forget(&mut self, file: FileId) {
        self.0.remove(&file);
    }

    fn count(&mut self, file: FileId) -> Outcome {
        if self.0.len() >= ENDED {
            self.0.clear();
        }
        let times = self.0.entry(file).or_default();
        *times = times.saturating_add(1);
        match *times {
            ..WHIMS => Outcome::Returned,
            _ => {
                Outcome::Strike { kind: FailureKind::OverMemory, text: "ended by the system while it was read".into() }
            }
        }
    }
}

/// Why a worker came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The engine ended it: it was one too many, or used up.
    Ours,
    /// The engine ended it: the disk of the file in hand answers nobody.
    Disk,
    /// Somebody ended it, and nothing says that it had to do with memory: nobody's fault, however often.
    Others,
    /// It died, or was ended for what it did, or by who watches over memory.
    NotOurs,
}

/// What follows from a worker's end.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Aftermath {
    /// Results given earlier for these files are not to be believed.
    pub(crate) distrusted: Vec<FileId>,
    /// The job that has its outcome by it.
    pub(crate) finished: Option<(Job, Outcome)>,
    /// The job whose disk does not answer: it waits after the others of that disk.
    pub(crate) last: Option<Job>,
    /// Jobs that wait again, before others of their priority, in this order.
    pub(crate) back: VecDeque<Job>,
}

/// Decides about the `jobs` a worker had, the one in hand first; `life` are the files it has given results for.
pub(crate) fn aftermath(
    verdict: Verdict,
    wish: Wish,
    mut jobs: VecDeque<Job>,
    life: Vec<FileId>,
    whims: &mut Whims,
) -> Aftermath {
    let mut after = Aftermath::default();
    match verdict {
        Verdict::Nobody if wish == Wish::Ours => {}
        Verdict::Nobody if wish == Wish::Others => {
            after.finished = jobs.pop_front().map(|job| (job, Outcome::Returned));
        }
        Verdict::Nobody if wish == Wish::Disk => after.last = jobs.pop_front(),
        Verdict::Nobody => {
            after.finished = jobs.pop_front().map(|job| {
                let outcome = whims.count(job.file);
                (job, outcome)
            });
        }
        Verdict::Strike { kind, text, distrust } => {
            if distrust == Distrust::WholeLife {
                after.distrusted = life;
            }
            after.finished = jobs.pop_front().map(|job| (job, Outcome::Strike { kind, text }));
        }
    }
    after.back = jobs;
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DirId, Expected, FsId, JobId, Place, Priority, ReaderId, Stamp};

    fn job(file: u64, attempts: u8) -> Job {
        Job {
            id: JobId(file),
            file: FileId(file),
            place: Place { dir: DirId(1), name: b"x"[..].into() },
            root: b"/r"[..].into(),
            path: b"x"[..].into(),
            fs: FsId(0),
            inode: 0,
            stamp: Stamp { size: 0, mtime: 0, ctime: 0 },
            reader: ReaderId(0),
            expected: Expected::default(),
            in_order: false,
            ahead: metaextract::Ahead::default(),
            priority: Priority::Crawl,
            attempts,
            task: crate::model::Task::default(),
        }
    }

    #[test]
    fn only_the_file_in_hand_is_charged() {
        let jobs = || VecDeque::from([job(1, 0), job(2, 0), job(3, 0)]);
        let strike = || Verdict::Strike { kind: FailureKind::Garbage, text: "x".into(), distrust: Distrust::WholeLife };
        let mut whims = Whims::default();
        let after = aftermath(strike(), Wish::NotOurs, jobs(), vec![FileId(9)], &mut whims);
        assert_eq!(after.distrusted, [FileId(9)]);
        assert!(matches!(after.finished, Some((Job { file: FileId(1), .. }, Outcome::Strike { .. }))));
        assert_eq!(after.back, [job(2, 0), job(3, 0)]);
        let after = aftermath(Verdict::Nobody, Wish::Ours, jobs(), vec![FileId(9)], &mut whims);
        assert_eq!((after.finished, after.distrusted, after.back), (None, vec![], jobs()));
        for times in 1..=3 {
            let after = aftermath(Verdict::Nobody, Wish::NotOurs, jobs(), vec![], &mut whims);
            let Some((_, outcome)) = after.finished else { panic!("the file in hand has an outcome") };
            assert_eq!(outcome == Outcome::Returned, times < 3, "{times}");
        }
        for times in 1..=100 {
            let after = aftermath(Verdict::Nobody, Wish::Others, jobs(), vec![], &mut whims);
            assert!(matches!(after.finished, Some((_, Outcome::Returned))), "{times}");
        }
        let after = aftermath(Verdict::Nobody, Wish::Disk, jobs(), vec![], &mut whims);
        assert_eq!((after.finished, after.last, after.back), (None, Some(job(1, 0)), [job(2, 0), job(3, 0)].into()));
    }
}
