//! What people look at that may not have been read yet. Threads that answer them tell it and never wait; the loop takes it up
//! now and then, and has those files read first.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{Event, core::Core, search::targets};
use crate::{
    model::{DirId, EntryRow, FileState, Node, Place},
    store::Rows,
};

/// Directories that are remembered between two times it is taken up: the last ones.
const DIRS: usize = 4;
/// Files, the first ones.
const FILES: usize = 256;
/// Between two times.
const REST: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Attention {
    /// Whether any file is pending: else nobody's look matters, and nobody is woken.
    matters: AtomicBool,
    // A lock: told on threads of others, who leave it when it is held.
    noticed: Mutex<Noticed>,
    come: Notify,
}

/// What is waited for.
#[derive(Debug, Default)]
struct Noticed {
    dirs: VecDeque<DirId>,
    files: Vec<Place>,
}

impl Attention {
    /// Somebody looks into this directory.
    pub fn look(&self, dir: DirId) {
        self.tell(|noticed| {
            if noticed.dirs.back() != Some(&dir) {
                noticed.dirs.retain(|other| *other != dir);
                noticed.dirs.push_back(dir);
                noticed.dirs.drain(..noticed.dirs.len().saturating_sub(DIRS));
            }
        });
    }

    /// Somebody has asked for what stands here.
    pub fn wait_for(&self, place: Place) {
        self.tell(|noticed| {
            if noticed.files.len() < FILES {
                noticed.files.push(place);
            }
        });
    }

    /// Returns when there is something to take up.
    pub async fn told(&self) {
        self.come.notified().await;
    }

    fn tell(&self, what: impl FnOnce(&mut Noticed)) {
        if !self.matters.load(Ordering::Relaxed) {
            return;
        }
        let Ok(mut noticed) = self.noticed.try_lock() else { return };
        let is_first = noticed.dirs.is_empty() && noticed.files.is_empty();
        what(&mut noticed);
        if is_first {
            self.come.notify_one();
        }
    }

    fn take(&self) -> Noticed {
        std::mem::take(&mut *self.noticed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// When it is taken up.
#[derive(Debug, Default)]
pub(super) struct Attending {
    pub due: Option<Instant>,
    last: Option<Instant>,
}

impl Core {
    /// Somebody looks at something. It is taken up at once, but not again and again.
    pub(super) fn noticed(&mut self) {
        let now = Instant::now();
        let due = self.attending.last.map_or(now, |last| now.max(last + REST));
        self.attending.due.get_or_insert(due);
    }

    /// Has what people look at read first, if it is time.
    pub(super) fn attend(&mut self) {
        let pending = Rows::counts(&*self.store).pending;
        self.attention.matters.store(pending > 0, Ordering::Relaxed);
        let now = Instant::now();
        if self.attending.due.is_none_or(|due| due > now) {
            return;
        }
        (self.attending.due, self.attending.last) = (None, Some(now));
        let Noticed { dirs, files } = self.attention.take();
        let files: Vec<(DirId, EntryRow)> = files.into_iter().filter_map(|place| self.pending_at(place)).collect();
        let (roots, now) = (self.there(), self.now());
        // A store that cannot be read shows in the status by itself.
        for target in targets(&*self.store, &roots, &files).unwrap_or_default() {
            self.reading.raise(target, now);
        }
        let dirs: Vec<DirId> = dirs.into();
        self.reading.look_into(&dirs);
        // What the queue had no room for is in the store alone.
        if !dirs.is_empty() && pending > (self.reading.queue.len() + self.reading.in_hand()) as u64 {
            self.search_in(dirs, roots);
        }
    }

    fn pending_at(&self, place: Place) -> Option<(DirId, EntryRow)> {
        let entry = Rows::entry(&*self.store, place.dir, &place.name).ok()??;
        is_pending(&entry).then_some((place.dir, entry))
    }

    /// Searches directories for pending files, on a thread that may block.
    fn search_in(&self, dirs: Vec<DirId>, roots: Vec<Box<[u8]>>) {
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        (self.threads)(Box::new(move || {
            for dir in dirs {
                let Ok(Some(rows)) = Rows::dir(&*store, dir) else { continue };
                let pending: Vec<_> = rows.entries.into_iter().filter(is_pending).map(|entry| (dir, entry)).collect();
                let found = targets(&*store, &roots, &pending).unwrap_or_default();
                // Fails only when the daemon is stopping.
                _ = events.blocking_send(Event::Noticed { dir, found });
            }
        }));
    }
}

fn is_pending(entry: &EntryRow) -> bool {
    matches!(entry.node, Node::File(file) if file.state == FileState::Pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u32) -> Place {
        Place { dir: DirId(number), name: b"x"[..].into() }
    }

    #[test]
    fn looks_are_remembered_in_a_bounded_number_the_last_ones_and_only_while_they_matter() {
        let attention = Attention::default();
        attention.look(DirId(1));
        attention.wait_for(place(1));
        let Noticed { dirs, files } = attention.take();
        assert!(dirs.is_empty() && files.is_empty(), "nothing is pending");
        attention.matters.store(true, Ordering::Relaxed);
        (1..10_000).for_each(|dir| attention.look(DirId(dir)));
        attention.look(DirId(9_997));
        (1..10_000).for_each(|number| attention.wait_for(place(number)));
        let Noticed { dirs, files } = attention.take();
        assert_eq!(dirs, [9_996, 9_998, 9_999, 9_997].map(DirId));
        assert_eq!(files.len(), FILES);
        assert!(attention.take().dirs.is_empty());
    }

    #[test]
    fn whoever_tells_never_waits() {
        let attention = Attention::default();
        attention.matters.store(true, Ordering::Relaxed);
        let held = attention.noticed.lock().expect("nobody else has it");
        attention.look(DirId(1));
        attention.wait_for(place(1));
        drop(held);
        assert!(attention.take().dirs.is_empty());
    }
}
