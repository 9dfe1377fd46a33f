//! How much of a file is best read at once, from the parts of earlier ones that were wanted. Pure.
//!
//! The first read is the one that costs least in all, were it made for the files seen: what it reads in vain against a
//! further call for each file that needs more.

use metaextract::{Ahead, Wanted};

/// To ask the kernel once more costs as much as to read so many bytes.
const CALL: f32 = 8_192.0;
/// Sizes that a first read may have: 4, 8, 12, 16, 24, 32, 48, 64 KiB and so on, and 10 MiB at last.
pub(super) const STEPS: usize = 23;
/// Further reads where none was ever wanted.
const NEXT: u32 = 16 << 10;

/// Which parts of files are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sizes {
    /// The share of files whose wanted beginning ends within each step.
    pub(super) heads: [f32; STEPS],
    /// The usual length of a part elsewhere in bytes: mean, and variance. Zero while there was none.
    pub(super) part: (f32, f32),
}

/// Bytes of a step.
fn size(step: usize) -> u32 {
    let half = step.saturating_sub(1) / 2;
    match step {
        0 => Ahead::LEAST,
        _ if step % 2 == 1 => (8 << 10) << half,
        _ => ((12 << 10) << half).min(Ahead::MOST_FIRST),
    }
}

impl Sizes {
    /// `share` is what the newest counts, 0 to 1.
    pub(super) fn learn(&mut self, wanted: &Wanted, share: f32) {
        let step = (0..STEPS - 1).find(|step| wanted.head <= u64::from(size(*step))).unwrap_or(STEPS - 1);
        self.heads.iter_mut().for_each(|head| *head *= 1.0 - share);
        self.heads[step] += share;
        if let Some(length) = wanted.bytes.checked_div(wanted.parts) {
            let length = length.min(u64::from(Ahead::MOST_NEXT)) as f32;
            let (mean, variance) = self.part;
            let share = if mean == 0.0 { 1.0 } else { share };
            let off = length - mean;
            self.part = (mean + share * off, (1.0 - share) * (variance + share * off * off));
        }
    }

    pub(super) fn ahead(&self) -> Ahead {
        let (mean, variance) = self.part;
        let next = if mean == 0.0 { NEXT } else { (mean + variance.sqrt()) as u32 };
        Ahead { first: self.first(), next: next.next_multiple_of(Ahead::LEAST) }.bounded()
    }

    /// The size for which the bytes read, and those that further calls are worth, are fewest.
    fn first(&self) -> u32 {
        // Of files that need more than the size at hand: their share, and what they cost beyond it.
        let mut more: f32 = self.heads.iter().sum();
        let mut beyond: f32 =
            self.heads.iter().enumerate().map(|(step, share)| share * (size(step) as f32 + CALL)).sum();
        let all = more;
        let mut best = (f32::INFINITY, Ahead::LEAST);
        for (step, share) in self.heads.iter().enumerate() {
            let bytes = size(step) as f32;
            more -= share;
            beyond -= share * (bytes + CALL);
            let cost = (all - more) * bytes + beyond;
            if cost < best.0 {
                best = (cost, size(step));
            }
        }
        best.1
    }
}
