//! The search of the store for pending files that the queue does not hold.

use std::time::Duration;

use super::{LOW, Reading, Target};
use crate::model::{DirId, Priority};

/// The search of the store for pending files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sweep {
    /// Nothing is known to be pending beyond the queue.
    Rest,
    /// To go on from here; `again` from the top afterwards, because something became pending meanwhile.
    Due { from: DirId, again: bool },
    /// Under way.
    Running { again: bool },
}

impl Reading {
    /// Begins a search of the store, if it is time for one; says from where.
    pub fn begin_sweep(&mut self) -> Option<DirId> {
        match self.sweep {
            // What is accused may still look pending.
            Sweep::Due { from, again } if self.queue.len() < LOW && self.accused.is_none() => {
                self.sweep = Sweep::Running { again };
                Some(from)
            }
            _ => None,
        }
    }

    /// Something is pending that is not in the queue.
    pub fn search(&mut self) {
        self.sweep = match self.sweep {
            Sweep::Rest => Sweep::Due { from: DirId::TOP, again: false },
            Sweep::Due { from, .. } => Sweep::Due { from, again: from != DirId::TOP },
            Sweep::Running { .. } => Sweep::Running { again: true },
        };
    }

    /// What a search found, and where to go on.
    pub fn swept(&mut self, found: Vec<Target>, next: Option<DirId>, pending: u64, now: Duration) {
        let again = self.sweep == Sweep::Running { again: true };
        self.sweep = match next {
            Some(from) => Sweep::Due { from, again },
            None if again => Sweep::Due { from: DirId::TOP, again: false },
            None => Sweep::Rest,
        };
        self.found_any |= !found.is_empty();
        if self.sweep == Sweep::Rest {
            // What was found comes to an end some time, and then the count differs from this.
            self.left_pending = if std::mem::take(&mut self.found_any) { 0 } else { pending };
        }
        for target in found {
            let file = target.file.id;
            // On the slate are files in hand, and those whose results the search could not see yet.
            if !self.queue.contains(file) && !self.slate.contains(file) && !self.waits_for_durability(file) {
                self.want(target, Priority::Crawl, now);
            }
        }
    }
}
