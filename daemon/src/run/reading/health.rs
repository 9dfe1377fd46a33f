//! How each reader does: what it has read, what not, and what went wrong last; and how the newest readings ended.
//!
//! Pure but for the clock it is given. Bounded by the number of readers. Kept in the store as bytes ([`Health::encode`]), so that
//! it counts over restarts; a reader of another version counts anew.

use std::{collections::HashMap, time::Duration};

use metaextract::ReasonKind;

use crate::{
    control::{CostTrend, ReaderReport},
    model::{FailureKind, ReaderId},
    queue::cost::{Habit, Model},
    run::alerts::{self, Outcomes, Verdict},
};

/// Files not read to their end that are remembered of each reader.
const LAST: usize = 3;
/// Times the usual at which the newest files are called slower; faster is the same the other way.
const CHANGED: f32 = 1.25;
/// The first byte of what is kept; another one is of another version, and nothing is known.
const VERSION: u8 = 1;
/// Bytes of a reader as it is kept: its number, three counts, and the last reasons with their times.
const KEPT: usize = 4 + 3 * 8 + LAST * 9;

/// Why a file was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Partial(ReasonKind),
    Failed(FailureKind),
}

impl Cause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Partial(kind) => kind.as_str(),
            Self::Failed(kind) => kind.as_str(),
        }
    }

    /// A number from 1; 0 is none.
    fn number(self) -> u8 {
        let of = |at: Option<usize>| at.map_or(0, |at| at as u8 + 1);
        match self {
            Self::Partial(kind) => of(ReasonKind::ALL.iter().position(|other| *other == kind)),
            Self::Failed(kind) => 0x80 | of(FailureKind::ALL.iter().position(|other| *other == kind)),
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        let at = usize::from(number & 0x7f).checked_sub(1)?;
        match number & 0x80 {
            0 => ReasonKind::ALL.get(at).copied().map(Self::Partial),
            _ => FailureKind::ALL.get(at).copied().map(Self::Failed),
        }
    }
}

/// Of one reader.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Done {
    read: u64,
    partial: u64,
    failed: u64,
    /// The newest first, with microseconds since 1970.
    last: [Option<(Cause, u64)>; LAST],
    /// How many times the usual its files take, while that is no chance.
    slower: Option<f32>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Health {
    /// Since when is counted, microseconds since 1970.
    since: u64,
    /// All there are, by number.
    readers: HashMap<ReaderId, Done>,
    outcomes: Outcomes,
}

impl Health {
    /// Of these readers, none of which has done anything; `wall` is microseconds since 1970.
    pub fn new(readers: &[ReaderId], wall: u64) -> Self {
        let readers = readers.iter().map(|reader| (*reader, Done::default())).collect();
        Self { since: wall, readers, outcomes: Outcomes::default() }
    }

    /// A file was read, to its end or not.
    pub fn read(&mut self, reader: ReaderId, stopped: Option<ReasonKind>, now: Duration, wall: u64) {
        self.outcomes.note(false, now);
        let Some(done) = self.readers.get_mut(&reader) else { return };
        match stopped {
            None => done.read = done.read.saturating_add(1),
            Some(kind) => {
                done.partial = done.partial.saturating_add(1);
                done.remember(Cause::Partial(kind), wall);
            }
        }
    }

    /// A worker failed on a file, which may be tried again.
    pub fn struck(&mut self, now: Duration) {
        self.outcomes.note(true, now);
    }

    /// A file is given up; `reader` is who was likely to read it.
    pub fn failed(&mut self, reader: ReaderId, kind: FailureKind, wall: u64) {
        if let Some(done) = self.readers.get_mut(&reader) {
            done.failed = done.failed.saturating_add(1);
            done.remember(Cause::Failed(kind), wall);
        }
    }

    /// What was learned from a file that this reader has read: how many times as long as usual it took, where that is no chance.
    pub fn learned(&mut self, reader: ReaderId, slower: Option<f32>, costs: &Model) {
        let Some(done) = self.readers.get_mut(&reader) else { return };
        if slower.is_some() {
            done.slower = slower;
        } else if done.slower.is_some() {
            done.slower = costs.habit(reader).map(|habit| habit.worst).filter(|times| !alerts::is_usual_again(*times));
        }
    }

    /// Whether too many of the newest readings failed by a worker's fault.
    pub fn failing(&mut self, now: Duration) -> (f64, Verdict) {
        self.outcomes.forget(now);
        (self.outcomes.failing(), self.outcomes.verdict())
    }

    /// How many times the usual the files of this reader take, while that is no chance.
    pub fn slower(&self, reader: ReaderId) -> Option<f32> {
        self.readers.get(&reader)?.slower
    }

    pub fn report(&self, reader: ReaderId, costs: &Model) -> ReaderReport {
        let done = self.readers.get(&reader).copied().unwrap_or_default();
        let trend = |habit: Habit| match habit.lately {
            lately if lately >= CHANGED => CostTrend::Slower,
            lately if lately <= 1.0 / CHANGED => CostTrend::Faster,
            _ => CostTrend::Steady,
        };
        ReaderReport {
            since: self.since,
            read: done.read,
            partial: done.partial,
            failed: done.failed,
            cost: costs.habit(reader).map(|habit| (habit.median_us as u64, trend(habit))),
            last: done.last.iter().flatten().map(|(cause, at)| (cause.as_str(), *at)).collect(),
        }
    }

    /// As bytes, for the store: 55 for each reader that has done anything.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.since.to_le_bytes());
        for (reader, done) in self.readers.iter().filter(|(_, done)| **done != Done::default()) {
            bytes.extend(reader.0.to_le_bytes());
            bytes.extend([done.read, done.partial, done.failed].iter().flat_map(|count| count.to_le_bytes()));
            for last in done.last {
                bytes.push(last.map_or(0, |(cause, _)| cause.number()));
                bytes.extend(last.map_or(0, |(_, at)| at).to_le_bytes());
            }
        }
        bytes
    }

    /// Goes on from what [`Self::encode`] gave. What it cannot read is not known.
    pub fn take_up(&mut self, bytes: &[u8]) {
        let long = |bytes: &[u8], at: usize| bytes[at..].first_chunk().copied().map_or(0, u64::from_le_bytes);
        let Some((head, rest)) = bytes.split_at_checked(9).filter(|(head, _)| head[0] == VERSION) else { return };
        self.since = self.since.min(long(head, 1));
        for kept in rest.as_chunks::<KEPT>().0 {
            let reader = kept.first_chunk().copied().map_or(0, u32::from_le_bytes);
            let Some(done) = self.readers.get_mut(&ReaderId(reader)) else { continue };
            let last = |n: usize| Cause::from_number(kept[28 + n * 9]).map(|cause| (cause, long(kept, 29 + n * 9)));
            *done = Done {
                read: long(kept, 4),
                partial: long(kept, 12),
                failed: long(kept, 20),
                last: std::array::from_fn(last),
                slower: None,
            };
        }
    }
}

impl Done {
    fn remember(&mut self, cause: Cause, wall: u64) {
        self.last.rotate_right(1);
        self.last[0] = Some((cause, wall));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cost;

    const NOW: Duration = Duration::from_secs(1);
    const READERS: [ReaderId; 2] = [ReaderId(1), ReaderId(2)];

    #[test]
    fn each_reader_has_its_own_counts_and_the_last_three_reasons() {
        let (mut health, costs) = (Health::new(&READERS, 5), Model::default());
        (0..10).for_each(|_| health.read(ReaderId(1), None, NOW, 9));
        for (at, kind) in (10..).zip([ReasonKind::Limit, ReasonKind::Malformed, ReasonKind::Truncated]) {
            health.read(ReaderId(1), Some(kind), NOW, at);
        }
        health.failed(ReaderId(1), FailureKind::Crashed, 20);
        health.failed(ReaderId(3), FailureKind::Crashed, 20);
        let last = vec![("crashed", 20), ("truncated", 12), ("malformed", 11)];
        let report = ReaderReport { since: 5, read: 10, partial: 3, failed: 1, cost: None, last };
        assert_eq!(health.report(ReaderId(1), &costs), report);
        assert_eq!(health.report(ReaderId(2), &costs), ReaderReport { since: 5, ..ReaderReport::default() });
        assert_eq!(health.readers.len(), 2, "who is no reader of today is not counted");
    }

    #[test]
    fn counts_go_on_over_restarts_and_what_is_damaged_is_not_believed() {
        let (mut health, costs) = (Health::new(&READERS, 5), Model::default());
        health.read(ReaderId(1), Some(ReasonKind::Limit), NOW, 7);
        health.failed(ReaderId(2), FailureKind::EndedDaemon, 8);
        let bytes = health.encode();
        let after = |bytes: &[u8]| {
            let mut health = Health::new(&READERS, 100);
            health.take_up(bytes);
            READERS.map(|reader| health.report(reader, &costs))
        };
        assert_eq!(after(&bytes), READERS.map(|reader| health.report(reader, &costs)));
        for damaged in [&[][..], &[VERSION], &[9; 300]] {
            assert_eq!(after(damaged), after(&[]));
        }
        let noise = after(&[&[VERSION], &[0xff; 8 + 5 * KEPT][..]].concat());
        assert_eq!((noise[0].since, noise[0].read), (100, 0), "no reader has that number");
        let cut = after(&bytes[..bytes.len() - 1]);
        assert_eq!(cut.iter().filter(|report| report.read + report.partial + report.failed > 0).count(), 1);
    }

    #[test]
    fn a_reader_that_gets_slower_is_that_until_it_is_as_usual() {
        let (mut health, mut costs) = (Health::new(&READERS, 5), Model::default());
        let mut read = |us: u64, files: usize| {
            for _ in 0..files {
                let cost = Cost { cpu_us: us, wall_us: us, read: 1, ..Cost::default() };
                let slower = costs.learn(b"a.jpg", ReaderId(1), 9, &cost);
                health.learned(ReaderId(1), slower.map(|worse| worse.times), &costs);
            }
            (health.slower(ReaderId(1)).is_some(), health.report(ReaderId(1), &costs).cost)
        };
        assert_eq!(read(100, 500), (false, Some((100, CostTrend::Steady))));
        let (is_slower, cost) = read(1000, 40);
        assert!(is_slower && matches!(cost, Some((_, CostTrend::Slower))), "{cost:?}");
        let (is_slower, cost) = read(1000, 1000);
        assert!(!is_slower && matches!(cost, Some((_, CostTrend::Steady))), "what lasts is usual: {cost:?}");
        assert!(matches!(read(100, 20), (false, Some((_, CostTrend::Faster)))));
    }
}
