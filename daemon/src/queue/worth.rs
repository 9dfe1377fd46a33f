//! What each kind of file counts as work: what it cost once it was well known, which hardly changes any more.
//!
//! What is predicted follows what is, so by that measure a machine that gets slower would soon be as fast as ever. Pure; lives as
//! long as the daemon.

use std::collections::HashMap;

use super::cost::Kind;

/// Files of a kind after which it is well known; until then it counts as much as it is expected to cost.
const FIRST: u16 = 256;
/// How much each further file counts.
const NEXT: f32 = 1.0 / 16_384.0;
/// Kinds remembered at most.
const MOST: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub struct Worth(HashMap<Kind, (f32, u16)>);

/// What a file counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// In microseconds of a worker's time.
    pub us: f32,
    /// Whether its kind is well known.
    pub is_known: bool,
}

impl Worth {
    /// What a file of this kind counts, given what it is expected to take now, in microseconds.
    pub fn of(&mut self, kind: Kind, expected: f32) -> Counted {
        // Of long ago: what is read now is known soon.
        if self.0.len() >= MOST && !self.0.contains_key(&kind) {
            self.0.clear();
        }
        let (us, files) = self.0.entry(kind).or_insert((expected, 0));
        let is_known = *files >= FIRST;
        *files = files.saturating_add(1);
        *us += if is_known { NEXT } else { 1.0 } * (expected - *us);
        Counted { us: *us, is_known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReaderId;

    #[test]
    fn what_a_file_counts_hardly_changes_once_it_is_known() {
        let (mut worth, kind) = (Worth::default(), Kind::new(ReaderId(1), 5000));
        let mut after = |files: usize, expected: f32| (0..files).map(|_| worth.of(kind, expected)).last().unwrap();
        assert_eq!(after(10, 900.0), Counted { us: 900.0, is_known: false }, "the first files cost more");
        assert_eq!(after(246, 100.0), Counted { us: 100.0, is_known: false });
        let slow = after(300, 400.0);
        assert!(slow.is_known && slow.us < 110.0, "a disk that is slow for a while is slow: {slow:?}");
        let forgotten = after(100_000, 400.0);
        assert!((390.0..=400.0).contains(&forgotten.us), "and one that stays slow is as it is: {forgotten:?}");
    }

    #[test]
    fn kinds_are_bounded() {
        let mut worth = Worth::default();
        (0..5000).for_each(|n| _ = worth.of(Kind::new(ReaderId(n), 1), 1.0));
        assert!(worth.0.len() <= MOST);
    }
}
