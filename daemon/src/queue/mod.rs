//! Which file next, and when. Pure: the time is an argument, in any clock that does not go back.
//!
//! Holds each file once. `order` says whose turn it is of what is due, `cost` what a file is likely to take, `rate` how much may
//! be read. Called by `run` alone; reads no clock, does no I/O.

pub mod cost;
mod order;
pub mod rate;
pub mod worth;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use self::{
    cost::{Kind, Mix},
    order::{Order, Spot},
};
use crate::model::{DirId, FileId, Job, Priority, Task};

/// How long a file that changes again and again may wait for quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// A second change within this time waits until it has been quiet for as long.
    pub quiet: Duration,
    /// But never longer than this after the first change that waited.
    pub at_most: Duration,
}

/// Files that changed a short while ago, of which there are always as many.
const RECENT: usize = 1024;

/// Orders jobs: when due, as `order` says.
#[derive(Debug)]
pub struct Queue {
    settle: Settle,
    /// Due now.
    ready: Order,
    /// Not yet due, by due time and age.
    waiting: BTreeMap<(Duration, u64), Job>,
    /// Where each file's job stands.
    places: HashMap<FileId, Slot>,
    /// What kinds of files they are.
    mix: Mix,
    /// Files dispatched as fresh a short while ago; swept as time passes.
    recent: HashMap<FileId, Recent>,
    /// How many of them there are when those of long ago are looked for, so that it costs little however many change.
    forget_above: usize,
    age: u64,
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    Ready(Spot),
    Waiting(Duration, u64),
}

/// A file's latest changes.
#[derive(Debug, Clone, Copy)]
struct Recent {
    /// The last change.
    last: Duration,
    /// The first change that had to wait; `None` while none waits.
    waiting_since: Option<Duration>,
}

impl Queue {
    /// An empty queue.
    pub fn new(settle: Settle) -> Self {
        Self {
            settle,
            ready: Order::default(),
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            mix: Mix::default(),
            recent: HashMap::new(),
            forget_above: RECENT,
            age: 0,
        }
    }

    /// Jobs held.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no job is held.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Adds a job to be done as soon as its turn comes; replaces the file's earlier job and keeps the higher urgency.
    pub fn push(&mut self, mut job: Job) {
        if let Some(earlier) = self.remove(job.file) {
            job.priority = job.priority.min(earlier.priority);
        }
        self.age += 1;
        self.mix.add(Kind::of(&job));
        self.make_ready(job, self.age);
    }

    /// Adds a job of a file that changed just now: at once the first time, after quiet when it changes again soon.
    pub fn push_fresh(&mut self, job: Job, now: Duration) {
        let Settle { quiet, at_most } = self.settle;
        let recent = self.recent.get(&job.file).copied().filter(|recent| now < recent.last + quiet);
        let Some(recent) = recent else {
            self.recent.insert(job.file, Recent { last: now, waiting_since: None });
            self.push(job);
            return;
        };
        let since = recent.waiting_since.unwrap_or(now);
        self.recent.insert(job.file, Recent { last: now, waiting_since: Some(since) });
        self.push_at(job, (now + quiet).min(since + at_most));
    }

    /// Adds a job that is not done before `due`; replaces the file's earlier job and keeps the higher urgency.
    pub fn push_at(&mut self, mut job: Job, due: Duration) {
        if let Some(earlier) = self.remove(job.file) {
            job.priority = job.priority.min(earlier.priority);
        }
        self.age += 1;
        self.places.insert(job.file, Slot::Waiting(due, self.age));
        self.mix.add(Kind::of(&job));
        self.waiting.insert((due, self.age), job);
    }

    /// The next job that is due among those at least as urgent as `least`. `foresee` says in it what it is expected to take.
    pub fn pop(&mut self, now: Duration, least: Priority, foresee: impl FnOnce(&mut Job)) -> Option<Job> {
        self.ripen(now);
        let mix = &mut self.mix;
        let job = self.ready.take(least, |job| {
            // As it was counted: what is foreseen now may differ.
            mix.take(Kind::of(job));
            foresee(job);
        })?;
        self.places.remove(&job.file);
        Some(job)
    }

    /// The job that [`Queue::pop`] would give.
    pub fn peek(&mut self, now: Duration, least: Priority) -> Option<&Job> {
        self.ripen(now);
        self.ready.next(least)
    }

    /// Makes the file's job more or less urgent, and gives how urgent it was. One that is not due yet stays so until it is.
    pub fn set_priority(&mut self, file: FileId, priority: Priority) -> Option<Priority> {
        let before = match *self.places.get(&file)? {
            Slot::Waiting(due, age) => {
                let job = self.waiting.get_mut(&(due, age))?;
                std::mem::replace(&mut job.priority, priority)
            }
            Slot::Ready(spot) => {
                let mut job = self.ready.remove(spot)?;
                let before = std::mem::replace(&mut job.priority, priority);
                self.make_ready(job, Order::age(spot));
                before
            }
        };
        Some(before)
    }

    /// How urgent the file's job is.
    pub fn priority(&self, file: FileId) -> Option<Priority> {
        match *self.places.get(&file)? {
            Slot::Waiting(due, age) => self.waiting.get(&(due, age)).map(|job| job.priority),
            Slot::Ready(spot) => Some(Order::priority(spot)),
        }
    }

    /// Whether a root lies on a disk that turns: then its files come in the order of their inodes.
    pub fn turns(&mut self, root: &[u8], turns: bool) {
        let moved = self.ready.turns(root, turns);
        self.places.extend(moved.into_iter().map(|(file, spot)| (file, Slot::Ready(spot))));
    }

    /// Jobs of this urgency that are due.
    pub fn len_of(&self, priority: Priority) -> usize {
        self.ready.len(priority)
    }

    /// Files of a directory that wait, at most `most`.
    pub fn below(&self, dir: DirId, most: usize) -> Vec<FileId> {
        let all = self.ready.jobs().chain(self.waiting.values());
        all.filter(|job| job.place.dir == dir).map(|job| job.file).take(most).collect()
    }

    /// When to ask again, if nothing is due before.
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Whether a job is due that is less urgent than [`Priority::Asked`].
    pub fn has_unasked(&self) -> bool {
        [Priority::Fresh, Priority::Crawl, Priority::Stale].iter().any(|priority| self.ready.len(*priority) > 0)
    }

    /// The jobs that are not due yet, with their times.
    pub fn delayed(&self) -> impl ExactSizeIterator<Item = (Duration, &Job)> {
        self.waiting.iter().map(|((due, _), job)| (*due, job))
    }

    /// Whether a job for this file waits.
    pub fn contains(&self, file: FileId) -> bool {
        self.places.contains_key(&file)
    }

    /// What the file's job is to do.
    pub fn task(&self, file: FileId) -> Option<Task> {
        match *self.places.get(&file)? {
            Slot::Ready(spot) => self.ready.get(spot).map(|job| job.task),
            Slot::Waiting(due, age) => self.waiting.get(&(due, age)).map(|job| job.task),
        }
    }

    /// Takes the file's job out.
    pub fn remove(&mut self, file: FileId) -> Option<Job> {
        let job = match self.places.remove(&file)? {
            Slot::Ready(spot) => self.ready.remove(spot),
            Slot::Waiting(due, age) => self.waiting.remove(&(due, age)),
        };
        job.inspect(|job| self.mix.take(Kind::of(job)))
    }

    /// Keeps only the jobs that `keep` wants.
    pub fn retain(&mut self, keep: impl Fn(&Job) -> bool) {
        self.ready.retain(&keep);
        self.waiting.retain(|_, job| keep(job));
        let left: Vec<&Job> = self.ready.jobs().chain(self.waiting.values()).collect();
        let files: HashSet<FileId> = left.iter().map(|job| job.file).collect();
        self.places.retain(|file, _| files.contains(file));
        self.mix = Mix::default();
        left.into_iter().for_each(|job| self.mix.add(Kind::of(job)));
    }

    fn make_ready(&mut self, job: Job, age: u64) {
        let file = job.file;
        let spot = self.ready.insert(job, age);
        self.places.insert(file, Slot::Ready(spot));
    }

    /// What kinds of files wait.
    pub fn mix(&self) -> &Mix {
        &self.mix
    }

    /// Makes what is due by now ready, so that [`Queue::next_due`] lies ahead.
    pub fn ripen(&mut self, now: Duration) {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let ((_, age), job) = entry.remove_entry();
            if let Some(recent) = self.recent.get_mut(&job.file) {
                recent.waiting_since = None;
                recent.last = now;
            }
            self.make_ready(job, age);
        }
        if self.recent.len() > self.forget_above {
            let quiet = self.settle.quiet;
            self.recent.retain(|_, recent| recent.waiting_since.is_some() || now < recent.last + quiet);
            self.forget_above = (2 * self.recent.len()).max(RECENT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DirId, Expected, FsId, JobId, Place, ReaderId, Stamp};

    const SETTLE: Settle = Settle { quiet: Duration::from_secs(2), at_most: Duration::from_secs(10) };

    fn job(file: u64, priority: Priority) -> Job {
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
            priority,
            attempts: 0,
            task: Task::default(),
        }
    }

    fn pop(queue: &mut Queue, now: Duration) -> Option<Job> {
        queue.pop(now, Priority::Stale, |_| {})
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn urgent_first_then_oldest() {
        let mut queue = Queue::new(SETTLE);
        for (file, priority) in [(1, Priority::Stale), (2, Priority::Crawl), (3, Priority::Asked), (4, Priority::Crawl)]
        {
            queue.push(job(file, priority));
        }
        let order: Vec<_> = std::iter::from_fn(|| pop(&mut queue, at(0))).map(|job| job.file.0).collect();
        assert_eq!(order, [3, 2, 4, 1]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_file_stands_once_with_the_higher_urgency() {
        let mut queue = Queue::new(SETTLE);
        queue.push(job(1, Priority::Asked));
        queue.push(job(1, Priority::Crawl));
        assert_eq!(queue.len(), 1);
        assert_eq!(pop(&mut queue, at(0)).map(|job| job.priority), Some(Priority::Asked));
    }

    #[test]
    fn a_file_that_is_raised_comes_first_and_goes_back_to_its_place() {
        let mut queue = Queue::new(SETTLE);
        (1..=3).for_each(|file| queue.push(job(file, Priority::Crawl)));
        queue.push_at(job(4, Priority::Crawl), at(5));
        let raised: Vec<_> = (2..=5).map(|file| queue.set_priority(FileId(file), Priority::Asked)).collect();
        assert_eq!(raised, [Some(Priority::Crawl), Some(Priority::Crawl), Some(Priority::Crawl), None]);
        queue.set_priority(FileId(2), Priority::Crawl);
        let order: Vec<_> = std::iter::from_fn(|| pop(&mut queue, at(0))).map(|job| job.file.0).collect();
        assert_eq!(order, [3, 1, 2], "and what waits for its time waits on");
        assert_eq!(pop(&mut queue, at(5)).map(|job| job.priority), Some(Priority::Asked));
    }

    #[test]
    fn a_change_does_not_take_back_that_somebody_waits() {
        let mut queue = Queue::new(SETTLE);
        queue.push_fresh(job(1, Priority::Fresh), at(0));
        queue.push(job(1, Priority::Asked));
        queue.push_fresh(job(1, Priority::Fresh), at(1));
        assert_eq!(queue.len(), 1);
        assert_eq!(pop(&mut queue, at(3)).map(|job| job.priority), Some(Priority::Asked));
    }

    #[test]
    fn a_file_that_changes_again_settles_with_an_upper_bound() {
        let mut queue = Queue::new(SETTLE);
        queue.push_fresh(job(1, Priority::Fresh), at(0));
        assert!(pop(&mut queue, at(0)).is_some(), "the first change is read at once");
        for second in 1..=20 {
            queue.push_fresh(job(1, Priority::Fresh), at(second));
            if pop(&mut queue, at(second)).is_some() {
                assert_eq!(second, 11, "bounded by at_most after the first change that waited");
                return;
            }
        }
        panic!("postponed for ever");
    }

    #[test]
    fn what_changed_long_ago_is_forgotten() {
        let mut queue = Queue::new(SETTLE);
        for (second, files) in [(0, 0..3_000), (10, 3_000..7_000)] {
            for file in files {
                queue.push_fresh(job(file, Priority::Fresh), at(second));
                assert!(pop(&mut queue, at(second)).is_some());
            }
        }
        assert!(queue.recent.len() <= 4_000, "{} files", queue.recent.len());
    }

    #[test]
    fn quiet_ends_the_wait() {
        let mut queue = Queue::new(SETTLE);
        queue.push_fresh(job(1, Priority::Fresh), at(0));
        assert!(pop(&mut queue, at(0)).is_some());
        queue.push_fresh(job(1, Priority::Fresh), at(1));
        assert_eq!(queue.next_due(), Some(at(3)));
        assert!(pop(&mut queue, at(2)).is_none());
        assert!(pop(&mut queue, at(3)).is_some());
    }
}
