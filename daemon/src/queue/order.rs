//! The order of jobs that are due: by urgency, roots in turn, and on a disk that turns as the files lie on it. Pure.
//!
//! Three rules, and what keeps each from making anybody wait for ever:
//! - The most urgent class comes first. A class that has seen [`PATIENCE`] jobs of more urgent ones go past is next once.
//! - Within a class roots take turns by the time that their files are expected to keep a worker (start-time fair queueing), so
//!   a root of a million files holds up no other. Who had nothing to do saves up no turns.
//! - Within a root the oldest comes first. On a disk that turns it is the next inode upwards, and from the lowest again at the
//!   end (an elevator); no more than [`SWEEP`] jobs that come meanwhile are taken up on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::{FileId, Job, Priority};

/// From the most urgent on.
const URGENCIES: [Priority; 4] = [Priority::Asked, Priority::Fresh, Priority::Crawl, Priority::Stale];

/// Jobs of more urgent classes after which one that is less urgent is next.
pub const PATIENCE: u32 = 16;
/// Jobs that join a sweep over a disk after it has begun.
const SWEEP: u32 = 16_384;

/// Where a job stands: it is found again by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    class: usize,
    root: Number,
    key: Key,
}

/// A root's number here.
type Number = u32;
/// Sweep and inode, both 0 where the disk does not turn, and age.
type Key = (u64, u64, u64);

/// See the module.
#[derive(Debug, Default)]
pub struct Order {
    classes: [Class; URGENCIES.len()],
    numbers: HashMap<Box<[u8]>, Number>,
    /// Of those numbers, the roots on disks that turn.
    turning: HashSet<Number>,
    next: Number,
}

/// Jobs of one urgency.
#[derive(Debug, Default)]
struct Class {
    lanes: HashMap<Number, Lane>,
    /// Lanes with jobs, by their time.
    turns: BTreeSet<(u64, Number)>,
    /// The time of the lane that had the last turn: nobody begins before.
    clock: u64,
    /// Jobs of more urgent classes that went past while one waited here.
    passed: u32,
    len: usize,
}

/// Jobs of one root and one urgency.
#[derive(Debug, Default)]
struct Lane {
    jobs: BTreeMap<Key, Job>,
    /// Microseconds of workers that it has had, in a clock that all lanes of the class share.
    time: u64,
    /// Where the head of a disk that turns is: sweep and inode, and how many jobs have joined this sweep.
    head: (u64, u64),
    joined: u32,
}

impl Lane {
    fn key(&mut self, job: &Job, age: u64, turns: bool) -> Key {
        let (sweep, inode) = self.head;
        match turns {
            false => (0, 0, age),
            true if job.inode >= inode && self.joined < SWEEP => {
                self.joined += 1;
                (sweep, job.inode, age)
            }
            true => (sweep + 1, job.inode, age),
        }
    }

    fn take(&mut self) -> Option<(Key, Job)> {
        let ((sweep, inode, age), job) = self.jobs.pop_first()?;
        if sweep != self.head.0 {
            self.joined = 0;
        }
        self.head = (sweep, inode);
        Some(((sweep, inode, age), job))
    }
}

impl Class {
    fn insert(&mut self, root: Number, job: Job, age: u64, turns: bool) -> Key {
        if self.len == 0 {
            self.passed = 0;
        }
        self.len += 1;
        let lane = self.lanes.entry(root).or_default();
        if lane.jobs.is_empty() {
            lane.time = lane.time.max(self.clock);
            self.turns.insert((lane.time, root));
        }
        let key = lane.key(&job, age, turns);
        lane.jobs.insert(key, job);
        key
    }

    fn remove(&mut self, root: Number, key: Key) -> Option<Job> {
        let lane = self.lanes.get_mut(&root)?;
        let job = lane.jobs.remove(&key)?;
        self.len -= 1;
        if lane.jobs.is_empty() {
            self.turns.remove(&(lane.time, root));
        }
        Some(job)
    }

    fn next(&self) -> Option<&Job> {
        let (_, root) = self.turns.first()?;
        self.lanes.get(root)?.jobs.first_key_value().map(|(_, job)| job)
    }

    fn take(&mut self, foresee: impl FnOnce(Number, &mut Job)) -> Option<Job> {
        let (time, root) = self.turns.pop_first()?;
        let lane = self.lanes.get_mut(&root)?;
        let (_, mut job) = lane.take()?;
        foresee(root, &mut job);
        self.clock = time;
        lane.time = time + u64::from(job.expected.us.max(1));
        if !lane.jobs.is_empty() {
            self.turns.insert((lane.time, root));
        }
        self.len -= 1;
        Some(job)
    }

    /// Keeps only the jobs that `keep` wants, and forgets lanes without any.
    fn retain(&mut self, keep: &impl Fn(&Job) -> bool) {
        for (root, lane) in &mut self.lanes {
            lane.jobs.retain(|_, job| keep(job));
            if lane.jobs.is_empty() {
                self.turns.remove(&(lane.time, *root));
            }
        }
        self.lanes.retain(|_, lane| !lane.jobs.is_empty());
        self.len = self.lanes.values().map(|lane| lane.jobs.len()).sum();
    }
}

impl Order {
    /// Adds a job; `age` is less for those that came earlier, and no other job's.
    pub fn insert(&mut self, job: Job, age: u64) -> Spot {
        let root = match self.numbers.get(&job.root) {
            Some(number) => *number,
            None => {
                self.next += 1;
                self.numbers.insert(job.root.clone(), self.next);
                self.next
            }
        };
        let class = job.priority as usize;
        let key = self.classes[class].insert(root, job, age, self.turning.contains(&root));
        Spot { class, root, key }
    }

    /// Takes out the job that was given this spot.
    pub fn remove(&mut self, spot: Spot) -> Option<Job> {
        self.classes[spot.class].remove(spot.root, spot.key)
    }

    /// The job that was given this spot.
    pub fn get(&self, spot: Spot) -> Option<&Job> {
        self.classes[spot.class].lanes.get(&spot.root)?.jobs.get(&spot.key)
    }

    /// How urgent the job is that was given this spot.
    pub fn priority(spot: Spot) -> Priority {
        URGENCIES[spot.class]
    }

    /// The age of the job that was given this spot.
    pub fn age(spot: Spot) -> u64 {
        spot.key.2
    }

    /// The job whose turn it is among those at least as urgent as `least`.
    pub fn next(&self, least: Priority) -> Option<&Job> {
        self.classes[self.class(least)?].next()
    }

    /// Takes that job. `foresee` says in it what it is expected to take, which its root has had by that.
    pub fn take(&mut self, least: Priority, foresee: impl FnOnce(&mut Job)) -> Option<Job> {
        let class = self.class(least)?;
        let turning = &self.turning;
        let job = self.classes[class].take(|root, job| {
            job.in_order = turning.contains(&root);
            foresee(job);
        });
        self.classes[class].passed = 0;
        self.classes[class + 1..].iter_mut().for_each(|waits| waits.passed = waits.passed.saturating_add(1));
        job
    }

    /// The class whose turn it is.
    fn class(&self, least: Priority) -> Option<usize> {
        let with_jobs = || (0..=least as usize).filter(|class| self.classes[*class].len > 0);
        let patient = with_jobs().filter(|class| self.classes[*class].passed >= PATIENCE);
        patient.rev().max_by_key(|class| self.classes[*class].passed).or_else(|| with_jobs().next())
    }

    /// Whether a root lies on a disk that turns. Gives the new spots of its jobs.
    pub fn turns(&mut self, root: &[u8], turns: bool) -> Vec<(FileId, Spot)> {
        let number = match self.numbers.get(root) {
            Some(number) => *number,
            None if !turns => return Vec::new(),
            None => {
                self.next += 1;
                self.numbers.insert(root.into(), self.next);
                self.next
            }
        };
        let changed = if turns { self.turning.insert(number) } else { self.turning.remove(&number) };
        let mut spots = Vec::new();
        for (class, lanes) in self.classes.iter_mut().enumerate().filter(|_| changed) {
            let Some(lane) = lanes.lanes.get_mut(&number) else { continue };
            for ((_, _, age), job) in std::mem::take(&mut lane.jobs) {
                let (file, key) = (job.file, lane.key(&job, age, turns));
                lane.jobs.insert(key, job);
                spots.push((file, Spot { class, root: number, key }));
            }
        }
        spots
    }

    /// Keeps only the jobs that `keep` wants, and forgets roots without any.
    pub fn retain(&mut self, keep: impl Fn(&Job) -> bool) {
        self.classes.iter_mut().for_each(|class| class.retain(&keep));
        let (classes, turning) = (&self.classes, &self.turning);
        let has_jobs = |root: &Number| classes.iter().any(|class| class.lanes.contains_key(root));
        self.numbers.retain(|_, root| turning.contains(root) || has_jobs(root));
    }

    /// All jobs, in no order.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.classes.iter().flat_map(|class| class.lanes.values()).flat_map(|lane| lane.jobs.values())
    }

    /// Jobs of this urgency.
    pub fn len(&self, priority: Priority) -> usize {
        self.classes[priority as usize].len
    }
}

#[cfg(test)]
mod tests;
