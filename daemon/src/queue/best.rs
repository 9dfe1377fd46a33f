//! What each kind of file costs when all goes well: what work is measured against.
//!
//! What is predicted follows what is, so a machine that gets slower would soon be as fast as it is expected to be. This
//! follows quickly down and slowly up. Pure; lives as long as the daemon.

use std::collections::HashMap;

use super::cost::Kind;

/// Files of a kind whose mean it is in the beginning.
const FIRST: u16 = 64;
/// How much a file counts that costs less, or more.
const LESS: f32 = 1.0 / 128.0;
const MORE: f32 = 1.0 / 4096.0;
/// Kinds remembered at most.
const MOST: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub struct Best(HashMap<Kind, (f32, u16)>);

impl Best {
    /// What a file of this kind takes when all goes well, given what it is expected to take now; both in microseconds.
    pub fn of(&mut self, kind: Kind, expected: f32) -> f32 {
        // Of long ago: what is read now is learned soon.
        if self.0.len() >= MOST && !self.0.contains_key(&kind) {
            self.0.clear();
        }
        let (best, files) = self.0.entry(kind).or_insert((expected, 0));
        *files = files.saturating_add(1);
        let share = match () {
            () if *files <= FIRST => 1.0 / f32::from(*files),
            () if expected < *best => LESS,
            () => MORE,
        };
        *best += share * (expected - *best);
        *best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReaderId;

    #[test]
    fn it_falls_quickly_and_rises_slowly() {
        let (mut best, kind) = (Best::default(), Kind::new(ReaderId(1), 5000));
        let mut after = |files: usize, expected: f32| (0..files).map(|_| best.of(kind, expected)).last().unwrap();
        assert_eq!(after(100, 100.0), 100.0);
        assert!(after(200, 400.0) < 120.0, "a disk that is slow for a while is slow");
        let forgotten = after(20_000, 400.0);
        assert!((380.0..=400.0).contains(&forgotten), "and one that stays slow is as it is: {forgotten}");
        assert!(after(500, 100.0) < 110.0);
    }

    #[test]
    fn kinds_are_bounded() {
        let mut best = Best::default();
        (0..5000).for_each(|n| _ = best.of(Kind::new(ReaderId(n), 1), 1.0));
        assert!(best.0.len() <= MOST);
    }
}
