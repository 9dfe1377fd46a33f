//! Which parts of a file a reader wants, whatever is read ahead: from it others learn how much to read at once.
//!
//! [`crate::Source`] calls it for each piece that it hands out.

/// To read so many bytes that nobody wants costs as much as to ask once more.
pub(crate) const NEAR: u64 = 16 << 10;

/// The parts of a file that were wanted. Pieces of less than 16 KiB apart are one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Length in bytes of the part at the file's beginning.
    pub head: u64,
    /// How many parts there were elsewhere, one after the other.
    pub parts: u64,
    /// Length of all of those together, in bytes.
    pub bytes: u64,
}

/// Follows a reader through a file.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// All but the part at hand.
    before: Wanted,
    /// Start and end of the part at hand, where it is not the head.
    part: Option<(u64, u64)>,
}

impl Track {
    /// The reader wants `len` bytes at `at`.
    pub(crate) fn touch(&mut self, at: u64, len: u64) {
        let end = at.saturating_add(len);
        if len == 0 {
            return;
        }
        if goes_on(at, 0, self.before.head) {
            self.before.head = self.before.head.max(end);
            return;
        }
        self.part = match self.part {
            Some((start, reached)) if goes_on(at, start, reached) => Some((start, reached.max(end))),
            _ => {
                self.before = self.wanted();
                Some((at, end))
            }
        };
    }

    /// Whether what stands at `at` belongs to a part that was wanted already.
    pub(crate) fn is_near(&self, at: u64) -> bool {
        goes_on(at, 0, self.before.head) || self.part.is_some_and(|(start, end)| goes_on(at, start, end))
    }

    pub(crate) fn wanted(&self) -> Wanted {
        let Wanted { head, parts, bytes } = self.before;
        match self.part {
            Some((start, end)) => Wanted { head, parts: parts + 1, bytes: bytes.saturating_add(end - start) },
            None => self.before,
        }
    }
}

fn goes_on(at: u64, start: u64, end: u64) -> bool {
    at >= start && at <= end.saturating_add(NEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Place and length of each.
    type Pieces = &'static [(u64, u64)];

    #[test]
    fn pieces_that_lie_near_are_one_part() {
        let table: [(Pieces, [u64; 3]); 6] = [
            (&[], [0, 0, 0]),
            (&[(0, 4096), (0, 16), (5000, 100)], [5100, 0, 0]),
            (&[(0, 10), (10 + NEAR, 10)], [NEAR + 20, 0, 0]),
            (&[(0, 10), (11 + NEAR, 10)], [10, 1, 10]),
            (&[(0, 10), (1 << 20, 100), (50, 20), ((1 << 20) + 200, 100)], [70, 1, 300]),
            (&[(0, 10), (1 << 20, 100), (1 << 30, 7), (1 << 20, 100), (u64::MAX, 5)], [10, 4, 207]),
        ];
        for (pieces, [head, parts, bytes]) in table {
            let mut track = Track::default();
            pieces.iter().for_each(|&(at, len)| track.touch(at, len));
            assert_eq!(track.wanted(), Wanted { head, parts, bytes }, "{pieces:?}");
        }
    }
}
