//! Which files may be copies of which: what decides whether a file takes another's record instead of being parsed.
//!
//! Pure. Files of one size and ending are alike. A sample of the bytes of both is compared first, and all of them where
//! the samples agree; each digest is asked for when it is needed, once.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    model::{Digest, FileId, Job, Stamp, Task},
    proto::SAMPLED_WHOLE,
    store::Tier,
};

/// Files with which one is compared at most: the newest of those alike.
const MOST_ALIKE: usize = 16;
/// Takers remembered: a worker that is found to be captured has read fewer files in its life.
const TAKERS: usize = 1 << 16;
/// About the memory that one file takes here, in bytes.
const WEIGHT: usize = 192;

/// Size in bytes, and a hash of the ending of the name: what a file is read as depends on it.
type Likeness = (u64, u64);

/// What is known of an indexed file, or of one that is compared.
#[derive(Debug, Clone, Copy)]
struct Seen {
    likeness: Likeness,
    stamp: Stamp,
    sample: Option<Digest>,
    whole: Option<Digest>,
    age: u64,
}

/// What is to be done with a file that is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// This, by a worker.
    Do(Task),
    /// First this, with another file.
    First(FileId, Task),
    /// It is a copy of this one.
    Take(FileId),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Bytes of memory it may take; 0 is switched off.
    most: usize,
    /// Bytes above which a file is parsed, as digesting it would read more than a reader may.
    largest: u64,
    seen: HashMap<FileId, Seen>,
    /// Those that have a record, by likeness and age.
    alike: HashMap<Likeness, BTreeMap<u64, FileId>>,
    /// All of them by age.
    order: BTreeMap<u64, FileId>,
    age: u64,
    /// Files that are to be parsed whatever they are like.
    parsed: HashSet<FileId>,
    /// Whose record was taken, and by whom, the oldest first.
    takers: VecDeque<(FileId, FileId)>,
    /// Who waits for the digest of a file.
    waiting: HashMap<FileId, Vec<FileId>>,
    figures: Tier,
}

impl Copies {
    /// Switches it on or off: `most` bytes of memory, files of up to `largest` bytes.
    pub fn set(&mut self, most: usize, largest: u64) {
        (self.most, self.largest) = (most, largest);
        if most == 0 {
            self.clear();
        }
    }

    /// How it serves: hits took another's record, misses were compared in vain.
    pub fn usage(&self) -> Tier {
        Tier { bytes: (self.seen.len() * WEIGHT) as u64, most: self.most as u64, ..self.figures }
    }

    /// Gives up what it knows. Who waits is parsed.
    pub fn clear(&mut self) {
        (self.seen, self.alike, self.order) = Default::default();
        self.parsed.extend(std::mem::take(&mut self.waiting).into_values().flatten());
    }

    /// A file that has a record. Only the end of its path counts.
    pub fn indexed(&mut self, file: FileId, path: &[u8], stamp: Stamp) {
        self.parsed.remove(&file);
        if self.most == 0 || !(1..=self.largest).contains(&stamp.size) {
            return;
        }
        let likeness = likeness(path, stamp.size);
        let seen = self.see(file, likeness, stamp);
        self.alike.entry(likeness).or_default().insert(seen.age, file);
    }

    /// Puts it behind all others, with what is known of these very bytes.
    fn see(&mut self, file: FileId, likeness: Likeness, stamp: Stamp) -> Seen {
        let known = self.drop_file(file).filter(|seen| seen.stamp == stamp && seen.likeness == likeness);
        while (self.seen.len() + 1) * WEIGHT > self.most {
            let Some((_, &oldest)) = self.order.first_key_value() else { break };
            self.drop_file(oldest);
            self.figures.evictions += 1;
        }
        self.age += 1;
        let (sample, whole) = known.map_or((None, None), |seen| (seen.sample, seen.whole));
        let seen = Seen { likeness, stamp, sample, whole, age: self.age };
        self.seen.insert(file, seen);
        self.order.insert(self.age, file);
        seen
    }

    /// What is to be done next with a file that is to be read.
    pub fn step(&mut self, job: &Job) -> Step {
        let size = job.stamp.size;
        let is_compared = self.most > 0 && job.attempts == 0 && (1..=self.largest).contains(&size);
        if !is_compared || self.parsed.contains(&job.file) {
            return Step::Do(Task::Record);
        }
        let likeness = likeness(&job.path, size);
        let alike = self.alike.get(&likeness).into_iter().flat_map(|alike| alike.values().rev());
        let alike: Vec<FileId> = alike.filter(|file| **file != job.file).take(MOST_ALIKE).copied().collect();
        if alike.is_empty() {
            return Step::Do(Task::Record);
        }
        let known = self.seen.get(&job.file).filter(|seen| seen.stamp == job.stamp && seen.likeness == likeness);
        let own = match known {
            Some(own) => *own,
            None => self.see(job.file, likeness, job.stamp),
        };
        let Some(sample) = own.sample else { return Step::Do(Task::Sample) };
        for file in alike {
            let Some(other) = self.seen.get(&file) else { continue };
            match (other.sample, own.whole, other.whole) {
                (None, ..) => return Step::First(file, Task::Sample),
                (Some(other), ..) if other != sample => {}
                (_, None, _) => return Step::Do(Task::Digest),
                (_, _, None) => return Step::First(file, Task::Digest),
                (_, Some(own), Some(other)) if own == other => return Step::Take(file),
                _ => {}
            }
        }
        self.figures.misses += 1;
        self.parsed.insert(job.file);
        Step::Do(Task::Record)
    }

    /// A digest has come, or cannot: who waited for it is to go on.
    pub fn answered(&mut self, job: &Job, digest: Option<Digest>) -> Vec<FileId> {
        match (self.seen.get_mut(&job.file), digest) {
            (Some(seen), Some(digest)) if seen.stamp == job.stamp => match job.task {
                Task::Sample => {
                    seen.sample = Some(digest);
                    seen.whole = if job.stamp.size <= SAMPLED_WHOLE { Some(digest) } else { seen.whole };
                }
                Task::Record | Task::Digest => seen.whole = Some(digest),
            },
            _ => _ = self.drop_file(job.file),
        }
        self.waiting.remove(&job.file).unwrap_or_default()
    }

    /// Nothing can be said of this file now. Who waited for it is to go on without.
    pub fn lost(&mut self, file: FileId) -> Vec<FileId> {
        self.drop_file(file);
        self.waiting.remove(&file).unwrap_or_default()
    }

    /// This file goes on when a digest of that one has come.
    pub fn wait(&mut self, file: FileId, of: FileId) {
        self.waiting.entry(of).or_default().push(file);
    }

    /// Whether its digest is for others.
    pub fn is_asked(&self, file: FileId) -> bool {
        self.waiting.contains_key(&file)
    }

    /// The stamp that another file had when it was seen.
    pub fn stamp(&self, file: FileId) -> Option<Stamp> {
        self.seen.get(&file).map(|seen| seen.stamp)
    }

    /// It has no record.
    pub fn failed(&mut self, file: FileId) -> Vec<FileId> {
        self.parsed.remove(&file);
        self.lost(file)
    }

    /// It is parsed, whatever it is like.
    pub fn parse(&mut self, file: FileId) {
        self.parsed.insert(file);
    }

    /// It took the record of another.
    pub fn taken(&mut self, file: FileId, of: FileId) {
        self.figures.hits += 1;
        if self.takers.len() == TAKERS {
            self.takers.pop_front();
        }
        self.takers.push_back((of, file));
    }

    /// Whose records are of no worth if those of these files are not: all that took them, directly or not.
    pub fn takers(&self, files: &[FileId]) -> Vec<FileId> {
        let (mut from, mut takers) = (files.iter().copied().collect::<HashSet<_>>(), Vec::new());
        // Who took a record did so after the other had it.
        for (of, taker) in &self.takers {
            if from.contains(of) && from.insert(*taker) {
                takers.push(*taker);
            }
        }
        takers
    }

    fn drop_file(&mut self, file: FileId) -> Option<Seen> {
        let seen = self.seen.remove(&file)?;
        self.order.remove(&seen.age);
        if let Some(alike) = self.alike.get_mut(&seen.likeness) {
            alike.remove(&seen.age);
            if alike.is_empty() {
                self.alike.remove(&seen.likeness);
            }
        }
        Some(seen)
    }
}

/// A name without an ending is one by itself.
fn likeness(path: &[u8], size: u64) -> Likeness {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let ending = name.iter().rposition(|&byte| byte == b'.').filter(|at| *at > 0).map_or(name, |at| &name[at..]);
    let mut hasher = DefaultHasher::new();
    ending.to_ascii_lowercase().hash(&mut hasher);
    (size, hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DirId, Expected, FsId, JobId, Place, Priority, ReaderId};

    const NONE: Vec<FileId> = Vec::new();

    fn job(file: u64, name: &str, task: Task) -> Job {
        Job {
            id: JobId(file),
            file: FileId(file),
            place: Place { dir: DirId(1), name: name.as_bytes().into() },
            root: b"/r"[..].into(),
            path: name.as_bytes().into(),
            fs: FsId(0),
            inode: file,
            stamp: Stamp { size: 100_000, mtime: 1, ctime: 1 },
            reader: ReaderId(0),
            priority: Priority::Crawl,
            attempts: 0,
            expected: Expected::default(),
            in_order: false,
            ahead: metaextract::Ahead::default(),
            task,
        }
    }

    fn copies() -> Copies {
        let mut copies = Copies::default();
        copies.set(1 << 20, 1 << 30);
        copies
    }

    #[test]
    fn a_copy_is_sampled_compared_whole_and_takes_the_record() {
        let mut copies = copies();
        let (first, second) = (job(1, "a.jpg", Task::Record), job(2, "sub/b.JPG", Task::Record));
        assert_eq!(copies.step(&first), Step::Do(Task::Record), "none is like it");
        copies.indexed(first.file, &first.path, first.stamp);
        let steps = [(Task::Sample, 7), (Task::Digest, 8)];
        for (task, digest) in steps {
            assert_eq!(copies.step(&second), Step::Do(task));
            assert_eq!(copies.answered(&job(2, "b", task), Some([digest; 16])), NONE);
            assert_eq!(copies.step(&second), Step::First(first.file, task));
            copies.wait(second.file, first.file);
            assert_eq!(copies.answered(&job(1, "a", task), Some([digest; 16])), [second.file]);
        }
        assert_eq!(copies.step(&second), Step::Take(first.file));
    }

    #[test]
    fn what_differs_or_cannot_be_compared_is_parsed() {
        let mut copies = copies();
        copies.indexed(FileId(1), b"a.jpg", job(1, "a.jpg", Task::Record).stamp);
        assert_eq!(copies.step(&job(2, "a.png", Task::Record)), Step::Do(Task::Record), "another ending");
        let suspect = Job { attempts: 1, ..job(2, "b.jpg", Task::Record) };
        assert_eq!(copies.step(&suspect), Step::Do(Task::Record));
        let other = job(3, "b.jpg", Task::Record);
        assert_eq!(copies.step(&other), Step::Do(Task::Sample));
        copies.answered(&job(3, "b.jpg", Task::Sample), Some([1; 16]));
        copies.answered(&job(1, "a.jpg", Task::Sample), Some([2; 16]));
        assert_eq!(copies.step(&other), Step::Do(Task::Record), "the samples differ");
        assert_eq!(copies.step(&other), Step::Do(Task::Record), "it is not compared again");
        assert_eq!((copies.usage().hits, copies.usage().misses), (0, 1));
        copies.wait(FileId(4), FileId(1));
        assert_eq!(copies.lost(FileId(1)), [FileId(4)]);
    }

    #[test]
    fn who_took_a_record_is_known_while_it_may_be_distrusted() {
        let mut copies = copies();
        for (file, of) in [(2, 1), (3, 2), (5, 4), (1, 6)] {
            copies.taken(FileId(file), FileId(of));
        }
        assert_eq!(copies.takers(&[FileId(1)]), [FileId(2), FileId(3)]);
        assert_eq!(copies.takers(&[FileId(6), FileId(4)]), [FileId(5), FileId(1)]);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go_first() {
        let mut copies = Copies::default();
        copies.set(10 * WEIGHT, 1 << 30);
        for file in 1..=100 {
            copies.indexed(FileId(file), b"a.jpg", Stamp { size: 50_000 + file, mtime: 1, ctime: 1 });
        }
        assert_eq!((copies.usage().bytes, copies.usage().evictions), (10 * WEIGHT as u64, 90));
        assert_eq!((copies.stamp(FileId(90)), copies.stamp(FileId(91)).is_some()), (None, true));
        assert_eq!((copies.alike.len(), copies.order.len()), (10, 10));
        copies.clear();
        assert_eq!((copies.usage().bytes, copies.usage().evictions), (0, 90));
    }
}
