//! What reading a file is likely to cost: learned for each format and class of size, from what it did cost.
//!
//! Pure. Recent files count more than those of long ago (exponential smoothing), so that a new disk or a new version of a reader
//! shows. What was learned is kept in the store as bytes ([`Model::encode`]).

use std::collections::HashMap;

use crate::model::{Cost, ReaderId};

/// How much the newest file counts at least, once there were many.
const NEWEST: f32 = 1.0 / 64.0;
/// Classes of size: up to 4 KiB, and each four times the one before; the last has no end.
const CLASSES: u8 = 14;
/// Files of a cell from which on its cost can be said to have changed.
const KNOWN: u32 = 200;
/// So many times the usual deviation is no chance any more, when the mean of the newest files is that far off.
const BAND: f32 = 4.0;
/// Formats remembered at most: there are as many as readers, and what was read with older versions.
const MOST: usize = 4096;

/// What one file is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Prediction {
    /// CPU time of the worker in microseconds: mean, and standard deviation.
    pub cpu_us: (f32, f32),
    /// The same as half of the files take at most.
    pub median_us: f32,
    /// Bytes asked of the kernel, mean.
    pub read: f32,
}

/// A figure as it usually is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Usual {
    mean: f32,
    variance: f32,
    median: f32,
}

/// One format in one class of size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Cell {
    /// Files that were read, up to a bound: no more is needed to know how sure it is.
    files: u32,
    cpu: Usual,
    read: Usual,
    /// The mean of the newest only: eight times quicker to change than `cpu`.
    lately: f32,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    cells: HashMap<(ReaderId, u8), Cell>,
}

/// Stands for all readers together: for what was never seen.
const ALL: ReaderId = ReaderId(0);
/// The first byte of a model as it is kept; another one is of another version, and nothing is known.
const VERSION: u8 = 1;
/// Bytes of a cell as it is kept.
const KEPT: usize = 4 + 1 + 4 + 7 * 4;

/// The class of a size in bytes.
fn class(size: u64) -> u8 {
    let bits = (u64::BITS - (size.max(1) - 1).leading_zeros()) as u8;
    (bits.saturating_sub(11) / 2).min(CLASSES - 1)
}

impl Usual {
    /// `share` is what the newest counts, 0 to 1.
    fn learn(&mut self, value: f32, share: f32) {
        let off = value - self.mean;
        self.mean += share * off;
        self.variance = (1.0 - share) * (self.variance + share * off * off);
        // Goes by a step of its own towards each value: it rests where as many are above as below.
        self.median = match share >= 1.0 {
            true => value,
            false => (self.median + share * self.variance.sqrt() * (value - self.median).signum()).max(0.0),
        };
    }
}

impl Cell {
    fn learn(&mut self, cost: &Cost) {
        self.files = self.files.saturating_add(1).min(KNOWN * 8);
        let share = (1.0 / self.files as f32).max(NEWEST);
        self.cpu.learn(cost.cpu_us as f32, share);
        self.read.learn(cost.read as f32, share);
        self.lately += (share * 8.0).min(1.0) * (cost.cpu_us as f32 - self.lately);
    }

    fn prediction(&self) -> Prediction {
        Prediction { cpu_us: (self.cpu.mean, self.cpu.variance.sqrt()), median_us: self.cpu.median, read: self.read.mean }
    }

    /// How many times as much as usual it costs lately, where that is no chance.
    fn worse(&self) -> Option<f32> {
        // The mean of some files deviates less than a single one: here of about eight.
        let usual = self.cpu.variance.sqrt() / 8_f32.sqrt();
        let is_worse = self.files >= KNOWN && self.lately > self.cpu.mean * 2.0 && self.lately - self.cpu.mean > BAND * usual;
        is_worse.then(|| self.lately / self.cpu.mean.max(1.0))
    }
}

impl Model {
    /// Learns from a file of `size` bytes that this reader has read. Gives how many times as much as usual this format costs
    /// lately, where that is no chance.
    pub fn learn(&mut self, reader: ReaderId, size: u64, cost: &Cost) -> Option<f32> {
        let class = class(size);
        if self.cells.len() >= MOST && !self.cells.contains_key(&(reader, class)) {
            self.cells.clear(); // Readers of long ago: what is read now is learned soon.
        }
        self.cells.entry((ALL, class)).or_default().learn(cost);
        let cell = self.cells.entry((reader, class)).or_default();
        cell.learn(cost);
        cell.worse()
    }

    /// What a file of `size` bytes is expected to cost; `reader` is who read it last or is likely to. Without anything learned
    /// it is nothing.
    pub fn predict(&self, reader: Option<ReaderId>, size: u64) -> Prediction {
        let class = class(size);
        // The same format in the nearest class is nearer than other formats of the same size.
        let nearest = |reader| {
            let mut classes = (0..CLASSES).flat_map(|far| [class.checked_sub(far), class.checked_add(far)]).flatten();
            classes.find_map(|class| self.cells.get(&(reader, class)))
        };
        reader.and_then(nearest).or_else(|| nearest(ALL)).map(Cell::prediction).unwrap_or_default()
    }

    /// As bytes, for the store.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for ((reader, class), cell) in &self.cells {
            let Cell { files, cpu, read, lately } = cell;
            bytes.extend(reader.0.to_le_bytes());
            bytes.push(*class);
            bytes.extend(files.to_le_bytes());
            let figures = [cpu.mean, cpu.variance, cpu.median, read.mean, read.variance, read.median, *lately];
            bytes.extend(figures.iter().flat_map(|figure| figure.to_le_bytes()));
        }
        bytes
    }

    /// From what [`Self::encode`] gave. What it cannot read is not known.
    pub fn decode(bytes: &[u8]) -> Self {
        let cells = bytes.strip_prefix(&[VERSION]).unwrap_or_default().as_chunks::<KEPT>().0;
        let cell = |bytes: &[u8; KEPT]| {
            let word = |at: usize| bytes[at..].first_chunk().copied().map(u32::from_le_bytes).unwrap_or_default();
            let figures: [f32; 7] = std::array::from_fn(|number| f32::from_bits(word(9 + number * 4)));
            let usual = |at: usize| Usual { mean: figures[at], variance: figures[at + 1], median: figures[at + 2] };
            let cell = Cell { files: word(5), cpu: usual(0), read: usual(3), lately: figures[6] };
            let is_sound = figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0) && bytes[4] < CLASSES;
            (is_sound && cell.files > 0).then_some(((ReaderId(word(0)), bytes[4]), cell))
        };
        Self { cells: cells.iter().take(MOST).filter_map(cell).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(cpu_us: u64) -> Cost {
        Cost { cpu_us, wall_us: cpu_us, read: cpu_us * 10 }
    }

    /// A number from 0 to 1 that looks like chance.
    fn chance(n: u64) -> f64 {
        (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn classes_are_four_times_the_one_before() {
        let table = [(0, 0), (4096, 0), (4097, 1), (16_384, 1), (16_385, 2), (1 << 20, 4), (1 << 38, 13), (u64::MAX, 13)];
        table.iter().for_each(|&(size, expected)| assert_eq!(class(size), expected, "{size}"));
    }

    #[test]
    fn mean_deviation_and_median_are_those_of_the_newest() {
        let mut model = Model::default();
        // Three of four files take 100, one 500: mean 200, median 100, deviation 173.
        let mut learn = |from: u64, times: u64| {
            for n in from..from + 2000 {
                model.learn(ReaderId(1), 5000, &cost(if chance(n) < 0.75 { 100 } else { 500 } * times));
            }
            model.predict(Some(ReaderId(1)), 6000)
        };
        for (from, times) in [(0, 1), (10_000, 20)] {
            let Prediction { cpu_us: (mean, deviation), median_us, read } = learn(from, times);
            let times = times as f32;
            assert!((mean / times - 200.0).abs() < 60.0, "{mean}");
            assert!((deviation / times - 173.0).abs() < 60.0, "{deviation}");
            assert!((median_us / times - 100.0).abs() < 60.0, "{median_us}");
            assert!((read / times - 2000.0).abs() < 600.0, "{read}");
        }
    }

    #[test]
    fn what_is_unknown_is_taken_from_what_is_nearest() {
        let mut model = Model::default();
        assert_eq!(model.predict(Some(ReaderId(1)), 9), Prediction::default());
        model.learn(ReaderId(1), 1 << 20, &cost(700));
        model.learn(ReaderId(1), 1 << 30, &cost(9000));
        model.learn(ReaderId(2), 1 << 10, &cost(3));
        let mean = |reader, size| model.predict(reader, size).cpu_us.0;
        assert_eq!(mean(Some(ReaderId(1)), 1 << 20), 700.0);
        assert_eq!(mean(Some(ReaderId(1)), 1 << 12), 700.0, "the same format, another size");
        assert_eq!(mean(Some(ReaderId(1)), 1 << 40), 9000.0);
        assert_eq!(mean(Some(ReaderId(3)), 1 << 11), 3.0, "another format, the same size");
        assert_eq!(mean(None, 1 << 21), 700.0);
    }

    #[test]
    fn a_format_that_costs_more_all_of_a_sudden_is_noticed_and_chance_is_not() {
        let mut model = Model::default();
        let usual = |n| cost(80 + (chance(n) * 40.0) as u64);
        assert!((0..5000).all(|n| model.learn(ReaderId(1), 5000, &usual(n)).is_none()));
        assert_eq!(model.learn(ReaderId(1), 5000, &cost(900)), None, "one is chance");
        assert!((0..200).all(|n| model.learn(ReaderId(1), 5000, &usual(n)).is_none()));
        let noticed = (0..40).find_map(|n| Some((n, model.learn(ReaderId(1), 5000, &cost(1000))?)));
        let (files, times) = noticed.expect("it is noticed");
        assert!(files < 10 && times > 2.0, "after {files} files, {times} times");
    }

    #[test]
    fn what_was_learned_is_kept_and_what_is_damaged_is_not_believed() {
        let mut model = Model::default();
        (1..300).for_each(|n| _ = model.learn(ReaderId(n % 7 + 1), u64::from(n) << (n % 30), &cost(u64::from(n))));
        let bytes = model.encode();
        assert_eq!(Model::decode(&bytes), model);
        for damaged in [&[][..], &[VERSION], &[9; 200], &[&[VERSION], &[0xff; KEPT * 3][..]].concat(), &bytes[..bytes.len() - 1]] {
            assert!(Model::decode(damaged).cells.len() < model.cells.len());
        }
    }

    #[test]
    fn what_a_file_can_claim_is_bounded() {
        let mut model = Model::default();
        for n in 0..10_000 {
            model.learn(ReaderId(n), 0, &cost(u64::MAX / 16));
        }
        assert!(model.cells.len() <= MOST);
        let Prediction { cpu_us: (mean, deviation), .. } = model.predict(None, 0);
        assert!(mean.is_finite() && deviation >= 0.0);
    }
}
