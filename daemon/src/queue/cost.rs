//! What reading a file is likely to cost: learned for each format and class of size, from what it did cost.
//!
//! Pure. Recent files count more than those of long ago (exponential smoothing), so that a new disk or a new version of a reader
//! shows. What was learned is kept in the store as bytes ([`Model::encode`]). `usual` follows one figure, `ahead` how much of a
//! file is read at once.

mod ahead;
mod keep;
mod usual;

use std::collections::{BTreeMap, HashMap};

use metaextract::Ahead;

use self::{ahead::Sizes, usual::Usual};
use crate::model::{Cost, Job, ReaderId};

/// How much the newest file counts at least, once there were many.
const NEWEST: f32 = 1.0 / 64.0;
/// Classes of size: up to 4 KiB, and each four times the one before; the last has no end.
const CLASSES: u8 = 14;
/// Files of a cell from which on its cost can be said to have changed.
const KNOWN: u32 = 200;
/// So many times the usual deviation is no chance any more, when the mean of the newest files is that far off.
const BAND: f32 = 4.0;
/// Cells and endings remembered at most: there are as many as readers, and what was read with older versions.
const MOST: usize = 1024;
/// More than an hour, a TiB and so many calls count for nothing, in microseconds and bytes.
const MOST_US: u64 = 3_600_000_000;
const MOST_BYTES: u64 = 1 << 40;
const MOST_CALLS: u64 = 1 << 32;
/// What nothing is known of is taken to need so long, in microseconds.
const UNKNOWN: f32 = 1000.0;
/// What each file takes beside its reading, in microseconds: to be handed over, and to be stored.
const BESIDE: f32 = 50.0;

/// What kind of file it is, as far as its cost depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// Who is likely to read it; [`ALL`] where nobody can say.
    reader: ReaderId,
    class: u8,
}

impl Kind {
    /// Who has read a file that nobody has read.
    pub const NOBODY: ReaderId = ALL;

    /// Of a file of `size` bytes.
    pub fn new(reader: ReaderId, size: u64) -> Self {
        Self { reader, class: class(size) }
    }

    pub fn of(job: &Job) -> Self {
        Self::new(job.reader, job.stamp.size)
    }
}

/// What one file is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// How long it keeps a worker, in microseconds: mean, and standard deviation.
    pub us: (f32, f32),
    /// The same as half of the files take at most.
    pub median_us: f32,
    /// Bytes asked of the kernel, and how often it is asked, mean.
    pub read: f32,
    pub calls: f32,
    /// Bytes of memory that the worker needs beside its own: mean, and standard deviation.
    pub memory: (f32, f32),
}

impl Default for Prediction {
    /// Of what nothing is known.
    fn default() -> Self {
        Self { us: (UNKNOWN, UNKNOWN), median_us: UNKNOWN, read: 0.0, calls: 0.0, memory: (0.0, 0.0) }
    }
}

/// What reading with one reader costs, over all sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habit {
    /// How long half of the files take at most, of the size that is read most, in microseconds.
    pub median_us: f32,
    /// How many times the usual processor time the newest files took.
    pub lately: f32,
    /// The same of the size for which it is most, among those that are well known; 0 where none is.
    pub worst: f32,
}

/// One format in one class of size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Cell {
    /// Files that were read, up to a bound: no more is needed to know how sure it is.
    files: u32,
    cpu: Usual,
    wall: Usual,
    read: Usual,
    calls: Usual,
    memory: Usual,
    /// The mean of the newest only: eight times quicker to change than `cpu`.
    lately: f32,
    /// Which parts of a file are wanted.
    sizes: Sizes,
}

/// A format costs more than it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worse {
    pub reader: ReaderId,
    /// How many times as much processor time as usual it takes lately: above 2.
    pub times: f32,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    cells: BTreeMap<Kind, Cell>,
    /// Who read the last file whose name ended so, by a hash of the ending.
    endings: HashMap<u32, ReaderId>,
}

/// Stands for all readers together: for what was never seen.
const ALL: ReaderId = ReaderId(0);

/// The class of a size in bytes.
fn class(size: u64) -> u8 {
    let bits = (u64::BITS - (size.max(1) - 1).leading_zeros()) as u8;
    (bits.saturating_sub(11) / 2).min(CLASSES - 1)
}

/// Of what stands behind the last dot of a name, in any case; `None` where nothing does.
fn ending(path: &[u8]) -> Option<u32> {
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    let at = name.iter().rposition(|&byte| byte == b'.').filter(|at| *at > 0)?;
    let fold = |hash: u32, byte: &u8| (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
    Some(name[at + 1..].iter().take(16).fold(0x811c_9dc5, fold))
}

impl Cell {
    fn learn(&mut self, cost: &Cost) {
        // A worker says it: one that a file has captured says anything.
        self.files = self.files.saturating_add(1).min(KNOWN * 8);
        let share = (1.0 / self.files as f32).max(NEWEST);
        let cpu = cost.cpu_us.min(MOST_US) as f32;
        self.cpu.learn(cpu, share);
        self.wall.learn(cost.wall_us.min(MOST_US) as f32, share);
        self.read.learn(cost.read.min(MOST_BYTES) as f32, share);
        self.calls.learn(cost.calls.min(MOST_CALLS) as f32, share);
        self.memory.learn(cost.memory.min(MOST_BYTES) as f32, share);
        self.lately += (share * 8.0).min(1.0) * (cpu - self.lately);
        self.sizes.learn(&cost.wanted, share);
    }

    fn prediction(&self) -> Prediction {
        Prediction {
            us: (self.wall.mean + BESIDE, self.wall.deviation()),
            median_us: self.wall.median + BESIDE,
            read: self.read.mean,
            calls: self.calls.mean,
            memory: (self.memory.mean, self.memory.deviation()),
        }
    }

    /// How many times as much processor time as usual it costs lately, where that is no chance.
    fn worse(&self) -> Option<f32> {
        // The mean of some files deviates less than a single one: here of about eight.
        let usual = self.cpu.deviation() / 8_f32.sqrt();
        let is_worse =
            self.files >= KNOWN && self.lately > self.cpu.mean * 2.0 && self.lately - self.cpu.mean > BAND * usual;
        is_worse.then(|| self.lately / self.cpu.mean.max(1.0))
    }
}

impl Model {
    /// Who is likely to read a file: who has read it last, or the last one whose name ended alike. Zero is nobody.
    pub fn likely(&self, last: ReaderId, path: &[u8]) -> ReaderId {
        match last {
            ALL => ending(path).and_then(|ending| self.endings.get(&ending)).copied().unwrap_or(ALL),
            last => last,
        }
    }

    /// Learns from a file of `size` bytes that this reader has read. Says when this format costs more processor time than usual
    /// lately, where that is no chance.
    pub fn learn(&mut self, path: &[u8], reader: ReaderId, size: u64, cost: &Cost) -> Option<Worse> {
        let (kind, all) = (Kind::new(reader, size), Kind::new(ALL, size));
        // Of long ago: what is read now is learned soon.
        if self.cells.len() + 2 > MOST && !self.cells.contains_key(&kind) {
            self.cells.clear();
        }
        if let Some(ending) = ending(path) {
            if self.endings.len() >= MOST && !self.endings.contains_key(&ending) {
                self.endings.clear();
            }
            self.endings.insert(ending, reader);
        }
        self.cells.entry(all).or_default().learn(cost);
        let cell = self.cells.entry(kind).or_default();
        cell.learn(cost);
        cell.worse().map(|times| Worse { reader, times })
    }

    /// Whether files of this format have been read before.
    pub fn knows(&self, kind: Kind) -> bool {
        kind.reader != ALL && self.nearest(kind.reader, kind.class).is_some()
    }

    /// What a file of this kind is expected to cost.
    pub fn predict(&self, kind: Kind) -> Prediction {
        self.cell(kind).map(Cell::prediction).unwrap_or_default()
    }

    /// How much of a file of this kind is best read at once.
    pub fn ahead(&self, kind: Kind) -> Ahead {
        self.cell(kind).map(|cell| cell.sizes.ahead()).unwrap_or_default()
    }

    /// The same format in the nearest class is nearer than other formats of the same size.
    fn cell(&self, kind: Kind) -> Option<&Cell> {
        self.nearest(kind.reader, kind.class).or_else(|| self.nearest(ALL, kind.class))
    }

    /// What reading with this reader costs; `None` where it has read nothing.
    pub fn habit(&self, reader: ReaderId) -> Option<Habit> {
        let cells = || (0..CLASSES).filter_map(|class| self.cells.get(&Kind { reader, class }));
        let commonest = cells().max_by_key(|cell| cell.files)?;
        let sum = |figure: fn(&Cell) -> f32| cells().map(|cell| cell.files as f32 * figure(cell)).sum::<f32>();
        let times = |lately: f32, usual: f32| lately / usual.max(1.0);
        let known = cells().filter(|cell| cell.files >= KNOWN);
        Some(Habit {
            median_us: commonest.wall.median,
            lately: times(sum(|cell| cell.lately), sum(|cell| cell.cpu.mean)),
            worst: known.map(|cell| times(cell.lately, cell.cpu.mean)).fold(0.0, f32::max),
        })
    }

    fn nearest(&self, reader: ReaderId, class: u8) -> Option<&Cell> {
        let at = |class| Kind { reader, class };
        let below = self.cells.range(at(0)..=at(class)).next_back();
        let above = || self.cells.range(at(class)..=at(CLASSES)).next();
        match below {
            Some((kind, cell)) if kind.class == class => Some(cell),
            below => [below, above()]
                .into_iter()
                .flatten()
                .min_by_key(|(kind, _)| kind.class.abs_diff(class))
                .map(|(_, cell)| cell),
        }
    }
}

/// How many files of each kind there are.
#[derive(Debug, Default)]
pub struct Mix(HashMap<Kind, u64>);

impl Mix {
    pub fn add(&mut self, kind: Kind) {
        *self.0.entry(kind).or_default() += 1;
    }

    pub fn take(&mut self, kind: Kind) {
        if let Some(files) = self.0.get_mut(&kind) {
            *files -= 1;
            if *files == 0 {
                self.0.remove(&kind);
            }
        }
    }

    /// How long all of them keep a worker, in microseconds.
    pub fn us(&self, model: &Model) -> f64 {
        self.0.iter().map(|(kind, files)| f64::from(model.predict(*kind).us.0) * *files as f64).sum()
    }
}

#[cfg(test)]
mod tests;
