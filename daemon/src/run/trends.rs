//! How things went over the last day: a point for each five minutes in which there was work. Pure.
//!
//! Kept in the store as bytes, written when a point is complete; while nothing is read nothing is written.

use std::collections::VecDeque;

use crate::control::TrendPoint;

/// What one point stands for, and how long it is kept, in microseconds.
const POINT: u64 = 300_000_000;
const DAY: u64 = 24 * 3_600_000_000;
/// Points there are at most.
const MOST: usize = (DAY / POINT) as usize;
/// The first byte of the points as they are kept; another one is of another version, and nothing is known.
const VERSION: u8 = 1;
/// Bytes of a point as it is kept.
const KEPT: usize = 8 + 4 + 4 + 1 + 8 + 4 + 4;

/// Counted since the start, over the time with work alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sums {
    /// Time with work, in microseconds; the same for each worker that read; the same times the strain.
    pub busy: f64,
    pub workers: f64,
    pub strained: f64,
    /// Results, and of them files without a record.
    pub files: u64,
    pub failures: u64,
    /// What these results count as work, in microseconds, and of that those of which little is known.
    pub worth_us: f64,
    pub unknown_us: f64,
}

impl Sums {
    /// What has come since an earlier time.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            busy: self.busy - before.busy,
            workers: self.workers - before.workers,
            strained: self.strained - before.strained,
            files: self.files - before.files,
            failures: self.failures - before.failures,
            worth_us: self.worth_us - before.worth_us,
            unknown_us: self.unknown_us - before.unknown_us,
        }
    }
}

/// The five minutes of now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Open {
    at: u64,
    sums: Sums,
    /// The sum and the number of scores.
    scores: (u64, u64),
    memory: u64,
}

impl Open {
    fn point(&self) -> TrendPoint {
        let Self { at, sums, scores: (scores, times), memory } = *self;
        let mean = |sum: f64| if sums.busy > 0.0 { (sum / sums.busy) as f32 } else { 0.0 };
        TrendPoint {
            at,
            files: u32::try_from(sums.files).unwrap_or(u32::MAX),
            failures: u32::try_from(sums.failures).unwrap_or(u32::MAX),
            score: scores.checked_div(times).map_or(100, |mean| mean.min(100) as u8),
            memory,
            workers: mean(sums.workers),
            pressure: mean(sums.strained),
        }
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Trends {
    /// The oldest first.
    points: VecDeque<TrendPoint>,
    open: Option<Open>,
}

impl Trends {
    /// Adds what was done since the last time, and how it is now: `wall` in microseconds since 1970, `memory` in bytes. Whether
    /// a point was completed by that.
    pub fn note(&mut self, wall: u64, more: &Sums, score: u8, memory: u64) -> bool {
        let at = wall / POINT * POINT;
        let complete = self.open.take_if(|open| open.at != at);
        let is_complete = complete.is_some();
        if let Some(open) = complete {
            self.points.push_back(open.point());
            self.forget(wall);
        }
        let open = self.open.get_or_insert_with(|| Open { at, ..Open::default() });
        open.sums.busy += more.busy;
        open.sums.workers += more.workers;
        open.sums.strained += more.strained;
        open.sums.files += more.files;
        open.sums.failures += more.failures;
        open.scores.0 += u64::from(score);
        open.scores.1 += 1;
        open.memory = open.memory.max(memory);
        is_complete
    }

    fn forget(&mut self, wall: u64) {
        while self.points.len() > MOST || self.points.front().is_some_and(|point| is_old(point, wall)) {
            self.points.pop_front();
        }
    }

    /// The points of the day before `wall`, the oldest first; the last one may not be complete.
    pub fn list(&self, wall: u64) -> Vec<TrendPoint> {
        let open = self.open.as_ref().map(Open::point);
        self.points.iter().copied().chain(open).filter(|point| !is_old(point, wall)).collect()
    }

    /// As bytes, for the store: at most 10 KiB.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for point in self.points.iter().copied().chain(self.open.as_ref().map(Open::point)) {
            let TrendPoint { at, files, failures, score, memory, workers, pressure } = point;
            bytes.extend(at.to_le_bytes());
            bytes.extend([files, failures].iter().flat_map(|figure| figure.to_le_bytes()));
            bytes.push(score);
            bytes.extend(memory.to_le_bytes());
            bytes.extend([workers, pressure].iter().flat_map(|figure| figure.to_le_bytes()));
        }
        bytes
    }

    /// From what [`Self::encode`] gave. What cannot have been is left out.
    pub fn decode(bytes: &[u8]) -> Self {
        let Some((&VERSION, rest)) = bytes.split_first() else { return Self::default() };
        let (points, _) = rest.as_chunks::<KEPT>();
        Self { points: points.iter().take(MOST + 1).filter_map(decode).collect(), open: None }
    }
}

fn is_old(point: &TrendPoint, wall: u64) -> bool {
    point.at.saturating_add(DAY) < wall
}

fn decode(bytes: &[u8; KEPT]) -> Option<TrendPoint> {
    let word = |at: usize| bytes[at..].first_chunk().copied().map_or(0, u32::from_le_bytes);
    let long = |at: usize| bytes[at..].first_chunk().copied().map_or(0, u64::from_le_bytes);
    let point = TrendPoint {
        at: long(0),
        files: word(8),
        failures: word(12),
        score: bytes[16],
        memory: long(17),
        workers: f32::from_bits(word(25)),
        pressure: f32::from_bits(word(29)),
    };
    let is_sound = point.score <= 100
        && (0.0..=f32::from(u16::MAX)).contains(&point.workers)
        && (0.0..=1.0).contains(&point.pressure)
        && point.at.is_multiple_of(POINT);
    is_sound.then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_700_000_100_000_000 / POINT * POINT;

    fn second(files: u64) -> Sums {
        Sums { busy: 1e6, workers: 2e6, strained: 0.25e6, files, failures: files / 10, ..Sums::default() }
    }

    #[test]
    fn five_minutes_with_work_are_a_point() {
        let mut trends = Trends::default();
        assert!(!trends.note(NOON, &second(100), 90, 7));
        assert!(!trends.note(NOON + POINT - 1, &second(50), 80, 5));
        let point =
            TrendPoint { at: NOON, files: 150, failures: 15, score: 85, memory: 7, workers: 2.0, pressure: 0.25 };
        assert_eq!(trends.list(NOON), [point], "what is not complete shows");
        assert!(trends.note(NOON + 10 * POINT, &second(1), 100, 3), "hours without work have none");
        assert_eq!(trends.list(NOON + 10 * POINT).iter().map(|point| point.files).collect::<Vec<_>>(), [150, 1]);
        assert_eq!(trends.list(NOON + DAY + POINT).len(), 1, "what was yesterday is forgotten");
    }

    #[test]
    fn a_day_is_kept_and_no_more() {
        let mut trends = Trends::default();
        (0..1000).for_each(|n| _ = trends.note(NOON + n * POINT, &second(n), 100, 1));
        assert!(trends.points.len() <= MOST + 1 && trends.encode().len() < 10 << 10, "{}", trends.points.len());
        // A clock that is set to and fro does not make it grow.
        (0..1000).for_each(|n| _ = trends.note(NOON + n % 2 * POINT, &second(n), 100, 1));
        assert!(trends.points.len() <= MOST + 1);
    }

    #[test]
    fn points_are_kept_and_what_is_damaged_is_not_believed() {
        let mut trends = Trends::default();
        (0..20).for_each(|n| _ = trends.note(NOON + n * POINT, &second(n), n as u8, n));
        let bytes = trends.encode();
        let now = NOON + 20 * POINT;
        assert_eq!(Trends::decode(&bytes).list(now), trends.list(now));
        assert_eq!(Trends::decode(&bytes[..bytes.len() - 1]).list(now).len(), 19);
        for damaged in [&[][..], &[9; 200], &[&[VERSION], &[0xff; KEPT * 3][..]].concat()] {
            assert_eq!(Trends::decode(damaged), Trends::default());
        }
        let endless = [&[VERSION], &[0; KEPT * 5000][..]].concat();
        assert!(Trends::decode(&endless).points.len() <= MOST + 1);
    }
}
