//! What comes first: files that somebody waits for, and directories that somebody looks into.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::{HIGH, Reading, Target};
use crate::model::{DirId, FileId, FileRow, PolicyId, Priority};

/// Directories that were looked into last and whose files come first: only these, so that not all is urgent to who walks
/// through everything.
const LOOKED_INTO: usize = 4;
/// Files of one of them.
const RAISED: usize = 512;

/// Directories that are looked into.
#[derive(Debug, Default)]
pub(super) struct Views {
    /// The latest last.
    dirs: VecDeque<DirId>,
    /// Files of these in the queue that come first for that alone, and how urgent they were.
    raised: HashMap<FileId, (DirId, Priority)>,
}

impl Views {
    /// The file is wanted for another reason, or is in hand.
    pub fn forget(&mut self, file: FileId) {
        self.raised.remove(&file);
    }
}

impl Reading {
    /// Whether the queue takes more of this urgency that the store could tell later, as less urgent. The more urgent, the more
    /// room there is: what fills the queue keeps nobody from being asked for.
    pub fn has_room(&self, priority: Priority) -> bool {
        let times = match priority {
            Priority::Asked => 3,
            Priority::Fresh => 2,
            Priority::Crawl | Priority::Stale => 1,
        };
        self.queue.len() < HIGH * times
    }

    /// How urgent a file is that a walk or a search has found: one that was read before, by what is no longer current, can wait
    /// for those that were not.
    pub(super) fn urgency(&self, file: &FileRow, found: Priority) -> Priority {
        let last = &file.fingerprint;
        let was_read = last.policy != PolicyId(0);
        let by_other_reader = last.reader.0 != 0 && !self.rules.readers.contains(&last.reader);
        match found {
            Priority::Crawl if was_read && (last.policy != self.rules.policy || by_other_reader) => Priority::Stale,
            found => found,
        }
    }

    /// Somebody waits for this pending file: it is the next, unless it is in hand.
    pub fn raise(&mut self, target: Target, now: Duration) {
        let file = target.id();
        self.views.forget(file);
        if self.queue.set_priority(file, Priority::Asked).is_none() && self.is_unknown(file) {
            self.want(target, Priority::Asked, now);
        }
    }

    /// Somebody looks into these directories: what waits of them comes first, as long as they are among the last that were
    /// looked into.
    pub fn look_into(&mut self, dirs: &[DirId]) {
        let Views { dirs: last, raised } = &mut self.views;
        for dir in dirs {
            last.retain(|other| other != dir);
            last.push_back(*dir);
        }
        last.drain(..last.len().saturating_sub(LOOKED_INTO));
        let queue = &mut self.queue;
        raised.retain(|file, (dir, before)| {
            let stays = last.contains(dir);
            if !stays && queue.priority(*file) == Some(Priority::Asked) {
                queue.set_priority(*file, *before);
            }
            stays
        });
        for dir in dirs.iter().filter(|dir| last.contains(dir)) {
            for file in queue.below(*dir, RAISED) {
                if let Some(before) = queue.set_priority(file, Priority::Asked).filter(|it| *it != Priority::Asked) {
                    raised.insert(file, (*dir, before));
                }
            }
        }
    }

    /// Pending files that the store has of a directory that is looked into: those that are not queued come first.
    pub fn seen_in(&mut self, dir: DirId, targets: Vec<Target>, now: Duration) {
        if !self.views.dirs.contains(&dir) {
            return;
        }
        for target in targets.into_iter().take(RAISED) {
            let file = target.id();
            if !self.queue.contains(file) && self.is_unknown(file) {
                let before = self.urgency(&target.file, Priority::Crawl);
                self.want(target, Priority::Asked, now);
                self.views.raised.insert(file, (dir, before));
            }
        }
    }

    /// Neither in hand, nor read and not visible yet, nor one that waits for its next try.
    fn is_unknown(&self, file: FileId) -> bool {
        !self.busy.contains_key(&file)
            && !self.slate.contains(file)
            && !self.lone.contains(&file)
            && !self.waits_for_durability(file)
    }
}
