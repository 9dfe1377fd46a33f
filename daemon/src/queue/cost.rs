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
mod tests {
    use metaextract::Wanted;

    use super::{
        keep::{KEPT, VERSION},
        *,
    };

    const A: &[u8] = b"dir/a.jpg";

    fn cost(cpu_us: u64) -> Cost {
        Cost { cpu_us, wall_us: cpu_us, read: cpu_us * 10, calls: 2, memory: cpu_us * 3, ..Cost::default() }
    }

    /// A number from 0 to 1 that looks like chance.
    fn chance(n: u64) -> f64 {
        (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn classes_are_four_times_the_one_before() {
        let table =
            [(0, 0), (4096, 0), (4097, 1), (16_384, 1), (16_385, 2), (1 << 20, 4), (1 << 38, 13), (u64::MAX, 13)];
        table.iter().for_each(|&(size, expected)| assert_eq!(class(size), expected, "{size}"));
    }

    #[test]
    fn mean_deviation_and_median_are_those_of_the_newest() {
        let mut model = Model::default();
        // Three of four files take 100, one 500: mean 200, median 100, deviation 173.
        let mut learn = |from: u64, times: u64| {
            for n in from..from + 2000 {
                model.learn(A, ReaderId(1), 5000, &cost(if chance(n) < 0.75 { 100 } else { 500 } * times));
            }
            model.predict(Kind::new(ReaderId(1), 6000))
        };
        for (from, times) in [(0, 1), (10_000, 20)] {
            let Prediction { us: (mean, deviation), median_us, read, calls, memory } = learn(from, times);
            let (times, mean, median_us) = (times as f32, mean - BESIDE, median_us - BESIDE);
            assert!((mean / times - 200.0).abs() < 60.0, "{mean}");
            assert!((deviation / times - 173.0).abs() < 60.0, "{deviation}");
            assert!((median_us / times - 100.0).abs() < 60.0, "{median_us}");
            assert!((read / times - 2000.0).abs() < 600.0, "{read}");
            assert!((memory.0 / times - 600.0).abs() < 180.0 && (memory.1 / times - 519.0).abs() < 180.0, "{memory:?}");
            assert!((calls - 2.0).abs() < 0.01, "{calls}");
        }
    }

    #[test]
    fn what_is_read_at_once_is_what_is_usually_wanted() {
        let mut model = Model::default();
        let kind = Kind::new(ReaderId(1), 5 << 20);
        assert_eq!(model.ahead(kind), Ahead::default(), "nothing is known");
        let mut learn = |heads: &[u64], parts: u64, bytes: u64| {
            for head in heads.iter().cycle().take(2000) {
                let cost = Cost { wanted: Wanted { head: *head, parts, bytes }, ..cost(1) };
                model.learn(A, ReaderId(1), 5 << 20, &cost);
            }
            let Ahead { first, next } = model.ahead(kind);
            (first >> 10, next >> 10)
        };
        assert_eq!(learn(&[3000], 0, 0), (4, 16));
        assert_eq!(learn(&[9000], 1, 128), (12, 4), "a beginning and an end");
        assert_eq!(learn(&[3000, 5000], 0, 0).0, 8, "4 KiB more for each are less than a call for every second");
        assert_eq!(learn(&[3000, 3000, 3000, 60_000], 2, 20_000).0, 4, "for one of four it is not worth it");
        assert_eq!(learn(&[60_000], 2, 20_000), (64, 12));
        assert_eq!(learn(&[10 << 20], 1, 1 << 40), (10 << 10, 1 << 10));
        assert_eq!(learn(&[4096], 1, 10), (4, 4), "it follows what changes");
    }

    #[test]
    fn what_is_unknown_is_taken_from_what_is_nearest() {
        let mut model = Model::default();
        assert_eq!(model.predict(Kind::new(ReaderId(1), 9)), Prediction::default());
        model.learn(A, ReaderId(1), 1 << 20, &cost(700));
        model.learn(A, ReaderId(1), 1 << 30, &cost(9000));
        model.learn(A, ReaderId(2), 1 << 10, &cost(3));
        let mean = |reader, size| model.predict(Kind::new(ReaderId(reader), size)).us.0 - BESIDE;
        assert_eq!(mean(1, 1 << 20), 700.0);
        assert_eq!(mean(1, 1 << 12), 700.0, "the same format, another size");
        assert_eq!(mean(1, 1 << 40), 9000.0);
        assert_eq!(mean(3, 1 << 11), 3.0, "another format, the same size");
        assert_eq!(mean(0, 1 << 21), 700.0);
    }

    #[test]
    fn who_is_likely_to_read_is_told_by_the_ending() {
        let mut model = Model::default();
        model.learn(b"x.y/a.tar.JPG", ReaderId(7), 9, &cost(1));
        let likely = |last: u32, path: &str| model.likely(ReaderId(last), path.as_bytes()).0;
        let table =
            [("z/b.jpg", 7), ("b.Jpg", 7), ("b.png", 0), ("jpg", 0), (".jpg", 0), ("b.jpg/c", 0), ("", 0), ("b.", 0)];
        table.iter().for_each(|&(path, reader)| assert_eq!(likely(0, path), reader, "{path}"));
        assert_eq!(likely(9, "b.jpg"), 9, "who has read it knows better");
    }

    #[test]
    fn a_mix_costs_what_its_files_cost() {
        let (mut model, mut mix) = (Model::default(), Mix::default());
        model.learn(A, ReaderId(1), 9, &cost(950));
        let [known, unknown] = [Kind::new(ReaderId(1), 9), Kind::new(ReaderId(2), 1 << 40)];
        [known, known, unknown].into_iter().for_each(|kind| mix.add(kind));
        assert_eq!(mix.us(&model), 3000.0);
        mix.take(known);
        mix.take(unknown);
        mix.take(unknown);
        assert_eq!(mix.us(&model), 1000.0);
    }

    #[test]
    fn a_format_that_costs_more_all_of_a_sudden_is_noticed_and_chance_is_not() {
        let mut model = Model::default();
        let usual = |n| cost(80 + (chance(n) * 40.0) as u64);
        assert!((0..5000).all(|n| model.learn(A, ReaderId(1), 5000, &usual(n)).is_none()));
        assert_eq!(model.learn(A, ReaderId(1), 5000, &cost(900)), None, "one is chance");
        assert!((0..200).all(|n| model.learn(A, ReaderId(1), 5000, &usual(n)).is_none()));
        let noticed = (0..40).find_map(|n| Some((n, model.learn(A, ReaderId(1), 5000, &cost(1000))?)));
        let (files, worse) = noticed.expect("it is noticed");
        assert!(files < 10 && worse.times > 2.0 && worse.reader == ReaderId(1), "after {files} files, {worse:?}");
    }

    #[test]
    fn a_habit_is_that_of_the_commonest_size_and_the_worst_of_any() {
        let mut model = Model::default();
        assert_eq!(model.habit(ReaderId(1)), None);
        (0..400).for_each(|_| _ = model.learn(A, ReaderId(1), 5000, &cost(100)));
        (0..250).for_each(|_| _ = model.learn(A, ReaderId(1), 1 << 20, &cost(1000)));
        model.learn(A, ReaderId(2), 5000, &cost(7));
        let steady = model.habit(ReaderId(1)).unwrap();
        assert_eq!((steady.median_us, steady.lately, steady.worst), (100.0, 1.0, 1.0));
        (0..8).for_each(|_| _ = model.learn(A, ReaderId(1), 1 << 20, &cost(9000)));
        let slower = model.habit(ReaderId(1)).unwrap();
        assert_eq!(slower.median_us, 100.0, "the commonest size is what it was");
        assert!(slower.lately > 1.2 && slower.worst > 2.0, "{slower:?}");
        assert_eq!(model.habit(ReaderId(2)).unwrap().worst, 0.0, "one file says nothing");
    }

    #[test]
    fn what_was_learned_is_kept_and_what_is_damaged_is_not_believed() {
        let mut model = Model::default();
        (1..300).for_each(|n| _ = model.learn(A, ReaderId(n % 7 + 1), u64::from(n) << (n % 30), &cost(u64::from(n))));
        let bytes = model.encode();
        assert_eq!(Model::decode(&bytes), model);
        for damaged in [
            &[][..],
            &[VERSION],
            &[1; 2000],
            &[9; 200],
            &[&[VERSION], &[0xff; KEPT * 3][..]].concat(),
            &bytes[..bytes.len() - 1],
        ] {
            assert_ne!(Model::decode(damaged), model);
        }
    }

    #[test]
    fn what_a_file_can_claim_is_bounded() {
        let mut model = Model::default();
        for n in 0..10_000 {
            let most = u64::MAX;
            let wanted = Wanted { head: most, parts: 1 + u64::from(n % 2), bytes: most };
            let cost = Cost { cpu_us: most, wall_us: most, read: most, calls: most, memory: most, wanted };
            model.learn(A, ReaderId(n), 0, &cost);
        }
        assert!(model.cells.len() <= MOST);
        let Prediction { us: (mean, deviation), .. } = model.predict(Kind::new(ALL, 0));
        assert!(mean.is_finite() && deviation >= 0.0);
        let Ahead { first, next } = model.ahead(Kind::new(ALL, 0));
        assert!(first <= Ahead::MOST_FIRST && next <= Ahead::MOST_NEXT);
        assert_eq!(Model::decode(&model.encode()), model);
    }
}
