//! Starts walks on threads of their own and carries what they tell back to the loop.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
    time::Instant,
};

use super::{
    Event,
    outside::{Disks, Threads},
    roots::{Root, Running},
};
use crate::{
    crawl::{self, Crawl, End, Progress, Reach, Seen},
    governor::signals::disk::DiskKind,
    model,
    store::CommitId,
    watch::{Coverage, files::Files},
};

/// Batches of changes that may wait for the store, over all walks.
const BATCHES: usize = 32;

/// What all walks share.
pub(crate) struct Walks {
    crawl: Arc<Crawl>,
    events: mpsc::Sender<Event>,
    threads: Threads,
    disks: Disks,
    /// One permit a batch, given back when it is committed: a walk never runs far ahead of the store.
    room: Arc<Semaphore>,
    /// What the walks that came to their end have looked at.
    pub looks: Looks,
}

/// How well the rows serve as a cache of readings, keyed by identity, stamp and reader's version. Totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Looks {
    /// Files that stand as the index has them: none was opened.
    pub unchanged: u64,
    /// Files that are new or differ.
    pub changed: u64,
}

impl Looks {
    /// A walk has looked at so many files.
    pub fn add(&mut self, files: u64, unchanged: u64) {
        self.unchanged += unchanged;
        self.changed += files.saturating_sub(unchanged);
    }
}

impl Walks {
    pub fn new(crawl: Crawl, events: mpsc::Sender<Event>, threads: Threads, disks: Disks) -> Self {
        Self {
            crawl: Arc::new(crawl),
            events,
            threads,
            disks,
            room: Arc::new(Semaphore::new(BATCHES)),
            looks: Looks::default(),
        }
    }

    /// Starts the root's next walk, if one is wanted and the changes of its last are committed.
    pub fn start(&self, root: &mut Root, committed: CommitId) {
        if root.running.is_some() || !root.offline.is_empty() || root.last_commit > committed {
            return;
        }
        let Some((reach, askers)) = root.wanted.take() else { return };
        let is_whole = reach == Reach::Below(Vec::new());
        let unreadable_before = if is_whole { std::mem::take(&mut root.unreadable) } else { BTreeMap::new() };
        let seen = Arc::new(Seen::default());
        let beats = (0, Instant::now());
        let (again, watched) = (reach.clone(), Arc::clone(&seen));
        root.running =
            Some(Running { reach: again, askers, unreadable_before, seen: watched, beats, unwatched: false });
        let (crawl, events, room) = (Arc::clone(&self.crawl), self.events.clone(), Arc::clone(&self.room));
        let (id, mut spec, may_poll) = (root.id, root.spec.clone(), root.options.poll.is_none());
        let unreadable: Vec<_> = root.unreadable.keys().cloned().collect();
        let handle = Handle::current();
        let disks = is_whole.then(|| Arc::clone(&self.disks));
        (self.threads)(Box::new(move || {
            if let Some(disks) = disks {
                let disk = disks(model::path(&spec.path));
                spec.watch &= !(may_poll && disk == Some(DiskKind::Network));
                _ = events.blocking_send(Event::Disk(id, disk));
            }
            let mut tell = |progress| {
                seen.telling.store(true, Relaxed);
                if matches!(progress, Progress::Batch(_)) {
                    match handle.block_on(room.acquire()) {
                        Ok(permit) => permit.forget(),
                        // The daemon is stopping; what was not committed is found by the next walk.
                        Err(_closed) => return,
                    }
                }
                // Fails only when the daemon is stopping.
                _ = events.blocking_send(Event::Walk(id, progress));
                seen.telling.store(false, Relaxed);
            };
            // First its parent: what comes there while nothing does is noticed. Where several users are served, who may
            // pass the directories further above decides what each of them sees.
            if let Some(watcher) = crawl.watcher.as_ref().filter(|_| spec.watch) {
                let most = if spec.within.shared { usize::MAX } else { 1 };
                let above = model::path(&spec.path).ancestors().skip(1).take(most);
                if watcher.watch(&above.map(Path::to_owned).collect::<Vec<_>>()) == Coverage::LimitReached {
                    tell(Progress::Unwatched);
                }
            }
            let caught =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| crawl.walk(&spec, &reach, &seen, &mut tell)));
            for path in unreadable.into_iter().filter(|path| crawl::can_be_looked_at(&*crawl.files, &spec, path)) {
                tell(Progress::Readable(path));
            }
            let end = caught.unwrap_or_else(|_| End::Store("the walk panicked; see the log".into()));
            _ = events.blocking_send(Event::WalkEnded(id, spec.path, end));
        }));
    }

    /// How walks look at files.
    pub fn files(&self) -> Arc<dyn Files> {
        Arc::clone(&self.crawl.files)
    }

    /// A batch is committed.
    pub fn batch_committed(&self) {
        self.room.add_permits(1);
    }

    /// No walk gets any further.
    pub fn close(&self) {
        self.room.close();
    }
}
